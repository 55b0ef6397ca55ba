/* agent/page/write.c - entries that the page writes: reports, withdrawals, requests; see page.h.
 *
 * The writing is report_write.h's, as for the commands: one transaction, in which a report's draft
 * goes too. What this file adds is the form on the screen: a report is what the clerk saw when he
 * sent it, checked as a whole, and nothing is written where anything is wrong.
 */
#include "agent/attach.h"
#include "agent/page/draft.h"
#include "agent/report_write.h"
#include "base/text.h"

static json_t *written_json(const struct page_call *call, const struct agent_written *w)
{
    return json_pack("{s:s, s:i, s:I, s:i, s:o, s:o, s:o}", "key", w->obligation, "epoch",
                     (int)w->epoch, "seq", (json_int_t)w->seq, "revision", (int)w->revision,
                     "content_hash", agent_json_hex(w->content.bytes, ESEP_HASH_BYTES),
                     "chain_hash", agent_json_hex(w->chain.bytes, ESEP_HASH_BYTES), "saved_at",
                     esep_json_time(call->now, page_desk_zone(call->page->desk)));
}

static void answer_written(const struct page_call *call, const struct page_order *order,
                           enum esep_status status, const struct agent_written *written,
                           const struct esep_reason *reason)
{
    if (status != ESEP_OK) {
        page_failed(call, status, reason);
        return;
    }
    agent_page_changed(call->page);
    page_order_done(call, order, written_json(call, written));
}

/* Takes the finds over. */
static void answer_bad(const struct page_call *call, json_t *finds)
{
    page_problem_with(call, 422, "bad_fields", "nothing was written",
                      json_pack("{s:o}", "errors", finds));
}

/* A draft is as old as it likes, and disks are restored: each file is looked for. */
static enum esep_status look_for_files(const struct agent_settings *settings,
                                       const Esep__V1__Report *m, json_t *finds,
                                       struct esep_reason *reason)
{
    struct esep_blobs *files = NULL;
    if (m->n_attachments == 0)
        return ESEP_OK;
    enum esep_status status = agent_files_open(settings, true, &files, reason);
    for (size_t i = 0; (status == ESEP_OK || status == ESEP_NOT_FOUND) && i < m->n_attachments;
         i++) {
        struct esep_hash hash;
        uint64_t size = 0;
        char at[40];
        memcpy(hash.bytes, m->attachments[i]->sha256.data, ESEP_HASH_BYTES);
        if (files != NULL && esep_blobs_have(files, &hash, &size) == ESEP_OK &&
            size == m->attachments[i]->size_bytes)
            continue;
        (void)snprintf(at, sizeof at, "attachments/%zu", i);
        page_find(finds, at, "gone", m->attachments[i]->name, 0, true);
    }
    esep_blobs_close(files);
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

/* The form of the body, whole and without a find; false: answered. */
static bool fill(const struct page_call *call, struct page_draft *draft)
{
    struct esep_reason reason = {""};
    json_t *body = page_body(call);
    json_t *finds = json_array();
    if (body == NULL) {
        json_decref(finds);
        return false;
    }
    const Esep__V1__Report *message = &draft->form.report.message;
    enum esep_status status = page_form_read(&draft->form, body, finds, &reason);
    json_decref(body);
    if (status == ESEP_OK)
        page_form_check(message, finds);
    if (status == ESEP_OK && json_array_size(finds) == 0)
        status = look_for_files(call->page->run->settings, message, finds, &reason);
    const bool whole = status == ESEP_OK && json_array_size(finds) == 0;
    if (status == ESEP_LIMIT)
        page_problem(call, 413, "too_large", reason.text);
    else if (status != ESEP_OK)
        page_failed(call, status, &reason);
    else if (!whole)
        answer_bad(call, json_incref(finds));
    json_decref(finds);
    return whole;
}

void page_report(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct agent_desk desk = {0};
    struct page_draft draft = {0};
    struct page_order order;
    struct agent_written written = {0};
    if (!page_order_begin(call, &order))
        return;
    enum esep_status status = page_desk_open(call->page, &desk, &reason);
    if (status == ESEP_OK)
        status = page_draft_open(&draft, call->page, &desk, call->rest, &reason);
    if (status != ESEP_OK) {
        page_failed(call, status, &reason);
    } else if (page_draft_is_meant(call, &draft) && fill(call, &draft)) {
        const struct agent_choice choice = {.obligation = draft.key,
                                            .drafted = draft.of == PAGE_FORM_DRAFT};
        status = agent_write_report(&desk, &choice, &draft.form.report, &written, &reason);
        answer_written(call, &order, status, &written, &reason);
    }
    page_draft_free(&draft);
    esep_wipe(&desk.sign_key, sizeof desk.sign_key);
}

/* A text that an order must have; NULL: found wanting, and noted. */
static const char *wanted(const json_t *body, const char *name, size_t max, json_t *finds)
{
    const char *text = json_string_value(json_object_get(body, name));
    if (text == NULL || text[strspn(text, " \t\r\n")] == 0)
        page_find(finds, name, "required", NULL, 0, false);
    else if (strlen(text) > max)
        page_find(finds, name, "too_long", NULL, max, false);
    else if (!esep_utf8_valid(esep_slice_str(text)))
        page_find(finds, name, "not_text", NULL, 0, false);
    else
        return text;
    return NULL;
}

static enum esep_status write_order(const struct page_call *call, const json_t *body,
                                    const char *until, struct agent_written *ret,
                                    struct esep_reason *reason)
{
    const struct agent_choice choice = {.obligation = call->rest};
    const char *why = json_string_value(json_object_get(body, "reason"));
    struct agent_desk desk = {0};
    enum esep_status status = page_desk_open(call->page, &desk, reason);
    if (status == ESEP_OK)
        status = until != NULL ? agent_write_request(&desk, &choice, until, why, ret, reason)
                               : agent_write_withdrawal(&desk, &choice, why, ret, reason);
    esep_wipe(&desk.sign_key, sizeof desk.sign_key);
    return status;
}

static void take_order(const struct page_call *call, bool asks)
{
    struct esep_reason reason = {""};
    struct page_order order;
    struct agent_written written = {0};
    esep_day day;
    json_t *body = page_order_begin(call, &order) ? page_body(call) : NULL;
    if (body == NULL)
        return;
    json_t *finds = json_array();
    const char *until = asks ? wanted(body, "until", 10, finds) : NULL;
    if (until != NULL && esep_day_parse(until, &day) != ESEP_OK)
        page_find(finds, "until", "unreadable", until, 0, false);
    (void)wanted(body, "reason", 4096, finds);
    if (json_array_size(finds) > 0)
        answer_bad(call, json_incref(finds));
    else
        answer_written(call, &order, write_order(call, body, until, &written, &reason), &written,
                       &reason);
    json_decref(finds);
    json_decref(body);
}

void page_withdraw(const struct page_call *call)
{
    take_order(call, false);
}

void page_extension(const struct page_call *call)
{
    take_order(call, true);
}
