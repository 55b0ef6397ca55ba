/* bench/peer_redis.c - see peer.h. One connection, DEPTH commands under way at most: deeper makes
 * it no faster. */
#include "bench/journal.h"
#include "bench/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEPTH 4096u
#define REPLY_BYTES 65536

static enum esep_status dial(const char *path, int *ret_fd, struct esep_reason *reason)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
    *ret_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*ret_fd >= 0 && connect(*ret_fd, (struct sockaddr *)&address, sizeof address) == 0)
        return ESEP_OK;
    return esep_because(reason, ESEP_IO, "redis: %s", strerror(errno));
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Replies are two lines each ("$15", the id): counts them; false: an error came. */
static bool read_replies(int fd, uint64_t *lines, char *last)
{
    char text[REPLY_BYTES];
    ssize_t n = read(fd, text, sizeof text);
    for (ssize_t i = 0; i < n; i++) {
        *lines += text[i] == '\n';
        if (text[i] == '-' && *last == '\n')
            return false;
        *last = text[i];
    }
    return n > 0;
}

static size_t make_burst(uint8_t *out)
{
    char head[128];
    size_t len = 0;
    const int n =
        snprintf(head, sizeof head, "*5\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n$1\r\ne\r\n$%u\r\n",
                 BENCH_REPORT_BYTES);
    for (unsigned i = 0; i < DEPTH / 4; i++) {
        memcpy(out + len, head, (size_t)n);
        len += (size_t)n;
        memset(out + len, 'a' + (int)(i % 26), BENCH_REPORT_BYTES);
        len += BENCH_REPORT_BYTES;
        memcpy(out + len, "\r\n", 2);
        len += 2;
    }
    return len;
}

static enum esep_status add_all(int fd, uint64_t records, double *ret_records_s,
                                struct esep_reason *reason)
{
    uint8_t *burst = malloc((size_t)DEPTH * (BENCH_REPORT_BYTES + 130));
    if (burst == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for redis' commands");
    const size_t len = make_burst(burst);
    const double from = bench_seconds();
    uint64_t sent = 0;
    uint64_t lines = 0;
    char last = '\n';
    bool ok = true;
    while (ok && lines / 2 < records) {
        if (sent < records && sent - lines / 2 + DEPTH / 4 <= DEPTH) {
            ok = write_all(fd, burst, len);
            sent += DEPTH / 4;
        } else {
            ok = read_replies(fd, &lines, &last);
        }
    }
    *ret_records_s = (double)(lines / 2) / (bench_seconds() - from);
    free(burst);
    return ok ? ESEP_OK : esep_because(reason, ESEP_IO, "redis broke off");
}

enum esep_status bench_redis(uint64_t records, double *ret_records_s, struct esep_reason *reason)
{
    char folder[BENCH_PATH];
    char path[BENCH_PATH];
    char output[BENCH_PATH];
    pid_t pid = 0;
    int fd = -1;
    enum esep_status status = bench_peer_folder(folder, reason);
    if (status != ESEP_OK)
        return status;
    (void)snprintf(path, sizeof path, "%.200s/redis.sock", folder);
    (void)snprintf(output, sizeof output, "%.200s/redis.log", folder);
    const char *const argv[] = {"redis-server",
                                "--port",
                                "0",
                                "--unixsocket",
                                path,
                                "--dir",
                                folder,
                                "--save",
                                "",
                                "--appendonly",
                                "yes",
                                "--appendfsync",
                                "always",
                                "--no-appendfsync-on-rewrite",
                                "no",
                                "--auto-aof-rewrite-percentage",
                                "0",
                                NULL};
    status = bench_spawn(argv, output, &pid, reason);
    if (status == ESEP_OK)
        status = bench_await(output, "ready to accept connections", pid, NULL, 0, reason);
    if (status == ESEP_OK)
        status = dial(path, &fd, reason);
    if (status == ESEP_OK)
        status = add_all(fd, records, ret_records_s, reason);
    if (fd >= 0)
        (void)close(fd);
    bench_stop(pid);
    bench_remove_folder(folder);
    return status;
}
