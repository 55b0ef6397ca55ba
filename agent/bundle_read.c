/* agent/bundle_read.c - reading a bundle with the collector's key. The file is a stranger's. */
#include "agent/bundle.h"
#include "wire/unpack.h"

/* A Batch of nothing but tiny entries costs 16 bytes each in the array, and 16 in the arena. */
#define ARENA_BYTES (8u * 1024u * 1024u)

static enum esep_status take_record(struct agent_bundle_reader *r, struct esep_envelope *ret,
                                    struct esep_reason *reason)
{
    if (r->rest.len < 4)
        return esep_because(reason, ESEP_INVALID, "bundle: cut off, entries are missing");
    uint32_t len = esep_be32(r->rest.data);
    if (len > AGENT_BUNDLE_RECORD_MAX)
        return esep_because(reason, ESEP_INVALID, "bundle: a record of %u bytes is too long", len);
    if (len > r->rest.len - 4)
        return esep_because(reason, ESEP_INVALID, "bundle: cut off within a record");
    struct esep_slice frame = esep_slice(r->rest.data + 4, len);
    r->record = frame;
    r->rest = esep_slice(r->rest.data + 4 + len, r->rest.len - 4 - len);
    return esep_envelope_read(frame, ret, reason);
}

static enum esep_status open_record(struct agent_bundle_reader *r,
                                    const struct esep_envelope *envelope,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    const ProtobufCMessage **ret, struct esep_reason *reason)
{
    esep_arena_reset(&r->arena);
    enum esep_status status = esep_session_open(&r->session, envelope, &r->plain);
    if (status == ESEP_NOMEM)
        return esep_because(reason, status, "no memory to read the bundle");
    if (status != ESEP_OK)
        return esep_because(reason, ESEP_INVALID, "bundle: a record does not open: it was changed");
    status = esep_unpack(descriptor, esep_buf_slice(&r->plain), &r->arena, ret);
    return status == ESEP_OK
               ? ESEP_OK
               : esep_because(reason, status, "bundle: a record cannot be understood");
}

static enum esep_status read_head(struct agent_bundle_reader *r,
                                  const struct esep_box_key *seal_key,
                                  const struct esep_hash *log_id, struct esep_reason *reason)
{
    struct esep_envelope envelope;
    const ProtobufCMessage *message = NULL;
    enum esep_status status = take_record(r, &envelope, reason);
    if (status != ESEP_OK)
        return status;
    if (envelope.kind != ESEP__V1__KIND__KIND_BUNDLE)
        return esep_because(reason, ESEP_INVALID, "bundle: does not begin with its head");
    status = esep_session_accept(&r->session, &envelope, seal_key, log_id);
    if (status == ESEP_DENIED)
        return esep_because(reason, ESEP_DENIED, "bundle: made for another log");
    if (status != ESEP_OK)
        return esep_because(reason, status, "bundle: its key cannot be used");
    status = open_record(r, &envelope, &esep__v1__bundle_head__descriptor, &message, reason);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__BundleHead *head = (const Esep__V1__BundleHead *)message;
    if (head->commitment == NULL || esep_commitment_read(head->commitment, &r->commitment) != 0 ||
        head->auth.len != sizeof r->auth || head->first_seq == 0 || head->count == 0 ||
        head->first_seq > r->commitment.seq ||
        head->count != r->commitment.seq - head->first_seq + 1 ||
        !esep_slice_equal(esep_slice_pb(head->salt), r->salt) ||
        (head->files == 0) != (head->file_bytes == 0))
        return esep_because(reason, ESEP_INVALID, "bundle: its head contradicts itself");
    memcpy(r->auth, head->auth.data, sizeof r->auth);
    r->first_seq = head->first_seq;
    r->next_seq = head->first_seq;
    r->count = head->count;
    r->made_at = head->made_at_us;
    r->files = r->files_left = head->files;
    r->file_bytes = r->bytes_left = head->file_bytes;
    return ESEP_OK;
}

enum esep_status agent_bundle_open(struct agent_bundle_reader *ret, struct esep_slice file,
                                   const struct esep_box_key *seal_key,
                                   const struct esep_hash *log_id, struct esep_reason *reason)
{
    const size_t magic_len = strlen(AGENT_BUNDLE_MAGIC);
    if (file.len < magic_len || memcmp(file.data, AGENT_BUNDLE_MAGIC, magic_len) != 0)
        return esep_because(reason, ESEP_INVALID,
                            "this file is no bundle: give one that esep-agent bundle export wrote");
    if (file.len < magic_len + AGENT_BUNDLE_SALT_BYTES)
        return esep_because(reason, ESEP_INVALID, "bundle: cut off, entries are missing");
    const size_t start = magic_len + AGENT_BUNDLE_SALT_BYTES;
    struct agent_bundle_reader r = {
        .rest = esep_slice(file.data + start, file.len - start),
        .salt = esep_slice(file.data + magic_len, AGENT_BUNDLE_SALT_BYTES),
    };
    esep_buf_init(&r.plain, AGENT_BUNDLE_RECORD_MAX);
    enum esep_status status = esep_arena_init(&r.arena, ARENA_BYTES);
    if (status != ESEP_OK)
        return esep_because(reason, status, "no memory to read the bundle");
    status = read_head(&r, seal_key, log_id, reason);
    if (status != ESEP_OK) {
        agent_bundle_close(&r);
        return status;
    }
    *ret = r;
    return ESEP_OK;
}

