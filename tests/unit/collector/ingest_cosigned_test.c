/* Does a head that witnesses signed reach each office whose receipts it makes strong, once, and no
 * more often than it is worth; and does the office take nothing from it but what was signed?
 *
 * Both cores are the real ones.
 */
#include "ingest_pair.h"

#include <stdio.h>

#define EVERY (10 * ESEP_MINUTE)

static struct esep_sign_key witness_secret;

static void every(struct collector_config *config)
{
    config->cosigned_every = EVERY;
}

static struct esep_note_key witness(void)
{
    struct esep_note_key key;
    const uint8_t seed[32] = {0x77};
    esep_sign_key_from_seed(&witness_secret, seed);
    assert_int_equal(esep_note_key(&key, "witness.example/w1", ESEP_NOTE_COSIGNATURE,
                                   witness_secret.public, NULL),
                     ESEP_OK);
    return key;
}

static void begin(struct ingest *g, struct pair *p)
{
    ingest_start(g, every);
    pair_start(p, g, "moh");
    agent_free(p->agent);
    p->witness = witness();
    pair_agent_start(p);
    pair_pass_time(p, ESEP_MINUTE);
    assert_int_equal(pair_status(p).state, AGENT_ONLINE);
}

/* The log's newest head, cosigned over `said` (NULL: over it). */
static struct collector_cosigned cosigned_over(struct ingest *g, const char *said)
{
    struct esep_growth head;
    struct collector_cosigned c;
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    uint8_t signature[ESEP_COSIGNATURE_BYTES];
    const struct esep_note_key key = witness();
    collector_checkpoint(g->core, &head);
    memset(&c, 0, sizeof c);
    c.generation = head.generation;
    c.size = head.size;
    c.root = head.root;
    memcpy(c.signature, head.signature, sizeof c.signature);
    (void)esep_growth_text(&g->log_id, head.generation, head.size, &head.root, text);
    assert_int_equal(esep_note_cosign(esep_slice_str(said != NULL ? said : text), &witness_secret,
                                      g->world.now / ESEP_SECOND, signature),
                     ESEP_OK);
    (void)esep_note_line(&key, signature, c.lines);
    return c;
}

static struct collector_cosigned cosign(struct ingest *g)
{
    const struct collector_cosigned c = cosigned_over(g, NULL);
    collector_set_cosigned(g->core, &c);
    return c;
}

static void has(const struct pair *p, const struct collector_cosigned *head)
{
    assert_int_equal(p->cosigned.checkpoint.size, head->size);
    assert_true(esep_hash_equal(&p->cosigned.checkpoint.root, &head->root));
    assert_int_equal(p->cosigned.len, strlen(head->lines));
    assert_memory_equal(p->cosigned.lines, head->lines, p->cosigned.len);
    assert_int_equal(pair_status(p).state, AGENT_ONLINE);
    assert_int_equal(agent_counter(p->agent, AGENT_RECEIPTS_REFUSED), 0);
}

/* The next sign of life brings it; no second one comes that makes nothing strong. */
static void it_comes_once_where_it_is_worth_something(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    begin(&g, &p);
    (void)cosign(&g);
    pair_pass_time(&p, ESEP_HOUR);
    assert_int_equal(p.cosigned_count, 0); /* it has no receipt yet */
    pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    assert_int_equal(p.receipts, 1);
    pair_pass_time(&p, ESEP_HOUR);
    assert_int_equal(p.cosigned_count, 0); /* that head is older than the receipt */
    const struct collector_cosigned head = cosign(&g);
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    assert_int_equal(p.cosigned_count, 1);
    has(&p, &head);
    const uint64_t received = agent_counter(p.agent, AGENT_BYTES_RECEIVED);
    for (int i = 0; i < 30; i++) {
        struct sim_office *other = i == 0 ? sim_active(&g, "akmola") : g.offices;
        sim_hello(other, &g); /* the log grows */
        (void)cosign(&g);
        pair_pass_time(&p, ESEP_MINUTE);
    }
    assert_int_equal(p.cosigned_count, 1);
    assert_true(agent_counter(p.agent, AGENT_BYTES_RECEIVED) - received < 30 * 256);
    ingest_assert_replay(&g);
    pair_end(&p);
    ingest_end(&g);
}

