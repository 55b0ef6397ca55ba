/* tests/fuzz/log.c - log entries as read back from a disk that lies, applied to the views.
 *
 * The input is a list of records. Kind 0: a leaf and a body as they are. 1 .. 15: a true leaf of
 * that LogType over the bytes as its body. From 16 on, entries that are well-formed but for the
 * choices in the bytes: reports, withdrawals, commitments, reviews, plans, alerts that came due,
 * accounts, and all that log_own.h has. Its seeds together bring each LogType into a log (the
 * replay of the folder asks for that). Properties: views_apply says a status of its contract and a
 * reason; a refused entry changes nothing; the log that was taken, replayed, gives the same rows
 * byte for byte however the flushes were cut; the rows load again; whatever stands there can be
 * asked about.
 */
#include "esep/v1/report.pb-c.h"
#include "log_own.h"
#include "wire/statement.h"
#include "wire/unpack.h"

static struct story story;
static uint64_t next_seq[3];

static void raw(struct story *s, struct fuzz_input in)
{
    uint8_t leaf[ESEP_LEAF_BYTES] = {2};
    const struct esep_slice bytes = fuzz_bytes(&in, sizeof leaf);
    if (bytes.len > 0)
        memcpy(leaf, bytes.data, bytes.len);
    (void)!story_take(s, leaf, fuzz_rest(&in));
}

static void typed(struct story *s, uint8_t type, struct esep_slice body)
{
    uint8_t packed[ESEP_LEAF_BYTES];
    const struct esep_leaf leaf = {
        .type = (Esep__V1__LogType)type, .accepted_at = s->now, .content = esep_content_hash(body)};
    esep_leaf_pack(&leaf, packed);
    (void)!story_take(s, packed, body);
}

static const char *key_of(const struct story *s, uint8_t which)
{
    const uint32_t count = views_obligation_count(s->views);
    return count > 0 ? views_obligation(s->views, which % count)->made.key : "none";
}

/* An entry of an office as ingest would log it: judged, and counted on. */
static void office_entry(struct story *s, uint32_t office, const Esep__V1__JournalEntry *message)
{
    struct esep_buf body;
    uint8_t packed[ESEP_LEAF_BYTES];
    esep_buf_init(&body, 1u << 20);
    FUZZ_CHECK(esep_pack(&message->base, &body) == ESEP_OK);
    const uint64_t seq = next_seq[office] + 1;
    const struct esep_leaf leaf = {
        .type = ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY,
        .verdict = views_judge(s->views, office, s->now, esep_buf_slice(&body), message),
        .office = office,
        .accepted_at = s->now,
        .epoch = 1,
        .seq = seq,
        .content = esep_content_hash(esep_buf_slice(&body)),
    };
    FUZZ_CHECK(leaf.verdict != ESEP__V1__VERDICT__VERDICT_UNSPECIFIED);
    esep_leaf_pack(&leaf, packed);
    if (story_take(s, packed, esep_buf_slice(&body)) == ESEP_OK)
        next_seq[office] = seq;
    esep_buf_done(&body);
}

/* A report whose bytes follow from the number alone: it can be named before it comes. */
struct foretold {
    Esep__V1__JournalEntry entry;
    Esep__V1__Report report;
    uint8_t nonce[16];
    char obligation[ESEP_OBLIGATION_KEY_MAX];
};

static void foretell(const struct story *s, uint8_t number, struct foretold *ret)
{
    memset(ret->nonce, 0xf0 | (number & 15), sizeof ret->nonce);
    (void)snprintf(ret->obligation, sizeof ret->obligation, "%s", key_of(s, number >> 4));
    esep__v1__journal_entry__init(&ret->entry);
    esep__v1__report__init(&ret->report);
    ret->entry.nonce = esep_pb(ret->nonce, sizeof ret->nonce);
    ret->entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    ret->entry.report = &ret->report;
    ret->report.obligation = ret->obligation;
    ret->report.revision = 1;
    ret->report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_PARTLY;
}

/* What an entry is called: one of the log, one that may come yet, or none at all. */
static struct esep_hash name_of(const struct story *s, uint64_t number)
{
    struct foretold foretold;
    uint8_t bytes[512];
    if (number < s->count)
        return esep_content_hash(s->entries[number].body);
    if (number >> 16 != 0) {
        esep_be64_put(bytes, number);
        return esep_sha256(esep_slice(bytes, 8));
    }
    foretell(s, (uint8_t)number, &foretold);
    FUZZ_CHECK(protobuf_c_message_get_packed_size(&foretold.entry.base) <= sizeof bytes);
    return esep_content_hash(
        esep_slice(bytes, protobuf_c_message_pack(&foretold.entry.base, bytes)));
}

