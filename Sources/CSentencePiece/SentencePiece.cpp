#include "include/csentencepiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

struct csp_model {
    sentencepiece::SentencePieceProcessor processor;
};

namespace {

void copy_message(const std::string &text, char *message, size_t capacity) noexcept {
    if (message == nullptr || capacity == 0) return;
    const size_t count = std::min(text.size(), capacity - 1);
    std::memcpy(message, text.data(), count);
    message[count] = 0;
}

}  // namespace

csp_model *csp_load(const void *bytes, size_t count, char *message, size_t capacity) {
    try {
        auto model = std::make_unique<csp_model>();
        const absl::string_view view(static_cast<const char *>(bytes), count);
        const auto status = model->processor.LoadFromSerializedProto(view);
        if (status.ok()) return model.release();
        copy_message(status.ToString(), message, capacity);
    } catch (const std::exception &error) {
        copy_message(error.what(), message, capacity);
    } catch (...) {
        copy_message("an unknown C++ exception", message, capacity);
    }
    return nullptr;
}

void csp_release(csp_model *model) { delete model; }

int64_t csp_encode(const csp_model *model, const void *text, size_t count, int32_t *ids, size_t capacity) {
    try {
        std::vector<int> found;
        const absl::string_view view(static_cast<const char *>(text), count);
        if (!model->processor.Encode(view, &found).ok()) return -1;
        const size_t kept = std::min(found.size(), capacity);
        std::copy(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), ids);
        return static_cast<int64_t>(found.size());
    } catch (...) {
        return -1;
    }
}
