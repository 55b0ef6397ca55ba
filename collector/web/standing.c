/* collector/web/standing.c - see standing.h. */
#include "collector/web/standing.h"

enum esep_status web_standing_action(const struct web_ask *ask, const Esep__V1__Plan *plan,
                                     const char **ret_action, struct esep_reason *reason)
{
    const char *action = web_query(ask, "action");
    if (action != NULL && web_action_find(plan, action) < 0)
        return esep_because(reason, ESEP_INVALID, "action: the plan %.60s has no action %.60s",
                            plan->id, action);
    *ret_action = action;
    return ESEP_OK;
}

static enum esep_status take_head(struct web_standing *each, struct web_reader *reader,
                                  const struct listing_obligation *o, struct esep_reason *reason)
{
    struct web_entry e;
    enum esep_status status = web_reader_read(reader, o->state->heads[0].index, &e, reason);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__JournalEntry *j = (const Esep__V1__JournalEntry *)e.message;
    if (e.leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY || j == NULL ||
        j->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return esep_because(reason, ESEP_CORRUPT, "log entry %llu should be a report",
                            (unsigned long long)e.index);
    each->reports++;
    return each->take(each->context, o, j->report);
}

int web_standing_year(const struct esep_obligation *made)
{
    const struct esep_civil first = esep_civil_from_day(made->window.start);
    const struct esep_civil last = esep_civil_from_day(made->window.end);
    const bool whole = first.year == last.year && first.month == 1 && first.day == 1 &&
                       last.month == 12 && last.day == 31;
    return whole ? first.year : 0;
}

static bool is_wanted(const struct web_standing *each, const struct listing_obligation *o)
{
    const bool fulfils = o->made->kind == ESEP_OBLIGATION_FULFILMENT;
    if (each->action != NULL && strcmp(each->action, o->action) != 0)
        return false;
    if (!each->years)
        return fulfils;
    return (fulfils || o->made->kind == ESEP_OBLIGATION_ANNUAL) && web_standing_year(o->made) != 0;
}

enum esep_status web_standing_each(struct web_standing *each, struct esep_reason *reason)
{
    struct web_reader reader;
    struct listing_obligation o;
    enum esep_status status = web_reader_init(&reader, each->ask);
    for (uint32_t at = 0; status == ESEP_OK && web_next(each->ask, each->plan_id, &at, &o);) {
        if (o.state->listed == 0 || !is_wanted(each, &o))
            continue;
        if (o.state->head_count > 1)
            each->conflicts++;
        else
            status = take_head(each, &reader, &o, reason);
    }
    web_reader_done(&reader);
    return status;
}
