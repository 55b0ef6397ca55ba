/* agent/run_effects.c - what the uplink core asks for, carried out in order; see run.h. */
#include "agent/daemon_state.h"
#include "agent/keys_asked.h"
#include "agent/page/page.h"
#include "agent/run.h"
#include "io/log.h"
#include "io/relay.h"

#define SOCKET_HWM 64

/* The core is done for; a new one begins with what is on the disk, after `wait`. */
void agent_run_give_up_core(struct agent_run *run, esep_time wait)
{
    if (!run->broken)
        run->reopen_at = esep_monotonic() + wait;
    run->broken = true;
}

esep_time agent_run_now(const struct agent_run *run)
{
    return esep_clock_now(&run->clock);
}

/* Reading the journal for the core: bytes are copied, since no transaction may stay open. */
static bool collect_entry(void *context, const struct agent_entry *entry)
{
    struct agent_run *run = context;
    if (run->read_count == AGENT_RUN_READ_ENTRIES_MAX ||
        (run->read_count > 0 && run->read_bytes.len + entry->bytes.len > run->read_bytes_max))
        return false;
    if (esep_buf_put(&run->read_bytes, entry->bytes.data, entry->bytes.len) != ESEP_OK)
        return false;
    run->read_entries[run->read_count++] = *entry;
    return true;
}

static void read_entries(struct agent_run *run, uint64_t token, uint64_t from_seq, size_t bytes_max)
{
    struct esep_reason reason = {""};
    run->read_count = 0;
    run->read_bytes_max = bytes_max;
    esep_buf_clear(&run->read_bytes);
    enum esep_status status =
        journal_entries(&run->journal, run->epoch, from_seq, collect_entry, run, &reason);
    size_t at = 0;
    for (size_t i = 0; i < run->read_count; i++) {
        run->read_entries[i].bytes.data = run->read_bytes.data + at;
        at += run->read_entries[i].bytes.len;
    }
    if (status == ESEP_OK && (run->read_count == 0 || run->read_entries[0].seq != from_seq))
        status = ESEP_NOT_FOUND;
    if (status != ESEP_OK && status != ESEP_NOT_FOUND)
        esep_log(ESEP_LOG_ERROR, "journal-unreadable", "%s", reason.text);
    agent_on_entries(run->core, token, status, run->read_entries,
                     status == ESEP_OK ? run->read_count : 0, agent_run_now(run));
}

static void store(struct agent_run *run, uint64_t token, const struct agent_store *what)
{
    struct esep_reason reason = {""};
    enum esep_status status = journal_store(&run->journal, run->epoch, what, &reason);
    if (status != ESEP_OK)
        esep_log(ESEP_LOG_ERROR, "journal-unwritable", "%s", reason.text);
    /* AGAIN: a command made the map larger; opening it again is the way. LIMIT: wait for room. */
    if (status != ESEP_OK && status != ESEP_LIMIT)
        agent_run_give_up_core(run, AGENT_RUN_REOPEN_AFTER);
    else if (status == ESEP_OK && what->receipted_seq > run->told_receipted)
        esep_log(ESEP_LOG_INFO, "receipt", "%llu entries have their receipt",
                 (unsigned long long)what->receipted_seq);
    if (status == ESEP_OK) {
        run->told_receipted = what->receipted_seq;
        run->files_due = run->files_due || what->receipt_count > 0 || what->evidence_count > 0;
        run->due_again = run->due_again || what->receipt_count > 0 || what->mail_count > 0;
    }
    for (size_t i = 0; status == ESEP_OK && i < what->evidence_count; i++)
        esep_log(ESEP_LOG_INFO, "evidence", "a file of %llu bytes has its receipt",
                 (unsigned long long)what->evidence[i].size_bytes);
    for (size_t i = 0; status == ESEP_OK && i < what->mail_count; i++)
        run->keys_asked = run->keys_asked || agent_keys_is_request(&what->mails[i]);
    agent_page_changed(run->page);
    agent_on_stored(run->core, token, status, agent_run_now(run));
}

/* The core knows that no connection came about; the socket knows more: a key that is refused
 * (revoked, or not enrolled) is not a cable that is out. */
void agent_run_status(const struct agent_run *run, struct agent_status *ret)
{
    agent_status_get(run->core, ret);
    size_t len = strlen(ret->text);
    if ((ret->state == AGENT_OFFLINE || ret->state == AGENT_CONNECTING) &&
        ret->why == AGENT_WHY_UNREACHABLE && run->gone[0] != 0)
        (void)snprintf(ret->text + len, sizeof ret->text - len, ": %s", run->gone);
}

