/* tests/unit/io/loop_test.c - do signals, the deadline and another thread's bell reach the loop,
 * each as often as they should?
 */
#include "io/loop.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

struct seen {
    struct esep_loop *loop;
    unsigned drains, reloads, deadlines, wakes;
    struct esep_wakeup *wakeup;
    atomic_uint produced;
};

static void on_drain(void *context)
{
    struct seen *seen = context;
    seen->drains++;
    (void)raise(SIGTERM); /* the second ends at once */
}

static void on_reload(void *context)
{
    struct seen *seen = context;
    seen->reloads++;
    (void)raise(SIGTERM);
}

static void on_deadline(void *context)
{
    struct seen *seen = context;
    seen->deadlines++;
    esep_loop_stop(seen->loop);
}

static void start(struct seen *seen)
{
    struct esep_reason reason = {{0}};
    *seen = (struct seen){0};
    const struct esep_loop_options options = {
        .on_drain = on_drain, .on_reload = on_reload, .on_deadline = on_deadline, .context = seen};
    assert_int_equal(esep_loop_new(&seen->loop, &options, &reason), ESEP_OK);
}

static void test_signals(void **state)
{
    struct seen seen;
    (void)state;
    start(&seen);
    (void)raise(SIGPIPE); /* nothing happens */
    (void)raise(SIGHUP);
    assert_int_equal(esep_loop_run(seen.loop), ESEP_OK);
    assert_int_equal(seen.reloads, 1);
    assert_int_equal(seen.drains, 1);
    esep_loop_free(seen.loop);
}

static void test_a_deadline_moves_both_ways_and_rings_once(void **state)
{
    struct seen seen;
    (void)state;
    start(&seen);
    esep_loop_deadline(seen.loop, ESEP_HOUR);
    esep_loop_deadline(seen.loop, ESEP_SECOND / 100); /* earlier */
    esep_loop_deadline(seen.loop, ESEP_SECOND / 20);  /* later again */
    const esep_time before = esep_monotonic();
    assert_int_equal(esep_loop_run(seen.loop), ESEP_OK);
    assert_true(esep_monotonic() - before >= ESEP_SECOND / 20 - 1000);
    assert_int_equal(seen.deadlines, 1);
    esep_loop_deadline(seen.loop, 1000);
    esep_loop_deadline(seen.loop, ESEP_TIME_NEVER); /* taken back: the next one rings alone */
    esep_loop_deadline(seen.loop, -5);
    assert_int_equal(esep_loop_run(seen.loop), ESEP_OK);
    assert_int_equal(seen.deadlines, 2);
    esep_loop_deadline(seen.loop, ESEP_TIME_NEVER - 1); /* no overflow */
    esep_loop_free(seen.loop);
}

#define PRODUCED 20000U

static void on_wake(void *context)
{
    struct seen *seen = context;
    seen->wakes++;
    if (atomic_load(&seen->produced) == PRODUCED)
        esep_loop_stop(seen->loop);
}

static void *produce(void *context)
{
    struct seen *seen = context;
    for (unsigned i = 0; i < PRODUCED; i++) {
        atomic_fetch_add(&seen->produced, 1);
        esep_wakeup_ring(seen->wakeup);
    }
    return NULL;
}

static void test_a_bell_from_another_thread(void **state)
{
    struct seen seen;
    pthread_t thread;
    (void)state;
    start(&seen);
    assert_int_equal(esep_wakeup_new(&seen.wakeup, seen.loop, on_wake, &seen, NULL), ESEP_OK);
    esep_loop_deadline(seen.loop, 300 * ESEP_SECOND); /* for what hangs */
    assert_int_equal(pthread_create(&thread, NULL, produce, &seen), 0);
    assert_int_equal(esep_loop_run(seen.loop), ESEP_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(seen.deadlines, 0);
    assert_true(seen.wakes >= 1 && seen.wakes <= PRODUCED);
    esep_wakeup_free(seen.wakeup);
    esep_loop_free(seen.loop);
}

static void test_systemd_hears(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    const union {
        const struct sockaddr_un *un;
        const struct sockaddr *any;
    } address = {.un = &un};
    char text[64] = "";
    (void)snprintf(un.sun_path, sizeof(un.sun_path), "%s/n", (const char *)*state);
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, address.any, sizeof(un)), 0);
    esep_notify("READY=1"); /* nobody asked for it */
    assert_int_equal(setenv("NOTIFY_SOCKET", un.sun_path, 1), 0);
    esep_notify("READY=1");
    assert_int_equal(recv(fd, text, sizeof(text), 0), 7);
    assert_memory_equal(text, "READY=1", 7);
    assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), -1);
    unsetenv("NOTIFY_SOCKET");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_a_deadline_moves_both_ways_and_rings_once),
        cmocka_unit_test(test_a_bell_from_another_thread),
        unit_test_in_folder(test_systemd_hears),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
