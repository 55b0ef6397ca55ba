/* tests/verify/make_receipts.c - receipts, genuine and forged, for the two verifiers.
 *
 *   make_receipts FOLDER SEED GENUINE
 *
 * Each case is a log of its own: some entries of others, one that is the case's, a signed
 * checkpoint with or without witnesses, made by the code that the collector and the agent use
 * (lib/wire, lib/base). The forged ones are what a dishonest collector or office could make, who
 * has keys: all signatures hold but one thing is wrong. FOLDER/list has a line for each case, as
 * esep-verify
 * --batch reads them; FOLDER/expected the same number of lines: exit, verdict, step, kind, clock,
 * office, report_seq. What is expected is known from how the case was made, not from checking it.
 */
#include "wire/leaf.h"
#include "wire/proof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LOG_NAME "esep.log/1010101010101010101010101010101010101010101010101010101010101010"
#define WITNESSES 4
#define SIZE_MAX_LEAVES 1100
#define DUE_S 1358704799 /* 2013-01-20T23:59:59+06:00 */
#define DUE_TEXT "2013-01-20T23:59:59+06:00"

enum forgery {
    GENUINE,
    LEAF_VERSION,
    LEAF_TYPE,
    LEAF_FLAGS,
    LEAF_VERDICT,
    LEAF_NO_OFFICE,
    LEAF_ZERO_SET,
    LEAF_HOUR,
    TREE_INDEX,
    TREE_SIZE,
    SAID_TAG,
    SAID_LOG,
    SAID_OFFICE,
    SAID_EPOCH,
    SAID_SEQ,
    SAID_HEAD,
    LEAF_CONTENT,
    LEAF_SIGNATURE,
    LEAF_KEY,
    CHAIN_BEFORE,
    CHAIN_AFTER,
    CHAIN_REPORT,
    CHAIN_COUNT,
    LOG_ORIGIN,
    LOG_KEY,
    LOG_UNSIGNED,
    WITNESS_BAD,
    WITNESS_QUORUM,
    OFFICE_UNSIGNED,
    OFFICE_OTHER,
    FILE_BYTES,
    FILE_SIZE,
    FILE_OFFICE,
    FILE_NONCE,
    FILE_EPOCH,
    FILE_SEQ,
    FILE_HEAD,
    FILE_SIGNED,
    ASKED_FOR_FILE,
    ASKED_FOR_REPORT,
    FORGERIES,
};
static const int steps[FORGERIES] = {
    [LEAF_VERSION] = 4,   [LEAF_TYPE] = 4,      [LEAF_FLAGS] = 4,      [LEAF_VERDICT] = 4,
    [LEAF_NO_OFFICE] = 4, [LEAF_ZERO_SET] = 4,  [LEAF_HOUR] = 4,       [TREE_INDEX] = 5,
    [TREE_SIZE] = 5,      [SAID_TAG] = 6,       [SAID_LOG] = 6,        [SAID_OFFICE] = 6,
    [SAID_EPOCH] = 6,     [SAID_SEQ] = 6,       [SAID_HEAD] = 6,       [LEAF_CONTENT] = 6,
    [LEAF_SIGNATURE] = 6, [LEAF_KEY] = 6,       [CHAIN_BEFORE] = 7,    [CHAIN_AFTER] = 7,
    [CHAIN_REPORT] = 7,   [CHAIN_COUNT] = 7,    [LOG_ORIGIN] = 8,      [LOG_KEY] = 8,
    [LOG_UNSIGNED] = 8,   [WITNESS_BAD] = 9,    [WITNESS_QUORUM] = 9,  [OFFICE_UNSIGNED] = 10,
    [OFFICE_OTHER] = 10,  [FILE_BYTES] = 7,     [FILE_SIZE] = 7,       [FILE_OFFICE] = 7,
    [FILE_NONCE] = 7,     [FILE_EPOCH] = 4,     [FILE_SEQ] = 4,        [FILE_HEAD] = 4,
    [FILE_SIGNED] = 4,    [ASKED_FOR_FILE] = 4, [ASKED_FOR_REPORT] = 4};

enum hours { NO_DUE, STRONG, EDGE_STRONG, EDGE_WEAK, WEAK, LATE, HOURS };

