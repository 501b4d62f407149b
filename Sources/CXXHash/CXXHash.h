// xxHash: hashes at the speed of memory.
#include <xxhash.h>
