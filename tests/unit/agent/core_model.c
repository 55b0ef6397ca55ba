/* tests/unit/agent/core_model.c - the collector's side of docs/protocol.md, as small as it gets. */
#include "core_world.h"

void model_send(struct world *w, Esep__V1__Kind kind, const ProtobufCMessage *message)
{
    esep_buf_clear(&w->plain);
    assert_int_equal(esep_pack(message, &w->plain), ESEP_OK);
    model_send_plain(w, kind);
}

void model_send_plain(struct world *w, Esep__V1__Kind kind)
{
    struct model *m = &w->model;
    esep_buf_clear(&w->frame);
    enum esep_status status =
        kind == ESEP__V1__KIND__KIND_WELCOME
            ? esep_session_seal_first(&m->session, kind, esep_buf_slice(&w->plain), &w->frame)
            : esep_session_seal(&m->session, kind, esep_buf_slice(&w->plain), &w->frame);
    assert_int_equal(status, ESEP_OK);
    queue_push(&w->down, esep_buf_slice(&w->frame));
}

void model_refuse(struct world *w, Esep__V1__RefusalReason reason, bool is_signed,
                  uint32_t retry_after_ms)
{
    struct model *m = &w->model;
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    uint8_t statement[ESEP_REFUSAL_BYTES];
    Esep__V1__Refusal r;
    esep__v1__refusal__init(&r);
    r.reason = reason;
    r.retry_after_ms = retry_after_ms;
    r.session = esep_pb(m->session.id, ESEP_SESSION_ID_BYTES);
    r.office = WORLD_OFFICE;
    r.epoch = m->epoch;
    r.seq = m->seq;
    struct esep_log_links links;
    esep_log_links(&m->log_keys, 1, &links);
    if (is_signed && !m->tells_no_keys) {
        r.log_keys = links.places;
        r.n_log_keys = links.count;
    }
    if (is_signed) {
        esep_refusal_statement(&r, statement);
        esep_sign(&m->log_key, esep_slice(statement, sizeof statement), signature);
        r.signature = esep_pb(signature, sizeof signature);
    }
    esep_buf_clear(&w->plain);
    esep_buf_clear(&w->frame);
    assert_int_equal(esep_pack(&r.base, &w->plain), ESEP_OK);
    const struct esep_envelope head = {
        .version = ESEP_WIRE_VERSION,
        .kind = ESEP__V1__KIND__KIND_REFUSAL,
        .session = esep_slice(m->session.id, ESEP_SESSION_ID_BYTES),
    };
    assert_int_equal(esep_envelope_write_head(&head, w->plain.len, &w->frame), ESEP_OK);
    assert_int_equal(esep_buf_put(&w->frame, w->plain.data, w->plain.len), ESEP_OK);
    queue_push(&w->down, esep_buf_slice(&w->frame));
    m->refusals++;
}

void model_rotate(struct world *w)
{
    struct model *m = &w->model;
    const uint8_t seed[32] = {0x77, (uint8_t)m->log_keys.count};
    struct esep_sign_key fresh;
    fake_log_fill(&m->log, m->log_size);
    fake_log_fill(&m->log, m->log.tree.size + 1); /* the entry about it */
    m->log_size = m->log.tree.size;
    struct esep_log_key key = {.generation = m->log.generation, .size = m->log_size, .at = w->now};
    esep_sign_key_from_seed(&fresh, seed);
    esep_log_key_sign(&m->log_id, &m->log_key, &fresh, &key);
    assert_int_equal(esep_log_keys_push(&m->log_keys, m->log_key.public, &key), ESEP_OK);
    m->log_key = m->log.log_key = fresh;
    model_forget_session(w);
}

static uint64_t grant(struct model *m)
{
    if (m->received + m->window > m->credit)
        m->credit = m->received + m->window;
    return m->credit;
}

void model_prove(struct world *w, const struct esep_receipt *r, struct fake_proof *ret)
{
    struct model *m = &w->model;
    struct esep_commitment c = {
        .office = r->office, .epoch = r->epoch, .seq = r->through_seq, .head = r->head};
    const bool closes = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    esep_commitment_sign(&m->log_id, &c, &w->office_key);
    /* So that each entry that it covers could have its place before. */
    fake_log_fill(&m->log, m->log_size > r->through_seq ? m->log_size : r->through_seq);
    fake_prove_commitment(&m->log, &c, w->office_key.public, closes ? ESEP_LEAF_CLOSES : 0,
                          m->tree_seen, w->now, ret);
    m->tree_seen = m->log_size = m->log.tree.size;
}

void model_restore(struct world *w, uint64_t seq, uint64_t log_size)
{
    struct model *m = &w->model;
    m->seq = seq;
    m->promised = 0;
    m->log_size = log_size;
    fake_log_begin(&m->log, &m->log_id, &m->log_key, m->log.generation + 1);
}

