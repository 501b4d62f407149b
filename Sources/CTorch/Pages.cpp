// Memory of what is needed no longer.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "Internal.hpp"

#if defined(__linux__)
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

extern "C" {

size_t ct_release_file_pages([[maybe_unused]] ct_tensor tensor) {
#if defined(__linux__)
    const at::Tensor values = ctorch::borrow(tensor);
    if (!values.defined() || !values.device().is_cpu() || !values.is_contiguous() || values.numel() == 0) return 0;
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto start = reinterpret_cast<uintptr_t>(values.const_data_ptr());
    const uintptr_t first = (start + page - 1) / page, last = (start + values.nbytes()) / page;
    // A few pages are not worth the look.
    if (last < first + 16) return 0;
    // The kernel says of each page whether it is a file's still. One that was written to is this process's own, and dropping it
    // would lose what was written.
    constexpr uint64_t isPresent = uint64_t{1} << 63, isFile = uint64_t{1} << 61;
    const int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (map < 0) return 0;
    size_t released = 0;
    std::vector<uint64_t> entries(4096);
    for (uintptr_t at = first; at < last;) {
        const size_t wanted = std::min<size_t>(entries.size(), last - at);
        const ssize_t bytes = pread(map, entries.data(), wanted * 8, static_cast<off_t>(at * 8));
        if (bytes <= 0) break;
        const size_t count = static_cast<size_t>(bytes) / 8;
        const auto isClean = [&](size_t index) { return (entries[index] & (isPresent | isFile)) == (isPresent | isFile); };
        for (size_t index = 0; index < count;) {
            size_t end = index;
            while (end < count && isClean(end)) ++end;
            if (end > index && madvise(reinterpret_cast<void *>((at + index) * page), (end - index) * page, MADV_DONTNEED) == 0)
                released += (end - index) * page;
            index = end + 1;
        }
        at += count;
        if (count == 0) break;
    }
    close(map);
    return released;
#else
    return 0;
#endif
}

}  // extern "C"
