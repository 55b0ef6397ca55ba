/* agent/page/obligation.c - one obligation: what it demands, the form, what came, the report's way;
 * see page.h. */
#include "agent/page/about.h"
#include "agent/page/draft.h"
#include "agent/page/note.h"
#include "agent/page/way.h"

#define REVISIONS_MAX 200

struct whole {
    const struct page_call *call;
    struct agent_desk desk;
    struct page_say say;
    const struct agent_duty *duty;
    struct page_draft draft;
    struct page_about about;
    struct esep_arena arena; /* for older reports, one after the other */
};

static json_t *revisions_json(const struct whole *w)
{
    const struct agent_duties *d = w->say.d;
    const struct esep_zone *zone = page_zone_of(d, w->duty);
    json_t *list = json_array();
    for (uint32_t at = w->duty->newest_event; at > 0 && json_array_size(list) < REVISIONS_MAX;
         at = d->events[at - 1].before) {
        const struct agent_event *e = &d->events[at - 1];
        (void)json_array_append_new(
            list, json_pack("{s:i, s:I, s:i, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:b}", "epoch",
                            (int)e->epoch, "seq", (json_int_t)e->seq, "revision", (int)e->revision,
                            "content_hash", page_json_hash(&e->hash), "saved_at",
                            esep_json_time(e->written_at, zone), "came",
                            e->last_index != 0 ? esep_json_time(e->came, zone) : json_null(),
                            "by_commitment", (int)e->by_commitment, "committed_at",
                            esep_json_time(e->promised_at, zone), "log_index",
                            e->first_index == e->last_index ? page_json_number(e->first_index)
                                                            : json_null(),
                            "fulfilment", page_json_fulfilment(e->fulfilment), "percent",
                            page_json_percent(e->percent), "withdrawn", (int)e->withdrawn));
    }
    return list;
}

/* When the last file of the newest report was whole there, and its place in the log. */
static esep_time files_came(struct whole *w, const struct agent_event *event, uint64_t *ret_index)
{
    struct esep_reason reason = {""};
    const Esep__V1__JournalEntry *entry = NULL;
    esep_time came = 0;
    esep_arena_reset(&w->arena);
    if (event->file_count == 0 ||
        page_report_load(&w->desk, event->epoch, event->seq, &w->arena, &entry, &reason) != ESEP_OK)
        return 0;
    for (size_t i = 0; i < entry->report->n_attachments; i++) {
        const Esep__V1__AttachmentRef *ref = entry->report->attachments[i];
        struct agent_file file = {.size_bytes = ref->size_bytes};
        struct journal_file known;
        memcpy(file.sha256.bytes, ref->sha256.data, ESEP_HASH_BYTES);
        if (journal_file(&w->desk.journal, &file, &known, &reason) == ESEP_OK && known.here &&
            known.evidence.accepted_at > came) {
            came = known.evidence.accepted_at;
            *ret_index = known.evidence.log_index;
        }
    }
    return came;
}

/* What the journal and the uplink know of the newest report. */
static struct page_facts facts_of(struct whole *w)
{
    const struct agent_duty *duty = w->duty;
    const struct agent_event *event = &w->say.d->events[duty->newest_event - 1];
    const struct esep_receipt *receipt = agent_duties_receipt(
        w->say.d, duty->epoch, duty->seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES);
    const struct esep_receipt *promise =
        agent_duties_promise(w->say.d, duty->epoch, duty->seq, receipt);
    struct page_facts facts = {
        .saved_at = duty->written_at,
        .seq = duty->seq,
        .sent = duty->epoch == w->say.sent.epoch && duty->seq <= w->say.sent.seq,
        .received = receipt != NULL,
        .received_at = receipt != NULL ? receipt->accepted_at : 0,
        .report_index = duty->log_index != 0 ? duty->log_index
                        : receipt != NULL    ? receipt->last_index
                                             : 0,
        .promised_at = promise != NULL ? promise->accepted_at : 0,
        .promise_index = promise != NULL ? promise->last_index : 0,
        .files_total = event->file_count,
        .files_left = page_files_left(event, &w->say.sent),
        .decision = duty->submission == ESEP_SUBMISSION_RETURNED   ? PAGE_RETURNED
                    : duty->submission == ESEP_SUBMISSION_ACCEPTED ? PAGE_ACCEPTED
                                                                   : PAGE_UNDECIDED,
        .decided_at = w->about.reviewed_at,
    };
    facts.promised = facts.promised_at != 0;
    if (facts.files_left == 0)
        facts.files_at = files_came(w, event, &facts.files_index);
    return facts;
}

static json_t *way_json(struct whole *w)
{
    struct page_step steps[PAGE_STEPS];
    json_t *way = json_array();
    if (w->duty->seq == 0 || w->duty->newest_event == 0)
        return way;
    const struct page_facts facts = facts_of(w);
    page_way(&facts, steps);
    for (size_t i = 0; i < PAGE_STEPS; i++) {
        const struct page_step *s = &steps[i];
        const char *clock = s->our_time ? "office" : "collector";
        (void)json_array_append_new(
            way,
            json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "step", s->name, "reached",
                      (int)s->reached, "at", esep_json_time(s->at, page_zone_of(w->say.d, w->duty)),
                      "clock", s->at != 0 ? json_string(clock) : json_null(), "number",
                      page_json_number(s->number), "files_total",
                      s->files ? json_integer((json_int_t)facts.files_total) : json_null(),
                      "files_left",
                      s->files ? json_integer((json_int_t)facts.files_left) : json_null()));
    }
    return way;
}

/* The key up to its window, and the window's first day. */
static size_t before_window(const char *key)
{
    const char *window = strrchr(key, '/');
    return window != NULL ? (size_t)(window - key) + 1 : 0;
}