static void send_receipt(struct world *w, Esep__V1__ReceiptKind kind, uint64_t through,
                         const struct esep_hash *head)
{
    struct model *m = &w->model;
    if (m->mute_receipts)
        return;
    struct esep_receipt r = {
        .kind = kind,
        .office = WORLD_OFFICE,
        .epoch = m->epoch,
        .first_seq = through > 0 ? 1 : 0,
        .through_seq = through,
        .head = *head,
        .first_index = 0,
        .accepted_at = w->now,
    };
    if (m->wrong_head)
        r.head.bytes[0] ^= 1;
    struct fake_proof proof;
    model_prove(w, &r, &proof);
    if (m->wrong_key) {
        struct esep_sign_key other;
        esep_sign_key_from_seed(&other, (const uint8_t *)"another key, not that of the log");
        esep_growth_sign(&m->log_id, &proof.growth, &other);
    }
    Esep__V1__Receipt message;
    esep_receipt_write(&r, &message);
    message.proof = &proof.message;
    message.credit_bytes = grant(m);
    model_send(w, ESEP__V1__KIND__KIND_RECEIPT, &message.base);
}

void model_receipt(struct world *w, uint64_t through)
{
    send_receipt(w, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES, through,
                 &w->model.heads[through]);
}

static void take_promise(struct world *w, const struct esep_commitment *c)
{
    struct model *m = &w->model;
    if (c->seq <= m->seq || c->seq <= m->promised)
        return;
    m->promised = c->seq;
    m->log_size++;
    send_receipt(w, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT, c->seq, &c->head);
}

static void alarm(struct world *w, Esep__V1__RefusalReason reason)
{
    w->model.alarms++;
    model_refuse(w, reason, true, 0);
    w->model.open = false;
}

static bool hello_fits(struct world *w, const Esep__V1__Hello *hello, struct esep_commitment *c)
{
    struct model *m = &w->model;
    assert_non_null(hello->commitment);
    assert_int_equal(esep_commitment_read(hello->commitment, c), ESEP_OK);
    assert_int_equal(c->office, WORLD_OFFICE);
    assert_true(esep_commitment_verify(&m->log_id, c, w->office_key.public));
    struct esep_hash joined =
        esep_auth_statement(m->session.office_ephemeral, m->session.collector_public, &m->log_id,
                            esep_slice(c->signature, sizeof c->signature));
    assert_int_equal(hello->auth.len, ESEP_SIGNATURE_BYTES);
    assert_true(esep_verify(w->office_key.public, esep_slice(joined.bytes, sizeof joined.bytes),
                            hello->auth.data));
    if (c->epoch == m->epoch + 1) {
        m->epoch = c->epoch;
        m->seq = m->promised = 0;
        m->heads[0] = esep_chain_start(&m->log_id, WORLD_OFFICE, c->epoch, w->office_key.public);
    }
    if (c->epoch != m->epoch || c->seq < m->seq) {
        alarm(w, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_BEHIND);
        return false;
    }
    if (c->seq == m->seq && !esep_hash_equal(&c->head, &m->heads[m->seq])) {
        alarm(w, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FORK);
        return false;
    }
    return true;
}

