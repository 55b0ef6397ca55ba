/* tests/unit/agent/duties_zone_test.c - a plan of a zone that this machine's tzdata lacks: does the
 * office still see what it owes, of this plan and of all the others, and is it told?
 */
#include "agent/duties.h"
#include "io/plan_yaml.h"
#include "journal_world.h"
#include "wire/unpack.h"

#include <fcntl.h>

#define PLANS 3

/* The small plan under another id and zone, packed as the mailbox brings it. */
static void pack_plan(const char *id, const char *zone, struct esep_buf *out)
{
    static const char text[] =
        "id: small\nrevision: 1\ntitle: {kk: a, ru: b, en: c}\nyears: [2013, 2013]\n"
        "approved: 2012-10-24\nzone: Asia/Almaty\nsecretariat: moj\nbodies:\n"
        "  - {code: moj, name: {kk: a, ru: b, en: c}, kind: ministry}\nactions:\n"
        "  - number: 1\n    title: {kk: a, ru: b, en: c}\n    completion: {kk: a, ru: b, en: c}\n"
        "    period: 1st half of 2013\n    financing: none_required\n"
        "    executors:\n      - {body: moj}\n"
        "rules:\n  working_day: none\n  alert_days: [7]\n  overdue_repeat_days: 7\n"
        "  silent_days: 7\n";
    struct esep_arena arena;
    struct esep_complaints complaints;
    struct esep_reason reason = {""};
    struct esep_buf plan_bytes;
    Esep__V1__Plan *plan = NULL;
    char new_id[32];
    char new_zone[64];
    assert_int_equal(esep_arena_init(&arena, 2 * MIB), ESEP_OK);
    if (esep_plan_parse("small.yaml", esep_slice_str(text), &arena, &plan, &complaints, &reason) !=
        ESEP_OK)
        fail_msg("%s", complaints.count > 0 ? complaints.items[0].text : reason.text);
    (void)snprintf(new_id, sizeof new_id, "%s", id);
    (void)snprintf(new_zone, sizeof new_zone, "%s", zone);
    plan->id = new_id;
    plan->zone = new_zone;
    esep_buf_init(&plan_bytes, MIB);
    assert_int_equal(esep_pack(&plan->base, &plan_bytes), ESEP_OK);
    Esep__V1__PlanChange change = ESEP__V1__PLAN_CHANGE__INIT;
    change.plan = esep_pb(plan_bytes.data, plan_bytes.len);
    assert_int_equal(esep_pack(&change.base, out), ESEP_OK);
    esep_buf_done(&plan_bytes);
    esep_arena_done(&arena);
}

static void mail_plans(struct journal_world *w, const char *const ids[PLANS],
                       const char *const zones[PLANS])
{
    struct agent_mail mails[PLANS] = {0};
    struct esep_buf bytes[PLANS];
    struct esep_reason reason = {""};
    for (size_t i = 0; i < PLANS; i++) {
        esep_buf_init(&bytes[i], MIB);
        pack_plan(ids[i], zones[i], &bytes[i]);
        mails[i] = (struct agent_mail){.number = i + 1,
                                       .log_index = 10 + i,
                                       .type = ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN,
                                       .bytes = esep_buf_slice(&bytes[i])};
    }
    const struct agent_store store = {.mails = mails, .mail_count = PLANS, .mail_through = PLANS};
    assert_int_equal(journal_store(&w->journal, 0, &store, &reason), ESEP_OK);
    for (size_t i = 0; i < PLANS; i++)
        esep_buf_done(&bytes[i]);
}

/* What agent_duties_say_zones writes to stderr. */
static void said(const struct agent_duties *d, const char *folder, char *out, size_t size)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/said", folder);
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const int old = dup(STDERR_FILENO);
    assert_true(file >= 0 && old >= 0 && dup2(file, STDERR_FILENO) >= 0);
    agent_duties_say_zones(d);
    (void)fflush(stderr);
    assert_true(dup2(old, STDERR_FILENO) >= 0);
    (void)close(old);
    const ssize_t got = pread(file, out, size - 1, 0);
    assert_true(got >= 0);
    out[got] = '\0';
    (void)close(file);
}

static void load(struct journal_world *w, void **state, const char *const ids[PLANS],
                 const char *const zones[PLANS], struct agent_duties *ret)
{
    struct esep_reason reason = {""};
    world_begin(w, state, 64 * MIB, 0);
    mail_plans(w, ids, zones);
    struct agent_desk desk = {.journal = w->journal, .identity = w->identity};
    if (agent_duties_load(ret, &desk, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
}

static esep_time due_of(struct agent_duties *d, const char *key)
{
    const struct agent_duty *duty = agent_duty_find(d, key);
    assert_non_null(duty);
    assert_true(agent_duty_open(duty));
    return duty->due;
}

static void test_unknown_zone(void **state)
{
    static const char *const ids[PLANS] = {"first", "small", "last"};
    static const char *const zones[PLANS] = {"Asia/Almaty", "Asia/Nowhere", "Asia/Nowhere"};
    struct journal_world w;
    struct agent_duties d;
    struct esep_zone almaty;
    char text[2000];
    char due[32];
    load(&w, state, ids, zones, &d);
    assert_int_equal(d.plan_count, PLANS);
    assert_int_equal(esep_zone_load(&almaty, "Asia/Almaty", NULL), ESEP_OK);
    esep_time_format(due_of(&d, "first/fulfilment/1/moj/2013-01-01..2013-06-30"), &almaty, due);
    assert_string_equal(due, "2013-06-30T23:59:59+06:00");
    /* The day is right, and no deadline is later than it is. */
    const esep_time at = due_of(&d, "small/fulfilment/1/moj/2013-01-01..2013-06-30");
    esep_time_format(at, d.plans[1].zone, due);
    assert_string_equal(due, "2013-06-30T23:59:59+14:00");
    assert_int_equal(due_of(&d, "last/fulfilment/1/moj/2013-01-01..2013-06-30"), at);
    /* Instants of no plan are told in a zone that is known. */
    assert_string_equal(d.zone->name, "Asia/Almaty");
    said(&d, *state, text, sizeof text);
    assert_non_null(strstr(text, "plan small: no time zone 'Asia/Nowhere'"));
    assert_non_null(strstr(text, "plan last: no time zone 'Asia/Nowhere'"));
    assert_non_null(strstr(text, "tzdata"));
    assert_null(strstr(text, "plan first"));
    agent_duties_free(&d);
    journal_close(&w.journal);
}

/* A newer revision brings a zone that is known: nothing is left to say, nothing stays early. */
static void test_a_revision_mends_it(void **state)
{
    static const char *const ids[PLANS] = {"small", "other", "small"};
    static const char *const zones[PLANS] = {"../Nowhere", "Asia/Almaty", "Asia/Almaty"};
    struct journal_world w;
    struct agent_duties d;
    char text[2000];
    load(&w, state, ids, zones, &d);
    assert_int_equal(due_of(&d, "small/fulfilment/1/moj/2013-01-01..2013-06-30"),
                     due_of(&d, "other/fulfilment/1/moj/2013-01-01..2013-06-30"));
    said(&d, *state, text, sizeof text);
    assert_string_equal(text, "");
    agent_duties_free(&d);
    journal_close(&w.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_unknown_zone),
        unit_test_in_folder(test_a_revision_mends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
