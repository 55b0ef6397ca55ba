/* agent/cmd_receipt.c - `receipt`: what the log holds, for a superior and for a stranger.
 *
 * What proves it is followed again before anything is printed (holds.h). The JSON form has the leaf
 * as it stands in the log; what a stranger needs to check it, trusting nobody, are the files of
 * --proof (proof_export.h).
 */
#include "agent/duties.h"
#include "agent/holds.h"
#include "agent/proof_export.h"
#include "agent/report_say.h"
#include "agent/texts.h"
#include "agent/witnessed.h"
#include "wire/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#define ENTRY_ARENA_BYTES (1u << 20)

struct words {
    struct agent_common common;
    const char *what;  /* NULL: the last entry */
    const char *proof; /* where the proof goes as files; NULL: nowhere */
    bool all;
    bool split;
    uint32_t epoch;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'a':
        words->all = true;
        return 0;
    case 's':
        words->split = true;
        return 0;
    case 'p':
        words->proof = value;
        return 0;
    case 'e':
        words->epoch = (uint32_t)strtoul(value, NULL, 10);
        if (words->epoch == 0)
            argp_error(state, "--epoch %s: a number from 1", value);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "'%s' is one word too many", value);
        words->what = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One entry and what proves it. */
struct proof {
    uint32_t epoch;
    uint64_t seq;
    const struct agent_duty *duty; /* NULL: not known */
    const struct esep_receipt *receipt;
    const struct esep_receipt *promise; /* of the commitment, where it is the earlier one */
    bool noted;                         /* a broker says that it saw it, and when: */
    struct agent_ingress kept;
    struct esep_ingress note;
};

/* Whether any revision, the newest or one long superseded, is this entry. */
static bool speaks_of(const struct agent_duties *d, const struct agent_duty *duty, uint32_t epoch,
                      uint64_t seq)
{
    for (uint32_t place = duty->newest_event; place != 0; place = d->events[place - 1].before)
        if (d->events[place - 1].epoch == epoch && d->events[place - 1].seq == seq)
            return true;
    return false;
}

/* "4", or "1/4" with its epoch. */
static bool parse_place(const char *text, struct proof *ret)
{
    char *end = NULL;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (*end == '/' && end[1] >= '0' && end[1] <= '9' && number > 0 && number <= UINT32_MAX) {
        ret->epoch = (uint32_t)number;
        number = strtoull(end + 1, &end, 10);
    }
    ret->seq = number;
    return *end == 0 && errno == 0 && number > 0;
}

/* A number, or the key of an obligation: then its newest report. */
static enum esep_status find_entry(const struct words *words, struct agent_duties *d,
                                   struct proof *ret, struct esep_reason *reason)
{
    ret->epoch = words->epoch != 0 ? words->epoch : d->head.epoch;
    if (words->what == NULL) {
        ret->seq = d->head.seq;
        if (ret->seq == 0)
            return esep_because(reason, ESEP_NOT_FOUND, "nothing was reported yet");
    } else if (words->what[0] >= '0' && words->what[0] <= '9') {
        if (!parse_place(words->what, ret) ||
            (ret->epoch == d->head.epoch && ret->seq > d->head.seq))
            return esep_because(reason, ESEP_NOT_FOUND, "'%.60s' is no entry of this journal",
                                words->what);
    } else {
        ret->duty = agent_duty_find(d, words->what);
        if (ret->duty == NULL || ret->duty->seq == 0)
            return esep_because(reason, ESEP_NOT_FOUND,
                                "%.128s: this office has not reported on it", words->what);
        ret->epoch = ret->duty->epoch;
        ret->seq = ret->duty->seq;
    }
    for (size_t i = 0; ret->duty == NULL && i < d->count; i++)
        if (speaks_of(d, &d->duties[i], ret->epoch, ret->seq))
            ret->duty = &d->duties[i];
    ret->receipt =
        agent_duties_receipt(d, ret->epoch, ret->seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES);
    ret->promise = agent_duties_promise(d, ret->epoch, ret->seq, ret->receipt);
    return ESEP_OK;
}

