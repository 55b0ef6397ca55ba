/* lib/domain/obligation.c - a plan gone through once for each kind, in the order of the header.
 *
 * Each step collects the bodies that owe one thing in one window (a "slot"), as a piece at the end
 * of the caller's array: a body found twice there (by itself and through a group, or two bodies
 * with one successor) is merged, then the piece is put in the order of the plan's bodies.
 *
 * Who owes is decided on the due day: a body that is gone by then has handed over what is open.
 */
#include "domain/obligation.h"

#include <stdio.h>
#include <stdlib.h>

struct maker {
    const Esep__V1__Plan *plan;
    const struct esep_zone *zone;
    struct esep_obligation *items;
    size_t max;
    size_t count;
    size_t slot; /* where the slot being filled begins */
    struct esep_reason *reason;
};

/* What all obligations of a slot have in common. */
struct slot {
    enum esep_obligation_kind kind;
    int action;
    struct esep_window window;
    esep_day due_day;
};

/* How a body came into a slot. */
struct claim {
    Esep__V1__Role role;
    bool upon_agreement;
    bool by_group; /* yields to one that names the body itself */
};

static enum esep_status bad_plan(const struct maker *maker, const char *what, const char *which)
{
    return esep_because(maker->reason, ESEP_INVALID, "plan %s: %s: %s", maker->plan->id, which,
                        what);
}

static void merge(struct esep_obligation *held, const struct claim *claim)
{
    if (claim->by_group) {
        return; /* whoever came first, by itself or through a group, said it already */
    }
    /* Two named bodies with one successor: it leads if one of them led, and is free only if both
     * were. */
    if (claim->role == ESEP__V1__ROLE__ROLE_LEAD) {
        held->role = ESEP__V1__ROLE__ROLE_LEAD;
    }
    held->upon_agreement = held->upon_agreement && claim->upon_agreement;
}

/* Adds the body that stands for `code` on the slot's due day; nobody, where it has none. */
static enum esep_status add(struct maker *maker, const struct slot *slot, const char *code,
                            struct claim claim)
{
    if (esep_body_find(maker->plan, code) < 0) {
        return bad_plan(maker, "no such body", code);
    }
    const int body = esep_body_on(maker->plan, code, slot->due_day);
    if (body < 0) {
        return ESEP_OK;
    }
    claim.upon_agreement = claim.upon_agreement || maker->plan->bodies[body]->upon_agreement;
    for (size_t i = maker->slot; i < maker->count; i++) {
        if (maker->items[i].body == body) {
            merge(&maker->items[i], &claim);
            return ESEP_OK;
        }
    }
    if (maker->count == maker->max) {
        return esep_because(maker->reason, ESEP_LIMIT, "plan %s has more than %zu obligations",
                            maker->plan->id, maker->max);
    }
    maker->items[maker->count++] = (struct esep_obligation){
        .kind = slot->kind,
        .action = slot->action,
        .body = body,
        .role = claim.role,
        .upon_agreement = claim.upon_agreement,
        .window = slot->window,
        .due_day = slot->due_day,
    };
    return ESEP_OK;
}

static const Esep__V1__Group *find_group(const Esep__V1__Plan *plan, const char *code)
{
    for (size_t i = 0; i < plan->n_groups; i++) {
        if (strcmp(plan->groups[i]->code, code) == 0) {
            return plan->groups[i];
        }
    }
    return NULL;
}

static enum esep_status add_group(struct maker *maker, const struct slot *slot, const char *code,
                                  struct claim claim)
{
    const Esep__V1__Group *group = find_group(maker->plan, code);
    if (group == NULL) {
        return bad_plan(maker, "no such group", code);
    }
    claim.by_group = true;
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; !group->open && status == ESEP_OK && i < group->n_bodies; i++) {
        status = add(maker, slot, group->bodies[i], claim);
    }
    return status;
}

/* Groups by code, or "*" for every body of the plan. Each answers for itself, so each leads. */
static enum esep_status add_owners(struct maker *maker, const struct slot *slot,
                                   char *const *groups, size_t count)
{
    const Esep__V1__Plan *plan = maker->plan;
    const struct claim claim = {.role = ESEP__V1__ROLE__ROLE_LEAD, .by_group = true};
    enum esep_status status = ESEP_OK;
    for (size_t g = 0; status == ESEP_OK && g < count; g++) {
        if (strcmp(groups[g], "*") != 0) {
            status = add_group(maker, slot, groups[g], claim);
            continue;
        }
        for (size_t i = 0; status == ESEP_OK && i < plan->n_bodies; i++) {
            status = add(maker, slot, plan->bodies[i]->code, claim);
        }
    }
    return status;
}

