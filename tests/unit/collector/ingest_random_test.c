/* tests/unit/collector/ingest_random_test.c - exactly once, whatever the network does; and noise.
 *
 * The property: after any mix of loss, repetition, reordering, reconnection, crashes and commits
 * that come late, the log holds each office's entries 1..n once, in order, as written; a receipt
 * never says more than the disk holds (ingest_heard.c checks each); and when the network heals, all
 * of it arrives. Each run prints its seed where it fails.
 */
#include "../rounds.h"
#include "esep/v1/link.pb-c.h"
#include "ingest_world.h"

#include <stdlib.h>

#define OFFICES 3
#define FRAMES 24

struct frame {
    uint8_t *data;
    size_t len;
    uint64_t conn;
};
struct player {
    struct sim_office *office;
    const char *key;
    uint64_t next; /* to send */
    struct frame wire[FRAMES];
    size_t wire_count;
    uint64_t used;
};

static void write_some(struct ingest *g, struct player *p, struct esep_prng *prng)
{
    for (uint64_t n = esep_prng_below(prng, 6); n > 0 && p->office->seq < 400; n--)
        sim_write(p->office, g, p->key);
}

static void greet(struct ingest *g, struct player *p)
{
    sim_forget(p->office);
    sim_hello(p->office, g);
    p->next = 0; /* unknown until WELCOME */
    p->used = 0;
    for (size_t i = 0; i < p->wire_count; i++)
        free(p->wire[i].data);
    p->wire_count = 0;
}

/* What the office concludes from what it heard. */
static void listen(struct player *p)
{
    struct sim_office *o = p->office;
    for (size_t i = 0; i < o->heard_count; i++) {
        const struct sim_heard *h = &o->heard[i];
        if (h->kind == KIND(WELCOME))
            p->next = h->welcome.seq + 1;
        if (h->kind == KIND(REFUSAL) && h->refusal.reason == REASON(GAP))
            p->next = h->refusal.seq + 1;
        if (h->kind == KIND(REFUSAL))
            assert_true(h->refusal.reason == REASON(GAP) ||
                        h->refusal.reason == REASON(NO_SESSION) ||
                        h->refusal.reason == REASON(LIMIT) || h->refusal.reason == REASON(CREDIT));
        if (h->kind == KIND(REFUSAL) && h->refusal.reason != REASON(GAP))
            p->next = 0;
    }
    sim_forget(o);
}

/* Seals a frame but keeps it back: the network decides. */
static void seal_frame(struct ingest *g, struct player *p, uint64_t first, uint64_t last, bool head)
{
    struct sim_office *o = p->office;
    uint64_t conn = o->conn;
    if (p->wire_count == FRAMES)
        return;
    o->link = 1; /* not joined: the frame is ignored there, and kept here */
    sim_batch(o, g, first, last, head);
    o->link = 0;
    struct frame *frame = &p->wire[p->wire_count++];
    frame->len = o->last_frame.len;
    frame->data = malloc(frame->len);
    assert_non_null(frame->data);
    memcpy(frame->data, o->last_frame.data, frame->len);
    frame->conn = conn;
    p->used += frame->len;
}

static void say(struct ingest *g, struct player *p, struct esep_prng *prng)
{
    struct sim_office *o = p->office;
    if (p->next == 0 || p->used > g->config.session_credit_bytes / 2)
        return;
    uint64_t first = p->next;
    if (first > o->seq)
        first = o->seq; /* once more */
    if (first == 0)
        return;
    if (esep_prng_below(prng, 6) == 0 && first > 3)
        first -= esep_prng_below(prng, 3);
    uint64_t last = first + esep_prng_below(prng, 90);
    if (last > o->seq)
        last = o->seq;
    seal_frame(g, p, first, last, esep_prng_below(prng, 3) > 0);
    p->next = last + 1;
}

static void deliver(struct ingest *g, struct player *p, struct esep_prng *prng)
{
    if (p->wire_count == 0)
        return;
    size_t which = esep_prng_below(prng, 4) == 0 ? esep_prng_below(prng, p->wire_count) : 0;
    struct frame frame = p->wire[which];
    uint64_t fate = esep_prng_below(prng, 20);
    if (fate > 0) /* else lost */
        sim_send(p->office, g, frame.data, frame.len);
    if (fate == 1)
        sim_send(p->office, g, frame.data, frame.len);
    if (fate == 2 && frame.len > 40) { /* damaged on the way, and still in place for later */
        frame.data[frame.len / 2] ^= 0x40;
        sim_send(p->office, g, frame.data, frame.len);
        sim_forget(p->office);
    }
    free(frame.data);
    memmove(&p->wire[which], &p->wire[which + 1], (p->wire_count - which - 1) * sizeof p->wire[0]);
    p->wire_count--;
}

static void check_log(const struct ingest *g, const struct player *players)
{
    for (size_t k = 0; k < OFFICES; k++) {
        const struct sim_office *o = players[k].office;
        uint64_t seq = 0;
        for (size_t i = 0; i < g->world.log_count; i++) {
            struct esep_leaf leaf;
            const struct world_entry *e = &g->world.log[i];
            assert_int_equal(esep_leaf_unpack(esep_slice(e->leaf, ESEP_LEAF_BYTES), &leaf),
                             ESEP_OK);
            if (leaf.office != o->number || leaf.type != LOG(ENTRY))
                continue;
            seq++;
            assert_int_equal(leaf.seq, seq);
            assert_true(seq <= o->seq);
            assert_true(esep_slice_equal(esep_slice(e->body, e->len), o->entries[seq]));
            assert_true(esep_hash_equal(&leaf.head, &o->chain[seq]));
        }
    }
}

