/* tests/fuzz/agent_watch.c - what must hold of everything the uplink core asks for.
 *
 * The collector's side opens each frame and unpacks it: every signed head names the hash that the
 * journal truly holds at its sequence, entries are the journal's own and follow each other, no more
 * bytes than were granted. A STORE moves nothing without a receipt whose leaf stands in the log and
 * names the journal's own hash. What people are shown is one line of text.
 */
#include "agent_world.h"

static const ProtobufCMessage *open(struct world *w, const struct esep_envelope *envelope,
                                    const ProtobufCMessageDescriptor *descriptor)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&w->arena);
    FUZZ_CHECK(esep_session_open(&w->collector, envelope, &w->plain) == ESEP_OK);
    FUZZ_CHECK(esep_unpack(descriptor, esep_buf_slice(&w->plain), &w->arena, &message) == ESEP_OK);
    return message;
}

static uint64_t check_head(const struct world *w, const Esep__V1__Commitment *message)
{
    struct esep_commitment c;
    FUZZ_CHECK(esep_commitment_read(message, &c) == ESEP_OK);
    FUZZ_CHECK(esep_commitment_verify(&w->config.log_id, &c, w->config.sign_key.public));
    FUZZ_CHECK(c.office == w->config.office && c.epoch == w->journal.epoch);
    FUZZ_CHECK(c.seq <= w->journal.last_seq);
    FUZZ_CHECK(esep_hash_equal(&c.head, &w->entries[c.seq].chain));
    return c.seq;
}

static void check_hello(struct world *w, const struct esep_envelope *envelope)
{
    FUZZ_CHECK(esep_session_accept(&w->collector, envelope, &w->seal_key, &w->config.log_id) ==
               ESEP_OK);
    const Esep__V1__Hello *hello =
        (const Esep__V1__Hello *)open(w, envelope, &esep__v1__hello__descriptor);
    FUZZ_CHECK(hello->commitment != NULL && hello->auth.len == ESEP_SIGNATURE_BYTES);
    /* The one packet that proves every report: the whole journal, as the core was told of it. */
    FUZZ_CHECK(check_head(w, hello->commitment) == w->journal.last_seq);
    FUZZ_CHECK(hello->journal_first_seq <= w->journal.last_seq + 1);
}

static void check_batch(struct world *w, const struct esep_envelope *envelope, size_t frame_len)
{
    const Esep__V1__Batch *batch =
        (const Esep__V1__Batch *)open(w, envelope, &esep__v1__batch__descriptor);
    w->used_bytes += frame_len;
    FUZZ_CHECK(w->used_bytes <= w->credit_bytes);
    FUZZ_CHECK(batch->n_entries > 0 || batch->commitment != NULL);
    for (size_t i = 0; i < batch->n_entries; i++) {
        const uint64_t seq = batch->first_seq + i;
        FUZZ_CHECK(seq >= 1 && seq <= w->journal.last_seq);
        FUZZ_CHECK(esep_slice_equal(esep_slice_pb(batch->entries[i]), w->entries[seq].bytes));
    }
    if (batch->n_entries > 0) {
        FUZZ_CHECK(w->next_seq == 0 || batch->first_seq == w->next_seq);
        w->next_seq = batch->first_seq + batch->n_entries;
    }
    if (batch->commitment != NULL) {
        const uint64_t seq = check_head(w, batch->commitment);
        FUZZ_CHECK(batch->n_entries == 0 || seq == w->next_seq - 1);
    }
}

static void check_frame(struct world *w, struct esep_slice frame)
{
    struct esep_envelope envelope;
    FUZZ_CHECK(w->connected);
    FUZZ_CHECK(esep_envelope_read(frame, &envelope, NULL) == ESEP_OK);
    FUZZ_CHECK(envelope.version == ESEP_WIRE_VERSION);
    switch (envelope.kind) {
    case ESEP__V1__KIND__KIND_HELLO:
        check_hello(w, &envelope);
        break;
    case ESEP__V1__KIND__KIND_BATCH:
        check_batch(w, &envelope, frame.len);
        break;
    case ESEP__V1__KIND__KIND_PULL: {
        const Esep__V1__Pull *pull =
            (const Esep__V1__Pull *)open(w, &envelope, &esep__v1__pull__descriptor);
        /* Acknowledged: durable, unless WELCOME said that numbers are given anew. */
        FUZZ_CHECK(pull->through <= w->journal.mail_through || pull->through <= w->mail_max);
        break;
    }
    default:
        FUZZ_CHECK(envelope.kind == ESEP__V1__KIND__KIND_PING);
        (void)open(w, &envelope, &esep__v1__ping__descriptor);
        break;
    }
}

static void check_receipt(const struct world *w, const struct esep_receipt *r)
{
    FUZZ_CHECK(r->office == w->config.office && r->epoch == w->journal.epoch);
    FUZZ_CHECK(r->through_seq <= w->journal.last_seq && r->first_seq <= r->through_seq);
    FUZZ_CHECK(esep_hash_equal(&r->head, &w->entries[r->through_seq].chain));
}

