/* Does a witness vouch for one history of each log, and for a time that is not too early, whatever
 * it is shown?
 */
#include "witness_world.h"

static struct world_history honest;
static struct witness_log log_;
static struct esep_note_key own;

static int start(void **state)
{
    (void)state;
    if (esep_crypto_init() != ESEP_OK)
        return -1;
    world_history(&honest, 0, 0);
    log_ = world_log();
    own = world_witness_key();
    return 0;
}

static struct witness_verdict judged(const struct world_request *request,
                                     const struct witness_head *head)
{
    struct esep_reason reason = {""};
    const struct witness_verdict verdict =
        witness_judge(&log_, &own, &request->parsed, head, 5000, 0, &reason);
    assert_int_equal(verdict.answer == WITNESS_COSIGN, reason.text[0] == '\0');
    return verdict;
}

static struct witness_head head_of(const struct world_history *history, uint64_t size)
{
    return (struct witness_head){.size = size, .root = world_root(history, size), .time_s = 4000};
}

/* Every step of an honest log, and the same once more. */
static void test_honest(void **state)
{
    (void)state;
    struct world_request request;
    for (uint64_t from = 0; from <= WORLD_LEAVES; from++)
        for (uint64_t to = from; to <= WORLD_LEAVES; to++) {
            const struct witness_head head =
                from == 0 ? witness_head_none() : head_of(&honest, from);
            world_request(&request, &honest, from, to);
            const struct witness_verdict verdict = judged(&request, &head);
            assert_int_equal(verdict.answer, WITNESS_COSIGN);
            assert_int_equal(verdict.next.size, to);
            assert_int_equal(verdict.next.time_s, 5000);
            const struct esep_hash root = world_root(&honest, to);
            assert_true(esep_hash_equal(&verdict.next.root, &root));
        }
}

/* A log that changed, from any leaf on, what it had shown. */
static void test_fork(void **state)
{
    (void)state;
    struct world_request request;
    struct world_history other;
    for (uint64_t from = 1; from <= 33; from++)
        for (size_t fork = 0; fork < from; fork += 3) {
            const struct witness_head head = head_of(&honest, from);
            world_history(&other, 1, fork);
            for (uint64_t to = from; to <= from + 9; to++) {
                world_request(&request, &other, from, to);
                const struct witness_verdict verdict = judged(&request, &head);
                assert_int_equal(verdict.answer, to == from ? WITNESS_CONFLICT : WITNESS_UNPROVEN);
                assert_int_equal(verdict.fork, to == from);
            }
        }
    /* What comes behind the fork's first leaf only is no fork of what was seen. */
    world_history(&other, 1, 20);
    world_request(&request, &other, 20, 41);
    const struct witness_head head = head_of(&honest, 20);
    assert_int_equal(judged(&request, &head).answer, WITNESS_COSIGN);
}

static void test_rollback_and_replay(void **state)
{
    (void)state;
    struct world_request request;
    const struct witness_head head = head_of(&honest, 40);
    for (uint64_t to = 0; to < 40; to++) {
        /* An older head, as it was once shown; and as if the log did not know better. */
        for (uint64_t from = 0; from <= to; from++) {
            world_request(&request, &honest, from, to);
            const struct witness_verdict verdict = judged(&request, &head);
            assert_int_equal(verdict.answer, WITNESS_CONFLICT);
            assert_false(verdict.fork);
        }
        /* Back to it from where we are. */
        world_request(&request, &honest, 40, to);
        assert_int_equal(judged(&request, &head).answer, WITNESS_MALFORMED);
    }
    for (uint64_t from = 0; from < 60; from++) {
        world_request(&request, &honest, from, 60);
        assert_int_equal(judged(&request, &head).answer,
                         from == 40 ? WITNESS_COSIGN : WITNESS_CONFLICT);
    }
}

/* No bit of a proof or of a root can be changed, no hash left out or added. */
static void test_damaged_proofs(void **state)
{
    (void)state;
    struct world_request request;
    const struct witness_head head = head_of(&honest, 21);
    world_request(&request, &honest, 21, 50);
    const struct esep_merkle_path whole = request.parsed.proof;
    assert_true(whole.count > 3);
    for (size_t i = 0; i < whole.count; i++)
        for (unsigned bit = 0; bit < 256; bit++) {
            request.parsed.proof = whole;
            request.parsed.proof.hashes[i].bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(judged(&request, &head).answer, WITNESS_UNPROVEN);
        }
    for (size_t gone = 0; gone < whole.count; gone++) {
        request.parsed.proof = whole;
        memmove(request.parsed.proof.hashes + gone, request.parsed.proof.hashes + gone + 1,
                (whole.count - gone - 1) * sizeof *whole.hashes);
        request.parsed.proof.count--;
        assert_int_equal(judged(&request, &head).answer, WITNESS_UNPROVEN);
    }
    request.parsed.proof = whole;
    request.parsed.proof.hashes[request.parsed.proof.count++] = head.root;
    assert_int_equal(judged(&request, &head).answer, WITNESS_UNPROVEN);
    request.parsed.proof.count = 0;
    assert_int_equal(judged(&request, &head).answer, WITNESS_UNPROVEN);
    request.parsed.proof = whole;
    assert_int_equal(judged(&request, &head).answer, WITNESS_COSIGN);
    /* From nothing, and to the same, there is no proof. */
    const struct witness_head none = witness_head_none();
    world_request(&request, &honest, 0, 50);
    request.parsed.proof = whole;
    assert_int_equal(judged(&request, &none).answer, WITNESS_UNPROVEN);
    world_request(&request, &honest, 21, 21);
    request.parsed.proof = whole;
    assert_int_equal(judged(&request, &head).answer, WITNESS_UNPROVEN);
}

