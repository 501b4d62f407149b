#pragma once

// Rows of numbers as bytes, each row with a scale of its own.

#include <algorithm>

#include "Internal.hpp"
#include "Lanes.hpp"
#include "Parallel.hpp"

#if defined(CT_HAS_LANES)
namespace ctorch::products {

using namespace ctorch::simd;

/// What a row becomes: bytes q that stand for scale · (q - zero), and their sum.
struct Bounds {
    float scale;
    int32_t zero, sum;
};

/// A row as bytes. Where it holds what is no finite number, neither is its scale.
/// - Parameter symmetric: 0 stands for 0, and bytes are from -127 to 127; else the row's least and largest numbers share them out.
template <typename Number>
CT_INLINE void quantize(const Number *from, int64_t inner, int64_t deep, bool symmetric, int8_t *to, Bounds &bounds) {
    const int64_t whole = inner / lanes * lanes;
    Number tail[lanes] = {};
    std::memcpy(tail, from + whole, (inner - whole) * sizeof(Number));
    // 0 is among them, so that a row of one number is no exception.
    Floats most, least, check;
    fill(0, most);
    fill(0, least);
    fill(0, check);
    for (int64_t k = 0; k < inner; k += lanes) {
        Floats next;
        load(k < whole ? from + k : tail, next);
        check += next * 0.0f;
        most = next > most ? next : most;
        least = next < least ? next : least;
    }
    float high = 0, low = 0, finite = 0;
    for (int64_t lane = 0; lane < lanes; ++lane) {
        high = std::max(high, most[lane]);
        low = std::min(low, least[lane]);
        finite += check[lane];
    }
    const float range = symmetric ? 2 * std::max(high, -low) : high - low;
    // Numbers so small that their factor would be infinite count as none.
    const float factor = finite == 0 && range > 1e-30f ? (symmetric ? 254 : 253) / range : 0;
    const float shift = 12582912.0f;  // rounds
    const int32_t zero = symmetric || factor == 0 ? 0 : -127 - static_cast<int32_t>((low * factor + shift) - shift);
    Ints sums = {};
    for (int64_t k = 0; k < inner; k += lanes) {
        Floats next;
        load(k < whole ? from + k : tail, next);
        if (factor > 0) next = (next * factor + shift) - shift;
        else fill(0, next);
        Ints integers = __builtin_convertvector(next, Ints) + zero;
        if (k >= whole)
            for (int64_t lane = inner - whole; lane < lanes; ++lane) integers[lane] = 0;
        sums += integers;
        const Bytes bytes = __builtin_convertvector(integers, Bytes);
        std::memcpy(to + k, &bytes, std::min(lanes, deep - k));
    }
    bounds.sum = 0;
    for (int64_t lane = 0; lane < lanes; ++lane) bounds.sum += sums[lane];
    bounds.scale = (factor > 0 ? 1 / factor : 0) + finite;
    bounds.zero = zero;
}

#if defined(__x86_64__)
#define CT_QUANTIZING CT_WIDE
#else
#define CT_QUANTIZING
#endif
CT_QUANTIZING inline void quantizeRow(
    const float *from, int64_t inner, int64_t deep, bool symmetric, int8_t *to, Bounds &bounds) {
    quantize(from, inner, deep, symmetric, to, bounds);
}
CT_QUANTIZING inline void quantizeRow(
    const uint16_t *from, int64_t inner, int64_t deep, bool symmetric, int8_t *to, Bounds &bounds) {
    quantize(from, inner, deep, symmetric, to, bounds);
}

/// All rows of a tensor.
struct Quantized {
    at::Tensor bytes, scales, zeros, sums;
    int64_t deep;

    Quantized(const at::Tensor &rows, bool symmetric) : deep(rounded(rows.size(1), 4)) {
        const int64_t count = rows.size(0), inner = rows.size(1);
        bytes = at::empty({count, deep}, at::kChar);
        scales = at::empty({count}, at::kFloat);
        zeros = at::empty({count}, at::kInt);
        sums = at::empty({count}, at::kInt);
        auto *to = bytes.mutable_data_ptr<int8_t>();
        auto *scale = scales.mutable_data_ptr<float>();
        auto *zero = zeros.mutable_data_ptr<int32_t>();
        auto *sum = sums.mutable_data_ptr<int32_t>();
        const bool isHalf = rows.scalar_type() == at::kBFloat16;
        const void *from = rows.const_data_ptr();
        ctorch::in_parts(count, 64, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                Bounds bounds;
                if (isHalf)
                    quantizeRow(
                        static_cast<const uint16_t *>(from) + row * inner, inner, deep, symmetric, to + row * deep, bounds);
                else
                    quantizeRow(
                        static_cast<const float *>(from) + row * inner, inner, deep, symmetric, to + row * deep, bounds);
                scale[row] = bounds.scale;
                zero[row] = bounds.zero;
                sum[row] = bounds.sum;
            }
        });
    }
};

}  // namespace ctorch::products
#endif
