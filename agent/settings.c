/* agent/settings.c - see settings.h. */
#include "agent/settings.h"

#include "io/clock.h"
#include "io/log.h"
#include "io/relay.h"

#include <stdlib.h>

#define ROW(p, t, member, fb, lo, hi, text)                                                        \
    {                                                                                              \
        .path = (p), .type = (t), .offset = offsetof(struct agent_settings, member),               \
        .size = sizeof(((struct agent_settings *)0)->member), .fallback = (fb), .min = (lo),       \
        .max = (hi), .help = (text)                                                                \
    }
#define SECONDS(n) ((uint64_t)(n)*1000000u)

static const struct esep_config_row rows[] = {
    ROW("journal", ESEP_CONFIG_PATH, journal, NULL, 0, 0, "folder of the journal"),
    ROW("keys", ESEP_CONFIG_PATH, keys, NULL, 0, 0, "key file: signing key, CURVE key"),
    ROW("files", ESEP_CONFIG_PATH, files, "", 0, 0,
        "folder of attached files; left out: the journal's name and -files"),
    ROW("label", ESEP_CONFIG_TEXT, label, "", 0, 0, "what the office calls this machine"),
    ROW("log_id", ESEP_CONFIG_KEY, log_id, NULL, 0, 0,
        "which log it reports to (from its operator)"),
    ROW("log_key", ESEP_CONFIG_KEY, log_key, NULL, 0, 0, "the key that signs its receipts"),
    ROW("seal_key", ESEP_CONFIG_KEY, seal_key, NULL, 0, 0, "the key that reports are sealed to"),
    ROW("brokers", ESEP_CONFIG_NODE, brokers_node, NULL, 0, 0, "list of {address, key, sign_key}"),
    ROW("witnesses", ESEP_CONFIG_NODE, witnesses_node, "", 0, 0,
        "list of the keys of witnesses whose clocks the office believes (from the commission)"),
    ROW("clock", ESEP_CONFIG_TEXT, clock, "real", 0, 0,
        "real, at:INSTANT or shift:-365d: for drills and demonstrations"),
    ROW("language", ESEP_CONFIG_TEXT, language, "ru", 0, 0, "kk, ru or en"),
    ROW("socks_proxy", ESEP_CONFIG_TEXT, socks_proxy, "", 0, 0, "host:port of a SOCKS5 proxy"),
    ROW("socks_login", ESEP_CONFIG_PATH, socks_login, "", 0, 0,
        "file whose first line is user:password for it; mode 0600"),
    ROW("compress", ESEP_CONFIG_BOOL, compress, "true", 0, 0,
        "pack reports where the collector can unpack them"),
    ROW("sandbox", ESEP_CONFIG_BOOL, sandbox, "true", 0, 0,
        "the daemon gives up what it does not need: folders, system calls (restart to change)"),
    ROW("log.level", ESEP_CONFIG_TEXT, log_level, "info", 0, 0, "error, warning, info or debug"),
    ROW("page.enabled", ESEP_CONFIG_BOOL, page_enabled, "true", 0, 0,
        "whether `run` serves the office's page on 127.0.0.1"),
    ROW("page.port", ESEP_CONFIG_U64, page_port, "0", 0, 65535,
        "its port; 0: its last one, or any free one"),
    ROW("page.files", ESEP_CONFIG_PATH, page_files, "/usr/share/esep/office", 0, 0,
        "folder of the page's own files"),
    ROW("link.windows", ESEP_CONFIG_NODE, windows_node, "", 0, 0,
        "when there is a link: list of texts as \"Mon-Fri 09:00-09:30, 16:00-16:20\"; none: "
        "always"),
    ROW("link.zone", ESEP_CONFIG_TEXT, zone, "Asia/Almaty", 0, 0,
        "the office's zone: of windows, and of the day that a budget is for"),
    ROW("link.urgent", ESEP_CONFIG_BOOL, urgent, "true", 0, 0,
        "a report due before the next window is sent outside of one"),
    ROW("link.stay", ESEP_CONFIG_DURATION, stay, "20s", SECONDS(1), SECONDS(3600),
        "in a window, once all has gone: how long for what may still come"),
    ROW("link.again", ESEP_CONFIG_DURATION, again, "1h", SECONDS(60), SECONDS(86400),
        "... and after how long it calls again, where the window lasts"),
    ROW("link.metered", ESEP_CONFIG_BOOL, metered, "false", 0, 0,
        "bytes cost money: they are counted, and signs of life are seldom"),
    ROW("link.keep_alive", ESEP_CONFIG_DURATION, metered_keep_alive, "15m", SECONDS(60),
        SECONDS(3600),
        "metered: in place of limits.keep_alive; less than broker's and collector's "
        "idle times"),
    ROW("link.day_bytes", ESEP_CONFIG_U64, day_bytes, "0", 0, 1ull << 50,
        "metered: budget of a day, both ways; 0: none"),
    ROW("link.day_bytes_out", ESEP_CONFIG_U64, day_bytes_out, "0", 0, 1ull << 50,
        "... of what goes out; 0: none"),
    ROW("link.day_bytes_in", ESEP_CONFIG_U64, day_bytes_in, "0", 0, 1ull << 50,
        "... of what comes in; 0: none"),
    ROW("link.text_percent", ESEP_CONFIG_U64, text_percent, "25", 0, 100,
        "of the budget, that attached files leave to reports and mail"),
    ROW("limits.journal_bytes", ESEP_CONFIG_U64, journal_bytes, "4G", 1u << 20, 1ull << 42,
        "size of the journal's map; 80 % of it is used, then new reports are refused"),
    ROW("limits.entries", ESEP_CONFIG_U64, entries, "100000", 1, 1ull << 32,
        "entries that may wait for a receipt"),
    ROW("limits.files_bytes", ESEP_CONFIG_U64, files_bytes, "4G", 1u << 20, 1ull << 42,
        "of attached files; then no more are taken"),
    ROW("limits.keep_days", ESEP_CONFIG_U64, keep_days, "400", 1, 36500,
        "entries stay this long after their receipt"),
    ROW("limits.frame_bytes", ESEP_CONFIG_U64, frame_bytes, "64k", 4096, 1u << 20,
        "longest frame sent: small on a slow link"),
    ROW("limits.chunk_bytes", ESEP_CONFIG_U64, chunk_bytes, "8k", 1024, 65536,
        "of a file in one frame: a report waits for one at most"),
    ROW("limits.read_bytes", ESEP_CONFIG_U64, read_bytes, "256k", 16384, 1u << 24,
        "read from the journal at once"),
    ROW("limits.connect_timeout", ESEP_CONFIG_DURATION, connect_timeout, "30s", 100000,
        SECONDS(600), "until a connection is up"),
    ROW("limits.hello_timeout", ESEP_CONFIG_DURATION, hello_timeout, "30s", 100000, SECONDS(600),
        "until the collector answers"),
    ROW("limits.reply_timeout", ESEP_CONFIG_DURATION, reply_timeout, "120s", 100000, SECONDS(3600),
        "silence on an open connection"),
    ROW("limits.keep_alive", ESEP_CONFIG_DURATION, keep_alive, "60s", 1000000, SECONDS(3600),
        "a sign of life when nothing else is sent"),
    ROW("limits.backoff", ESEP_CONFIG_DURATION, backoff, "1s", 1000, SECONDS(600),
        "wait after the first failure, at most; doubled after each"),
    ROW("limits.backoff_max", ESEP_CONFIG_DURATION, backoff_max, "5m", 1000, SECONDS(86400),
        "longest wait between tries"),
    ROW("limits.ingress_after", ESEP_CONFIG_DURATION, ingress_after, "3m", SECONDS(1),
        SECONDS(86400), "without a receipt for so long, a broker's own note is asked for"),
    ROW("limits.poll", ESEP_CONFIG_DURATION, poll, "1s", 10000, SECONDS(60),
        "how often the journal is looked at for what commands wrote"),
};
#define ROW_COUNT (sizeof rows / sizeof *rows)

