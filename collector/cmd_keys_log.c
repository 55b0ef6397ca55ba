/* collector/cmd_keys_log.c - `keys --log`: the keys of the log itself, and what each has signed.
 *
 * From the store alone, as brokers and offices are told; `log verify` holds each against the one
 * before it.
 */
#include "collector/commands.h"
#include "collector/log_keys_json.h"
#include "collector/state.h"
#include "io/table.h"

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
        log_keys_vkey(log, keys->at[i].public, vkey);
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
    return json ? esep_json_print(log_keys_json(log, &keys)) : print_text(log, &keys);
}
