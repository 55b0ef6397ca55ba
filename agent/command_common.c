/* agent/command_common.c - what the commands share; see commands.h. */
#include "agent/attach.h"
#include "agent/commands.h"
#include "agent/office_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static error_t parse_common(int key, char *value, struct argp_state *state)
{
    struct agent_common *common = state->input;
    switch (key) {
    case 'c':
        common->config = value;
        return 0;
    case 'j':
        common->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option common_options[] = {
    {"config", 'c', "FILE", 0, "configuration (" AGENT_DEFAULT_CONFIG ")", 0},
    {"json", 'j', NULL, 0, "for machines: JSON on stdout", 0},
    {0},
};
const struct argp agent_common_argp = {.options = common_options, .parser = parse_common};

/* A configuration that cannot be used has an exit status of its own, whatever the status that it
 * travels as. */
static bool config_failed;

int agent_fail(enum esep_status status, const struct esep_reason *reason)
{
    (void)fprintf(stderr, "esep-agent: %s\n",
                  reason != NULL && reason->text[0] != 0 ? reason->text : esep_status_name(status));
    return config_failed ? EX_CONFIG : esep_status_exit(status);
}

enum esep_status agent_command_settings(const char *file, struct agent_settings **ret,
                                        struct esep_clock *ret_clock, struct esep_reason *reason)
{
    enum esep_status status = agent_settings_read(file, ret, reason);
    if (status == ESEP_OK)
        status = esep_clock_init(ret_clock, (*ret)->clock, reason);
    config_failed = status != ESEP_OK;
    return status;
}

static error_t parse_config_only(int key, char *value, struct argp_state *state)
{
    const char **config = state->input;
    if (key != 'c')
        return ARGP_ERR_UNKNOWN;
    *config = value;
    return 0;
}

const char *agent_parse_config_only(int argc, char **argv, const char *doc)
{
    static const struct argp_option options[] = {
        {"config", 'c', "FILE", 0, "configuration (" AGENT_DEFAULT_CONFIG ")", 0}, {0}};
    const struct argp argp = {.options = options, .parser = parse_config_only, .doc = doc};
    const char *config = AGENT_DEFAULT_CONFIG;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &config);
    return config;
}

enum esep_status agent_check_identity(const struct agent_settings *settings,
                                      const struct journal_identity *identity,
                                      const struct esep_sign_key *key, struct esep_reason *reason)
{
    if (memcmp(settings->log_id, identity->log_id.bytes, ESEP_HASH_BYTES) != 0)
        return esep_because(reason, ESEP_DENIED,
                            "%s: enrolled in another log than the config's log_id: correct the "
                            "config, or give this log a journal of its own",
                            settings->journal);
    if (key != NULL && memcmp(key->public, identity->sign_public, ESEP_KEY_BYTES) != 0)
        return esep_because(reason, ESEP_DENIED,
                            "%s: not the key this journal was enrolled with: put the right key "
                            "file back",
                            settings->keys);
    return ESEP_OK;
}

enum esep_status agent_keys_read(const char *path, struct esep_sign_key *ret_sign,
                                 struct esep_curve_key *ret_curve, struct esep_reason *reason)
{
    struct office_keys keys = {0};
    enum esep_status status = office_keys_read(path, &keys, reason);
    *ret_sign = keys.sign;
    *ret_curve = keys.curve;
    esep_wipe(&keys, sizeof keys);
    return status;
}

/* A rotation may have been cut off between the journal and the key file. */
enum esep_status agent_keys_follow(const char *path, const struct journal_identity *identity,
                                   struct esep_sign_key *sign, struct esep_curve_key *curve,
                                   struct esep_reason *reason)
{
    struct office_keys keys = {0};
    if (memcmp(sign->public, identity->sign_public, ESEP_KEY_BYTES) == 0)
        return ESEP_OK;
    enum esep_status status = office_keys_current(path, identity->sign_public, &keys, reason);
    if (status == ESEP_OK) {
        *sign = keys.sign;
        *curve = keys.curve;
    }
    esep_wipe(&keys, sizeof keys);
    return status;
}

static enum esep_status open_journal(struct agent_desk *desk, unsigned need,
                                     struct esep_reason *reason)
{
    const struct agent_settings *s = desk->settings;
    const struct journal_options options = {.path = s->journal,
                                            .map_bytes = (size_t)s->journal_bytes,
                                            .entries_max = s->entries,
                                            .read_only = (need & AGENT_DESK_WRITE) == 0};
    enum esep_status status = journal_open(&desk->journal, &options, reason);
    if (status == ESEP_NOT_FOUND)
        status = esep_because(reason, ESEP_NOT_FOUND,
                              "%s: no journal there: this office is not enrolled yet; run "
                              "esep-agent enrol with the operator's code",
                              s->journal);
    if (status == ESEP_OK)
        status = journal_identity(&desk->journal, &desk->identity, reason);
    if (status == ESEP_OK && (need & AGENT_DESK_KEYS) != 0)
        status = agent_keys_follow(s->keys, &desk->identity, &desk->sign_key, &desk->curve, reason);
    if (status == ESEP_OK)
        status = agent_check_identity(
            s, &desk->identity, (need & AGENT_DESK_KEYS) != 0 ? &desk->sign_key : NULL, reason);
    return status;
}

enum esep_status agent_desk_open(struct agent_desk *ret, const struct agent_common *common,
                                 unsigned need, struct esep_reason *reason)
{
    *ret = (struct agent_desk){0};
    const char *file = common->config != NULL ? common->config : AGENT_DEFAULT_CONFIG;
    enum esep_status status = agent_command_settings(file, &ret->settings, &ret->clock, reason);
    if (status == ESEP_OK && (need & AGENT_DESK_KEYS) != 0)
        status = agent_keys_read(ret->settings->keys, &ret->sign_key, &ret->curve, reason);
    if (status == ESEP_OK)
        status = open_journal(ret, need, reason);
    if (status != ESEP_OK)
        agent_desk_close(ret);
    return status;
}

enum esep_status agent_desk_files(struct agent_desk *desk, struct esep_reason *reason)
{
    size_t removed = 0;
    struct esep_reason why = {""};
    if (desk->files != NULL)
        return ESEP_OK;
    enum esep_status status = agent_files_open(desk->settings, false, &desk->files, reason);
    if (status == ESEP_OK &&
        agent_files_clear(desk->files, &desk->journal, AGENT_ORPHAN_AGE, &removed, &why) != ESEP_OK)
        (void)fprintf(stderr, "esep-agent: old files were not cleared up: %s\n", why.text);
    return status;
}

void agent_desk_close(struct agent_desk *desk)
{
    esep_blobs_close(desk->files);
    journal_close(&desk->journal);
    agent_settings_free(desk->settings);
    esep_wipe(&desk->sign_key, sizeof desk->sign_key);
    esep_wipe(&desk->curve, sizeof desk->curve);
    *desk = (struct agent_desk){0};
}

esep_time agent_desk_now(const struct agent_desk *desk)
{
    return esep_clock_now(&desk->clock);
}

json_t *agent_json_day(esep_day day)
{
    if (day == ESEP_DAY_NONE)
        return json_null();
    char text[11];
    esep_day_format(day, text);
    return json_string(text);
}

json_t *agent_json_hex(const void *data, size_t len)
{
    char hex[2 * 256 + 1];
    ESEP_ASSERT(len <= 256);
    esep_hex(data, len, hex);
    return json_string(hex);
}

enum esep_status agent_read_file(const char *path, size_t max, struct esep_buf *ret,
                                 struct esep_reason *reason)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    if (file == NULL)
        return esep_because(reason, errno == ENOENT ? ESEP_NOT_FOUND : ESEP_IO, "%.150s: %s", path,
                            strerror(errno));
    enum esep_status status = ESEP_OK;
    char block[65536];
    size_t got;
    while (status == ESEP_OK && (got = fread(block, 1, sizeof block, file)) > 0) {
        status = ret->len + got > max ? ESEP_LIMIT : esep_buf_put(ret, block, got);
        if (status == ESEP_LIMIT)
            status = esep_because(reason, ESEP_INVALID, "%.150s: longer than %zu bytes", path, max);
    }
    if (status == ESEP_OK && ferror(file))
        status = esep_because(reason, ESEP_IO, "%.150s: cannot be read", path);
    if (!standard)
        (void)fclose(file);
    return status;
}
