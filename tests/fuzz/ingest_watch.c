/* tests/fuzz/ingest_watch.c - what must hold of everything that ingest stores and says.
 *
 * A receipt is held against the disk: it was signed by the log key and names entries that are
 * committed, of that office, with that hash (law 1). A batch is held against the offices' chains:
 * entries of an epoch follow each other, each once, under a key that is not revoked (laws 2 and 3).
 * At the end the log replayed gives the rows (law 4).
 */
#include "ingest.h"

static const ProtobufCMessage *open(struct ingest *g, struct ingest_office *o,
                                    const struct esep_envelope *envelope,
                                    const ProtobufCMessageDescriptor *descriptor)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&g->arena);
    FUZZ_CHECK(esep_session_open(&o->session, envelope, &g->plain) == ESEP_OK);
    FUZZ_CHECK(esep_unpack(descriptor, esep_buf_slice(&g->plain), &g->arena, &message) == ESEP_OK);
    return message;
}

static struct esep_leaf leaf_at(const struct ingest *g, uint64_t index)
{
    struct esep_leaf leaf;
    FUZZ_CHECK(index < g->disk.count);
    FUZZ_CHECK(esep_leaf_unpack(esep_slice(g->disk.entries[index].leaf, ESEP_LEAF_BYTES), &leaf) ==
               ESEP_OK);
    return leaf;
}

/* The entry that it rests on is on the disk, and says what the receipt says. */
static void check_said(const struct ingest *g, const Esep__V1__Proof *proof,
                       const struct esep_receipt *r)
{
    const bool entries = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    const struct esep_leaf leaf = leaf_at(g, proof->index);
    FUZZ_CHECK(proof->index == r->last_index + entries);
    FUZZ_CHECK(leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT &&
               leaf.flags == (entries ? ESEP_LEAF_CLOSES : 0) && leaf.office == r->office &&
               leaf.epoch == r->epoch && leaf.seq == r->through_seq &&
               leaf.accepted_at == r->accepted_at && esep_hash_equal(&leaf.head, &r->head));
}

static void check_receipt(const struct ingest *g, struct ingest_office *o,
                          const Esep__V1__Receipt *message)
{
    struct esep_receipt r, promise;
    FUZZ_CHECK(esep_receipt_read(message, &r) == ESEP_OK);
    FUZZ_CHECK(r.office == o->number && r.first_seq <= r.through_seq);
    FUZZ_CHECK(r.checkpoint_size <= g->disk.count);
    if (message->credit_bytes > o->credit_bytes)
        o->credit_bytes = message->credit_bytes;
    check_said(g, message->proof, &r);
    const enum esep_status along = esep_receipt_promise(message, &r, &promise);
    FUZZ_CHECK(along == (message->promise != NULL ? ESEP_OK : ESEP_NOT_FOUND));
    if (along == ESEP_OK) {
        FUZZ_CHECK(promise.through_seq >= r.first_seq);
        check_said(g, message->promise, &promise);
    }
    const struct esep_leaf last = leaf_at(g, r.last_index);
    FUZZ_CHECK(last.office == r.office && last.epoch == r.epoch);
    if (r.kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT) {
        FUZZ_CHECK(last.type == ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT);
        return;
    }
    FUZZ_CHECK(r.kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES);
    uint64_t seq = r.first_seq;
    struct esep_hash head = {{0}};
    for (uint64_t i = r.first_index; i <= r.last_index; i++) {
        const struct esep_leaf leaf = leaf_at(g, i);
        if (leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY || leaf.office != r.office ||
            leaf.epoch != r.epoch || leaf.seq != seq)
            continue;
        head = leaf.head;
        seq++;
    }
    FUZZ_CHECK(seq == r.through_seq + 1);
    FUZZ_CHECK(esep_hash_equal(&head, &r.head));
}

static void check_welcome(const struct ingest *g, struct ingest_office *o,
                          const Esep__V1__Welcome *w)
{
    FUZZ_CHECK(w->version == ESEP_WIRE_VERSION && w->head.len == ESEP_HASH_BYTES);
    o->sent_bytes = 0;
    o->credit_bytes = w->credit_bytes;
    FUZZ_CHECK(w->credit_bytes <= g->config.session_credit_bytes);
    if (w->seq == 0)
        return;
    /* What it says is held is on the disk. */
    for (size_t i = 0; i < g->disk.count; i++) {
        const struct esep_leaf leaf = leaf_at(g, i);
        if (leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY && leaf.office == o->number &&
            leaf.epoch == w->epoch && leaf.seq == w->seq) {
            FUZZ_CHECK(memcmp(leaf.head.bytes, w->head.data, ESEP_HASH_BYTES) == 0);
            return;
        }
    }
    FUZZ_CHECK(false);
}

