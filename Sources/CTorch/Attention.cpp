// Attention of short sequences over themselves in one pass over memory. libtorch's own kernels walk over rearranged copies of
// queries, keys and values; at fifty tokens the copies, and a library's small products, cost more than the arithmetic.

#include <cmath>
#include <cstdint>
#include <vector>

#include "Internal.hpp"
#include "Lanes.hpp"
#include "Parallel.hpp"

#if defined(CT_HAS_LANES)

namespace {

using namespace ctorch::simd;

struct Sequence {
    const void *queries;  // of one head; keys and values lie `part` and 2·`part` elements further
    void *output;
    int64_t length, depth, part;
    int64_t inputStride, outputStride;  // elements from one token to the next
    bool isCausal;
    float *scratch;
};

/// Floats that a sequence needs: keys as columns, values, and scores of four queries.
CT_INLINE int64_t scratchCount(int64_t length, int64_t depth) {
    return padded(length) * depth + length * depth + 4 * padded(length);
}

/// Products of `rows` rows of numbers with `wide` · 16 columns of a matrix.
template <int rows, int wide>
CT_INLINE void product(
    const float *left, int64_t leftStride, const float *right, int64_t rightStride, int64_t inner, float *out,
    int64_t outStride) {
    Floats sums[rows][wide];
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < wide; ++column) fill(0, sums[row][column]);
    for (int64_t k = 0; k < inner; ++k) {
        Floats values[wide];
        for (int column = 0; column < wide; ++column) load(right + k * rightStride + column * lanes, values[column]);
        for (int row = 0; row < rows; ++row) {
            const float factor = left[row * leftStride + k];
            for (int column = 0; column < wide; ++column) sums[row][column] += factor * values[column];
        }
    }
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < wide; ++column)
            store(sums[row][column], out + row * outStride + column * lanes);
}

template <int rows>
CT_INLINE void products(
    const float *left, int64_t leftStride, const float *right, int64_t rightStride, int64_t inner, int64_t columns,
    float *out, int64_t outStride) {
    int64_t column = 0;
    for (; column + 4 * lanes <= columns; column += 4 * lanes)
        product<rows, 4>(left, leftStride, right + column, rightStride, inner, out + column, outStride);
    for (; column < columns; column += lanes)
        product<rows, 1>(left, leftStride, right + column, rightStride, inner, out + column, outStride);
}

/// softmax over the first `seen` of a row of scores, in place; the rest becomes 0.
CT_INLINE void softmax(float *scores, int64_t seen, int64_t width) {
    for (int64_t place = seen; place < width; ++place) scores[place] = -1e30f;
    Floats largest;
    load(scores, largest);
    for (int64_t place = lanes; place < width; place += lanes) {
        Floats next;
        load(scores + place, next);
        largest = next > largest ? next : largest;
    }
    float most = largest[0];
    for (int64_t lane = 1; lane < lanes; ++lane) most = largest[lane] > most ? largest[lane] : most;
    Floats sums;
    fill(0, sums);
    for (int64_t place = 0; place < width; place += lanes) {
        Floats next;
        load(scores + place, next);
        next = next - most;
        exponential(next);
        store(next, scores + place);
        // What is not seen has e^-87, which no sum of floats notices.
        sums += next;
    }
    float sum = 0;
    for (int64_t lane = 0; lane < lanes; ++lane) sum += sums[lane];
    const float share = 1 / sum;
    for (int64_t place = 0; place < width; place += lanes) {
        Floats next;
        load(scores + place, next);
        next = next * share;
        store(next, scores + place);
    }
}

template <int rows, typename Number>
CT_INLINE void attend(
    const Sequence &s, int64_t first, const float *columns, const float *values, float *scores, int64_t width) {
    float queries[rows * 256], mixed[rows * 256];
    const float scale = 1 / std::sqrt(static_cast<float>(s.depth));
    for (int row = 0; row < rows; ++row) {
        const Number *from = static_cast<const Number *>(s.queries) + (first + row) * s.inputStride;
        for (int64_t place = 0; place < s.depth; place += lanes) {
            Floats next;
            load(from + place, next);
            next = next * scale;
            store(next, queries + row * s.depth + place);
        }
    }
    // Under causal attention nobody looks past the last of these queries.
    const int64_t seen = s.isCausal ? first + rows : s.length;
    const int64_t seenWidth = padded(seen);
    products<rows>(queries, s.depth, columns, width, s.depth, seenWidth, scores, width);
    for (int row = 0; row < rows; ++row)
        softmax(scores + row * width, s.isCausal ? first + row + 1 : s.length, seenWidth);
    products<rows>(scores, width, values, s.depth, seen, s.depth, mixed, s.depth);
    for (int row = 0; row < rows; ++row) {
        Number *to = static_cast<Number *>(s.output) + (first + row) * s.outputStride;
        for (int64_t place = 0; place < s.depth; place += lanes) {
            Floats next;
            load(mixed + row * s.depth + place, next);
            store(next, to + place);
        }
    }
}

