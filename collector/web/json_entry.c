/* collector/web/json_entry.c - one log entry as the feed and an obligation's history show it.
 *
 * Every entry has log_index, at, kind, who and the office where one wrote it; the rest is its
 * kind's own.
 */
#include "collector/alert_text.h"
#include "collector/web/json_parts.h"
#include "io/json.h"

static json_t *hash_json(ProtobufCBinaryData hash)
{
    char hex[2 * ESEP_HASH_BYTES + 1];
    if (hash.len != ESEP_HASH_BYTES)
        return json_null();
    esep_hex(hash.data, hash.len, hex);
    return json_string(hex);
}

static json_t *given_json(const char *text)
{
    return text != NULL && *text != 0 ? json_string(text) : json_null();
}

/* 0 is "not given" in the log's messages. */
static json_t *given_day_json(int32_t day)
{
    return day == 0 ? json_null() : web_day_json(day);
}

static json_t *start(const struct web_entry *e, const char *kind, const char *who,
                     const struct esep_zone *zone)
{
    return json_pack("{s:I, s:o, s:s, s:o, s:o}", "log_index", (json_int_t)e->index, "at",
                     esep_json_time(e->leaf.accepted_at, zone), "kind", kind, "who",
                     given_json(who), "office",
                     e->leaf.office != 0 ? json_integer(e->leaf.office) : json_null());
}

/* Adds the keys of `more`, which it takes. */
static json_t *with(json_t *value, json_t *more)
{
    if (value == NULL || more == NULL || json_object_update(value, more) != 0) {
        json_decref(value);
        value = NULL;
    }
    json_decref(more);
    return value;
}

const char *web_verdict(Esep__V1__Verdict verdict)
{
    static const char *const names[] = {
        [ESEP__V1__VERDICT__VERDICT_UNSPECIFIED] = "unspecified",
        [ESEP__V1__VERDICT__VERDICT_TAKEN] = "taken",
        [ESEP__V1__VERDICT__VERDICT_CONFLICT] = "conflict",
        [ESEP__V1__VERDICT__VERDICT_MALFORMED] = "malformed",
        [ESEP__V1__VERDICT__VERDICT_UNKNOWN_OBLIGATION] = "unknown_obligation",
        [ESEP__V1__VERDICT__VERDICT_NOT_YOURS] = "not_yours",
        [ESEP__V1__VERDICT__VERDICT_CLOSED] = "closed",
    };
    return (size_t)verdict < sizeof names / sizeof *names && names[verdict] != NULL ? names[verdict]
                                                                                    : "unspecified";
}

static json_t *office_entry_json(const struct web_entry *e, const char *body,
                                 const struct esep_zone *zone)
{
    const Esep__V1__JournalEntry *j = (const Esep__V1__JournalEntry *)e->message;
    const char *verdict = web_verdict(e->leaf.verdict);
    if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return with(start(e, "report", body, zone),
                    json_pack("{s:s, s:i, s:s, s:o, s:b, s:s}", "obligation", j->report->obligation,
                              "revision", (int)j->report->revision, "fulfilment",
                              esep_fulfilment_name(j->report->fulfilment), "percent",
                              j->report->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT
                                  ? json_integer(j->report->percent)
                                  : json_null(),
                              "nil_report", (int)j->report->nil_report, "verdict", verdict));
    if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL)
        return with(start(e, "withdrawal", body, zone),
                    json_pack("{s:s, s:o, s:s, s:s}", "obligation", j->withdrawal->obligation,
                              "report_hash", hash_json(j->withdrawal->report), "reason",
                              j->withdrawal->reason, "verdict", verdict));
    if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST)
        return with(start(e, "extension_request", body, zone),
                    json_pack("{s:s, s:s, s:s, s:s}", "obligation",
                              j->extension_request->obligation, "until",
                              j->extension_request->until, "reason", j->extension_request->reason,
                              "verdict", verdict));
    return NULL;
}

static json_t *review_json(const struct web_entry *e, const struct esep_zone *zone)
{
    const Esep__V1__Review *r = (const Esep__V1__Review *)e->message;
    return with(start(e, r->accept ? "accepted" : "returned", r->actor, zone),
                json_pack("{s:s, s:I, s:o, s:o, s:o, s:o}", "obligation", r->obligation,
                          "report_index", (json_int_t)r->report_index, "report_hash",
                          hash_json(r->report), "reason_code", given_json(r->reason_code),
                          "comment", given_json(r->comment), "again_by",
                          given_day_json(r->again_by_day)));
}

