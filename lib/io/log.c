/* lib/io/log.c - one line an event, to the journal with fields or to stderr as text.
 *
 * Where stderr is the journal (JOURNAL_STREAM names its device and inode) lines go by journald's
 * own datagram, so that EVENT= can be searched for; where that fails, as text with the "<6>" prefix
 * that journald reads. What an event says may hold a peer's words: control characters never pass.
 *
 * The limit has a slot for each event name. A full table shares its last slot among the rest, so a
 * new name is never unlimited. Several threads may log.
 */
#include "io/log.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define MESSAGE_MAX 1024
#define SLOTS 64
#define BURST 20
#define WINDOW_S 10

struct slot {
    char event[48]; /* "": free */
    time_t since;   /* monotonic: when its window began */
    unsigned said;
    unsigned long held;
};

static struct {
    pthread_mutex_t mutex;
    char program[48];
    enum esep_log_level level;
    int journal_fd; /* -1: text */
    bool prefix;    /* stderr is the journal, but it has no socket */
    struct slot slots[SLOTS];
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER,
           .program = "esep",
           .level = ESEP_LOG_INFO,
           .journal_fd = -1};

static const struct {
    enum esep_log_level level;
    const char *name;
} levels[] = {{ESEP_LOG_ERROR, "error"},
              {ESEP_LOG_WARNING, "warning"},
              {ESEP_LOG_INFO, "info"},
              {ESEP_LOG_DEBUG, "debug"}};

bool esep_log_level_parse(const char *text, enum esep_log_level *ret_level)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(levels[i].name, text) == 0) {
            *ret_level = levels[i].level;
            return true;
        }
    return false;
}

static const char *level_name(enum esep_log_level level)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (levels[i].level == level)
            return levels[i].name;
    return "info";
}

static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat info;
    char expected[64];
    if (stream == NULL || fstat(STDERR_FILENO, &info) != 0)
        return false;
    (void)snprintf(expected, sizeof(expected), "%ju:%ju", (uintmax_t)info.st_dev,
                   (uintmax_t)info.st_ino);
    return strcmp(stream, expected) == 0;
}

static int connect_journal(void)
{
    const struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
    const union {
        const struct sockaddr_un *un;
        const struct sockaddr *any;
    } to = {.un = &un};
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, to.any, sizeof(un)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

void esep_log_init(const char *program, enum esep_log_level level)
{
    (void)pthread_mutex_lock(&state.mutex);
    (void)snprintf(state.program, sizeof(state.program), "%s", program);
    state.level = level;
    if (state.journal_fd < 0 && stderr_is_journal()) {
        state.journal_fd = connect_journal();
        state.prefix = state.journal_fd < 0;
    }
    (void)pthread_mutex_unlock(&state.mutex);
}

static void write_line(enum esep_log_level level, const char *event, const char *message)
{
    char line[MESSAGE_MAX + 256];
    int len;
    if (state.journal_fd >= 0) {
        len = snprintf(line, sizeof(line),
                       "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nEVENT=%s\nMESSAGE=%s: %s\n", (int)level,
                       state.program, event, event, message);
        if (send(state.journal_fd, line, (size_t)len, MSG_NOSIGNAL) == (ssize_t)len)
            return;
    }
    char prefix[40] = "";
    if (state.prefix || state.journal_fd >= 0) {
        (void)snprintf(prefix, sizeof(prefix), "<%d>", (int)level);
    } else {
        const time_t now = time(NULL);
        struct tm utc;
        if (gmtime_r(&now, &utc) != NULL)
            (void)strftime(prefix, sizeof(prefix), "%Y-%m-%dT%H:%M:%SZ ", &utc);
    }
    len = snprintf(line, sizeof(line), "%s%s %s %s: %s\n", prefix, state.program, level_name(level),
                   event, message);
    /* One write, so that lines of several processes on one terminal stay whole. */
    (void)!write(STDERR_FILENO, line, (size_t)len);
}

static void say_held(struct slot *slot)
{
    char text[96];
    if (slot->held == 0)
        return;
    (void)snprintf(text, sizeof(text), "%lu more lines of this event were held back", slot->held);
    slot->held = 0;
    write_line(ESEP_LOG_WARNING, slot->event, text);
}

static struct slot *find_slot(const char *event)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &state.slots[i];
        if (slot->event[0] == '\0')
            (void)snprintf(slot->event, sizeof(slot->event), "%s", event);
        if (strncmp(slot->event, event, sizeof(slot->event) - 1) == 0 || i == SLOTS - 1)
            return slot;
    }
    return NULL; /* not reached: the last slot takes all */
}

static time_t monotonic_s(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1; /* 0 is no time at all */
}

/* Windows that are over say what they held back, whichever event speaks next. */
static bool may_speak(const char *event)
{
    const time_t now = monotonic_s();
    for (size_t i = 0; i < SLOTS && state.slots[i].event[0] != '\0'; i++) {
        struct slot *slot = &state.slots[i];
        if (now - slot->since < WINDOW_S)
            continue;
        say_held(slot);
        slot->since = now;
        slot->said = 0;
    }
    struct slot *slot = find_slot(event);
    if (slot->since == 0)
        slot->since = now;
    if (slot->said >= BURST) {
        slot->held++;
        return false;
    }
    slot->said++;
    return true;
}

void esep_log(enum esep_log_level level, const char *event, const char *format, ...)
{
    char message[MESSAGE_MAX];
    if (level > state.level)
        return;
    (void)pthread_mutex_lock(&state.mutex);
    if (may_speak(event)) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
        for (char *p = message; *p != '\0'; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7f)
                *p = ' ';
        write_line(level, event, message);
    }
    (void)pthread_mutex_unlock(&state.mutex);
}

void esep_log_flush(void)
{
    (void)pthread_mutex_lock(&state.mutex);
    for (size_t i = 0; i < SLOTS; i++)
        say_held(&state.slots[i]);
    (void)pthread_mutex_unlock(&state.mutex);
}
