/* agent/agent_gate.c - when there may be a link at all, and what may go over it.
 *
 * Two rules of the office's own, apart from whether the line is there (agent_link.c):
 *
 * Windows (agent_schedule.h). In one the office calls, sends all it has, takes the mail, stays as
 * long as more may follow, and hangs up; in a long one it calls again now and then, for mail. When
 * it ends what is under way may still be answered for a moment; a file goes on from there in the
 * next one. Outside, two things open the gate: a person who says that the line is up, until all has
 * gone; and a report that is due before the next window, for all but files.
 *
 * The budget (agent_meter.h). Where files have had theirs they wait for the next day, and the rest
 * goes on. Where text has, the office hangs up; an entry that no commitment covers yet is still
 * worth a call, since one packet proves its hour. Then nothing, until midnight at the office. A
 * person cannot say otherwise here: the config can.
 *
 * Whoever was put off by a rule calls again when the rule allows it, and not by backoff.
 */
#include "agent/agent_core.h"

#define LET_GO (10 * ESEP_SECOND)
#define FORCED_FOR (5 * ESEP_MINUTE) /* tries go on for so long; a link that is up stays */
#define SPREAD_PART 10               /* offices of one window do not all call at once */
#define SPREAD_MOST (20 * ESEP_SECOND)
#define DAY_SPREAD ESEP_MINUTE
#define FRAME_PART 16
#define FRESH_CALLS 3

static const struct agent_rules *rules(const struct agent *a)
{
    return &a->config.rules;
}

static bool scheduled(const struct agent *a)
{
    return rules(a)->schedule.count > 0;
}

static bool bounded(const struct agent *a)
{
    return rules(a)->metered && agent_budget_bounds(&rules(a)->budget);
}

static uint64_t room(const struct agent *a, enum agent_tier tier)
{
    return bounded(a) ? agent_meter_room(&a->gate.spent, &rules(a)->budget, tier) : UINT64_MAX;
}

/* Midnight has passed, a window has begun or ended: whatever `now` says. */
void agent_gate_turn(struct agent *a)
{
    struct agent_gate *g = &a->gate;
    const struct esep_zone *zone = &rules(a)->zone;
    if (a->now >= g->forced_until && a->status.state != AGENT_ONLINE)
        g->forced = false;
    if (rules(a)->metered && !(a->now >= g->day_from && a->now < g->day_until)) {
        const esep_day today = esep_zone_day(zone, a->now);
        g->day_from = a->now;
        g->day_until = esep_zone_instant(zone, today + 1, 0, 0, 0);
        if (agent_meter_turn(&g->spent, today)) {
            g->kept = g->spent;
            g->text_stuck = false;
            a->notify_due = true;
        }
    }
    if (scheduled(a) && !(a->now >= g->span_seen && a->now < g->span.until)) {
        g->span_seen = a->now;
        g->span = agent_schedule_at(&rules(a)->schedule, zone, a->now);
        a->notify_due = true;
    }
}

static bool in_window(const struct agent *a)
{
    return !scheduled(a) || a->now >= a->gate.span.from;
}

/* The next opportunity, were this one missed. */
static esep_time next_window(const struct agent *a)
{
    const struct agent_gate *g = &a->gate;
    if (a->now < g->span.from)
        return g->span.from;
    return agent_schedule_at(&rules(a)->schedule, &rules(a)->zone, g->span.until).from;
}

static bool forced(const struct agent *a)
{
    return a->gate.forced;
}

static bool unreceipted(const struct agent *a)
{
    return a->ahead.receipted_seq < a->journal.last_seq;
}

/* Something is due that would come too late in the next window. */
static bool pressing(const struct agent *a)
{
    const esep_time due = a->gate.due_at;
    return scheduled(a) && unreceipted(a) && due != ESEP_TIME_NEVER && due > a->now &&
           !in_window(a) && due <= a->gate.span.from;
}

