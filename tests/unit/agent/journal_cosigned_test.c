/* Does the journal keep what witnesses signed beside the head that they signed, and find of all
 * heads that hold an entry the earliest that is worth most?
 */
#include "journal_world.h"

struct store {
    struct agent_checkpoint checkpoint;
    struct agent_cosigned cosigned;
    struct agent_store what;
};

/* A head of so many entries, kept; with lines, or "" for none. */
static void keep(struct journal_world *w, uint64_t generation, uint64_t size, const char *lines,
                 bool grown)
{
    struct esep_reason reason = {""};
    struct store s = {.checkpoint = {.generation = generation, .size = size}};
    memset(s.checkpoint.root.bytes, (int)size, ESEP_HASH_BYTES);
    s.cosigned.checkpoint = s.checkpoint; /* as the core has it of a head that it knows already */
    memset(s.checkpoint.signature, 9, sizeof s.checkpoint.signature);
    s.cosigned.len = strlen(lines);
    memcpy(s.cosigned.lines, lines, s.cosigned.len);
    s.what = (struct agent_store){.checkpoints = &s.checkpoint,
                                  .checkpoint_count = grown,
                                  .cosigned = lines[0] != '\0' ? &s.cosigned : NULL};
    if (journal_store(&w->journal, 1, &s.what, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
}

/* A line that begins with '+' is all one wants, with '-' nothing, else it will do. */
static enum journal_worth worth(void *context, const struct agent_cosigned *head)
{
    (*(unsigned *)context)++;
    assert_true(head->len > 0);
    return head->lines[0] == '+'   ? JOURNAL_WORTH_ALL
           : head->lines[0] == '-' ? JOURNAL_WORTH_NOTHING
                                   : JOURNAL_WORTH_SOME;
}

static void finds(struct journal_world *w, uint64_t generation, uint64_t index, uint64_t size,
                  const char *lines)
{
    struct agent_cosigned head;
    unsigned asked = 0;
    const enum esep_status status =
        journal_cosigned(&w->journal, generation, index, worth, &asked, &head, NULL);
    if (size == 0) {
        assert_int_equal(status, ESEP_NOT_FOUND);
        return;
    }
    assert_int_equal(status, ESEP_OK);
    assert_int_equal(head.checkpoint.generation, generation);
    assert_int_equal(head.checkpoint.size, size);
    assert_int_equal(head.checkpoint.root.bytes[7], size);
    assert_int_equal(head.checkpoint.signature[63], 9); /* the log's, from when it was kept */
    assert_int_equal(head.len, strlen(lines));
    assert_memory_equal(head.lines, lines, head.len);
}

static void marks(struct journal_world *w, uint64_t generation, uint64_t size)
{
    struct agent_journal loaded;
    struct esep_reason reason = {""};
    assert_int_equal(journal_load(&w->journal, &loaded, &reason), ESEP_OK);
    assert_int_equal(loaded.cosigned_generation, generation);
    assert_int_equal(loaded.cosigned_size, size);
}

static void test_the_earliest_worth_most(void **state)
{
    struct journal_world w;
    world_begin(&w, state, 16 * MIB, 100);
    marks(&w, 0, 0);
    finds(&w, 0, 0, 0, NULL);
    keep(&w, 0, 10, "", true);
    finds(&w, 0, 3, 0, NULL);
    keep(&w, 0, 20, "some\n", true);
    keep(&w, 0, 30, "-not over this\n", true);
    keep(&w, 0, 40, "", true);
    keep(&w, 0, 40, "+all\n", false); /* its lines came later than it did */
    keep(&w, 0, 50, "+all, but later\n", true);
    keep(&w, 5, 60, "+of a restored log\n", true);
    journal_close(&w.journal);
    world_open(&w, 16 * MIB, 100);
    finds(&w, 0, 3, 40, "+all\n");
    finds(&w, 0, 39, 40, "+all\n");
    finds(&w, 0, 40, 50, "+all, but later\n");
    finds(&w, 0, 50, 0, NULL);
    finds(&w, 5, 0, 60, "+of a restored log\n");
    finds(&w, 4, 0, 0, NULL);
    marks(&w, 5, 60);
    journal_close(&w.journal);
}

static void test_what_will_do_where_nothing_is_better(void **state)
{
    struct journal_world w;
    world_begin(&w, state, 16 * MIB, 100);
    keep(&w, 0, 20, "-\n", true);
    keep(&w, 0, 30, "first\n", true);
    keep(&w, 0, 40, "second\n", true);
    finds(&w, 0, 3, 30, "first\n");
    finds(&w, 0, 35, 40, "second\n");
    /* Lines of a head that was never kept have nothing to stand under. */
    keep(&w, 0, 45, "+lost\n", false);
    finds(&w, 0, 3, 30, "first\n");
    marks(&w, 0, 40);
    journal_close(&w.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_the_earliest_worth_most),
        unit_test_in_folder(test_what_will_do_where_nothing_is_better),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
