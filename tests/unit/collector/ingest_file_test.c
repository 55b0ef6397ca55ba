/* tests/unit/collector/ingest_file_test.c - files: is what is taken what a taken report names, is
 * it receipted only when it is whole, synced and in the log, and is no byte of it asked for twice?
 */
#include "ingest_file_world.h"

static void a_file_comes_is_logged_and_then_receipted(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    field_report(&f, f.o, 1, 1, SIZE);
    assert_true((sim_last(f.o, KIND(WELCOME))->features & 1u << 1) != 0);
    field_offer(&f, &scan);
    field_assert_state(&f, 0, WINDOW, false);
    f.g.auto_commit = false;
    field_send_to(&f, &scan, SIZE - 100);
    field_assert_state(&f, SIZE - 100, SIZE, false);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_FINISH], 0);
    field_chunk(&f, &scan, SIZE - 100, 100);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_FINISH], 1);
    /* Whole and on the disk: not said before the log says so on its own. */
    assert_non_null(f.g.pending);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 0);
    field_offer(&f, &scan); /* the answer is on its way */
    field_chunk(&f, &scan, 0, PIECE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 0);
    ingest_commit(&f.g, ESEP_OK);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    const struct esep_evidence *e = &sim_last(f.o, KIND(EVIDENCE))->evidence;
    assert_int_equal(e->office, f.o->number);
    assert_true(esep_hash_equal(&e->sha256, &scan.sha256));
    assert_int_equal(e->size_bytes, SIZE);
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 1);
    assert_int_equal(views_office(f.g.world.views, f.o->number)->evidence_bytes, SIZE);
    /* Its receipt was lost: the same again, and not a byte. */
    const uint64_t index = e->log_index;
    sim_forget(f.o);
    field_offer(&f, &scan);
    assert_int_equal(sim_last(f.o, KIND(EVIDENCE))->evidence.log_index, index);
    assert_int_equal(f.folder.written, SIZE);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_OPEN], 1);
    assert_int_equal(collector_counter(f.g.core, COLLECTOR_FILE_BYTES), SIZE);
    assert_int_equal(collector_counter(f.g.core, COLLECTOR_FILES), 1);
    field_end(&f);
}

static void only_what_a_taken_report_names(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    sim_hello(f.o, &f.g);
    struct views_file scan = field_file(f.o, 1, SIZE);
    field_offer(&f, &scan);
    field_assert_refused(&f, REASON(DENIED));
    assert_true(field_state_of(&f)->file.retry_after_ms > 0);
    /* Another office's names are not this one's. */
    struct sim_office *other = sim_active(&f.g, "akmola");
    field_report(&f, other, 1, 1, SIZE);
    field_offer(&f, &scan);
    field_assert_refused(&f, REASON(DENIED));
    field_report(&f, f.o, 1, 1, SIZE);
    field_offer(&f, &scan);
    field_assert_state(&f, 0, WINDOW, false);
    scan.size_bytes--; /* nor another size */
    field_offer(&f, &scan);
    field_assert_refused(&f, REASON(DENIED));
    f.g.lookup_fails = true;
    field_offer(&f, &scan);
    field_assert_refused(&f, REASON(WAIT));
    assert_int_equal(collector_counter(f.g.core, COLLECTOR_FILES_REFUSED), 3);
    field_end(&f);
}

static void limits_are_told_with_words(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file large = field_file(f.o, 1, SIZE + 1);
    field_report(&f, f.o, 1, 1, SIZE + 1);
    field_offer(&f, &large);
    field_assert_refused(&f, REASON(LIMIT));
    /* Five files are this office's quota: what is here and what is announced count. */
    field_report(&f, f.o, 10, 6, SIZE);
    for (uint8_t i = 0; i < 4; i++) {
        const struct views_file file = field_file(f.o, (uint8_t)(10 + i), SIZE);
        field_offer(&f, &file);
        field_send_to(&f, &file, i < 2 ? SIZE : PIECE);
    }
    const struct views_file fifth = field_file(f.o, 14, SIZE);
    const struct views_file sixth = field_file(f.o, 15, SIZE);
    field_offer(&f, &fifth);
    field_assert_state(&f, 0, WINDOW, false);
    field_offer(&f, &sixth);
    field_assert_refused(&f, REASON(FULL));
    field_send_to(&f, &sixth, PIECE); /* it is not taken all the same */
    field_assert_refused(&f, REASON(WAIT));
    assert_int_equal(views_office(f.g.world.views, f.o->number)->evidence_files, 2);
    field_end(&f);
}