static int by_body(const void *a, const void *b)
{
    const struct esep_obligation *left = a;
    const struct esep_obligation *right = b;
    return (left->body > right->body) - (left->body < right->body);
}

/* Orders the slot, and gives each obligation its key and instant. */
static enum esep_status close_slot(struct maker *maker)
{
    const Esep__V1__Plan *plan = maker->plan;
    struct esep_obligation *items = maker->items + maker->slot;
    const size_t count = maker->count - maker->slot;
    if (count > 1) {
        qsort(items, count, sizeof *items, by_body);
    }
    for (size_t i = 0; i < count; i++) {
        struct esep_obligation *o = &items[i];
        char start[11];
        char end[11];
        esep_day_format(o->window.start, start);
        esep_day_format(o->window.end, end);
        const int len = snprintf(o->key, sizeof o->key, "%s/%s/%s/%s/%s..%s", plan->id,
                                 esep_obligation_kind_name(o->kind),
                                 o->action < 0 ? "-" : plan->actions[o->action]->number,
                                 plan->bodies[o->body]->code, start, end);
        if ((size_t)len >= sizeof o->key) {
            return bad_plan(maker, "the key of an obligation gets too long: use shorter codes",
                            plan->bodies[o->body]->code);
        }
        o->due = esep_zone_instant(maker->zone, o->due_day, 23, 59, 59);
    }
    maker->slot = maker->count;
    return ESEP_OK;
}

static esep_day move(const struct maker *maker, esep_day day)
{
    return esep_working_day(maker->plan->calendar, maker->plan->rules->working_day, day);
}

static bool has_lead(const Esep__V1__Action *action)
{
    for (size_t i = 0; i < action->n_executors; i++) {
        if (action->executors[i]->role == ESEP__V1__ROLE__ROLE_LEAD) {
            return true;
        }
    }
    return false;
}

/* Where nobody is said to lead, the first does; where it is not said what one is, it follows. */
static Esep__V1__Role role_of(const Esep__V1__Action *action, size_t i)
{
    const Esep__V1__Role role = action->executors[i]->role;
    if (i == 0 && !has_lead(action)) {
        return ESEP__V1__ROLE__ROLE_LEAD;
    }
    return role == ESEP__V1__ROLE__ROLE_UNSPECIFIED ? ESEP__V1__ROLE__ROLE_CO_EXECUTOR : role;
}

static enum esep_status fill_action(struct maker *maker, const Esep__V1__Action *action,
                                    const struct slot *slot)
{
    enum esep_status status = ESEP_OK;
    /* First whom the plan names, then the groups, which yield to them. */
    for (int groups = 0; groups < 2; groups++) {
        for (size_t i = 0; status == ESEP_OK && i < action->n_executors; i++) {
            const Esep__V1__Executor *executor = action->executors[i];
            const struct claim claim = {.role = role_of(action, i),
                                        .upon_agreement = executor->upon_agreement};
            const bool is_group = executor->group[0] != '\0';
            if (is_group && groups == 1) {
                status = add_group(maker, slot, executor->group, claim);
            } else if (!is_group && groups == 0) {
                status = add(maker, slot, executor->body, claim);
            }
        }
    }
    return status == ESEP_OK ? close_slot(maker) : status;
}

static enum esep_status make_fulfilment(struct maker *maker)
{
    const Esep__V1__Plan *plan = maker->plan;
    for (size_t a = 0; a < plan->n_actions; a++) {
        const Esep__V1__Action *action = plan->actions[a];
        for (size_t w = 0; !action->has_parts && w < action->n_windows; w++) {
            const struct esep_window window = {action->windows[w]->start_day,
                                               action->windows[w]->end_day};
            if (window.start > window.end ||
                (w > 0 && action->windows[w - 1]->start_day >= window.start)) {
                return bad_plan(maker, "its windows are not in order", action->number);
            }
            const struct slot slot = {.kind = ESEP_OBLIGATION_FULFILMENT,
                                      .action = (int)a,
                                      .window = window,
                                      .due_day = move(maker, window.end)};
            const enum esep_status status = fill_action(maker, action, &slot);
            if (status != ESEP_OK) {
                return status;
            }
        }
    }
    return ESEP_OK;
}

