/* lib/io/zap.c - the ZAP handler: libzmq asks it for each CURVE handshake, it asks one function.
 *
 * A ROUTER rather than a REP: a request that is malformed is answered where it can be and dropped
 * where not, and neither jams the next. Whoever asks is libzmq's own thread in this process, but
 * what it hands on (address, key) comes from the open network.
 *
 * Which contexts have a handler is kept in a list, so that a CURVE server without one is refused
 * before it binds.
 */
#include "io/zap.h"

#include "io/zwatch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#define ENDPOINT "inproc://zeromq.zap.01"
#define REQUESTS_A_TURN 64

/* RFC 27, with ROUTER's envelope before it. */
enum part {
    PART_ROUTING,
    PART_EMPTY,
    PART_VERSION,
    PART_REQUEST,
    PART_DOMAIN,
    PART_ADDRESS,
    PART_IDENTITY,
    PART_MECHANISM,
    PART_KEY,
    PARTS,
};

struct esep_zap {
    void *zmq_context;
    void *socket;
    struct esep_zwatch watch;
    esep_zap_allow_fn *allow;
    void *context;
    struct esep_zap *next;
};

static struct {
    pthread_mutex_t mutex;
    struct esep_zap *first;
} handlers = {.mutex = PTHREAD_MUTEX_INITIALIZER};

bool esep_zap_present(void *zmq_context)
{
    bool found = false;
    (void)pthread_mutex_lock(&handlers.mutex);
    for (const struct esep_zap *zap = handlers.first; zap != NULL && !found; zap = zap->next)
        found = zap->zmq_context == zmq_context;
    (void)pthread_mutex_unlock(&handlers.mutex);
    return found;
}

static bool part_is(zmq_msg_t *part, const char *text)
{
    return esep_slice_equal(esep_slice(zmq_msg_data(part), zmq_msg_size(part)),
                            esep_slice_str(text));
}

/* False where it is too long or holds a NUL: then two names could look like one. */
static bool part_text(zmq_msg_t *part, char out[256])
{
    const size_t len = zmq_msg_size(part);
    if (len > 255 || (len > 0 && memchr(zmq_msg_data(part), '\0', len) != NULL))
        return false;
    if (len > 0)
        memcpy(out, zmq_msg_data(part), len);
    out[len] = '\0';
    return true;
}

struct verdict {
    const char *code;
    const char *text;
    char user[65]; /* "" unless let in */
};

static struct verdict judge(struct esep_zap *zap, zmq_msg_t *parts, size_t count)
{
    char domain[256], address[256];
    const struct verdict malformed = {.code = "500", .text = "malformed request"};
    if (count != PARTS || !part_is(&parts[PART_VERSION], "1.0"))
        return malformed;
    if (!part_is(&parts[PART_MECHANISM], "CURVE") || zmq_msg_size(&parts[PART_KEY]) != 32)
        return (struct verdict){.code = "400", .text = "CURVE alone is let in"};
    if (!part_text(&parts[PART_DOMAIN], domain) || !part_text(&parts[PART_ADDRESS], address))
        return malformed;
    /* A server that named no domain is none of ours. */
    const uint8_t *key = zmq_msg_data(&parts[PART_KEY]);
    if (domain[0] == '\0' || !zap->allow(domain, address, key, zap->context))
        return (struct verdict){.code = "400", .text = "not let in"};
    struct verdict in = {.code = "200", .text = "OK"};
    esep_hex(key, 32, in.user);
    return in;
}

static void reply(struct esep_zap *zap, zmq_msg_t *parts, const struct verdict *verdict)
{
    const struct esep_slice out[] = {
        esep_slice(zmq_msg_data(&parts[PART_ROUTING]), zmq_msg_size(&parts[PART_ROUTING])),
        esep_slice(NULL, 0),
        esep_slice_str("1.0"),
        esep_slice(zmq_msg_data(&parts[PART_REQUEST]), zmq_msg_size(&parts[PART_REQUEST])),
        esep_slice_str(verdict->code),
        esep_slice_str(verdict->text),
        esep_slice_str(verdict->user),
        esep_slice(NULL, 0),
    };
    const size_t count = sizeof(out) / sizeof(out[0]);
    for (size_t i = 0; i < count; i++)
        if (zmq_send(zap->socket, out[i].data, out[i].len,
                     ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0)) < 0)
            break; /* only before the first: the one who asked is gone */
    esep_zwatch_touched(&zap->watch);
}

