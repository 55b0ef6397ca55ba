/* verify/receipt.c - the eleven steps. */
#include "verify/receipt.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAF_VERSION = 2,
    LEAF_COMMITMENT = 3,
    LEAF_EVIDENCE = 17,
    LEAF_CLOSES = 1,
};

/* Where things are in a leaf ... */
enum {
    LEAF_TYPE = 1,
    LEAF_FLAGS = 2,
    LEAF_VERDICT = 3,
    LEAF_OFFICE = 4,
    LEAF_ACCEPTED = 8,
    LEAF_EPOCH = 16,
    LEAF_ZERO = 20,
    LEAF_SEQ = 24,
    LEAF_CONTENT = 32,
    LEAF_HEAD = 64,
    LEAF_SIGNATURE = 96,
    LEAF_KEY = 128,
};
/* ... and in a statement. */
enum {
    SAID_LOG_ID = 16,
    SAID_OFFICE = 48,
    SAID_EPOCH = 52,
    SAID_SEQ = 56,
    SAID_HEAD = 64,
    SAID_CLOCK = 96,
};
/* ... and in a broker's note. */
enum {
    NOTED_LOG_ID = 16,
    NOTED_BROKER = 48,
    NOTED_CONTENT = 112,
    NOTED_HOUR = 144,
};

struct work {
    const struct verify_request *request;
    struct verify_proof *proof;
    struct verify_parts parts;
    struct verify_note note;
    struct verify_verdict *verdict;
};

static bool is_hash_of(const uint8_t *hash, struct verify_bytes bytes)
{
    struct verify_hash got = verify_sha256(&bytes, 1);
    return memcmp(hash, got.bytes, sizeof got.bytes) == 0;
}

static bool is_zero(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] != 0)
            return false;
    return true;
}

static const char *check_note(struct work *w)
{
    return verify_note_parse(w->proof->note, &w->note);
}

static const char *check_parts(struct work *w)
{
    const struct verify_bytes extra = verify_bytes(w->proof->extra, w->proof->extra_len);
    return w->request->has_broker ? verify_ingress_parts_parse(extra, &w->parts)
                                  : verify_parts_parse(extra, &w->parts);
}

static const char *check_leaf(struct work *w)
{
    const uint8_t *leaf = w->parts.leaf;
    struct verify_verdict *v = w->verdict;
    bool is_file = w->parts.statement == NULL;
    if (is_file != w->request->is_file)
        return is_file ? "this is the proof of an attached file: give the file, and --file"
                       : "this is the proof of a report: give the report, without --file";
    if (leaf[0] != LEAF_VERSION || leaf[LEAF_VERDICT] != 0 || !is_zero(leaf + LEAF_ZERO, 4) ||
        leaf[LEAF_TYPE] != (is_file ? LEAF_EVIDENCE : LEAF_COMMITMENT) ||
        (leaf[LEAF_FLAGS] != 0 && (is_file || leaf[LEAF_FLAGS] != LEAF_CLOSES)))
        return "the leaf is not of the kind that a proof is about";
    if (is_file && (!is_zero(leaf + LEAF_EPOCH, 4) || !is_zero(leaf + LEAF_SEQ, 8) ||
                    !is_zero(leaf + LEAF_HEAD, 96)))
        return "the leaf of a file has neither epoch, number, head nor signature";
    v->office = verify_be32(leaf + LEAF_OFFICE);
    v->epoch = verify_be32(leaf + LEAF_EPOCH);
    v->seq = verify_be64(leaf + LEAF_SEQ);
    uint64_t accepted = verify_be64(leaf + LEAF_ACCEPTED);
    if (v->office == 0 || accepted > (uint64_t)VERIFY_TIME_MAX_S * 1000000)
        return "the leaf names no office, or no hour that there is";
    v->accepted_us = (int64_t)accepted;
    v->kind = is_file                           ? VERIFY_FILE
              : leaf[LEAF_FLAGS] == LEAF_CLOSES ? VERIFY_RECEIVED
                                                : VERIFY_PROMISED;
    return NULL;
}

static const char *check_tree(struct work *w)
{
    w->verdict->index = w->proof->index;
    w->verdict->size = w->note.size;
    return verify_in_tree(verify_bytes(w->parts.leaf, VERIFY_LEAF_BYTES), w->proof->index,
                          w->note.size, &w->note.root, w->proof->path, w->proof->path_count)
               ? NULL
               : "the path does not lead from the leaf to the root";
}

