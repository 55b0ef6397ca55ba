/* broker/shell.c - see shell.h. */
#include "broker/shell.h"

#include "broker/shell_internal.h"
#include "io/log.h"

#include <stdlib.h>

static const struct {
    enum esep_log_level level;
    const char *event;
} notes[BROKER_NOTES] = {
    [BROKER_NOTE_COLLECTOR_JOINED] = {ESEP_LOG_INFO, "collector-joined"},
    [BROKER_NOTE_LOG_KEY] = {ESEP_LOG_WARNING, "log-key-changed"},
    [BROKER_NOTE_COLLECTOR_STANDBY] = {ESEP_LOG_INFO, "collector-standby"},
    [BROKER_NOTE_COLLECTOR_PRIMARY] = {ESEP_LOG_INFO, "collector-primary"},
    [BROKER_NOTE_COLLECTOR_REFUSED] = {ESEP_LOG_ERROR, "collector-refused"},
    [BROKER_NOTE_COLLECTOR_LOST] = {ESEP_LOG_WARNING, "collector-lost"},
    [BROKER_NOTE_COLLECTOR_DRAINING] = {ESEP_LOG_INFO, "collector-draining"},
    [BROKER_NOTE_COLLECTOR_MALFORMED] = {ESEP_LOG_ERROR, "collector-malformed"},
    [BROKER_NOTE_ROSTER_READY] = {ESEP_LOG_INFO, "roster-ready"},
    [BROKER_NOTE_ROSTER_FULL] = {ESEP_LOG_ERROR, "roster-full"},
};

/* Effects and time. */

static enum esep_status carry_out(struct broker_shell *shell, const struct broker_effect *effect)
{
    if (effect->kind == BROKER_EFFECT_NOTE) {
        esep_log(notes[effect->note].level, notes[effect->note].event, "%s", effect->text);
        return ESEP_OK;
    }
    struct esep_zsock *sock =
        effect->kind == BROKER_EFFECT_SEND_OFFICE ? shell->agents : shell->collectors;
    uint8_t id[8];
    struct esep_slice parts[3] = {esep_zsock_routing_id(effect->conn, id)};
    for (size_t i = 0; i < effect->part_count; i++) {
        parts[i + 1] = effect->parts[i];
    }
    return esep_zsock_send(sock, parts, effect->part_count + 1);
}

void broker_shell_pump(struct broker_shell *shell, esep_time now)
{
    const struct broker_effect *effect;
    while ((effect = broker_peek(shell->core)) != NULL) {
        const enum esep_status status = carry_out(shell, effect);
        if (status == ESEP_OK) {
            broker_pop(shell->core);
        } else {
            broker_failed(shell->core, status, now);
        }
    }
}

void broker_shell_arm(struct broker_shell *shell, esep_time now)
{
    if (broker_drained(shell->core, now)) {
        esep_loop_stop(shell->loop);
        return;
    }
    const esep_time at = broker_deadline(shell->core);
    esep_loop_deadline(shell->loop, at == ESEP_TIME_NEVER ? at : at - now);
}

static void on_deadline(void *context)
{
    struct broker_shell *shell = context;
    const esep_time now = esep_monotonic();
    broker_on_time(shell->core, now);
    broker_shell_pump(shell, now);
    broker_shell_arm(shell, now);
}

/* Messages in. */

static void office_message(struct broker_shell *shell, const struct esep_zmessage *message,
                           esep_time now)
{
    /* An office sends one frame; anything else is judged as no frame at all, and refused. */
    const struct esep_slice frame = message->count == 2 ? message->parts[1] : esep_slice(NULL, 0);
    broker_on_clock(shell->core, esep_clock_now(&shell->clock) - now);
    broker_on_office_frame(shell->core, esep_zsock_conn(message->parts[0]), message->user_key,
                           frame, now);
}

static void collector_message(struct broker_shell *shell, const struct esep_zmessage *message,
                              esep_time now)
{
    broker_on_collector_frame(shell->core, esep_zsock_conn(message->parts[0]), message->user_key,
                              &message->parts[1], message->count - 1, now);
}

