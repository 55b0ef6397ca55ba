/* agent/page/draft.c - drafts: read, saved, dropped; see draft.h. */
#include "agent/page/draft.h"

#include "wire/unpack.h"

static void mark(struct page_draft *draft)
{
    char hex[17];
    const struct esep_hash hash = esep_sha256(esep_buf_slice(&draft->packed));
    esep_hex(hash.bytes, 8, hex);
    (void)snprintf(draft->etag, sizeof draft->etag, "\"%s\"", hex);
}

enum esep_status page_report_load(struct agent_desk *desk, uint32_t epoch, uint64_t seq,
                                  struct esep_arena *arena, const Esep__V1__JournalEntry **ret,
                                  struct esep_reason *reason)
{
    const ProtobufCMessage *message = NULL;
    struct esep_hash chain;
    struct esep_buf bytes;
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    enum esep_status status = journal_entry(&desk->journal, epoch, seq, &chain, &bytes, reason);
    if (status == ESEP_OK)
        status = esep_unpack(&esep__v1__journal_entry__descriptor, esep_buf_slice(&bytes), arena,
                             &message);
    esep_buf_done(&bytes);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__JournalEntry *entry = (const Esep__V1__JournalEntry *)message;
    if (entry->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return esep_because(reason, ESEP_NOT_FOUND, "entry %u/%llu is no report", epoch,
                            (unsigned long long)seq);
    *ret = entry;
    return ESEP_OK;
}

/* What was said last, to go on from; what it built on and settled is its own. */
static enum esep_status take_revision(struct page_draft *draft, struct agent_desk *desk,
                                      const struct agent_duty *duty, struct esep_reason *reason)
{
    const Esep__V1__JournalEntry *entry = NULL;
    struct esep_buf packed;
    esep_buf_init(&packed, AGENT_ENTRY_BYTES_MAX);
    enum esep_status status =
        page_report_load(desk, duty->epoch, duty->seq, &draft->arena, &entry, reason);
    if (status == ESEP_NOT_FOUND)
        return ESEP_OK; /* pruned long ago: the form is empty */
    if (status == ESEP_OK)
        status = esep_pack(&entry->report->base, &packed);
    if (status == ESEP_OK)
        status = agent_report_from_bytes(&draft->form.report, esep_buf_slice(&packed), reason);
    esep_buf_done(&packed);
    if (status != ESEP_OK)
        return status;
    struct agent_report *report = &draft->form.report;
    report->message.revision = 0;
    report->message.builds_on = esep_pb(NULL, 0);
    report->message.n_settles = 0;
    report->drafted = (struct agent_drafted){.cites = report->message.n_cites};
    draft->of = PAGE_FORM_REVISION;
    return ESEP_OK;
}

static enum esep_status take_last(struct page_draft *draft, struct page *page,
                                  struct agent_desk *desk, struct esep_reason *reason)
{
    struct agent_duties *duties = NULL;
    enum esep_status status = page_desk_duties(page->desk, &duties, reason);
    if (status != ESEP_OK)
        return status;
    const struct agent_duty *duty = agent_duty_find(duties, draft->key);
    if (duty == NULL)
        return esep_because(reason, ESEP_NOT_FOUND, "this office owes no such thing");
    return duty->seq != 0 ? take_revision(draft, desk, duty, reason) : ESEP_OK;
}

enum esep_status page_draft_open(struct page_draft *ret, struct page *page, struct agent_desk *desk,
                                 const char *key, struct esep_reason *reason)
{
    *ret = (struct page_draft){.of = PAGE_FORM_EMPTY};
    esep_buf_init(&ret->packed, AGENT_ENTRY_BYTES_MAX);
    if (key[0] == 0 || strlen(key) >= sizeof ret->key)
        return esep_because(reason, ESEP_NOT_FOUND, "no such obligation");
    memcpy(ret->key, key, strlen(key) + 1);
    enum esep_status status = esep_arena_init(&ret->arena, PAGE_FORM_ARENA_BYTES);
    if (status != ESEP_OK)
        return esep_because(reason, status, "no memory for the form");
    page_form_init(&ret->form, &ret->arena);
    status = journal_draft_get(&desk->journal, ret->key, &ret->packed, reason);
    if (status == ESEP_OK) {
        mark(ret);
        ret->of = PAGE_FORM_DRAFT;
        status = agent_report_from_bytes(&ret->form.report, esep_buf_slice(&ret->packed), reason);
    } else if (status == ESEP_NOT_FOUND) {
        status = take_last(ret, page, desk, reason);
    }
    ret->form.report.message.obligation = ret->key;
    return status;
}

void page_draft_free(struct page_draft *draft)
{
    esep_buf_done(&draft->packed);
    esep_arena_done(&draft->arena);
}

json_t *page_draft_json(const struct page_draft *draft, json_t *finds, esep_time saved_at,
                        const struct esep_zone *zone)
{
    page_form_check(&draft->form.report.message, finds);
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "key", draft->key, "etag",
                     draft->etag[0] != 0 ? json_string(draft->etag) : json_null(), "form",
                     page_form_json(&draft->form.report.message), "errors", finds, "saved_at",
                     esep_json_time(saved_at, zone));
}

