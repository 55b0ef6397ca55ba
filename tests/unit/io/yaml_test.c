/* tests/unit/io/yaml_test.c - does the tree say what stood where, and does no file get out of hand?
 */
#include "io/yaml.h"

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
/* clang-format on */

static struct esep_complaints complaints;

static struct esep_yaml *parse(const char *text)
{
    struct esep_yaml *yaml = NULL;
    memset(&complaints, 0, sizeof complaints);
    assert_int_equal(esep_yaml_parse(&yaml, "t.yaml", esep_slice_str(text), &complaints), ESEP_OK);
    return yaml;
}

static void assert_refused(const void *text, size_t len, int line, int column, const char *words)
{
    struct esep_yaml *yaml = NULL;
    memset(&complaints, 0, sizeof complaints);
    assert_int_equal(esep_yaml_parse(&yaml, "t.yaml", esep_slice(text, len), &complaints),
                     ESEP_INVALID);
    assert_null(yaml);
    assert_int_equal(complaints.count, 1);
    assert_non_null(strstr(complaints.items[0].text, words));
    assert_int_equal(complaints.items[0].line, line);
    assert_int_equal(complaints.items[0].column, column);
    assert_string_equal(complaints.items[0].file, "t.yaml");
}
#define REFUSED(text, line, column, words) assert_refused(text, strlen(text), line, column, words)

static void places_are_in_letters(void **state)
{
    (void)state;
    struct esep_yaml *yaml = parse("есеп: {ә: [бір, \"екі\"]}\n");
    const struct esep_yaml_node *root = esep_yaml_root(yaml);
    assert_int_equal(esep_yaml_kind(root), ESEP_YAML_MAP);
    const struct esep_yaml_node *map = esep_yaml_get(root, "есеп");
    assert_int_equal(esep_yaml_column(map), 7);
    const struct esep_yaml_node *list = esep_yaml_get(map, "ә");
    assert_int_equal(esep_yaml_count(list), 2);
    const struct esep_yaml_node *two = esep_yaml_item(list, 1);
    assert_string_equal(esep_yaml_scalar(two), "екі");
    assert_int_equal(esep_yaml_line(two), 1);
    assert_int_equal(esep_yaml_column(two), 17);
    assert_int_equal(esep_yaml_column_at(two, 4), 20);                     /* behind the quote */
    assert_int_equal(esep_yaml_column_at(esep_yaml_item(list, 0), 2), 13); /* the second letter */
    assert_string_equal(esep_yaml_scalar(list), "");
    assert_null(esep_yaml_get(map, "жоқ"));
    esep_yaml_free(yaml);
}

static void a_letter_behind_an_escape_is_not_guessed(void **state)
{
    (void)state;
    struct esep_yaml *yaml = parse("a: \"x\\ty z\"\nb: |\n  long\n");
    const struct esep_yaml_node *root = esep_yaml_root(yaml);
    assert_int_equal(esep_yaml_column_at(esep_yaml_get(root, "a"), 3), 4);
    assert_int_equal(esep_yaml_column_at(esep_yaml_get(root, "b"), 3), 4);
    esep_yaml_free(yaml);
}

static void an_alias_is_the_node_of_its_anchor(void **state)
{
    (void)state;
    struct esep_yaml *yaml = parse("a: &x {k: v}\nb: *x\n");
    const struct esep_yaml_node *root = esep_yaml_root(yaml);
    assert_ptr_equal(esep_yaml_get(root, "a"), esep_yaml_get(root, "b"));
    assert_int_equal(esep_yaml_line(esep_yaml_get(root, "b")), 1);
    esep_yaml_free(yaml);
}