/* Esep's own origins name the log, and the office must have signed for that one. */
static bool is_for_log(struct verify_bytes origin, const uint8_t log_id[VERIFY_HASH_BYTES])
{
    struct verify_bytes hex;
    uint8_t named[VERIFY_HASH_BYTES];
    if (!verify_after(origin, "esep.log/", &hex))
        return true;
    return hex.len >= 2 * sizeof named &&
           verify_hex(verify_bytes(hex.data, 2 * sizeof named), named, sizeof named) &&
           memcmp(named, log_id, sizeof named) == 0;
}

static const uint8_t head_tag[16] = "esep/head/v1";

static struct verify_hash content_of(const uint8_t *said)
{
    static const uint8_t tag[16] = "esep/content/v1";
    const struct verify_bytes parts[] = {{tag, sizeof tag}, {said, VERIFY_STATEMENT_BYTES}};
    return verify_sha256(parts, 2);
}

static void keep_said(const struct work *w)
{
    const uint8_t *said = w->parts.statement;
    struct verify_verdict *v = w->verdict;
    memcpy(v->log_id.bytes, said + SAID_LOG_ID, sizeof v->log_id.bytes);
    memcpy(v->key, w->parts.key, sizeof v->key);
    v->office_clock_us = (int64_t)verify_be64(said + SAID_CLOCK);
}

static const char *check_statement(struct work *w)
{
    const uint8_t *said = w->parts.statement;
    const uint8_t *leaf = w->parts.leaf;
    struct verify_verdict *v = w->verdict;
    if (w->request->is_file)
        return NULL;
    struct verify_hash hash = content_of(said);
    if (memcmp(said, head_tag, sizeof head_tag) != 0 ||
        verify_be32(said + SAID_OFFICE) != v->office ||
        verify_be32(said + SAID_EPOCH) != v->epoch || verify_be64(said + SAID_SEQ) != v->seq ||
        memcmp(said + SAID_HEAD, leaf + LEAF_HEAD, VERIFY_HASH_BYTES) != 0 ||
        memcmp(hash.bytes, leaf + LEAF_CONTENT, VERIFY_HASH_BYTES) != 0)
        return "the statement is not the one that the leaf is about";
    if (!is_hash_of(leaf + LEAF_SIGNATURE,
                    verify_bytes(said + VERIFY_SIGNED_BYTES, crypto_sign_BYTES)) ||
        !is_hash_of(leaf + LEAF_KEY, verify_bytes(w->parts.key, sizeof v->key)))
        return "signature or key are not those of the leaf";
    if (!is_for_log(w->note.origin, said + SAID_LOG_ID))
        return "the office's statement was made for another log";
    keep_said(w);
    return NULL;
}

static struct verify_hash chain(const struct verify_hash *before, uint64_t seq,
                                const uint8_t content[VERIFY_HASH_BYTES])
{
    static const uint8_t tag[16] = "esep/entry/v2";
    uint8_t number[8];
    verify_be64_put(number, seq);
    const struct verify_bytes parts[] = {{tag, sizeof tag},
                                         {before->bytes, VERIFY_HASH_BYTES},
                                         {number, sizeof number},
                                         {content, VERIFY_HASH_BYTES}};
    return verify_sha256(parts, 4);
}

/* Seven bits to a byte, the lowest first, the high bit on all but the last. */
static size_t put_varint(uint8_t *at, uint64_t number)
{
    size_t len = 0;
    for (; number > 0x7f; number >>= 7)
        at[len++] = (uint8_t)(number | 0x80);
    at[len++] = (uint8_t)number;
    return len;
}

/* What the log stored of the file, made anew. */
static const char *check_file(const struct work *w)
{
    static const uint8_t content_tag[16] = "esep/content/v1";
    const struct verify_verdict *v = w->verdict;
    uint8_t body[96];
    size_t len = 0;
    body[len++] = 0x08;
    len += put_varint(body + len, v->office);
    body[len++] = 0x12;
    body[len++] = VERIFY_HASH_BYTES;
    memcpy(body + len, v->subject.sha256.bytes, VERIFY_HASH_BYTES);
    len += VERIFY_HASH_BYTES;
    body[len++] = 0x18;
    len += put_varint(body + len, v->subject.size);
    body[len++] = 0x7a;
    body[len++] = VERIFY_NONCE_BYTES;
    memcpy(body + len, w->parts.nonce, VERIFY_NONCE_BYTES);
    len += VERIFY_NONCE_BYTES;
    const struct verify_bytes parts[] = {{content_tag, sizeof content_tag}, {body, len}};
    const struct verify_hash content = verify_sha256(parts, 2);
    return memcmp(content.bytes, w->parts.leaf + LEAF_CONTENT, VERIFY_HASH_BYTES) == 0
               ? NULL
               : "the file is not the one that this is the proof of";
}

