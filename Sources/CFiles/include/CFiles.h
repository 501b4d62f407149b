#ifndef CFILES_H
#define CFILES_H

/// Lets two names change places in one step, so that at no moment either is without what it names.
///
/// The system's call for this is renameat2 on Linux and renamex_np on macOS, which Swift does not see.
/// Returns 0, or the system's error number: ENOSYS, EINVAL or ENOTSUP where the system or the file system has no such call.
int cfiles_exchange(const char *first, const char *second);

#endif
