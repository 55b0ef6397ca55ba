/* broker/broker.h - the broker's core: who may send, how much, and where it goes.
 *
 * One frame's way through here. The shell receives it from an office's connection and hands over
 * the connection's number, the CURVE key of the *payload frame* and the bytes
 * (broker_on_office_frame). The core finds the connection, looks the key up in the roster again (a
 * revocation that came between two frames counts for the second), takes the frame's cost from the
 * office's two token buckets, and reads the head of the envelope: version and kind, nothing behind
 * it. A key may send the kinds its admission allows, from one table. What passes goes out as one
 * SEND_COLLECTOR effect: [LinkDown.from][the very bytes that came], where `from` says connection,
 * office and key as the broker knows them, never as the frame claims. What does not pass is
 * answered by one KIND_REFUSAL in the clear; each connection gets so many refusals a second and no
 * more, so that the broker amplifies nothing, but all are counted. Where no collector is here to
 * take the frame, the office is told WAIT and the frame is forgotten: the broker holds nothing,
 * since the office's journal is the queue.
 *
 * A collector (broker_on_collector_frame) is a stranger until it answers a challenge with the log
 * key's signature over the log id, its engine and this broker's key. It then sends the roster;
 * until the last part has come, offices wait. The first that joined is the primary; another on the
 * same engine stands by; another log or engine is refused, loudly: two half logs are worse than a
 * wait. Three heartbeats of silence, or a connection that cannot be reached, end a collector.
 *
 * One kind of frame is for the broker itself: ASK_INGRESS, a hash. It is answered at once by a note
 * of ingress (wire/ingress.h), whether a collector is here or not, since that is what it is for;
 * nothing of it is kept. A broker without a signing key says so.
 *
 * It decides; it does no I/O, reads no clock, draws no randomness (nonces come from config.seed)
 * and allocates in broker_new alone. Per office frame: two hash lookups and two subtractions.
 *
 * Effects (broker_peek) borrow the bytes of the event that made them: the shell takes them all,
 * with broker_pop (it went out) or broker_failed (it did not), before it hands in the next event.
 *
 * Invariants: connections <= conns_max; strangers among them <= strangers_max; one primary at most;
 * a connection stops being a stranger's with the roster that has its key; no effect to a collector
 * that has not joined, but Challenge and JoinRefused.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "base/crypto.h"
#include "base/time.h"
#include "esep/v1/link.pb-c.h"

struct broker;

#define BROKER_COLLECTORS_MAX 8 /* links, and keys in the config */
#define BROKER_NAME_BYTES 64
#define BROKER_TABLE_MAX (UINT32_C(1) << 20) /* keys, connections */

/* A token bucket's two numbers: so many a second, and so many at once after a rest. */
struct broker_rate {
    uint64_t per_second; /* 1 .. 1e9 */
    uint64_t burst;      /* >= 1 */
};

struct broker_config {
    char name[BROKER_NAME_BYTES];
    struct esep_hash log_id;
    uint8_t log_key[ESEP_KEY_BYTES];
    uint8_t curve_public[ESEP_KEY_BYTES];
    uint8_t seed[32]; /* nonces and hash keys derive from it; fresh at every start */
    uint8_t collector_keys[BROKER_COLLECTORS_MAX][ESEP_KEY_BYTES];
    size_t collector_key_count;
    bool enrolment; /* unknown keys may send KIND_ENROL */
    bool signs_ingress;
    struct esep_sign_key sign_key; /* its own; fixed at start, broker_reconfigure keeps it */
    /* memory: fixed at start */
    uint32_t keys_max;  /* <= BROKER_TABLE_MAX */
    uint32_t conns_max; /* likewise */
    /* limits: broker_reconfigure swaps them */
    uint32_t strangers_max;     /* connections of unknown keys */
    uint32_t conns_per_key_max; /* more: the one longest unheard of is forgotten */
    size_t frame_bytes_max;
    struct broker_rate frames;    /* of one key */
    struct broker_rate bytes;     /* of one key */
    struct broker_rate refusals;  /* answers to one connection */
    esep_time stranger_every;     /* an unknown key's connection: one frame each, two at once */
    struct broker_rate strangers; /* frames of all unknown keys together */
    esep_time ingress_every;      /* notes of ingress for one key: one each, two at once */
    esep_time heartbeat;
    esep_time idle;  /* a connection unheard of for so long is forgotten */
    esep_time wait;  /* retry_after of WAIT */
    esep_time drain; /* replies still pass for so long after broker_drain */
};

ESEP_MUST_USE enum esep_status broker_new(struct broker **ret, const struct broker_config *config,
                                          esep_time now);
void broker_free(struct broker *broker);
/* New limits, collector keys and enrolment. ESEP_INVALID, and nothing changes, where what is fixed
 * at start (names, keys, log, memory) differs. Strangers over a smaller limit are forgotten by the
 * next broker_on_time, which broker_deadline then asks for at once. */
ESEP_MUST_USE enum esep_status broker_reconfigure(struct broker *broker,
                                                  const struct broker_config *config,
                                                  struct esep_reason *reason);

/* ZAP asks before a handshake passes. Every frame is judged again. */
enum broker_domain { BROKER_DOMAIN_OFFICES = 1, BROKER_DOMAIN_COLLECTORS };
bool broker_admits(struct broker *broker, enum broker_domain domain,
                   const uint8_t key[ESEP_KEY_BYTES]);

