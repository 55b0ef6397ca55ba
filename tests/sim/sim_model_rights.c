/* tests/sim/sim_model_rights.c - what an office may report for, said a second time: its own body,
 * and those that the newest entry about it names, in all plans or in those that this names.
 */
#include "sim_model.h"

bool model_carries(const struct model_office *o, const char *body)
{
    bool found = strcmp(o->body, body) == 0;
    for (size_t i = 0; i < o->body_count; i++)
        found = found || strcmp(o->bodies[i], body) == 0;
    return found;
}

bool model_on_plan(const struct model_office *o, const char *plan)
{
    bool found = o->plan_count == 0;
    for (size_t i = 0; i < o->plan_count; i++)
        found = found || strcmp(o->plans[i], plan) == 0;
    return found;
}

bool model_concerns(const struct model_entry *e, const struct model_office *o,
                    const struct model_duty *d)
{
    return model_on_plan(o, e->m->plans[d->plan].id) &&
           (model_carries(o, d->body) ||
            model_carries(o, model_owner(e->m, d, e->leaf.accepted_at)));
}

static bool knows(const struct model_plan *plan, const char *body)
{
    for (size_t i = 0; i < plan->body_count; i++)
        if (strcmp(plan->bodies[i].code, body) == 0)
            return true;
    return false;
}

const char *model_body_there(const struct model_plan *plan, const struct model_office *o)
{
    if (!model_on_plan(o, plan->id))
        return NULL;
    if (knows(plan, o->body))
        return o->body;
    for (size_t i = 0; i < o->body_count; i++)
        if (knows(plan, o->bodies[i]))
            return o->bodies[i];
    return NULL;
}

static size_t read_names(const struct model_entry *e, char *const *names, size_t count,
                         char ret[MODEL_RIGHTS][MODEL_NAME])
{
    if (count > MODEL_RIGHTS)
        sim_fail(e->sim, "more rights than the model holds");
    for (size_t i = 0; i < count; i++)
        (void)snprintf(ret[i], MODEL_NAME, "%s", names[i]);
    return count;
}

static uint64_t decided(const struct model_duty *d)
{
    return d->extension_index != 0 ? d->extension_index : d->control_index;
}

/* Duty after duty, as they were decided: the newest extension, and what was said of control later.
 */
static void mail_decisions(const struct model_entry *e, uint32_t office,
                           const struct model_office *before)
{
    const struct model_office *o = &e->m->offices[office];
    const struct model_duty *next = NULL;
    for (uint64_t last = 0;; last = decided(next)) {
        next = NULL;
        for (size_t i = 0; i < e->m->duty_count; i++) {
            const struct model_duty *d = &e->m->duties[i];
            if (decided(d) > last && (next == NULL || decided(d) < decided(next)) &&
                model_concerns(e, o, d) && !model_concerns(e, before, d))
                next = d;
        }
        if (next == NULL)
            return;
        if (next->extension_index != 0)
            model_mail(e, office, next->extension_index);
        if (next->control_index > next->extension_index)
            model_mail(e, office, next->control_index);
    }
}

/* It is told; and gets what it has not had so far: plans, what was decided of duties that are its
 * matter from now on, and what helpers of the actions that it leads now have had accepted. */
void model_rights_entry(const struct model_entry *e)
{
    struct sim_model *m = e->m;
    const Esep__V1__OfficeRights *r =
        (const Esep__V1__OfficeRights *)model_read(e, &esep__v1__office_rights__descriptor);
    if (r->office == 0 || r->office > m->office_count)
        sim_fail(e->sim, "entry %llu: rights of nobody", (unsigned long long)e->index);
    struct model_office *o = &m->offices[r->office];
    const struct model_office before = *o;
    o->rights = e->index;
    o->body_count = read_names(e, r->bodies, r->n_bodies, o->bodies);
    o->plan_count = read_names(e, r->plans, r->n_plans, o->plans);
    o->changed = e->sim->now;
    sim_count(e->sim, SIM_TALLY_RIGHTS);
    if (o->state != ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE)
        return;
    model_mail(e, r->office, e->index);
    for (int i = 0; i < m->plan_count; i++)
        if (model_current(m, i) && model_body_there(&m->plans[i], o) != NULL &&
            model_body_there(&m->plans[i], &before) == NULL)
            model_mail(e, r->office, m->plans[i].index);
    mail_decisions(e, r->office, &before);
    model_mail_accepted(e, r->office, &before);
}

bool sim_model_carries(const struct sim *sim, uint32_t office, const char *body)
{
    const struct sim_model *m = sim->truth.model;
    return office > 0 && office <= m->office_count && office < MODEL_OFFICES &&
           model_carries(&m->offices[office], body);
}

static uint64_t mix(uint64_t number, const char *name)
{
    for (; *name != '\0'; name++)
        number = number * 1000003 + (uint8_t)*name;
    return number * 1000003 + 1;
}

uint64_t sim_model_rules(const struct sim *sim, uint32_t office)
{
    const struct sim_model *m = sim->truth.model;
    uint64_t number = 0;
    for (int i = 0; sim->hands_over && i < m->plan_count; i++)
        number = (number * 64 + m->plans[i].revision) * 1000003 + (uint64_t)m->plans[i].effective;
    if (office == 0 || office > m->office_count)
        return number;
    const struct model_office *o = &m->offices[office];
    for (size_t i = 0; i < o->body_count; i++)
        number = mix(number, o->bodies[i]);
    for (size_t i = 0; i < o->plan_count; i++)
        number = mix(number + 7, o->plans[i]);
    return number;
}