static const char *check_bytes(struct work *w)
{
    struct verify_verdict *v = w->verdict;
    struct verify_hash hash;
    if (w->request->is_file)
        return check_file(w);
    if (v->seq <= w->parts.after_count)
        return "more entries are said to follow than the statement counts";
    v->report_seq = v->seq - w->parts.after_count;
    memcpy(hash.bytes, w->parts.before, sizeof hash.bytes);
    hash = chain(&hash, v->report_seq, v->subject.content.bytes);
    for (size_t i = 0; i < w->parts.after_count; i++)
        hash = chain(&hash, v->report_seq + 1 + i, w->parts.after + i * VERIFY_HASH_BYTES);
    return memcmp(hash.bytes, w->parts.statement + SAID_HEAD, VERIFY_HASH_BYTES) == 0
               ? NULL
               : "the report is not the one that this is the proof of";
}

const char *verify_log_signed(const struct verify_request *request, const struct verify_note *note)
{
    size_t good = 0;
    int64_t none = 0;
    if (!verify_equal(note->origin, verify_text(request->logs[0].name)))
        return "the checkpoint is of a log of another name than the key given";
    for (size_t i = 0; i < request->log_count; i++) {
        enum verify_signed is = verify_note_signed(note, &request->logs[i], &none);
        if (is == VERIFY_BAD)
            return "the log's key has not signed this checkpoint";
        good += is == VERIFY_GOOD;
    }
    return good > 0 ? NULL : "none of the log's keys that were given has signed this checkpoint";
}

static const char *check_log(struct work *w)
{
    return verify_log_signed(w->request, &w->note);
}

static int by_time(const void *a, const void *b)
{
    const int64_t *one = a;
    const int64_t *other = b;
    return (*one > *other) - (*one < *other);
}

static const char *check_witnesses(struct work *w)
{
    struct verify_verdict *v = w->verdict;
    int64_t times[VERIFY_WITNESSES_MAX];
    size_t needed = w->request->quorum > 1 ? w->request->quorum : 1;
    for (size_t i = 0; i < w->request->witness_count; i++) {
        int64_t time_s = 0;
        switch (verify_note_signed(&w->note, &w->request->witnesses[i], &time_s)) {
        case VERIFY_BAD:
            return "a witness's signature does not fit the checkpoint";
        case VERIFY_GOOD:
            v->witness_s[i] = time_s;
            times[v->witnessed++] = time_s;
            break;
        case VERIFY_ABSENT:
            break;
        }
    }
    if (v->witnessed < w->request->quorum)
        return "fewer witnesses have signed than are asked for";
    qsort(times, v->witnessed, sizeof *times, by_time);
    if (v->witnessed >= needed)
        v->witnessed_s = times[needed - 1];
    return NULL;
}

static const char *check_signature(struct work *w)
{
    const uint8_t *said = w->parts.statement;
    if (w->request->is_file)
        return NULL;
    if (crypto_sign_verify_detached(said + VERIFY_SIGNED_BYTES, said, VERIFY_SIGNED_BYTES,
                                    w->parts.key) != 0)
        return "the office's key has not signed this statement";
    return !w->request->has_office_key ||
                   memcmp(w->request->office_key, w->parts.key, sizeof w->request->office_key) == 0
               ? NULL
               : "another key signed it than the one given as the office's";
}

/* A broker's note: the kind that was asked for, what stands in the leaf's place, who signed it. */
static const char *check_kind(struct work *w)
{
    return w->request->is_file ? "a broker's note is of a report: give the report, without --file"
                               : NULL;
}

