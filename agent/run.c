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
#include "agent/run.h"

#include "agent/commands.h"
#include "agent/daemon_state.h"
#include "agent/page/page.h"
#include "agent/wake.h"
#include "io/log.h"
#include "io/memory.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sysexits.h>

#define PRUNE_EVERY (6 * ESEP_HOUR)

/* What commands have written since. A new epoch (recover) needs a new core. */
static void look_at_journal(struct agent_run *run)
{
    struct agent_head head;
    struct esep_reason reason = {""};
    if (run->broken)
        return;
    enum esep_status status = journal_head(&run->journal, &head, &reason);
    if (status != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "journal-unreadable", "%s", reason.text);
        agent_run_give_up_core(run, AGENT_RUN_REOPEN_AFTER);
        return;
    }
    if (head.epoch == run->seen.epoch && head.seq <= run->seen.seq)
        return;
    /* A command that was killed in its commit leaves a head that all see once another one takes
     * over the writer's lock, and that nothing has flushed. What is sent must not be taken back. */
    status = esep_store_settle(&run->journal.store, &reason);
    if (status != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "journal-unwritable", "%s", reason.text);
        agent_run_give_up_core(run, AGENT_RUN_REOPEN_AFTER);
        return;
    }
    if (head.epoch != run->seen.epoch) {
        esep_log(ESEP_LOG_INFO, "recovered", "epoch %u begins", head.epoch);
        agent_run_give_up_core(run, 0);
        return;
    }
    if (head.seq > run->seen.seq) {
        run->seen = head;
        run->due_again = true;
        agent_page_changed(run->page);
        if (run->older.epoch == 0)
            agent_on_appended(run->core, head.seq, &head.hash, agent_run_now(run));
    }
}

/* A command brought receipts or mail on a stick: a core knows only of what it stored itself. */
static void look_at_marks(struct agent_run *run)
{
    struct agent_journal held;
    struct agent_status status;
    if (run->broken || run->core == NULL || run->older.epoch != 0 ||
        journal_load(&run->journal, &held, NULL) != ESEP_OK)
        return;
    agent_status_get(run->core, &status);
    if (held.epoch == status.epoch &&
        (held.receipted_seq > status.receipted_seq || held.mail_through > status.mail_through)) {
        esep_log(ESEP_LOG_INFO, "bundle-imported", "entries through %llu are received",
                 (unsigned long long)held.receipted_seq);
        agent_run_give_up_core(run, 0);
    }
}

static void prune(struct agent_run *run)
{
    uint64_t oldest = 0;
    struct esep_hash base;
    struct esep_reason reason = {""};
    esep_time now = agent_run_now(run);
    esep_time confirmed = agent_confirmed_at(run->core, now);
    run->prune_at = now + PRUNE_EVERY;
    if (confirmed == 0) { /* not in this run yet */
        run->prune_at = now + ESEP_MINUTE;
        return;
    }
    enum esep_status status =
        journal_prune(&run->journal, confirmed - (esep_time)run->settings->keep_days * ESEP_DAY,
                      &oldest, &base, &reason);
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
    struct agent_run *run = context;
    look_at_journal(run);
    agent_run_look_at_wanted_keys(run); /* should the ring be lost */
    agent_run_rules_look(run);
    agent_run_pump(run);
    agent_run_line_look(run);
    if (run->core != NULL)
        agent_run_tell_progress(run);
}

static void on_wake(void *context, bool try_now)
{
    struct agent_run *run = context;
    look_at_journal(run);
    look_at_marks(run);
    agent_run_look_at_wanted_keys(run);
    agent_run_rules_look(run);
    if (try_now && run->core != NULL)
        agent_now(run->core, agent_run_now(run));
    agent_run_pump(run);
}

void agent_run_try_now(struct agent_run *run)
{
    on_wake(run, true);
}

