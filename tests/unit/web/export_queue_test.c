/* tests/unit/web/export_queue_test.c - who gets an export made, when, and who may fetch it? */
#include "collector/web/export_queue.h"
#include "tests/unit/io/unit.h"

#include <string.h>

#define MINUTE (60 * ESEP_SECOND)

static const struct web_export_limits limits = {.places = 6,
                                                .of_one_owner_max = 3,
                                                .running_max = 2,
                                                .kept = 60 * MINUTE,
                                                .patience = 10 * MINUTE,
                                                .bytes_max = 1000};
static const struct web_export_wish wish = {.format = 1, .year = 2013, .plan = "small"};
static struct web_export_queue *queue;
static unsigned dropped;
static uint8_t last_dropped;

static void on_drop(void *context, const struct web_export *e)
{
    assert_ptr_equal(context, &dropped);
    assert_int_not_equal(e->state, WEB_EXPORT_NONE);
    last_dropped = e->id[0];
    dropped++;
}

static int setup(void **state)
{
    (void)state;
    dropped = 0;
    last_dropped = 0;
    return web_export_queue_new(&queue, &limits, on_drop, &dropped) == ESEP_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    web_export_queue_free(queue);
    return 0;
}

static enum esep_status ask(const char *owner, uint8_t number, struct web_export **ret)
{
    const uint8_t id[WEB_EXPORT_ID_BYTES] = {number};
    return web_export_ask(queue, owner, id, &wish, 0, ret);
}

static struct web_export *asked(const char *owner, uint8_t number)
{
    struct web_export *e = NULL;
    assert_int_equal(ask(owner, number, &e), ESEP_OK);
    return e;
}

static struct web_export *find(const char *owner, uint8_t number)
{
    const uint8_t id[WEB_EXPORT_ID_BYTES] = {number};
    return web_export_find(queue, owner, id);
}

/* Asked for, started and made. */
static struct web_export *made(const char *owner, uint8_t number, uint64_t bytes, esep_time now)
{
    struct web_export *e = asked(owner, number);
    assert_ptr_equal(web_export_start(queue, now), e);
    web_export_end(queue, e, NULL, bytes, now);
    return e;
}

static void test_two_are_made_at_a_time_in_the_order_asked(void **state)
{
    (void)state;
    struct web_export *first = asked("aigul", 1);
    struct web_export *second = asked("berik", 2);
    struct web_export *third = asked("aigul", 3);
    assert_int_equal(web_export_before(queue, third), 2);
    assert_ptr_equal(web_export_start(queue, 5), first);
    assert_ptr_equal(web_export_start(queue, 5), second);
    assert_null(web_export_start(queue, 5));
    assert_int_equal(third->state, WEB_EXPORT_QUEUED);
    assert_int_equal(web_export_before(queue, third), 0);
    assert_int_equal(first->started_at, 5);
    assert_string_equal(first->wish.plan, "small");
    web_export_end(queue, second, "no", 0, 6);
    assert_string_equal(second->reason, "no");
    assert_ptr_equal(web_export_start(queue, 7), third);
    assert_null(web_export_start(queue, 7));
    assert_int_equal(web_export_count(queue, WEB_EXPORT_RUNNING), 2);
    assert_int_equal(web_export_count(queue, WEB_EXPORT_FAILED), 1);
}

static void test_progress_never_goes_back(void **state)
{
    (void)state;
    struct web_export *e = asked("aigul", 1);
    assert_ptr_equal(web_export_start(queue, 0), e);
    web_export_progress(e, 40);
    web_export_progress(e, 30);
    assert_int_equal(e->percent, 40);
    web_export_progress(e, 400);
    assert_int_equal(e->percent, 100);
}

static void test_another_accounts_export_is_not_there(void **state)
{
    (void)state;
    struct web_export *e = asked("aigul", 1);
    assert_ptr_equal(find("aigul", 1), e);
    assert_null(find("berik", 1));
    assert_null(find("aigul", 2));
    assert_null(web_export_next(queue, "berik", NULL));
    struct web_export *newer = asked("aigul", 2);
    assert_ptr_equal(web_export_next(queue, "aigul", NULL), newer);
    assert_ptr_equal(web_export_next(queue, "aigul", newer), e);
    assert_null(web_export_next(queue, "aigul", e));
}

static void test_an_account_loses_its_own_oldest_and_no_others(void **state)
{
    (void)state;
    (void)made("berik", 9, 10, 0);
    (void)made("aigul", 1, 10, 1);
    (void)made("aigul", 2, 10, 2);
    (void)made("aigul", 3, 10, 3);
    (void)asked("aigul", 4);
    assert_int_equal(dropped, 1);
    assert_int_equal(last_dropped, 1);
    assert_null(find("aigul", 1));
    assert_non_null(find("berik", 9));
}

