/* collector/signer/cmd_signer.c - `signer`: a process of its own user that holds a log's key.
 *
 * It listens at a UNIX-domain socket for whole messages, answers each at once (signer_service.h),
 * and asks the kernel who calls: its own user, root, and the one that the configuration names. It
 * opens no network, and once it listens it keeps to its folders: the heads, the key, the socket.
 */
#include "collector/commands.h"
#include "collector/signer/signer_service.h"
#include "io/config.h"
#include "io/control.h"
#include "io/keyfile.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/sandbox.h"

#include <errno.h>
#include <event2/event.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/esep/signer.yaml"
#define CALLERS_MAX 16

struct settings {
    char name[ESEP_NOTE_NAME_MAX + 1];
    char keys[256];
    char heads[256];
    char socket[100];
    char user[64];
    char log_level[16];
    bool sandbox;
};
#define ROW(p, t, member, fb, text)                                                                \
    {                                                                                              \
        .path = (p), .type = (t), .offset = offsetof(struct settings, member),                     \
        .size = sizeof(((struct settings *)0)->member), .fallback = (fb), .help = (text)           \
    }
static const struct esep_config_row rows[] = {
    ROW("name", ESEP_CONFIG_TEXT, name, NULL, "the log's name, as its heads bear it"),
    ROW("keys", ESEP_CONFIG_PATH, keys, NULL, "key file; keygen makes it"),
    ROW("heads", ESEP_CONFIG_PATH, heads, NULL,
        "folder of what was signed; made with the key, never put back from a copy"),
    ROW("socket", ESEP_CONFIG_PATH, socket, NULL, "0660, in a folder of mode 0750"),
    ROW("user", ESEP_CONFIG_TEXT, user, "", "who may ask, besides root and ourselves"),
    ROW("log.level", ESEP_CONFIG_TEXT, log_level, "info", "error, warning, info or debug"),
    ROW("sandbox", ESEP_CONFIG_BOOL, sandbox, "true",
        "open its own folders alone, and make no system call but its work's"),
};
#define ROW_COUNT (sizeof rows / sizeof *rows)

struct caller {
    struct daemon *daemon;
    struct event *event;
    int fd;
};
struct daemon {
    struct settings settings;
    struct signer signer;
    struct esep_note_key name;
    struct esep_loop *loop;
    struct event *door;
    int listener;
    uid_t user;
    struct caller callers[CALLERS_MAX];
    int exit_code;
};

static void hang_up(struct caller *caller)
{
    if (caller->event != NULL)
        event_free(caller->event);
    if (caller->fd >= 0)
        (void)close(caller->fd);
    *caller = (struct caller){.daemon = caller->daemon, .fd = -1};
}

static void on_message(evutil_socket_t fd, short what, void *context)
{
    struct caller *caller = context;
    struct daemon *d = caller->daemon;
    uint8_t request[SIGNER_REQUEST_MAX + 1];
    uint8_t bytes[SIGNER_REPLY_BYTES];
    struct signer_reply reply;
    (void)what;
    const ssize_t len = recv(fd, request, sizeof request, MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0) {
        hang_up(caller);
        return;
    }
    signer_answer(&d->signer, esep_slice(request, (size_t)len), &reply);
    if (reply.status != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "refused", "a request of %zd bytes: %s", len,
                 esep_status_name(reply.status));
    signer_reply_write(&reply, bytes);
    if (send(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof bytes)
        hang_up(caller);
    if (d->signer.broken) {
        esep_log(ESEP_LOG_ERROR, "heads-failed", "a write failed; ending, to be started anew");
        d->exit_code = EX_TEMPFAIL;
        esep_loop_stop(d->loop);
    }
}

static bool may_ask(const struct daemon *d, int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
           (who.uid == 0 || who.uid == geteuid() || who.uid == d->user);
}

static void on_caller(evutil_socket_t listener, short what, void *context)
{
    struct daemon *d = context;
    (void)what;
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct caller *caller = NULL;
    for (size_t i = 0; i < CALLERS_MAX && caller == NULL; i++)
        if (d->callers[i].fd < 0)
            caller = &d->callers[i];
    if (caller == NULL || !may_ask(d, fd)) {
        esep_log(ESEP_LOG_WARNING, "turned-away",
                 caller == NULL ? "too many callers" : "a caller who may not ask");
        (void)close(fd);
        return;
    }
    caller->fd = fd;
    caller->event =
        event_new(esep_loop_base(d->loop), fd, EV_READ | EV_PERSIST, on_message, caller);
    if (caller->event == NULL || event_add(caller->event, NULL) != 0)
        hang_up(caller);
}

static enum esep_status listen_at(struct daemon *d, struct esep_reason *reason)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = d->settings.socket;
    _Static_assert(sizeof d->settings.socket <= sizeof address.sun_path, "a socket's path fits");
    enum esep_status status = esep_control_folder(path, true, reason);
    if (status != ESEP_OK)
        return status;
    memcpy(address.sun_path, path, sizeof d->settings.socket);
    d->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)unlink(path); /* of a run before: the folder of heads is locked, so it is nobody's */
    if (d->listener < 0 ||
        bind(d->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(d->listener, CALLERS_MAX) != 0)
        return esep_because(reason, ESEP_IO, "cannot listen at %.160s: %s", path, strerror(errno));
    status = esep_control_mode(path, true, reason);
    if (status != ESEP_OK)
        return status;
    d->door = event_new(esep_loop_base(d->loop), d->listener, EV_READ | EV_PERSIST, on_caller, d);
    return d->door != NULL && event_add(d->door, NULL) == 0
               ? ESEP_OK
               : esep_because(reason, ESEP_NOMEM, "no memory");
}

