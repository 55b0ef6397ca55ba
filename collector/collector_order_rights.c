/* collector/collector_order_rights.c - what an office may report for, as operators order it.
 *
 * The order says all of it anew. Bodies and plans must be ones that a plan of this log has, so that
 * a slip of the pen is seen at once. Districts are written out: the entry names each body, and a
 * district that a later plan adds is another order's matter.
 */
#include "collector/collector_orders.h"

struct rights {
    char *bodies[VIEWS_RIGHT_BODIES_MAX + 1]; /* one too many is kept, so that it is seen */
    size_t body_count;
    const struct views_office *office;
};

static void add_body(struct rights *r, char *code)
{
    for (size_t i = 0; i < r->body_count; i++)
        if (strcmp(r->bodies[i], code) == 0)
            return;
    if (strcmp(code, r->office->body) != 0 && r->body_count <= VIEWS_RIGHT_BODIES_MAX)
        r->bodies[r->body_count++] = code;
}

static bool is_current(const struct collector *c, uint32_t plan_no)
{
    const Esep__V1__Plan *plan = views_plan(c->views, plan_no);
    for (uint32_t i = plan_no + 1; plan != NULL && i < views_plan_count(c->views); i++) {
        const Esep__V1__Plan *later = views_plan(c->views, i);
        if (later != NULL && strcmp(later->id, plan->id) == 0)
            return false;
    }
    return plan != NULL;
}

static bool names_plan(const Esep__V1__RightsOrder *m, const char *id)
{
    for (size_t i = 0; i < m->n_plans; i++)
        if (strcmp(m->plans[i], id) == 0)
            return true;
    return false;
}

/* Every body below the office's own, in the plans that it may report on. */
static void add_districts(const struct collector *c, const Esep__V1__RightsOrder *m,
                          struct rights *r)
{
    for (uint32_t i = 0; i < views_plan_count(c->views); i++) {
        const Esep__V1__Plan *plan = views_plan(c->views, i);
        if (!is_current(c, i) || (m->n_plans > 0 && !names_plan(m, plan->id)))
            continue;
        for (size_t b = 0; b < plan->n_bodies; b++)
            if (esep_body_within(plan, plan->bodies[b]->code, r->office->body))
                add_body(r, plan->bodies[b]->code);
    }
}

static bool is_plan(const struct collector *c, const char *id)
{
    for (uint32_t i = 0; i < views_plan_count(c->views); i++) {
        const Esep__V1__Plan *plan = views_plan(c->views, i);
        if (plan != NULL && strcmp(plan->id, id) == 0)
            return true;
    }
    return false;
}

static bool is_known(const struct collector *c, const Esep__V1__RightsOrder *m,
                     struct collector_order_result *result)
{
    for (size_t i = 0; i < m->n_bodies; i++)
        if (!collector_order_known_body(c, m->bodies[i])) {
            collector_order_deny(result,
                                 "no plan has a body \"%.40s\": load the plan first, or check the "
                                 "code of the body",
                                 m->bodies[i]);
            return false;
        }
    for (size_t i = 0; i < m->n_plans; i++)
        if (!is_plan(c, m->plans[i])) {
            collector_order_deny(
                result, "there is no plan \"%.64s\": load it first, or check its id", m->plans[i]);
            return false;
        }
    return true;
}

static bool has(const struct views_office *office, char *const *bodies, size_t body_count,
                char *const *plans, size_t plan_count)
{
    const struct views_rights *r = &office->rights;
    bool same = r->body_count == body_count && r->plan_count == plan_count;
    for (size_t i = 0; same && i < body_count; i++)
        same = views_office_carries(office, bodies[i]);
    for (size_t i = 0; same && i < plan_count; i++)
        same = views_office_on_plan(office, plans[i]);
    return same;
}

void collector_order_rights(struct collector *c, const Esep__V1__Order *order, char *actor,
                            esep_time now, struct collector_order_result *result)
{
    const Esep__V1__RightsOrder *m = order->rights;
    struct rights r = {.office = views_office(c->views, m->office)};
    Esep__V1__OfficeRights said = ESEP__V1__OFFICE_RIGHTS__INIT;
    if (r.office == NULL) {
        collector_order_deny(result, "there is no office %u: see `keys list`", m->office);
        return;
    }
    if (!is_known(c, m, result))
        return;
    for (size_t i = 0; i < m->n_bodies; i++)
        add_body(&r, m->bodies[i]);
    if (m->districts)
        add_districts(c, m, &r);
    if (m->districts && r.body_count == 0) {
        collector_order_deny(result, "no plan has a body below %.40s: name the districts (--body)",
                             r.office->body);
    } else if (has(r.office, r.bodies, r.body_count, m->plans, m->n_plans)) {
        collector_order_deny(result, "office %u has just these rights already", m->office);
    } else {
        said.office = m->office;
        said.bodies = r.bodies;
        said.n_bodies = r.body_count;
        said.plans = m->plans;
        said.n_plans = m->n_plans;
        said.actor = actor;
        said.reason = m->reason;
        collector_order_log(c, ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS, m->office, &said.base, now,
                            result);
    }
}
