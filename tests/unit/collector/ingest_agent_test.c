/* tests/unit/collector/ingest_agent_test.c - the agent's core and ingest, face to face.
 *
 * Both sides have tests against scripts of the other. Here they talk to each other: what one means
 * and the other reads must be the same. The journal is an array, the broker a pair of queues that
 * can be cut.
 */
#include "agent/agent.h"
#include "ingest_world.h"

#include <stdlib.h>

#define QUEUE 512

struct pair {
    struct ingest *g;
    struct sim_office *office; /* its keys and its journal */
    struct agent *agent;
    struct agent_journal journal;
    struct agent_entry *entries;
    struct esep_slice down[QUEUE]; /* to the agent */
    size_t down_count;
    size_t receipts, promises, mails;
    esep_time committed_at;    /* of the newest receipt */
    bool cut;                  /* the link takes frames and loses them */
    bool plain;                /* the office does not pack */
    struct esep_sign_key next; /* with rotate: the keys that are to follow */
    uint8_t next_curve[32];
    bool rotate;
};

static void hear(void *context, struct esep_slice frame)
{
    struct pair *p = context;
    uint8_t *copy = malloc(frame.len + 1);
    assert_non_null(copy);
    memcpy(copy, frame.data, frame.len);
    assert_true(p->down_count < QUEUE);
    p->down[p->down_count++] = esep_slice(copy, frame.len);
}

static void agent_start(struct pair *p)
{
    struct agent_config config = {.broker_count = 1};
    struct esep_reason reason;
    config.log_id = p->g->log_id;
    memcpy(config.log_public, p->g->signing.memory.key.public, 32);
    memcpy(config.seal_public, p->g->config.seal_key.public, 32);
    config.office = p->office->number;
    config.sign_key = p->office->sign;
    memcpy(config.curve_public, p->office->curve, 32);
    config.rotate = p->rotate;
    config.next_sign_key = p->next;
    memcpy(config.next_curve_public, p->next_curve, 32);
    config.check_chain = true;
    config.compress = !p->plain;
    config.by_speed = !p->plain;
    memset(config.seed, (int)++p->g->draws, sizeof config.seed);
    assert_int_equal(agent_new(&p->agent, &config, &p->journal, p->g->world.now, &reason), ESEP_OK);
}

static void pair_start(struct pair *p, struct ingest *g, const char *body)
{
    memset(p, 0, sizeof *p);
    p->g = g;
    p->office = sim_active(g, body);
    p->office->hear = hear;
    p->office->hear_context = p;
    p->entries = calloc(SIM_ENTRIES_MAX + 1, sizeof *p->entries);
    assert_non_null(p->entries);
    p->journal.epoch = 1;
    p->journal.oldest_seq = 1;
    p->journal.base = p->journal.head = p->office->chain[0];
    agent_start(p);
}

static void pair_end(struct pair *p)
{
    for (size_t i = 0; i < p->down_count; i++)
        free((void *)(uintptr_t)p->down[i].data);
    free(p->entries);
    agent_free(p->agent);
}

static void write_one(struct pair *p, const char *key)
{
    struct sim_office *o = p->office;
    sim_write(o, p->g, key);
    p->entries[o->seq] =
        (struct agent_entry){.seq = o->seq, .chain = o->chain[o->seq], .bytes = o->entries[o->seq]};
    p->journal.last_seq = o->seq;
    p->journal.head = o->chain[o->seq];
    agent_on_appended(p->agent, o->seq, &o->chain[o->seq], p->g->world.now);
}

static void read_entries(struct pair *p, const struct agent_effect *effect)
{
    size_t count = 0;
    size_t bytes = 0;
    uint64_t from = effect->from_seq;
    while (from + count <= p->office->seq && (count == 0 || bytes < effect->bytes_max))
        bytes += p->entries[from + count++].bytes.len;
    agent_on_entries(p->agent, effect->token, count > 0 ? ESEP_OK : ESEP_NOT_FOUND,
                     &p->entries[from], count, p->g->world.now);
}

static void store(struct pair *p, const struct agent_store *s)
{
    for (size_t i = 0; i < s->receipt_count; i++) {
        if (s->receipts[i].kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES) {
            p->receipts++;
            p->committed_at = s->receipts[i].committed_at;
        } else {
            p->promises++;
        }
    }
    p->mails += s->mail_count;
    p->journal.receipted_seq = s->receipted_seq;
    p->journal.promised_seq = s->promised_seq;
    p->journal.checkpoint_size = s->checkpoint_size;
    p->journal.checkpoint_root = s->checkpoint_root;
    if (s->mail_count > 0)
        p->journal.mail_through = s->mail_through;
}