static void late_report(struct story *s, struct fuzz_input in)
{
    struct foretold foretold;
    const uint8_t how = fuzz_byte(&in);
    foretell(s, fuzz_byte(&in), &foretold);
    office_entry(s, 1 + (how & 1), &foretold.entry);
}

static void report(struct story *s, struct fuzz_input in)
{
    uint8_t nonce[16] = {0};
    char obligation[ESEP_OBLIGATION_KEY_MAX];
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report r = ESEP__V1__REPORT__INIT;
    struct esep_hash names[5];
    ProtobufCBinaryData settles[4];
    const uint8_t how = fuzz_byte(&in);
    (void)snprintf(obligation, sizeof obligation, "%s", key_of(s, fuzz_byte(&in)));
    nonce[0] = how >> 6; /* few, so that the same bytes may come again */
    entry.nonce = esep_pb(nonce, sizeof nonce);
    entry.written_at_us = s->now;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &r;
    r.obligation = obligation;
    r.revision = 1 + (uint32_t)fuzz_byte(&in);
    r.fulfilment = (Esep__V1__Fulfilment)(1 + fuzz_byte(&in) % 8);
    if (how & 2) {
        r.progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
        r.percent = (uint32_t)fuzz_number(&in);
    }
    if (how & 4) {
        names[4] = name_of(s, fuzz_number(&in));
        r.builds_on = esep_pb(names[4].bytes, how & 8 ? fuzz_byte(&in) % 33 : ESEP_HASH_BYTES);
    }
    r.settles = settles;
    for (r.n_settles = 0; r.n_settles < (how >> 4 & 3); r.n_settles++) {
        names[r.n_settles] = name_of(s, fuzz_number(&in));
        settles[r.n_settles] = esep_pb(names[r.n_settles].bytes, ESEP_HASH_BYTES);
    }
    office_entry(s, 1 + (how & 1), &entry);
}

static void withdrawal(struct story *s, struct fuzz_input in)
{
    static uint8_t nonce[16];
    char obligation[ESEP_OBLIGATION_KEY_MAX], why[] = "why", until[] = "2014-01-31";
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Withdrawal w = ESEP__V1__WITHDRAWAL__INIT;
    Esep__V1__ExtensionRequest x = ESEP__V1__EXTENSION_REQUEST__INIT;
    const uint8_t how = fuzz_byte(&in);
    (void)snprintf(obligation, sizeof obligation, "%s", key_of(s, fuzz_byte(&in)));
    entry.nonce = esep_pb(nonce, sizeof nonce);
    w.obligation = x.obligation = obligation;
    w.reason = x.reason = why;
    x.until = until;
    struct esep_hash name = name_of(s, fuzz_number(&in));
    w.report = esep_pb(name.bytes, how & 4 ? fuzz_byte(&in) % 33 : ESEP_HASH_BYTES);
    entry.body_case = how & 2 ? ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST
                              : ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL;
    if (how & 2)
        entry.extension_request = &x;
    else
        entry.withdrawal = &w;
    office_entry(s, 1 + (how & 1), &entry);
}

static void commitment(struct story *s, struct fuzz_input in)
{
    uint8_t packed[ESEP_LEAF_BYTES];
    uint8_t body[ESEP_SIGNED_COMMITMENT_BYTES];
    const struct esep_hash log_id = {{0}};
    const uint8_t how = fuzz_byte(&in);
    const uint32_t office = 1 + (how & 1);
    struct esep_commitment c = {.office = office, .epoch = 1};
    c.seq = how & 2 ? fuzz_number(&in) : next_seq[office];
    c.office_clock = s->now;
    c.head.bytes[0] = (uint8_t)c.seq;
    esep_commitment_pack(&log_id, &c, body);
    const struct esep_slice bytes = esep_slice(body, sizeof body);
    const struct esep_leaf leaf = {
        .type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT,
        .flags = how & 4 ? ESEP_LEAF_CLOSES : 0,
        .office = office,
        .accepted_at = s->now,
        .epoch = how & 8 ? (uint32_t)fuzz_number(&in) : 1,
        .seq = c.seq,
        .content = esep_content_hash(bytes),
        .head = c.head,
    };
    esep_leaf_pack(&leaf, packed);
    (void)!story_take(s, packed, bytes);
}

