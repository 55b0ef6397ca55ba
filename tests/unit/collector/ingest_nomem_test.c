/* One allocation fails, wherever it is: is the core not made, or does it end with a word, and does
 * what was receipted stand on the disk? */
#include "ingest_world.h"
#include "nomem.h"

/* The world around the core packs, seals and unpacks with the same library: only what happens
 * within the core's own calls is to fail (ld --wrap). */
#define INSIDE(name, parameters, ...)                                                              \
    void name##_inside parameters __asm__("__wrap_" #name);                                        \
    void name##_itself parameters __asm__("__real_" #name);                                        \
    void name##_inside parameters                                                                  \
    {                                                                                              \
        nomem_enter();                                                                             \
        name##_itself(__VA_ARGS__);                                                                \
        nomem_leave();                                                                             \
    }
INSIDE(collector_on_frame,
       (struct collector * c, uint32_t link, const struct esep_slice *parts, size_t count,
        esep_time now),
       c, link, parts, count, now)
INSIDE(collector_on_stored,
       (struct collector * c, uint64_t token, enum esep_status status, const uint8_t *signature,
        esep_time now),
       c, token, status, signature, now)
INSIDE(collector_on_time, (struct collector * c, esep_time now), c, now)
INSIDE(collector_on_order,
       (struct collector * c, uint64_t token, struct esep_slice order, esep_time now), c, token,
       order, now)
INSIDE(collector_pop, (struct collector * c), c)

static void a_core_that_cannot_be_made(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    for (unsigned nth = 1;; nth++) {
        struct collector *core = NULL;
        nomem_arm(nth);
        enum esep_status status = collector_new(&core, &g.config, g.world.views, g.world.now);
        if (!nomem_disarm()) {
            assert_int_equal(status, ESEP_OK);
            assert_true(nth > 20);
            collector_free(core);
            break;
        }
        assert_int_equal(status, ESEP_NOMEM);
        assert_null(core);
    }
    collector_free(NULL);
    ingest_end(&g);
}

static void views_that_cannot_be_made(void **state)
{
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct views *views = NULL;
        nomem_arm(nth);
        enum esep_status status = views_new(&views, &world_limits, world_zone, NULL);
        if (!nomem_disarm()) {
            assert_int_equal(status, ESEP_OK);
            assert_true(nth > 10);
            views_free(views);
            break;
        }
        assert_int_equal(status, ESEP_NOMEM);
        assert_null(views);
    }
    views_free(NULL);
}

static void write_many(struct sim_office *o, struct ingest *g, int count)
{
    for (int i = 0; i < count; i++)
        sim_write(o, g, KEY_1_MOH);
}

struct story {
    struct ingest g;
    struct sim_office *moh, *akmola;
};

/* The entries that the office holds a receipt of; a promise is none. */
static uint64_t receipted(const struct sim_office *o)
{
    uint64_t most = 0;
    for (size_t i = 0; i < o->heard_count; i++) {
        const struct esep_receipt *r = &o->heard[i].receipt;
        if (o->heard[i].kind == KIND(RECEIPT) &&
            r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES && r->through_seq > most)
            most = r->through_seq;
    }
    return most;
}

/* The office says hello and sends what is not receipted; true: all of it is. */
static bool bring(struct story *s, struct sim_office *o)
{
    sim_forget(o);
    sim_hello(o, &s->g);
    if (sim_count(o, KIND(WELCOME)) == 0)
        return false;
    uint64_t held = sim_last(o, KIND(WELCOME))->welcome.seq;
    if (held < o->seq)
        sim_batch(o, &s->g, held + 1, o->seq, true);
    return receipted(o) == o->seq;
}

/* Reports, some of them while the disk works, a second plan, an alert: all that makes rows. */
static void tell(struct story *s)
{
    struct ingest *g = &s->g;
    sim_hello(s->moh, g);
    sim_hello(s->akmola, g);
    if (!s->moh->session.established || !s->akmola->session.established)
        return; /* it ended before it said WELCOME */
    g->auto_commit = false;
    sim_batch(s->akmola, g, 1, 1, true);
    sim_batch(s->moh, g, 1, 40, true);
    sim_batch(s->akmola, g, 2, 20, true);
    while (g->pending != NULL)
        ingest_commit(g, ESEP_OK);
    g->auto_commit = true;
    sim_batch(s->moh, g, 41, 300, true);
    g->world.now += 200 * ESEP_DAY;
    collector_on_time(g->core, g->world.now);
    ingest_pump(g);
}

