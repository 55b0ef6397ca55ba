/* tests/fuzz/rows.c - rows of the views as read back from a damaged disk.
 *
 * A story is told once; its rows are the good ones. The input damages them: bytes changed, values
 * cut or replaced, rows gone, doubled, put under other keys. Properties: loading says ESEP_CORRUPT
 * or takes them; what was taken can be asked about, and goes on with more entries, without a crash.
 */
#include "esep/v1/report.pb-c.h"
#include "story.h"
#include "wire/statement.h"
#include "wire/unpack.h"

static struct story good;
static struct story bad; /* its rows are copies; it has no views of its own */

/* What others call the newest entry. */
static struct esep_hash last_content(const struct story *s)
{
    return esep_content_hash(s->entries[s->count - 1].body);
}

static void tell_report(struct story *s, uint32_t office, uint64_t seq, const char *key)
{
    uint8_t nonce[16] = {(uint8_t)seq};
    uint8_t body[512];
    uint8_t packed[ESEP_LEAF_BYTES];
    char obligation[ESEP_OBLIGATION_KEY_MAX];
    struct esep_hash absent = esep_sha256(esep_slice(nonce, sizeof nonce));
    struct esep_hash before = last_content(s);
    ProtobufCBinaryData settles = esep_pb(absent.bytes, sizeof absent.bytes);
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report r = ESEP__V1__REPORT__INIT;
    (void)snprintf(obligation, sizeof obligation, "%s", key);
    entry.nonce = esep_pb(nonce, sizeof nonce);
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &r;
    r.obligation = obligation;
    r.revision = 1;
    r.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED;
    r.builds_on = esep_pb(before.bytes, sizeof before.bytes);
    r.settles = &settles; /* so that the rows have links to what is here and to what is not */
    r.n_settles = 1;
    const struct esep_slice bytes = esep_slice(body, protobuf_c_message_pack(&entry.base, body));
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY,
                                   .verdict = views_judge(s->views, office, s->now, bytes, &entry),
                                   .office = office,
                                   .accepted_at = s->now,
                                   .epoch = 1,
                                   .seq = seq,
                                   .content = esep_content_hash(bytes)};
    esep_leaf_pack(&leaf, packed);
    FUZZ_CHECK(story_take(s, packed, bytes) == ESEP_OK);
}

static void tell_promise(struct story *s, uint32_t office, uint64_t seq)
{
    uint8_t packed[ESEP_LEAF_BYTES];
    uint8_t body[ESEP_SIGNED_COMMITMENT_BYTES];
    const struct esep_hash log_id = {{0}};
    struct esep_commitment c = {.office = office, .epoch = 1, .seq = seq, .head = {{9}}};
    esep_commitment_pack(&log_id, &c, body);
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT,
                                   .office = office,
                                   .accepted_at = s->now,
                                   .epoch = 1,
                                   .seq = seq,
                                   .content = esep_content_hash(esep_slice(body, sizeof body)),
                                   .head = c.head};
    esep_leaf_pack(&leaf, packed);
    FUZZ_CHECK(story_take(s, packed, esep_slice(body, sizeof body)) == ESEP_OK);
}

static enum esep_status log_alert(void *context, struct esep_slice body)
{
    struct story *s = context;
    uint8_t packed[ESEP_LEAF_BYTES];
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT,
                                   .accepted_at = s->now,
                                   .content = esep_content_hash(body)};
    esep_leaf_pack(&leaf, packed);
    return story_take(s, packed, body);
}

static size_t a_target(void *context, const char *plan, const char *body, enum views_audience whom,
                       Esep__V1__Target *ret, size_t max)
{
    static char address[] = "a@b", language[] = "en";
    (void)context;
    (void)plan;
    (void)body;
    (void)whom;
    esep__v1__target__init(ret);
    ret->channel = ESEP__V1__CHANNEL__CHANNEL_MAIL;
    ret->address = address;
    ret->language = language;
    return max > 0 ? 1 : 0;
}

/* The nth obligation that office 1's body owes. */
static const char *owed(const struct story *s, uint32_t n)
{
    for (uint32_t i = 0; i < views_obligation_count(s->views); i++) {
        const struct views_obligation *o = views_obligation(s->views, i);
        if (strcmp(views_owner(s->views, o, s->now), "moh") == 0 && n-- == 0)
            return o->made.key;
    }
    FUZZ_CHECK(false);
    return "";
}

static void tell_accounts(struct story *s)
{
    static char berik[] = "berik", aigul[] = "aigul", body[] = "moh";
    Esep__V1__Account m = ESEP__V1__ACCOUNT__INIT;
    m.name = berik;
    m.role = ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_SECRETARY;
    m.state = ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE;
    FUZZ_CHECK(story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_ACCOUNT, &m.base) == ESEP_OK);
    m.name = m.display = aigul;
    m.body = body;
    m.substitute_for = berik;
    m.from_day = 15700;
    m.until_day = 15710;
    FUZZ_CHECK(story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_ACCOUNT, &m.base) == ESEP_OK);
}

