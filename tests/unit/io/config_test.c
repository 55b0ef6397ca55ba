/* tests/unit/io/config_test.c - each type of the table: what it takes, what it refuses, and that a
 * bad file leaves the config as it was.
 */
#include "io/config.h"

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
/* clang-format on */

struct config {
    char name[16];
    char store[300];
    uint64_t frame_bytes;
    int64_t idle;
    bool enrolment;
    uint8_t key[32];
    struct esep_config_texts agents;
    const struct esep_yaml_node *brokers;
    char language[4];
};

#define AT(member) offsetof(struct config, member), sizeof((struct config *)0)->member
static const struct esep_config_row rows[] = {
    {"name", ESEP_CONFIG_TEXT, AT(name), NULL, 0, 0, "what it is called"},
    {"store", ESEP_CONFIG_PATH, AT(store), "data", 0, 0, "where the log is kept"},
    {"limits.frame_bytes", ESEP_CONFIG_U64, AT(frame_bytes), "64k", 1024, 1 << 20, "largest frame"},
    {"limits.idle", ESEP_CONFIG_DURATION, AT(idle), "5m", 1000000, UINT64_C(86400000000),
     "when a silent session ends"},
    {"enrolment", ESEP_CONFIG_BOOL, AT(enrolment), "false", 0, 0, "whether codes are taken"},
    {"key", ESEP_CONFIG_KEY, AT(key), "", 0, 0, "the log's key"},
    {"agents", ESEP_CONFIG_TEXTS, AT(agents), "", 0, 2, "where offices connect"},
    {"brokers", ESEP_CONFIG_NODE, AT(brokers), "", 0, 0, "whom to dial"},
    {"language", ESEP_CONFIG_TEXT, AT(language), "kk", 0, 0, "of messages"},
};
#define ROWS (sizeof rows / sizeof rows[0])

static struct config config;
static struct esep_complaints complaints;
static struct esep_reason reason;
static struct esep_yaml *yaml;

static const char path[] = "./config_test.yaml";

static void write_text(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static enum esep_status read_text(const char *text)
{
    write_text(text);
    yaml = NULL;
    enum esep_status status =
        esep_config_read(path, rows, ROWS, &config, &yaml, &complaints, &reason);
    unlink(path);
    return status;
}

static void defaults_fill_what_is_not_said(void **state)
{
    (void)state;
    memset(&config, 0xaa, sizeof config);
    assert_int_equal(read_text("name: b1\n"), ESEP_OK);
    assert_string_equal(config.name, "b1");
    assert_string_equal(config.store, "./data"); /* a default is relative to the file too */
    assert_int_equal(config.frame_bytes, 65536);
    assert_int_equal(config.idle, 300000000);
    assert_false(config.enrolment);
    assert_int_equal(config.key[0] | config.key[31], 0);
    assert_int_equal(config.agents.count, 0);
    assert_null(config.brokers);
    assert_string_equal(config.language, "kk");
    esep_yaml_free(yaml);
}

static void each_type_is_read(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("name: b1\nstore: /var/lib/esep\nlimits: {frame_bytes: 1M, idle: 1500ms}\n"
                  "enrolment: true\nagents: ['tcp://*:1', 'tcp://*:2']\nlanguage: \"\"\n"
                  "key: 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
                  "brokers: [{address: x, anything: y}]\n"),
        ESEP_INVALID); /* an empty language: its default is not empty */
    assert_int_equal(complaints.count, 1);
    assert_int_equal(
        read_text("name: b1\nstore: /var/lib/esep\nlimits: {frame_bytes: 1M, idle: 1500ms}\n"
                  "enrolment: true\nagents: ['tcp://*:1', 'tcp://*:2']\nlanguage: ru\n"
                  "key: 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
                  "brokers: [{address: x, anything: y}]\n"),
        ESEP_OK);
    assert_string_equal(config.store, "/var/lib/esep");
    assert_int_equal(config.frame_bytes, 1 << 20);
    assert_int_equal(config.idle, 1500000);
    assert_true(config.enrolment);
    assert_int_equal(config.key[1], 0x11);
    assert_int_equal(config.key[31], 0xff);
    assert_int_equal(config.agents.count, 2);
    assert_string_equal(config.agents.text[1], "tcp://*:2");
    assert_int_equal(esep_yaml_count(config.brokers), 1);
    esep_yaml_free(yaml);
}

static void every_mistake_is_said_and_nothing_is_changed(void **state)
{
    (void)state;
    memset(&config, 0x55, sizeof config);
    struct config before = config;
    assert_int_equal(read_text("store: \nlimits: {frame_bytes: 5, idle: 2d, idel: 3s}\n"
                               "enrolment: yes\nkey: abc\nagents: [a, a]\nlanguage: kazakh\n"),
                     ESEP_INVALID);
    static const char *const said[] = {
        "\"name\" is missing: what it is called",
        "\"store\" is empty: give a value or leave the key out",
        "\"limits.frame_bytes\" is 5: it may be from 1k to 1M",
        "\"limits.idle\" is 2d: it may be from 1s to 1d",
        "unknown key \"idel\": did you mean \"idle\"?",
        "\"enrolment\" is \"yes\": write true or false",
        "\"key\" is no key: a key is 64 hex digits, this has 3 characters",
        "\"a\" is twice in \"agents\"",
        "\"language\" is too long: 3 bytes at most",
    };
    assert_int_equal(complaints.count, sizeof said / sizeof said[0]);
    for (size_t i = 0; i < complaints.count; i++)
        assert_string_equal(complaints.items[i].text, said[i]);
    assert_memory_equal(&before, &config, sizeof config);
    assert_null(yaml);
}