/* Events in. conn: the shell's number of the connection, unique in its socket. */
void broker_on_office_frame(struct broker *broker, uint64_t conn, const uint8_t key[ESEP_KEY_BYTES],
                            struct esep_slice frame, esep_time now);
/* parts: [LinkUp] or [LinkUp.to][Envelope]. */
void broker_on_collector_frame(struct broker *broker, uint64_t conn,
                               const uint8_t key[ESEP_KEY_BYTES], const struct esep_slice *parts,
                               size_t count, esep_time now);
/* By how much the wall clock is ahead of `now`. Said before the office's frames, whenever it may
 * have changed: notes of ingress name the hour. */
void broker_on_clock(struct broker *broker, esep_time ahead);
void broker_on_time(struct broker *broker, esep_time now);
esep_time broker_deadline(const struct broker *broker);
/* Offices are told WAIT from now on; replies under way still pass, for config.drain. */
void broker_drain(struct broker *broker, esep_time now);
bool broker_drained(const struct broker *broker, esep_time now);

/* Effects out. */
enum broker_effect_kind {
    BROKER_EFFECT_SEND_OFFICE = 1, /* parts to an office's connection */
    BROKER_EFFECT_SEND_COLLECTOR,  /* parts to a collector's connection */
    BROKER_EFFECT_NOTE,            /* something an operator should read */
};
enum broker_note {
    BROKER_NOTE_COLLECTOR_JOINED = 1,
    BROKER_NOTE_LOG_KEY, /* the log's key has given its place to another */
    BROKER_NOTE_COLLECTOR_STANDBY,
    BROKER_NOTE_COLLECTOR_PRIMARY, /* a standby took over */
    BROKER_NOTE_COLLECTOR_REFUSED,
    BROKER_NOTE_COLLECTOR_LOST,
    BROKER_NOTE_COLLECTOR_DRAINING,
    BROKER_NOTE_COLLECTOR_MALFORMED,
    BROKER_NOTE_ROSTER_READY,
    BROKER_NOTE_ROSTER_FULL,
    BROKER_NOTES
};
struct broker_effect {
    enum broker_effect_kind kind;
    uint64_t conn;
    struct esep_slice parts[2];
    size_t part_count;
    enum broker_note note;
    const char *text; /* NOTE: a sentence */
};
const struct broker_effect *broker_peek(const struct broker *broker); /* NULL: none */
void broker_pop(struct broker *broker);
/* The effect at the head could not be sent: ESEP_AGAIN, its queue is full; anything else, there is
 * no such connection any more. Takes it away and may put others in its place. */
void broker_failed(struct broker *broker, enum esep_status status, esep_time now);

/* What an operator asks for. */
enum broker_counter {
    BROKER_FRAMES, /* office frames that came */
    BROKER_BYTES,
    BROKER_FORWARDED, /* went on to a collector */
    BROKER_REPLIES,   /* went on to an office */
    BROKER_REFUSED_WAIT,
    BROKER_REFUSED_LIMIT,
    BROKER_REFUSED_TOO_LARGE,
    BROKER_REFUSED_NOT_ENROLLED,
    BROKER_REFUSED_REVOKED,
    BROKER_REFUSED_PENDING,
    BROKER_REFUSED_MALFORMED,
    BROKER_REFUSED_VERSION,
    BROKER_REFUSED_DENIED,
    BROKER_INGRESS_NOTES,
    BROKER_REFUSALS_UNSAID, /* refused, and over the connection's limit of answers */
    BROKER_HANDSHAKES_DENIED,
    BROKER_CONNS_EXPIRED,
    BROKER_CONNS_LOST, /* an office that could not be reached, or does not read */
    BROKER_COLLECTORS_REFUSED,
    BROKER_COLLECTORS_LOST,
    BROKER_COUNTERS
};
const char *broker_counter_name(enum broker_counter which);
uint64_t broker_counter(const struct broker *broker, enum broker_counter which);

struct broker_collector_info {
    uint64_t conn;
    char name[BROKER_NAME_BYTES];
    uint8_t key[ESEP_KEY_BYTES];
    uint8_t engine_id[16];
    bool joined;
    bool primary;
    bool ready; /* its roster is whole */
    bool draining;
    esep_time heard_at;
};
/* i: 0 .. BROKER_COLLECTORS_MAX-1; false: no such. */
bool broker_collector_at(const struct broker *broker, size_t i, struct broker_collector_info *ret);

struct broker_office_info {
    uint32_t office;
    Esep__V1__OfficeAdmission admission;
    char body[33];
    uint8_t key[ESEP_KEY_BYTES];
    bool online;       /* heard of within config.idle */
    esep_time seen_at; /* its last frame; 0: none since this broker started */
    uint64_t frames;
    uint64_t bytes;
    uint64_t refused;
};
/* i: 0 .. broker_office_count-1, in no order. */
uint32_t broker_office_count(const struct broker *broker);
void broker_office_at(const struct broker *broker, uint32_t i, esep_time now,
                      struct broker_office_info *ret);
uint32_t broker_conn_count(const struct broker *broker);
uint32_t broker_stranger_count(const struct broker *broker);
uint64_t broker_roster_version(const struct broker *broker);

#endif
