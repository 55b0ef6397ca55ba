/* Is a receipt read as it was written, and nothing taken in that has no proof, or says what cannot
 * be? Whether a proof holds is agent_core_tree's question.
 */
#include "../base/fixture.h"
#include "wire/receipt.h"
#include "wire/statement.h"
#include "wire/unpack.h"

struct shown {
    Esep__V1__Receipt message;
    Esep__V1__Proof proof, promise;
    Esep__V1__Growth growth;
    Esep__V1__Commitment said, promised;
    struct esep_commitment c, p;
    struct esep_hash root;
};

static void fill(void *out, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)(first + i);
}

static const struct esep_receipt entries = {
    .kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
    .office = 7,
    .epoch = 2,
    .first_seq = 11,
    .through_seq = 12,
    .first_index = 13,
    .last_index = 15,
    .accepted_at = 1357000000000000,
    .checkpoint_size = 20,
};

static void show(struct shown *s, const struct esep_receipt *r)
{
    *s = (struct shown){.c = {.office = r->office, .epoch = r->epoch, .seq = r->through_seq}};
    fill(s->c.head.bytes, 32, 0x40);
    fill(s->root.bytes, 32, 0x60);
    s->p = s->c;
    s->p.head.bytes[0]++;
    esep_receipt_write(r, &s->message);
    esep__v1__proof__init(&s->proof);
    esep__v1__proof__init(&s->promise);
    esep__v1__growth__init(&s->growth);
    esep_commitment_write(&s->c, &s->said);
    esep_commitment_write(&s->p, &s->promised);
    s->proof.commitment = &s->said;
    s->proof.growth = &s->growth;
    s->proof.index =
        r->last_index + (r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES ? 1 : 0);
    s->proof.accepted_at_us = r->accepted_at;
    s->growth.size = r->checkpoint_size;
    s->growth.root = esep_pb(s->root.bytes, sizeof s->root.bytes);
    s->promise.commitment = &s->promised;
    s->promise.index = 9;
    s->promise.accepted_at_us = 5;
    s->message.proof = &s->proof;
}

static void test_a_receipt_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct shown s;
    struct esep_receipt back;
    show(&s, &entries);
    assert_int_equal(esep_receipt_read(&s.message, &back), ESEP_OK);
    struct esep_receipt meant = entries;
    meant.head = s.c.head;
    meant.checkpoint_root = s.root;
    assert_memory_equal(&back, &meant, sizeof back);
    assert_int_equal(esep_receipt_promise(&s.message, &back, &back), ESEP_NOT_FOUND);
    s.growth.root.len = 0; /* it did not grow: the office has the root */
    assert_int_equal(esep_receipt_read(&s.message, &back), ESEP_OK);
    assert_int_equal(back.checkpoint_size, 20);

    struct esep_receipt promise = entries;
    promise.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT;
    promise.first_seq = promise.through_seq;
    promise.first_index = promise.last_index;
    show(&s, &promise);
    assert_int_equal(s.message.first_seq, 0); /* of a promise nothing is believed */
    assert_int_equal(esep_receipt_read(&s.message, &back), ESEP_OK);
    promise.head = s.c.head;
    promise.checkpoint_root = s.root;
    assert_memory_equal(&back, &promise, sizeof back);
    s.message.first_seq = 1;
    assert_int_equal(esep_receipt_read(&s.message, &back), ESEP_INVALID);
    show(&s, &promise);
    s.message.promise = &s.promise;
    assert_int_equal(esep_receipt_read(&s.message, &back), ESEP_INVALID);
}

static void spoil(struct shown *s, int what)
{
    Esep__V1__Receipt *m = &s->message;
    switch (what) {
    case 0:
        m->proof = NULL;
        break;
    case 1:
        s->proof.growth = NULL;
        break;
    case 2:
        s->proof.commitment = NULL;
        break;
    case 3:
        s->said.head.len--;
        break;
    case 4:
        s->said.signature.len--;
        break;
    case 5:
        m->kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_UNSPECIFIED;
        break;
    case 6:
        m->kind = (Esep__V1__ReceiptKind)0x102;
        break;
    case 7:
        m->first_seq = 0;
        break;
    case 8:
        m->first_seq = 13; /* behind the last */
        break;
    case 9:
        m->first_index = 15; /* one place for two entries */
        break;
    case 10:
        m->first_index = UINT64_MAX;
        break;
    case 11:
        s->said.seq = 0;
        break;
    default:
        s->proof.index = 0; /* no entry before the closing one */
        break;
    }
}