static void take_broker(struct agent_broker *broker, const struct esep_yaml_node *item,
                        struct esep_complaints *complaints)
{
    static const char *const known[] = {"address", "key", "sign_key", NULL};
    if (esep_yaml_kind(item) != ESEP_YAML_MAP) {
        esep_complain(complaints, item, "a broker is a map: {address, key, sign_key}");
        return;
    }
    esep_yaml_known(item, known, complaints);
    const struct esep_yaml_node *address = esep_yaml_get(item, "address");
    const struct esep_yaml_node *key = esep_yaml_get(item, "key");
    if (address == NULL || key == NULL) {
        esep_complain(complaints, item, "a broker has 'address' and 'key'");
        return;
    }
    const char *text = esep_yaml_scalar(address);
    if (strncmp(text, "tcp://", 6) != 0 || strlen(text) >= sizeof broker->address)
        esep_complain(complaints, address, "an address is tcp://HOST:PORT");
    else
        memcpy(broker->address, text, strlen(text) + 1);
    if (esep_unhex(esep_yaml_scalar(key), broker->key, ESEP_KEY_BYTES) != ESEP_OK)
        esep_complain(complaints, key, "'key' is the broker's curve_key: 64 hex digits");
    const struct esep_yaml_node *sign = esep_yaml_get(item, "sign_key");
    if (sign != NULL &&
        esep_unhex(esep_yaml_scalar(sign), broker->sign_key, ESEP_KEY_BYTES) != ESEP_OK)
        esep_complain(complaints, sign,
                      "'sign_key' is the one that `esep-broker init` printed: 64 hex digits");
}

