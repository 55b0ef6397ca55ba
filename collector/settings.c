/* collector/settings.c - see settings.h. */
#include "collector/settings.h"

#include "collector/mail_address.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#define ROW(p, t, member, fb, lo, hi, text)                                                        \
    {                                                                                              \
        .path = (p), .type = (t), .offset = offsetof(struct collector_settings, member),           \
        .size = sizeof(((struct collector_settings *)0)->member), .fallback = (fb), .min = (lo),   \
        .max = (hi), .help = (text)                                                                \
    }
#define SECONDS(n) ((uint64_t)(n)*1000000u)

static const struct esep_config_row rows[] = {
    ROW("name", ESEP_CONFIG_TEXT, name, "collector", 0, 0, "what this collector is called"),
    ROW("store", ESEP_CONFIG_PATH, store, NULL, 0, 0, "folder of the log and its views"),
    ROW("keys", ESEP_CONFIG_PATH, keys, NULL, 0, 0, "key file: log key, seal key, link key"),
    ROW("files", ESEP_CONFIG_PATH, files, "", 0, 0,
        "folder of the files that reports name; left out: the store's name and -files"),
    ROW("control", ESEP_CONFIG_PATH, control, NULL, 0, 0,
        "socket for local orders; its folder is made with mode 0700"),
    ROW("web.control", ESEP_CONFIG_PATH, web_control, "", 0, 0,
        "socket for the orders of accounts, 0660 in a folder of mode 0750; empty: none"),
    ROW("web.listen", ESEP_CONFIG_TEXT, web_listen, "127.0.0.1:8080", 0, 0,
        "ADDRESS:PORT of the page's HTTP; a proxy in front makes TLS of it; port 0: any"),
    ROW("web.hosts", ESEP_CONFIG_TEXTS, web_hosts, "", 0, 0,
        "the names, without port, under which browsers reach the page; none: localhost"),
    ROW("web.proxies", ESEP_CONFIG_TEXTS, web_proxies, "", 0, 0,
        "addresses whose X-Forwarded-For is believed; none: 127.0.0.1 and ::1"),
    ROW("web.files", ESEP_CONFIG_PATH, web_files, "/usr/share/esep/board", 0, 0,
        "folder of the page's files"),
    ROW("web.credentials", ESEP_CONFIG_PATH, web_credentials, "", 0, 0,
        "folder of the passwords' store; empty: nobody can log in, and web does not start"),
    ROW("web.metrics_token_file", ESEP_CONFIG_PATH, web_metrics_token_file, "", 0, 0,
        "file (0600) with the token that reads /metrics; none: it takes a login"),
    ROW("web.exports", ESEP_CONFIG_PATH, web_exports, "/var/tmp", 0, 0,
        "folder for files that are being fetched; they have no names there"),
    ROW("web.exports_bytes", ESEP_CONFIG_U64, web_exports_bytes, "1G", 65536, 1ull << 40,
        "all such files together; one has a quarter of it at most"),
    ROW("web.exports_kept", ESEP_CONFIG_DURATION, web_exports_kept, "1h", SECONDS(1),
        SECONDS(86400), "such a file can be fetched for so long"),
    ROW("web.insecure", ESEP_CONFIG_BOOL, web_insecure, "false", 0, 0,
        "cookies over plain HTTP; only for a browser on this machine"),
    ROW("web.connections", ESEP_CONFIG_U64, web_connections, "512", 4, 65536, "open connections"),
    ROW("web.streams", ESEP_CONFIG_U64, web_streams, "400", 1, 65536, "live viewers at a time"),
    ROW("web.timeout", ESEP_CONFIG_DURATION, web_timeout, "20s", SECONDS(1), SECONDS(600),
        "for a request to be whole, and for its answer to be taken"),
    ROW("web.sessions", ESEP_CONFIG_U64, web_sessions, "1024", 1, 65536,
        "people logged in at a time"),
    ROW("web.session_idle", ESEP_CONFIG_DURATION, web_session_idle, "30m", SECONDS(10),
        SECONDS(86400), "a login unused for so long ends"),
    ROW("web.session_lifetime", ESEP_CONFIG_DURATION, web_session_lifetime, "12h", SECONDS(10),
        SECONDS(7 * 86400), "a login ends after so long, used or not"),
    ROW("signer.socket", ESEP_CONFIG_PATH, signer, "", 0, 0,
        "socket of `esep-collector signer`, which holds the log's key; empty: the key file does"),
    ROW("clock", ESEP_CONFIG_TEXT, clock, "real", 0, 0,
        "real, at:INSTANT or shift:-365d: for drills and demonstrations"),
    ROW("sandbox", ESEP_CONFIG_BOOL, sandbox, "true", 0, 0,
        "the daemon gives up what it does not need: folders, system calls (restart to change)"),
    ROW("log.level", ESEP_CONFIG_TEXT, log_level, "info", 0, 0, "error, warning, info or debug"),
    ROW("limits.store_bytes", ESEP_CONFIG_U64, store_bytes, "64G", 1u << 20, 1ull << 46,
        "size of the store's map; 80 % of it is used, then new reports are refused"),
    ROW("limits.frame_bytes", ESEP_CONFIG_U64, frame_bytes, "64k", 65536, 1u << 20,
        "largest frame an office may send"),
    ROW("limits.credit_bytes", ESEP_CONFIG_U64, credit_bytes, "1M", 65536, 1u << 26,
        "bytes one office may have under way"),
    ROW("limits.ingest_bytes", ESEP_CONFIG_U64, ingest_bytes, "256M", 1u << 20, 1ull << 34,
        "bytes all offices may have waiting for a signature or a commit"),
    ROW("limits.batch_bytes", ESEP_CONFIG_U64, batch_bytes, "16M", 1u << 20, 1u << 30,
        "largest commit"),
    ROW("limits.batch_records", ESEP_CONFIG_U64, batch_records, "32k", 256, 1u << 20,
        "entries in one commit, at most"),
    ROW("limits.sessions", ESEP_CONFIG_U64, sessions, "4096", 1, 1u << 20, "open sessions"),
    ROW("limits.offices", ESEP_CONFIG_U64, offices, "4096", 1, 1u << 20, "enrolled offices"),
    ROW("limits.obligations", ESEP_CONFIG_U64, obligations, "65536", 16, 1u << 24,
        "obligations of all plans"),
    ROW("limits.plans", ESEP_CONFIG_U64, plans, "256", 1, 65536, "plans and their changes"),
    ROW("limits.codes", ESEP_CONFIG_U64, codes, "8192", 1, 1u << 20, "enrolment codes"),
    ROW("limits.accounts", ESEP_CONFIG_U64, accounts, "1024", 1, 65536,
        "accounts of the commission, closed ones too"),
    ROW("limits.file_bytes", ESEP_CONFIG_U64, file_bytes, "32M", 1024, 1ull << 32,
        "largest file a report may name"),
    ROW("limits.files_bytes", ESEP_CONFIG_U64, files_bytes, "64G", 1u << 20, 1ull << 46,
        "of all files together; then no more are taken, reports are"),
    ROW("limits.office_files_bytes", ESEP_CONFIG_U64, office_files_bytes, "4G", 1u << 20,
        1ull << 46, "of one office's files"),
    ROW("limits.files", ESEP_CONFIG_U64, files_places, "256", 1, 65536,
        "files that offices may be sending at a time"),
    ROW("limits.file_window", ESEP_CONFIG_U64, file_window, "256k", 65536, 1u << 26,
        "of a file, sent ahead of what is written"),
    ROW("limits.files_kept", ESEP_CONFIG_DURATION, files_kept, "30d", SECONDS(60),
        SECONDS(3650ull * 86400), "a partial file that nobody goes on with stays so long"),
    ROW("limits.session_idle", ESEP_CONFIG_DURATION, session_idle, "20m", SECONDS(1),
        SECONDS(86400),
        "an office unheard of for so long says Hello again; longer than a metered one's "
        "keep_alive"),
    ROW("limits.presence_every", ESEP_CONFIG_DURATION, presence_every, "6h", SECONDS(1),
        SECONDS(7 * 86400), "log an office's sign of life at most so often"),
    ROW("limits.link_heartbeat", ESEP_CONFIG_DURATION, link_heartbeat, "2s", 100000, SECONDS(60),
        "beat to each broker; three missed beats are an absence"),
    ROW("verify.share_percent", ESEP_CONFIG_U64, verify_share_percent, "2", 0, 50,
        "of a core and the disk, to verify the log again and again; 0: only `log verify` does"),
    ROW("verify.every", ESEP_CONFIG_DURATION, verify_every, "24h", SECONDS(1), SECONDS(365 * 86400),
        "from the end of one round to the next; a restart begins a round"),
    ROW("backup.recipient", ESEP_CONFIG_KEY, backup_recipient, "", 0, 0,
        "public key that backups are encrypted to (backup keygen prints it); empty: they are not"),
    ROW("backup.log_key", ESEP_CONFIG_KEY, backup_log_key, "", 0, 0,
        "the log's public key, that restore asks a backup's signature of; empty: the key file's"),
    ROW("alerts.mail.url", ESEP_CONFIG_TEXT, mail_url, "", 0, 0,
        "smtp://host:port or smtps://host:port; empty: no mail"),
    ROW("alerts.mail.from", ESEP_CONFIG_TEXT, mail_from, "", 0, 0, "sender's address"),
    ROW("alerts.mail.user", ESEP_CONFIG_TEXT, mail_user, "", 0, 0, "user at the mail server"),
    ROW("alerts.mail.password_file", ESEP_CONFIG_PATH, mail_password_file, "", 0, 0,
        "file (0600) with the password of that user"),
    ROW("alerts.mail.tls", ESEP_CONFIG_BOOL, mail_tls, "true", 0, 0,
        "demand STARTTLS with smtp://; false only for a server on this machine"),
    ROW("alerts.settle", ESEP_CONFIG_DURATION, alerts_settle, "2m", 0, SECONDS(86400),
        "no alerts for so long after the start: offices come back first"),
    ROW("alerts.tries", ESEP_CONFIG_U64, delivery_tries, "12", 1, 1000,
        "tries of one delivery before it is given up and logged so"),
    ROW("alerts.backoff", ESEP_CONFIG_DURATION, delivery_backoff, "10s", 10000, SECONDS(86400),
        "wait after the first failure; doubled after each"),
    ROW("alerts.backoff_max", ESEP_CONFIG_DURATION, delivery_backoff_max, "6h", 10000,
        SECONDS(7 * 86400), "longest wait between tries"),
    ROW("alerts.timeout", ESEP_CONFIG_DURATION, delivery_timeout, "30s", 100000, SECONDS(600),
        "one try's deadline"),
    ROW("brokers", ESEP_CONFIG_NODE, brokers_node, "", 0, 0, "list of {address, key}"),
    ROW("operators", ESEP_CONFIG_NODE, operators_node, "", 0, 0,
        "list of {name, sign_key, curve_key}: who may order through a broker"),
    ROW("alerts.webhooks", ESEP_CONFIG_NODE, webhooks_node, "", 0, 0,
        "list of {name, url, secret_file}"),
    ROW("alerts.recipients", ESEP_CONFIG_NODE, recipients_node, "", 0, 0,
        "list of {plan, body, secretariat, mail or webhook, language}"),
    ROW("witnesses", ESEP_CONFIG_NODE, witnesses_node, "", 0, 0,
        "list of {url, key, ca_file}: who is asked to cosign the log's heads, C2SP tlog-witness"),
    ROW("witness.quorum", ESEP_CONFIG_U64, witness_quorum, "1", 1, SETTINGS_WITNESSES_MAX,
        "a head goes to offices, and to /checkpoint/cosigned, with so many cosignatures"),
    ROW("witness.every", ESEP_CONFIG_DURATION, witness_every, "10s", 100000, SECONDS(86400),
        "ask for the newest head at most so often"),
    ROW("witness.timeout", ESEP_CONFIG_DURATION, witness_timeout, "20s", 100000, SECONDS(600),
        "one request's deadline; nothing else waits for it"),
    ROW("witness.offices_every", ESEP_CONFIG_DURATION, witness_offices_every, "10m", 100000,
        SECONDS(86400), "an office gets a cosigned head at most so often while it is connected"),
};
#define ROW_COUNT (sizeof rows / sizeof *rows)

