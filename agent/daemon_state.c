/* agent/daemon_state.c - see daemon_state.h. Lines "key value", in any order. */
#include "agent/daemon_state.h"

#include "agent/rules_say.h"
#include "io/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static void path_of(const char *journal, const char *name, char out[256])
{
    (void)snprintf(out, 256, "%s/%s", journal, name);
}

enum esep_status agent_daemon_state_write(const char *journal, const struct agent_status *status,
                                          struct esep_reason *reason)
{
    char path[256];
    char *text = NULL;
    size_t len = 0;
    path_of(journal, "uplink", path);
    FILE *file = open_memstream(&text, &len);
    if (file == NULL)
        return ESEP_NOMEM;
    (void)fprintf(file,
                  "state %s\nwhy %s\nsince %" PRId64 "\nnext_try_at %" PRId64 "\nfailures %" PRIu32
                  "\nheld_epoch %" PRIu32 "\nepoch %" PRIu32 "\nsent_seq %" PRIu64
                  "\nsent_bytes %" PRIu64 "\nreceived_bytes %" PRIu64 "\nfile_held_bytes %" PRIu64
                  "\nfiles_refused %" PRIu32 "\ntext %s\n",
                  agent_state_name(status->state), agent_why_name(status->why), status->since,
                  status->next_try_at, status->failures, status->held_epoch, status->epoch,
                  status->sent_seq, status->sent_bytes, status->received_bytes,
                  status->file_held_bytes, status->files_refused, status->text);
    agent_rules_write(file, &status->rules);
    const bool written =
        fclose(file) == 0 && esep_file_replace(path, 0666, ESEP_REPLACE_UNSYNCED, text, len);
    const int failed = errno;
    free(text);
    return written ? ESEP_OK : esep_because(reason, ESEP_IO, "%s: %s", path, strerror(failed));
}

void agent_daemon_state_gone(const char *journal)
{
    char path[256];
    path_of(journal, "uplink", path);
    (void)unlink(path);
}

static bool is_running(const char *journal)
{
    char path[256];
    path_of(journal, "daemon.lock", path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    (void)close(fd);
    return held;
}

static void take_line(struct agent_daemon_state *ret, char *line)
{
    line[strcspn(line, "\n")] = 0;
    char *value = strchr(line, ' ');
    if (value == NULL)
        return;
    *value++ = 0;
    if (strcmp(line, "state") == 0)
        (void)snprintf(ret->state, sizeof ret->state, "%s", value);
    else if (strcmp(line, "why") == 0)
        (void)snprintf(ret->why, sizeof ret->why, "%s", value);
    else if (strcmp(line, "text") == 0)
        (void)snprintf(ret->text, sizeof ret->text, "%s", value);
    else if (strcmp(line, "since") == 0)
        ret->since = strtoll(value, NULL, 10);
    else if (strcmp(line, "next_try_at") == 0)
        ret->next_try_at = strtoll(value, NULL, 10);
    else if (strcmp(line, "failures") == 0)
        ret->failures = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(line, "held_epoch") == 0)
        ret->held_epoch = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(line, "epoch") == 0)
        ret->epoch = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(line, "sent_seq") == 0)
        ret->sent_seq = strtoull(value, NULL, 10);
    else if (strcmp(line, "sent_bytes") == 0)
        ret->sent_bytes = strtoull(value, NULL, 10);
    else if (strcmp(line, "received_bytes") == 0)
        ret->received_bytes = strtoull(value, NULL, 10);
    else if (strcmp(line, "file_held_bytes") == 0)
        ret->file_held_bytes = strtoull(value, NULL, 10);
    else if (strcmp(line, "files_refused") == 0)
        ret->files_refused = (uint32_t)strtoul(value, NULL, 10);
    else
        (void)agent_rules_take(&ret->rules, line, value);
}

void agent_daemon_state_read(const char *journal, struct agent_daemon_state *ret)
{
    char path[256];
    char line[512];
    *ret = (struct agent_daemon_state){.next_try_at = ESEP_TIME_NEVER};
    ret->running = is_running(journal);
    path_of(journal, "uplink", path);
    FILE *file = ret->running ? fopen(path, "re") : NULL;
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL)
        take_line(ret, line);
    (void)fclose(file);
    ret->known = ret->state[0] != 0;
}
