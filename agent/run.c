/* agent/run.c - `run`: the office's uplink as a daemon.
 *
 * The shell around agent.h: it owns the socket, the journal and the clock, and carries out effects
 * in order. Commands write to the same journal meanwhile; their entries are noticed when a command
 * rings (wake.h) and, should the ring be lost, by looking at the head once in a while. What people
 * ask of `status` is written to a small file beside the journal (daemon_state.h).
 *
 * A journal that cannot be written ends the core: the shell closes it, opens it again, checks, and
 * starts a core from what is on the disk.
 */
#include "agent/commands.h"
#include "agent/daemon_state.h"
#include "agent/journal.h"
#include "agent/wake.h"
#include "io/clock.h"
#include "io/keyfile.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/zsock.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sysexits.h>

#define READ_ENTRIES_MAX 4096
#define PRUNE_EVERY (6 * ESEP_HOUR)
#define REOPEN_AFTER (10 * ESEP_SECOND)
#define HANDSHAKE_MS 15000
#define SOCKET_HWM 64

struct run {
    const char *config_file;
    struct agent_settings *settings;
    struct esep_clock clock;
    struct esep_loop *loop;
    void *zmq;
    struct esep_sign_key sign_key;
    struct esep_curve_key curve;
    struct journal journal;
    struct agent *core;
    struct esep_zsock *socket;
    struct agent_wake *wake;
    struct event *poll;
    struct agent_head seen;   /* the head the core knows */
    struct agent_status told; /* what the state file says */
    char gone[128];           /* why the last socket ended, as libzmq tells */
    struct esep_buf read_bytes;
    struct agent_entry *read_entries;
    size_t read_count;
    size_t read_bytes_max;
    uint64_t told_receipted; /* in the log */
    bool pumping;
    bool blocked; /* a SEND waits for the socket */
    bool draining;
    bool broken;         /* the journal failed, or has a new epoch: open it again ... */
    esep_time reopen_at; /* ... then, on the monotonic clock */
    esep_time prune_at;
    uint64_t oldest; /* entry held */
    int exit_code;
};

static void pump(struct run *run);

/* The core is done for; a new one begins with what is on the disk, after `wait`. */
static void give_up_core(struct run *run, esep_time wait)
{
    if (!run->broken)
        run->reopen_at = esep_monotonic() + wait;
    run->broken = true;
}

static esep_time now_of(const struct run *run)
{
    return esep_clock_now(&run->clock);
}

/* Reading the journal for the core: bytes are copied, since no transaction may stay open. */
static bool collect_entry(void *context, const struct agent_entry *entry)
{
    struct run *run = context;
    if (run->read_count == READ_ENTRIES_MAX ||
        (run->read_count > 0 && run->read_bytes.len + entry->bytes.len > run->read_bytes_max))
        return false;
    if (esep_buf_put(&run->read_bytes, entry->bytes.data, entry->bytes.len) != ESEP_OK)
        return false;
    run->read_entries[run->read_count++] = *entry;
    return true;
}

static void read_entries(struct run *run, uint64_t token, uint64_t from_seq, size_t bytes_max)
{
    struct esep_reason reason = {""};
    run->read_count = 0;
    run->read_bytes_max = bytes_max;
    esep_buf_clear(&run->read_bytes);
    enum esep_status status = journal_entries(&run->journal, from_seq, collect_entry, run, &reason);
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
                     status == ESEP_OK ? run->read_count : 0, now_of(run));
}

static void store(struct run *run, uint64_t token, const struct agent_store *what)
{
    struct esep_reason reason = {""};
    enum esep_status status = journal_store(&run->journal, run->seen.epoch, what, &reason);
    if (status != ESEP_OK)
        esep_log(ESEP_LOG_ERROR, "journal-unwritable", "%s", reason.text);
    /* AGAIN: a command made the map larger; opening it again is the way. LIMIT: wait for room. */
    if (status != ESEP_OK && status != ESEP_LIMIT)
        give_up_core(run, REOPEN_AFTER);
    else if (status == ESEP_OK && what->receipted_seq > run->told_receipted)
        esep_log(ESEP_LOG_INFO, "receipt", "%llu entries have their receipt",
                 (unsigned long long)what->receipted_seq);
    if (status == ESEP_OK)
        run->told_receipted = what->receipted_seq;
    agent_on_stored(run->core, token, status, now_of(run));
}