/* One value of `limits.frame_bytes` or `limits.idle`. */
static bool takes(const char *key, const char *value)
{
    char text[200];
    snprintf(text, sizeof text, "name: x\nlimits: {%s: %s}\n", key, value);
    enum esep_status status = read_text(text);
    esep_yaml_free(yaml);
    return status == ESEP_OK;
}

static void numbers_are_whole_and_in_range(void **state)
{
    (void)state;
    static const char *const good[] = {"1024", "1k", "1048576", "1M", "0001024"};
    static const char *const bad[] = {"1023",
                                      "1048577",
                                      "2M",
                                      "-1",
                                      "1.5k",
                                      "1K",
                                      "1kb",
                                      "k",
                                      "0x400",
                                      "99999999999999999999",
                                      "18446744073709551616",
                                      "9999999999G"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(takes("frame_bytes", good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(takes("frame_bytes", bad[i]));
}

static void durations_have_a_unit(void **state)
{
    (void)state;
    static const char *const good[] = {"1s", "1000ms", "1m", "24h", "1d"};
    static const char *const bad[] = {
        "30", "0", "999ms", "25h", "1 s", "1h30m", "-1s", "1w", "9999999999999999d"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(takes("idle", good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(takes("idle", bad[i]));
}

static void shapes_are_checked(void **state)
{
    (void)state;
    assert_int_equal(read_text("name: [x]\nlimits: 5\nagents: x\n"), ESEP_INVALID);
    assert_int_equal(complaints.count, 3);
    assert_string_equal(complaints.items[0].text, "\"name\" must be one value (text)");
    assert_string_equal(complaints.items[1].text, "\"limits\" must be a map of keys");
    assert_string_equal(complaints.items[2].text, "\"agents\" must be a list: [first, second]");
    assert_int_equal(read_text("name: x\nagents: [a, b, c]\n"), ESEP_INVALID);
    assert_string_equal(complaints.items[0].text,
                        "\"agents\" has 3 items: it may have from 0 to 2");
    assert_int_equal(read_text("- name\n"), ESEP_INVALID);
    assert_int_equal(
        esep_config_read("no-such.yaml", rows, ROWS, &config, &yaml, &complaints, &reason),
        ESEP_NOT_FOUND);
}

/* A table that allows more than the struct holds must not be believed. */
static void a_list_never_outgrows_its_struct(void **state)
{
    (void)state;
    static const struct esep_config_row row[] = {
        {"agents", ESEP_CONFIG_TEXTS, 0, sizeof(struct esep_config_texts), "", 0, 1000, "list"}};
    struct esep_config_texts texts;
    write_text("agents: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]\n");
    assert_int_equal(esep_config_read(path, row, 1, &texts, &yaml, &complaints, &reason),
                     ESEP_INVALID);
    unlink(path);
    assert_string_equal(complaints.items[0].text,
                        "\"agents\" has 17 items: it may have from 0 to 16");
}

static void help_says_the_table(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    esep_config_help(rows, 3, out);
    fclose(out);
    assert_string_equal(text,
                        "name (text, must be given)\n    what it is called\n"
                        "store (path, else data)\n    where the log is kept\n"
                        "limits.frame_bytes (number, else 64k, 1k to 1M)\n    largest frame\n");
    free(text);
}

static int looks;

static void look(void *context, const struct esep_yaml_node *root, struct esep_complaints *found)
{
    const struct config *c = context;
    looks++;
    assert_ptr_equal(esep_yaml_get(root, "brokers"), c->brokers);
    if (esep_yaml_count(c->brokers) != 2)
        esep_complain(found, c->brokers, "two brokers, no more");
}

static void the_owner_looks_once_each_row_was_read(void **state)
{
    (void)state;
    looks = 0;
    memset(&config, 0, sizeof config);
    write_text("name: x\nbrokers: [1, 2]\n");
    assert_int_equal(esep_config_load(path, rows, ROWS, &config, look, &reason), ESEP_OK);
    assert_int_equal(looks, 1);
    assert_string_equal(config.name, "x");
    assert_null(config.brokers); /* the document is gone */
    write_text("name: x\nbrokers: [1]\n");
    assert_int_equal(esep_config_load(path, rows, ROWS, &config, look, &reason), ESEP_INVALID);
    assert_int_equal(looks, 2);
    assert_null(config.brokers);
    assert_string_equal(reason.text, "./config_test.yaml: 1 errors; see above");
    write_text("name: 12345678901234567\n");
    assert_int_equal(esep_config_load(path, rows, ROWS, &config, look, &reason), ESEP_INVALID);
    assert_int_equal(looks, 2);
    unlink(path);
    assert_int_equal(esep_config_load(path, rows, ROWS, &config, look, &reason), ESEP_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_what_is_not_said),
        cmocka_unit_test(each_type_is_read),
        cmocka_unit_test(every_mistake_is_said_and_nothing_is_changed),
        cmocka_unit_test(numbers_are_whole_and_in_range),
        cmocka_unit_test(durations_have_a_unit),
        cmocka_unit_test(shapes_are_checked),
        cmocka_unit_test(a_list_never_outgrows_its_struct),
        cmocka_unit_test(the_owner_looks_once_each_row_was_read),
        cmocka_unit_test(help_says_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
