/* tests/sim/sim_orders.c - the secretariat and the operator, by local orders; see sim.h.
 *
 * Any of them may be refused, lost in a crash, or done and not confirmed: people look and order
 * again, or not.
 */
#include "sim.h"

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static void give(struct sim *sim, Esep__V1__Order *order, const char *what)
{
    struct sim_collector *c = &sim->collector;
    static uint8_t packed[65536];
    uint8_t nonce[32];
    sim_seed_bytes(sim, nonce);
    order->actor = text("secretariat");
    order->nonce = esep_pb(nonce, 16);
    order->issued_at_us = sim_wall(sim, &c->node);
    if (protobuf_c_message_get_packed_size(&order->base) > sizeof packed)
        sim_fail(sim, "an order is too large for this model");
    size_t len = protobuf_c_message_pack(&order->base, packed);
    c->order_token = 1 + sim_pick(sim, 1u << 30);
    sim_trace(sim, &c->node, "order: %s", what);
    collector_on_order(c->core, c->order_token, esep_slice(packed, len), sim_wall(sim, &c->node));
    sim_collector_pump(sim);
}

/* A report to judge: a head of some obligation. */
static const struct views_obligation *with_report(struct sim *sim)
{
    const struct views *views = sim->collector.views;
    uint32_t count = views_obligation_count(views);
    for (int tries = 0; tries < 30; tries++) {
        const struct views_obligation *o = views_obligation(views, (uint32_t)sim_pick(sim, count));
        if (o->head_count > 0)
            return o;
    }
    return NULL;
}

static void review(struct sim *sim)
{
    Esep__V1__ReviewOrder m = ESEP__V1__REVIEW_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    const struct views_obligation *o = with_report(sim);
    char again[11];
    if (o == NULL)
        return;
    size_t shown = o->head_count < VIEWS_HEADS_MAX ? o->head_count : VIEWS_HEADS_MAX;
    m.report_index = o->heads[sim_pick(sim, shown)].index;
    m.accept = sim_pick(sim, 2) == 0;
    m.comment = text("as discussed");
    if (!m.accept) {
        m.reason_code = text("incomplete");
        esep_day_format((esep_day)(sim->now / ESEP_DAY + 1 + (esep_time)sim_pick(sim, 30)), again);
        m.again_by = sim_pick(sim, 4) > 0 ? again : text("");
    }
    order.what_case = ESEP__V1__ORDER__WHAT_REVIEW;
    order.review = &m;
    give(sim, &order, m.accept ? "accept a report" : "return a report");
}

static void extend(struct sim *sim)
{
    Esep__V1__ExtendOrder m = ESEP__V1__EXTEND_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    char until[11];
    m.obligation = sim->keys[sim_pick(sim, (uint64_t)sim->key_count)];
    esep_day_format((esep_day)(sim->start / ESEP_DAY + 3 + (esep_time)sim_pick(sim, 30)), until);
    m.until = until;
    m.reason = text("a flood");
    m.document = text("No 7");
    m.refuse = sim_pick(sim, 4) == 0;
    order.what_case = ESEP__V1__ORDER__WHAT_EXTEND;
    order.extend = &m;
    give(sim, &order, m.refuse ? "refuse an extension" : "extend");
}

static void control(struct sim *sim)
{
    Esep__V1__ControlOrder m = ESEP__V1__CONTROL_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.obligation = sim->keys[sim_pick(sim, (uint64_t)sim->key_count)];
    m.act = sim_pick(sim, 2) == 0 ? ESEP__V1__CONTROL_ACT__CONTROL_ACT_REMOVE
                                  : ESEP__V1__CONTROL_ACT__CONTROL_ACT_RESTORE;
    m.reason = text("done");
    order.what_case = ESEP__V1__ORDER__WHAT_CONTROL;
    order.control = &m;
    give(sim, &order, "control");
}

static void change_plan(struct sim *sim)
{
    Esep__V1__PlanOrder m = ESEP__V1__PLAN_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    char effective[11];
    struct esep_slice plan = sim_plan(sim, ++sim->collector.plan_revision);
    esep_day_format((esep_day)(sim->now / ESEP_DAY + (esep_time)sim_pick(sim, 3)), effective);
    m.plan = esep_pb(plan.data, plan.len);
    m.effective = effective;
    order.what_case = ESEP__V1__ORDER__WHAT_PLAN;
    order.plan = &m;
    give(sim, &order, "a plan changes");
}

