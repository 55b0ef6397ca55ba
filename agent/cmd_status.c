/* agent/cmd_status.c - `status`: saved, sent, received; the uplink; the room that is left.
 *
 * The journal says what is true; the daemon's state file adds how the connection stands now.
 */
#include "agent/attach.h"
#include "agent/daemon_state.h"
#include "agent/duties.h"
#include "agent/keys_asked.h"
#include "agent/rules_say.h"
#include "agent/texts.h"
#include "agent/witnessed.h"

#include <stdlib.h>
#include <sysexits.h>

struct words {
    struct agent_common common;
};

struct standing {
    struct agent_journal journal;
    struct agent_view view;
    bool viewed; /* the collector was heard at least once */
    struct agent_daemon_state daemon;
    uint64_t used, quota, waiting;
    uint64_t files_used;
    uint64_t named, named_bytes; /* files that entries name, */
    uint64_t here, here_bytes;   /* ... and those that the collector has receipted */
    struct esep_receipt receipt; /* the last; through_seq 0: none */
    esep_time witnessed_at;      /* its entry, by a witness's clock; 0: not yet */
    struct agent_ingress kept;   /* the last broker's note of this epoch, ... */
    struct esep_ingress note;    /* ... where the newest entries have nothing else */
    bool noted;
    const struct esep_zone *zone;
    esep_time now;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    (void)value;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = &words->common;
    return 0;
}

static bool keep_last(void *context, const struct esep_receipt *receipt)
{
    struct standing *s = context;
    if (receipt->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES)
        s->receipt = *receipt;
    return true;
}

/* Nothing was ever attached: there is no store, and it is not made by looking. */
static enum esep_status look_at_files(const struct agent_desk *desk, struct standing *s,
                                      struct esep_reason *reason)
{
    struct esep_blobs *files = NULL;
    const enum esep_status status = agent_files_open(desk->settings, true, &files, reason);
    if (status == ESEP_OK)
        s->files_used = esep_blobs_used(files);
    esep_blobs_close(files);
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

static bool count_file(void *context, const struct journal_file *file)
{
    struct standing *s = context;
    s->named++;
    s->named_bytes += file->file.size_bytes;
    s->here += file->here;
    s->here_bytes += file->here ? file->file.size_bytes : 0;
    return true;
}

/* Only where it is all that there is of something: receipts say more. */
static void look_at_note(struct agent_desk *desk, struct standing *s)
{
    const struct agent_journal *j = &s->journal;
    s->noted =
        j->noted_seq > j->receipted_seq && j->noted_seq > j->promised_seq &&
        journal_ingress(&desk->journal, j->epoch, j->noted_seq, &s->kept, NULL) == ESEP_OK &&
        esep_ingress_unpack(esep_slice(s->kept.note, sizeof s->kept.note), &s->note) == ESEP_OK;
}

static enum esep_status look(struct agent_desk *desk, struct standing *s,
                             struct esep_reason *reason)
{
    s->now = agent_desk_now(desk);
    enum esep_status status = journal_load(&desk->journal, &s->journal, reason);
    if (status == ESEP_OK)
        status = journal_usage(&desk->journal, &s->used, &s->quota, &s->waiting, reason);
    if (status == ESEP_OK)
        status = journal_receipts(&desk->journal, keep_last, s, reason);
    if (status == ESEP_OK && s->receipt.through_seq != 0)
        s->witnessed_at = agent_witnessed_at(desk, &s->receipt);
    if (status == ESEP_OK) {
        status = journal_view(&desk->journal, &s->view, reason);
        s->viewed = status == ESEP_OK;
        if (status == ESEP_NOT_FOUND)
            status = ESEP_OK;
    }
    if (status == ESEP_OK)
        status = look_at_files(desk, s, reason);
    if (status == ESEP_OK)
        status = journal_files(&desk->journal, count_file, s, reason);
    if (status == ESEP_OK)
        look_at_note(desk, s);
    if (s->view.mail_last < s->journal.mail_through) /* pushed since the last WELCOME */
        s->view.mail_last = s->journal.mail_through;
    agent_daemon_state_read(desk->settings->journal, &s->daemon);
    return status;
}

static uint64_t sent_of(const struct standing *s)
{
    uint64_t sent = s->daemon.epoch == s->journal.epoch ? s->daemon.sent_seq : 0;
    return sent > s->journal.receipted_seq ? sent : s->journal.receipted_seq;
}

static json_t *uplink_json(const struct standing *s)
{
    return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:i, s:I, s:I, s:o, s:o}", "daemon",
                     (int)s->daemon.running, "state",
                     s->daemon.known ? json_string(s->daemon.state) : json_null(), "why",
                     s->daemon.known ? json_string(s->daemon.why) : json_null(), "text",
                     s->daemon.known ? json_string(s->daemon.text) : json_null(), "since",
                     esep_json_time(s->daemon.since, s->zone), "next_try_at",
                     esep_json_time(s->daemon.next_try_at, s->zone), "failures",
                     (int)s->daemon.failures, "sent_bytes", (json_int_t)s->daemon.sent_bytes,
                     "received_bytes", (json_int_t)s->daemon.received_bytes, "window",
                     agent_window_json(&s->daemon.rules, s->zone), "budget",
                     agent_budget_json(&s->daemon.rules, s->zone));
}