static void test_too_many_unmade_are_refused(void **state)
{
    (void)state;
    struct web_export *e = NULL;
    for (uint8_t i = 1; i <= 3; i++)
        (void)asked("aigul", i);
    assert_int_equal(ask("aigul", 4, &e), ESEP_LIMIT);
    for (uint8_t i = 5; i <= 7; i++)
        (void)asked("berik", i);
    assert_int_equal(ask("chingiz", 8, &e), ESEP_AGAIN);
    assert_null(e);
    assert_int_equal(dropped, 0);
    /* One that is made gives its place to whoever asks. */
    e = web_export_start(queue, 0);
    web_export_end(queue, e, NULL, 1, 1);
    (void)asked("chingiz", 8);
    assert_int_equal(last_dropped, 1);
}

static void test_the_oldest_files_make_room(void **state)
{
    (void)state;
    (void)made("aigul", 1, 400, 0);
    (void)made("berik", 2, 400, 1);
    (void)made("aigul", 3, 300, 2);
    assert_int_equal(dropped, 1);
    assert_null(find("aigul", 1));
    assert_non_null(find("berik", 2));
    /* Larger than all may be: it stays, alone. */
    (void)made("chingiz", 4, 5000, 3);
    assert_int_equal(dropped, 3);
    assert_non_null(find("chingiz", 4));
}

static void test_a_file_goes_when_it_is_old(void **state)
{
    (void)state;
    (void)made("aigul", 1, 10, MINUTE);
    struct web_export *waiting = asked("aigul", 2);
    assert_null(web_export_tick(queue, 61 * MINUTE - 1));
    assert_non_null(find("aigul", 1));
    assert_null(web_export_tick(queue, 61 * MINUTE));
    assert_null(find("aigul", 1));
    assert_int_equal(dropped, 1);
    assert_ptr_equal(find("aigul", 2), waiting); /* whoever waits is not forgotten */
}

static void test_one_that_takes_too_long_is_told(void **state)
{
    (void)state;
    struct web_export *e = asked("aigul", 1);
    assert_null(web_export_tick(queue, 20 * MINUTE)); /* waiting is not running */
    assert_ptr_equal(web_export_start(queue, 20 * MINUTE), e);
    assert_null(web_export_tick(queue, 30 * MINUTE - 1));
    assert_ptr_equal(web_export_tick(queue, 30 * MINUTE), e);
    web_export_end(queue, e, "too long", 0, 30 * MINUTE);
    assert_null(web_export_tick(queue, 31 * MINUTE));
    assert_int_equal(e->state, WEB_EXPORT_FAILED);
}

static void test_a_long_reason_is_cut(void **state)
{
    char reason[1000];
    (void)state;
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    struct web_export *e = asked("aigul", 1);
    assert_ptr_equal(web_export_start(queue, 0), e);
    web_export_end(queue, e, reason, 0, 0);
    assert_int_equal(strlen(e->reason), WEB_EXPORT_REASON_MAX - 1);
}

static void test_the_end_drops_all(void **state)
{
    (void)state;
    (void)made("aigul", 1, 10, 0);
    (void)asked("aigul", 2);
    assert_non_null(web_export_start(queue, 0));
    web_export_queue_free(queue);
    queue = NULL;
    assert_int_equal(dropped, 2);
}

static void test_a_key_finds_its_own_export_while_it_is_here(void **state)
{
    (void)state;
    const struct esep_hash key = {{1, 2}};
    const struct esep_hash other = {{1, 3}};
    struct web_export *e = asked("aigul", 1);
    assert_null(web_export_keyed(queue, "aigul", &key));
    e->key = key;
    asked("aigul", 2)->key = other;
    assert_ptr_equal(web_export_keyed(queue, "aigul", &key), e);
    assert_null(web_export_keyed(queue, "berik", &key));
    web_export_drop(queue, e);
    assert_null(web_export_keyed(queue, "aigul", &key));
    assert_null(web_export_keyed(queue, "aigul", &(struct esep_hash){{1, 2}}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_are_made_at_a_time_in_the_order_asked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_progress_never_goes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_accounts_export_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_account_loses_its_own_oldest_and_no_others, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_too_many_unmade_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_oldest_files_make_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_goes_when_it_is_old, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_takes_too_long_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_reason_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_end_drops_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_key_finds_its_own_export_while_it_is_here, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
