/* tests/fuzz/entry.c - what is read out of unpacked messages: entries, heads, receipts, refusals.
 *
 * The first byte says which message the rest is, as unpack.c goes on from there. Properties: the
 * check of an entry is OK or INVALID with a reason, and is the same for what was packed again; the
 * statement of a head or receipt that was read is that of what is written from it.
 */
#include "domain/report.h"
#include "fuzz.h"
#include "wire/receipt.h"
#include "wire/statement.h"
#include "wire/unpack.h"

static struct esep_arena arena;
static const struct esep_hash log_id;

static const void *unpack(const ProtobufCMessageDescriptor *descriptor, struct esep_slice bytes)
{
    const ProtobufCMessage *message = NULL;
    return esep_unpack(descriptor, bytes, &arena, &message) == ESEP_OK ? message : NULL;
}

static void entry(struct esep_slice bytes)
{
    const Esep__V1__JournalEntry *m = unpack(&esep__v1__journal_entry__descriptor, bytes);
    struct esep_reason reason = {""};
    struct esep_buf packed;
    if (m == NULL)
        return;
    const enum esep_status status = esep_entry_check(m, &reason);
    FUZZ_CHECK(status == ESEP_OK || status == ESEP_INVALID);
    FUZZ_CHECK(status == ESEP_OK || reason.text[0] != '\0');
    FUZZ_CHECK(esep_utf8_valid(esep_slice_str(reason.text)));
    if (m->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT && status == ESEP_OK) {
        FUZZ_CHECK(esep_fulfilment_name(m->report->fulfilment) != NULL);
        FUZZ_CHECK(strlen(m->report->narrative) <= 16384 && m->report->n_money <= 32);
        FUZZ_CHECK(!m->report->nil_report || m->report->nil_reason[0] != '\0');
    }
    esep_buf_init(&packed, (size_t)1 << 22);
    FUZZ_CHECK(esep_pack(&m->base, &packed) == ESEP_OK);
    const Esep__V1__JournalEntry *again =
        unpack(&esep__v1__journal_entry__descriptor, esep_buf_slice(&packed));
    if (again != NULL) /* the arena may be used up */
        FUZZ_CHECK(esep_entry_check(again, NULL) == status);
    esep_buf_done(&packed);
}

static void commitment(struct esep_slice bytes)
{
    const Esep__V1__Commitment *m = unpack(&esep__v1__commitment__descriptor, bytes);
    struct esep_commitment c, again;
    uint8_t first[ESEP_COMMITMENT_BYTES], second[ESEP_COMMITMENT_BYTES];
    if (m == NULL || esep_commitment_read(m, &c) != ESEP_OK)
        return;
    Esep__V1__Commitment written;
    esep_commitment_write(&c, &written);
    FUZZ_CHECK(esep_commitment_read(&written, &again) == ESEP_OK);
    esep_commitment_statement(&log_id, &c, first);
    esep_commitment_statement(&log_id, &again, second);
    FUZZ_CHECK(memcmp(first, second, sizeof first) == 0);
    FUZZ_CHECK(!esep_commitment_verify(&log_id, &c, log_id.bytes));
}

static void receipt(struct esep_slice bytes)
{
    const Esep__V1__Receipt *m = unpack(&esep__v1__receipt__descriptor, bytes);
    struct esep_receipt r, again, promise;
    if (m == NULL || esep_receipt_read(m, &r) != ESEP_OK)
        return;
    const enum esep_status status = esep_receipt_promise(m, &r, &promise);
    FUZZ_CHECK(status == ESEP_OK || m->promise == NULL || status == ESEP_INVALID);
    if (status == ESEP_OK)
        FUZZ_CHECK(promise.office == r.office && promise.epoch == r.epoch &&
                   promise.last_index <= r.last_index);
    FUZZ_CHECK(r.first_seq > 0 && r.first_seq <= r.through_seq && r.first_index <= r.last_index);
    Esep__V1__Receipt written;
    esep_receipt_write(&r, &written);
    written.proof = m->proof;
    FUZZ_CHECK(esep_receipt_read(&written, &again) == ESEP_OK);
    FUZZ_CHECK(memcmp(&r, &again, sizeof r) == 0);
}

static void refusal(struct esep_slice bytes)
{
    const Esep__V1__Refusal *m = unpack(&esep__v1__refusal__descriptor, bytes);
    uint8_t statement[ESEP_REFUSAL_BYTES];
    if (m == NULL || m->session.len != 16)
        return;
    esep_refusal_statement(m, statement);
    FUZZ_CHECK(memcmp(statement + 16, m->session.data, 16) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct esep_slice) = {entry, commitment, receipt, refusal};
    if (size == 0)
        return 0;
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    fuzz_arena(&arena, (size_t)1 << 20);
    readers[data[0] & 3](esep_slice(data + 1, size - 1));
    return 0;
}
