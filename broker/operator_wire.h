/* broker/operator_wire.h - one order through a broker, over CurveZMQ, and its answer. */
#ifndef BROKER_OPERATOR_WIRE_H
#define BROKER_OPERATOR_WIRE_H

#include "broker/operator.h"

/* order: packed Order. reply: the opened OrderReply's bytes. */
ESEP_MUST_USE enum esep_status operator_wire_call(const struct operator_way *way,
                                                  struct esep_slice order, struct esep_buf *reply,
                                                  struct esep_reason *reason);

#endif