/* The keys that took another's place; the first one came with the configuration. */
static json_t *log_keys_json(struct agent_desk *desk, const struct standing *s)
{
    json_t *list = json_array();
    struct esep_log_keys keys;
    esep_log_keys_hold(&keys, desk->settings->log_key, &s->journal.log_keys);
    for (size_t i = 1; i < keys.count; i++) {
        char fingerprint[ESEP_CODE_TEXT_BYTES];
        esep_log_fingerprint(keys.at[i].public, fingerprint);
        (void)json_array_append_new(
            list,
            json_pack("{s:o, s:s, s:o, s:I, s:I}", "log_key",
                      agent_json_hex(keys.at[i].public, ESEP_KEY_BYTES), "fingerprint", fingerprint,
                      "at", esep_json_time(keys.at[i].at, s->zone), "generation",
                      (json_int_t)keys.at[i].generation, "size", (json_int_t)keys.at[i].size));
    }
    return list;
}

static int print_json(struct agent_desk *desk, const struct agent_rights *rights,
                      const struct standing *s)
{
    json_t *entries = json_pack(
        "{s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "epoch", (int)s->journal.epoch, "written",
        (json_int_t)s->journal.last_seq, "waiting", (json_int_t)s->waiting, "sent",
        (json_int_t)sent_of(s), "promised", (json_int_t)s->journal.promised_seq, "received",
        (json_int_t)s->journal.receipted_seq, "oldest_held", (json_int_t)s->journal.oldest_seq);
    json_t *receipt = s->receipt.through_seq == 0
                          ? json_null()
                          : json_pack("{s:i, s:I, s:I, s:o, s:o}", "epoch", (int)s->receipt.epoch,
                                      "through_seq", (json_int_t)s->receipt.through_seq,
                                      "log_index", (json_int_t)s->receipt.last_index, "accepted_at",
                                      esep_json_time(s->receipt.accepted_at, s->zone),
                                      "witnessed_at", esep_json_time(s->witnessed_at, s->zone));
    json_t *ingress =
        !s->noted ? json_null()
                  : json_pack("{s:I, s:o, s:o}", "through_seq", (json_int_t)s->kept.seq,
                              "received_at", esep_json_time(s->note.received_at, s->zone),
                              "broker_key", agent_json_hex(s->note.broker_key, ESEP_KEY_BYTES));
    json_t *mailbox = json_pack("{s:I, s:I}", "through", (json_int_t)s->journal.mail_through,
                                "last", (json_int_t)s->view.mail_last);
    json_t *room = json_pack("{s:I, s:I}", "used_bytes", (json_int_t)s->used, "quota_bytes",
                             (json_int_t)s->quota);
    const uint64_t sent = s->here_bytes + s->daemon.file_held_bytes;
    json_t *files = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:i}", "used_bytes", (json_int_t)s->files_used,
        "quota_bytes", (json_int_t)desk->settings->files_bytes, "named", (json_int_t)s->named,
        "complete", (json_int_t)s->here, "bytes", (json_int_t)s->named_bytes, "sent_bytes",
        (json_int_t)(sent < s->named_bytes ? sent : s->named_bytes), "refused",
        (int)s->daemon.files_refused);
    json_t *skew =
        s->viewed ? json_integer((s->view.office_time - s->view.server_time) / 1000) : json_null();
    return esep_json_print(json_pack(
        "{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "format", "esep-agent-status/1", "office", (int)desk->identity.office, "body",
        desk->identity.body, "bodies", agent_json_bodies(rights), "plans", agent_json_plans(rights),
        "log_keys", log_keys_json(desk, s), "renewal",
        agent_keys_asked_json(&desk->journal, desk->identity.sign_public, s->zone), "label",
        desk->settings->label, "uplink", uplink_json(s), "entries", entries, "last_receipt",
        receipt, "ingress", ingress, "mailbox", mailbox, "journal", room, "files", files, "skew_ms",
        skew, "now", esep_json_time(s->now, s->zone)));
}

