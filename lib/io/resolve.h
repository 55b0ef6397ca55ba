/* lib/io/resolve.h - a name's addresses, looked up beside the loop.
 *
 * getaddrinfo may take as long as the DNS does, so a thread of its own asks it, once. The thread
 * holds nothing of the asker's: it writes what it found into a pipe and ends; where nobody listens
 * any more, it just ends.
 */
#ifndef ESEP_IO_RESOLVE_H
#define ESEP_IO_RESOLVE_H

#include "base/status.h"

#include <netinet/in.h>
#include <stdint.h>

struct event_base;
struct esep_resolve;

#define ESEP_RESOLVE_MAX 8
union esep_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};
/* count 0: why says so in words. The callback may free the question. */
typedef void esep_resolve_fn(const union esep_address *addresses, size_t count, const char *why,
                             void *context);

ESEP_MUST_USE enum esep_status esep_resolve_new(struct esep_resolve **ret, struct event_base *base,
                                                const char *host, uint16_t port,
                                                esep_resolve_fn *on_resolved, void *context,
                                                struct esep_reason *reason);
/* Nothing is called any more. */
void esep_resolve_free(struct esep_resolve *resolve);

#endif
