/* agent/cmd_keep.c - `recover`, `bundle`: for the day the usual way is shut. */
#include "agent/bundle_export.h"
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
#define FILES_BYTES_DEFAULT ((uint64_t)1 << 30)

struct words {
    struct agent_common common;
    bool all;
    bool yes;
    bool import;
    bool no_files;
    uint64_t files_bytes;
    uint64_t files_skip;
    const char *file;
};
enum { FILES_BYTES = 256, FILES_SKIP, NO_FILES };

/* A number, of 1024s where k, M or G follows. */
static bool read_bytes(const char *text, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    const unsigned shift = *end == 'k' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    if (errno != 0 || text[0] < '0' || text[0] > '9' || end[shift > 0] != '\0' ||
        number > UINT64_MAX >> (shift + 1))
        return false;
    *ret = (uint64_t)number << shift;
    return true;
}

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
    case NO_FILES:
        words->no_files = true;
        return 0;
    case FILES_BYTES:
    case FILES_SKIP:
        if (!read_bytes(value, key == FILES_SKIP ? &words->files_skip : &words->files_bytes))
            argp_error(state, "'%s' is no number of %s", value,
                       key == FILES_SKIP ? "files" : "bytes, such as 700M or 3G");
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

static void say_files(const struct agent_exported *done)
{
    if (done->files > 0)
        (void)printf("with them %llu files of %llu bytes\n", (unsigned long long)done->files,
                     (unsigned long long)done->file_bytes);
    if (done->files_left > 0)
        (void)printf(
            "%llu files of %llu bytes did not fit: carry them on another stick (--files-skip "
            "%llu), or once this one's answer is back\n",
            (unsigned long long)done->files_left, (unsigned long long)done->bytes_left,
            (unsigned long long)done->files_next);
    if (done->files_damaged > 0)
        (void)fprintf(stderr,
                      "esep-agent: %llu files are not on the stick: this office's own copies are "
                      "damaged or gone; attach them again\n",
                      (unsigned long long)done->files_damaged);
}

static int export_bundle(const struct words *words, struct agent_desk *desk,
                         struct esep_reason *reason)
{
    struct agent_exported done = {0};
    const struct agent_export how = {.file = words->file,
                                     .all = words->all,
                                     .files_bytes = words->no_files ? 0 : words->files_bytes,
                                     .files_skip = words->files_skip};
    const enum esep_status status = agent_bundle_export(desk, &how, &done, reason);
    if (status != ESEP_OK)
        return agent_fail(status, reason);
    if (words->common.json)
        return esep_json_print(json_pack(
            "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "format", "esep-bundle/1", "file",
            words->file, "first_seq", (json_int_t)done.first_seq, "through_seq",
            (json_int_t)done.through_seq, "files", (json_int_t)done.files, "file_bytes",
            (json_int_t)done.file_bytes, "files_left", (json_int_t)done.files_left, "files_next",
            (json_int_t)done.files_next, "files_damaged", (json_int_t)done.files_damaged));
    (void)printf("entries %llu to %llu are in %s\n", (unsigned long long)done.first_seq,
                 (unsigned long long)done.through_seq, words->file);
    say_files(&done);
    return 0;
}

/* Whoever brings several must know which one it is about. */
static void name_file(const char *file, enum esep_status status, struct esep_reason *reason)
{
    const struct esep_reason said = *reason;
    if (strncmp(said.text, file, strlen(file)) != 0)
        (void)esep_because(reason, status, "%.80s: %.170s", file, said.text);
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
    const bool any = took.receipts + took.mails + took.files > 0;
    if (status != ESEP_OK)
        name_file(words->file, status, reason);
    if (any)
        (void)agent_wake_ring(desk->settings->journal, false);
    if (status != ESEP_OK && !any)
        return agent_fail(status, reason);
    if (words->common.json)
        rc = esep_json_print(json_pack(
            "{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "format", "esep-bundle-reply/1", "receipts",
            (json_int_t)took.receipts, "files", (json_int_t)took.files, "mails",
            (json_int_t)took.mails, "witnessed", (json_int_t)took.witnessed, "received",
            (json_int_t)took.receipted_seq, "mail_through", (json_int_t)took.mail_through));
    else
        (void)printf(
            "%llu receipts, %llu of files, and %llu items of mail were new%s; entries through "
            "%llu are received\n",
            (unsigned long long)took.receipts, (unsigned long long)took.files,
            (unsigned long long)took.mails,
            took.witnessed > 0 ? ", and witnesses have signed a head of the log" : "",
            (unsigned long long)took.receipted_seq);
    return status == ESEP_OK ? rc : agent_fail(status, reason);
}

int agent_cmd_bundle(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"all", 'a', NULL, 0, "with export: also entries that have their receipt", 0},
        {"files-bytes", FILES_BYTES, "BYTES", 0,
         "with export: files that lack at the collector, so many bytes of them (1G)", 0},
        {"files-skip", FILES_SKIP, "N", 0,
         "with export: not the first N of them: for the next stick of the same journey", 0},
        {"no-files", NO_FILES, NULL, 0, "with export: entries alone", 0},
        {0}};
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "export FILE\nimport FILE",
        .doc =
            "export: writes the entries that wait, and the files that they name, into a file, "
            "signed and sealed to the collector, "
            "to be carried there by hand. import: takes in the receipts and the mail of the file "
            "that came back. Either may be done any number of times.",
        .children = children};
    struct words words = {.files_bytes = FILES_BYTES_DEFAULT};
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