static void on_hello(struct world *w, const struct esep_envelope *envelope)
{
    struct model *m = &w->model;
    const ProtobufCMessage *message = NULL;
    struct esep_session fresh;
    struct esep_commitment c;
    uint8_t seed[32] = {0};
    assert_int_equal(esep_session_accept(&fresh, envelope, &m->seal_key, &m->log_id), ESEP_OK);
    if (memcmp(fresh.id, m->session.id, sizeof fresh.id) == 0)
        return; /* a repeat of the link */
    m->session = fresh;
    assert_int_equal(esep_session_open(&m->session, envelope, &w->plain), ESEP_OK);
    esep_arena_reset(&w->arena);
    assert_int_equal(
        esep_unpack(&esep__v1__hello__descriptor, esep_buf_slice(&w->plain), &w->arena, &message),
        ESEP_OK);
    const Esep__V1__Hello *hello = (const Esep__V1__Hello *)message;
    m->hellos++;
    if (!hello_fits(w, hello, &c))
        return;
    m->last_commitment = c;
    m->open = true;
    m->received = m->credit = 0;
    m->tail = m->seq;
    m->pulled = false;
    m->mail_sent = m->pull_through = hello->mail_through;
    m->tree_seen = hello->tree_generation == m->log.generation ? hello->tree_size : 0;
    esep_be64_put(seed, ++m->seed);
    assert_int_equal(esep_session_establish(&m->session, seed), ESEP_OK);
    Esep__V1__Checkpoint checkpoint = ESEP__V1__CHECKPOINT__INIT;
    fake_log_fill(&m->log, m->log_size);
    m->log_size = m->log.tree.size;
    struct esep_hash root = esep_merkle_root(&m->log.tree);
    checkpoint.size = m->log_size;
    checkpoint.root = esep_pb(root.bytes, sizeof root.bytes);
    char body[] = "moj";
    Esep__V1__Welcome welcome;
    esep__v1__welcome__init(&welcome);
    welcome.version = ESEP_WIRE_VERSION;
    welcome.epoch = m->epoch;
    welcome.seq = m->seq;
    welcome.head = esep_pb(m->heads[m->seq].bytes, ESEP_HASH_BYTES);
    welcome.credit_bytes = grant(m);
    welcome.server_time_us = w->now + 5 * ESEP_SECOND;
    welcome.checkpoint = &checkpoint;
    welcome.mail_last = m->mail_last;
    welcome.frame_bytes_max = m->frame_bytes_max;
    welcome.body = body;
    struct esep_log_links links;
    esep_log_links(&m->log_keys, esep_log_keys_behind(&m->log_keys, hello->log_key), &links);
    if (!m->tells_no_keys) {
        welcome.log_keys = links.places;
        welcome.n_log_keys = links.count;
    }
    if (m->on_file != NULL)
        welcome.features = UINT32_C(1) << ESEP__V1__FEATURE__FEATURE_EVIDENCE;
    if (m->spoil != NULL)
        m->spoil(&welcome);
    model_send(w, ESEP__V1__KIND__KIND_WELCOME, &welcome.base);
    if (m->seq > 0 && !m->no_receipt_after_welcome)
        model_receipt(w, m->seq);
    take_promise(w, &c);
}

static void commit_waiting(struct world *w)
{
    struct model *m = &w->model;
    for (uint64_t n = m->seq + 1; n <= m->tail; n++) {
        /* Exactly once, in order, and the very bytes that the office wrote. */
        assert_true(n <= w->last);
        assert_true(esep_hash_equal(&m->waiting[n], &w->entries[n].chain));
        m->heads[n] = m->waiting[n];
        m->log_size++;
    }
    m->log_size++;
    m->seq = m->tail;
    m->last_accepted = w->now;
    model_receipt(w, m->seq);
}

static void head_alone(struct world *w, const struct esep_commitment *c)
{
    struct model *m = &w->model;
    m->heads_alone++;
    if (c->seq > m->tail)
        take_promise(w, c);
    else if (c->seq == m->seq && m->tail == m->seq)
        model_receipt(w, m->seq);
}

/* Chains the entries behind what waits. False: refused. */
static bool take_entries(struct world *w, const Esep__V1__Batch *b)
{
    struct model *m = &w->model;
    if (b->first_seq > m->tail + 1 || b->first_seq == 0) {
        model_refuse(w, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_GAP, true, 0);
        return false;
    }
    struct esep_hash head =
        b->first_seq - 1 <= m->seq ? m->heads[b->first_seq - 1] : m->waiting[b->first_seq - 1];
    for (size_t i = 0; i < b->n_entries; i++) {
        uint64_t n = b->first_seq + i;
        head = esep_chain_step(&head, n, esep_slice_pb(b->entries[i]));
        if (n <= m->seq) {
            m->repeats++;
            if (!esep_hash_equal(&head, &m->heads[n])) {
                alarm(w, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FORK);
                return false;
            }
        } else {
            m->waiting[n] = head;
        }
    }
    m->tail = b->first_seq + b->n_entries - 1;
    if (m->tail < m->seq)
        m->tail = m->seq;
    return true;
}

static void on_batch(struct world *w, const Esep__V1__Batch *b, size_t frame_len)
{
    struct model *m = &w->model;
    struct esep_commitment c;
    m->batches++;
    m->received += frame_len;
    if (frame_len > m->frame_bytes_max)
        m->frames_too_long++;
    if (m->received > m->credit) {
        model_refuse(w, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_CREDIT, true, 0);
        return;
    }
    if (b->commitment != NULL) {
        assert_int_equal(esep_commitment_read(b->commitment, &c), ESEP_OK);
        assert_true(esep_commitment_verify(&m->log_id, &c, w->office_key.public));
        m->last_commitment = c;
    }
    if (b->n_entries == 0) {
        assert_non_null(b->commitment);
        head_alone(w, &c);
        return;
    }
    if (!take_entries(w, b) || b->commitment == NULL)
        return;
    assert_int_equal(c.seq, b->first_seq + b->n_entries - 1);
    if (m->tail > m->seq)
        commit_waiting(w);
    else
        model_receipt(w, m->seq);
}

static void push_mail(struct world *w)
{
    struct model *m = &w->model;
    static uint8_t data[1 << 20];
    if (!m->open || !m->pulled || m->pull_through < m->mail_sent)
        return;
    size_t unacked = 0;
    while (m->mail_sent < m->mail_last && unacked < 64 * 1024) {
        uint64_t number = m->mail_sent + 1;
        memset(data, (int)('a' + number % 26), m->mail_bytes);
        for (size_t offset = 0; offset < m->mail_bytes; offset += m->mail_part) {
            size_t left = m->mail_bytes - offset;
            Esep__V1__Mail mail = ESEP__V1__MAIL__INIT;
            mail.number = number;
            mail.log_index = 1000 + number;
            mail.total_bytes = m->mail_bytes;
            mail.offset = offset;
            mail.data = esep_pb(data + offset, left < m->mail_part ? left : m->mail_part);
            mail.type = (uint32_t)number;
            model_send(w, ESEP__V1__KIND__KIND_MAIL, &mail.base);
        }
        unacked += m->mail_bytes;
        m->mail_sent = number;
    }
}

void model_mail(struct world *w, uint64_t count)
{
    w->model.mail_last += count;
    push_mail(w);
}

static void on_pull(struct world *w, const Esep__V1__Pull *pull)
{
    struct model *m = &w->model;
    bool progress = !m->pulled || pull->through > m->pull_through;
    m->pulls++;
    m->pulled = true;
    m->pull_through = pull->through;
    if (pull->through > m->mail_acked)
        m->mail_acked = pull->through;
    if (!progress || pull->through > m->mail_sent)
        m->mail_sent = pull->through;
    push_mail(w);
}

static void on_session_frame(struct world *w, const struct esep_envelope *envelope,
                             size_t frame_len)
{
    struct model *m = &w->model;
    static const struct {
        Esep__V1__Kind kind;
        const ProtobufCMessageDescriptor *descriptor;
    } kinds[] = {
        {ESEP__V1__KIND__KIND_BATCH, &esep__v1__batch__descriptor},
        {ESEP__V1__KIND__KIND_PULL, &esep__v1__pull__descriptor},
        {ESEP__V1__KIND__KIND_PING, &esep__v1__ping__descriptor},
        {ESEP__V1__KIND__KIND_OFFER, &esep__v1__offer__descriptor},
        {ESEP__V1__KIND__KIND_CHUNK, &esep__v1__chunk__descriptor},
    };
    const ProtobufCMessage *message = NULL;
    if (esep_session_open(&m->session, envelope, &w->plain) != ESEP_OK)
        return; /* repeated or overtaken */
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind != envelope->kind)
            continue;
        esep_arena_reset(&w->arena);
        assert_int_equal(
            esep_unpack(kinds[i].descriptor, esep_buf_slice(&w->plain), &w->arena, &message),
            ESEP_OK);
    }
    assert_non_null(message);
    if (envelope->kind == ESEP__V1__KIND__KIND_BATCH) {
        on_batch(w, (const Esep__V1__Batch *)message, frame_len);
    } else if (envelope->kind == ESEP__V1__KIND__KIND_PULL) {
        on_pull(w, (const Esep__V1__Pull *)message);
    } else if (envelope->kind != ESEP__V1__KIND__KIND_PING) {
        assert_non_null(m->on_file); /* it was not told of them */
        m->on_file(w, envelope->kind, message);
    } else {
        Esep__V1__Pong pong = ESEP__V1__PONG__INIT;
        /* What is stored, or was when it left; link_test says that it is said at all. */
        assert_true(((const Esep__V1__Ping *)message)->mail_through <= w->disk.mail_through);
        m->ping_through = ((const Esep__V1__Ping *)message)->mail_through;
        m->pings++;
        pong.server_time_us = w->now;
        pong.mail_last = m->mail_last;
        model_send(w, ESEP__V1__KIND__KIND_PONG, &pong.base);
    }
}

void model_on_frame(struct world *w, struct esep_slice frame)
{
    struct model *m = &w->model;
    struct esep_envelope envelope;
    assert_int_equal(esep_envelope_read(frame, &envelope, NULL), ESEP_OK);
    if (envelope.kind == ESEP__V1__KIND__KIND_HELLO) {
        on_hello(w, &envelope);
        return;
    }
    if (memcmp(envelope.session.data, m->session.id, ESEP_SESSION_ID_BYTES) != 0)
        return; /* of a session that the office has left */
    if (m->open)
        on_session_frame(w, &envelope, frame.len);
    else if (m->session.established)
        model_refuse(w, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_NO_SESSION, true, 0);
}

void model_forget_session(struct world *w)
{
    w->model.open = false;
}
