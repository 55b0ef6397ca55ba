/* tests/unit/collector/ingest_heard.c - what the scripted office hears, opened and checked. */
#include "ingest_world.h"
#include "wire/unpack.h"

#include <stdio.h>

void sim_hear(struct ingest *g, struct sim_office *o, struct esep_slice frame);
void sim_read_order_reply(struct esep_slice bytes, struct sim_heard *ret);

/* The proof as an office follows it, which has the log up to where the growth begins: the leaf that
 * the disk has at index, now, stands under a head that the log's key signed. */
static void read_proof(const struct ingest *g, const Esep__V1__Proof *m,
                       const Esep__V1__Growth *grown, struct esep_hash *ret_root)
{
    struct esep_merkle tree;
    struct esep_merkle after;
    struct esep_growth growth;
    struct esep_place place;
    assert_int_equal(esep_growth_read(grown, &growth), ESEP_OK);
    assert_int_equal(esep_place_read(m, &place), ESEP_OK);
    assert_true(growth.size <= g->world.log_count && m->index < growth.size);
    esep_merkle_init(&tree);
    for (uint64_t i = 0; i < growth.from_size; i++)
        esep_merkle_append(&tree, esep_slice(g->world.log[i].leaf, ESEP_LEAF_BYTES));
    assert_int_equal(esep_growth_check(&g->log_id, g->signing.memory.keys.present.public, &tree,
                                       &growth, &after),
                     ESEP_OK);
    const struct esep_hash leaf =
        esep_merkle_leaf(esep_slice(g->world.log[m->index].leaf, ESEP_LEAF_BYTES));
    assert_true(esep_place_check(&tree, &growth, &place, &leaf));
    *ret_root = esep_merkle_root(&after);
}

/* The entry that a receipt rests on is the office's commitment, and says what the receipt says. */
static void read_said(const struct ingest *g, const Esep__V1__Proof *m,
                      const struct esep_receipt *r)
{
    const bool entries = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    uint8_t body[ESEP_SIGNED_COMMITMENT_BYTES];
    struct esep_commitment c;
    struct esep_leaf leaf;
    assert_int_equal(esep_commitment_read(m->commitment, &c), ESEP_OK);
    esep_commitment_pack(&g->log_id, &c, body);
    const struct esep_hash content = esep_content_hash(esep_slice(body, sizeof body));
    assert_int_equal(m->index, r->last_index + entries);
    assert_int_equal(
        esep_leaf_unpack(esep_slice(g->world.log[m->index].leaf, ESEP_LEAF_BYTES), &leaf), ESEP_OK);
    assert_int_equal(leaf.type, LOG(COMMITMENT));
    assert_int_equal(leaf.flags, entries ? ESEP_LEAF_CLOSES : 0);
    assert_true(esep_hash_equal(&leaf.content, &content));
    assert_int_equal(leaf.office, r->office);
    assert_int_equal(leaf.epoch, r->epoch);
    assert_int_equal(leaf.seq, r->through_seq);
    assert_true(esep_hash_equal(&leaf.head, &r->head));
    assert_int_equal(leaf.accepted_at, r->accepted_at);
}

static void read_receipt(const struct ingest *g, const Esep__V1__Receipt *m, struct sim_heard *h)
{
    struct esep_receipt *r = &h->receipt;
    struct esep_hash root;
    struct esep_leaf leaf;
    assert_int_equal(esep_receipt_read(m, r), ESEP_OK);
    h->credit = m->credit_bytes;
    /* Law 1: the log on disk holds what the receipt says, now. */
    read_proof(g, m->proof, m->proof->growth, &r->checkpoint_root);
    read_said(g, m->proof, r);
    h->promised = esep_receipt_promise(m, r, &h->promise) == ESEP_OK;
    assert_int_equal(h->promised, m->promise != NULL);
    if (h->promised) {
        read_proof(g, m->promise, m->proof->growth, &root);
        read_said(g, m->promise, &h->promise);
        assert_true(h->promise.through_seq >= r->first_seq);
    }
    if (r->kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES)
        return;
    assert_int_equal(
        esep_leaf_unpack(esep_slice(g->world.log[r->last_index].leaf, ESEP_LEAF_BYTES), &leaf),
        ESEP_OK);
    assert_int_equal(leaf.type, LOG(ENTRY));
    assert_int_equal(leaf.seq, r->through_seq);
    assert_true(esep_hash_equal(&leaf.head, &r->head));
    assert_true(leaf.accepted_at <= r->accepted_at);
}