static void take_brokers(struct agent_settings *s, struct esep_complaints *complaints)
{
    const struct esep_yaml_node *list = s->brokers_node;
    if (list == NULL)
        return;
    size_t count = esep_yaml_kind(list) == ESEP_YAML_LIST ? esep_yaml_count(list) : 0;
    if (count == 0 || count > AGENT_BROKERS_MAX) {
        esep_complain(complaints, list, "'brokers' is a list of 1 to %d brokers",
                      AGENT_BROKERS_MAX);
        return;
    }
    for (size_t i = 0; i < count; i++)
        take_broker(&s->brokers[i], esep_yaml_item(list, i), complaints);
    s->broker_count = count;
}

static void take_witnesses(struct agent_settings *s, struct esep_complaints *complaints)
{
    const struct esep_yaml_node *list = s->witnesses_node;
    const size_t count =
        list != NULL && esep_yaml_kind(list) == ESEP_YAML_LIST ? esep_yaml_count(list) : 0;
    if (list != NULL && (esep_yaml_kind(list) != ESEP_YAML_LIST || count > AGENT_WITNESSES_MAX)) {
        esep_complain(complaints, list, "'witnesses' is a list of at most %d keys",
                      AGENT_WITNESSES_MAX);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(list, i);
        struct esep_reason reason = {"a witness is its key: name+1234abcd+base64"};
        if (esep_yaml_kind(item) != ESEP_YAML_SCALAR ||
            esep_note_key_parse(&s->witnesses[i], esep_yaml_scalar(item), &reason) != ESEP_OK)
            esep_complain(complaints, item, "%s", reason.text);
        else if (s->witnesses[i].algorithm != ESEP_NOTE_COSIGNATURE)
            esep_complain(complaints, item, "this is a log's key, and no witness's");
    }
    s->witness_count = (uint32_t)count;
}

#define DAY_BYTES_LEAST (64u * 1024u) /* less would not do for a day's calls and signs of life */

static void take_windows(struct agent_settings *s, struct esep_complaints *complaints)
{
    const struct esep_yaml_node *node = s->windows_node;
    const bool list = node != NULL && esep_yaml_kind(node) == ESEP_YAML_LIST;
    const size_t count = node == NULL ? 0 : list ? esep_yaml_count(node) : 1;
    if (node != NULL && !list && esep_yaml_kind(node) != ESEP_YAML_SCALAR) {
        esep_complain(complaints, node, "'windows' is a list of texts");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *item = list ? esep_yaml_item(node, i) : node;
        struct esep_reason reason = {""};
        if (agent_schedule_parse(&s->rules.schedule, esep_yaml_scalar(item), &reason) != ESEP_OK)
            esep_complain(complaints, item, "%s", reason.text);
    }
}

