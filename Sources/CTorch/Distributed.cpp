// libtorch's own headers ask for these where a backend is compiled in. CTORCH_WITH_NCCL comes from a CUDA build.
#if __has_include(<torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>)
#define CTORCH_WITH_GLOO 1
#define USE_C10D_GLOO
#endif
#if defined(CTORCH_WITH_NCCL)
#define USE_C10D_NCCL
#endif

#include "include/ctorch_distributed.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "Internal.hpp"

#if defined(CTORCH_WITH_GLOO)
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#if defined(CTORCH_WITH_NCCL)
#include <c10/cuda/CUDAFunctions.h>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

using ctorch::borrow;
using ctorch::guarded;

struct ct_store_impl {
    c10::intrusive_ptr<c10d::TCPStore> server_or_client;
    c10::intrusive_ptr<c10d::Store> prefixed;
};

struct ct_process_group_impl {
    c10::intrusive_ptr<c10d::Backend> backend;
    bool waits_on_streams = false;
    std::shared_ptr<std::atomic<bool>> is_broken = std::make_shared<std::atomic<bool>>(false);
};

struct ct_work_impl {
    c10::intrusive_ptr<c10d::Work> work;
    /// An operation only refers to its tensors.
    std::vector<at::Tensor> tensors;
    bool waits_on_streams = false;
    std::shared_ptr<std::atomic<bool>> is_broken;
};

namespace {

std::chrono::milliseconds milliseconds(double seconds) {
    // Beyond a month the clock's arithmetic could overflow.
    return std::chrono::milliseconds(static_cast<int64_t>(std::clamp(seconds, 0.001, 2.6e6) * 1000));
}

c10::intrusive_ptr<c10d::Backend> join_gloo(const c10::intrusive_ptr<c10d::Store> &store, int rank, int size,
                                            std::chrono::milliseconds timeout) {
    using Gloo = c10d::ProcessGroupGloo;
    auto options = Gloo::Options::create(timeout);
    // The environment variable is PyTorch's: a comma-separated list of network interfaces.
    const char *interfaces = std::getenv("GLOO_SOCKET_IFNAME");
    if (interfaces && *interfaces) {
        std::istringstream names(interfaces);
        for (std::string name; std::getline(names, name, ',');)
            options->devices.push_back(Gloo::createDeviceForInterface(name));
    } else {
        options->devices.push_back(Gloo::createDefaultDevice());
    }
    options->threads = static_cast<int>(options->devices.size()) * 2;
    return c10::make_intrusive<Gloo>(store, rank, size, options);
}

#if defined(CTORCH_WITH_NCCL)
c10::intrusive_ptr<c10d::Backend> join_nccl(const c10::intrusive_ptr<c10d::Store> &store, int rank, int size,
                                            std::chrono::milliseconds timeout, c10::Device device) {
    TORCH_CHECK(device.is_cuda(), "NCCL works on CUDA devices only");
    if (device.has_index()) c10::cuda::set_device(device.index());
    auto options = c10d::ProcessGroupNCCL::Options::create();
    // Its own watchdog ends the process without a word to us, so it gets to act only after our time-out has.
    options->timeout = timeout + std::chrono::minutes(1);
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
}
#endif

void check_layout(const at::Tensor &tensor) {
    TORCH_CHECK(tensor.is_contiguous(), "a tensor of a collective operation has to be contiguous");
}

template <typename Start>
int start(ct_process_group group, ct_work *out, std::vector<at::Tensor> tensors, Start &&start) noexcept {
    const int status = guarded([&] {
        for (const auto &tensor : tensors) check_layout(tensor);
        auto work = start(*group->backend, tensors);
        *out = new ct_work_impl{std::move(work), std::move(tensors), group->waits_on_streams, group->is_broken};
    });
    if (status != 0) group->is_broken->store(true);
    return status;
}

/// NCCL's own `wait` only orders streams. The process waits here, so that a dead peer is noticed in time.
void wait_for_device(c10d::Work &work, std::chrono::milliseconds timeout) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    auto pause = std::chrono::microseconds(20);
    while (!work.isCompleted()) {
        TORCH_CHECK(std::chrono::steady_clock::now() < end, "Timed out after ", timeout.count(), " ms");
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, std::chrono::microseconds(1000));
    }
}

}  // namespace

