#include "cscan.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// Products of a row's values and the query's; `sum` is the row's sum of values.
typedef int32_t (*product)(const int8_t *row, const int8_t *query, size_t width, int32_t sum);

static int32_t plain(const int8_t *row, const int8_t *query, size_t width, int32_t sum) {
    (void)sum;
    int32_t total = 0;
    for (size_t i = 0; i < width; i++) total += (int32_t)row[i] * query[i];
    return total;
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static int32_t avx2(
    const int8_t *row, const int8_t *query, size_t width, int32_t sum) {
    (void)sum;
    __m256i total = _mm256_setzero_si256();
    // Products of bytes summed in pairs would overflow 16 bits: widened first.
    for (size_t i = 0; i < width; i += 16) {
        __m256i left = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(row + i)));
        __m256i right = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query + i)));
        total = _mm256_add_epi32(total, _mm256_madd_epi16(left, right));
    }
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
    return _mm_cvtsi128_si32(half);
}

// The instruction multiplies unsigned by signed bytes: the query is moved up by 128 (its sign bits are flipped), and 128
// times the row's sum is taken off again.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) static int32_t avx512_vnni(
    const int8_t *row, const int8_t *query, size_t width, int32_t sum) {
    const __m512i flip = _mm512_set1_epi8((char)0x80);
    __m512i first = _mm512_setzero_si512(), second = _mm512_setzero_si512();
    size_t i = 0;
    for (; i + 128 <= width; i += 128) {
        __m512i left = _mm512_xor_si512(_mm512_loadu_si512(query + i), flip);
        __m512i right = _mm512_xor_si512(_mm512_loadu_si512(query + i + 64), flip);
        first = _mm512_dpbusd_epi32(first, left, _mm512_loadu_si512(row + i));
        second = _mm512_dpbusd_epi32(second, right, _mm512_loadu_si512(row + i + 64));
    }
    if (i < width) {
        __m512i left = _mm512_xor_si512(_mm512_loadu_si512(query + i), flip);
        first = _mm512_dpbusd_epi32(first, left, _mm512_loadu_si512(row + i));
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(first, second)) - 128 * sum;
}

#elif defined(__aarch64__)

static int32_t neon(const int8_t *row, const int8_t *query, size_t width, int32_t sum) {
    (void)sum;
    int32x4_t total = vdupq_n_s32(0);
    for (size_t i = 0; i < width; i += 16) {
        int8x16_t left = vld1q_s8(row + i), right = vld1q_s8(query + i);
        total = vpadalq_s16(total, vmull_s8(vget_low_s8(left), vget_low_s8(right)));
        total = vpadalq_s16(total, vmull_s8(vget_high_s8(left), vget_high_s8(right)));
    }
    return vaddvq_s32(total);
}

#endif

int cs_has_kernel(cs_kernel kernel) {
    switch (kernel) {
    case CS_PLAIN: return 1;
#if defined(__x86_64__)
    case CS_AVX2: return __builtin_cpu_supports("avx2") != 0;
    case CS_AVX512_VNNI:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
    case CS_NEON: return 1;
#endif
    default: return 0;
    }
}

cs_kernel cs_best_kernel(void) {
    if (cs_has_kernel(CS_AVX512_VNNI)) return CS_AVX512_VNNI;
    if (cs_has_kernel(CS_AVX2)) return CS_AVX2;
    if (cs_has_kernel(CS_NEON)) return CS_NEON;
    return CS_PLAIN;
}

static product function(cs_kernel kernel) {
    if (!cs_has_kernel(kernel)) return plain;
    switch (kernel) {
#if defined(__x86_64__)
    case CS_AVX2: return avx2;
    case CS_AVX512_VNNI: return avx512_vnni;
#elif defined(__aarch64__)
    case CS_NEON: return neon;
#endif
    default: return plain;
    }
}

// ---- the best so far: a heap whose root is the worst of them

static int is_worse(cs_hit left, cs_hit right) {
    return left.score < right.score || (left.score == right.score && left.id > right.id);
}

static void sift_down(cs_hit *heap, size_t count, size_t place) {
    while (2 * place + 1 < count) {
        size_t child = 2 * place + 1;
        if (child + 1 < count && is_worse(heap[child + 1], heap[child])) child++;
        if (!is_worse(heap[child], heap[place])) return;
        cs_hit moved = heap[place];
        heap[place] = heap[child];
        heap[child] = moved;
        place = child;
    }
}

static void sift_up(cs_hit *heap, size_t place) {
    while (place > 0) {
        size_t parent = (place - 1) / 2;
        if (!is_worse(heap[place], heap[parent])) return;
        cs_hit moved = heap[place];
        heap[place] = heap[parent];
        heap[parent] = moved;
        place = parent;
    }
}

static float score(
    const uint8_t *row, const int8_t *query, float query_scale, size_t width, product multiply, float *largest_scale) {
    float scale;
    int32_t sum;
    memcpy(&scale, row + 8, sizeof scale);
    memcpy(&sum, row + 12, sizeof sum);
    if (largest_scale && scale > *largest_scale) *largest_scale = scale;
    return (float)multiply((const int8_t *)(row + CS_ROW_HEADER), query, width, sum) * (scale * query_scale);
}

