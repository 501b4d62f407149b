#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>

#include "Internal.hpp"

using ctorch::borrow;
using ctorch::guarded;

namespace {

struct GradientHook final : torch::autograd::PostAccumulateGradHook {
    GradientHook(void (*callback)(void *), void (*release)(void *), void *context)
        : callback(callback), release(release), context(context) {}
    ~GradientHook() override { release(context); }
    void operator()(const torch::autograd::Variable &) override { callback(context); }

    void (*callback)(void *);
    void (*release)(void *);
    void *context;
};

}  // namespace

extern "C" {

bool ct_tensor_requires_grad(ct_tensor tensor) { return borrow(tensor).requires_grad(); }

int ct_tensor_set_requires_grad(ct_tensor tensor, bool value) {
    return guarded([&] { borrow(tensor).set_requires_grad(value); });
}

int ct_tensor_grad(ct_tensor tensor, ct_tensor *out) {
    return guarded([&] {
        const auto &gradient = borrow(tensor).grad();
        *out = gradient.defined() ? ctorch::handle_of(gradient) : nullptr;
    });
}

int ct_tensor_set_grad(ct_tensor tensor, ct_tensor gradient) {
    return guarded([&] { borrow(tensor).mutable_grad() = gradient ? borrow(gradient) : at::Tensor(); });
}

int ct_backward(const ct_tensor *roots, const ct_tensor *gradients, size_t count, bool retain_graph) {
    return guarded([&] {
        torch::autograd::variable_list outputs, seeds;
        for (size_t i = 0; i < count; ++i) {
            outputs.push_back(borrow(roots[i]));
            seeds.push_back(gradients && gradients[i] ? borrow(gradients[i]) : at::Tensor());
        }
        torch::autograd::backward(outputs, seeds, retain_graph);
    });
}

int ct_gradient(ct_tensor root, ct_tensor input, ct_tensor *out) {
    return guarded([&] {
        *out = ctorch::handle_of(torch::autograd::grad({borrow(root)}, {borrow(input)})[0]);
    });
}

int ct_tensor_set_gradient_hook(ct_tensor tensor, void (*callback)(void *), void (*release)(void *), void *context) {
    return guarded([&] {
        std::unique_ptr<torch::autograd::PostAccumulateGradHook> hook;
        if (callback) hook = std::make_unique<GradientHook>(callback, release, context);
        torch::autograd::impl::set_post_acc_grad_hooks(borrow(tensor), std::move(hook));
    });
}

bool ct_grad_mode(void) { return c10::GradMode::is_enabled(); }

void ct_set_grad_mode(bool enabled) { c10::GradMode::set_enabled(enabled); }

void *ct_inference_mode_enter(bool enabled) { return new (std::nothrow) c10::InferenceMode(enabled); }

void ct_inference_mode_exit(void *guard) { delete static_cast<c10::InferenceMode *>(guard); }

int ct_autocast_set(int64_t device, bool enabled, int32_t dtype, bool *was_enabled, int32_t *old_dtype) {
    return guarded([&] {
        const auto type = ctorch::device_of(device).type();
        *was_enabled = at::autocast::is_autocast_enabled(type);
        *old_dtype = static_cast<int32_t>(at::autocast::get_autocast_dtype(type));
        at::autocast::set_autocast_enabled(type, enabled);
        at::autocast::set_autocast_dtype(type, static_cast<at::ScalarType>(dtype));
    });
}

void ct_autocast_clear_cache(void) {
    guarded([] { at::autocast::clear_cache(); });
}

}  // extern "C"