static void review(struct story *s, struct fuzz_input in)
{
    char obligation[ESEP_OBLIGATION_KEY_MAX];
    Esep__V1__Review m = ESEP__V1__REVIEW__INIT;
    (void)snprintf(obligation, sizeof obligation, "%s", key_of(s, fuzz_byte(&in)));
    m.obligation = obligation;
    m.accept = fuzz_byte(&in) & 1;
    m.report_index = fuzz_number(&in);
    m.again_by_day = (int32_t)(15706 + fuzz_number(&in));
    struct esep_hash name = name_of(s, m.report_index ^ fuzz_byte(&in));
    m.report = esep_pb(name.bytes, sizeof name.bytes);
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW, &m.base);
}

static void secretariat(struct story *s, struct fuzz_input in)
{
    char obligation[ESEP_OBLIGATION_KEY_MAX];
    Esep__V1__Extension x = ESEP__V1__EXTENSION__INIT;
    Esep__V1__Control c = ESEP__V1__CONTROL__INIT;
    const uint8_t how = fuzz_byte(&in);
    (void)snprintf(obligation, sizeof obligation, "%s", key_of(s, fuzz_byte(&in)));
    x.obligation = c.obligation = obligation;
    x.granted = c.removed = (how & 1) != 0;
    x.until_day = (int32_t)(15706 + fuzz_number(&in));
    if (how & 2)
        (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL, &c.base);
    else
        (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION, &x.base);
}

/* The plan once more, a revision on, some bytes of it changed. */
static void plan(struct story *s, struct fuzz_input in)
{
    uint8_t bytes[2048];
    const struct esep_slice was = story_plan(2 + views_plan_count(s->views));
    Esep__V1__PlanChange m = ESEP__V1__PLAN_CHANGE__INIT;
    memcpy(bytes, was.data, was.len);
    m.effective_day = (int32_t)fuzz_number(&in);
    while (in.left > 0) {
        const size_t place = (size_t)fuzz_be(&in, 2) % was.len;
        bytes[place] ^= fuzz_byte(&in);
    }
    m.plan = esep_pb(bytes, was.len);
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN, &m.base);
}

static enum esep_status log_alert(void *context, struct esep_slice body)
{
    struct story *s = context;
    if (s->count == STORY_ENTRIES_MAX)
        return ESEP_LIMIT;
    uint8_t packed[ESEP_LEAF_BYTES];
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT,
                                   .accepted_at = s->now,
                                   .content = esep_content_hash(body)};
    esep_leaf_pack(&leaf, packed);
    /* What the views themselves ask to be logged must be taken. */
    FUZZ_CHECK(story_take(s, packed, body) == ESEP_OK);
    return ESEP_OK;
}

static size_t two_targets(void *context, const char *plan_id, const char *body,
                          enum views_audience whom, Esep__V1__Target *ret, size_t max)
{
    static char address[] = "a@b", language[] = "ru";
    (void)context;
    (void)plan_id;
    (void)body;
    (void)whom;
    for (size_t i = 0; i < 2 && i < max; i++) {
        esep__v1__target__init(&ret[i]);
        ret[i].channel = ESEP__V1__CHANNEL__CHANNEL_MAIL;
        ret[i].address = address;
        ret[i].language = language;
    }
    return max < 2 ? max : 2;
}

static void alerts(struct story *s, struct fuzz_input in)
{
    esep_time next = 0;
    (void)in;
    const enum esep_status status =
        views_alerts(s->views, s->now, two_targets, NULL, log_alert, s, &next);
    FUZZ_CHECK(status == ESEP_OK || status == ESEP_LIMIT);
    if (status != ESEP_OK)
        return;
    /* Once said, they are said. */
    const size_t before = s->count;
    FUZZ_CHECK(views_alerts(s->views, s->now, two_targets, NULL, log_alert, s, &next) == ESEP_OK);
    FUZZ_CHECK(s->count == before);
    FUZZ_CHECK(next > s->now);
}

static void delivery(struct story *s, struct fuzz_input in)
{
    Esep__V1__Delivery m = ESEP__V1__DELIVERY__INIT;
    m.alert_index = fuzz_number(&in);
    m.target = (uint32_t)fuzz_number(&in);
    m.delivered = fuzz_byte(&in) & 1;
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_DELIVERY, &m.base);
}

static void key_change(struct story *s, struct fuzz_input in)
{
    static const uint8_t code[ESEP_HASH_BYTES] = {0xc0, 0xde};
    uint8_t key[ESEP_KEY_BYTES] = {0};
    char body[32];
    Esep__V1__KeyChange m = ESEP__V1__KEY_CHANGE__INIT;
    const uint8_t how = fuzz_byte(&in);
    m.office = (uint32_t)fuzz_number(&in);
    m.state = (Esep__V1__OfficeState)(how & 7);
    key[0] = fuzz_byte(&in);
    m.sign_key = m.curve_key = esep_pb(key, sizeof key);
    m.body = (char *)(uintptr_t)fuzz_text(&in, body, sizeof body);
    if (how & 8)
        m.code_hash = esep_pb(code, sizeof code);
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_KEY, &m.base);
}