static bool urgent(const struct agent *a)
{
    return rules(a)->urgent_anyway && pressing(a);
}

static bool by_schedule(const struct agent *a)
{
    return in_window(a) || forced(a) || urgent(a);
}

/* An entry is written whose hour nothing proves yet. */
static bool unpromised(const struct agent *a)
{
    const struct agent_ahead *h = &a->ahead;
    return h->promised_seq < a->journal.last_seq && unreceipted(a);
}

static bool by_budget(const struct agent *a)
{
    const uint64_t call = agent_meter_call_bytes();
    return (!a->gate.text_stuck && room(a, AGENT_TIER_TEXT) >= call) ||
           (unpromised(a) && room(a, AGENT_TIER_PROMISE) >= call);
}

static bool lets(const struct agent *a, enum agent_tier tier)
{
    if (tier != AGENT_TIER_PROMISE && a->gate.text_stuck)
        return false;
    return room(a, tier) > 0;
}

/* A frame fits what is left to the text, so that its receipt is still heard. An entry that needs
 * more than is left waits for the next day; one that needs more than a day has, goes at the
 * beginning of one. */
size_t agent_gate_frame(struct agent *a, size_t len, size_t need)
{
    struct agent_gate *g = &a->gate;
    const uint64_t left = room(a, AGENT_TIER_TEXT);
    if (agent_meter_frame(len) <= left)
        return len;
    size_t fits = left > agent_meter_frame(0) ? (size_t)(left - agent_meter_frame(0)) : 0;
    fits -= fits / FRAME_PART; /* of which each segment has its headers */
    if (fits >= need)
        return fits;
    if (g->spent.out + g->spent.in < agent_meter_call_bytes() * FRESH_CALLS ||
        a->uplink.group_entries > 0) /* a group without its head is worth nothing */
        return need;
    g->text_stuck = true;
    return 0;
}

bool agent_gate_exhausted(const struct agent *a)
{
    return !lets(a, AGENT_TIER_PROMISE);
}

bool agent_gate_closing(const struct agent *a)
{
    return a->gate.shut_since != ESEP_TIME_NEVER || !lets(a, AGENT_TIER_TEXT);
}

bool agent_gate_last_frame(const struct agent *a, size_t frame_len)
{
    return agent_gate_closing(a) || room(a, AGENT_TIER_TEXT) < 2 * agent_meter_frame(frame_len);
}

bool agent_gate_lets_files(const struct agent *a)
{
    if (!in_window(a) && !forced(a))
        return false;
    /* The chunk as it is on the wire, whole, and the answer to it. */
    return room(a, AGENT_TIER_FILES) >=
           agent_meter_frame(a->files.chunk_bytes + AGENT_CHUNK_OVERHEAD) +
               agent_meter_frame(AGENT_CHUNK_OVERHEAD);
}

static esep_time spread(struct agent *a, esep_time most)
{
    return most > 0 ? (esep_time)esep_prng_below(&a->prng, (uint64_t)most + 1) : 0;
}

/* Sooner, where a promise that nobody answered is still worth a call. */
static void until_midnight(struct agent *a)
{
    const esep_time soon = by_budget(a) ? agent_later(a, a->config.refused_retry) : ESEP_TIME_NEVER;
    const esep_time day = a->gate.day_until + spread(a, DAY_SPREAD);
    agent_link_pause(a, AGENT_WHY_BUDGET, soon < day ? soon : day);
}

static void until_window(struct agent *a)
{
    struct agent_gate *g = &a->gate;
    esep_time at = next_window(a);
    if (at != ESEP_TIME_NEVER) {
        const struct agent_span next = agent_schedule_at(&rules(a)->schedule, &rules(a)->zone, at);
        const esep_time part = (next.until - next.from) / SPREAD_PART;
        at += spread(a, part < SPREAD_MOST ? part : SPREAD_MOST);
    }
    g->forced = false;
    agent_link_pause(a, AGENT_WHY_WINDOW, at);
}

