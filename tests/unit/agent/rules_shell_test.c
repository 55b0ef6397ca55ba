/* tests/unit/agent/rules_shell_test.c - windows and budgets outside of the core: is the config read
 * as it is written, does the day's budget come back from the disk, and is what `status` shows what
 * the daemon said?
 */
#include "agent/meter_file.h"
#include "agent/rules_say.h"
#include "agent/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

#define TEST(name) static void name(void **state)
#define KEY "\"1111111111111111111111111111111111111111111111111111111111111111\""

static char folder[] = "/tmp/esep-rules-XXXXXX";

static void write_file(const char *name, const char *text, char out[256])
{
    (void)snprintf(out, 256, "%s/%s", folder, name);
    FILE *file = fopen(out, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static enum esep_status settings_of(const char *link, struct agent_settings **ret)
{
    char path[256];
    char text[2048];
    struct esep_reason reason = {""};
    (void)snprintf(text, sizeof text,
                   "journal: journal\nkeys: agent.keys\nlog_id: " KEY "\nlog_key: " KEY
                   "\nseal_key: " KEY "\nbrokers:\n  - {address: tcp://127.0.0.1:7, key: " KEY
                   "}\n%s",
                   link);
    write_file("agent.yaml", text, path);
    return agent_settings_read(path, ret, &reason);
}

TEST(the_config_makes_the_rules)
{
    (void)state;
    struct agent_settings *s = NULL;
    assert_int_equal(settings_of("", &s), ESEP_OK);
    assert_int_equal(s->rules.schedule.count, 0);
    assert_false(s->rules.metered);
    agent_settings_free(s);
    assert_int_equal(settings_of("link:\n  windows:\n    - Mon-Fri 09:00-09:30, 16:00-16:20\n"
                                 "    - Sat 10:00-10:15\n  urgent: false\n  stay: 30s\n"
                                 "  metered: true\n  day_bytes: 2M\n  day_bytes_in: 1M\n"
                                 "  text_percent: 40\n",
                                 &s),
                     ESEP_OK);
    const struct agent_rules *r = &s->rules;
    assert_int_equal(r->schedule.count, 3);
    assert_int_equal(r->schedule.openings[1].from, 16 * 60);
    assert_int_equal(r->schedule.openings[2].days, 1 << 5);
    assert_false(r->urgent_anyway);
    assert_int_equal(r->stay, 30 * ESEP_SECOND);
    assert_int_equal(r->again, ESEP_HOUR);
    assert_true(r->metered);
    assert_int_equal(r->budget.both, 2 << 20);
    assert_int_equal(r->budget.out, 0);
    assert_int_equal(r->budget.in, 1 << 20);
    assert_int_equal(r->budget.text_percent, 40);
    assert_string_equal(r->zone.name, "Asia/Almaty");
    assert_int_equal(s->metered_keep_alive, 15 * ESEP_MINUTE);
    agent_settings_free(s);
    assert_int_equal(settings_of("link:\n  windows: daily\n", &s), ESEP_INVALID);
    assert_int_equal(settings_of("link:\n  windows:\n    - {days: Mon}\n", &s), ESEP_INVALID);
    assert_int_equal(settings_of("link:\n  windows: [10:00-11:00]\n  zone: Asia/Nowhere\n", &s),
                     ESEP_INVALID);
    assert_int_equal(settings_of("link:\n  day_bytes: 2M\n", &s), ESEP_INVALID);
    assert_int_equal(settings_of("link:\n  metered: true\n  day_bytes: 2k\n", &s), ESEP_INVALID);
    assert_int_equal(settings_of("link:\n  windows: 10:00-11:00\n", &s), ESEP_OK); /* one text */
    assert_int_equal(s->rules.schedule.count, 1);
    agent_settings_free(s);
}

TEST(what_was_spent_comes_back)
{
    (void)state;
    struct esep_reason reason = {""};
    struct agent_meter m = {0};
    char path[256];
    assert_int_equal(agent_meter_file_read(folder, &m, &reason), ESEP_NOT_FOUND);
    const struct agent_meter spent = {.day = 15720, .out = UINT64_MAX / 2, .in = 7};
    assert_int_equal(agent_meter_file_write(folder, &spent, &reason), ESEP_OK);
    assert_int_equal(agent_meter_file_read(folder, &m, &reason), ESEP_OK);
    assert_int_equal(m.day, spent.day);
    assert_true(m.out == spent.out && m.in == spent.in);
    write_file("meter", "day 15720 out", path);
    assert_int_equal(agent_meter_file_read(folder, &m, &reason), ESEP_CORRUPT);
    assert_true(reason.text[0] != 0);
    assert_int_equal(agent_meter_file_write("/nowhere/at/all", &spent, &reason), ESEP_IO);
}

static json_int_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

TEST(status_shows_what_the_daemon_said)
{
    (void)state;
    const struct agent_rules_view said = {.scheduled = true,
                                          .metered = true,
                                          .window_until = ESEP_TIME_NEVER,
                                          .window_next = 15720 * ESEP_DAY,
                                          .due_at = 15719 * ESEP_DAY,
                                          .due_sent_anyway = true,
                                          .spent = {15719, 100, 200},
                                          .budget = {.both = 5000, .in = 3000},
                                          .day_until = 15720 * ESEP_DAY,
                                          .files_wait = true};
    struct agent_rules_view read = {0};
    char path[256];
    char line[256];
    write_file("uplink", "", path);
    FILE *file = fopen(path, "w+e");
    assert_non_null(file);
    agent_rules_write(file, &said);
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char *value = strchr(line, ' ');
        assert_non_null(value);
        *value++ = 0;
        assert_true(agent_rules_take(&read, line, value));
    }
    assert_int_equal(fclose(file), 0);
    assert_false(agent_rules_take(&read, "state", "online"));
    json_t *window = agent_window_json(&read, NULL);
    json_t *budget = agent_budget_json(&read, NULL);
    assert_true(json_is_null(json_object_get(window, "open_until")));
    assert_string_equal(json_string_value(json_object_get(window, "next_at")),
                        "2013-01-15T00:00:00Z");
    assert_string_equal(json_string_value(json_object_get(window, "due_at")),
                        "2013-01-14T00:00:00Z");
    assert_true(json_is_true(json_object_get(window, "due_sent_anyway")));
    assert_int_equal(number(budget, "day_bytes"), 5000);
    assert_true(json_is_null(json_object_get(budget, "day_bytes_out")));
    assert_int_equal(number(budget, "day_bytes_in"), 3000);
    assert_int_equal(number(budget, "sent_bytes"), 100);
    assert_int_equal(number(budget, "received_bytes"), 200);
    assert_true(json_is_true(json_object_get(budget, "files_wait")));
    assert_true(json_is_false(json_object_get(budget, "text_waits")));
    json_decref(window);
    json_decref(budget);
    const struct agent_rules_view none = {0};
    json_t *nothing = agent_window_json(&none, NULL);
    assert_true(json_is_null(nothing));
    json_decref(nothing);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int clear_folder(void **state)
{
    static const char *const names[] = {"agent.yaml", "meter", "uplink"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_config_makes_the_rules),
        cmocka_unit_test(what_was_spent_comes_back),
        cmocka_unit_test(status_shows_what_the_daemon_said),
    };
    return cmocka_run_group_tests(tests, make_folder, clear_folder);
}
