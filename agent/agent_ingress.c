/* agent/agent_ingress.c - the broker's word, where the collector gives none.
 *
 * In the ordinary course nothing here happens: receipts come. But where a head that we signed is on
 * its way and no receipt covers it for longer than ingress_after, or where the broker says that no
 * collector is there, the broker itself is asked: it signs the hash of a commitment to all that the
 * journal holds, with the hour (wire/ingress.h). One small frame up, one down, for each head once;
 * where an answer is lost or the journal has grown, again after AGAIN.
 *
 * A broker that says WAIT keeps its connection for that one answer, at most hello_timeout; then the
 * wait begins that it asked for.
 *
 * The note counts only under the key that the configuration names for this broker. Its hour is not
 * held against any other: the collector's is what the note is there to do without, and an old PC's
 * clock may be years off. Which clock it is, is said wherever the hour is shown.
 */
#include "agent/agent_core.h"
#include "wire/unpack.h"

#define AGAIN (30 * ESEP_SECOND)
#define ASK_BYTES_MAX 64
#define NO_REFUSAL ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED

static const uint8_t *signer(const struct agent *a)
{
    static const uint8_t none[ESEP_KEY_BYTES];
    const uint8_t *key = a->config.broker_sign[a->status.broker];
    return memcmp(key, none, sizeof none) == 0 ? NULL : key;
}

/* Written, and no receipt of either kind says that the collector knows. */
static bool is_unproved(const struct agent *a)
{
    return a->journal.last_seq > a->ahead.receipted_seq &&
           a->journal.last_seq > a->ahead.promised_seq;
}

static bool is_wanted(const struct agent *a)
{
    return is_unproved(a) && a->ahead.noted_seq < a->journal.last_seq && signer(a) != NULL &&
           !a->asking.refused && !a->draining && !a->vault.sides[a->vault.filling].ingress_new &&
           !agent_gate_exhausted(a);
}

/* On this connection, now: something may go to the broker. */
static bool may_ask(const struct agent *a)
{
    const struct agent_uplink *u = &a->uplink;
    return (a->status.state == AGENT_ONLINE && !agent_rotating(a)) ||
           (a->status.state == AGENT_GREETING && (u->hello_sent || a->asking.parting));
}

static esep_time asks_at(const struct agent *a)
{
    const struct agent_asking *k = &a->asking;
    if (k->parting)
        return k->next_at;
    if (k->unproved_since > ESEP_TIME_NEVER - a->config.ingress_after)
        return ESEP_TIME_NEVER;
    const esep_time due = k->unproved_since + a->config.ingress_after;
    return due > k->next_at ? due : k->next_at;
}

void agent_ingress_look(struct agent *a)
{
    struct agent_asking *k = &a->asking;
    if (!is_unproved(a))
        k->unproved_since = ESEP_TIME_NEVER;
    else if (k->unproved_since == ESEP_TIME_NEVER && may_ask(a))
        k->unproved_since = a->now;
}

esep_time agent_ingress_deadline(const struct agent *a)
{
    return is_wanted(a) && may_ask(a) ? asks_at(a) : ESEP_TIME_NEVER;
}

void agent_ingress_hung_up(struct agent *a)
{
    a->asking.out = a->asking.refused = a->asking.parting = false;
}

static void part(struct agent *a)
{
    if (!a->asking.parting)
        return;
    a->asking.parting = false;
    agent_link_wait(a, AGENT_WHY_BROKER, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_WAIT,
                    a->status.text, a->asking.part_wait);
}

bool agent_ingress_parts(struct agent *a, const char *text, esep_time wait)
{
    struct agent_asking *k = &a->asking;
    if (k->out && a->send_due && a->tx_kind == ESEP__V1__KIND__KIND_ASK_INGRESS) {
        k->out = false; /* made, and not sent: it goes with the session */
        k->next_at = a->now;
    }
    if (k->parting || (!k->out && (!is_wanted(a) || a->now < k->next_at)))
        return false;
    agent_greet_again(a, AGENT_WHY_BROKER, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_WAIT, text,
                      ESEP_TIME_NEVER);
    a->timer = agent_later(a, a->config.hello_timeout);
    k->parting = true;
    k->part_wait = wait;
    return true;
}

void agent_ingress_part(struct agent *a)
{
    part(a);
}

