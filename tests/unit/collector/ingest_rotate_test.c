/* tests/unit/collector/ingest_rotate_test.c - an office's keys are renewed; the old ones are told.
 */
#include "ingest_world.h"
#include "wire/office_keys.h"

#define ADMISSION(name) ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_##name

struct fresh {
    struct esep_sign_key sign;
    uint8_t curve[32];
};

static struct fresh draw(struct ingest *g)
{
    struct fresh f;
    uint8_t seed[32] = {0x71, ++g->draws};
    esep_sign_key_from_seed(&f.sign, seed);
    memset(f.curve, 0x90, sizeof f.curve);
    f.curve[0] = g->draws;
    return f;
}

static struct esep_rotation rotation_of(const struct sim_office *o, const struct ingest *g,
                                        const struct fresh *f)
{
    struct esep_rotation r = {.office = o->number, .epoch = o->epoch + 1};
    memcpy(r.old.sign, o->sign.public, 32);
    memcpy(r.old.curve, o->curve, 32);
    memcpy(r.fresh.sign, f->sign.public, 32);
    memcpy(r.fresh.curve, f->curve, 32);
    esep_rotation_sign(&g->log_id, &r, &o->sign, &f->sign);
    return r;
}

static void send_rotation(struct sim_office *o, struct ingest *g, struct esep_rotation *r)
{
    Esep__V1__Rotate m = ESEP__V1__ROTATE__INIT;
    m.sign_key = (ProtobufCBinaryData){32, r->fresh.sign};
    m.curve_key = (ProtobufCBinaryData){32, r->fresh.curve};
    m.epoch = r->epoch;
    m.by_old = (ProtobufCBinaryData){64, r->by_old};
    m.by_new = (ProtobufCBinaryData){64, r->by_new};
    sim_seal(o, g, KIND(ROTATE), false, &m.base);
}

static void go_on_with(struct sim_office *o, struct ingest *g, const struct fresh *f)
{
    o->sign = f->sign;
    memcpy(o->curve, f->curve, 32);
    o->rotating = NULL;
    sim_new_epoch(o, g);
}

static void the_new_key_goes_on_in_a_new_epoch(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct fresh f = draw(&g);
    const uint8_t old = o->curve[0];
    sim_write(o, &g, KEY_1_MOH);
    sim_hello(o, &g);
    sim_batch(o, &g, 1, 1, true);
    struct esep_rotation r = rotation_of(o, &g, &f);
    g.auto_commit = false;
    send_rotation(o, &g, &r);
    assert_int_equal(sim_count(o, KIND(ROTATED)), 0); /* nothing before the commit */
    assert_int_equal(g.roster_key[f.curve[0]], 0);
    ingest_commit(&g, ESEP_OK);
    g.auto_commit = true;
    assert_int_equal(sim_last(o, KIND(ROTATED))->rotated_epoch, 2);
    assert_int_equal(g.roster_key[f.curve[0]], ADMISSION(ACTIVE));
    assert_int_equal(g.roster_key[old], ADMISSION(REPLACED));
    sim_ping(o, &g); /* the session is over */
    assert_true(sim_refused(o, REASON(NO_SESSION)));
    go_on_with(o, &g, &f);
    sim_write(o, &g, KEY_1_MOH);
    sim_hello(o, &g);
    sim_batch(o, &g, 1, 1, true);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 2);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.epoch, 2);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
    ingest_assert_replay(&g);
    ingest_restart(&g); /* the rows say all of it */
    ingest_join(&g, 0);
    assert_int_equal(g.roster_key[f.curve[0]], ADMISSION(ACTIVE));
    assert_int_equal(g.roster_key[old], ADMISSION(REPLACED));
    sim_hello(o, &g);
    assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.epoch, 2);
    ingest_end(&g);
}

