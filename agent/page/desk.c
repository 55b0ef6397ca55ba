/* agent/page/desk.c - the duties as the page needs them, and what they are read from; see page.h.
 *
 * Reading them takes the plans, the mail and the journal; a page asks for several things at once,
 * and again with each change. They are kept for as long as nothing was committed (by anybody: LMDB
 * counts) and the minute is the same, but for some seconds at most; then everything that was needed
 * for a moment is given back: this daemon is small for most of the day.
 */
#include "agent/page/page.h"
#include "io/log.h"
#include "io/memory.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>

#define KEPT_SECONDS 5

struct page_desk {
    struct page *page;
    struct event *tidy;
    bool kept;
    bool zoned;
    struct esep_zone zone; /* of the duties last read */
    uint64_t of_commit;    /* what `duties` were read from */
    esep_time of_minute;
    struct agent_duties duties;
    struct esep_hash *missing; /* files that the collector has not whole, by hash */
    size_t missing_count;
};

static uint64_t last_commit(const struct page *page)
{
    MDB_envinfo info = {0};
    (void)mdb_env_info(page->run->journal.store.env, &info);
    return info.me_last_txnid;
}

static esep_time minute_of(const struct page *page)
{
    return agent_run_now(page->run) / ESEP_MINUTE;
}

static void drop(struct page_desk *desk)
{
    if (desk->kept)
        agent_duties_free(&desk->duties);
    free(desk->missing);
    desk->missing = NULL;
    desk->missing_count = 0;
    desk->kept = false;
}

/* Comes by hash. */
static bool note_missing(void *context, const struct journal_file *file)
{
    struct page_desk *desk = context;
    if (file->here)
        return true;
    if (desk->missing_count % 64 == 0) {
        struct esep_hash *more =
            realloc(desk->missing, (desk->missing_count + 64) * sizeof *desk->missing);
        if (more == NULL)
            return false;
        desk->missing = more;
    }
    desk->missing[desk->missing_count++] = file->file.sha256;
    return true;
}

static void on_tidy(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    drop(context);
    esep_memory_give_back();
}

void page_desk_tidy(struct page_desk *desk)
{
    const struct timeval later = {.tv_sec = KEPT_SECONDS};
    if (event_pending(desk->tidy, EV_TIMEOUT, NULL) == 0)
        (void)event_add(desk->tidy, &later);
}

enum esep_status page_desk_new(struct page_desk **ret, struct page *page)
{
    struct page_desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL)
        return ESEP_NOMEM;
    desk->page = page;
    desk->tidy = event_new(esep_loop_base(page->run->loop), -1, 0, on_tidy, desk);
    if (desk->tidy == NULL) {
        page_desk_free(desk);
        return ESEP_NOMEM;
    }
    *ret = desk;
    return ESEP_OK;
}

void page_desk_free(struct page_desk *desk)
{
    if (desk == NULL)
        return;
    drop(desk);
    if (desk->tidy != NULL)
        event_free(desk->tidy);
    free(desk);
}

enum esep_status page_desk_open(const struct page *page, struct agent_desk *ret,
                                struct esep_reason *reason)
{
    const struct agent_run *run = page->run;
    if (run->broken || run->journal.store.env == NULL)
        return esep_because(reason, ESEP_AGAIN, "the journal is being opened again");
    *ret = (struct agent_desk){.settings = run->settings,
                               .clock = run->clock,
                               .journal = run->journal,
                               .sign_key = run->sign_key};
    return journal_identity(&ret->journal, &ret->identity, reason);
}

enum esep_status page_desk_duties(struct page_desk *desk, struct agent_duties **ret,
                                  struct esep_reason *reason)
{
    struct agent_desk borrowed;
    enum esep_status status = page_desk_open(desk->page, &borrowed, reason);
    if (status != ESEP_OK)
        return status;
    const uint64_t commit = last_commit(desk->page);
    const esep_time minute = minute_of(desk->page);
    if (!desk->kept || desk->of_commit != commit || desk->of_minute != minute) {
        drop(desk);
        status = agent_duties_load(&desk->duties, &borrowed, reason);
        if (status == ESEP_OK)
            status = journal_files(&borrowed.journal, note_missing, desk, reason);
        if (status == ESEP_OK && desk->duties.zone != NULL) {
            desk->zone = *desk->duties.zone;
            desk->zoned = true;
        }
        desk->kept = true; /* what there is of it, too, is to be freed */
        desk->of_commit = commit;
        desk->of_minute = minute;
        if (status != ESEP_OK)
            drop(desk);
    }
    esep_wipe(&borrowed.sign_key, sizeof borrowed.sign_key);
    if (status == ESEP_OK)
        *ret = &desk->duties;
    return status;
}

const struct esep_hash *page_desk_missing(const struct page_desk *desk, size_t *ret_count)
{
    *ret_count = desk->missing_count;
    return desk->missing;
}

const struct esep_zone *page_desk_zone(struct page_desk *desk)
{
    struct esep_reason reason = {""};
    struct agent_duties *duties = NULL;
    if (!desk->zoned && page_desk_duties(desk, &duties, &reason) != ESEP_OK)
        return NULL;
    return desk->zoned ? &desk->zone : NULL;
}

void page_desk_etag(const struct page *page, char ret_etag[48])
{
    const struct agent_run *run = page->run;
    struct agent_status uplink = {0};
    if (run->core != NULL)
        agent_status_get(run->core, &uplink);
    (void)snprintf(ret_etag, 48, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"",
                   run->journal.store.env != NULL ? last_commit(page) : 0,
                   (uint64_t)minute_of(page), uplink.sent_seq);
}
