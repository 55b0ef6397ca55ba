/* agent/cmd_keys.c - `keys`: which keys the office has, and new ones in their place. */
#include "agent/commands.h"
#include "agent/keys_asked.h"
#include "agent/office_keys.h"
#include "agent/wake.h"
#include "wire/office_keys.h"

#include <string.h>
#include <sysexits.h>

struct words {
    struct agent_common common;
    bool rotate;
};

/* What is shown. */
struct shown {
    struct journal_keys keys;
    struct agent_keys_asked asked;
    char fingerprint[ESEP_FINGERPRINT_TEXT_BYTES];
    char next[ESEP_FINGERPRINT_TEXT_BYTES]; /* "": none are on their way */
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0 || strcmp(value, "rotate") != 0)
            argp_error(state, "keys, or keys rotate");
        words->rotate = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum esep_status rotate(struct agent_desk *desk, struct esep_reason *reason)
{
    const enum esep_status status =
        agent_keys_make(&desk->journal, desk->settings->keys, agent_desk_now(desk), reason);
    if (status == ESEP_OK)
        (void)agent_wake_ring(desk->settings->journal, false);
    return status;
}

static enum esep_status look(struct agent_desk *desk, struct shown *ret, struct esep_reason *reason)
{
    struct office_keys next;
    enum esep_status status = journal_keys(&desk->journal, &ret->keys, reason);
    if (status == ESEP_OK)
        status = agent_keys_asked(&desk->journal, desk->sign_key.public, &ret->asked, reason);
    if (status != ESEP_OK)
        return status;
    esep_fingerprint(desk->sign_key.public, desk->curve.public, ret->fingerprint);
    if (!ret->keys.wanted)
        return ESEP_OK;
    status = office_keys_next(desk->settings->keys, &next, reason);
    if (status == ESEP_OK)
        esep_fingerprint(next.sign.public, next.curve.public, ret->next);
    esep_wipe(&next, sizeof next);
    return status;
}

static json_t *time_json(esep_time at)
{
    char text[32];
    if (at == 0)
        return json_null();
    esep_time_format(at, NULL, text);
    return json_string(text);
}

static int say(const struct words *words, const struct agent_desk *desk, const struct shown *shown)
{
    char when[32];
    const struct journal_keys *keys = &shown->keys;
    if (words->common.json)
        return esep_json_print(json_pack(
            "{s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:o}", "format", "esep-office-keys/1", "office",
            (int)desk->identity.office, "body", desk->identity.body, "fingerprint",
            shown->fingerprint, "since", time_json(keys->since), "next_fingerprint",
            keys->wanted ? json_string(shown->next) : json_null(), "wanted_at",
            time_json(keys->wanted_at), "asked_at", time_json(shown->asked.at)));
    esep_time_format(keys->since, NULL, when);
    (void)printf("office %u of %s: keys %s, %s%s\n", desk->identity.office, desk->identity.body,
                 shown->fingerprint, keys->since == 0 ? "those enrolled" : "since ",
                 keys->since == 0 ? "" : when);
    esep_time_format(shown->asked.at, NULL, when);
    if (shown->asked.asked)
        (void)printf("%s asks for new keys, %s%s%s%s\n", shown->asked.actor, when,
                     shown->asked.reason[0] != 0 ? ": " : "", shown->asked.reason,
                     keys->wanted ? "" : ": esep-agent keys rotate, or let esep-agent run do it");
    esep_time_format(keys->wanted_at, NULL, when);
    if (keys->wanted)
        (void)printf("new keys %s, made %s, take their place with the next connection, once all "
                     "that was sent has its receipt\n",
                     shown->next, when);
    return 0;
}

int agent_cmd_keys(int argc, char **argv)
{
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "[rotate]",
        .doc = "Shows the fingerprint of the office's keys, as the operator's `esep-broker keys "
               "list` shows it, and since when they are in use. rotate: makes new ones, which take "
               "their place with the next connection. Given again, it changes nothing until then.",
        .children = children};
    struct words words = {0};
    struct agent_desk desk = {0};
    struct shown shown = {0};
    struct esep_reason reason = {""};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    enum esep_status status = agent_desk_open(
        &desk, &words.common, (words.rotate ? AGENT_DESK_WRITE : AGENT_DESK_READ) | AGENT_DESK_KEYS,
        &reason);
    if (status == ESEP_OK && words.rotate)
        status = rotate(&desk, &reason);
    if (status == ESEP_OK)
        status = look(&desk, &shown, &reason);
    int rc = status == ESEP_OK ? say(&words, &desk, &shown) : agent_fail(status, &reason);
    agent_desk_close(&desk);
    return rc;
}
