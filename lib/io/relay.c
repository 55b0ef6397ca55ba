/* lib/io/relay.c - see relay.h. */
#include "io/relay.h"

#include "base/crypto.h"
#include "io/keyfile.h"
#include "io/resolve.h"
#include "io/secret.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ENDPOINT_PREFIX "ipc://"
#define NAME_PREFIX "@esep-relay-"
#define TROUBLE_MAX 200

/* One direction's source and the other's sink. */
struct side {
    struct bufferevent *bev;
    bool ended;   /* nothing more comes from it */
    bool told;    /* it was told that nothing more comes */
    bool stopped; /* not read: the other side does not keep up */
};
enum stage { WAITING = 1, LOOKING_UP, DIALLING, TALKING, OPEN, OVER };

struct esep_relay {
    struct event_base *base;
    enum stage stage;
    int listener;
    struct event *on_caller;
    struct esep_resolve *resolve;
    struct event *timer; /* until the proxy answers */
    union esep_address addresses[ESEP_RESOLVE_MAX];
    size_t address_count, address_next;
    struct esep_socks socks;
    struct esep_socks_target proxy;
    struct side local, far;
    int connect_ms, dead_ms;
    char proxy_text[128];
    char trouble[TROUBLE_MAX];
};

/* Places and logins. */

enum esep_status esep_relay_place(const char *text, struct esep_socks_target *ret,
                                  struct esep_reason *reason)
{
    char host[256];
    const char *from = strncmp(text, "tcp://", 6) == 0 ? text + 6 : text;
    const char *colon = strrchr(from, ':');
    size_t len = colon != NULL ? (size_t)(colon - from) : 0;
    char *end = NULL;
    const unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
    const bool brackets = len > 2 && from[0] == '[' && from[len - 1] == ']';
    from += brackets ? 1 : 0;
    len -= brackets ? 2 : 0;
    if (len == 0 || len >= sizeof host || port == 0 || port > 65535 || *end != '\0' ||
        colon[1] < '0' || colon[1] > '9' || memchr(from, ';', len) != NULL ||
        memchr(from, '/', len) != NULL || memchr(from, '[', len) != NULL ||
        (!brackets && memchr(from, ':', len) != NULL))
        return esep_because(reason, ESEP_INVALID, "'%.100s' is not HOST:PORT", text);
    *ret = (struct esep_socks_target){.port = (uint16_t)port};
    memcpy(host, from, len);
    host[len] = '\0';
    if (brackets) {
        ret->kind = ESEP_SOCKS_IPV6;
        ret->len = 16;
        return inet_pton(AF_INET6, host, ret->bytes) == 1
                   ? ESEP_OK
                   : esep_because(reason, ESEP_INVALID, "'%.100s': no IPv6 address", text);
    }
    ret->kind = inet_pton(AF_INET, host, ret->bytes) == 1 ? ESEP_SOCKS_IPV4 : ESEP_SOCKS_NAME;
    ret->len = ret->kind == ESEP_SOCKS_IPV4 ? 4 : (uint8_t)len;
    if (ret->kind == ESEP_SOCKS_NAME)
        memcpy(ret->bytes, host, len);
    return ESEP_OK;
}

enum esep_status esep_relay_login(const char *path, struct esep_socks_login *ret,
                                  struct esep_reason *reason)
{
    char line[255 + 1 + 255 + 1];
    enum esep_status status = esep_secret_read(path, line, sizeof line, reason);
    if (status != ESEP_OK)
        return status;
    const char *colon = strchr(line, ':');
    const size_t user = colon != NULL ? (size_t)(colon - line) : 0;
    const size_t password = colon != NULL ? strlen(colon + 1) : 0;
    if (user == 0 || user > 255 || password == 0 || password > 255) {
        status = esep_because(reason, ESEP_INVALID,
                              "'%.150s' must hold one line, user:password, each of 1 to 255 bytes",
                              path);
    } else {
        *ret =
            (struct esep_socks_login){.user_len = (uint8_t)user, .password_len = (uint8_t)password};
        memcpy(ret->user, line, user);
        memcpy(ret->password, colon + 1, password);
    }
    esep_wipe(line, sizeof line);
    return status;
}

/* The end. */

static void close_side(struct side *side)
{
    if (side->bev != NULL)
        bufferevent_free(side->bev);
    side->bev = NULL;
}

static void stop_listening(struct esep_relay *relay)
{
    if (relay->on_caller != NULL)
        event_free(relay->on_caller);
    relay->on_caller = NULL;
    if (relay->listener >= 0)
        (void)close(relay->listener);
    relay->listener = -1;
}

