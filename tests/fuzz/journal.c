/* tests/fuzz/journal.c - an office's journal as read back from a damaged disk, and what commands
 * print of it.
 *
 * A good journal is made once; the first byte says which command prints it. Each input puts the
 * rows back and damages them: bytes changed, rows cut, gone, under other keys, mailbox items of any
 * content. What puts them back keeps its environment open, for making one costs LMDB megabytes; it
 * takes no part in LMDB's locks, and so does not disturb those who open the journal to read.
 * Properties: every reader says a status and a reason; what journal_load takes, a core starts from
 * or refuses; `duties`, `mail` and `status` end, and what they print with --json is JSON with all
 * its members, whatever texts stand in it.
 */
#include "agent/commands.h"
#include "agent/journal_internal.h"
#include "fuzz_file.h"
#include "io/keyfile.h"
#include "story.h"
#include "wire/unpack.h"

#include <jansson.h>

#define ROWS_MAX 64
#define DBS 6

struct row {
    size_t db;
    uint8_t key[256];
    size_t key_len;
    uint8_t value[4096];
    size_t value_len;
};
static struct row good[ROWS_MAX], rows[ROWS_MAX + 8];
static size_t good_count, row_count;
static char config_path[256], journal_path[256];
static struct esep_sign_key log_key, sign_key;
static struct esep_hash report_hash; /* of the entries in it */
static MDB_env *disk;                /* of the journal */
static MDB_dbi disk_dbs[DBS];

#define MAP_BYTES ((size_t)1 << 24)

static void open_journal(struct journal *j, bool create)
{
    const struct journal_options options = {
        .path = journal_path, .map_bytes = MAP_BYTES, .create = create, .read_only = !create};
    FUZZ_CHECK(journal_open(j, &options, NULL) == ESEP_OK);
}

static void open_disk(void)
{
    static const char *const names[DBS] = {"entries", "signed", "receipts",
                                           "mail",    "drafts", "state"};
    MDB_txn *txn = NULL;
    FUZZ_CHECK(mdb_env_create(&disk) == 0 && mdb_env_set_mapsize(disk, MAP_BYTES) == 0 &&
               mdb_env_set_maxdbs(disk, DBS) == 0);
    FUZZ_CHECK(mdb_env_open(disk, journal_path, MDB_NOLOCK | MDB_NOSYNC, 0600) == 0);
    FUZZ_CHECK(mdb_txn_begin(disk, NULL, 0, &txn) == 0);
    for (size_t db = 0; db < DBS; db++)
        FUZZ_CHECK(mdb_dbi_open(txn, names[db], 0, &disk_dbs[db]) == 0);
    FUZZ_CHECK(mdb_txn_commit(txn) == 0);
}

