/* Does a log ask its witnesses no more than it must, believe no more than they signed, and raise
 * its voice where one of them has seen something else?
 *
 * The witnesses here are real (witness_judge) behind a line that may be cut, and may be made to
 * forget or to lie.
 */
#include "collector/cosigners.h"
#include "witness_world.h"

#define WITNESSES 3
#define CLOCK_S 5000
#define EVERY (10 * ESEP_SECOND)

struct far {
    struct esep_sign_key secret;
    struct witness_head head;
    bool away;
    int64_t clock_s;
};
struct world {
    struct cosigners set;
    struct world_history history; /* what the log has */
    uint64_t size;                /* of it, so far */
    uint64_t generation;
    struct far far[WITNESSES];
    int64_t now;
    unsigned requests;
};

static struct world w;

static void begin(size_t count, size_t quorum)
{
    struct esep_note_key keys[WITNESSES];
    memset(&w, 0, sizeof w);
    world_history(&w.history, 0, 0);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "witness.example/%zu", i);
        w.far[i].secret = world_secret((uint8_t)(100 + i));
        w.far[i].head = witness_head_none();
        w.far[i].clock_s = CLOCK_S;
        assert_int_equal(
            esep_note_key(&keys[i], name, ESEP_NOTE_COSIGNATURE, w.far[i].secret.public, NULL),
            ESEP_OK);
    }
    cosigners_init(&w.set, keys, count, quorum, EVERY, 7);
    w.now = ESEP_DAY;
    w.size = 1;
}

static struct cosigners_head newest(void)
{
    struct cosigners_head head = {.generation = w.generation};
    const struct esep_sign_key log = world_secret(1);
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    (void)snprintf(head.checkpoint.origin, sizeof head.checkpoint.origin, WORLD_ORIGIN);
    head.checkpoint.size = w.size;
    head.checkpoint.root = world_root(&w.history, w.size);
    memcpy(head.log_key, log.public, sizeof head.log_key);
    esep_sign(&log, esep_slice(text, cosigners_text(&head, text)), head.signature);
    return head;
}

/* What the witness says to it, as HTTP would bring it. */
static struct cosigner_answer answer_of(struct far *far, const struct cosigner *c, char *out)
{
    struct world_request request;
    const struct witness_log log = world_log();
    if (far->away)
        return (struct cosigner_answer){.body = esep_slice_str("no route to host")};
    world_request(&request, &w.history, c->asked_old, c->asked.checkpoint.size);
    const struct witness_verdict verdict =
        witness_judge(&log, &c->key, &request.parsed, &far->head, far->clock_s, 0, NULL);
    if (verdict.answer == WITNESS_CONFLICT) {
        (void)snprintf(out, ESEP_NOTE_LINE_MAX, "%llu\n", (unsigned long long)far->head.size);
        return (struct cosigner_answer){
            .status = 409, .is_size = true, .body = esep_slice_str(out)};
    }
    if (verdict.answer != WITNESS_COSIGN)
        return (struct cosigner_answer){.status = verdict.answer};
    uint8_t signature[ESEP_COSIGNATURE_BYTES];
    far->head = verdict.next;
    assert_int_equal(
        esep_note_cosign(request.parsed.note.text, &far->secret, verdict.next.time_s, signature),
        ESEP_OK);
    (void)esep_note_line(&c->key, signature, out);
    return (struct cosigner_answer){.status = 200, .body = esep_slice_str(out)};
}

/* Everything that is due now, until nothing is. */
static void turn(void)
{
    const struct cosigners_head head = newest();
    struct cosigner *c = NULL;
    (void)cosigners_turn(&w.set, &head, w.now);
    for (unsigned i = 0; (c = cosigners_next(&w.set, w.now)) != NULL; i++) {
        char line[ESEP_NOTE_LINE_MAX];
        assert_true(i < 4 * WITNESSES); /* it comes to an end */
        cosigner_asked(c, &w.set.target);
        w.requests++;
        const struct cosigner_answer answer = answer_of(&w.far[c - w.set.list], c, line);
        (void)cosigner_heard(&w.set, c, &answer, w.size, CLOCK_S, w.now);
    }
    /* The loop is woken for what is still wanted, and never for what can only be tried now. */
    const int64_t at = cosigners_deadline(&w.set, &head);
    assert_true(at > w.now);
}

static uint64_t best(void)
{
    struct cosigners_head head;
    return cosigners_best(&w.set, &head) == ESEP_OK ? head.checkpoint.size : 0;
}

static int start(void **state)
{
    (void)state;
    return esep_crypto_init() == ESEP_OK ? 0 : -1;
}

