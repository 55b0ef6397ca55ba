/* broker/internal.h - the core's own state, shared by its four files and nobody else.
 *
 * broker.c owns the life, the time and the effects; office.c judges the offices' frames; ingress.c
 * answers those that are for the broker; link.c speaks with the collectors. Effects are slots of a
 * ring with a little room of their own for what the core itself writes (a refusal, a challenge);
 * the office's bytes are never copied.
 *
 * Invariant: between two events the ring is empty; EFFECTS_MAX bounds what one event makes.
 */
#ifndef BROKER_INTERNAL_H
#define BROKER_INTERNAL_H

#include "base/arena.h"
#include "broker/conns.h"
#include "broker/roster.h"
#include "wire/envelope.h"
#include "wire/log_keys.h"

#define EFFECTS_MAX 64
#define EFFECTS_RESERVE 24 /* on_time leaves this much for what failures may add */
#define EFFECT_SCRATCH 384
#define LINK_ARENA_BYTES ((size_t)1 << 20)
#define BEATS_LOST 3 /* heartbeats of silence that end a collector */

struct link {
    bool used;
    bool joined;
    bool ready;     /* its roster came whole */
    bool gathering; /* ... is coming */
    bool draining;
    bool nonce_live;
    bool told;         /* it was sent a Joined ... */
    bool told_primary; /* ... that said so */
    uint64_t conn;
    uint64_t rank; /* order of joining */
    uint8_t key[ESEP_KEY_BYTES];
    uint8_t nonce[32];
    uint8_t engine_id[16];
    char name[BROKER_NAME_BYTES];
    esep_time heard_at;
};

enum effect_role {
    ROLE_CONTROL = 1, /* of the core's own: nothing to mend if it does not go out */
    ROLE_FRAME,       /* an office's frame: who sent it must be told */
    ROLE_REPLY,       /* a collector's reply */
    ROLE_REFUSAL,
};

struct effect_slot {
    struct broker_effect public;
    enum effect_role role;
    uint64_t origin; /* FRAME: the office's connection */
    uint8_t scratch[EFFECT_SCRATCH];
};

struct broker {
    struct broker_config config;
    /* costs of one frame and of a burst, worked out once from the config */
    int64_t frame_cost_ns, frames_burst_ns, bytes_burst_ns, refusal_cost_ns, refusals_burst_ns;
    int64_t stranger_cost_ns, strangers_burst_ns;
    struct esep_log_keys log_keys; /* the configured one, and those that a Join has led to */
    struct roster roster;
    struct conns conns;
    struct link links[BROKER_COLLECTORS_MAX];
    struct link *primary;  /* NULL: none */
    struct link *gatherer; /* whose whole roster is coming into roster.next; NULL: nobody's */
    uint64_t ranks;
    uint64_t nonces;
    esep_time beat_at;
    bool draining;
    esep_time drained_at;
    bool clock_told;
    esep_time clock_ahead;               /* the wall clock's, of `now` */
    struct broker_bucket strangers_left; /* of all unknown keys together */
    struct broker_bucket anonymous_left; /* refusals to connections there was no room for */
    struct esep_arena arena;             /* one LinkUp at a time */
    uint64_t counters[BROKER_COUNTERS];
    uint32_t effect_first, effect_count;
    struct effect_slot effects[EFFECTS_MAX];
};

/* broker.c */
uint32_t broker_room(const struct broker *b);
struct effect_slot *broker_push(struct broker *b, enum broker_effect_kind kind,
                                enum effect_role role, uint64_t conn);
void broker_note(struct broker *b, enum broker_note note, const char *format, ...)
    ESEP_PRINTF(3, 4);
bool broker_key_is_collector(const struct broker *b, const uint8_t key[ESEP_KEY_BYTES]);

/* office.c */
/* Forgets a connection; a collector that knows it is told Gone. */
void broker_conn_gone(struct broker *b, struct conn *conn);
void broker_frame_unsent(struct broker *b, uint64_t origin, struct esep_slice frame, esep_time now);
void broker_frame_again(struct broker *b, uint64_t origin, struct esep_slice frame, esep_time now);

/* ingress.c */
/* A note about what the envelope asks, for this connection. False: it asks about nothing. */
bool broker_ingress_say(struct broker *b, const struct conn *conn,
                        const struct esep_envelope *envelope, esep_time now);

/* link.c */
struct link *broker_link_find(struct broker *b, uint64_t conn);
void broker_link_send(struct broker *b, const struct link *link, const Esep__V1__LinkDown *message);
void broker_link_beat(struct broker *b, const struct link *link);
void broker_link_lost(struct broker *b, struct link *link, const char *why);
void broker_elect(struct broker *b);
bool broker_routable(const struct broker *b);

#endif
