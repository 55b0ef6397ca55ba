/* agent/bundle.c - writing a bundle. Reading one is in bundle_read.c. */
#include "agent/bundle.h"

#include "agent/batch_text.h"
#include "wire/unpack.h"

/* Appends one envelope behind its length. */
static enum esep_status put_record(struct agent_bundle *b, Esep__V1__Kind kind,
                                   struct esep_slice plain, struct esep_buf *out)
{
    uint8_t length[4] = {0};
    size_t at = out->len;
    enum esep_status status = esep_buf_put(out, length, sizeof length);
    if (status == ESEP_OK)
        status = kind == ESEP__V1__KIND__KIND_BUNDLE
                     ? esep_session_seal_first(&b->session, kind, plain, out)
                     : esep_session_seal_bundle(&b->session, kind, plain, out);
    if (status != ESEP_OK) {
        out->len = at;
        return status;
    }
    esep_be32_put(out->data + at, (uint32_t)(out->len - at - sizeof length));
    return ESEP_OK;
}

void agent_bundle_seed(const struct esep_sign_key *key, const uint8_t salt[AGENT_BUNDLE_SALT_BYTES],
                       uint8_t ret_seed[32])
{
    const struct esep_slice parts[] = {esep_slice_str("esep/bundle/v1"),
                                       esep_slice(salt, AGENT_BUNDLE_SALT_BYTES)};
    esep_kdf(key->secret, parts, 2, ret_seed); /* its first half is the key's own seed */
}

static enum esep_status put_head(struct agent_bundle *b, const struct agent_bundle_request *r,
                                 struct esep_buf *out)
{
    uint8_t auth[ESEP_SIGNATURE_BYTES];
    const struct esep_commitment *c = &r->commitment;
    struct esep_hash joined =
        esep_auth_statement(b->session.office_ephemeral, b->session.collector_public, &r->log_id,
                            esep_slice(c->signature, sizeof c->signature));
    esep_sign(&r->sign_key, esep_slice(joined.bytes, sizeof joined.bytes), auth);
    Esep__V1__Commitment commitment = ESEP__V1__COMMITMENT__INIT;
    esep_commitment_write(c, &commitment);
    Esep__V1__BundleHead head = ESEP__V1__BUNDLE_HEAD__INIT;
    head.commitment = &commitment;
    head.auth = esep_pb(auth, sizeof auth);
    head.first_seq = r->first_seq;
    head.count = c->seq - r->first_seq + 1;
    head.made_at_us = r->made_at;
    head.mail_through = r->mail_through;
    head.tree_generation = r->tree_generation;
    head.tree_size = r->tree_size;
    head.log_key = r->log_key;
    head.features = UINT32_C(1) << ESEP__V1__FEATURE__FEATURE_COSIGNED;
    head.cosigned_size = r->cosigned_size;
    head.proven_size = r->proven_size;
    head.files = r->files;
    head.file_bytes = r->file_bytes;
    head.salt = esep_pb((uint8_t *)(uintptr_t)r->salt, sizeof r->salt);
    enum esep_status status = esep_pack(&head.base, &b->plain);
    if (status == ESEP_OK)
        status = put_record(b, ESEP__V1__KIND__KIND_BUNDLE, esep_buf_slice(&b->plain), out);
    esep_buf_clear(&b->plain);
    return status;
}

enum esep_status agent_bundle_begin(struct agent_bundle *ret,
                                    const struct agent_bundle_request *request,
                                    struct esep_buf *out)
{
    if (request->first_seq == 0 || request->first_seq > request->commitment.seq)
        return ESEP_INVALID;
    size_t before = out->len;
    uint8_t seed[32];
    struct agent_bundle b = {.commitment = request->commitment,
                             .log_id = request->log_id,
                             .sign_key = request->sign_key,
                             .next_seq = request->first_seq,
                             .files = request->files,
                             .file_bytes = request->file_bytes};
    esep_buf_init(&b.plain, AGENT_BUNDLE_RECORD_MAX);
    agent_bundle_seed(&request->sign_key, request->salt, seed);
    enum esep_status status =
        esep_session_begin(&b.session, seed, request->seal_public, &request->log_id);
    esep_wipe(seed, sizeof seed);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&b.plain, AGENT_BUNDLE_FRAME_BYTES);
    if (status == ESEP_OK)
        status = esep_buf_put(out, AGENT_BUNDLE_MAGIC, strlen(AGENT_BUNDLE_MAGIC));
    if (status == ESEP_OK)
        status = esep_buf_put(out, request->salt, sizeof request->salt);
    if (status == ESEP_OK)
        status = put_head(&b, request, out);
    if (status != ESEP_OK) {
        out->len = before;
        agent_bundle_done(&b);
        return status;
    }
    *ret = b;
    return ESEP_OK;
}

