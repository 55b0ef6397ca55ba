/* agent/cmd_keep.c - `recover`, `bundle`: for the day the usual way is shut. */
#include "agent/bundle.h"
#include "agent/bundle_import.h"
#include "agent/commands.h"
#include "agent/daemon_state.h"
#include "agent/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define REPLY_BYTES_MAX ((size_t)80 << 20)

struct words {
    struct agent_common common;
    bool all;
    bool yes;
    bool import;
    const char *file;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'a':
        words->all = true;
        return 0;
    case 'y':
        words->yes = true;
        return 0;
    case ARGP_KEY_ARG:
        words->import = words->import || (state->arg_num == 0 && strcmp(value, "import") == 0);
        if (state->arg_num == 0 && (words->import || strcmp(value, "export") == 0))
            return 0;
        if (state->arg_num != 1)
            argp_error(state, "bundle export FILE, or bundle import FILE");
        words->file = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Why a person may recover: the collector said FORK or BEHIND, signed, and the daemon stands. */
static bool is_called_for(const struct agent_daemon_state *daemon)
{
    return daemon->known &&
           (strcmp(daemon->why, "fork") == 0 || strcmp(daemon->why, "behind") == 0);
}

static enum esep_status recover(const struct words *words, struct agent_desk *desk,
                                uint32_t *ret_epoch, uint64_t *ret_requeued,
                                struct esep_reason *reason)
{
    struct agent_view view = {0};
    struct agent_head head;
    struct agent_daemon_state daemon;
    agent_daemon_state_read(desk->settings->journal, &daemon);
    if (!words->yes && !is_called_for(&daemon))
        return esep_because(reason, ESEP_DENIED,
                            "the daemon does not report a fork or a journal behind the collector: "
                            "there is nothing to recover from (--yes does it all the same)");
    enum esep_status status = journal_view(&desk->journal, &view, reason);
    if (status == ESEP_NOT_FOUND)
        status = ESEP_OK;
    uint32_t there = view.epoch > daemon.held_epoch ? view.epoch : daemon.held_epoch;
    if (status == ESEP_OK)
        status = journal_recover(&desk->journal, &desk->sign_key, agent_desk_now(desk), there,
                                 ret_requeued, reason);
    if (status == ESEP_OK)
        status = journal_head(&desk->journal, &head, reason);
    if (status == ESEP_OK)
        *ret_epoch = head.epoch;
    (void)agent_wake_ring(desk->settings->journal, true);
    return status;
}

int agent_cmd_recover(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"yes", 'y', NULL, 0, "also where the daemon reports no fork", 0}, {0}};
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc =
            "After the journal was restored from a backup, or the collector reports a fork: begins "
            "a new epoch and queues again what no receipt covers. Nothing is deleted.",
        .children = children};
    struct words words = {0};
    struct agent_desk desk = {0};
    struct esep_reason reason = {""};
    uint32_t epoch = 0;
    uint64_t requeued = 0;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    enum esep_status status =
        agent_desk_open(&desk, &words.common, AGENT_DESK_WRITE | AGENT_DESK_KEYS, &reason);
    if (status == ESEP_OK)
        status = recover(&words, &desk, &epoch, &requeued, &reason);
    int rc = 0;
    if (status != ESEP_OK)
        rc = agent_fail(status, &reason);
    else if (words.common.json)
        rc = esep_json_print(json_pack("{s:s, s:i, s:I}", "format", "esep-recovery/1", "epoch",
                                       (int)epoch, "requeued", (json_int_t)requeued));
    else
        (void)printf("epoch %u begins; %llu entries are queued again\n", epoch,
                     (unsigned long long)requeued);
    agent_desk_close(&desk);
    return rc;
}

/* The bundle is written as it grows, into a draft that takes its name only when it is whole. */
struct export
{
    struct agent_bundle bundle;
    struct esep_buf out;
    int fd;
    enum esep_status status;
    struct esep_reason *reason;
};

