/* collector/run_figures.c - ingest's figures, laid beside the store each few seconds; see
 * figures.h for who reads them, and run.h. */
#include "collector/figures.h"
#include "collector/run.h"
#include "io/log.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>

static void put_counters(const struct run *run, struct esep_buf *to)
{
    for (enum collector_counter i = 0; i < COLLECTOR_COUNTERS; i++) {
        char name[96];
        (void)snprintf(name, sizeof name, "esep_ingest_%s_total", collector_counter_name(i));
        figures_put(to, name, "", collector_counter(run->core, i));
    }
}

static void put_links(const struct run *run, struct esep_buf *to)
{
    for (uint32_t i = 0; i < run->settings->broker_count; i++) {
        const char *text = "";
        const bool joined = collector_link(run->core, i, &text) == COLLECTOR_LINK_JOINED;
        figures_put(to, "esep_ingest_broker_joined", run->settings->brokers[i].address, joined);
    }
}

static void put_store(const struct run *run, struct esep_buf *to)
{
    uint64_t used = 0;
    uint64_t quota = 0;
    figures_put(to, "esep_ingest_log_entries", "", views_log_size(run->state.views));
    if (esep_store_usage(collector_log_store(run->state.log), &used, &quota) == ESEP_OK) {
        figures_put(to, "esep_ingest_store_bytes", "", used);
        figures_put(to, "esep_ingest_store_quota_bytes", "", quota);
    }
    figures_put(to, "esep_ingest_store_full", "", run->full);
}

/* How much of the log is signed: where it stays behind, nobody signs. */
static void put_signer(const struct run *run, struct esep_buf *to)
{
    struct esep_growth head = {.size = 0};
    const bool away = run->core == NULL || atomic_load(&run->signer_away);
    if (run->core != NULL) {
        collector_checkpoint(run->core, &head);
        figures_put(to, "esep_ingest_log_signed", "", head.size);
    }
    figures_put(to, "esep_ingest_signer_away", "", away);
    if (away)
        figures_say(to, "signer-away", "nobody signs the log's heads: nothing is receipted");
}

static void put_verified(const struct run *run, struct esep_buf *to)
{
    const struct round_seen *seen = run_verify_seen(run);
    figures_put(to, "esep_log_verify_entries_done", "", seen->at);
    figures_put(to, "esep_log_verify_entries_of", "", seen->of);
    figures_put(to, "esep_log_verified_rounds_total", "", seen->rounds);
    figures_put(to, "esep_log_verify_readers_died_total", "", seen->broken);
    if (!seen->known)
        return;
    figures_put(to, "esep_log_verified_ok", "", seen->status == ESEP_OK);
    figures_put(to, "esep_log_verified_entries", "", seen->entries);
    figures_put(to, "esep_log_verified_files", "", seen->files);
    figures_put(to, "esep_log_verified_timestamp_seconds", "",
                (uint64_t)(seen->ended_at / ESEP_SECOND));
    if (seen->status != ESEP_OK)
        figures_say(to, seen->status == ESEP_CORRUPT ? "log-damaged" : "log-unverified",
                    seen->reason.text[0] != 0 ? seen->reason.text : esep_status_name(seen->status));
}

void run_figures_publish(struct run *run)
{
    struct esep_buf text;
    const bool waits = run->core == NULL && run->signer_missed; /* the store is open all the same */
    if (!waits && (run->core == NULL || run->ended))
        return;
    figures_begin(&text);
    put_store(run, &text);
    put_signer(run, &text);
    put_verified(run, &text);
    if (!waits) {
        put_links(run, &text);
        put_counters(run, &text);
        run_witnesses_figures(run, &text);
    }
    if (figures_publish(run->settings->store, &text) != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "figures-unwritten", "%s: %s: metrics and status are old",
                 run->settings->store, strerror(errno));
    esep_buf_done(&text);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    run_figures_publish(context);
}

enum esep_status run_figures_open(struct run *run, struct esep_reason *reason)
{
    const struct timeval every = {.tv_sec = FIGURES_EVERY / ESEP_SECOND};
    run->figures = event_new(esep_loop_base(run->loop), -1, EV_PERSIST, on_timer, run);
    if (run->figures == NULL || event_add(run->figures, &every) != 0)
        return esep_because(reason, ESEP_NOMEM, "no memory for a timer");
    return ESEP_OK;
}

void run_figures_close(struct run *run)
{
    if (run->figures != NULL)
        event_free(run->figures);
    run->figures = NULL;
}
