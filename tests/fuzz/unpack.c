/* tests/fuzz/unpack.c - every message of the contract, from bytes of a stranger.
 *
 * The first byte chooses the message, the rest are its bytes. Properties: within the budget; what
 * was unpacked packs, and packs the same a second time around (so nothing we pass on changes
 * again). The budget is small, so that running out of it is common.
 */
#include "wire/unpack.h"

#include "esep/v1/link.pb-c.h"
#include "esep/v1/log.pb-c.h"
#include "esep/v1/plan.pb-c.h"
#include "esep/v1/report.pb-c.h"
#include "esep/v1/wire.pb-c.h"
#include "fuzz.h"

#define BUDGET_BYTES ((size_t)128 << 10)

/* Append only: a seed's first byte is a place in this list. */
static const ProtobufCMessageDescriptor *const messages[] = {
    &esep__v1__journal_entry__descriptor, &esep__v1__report__descriptor,
    &esep__v1__hello__descriptor,         &esep__v1__welcome__descriptor,
    &esep__v1__batch__descriptor,         &esep__v1__receipt__descriptor,
    &esep__v1__mail__descriptor,          &esep__v1__pull__descriptor,
    &esep__v1__ping__descriptor,          &esep__v1__pong__descriptor,
    &esep__v1__refusal__descriptor,       &esep__v1__enrol__descriptor,
    &esep__v1__enrol_reply__descriptor,   &esep__v1__order__descriptor,
    &esep__v1__signed_order__descriptor,  &esep__v1__order_reply__descriptor,
    &esep__v1__bundle_head__descriptor,   &esep__v1__link_down__descriptor,
    &esep__v1__link_up__descriptor,       &esep__v1__plan__descriptor,
    &esep__v1__genesis__descriptor,       &esep__v1__plan_change__descriptor,
    &esep__v1__code_made__descriptor,     &esep__v1__key_change__descriptor,
    &esep__v1__review__descriptor,        &esep__v1__extension__descriptor,
    &esep__v1__control__descriptor,       &esep__v1__alert__descriptor,
    &esep__v1__delivery__descriptor,      &esep__v1__mail_ack__descriptor,
    &esep__v1__presence__descriptor,      &esep__v1__alarm__descriptor,
    &esep__v1__commitment__descriptor,    &esep__v1__envelope__descriptor,
    &esep__v1__account__descriptor,
};

#define MESSAGE_COUNT (sizeof messages / sizeof messages[0])

static void pack_again(const ProtobufCMessageDescriptor *descriptor,
                       const ProtobufCMessage *message)
{
    struct esep_buf first;
    struct esep_buf second;
    static struct esep_arena arena;
    const ProtobufCMessage *again = NULL;
    esep_buf_init(&first, (size_t)1 << 24);
    esep_buf_init(&second, (size_t)1 << 24);
    fuzz_arena(&arena, (size_t)1 << 22);
    FUZZ_CHECK(esep_pack(message, &first) == ESEP_OK);
    FUZZ_CHECK(esep_unpack(descriptor, esep_buf_slice(&first), &arena, &again) == ESEP_OK);
    FUZZ_CHECK(esep_pack(again, &second) == ESEP_OK);
    FUZZ_CHECK(esep_slice_equal(esep_buf_slice(&first), esep_buf_slice(&second)));
    esep_buf_done(&first);
    esep_buf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct esep_arena arena;
    const ProtobufCMessage *message = NULL;
    if (size == 0)
        return 0;
    fuzz_arena(&arena, BUDGET_BYTES);
    const ProtobufCMessageDescriptor *descriptor = messages[data[0] % MESSAGE_COUNT];
    enum esep_status status =
        esep_unpack(descriptor, esep_slice(data + 1, size - 1), &arena, &message);
    FUZZ_CHECK(status == ESEP_OK || status == ESEP_INVALID || status == ESEP_LIMIT);
    FUZZ_CHECK((status == ESEP_OK) == (message != NULL));
    FUZZ_CHECK(arena.used_bytes <= arena.size_bytes);
    if (message != NULL)
        pack_again(descriptor, message);
    return 0;
}
