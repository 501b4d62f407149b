#pragma once

// What multiplies rows by a packed matrix on this processor, a panel of columns at a time.

#include <ATen/core/ScalarType.h>

#include "Lanes.hpp"
#include "include/ctorch.h"

#if defined(CT_HAS_LANES)
#if defined(__x86_64__)
#include <immintrin.h>
#define CT_DOTS __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")))
#endif

namespace ctorch::products {

using namespace ctorch::simd;

/// What a product is of, all rows contiguous.
struct Product {
    const void *rows;  // as the kind reads them
    const float *rowScales;  // null but for integers
    const int32_t *rowSums;  // likewise
    const int32_t *rowZeros;  // what stands for 0 in a row
    const void *matrix;
    const float *columnScales;
    const int32_t *columnSums;
    const float *bias;  // for whole vectors; null for none
    const void *other;  // added at last; null for nothing
    void *output;
    int64_t inner;  // elements of a row as the kind reads it
    int64_t columns;
    int32_t ending;
    bool isHalf;  // output and other
};

/// What is read next, brought near meanwhile: for each place of the inner dimension so many bytes of it. Spread out like this,
/// what comes from memory does not wait in the way of what is near already.
struct Ahead {
    const char *from;
    int64_t bytes;

    CT_INLINE void fetch(const Ahead &ahead, int64_t place) { __builtin_prefetch(ahead.from + place * ahead.bytes, 0, 2); }
};

// ---- What follows

/// x·Φ(x), by a rational approximation of erf on [-4, 4] (an error below 4e-7).
CT_INLINE void gelu(Floats &x) {
    Floats y = x * 0.70710678f;
    y = y > 4.0f ? y * 0.0f + 4.0f : y;
    y = y < -4.0f ? y * 0.0f - 4.0f : y;
    const Floats s = y * y;
    Floats above = s * -2.72614225801306e-10f + 2.77068142495902e-08f;
    above = above * s - 2.10102402082508e-06f;
    above = above * s - 5.69250639462346e-05f;
    above = above * s - 7.34990630326855e-04f;
    above = above * s - 2.95459980854025e-03f;
    above = above * s - 1.60960333262415e-02f;
    Floats below = s * -1.45660718464996e-05f - 2.13374055278905e-04f;
    below = below * s - 1.68282697438203e-03f;
    below = below * s - 7.37332916720468e-03f;
    below = below * s - 1.42647391514189e-02f;
    below = -below;
    reciprocal(below);
    x = x * 0.5f * (1.0f - y * above * below);
}

/// x·σ(factor·x)
CT_INLINE void sigmoidal(Floats &x, const Floats &argument) {
    Floats power = argument > 0.0f ? -argument : argument;
    exponential(power);
    Floats share = 1.0f + power;
    reciprocal(share);
    x = x * (argument > 0.0f ? share : power * share);
}

CT_INLINE void end(int32_t ending, Floats &x) {
    switch (ending) {
    case CT_ENDING_GELU: return gelu(x);
    // tanh(u) = 2σ(2u) - 1
    case CT_ENDING_GELU_TANH: return sigmoidal(x, (x + x * x * x * 0.044715f) * 1.59576912f);
    case CT_ENDING_SILU: return sigmoidal(x, x);
    default: return;
    }
}

template <typename Number>
CT_INLINE void finish(const Product &p, Floats &x, int64_t row, int64_t column) {
    if (p.bias) {
        Floats bias;
        load(p.bias + column, bias);
        x += bias;
    }
    end(p.ending, x);
    const int64_t place = row * p.columns + column, left = p.columns - column;
    auto *to = static_cast<Number *>(p.output) + place;
    const auto *other = p.other ? static_cast<const Number *>(p.other) + place : nullptr;
    Floats more;
    if (left >= lanes) {
        if (other) {
            load(other, more);
            x += more;
        }
        return store(x, to);
    }
    Number padded[lanes] = {};
    if (other) {
        std::memcpy(padded, other, left * sizeof(Number));
        load(padded, more);
        x += more;
    }
    store(x, padded);
    std::memcpy(to, padded, left * sizeof(Number));
}

// ---- The kinds: how many vectors of columns a panel has, how many places of the inner dimension stand side by side in it, and
// where it keeps the number of a column at a place

/// Rows of 32-bit numbers; `Own::values` gives what a panel has at a place.
template <typename Own>
struct OfFloats {
    template <int rows, int wide, typename Sums>
    CT_INLINE void add(const Product &p, int64_t first, int64_t column, const Ahead &ahead, Sums &sums) {
        const auto *row = static_cast<const float *>(p.rows) + first * p.inner;
        const auto *panel = static_cast<const typename Own::Entry *>(p.matrix) + column * p.inner;
        const int64_t inner = p.inner;
        for (int64_t k = 0; k < inner; ++k, panel += wide * lanes) {
            Ahead::fetch(ahead, k);
            Floats values[wide];
            Own::template values<wide>(panel, values);
            CT_UNROLL
            for (int r = 0; r < rows; ++r) {
                const float factor = row[r * inner + k];
                CT_UNROLL
                for (int c = 0; c < wide; ++c) sums[r][c] += factor * values[c];
            }
        }
    }
};

/// Matrices of 32-bit numbers.
struct Floating : OfFloats<Floating> {
    typedef float Entry;
    static constexpr int wide = 3, group = 1;

