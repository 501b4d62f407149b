#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded SentencePiece model. Any number of threads may encode with one.
typedef struct csp_model csp_model;

/// Loads a serialized ModelProto. Returns null and writes a message, ended by a zero byte, when it cannot be used.
csp_model *csp_load(const void *bytes, size_t count, char *message, size_t message_capacity);

void csp_release(csp_model *model);

/// Encodes UTF-8 text. Returns the number of tokens, of which the first `capacity` are written; -1 on failure.
int64_t csp_encode(const csp_model *model, const void *text, size_t count, int32_t *ids, size_t capacity);

#ifdef __cplusplus
}
#endif