/* What is stored is what the leaf says, and that is the office's own. */
static void check_said(const struct world *w, const struct esep_receipt *r,
                       const struct agent_proof *proof)
{
    const bool entries = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    struct esep_leaf leaf;
    FUZZ_CHECK(esep_leaf_unpack(esep_slice(proof->leaf, sizeof proof->leaf), &leaf) == ESEP_OK);
    FUZZ_CHECK(leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT &&
               leaf.flags == (entries ? ESEP_LEAF_CLOSES : 0) && leaf.office == r->office &&
               leaf.epoch == r->epoch && leaf.seq == r->through_seq &&
               leaf.accepted_at == r->accepted_at && esep_hash_equal(&leaf.head, &r->head));
    FUZZ_CHECK(proof->index == r->last_index + entries && proof->index < r->checkpoint_size);
    FUZZ_CHECK(memcmp(proof->key, w->config.sign_key.public, sizeof proof->key) == 0);
}

/* The leaf is in the log that the collector showed last, or in an earlier generation. */
static void check_proof(const struct world *w, const struct agent_proof *proof)
{
    const struct esep_hash leaf = esep_merkle_leaf(esep_slice(proof->leaf, sizeof proof->leaf));
    struct esep_hash known;
    FUZZ_CHECK(proof->generation <= w->log.generation);
    if (proof->generation < w->log.generation)
        return;
    FUZZ_CHECK(esep_merkle_recent_get(&w->log.recent, (struct esep_merkle_place){0, proof->index},
                                      &known));
    FUZZ_CHECK(esep_hash_equal(&known, &leaf));
}

static void check_store(const struct world *w, const struct agent_store *s)
{
    uint64_t receipted = w->journal.receipted_seq;
    uint64_t promised = w->journal.promised_seq;
    for (size_t i = 0; i < s->receipt_count; i++) {
        const struct esep_receipt *r = &s->receipts[i];
        check_receipt(w, r);
        check_said(w, r, &s->proofs[i]);
        uint64_t *mark =
            r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES ? &receipted : &promised;
        if (r->through_seq > *mark)
            *mark = r->through_seq;
    }
    /* The marks are what these receipts give, and what is gathered behind them; never less. */
    FUZZ_CHECK(s->receipted_seq >= receipted && s->receipted_seq <= w->journal.last_seq);
    FUZZ_CHECK(s->promised_seq >= promised && s->promised_seq <= w->journal.last_seq);
    FUZZ_CHECK(s->receipted_seq == receipted && s->promised_seq == promised);
    size_t bytes = 0;
    for (size_t i = 0; i < s->mail_count; i++) {
        FUZZ_CHECK(i == 0 || s->mails[i].number > s->mails[i - 1].number ||
                   w->mail_max >= s->mails[i].number);
        FUZZ_CHECK(s->mails[i].bytes.len <= WORLD_MAIL_BYTES);
        bytes += s->mails[i].bytes.len;
    }
    FUZZ_CHECK(bytes <= 2 * (size_t)WORLD_MAIL_BYTES);
    FUZZ_CHECK(s->receipt_count > 0 || s->mail_count > 0 || s->evidence_count > 0 ||
               s->view != NULL || s->tree != NULL || s->split != NULL || s->log_keys != NULL);
    for (size_t i = 0; i < s->receipt_count; i++)
        check_proof(w, &s->proofs[i]);
}

void world_watch(struct world *w, const struct agent_effect *e)
{
    switch (e->kind) {
    case AGENT_EFFECT_CONNECT:
        FUZZ_CHECK(e->broker < w->config.broker_count);
        break;
    case AGENT_EFFECT_DISCONNECT:
        break;
    case AGENT_EFFECT_SEND:
        check_frame(w, e->frame);
        break;
    case AGENT_EFFECT_READ:
        FUZZ_CHECK(e->bytes_max > 0);
        break;
    case AGENT_EFFECT_READ_FILE:
        FUZZ_CHECK(e->bytes_max > 0 && e->offset + e->bytes_max <= e->file.size_bytes);
        break;
    case AGENT_EFFECT_STORE:
        check_store(w, e->store);
        break;
    case AGENT_EFFECT_KEEP:
    case AGENT_EFFECT_NOTIFY:
        break;
    default:
        FUZZ_CHECK(false);
    }
}

void world_watch_status(const struct world *w)
{
    struct agent_status s;
    agent_status_get(w->agent, &s);
    FUZZ_CHECK(s.receipted_seq <= s.last_seq && s.promised_seq <= s.last_seq);
    FUZZ_CHECK(s.receipted_seq == w->journal.receipted_seq);
    FUZZ_CHECK(s.promised_seq == w->journal.promised_seq);
    FUZZ_CHECK(s.sent_seq <= s.last_seq);
    FUZZ_CHECK(agent_state_name(s.state) != NULL && agent_why_name(s.why) != NULL);
    /* It goes into a file of lines and into JSON: a stranger's text must not break either. */
    FUZZ_CHECK(memchr(s.text, '\0', sizeof s.text) != NULL);
    FUZZ_CHECK(esep_utf8_valid(esep_slice_str(s.text)));
    FUZZ_CHECK(strpbrk(s.text, "\r\n\t") == NULL);
}