/* What is to be said if it comes to nothing more. */
static void awaiting(struct esep_relay *relay, enum stage stage, const char *words)
{
    relay->stage = stage;
    (void)snprintf(relay->trouble, sizeof relay->trouble, "the proxy %s %s", relay->proxy_text,
                   words);
}

/* Both sides are closed; the socket that dialled sees it. */
static void end(struct esep_relay *relay, const char *trouble)
{
    (void)snprintf(relay->trouble, sizeof relay->trouble, "%s", trouble);
    relay->stage = OVER;
    (void)event_del(relay->timer);
    esep_resolve_free(relay->resolve);
    relay->resolve = NULL;
    stop_listening(relay);
    close_side(&relay->local);
    close_side(&relay->far);
}

static void end_with(struct esep_relay *relay, const char *what, const char *why)
{
    char text[TROUBLE_MAX];
    (void)snprintf(text, sizeof text, "%s %s: %s", what, relay->proxy_text, why);
    end(relay, text);
}

/* Bytes, both ways. */

static size_t waiting(const struct side *side)
{
    return evbuffer_get_length(bufferevent_get_output(side->bev));
}

/* What came from one side goes to the other, which may then be full. */
static void pass_on(struct side *from, struct side *to)
{
    (void)bufferevent_write_buffer(to->bev, bufferevent_get_input(from->bev));
    if (waiting(to) >= ESEP_RELAY_BYTES && !from->stopped) {
        from->stopped = true;
        (void)bufferevent_disable(from->bev, EV_READ);
    }
}

/* The end of what `from` sends, told once all of it has gone out. */
static void tell_end(struct esep_relay *relay, struct side *from, struct side *to)
{
    if (!from->ended || to->told || waiting(to) > 0)
        return;
    to->told = true;
    (void)shutdown(bufferevent_getfd(to->bev), SHUT_WR);
    if (relay->local.told && relay->far.told)
        end(relay, "");
}

/* Room again. */
static void on_written(struct bufferevent *bev, void *context)
{
    struct esep_relay *relay = context;
    struct side *to = bev == relay->local.bev ? &relay->local : &relay->far;
    struct side *from = to == &relay->local ? &relay->far : &relay->local;
    if (relay->stage != OPEN)
        return;
    if (from->stopped && waiting(to) < ESEP_RELAY_BYTES / 2) {
        from->stopped = false;
        if (!from->ended)
            (void)bufferevent_enable(from->bev, EV_READ);
    }
    tell_end(relay, from, to);
}

static void opened(struct esep_relay *relay)
{
    relay->stage = OPEN;
    relay->trouble[0] = '\0';
    (void)event_del(relay->timer);
    pass_on(&relay->far, &relay->local); /* what the other end has said already */
    (void)bufferevent_enable(relay->local.bev, EV_READ | EV_WRITE);
}

static void wait_for_answer(struct esep_relay *relay)
{
    const struct timeval in = {.tv_sec = relay->connect_ms / 1000,
                               .tv_usec = relay->connect_ms % 1000 * 1000};
    (void)event_add(relay->timer, &in);
}

static void talk(struct esep_relay *relay)
{
    struct evbuffer *input = bufferevent_get_input(relay->far.bev);
    struct esep_reason reason = {""};
    struct esep_socks_said said;
    enum esep_status status = ESEP_AGAIN;
    while (status == ESEP_AGAIN && evbuffer_get_length(input) > 0) {
        size_t taken = 0;
        uint8_t bytes[ESEP_SOCKS_HEARD_MAX];
        const ev_ssize_t len = evbuffer_copyout(input, bytes, sizeof bytes);
        status = esep_socks_hear(&relay->socks, esep_slice(bytes, len > 0 ? (size_t)len : 0),
                                 &taken, &said, &reason);
        (void)evbuffer_drain(input, taken);
        if (said.len > 0) {
            (void)bufferevent_write(relay->far.bev, said.bytes, said.len);
            if (relay->socks.stage == ESEP_SOCKS_CONNECT)
                awaiting(relay, TALKING, "answers, but did not reach the broker in time");
            wait_for_answer(relay);
        }
        esep_wipe(&said, sizeof said);
    }
    if (status == ESEP_OK)
        opened(relay);
    else if (status != ESEP_AGAIN)
        end(relay, reason.text);
}

static void on_readable(struct bufferevent *bev, void *context)
{
    struct esep_relay *relay = context;
    if (relay->stage == TALKING)
        talk(relay);
    else if (relay->stage == OPEN)
        pass_on(bev == relay->local.bev ? &relay->local : &relay->far,
                bev == relay->local.bev ? &relay->far : &relay->local);
}

/* Dialling. */

static void dial(struct esep_relay *relay);