/* The core knows that no connection came about; the socket knows more: a key that is refused
 * (revoked, or not enrolled) is not a cable that is out. */
static void get_status(const struct run *run, struct agent_status *ret)
{
    agent_status_get(run->core, ret);
    size_t len = strlen(ret->text);
    if (ret->state == AGENT_OFFLINE && ret->why == AGENT_WHY_UNREACHABLE && run->gone[0] != 0)
        (void)snprintf(ret->text + len, sizeof ret->text - len, ": %s", run->gone);
}

static void write_state(struct run *run, const struct agent_status *status)
{
    struct esep_reason reason = {""};
    run->told = *status;
    if (agent_daemon_state_write(run->settings->journal, status, &reason) != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "state-unwritten", "%s", reason.text);
}

static void notify(struct run *run)
{
    struct agent_status status;
    get_status(run, &status);
    esep_log(ESEP_LOG_INFO, "uplink", "%s%s%s%s%s", agent_state_name(status.state),
             status.why != AGENT_WHY_NONE ? ": " : "",
             status.why != AGENT_WHY_NONE ? agent_why_name(status.why) : "",
             status.text[0] != 0 ? ": " : "", status.text);
    write_state(run, &status);
}

/* How far the sending is: not worth a NOTIFY, but `status` shows it. */
static void tell_progress(struct run *run)
{
    struct agent_status status;
    get_status(run, &status);
    if (status.sent_seq != run->told.sent_seq || status.epoch != run->told.epoch)
        write_state(run, &status);
}

static void hang_up(struct run *run)
{
    esep_zsock_free(run->socket);
    run->socket = NULL;
    run->blocked = false;
}

static void on_readable(struct esep_zsock *socket, void *context)
{
    struct run *run = context;
    while (run->socket == socket) {
        struct esep_zmessage message;
        if (!agent_ready(run->core)) {
            pump(run); /* makes room where the journal lets it */
            if (run->socket != socket || !agent_ready(run->core))
                break;
        }
        enum esep_status status = esep_zsock_recv(socket, &message);
        if (status == ESEP_AGAIN)
            break;
        if (status != ESEP_OK)
            continue;
        if (message.count == 1)
            agent_on_frame(run->core, message.parts[0], now_of(run));
        esep_zmessage_close(&message);
    }
    pump(run);
}

static void on_writable(struct esep_zsock *socket, void *context)
{
    (void)socket;
    struct run *run = context;
    run->blocked = false;
    pump(run);
}

static void on_event(struct esep_zsock *socket, enum esep_zsock_event event, const char *detail,
                     void *context)
{
    (void)socket;
    struct run *run = context;
    if (event == ESEP_ZSOCK_UP) {
        agent_on_connected(run->core, now_of(run));
    } else if (event == ESEP_ZSOCK_GONE) {
        esep_log(ESEP_LOG_DEBUG, "connection-gone", "%s", detail);
        (void)snprintf(run->gone, sizeof run->gone, "%s", detail);
        hang_up(run);
        agent_on_disconnected(run->core, now_of(run));
    }
    pump(run);
}

/* Always a socket made anew: libzmq's own reconnect has no jitter and can give up for ever. */
static void dial(struct run *run, uint32_t number)
{
    const struct agent_broker *broker = &run->settings->brokers[number];
    const struct esep_zsock_options options = {
        .type = ESEP_ZSOCK_DEALER,
        .curve = &run->curve,
        .server_public = broker->key,
        .hwm_messages = SOCKET_HWM,
        .frame_bytes_max = (size_t)run->settings->frame_bytes + (1u << 20),
        .handshake_ms = HANDSHAKE_MS,
        .heartbeat_ms = (int)(run->settings->reply_timeout / 3000),
        .socks_proxy = run->settings->socks_proxy[0] != 0 ? run->settings->socks_proxy : NULL};
    struct esep_reason reason = {""};
    hang_up(run);
    enum esep_status status = esep_zsock_new(&run->socket, esep_loop_base(run->loop), run->zmq,
                                             &options, on_readable, run, &reason);
    if (status == ESEP_OK)
        status = esep_zsock_on_event(run->socket, on_event, &reason);
    if (status == ESEP_OK) {
        esep_zsock_on_writable(run->socket, on_writable);
        status = esep_zsock_connect(run->socket, broker->address, &reason);
    }
    if (status == ESEP_OK)
        return;
    esep_log(ESEP_LOG_WARNING, "connect-failed", "%s: %s", broker->address, reason.text);
    hang_up(run);
    agent_on_disconnected(run->core, now_of(run));
}

