#pragma once

#include <cstdint>
#include <type_traits>

namespace ctorch {

/// Runs `body` for parts of 0..<count at once, on the threads libtorch computes with: at::parallel_for does so only in code that
/// is compiled with OpenMP, and a second team of threads would keep the first one's cores busy.
/// - Parameter least: of a part.
void in_parts(int64_t count, int64_t least, void (*body)(void *context, int64_t begin, int64_t end), void *context);

template <typename Body>
void in_parts(int64_t count, int64_t least, Body &&body) {
    in_parts(
        count, least,
        [](void *context, int64_t begin, int64_t end) { (*static_cast<std::remove_reference_t<Body> *>(context))(begin, end); },
        const_cast<void *>(static_cast<const void *>(&body)));
}

}  // namespace ctorch
