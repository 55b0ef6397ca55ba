/* tests/sim/sim_rules.c - offices with windows, and with a day's budget; see sim.h.
 *
 * What is true is told from the config and the office's clock alone, a second time: a minute of the
 * week is open or it is not; a day has so many bytes. A call outside of both is one that a person
 * or a deadline asked for. Before any byte goes or comes, less than the bound was used: it is
 * exceeded by one frame at most. A chunk leaves the text's part whole. What the office counts is
 * never less than its frames' bytes, but for what came in since the disk knew and a crash forgot.
 */
#include "sim_real.h"
#include "wire/envelope.h"

#define PLUS_6 (6 * ESEP_HOUR)
#define FORCED_FOR (5 * ESEP_MINUTE)
#define CLOSES_WITHIN (11 * ESEP_SECOND)
#define KB ((uint64_t)1000)

static uint64_t draw(struct esep_prng *prng, uint64_t least, uint64_t most)
{
    return least + esep_prng_below(prng, most - least + 1);
}

/* Every two to four hours one of some minutes, on most days of the week. */
static void draw_windows(struct esep_prng *prng, struct agent_schedule *s)
{
    const uint64_t every = draw(prng, 120, 240);
    const uint64_t len = draw(prng, 3, 40);
    for (uint64_t at = draw(prng, 0, 60); at < 1440 && s->count < AGENT_OPENINGS_MAX; at += every)
        s->openings[s->count++] =
            (struct agent_opening){.days = (uint8_t)(draw(prng, 0, 3) == 0 ? 0x5f : 0x7f),
                                   .from = (uint16_t)at,
                                   .until = (uint16_t)((at + len) % 1440)};
}

void sim_rules_draw(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    struct agent_rules *r = &o->config.rules;
    struct esep_prng prng = {sim->seed ^ UINT64_C(0x3173135) ^ (uint64_t)(office + 1) << 40};
    const bool windows = draw(&prng, 1, 1000000) <= sim->profile->windows;
    const bool metered = draw(&prng, 1, 1000000) <= sim->profile->metered;
    const uint64_t budget = draw(&prng, 100, 400) * KB;
    const uint64_t way = draw(&prng, 0, 5);
    *r = (struct agent_rules){.zone = *sim_zone(NULL, "test/plus6")};
    r->urgent_anyway = draw(&prng, 0, 1) == 0;
    r->stay = (esep_time)draw(&prng, 5, 120) * ESEP_SECOND;
    r->again = (esep_time)draw(&prng, 5, 60) * ESEP_MINUTE;
    if (windows)
        draw_windows(&prng, &r->schedule);
    r->metered = metered;
    if (!metered)
        return;
    o->config.keep_alive = (esep_time)draw(&prng, 10, 20) * ESEP_MINUTE;
    r->budget.text_percent = 25;
    if (way < 4)
        r->budget.both = budget;
    if (way == 4)
        r->budget.out = budget;
    if (way >= 3)
        r->budget.in = budget;
}

static esep_time wall(const struct sim *sim, const struct sim_office *o)
{
    return sim_wall(sim, &o->node);
}

static bool scheduled(const struct sim_office *o)
{
    return o->config.rules.schedule.count > 0;
}

/* By minutes of the week: Thursday was the first of them. */
static bool open_at(const struct sim_office *o, esep_time at)
{
    const struct agent_schedule *s = &o->config.rules.schedule;
    const int64_t minute = (at + PLUS_6) / ESEP_MINUTE + 3 * 1440; /* Monday's is the first */
    for (size_t i = 0; i < s->count; i++) {
        const struct agent_opening *w = &s->openings[i];
        const int64_t len = w->until > w->from ? w->until - w->from : 1440 + w->until - w->from;
        for (int64_t day = minute / 1440 - 1; day <= minute / 1440; day++)
            if ((w->days >> (day % 7) & 1) != 0 && minute >= day * 1440 + w->from &&
                minute < day * 1440 + w->from + len)
                return true;
    }
    return s->count == 0;
}

static bool opens_before(const struct sim_office *o, esep_time from, esep_time due)
{
    for (esep_time at = from; at < due; at += ESEP_MINUTE)
        if (open_at(o, at))
            return true;
    return false;
}

/* Its clerk wrote something that is due in a day or two; the core is told of the first of them. */
void sim_rules_due(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    const esep_time now = wall(sim, o);
    if (!scheduled(o))
        return;
    const esep_time due = now + (esep_time)((1 + sim_pick(sim, 40)) * 10) * ESEP_MINUTE;
    if (o->due_at <= now || due < o->due_at)
        o->due_at = due;
    agent_on_due(o->core, o->due_at, now);
}

void sim_rules_pushed(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    o->pushed = true;
    o->pushed_at = wall(sim, o);
}

/* Where a person's word may still count: from it on for a while, and for the link it led to. */
static bool pushed(const struct sim *sim, const struct sim_office *o)
{
    const esep_time since = wall(sim, o) - o->pushed_at;
    return o->pushed && (o->linked || since <= FORCED_FOR);
}

static bool presses(const struct sim *sim, const struct sim_office *o)
{
    const esep_time now = wall(sim, o);
    return o->config.rules.urgent_anyway && o->due_at > now && !opens_before(o, now, o->due_at);
}