static void carry_out(struct pair *p, const struct agent_effect *next)
{
    const struct agent_effect effect = *next;
    switch (effect.kind) {
    case AGENT_EFFECT_CONNECT:
        agent_pop(p->agent);
        sim_connect(p->office, p->g);
        agent_on_connected(p->agent, p->g->world.now);
        break;
    case AGENT_EFFECT_SEND:
        if (!p->cut)
            sim_send(p->office, p->g, effect.frame.data, effect.frame.len);
        agent_pop(p->agent);
        break;
    case AGENT_EFFECT_READ:
        agent_pop(p->agent);
        read_entries(p, &effect);
        break;
    case AGENT_EFFECT_STORE:
        agent_pop(p->agent);
        store(p, effect.store);
        agent_on_stored(p->agent, effect.token, ESEP_OK, p->g->world.now);
        break;
    default:
        agent_pop(p->agent);
        break;
    }
}

/* Until neither has anything to do at this instant. */
static void settle(struct pair *p)
{
    for (int turn = 0; turn < 20000; turn++) {
        const struct agent_effect *effect = agent_peek(p->agent);
        if (effect != NULL) {
            carry_out(p, effect);
        } else if (p->down_count > 0) {
            struct esep_slice frame = p->down[0];
            memmove(p->down, p->down + 1, --p->down_count * sizeof p->down[0]);
            agent_on_frame(p->agent, frame, p->g->world.now);
            free((void *)(uintptr_t)frame.data);
        } else {
            return;
        }
    }
    fail_msg("they never come to rest");
}

static void pass_time(struct pair *p, esep_time by)
{
    esep_time until = p->g->world.now + by;
    while (p->g->world.now < until) {
        esep_time at = agent_deadline(p->agent);
        esep_time other = collector_deadline(p->g->core);
        at = at < other ? at : other;
        if (at <= p->g->world.now)
            at = p->g->world.now + 1;
        p->g->world.now = at < until ? at : until;
        collector_on_time(p->g->core, p->g->world.now);
        ingest_pump(p->g);
        agent_on_time(p->agent, p->g->world.now);
        settle(p);
    }
}

static struct agent_status status_of(const struct pair *p)
{
    struct agent_status status;
    agent_status_get(p->agent, &status);
    if (status.why != AGENT_WHY_NONE)
        print_message("agent: %s, %s: %s\n", agent_state_name(status.state),
                      agent_why_name(status.why), status.text);
    return status;
}

