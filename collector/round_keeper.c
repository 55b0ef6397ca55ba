/* collector/round_keeper.c - who begins rounds and sees how they end, and who reads; see round.h.
 *
 * The keeper looks into nothing: it sleeps, forks, and waits. The reader, a fork of it for each
 * round, verifies all entries as `log verify` does, and then reads every file whole: a bit that
 * turned on the disk is found while backups and offices still have the right one, and not when the
 * entry is asked for years later. Each step is a short reading, so that the writer's pages come
 * free, and after it the reader sleeps: of a core and of the disk it takes verify.share_percent of
 * the time and no more, and what nobody else wants.
 *
 * Both keep to the store and to the files, which they may read; the reader makes no socket and no
 * process. A step that takes minutes of a processor is a page that leads in a circle: it is ended.
 * Signals that end daemons are not theirs: they go when ingest lets go of the pipe, and at the
 * latest when it is gone.
 */
#include "collector/file_walk.h"
#include "collector/round.h"
#include "collector/verify.h"
#include "io/loop.h"
#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define STEP_FILES 16
#define STEP_CPU_S 120
#define PIECE_BYTES (256u << 10)

struct reader {
    struct collector_log *log;
    const struct collector_settings *settings;
    uint64_t entries;
    struct collector_files_verdict files;
    uint8_t piece[PIECE_BYTES];
};

/* false: nobody hears it. A line is less than the pipe takes in one piece. */
static bool tell(const struct round_line *line)
{
    char bytes[ROUND_LINE_BYTES];
    const size_t len = round_line_write(line, bytes);
    ssize_t put = 0;
    do
        put = write(ROUND_FD, bytes, len);
    while (put < 0 && errno == EINTR);
    return put == (ssize_t)len;
}

/* Says where, and how long the step may take. */
static void begin_step(const struct round_line *where)
{
    struct rusage used;
    struct rlimit limit;
    if (!tell(where))
        _exit(0);
    if (getrusage(RUSAGE_SELF, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0)
        return;
    limit.rlim_cur = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + STEP_CPU_S);
    if (limit.rlim_cur < limit.rlim_max)
        (void)setrlimit(RLIMIT_CPU, &limit);
}

/* As long as keeps the work that began at `since` within its share. */
static void rest_after(const struct reader *r, esep_time since)
{
    const esep_time share = (esep_time)r->settings->verify_share_percent;
    const struct timespec until =
        esep_monotonic_in((esep_monotonic() - since) * (100 - share) / share);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

static enum esep_status read_entries(struct reader *r, struct esep_reason *reason)
{
    struct collector_verifier *verifier = NULL;
    struct round_line where = {.kind = ROUND_AT_ENTRIES};
    bool over = false;
    begin_step(&where);
    enum esep_status status =
        collector_verifier_new(&verifier, r->log, r->settings->offices, reason);
    while (status == ESEP_OK && !over) {
        const esep_time since = esep_monotonic();
        where.first = collector_verifier_verdict(verifier, &where.second)->entries;
        begin_step(&where);
        status = collector_verifier_step(verifier, ROUND_STEP_ENTRIES, &over, reason);
        r->entries = collector_verifier_verdict(verifier, &where.second)->entries;
        rest_after(r, since);
    }
    collector_verifier_free(verifier);
    return status;
}

/* Piece by piece, so that a large file is no burst. */
static enum esep_status read_whole(struct reader *r, struct esep_blobs *blobs,
                                   const struct views_file *file)
{
    const struct round_line where = {.kind = ROUND_AT_FILES, .first = r->files.files};
    struct esep_hashing sha;
    uint64_t offset = 0;
    size_t len = 0;
    enum esep_status status = ESEP_OK;
    esep_hashing_init(&sha);
    do {
        const esep_time since = esep_monotonic();
        begin_step(&where);
        status = esep_blobs_read(blobs, &file->sha256, offset, r->piece, PIECE_BYTES, &len, NULL);
        if (status == ESEP_OK)
            esep_hashing_add(&sha, esep_slice(r->piece, len));
        offset += len;
        rest_after(r, since);
    } while (status == ESEP_OK && len == PIECE_BYTES);
    const struct esep_hash hash = esep_hashing_done(&sha);
    return status == ESEP_OK && !esep_hash_equal(&hash, &file->sha256) ? ESEP_CORRUPT : status;
}

static enum esep_status read_files(struct reader *r, struct esep_reason *reason)
{
    const struct esep_blobs_options only_read = {.read_only = true};
    struct collector_file_walk walk = {.table = VIEWS_TABLE_EVIDENCE};
    struct views_file files[STEP_FILES];
    struct esep_blobs *blobs = NULL;
    enum esep_status status = esep_blobs_open(r->settings->files, &only_read, &blobs, reason);
    if (status == ESEP_NOT_FOUND)
        status = ESEP_OK;
    while (status == ESEP_OK && !walk.over) {
        size_t count = 0;
        begin_step(&(struct round_line){.kind = ROUND_AT_FILES, .first = r->files.files});
        status = collector_file_walk(&walk, r->log, files, STEP_FILES, &count, reason);
        for (size_t i = 0; i < count; i++) {
            const bool there = blobs != NULL && collector_file_there(blobs, &files[i]);
            const bool sound = there && read_whole(r, blobs, &files[i]) == ESEP_OK;
            collector_file_count(&r->files, &files[i], there, sound);
        }
    }
    esep_blobs_close(blobs);
    return status == ESEP_OK ? collector_files_say(&r->files, reason) : status;
}

/* A sanitizer would make a status of a signal. */
static void die_of_signals(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGXCPU};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        (void)signal(fatal[i], SIG_DFL);
}

