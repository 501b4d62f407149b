// Products by matrices packed in panels of columns, for what libtorch's libraries do slowly or not at all: 8-bit integers with a
// scale for each row and each column, and bfloat16 on processors whose own instruction for it is slower than 32-bit arithmetic
// (Intel's without AMX: 83 against 150 GFLOP/s a core). What follows a product is done to its numbers before they are written.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "Internal.hpp"
#include "Lanes.hpp"
#include "Parallel.hpp"

#if defined(CT_HAS_LANES)
#if defined(__x86_64__)
#include <immintrin.h>
#define CT_DOTS __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")))
#endif

namespace {

using namespace ctorch::lanes;

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

// ---- The kinds

/// 32-bit numbers.
struct Floating {
    typedef float Row, Entry;
    static constexpr int rows = 8, wide = 3, group = 1;

    template <int rows, int wide, typename Sums>
    CT_INLINE void add(const Product &p, int64_t first, int64_t column, Sums &sums) {
        const auto *row = static_cast<const Row *>(p.rows) + first * p.inner;
        const auto *panel = static_cast<const Entry *>(p.matrix) + column * p.inner;
        const int64_t inner = p.inner;
        for (int64_t k = 0; k < inner; ++k, panel += wide * lanes) {
            Floats values[wide];
            CT_UNROLL
            for (int c = 0; c < wide; ++c) load(panel + c * lanes, values[c]);
            CT_UNROLL
            for (int r = 0; r < rows; ++r) {
                const float factor = row[r * inner + k];
                CT_UNROLL
                for (int c = 0; c < wide; ++c) sums[r][c] += factor * values[c];
            }
        }
    }
};

/// Matrices of bfloat16 and rows of 32-bit numbers. Of two vectors of columns the first one's numbers lie below, the second's above
/// in 32 bits, so that each takes one operation to become floats.
struct Halved {
    typedef float Row;
    typedef uint16_t Entry;
    static constexpr int rows = 12, wide = 2, group = 1;