struct made {
    enum forgery forgery;
    enum hours hours;
    bool is_file;
    bool is_promise;
    uint64_t size;
    uint64_t index;
    size_t after_count;
    unsigned witnesses; /* that signed, of WITNESSES */
    unsigned quorum;
    bool names_office_key;
    /* made from these: */
    struct esep_proof_report report;
    struct esep_leaf leaf;
    uint64_t seq;
    uint8_t nonce[ESEP_NONCE_BYTES]; /* of a file */
    uint8_t bytes[400];
    size_t bytes_len;
    struct esep_sign_key office;
};

static struct esep_prng prng;
static struct esep_hash leaves[SIZE_MAX_LEAVES];
static struct esep_hash after[ESEP_PROOF_AFTER_MAX];
static FILE *list;
static FILE *expected;
static const char *folder;

static uint64_t below(uint64_t bound)
{
    return esep_prng_below(&prng, bound);
}

static void draw(void *out, size_t len)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)below(256);
}

static struct esep_sign_key secret(uint8_t which)
{
    uint8_t seed[32];
    struct esep_sign_key key;
    memset(seed, which, sizeof seed);
    esep_sign_key_from_seed(&key, seed);
    return key;
}

/* When the leaf was accepted and the n-th witness signed: before, on, or after the deadline. */
static esep_time accepted_at(enum hours hours)
{
    switch (hours) {
    case LATE:
        return DUE_S * ESEP_SECOND + 1 + (esep_time)below(1000000);
    case EDGE_STRONG: /* the collector's clock is ahead: the witness's alone is before */
        return (DUE_S + 30) * ESEP_SECOND;
    case EDGE_WEAK:
        return DUE_S * ESEP_SECOND;
    case NO_DUE:
    case STRONG:
    case WEAK:
    case HOURS:
    default:
        return (DUE_S - 3600 - (esep_time)below(1000)) * ESEP_SECOND + (esep_time)below(1000000);
    }
}

static int64_t witnessed_at(enum hours hours, unsigned witness)
{
    switch (hours) {
    case LATE:
    case WEAK:
        return DUE_S + 1 + (int64_t)witness;
    case EDGE_STRONG:
        return DUE_S - 1; /* its last microsecond is before 23:59:59.000000 */
    case EDGE_WEAK:
        return DUE_S; /* the second has not ended */
    case NO_DUE:
    case STRONG:
    case HOURS:
    default:
        return DUE_S - 600 + (int64_t)witness;
    }
}

static bool node_of_leaves(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    (void)context;
    if (place.level == 0) {
        *ret = leaves[place.index];
        return true;
    }
    struct esep_hash left;
    struct esep_hash right;
    struct esep_merkle_place below_it = {place.level - 1, 2 * place.index};
    (void)node_of_leaves(NULL, below_it, &left);
    below_it.index++;
    (void)node_of_leaves(NULL, below_it, &right);
    *ret = esep_merkle_node(&left, &right);
    return true;
}

/* What the office signed, and the leaf that the log made of it; `forgery` changes one thing before
 * everything behind it is made. */
static void make_report(struct made *m)
{
    struct esep_hash log_id;
    struct esep_commitment said = {.office = (uint32_t)(1 + below(200)),
                                   .epoch = (uint32_t)(1 + below(3)),
                                   .office_clock = DUE_S * ESEP_SECOND - 5000000};
    m->seq = m->after_count + 1 + below(5000);
    memset(&log_id, 0x10, sizeof log_id);
    if (m->forgery == SAID_LOG)
        log_id.bytes[below(32)] ^= 8;
    m->bytes_len = 1 + below(sizeof m->bytes);
    draw(m->bytes, m->bytes_len);
    draw(&m->report.head_before, sizeof m->report.head_before);
    draw(after, m->after_count * sizeof *after);
    said.seq = m->seq;
    said.head = esep_chain_step(&m->report.head_before, m->seq - m->after_count,
                                esep_slice(m->bytes, m->bytes_len));
    for (size_t i = 0; i < m->after_count; i++)
        said.head = esep_chain_link(&said.head, m->seq - m->after_count + 1 + i, &after[i]);
    m->office = secret((uint8_t)(100 + below(50)));
    esep_commitment_sign(&log_id, &said, &m->office);
    if (m->forgery == OFFICE_UNSIGNED)
        said.signature[below(32)] ^= 1;
    esep_commitment_pack(&log_id, &said, m->report.statement);
    if (m->forgery == SAID_TAG) {
        m->report.statement[15] = 1;
        esep_sign(&m->office, esep_slice(m->report.statement, ESEP_COMMITMENT_BYTES),
                  m->report.statement + ESEP_COMMITMENT_BYTES);
    }
    const uint8_t *signature = m->report.statement + ESEP_COMMITMENT_BYTES;
    memcpy(m->report.key, m->office.public, sizeof m->report.key);
    m->report.after = after;
    m->report.after_count = m->after_count;
    m->leaf = (struct esep_leaf){
        .type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT,
        .flags = m->is_promise ? 0 : ESEP_LEAF_CLOSES,
        .office = said.office + (m->forgery == SAID_OFFICE),
        .accepted_at = accepted_at(m->hours),
        .epoch = said.epoch + (m->forgery == SAID_EPOCH),
        .seq = said.seq + (m->forgery == SAID_SEQ),
        .content = esep_content_hash(esep_slice(m->report.statement, sizeof m->report.statement)),
        .head = said.head,
        .signature = esep_sha256(esep_slice(signature, ESEP_SIGNATURE_BYTES)),
        .key = esep_sha256(esep_slice(m->report.key, sizeof m->report.key)),
    };
}

