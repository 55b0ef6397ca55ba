/* collector/views_alerts.c - alerts: what is due to be said and is not yet in the log.
 *
 * An obligation for which nothing came climbs a staircase (lib/domain/timeliness.h); so does a
 * returned report, towards its day to come back. The log remembers the highest rank said for the
 * due instant it was said for: an alert is raised when the present rank is higher, or when the due
 * instant is another. So each transition is said once, a restart says nothing twice, and a month
 * of downtime says the present state, not all that was missed.
 *
 * A rank does not depend on the plan's thresholds, so a changed plan loses or repeats none:
 * 1000 - n for n days before, 1000 on the day, 1001 overdue, 1001 + k the k-th week.
 *
 * Bodies upon agreement are reminded before the day and on it. Once it has passed nothing is said:
 * their silence is no violation. Their reminders are an Alert of their own, never the
 * secretariat's.
 */
#include "collector/views_state.h"

#include <stdlib.h>

enum { RANK_TODAY = 1000, ITEMS_MAX = 256 };

uint32_t views_alert_rank(Esep__V1__AlertKind kind, uint32_t days_left, uint32_t weeks)
{
    switch (kind) {
    case ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_SOON:
        return days_left < RANK_TODAY ? RANK_TODAY - days_left : 1;
    case ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_TODAY:
        return RANK_TODAY;
    case ESEP__V1__ALERT_KIND__ALERT_KIND_OVERDUE:
        return RANK_TODAY + 1;
    case ESEP__V1__ALERT_KIND__ALERT_KIND_STILL_OVERDUE:
        return weeks < UINT32_MAX - RANK_TODAY - 1 ? RANK_TODAY + 1 + weeks : UINT32_MAX;
    default:
        return 0;
    }
}

static bool is_violation(Esep__V1__AlertKind kind)
{
    return kind == ESEP__V1__ALERT_KIND__ALERT_KIND_OVERDUE ||
           kind == ESEP__V1__ALERT_KIND__ALERT_KIND_STILL_OVERDUE;
}

/* The instant an obligation is watched for; NEVER: for none. */
static esep_time watched(const struct views *v, const struct views_obligation *o)
{
    if (o->dropped || o->control == ESEP_CONTROL_REMOVED || v->plans[o->plan_no].plan == NULL)
        return ESEP_TIME_NEVER;
    if (o->first_received_at == 0)
        return o->due;
    if (o->submission == ESEP_SUBMISSION_RETURNED && o->again_by != ESEP_DAY_NONE)
        return esep_zone_instant(v->plans[o->plan_no].zone, o->again_by, 23, 59, 59);
    return ESEP_TIME_NEVER;
}

struct search {
    struct views *v;
    esep_time now;
    esep_time next_at;
    size_t count;
};

static void look_again(struct search *search, esep_time at)
{
    if (at < search->next_at)
        search->next_at = at;
}

static void look_at_duty(struct search *search, const struct views_obligation *o)
{
    struct views *v = search->v;
    const esep_time due = watched(v, o);
    if (due == ESEP_TIME_NEVER)
        return;
    const struct views_plan_slot *slot = &v->plans[o->plan_no];
    const struct esep_alert_step step =
        esep_alert_step(slot->zone, due, search->now, slot->alert_days, slot->alert_day_count,
                        slot->plan->rules->overdue_repeat_days);
    const bool agreed = o->made.upon_agreement;
    const uint32_t rank = views_alert_rank(step.kind, step.days_left, step.weeks);
    if (!agreed || !is_violation(step.kind))
        look_again(search, step.next_at);
    if (rank == 0 || (agreed && is_violation(step.kind)) ||
        (o->alert_due == due && rank <= o->alert_step))
        return;
    const struct views_plan_slot *current = views_current_plan(v, o->plan_no);
    const int body = esep_body_find(current->plan, views_owner(v, o, search->now));
    v->candidates[search->count++] = (struct views_candidate){
        .plan_no = slot->latest,
        .body = body >= 0 ? (uint32_t)body : VIEWS_NONE,
        .agreed = agreed,
        .duty = o->number,
        .step = step,
        .due = due,
    };
}

/* The first of its bodies that the plan knows, its own if it is one; -1: it may not report there.
 */
