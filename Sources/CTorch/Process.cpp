#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <dlfcn.h>

#include <mutex>

#include "Internal.hpp"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace {
thread_local std::string last_error;
}

namespace ctorch {
void remember_error(const std::string &message) noexcept {
    try {
        last_error = message;
    } catch (...) {
        last_error.clear();
    }
}
}  // namespace ctorch

extern "C" {

const char *ct_last_error(void) { return last_error.c_str(); }

const char *ct_version(void) { return TORCH_VERSION; }

void ct_initialize(void) {
    static std::once_flag once;
    std::call_once(once, [] {
#if defined(__GLIBC__)
        // glibc gives blocks over 128 KiB back to the kernel on every free, so each activation is faulted in again,
        // page by page. Keeping them is worth 5 to 25 % of a forward pass.
        mallopt(M_MMAP_THRESHOLD, 1 << 30);
        mallopt(M_TRIM_THRESHOLD, 2047 << 20);
        mallopt(M_TOP_PAD, 64 << 20);
#endif
    });
}

void ct_release_memory(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

void ct_set_thread_count(int32_t count) {
    ctorch::guarded([&] { at::set_num_threads(count); });
}

int32_t ct_thread_count(void) { return at::get_num_threads(); }

int32_t ct_set_own_thread_count(int32_t count) {
    // at::set_num_threads also sets what threads that have not computed yet will begin with. OpenMP's own setting is
    // this thread's; it is asked of whichever OpenMP library libtorch has brought along.
    static const auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
    const int32_t before = at::get_num_threads();
    if (set && count > 0) set(count);
    return before;
}

int ct_manual_seed(uint64_t seed) {
    return ctorch::guarded([&] { at::manual_seed(seed); });
}

int ct_random_state(int64_t device, ct_tensor *out) {
    return ctorch::guarded([&] {
        auto generator = at::globalContext().defaultGenerator(ctorch::device_of(device));
        std::lock_guard<std::mutex> lock(generator.mutex());
        *out = ctorch::handle_of(generator.get_state());
    });
}

int ct_set_random_state(int64_t device, ct_tensor state) {
    return ctorch::guarded([&] {
        auto generator = at::globalContext().defaultGenerator(ctorch::device_of(device));
        std::lock_guard<std::mutex> lock(generator.mutex());
        generator.set_state(ctorch::borrow(state));
    });
}

bool ct_mps_is_available(void) {
    bool available = false;
    ctorch::guarded([&] { available = at::hasMPS(); });
    return available;
}

}  // extern "C"