/* One key of a list's map, as text. */
static bool take_text(const struct esep_yaml_node *item, const char *key, char *ret, size_t size,
                      bool wanted, struct esep_complaints *complaints)
{
    const struct esep_yaml_node *node = esep_yaml_get(item, key);
    if (node == NULL) {
        if (wanted)
            esep_complain(complaints, item, "'%s' is missing", key);
        return !wanted;
    }
    const char *text = esep_yaml_scalar(node);
    if (esep_yaml_kind(node) != ESEP_YAML_SCALAR || strlen(text) >= size) {
        esep_complain(complaints, node, "'%s' must be a text of at most %zu bytes", key, size - 1);
        return false;
    }
    memcpy(ret, text, strlen(text) + 1);
    return true;
}

static bool take_key(const struct esep_yaml_node *item, const char *key,
                     uint8_t ret[ESEP_KEY_BYTES], struct esep_complaints *complaints)
{
    char text[65];
    if (!take_text(item, key, text, sizeof text, true, complaints))
        return false;
    if (esep_unhex(text, ret, ESEP_KEY_BYTES) != ESEP_OK) {
        esep_complain(complaints, esep_yaml_get(item, key), "'%s' must be 64 hex digits", key);
        return false;
    }
    return true;
}

/* Walks a list of maps: checks the keys and calls take for each. */
static size_t
take_list(const struct esep_yaml_node *list, const char *what, size_t max, const char *const *known,
          void (*take)(struct collector_settings *settings, size_t place,
                       const struct esep_yaml_node *item, struct esep_complaints *complaints),
          struct collector_settings *settings, struct esep_complaints *complaints)
{
    if (list == NULL)
        return 0;
    if (esep_yaml_kind(list) != ESEP_YAML_LIST) {
        esep_complain(complaints, list, "'%s' must be a list", what);
        return 0;
    }
    size_t count = esep_yaml_count(list);
    if (count > max) {
        esep_complain(complaints, list, "'%s' may have at most %zu items", what, max);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(list, i);
        if (esep_yaml_kind(item) != ESEP_YAML_MAP) {
            esep_complain(complaints, item, "an item of '%s' must be a map", what);
            continue;
        }
        esep_yaml_known(item, known, complaints);
        take(settings, i, item, complaints);
    }
    return count;
}