/* A quota made smaller than what is here, and what does not fit into what is left. */
static void less(struct collector_config *config)
{
    field_limits(config);
    config->office_files_bytes = SIZE + 1;
}

static void a_quota_that_was_made_smaller(void **state)
{
    (void)state;
    struct field f;
    field_start_with(&f, less);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    const struct views_file small = field_file(f.o, 9, 2);
    field_report(&f, f.o, 1, 1, SIZE);
    field_report(&f, f.o, 9, 1, 2);
    field_offer(&f, &scan);
    field_send_to(&f, &scan, PIECE);
    field_offer(&f, &small);
    field_assert_refused(&f, REASON(FULL));
    sim_forget(f.o);
    field_offer(&f, &scan);
    field_send_to(&f, &scan, SIZE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    f.g.config.office_files_bytes = PIECE;
    ingest_restart(&f.g);
    sim_hello(f.o, &f.g);
    field_offer(&f, &small);
    field_assert_refused(&f, REASON(FULL));
    field_end(&f);
}

static void it_goes_on_where_it_broke_off(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    field_report(&f, f.o, 1, 1, SIZE);
    field_offer(&f, &scan);
    field_send_to(&f, &scan, 3 * PIECE);
    sim_hello(f.o, &f.g); /* a new connection */
    field_offer(&f, &scan);
    field_assert_state(&f, 3 * PIECE, 7 * PIECE, false);
    field_send_to(&f, &scan, 5 * PIECE);
    ingest_restart(&f.g); /* a new collector */
    memset(f.folder.open, 0, sizeof f.folder.open);
    sim_hello(f.o, &f.g);
    field_offer(&f, &scan);
    field_assert_state(&f, 5 * PIECE, 9 * PIECE, false);
    field_send_to(&f, &scan, SIZE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(f.folder.written, SIZE);
    field_end(&f);
}

/* The file took its name, and the commit of its entry failed: it is found whole and logged then. */
static void a_crash_between_file_and_log(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    field_report(&f, f.o, 1, 1, SIZE);
    field_offer(&f, &scan);
    f.g.auto_commit = false;
    field_send_to(&f, &scan, SIZE);
    ingest_commit(&f.g, ESEP_IO);
    assert_int_equal(collector_status(f.g.core, NULL), ESEP_IO);
    collector_on_file(f.g.core, 0, ESEP_OK, 0, f.g.world.now); /* it takes nothing more */
    f.g.auto_commit = true;
    ingest_restart(&f.g);
    sim_forget(f.o);
    sim_hello(f.o, &f.g);
    field_offer(&f, &scan);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(f.folder.written, SIZE);
    /* Another office that names it in a report of its own: no byte either. */
    struct sim_office *other = sim_active(&f.g, "akmola");
    const struct views_file theirs = field_file(other, 1, SIZE);
    field_report(&f, other, 1, 1, SIZE);
    field_offer_of(&f, other, &theirs, 1);
    assert_int_equal(sim_count(other, KIND(EVIDENCE)), 1);
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 2);
    assert_int_equal(f.folder.written, SIZE);
    field_end(&f);
}

static void chunks_out_of_place(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    field_report(&f, f.o, 1, 1, SIZE);
    field_chunk(&f, &scan, 0, PIECE); /* nobody asked for it */
    field_assert_refused(&f, REASON(WAIT));
    assert_int_equal(field_state_of(&f)->file.retry_after_ms, 0);
    field_offer(&f, &scan);
    field_chunk(&f, &scan, 0, PIECE);
    field_chunk(&f, &scan, 2 * PIECE, PIECE); /* one was lost */
    field_assert_state(&f, PIECE, 5 * PIECE, true);
    field_chunk(&f, &scan, PIECE, PIECE);
    field_chunk(&f, &scan, 0, PIECE); /* a repeat */
    field_assert_state(&f, 2 * PIECE, 6 * PIECE, false);
    field_chunk(&f, &scan, PIECE, 2 * PIECE); /* half a repeat */
    field_assert_state(&f, 2 * PIECE, 6 * PIECE, true);
    assert_int_equal(f.folder.written, 2 * PIECE);
    /* More than was granted. */
    sim_forget(f.o);
    field_chunk(&f, &scan, 2 * PIECE, 4 * PIECE + 1);
    assert_true(sim_refused(f.o, REASON(CREDIT)));
    field_end(&f);
}

static void what_is_no_chunk_and_no_offer(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    const struct views_file small = field_file(f.o, 2, PIECE);
    field_report(&f, f.o, 1, 1, SIZE);
    field_report(&f, f.o, 2, 1, PIECE);
    field_offer(&f, &scan);
    field_offer(&f, &small);
    const struct {
        const struct views_file *file;
        uint64_t offset;
        size_t len;
    } bad[] = {
        {&scan, 0, 0},         {&scan, 0, 65537},      {&scan, SIZE + 1, PIECE},
        {&scan, 0, PIECE - 1}, {&small, 0, PIECE + 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sim_forget(f.o);
        field_chunk(&f, bad[i].file, bad[i].offset, bad[i].len);
        assert_true(sim_refused(f.o, REASON(MALFORMED)));
        /* Not more than the core says of the same thing at once: wait until it speaks again. */
        f.g.world.now += ESEP_SECOND;
    }
    /* Neither a name without a hash, nor one without a size, nor more than there may be. */
    struct views_file many[17];
    for (size_t i = 0; i < 17; i++)
        many[i] = field_file(f.o, 1, i == 16 ? 0 : SIZE);
    for (size_t count = 1; count <= 17; count += 16) {
        sim_forget(f.o);
        field_offer_of(&f, f.o, count == 1 ? &many[16] : many, count);
        assert_true(sim_refused(f.o, REASON(MALFORMED)));
        f.g.world.now += ESEP_SECOND;
    }
    Esep__V1__Ping ping = ESEP__V1__PING__INIT; /* of other fields than either has */
    Esep__V1__Chunk nameless = ESEP__V1__CHUNK__INIT;
    ping.office_clock_us = 1;
    ping.mail_through = 1;
    sim_forget(f.o);
    sim_seal(f.o, &f.g, KIND(OFFER), false, &ping.base);
    f.g.world.now += ESEP_SECOND;
    sim_seal(f.o, &f.g, KIND(CHUNK), false, &ping.base);
    f.g.world.now += ESEP_SECOND;
    sim_seal(f.o, &f.g, KIND(CHUNK), false, &nameless.base);
    assert_int_equal(sim_count(f.o, KIND(REFUSAL)), 3);
    assert_int_equal(f.folder.written, 0);
    field_end(&f);
}

/* Our disk changed a piece: from there on again. It does so for ever: later. */
static void a_piece_that_the_disk_changed(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    field_report(&f, f.o, 1, 1, SIZE);
    field_offer(&f, &scan);
    f.folder.fails = COLLECTOR_EFFECT_FILE_FINISH;
    f.folder.with = ESEP_CORRUPT;
    f.folder.held = 7 * PIECE;
    f.folder.times = 1;
    field_send_to(&f, &scan, SIZE);
    field_assert_state(&f, 7 * PIECE, SIZE, true);
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 0);
    field_send_to(&f, &scan, SIZE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(f.folder.written, SIZE + 3 * PIECE + 100);

    const struct views_file cursed = field_file(f.o, 2, SIZE);
    field_report(&f, f.o, 2, 1, SIZE);
    field_offer(&f, &cursed);
    f.folder.held = SIZE - 100;
    f.folder.times = 9;
    field_send_to(&f, &cursed, SIZE);
    for (int i = 0; i < 8; i++) {
        field_assert_state(&f, SIZE - 100, SIZE, true);
        field_send_to(&f, &cursed, SIZE);
    }
    field_assert_refused(&f, REASON(WAIT));
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 1);
    field_end(&f);
}

static void what_the_shell_may_answer(void **state)
{
    (void)state;
    static const struct {
        enum collector_effect_kind kind;
        enum esep_status status;
        Esep__V1__RefusalReason told;
    } rows[] = {
        {COLLECTOR_EFFECT_FILE_OPEN, ESEP_LIMIT, REASON(FULL)},
        {COLLECTOR_EFFECT_FILE_OPEN, ESEP_IO, REASON(WAIT)},
        {COLLECTOR_EFFECT_FILE_WRITE, ESEP_LIMIT, REASON(FULL)},
        {COLLECTOR_EFFECT_FILE_WRITE, ESEP_CONFLICT, REASON(WAIT)},
        {COLLECTOR_EFFECT_FILE_FINISH, ESEP_INVALID, REASON(MALFORMED)},
        {COLLECTOR_EFFECT_FILE_FINISH, ESEP_LIMIT, REASON(FULL)},
        {COLLECTOR_EFFECT_FILE_FINISH, ESEP_IO, REASON(WAIT)},
    };
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, PIECE);
    field_report(&f, f.o, 1, 1, PIECE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        f.folder.part_count = 0;
        f.folder.fails = rows[i].kind;
        f.folder.with = rows[i].status;
        f.folder.times = 1;
        field_offer(&f, &scan);
        if (rows[i].kind != COLLECTOR_EFFECT_FILE_OPEN)
            field_chunk(&f, &scan, 0, PIECE);
        field_assert_refused(&f, rows[i].told);
        assert_true(field_state_of(&f)->file.retry_after_ms > 0);
        assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], i + 1);
    }
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 0);
    /* An answer to what is let go, and to what never was. */
    collector_on_file(f.g.core, 0, ESEP_OK, PIECE, f.g.world.now);
    collector_on_file(f.g.core, PLACES, ESEP_OK, PIECE, f.g.world.now);
    f.folder.part_count = 0;
    field_offer(&f, &scan);
    field_send_to(&f, &scan, PIECE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    field_end(&f);
}