static enum esep_status drain(struct export *x)
{
    size_t at = 0;
    while (at < x->out.len) {
        ssize_t put = write(x->fd, x->out.data + at, x->out.len - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return esep_because(x->reason, errno == ENOSPC ? ESEP_LIMIT : ESEP_IO,
                                "the bundle cannot be written: %s", strerror(errno));
        at += (size_t)put;
    }
    esep_buf_clear(&x->out);
    return ESEP_OK;
}

static bool add_entry(void *context, const struct agent_entry *entry)
{
    struct export *x = context;
    if (entry->seq > x->bundle.commitment.seq)
        return false; /* written after the head was signed */
    x->status = agent_bundle_add(&x->bundle, entry, 1, &x->out);
    if (x->status == ESEP_OK)
        x->status = drain(x);
    return x->status == ESEP_OK;
}

static enum esep_status begin(struct export *x, struct agent_desk *desk, bool all,
                              uint64_t *ret_first, struct esep_reason *reason)
{
    struct agent_journal held;
    struct agent_bundle_request request = {.log_id = desk->identity.log_id,
                                           .sign_key = desk->sign_key,
                                           .made_at = agent_desk_now(desk)};
    esep_random(request.salt, sizeof request.salt);
    enum esep_status status = journal_load(&desk->journal, &held, reason);
    if (status != ESEP_OK)
        return status;
    uint64_t first = all ? held.oldest_seq : held.receipted_seq + 1;
    if (first > held.last_seq)
        return esep_because(reason, ESEP_NOT_FOUND,
                            all ? "the journal holds no entries"
                                : "every entry has its receipt already; --all takes them all the "
                                  "same");
    const struct agent_head head = {.office = desk->identity.office,
                                    .epoch = held.epoch,
                                    .seq = held.last_seq,
                                    .hash = held.head};
    agent_head_commit(&head, &desk->identity.log_id, &desk->sign_key, request.made_at,
                      held.checkpoint_size, &held.checkpoint_root, &request.commitment);
    request.first_seq = first;
    memcpy(request.seal_public, desk->settings->seal_key, ESEP_KEY_BYTES);
    request.mail_through = held.mail_through;
    status = agent_bundle_begin(&x->bundle, &request, &x->out);
    esep_wipe(&request, sizeof request);
    *ret_first = first;
    return status == ESEP_OK ? drain(x) : esep_because(reason, status, "the bundle cannot be made");
}

/* The name's change is durable with its folder. */
static enum esep_status sync_folder(const char *path, struct esep_reason *reason)
{
    char folder[512];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path + 1) : 1,
                   slash != NULL ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return synced ? ESEP_OK : esep_because(reason, ESEP_IO, "%.150s: %s", folder, strerror(errno));
}

static enum esep_status export_to(const char *file, struct agent_desk *desk, bool all,
                                  struct export *x, uint64_t *ret_first, struct esep_reason *reason)
{
    char draft[512];
    int len = snprintf(draft, sizeof draft, "%s.new", file);
    if (len < 0 || len >= (int)sizeof draft)
        return esep_because(reason, ESEP_INVALID, "the file's name is too long");
    x->fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (x->fd < 0)
        return esep_because(reason, ESEP_LIMIT, "cannot create %.150s: %s", draft, strerror(errno));
    enum esep_status status = begin(x, desk, all, ret_first, reason);
    if (status == ESEP_OK)
        status = journal_entries(&desk->journal, 0, *ret_first, add_entry, x, reason);
    if (status == ESEP_OK)
        status = x->status;
    if (status == ESEP_OK && !agent_bundle_complete(&x->bundle))
        status = esep_because(reason, ESEP_CORRUPT, "the journal lacks entries of its own chain");
    if (status == ESEP_OK && fsync(x->fd) != 0)
        status = esep_because(reason, ESEP_IO, "%.150s: %s", draft, strerror(errno));
    if (close(x->fd) != 0 && status == ESEP_OK)
        status = esep_because(reason, ESEP_IO, "%.150s: %s", draft, strerror(errno));
    if (status == ESEP_OK && rename(draft, file) != 0)
        status = esep_because(reason, ESEP_IO, "%.150s: %s", file, strerror(errno));
    if (status == ESEP_OK)
        status = sync_folder(file, reason);
    else
        (void)unlink(draft);
    return status;
}

