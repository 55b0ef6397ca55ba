/* tests/verify/make_ingress.c - brokers' notes of ingress, genuine and forged, for two verifiers.
 *
 *   make_ingress FOLDER SEED GENUINE
 *
 * As make_receipts: FOLDER/list has a line for each case, FOLDER/expected what is known of it from
 * how it was made. The notes are signed by the code that the broker has, the files written by the
 * code that the agent has. A forged one is what a broker or an office that lies could make: all
 * signatures hold but those that are the lie, and one thing is wrong.
 */
#include "wire/note.h"
#include "wire/proof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LOG_NAME "esep.log/1010101010101010101010101010101010101010101010101010101010101010"
#define DUE_S 1358704799 /* 2013-01-20T23:59:59+06:00 */
#define DUE_TEXT "2013-01-20T23:59:59+06:00"
#define HOUR_MAX INT64_C(253402300799000000)

enum forgery {
    GENUINE,
    ASKED_FOR_FILE,
    SAID_TAG,
    SAID_NO_OFFICE,
    NOTE_TAG,
    NOTE_LOG,
    NOTE_CONTENT,
    NOTE_HOUR,
    OTHER_LOG_GIVEN,
    CHAIN_BEFORE,
    CHAIN_AFTER,
    CHAIN_REPORT,
    CHAIN_COUNT,
    WITNESS_QUORUM,
    OFFICE_UNSIGNED,
    OFFICE_OTHER,
    BROKER_UNSIGNED,
    BROKER_OTHER,
    BROKER_BORROWED, /* another's signature under the broker's name */
    FORGERIES,
};
static const int steps[FORGERIES] = {
    [ASKED_FOR_FILE] = 4, [SAID_TAG] = 6,         [SAID_NO_OFFICE] = 6, [NOTE_TAG] = 6,
    [NOTE_LOG] = 6,       [NOTE_CONTENT] = 6,     [NOTE_HOUR] = 6,      [OTHER_LOG_GIVEN] = 6,
    [CHAIN_BEFORE] = 7,   [CHAIN_AFTER] = 7,      [CHAIN_REPORT] = 7,   [CHAIN_COUNT] = 7,
    [WITNESS_QUORUM] = 9, [OFFICE_UNSIGNED] = 10, [OFFICE_OTHER] = 10,  [BROKER_UNSIGNED] = 11,
    [BROKER_OTHER] = 11,  [BROKER_BORROWED] = 11,
};

struct made {
    enum forgery forgery;
    bool has_due, is_late, gives_log, names_office_key;
    size_t after_count;
    uint64_t seq;
    esep_time hour;
    struct esep_commitment said;
    struct esep_sign_key office;
    struct esep_proof_report report;
    uint8_t note[ESEP_SIGNED_INGRESS_BYTES];
    uint8_t bytes[3000];
    size_t bytes_len;
};

static struct esep_prng prng;
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

static void make_statement(struct made *m, const struct esep_hash *log_id)
{
    struct esep_commitment *said = &m->said;
    m->seq = m->after_count + 1 + below(5000);
    m->bytes_len = 1 + below(sizeof m->bytes);
    draw(m->bytes, m->bytes_len);
    draw(&m->report.head_before, sizeof m->report.head_before);
    draw(after, m->after_count * sizeof *after);
    *said = (struct esep_commitment){.office = (uint32_t)(1 + below(200)),
                                     .epoch = (uint32_t)(1 + below(3)),
                                     .seq = m->seq,
                                     .office_clock = DUE_S * ESEP_SECOND - 5000000};
    if (m->forgery == SAID_NO_OFFICE)
        said->office = 0;
    said->head = esep_chain_step(&m->report.head_before, m->seq - m->after_count,
                                 esep_slice(m->bytes, m->bytes_len));
    for (size_t i = 0; i < m->after_count; i++)
        said->head = esep_chain_link(&said->head, m->seq - m->after_count + 1 + i, &after[i]);
    m->office = secret((uint8_t)(100 + below(50)));
    esep_commitment_sign(log_id, said, &m->office);
    if (m->forgery == OFFICE_UNSIGNED)
        said->signature[below(32)] ^= 1;
    esep_commitment_pack(log_id, said, m->report.statement);
    if (m->forgery == SAID_TAG) {
        m->report.statement[15] = 1;
        esep_sign(&m->office, esep_slice(m->report.statement, ESEP_COMMITMENT_BYTES),
                  m->report.statement + ESEP_COMMITMENT_BYTES);
    }
    memcpy(m->report.key, m->office.public, sizeof m->report.key);
    m->report.after = after;
    m->report.after_count = m->after_count;
}

/* What the broker signs: as it does, or with a statement of its own making. */
static void make_note(struct made *m, const struct esep_hash *log_id)
{
    const struct esep_sign_key broker = secret(4);
    const struct esep_sign_key other = secret(5);
    struct esep_ingress note = {.log_id = *log_id, .received_at = m->hour};
    note.content = esep_content_hash(esep_slice(m->report.statement, sizeof m->report.statement));
    draw(note.office_curve, sizeof note.office_curve);
    if (m->forgery == NOTE_LOG)
        note.log_id.bytes[below(32)] ^= 4;
    if (m->forgery == NOTE_CONTENT)
        note.content.bytes[below(32)] ^= 4;
    if (m->forgery == NOTE_HOUR)
        note.received_at = HOUR_MAX + 1 + (esep_time)below(1000);
    esep_ingress_sign(&note, m->forgery == BROKER_OTHER ? &other : &broker);
    esep_ingress_pack(&note, m->note);
    if (m->forgery == NOTE_TAG)
        m->note[15] = 1;
    if (m->forgery == NOTE_TAG || m->forgery == BROKER_BORROWED)
        esep_sign(m->forgery == NOTE_TAG ? &broker : &other,
                  esep_slice(m->note, ESEP_INGRESS_BYTES), m->note + ESEP_INGRESS_BYTES);
    if (m->forgery == BROKER_UNSIGNED)
        m->note[ESEP_INGRESS_BYTES + below(32)] ^= 1;
}

