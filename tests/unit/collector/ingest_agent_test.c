/* What does an office come to that reports over breaking links, to a collector that crashes, comes
 * back from a backup, or takes less at a time? Both cores are the real ones.
 */
#include "ingest_pair.h"

#include <stdlib.h>

static void a_lone_report(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    ingest_start(&g, NULL);
    pair_start(&p, &g, "moh");
    pair_pass_time(&p, ESEP_MINUTE);
    assert_int_equal(pair_status(&p).state, AGENT_ONLINE);
    assert_int_equal(p.mails, 1); /* the plan */
    pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    assert_int_equal(p.receipts, 1); /* at once: no time has passed */
    assert_int_equal(pair_status(&p).receipted_seq, 1);
    assert_int_equal(agent_counter(p.agent, AGENT_RECEIPTS_REFUSED), 0);
    assert_int_equal(agent_counter(p.agent, AGENT_FRAMES_DROPPED), 0);
    assert_int_equal(agent_counter(p.agent, AGENT_REFUSALS_SIGNED), 0);
    ingest_assert_replay(&g);
    pair_end(&p);
    ingest_end(&g);
}

static void a_backlog_of_ten_thousand(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    ingest_start(&g, NULL);
    pair_start(&p, &g, "moh");
    for (int i = 0; i < 10000; i++)
        pair_write(&p, KEY_1_MOH);
    esep_time before = g.world.now;
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    assert_int_equal(pair_status(&p).receipted_seq, 10000);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 10000);
    assert_int_equal(p.promises, 1);
    assert_true(p.committed_at >= before && p.committed_at <= before + ESEP_MINUTE);
    assert_int_equal(agent_counter(p.agent, AGENT_REFUSALS_SIGNED), 0);
    const uint64_t sent = agent_counter(p.agent, AGENT_BYTES_SENT);
    assert_true(agent_counter(p.agent, AGENT_BYTES_SPARED) > 2 * sent);
    pair_end(&p);
    ingest_end(&g);
}

/* An office of before there were dictionaries, or one that is told not to pack. */
static void an_office_that_does_not_pack(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    ingest_start(&g, NULL);
    pair_start(&p, &g, "moh");
    agent_free(p.agent);
    p.plain = true;
    pair_agent_start(&p);
    for (int i = 0; i < 500; i++)
        pair_write(&p, KEY_1_MOH);
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    assert_int_equal(pair_status(&p).receipted_seq, 500);
    assert_int_equal(p.mails, 1);
    assert_int_equal(agent_counter(p.agent, AGENT_REFUSALS_SIGNED), 0);
    assert_int_equal(agent_counter(p.agent, AGENT_BYTES_SPARED), 0);
    pair_end(&p);
    ingest_end(&g);
}

static void batches_of_128(struct collector_config *config)
{
    config->batch_records_max = 128;
}

/* The office would put thousands of entries under one head; WELCOME says how many fit. */
static void a_backlog_larger_than_a_batch(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    ingest_start(&g, batches_of_128);
    pair_start(&p, &g, "moh");
    for (int i = 0; i < 700; i++)
        pair_write(&p, KEY_1_MOH);
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    assert_int_equal(pair_status(&p).receipted_seq, 700);
    assert_int_equal(agent_counter(p.agent, AGENT_REFUSALS_SIGNED), 0);
    pair_end(&p);
    ingest_end(&g);
}

static void links_break_and_the_collector_crashes(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    struct esep_prng prng = {.state = 99};
    ingest_start(&g, NULL);
    pair_start(&p, &g, "moh");
    for (int round = 0; round < 40; round++) {
        for (uint64_t n = esep_prng_below(&prng, 60); n > 0; n--)
            pair_write(&p, KEY_1_MOH);
        p.cut = esep_prng_below(&prng, 3) == 0;
        pair_settle(&p);
        if (esep_prng_below(&prng, 4) == 0)
            ingest_restart(&g);
        if (esep_prng_below(&prng, 4) == 0)
            agent_on_disconnected(p.agent, g.world.now);
        pair_pass_time(&p, (esep_time)(1 + esep_prng_below(&prng, 300)) * ESEP_SECOND);
    }
    p.cut = false;
    p.office->online = true;
    pair_pass_time(&p, 2 * ESEP_HOUR);
    assert_int_equal(pair_status(&p).state, AGENT_ONLINE);
    assert_int_equal(pair_status(&p).receipted_seq, p.office->seq);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), p.office->seq);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
    ingest_assert_replay(&g);
    pair_end(&p);
    ingest_end(&g);
}