/* A core for these settings, from what the journal holds now. run->core is left alone. */
static enum esep_status make_core(struct agent_run *run, const struct agent_settings *s,
                                  struct agent **ret, struct esep_reason *reason)
{
    struct journal_identity identity;
    struct agent_journal journal;
    struct agent_head head;
    struct agent_config config = {.broker_count = (uint32_t)s->broker_count,
                                  .check_chain = true,
                                  .compress = s->compress,
                                  .by_speed = true,
                                  .frame_bytes = (size_t)s->frame_bytes,
                                  .read_bytes = (size_t)s->read_bytes,
                                  .chunk_bytes = (size_t)s->chunk_bytes,
                                  .connect_timeout = s->connect_timeout,
                                  .hello_timeout = s->hello_timeout,
                                  .reply_timeout = s->reply_timeout,
                                  .keep_alive = s->keep_alive,
                                  .backoff_base = s->backoff,
                                  .backoff_cap = s->backoff_max,
                                  .ingress_after = s->ingress_after,
                                  .rules = s->rules};
    for (size_t i = 0; i < s->broker_count; i++)
        memcpy(config.broker_sign[i], s->brokers[i].sign_key, ESEP_KEY_BYTES);
    config.knock_most = s->rules.metered || s->socks_proxy[0] != 0 ? 0 : s->backoff;
    if (s->rules.metered) { /* also to knock costs */
        config.keep_alive = s->metered_keep_alive;
        if (config.backoff_cap < s->metered_keep_alive)
            config.backoff_cap = s->metered_keep_alive;
    }
    enum esep_status status = journal_identity(&run->journal, &identity, reason);
    if (status == ESEP_OK)
        status = agent_run_keys(run, s, &identity, &config, reason);
    if (status == ESEP_OK)
        status = agent_check_identity(s, &identity, &run->sign_key, reason);
    if (status == ESEP_OK)
        status = agent_run_load(run, &journal, reason);
    if (status == ESEP_OK)
        agent_run_spent(run, &journal.spent);
    if (status == ESEP_OK)
        status = journal_head(&run->journal, &head, reason);
    if (status == ESEP_OK) /* as in look_at_journal */
        status = esep_store_settle(&run->journal.store, reason);
    if (status != ESEP_OK) {
        esep_wipe(&config, sizeof config);
        return status;
    }
    memcpy(config.log_id.bytes, s->log_id, ESEP_HASH_BYTES);
    memcpy(config.log_public, s->log_key, ESEP_KEY_BYTES);
    memcpy(config.seal_public, s->seal_key, ESEP_KEY_BYTES);
    memcpy(config.witnesses, s->witnesses, sizeof config.witnesses);
    config.witness_count = s->witness_count;
    config.office = identity.office;
    memcpy(config.body, identity.body, sizeof config.body);
    esep_random(config.seed, sizeof config.seed);
    status = agent_new(ret, &config, &journal, agent_run_now(run), reason);
    esep_wipe(&config, sizeof config);
    if (status != ESEP_OK)
        return status;
    run->seen = head;
    run->epoch = journal.epoch;
    run->oldest = journal.oldest_seq;
    run->told_receipted = journal.receipted_seq;
    run->files_due = true;
    run->files_again = false;
    run->due_again = true;
    if (run->draining)
        agent_drain(*ret, agent_run_now(run));
    return ESEP_OK;
}

static enum esep_status open_core(struct agent_run *run, struct esep_reason *reason)
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

static enum esep_status reopen(struct agent_run *run, struct esep_reason *reason)
{
    agent_run_hang_up(run);
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
    struct agent_run *run = context;
    struct esep_reason reason = {""};
    if (run->broken && esep_monotonic() < run->reopen_at) {
        agent_run_pump(run);
        return;
    }
    if (run->broken && reopen(run, &reason) != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "journal-unusable", "%s", reason.text);
        run->exit_code = EX_UNAVAILABLE;
        esep_loop_stop(run->loop);
        return;
    }
    if (run->older.epoch == 0 && agent_run_now(run) >= run->prune_at)
        prune(run);
    agent_on_time(run->core, agent_run_now(run));
    agent_run_pump(run);
}

static void on_drain(void *context)
{
    struct agent_run *run = context;
    esep_log(ESEP_LOG_INFO, "draining", "waiting for receipts under way");
    esep_notify("STOPPING=1");
    run->draining = true;
    agent_drain(run->core, agent_run_now(run));
    agent_run_pump(run);
}