/* A lost answer is no alarm; a thief of the old key file is one, and learns no more. */
static void the_old_key_is_told_and_seen(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *thief = sim_copy(&g, o);
    struct fresh f = draw(&g);
    sim_hello(o, &g);
    struct esep_rotation r = rotation_of(o, &g, &f);
    send_rotation(o, &g, &r);
    sim_forget(o);
    o->rotating = f.sign.public;
    g.world.now += ESEP_SECOND;
    sim_hello(o, &g);
    assert_true(sim_refused(o, REASON(ROTATED)));
    assert_int_equal(sim_last(o, KIND(REFUSAL))->refusal.epoch, 2);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
    for (int i = 0; i < 3; i++) {
        g.world.now += ESEP_SECOND;
        sim_write(thief, &g, KEY_1_MOH); /* whatever it shows: logged once */
        sim_hello(thief, &g);
    }
    assert_true(sim_refused(thief, REASON(ROTATED)));
    assert_int_equal(sim_count(thief, KIND(WELCOME)), 0);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1);
    assert_int_equal(ingest_log_count(&g, LOG(COMMITMENT)), 0);
    assert_int_equal(views_office(g.world.views, o->number)->forks, 0);
    /* The old connection key alone is nothing. */
    memcpy(thief->sign.public, f.sign.public, 32);
    thief->sign = f.sign;
    g.world.now += ESEP_SECOND;
    sim_forget(thief);
    sim_hello(thief, &g);
    assert_true(sim_refused(thief, REASON(BAD_SIGNATURE)));
    /* Nor is an old epoch under the new keys. */
    const uint8_t curve = o->curve[0];
    go_on_with(o, &g, &f);
    o->epoch = 1;
    g.world.now += ESEP_SECOND;
    sim_hello(o, &g);
    assert_true(sim_refused(o, REASON(BEHIND)));
    assert_int_equal(g.roster_key[curve], ADMISSION(REPLACED));
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void what_is_no_rotation_is_refused(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *other = sim_active(&g, "akmola");
    struct fresh f = draw(&g);
    sim_hello(o, &g);
    struct esep_rotation r = rotation_of(o, &g, &f);
    r.by_new[0] ^= 1;
    send_rotation(o, &g, &r);
    assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
    r = rotation_of(o, &g, &f);
    memcpy(r.by_old, r.by_new, 64);
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    send_rotation(o, &g, &r);
    assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
    r = rotation_of(o, &g, &f);
    r.epoch = 9;
    esep_rotation_sign(&g.log_id, &r, &o->sign, &f.sign);
    send_rotation(o, &g, &r);
    assert_true(sim_refused(o, REASON(MALFORMED)));
    memcpy(f.curve, other->curve, 32); /* another office's */
    r = rotation_of(o, &g, &f);
    send_rotation(o, &g, &r);
    assert_true(sim_refused(o, REASON(LIMIT)));
    f.sign = o->sign; /* the same key again */
    f.curve[0] = 0xee;
    r = rotation_of(o, &g, &f);
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    send_rotation(o, &g, &r);
    assert_true(sim_refused(o, REASON(LIMIT)));
    assert_int_equal(ingest_log_count(&g, LOG(KEY)), 2);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void a_failed_commit_leaves_the_old_key(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct fresh f = draw(&g);
    sim_hello(o, &g);
    g.auto_commit = false;
    struct esep_rotation r = rotation_of(o, &g, &f);
    send_rotation(o, &g, &r);
    ingest_join(&g, 1); /* another broker meanwhile: what only the memory knows is not told */
    assert_int_equal(g.roster_key[f.curve[0]], 0);
    assert_int_equal(g.roster_key[o->curve[0]], ADMISSION(ACTIVE));
    sim_forget(o);
    sim_hello(o, &g); /* the old key, before it is decided: no word */
    assert_int_equal(sim_count(o, KIND(WELCOME)) + sim_count(o, KIND(REFUSAL)), 0);
    ingest_commit(&g, ESEP_IO);
    g.auto_commit = true;
    ingest_restart(&g);
    ingest_join(&g, 0);
    sim_forget(o);
    sim_hello(o, &g);
    assert_int_equal(sim_count(o, KIND(WELCOME)), 1);
    assert_int_equal(sim_count(o, KIND(ROTATED)), 0);
    ingest_end(&g);
}

/* A revoked office has neither key any more. */
static void both_keys_are_revoked(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct fresh f = draw(&g);
    char why[] = "stolen";
    sim_hello(o, &g);
    struct esep_rotation r = rotation_of(o, &g, &f);
    send_rotation(o, &g, &r);
    Esep__V1__RevokeOrder revoke = ESEP__V1__REVOKE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    revoke.office = o->number;
    revoke.reason = why;
    order.what_case = ESEP__V1__ORDER__WHAT_REVOKE;
    order.revoke = &revoke;
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    assert_int_equal(g.roster_key[f.curve[0]], ADMISSION(REVOKED));
    assert_int_equal(g.roster_key[o->curve[0]], ADMISSION(REVOKED));
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void order_code(struct ingest *g, const char *body, const uint8_t code[16], uint32_t office)
{
    struct esep_hash hash = esep_sha256(esep_slice(code, 16));
    Esep__V1__CodeOrder m = ESEP__V1__CODE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.body = (char *)(uintptr_t)body;
    m.code_hash = (ProtobufCBinaryData){32, hash.bytes};
    m.expires_at_us = g->world.now + ESEP_HOUR;
    m.office = office;
    order.what_case = ESEP__V1__ORDER__WHAT_CODE;
    order.code = &m;
    ingest_order(g, &order);
}

/* Its laptop is lost: new keys, the same number and mailbox, and no number of an entry twice. */
static void a_revoked_office_comes_back(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *lost = sim_active(&g, "moh");
    struct sim_office *found = sim_new(&g);
    const uint8_t code[16] = {0x77};
    char why[] = "lost";
    sim_write(lost, &g, KEY_1_MOH);
    sim_hello(lost, &g);
    sim_batch(lost, &g, 1, 1, true);
    order_code(&g, "moh", code, 1); /* it still has its keys */
    assert_false(g.reply.order.ok);
    Esep__V1__RevokeOrder revoke = ESEP__V1__REVOKE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    revoke.office = lost->number;
    revoke.reason = why;
    order.what_case = ESEP__V1__ORDER__WHAT_REVOKE;
    order.revoke = &revoke;
    ingest_order(&g, &order);
    assert_true(sim_refused(lost, REASON(REVOKED))); /* amid its session */
    order_code(&g, "akmola", code, 1);
    assert_false(g.reply.order.ok);
    order_code(&g, "moh", code, 9);
    assert_false(g.reply.order.ok);
    order_code(&g, "moh", code, 1);
    assert_true(g.reply.order.ok);
    const uint64_t mail = views_office(g.world.views, 1)->mail_last;
    sim_connect(found, &g);
    sim_enrol(found, &g, code);
    const struct sim_heard *reply = sim_last(found, KIND(ENROL_REPLY));
    assert_int_equal(reply->enrolled.office, 1);
    assert_false(reply->enrolled.accepted);
    assert_int_equal(g.roster_key[found->curve[0]], ADMISSION(PENDING));
    assert_int_equal(g.roster_key[lost->curve[0]], ADMISSION(REVOKED));
    Esep__V1__AcceptOrder accept = ESEP__V1__ACCEPT_ORDER__INIT;
    uint8_t fingerprint[16] = {0};
    accept.office = 1;
    accept.fingerprint = (ProtobufCBinaryData){sizeof fingerprint, fingerprint};
    order.what_case = ESEP__V1__ORDER__WHAT_ACCEPT;
    order.accept = &accept;
    ingest_order(&g, &order);
    assert_false(g.reply.order.ok); /* other keys than the screen shows */
    struct esep_hash keys = esep_keys_hash(found->sign.public, found->curve);
    memcpy(fingerprint, keys.bytes, sizeof fingerprint);
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    assert_int_equal(g.roster_key[found->curve[0]], ADMISSION(ACTIVE));
    assert_int_equal(g.roster_key[lost->curve[0]], ADMISSION(REPLACED));
    /* The plan, and its report. */
    assert_int_equal(views_office(g.world.views, 1)->mail_last, mail + 2);
    found->number = 1;
    found->epoch = 1;
    sim_new_epoch(found, &g);
    assert_int_equal(views_office(g.world.views, 1)->key_epoch, 2);
    sim_write(found, &g, KEY_1_MOH);
    sim_hello(found, &g);
    sim_batch(found, &g, 1, 1, true);
    assert_int_equal(sim_last(found, KIND(RECEIPT))->receipt.epoch, 2);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 2);
    sim_forget(lost);
    g.world.now += ESEP_SECOND;
    sim_hello(lost, &g);
    assert_true(sim_refused(lost, REASON(ROTATED)));
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1);
    sim_forget(found);
    sim_enrol(found, &g, code); /* a lost reply: the same again */
    assert_int_equal(sim_last(found, KIND(ENROL_REPLY))->enrolled.office, 1);
    ingest_restart(&g);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void order_renewal(struct ingest *g, uint32_t office)
{
    char why[] = "a new year";
    Esep__V1__RenewOrder m = ESEP__V1__RENEW_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.office = office;
    m.reason = why;
    order.what_case = ESEP__V1__ORDER__WHAT_RENEW;
    order.renew = &m;
    ingest_order(g, &order);
}

/* By mail, of the keys of then: once for each, and over with the rotation, also for a core that
 * starts anew. */
static void an_operator_asks_for_new_keys(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    order_renewal(&g, o->number + 1);
    assert_non_null(strstr(g.reply.order.text, "there is no office"));
    order_renewal(&g, o->number);
    assert_true(g.reply.order.ok);
    const uint64_t mail = views_office(g.world.views, o->number)->mail_last;
    order_renewal(&g, o->number);
    assert_non_null(strstr(g.reply.order.text, "asked already"));
    ingest_restart(&g);
    const struct views_office *office = views_office(g.world.views, o->number);
    assert_int_equal(office->mail_last, mail);
    assert_true(office->asked_index != 0);
    sim_connect(o, &g);
    sim_hello(o, &g);
    assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.mail_last, mail);
    struct fresh f = draw(&g);
    struct esep_rotation r = rotation_of(o, &g, &f);
    send_rotation(o, &g, &r);
    assert_int_equal(sim_last(o, KIND(ROTATED))->rotated_epoch, 2);
    assert_int_equal(office->asked_index, 0);
    go_on_with(o, &g, &f);
    order_renewal(&g, o->number); /* of the new ones */
    assert_true(g.reply.order.ok);
    const struct sim_office *gone = sim_active(&g, "akmola");
    Esep__V1__RevokeOrder revoke = ESEP__V1__REVOKE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    char lost[] = "lost";
    revoke.office = gone->number;
    revoke.reason = lost;
    order.what_case = ESEP__V1__ORDER__WHAT_REVOKE;
    order.revoke = &revoke;
    ingest_order(&g, &order);
    order_renewal(&g, gone->number);
    assert_non_null(strstr(g.reply.order.text, "is not active"));
    ingest_assert_replay(&g);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_new_key_goes_on_in_a_new_epoch),
        cmocka_unit_test(the_old_key_is_told_and_seen),
        cmocka_unit_test(what_is_no_rotation_is_refused),
        cmocka_unit_test(a_failed_commit_leaves_the_old_key),
        cmocka_unit_test(both_keys_are_revoked),
        cmocka_unit_test(a_revoked_office_comes_back),
        cmocka_unit_test(an_operator_asks_for_new_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