static void test_a_head_for_all(void **state)
{
    (void)state;
    begin(3, 3);
    turn();
    assert_int_equal(best(), 1);
    assert_int_equal(w.requests, 3);
    turn(); /* the same head is not asked about again */
    assert_int_equal(w.requests, 3);
    w.size = 20;
    turn(); /* nor a new one before its time */
    assert_int_equal(w.requests, 3);
    const struct cosigners_head head = newest();
    assert_int_equal(cosigners_deadline(&w.set, &head), w.set.target_at + EVERY);
    w.now += EVERY;
    w.size = 21;
    turn();
    assert_int_equal(best(), 21);
    assert_int_equal(w.requests, 6);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(w.set.list[i].time_s, CLOCK_S);
        assert_int_equal(w.set.list[i].alarm, COSIGNER_QUIET);
    }
}

/* One that is away costs the others nothing, is asked ever less often, and is back at once. */
static void test_one_is_away(void **state)
{
    (void)state;
    begin(2, 1);
    w.far[1].away = true;
    turn();
    assert_int_equal(best(), 1);
    const int64_t first = w.set.list[1].not_before - w.now;
    assert_true(first >= COSIGNER_BACKOFF / 2 && first <= COSIGNER_BACKOFF);
    unsigned asked = 0;
    for (int i = 0; i < 360; i++) { /* an hour */
        w.now += EVERY;
        w.size = 2 + (uint64_t)i / 6;
        turn();
        assert_int_equal(best(), w.size);
    }
    asked = (unsigned)w.set.list[1].asked_count;
    assert_true(asked > 8 && asked < 24); /* of 60 heads */
    assert_int_equal(w.set.list[1].alarm, COSIGNER_QUIET);
    assert_string_equal(w.set.list[1].said, "no route to host");
    w.far[1].away = false;
    w.now += COSIGNER_BACKOFF_MAX;
    turn();
    assert_true(cosigner_signed(&w.set.list[1], &w.set.target));
    assert_int_equal(w.set.list[1].failures, 0);
}

/* A request that hangs: the next head waits a little for one that was well, and not for one that
 * was not. */
static void test_one_hangs(void **state)
{
    (void)state;
    begin(2, 1);
    struct cosigners_head head = newest();
    assert_true(cosigners_turn(&w.set, &head, w.now));
    struct cosigner *hung = cosigners_next(&w.set, w.now);
    cosigner_asked(hung, &w.set.target);
    w.far[0].away = true;
    turn(); /* the other one answers */
    assert_int_equal(best(), 1);
    w.size = 9;
    w.now += EVERY + COSIGNER_PATIENCE - 1;
    turn();
    assert_int_equal(w.set.target.checkpoint.size, 1);
    w.now += 1;
    turn();
    assert_int_equal(best(), 9);
    const struct cosigner_answer none = {.body = esep_slice_str("timed out")};
    assert_int_equal(cosigner_heard(&w.set, hung, &none, w.size, CLOCK_S, w.now), COSIGNER_FAILED);
    w.now = hung->not_before;
    w.size = 20;
    struct cosigners_head again = newest();
    (void)cosigners_turn(&w.set, &again, w.now);
    assert_ptr_equal(cosigners_next(&w.set, w.now), hung);
    cosigner_asked(hung, &w.set.target); /* and hangs again */
    turn();
    assert_true(hung->asking);
    w.size = 30;
    w.now += EVERY;
    turn();
    assert_int_equal(best(), 30);
}

/* It has seen more than we remember, by somebody else's asking: 409, and then the proof from there.
 */
static void test_learns_what_it_has_seen(void **state)
{
    (void)state;
    begin(1, 1);
    w.size = 40;
    w.far[0].head = (struct witness_head){.size = 17, .root = world_root(&w.history, 17)};
    turn();
    assert_int_equal(best(), 40);
    assert_int_equal(w.requests, 2);
    /* The very head that it is asked about. */
    w.size = 50;
    w.now += EVERY;
    w.far[0].head = (struct witness_head){.size = 50, .root = world_root(&w.history, 50)};
    turn();
    assert_int_equal(best(), 50);
    /* A later one than the one asked about, which the log has by now. */
    w.now += EVERY;
    w.size = 51;
    struct cosigners_head head = newest();
    assert_true(cosigners_turn(&w.set, &head, w.now));
    w.size = 60;
    w.far[0].head = (struct witness_head){.size = 60, .root = world_root(&w.history, 60)};
    turn();
    assert_int_equal(best(), 50);
    w.now += EVERY;
    turn();
    assert_int_equal(best(), 60);
    assert_int_equal(w.set.list[0].alarm, COSIGNER_QUIET);
}

