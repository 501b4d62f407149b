#include "include/MetaKernels.h"

#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>
#include <ATen/WrapDimUtils.h>
#include <ATen/native/Resize.h>
#include <torch/library.h>

#include <array>
#include <optional>
#include <tuple>
#include <vector>

namespace {

using at::IntArrayRef;
using at::Tensor;
using Absent = std::optional<Tensor>;
using Three = std::tuple<Tensor, Tensor, Tensor>;
using Wanted = std::array<bool, 3>;

Tensor like(bool wanted, const Tensor &model) { return wanted && model.defined() ? at::empty_like(model) : Tensor(); }

Tensor given(const Absent &tensor) { return tensor ? *tensor : Tensor(); }

Three layer_norm(const Tensor &input, IntArrayRef normalized, const Absent &, const Absent &, double) {
    auto sizes = input.sizes().vec();
    for (size_t i = sizes.size() - normalized.size(); i < sizes.size(); ++i) sizes[i] = 1;
    const auto statistics = input.options().dtype(at::kFloat);
    return {at::empty_like(input), at::empty(sizes, statistics), at::empty(sizes, statistics)};
}

Three layer_norm_backward(const Tensor &, const Tensor &input, IntArrayRef, const Tensor &, const Tensor &,
                          const Absent &weight, const Absent &bias, Wanted wanted) {
    return {like(wanted[0], input), like(wanted[1], given(weight)), like(wanted[2], given(bias))};
}

Three batch_norm(const Tensor &input, const Absent &, const Absent &, const Absent &, const Absent &, bool, double,
                 double) {
    const auto statistics = input.options().dtype(at::kFloat);
    return {at::empty_like(input), at::empty({input.size(1)}, statistics), at::empty({input.size(1)}, statistics)};
}

Three batch_norm_backward(const Tensor &, const Tensor &input, const Absent &weight, const Absent &, const Absent &,
                          const Absent &, const Absent &, bool, double, Wanted wanted) {
    return {like(wanted[0], input), like(wanted[1], given(weight)), like(wanted[2], given(weight))};
}

Tensor convolution(const Tensor &input, const Tensor &weight, const Absent &, IntArrayRef stride, IntArrayRef padding,
                   IntArrayRef dilation, bool, IntArrayRef, int64_t) {
    std::vector<int64_t> sizes{input.size(0), weight.size(0)};
    for (int64_t i = 0; i + 2 < input.dim(); ++i) {
        const int64_t reach = dilation[i] * (weight.size(i + 2) - 1) + 1;
        sizes.push_back((input.size(i + 2) + 2 * padding[i] - reach) / stride[i] + 1);
    }
    return at::empty(sizes, input.options());
}

Three convolution_backward(const Tensor &, const Tensor &input, const Tensor &weight, IntArrayRef, IntArrayRef,
                           IntArrayRef, bool, IntArrayRef, int64_t, Wanted wanted) {
    return {like(wanted[0], input), like(wanted[1], weight),
            wanted[2] ? at::empty({weight.size(0)}, weight.options()) : Tensor()};
}

Tensor &where_out(const Tensor &condition, const Tensor &first, const Tensor &second, Tensor &out) {
    const auto sizes = at::infer_size(at::infer_size(condition.sizes(), first.sizes()), second.sizes());
    at::native::resize_output(out, sizes);
    return out;
}

Tensor where(const Tensor &condition, const Tensor &first, const Tensor &second) {
    const auto sizes = at::infer_size(at::infer_size(condition.sizes(), first.sizes()), second.sizes());
    return at::empty(sizes, first.dim() > 0 ? first.options() : second.options());
}

Tensor relu(const Tensor &input) { return at::empty_like(input); }

Tensor index_select(const Tensor &input, int64_t dimension, const Tensor &indices) {
    auto sizes = input.sizes().vec();
    sizes[at::maybe_wrap_dim(dimension, input.dim())] = indices.numel();
    return at::empty(sizes, input.options());
}

Tensor embedding_backward(const Tensor &gradient, const Tensor &, int64_t count, int64_t, bool) {
    return at::empty({count, gradient.size(-1)}, gradient.options());
}

Tensor &index_put(Tensor &self, const c10::List<std::optional<Tensor>> &, const Tensor &, bool, bool) { return self; }

}  // namespace

void register_meta_kernels(void) {
    // Kept for as long as the process lives: a library that goes away takes its kernels with it.
    static const auto *library = [] {
        auto *made = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
        made->impl("native_layer_norm", layer_norm);
        made->impl("native_layer_norm_backward", layer_norm_backward);
        made->impl("native_batch_norm", batch_norm);
        made->impl("native_batch_norm_backward", batch_norm_backward);
        made->impl("convolution_overrideable", convolution);
        made->impl("convolution_backward_overrideable", convolution_backward);
        made->impl("where.self", where);
        made->impl("where.self_out", where_out);
        made->impl("relu", relu);
        made->impl("index_select", index_select);
        made->impl("embedding_dense_backward", embedding_backward);
        made->impl("_index_put_impl_", index_put);
        return made;
    }();
    (void)library;
}
