/* lib/wire/session.c - keys, counters and the two directions of a sealed session.
 *
 * The rule that everything here serves: no (key, nonce) pair seals two different texts, whatever a
 * broker replays. Upward frames use the office's own counters. A collector that gets the same HELLO
 * or ENROL twice arrives at the same first key twice and must answer twice, perhaps differently: so
 * its replies at counter 0 are not sealed under `first` itself but under a key of their own, made
 * from `first` and the 32 bytes that the reply's head carries in the clear. For WELCOME these are
 * the collector's ephemeral key, drawn anew each time; for other replies a hash of kind and text
 * under `first`: another text, another key.
 */
#include "wire/session.h"

#define DIRECTION_UP UINT64_C(1)   /* office to collector */
#define DIRECTION_DOWN UINT64_C(2) /* collector to office */

static uint64_t direction_out(const struct esep_session *session)
{
    return session->side == ESEP_SIDE_OFFICE ? DIRECTION_UP : DIRECTION_DOWN;
}

static uint64_t direction_in(const struct esep_session *session)
{
    return session->side == ESEP_SIDE_OFFICE ? DIRECTION_DOWN : DIRECTION_UP;
}

static struct esep_slice key_slice(const uint8_t key[ESEP_KEY_BYTES])
{
    return esep_slice(key, ESEP_KEY_BYTES);
}

/* first = KDF(shared; "esep/first/v1", E, S, log_id), and the session's id. */
static enum esep_status derive_first(struct esep_session *session, const uint8_t secret[32],
                                     const uint8_t peer_public[32])
{
    uint8_t shared[ESEP_KEY_BYTES];
    enum esep_status status = esep_box_shared(secret, peer_public, shared);
    if (status != ESEP_OK)
        return status;
    const struct esep_slice parts[] = {
        esep_slice_str("esep/first/v1"),
        key_slice(session->office_ephemeral),
        key_slice(session->collector_public),
        esep_slice(session->log_id.bytes, sizeof session->log_id.bytes),
    };
    esep_kdf(shared, parts, sizeof parts / sizeof parts[0], session->first_key);
    esep_wipe(shared, sizeof shared);
    struct esep_hash hash = esep_sha256(key_slice(session->office_ephemeral));
    memcpy(session->id, hash.bytes, sizeof session->id);
    return ESEP_OK;
}

/* key = KDF(shared; "esep/session/v1", first, E, F). Our ephemeral secret has done its work. */
static enum esep_status derive_key(struct esep_session *session, const uint8_t peer_public[32],
                                   const uint8_t collector_ephemeral[32])
{
    uint8_t shared[ESEP_KEY_BYTES];
    enum esep_status status = esep_box_shared(session->ephemeral.secret, peer_public, shared);
    if (status != ESEP_OK)
        return status;
    const struct esep_slice parts[] = {
        esep_slice_str("esep/session/v1"),
        key_slice(session->first_key),
        key_slice(session->office_ephemeral),
        key_slice(collector_ephemeral),
    };
    esep_kdf(shared, parts, sizeof parts / sizeof parts[0], session->key);
    esep_wipe(shared, sizeof shared);
    esep_wipe(session->ephemeral.secret, sizeof session->ephemeral.secret);
    return ESEP_OK;
}

static void reply_key(const struct esep_session *session, const uint8_t carried[32],
                      uint8_t ret_key[ESEP_KEY_BYTES])
{
    const struct esep_slice parts[] = {esep_slice_str("esep/reply/v1"), key_slice(carried)};
    esep_kdf(session->first_key, parts, 2, ret_key);
}

static void reply_salt(const struct esep_session *session, Esep__V1__Kind kind,
                       struct esep_slice plain, uint8_t ret_salt[32])
{
    uint8_t kind_bytes[4];
    esep_be32_put(kind_bytes, (uint32_t)kind);
    const struct esep_slice parts[] = {esep_slice_str("esep/salt/v1"),
                                       esep_slice(kind_bytes, sizeof kind_bytes), plain};
    esep_kdf(session->first_key, parts, 3, ret_salt);
}

enum esep_status esep_session_begin(struct esep_session *ret_session, const uint8_t seed[32],
                                    const uint8_t collector_public[ESEP_KEY_BYTES],
                                    const struct esep_hash *log_id)
{
    struct esep_session session = {.side = ESEP_SIDE_OFFICE, .log_id = *log_id};
    memcpy(session.collector_public, collector_public, ESEP_KEY_BYTES);
    esep_box_key_from_seed(&session.ephemeral, seed);
    memcpy(session.office_ephemeral, session.ephemeral.public, ESEP_KEY_BYTES);
    enum esep_status status = derive_first(&session, session.ephemeral.secret, collector_public);
    if (status == ESEP_OK)
        *ret_session = session;
    esep_session_done(&session);
    return status;
}