static void unknown_and_repeated_keys_are_said(void **state)
{
    (void)state;
    static const char *const known[] = {"title", "executors", NULL};
    struct esep_yaml *yaml =
        parse("titel: 1\nexecutors: 2\nexecutors: 3\nzzz: 4\n[a]: 5\n<<: {}\n");
    esep_yaml_known(esep_yaml_root(yaml), known, &complaints);
    static const char *const said[] = {
        "unknown key \"titel\": did you mean \"title\"?",
        "\"executors\" was given before, in line 2",
        "unknown key \"zzz\"",
        "a key must be a plain word",
        "merge keys (<<) are not read here: write the keys out",
    };
    static const int lines[] = {1, 3, 4, 5, 6};
    assert_int_equal(complaints.count, 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(complaints.items[i].text, said[i]);
        assert_int_equal(complaints.items[i].line, lines[i]);
        assert_int_equal(complaints.items[i].column, 1);
    }
    esep_yaml_free(yaml);
}

static void what_is_no_yaml_is_said_with_its_place(void **state)
{
    (void)state;
    REFUSED("", 1, 1, "empty");
    REFUSED("# only a comment\n", 1, 1, "empty");
    REFUSED("a: [1, 2\nb: 3\n", 2, 2, "not YAML");
    REFUSED("a: 1\n---\nb: 2\n", 2, 1, "second document");
    REFUSED("a: !!int 1\n", 1, 4, "tags");
    REFUSED("a: !x {}\n", 1, 4, "tags");
    REFUSED("a: *none\n", 1, 4, "no anchor \"&none\"");
    REFUSED("a: &x [*x]\n", 1, 8, "inside its own anchor");
    REFUSED("a: &x 1\nb: &x 2\n", 2, 4, "used before");
    REFUSED("a: \"zero \\0 byte\"\n", 1, 4, "zero byte");
}

static void what_is_not_utf8_is_said_with_its_place(void **state)
{
    (void)state;
    REFUSED("есеп: 1\nab\xff: 2\n", 2, 3, "not UTF-8");
    REFUSED("a: \xc0\xaf\n", 1, 4, "not UTF-8");     /* overlong */
    REFUSED("a: \xed\xa0\x80\n", 1, 4, "not UTF-8"); /* half of a UTF-16 pair */
    REFUSED("a: b\x01\n", 1, 5, "not UTF-8");        /* a control character */
    assert_refused("a: \xd0", 4, 1, 4, "not UTF-8"); /* cut off */
    assert_refused("\xff\xfe"
                   "a\0:\0",
                   6, 1, 1, "not UTF-8"); /* UTF-16 */
    assert_refused("a: b\0c", 6, 1, 5, "not UTF-8");
}

static void a_byte_order_mark_is_no_letter(void **state)
{
    (void)state;
    struct esep_yaml *yaml = parse("\xef\xbb\xbfid: x\n");
    assert_int_equal(esep_yaml_column(esep_yaml_key(esep_yaml_root(yaml), 0)), 1);
    esep_yaml_free(yaml);
}

