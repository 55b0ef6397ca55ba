/* tests/fuzz/enrol.c - answers to an office that enrols, true ones and a lying broker's.
 *
 * The first byte: 0 a frame as it is; 1 a refusal in the clear; 2 one that the log key signed; 3 a
 * sealed EnrolReply of any bytes. Properties: the code is condemned (DENIED) by the log key's
 * signature alone; what is enrolled has a number and a body; a reason is one line of text.
 */
#include "agent/enrol.h"

#include "fuzz.h"
#include "wire/unpack.h"

static struct esep_box_key seal_key;
static struct esep_sign_key log_key;

static void in_the_clear(const struct agent_enrol *e, struct esep_slice bytes, struct esep_buf *out)
{
    const struct esep_envelope head = {.version = ESEP_WIRE_VERSION,
                                       .kind = ESEP__V1__KIND__KIND_REFUSAL,
                                       .session = esep_slice(e->session.id, 16)};
    if (bytes.len == 0)
        return;
    FUZZ_CHECK(esep_envelope_write_head(&head, bytes.len, out) == ESEP_OK);
    FUZZ_CHECK(esep_buf_put(out, bytes.data, bytes.len) == ESEP_OK);
}

static void signed_refusal(const struct agent_enrol *e, struct fuzz_input in, struct esep_buf *out)
{
    uint8_t statement[ESEP_REFUSAL_BYTES];
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    uint8_t packed[512];
    char text[256];
    Esep__V1__Refusal r = ESEP__V1__REFUSAL__INIT;
    r.reason = (Esep__V1__RefusalReason)fuzz_byte(&in);
    r.retry_after_ms = (uint32_t)fuzz_number(&in);
    r.session = esep_pb(e->session.id, 16);
    fuzz_text(&in, text, sizeof text);
    r.text = text;
    esep_refusal_statement(&r, statement);
    esep_sign(&log_key, esep_slice(statement, sizeof statement), signature);
    r.signature = esep_pb(signature, sizeof signature);
    in_the_clear(e, esep_slice(packed, protobuf_c_message_pack(&r.base, packed)), out);
}

/* The collector's half: it opens the request and answers under its key. */
static void reply(struct esep_slice request, struct esep_slice plain, struct esep_buf *out)
{
    struct esep_session s;
    struct esep_envelope envelope;
    struct esep_buf opened;
    const struct esep_hash log_id = {{7}};
    esep_buf_init(&opened, 4096);
    FUZZ_CHECK(esep_envelope_read(request, &envelope, NULL) == ESEP_OK);
    FUZZ_CHECK(esep_session_accept(&s, &envelope, &seal_key, &log_id) == ESEP_OK);
    FUZZ_CHECK(esep_session_open(&s, &envelope, &opened) == ESEP_OK);
    FUZZ_CHECK(esep_session_seal_first(&s, ESEP__V1__KIND__KIND_ENROL_REPLY, plain, out) ==
               ESEP_OK);
    esep_session_done(&s);
    esep_buf_done(&opened);
}

static void check(enum esep_status status, const struct agent_enrol_result *result,
                  const struct esep_reason *reason, uint8_t how)
{
    FUZZ_CHECK(status == ESEP_OK || status == ESEP_DENIED || status == ESEP_LIMIT ||
               status == ESEP_AGAIN);
    FUZZ_CHECK(esep_utf8_valid(esep_slice_str(reason->text)));
    FUZZ_CHECK(strpbrk(reason->text, "\r\n") == NULL);
    if (status == ESEP_OK) {
        FUZZ_CHECK(how == 3 && result->office != 0 && result->body[0] != '\0');
        FUZZ_CHECK(memchr(result->body, '\0', sizeof result->body) != NULL);
    }
    if (status == ESEP_DENIED)
        FUZZ_CHECK(how == 2 && result->refusal_signed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct agent_enrol_request request = {.log_id = {{7}}, .label = "a PC", .seed = {4}};
    struct agent_enrol enrol;
    struct agent_enrol_result result = {0};
    struct esep_reason reason = {""};
    struct esep_buf sent, frame;
    uint8_t seed[32] = {1};
    if (size > (1 << 16))
        return 0;
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    esep_box_key_from_seed(&seal_key, seed);
    esep_sign_key_from_seed(&log_key, seed);
    seed[0] = 3;
    esep_sign_key_from_seed(&request.sign_key, seed);
    memcpy(request.log_public, log_key.public, ESEP_KEY_BYTES);
    memcpy(request.seal_public, seal_key.public, ESEP_KEY_BYTES);
    esep_buf_init(&sent, 1 << 17);
    esep_buf_init(&frame, 1 << 17);
    FUZZ_CHECK(agent_enrol_begin(&enrol, &request, &sent, &reason) == ESEP_OK);
    const uint8_t how = fuzz_byte(&in) & 3;
    if (how == 1)
        in_the_clear(&enrol, fuzz_rest(&in), &frame);
    else if (how == 2)
        signed_refusal(&enrol, in, &frame);
    else if (how == 3)
        reply(esep_buf_slice(&sent), fuzz_rest(&in), &frame);
    const struct esep_slice bytes = how == 0 ? fuzz_rest(&in) : esep_buf_slice(&frame);
    check(agent_enrol_on_frame(&enrol, bytes, &result, &reason), &result, &reason, how);
    agent_enrol_done(&enrol);
    esep_buf_done(&sent);
    esep_buf_done(&frame);
    return 0;
}