static void assert_alarm(enum cosigner_alarm alarm, uint64_t size)
{
    assert_int_equal(w.set.list[0].alarm, alarm);
    assert_int_equal(w.set.list[0].alarm_size, size);
    assert_true(w.set.list[0].alarm_new);
    w.set.list[0].alarm_new = false;
}

static void test_alarms(void **state)
{
    (void)state;
    struct world_history other;
    world_history(&other, 1, 10);

    begin(1, 1); /* more than there is */
    w.size = 20;
    w.far[0].head = (struct witness_head){.size = 21, .root = world_root(&w.history, 21)};
    turn();
    assert_alarm(COSIGNER_AHEAD, 21);
    assert_int_equal(best(), 0);

    begin(1, 1); /* less than it signed; what it then signs is taken */
    w.size = 20;
    turn();
    w.size = 25;
    w.now += EVERY;
    w.far[0].head = (struct witness_head){.size = 12, .root = world_root(&w.history, 12)};
    turn();
    assert_alarm(COSIGNER_BACK, 12);
    w.now += COSIGNER_BACKOFF;
    turn();
    assert_int_equal(best(), 25);
    assert_int_equal(w.set.list[0].alarm, COSIGNER_QUIET);

    begin(1, 1); /* another history, shorter than ours; and of the same size */
    w.size = 20;
    w.far[0].head = (struct witness_head){.size = 15, .root = world_root(&other, 15)};
    turn();
    assert_alarm(COSIGNER_SPLIT, 15);
    begin(1, 1);
    w.size = 20;
    w.far[0].head = (struct witness_head){.size = 20, .root = world_root(&other, 20)};
    turn();
    assert_alarm(COSIGNER_SPLIT, 20);

    begin(1, 1); /* our own log has been changed since */
    w.size = 20;
    turn();
    cosigner_differs(&w.set, &w.set.list[0], w.now);
    assert_alarm(COSIGNER_SPLIT, 20);
    assert_non_null(strstr(w.set.list[0].said, "our own log begins"));

    begin(1,
          1); /* an hour that is not near ours; the log goes on from there, the word is not used */
    w.far[0].clock_s = CLOCK_S + COSIGNER_CLOCK_MAX_S + 1;
    turn();
    assert_alarm(COSIGNER_CLOCK, 0);
    assert_int_equal(best(), 0);
    w.far[0].clock_s = CLOCK_S - COSIGNER_CLOCK_MAX_S;
    w.now += COSIGNER_BACKOFF;
    turn();
    assert_int_equal(best(), 1);
}

/* Whatever it says without end fills no log: each kind once an hour. */
static void test_alarms_are_bounded(void **state)
{
    (void)state;
    begin(1, 1);
    unsigned told = 0;
    for (unsigned i = 0; i < 1000; i++) {
        char text[32];
        struct cosigner *c = &w.set.list[0];
        const struct cosigners_head head = newest();
        (void)cosigners_turn(&w.set, &head, w.now);
        (void)snprintf(text, sizeof text, "%u", 100 + i);
        const struct cosigner_answer answer = {
            .status = i % 2 ? 409 : 422, .is_size = true, .body = esep_slice_str(text)};
        cosigner_asked(c, &w.set.target);
        (void)cosigner_heard(&w.set, c, &answer, w.size, CLOCK_S, w.now);
        told += c->alarm_new;
        c->alarm_new = false;
        w.now += 9 * ESEP_SECOND;
    }
    assert_int_equal(told, 2 * 3); /* in 2.5 hours */
}

