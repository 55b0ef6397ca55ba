/* agent/page/about.c - see about.h. */
#include "agent/page/about.h"

#include "agent/page/form.h"
#include "wire/unpack.h"

#define SCRATCH_BYTES ((size_t)1 << 20)

struct walk {
    struct page_about *about;
    struct agent_duties *d;
    const struct agent_duty *duty;
    const struct esep_zone *zone;
    struct esep_arena arena;
};

/* What an item says, beside what every item has. */
struct item {
    const char *obligation;
    const char *type, *outcome;
    const char *reason_code, *text, *document;
    esep_day until; /* 0: none */
    ProtobufCBinaryData report;
    bool by_office;
};

static const ProtobufCMessage *unpack(struct walk *w, const ProtobufCMessageDescriptor *what,
                                      const struct agent_mail *mail)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&w->arena);
    return esep_unpack(what, mail->bytes, &w->arena, &message) == ESEP_OK ? message : NULL;
}

static void keep(json_t *list, json_t *value)
{
    (void)json_array_insert_new(list, 0, value);
    if (json_array_size(list) > PAGE_ABOUT_MAX)
        (void)json_array_remove(list, PAGE_ABOUT_MAX);
}

static void keep_item(struct walk *w, const struct agent_mail *mail, const struct item *item)
{
    keep(w->about->mail,
         json_pack("{s:I, s:I, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "number",
                   (json_int_t)mail->number, "log_index", (json_int_t)mail->log_index, "at",
                   esep_json_time(mail->accepted_at, w->zone), "type", item->type, "outcome",
                   item->outcome, "reason_code", page_json_string(item->reason_code), "text",
                   page_json_string(item->text), "until", page_json_day(item->until), "document",
                   page_json_string(item->document), "report_hash",
                   item->report.len == ESEP_HASH_BYTES
                       ? agent_json_hex(item->report.data, ESEP_HASH_BYTES)
                       : json_null(),
                   "office", item->by_office ? json_integer(mail->office) : json_null()));
}

static bool is_ours(const struct walk *w, const char *obligation)
{
    return strcmp(obligation, w->duty->made.key) == 0;
}

static void on_review(struct walk *w, const struct agent_mail *mail)
{
    const Esep__V1__Review *r =
        (const Esep__V1__Review *)unpack(w, &esep__v1__review__descriptor, mail);
    if (r == NULL || !is_ours(w, r->obligation))
        return;
    const struct item item = {.type = "review",
                              .outcome = r->accept ? "accepted" : "returned",
                              .reason_code = r->reason_code,
                              .text = r->comment,
                              .until = r->accept ? 0 : r->again_by_day,
                              .report = r->report};
    keep_item(w, mail, &item);
    if (w->duty->review_of == 0 || r->report.len != ESEP_HASH_BYTES ||
        memcmp(r->report.data, w->duty->reviewed.bytes, ESEP_HASH_BYTES) != 0)
        return;
    w->about->reviewed_at = mail->accepted_at;
    json_decref(w->about->returned);
    w->about->returned =
        r->accept ? json_null()
                  : json_pack("{s:s, s:s, s:o, s:o}", "reason_code", r->reason_code, "comment",
                              r->comment, "again_by", page_json_day(r->again_by_day), "at",
                              esep_json_time(mail->accepted_at, w->zone));
}

static void on_extension(struct walk *w, const struct agent_mail *mail)
{
    const Esep__V1__Extension *e =
        (const Esep__V1__Extension *)unpack(w, &esep__v1__extension__descriptor, mail);
    if (e == NULL || !is_ours(w, e->obligation))
        return;
    const struct item item = {.type = "extension",
                              .outcome = e->granted ? "granted" : "refused",
                              .text = e->reason,
                              .document = e->document,
                              .until = e->until_day};
    keep_item(w, mail, &item);
}

static void on_control(struct walk *w, const struct agent_mail *mail)
{
    const Esep__V1__Control *c =
        (const Esep__V1__Control *)unpack(w, &esep__v1__control__descriptor, mail);
    if (c == NULL || !is_ours(w, c->obligation))
        return;
    const struct item item = {
        .type = "control", .outcome = c->removed ? "removed" : "restored", .text = c->reason};
    keep_item(w, mail, &item);
}