bool page_draft_is_meant(const struct page_call *call, const struct page_draft *draft)
{
    const char *match = esep_http_header(call->request, "If-Match");
    const char *none = esep_http_header(call->request, "If-None-Match");
    if (match == NULL && (none == NULL || strcmp(none, "*") != 0)) {
        page_problem(call, 428, "precondition_required", "If-Match, or If-None-Match: *");
        return false;
    }
    if (match != NULL ? strcmp(match, draft->etag) == 0 : draft->etag[0] == 0)
        return true;
    json_t *now = page_draft_json(draft, json_array(), 0, page_desk_zone(call->page->desk));
    page_problem_with(call, 412, "stale", "the draft is another by now",
                      json_pack("{s:o}", "draft", now));
    return false;
}

/* Reads the body into the draft and makes it durable. False: answered. */
static bool save(const struct page_call *call, struct agent_desk *desk, struct page_draft *draft,
                 json_t *finds)
{
    struct esep_reason reason = {""};
    struct esep_buf packed;
    json_t *body = page_body(call);
    if (body == NULL)
        return false;
    esep_buf_init(&packed, AGENT_ENTRY_BYTES_MAX);
    enum esep_status status = page_form_read(&draft->form, body, finds, &reason);
    if (status == ESEP_OK)
        status = esep_pack(&draft->form.report.message.base, &packed);
    json_decref(body);
    if (status == ESEP_LIMIT) {
        page_problem(call, 413, "too_large", "the draft is longer than a report may be");
        esep_buf_done(&packed);
        return false;
    }
    const bool changed = !esep_slice_equal(esep_buf_slice(&draft->packed), esep_buf_slice(&packed));
    if (status == ESEP_OK && (changed || draft->of != PAGE_FORM_DRAFT))
        status = journal_draft_swap(&desk->journal, draft->key, esep_buf_slice(&draft->packed),
                                    esep_buf_slice(&packed), &reason);
    if (status != ESEP_OK) {
        esep_buf_done(&packed);
        page_failed(call, status == ESEP_CONFLICT ? ESEP_AGAIN : status, &reason);
        return false;
    }
    esep_buf_done(&draft->packed);
    draft->packed = packed;
    mark(draft);
    return true;
}

void page_draft_save(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct agent_desk desk = {0};
    struct page_draft draft = {0};
    json_t *finds = json_array();
    enum esep_status status = page_desk_open(call->page, &desk, &reason);
    if (status == ESEP_OK)
        status = page_draft_open(&draft, call->page, &desk, call->rest, &reason);
    const bool begun = draft.of != PAGE_FORM_DRAFT;
    if (status != ESEP_OK) {
        page_failed(call, status, &reason);
    } else if (page_draft_is_meant(call, &draft) && save(call, &desk, &draft, finds)) {
        const struct esep_zone *zone = page_desk_zone(call->page->desk);
        if (begun)
            agent_page_changed(call->page);
        page_answer_json(call, 200, draft.etag,
                         page_draft_json(&draft, json_incref(finds), call->now, zone));
    }
    json_decref(finds);
    page_draft_free(&draft);
    esep_wipe(&desk.sign_key, sizeof desk.sign_key);
}

void page_draft_drop(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct agent_desk desk = {0};
    struct page_draft draft = {0};
    enum esep_status status = page_desk_open(call->page, &desk, &reason);
    if (status == ESEP_OK)
        status = page_draft_open(&draft, call->page, &desk, call->rest, &reason);
    if (status == ESEP_OK && draft.etag[0] == 0)
        status = esep_because(&reason, ESEP_NOT_FOUND, "no draft is there");
    const bool meant = status == ESEP_OK && page_draft_is_meant(call, &draft);
    if (meant)
        status = journal_draft_delete(&desk.journal, draft.key, &reason);
    if (status != ESEP_OK) {
        page_failed(call, status, &reason);
    } else if (meant) {
        agent_page_changed(call->page);
        page_answer(call, 204, NULL, 0, esep_slice(NULL, 0));
    }
    page_draft_free(&draft);
    esep_wipe(&desk.sign_key, sizeof desk.sign_key);
}
