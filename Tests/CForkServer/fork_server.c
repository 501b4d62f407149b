#include "fork_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static bool transfer(int file, void *bytes, size_t length, bool writes) {
    for (char *next = bytes; length > 0;) {
        const ssize_t moved = writes ? write(file, next, length) : read(file, next, length);
        if (moved < 0 && errno == EINTR) continue;
        if (moved <= 0) {
            if (moved == 0) errno = ECONNRESET;
            return false;
        }
        next += moved;
        length -= (size_t)moved;
    }
    return true;
}

static int open_socket(const char *path, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address->sun_path, path);
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static void redirect(const char *path, int flags, int file) {
    const int opened = open(path, flags);
    if (opened < 0 || dup2(opened, file) < 0) _exit(127);
    if (opened != file) close(opened);
}

struct command {
    void (*run)(int32_t, char **);
    int32_t count;
    char **arguments;
};

static void *run_command(void *context) {
    const struct command *command = context;
    command->run(command->count, command->arguments);
    return NULL;
}

/// Makes this process what the words ask for.
static void become(char *words, size_t length, void (*run)(int32_t, char **)) {
    const char *end = words + length;
    char *next = words;
    redirect("/dev/null", O_RDONLY, 0);
    redirect(next, O_WRONLY, 1);
    next += strlen(next) + 1;
    redirect(next, O_WRONLY, 2);
    next += strlen(next) + 1;
    long settings = strtol(next, NULL, 10);
    next += strlen(next) + 1;
    for (; settings > 0; --settings, next += strlen(next) + 1) putenv(next);
    size_t words_left = 0;
    for (const char *word = next; word < end; word += strlen(word) + 1) ++words_left;
    char **arguments = calloc(words_left + 1, sizeof *arguments);
    for (size_t place = 0; place < words_left; ++place, next += strlen(next) + 1) arguments[place] = next;
    struct command command = {run, (int32_t)words_left, arguments};
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 8 << 20);  // as a first thread's
    if (pthread_create(&thread, &attributes, run_command, &command) == 0) pthread_join(thread, NULL);
    _exit(127);
}

/// Reads a request and has a process of its own become it; tells the status when that has ended.
static void keep(int connection, void (*run)(int32_t, char **)) {
    uint64_t length = 0;
    char *words = NULL;
    if (!transfer(connection, &length, sizeof length, false) || length == 0 || length > 1 << 24 ||
        !(words = malloc(length)) || !transfer(connection, words, length, false) || words[length - 1] != 0)
        _exit(127);
    signal(SIGCHLD, SIG_DFL);
    const pid_t child = fork();
    if (child < 0) _exit(127);
    if (child == 0) {
        close(connection);
        become(words, length, run);
    }
    int32_t status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) _exit(127);
    transfer(connection, &status, sizeof status, true);
    _exit(0);
}

void fork_server_serve(const char *path, void (*run)(int32_t, char **)) {
    struct sockaddr_un address;
    const int listener = open_socket(path, &address);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 128) < 0)
        return;
    signal(SIGCHLD, SIG_IGN);  // nobody waits for those who keep
    if (write(1, "\n", 1) != 1) _exit(1);
    for (;;) {
        struct pollfd watched[] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
        if (poll(watched, 2, -1) < 0 && errno != EINTR) _exit(1);
        if (watched[1].revents) {
            unlink(path);
            _exit(0);
        }
        if (!(watched[0].revents & POLLIN)) continue;
        const int connection = accept(listener, NULL, NULL);
        if (connection < 0) continue;
        if (fork() == 0) {
            close(listener);
            keep(connection, run);
        }
        close(connection);
    }
}

bool fork_server_run(const char *path, const char *words, size_t length, int *status) {
    struct sockaddr_un address;
    const int connection = open_socket(path, &address);
    if (connection < 0) return false;
    uint64_t size = length;
    int32_t told = 0;
    const bool ran = connect(connection, (struct sockaddr *)&address, sizeof address) == 0 &&
        transfer(connection, &size, sizeof size, true) && transfer(connection, (void *)words, length, true) &&
        transfer(connection, &told, sizeof told, false);
    const int problem = errno;
    close(connection);
    errno = problem;
    *status = told;
    return ran;
}