static void a_lone_report(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    ingest_start(&g, NULL);
    pair_start(&p, &g, "moh");
    pass_time(&p, ESEP_MINUTE);
    assert_int_equal(status_of(&p).state, AGENT_ONLINE);
    assert_int_equal(p.mails, 1); /* the plan */
    write_one(&p, KEY_1_MOH);
    settle(&p);
    assert_int_equal(p.receipts, 1); /* at once: no time has passed */
    assert_int_equal(status_of(&p).receipted_seq, 1);
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
        write_one(&p, KEY_1_MOH);
    esep_time before = g.world.now;
    pass_time(&p, 2 * ESEP_MINUTE);
    assert_int_equal(status_of(&p).receipted_seq, 10000);
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
    agent_start(&p);
    for (int i = 0; i < 500; i++)
        write_one(&p, KEY_1_MOH);
    pass_time(&p, 2 * ESEP_MINUTE);
    assert_int_equal(status_of(&p).receipted_seq, 500);
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
        write_one(&p, KEY_1_MOH);
    pass_time(&p, 2 * ESEP_MINUTE);
    assert_int_equal(status_of(&p).receipted_seq, 700);
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
            write_one(&p, KEY_1_MOH);
        p.cut = esep_prng_below(&prng, 3) == 0;
        settle(&p);
        if (esep_prng_below(&prng, 4) == 0)
            ingest_restart(&g);
        if (esep_prng_below(&prng, 4) == 0)
            agent_on_disconnected(p.agent, g.world.now);
        pass_time(&p, (esep_time)(1 + esep_prng_below(&prng, 300)) * ESEP_SECOND);
    }
    p.cut = false;
    p.office->online = true;
    pass_time(&p, 2 * ESEP_HOUR);
    assert_int_equal(status_of(&p).state, AGENT_ONLINE);
    assert_int_equal(status_of(&p).receipted_seq, p.office->seq);
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
    pass_time(&p, ESEP_MINUTE);
    p.office->hear = NULL; /* what the collector says goes nowhere */
    p.office->online = false;
    write_one(&p, KEY_1_MOH);
    settle(&p);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1);
    assert_int_equal(p.receipts, 0);
    ingest_restart(&g); /* and the collector forgets that it ever said it */
    p.office->hear = hear;
    pass_time(&p, 30 * ESEP_MINUTE);
    assert_int_equal(status_of(&p).receipted_seq, 1);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1);
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
    pass_time(&p, ESEP_MINUTE);
    for (int i = 0; i < 5; i++)
        write_one(&p, KEY_1_MOH);
    settle(&p);
    agent_free(p.agent);
    p.office->seq = 3; /* yesterday's copy of the disk */
    for (int i = 4; i <= 5; i++)
        free((void *)(uintptr_t)p.office->entries[i].data);
    p.journal.last_seq = p.journal.receipted_seq = p.journal.promised_seq = 3;
    p.journal.head = p.office->chain[3];
    agent_start(&p);
    pass_time(&p, ESEP_MINUTE);
    assert_int_equal(status_of(&p).state, AGENT_STOPPED);
    assert_int_equal(status_of(&p).why, AGENT_WHY_BEHIND);
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
    pass_time(&p, ESEP_MINUTE);
    for (int i = 0; i < 3; i++)
        write_one(&p, KEY_1_MOH);
    settle(&p);
    agent_on_disconnected(p.agent, g.world.now);
    write_one(&p, KEY_1_MOH); /* the lost log had these, and gave receipts */
    write_one(&p, KEY_1_MOH);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 3);

    start_epoch(&p, 2, 0);
    p.journal.older_epoch = 1;
    p.journal.older_seq = 5;
    agent_start(&p);
    pass_time(&p, ESEP_MINUTE);
    struct agent_status s = status_of(&p);
    assert_int_equal(s.state, AGENT_STOPPED);
    assert_int_equal(s.why, AGENT_WHY_OLDER);
    assert_int_equal(s.held_epoch, 1);
    assert_int_equal(s.held_seq, 3);
    assert_memory_equal(s.held_head.bytes, p.office->chain[3].bytes, ESEP_HASH_BYTES);
    assert_false(s.all_held);

    start_epoch(&p, 1, 5);
    agent_start(&p);
    pass_time(&p, ESEP_MINUTE);
    assert_true(status_of(&p).all_held);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 5);
    assert_int_equal(views_office(g.world.views, p.office->number)->epoch, 1);

    start_epoch(&p, 2, 0);
    p.journal.older_epoch = 1;
    p.journal.older_seq = 5;
    agent_start(&p);
    pass_time(&p, ESEP_MINUTE);
    assert_int_equal(status_of(&p).state, AGENT_ONLINE);
    assert_true(status_of(&p).all_held);
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
    pass_time(&p, ESEP_MINUTE);
    write_one(&p, KEY_1_MOH);
    settle(&p);
    for (int right = 0; right < 2; right++) {
        start_epoch(&p, 2, 0);
        p.journal.older_epoch = 1;
        p.journal.older_seq = 5;
        p.journal.older_passed = true;
        p.journal.older_passed_head = p.office->chain[right];
        agent_start(&p);
        pass_time(&p, ESEP_MINUTE);
        assert_int_equal(status_of(&p).state, right ? AGENT_ONLINE : AGENT_STOPPED);
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
        agent_start(&p);
        write_one(&p, KEY_1_MOH);
        g.auto_commit = lost == 0;
        settle(&p);
        if (lost != 0) {
            pass_time(&p, ESEP_SECOND);
            while (g.pending != NULL && ingest_log_count(&g, LOG(KEY)) < 2) {
                ingest_commit(&g, ESEP_OK);
                for (size_t i = 0; ingest_log_count(&g, LOG(KEY)) == 2 && i < p.down_count; i++)
                    free((void *)(uintptr_t)p.down[i].data);
                if (ingest_log_count(&g, LOG(KEY)) == 2)
                    p.down_count = 0; /* the answer is lost on its way */
                settle(&p);
            }
            g.auto_commit = true;
            assert_int_equal(status_of(&p).why, AGENT_WHY_NONE);
            agent_on_disconnected(p.agent, g.world.now);
            pass_time(&p, ESEP_MINUTE);
        }
        assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1);
        assert_int_equal(ingest_log_count(&g, LOG(KEY)), 2);
        assert_int_equal(status_of(&p).state, AGENT_STOPPED);
        assert_int_equal(status_of(&p).why, AGENT_WHY_ROTATED);
        assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
        p.office->sign = p.next;
        memcpy(p.office->curve, p.next_curve, 32);
        p.rotate = false;
        start_epoch(&p, 2, 0);
        agent_start(&p);
        pass_time(&p, ESEP_MINUTE);
        assert_true(status_of(&p).all_held);
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
        cmocka_unit_test(a_restored_journal_is_told_to_recover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
