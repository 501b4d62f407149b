#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "Internal.hpp"

namespace {

using torch::autograd::variable_list;

/// The function and whoever keeps it alive.
struct Body {
    ct_function function;
    void (*release)(void *);
    void *context;

    Body(ct_function function, void (*release)(void *), void *context)
        : function(function), release(release), context(context) {}
    Body(const Body &) = delete;
    ~Body() { release(context); }

    at::Tensor operator()(const std::vector<at::Tensor> &inputs, bool is_repeat) const {
        std::vector<ct_tensor> handles;
        for (const auto &input : inputs) handles.push_back(ctorch::handle_of(input));
        ct_tensor output = nullptr;
        char *problem = function(context, handles.data(), handles.size(), is_repeat, &output);
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

/// A step of the graph that stands for a whole function: backward runs it again, this time recorded.
struct Recomputation : torch::autograd::Node {
    std::unique_ptr<Body> body;
    std::vector<at::Tensor> inputs;
    Surroundings surroundings;

    explicit Recomputation(Surroundings surroundings) : surroundings(std::move(surroundings)) {}

    std::string name() const override { return "Recomputation"; }

    void release_variables() override { inputs.clear(); }

    variable_list apply(variable_list &&gradients) override {
        TORCH_CHECK(torch::autograd::Engine::get_default_engine().is_checkpoint_valid(),
                    "recomputed parts accumulate into every parameter; gradients of chosen tensors alone cannot be "
                    "taken through them");
        variable_list results(inputs.size());
        TORCH_CHECK(num_inputs() == 1 && gradients.size() == 1, "a recomputed part has one output");
        if (!gradients[0].defined()) return results;
        TORCH_CHECK(!inputs.empty(), "backward through a recomputed part a second time");
        at::AutoGradMode recording(true);
        std::vector<at::Tensor> leaves;
        for (const auto &input : inputs) {
            leaves.push_back(input.detach());
            if (input.requires_grad()) leaves.back().set_requires_grad(true);
        }
        at::Tensor output;
        {
            SurroundingsGuard guard(surroundings);
            output = (*body)(leaves, true);
        }
        torch::autograd::backward({output}, {gradients[0]});
        for (size_t i = 0; i < leaves.size(); ++i) results[i] = leaves[i].grad();
        return results;
    }
};

}  // namespace

extern "C" int ct_recomputed(const ct_tensor *inputs, size_t count, ct_function function,
                             void (*release)(void *context), void *context, ct_tensor *out) {
    return ctorch::guarded([&] {
        auto body = std::make_unique<Body>(function, release, context);
        std::vector<at::Tensor> given;
        for (size_t i = 0; i < count; ++i) given.push_back(ctorch::borrow(inputs[i]));
        TORCH_CHECK(!given.empty(), "a recomputed part needs an input");
        auto node = std::shared_ptr<Recomputation>(
            new Recomputation(Surroundings::current(given[0].device())), torch::autograd::deleteNode);
        at::Tensor output;
        {
            at::AutoGradMode recording(false);
            output = (*body)(given, false).detach();
        }
        node->body = std::move(body);
        node->set_next_edges(torch::autograd::collect_next_edges(given));
        node->inputs = std::move(given);
        // Also where no input needs a gradient: parameters inside may.
        torch::autograd::set_history(output, node);
        *out = ctorch::handle_of(std::move(output));
    });
}