static void write_state(struct agent_run *run, const struct agent_status *status)
{
    struct esep_reason reason = {""};
    run->told = *status;
    if (agent_daemon_state_write(run->settings->journal, status, &reason) != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "state-unwritten", "%s", reason.text);
}

static void notify(struct agent_run *run)
{
    struct agent_status status;
    agent_run_status(run, &status);
    esep_log(ESEP_LOG_INFO, "uplink", "%s%s%s%s%s", agent_state_name(status.state),
             status.why != AGENT_WHY_NONE ? ": " : "",
             status.why != AGENT_WHY_NONE ? agent_why_name(status.why) : "",
             status.text[0] != 0 ? ": " : "", status.text);
    write_state(run, &status);
    agent_page_changed(run->page);
}

/* How far the sending is: not worth a NOTIFY, but `status` shows it. */
void agent_run_tell_progress(struct agent_run *run)
{
    struct agent_status status;
    agent_run_status(run, &status);
    if (status.sent_seq != run->told.sent_seq || status.epoch != run->told.epoch ||
        status.file_held_bytes != run->told.file_held_bytes ||
        status.file_count != run->told.file_count ||
        status.rules.spent.out != run->told.rules.spent.out ||
        status.rules.spent.in != run->told.rules.spent.in)
        write_state(run, &status);
    agent_page_tick(run->page);
}

void agent_run_hang_up(struct agent_run *run)
{
    esep_zsock_free(run->socket);
    esep_relay_free(run->relay);
    run->socket = NULL;
    run->relay = NULL;
    run->blocked = false;
    agent_run_line_leave(run);
    run->line = (struct agent_run_line){0};
}

static void on_readable(struct esep_zsock *socket, void *context)
{
    struct agent_run *run = context;
    while (run->socket == socket) {
        struct esep_zmessage message;
        if (!agent_ready(run->core)) {
            agent_run_pump(run); /* makes room where the journal lets it */
            if (run->socket != socket || !agent_ready(run->core))
                break;
        }
        enum esep_status status = esep_zsock_recv(socket, &message);
        if (status == ESEP_AGAIN)
            break;
        if (status != ESEP_OK)
            continue;
        if (message.count == 1)
            agent_on_frame(run->core, message.parts[0], agent_run_now(run));
        esep_zmessage_close(&message);
    }
    agent_run_pump(run);
}

static void on_writable(struct esep_zsock *socket, void *context)
{
    (void)socket;
    struct agent_run *run = context;
    run->blocked = false;
    agent_run_pump(run);
}

static void on_event(struct esep_zsock *socket, enum esep_zsock_event event, const char *detail,
                     void *context)
{
    struct agent_run *run = context;
    if (event == ESEP_ZSOCK_UP) {
        agent_on_connected(run->core, agent_run_now(run));
    } else if (event == ESEP_ZSOCK_GONE) {
        /* Where a proxy is in the way, what it said says more. */
        if (run->relay != NULL && esep_relay_trouble(run->relay)[0] != 0)
            detail = esep_relay_trouble(run->relay);
        esep_log(ESEP_LOG_DEBUG, "connection-gone", "%s", detail);
        (void)snprintf(run->gone, sizeof run->gone, "%s", detail);
        if (esep_zsock_answered(socket))
            agent_on_answered(run->core);
        agent_run_hang_up(run);
        agent_on_disconnected(run->core, agent_run_now(run));
    }
    agent_run_pump(run);
}

/* What the socket dials: the broker, or what leads to it through the proxy. */
static enum esep_status find_way(struct agent_run *run, const char *broker,
                                 const struct esep_zsock_options *options, char ret_endpoint[256],
                                 struct esep_reason *reason)
{
    const struct agent_settings *s = run->settings;
    (void)snprintf(ret_endpoint, 256, "%s", broker);
    if (s->socks_proxy[0] == 0)
        return ESEP_OK;
    const struct esep_relay_options relay = {.proxy = s->socks_proxy,
                                             .login_file =
                                                 s->socks_login[0] != 0 ? s->socks_login : NULL,
                                             .target = broker,
                                             .connect_ms = options->connect_ms,
                                             .dead_ms = options->dead_ms};
    return esep_relay_new(&run->relay, esep_loop_base(run->loop), &relay, ret_endpoint, reason);
}

