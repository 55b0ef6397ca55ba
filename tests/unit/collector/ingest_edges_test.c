/* The core's own bounds: configs that contradict themselves, events after the end, a store that is
 * full, a batch that has no room, links that are none. Is each said, and is nothing half done? */
#include "ingest_world.h"

static void write_many(struct sim_office *o, struct ingest *g, int count)
{
    for (int i = 0; i < count; i++)
        sim_write(o, g, KEY_1_MOH);
}

static void no_links(struct collector_config *c)
{
    c->links_max = 0;
}
static void no_sessions(struct collector_config *c)
{
    c->sessions_max = 0;
}
static void too_many_sessions(struct collector_config *c)
{
    c->sessions_max = UINT32_MAX / 4;
}
static void tiny_frames(struct collector_config *c)
{
    c->frame_bytes_max = 4095;
}
static void few_records(struct collector_config *c)
{
    c->batch_records_max = 63;
}
static void narrow_batch(struct collector_config *c)
{
    c->batch_bytes_max = 2 * c->frame_bytes_max - 1;
}
static void no_idle(struct collector_config *c)
{
    c->session_idle = 0;
}
static void no_heartbeat(struct collector_config *c)
{
    c->link_heartbeat = 0;
}
static void many_operators(struct collector_config *c)
{
    c->operator_count = COLLECTOR_OPERATORS_MAX + 1;
}

static void configs_that_hold_nothing(void **state)
{
    (void)state;
    static void (*const spoils[])(struct collector_config *) = {
        no_links,     no_sessions, too_many_sessions, tiny_frames,    few_records,
        narrow_batch, no_idle,     no_heartbeat,      many_operators,
    };
    struct ingest g;
    ingest_start(&g, NULL);
    for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
        struct collector_config config = g.config;
        struct collector *core = NULL;
        spoils[i](&config);
        assert_int_equal(collector_new(&core, &config, g.world.views, g.world.now), ESEP_INVALID);
        assert_null(core);
    }
    struct views *empty = NULL;
    struct collector *core = NULL;
    assert_int_equal(views_new(&empty, &world_limits, world_zone, NULL), ESEP_OK);
    assert_int_equal(collector_new(&core, &g.config, empty, g.world.now), ESEP_INVALID);
    assert_null(core);
    views_free(empty);
    ingest_end(&g);
}

static void least_bounds(struct collector_config *c)
{
    c->session_credit_bytes = 1;
    c->ingest_bytes_max = 1;
}

static void bounds_are_fitted_so_that_one_frame_always_goes(void **state)
{
    (void)state;
    struct ingest g;
    static uint8_t big[60000];
    ingest_start(&g, least_bounds);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_write_bytes(o, &g, big, sizeof big);
    sim_batch(o, &g, 1, 1, false); /* it may wait for its head */
    assert_int_equal(sim_count(o, KIND(REFUSAL)), 0);
    sim_write_bytes(o, &g, big, sizeof big);
    sim_batch(o, &g, 2, 2, true);
    assert_true(sim_refused(o, REASON(CREDIT))); /* one frame, and no more before the commit */
    ingest_end(&g);
}

static void nothing_follows_the_end(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    g.auto_commit = false;
    write_many(o, &g, 1);
    sim_batch(o, &g, 1, 1, true);
    ingest_commit(&g, ESEP_IO);
    const uint8_t key[32] = {0};
    collector_on_link(g.core, 0, key, true, g.world.now);
    collector_on_link(g.core, 0, key, false, g.world.now);
    collector_on_order(g.core, 1, esep_slice("", 0), g.world.now);
    collector_on_account_order(g.core, 1, esep_slice("", 0), g.world.now);
    collector_on_mail(g.core, 1, NULL, 0, false, g.world.now);
    collector_on_delivery(g.core, 1, 0, true, 1, NULL, g.world.now);
    collector_on_stored(g.core, g.pending_token, ESEP_OK, g.config.head_signature, g.world.now);
    collector_on_time(g.core, g.world.now + ESEP_DAY);
    collector_drain(g.core, g.world.now);
    assert_null(collector_peek(g.core));
    assert_true(collector_drained(g.core));
    assert_int_equal(collector_status(g.core, NULL), ESEP_IO);
    assert_int_equal(collector_deadline(g.core), ESEP_TIME_NEVER);
    ingest_end(&g);
}

