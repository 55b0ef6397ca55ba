/* broker/operator_wire.h - one order through a broker, over CurveZMQ, and its answer.
 *
 * Signs the order, seals it to the collector, tries the brokers of the config in turn until one
 * lets us in, and waits for the reply under the same session's key. It decides whether an answer is
 * true (a reply opens, a collector's refusal is signed by the log key) and whether the order may be
 * sent again (only after a broker said WAIT or LIMIT); what the reply says is the caller's affair.
 *
 * Invariant: once the order may have reached a collector, it is never sent again.
 */
#ifndef BROKER_OPERATOR_WIRE_H
#define BROKER_OPERATOR_WIRE_H

#include "broker/operator.h"

/* order: packed Order. reply: the opened OrderReply's bytes. */
ESEP_MUST_USE enum esep_status operator_wire_call(const struct operator_way *way,
                                                  struct esep_slice order, struct esep_buf *reply,
                                                  struct esep_reason *reason);

#endif