/* Under a signed head of its own: the collector takes in each frame when it has it. */
static enum esep_status flush(struct agent_bundle *b, struct esep_buf *out)
{
    struct esep_commitment head = b->commitment;
    if (b->next_seq <= b->commitment.seq) {
        head.seq = b->next_seq - 1;
        head.head = b->last;
        esep_commitment_sign(&b->log_id, &head, &b->sign_key);
    }
    agent_batch_put_commitment(&b->plain, &head);
    enum esep_status status =
        put_record(b, ESEP__V1__KIND__KIND_BATCH, esep_buf_slice(&b->plain), out);
    if (status == ESEP_OK) {
        esep_buf_clear(&b->plain);
        b->plain_entries = 0;
    }
    return status;
}

static enum esep_status add_one(struct agent_bundle *b, const struct agent_entry *e,
                                struct esep_buf *out)
{
    enum esep_status status = ESEP_OK;
    size_t cost = agent_batch_cost(e->bytes);
    if (e->seq != b->next_seq || e->seq > b->commitment.seq)
        return ESEP_INVALID;
    if (b->plain_entries == AGENT_BUNDLE_FRAME_ENTRIES ||
        (b->plain_entries > 0 &&
         AGENT_BATCH_OVERHEAD + b->plain.len + cost > AGENT_BUNDLE_FRAME_BYTES))
        status = flush(b, out);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&b->plain, cost + AGENT_BATCH_OVERHEAD);
    if (status != ESEP_OK)
        return status;
    if (b->plain_entries == 0)
        agent_batch_put_first(&b->plain, e->seq);
    agent_batch_put_entry(&b->plain, e->bytes);
    b->plain_entries++;
    b->next_seq++;
    b->last = e->chain;
    return e->seq < b->commitment.seq ? ESEP_OK : flush(b, out);
}

enum esep_status agent_bundle_add(struct agent_bundle *b, const struct agent_entry *entries,
                                  size_t count, struct esep_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        enum esep_status status = add_one(b, &entries[i], out);
        if (status != ESEP_OK)
            return status;
    }
    return ESEP_OK;
}

static bool entries_done(const struct agent_bundle *b)
{
    return b->next_seq > b->commitment.seq && b->plain_entries == 0;
}

/* A small message as a record of its own. */
static enum esep_status put_message(struct agent_bundle *b, Esep__V1__Kind kind,
                                    const ProtobufCMessage *message, struct esep_buf *out)
{
    esep_buf_clear(&b->plain);
    enum esep_status status = esep_pack(message, &b->plain);
    if (status == ESEP_OK)
        status = put_record(b, kind, esep_buf_slice(&b->plain), out);
    esep_buf_clear(&b->plain);
    return status;
}

static enum esep_status end_file(struct agent_bundle *b, struct esep_buf *out)
{
    Esep__V1__Offer offer = ESEP__V1__OFFER__INIT;
    Esep__V1__FileName name;
    Esep__V1__FileName *one = &name;
    esep_file_name_write(&b->file.sha256, b->file.size_bytes, &name);
    offer.files = &one;
    offer.n_files = 1;
    b->files--;
    b->file_at = 0;
    return put_message(b, ESEP__V1__KIND__KIND_OFFER, &offer.base, out);
}

enum esep_status agent_bundle_add_piece(struct agent_bundle *b, const struct agent_file *file,
                                        struct esep_slice piece, struct esep_buf *out)
{
    Esep__V1__Chunk chunk = ESEP__V1__CHUNK__INIT;
    Esep__V1__FileName name;
    if (b->file_at == 0)
        b->file = *file;
    if (!entries_done(b) || b->files == 0 || piece.len == 0 ||
        piece.len > AGENT_BUNDLE_PIECE_BYTES || piece.len > b->file_bytes ||
        file->size_bytes != b->file.size_bytes ||
        !esep_hash_equal(&file->sha256, &b->file.sha256) ||
        piece.len > file->size_bytes - b->file_at ||
        (piece.len < AGENT_BUNDLE_PIECE_BYTES && piece.len != file->size_bytes - b->file_at))
        return ESEP_INVALID;
    esep_file_name_write(&file->sha256, file->size_bytes, &name);
    chunk.file = &name;
    chunk.offset = b->file_at;
    chunk.data = esep_pb((uint8_t *)(uintptr_t)piece.data, piece.len);
    enum esep_status status = put_message(b, ESEP__V1__KIND__KIND_CHUNK, &chunk.base, out);
    if (status != ESEP_OK)
        return status;
    b->file_at += piece.len;
    b->file_bytes -= piece.len;
    return b->file_at < file->size_bytes ? ESEP_OK : end_file(b, out);
}

bool agent_bundle_complete(const struct agent_bundle *b)
{
    return entries_done(b) && b->files == 0 && b->file_bytes == 0;
}

void agent_bundle_done(struct agent_bundle *b)
{
    if (b == NULL)
        return;
    esep_session_done(&b->session);
    esep_wipe(&b->sign_key, sizeof b->sign_key);
    if (b->plain.data != NULL)
        esep_wipe(b->plain.data, b->plain.cap);
    esep_buf_done(&b->plain);
}
