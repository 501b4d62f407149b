// Products by matrices packed in panels of columns, for what libtorch's libraries do slowly or not at all: 8-bit integers with a
// scale for each row and each column, and bfloat16 on processors whose own instruction for it is slower than 32-bit arithmetic
// (Intel's without AMX: 83 against 150 GFLOP/s a core). What follows a product is done to its numbers before they are written.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "Internal.hpp"
#include "Parallel.hpp"
#include "ProductKernels.hpp"
#include "Quantized.hpp"

#if defined(CT_HAS_LANES)
using namespace ctorch::products;

namespace {

/// Columns of a panel that starts there.
int64_t panelWidth(int64_t column, int64_t columns, int64_t wide) {
    return column + wide * lanes <= padded(columns) ? wide * lanes : lanes;
}

template <typename Own>
void pack(const typename Own::Entry *from, int64_t columns, int64_t inner, typename Own::Entry *to, typename Own::Entry empty) {
    const int64_t deep = rounded(inner, Own::group), step = Own::wide * lanes;
    ctorch::in_parts((columns + step - 1) / step, 1, [&](int64_t begin, int64_t end) {
        for (int64_t column = begin * step; column < std::min(end * step, padded(columns));) {
            const int64_t width = panelWidth(column, columns, Own::wide), count = std::min(width, columns - column);
            typename Own::Entry *panel = to + column * deep;
            if (count < width || inner < deep) std::fill(panel, panel + width * deep, empty);
            // A few places at a time, so that what is written in strides stays near.
            for (int64_t first = 0; first < inner; first += lanes)
                for (int64_t own = 0; own < count; ++own)
                    for (int64_t k = first; k < std::min(inner, first + lanes); ++k)
                        panel[Own::place(width, k, own)] = from[(column + own) * inner + k];
            column += width;
        }
    });
}

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
            const int64_t stop = std::min(last * step, padded(columns));
            for (int64_t column = first * step; column < stop;) {
                const int64_t width = panelWidth(column, columns, kind.wide), next = column + width;
                kind.kernel(product, row, end, column, width / lanes, next < stop ? next : -1);
                column = next;
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
            pack<Integral>(bytes.const_data_ptr<uint8_t>(), columns, inner, made.mutable_data_ptr<uint8_t>(), 128);
            // Scales as floats, and below them the sums of a column's bytes as integers.
            at::Tensor columnScales = at::zeros({2, padded(columns)}, at::kFloat);
            columnScales[0].narrow(0, 0, columns).copy_(whole.scales);
            columnScales[1].view(at::kInt).narrow(0, 0, columns).copy_(whole.sums);
            *scales = ctorch::handle_of(columnScales);
        } else if (arithmetic == CT_HALVED) {
            const at::Tensor halves = source.to(at::kBFloat16).contiguous();
            pack<Halved>(static_cast<const uint16_t *>(halves.const_data_ptr()), columns, inner,
                         static_cast<uint16_t *>(made.mutable_data_ptr()), 0);
        } else {
            const at::Tensor floats = source.to(at::kFloat).contiguous();
            pack<Floating>(floats.const_data_ptr<float>(), columns, inner, made.mutable_data_ptr<float>(), 0);
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