/* What is wrong in the file though all that was signed is right. */
static void spoil(struct made *m)
{
    if (m->forgery == CHAIN_BEFORE)
        m->report.head_before.bytes[below(32)] ^= 2;
    if (m->forgery == CHAIN_AFTER)
        after[below(m->after_count)].bytes[below(32)] ^= 2;
    if (m->forgery == CHAIN_REPORT)
        m->bytes[below(m->bytes_len)] ^= 2;
    if (m->forgery == CHAIN_COUNT)
        m->report.after_count--;
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

static void say_vkey(const char *name, enum esep_note_algorithm algorithm, uint8_t which)
{
    char vkey[ESEP_NOTE_VKEY_MAX];
    struct esep_note_key key;
    const struct esep_sign_key signer = secret(which);
    if (esep_note_key(&key, name, algorithm, signer.public, NULL) != ESEP_OK)
        abort();
    esep_note_key_format(&key, vkey);
    (void)fprintf(list, "%s\t", vkey);
}

static void say_hex(const char *option, const struct esep_sign_key *key)
{
    char hex[2 * ESEP_KEY_BYTES + 1];
    esep_hex(key->public, ESEP_KEY_BYTES, hex);
    (void)fprintf(list, "%s\t%s\t", option, hex);
}

static void write_line(const struct made *m, unsigned number)
{
    const struct esep_sign_key broker = secret(4);
    const struct esep_sign_key stranger = secret(99);
    say_hex("--broker", &broker);
    if (m->gives_log) {
        (void)fprintf(list, "--log\t");
        say_vkey(m->forgery == OTHER_LOG_GIVEN ? LOG_NAME "0"
                 : below(4) == 0               ? "reports.example/log"
                                               : LOG_NAME "/7",
                 ESEP_NOTE_ED25519, 1);
    }
    if (m->forgery == WITNESS_QUORUM || below(3) == 0) {
        (void)fprintf(list, "--witness\t");
        say_vkey("witness.example", ESEP_NOTE_COSIGNATURE, 50);
    }
    if (m->forgery == WITNESS_QUORUM)
        (void)fprintf(list, "--quorum\t1\t");
    if (m->has_due)
        (void)fprintf(list, "--due\t" DUE_TEXT "\t");
    if (m->names_office_key)
        say_hex("--office-key", m->forgery == OFFICE_OTHER ? &stranger : &m->office);
    if (m->forgery == ASKED_FOR_FILE)
        (void)fprintf(list, "--file\t");
    (void)fprintf(list, "%s/proof-%u\t%s/bytes-%u\n", folder, number, folder, number);
}

static void write_expected(const struct made *m)
{
    if (m->forgery != GENUINE) {
        (void)fprintf(expected, "65 refused %d - - 0 0\n", steps[m->forgery]);
        return;
    }
    (void)fprintf(expected, "%d %s 0 ingress %s %" PRIu32 " %" PRIu64 "\n", m->is_late ? 1 : 0,
                  !m->has_due  ? "proven"
                  : m->is_late ? "late"
                               : "in_time",
                  m->is_late ? "none" : "broker", m->said.office, m->seq - m->after_count);
}

static struct made drawn(enum forgery forgery)
{
    static const size_t counts[] = {0, 0, 1, 2, 7, 40};
    struct made m = {.forgery = forgery};
    m.has_due = below(4) > 0;
    m.is_late = m.has_due && below(3) == 0;
    /* On the very microsecond it is in time, one later it is not. */
    m.hour = DUE_S * ESEP_SECOND;
    if (m.is_late)
        m.hour += 1 + (esep_time)(below(2) * below(ESEP_DAY));
    else
        m.hour -= (esep_time)(below(2) * below(ESEP_DAY));
    m.gives_log = forgery == OTHER_LOG_GIVEN || below(2) == 0;
    m.names_office_key = forgery == OFFICE_OTHER || below(2) == 0;
    m.after_count = counts[below(sizeof counts / sizeof *counts)];
    if (forgery == CHAIN_AFTER || forgery == CHAIN_COUNT)
        m.after_count = 1 + below(5);
    else if (below(300) == 0)
        m.after_count = ESEP_PROOF_AFTER_MAX;
    return m;
}

static void make(struct made *m, unsigned number)
{
    struct esep_hash log_id;
    struct esep_buf out;
    memset(&log_id, 0x10, sizeof log_id);
    if (m->forgery == OTHER_LOG_GIVEN)
        log_id.bytes[below(32)] ^= 8;
    make_statement(m, &log_id);
    make_note(m, &log_id);
    spoil(m);
    esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
    if (esep_proof_write_ingress(&m->report, m->note, &out) != ESEP_OK)
        abort();
    store("proof", number, esep_buf_slice(&out));
    store("bytes", number, esep_slice(m->bytes, m->bytes_len));
    write_line(m, number);
    write_expected(m);
    esep_buf_done(&out);
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
        m = drawn(GENUINE);
        make(&m, number);
    }
    for (unsigned round = 0; round < genuine / 100 + 1; round++)
        for (int forgery = GENUINE + 1; forgery < FORGERIES; forgery++, number++) {
            m = drawn((enum forgery)forgery);
            make(&m, number);
        }
    return fclose(list) == 0 && fclose(expected) == 0 ? 0 : 74;
}
