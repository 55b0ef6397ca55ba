/* collector/web/json_obligations.c - the list behind each tile, filtered, searched, in pages.
 *
 * `state` names one axis's value or a tile: a tile's number is this list's total. What is overdue
 * or due asks for who must report, unless `agreement` says otherwise. Order: due instant, then as
 * in the plan.
 */
#include "collector/web/json_parts.h"
#include "collector/web/search.h"

#include <stdlib.h>

static bool is_timeliness(const struct listing_obligation *o, esep_time now, int value)
{
    (void)now;
    return (int)o->timeliness == value;
}

static bool is_due_week(const struct listing_obligation *o, esep_time now, int value)
{
    (void)value;
    return glance_due_week(o, now);
}

static bool is_to_review(const struct listing_obligation *o, esep_time now, int value)
{
    (void)now;
    (void)value;
    return glance_to_review(o->state);
}

static bool is_submission(const struct listing_obligation *o, esep_time now, int value)
{
    (void)now;
    return (int)o->state->submission == value;
}

static bool is_control(const struct listing_obligation *o, esep_time now, int value)
{
    (void)now;
    return (int)o->state->control == value;
}

static bool is_conflict(const struct listing_obligation *o, esep_time now, int value)
{
    (void)now;
    (void)value;
    return o->state->head_count > 1;
}

static const struct state_filter {
    const char *name;
    bool (*holds)(const struct listing_obligation *o, esep_time now, int value);
    int value;
    bool bound; /* asks for who must report, where `agreement` says nothing */
} states[] = {
    {"not_due", is_timeliness, ESEP_TIMELINESS_NOT_DUE, false},
    {"due_soon", is_timeliness, ESEP_TIMELINESS_DUE_SOON, true},
    {"due_week", is_due_week, 0, true},
    {"on_time", is_timeliness, ESEP_TIMELINESS_ON_TIME, false},
    {"late", is_timeliness, ESEP_TIMELINESS_LATE, false},
    {"overdue", is_timeliness, ESEP_TIMELINESS_OVERDUE, true},
    {"to_review", is_to_review, 0, false},
    {"returned", is_submission, ESEP_SUBMISSION_RETURNED, false},
    {"accepted", is_submission, ESEP_SUBMISSION_ACCEPTED, false},
    {"withdrawn", is_submission, ESEP_SUBMISSION_WITHDRAWN, false},
    {"conflict", is_conflict, 0, false},
    {"extension_asked", is_control, ESEP_CONTROL_EXTENSION_ASKED, false},
    {"removed", is_control, ESEP_CONTROL_REMOVED, false},
};
enum { STATES = sizeof states / sizeof *states };

struct filters {
    struct listing_filter words;
    const struct state_filter *state;
    int agreement; /* -1 any, 0 who must, 1 upon agreement */
    esep_day from, to;
    uint64_t page;
    struct web_search *search;
};
struct found {
    esep_time due;
    uint32_t number;
};

static enum esep_status read_words(const struct web_ask *ask, const Esep__V1__Plan *plan,
                                   struct filters *f, struct esep_reason *reason)
{
    static const char *const kinds[] = {"fulfilment", "annual", "consolidated", "regional-plan",
                                        NULL};
    const char *names[STATES + 1] = {NULL};
    int kind = -1;
    int state = -1;
    f->words.body = web_query(ask, "body");
    f->words.action = web_query(ask, "action");
    if (f->words.body != NULL && esep_body_find(plan, f->words.body) < 0)
        return esep_because(reason, ESEP_INVALID, "body: the plan %.60s has no body %.60s",
                            plan->id, f->words.body);
    if (f->words.action != NULL && strcmp(f->words.action, "-") != 0 &&
        web_action_find(plan, f->words.action) < 0)
        return esep_because(reason, ESEP_INVALID, "action: the plan %.60s has no action %.60s",
                            plan->id, f->words.action);
    for (size_t i = 0; i < STATES; i++)
        names[i] = states[i].name;
    enum esep_status status = web_query_choice(ask, "state", names, &state, reason);
    if (status == ESEP_OK)
        status = web_query_choice(ask, "kind", kinds, &kind, reason);
    f->words.kind = kind >= 0 ? kinds[kind] : NULL;
    f->state = state >= 0 ? &states[state] : NULL;
    return status;
}