static void make_file(struct made *m)
{
    m->bytes_len = 1 + below(sizeof m->bytes);
    draw(m->bytes, m->bytes_len);
    draw(m->nonce, sizeof m->nonce);
    const struct esep_hash sha256 = esep_sha256(esep_slice(m->bytes, m->bytes_len));
    m->leaf = esep_leaf_of_evidence((uint32_t)(1 + below(100000)), &sha256,
                                    m->bytes_len + (m->forgery == FILE_SIZE), m->nonce,
                                    accepted_at(m->hours));
    m->leaf.epoch = m->forgery == FILE_EPOCH;
    m->leaf.seq = m->forgery == FILE_SEQ;
    if (m->forgery == FILE_OFFICE)
        m->leaf.office++;
    if (m->forgery == FILE_NONCE)
        m->nonce[below(sizeof m->nonce)] ^= 1;
    if (m->forgery == FILE_HEAD)
        m->leaf.head.bytes[below(32)] = 1;
    if (m->forgery == FILE_SIGNED)
        m->leaf.key.bytes[below(32)] = 1;
}

/* The packed leaf, changed as no code of ours would pack it. */
static void make_leaf(struct made *m)
{
    uint8_t *leaf = m->report.leaf;
    if (m->forgery == SAID_HEAD)
        m->leaf.head.bytes[31] ^= 0x80;
    esep_leaf_pack(&m->leaf, leaf);
    static const struct {
        enum forgery forgery;
        size_t at;
        uint8_t change;
    } changes[] = {
        {LEAF_VERSION, 0, 3},  {LEAF_TYPE, 1, 1},       {LEAF_FLAGS, 2, 2},
        {LEAF_VERDICT, 3, 1},  {LEAF_ZERO_SET, 23, 1},  {LEAF_HOUR, 8, 0x80},
        {LEAF_CONTENT, 40, 1}, {LEAF_SIGNATURE, 96, 4}, {LEAF_KEY, 159, 1},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (changes[i].forgery == m->forgery)
            leaf[changes[i].at] ^= changes[i].change;
    if (m->forgery == LEAF_NO_OFFICE)
        memset(leaf + 4, 0, 4);
}

/* What is wrong in the proof though all that was signed is right. */
static void spoil(struct made *m, struct esep_proof *place)
{
    if (m->forgery == TREE_INDEX)
        place->index = place->index > 0 ? place->index - 1 : m->size;
    if (m->forgery == CHAIN_BEFORE)
        m->report.head_before.bytes[below(32)] ^= 2;
    if (m->forgery == CHAIN_AFTER)
        after[below(m->after_count)].bytes[below(32)] ^= 2;
    if (m->forgery == CHAIN_REPORT || m->forgery == FILE_BYTES)
        m->bytes[below(m->bytes_len)] ^= 2;
    if (m->forgery == CHAIN_COUNT)
        m->report.after_count--;
}

static void put(struct esep_buf *out, const char *text)
{
    if (esep_buf_put(out, text, strlen(text)) != ESEP_OK)
        abort();
}

static struct esep_note_key named(const char *name, enum esep_note_algorithm algorithm,
                                  const struct esep_sign_key *key)
{
    struct esep_note_key ret;
    if (esep_note_key(&ret, name, algorithm, key->public, NULL) != ESEP_OK)
        abort();
    return ret;
}

static struct esep_note_key witness_key(unsigned i)
{
    char name[40];
    struct esep_sign_key key = secret((uint8_t)(50 + i));
    snprintf(name, sizeof name, "witness%u.example", i);
    return named(name, ESEP_NOTE_COSIGNATURE, &key);
}

static void make_note(const struct made *m, const struct esep_hash *root, struct esep_buf *out)
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    char line[ESEP_NOTE_LINE_MAX];
    uint8_t signature[ESEP_COSIGNATURE_BYTES];
    const char *origin = m->forgery == LOG_ORIGIN ? "reports.example/other" : LOG_NAME;
    struct esep_sign_key log = secret(m->forgery == LOG_KEY ? 2 : 1);
    struct esep_note_key log_key = named(origin, ESEP_NOTE_ED25519, &log);
    uint64_t size = m->size + (m->forgery == TREE_SIZE ? m->size + 1 : 0);
    (void)esep_checkpoint_text(origin, size, root, text);
    esep_sign(&log, esep_slice_str(text), signature);
    put(out, text);
    put(out, "\n");
    (void)esep_note_line(&log_key, signature, line);
    if (m->forgery != LOG_UNSIGNED)
        put(out, line);
    for (unsigned i = 0; i < m->witnesses; i++) {
        struct esep_sign_key key = secret((uint8_t)(50 + i));
        struct esep_note_key name = witness_key(i);
        if (esep_note_cosign(esep_slice_str(text), &key, witnessed_at(m->hours, i), signature) !=
            ESEP_OK)
            abort();
        if (m->forgery == WITNESS_BAD && i == 0)
            signature[7] ^= 1;
        (void)esep_note_line(&name, signature, line);
        put(out, line);
    }
    if (m->forgery == LOG_UNSIGNED || below(4) == 0) { /* somebody's whom nobody asked about */
        struct esep_sign_key key = secret(3);
        struct esep_note_key name = named("someone.example", ESEP_NOTE_ED25519, &key);
        esep_sign(&key, esep_slice_str(text), signature);
        (void)esep_note_line(&name, signature, line);
        put(out, line);
    }
}