static void dump(void)
{
    MDB_txn *txn = NULL;
    FUZZ_CHECK(mdb_txn_begin(disk, NULL, MDB_RDONLY, &txn) == 0);
    for (size_t db = 0; db < DBS; db++) {
        MDB_cursor *cursor = NULL;
        MDB_val key, value;
        FUZZ_CHECK(mdb_cursor_open(txn, disk_dbs[db], &cursor) == 0);
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
            struct row *row = &good[good_count++];
            FUZZ_CHECK(good_count <= ROWS_MAX && key.mv_size <= sizeof row->key &&
                       value.mv_size <= sizeof row->value);
            row->db = db;
            row->key_len = key.mv_size;
            row->value_len = value.mv_size;
            memcpy(row->key, key.mv_data, key.mv_size);
            memcpy(row->value, value.mv_data, value.mv_size);
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
}

static void put_back(void)
{
    MDB_txn *txn = NULL;
    FUZZ_CHECK(mdb_txn_begin(disk, NULL, 0, &txn) == 0);
    for (size_t db = 0; db < DBS; db++)
        FUZZ_CHECK(mdb_drop(txn, disk_dbs[db], 0) == 0);
    for (size_t i = 0; i < row_count; i++) {
        MDB_val key = {rows[i].key_len, rows[i].key};
        MDB_val value = {rows[i].value_len, rows[i].value};
        if (rows[i].key_len > 0)
            FUZZ_CHECK(mdb_put(txn, disk_dbs[rows[i].db], &key, &value, 0) == 0);
    }
    FUZZ_CHECK(mdb_txn_commit(txn) == 0);
}

/* The mailbox: a plan, a return with a reason, an extension, a control, an alert, another office's
 * report that conflicts. */
static size_t make_mail(struct agent_mail mails[8], uint8_t bytes[8][2048])
{
    char key[] = "p/fulfilment/1/moh/2013-01-01..2013-06-30", code[] = "incomplete";
    char comment[] = "Толықтырыңыз. Дополните.", actor[] = "хатшылық", moh[] = "moh", p[] = "p";
    const struct esep_slice plan = story_plan(1);
    Esep__V1__PlanChange change = ESEP__V1__PLAN_CHANGE__INIT;
    Esep__V1__Review review = ESEP__V1__REVIEW__INIT;
    Esep__V1__Extension extension = ESEP__V1__EXTENSION__INIT;
    Esep__V1__Control control = ESEP__V1__CONTROL__INIT;
    Esep__V1__Alert alert = ESEP__V1__ALERT__INIT;
    change.plan = esep_pb(plan.data, plan.len);
    review.obligation = extension.obligation = control.obligation = key;
    review.report_index = 6;
    review.report = esep_pb(report_hash.bytes, ESEP_HASH_BYTES);
    review.reason_code = code;
    review.comment = extension.reason = control.reason = comment;
    review.again_by_day = extension.until_day = 15900;
    review.actor = actor;
    extension.granted = true;
    alert.plan = p;
    alert.body = moh;
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    report.obligation = key;
    const struct {
        uint32_t type;
        const ProtobufCMessage *message;
        uint32_t verdict, office;
    } items[] = {
        {ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN, &change.base, 0, 0},
        {ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW, &review.base, 0, 0},
        {ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION, &extension.base, 0, 0},
        {ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL, &control.base, 0, 0},
        {ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT, &alert.base, 0, 0},
        {ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY, &entry.base, ESEP__V1__VERDICT__VERDICT_CONFLICT, 8},
    };
    const size_t count = sizeof items / sizeof items[0];
    for (size_t i = 0; i < count; i++)
        mails[i] = (struct agent_mail){
            .number = i + 1,
            .log_index = 10 + i,
            .type = items[i].type,
            .verdict = items[i].verdict,
            .office = items[i].office,
            .accepted_at = STORY_DAY0,
            .bytes = esep_slice(bytes[i], protobuf_c_message_pack(items[i].message, bytes[i]))};
    return count;
}

static void append(struct journal *j, struct agent_head *head)
{
    uint8_t nonce[16] = {1};
    char key[] = "p/fulfilment/1/moh/2013-01-01..2013-06-30";
    struct esep_buf packed;
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report r = ESEP__V1__REPORT__INIT;
    entry.nonce = esep_pb(nonce, sizeof nonce);
    entry.written_at_us = STORY_DAY0;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &r;
    r.obligation = key;
    r.revision = 1;
    r.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_PARTLY;
    esep_buf_init(&packed, 65536);
    FUZZ_CHECK(agent_entry_pack(&entry, &packed, NULL) == ESEP_OK);
    report_hash = esep_content_hash(esep_buf_slice(&packed));
    const struct esep_slice entries[] = {esep_buf_slice(&packed), esep_buf_slice(&packed)};
    FUZZ_CHECK(journal_append(j, &sign_key, entries, 2, STORY_DAY0, head, NULL) == ESEP_OK);
    FUZZ_CHECK(journal_draft_put(j, key, esep_slice(NULL, 0), NULL) == ESEP_OK);
    esep_buf_done(&packed);
}

static void make_good(void)
{
    static uint8_t bytes[8][2048];
    struct journal j;
    struct agent_head head;
    struct agent_mail mails[8];
    struct journal_identity identity = {.log_id = {{0xa1}}, .office = 7, .body = "moh"};
    struct agent_view view = {.server_time = STORY_DAY0, .epoch = 1, .seq = 2, .body = "moh"};
    struct esep_receipt receipts[2] = {{.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT},
                                       {.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES}};
    memcpy(identity.sign_public, sign_key.public, ESEP_KEY_BYTES);
    open_journal(&j, true);
    FUZZ_CHECK(journal_enrol(&j, &identity, NULL) == ESEP_OK);
    append(&j, &head);
    for (size_t i = 0; i < 2; i++) {
        struct esep_receipt *r = &receipts[i];
        r->office = 7;
        r->epoch = 1;
        r->first_seq = 1;
        r->through_seq = 2;
        r->head = head.hash;
        r->first_index = 5;
        r->last_index = 6;
        r->accepted_at = STORY_DAY0 + ESEP_HOUR;
    }
    const size_t mail_count = make_mail(mails, bytes);
    const struct agent_store store = {.receipts = receipts,
                                      .receipt_count = 2,
                                      .receipted_seq = 2,
                                      .promised_seq = 2,
                                      .mails = mails,
                                      .mail_count = mail_count,
                                      .mail_through = mail_count,
                                      .view = &view};
    FUZZ_CHECK(journal_store(&j, 1, &store, NULL) == ESEP_OK);
    journal_close(&j);
    open_disk();
    dump();
}

static void set_up(void)
{
    uint8_t seed[32] = {1};
    char text[1024], hex[65], log_id[65] = "a1", keys[65];
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    esep_sign_key_from_seed(&log_key, seed);
    seed[0] = 2;
    esep_sign_key_from_seed(&sign_key, seed);
    fuzz_path("journal", journal_path);
    memset(log_id + 2, '0', 62);
    esep_hex(log_key.public, 32, hex);
    esep_hex(seed, 32, keys);
    (void)snprintf(text, sizeof text,
                   "journal: journal\nkeys: keys\nlog_id: %s\nlog_key: %s\nseal_key: %s\n"
                   "brokers:\n  - {address: 'tcp://127.0.0.1:9', key: %s}\n",
                   log_id, hex, hex, hex);
    fuzz_file("agent.yaml", esep_slice_str(text), config_path);
    (void)snprintf(text, sizeof text, "sign %s\ncurve %s\n", keys, keys);
    fuzz_file("keys", esep_slice_str(text), text + 512);
    make_good();
}

static void damage(struct fuzz_input *in)
{
    const uint8_t how = fuzz_byte(in);
    struct row *row = &rows[fuzz_byte(in) % row_count];
    const size_t place = (size_t)fuzz_be(in, 2);
    const uint8_t by = fuzz_byte(in);
    switch (how & 7) {
    case 0:
    case 1:
        if (row->value_len > 0)
            row->value[place % row->value_len] ^= (uint8_t)(1u << (by & 7));
        break;
    case 2:
        row->value_len = place < row->value_len ? place : row->value_len;
        break;
    case 3:
        row->key[place % row->key_len] = by;
        break;
    case 4:
        if (row_count > 1)
            *row = rows[--row_count];
        break;
    case 5: { /* a field at once */
        const struct esep_slice bytes = fuzz_bytes(in, 8);
        if (bytes.len > 0 && place + bytes.len <= row->value_len)
            memcpy(row->value + place, bytes.data, bytes.len);
        break;
    }
    default: { /* what stands behind the head of a row, as mail has one */
        const struct esep_slice bytes = fuzz_bytes(in, place & 1023);
        const size_t head = how & 128 ? 32 : 36;
        if (row->value_len < head || bytes.len == 0)
            break;
        memcpy(row->value + head, bytes.data, bytes.len);
        row->value_len = head + bytes.len;
        break;
    }
    }
}

static bool each_entry(void *context, const struct agent_entry *entry)
{
    (void)context;
    return entry->bytes.len < 65536;
}

static bool each_walked(void *context, uint32_t epoch, const struct agent_entry *entry)
{
    (void)context;
    (void)epoch;
    return entry->bytes.len < 65536;
}

static bool each_receipt(void *context, const struct esep_receipt *receipt)
{
    (void)context;
    struct agent_proof proof;
    (void)!journal_proof(context, receipt, &proof, NULL);
    return true;
}

static bool each_mail(void *context, const struct agent_mail *mail)
{
    (void)context;
    return mail->bytes.len < 65536;
}

static void read_all(void)
{
    struct journal j;
    struct agent_journal loaded;
    struct agent_head head;
    struct agent_view view;
    struct journal_identity identity;
    struct esep_receipt receipt;
    struct esep_reason reason = {""};
    struct agent *core = NULL;
    open_journal(&j, false);
    if (journal_load(&j, &loaded, &reason) == ESEP_OK) {
        const struct agent_config config = {.office = 7, .broker_count = 1, .sign_key = sign_key};
        const enum esep_status status = agent_new(&core, &config, &loaded, STORY_DAY0, &reason);
        FUZZ_CHECK(status == ESEP_OK || status == ESEP_CORRUPT);
        agent_free(core);
    } else {
        FUZZ_CHECK(reason.text[0] != '\0');
    }
    (void)!journal_head(&j, &head, &reason);
    if (journal_view(&j, &view, &reason) == ESEP_OK)
        FUZZ_CHECK(memchr(view.body, '\0', sizeof view.body) != NULL);
    if (journal_identity(&j, &identity, &reason) == ESEP_OK)
        FUZZ_CHECK(memchr(identity.body, '\0', sizeof identity.body) != NULL);
    (void)!journal_entries(&j, 0, 1, each_entry, NULL, &reason);
    (void)!journal_walk(&j, each_walked, NULL, &reason);
    (void)!journal_receipts(&j, each_receipt, &j, &reason);
    (void)!journal_receipt(&j, 1, 1, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES, &receipt,
                           &reason);
    (void)!journal_mail(&j, 0, each_mail, NULL, &reason);
    journal_close(&j);
}

/* What the command printed, where it said that all was well. */
static json_t *command(int (*run)(int, char **), char *word)
{
    char name[] = "fuzz", c[] = "--config", json[] = "--json";
    char *argv[] = {name, c, config_path, json, word, NULL};
    char *printed = NULL;
    size_t len = 0;
    FILE *kept = stdout;
    stdout = open_memstream(&printed, &len);
    FUZZ_CHECK(stdout != NULL);
    const int rc = run(word != NULL ? 5 : 4, argv);

    FUZZ_CHECK(fclose(stdout) == 0);
    stdout = kept;
    json_t *value = rc == 0 ? json_loadb(printed, len, 0, NULL) : NULL;
    FUZZ_CHECK(rc != 0 || value != NULL);
    free(printed);
    return value;
}

static void check_duties(void)
{
    static const char *const members[] = {"key",          "due",           "submission",
                                          "timeliness",   "return_reason", "return_comment",
                                          "content_hash", "conflicts_with"};
    char all[] = "--all";
    json_t *list = command(agent_cmd_duties, all);
    size_t i;
    json_t *duty;
    json_array_foreach(json_object_get(list, "duties"), i, duty)
    {
        for (size_t m = 0; m < sizeof members / sizeof members[0]; m++)
            FUZZ_CHECK(json_object_get(duty, members[m]) != NULL);
    }
    json_decref(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    fuzz_hush();
    if (good_count == 0)
        set_up();
    memcpy(rows, good, sizeof good);
    row_count = good_count;
    const uint8_t which = fuzz_byte(&in) & 3;
    for (int i = 0; i < 16 && in.left > 0; i++)
        damage(&in);
    put_back();
    read_all();
    if (which == 0)
        check_duties();
    else if (which < 3)
        json_decref(command(which == 1 ? agent_cmd_mail : agent_cmd_status, NULL));
    return 0;
}