/* A broker's note that does not hold any more is none. */
static void find_note(struct agent_desk *desk, struct proof *proof)
{
    proof->noted =
        journal_ingress(&desk->journal, proof->epoch, proof->seq, &proof->kept, NULL) == ESEP_OK &&
        agent_ingress_holds(&proof->kept, &proof->note);
}

static enum esep_status verify(struct agent_desk *desk, const struct esep_receipt *receipt,
                               struct esep_reason *reason)
{
    struct agent_proof proof;
    return receipt == NULL ? ESEP_OK : agent_receipt_holds(desk, receipt, &proof, reason);
}

static int waiting(const struct agent_desk *desk, const struct agent_duties *d,
                   const struct proof *proof)
{
    const char *lang = desk->settings->language;
    char at[32];
    (void)fprintf(stderr, "%s %u/%llu: %s", agent_text(TEXT_RECEIPT_OF, lang), proof->epoch,
                  (unsigned long long)proof->seq, agent_text(TEXT_WAITING, lang));
    if (proof->promise != NULL) {
        esep_time_format(proof->promise->accepted_at, d->zone, at);
        (void)fprintf(stderr, "; %s: %s", agent_text(TEXT_PROMISE_STANDS, lang), at);
    } else if (proof->noted) {
        esep_time_format(proof->note.received_at, d->zone, at);
        (void)fprintf(stderr, "; %s: %s", agent_text(TEXT_NOTED, lang), at);
    }
    (void)fprintf(stderr, "\n");
    return EX_TEMPFAIL;
}

static void line_time(const char *name, esep_time at, const struct esep_zone *zone)
{
    char text[32];
    esep_time_format(at, zone, text);
    (void)printf("%s: %s\n", name, text);
}

static int print_text(struct agent_desk *desk, const struct agent_duties *d, const struct proof *p)
{
    const char *lang = desk->settings->language;
    const struct esep_receipt *r = p->receipt;
    char hex[2 * ESEP_KEY_BYTES + 1];
    uint8_t key[ESEP_KEY_BYTES];
    (void)printf("%s\n\n%s: %u, %s\n%s: %u/%llu\n", agent_text(TEXT_RECEIPT, lang),
                 agent_text(TEXT_OFFICE, lang), desk->identity.office, desk->identity.body,
                 agent_text(TEXT_RECEIPT_OF, lang), p->epoch, (unsigned long long)p->seq);
    if (p->duty != NULL)
        (void)printf("%s: %s\n", agent_text(TEXT_OBLIGATION, lang), p->duty->made.key);
    if (p->duty != NULL && agent_duty_title(p->duty, lang)[0] != 0)
        (void)printf("%s: %s\n", agent_text(TEXT_TITLE, lang), agent_duty_title(p->duty, lang));
    line_time(agent_text(TEXT_ACCEPTED_AT, lang), r->accepted_at, d->zone);
    const esep_time promised_at = p->promise != NULL ? p->promise->accepted_at : r->accepted_at;
    if (p->promise != NULL) {
        bool counts = p->duty == NULL || p->duty->came != r->accepted_at;
        line_time(agent_text(counts ? TEXT_ON_TIME_BY : TEXT_COMMITTED_BUT_LATE, lang), promised_at,
                  d->zone);
    }
    const esep_time witnessed_at = agent_witnessed_at(desk, r);
    if (witnessed_at != 0)
        line_time(agent_text(TEXT_WITNESSED, lang), witnessed_at, d->zone);
    if (p->noted && p->note.received_at < promised_at)
        line_time(agent_text(TEXT_NOTED, lang), p->note.received_at, d->zone);
    if (p->duty != NULL && p->duty->plan != NULL)
        line_time(agent_text(TEXT_DUE, lang), p->duty->due, p->duty->plan->zone);
    /* Where the range is as long as the entries, each has its place in it. */
    bool covered = p->seq >= r->first_seq;
    bool exact = covered && r->last_index - r->first_index == r->through_seq - r->first_seq;
    uint64_t first = exact ? r->first_index + (p->seq - r->first_seq) : r->first_index;
    (void)printf("%s: ", agent_text(TEXT_LOG_ENTRY, lang));
    if (covered)
        (void)printf("%llu", (unsigned long long)first);
    if (!exact) /* of an entry before the range: it lies somewhere below */
        (void)printf("-%llu", (unsigned long long)r->last_index);
    agent_receipt_key(desk, r, key);
    esep_hex(key, ESEP_KEY_BYTES, hex);
    (void)printf("\n%s: %s (%s)\n", agent_text(TEXT_SIGNED_BY, lang), hex,
                 agent_text(TEXT_VALID, lang));
    return 0;
}