static void receive(struct broker_shell *shell, struct esep_zsock *sock,
                    void (*take)(struct broker_shell *, const struct esep_zmessage *, esep_time))
{
    const esep_time now = esep_monotonic();
    struct esep_zmessage message;
    enum esep_status status;
    /* Ends: a socket gives so many messages a turn and then says AGAIN. */
    while ((status = esep_zsock_recv(sock, &message)) == ESEP_OK || status == ESEP_INVALID) {
        if (status == ESEP_INVALID) {
            shell->dropped++;
            continue;
        }
        ESEP_ASSERT(message.user_known && message.count >= 1);
        take(shell, &message, now);
        broker_shell_pump(shell, now);
        esep_zmessage_close(&message);
    }
    broker_shell_arm(shell, now);
}

void broker_shell_on_agents(struct esep_zsock *sock, void *context)
{
    receive(context, sock, office_message);
}

void broker_shell_on_collectors(struct esep_zsock *sock, void *context)
{
    receive(context, sock, collector_message);
}

/* A REP socket hears nothing more until it has answered: whatever came gets an answer, and one that
 * cannot be sent (too long) is followed by one that can. */
static void answer(struct esep_zsock *sock, struct esep_slice reply)
{
    if (esep_zsock_send(sock, &reply, 1) == ESEP_OK) {
        return;
    }
    const struct esep_slice instead = esep_slice_str("{\"error\":\"the answer is too long\"}");
    if (esep_zsock_send(sock, &instead, 1) != ESEP_OK) {
        esep_log(ESEP_LOG_WARNING, "control-failed", "the answer could not be sent");
    }
}

void broker_shell_on_control(struct esep_zsock *sock, void *context)
{
    struct broker_shell *shell = context;
    struct esep_zmessage message;
    enum esep_status status;
    while ((status = esep_zsock_recv(sock, &message)) == ESEP_OK || status == ESEP_INVALID) {
        bool asked = false;
        if (status == ESEP_OK) {
            asked =
                message.count == 1 && esep_slice_equal(message.parts[0], esep_slice_str("status"));
            esep_zmessage_close(&message);
        }
        char *json = asked ? broker_status_json(shell, true) : NULL;
        answer(sock, json != NULL
                         ? esep_slice_str(json)
                         : esep_slice_str("{\"error\":\"the question is not known here\"}"));
        free(json);
    }
}

bool broker_shell_allow(const char *domain, const char *address, const uint8_t key[32],
                        void *context)
{
    struct broker_shell *shell = context;
    const bool collectors = strcmp(domain, "collectors") == 0;
    if (!collectors && !shell->accepting) {
        return false;
    }
    const bool admitted = broker_admits(
        shell->core, collectors ? BROKER_DOMAIN_COLLECTORS : BROKER_DOMAIN_OFFICES, key);
    if (!admitted) {
        char hex[2 * ESEP_KEY_BYTES + 1];
        esep_hex(key, ESEP_KEY_BYTES, hex);
        esep_log(ESEP_LOG_WARNING, "handshake-denied", "key %s from %s is not let in as one of %s",
                 hex, address, domain);
    }
    return admitted;
}

/* Signals. */

void broker_shell_term(struct broker_shell *shell)
{
    const esep_time now = esep_monotonic();
    esep_log(ESEP_LOG_INFO, "draining", "going down; %u connections",
             broker_conn_count(shell->core));
    esep_notify("STOPPING=1");
    broker_drain(shell->core, now);
    broker_shell_pump(shell, now);
    broker_shell_arm(shell, now);
}

void broker_shell_hup(struct broker_shell *shell)
{
    struct broker_settings *next = NULL;
    struct esep_reason reason = {0};
    if (shell->config_file[0] == '\0') {
        return;
    }
    enum esep_status status = broker_settings_read(shell->config_file, &next, &reason);
    if (status == ESEP_OK) {
        const char *fixed = broker_settings_fixed(shell->settings, next);
        memcpy(next->core.curve_public, shell->curve.public, sizeof next->core.curve_public);
        status = fixed != NULL
                     ? esep_because(&reason, ESEP_INVALID,
                                    "%s cannot change while the broker runs; restart it", fixed)
                     : broker_reconfigure(shell->core, &next->core, &reason);
    }
    if (status != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "config-refused", "the old configuration stays: %s", reason.text);
        broker_settings_free(next);
        return;
    }
    broker_settings_free(shell->settings);
    shell->settings = next;
    esep_log_init("esep-broker", next->level);
    esep_log(ESEP_LOG_INFO, "config-reloaded", "the new configuration holds");
    broker_shell_arm(shell, esep_monotonic());
}

