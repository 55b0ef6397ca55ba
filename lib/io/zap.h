/* lib/io/zap.h - who may complete a CURVE handshake (ZeroMQ RFC 27), asked of one function.
 *
 * Bound to inproc://zeromq.zap.01 of the context before any server socket binds. The User-Id it
 * returns is the key itself in hex, so a later look at any payload frame says whose it is.
 */
#ifndef ESEP_IO_ZAP_H
#define ESEP_IO_ZAP_H

#include "base/slice.h"

struct event_base;
struct esep_zap;

/* true: let the handshake pass. domain and address are NUL-terminated. */
typedef bool esep_zap_allow_fn(const char *domain, const char *address, const uint8_t key[32],
                               void *context);
ESEP_MUST_USE enum esep_status esep_zap_new(struct esep_zap **ret, struct event_base *base,
                                            void *zmq_context, esep_zap_allow_fn *allow,
                                            void *context, struct esep_reason *reason);
void esep_zap_free(struct esep_zap *zap);
/* Whether a handler runs for this context; esep_zsock_bind asks. */
bool esep_zap_present(void *zmq_context);

#endif
