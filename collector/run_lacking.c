/* collector/run_lacking.c - which files are named and not here: looked for at the start and once a
 * day; see run.h.
 *
 * The walk goes a few rows a turn of the loop, beside everything else; it reads names and sizes, no
 * content. What the log says is here and the folder lacks is an error that the operator is told,
 * and the office's to bring again; so is what a restored log no longer knows to be here. What an
 * office has lost, too, is lost, and that is said.
 *
 * Invariant: the list is in the order of the rows: by office.
 */
#include "collector/file_walk.h"
#include "collector/run.h"
#include "io/log.h"

#include <event2/event.h>
#include <stdlib.h>

#define STEP_FILES 64
#define LIST_MAX 65536u /* of 48 bytes; the rest is looked for when these have come */
#define AGAIN_AFTER_S (24 * 3600)
#define PAUSE_US 2000 /* between steps: frames go first */

struct run_lacking {
    struct run *run;
    struct event *timer;
    struct collector_file_walk walk;
    struct views_file *list;
    size_t count;
    uint64_t lost; /* of this walk: said to be here */
    uint64_t lost_bytes;
    bool more; /* than the list holds */
};

static void set_timer(struct run_lacking *l, long seconds, long us)
{
    const struct timeval in = {.tv_sec = seconds, .tv_usec = us};
    (void)event_add(l->timer, &in);
}

enum esep_status run_files_lookup(void *context, const struct views_file *file,
                                  struct collector_file_known *ret)
{
    const struct run *run = context;
    const enum esep_status status = collector_state_file(run->state.log, file, ret);
    ret->lost = ret->here && !collector_file_there(run_files_blobs(run), file);
    return status;
}

static void note(struct run_lacking *l, const struct views_file *file)
{
    struct collector_file_known known = {.named = false};
    if (run_files_lookup(l->run, file, &known) != ESEP_OK || (known.here && !known.lost))
        return;
    if (known.here) {
        l->lost++;
        l->lost_bytes += file->size_bytes;
    }
    if (l->count < LIST_MAX)
        l->list[l->count++] = *file;
    else
        l->more = true;
}

static void walk_is_over(struct run_lacking *l)
{
    if (l->lost > 0)
        esep_log(ESEP_LOG_ERROR, "files-lost",
                 "%llu files of %llu bytes that the log says are here are not in %s: the offices "
                 "are asked for them; put back a backup of the folder if there is one",
                 (unsigned long long)l->lost, (unsigned long long)l->lost_bytes,
                 l->run->settings->files);
    set_timer(l, AGAIN_AFTER_S, 0);
    if (l->count > 0)
        collector_on_lacking(l->run->core, run_now(l->run));
    run_pump(l->run);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct run_lacking *l = context;
    struct views_file files[STEP_FILES];
    struct esep_reason reason = {""};
    size_t count = 0;
    if (l->run->core == NULL || l->run->ended || l->run->draining) {
        set_timer(l, 1, 0);
        return;
    }
    if (l->walk.over) { /* of a day ago */
        l->walk = (struct collector_file_walk){.table = VIEWS_TABLE_NAMED};
        l->count = 0;
        l->lost = l->lost_bytes = 0;
        l->more = false;
    }
    const enum esep_status status =
        collector_file_walk(&l->walk, l->run->state.log, files, STEP_FILES, &count, &reason);
    if (status != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "files-unlooked", "%s", reason.text);
        l->walk.over = true;
    }
    for (size_t i = 0; i < count; i++)
        note(l, &files[i]);
    if (l->walk.over)
        walk_is_over(l);
    else
        set_timer(l, 0, PAUSE_US);
}

/* The office's first in the list, or where it would stand. */
static size_t find_office(const struct run_lacking *l, uint32_t office)
{
    size_t low = 0;
    size_t high = l->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (l->list[middle].office < office)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void strike(struct run_lacking *l, size_t i)
{
    l->count--;
    memmove(&l->list[i], &l->list[i + 1], (l->count - i) * sizeof *l->list);
    if (l->count == 0 && l->more) { /* on with the rest */
        l->walk.over = true;
        set_timer(l, 0, 0);
    }
}

size_t run_files_lacking(void *context, uint32_t office, struct views_file *ret, size_t room)
{
    const struct run *run = context;
    struct run_lacking *l = run->lacking;
    size_t count = 0;
    if (l == NULL)
        return 0;
    size_t i = find_office(l, office);
    while (count < room && i < l->count && l->list[i].office == office) {
        struct collector_file_known known = {.named = false};
        if (run_files_lookup(context, &l->list[i], &known) == ESEP_OK && known.here && !known.lost)
            strike(l, i);
        else
            ret[count++] = l->list[i++];
    }
    return count;
}

void run_file_gone(struct run *run, const struct views_file *file)
{
    struct run_lacking *l = run->lacking;
    char name[2 * ESEP_HASH_BYTES + 1];
    bool listed = false;
    for (size_t i = l != NULL ? find_office(l, file->office) : 0;
         l != NULL && !listed && i < l->count && l->list[i].office == file->office; i++)
        if (esep_hash_equal(&l->list[i].sha256, &file->sha256)) {
            strike(l, i);
            listed = true;
        }
    esep_hex(file->sha256.bytes, ESEP_HASH_BYTES, name);
    esep_log(ESEP_LOG_ERROR, "file-lost",
             "%s of %llu bytes: office %u has no sound copy of it either; its clerk has to attach "
             "it anew",
             name, (unsigned long long)file->size_bytes, file->office);
    if (listed)
        collector_on_lacking(run->core, run_now(run));
}

enum esep_status run_lacking_open(struct run *run, struct esep_reason *reason)
{
    struct run_lacking *l = calloc(1, sizeof *l);
    if (l == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the list of files");
    run->lacking = l;
    l->run = run;
    l->walk.over = true;
    l->list = calloc(LIST_MAX, sizeof *l->list); /* touched as needed */
    l->timer = evtimer_new(esep_loop_base(run->loop), on_timer, l);
    if (l->list == NULL || l->timer == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the list of files");
    set_timer(l, 0, PAUSE_US);
    return ESEP_OK;
}

void run_lacking_close(struct run *run)
{
    struct run_lacking *l = run->lacking;
    run->lacking = NULL;
    if (l == NULL)
        return;
    if (l->timer != NULL)
        event_free(l->timer);
    free(l->list);
    free(l);
}
