/* tests/unit/collector/ingest_order_test.c - enrolment and orders, local and signed. */
#include "ingest_world.h"

#include <stdio.h>

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void order_office(struct ingest *g, bool accept, uint32_t office, const char *reason)
{
    Esep__V1__AcceptOrder a = ESEP__V1__ACCEPT_ORDER__INIT;
    Esep__V1__RevokeOrder r = ESEP__V1__REVOKE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    a.office = r.office = office;
    r.reason = text(reason);
    order.what_case = accept ? ESEP__V1__ORDER__WHAT_ACCEPT : ESEP__V1__ORDER__WHAT_REVOKE;
    if (accept)
        order.accept = &a;
    else
        order.revoke = &r;
    ingest_order(g, &order);
}

static void enrolment_waits_for_acceptance(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_new(&g);
    const uint8_t code[16] = {1, 2, 3};
    ingest_code(&g, "akmola", code, false, g.world.now + ESEP_HOUR);
    assert_true(g.reply.order.ok);
    sim_connect(o, &g);
    g.auto_commit = false;
    sim_enrol(o, &g, code);
    assert_int_equal(sim_count(o, KIND(ENROL_REPLY)), 0);
    assert_int_equal(g.roster_admission[1], 0);
    ingest_commit(&g, ESEP_OK);
    g.auto_commit = true;
    const struct sim_heard *reply = sim_last(o, KIND(ENROL_REPLY));
    assert_int_equal(reply->enrolled.office, 1);
    assert_string_equal(reply->enrolled.body, "akmola");
    assert_false(reply->enrolled.accepted);
    assert_int_equal(g.roster_admission[1], ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_PENDING);
    o->number = 1;
    o->chain[0] = esep_chain_start(&g.log_id, 1, 1, o->sign.public);
    sim_hello(o, &g);
    assert_true(sim_refused(o, REASON(PENDING)));
    order_office(&g, true, 1, "");
    assert_true(g.reply.order.ok);
    assert_int_equal(g.roster_admission[1], ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_ACTIVE);
    sim_hello(o, &g);
    assert_int_equal(sim_count(o, KIND(WELCOME)), 1);
    /* Active: the plan waits in its mailbox. */
    assert_true(sim_last(o, KIND(WELCOME))->welcome.mail_last > 0);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void a_code_is_used_once(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    const uint8_t code[16] = {1, 2, 3};
    const uint8_t unknown[16] = {9};
    ingest_code(&g, "akmola", code, true, g.world.now + ESEP_HOUR);
    struct sim_office *first = sim_new(&g);
    struct sim_office *second = sim_new(&g);
    sim_connect(first, &g);
    sim_connect(second, &g);
    g.auto_commit = false;
    sim_enrol(first, &g, code);
    sim_enrol(second, &g, code); /* between the first and its commit */
    assert_true(sim_refused(second, REASON(CODE)));
    while (g.pending != NULL)
        ingest_commit(&g, ESEP_OK);
    g.auto_commit = true;
    assert_true(sim_last(first, KIND(ENROL_REPLY))->enrolled.accepted);
    assert_int_equal(ingest_log_count(&g, LOG(KEY)), 1);
    /* The reply was lost: the same keys ask again and get the same number. */
    sim_forget(first);
    sim_enrol(first, &g, code);
    assert_int_equal(sim_last(first, KIND(ENROL_REPLY))->enrolled.office, 1);
    assert_int_equal(ingest_log_count(&g, LOG(KEY)), 1);
    sim_forget(second);
    g.world.now += ESEP_SECOND;
    sim_enrol(second, &g, unknown);
    assert_true(sim_refused(second, REASON(CODE)));
    /* The very frame again, by the broker. */
    static uint8_t kept[2048];
    size_t len = first->last_frame.len;
    memcpy(kept, first->last_frame.data, len);
    sim_forget(first);
    sim_send(first, &g, kept, len);
    assert_int_equal(ingest_log_count(&g, LOG(KEY)), 1);
    ingest_end(&g);
}

static void codes_expire_and_keys_are_proved(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    const uint8_t code[16] = {1};
    struct sim_office *o = sim_new(&g);
    sim_connect(o, &g);
    ingest_code(&g, "nobody", code, true, g.world.now + ESEP_HOUR);
    assert_false(g.reply.order.ok);
    assert_non_null(strstr(g.reply.order.text, "nobody"));
    /* Quoted, and cut within a letter: the reply can be read all the same. */
    ingest_code(&g, "әкімдік-әкімдік-әкімдік-әкімдік", code, true, g.world.now + ESEP_HOUR);
    assert_false(g.reply.order.ok);
    ingest_code(&g, "xәкімдік-әкімдік-әкімдік-әкімдік", code, true, g.world.now + ESEP_HOUR);
    assert_false(g.reply.order.ok);
    ingest_code(&g, "two\nlines", code, true, g.world.now + ESEP_HOUR);
    assert_null(strchr(g.reply.order.text, '\n'));
    ingest_code(&g, "moh", code, true, g.world.now - 1);
    assert_false(g.reply.order.ok);
    ingest_code(&g, "moh", code, true, g.world.now + ESEP_HOUR);
    assert_true(g.reply.order.ok);
    ingest_code(&g, "moh", code, true, g.world.now + ESEP_HOUR);
    assert_false(g.reply.order.ok);
    /* Another connection's key than the one to be enrolled. */
    o->curve[5] ^= 1;
    sim_enrol(o, &g, code);
    uint8_t stamped = o->curve[6];
    o->curve[6] ^= 1;
    sim_send(o, &g, o->last_frame.data, o->last_frame.len);
    o->curve[6] = stamped;
    assert_true(sim_refused(o, REASON(DENIED)));
    struct sim_office *late = sim_new(&g);
    const uint8_t expiring[16] = {2};
    ingest_code(&g, "moh", expiring, true, g.world.now + ESEP_HOUR);
    g.world.now += ESEP_HOUR;
    sim_connect(late, &g);
    sim_enrol(late, &g, expiring);
    assert_true(sim_refused(late, REASON(CODE)));
    ingest_end(&g);
}

static void make_order(Esep__V1__Order *order, Esep__V1__ListOrder *list, uint8_t nonce[16],
                       esep_time at)
{
    esep__v1__order__init(order);
    esep__v1__list_order__init(list);
    order->nonce = (ProtobufCBinaryData){16, nonce};
    order->issued_at_us = at;
    order->what_case = ESEP__V1__ORDER__WHAT_LIST;
    order->list = list;
}

static void signed_orders_are_carried_out_once(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    (void)sim_active(&g, "moh");
    struct sim_office *op = sim_new(&g);
    memset(op->curve, 0x40, 32);
    sim_connect(op, &g);
    Esep__V1__Order order;
    Esep__V1__ListOrder list;
    uint8_t nonce[16] = {1};
    g.world.now += ESEP_SECOND;
    make_order(&order, &list, nonce, g.world.now);
    sim_order(op, &g, 0x40, &order);
    const struct sim_heard *r = sim_last(op, KIND(ORDER_REPLY));
    assert_true(r->order.ok);
    assert_int_equal(r->order.offices, 1);
    assert_int_equal(r->order.first_state, ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE);
    /* Replayed by the broker, and ordered again with the same nonce. */
    sim_forget(op);
    static uint8_t kept[4096];
    size_t len = op->last_frame.len;
    memcpy(kept, op->last_frame.data, len);
    op->session.opened = false; /* it listens for the reply once more */
    sim_send(op, &g, kept, len);
    r = sim_last(op, KIND(ORDER_REPLY));
    assert_false(r->order.ok);
    assert_non_null(strstr(r->order.text, "seen before"));
    nonce[0] = 2; /* too old, too new, from before the start */
    make_order(&order, &list, nonce, g.world.now - 6 * ESEP_MINUTE);
    sim_order(op, &g, 0x40, &order);
    assert_non_null(strstr(sim_last(op, KIND(ORDER_REPLY))->order.text, "five minutes"));
    make_order(&order, &list, nonce, g.world.now + 6 * ESEP_MINUTE);
    sim_order(op, &g, 0x40, &order);
    assert_non_null(strstr(sim_last(op, KIND(ORDER_REPLY))->order.text, "five minutes"));
    make_order(&order, &list, nonce, g.world.now - 2 * ESEP_SECOND);
    sim_order(op, &g, 0x40, &order);
    assert_non_null(strstr(sim_last(op, KIND(ORDER_REPLY))->order.text, "older than this run"));
    ingest_end(&g);
}

/* The machine came up with its clock an hour ahead, and then it was set right. */
static void orders_go_on_after_the_clock_was_set_back(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *op = sim_new(&g);
    memset(op->curve, 0x40, 32);
    sim_connect(op, &g);
    Esep__V1__Order order;
    Esep__V1__ListOrder list;
    uint8_t nonce[16] = {1};
    g.world.now -= ESEP_HOUR;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    make_order(&order, &list, nonce, g.world.now - 1); /* before that: whose nonces are unknown */
    sim_order(op, &g, 0x40, &order);
    assert_non_null(strstr(sim_last(op, KIND(ORDER_REPLY))->order.text, "older than this run"));
    make_order(&order, &list, nonce, g.world.now);
    sim_order(op, &g, 0x40, &order);
    assert_true(sim_last(op, KIND(ORDER_REPLY))->order.ok);
    sim_order(op, &g, 0x40, &order);
    assert_non_null(strstr(sim_last(op, KIND(ORDER_REPLY))->order.text, "seen before"));
    ingest_end(&g);
}

static void strangers_order_nothing(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *op = sim_new(&g);
    memset(op->curve, 0x40, 32);
    sim_connect(op, &g);
    Esep__V1__Order order;
    Esep__V1__ListOrder list;
    uint8_t nonce[16] = {1};
    make_order(&order, &list, nonce, g.world.now);
    sim_order(op, &g, 0x55, &order); /* no operator's key */
    assert_true(sim_refused(op, REASON(DENIED)));
    sim_forget(op);
    memset(op->curve, 0x41, 32); /* another operator's connection */
    sim_order(op, &g, 0x40, &order);
    assert_true(sim_refused(op, REASON(DENIED)));
    assert_int_equal(sim_count(op, KIND(ORDER_REPLY)), 0);
    ingest_end(&g);
}

static void accept_revoke_and_list(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    order_office(&g, true, 9, "");
    assert_non_null(strstr(g.reply.order.text, "no office 9"));
    for (int i = 0; i < 16; i++)
        (void)sim_active(&g, i % 2 == 0 ? "moh" : "akmola");
    const uint8_t code[16] = {0xee};
    size_t logged = g.world.log_count;
    ingest_code(&g, "moh", code, true, g.world.now + ESEP_HOUR); /* the views' limit is 16 */
    assert_non_null(strstr(g.reply.order.text, "no room for more than 16 codes"));
    assert_int_equal(g.world.log_count, logged);
    order_office(&g, true, 3, "");
    assert_non_null(strstr(g.reply.order.text, "active already"));
    order_office(&g, false, 3, "");
    assert_false(g.reply.order.ok);
    order_office(&g, false, 3, "lost");
    assert_true(g.reply.order.ok);
    order_office(&g, false, 3, "lost");
    assert_non_null(strstr(g.reply.order.text, "revoked already"));
    order_office(&g, true, 3, "");
    assert_non_null(strstr(g.reply.order.text, "does not come back"));
    Esep__V1__Order order;
    Esep__V1__ListOrder list;
    uint8_t nonce[16] = {0};
    make_order(&order, &list, nonce, 0);
    ingest_order(&g, &order);
    assert_int_equal(g.reply.order.first_office, 1);
    list.after_office = 2;
    ingest_order(&g, &order);
    assert_int_equal(g.reply.order.first_office, 3);
    assert_int_equal(g.reply.order.first_state, ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED);
    collector_on_order(g.core, 5, esep_slice("\xff\xff", 2), g.world.now);
    ingest_pump(&g);
    assert_false(g.reply.order.ok);
    assert_int_equal(collector_status(g.core, NULL), ESEP_OK);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void order_review(struct ingest *g, uint64_t index, bool accept, const char *comment,
                         const char *again_by)
{
    Esep__V1__ReviewOrder m = ESEP__V1__REVIEW_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.report_index = index;
    m.accept = accept;
    m.comment = text(comment);
    m.again_by = text(again_by);
    order.what_case = ESEP__V1__ORDER__WHAT_REVIEW;
    order.review = &m;
    order.actor = text("secretary");
    ingest_order(g, &order);
}

static void order_extend(struct ingest *g, const char *until, const char *document, bool refuse)
{
    Esep__V1__ExtendOrder m = ESEP__V1__EXTEND_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.obligation = text(KEY_1_MOH);
    m.until = text(until);
    m.document = text(document);
    m.reason = text("floods");
    m.refuse = refuse;
    order.what_case = ESEP__V1__ORDER__WHAT_EXTEND;
    order.extend = &m;
    ingest_order(g, &order);
}

static void order_control(struct ingest *g, Esep__V1__ControlAct act, const char *key)
{
    Esep__V1__ControlOrder m = ESEP__V1__CONTROL_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.obligation = text(key);
    m.act = act;
    m.reason = text("done");
    order.what_case = ESEP__V1__ORDER__WHAT_CONTROL;
    order.control = &m;
    ingest_order(g, &order);
}

static void reviews_extensions_and_control(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 1, 1, true);
    uint64_t index = sim_last(o, KIND(RECEIPT))->receipt.last_index;
    order_review(&g, 1, true, "", "");
    assert_false(g.reply.order.ok);
    order_review(&g, index, false, "", "");
    assert_non_null(strstr(g.reply.order.text, "comment is missing"));
    order_review(&g, index, false, "figures?", "2013-01-14");
    assert_non_null(strstr(g.reply.order.text, "has passed"));
    order_review(&g, index, false, "figures?", "31.1.2013");
    assert_non_null(strstr(g.reply.order.text, "is no day"));
    order_review(&g, index, true, "", "2013-02-01");
    assert_false(g.reply.order.ok);
    g.auto_commit = false;
    size_t replies = g.replies;
    order_review(&g, index, false, "figures?", "2013-01-31");
    assert_int_equal(g.replies, replies); /* after the commit */
    ingest_commit(&g, ESEP_OK);
    g.auto_commit = true;
    assert_true(g.reply.order.ok);
    const struct views_obligation *duty = views_obligation_by_key(g.world.views, KEY_1_MOH);
    assert_int_equal(duty->submission, ESEP_SUBMISSION_RETURNED);
    order_extend(&g, "2013-06-30", "order 5", false);
    assert_non_null(strstr(g.reply.order.text, "must be later"));
    order_extend(&g, "2013-07-31", "", false);
    assert_non_null(strstr(g.reply.order.text, "document"));
    order_extend(&g, "2013-07-31", "order 5", false);
    assert_true(g.reply.order.ok);
    assert_int_equal(duty->control, ESEP_CONTROL_EXTENDED);
    order_extend(&g, "", "", true);
    order_control(&g, ESEP__V1__CONTROL_ACT__CONTROL_ACT_RESTORE, KEY_1_MOH);
    assert_false(g.reply.order.ok);
    order_control(&g, ESEP__V1__CONTROL_ACT__CONTROL_ACT_REMOVE, KEY_1_MOH);
    assert_true(g.reply.order.ok);
    order_control(&g, ESEP__V1__CONTROL_ACT__CONTROL_ACT_REMOVE, "p/no/such");
    assert_non_null(strstr(g.reply.order.text, "p/no/such"));
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void plans_are_checked_and_change_by_revision(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    Esep__V1__PlanOrder m = ESEP__V1__PLAN_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_PLAN;
    order.plan = &m;
    m.plan = (ProtobufCBinaryData){3, (uint8_t *)(uintptr_t) "abc"};
    ingest_order(&g, &order);
    assert_false(g.reply.order.ok);
    Esep__V1__Plan plan = *views_plan(g.world.views, 0);
    static uint8_t packed[16384];
    m.plan = (ProtobufCBinaryData){protobuf_c_message_pack(&plan.base, packed), packed};
    ingest_order(&g, &order);
    assert_non_null(strstr(g.reply.order.text, "higher revision"));
    plan.revision++;
    m.plan.len = protobuf_c_message_pack(&plan.base, packed);
    m.effective = text("2013-02-30");
    ingest_order(&g, &order);
    assert_non_null(strstr(g.reply.order.text, "is no day"));
    m.effective = text("2013-03-01");
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    assert_int_equal(views_plan_count(g.world.views), 2);
    plan.revision++;
    plan.zone = text("no/zone"); /* the views say why, and nothing is logged */
    m.plan.len = protobuf_c_message_pack(&plan.base, packed);
    size_t logged = g.world.log_count;
    ingest_order(&g, &order);
    assert_false(g.reply.order.ok);
    assert_true(g.reply.order.text[0] != '\0');
    assert_int_equal(g.world.log_count, logged);
    assert_int_equal(collector_status(g.core, NULL), ESEP_OK);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void add_reviewer(struct ingest *g, const char *name, const char *body)
{
    Esep__V1__AccountOrder m = ESEP__V1__ACCOUNT_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.act = ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ADD;
    m.name = text(name);
    m.role = ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_REVIEWER;
    m.body = text(body);
    order.what_case = ESEP__V1__ORDER__WHAT_ACCOUNT;
    order.account = &m;
    ingest_order(g, &order);
    assert_true(g->reply.order.ok);
}

/* Two reports of one obligation stand beside each other: each can be reviewed, by who is of neither
 * body, and the review is of the one that was named. */
static void either_of_two_reports_is_reviewed(void **state)
{
    (void)state;
    struct ingest g;
    struct sim_office *offices[2];
    uint64_t index[2];
    ingest_start(&g, NULL);
    add_reviewer(&g, "own", "moh");
    add_reviewer(&g, "other", "moj");
    for (int i = 0; i < 2; i++) {
        offices[i] = sim_active(&g, "moh");
        sim_hello(offices[i], &g);
        sim_write(offices[i], &g, KEY_1_MOH);
        sim_batch(offices[i], &g, 1, 1, true);
        index[i] = sim_last(offices[i], KIND(RECEIPT))->receipt.first_index;
    }
    const struct views_obligation *o = views_obligation_by_key(g.world.views, KEY_1_MOH);
    assert_int_equal(o->head_count, 2);
    for (int i = 1; i >= 0; i--) {
        Esep__V1__ReviewOrder m = ESEP__V1__REVIEW_ORDER__INIT;
        Esep__V1__Order order = ESEP__V1__ORDER__INIT;
        m.report_index = index[i];
        m.accept = true;
        order.what_case = ESEP__V1__ORDER__WHAT_REVIEW;
        order.review = &m;
        ingest_account_order(&g, "own", &order);
        assert_true(g.reply.order.denied);
        ingest_account_order(&g, "other", &order);
        assert_true(g.reply.order.ok);
        for (uint32_t k = 0; k < o->listed; k++)
            assert_int_equal(o->heads[k].submission == ESEP_SUBMISSION_ACCEPTED,
                             i == 0 || o->heads[k].index == index[1]);
    }
    ingest_assert_replay(&g);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enrolment_waits_for_acceptance),
        cmocka_unit_test(a_code_is_used_once),
        cmocka_unit_test(codes_expire_and_keys_are_proved),
        cmocka_unit_test(signed_orders_are_carried_out_once),
        cmocka_unit_test(orders_go_on_after_the_clock_was_set_back),
        cmocka_unit_test(strangers_order_nothing),
        cmocka_unit_test(accept_revoke_and_list),
        cmocka_unit_test(reviews_extensions_and_control),
        cmocka_unit_test(plans_are_checked_and_change_by_revision),
        cmocka_unit_test(either_of_two_reports_is_reviewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
