/* collector/witness/cmd_witness.c - `witness`: serve, `witness keygen`, `witness status`. */
#include "collector/commands.h"
#include "collector/witness/witness_run.h"
#include "io/table.h"

#include <inttypes.h>
#include <sysexits.h>

#define DEFAULT_CONFIG "/etc/esep/witness.yaml"

struct arguments {
    struct command_common common;
    const char *action; /* NULL: serve */
    bool help_config;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->common;
        return 0;
    case 'h':
        arguments->help_config = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->action != NULL)
            argp_error(state, "'%s' is one word too many", value);
        if (strcmp(value, "keygen") != 0 && strcmp(value, "status") != 0)
            argp_error(state, "'%s' is neither keygen nor status", value);
        arguments->action = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Another process has the store: nothing is wrong with the data. */
static int fail(enum esep_status status, const struct esep_reason *reason)
{
    const int rc = collector_fail(status, reason);
    return status == ESEP_CONFLICT ? EX_UNAVAILABLE : rc;
}

static int keygen(const struct witness_settings *settings, bool json)
{
    struct witness_own own;
    struct esep_reason reason = {""};
    char vkey[ESEP_NOTE_VKEY_MAX];
    const enum esep_status status = witness_own_open(&own, settings, true, &reason);
    if (status != ESEP_OK)
        return fail(status, &reason);
    esep_note_key_format(&own.name, vkey);
    witness_own_close(&own);
    if (json)
        return esep_json_print(json_pack("{s:s}", "key", vkey));
    (void)printf("%s\n", vkey);
    return 0;
}

struct listing {
    json_t *logs, *forks;
};

static void list_row(void *context, const char *origin, const struct witness_head *head,
                     struct esep_slice note)
{
    struct listing *listing = context;
    char root[ESEP_HASH_BASE64_MAX];
    json_t *text = json_stringn((const char *)note.data, note.len);
    if (origin == NULL) {
        (void)json_array_append_new(listing->forks, text);
        return;
    }
    esep_hash_base64(&head->root, root);
    (void)json_array_append_new(
        listing->logs, json_pack("{s:s, s:I, s:s, s:o, s:o}", "origin", origin, "size",
                                 (json_int_t)head->size, "root", root, "signed_at",
                                 esep_json_time(head->time_s * ESEP_SECOND, NULL), "note", text));
}

static int print_status(const struct listing *listing)
{
    static const char *const heads[] = {"log", "entries", "signed at", "root", NULL};
    struct esep_table table;
    json_t *log = NULL;
    size_t i = 0;
    esep_table_init(&table, heads);
    json_array_foreach(listing->logs, i, log)
    {
        const char *at = json_string_value(json_object_get(log, "signed_at"));
        esep_table_cell(&table, "%s", json_string_value(json_object_get(log, "origin")));
        esep_table_cell(&table, "%" PRIu64,
                        (uint64_t)json_integer_value(json_object_get(log, "size")));
        esep_table_cell(&table, "%s", at != NULL ? at : "");
        esep_table_cell(&table, "%s", json_string_value(json_object_get(log, "root")));
    }
    const enum esep_status status = esep_table_print(&table, stdout);
    esep_table_done(&table);
    if (json_array_size(listing->forks) > 0)
        (void)printf("\n%zu notes contradict what was signed: --json shows them\n",
                     json_array_size(listing->forks));
    return esep_status_exit(status);
}

static int show_status(const struct witness_settings *settings, bool json)
{
    struct witness_store *store = NULL;
    struct esep_reason reason = {""};
    struct listing listing = {json_array(), json_array()};
    int rc = 0;
    enum esep_status status = witness_store_open(&store, settings->store, false, true, &reason);
    if (status == ESEP_OK)
        status = witness_store_each(store, list_row, &listing, &reason);
    witness_store_close(store);
    if (status != ESEP_OK)
        rc = collector_fail(status, &reason);
    else if (json)
        rc = esep_json_print(json_pack("{s:O, s:O}", "logs", listing.logs, "forks", listing.forks));
    else
        rc = print_status(&listing);
    json_decref(listing.logs);
    json_decref(listing.forks);
    return rc;
}

static int serve(const struct witness_settings *settings)
{
    struct witness_own own;
    struct esep_reason reason = {""};
    const enum esep_status status = witness_own_open(&own, settings, false, &reason);
    if (status != ESEP_OK)
        return fail(status, &reason);
    const int rc = witness_run(settings, &own);
    witness_own_close(&own);
    return rc;
}

int collector_cmd_witness(int argc, char **argv)
{
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp_option options[] = {
        {"help-config", 'h', NULL, 0, "list the keys of the witness's configuration", 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[keygen | status]",
        .doc = "Witnesses logs: signs, with the time, that a head extends the one before. 'keygen' "
               "makes key and store and prints the public key; 'status' says what was signed.",
        .children = children};
    struct arguments arguments = {0};
    struct witness_settings *settings = NULL;
    struct esep_reason reason = {""};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (arguments.help_config) {
        witness_settings_help(stdout);
        return 0;
    }
    const enum esep_status status = collector_config_check(witness_settings_read(
        arguments.common.config != NULL ? arguments.common.config : DEFAULT_CONFIG, &settings,
        &reason));
    if (status != ESEP_OK)
        return collector_fail(status, &reason);
    const bool json = arguments.common.json;
    const int rc = arguments.action == NULL                  ? serve(settings)
                   : strcmp(arguments.action, "keygen") == 0 ? keygen(settings, json)
                                                             : show_status(settings, json);
    witness_settings_free(settings);
    return rc;
}
