/* broker/shell_open.c - the daemon's start: keys, core, ZAP, then the sockets, in this order.
 *
 * ZAP comes before any CURVE socket, since CURVE without it lets everyone in. The collectors'
 * endpoints come before the offices', so that a broker that cannot serve is not yet dialled.
 */
#include "broker/shell_internal.h"
#include "io/control.h"

#include <sys/stat.h>

#define MESSAGE_BYTES_MAX (2U << 20) /* above every frame limit, so that TOO_LARGE can be said */

static enum esep_status load_keys(struct broker_shell *shell, struct esep_reason *reason)
{
    struct esep_keyfile keys;
    enum esep_status status = esep_keyfile_read(shell->settings->keys, &keys, reason);
    if (status != ESEP_OK) {
        return status;
    }
    struct broker_config *core = &shell->settings->core;
    status = esep_keyfile_curve(&keys, &shell->curve);
    core->signs_ingress = esep_keyfile_sign(&keys, &core->sign_key) == ESEP_OK;
    esep_wipe(&keys, sizeof keys);
    shell->signs_ingress = core->signs_ingress;
    if (shell->signs_ingress) {
        memcpy(shell->sign_public, core->sign_key.public, sizeof shell->sign_public);
    } else {
        esep_log(ESEP_LOG_WARNING, "no-sign-key",
                 "%s has no signing key: offices get no notes of ingress; `init` makes one in a "
                 "new file",
                 shell->settings->keys);
    }
    return status == ESEP_OK ? ESEP_OK
                             : esep_because(reason, ESEP_INVALID, "%s: no curve key in it",
                                            shell->settings->keys);
}

static enum esep_status bind_all(struct esep_zsock *sock, const struct esep_config_texts *endpoints,
                                 struct esep_config_texts *ret_bound, struct esep_reason *reason)
{
    for (size_t i = 0; i < endpoints->count; i++) {
        const enum esep_status status =
            esep_zsock_bind(sock, endpoints->text[i], ret_bound->text[i], reason);
        if (status != ESEP_OK) {
            return status;
        }
        ret_bound->count = i + 1;
    }
    return ret_bound->count > 0 ? ESEP_OK
                                : esep_because(reason, ESEP_INVALID, "no endpoint to bind");
}

static enum esep_status open_offices(struct broker_shell *shell, struct esep_reason *reason)
{
    const struct broker_settings *s = shell->settings;
    const struct esep_zsock_options options = {
        .type = ESEP_ZSOCK_ROUTER,
        .curve = &shell->curve,
        .zap_domain = "agents",
        .hwm_messages = (int)s->agent_queue,
        .frame_bytes_max = MESSAGE_BYTES_MAX,
        .handshake_ms = (int)(s->handshake / 1000),
        .hasten = true,
        .heartbeat_ms = (int)(s->agent_ping / 1000),
        .keep_alive_s = (int)(s->core.idle / ESEP_SECOND),
    };
    const enum esep_status status =
        esep_zsock_new(&shell->agents, esep_loop_base(shell->loop), shell->zmq, &options,
                       broker_shell_on_agents, shell, reason);
    return status == ESEP_OK ? bind_all(shell->agents, &s->agents, &shell->agents_bound, reason)
                             : status;
}

static enum esep_status open_collectors(struct broker_shell *shell, struct esep_reason *reason)
{
    const struct broker_settings *s = shell->settings;
    const struct esep_zsock_options options = {
        .type = ESEP_ZSOCK_ROUTER,
        .curve = &shell->curve,
        .zap_domain = "collectors",
        .hwm_messages = (int)s->collector_queue,
        .frame_bytes_max = MESSAGE_BYTES_MAX,
        .handshake_ms = (int)(s->handshake / 1000),
    };
    const enum esep_status status =
        esep_zsock_new(&shell->collectors, esep_loop_base(shell->loop), shell->zmq, &options,
                       broker_shell_on_collectors, shell, reason);
    return status == ESEP_OK
               ? bind_all(shell->collectors, &s->collectors, &shell->collectors_bound, reason)
               : status;
}

static enum esep_status open_control(struct broker_shell *shell, struct esep_reason *reason)
{
    const char *path = shell->settings->control;
    if (path[0] == '\0') {
        return ESEP_OK;
    }
    enum esep_status status = esep_control_folder(path, false, reason);
    /* The limit is that of the answer, too: a line for each office, and there may be thousands. */
    const struct esep_zsock_options options = {
        .type = ESEP_ZSOCK_REP, .hwm_messages = 16, .frame_bytes_max = BROKER_STATUS_BYTES_MAX};
    if (status == ESEP_OK) {
        status = esep_zsock_new(&shell->control, esep_loop_base(shell->loop), shell->zmq, &options,
                                broker_shell_on_control, shell, reason);
    }
    if (status == ESEP_OK) {
        char endpoint[128];
        (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
        const mode_t old = umask(0077);
        status = esep_zsock_bind(shell->control, endpoint, NULL, reason);
        (void)umask(old);
    }
    return status;
}

enum esep_status broker_shell_open(struct broker_shell *shell, struct esep_reason *reason)
{
    enum esep_status status = esep_clock_init(&shell->clock, shell->settings->clock, reason);
    if (status == ESEP_OK) {
        status = load_keys(shell, reason);
    }
    if (status != ESEP_OK) {
        return status;
    }
    struct broker_config *core = &shell->settings->core;
    memcpy(core->curve_public, shell->curve.public, sizeof core->curve_public);
    esep_random(core->seed, sizeof core->seed);
    shell->started_at = esep_monotonic();
    shell->zmq = esep_zcontext_new(1);
    status = broker_new(&shell->core, core, shell->started_at);
    esep_wipe(core->seed, sizeof core->seed);
    esep_wipe(&core->sign_key, sizeof core->sign_key);
    if (status != ESEP_OK || shell->zmq == NULL) {
        return esep_because(reason, ESEP_NOMEM, "no memory for limits.keys and limits.connections");
    }
    status = esep_zap_new(&shell->zap, esep_loop_base(shell->loop), shell->zmq, broker_shell_allow,
                          shell, reason);
    if (status == ESEP_OK) {
        status = open_collectors(shell, reason);
    }
    if (status == ESEP_OK) {
        status = open_offices(shell, reason);
    }
    return status == ESEP_OK ? open_control(shell, reason) : status;
}