static void clock_moves(struct story *s, struct fuzz_input in)
{
    const uint8_t how = fuzz_byte(&in);
    const esep_time by = (esep_time)fuzz_byte(&in) * (how & 1 ? ESEP_HOUR : 5 * ESEP_DAY);
    s->now += how & 2 ? -by : by;
    if (s->now < 0)
        s->now = 0;
}

static void flush(struct story *s, struct fuzz_input in)
{
    (void)in;
    story_flush(s);
}

/* how: role 7, state 24 (of two bits), a substitute 32, a body 64. */
static void account(struct story *s, struct fuzz_input in)
{
    char name[80], other[80], display[160], body[40];
    Esep__V1__Account m = ESEP__V1__ACCOUNT__INIT;
    const uint8_t how = fuzz_byte(&in);
    m.role = (Esep__V1__AccountRole)(how & 7);
    m.state = (Esep__V1__AccountState)(how >> 3 & 3);
    m.name = (char *)(uintptr_t)fuzz_text(&in, name, sizeof name);
    m.display = (char *)(uintptr_t)fuzz_text(&in, display, sizeof display);
    if (how & 32) {
        m.substitute_for = (char *)(uintptr_t)fuzz_text(&in, other, sizeof other);
        m.from_day = (int32_t)fuzz_number(&in);
        m.until_day = (int32_t)fuzz_number(&in);
    }
    if (how & 64)
        m.body = (char *)(uintptr_t)fuzz_text(&in, body, sizeof body);
    (void)!story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_ACCOUNT, &m.base);
}

/* Append only: a seed's byte is 16 and a place in this list. */
static void (*const events[])(struct story *, struct fuzz_input) = {
    report,
    withdrawal,
    commitment,
    review,
    secretariat,
    plan,
    alerts,
    delivery,
    key_change,
    clock_moves,
    flush,
    late_report,
    account,
    log_own_typed,
    log_own_code,
    log_own_sign_of_life,
    log_own_rights,
    log_own_keys_asked,
    log_own_credential,
    log_own_evidence,
    log_own_generation,
    log_own_log_key,
};
#define EVENTS (sizeof events / sizeof events[0])

/* For the corpus, whose inputs are all of one process; no input hangs on it. */
static bool brought[ESEP_LEAF_TYPE_LAST + 1];

bool fuzz_corpus_whole(void)
{
    const ProtobufCEnumDescriptor *types = &esep__v1__log_type__descriptor;
    bool whole = true;
    for (unsigned i = 0; i < types->n_values; i++) {
        const int type = types->values[i].value;
        const bool there = type <= ESEP_LEAF_TYPE_LAST && brought[type];
        if (type != ESEP__V1__LOG_TYPE__LOG_TYPE_UNSPECIFIED && !there) {
            (void)fprintf(stderr, "no input brings a %s into the log\n", types->values[i].name);
            whole = false;
        }
    }
    return whole;
}

static void see_types(const struct story *s)
{
    struct esep_leaf leaf;
    for (size_t i = 0; i < s->count; i++) {
        FUZZ_CHECK(esep_leaf_unpack(esep_slice(s->entries[i].leaf, ESEP_LEAF_BYTES), &leaf) ==
                       ESEP_OK &&
                   leaf.type <= ESEP_LEAF_TYPE_LAST);
        brought[leaf.type] = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct esep_slice bytes;
    uint8_t kind;
    story_start(&story);
    story_open(&story);
    next_seq[1] = next_seq[2] = 0;
    while (story.count < STORY_ENTRIES_MAX - 64 && fuzz_record(&in, &kind, &bytes)) {
        if (kind == 0)
            raw(&story, fuzz_input(bytes));
        else if (kind < 16)
            typed(&story, kind, bytes);
        else
            events[(kind - 16) % EVENTS](&story, fuzz_input(bytes));
    }
    story_flush(&story);
    story_ask(story.views);
    story_check_replay(&story);
    struct views *loaded = story_load(&story);
    FUZZ_CHECK(loaded != NULL);
    story_ask(loaded);
    FUZZ_CHECK(views_log_size(loaded) == story.count);
    views_free(loaded);
    see_types(&story);
    story_end(&story);
    return 0;
}
