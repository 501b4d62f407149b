#pragma once

// A process that has everything loaded and becomes, over and over, the process of a command: libtorch takes longer to start than
// most commands take to answer. Linux alone: elsewhere a process that was not started anew may not do all that a new one may.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Listens at `path` until standard input ends, and calls `run` in a new process for each request, with the arguments, a null
/// pointer after the last. `run` ends that process. Standard input is empty then, output and error are the request's files.
///
/// It is called on a thread of its own: Swift's run-time library keeps a thread's number, and the first thread's is the
/// listening process's still.
///
/// Returns only where it cannot listen, with `errno`.
void fork_server_serve(const char *path, void (*run)(int32_t count, char **arguments));

/// Asks the process at `path` to run a command and waits for its end.
/// - Parameters:
///   - words: the files that output and error go to; how many settings of the environment follow, in decimal; these; the
///     arguments. Each ends with a zero byte.
///   - status: as `waitpid` gives it.
/// - Returns: whether it was run; otherwise `errno` says why not.
bool fork_server_run(const char *path, const char *words, size_t length, int *status);