/* The envelope's session is the ask's own name, so that a refusal of it is no refusal of ours. */
static bool pack_ask(struct agent *a, const struct esep_hash *content)
{
    uint8_t body[ASK_BYTES_MAX];
    Esep__V1__AskIngress message = ESEP__V1__ASK_INGRESS__INIT;
    message.content = esep_pb(content->bytes, ESEP_HASH_BYTES);
    ESEP_ASSERT(esep__v1__ask_ingress__get_packed_size(&message) <= sizeof body);
    const size_t len = esep__v1__ask_ingress__pack(&message, body);
    const struct esep_envelope envelope = {.version = ESEP_WIRE_VERSION,
                                           .kind = ESEP__V1__KIND__KIND_ASK_INGRESS,
                                           .session =
                                               esep_slice(content->bytes, ESEP_SESSION_ID_BYTES)};
    esep_buf_clear(&a->tx);
    return esep_envelope_write_head(&envelope, len, &a->tx) == ESEP_OK &&
           esep_buf_put(&a->tx, body, len) == ESEP_OK;
}

bool agent_ingress_send(struct agent *a)
{
    struct agent_asking *k = &a->asking;
    struct agent_ingress *asked = &k->asked;
    if (!is_wanted(a) || !may_ask(a) || a->now < asks_at(a))
        return false;
    const struct agent_mark all = {a->journal.last_seq, a->journal.head};
    const struct esep_commitment c = agent_commit(a, &all);
    asked->epoch = c.epoch;
    asked->seq = c.seq;
    esep_commitment_pack(&a->config.log_id, &c, asked->statement);
    memcpy(asked->key, a->config.sign_key.public, sizeof asked->key);
    k->content = esep_content_hash(esep_slice(asked->statement, sizeof asked->statement));
    k->next_at = agent_later(a, AGAIN);
    if (!pack_ask(a, &k->content)) {
        agent_link_fail(a, AGENT_WHY_TOO_LARGE, "no memory for a frame");
        return false;
    }
    k->out = true;
    agent_frame_due(a, ESEP__V1__KIND__KIND_ASK_INGRESS);
    agent_count(a, AGENT_INGRESS_ASKED, 1);
    return true;
}

bool agent_ingress_refused(struct agent *a, const Esep__V1__Refusal *r)
{
    struct agent_asking *k = &a->asking;
    if (!k->out || r->signature.len > 0 || r->session.len != ESEP_SESSION_ID_BYTES ||
        memcmp(r->session.data, k->content.bytes, ESEP_SESSION_ID_BYTES) != 0)
        return false;
    k->out = false;
    if (r->reason == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT)
        k->next_at = agent_later(a, AGAIN);
    else
        k->refused = true; /* on this connection: an older broker, or one without a key */
    agent_count(a, AGENT_INGRESS_REFUSED, 1);
    part(a);
    return true;
}

/* Whether it is what we asked for, signed by whom the configuration names. */
static bool take_note(struct agent *a, const Esep__V1__Ingress *message)
{
    struct agent_asking *k = &a->asking;
    struct esep_ingress note = {.log_id = a->config.log_id};
    const uint8_t *key = signer(a);
    memcpy(note.office_curve, a->config.curve_public, ESEP_KEY_BYTES);
    if (key == NULL || esep_ingress_read(message, &note) != ESEP_OK ||
        !esep_hash_equal(&note.content, &k->content) ||
        memcmp(note.broker_key, key, ESEP_KEY_BYTES) != 0 || !esep_ingress_verify(&note))
        return false;
    esep_ingress_pack(&note, k->asked.note);
    return true;
}

void agent_on_ingress(struct agent *a, const struct esep_envelope *envelope)
{
    struct agent_asking *k = &a->asking;
    struct agent_gather *g = agent_filling(a);
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&a->arena);
    /* One that answers an earlier question, or a repeat, is nothing. */
    if (!k->out || memcmp(envelope->session.data, k->content.bytes, ESEP_SESSION_ID_BYTES) != 0 ||
        esep_unpack(&esep__v1__ingress__descriptor, envelope->sealed, &a->arena, &message) !=
            ESEP_OK) {
        agent_count(a, AGENT_FRAMES_DROPPED, 1);
        return;
    }
    k->out = false;
    if (take_note(a, (const Esep__V1__Ingress *)message)) {
        g->ingress = k->asked;
        g->ingress_new = true;
        a->ahead.noted_seq = k->asked.seq;
        a->notify_due = true;
        agent_count(a, AGENT_INGRESS_NOTES, 1);
    } else {
        agent_count(a, AGENT_INGRESS_REFUSED, 1);
    }
    part(a);
}

void agent_ingress_clock_moved(struct agent *a, esep_time by)
{
    struct agent_asking *k = &a->asking;
    if (k->unproved_since != ESEP_TIME_NEVER)
        k->unproved_since += by;
    if (k->next_at != ESEP_TIME_NEVER)
        k->next_at += by;
}