static void print_log_key(const struct agent_desk *desk, const struct standing *s, const char *lang)
{
    struct esep_log_keys keys;
    char fingerprint[ESEP_CODE_TEXT_BYTES];
    char at[32];
    esep_log_keys_hold(&keys, desk->settings->log_key, &s->journal.log_keys);
    if (keys.count < 2)
        return;
    esep_log_fingerprint(esep_log_keys_newest(&keys), fingerprint);
    esep_time_format(keys.at[keys.count - 1].at, s->zone, at);
    (void)printf("%s: %s, %s\n", agent_text(TEXT_LOG_KEY, lang), at, fingerprint);
}

static void print_uplink(const struct standing *s, const char *lang)
{
    char at[32];
    if (!s->daemon.running) {
        (void)printf("%s: %s\n", agent_text(TEXT_UPLINK, lang), agent_text(TEXT_NO_DAEMON, lang));
        return;
    }
    (void)printf("%s: %s", agent_text(TEXT_UPLINK, lang),
                 s->daemon.known ? agent_word(s->daemon.state, lang) : "-");
    if (s->daemon.known && strcmp(s->daemon.why, "none") != 0 && s->daemon.why[0] != 0)
        (void)printf(" (%s)", s->daemon.why);
    if (s->daemon.text[0] != 0)
        (void)printf(": %s", s->daemon.text);
    if (s->daemon.next_try_at != ESEP_TIME_NEVER && s->daemon.next_try_at != 0) {
        esep_time_format(s->daemon.next_try_at, s->zone, at);
        (void)printf("; %s %s", agent_text(TEXT_NEXT_TRY, lang), at);
    }
    (void)printf("\n");
}