/* false: the effect must wait. */
static bool carry_out(struct run *run, const struct agent_effect *effect)
{
    const struct agent_effect copy = *effect;
    enum esep_status status;
    switch (copy.kind) {
    case AGENT_EFFECT_CONNECT:
        agent_pop(run->core);
        dial(run, copy.broker);
        return true;
    case AGENT_EFFECT_DISCONNECT:
        agent_pop(run->core);
        hang_up(run);
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
    case AGENT_EFFECT_NOTIFY:
        agent_pop(run->core);
        notify(run);
        return true;
    default:
        ESEP_ASSERT(false);
        return false;
    }
}

static void set_deadline(struct run *run)
{
    esep_time at = agent_deadline(run->core);
    esep_time now = now_of(run);
    esep_time wait = at == ESEP_TIME_NEVER || at - now > ESEP_MINUTE ? ESEP_MINUTE : at - now;
    esep_loop_deadline(run->loop, run->broken ? run->reopen_at - esep_monotonic() : wait);
}

static void pump(struct run *run)
{
    if (run->pumping || run->core == NULL)
        return;
    run->pumping = true;
    for (;;) {
        const struct agent_effect *effect = agent_peek(run->core);
        if (effect == NULL || !carry_out(run, effect))
            break;
    }
    run->pumping = false;
    if (run->socket != NULL)
        esep_zsock_hold(run->socket, !agent_ready(run->core));
    if (run->draining && agent_drained(run->core))
        esep_loop_stop(run->loop);
    set_deadline(run);
}

/* What commands have written since. A new epoch (recover) needs a new core. */
static void look_at_journal(struct run *run)
{
    struct agent_head head;
    struct esep_reason reason = {""};
    if (run->broken)
        return;
    enum esep_status status = journal_head(&run->journal, &head, &reason);
    if (status != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "journal-unreadable", "%s", reason.text);
        give_up_core(run, REOPEN_AFTER);
        return;
    }
    if (head.epoch != run->seen.epoch) {
        esep_log(ESEP_LOG_INFO, "recovered", "epoch %u begins", head.epoch);
        give_up_core(run, 0);
        return;
    }
    if (head.seq > run->seen.seq) {
        run->seen = head;
        agent_on_appended(run->core, head.seq, &head.hash, now_of(run));
    }
}

static void prune(struct run *run)
{
    uint64_t oldest = 0;
    struct esep_hash base;
    struct esep_reason reason = {""};
    esep_time now = now_of(run);
    run->prune_at = now + PRUNE_EVERY;
    enum esep_status status =
        journal_prune(&run->journal, now - (esep_time)run->settings->keep_days * ESEP_DAY, &oldest,
                      &base, &reason);
    if (status == ESEP_OK && oldest > run->oldest) {
        /* A call lets go of so many; the rest follow soon. */
        if (oldest - run->oldest >= JOURNAL_PRUNE_MAX)
            run->prune_at = now + ESEP_SECOND;
        run->oldest = oldest;
        agent_on_pruned(run->core, oldest, &base, now);
    } else if (status != ESEP_OK && status != ESEP_AGAIN)
        esep_log(ESEP_LOG_ERROR, "prune-failed", "%s", reason.text);
}

static void on_poll(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct run *run = context;
    look_at_journal(run);
    pump(run);
    if (run->core != NULL)
        tell_progress(run);
}

static void on_wake(void *context, bool try_now)
{
    struct run *run = context;
    look_at_journal(run);
    if (try_now && run->core != NULL)
        agent_now(run->core, now_of(run));
    pump(run);
}