/* Report upon report, head upon head: one in so many minutes, of the newest. */
static void no_more_often_than_it_may(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    begin(&g, &p);
    struct collector_cosigned head = {0};
    for (int i = 0; i < 60; i++) {
        pair_write(&p, KEY_1_MOH);
        pair_settle(&p);
        head = cosign(&g);
        pair_pass_time(&p, 2 * ESEP_MINUTE);
    }
    assert_int_equal(p.receipts, 60);
    assert_in_range(p.cosigned_count, 8, 12);
    pair_pass_time(&p, EVERY);
    has(&p, &head);
    pair_end(&p);
    ingest_end(&g);
}

/* It is lost with its link, or the office's store of it is: the next greeting says so. */
static void a_lost_one_comes_with_the_next_greeting(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    begin(&g, &p);
    pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    const struct collector_cosigned head = cosign(&g);
    p.office->hear = NULL;
    p.office->online = false; /* what the collector says goes nowhere */
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    assert_true(collector_counter(g.core, COLLECTOR_COSIGNED_SENT) > 0);
    assert_int_equal(p.cosigned_count, 0);
    p.office->hear = pair_hear;
    agent_on_disconnected(p.agent, g.world.now);
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    has(&p, &head);
    /* What it has it is not sent again, by a session that begins anew either. */
    const size_t count = p.cosigned_count;
    agent_on_disconnected(p.agent, g.world.now);
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    agent_free(p.agent);
    pair_agent_start(&p);
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    assert_int_equal(pair_status(&p).state, AGENT_ONLINE);
    assert_int_equal(p.cosigned_count, count);
    pair_end(&p);
    ingest_end(&g);
}

/* A line of a witness that the office knows, over something else: it is no cosignature, and the
 * office goes on asking. Beside a good line it is left out. */
static void a_false_line_is_none(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    begin(&g, &p);
    pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    struct collector_cosigned head = cosigned_over(&g, "esep.log/other\n1\n\n");
    collector_set_cosigned(g.core, &head);
    pair_pass_time(&p, EVERY);
    assert_int_equal(collector_counter(g.core, COLLECTOR_COSIGNED_SENT), 1);
    assert_int_equal(p.cosigned_count, 0);
    assert_int_equal(p.journal.tree.frontier.size, head.size);
    assert_int_equal(p.journal.cosigned_size, 0);
    const struct collector_cosigned good = cosigned_over(&g, NULL);
    const size_t len = strlen(head.lines);
    (void)snprintf(head.lines + len, sizeof head.lines - len, "%snonsense\n", good.lines);
    collector_set_cosigned(g.core, &head);
    agent_on_disconnected(p.agent, g.world.now);
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    has(&p, &good);
    pair_end(&p);
    ingest_end(&g);
}

/* An office that knows no witness keeps what comes, for whoever does. */
static void lines_of_strangers_are_kept(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    begin(&g, &p);
    agent_free(p.agent);
    p.witness.id = 0;
    pair_agent_start(&p);
    pair_pass_time(&p, ESEP_MINUTE);
    pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    const struct collector_cosigned head = cosign(&g);
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    has(&p, &head);
    pair_end(&p);
    ingest_end(&g);
}

/* Signed by the log key, and not the log that this office has seen. */
static void another_log_is_a_split(void **state)
{
    (void)state;
    struct ingest g;
    struct pair p;
    begin(&g, &p);
    pair_write(&p, KEY_1_MOH);
    pair_settle(&p);
    struct sim_office *other = sim_active(&g, "akmola");
    sim_write(other, &g, KEY_1_AKMOLA);
    sim_hello(other, &g);
    sim_batch(other, &g, 1, 1, true);
    struct collector_cosigned head = cosigned_over(&g, NULL);
    head.root.bytes[0] ^= 1;
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    const size_t len = esep_growth_text(&g.log_id, head.generation, head.size, &head.root, text);
    esep_sign(&g.signing.memory.keys.present, esep_slice(text, len), head.signature);
    collector_set_cosigned(g.core, &head);
    pair_pass_time(&p, 2 * ESEP_MINUTE);
    struct agent_status status;
    agent_status_get(p.agent, &status);
    assert_int_equal(status.state, AGENT_STOPPED);
    assert_int_equal(status.why, AGENT_WHY_SPLIT);
    assert_int_equal(p.cosigned_count, 0);
    pair_end(&p);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_once_where_it_is_worth_something),
        cmocka_unit_test(no_more_often_than_it_may),
        cmocka_unit_test(a_lost_one_comes_with_the_next_greeting),
        cmocka_unit_test(a_false_line_is_none),
        cmocka_unit_test(lines_of_strangers_are_kept),
        cmocka_unit_test(another_log_is_a_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
