/* tests/power/env.c - the recorder as a library for LD_PRELOAD: what the environment asks for.
 *
 *   ESEP_POWER_ROOT     the folder that is watched
 *   ESEP_POWER_RECORD   the record, shared by all processes; a lock on it orders them
 *   ESEP_POWER_SLOW     milliseconds that a write through O_DSYNC is seen by others, unflushed
 *   ESEP_POWER_GATE     a file; the first write through O_DSYNC makes FILE.here, waits for FILE,
 *                       and the process dies of that write: others see it, nothing flushed it
 *   ESEP_POWER_FAULT    "sync 3 5" or "write 7 28": after so many good ones, one fails with that
 *                       errno (0: a short write); each process counts for itself
 *   ESEP_POWER_TRIGGER  a file; while it is there, the next one fails as it says ("sync 5"), and
 *                       takes the file away
 */
#include "oplog.h"
#include "record.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RECORD_FD 900

static int record_fd = -1;
static const char *trigger_path;

static void lock_record(void)
{
    while (flock(record_fd, LOCK_EX) != 0)
        continue;
}

static void unlock_record(void)
{
    (void)flock(record_fd, LOCK_UN);
}

static void tell_record(void *context, const struct power_op *op)
{
    (void)context;
    if (!power_oplog_put(record_fd, op))
        abort(); /* a record with a hole would prove nothing */
}

/* "sync 5": true, with the errno, if it is meant for this kind. */
static bool parse(const char *text, bool sync, unsigned long *first, unsigned long *second)
{
    const char *word = sync ? "sync " : "write ";
    char *end = NULL;
    if (strncmp(text, word, strlen(word)) != 0)
        return false;
    *first = strtoul(text + strlen(word), &end, 10);
    *second = strtoul(end, NULL, 10);
    return true;
}

static int pull_trigger(bool sync)
{
    char text[32] = "";
    unsigned long error = 0;
    unsigned long none = 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, trigger_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, text, sizeof text - 1);
    (void)syscall(SYS_close, fd);
    if (got <= 0 || !parse(text, sync, &error, &none) ||
        syscall(SYS_unlinkat, AT_FDCWD, trigger_path, 0) != 0)
        return 0;
    return (int)error;
}

static void read_fault(const char *text)
{
    unsigned long after = 0;
    unsigned long error = 0;
    for (int sync = 0; sync < 2; sync++)
        if (parse(text, sync == 1, &after, &error)) {
            const struct power_fault fault = {
                .sync = sync == 1, .after = after, .count = 1, .error = (int)error, .slot = -1};
            power_fail(&fault);
        }
}

__attribute__((constructor)) static void begin(void)
{
    const char *root = getenv("ESEP_POWER_ROOT");
    const char *record = getenv("ESEP_POWER_RECORD");
    const char *slow = getenv("ESEP_POWER_SLOW");
    const char *fault = getenv("ESEP_POWER_FAULT");
    trigger_path = getenv("ESEP_POWER_TRIGGER");
    if (root == NULL || record == NULL)
        return;
    int fd =
        (int)syscall(SYS_openat, AT_FDCWD, record, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    record_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, RECORD_FD);
    if (record_fd < 0) {
        (void)fprintf(stderr, "the record %s cannot be opened\n", record);
        abort();
    }
    (void)syscall(SYS_close, fd);
    power_hooks.lock = lock_record;
    power_hooks.unlock = unlock_record;
    power_hooks.slow_ms = slow != NULL ? (unsigned)strtoul(slow, NULL, 10) : 0;
    power_hooks.gate = getenv("ESEP_POWER_GATE");
    if (trigger_path != NULL)
        power_hooks.trigger = pull_trigger;
    (void)power_watch(root, tell_record, NULL);
    if (fault != NULL)
        read_fault(fault);
}
