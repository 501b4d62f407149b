#pragma once

#include <ATen/ATen.h>

#include <exception>
#include <string>

#include "include/ctorch.h"

namespace ctorch {

/// Keeps a message for `ct_last_error` on this thread.
void remember_error(const std::string &message) noexcept;

/// Runs `body`, turning any C++ exception into status 1 and a remembered message.
template <typename Body>
int guarded(Body &&body) noexcept {
    try {
        body();
        return 0;
    } catch (const c10::Error &error) {
        remember_error(error.what_without_backtrace());
    } catch (const std::exception &error) {
        remember_error(error.what());
    } catch (...) {
        remember_error("an unknown C++ exception");
    }
    return 1;
}

/// A handle is the tensor's own reference-counted implementation: no allocation of ours stands between.
inline ct_tensor handle_of(at::Tensor tensor) {
    return reinterpret_cast<ct_tensor>(tensor.unsafeReleaseTensorImpl());
}

inline at::Tensor borrow(ct_tensor handle) {
    auto *impl = reinterpret_cast<c10::TensorImpl *>(handle);
    return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(impl));
}

/// Devices travel as `type | index << 8`, with index 255 for "the current one".
inline c10::Device device_of(int64_t code) {
    const auto type = static_cast<c10::DeviceType>(code & 0xff);
    const auto index = (code >> 8) & 0xff;
    return c10::Device(type, index == 0xff ? -1 : static_cast<c10::DeviceIndex>(index));
}

inline int64_t code_of(c10::Device device) {
    const int64_t index = device.has_index() ? device.index() : 0xff;
    return static_cast<int64_t>(device.type()) | (index << 8);
}

}  // namespace ctorch
