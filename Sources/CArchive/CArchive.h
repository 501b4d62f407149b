// libarchive reads and writes the tar shards; only its two public headers are needed.
#include <archive.h>
#include <archive_entry.h>
