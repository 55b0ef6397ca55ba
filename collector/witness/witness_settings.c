/* collector/witness/witness_settings.c - see witness_settings.h. */
#include "collector/witness/witness_settings.h"

#include "io/clock.h"
#include "io/log.h"

#include <stdlib.h>

#define ROW(p, t, member, fb, lo, hi, text)                                                        \
    {                                                                                              \
        .path = (p), .type = (t), .offset = offsetof(struct witness_settings, member),             \
        .size = sizeof(((struct witness_settings *)0)->member), .fallback = (fb), .min = (lo),     \
        .max = (hi), .help = (text)                                                                \
    }
#define SECONDS(n) ((uint64_t)(n)*1000000u)

static const struct esep_config_row rows[] = {
    ROW("name", ESEP_CONFIG_TEXT, name, NULL, 0, 0,
        "the witness's name in its signatures, as in witness.example/w1; its key goes with it"),
    ROW("keys", ESEP_CONFIG_PATH, keys, NULL, 0, 0, "key file; keygen makes it"),
    ROW("store", ESEP_CONFIG_PATH, store, NULL, 0, 0,
        "folder of what was signed; made with the key, never put back from a copy"),
    ROW("listen", ESEP_CONFIG_TEXT, listen, "127.0.0.1:7090", 0, 0,
        "ADDRESS:PORT of plain HTTP; a proxy in front makes TLS of it; port 0: any"),
    ROW("clock", ESEP_CONFIG_TEXT, clock, "real", 0, 0,
        "real, at:INSTANT or shift:-365d: for drills and demonstrations"),
    ROW("sandbox", ESEP_CONFIG_BOOL, sandbox, "true", 0, 0,
        "the daemon gives up what it does not need: folders, system calls"),
    ROW("log.level", ESEP_CONFIG_TEXT, log_level, "info", 0, 0, "error, warning, info or debug"),
    ROW("limits.connections", ESEP_CONFIG_U64, connections, "64", 4, 4096, "open at a time"),
    ROW("limits.per_address", ESEP_CONFIG_U64, per_address, "0", 0, 4096,
        "of one address; 0: no bound, as behind a proxy"),
    ROW("limits.timeout", ESEP_CONFIG_DURATION, timeout, "20s", SECONDS(1), SECONDS(600),
        "for a request to be whole, and for its answer to be taken"),
    ROW("logs", ESEP_CONFIG_NODE, logs_node, NULL, 0, 0,
        "list of {key, origin}: the logs that are witnessed; origin: the key's name where left "
        "out; one log may have several keys"),
};
#define ROW_COUNT (sizeof rows / sizeof *rows)

static const char *text_of(const struct esep_yaml_node *item, const char *key)
{
    const struct esep_yaml_node *node = esep_yaml_get(item, key);
    return node != NULL && esep_yaml_kind(node) == ESEP_YAML_SCALAR ? esep_yaml_scalar(node) : "";
}

static struct witness_log *place_of(struct witness_settings *s, const char *origin)
{
    for (size_t i = 0; i < s->log_count; i++)
        if (strcmp(s->logs[i].origin, origin) == 0)
            return &s->logs[i];
    if (s->log_count == WITNESS_LOGS_MAX)
        return NULL;
    struct witness_log *log = &s->logs[s->log_count++];
    (void)snprintf(log->origin, sizeof log->origin, "%s", origin);
    return log;
}

static void take_log(struct witness_settings *s, const struct esep_yaml_node *item,
                     struct esep_complaints *complaints)
{
    static const char *const known[] = {"key", "origin", NULL};
    struct esep_note_key key;
    struct esep_reason reason = {""};
    if (esep_yaml_kind(item) != ESEP_YAML_MAP) {
        esep_complain(complaints, item, "an item of 'logs' must be a map");
        return;
    }
    esep_yaml_known(item, known, complaints);
    if (esep_note_key_parse(&key, text_of(item, "key"), &reason) != ESEP_OK) {
        esep_complain(complaints, item, "key: %s", reason.text);
        return;
    }
    if (key.algorithm != ESEP_NOTE_ED25519) {
        esep_complain(complaints, item, "key: this one is a witness's, not a log's");
        return;
    }
    const char *origin = esep_yaml_get(item, "origin") != NULL ? text_of(item, "origin") : key.name;
    if (origin[0] == '\0' || strlen(origin) > ESEP_ORIGIN_MAX) {
        esep_complain(complaints, item, "origin: a line of 1 to %d bytes", ESEP_ORIGIN_MAX);
        return;
    }
    struct witness_log *log = place_of(s, origin);
    if (log == NULL || log->key_count == WITNESS_LOG_KEYS_MAX)
        esep_complain(complaints, item, "at most %d logs, and %d keys of each", WITNESS_LOGS_MAX,
                      WITNESS_LOG_KEYS_MAX);
    else
        log->keys[log->key_count++] = key;
}

static void look(void *context, const struct esep_yaml_node *root,
                 struct esep_complaints *complaints)
{
    struct witness_settings *s = context;
    static const uint8_t any[ESEP_KEY_BYTES];
    enum esep_log_level level;
    struct esep_clock clock;
    struct esep_note_key key;
    struct esep_reason reason = {""};
    (void)root;
    if (esep_note_key(&key, s->name, ESEP_NOTE_COSIGNATURE, any, &reason) != ESEP_OK)
        esep_complain_at(complaints, 1, 1, "name: %s", reason.text);
    if (!esep_log_level_parse(s->log_level, &level))
        esep_complain_at(complaints, 1, 1, "log.level: '%s' is not error, warning, info or debug",
                         s->log_level);
    if (esep_clock_init(&clock, s->clock, &reason) != ESEP_OK)
        esep_complain_at(complaints, 1, 1, "%s", reason.text);
    if (esep_yaml_kind(s->logs_node) != ESEP_YAML_LIST) {
        esep_complain(complaints, s->logs_node, "'logs' must be a list");
        return;
    }
    for (size_t i = 0; i < esep_yaml_count(s->logs_node); i++)
        take_log(s, esep_yaml_item(s->logs_node, i), complaints);
}

enum esep_status witness_settings_read(const char *file, struct witness_settings **ret,
                                       struct esep_reason *reason)
{
    struct witness_settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to read %s", file);
    const enum esep_status status = esep_config_load(file, rows, ROW_COUNT, settings, look, reason);
    if (status == ESEP_OK)
        *ret = settings;
    else
        witness_settings_free(settings);
    return status;
}

void witness_settings_free(struct witness_settings *settings)
{
    free(settings);
}

void witness_settings_help(FILE *out)
{
    esep_config_help(rows, ROW_COUNT, out);
}