static void on_alert(struct walk *w, const struct agent_mail *mail)
{
    const Esep__V1__Alert *a =
        (const Esep__V1__Alert *)unpack(w, &esep__v1__alert__descriptor, mail);
    for (size_t i = 0; a != NULL && i < a->n_items; i++) {
        if (!is_ours(w, a->items[i]->obligation))
            continue;
        const struct item item = {.type = "alert", .outcome = page_alert_name(a->items[i]->kind)};
        keep_item(w, mail, &item);
    }
}

json_t *page_others_json(const struct agent_duties *d, const struct agent_mail *mail,
                         const struct esep_hash *hash, const Esep__V1__Report *report)
{
    char body[ESEP_BODY_CODE_MAX] = "";
    (void)agent_key_body(report->obligation, body);
    return json_pack("{s:o, s:I, s:i, s:s, s:o, s:o, s:s, s:o}", "content_hash",
                     page_json_hash(hash), "log_index", (json_int_t)mail->log_index, "office",
                     (int)mail->office, "body", body, "body_name", page_json_body(d, body), "at",
                     esep_json_time(mail->accepted_at, d->zone), "obligation", report->obligation,
                     "form", page_form_json(report));
}

/* The newest of each obligation: an older one of it goes. */
static void keep_co_executor(struct walk *w, json_t *value)
{
    json_t *list = w->about->co_executors;
    const char *key = json_string_value(json_object_get(value, "obligation"));
    for (size_t i = json_array_size(list); key != NULL && i > 0; i--) {
        const json_t *old = json_object_get(json_array_get(list, i - 1), "obligation");
        if (strcmp(json_string_value(old), key) == 0)
            (void)json_array_remove(list, i - 1);
    }
    keep(list, value);
}

static void on_report(struct walk *w, const struct agent_mail *mail, const Esep__V1__Report *report)
{
    const struct esep_hash hash = esep_content_hash(mail->bytes);
    if (mail->verdict == ESEP__V1__VERDICT__VERDICT_TAKEN &&
        page_same_matter(w->duty->made.key, report->obligation))
        keep_co_executor(w, page_others_json(w->d, mail, &hash, report));
    for (uint32_t i = 0; w->duty->conflict && i < w->duty->other_count; i++)
        if (esep_hash_equal(&w->duty->others[i].hash, &hash)) {
            keep(w->about->conflict_with, page_others_json(w->d, mail, &hash, report));
            return;
        }
}

static void on_entry(struct walk *w, const struct agent_mail *mail)
{
    const Esep__V1__JournalEntry *e =
        (const Esep__V1__JournalEntry *)unpack(w, &esep__v1__journal_entry__descriptor, mail);
    if (e == NULL)
        return;
    const char *obligation =
        e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT       ? e->report->obligation
        : e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL ? e->withdrawal->obligation
        : e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST
            ? e->extension_request->obligation
            : "";
    if (is_ours(w, obligation)) {
        const struct esep_hash hash = esep_content_hash(mail->bytes);
        const struct item item = {.type = "entry",
                                  .outcome = agent_verdict_name((Esep__V1__Verdict)mail->verdict),
                                  .report = esep_pb(hash.bytes, ESEP_HASH_BYTES),
                                  .by_office = true};
        keep_item(w, mail, &item);
    }
    if (e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        on_report(w, mail, e->report);
}

static bool take(void *context, const struct agent_mail *mail)
{
    static const struct {
        uint32_t type;
        void (*take)(struct walk *w, const struct agent_mail *mail);
    } kinds[] = {{ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW, on_review},
                 {ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION, on_extension},
                 {ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL, on_control},
                 {ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT, on_alert},
                 {ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY, on_entry}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == mail->type)
            kinds[i].take(context, mail);
    return true;
}

enum esep_status page_about_load(struct page_about *ret, struct agent_desk *desk,
                                 struct agent_duties *d, const struct agent_duty *duty,
                                 struct esep_reason *reason)
{
    struct walk w = {.about = ret, .d = d, .duty = duty, .zone = page_zone_of(d, duty)};
    *ret = (struct page_about){.mail = json_array(),
                               .co_executors = json_array(),
                               .conflict_with = json_array(),
                               .returned = json_null()};
    enum esep_status status = esep_arena_init(&w.arena, SCRATCH_BYTES);
    if (status != ESEP_OK)
        return esep_because(reason, status, "no memory for the mail");
    status = journal_mail(&desk->journal, 0, take, &w, reason);
    esep_arena_done(&w.arena);
    return status;
}

void page_about_done(struct page_about *about)
{
    json_decref(about->mail);
    json_decref(about->co_executors);
    json_decref(about->conflict_with);
    json_decref(about->returned);
    *about = (struct page_about){0};
}
