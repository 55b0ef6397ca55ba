/* collector/cmd_init.c - `init`: the keys, the store, and GENESIS, whose hash names the log.
 *
 * Keys are made here and never travel. What brokers and offices must know is printed as YAML. Run
 * again after a crash it goes on where it stopped; on a log that has begun it only prints.
 */
#include "collector/commands.h"
#include "collector/log_signer.h"
#include "io/clock.h"
#include "io/control.h"
#include "io/keyfile.h"
#include "wire/unpack.h"

#include <sysexits.h>

static error_t parse(int key, char *value, struct argp_state *state)
{
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = state->input;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s' is one word too many", value);
    return ARGP_ERR_UNKNOWN;
}

struct keys {
    uint8_t log[ESEP_KEY_BYTES]; /* its secret may be the signer's */
    struct esep_box_key seal;
    struct esep_curve_key link;
};

/* fresh: the log has not begun, so keys may be made. Else only the old ones will do: new ones would
 * sign for a log that nobody knows them for. */
static enum esep_status take_keys(const struct collector_settings *settings, bool fresh,
                                  struct keys *ret, struct esep_reason *reason)
{
    static const char *const kinds[] = {"box", "curve", "sign"};
    const size_t kind_count = settings->signer[0] == '\0' ? 3 : 2;
    const char *path = settings->keys;
    struct esep_keyfile file;
    esep_keyfile_tidy(path);
    enum esep_status status = esep_keyfile_read(path, &file, reason);
    if (status == ESEP_NOT_FOUND && !fresh)
        return esep_because(reason, status,
                            "the key file %.120s is lost, and the log has begun: put back the copy "
                            "you kept; without it the log can be read, but not go on",
                            path);
    if (status == ESEP_NOT_FOUND) {
        esep_keyfile_generate(&file, kinds, kind_count);
        status = esep_keyfile_create(path, &file, reason);
    }
    if (status == ESEP_OK)
        status = log_signer_public(settings, ret->log, reason);
    if (status == ESEP_OK)
        status = esep_keyfile_box(&file, &ret->seal);
    if (status == ESEP_OK)
        status = esep_keyfile_curve(&file, &ret->link);
    esep_wipe(&file, sizeof file);
    return status;
}

struct row_list {
    size_t count;
    struct collector_row rows[16];
};

static enum esep_status keep_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct row_list *list = context;
    if (list->count == sizeof list->rows / sizeof *list->rows)
        return ESEP_LIMIT;
    list->rows[list->count++] = (struct collector_row){.key = key, .value = value};
    return ESEP_OK;
}

/* Entry 0 and the views that follow from it, in one transaction. */
static enum esep_status begin_log(const struct collector_settings *settings,
                                  struct collector_log *log, struct esep_slice body, esep_time now,
                                  struct esep_reason *reason)
{
    const struct views_limits limits = collector_settings_limits(settings);
    struct collector_zones *zones = collector_zones_new();
    struct views *views = NULL;
    struct row_list rows = {0};
    struct collector_record record = {.body = body};
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS,
                                   .accepted_at = now,
                                   .content = esep_content_hash(body)};
    esep_leaf_pack(&leaf, record.leaf);
    enum esep_status status = zones != NULL ? ESEP_OK : ESEP_NOMEM;
    if (status == ESEP_OK)
        status = views_new(&views, &limits, collector_zones_get, zones);
    if (status == ESEP_OK)
        status =
            views_apply(views, 0, esep_slice(record.leaf, sizeof record.leaf), body, NULL, reason);
    if (status == ESEP_OK)
        status = views_flush(views, keep_row, &rows);
    if (status == ESEP_OK) {
        const struct collector_batch batch = {
            .records = &record, .record_count = 1, .rows = rows.rows, .row_count = rows.count};
        status = log->ops->append(log, &batch, reason);
    }
    views_free(views);
    collector_zones_free(zones);
    return status;
}

static enum esep_status pack_genesis(const struct collector_settings *settings,
                                     const struct keys *keys, esep_time now, struct esep_buf *out)
{
    uint8_t nonce[16];
    esep_random(nonce, sizeof nonce);
    Esep__V1__Genesis genesis = ESEP__V1__GENESIS__INIT;
    genesis.name = (char *)(uintptr_t)settings->name;
    genesis.log_key = esep_pb(keys->log, ESEP_KEY_BYTES);
    genesis.seal_key = esep_pb(keys->seal.public, ESEP_KEY_BYTES);
    genesis.made_at_us = now;
    genesis.nonce = esep_pb(nonce, sizeof nonce);
    return esep_pack(&genesis.base, out);
}

