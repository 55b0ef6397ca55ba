/* agent/page/status.c - the connection, and what waits; see page.h. */
#include "agent/keys_asked.h"
#include "agent/page/page.h"
#include "agent/page/say.h"
#include "agent/rules_say.h"

struct standing {
    struct agent_journal journal;
    struct agent_view view;
    bool viewed;
    struct agent_status uplink;
    uint64_t used, quota, waiting;
    struct esep_receipt receipt; /* the last; through_seq 0: none */
    uint64_t bytes_waiting, bytes_unsent, entries_unsent;
    uint64_t files, file_bytes, file_bytes_left; /* not whole at the collector */
    const struct esep_zone *zone;
};

static bool keep_last(void *context, const struct esep_receipt *receipt)
{
    struct standing *s = context;
    if (receipt->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES)
        s->receipt = *receipt;
    return true;
}

static bool weigh(void *context, const struct agent_entry *entry)
{
    struct standing *s = context;
    s->bytes_waiting += entry->bytes.len;
    if (s->uplink.epoch != s->journal.epoch || entry->seq > s->uplink.sent_seq) {
        s->bytes_unsent += entry->bytes.len;
        s->entries_unsent++;
    }
    return true;
}

static bool weigh_file(void *context, const struct journal_file *file)
{
    struct standing *s = context;
    s->files += !file->here;
    s->file_bytes += file->here ? 0 : file->file.size_bytes;
    return true;
}

static enum esep_status look(const struct page_call *call, struct agent_desk *desk,
                             struct standing *s, struct esep_reason *reason)
{
    enum esep_status status = page_desk_open(call->page, desk, reason);
    if (status == ESEP_OK)
        status = journal_load(&desk->journal, &s->journal, reason);
    if (status == ESEP_OK)
        status = journal_usage(&desk->journal, &s->used, &s->quota, &s->waiting, reason);
    if (status == ESEP_OK)
        status = journal_receipts(&desk->journal, keep_last, s, reason);
    if (status == ESEP_OK && call->page->run->core != NULL)
        agent_run_status(call->page->run, &s->uplink);
    if (status == ESEP_OK && s->waiting > 0)
        status = journal_entries(&desk->journal, 0, s->journal.receipted_seq + 1, weigh, s, reason);
    if (status == ESEP_OK)
        status = journal_files(&desk->journal, weigh_file, s, reason);
    if (status != ESEP_OK)
        return status;
    const uint64_t held = s->uplink.file_held_bytes;
    s->file_bytes_left = s->file_bytes > held ? s->file_bytes - held : 0;
    status = journal_view(&desk->journal, &s->view, reason);
    s->viewed = status == ESEP_OK;
    if (s->view.mail_last < s->journal.mail_through) /* pushed since the last WELCOME */
        s->view.mail_last = s->journal.mail_through;
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

static json_t *connection_json(const struct standing *s)
{
    const struct agent_status *u = &s->uplink;
    /* Of this run, or as the journal remembers it. */
    const esep_time word = u->welcomed_at != 0 ? u->welcomed_at
                           : s->viewed         ? s->view.office_time
                                               : 0;
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:i, s:o, s:o, s:o, s:o}", "state", agent_state_name(u->state),
        "why", agent_why_name(u->why), "text", u->text, "since", esep_json_time(u->since, s->zone),
        "next_try_at", esep_json_time(u->next_try_at, s->zone), "failures", (int)u->failures,
        "last_word_at", esep_json_time(word, s->zone), "last_word_clock",
        word != 0 ? json_string("office") : json_null(), "window",
        agent_window_json(&u->rules, s->zone), "budget", agent_budget_json(&u->rules, s->zone));
}

static json_t *evidence_json(const struct standing *s)
{
    if (s->files == 0)
        return json_null();
    return json_pack("{s:I, s:I, s:I}", "files", (json_int_t)s->files, "bytes",
                     (json_int_t)s->file_bytes, "bytes_left", (json_int_t)s->file_bytes_left);
}

/* An estimate from what lately got through; of entries and files. */
static json_t *sending_json(const struct page_call *call, const struct standing *s)
{
    const uint64_t pace = call->page->pace.per_second;
    const uint64_t left = s->bytes_unsent + s->file_bytes_left;
    if (s->uplink.state != AGENT_ONLINE || (s->waiting == 0 && s->files == 0))
        return json_null();
    return json_pack("{s:I, s:I, s:o, s:o}", "entries_left", (json_int_t)s->entries_unsent,
                     "bytes_left", (json_int_t)left, "bytes_per_second", page_json_number(pace),
                     "seconds_left",
                     pace != 0 ? json_integer((json_int_t)(left / pace)) : json_null());
}

static json_t *receipt_json(const struct standing *s)
{
    if (s->receipt.through_seq == 0)
        return json_null();
    return json_pack("{s:i, s:I, s:I, s:o}", "epoch", (int)s->receipt.epoch, "through_seq",
                     (json_int_t)s->receipt.through_seq, "log_index",
                     (json_int_t)s->receipt.last_index, "at",
                     esep_json_time(s->receipt.accepted_at, s->zone));
}

static json_t *standing_json(const struct page_call *call, struct agent_desk *desk,
                             const struct standing *s)
{
    const uint64_t received = s->journal.receipted_seq;
    const uint64_t sent = s->uplink.epoch == s->journal.epoch ? s->uplink.sent_seq : 0;
    json_t *entries = json_pack(
        "{s:i, s:I, s:I, s:I, s:I}", "epoch", (int)s->journal.epoch, "written",
        (json_int_t)s->journal.last_seq, "sent", (json_int_t)(sent > received ? sent : received),
        "promised", (json_int_t)s->journal.promised_seq, "received", (json_int_t)received);
    json_t *skew =
        s->viewed ? json_integer((s->view.office_time - s->view.server_time) / 1000) : json_null();
    return json_pack(
        "{s:o, s:i, s:s, s:s, s:o, s:{s:I, s:I}, s:o, s:o, s:o, s:o, s:{s:I, s:I}, s:{s:o}, "
        "s:{s:I, s:I}, s:s, s:o}",
        "now", esep_json_time(call->now, s->zone), "office", (int)desk->identity.office, "body",
        desk->identity.body, "label", desk->settings->label, "connection", connection_json(s),
        "waiting", "reports", (json_int_t)s->waiting, "bytes", (json_int_t)s->bytes_waiting,
        "sending", sending_json(call, s), "evidence", evidence_json(s), "last_receipt",
        receipt_json(s), "entries", entries, "mailbox", "through",
        (json_int_t)s->journal.mail_through, "last", (json_int_t)s->view.mail_last, "clock",
        "skew_ms", skew, "journal", "used_bytes", (json_int_t)s->used, "quota_bytes",
        (json_int_t)s->quota, "version", ESEP_VERSION, "renewal",
        agent_keys_asked_json(&desk->journal, desk->identity.sign_public, s->zone));
}

void page_status(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct agent_desk desk = {0};
    struct standing standing = {.zone = page_desk_zone(call->page->desk)};
    enum esep_status status = look(call, &desk, &standing, &reason);
    esep_wipe(&desk.sign_key, sizeof desk.sign_key);
    if (status != ESEP_OK)
        page_failed(call, status, &reason);
    else
        page_answer_json(call, 200, NULL, standing_json(call, &desk, &standing));
}

void page_try(const struct page_call *call)
{
    page_answer(call, 202, NULL, 0, esep_slice(NULL, 0));
    agent_run_try_now(call->page->run);
}