static void a_lost_receipt_comes_again(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    ingest_start(&g, NULL);
    pair_start(&p, &g, "moh");
    pair_pass_time(&p, ESEP_MINUTE);
    p.office->hear = NULL; /* what the collector says goes nowhere */
    p.office->online = false;
    pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1);
    assert_int_equal(p.receipts, 0);
    ingest_restart(&g); /* and the collector forgets that it ever said it */
    p.office->hear = pair_hear;
    pair_pass_time(&p, 30 * ESEP_MINUTE);
    assert_int_equal(pair_status(&p).receipted_seq, 1);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1);
    pair_end(&p);
    ingest_end(&g);
}

/* The log has another key since the backup that it is put back from: it says so again, in its new
 * generation, and an office that knows the old one learns it from the refusal of its lost session.
 */
static void a_log_put_back_from_before_its_key(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {0x4b};
    struct esep_log_key key = {.size = 1000, .at = 5};
    struct esep_sign_key fresh;
    struct ingest g;
    struct pair p;
    ingest_start(&g, NULL);
    pair_start(&p, &g, "moh");
    pair_pass_time(&p, ESEP_MINUTE);
    pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    assert_int_equal(p.receipts, 1);
    struct signer_keys *signer = &g.signing.memory.keys;
    esep_sign_key_from_seed(&fresh, seed);
    esep_log_keys_begin(&signer->known, signer->present.public);
    esep_log_key_sign(&g.log_id, &signer->present, &fresh, &key);
    assert_int_equal(esep_log_keys_push(&signer->known, signer->present.public, &key), ESEP_OK);
    signer->present = fresh;
    g.config.log_keys = signer->known;
    g.config.generation = 1600000000;
    ingest_restart(&g);
    p.office->online = true;
    pair_write(&p, KEY_1_MOH);
    pair_pass_time(&p, 20 * ESEP_SECOND);
    assert_int_equal(p.receipts, 2);
    assert_int_equal(p.journal.log_keys.count, 2);
    assert_int_equal(agent_counter(p.agent, AGENT_REFUSALS_SIGNED), 1);
    assert_int_equal(agent_counter(p.agent, AGENT_FRAMES_DROPPED), 0);
    assert_int_equal(ingest_log_count(&g, LOG(LOG_KEY)), 1);
    ingest_restart(&g); /* once is enough */
    assert_int_equal(ingest_log_count(&g, LOG(LOG_KEY)), 1);
    ingest_assert_replay(&g);
    pair_end(&p);
    ingest_end(&g);
}

static void a_restored_journal_is_told_to_recover(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    ingest_start(&g, NULL);
    pair_start(&p, &g, "moh");
    pair_pass_time(&p, ESEP_MINUTE);
    for (int i = 0; i < 5; i++)
        pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    agent_free(p.agent);
    p.office->seq = 3; /* yesterday's copy of the disk */
    for (int i = 4; i <= 5; i++)
        free((void *)(uintptr_t)p.office->entries[i].data);
    p.journal.last_seq = p.journal.receipted_seq = p.journal.promised_seq = 3;
    p.journal.head = p.office->chain[3];
    pair_agent_start(&p);
    pair_pass_time(&p, ESEP_MINUTE);
    assert_int_equal(pair_status(&p).state, AGENT_STOPPED);
    assert_int_equal(pair_status(&p).why, AGENT_WHY_BEHIND);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1);
    pair_end(&p);
    ingest_end(&g);
}

static void start_epoch(struct pair *p, uint32_t epoch, uint64_t last)
{
    agent_free(p->agent);
    p->journal = (struct agent_journal){.epoch = epoch,
                                        .last_seq = last,
                                        .head = p->office->chain[last],
                                        .oldest_seq = 1,
                                        .base = p->office->chain[0],
                                        .receipted_seq = last,
                                        .promised_seq = last,
                                        .mail_through = p->journal.mail_through};
    if (last == 0)
        p->journal.head = p->journal.base =
            esep_chain_start(&p->g->log_id, p->office->number, epoch, p->office->sign.public);
}

/* The collector came back from a backup that has three of five receipted entries of an epoch that
 * the office has left: the other two go first, under their old numbers. */
static void an_older_epoch_goes_first(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    ingest_start(&g, NULL);
    pair_start(&p, &g, "moh");
    pair_pass_time(&p, ESEP_MINUTE);
    for (int i = 0; i < 3; i++)
        pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    agent_on_disconnected(p.agent, g.world.now);
    pair_write(&p, KEY_1_MOH); /* the lost log had these, and gave receipts */
    pair_write(&p, KEY_1_MOH);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 3);

    start_epoch(&p, 2, 0);
    p.journal.older_epoch = 1;
    p.journal.older_seq = 5;
    pair_agent_start(&p);
    pair_pass_time(&p, ESEP_MINUTE);
    struct agent_status s = pair_status(&p);
    assert_int_equal(s.state, AGENT_STOPPED);
    assert_int_equal(s.why, AGENT_WHY_OLDER);
    assert_int_equal(s.held_epoch, 1);
    assert_int_equal(s.held_seq, 3);
    assert_memory_equal(s.held_head.bytes, p.office->chain[3].bytes, ESEP_HASH_BYTES);
    assert_false(s.all_held);

    start_epoch(&p, 1, 5);
    pair_agent_start(&p);
    pair_pass_time(&p, ESEP_MINUTE);
    assert_true(pair_status(&p).all_held);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 5);
    assert_int_equal(views_office(g.world.views, p.office->number)->epoch, 1);

    start_epoch(&p, 2, 0);
    p.journal.older_epoch = 1;
    p.journal.older_seq = 5;
    pair_agent_start(&p);
    pair_pass_time(&p, ESEP_MINUTE);
    assert_int_equal(pair_status(&p).state, AGENT_ONLINE);
    assert_true(pair_status(&p).all_held);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
    ingest_assert_replay(&g);
    pair_end(&p);
    ingest_end(&g);
}

/* Where it was found not to fit this very head, it is asked for no more; with another it is. */
static void an_older_epoch_that_does_not_fit_is_passed_over(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    ingest_start(&g, NULL);
    pair_start(&p, &g, "moh");
    pair_pass_time(&p, ESEP_MINUTE);
    pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    for (int right = 0; right < 2; right++) {
        start_epoch(&p, 2, 0);
        p.journal.older_epoch = 1;
        p.journal.older_seq = 5;
        p.journal.older_passed = true;
        p.journal.older_passed_head = p.office->chain[right];
        pair_agent_start(&p);
        pair_pass_time(&p, ESEP_MINUTE);
        assert_int_equal(pair_status(&p).state, right ? AGENT_ONLINE : AGENT_STOPPED);
    }
    pair_end(&p);
    ingest_end(&g);
}

/* New keys go up once all is received; a lost answer is made good by the next greeting. */
static void new_keys_go_up_when_all_is_received(void **state)
{
    (void)state;
    for (int lost = 0; lost < 2; lost++) {
        struct ingest g;
        struct pair p;
        uint8_t seed[32] = {0x72};
        ingest_start(&g, NULL);
        pair_start(&p, &g, "moh");
        agent_free(p.agent);
        esep_sign_key_from_seed(&p.next, seed);
        memset(p.next_curve, 0x91, sizeof p.next_curve);
        p.rotate = true;
        pair_agent_start(&p);
        pair_write(&p, KEY_1_MOH);
        g.auto_commit = lost == 0;
        pair_settle(&p);
        if (lost != 0) {
            pair_pass_time(&p, ESEP_SECOND);
            while (g.pending != NULL && ingest_log_count(&g, LOG(KEY)) < 2) {
                ingest_commit(&g, ESEP_OK);
                for (size_t i = 0; ingest_log_count(&g, LOG(KEY)) == 2 && i < p.down_count; i++)
                    free((void *)(uintptr_t)p.down[i].data);
                if (ingest_log_count(&g, LOG(KEY)) == 2)
                    p.down_count = 0; /* the answer is lost on its way */
                pair_settle(&p);
            }
            g.auto_commit = true;
            assert_int_equal(pair_status(&p).why, AGENT_WHY_NONE);
            agent_on_disconnected(p.agent, g.world.now);
            pair_pass_time(&p, ESEP_MINUTE);
        }
        assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1);
        assert_int_equal(ingest_log_count(&g, LOG(KEY)), 2);
        assert_int_equal(pair_status(&p).state, AGENT_STOPPED);
        assert_int_equal(pair_status(&p).why, AGENT_WHY_ROTATED);
        assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
        p.office->sign = p.next;
        memcpy(p.office->curve, p.next_curve, 32);
        p.rotate = false;
        start_epoch(&p, 2, 0);
        pair_agent_start(&p);
        pair_pass_time(&p, ESEP_MINUTE);
        assert_true(pair_status(&p).all_held);
        assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
        pair_end(&p);
        ingest_end(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lone_report),
        cmocka_unit_test(a_backlog_of_ten_thousand),
        cmocka_unit_test(an_office_that_does_not_pack),
        cmocka_unit_test(a_backlog_larger_than_a_batch),
        cmocka_unit_test(links_break_and_the_collector_crashes),
        cmocka_unit_test(a_lost_receipt_comes_again),
        cmocka_unit_test(an_older_epoch_goes_first),
        cmocka_unit_test(new_keys_go_up_when_all_is_received),
        cmocka_unit_test(an_older_epoch_that_does_not_fit_is_passed_over),
        cmocka_unit_test(a_log_put_back_from_before_its_key),
        cmocka_unit_test(a_restored_journal_is_told_to_recover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