static void take_broker(struct collector_settings *settings, size_t place,
                        const struct esep_yaml_node *item, struct esep_complaints *complaints)
{
    struct collector_broker *broker = &settings->brokers[place];
    (void)take_text(item, "address", broker->address, sizeof broker->address, true, complaints);
    (void)take_key(item, "key", broker->key, complaints);
    const char *address = broker->address;
    if (address[0] != 0 && strncmp(address, "ipc://", 6) != 0 &&
        (strncmp(address, "tcp://", 6) != 0 || strchr(address + 6, ':') == NULL))
        esep_complain(complaints, item, "address '%s': say tcp://HOST:PORT", address);
}

static void take_operator(struct collector_settings *settings, size_t place,
                          const struct esep_yaml_node *item, struct esep_complaints *complaints)
{
    struct collector_operator *operator= & settings->operators[place];
    (void)take_text(item, "name", operator->name, sizeof operator->name, true, complaints);
    (void)take_key(item, "sign_key", operator->sign_key, complaints);
    (void)take_key(item, "curve_key", operator->curve_key, complaints);
    for (size_t i = 0; i < place; i++)
        if (strcmp(settings->operators[i].name, operator->name) == 0 ||
            memcmp(settings->operators[i].curve_key, operator->curve_key, ESEP_KEY_BYTES) == 0)
            esep_complain(complaints, item,
                          "operator '%s' is there twice, by name or by key", operator->name);
}

