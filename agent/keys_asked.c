/* agent/keys_asked.c - see keys_asked.h. */
#include "agent/keys_asked.h"

#include "agent/office_keys.h"
#include "base/text.h"
#include "esep/v1/log.pb-c.h"
#include "io/json.h"
#include "wire/unpack.h"

#define REQUEST_BYTES (16u << 10)

struct search {
    const uint8_t *sign_public;
    struct agent_keys_asked *ret;
    struct esep_arena arena;
};

bool agent_keys_is_request(const struct agent_mail *mail)
{
    return mail->type == ESEP__V1__LOG_TYPE__LOG_TYPE_KEYS_ASKED;
}

static bool take(void *context, const struct agent_mail *mail)
{
    struct search *search = context;
    const ProtobufCMessage *message = NULL;
    if (!agent_keys_is_request(mail))
        return true;
    esep_arena_reset(&search->arena);
    if (esep_unpack(&esep__v1__keys_asked__descriptor, mail->bytes, &search->arena, &message) !=
        ESEP_OK)
        return true;
    const Esep__V1__KeysAsked *asked = (const Esep__V1__KeysAsked *)message;
    if (asked->sign_key.len != ESEP_KEY_BYTES ||
        memcmp(asked->sign_key.data, search->sign_public, ESEP_KEY_BYTES) != 0)
        return true;
    struct agent_keys_asked *ret = search->ret;
    ret->asked = true;
    ret->at = mail->accepted_at;
    esep_text_line(ret->actor, sizeof ret->actor, asked->actor);
    esep_text_line(ret->reason, sizeof ret->reason, asked->reason);
    return true;
}

enum esep_status agent_keys_asked(struct journal *journal,
                                  const uint8_t sign_public[ESEP_KEY_BYTES],
                                  struct agent_keys_asked *ret, struct esep_reason *reason)
{
    struct search search = {.sign_public = sign_public, .ret = ret};
    *ret = (struct agent_keys_asked){.asked = false};
    enum esep_status status = esep_arena_init(&search.arena, REQUEST_BYTES);
    if (status != ESEP_OK)
        return esep_because(reason, status, "no memory for the mail");
    status = journal_mail(journal, 0, take, &search, reason);
    esep_arena_done(&search.arena);
    return status;
}

enum esep_status agent_keys_make(struct journal *journal, const char *key_file, esep_time now,
                                 struct esep_reason *reason)
{
    struct office_keys next;
    struct journal_keys keys;
    enum esep_status status = journal_keys(journal, &keys, reason);
    if (status != ESEP_OK || keys.wanted)
        return status;
    status = office_keys_make_next(key_file, &next, reason);
    if (status == ESEP_OK)
        status = journal_keys_want(journal, next.sign.public, now, reason);
    esep_wipe(&next, sizeof next);
    return status;
}

json_t *agent_keys_asked_json(struct journal *journal, const uint8_t sign_public[ESEP_KEY_BYTES],
                              const struct esep_zone *zone)
{
    struct agent_keys_asked asked;
    struct journal_keys keys;
    if (agent_keys_asked(journal, sign_public, &asked, NULL) != ESEP_OK || !asked.asked ||
        journal_keys(journal, &keys, NULL) != ESEP_OK)
        return json_null();
    return json_pack("{s:o, s:s, s:s, s:o}", "asked_at", esep_json_time(asked.at, zone), "by",
                     asked.actor, "reason", asked.reason, "made_at",
                     esep_json_time(keys.wanted_at, zone));
}
