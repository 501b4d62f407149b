// libtorch holds Gloo inside but ships none of its headers, while its own ProcessGroupGloo.hpp includes five of them.
// That header needs names only: it keeps Gloo's objects behind smart pointers. These files declare those names, and
// nothing here is ever called or laid out by our code.
#pragma once

#include <chrono>
#include <memory>

namespace gloo {

class Context {
 public:
    void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo
