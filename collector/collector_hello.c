/* collector/collector_hello.c - who is there, what it promises, what we hold of it.
 *
 * HELLO is checked in an order that costs strangers most and us least: the envelope opens, the
 * number is in the registry, the CURVE key that the broker stamped is that office's, its state lets
 * it in; only then come two signatures. Its head is then compared with the chain that is held.
 *
 * The whole HELLO may be a replay by the broker. It can do no harm: WELCOME opens only for who
 * holds the ephemeral secret, a promise is logged once, and presence and mail wait for a frame
 * under the session's key. A replay that we remember is dropped before it can raise an alarm.
 */
#include "collector/collector_rotate.h"

bool collector_held(const struct collector *c, const struct collector_session *session,
                    uint64_t *ret_seq, struct esep_hash *ret_head)
{
    const struct views_office *office = views_office(c->views, session->office);
    if (office->epoch == session->epoch) {
        *ret_seq = office->seq;
        *ret_head = office->head;
        return true;
    }
    if (session->epoch < office->epoch)
        return false;
    *ret_seq = 0;
    *ret_head =
        esep_chain_start(&c->config.log_id, session->office, session->epoch, office->sign_key);
    return true;
}

struct hello {
    struct collector_frame frame;
    const Esep__V1__Hello *message;
    Esep__V1__Hello of_bundle; /* what a BUNDLE says, as a HELLO would */
    struct esep_commitment commitment;
    const struct views_office *office;
};

/* Who may say hello, by the state that is durable. */
static bool admitted(struct collector *c, const struct hello *h)
{
    static const struct {
        Esep__V1__RefusalReason reason;
        const char *text;
    } answers[] = {
        [0] = {ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_NOT_ENROLLED,
               "no such office is enrolled here: use an enrolment code"},
        [ESEP__V1__OFFICE_STATE__OFFICE_STATE_PENDING] =
            {ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_PENDING,
             "enrolled; an operator has to accept the key first"},
        [ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED] =
            {ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_REVOKED,
             "this office's key was revoked: ask the operator"},
    };
    uint8_t state = h->office == NULL ? 0 : collector_office(c, h->office->office)->durable_state;
    if (state != ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE) {
        collector_refuse_frame(c, &h->frame, answers[state].reason, answers[state].text);
        return false;
    }
    if (!collector_is_stick(c, h->frame.route.link) &&
        memcmp(h->frame.curve_key, h->office->curve_key, ESEP_KEY_BYTES) != 0 &&
        !collector_key_is_old(c, h->office, h->frame.curve_key)) {
        if (!collector_keys_durable(c, h->office))
            return false; /* its commit is under way, and the answer to ROTATE follows it */
        collector_refuse_frame(c, &h->frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_DENIED,
                               "the connection's key is not this office's");
        return false;
    }
    /* A revocation that is not committed yet: its refusal follows the commit. */
    return h->office->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
}

static bool seen_before(struct collector *c, const uint8_t id[16])
{
    uint64_t tag = esep_be64(id);
    uint64_t *slot = &c->hellos[esep_be64(id + 8) % COLLECTOR_HELLOS_SEEN];
    if (*slot == tag)
        return true;
    *slot = tag;
    return false;
}

static bool signed_by(const struct collector *c, const struct hello *h,
                      const struct esep_session *seal, const uint8_t key[ESEP_KEY_BYTES])
{
    struct esep_slice bound = esep_slice(h->commitment.signature, ESEP_SIGNATURE_BYTES);
    struct esep_hash auth = esep_auth_statement(seal->office_ephemeral, seal->collector_public,
                                                &c->config.log_id, bound);
    return h->message->auth.len == ESEP_SIGNATURE_BYTES &&
           esep_verify(key, esep_slice(auth.bytes, sizeof auth.bytes), h->message->auth.data) &&
           esep_commitment_verify(&c->config.log_id, &h->commitment, key);
}

static bool signatures_hold(struct collector *c, const struct hello *h,
                            const struct esep_session *seal)
{
    const struct views_office *office = h->office;
    const bool stick = collector_is_stick(c, h->frame.route.link);
    const bool old_curve = !stick && collector_key_is_old(c, office, h->frame.curve_key);
    if (!old_curve && signed_by(c, h, seal, office->sign_key))
        return true;
    if (office->key_epoch != 0 && (stick || old_curve) &&
        signed_by(c, h, seal, office->old_sign_key)) {
        if (!seal->bundle && seen_before(c, seal->id)) /* of before the rotation, by the broker */
            collector_count(c, COLLECTOR_FRAMES_REFUSED, 1);
        else
            collector_refuse_old_key(c, &h->frame, office, h->message->rotating);
        return false;
    }
    collector_count(c, COLLECTOR_BAD_SIGNATURES, 1);
    const struct collector_alarm alarm = {
        .kind = ESEP__V1__ALARM_KIND__ALARM_KIND_BAD_SIGNATURE,
        .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_BAD_SIGNATURE,
        .text = "a signature of HELLO is not by this office's key",
        .office = h->office->office,
        .epoch = h->commitment.epoch,
        .seq = h->commitment.seq,
    };
    collector_alarm(c, &h->frame, NULL, &alarm);
    return false;
}

/* A bundle may be old: what it shows was so when it was written, and the network was faster since.
 * It must be a place in the chain that is held. true: it is, or is for continues() to judge. */
static bool is_past(struct collector *c, const struct hello *h, bool *ret_judged)
{
    const struct esep_commitment *m = &h->commitment;
    struct esep_leaf leaf;
    uint64_t index = 0;
    *ret_judged = false;
    if (!collector_is_stick(c, h->frame.route.link))
        return true;
    if (m->epoch < h->office->epoch) {
        collector_refuse_frame(
            c, &h->frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_BEHIND,
            "a newer epoch of this office has begun since: it has to write a new "
            "bundle");
        return false;
    }
    if (m->epoch > h->office->epoch || m->seq >= h->office->seq)
        return true;
    if (!collector_entry_at(c, m->office, m->epoch, m->seq, &index, &leaf)) {
        collector_refuse_frame(c, &h->frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT,
                               "busy: the office's entries are being written just now");
        return false;
    }
    *ret_judged = esep_hash_equal(&leaf.head, &m->head);
    return true;
}

/* Does the chain the office shows continue the one that is held? */
static bool continues(struct collector *c, const struct hello *h)
{
    const struct esep_commitment *m = &h->commitment;
    const struct views_office *o = h->office;
    struct collector_alarm alarm = {
        .kind = ESEP__V1__ALARM_KIND__ALARM_KIND_BEHIND,
        .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_BEHIND,
        .text = "the collector holds more than this office shows: a restored backup? "
                "run esep-agent recover",
        .office = o->office,
        .epoch = m->epoch,
        .seq = m->seq,
        .held = o->head,
        .shown = m->head,
        .held_epoch = o->epoch,
        .held_seq = o->seq,
    };
    /* Any later one: an office may recover twice before we hear of it, or our own copy is older
     * than its recovery. */
    bool fresh = m->epoch > o->epoch;
    uint64_t held = fresh ? 0 : o->seq;
    if (m->epoch < o->key_epoch) { /* the present key signs no such epoch */
        alarm.held_epoch = o->key_epoch;
        collector_alarm(c, &h->frame, NULL, &alarm);
        return false;
    }
    if (fresh)
        alarm.held = esep_chain_start(&c->config.log_id, o->office, m->epoch, o->sign_key);
    if ((!fresh && m->epoch != o->epoch) || m->epoch == 0 || m->seq < held) {
        collector_alarm(c, &h->frame, NULL, &alarm);
        return false;
    }
    if (m->seq > held || esep_hash_equal(&m->head, &alarm.held))
        return true;
    alarm.kind = ESEP__V1__ALARM_KIND__ALARM_KIND_FORK;
    alarm.reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FORK;
    alarm.text = "the collector holds another entry under this number: the journal was copied or "
                 "restored; run esep-agent recover";
    collector_alarm(c, &h->frame, NULL, &alarm);
    return false;
}

void collector_promise(struct collector *c, struct collector_session *session,
                       const struct esep_commitment *commitment, esep_time now)
{
    uint64_t held = 0;
    struct esep_hash head;
    struct views_promised promised;
    bool current = collector_held(c, session, &held, &head);
    ESEP_ASSERT(current); /* who asks has looked */
    if (commitment->seq <= held ||
        views_commitment(c->views, session->office, session->epoch, commitment->seq, &promised))
        return;
    if (!collector_batch_room(c, 1, ESEP_SIGNED_COMMITMENT_BYTES) || !collector_after_room(c, 1))
        return;
    uint64_t index = views_log_size(c->views);
    if (collector_log_commitment(c, commitment, 0, now, NULL) != ESEP_OK)
        return; /* too many open promises: the earlier ones stand, entries are taken all the same */
    struct collector_after *after = collector_after_add(c, c->serial, COLLECTOR_AFTER_PROMISE);
    after->office = session->office;
    after->promise.closing = (struct collector_promise_entry){*commitment, index, now};
    after->promise.receipt = (struct esep_receipt){
        .kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT,
        .office = session->office,
        .epoch = session->epoch,
        .first_seq = commitment->seq,
        .through_seq = commitment->seq,
        .head = commitment->head,
        .first_index = index,
        .last_index = index,
        .accepted_at = now,
    };
}

/* WELCOME says what is durable; it waits while entries of the office are not. */
static void welcome_or_wait(struct collector *c, struct collector_session *session)
{
    uint64_t serial = collector_office(c, session->office)->entries_serial;
    if (serial <= c->committed_serial) {
        collector_welcome(c, session);
        return;
    }
    struct collector_after *after = collector_after_add(c, serial, COLLECTOR_AFTER_WELCOME);
    if (after == NULL) {
        collector_session_end(c, session);
        return;
    }
    after->session = collector_slot(c, session);
    after->generation = session->generation;
}

/* Of those that the office offers, the one that is spoken here. */
static uint32_t dictionary_of(const Esep__V1__Hello *hello)
{
    for (size_t i = 0; i < hello->n_dictionaries; i++)
        if (hello->dictionaries[i] == ESEP_DICTIONARY)
            return ESEP_DICTIONARY;
    return 0;
}

static void open_session(struct collector *c, const struct hello *h,
                         const struct esep_session *seal)
{
    /* The same connection says hello anew: its former session is over. */
    uint32_t at = collector_office(c, h->office->office)->first_session;
    while (at != COLLECTOR_NONE) {
        struct collector_session *old = &c->sessions[at];
        at = old->office_next;
        if (old->link == h->frame.route.link && old->conn == h->frame.route.conn)
            collector_session_end(c, old);
    }
    struct collector_session *session = collector_session_add(c, seal, h->office->office);
    if (session == NULL) {
        const struct collector_refusal refusal = {
            .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT,
            .text = "too many offices are connected",
            .retry_after_ms = COLLECTOR_RETRY_MS,
        };
        collector_refuse(c, &h->frame.route, &refusal);
        return;
    }
    session->seal.dictionary = dictionary_of(h->message);
    session->epoch = h->commitment.epoch;
    session->link = h->frame.route.link;
    session->conn = h->frame.route.conn;
    session->first_held = h->message->journal_first_seq;
    session->features = h->message->features;
    session->log_key = h->message->log_key;
    collector_tree_seen(c, session, h->message->tree_generation, h->message->tree_size);
    session->cosigned_size = h->message->cosigned_size;
    session->cosigned_wanted = h->message->proven_size > h->message->cosigned_size;
    session->mail_through = session->mail_sent = h->message->mail_through;
    session->heard_at = h->frame.now;
    uint32_t slot = collector_slot(c, session);
    uint32_t generation = session->generation;
    welcome_or_wait(c, session); /* first: no receipt opens before WELCOME */
    session = collector_session_named(c, slot, generation);
    if (session != NULL)
        collector_promise(c, session, &h->commitment, h->frame.now);
}

static bool unpack_bundle(struct collector *c, struct hello *h)
{
    const ProtobufCMessage *message = NULL;
    if (esep_unpack(&esep__v1__bundle_head__descriptor, esep_buf_slice(&c->plain), &c->arena,
                    &message) != ESEP_OK)
        return false;
    const Esep__V1__BundleHead *head = (const Esep__V1__BundleHead *)message;
    esep__v1__hello__init(&h->of_bundle);
    h->of_bundle.commitment = head->commitment;
    h->of_bundle.auth = head->auth;
    h->of_bundle.version_min = h->of_bundle.version_max = ESEP_WIRE_VERSION;
    h->of_bundle.journal_first_seq = head->first_seq;
    h->of_bundle.mail_through = head->mail_through;
    h->of_bundle.tree_generation = head->tree_generation;
    h->of_bundle.tree_size = head->tree_size;
    h->of_bundle.log_key = head->log_key;
    h->of_bundle.features = head->features & COLLECTOR_COSIGNED;
    if (head->files > 0)
        h->of_bundle.features |= COLLECTOR_EVIDENCE;
    h->of_bundle.cosigned_size = head->cosigned_size;
    h->of_bundle.proven_size = head->proven_size;
    h->message = &h->of_bundle;
    return head->commitment != NULL &&
           esep_commitment_read(head->commitment, &h->commitment) == ESEP_OK;
}

static bool unpack_hello(struct collector *c, struct hello *h)
{
    const ProtobufCMessage *message = NULL;
    if (h->frame.envelope.kind == ESEP__V1__KIND__KIND_BUNDLE)
        return unpack_bundle(c, h);
    if (esep_unpack(&esep__v1__hello__descriptor, esep_buf_slice(&c->plain), &c->arena, &message) !=
        ESEP_OK)
        return false;
    h->message = (const Esep__V1__Hello *)message;
    return h->message->commitment != NULL &&
           esep_commitment_read(h->message->commitment, &h->commitment) == ESEP_OK;
}

/* Refuses what cannot even be looked at; true: the session's first key opened a HELLO. */
static bool open_hello(struct collector *c, struct hello *h, struct esep_session *seal)
{
    const struct collector_frame *frame = &h->frame;
    enum esep_status status =
        esep_session_accept(seal, &frame->envelope, &c->config.seal_key, &c->config.log_id);
    if (status == ESEP_DENIED) {
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_WRONG_LOG,
                               "this collector serves another log");
        return false;
    }
    if (status != ESEP_OK || esep_session_open(seal, &frame->envelope, &c->plain) != ESEP_OK ||
        !unpack_hello(c, h)) {
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_MALFORMED,
                               "HELLO does not open or is malformed");
        return false;
    }
    if (h->message->version_min > ESEP_WIRE_VERSION ||
        h->message->version_max < ESEP_WIRE_VERSION) {
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_VERSION,
                               "this collector speaks version 1");
        return false;
    }
    if (!collector_batch_room(c, 2, 2 * ESEP_SIGNED_COMMITMENT_BYTES) ||
        !collector_after_room(c, 2)) {
        const struct collector_refusal refusal = {
            .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT,
            .text = "busy: say hello again",
            .retry_after_ms = 1000,
        };
        collector_refuse(c, &frame->route, &refusal);
        return false;
    }
    return true;
}

void collector_on_hello(struct collector *c, const struct collector_frame *frame)
{
    struct hello h = {.frame = *frame};
    struct esep_session seal;
    memset(&seal, 0, sizeof seal);
    if (open_hello(c, &h, &seal)) {
        h.office = views_office(c->views, h.commitment.office);
        bool past = false;
        if (admitted(c, &h) && signatures_hold(c, &h, &seal)) {
            if (!seal.bundle && seen_before(c, seal.id))
                collector_count(c, COLLECTOR_FRAMES_REFUSED, 1);
            else if (is_past(c, &h, &past) && (past || continues(c, &h)))
                open_session(c, &h, &seal);
        }
    }
    esep_session_done(&seal);
}

static void draw_seed(struct collector *c, uint8_t ret_seed[32])
{
    uint8_t number[8];
    esep_be64_put(number, ++c->ephemerals);
    const struct esep_slice parts[] = {esep_slice_str("esep/ephemeral/v1"),
                                       esep_slice(number, sizeof number)};
    esep_kdf(c->config.seed, parts, 2, ret_seed);
}

void collector_welcome(struct collector *c, struct collector_session *session)
{
    const struct views_office *known = views_office(c->views, session->office);
    const struct collector_office *office = collector_office(c, session->office);
    bool same = office->durable_epoch == session->epoch;
    struct esep_hash head = same ? office->durable_head
                                 : esep_chain_start(&c->config.log_id, session->office,
                                                    session->epoch, known->sign_key);
    Esep__V1__Checkpoint checkpoint = ESEP__V1__CHECKPOINT__INIT;
    checkpoint.size = c->durable_size;
    checkpoint.root = esep_pb(c->durable_root.bytes, ESEP_HASH_BYTES);
    Esep__V1__Welcome welcome = ESEP__V1__WELCOME__INIT;
    welcome.version = ESEP_WIRE_VERSION;
    welcome.epoch = session->epoch;
    welcome.seq = same ? office->durable_seq : 0;
    welcome.head = esep_pb(head.bytes, ESEP_HASH_BYTES);
    welcome.credit_bytes = collector_credit(c, session);
    welcome.server_time_us = c->now;
    welcome.checkpoint = &checkpoint;
    welcome.mail_last = office->durable_mail;
    welcome.frame_bytes_max = (uint32_t)c->config.frame_bytes_max;
    /* A batch holds a group and its head; more without a head are refused, again and again. */
    welcome.group_entries_max = c->config.batch_records_max - 1;
    welcome.features = COLLECTOR_ROTATION | COLLECTOR_COSIGNED;
    if (collector_takes_files(c))
        welcome.features |= COLLECTOR_EVIDENCE;
    welcome.dictionary = session->seal.dictionary;
    Esep__V1__HeldChain older = ESEP__V1__HELD_CHAIN__INIT;
    older.epoch = office->durable_epoch;
    older.seq = office->durable_seq;
    older.head = esep_pb(office->durable_head.bytes, ESEP_HASH_BYTES);
    if (!same)
        welcome.older = &older;
    struct esep_log_links links;
    const struct esep_log_keys *keys = views_log_keys(c->views);
    esep_log_links(keys, esep_log_keys_behind(keys, session->log_key), &links);
    welcome.log_keys = links.places;
    welcome.n_log_keys = links.count;
    char body[ESEP_BODY_CODE_MAX];
    memcpy(body, known->body, sizeof body);
    welcome.body = body;
    uint8_t seed[32];
    draw_seed(c, seed);
    enum esep_status status = esep_session_establish(&session->seal, seed);
    esep_wipe(seed, sizeof seed);
    ESEP_ASSERT(status == ESEP_OK); /* esep_session_accept refused keys of small order */
    collector_out_to_conn(c, session->link, session->conn, &session->seal,
                          ESEP__V1__KIND__KIND_WELCOME, true, collector_pack(c, &welcome.base));
    session->welcomed = true;
    collector_cosigned_push(c, session); /* before a receipt leads further than it */
    collector_receipt_again(c, session);
    if (session->seal.bundle)
        collector_mail_stick(c, session);
}
