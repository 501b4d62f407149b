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
// of equal scores the lower id; none below `least`. Returns how many there are.
// `mask`: a bit for each row, lowest first, of those that may be found; NULL for all.
// `largest_scale`: raised to the largest row's scale that was seen.
size_t cs_scan(
    const uint8_t *rows, size_t count, size_t stride, size_t width, const int8_t *query, float query_scale,
    const uint64_t *mask, size_t wanted, float least, cs_hit *hits, float *largest_scale, cs_kernel kernel);

// Every row from `*next` on whose score is at least `least`, in their order, until `hits` has `capacity`. Returns how many
// there are; `*next` is then the row to go on with, `count` at the end.
size_t cs_above(
    const uint8_t *rows, size_t count, size_t stride, size_t width, const int8_t *query, float query_scale, float least,
    cs_hit *hits, size_t capacity, size_t *next, cs_kernel kernel);

// A vector as 8-bit integers, value ≈ integer · scale: `count` of them into `integers`. Returns the scale.
float cs_quantize(const float *values, size_t count, int8_t *integers);
// A row of `CS_ROW_HEADER + width` bytes from a vector of `count` values.
void cs_row(int64_t id, const float *values, size_t count, size_t width, uint8_t *row);

// A vector as it is kept: a float for each block of numbers, the last one shorter, then the numbers as 16-bit integers,
// value ≈ integer · the block's float. A large number costs its own block precision and no other. At any address.
#define CS_BLOCK 32
// Bytes that `count` numbers take.
size_t cs_kept_size(size_t count);
void cs_keep(const float *values, size_t count, uint8_t *kept);
void cs_widen(const uint8_t *kept, size_t count, float *values);
// The dot product with a query.
float cs_dot(const uint8_t *kept, const float *query, size_t count);

#ifdef __cplusplus
}
#endif

#endif
