#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/engine.h>

#include <cstdlib>
#include <mutex>

#include "Internal.hpp"

namespace {

/// The function and whoever keeps it alive.
struct Body {
    ct_function function;
    void (*release)(void *);
    void *context;

    Body(ct_function function, void (*release)(void *), void *context)
        : function(function), release(release), context(context) {}
    Body(const Body &) = delete;
    ~Body() { release(context); }

    at::Tensor operator()(const at::Tensor &input, bool is_repeat) const {
        ct_tensor output = nullptr;
        char *problem = function(context, ctorch::handle_of(input), is_repeat, &output);
        if (problem) {
            const std::string message(problem);
            std::free(problem);
            TORCH_CHECK(false, message);
        }
        auto *impl = reinterpret_cast<c10::TensorImpl *>(output);
        return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(impl));
    }
};

/// What an operator's numbers depend on besides its inputs, on one device.
struct Surroundings {
    c10::Device device;
    at::Tensor random;
    bool autocast_enabled;
    at::ScalarType autocast_dtype;

    static Surroundings current(c10::Device device) {
        auto generator = at::globalContext().defaultGenerator(device);
        std::lock_guard<std::mutex> lock(generator.mutex());
        return {device, generator.get_state(), at::autocast::is_autocast_enabled(device.type()),
                at::autocast::get_autocast_dtype(device.type())};
    }

    void install() const {
        auto generator = at::globalContext().defaultGenerator(device);
        std::lock_guard<std::mutex> lock(generator.mutex());
        generator.set_state(random);
        at::autocast::set_autocast_enabled(device.type(), autocast_enabled);
        at::autocast::set_autocast_dtype(device.type(), autocast_dtype);
    }
};

/// Puts the thread back as it was found, whatever is thrown in between.
struct SurroundingsGuard {
    Surroundings before;
    explicit SurroundingsGuard(const Surroundings &wanted) : before(Surroundings::current(wanted.device)) {
        wanted.install();
    }
    ~SurroundingsGuard() {
        try {
            before.install();
            // Copies of parameters made for the repeat must not outlive it.
            if (!before.autocast_enabled) at::autocast::clear_cache();
        } catch (...) {
            // Installing what was just read cannot fail in a way that could be acted on here.
        }
    }
};

/// What the backward pass finds again.
struct Recorded : torch::CustomClassHolder {
    Body body;
    Surroundings surroundings;

    Recorded(ct_function function, void (*release)(void *), void *context, c10::Device device)
        : body(function, release, context), surroundings(Surroundings::current(device)) {}
};

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// A step of the graph that stands for a whole function: backward runs it again, this time recorded.
struct Recomputation : torch::autograd::Function<Recomputation> {
    /// `anchor` needs a gradient, so that there is a step also where only parameters inside the function do.
    static at::Tensor forward(AutogradContext *context, const at::Tensor &input, const at::Tensor & /*anchor*/,
                              const c10::intrusive_ptr<Recorded> &recorded) {
        context->save_for_backward({input});
        context->saved_data["recorded"] = c10::IValue::make_capsule(recorded);
        return recorded->body(input.detach(), false);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        TORCH_CHECK(torch::autograd::Engine::get_default_engine().is_checkpoint_valid(),
                    "recomputed parts accumulate into every parameter; gradients of chosen tensors alone cannot be "
                    "taken through them");
        const auto input = context->get_saved_variables().at(0);
        const auto recorded = c10::static_intrusive_pointer_cast<Recorded>(
            context->saved_data.at("recorded").toCapsule());
        if (!gradients.at(0).defined()) return {at::Tensor(), at::Tensor(), at::Tensor()};
        at::AutoGradMode recording(true);
        auto leaf = input.detach();
        if (input.requires_grad()) leaf.set_requires_grad(true);
        at::Tensor output;
        {
            SurroundingsGuard guard(recorded->surroundings);
            output = recorded->body(leaf, true);
        }
        torch::autograd::backward({output}, {gradients[0]});
        return {leaf.grad(), at::Tensor(), at::Tensor()};
    }
};

}  // namespace

extern "C" int ct_recomputed(ct_tensor input, ct_function function, void (*release)(void *context), void *context,
                             ct_tensor *out) {
    return ctorch::guarded([&] {
        const auto given = ctorch::borrow(input);
        const auto recorded = c10::make_intrusive<Recorded>(function, release, context, given.device());
        const auto anchor = at::zeros({}, given.options().dtype(at::kFloat)).requires_grad_(true);
        *out = ctorch::handle_of(Recomputation::apply(given, anchor, recorded));
    });
}
