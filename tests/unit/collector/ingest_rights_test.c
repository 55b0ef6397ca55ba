/* tests/unit/collector/ingest_rights_test.c - operators say what an office may report for: which
 * orders are refused in which words, and that what comes behind such an entry is judged by it.
 */
#include "ingest_world.h"

#define ANNUAL(body) "p/annual/-/" body "/2013-01-01..2013-12-31"

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

struct wish {
    const char *bodies[3], *plans[2];
    bool districts;
};

static void order_rights(struct ingest *g, uint32_t office, const struct wish *wish)
{
    Esep__V1__RightsOrder m = ESEP__V1__RIGHTS_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    char *bodies[3];
    char *plans[2];
    for (; m.n_bodies < 3 && wish->bodies[m.n_bodies] != NULL; m.n_bodies++)
        bodies[m.n_bodies] = text(wish->bodies[m.n_bodies]);
    for (; m.n_plans < 2 && wish->plans[m.n_plans] != NULL; m.n_plans++)
        plans[m.n_plans] = text(wish->plans[m.n_plans]);
    m.office = office;
    m.bodies = bodies;
    m.plans = plans;
    m.districts = wish->districts;
    m.reason = text("no line there");
    order.what_case = ESEP__V1__ORDER__WHAT_RIGHTS;
    order.rights = &m;
    ingest_order(g, &order);
}

/* The plan's next revision has two districts below akmola. */
static void add_districts(struct ingest *g)
{
    static uint8_t packed[16384];
    Esep__V1__Body more[2];
    Esep__V1__Body *list[6];
    Esep__V1__PlanOrder m = ESEP__V1__PLAN_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__Plan plan = *views_plan(g->world.views, 0);
    for (size_t i = 0; i < 6; i++)
        list[i] = i < 4 ? plan.bodies[i] : &more[i - 4];
    for (size_t i = 0; i < 2; i++) {
        esep__v1__body__init(&more[i]);
        more[i].code = text(i == 0 ? "akmola-1" : "akmola-2");
        more[i].parent = text("akmola");
        more[i].kind = ESEP__V1__BODY_KIND__BODY_KIND_DISTRICT;
    }
    plan.revision++;
    plan.bodies = list;
    plan.n_bodies = 6;
    m.plan = (ProtobufCBinaryData){protobuf_c_message_pack(&plan.base, packed), packed};
    m.effective = text("2013-02-01");
    order.what_case = ESEP__V1__ORDER__WHAT_PLAN;
    order.plan = &m;
    ingest_order(g, &order);
    assert_true(g->reply.order.ok);
}

static void refused(struct ingest *g, uint32_t office, struct wish wish, const char *says)
{
    const size_t logged = g->world.log_count;
    order_rights(g, office, &wish);
    assert_false(g->reply.order.ok);
    if (strstr(g->reply.order.text, says) == NULL)
        fail_msg("%s", g->reply.order.text);
    assert_int_equal(g->world.log_count, logged);
}

static void given(struct ingest *g, uint32_t office, struct wish wish)
{
    order_rights(g, office, &wish);
    if (!g->reply.order.ok)
        fail_msg("%s", g->reply.order.text);
}

static void what_is_no_right(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    const struct sim_office *o = sim_active(&g, "akmola");
    refused(&g, 9, (struct wish){.bodies = {"moh"}}, "no office 9");
    refused(&g, o->number, (struct wish){.bodies = {"nobody"}}, "no plan has a body \"nobody\"");
    refused(&g, o->number, (struct wish){.plans = {"q"}}, "no plan \"q\"");
    refused(&g, o->number, (struct wish){.bodies = {NULL}}, "just these rights already");
    refused(&g, o->number, (struct wish){.bodies = {"akmola"}}, "just these rights already");
    refused(&g, o->number, (struct wish){.districts = true}, "no plan has a body below akmola");
    refused(&g, o->number, (struct wish){.plans = {"p", "p"}}, "each once");
    given(&g, o->number, (struct wish){.bodies = {"moh", "moh"}, .plans = {"p"}});
    refused(&g, o->number, (struct wish){.bodies = {"moh"}, .plans = {"p"}}, "already");
    assert_int_equal(views_office(g.world.views, o->number)->rights.body_count, 1);
    given(&g, o->number, (struct wish){.bodies = {NULL}});
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* Each entry by the rights as of its place in the log, also after a crash; the list shows them. */
static void judged_by_its_place(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "akmola");
    add_districts(&g);
    sim_hello(o, &g);
    sim_write(o, &g, ANNUAL("akmola-1"));
    sim_write(o, &g, ANNUAL("akmola-1"));
    sim_write(o, &g, ANNUAL("akmola-2"));
    sim_write(o, &g, ANNUAL("akmola-1"));
    sim_batch(o, &g, 1, 1, true);
    given(&g, o->number, (struct wish){.districts = true});
    const struct views_office *office = views_office(g.world.views, o->number);
    assert_int_equal(office->rights.body_count, 2);
    assert_int_equal(office->refused_entries, 1);
    sim_batch(o, &g, 2, 3, true);
    assert_int_equal(office->refused_entries, 1);
    Esep__V1__ListOrder list = ESEP__V1__LIST_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_LIST;
    order.list = &list;
    ingest_order(&g, &order);
    assert_int_equal(g.reply.order.first_bodies, 2);
    ingest_restart(&g);
    office = views_office(g.world.views, o->number);
    assert_int_equal(office->rights.body_count, 2);
    given(&g, o->number, (struct wish){.bodies = {"akmola-2"}});
    sim_connect(o, &g);
    sim_hello(o, &g);
    sim_batch(o, &g, 4, 4, true);
    assert_int_equal(office->refused_entries, 2);
    assert_int_equal(views_obligation_by_key(g.world.views, ANNUAL("akmola-1"))->reports, 1);
    assert_int_equal(views_obligation_by_key(g.world.views, ANNUAL("akmola-2"))->reports, 1);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_right),
        cmocka_unit_test(judged_by_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