static int body_there(const Esep__V1__Plan *plan, const struct views_office *office)
{
    const char *code = NULL;
    int body = -1;
    if (!views_office_on_plan(office, plan->id))
        return -1;
    for (uint32_t i = 0; body < 0 && (code = views_office_body(office, i)) != NULL; i++)
        body = esep_body_find(plan, code);
    return body;
}

/* The current plan that is least patient with the office's bodies; NONE: no plan watches it. */
static uint32_t watching_plan(const struct views *v, const struct views_office *office)
{
    uint32_t plan_no = VIEWS_NONE;
    for (uint32_t i = 0; i < v->plan_count; i++) {
        const Esep__V1__Plan *plan = v->plans[i].plan;
        if (v->plans[i].latest != i || plan == NULL || plan->rules->silent_days == 0 ||
            body_there(plan, office) < 0)
            continue;
        if (plan_no == VIEWS_NONE ||
            plan->rules->silent_days < v->plans[plan_no].plan->rules->silent_days)
            plan_no = i;
    }
    return plan_no;
}

static void look_at_office(struct search *search, const struct views_office *office)
{
    struct views *v = search->v;
    if (office->state != ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE || office->silent)
        return;
    const uint32_t plan_no = watching_plan(v, office);
    if (plan_no == VIEWS_NONE)
        return;
    const Esep__V1__Plan *plan = v->plans[plan_no].plan;
    const esep_time seen = office->seen_at != 0 ? office->seen_at : office->enrolled_at;
    const esep_time silent_at = seen + (esep_time)plan->rules->silent_days * ESEP_DAY;
    if (search->now < silent_at) {
        look_again(search, silent_at);
        return;
    }
    const int body = body_there(plan, office);
    v->candidates[search->count++] = (struct views_candidate){
        .plan_no = plan_no,
        .body = (uint32_t)body,
        .agreed = plan->bodies[body]->upon_agreement,
        .duty = VIEWS_NONE,
        .office = office->office,
        .step = {.kind = ESEP__V1__ALERT_KIND__ALERT_KIND_SILENT},
        .due = office->seen_at,
    };
}

static int compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int by_alert(const void *left, const void *right)
{
    const struct views_candidate *a = left;
    const struct views_candidate *b = right;
    int order = compare_u32(a->plan_no, b->plan_no);
    if (order == 0)
        order = compare_u32(a->body, b->body);
    if (order == 0)
        order = compare_u32(a->agreed, b->agreed);
    if (order == 0)
        order = compare_u32(a->duty, b->duty);
    return order != 0 ? order : compare_u32(a->office, b->office);
}

static void fill_item(const struct views *v, const struct views_candidate *c,
                      Esep__V1__AlertItem *item)
{
    esep__v1__alert_item__init(item);
    item->kind = c->step.kind;
    if (c->duty == VIEWS_NONE) {
        item->office = c->office;
        item->seen_at_us = c->due;
        return;
    }
    item->obligation = v->duties[c->duty].pub.made.key;
    item->days_left = c->step.days_left;
    item->weeks = c->step.weeks;
    item->due_us = c->due;
}

void views_recipients_add(struct views_recipients *r, views_targets_fn *fn, void *context,
                          const char *plan, const char *body, enum views_audience whom)
{
    const size_t before = r->used;
    const size_t room = VIEWS_TARGETS_MAX - before;
    for (size_t i = before; i < VIEWS_TARGETS_MAX; i++)
        esep__v1__target__init(&r->targets[i]);
    size_t got = fn == NULL ? 0 : fn(context, plan, body, whom, r->targets + before, room);
    got = got < room ? got : room;
    r->used += got;
    for (size_t i = before; i < before + got; i++) {
        bool twice = false;
        for (size_t j = 0; j < r->count; j++)
            twice = twice || (r->list[j]->channel == r->targets[i].channel &&
                              strcmp(r->list[j]->address, r->targets[i].address) == 0);
        if (!twice)
            r->list[r->count++] = &r->targets[i];
    }
}

struct raising {
    struct views *v;
    views_targets_fn *targets;
    void *targets_context;
    size_t room; /* for deliveries */
    enum esep_status (*emit)(void *, struct esep_slice body);
    void *context;
    struct esep_buf packed;
};

