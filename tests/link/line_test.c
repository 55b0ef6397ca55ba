/* Does the emulated line do what line.h says? What a benchmark over it shows rests on this. */
#include "line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

#define S INT64_C(1000000)

static const struct line_config slow = {
    .bits_per_s = 64000, .delay_us = 300000, .queue_bytes = 16000, .seed = 7};

static struct line *new_line(const struct line_config *config, int64_t now)
{
    struct line *line = malloc(sizeof *line);
    assert_non_null(line);
    line_init(line, config, now);
    return line;
}

static void free_line(struct line *line)
{
    line_done(line);
    free(line);
}

static size_t take_all(struct line *line, int64_t now)
{
    const uint8_t *data;
    size_t len, count = 0;
    while (line_take(line, now, &data, &len))
        count++;
    return count;
}

static void packets_wait_for_those_before_them(void **state)
{
    (void)state;
    struct line *line = new_line(&slow, 5 * S);
    uint8_t packet[800] = {1, 2, 3};
    const uint8_t *data;
    size_t len;
    for (int i = 0; i < 3; i++)
        line_put(line, packet, sizeof packet, 5 * S); /* 0.1 s each */
    assert_int_equal(line_next(line), 5 * S + 400000);
    assert_false(line_take(line, 5 * S + 399999, &data, &len));
    assert_true(line_take(line, 5 * S + 400000, &data, &len));
    assert_int_equal(len, sizeof packet);
    assert_memory_equal(data, packet, sizeof packet);
    assert_int_equal(line_next(line), 5 * S + 500000);
    assert_int_equal(take_all(line, 6 * S), 2);
    assert_int_equal(line->counters.carried_bits, 3 * 6400);
    line_put(line, packet, 8, 20 * S); /* an idle line takes it at once */
    assert_int_equal(line_next(line), 20 * S + 1000 + 300000);
    free_line(line);
}

static void a_full_queue_drops(void **state)
{
    (void)state;
    struct line *line = new_line(&slow, 0);
    uint8_t packet[1000] = {0};
    for (int i = 0; i < 40; i++)
        line_put(line, packet, sizeof packet, 0);
    assert_int_equal(line->counters.overflow_bits,
                     (40 - 17) * 8000); /* one on the line, 16 behind */
    assert_int_equal(take_all(line, 60 * S), 17);
    free_line(line);
}

static void loss_is_drawn_from_the_seed(void **state)
{
    (void)state;
    struct line_config config = slow;
    config.loss_ppm = 50000;
    uint64_t lost[3];
    for (int round = 0; round < 3; round++) {
        config.seed = round == 2 ? 8 : 7;
        struct line *line = new_line(&config, 0);
        uint8_t packet[100] = {0};
        for (int i = 0; i < 10000; i++) {
            line_put(line, packet, sizeof packet, i * S);
            take_all(line, i * S + S - 1);
        }
        lost[round] = line->counters.lost_bits / 800;
        assert_in_range(lost[round], 400, 600);
        assert_int_equal(line->counters.lost_bits + line->counters.carried_bits, 10000 * 800);
        free_line(line);
    }
    assert_int_equal(lost[0], lost[1]);
    assert_int_not_equal(lost[0], lost[2]);
}

static void outages_take_what_is_queued_and_no_more(void **state)
{
    (void)state;
    struct line_config config = slow;
    config.up_us = 30 * S;
    config.down_us = 30 * S;
    struct line *line = new_line(&config, 0);
    uint8_t packet[800] = {0};
    assert_true(line_up(line, 0) && line_up(line, 30 * S - 1));
    assert_false(line_up(line, 30 * S) || line_up(line, 60 * S - 1));
    assert_int_equal(line_changes(line, 10 * S), 30 * S);
    assert_int_equal(line_changes(line, 31 * S), 60 * S);
    for (int i = 0; i < 5; i++)
        line_put(line, packet, sizeof packet, 30 * S - 250000); /* two get through in time */
    assert_int_equal(line->counters.broken_bits, 3 * 6400);
    assert_int_equal(take_all(line, 40 * S), 2); /* they were in the air */
    line_put(line, packet, sizeof packet, 45 * S);
    assert_int_equal(line->counters.away_bits, 6400);
    line_put(line, packet, sizeof packet, 60 * S);
    assert_int_equal(line_next(line), 60 * S + 400000);
    assert_int_equal(line_could_bits(line, 45 * S), 30 * 64000);
    assert_int_equal(line_could_bits(line, 75 * S), 45 * 64000);
    line_restart(line, 80 * S);
    assert_true(line_up(line, 80 * S) && line_up(line, 110 * S - 1) && !line_up(line, 110 * S));
    assert_int_equal(line_could_bits(line, 81 * S), 64000);
    free_line(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_wait_for_those_before_them),
        cmocka_unit_test(a_full_queue_drops),
        cmocka_unit_test(loss_is_drawn_from_the_seed),
        cmocka_unit_test(outages_take_what_is_queued_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