static void on_drain(void *context)
{
    broker_shell_term(context);
}

static void on_reload(void *context)
{
    broker_shell_hup(context);
}

/* Life. */

static enum esep_status open_loop(struct broker_shell *shell, struct esep_reason *reason)
{
    const struct esep_loop_options options = {
        .on_drain = on_drain, .on_reload = on_reload, .on_deadline = on_deadline, .context = shell};
    const enum esep_status status = esep_loop_new(&shell->loop, &options, reason);
    if (status != ESEP_OK) {
        return status;
    }
    return broker_shell_watch_descriptors(shell, reason);
}

enum esep_status broker_shell_new(struct broker_shell **ret, struct broker_settings *settings,
                                  const char *config_file, struct esep_reason *reason)
{
    struct broker_shell *shell = calloc(1, sizeof *shell);
    if (shell == NULL) {
        broker_settings_free(settings);
        return ESEP_NOMEM;
    }
    shell->settings = settings;
    shell->accepting = true;
    (void)snprintf(shell->config_file, sizeof shell->config_file, "%s",
                   config_file != NULL ? config_file : "");
    enum esep_status status = open_loop(shell, reason);
    if (status == ESEP_OK) {
        status = broker_shell_open(shell, reason);
    }
    if (status != ESEP_OK) {
        broker_shell_free(shell);
        return status;
    }
    *ret = shell;
    return ESEP_OK;
}

static void join_texts(const struct esep_config_texts *texts, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < texts->count && at < size; i++) {
        const int len = snprintf(out + at, size - at, "%s%s", i > 0 ? "," : "", texts->text[i]);
        at += (size_t)(len > 0 ? len : 0);
    }
}

enum esep_status broker_shell_run(struct broker_shell *shell)
{
    char agents[512];
    char collectors[512];
    join_texts(&shell->agents_bound, agents, sizeof agents);
    join_texts(&shell->collectors_bound, collectors, sizeof collectors);
    esep_log(ESEP_LOG_INFO, "ready", "agents=%s collectors=%s control=%s", agents, collectors,
             shell->settings->control[0] != '\0' ? shell->settings->control : "none");
    esep_notify("READY=1");
    const enum esep_status status = esep_loop_run(shell->loop);
    if (status != ESEP_OK) {
        return status;
    }
    esep_log(ESEP_LOG_INFO, "stopped", "drained");
    return ESEP_OK;
}

void broker_shell_free(struct broker_shell *shell)
{
    if (shell == NULL) {
        return;
    }
    esep_zsock_free(shell->control);
    esep_zsock_free(shell->agents);
    esep_zsock_free(shell->collectors);
    esep_zap_free(shell->zap);
    esep_zcontext_free(shell->zmq);
    broker_shell_unwatch_descriptors(shell);
    esep_loop_free(shell->loop);
    broker_free(shell->core);
    broker_settings_free(shell->settings);
    esep_wipe(&shell->curve, sizeof shell->curve);
    free(shell);
}

struct event_base *broker_shell_base(struct broker_shell *shell)
{
    return esep_loop_base(shell->loop);
}

const char *broker_shell_endpoint(const struct broker_shell *shell, enum broker_domain domain,
                                  size_t i)
{
    const struct esep_config_texts *bound =
        domain == BROKER_DOMAIN_COLLECTORS ? &shell->collectors_bound : &shell->agents_bound;
    return i < bound->count ? bound->text[i] : NULL;
}

const uint8_t *broker_shell_public(const struct broker_shell *shell)
{
    return shell->curve.public;
}

const struct broker *broker_shell_core(const struct broker_shell *shell)
{
    return shell->core;
}

bool broker_shell_accepting(const struct broker_shell *shell)
{
    return shell->accepting;
}