static json_t *evidence_json(struct agent_desk *desk, const struct esep_evidence *e,
                             const struct esep_zone *zone)
{
    struct agent_proof proof;
    if (agent_evidence_holds(desk, e, &proof, NULL) != ESEP_OK)
        return json_pack("{s:b}", "valid", 0);
    return json_pack("{s:b, s:I, s:o, s:I, s:o}", "valid", 1, "log_index", (json_int_t)e->log_index,
                     "accepted_at", esep_json_time(e->accepted_at, zone), "checkpoint_size",
                     (json_int_t)e->checkpoint_size, "leaf",
                     agent_json_hex(proof.leaf, ESEP_LEAF_BYTES));
}

static json_t *note_json(const struct proof *p, const struct esep_zone *zone)
{
    if (!p->noted)
        return json_null();
    return json_pack("{s:o, s:o, s:I, s:o, s:o}", "received_at",
                     esep_json_time(p->note.received_at, zone), "broker_key",
                     agent_json_hex(p->note.broker_key, ESEP_KEY_BYTES), "through_seq",
                     (json_int_t)p->kept.seq, "commitment",
                     agent_json_hex(p->kept.statement, sizeof p->kept.statement), "note",
                     agent_json_hex(p->kept.note, sizeof p->kept.note));
}

static void add_file_json(json_t *list, struct agent_desk *desk, const Esep__V1__AttachmentRef *ref,
                          const struct esep_zone *zone)
{
    struct agent_file file = {.size_bytes = ref->size_bytes};
    struct journal_file known;
    if (ref->sha256.len != ESEP_HASH_BYTES)
        return;
    memcpy(file.sha256.bytes, ref->sha256.data, ESEP_HASH_BYTES);
    const bool here = journal_file(&desk->journal, &file, &known, NULL) == ESEP_OK && known.here;
    (void)json_array_append_new(
        list, json_pack("{s:s, s:o, s:I, s:o}", "name", ref->name, "sha256",
                        agent_json_hex(file.sha256.bytes, ESEP_HASH_BYTES), "size_bytes",
                        (json_int_t)file.size_bytes, "receipt",
                        here ? evidence_json(desk, &known.evidence, zone) : json_null()));
}

/* Of each file that the entry names: is it at the collector, and what proves it. */
static json_t *files_json(struct agent_desk *desk, struct esep_slice entry,
                          const struct esep_zone *zone)
{
    struct esep_arena arena = {0};
    const ProtobufCMessage *message = NULL;
    json_t *list = json_array();
    if (esep_arena_init(&arena, ENTRY_ARENA_BYTES) == ESEP_OK &&
        esep_unpack(&esep__v1__journal_entry__descriptor, entry, &arena, &message) == ESEP_OK) {
        const Esep__V1__JournalEntry *e = (const Esep__V1__JournalEntry *)message;
        const bool report = e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
        for (size_t i = 0; report && i < e->report->n_attachments; i++)
            add_file_json(list, desk, e->report->attachments[i], zone);
    }
    esep_arena_done(&arena);
    return list;
}

/* The command that a stranger checks the log's proof with. */
static void say_verify(const struct words *words, const struct agent_desk *desk,
                       const struct proof *p, const char *log_vkey)
{
    (void)printf("esep-verify --log %s", log_vkey);
    for (uint32_t i = 0; i < desk->settings->witness_count; i++) {
        char vkey[ESEP_NOTE_VKEY_MAX];
        esep_note_key_format(&desk->settings->witnesses[i], vkey);
        (void)printf(" --witness %s", vkey);
    }
    (void)printf(" %s%s.tlog-proof %s.report\n", words->proof, p->receipt != NULL ? "" : ".promise",
                 words->proof);
}

