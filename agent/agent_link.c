/* agent/agent_link.c - sockets, waiting and backoff: when to try, how long to wait, when to give
 * up.
 *
 * Where nobody answers at all, the line is away: the wait grows with the time it has been, a
 * twentieth of it, so that the line's return is noticed after a small part of the outage, and a
 * broker that is gone for days is asked now and then. A try is one small packet; while entries wait
 * for their receipt there is one each knock_most, so that the first minute of a line is not lost.
 *
 * Every failure ends the same way: the socket is closed, a wait is drawn uniformly from
 * 0 .. min(cap, base * 2^n), and the next try is on a fresh socket to the next broker. A fleet of
 * offices that lost the same broker at the same second comes back spread out. FORK, BEHIND and a
 * journal that lies do not wait: they stop, and a person decides.
 *
 * WELCOME takes back what n has grown by on the way to it; what sessions failed that WELCOME opened
 * stays in n until one gets on: a receipt, a file's bytes or mail that are new, or a PONG where
 * nothing is owed. A session that opens and then always fails in the same place would otherwise be
 * opened again every second.
 */
#include "agent/agent_core.h"

#include <stdio.h>

#define DOUBLINGS_MAX 30u
#define AWAY_PART 20

void agent_set_state(struct agent *a, enum agent_state state, enum agent_why why,
                     Esep__V1__RefusalReason refusal, const char *text)
{
    struct agent_status *s = &a->status;
    if (s->state != state)
        s->since = a->now;
    s->state = state;
    s->why = why;
    s->refusal = refusal;
    s->next_try_at = ESEP_TIME_NEVER;
    a->timer = ESEP_TIME_NEVER;
    /* text may be our own, passed through. */
    if (text != s->text)
        snprintf(s->text, sizeof s->text, "%s", text);
    a->notify_due = true;
}

void agent_tell(struct agent *a, enum agent_why why, const char *text)
{
    a->status.why = why;
    snprintf(a->status.text, sizeof a->status.text, "%s", text);
    a->notify_due = true;
}

static esep_time drawn(struct agent *a, esep_time window)
{
    return (esep_time)esep_prng_below(&a->prng, (uint64_t)window + 1);
}

void agent_answered(struct agent *a)
{
    a->away_at = ESEP_TIME_NEVER;
    a->unanswered = 0;
}

void agent_unanswered(struct agent *a, const char *text)
{
    const struct agent_config *c = &a->config;
    if (!c->by_speed) {
        agent_link_fail(a, AGENT_WHY_UNREACHABLE, text);
        return;
    }
    if (a->away_at == ESEP_TIME_NEVER)
        a->away_at = a->now;
    esep_time window = (a->now - a->away_at) / AWAY_PART;
    window = window < c->backoff_base ? c->backoff_base : window;
    window = window > c->backoff_cap ? c->backoff_cap : window;
    if (c->knock_most > 0 && window > c->knock_most &&
        a->journal.receipted_seq < a->journal.last_seq && !a->tcp_answered)
        window = c->knock_most;
    a->unanswered += a->unanswered < UINT32_MAX;
    a->status.failures += a->status.failures < UINT32_MAX;
    agent_link_wait(a, AGENT_WHY_UNREACHABLE, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED,
                    text, drawn(a, window));
}

void agent_progressed(struct agent *a)
{
    a->fruitless = 0;
    a->status.failures = 0;
}

esep_time agent_backoff(struct agent *a)
{
    if (a->status.state == AGENT_ONLINE)
        a->fruitless += a->fruitless < UINT32_MAX;
    uint32_t n = a->status.failures;
    esep_time window = a->config.backoff_base;
    for (uint32_t i = 0; i < n && i < DOUBLINGS_MAX && window < a->config.backoff_cap; i++)
        window *= 2;
    if (window > a->config.backoff_cap)
        window = a->config.backoff_cap;
    a->status.failures += n < UINT32_MAX;
    return drawn(a, window);
}

void agent_link_start(struct agent *a)
{
    agent_uplink_clear(a);
    a->tcp_answered = false;
    agent_set_state(a, AGENT_CONNECTING, a->status.why, a->status.refusal, a->status.text);
    a->timer = agent_later(a, a->config.connect_timeout);
    a->link_open = true;
    a->connect_due = true;
    a->disconnect_due = false; /* CONNECT closes what was there */
    a->gate.shut_since = ESEP_TIME_NEVER;
    agent_ingress_hung_up(a);
    agent_gate_stirs(a);
    agent_meter_try(&a->gate.spent);
    agent_count(a, AGENT_CONNECTS, 1);
}

static void close_link(struct agent *a)
{
    agent_uplink_clear(a);
    agent_ingress_hung_up(a);
    a->connect_due = false;
    if (a->link_open)
        a->disconnect_due = true;
    a->link_open = false;
}

void agent_link_wait(struct agent *a, enum agent_why why, Esep__V1__RefusalReason refusal,
                     const char *text, esep_time wait)
{
    close_link(a);
    a->status.broker = (a->status.broker + 1) % a->config.broker_count;
    agent_set_state(a, AGENT_OFFLINE, why, refusal, text);
    a->status.next_try_at = agent_later(a, wait);
}

void agent_link_pause(struct agent *a, enum agent_why why, esep_time until)
{
    close_link(a);
    agent_answered(a);
    agent_progressed(a);
    agent_set_state(a, AGENT_OFFLINE, why, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED,
                    "");
    a->status.next_try_at = until;
}

void agent_link_fail(struct agent *a, enum agent_why why, const char *text)
{
    agent_link_wait(a, why, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED, text,
                    agent_backoff(a));
}