static void to_office(struct ingest *g, struct ingest_office *o,
                      const struct esep_envelope *envelope)
{
    switch (envelope->kind) {
    case ESEP__V1__KIND__KIND_WELCOME:
        check_welcome(
            g, o, (const Esep__V1__Welcome *)open(g, o, envelope, &esep__v1__welcome__descriptor));
        break;
    case ESEP__V1__KIND__KIND_RECEIPT:
        check_receipt(
            g, o, (const Esep__V1__Receipt *)open(g, o, envelope, &esep__v1__receipt__descriptor));
        break;
    case ESEP__V1__KIND__KIND_MAIL: {
        const Esep__V1__Mail *m =
            (const Esep__V1__Mail *)open(g, o, envelope, &esep__v1__mail__descriptor);
        const struct esep_slice body = leaf_at(g, m->log_index).type != 0
                                           ? g->disk.entries[m->log_index].body
                                           : esep_slice(NULL, 0);
        FUZZ_CHECK(m->total_bytes == body.len && m->offset + m->data.len <= body.len);
        FUZZ_CHECK(m->data.len == 0 ||
                   memcmp(m->data.data, body.data + m->offset, m->data.len) == 0);
        break;
    }
    case ESEP__V1__KIND__KIND_PONG:
        (void)open(g, o, envelope, &esep__v1__pong__descriptor);
        break;
    default:
        FUZZ_CHECK(false);
    }
}

static void check_refusal(struct ingest *g, const struct esep_envelope *envelope)
{
    const ProtobufCMessage *message = NULL;
    uint8_t statement[ESEP_REFUSAL_BYTES];
    esep_arena_reset(&g->arena);
    FUZZ_CHECK(esep_unpack(&esep__v1__refusal__descriptor, envelope->sealed, &g->arena, &message) ==
               ESEP_OK);
    const Esep__V1__Refusal *r = (const Esep__V1__Refusal *)message;
    FUZZ_CHECK(r->session.len == ESEP_SESSION_ID_BYTES && r->signature.len == ESEP_SIGNATURE_BYTES);
    esep_refusal_statement(r, statement);
    FUZZ_CHECK(esep_verify(g->signing.memory.keys.present.public,
                           esep_slice(statement, sizeof statement), r->signature.data));
}

void ingest_heard(struct ingest *g, struct esep_slice head, struct esep_slice frame)
{
    struct esep_envelope envelope;
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&g->arena);
    FUZZ_CHECK(esep_unpack(&esep__v1__link_up__descriptor, head, &g->arena, &message) == ESEP_OK);
    FUZZ_CHECK(((const Esep__V1__LinkUp *)message)->what_case == ESEP__V1__LINK_UP__WHAT_TO);
    FUZZ_CHECK(esep_envelope_read(frame, &envelope, NULL) == ESEP_OK);
    FUZZ_CHECK(frame.len <= 4 * INGEST_FRAME_MAX);
    if (envelope.kind == ESEP__V1__KIND__KIND_REFUSAL) {
        check_refusal(g, &envelope);
        return;
    }
    if (envelope.kind == ESEP__V1__KIND__KIND_ENROL_REPLY ||
        envelope.kind == ESEP__V1__KIND__KIND_ORDER_REPLY)
        return;
    for (uint32_t i = 1; i <= INGEST_OFFICES; i++) {
        struct ingest_office *o = &g->offices[i];
        if (memcmp(envelope.session.data, o->session.id, ESEP_SESSION_ID_BYTES) == 0)
            to_office(g, o, &envelope);
    }
}

/* Where the office stands once what is on the disk, and the batch so far, is counted. */
struct standing {
    uint32_t epoch;
    uint64_t seq;
    bool revoked;
};

static void step(struct standing *s, const struct esep_leaf *leaf, struct esep_slice body,
                 bool check)
{
    if (leaf->type == ESEP__V1__LOG_TYPE__LOG_TYPE_KEY) {
        Esep__V1__KeyChange *change = esep__v1__key_change__unpack(NULL, body.len, body.data);
        FUZZ_CHECK(change != NULL);
        if (change->office <= INGEST_OFFICES &&
            change->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED)
            s[change->office].revoked = true;
        esep__v1__key_change__free_unpacked(change, NULL);
        return;
    }
    if (leaf->type != ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY)
        return;
    FUZZ_CHECK(leaf->office >= 1 && leaf->office <= INGEST_OFFICES);
    struct standing *o = &s[leaf->office];
    if (check) {
        FUZZ_CHECK(!o->revoked);
        FUZZ_CHECK(leaf->epoch >= o->epoch);
        FUZZ_CHECK(leaf->seq == (leaf->epoch == o->epoch ? o->seq + 1 : 1));
    }
    o->epoch = leaf->epoch;
    o->seq = leaf->seq;
}

void ingest_check_batch(const struct ingest *g, const struct collector_batch *batch)
{
    struct standing standing[INGEST_OFFICES + 1] = {{0}};
    FUZZ_CHECK(batch->record_count > 0 && batch->record_count <= g->config.batch_records_max);
    FUZZ_CHECK(batch->first_index == g->disk.count);
    for (size_t i = 0; i < g->disk.count; i++) {
        const struct esep_leaf leaf = leaf_at(g, i);
        step(standing, &leaf, g->disk.entries[i].body, false);
    }
    for (size_t i = 0; i < batch->record_count; i++) {
        struct esep_leaf leaf;
        FUZZ_CHECK(esep_leaf_unpack(esep_slice(batch->records[i].leaf, ESEP_LEAF_BYTES), &leaf) ==
                   ESEP_OK);
        step(standing, &leaf, batch->records[i].body, true);
    }
}

void ingest_check_disk(const struct ingest *g)
{
    story_check_replay(&g->disk);
    struct views *loaded = story_load(&g->disk);
    FUZZ_CHECK(loaded != NULL);
    story_ask(loaded);
    views_free(loaded);
}
