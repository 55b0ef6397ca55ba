/* tests/unit/collector/views_heads_test.c - does what stands on top follow from the names alone, in
 * whatever order entries came (docs/adr/0007)?
 *
 * The heads of one obligation are asked directly, with made-up reports, and held against the rule
 * as it is written, found by brute force; then what the bounds do, repeats, and names in a ring.
 * The stories are in views_names_test.c.
 */
#include "collector/views_state.h"
#include "views_world.h"
#include "wire/statement.h"

/* A report or a withdrawal; what it names are other told entries, by number. */
#define NAMES_MAX 9
struct told {
    bool withdrawal;
    uint32_t office;
    uint32_t names[NAMES_MAX];
    size_t name_count;
};

static struct esep_slice body_of(uint32_t number)
{
    static uint8_t bytes[4];
    esep_be32_put(bytes, number);
    return esep_slice(bytes, sizeof bytes);
}

static struct esep_hash content_of(uint32_t number)
{
    return esep_content_hash(body_of(number));
}

/* As it arrives in a log, at this index; true: a report that would be a conflict. */
static bool tell(struct views_duty *duty, const struct told *told, uint32_t number, uint64_t index)
{
    struct esep_hash hashes[NAMES_MAX];
    ProtobufCBinaryData names[NAMES_MAX];
    for (size_t i = 0; i < told->name_count; i++) {
        hashes[i] = content_of(told->names[i]);
        names[i] = (ProtobufCBinaryData){ESEP_HASH_BYTES, hashes[i].bytes};
    }
    if (told->withdrawal) {
        (void)views_head_withdraw(duty, names[0]);
        return false;
    }
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    const struct views_head head = {
        .index = index, .office = told->office, .content = content_of(number), .percent = -1};
    if (told->name_count > 0)
        report.builds_on = names[0];
    if (told->name_count > 1) {
        report.settles = names + 1;
        report.n_settles = told->name_count - 1;
    }
    const bool conflict = views_conflicts(duty, told->office, body_of(number), &report);
    (void)views_head_add(duty, &head, &report);
    return conflict;
}

static bool is_head(const struct views_duty *duty, uint32_t number)
{
    const struct esep_hash content = content_of(number);
    for (uint32_t i = 0; i < duty->pub.listed; i++) {
        if (esep_hash_equal(&duty->pub.heads[i].content, &content))
            return true;
    }
    return false;
}

/* --- the rule, as docs/adr/0007 says it, over all that has arrived ---------------------------- */

#define TOLD_MAX 9
struct arrived {
    const struct told *told;
    uint32_t order[TOLD_MAX]; /* numbers, as they came */
    size_t count;
};

static bool names(const struct arrived *a, uint32_t by, uint32_t to)
{
    for (size_t i = 0; i < a->told[by].name_count; i++) {
        if (a->told[by].names[i] == to)
            return true;
    }
    return false;
}

static bool stands(const struct arrived *a, uint32_t number)
{
    if (a->told[number].withdrawal)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->told[a->order[i]].withdrawal && names(a, a->order[i], number))
            return false;
    }
    return true;
}

static bool rule_says_head(const struct arrived *a, size_t place)
{
    const uint32_t number = a->order[place];
    if (!stands(a, number))
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const bool later_own = i > place && a->told[a->order[i]].office == a->told[number].office;
        if (stands(a, a->order[i]) && (later_own || names(a, a->order[i], number)))
            return false;
    }
    return true;
}

static uint32_t count_heads(const struct arrived *a, size_t arrived)
{
    struct arrived then = *a;
    uint32_t heads = 0;
    then.count = arrived;
    for (size_t i = 0; i < arrived; i++)
        heads += rule_says_head(&then, i);
    return heads;
}

static void assert_rule(const struct views_duty *duty, const struct arrived *a, bool conflict)
{
    uint32_t heads = 0;
    for (size_t i = 0; i < a->count; i++) {
        const bool head = rule_says_head(a, i);
        assert_int_equal(is_head(duty, a->order[i]), head);
        heads += head;
    }
    assert_int_equal(duty->pub.head_count, heads);
    assert_int_equal(duty->pub.listed, heads);
    /* A conflict is the report that joins those that stand and takes the place of none. */
    const uint32_t before = count_heads(a, a->count - 1);
    const bool joins = rule_says_head(a, a->count - 1) && before > 0 && heads == before + 1;
    if (!a->told[a->order[a->count - 1]].withdrawal)
        assert_int_equal(conflict, joins);
}

