/* collector/run_effects.c - what the core asks for, carried out in order; see run.h. */
#include "collector/run.h"
#include "io/log.h"

#define STUCK_RETRY (2 * 1000)           /* microseconds */
#define STUCK_MAX (5 * ESEP_SECOND)      /* then the link is closed, loudly */
#define IDLE_WAIT_MAX (60 * ESEP_SECOND) /* a clock set by hand is noticed after so long */
#define BUSY_WAIT_MAX ESEP_SECOND        /* while there is something to look after */
#define SAY_EVERY (60 * ESEP_SECOND)
#define FULL_ROOM_BATCHES 4
#define JOIN_MAX (30 * ESEP_SECOND) /* a broker that says neither yes nor no */

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

/* One effect. false: it has to wait. */
static bool carry_out(struct run *run, const struct collector_effect *effect)
{
    const struct collector_effect copy = *effect;
    switch (copy.kind) {
    case COLLECTOR_EFFECT_SEND:
        if (!run_bundle_sent(run, &copy) && !send(run, &copy))
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
        run_order_reply(run, copy.token, copy.parts[0]);
        collector_pop(run->core);
        return true;
    case COLLECTOR_EFFECT_DELIVER:
        collector_pop(run->core);
        run_alerts_raised(run, copy.alert_index);
        return true;
    case COLLECTOR_EFFECT_FILE_OPEN:
    case COLLECTOR_EFFECT_FILE_WRITE:
    case COLLECTOR_EFFECT_FILE_FINISH:
    case COLLECTOR_EFFECT_FILE_CLOSE:
        run_file(run, &copy);
        return true;
    case COLLECTOR_EFFECT_FILE_GONE:
        collector_pop(run->core);
        run_file_gone(run, &copy.file);
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

/* Said at most once a minute; what it counts comes again by itself. */
static void say_counted(const struct run *run, enum collector_counter counter,
                        struct run_said *said, enum esep_log_level level, const char *event,
                        const char *text)
{
    const uint64_t count = collector_counter(run->core, counter);
    const int64_t now = esep_monotonic();
    if (count <= said->count || (said->at != 0 && now - said->at < SAY_EVERY))
        return;
    esep_log(level, event, "%llu %s", (unsigned long long)(count - said->count), text);
    *said = (struct run_said){.count = count, .at = now};
}

static void say_counts(struct run *run)
{
    say_counted(run, COLLECTOR_UNWRITTEN, &run->unwritten, ESEP_LOG_WARNING, "batch-full",
                "deliveries, acknowledgements or signs of life found no room in the batch and wait "
                "to be told again: raise limits.batch_records or limits.batch_bytes");
    say_counted(run, COLLECTOR_UNPROVEN, &run->unproven, ESEP_LOG_ERROR, "store-damaged",
                "receipts had to wait: the log's tree does not come out of the store as it was "
                "signed; run esep-collector log verify, and restore a backup");
}

/* A broker that refuses us is for an operator to hear of; one that does not answer is dialled
 * anew. */
static void look_at_links(struct run *run)
{
    const struct collector_settings *s = run->settings;
    int64_t now = esep_monotonic();
    for (uint32_t i = 0; i < s->broker_count && !run->ended; i++) {
        const char *text = "";
        enum collector_link_state state = collector_link(run->core, i, &text);
        bool waits = state == COLLECTOR_LINK_GREETED || state == COLLECTOR_LINK_JOINING;
        if (state == run->link[i].said) {
            if (waits && now - run->link[i].since > JOIN_MAX && !run->draining) {
                run->link[i].since = now;
                collector_links_reset(run->links, i, "it does not let us join");
            }
            continue;
        }
        if (state == COLLECTOR_LINK_JOINED) {
            esep_log(ESEP_LOG_INFO, "broker-joined", "%s", s->brokers[i].address);
            collector_links_joined(run->links, i);
        }
        if (state == COLLECTOR_LINK_REFUSED)
            esep_log(ESEP_LOG_ERROR, "broker-refused", "%s: %s", s->brokers[i].address, text);
        run->link[i].said = state;
        run->link[i].since = now;
    }
}

/* A letter that its server has taken is logged as delivered before the end, or it would be sent
 * again at the next start. */
static bool tries_ended(const struct run *run)
{
    return deliver_idle(run->deliver) || esep_monotonic() > run->tries_until;
}

static void check_drained(struct run *run)
{
    if (!run->draining)
        return;
    bool late = esep_monotonic() > run->drain_until;
    if (late)
        esep_log(ESEP_LOG_ERROR, "drain-broken-off", "%s",
                 run->storing ? "the disk does not answer" : "a broker takes nothing more");
    if (late || (tries_ended(run) && collector_drained(run->core) && !run->storing))
        esep_loop_stop(run->loop);
}

static void set_deadline(struct run *run, bool stuck)
{
    esep_time now = run_now(run);
    esep_time at = collector_deadline(run->core);
    esep_time wait = at == ESEP_TIME_NEVER ? IDLE_WAIT_MAX : at - now;
    esep_time most =
        run->draining || run->full || run_alerts_waiting(run) ? BUSY_WAIT_MAX : IDLE_WAIT_MAX;
    if (wait > most)
        wait = most;
    const esep_time publish = run->ended ? ESEP_TIME_NEVER : run_checkpoint_publish(run);
    if (wait > publish)
        wait = publish;
    const esep_time witnesses = run_witnesses_turn(run);
    if (wait > witnesses)
        wait = witnesses;
    if (stuck && wait > STUCK_RETRY)
        wait = STUCK_RETRY;
    if (run->ended)
        wait = run->storing ? most : 0;
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
    say_counts(run);
    look_at_links(run);
    check_drained(run);
    set_deadline(run, stuck);
    run->pumping = false;
}

/* Where far more room is measured than any batch takes, somebody else had filled the disk and has
 * freed it already: the batch is not to blame, and no more room is waited for. */
static void found_full(struct run *run)
{
    uint64_t used = 0;
    uint64_t quota = 0;
    const uint64_t enough = FULL_ROOM_BATCHES * (uint64_t)run->settings->batch_bytes;
    run->full = true;
    run->full_room = 0;
    if (esep_store_usage(collector_log_store(run->state.log), &used, &quota) == ESEP_OK &&
        used < quota && quota - used < enough)
        run->full_room = quota - used;
}

void run_on_written(void *context, uint64_t token, enum esep_status status,
                    const uint8_t *signature, const struct esep_reason *reason)
{
    struct run *run = context;
    run->storing = false;
    if (status != ESEP_OK)
        esep_log(ESEP_LOG_ERROR,
                 status == ESEP_LIMIT   ? "store-full"
                 : status == ESEP_AGAIN ? "head-unsigned" /* stored, and signed at the next start */
                                        : "store-failed",
                 "%s", reason->text[0] != 0 ? reason->text : esep_status_name(status));
    if (status == ESEP_LIMIT)
        found_full(run);
    collector_on_stored(run->core, token, status, signature, run_now(run));
    run_pump(run);
}