/* All has gone that may; mail may come in the rest of a long window. */
static void visit_over(struct agent *a)
{
    const esep_time again = agent_later(a, rules(a)->again);
    const bool soon = in_window(a) && again < a->gate.span.until;
    if (!soon) {
        until_window(a);
        return;
    }
    a->gate.forced = false;
    agent_link_pause(a, AGENT_WHY_WINDOW, again);
}

bool agent_gate_opens(struct agent *a)
{
    if (!by_budget(a) && a->status.state == AGENT_STOPPED)
        return false; /* why it stopped is what people must see */
    if (!by_budget(a))
        until_midnight(a);
    else if (!by_schedule(a))
        until_window(a);
    else
        return true;
    return false;
}

static bool paused(const struct agent *a)
{
    return a->status.state == AGENT_OFFLINE &&
           (a->status.why == AGENT_WHY_WINDOW || a->status.why == AGENT_WHY_BUDGET);
}

/* It waits for a try that the rules will not let it make. */
bool agent_gate_idles(const struct agent *a)
{
    return !paused(a) && !(by_budget(a) && by_schedule(a));
}

/* A rule's reason to wait may have gone: ask anew, at once. */
void agent_gate_look(struct agent *a)
{
    if (paused(a) && by_budget(a) && by_schedule(a) &&
        (unreceipted(a) || a->status.why == AGENT_WHY_BUDGET))
        a->status.next_try_at = a->now;
}

void agent_gate_clock_moved(struct agent *a, esep_time by)
{
    struct agent_gate *g = &a->gate;
    g->stirred_at += by;
    g->over_until += by;
    if (g->shut_since != ESEP_TIME_NEVER)
        g->shut_since += by;
    if (g->forced)
        g->forced_until += by;
    if (paused(a))
        a->status.next_try_at = 0; /* windows and midnights stand where they were: ask anew */
}

/* Something is on its way up, or its answer down. */
static bool flying(const struct agent *a)
{
    return agent_in_flight(a) || a->send_due || !agent_vault_idle(a);
}

/* Nothing is left to do but to wait for what others may send. */
static bool at_rest(const struct agent *a)
{
    const struct agent_uplink *u = &a->uplink;
    const bool text = u->verified && !unreceipted(a) && u->next_seq > a->journal.last_seq;
    const bool mail = a->mail_blocked || a->status.mail_last <= a->journal.mail_through;
    return text && mail && !flying(a) && !agent_files_pending(a);
}

static bool stayed(const struct agent *a)
{
    return a->now - a->gate.stirred_at >= rules(a)->stay;
}

static esep_time closes_at(const struct agent *a)
{
    return a->gate.shut_since == ESEP_TIME_NEVER ? ESEP_TIME_NEVER : a->gate.shut_since + LET_GO;
}

/* The budget's end is at once, but for a promise that waits for its receipt. */
static bool budget_ends(struct agent *a)
{
    const bool online = a->status.state == AGENT_ONLINE;
    if (lets(a, AGENT_TIER_TEXT))
        return false;
    if ((lets(a, AGENT_TIER_PROMISE) || a->now < a->gate.over_until) &&
        (!online || flying(a) || (unpromised(a) && !stayed(a))))
        return false;
    until_midnight(a);
    return true;
}

bool agent_gate_shuts(struct agent *a)
{
    struct agent_gate *g = &a->gate;
    const bool online = a->status.state == AGENT_ONLINE;
    if (bounded(a) && budget_ends(a))
        return true;
    if (!scheduled(a))
        return false;
    if (by_schedule(a)) {
        g->shut_since = ESEP_TIME_NEVER;
        if (!online || !at_rest(a) || !stayed(a))
            return false;
        visit_over(a);
        return true;
    }
    if (g->shut_since == ESEP_TIME_NEVER)
        g->shut_since = a->now;
    if (online && flying(a) && a->now < closes_at(a))
        return false;
    until_window(a);
    return true;
}

