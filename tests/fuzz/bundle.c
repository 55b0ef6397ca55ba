/* tests/fuzz/bundle.c - a file on a stick that somebody brings to the collector.
 *
 * The first byte: 0 the file as it is, with or without its first line; else the file is made here
 * with true keys and the bytes are choices: what its head says, the entries of each record, where
 * it is cut or changed. Properties: entries come in sequence, as many as the head says, or the file
 * is refused with a reason; a file whose head the office signed and nobody changed gives back the
 * very entries that were put in. 3: the reply that goes back, its records sealed with the true
 * session's keys: mail comes whole and in order, receipts are signed, or the file is refused with a
 * reason.
 */
#include "agent/bundle.h"

#include "agent/bundle_reply.h"
#include "fuzz.h"
#include "wire/unpack.h"

static struct esep_box_key seal_key;
static struct esep_sign_key office_key;
static const struct esep_hash log_id = {{7}};

/* What stands behind the entries: as much as the head says, and what its names say. */
static enum esep_status read_files(struct agent_bundle_reader *r, struct esep_reason *reason)
{
    struct agent_bundle_piece piece;
    const uint64_t files = r->files, bytes = r->file_bytes;
    uint64_t whole = 0, came = 0;
    enum esep_status status;
    while ((status = agent_bundle_next_piece(r, &piece, reason)) == ESEP_OK) {
        whole += piece.data.len == 0;
        came += piece.data.len;
        FUZZ_CHECK(piece.offset + piece.data.len <= piece.file.size_bytes);
        FUZZ_CHECK(whole <= files && came <= bytes);
    }
    FUZZ_CHECK(status == ESEP_NOT_FOUND || status == ESEP_INVALID || status == ESEP_LIMIT);
    FUZZ_CHECK(status != ESEP_NOT_FOUND || (whole == files && came == bytes));
    return status;
}

/* Reads all there is; returns how many entries, or UINT64_MAX where it was refused. */
static uint64_t read_all(struct esep_slice file, struct esep_hash *ret_head)
{
    struct agent_bundle_reader r;
    struct esep_reason reason = {""};
    const Esep__V1__Batch *batch = NULL;
    enum esep_status status = agent_bundle_open(&r, file, &seal_key, &log_id, &reason);
    if (status != ESEP_OK) {
        FUZZ_CHECK(status == ESEP_INVALID || status == ESEP_DENIED || status == ESEP_LIMIT);
        FUZZ_CHECK(reason.text[0] != '\0');
        return UINT64_MAX;
    }
    (void)!agent_bundle_verify(&r, &log_id, office_key.public);
    uint64_t next = r.first_seq;
    while ((status = agent_bundle_next(&r, &batch, &reason)) == ESEP_OK) {
        FUZZ_CHECK(batch->first_seq == next && batch->n_entries > 0);
        for (size_t i = 0; i < batch->n_entries; i++)
            *ret_head = esep_chain_step(ret_head, next + i, esep_slice_pb(batch->entries[i]));
        next += batch->n_entries;
    }
    FUZZ_CHECK(status == ESEP_NOT_FOUND || status == ESEP_INVALID || status == ESEP_LIMIT);
    FUZZ_CHECK(status == ESEP_NOT_FOUND || reason.text[0] != '\0');
    if (status == ESEP_NOT_FOUND)
        FUZZ_CHECK(next == r.commitment.seq + 1 && next - r.first_seq == r.count);
    if (status == ESEP_NOT_FOUND)
        status = read_files(&r, &reason);
    agent_bundle_close(&r);
    return status == ESEP_NOT_FOUND ? next - 1 : UINT64_MAX;
}

