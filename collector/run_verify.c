/* collector/run_verify.c - the log verified in the background, slowly, over and over; see run.h.
 *
 * A thread of its own reads all entries again as `log verify` does, and then every file whole: a
 * bit that turned on the disk is found while backups and offices still have the right one, and not
 * when the entry is asked for years later. Each step is a short reading, so that the writer's pages
 * come free, and after it the thread sleeps: of a core and of the disk it takes
 * verify.share_percent of the time and no more. One round after the other, verify.every apart.
 *
 * It decides nothing and mends nothing: what it finds is an error that the operator is told, in the
 * log, in `status` and in the figures, until a round finds all right again. Ingest goes on: what
 * offices send is safe to take, and it is they who can bring again what is lost.
 */
#include "collector/file_walk.h"
#include "collector/run.h"
#include "collector/verify.h"
#include "io/log.h"

#include <stdlib.h>

#define STEP_ENTRIES 64
#define STEP_FILES 16
#define PIECE_BYTES (256u << 10)

struct run_verify {
    /* for the thread, and not changed while it runs */
    struct collector_log *log;
    struct esep_clock clock;
    char files[256];
    uint64_t offices;
    unsigned share_percent;
    esep_time every;
    pthread_t thread;
    bool running;
    struct esep_wakeup *wake;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    bool stop;
    struct run_verified shown;
    /* the thread's */
    uint8_t piece[PIECE_BYTES];
    /* the loop's */
    uint64_t said_rounds;
};

/* false: the thread is to end. */
static bool rest(struct run_verify *r, esep_time wait)
{
    const struct timespec until = esep_monotonic_in(wait);
    (void)pthread_mutex_lock(&r->lock);
    int rc = 0;
    while (!r->stop && rc == 0)
        rc = pthread_cond_clockwait(&r->changed, &r->lock, CLOCK_MONOTONIC, &until);
    const bool stop = r->stop;
    (void)pthread_mutex_unlock(&r->lock);
    return !stop;
}

/* As long as keeps the work that began at `since` within its share. */
static bool rest_after(struct run_verify *r, esep_time since)
{
    const esep_time spent = esep_monotonic() - since;
    return rest(r, spent * (100 - r->share_percent) / r->share_percent);
}

static void show_progress(struct run_verify *r, uint64_t entries, uint64_t size)
{
    (void)pthread_mutex_lock(&r->lock);
    r->shown.at = entries;
    r->shown.of = size;
    (void)pthread_mutex_unlock(&r->lock);
}

struct round {
    uint64_t entries;
    struct collector_files_verdict files;
    enum esep_status status;
    struct esep_reason reason;
    bool stopped;
};

static void verify_entries(struct run_verify *r, struct round *round)
{
    struct collector_verifier *verifier = NULL;
    bool over = false;
    uint64_t size = 0;
    round->status = collector_verifier_new(&verifier, r->log, r->offices, &round->reason);
    while (round->status == ESEP_OK && !over && !round->stopped) {
        const esep_time since = esep_monotonic();
        round->status = collector_verifier_step(verifier, STEP_ENTRIES, &over, &round->reason);
        round->entries = collector_verifier_verdict(verifier, &size)->entries;
        show_progress(r, round->entries, size);
        round->stopped = !rest_after(r, since);
    }
    collector_verifier_free(verifier);
}

/* Piece by piece, so that a large file is no burst and holds up no end. */
static enum esep_status read_whole(struct run_verify *r, struct esep_blobs *blobs,
                                   const struct views_file *file, bool *ret_stopped)
{
    struct esep_hashing sha;
    uint64_t offset = 0;
    size_t len = 0;
    enum esep_status status = ESEP_OK;
    esep_hashing_init(&sha);
    do {
        const esep_time since = esep_monotonic();
        status = esep_blobs_read(blobs, &file->sha256, offset, r->piece, PIECE_BYTES, &len, NULL);
        if (status == ESEP_OK)
            esep_hashing_add(&sha, esep_slice(r->piece, len));
        offset += len;
        *ret_stopped = !rest_after(r, since);
    } while (status == ESEP_OK && len == PIECE_BYTES && !*ret_stopped);
    const struct esep_hash hash = esep_hashing_done(&sha);
    return status == ESEP_OK && !esep_hash_equal(&hash, &file->sha256) ? ESEP_CORRUPT : status;
}

static void verify_step_of_files(struct run_verify *r, struct round *round,
                                 struct esep_blobs *blobs, const struct views_file *files,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bool there = blobs != NULL && collector_file_there(blobs, &files[i]);
        const enum esep_status status =
            there ? read_whole(r, blobs, &files[i], &round->stopped) : ESEP_NOT_FOUND;
        if (round->stopped)
            return;
        collector_file_count(&round->files, &files[i], there, status == ESEP_OK);
    }
}

