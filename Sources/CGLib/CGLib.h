// GLib, which libvips brings along: its checksums are used.
#include <glib.h>