static void greet(struct esep_relay *relay)
{
    const evutil_socket_t fd = bufferevent_getfd(relay->far.bev);
    const int on = 1;
    const unsigned dead = relay->dead_ms > 0 ? (unsigned)relay->dead_ms : 0;
    struct esep_socks_login *login = &relay->socks.login;
    struct esep_socks_said said;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (dead > 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof dead);
    struct esep_socks_target target = relay->socks.target;
    struct esep_socks_login copy = *login;
    const bool has_login = relay->socks.has_login;
    esep_socks_begin(&relay->socks, &target, has_login ? &copy : NULL, &said);
    esep_wipe(&copy, sizeof copy);
    awaiting(relay, TALKING, "takes connections, but says nothing");
    wait_for_answer(relay);
    (void)bufferevent_write(relay->far.bev, said.bytes, said.len);
    (void)bufferevent_enable(relay->far.bev, EV_READ);
}

/* Not at this address; perhaps at another of its name's. */
static void not_there(struct esep_relay *relay, const char *why)
{
    close_side(&relay->far);
    if (relay->address_next < relay->address_count)
        dial(relay);
    else
        end_with(relay, "the proxy", why);
}

/* One side has ended what it sends, or broke. */
static void on_end(struct esep_relay *relay, struct side *side, short what, const char *why)
{
    struct side *other = side == &relay->local ? &relay->far : &relay->local;
    if (what & BEV_EVENT_ERROR) {
        if (side == &relay->local)
            end(relay, "");
        else if (waiting(other) == 0)
            end_with(relay, "the way through the proxy broke", why);
        if (relay->stage == OVER)
            return;
        other->ended = side->told = true; /* what came before it broke still goes on */
        (void)bufferevent_disable(other->bev, EV_READ);
    }
    side->ended = true;
    (void)bufferevent_disable(side->bev, EV_READ);
    pass_on(side, other);
    tell_end(relay, side, other);
}

static void on_event(struct bufferevent *bev, short what, void *context)
{
    struct esep_relay *relay = context;
    const char *why = evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR());
    struct side *side = bev == relay->local.bev ? &relay->local : &relay->far;
    if (what & BEV_EVENT_CONNECTED) {
        greet(relay);
    } else if (!(what & (BEV_EVENT_ERROR | BEV_EVENT_EOF))) {
        return;
    } else if (relay->stage == OPEN) {
        on_end(relay, side, what, why);
    } else if (relay->stage == TALKING && side == &relay->far) {
        talk(relay); /* what it said last may say why */
        if (relay->stage == TALKING)
            end_with(relay, "the proxy",
                     what & BEV_EVENT_EOF ? "it hung up before the way was open" : why);
        else if (relay->stage == OPEN)
            on_end(relay, side, what, why);
    } else if (relay->stage == DIALLING && side == &relay->far) {
        not_there(relay, why);
    } else {
        end(relay, "");
    }
}

static struct bufferevent *make_side(struct esep_relay *relay, evutil_socket_t fd)
{
    struct bufferevent *bev = bufferevent_socket_new(relay->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL)
        return NULL;
    bufferevent_setcb(bev, on_readable, on_written, on_event, relay);
    /* The write callback comes when there is room again, not only when all is gone. */
    bufferevent_setwatermark(bev, EV_WRITE, ESEP_RELAY_BYTES / 4, 0);
    bufferevent_setwatermark(bev, EV_READ, 0, ESEP_RELAY_BYTES);
    return bev;
}