/* This office's report for the period before: the nearest one that there is. */
static json_t *last_json(struct whole *w)
{
    const struct agent_duties *d = w->say.d;
    const char *key = w->duty->made.key;
    const size_t len = before_window(key);
    const struct agent_duty *last = NULL;
    const Esep__V1__JournalEntry *entry = NULL;
    struct esep_reason reason = {""};
    for (size_t i = 0; len > 0 && i < d->count; i++) {
        const struct agent_duty *one = &d->duties[i];
        if (one->seq != 0 && strncmp(one->made.key, key, len) == 0 &&
            strcmp(one->made.key + len, key + len) < 0 &&
            (last == NULL || strcmp(one->made.key, last->made.key) > 0))
            last = one;
    }
    esep_arena_reset(&w->arena);
    if (last == NULL ||
        page_report_load(&w->desk, last->epoch, last->seq, &w->arena, &entry, &reason) != ESEP_OK)
        return json_null();
    const bool planned = last->plan != NULL;
    return json_pack("{s:s, s:o, s:o, s:i, s:o, s:o}", "key", last->made.key, "window_start",
                     planned ? page_json_day(last->made.window.start) : json_null(), "window_end",
                     planned ? page_json_day(last->made.window.end) : json_null(), "revision",
                     (int)last->revision, "came", esep_json_time(last->came, page_zone_of(d, last)),
                     "form", page_form_json(entry->report));
}

/* Who prepared and signed the newest report: he is likely to do so again. */
static json_t *people_json(struct whole *w)
{
    const struct agent_duties *d = w->say.d;
    const Esep__V1__JournalEntry *entry = NULL;
    struct esep_reason reason = {""};
    esep_arena_reset(&w->arena);
    const struct agent_event *newest = d->event_count > 0 ? &d->events[d->event_count - 1] : NULL;
    if (newest == NULL || page_report_load(&w->desk, newest->epoch, newest->seq, &w->arena, &entry,
                                           &reason) != ESEP_OK)
        return json_pack("{s:n, s:n}", "preparer", "signatory");
    json_t *form = page_form_json(entry->report);
    json_t *people = json_pack("{s:O, s:O}", "preparer", json_object_get(form, "preparer"),
                               "signatory", json_object_get(form, "signatory"));
    json_decref(form);
    return people;
}

static const char *form_of(const struct page_draft *draft)
{
    switch (draft->of) {
    case PAGE_FORM_DRAFT:
        return "draft";
    case PAGE_FORM_REVISION:
        return "revision";
    case PAGE_FORM_EMPTY:
    default:
        return "empty";
    }
}

/* Whom the report is of. */
static json_t *body_json(const struct whole *w)
{
    char body[ESEP_BODY_CODE_MAX];
    return page_json_body(w->say.d,
                          agent_key_body(w->duty->made.key, body) ? body : w->say.d->identity.body);
}

/* A broker's word on the newest report. */
static json_t *ingress_json(struct whole *w)
{
    if (w->duty->seq == 0)
        return json_null();
    return page_note_json(&w->desk, w->say.d, w->duty->epoch, w->duty->seq,
                          page_zone_of(w->say.d, w->duty));
}

static json_t *whole_json(struct whole *w)
{
    const bool open = agent_duty_open(w->duty);
    const bool stands = w->duty->seq != 0 && w->duty->submission != ESEP_SUBMISSION_WITHDRAWN;
    json_t *value =
        json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:{s:b, s:b, s:b}}", "duty",
                  page_json_duty(&w->say, w->duty), "body_name", body_json(w), "action",
                  page_json_action(&w->say, w->duty), "draft",
                  page_draft_json(&w->draft, json_array(), 0, NULL), "form_of", form_of(&w->draft),
                  "revisions", revisions_json(w), "way", way_json(w), "last", last_json(w),
                  "people", people_json(w), "may", "report", (int)open, "withdraw",
                  (int)(open && stands), "ask_extension", (int)open);
    if (value == NULL)
        return NULL;
    (void)json_object_set_new(value, "ingress", ingress_json(w));
    (void)json_object_set(value, "returned", w->about.returned);
    (void)json_object_set(value, "mail", w->about.mail);
    (void)json_object_set(value, "co_executors", w->about.co_executors);
    (void)json_object_set(value, "conflict_with", w->about.conflict_with);
    return value;
}

static enum esep_status load(struct whole *w, struct esep_reason *reason)
{
    const struct page_call *call = w->call;
    struct agent_duties *d = NULL;
    enum esep_status status = page_desk_open(call->page, &w->desk, reason);
    if (status == ESEP_OK)
        status = page_desk_duties(call->page->desk, &d, reason);
    if (status != ESEP_OK)
        return status;
    page_say_init(call, d, &w->say);
    w->duty = agent_duty_find(d, call->rest);
    if (w->duty == NULL)
        return esep_because(reason, ESEP_NOT_FOUND, "this office owes no such thing");
    status = esep_arena_init(&w->arena, PAGE_FORM_ARENA_BYTES);
    if (status == ESEP_OK)
        status = page_draft_open(&w->draft, call->page, &w->desk, call->rest, reason);
    if (status == ESEP_OK)
        status = page_about_load(&w->about, &w->desk, d, w->duty, reason);
    return status;
}

void page_obligation(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct whole whole = {.call = call};
    const enum esep_status status = load(&whole, &reason);
    if (status != ESEP_OK)
        page_failed(call, status, &reason);
    else
        page_answer_json(call, 200, NULL, whole_json(&whole));
    page_about_done(&whole.about);
    page_draft_free(&whole.draft);
    esep_arena_done(&whole.arena);
    esep_wipe(&whole.desk.sign_key, sizeof whole.desk.sign_key);
}
