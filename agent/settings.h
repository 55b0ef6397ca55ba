/* agent/settings.h - the agent's configuration file, read and checked; the table is in settings.c.
 *
 * It decides what may stand in the file and between which bounds; what follows from a value is the
 * core's and the journal's to decide. The whole file is checked before anything is returned, and
 * every complaint comes at once. What is returned has at least one broker and never changes: a new
 * file makes new settings.
 */
#ifndef AGENT_SETTINGS_H
#define AGENT_SETTINGS_H

#include "agent/agent.h"
#include "io/config.h"

#include <stdio.h>

struct agent_broker {
    char address[256];
    uint8_t key[ESEP_KEY_BYTES];
    uint8_t sign_key[ESEP_KEY_BYTES]; /* of its notes of ingress; zero: it is asked for none */
};
struct agent_settings {
    char journal[200];
    char keys[256];
    char files[256];
    char label[65];
    char clock[64];
    char language[4];
    bool sandbox;
    char log_level[16];
    char page_files[200];
    bool page_enabled;
    char socks_proxy[128];
    char socks_login[256]; /* a file */
    bool compress;
    uint8_t log_id[ESEP_HASH_BYTES];
    uint8_t log_key[ESEP_KEY_BYTES];
    uint8_t seal_key[ESEP_KEY_BYTES];
    uint64_t page_port;
    uint64_t journal_bytes;
    uint64_t entries;
    uint64_t files_bytes;
    uint64_t keep_days;
    uint64_t frame_bytes;
    uint64_t read_bytes;
    uint64_t chunk_bytes;
    int64_t connect_timeout;
    int64_t hello_timeout;
    int64_t reply_timeout;
    int64_t keep_alive;
    int64_t backoff;
    int64_t backoff_max;
    int64_t ingress_after;
    int64_t poll;
    /* Windows and metering. */
    const struct esep_yaml_node *windows_node;
    char zone[64];
    bool urgent;
    bool metered;
    int64_t stay;
    int64_t again;
    int64_t metered_keep_alive;
    uint64_t day_bytes, day_bytes_out, day_bytes_in;
    uint64_t text_percent;
    struct agent_rules rules; /* what follows from these */
    const struct esep_yaml_node *witnesses_node;
    uint32_t witness_count;
    struct esep_note_key witnesses[AGENT_WITNESSES_MAX];
    const struct esep_yaml_node *brokers_node;
    size_t broker_count;
    struct agent_broker brokers[AGENT_BROKERS_MAX];
};

/* Prints every complaint on stderr and returns ESEP_INVALID; others: reason. */
ESEP_MUST_USE enum esep_status agent_settings_read(const char *file, struct agent_settings **ret,
                                                   struct esep_reason *reason);
void agent_settings_free(struct agent_settings *settings);
void agent_settings_help(FILE *out);

#endif
