/* agent/agent_meter.h - what a day's traffic may be, and what it was.
 *
 * Bytes are those of the wire: the frame, what ZMTP, CURVE, TCP and IP put around it, and the
 * acknowledgement that goes the other way; a call counts for its handshakes. They are estimates
 * from measured constants (bench/idle holds them against the wire) and do not know what TCP had to
 * send again.
 *
 * Of each bound a part is kept back, so that what is less urgent never takes what is more urgent:
 * files end where the text's reserve begins, text and mail where the promises' does. What is spent
 * is known to the disk before it is sent (agent.h, AGENT_EFFECT_KEEP), in steps: a crash costs a
 * step, never gives a day twice. The day is the office's. A clock set back by a day gives no second
 * budget; one set back further does not lock the office out: what was spent stays spent, today.
 *
 * Pure. Invariant: room(FILES) <= room(TEXT) <= room(PROMISE).
 */
#ifndef AGENT_AGENT_METER_H
#define AGENT_AGENT_METER_H

#include "base/time.h"

enum agent_tier { AGENT_TIER_PROMISE = 0, AGENT_TIER_TEXT, AGENT_TIER_FILES };

/* Per day; 0: no bound. */
struct agent_budget {
    uint64_t both, out, in;
    uint32_t text_percent; /* of each, that files leave to reports and mail */
};
struct agent_meter {
    esep_day day; /* of what follows */
    uint64_t out, in;
};

static inline bool agent_budget_bounds(const struct agent_budget *b)
{
    return b->both != 0 || b->out != 0 || b->in != 0;
}
/* How many bytes, whichever way, are left to it; UINT64_MAX: no bound. */
uint64_t agent_meter_room(const struct agent_meter *m, const struct agent_budget *b,
                          enum agent_tier tier);
/* It is `today` now: true where a new day's budget begins. */
bool agent_meter_turn(struct agent_meter *m, esep_day today);
/* A frame of that length went, or came. */
void agent_meter_sent(struct agent_meter *m, size_t frame_len);
void agent_meter_came(struct agent_meter *m, size_t frame_len);
uint64_t agent_meter_frame(size_t frame_len); /* both ways together */
void agent_meter_try(struct agent_meter *m);  /* a connection is tried */
void agent_meter_call(struct agent_meter *m); /* ... and is up: TCP, ZMTP, CURVE; and its end */
uint64_t agent_meter_call_bytes(void);        /* of all that, with HELLO and WELCOME */
/* How far ahead the disk is told. */
uint64_t agent_meter_step(const struct agent_budget *b);

#endif
