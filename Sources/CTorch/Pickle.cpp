#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/pickler.h>

#include <string>
#include <vector>

#include "Internal.hpp"

namespace {

// A tensor that is all of its storage: storages are written whole.
at::Tensor compact(const at::Tensor &tensor) {
    const auto value = tensor.detach().contiguous();
    return value.storage().nbytes() == value.nbytes() ? value : value.clone();
}

}  // namespace

// torch::jit::pickle_save would tag the dictionary with its type by a function that torch.load refuses to call where
// weights_only is set. Without tags the same archive holds a plain dictionary.
extern "C" int ct_pickle_tensors(const char *const *names, const ct_tensor *tensors, size_t count,
                                 void (*write)(void *context, const void *bytes, size_t size), void *context) {
    return ctorch::guarded([&] {
        c10::Dict<std::string, at::Tensor> dictionary;
        for (size_t index = 0; index < count; ++index) {
            dictionary.insert(names[index], compact(ctorch::borrow(tensors[index])));
        }
        std::vector<char> pickle;
        torch::jit::Pickler pickler(
            [&](const char *bytes, size_t size) { pickle.insert(pickle.end(), bytes, bytes + size); }, nullptr,
            nullptr, nullptr, nullptr, /*tag_aggregates=*/false);
        pickler.protocol();
        pickler.pushIValue(dictionary);
        pickler.stop();

        std::vector<char> archive;
        caffe2::serialize::PyTorchStreamWriter writer([&](const void *bytes, size_t size) {
            const auto *first = static_cast<const char *>(bytes);
            archive.insert(archive.end(), first, first + size);
            return size;
        });
        writer.writeRecord("data.pkl", pickle.data(), pickle.size());
        size_t index = 0;
        for (const auto &tensor : pickler.tensorData()) {
            writer.writeRecord("data/" + std::to_string(index++), tensor.data_ptr(), tensor.nbytes());
        }
        writer.writeEndOfFile();
        write(context, archive.data(), archive.size());
    });
}