/* Every bit of the note: none can be changed unnoticed. */
static void test_damaged_notes(void **state)
{
    (void)state;
    struct world_request request;
    const struct witness_head head = head_of(&honest, 21);
    world_request(&request, &honest, 21, 50);
    const struct world_request whole = request;
    const size_t note = whole.len - whole.parsed.note_bytes.len;
    for (size_t bit = 8 * note; bit < 8 * whole.len; bit++) {
        request.len = whole.len;
        memcpy(request.bytes, whole.bytes, whole.len);
        request.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (esep_add_checkpoint_parse(esep_slice(request.bytes, request.len), &request.parsed,
                                      NULL) != ESEP_OK)
            continue;
        if (witness_log_find(&log_, 1, request.parsed.checkpoint.origin) == NULL)
            continue;
        assert_int_equal(judged(&request, &head).answer, WITNESS_NOT_SIGNED);
    }
}

static void test_keys(void **state)
{
    (void)state;
    char note[WORLD_NOTE_MAX];
    struct world_request request;
    struct witness_log two = log_;
    const struct witness_head none = witness_head_none();
    two.keys[two.key_count++] = world_key(2);
    for (uint8_t key = 1; key <= 3; key++) {
        const size_t len = world_note(&honest, 5, key, false, note);
        request.len = (size_t)snprintf((char *)request.bytes, sizeof request.bytes, "old 0\n\n%.*s",
                                       (int)len, note);
        world_parse(&request);
        assert_int_equal(witness_judge(&log_, &own, &request.parsed, &none, 5000, 0, NULL).answer,
                         key == 1 ? WITNESS_COSIGN : WITNESS_NOT_SIGNED);
        assert_int_equal(witness_judge(&two, &own, &request.parsed, &none, 5000, 0, NULL).answer,
                         key <= 2 ? WITNESS_COSIGN : WITNESS_NOT_SIGNED);
    }
    assert_null(witness_log_find(&two, 1, "reports.example/other"));
    assert_ptr_equal(witness_log_find(&two, 1, WORLD_ORIGIN), &two);
}

/* What we have signed ourselves and do not remember. */
static void test_own_store_went_back(void **state)
{
    (void)state;
    char note[WORLD_NOTE_MAX];
    struct world_request request;
    struct world_history other;
    struct witness_head head = head_of(&honest, 30);
    world_history(&other, 1, 0);
    const struct {
        const struct world_history *history;
        uint64_t size;
        enum witness_answer answer;
    } cases[] = {{&honest, 31, WITNESS_WENT_BACK},
                 {&honest, 30, WITNESS_COSIGN},
                 {&other, 30, WITNESS_WENT_BACK},
                 {&other, 29, WITNESS_MALFORMED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t len = world_note(cases[i].history, cases[i].size, 1, true, note);
        request.len = (size_t)snprintf((char *)request.bytes, sizeof request.bytes,
                                       "old 30\n\n%.*s", (int)len, note);
        world_parse(&request);
        assert_int_equal(judged(&request, &head).answer, cases[i].answer);
    }
}

static void test_clock(void **state)
{
    (void)state;
    struct world_request request;
    const struct witness_head head = head_of(&honest, 3);
    static const struct {
        int64_t clock_s, last_s;
        enum witness_answer answer;
        int64_t signed_s;
    } cases[] = {
        {5000, 4999, WITNESS_COSIGN, 5000},
        {5000, 5000, WITNESS_COSIGN, 5000},
        {5000, 5001, WITNESS_COSIGN, 5001},
        {5000, 5000 + WITNESS_CLOCK_BACK_MAX_S, WITNESS_COSIGN, 5000 + WITNESS_CLOCK_BACK_MAX_S},
        {5000, 5001 + WITNESS_CLOCK_BACK_MAX_S, WITNESS_CLOCK_BACK, 0},
        {0, 0, WITNESS_COSIGN, 0},
        {-1, 0, WITNESS_CLOCK_BACK, 0},
    };
    world_request(&request, &honest, 3, 9);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct witness_verdict verdict = witness_judge(
            &log_, &own, &request.parsed, &head, cases[i].clock_s, cases[i].last_s, NULL);
        assert_int_equal(verdict.answer, cases[i].answer);
        assert_int_equal(verdict.next.time_s, cases[i].signed_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_rollback_and_replay),
        cmocka_unit_test(test_damaged_proofs),
        cmocka_unit_test(test_damaged_notes),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_own_store_went_back),
        cmocka_unit_test(test_clock),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
