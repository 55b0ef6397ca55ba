/* collector/links.h - the collector's connections to its brokers.
 *
 * One DEALER socket a broker, dialled from here. A socket whose connection or handshake failed, or
 * which its owner resets, is closed and made anew after a wait with full jitter: libzmq's own
 * reconnect has none, and gives up for ever on some handshake errors. The wait grows until the
 * broker has let us join: one that greets and hangs up is not dialled in a tight circle.
 *
 * It tells the core when a link is up or down and hands it every message; what they mean is the
 * core's matter.
 */
#ifndef COLLECTOR_LINKS_H
#define COLLECTOR_LINKS_H

#include "collector/settings.h"
#include "io/zsock.h"

struct esep_loop;
struct collector_links;

struct collector_links_owner {
    void (*on_link)(void *context, uint32_t link, bool up);
    void (*on_message)(void *context, uint32_t link, const struct esep_slice *parts, size_t count);
    void (*on_drained)(void *context, uint32_t link); /* all that was there has been read */
    void *context;
};

ESEP_MUST_USE enum esep_status
collector_links_new(struct collector_links **ret, struct esep_loop *loop, void *zmq_context,
                    const struct collector_settings *settings, const struct esep_curve_key *curve,
                    const struct collector_links_owner *owner, struct esep_reason *reason);
void collector_links_free(struct collector_links *links);
/* ESEP_AGAIN: the link's queue is full; ESEP_NOT_FOUND: the link is down. */
ESEP_MUST_USE enum esep_status collector_links_send(struct collector_links *links, uint32_t link,
                                                    const struct esep_slice *parts, size_t count);
bool collector_links_up(const struct collector_links *links, uint32_t link);
/* The broker let us join: the next wait is a short one again. */
void collector_links_joined(struct collector_links *links, uint32_t link);
/* Closes a link and dials again after a wait. */
void collector_links_reset(struct collector_links *links, uint32_t link, const char *why);

#endif
