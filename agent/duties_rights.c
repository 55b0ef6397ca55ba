/* agent/duties_rights.c - what the office may report for, from its mailbox; see duties.h.
 *
 * Only what is in force now matters: of several items the newest, which says all of it. Its own
 * body is always there, first.
 */
#include "agent/duties.h"
#include "wire/unpack.h"

struct load {
    struct agent_rights *rights;
    struct esep_arena *scratch;
    uint32_t office;
};

static void copy_name(char *ret, size_t room, const char *name)
{
    const size_t len = strnlen(name, room - 1);
    memcpy(ret, name, len);
    ret[len] = '\0';
}

static bool take(void *context, const struct agent_mail *mail)
{
    struct load *l = context;
    struct agent_rights *r = l->rights;
    const ProtobufCMessage *message = NULL;
    if (mail->type != ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS)
        return true;
    esep_arena_reset(l->scratch);
    if (esep_unpack(&esep__v1__office_rights__descriptor, mail->bytes, l->scratch, &message) !=
        ESEP_OK)
        return true;
    const Esep__V1__OfficeRights *said = (const Esep__V1__OfficeRights *)message;
    if (said->office != l->office || said->n_bodies >= AGENT_RIGHT_BODIES_MAX ||
        said->n_plans > AGENT_RIGHT_PLANS_MAX)
        return true;
    r->body_count = 1;
    r->plan_count = 0;
    for (size_t i = 0; i < said->n_bodies; i++)
        copy_name(r->bodies[r->body_count++], sizeof r->bodies[0], said->bodies[i]);
    for (size_t i = 0; i < said->n_plans; i++)
        copy_name(r->plans[r->plan_count++], sizeof r->plans[0], said->plans[i]);
    return true;
}

enum esep_status agent_rights_load(struct agent_rights *ret, struct agent_desk *desk,
                                   struct esep_arena *scratch, struct esep_reason *reason)
{
    struct load l = {.rights = ret, .scratch = scratch, .office = desk->identity.office};
    *ret = (struct agent_rights){.body_count = 1};
    copy_name(ret->bodies[0], sizeof ret->bodies[0], desk->identity.body);
    return journal_mail(&desk->journal, 0, take, &l, reason);
}

bool agent_rights_carry(const struct agent_rights *rights, const char *body)
{
    for (size_t i = 0; i < rights->body_count; i++)
        if (strcmp(rights->bodies[i], body) == 0)
            return true;
    return false;
}

bool agent_rights_on_plan(const struct agent_rights *rights, const char *plan_id)
{
    for (size_t i = 0; i < rights->plan_count; i++)
        if (strcmp(rights->plans[i], plan_id) == 0)
            return true;
    return rights->plan_count == 0;
}

bool agent_key_body(const char *key, char ret[ESEP_BODY_CODE_MAX])
{
    for (int i = 0; i < 3 && key != NULL; i++) {
        key = strchr(key, '/');
        key = key != NULL ? key + 1 : NULL;
    }
    const size_t len = key != NULL ? strcspn(key, "/") : 0;
    if (len == 0 || len >= ESEP_BODY_CODE_MAX)
        return false;
    memcpy(ret, key, len);
    ret[len] = '\0';
    return true;
}

void agent_rights_text(const struct agent_rights *rights, char ret[AGENT_RIGHTS_TEXT_MAX])
{
    const size_t count = rights->body_count + rights->plan_count;
    size_t at = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < count && at < AGENT_RIGHTS_TEXT_MAX; i++) {
        const bool plan = i >= rights->body_count;
        const char *name = plan ? rights->plans[i - rights->body_count] : rights->bodies[i];
        const char *mark = i == rights->body_count ? " (" : i > 0 ? ", " : "";
        at += (size_t)snprintf(ret + at, AGENT_RIGHTS_TEXT_MAX - at, "%s%s%s", mark, name,
                               plan && i + 1 == count ? ")" : "");
    }
}

json_t *agent_json_bodies(const struct agent_rights *rights)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rights->body_count; i++)
        (void)json_array_append_new(list, json_string(rights->bodies[i]));
    return list;
}

json_t *agent_json_plans(const struct agent_rights *rights)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rights->plan_count; i++)
        (void)json_array_append_new(list, json_string(rights->plans[i]));
    return list;
}
