/* Whatever the link, the socket, the disk and the power do: does each entry arrive exactly once, in
 * order, and is nothing counted that is not durable? Each seed is one run; a failure names it. */
#include "../rounds.h"
#include "core_world.h"

#include <stdlib.h>

#define STEPS 1500

static uint64_t pick(struct world *w, uint64_t bound)
{
    return esep_prng_below(&w->prng, bound);
}

static void spoil(struct world *w, struct world_queue *q)
{
    if (q->count == 0)
        return;
    size_t at = (size_t)pick(w, q->count);
    switch (pick(w, 4)) {
    case 0:
        queue_drop(q, at);
        break;
    case 1:
        if (q->count < WORLD_FRAMES_MAX / 2)
            queue_push(q, esep_slice(q->frames[at].data, q->frames[at].len));
        break;
    case 2:
        if (at + 1 < q->count) {
            struct world_frame swap = q->frames[at];
            q->frames[at] = q->frames[at + 1];
            q->frames[at + 1] = swap;
        }
        break;
    default: /* a bit: never in what the model asserts to be readable, so only downwards */
        if (q == &w->down && q->frames[at].len > 0)
            q->frames[at].data[pick(w, q->frames[at].len)] ^= (uint8_t)(1 + pick(w, 255));
        break;
    }
}

static void hold_or_answer(struct world *w)
{
    static const enum esep_status answers[] = {ESEP_OK, ESEP_OK, ESEP_OK, ESEP_LIMIT, ESEP_AGAIN};
    w->store_answer = answers[pick(w, 5)];
    w->hold_stores = pick(w, 3) == 0;
    if (w->held != NULL && pick(w, 2) == 0)
        office_store_now(w, answers[pick(w, 5)]);
}

static void broker_says_no(struct world *w)
{
    static const Esep__V1__RefusalReason reasons[] = {
        ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_WAIT,
        ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT,
        ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_REVOKED,
        ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FORK,
        ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_NOT_ENROLLED,
    };
    if (w->connected && w->down.count < WORLD_FRAMES_MAX / 2)
        model_refuse(w, reasons[pick(w, 5)], false, (uint32_t)pick(w, 2000));
}

static void one_step(struct world *w)
{
    struct model *m = &w->model;
    uint64_t dice = pick(w, 100);
    if (dice < 30)
        link_up_one(w);
    else if (dice < 60)
        link_down_one(w);
    else if (dice < 80)
        office_effects(w);
    else if (dice < 86 && w->last < 1000)
        office_write(w, (size_t)pick(w, 1500));
    else if (dice < 89)
        office_sleep(w, ESEP_MINUTE);
    else if (dice < 92)
        spoil(w, pick(w, 2) == 0 ? &w->up : &w->down);
    else if (dice == 92)
        link_break(w);
    else if (dice == 93)
        office_crash(w);
    else if (dice == 94)
        model_forget_session(w); /* the collector was killed: what waited is gone */
    else if (dice == 95)
        hold_or_answer(w);
    else if (dice == 96 && m->mail_last < WORLD_MAILS_MAX && m->open)
        model_mail(w, 1);
    else if (dice == 97)
        broker_says_no(w);
    else if (dice == 98)
        w->refuse_connect = pick(w, 4) == 0;
    else
        office_advance(w, (esep_time)pick(w, 200) * ESEP_SECOND);
}

static void check(const struct world *w, uint64_t seed)
{
    const struct agent_status s = office_status(w);
    if (w->model.alarms != 0)
        fail_msg("seed %llu: the collector raised an alarm", (unsigned long long)seed);
    if (s.state == AGENT_STOPPED)
        fail_msg("seed %llu: stopped: %s", (unsigned long long)seed, s.text);
    assert_true(w->disk.receipted_seq <= w->model.seq);
    assert_true(w->disk.mail_through <= w->model.mail_last);
    assert_int_equal(s.receipted_seq, w->disk.receipted_seq);
    assert_true(s.last_seq == w->last);
}

static bool all_done(const struct world *w)
{
    return world_all_receipted(w) && w->disk.mail_through == w->model.mail_last &&
           w->model.mail_acked == w->model.mail_last;
}

static void one_run(uint64_t seed)
{
    struct world *w = world_new(seed);
    struct model *m = &w->model;
    w->config.frame_bytes = 4096u << pick(w, 4);
    w->config.group_frames = (uint32_t)(1 + pick(w, 6));
    w->config.group_entries = (uint32_t)(1 + pick(w, 50));
    w->config.read_bytes = 4096u << pick(w, 4);
    m->window = (uint64_t)m->frame_bytes_max << pick(w, 3);
    m->mail_bytes = (size_t)(1 + pick(w, 20000));
    w->socket_frames = (size_t)(1 + pick(w, 20));
    for (uint64_t n = pick(w, 200); n > 0; n--)
        office_write(w, (size_t)pick(w, 800));
    office_start(w);
    for (int i = 0; i < STEPS; i++) {
        one_step(w);
        check(w, seed);
    }
    /* The weather clears: all of it must arrive. */
    w->refuse_connect = w->hold_stores = false;
    w->store_answer = ESEP_OK;
    if (w->held != NULL)
        office_store_now(w, ESEP_OK);
    if (!world_until(w, all_done, 2 * ESEP_DAY))
        fail_msg("seed %llu: written %llu, held %llu, receipted %llu; mail %llu of %llu",
                 (unsigned long long)seed, (unsigned long long)w->last, (unsigned long long)m->seq,
                 (unsigned long long)w->disk.receipted_seq,
                 (unsigned long long)w->disk.mail_through, (unsigned long long)m->mail_last);
    assert_int_equal(m->seq, w->last);
    assert_int_equal(m->frames_too_long, 0);
    check(w, seed);
    world_free(w);
}

static void everything_arrives_once(void **state)
{
    (void)state;
    const char *only = getenv("ESEP_SEED");
    if (only != NULL) {
        one_run(strtoull(only, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= test_rounds(150); seed++)
        one_run(seed);
}

/* Ten seconds a day: the link is up for a handful of frames, then gone until tomorrow. */
static void ten_seconds_a_day_are_enough(void **state)
{
    (void)state;
    struct world *w = world_new(7);
    w->config.frame_bytes = 4096;
    w->config.group_frames = 2;
    w->model.frame_bytes_max = 65536;
    w->socket_frames = 2;
    for (int i = 0; i < 300; i++)
        office_write(w, 500);
    office_start(w);
    uint64_t before = 0;
    for (int day = 0; !world_all_receipted(w); day++) {
        assert_true(day < 40);
        w->refuse_connect = false;
        agent_now(w->agent, w->now);
        for (int frame = 0; frame < 12; frame++) {
            office_effects(w);
            link_up_one(w);
            link_down_one(w);
        }
        office_effects(w);
        assert_true(w->disk.receipted_seq > before || world_all_receipted(w));
        before = w->disk.receipted_seq;
        w->refuse_connect = true;
        link_break(w);
        office_crash(w); /* it is switched off overnight */
        office_effects(w);
        office_advance(w, ESEP_DAY);
    }
    assert_int_equal(w->model.alarms, 0);
    assert_int_equal(w->disk.promised_seq, 300);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives_once),
        cmocka_unit_test(ten_seconds_a_day_are_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