static void begin(struct story *s)
{
    ingest_start(&s->g, NULL);
    s->moh = sim_active(&s->g, "moh");
    s->akmola = sim_active(&s->g, "akmola");
    write_many(s->moh, &s->g, 300);
    for (int i = 0; i < 20; i++)
        sim_write(s->akmola, &s->g, KEY_1_AKMOLA);
}

/* The core may end, and says why; nothing that it receipted is missing, and the one after it takes
 * the rest in. */
static void a_day_with_one_failure(void **state)
{
    (void)state;
    static struct story s;
    size_t ended = 0;
    for (unsigned nth = 1;; nth++) {
        begin(&s);
        struct ingest *g = &s.g;
        ingest_restart(g); /* with rows' memory not grown yet */
        nomem_arm_inside(nth);
        tell(&s);
        bool fired = nomem_disarm();
        struct esep_reason reason = {{0}};
        enum esep_status status = collector_status(g->core, &reason);
        assert_true(fired || status == ESEP_OK);
        if (status != ESEP_OK) {
            ended++;
            assert_int_equal(status, ESEP_NOMEM);
            assert_true(reason.text[0] != '\0');
            assert_int_equal(collector_deadline(g->core), ESEP_TIME_NEVER);
            assert_true(collector_drained(g->core));
            assert_true(ingest_log_count(g, LOG(ENTRY)) >= receipted(s.moh) + receipted(s.akmola));
            ingest_restart(g);
        }
        g->auto_commit = true;
        assert_true(bring(&s, s.moh));
        assert_true(bring(&s, s.akmola));
        assert_int_equal(ingest_log_count(g, LOG(ENTRY)), 320);
        ingest_assert_replay(g);
        ingest_end(g);
        if (!fired)
            break;
    }
    assert_true(ended > 3); /* else the test asks nothing */
}

#define MANY 20000

static void wide_batches(struct collector_config *config)
{
    config->batch_records_max = MANY + 1;
    config->batch_bytes_max = 8 << 20;
    config->session_credit_bytes = 4 << 20;
    config->ingest_bytes_max = 8 << 20;
}

/* The rows of a group outgrow their megabyte in its midst, and there is no more: whether it is
 * settled as its head comes, or first in line behind a commit with another one behind it. */
static void rows_that_cannot_grow_within_a_group(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        struct ingest g;
        struct esep_reason reason = {{0}};
        ingest_start(&g, wide_batches);
        struct sim_office *busy = sim_active(&g, "moj");
        struct sim_office *large = sim_active(&g, "moh");
        struct sim_office *behind = sim_active(&g, "akmola");
        sim_write(busy, &g, KEY_1_MOJ);
        sim_write(busy, &g, KEY_1_MOJ);
        sim_write(behind, &g, KEY_1_AKMOLA);
        write_many(large, &g, MANY);
        sim_hello(busy, &g);
        sim_hello(large, &g);
        sim_hello(behind, &g);
        for (uint64_t i = 1; i <= MANY; i += 500)
            sim_batch(large, &g, i, i + 499, false);
        g.auto_commit = waits == 0;
        if (waits == 1) {
            sim_batch(busy, &g, 1, 1, true); /* the disk works */
            sim_ping(behind, &g);
            g.world.now += ESEP_HOUR * 7;
            sim_ping(behind, &g); /* something in the open batch: no room beside it */
        }
        nomem_arm_large(1 << 20);
        sim_batch(large, &g, MANY + 1, MANY, true);
        sim_batch(behind, &g, 1, 1, true);
        while (g.pending != NULL)
            ingest_commit(&g, ESEP_OK);
        assert_true(nomem_disarm());
        assert_int_equal(collector_status(g.core, &reason), ESEP_NOMEM);
        assert_non_null(
            strstr(reason.text, "an entry was not taken in")); /* not at the end of it */
        assert_int_equal(receipted(large), 0);
        assert_int_equal(receipted(behind), 0);
        assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), waits);
        g.auto_commit = true;
        ingest_restart(&g);
        sim_forget(behind);
        sim_hello(behind, &g);
        assert_int_equal(sim_last(behind, KIND(WELCOME))->welcome.seq, 0);
        sim_batch(behind, &g, 1, 1, true);
        assert_int_equal(receipted(behind), 1);
        ingest_assert_replay(&g);
        ingest_end(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_core_that_cannot_be_made),
        cmocka_unit_test(views_that_cannot_be_made),
        cmocka_unit_test(a_day_with_one_failure),
        cmocka_unit_test(rows_that_cannot_grow_within_a_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