/* The writer's own file, and what the reader makes of it. */
static void written(struct fuzz_input in)
{
    struct agent_entry entries[32];
    struct agent_bundle_request request = {.log_id = log_id, .first_seq = 1, .salt = {5}};
    struct agent_bundle bundle;
    struct esep_buf file;
    const struct esep_hash start = esep_chain_start(&log_id, 1, 1, office_key.public);
    struct esep_hash head = start;
    const uint8_t how = fuzz_byte(&in);
    const size_t place = (size_t)fuzz_be(&in, 2);
    size_t count = 0;
    for (; count < 32 && in.left > 0; count++) {
        const struct esep_slice bytes = fuzz_bytes(&in, 64 * (size_t)fuzz_byte(&in));
        head = esep_chain_step(&head, count + 1, bytes);
        entries[count] = (struct agent_entry){count + 1, head, bytes};
    }
    memcpy(request.seal_public, seal_key.public, sizeof request.seal_public);
    request.sign_key = office_key;
    request.commitment =
        (struct esep_commitment){.office = 1, .epoch = 1, .seq = count, .head = head};
    esep_commitment_sign(&log_id, &request.commitment, &office_key);
    esep_buf_init(&file, (size_t)1 << 22);
    if (agent_bundle_begin(&bundle, &request, &file) != ESEP_OK) {
        FUZZ_CHECK(count == 0);
        esep_buf_done(&file);
        return;
    }
    FUZZ_CHECK(agent_bundle_add(&bundle, entries, count, &file) == ESEP_OK);
    FUZZ_CHECK(agent_bundle_complete(&bundle));
    agent_bundle_done(&bundle);
    if (how & 1)
        file.len = place % (file.len + 1);
    if ((how & 2) && file.len > 0)
        file.data[place % file.len] ^= (uint8_t)(1 + (how >> 2));
    struct esep_hash made = start;
    const uint64_t through = read_all(esep_buf_slice(&file), &made);
    if (!(how & 3))
        FUZZ_CHECK(through == count && esep_hash_equal(&made, &head));
    if (how & 2) /* whatever is changed, nothing but the true entries comes out */
        FUZZ_CHECK(through == UINT64_MAX || esep_hash_equal(&made, &head));
    esep_buf_done(&file);
}

static void put_record(struct esep_buf *file, const struct esep_buf *frame)
{
    uint8_t len[4];
    esep_be32_put(len, (uint32_t)frame->len);
    FUZZ_CHECK(esep_buf_put(file, len, sizeof len) == ESEP_OK);
    FUZZ_CHECK(esep_buf_put(file, frame->data, frame->len) == ESEP_OK);
}

/* Any head and any records, sealed as they must be. */
static void sealed(struct fuzz_input in)
{
    struct esep_session session;
    struct esep_buf file, frame, plain;
    uint8_t seed[32] = {6}, auth[ESEP_SIGNATURE_BYTES] = {0}, salt[AGENT_BUNDLE_SALT_BYTES] = {8};
    struct esep_commitment c = {.office = 1, .epoch = 1};
    Esep__V1__Commitment commitment;
    Esep__V1__BundleHead head = ESEP__V1__BUNDLE_HEAD__INIT;
    esep_buf_init(&file, (size_t)1 << 22);
    esep_buf_init(&frame, (size_t)1 << 20);
    esep_buf_init(&plain, (size_t)1 << 20);
    FUZZ_CHECK(esep_session_begin(&session, seed, seal_key.public, &log_id) == ESEP_OK);
    c.seq = fuzz_number(&in);
    esep_commitment_write(&c, &commitment);
    head.commitment = &commitment;
    head.first_seq = fuzz_number(&in);
    head.count = fuzz_number(&in);
    const uint8_t how = fuzz_byte(&in);
    head.auth = esep_pb(auth, how & 1 ? 63 : sizeof auth);
    if (how & 2) {
        head.files = fuzz_number(&in);
        head.file_bytes = fuzz_number(&in);
    }
    head.salt = esep_pb(salt, sizeof salt);
    FUZZ_CHECK(esep_pack(&head.base, &plain) == ESEP_OK);
    FUZZ_CHECK(esep_session_seal_first(&session, ESEP__V1__KIND__KIND_BUNDLE,
                                       esep_buf_slice(&plain), &frame) == ESEP_OK);
    FUZZ_CHECK(esep_buf_put(&file, AGENT_BUNDLE_MAGIC, strlen(AGENT_BUNDLE_MAGIC)) == ESEP_OK);
    FUZZ_CHECK(esep_buf_put(&file, salt, sizeof salt) == ESEP_OK);
    put_record(&file, &frame);
    while (in.left > 0) {
        const Esep__V1__Kind kind = (Esep__V1__Kind)fuzz_byte(&in);
        esep_buf_clear(&frame);
        if (esep_session_seal_bundle(&session, kind, fuzz_bytes(&in, (size_t)fuzz_be(&in, 2)),
                                     &frame) == ESEP_OK)
            put_record(&file, &frame);
    }
    struct esep_hash made = {{0}};
    (void)read_all(esep_buf_slice(&file), &made);
    esep_session_done(&session);
    esep_buf_done(&file);
    esep_buf_done(&frame);
    esep_buf_done(&plain);
}