/* Several chunks come before the shell has written the first. */
static void a_shell_that_takes_its_time(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    field_report(&f, f.o, 1, 1, SIZE);
    field_offer(&f, &scan);
    f.folder.hold = true;
    field_send_to(&f, &scan, 3 * PIECE);
    field_assert_state(&f, 0, WINDOW, false); /* not a word before it is written */
    field_chunk(&f, &scan, 0, PIECE);         /* a repeat says nothing more than is written */
    field_assert_state(&f, 0, WINDOW, false);
    const uint64_t token = (uint64_t)0 << 32;
    collector_on_file(f.g.core, token, ESEP_OK, PIECE, f.g.world.now);
    ingest_pump(&f.g);
    field_assert_state(&f, PIECE, 5 * PIECE, false);
    collector_on_file(f.g.core, token, ESEP_OK, 2 * PIECE, f.g.world.now);
    collector_on_file(f.g.core, token, ESEP_OK, 3 * PIECE, f.g.world.now);
    ingest_pump(&f.g);
    field_assert_state(&f, 3 * PIECE, 7 * PIECE, false);
    f.folder.hold = false;
    field_send_to(&f, &scan, SIZE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    field_end(&f);
}

static void an_office_has_its_share_of_places(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    struct views_file files[8];
    field_report(&f, f.o, 1, 8, PIECE);
    for (size_t i = 0; i < 8; i++)
        files[i] = field_file(f.o, (uint8_t)(1 + i), PIECE);
    field_offer_of(&f, f.o, files, 4);
    field_offer(&f, &files[4]);
    field_assert_refused(&f, REASON(WAIT)); /* four at once */
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_OPEN], 4);
    /* Who comes back on a new connection with other files does not wait for its old ones. */
    sim_hello(f.o, &f.g);
    field_offer(&f, &files[4]);
    field_assert_state(&f, 0, PIECE, false);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 1);
    /* Nor for those that it lets lie. */
    field_offer_of(&f, f.o, files + 1, 3);
    sim_forget(f.o);
    field_offer(&f, &files[5]);
    field_assert_refused(&f, REASON(WAIT));
    f.g.world.now += 61 * ESEP_SECOND;
    field_offer(&f, &files[4]);
    field_offer(&f, &files[5]);
    field_assert_state(&f, 0, PIECE, false);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 2);
    field_end(&f);
}

