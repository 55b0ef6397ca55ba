/* lib/wire/proof.c - the parts behind "extra", one after another. */
#include "wire/proof.h"

#define PART_HEAD_BYTES 5

_Static_assert(ESEP_PROOF_TAG_BYTES + 6 * PART_HEAD_BYTES + ESEP_PROOF_LEAF_BYTES +
                       ESEP_SIGNED_INGRESS_BYTES + ESEP_PROOF_STATEMENT_BYTES + ESEP_KEY_BYTES +
                       ESEP_HASH_BYTES + ESEP_PROOF_AFTER_MAX * ESEP_HASH_BYTES <=
                   ESEP_PROOF_EXTRA_MAX,
               "a full report's parts fit behind extra");

static enum esep_status put_tag(struct esep_buf *extra)
{
    const char tag[ESEP_PROOF_TAG_BYTES] = ESEP_PROOF_TAG;
    return esep_buf_put(extra, tag, sizeof tag);
}

static enum esep_status put_part(struct esep_buf *extra, enum esep_proof_part kind,
                                 const void *data, size_t len)
{
    uint8_t head[PART_HEAD_BYTES] = {(uint8_t)kind};
    esep_be32_put(head + 1, (uint32_t)len);
    enum esep_status status = esep_buf_put(extra, head, sizeof head);
    return status == ESEP_OK ? esep_buf_put(extra, data, len) : status;
}

/* first: LEAF, or STATEMENT where there is none. */
static enum esep_status put_report(struct esep_buf *extra, enum esep_proof_part first,
                                   const struct esep_proof_report *report)
{
    const struct {
        enum esep_proof_part kind;
        const void *data;
        size_t len;
    } parts[] = {
        {ESEP_PROOF_LEAF, report->leaf, sizeof report->leaf},
        {ESEP_PROOF_STATEMENT, report->statement, sizeof report->statement},
        {ESEP_PROOF_KEY, report->key, sizeof report->key},
        {ESEP_PROOF_HEAD_BEFORE, report->head_before.bytes, sizeof report->head_before.bytes},
        {ESEP_PROOF_AFTER, report->after, report->after_count * sizeof *report->after},
    };
    enum esep_status status = put_tag(extra);
    for (size_t i = 0; status == ESEP_OK && i < sizeof parts / sizeof *parts; i++)
        if (parts[i].kind >= first)
            status = put_part(extra, parts[i].kind, parts[i].data, parts[i].len);
    return status;
}

/* The place with these parts. The buf is done with, whatever became of them. */
static enum esep_status write_with(const struct esep_proof *place, enum esep_status status,
                                   struct esep_buf *extra, struct esep_buf *out)
{
    struct esep_proof proof = *place;
    proof.extra = esep_buf_slice(extra);
    if (status == ESEP_OK)
        status = esep_proof_write(&proof, out);
    esep_buf_done(extra);
    return status;
}

enum esep_status esep_proof_write_report(const struct esep_proof *place,
                                         const struct esep_proof_report *report,
                                         struct esep_buf *out)
{
    struct esep_buf extra;
    if (report->after_count > ESEP_PROOF_AFTER_MAX)
        return ESEP_LIMIT;
    esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX);
    return write_with(place, put_report(&extra, ESEP_PROOF_LEAF, report), &extra, out);
}

enum esep_status esep_proof_write_file(const struct esep_proof *place,
                                       const uint8_t leaf[ESEP_PROOF_LEAF_BYTES],
                                       const uint8_t nonce[ESEP_PROOF_NONCE_BYTES],
                                       struct esep_buf *out)
{
    struct esep_buf extra;
    esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX);
    enum esep_status status = put_tag(&extra);
    if (status == ESEP_OK)
        status = put_part(&extra, ESEP_PROOF_LEAF, leaf, ESEP_PROOF_LEAF_BYTES);
    if (status == ESEP_OK)
        status = put_part(&extra, ESEP_PROOF_NONCE, nonce, ESEP_PROOF_NONCE_BYTES);
    return write_with(place, status, &extra, out);
}

enum esep_status esep_proof_write_ingress(const struct esep_proof_report *report,
                                          const uint8_t note[ESEP_SIGNED_INGRESS_BYTES],
                                          struct esep_buf *out)
{
    struct esep_buf extra;
    if (report->after_count > ESEP_PROOF_AFTER_MAX)
        return ESEP_LIMIT;
    esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX);
    enum esep_status status = put_report(&extra, ESEP_PROOF_STATEMENT, report);
    if (status == ESEP_OK)
        status = put_part(&extra, ESEP_PROOF_INGRESS, note, ESEP_SIGNED_INGRESS_BYTES);
    if (status == ESEP_OK)
        status = esep_buf_put(out, ESEP_INGRESS_PROOF_HEAD, strlen(ESEP_INGRESS_PROOF_HEAD));
    if (status == ESEP_OK)
        status = esep_extra_write(esep_buf_slice(&extra), out);
    esep_buf_done(&extra);
    return status;
}