enum esep_status esep_session_accept(struct esep_session *ret_session,
                                     const struct esep_envelope *envelope,
                                     const struct esep_box_key *collector_key,
                                     const struct esep_hash *log_id)
{
    if (envelope->version != ESEP_WIRE_VERSION || envelope->counter != 0 ||
        envelope->ephemeral.len != ESEP_KEY_BYTES || envelope->log_id.len != ESEP_HASH_BYTES)
        return ESEP_INVALID;
    if (memcmp(envelope->log_id.data, log_id->bytes, ESEP_HASH_BYTES) != 0)
        return ESEP_DENIED;
    struct esep_session session = {
        .side = ESEP_SIDE_COLLECTOR,
        .log_id = *log_id,
        .bundle = envelope->kind == ESEP__V1__KIND__KIND_BUNDLE,
    };
    memcpy(session.collector_public, collector_key->public, ESEP_KEY_BYTES);
    memcpy(session.office_ephemeral, envelope->ephemeral.data, ESEP_KEY_BYTES);
    enum esep_status status =
        derive_first(&session, collector_key->secret, session.office_ephemeral);
    if (status == ESEP_OK && memcmp(session.id, envelope->session.data, sizeof session.id) != 0)
        status = ESEP_INVALID;
    if (status == ESEP_OK)
        *ret_session = session;
    esep_session_done(&session);
    return status;
}

enum esep_status esep_session_establish(struct esep_session *session, const uint8_t seed[32])
{
    if (session->side != ESEP_SIDE_COLLECTOR || session->established)
        return ESEP_INVALID;
    esep_box_key_from_seed(&session->ephemeral, seed);
    enum esep_status status =
        derive_key(session, session->office_ephemeral, session->ephemeral.public);
    session->welcome_ready = status == ESEP_OK;
    return status;
}

void esep_session_done(struct esep_session *session)
{
    if (session != NULL)
        esep_wipe(session, sizeof *session);
}

/* Appends a whole frame, or nothing. */
static enum esep_status seal_frame(const struct esep_session *session,
                                   const uint8_t key[ESEP_KEY_BYTES],
                                   const struct esep_envelope *envelope, struct esep_slice plain,
                                   struct esep_buf *out)
{
    if (plain.len > UINT32_MAX - ESEP_SEAL_BYTES)
        return ESEP_LIMIT;
    size_t sealed_len = plain.len + ESEP_SEAL_BYTES;
    size_t before = out->len;
    enum esep_status status = esep_envelope_write_head(envelope, sealed_len, out);
    if (status == ESEP_OK)
        status = esep_buf_reserve(out, sealed_len);
    if (status != ESEP_OK) {
        out->len = before;
        return status;
    }
    uint8_t ad[ESEP_ENVELOPE_AD_MAX];
    size_t ad_len = esep_envelope_ad(envelope, ad);
    esep_seal(key, direction_out(session), envelope->counter, esep_slice(ad, ad_len), plain,
              out->data + out->len);
    out->len += sealed_len;
    return ESEP_OK;
}

static struct esep_envelope make_head(const struct esep_session *session, Esep__V1__Kind kind,
                                      uint64_t counter)
{
    return (struct esep_envelope){
        .version = ESEP_WIRE_VERSION,
        .kind = kind,
        .counter = counter,
        .session = esep_slice(session->id, sizeof session->id),
    };
}

static enum esep_status seal_first_down(struct esep_session *session, Esep__V1__Kind kind,
                                        struct esep_slice plain, struct esep_buf *out)
{
    uint8_t carried[32];
    uint8_t key[ESEP_KEY_BYTES];
    bool welcome = kind == ESEP__V1__KIND__KIND_WELCOME;
    if (welcome && !session->welcome_ready)
        return ESEP_CONFLICT;
    if (welcome)
        memcpy(carried, session->ephemeral.public, sizeof carried);
    else
        reply_salt(session, kind, plain, carried);
    reply_key(session, carried, key);
    struct esep_envelope head = make_head(session, kind, 0);
    head.ephemeral = key_slice(carried);
    enum esep_status status = seal_frame(session, key, &head, plain, out);
    esep_wipe(key, sizeof key);
    if (status == ESEP_OK && welcome) {
        session->welcome_ready = false;
        session->established = true;
    }
    return status;
}