/* One Alert from count candidates of one body. ESEP_LIMIT: no room for its deliveries. */
static enum esep_status pack_alert(struct raising *raising, const struct views_candidate *c,
                                   size_t count)
{
    struct views *v = raising->v;
    const Esep__V1__Plan *plan = v->plans[c->plan_no].plan;
    Esep__V1__AlertItem items[ITEMS_MAX];
    Esep__V1__AlertItem *list[ITEMS_MAX];
    Esep__V1__Alert alert;
    struct views_recipients recipients = {.count = 0};
    bool secretariat = false;

    for (size_t i = 0; i < count; i++) {
        fill_item(v, &c[i], &items[i]);
        list[i] = &items[i];
        secretariat = secretariat || is_violation(items[i].kind) || c[i].duty == VIEWS_NONE;
    }
    esep__v1__alert__init(&alert);
    alert.plan = plan->id;
    alert.body = c->body == VIEWS_NONE ? alert.body : plan->bodies[c->body]->code;
    alert.items = list;
    alert.n_items = count;
    views_recipients_add(&recipients, raising->targets, raising->targets_context, alert.plan,
                         alert.body, VIEWS_BODY);
    if (secretariat && !c->agreed)
        views_recipients_add(&recipients, raising->targets, raising->targets_context, alert.plan,
                             alert.body, VIEWS_SECRETARIAT);
    if (recipients.count > raising->room)
        return ESEP_LIMIT;
    raising->room -= recipients.count;
    alert.targets = recipients.list;
    alert.n_targets = recipients.count;

    uint8_t length[4];
    esep_be32_put(length, (uint32_t)esep__v1__alert__get_packed_size(&alert));
    const enum esep_status status = esep_buf_put(&raising->packed, length, sizeof(length));
    return status == ESEP_OK ? esep_pack(&alert.base, &raising->packed) : status;
}

static enum esep_status pack_alerts(struct raising *raising, size_t count)
{
    const struct views_candidate *c = raising->v->candidates;
    enum esep_status limit = ESEP_OK;

    for (size_t i = 0; i < count;) {
        size_t n = 1;
        while (i + n < count && n < ITEMS_MAX && c[i + n].plan_no == c[i].plan_no &&
               c[i + n].body == c[i].body && c[i + n].agreed == c[i].agreed)
            n++;
        const enum esep_status status = pack_alert(raising, c + i, n);
        if (status == ESEP_LIMIT)
            limit = status;
        else if (status != ESEP_OK)
            return status;
        i += n;
    }
    return limit;
}

/* Only now, with everything packed: emit may log and apply at once. */
static enum esep_status emit_alerts(struct raising *raising)
{
    const uint8_t *at = raising->packed.data;
    const uint8_t *end = at + raising->packed.len;
    enum esep_status status = ESEP_OK;
    while (status == ESEP_OK && at < end) {
        const uint32_t len = esep_be32(at);
        status = raising->emit(raising->context, esep_slice(at + 4, len));
        at += 4 + len;
    }
    return status;
}

enum esep_status views_alerts(const struct views *views, esep_time now, views_targets_fn *targets,
                              void *targets_context,
                              enum esep_status (*emit)(void *, struct esep_slice body),
                              void *context, esep_time *ret_next)
{
    /* The state is only read; the candidates are scratch. */
    struct views *v = (struct views *)(uintptr_t)views;
    struct search search = {.v = v, .now = now, .next_at = ESEP_TIME_NEVER};
    struct raising raising = {.v = v,
                              .targets = targets,
                              .targets_context = targets_context,
                              .room = views_deliveries_room(v),
                              .emit = emit,
                              .context = context};

    for (uint32_t i = 0; i < v->duty_count; i++)
        look_at_duty(&search, &v->duties[i].pub);
    for (uint32_t i = 0; i < v->office_count; i++)
        look_at_office(&search, &v->offices[i].pub);
    *ret_next = search.next_at;
    if (search.count == 0)
        return ESEP_OK;
    qsort(v->candidates, search.count, sizeof(*v->candidates), by_alert);
    esep_buf_init(&raising.packed, (size_t)64 << 20);
    const enum esep_status packed = pack_alerts(&raising, search.count);
    enum esep_status status = packed == ESEP_LIMIT ? ESEP_OK : packed;
    if (status == ESEP_OK)
        status = emit_alerts(&raising);
    esep_buf_done(&raising.packed);
    return status == ESEP_OK ? packed : status;
}