static const char *check_noted(struct work *w)
{
    static const uint8_t tag[16] = "esep/ingress/v1";
    const uint8_t *said = w->parts.statement;
    const uint8_t *noted = w->parts.ingress;
    struct verify_verdict *v = w->verdict;
    struct verify_hash hash = content_of(said);
    uint64_t hour = verify_be64(noted + NOTED_HOUR);
    v->kind = VERIFY_INGRESS;
    v->office = verify_be32(said + SAID_OFFICE);
    v->epoch = verify_be32(said + SAID_EPOCH);
    v->seq = verify_be64(said + SAID_SEQ);
    if (memcmp(said, head_tag, sizeof head_tag) != 0 || v->office == 0 ||
        memcmp(noted, tag, sizeof tag) != 0 || hour > (uint64_t)VERIFY_TIME_MAX_S * 1000000)
        return "the statement or the note is none, or names no office, or no hour that there is";
    if (memcmp(noted + NOTED_CONTENT, hash.bytes, sizeof hash.bytes) != 0 ||
        memcmp(noted + NOTED_LOG_ID, said + SAID_LOG_ID, VERIFY_HASH_BYTES) != 0)
        return "the note is not about this statement of the office";
    if (w->request->log_count > 0 &&
        !is_for_log(verify_text(w->request->logs[0].name), said + SAID_LOG_ID))
        return "the office's statement was made for another log than the one given";
    v->noted_us = (int64_t)hour;
    keep_said(w);
    return NULL;
}

static const char *check_no_quorum(struct work *w)
{
    return w->request->quorum > 0 ? "no witness signs a broker's note" : NULL;
}

static const char *check_broker(struct work *w)
{
    const uint8_t *noted = w->parts.ingress;
    const uint8_t *key = w->request->broker_key;
    return memcmp(noted + NOTED_BROKER, key, sizeof w->request->broker_key) == 0 &&
                   crypto_sign_verify_detached(noted + VERIFY_NOTED_BYTES, noted,
                                               VERIFY_NOTED_BYTES, key) == 0
               ? NULL
               : "the broker's key that was given has not signed this note";
}

/* Before whose clock struck. A witness's second counts once it has ended. */
static void judge_time(const struct verify_request *request, struct verify_verdict *v)
{
    const int64_t hour_us = request->has_broker ? v->noted_us : v->accepted_us;
    v->outcome = VERIFY_PROVEN;
    v->is_strong = v->witnessed_s >= 0;
    if (!request->has_due)
        return;
    v->is_strong = v->is_strong && v->witnessed_s * 1000000 + 999999 <= request->due_us;
    v->outcome = v->is_strong || hour_us <= request->due_us ? VERIFY_IN_TIME : VERIFY_LATE;
}

void verify_receipt(const struct verify_request *request, struct verify_bytes proof,
                    const struct verify_subject *subject, struct verify_proof *scratch,
                    struct verify_verdict *ret)
{
    static const struct step {
        enum verify_step step;
        const char *(*check)(struct work *w);
    } of_the_log[] = {
        {VERIFY_STEP_NOTE, check_note},
        {VERIFY_STEP_PARTS, check_parts},
        {VERIFY_STEP_LEAF, check_leaf},
        {VERIFY_STEP_TREE, check_tree},
        {VERIFY_STEP_STATEMENT, check_statement},
        {VERIFY_STEP_BYTES, check_bytes},
        {VERIFY_STEP_LOG, check_log},
        {VERIFY_STEP_WITNESS, check_witnesses},
        {VERIFY_STEP_SIGNATURE, check_signature},
        {VERIFY_PASSED, NULL},
    };
    static const struct step of_a_broker[] = {
        {VERIFY_STEP_PARTS, check_parts},       {VERIFY_STEP_LEAF, check_kind},
        {VERIFY_STEP_STATEMENT, check_noted},   {VERIFY_STEP_BYTES, check_bytes},
        {VERIFY_STEP_WITNESS, check_no_quorum}, {VERIFY_STEP_SIGNATURE, check_signature},
        {VERIFY_STEP_BROKER, check_broker},     {VERIFY_PASSED, NULL},
    };
    const struct step *step = request->has_broker ? of_a_broker : of_the_log;
    struct work w = {.request = request, .proof = scratch, .verdict = ret};
    *ret =
        (struct verify_verdict){.outcome = VERIFY_REFUSED, .witnessed_s = -1, .subject = *subject};
    for (size_t i = 0; i < VERIFY_WITNESSES_MAX; i++)
        ret->witness_s[i] = -1;
    ret->step = VERIFY_STEP_FILE;
    ret->detail = request->has_broker ? verify_ingress_parse(proof, scratch)
                                      : verify_proof_parse(proof, scratch);
    for (; ret->detail == NULL && step->check != NULL; step++) {
        ret->step = step->step;
        ret->detail = step->check(&w);
    }
    if (ret->detail != NULL)
        return;
    ret->step = VERIFY_PASSED;
    judge_time(request, ret);
}

int verify_exit(const struct verify_verdict *verdict)
{
    if (verdict->outcome == VERIFY_REFUSED)
        return 65;
    return verdict->outcome == VERIFY_LATE ? 1 : 0;
}