static int export_proof(const struct words *words, struct agent_desk *desk, const struct proof *p)
{
    const struct agent_proof_export what = {words->proof, p->epoch,   p->seq,
                                            p->receipt,   p->promise, p->noted ? &p->kept : NULL};
    struct agent_proof_exported done;
    struct esep_reason reason = {""};
    if (p->receipt == NULL && p->promise == NULL && !p->noted) {
        (void)fprintf(stderr, "%u/%llu: %s\n", p->epoch, (unsigned long long)p->seq,
                      agent_text(TEXT_WAITING, desk->settings->language));
        return EX_TEMPFAIL;
    }
    enum esep_status status = agent_proof_export(desk, &what, &done, &reason);
    if (status != ESEP_OK)
        return agent_fail(status, &reason);
    if (words->common.json)
        return esep_json_print(
            json_pack("{s:s, s:s, s:i, s:o, s:o, s:i}", "format", "esep-proof-files/1", "name",
                      words->proof, "proofs", (int)done.proofs, "log_vkey",
                      done.vkey[0] != 0 ? json_string(done.vkey) : json_null(), "broker_key",
                      done.broker[0] != 0 ? json_string(done.broker) : json_null(), "witnesses",
                      (int)done.witnesses));
    (void)printf("%s.report\n", words->proof);
    if (done.vkey[0] != 0)
        say_verify(words, desk, p, done.vkey);
    if (done.broker[0] != 0)
        (void)printf("esep-verify --broker %s %s.ingress-proof %s.report\n", done.broker,
                     words->proof, words->proof);
    return 0;
}

static int print_one(const struct words *words, struct agent_desk *desk, struct agent_duties *d)
{
    struct proof proof = {0};
    struct esep_hash chain;
    struct esep_buf entry;
    struct esep_reason reason = {""};
    enum esep_status status = find_entry(words, d, &proof, &reason);
    if (status == ESEP_OK)
        status = verify(desk, proof.receipt, &reason);
    if (status == ESEP_OK)
        status = verify(desk, proof.promise, &reason);
    if (status != ESEP_OK)
        return agent_fail(status, &reason);
    find_note(desk, &proof);
    if (words->proof != NULL)
        return export_proof(words, desk, &proof);
    if (!words->common.json)
        return proof.receipt == NULL ? waiting(desk, d, &proof) : print_text(desk, d, &proof);
    esep_buf_init(&entry, 1u << 20);
    bool held =
        journal_entry(&desk->journal, proof.epoch, proof.seq, &chain, &entry, NULL) == ESEP_OK;
    struct esep_hash hash = esep_sha256(esep_buf_slice(&entry));
    struct esep_hash content = esep_content_hash(esep_buf_slice(&entry));
    json_t *value = json_pack(
        "{s:s, s:i, s:s, s:i, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "format",
        "esep-proof/1", "office", (int)desk->identity.office, "body", desk->identity.body, "epoch",
        (int)proof.epoch, "seq", (json_int_t)proof.seq, "obligation",
        proof.duty != NULL ? json_string(proof.duty->made.key) : json_null(), "entry_sha256",
        held ? agent_json_hex(hash.bytes, ESEP_HASH_BYTES) : json_null(), "content_hash",
        held ? agent_json_hex(content.bytes, ESEP_HASH_BYTES) : json_null(), "chain_hash",
        held ? agent_json_hex(chain.bytes, ESEP_HASH_BYTES) : json_null(), "receipt",
        proof.receipt != NULL ? agent_receipt_json(desk, proof.receipt, proof.promise, d->zone)
                              : json_null(),
        "commitment_receipt",
        proof.promise != NULL ? agent_receipt_json(desk, proof.promise, NULL, d->zone)
                              : json_null(),
        "ingress", note_json(&proof, d->zone), "files",
        files_json(desk, esep_buf_slice(&entry), d->zone), "witnessed_at",
        proof.receipt != NULL ? esep_json_time(agent_witnessed_at(desk, proof.receipt), d->zone)
                              : json_null());
    esep_buf_done(&entry);
    int rc = esep_json_print(value);
    return rc != 0 || proof.receipt != NULL ? rc : EX_TEMPFAIL;
}