static void store(const char *what, unsigned number, struct esep_slice bytes)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s-%u", folder, what, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.len, file) != bytes.len || fclose(file) != 0) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(74);
    }
}

static void write_line(const struct made *m, unsigned number)
{
    char vkey[ESEP_NOTE_VKEY_MAX];
    struct esep_sign_key log = secret(1);
    struct esep_note_key log_key = named(LOG_NAME, ESEP_NOTE_ED25519, &log);
    esep_note_key_format(&log_key, vkey);
    (void)fprintf(list, "--log\t%s\t--quorum\t%u\t", vkey, m->quorum);
    for (unsigned i = 0; i < WITNESSES; i++) {
        struct esep_note_key key = witness_key(i);
        esep_note_key_format(&key, vkey);
        (void)fprintf(list, "--witness\t%s\t", vkey);
    }
    if (m->hours != NO_DUE)
        (void)fprintf(list, "--due\t" DUE_TEXT "\t");
    if (m->names_office_key) {
        char hex[2 * ESEP_KEY_BYTES + 1];
        struct esep_sign_key other = secret(99);
        esep_hex(m->forgery == OFFICE_OTHER ? other.public : m->office.public, ESEP_KEY_BYTES, hex);
        (void)fprintf(list, "--office-key\t%s\t", hex);
    }
    if (m->is_file ? m->forgery != ASKED_FOR_REPORT : m->forgery == ASKED_FOR_FILE)
        (void)fprintf(list, "--file\t");
    (void)fprintf(list, "%s/proof-%u\t%s/bytes-%u\n", folder, number, folder, number);
}

static void write_expected(const struct made *m)
{
    unsigned needed = m->quorum > 1 ? m->quorum : 1;
    bool is_witnessed = m->witnesses >= needed;
    bool is_strong =
        is_witnessed && (m->hours == NO_DUE || m->hours == STRONG || m->hours == EDGE_STRONG);
    bool is_late = m->hours == LATE || (m->hours == EDGE_STRONG && !is_strong);
    if (m->forgery != GENUINE) {
        (void)fprintf(expected, "65 refused %d - - 0 0\n", steps[m->forgery]);
        return;
    }
    (void)fprintf(expected, "%d %s 0 %s %s %" PRIu32 " %" PRIu64 "\n", is_late ? 1 : 0,
                  m->hours == NO_DUE ? "proven"
                  : is_late          ? "late"
                                     : "in_time",
                  m->is_file      ? "file"
                  : m->is_promise ? "promised"
                                  : "received",
                  is_late     ? "none"
                  : is_strong ? "witness"
                              : "collector",
                  m->leaf.office, m->is_file ? 0 : m->seq - m->after_count);
}