/* A secret as Standard Webhooks writes it: "whsec_" and base64. */
static void take_secret(struct collector_webhook *webhook, const struct esep_yaml_node *item,
                        const char *path, struct esep_complaints *complaints)
{
    char text[128];
    struct esep_reason reason = {""};
    if (esep_secret_read(path, text, sizeof text, &reason) != ESEP_OK) {
        esep_complain(complaints, item, "%s", reason.text);
        return;
    }
    const char *base64 = strncmp(text, "whsec_", 6) == 0 ? text + 6 : text;
    if (sodium_base642bin(webhook->secret, sizeof webhook->secret, base64, strlen(base64), NULL,
                          &webhook->secret_len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        webhook->secret_len < 16)
        esep_complain(complaints, item,
                      "'%s' must hold whsec_ and the base64 of 16 to 64 random bytes", path);
    esep_wipe(text, sizeof text);
}

/* A path in a list's item is relative to the config's folder, like every other. */
static void beside(char *out, size_t size, const char *config, const char *path)
{
    const char *slash = strrchr(config, '/');
    int folder = path[0] == '/' || slash == NULL ? 0 : (int)(slash - config) + 1;
    (void)snprintf(out, size, "%.*s%s", folder, config, path);
}

static void take_webhook(struct collector_settings *settings, size_t place,
                         const struct esep_yaml_node *item, struct esep_complaints *complaints)
{
    struct collector_webhook *webhook = &settings->webhooks[place];
    char given[256] = "";
    (void)take_text(item, "name", webhook->name, sizeof webhook->name, true, complaints);
    (void)take_text(item, "url", webhook->url, sizeof webhook->url, true, complaints);
    for (size_t i = 0; i < place; i++)
        if (strcmp(settings->webhooks[i].name, webhook->name) == 0)
            esep_complain(complaints, item, "webhook '%s' is there twice", webhook->name);
    if (webhook->url[0] != 0 && strncmp(webhook->url, "https://", 8) != 0 &&
        strncmp(webhook->url, "http://", 7) != 0)
        esep_complain(complaints, item, "url must begin with https:// or http://");
    if (!take_text(item, "secret_file", given, sizeof given, true, complaints))
        return;
    char path[512];
    beside(path, sizeof path, complaints->file, given);
    take_secret(webhook, item, path, complaints);
}

/* Whose certificates are believed of this one alone. */
static void take_authority(struct collector_witness *witness, const struct esep_yaml_node *item,
                           struct esep_complaints *complaints)
{
    char given[256] = "";
    if (!take_text(item, "ca_file", given, sizeof given, false, complaints) || given[0] == '\0')
        return;
    beside(witness->ca_file, sizeof witness->ca_file, complaints->file, given);
    if (access(witness->ca_file, R_OK) != 0)
        esep_complain(complaints, esep_yaml_get(item, "ca_file"), "%s: %s", witness->ca_file,
                      strerror(errno));
    else if (strncmp(witness->url, "https://", 8) != 0)
        esep_complain(complaints, esep_yaml_get(item, "ca_file"), "the url is not https://");
}

static void take_witness(struct collector_settings *settings, size_t place,
                         const struct esep_yaml_node *item, struct esep_complaints *complaints)
{
    struct collector_witness *witness = &settings->witnesses[place];
    struct esep_reason reason = {""};
    char key[ESEP_NOTE_VKEY_MAX] = "";
    (void)take_text(item, "url", witness->url, sizeof witness->url, true, complaints);
    size_t len = strlen(witness->url);
    while (len > 0 && witness->url[len - 1] == '/')
        witness->url[--len] = '\0';
    if (len > 0 && strncmp(witness->url, "https://", 8) != 0 &&
        strncmp(witness->url, "http://", 7) != 0)
        esep_complain(complaints, item, "url must begin with https:// or http://");
    take_authority(witness, item, complaints);
    if (!take_text(item, "key", key, sizeof key, true, complaints))
        return;
    if (esep_note_key_parse(&witness->key, key, &reason) != ESEP_OK)
        esep_complain(complaints, esep_yaml_get(item, "key"), "%s", reason.text);
    else if (witness->key.algorithm != ESEP_NOTE_COSIGNATURE)
        esep_complain(complaints, esep_yaml_get(item, "key"),
                      "this is a log's key; a witness's is printed by 'witness keygen'");
    for (size_t i = 0; i < place; i++)
        if (strcmp(settings->witnesses[i].key.name, witness->key.name) == 0 ||
            strcmp(settings->witnesses[i].url, witness->url) == 0)
            esep_complain(complaints, item, "witness '%s' is there twice, by name or by url",
                          witness->key.name);
}

static bool webhook_known(const struct collector_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->webhook_count; i++)
        if (strcmp(settings->webhooks[i].name, name) == 0)
            return true;
    return false;
}