static void tell(struct story *s)
{
    Esep__V1__Review review = ESEP__V1__REVIEW__INIT;
    char key[ESEP_OBLIGATION_KEY_MAX];
    esep_time next = 0;
    story_start(s);
    story_open(s);
    (void)snprintf(key, sizeof key, "%s", owed(s, 0));
    tell_promise(s, 1, 3);
    tell_promise(s, 2, 2);
    for (uint32_t i = 0; i < 3; i++) /* the first and third of one duty, the second another's */
        tell_report(s, 1, i + 1, i == 1 ? owed(s, 1) : key);
    struct esep_hash content = last_content(s);
    review.report_index = s->count - 1;
    review.report = esep_pb(content.bytes, sizeof content.bytes);
    review.obligation = key;
    review.again_by_day = 15720;
    FUZZ_CHECK(story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW, &review.base) == ESEP_OK);
    tell_accounts(s);
    s->now += 400 * ESEP_DAY;
    FUZZ_CHECK(views_alerts(s->views, s->now, a_target, NULL, log_alert, s, &next) == ESEP_OK);
    story_flush(s);
}

static void copy_rows(void)
{
    static uint8_t values[STORY_ROWS_MAX][1024];
    bad.row_count = good.row_count;
    for (size_t i = 0; i < good.row_count; i++) {
        const struct story_row *from = &good.rows[i];
        FUZZ_CHECK(from->value_len <= sizeof values[i]);
        bad.rows[i] = *from;
        bad.rows[i].value = values[i];
        memcpy(values[i], from->value, from->value_len);
    }
    bad.count = good.count;
    memcpy(bad.entries, good.entries, good.count * sizeof *good.entries);
}

static void damage(struct fuzz_input *in)
{
    const uint8_t how = fuzz_byte(in);
    if (bad.row_count == 0)
        return;
    struct story_row *row = &bad.rows[fuzz_byte(in) % bad.row_count];
    const size_t place = fuzz_byte(in) + ((size_t)how >> 4 & 3) * 256;
    const uint8_t by = fuzz_byte(in);
    switch (how % 8) {
    case 0: /* a flipped bit, as disks do */
    case 1:
        if (row->value_len > 0)
            row->value[place % row->value_len] ^= (uint8_t)(how & 8 ? by : 1u << (by & 7));
        break;
    case 2:
        if (row->value_len > 0)
            row->value[place % row->value_len] = by;
        break;
    case 3:
        row->value_len = place < row->value_len ? place : row->value_len;
        break;
    case 4:
        row->key[place % row->key_len] = by;
        break;
    case 5:
        *row = bad.rows[--bad.row_count];
        break;
    case 6: { /* four or eight bytes of a field at once */
        const struct esep_slice bytes = fuzz_bytes(in, 8);
        if (place + bytes.len <= row->value_len && bytes.len > 0)
            memcpy(row->value + place, bytes.data, bytes.len);
        break;
    }
    default:
        if (bad.row_count < good.row_count + 8)
            bad.rows[bad.row_count++] = *row;
        break;
    }
}

/* A few entries more, on views that were taken from such rows. */
static void go_on(struct views *views)
{
    for (size_t i = 0; i < good.count; i++) {
        struct esep_reason reason;
        struct esep_leaf leaf;
        (void)!esep_leaf_unpack(esep_slice(good.entries[i].leaf, ESEP_LEAF_BYTES), &leaf);
        if (leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS)
            continue;
        leaf.seq += 3;
        uint8_t packed[ESEP_LEAF_BYTES];
        esep_leaf_pack(&leaf, packed);
        (void)!views_apply(views, views_log_size(views), esep_slice(packed, sizeof packed),
                           good.entries[i].body, NULL, &reason);
    }
}

static enum esep_status drop_row(void *context, struct esep_slice key, struct esep_slice value)
{
    (void)context;
    FUZZ_CHECK(key.len > 0 && (value.len == 0 || value.data != NULL));
    return ESEP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    if (good.views == NULL)
        tell(&good);
    copy_rows();
    while (in.left > 0)
        damage(&in);
    for (size_t i = 0; i < bad.row_count; i++) {
        struct views_report report;
        if (views_report_read(esep_slice(bad.rows[i].key, bad.rows[i].key_len),
                              esep_slice(bad.rows[i].value, bad.rows[i].value_len),
                              &report) == ESEP_OK)
            FUZZ_CHECK(esep_fulfilment_name(report.fulfilment) != NULL);
    }
    struct views *views = story_load(&bad);
    if (views == NULL)
        return 0;
    story_ask(views);
    go_on(views);
    story_ask(views);
    (void)!views_flush(views, drop_row, NULL);
    views_free(views);
    return 0;
}
