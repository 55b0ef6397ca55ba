/* tests/sim/sim_model_alert.c - which alerts must exist by now, and which must not.
 *
 * At each alert in the log: is every item of it due at its very hour, and not said before? And at
 * each look from outside: is one missing, though nothing kept the collector from saying it? The
 * stairs, and "0.00 o'clock of the n-th day before", are counted here by hand.
 */
#include "sim_model.h"

/* It looks at least every five minutes, wakes within one, and a slow disk takes twenty seconds. */
#define SLACK (8 * ESEP_MINUTE)

/* A stair is a number that rises with time: -n for n days before, 0 on the day, 1 overdue, 1 + k
 * the k-th week. NOTHING: too early for any. */
#define NOTHING (-100000)

static int stair(const struct model_plan *plan, esep_time due, esep_time now)
{
    int at = NOTHING;
    esep_day due_day = model_day(plan, due);
    for (size_t i = 0; i < plan->alert_day_count; i++) {
        int before = plan->alert_days[i];
        if (now >= model_instant(plan, due_day - before, 0) && -before > at)
            at = -before;
    }
    if (now >= model_instant(plan, due_day, 0))
        at = 0;
    if (now > due)
        at = 1;
    for (int week = 1; plan->repeat_days > 0; week++) {
        if (now <= due + week * plan->repeat_days * ESEP_DAY)
            break;
        at = 1 + week;
    }
    return at;
}

static int stair_of(const Esep__V1__AlertItem *item)
{
    switch (item->kind) {
    case ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_SOON:
        return -(int)item->days_left;
    case ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_TODAY:
        return 0;
    case ESEP__V1__ALERT_KIND__ALERT_KIND_OVERDUE:
        return 1;
    case ESEP__V1__ALERT_KIND__ALERT_KIND_STILL_OVERDUE:
        return 1 + (int)item->weeks;
    default:
        return NOTHING;
    }
}

/* What the obligation is watched for; NEVER: it is in order, or nobody asks any more. */
static esep_time watched(const struct sim_model *m, struct model_duty *d)
{
    if (d->dropped || d->control == ESEP_CONTROL_REMOVED)
        return ESEP_TIME_NEVER;
    if (d->first_at == 0)
        return model_due(m, d);
    if (model_again(d) != ESEP_DAY_NONE)
        return model_instant(&m->plans[d->plan], model_again(d), ESEP_DAY / ESEP_SECOND - 1);
    return ESEP_TIME_NEVER;
}

/* The stair that must have been said by `now`; NOTHING. */
static int owed_stair(const struct sim_model *m, struct model_duty *d, esep_time now,
                      esep_time *ret_due)
{
    *ret_due = watched(m, d);
    if (*ret_due == ESEP_TIME_NEVER)
        return NOTHING;
    int at = stair(&m->plans[d->plan], *ret_due, now);
    if (at >= 1 && d->agreed)
        return NOTHING; /* their silence is no violation */
    return d->said_due == *ret_due && at <= d->said ? NOTHING : at;
}

/* The patience of the strictest current plan that the office reports on; 0: nobody waits for it.
 * There it is called by this body. */
static int patience(const struct sim_model *m, const struct model_office *o, const char **ret_body)
{
    int days = 0;
    for (int i = 0; i < m->plan_count; i++) {
        const char *body = model_body_there(&m->plans[i], o);
        int its = m->plans[i].silent_days;
        if (!model_current(m, i) || body == NULL || its == 0 || (days != 0 && its >= days))
            continue;
        days = its;
        *ret_body = body;
    }
    return days;
}

static bool is_silent(const struct sim_model *m, const struct model_office *o, esep_time now,
                      const char **ret_body)
{
    int days = patience(m, o, ret_body);
    esep_time since = o->seen != 0 ? o->seen : o->enrolled;
    return o->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE && !o->silent && days > 0 &&
           now >= since + days * ESEP_DAY;
}

static void office_item(const struct model_entry *e, const Esep__V1__Alert *alert,
                        const Esep__V1__AlertItem *item)
{
    struct sim_model *m = e->m;
    struct model_office *o = &m->offices[item->office];
    const char *body = "";
    if (item->office == 0 || item->office > m->office_count || item->seen_at_us != o->seen ||
        !is_silent(m, o, e->leaf.accepted_at, &body) || strcmp(alert->body, body) != 0)
        sim_fail(e->sim,
                 "entry %llu: office %u is called silent and is not; seen at %lld, now %lld",
                 (unsigned long long)e->index, item->office, (long long)o->seen,
                 (long long)e->leaf.accepted_at);
    o->silent = true;
    o->changed = e->sim->now;
}

