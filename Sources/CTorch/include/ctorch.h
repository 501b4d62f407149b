// The one door between Swift and libtorch: a C interface over c10's dispatcher.
//
// Every function that can fail returns a status: 0 on success, 1 on failure. After a failure `ct_last_error`
// gives libtorch's own message for the calling thread. No C++ exception ever crosses this interface.
// A `ct_tensor` is an owning reference: whoever receives one releases it with `ct_tensor_release`.
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor_impl *ct_tensor;
typedef const struct ct_operator_impl *ct_operator_handle;

// ---- The process ----------------------------------------------------------------------------------------------------

/// The message of the last failure on this thread; never null, valid until the next failing call.
const char *ct_last_error(void);
/// libtorch's version, such as "2.13.0".
const char *ct_version(void);
/// Tunes the allocator and registers operators. Safe to call more than once.
void ct_initialize(void);
/// Gives back what the allocator keeps of freed memory, where it can.
void ct_release_memory(void);
void ct_set_thread_count(int32_t count);
int32_t ct_thread_count(void);
/// Sets how many threads the operators called on this thread alone may use; returns the number before.
int32_t ct_set_own_thread_count(int32_t count);

// ---- Calling operators ----------------------------------------------------------------------------------------------

typedef enum ct_kind {
    CT_NONE = 0,
    CT_TENSOR,            // tensor
    CT_INT,               // integer; also dtype, layout and memory format, which schemas spell as int
    CT_DOUBLE,            // real
    CT_BOOL,              // integer, 0 or 1
    CT_STRING,            // string, zero-terminated
    CT_DEVICE,            // integer: type | index << 8
    CT_INT_LIST,          // ints, count
    CT_DOUBLE_LIST,       // doubles, count
    CT_TENSOR_LIST,       // tensors, count; null stands for an absent optional tensor
} ct_kind;

/// One argument or result of an operator. Pointers are borrowed for the length of the call when given, and owned by
/// the caller (tensor results) when received.
typedef struct ct_value {
    ct_kind kind;
    int64_t count;
    union {
        ct_tensor tensor;
        int64_t integer;
        double real;
        const char *string;
        const int64_t *ints;
        const double *doubles;
        const ct_tensor *tensors;
    };
} ct_value;

/// Looks an operator up by name ("aten::layer_norm") and overload ("" for none). The handle lives as long as the process.
int ct_operator(const char *name, const char *overload, ct_operator_handle *out);

/// Calls an operator boxed. Trailing arguments that the schema gives defaults may be left out.
/// Results that are lists of tensors are spread into consecutive results. At most `capacity` results are written and
/// `*result_count` says how many there were; more than `capacity` is a failure.
int ct_call(ct_operator_handle op, const ct_value *arguments, size_t count,
            ct_value *results, size_t capacity, size_t *result_count);

// ---- Tensors --------------------------------------------------------------------------------------------------------

void ct_tensor_release(ct_tensor tensor);
/// Another owning reference to the same tensor.
ct_tensor ct_tensor_retain(ct_tensor tensor);

/// Copies host memory into a new CPU tensor.
int ct_tensor_from_host(const void *bytes, const int64_t *sizes, size_t rank, int32_t dtype, ct_tensor *out);
/// Wraps host memory without a copy; `release(context)` runs when the last tensor over it is gone.
int ct_tensor_borrowing_host(void *bytes, const int64_t *sizes, size_t rank, int32_t dtype,
                             void (*release)(void *context), void *context, ct_tensor *out);
/// Copies a tensor's elements, row by row, into host memory of exactly `byte_count` bytes.
int ct_tensor_to_host(ct_tensor tensor, void *bytes, size_t byte_count);

size_t ct_tensor_rank(ct_tensor tensor);
/// Writes `ct_tensor_rank` sizes.
void ct_tensor_sizes(ct_tensor tensor, int64_t *sizes);
int32_t ct_tensor_dtype(ct_tensor tensor);
int64_t ct_tensor_device(ct_tensor tensor);

/// Writes a dictionary of tensors as the archive of `torch.save`, handing its bytes to `write` in one piece.
int ct_pickle_tensors(const char *const *names, const ct_tensor *tensors, size_t count,
                      void (*write)(void *context, const void *bytes, size_t size), void *context);

// ---- Autograd -------------------------------------------------------------------------------------------------------

bool ct_tensor_requires_grad(ct_tensor tensor);
int ct_tensor_set_requires_grad(ct_tensor tensor, bool value);
/// The accumulated gradient, or null when there is none yet.
int ct_tensor_grad(ct_tensor tensor, ct_tensor *out);
/// Replaces the accumulated gradient; null clears it.
int ct_tensor_set_grad(ct_tensor tensor, ct_tensor gradient);
/// Accumulates gradients into leaves, starting from `roots` with `gradients` (null: ones, for scalars).
int ct_backward(const ct_tensor *roots, const ct_tensor *gradients, size_t count, bool retain_graph);
/// The gradient of a scalar with respect to `input` alone: nothing is accumulated anywhere, and what only other leaves
/// would need is not computed.
int ct_gradient(ct_tensor root, ct_tensor input, ct_tensor *out);