static int print_split(const struct words *words, struct agent_desk *desk)
{
    struct esep_reason reason = {""};
    struct esep_buf seen;
    struct esep_buf other;
    int rc = 0;
    esep_buf_init(&seen, ESEP_NOTE_BYTES_MAX);
    esep_buf_init(&other, ESEP_NOTE_BYTES_MAX);
    enum esep_status status = agent_split_export(desk, &seen, &other, &reason);
    const bool split = status == ESEP_OK;
    if (!split && status != ESEP_NOT_FOUND)
        rc = agent_fail(status, &reason);
    else if (words->common.json)
        rc = esep_json_print(json_pack(
            "{s:s, s:b, s:o, s:o}", "format", "esep-split/1", "split", split, "seen",
            split ? json_stringn((const char *)seen.data, seen.len) : json_null(), "other",
            split ? json_stringn((const char *)other.data, other.len) : json_null()));
    else if (split)
        (void)printf("%.*s\n%.*s", (int)seen.len, (const char *)seen.data, (int)other.len,
                     (const char *)other.data);
    else
        (void)printf("the collector has shown this office one log, and no other\n");
    esep_buf_done(&seen);
    esep_buf_done(&other);
    return rc;
}

static int print_all(const struct words *words, struct agent_desk *desk, struct agent_duties *d)
{
    struct esep_reason reason = {""};
    json_t *list = json_array();
    for (size_t i = 0; i < d->receipt_count; i++) {
        const struct esep_receipt *r = &d->receipts[i];
        const bool entries = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
        const struct esep_receipt *promise =
            entries ? agent_duties_promise(d, r->epoch, r->first_seq, r) : NULL;
        enum esep_status status = verify(desk, r, &reason);
        if (status != ESEP_OK) {
            json_decref(list);
            return agent_fail(status, &reason);
        }
        if (words->common.json) {
            (void)json_array_append_new(list, agent_receipt_json(desk, r, promise, d->zone));
            continue;
        }
        char at[32];
        esep_time_format(r->accepted_at, d->zone, at);
        (void)printf("%u/%llu-%llu  %s  %s", r->epoch, (unsigned long long)r->first_seq,
                     (unsigned long long)r->through_seq, entries ? "entries" : "commitment", at);
        if (promise != NULL) {
            esep_time_format(promise->accepted_at, d->zone, at);
            (void)printf("  %s: %s", agent_text(TEXT_ON_TIME_BY, desk->settings->language), at);
        }
        (void)printf("\n");
    }
    if (words->common.json)
        return esep_json_print(
            json_pack("{s:s, s:o}", "format", "esep-receipts/1", "receipts", list));
    json_decref(list);
    return 0;
}

int agent_cmd_receipt(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"all", 'a', NULL, 0, "every receipt, one a line", 0},
        {"epoch", 'e', "N", 0, "of an entry before a recovery", 0},
        {"split", 's', NULL, 0,
         "both signed heads, where the collector has shown this office two logs", 0},
        {"proof", 'p', "NAME", 0, "write NAME.report and NAME.tlog-proof, for a stranger", 0},
        {0},
    };
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[SEQ|EPOCH/SEQ|OBLIGATION]",
        .doc =
            "Prints the collector's receipt of an entry (the last one), after following its proof "
            "again. Exit 75: there is none yet.",
        .children = children};
    struct words words = {0};
    struct agent_desk desk = {0};
    struct agent_duties duties = {0};
    struct esep_reason reason = {""};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    enum esep_status status = agent_desk_open(&desk, &words.common, AGENT_DESK_READ, &reason);
    if (status == ESEP_OK)
        status = agent_duties_load(&duties, &desk, &reason);
    agent_duties_say_zones(&duties);
    int rc = status != ESEP_OK ? agent_fail(status, &reason)
             : words.split     ? print_split(&words, &desk)
             : words.all       ? print_all(&words, &desk, &duties)
                               : print_one(&words, &desk, &duties);
    agent_duties_free(&duties);
    agent_desk_close(&desk);
    return rc;
}
