/* collector/cmd_log.c - `log verify`: is every byte of the log what was logged; `log replay`: are
 * the views what the log says; `log list` (cmd_log_list.c): what it says.
 *
 * verify recomputes every leaf's hash from the stored body, every office's chain, the numbering of
 * sequences, each commitment's signature, and the tree. replay makes the views anew from the log
 * and compares them with the stored rows, byte for byte; --repair puts the new ones in their place.
 */
#include "collector/commands.h"
#include "collector/file_walk.h"
#include "collector/round.h"
#include "collector/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

struct words {
    struct command_common common;
    const char *verb;
    bool repair;
    bool files;
    bool rounds; /* for ingest: round.h */
    uint64_t first_in;
    struct log_list list;
};

enum { AFTER = 256, COUNT, TYPE, FILES, ROUNDS };
#define LIST_DEFAULT 50u
#define LIST_MAX 100000u
#define FIRST_IN_MAX (366u * 86400)

static bool read_number(const char *text, uint64_t max, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || value > max)
        return false;
    *ret = value;
    return true;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'r':
        words->repair = true;
        return 0;
    case FILES:
        words->files = true;
        return 0;
    case AFTER:
        words->list.from_start = true;
        if (!read_number(value, UINT64_MAX - 1, &words->list.after))
            argp_error(state, "--after: '%s' is no log entry's number", value);
        return 0;
    case COUNT:
        if (!read_number(value, LIST_MAX, &words->list.count) || words->list.count == 0)
            argp_error(state, "--count: '%s' is not 1 to %u", value, LIST_MAX);
        return 0;
    case ROUNDS:
        words->rounds = true;
        if (!read_number(value, FIRST_IN_MAX, &words->first_in))
            argp_error(state, "--rounds: '%s' is no number of seconds", value);
        return 0;
    case TYPE:
        words->list.kind = value;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "'%s' is one word too many", value);
        words->verb = value;
        return 0;
    case ARGP_KEY_END:
        if (words->verb == NULL)
            argp_error(state, "say list, verify or replay");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void progress(void *context, uint64_t done, uint64_t size)
{
    const char *what = context;
    if (isatty(STDERR_FILENO) && size > 0)
        (void)fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 " entries (%" PRIu64 " %%)%s", what,
                      done, size, done * 100 / size, done == size ? "\n" : "");
}

/* What the log says is here: is it in the folder, and with --files: is it what it says? */
static enum esep_status verify_files(const struct words *words,
                                     const struct collector_settings *settings,
                                     struct collector_log *log, struct collector_files_verdict *ret,
                                     struct esep_reason *reason)
{
    const struct esep_blobs_options only_read = {.read_only = true};
    struct collector_files_check check = {.read = words->files};
    enum esep_status status = esep_blobs_open(settings->files, &only_read, &check.blobs, reason);
    if (status == ESEP_OK || status == ESEP_NOT_FOUND)
        status = collector_files_check(log, &check, ret, reason);
    esep_blobs_close(check.blobs);
    return status == ESEP_OK ? collector_files_say(ret, reason) : status;
}

static int verify(const struct words *words, const struct collector_settings *settings,
                  struct collector_log *log)
{
    struct esep_reason reason = {""};
    struct collector_verdict verdict = {0};
    struct collector_files_verdict files = {0};
    enum esep_status status = collector_verify(log, settings->offices, progress,
                                               (void *)(uintptr_t) "verify", &verdict, &reason);
    if (status == ESEP_OK)
        status = collector_verify_head(settings->store, log, &verdict, &reason);
    if (status == ESEP_OK)
        status = verify_files(words, settings, log, &files, &reason);
    char root[65];
    esep_hex(verdict.root.bytes, sizeof verdict.root.bytes, root);
    if (words->common.json && (status == ESEP_OK || status == ESEP_CORRUPT)) {
        int rc = esep_json_print(json_pack(
            "{s:s, s:b, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:s}", "format", "esep-log-verify/1",
            "ok", status == ESEP_OK, "entries", (json_int_t)verdict.entries, "root", root,
            "office_entries", (json_int_t)verdict.office_entries, "signatures",
            (json_int_t)verdict.signatures, "files", (json_int_t)files.files, "files_missing",
            (json_int_t)files.missing, "files_damaged", (json_int_t)files.damaged, "text",
            reason.text));
        return rc != 0 ? rc : esep_status_exit(status);
    }
    if (status != ESEP_OK)
        return collector_fail(status, &reason);
    (void)printf("%" PRIu64 " entries, %" PRIu64 " of offices, %" PRIu64
                 " signatures: every hash and signature agrees\nroot %s\n%" PRIu64
                 " files, %" PRIu64 " bytes: all are there%s\n",
                 verdict.entries, verdict.office_entries, verdict.signatures, root, files.files,
                 files.bytes, words->files ? ", and are what their names say" : "");
    return 0;
}

