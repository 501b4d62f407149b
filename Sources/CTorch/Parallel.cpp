// Work shared out over the threads libtorch computes with.

#include "Parallel.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <algorithm>
#include <exception>
#include <mutex>

namespace {

struct Work {
    int64_t count;
    void (*body)(void *, int64_t, int64_t);
    void *context;
    int (*place)(), (*threads)();
    std::mutex mutex;
    std::exception_ptr failure;  // guarded by `mutex`
};

void run(void *given) {
    auto &work = *static_cast<Work *>(given);
    // A team may be smaller than was asked for.
    const int64_t place = work.place(), parts = work.threads();
    const int64_t begin = work.count * place / parts, end = work.count * (place + 1) / parts;
    try {
        work.body(work.context, begin, end);
    } catch (...) {
        const std::lock_guard<std::mutex> lock(work.mutex);
        work.failure = std::current_exception();
    }
}

}  // namespace

void ctorch::in_parts(int64_t count, int64_t least, void (*body)(void *, int64_t, int64_t), void *context) {
    // GNU's OpenMP, whose calls LLVM's has too on Linux. Where there is neither, the calling thread does it all.
    typedef void (*Parallel)(void (*)(void *), void *, unsigned, unsigned);
    static const auto parallel = reinterpret_cast<Parallel>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    static const auto place = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
    static const auto threads = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_num_threads"));
    if (count <= 0) return;
    const int64_t parts = std::min<int64_t>(at::get_num_threads(), (count + least - 1) / std::max<int64_t>(1, least));
    if (parts <= 1 || !parallel || !place || !threads || at::in_parallel_region()) return body(context, 0, count);
    Work work{count, body, context, place, threads, {}, {}};
    parallel(run, &work, static_cast<unsigned>(parts), 0);
    if (work.failure) std::rethrow_exception(work.failure);
}
