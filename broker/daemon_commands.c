/* broker/daemon_commands.c - run, init, status. */
#include "broker/commands.h"
#include "broker/shell.h"
#include "io/control.h"
#include "io/keyfile.h"
#include "io/table.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#define STATUS_TIMEOUT_MS 5000

enum esep_status command_run(const struct invocation *in, struct esep_reason *reason)
{
    struct broker_settings *settings = NULL;
    enum esep_status status = broker_settings_read(in->config, &settings, reason);
    if (status != ESEP_OK) {
        return status;
    }
    esep_log_init("esep-broker", settings->level);
    struct broker_shell *shell = NULL;
    const bool sandbox = settings->sandbox;
    status = broker_keep_to_folders(settings, in->config, reason);
    if (status != ESEP_OK) {
        broker_settings_free(settings);
        return status;
    }
    status = broker_shell_new(&shell, settings, in->config, reason);
    if (status == ESEP_OK) {
        status = broker_keep_to_calls(sandbox, reason);
    }
    if (status == ESEP_OK) {
        status = broker_shell_run(shell);
    }
    broker_shell_free(shell);
    esep_log_flush();
    return status;
}

enum esep_status command_init(const struct invocation *in, struct esep_reason *reason)
{
    static const char *const kinds[] = {"curve", "sign"};
    char path[256];
    enum esep_status status = broker_settings_keys_path(in->config, path, reason);
    if (status != ESEP_OK) {
        return status;
    }
    struct esep_keyfile keys;
    struct esep_curve_key curve;
    struct esep_sign_key sign;
    esep_keyfile_generate(&keys, kinds, 2);
    status = esep_keyfile_create(path, &keys, reason);
    if (status == ESEP_CONFLICT) {
        /* Never overwritten; who lost the printed half can have it again. */
        fprintf(stderr, "esep-broker: %s exists already and is kept\n", path);
        status = esep_keyfile_read(path, &keys, reason);
    }
    if (status == ESEP_OK && esep_keyfile_curve(&keys, &curve) != ESEP_OK) {
        status = esep_because(reason, ESEP_INVALID, "%s: no curve key in it", path);
    }
    const bool signs = status == ESEP_OK && esep_keyfile_sign(&keys, &sign) == ESEP_OK;
    esep_wipe(&keys, sizeof keys);
    if (status != ESEP_OK) {
        return status;
    }
    char hex[2 * ESEP_KEY_BYTES + 1];
    esep_hex(curve.public, ESEP_KEY_BYTES, hex);
    esep_wipe(&curve, sizeof curve);
    printf("curve_key: %s\n", hex);
    if (!signs) {
        fprintf(stderr, "esep-broker: it has no signing key: offices get no notes of ingress\n");
        return ESEP_OK;
    }
    esep_hex(sign.public, ESEP_KEY_BYTES, hex);
    esep_wipe(&sign, sizeof sign);
    printf("sign_key: %s\n", hex);
    return ESEP_OK;
}

/* Status for people. */

static const char *text_of(const json_t *map, const char *key)
{
    const char *text = json_string_value(json_object_get(map, key));
    return text != NULL ? text : "";
}

static long long number_of(const json_t *map, const char *key)
{
    return (long long)json_integer_value(json_object_get(map, key));
}

static bool yes(const json_t *map, const char *key)
{
    return json_is_true(json_object_get(map, key));
}

static void ago_text(const json_t *ms, char out[32])
{
    const long long value = (long long)json_integer_value(ms);
    if (!json_is_integer(ms)) {
        (void)snprintf(out, 32, "never");
    } else if (value < 120000) {
        (void)snprintf(out, 32, "%lld.%03lld s ago", value / 1000, value % 1000);
    } else {
        (void)snprintf(out, 32, "%lld min ago", value / 60000);
    }
}

