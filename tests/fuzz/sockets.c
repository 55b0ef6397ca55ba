/* tests/fuzz/sockets.c - messages of any parts to the two sockets that answer inside one machine.
 *
 * The first byte: 0 the ZAP handler, which libzmq asks for each handshake; 1 the broker's control
 * socket. The rest are messages, each of so many parts of so many bytes. Properties: after whatever
 * came, a good question is answered well (a socket that is jammed answers nobody); a ZAP answer is
 * whole and lets nobody in but the key that is allowed; a control answer is JSON.
 */
#include "broker/shell.h"
#include "fuzz_file.h"
#include "io/keyfile.h"
#include "io/zap.h"

#include <event2/event.h>
#include <jansson.h>
#include <zmq.h>

#define PARTS_MAX 10
#define TURNS_MAX 200000

struct server {
    struct event_base *base;
    void *context; /* of the asker, and of the ZAP handler */
    void *asker;   /* DEALER */
};

static const uint8_t allowed[32] = {0xa1, 1, 2, 3};

static void send_parts(void *socket, const struct esep_slice *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(zmq_send(socket, parts[i].data, parts[i].len, i + 1 < count ? ZMQ_SNDMORE : 0) >=
                   0);
}

/* One answer's parts, each NUL-terminated; 0: none came though the server had its turns. */
static size_t next_answer(const struct server *s, char parts[PARTS_MAX][4096], bool wait)
{
    size_t count = 0;
    int more = 1;
    for (int turn = 0; count == 0 && turn < (wait ? TURNS_MAX : 1); turn++) {
        FUZZ_CHECK(event_base_loop(s->base, EVLOOP_NONBLOCK) >= 0);
        while (more != 0 && count < PARTS_MAX) {
            size_t size = sizeof more;
            const int len = zmq_recv(s->asker, parts[count], 4095, ZMQ_DONTWAIT);
            if (len < 0)
                break;
            parts[count++][len < 4095 ? len : 4095] = '\0';
            FUZZ_CHECK(zmq_getsockopt(s->asker, ZMQ_RCVMORE, &more, &size) == 0);
        }
    }
    FUZZ_CHECK(count == 0 || more == 0);
    return count;
}

static void send_hostile(const struct server *s, struct fuzz_input *in, bool delimiter)
{
    struct esep_slice parts[PARTS_MAX];
    size_t count = 0;
    const size_t want = 1 + fuzz_byte(in) % (PARTS_MAX - 1);
    if (delimiter)
        parts[count++] = esep_slice(NULL, 0);
    while (count < want + delimiter && count < PARTS_MAX)
        parts[count++] = fuzz_bytes(in, fuzz_byte(in));
    send_parts(s->asker, parts, count);
}

/* ZAP */

static bool allow(const char *domain, const char *address, const uint8_t key[32], void *context)
{
    (void)context;
    FUZZ_CHECK(domain[0] != '\0' && strlen(domain) < 256 && strlen(address) < 256);
    return memcmp(key, allowed, sizeof allowed) == 0;
}

static struct server zap_server(void)
{
    static struct esep_zap *zap;
    struct server s = {.base = event_base_new(), .context = zmq_ctx_new()};
    FUZZ_CHECK(s.base != NULL && s.context != NULL);
    FUZZ_CHECK(esep_zap_new(&zap, s.base, s.context, allow, NULL, NULL) == ESEP_OK);
    s.asker = zmq_socket(s.context, ZMQ_DEALER);
    FUZZ_CHECK(s.asker != NULL && zmq_connect(s.asker, "inproc://zeromq.zap.01") == 0);
    return s;
}