    CT_INLINE int64_t place(int64_t width, int64_t k, int64_t column) { return k * width + column; }

    template <int wide>
    CT_INLINE void values(const float *panel, Floats *to) {
        CT_UNROLL
        for (int c = 0; c < wide; ++c) load(panel + c * lanes, to[c]);
    }
};

/// Matrices of bfloat16. Of two vectors of columns the first one's numbers lie below, the second's above in 32 bits, so that each
/// takes one operation to become floats.
struct Halved : OfFloats<Halved> {
    typedef uint16_t Entry;
    static constexpr int wide = 2, group = 1;

    CT_INLINE int64_t place(int64_t width, int64_t k, int64_t column) {
        return k * width + (width == 2 * lanes ? column % lanes * 2 + column / lanes : column);
    }

    template <int wide>
    CT_INLINE void values(const uint16_t *panel, Floats *to) {
        if (wide == 2) {
            Words both;
            std::memcpy(&both, panel, sizeof both);
            const Words low = both << 16, high = both & 0xffff0000u;
            std::memcpy(&to[0], &low, sizeof low);
            std::memcpy(&to[wide - 1], &high, sizeof high);
        } else {
            load(panel, to[0]);
        }
    }
};

#if defined(CT_DOTS)
/// Sums of products of four signed with four unsigned bytes at a time.
template <int rows, int wide>
CT_DOTS inline void dots(const int8_t *row, const uint8_t *panel, int64_t inner, const Ahead &ahead, int32_t *out) {
    __m512i sums[rows][wide];
    CT_UNROLL
    for (int r = 0; r < rows; ++r)
        CT_UNROLL
        for (int c = 0; c < wide; ++c) sums[r][c] = _mm512_setzero_si512();
    for (int64_t k = 0; k < inner; k += 4, panel += wide * 64) {
        Ahead::fetch(ahead, k);
        __m512i values[wide];
        CT_UNROLL
        for (int c = 0; c < wide; ++c) values[c] = _mm512_loadu_si512(panel + c * 64);
        CT_UNROLL
        for (int r = 0; r < rows; ++r) {
            int32_t four;
            std::memcpy(&four, row + r * inner + k, sizeof four);
            const __m512i factors = _mm512_set1_epi32(four);
            CT_UNROLL
            for (int c = 0; c < wide; ++c) sums[r][c] = _mm512_dpbusd_epi32(sums[r][c], values[c], factors);
        }
    }
    CT_UNROLL
    for (int r = 0; r < rows; ++r)
        CT_UNROLL
        for (int c = 0; c < wide; ++c) _mm512_storeu_si512(out + (r * wide + c) * lanes, sums[r][c]);
}
#endif

/// Bytes: rows signed, a matrix 128 above what it stands for, since the processor multiplies signed with unsigned ones.
struct Integral {
    typedef uint8_t Entry;
    static constexpr int wide = 3, group = 4;