static enum esep_status print_collectors(const json_t *root)
{
    static const char *const heads[] = {"collector", "state", "heard", "engine", "key", NULL};
    struct esep_table table;
    esep_table_init(&table, heads);
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(root, "collectors"), i, item)
    {
        char heard[32];
        ago_text(json_object_get(item, "heard_ms_ago"), heard);
        const char *state = !yes(item, "joined")    ? "not joined"
                            : yes(item, "draining") ? "going down"
                            : !yes(item, "ready")   ? "sending its roster"
                            : yes(item, "primary")  ? "primary"
                                                    : "stands by";
        esep_table_cell(&table, "%s", text_of(item, "name"));
        esep_table_cell(&table, "%s", state);
        esep_table_cell(&table, "%s", heard);
        esep_table_cell(&table, "%.16s", text_of(item, "engine"));
        esep_table_cell(&table, "%.16s", text_of(item, "key"));
    }
    enum esep_status status = ESEP_OK;
    if (i > 0) {
        status = esep_table_print(&table, stdout);
    } else {
        (void)puts("no collector is connected: offices are told to wait");
    }
    esep_table_done(&table);
    return status;
}

static enum esep_status print_offices(const json_t *root)
{
    static const char *const heads[] = {"office", "body",    "admission", "online", "last frame",
                                        "frames", "refused", "key",       NULL};
    struct esep_table table;
    esep_table_init(&table, heads);
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(root, "offices"), i, item)
    {
        char seen[32];
        ago_text(json_object_get(item, "seen_ms_ago"), seen);
        esep_table_cell(&table, "%lld", number_of(item, "office"));
        esep_table_cell(&table, "%s", text_of(item, "body"));
        esep_table_cell(&table, "%s", text_of(item, "admission"));
        esep_table_cell(&table, "%s", yes(item, "online") ? "yes" : "no");
        esep_table_cell(&table, "%s", seen);
        esep_table_cell(&table, "%lld", number_of(item, "frames"));
        esep_table_cell(&table, "%lld", number_of(item, "refused"));
        esep_table_cell(&table, "%.16s", text_of(item, "key"));
    }
    const enum esep_status status = i > 0 ? esep_table_print(&table, stdout) : ESEP_OK;
    esep_table_done(&table);
    return status;
}

static enum esep_status print_status(const json_t *root)
{
    printf("broker %s, up %lld s, key %s\n", text_of(root, "name"), number_of(root, "up_ms") / 1000,
           text_of(root, "curve_key"));
    printf("notes of ingress: %s%s\n",
           json_is_string(json_object_get(root, "sign_key")) ? "signed by " : "none, it has no key",
           text_of(root, "sign_key"));
    printf("log %s, roster as of entry %lld\n", text_of(root, "log_id"),
           number_of(root, "roster_version"));
    printf("%lld connections (%lld of keys not enrolled), %lld offices online, %lld of %lld "
           "descriptors%s\n\n",
           number_of(root, "connections"), number_of(root, "strangers"),
           number_of(root, "offices_online"), number_of(root, "descriptors"),
           number_of(root, "descriptors_max"),
           yes(root, "accepting") ? "" : ": NO NEW OFFICES until there is room");
    enum esep_status status = print_collectors(root);
    (void)putchar('\n');
    if (status == ESEP_OK) {
        status = print_offices(root);
    }
    (void)putchar('\n');
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(root, "counters"), name, value)
    {
        printf("%-24s %lld\n", name, (long long)json_integer_value(value));
    }
    return status;
}

enum esep_status command_status(const struct invocation *in, struct esep_reason *reason)
{
    struct broker_settings *settings = NULL;
    enum esep_status status = broker_settings_read(in->config, &settings, reason);
    if (status != ESEP_OK) {
        return status;
    }
    struct esep_buf reply;
    esep_buf_init(&reply, BROKER_STATUS_BYTES_MAX);
    if (settings->control[0] == '\0') {
        status = esep_because(reason, ESEP_INVALID,
                              "%s has no 'control': add it and restart the broker", in->config);
    } else {
        status = esep_control_call(settings->control, esep_slice_str("status"), STATUS_TIMEOUT_MS,
                                   &reply, reason);
    }
    if (status == ESEP_OK && in->json) {
        (void)fwrite(reply.data, 1, reply.len, stdout);
        (void)putchar('\n');
    } else if (status == ESEP_OK) {
        json_t *root = json_loadb((const char *)reply.data, reply.len, 0, NULL);
        status = root != NULL ? print_status(root)
                              : esep_because(reason, ESEP_INVALID, "the answer is no JSON");
        json_decref(root);
    }
    esep_buf_done(&reply);
    broker_settings_free(settings);
    return status;
}