static void names_of_counters(void **state)
{
    (void)state;
    for (int i = 0; i < COLLECTOR_COUNTERS; i++) {
        assert_true(collector_counter_name((enum collector_counter)i)[0] != '\0');
        for (int k = 0; k < i; k++)
            assert_string_not_equal(collector_counter_name((enum collector_counter)i),
                                    collector_counter_name((enum collector_counter)k));
    }
}

static uint64_t refused_frames(const struct ingest *g)
{
    return collector_counter(g->core, COLLECTOR_FRAMES_REFUSED);
}

static void frames_from_links_that_are_none(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    uint8_t head[128];
    uint8_t curve[32] = {1};
    Esep__V1__From from = ESEP__V1__FROM__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    from.curve_key = (ProtobufCBinaryData){32, curve};
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_FROM;
    down.from = &from;
    size_t len = protobuf_c_message_pack(&down.base, head);
    struct esep_slice parts[3] = {esep_slice(head, len), esep_slice("x", 1), esep_slice("y", 1)};
    uint64_t before = refused_frames(&g);
    collector_on_frame(g.core, 2, parts, 2, g.world.now); /* there are 0 and 1 */
    collector_on_frame(g.core, 1, parts, 2, g.world.now); /* not up */
    collector_on_frame(g.core, 0, parts, 0, g.world.now);
    collector_on_frame(g.core, 0, parts, 3, g.world.now);
    collector_on_frame(g.core, 0, parts, 1, g.world.now); /* a stamp without a frame */
    parts[0] = esep_slice("\xff\xff", 2);
    collector_on_frame(g.core, 0, parts, 2, g.world.now);
    from.curve_key.len = 31;
    parts[0] = esep_slice(head, protobuf_c_message_pack(&down.base, head));
    collector_on_frame(g.core, 0, parts, 2, g.world.now);
    assert_int_equal(refused_frames(&g), before + 7);
    assert_null(collector_peek(g.core));
    const uint8_t key[32] = {0};
    collector_on_link(g.core, 2, key, true, g.world.now);
    assert_null(collector_peek(g.core));
    const char *why = NULL;
    assert_int_equal(collector_link(g.core, 2, &why), COLLECTOR_LINK_DOWN);
    /* Up, but it has not joined: its stamps count for nothing. */
    collector_on_link(g.core, 1, key, true, g.world.now);
    ingest_pump(&g);
    o->link = 1;
    before = refused_frames(&g);
    sim_hello(o, &g);
    assert_int_equal(o->heard_count, 0);
    assert_int_equal(refused_frames(&g), before + 1);
    ingest_end(&g);
}

