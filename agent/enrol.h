/* agent/enrol.h - enrolment: one frame out, one frame back, no session.
 *
 * The keys were made here and stay here; the frame carries their public halves, the one-time code
 * and a signature that joins the new key to this very exchange. It is sealed to the collector, so
 * that no broker sees the code. The answer is sealed too, or it is a refusal: from the collector
 * signed by the log key, from the broker in the clear, which means "later" and nothing else.
 *
 * Pure; the shell sends `frame` and feeds in what comes until the status is not ESEP_AGAIN.
 */
#ifndef AGENT_ENROL_H
#define AGENT_ENROL_H

#include "base/arena.h"
#include "wire/session.h"
#include "wire/statement.h"

#define AGENT_LABEL_MAX 65 /* with the NUL */

struct agent_enrol_request {
    struct esep_hash log_id;
    uint8_t log_public[ESEP_KEY_BYTES];
    uint8_t seal_public[ESEP_KEY_BYTES];
    struct esep_sign_key sign_key;
    uint8_t curve_public[ESEP_KEY_BYTES];
    uint8_t code[16];
    char label[AGENT_LABEL_MAX];
    uint8_t seed[32]; /* fresh, used once */
};
struct agent_enrol {
    struct esep_session session;
    struct esep_hash log_id;
    uint8_t log_public[ESEP_KEY_BYTES];
    struct esep_buf plain;
    struct esep_arena arena;
};
struct agent_enrol_result {
    uint32_t office;
    char body[33];
    uint32_t epoch; /* the first of these keys */
    bool accepted;  /* false: pending until the operator accepts */
    Esep__V1__RefusalReason refusal;
    bool refusal_signed;
    uint32_t retry_after_ms;
};

/* Appends the frame to out. The request may be wiped afterwards. */
ESEP_MUST_USE enum esep_status agent_enrol_begin(struct agent_enrol *ret,
                                                 const struct agent_enrol_request *request,
                                                 struct esep_buf *out, struct esep_reason *reason);
/* ESEP_OK: enrolled. ESEP_DENIED: the collector refused, signed; the code will not do. ESEP_LIMIT:
 * refused for now (also whatever a broker says in the clear): send again later. ESEP_AGAIN: this
 * frame is no answer to us, wait on. */
ESEP_MUST_USE enum esep_status agent_enrol_on_frame(struct agent_enrol *enrol,
                                                    struct esep_slice frame,
                                                    struct agent_enrol_result *ret,
                                                    struct esep_reason *reason);
void agent_enrol_done(struct agent_enrol *enrol); /* wipes */

#endif