static void make(struct made *m, unsigned number)
{
    const struct esep_merkle_source source = {node_of_leaves, NULL};
    struct esep_proof place = {.index = m->index};
    struct esep_hash root;
    struct esep_buf note;
    struct esep_buf out;
    if (m->is_file)
        make_file(m);
    else
        make_report(m);
    make_leaf(m);
    draw(leaves, m->size * sizeof *leaves);
    leaves[m->index] = esep_merkle_leaf(esep_slice(m->report.leaf, sizeof m->report.leaf));
    esep_buf_init(&note, ESEP_NOTE_BYTES_MAX);
    esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
    if (esep_merkle_root_from(&source, m->size, &root) != ESEP_OK ||
        esep_merkle_audit(&source, m->index, m->size, &place.path) != ESEP_OK)
        abort();
    make_note(m, &root, &note);
    place.note = esep_buf_slice(&note);
    spoil(m, &place);
    enum esep_status status = m->is_file
                                  ? esep_proof_write_file(&place, m->report.leaf, m->nonce, &out)
                                  : esep_proof_write_report(&place, &m->report, &out);
    if (status != ESEP_OK)
        abort();
    store("proof", number, esep_buf_slice(&out));
    store("bytes", number, esep_slice(m->bytes, m->bytes_len));
    write_line(m, number);
    write_expected(m);
    esep_buf_done(&out);
    esep_buf_done(&note);
}

static struct made drawn(void)
{
    static const uint64_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 31, 100, 257, SIZE_MAX_LEAVES};
    static const size_t counts[] = {0, 0, 0, 1, 2, 7, 40};
    struct made m = {.forgery = GENUINE};
    m.hours = (enum hours)below(HOURS);
    m.is_file = below(4) == 0;
    m.is_promise = !m.is_file && below(3) == 0;
    m.size = sizes[below(sizeof sizes / sizeof *sizes)];
    m.index = below(m.size);
    m.after_count = m.is_file ? 0 : counts[below(sizeof counts / sizeof *counts)];
    if (!m.is_file && below(300) == 0)
        m.after_count = ESEP_PROOF_AFTER_MAX;
    m.witnesses = (unsigned)below(WITNESSES + 1);
    m.quorum = (unsigned)below(m.witnesses + 1);
    m.names_office_key = !m.is_file && below(2) == 0;
    return m;
}

/* What the forgery needs, so that it is one: later entries, a witness, a file. */
static void suit(struct made *m, enum forgery forgery)
{
    m->forgery = forgery;
    m->is_file = forgery >= FILE_BYTES && forgery <= FILE_SIGNED;
    m->is_file = m->is_file || forgery == ASKED_FOR_REPORT;
    if (m->is_file) {
        m->after_count = 0;
        m->names_office_key = false;
    }
    if (forgery == CHAIN_AFTER || forgery == CHAIN_COUNT)
        m->after_count = 1 + below(5);
    if (forgery == OFFICE_OTHER)
        m->names_office_key = true;
    if (forgery == WITNESS_BAD && m->witnesses == 0)
        m->witnesses = 1;
    if (forgery == WITNESS_QUORUM) {
        m->witnesses = (unsigned)below(WITNESSES);
        m->quorum = m->witnesses + 1;
    }
}

static FILE *opened(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(74);
    }
    return file;
}

int main(int argc, char **argv)
{
    static struct made m;
    if (argc != 4 || esep_crypto_init() != ESEP_OK)
        return 64;
    folder = argv[1];
    prng.state = strtoull(argv[2], NULL, 10);
    unsigned genuine = (unsigned)strtoul(argv[3], NULL, 10);
    unsigned number = 0;
    list = opened("list");
    expected = opened("expected");
    for (; number < genuine; number++) {
        m = drawn();
        make(&m, number);
    }
    for (unsigned round = 0; round < genuine / 100 + 1; round++)
        for (int forgery = GENUINE + 1; forgery < FORGERIES; forgery++, number++) {
            m = drawn();
            suit(&m, (enum forgery)forgery);
            make(&m, number);
        }
    return fclose(list) == 0 && fclose(expected) == 0 ? 0 : 74;
}