static void on_reload(void *context)
{
    struct agent_run *run = context;
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
    if (fresh->page_enabled != run->settings->page_enabled ||
        fresh->page_port != run->settings->page_port ||
        strcmp(fresh->page_files, run->settings->page_files) != 0)
        esep_log(ESEP_LOG_WARNING, "config-later", "what page.* says holds from the next start");
    /* The new core first: a config that cannot work must not end what works. */
    struct agent *core = NULL;
    if (run->broken || make_core(run, fresh, &core, &reason) != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "config-refused", "%s; the old configuration stays",
                 run->broken ? "the journal is being opened again" : reason.text);
        agent_settings_free(fresh);
        return;
    }
    agent_run_hang_up(run);
    agent_free(run->core);
    run->core = core;
    agent_settings_free(run->settings);
    run->settings = fresh;
    agent_run_files_close(run); /* its folder may be another now */
    enum esep_log_level level = ESEP_LOG_INFO;
    (void)esep_log_level_parse(fresh->log_level, &level);
    esep_log_init("esep-agent", level);
    esep_log(ESEP_LOG_INFO, "config-reloaded", "connecting anew");
    agent_run_pump(run);
}

static enum esep_status start(struct agent_run *run, struct esep_reason *reason)
{
    const struct esep_loop_options options = {
        .on_drain = on_drain, .on_reload = on_reload, .on_deadline = on_deadline, .context = run};
    enum esep_status status =
        agent_command_settings(run->config_file, &run->settings, &run->clock, reason);
    if (status == ESEP_OK)
        status = agent_keys_read(run->settings->keys, &run->sign_key, &run->curve, reason);
    if (status != ESEP_OK)
        return status;
    enum esep_log_level level = ESEP_LOG_INFO;
    (void)esep_log_level_parse(run->settings->log_level, &level);
    esep_log_init("esep-agent", level);
    status = agent_run_keep_to_folders(run, reason);
    if (status != ESEP_OK)
        return status;
    esep_buf_init(&run->read_bytes, 64u << 20);
    run->read_entries = calloc(AGENT_RUN_READ_ENTRIES_MAX, sizeof *run->read_entries);
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

static enum esep_status start_poll(struct agent_run *run, struct esep_reason *reason)
{
    struct timeval every = {.tv_sec = (time_t)(run->settings->poll / 1000000),
                            .tv_usec = (suseconds_t)(run->settings->poll % 1000000)};
    run->poll = event_new(esep_loop_base(run->loop), -1, EV_PERSIST, on_poll, run);
    if (run->poll == NULL || event_add(run->poll, &every) != 0)
        return esep_because(reason, ESEP_NOMEM, "no memory for the uplink");
    return ESEP_OK;
}

/* The uplink comes first: without a page it still sends what commands write. */
static void start_page(struct agent_run *run)
{
    struct esep_reason reason = {""};
    if (!run->settings->page_enabled)
        return;
    if (agent_page_start(&run->page, run, &reason) == ESEP_OK)
        esep_log(ESEP_LOG_INFO, "page", "on 127.0.0.1 port %u: esep-agent open",
                 (unsigned)agent_page_port(run->page));
    else
        esep_log(ESEP_LOG_WARNING, "page-absent", "%s; the uplink goes on without it", reason.text);
}

static void stop(struct agent_run *run)
{
    agent_page_free(run->page);
    if (run->settings != NULL && run->wake != NULL)
        agent_daemon_state_gone(run->settings->journal);
    agent_wake_free(run->wake);
    if (run->poll != NULL)
        event_free(run->poll);
    agent_run_hang_up(run);
    agent_free(run->core);
    agent_run_files_close(run);
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
    struct agent_run run = {
        .config_file = agent_parse_config_only(
            argc, argv,
            "Sends what the journal holds and brings receipts and mail. TERM drains, "
            "HUP reads the configuration again.")};
    struct esep_reason reason = {""};
    esep_memory_stay_small();
    enum esep_status status = start(&run, &reason);
    if (status == ESEP_OK)
        status = start_poll(&run, &reason);
    if (status == ESEP_OK)
        start_page(&run);
    if (status == ESEP_OK)
        status = agent_run_keep_to_calls(&run, &reason);
    if (status == ESEP_OK) {
        esep_log(ESEP_LOG_INFO, "ready", "office %u, %llu entries, %zu brokers", run.seen.office,
                 (unsigned long long)run.seen.seq, run.settings->broker_count);
        esep_notify("READY=1");
        agent_run_pump(&run);
        esep_memory_give_back(); /* what the start alone took */
        status = esep_loop_run(run.loop);
    }
    int rc = status == ESEP_OK ? run.exit_code : agent_fail(status, &reason);
    if (status == ESEP_CONFLICT) /* another daemon has the journal */
        rc = EX_UNAVAILABLE;
    stop(&run);
    return rc;
}