static void test_what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct esep_receipt back;
    for (int what = 0; what <= 12; what++) {
        struct shown s;
        show(&s, &entries);
        spoil(&s, what);
        assert_int_equal(esep_receipt_read(&s.message, &back), ESEP_INVALID);
    }
    assert_int_equal(esep_receipt_read(NULL, &back), ESEP_INVALID);
}

static void test_a_promise_that_came_along(void **state)
{
    (void)state;
    struct esep_receipt back;
    for (int what = 0; what < 6; what++) {
        struct shown s;
        struct esep_receipt promise;
        show(&s, &entries);
        s.message.promise = &s.promise;
        if (what == 1)
            s.promise.growth = &s.growth;
        else if (what == 2)
            s.promised.office++;
        else if (what == 3)
            s.promised.epoch++;
        else if (what == 4)
            s.promise.index = 16; /* the closing entry's */
        else if (what == 5)
            s.promise.commitment = NULL;
        assert_int_equal(esep_receipt_read(&s.message, &back), ESEP_OK);
        assert_int_equal(esep_receipt_promise(&s.message, &back, &promise),
                         what == 0 ? ESEP_OK : ESEP_INVALID);
        if (what > 0)
            continue;
        assert_int_equal(promise.kind, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT);
        assert_int_equal(promise.accepted_at, 5);
        assert_int_equal(promise.first_index, 9);
        assert_int_equal(promise.last_index, 9);
        assert_int_equal(promise.first_seq, 12);
        assert_int_equal(promise.checkpoint_size, 20);
        assert_true(esep_hash_equal(&promise.head, &s.p.head));
    }
}

static void test_which_was_there_before(void **state)
{
    (void)state;
    struct esep_receipt promise = {.accepted_at = 5, .last_index = 9};
    const struct esep_receipt receipt = {.accepted_at = 6, .last_index = 10};
    assert_true(esep_promise_before(&promise, &receipt));
    promise.accepted_at = 6;
    assert_true(esep_promise_before(&promise, &receipt));
    promise.last_index = 11;
    assert_false(esep_promise_before(&promise, &receipt));
    promise.accepted_at = 7;
    promise.last_index = 1;
    assert_false(esep_promise_before(&promise, &receipt));
}

static void test_a_file_s_receipt(void **state)
{
    (void)state;
    struct esep_evidence e = {.office = 7,
                              .size_bytes = 2097152,
                              .log_index = 13,
                              .accepted_at = 9,
                              .checkpoint_size = 16};
    struct esep_evidence back;
    struct shown s;
    Esep__V1__EvidenceReceipt message;
    Esep__V1__FileName file;
    show(&s, &entries);
    fill(e.sha256.bytes, 32, 0x40);
    e.checkpoint_root = s.root;
    esep_evidence_write(&e, &message, &file);
    s.proof.index = e.log_index;
    s.proof.accepted_at_us = e.accepted_at;
    s.growth.size = e.checkpoint_size;
    assert_int_equal(esep_evidence_read(&message, 7, &back), ESEP_INVALID); /* no proof */
    message.proof = &s.proof;
    assert_int_equal(esep_evidence_read(&message, 7, &back), ESEP_OK);
    assert_memory_equal(&back, &e, sizeof back);
    file.sha256.len--;
    assert_int_equal(esep_evidence_read(&message, 7, &back), ESEP_INVALID);
    file.sha256.len++;
    file.size_bytes = 0; /* nothing is evidence of nothing */
    assert_int_equal(esep_evidence_read(&message, 7, &back), ESEP_INVALID);
    file.size_bytes = 1;
    s.proof.growth = NULL;
    assert_int_equal(esep_evidence_read(&message, 7, &back), ESEP_INVALID);
    s.proof.growth = &s.growth;
    message.file = NULL;
    assert_int_equal(esep_evidence_read(&message, 7, &back), ESEP_INVALID);
    assert_int_equal(esep_evidence_read(NULL, 7, &back), ESEP_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_receipt_is_read_as_it_was_written),
        cmocka_unit_test(test_what_cannot_be_is_refused),
        cmocka_unit_test(test_a_promise_that_came_along),
        cmocka_unit_test(test_which_was_there_before),
        cmocka_unit_test(test_a_file_s_receipt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