static void crash(struct ingest *g, struct player *players, struct esep_prng *prng)
{
    if (g->pending != NULL && esep_prng_below(prng, 2) == 0)
        ingest_store_silently(g);
    ingest_restart(g);
    for (size_t k = 0; k < OFFICES; k++) {
        players[k].next = 0;
        sim_forget(players[k].office);
    }
}

static void heal(struct ingest *g, struct player *players)
{
    g->auto_commit = true;
    if (g->pending != NULL)
        ingest_commit(g, ESEP_OK);
    for (size_t k = 0; k < OFFICES; k++) {
        struct player *p = &players[k];
        struct sim_office *o = p->office;
        greet(g, p);
        listen(p);
        while (p->next <= o->seq) {
            uint64_t last = p->next + 49 < o->seq ? p->next + 49 : o->seq;
            sim_batch(o, g, p->next, last, true);
            assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, last);
            p->next = last + 1;
            sim_forget(o);
        }
        sim_hello(o, g);
        assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.seq, o->seq);
    }
}

static void play(uint64_t seed)
{
    static const char *const bodies[OFFICES] = {"moh", "akmola", "moj"};
    static const char *const keys[OFFICES] = {KEY_1_MOH, KEY_1_AKMOLA, KEY_1_MOJ};
    struct esep_prng prng = {.state = seed};
    struct ingest g;
    struct player players[OFFICES] = {0};
    print_message("seed %llu\n", (unsigned long long)seed);
    ingest_start(&g, NULL);
    for (size_t k = 0; k < OFFICES; k++) {
        players[k].office = sim_active(&g, bodies[k]);
        players[k].key = keys[k];
    }
    g.auto_commit = false;
    for (int step = 0; step < 500; step++) {
        struct player *p = &players[esep_prng_below(&prng, OFFICES)];
        g.world.now += (esep_time)esep_prng_below(&prng, 400000);
        uint64_t what = esep_prng_below(&prng, 40);
        if (what < 6)
            write_some(&g, p, &prng);
        else if (what < 8)
            greet(&g, p);
        else if (what < 16)
            say(&g, p, &prng);
        else if (what < 30)
            deliver(&g, p, &prng);
        else if (what < 38 && g.pending != NULL)
            ingest_commit(&g, ESEP_OK);
        else if (what == 38)
            collector_on_time(g.core, g.world.now), ingest_pump(&g);
        else if (what == 39 && esep_prng_below(&prng, 4) == 0)
            crash(&g, players, &prng);
        listen(p);
        assert_int_equal(collector_status(g.core, NULL), ESEP_OK);
    }
    check_log(&g, players);
    heal(&g, players);
    check_log(&g, players);
    uint64_t written = 0;
    for (size_t k = 0; k < OFFICES; k++) {
        written += players[k].office->seq;
        for (size_t i = 0; i < players[k].wire_count; i++)
            free(players[k].wire[i].data);
    }
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), written);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void exactly_once_whatever_the_network_does(void **state)
{
    (void)state;
    const char *one = getenv("ESEP_TEST_SEED");
    if (one != NULL) {
        play(strtoull(one, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= test_rounds(25); seed++)
        play(seed);
}

/* Bytes without sense, as frames, as bodies under a true session, as orders: nothing ends the core.
 */
static void noise_changes_nothing(void **state)
{
    (void)state;
    struct ingest g;
    struct esep_prng prng = {.state = 4711};
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 1, 1, true);
    size_t logged = g.world.log_count;
    static const Esep__V1__Kind kinds[] = {KIND(BATCH), KIND(PULL), KIND(PING), KIND(WELCOME)};
    for (int i = 0; i < (int)test_rounds(3000); i++) {
        uint8_t bytes[300];
        size_t len = (size_t)esep_prng_below(&prng, sizeof bytes);
        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)esep_prng_next(&prng);
        if (i % 3 == 0) { /* half-true: bits of a true frame */
            len = o->last_frame.len < sizeof bytes ? o->last_frame.len : sizeof bytes;
            memcpy(bytes, o->last_frame.data, len);
            bytes[esep_prng_below(&prng, len)] ^= (uint8_t)(1 + esep_prng_below(&prng, 255));
        }
        struct esep_slice parts[2] = {esep_slice(bytes, len), esep_slice(bytes, len / 2)};
        collector_on_frame(g.core, (uint32_t)esep_prng_below(&prng, 3), parts, 1 + (size_t)(i & 1),
                           g.world.now);
        collector_on_order(g.core, 1, parts[0], g.world.now);
        sim_send(o, &g, bytes, len);
        struct esep_buf frame;
        esep_buf_init(&frame, 4096);
        if (esep_session_seal(&o->session, kinds[i % 4], parts[0], &frame) == ESEP_OK)
            sim_send(o, &g, frame.data, frame.len);
        esep_buf_done(&frame);
        if (i % 50 == 0)
            sim_forget(o);
        g.world.now += ESEP_SECOND / 100;
    }
    assert_int_equal(collector_status(g.core, NULL), ESEP_OK);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1);
    assert_true(g.world.log_count <= logged + 1); /* a PULL may acknowledge */
    sim_hello(o, &g);
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 2, 2, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 2);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_once_whatever_the_network_does),
        cmocka_unit_test(noise_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