void agent_link_stop(struct agent *a, enum agent_why why, Esep__V1__RefusalReason refusal,
                     const char *text)
{
    close_link(a);
    agent_set_state(a, AGENT_STOPPED, why, refusal, text);
}

void agent_greet_again(struct agent *a, enum agent_why why, Esep__V1__RefusalReason refusal,
                       const char *text, esep_time wait)
{
    agent_uplink_clear(a);
    agent_set_state(a, AGENT_GREETING, why, refusal, text);
    a->uplink.hello_at = agent_later(a, wait);
}

static void drained(struct agent *a)
{
    close_link(a);
    agent_gate_keep_exact(a);
    agent_set_state(a, AGENT_DRAINED, AGENT_WHY_NONE,
                    ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED, "");
}

/* Draining ends when nothing is under way any more, or when it has taken too long. */
void agent_link_drain(struct agent *a)
{
    if (!a->draining || a->status.state == AGENT_DRAINED)
        return;
    bool late = a->now >= a->drain_until || agent_gate_exhausted(a);
    bool flying = a->status.state == AGENT_ONLINE && (agent_in_flight(a) || a->send_due);
    if (late || (!flying && agent_vault_idle(a)))
        drained(a);
}

static bool due(const struct agent *a, esep_time at)
{
    return at != ESEP_TIME_NEVER && a->now >= at;
}

/* Several waits: signs of life do not excuse a receipt that never comes. */
static esep_time reply_due(const struct agent *a)
{
    const struct agent_uplink *u = &a->uplink;
    esep_time since = u->awaiting_since < u->ping_since ? u->awaiting_since : u->ping_since;
    if (u->rotate_since < since)
        since = u->rotate_since;
    const esep_time patience = a->config.by_speed
                                   ? agent_speed_patience(&a->speed, a->config.reply_timeout)
                                   : a->config.reply_timeout;
    return since > ESEP_TIME_NEVER - patience ? ESEP_TIME_NEVER : since + patience;
}

static bool is_live(const struct agent *a)
{
    return a->status.state == AGENT_CONNECTING || a->status.state == AGENT_GREETING ||
           a->status.state == AGENT_ONLINE;
}

void agent_link_time(struct agent *a)
{
    if (is_live(a) && !a->draining && agent_gate_shuts(a))
        return;
    switch (a->status.state) {
    case AGENT_OFFLINE:
        if (!a->draining && (due(a, a->status.next_try_at) || agent_gate_idles(a)) &&
            agent_gate_opens(a))
            agent_link_start(a);
        break;
    case AGENT_CONNECTING:
        if (due(a, a->timer))
            agent_unanswered(a, "the broker did not answer in time");
        break;
    case AGENT_GREETING:
        if (due(a, a->timer) && a->asking.parting)
            agent_ingress_part(a);
        else if (due(a, a->timer))
            agent_link_fail(a, AGENT_WHY_SILENT, "no WELCOME came from the collector in time");
        break;
    case AGENT_ONLINE:
        if (due(a, reply_due(a)))
            agent_link_fail(a, AGENT_WHY_SILENT, "the collector owes a reply and is silent");
        break;
    default: /* AGENT_STOPPED, AGENT_DRAINED: a person decides */
        break;
    }
}

static esep_time earlier(esep_time a, esep_time b)
{
    return a < b ? a : b;
}

esep_time agent_link_deadline(const struct agent *a)
{
    esep_time at = a->vault.retry_at;
    const struct agent_uplink *u = &a->uplink;
    if (!a->draining)
        at = earlier(at, agent_gate_deadline(a));
    if (a->draining && a->status.state != AGENT_DRAINED)
        at = earlier(at, a->drain_until);
    if (a->status.state == AGENT_OFFLINE && !a->draining)
        at = earlier(at, a->status.next_try_at);
    if (a->status.state == AGENT_CONNECTING)
        at = earlier(at, a->timer);
    if (a->status.state == AGENT_GREETING)
        at = earlier(at, u->hello_sent || a->asking.parting ? a->timer : u->hello_at);
    if (!a->send_due)
        at = earlier(at, agent_ingress_deadline(a));
    if (a->status.state == AGENT_ONLINE) {
        at = earlier(at, reply_due(a));
        /* What waits for the socket waits for agent_pop, not for an hour. */
        if (!a->send_due && !agent_rotating(a))
            at = earlier(at, u->last_tx + a->config.keep_alive);
        if (!a->send_due && !agent_rotating(a) && agent_promise_ready(a))
            at = earlier(at, a->uncovered_since + a->config.recommit_after);
        if (!a->send_due && !agent_rotating(a) && agent_vault_idle(a) && !agent_gate_closing(a))
            at = earlier(at, u->mail_retry_at);
        if (!a->send_due && !agent_rotating(a))
            at = earlier(at, agent_files_deadline(a));
    }
    return at;
}

static void shift(esep_time *at, esep_time by)
{
    if (*at != ESEP_TIME_NEVER)
        *at += by;
}

/* The office's clock was set back: what was to happen in a minute still does. */
void agent_clock_moved(struct agent *a, esep_time by)
{
    esep_time *const timers[] = {
        &a->timer,
        &a->status.next_try_at,
        &a->status.since,
        &a->drain_until,
        &a->uncovered_since,
        &a->vault.retry_at,
        &a->away_at,
        &a->uplink.mail_retry_at,
        &a->uplink.hello_at,
        &a->uplink.awaiting_since,
        &a->uplink.last_tx,
        &a->uplink.ping_since,
        &a->uplink.rotate_since,
    };
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++)
        shift(timers[i], by);
    agent_files_clock_moved(a, by);
    agent_ingress_clock_moved(a, by);
    agent_gate_clock_moved(a, by);
}