/* Always a socket made anew: libzmq's own reconnect has no jitter and can give up for ever. */
static void dial(struct agent_run *run, const struct agent_effect *connect)
{
    const struct agent_broker *broker = &run->settings->brokers[connect->broker];
    const struct esep_zsock_options options = {
        .type = ESEP_ZSOCK_DEALER,
        .curve = &run->curve,
        .server_public = broker->key,
        .hwm_messages = SOCKET_HWM,
        .frame_bytes_max = (size_t)run->settings->frame_bytes + (1u << 20),
        .handshake_ms = (int)(run->settings->connect_timeout / 1000),
        .connect_ms = (int)(connect->answer_in / 1000),
        .dead_ms = (int)(connect->dead_after / 1000),
        .hasten = !run->settings->metered,
        /* Where bytes cost money the core's own signs of life must do. Thrice in the minute for
         * which libzmq can tell the broker to wait: an outage costs some of it. */
        .heartbeat_ms = run->settings->metered ? 0 : (int)(run->settings->reply_timeout / 6000)};
    struct esep_reason reason = {""};
    char endpoint[256];
    agent_run_hang_up(run);
    enum esep_status status = esep_zsock_new(&run->socket, esep_loop_base(run->loop), run->zmq,
                                             &options, on_readable, run, &reason);
    if (status == ESEP_OK)
        status = esep_zsock_on_event(run->socket, on_event, &reason);
    if (status == ESEP_OK) {
        esep_zsock_on_writable(run->socket, on_writable);
        status = find_way(run, broker->address, &options, endpoint, &reason);
    }
    if (status == ESEP_OK)
        status = esep_zsock_connect(run->socket, endpoint, &reason);
    if (status == ESEP_OK)
        return;
    (void)snprintf(run->gone, sizeof run->gone, "%s", reason.text);
    esep_log(ESEP_LOG_WARNING, "connect-failed", "%s: %s", broker->address, reason.text);
    agent_run_hang_up(run);
    agent_on_disconnected(run->core, agent_run_now(run));
}

/* false: the effect must wait. */
static bool carry_out(struct agent_run *run, const struct agent_effect *effect)
{
    const struct agent_effect copy = *effect;
    enum esep_status status;
    switch (copy.kind) {
    case AGENT_EFFECT_CONNECT:
        agent_pop(run->core);
        dial(run, &copy);
        return true;
    case AGENT_EFFECT_DISCONNECT:
        agent_pop(run->core);
        agent_run_hang_up(run);
        return true;
    case AGENT_EFFECT_SEND:
        if (run->blocked)
            return false;
        status =
            run->socket != NULL ? esep_zsock_send(run->socket, &copy.frame, 1) : ESEP_NOT_FOUND;
        if (status == ESEP_AGAIN) {
            run->blocked = true;
            return false;
        }
        run->line.handed += copy.frame.len;
        agent_pop(run->core); /* with no socket the core has been told so, or will be */
        return true;
    case AGENT_EFFECT_READ:
        agent_pop(run->core);
        read_entries(run, copy.token, copy.from_seq, copy.bytes_max);
        return true;
    case AGENT_EFFECT_STORE:
        agent_pop(run->core);
        store(run, copy.token, copy.store);
        return true;
    case AGENT_EFFECT_READ_FILE:
        agent_pop(run->core);
        agent_run_file_read(run, &copy);
        return true;
    case AGENT_EFFECT_KEEP:
        agent_run_keep(run, &copy.spent);
        agent_pop(run->core);
        return true;
    case AGENT_EFFECT_NOTIFY:
        agent_pop(run->core);
        notify(run);
        return true;
    default:
        ESEP_ASSERT(false);
        return false;
    }
}

static void set_deadline(struct agent_run *run)
{
    esep_time at = agent_deadline(run->core);
    esep_time now = agent_run_now(run);
    esep_time wait = at == ESEP_TIME_NEVER || at - now > ESEP_MINUTE ? ESEP_MINUTE : at - now;
    if (run->line.held && wait > AGENT_RUN_PACE_EVERY)
        wait = AGENT_RUN_PACE_EVERY;
    esep_loop_deadline(run->loop, run->broken ? run->reopen_at - esep_monotonic() : wait);
}

void agent_run_pump(struct agent_run *run)
{
    if (run->pumping || run->core == NULL)
        return;
    run->pumping = true;
    for (;;) {
        agent_run_files_look(run);
        agent_run_line_pace(run);
        const struct agent_effect *effect = agent_peek(run->core);
        if (effect == NULL || !carry_out(run, effect))
            break;
    }
    run->pumping = false;
    if (run->socket != NULL)
        esep_zsock_hold(run->socket, !agent_ready(run->core));
    if (run->draining && agent_drained(run->core))
        esep_loop_stop(run->loop);
    agent_run_look_at_epochs(run);
    agent_run_look_at_rotation(run);
    agent_run_look_at_request(run);
    set_deadline(run);
}