/* A history as the first collector saw it: who writes an entry names what was there before. Five
 * reports and three withdrawals stay within the bounds, whatever the order. */
static size_t make_history(struct esep_prng *prng, struct told *told)
{
    const uint32_t offices = 2 + (uint32_t)esep_prng_below(prng, 2);
    size_t reports = 0;
    size_t count = 0;
    memset(told, 0, TOLD_MAX * sizeof *told);
    while (count < 8) {
        struct told *t = &told[count];
        t->office = 1 + (uint32_t)esep_prng_below(prng, offices);
        t->withdrawal = reports > 0 && (reports == 5 || esep_prng_below(prng, 4) == 0);
        if (t->withdrawal && count - reports == 3)
            break;
        t->name_count = t->withdrawal ? 1 : esep_prng_below(prng, reports < 2 ? reports + 1 : 3);
        for (size_t i = 0; i < t->name_count; i++) {
            do
                t->names[i] = (uint32_t)esep_prng_below(prng, count);
            while (told[t->names[i]].withdrawal);
        }
        reports += !t->withdrawal;
        count++;
    }
    return count;
}

/* Each office's entries stay in their order; the offices' are shuffled into one another. */
static void shuffle(struct esep_prng *prng, const struct told *told, size_t count, uint32_t *order)
{
    bool used[TOLD_MAX] = {false};
    for (size_t done = 0; done < count; done++) {
        const uint32_t start = (uint32_t)esep_prng_below(prng, count);
        uint32_t at = start;
        while (used[at])
            at = (at + 1) % (uint32_t)count;
        for (uint32_t i = 0; i < at; i++) {
            if (!used[i] && told[i].office == told[at].office) {
                at = i;
                break;
            }
        }
        used[at] = true;
        order[done] = at;
    }
}

static void test_any_order_gives_the_rules_heads(void **state)
{
    (void)state;
    struct esep_prng prng = {.state = 7};
    uint32_t with_conflict = 0;
    uint32_t settled = 0;
    for (int history = 0; history < 400; history++) {
        struct told told[TOLD_MAX];
        bool final[TOLD_MAX] = {false};
        const size_t count = make_history(&prng, told);
        for (int way = 0; way < 25; way++) {
            struct views_duty duty = {.pub = {.percent = -1}};
            struct arrived a = {.told = told};
            uint32_t order[TOLD_MAX] = {0};
            if (way > 0)
                shuffle(&prng, told, count, order);
            for (size_t i = 0; i < count; i++) {
                const uint32_t number = way == 0 ? (uint32_t)i : order[i];
                a.order[a.count++] = number;
                const bool conflict = tell(&duty, &told[number], number, 100 + i);
                assert_rule(&duty, &a, conflict);
            }
            for (uint32_t i = 0; i < count; i++) {
                if (way == 0)
                    final[i] = is_head(&duty, i);
                assert_int_equal(is_head(&duty, i), final[i]);
            }
            with_conflict += duty.pub.head_count > 1;
            settled += duty.pub.head_count == 1;
        }
    }
    assert_true(with_conflict > 500 && settled > 500); /* the draws are worth something */
}

/* --- the bounds ------------------------------------------------------------------------------- */

static struct told report(uint32_t office, size_t count, const uint32_t *names)
{
    struct told told = {.office = office, .name_count = count};
    if (count > 0)
        memcpy(told.names, names, count * sizeof *names);
    return told;
}

/* Nine names a report, none of them here: after two such reports the first one's are forgotten, and
 * what they named is one head too many when it comes. The later one's still hold. */
static void test_the_oldest_link_goes_first(void **state)
{
    (void)state;
    struct views_duty duty = {.pub = {.percent = -1}};
    const uint32_t early[] = {100, 101, 102, 103, 104, 105, 106, 107, 108};
    const uint32_t late[] = {200, 201, 202, 203, 204, 205, 206, 207, 208};
    const struct told first = report(1, 9, early);
    const struct told second = report(2, 9, late);
    const struct told plain = report(3, 0, NULL);
    const struct told other = report(4, 0, NULL);
    (void)tell(&duty, &first, 1, 1);
    assert_true(tell(&duty, &second, 2, 2));
    assert_int_equal(duty.link_count, VIEWS_LINKS_MAX);
    assert_false(tell(&duty, &plain, 208, 3)); /* born superseded */
    assert_false(tell(&duty, &other, 102, 4)); /* named by a link that is left: the last seven */
    assert_int_equal(duty.pub.head_count, 2);
    assert_true(tell(&duty, &plain, 101, 5)); /* its link has gone: a conflict too many */
    assert_int_equal(duty.pub.head_count, 3);
    /* Office 3's own 208 is superseded twice over now, and nothing of it is lost. */
    assert_int_equal(duty.past_count, 2);
}