static bool take_flag(const struct esep_yaml_node *item, const char *name,
                      struct esep_complaints *complaints)
{
    char flag[8] = "false";
    (void)take_text(item, name, flag, sizeof flag, false, complaints);
    if (strcmp(flag, "true") != 0 && strcmp(flag, "false") != 0)
        esep_complain(complaints, esep_yaml_get(item, name), "must be true or false");
    return strcmp(flag, "true") == 0;
}

static void take_recipient(struct collector_settings *settings, size_t place,
                           const struct esep_yaml_node *item, struct esep_complaints *complaints)
{
    struct collector_recipient *r = &settings->recipients[place];
    *r = (struct collector_recipient){.plan = "*", .body = "*", .language = "ru"};
    (void)take_text(item, "plan", r->plan, sizeof r->plan, false, complaints);
    (void)take_text(item, "body", r->body, sizeof r->body, false, complaints);
    (void)take_text(item, "mail", r->mail, sizeof r->mail, false, complaints);
    (void)take_text(item, "webhook", r->webhook, sizeof r->webhook, false, complaints);
    (void)take_text(item, "language", r->language, sizeof r->language, false, complaints);
    const bool secretariat = take_flag(item, "secretariat", complaints);
    const bool operators = take_flag(item, "operators", complaints);
    r->audience = secretariat ? VIEWS_SECRETARIAT : operators ? VIEWS_OPERATORS : VIEWS_BODY;
    if (operators && (secretariat || strcmp(r->plan, "*") != 0 || strcmp(r->body, "*") != 0))
        esep_complain(complaints, item,
                      "who is told of alarms as an operator is told of no plan, body or "
                      "secretariat: name it a second time for these");
    if ((r->mail[0] == 0) == (r->webhook[0] == 0))
        esep_complain(complaints, item, "a recipient has either 'mail' or 'webhook'");
    if (r->webhook[0] != 0 && !webhook_known(settings, r->webhook))
        esep_complain(complaints, item, "no webhook '%s' in alerts.webhooks", r->webhook);
    if (r->mail[0] != 0 && settings->mail_url[0] == 0)
        esep_complain(complaints, item, "mail needs alerts.mail.url and alerts.mail.from");
    if (r->mail[0] != 0 && !collector_mail_address(r->mail))
        esep_complain(complaints, item, "'%s' is not a bare mail address", r->mail);
    if (strcmp(r->language, "kk") != 0 && strcmp(r->language, "ru") != 0 &&
        strcmp(r->language, "en") != 0)
        esep_complain(complaints, item, "language must be kk, ru or en");
}

