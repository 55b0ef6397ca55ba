/* collector/cmd_log.c - `log verify`: is every byte of the log what was logged; `log replay`: are
 * the views what the log says.
 *
 * verify recomputes every leaf's hash from the stored body, every office's chain, the numbering of
 * sequences, each commitment's signature, and the tree. replay makes the views anew from the log
 * and compares them with the stored rows, byte for byte; --repair puts the new ones in their place.
 */
#include "collector/commands.h"
#include "collector/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

struct words {
    struct command_common common;
    const char *verb;
    bool repair;
};

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
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "'%s' is one word too many", value);
        words->verb = value;
        return 0;
    case ARGP_KEY_END:
        if (words->verb == NULL)
            argp_error(state, "say verify or replay");
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

static int verify(const struct words *words, const struct collector_settings *settings,
                  struct collector_log *log)
{
    struct esep_reason reason = {""};
    struct collector_verdict verdict = {0};
    enum esep_status status = collector_verify(log, settings->offices, progress,
                                               (void *)(uintptr_t) "verify", &verdict, &reason);
    if (status == ESEP_OK)
        status = collector_verify_root(log, settings, &verdict, &reason);
    char root[65];
    esep_hex(verdict.root.bytes, sizeof verdict.root.bytes, root);
    if (words->common.json && (status == ESEP_OK || status == ESEP_CORRUPT)) {
        int rc = esep_json_print(
            json_pack("{s:s, s:b, s:I, s:s, s:I, s:I, s:s}", "format", "esep-log-verify/1", "ok",
                      status == ESEP_OK, "entries", (json_int_t)verdict.entries, "root", root,
                      "office_entries", (json_int_t)verdict.office_entries, "signatures",
                      (json_int_t)verdict.signatures, "text", reason.text));
        return rc != 0 ? rc : esep_status_exit(status);
    }
    if (status != ESEP_OK)
        return collector_fail(status, &reason);
    (void)printf("%" PRIu64 " entries, %" PRIu64 " of offices, %" PRIu64
                 " signatures: every hash and signature agrees\nroot %s\n",
                 verdict.entries, verdict.office_entries, verdict.signatures, root);
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

int collector_cmd_log(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"repair", 'r', NULL, 0, "with replay: put the new views in place (daemon stopped)", 0},
        {0},
    };
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "verify\nreplay",
        .doc = "verify: recomputes every hash and signature of the log. replay: makes the views "
               "anew from the log and compares them with the stored ones.",
        .children = children};
    struct words words = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    bool verifying = strcmp(words.verb, "verify") == 0;
    if (!verifying && strcmp(words.verb, "replay") != 0) {
        (void)fprintf(stderr, "esep-collector log: no '%s'; say verify or replay\n", words.verb);
        return EX_USAGE;
    }
    if (verifying && words.repair) {
        (void)fprintf(stderr, "esep-collector log verify: nothing mends the log; --repair belongs "
                              "to replay\n");
        return EX_USAGE;
    }
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_log *log = NULL;
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    if (status == ESEP_OK) {
        const struct collector_log_options options_log = {.path = settings->store,
                                                          .map_bytes = settings->store_bytes,
                                                          .read_only = !words.repair};
        status = collector_log_open(&log, &options_log, &reason);
    }
    int rc = status != ESEP_OK ? collector_fail(status, &reason)
             : verifying       ? verify(&words, settings, log)
                               : replay(&words, settings, log);
    if (log != NULL)
        log->ops->close(log);
    collector_settings_free(settings);
    return rc;
}