static void link_messages_out_of_turn(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    const char *why = NULL;
    uint8_t nonce[32] = {0};
    collector_on_time(g.core, g.world.now); /* the first look for alerts is over */
    ingest_pump(&g);
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    Esep__V1__Joined joined = ESEP__V1__JOINED__INIT;
    Esep__V1__Challenge challenge = ESEP__V1__CHALLENGE__INIT;
    size_t rosters = g.roster_parts;
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_JOINED;
    down.joined = &joined;
    ingest_link_down(&g, 0, &down); /* it has joined already */
    assert_int_equal(g.roster_parts, rosters);
    size_t joins = g.link_messages[ESEP__V1__LINK_UP__WHAT_JOIN];
    challenge.nonce = (ProtobufCBinaryData){31, nonce};
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_CHALLENGE;
    down.challenge = &challenge;
    ingest_link_down(&g, 0, &down); /* a nonce that is none is not signed */
    assert_int_equal(g.link_messages[ESEP__V1__LINK_UP__WHAT_JOIN], joins);
    down.what_case = ESEP__V1__LINK_DOWN__WHAT__NOT_SET;
    ingest_link_down(&g, 0, &down);
    assert_int_equal(collector_link(g.core, 0, &why), COLLECTOR_LINK_JOINED);
    /* A heartbeat that the broker asks for counts within bounds. */
    challenge.nonce.len = 32;
    const struct {
        uint32_t asked_ms;
        esep_time beat;
    } beats[] = {{500, ESEP_SECOND / 2}, {5, 2 * ESEP_SECOND}, {9000, 2 * ESEP_SECOND}};
    for (size_t i = 0; i < 3; i++) {
        const uint8_t key[32] = {0xb0};
        collector_on_link(g.core, 0, key, true, g.world.now);
        ingest_pump(&g);
        down.what_case = ESEP__V1__LINK_DOWN__WHAT_CHALLENGE;
        down.challenge = &challenge;
        uint8_t five[32] = {5};
        challenge.nonce.data = five;
        ingest_link_down(&g, 0, &down);
        joined.heartbeat_ms = beats[i].asked_ms;
        down.what_case = ESEP__V1__LINK_DOWN__WHAT_JOINED;
        down.joined = &joined;
        ingest_link_down(&g, 0, &down);
        assert_int_equal(collector_deadline(g.core), g.world.now + beats[i].beat);
    }
    /* Silent for three beats: who asks is told; nothing else changes. */
    g.world.now += 7 * ESEP_SECOND;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_int_equal(collector_link(g.core, 0, &why), COLLECTOR_LINK_GREETED);
    assert_string_equal(why, "the broker is silent");
    assert_int_equal(collector_link(g.core, 0, NULL), COLLECTOR_LINK_GREETED);
    ingest_end(&g);
}

/* What does not fit into the open batch is refused or told later, and leaves no half of itself. */
static void batches_of_128(struct collector_config *config)
{
    config->batch_records_max = 128;
}

static void the_open_batch_is_full(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, batches_of_128);
    uint8_t code[16] = {0x77};
    ingest_code(&g, "akmola", code, true, g.world.now + 365 * ESEP_DAY);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *late = sim_active(&g, "akmola");
    struct sim_office *fresh = sim_new(&g);
    sim_hello(o, &g);
    write_many(o, &g, 130);
    g.world.now = world_time("2013-06-25T10:00:00+06:00");
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true);   /* under way */
    sim_batch(o, &g, 2, 127, true); /* with the head, all but one record of the batch behind it */
    sim_hello(late, &g);
    assert_true(sim_refused(late, REASON(LIMIT)));
    ingest_code(&g, "moj", (const uint8_t *)"the last record.", true, g.world.now + ESEP_DAY);
    g.reply.order.text[0] = '\0';
    ingest_code(&g, "moj", (const uint8_t *)"one record more.", true, g.world.now + ESEP_DAY);
    assert_false(g.reply.order.ok);
    assert_non_null(strstr(g.reply.order.text, "full"));
    sim_connect(fresh, &g);
    sim_enrol(fresh, &g, code);
    assert_true(sim_refused(fresh, REASON(LIMIT)));
    collector_on_time(g.core, g.world.now); /* alerts are due, and wait */
    ingest_pump(&g);
    assert_true(collector_deadline(g.core) <= g.world.now + ESEP_SECOND);
    g.auto_commit = true;
    while (g.pending != NULL)
        ingest_commit(&g, ESEP_OK);
    assert_true(g.reply.order.ok); /* the one that took the last record */
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 127);
    assert_int_equal(ingest_log_count(&g, LOG(ALERT)), 0);
    g.world.now += ESEP_SECOND;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_true(ingest_log_count(&g, LOG(ALERT)) > 0);
    sim_forget(late);
    sim_hello(late, &g);
    assert_int_equal(sim_count(late, KIND(WELCOME)), 1);
    sim_enrol(fresh, &g, code);
    assert_int_equal(sim_count(fresh, KIND(ENROL_REPLY)), 1);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void words_of_a_delivery(void **state)
{
    (void)state;
    static char long_text[400];
    memset(long_text, 'x', sizeof long_text - 1);
    const struct {
        const char *detail;
        size_t kept;
    } cases[] = {{NULL, 0}, {"", 0}, {"no\xff text", 0}, {long_text, 255}, {"greylisted", 10}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ingest g;
        ingest_start(&g, NULL);
        g.world.now = world_time("2013-06-25T10:00:00+06:00");
        collector_on_time(g.core, g.world.now);
        ingest_pump(&g);
        assert_true(g.deliver_count > 0);
        collector_on_delivery(g.core, g.delivers[0], 0, false, 3, cases[i].detail, g.world.now);
        ingest_pump(&g);
        const struct world_entry *last = &g.world.log[g.world.log_count - 1];
        assert_int_equal(last->leaf[1], LOG(DELIVERY));
        Esep__V1__Delivery *d = esep__v1__delivery__unpack(NULL, last->len, last->body);
        assert_non_null(d);
        assert_int_equal(strlen(d->detail), cases[i].kept);
        esep__v1__delivery__free_unpacked(d, NULL);
        ingest_assert_replay(&g);
        ingest_end(&g);
    }
}

