/* collector/views_rights.c - which bodies an office may report for, and in which plans.
 *
 * By default its own body in every plan. A RIGHTS entry says all of it anew: more bodies (the
 * districts that a regional akimat carries), fewer plans, or neither: then it is as at first. It
 * holds for what is logged behind it. What was taken before stays, and what was refused stays
 * refused: the verdict is in the leaf. The office is told, and gets what it could not have had
 * before; of what it may no longer report on it has whatever was mailed until then.
 */
#include "collector/views_state.h"

enum { REASON_MAX = 1024 };

const char *views_office_body(const struct views_office *office, uint32_t number)
{
    if (number == 0)
        return office->body;
    return number <= office->rights.body_count ? office->rights.bodies[number - 1] : NULL;
}

bool views_office_carries(const struct views_office *office, const char *body)
{
    const char *its = NULL;
    for (uint32_t i = 0; (its = views_office_body(office, i)) != NULL; i++)
        if (strcmp(its, body) == 0)
            return true;
    return false;
}

bool views_office_on_plan(const struct views_office *office, const char *plan_id)
{
    const struct views_rights *rights = &office->rights;
    for (uint32_t i = 0; i < rights->plan_count; i++)
        if (strcmp(rights->plans[i], plan_id) == 0)
            return true;
    return rights->plan_count == 0;
}

bool views_office_may(const struct views_office *office, const char *plan_id, const char *body)
{
    return views_office_on_plan(office, plan_id) && views_office_carries(office, body);
}

/* Not empty, short enough, and each once. */
static bool are_names(char *const *names, size_t count, size_t max, size_t room)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i][0] == '\0' || strlen(names[i]) >= room)
            return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(names[j], names[i]) == 0)
                return false;
    }
    return count <= max;
}

static enum esep_status check_rights(const struct views_entry *entry,
                                     const struct views_office *office,
                                     const Esep__V1__OfficeRights *said)
{
    bool own = false;
    if (!are_names(said->bodies, said->n_bodies, VIEWS_RIGHT_BODIES_MAX, ESEP_BODY_CODE_MAX))
        return esep_because(entry->reason, ESEP_INVALID, "at most %d bodies, each once",
                            VIEWS_RIGHT_BODIES_MAX);
    if (!are_names(said->plans, said->n_plans, VIEWS_RIGHT_PLANS_MAX, VIEWS_PLAN_ID_MAX))
        return esep_because(entry->reason, ESEP_INVALID, "at most %d plans, each once",
                            VIEWS_RIGHT_PLANS_MAX);
    for (size_t i = 0; i < said->n_bodies; i++)
        own = own || strcmp(said->bodies[i], office->body) == 0;
    if (own || strlen(said->reason) > REASON_MAX)
        return esep_because(entry->reason, ESEP_INVALID,
                            own ? "an office reports for its own body: it is not to be named"
                                : "the reason is too long");
    return ESEP_OK;
}

static void read_rights(const struct views_entry *entry, const Esep__V1__OfficeRights *said,
                        struct views_rights *ret)
{
    *ret = (struct views_rights){.index = entry->index,
                                 .since = entry->leaf.accepted_at,
                                 .body_count = (uint32_t)said->n_bodies,
                                 .plan_count = (uint32_t)said->n_plans};
    for (size_t i = 0; i < said->n_bodies; i++) /* check_rights measured */
        memcpy(ret->bodies[i], said->bodies[i], strlen(said->bodies[i]) + 1);
    for (size_t i = 0; i < said->n_plans; i++)
        memcpy(ret->plans[i], said->plans[i], strlen(said->plans[i]) + 1);
}

enum esep_status views_apply_rights(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    enum esep_status status =
        views_message(v, entry, &esep__v1__office_rights__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__OfficeRights *said = (const Esep__V1__OfficeRights *)message;
    struct views_office_slot *slot = views_office_slot(v, said->office);
    if (slot == NULL)
        return views_no_office(entry, said->office);
    status = check_rights(entry, &slot->pub, said);
    if (status != ESEP_OK)
        return status;
    const struct views_office before = slot->pub;
    read_rights(entry, said, &slot->pub.rights);
    views_mark_office(v, slot);
    if (slot->pub.state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE) {
        views_mail(v, slot, entry->index);
        views_mail_rights_to(v, slot, &before, entry->leaf.accepted_at);
    }
    return ESEP_OK;
}