void agent_gate_stirs(struct agent *a)
{
    a->gate.stirred_at = a->now;
}

void agent_gate_force(struct agent *a)
{
    a->gate.forced = true;
    a->gate.forced_until = agent_later(a, FORCED_FOR);
}

static esep_time earlier(esep_time a, esep_time b)
{
    return a < b ? a : b;
}

esep_time agent_gate_deadline(const struct agent *a)
{
    const struct agent_gate *g = &a->gate;
    const bool online = a->status.state == AGENT_ONLINE;
    const bool live =
        online || a->status.state == AGENT_GREETING || a->status.state == AGENT_CONNECTING;
    esep_time at = ESEP_TIME_NEVER;
    if (bounded(a))
        at = earlier(at, g->day_until);
    if (bounded(a) && online && !lets(a, AGENT_TIER_TEXT) && !stayed(a))
        at = earlier(at, g->stirred_at + rules(a)->stay);
    if (bounded(a) && online && a->now < g->over_until)
        at = earlier(at, g->over_until);
    if (!scheduled(a))
        return at;
    at = earlier(at, in_window(a) ? g->span.until : g->span.from);
    if (g->forced && !online)
        at = earlier(at, g->forced_until);
    if (live && urgent(a))
        at = earlier(at, g->due_at);
    if (online && at_rest(a))
        at = earlier(at, g->stirred_at + rules(a)->stay);
    return online ? earlier(at, closes_at(a)) : at;
}

/* What is spent, and what the disk must say before more is. */
void agent_gate_spent(struct agent *a, size_t frame_len)
{
    const struct agent_budget *b = &rules(a)->budget;
    struct agent_gate *g = &a->gate;
    if (!bounded(a))
        return;
    struct agent_meter then = g->spent;
    agent_meter_sent(&then, frame_len);
    if (agent_meter_frame(frame_len) >= room(a, AGENT_TIER_PROMISE))
        g->over_until = agent_later(a, LET_GO); /* it goes over the bound: so will its answer */
    if (then.day == g->kept.day && then.out <= g->kept.out && then.in <= g->kept.in)
        return;
    const uint64_t step = agent_meter_step(b);
    g->kept = (struct agent_meter){then.day, then.out + step, then.in + step};
    g->keep_due = true;
}

void agent_gate_keep_exact(struct agent *a)
{
    struct agent_gate *g = &a->gate;
    if (!bounded(a) || (g->kept.out == g->spent.out && g->kept.in == g->spent.in))
        return;
    g->kept = g->spent;
    g->keep_due = true;
}

void agent_gate_view(const struct agent *a, struct agent_rules_view *ret)
{
    const struct agent_gate *g = &a->gate;
    *ret = (struct agent_rules_view){
        .scheduled = scheduled(a),
        .metered = rules(a)->metered,
        .window_until = ESEP_TIME_NEVER,
        .window_next = ESEP_TIME_NEVER,
        .due_at = ESEP_TIME_NEVER,
        .day_until = ESEP_TIME_NEVER,
    };
    if (scheduled(a)) {
        ret->window_until = in_window(a) ? g->span.until : ESEP_TIME_NEVER;
        ret->window_next = next_window(a);
        ret->due_at = pressing(a) ? g->due_at : ESEP_TIME_NEVER;
        ret->due_sent_anyway = rules(a)->urgent_anyway;
    }
    if (!rules(a)->metered)
        return;
    ret->spent = g->spent;
    ret->budget = rules(a)->budget;
    ret->day_until = g->day_until;
    ret->files_wait = bounded(a) && a->files.count > 0 && !agent_gate_lets_files(a) && in_window(a);
    ret->text_waits =
        bounded(a) && (g->text_stuck || room(a, AGENT_TIER_TEXT) < agent_meter_call_bytes());
}
