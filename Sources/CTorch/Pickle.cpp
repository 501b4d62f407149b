#include <torch/csrc/jit/serialization/pickle.h>

#include <string>

#include "Internal.hpp"

extern "C" int ct_pickle_tensors(const char *const *names, const ct_tensor *tensors, size_t count,
                                 void (*write)(void *context, const void *bytes, size_t size), void *context) {
    return ctorch::guarded([&] {
        c10::Dict<std::string, at::Tensor> dictionary;
        for (size_t index = 0; index < count; ++index) {
            dictionary.insert(names[index], ctorch::borrow(tensors[index]));
        }
        const auto bytes = torch::jit::pickle_save(dictionary);
        write(context, bytes.data(), bytes.size());
    });
}