size_t cs_scan(
    const uint8_t *rows, size_t count, size_t stride, size_t width, const int8_t *query, float query_scale,
    const uint64_t *mask, size_t wanted, float least, cs_hit *hits, float *largest_scale, cs_kernel kernel) {
    product multiply = function(kernel);
    size_t found = 0;
    if (wanted == 0) return 0;
    for (size_t row = 0; row < count; row++) {
        if (mask) {
            uint64_t bits = mask[row / 64] >> (row % 64);
            if (bits == 0) {
                // Nothing more in this word.
                row |= 63;
                continue;
            }
            row += (size_t)__builtin_ctzll(bits);
            if (row >= count) break;
        }
        const uint8_t *place = rows + row * stride;
        cs_hit hit = {0, score(place, query, query_scale, width, multiply, largest_scale)};
        // Rows may come in any order of ids, so equal scores are compared too.
        if (hit.score < least || (found == wanted && hit.score < hits[0].score)) continue;
        memcpy(&hit.id, place, sizeof hit.id);
        if (found < wanted) {
            hits[found] = hit;
            sift_up(hits, found++);
        } else if (is_worse(hits[0], hit)) {
            hits[0] = hit;
            sift_down(hits, wanted, 0);
        }
    }
    return found;
}

size_t cs_above(
    const uint8_t *rows, size_t count, size_t stride, size_t width, const int8_t *query, float query_scale, float least,
    cs_hit *hits, size_t capacity, size_t *next, cs_kernel kernel) {
    product multiply = function(kernel);
    size_t found = 0;
    size_t row = *next;
    for (; row < count && found < capacity; row++) {
        const uint8_t *place = rows + row * stride;
        cs_hit hit = {0, score(place, query, query_scale, width, multiply, NULL)};
        if (hit.score < least) continue;
        memcpy(&hit.id, place, sizeof hit.id);
        hits[found++] = hit;
    }
    *next = row;
    return found;
}

// ---- vectors and whole numbers

static float largest(const float *values, size_t count) {
    float most = 0;
    for (size_t i = 0; i < count; i++) {
        float size = values[i] < 0 ? -values[i] : values[i];
        most = size > most ? size : most;
    }
    return most;
}

// To the nearest, halves away from zero; conversions cut off what follows the point.
static int32_t nearest(float value) { return (int32_t)(value + (value < 0 ? -0.5f : 0.5f)); }

float cs_quantize(const float *values, size_t count, int8_t *integers) {
    float scale = largest(values, count) / 127;
    float inverse = scale > 0 ? 1 / scale : 0;
    for (size_t i = 0; i < count; i++) {
        int32_t whole = nearest(values[i] * inverse);
        integers[i] = (int8_t)(whole < -127 ? -127 : whole > 127 ? 127 : whole);
    }
    return scale;
}

void cs_row(int64_t id, const float *values, size_t count, size_t width, uint8_t *row) {
    int8_t *integers = (int8_t *)(row + CS_ROW_HEADER);
    float scale = cs_quantize(values, count, integers);
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += integers[i];
    memset(integers + count, 0, width - count);
    memcpy(row, &id, sizeof id);
    memcpy(row + 8, &scale, sizeof scale);
    memcpy(row + 12, &sum, sizeof sum);
}

size_t cs_kept_size(size_t count) { return (count + CS_BLOCK - 1) / CS_BLOCK * sizeof(float) + count * sizeof(int16_t); }

void cs_keep(const float *values, size_t count, uint8_t *kept) {
    uint8_t *numbers = kept + (count + CS_BLOCK - 1) / CS_BLOCK * sizeof(float);
    for (size_t start = 0; start < count; start += CS_BLOCK, kept += sizeof(float)) {
        size_t size = count - start < CS_BLOCK ? count - start : CS_BLOCK;
        float scale = largest(values + start, size) / 32767;
        float inverse = scale > 0 ? 1 / scale : 0;
        int16_t integers[CS_BLOCK];
        for (size_t i = 0; i < size; i++) {
            int32_t whole = nearest(values[start + i] * inverse);
            integers[i] = (int16_t)(whole < -32767 ? -32767 : whole > 32767 ? 32767 : whole);
        }
        memcpy(kept, &scale, sizeof scale);
        memcpy(numbers + start * sizeof(int16_t), integers, size * sizeof(int16_t));
    }
}

void cs_widen(const uint8_t *kept, size_t count, float *values) {
    const uint8_t *numbers = kept + (count + CS_BLOCK - 1) / CS_BLOCK * sizeof(float);
    for (size_t start = 0; start < count; start += CS_BLOCK, kept += sizeof(float)) {
        size_t size = count - start < CS_BLOCK ? count - start : CS_BLOCK;
        float scale;
        int16_t integers[CS_BLOCK];
        memcpy(&scale, kept, sizeof scale);
        memcpy(integers, numbers + start * sizeof(int16_t), size * sizeof(int16_t));
        for (size_t i = 0; i < size; i++) values[start + i] = (float)integers[i] * scale;
    }
}

float cs_dot(const uint8_t *kept, const float *query, size_t count) {
    const uint8_t *numbers = kept + (count + CS_BLOCK - 1) / CS_BLOCK * sizeof(float);
    // Sums side by side: the compiler may not reorder one long sum.
    float sums[16] = {0};
    size_t start = 0;
    for (; start + CS_BLOCK <= count; start += CS_BLOCK, kept += sizeof(float)) {
        float scale;
        int16_t integers[CS_BLOCK];
        memcpy(&scale, kept, sizeof scale);
        memcpy(integers, numbers + start * sizeof(int16_t), sizeof integers);
        for (size_t half = 0; half < CS_BLOCK; half += 16)
            for (size_t lane = 0; lane < 16; lane++)
                sums[lane] += (float)integers[half + lane] * scale * query[start + half + lane];
    }
    float sum = 0;
    for (size_t i = start; i < count; i++) {
        float scale;
        int16_t integer;
        memcpy(&scale, kept, sizeof scale);
        memcpy(&integer, numbers + i * sizeof(int16_t), sizeof integer);
        sum += (float)integer * scale * query[i];
    }
    for (size_t lane = 0; lane < 16; lane++) sum += sums[lane];
    return sum;
}