/* Whatever else comes is no cosignature, and no alarm but where its key signed something else. */
static void test_what_is_no_cosignature(void **state)
{
    (void)state;
    char foreign[ESEP_NOTE_LINE_MAX];
    char own[ESEP_NOTE_LINE_MAX];
    uint8_t signature[ESEP_COSIGNATURE_BYTES];
    begin(1, 1);
    const struct esep_note_key other = world_witness_key();
    assert_int_equal(
        esep_note_cosign(esep_slice_str("x\n1\n\n"), &w.far[0].secret, CLOCK_S, signature),
        ESEP_OK);
    (void)esep_note_line(&w.set.list[0].key, signature, own);
    (void)esep_note_line(&other, signature, foreign);
    const struct {
        unsigned status;
        const char *body;
        bool is_size;
        enum cosigner_alarm alarm;
    } answers[] = {
        {200, "", false, COSIGNER_QUIET},
        {200, "thank you\n", false, COSIGNER_QUIET},
        {200, foreign, false, COSIGNER_QUIET},
        {200, own, false, COSIGNER_FALSE},
        {409, "1\n", false, COSIGNER_FALSE}, /* no size: its type is another */
        {409, "", true, COSIGNER_FALSE},
        {409, "01\n", true, COSIGNER_FALSE},
        {409, "99999999999999999999\n", true, COSIGNER_FALSE},
        {404, "", false, COSIGNER_FALSE},
        {500, "1\n", true, COSIGNER_FALSE},
        {302, "", false, COSIGNER_FALSE},
    };
    struct cosigner *c = &w.set.list[0];
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct cosigners_head head = newest();
        const struct cosigner_answer answer = {.status = answers[i].status,
                                               .is_size = answers[i].is_size,
                                               .body = esep_slice_str(answers[i].body)};
        (void)cosigners_turn(&w.set, &head, w.now);
        cosigner_asked(c, &w.set.target);
        assert_int_equal(cosigner_heard(&w.set, c, &answer, w.size, CLOCK_S, w.now),
                         COSIGNER_FAILED);
        assert_int_equal(c->alarm, answers[i].alarm);
        assert_true(c->said[0] != '\0' && c->not_before > w.now);
        assert_int_equal(best(), 0);
        assert_int_equal(c->known, 0);
    }
}

/* 409 without end does not keep it busy. */
static void test_conflicts_end(void **state)
{
    (void)state;
    begin(1, 1);
    w.size = 30;
    struct cosigner *c = &w.set.list[0];
    const struct cosigners_head head = newest();
    (void)cosigners_turn(&w.set, &head, w.now);
    unsigned i = 0;
    enum cosigner_outcome outcome = COSIGNER_AGAIN;
    for (; outcome == COSIGNER_AGAIN; i++) {
        const struct cosigner_answer answer = {
            .status = 409, .is_size = true, .body = esep_slice_str(i % 2 ? "3\n" : "4\n")};
        cosigner_asked(c, &w.set.target);
        outcome = cosigner_heard(&w.set, c, &answer, w.size, CLOCK_S, w.now);
    }
    assert_int_equal(i, COSIGNER_CONFLICTS_MAX);
    assert_int_equal(outcome, COSIGNER_FAILED);
}

/* What was kept is believed if it verifies; of another generation it says nothing. */
static void test_recall(void **state)
{
    (void)state;
    begin(1, 1);
    w.size = 20;
    turn();
    const struct cosigner kept = w.set.list[0];
    const struct far far = w.far[0];

    begin(1, 1);
    w.far[0] = far;
    assert_int_equal(cosigner_recall(&w.set.list[0], &kept.head, kept.line), ESEP_OK);
    assert_int_equal(best(), 20);
    w.size = 30;
    turn();
    assert_int_equal(w.requests, 1); /* it is known from where on */
    assert_int_equal(best(), 30);

    begin(1, 1);
    struct cosigners_head changed = kept.head;
    changed.checkpoint.size++;
    assert_int_equal(cosigner_recall(&w.set.list[0], &changed, kept.line), ESEP_INVALID);
    assert_int_equal(cosigner_recall(&w.set.list[0], &kept.head, ""), ESEP_INVALID);
    assert_int_equal(w.set.list[0].known, 0);

    changed = kept.head; /* as if the log's origin were another since */
    assert_int_equal(cosigner_recall(&w.set.list[0], &kept.head, kept.line), ESEP_OK);
    struct cosigners_head restored = newest();
    restored.generation = 99;
    (void)snprintf(restored.checkpoint.origin, sizeof restored.checkpoint.origin, "other.example");
    assert_true(cosigners_turn(&w.set, &restored, w.now));
    assert_int_equal(w.set.list[0].known, 0);
    assert_int_equal(best(), 0);
}

/* A quorum is of one head. */
static void test_quorum(void **state)
{
    (void)state;
    begin(3, 2);
    turn();
    assert_int_equal(best(), 1);
    w.far[1].away = w.far[2].away = true;
    w.size = 5;
    w.now += EVERY;
    turn();
    assert_int_equal(best(), 1); /* 1 and 2 signed that; only 0 the newer one */
    w.far[1].away = false;
    w.now += COSIGNER_BACKOFF;
    turn();
    assert_int_equal(best(), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_head_for_all),
        cmocka_unit_test(test_one_is_away),
        cmocka_unit_test(test_one_hangs),
        cmocka_unit_test(test_learns_what_it_has_seen),
        cmocka_unit_test(test_alarms),
        cmocka_unit_test(test_alarms_are_bounded),
        cmocka_unit_test(test_what_is_no_cosignature),
        cmocka_unit_test(test_conflicts_end),
        cmocka_unit_test(test_recall),
        cmocka_unit_test(test_quorum),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
