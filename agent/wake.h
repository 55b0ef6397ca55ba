/* agent/wake.h - how a command tells the daemon on the same journal to look, or to try now.
 *
 * A Unix datagram socket in the journal's folder (so its mode says who may), one byte each: 'a' the
 * journal grew, 'n' try to connect now. It also keeps a second daemon off the same journal. A ring
 * that is lost costs a moment: the daemon looks by itself too.
 */
#ifndef AGENT_WAKE_H
#define AGENT_WAKE_H

#include "base/status.h"

#include <stdbool.h>

struct esep_loop;
struct agent_wake;

/* ESEP_CONFLICT: another daemon runs on this journal. */
ESEP_MUST_USE enum esep_status agent_wake_listen(struct agent_wake **ret, struct esep_loop *loop,
                                                 const char *journal,
                                                 void (*on_wake)(void *context, bool try_now),
                                                 void *context, struct esep_reason *reason);
void agent_wake_free(struct agent_wake *wake);
/* false: no daemon listens. */
bool agent_wake_ring(const char *journal, bool try_now);

#endif