bool agent_bundle_verify(const struct agent_bundle_reader *r, const struct esep_hash *log_id,
                         const uint8_t sign_public[ESEP_KEY_BYTES])
{
    const struct esep_commitment *c = &r->commitment;
    struct esep_hash joined =
        esep_auth_statement(r->session.office_ephemeral, r->session.collector_public, log_id,
                            esep_slice(c->signature, sizeof c->signature));
    return esep_commitment_verify(log_id, c, sign_public) &&
           esep_verify(sign_public, esep_slice(joined.bytes, sizeof joined.bytes), r->auth);
}

enum esep_status agent_bundle_next(struct agent_bundle_reader *r, const Esep__V1__Batch **ret_batch,
                                   struct esep_reason *reason)
{
    struct esep_envelope envelope;
    const ProtobufCMessage *message = NULL;
    if (r->next_seq > r->commitment.seq)
        return r->rest.len == 0 || r->files > 0
                   ? ESEP_NOT_FOUND
                   : esep_because(reason, ESEP_INVALID, "bundle: something follows its end");
    enum esep_status status = take_record(r, &envelope, reason);
    if (status == ESEP_OK && envelope.kind != ESEP__V1__KIND__KIND_BATCH)
        status = esep_because(reason, ESEP_INVALID, "bundle: a record of another kind");
    if (status == ESEP_OK)
        status = open_record(r, &envelope, &esep__v1__batch__descriptor, &message, reason);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Batch *batch = (const Esep__V1__Batch *)message;
    if (batch->first_seq != r->next_seq || batch->n_entries == 0 ||
        batch->n_entries > r->commitment.seq - r->next_seq + 1)
        return esep_because(reason, ESEP_INVALID, "bundle: its entries are out of order");
    r->next_seq += batch->n_entries;
    *ret_batch = batch;
    return ESEP_OK;
}

static enum esep_status not_so(struct esep_reason *reason)
{
    return esep_because(reason, ESEP_INVALID, "bundle: its files are out of order");
}

static enum esep_status take_chunk(struct agent_bundle_reader *r, const Esep__V1__Chunk *chunk,
                                   struct agent_bundle_piece *ret, struct esep_reason *reason)
{
    struct agent_file file;
    const size_t len = chunk->data.len;
    if (esep_file_name_read(chunk->file, &file.sha256, &file.size_bytes) != ESEP_OK)
        return not_so(reason);
    if (r->file_at == 0) {
        r->file = file;
        esep_hashing_init(&r->hashing);
    }
    const uint64_t left = r->file.size_bytes - r->file_at;
    if (r->files_left == 0 || file.size_bytes != r->file.size_bytes ||
        !esep_hash_equal(&file.sha256, &r->file.sha256) || chunk->offset != r->file_at ||
        len == 0 || len > left || len > AGENT_BUNDLE_PIECE_BYTES || len > r->bytes_left ||
        (len < AGENT_BUNDLE_PIECE_BYTES && len != left))
        return not_so(reason);
    *ret = (struct agent_bundle_piece){
        .file = file, .offset = r->file_at, .data = esep_slice_pb(chunk->data)};
    esep_hashing_add(&r->hashing, ret->data);
    r->file_at += len;
    r->bytes_left -= len;
    return ESEP_OK;
}

static enum esep_status take_end(struct agent_bundle_reader *r, const Esep__V1__Offer *offer,
                                 struct agent_bundle_piece *ret, struct esep_reason *reason)
{
    struct agent_file file;
    if (offer->n_files != 1 || offer->n_gone != 0 ||
        esep_file_name_read(offer->files[0], &file.sha256, &file.size_bytes) != ESEP_OK ||
        file.size_bytes != r->file.size_bytes || !esep_hash_equal(&file.sha256, &r->file.sha256))
        return not_so(reason);
    const struct esep_hash came = esep_hashing_done(&r->hashing);
    if (!esep_hash_equal(&came, &file.sha256))
        return esep_because(reason, ESEP_INVALID,
                            "bundle: the bytes of a file are not those of its name");
    *ret = (struct agent_bundle_piece){.file = file, .offset = file.size_bytes};
    r->file_at = 0;
    r->files_left--;
    return ESEP_OK;
}

enum esep_status agent_bundle_next_piece(struct agent_bundle_reader *r,
                                         struct agent_bundle_piece *ret, struct esep_reason *reason)
{
    struct esep_envelope envelope;
    const ProtobufCMessage *message = NULL;
    ESEP_ASSERT(r->next_seq > r->commitment.seq);
    if (r->files_left == 0 && r->bytes_left > 0)
        return not_so(reason);
    if (r->files_left == 0)
        return r->rest.len == 0
                   ? ESEP_NOT_FOUND
                   : esep_because(reason, ESEP_INVALID, "bundle: something follows its end");
    const bool whole = r->file_at > 0 && r->file_at == r->file.size_bytes;
    const Esep__V1__Kind kind = whole ? ESEP__V1__KIND__KIND_OFFER : ESEP__V1__KIND__KIND_CHUNK;
    enum esep_status status = take_record(r, &envelope, reason);
    if (status == ESEP_OK && envelope.kind != kind)
        status = not_so(reason);
    if (status == ESEP_OK)
        status = open_record(r, &envelope,
                             whole ? &esep__v1__offer__descriptor : &esep__v1__chunk__descriptor,
                             &message, reason);
    if (status != ESEP_OK)
        return status;
    return whole ? take_end(r, (const Esep__V1__Offer *)message, ret, reason)
                 : take_chunk(r, (const Esep__V1__Chunk *)message, ret, reason);
}

void agent_bundle_close(struct agent_bundle_reader *r)
{
    if (r == NULL)
        return;
    esep_session_done(&r->session);
    esep_buf_done(&r->plain);
    esep_arena_done(&r->arena);
}
