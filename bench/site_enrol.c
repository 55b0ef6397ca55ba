/* bench/site_enrol.c - offices enrolled as real ones are: a code from the operator's command, keys
 * made here, one ENROL frame through the broker. */
#include "agent/enrol.h"
#include "base/code.h"
#include "bench/site.h"
#include "io/keyfile.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define REPLY_MS 5000
#define TRIES 50

static enum esep_status new_code(const struct bench_site *site, const char *body,
                                 uint8_t ret[ESEP_CODE_BYTES], struct esep_reason *reason)
{
    char program[BENCH_PATH];
    char control[BENCH_PATH];
    char output[BENCH_PATH];
    char line[128] = "";
    (void)snprintf(program, sizeof program, "%.200s/esep-broker", site->programs);
    (void)snprintf(control, sizeof control, "%.200s/run/collector.sock", site->folder);
    (void)snprintf(output, sizeof output, "%.200s/code", site->folder);
    const char *const argv[] = {program, "keys",     "enrol",   body,        "--control",
                                control, "--accept", "--clock", BENCH_CLOCK, NULL};
    enum esep_status status = bench_run(argv, output, reason);
    FILE *file = status == ESEP_OK ? fopen(output, "re") : NULL;
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        found = esep_code_parse(line, ret, reason) == ESEP_OK;
    }
    if (file != NULL)
        (void)fclose(file);
    return status != ESEP_OK || found
               ? status
               : esep_because(reason, ESEP_INVALID, "keys enrol printed no code");
}

static bool dial(const struct bench_site *site, const struct bench_identity *office, void *socket)
{
    const int linger = 0;
    const int wait = REPLY_MS;
    return zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) == 0 &&
           zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait, sizeof wait) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, site->broker_key, 32) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, office->curve.public, 32) == 0 &&
           zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, office->curve.secret, 32) == 0 &&
           zmq_connect(socket, site->agents) == 0;
}

static enum esep_status ask(struct bench_site *site, struct bench_identity *office, void *socket,
                            struct esep_reason *reason)
{
    struct agent_enrol_request request = {.log_id = site->log_id, .sign_key = office->sign};
    struct agent_enrol enrol;
    struct agent_enrol_result result = {0};
    struct esep_buf frame;
    uint8_t reply[16384];
    memcpy(request.log_public, site->log_key, ESEP_KEY_BYTES);
    memcpy(request.seal_public, site->seal_key, ESEP_KEY_BYTES);
    memcpy(request.curve_public, office->curve.public, ESEP_KEY_BYTES);
    (void)snprintf(request.label, sizeof request.label, "bench");
    esep_random(request.seed, sizeof request.seed);
    enum esep_status status = new_code(site, office->body, request.code, reason);
    if (status != ESEP_OK)
        return status;
    esep_buf_init(&frame, sizeof reply);
    status = agent_enrol_begin(&enrol, &request, &frame, reason);
    if (status == ESEP_OK && zmq_send(socket, frame.data, frame.len, 0) < 0)
        status = esep_because(reason, ESEP_IO, "ENROL cannot be sent: %s", zmq_strerror(errno));
    bool begun = status == ESEP_OK;
    if (begun)
        status = ESEP_AGAIN;
    for (int i = 0; status == ESEP_AGAIN && i < TRIES; i++) {
        int len = zmq_recv(socket, reply, sizeof reply, 0);
        if (len < 0)
            status = esep_because(reason, ESEP_IO, "no answer to ENROL: %s", zmq_strerror(errno));
        else if ((size_t)len <= sizeof reply)
            status = agent_enrol_on_frame(&enrol, esep_slice(reply, (size_t)len), &result, reason);
    }
    if (begun)
        agent_enrol_done(&enrol);
    esep_buf_done(&frame);
    office->office = result.office;
    if (status == ESEP_OK && !result.accepted)
        status = esep_because(reason, ESEP_INVALID, "the key was not accepted with its code");
    return status;
}

static enum esep_status enrol_one(struct bench_site *site, struct bench_identity *office, void *zmq,
                                  struct esep_reason *reason)
{
    static const char *const kinds[] = {"sign", "curve"};
    struct esep_keyfile keys;
    esep_keyfile_generate(&keys, kinds, 2);
    enum esep_status status = esep_keyfile_sign(&keys, &office->sign);
    if (status == ESEP_OK)
        status = esep_keyfile_curve(&keys, &office->curve);
    esep_wipe(&keys, sizeof keys);
    void *socket = zmq_socket(zmq, ZMQ_DEALER);
    if (status != ESEP_OK || socket == NULL || !dial(site, office, socket))
        status = esep_because(reason, ESEP_IO, "cannot dial %s", site->agents);
    else
        status = ask(site, office, socket, reason);
    if (socket != NULL)
        (void)zmq_close(socket);
    return status;
}

enum esep_status bench_site_enrol(struct bench_site *site, struct esep_reason *reason)
{
    void *zmq = zmq_ctx_new();
    enum esep_status status = zmq != NULL ? ESEP_OK : ESEP_NOMEM;
    for (uint32_t i = 0; status == ESEP_OK && i < site->office_count; i++)
        status = enrol_one(site, &site->offices[i], zmq, reason);
    if (zmq != NULL)
        (void)zmq_ctx_term(zmq);
    return status;
}
