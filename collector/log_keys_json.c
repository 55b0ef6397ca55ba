/* collector/log_keys_json.c - see log_keys_json.h. */
#include "collector/log_keys_json.h"

#include "io/json.h"

void log_keys_vkey(const struct collector_log *log, const uint8_t key[ESEP_KEY_BYTES],
                   char out[ESEP_NOTE_VKEY_MAX])
{
    char origin[ESEP_ORIGIN_MAX + 1];
    struct esep_note_key name;
    out[0] = '\0';
    esep_log_origin(&log->log_id, log->generation, origin);
    if (esep_note_key(&name, origin, ESEP_NOTE_ED25519, key, NULL) == ESEP_OK)
        esep_note_key_format(&name, out);
}

static json_t *hex_json(const uint8_t *bytes, size_t len)
{
    char hex[2 * ESEP_SIGNATURE_BYTES + 1];
    esep_hex(bytes, len, hex);
    return json_string(hex);
}

static json_t *key_json(const struct collector_log *log, const struct esep_log_keys *keys, size_t i)
{
    const struct esep_log_key *key = &keys->at[i];
    const struct esep_log_key *next = i + 1 < keys->count ? &keys->at[i + 1] : NULL;
    char fingerprint[ESEP_CODE_TEXT_BYTES];
    char vkey[ESEP_NOTE_VKEY_MAX];
    esep_log_fingerprint(key->public, fingerprint);
    log_keys_vkey(log, key->public, vkey);
    return json_pack(
        "{s:o, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:I, s:o, s:o}", "log_key",
        hex_json(key->public, ESEP_KEY_BYTES), "log_vkey", vkey, "fingerprint", fingerprint,
        "from_generation", (json_int_t)key->generation, "from_size", (json_int_t)key->size,
        "through_generation", (json_int_t)(next != NULL ? next->generation : log->generation),
        "through_size", next != NULL ? json_integer((json_int_t)next->size) : json_null(), "at",
        i > 0 ? esep_json_time(key->at, NULL) : json_null(), "at_us", (json_int_t)key->at, "by_old",
        i > 0 ? hex_json(key->by_old, sizeof key->by_old) : json_null(), "by_new",
        i > 0 ? hex_json(key->by_new, sizeof key->by_new) : json_null());
}

json_t *log_keys_json(const struct collector_log *log, const struct esep_log_keys *keys)
{
    json_t *list = json_array();
    for (size_t i = 0; i < keys->count; i++)
        (void)json_array_append_new(list, key_json(log, keys, i));
    return json_pack("{s:s, s:o, s:o}", "format", "esep-log-keys/1", "log_id",
                     hex_json(log->log_id.bytes, ESEP_HASH_BYTES), "keys", list);
}