static void check_mail_account(const struct collector_settings *settings,
                               struct esep_complaints *complaints)
{
    if (settings->mail_url[0] == 0 || settings->mail_user[0] == 0)
        return;
    char password[128];
    struct esep_reason reason = {""};
    if (settings->mail_password_file[0] == 0)
        esep_complain_at(complaints, 1, 1, "alerts.mail.user needs alerts.mail.password_file");
    else if (esep_secret_read(settings->mail_password_file, password, sizeof password, &reason) !=
             ESEP_OK)
        esep_complain_at(complaints, 1, 1, "alerts.mail.password_file: %s", reason.text);
    esep_wipe(password, sizeof password);
    if (!settings->mail_tls && strncmp(settings->mail_url, "smtps://", 8) != 0)
        esep_complain_at(complaints, 1, 1,
                         "alerts.mail.tls: false would send the password for all to read");
}

static bool covers(const struct collector_recipient *r, const char *plan, const char *body)
{
    return r->audience != VIEWS_OPERATORS &&
           (strcmp(r->plan, "*") == 0 || strcmp(r->plan, plan) == 0) &&
           (strcmp(r->body, "*") == 0 || strcmp(r->body, body) == 0);
}

/* Nobody is left out in silence: an alert names VIEWS_TARGETS_MAX targets, so no plan and body may
 * have more. */
