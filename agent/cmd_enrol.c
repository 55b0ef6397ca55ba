/* agent/cmd_enrol.c - `enrol`: keys made here, a one-time code used, the office stored.
 *
 * The order matters, because a crash may come between any two steps and the code counts once. Keys
 * first, on the disk; then the journal, so that a disk that cannot be written costs no code; then
 * the exchange. Where the answer was lost, or could not be stored, the same command says the same:
 * the collector knows these keys and answers again.
 */
#include "agent/commands.h"
#include "agent/enrol.h"
#include "base/code.h"
#include "io/loop.h"
#include "io/relay.h"
#include "io/zsock.h"
#include "wire/office_keys.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define HANDSHAKE_MS 5000
#define FRAME_BYTES_MAX (64u * 1024u)
#define SECONDS_DEFAULT 60
#define PAUSE_MS_MAX 30000u

struct words {
    struct agent_common common;
    const char *code;
    const char *label;
    unsigned seconds;
};

/* One exchange with one broker. */
struct exchange {
    struct event_base *base;
    void *zmq;
    struct event *timer;
    struct esep_zsock *socket;
    struct esep_relay *relay; /* NULL: no proxy */
    struct agent_enrol enrol;
    struct esep_buf frame;
    struct agent_enrol_result result;
    const char *address;
    bool sent;
    bool paused; /* told to wait; sent again when the timer says so */
    esep_time until;
    enum esep_status status;
    struct esep_reason *reason;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'k':
        words->code = value;
        return 0;
    case 'l':
        words->label = value;
        return 0;
    case 't':
        words->seconds = (unsigned)strtoul(value, NULL, 10);
        if (words->seconds == 0 || words->seconds > 3600)
            argp_error(state, "--timeout %s: 1 to 3600 seconds", value);
        return 0;
    case ARGP_KEY_END:
        if (words->code == NULL)
            argp_error(state, "--code is missing: the operator's one-time code");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void over(struct exchange *x, enum esep_status status)
{
    x->status = status;
    (void)event_base_loopbreak(x->base);
}

static void set_timer(struct exchange *x, esep_time wait)
{
    if (wait < 0)
        wait = 0;
    struct timeval at = {.tv_sec = (time_t)(wait / ESEP_SECOND),
                         .tv_usec = (suseconds_t)(wait % ESEP_SECOND)};
    (void)event_add(x->timer, &at);
}

static esep_time real_now(void)
{
    const struct esep_clock real = {0};
    return esep_clock_now(&real);
}

static void send_frame(struct exchange *x)
{
    struct esep_slice frame = esep_buf_slice(&x->frame);
    enum esep_status status = esep_zsock_send(x->socket, &frame, 1);
    if (status != ESEP_OK)
        over(x, esep_because(x->reason, ESEP_AGAIN, "%s: the request cannot be sent", x->address));
    x->sent = true;
    set_timer(x, x->until - real_now());
}

static void on_readable(struct esep_zsock *socket, void *context)
{
    struct exchange *x = context;
    struct esep_zmessage message;
    enum esep_status received;
    while ((received = esep_zsock_recv(socket, &message)) != ESEP_AGAIN) {
        if (received == ESEP_IO)
            return;
        if (received != ESEP_OK)
            continue;
        enum esep_status status =
            message.count == 1
                ? agent_enrol_on_frame(&x->enrol, message.parts[0], &x->result, x->reason)
                : ESEP_AGAIN;
        esep_zmessage_close(&message);
        if (status == ESEP_LIMIT) {
            uint32_t ms = x->result.retry_after_ms < 200 ? 200 : x->result.retry_after_ms;
            x->paused = true;
            set_timer(x, (esep_time)(ms < PAUSE_MS_MAX ? ms : PAUSE_MS_MAX) * 1000);
        } else if (status != ESEP_AGAIN) {
            over(x, status);
            return;
        }
    }
}

static void on_event(struct esep_zsock *socket, enum esep_zsock_event event, const char *detail,
                     void *context)
{
    (void)socket;
    struct exchange *x = context;
    if (event == ESEP_ZSOCK_UP)
        send_frame(x);
    else if (event == ESEP_ZSOCK_GONE && x->relay != NULL && esep_relay_trouble(x->relay)[0] != 0)
        over(x, esep_because(x->reason, ESEP_AGAIN, "%.80s: %.160s", x->address,
                             esep_relay_trouble(x->relay)));
    else if (event == ESEP_ZSOCK_GONE)
        over(x, esep_because(x->reason, ESEP_AGAIN,
                             "%.100s: %.60s; check the broker's address and key in the config, and "
                             "that it runs and lets new offices enrol",
                             x->address, detail));
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct exchange *x = context;
    if (x->paused && real_now() < x->until) {
        x->paused = false;
        send_frame(x);
        return;
    }
    if (!x->paused)
        (void)esep_because(x->reason, ESEP_AGAIN,
                           "%.120s: no answer in time; the same command may "
                           "be given again, with the same code",
                           x->address);
    over(x, ESEP_AGAIN);
}

static enum esep_status dial(struct exchange *x, const struct agent_desk *desk, size_t broker)
{
    const struct agent_settings *s = desk->settings;
    const struct esep_zsock_options options = {.type = ESEP_ZSOCK_DEALER,
                                               .curve = &desk->curve,
                                               .server_public = s->brokers[broker].key,
                                               .hwm_messages = 8,
                                               .frame_bytes_max = FRAME_BYTES_MAX,
                                               .handshake_ms = HANDSHAKE_MS};
    const struct esep_relay_options relay = {.proxy = s->socks_proxy,
                                             .login_file =
                                                 s->socks_login[0] != 0 ? s->socks_login : NULL,
                                             .target = s->brokers[broker].address,
                                             .connect_ms = HANDSHAKE_MS};
    char endpoint[256];
    (void)snprintf(endpoint, sizeof endpoint, "%s", s->brokers[broker].address);
    enum esep_status status =
        esep_zsock_new(&x->socket, x->base, x->zmq, &options, on_readable, x, x->reason);
    if (status == ESEP_OK)
        status = esep_zsock_on_event(x->socket, on_event, x->reason);
    if (status == ESEP_OK && s->socks_proxy[0] != 0)
        status = esep_relay_new(&x->relay, x->base, &relay, endpoint, x->reason);
    if (status == ESEP_OK)
        status = esep_zsock_connect(x->socket, endpoint, x->reason);
    return status;
}

static enum esep_status try_broker(struct exchange *x, const struct agent_desk *desk, size_t broker,
                                   struct agent_enrol_request *request)
{
    x->address = desk->settings->brokers[broker].address;
    x->sent = x->paused = false;
    x->status = ESEP_AGAIN;
    esep_buf_clear(&x->frame);
    esep_random(request->seed, sizeof request->seed);
    enum esep_status status = agent_enrol_begin(&x->enrol, request, &x->frame, x->reason);
    if (status != ESEP_OK)
        return status;
    status = dial(x, desk, broker);
    if (status == ESEP_OK) {
        set_timer(x, x->until - real_now());
        (void)event_base_dispatch(x->base);
        status = x->status;
    }
    (void)event_del(x->timer);
    esep_zsock_free(x->socket);
    esep_relay_free(x->relay);
    x->socket = NULL;
    x->relay = NULL;
    agent_enrol_done(&x->enrol);
    return status;
}

static enum esep_status exchange(const struct agent_desk *desk, struct agent_enrol_request *request,
                                 unsigned seconds, struct agent_enrol_result *ret,
                                 struct esep_reason *reason)
{
    struct exchange x = {.reason = reason, .status = ESEP_AGAIN};
    size_t brokers = desk->settings->broker_count;
    esep_time end = real_now() + (esep_time)seconds * ESEP_SECOND;
    esep_buf_init(&x.frame, FRAME_BYTES_MAX);
    enum esep_status status = esep_files_check(reason);
    if (status != ESEP_OK) {
        esep_buf_done(&x.frame);
        return status;
    }
    x.base = event_base_new();
    x.zmq = esep_zcontext_new(1);
    x.timer = x.base != NULL ? event_new(x.base, -1, 0, on_timer, &x) : NULL;
    status = x.timer != NULL && x.zmq != NULL ? ESEP_AGAIN
                                              : esep_because(reason, ESEP_NOMEM, "no memory");
    for (size_t i = 0; status == ESEP_AGAIN && i < brokers && real_now() < end; i++) {
        /* Each broker its share of the time, so that a dumb one does not use up all of it. */
        x.until = real_now() + (end - real_now()) / (esep_time)(brokers - i);
        status = try_broker(&x, desk, i, request);
        if (status == ESEP_AGAIN && i + 1 < brokers)
            (void)fprintf(stderr, "esep-agent: %s; trying the next broker\n", reason->text);
    }
    *ret = x.result;
    if (x.timer != NULL)
        event_free(x.timer);
    if (x.base != NULL)
        event_base_free(x.base);
    if (x.zmq != NULL)
        esep_zcontext_free(x.zmq);
    esep_buf_done(&x.frame);
    return status;
}

/* The keys of the file, made where there is none. */
static enum esep_status make_keys(const char *path, struct agent_desk *desk,
                                  struct esep_reason *reason)
{
    static const char *const kinds[] = {"sign", "curve"};
    esep_keyfile_tidy(path);
    if (access(path, F_OK) != 0) {
        struct esep_keyfile keys;
        esep_keyfile_generate(&keys, kinds, 2);
        enum esep_status status = esep_keyfile_create(path, &keys, reason);
        esep_wipe(&keys, sizeof keys);
        if (status != ESEP_OK)
            return status;
    }
    return agent_keys_read(path, &desk->sign_key, &desk->curve, reason);
}

static enum esep_status make_journal(struct agent_desk *desk, struct esep_reason *reason)
{
    const struct journal_options options = {.path = desk->settings->journal,
                                            .map_bytes = (size_t)desk->settings->journal_bytes,
                                            .create = true};
    struct journal_identity there;
    enum esep_status status = journal_open(&desk->journal, &options, reason);
    if (status == ESEP_OK && journal_identity(&desk->journal, &there, NULL) == ESEP_OK)
        status = esep_because(reason, ESEP_CONFLICT,
                              "%.120s: is office %u of %s already, the code was not used; another "
                              "office needs a journal and keys of its own",
                              desk->settings->journal, there.office, there.body);
    return status;
}

static enum esep_status fill_request(const struct words *words, const struct agent_desk *desk,
                                     struct agent_enrol_request *ret, struct esep_reason *reason)
{
    const struct agent_settings *s = desk->settings;
    const char *label = words->label != NULL ? words->label : s->label;
    if (strlen(label) >= sizeof ret->label)
        return esep_because(reason, ESEP_INVALID, "--label: at most %zu bytes",
                            sizeof ret->label - 1);
    *ret = (struct agent_enrol_request){.sign_key = desk->sign_key};
    memcpy(ret->log_id.bytes, s->log_id, ESEP_HASH_BYTES);
    memcpy(ret->log_public, s->log_key, ESEP_KEY_BYTES);
    memcpy(ret->seal_public, s->seal_key, ESEP_KEY_BYTES);
    memcpy(ret->curve_public, desk->curve.public, ESEP_KEY_BYTES);
    memcpy(ret->label, label, strlen(label) + 1);
    return esep_code_parse(words->code, ret->code, reason);
}

static int say(const struct words *words, const struct agent_desk *desk,
               const struct agent_enrol_result *result)
{
    char fingerprint[ESEP_FINGERPRINT_TEXT_BYTES];
    esep_fingerprint(desk->sign_key.public, desk->curve.public, fingerprint);
    if (words->common.json)
        return esep_json_print(json_pack("{s:s, s:i, s:s, s:s, s:s}", "format", "esep-office/1",
                                         "office", (int)result->office, "body", result->body,
                                         "state", result->accepted ? "active" : "pending",
                                         "fingerprint", fingerprint));
    (void)printf("office %u of %s: %s\n", result->office, result->body,
                 result->accepted ? "enrolled; start esep-agent run"
                                  : "enrolled; the operator has to accept its key before it can "
                                    "report (esep-broker keys accept)");
    (void)printf("fingerprint of its keys: %s\nTell it to the operator, who must see the same.\n",
                 fingerprint);
    return 0;
}

static enum esep_status enrol(const struct words *words, struct agent_desk *desk,
                              struct agent_enrol_result *ret, struct esep_reason *reason)
{
    struct agent_enrol_request request = {0};
    const char *file = words->common.config != NULL ? words->common.config : AGENT_DEFAULT_CONFIG;
    enum esep_status status = agent_command_settings(file, &desk->settings, &desk->clock, reason);
    if (status == ESEP_OK) /* a slip in the code is found before anything is made */
        status = esep_code_parse(words->code, request.code, reason);
    if (status == ESEP_OK)
        status = make_keys(desk->settings->keys, desk, reason);
    if (status == ESEP_OK)
        status = make_journal(desk, reason);
    if (status == ESEP_OK)
        status = fill_request(words, desk, &request, reason);
    if (status == ESEP_OK)
        status = exchange(desk, &request, words->seconds, ret, reason);
    if (status == ESEP_OK) {
        struct journal_identity identity = {
            .log_id = request.log_id, .office = ret->office, .first_epoch = ret->epoch};
        memcpy(identity.body, ret->body, sizeof identity.body);
        memcpy(identity.sign_public, desk->sign_key.public, ESEP_KEY_BYTES);
        status = journal_enrol(&desk->journal, &identity, reason);
        if (status != ESEP_OK)
            (void)fprintf(stderr, "esep-agent: enrolled, but the journal cannot be written; give "
                                  "the same command again, with the same code\n");
    }
    esep_wipe(&request, sizeof request);
    return status;
}

int agent_cmd_enrol(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"code", 'k', "CODE", 0, "the operator's one-time code", 0},
        {"label", 'l', "TEXT", 0, "what the office calls this machine (the config's label)", 0},
        {"timeout", 't', "SECONDS", 0, "how long to try (60)", 0},
        {0},
    };
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc =
            "Makes the office's keys where they are missing, enrols them with the operator's "
            "one-time code, and stores the office's number in the journal. Where no answer came, "
            "the same command may be given again.",
        .children = children};
    struct words words = {.seconds = SECONDS_DEFAULT};
    struct agent_desk desk = {0};
    struct agent_enrol_result result = {0};
    struct esep_reason reason = {""};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    enum esep_status status = enrol(&words, &desk, &result, &reason);
    int rc = status == ESEP_OK ? say(&words, &desk, &result) : agent_fail(status, &reason);
    agent_desk_close(&desk);
    return rc;
}