template <typename Number>
CT_INLINE void attention(const Sequence &s) {
    const int64_t width = padded(s.length);
    float *columns = s.scratch, *values = columns + width * s.depth, *scores = values + s.length * s.depth;
    for (int64_t token = 0; token < s.length; ++token) {
        const Number *keys = static_cast<const Number *>(s.queries) + token * s.inputStride + s.part;
        for (int64_t place = 0; place < s.depth; place += lanes) {
            Floats next;
            load(keys + place, next);
            for (int64_t lane = 0; lane < lanes; ++lane) columns[(place + lane) * width + token] = next[lane];
            load(keys + s.part + place, next);
            store(next, values + token * s.depth + place);
        }
    }
    for (int64_t place = 0; place < s.depth; ++place)
        for (int64_t token = s.length; token < width; ++token) columns[place * width + token] = 0;
    int64_t query = 0;
    for (; query + 4 <= s.length; query += 4) attend<4, Number>(s, query, columns, values, scores, width);
    for (; query < s.length; ++query) attend<1, Number>(s, query, columns, values, scores, width);
}

#if defined(__x86_64__)
CT_WIDE void wideFloats(const Sequence &s) { attention<float>(s); }
CT_WIDE void wideHalves(const Sequence &s) { attention<uint16_t>(s); }
CT_MIDDLE void middleFloats(const Sequence &s) { attention<float>(s); }
CT_MIDDLE void middleHalves(const Sequence &s) { attention<uint16_t>(s); }
#else
void plainFloats(const Sequence &s) { attention<float>(s); }
void plainHalves(const Sequence &s) { attention<uint16_t>(s); }
#endif

typedef void (*Kernel)(const Sequence &);

/// Null on a processor too old for any.
Kernel kernel(bool isHalf) {
#if defined(__x86_64__)
    if (isWide()) return isHalf ? wideHalves : wideFloats;
    if (isMiddle()) return isHalf ? middleHalves : middleFloats;
    return nullptr;
#else
    return isHalf ? plainHalves : plainFloats;
#endif
}

}  // namespace
#endif

extern "C" {

bool ct_has_self_attention([[maybe_unused]] int64_t depth) {
#if defined(CT_HAS_LANES)
    return depth > 0 && depth <= 256 && depth % lanes == 0 && kernel(false) != nullptr;
#else
    return false;
#endif
}

int ct_self_attention([[maybe_unused]] ct_tensor projected, [[maybe_unused]] const int64_t *starts,
                      [[maybe_unused]] size_t count, [[maybe_unused]] int64_t heads, [[maybe_unused]] bool causal,
                      [[maybe_unused]] ct_tensor *out) {
    return ctorch::guarded([&] {
#if defined(CT_HAS_LANES)
        const at::Tensor input = ctorch::borrow(projected).contiguous();
        const bool isHalf = input.scalar_type() == at::kBFloat16;
        TORCH_CHECK(input.device().is_cpu() && (isHalf || input.scalar_type() == at::kFloat) && input.dim() == 2,
                    "self-attention takes float32 or bfloat16 [T, 3·width] on the CPU");
        const int64_t tokens = input.size(0), part = input.size(1) / 3;
        TORCH_CHECK(heads > 0 && input.size(1) == 3 * part && part % heads == 0 && ct_has_self_attention(part / heads),
                    "self-attention has no kernel for ", heads, " heads of a projection of ", input.size(1));
        TORCH_CHECK(count > 0 && starts[0] == 0 && starts[count - 1] == tokens, "sequences do not cover the tokens");
        int64_t longest = 0;
        for (size_t i = 1; i < count; ++i) {
            TORCH_CHECK(starts[i] >= starts[i - 1], "a sequence ends before it starts");
            longest = std::max(longest, starts[i] - starts[i - 1]);
        }
        at::Tensor output = at::empty({tokens, part}, input.options());
        const int64_t depth = part / heads, size = isHalf ? 2 : 4;
        const auto *from = static_cast<const char *>(input.const_data_ptr());
        auto *to = static_cast<char *>(output.mutable_data_ptr());
        const Kernel run = kernel(isHalf);
        ctorch::in_parts(static_cast<int64_t>(count - 1) * heads, 1, [&](int64_t begin, int64_t end) {
            std::vector<float> scratch(scratchCount(longest, depth));
            for (int64_t task = begin; task < end; ++task) {
                const int64_t start = starts[task / heads], length = starts[task / heads + 1] - start;
                const int64_t head = task % heads * depth;
                if (length == 0) continue;
                run(Sequence{from + (start * 3 * part + head) * size, to + (start * part + head) * size, length, depth,
                             part, 3 * part, part, causal, scratch.data()});
            }
        });
        *out = ctorch::handle_of(output);
#else
        TORCH_CHECK(false, "self-attention has no kernel on this machine");
#endif
    });
}

}  // extern "C"