static void check_crowds(const struct collector_settings *s, struct esep_complaints *complaints)
{
    size_t operators = 0;
    for (size_t i = 0; i < s->recipient_count; i++)
        operators += s->recipients[i].audience == VIEWS_OPERATORS;
    if (operators > VIEWS_TARGETS_MAX)
        esep_complain(complaints, s->recipients_node,
                      "%zu recipients with operators: true, at most %d: use a mailing list",
                      operators, VIEWS_TARGETS_MAX);
    for (size_t i = 0; i < s->recipient_count; i++)
        for (size_t j = 0; j < s->recipient_count; j++) {
            const char *plan = s->recipients[i].plan;
            const char *body = s->recipients[j].body;
            size_t told = 0;
            for (size_t k = 0; k < s->recipient_count; k++)
                told += covers(&s->recipients[k], plan, body);
            if (told <= VIEWS_TARGETS_MAX)
                continue;
            esep_complain(complaints, esep_yaml_item(s->recipients_node, j),
                          "%zu recipients for body %s of plan %s, at most %d: use a mailing list",
                          told, body, plan, VIEWS_TARGETS_MAX);
            return;
        }
}

static bool same_folder(const char *a, const char *b)
{
    const char *end_a = strrchr(a, '/');
    const char *end_b = strrchr(b, '/');
    size_t len_a = end_a != NULL ? (size_t)(end_a - a) : 0;
    size_t len_b = end_b != NULL ? (size_t)(end_b - b) : 0;
    return len_a == len_b && memcmp(a, b, len_a) == 0;
}

static void check_singles(const struct collector_settings *settings,
                          struct esep_complaints *complaints)
{
    enum esep_log_level level;
    struct esep_clock clock;
    struct esep_reason reason = {""};
    if (!esep_log_level_parse(settings->log_level, &level))
        esep_complain_at(complaints, 1, 1, "log.level: '%s' is not error, warning, info or debug",
                         settings->log_level);
    if (esep_clock_init(&clock, settings->clock, &reason) != ESEP_OK)
        esep_complain_at(complaints, 1, 1, "%s", reason.text);
    if (settings->mail_url[0] != 0 && strncmp(settings->mail_url, "smtp://", 7) != 0 &&
        strncmp(settings->mail_url, "smtps://", 8) != 0)
        esep_complain_at(complaints, 1, 1, "alerts.mail.url: must begin with smtp:// or smtps://");
    if (settings->mail_url[0] != 0 && !collector_mail_address(settings->mail_from))
        esep_complain_at(complaints, 1, 1, "alerts.mail.from: must be a bare mail address");
    check_mail_account(settings, complaints);
    if (settings->web_control[0] != 0 && same_folder(settings->control, settings->web_control))
        esep_complain_at(complaints, 1, 1,
                         "web.control: must lie in another folder than control: who may open that "
                         "one gives any order");
    if (settings->batch_bytes < 4 * settings->frame_bytes)
        esep_complain_at(complaints, 1, 1,
                         "limits.batch_bytes: must be at least four times limits.frame_bytes");
}