enum esep_status esep_session_seal_first(struct esep_session *session, Esep__V1__Kind kind,
                                         struct esep_slice plain, struct esep_buf *out)
{
    if (session->side == ESEP_SIDE_COLLECTOR)
        return seal_first_down(session, kind, plain, out);
    if (session->first_sealed)
        return ESEP_CONFLICT; /* a second text under the same key and counter */
    struct esep_envelope head = make_head(session, kind, 0);
    head.ephemeral = key_slice(session->office_ephemeral);
    head.log_id = esep_slice(session->log_id.bytes, sizeof session->log_id.bytes);
    enum esep_status status = seal_frame(session, session->first_key, &head, plain, out);
    session->first_sealed = status == ESEP_OK;
    return status;
}

static enum esep_status seal_next(struct esep_session *session, const uint8_t key[ESEP_KEY_BYTES],
                                  Esep__V1__Kind kind, struct esep_slice plain,
                                  struct esep_buf *out)
{
    ESEP_ASSERT(session->tx_counter < UINT64_MAX);
    struct esep_envelope head = make_head(session, kind, session->tx_counter + 1);
    enum esep_status status = seal_frame(session, key, &head, plain, out);
    if (status == ESEP_OK)
        session->tx_counter++;
    return status;
}

enum esep_status esep_session_seal(struct esep_session *session, Esep__V1__Kind kind,
                                   struct esep_slice plain, struct esep_buf *out)
{
    if (!session->established)
        return ESEP_INVALID;
    return seal_next(session, session->key, kind, plain, out);
}

enum esep_status esep_session_seal_bundle(struct esep_session *session, Esep__V1__Kind kind,
                                          struct esep_slice plain, struct esep_buf *out)
{
    if (session->side != ESEP_SIDE_OFFICE || session->established)
        return ESEP_INVALID;
    return seal_next(session, session->first_key, kind, plain, out);
}

/* Which key opens this envelope; false where none does. */
static bool choose_key(const struct esep_session *session, const struct esep_envelope *envelope,
                       uint8_t ret_key[ESEP_KEY_BYTES])
{
    bool carries = envelope->ephemeral.len == ESEP_KEY_BYTES;
    if (envelope->counter == 0) {
        if (!carries)
            return false;
        if (session->side == ESEP_SIDE_OFFICE)
            reply_key(session, envelope->ephemeral.data, ret_key);
        else
            memcpy(ret_key, session->first_key, ESEP_KEY_BYTES);
        return true;
    }
    if (carries || (!session->established && !session->bundle))
        return false;
    /* What is on the stick was sealed before anybody answered, and stays so. */
    const bool first = !session->established || session->bundle;
    memcpy(ret_key, first ? session->first_key : session->key, ESEP_KEY_BYTES);
    return true;
}

enum esep_status esep_session_open(struct esep_session *session,
                                   const struct esep_envelope *envelope, struct esep_buf *out)
{
    uint8_t key[ESEP_KEY_BYTES];
    esep_buf_clear(out);
    if (envelope->version != ESEP_WIRE_VERSION ||
        memcmp(envelope->session.data, session->id, sizeof session->id) != 0 ||
        envelope->sealed.len < ESEP_SEAL_BYTES ||
        (session->opened && envelope->counter <= session->rx_counter) ||
        !choose_key(session, envelope, key))
        return ESEP_INVALID;
    size_t plain_len = envelope->sealed.len - ESEP_SEAL_BYTES;
    enum esep_status status = esep_buf_reserve(out, plain_len);
    if (status == ESEP_OK) {
        uint8_t ad[ESEP_ENVELOPE_AD_MAX];
        size_t ad_len = esep_envelope_ad(envelope, ad);
        status = esep_open(key, direction_in(session), envelope->counter, esep_slice(ad, ad_len),
                           envelope->sealed, out->data);
    }
    esep_wipe(key, sizeof key);
    if (status != ESEP_OK)
        return status;
    if (session->side == ESEP_SIDE_OFFICE && envelope->counter == 0 &&
        envelope->kind == ESEP__V1__KIND__KIND_WELCOME) {
        status = derive_key(session, envelope->ephemeral.data, envelope->ephemeral.data);
        if (status != ESEP_OK)
            return status;
        session->established = true;
    }
    out->len = plain_len;
    session->opened = true;
    session->rx_counter = envelope->counter;
    return ESEP_OK;
}