static void few(struct collector_config *config)
{
    field_limits(config);
    config->files_max = 2;
}

static void when_all_places_are_taken(void **state)
{
    (void)state;
    struct field f;
    field_start_with(&f, few);
    const struct views_file scan = field_file(f.o, 1, PIECE);
    const struct views_file photo = field_file(f.o, 2, PIECE);
    struct sim_office *other = sim_active(&f.g, "akmola");
    const struct views_file theirs = field_file(other, 3, PIECE);
    field_report(&f, f.o, 1, 2, PIECE);
    field_report(&f, other, 3, 1, PIECE);
    field_offer(&f, &scan);
    field_offer(&f, &photo);
    field_offer_of(&f, other, &theirs, 1);
    assert_int_equal(sim_last(other, KIND(FILE_STATE))->file.refusal, REASON(WAIT));
    f.g.world.now += 30 * ESEP_SECOND;
    field_offer(&f, &photo);
    f.g.world.now += ESEP_SECOND;
    field_offer(&f, &scan);
    f.g.world.now += ESEP_MINUTE; /* both were let lie for a minute, the photo for longer */
    field_offer_of(&f, other, &theirs, 1);
    assert_int_equal(sim_last(other, KIND(FILE_STATE))->file.refusal, REASON(UNSPECIFIED));
    field_chunk(&f, &scan, 0, PIECE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    field_chunk(&f, &photo, 0, PIECE);
    field_assert_refused(&f, REASON(WAIT));
    field_end(&f);
}

/* Nobody sends: the file is closed when its session would be, also after the clock went back. */
static void what_lies_is_closed(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, SIZE);
    field_report(&f, f.o, 1, 1, SIZE);
    field_offer(&f, &scan);
    f.g.world.now -= ESEP_HOUR;
    collector_on_time(f.g.core, f.g.world.now);
    ingest_pump(&f.g);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 0);
    assert_true(collector_deadline(f.g.core) <= f.g.world.now + f.g.config.session_idle);
    f.g.world.now += f.g.config.session_idle;
    collector_on_time(f.g.core, f.g.world.now);
    ingest_pump(&f.g);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 1);
    field_end(&f);
}

