/* collector/run_effects.c - what the core asks for, carried out in order; see run.h. */
#include "collector/run.h"
#include "io/log.h"

#define STUCK_RETRY (2 * 1000)           /* microseconds */
#define STUCK_MAX (5 * ESEP_SECOND)      /* then the link is closed, loudly */
#define IDLE_WAIT_MAX (60 * ESEP_SECOND) /* a clock set by hand is noticed after so long */

esep_time run_now(const struct run *run)
{
    return esep_clock_now(&run->clock);
}

/* false: its queue is full; the effect stays where it is. */
static bool send(struct run *run, const struct collector_effect *effect)
{
    enum esep_status status =
        collector_links_send(run->links, effect->link, effect->parts, effect->part_count);
    if (status != ESEP_AGAIN) {
        run->stuck_since = 0; /* sent, or the link is down and the core knows */
        return true;
    }
    int64_t now = esep_monotonic();
    if (run->stuck_since == 0)
        run->stuck_since = now;
    if (now - run->stuck_since < STUCK_MAX)
        return false;
    run->stuck_since = 0;
    /* The core hears that the link is down, and may take this effect away itself: look anew. */
    collector_links_reset(run->links, effect->link, "the broker does not read");
    return false;
}

static void read_mail(struct run *run, uint64_t token, uint32_t office, uint64_t after,
                      size_t bytes_max)
{
    struct esep_reason reason = {""};
    enum esep_status status =
        collector_state_mail(run->state.log, office, after, bytes_max, &run->mailbox, &reason);
    if (status != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "mailbox-failed", "office %u: %s", office, reason.text);
        run->mailbox.count = 0;
        run->mailbox.more = false;
    }
    collector_on_mail(run->core, token, run->mailbox.items, run->mailbox.count, run->mailbox.more,
                      run_now(run));
}

static void reply(struct run *run, uint64_t token, struct esep_slice bytes)
{
    if (token != run->control_token)
        return; /* the one who asked is gone */
    run->control_token = 0;
    if (esep_zsock_send(run->control, &bytes, 1) != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "order-reply-lost", "a local order's answer found nobody");
}

/* One effect. false: it has to wait. */
static bool carry_out(struct run *run, const struct collector_effect *effect)
{
    const struct collector_effect copy = *effect;
    switch (copy.kind) {
    case COLLECTOR_EFFECT_SEND:
        if (!send(run, &copy))
            return false;
        collector_pop(run->core);
        return true;
    case COLLECTOR_EFFECT_STORE:
        run->storing = true;
        collector_writer_submit(run->writer, copy.token, copy.batch);
        collector_pop(run->core);
        return true;
    case COLLECTOR_EFFECT_MAIL:
        collector_pop(run->core);
        read_mail(run, copy.token, copy.office, copy.after, copy.bytes_max);
        return true;
    case COLLECTOR_EFFECT_REPLY:
        reply(run, copy.token, copy.parts[0]);
        collector_pop(run->core);
        return true;
    case COLLECTOR_EFFECT_DELIVER:
        collector_pop(run->core);
        run_alerts_raised(run, copy.alert_index);
        return true;
    default:
        ESEP_ASSERT(false);
        return false;
    }
}

static void check_ended(struct run *run)
{
    struct esep_reason reason = {""};
    if (run->ended || collector_status(run->core, &reason) == ESEP_OK)
        return;
    run->ended = true;
    esep_log(ESEP_LOG_ERROR, "ingest-stopped", "%s: reopening the store", reason.text);
}

static void set_deadline(struct run *run, bool stuck)
{
    esep_time now = run_now(run);
    esep_time at = collector_deadline(run->core);
    esep_time wait = at == ESEP_TIME_NEVER ? IDLE_WAIT_MAX : at - now;
    if (wait > IDLE_WAIT_MAX)
        wait = IDLE_WAIT_MAX;
    if (stuck && wait > STUCK_RETRY)
        wait = STUCK_RETRY;
    if (run->ended)
        wait = run->storing ? IDLE_WAIT_MAX : 0;
    esep_loop_deadline(run->loop, wait);
}

void run_pump(struct run *run)
{
    if (run->pumping || run->core == NULL)
        return;
    run->pumping = true;
    bool stuck = false;
    for (;;) {
        const struct collector_effect *effect = collector_peek(run->core);
        if (effect == NULL)
            break;
        if (!carry_out(run, effect)) {
            stuck = true;
            break;
        }
    }
    check_ended(run);
    if (run->draining && collector_drained(run->core) && !run->storing)
        esep_loop_stop(run->loop);
    set_deadline(run, stuck);
    run->pumping = false;
}

void run_on_written(void *context, uint64_t token, enum esep_status status,
                    const struct esep_reason *reason)
{
    struct run *run = context;
    run->storing = false;
    if (status != ESEP_OK)
        esep_log(ESEP_LOG_ERROR, status == ESEP_LIMIT ? "store-full" : "store-failed", "%s",
                 reason->text[0] != 0 ? reason->text : esep_status_name(status));
    if (status == ESEP_LIMIT)
        run->full = true;
    collector_on_stored(run->core, token, status, run_now(run));
    run_pump(run);
}