    template <int rows, int wide, typename Sums>
    CT_INLINE void add(const Product &p, int64_t first, int64_t column, Sums &sums) {
        const auto *row = static_cast<const Row *>(p.rows) + first * p.inner;
        const auto *panel = static_cast<const Entry *>(p.matrix) + column * p.inner;
        const int64_t inner = p.inner;
        for (int64_t k = 0; k < inner; ++k, panel += wide * lanes) {
            Floats values[wide];
            if (wide == 2) {
                Words both;
                std::memcpy(&both, panel, sizeof both);
                const Words low = both << 16, high = both & 0xffff0000u;
                std::memcpy(&values[0], &low, sizeof low);
                std::memcpy(&values[wide - 1], &high, sizeof high);
            } else {
                load(panel, values[0]);
            }
            CT_UNROLL
            for (int r = 0; r < rows; ++r) {
                const float factor = row[r * inner + k];
                CT_UNROLL
                for (int c = 0; c < wide; ++c) sums[r][c] += factor * values[c];
            }
        }
    }
};

#if defined(CT_DOTS)
/// Sums of products of four signed with four unsigned bytes at a time.
template <int rows, int wide>
CT_DOTS void dots(const int8_t *row, const uint8_t *panel, int64_t inner, int32_t *out) {
    __m512i sums[rows][wide];
    CT_UNROLL
    for (int r = 0; r < rows; ++r)
        CT_UNROLL
        for (int c = 0; c < wide; ++c) sums[r][c] = _mm512_setzero_si512();
    for (int64_t k = 0; k < inner; k += 4, panel += wide * 64) {
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

/// Bytes: rows signed, a matrix 128 above what it stands for, since the processor multiplies signed with unsigned ones.
struct Integral {
    typedef int8_t Row;
    typedef uint8_t Entry;
    static constexpr int rows = 8, wide = 3, group = 4;

    template <int rows, int wide, typename Sums>
    CT_INLINE void add(const Product &p, int64_t first, int64_t column, Sums &sums) {
        int32_t whole[rows * wide * lanes];
        dots<rows, wide>(
            static_cast<const Row *>(p.rows) + first * p.inner, static_cast<const Entry *>(p.matrix) + column * p.inner,
            p.inner, whole);
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
};
#endif

template <typename Kind, int rows, int wide, typename Number>
CT_INLINE void tile(const Product &p, int64_t row, int64_t column) {
    Floats sums[rows][wide];
    CT_UNROLL
    for (int r = 0; r < rows; ++r)
        CT_UNROLL
        for (int c = 0; c < wide; ++c) fill(0, sums[r][c]);
    Kind::template add<rows, wide>(p, row, column, sums);
    CT_UNROLL
    for (int r = 0; r < rows; ++r)
        CT_UNROLL
        for (int c = 0; c < wide; ++c)
            if (column + c * lanes < p.columns) finish<Number>(p, sums[r][c], row + r, column + c * lanes);
}

/// Rows from `row` on by one panel of columns.
template <typename Kind, int most, int wide, typename Number>
CT_INLINE void panel(const Product &p, int64_t row, int64_t end, int64_t column) {
    for (; row + most <= end; row += most) tile<Kind, most, wide, Number>(p, row, column);
    for (; row + 4 <= end && most > 4; row += 4) tile<Kind, 4, wide, Number>(p, row, column);
    for (; row < end; ++row) tile<Kind, 1, wide, Number>(p, row, column);
}

template <typename Kind, int most>
CT_INLINE void run(const Product &p, int64_t row, int64_t end, int64_t column, int64_t wide) {
    if (wide == Kind::wide) {
        if (p.isHalf) panel<Kind, most, Kind::wide, uint16_t>(p, row, end, column);
        else panel<Kind, most, Kind::wide, float>(p, row, end, column);
    } else {
        for (int64_t c = 0; c < wide; ++c) {
            if (p.isHalf) panel<Kind, most, 1, uint16_t>(p, row, end, column + c * lanes);
            else panel<Kind, most, 1, float>(p, row, end, column + c * lanes);
        }
    }
}

typedef void (*Kernel)(const Product &, int64_t row, int64_t end, int64_t column, int64_t wide);

// Registers for as many sums as a panel has.
#if defined(__x86_64__)
CT_WIDE void wideFloating(const Product &p, int64_t a, int64_t b, int64_t c, int64_t w) { run<Floating, 8>(p, a, b, c, w); }
CT_WIDE void wideHalved(const Product &p, int64_t a, int64_t b, int64_t c, int64_t w) { run<Halved, 12>(p, a, b, c, w); }
CT_WIDE void wideIntegral(const Product &p, int64_t a, int64_t b, int64_t c, int64_t w) { run<Integral, 8>(p, a, b, c, w); }
CT_MIDDLE void middleFloating(const Product &p, int64_t a, int64_t b, int64_t c, int64_t w) { run<Floating, 2>(p, a, b, c, w); }
CT_MIDDLE void middleHalved(const Product &p, int64_t a, int64_t b, int64_t c, int64_t w) { run<Halved, 2>(p, a, b, c, w); }
#else
void plainFloating(const Product &p, int64_t a, int64_t b, int64_t c, int64_t w) { run<Floating, 2>(p, a, b, c, w); }
void plainHalved(const Product &p, int64_t a, int64_t b, int64_t c, int64_t w) { run<Halved, 2>(p, a, b, c, w); }
#endif

struct Kind {
    Kernel kernel;  // null where this processor has none
    int64_t wide, group, entrySize, rowSize;
    at::ScalarType entry;
};

Kind kind(int32_t arithmetic) {
    const Kind none{nullptr, 1, 1, 1, 1, at::kFloat};
#if defined(__x86_64__)
    static const bool hasDots = isWide() && __builtin_cpu_supports("avx512vnni");
    switch (arithmetic) {
    case CT_FLOATING: return {isWide() ? wideFloating : isMiddle() ? middleFloating : nullptr, 3, 1, 4, 4, at::kFloat};
    case CT_HALVED: return {isWide() ? wideHalved : isMiddle() ? middleHalved : nullptr, 2, 1, 2, 4, at::kBFloat16};
    case CT_INTEGRAL: return {hasDots ? wideIntegral : nullptr, 3, 4, 1, 1, at::kByte};
    default: return none;
    }
#else
    switch (arithmetic) {
    case CT_FLOATING: return {plainFloating, 3, 1, 4, 4, at::kFloat};
    case CT_HALVED: return {plainHalved, 2, 1, 2, 4, at::kBFloat16};
    default: return none;
    }
#endif
}

int64_t rounded(int64_t count, int64_t step) { return (count + step - 1) / step * step; }

// ---- Packing

/// Columns of a panel that starts there.
int64_t panelWidth(int64_t column, int64_t columns, int64_t wide) {
    return column + wide * lanes <= padded(columns) ? wide * lanes : lanes;
}

/// Where a panel keeps the number of a column at a place of the inner dimension.
template <typename Entry>
Entry *entry(Entry *panel, const Kind &kind, int64_t width, int64_t k, int64_t column) {
    if (kind.entry == at::kBFloat16 && width == 2 * lanes)
        return panel + k * width + column % lanes * 2 + column / lanes;
    return panel + (k / kind.group * width + column) * kind.group + k % kind.group;
}

template <typename Entry, typename Number>
void pack(const Kind &kind, const Number *from, int64_t columns, int64_t inner, Entry *to, Entry empty) {
    const int64_t deep = rounded(inner, kind.group), step = kind.wide * lanes;
    ctorch::in_parts((columns + step - 1) / step, 1, [&](int64_t begin, int64_t end) {
        for (int64_t column = begin * step; column < std::min(end * step, padded(columns));) {
            const int64_t width = panelWidth(column, columns, kind.wide);
            Entry *panel = to + column * deep;
            for (int64_t own = 0; own < width; ++own)
                for (int64_t k = 0; k < deep; ++k)
                    *entry(panel, kind, width, k, own) =
                        column + own < columns && k < inner ? from[(column + own) * inner + k] : empty;
            column += width;
        }
    });
}

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
CT_QUANTIZING void quantizeRow(
    const float *from, int64_t inner, int64_t deep, bool symmetric, int8_t *to, Bounds &bounds) {
    quantize(from, inner, deep, symmetric, to, bounds);
}
CT_QUANTIZING void quantizeRow(
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

/// Bytes of rows that go through all panels together, so that they stay near the processor.
constexpr int64_t near = 1 << 20;

at::Tensor multiply(
    const at::Tensor &input, const Kind &kind, const at::Tensor &matrix, const at::Tensor &columnScales,
    const at::Tensor &bias, int64_t columns, int32_t ending, const at::Tensor &other) {
    const int64_t inner = input.size(-1), count = inner > 0 ? input.numel() / inner : 0;
    std::vector<int64_t> shape = input.sizes().vec();
    shape.back() = columns;
    at::Tensor output = at::empty(shape, input.options());
    at::Tensor rows = input.reshape({count, inner}).contiguous(), rowScales, rowSums, rowZeros, wideBias;
    int64_t deep = inner;
    if (kind.entry == at::kByte) {
        const Quantized made(rows, false);
        rows = made.bytes, rowScales = made.scales, rowSums = made.sums, rowZeros = made.zeros, deep = made.deep;
    } else {
        rows = rows.to(at::kFloat);
    }
    TORCH_CHECK(matrix.scalar_type() == kind.entry && matrix.numel() == padded(columns) * deep,
                "a packed matrix of another shape than [", columns, ", ", inner, "]");
    if (bias.defined()) {
        TORCH_CHECK(bias.dim() == 1 && bias.size(0) == columns, "a bias of another length than ", columns);
        wideBias = at::zeros({padded(columns)}, at::kFloat);
        wideBias.narrow(0, 0, columns).copy_(bias);
    }
    const at::Tensor more = other.defined() ? other.contiguous() : other;
    TORCH_CHECK(!more.defined() || (more.scalar_type() == input.scalar_type() && more.numel() == output.numel()),
                "what is added is of another type or shape than the product");
    const Product product{
        rows.const_data_ptr(),
        rowScales.defined() ? rowScales.const_data_ptr<float>() : nullptr,
        rowSums.defined() ? rowSums.const_data_ptr<int32_t>() : nullptr,
        rowZeros.defined() ? rowZeros.const_data_ptr<int32_t>() : nullptr,
        matrix.const_data_ptr(),
        columnScales.defined() ? columnScales.const_data_ptr<float>() : nullptr,
        columnScales.defined() ? static_cast<const int32_t *>(columnScales[1].const_data_ptr()) : nullptr,
        wideBias.defined() ? wideBias.const_data_ptr<float>() : nullptr,
        more.defined() ? more.const_data_ptr() : nullptr,
        output.mutable_data_ptr(),
        deep, columns, ending, input.scalar_type() == at::kBFloat16};
    const int64_t step = kind.wide * lanes, panels = (columns + step - 1) / step;
    const int64_t atOnce = std::max<int64_t>(24, near / std::max<int64_t>(1, deep * kind.rowSize) / 24 * 24);
    for (int64_t row = 0; row < count; row += atOnce) {
        const int64_t end = std::min(count, row + atOnce);
        ctorch::in_parts(panels, 1, [&](int64_t first, int64_t last) {
            for (int64_t column = first * step; column < std::min(last * step, padded(columns));) {
                const int64_t width = panelWidth(column, columns, kind.wide);
                kind.kernel(product, row, end, column, width / lanes);
                column += width;
            }
        });
    }
    return output;
}

}  // namespace
#endif

extern "C" {

bool ct_has_product([[maybe_unused]] int32_t arithmetic) {
#if defined(CT_HAS_LANES)
    return kind(arithmetic).kernel != nullptr;
#else
    return false;
#endif
}

bool ct_prefers_product([[maybe_unused]] int32_t arithmetic) {
#if defined(CT_HAS_LANES) && defined(__x86_64__)
    if (!ct_has_product(arithmetic)) return false;
    __builtin_cpu_init();
    switch (arithmetic) {
    case CT_FLOATING: return isWide() && __builtin_cpu_is("intel");
    case CT_HALVED:
        return !__builtin_cpu_supports("amx-bf16") &&
            !(__builtin_cpu_is("amd") && __builtin_cpu_supports("avx512bf16"));
    default: return true;
    }
#else
    return false;
#endif
}

int ct_pack_matrix([[maybe_unused]] ct_tensor matrix, [[maybe_unused]] int32_t arithmetic,
                   [[maybe_unused]] ct_tensor *packed, [[maybe_unused]] ct_tensor *scales) {
    return ctorch::guarded([&] {
#if defined(CT_HAS_LANES)
        const at::Tensor source = ctorch::borrow(matrix);
        const Kind own = kind(arithmetic);
        TORCH_CHECK(own.kernel, "products of this kind have no kernel on this processor");
        TORCH_CHECK(source.dim() == 2 && source.device().is_cpu(), "a matrix [m, k] on the CPU is packed");
        const int64_t columns = source.size(0), inner = source.size(1);
        at::Tensor made = at::empty({padded(columns) * rounded(inner, own.group)}, own.entry);
        *scales = nullptr;
        if (arithmetic == CT_INTEGRAL) {
            const Quantized whole(source.to(at::kFloat).contiguous(), true);
            // As the kernel reads it: 128 above.
            const at::Tensor bytes = (whole.bytes.narrow(1, 0, inner).to(at::kShort) + 128).to(at::kByte).contiguous();
            pack(own, bytes.const_data_ptr<uint8_t>(), columns, inner, made.mutable_data_ptr<uint8_t>(), uint8_t{128});
            // Scales as floats, and below them the sums of a column's bytes as integers.
            at::Tensor columnScales = at::zeros({2, padded(columns)}, at::kFloat);
            columnScales[0].narrow(0, 0, columns).copy_(whole.scales);
            columnScales[1].view(at::kInt).narrow(0, 0, columns).copy_(whole.sums);
            *scales = ctorch::handle_of(columnScales);
        } else if (arithmetic == CT_HALVED) {
            const at::Tensor halves = source.to(at::kBFloat16).contiguous();
            pack(own, static_cast<const uint16_t *>(halves.const_data_ptr()), columns, inner,
                 static_cast<uint16_t *>(made.mutable_data_ptr()), uint16_t{0});
        } else {
            const at::Tensor floats = source.to(at::kFloat).contiguous();
            pack(own, floats.const_data_ptr<float>(), columns, inner, made.mutable_data_ptr<float>(), 0.0f);
        }
        *packed = ctorch::handle_of(made);
#else
        TORCH_CHECK(false, "products have no kernels of their own on this machine");
#endif
    });
}

int ct_packed_product([[maybe_unused]] ct_tensor input, [[maybe_unused]] int32_t arithmetic,
                      [[maybe_unused]] ct_tensor packed, [[maybe_unused]] ct_tensor scales,
                      [[maybe_unused]] ct_tensor bias, [[maybe_unused]] int64_t columns,
                      [[maybe_unused]] int32_t ending, [[maybe_unused]] ct_tensor other,
                      [[maybe_unused]] ct_tensor *out) {
    return ctorch::guarded([&] {
#if defined(CT_HAS_LANES)
        const auto optional = [](ct_tensor handle) { return handle ? ctorch::borrow(handle) : at::Tensor(); };
        const at::Tensor rows = ctorch::borrow(input);
        const Kind own = kind(arithmetic);
        TORCH_CHECK(own.kernel, "products of this kind have no kernel on this processor");
        TORCH_CHECK(rows.device().is_cpu() && rows.dim() > 0 && columns > 0 &&
                        (rows.scalar_type() == at::kFloat || rows.scalar_type() == at::kBFloat16),
                    "rows are float32 or bfloat16 on the CPU");
        TORCH_CHECK((arithmetic == CT_INTEGRAL) == (scales != nullptr), "integers alone have scales");
        *out = ctorch::handle_of(multiply(
            rows, own, ctorch::borrow(packed), optional(scales), optional(bias), columns, ending, optional(other)));
#else
        TORCH_CHECK(false, "products have no kernels of their own on this machine");
#endif
    });
}

}  // extern "C"