/* For each plan year, what is due on a day of the next one. Month 0: nothing is. */
static enum esep_status make_yearly(struct maker *maker, enum esep_obligation_kind kind,
                                    uint32_t month, uint32_t day)
{
    const Esep__V1__Plan *plan = maker->plan;
    const struct claim claim = {.role = ESEP__V1__ROLE__ROLE_LEAD};
    if (month == 0) {
        return ESEP_OK;
    }
    for (int year = (int)plan->first_year; year <= (int)plan->last_year; year++) {
        if (month > 12 || day > 31 || !esep_civil_valid(year + 1, (int)month, (int)day)) {
            return bad_plan(maker, "a day that is none", "rules");
        }
        const struct slot slot = {
            .kind = kind,
            .action = -1,
            .window = {esep_day_from_civil(year, 1, 1), esep_day_from_civil(year, 12, 31)},
            .due_day = move(maker, esep_day_from_civil(year + 1, (int)month, (int)day)),
        };
        enum esep_status status =
            kind == ESEP_OBLIGATION_ANNUAL
                ? add_owners(maker, &slot, plan->rules->annual_groups, plan->rules->n_annual_groups)
                : add(maker, &slot, plan->secretariat, claim);
        if (status == ESEP_OK) {
            status = close_slot(maker);
        }
        if (status != ESEP_OK) {
            return status;
        }
    }
    return ESEP_OK;
}

/* So many months later; the last day of the month where it has no such day (31 January + 1). */
static esep_day months_after(esep_day day, uint32_t months)
{
    const struct esep_civil civil = esep_civil_from_day(day);
    const int month0 = civil.month - 1 + (int)months;
    const int year = civil.year + month0 / 12;
    const int last = esep_days_in_month(year, month0 % 12 + 1);
    return esep_day_from_civil(year, month0 % 12 + 1, civil.day < last ? civil.day : last);
}

static enum esep_status make_regional(struct maker *maker)
{
    const Esep__V1__Rules *rules = maker->plan->rules;
    const esep_day approved = maker->plan->approved_day;
    if (rules->regional_plan_months == 0) {
        return ESEP_OK;
    }
    if (rules->regional_plan_months > 120 || approved == 0) {
        return bad_plan(maker, "no day of approval, or too many months for the regional plans",
                        "rules");
    }
    const struct esep_window window = {approved,
                                       months_after(approved, rules->regional_plan_months)};
    const struct slot slot = {.kind = ESEP_OBLIGATION_REGIONAL_PLAN,
                              .action = -1,
                              .window = window,
                              .due_day = move(maker, window.end)};
    const enum esep_status status =
        add_owners(maker, &slot, rules->regional_plan_groups, rules->n_regional_plan_groups);
    return status == ESEP_OK ? close_slot(maker) : status;
}

/* Keys join names with '/', so a name has none; and is not "-", which stands for no action. */
static bool is_name(const char *text, size_t max)
{
    const size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    return len > 0 && len < max && text[len] == '\0' && strcmp(text, "-") != 0;
}

/* What keys and dates rest on. The rest of a plan is checked where it is read. */
static enum esep_status check(const struct maker *maker)
{
    const Esep__V1__Plan *plan = maker->plan;
    if (!is_name(plan->id, 64)) {
        return bad_plan(maker, "no name that a key may hold", "id");
    }
    if (plan->rules == NULL) {
        return bad_plan(maker, "missing", "rules");
    }
    if (plan->first_year < 1 || plan->first_year > plan->last_year || plan->last_year > 9998) {
        return bad_plan(maker, "no years", "years");
    }
    for (size_t i = 0; i < plan->n_bodies; i++) {
        const char *code = plan->bodies[i]->code;
        if (!is_name(code, ESEP_BODY_CODE_MAX) || esep_body_find(plan, code) != (int)i) {
            return bad_plan(maker, "no name that a key may hold, or a body twice", code);
        }
    }
    for (size_t i = 0; i < plan->n_actions; i++) {
        const char *number = plan->actions[i]->number;
        bool ok = is_name(number, ESEP_OBLIGATION_KEY_MAX);
        for (size_t j = 0; ok && j < i; j++) {
            ok = strcmp(plan->actions[j]->number, number) != 0;
        }
        if (!ok) {
            return bad_plan(maker, "no number that a key may hold, or an action twice", number);
        }
    }
    return ESEP_OK;
}

enum esep_status esep_obligations_make(const Esep__V1__Plan *plan, const struct esep_zone *zone,
                                       struct esep_obligation *ret, size_t max, size_t *ret_count,
                                       struct esep_reason *reason)
{
    struct maker maker = {.plan = plan, .zone = zone, .items = ret, .max = max, .reason = reason};
    enum esep_status status = check(&maker);
    if (status == ESEP_OK) {
        status = make_fulfilment(&maker);
    }
    if (status == ESEP_OK) {
        status = make_yearly(&maker, ESEP_OBLIGATION_ANNUAL, plan->rules->annual_month,
                             plan->rules->annual_day);
    }
    if (status == ESEP_OK) {
        status = make_yearly(&maker, ESEP_OBLIGATION_CONSOLIDATED, plan->rules->consolidated_month,
                             plan->rules->consolidated_day);
    }
    if (status == ESEP_OK) {
        status = make_regional(&maker);
    }
    if (status == ESEP_OK) {
        *ret_count = maker.count;
    }
    return status;
}
