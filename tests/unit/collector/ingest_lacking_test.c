/* tests/unit/collector/ingest_lacking_test.c - a file that the log says is here and the folder
 * lacks: is it asked for, taken again without a second entry, and is it told where nobody has it?
 */
#include "ingest_file_world.h"

static void send_whole(struct field *f, const struct views_file *file)
{
    field_offer(f, file);
    field_send_to(f, file, file->size_bytes);
}

/* One file is here, logged and receipted; then the folder loses it, and the core starts anew. */
static struct views_file here_and_lost(struct field *f)
{
    field_start(f);
    const struct views_file scan = field_file(f->o, 1, SIZE);
    field_report(f, f->o, 1, 1, SIZE);
    send_whole(f, &scan);
    assert_int_equal(sim_count(f->o, KIND(EVIDENCE)), 1);
    field_lose(f, &scan);
    f->g.lacking = true;
    ingest_restart(&f->g);
    sim_forget(f->o);
    sim_hello(f->o, &f->g);
    return scan;
}

static size_t asked_for(const struct field *f, const struct views_file *file)
{
    size_t count = 0;
    for (size_t i = 0; i < f->o->heard_count; i++)
        count += f->o->heard[i].kind == KIND(FILE_STATE) && f->o->heard[i].file.lacking &&
                 esep_hash_equal(&f->o->heard[i].file.sha256, &file->sha256);
    return count;
}

static void it_is_asked_for_and_comes_back(void **state)
{
    (void)state;
    struct field f;
    const struct views_file scan = here_and_lost(&f);
    assert_int_equal(asked_for(&f, &scan), 0); /* a HELLO may be a replay */
    sim_pull(f.o, &f.g, 0);
    assert_int_equal(asked_for(&f, &scan), 1);
    assert_int_equal(field_state_of(&f)->file.through, 0);
    field_offer(&f, &scan);
    field_assert_state(&f, 0, WINDOW, false); /* no receipt: it is not here */
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 0);
    field_send_to(&f, &scan, SIZE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 1); /* the one of then */
    assert_int_equal(views_office(f.g.world.views, f.o->number)->evidence_bytes, SIZE);
    assert_int_equal(collector_counter(f.g.core, COLLECTOR_FILES_BACK), 1);
    sim_forget(f.o);
    collector_on_lacking(f.g.core, f.g.world.now);
    ingest_pump(&f.g);
    assert_int_equal(asked_for(&f, &scan), 0);
    field_end(&f);
}

/* Its quota has it counted already. */
static void tight(struct collector_config *config)
{
    field_limits(config);
    config->office_files_bytes = SIZE;
}

static void what_comes_back_needs_no_room_of_its_quota(void **state)
{
    (void)state;
    struct field f;
    field_start_with(&f, tight);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    const struct views_file other = field_file(f.o, 2, SIZE);
    field_report(&f, f.o, 1, 2, SIZE);
    send_whole(&f, &scan);
    field_lose(&f, &scan);
    field_offer(&f, &other);
    field_assert_refused(&f, REASON(FULL));
    field_offer(&f, &scan);
    field_assert_state(&f, 0, WINDOW, false);
    field_offer(&f, &other);
    field_assert_refused(&f, REASON(FULL));
    field_send_to(&f, &scan, SIZE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 2);
    field_end(&f);
}

/* Both named it; one brings it, and the other's is here again with it. */
static void another_office_brings_it(void **state)
{
    (void)state;
    struct field f;
    const struct views_file scan = here_and_lost(&f);
    struct sim_office *other = sim_active(&f.g, "akmola");
    field_report(&f, other, 1, 1, SIZE);
    struct sim_office *first = f.o;
    const struct views_file theirs = field_file(other, 1, SIZE);
    f.o = other;
    send_whole(&f, &theirs);
    assert_int_equal(sim_count(other, KIND(EVIDENCE)), 1);
    f.o = first;
    sim_forget(first);
    field_offer(&f, &scan);
    assert_int_equal(sim_count(first, KIND(EVIDENCE)), 1); /* not a byte of it */
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 2);
    field_end(&f);
}

/* The folder has it and the log, put back from a backup, does not say so: no report was lost with
 * it, so the office does not offer by itself what it has a receipt for. */
static void only_the_entry_is_gone(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    field_report(&f, f.o, 1, 1, SIZE);
    f.folder.whole[f.folder.whole_count++] = scan.sha256;
    f.g.lacking = true;
    sim_forget(f.o);
    collector_on_lacking(f.g.core, f.g.world.now); /* it is there already */
    ingest_pump(&f.g);
    assert_int_equal(asked_for(&f, &scan), 1);
    field_offer(&f, &scan);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(f.folder.written, 0);
    field_end(&f);
}

static void the_office_has_lost_it_too(void **state)
{
    (void)state;
    struct field f;
    const struct views_file scan = here_and_lost(&f);
    const struct views_file unnamed = field_file(f.o, 9, SIZE);
    sim_pull(f.o, &f.g, 0);
    field_gone(&f, &scan);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_GONE], 1);
    field_gone(&f, &unnamed); /* nobody's concern */
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_GONE], 1);
    /* In the middle of it: its place is free again. */
    field_offer(&f, &scan);
    field_send_to(&f, &scan, PIECE);
    field_gone(&f, &scan);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_GONE], 2);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 1);
    /* What is here is not gone, whatever an office says. */
    send_whole(&f, &scan);
    field_gone(&f, &scan);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_GONE], 2);
    f.g.lookup_fails = true;
    field_gone(&f, &scan);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_GONE], 2);
    field_end(&f);
}

/* Some at a time, the next as those come; with PING, too, since what was said may be lost. */
static void many_are_asked_for_a_few_at_a_time(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    field_report(&f, f.o, 1, 6, PIECE);
    f.g.lacking = true;
    sim_forget(f.o);
    sim_ping(f.o, &f.g);
    size_t asked = 0;
    for (uint8_t i = 1; i <= 6; i++) {
        const struct views_file file = field_file(f.o, i, PIECE);
        asked += asked_for(&f, &file);
    }
    assert_int_equal(asked, 4);
    for (uint8_t i = 1; i <= 4; i++) {
        const struct views_file file = field_file(f.o, i, PIECE);
        send_whole(&f, &file);
    }
    const struct views_file last = field_file(f.o, 6, PIECE);
    assert_true(asked_for(&f, &last) > 0);
    field_end(&f);
}

static void an_office_of_the_old_make_is_not_asked(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    field_report(&f, f.o, 1, 1, SIZE);
    f.g.lacking = true;
    f.o->no_features = true;
    sim_forget(f.o);
    sim_hello(f.o, &f.g);
    sim_ping(f.o, &f.g);
    assert_int_equal(sim_count(f.o, KIND(FILE_STATE)), 0);
    field_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_asked_for_and_comes_back),
        cmocka_unit_test(what_comes_back_needs_no_room_of_its_quota),
        cmocka_unit_test(another_office_brings_it),
        cmocka_unit_test(only_the_entry_is_gone),
        cmocka_unit_test(the_office_has_lost_it_too),
        cmocka_unit_test(many_are_asked_for_a_few_at_a_time),
        cmocka_unit_test(an_office_of_the_old_make_is_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