static void say_hex(const char *name, const uint8_t bytes[32])
{
    char hex[65];
    esep_hex(bytes, 32, hex);
    (void)printf("%s: %s\n", name, hex);
}

/* A log that has begun is only looked at, so that this works beside the daemon, too. */
static enum esep_status open_log(const struct collector_settings *settings,
                                 struct collector_log **ret, uint64_t *ret_size,
                                 struct esep_reason *reason)
{
    struct collector_log_options options = {
        .path = settings->store, .map_bytes = settings->store_bytes, .read_only = true};
    *ret_size = 0;
    enum esep_status status = collector_log_open(ret, &options, NULL);
    if (status == ESEP_OK)
        status = (*ret)->ops->size(*ret, ret_size);
    if (status == ESEP_OK && *ret_size > 0)
        return ESEP_OK;
    if (*ret != NULL)
        (*ret)->ops->close(*ret);
    *ret = NULL;
    options.read_only = false;
    options.create = true;
    status = collector_log_open(ret, &options, reason);
    return status == ESEP_OK ? (*ret)->ops->size(*ret, ret_size) : status;
}

static enum esep_status begin_or_look(const struct collector_settings *settings,
                                      struct collector_log *log, bool fresh,
                                      const struct keys *keys, struct esep_reason *reason)
{
    struct esep_clock clock = {0};
    struct esep_buf genesis;
    enum esep_status status = ESEP_OK;
    if (!fresh)
        return collector_state_own_keys(log, keys->log, keys->seal.public, reason);
    esep_buf_init(&genesis, 4096);
    status = esep_clock_init(&clock, settings->clock, reason);
    esep_time now = esep_clock_now(&clock);
    if (status == ESEP_OK)
        status = pack_genesis(settings, keys, now, &genesis);
    if (status == ESEP_OK)
        status = begin_log(settings, log, esep_buf_slice(&genesis), now, reason);
    if (status == ESEP_OK)
        log->log_id = esep_log_id(esep_buf_slice(&genesis));
    esep_buf_done(&genesis);
    return status;
}

/* The log's key as witnesses and verifiers take it. A restored log has another origin, so another
 * one. */
static void say_vkey(const struct collector_log *log, const uint8_t public_key[ESEP_KEY_BYTES])
{
    char origin[ESEP_ORIGIN_MAX + 1];
    char vkey[ESEP_NOTE_VKEY_MAX];
    struct esep_note_key key;
    esep_log_origin(&log->log_id, log->generation, origin);
    if (esep_note_key(&key, origin, ESEP_NOTE_ED25519, public_key, NULL) != ESEP_OK)
        return;
    esep_note_key_format(&key, vkey);
    (void)printf("log_vkey: %s\n", vkey);
}

int collector_cmd_init(int argc, char **argv)
{
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .doc = "Makes the keys, the store and the log's first entry, and prints what brokers and "
               "offices must know of this collector.",
        .children = children};
    struct command_common common = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &common);
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_log *log = NULL;
    struct keys keys;
    uint64_t size = 0;
    enum esep_status status = collector_command_settings(&common, &settings, &reason);
    if (status == ESEP_OK)
        status = esep_control_folder(settings->control, false, &reason);
    if (status == ESEP_OK)
        status = open_log(settings, &log, &size, &reason);
    if (status == ESEP_OK)
        status = take_keys(settings, size == 0, &keys, &reason);
    if (status == ESEP_OK)
        status = begin_or_look(settings, log, size == 0, &keys, &reason);
    if (status == ESEP_OK) {
        say_hex("log_id", log->log_id.bytes);
        say_hex("log_key", keys.log);
        say_hex("seal_key", keys.seal.public);
        say_hex("curve_key", keys.link.public);
        say_vkey(log, keys.log);
    }
    int rc = status == ESEP_OK ? 0 : collector_fail(status, &reason);
    esep_wipe(&keys, sizeof keys);
    if (log != NULL)
        log->ops->close(log);
    collector_settings_free(settings);
    return rc;
}