static enum esep_status open_key(struct daemon *d, bool make, struct esep_reason *reason)
{
    const enum esep_status status =
        signer_open(&d->signer, d->settings.keys, d->settings.heads, make, reason);
    return status == ESEP_OK ? esep_note_key(&d->name, d->settings.name, ESEP_NOTE_ED25519,
                                             d->signer.keys.present.public, reason)
                             : status;
}

static enum esep_status start(struct daemon *d, struct esep_reason *reason)
{
    const struct esep_loop_options loop = {.context = d};
    enum esep_log_level level = ESEP_LOG_INFO;
    if (d->settings.user[0] != '\0') {
        const struct passwd *user = getpwnam(d->settings.user);
        if (user == NULL)
            return esep_because(reason, ESEP_INVALID, "user: there is no '%s'", d->settings.user);
        d->user = user->pw_uid;
    }
    enum esep_status status = open_key(d, false, reason);
    if (status == ESEP_OK)
        status = esep_loop_new(&d->loop, &loop, reason);
    if (status != ESEP_OK)
        return status;
    (void)esep_log_level_parse(d->settings.log_level, &level);
    esep_log_init("esep-signer", level);
    return listen_at(d, reason);
}

/* No socket is made any more but the one that tells systemd. A kernel that cannot is said, and does
 * not matter. */
static enum esep_status bind_itself(const struct settings *s, struct esep_reason *reason)
{
    const struct esep_sandbox_folder folders[] = {
        {s->heads, ESEP_SANDBOX_WRITE},
        {s->keys, ESEP_SANDBOX_WRITE_BESIDE},   /* another key may take its place */
        {s->socket, ESEP_SANDBOX_WRITE_BESIDE}, /* taken away at the end */
    };
    const struct esep_sandbox_calls calls = {.sockets = ESEP_SANDBOX_SOCKETS_LOCAL,
                                             .traced = ESEP_SANDBOX_TRACED};
    const enum esep_status status = esep_sandbox_keep_to_folders(
        s->sandbox, folders, sizeof folders / sizeof *folders, false, reason);
    return status == ESEP_OK ? esep_sandbox_keep_to_calls(s->sandbox, &calls, reason) : status;
}

static void stop(struct daemon *d)
{
    for (size_t i = 0; i < CALLERS_MAX; i++)
        hang_up(&d->callers[i]);
    if (d->door != NULL)
        event_free(d->door);
    if (d->listener >= 0) {
        (void)close(d->listener);
        (void)unlink(d->settings.socket);
    }
    esep_loop_free(d->loop);
    signer_close(&d->signer);
    esep_log_flush();
}

static int serve(struct daemon *d)
{
    struct esep_reason reason = {""};
    enum esep_status status = start(d, &reason);
    if (status == ESEP_OK)
        status = bind_itself(&d->settings, &reason);
    if (status == ESEP_OK) {
        char vkey[ESEP_NOTE_VKEY_MAX];
        esep_note_key_format(&d->name, vkey);
        esep_log(ESEP_LOG_INFO, "ready", "at %s, key %s", d->settings.socket, vkey);
        esep_notify("READY=1");
        status = esep_loop_run(d->loop);
    }
    const int rc = status == ESEP_OK ? d->exit_code : collector_fail(status, &reason);
    return status == ESEP_CONFLICT ? EX_UNAVAILABLE : rc;
}

