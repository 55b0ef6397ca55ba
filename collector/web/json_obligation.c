/* collector/web/json_obligation.c - the drill-down: all that the log says of one obligation.
 *
 * The index leads to its entries, newest first, at most WEB_HISTORY_ITEMS; each is read from the
 * store and held against the tree's leaf. Revisions stand oldest first, each with what it builds
 * on: the content hash, and the log index where that report is among those shown.
 *
 * Two clocks: written_at is the office's, accepted_at the collector's. skew_s is accepted minus
 * written: what the way took and what the clocks differ by, which nobody can tell apart here.
 */
#include "collector/attachments.h"
#include "collector/web/json_parts.h"
#include "io/json.h"
#include "wire/statement.h"

#include <stdlib.h>

/* The first report counts from a promise of the office, from its own hour, or not at all. */
static const char *counts_by(const struct views_obligation *o, esep_time came)
{
    if (came == ESEP_TIME_NEVER)
        return NULL;
    return o->first_proved && came == o->first_committed_at && came != o->first_received_at
               ? "commitment"
               : "own";
}

static json_t *receipt_json(const struct web_entry *e, const struct esep_zone *zone)
{
    char chain[65];
    esep_hex(e->leaf.head.bytes, sizeof e->leaf.head.bytes, chain);
    return json_pack("{s:I, s:o, s:i, s:i, s:I, s:s}", "log_index", (json_int_t)e->index, "at",
                     esep_json_time(e->leaf.accepted_at, zone), "office", (int)e->leaf.office,
                     "epoch", (int)e->leaf.epoch, "seq", (json_int_t)e->leaf.seq, "chain_hash",
                     chain);
}

static const char *report_state(const struct views_obligation *o, const struct web_entry *e)
{
    const struct views_report row = {.index = e->index, .verdict = e->leaf.verdict};
    return listing_report_state(o, &row);
}

json_t *web_revision_json(const struct web_ask *ask, const struct web_entry *e,
                          const struct views_obligation *o)
{
    const Esep__V1__JournalEntry *j = (const Esep__V1__JournalEntry *)e->message;
    const struct views *views = ask->state->views;
    const struct esep_zone *zone = o != NULL ? views_plan_zone(views, o->plan_no) : NULL;
    const struct views_office *office = views_office(views, e->leaf.office);
    char content[65];
    esep_hex(e->content.bytes, sizeof e->content.bytes, content);
    json_t *value = json_pack(
        "{s:I, s:i, s:o, s:s, s:o, s:s, s:o, s:o, s:I, s:o, s:o}", "log_index",
        (json_int_t)e->index, "office", (int)e->leaf.office, "body",
        office != NULL ? json_string(office->body) : json_null(), "content_hash", content, "state",
        o != NULL ? json_string(report_state(o, e)) : json_null(), "verdict",
        web_verdict(e->leaf.verdict), "written_at", esep_json_time(j->written_at_us, zone),
        "accepted_at", esep_json_time(e->leaf.accepted_at, zone), "skew_s",
        (json_int_t)(e->leaf.accepted_at / ESEP_SECOND - j->written_at_us / ESEP_SECOND), "receipt",
        receipt_json(e, zone), "report", listing_report_json(j->report));
    if (value != NULL && collector_attachments_say(ask->state->log, e->leaf.office, j->report,
                                                   json_object_get(value, "report")) != ESEP_OK) {
        json_decref(value);
        value = NULL;
    }
    return value;
}

struct history {
    const struct web_ask *ask;
    const struct listing_obligation *o;
    json_t *revisions, *withdrawals, *requests, *reviews, *extensions, *controls, *alerts, *unread;
};

static json_t *list_for(const struct history *h, const struct web_entry *e)
{
    const Esep__V1__JournalEntry *j = (const Esep__V1__JournalEntry *)e->message;
    switch (e->leaf.type) {
    case ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY:
        return j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL ? h->withdrawals
                                                                        : h->requests;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW:
        return h->reviews;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION:
        return h->extensions;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL:
        return h->controls;
    default:
        return h->alerts;
    }
}

static enum esep_status take(struct history *h, struct web_reader *reader, uint64_t index,
                             struct esep_reason *reason)
{
    struct web_entry e;
    enum esep_status status = web_reader_read(reader, index, &e, reason);
    if (status != ESEP_OK)
        return status;
    if (e.message == NULL)
        return json_array_append_new(h->unread, json_integer((json_int_t)index)) == 0 ? ESEP_OK
                                                                                      : ESEP_NOMEM;
    const Esep__V1__JournalEntry *j = (const Esep__V1__JournalEntry *)e.message;
    bool report = e.leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY &&
                  j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    json_t *value = report ? web_revision_json(h->ask, &e, h->o->state)
                           : web_entry_json(h->ask, &e, h->o->made->key, h->o->zone);
    json_t *list = report ? h->revisions : list_for(h, &e);
    return value != NULL && json_array_append_new(list, value) == 0 ? ESEP_OK : ESEP_NOMEM;
}

