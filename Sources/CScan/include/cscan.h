// The scan of a search: every row's dot product with a query, in 8-bit integers, and the best of them.
#ifndef CSCAN_H
#define CSCAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A row, `stride` bytes: int64 id; float scale; int32 sum of the values; int8 values, zeros up to `width`.
#define CS_ROW_HEADER 16
// Widths are multiples of this.
#define CS_ROW_MULTIPLE 64

typedef struct {
    int64_t id;
    float score;
} cs_hit;

// What computes the products. The best that the processor has is chosen by cs_best_kernel.
typedef enum {
    CS_PLAIN = 0,
    CS_AVX2 = 1,
    CS_AVX512_VNNI = 2,
    CS_NEON = 3,
} cs_kernel;

cs_kernel cs_best_kernel(void);
// Whether this processor can run it.
int cs_has_kernel(cs_kernel kernel);

// The `wanted` rows with the highest dot · scale · query_scale, in no order, into `hits`, which has room for so many;
// of equal scores the lower id. Returns how many there are.
// `mask`: a bit for each row, lowest first, of those that may be found; NULL for all.
size_t cs_scan(
    const uint8_t *rows, size_t count, size_t stride, size_t width, const int8_t *query, float query_scale,
    const uint64_t *mask, size_t wanted, cs_hit *hits, cs_kernel kernel);

#ifdef __cplusplus
}
#endif

#endif
