/* lib/wire/receipt.c - see receipt.h. */
#include "wire/receipt.h"

#include "wire/statement.h"
#include "wire/unpack.h"

/* The root is there where the log grew, or the office has it already. */
static void read_growth(const Esep__V1__Growth *growth, uint64_t *ret_size,
                        struct esep_hash *ret_root)
{
    *ret_size = growth->size;
    *ret_root = (struct esep_hash){{0}};
    if (growth->root.len == sizeof ret_root->bytes)
        memcpy(ret_root->bytes, growth->root.data, sizeof ret_root->bytes);
}

static enum esep_status read_said(const Esep__V1__Proof *proof, Esep__V1__ReceiptKind kind,
                                  struct esep_receipt *ret)
{
    struct esep_commitment c;
    if (esep_commitment_read(proof->commitment, &c) != ESEP_OK || c.seq == 0)
        return ESEP_INVALID;
    *ret = (struct esep_receipt){
        .kind = kind,
        .office = c.office,
        .epoch = c.epoch,
        .first_seq = c.seq,
        .through_seq = c.seq,
        .head = c.head,
        .first_index = proof->index,
        .last_index = proof->index,
        .accepted_at = proof->accepted_at_us,
    };
    return ESEP_OK;
}

/* Each entry has a place of its own, and the closing one stands right behind the last. */
static bool read_first(const Esep__V1__Receipt *message, struct esep_receipt *r)
{
    if (r->last_index == 0)
        return false;
    r->last_index--;
    r->first_seq = message->first_seq;
    r->first_index = message->first_index;
    return r->first_seq > 0 && r->first_seq <= r->through_seq && r->first_index <= r->last_index &&
           r->last_index - r->first_index >= r->through_seq - r->first_seq;
}

enum esep_status esep_receipt_read(const Esep__V1__Receipt *message, struct esep_receipt *ret)
{
    struct esep_receipt r;
    if (message == NULL || message->proof == NULL || message->proof->growth == NULL ||
        (message->kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT &&
         message->kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES))
        return ESEP_INVALID;
    const bool entries = message->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    if (read_said(message->proof, message->kind, &r) != ESEP_OK ||
        (entries
             ? !read_first(message, &r)
             : message->first_seq != 0 || message->first_index != 0 || message->promise != NULL))
        return ESEP_INVALID;
    read_growth(message->proof->growth, &r.checkpoint_size, &r.checkpoint_root);
    *ret = r;
    return ESEP_OK;
}

enum esep_status esep_receipt_promise(const Esep__V1__Receipt *message,
                                      const struct esep_receipt *receipt, struct esep_receipt *ret)
{
    struct esep_receipt r;
    if (message->promise == NULL)
        return ESEP_NOT_FOUND;
    if (message->promise->growth != NULL ||
        read_said(message->promise, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT, &r) !=
            ESEP_OK ||
        r.office != receipt->office || r.epoch != receipt->epoch ||
        r.last_index > receipt->last_index)
        return ESEP_INVALID;
    r.checkpoint_size = receipt->checkpoint_size;
    r.checkpoint_root = receipt->checkpoint_root;
    *ret = r;
    return ESEP_OK;
}

bool esep_promise_before(const struct esep_receipt *promise, const struct esep_receipt *receipt)
{
    return promise->accepted_at < receipt->accepted_at ||
           (promise->accepted_at == receipt->accepted_at &&
            promise->last_index < receipt->last_index);
}

void esep_receipt_write(const struct esep_receipt *r, Esep__V1__Receipt *ret_message)
{
    esep__v1__receipt__init(ret_message);
    ret_message->kind = r->kind;
    if (r->kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES)
        return;
    ret_message->first_seq = r->first_seq;
    ret_message->first_index = r->first_index;
}

enum esep_status esep_file_name_read(const Esep__V1__FileName *message,
                                     struct esep_hash *ret_sha256, uint64_t *ret_size_bytes)
{
    if (message == NULL || message->size_bytes == 0 ||
        message->sha256.len != sizeof ret_sha256->bytes)
        return ESEP_INVALID;
    memcpy(ret_sha256->bytes, message->sha256.data, sizeof ret_sha256->bytes);
    *ret_size_bytes = message->size_bytes;
    return ESEP_OK;
}

void esep_file_name_write(const struct esep_hash *sha256, uint64_t size_bytes,
                          Esep__V1__FileName *ret_message)
{
    esep__v1__file_name__init(ret_message);
    ret_message->sha256 = esep_pb(sha256->bytes, sizeof sha256->bytes);
    ret_message->size_bytes = size_bytes;
}

enum esep_status esep_evidence_read(const Esep__V1__EvidenceReceipt *message, uint32_t office,
                                    struct esep_evidence *ret)
{
    struct esep_evidence e = {.office = office};
    if (message == NULL || message->proof == NULL || message->proof->growth == NULL ||
        esep_file_name_read(message->file, &e.sha256, &e.size_bytes) != ESEP_OK)
        return ESEP_INVALID;
    e.log_index = message->proof->index;
    e.accepted_at = message->proof->accepted_at_us;
    read_growth(message->proof->growth, &e.checkpoint_size, &e.checkpoint_root);
    *ret = e;
    return ESEP_OK;
}

void esep_evidence_write(const struct esep_evidence *e, Esep__V1__EvidenceReceipt *ret_message,
                         Esep__V1__FileName *ret_file)
{
    esep_file_name_write(&e->sha256, e->size_bytes, ret_file);
    esep__v1__evidence_receipt__init(ret_message);
    ret_message->file = ret_file;
}