static void a_full_store_serves_what_writes_nothing(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_write(o, &g, KEY_1_MOH);
    collector_set_full(g.core, true);
    size_t logged = g.world.log_count;
    g.world.now = world_time("2013-06-25T10:00:00+06:00"); /* alerts are due */
    collector_on_time(g.core, g.world.now - ESEP_DAY);
    ingest_pump(&g);
    sim_hello(o, &g);
    assert_true(sim_refused(o, REASON(FULL)));
    collector_set_full(g.core, false);
    sim_hello(o, &g);
    collector_set_full(g.core, true);
    logged = g.world.log_count;
    sim_forget(o);
    sim_ping(o, &g);
    sim_pull(o, &g, 0);
    assert_int_equal(sim_count(o, KIND(PONG)), 1);
    assert_true(sim_count(o, KIND(MAIL)) > 0);
    sim_pull(o, &g, 1); /* acknowledged, and not logged */
    sim_batch(o, &g, 1, 1, true);
    assert_true(sim_refused(o, REASON(FULL)));
    const uint8_t code[16] = {3};
    ingest_code(&g, "moh", code, true, g.world.now + ESEP_DAY);
    assert_non_null(strstr(g.reply.order.text, "full"));
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__ListOrder list = ESEP__V1__LIST_ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_LIST;
    order.list = &list;
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    collector_on_time(g.core, g.world.now + ESEP_HOUR);
    ingest_pump(&g);
    assert_int_equal(g.world.log_count, logged);
    assert_int_equal(ingest_log_count(&g, LOG(ALERT)), 0);
    ingest_end(&g);
}

static void draining_says_no_and_ends(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_write(o, &g, KEY_1_MOH);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true);
    assert_false(collector_drained(g.core)); /* nobody asked for it */
    collector_drain(g.core, g.world.now);
    assert_false(collector_drained(g.core)); /* a commit is under way, a beat is to be said */
    collector_drain(g.core, g.world.now);
    ingest_pump(&g);
    assert_false(collector_drained(g.core));
    sim_forget(o);
    sim_ping(o, &g);
    assert_true(sim_refused(o, REASON(WAIT)));
    const uint8_t code[16] = {3};
    ingest_code(&g, "moh", code, true, g.world.now + ESEP_DAY);
    assert_non_null(strstr(g.reply.order.text, "stopping"));
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 1);
    assert_true(collector_deadline(g.core) > g.world.now); /* it is not woken for alerts */
    g.world.now += 400 * ESEP_DAY;                         /* no alerts any more */
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_int_equal(ingest_log_count(&g, LOG(ALERT)), 0);
    assert_true(collector_drained(g.core));
    ingest_end(&g);
}

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void denied(struct ingest *g, const Esep__V1__Order *order, const char *words)
{
    size_t logged = g->world.log_count;
    ingest_order(g, order);
    if (g->reply.order.ok || strstr(g->reply.order.text, words) == NULL)
        fail_msg("\"%s\", wanted \"%s\"", g->reply.order.text, words);
    assert_int_equal(g->world.log_count, logged);
}