/* A few bodies more, or none: then it is as at first. Some offices carry several for long. */
static void change_rights(struct sim *sim)
{
    Esep__V1__RightsOrder m = ESEP__V1__RIGHTS_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    char *bodies[SIM_BODIES];
    char *plan = text("p");
    const uint64_t draw = sim_pick(sim, 1u << SIM_BODIES);
    const bool back = sim_pick(sim, 4) == 0;
    for (size_t i = 0; i < SIM_BODIES; i++)
        if (!back && (draw >> i & 1) != 0)
            bodies[m.n_bodies++] = text(sim_bodies[i]);
    m.office = 1 + (uint32_t)sim_pick(sim, (uint64_t)sim->office_count);
    m.bodies = bodies;
    m.plans = &plan;
    m.n_plans = sim_pick(sim, 5) == 0 ? 1 : 0;
    m.reason = text("the district has no line");
    order.what_case = ESEP__V1__ORDER__WHAT_RIGHTS;
    order.rights = &m;
    give(sim, &order, back ? "rights are taken back" : "rights");
}

/* A store of before a rotation does not know the new keys (docs/adr/0018): where stores are put
 * back nobody renews any. */
static bool rotates(const struct sim *sim)
{
    return sim->profile->restores == 0 && sim->profile->enrols == 0;
}

static void ask_for_keys(struct sim *sim)
{
    Esep__V1__RenewOrder m = ESEP__V1__RENEW_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.office = 1 + (uint32_t)sim_pick(sim, (uint64_t)sim->office_count);
    m.reason = text("a new year");
    order.what_case = ESEP__V1__ORDER__WHAT_RENEW;
    order.renew = &m;
    give(sim, &order, "an office is to renew its keys");
}

void sim_collector_revoke(struct sim *sim, int office)
{
    Esep__V1__RevokeOrder m = ESEP__V1__REVOKE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.office = sim->offices[office].number;
    m.reason = text("the machine was stolen");
    order.what_case = ESEP__V1__ORDER__WHAT_REVOKE;
    order.revoke = &m;
    sim->offices[office].revoked = true;
    give(sim, &order, "revoke");
}

static bool takes_orders(struct sim *sim)
{
    const struct sim_collector *c = &sim->collector;
    return c->core != NULL && !sim_paused(sim, &c->node) &&
           collector_status(c->core, NULL) == ESEP_OK;
}

void sim_order_code(struct sim *sim, const char *body, const struct esep_hash *code, bool accept)
{
    Esep__V1__CodeOrder m = ESEP__V1__CODE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    if (!takes_orders(sim))
        return;
    m.body = text(body);
    m.code_hash = esep_pb(code->bytes, sizeof code->bytes);
    m.expires_at_us = sim_wall(sim, &sim->collector.node) + sim_between(sim, 1, 48) * ESEP_HOUR;
    m.accept_on_use = accept;
    order.what_case = ESEP__V1__ORDER__WHAT_CODE;
    order.code = &m;
    give(sim, &order, "a code");
}

void sim_order_accept(struct sim *sim, uint32_t office)
{
    Esep__V1__AcceptOrder m = ESEP__V1__ACCEPT_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    if (!takes_orders(sim))
        return;
    m.office = office;
    order.what_case = ESEP__V1__ORDER__WHAT_ACCEPT;
    order.accept = &m;
    give(sim, &order, "accept an office");
}

void sim_collector_order(struct sim *sim)
{
    static void (*const all[])(struct sim *) = {review, review, review, extend, control};
    if (sim->ruled && sim_pick(sim, 6) == 0)
        (rotates(sim) && sim_pick(sim, 5) == 0 ? ask_for_keys : change_rights)(sim);
    else if (sim_pick(sim, sim->hands_over ? 8 : 30) == 0 && sim->collector.plan_revision < 12)
        change_plan(sim);
    else
        all[sim_pick(sim, sizeof all / sizeof all[0])](sim);
}