/// A function of a tensor called from inside libtorch. It owns its input, writes an owned tensor to `out` and returns
/// null, or returns a message in memory of `malloc`. `is_repeat` says that it runs once more, for a backward pass.
typedef char *(*ct_function)(void *context, ct_tensor input, bool is_repeat, ct_tensor *out);
/// Runs a function without recording it; a backward pass runs it again, recorded, with the same random state and
/// autocast, and goes on through it. `release(context)` runs when neither is needed any more, or on failure.
int ct_recomputed(ct_tensor input, ct_function function, void (*release)(void *context), void *context, ct_tensor *out);
/// Has `callback(context)` called each time a backward pass has accumulated this leaf's whole gradient, on the thread
/// that does so; replaces the one set before. A null callback takes it away. `release(context)` runs when the callback
/// is replaced, taken away, or gone with its tensor.
int ct_tensor_set_gradient_hook(ct_tensor tensor, void (*callback)(void *context), void (*release)(void *context),
                                void *context);

bool ct_grad_mode(void);
void ct_set_grad_mode(bool enabled);
/// Enters inference mode on this thread, or leaves it for a while; give the result to `ct_inference_mode_exit`.
void *ct_inference_mode_enter(bool enabled);
void ct_inference_mode_exit(void *guard);

/// Turns autocast on this thread on (to `dtype`) or off for a device type; returns the state before.
int ct_autocast_set(int64_t device, bool enabled, int32_t dtype, bool *was_enabled, int32_t *old_dtype);
/// Forgets autocast's cached low-precision copies of parameters; call after each outermost region.
void ct_autocast_clear_cache(void);

// ---- Kernels of our own ---------------------------------------------------------------------------------------------

/// Whether `ct_self_attention` runs on this processor for heads of so many columns.
bool ct_has_self_attention(int64_t depth);
/// softmax(q·kᵀ/√d)·v of each sequence over itself: `projected` is [T, 3·width], queries, keys and values of all heads one
/// after another, in float32 or bfloat16; sequence i has the tokens from starts[i] to starts[i + 1]. Gives [T, width]. Not
/// differentiable.
int ct_self_attention(ct_tensor projected, const int64_t *starts, size_t count, int64_t heads, bool causal,
                      ct_tensor *out);

/// 1 where every number is finite, 0 where one is not; -1 where that has to be computed: for tensors elsewhere than in one piece
/// on the CPU, and of other types than those of 16 and 32 bits.
int32_t ct_tensor_all_finite(ct_tensor tensor);

/// Has the system take back the memory of pages that lie in a file as they were mapped; they are read anew where they are needed
/// again. Gives how many bytes; 0 where there are none, or where the system does not say.
size_t ct_release_file_pages(ct_tensor tensor);

/// What a packed matrix holds and is multiplied in: floats; bfloat16, in floats; bytes, in integers, with a scale for each row
/// and each column.
enum { CT_FLOATING = 0, CT_HALVED = 1, CT_INTEGRAL = 2 };
/// What is done to a product's elements before they are written.
enum { CT_ENDING_NONE = 0, CT_ENDING_GELU = 1, CT_ENDING_GELU_TANH = 2, CT_ENDING_SILU = 3 };
/// Whether this processor has a kernel for products of a kind.
bool ct_has_product(int32_t arithmetic);
/// Whether it is faster than libtorch's.
bool ct_prefers_product(int32_t arithmetic);
/// A matrix [m, k] as `ct_packed_product` reads it; `scales` is null for other than integers.
int ct_pack_matrix(ct_tensor matrix, int32_t arithmetic, ct_tensor *packed, ct_tensor *scales);
/// ending(input · matrixᵀ + bias) + other: [.., k] x [columns, k]ᵀ -> [.., columns], of the input's type, float32 or bfloat16.
/// A row of the product depends on nothing but its own row of the input. `scales`, `bias` and `other` may be null. Not
/// differentiable.
int ct_packed_product(ct_tensor input, int32_t arithmetic, ct_tensor packed, ct_tensor scales, ct_tensor bias,
                      int64_t columns, int32_t ending, ct_tensor other, ct_tensor *out);

// ---- Random numbers and devices -------------------------------------------------------------------------------------

int ct_manual_seed(uint64_t seed);
/// The state of a device's default generator as a byte tensor.
int ct_random_state(int64_t device, ct_tensor *out);
int ct_set_random_state(int64_t device, ct_tensor state);

bool ct_mps_is_available(void);

#ifdef __cplusplus
}
#endif

// What a Mac takes for the module's one header has to name the others.
#include "ctorch_distributed.h"

#endif
