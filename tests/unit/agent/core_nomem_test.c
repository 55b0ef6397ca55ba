/* One allocation fails, wherever it is: does the office say so, and lose nothing? */
#include "agent/bundle.h"
#include "agent/enrol.h"
#include "core_world.h"
#include "nomem.h"

#define TEST(name) static void name(void **state)

TEST(a_core_that_cannot_be_made)
{
    (void)state;
    struct world *w = world_new(1);
    for (unsigned nth = 1;; nth++) {
        struct agent *a = NULL;
        struct esep_reason reason = {{0}};
        nomem_arm(nth);
        enum esep_status status = agent_new(&a, &w->config, &w->disk, w->now, &reason);
        if (!nomem_disarm()) {
            assert_true(nth > 2);
            assert_int_equal(status, ESEP_OK);
            agent_free(a);
            break;
        }
        assert_int_equal(status, ESEP_NOMEM);
        assert_null(a);
        assert_true(reason.text[0] != '\0');
    }
    world_free(w);
}

static bool all_here(const struct world *w)
{
    return w->disk.receipted_seq == w->last && w->disk.mail_through == w->model.mail_last &&
           w->disk.promised_seq == w->last;
}

/* A backlog, a promise behind it, a broken line, mail in parts with stores between: whichever
 * allocation fails, all of it is receipted and read in the end, in order and once. */
TEST(a_life_with_one_failure)
{
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct world *w = world_new(nth);
        /* The model packs with the same library: it has all that it needs. */
        assert_int_equal(esep_buf_reserve(&w->plain, 1u << 20), ESEP_OK);
        assert_int_equal(esep_buf_reserve(&w->frame, 1u << 20), ESEP_OK);
        w->config.frame_bytes = 8192;
        w->config.keep_alive = 20 * ESEP_SECOND;
        w->model.frame_bytes_max = 32768;
        w->model.mail_bytes = 90000;
        w->model.mail_last = 3;
        for (int i = 0; i < 40; i++)
            office_write(w, 700);
        office_write(w, 20000);
        office_start(w);
        w->socket_frames = 2;
        nomem_arm(nth);
        for (int i = 0; i < 8; i++) {
            office_effects(w);
            link_up_one(w);
            link_down_one(w);
        }
        office_write(w, 700);
        office_advance(w, 3 * ESEP_SECOND);
        assert_true(world_until(w, all_here, ESEP_HOUR));
        link_break(w);
        office_write(w, 700);
        model_mail(w, 1);
        assert_true(world_until(w, all_here, ESEP_HOUR));
        for (int i = 0; i < 3; i++) { /* quiet: PING */
            office_sleep(w, ESEP_MINUTE);
            world_run(w);
        }
        bool fired = nomem_disarm();
        assert_int_equal(w->model.seq, w->last);
        assert_int_equal(w->model.alarms, 0);
        world_free(w);
        if (!fired) {
            assert_true(nth > 10); /* else the test asks nothing */
            break;
        }
    }
}

static struct agent_bundle_request bundle_of(const struct world *w)
{
    struct agent_bundle_request r = {
        .log_id = w->model.log_id,
        .sign_key = w->office_key,
        .first_seq = 1,
        .made_at = w->now,
        .salt = {7},
    };
    memcpy(r.seal_public, w->model.seal_key.public, ESEP_KEY_BYTES);
    const struct agent_head head = {WORLD_OFFICE, 1, w->last, w->disk.head};
    agent_head_commit(&head, &w->model.log_id, &w->office_key, w->now, 0, NULL, &r.commitment);
    return r;
}

static enum esep_status write_bundle(const struct world *w, struct esep_buf *out)
{
    struct agent_bundle b;
    struct agent_bundle_request r = bundle_of(w);
    enum esep_status status = agent_bundle_begin(&b, &r, out);
    if (status != ESEP_OK) {
        assert_int_equal(out->len, 0); /* nothing half written */
        return status;
    }
    for (uint64_t n = 1; status == ESEP_OK && n <= w->last; n++) {
        const struct agent_entry e = {n, w->entries[n].chain,
                                      esep_slice(w->entries[n].data, w->entries[n].len)};
        status = agent_bundle_add(&b, &e, 1, out);
    }
    assert_int_equal(agent_bundle_complete(&b), status == ESEP_OK);
    agent_bundle_done(&b);
    return status;
}

static enum esep_status read_bundle(const struct world *w, struct esep_slice file)
{
    struct agent_bundle_reader r;
    const Esep__V1__Batch *batch = NULL;
    enum esep_status status =
        agent_bundle_open(&r, file, &w->model.seal_key, &w->model.log_id, NULL);
    if (status != ESEP_OK)
        return status;
    while ((status = agent_bundle_next(&r, &batch, NULL)) == ESEP_OK) {}
    agent_bundle_close(&r);
    return status;
}

TEST(a_bundle_that_finds_no_memory)
{
    (void)state;
    struct world *w = world_new(2);
    for (int i = 0; i < 60; i++)
        office_write(w, 3000); /* several records */
    office_write(w, 40000);
    struct esep_buf file;
    unsigned nth = 1;
    for (bool fired = true; fired; nth++) {
        esep_buf_init(&file, 1u << 20);
        nomem_arm(nth);
        enum esep_status status = write_bundle(w, &file);
        fired = nomem_disarm();
        assert_int_equal(status, fired ? ESEP_NOMEM : ESEP_OK);
        if (fired)
            esep_buf_done(&file);
    }
    assert_true(nth > 5);
    nth = 1;
    for (bool fired = true; fired; nth++) {
        nomem_arm(nth);
        enum esep_status status = read_bundle(w, esep_buf_slice(&file));
        fired = nomem_disarm();
        /* Not taken for a record that somebody changed. */
        assert_int_equal(status, fired ? ESEP_NOMEM : ESEP_NOT_FOUND);
    }
    assert_true(nth > 2);
    esep_buf_done(&file);
    world_free(w);
}

TEST(an_enrolment_that_finds_no_memory)
{
    (void)state;
    struct world *w = world_new(3);
    struct agent_enrol_request r = {.log_id = w->model.log_id, .sign_key = w->office_key};
    memcpy(r.seal_public, w->model.seal_key.public, ESEP_KEY_BYTES);
    for (unsigned nth = 1;; nth++) {
        struct agent_enrol e;
        struct esep_buf frame;
        struct esep_reason reason = {{0}};
        esep_buf_init(&frame, 65536);
        nomem_arm(nth);
        enum esep_status status = agent_enrol_begin(&e, &r, &frame, &reason);
        bool fired = nomem_disarm();
        assert_int_equal(status, fired ? ESEP_NOMEM : ESEP_OK);
        assert_int_equal(frame.len > 0, !fired);
        esep_buf_done(&frame);
        if (!fired) {
            assert_true(nth > 3);
            agent_enrol_done(&e);
            break;
        }
        assert_string_equal(reason.text, "no memory for the request");
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_core_that_cannot_be_made),
        cmocka_unit_test(a_life_with_one_failure),
        cmocka_unit_test(a_bundle_that_finds_no_memory),
        cmocka_unit_test(an_enrolment_that_finds_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
