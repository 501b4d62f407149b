// The part of the door that GPUs need. Conventions are ctorch.h's.
//
// All of it is there in every build. Where libtorch has no CUDA, or no GPU is found, calls fail with a message that says
// so. What a GPU is called needs CUDA's own headers when the door is built (CMake finds them by itself, SwiftPM does not).
// `ct_built_with_cuda` tells.
#ifndef CTORCH_CUDA_H
#define CTORCH_CUDA_H

#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Whether the door was built with CUDA's headers.
bool ct_built_with_cuda(void);

// ---- Devices --------------------------------------------------------------------------------------------------------

bool ct_cuda_is_available(void);
/// GPUs that can be used; 0 without one, never a failure.
int32_t ct_cuda_device_count(void);
/// Makes one GPU the current one of this thread, which is what index 255 means.
int ct_cuda_set_device(int32_t index);
/// Waits until all work given to the current GPU is done.
int ct_cuda_synchronize(void);

typedef struct ct_cuda_properties {
    char name[256];
    int64_t memory;           // bytes
    int32_t major, minor;     // compute capability
    int32_t multiprocessors;
} ct_cuda_properties;

int ct_cuda_properties_of(int32_t index, ct_cuda_properties *out);

/// What libtorch's allocator holds of a GPU's memory, in bytes.
typedef struct ct_cuda_memory {
    int64_t allocated, allocated_peak;   // in tensors
    int64_t reserved, reserved_peak;     // taken from the driver
    int64_t available, total;            // as the driver counts
} ct_cuda_memory;

int ct_cuda_memory_of(int32_t index, ct_cuda_memory *out);
/// Lets the peaks start again from what is in use.
int ct_cuda_reset_peak_memory(int32_t index);
/// Gives memory that no tensor uses back to the driver.
int ct_cuda_empty_cache(void);

// ---- Numbers --------------------------------------------------------------------------------------------------------

/// How 32-bit matrix products may be computed: "highest" (as they are), "high" (TF32) or "medium" (bfloat16).
int ct_set_float32_matmul_precision(const char *precision);
/// Whether cuDNN tries its algorithms for each new shape of a convolution and keeps the fastest.
int ct_set_cudnn_benchmark(bool enabled);

// ---- Events ---------------------------------------------------------------------------------------------------------

typedef struct ct_event_impl *ct_event;

int ct_event_create(ct_event *out);
void ct_event_release(ct_event event);
/// Marks this point of the current GPU's queue of work.
int ct_event_record(ct_event event);
/// Waits, here, until the point is reached.
int ct_event_synchronize(ct_event event);
/// Milliseconds from one reached point to another.
int ct_event_elapsed(ct_event from, ct_event to, double *milliseconds);

#ifdef __cplusplus
}
#endif
#endif
