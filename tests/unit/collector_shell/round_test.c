/* tests/unit/collector_shell/round_test.c - does ingest hear from a reader what it may hear, and
 * nothing else, whatever a reader that a damaged page has taken over writes into the pipe? Is what
 * it heard there at the next start, and no reader sent back to such a page too soon? */
#include "../io/unit.h"
#include "collector/round.h"

#include <signal.h>
#include <stdio.h>

static struct esep_slice slice_of(const char *text)
{
    return esep_slice(text, strlen(text));
}

static void every_line_comes_back(void **state)
{
    static const struct round_line lines[] = {
        {.kind = ROUND_AT_ENTRIES, .first = 128, .second = 4096},
        {.kind = ROUND_AT_FILES, .first = 12},
        {.kind = ROUND_OK, .first = 4096, .second = 12},
        {.kind = ROUND_DAMAGED, .first = 0, .second = 0, .text = {"log entry 7: қате"}},
        {.kind = ROUND_UNREAD, .first = 1, .text = {""}},
        {.kind = ROUND_SIGNAL, .first = SIGBUS},
        {.kind = ROUND_EXIT, .first = 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char bytes[ROUND_LINE_BYTES];
        struct round_line back;
        const size_t len = round_line_write(&lines[i], bytes);
        assert_int_equal(strlen(bytes), len);
        assert_int_equal(bytes[len - 1], '\n');
        assert_int_equal(round_line_parse(esep_slice(bytes, len - 1), &back), ESEP_OK);
        assert_int_equal(back.kind, lines[i].kind);
        assert_int_equal(back.first, lines[i].first);
        assert_int_equal(back.second, lines[i].second);
        assert_string_equal(back.text.text, lines[i].text.text);
    }
}

static void a_text_of_any_length_is_one_line(void **state)
{
    struct round_line line = {.kind = ROUND_DAMAGED, .first = UINT64_MAX, .second = UINT64_MAX};
    char bytes[ROUND_LINE_BYTES];
    (void)state;
    memset(line.text.text, '\n', sizeof line.text.text - 1);
    const size_t len = round_line_write(&line, bytes);
    assert_true(len < sizeof bytes);
    assert_ptr_equal(strchr(bytes, '\n'), bytes + len - 1);
}

static void what_is_no_line_of_ours_is_none(void **state)
{
    static const char *const not_ours[] = {
        "",
        "ok",
        "ok ",
        "ok 1",
        "ok 1 ",
        "ok 1 2 ",
        "ok 1 2 3",
        "ok  1 2",
        "ok -1 2",
        "ok +1 2",
        "ok 01 2",
        "ok 0x1 2",
        "ok 1 2\r",
        "ok 10000000000000000000 2", /* twenty digits */
        "okay 1 2",
        " ok 1 2",
        "at entries 1",
        "at entries 1 2 3",
        "at rows 1 2",
        "at files 1 2",
        "damaged 1 2",
        "damaged 1",
        "unread",
        "signal",
        "signal seven",
        "signal 7 8",
        "exit 1 2",
        "\xff\xfe",
    };
    struct round_line line = {.kind = ROUND_EXIT, .first = 77};
    (void)state;
    for (size_t i = 0; i < sizeof not_ours / sizeof *not_ours; i++)
        if (round_line_parse(slice_of(not_ours[i]), &line) != ESEP_INVALID)
            fail_msg("taken: %s", not_ours[i]);
    assert_int_equal(round_line_parse(esep_slice("damaged 1 2 a\0b", 15), &line), ESEP_INVALID);
    assert_true(line.kind == ROUND_EXIT && line.first == 77); /* untouched */
}

static void a_strangers_text_is_made_fit_for_a_line(void **state)
{
    struct round_line line;
    (void)state;
    assert_int_equal(round_line_parse(slice_of("damaged 1 2 a\033[31m\xff\tb"), &line), ESEP_OK);
    assert_string_equal(line.text.text, "a [31m b");
}

/* Bytes in pieces of each size; a line without an end takes no room and hides none behind it. */
static void lines_are_heard_however_they_come(void **state)
{
    char stream[1400];
    int len = snprintf(stream, sizeof stream, "ok 1 2\nnonsense\n%01000d\nsignal 7\nexit ", 0);
    (void)state;
    len += snprintf(stream + len, sizeof stream - (size_t)len, "3\nok 9");
    for (size_t piece = 1; piece <= (size_t)len; piece++) {
        struct round_ear ear = {0};
        struct round_line line;
        char heard[8] = "";
        size_t count = 0;
        for (size_t at = 0; at < (size_t)len; at += piece) {
            const size_t left = (size_t)len - at;
            struct esep_slice bytes = esep_slice(stream + at, piece < left ? piece : left);
            while (round_ear_hear(&ear, &bytes, &line))
                heard[count++] = "afoduse"[line.kind];
            assert_int_equal(bytes.len, 0);
        }
        assert_string_equal(heard, "ose"); /* OK, SIGNAL, EXIT */
    }
}

static bool hear(struct round_seen *seen, const char *text, esep_time now)
{
    struct round_line line;
    assert_int_equal(round_line_parse(slice_of(text), &line), ESEP_OK);
    return round_heard(seen, &line, now);
}

static void a_round_is_followed_to_its_end(void **state)
{
    struct round_seen seen = {0};
    (void)state;
    assert_false(hear(&seen, "at entries 16 40", 1));
    assert_true(seen.begun && !seen.known && seen.at == 16 && seen.of == 40);
    assert_false(hear(&seen, "at files 3", 2));
    assert_true(seen.in_files && seen.file == 3 && seen.of == 40);
    assert_true(hear(&seen, "ok 40 5", 3));
    assert_true(seen.known && !seen.died && !seen.begun && seen.of == 0);
    assert_true(seen.status == ESEP_OK && seen.entries == 40 && seen.files == 5);
    assert_true(seen.rounds == 1 && seen.broken == 0 && seen.ended_at == 3);
    assert_true(hear(&seen, "damaged 7 0 log entry 7: wrong", 4));
    assert_int_equal(seen.status, ESEP_CORRUPT);
    assert_string_equal(seen.reason.text, "log entry 7: wrong");
    assert_true(hear(&seen, "unread 0 0 no room", 5));
    assert_int_equal(seen.status, ESEP_IO);
    assert_true(seen.rounds == 3 && seen.broken == 0);
}

static void a_reader_that_died_is_a_finding(void **state)
{
    struct round_seen seen = {0};
    (void)state;
    assert_false(hear(&seen, "at entries 128 4096", 1));
    assert_true(hear(&seen, "signal 7", 2));
    assert_true(seen.known && seen.died && seen.rounds == 1 && seen.broken == 1);
    assert_int_equal(seen.status, ESEP_CORRUPT);
    assert_non_null(strstr(seen.reason.text, "signal 7 (Bus error) while it read the log entries "
                                             "from 128 to 143: a page of the store is damaged"));
    assert_int_equal(seen.entries, 128);
    /* Somebody, or the kernel where memory is short: nothing is said of the store. */
    assert_false(hear(&seen, "at files 3", 3));
    assert_true(hear(&seen, "signal 9", 4));
    assert_int_equal(seen.status, ESEP_IO);
    assert_non_null(strstr(seen.reason.text, "signal 9 (Killed) behind file 3"));
    assert_null(strstr(seen.reason.text, "damaged"));
    assert_true(hear(&seen, "exit 78", 5));
    assert_string_equal(seen.reason.text, "the reader ended with status 78 as it began");
    assert_true(hear(&seen, "signal 4000000000", 6)); /* none that there is */
    assert_string_equal(seen.reason.text, "the reader ended with signal 4000000000 as it began");
    assert_int_equal(seen.broken, 4);
    assert_true(hear(&seen, "ok 4096 3", 7));
    assert_true(!seen.died && seen.status == ESEP_OK && seen.reason.text[0] == '\0');
}

static void no_reader_goes_back_too_soon(void **state)
{
    const esep_time day = 24 * 3600 * ESEP_SECOND;
    struct round_seen seen = {0};
    (void)state;
    assert_int_equal(round_first_in(&seen, day, 5), 0);
    assert_true(hear(&seen, "damaged 7 0 wrong", day));
    assert_int_equal(round_first_in(&seen, day, day + 1), 0); /* it found it, and lives */
    assert_true(hear(&seen, "signal 11", day));
    assert_int_equal(round_first_in(&seen, day, day), day);
    assert_int_equal(round_first_in(&seen, day, day + day / 4), day - day / 4);
    assert_int_equal(round_first_in(&seen, day, 2 * day), 0);
    assert_int_equal(round_first_in(&seen, day, 0), day); /* the clock was set back */
}

static void what_was_seen_is_remembered(void **state)
{
    struct round_seen seen = {0};
    struct round_seen back;
    round_recall(*state, &back);
    assert_false(back.known);
    assert_false(hear(&seen, "at entries 128 4096", 1));
    assert_true(hear(&seen, "signal 11", 90 * ESEP_SECOND));
    assert_int_equal(round_remember(*state, &seen), ESEP_OK);
    round_recall(*state, &back);
    assert_true(back.known && back.died && back.rounds == 0 && back.broken == 0);
    assert_int_equal(back.status, ESEP_CORRUPT);
    assert_int_equal(back.ended_at, 90 * ESEP_SECOND);
    assert_int_equal(back.entries, 128);
    assert_string_equal(back.reason.text, seen.reason.text);
    assert_true(hear(&seen, "ok 4096 7", 91 * ESEP_SECOND));
    assert_int_equal(round_remember(*state, &seen), ESEP_OK);
    round_recall(*state, &back);
    assert_true(back.known && !back.died && back.status == ESEP_OK && back.files == 7);
}

static void a_file_that_is_not_ours_is_nothing(void **state)
{
    static const char *const files[] = {
        "",
        "esep-round/1",
        "esep-round/1 5 0",
        "esep-round/1 5 0\n",
        "esep-round/1 5 0\nok 1 2",
        "esep-round/1 5 2\nok 1 2\n",
        "esep-round/1 5 0\nok 1 2\nok 1 2\n",
        "esep-round/1 5 0\nsignal 7\n",
        "esep-round/1 5 0\nat entries 1 2\n",
        "esep-round/1 9999999999999999999 0\nok 1 2\n",
        "esep-round/2 5 0\nok 1 2\n",
    };
    char path[320];
    (void)snprintf(path, sizeof path, "%s/round", (const char *)*state);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct round_seen back = {.known = true};
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(files[i], file) >= 0 && fclose(file) == 0);
        round_recall(*state, &back);
        if (back.known)
            fail_msg("taken: %s", files[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_comes_back),
        cmocka_unit_test(a_text_of_any_length_is_one_line),
        cmocka_unit_test(what_is_no_line_of_ours_is_none),
        cmocka_unit_test(a_strangers_text_is_made_fit_for_a_line),
        cmocka_unit_test(lines_are_heard_however_they_come),
        cmocka_unit_test(a_round_is_followed_to_its_end),
        cmocka_unit_test(a_reader_that_died_is_a_finding),
        cmocka_unit_test(no_reader_goes_back_too_soon),
        unit_test_in_folder(what_was_seen_is_remembered),
        unit_test_in_folder(a_file_that_is_not_ours_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