static json_t *extension_json(const struct web_entry *e, const struct esep_zone *zone)
{
    const Esep__V1__Extension *x = (const Esep__V1__Extension *)e->message;
    return with(start(e, x->granted ? "extension_granted" : "extension_refused", x->actor, zone),
                json_pack("{s:s, s:o, s:o, s:o}", "obligation", x->obligation, "until",
                          given_day_json(x->until_day), "document", given_json(x->document),
                          "reason", given_json(x->reason)));
}

static json_t *control_json(const struct web_entry *e, const struct esep_zone *zone)
{
    const Esep__V1__Control *c = (const Esep__V1__Control *)e->message;
    return with(
        start(e, c->removed ? "removed_from_control" : "restored_to_control", c->actor, zone),
        json_pack("{s:s, s:o}", "obligation", c->obligation, "reason", given_json(c->reason)));
}

static const char *alert_kind(Esep__V1__AlertKind kind)
{
    static const char *const names[] = {"unspecified", "due_soon",      "due_today",
                                        "overdue",     "still_overdue", "silent"};
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : names[0];
}

/* Of an alert the items of one obligation, or all (key NULL). */
static json_t *alert_json(const struct web_entry *e, const char *key, const struct esep_zone *zone)
{
    const Esep__V1__Alert *a = (const Esep__V1__Alert *)e->message;
    json_t *items = json_array();
    for (size_t i = 0; i < a->n_items; i++) {
        const Esep__V1__AlertItem *item = a->items[i];
        if (key != NULL && strcmp(key, item->obligation) != 0)
            continue;
        (void)json_array_append_new(
            items,
            json_pack("{s:s, s:o, s:i, s:i, s:o, s:o}", "kind", alert_kind(item->kind),
                      "obligation", given_json(item->obligation), "days_left", (int)item->days_left,
                      "weeks", (int)item->weeks, "due", esep_json_time(item->due_us, zone),
                      "office", item->office != 0 ? json_integer(item->office) : json_null()));
    }
    return with(start(e, "alert", NULL, zone),
                json_pack("{s:s, s:s, s:o}", "plan", a->plan, "body", a->body, "items", items));
}

static json_t *key_json(const struct web_entry *e)
{
    static const char *const states[] = {"unspecified", "pending", "active", "revoked"};
    const Esep__V1__KeyChange *k = (const Esep__V1__KeyChange *)e->message;
    const char *state =
        (size_t)k->state < sizeof states / sizeof *states ? states[k->state] : states[0];
    return with(start(e, "office", k->actor, NULL),
                json_pack("{s:i, s:s, s:s, s:s}", "office", (int)k->office, "body", k->body,
                          "label", k->label, "state", state));
}

static json_t *names_json(char *const *names, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *rights_json(const struct web_entry *e, const struct views_office *office)
{
    const Esep__V1__OfficeRights *r = (const Esep__V1__OfficeRights *)e->message;
    return with(start(e, "rights", r->actor, NULL),
                json_pack("{s:s, s:o, s:o, s:o}", "body", office != NULL ? office->body : "",
                          "bodies", names_json(r->bodies, r->n_bodies), "plans",
                          names_json(r->plans, r->n_plans), "reason", given_json(r->reason)));
}

static json_t *alarm_json(const struct web_entry *e)
{
    const Esep__V1__Alarm *a = (const Esep__V1__Alarm *)e->message;
    return with(start(e, "alarm", NULL, NULL),
                json_pack("{s:s, s:i, s:s}", "alarm", collector_alarm_kind_name(a->kind), "office",
                          (int)a->office, "text", a->text));
}

json_t *web_entry_json(const struct web_ask *ask, const struct web_entry *e, const char *key,
                       const struct esep_zone *zone)
{
    if (e->message == NULL)
        return NULL;
    const struct views_office *office = views_office(ask->state->views, e->leaf.office);
    switch (e->leaf.type) {
    case ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY:
        return office_entry_json(e, office != NULL ? office->body : NULL, zone);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW:
        return review_json(e, zone);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION:
        return extension_json(e, zone);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL:
        return control_json(e, zone);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT:
        return alert_json(e, key, zone);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_KEY:
        return key_json(e);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS:
        return rights_json(e, office);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_ALARM:
        return alarm_json(e);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN:
        return with(
            start(e, "plan", ((const Esep__V1__PlanChange *)e->message)->actor, NULL),
            json_pack("{s:o}", "effective_day",
                      given_day_json(((const Esep__V1__PlanChange *)e->message)->effective_day)));
    default:
        return NULL;
    }
}