/* The names that a report brings push out the one that had superseded it: it stands beside the
 * others then, and that is told as the conflict that it is. */
static void test_a_report_that_pushes_out_its_own_name(void **state)
{
    (void)state;
    struct views_duty duty = {.pub = {.percent = -1}};
    const uint32_t early[] = {50, 101, 102, 103, 104, 105, 106, 107, 108};
    const uint32_t more[] = {110, 111, 112, 113, 114, 115, 116};
    const uint32_t own[] = {120};
    const struct told first = report(1, 9, early);
    const struct told second = report(1, 7, more);
    const struct told third = report(2, 1, own);
    (void)tell(&duty, &first, 1, 1);
    (void)tell(&duty, &second, 2, 2);
    assert_int_equal(duty.link_count, VIEWS_LINKS_MAX);
    assert_true(tell(&duty, &third, 50, 3));
    assert_int_equal(duty.pub.head_count, 2);
}

/* Of what is superseded four stay at hand: of the office with many, its newest. */
static void test_the_past_keeps_of_each_office_its_newest(void **state)
{
    (void)state;
    struct views_duty duty = {.pub = {.percent = -1}};
    const struct told a = report(1, 0, NULL);
    const struct told b = report(2, 0, NULL);
    (void)tell(&duty, &a, 1, 1);
    for (uint32_t i = 2; i < 9; i++)
        (void)tell(&duty, &b, i, i);
    assert_int_equal(duty.past_count, VIEWS_PAST_MAX);
    const uint32_t both[] = {1, 8};
    const struct told settles = report(3, 2, both);
    (void)tell(&duty, &settles, 20, 20);
    assert_int_equal(duty.pub.head_count, 1);
    assert_int_equal(duty.past_count, VIEWS_PAST_MAX);
    const uint32_t gone[] = {20};
    struct told withdrawal = report(3, 1, gone);
    withdrawal.withdrawal = true;
    (void)tell(&duty, &withdrawal, 21, 21);
    assert_int_equal(duty.pub.head_count, 2);
    assert_true(is_head(&duty, 1) && is_head(&duty, 8));
}

/* The report that named it has fallen out of the past; that it is withdrawn counts all the same. */
static void test_a_namer_out_of_sight_is_withdrawn(void **state)
{
    (void)state;
    struct views_duty duty = {.pub = {.percent = -1}};
    const uint32_t absent[] = {50};
    const uint32_t first[] = {1};
    const struct told namer = report(1, 1, absent);
    const struct told more = report(1, 0, NULL);
    const struct told other = report(2, 0, NULL);
    struct told withdrawal = report(1, 1, first);
    withdrawal.withdrawal = true;
    (void)tell(&duty, &namer, 1, 1);
    for (uint32_t i = 2; i < 9; i++)
        (void)tell(&duty, &more, i, i);
    assert_false(tell(&duty, &other, 50, 50)); /* named before it came */
    assert_int_equal(duty.pub.head_count, 1);
    (void)tell(&duty, &withdrawal, 51, 51);
    assert_int_equal(duty.pub.head_count, 2);
    assert_true(is_head(&duty, 50) && is_head(&duty, 8));
}

/* The eighth head is listed, the ninth is counted; one that comes back waits for room and does not
 * push out another. */