/* It is whole, and the log has no room for its entry: what is on the disk is not sent again. */
static void a_store_that_is_full_when_it_is_whole(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, PIECE);
    field_report(&f, f.o, 1, 1, PIECE);
    field_offer(&f, &scan);
    f.folder.hold = true;
    field_chunk(&f, &scan, 0, PIECE);
    collector_set_full(f.g.core, true);
    collector_on_file(f.g.core, 0, ESEP_OK, PIECE, f.g.world.now);
    ingest_pump(&f.g);
    field_assert_refused(&f, REASON(WAIT));
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 0);
    collector_set_full(f.g.core, false);
    field_offer(&f, &scan);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(f.folder.written, PIECE);
    field_end(&f);
}

/* The receipt goes to each session of the office that knows the word, and to no other. */
static void an_office_of_the_old_make(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file scan = field_file(f.o, 1, PIECE);
    field_report(&f, f.o, 1, 1, PIECE);
    struct sim_office *copy = sim_copy(&f.g, f.o);
    sim_hello(copy, &f.g);
    field_offer(&f, &scan);
    field_chunk(&f, &scan, 0, PIECE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(sim_count(copy, KIND(EVIDENCE)), 1);
    f.o->no_features = true;
    sim_hello(f.o, &f.g);
    field_report(&f, f.o, 2, 1, PIECE);
    const struct views_file photo = field_file(f.o, 2, PIECE);
    sim_forget(f.o);
    sim_forget(copy);
    field_offer(&f, &photo);
    field_chunk(&f, &photo, 0, PIECE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 0);
    assert_int_equal(sim_count(copy, KIND(EVIDENCE)), 1);
    field_end(&f);
}

/* Whose office has gone by the time that there is something to say: it is said to nobody, and the
 * file is as it is. */
static void nobody_is_there_to_be_told(void **state)
{
    (void)state;
    struct field f;
    field_start(&f);
    const struct views_file files[] = {field_file(f.o, 1, PIECE), field_file(f.o, 2, PIECE),
                                       field_file(f.o, 3, 2 * PIECE),
                                       field_file(f.o, 4, 2 * PIECE)};
    field_report(&f, f.o, 1, 2, PIECE);
    field_report(&f, f.o, 3, 2, 2 * PIECE);
    field_offer_of(&f, f.o, files, 4);
    f.folder.hold = true;
    for (size_t i = 0; i < 4; i++)
        field_chunk(&f, &files[i], 0, PIECE);
    f.g.auto_commit = false;
    f.g.world.now += f.g.config.session_idle - ESEP_SECOND;
    for (size_t i = 0; i < 4; i++)
        field_chunk(&f, &files[i], 0, PIECE); /* repeats: the files are heard of */
    sim_forget(f.o);
    /* The office's key is revoked: its sessions end. */
    Esep__V1__RevokeOrder revoke = ESEP__V1__REVOKE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    revoke.office = f.o->number;
    revoke.reason = field_text("gone");
    order.what_case = ESEP__V1__ORDER__WHAT_REVOKE;
    order.revoke = &revoke;
    ingest_order(&f.g, &order);
    ingest_commit(&f.g, ESEP_OK);
    f.folder.fails = COLLECTOR_EFFECT_FILE_FINISH;
    f.folder.with = ESEP_IO;
    f.folder.times = 1;
    for (uint64_t place = 0; place < 4; place++) {
        collector_on_file(f.g.core, place, ESEP_OK, PIECE, f.g.world.now);
        ingest_pump(&f.g);
    }
    while (f.g.pending != NULL)
        ingest_commit(&f.g, ESEP_OK);
    assert_int_equal(sim_count(f.o, KIND(FILE_STATE)), 0);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 0);
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 1); /* one failed, two are half there */
    field_end(&f);
}

