/* tests/unit/broker/world.h - a broker core, a log key, and what came out of the core.
 *
 * Scenarios are lists of calls: an event in, then a look at the effects, which are copied as they
 * are taken so that a test may look at them later. Time is a number that the test moves.
 */
#ifndef TEST_BROKER_WORLD_H
#define TEST_BROKER_WORLD_H

#include "base/arena.h"
#include "broker/broker.h"
#include "esep/v1/wire.pb-c.h"
#include "wire/log_keys.h"

#define OUT_MAX 64
#define SECOND ESEP_SECOND

struct out {
    enum broker_effect_kind kind;
    enum broker_note note;
    uint64_t conn;
    size_t part_count;
    const uint8_t *borrowed; /* where the last part pointed */
    size_t lens[2];
    uint8_t parts[2][1024];
    char text[192];
};

struct world {
    struct broker *broker;
    struct broker_config config;
    struct esep_sign_key log_key;
    struct esep_log_keys keys; /* told in Join; count 0: none */
    esep_time now;
    esep_time ahead; /* the wall clock's, of now */

    uint8_t nonce[32];
    size_t out_count;
    struct out out[OUT_MAX];
    struct esep_arena arena;
};

/* A broker with enrolment on and small, round limits; nobody has joined. */
void world_init(struct world *w);
void world_done(struct world *w);
/* Takes every effect; out[] is what came since the last call. */
void world_take(struct world *w);

/* Keys by number: 32 bytes that start with it. */
const uint8_t *key_of(unsigned number);

/* An envelope of a kind; its sealed body has `body` bytes. Static storage until the next call. */
struct esep_slice envelope_of(Esep__V1__Kind kind, size_t body);
void office_sends(struct world *w, uint64_t conn, unsigned key, Esep__V1__Kind kind);
void office_sends_bytes(struct world *w, uint64_t conn, unsigned key, struct esep_slice frame);

#define COLLECTOR_KEY 200u /* in the config; 201 too */
#define BROKER_KEY 250u

void link_sends(struct world *w, uint64_t conn, unsigned key, const Esep__V1__LinkUp *up,
                const struct esep_slice *envelope);
void link_beats(struct world *w, uint64_t conn, unsigned key, bool draining);
/* Beats, expects a challenge, keeps its nonce. */
void link_challenged(struct world *w, uint64_t conn, unsigned key);
void link_joins(struct world *w, uint64_t conn, unsigned key, unsigned engine);
struct seat {
    unsigned key;
    uint32_t office;
    Esep__V1__OfficeAdmission admission;
};
void link_roster(struct world *w, uint64_t conn, unsigned key, uint64_t version, bool whole,
                 bool last, const struct seat *seats, size_t count);
/* Challenge, Join and an empty or given roster, all asserted. */
void link_up(struct world *w, uint64_t conn, unsigned key, unsigned engine,
             const struct seat *seats, size_t count);
#define LINK 900u
/* An office that is active (1), one pending (2), one revoked (3), and an operator (4); the
 * collector that brings them is on LINK. */
void link_up_with_all(struct world *w);
void world_up(struct world *w); /* world_init and that */
void link_replies(struct world *w, uint64_t conn, unsigned key, uint64_t to,
                  struct esep_slice envelope);

/* The i-th effect, unpacked into the arena. */
const Esep__V1__LinkDown *down_at(struct world *w, size_t i);
const Esep__V1__Refusal *refusal_at(struct world *w, size_t i);
/* The only effect is a refusal to conn for this reason. Returns it. */
const Esep__V1__Refusal *refused(struct world *w, uint64_t conn, Esep__V1__RefusalReason reason);
/* The only effect is the frame of conn, stamped so, on the collector's connection. */
void forwarded(struct world *w, uint64_t link, uint64_t conn, unsigned key, uint32_t office);
/* Some effect is this note. */
void noted(const struct world *w, enum broker_note note);

#define ACTIVE ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_ACTIVE
#define PENDING ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_PENDING
#define REVOKED ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REVOKED
#define OPERATOR ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_OPERATOR
#define REPLACED ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REPLACED
#define WHY(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name
#define KIND(name) ESEP__V1__KIND__KIND_##name

#endif
