// GPUs through c10's device-neutral interfaces: no header of CUDA's is needed, and the same object file serves a
// libtorch without CUDA, where every call but the queries fails with a message.
#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/version.h>

#include "Internal.hpp"
#include "include/ctorch_cuda.h"

using ctorch::guarded;

namespace {

int32_t device_count() { return at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0; }

void need_cuda() {
    TORCH_CHECK(
        at::CUDAHooksRegistry()->Has("CUDAHooks"), "this libtorch was built without CUDA; run with a CUDA build of libtorch ",
        TORCH_VERSION);
    TORCH_CHECK(
        device_count() > 0, "libtorch's CUDA found no GPU; see that nvidia-smi lists one and that the driver is as new ",
        "as libtorch's CUDA");
    at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
}

c10::DeviceIndex checked(int32_t index) {
    need_cuda();
    TORCH_CHECK(index >= 0 && index < device_count(), "there is no GPU ", index, ", only ", device_count());
    return static_cast<c10::DeviceIndex>(index);
}

c10::impl::VirtualGuardImpl guard() {
    need_cuda();
    return c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA);
}

c10::Stream current_stream() {
    const auto cuda = guard();
    return cuda.getStream(cuda.getDevice());
}

c10::DeviceAllocator &allocator() { return *c10::getDeviceAllocator(c10::DeviceType::CUDA); }

c10::Event &event_of(ct_event event) { return *reinterpret_cast<c10::Event *>(event); }

}  // namespace

extern "C" {

// ---- Devices

bool ct_cuda_is_available(void) { return ct_cuda_device_count() > 0; }

int32_t ct_cuda_device_count(void) {
    int32_t count = 0;
    guarded([&] { count = device_count(); });
    return count;
}

int ct_cuda_set_device(int32_t index) {
    return guarded([&] {
        const c10::Device device(c10::DeviceType::CUDA, checked(index));
        guard().setDevice(device);
    });
}

int ct_cuda_synchronize(void) {
    return guarded([] {
        const auto cuda = guard();
        cuda.synchronizeDevice(cuda.getDevice().index());
    });
}

int ct_cuda_memory_of(int32_t index, ct_cuda_memory *out) {
    return guarded([&] {
        const auto device = checked(index);
        const auto statistics = allocator().getDeviceStats(device);
        // The first of each group counts all sizes together.
        const auto &allocated = statistics.allocated_bytes[0];
        const auto &reserved = statistics.reserved_bytes[0];
        const auto [available, total] = allocator().getMemoryInfo(device);
        *out = {allocated.current, allocated.peak, reserved.current, reserved.peak,
                static_cast<int64_t>(available), static_cast<int64_t>(total)};
    });
}

int ct_cuda_reset_peak_memory(int32_t index) {
    return guarded([&] { allocator().resetPeakStats(checked(index)); });
}

int ct_cuda_empty_cache(void) {
    return guarded([] {
        need_cuda();
        allocator().emptyCache();
    });
}

// ---- Numbers

int ct_set_float32_matmul_precision(const char *precision) {
    return guarded([&] { at::globalContext().setFloat32MatmulPrecision(precision); });
}

int ct_set_cudnn_benchmark(bool enabled) {
    return guarded([&] { at::globalContext().setBenchmarkCuDNN(enabled); });
}

// ---- Events

int ct_event_create(ct_event *out) {
    return guarded([&] {
        need_cuda();
        // The backend's default keeps the time; PyTorch's does not.
        *out = reinterpret_cast<ct_event>(
            new c10::Event(c10::DeviceType::CUDA, c10::EventFlag::BACKEND_DEFAULT));
    });
}

void ct_event_release(ct_event event) { delete reinterpret_cast<c10::Event *>(event); }

int ct_event_record(ct_event event) {
    return guarded([&] { event_of(event).record(current_stream()); });
}

int ct_event_synchronize(ct_event event) {
    return guarded([&] { event_of(event).synchronize(); });
}

int ct_event_elapsed(ct_event from, ct_event to, double *milliseconds) {
    return guarded([&] { *milliseconds = event_of(from).elapsedTime(event_of(to)); });
}

}  // extern "C"
