// What needs CUDA's own headers. CTORCH_WITH_CUDA is set by the CMake build where it finds them; without it, the same
// functions say what to do.
#include "Internal.hpp"
#include "include/ctorch_cuda.h"

#if defined(CTORCH_WITH_CUDA)
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGraph.h>
#endif

using ctorch::guarded;

#if defined(CTORCH_WITH_CUDA)

namespace {
at::cuda::CUDAGraph &graph_of(ct_graph graph) { return *reinterpret_cast<at::cuda::CUDAGraph *>(graph); }
}  // namespace

extern "C" {

bool ct_built_with_cuda(void) { return true; }

int ct_cuda_properties_of(int32_t index, ct_cuda_properties *out) {
    return guarded([&] {
        const int32_t count = ct_cuda_device_count();
        TORCH_CHECK(index >= 0 && index < count, "there is no GPU ", index, ", only ", count);
        const auto *properties = at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(index));
        *out = {};
        std::snprintf(out->name, sizeof out->name, "%s", properties->name);
        out->memory = static_cast<int64_t>(properties->totalGlobalMem);
        out->major = properties->major;
        out->minor = properties->minor;
        out->multiprocessors = properties->multiProcessorCount;
    });
}

int ct_graph_create(ct_graph *out) {
    return guarded([&] {
        TORCH_CHECK(ct_cuda_is_available(), "graphs are CUDA's, and libtorch's CUDA found no GPU");
        *out = reinterpret_cast<ct_graph>(new at::cuda::CUDAGraph());
    });
}

void ct_graph_release(ct_graph graph) { delete reinterpret_cast<at::cuda::CUDAGraph *>(graph); }

int ct_graph_begin(ct_graph graph) {
    // Other threads, that load data, may pin and free memory meanwhile.
    return guarded([&] { graph_of(graph).capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal); });
}

int ct_graph_end(ct_graph graph) {
    return guarded([&] { graph_of(graph).capture_end(); });
}

int ct_graph_replay(ct_graph graph) {
    return guarded([&] { graph_of(graph).replay(); });
}

}  // extern "C"

#else

namespace {
int refuse() {
    return guarded([] {
        TORCH_CHECK(
            false, "this door to libtorch was built without CUDA's headers, which GPU names and graphs need; build it ",
            "with CMake (Documentation/GPU.md)");
    });
}
}  // namespace

extern "C" {

bool ct_built_with_cuda(void) { return false; }
int ct_cuda_properties_of(int32_t, ct_cuda_properties *) { return refuse(); }
int ct_graph_create(ct_graph *) { return refuse(); }
void ct_graph_release(ct_graph) {}
int ct_graph_begin(ct_graph) { return refuse(); }
int ct_graph_end(ct_graph) { return refuse(); }
int ct_graph_replay(ct_graph) { return refuse(); }

}  // extern "C"

#endif
