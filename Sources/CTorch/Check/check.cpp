// Tries the door with nothing but its own header: operators, differentiation, autocast and random states on the CPU, and
// with a GPU the same there, pinned copies, events and memory counts. Exit status 0 if all that could be tried
// gave the right numbers; what could not be tried is named.
#include <ctorch.h>
#include <ctorch_cuda.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr int32_t float32 = 6;
constexpr int32_t bfloat16 = 15;
constexpr int64_t cpu = 0 | 0xff << 8;
constexpr int64_t cuda = 1 | 0 << 8;

int checks = 0;
int failures = 0;
std::string place;

void expect(bool holds, const std::string &what) {
    ++checks;
    if (holds) return;
    ++failures;
    std::printf("FAILED  %s: %s\n", place.c_str(), what.c_str());
}

/// A call that has to succeed.
void must(int status, const char *what) {
    if (status == 0) return;
    std::printf("FAILED  %s: %s: %s\n", place.c_str(), what, ct_last_error());
    std::exit(1);
}

/// An owned tensor.
class Tensor {
public:
    Tensor() = default;
    explicit Tensor(ct_tensor owned) : handle(owned) {}
    Tensor(const Tensor &) = delete;
    Tensor(Tensor &&other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
    Tensor &operator=(Tensor &&other) noexcept {
        std::swap(handle, other.handle);
        return *this;
    }
    ~Tensor() {
        if (handle) ct_tensor_release(handle);
    }
    ct_tensor handle = nullptr;
};

ct_value value(const Tensor &tensor) {
    ct_value result{};
    result.kind = CT_TENSOR;
    result.tensor = tensor.handle;
    return result;
}

ct_value whole(int64_t number, ct_kind kind = CT_INT) {
    ct_value result{};
    result.kind = kind;
    result.integer = number;
    return result;
}

Tensor call(const char *name, const char *overload, std::initializer_list<ct_value> arguments) {
    ct_operator_handle op = nullptr;
    must(ct_operator(name, overload, &op), name);
    const std::vector<ct_value> values(arguments);
    ct_value result{};
    size_t count = 0;
    must(ct_call(op, values.data(), values.size(), &result, 1, &count), name);
    return Tensor(result.tensor);
}

Tensor matrix(const std::vector<float> &elements, int64_t rows, int64_t columns) {
    const int64_t sizes[] = {rows, columns};
    ct_tensor made = nullptr;
    must(ct_tensor_from_host(elements.data(), sizes, 2, float32, &made), "from host");
    return Tensor(made);
}

Tensor moved(const Tensor &tensor, int64_t device, bool non_blocking = false) {
    return call("aten::to", "device", {value(tensor), whole(device, CT_DEVICE), whole(ct_tensor_dtype(tensor.handle)),
                                       whole(non_blocking, CT_BOOL)});
}

Tensor converted(const Tensor &tensor, int32_t dtype) {
    return call("aten::to", "dtype", {value(tensor), whole(dtype)});
}

std::vector<float> elements(const Tensor &tensor) {
    int64_t sizes[8] = {};
    ct_tensor_sizes(tensor.handle, sizes);
    size_t count = 1;
    for (size_t i = 0; i < ct_tensor_rank(tensor.handle); ++i) count *= static_cast<size_t>(sizes[i]);
    std::vector<float> result(count);
    const Tensor plain = converted(tensor, float32);
    must(ct_tensor_to_host(plain.handle, result.data(), count * sizeof(float)), "to host");
    return result;
}

void expect_close(const Tensor &tensor, const std::vector<float> &wanted, float tolerance, const std::string &what) {
    const auto found = elements(tensor);
    bool close = found.size() == wanted.size();
    for (size_t i = 0; close && i < found.size(); ++i) close = std::fabs(found[i] - wanted[i]) <= tolerance;
    expect(close, what);
}

void check_operators(int64_t device) {
    const Tensor a = moved(matrix({1, 2, 3, 4}, 2, 2), device);
    const Tensor b = moved(matrix({5, 6, 7, 8}, 2, 2), device);
    expect(ct_tensor_device(a.handle) == (device == cpu ? cpu : cuda), "a tensor is where it was put");
    expect_close(call("aten::matmul", "", {value(a), value(b)}), {19, 22, 43, 50}, 0, "matrix product");

    must(ct_tensor_set_requires_grad(a.handle, true), "requires grad");
    const Tensor sum = call("aten::sum", "", {value(call("aten::mul", "Tensor", {value(a), value(a)}))});
    must(ct_backward(&sum.handle, nullptr, 1, false), "backward");
    ct_tensor gradient = nullptr;
    must(ct_tensor_grad(a.handle, &gradient), "gradient");
    expect_close(Tensor(gradient), {2, 4, 6, 8}, 0, "gradient of a sum of squares");

    ct_operator_handle op = nullptr;
    expect(ct_operator("aten::no_such_operator", "", &op) != 0 && std::strlen(ct_last_error()) > 0,
           "an unknown operator is an error with a message");
    const ct_value wrong[] = {value(a), value(matrix({1, 2, 3}, 3, 1))};
    ct_value result{};
    size_t count = 0;
    must(ct_operator("aten::matmul", "", &op), "matmul");
    expect(ct_call(op, wrong, 2, &result, 1, &count) != 0, "shapes that do not fit are an error");
}

void check_modes(int64_t device) {
    const Tensor a = moved(matrix({1, 2, 3, 4}, 2, 2), device);
    bool was = false;
    int32_t old = 0;
    must(ct_autocast_set(device, true, bfloat16, &was, &old), "autocast");
    const Tensor product = call("aten::matmul", "", {value(a), value(a)});
    must(ct_autocast_set(device, was, old, &was, &old), "autocast off");
    ct_autocast_clear_cache();
    expect(ct_tensor_dtype(product.handle) == bfloat16, "autocast computes in bfloat16");
    expect_close(product, {7, 10, 15, 22}, 0.125F, "autocast's product");

    ct_tensor state = nullptr;
    must(ct_manual_seed(7), "seed");
    must(ct_random_state(device, &state), "random state");
    const Tensor kept(state);
    const auto draw = [&] {
        const Tensor zeros = call("aten::zeros_like", "", {value(a)});
        return elements(call("aten::uniform_", "", {value(zeros)}));
    };
    const auto first = draw();
    must(ct_set_random_state(device, kept.handle), "set random state");
    expect(first == draw(), "the same random state gives the same numbers");
}

void check_attention(int64_t device) {
    const int64_t sizes[] = {1, 2, 8, 16};
    std::vector<float> numbers(256);
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = std::sin(static_cast<float>(i));
    ct_tensor made = nullptr;
    must(ct_tensor_from_host(numbers.data(), sizes, 4, float32, &made), "from host");
    const Tensor on_cpu(made);
    const auto attend = [](const Tensor &states) {
        ct_value none{};
        ct_value zero{};
        zero.kind = CT_DOUBLE;
        return call("aten::scaled_dot_product_attention", "",
                    {value(states), value(states), value(states), none, zero, whole(1, CT_BOOL)});
    };
    const auto wanted = elements(attend(on_cpu));
    expect_close(attend(moved(on_cpu, device)), wanted, 1e-5F, "causal attention");
    expect_close(attend(converted(moved(on_cpu, device), bfloat16)), wanted, 3e-2F, "causal attention in bfloat16");
}

void check_gpu() {
    ct_cuda_properties properties{};
    if (ct_built_with_cuda()) {
        must(ct_cuda_properties_of(0, &properties), "properties");
        std::printf("GPU 0   %s, %.1f GiB, compute capability %d.%d, %d multiprocessors\n", properties.name,
                    static_cast<double>(properties.memory) / (1 << 30), properties.major, properties.minor,
                    properties.multiprocessors);
    }
    // Pinned and copied while the host goes on.
    const Tensor pinned = call("aten::pin_memory", "", {value(matrix({1, 2, 3, 4}, 2, 2))});
    const Tensor copied = moved(pinned, cuda, true);
    must(ct_cuda_synchronize(), "synchronize");
    expect_close(copied, {1, 2, 3, 4}, 0, "a pinned copy");

    ct_event start = nullptr, end = nullptr;
    must(ct_event_create(&start), "event");
    must(ct_event_create(&end), "event");
    must(ct_event_record(start), "record");
    const Tensor large = call("aten::zeros_like", "", {value(copied)});
    must(ct_event_record(end), "record");
    must(ct_event_synchronize(end), "wait for event");
    double milliseconds = -1;
    must(ct_event_elapsed(start, end, &milliseconds), "elapsed");
    expect(milliseconds >= 0, "events measure time");
    ct_event_release(start);
    ct_event_release(end);

    ct_cuda_memory memory{};
    must(ct_cuda_memory_of(0, &memory), "memory");
    expect(memory.allocated > 0 && memory.allocated_peak >= memory.allocated && memory.total >= memory.available,
           "memory is counted");
    must(ct_cuda_reset_peak_memory(0), "reset peak");
}

void check_all(int64_t device) {
    check_operators(device);
    check_modes(device);
    check_attention(device);
}

}  // namespace

int main() {
    ct_initialize();
    std::printf("libtorch %s; GPUs: %d; door %s CUDA's headers\n", ct_version(), ct_cuda_device_count(),
                ct_built_with_cuda() ? "built with" : "built without");
    place = "cpu";
    check_all(cpu);
    if (ct_cuda_is_available()) {
        place = "cuda";
        check_all(cuda);
        check_gpu();
    } else {
        place = "without a GPU";
        ct_event event = nullptr;
        expect(ct_event_create(&event) != 0 && std::strlen(ct_last_error()) > 0, "an event is refused with a message");
        std::printf("not tried: cuda (%s)\n", ct_last_error());
    }
    std::printf("%d checks, %d failed\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
