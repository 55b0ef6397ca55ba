/* tests/fuzz/session.c - a broker's frames at both ends of a session, and tampering by the input.
 *
 * The first two bytes choose a place in a true frame, the third is XORed into it. Properties: a
 * true frame opens to what was sealed; a changed one never opens; the input itself, as a frame,
 * opens nowhere but where it is the true HELLO or WELCOME of the fixed keys (they are among the
 * seeds).
 */
#include "wire/session.h"

#include "fuzz.h"

static struct esep_session fresh_office;
static struct esep_session office;
static struct esep_session collector;
static struct esep_box_key collector_key;
static struct esep_hash log_id;

static void fill(uint8_t *out, uint8_t first)
{
    for (size_t i = 0; i < 32; i++)
        out[i] = (uint8_t)(first + i);
}

static struct esep_envelope read_frame(const struct esep_buf *frame)
{
    struct esep_envelope envelope;
    FUZZ_CHECK(esep_envelope_read(esep_buf_slice(frame), &envelope, NULL) == ESEP_OK);
    return envelope;
}

/* The handshake costs four X25519 operations: once, and each input works on copies. */
static void set_up(struct esep_buf *frame, struct esep_buf *plain)
{
    uint8_t seed[32];
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    fill(log_id.bytes, 0x00);
    fill(seed, 0x51);
    esep_box_key_from_seed(&collector_key, seed);
    fill(seed, 0x31);
    FUZZ_CHECK(esep_session_begin(&office, seed, collector_key.public, &log_id) == ESEP_OK);
    FUZZ_CHECK(esep_session_seal_first(&office, ESEP__V1__KIND__KIND_HELLO, esep_slice_str("hello"),
                                       frame) == ESEP_OK);
    fresh_office = office;
    struct esep_envelope envelope = read_frame(frame);
    FUZZ_CHECK(esep_session_accept(&collector, &envelope, &collector_key, &log_id) == ESEP_OK);
    FUZZ_CHECK(esep_session_open(&collector, &envelope, plain) == ESEP_OK);
    fill(seed, 0x71);
    FUZZ_CHECK(esep_session_establish(&collector, seed) == ESEP_OK);
    esep_buf_clear(frame);
    FUZZ_CHECK(esep_session_seal_first(&collector, ESEP__V1__KIND__KIND_WELCOME,
                                       esep_slice_str("welcome"), frame) == ESEP_OK);
    envelope = read_frame(frame);
    FUZZ_CHECK(esep_session_open(&office, &envelope, plain) == ESEP_OK);
}

static void as_frame(struct esep_slice input, struct esep_buf *plain)
{
    struct esep_envelope envelope;
    if (esep_envelope_read(input, &envelope, NULL) != ESEP_OK)
        return;
    struct esep_session sessions[] = {fresh_office, office, collector};
    for (size_t i = 0; i < 3; i++) {
        if (esep_session_open(&sessions[i], &envelope, plain) == ESEP_OK)
            FUZZ_CHECK(sessions[i].opened && sessions[i].rx_counter == envelope.counter);
    }
    struct esep_session accepted;
    if (envelope.ephemeral.len == 32 &&
        esep_session_accept(&accepted, &envelope, &collector_key, &log_id) == ESEP_OK) {
        FUZZ_CHECK(!accepted.established);
        (void)!esep_session_open(&accepted, &envelope, plain);
    }
}

static void tampered(struct esep_slice input, struct esep_buf *frame, struct esep_buf *plain)
{
    struct esep_session from = office;
    struct esep_session to = collector;
    struct esep_envelope envelope;
    struct esep_slice text = esep_slice(input.data + 3, input.len - 3);
    FUZZ_CHECK(esep_session_seal(&from, ESEP__V1__KIND__KIND_BATCH, text, frame) == ESEP_OK);
    size_t place = ((size_t)input.data[0] << 8 | input.data[1]) % frame->len;
    frame->data[place] ^= input.data[2];
    enum esep_status status = esep_envelope_read(esep_buf_slice(frame), &envelope, NULL);
    if (status == ESEP_OK)
        status = esep_session_open(&to, &envelope, plain);
    FUZZ_CHECK((status == ESEP_OK) == (input.data[2] == 0));
    if (status == ESEP_OK)
        FUZZ_CHECK(esep_slice_equal(esep_buf_slice(plain), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct esep_buf frame;
    struct esep_buf plain;
    if (size > (1 << 16))
        return 0;
    esep_buf_init(&frame, 1 << 17);
    esep_buf_init(&plain, 1 << 17);
    if (!ready)
        set_up(&frame, &plain);
    ready = true;
    as_frame(esep_slice(data, size), &plain);
    esep_buf_clear(&frame);
    if (size >= 3)
        tampered(esep_slice(data, size), &frame, &plain);
    esep_buf_done(&frame);
    esep_buf_done(&plain);
    return 0;
}
