/* bench/process.c - see process.h. */
#include "bench/process.h"

#include "io/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_TRIES 1000 /* of 10 ms */
#define START_TRIES 3000
#define FILE_BYTES_MAX 65536

extern char **environ;

static void pause_ms(long ms)
{
    const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&wait, NULL);
}

double bench_seconds(void)
{
    return (double)esep_monotonic() / 1e6;
}

enum esep_status bench_spawn(const char *const *argv, const char *output, pid_t *ret_pid,
                             struct esep_reason *reason)
{
    posix_spawn_file_actions_t files;
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)posix_spawn_file_actions_adddup2(&files, 1, 2);
    int rc = posix_spawnp(ret_pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    return rc == 0 ? ESEP_OK
                   : esep_because(reason, ESEP_IO, "cannot start %s: %s", argv[0], strerror(rc));
}

static void read_file(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t len = 0;
    if (file != NULL) {
        len = fread(out, 1, size - 1, file);
        (void)fclose(file);
    }
    out[len] = '\0';
}

enum esep_status bench_run(const char *const *argv, const char *output, struct esep_reason *reason)
{
    pid_t pid = 0;
    int how = 0;
    enum esep_status status = bench_spawn(argv, output, &pid, reason);
    if (status != ESEP_OK)
        return status;
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
        return ESEP_OK;
    char text[512];
    read_file(output, text, sizeof text);
    text[strcspn(text, "\n")] = '\0';
    return esep_because(reason, ESEP_INVALID, "%s failed: %.180s", argv[0], text);
}

void bench_stop(pid_t pid)
{
    if (pid <= 0)
        return;
    (void)kill(pid, SIGTERM);
    for (int i = 0; i < STOP_TRIES; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        pause_ms(10);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static struct bench_usage own_usage(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (struct bench_usage){
        .cpu_s = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
        .rss_kib = (uint64_t)usage.ru_maxrss,
    };
}

struct bench_usage bench_usage_of(pid_t pid)
{
    char path[64];
    char text[4096];
    struct bench_usage usage = {0};
    if (pid == 0)
        return own_usage();
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    read_file(path, text, sizeof text);
    /* The name stands in brackets and may hold anything: count from the last one. */
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 14; field++)
        at = strchr(at + 1, ' ');
    if (at != NULL) {
        char *end = NULL;
        unsigned long long ticks = strtoull(at, &end, 10);
        ticks += strtoull(end, NULL, 10);
        usage.cpu_s = (double)ticks / (double)sysconf(_SC_CLK_TCK);
    }
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    read_file(path, text, sizeof text);
    at = strstr(text, "VmHWM:");
    if (at != NULL)
        usage.rss_kib = strtoull(at + strlen("VmHWM:"), NULL, 10);
    return usage;
}

enum esep_status bench_await(const char *file, const char *text, pid_t pid, char *line, size_t size,
                             struct esep_reason *reason)
{
    char *seen = malloc(FILE_BYTES_MAX);
    enum esep_status status = seen == NULL ? ESEP_NOMEM : ESEP_AGAIN;
    for (int i = 0; status == ESEP_AGAIN && i < START_TRIES; i++) {
        read_file(file, seen, FILE_BYTES_MAX);
        const char *found = strstr(seen, text);
        if (found != NULL && strchr(found, '\n') != NULL) {
            found += strlen(text);
            if (line != NULL)
                (void)snprintf(line, size, "%.*s", (int)strcspn(found, "\n"), found);
            status = ESEP_OK;
        } else if (pid > 0 && waitpid(pid, NULL, WNOHANG) != 0) {
            status = esep_because(reason, ESEP_IO, "ended before its '%s': %.200s", text, seen);
        } else {
            pause_ms(10);
        }
    }
    free(seen);
    return status != ESEP_AGAIN ? status
                                : esep_because(reason, ESEP_IO, "%s: no '%s' came", file, text);
}

enum esep_status bench_value(const char *file, const char *name, char *ret, size_t size,
                             struct esep_reason *reason)
{
    char text[4096];
    char want[64];
    (void)snprintf(want, sizeof want, "%s: ", name);
    read_file(file, text, sizeof text);
    const char *at = strstr(text, want);
    if (at == NULL)
        return esep_because(reason, ESEP_INVALID, "%s: no '%s'", file, name);
    at += strlen(want);
    (void)snprintf(ret, size, "%.*s", (int)strcspn(at, "\n"), at);
    return ESEP_OK;
}

enum esep_status bench_write_file(const char *path, const char *text, struct esep_reason *reason)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return esep_because(reason, ESEP_IO, "%s: %s", path, strerror(errno));
    int failed = fputs(text, file) == EOF;
    failed |= fclose(file) != 0;
    return failed ? esep_because(reason, ESEP_IO, "%s: %s", path, strerror(errno)) : ESEP_OK;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat;
    (void)kind;
    (void)walk;
    return remove(path);
}

void bench_remove_folder(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