/* How many parts came (those past PARTS are read and dropped, and counted); 0: nothing there. */
static size_t receive(struct esep_zap *zap, zmq_msg_t *parts)
{
    size_t count = 0;
    for (bool more = true; more; count++) {
        zmq_msg_t *part = &parts[count < PARTS ? count : PARTS - 1];
        if (zmq_msg_recv(part, zap->socket, ZMQ_DONTWAIT) < 0)
            break;
        more = zmq_msg_more(part) != 0;
    }
    return count;
}

static void on_readable(void *context)
{
    struct esep_zap *zap = (struct esep_zap *)context;
    zmq_msg_t parts[PARTS];
    for (size_t i = 0; i < PARTS; i++)
        (void)zmq_msg_init(&parts[i]);
    for (unsigned n = 0; n < REQUESTS_A_TURN; n++) {
        const size_t count = receive(zap, parts);
        if (count == 0) {
            esep_zwatch_drained(&zap->watch);
            break;
        }
        /* Without a request's number there is nothing to answer to. */
        if (count <= PART_REQUEST || zmq_msg_size(&parts[PART_EMPTY]) != 0)
            continue;
        const struct verdict verdict = judge(zap, parts, count);
        reply(zap, parts, &verdict);
    }
    for (size_t i = 0; i < PARTS; i++)
        (void)zmq_msg_close(&parts[i]);
}

enum esep_status esep_zap_new(struct esep_zap **ret, struct event_base *base, void *zmq_context,
                              esep_zap_allow_fn *allow, void *context, struct esep_reason *reason)
{
    struct esep_zap *zap = calloc(1, sizeof(*zap));
    if (zap == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the ZAP handler");
    zap->zmq_context = zmq_context;
    zap->allow = allow;
    zap->context = context;
    const int none = 0;
    enum esep_status status = ESEP_IO;
    zap->socket = zmq_socket(zmq_context, ZMQ_ROUTER);
    if (zap->socket == NULL || zmq_setsockopt(zap->socket, ZMQ_LINGER, &none, sizeof(none)) != 0 ||
        zmq_setsockopt(zap->socket, ZMQ_RCVHWM, &none, sizeof(none)) != 0 ||
        zmq_setsockopt(zap->socket, ZMQ_SNDHWM, &none, sizeof(none)) != 0 ||
        zmq_bind(zap->socket, ENDPOINT) != 0) {
        status = zmq_errno() == EADDRINUSE ? ESEP_CONFLICT : ESEP_IO;
        (void)esep_because(reason, status, "cannot bind the ZAP handler: %s",
                           zmq_strerror(zmq_errno()));
        goto fail;
    }
    status = esep_zwatch_init(&zap->watch, base, zap->socket, on_readable, zap);
    if (status != ESEP_OK) {
        (void)esep_because(reason, status, "cannot watch the ZAP handler");
        goto fail;
    }
    (void)pthread_mutex_lock(&handlers.mutex);
    zap->next = handlers.first;
    handlers.first = zap;
    (void)pthread_mutex_unlock(&handlers.mutex);
    *ret = zap;
    return ESEP_OK;
fail:
    esep_zap_free(zap);
    return status;
}

void esep_zap_free(struct esep_zap *zap)
{
    if (zap == NULL)
        return;
    (void)pthread_mutex_lock(&handlers.mutex);
    for (struct esep_zap **at = &handlers.first; *at != NULL; at = &(*at)->next)
        if (*at == zap) {
            *at = zap->next;
            break;
        }
    (void)pthread_mutex_unlock(&handlers.mutex);
    esep_zwatch_done(&zap->watch);
    if (zap->socket != NULL)
        (void)zmq_close(zap->socket);
    free(zap);
}
