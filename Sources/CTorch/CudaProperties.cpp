// What needs CUDA's own headers. CTORCH_WITH_CUDA is set by the CMake build where it finds them; without it, the same
// function says what to do.
#include "Internal.hpp"
#include "include/ctorch_cuda.h"

#if defined(CTORCH_WITH_CUDA)
#include <ATen/cuda/CUDAContext.h>
#endif

using ctorch::guarded;

extern "C" {

#if defined(CTORCH_WITH_CUDA)

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

#else

bool ct_built_with_cuda(void) { return false; }

int ct_cuda_properties_of(int32_t, ct_cuda_properties *) {
    return guarded([] {
        TORCH_CHECK(
            false, "this door to libtorch was built without CUDA's headers, which a GPU's name needs; build it with ",
            "CMake (Documentation/GPU.md)");
    });
}

#endif

}  // extern "C"