static void without_places_no_word_of_files(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    Esep__V1__Offer offer = ESEP__V1__OFFER__INIT;
    sim_hello(o, &g);
    assert_int_equal(sim_last(o, KIND(WELCOME))->features & 1u << 1, 0);
    sim_seal(o, &g, KIND(OFFER), false, &offer.base);
    assert_true(sim_refused(o, REASON(MALFORMED)));
    ingest_set_files(&g); /* still none */
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    sim_seal(o, &g, KIND(CHUNK), false, &offer.base);
    assert_true(sim_refused(o, REASON(MALFORMED)));
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_comes_is_logged_and_then_receipted),
        cmocka_unit_test(only_what_a_taken_report_names),
        cmocka_unit_test(limits_are_told_with_words),
        cmocka_unit_test(a_quota_that_was_made_smaller),
        cmocka_unit_test(it_goes_on_where_it_broke_off),
        cmocka_unit_test(a_crash_between_file_and_log),
        cmocka_unit_test(chunks_out_of_place),
        cmocka_unit_test(what_is_no_chunk_and_no_offer),
        cmocka_unit_test(a_piece_that_the_disk_changed),
        cmocka_unit_test(what_the_shell_may_answer),
        cmocka_unit_test(a_shell_that_takes_its_time),
        cmocka_unit_test(an_office_has_its_share_of_places),
        cmocka_unit_test(when_all_places_are_taken),
        cmocka_unit_test(what_lies_is_closed),
        cmocka_unit_test(a_store_that_is_full_when_it_is_whole),
        cmocka_unit_test(an_office_of_the_old_make),
        cmocka_unit_test(nobody_is_there_to_be_told),
        cmocka_unit_test(without_places_no_word_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