    CT_INLINE int64_t place(int64_t width, int64_t k, int64_t column) { return (k / group * width + column) * group + k % group; }

#if defined(CT_DOTS)
    template <int rows, int wide, typename Sums>
    CT_INLINE void add(const Product &p, int64_t first, int64_t column, const Ahead &ahead, Sums &sums) {
        int32_t whole[rows * wide * lanes];
        dots<rows, wide>(
            static_cast<const int8_t *>(p.rows) + first * p.inner, static_cast<const uint8_t *>(p.matrix) + column * p.inner,
            p.inner, ahead, whole);
        CT_UNROLL
        for (int r = 0; r < rows; ++r)
            CT_UNROLL
            for (int c = 0; c < wide; ++c) {
                Ints own;
                std::memcpy(&own, whole + (r * wide + c) * lanes, sizeof own);
                Ints columnSums;
                std::memcpy(&columnSums, p.columnSums + column + c * lanes, sizeof columnSums);
                own -= 128 * p.rowSums[first + r] + p.rowZeros[first + r] * columnSums;
                Floats scales;
                load(p.columnScales + column + c * lanes, scales);
                sums[r][c] = __builtin_convertvector(own, Floats) * (scales * p.rowScales[first + r]);
            }
    }
#endif
};

template <typename Kind, int rows, int wide, typename Number>
CT_INLINE void tile(const Product &p, int64_t row, int64_t column, const Ahead &ahead) {
    Floats sums[rows][wide];
    CT_UNROLL
    for (int r = 0; r < rows; ++r)
        CT_UNROLL
        for (int c = 0; c < wide; ++c) fill(0, sums[r][c]);
    Kind::template add<rows, wide>(p, row, column, ahead, sums);
    CT_UNROLL
    for (int r = 0; r < rows; ++r)
        CT_UNROLL
        for (int c = 0; c < wide; ++c)
            if (column + c * lanes < p.columns) finish<Number>(p, sums[r][c], row + r, column + c * lanes);
}

/// The rows that are left, in ever smaller tiles.
template <typename Kind, int most, int wide, typename Number>
CT_INLINE void rest(const Product &p, int64_t row, int64_t end, int64_t column, const Ahead &ahead) {
    if constexpr (most > 0) {
        for (; row + most <= end; row += most) tile<Kind, most, wide, Number>(p, row, column, ahead);
        rest<Kind, most / 2, wide, Number>(p, row, end, column, ahead);
    }
}

/// Rows from `row` on by one panel of columns, while the panel `next` to it is brought near.
template <typename Kind, int most, int wide, typename Number>
CT_INLINE void panel(const Product &p, int64_t row, int64_t end, int64_t column, int64_t next) {
    const int64_t tiles = (end - row + most - 1) / most, bytes = wide * lanes * sizeof(typename Kind::Entry);
    const int64_t from = next < 0 ? column : next, share = next < 0 ? 0 : (bytes + tiles - 1) / tiles;
    Ahead ahead{static_cast<const char *>(p.matrix) + from * p.inner * sizeof(typename Kind::Entry), share};
    for (; row + most <= end; row += most, ahead.from += share * p.inner) tile<Kind, most, wide, Number>(p, row, column, ahead);
    rest<Kind, most / 2, wide, Number>(p, row, end, column, ahead);
}

template <typename Kind, int most>
CT_INLINE void run(const Product &p, int64_t row, int64_t end, int64_t column, int64_t wide, int64_t next) {
    if (wide == Kind::wide) {
        if (p.isHalf) panel<Kind, most, Kind::wide, uint16_t>(p, row, end, column, next);
        else panel<Kind, most, Kind::wide, float>(p, row, end, column, next);
    } else {
        for (int64_t c = 0; c < wide; ++c) {
            if (p.isHalf) panel<Kind, most, 1, uint16_t>(p, row, end, column + c * lanes, -1);
            else panel<Kind, most, 1, float>(p, row, end, column + c * lanes, -1);
        }
    }
}

/// `next` is the panel after this one that the same thread multiplies by, -1 for none.
typedef void (*Kernel)(const Product &, int64_t row, int64_t end, int64_t column, int64_t wide, int64_t next);

// As many rows at a time as there are registers for their sums.
#define CT_KERNEL(mark, name, kind, most)                                                                              \
    mark inline void name(const Product &p, int64_t row, int64_t end, int64_t column, int64_t wide, int64_t next) {     \
        run<kind, most>(p, row, end, column, wide, next);                                                              \
    }
#if defined(__x86_64__)
CT_KERNEL(CT_WIDE, wideFloating, Floating, 8)
CT_KERNEL(CT_WIDE, wideHalved, Halved, 12)
CT_KERNEL(CT_WIDE, wideIntegral, Integral, 8)
CT_KERNEL(CT_MIDDLE, middleFloating, Floating, 2)
CT_KERNEL(CT_MIDDLE, middleHalved, Halved, 2)
#else
CT_KERNEL(, plainFloating, Floating, 2)
CT_KERNEL(, plainHalved, Halved, 2)
#endif
#undef CT_KERNEL

struct Kind {
    Kernel kernel;  // null where this processor has none
    int64_t wide, group;
    int64_t rowSize;  // bytes of a row's number
    at::ScalarType entry;
};

template <typename Own>
Kind kind(Kernel kernel, int64_t rowSize, at::ScalarType entry) {
    return {kernel, Own::wide, Own::group, rowSize, entry};
}

inline Kind kind(int32_t arithmetic) {
#if defined(__x86_64__)
    static const bool hasDots = isWide() && __builtin_cpu_supports("avx512vnni");
    switch (arithmetic) {
    case CT_FLOATING: return kind<Floating>(isWide() ? wideFloating : isMiddle() ? middleFloating : nullptr, 4, at::kFloat);
    case CT_HALVED: return kind<Halved>(isWide() ? wideHalved : isMiddle() ? middleHalved : nullptr, 4, at::kBFloat16);
    case CT_INTEGRAL: return kind<Integral>(hasDots ? wideIntegral : nullptr, 1, at::kByte);
    default: break;
    }
#else
    switch (arithmetic) {
    case CT_FLOATING: return kind<Floating>(plainFloating, 4, at::kFloat);
    case CT_HALVED: return kind<Halved>(plainHalved, 4, at::kBFloat16);
    default: break;
    }
#endif
    return {nullptr, 1, 1, 1, at::kFloat};
}

}  // namespace ctorch::products
#endif