/* A core for these settings, from what the journal holds now. run->core is left alone. */
static enum esep_status make_core(struct run *run, const struct agent_settings *s,
                                  struct agent **ret, struct esep_reason *reason)
{
    struct journal_identity identity;
    struct agent_journal journal;
    struct agent_config config = {.broker_count = (uint32_t)s->broker_count,
                                  .check_chain = true,
                                  .frame_bytes = (size_t)s->frame_bytes,
                                  .read_bytes = (size_t)s->read_bytes,
                                  .connect_timeout = s->connect_timeout,
                                  .hello_timeout = s->hello_timeout,
                                  .reply_timeout = s->reply_timeout,
                                  .keep_alive = s->keep_alive,
                                  .backoff_base = s->backoff,
                                  .backoff_cap = s->backoff_max,
                                  .sign_key = run->sign_key};
    enum esep_status status = journal_identity(&run->journal, &identity, reason);
    if (status == ESEP_OK)
        status = agent_check_identity(s, &identity, &run->sign_key, reason);
    if (status == ESEP_OK)
        status = journal_load(&run->journal, &journal, reason);
    if (status != ESEP_OK)
        return status;
    memcpy(config.log_id.bytes, s->log_id, ESEP_HASH_BYTES);
    memcpy(config.log_public, s->log_key, ESEP_KEY_BYTES);
    memcpy(config.seal_public, s->seal_key, ESEP_KEY_BYTES);
    config.office = identity.office;
    memcpy(config.body, identity.body, sizeof config.body);
    esep_random(config.seed, sizeof config.seed);
    status = agent_new(ret, &config, &journal, now_of(run), reason);
    esep_wipe(&config, sizeof config);
    if (status != ESEP_OK)
        return status;
    run->seen = (struct agent_head){.office = identity.office,
                                    .epoch = journal.epoch,
                                    .seq = journal.last_seq,
                                    .hash = journal.head};
    run->oldest = journal.oldest_seq;
    run->told_receipted = journal.receipted_seq;
    if (run->draining)
        agent_drain(*ret, now_of(run));
    return ESEP_OK;
}

static enum esep_status open_core(struct run *run, struct esep_reason *reason)
{
    const struct agent_settings *s = run->settings;
    const struct journal_options options = {
        .path = s->journal, .map_bytes = (size_t)s->journal_bytes, .entries_max = s->entries};
    enum esep_status status = journal_open(&run->journal, &options, reason);
    if (status == ESEP_NOT_FOUND)
        status = esep_because(reason, status,
                              "%s: no journal there: run esep-agent enrol with the operator's code",
                              s->journal);
    return status == ESEP_OK ? make_core(run, s, &run->core, reason) : status;
}

static enum esep_status reopen(struct run *run, struct esep_reason *reason)
{
    hang_up(run);
    agent_free(run->core);
    run->core = NULL;
    journal_close(&run->journal);
    enum esep_status status = open_core(run, reason);
    if (status == ESEP_OK)
        run->broken = false;
    return status;
}

static void on_deadline(void *context)
{
    struct run *run = context;
    struct esep_reason reason = {""};
    if (run->broken && esep_monotonic() < run->reopen_at) {
        pump(run);
        return;
    }
    if (run->broken && reopen(run, &reason) != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "journal-unusable", "%s", reason.text);
        run->exit_code = EX_IOERR;
        esep_loop_stop(run->loop);
        return;
    }
    if (now_of(run) >= run->prune_at)
        prune(run);
    agent_on_time(run->core, now_of(run));
    pump(run);
}

static void on_drain(void *context)
{
    struct run *run = context;
    esep_log(ESEP_LOG_INFO, "draining", "waiting for receipts under way");
    esep_notify("STOPPING=1");
    run->draining = true;
    agent_drain(run->core, now_of(run));
    pump(run);
}

static void on_reload(void *context)
{
    struct run *run = context;
    struct esep_reason reason = {""};
    struct agent_settings *fresh = NULL;
    if (agent_settings_read(run->config_file, &fresh, &reason) != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "config-refused", "%s; the old configuration stays", reason.text);
        return;
    }
    if (strcmp(fresh->journal, run->settings->journal) != 0 ||
        strcmp(fresh->keys, run->settings->keys) != 0) {
        esep_log(ESEP_LOG_ERROR, "config-refused",
                 "journal and keys hold from the next start; the old configuration stays");
        agent_settings_free(fresh);
        return;
    }
    /* The new core first: a config that cannot work must not end what works. */
    struct agent *core = NULL;
    if (run->broken || make_core(run, fresh, &core, &reason) != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "config-refused", "%s; the old configuration stays",
                 run->broken ? "the journal is being opened again" : reason.text);
        agent_settings_free(fresh);
        return;
    }
    hang_up(run);
    agent_free(run->core);
    run->core = core;
    agent_settings_free(run->settings);
    run->settings = fresh;
    enum esep_log_level level = ESEP_LOG_INFO;
    (void)esep_log_level_parse(fresh->log_level, &level);
    esep_log_init("esep-agent", level);
    esep_log(ESEP_LOG_INFO, "config-reloaded", "connecting anew");
    pump(run);
}

