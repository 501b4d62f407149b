// Processes that compute together: a key-value store by which they find each other, and c10d's collectives.
//
// The same rules as in ctorch.h: status 0 on success, `ct_last_error` otherwise, no exception crosses.
#ifndef CTORCH_DISTRIBUTED_H
#define CTORCH_DISTRIBUTED_H

#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_store_impl *ct_store;
typedef struct ct_process_group_impl *ct_process_group;
typedef struct ct_work_impl *ct_work;

typedef enum ct_reduction { CT_SUM = 0, CT_MAXIMUM } ct_reduction;

/// Whether this build has a backend: "gloo" or "nccl".
bool ct_distributed_has_backend(const char *name);

// ---- The store ------------------------------------------------------------------------------------------------------

/// Connects to a TCPStore, or serves one on `port` (0 picks a free one, see `ct_store_port`). Keys get `prefix`.
int ct_store_open(const char *host, uint16_t port, bool serves, double timeout_seconds, const char *prefix,
                  ct_store *out);
/// Closes the connection, and the server with it.
void ct_store_release(ct_store store);
uint16_t ct_store_port(ct_store store);
int ct_store_set(ct_store store, const char *key, const void *bytes, size_t size);
/// Hands a key's bytes to `receive`, or does nothing where there is no such key. Never waits for one.
int ct_store_get(ct_store store, const char *key, void (*receive)(void *context, const void *bytes, size_t size),
                 void *context);
/// Adds to a counter, which begins at 0, and gives its new value.
int ct_store_add(ct_store store, const char *key, int64_t amount, int64_t *out);

// ---- The group ------------------------------------------------------------------------------------------------------

/// Joins a group; returns once every rank has. `device` is the one that tensors will be on.
int ct_process_group_join(const char *backend, ct_store store, int32_t rank, int32_t world_size,
                          double timeout_seconds, int64_t device, ct_process_group *out);
/// From now on nothing of the group is waited for, its end included. A failed operation does this too.
void ct_process_group_abandon(ct_process_group group);
/// Leaves the group, once operations under way are done.
void ct_process_group_release(ct_process_group group);

// Each of these starts an operation; all ranks have to start the same ones in the same order. Tensors are contiguous
// and must live until the operation is done.
int ct_all_reduce(ct_process_group group, ct_tensor tensor, ct_reduction reduction, ct_work *out);
int ct_broadcast(ct_process_group group, ct_tensor tensor, int32_t root, ct_work *out);
/// `output` is `world_size` times as long as `input` in the first dimension.
int ct_all_gather(ct_process_group group, ct_tensor output, ct_tensor input, ct_work *out);
/// `input` is `world_size` times as long as `output` in the first dimension; sums.
int ct_reduce_scatter(ct_process_group group, ct_tensor output, ct_tensor input, ct_work *out);

/// Waits until an operation is done, or fails once `timeout_seconds` have passed.
int ct_work_wait(ct_work work, double timeout_seconds);
bool ct_work_is_done(ct_work work);
void ct_work_release(ct_work work);

#ifdef __cplusplus
}
#endif
#endif