static int replay(const struct words *words, const struct collector_settings *settings,
                  struct collector_log *log)
{
    struct esep_reason reason = {""};
    struct collector_comparison result = {0};
    enum esep_status status = collector_compare(log, settings, words->repair, progress,
                                                (void *)(uintptr_t) "replay", &result, &reason);
    if (status != ESEP_OK)
        return collector_fail(status, &reason);
    bool same = result.differing == 0 && result.missing == 0 && result.surplus == 0;
    if (words->common.json) {
        int rc = esep_json_print(json_pack(
            "{s:s, s:b, s:I, s:I, s:I, s:I, s:b}", "format", "esep-log-replay/1", "same", (int)same,
            "rows", (json_int_t)result.rows, "differing", (json_int_t)result.differing, "missing",
            (json_int_t)result.missing, "surplus", (json_int_t)result.surplus, "repaired",
            (int)(!same && words->repair)));
        return rc != 0 ? rc : same || words->repair ? 0 : EX_DATAERR;
    }
    (void)printf("%" PRIu64 " rows of views made anew from the log: ", result.rows);
    if (same) {
        (void)printf("the stored ones are the same, byte for byte\n");
        return 0;
    }
    (void)printf("%" PRIu64 " differ, %" PRIu64 " are missing, %" PRIu64 " are too many%s\n",
                 result.differing, result.missing, result.surplus,
                 words->repair ? ": replaced" : "");
    if (!words->repair)
        (void)fprintf(stderr, "esep-collector: stop the daemon and run: esep-collector log replay "
                              "--repair\n");
    return words->repair ? 0 : EX_DATAERR;
}

/* 0: they belong together. */
static int check_words(const struct words *words, bool listing, bool replaying)
{
    if (!listing && !replaying && strcmp(words->verb, "verify") != 0) {
        (void)fprintf(stderr, "esep-collector log: no '%s'; say list, verify or replay\n",
                      words->verb);
        return EX_USAGE;
    }
    if (!replaying && words->repair) {
        (void)fprintf(stderr,
                      "esep-collector log %s: nothing mends the log; --repair belongs "
                      "to replay\n",
                      words->verb);
        return EX_USAGE;
    }
    if ((words->files || words->rounds) && (listing || replaying)) {
        (void)fprintf(stderr, "esep-collector log: --files belongs to verify\n");
        return EX_USAGE;
    }
    if (!listing &&
        (words->list.from_start || words->list.kind != NULL || words->list.count != LIST_DEFAULT)) {
        (void)fprintf(stderr, "esep-collector log: --after, --count and --type belong to list\n");
        return EX_USAGE;
    }
    return 0;
}

int collector_cmd_log(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"repair", 'r', NULL, 0, "with replay: put the new views in place (daemon stopped)", 0},
        {"files", FILES, NULL, 0, "with verify: read every file whole, and not only look for it",
         0},
        {"rounds", ROUNDS, "SECONDS", OPTION_HIDDEN, "with verify: again and again, for ingest", 0},
        {"after", AFTER, "ENTRY", 0, "with list: the entries behind this one, not the last ones",
         0},
        {"count", COUNT, "N", 0, "with list: as many at most (50)", 0},
        {"type", TYPE, "TYPE", 0, "with list: account, credential, review, plan ... only", 0},
        {0},
    };
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "list\nverify\nreplay",
        .doc = "list: what was done, when, and by whom. verify: recomputes every hash and "
               "signature of the log, and looks for the files that it says are here. replay: makes "
               "the views anew from the log and compares them "
               "with the stored ones.",
        .children = children};
    struct words words = {.list = {.count = LIST_DEFAULT}};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    const bool listing = strcmp(words.verb, "list") == 0;
    const bool replaying = strcmp(words.verb, "replay") == 0;
    int rc = check_words(&words, listing, replaying);
    if (rc != 0)
        return rc;
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_log *log = NULL;
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    if (status == ESEP_OK && words.rounds) {
        rc = round_keep(settings, (esep_time)words.first_in * ESEP_SECOND);
        collector_settings_free(settings);
        return rc;
    }
    if (status == ESEP_OK) {
        const struct collector_log_options options_log = {.path = settings->store,
                                                          .map_bytes = settings->store_bytes,
                                                          .read_only = !words.repair};
        status = collector_log_open(&log, &options_log, &reason);
    }
    rc = status != ESEP_OK ? collector_fail(status, &reason)
         : listing         ? collector_log_list(log, &words.list, words.common.json)
         : replaying       ? replay(&words, settings, log)
                           : verify(&words, settings, log);
    if (log != NULL)
        log->ops->close(log);
    collector_settings_free(settings);
    return rc;
}