static void take_rules(struct agent_settings *s, struct esep_complaints *complaints)
{
    struct agent_rules *r = &s->rules;
    struct esep_reason reason = {""};
    const uint64_t bounds[] = {s->day_bytes, s->day_bytes_out, s->day_bytes_in};
    take_windows(s, complaints);
    r->urgent_anyway = s->urgent;
    r->stay = s->stay;
    r->again = s->again;
    r->metered = s->metered;
    r->budget = (struct agent_budget){.both = s->day_bytes,
                                      .out = s->day_bytes_out,
                                      .in = s->day_bytes_in,
                                      .text_percent = (uint32_t)s->text_percent};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        if (bounds[i] != 0 && bounds[i] < DAY_BYTES_LEAST)
            esep_complain_at(complaints, 1, 1,
                             "link.day_bytes: %llu is too little for a day: at least 64k, or 0 for "
                             "none",
                             (unsigned long long)bounds[i]);
    if (agent_budget_bounds(&r->budget) && !r->metered)
        esep_complain_at(complaints, 1, 1,
                         "link.day_bytes: a budget needs link.metered: true, too");
    if ((r->schedule.count > 0 || r->metered) &&
        esep_zone_load(&r->zone, s->zone, &reason) != ESEP_OK)
        esep_complain_at(complaints, 1, 1, "link.zone: %s", reason.text);
}

static void check_texts(const struct agent_settings *s, struct esep_complaints *complaints)
{
    enum esep_log_level level;
    struct esep_clock clock;
    struct esep_reason reason = {""};
    if (esep_clock_init(&clock, s->clock, &reason) != ESEP_OK)
        esep_complain_at(complaints, 1, 1, "clock: %s", reason.text);
    if (!esep_log_level_parse(s->log_level, &level))
        esep_complain_at(complaints, 1, 1, "log.level: '%s' is not error, warning, info or debug",
                         s->log_level);
    if (strcmp(s->language, "kk") != 0 && strcmp(s->language, "ru") != 0 &&
        strcmp(s->language, "en") != 0)
        esep_complain_at(complaints, 1, 1, "language: '%s' is not kk, ru or en", s->language);
}

/* Found here, and not when it is dialled. */
static void check_proxy(const struct agent_settings *s, struct esep_complaints *complaints)
{
    struct esep_socks_target place;
    struct esep_socks_login login = {0};
    struct esep_reason reason = {""};
    if (s->socks_proxy[0] == 0) {
        if (s->socks_login[0] != 0)
            esep_complain_at(complaints, 1, 1,
                             "socks_login is for a socks_proxy, and there is none");
        return;
    }
    if (esep_relay_place(s->socks_proxy, &place, &reason) != ESEP_OK)
        esep_complain_at(complaints, 1, 1, "socks_proxy: %s", reason.text);
    for (size_t i = 0; i < s->broker_count; i++)
        if (s->brokers[i].address[0] != 0 &&
            esep_relay_place(s->brokers[i].address, &place, &reason) != ESEP_OK)
            esep_complain_at(complaints, 1, 1, "a broker behind a proxy: %s", reason.text);
    if (s->socks_login[0] != 0 && esep_relay_login(s->socks_login, &login, &reason) != ESEP_OK)
        esep_complain_at(complaints, 1, 1, "socks_login: %s", reason.text);
    esep_wipe(&login, sizeof login);
}

static void look(void *context, const struct esep_yaml_node *root,
                 struct esep_complaints *complaints)
{
    struct agent_settings *settings = context;
    (void)root;
    if (settings->files[0] == 0)
        (void)snprintf(settings->files, sizeof settings->files, "%s-files", settings->journal);
    check_texts(settings, complaints);
    take_brokers(settings, complaints);
    take_witnesses(settings, complaints);
    check_proxy(settings, complaints);
    take_rules(settings, complaints);
}

enum esep_status agent_settings_read(const char *file, struct agent_settings **ret,
                                     struct esep_reason *reason)
{
    struct agent_settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to read %s", file);
    const enum esep_status status = esep_config_load(file, rows, ROW_COUNT, settings, look, reason);
    if (status == ESEP_OK)
        *ret = settings;
    else
        free(settings);
    return status;
}

void agent_settings_free(struct agent_settings *settings)
{
    free(settings);
}

void agent_settings_help(FILE *out)
{
    esep_config_help(rows, ROW_COUNT, out);
}