/* "builds_on_index", beside the hash in the report: the place where it is shown, or null. */
static void link_revisions(json_t *revisions)
{
    size_t i = 0;
    json_t *revision = NULL;
    json_t *places = json_object();
    json_array_foreach(revisions, i, revision)(void)
        json_object_set(places, json_string_value(json_object_get(revision, "content_hash")),
                        json_object_get(revision, "log_index"));
    json_array_foreach(revisions, i, revision)
    {
        const char *base =
            json_string_value(json_object_get(json_object_get(revision, "report"), "builds_on"));
        json_t *place = base != NULL ? json_object_get(places, base) : NULL;
        (void)json_object_set_new(revision, "builds_on_index",
                                  place != NULL ? json_incref(place) : json_null());
    }
    json_decref(places);
}

static json_t *whole_json(struct history *h, bool more)
{
    const struct views_obligation *s = h->o->state;
    const char *by = counts_by(s, h->o->came);
    json_t *value = web_obligation_json(h->ask, h->o);
    link_revisions(h->revisions);
    (void)json_object_set_new(value, "came_by", by != NULL ? json_string(by) : json_null());
    (void)json_object_set_new(value, "revisions", json_incref(h->revisions));
    (void)json_object_set_new(value, "withdrawals", json_incref(h->withdrawals));
    (void)json_object_set_new(value, "extension_requests", json_incref(h->requests));
    (void)json_object_set_new(value, "reviews", json_incref(h->reviews));
    (void)json_object_set_new(value, "extensions", json_incref(h->extensions));
    (void)json_object_set_new(value, "controls", json_incref(h->controls));
    (void)json_object_set_new(value, "alerts", json_incref(h->alerts));
    (void)json_object_set_new(value, "unreadable", json_incref(h->unread));
    (void)json_object_set_new(value, "older_left_out", json_boolean(more));
    return value;
}

enum esep_status web_json_obligation(const struct web_ask *ask, const char *rest, json_t **ret,
                                     struct esep_reason *reason)
{
    const struct views *views = ask->state->views;
    const struct views_obligation *state =
        rest != NULL ? views_obligation_by_key(views, rest) : NULL;
    struct listing_obligation o;
    if (state == NULL || !listing_from_views(&o, views, state, ask->now))
        return esep_because(reason, ESEP_NOT_FOUND, "there is no obligation %.160s",
                            rest != NULL ? rest : "");
    uint64_t indexes[WEB_HISTORY_ITEMS + 1];
    size_t count = web_index_entries(ask->index, state->number, indexes, WEB_HISTORY_ITEMS + 1);
    const bool more = count > WEB_HISTORY_ITEMS;
    struct history h = {ask,          &o,           json_array(), json_array(), json_array(),
                        json_array(), json_array(), json_array(), json_array(), json_array()};
    struct web_reader reader;
    enum esep_status status = web_reader_init(&reader, ask);
    for (size_t i = more ? count - 1 : count; status == ESEP_OK && i > 0; i--)
        status = take(&h, &reader, indexes[i - 1], reason);
    web_reader_done(&reader);
    json_t *value = status == ESEP_OK ? whole_json(&h, more) : NULL;
    json_t *const lists[] = {h.revisions,  h.withdrawals, h.requests, h.reviews,
                             h.extensions, h.controls,    h.alerts,   h.unread};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        json_decref(lists[i]);
    if (status == ESEP_OK && value == NULL)
        status = ESEP_NOMEM;
    if (status == ESEP_OK)
        *ret = value;
    return status;
}

enum esep_status web_json_report(const struct web_ask *ask, const char *rest, json_t **ret,
                                 struct esep_reason *reason)
{
    struct web_reader reader;
    struct web_entry e = {0};
    char *end = NULL;
    const bool digits = rest != NULL && *rest >= '0' && *rest <= '9';
    const unsigned long long index = digits ? strtoull(rest, &end, 10) : 0;
    if (!digits || *end != 0)
        return esep_because(reason, ESEP_INVALID, "a report is named by its log index");
    if (index >= views_log_size(ask->state->views))
        return esep_because(reason, ESEP_NOT_FOUND, "the log has no entry %llu yet", index);
    json_t *value = NULL;
    enum esep_status status = web_reader_init(&reader, ask);
    if (status == ESEP_OK)
        status = web_reader_read(&reader, index, &e, reason);
    if (status == ESEP_OK) {
        const Esep__V1__JournalEntry *j = (const Esep__V1__JournalEntry *)e.message;
        if (e.leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY || j == NULL ||
            j->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
            status = esep_because(reason, ESEP_NOT_FOUND, "log entry %llu is no report", index);
        else
            value = web_revision_json(
                ask, &e, views_obligation_by_key(ask->state->views, j->report->obligation));
        if (status == ESEP_OK && value == NULL)
            status = ESEP_NOMEM;
    }
    web_reader_done(&reader);
    if (status == ESEP_OK)
        *ret = value;
    return status;
}