static void duty_item(const struct model_entry *e, const Esep__V1__Alert *alert,
                      const Esep__V1__AlertItem *item)
{
    struct sim_model *m = e->m;
    struct model_duty *d = model_duty(m, item->obligation);
    const char *owner = d == NULL ? "" : model_owner(m, d, e->leaf.accepted_at);
    if (d == NULL || strcmp(owner, alert->body) != 0)
        sim_fail(e->sim, "entry %llu: an alert to %s about %s; who answers is %s",
                 (unsigned long long)e->index, alert->body, item->obligation, owner);
    if (strcmp(owner, d->body) != 0)
        sim_count(e->sim, SIM_TALLY_HEIR_ALERT);
    esep_time due = 0;
    int owed = owed_stair(m, d, e->leaf.accepted_at, &due);
    int said = stair_of(item);
    if (owed == NOTHING || owed != said || due != item->due_us)
        sim_fail(
            e->sim,
            "entry %llu: %s: stair %d is said for due %lld; the model says stair %d, due %lld, "
            "%d said before, at %lld",
            (unsigned long long)e->index, d->key, said, (long long)item->due_us, owed,
            (long long)due, d->said, (long long)e->leaf.accepted_at);
    d->said = said;
    d->said_turns += d->said_due != due;
    d->said_due = due;
    d->changed = e->sim->now;
}

unsigned sim_model_turn(struct sim *sim, const char *key, esep_time due)
{
    const struct model_duty *d = model_duty(sim->truth.model, key);
    return d == NULL ? 0 : d->said_turns + (d->said_due != due);
}

void model_alert_entry(const struct model_entry *e)
{
    const Esep__V1__Alert *alert =
        (const Esep__V1__Alert *)model_read(e, &esep__v1__alert__descriptor);
    if (alert->n_items == 0)
        sim_fail(e->sim, "entry %llu: an alert about nothing", (unsigned long long)e->index);
    for (size_t i = 0; i < alert->n_items; i++) {
        e->m->alerts++;
        if (alert->items[i]->kind == ESEP__V1__ALERT_KIND__ALERT_KIND_SILENT)
            office_item(e, alert, alert->items[i]);
        else
            duty_item(e, alert, alert->items[i]);
    }
    model_mail_body(e, alert->plan, alert->body, e->index);
}

/* Whether anything keeps it from raising alerts now. */
static bool hindered(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    struct sim_model *m = sim->truth.model;
    bool other = c->opened != m->opened || c->node.offset != m->offset;
    m->opened = c->opened;
    m->offset = c->node.offset;
    return other || c->core == NULL || c->full || c->draining || sim_paused(sim, &c->node) ||
           collector_status(c->core, NULL) != ESEP_OK || sim->now < c->disk_bad_until ||
           sim->now < c->disk_full_until || sim->now < c->disk_slow_until;
}

void sim_model_look(struct sim *sim)
{
    struct sim_model *m = sim->truth.model;
    struct sim_collector *c = &sim->collector;
    if (hindered(sim))
        m->free_since = sim->now;
    esep_time settled = m->free_since + c->config.alerts_settle + SLACK;
    if (sim->now <= settled)
        return;
    m->looked++;
    esep_time now = sim_wall(sim, &c->node) - SLACK;
    for (size_t i = 0; i < m->duty_count; i++) {
        struct model_duty *d = &m->duties[i];
        esep_time due = 0;
        int owed = sim->now - d->changed > SLACK ? owed_stair(m, d, now, &due) : NOTHING;
        if (owed != NOTHING)
            sim_fail(sim, "an alert is missing: %s, stair %d, due %lld", d->key, owed,
                     (long long)due);
    }
    const char *body = NULL;
    for (uint32_t i = 1; i <= m->office_count; i++)
        if (sim->now - m->offices[i].changed > SLACK && is_silent(m, &m->offices[i], now, &body))
            sim_fail(sim, "an alert is missing: office %u has been silent since %lld", i,
                     (long long)m->offices[i].seen);
}