static int print_text(struct agent_desk *desk, const struct agent_rights *rights,
                      const struct standing *s)
{
    const char *lang = desk->settings->language;
    char at[32];
    char may[AGENT_RIGHTS_TEXT_MAX];
    (void)printf("%s: %u, %s%s%s\n", agent_text(TEXT_OFFICE, lang), desk->identity.office,
                 desk->identity.body, desk->settings->label[0] != 0 ? ", " : "",
                 desk->settings->label);
    agent_rights_text(rights, may);
    if (rights->body_count > 1 || rights->plan_count > 0)
        (void)printf("%s: %s\n", agent_text(TEXT_REPORTS_FOR, lang), may);
    struct agent_keys_asked asked = {.asked = false};
    if (agent_keys_asked(&desk->journal, desk->identity.sign_public, &asked, NULL) == ESEP_OK &&
        asked.asked)
        (void)printf("%s: %s%s%s\n", agent_text(TEXT_NEW_KEYS_ASKED, lang), asked.actor,
                     asked.reason[0] != 0 ? ": " : "", asked.reason);
    print_uplink(s, lang);
    agent_rules_print(&s->daemon.rules, s->zone, lang);
    (void)printf("%s: %s %llu, %s %llu, %s %llu, %s %u\n", agent_text(TEXT_ENTRIES, lang),
                 agent_text(TEXT_WRITTEN, lang), (unsigned long long)s->journal.last_seq,
                 agent_text(TEXT_QUEUED, lang), (unsigned long long)s->waiting,
                 agent_text(TEXT_RECEIVED, lang), (unsigned long long)s->journal.receipted_seq,
                 agent_text(TEXT_EPOCH, lang), s->journal.epoch);
    (void)printf("%s: ", agent_text(TEXT_LAST_RECEIPT, lang));
    if (s->receipt.through_seq != 0) {
        esep_time_format(s->receipt.accepted_at, s->zone, at);
        (void)printf("%u/%llu, %s\n", s->receipt.epoch, (unsigned long long)s->receipt.through_seq,
                     at);
        if (s->witnessed_at != 0)
            esep_time_format(s->witnessed_at, s->zone, at);
        if (desk->settings->witness_count > 0)
            (void)printf("%s: %s\n", agent_text(TEXT_WITNESSED, lang),
                         s->witnessed_at != 0 ? at : agent_text(TEXT_NOT_WITNESSED, lang));
    } else {
        (void)printf("%s\n", agent_text(TEXT_NONE, lang));
    }
    if (s->noted) {
        esep_time_format(s->note.received_at, s->zone, at);
        (void)printf("%s: %u/%llu, %s\n", agent_text(TEXT_NOTED, lang), s->kept.epoch,
                     (unsigned long long)s->kept.seq, at);
    }
    print_log_key(desk, s, lang);
    if (s->viewed)
        (void)printf("%s: %+.1f s\n", agent_text(TEXT_SKEW, lang),
                     (double)(s->view.office_time - s->view.server_time) / 1e6);
    (void)printf("%s: %s %llu, %s %llu\n", agent_text(TEXT_MAILBOX, lang),
                 agent_text(TEXT_RECEIVED, lang), (unsigned long long)s->journal.mail_through,
                 agent_text(TEXT_NEWEST, lang), (unsigned long long)s->view.mail_last);
    (void)printf("%s: %llu / %llu KiB\n", agent_text(TEXT_JOURNAL, lang),
                 (unsigned long long)(s->used >> 10), (unsigned long long)(s->quota >> 10));
    (void)printf("%s: %llu / %llu KiB, %s %llu / %llu\n", agent_text(TEXT_FILES, lang),
                 (unsigned long long)(s->files_used >> 10),
                 (unsigned long long)(desk->settings->files_bytes >> 10),
                 agent_text(TEXT_RECEIVED, lang), (unsigned long long)s->here,
                 (unsigned long long)s->named);
    return 0;
}

int agent_cmd_status(int argc, char **argv)
{
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .doc =
            "Says who this office is, what is saved, sent and received, and how the uplink stands.",
        .children = children};
    struct words words = {0};
    struct agent_desk desk = {0};
    struct agent_duties duties = {0};
    struct standing standing = {0};
    struct esep_reason reason = {""};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    enum esep_status status = agent_desk_open(&desk, &words.common, AGENT_DESK_READ, &reason);
    if (status == ESEP_OK)
        status = agent_duties_load(&duties, &desk, &reason); /* for the plan's zone */
    agent_duties_say_zones(&duties);
    standing.zone = duties.zone;
    if (status == ESEP_OK)
        status = look(&desk, &standing, &reason);
    int rc = status != ESEP_OK   ? agent_fail(status, &reason)
             : words.common.json ? print_json(&desk, &duties.rights, &standing)
                                 : print_text(&desk, &duties.rights, &standing);
    agent_duties_free(&duties);
    agent_desk_close(&desk);
    return rc;
}