static void zap(struct fuzz_input in)
{
    static struct server s;
    static char parts[PARTS_MAX][4096];
    const struct esep_slice good[] = {esep_slice(NULL, 0),     esep_slice_str("1.0"),
                                      esep_slice_str("last"),  esep_slice_str("offices"),
                                      esep_slice_str("::1"),   esep_slice(NULL, 0),
                                      esep_slice_str("CURVE"), esep_slice(allowed, sizeof allowed)};
    if (s.base == NULL)
        s = zap_server();
    while (in.left > 0) {
        const uint8_t how = fuzz_byte(&in);
        if (how & 1) {
            send_hostile(&s, &in, (how & 2) != 0);
            continue;
        }
        /* The good one with one part changed. */
        struct esep_slice changed[8];
        memcpy(changed, good, sizeof good);
        changed[2] = esep_slice_str("other");
        changed[how >> 1 & 7] = fuzz_bytes(&in, fuzz_byte(&in));
        send_parts(s.asker, changed, 8 - (how >> 6));
    }
    send_parts(s.asker, good, 8);
    size_t count;
    do {
        count = next_answer(&s, parts, true);
        FUZZ_CHECK(count == 7); /* delimiter, version, request, code, text, user, metadata */
        FUZZ_CHECK(parts[0][0] == '\0' && strcmp(parts[1], "1.0") == 0);
        const bool in_it = strcmp(parts[3], "200") == 0;
        FUZZ_CHECK(in_it || strcmp(parts[3], "400") == 0 || strcmp(parts[3], "500") == 0);
        FUZZ_CHECK(in_it == (parts[5][0] != '\0'));
        FUZZ_CHECK(!in_it || strncmp(parts[5], "a1010203", 8) == 0);
    } while (strcmp(parts[2], "last") != 0);
    FUZZ_CHECK(strcmp(parts[3], "200") == 0);
}

/* The broker's control socket */

static struct broker_shell *shell;

static void stop(void)
{
    broker_shell_free(shell);
}

static struct server broker_server(void)
{
    static const char *const kinds[] = {"curve"};
    char path[256], keys_path[256], text[2048], hex[65];
    struct esep_keyfile keys;
    struct broker_settings *settings = NULL;
    struct server s = {.context = zmq_ctx_new()};
    esep_hex(allowed, sizeof allowed, hex);
    fuzz_path("broker.keys", keys_path);
    esep_keyfile_generate(&keys, kinds, 1);
    FUZZ_CHECK(esep_keyfile_create(keys_path, &keys, NULL) == ESEP_OK);
    (void)snprintf(text, sizeof text,
                   "keys: broker.keys\nagents: ['tcp://127.0.0.1:*']\n"
                   "collectors: ['tcp://127.0.0.1:*']\nlog_id: %s\nlog_key: %s\n"
                   "collector_keys: [%s]\ncontrol: control\nlog: {level: error}\n",
                   hex, hex, hex);
    fuzz_file("broker.yaml", esep_slice_str(text), path);
    FUZZ_CHECK(broker_settings_read(path, &settings, NULL) == ESEP_OK);
    FUZZ_CHECK(broker_shell_new(&shell, settings, NULL, NULL) == ESEP_OK);
    (void)atexit(stop);
    s.base = broker_shell_base(shell);
    s.asker = zmq_socket(s.context, ZMQ_DEALER);
    (void)snprintf(text, sizeof text, "ipc://%s/control", fuzz_folder());
    FUZZ_CHECK(s.asker != NULL && zmq_connect(s.asker, text) == 0);
    return s;
}

static void control(struct fuzz_input in)
{
    static struct server s;
    static char parts[PARTS_MAX][4096];
    const struct esep_slice good[] = {esep_slice(NULL, 0), esep_slice_str("status")};
    if (s.base == NULL)
        s = broker_server();
    for (int i = 0; i < 8 && in.left > 0; i++)
        send_hostile(&s, &in, true);
    send_parts(s.asker, good, 2);
    for (bool answered = false; !answered;) {
        const size_t count = next_answer(&s, parts, true);
        FUZZ_CHECK(count == 2 && parts[0][0] == '\0');
        json_t *json = json_loads(parts[1], 0, NULL);
        FUZZ_CHECK(json_is_object(json));
        answered = json_object_get(json, "error") == NULL;
        json_decref(json);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    if (size > 4096)
        return 0;
    fuzz_hush();
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    if (fuzz_byte(&in) & 1)
        control(in);
    else
        zap(in);
    return 0;
}
