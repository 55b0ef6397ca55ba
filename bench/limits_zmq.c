/* bench/limits_zmq.c - frames over two CURVE hops: a sender, a broker that only passes them on, a
 * receiver; three contexts in three threads, as three processes would have. Nothing is looked at,
 * nothing is kept. */
#include "bench/limits.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define HWM 1000
#define PATIENCE_MS 30000

struct pipe {
    size_t frame_bytes;
    uint64_t frames;
    uint8_t server_public[32], server_secret[32];
    uint8_t client_public[32], client_secret[32];
    char in[128], out[128]; /* endpoints */
    void *contexts[3];
    void *front, *back; /* the broker's */
    int failed;
    double seconds;
};

static void set_int(void *socket, int option, int value)
{
    (void)zmq_setsockopt(socket, option, &value, sizeof value);
}

static void *client(struct pipe *p, void *context, const char *endpoint)
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    set_int(socket, ZMQ_SNDHWM, HWM);
    set_int(socket, ZMQ_RCVHWM, HWM);
    set_int(socket, ZMQ_SNDTIMEO, PATIENCE_MS);
    set_int(socket, ZMQ_RCVTIMEO, PATIENCE_MS);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, p->server_public, 32);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, p->client_public, 32);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, p->client_secret, 32);
    if (zmq_connect(socket, endpoint) != 0)
        p->failed = 1;
    return socket;
}

static void *server(struct pipe *p, void *context, char endpoint[128])
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    size_t size = 128;
    set_int(socket, ZMQ_SNDHWM, HWM);
    set_int(socket, ZMQ_RCVHWM, HWM);
    set_int(socket, ZMQ_SNDTIMEO, PATIENCE_MS);
    set_int(socket, ZMQ_RCVTIMEO, PATIENCE_MS);
    set_int(socket, ZMQ_LINGER, 0);
    set_int(socket, ZMQ_CURVE_SERVER, 1);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, p->server_secret, 32);
    if (zmq_bind(socket, "tcp://127.0.0.1:*") != 0 ||
        zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
        p->failed = 1;
    return socket;
}

static void *send_all(void *argument)
{
    struct pipe *p = argument;
    void *socket = client(p, p->contexts[0], p->in);
    uint8_t *frame = calloc(1, p->frame_bytes);
    for (uint64_t i = 0; frame != NULL && i < p->frames && !p->failed; i++)
        if (zmq_send(socket, frame, p->frame_bytes, 0) < 0)
            p->failed = 1;
    free(frame);
    (void)zmq_close(socket); /* lingers until all is out */
    return NULL;
}

static void *pass_on(void *argument)
{
    struct pipe *p = argument;
    zmq_msg_t message;
    for (uint64_t i = 0; i < p->frames && !p->failed; i++) {
        (void)zmq_msg_init(&message);
        if (zmq_msg_recv(&message, p->front, 0) < 0 || zmq_msg_send(&message, p->back, 0) < 0)
            p->failed = 1;
    }
    return NULL;
}

static void *take_all(void *argument)
{
    struct pipe *p = argument;
    void *socket = client(p, p->contexts[2], p->out);
    zmq_msg_t message;
    double from = 0;
    for (uint64_t i = 0; i < p->frames && !p->failed; i++) {
        (void)zmq_msg_init(&message);
        if (zmq_msg_recv(&message, socket, 0) < 0)
            p->failed = 1;
        (void)zmq_msg_close(&message);
        if (i == 0)
            from = bench_seconds();
    }
    p->seconds = bench_seconds() - from;
    set_int(socket, ZMQ_LINGER, 0);
    (void)zmq_close(socket);
    return NULL;
}

static void make_keys(struct pipe *p)
{
    char public_text[41];
    char secret_text[41];
    (void)zmq_curve_keypair(public_text, secret_text);
    (void)zmq_z85_decode(p->server_public, public_text);
    (void)zmq_z85_decode(p->server_secret, secret_text);
    (void)zmq_curve_keypair(public_text, secret_text);
    (void)zmq_z85_decode(p->client_public, public_text);
    (void)zmq_z85_decode(p->client_secret, secret_text);
}

enum esep_status bench_zmq_measure(size_t frame_bytes, uint64_t frames, double *ret_frames_s,
                                   struct esep_reason *reason)
{
    static void *(*const parts[3])(void *) = {send_all, pass_on, take_all};
    struct pipe p = {.frame_bytes = frame_bytes, .frames = frames};
    pthread_t threads[3];
    int started = 0;
    make_keys(&p);
    for (int i = 0; i < 3; i++)
        p.contexts[i] = zmq_ctx_new();
    p.front = server(&p, p.contexts[1], p.in);
    p.back = server(&p, p.contexts[1], p.out);
    while (started < 3 && pthread_create(&threads[started], NULL, parts[started], &p) == 0)
        started++;
    if (started < 3)
        p.failed = 1;
    for (int i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    (void)zmq_close(p.front);
    (void)zmq_close(p.back);
    for (int i = 0; i < 3; i++)
        (void)zmq_ctx_term(p.contexts[i]);
    if (p.failed)
        return esep_because(reason, ESEP_IO, "ZeroMQ alone: frames did not pass");
    *ret_frames_s = (double)frames / p.seconds;
    return ESEP_OK;
}
