#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>

#include <ATen/Parallel.h>

#include "Internal.hpp"

using ctorch::borrow;
using ctorch::guarded;
using ctorch::handle_of;

namespace {

/// Whether no number has all bits of its exponent set, which infinities and what is not a number have.
template <typename Bits>
bool all_finite(const Bits *bits, int64_t count, Bits exponent) {
    std::atomic<bool> finite{true};
    at::parallel_for(0, count, 1 << 17, [&](int64_t start, int64_t end) {
        constexpr int64_t block = 4096;
        for (; start < end && finite.load(std::memory_order_relaxed); start += block) {
            const int64_t last = std::min(end, start + block);
            Bits found = 0;
            for (int64_t index = start; index < last; ++index) found |= (bits[index] & exponent) == exponent;
            if (found) finite.store(false, std::memory_order_relaxed);
        }
    });
    return finite;
}

}  // namespace

extern "C" {

void ct_tensor_release(ct_tensor tensor) {
    c10::raw::intrusive_ptr::decref(reinterpret_cast<c10::TensorImpl *>(tensor));
}

ct_tensor ct_tensor_retain(ct_tensor tensor) { return handle_of(borrow(tensor)); }

int ct_tensor_from_host(const void *bytes, const int64_t *sizes, size_t rank, int32_t dtype, ct_tensor *out) {
    return guarded([&] {
        const auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype));
        auto tensor = at::empty(at::IntArrayRef(sizes, rank), options);
        if (tensor.nbytes() > 0) std::memcpy(tensor.data_ptr(), bytes, tensor.nbytes());
        *out = handle_of(std::move(tensor));
    });
}

int ct_tensor_borrowing_host(void *bytes, const int64_t *sizes, size_t rank, int32_t dtype,
                             void (*release)(void *context), void *context, ct_tensor *out) {
    return guarded([&] {
        const auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype));
        *out = handle_of(at::from_blob(
            bytes, at::IntArrayRef(sizes, rank), [release, context](void *) { release(context); }, options));
    });
}

int ct_tensor_to_host(ct_tensor handle, void *bytes, size_t byte_count) {
    return guarded([&] {
        const auto tensor = borrow(handle).detach().to(at::kCPU).contiguous();
        TORCH_CHECK(tensor.nbytes() == byte_count, "the tensor holds ", tensor.nbytes(), " bytes, not ", byte_count);
        if (byte_count > 0) std::memcpy(bytes, tensor.const_data_ptr(), byte_count);
    });
}

size_t ct_tensor_rank(ct_tensor tensor) { return reinterpret_cast<c10::TensorImpl *>(tensor)->dim(); }

void ct_tensor_sizes(ct_tensor tensor, int64_t *sizes) {
    const auto source = reinterpret_cast<c10::TensorImpl *>(tensor)->sizes();
    std::copy(source.begin(), source.end(), sizes);
}

int32_t ct_tensor_dtype(ct_tensor tensor) { return static_cast<int32_t>(borrow(tensor).scalar_type()); }

int32_t ct_tensor_all_finite(ct_tensor handle) {
    int32_t answer = -1;
    guarded([&] {
        const auto tensor = borrow(handle);
        if (!tensor.device().is_cpu() || !tensor.is_non_overlapping_and_dense()) return;
        const auto count = tensor.numel();
        const auto small = [&] { return static_cast<const uint16_t *>(tensor.const_data_ptr()); };
        switch (tensor.scalar_type()) {
            case at::kHalf: answer = all_finite<uint16_t>(small(), count, 0x7c00); break;
            case at::kBFloat16: answer = all_finite<uint16_t>(small(), count, 0x7f80); break;
            case at::kFloat:
                answer = all_finite<uint32_t>(static_cast<const uint32_t *>(tensor.const_data_ptr()), count, 0x7f800000);
                break;
            default: break;
        }
    });
    return answer;
}

int64_t ct_tensor_device(ct_tensor tensor) { return ctorch::code_of(borrow(tensor).device()); }

}  // extern "C"
