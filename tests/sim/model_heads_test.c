/* tests/sim/model_heads_test.c - the model's rule of who stands on top, told by hand.
 *
 * A story is a row of letters and digits: the report "A1" is the first of office A; what follows in
 * brackets it names; "-A1" takes A1 back. Expected is the list of heads, in the log's order.
 */
#include "sim_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

static struct esep_hash name_of(const char *two)
{
    return esep_sha256(esep_slice(two, 2));
}

static const char *tell_report(struct model_duty *d, const char *at)
{
    struct model_report r = {
        .index = d->count + 1, .office = (uint32_t)(at[0] - 'A' + 1), .name = name_of(at)};
    struct esep_hash names[MODEL_NAMED];
    size_t count = 0;
    at += 2;
    while (*at == '(' || *at == '+') {
        names[count++] = name_of(at + 1);
        at += 3;
    }
    if (*at == ')')
        at++;
    (void)model_heads_add(d, &r, names, count);
    return at;
}

static void tell(struct model_duty *d, const char *story)
{
    for (const char *at = story; *at != 0;) {
        struct esep_hash name;
        if (*at == ' ') {
            at++;
        } else if (*at == '-') {
            name = name_of(at + 1);
            model_heads_take_back(d, &name);
            at += 3;
        } else {
            at = tell_report(d, at);
        }
    }
}

/* The heads as a story tells reports, with a blank between. */
static void say(const struct model_duty *d, const struct model_heads *heads, char *out)
{
    for (size_t i = 0; i < heads->count; i++) {
        const struct model_report *r = &d->reports[heads->at[i]];
        char two[3] = {(char)('A' + r->office - 1), '1', 0};
        struct esep_hash name = name_of(two);
        while (!esep_hash_equal(&name, &r->name)) {
            assert_true(two[1]++ < '9');
            name = name_of(two);
        }
        if (i > 0)
            *out++ = ' ';
        memcpy(out, two, sizeof two);
        out += 2;
    }
    *out = 0;
}

/* By the rule, and with what the views know: NULL where that is the same. */
static void stand(const char *story, const char *by_rule, const char *known)
{
    struct model_duty d = {.count = 0};
    char said[200];
    tell(&d, story);
    struct model_heads heads = model_heads_by_rule(&d);
    say(&d, &heads, said);
    assert_string_equal(said, by_rule);
    heads = model_heads(&d);
    say(&d, &heads, said);
    assert_string_equal(said, known != NULL ? known : by_rule);
    assert_true(known == NULL || d.forgot);
    model_heads_done(&d);
}

static void an_office_follows_itself(void **state)
{
    (void)state;
    stand("", "", NULL);
    stand("A1", "A1", NULL);
    stand("A1 A2", "A2", NULL);
    stand("A1 A2(A1) A3", "A3", NULL);
    stand("A1 B1", "A1 B1", NULL);
    stand("A1 B1 A2(A1)", "B1 A2", NULL);
}

static void names_supersede(void **state)
{
    (void)state;
    stand("A1 B1(A1)", "B1", NULL);
    stand("A1 B1 C1(A1+B1)", "C1", NULL);
    stand("A1 B1(A1) C1(A1)", "B1 C1", NULL);
    stand("A1 B1(C9)", "A1 B1", NULL);
}

static void what_is_named_may_come_later(void **state)
{
    (void)state;
    stand("B1(A1) A1", "B1", NULL);
    stand("B1(A2) A1 A2", "B1", NULL);
    stand("B1(A1) A1 A2(A1)", "B1 A2", NULL);
    stand("C1(A1+B1) B1 A1", "C1", NULL);
}

static void what_is_taken_back_is_gone(void **state)
{
    (void)state;
    stand("A1 -A1", "", NULL);
    stand("A1 A2 -A2", "A1", NULL);
    stand("A1 A2 -A1", "A2", NULL);
    stand("A1 A2 -A1 -A2", "", NULL);
    stand("-A1 A1", "", NULL);
    stand("-A2 A1 A2(A1)", "A1", NULL);
    stand("A1 B1(A1) -B1", "A1", NULL);
    stand("A1 -A1 -A1 A2", "A2", NULL);
    stand("A1 -A1 A1", "", NULL);
}

static void another_may_hold_down_what_comes_back(void **state)
{
    (void)state;
    stand("A1 B1(A1) A2 -B1", "A2", NULL); /* A2 builds on nothing */
    stand("A1 B1(A1) C1(A1) -B1", "C1", NULL);
    stand("B1(A1) A1 A2 -B1", "A2", NULL);
    stand("B1(A1) C1(A1) A1 -B1 -C1", "A1", NULL);
    stand("B1(A1) -B1 A1", "A1", NULL);
}

static void the_same_bytes_are_the_same_report(void **state)
{
    (void)state;
    stand("A1 A2(A1) A3(A2) A1 A2(A1)", "A3", NULL);
    stand("A1 A2 A1", "A2", NULL);
    stand("A1 B1(A1) A1", "B1", NULL);
}

static void something_always_stands(void **state)
{
    (void)state;
    stand("A1(B1) B1(A1)", "B1", NULL);
    stand("A1(A3) A2 A3", "A2", NULL); /* A3 is named, and so no later word */
}

static void the_views_remember_less(void **state)
{
    (void)state;
    stand("A1 A2 A3 A4 A5 A6 -A6 -A5 -A4 -A3", "A2", NULL);
    stand("A1 A2 A3 A4 A5 A6 -A6 -A5 -A4 -A3 -A2", "A1", "");
    stand("A1 B1(A1) B2 B3 B4 B5 -B5 -B4 -B3 -B2 -B1", "A1", NULL); /* it waits behind nobody */
    stand("A1 A2 A3 A4 A5 A6 A1", "A6", "A1");                      /* no longer known */
    stand("B1(A1) C1(D1+D2+D3+D4+D5+D6+D7+D8) C2(D1+D2+D3+D4+D5+D6+D7+D8) A1", "B1 C2",
          "B1 C2 A1"); /* the seventeenth name */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_office_follows_itself),
        cmocka_unit_test(names_supersede),
        cmocka_unit_test(what_is_named_may_come_later),
        cmocka_unit_test(what_is_taken_back_is_gone),
        cmocka_unit_test(another_may_hold_down_what_comes_back),
        cmocka_unit_test(the_same_bytes_are_the_same_report),
        cmocka_unit_test(something_always_stands),
        cmocka_unit_test(the_views_remember_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