static int export_bundle(const struct words *words, struct agent_desk *desk,
                         struct esep_reason *reason)
{
    struct export x = {.fd = -1, .reason = reason};
    uint64_t first = 0;
    int rc = 0;
    esep_buf_init(&x.out, 4u << 20);
    const enum esep_status status = export_to(words->file, desk, words->all, &x, &first, reason);
    if (status != ESEP_OK)
        rc = agent_fail(status, reason);
    else if (words->common.json)
        rc = esep_json_print(json_pack("{s:s, s:s, s:I, s:I}", "format", "esep-bundle/1", "file",
                                       words->file, "first_seq", (json_int_t)first, "through_seq",
                                       (json_int_t)x.bundle.commitment.seq));
    else
        (void)printf("entries %llu to %llu are in %s\n", (unsigned long long)first,
                     (unsigned long long)x.bundle.commitment.seq, words->file);
    agent_bundle_done(&x.bundle);
    esep_buf_done(&x.out);
    return rc;
}

/* The daemon takes up what is in the journal now, if it runs. */
static int import_reply(const struct words *words, struct agent_desk *desk,
                        struct esep_reason *reason)
{
    struct esep_buf file;
    struct agent_imported took = {0};
    int rc = 0;
    esep_buf_init(&file, REPLY_BYTES_MAX);
    enum esep_status status = agent_read_file(words->file, REPLY_BYTES_MAX, &file, reason);
    if (status == ESEP_OK)
        status = agent_bundle_import(desk, esep_buf_slice(&file), &took, reason);
    esep_buf_done(&file);
    if (took.receipts + took.mails > 0)
        (void)agent_wake_ring(desk->settings->journal, false);
    if (status != ESEP_OK && took.receipts + took.mails == 0)
        return agent_fail(status, reason);
    if (words->common.json)
        rc = esep_json_print(json_pack(
            "{s:s, s:I, s:I, s:I, s:I}", "format", "esep-bundle-reply/1", "receipts",
            (json_int_t)took.receipts, "mails", (json_int_t)took.mails, "received",
            (json_int_t)took.receipted_seq, "mail_through", (json_int_t)took.mail_through));
    else
        (void)printf("%llu receipts and %llu items of mail were new; entries through %llu are "
                     "received\n",
                     (unsigned long long)took.receipts, (unsigned long long)took.mails,
                     (unsigned long long)took.receipted_seq);
    return status == ESEP_OK ? rc : agent_fail(status, reason);
}

int agent_cmd_bundle(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"all", 'a', NULL, 0, "with export: also entries that have their receipt", 0}, {0}};
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "export FILE\nimport FILE",
        .doc =
            "export: writes the entries that wait into a file, signed and sealed to the collector, "
            "to be carried there by hand. import: takes in the receipts and the mail of the file "
            "that came back. Either may be done any number of times.",
        .children = children};
    struct words words = {0};
    struct agent_desk desk = {0};
    struct esep_reason reason = {""};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    if (words.file == NULL) {
        (void)fprintf(stderr, "esep-agent: bundle export FILE, or bundle import FILE\n");
        return EX_USAGE;
    }
    const enum esep_status status = agent_desk_open(
        &desk, &words.common, (words.import ? AGENT_DESK_WRITE : AGENT_DESK_READ) | AGENT_DESK_KEYS,
        &reason);
    const int rc = status != ESEP_OK ? agent_fail(status, &reason)
                   : words.import    ? import_reply(&words, &desk, &reason)
                                     : export_bundle(&words, &desk, &reason);
    agent_desk_close(&desk);
    return rc;
}