static void read_refusal(const struct ingest *g, const Esep__V1__Refusal *m, struct sim_heard *h)
{
    h->refusal.reason = m->reason;
    h->refusal.counter = m->counter;
    h->refusal.epoch = m->epoch;
    h->refusal.seq = m->seq;
    snprintf(h->refusal.text, sizeof h->refusal.text, "%s", m->text);
    uint8_t statement[ESEP_REFUSAL_BYTES];
    assert_int_equal(m->session.len, ESEP_SESSION_ID_BYTES);
    assert_int_equal(m->signature.len, 64);
    esep_refusal_statement(m, statement);
    h->refusal.is_signed = esep_verify(g->signing.memory.keys.present.public,
                                       esep_slice(statement, sizeof statement), m->signature.data);
    assert_true(h->refusal.is_signed);
    assert_true(m->text[0] != '\0');
}

static void read_welcome(const Esep__V1__Welcome *m, struct sim_heard *h)
{
    h->welcome.epoch = m->epoch;
    h->welcome.seq = m->seq;
    assert_int_equal(m->head.len, 32);
    memcpy(h->welcome.head.bytes, m->head.data, 32);
    h->welcome.mail_last = m->mail_last;
    h->welcome.checkpoint_size = m->checkpoint->size;
    snprintf(h->welcome.body, sizeof h->welcome.body, "%s", m->body);
    h->credit = m->credit_bytes;
    h->features = m->features;
    assert_int_equal(m->version, 1);
}

static void read_state(const Esep__V1__FileState *m, struct sim_heard *h)
{
    uint64_t size = 0;
    assert_int_equal(esep_file_name_read(m->file, &h->file.sha256, &size), ESEP_OK);
    h->file.offset = m->offset;
    h->file.through = m->through;
    h->file.again = m->again;
    h->file.lacking = m->lacking;
    h->file.refusal = m->refusal;
    h->file.retry_after_ms = m->retry_after_ms;
    assert_true(m->offset <= m->through && m->through <= size);
    assert_int_equal(m->text[0] != '\0', m->refusal != REASON(UNSPECIFIED));
}

static void read_evidence(const struct ingest *g, const struct sim_office *o,
                          const Esep__V1__EvidenceReceipt *m, struct sim_heard *h)
{
    struct esep_evidence *e = &h->evidence;
    struct esep_leaf leaf;
    assert_int_equal(esep_evidence_read(m, o->number, e), ESEP_OK);
    read_proof(g, m->proof, m->proof->growth, &e->checkpoint_root);
    /* Law 1: the entry is on the disk, now. */
    assert_true(e->log_index < g->world.log_count && e->checkpoint_size > e->log_index);
    const struct world_entry *entry = &g->world.log[e->log_index];
    assert_int_equal(esep_leaf_unpack(esep_slice(entry->leaf, ESEP_LEAF_BYTES), &leaf), ESEP_OK);
    assert_int_equal(leaf.type, LOG(EVIDENCE));
    assert_int_equal(leaf.office, e->office);
    assert_int_equal(leaf.accepted_at, e->accepted_at);
    assert_true(m->proof != NULL && m->proof->nonce.len == ESEP_NONCE_BYTES);
    const struct esep_leaf made = esep_leaf_of_evidence(e->office, &e->sha256, e->size_bytes,
                                                        m->proof->nonce.data, e->accepted_at);
    assert_true(esep_hash_equal(&made.content, &leaf.content));
}

static void read_mail(const Esep__V1__Mail *m, struct sim_heard *h)
{
    h->mail.number = m->number;
    h->mail.index = m->log_index;
    h->mail.type = m->type;
    h->mail.verdict = m->verdict;
    h->mail.offset = m->offset;
    h->mail.total = m->total_bytes;
    h->mail.len = m->data.len;
    h->mail.more = m->more;
}

static void read_reply(const Esep__V1__OrderReply *m, struct sim_heard *h)
{
    h->order.ok = m->ok;
    h->order.denied = m->denied;
    snprintf(h->order.text, sizeof h->order.text, "%s", m->text);
    h->order.index = m->log_index;
    h->order.offices = m->n_offices;
    h->order.more = m->more;
    if (m->n_offices > 0) {
        h->order.first_office = m->offices[0]->office;
        h->order.first_state = m->offices[0]->state;
        h->order.first_bodies = m->offices[0]->n_bodies;
    }
}