/* The next address that the proxy's name has. */
static void dial(struct esep_relay *relay)
{
    awaiting(relay, DIALLING, "does not answer");
    relay->far.bev = make_side(relay, -1);
    const union esep_address *address = &relay->addresses[relay->address_next++];
    const int len =
        address->any.sa_family == AF_INET6 ? (int)sizeof address->v6 : (int)sizeof address->v4;
    if (relay->far.bev == NULL) {
        end_with(relay, "the proxy", "no memory to dial it");
        return;
    }
    /* What fails at once may have been told by then, and another be dialled. */
    struct bufferevent *bev = relay->far.bev;
    if (bufferevent_socket_connect(bev, &address->any, len) != 0 && relay->far.bev == bev)
        not_there(relay, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

static void on_resolved(const union esep_address *addresses, size_t count, const char *why,
                        void *context)
{
    struct esep_relay *relay = context;
    esep_resolve_free(relay->resolve);
    relay->resolve = NULL;
    if (count == 0) {
        end_with(relay, "no address is known for the proxy", why);
        return;
    }
    memcpy(relay->addresses, addresses, count * sizeof *addresses);
    relay->address_count = count;
    relay->address_next = 0;
    dial(relay);
}

static void look_up(struct esep_relay *relay)
{
    const struct esep_socks_target *p = &relay->proxy;
    struct esep_reason reason = {""};
    char name[256];
    union esep_address address = {0};
    if (p->kind == ESEP_SOCKS_NAME) {
        awaiting(relay, LOOKING_UP, "is a name that was not looked up in time");
        memcpy(name, p->bytes, p->len);
        name[p->len] = '\0';
        if (esep_resolve_new(&relay->resolve, relay->base, name, p->port, on_resolved, relay,
                             &reason) != ESEP_OK)
            end(relay, reason.text);
        return;
    }
    if (p->kind == ESEP_SOCKS_IPV4) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(p->port);
        memcpy(&address.v4.sin_addr, p->bytes, 4);
    } else {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(p->port);
        memcpy(&address.v6.sin6_addr, p->bytes, 16);
    }
    on_resolved(&address, 1, "", relay);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct esep_relay *relay = context;
    char text[TROUBLE_MAX];
    (void)snprintf(text, sizeof text, "%s", relay->trouble);
    end(relay, text);
}

/* The one who dials: ours, or nobody. */

static bool ours(int fd)
{
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == getpid();
}

static void on_caller(evutil_socket_t listener, short what, void *context)
{
    struct esep_relay *relay = context;
    (void)what;
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            end_with(relay, "no connection for the proxy", strerror(errno));
        return;
    }
    if (!ours(fd)) {
        (void)close(fd);
        return;
    }
    stop_listening(relay);
    relay->local.bev = make_side(relay, fd);
    if (relay->local.bev == NULL) {
        (void)close(fd);
        end_with(relay, "the proxy", "no memory to dial it");
        return;
    }
    (void)bufferevent_disable(relay->local.bev, EV_READ);
    wait_for_answer(relay);
    look_up(relay);
}

/* Life. */

static enum esep_status listen_here(struct esep_relay *relay, char ret_endpoint[256],
                                    struct esep_reason *reason)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint8_t drawn[16];
    char hex[2 * sizeof drawn + 1];
    esep_random(drawn, sizeof drawn);
    esep_hex(drawn, sizeof drawn, hex);
    const int len = snprintf(address.sun_path, sizeof address.sun_path, "%s%s", NAME_PREFIX, hex);
    (void)snprintf(ret_endpoint, 256, ENDPOINT_PREFIX "%s", address.sun_path);
    address.sun_path[0] = '\0'; /* abstract: libzmq writes it with an @ */
    relay->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (relay->listener < 0 ||
        bind(relay->listener, (const struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)) != 0 ||
        listen(relay->listener, 4) != 0)
        return esep_because(reason, ESEP_IO, "no relay to the proxy: %s", strerror(errno));
    relay->on_caller =
        event_new(relay->base, relay->listener, EV_READ | EV_PERSIST, on_caller, relay);
    relay->timer = evtimer_new(relay->base, on_timer, relay);
    if (relay->on_caller == NULL || relay->timer == NULL || event_add(relay->on_caller, NULL) != 0)
        return esep_because(reason, ESEP_NOMEM, "no memory for a relay to the proxy");
    return ESEP_OK;
}

enum esep_status esep_relay_new(struct esep_relay **ret, struct event_base *base,
                                const struct esep_relay_options *options, char ret_endpoint[256],
                                struct esep_reason *reason)
{
    struct esep_relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for a relay to the proxy");
    relay->base = base;
    relay->stage = WAITING;
    relay->listener = -1;
    relay->connect_ms = options->connect_ms;
    relay->dead_ms = options->dead_ms;
    (void)snprintf(relay->proxy_text, sizeof relay->proxy_text, "%s", options->proxy);
    enum esep_status status = esep_relay_place(options->proxy, &relay->proxy, reason);
    if (status == ESEP_OK)
        status = esep_relay_place(options->target, &relay->socks.target, reason);
    if (status == ESEP_OK && options->login_file != NULL) {
        status = esep_relay_login(options->login_file, &relay->socks.login, reason);
        relay->socks.has_login = status == ESEP_OK;
    }
    if (status == ESEP_OK)
        status = listen_here(relay, ret_endpoint, reason);
    if (status != ESEP_OK) {
        esep_relay_free(relay);
        return status;
    }
    *ret = relay;
    return ESEP_OK;
}

void esep_relay_free(struct esep_relay *relay)
{
    if (relay == NULL)
        return;
    esep_resolve_free(relay->resolve);
    stop_listening(relay);
    if (relay->timer != NULL)
        event_free(relay->timer);
    close_side(&relay->local);
    close_side(&relay->far);
    esep_socks_done(&relay->socks);
    free(relay);
}

const char *esep_relay_trouble(const struct esep_relay *relay)
{
    return relay->trouble;
}