static enum esep_status keep_to_reading(const struct collector_settings *settings,
                                        struct esep_reason *reason)
{
    const struct esep_sandbox_calls calls = {.sockets = ESEP_SANDBOX_SOCKETS_NONE};
    const enum esep_status status =
        settings->sandbox ? esep_sandbox_calls(&calls, reason) : ESEP_OK;
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

static _Noreturn void read_all(const struct collector_settings *settings, pid_t keeper)
{
    static struct reader r; /* with its piece, which a stack need not hold */
    const struct collector_log_options options = {
        .path = settings->store, .map_bytes = settings->store_bytes, .read_only = true};
    struct round_line end = {.kind = ROUND_OK};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper)
        _exit(0);
    die_of_signals();
    r.settings = settings;
    enum esep_status status = keep_to_reading(settings, &end.text);
    if (status == ESEP_OK)
        status = collector_log_open(&r.log, &options, &end.text);
    if (status == ESEP_OK)
        status = read_entries(&r, &end.text);
    if (status == ESEP_OK)
        status = read_files(&r, &end.text);
    if (r.log != NULL)
        r.log->ops->close(r.log);
    if (status != ESEP_OK) {
        end.kind = status == ESEP_CORRUPT ? ROUND_DAMAGED : ROUND_UNREAD;
        if (end.text.text[0] == '\0')
            (void)esep_because(&end.text, status, "%s", esep_status_name(status));
    }
    end.first = r.entries;
    end.second = r.files.files;
    (void)!tell(&end);
    _exit(0);
}

/* Until `process` is readable, or so long; false: nobody holds the other end of the pipe. */
static bool wait_for(int process, esep_time wait)
{
    struct pollfd what[] = {{.fd = ROUND_FD}, {.fd = process, .events = POLLIN}};
    const struct timespec until = esep_monotonic_in(wait);
    for (;;) {
        const esep_time left =
            (esep_time)until.tv_sec * ESEP_SECOND + until.tv_nsec / 1000 - esep_monotonic();
        const struct timespec timeout = {.tv_sec = left > 0 ? left / ESEP_SECOND : 0,
                                         .tv_nsec = left > 0 ? left % ESEP_SECOND * 1000 : 0};
        const int ready = ppoll(what, 2, process < 0 ? &timeout : NULL, NULL);
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready > 0 && what[0].revents != 0)
            return false;
        if (ready == 0 || (ready > 0 && what[1].revents != 0))
            return true;
    }
}

/* false: the keeper is to end, too. */
static bool see_it_end(pid_t reader)
{
    const int process = pidfd_open(reader, 0);
    int status = 0;
    const bool heard = process >= 0 && wait_for(process, 0);
    if (!heard)
        (void)kill(reader, SIGKILL);
    while (waitpid(reader, &status, 0) < 0 && errno == EINTR)
        continue;
    if (process >= 0)
        (void)close(process);
    if (!heard || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return heard;
    return tell(&(struct round_line){
        .kind = WIFSIGNALED(status) ? ROUND_SIGNAL : ROUND_EXIT,
        .first = (uint64_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status))});
}

static enum esep_status keep_to_store(const struct collector_settings *s,
                                      struct esep_reason *reason)
{
    char readers[300];
    (void)snprintf(readers, sizeof readers, "%s/lock.mdb", s->store);
    const struct esep_sandbox_folder folders[] = {{s->store, ESEP_SANDBOX_READ},
                                                  {readers, ESEP_SANDBOX_WRITE},
                                                  {s->files, ESEP_SANDBOX_READ}};
    const struct esep_sandbox_calls calls = {.sockets = ESEP_SANDBOX_SOCKETS_NONE,
                                             .children = true,
                                             .further = true,
                                             .traced = ESEP_SANDBOX_TRACED};
    if (!s->sandbox)
        return ESEP_OK;
    enum esep_status status = esep_sandbox_folders(folders, 3, false, reason);
    if (status == ESEP_OK || status == ESEP_NOT_FOUND)
        status = esep_sandbox_calls(&calls, reason);
    return status == ESEP_NOT_FOUND ? ESEP_OK : status; /* ingest has said it */
}

/* The last to be given the processor and the disk, and the first to be ended where memory is short.
 */
static void stand_back(void)
{
    const struct sched_param none = {0};
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    (void)!sched_setscheduler(0, SCHED_IDLE, &none);
    if (fd >= 0) {
        (void)!write(fd, "1000", 4);
        (void)close(fd);
    }
}

int round_keep(const struct collector_settings *settings, esep_time first_in)
{
    static const int not_ours[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    struct esep_reason reason = {""};
    esep_time wait = first_in;
    for (size_t i = 0; i < sizeof not_ours / sizeof *not_ours; i++)
        (void)signal(not_ours[i], SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL);
    stand_back();
    if (keep_to_store(settings, &reason) != ESEP_OK) {
        (void)!tell(&(struct round_line){.kind = ROUND_UNREAD, .text = reason});
        return EX_UNAVAILABLE;
    }
    const pid_t keeper = getpid();
    while (wait_for(-1, wait)) {
        const pid_t reader = fork();
        if (reader == 0)
            read_all(settings, keeper);
        if (reader < 0)
            (void)!tell(
                &(struct round_line){.kind = ROUND_UNREAD, .text = {"no process for a round"}});
        else if (!see_it_end(reader))
            break;
        wait = settings->verify_every;
    }
    return 0;
}