void sim_rules_connects(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    if (!open_at(o, wall(sim, o)) && !pushed(sim, o) && !presses(sim, o))
        sim_fail(sim, "%s calls outside of its windows", o->node.name);
    o->linked = true;
    o->shut_at = ESEP_TIME_NEVER;
}

void sim_rules_hangs_up(struct sim_office *o)
{
    const bool had = o->linked;
    o->linked = false;
    if (had && o->pushed && o->core != NULL) {
        struct agent_status s;
        agent_status_get(o->core, &s);
        o->pushed = s.state != AGENT_OFFLINE || s.why != AGENT_WHY_WINDOW;
    }
}

static void turn(struct sim_office *o, esep_time now)
{
    const esep_day today = (esep_day)((now + PLUS_6) / ESEP_DAY);
    struct agent_meter *m = &o->really;
    if (today > m->day) {
        *m = (struct agent_meter){.day = today};
        o->forgot = o->unkept = 0;
    } else if (today < m->day - 1)
        m->day = today;
}

static uint64_t used_of(const struct agent_meter *m, uint64_t bound, bool out, bool in)
{
    return bound == 0 ? 0 : (out ? m->out : 0) + (in ? m->in : 0);
}

static void spend(struct sim *sim, struct sim_office *o, size_t len, bool up, uint32_t keeps)
{
    const struct agent_budget *b = &o->config.rules.budget;
    struct agent_meter *m = &o->really;
    const struct {
        uint64_t bound;
        bool out, in;
    } ways[] = {{b->both, true, true}, {b->out, true, false}, {b->in, false, true}};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const uint64_t most = ways[i].bound - ways[i].bound / 100 * keeps + o->forgot;
        const uint64_t used = used_of(m, ways[i].bound, ways[i].out, ways[i].in);
        const uint64_t now = keeps > 0 && ((up && ways[i].out) || (!up && ways[i].in)) ? len : 0;
        if (ways[i].bound != 0 && used + now > most)
            sim_fail(sim, "%s: %llu bytes of a day's %llu are used, and %zu more %s", o->node.name,
                     (unsigned long long)used, (unsigned long long)ways[i].bound, len,
                     up ? "go" : "come");
    }
    if (up)
        m->out += len;
    else
        m->in += len;
}

/* The frame is on its way: its head says what it is. */
void sim_rules_sent(struct sim *sim, int office, struct esep_slice frame)
{
    struct sim_office *o = &sim->offices[office];
    struct esep_envelope envelope;
    if (!o->config.rules.metered || esep_envelope_read(frame, &envelope, NULL) != ESEP_OK)
        return;
    const bool chunk = envelope.kind == ESEP__V1__KIND__KIND_CHUNK;
    spend(sim, o, frame.len, true, chunk ? o->config.rules.budget.text_percent : 0);
}

void sim_rules_came(struct sim *sim, int office, struct esep_slice frame)
{
    struct sim_office *o = &sim->offices[office];
    if (!o->config.rules.metered)
        return;
    o->unkept += frame.len;
    spend(sim, o, frame.len, false, 0);
}

void sim_rules_keep(struct sim_office *o, const struct agent_meter *spent)
{
    o->spent = *spent;
    o->unkept = 0;
}

/* What had come in and was not on the disk yet is forgotten. */
void sim_rules_crash(struct sim_office *o)
{
    o->linked = o->pushed = false;
    o->due_at = 0;
    o->forgot += o->unkept;
    o->unkept = 0;
}

static void count_enough(struct sim *sim, const struct sim_office *o)
{
    struct agent_status s;
    agent_status_get(o->core, &s);
    const struct agent_meter *m = &s.rules.spent;
    if (m->day == o->really.day &&
        (m->out + o->forgot < o->really.out || m->in + o->forgot < o->really.in))
        sim_fail(sim, "%s counts %llu out and %llu in, and %llu and %llu went", o->node.name,
                 (unsigned long long)m->out, (unsigned long long)m->in,
                 (unsigned long long)o->really.out, (unsigned long long)o->really.in);
}

/* After each event. A link that nothing excuses is let go of within moments. */
void sim_rules_look(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    const esep_time now = wall(sim, o);
    turn(o, now);
    if (o->config.rules.metered)
        count_enough(sim, o);
    if (o->pushed && !pushed(sim, o))
        o->pushed = false;
    if (!scheduled(o) || !o->linked || o->draining || open_at(o, now) || pushed(sim, o) ||
        presses(sim, o)) {
        o->shut_at = ESEP_TIME_NEVER;
        return;
    }
    if (o->shut_at == ESEP_TIME_NEVER || o->shut_at > sim->now)
        o->shut_at = sim->now;
}

void sim_rules_looked(struct sim *sim, int office)
{
    const struct sim_office *o = &sim->offices[office];
    if (o->linked && o->shut_at != ESEP_TIME_NEVER &&
        sim->now - o->shut_at > CLOSES_WITHIN + ESEP_MINUTE)
        sim_fail(sim, "%s stays %lld s after its window", o->node.name,
                 (long long)((sim->now - o->shut_at) / ESEP_SECOND));
}