static void verify_files(struct run_verify *r, struct round *round)
{
    const struct esep_blobs_options only_read = {.read_only = true};
    struct collector_file_walk walk = {.table = VIEWS_TABLE_EVIDENCE};
    struct views_file files[STEP_FILES];
    struct esep_blobs *blobs = NULL;
    round->status = esep_blobs_open(r->files, &only_read, &blobs, &round->reason);
    if (round->status == ESEP_NOT_FOUND)
        round->status = ESEP_OK;
    while (round->status == ESEP_OK && !walk.over && !round->stopped) {
        size_t count = 0;
        round->status =
            collector_file_walk(&walk, r->log, files, STEP_FILES, &count, &round->reason);
        verify_step_of_files(r, round, blobs, files, count);
    }
    esep_blobs_close(blobs);
    if (round->status == ESEP_OK)
        round->status = collector_files_say(&round->files, &round->reason);
}

static void show_round(struct run_verify *r, const struct round *round)
{
    (void)pthread_mutex_lock(&r->lock);
    r->shown.rounds++;
    r->shown.ended_at = esep_clock_now(&r->clock);
    r->shown.entries = round->entries;
    r->shown.files = round->files.files;
    r->shown.status = round->status;
    r->shown.reason = round->reason;
    r->shown.at = r->shown.of = 0;
    (void)pthread_mutex_unlock(&r->lock);
    esep_wakeup_ring(r->wake);
}

static void *work(void *argument)
{
    struct run_verify *r = argument;
    for (;;) {
        struct round round = {.status = ESEP_OK};
        verify_entries(r, &round);
        if (round.status == ESEP_OK && !round.stopped)
            verify_files(r, &round);
        if (round.stopped)
            break;
        show_round(r, &round);
        if (!rest(r, r->every))
            break;
    }
    return NULL;
}

void run_verify_shown(const struct run *run, struct run_verified *ret)
{
    struct run_verify *r = run->verify;
    *ret = (struct run_verified){0};
    if (r == NULL)
        return;
    (void)pthread_mutex_lock(&r->lock);
    *ret = r->shown;
    (void)pthread_mutex_unlock(&r->lock);
}

static void on_wake(void *context)
{
    const struct run *run = context;
    struct run_verified shown;
    run_verify_shown(run, &shown);
    if (shown.rounds == run->verify->said_rounds)
        return;
    run->verify->said_rounds = shown.rounds;
    if (shown.status == ESEP_OK)
        esep_log(ESEP_LOG_INFO, "log-verified", "%llu entries, %llu files: all agree",
                 (unsigned long long)shown.entries, (unsigned long long)shown.files);
    else
        esep_log(ESEP_LOG_ERROR, shown.status == ESEP_CORRUPT ? "log-damaged" : "log-unverified",
                 "%s",
                 shown.reason.text[0] != 0 ? shown.reason.text : esep_status_name(shown.status));
}

enum esep_status run_verify_open(struct run *run, struct esep_reason *reason)
{
    const struct collector_settings *s = run->settings;
    if (s->verify_share_percent == 0)
        return ESEP_OK;
    struct run_verify *r = calloc(1, sizeof *r);
    if (r == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to verify the log");
    *r = (struct run_verify){.log = run->state.log,
                             .clock = run->clock,
                             .offices = s->offices,
                             .share_percent = (unsigned)s->verify_share_percent,
                             .every = s->verify_every};
    memcpy(r->files, s->files, sizeof r->files);
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_cond_init(&r->changed, NULL);
    run->verify = r;
    enum esep_status status = esep_wakeup_new(&r->wake, run->loop, on_wake, run, reason);
    if (status == ESEP_OK) {
        r->running = esep_thread_start(&r->thread, work, r);
        if (!r->running)
            status = esep_because(reason, ESEP_NOMEM, "no memory for the verifier's thread");
    }
    return status;
}

bool run_verify_close(struct run *run, esep_time wait)
{
    struct run_verify *r = run->verify;
    if (r == NULL)
        return true;
    if (r->running) {
        const struct timespec until = esep_monotonic_in(wait);
        (void)pthread_mutex_lock(&r->lock);
        r->stop = true;
        (void)pthread_cond_signal(&r->changed);
        (void)pthread_mutex_unlock(&r->lock);
        if (pthread_clockjoin_np(r->thread, NULL, CLOCK_MONOTONIC, &until) != 0)
            return false;
    }
    run->verify = NULL;
    esep_wakeup_free(r->wake);
    (void)pthread_cond_destroy(&r->changed);
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
    return true;
}
