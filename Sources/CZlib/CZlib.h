// zlib reads gzip's files and what Qt packs into its resource bundles. Its entry points are macros, which Swift does not see.
#include <zlib.h>

static inline int czlib_inflate_begin(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }
