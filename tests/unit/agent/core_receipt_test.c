/* Which receipts count: is every one that is not ours, not proven, or not of this chain refused,
 * and does what is refused, early or late cost nothing but time? */
#include "core_world.h"

#define TEST(name) static void name(void **state)
#define WORLD(w)                                                                                   \
    (void)state;                                                                                   \
    struct world *w = world_new(7)

static void write_many(struct world *w, int count)
{
    for (int i = 0; i < count; i++)
        office_write(w, 50);
}

/* Five entries held by the collector, whose receipt has not come. */
static void send_five(struct world *w)
{
    write_many(w, 5);
    w->model.mute_receipts = true;
    w->model.no_receipt_after_welcome = true;
    office_start(w);
    world_run(w);
    assert_int_equal(w->model.seq, 5);
    assert_int_equal(w->disk.receipted_seq, 0);
    w->model.mute_receipts = false;
}

static struct esep_receipt receipt_of(const struct world *w, uint64_t through)
{
    const struct model *m = &w->model;
    return (struct esep_receipt){
        .kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
        .office = WORLD_OFFICE,
        .epoch = m->epoch,
        .first_seq = 1,
        .through_seq = through,
        .head = m->heads[through],
        .first_index = 0,
        .accepted_at = w->now,
    };
}

/* Under the log's own signature: what is wrong with it is what it says. */
static void send(struct world *w, struct esep_receipt r)
{
    Esep__V1__Receipt message;
    esep_receipt_write(&r, &message);
    struct fake_proof proof;
    model_prove(w, &r, &proof);
    message.proof = &proof.message;
    model_send(w, ESEP__V1__KIND__KIND_RECEIPT, &message.base);
    link_down_one(w);
}

static void refused_and_left(struct world *w)
{
    struct agent_status s = office_status(w);
    assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED), 1);
    assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS), 0);
    assert_int_equal(s.state, AGENT_OFFLINE);
    assert_int_equal(s.why, AGENT_WHY_PROTOCOL);
    office_effects(w);
    assert_int_equal(w->receipt_count, 0);
    assert_int_equal(w->disk.receipted_seq, 0);
    /* It costs a session, no more. */
    w->model.no_receipt_after_welcome = false;
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
}

TEST(a_receipt_of_another_office)
{
    WORLD(w);
    send_five(w);
    struct esep_receipt r = receipt_of(w, 5);
    r.office++;
    send(w, r);
    refused_and_left(w);
    world_free(w);
}

TEST(a_receipt_of_another_epoch)
{
    WORLD(w);
    send_five(w);
    struct esep_receipt r = receipt_of(w, 5);
    r.epoch++;
    send(w, r);
    refused_and_left(w);
    world_free(w);
}

TEST(a_receipt_that_ends_before_it_begins)
{
    WORLD(w);
    send_five(w);
    struct esep_receipt r = receipt_of(w, 5);
    r.first_seq = 6;
    send(w, r);
    refused_and_left(w);
    world_free(w);
}

/* Says where its entries stand, and each needs a place of its own before the closing one. */
static void a_receipt_of_impossible_places(void **state)
{
    for (int what = 0; what < 3; what++) {
        WORLD(w);
        send_five(w);
        struct esep_receipt r = receipt_of(w, 5);
        if (what == 0)
            r.first_index = UINT64_MAX;
        else if (what == 1)
            r.first_index = w->model.log_size + 1 - 4; /* four places for five */
        else
            r.first_seq = 0;
        send(w, r);
        refused_and_left(w);
        world_free(w);
    }
}

/* It proves nothing, whatever it says: there is no other reason to believe it. */
static void a_receipt_without_a_proof(void **state)
{
    for (int what = 0; what < 3; what++) {
        WORLD(w);
        send_five(w);
        struct esep_receipt r = receipt_of(w, 5);
        Esep__V1__Receipt message;
        struct fake_proof proof;
        esep_receipt_write(&r, &message);
        model_prove(w, &r, &proof);
        w->model.tree_seen = w->disk.tree.frontier.size;
        message.proof = what > 0 ? &proof.message : NULL;
        if (what == 1)
            proof.message.growth = NULL;
        else if (what == 2)
            proof.message.commitment = NULL;
        model_send(w, ESEP__V1__KIND__KIND_RECEIPT, &message.base);
        link_down_one(w);
        refused_and_left(w);
        world_free(w);
    }
}

/* A promise of an earlier session, whose receipt was lost, comes along with the entries' receipt
 * and counts as one of its own; what is wrong with it is wrong with the whole, or lets it go. */
enum promised {
    PROMISED,
    PROMISED_AGAIN,  /* what a receipt had said is said once more: the promise is news all the same
                      */
    PROMISED_PLACE,  /* at another place than it has */
    PROMISED_CLOSES, /* its leaf is that of a closing commitment */
    PROMISED_KEY,    /* not signed by this office */
    PROMISED_BEHIND, /* behind the entries that it would prove */
    PROMISED_GROWTH, /* has a growth of its own */
    PROMISED_HEAD,   /* of another life of this journal */
    PROMISED_MORE,   /* promises more than the journal has */
    PROMISED_CASES
};

static void send_with_promise(struct world *w, enum promised what)
{
    struct model *m = &w->model;
    struct esep_commitment c = {
        .office = WORLD_OFFICE, .epoch = m->epoch, .seq = 4, .head = m->heads[4]};
    struct esep_receipt r = receipt_of(w, 5);
    struct fake_proof promise, proof;
    Esep__V1__Receipt message;
    if (what == PROMISED_HEAD)
        c.seq = 5, c.head.bytes[0] ^= 1;
    if (what == PROMISED_MORE)
        c.seq = 6;
    esep_commitment_sign(&m->log_id, &c, what == PROMISED_KEY ? &m->log_key : &w->office_key);
    fake_log_fill(&m->log, m->log_size);
    const uint64_t from = m->tree_seen;
    const uint8_t flags = what == PROMISED_CLOSES ? ESEP_LEAF_CLOSES : 0;
    if (what != PROMISED_BEHIND) {
        fake_prove_commitment(&m->log, &c, w->office_key.public, flags, from, w->now, &promise);
        m->log_size = m->log.tree.size + 8;
    }
    model_prove(w, &r, &proof);
    if (what == PROMISED_BEHIND) {
        fake_prove_commitment(&m->log, &c, w->office_key.public, flags, from, w->now, &promise);
        fake_prove(&m->log, from, proof.place.index, w->now, &proof);
        proof.message.commitment = &proof.commitment_message;
    }
    const uint64_t place = promise.place.index;
    fake_prove(&m->log, from, place, w->now, &promise); /* under the growth of both */
    promise.message.commitment = &promise.commitment_message;
    m->log_size = m->log.tree.size;
    promise.message.index += what == PROMISED_PLACE;
    if (what != PROMISED_GROWTH)
        promise.message.growth = NULL;
    esep_receipt_write(&r, &message);
    message.proof = &proof.message;
    message.promise = &promise.message;
    model_send(w, ESEP__V1__KIND__KIND_RECEIPT, &message.base);
    link_down_one(w);
}

static void a_promise_that_comes_along(void **state)
{
    for (int what = 0; what < PROMISED_CASES; what++) {
        WORLD(w);
        send_five(w);
        const bool again = what == PROMISED_AGAIN;
        const size_t before = again ? 1 : 0;
        if (again) {
            send(w, receipt_of(w, 5));
            office_effects(w);
            assert_int_equal(w->receipt_count, 1);
        }
        send_with_promise(w, (enum promised)what);
        if (what > PROMISED_AGAIN && what < PROMISED_HEAD) {
            refused_and_left(w);
            world_free(w);
            continue;
        }
        office_effects(w);
        assert_int_equal(office_status(w).state, AGENT_ONLINE);
        assert_int_equal(w->disk.receipted_seq, 5);
        const bool kept = what <= PROMISED_AGAIN;
        assert_int_equal(w->receipt_count, kept ? 2 : before + 1);
        assert_int_equal(w->disk.promised_seq, kept ? 4 : 0);
        assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED), kept ? 0 : 1);
        const struct esep_receipt *promise = &w->receipts[before];
        if (kept) {
            assert_int_equal(promise->kind, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT);
            assert_int_equal(promise->through_seq, 4);
            assert_int_equal(promise->first_seq, again ? 4 : 1);
        }
        world_free(w);
    }
}

/* Several greetings that were late are all promises in the log; the session knows the last alone.
 */
TEST(a_promise_of_a_session_before)
{
    WORLD(w);
    send_five(w);
    struct esep_receipt r = receipt_of(w, 3); /* no head of this session */
    r.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT;
    send(w, r);
    office_effects(w);
    assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED), 0);
    assert_int_equal(w->receipt_count, 1);
    assert_int_equal(w->receipts[0].kind, r.kind);
    assert_int_equal(w->receipts[0].through_seq, 3);
    assert_int_equal(w->disk.promised_seq, 3);
    assert_int_equal(w->disk.receipted_seq, 0);
    w->model.no_receipt_after_welcome = false;
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    world_free(w);
}

TEST(a_receipt_that_cannot_be_read)
{
    WORLD(w);
    send_five(w);
    Esep__V1__Receipt message = ESEP__V1__RECEIPT__INIT; /* of no kind, without a proof */
    message.first_seq = 5;
    model_send(w, ESEP__V1__KIND__KIND_RECEIPT, &message.base);
    link_down_one(w);
    refused_and_left(w);
    world_free(w);
}

/* Before our chain is compared, only the receipt of what WELCOME named is kept to be judged. */
TEST(an_early_receipt_of_something_else)
{
    WORLD(w);
    send_five(w);
    office_write(w, 50); /* so that 5 is not an end of the journal: it must be read */
    office_write(w, 50);
    link_break(w);
    office_sleep(w, ESEP_MINUTE);
    office_effects(w);
    assert_true(link_up_one(w));   /* HELLO */
    assert_true(link_down_one(w)); /* WELCOME; the READ waits */
    queue_clear(&w->down);
    w->model.tree_seen = w->disk.tree.frontier.size; /* what was in it is lost */
    uint64_t before = agent_counter(w->agent, AGENT_RECEIPTS_REFUSED);
    send(w, receipt_of(w, 3)); /* no head of this session */
    assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED), before + 1);
    send(w, receipt_of(w, 5)); /* kept: neither refused nor counted yet */
    assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED), before + 1);
    assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS), 0);
    office_effects(w); /* READ and its answer */
    assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS), 1);
    assert_int_equal(w->disk.receipted_seq, 5);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 7);
    world_free(w);
}

/* The early receipt is judged only where there is room for it; if not, it is asked for again. */
TEST(an_early_receipt_without_room)
{
    WORLD(w);
    write_many(w, 300);
    w->config.group_entries = 1;
    w->hold_stores = true;
    office_start(w);
    /* The store is held; beside it 62 receipts gather: room for one more, and its promise. */
    for (;;) {
        office_effects(w);
        link_up_one(w);
        if (w->held != NULL &&
            agent_counter(w->agent, AGENT_RECEIPTS) == w->held->receipt_count + 62)
            break;
        link_down_one(w);
    }
    assert_true(agent_ready(w->agent));
    uint64_t held_there = w->model.seq;
    assert_true(held_there > 0 && held_there < 300);
    link_break(w);
    office_write(w, 50); /* a head that was not promised yet: its receipt takes the room */
    office_sleep(w, ESEP_MINUTE);
    office_effects(w);
    assert_true(link_up_one(w));
    assert_true(link_down_one(w)); /* WELCOME */
    assert_true(link_down_one(w)); /* the receipt of what is held: early */
    assert_true(link_down_one(w)); /* the promise's */
    assert_false(agent_ready(w->agent));
    office_effects(w); /* READ: the chain is compared; the early one finds no room */
    assert_int_equal(w->disk.receipted_seq, 0);
    w->hold_stores = false;
    office_store_now(w, ESEP_OK);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_int_equal(w->model.repeats, 0);
    world_free(w);
}

static void send_mail(struct world *w, uint64_t number, uint64_t index, uint64_t total,
                      uint64_t offset, size_t len)
{
    static uint8_t data[300];
    Esep__V1__Mail mail = ESEP__V1__MAIL__INIT;
    memset(data, (int)('a' + number % 26), sizeof data);
    mail.number = number;
    mail.log_index = index;
    mail.total_bytes = total;
    mail.offset = offset;
    mail.data = esep_pb(data, len);
    model_send(w, ESEP__V1__KIND__KIND_MAIL, &mail.base);
    link_down_one(w);
}

/* Mail travels with receipts into one STORE; an item may be empty. */
TEST(an_item_without_bytes)
{
    WORLD(w);
    w->model.mail_bytes = 0;
    office_start(w);
    world_run(w);
    send_mail(w, 1, 1001, 0, 0, 0);
    office_effects(w);
    assert_int_equal(w->disk.mail_through, 1);
    assert_int_equal(w->mails_stored, 1);
    world_free(w);
}

/* A part that does not carry on what is there is let go, and the item is asked for from its start.
 */
TEST(parts_that_do_not_belong_together)
{
    static const struct {
        uint64_t number, index, total, offset;
        size_t len;
    } strange[] = {
        {2, 1001, 100, 50, 50}, /* of another item */
        {1, 1002, 100, 50, 50}, /* of another entry under this number */
        {1, 1001, 99, 50, 49},  /* of another length */
        {1, 1001, 100, 60, 40}, /* not the next one */
        {1, 1001, 100, 50, 51}, /* more than there is */
        {1, 1001, 100, 50, 0},  /* nothing, and it would go on for ever */
    };
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        WORLD(w);
        office_start(w);
        world_run(w);
        send_mail(w, 1, 1001, 100, 0, 50);
        send_mail(w, strange[i].number, strange[i].index, strange[i].total, strange[i].offset,
                  strange[i].len);
        assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), 1);
        send_mail(w, 1, 1001, 100, 50, 50); /* its first half is forgotten */
        office_effects(w);
        assert_int_equal(w->disk.mail_through, 0);
        w->model.mail_last = 1;
        office_advance(w, 2 * ESEP_SECOND);
        world_run(w);
        assert_int_equal(w->disk.mail_through, 1);
        assert_int_equal(agent_counter(w->agent, AGENT_MAILS), 1);
        world_free(w);
    }
}

/* Sixty-four items wait for one STORE; the next one is asked for again later. */
TEST(no_more_mail_waits_than_a_store_takes)
{
    WORLD(w);
    w->hold_stores = true;
    office_start(w);
    world_run(w); /* the view's STORE is under way */
    assert_non_null(w->held);
    for (uint64_t n = 1; n <= 65; n++)
        send_mail(w, n, 1000 + n, 100, 0, 100);
    assert_int_equal(agent_counter(w->agent, AGENT_MAILS), 64);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), 1);
    office_store_now(w, ESEP_OK);
    office_effects(w);
    office_store_now(w, ESEP_OK);
    assert_int_equal(w->disk.mail_through, 64);
    world_free(w);
}

TEST(an_entry_too_long_for_any_frame_is_refused_with_a_word)
{
    (void)state;
    static char texts[20000];
    Esep__V1__Report report;
    Esep__V1__Indicator indicator;
    Esep__V1__Indicator *indicators[64];
    Esep__V1__JournalEntry entry;
    uint8_t nonce[AGENT_NONCE_BYTES] = {1};
    char obligation[] = "kz-1347-2012/annual/-/moj/2012-01-01..2012-12-31";
    struct esep_reason reason = {{0}};
    struct esep_buf out, narrow;
    memset(texts, '7', sizeof texts - 1);
    esep__v1__report__init(&report);
    esep__v1__indicator__init(&indicator);
    esep__v1__journal_entry__init(&entry);
    indicator.name = indicator.breakdown = texts + sizeof texts - 1 - 128;
    indicator.value = indicator.target = texts + sizeof texts - 1 - 32;
    report.obligation = obligation;
    report.revision = 1;
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS;
    report.narrative = texts + sizeof texts - 1 - 16384;
    report.obstacles = report.delay_reasons = report.next_steps = texts + sizeof texts - 1 - 4096;
    report.indicators = indicators;
    for (size_t i = 0; i < 64; i++)
        indicators[i] = &indicator;
    entry.nonce = esep_pb(nonce, sizeof nonce);
    entry.written_at_us = 1;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    esep_buf_init(&out, 1u << 20);
    report.n_indicators = 64;
    assert_true(esep__v1__journal_entry__get_packed_size(&entry) > AGENT_ENTRY_BYTES_MAX);
    assert_int_equal(agent_entry_pack(&entry, &out, &reason), ESEP_LIMIT);
    assert_non_null(strstr(reason.text, "shorten"));
    assert_int_equal(out.len, 0);
    report.n_indicators = 40;
    assert_int_equal(agent_entry_pack(&entry, &out, &reason), ESEP_OK);
    /* A buffer that is too narrow is not the clerk's fault, and holds nothing afterwards. */
    esep_buf_init(&narrow, 100);
    assert_int_equal(agent_entry_pack(&entry, &narrow, &reason), ESEP_LIMIT);
    assert_int_equal(narrow.len, 0);
    esep_buf_done(&narrow);
    esep_buf_done(&out);
}

TEST(a_head_quotes_the_checkpoint_it_was_given)
{
    WORLD(w);
    office_write(w, 10);
    struct agent_head head = {WORLD_OFFICE, 1, w->last, w->disk.head};
    const struct esep_hash root = {{9}};
    struct esep_commitment with, without;
    agent_head_commit(&head, &w->model.log_id, &w->office_key, 5, 12, &root, &with);
    agent_head_commit(&head, &w->model.log_id, &w->office_key, 5, 0, &root, &without);
    assert_int_equal(with.checkpoint_size, 12);
    assert_true(esep_hash_equal(&with.checkpoint_root, &root));
    assert_false(esep_hash_equal(&without.checkpoint_root, &root)); /* none was seen: none quoted */
    assert_true(esep_commitment_verify(&w->model.log_id, &with, w->office_key.public));
    assert_true(esep_commitment_verify(&w->model.log_id, &without, w->office_key.public));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_of_another_office),
        cmocka_unit_test(a_receipt_of_another_epoch),
        cmocka_unit_test(a_receipt_that_ends_before_it_begins),
        cmocka_unit_test(a_receipt_of_impossible_places),
        cmocka_unit_test(a_receipt_without_a_proof),
        cmocka_unit_test(a_promise_that_comes_along),
        cmocka_unit_test(a_promise_of_a_session_before),
        cmocka_unit_test(a_receipt_that_cannot_be_read),
        cmocka_unit_test(an_early_receipt_of_something_else),
        cmocka_unit_test(an_early_receipt_without_room),
        cmocka_unit_test(an_item_without_bytes),
        cmocka_unit_test(parts_that_do_not_belong_together),
        cmocka_unit_test(no_more_mail_waits_than_a_store_takes),
        cmocka_unit_test(an_entry_too_long_for_any_frame_is_refused_with_a_word),
        cmocka_unit_test(a_head_quotes_the_checkpoint_it_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
