/* collector/links.c - see links.h. */
#include "collector/links.h"

#include "io/keyfile.h"
#include "io/log.h"
#include "io/loop.h"

#include <event2/event.h>
#include <stdlib.h>

#define BACKOFF_BASE_US 200000
#define BACKOFF_CAP_US (30 * ESEP_SECOND)
#define HANDSHAKE_MS 10000
#define HEARTBEAT_MS 5000
/* Frames on the way to one broker: receipts and mail of many offices, bounded again by credit. */
#define LINK_HWM 4096

struct link {
    struct collector_links *owner;
    uint32_t number;
    struct esep_zsock *socket;
    struct event *redial;
    bool up;
    bool down_said; /* one line for each outage, not one for each try */
    uint32_t failures;
};

struct collector_links {
    struct esep_loop *loop;
    void *zmq;
    const struct collector_settings *settings;
    struct esep_curve_key curve;
    struct collector_links_owner owner;
    struct esep_prng jitter;
    size_t count;
    struct link links[SETTINGS_BROKERS_MAX];
};

static void dial(struct link *link);

/* Full jitter: anywhere between at once and the doubled wait. */
static void redial_later(struct link *link)
{
    uint32_t n = link->failures < 16 ? link->failures : 16;
    uint64_t most = (uint64_t)BACKOFF_BASE_US << n;
    if (most > BACKOFF_CAP_US)
        most = BACKOFF_CAP_US;
    uint64_t wait = esep_prng_below(&link->owner->jitter, most + 1);
    struct timeval when = {.tv_sec = (time_t)(wait / 1000000),
                           .tv_usec = (suseconds_t)(wait % 1000000)};
    link->failures++;
    (void)event_add(link->redial, &when);
}

static void hang_up(struct link *link, const char *why)
{
    const struct collector_links *all = link->owner;
    bool was_up = link->up;
    esep_zsock_free(link->socket);
    link->socket = NULL;
    link->up = false;
    if (was_up || !link->down_said)
        esep_log(ESEP_LOG_WARNING, "broker-lost", "%s: %s; dialling again",
                 all->settings->brokers[link->number].address, why);
    link->down_said = true;
    if (was_up)
        all->owner.on_link(all->owner.context, link->number, false);
    redial_later(link);
}

static void on_readable(struct esep_zsock *socket, void *context)
{
    struct link *link = context;
    const struct collector_links_owner *owner = &link->owner->owner;
    for (;;) {
        struct esep_zmessage message;
        enum esep_status status = esep_zsock_recv(socket, &message);
        if (status == ESEP_AGAIN)
            break;
        if (status != ESEP_OK)
            continue;
        owner->on_message(owner->context, link->number, message.parts, message.count);
        esep_zmessage_close(&message);
    }
    owner->on_drained(owner->context, link->number);
}

static void on_event(struct esep_zsock *socket, enum esep_zsock_event event, const char *detail,
                     void *context)
{
    (void)socket;
    struct link *link = context;
    const struct collector_links *all = link->owner;
    if (event == ESEP_ZSOCK_GONE) {
        hang_up(link, detail);
        return;
    }
    if (event != ESEP_ZSOCK_UP)
        return;
    link->up = true;
    link->down_said = false;
    esep_log(ESEP_LOG_INFO, "broker-up", "%s", all->settings->brokers[link->number].address);
    all->owner.on_link(all->owner.context, link->number, true);
}

static void on_redial(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    dial(context);
}

static void dial(struct link *link)
{
    struct collector_links *all = link->owner;
    const struct collector_broker *broker = &all->settings->brokers[link->number];
    const struct esep_zsock_options options = {.type = ESEP_ZSOCK_DEALER,
                                               .curve = &all->curve,
                                               .server_public = broker->key,
                                               .hwm_messages = LINK_HWM,
                                               .frame_bytes_max = all->settings->frame_bytes + 4096,
                                               .handshake_ms = HANDSHAKE_MS,
                                               .heartbeat_ms = HEARTBEAT_MS};
    struct esep_reason reason = {""};
    enum esep_status status = esep_zsock_new(&link->socket, esep_loop_base(all->loop), all->zmq,
                                             &options, on_readable, link, &reason);
    if (status == ESEP_OK)
        status = esep_zsock_on_event(link->socket, on_event, &reason);
    if (status == ESEP_OK)
        status = esep_zsock_connect(link->socket, broker->address, &reason);
    if (status != ESEP_OK)
        hang_up(link, reason.text);
}

enum esep_status collector_links_new(struct collector_links **ret, struct esep_loop *loop,
                                     void *zmq_context, const struct collector_settings *settings,
                                     const struct esep_curve_key *curve,
                                     const struct collector_links_owner *owner,
                                     struct esep_reason *reason)
{
    struct collector_links *all = calloc(1, sizeof *all);
    if (all == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for links");
    *all = (struct collector_links){.loop = loop,
                                    .zmq = zmq_context,
                                    .settings = settings,
                                    .curve = *curve,
                                    .owner = *owner,
                                    .count = settings->broker_count};
    esep_random(&all->jitter.state, sizeof all->jitter.state);
    for (uint32_t i = 0; i < all->count; i++) {
        struct link *link = &all->links[i];
        *link = (struct link){.owner = all, .number = i};
        link->redial = event_new(esep_loop_base(loop), -1, 0, on_redial, link);
        if (link->redial == NULL) {
            collector_links_free(all);
            return esep_because(reason, ESEP_NOMEM, "no memory for links");
        }
        dial(link);
    }
    *ret = all;
    return ESEP_OK;
}

void collector_links_free(struct collector_links *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < all->count; i++) {
        if (all->links[i].redial != NULL)
            event_free(all->links[i].redial);
        esep_zsock_free(all->links[i].socket);
    }
    esep_wipe(&all->curve, sizeof all->curve);
    free(all);
}

enum esep_status collector_links_send(struct collector_links *all, uint32_t number,
                                      const struct esep_slice *parts, size_t count)
{
    struct link *link = &all->links[number];
    return link->up ? esep_zsock_send(link->socket, parts, count) : ESEP_NOT_FOUND;
}

bool collector_links_up(const struct collector_links *all, uint32_t number)
{
    return all->links[number].up;
}

void collector_links_joined(struct collector_links *all, uint32_t number)
{
    all->links[number].failures = 0;
}

void collector_links_reset(struct collector_links *all, uint32_t number, const char *why)
{
    if (all->links[number].socket != NULL)
        hang_up(&all->links[number], why);
}