static void test_more_heads_than_are_listed(void **state)
{
    (void)state;
    struct views_duty duty = {.pub = {.percent = -1}};
    const uint32_t base[] = {1};
    for (uint32_t office = 1; office <= VIEWS_HEADS_MAX; office++) {
        const struct told t = report(office, 0, NULL);
        assert_int_equal(tell(&duty, &t, office, office), office > 1);
    }
    const struct told instead = report(20, 1, base);
    assert_false(tell(&duty, &instead, 20, 20)); /* in the place of 1 */
    assert_int_equal(duty.pub.head_count, VIEWS_HEADS_MAX);
    const struct told ninth = report(21, 0, NULL);
    assert_true(tell(&duty, &ninth, 21, 21));
    const struct told tenth = report(22, 0, NULL);
    assert_false(tell(&duty, &tenth, 22, 22)); /* told of no more */
    assert_int_equal(duty.pub.head_count, VIEWS_HEADS_MAX + 2);
    assert_int_equal(duty.pub.listed, VIEWS_HEADS_MAX);
    const uint32_t gone[] = {20};
    struct told withdrawal = report(20, 1, gone);
    withdrawal.withdrawal = true;
    (void)tell(&duty, &withdrawal, 30, 30);
    assert_true(is_head(&duty, 1));
    assert_int_equal(duty.pub.listed, VIEWS_HEADS_MAX);
    assert_int_equal(duty.pub.head_count, VIEWS_HEADS_MAX + 2);
}

/* --- repeats and rings ------------------------------------------------------------------------ */

/* An office put back from its backup queues again what the log has: the same bytes in a new epoch.
 * They must not come before what it wrote after them, at hand or not. */
static void test_the_same_bytes_again_say_nothing_new(void **state)
{
    (void)state;
    struct views_duty duty = {.pub = {.percent = -1}};
    for (uint32_t i = 1; i < 10; i++) {
        const uint32_t base[] = {i - 1};
        const struct told t = report(1, i > 1, base);
        assert_false(tell(&duty, &t, i, i));
    }
    const struct views_duty before = duty;
    for (uint32_t i = 6; i < 10; i++) { /* at hand: not a byte changes but the count */
        const uint32_t base[] = {i - 1};
        const struct told t = report(1, 1, base);
        assert_false(tell(&duty, &t, i, 20 + i));
    }
    assert_memory_equal(duty.pub.heads, before.pub.heads, sizeof duty.pub.heads);
    assert_memory_equal(duty.past, before.past, sizeof duty.past);
    assert_int_equal(duty.pub.reports, 13);
    for (uint32_t i = 1; i < 6; i++) { /* out of sight: named by a later one of its office */
        const uint32_t base[] = {i - 1};
        const struct told t = report(1, i > 1, base);
        assert_false(tell(&duty, &t, i, 40 + i));
        assert_int_equal(duty.pub.head_count, 1);
        assert_true(is_head(&duty, 9));
    }
    /* Another office's copy of the bytes is not the office's own repeat. */
    const struct told copy = report(2, 0, NULL);
    assert_true(tell(&duty, &copy, 9, 60));
    assert_int_equal(duty.pub.head_count, 2);
}

/* Names in a ring, which takes two offices that plot: something stands all the same. */
static void test_a_ring_of_names(void **state)
{
    (void)state;
    struct views_duty duty = {.pub = {.percent = -1}};
    const uint32_t b1[] = {11};
    const uint32_t a2[] = {2};
    const struct told first = report(1, 1, b1);   /* A1 names B1 */
    const struct told second = report(2, 1, a2);  /* B1 names A2 */
    const struct told third = report(1, 0, NULL); /* A2, later than A1 */
    (void)tell(&duty, &first, 1, 1);
    (void)tell(&duty, &second, 11, 2);
    assert_false(tell(&duty, &third, 2, 3));
    assert_int_equal(duty.pub.head_count, 1);
    assert_true(is_head(&duty, 2));
    /* Whoever supersedes one of the ring is the head, and replaces the one that stood for it. */
    struct views_duty broken = duty;
    const uint32_t a1[] = {1};
    const struct told fourth = report(3, 1, a1);
    assert_false(tell(&broken, &fourth, 13, 4));
    assert_int_equal(broken.pub.head_count, 1);
    assert_true(is_head(&broken, 13));
    struct told withdrawal = report(1, 1, a2);
    withdrawal.withdrawal = true;
    (void)tell(&duty, &withdrawal, 12, 4);
    assert_int_equal(duty.pub.head_count, 1);
    assert_true(is_head(&duty, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_gives_the_rules_heads),
        cmocka_unit_test(test_the_oldest_link_goes_first),
        cmocka_unit_test(test_a_report_that_pushes_out_its_own_name),
        cmocka_unit_test(test_the_past_keeps_of_each_office_its_newest),
        cmocka_unit_test(test_a_namer_out_of_sight_is_withdrawn),
        cmocka_unit_test(test_more_heads_than_are_listed),
        cmocka_unit_test(test_the_same_bytes_again_say_nothing_new),
        cmocka_unit_test(test_a_ring_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