/* What a person can mend is said in words that say how, and nothing is logged. */
static void orders_of_the_secretariat(void **state)
{
    (void)state;
    static char long_text[5000];
    memset(long_text, 'x', sizeof long_text - 1);
    char *const over = long_text + sizeof long_text - 1 - 4097;
    struct ingest g;
    ingest_start(&g, NULL);
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__ExtendOrder extend = ESEP__V1__EXTEND_ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_EXTEND;
    order.extend = &extend;
    extend.obligation = text("p/nothing");
    denied(&g, &order, "no obligation");
    extend.obligation = text(KEY_1_MOH);
    denied(&g, &order, "the reason is missing");
    extend.reason = over;
    denied(&g, &order, "longer than 4096");
    extend.reason = text("floods");
    denied(&g, &order, "the document is missing");
    extend.document = text("No. 7");
    extend.until = text("soon");
    denied(&g, &order, "is no day");
    extend.until = text("2013-06-30");
    denied(&g, &order, "must be later");
    extend.until = text("2013-07-31");
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    Esep__V1__ControlOrder control = ESEP__V1__CONTROL_ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_CONTROL;
    order.control = &control;
    control.obligation = text("p/nothing");
    denied(&g, &order, "no obligation");
    control.obligation = text(KEY_1_MOH);
    denied(&g, &order, "the reason is missing");
    control.reason = text("decree 9");
    denied(&g, &order, "remove and restore");
    control.act = ESEP__V1__CONTROL_ACT__CONTROL_ACT_RESTORE;
    denied(&g, &order, "on control already");
    Esep__V1__ReviewOrder review = ESEP__V1__REVIEW_ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_REVIEW;
    order.review = &review;
    review.report_index = 1;
    denied(&g, &order, "waits for a review");
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 1, 1, true);
    review.report_index = sim_last(o, KIND(RECEIPT))->receipt.first_index;
    denied(&g, &order, "the comment is missing"); /* a return says why */
    review.comment = over;
    denied(&g, &order, "longer than 4096");
    review.comment = text("figures");
    review.reason_code = long_text + sizeof long_text - 1 - 65;
    denied(&g, &order, "longer than 64");
    review.reason_code = text("figures");
    review.again_by = text("2013-02-31");
    denied(&g, &order, "is no day");
    review.again_by = text("2013-01-14");
    denied(&g, &order, "has passed");
    review.accept = true;
    denied(&g, &order, "does not come back");
    review.again_by = text("");
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void plans_that_say_too_little(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    static uint8_t packed[16384];
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__PlanOrder m = ESEP__V1__PLAN_ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_PLAN;
    order.plan = &m;
    for (int i = 0; i < 4; i++) {
        Esep__V1__Plan plan = *views_plan(g.world.views, 0);
        plan.revision++;
        if (i == 0)
            plan.id = text("");
        if (i == 1)
            plan.n_bodies = 0;
        if (i == 2)
            plan.rules = NULL;
        if (i == 3)
            m.effective = text("2001-01-01"); /* before its approval */
        m.plan = (ProtobufCBinaryData){protobuf_c_message_pack(&plan.base, packed), packed};
        denied(&g, &order, i == 3 ? "before its approval" : "no id, no bodies or no rules");
    }
    m.effective = text("");
    Esep__V1__Plan other = *views_plan(g.world.views, 0); /* another plan, of the first revision */
    other.id = text("q");
    m.plan = (ProtobufCBinaryData){protobuf_c_message_pack(&other.base, packed), packed};
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    assert_int_equal(views_plan_count(g.world.views), 2);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs_that_hold_nothing),
        cmocka_unit_test(bounds_are_fitted_so_that_one_frame_always_goes),
        cmocka_unit_test(nothing_follows_the_end),
        cmocka_unit_test(names_of_counters),
        cmocka_unit_test(frames_from_links_that_are_none),
        cmocka_unit_test(link_messages_out_of_turn),
        cmocka_unit_test(the_open_batch_is_full),
        cmocka_unit_test(words_of_a_delivery),
        cmocka_unit_test(a_full_store_serves_what_writes_nothing),
        cmocka_unit_test(draining_says_no_and_ends),
        cmocka_unit_test(orders_of_the_secretariat),
        cmocka_unit_test(plans_that_say_too_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
