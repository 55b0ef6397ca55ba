/* collector/cmd_keys_log.c - `keys --log`: the keys of the log itself, and what each has signed.
 *
 * From the store alone, as brokers and offices are told; `log verify` holds each against the one
 * before it.
 */
#include "collector/commands.h"
#include "collector/log_lmdb.h"
#include "collector/state.h"
#include "io/table.h"

static void vkey_of(const struct collector_log *log, const uint8_t key[ESEP_KEY_BYTES],
                    char out[ESEP_NOTE_VKEY_MAX])
{
    char origin[ESEP_ORIGIN_MAX + 1];
    struct esep_note_key name;
    out[0] = '\0';
    esep_log_origin(&log->log_id, log->generation, origin);
    if (esep_note_key(&name, origin, ESEP_NOTE_ED25519, key, NULL) == ESEP_OK)
        esep_note_key_format(&name, out);
}

static json_t *key_json(const struct collector_log *log, const struct esep_log_keys *keys, size_t i)
{
    const struct esep_log_key *key = &keys->at[i];
    const struct esep_log_key *next = i + 1 < keys->count ? &keys->at[i + 1] : NULL;
    char hex[2 * ESEP_KEY_BYTES + 1];
    char fingerprint[ESEP_CODE_TEXT_BYTES];
    char vkey[ESEP_NOTE_VKEY_MAX];
    esep_hex(key->public, ESEP_KEY_BYTES, hex);
    esep_log_fingerprint(key->public, fingerprint);
    vkey_of(log, key->public, vkey);
    return json_pack("{s:s, s:s, s:s, s:I, s:o, s:I, s:o}", "log_key", hex, "log_vkey", vkey,
                     "fingerprint", fingerprint, "from_generation", (json_int_t)key->generation,
                     "from_size", collector_json_u64(key->size), "through_generation",
                     (json_int_t)(next != NULL ? next->generation : log->generation),
                     "through_size", next != NULL ? collector_json_u64(next->size) : json_null());
}

static int print_json(const struct collector_log *log, const struct esep_log_keys *keys)
{
    json_t *list = json_array();
    for (size_t i = 0; i < keys->count; i++) {
        json_t *item = key_json(log, keys, i);
        (void)json_object_set_new(item, "at",
                                  i > 0 ? esep_json_time(keys->at[i].at, NULL) : json_null());
        (void)json_array_append_new(list, item);
    }
    return esep_json_print(json_pack("{s:s, s:o}", "format", "esep-log-keys/1", "keys", list));
}

static int print_text(const struct collector_log *log, const struct esep_log_keys *keys)
{
    static const char *const heads[] = {"fingerprint", "since",    "from entries",
                                        "through",     "log_vkey", NULL};
    struct esep_table table;
    esep_table_init(&table, heads);
    for (size_t i = 0; i < keys->count; i++) {
        char fingerprint[ESEP_CODE_TEXT_BYTES];
        char vkey[ESEP_NOTE_VKEY_MAX];
        char when[32];
        esep_log_fingerprint(keys->at[i].public, fingerprint);
        vkey_of(log, keys->at[i].public, vkey);
        esep_time_format(keys->at[i].at, NULL, when);
        esep_table_cell(&table, "%s", fingerprint);
        esep_table_cell(&table, "%.16s", i > 0 ? when : "the beginning");
        esep_table_cell(&table, "%llu", (unsigned long long)keys->at[i].size);
        if (i + 1 < keys->count)
            esep_table_cell(&table, "%llu", (unsigned long long)keys->at[i + 1].size);
        else
            esep_table_cell(&table, "now");
        esep_table_cell(&table, "%s", vkey);
    }
    const bool printed = esep_table_print(&table, stdout) == ESEP_OK;
    if (!printed)
        (void)fprintf(stderr, "esep-collector: no memory for the table\n");
    esep_table_done(&table);
    return 0;
}

int collector_keys_log(struct collector_log *log, bool json, struct esep_reason *reason)
{
    struct esep_log_keys keys;
    const enum esep_status status = collector_state_log_keys(log, &keys, reason);
    if (status != ESEP_OK)
        return collector_fail(status, reason);
    return json ? print_json(log, &keys) : print_text(log, &keys);
}