static enum esep_status read_filters(const struct web_ask *ask, const Esep__V1__Plan *plan,
                                     struct filters *f, struct esep_reason *reason)
{
    static const char *const agreements[] = {"no", "yes", "any", NULL};
    int agreement = -1;
    enum esep_status status = read_words(ask, plan, f, reason);
    if (status == ESEP_OK)
        status = web_query_choice(ask, "agreement", agreements, &agreement, reason);
    if (status == ESEP_OK)
        status = web_query_day(ask, "from", &f->from, reason);
    if (status == ESEP_OK)
        status = web_query_day(ask, "to", &f->to, reason);
    if (status == ESEP_OK && f->from != ESEP_DAY_NONE && f->to != ESEP_DAY_NONE && f->from > f->to)
        status = esep_because(reason, ESEP_INVALID, "from: it is later than to");
    if (status == ESEP_OK)
        status = web_query_number(ask, "page", 1, 1000000, 1, &f->page, reason);
    if (status == ESEP_OK)
        status = web_search_new(&f->search, web_query(ask, "q"), ask->state->views, reason);
    f->agreement = agreement == 2                        ? -1
                   : agreement >= 0                      ? agreement
                   : f->state != NULL && f->state->bound ? 0
                                                         : -1;
    return status;
}

static bool matches(const struct web_ask *ask, struct filters *f,
                    const struct listing_obligation *o)
{
    if (!listing_matches(&f->words, o) ||
        (f->state != NULL && !f->state->holds(o, ask->now, f->state->value)) ||
        (f->agreement >= 0 && f->agreement != (int)o->made->upon_agreement))
        return false;
    const esep_day day = esep_zone_day(o->zone, o->due);
    return (f->from == ESEP_DAY_NONE || day >= f->from) &&
           (f->to == ESEP_DAY_NONE || day <= f->to) && web_search_matches(f->search, o);
}

static int by_due(const void *a, const void *b)
{
    const struct found *x = a;
    const struct found *y = b;
    if (x->due != y->due)
        return x->due < y->due ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static json_t *page_json(const struct web_ask *ask, const struct filters *f,
                         const struct found *found, size_t count)
{
    json_t *items = json_array();
    const size_t first = (size_t)(f->page - 1) * WEB_PAGE_ITEMS;
    for (size_t i = first; i < count && i < first + WEB_PAGE_ITEMS; i++) {
        struct listing_obligation o;
        if (listing_from_views(&o, ask->state->views,
                               views_obligation(ask->state->views, found[i].number), ask->now))
            (void)json_array_append_new(items, web_obligation_json(ask, &o));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "total", web_count_json(count), "page",
                     web_count_json((size_t)f->page), "pages",
                     web_count_json((count + WEB_PAGE_ITEMS - 1) / WEB_PAGE_ITEMS), "items", items);
}

enum esep_status web_json_obligations(const struct web_ask *ask, const char *rest, json_t **ret,
                                      struct esep_reason *reason)
{
    const struct views *views = ask->state->views;
    struct filters f = {.page = 1};
    struct listing_obligation o;
    struct found *found = NULL;
    json_t *value = NULL;
    uint32_t plan_no = 0;
    size_t count = 0;
    (void)rest;
    enum esep_status status = web_plan(ask, &plan_no, reason);
    if (status == ESEP_OK)
        status = read_filters(ask, views_plan(views, plan_no), &f, reason);
    if (status == ESEP_OK) {
        found = calloc(views_obligation_count(views) + 1u, sizeof *found);
        status = found != NULL ? ESEP_OK : ESEP_NOMEM;
    }
    if (status == ESEP_OK) {
        for (uint32_t at = 0; web_next(ask, views_plan(views, plan_no)->id, &at, &o);)
            if (matches(ask, &f, &o))
                found[count++] = (struct found){.due = o.due, .number = o.state->number};
        qsort(found, count, sizeof *found, by_due);
        value = page_json(ask, &f, found, count);
        status = value != NULL ? ESEP_OK : ESEP_NOMEM;
    }
    web_search_free(f.search);
    free(found);
    if (status == ESEP_OK)
        *ret = value;
    return status;
}
