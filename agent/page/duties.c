/* agent/page/duties.c - the first screen: what the office owes, and who it is; see page.h. */
#include "agent/entry.h"
#include "agent/page/page.h"
#include "agent/page/say.h"
#include "agent/report_fill.h"

#include <stdlib.h>

static int by_due(const void *left, const void *right)
{
    const struct agent_duty *a = *(const struct agent_duty *const *)left;
    const struct agent_duty *b = *(const struct agent_duty *const *)right;
    if (a->due != b->due)
        return a->due < b->due ? -1 : 1;
    return a < b ? -1 : a > b; /* as in the plan */
}

static json_t *plans_json(const struct agent_duties *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->plan_count; i++) {
        const struct agent_plan *plan = &d->plans[i];
        if (plan->newest)
            (void)json_array_append_new(
                list, json_pack("{s:s, s:o, s:s, s:b}", "id", plan->plan->id, "title",
                                page_json_text(plan->plan->title), "zone", plan->plan->zone,
                                "zone_known", (int)(plan->zone_fault == NULL)));
    }
    return list;
}

static json_t *counts_json(const struct page_say *say)
{
    json_int_t counts[PAGE_GROUPS] = {0};
    json_int_t drafts = 0;
    for (size_t i = 0; i < say->d->count; i++) {
        counts[page_group(&say->d->duties[i], say->now)]++;
        drafts += say->d->duties[i].draft;
    }
    json_t *value = json_object();
    for (size_t i = 0; i < PAGE_GROUPS; i++)
        (void)json_object_set_new(value, page_group_name((enum page_group)i),
                                  json_integer(counts[i]));
    (void)json_object_set_new(value, "drafts", json_integer(drafts));
    return value;
}

static json_t *list_json(const struct page_say *say)
{
    struct agent_duty **sorted = calloc(say->d->count + 1, sizeof *sorted);
    json_t *list = json_array();
    if (sorted == NULL || list == NULL) {
        free(sorted);
        json_decref(list);
        return NULL;
    }
    for (size_t i = 0; i < say->d->count; i++)
        sorted[i] = &say->d->duties[i];
    qsort(sorted, say->d->count, sizeof *sorted, by_due);
    for (size_t i = 0; i < say->d->count; i++)
        (void)json_array_append_new(list, page_json_duty(say, sorted[i]));
    free(sorted);
    return list;
}

bool page_is_seen(const struct page_call *call, const char *etag)
{
    const char *seen = esep_http_header(call->request, "If-None-Match");
    const struct esep_http_field fields[] = {{"ETag", etag},
                                             {"Cache-Control", "private, no-cache"}};
    if (seen == NULL || strcmp(seen, etag) != 0)
        return false;
    page_answer(call, 304, fields, 2, esep_slice(NULL, 0));
    return true;
}

void page_say_init(const struct page_call *call, struct agent_duties *d, struct page_say *ret)
{
    const struct agent_run *run = call->page->run;
    struct agent_status uplink = {0};
    if (run->core != NULL)
        agent_status_get(run->core, &uplink);
    *ret = (struct page_say){
        .d = d, .sent = {.epoch = uplink.epoch, .seq = uplink.sent_seq}, .now = call->now};
    ret->sent.missing = page_desk_missing(call->page->desk, &ret->sent.missing_count);
}

void page_duties(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct agent_duties *d = NULL;
    struct page_say say;
    char etag[48];
    page_desk_etag(call->page, etag);
    if (page_is_seen(call, etag))
        return;
    const enum esep_status status = page_desk_duties(call->page->desk, &d, &reason);
    if (status != ESEP_OK) {
        page_failed(call, status, &reason);
        return;
    }
    page_say_init(call, d, &say);
    page_answer_json(call, 200, etag,
                     json_pack("{s:o, s:s, s:i, s:o, s:o, s:o}", "as_of",
                               esep_json_time(call->now, d->zone), "body", d->identity.body,
                               "office", (int)d->identity.office, "plans", plans_json(d), "counts",
                               counts_json(&say), "duties", list_json(&say)));
}

/* The sources of money that the plans name, each once. */
static json_t *sources_json(const struct agent_duties *d)
{
    json_t *set = json_object();
    json_t *list = json_array();
    const char *code;
    json_t *one;
    for (size_t i = 0; i < d->plan_count; i++)
        for (size_t a = 0; a < d->plans[i].plan->n_actions; a++) {
            const Esep__V1__Action *action = d->plans[i].plan->actions[a];
            for (size_t m = 0; m < action->n_money; m++)
                if (action->money[m]->source[0] != 0)
                    (void)json_object_set_new(set, action->money[m]->source, json_true());
        }
    json_object_foreach(set, code, one)(void) json_array_append_new(list, json_string(code));
    json_decref(set);
    return list;
}

/* What files may be, to be told before the choice. */
static void add_media(json_t *value)
{
    json_t *types = json_array();
    json_t *endings = json_array();
    for (size_t i = 0; esep_media_at(i) != NULL; i++) {
        const struct esep_media *media = esep_media_at(i);
        (void)json_array_append_new(types, json_string(media->type));
        for (const char *at = media->endings + 1; *at != 0; at += strcspn(at, " ") + 1)
            (void)json_array_append_new(endings, json_sprintf(".%.*s", (int)strcspn(at, " "), at));
    }
    (void)json_object_set_new(value, "media_types", types);
    (void)json_object_set_new(value, "file_endings", endings);
}

/* All that it may report for, its own first. */
static json_t *bodies_json(const struct agent_duties *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->rights.body_count; i++)
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:o}", "code", d->rights.bodies[i], "name",
                                              page_json_body(d, d->rights.bodies[i])));
    return list;
}

static json_t *limits_json(void)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I}", "narrative", 16384,
                     "long_text", 4096, "indicators", AGENT_INDICATORS_MAX, "money",
                     AGENT_MONEY_MAX, "attachments", ESEP_MEDIA_REPORT_FILES_MAX, "settles",
                     AGENT_SETTLES_MAX, "cites", AGENT_CITES_MAX, "file_bytes",
                     (json_int_t)ESEP_MEDIA_FILE_BYTES_MAX, "report_bytes",
                     (json_int_t)ESEP_MEDIA_REPORT_BYTES_MAX);
}

void page_office(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct agent_duties *d = NULL;
    char etag[48];
    page_desk_etag(call->page, etag);
    if (page_is_seen(call, etag))
        return;
    const enum esep_status status = page_desk_duties(call->page->desk, &d, &reason);
    const struct agent_settings *s = call->page->run->settings;
    if (status != ESEP_OK) {
        page_failed(call, status, &reason);
        return;
    }
    json_t *value =
        json_pack("{s:i, s:s, s:o, s:s, s:s, s:o, s:o, s:o}", "office", (int)d->identity.office,
                  "body", d->identity.body, "body_name", page_json_body(d, d->identity.body),
                  "label", s->label, "language", s->language, "log_id",
                  agent_json_hex(d->identity.log_id.bytes, ESEP_HASH_BYTES), "sources",
                  sources_json(d), "limits", limits_json());
    add_media(value);
    (void)json_object_set_new(value, "bodies", bodies_json(d));
    (void)json_object_set_new(value, "plans", agent_json_plans(&d->rights));
    page_answer_json(call, 200, etag, value);
}