static void a_few_aliases_do_not_unfold_into_millions(void **state)
{
    (void)state;
    char bomb[2048];
    int len = snprintf(bomb, sizeof bomb, "l0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 10; i++)
        len += snprintf(bomb + len, sizeof bomb - (size_t)len,
                        "l%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i,
                        i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    struct esep_yaml *yaml = NULL;
    memset(&complaints, 0, sizeof complaints);
    assert_int_equal(esep_yaml_parse(&yaml, "bomb", esep_slice(bomb, (size_t)len), &complaints),
                     ESEP_INVALID);
    assert_non_null(strstr(complaints.items[0].text, "unfold"));
}

static void depth_nodes_keys_and_size_have_bounds(void **state)
{
    (void)state;
    char deep[100000];
    memset(deep, '[', sizeof deep);
    assert_refused(deep, sizeof deep, 1, ESEP_YAML_DEPTH_MAX + 1, "too deep");
    memset(deep + 32, ']', 32);
    struct esep_yaml *yaml = NULL;
    assert_int_equal(esep_yaml_parse(&yaml, "t", esep_slice(deep, 64), &complaints), ESEP_OK);
    esep_yaml_free(yaml);
    yaml = NULL;

    size_t size = ESEP_YAML_BYTES_MAX + 1;
    char *large = malloc(size);
    assert_non_null(large);
    for (size_t i = 0; i < size; i++)
        large[i] = i % 2 == 0 ? '-' : '\n';
    assert_refused(large, size, 1, 1, "too large");
    memset(&complaints, 0, sizeof complaints);
    assert_int_equal(esep_yaml_parse(&yaml, "t", esep_slice(large, size - 1), &complaints),
                     ESEP_INVALID);
    assert_non_null(strstr(complaints.items[0].text, "too "));
    size_t len = 0;
    for (int i = 0; i <= ESEP_YAML_KEYS_MAX; i++)
        len += (size_t)snprintf(large + len, size - len, "k%d: v\n", i);
    assert_refused(large, len, 258, 1, "too many keys");
    free(large);
}

static void the_nearest_word_is_near(void **state)
{
    (void)state;
    static const char *const words[] = {"period", "parts", "title", "id", NULL};
    assert_string_equal(esep_nearest("peroid", words), "period"); /* neighbours swapped */
    assert_string_equal(esep_nearest("part", words), "parts");
    assert_string_equal(esep_nearest("ttle", words), "title");
    assert_null(esep_nearest("financing", words));
    assert_null(esep_nearest("", words));
    assert_null(esep_nearest("x", words)); /* one letter, and that wrong, is nothing to go by */
}

static void complaints_are_clean_bounded_and_in_order(void **state)
{
    (void)state;
    memset(&complaints, 0, sizeof complaints);
    memcpy(complaints.file, "a", 2);
    esep_complain_at(&complaints, 2, 1, "bell \a escape \033[2J cut \xd0");
    esep_complain_at(&complaints, 2, 1, "bell \a escape \033[2J cut \xd0");
    assert_int_equal(complaints.count, 1); /* the same twice is once */
    assert_string_equal(complaints.items[0].text, "bell   escape  [2J cut ");
    char endless[800];
    for (size_t i = 0; i + 2 < sizeof endless; i += 2)
        memcpy(endless + i, "ә", 3);
    esep_complain_at(&complaints, 1, 7, "%s", endless);
    assert_int_equal(strlen(complaints.items[1].text), 238); /* cut between letters */
    memcpy(complaints.file, "b", 2);
    esep_complain_at(&complaints, 1, 1, "other file");
    memcpy(complaints.file, "a", 2);
    for (int i = 0; i < 300; i++)
        esep_complain_at(&complaints, 500 - i, 1, "line");
    assert_int_equal(complaints.count, 303);
    esep_complaints_sort(&complaints);
    assert_int_equal(complaints.items[0].line, 1);
    assert_int_equal(complaints.items[1].line, 2);
    for (int i = 1; i < ESEP_COMPLAINTS_MAX - 1; i++)
        assert_true(complaints.items[i - 1].line <= complaints.items[i].line);
    assert_string_equal(complaints.items[ESEP_COMPLAINTS_MAX - 1].text, "other file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_in_letters),
        cmocka_unit_test(a_letter_behind_an_escape_is_not_guessed),
        cmocka_unit_test(an_alias_is_the_node_of_its_anchor),
        cmocka_unit_test(unknown_and_repeated_keys_are_said),
        cmocka_unit_test(what_is_no_yaml_is_said_with_its_place),
        cmocka_unit_test(what_is_not_utf8_is_said_with_its_place),
        cmocka_unit_test(a_byte_order_mark_is_no_letter),
        cmocka_unit_test(a_few_aliases_do_not_unfold_into_millions),
        cmocka_unit_test(depth_nodes_keys_and_size_have_bounds),
        cmocka_unit_test(the_nearest_word_is_near),
        cmocka_unit_test(complaints_are_clean_bounded_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
