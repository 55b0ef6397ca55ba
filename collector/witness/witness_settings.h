/* collector/witness/witness_settings.h - the witness's configuration file, read and checked.
 *
 * One table gives every key its type, default, range and sentence. The logs' keys are parsed here:
 * a slip of the hand in one is a complaint with its place, and the witness does not start.
 */
#ifndef COLLECTOR_WITNESS_SETTINGS_H
#define COLLECTOR_WITNESS_SETTINGS_H

#include "collector/witness/witness.h"
#include "io/config.h"

#include <stdio.h>

#define WITNESS_LOGS_MAX 256

struct witness_settings {
    char name[ESEP_NOTE_NAME_MAX + 1];
    char keys[256];
    char store[256];
    char listen[80];
    char clock[64];
    bool sandbox;
    char log_level[16];
    uint64_t connections;
    uint64_t per_address;
    int64_t timeout;
    const struct esep_yaml_node *logs_node;
    size_t log_count;
    struct witness_log logs[WITNESS_LOGS_MAX];
};
/* Reads file, or prints every complaint on stderr and returns ESEP_INVALID (others: reason). */
ESEP_MUST_USE enum esep_status
witness_settings_read(const char *file, struct witness_settings **ret, struct esep_reason *reason);
void witness_settings_free(struct witness_settings *settings);
void witness_settings_help(FILE *out);

#endif