static void take_lists(struct collector_settings *s, struct esep_complaints *complaints)
{
    static const char *const broker_keys[] = {"address", "key", NULL};
    static const char *const operator_keys[] = {"name", "sign_key", "curve_key", NULL};
    static const char *const webhook_keys[] = {"name", "url", "secret_file", NULL};
    static const char *const witness_keys[] = {"url", "key", "ca_file", NULL};
    static const char *const recipient_keys[] = {"plan", "body",    "secretariat", "operators",
                                                 "mail", "webhook", "language",    NULL};
    s->broker_count = take_list(s->brokers_node, "brokers", SETTINGS_BROKERS_MAX, broker_keys,
                                take_broker, s, complaints);
    s->operator_count = take_list(s->operators_node, "operators", COLLECTOR_OPERATORS_MAX,
                                  operator_keys, take_operator, s, complaints);
    s->webhook_count = take_list(s->webhooks_node, "alerts.webhooks", SETTINGS_WEBHOOKS_MAX,
                                 webhook_keys, take_webhook, s, complaints);
    s->recipient_count = take_list(s->recipients_node, "alerts.recipients", SETTINGS_RECIPIENTS_MAX,
                                   recipient_keys, take_recipient, s, complaints);
    check_crowds(s, complaints);
    s->witness_count = take_list(s->witnesses_node, "witnesses", SETTINGS_WITNESSES_MAX,
                                 witness_keys, take_witness, s, complaints);
    if (s->witness_count > 0 && s->witness_quorum > s->witness_count)
        esep_complain_at(complaints, 1, 1,
                         "witness.quorum: %llu of %zu witnesses: no head would ever be shown",
                         (unsigned long long)s->witness_quorum, s->witness_count);
}

static void look(void *context, const struct esep_yaml_node *root,
                 struct esep_complaints *complaints)
{
    struct collector_settings *settings = context;
    (void)root;
    if (settings->files[0] == 0)
        (void)snprintf(settings->files, sizeof settings->files, "%.249s-files", settings->store);
    check_singles(settings, complaints);
    take_lists(settings, complaints);
}

enum esep_status collector_settings_read(const char *file, struct collector_settings **ret,
                                         struct esep_reason *reason)
{
    struct collector_settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to read %s", file);
    const enum esep_status status = esep_config_load(file, rows, ROW_COUNT, settings, look, reason);
    if (status == ESEP_OK)
        *ret = settings;
    else
        collector_settings_free(settings);
    return status;
}

void collector_settings_free(struct collector_settings *settings)
{
    if (settings != NULL)
        esep_wipe(settings, sizeof *settings);
    free(settings);
}

void collector_settings_help(FILE *out)
{
    esep_config_help(rows, ROW_COUNT, out);
}

struct views_limits collector_settings_limits(const struct collector_settings *s)
{
    return (struct views_limits){.plans_max = (uint32_t)s->plans,
                                 .offices_max = (uint32_t)s->offices,
                                 .obligations_max = (uint32_t)s->obligations,
                                 .codes_max = (uint32_t)s->codes,
                                 .deliveries_max = 65536,
                                 .accounts_max = (uint32_t)s->accounts,
                                 .open_commitments_max = 64,
                                 .plan_bytes_max = 64u << 20,
                                 .scratch_bytes = 8u << 20};
}