static void read_reply(struct esep_slice file)
{
    struct agent_reply_keys keys = {.log_id = log_id, .sign_key = office_key, .office = 1};
    struct agent_reply_reader r;
    struct agent_reply_item item;
    struct esep_reason reason = {""};
    memcpy(keys.seal_public, seal_key.public, sizeof keys.seal_public);
    enum esep_status status = agent_reply_open(&r, file, &keys, &reason);
    if (status != ESEP_OK) {
        FUZZ_CHECK(status == ESEP_INVALID && reason.text[0] != '\0');
        return;
    }
    bool welcomed = false;
    while ((status = agent_reply_next(&r, &item, &reason)) == ESEP_OK) {
        FUZZ_CHECK(welcomed == (item.kind != AGENT_REPLY_WELCOME));
        welcomed = true;
        if (item.kind == AGENT_REPLY_RECEIPT)
            FUZZ_CHECK(item.receipt.office == 1 && item.message->proof != NULL &&
                       item.message->proof->growth != NULL);
    }
    FUZZ_CHECK(status == ESEP_NOT_FOUND || reason.text[0] != '\0');
    agent_reply_close(&r);
}

static void replied(struct fuzz_input in)
{
    struct esep_session office, collector;
    struct esep_envelope envelope;
    struct esep_buf file, frame;
    uint8_t seed[32], salt[AGENT_BUNDLE_SALT_BYTES] = {9};
    esep_buf_init(&file, (size_t)1 << 22);
    esep_buf_init(&frame, (size_t)1 << 20);
    agent_bundle_seed(&office_key, salt, seed);
    FUZZ_CHECK(esep_session_begin(&office, seed, seal_key.public, &log_id) == ESEP_OK);
    FUZZ_CHECK(esep_session_seal_first(&office, ESEP__V1__KIND__KIND_BUNDLE, esep_slice(salt, 1),
                                       &frame) == ESEP_OK);
    FUZZ_CHECK(esep_envelope_read(esep_buf_slice(&frame), &envelope, NULL) == ESEP_OK);
    FUZZ_CHECK(esep_session_accept(&collector, &envelope, &seal_key, &log_id) == ESEP_OK);
    FUZZ_CHECK(esep_session_establish(&collector, seed) == ESEP_OK);
    FUZZ_CHECK(esep_buf_put(&file, AGENT_REPLY_MAGIC, strlen(AGENT_REPLY_MAGIC)) == ESEP_OK);
    FUZZ_CHECK(esep_buf_put(&file, salt, sizeof salt) == ESEP_OK);
    while (in.left > 0) {
        const Esep__V1__Kind kind = (Esep__V1__Kind)(16 + fuzz_byte(&in) % 4);
        const struct esep_slice text = fuzz_bytes(&in, (size_t)fuzz_be(&in, 2));
        esep_buf_clear(&frame);
        const enum esep_status status =
            kind == ESEP__V1__KIND__KIND_WELCOME
                ? esep_session_seal_first(&collector, kind, text, &frame)
                : esep_session_seal(&collector, kind, text, &frame);
        if (status == ESEP_OK)
            put_record(&file, &frame);
    }
    const uint8_t end[4] = {0};
    FUZZ_CHECK(esep_buf_put(&file, end, sizeof end) == ESEP_OK);
    read_reply(esep_buf_slice(&file));
    esep_session_done(&office);
    esep_session_done(&collector);
    esep_buf_done(&file);
    esep_buf_done(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct esep_hash made = {{0}};
    uint8_t seed[32] = {1};
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    esep_box_key_from_seed(&seal_key, seed);
    seed[0] = 2;
    esep_sign_key_from_seed(&office_key, seed);
    switch (fuzz_byte(&in) % 4) {
    case 0:
        read_reply(esep_slice(in.data, in.left));
        (void)read_all(fuzz_rest(&in), &made);
        break;
    case 3:
        replied(in);
        break;
    case 1:
        written(in);
        break;
    default:
        sealed(in);
        break;
    }
    return 0;
}