static int keygen(struct daemon *d)
{
    struct esep_reason reason = {""};
    char vkey[ESEP_NOTE_VKEY_MAX];
    const enum esep_status status = open_key(d, true, &reason);
    if (status != ESEP_OK)
        return collector_fail(status, &reason);
    esep_note_key_format(&d->name, vkey);
    (void)printf("%s\n", vkey);
    return 0;
}

/* Beside the present key, also while the signer serves: it looks when ingest begins. */
static int rotate(const struct daemon *d)
{
    struct esep_reason reason = {""};
    struct esep_note_key name;
    uint8_t public_key[ESEP_KEY_BYTES];
    char vkey[ESEP_NOTE_VKEY_MAX];
    char hex[2 * ESEP_KEY_BYTES + 1];
    char fingerprint[ESEP_CODE_TEXT_BYTES];
    bool pending = false;
    enum esep_status status = signer_place_next(d->settings.keys, public_key, &pending, &reason);
    if (status == ESEP_OK)
        status = esep_note_key(&name, d->settings.name, ESEP_NOTE_ED25519, public_key, &reason);
    if (status != ESEP_OK)
        return collector_fail(status, &reason);
    esep_note_key_format(&name, vkey);
    esep_hex(public_key, sizeof public_key, hex);
    esep_log_fingerprint(public_key, fingerprint);
    (void)printf("log_key: %s\nlog_vkey: %s\nfingerprint: %s\n", hex, vkey, fingerprint);
    (void)fprintf(stderr,
                  "%s. First give log_vkey to the witnesses, beside the present one (logs:); then "
                  "restart esep-collector run, which takes it up before it serves. Offices and "
                  "brokers follow by themselves; give log_vkey to whoever verifies.\n",
                  pending ? "This next key was made before, and waits"
                          : "The next key is made, and waits");
    return 0;
}

enum verb { SERVE, KEYGEN, ROTATE };
struct arguments {
    struct command_common common;
    enum verb verb;
    bool help_config;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->common;
        return 0;
    case 'h':
        arguments->help_config = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->verb != SERVE ||
            (strcmp(value, "keygen") != 0 && strcmp(value, "rotate") != 0))
            argp_error(state, "'%s': the one word is keygen, or rotate", value);
        arguments->verb = strcmp(value, "rotate") == 0 ? ROTATE : KEYGEN;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void look(void *context, const struct esep_yaml_node *root,
                 struct esep_complaints *complaints)
{
    const struct settings *settings = context;
    enum esep_log_level level;
    (void)root;
    if (!esep_log_level_parse(settings->log_level, &level))
        esep_complain_at(complaints, 1, 1, "log.level: '%s' is not error, warning, info or debug",
                         settings->log_level);
}

int collector_cmd_signer(int argc, char **argv)
{
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp_option options[] = {
        {"help-config", 'h', NULL, 0, "list the keys of the signer's configuration", 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[keygen|rotate]",
        .doc = "Holds a log's key, as another user than the log's, and signs only heads that "
               "extend what it signed. 'keygen' makes key and folder and prints the public key. "
               "'rotate' makes another key, which takes the present one's place at ingest's next "
               "start.",
        .children = children};
    struct arguments arguments = {0};
    struct daemon d = {.listener = -1, .user = geteuid(), .signer = {.heads = {.folder = -1}}};
    struct esep_reason reason = {""};
    for (size_t i = 0; i < CALLERS_MAX; i++)
        d.callers[i] = (struct caller){.daemon = &d, .fd = -1};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (arguments.help_config) {
        esep_config_help(rows, ROW_COUNT, stdout);
        return 0;
    }
    const char *file = arguments.common.config != NULL ? arguments.common.config : DEFAULT_CONFIG;
    const enum esep_status status =
        collector_config_check(esep_config_load(file, rows, ROW_COUNT, &d.settings, look, &reason));
    if (status != ESEP_OK)
        return collector_fail(status, &reason);
    const int rc = arguments.verb == KEYGEN   ? keygen(&d)
                   : arguments.verb == ROTATE ? rotate(&d)
                                              : serve(&d);
    stop(&d);
    return rc;
}
