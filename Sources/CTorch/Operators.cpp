#include <ATen/core/dispatch/Dispatcher.h>

#include "Internal.hpp"

namespace {

using c10::IValue;
using c10::TypeKind;

at::Tensor optional_tensor(ct_tensor handle) { return handle ? ctorch::borrow(handle) : at::Tensor(); }

/// The schema's type with any `Optional` around it removed.
c10::TypePtr unwrapped(const c10::TypePtr &type) {
    if (auto optional = type->cast<c10::OptionalType>()) return unwrapped(optional->getElementType());
    return type;
}

IValue tensor_list(const ct_value &value, const c10::TypePtr &type) {
    auto list = type->cast<c10::ListType>();
    if (list && list->getElementType()->kind() == TypeKind::OptionalType) {
        c10::List<std::optional<at::Tensor>> tensors;
        tensors.reserve(value.count);
        for (int64_t i = 0; i < value.count; ++i) {
            if (value.tensors[i]) {
                tensors.push_back(ctorch::borrow(value.tensors[i]));
            } else {
                tensors.push_back(std::nullopt);
            }
        }
        return tensors;
    }
    c10::List<at::Tensor> tensors;
    tensors.reserve(value.count);
    for (int64_t i = 0; i < value.count; ++i) tensors.push_back(optional_tensor(value.tensors[i]));
    return tensors;
}

/// Real numbers, as a list of the schema's own elements: some operators take scalars that may be absent.
IValue real_list(const ct_value &value, const c10::TypePtr &type) {
    auto list = type->cast<c10::ListType>();
    if (list && list->getElementType()->kind() != TypeKind::FloatType) {
        c10::impl::GenericList scalars(list->getElementType());
        for (int64_t i = 0; i < value.count; ++i) scalars.push_back(IValue(value.doubles[i]));
        return scalars;
    }
    return c10::List<double>(c10::ArrayRef<double>(value.doubles, value.count));
}

/// Converts one argument to what the schema asks for: an integer given where a real is wanted becomes one.
IValue argument_value(const ct_value &value, const c10::Argument &argument) {
    const auto type = unwrapped(argument.type());
    switch (value.kind) {
        case CT_NONE:
            // An absent tensor travels as an undefined one; every other optional is None.
            return type->kind() == TypeKind::TensorType && argument.type()->kind() != TypeKind::OptionalType
                ? IValue(at::Tensor())
                : IValue();
        case CT_TENSOR: return ctorch::borrow(value.tensor);
        case CT_INT:
            if (type->kind() == TypeKind::FloatType) return static_cast<double>(value.integer);
            if (type->kind() == TypeKind::BoolType) return value.integer != 0;
            return value.integer;
        case CT_DOUBLE: return value.real;
        case CT_BOOL: return value.integer != 0;
        case CT_STRING: return std::string(value.string);
        case CT_DEVICE: return ctorch::device_of(value.integer);
        case CT_INT_LIST: return c10::List<int64_t>(c10::ArrayRef<int64_t>(value.ints, value.count));
        case CT_DOUBLE_LIST: return real_list(value, type);
        case CT_TENSOR_LIST: return tensor_list(value, type);
    }
    TORCH_CHECK(false, "argument '", argument.name(), "' has a kind the door does not know");
}

/// Kinds of devices among a call's tensors. Matrix products and look-ups would take a tensor with memory beside ones on
/// the meta device; refusing that makes running a model there a proof that it mixes no devices.
class DeviceKinds {
public:
    void note(const ct_value &value) {
        if (value.kind == CT_TENSOR) note(value.tensor);
        if (value.kind != CT_TENSOR_LIST) return;
        for (int64_t i = 0; i < value.count; ++i) note(value.tensors[i]);
    }

    void check(const c10::FunctionSchema &schema) const {
        TORCH_CHECK(
            !(has_meta_ && has_real_) || schema.name() == "aten::copy_", schema.name(),
            " was given tensors on the meta device together with tensors on another");
    }

private:
    void note(ct_tensor handle) {
        if (!handle) return;
        (reinterpret_cast<c10::TensorImpl *>(handle)->is_meta() ? has_meta_ : has_real_) = true;
    }

    bool has_meta_ = false;
    bool has_real_ = false;
};

/// Collects results, growing `out` by one value each.
struct ResultWriter {
    ct_value *results;
    size_t capacity;
    size_t count = 0;

    ct_value &next() {
        TORCH_CHECK(count < capacity, "the operator returns more than the ", capacity, " results asked for");
        return results[count++];
    }

    void write(const at::Tensor &tensor) {
        ct_value &slot = next();
        slot.kind = tensor.defined() ? CT_TENSOR : CT_NONE;
        slot.tensor = tensor.defined() ? ctorch::handle_of(tensor) : nullptr;
    }

    void write(const IValue &value) {
        if (value.isTensor()) {
            write(value.toTensor());
        } else if (value.isTensorList()) {
            for (const at::Tensor &tensor : value.toTensorVector()) write(tensor);
        } else if (value.isInt()) {
            ct_value &slot = next();
            slot.kind = CT_INT;
            slot.integer = value.toInt();
        } else if (value.isBool()) {
            ct_value &slot = next();
            slot.kind = CT_BOOL;
            slot.integer = value.toBool();
        } else if (value.isDouble()) {
            ct_value &slot = next();
            slot.kind = CT_DOUBLE;
            slot.real = value.toDouble();
        } else if (value.isNone()) {
            next().kind = CT_NONE;
        } else {
            TORCH_CHECK(false, "the operator returns a ", value.tagKind(), ", which the door does not carry");
        }
    }

    void release_all() noexcept {
        for (size_t i = 0; i < count; ++i) {
            if (results[i].kind == CT_TENSOR) ct_tensor_release(results[i].tensor);
        }
        count = 0;
    }
};

}  // namespace

extern "C" {

int ct_operator(const char *name, const char *overload, ct_operator_handle *out) {
    return ctorch::guarded([&] {
        auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
        // Operators we call by name are never unregistered: one small allocation each, kept for the process.
        *out = reinterpret_cast<ct_operator_handle>(new c10::OperatorHandle(handle));
    });
}

int ct_call(ct_operator_handle op, const ct_value *arguments, size_t count,
            ct_value *results, size_t capacity, size_t *result_count) {
    ResultWriter writer{results, capacity};
    const int status = ctorch::guarded([&] {
        const auto &handle = *reinterpret_cast<const c10::OperatorHandle *>(op);
        const auto &schema = handle.schema();
        const auto &wanted = schema.arguments();
        TORCH_CHECK(count <= wanted.size(), schema.name(), " takes ", wanted.size(), " arguments, not ", count);
        torch::jit::Stack stack;
        stack.reserve(wanted.size());
        DeviceKinds kinds;
        for (size_t i = 0; i < count; ++i) {
            stack.push_back(argument_value(arguments[i], wanted[i]));
            kinds.note(arguments[i]);
        }
        kinds.check(schema);
        for (size_t i = count; i < wanted.size(); ++i) {
            TORCH_CHECK(wanted[i].default_value(), schema.name(), " needs argument '", wanted[i].name(), "'");
            stack.push_back(*wanted[i].default_value());
        }
        handle.callBoxed(stack);
        for (const IValue &value : stack) writer.write(value);
    });
    if (status != 0) writer.release_all();
    *result_count = writer.count;
    return status;
}

}  // extern "C"
