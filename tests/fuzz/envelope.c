/* tests/fuzz/envelope.c - a frame from a stranger: read, and if it is read, the only one of its
 * kind.
 *
 * Property: write(read(frame)) == frame, and the fields lie inside the frame.
 */
#include "wire/envelope.h"

#include "fuzz.h"

static void check_inside(struct esep_slice field, const uint8_t *data, size_t size)
{
    if (field.len > 0)
        FUZZ_CHECK(field.data >= data && field.len <= size - (size_t)(field.data - data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct esep_envelope envelope;
    struct esep_reason reason = {.text = ""};
    if (esep_envelope_read(esep_slice(data, size), &envelope, &reason) != ESEP_OK) {
        FUZZ_CHECK(reason.text[0] != '\0');
        return 0;
    }
    FUZZ_CHECK(envelope.session.len == ESEP_SESSION_ID_BYTES);
    FUZZ_CHECK(envelope.ephemeral.len == 0 || envelope.ephemeral.len == 32);
    FUZZ_CHECK(envelope.log_id.len == 0 || envelope.log_id.len == 32);
    check_inside(envelope.session, data, size);
    check_inside(envelope.ephemeral, data, size);
    check_inside(envelope.log_id, data, size);
    check_inside(envelope.sealed, data, size);

    struct esep_buf out;
    uint8_t ad[ESEP_ENVELOPE_AD_MAX];
    esep_buf_init(&out, size + ESEP_ENVELOPE_HEAD_MAX);
    FUZZ_CHECK(esep_envelope_write_head(&envelope, envelope.sealed.len, &out) == ESEP_OK);
    FUZZ_CHECK(esep_buf_put(&out, envelope.sealed.data, envelope.sealed.len) == ESEP_OK);
    FUZZ_CHECK(esep_slice_equal(esep_buf_slice(&out), esep_slice(data, size)));
    FUZZ_CHECK(esep_envelope_ad(&envelope, ad) <= sizeof ad);
    esep_buf_done(&out);
    return 0;
}