extern "C" {

bool ct_distributed_has_backend(const char *name) {
    const std::string wanted(name);
#if defined(CTORCH_WITH_NCCL)
    if (wanted == "nccl") return true;
#endif
    return wanted == "gloo";
}

int ct_store_open(const char *host, uint16_t port, bool serves, double timeout_seconds, const char *prefix,
                  ct_store *out) {
    return guarded([&] {
        c10d::TCPStoreOptions options;
        options.port = port;
        options.isServer = serves;
        options.waitWorkers = false;
        options.timeout = milliseconds(timeout_seconds);
        auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
        auto prefixed = c10::make_intrusive<c10d::PrefixStore>(prefix, store);
        *out = new ct_store_impl{std::move(store), std::move(prefixed)};
    });
}

void ct_store_release(ct_store store) {
    guarded([&] { delete store; });
}

uint16_t ct_store_port(ct_store store) { return store->server_or_client->getPort(); }

int ct_store_set(ct_store store, const char *key, const void *bytes, size_t size) {
    return guarded([&] {
        const auto *start = static_cast<const uint8_t *>(bytes);
        store->prefixed->set(key, std::vector<uint8_t>(start, start + size));
    });
}

int ct_store_get(ct_store store, const char *key, void (*receive)(void *context, const void *bytes, size_t size),
                 void *context) {
    return guarded([&] {
        if (!store->prefixed->check({key})) return;
        const auto value = store->prefixed->get(key);
        receive(context, value.data(), value.size());
    });
}

int ct_store_add(ct_store store, const char *key, int64_t amount, int64_t *out) {
    return guarded([&] { *out = store->prefixed->add(key, amount); });
}

int ct_process_group_join(const char *backend, ct_store store, int32_t rank, int32_t world_size,
                          double timeout_seconds, int64_t device, ct_process_group *out) {
    return guarded([&] {
        const std::string name(backend);
        const auto timeout = milliseconds(timeout_seconds);
        TORCH_CHECK(world_size > 0 && rank >= 0 && rank < world_size, "rank ", rank, " of ", world_size);
        store->prefixed->setTimeout(timeout);
        if (name == "gloo") {
            *out = new ct_process_group_impl{join_gloo(store->prefixed, rank, world_size, timeout), false};
            return;
        }
#if defined(CTORCH_WITH_NCCL)
        if (name == "nccl") {
            auto joined = join_nccl(store->prefixed, rank, world_size, timeout, ctorch::device_of(device));
            *out = new ct_process_group_impl{std::move(joined), true};
            return;
        }
#endif
        TORCH_CHECK(false, "this build has no backend called ", name);
    });
}

void ct_process_group_abandon(ct_process_group group) { group->is_broken->store(true); }

void ct_process_group_release(ct_process_group group) {
    // The destructor waits for operations under way, and those of a broken group may never end.
    if (group->is_broken->load()) return;
    guarded([&] { delete group; });
}

int ct_all_reduce(ct_process_group group, ct_tensor tensor, ct_reduction reduction, ct_work *out) {
    return start(group, out, {borrow(tensor)}, [&](c10d::Backend &backend, std::vector<at::Tensor> &tensors) {
        c10d::AllreduceOptions options;
        options.reduceOp = reduction == CT_MAXIMUM ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM;
        return backend.allreduce(tensors, options);
    });
}

int ct_broadcast(ct_process_group group, ct_tensor tensor, int32_t root, ct_work *out) {
    return start(group, out, {borrow(tensor)}, [&](c10d::Backend &backend, std::vector<at::Tensor> &tensors) {
        c10d::BroadcastOptions options;
        options.rootRank = root;
        return backend.broadcast(tensors, options);
    });
}

int ct_all_gather(ct_process_group group, ct_tensor output, ct_tensor input, ct_work *out) {
    return start(group, out, {borrow(output), borrow(input)},
                 [](c10d::Backend &backend, std::vector<at::Tensor> &tensors) {
                     return backend._allgather_base(tensors[0], tensors[1]);
                 });
}

int ct_reduce_scatter(ct_process_group group, ct_tensor output, ct_tensor input, ct_work *out) {
    return start(group, out, {borrow(output), borrow(input)},
                 [](c10d::Backend &backend, std::vector<at::Tensor> &tensors) {
                     return backend._reduce_scatter_base(tensors[0], tensors[1]);
                 });
}

int ct_work_wait(ct_work work, double timeout_seconds) {
    const int status = guarded([&] {
        const auto timeout = milliseconds(timeout_seconds);
        if (work->waits_on_streams) {
            wait_for_device(*work->work, timeout);
            work->work->wait();
        } else {
            work->work->wait(timeout);
        }
    });
    if (status != 0) work->is_broken->store(true);
    return status;
}

bool ct_work_is_done(ct_work work) {
    bool done = true;
    guarded([&] { done = work->work->isCompleted(); });
    return done;
}

void ct_work_release(ct_work work) {
    guarded([&] { delete work; });
}

}  // extern "C"

#else  // A libtorch without c10d

namespace {
int absent() noexcept {
    ctorch::remember_error("this libtorch was built without c10d's Gloo, so that a run has one process only");
    return 1;
}
}  // namespace

extern "C" {

bool ct_distributed_has_backend(const char *) { return false; }
int ct_store_open(const char *, uint16_t, bool, double, const char *, ct_store *) { return absent(); }
void ct_store_release(ct_store) {}
uint16_t ct_store_port(ct_store) { return 0; }
int ct_store_set(ct_store, const char *, const void *, size_t) { return absent(); }
int ct_store_get(ct_store, const char *, void (*)(void *, const void *, size_t), void *) { return absent(); }
int ct_store_add(ct_store, const char *, int64_t, int64_t *) { return absent(); }
int ct_process_group_join(const char *, ct_store, int32_t, int32_t, double, int64_t, ct_process_group *) {
    return absent();
}
void ct_process_group_abandon(ct_process_group) {}
void ct_process_group_release(ct_process_group) {}
int ct_all_reduce(ct_process_group, ct_tensor, ct_reduction, ct_work *) { return absent(); }
int ct_broadcast(ct_process_group, ct_tensor, int32_t, ct_work *) { return absent(); }
int ct_all_gather(ct_process_group, ct_tensor, ct_tensor, ct_work *) { return absent(); }
int ct_reduce_scatter(ct_process_group, ct_tensor, ct_tensor, ct_work *) { return absent(); }
int ct_work_wait(ct_work, double) { return absent(); }
bool ct_work_is_done(ct_work) { return true; }
void ct_work_release(ct_work) {}

}  // extern "C"

#endif
