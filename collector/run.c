/* collector/run.c - `run`: ingest as a daemon; see run.h. Opens everything, runs the loop, drains.
 */
#include "collector/run.h"

#include "collector/commands.h"
#include "io/blobs.h"
#include "io/log.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define FULL_CHECK_EVERY (5 * ESEP_SECOND)
#define DRAIN_MAX (20 * ESEP_SECOND) /* then it ends as a crash would: nothing durable is lost */
#define TRIES_MAX (5 * ESEP_SECOND)  /* a mail server that is mute does not hold up the end */
#define SIGNER_RETRY ESEP_SECOND
#define STORE_WAIT_MAX (5 * ESEP_SECOND) /* at the end, for a commit under way */

/* A thread in a disk that does not answer cannot be ended. The commit under way is durable or it
 * is not; the store knows which at the next start. */
static _Noreturn void end_without_the_disk(void)
{
    esep_log(ESEP_LOG_ERROR, "store-stuck", "the disk does not answer; ending without it");
    esep_log_flush();
    _exit(EX_UNAVAILABLE);
}

static enum esep_status core_new(struct run *run, struct esep_reason *reason)
{
    const struct collector_settings *s = run->settings;
    struct collector_config *config = calloc(1, sizeof *config);
    if (config == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for ingest");
    config->log_id = run->state.log->log_id;
    memcpy(config->engine_id, run->state.log->engine_id, sizeof config->engine_id);
    config->generation = run->state.log->generation;
    memcpy(config->name, s->name, sizeof config->name);
    esep_random(config->seed, sizeof config->seed);
    memcpy(config->operators, s->operators, sizeof config->operators);
    config->operator_count = s->operator_count;
    config->targets = run_alerts_targets;
    config->targets_context = run;
    config->links_max = (uint32_t)(s->broker_count > 0 ? s->broker_count : 1) + 1;
    config->bundles = true;
    run->stick = config->links_max - 1;
    config->sessions_max = (uint32_t)s->sessions;
    config->frame_bytes_max = s->frame_bytes;
    config->session_credit_bytes = s->credit_bytes;
    config->ingest_bytes_max = s->ingest_bytes;
    config->batch_bytes_max = s->batch_bytes;
    config->batch_records_max = (uint32_t)s->batch_records;
    config->session_idle = s->session_idle;
    config->presence_every = s->presence_every;
    config->alerts_settle = s->alerts_settle;
    config->link_heartbeat = s->link_heartbeat;
    config->files_max = (uint32_t)s->files_places;
    config->file_bytes_max = s->file_bytes;
    config->office_files_bytes = s->office_files_bytes;
    config->file_window_bytes = s->file_window;
    config->cosigned_every = s->witness_offices_every;
    config->signing = (struct collector_signing){.statement = run_signer_statement, .context = run};
    enum esep_status status = esep_keyfile_box(&run->keys, &config->seal_key);
    if (status != ESEP_OK)
        (void)esep_because(reason, status, "%s: lacks a box key", s->keys);
    if (status == ESEP_OK)
        status = run_signer_begin(run, config, reason);
    if (status == ESEP_OK) {
        status = collector_new(&run->core, config, run->state.views, run_now(run));
        if (status != ESEP_OK)
            (void)esep_because(reason, status, "ingest does not start: %s: look at the limits",
                               status == ESEP_NOMEM ? "no memory for what they allow"
                                                    : esep_status_name(status));
    }
    esep_wipe(config, sizeof *config);
    free(config);
    run->unwritten.count = run->unproven.count = 0;
    if (status == ESEP_OK) {
        const struct collector_history history = {.node = collector_state_node,
                                                  .leaf = collector_state_leaf,
                                                  .nonce = collector_state_nonce,
                                                  .commitment = collector_state_commitment,
                                                  .context = run->state.log};
        collector_set_lookup(run->core, collector_state_find, run->state.log);
        collector_set_history(run->core, &history);
        collector_set_files(run->core, run_files_lookup, run_files_lacking, run);
        collector_set_full(run->core, run->full);
        run_witnesses_tell(run);
    }
    return status;
}

static enum esep_status open_store(struct run *run, struct esep_reason *reason)
{
    enum esep_status status = collector_state_open(&run->state, run->settings, false, reason);
    if (status == ESEP_OK)
        status = collector_writer_new(&run->writer, run->loop, run->state.log, run_signer_head,
                                      run_on_written, run, reason);
    return status == ESEP_OK ? core_new(run, reason) : status;
}

static void close_store(struct run *run)
{
    collector_writer_free(run->writer); /* waits for a commit under way, then the core may go */
    run->writer = NULL;
    run_files_let_go(run);
    run->bundle.core = NULL; /* who brings one begins anew */
    collector_free(run->core);
    run->core = NULL;
    collector_state_close(&run->state);
}

/* All is open but the core: it begins with a signed head. */
static void wait_for_signer(struct run *run, const struct esep_reason *why)
{
    esep_log(ESEP_LOG_ERROR, "signer-away", "%s: ingest waits for it, and takes nothing in",
             why->text);
    run->ended = run->signer_missed = true;
    if (run->draining)
        esep_loop_stop(run->loop);
    else
        esep_loop_deadline(run->loop, SIGNER_RETRY);
}

/* Closes the core and the store, opens both anew. ESEP_OK, or the daemon must end. */
static enum esep_status reopen(struct run *run, struct esep_reason *reason)
{
    const bool waited = run->core == NULL && run->writer != NULL; /* the signer alone was missing */
    if (!waited)
        close_store(run);
    run_order_refuse(run, "the order was not confirmed: see whether it was done, then order again");
    run->stuck_since = 0;
    enum esep_status status = waited ? core_new(run, reason) : open_store(run, reason);
    if (status == ESEP_AGAIN) {
        wait_for_signer(run, reason);
        return ESEP_OK;
    }
    if (status != ESEP_OK)
        return status;
    run->ended = false;
    /* A broker takes the old connection for one that has joined, and would not ask the new core who
     * it is: it is dialled anew. */
    for (uint32_t i = 0; i < run->settings->broker_count; i++)
        collector_links_reset(run->links, i, "the store was opened again");
    if (run->draining)
        collector_drain(run->core, run_now(run));
    run_alerts_opened(run);
    esep_log(ESEP_LOG_INFO, run->signer_missed ? "signer-back" : "store-reopened",
             "the log has %llu entries", (unsigned long long)views_log_size(run->state.views));
    run->signer_missed = false;
    return ESEP_OK;
}

static void on_link(void *context, uint32_t link, bool up)
{
    struct run *run = context;
    if (run->core == NULL)
        return;
    collector_on_link(run->core, link, run->settings->brokers[link].key, up, run_now(run));
    run_pump(run);
}

static void on_message(void *context, uint32_t link, const struct esep_slice *parts, size_t count)
{
    struct run *run = context;
    if (run->core != NULL && !run->ended)
        collector_on_frame(run->core, link, parts, count, run_now(run));
}

static void on_link_drained(void *context, uint32_t link)
{
    (void)link;
    run_pump(context);
}

/* A store that was full is looked at again: the operator may have made room. More of it than the
 * batch that failed found, or that batch would only fail again, and again. */
static void check_full(struct run *run)
{
    uint64_t used = 0;
    uint64_t quota = 0;
    esep_time now = esep_monotonic();
    if (!run->full || run->storing || now < run->full_check)
        return;
    run->full_check = now + FULL_CHECK_EVERY;
    if (esep_store_usage(collector_log_store(run->state.log), &used, &quota) != ESEP_OK ||
        used >= quota || quota - used < run->full_room + quota / 20)
        return;
    run->full = false;
    collector_set_full(run->core, false);
    esep_log(ESEP_LOG_INFO, "store-has-room", "%llu of %llu bytes in use", (unsigned long long)used,
             (unsigned long long)quota);
}

static void say_ready(struct run *run)
{
    const char *web = run->settings->web_control;
    esep_log(ESEP_LOG_INFO, "ready", "log of %llu entries, %zu brokers, control %s%s%s",
             (unsigned long long)views_log_size(run->state.views), run->settings->broker_count,
             run->settings->control, web[0] != 0 ? ", accounts " : "", web);
    esep_notify("READY=1");
}

static void on_deadline(void *context)
{
    struct run *run = context;
    if (run->ended && !run->storing) {
        struct esep_reason reason = {""};
        if (reopen(run, &reason) != ESEP_OK) {
            esep_log(ESEP_LOG_ERROR, "store-unusable", "%s", reason.text);
            run->exit_code = EX_UNAVAILABLE;
            esep_loop_stop(run->loop);
            return;
        }
    }
    if (!run->ended && run->core != NULL) {
        check_full(run);
        collector_on_time(run->core, run_now(run));
        run_alerts_on_time(run);
        run_files_on_time(run);
        run_witnesses_on_time(run);
    }
    run_pump(run);
}

static void on_drain(void *context)
{
    struct run *run = context;
    esep_log(ESEP_LOG_INFO, "draining", "no new reports; finishing what is in");
    esep_notify("STOPPING=1");
    run->draining = true;
    run->drain_until = esep_monotonic() + DRAIN_MAX;
    run->tries_until = esep_monotonic() + TRIES_MAX;
    deliver_drain(run->deliver);
    collector_writer_leave(run->writer);
    if (run->core == NULL) { /* the signer is away: nothing was taken in */
        esep_loop_stop(run->loop);
        return;
    }
    collector_drain(run->core, run_now(run));
    run_pump(run);
}

static void on_reload(void *context)
{
    run_reload(context);
}

static enum esep_status open_network(struct run *run, struct esep_reason *reason)
{
    const struct collector_links_owner owner = {.on_link = on_link,
                                                .on_message = on_message,
                                                .on_drained = on_link_drained,
                                                .context = run};
    struct esep_curve_key curve;
    if (esep_keyfile_curve(&run->keys, &curve) != ESEP_OK)
        return esep_because(reason, ESEP_INVALID, "%s: lacks a curve key", run->settings->keys);
    enum esep_status status = run_order_open(run, reason);
    if (status == ESEP_OK)
        status = collector_links_new(&run->links, run->loop, run->zmq, run->settings, &curve,
                                     &owner, reason);
    esep_wipe(&curve, sizeof curve);
    return status;
}

static enum esep_status start(struct run *run, struct esep_reason *reason)
{
    const struct esep_loop_options options = {
        .on_drain = on_drain, .on_reload = on_reload, .on_deadline = on_deadline, .context = run};
    const struct command_common common = {.config = run->config_file};
    enum esep_status status = collector_command_settings(&common, &run->settings, reason);
    if (status == ESEP_OK)
        status = esep_clock_init(&run->clock, run->settings->clock, reason);
    if (status == ESEP_OK)
        status = esep_keyfile_read(run->settings->keys, &run->keys, reason);
    if (status == ESEP_OK)
        status = log_signer_open(&run->signer, run->settings, reason);
    if (status == ESEP_OK)
        status = esep_loop_new(&run->loop, &options, reason);
    if (status != ESEP_OK)
        return status;
    enum esep_log_level level = ESEP_LOG_INFO;
    (void)esep_log_level_parse(run->settings->log_level, &level);
    esep_log_init("esep-collector", level);
    esep_blobs_make(run->settings->files);
    status = run_verify_open(run, reason);
    if (status == ESEP_OK)
        status = run_keep_to_folders(run, reason);
    if (status != ESEP_OK)
        return status;
    esep_buf_init(&run->mailbox.bytes, 16u << 20);
    run->zmq = esep_zcontext_new(1);
    if (run->zmq == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for ZeroMQ");
    status = open_store(run, reason);
    if (status == ESEP_AGAIN) {
        wait_for_signer(run, reason);
        status = ESEP_OK;
    }
    if (status == ESEP_OK)
        status = run_files_open(run, reason);
    if (status == ESEP_OK)
        status = run_lacking_open(run, reason);
    if (status == ESEP_OK)
        status = run_alerts_new(run, reason);
    if (status == ESEP_OK)
        status = run_figures_open(run, reason);
    if (status == ESEP_OK)
        status = run_witnesses_open(run, reason);
    return status == ESEP_OK ? open_network(run, reason) : status;
}

static void stop(struct run *run)
{
    if (run->writer != NULL)
        collector_writer_leave(run->writer);
    if (run->writer != NULL && !collector_writer_idle(run->writer, STORE_WAIT_MAX))
        end_without_the_disk();
    collector_links_free(run->links);
    run_order_close(run);
    if (run->loop != NULL) {
        run_alerts_free(run);
        run_witnesses_close(run);
        run_lacking_close(run);
        run_figures_close(run);
        run_verify_close(run);
        close_store(run);
    }
    run_files_close(run);
    esep_zcontext_free(run->zmq);
    esep_loop_free(run->loop);
    esep_buf_done(&run->mailbox.bytes);
    collector_settings_free(run->settings);
    log_signer_close(&run->signer);
    esep_wipe(&run->keys, sizeof run->keys);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = state->input;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s' is one word too many", value);
    return ARGP_ERR_UNKNOWN;
}

int collector_cmd_run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .doc = "Takes in reports: dials the brokers, stores, gives receipts, raises alerts. TERM "
               "drains, HUP reads the configuration again.",
        .children = children};
    struct command_common common = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &common);
    struct run run = {.signer = LOG_SIGNER_NONE,
                      .config_file =
                          common.config != NULL ? common.config : "/etc/esep/collector.yaml"};
    struct esep_reason reason = {""};
    enum esep_status status = start(&run, &reason);
    if (status == ESEP_OK)
        status = run_keep_to_calls(&run, &reason);
    if (status == ESEP_OK) {
        run_alerts_opened(&run);
        say_ready(&run);
        run_figures_publish(&run);
        run_pump(&run);
        status = esep_loop_run(run.loop);
    }
    int rc = status == ESEP_OK ? run.exit_code : collector_fail(status, &reason);
    if (status == ESEP_CONFLICT)
        rc = EX_UNAVAILABLE; /* another one runs here: nothing is wrong with the data */
    if (status == ESEP_OK && rc == 0)
        esep_log(ESEP_LOG_INFO, "stopped", "drained");
    stop(&run);
    esep_log_flush();
    return rc;
}
