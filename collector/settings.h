/* collector/settings.h - the collector's configuration file, read and checked.
 *
 * One table (settings.c) gives every key its type, default, range and sentence; `--help-config`
 * prints it. Lists of maps (brokers, operators, recipients, webhooks) are read by functions of
 * their own, with complaints that say file:line:column.
 */
#ifndef COLLECTOR_SETTINGS_H
#define COLLECTOR_SETTINGS_H

#include "collector/collector.h"
#include "collector/cosigners.h"
#include "io/config.h"

#include <stdio.h>

#define SETTINGS_BROKERS_MAX 8
#define SETTINGS_RECIPIENTS_MAX 256
#define SETTINGS_WEBHOOKS_MAX 16
#define SETTINGS_WITNESSES_MAX COSIGNERS_MAX

struct collector_broker {
    char address[256];
    uint8_t key[ESEP_KEY_BYTES];
};
struct collector_webhook {
    char name[64];
    char url[512];
    uint8_t secret[64]; /* Standard Webhooks: the signing key */
    size_t secret_len;
};
struct collector_witness {
    char url[512];     /* without /add-checkpoint, and no slash at its end */
    char ca_file[512]; /* "": the machine's certificates */
    struct esep_note_key key;
};
/* Who is told of the alerts of which body. One of mail and webhook is given. */
struct collector_recipient {
    char plan[64];                 /* "*": every plan */
    char body[ESEP_BODY_CODE_MAX]; /* "*": every body */
    enum views_audience audience;  /* is told also what concerns others */
    char mail[256];
    char webhook[64];
    char language[4];
};
struct collector_settings {
    char name[64];
    char store[256];
    char files[256];
    char keys[256];
    char signer[100];      /* socket of who holds the log's key; "": it is in the key file */
    char control[100];     /* a socket's path is short */
    char web_control[100]; /* "": no account orders anything */
    char web_listen[80];
    struct esep_config_texts web_hosts;
    struct esep_config_texts web_proxies;
    char web_files[256];
    char web_credentials[256];        /* "": no web process */
    char web_metrics_token_file[256]; /* "": /metrics takes a login */
    char web_exports[256];
    uint64_t web_exports_bytes;
    int64_t web_exports_kept;
    bool web_insecure;
    uint64_t web_connections;
    uint64_t web_streams;
    int64_t web_timeout;
    uint64_t web_sessions;
    int64_t web_session_idle;
    int64_t web_session_lifetime;
    char clock[64];
    bool sandbox;
    char log_level[16];
    uint64_t store_bytes;
    uint64_t frame_bytes;
    uint64_t credit_bytes;
    uint64_t ingest_bytes;
    uint64_t batch_bytes;
    uint64_t batch_records;
    uint64_t sessions;
    uint64_t offices;
    uint64_t obligations;
    uint64_t plans;
    uint64_t codes;
    uint64_t accounts;
    uint64_t file_bytes;
    uint64_t files_bytes;
    uint64_t office_files_bytes;
    uint64_t files_places;
    uint64_t file_window;
    int64_t files_kept;
    int64_t session_idle;
    int64_t presence_every;
    int64_t alerts_settle;
    int64_t link_heartbeat;
    uint64_t verify_share_percent; /* 0: not in the background */
    int64_t verify_every;
    uint8_t backup_recipient[ESEP_KEY_BYTES]; /* zero: backups are not encrypted */
    uint8_t backup_log_key[ESEP_KEY_BYTES];   /* zero: that of the key file */
    char mail_url[256];                       /* "": no mail */
    char mail_from[256];
    char mail_user[128];
    char mail_password_file[256];
    bool mail_tls;
    uint64_t delivery_tries;
    int64_t delivery_backoff;
    int64_t delivery_backoff_max;
    int64_t delivery_timeout;
    uint64_t witness_quorum;
    int64_t witness_every;
    int64_t witness_timeout;
    int64_t witness_offices_every;
    const struct esep_yaml_node *brokers_node;
    const struct esep_yaml_node *operators_node;
    const struct esep_yaml_node *webhooks_node;
    const struct esep_yaml_node *recipients_node;
    const struct esep_yaml_node *witnesses_node;
    size_t broker_count;
    struct collector_broker brokers[SETTINGS_BROKERS_MAX];
    size_t operator_count;
    struct collector_operator operators[COLLECTOR_OPERATORS_MAX];
    size_t webhook_count;
    struct collector_webhook webhooks[SETTINGS_WEBHOOKS_MAX];
    size_t recipient_count;
    struct collector_recipient recipients[SETTINGS_RECIPIENTS_MAX];
    size_t witness_count;
    struct collector_witness witnesses[SETTINGS_WITNESSES_MAX];
};

/* Reads file, or prints every complaint on stderr and returns ESEP_INVALID (others: reason). */
ESEP_MUST_USE enum esep_status collector_settings_read(const char *file,
                                                       struct collector_settings **ret,
                                                       struct esep_reason *reason);
void collector_settings_free(struct collector_settings *settings);
void collector_settings_help(FILE *out);
/* "" in log_level is checked at reading. */
struct views_limits collector_settings_limits(const struct collector_settings *settings);

#endif