static enum esep_status start(struct run *run, struct esep_reason *reason)
{
    const struct esep_loop_options options = {
        .on_drain = on_drain, .on_reload = on_reload, .on_deadline = on_deadline, .context = run};
    struct esep_keyfile keys;
    enum esep_status status =
        agent_command_settings(run->config_file, &run->settings, &run->clock, reason);
    if (status == ESEP_OK)
        status = esep_keyfile_read(run->settings->keys, &keys, reason);
    if (status == ESEP_OK && (esep_keyfile_sign(&keys, &run->sign_key) != ESEP_OK ||
                              esep_keyfile_curve(&keys, &run->curve) != ESEP_OK))
        status = esep_because(reason, ESEP_INVALID, "%s: lacks a sign or a curve key",
                              run->settings->keys);
    esep_wipe(&keys, sizeof keys);
    if (status != ESEP_OK)
        return status;
    enum esep_log_level level = ESEP_LOG_INFO;
    (void)esep_log_level_parse(run->settings->log_level, &level);
    esep_log_init("esep-agent", level);
    esep_buf_init(&run->read_bytes, 64u << 20);
    run->read_entries = calloc(READ_ENTRIES_MAX, sizeof *run->read_entries);
    run->zmq = esep_zcontext_new(1);
    if (run->read_entries == NULL || run->zmq == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the uplink");
    status = esep_loop_new(&run->loop, &options, reason);
    if (status == ESEP_OK)
        status = open_core(run, reason);
    if (status == ESEP_OK)
        status =
            agent_wake_listen(&run->wake, run->loop, run->settings->journal, on_wake, run, reason);
    return status;
}

static enum esep_status start_poll(struct run *run, struct esep_reason *reason)
{
    struct timeval every = {.tv_sec = (time_t)(run->settings->poll / 1000000),
                            .tv_usec = (suseconds_t)(run->settings->poll % 1000000)};
    run->poll = event_new(esep_loop_base(run->loop), -1, EV_PERSIST, on_poll, run);
    if (run->poll == NULL || event_add(run->poll, &every) != 0)
        return esep_because(reason, ESEP_NOMEM, "no memory for the uplink");
    return ESEP_OK;
}

static void stop(struct run *run)
{
    if (run->settings != NULL && run->wake != NULL)
        agent_daemon_state_gone(run->settings->journal);
    agent_wake_free(run->wake);
    if (run->poll != NULL)
        event_free(run->poll);
    esep_zsock_free(run->socket);
    agent_free(run->core);
    journal_close(&run->journal);
    esep_zcontext_free(run->zmq);
    esep_loop_free(run->loop);
    esep_buf_done(&run->read_bytes);
    free(run->read_entries);
    agent_settings_free(run->settings);
    esep_wipe(&run->sign_key, sizeof run->sign_key);
    esep_wipe(&run->curve, sizeof run->curve);
}

int agent_cmd_run(int argc, char **argv)
{
    struct run run = {.config_file = agent_parse_config_only(
                          argc, argv,
                          "Sends what the journal holds and brings receipts and mail. TERM drains, "
                          "HUP reads the configuration again.")};
    struct esep_reason reason = {""};
    enum esep_status status = start(&run, &reason);
    if (status == ESEP_OK)
        status = start_poll(&run, &reason);
    if (status == ESEP_OK) {
        esep_log(ESEP_LOG_INFO, "ready", "office %u, %llu entries, %zu brokers", run.seen.office,
                 (unsigned long long)run.seen.seq, run.settings->broker_count);
        esep_notify("READY=1");
        pump(&run);
        status = esep_loop_run(run.loop);
    }
    int rc = status == ESEP_OK ? run.exit_code : agent_fail(status, &reason);
    if (status == ESEP_CONFLICT) /* another daemon has the journal */
        rc = EX_UNAVAILABLE;
    stop(&run);
    return rc;
}