static const ProtobufCMessageDescriptor *descriptor_of(Esep__V1__Kind kind)
{
    switch (kind) {
    case KIND(WELCOME):
        return &esep__v1__welcome__descriptor;
    case KIND(RECEIPT):
        return &esep__v1__receipt__descriptor;
    case KIND(MAIL):
        return &esep__v1__mail__descriptor;
    case KIND(PONG):
        return &esep__v1__pong__descriptor;
    case KIND(REFUSAL):
        return &esep__v1__refusal__descriptor;
    case KIND(ENROL_REPLY):
        return &esep__v1__enrol_reply__descriptor;
    case KIND(ORDER_REPLY):
        return &esep__v1__order_reply__descriptor;
    case KIND(FILE_STATE):
        return &esep__v1__file_state__descriptor;
    case KIND(EVIDENCE):
        return &esep__v1__evidence_receipt__descriptor;
    case KIND(ROTATED):
        return &esep__v1__rotated__descriptor;
    default:
        fail_msg("kind %d goes down?", (int)kind);
        return NULL;
    }
}

static void read_message(const struct ingest *g, const struct sim_office *o,
                         const ProtobufCMessage *m, struct sim_heard *h)
{
    switch (h->kind) {
    case KIND(WELCOME):
        read_welcome((const Esep__V1__Welcome *)m, h);
        assert_true(h->welcome.checkpoint_size <= g->world.log_count);
        break;
    case KIND(RECEIPT):
        read_receipt(g, (const Esep__V1__Receipt *)m, h);
        break;
    case KIND(MAIL):
        read_mail((const Esep__V1__Mail *)m, h);
        assert_true(h->mail.index < g->world.log_count);
        break;
    case KIND(ROTATED):
        h->rotated_epoch = ((const Esep__V1__Rotated *)m)->epoch;
        break;
    case KIND(PONG):
        h->pong_mail_last = ((const Esep__V1__Pong *)m)->mail_last;
        break;
    case KIND(REFUSAL):
        read_refusal(g, (const Esep__V1__Refusal *)m, h);
        break;
    case KIND(FILE_STATE):
        read_state((const Esep__V1__FileState *)m, h);
        break;
    case KIND(EVIDENCE):
        read_evidence(g, o, (const Esep__V1__EvidenceReceipt *)m, h);
        break;
    case KIND(ENROL_REPLY):
        h->enrolled.office = ((const Esep__V1__EnrolReply *)m)->office;
        h->enrolled.accepted = ((const Esep__V1__EnrolReply *)m)->accepted;
        snprintf(h->enrolled.body, sizeof h->enrolled.body, "%s",
                 ((const Esep__V1__EnrolReply *)m)->body);
        break;
    default:
        read_reply((const Esep__V1__OrderReply *)m, h);
        break;
    }
}

void sim_hear(struct ingest *g, struct sim_office *o, struct esep_slice frame)
{
    struct esep_envelope envelope;
    struct esep_buf plain;
    struct esep_arena arena;
    const ProtobufCMessage *message = NULL;
    esep_buf_init(&plain, 1 << 20);
    assert_int_equal(esep_arena_init(&arena, INGEST_UNPACKED_BYTES(frame)), ESEP_OK);
    assert_int_equal(esep_envelope_read(frame, &envelope, NULL), ESEP_OK);
    struct esep_slice body = envelope.sealed;
    bool opens = true;
    if (envelope.kind != KIND(REFUSAL)) {
        opens = esep_session_open(&o->session, &envelope, &plain) == ESEP_OK;
        body = esep_buf_slice(&plain);
    }
    if (opens) {
        assert_true(o->heard_count < SIM_HEARD_MAX);
        struct sim_heard *h = &o->heard[o->heard_count++];
        memset(h, 0, sizeof *h);
        h->kind = envelope.kind;
        assert_int_equal(esep_unpack(descriptor_of(envelope.kind), body, &arena, &message),
                         ESEP_OK);
        read_message(g, o, message, h);
    }
    esep_arena_done(&arena);
    esep_buf_done(&plain);
}

void sim_read_order_reply(struct esep_slice bytes, struct sim_heard *ret)
{
    struct esep_arena arena;
    const ProtobufCMessage *message = NULL;
    assert_int_equal(esep_arena_init(&arena, INGEST_UNPACKED_BYTES(bytes)), ESEP_OK);
    assert_int_equal(esep_unpack(&esep__v1__order_reply__descriptor, bytes, &arena, &message),
                     ESEP_OK);
    ret->kind = KIND(ORDER_REPLY);
    read_reply((const Esep__V1__OrderReply *)message, ret);
    esep_arena_done(&arena);
}
