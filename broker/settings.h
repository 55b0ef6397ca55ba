/* broker/settings.h - the broker's configuration file, read and checked.
 *
 * One table (settings.c) gives every key its type, default, range and sentence; `--help-config`
 * prints it. What HUP may change and what needs a restart is decided by broker_settings_fixed and
 * broker_reconfigure.
 */
#ifndef BROKER_SETTINGS_H
#define BROKER_SETTINGS_H

#include "broker/broker.h"
#include "io/config.h"
#include "io/log.h"

#include <stdio.h>

struct broker_settings {
    char name[BROKER_NAME_BYTES];
    char keys[256];
    char clock[64];
    char control[108]; /* "": none; a socket's path is short */
    bool sandbox;
    char log_level[16];
    struct esep_config_texts agents;
    struct esep_config_texts collectors;
    struct esep_config_texts collector_keys;
    uint8_t log_id[ESEP_HASH_BYTES];
    uint8_t log_key[ESEP_KEY_BYTES];
    bool enrolment;
    uint64_t keys_max, conns_max, strangers_max, conns_per_key;
    uint64_t frame_bytes;
    uint64_t frames_per_second, frames_burst;
    uint64_t bytes_per_second, bytes_burst;
    uint64_t refusals_per_second, refusals_burst;
    uint64_t strangers_per_second, strangers_burst;
    uint64_t agent_queue, collector_queue;
    int64_t stranger_every, ingress_every, heartbeat, idle, wait, drain, handshake, agent_ping;
    enum esep_log_level level;
    struct broker_config core; /* all but curve_public, sign_key and seed */
};

/* Reads file, or prints every complaint on stderr and returns ESEP_INVALID (others: reason). */
ESEP_MUST_USE enum esep_status broker_settings_read(const char *file, struct broker_settings **ret,
                                                    struct esep_reason *reason);
void broker_settings_free(struct broker_settings *settings);
void broker_settings_help(FILE *out);
/* The first key that differs and that a running broker cannot take over; NULL: none. */
const char *broker_settings_fixed(const struct broker_settings *a, const struct broker_settings *b);
/* The key file's path alone, from a config that need not be complete yet (`init`). */
ESEP_MUST_USE enum esep_status broker_settings_keys_path(const char *file, char ret_path[256],
                                                         struct esep_reason *reason);

#endif
