/* tests/unit/collector/ingest_bundle_test.c - the agent's bundle, ingest, and the reply on its way
 * back.
 *
 * Is a file on a stick taken in as frames from a connection are, once however often it comes and
 * whatever the network brought before or brings after? Does the reply tell the office as much, and
 * nobody else?
 */
#include "agent/bundle.h"
#include "agent/bundle_reply.h"
#include "ingest_world.h"

#include <stdlib.h>

#define STICK 1u /* the last link of two */
#define KEY KEY_1_MOJ
#define LINES "\xe2\x80\x94 witness.example/w1 AAAA\n"

struct stick {
    struct ingest *g;
    struct sim_office *office;
    struct esep_buf file, reply;
    uint8_t draws;
};

static void take_bundles(struct collector_config *config)
{
    config->bundles = true;
}

static void start(struct stick *s, struct ingest *g)
{
    ingest_start(g, take_bundles);
    *s = (struct stick){.g = g, .office = sim_active(g, "moj")};
    ingest_join(g, STICK);
    esep_buf_init(&s->file, 16u << 20);
    esep_buf_init(&s->reply, 16u << 20);
    for (int i = 0; i < 5; i++)
        sim_write(s->office, g, KEY);
}

static void end(struct stick *s)
{
    esep_buf_done(&s->file);
    esep_buf_done(&s->reply);
    ingest_assert_replay(s->g);
    ingest_end(s->g);
}

/* What the office holds from `first` on, as it is now. */
static void write_bundle(struct stick *s, uint64_t first)
{
    const struct sim_office *o = s->office;
    struct agent_bundle bundle;
    struct agent_bundle_request r = {.log_id = s->g->log_id,
                                     .sign_key = o->sign,
                                     .first_seq = first,
                                     .made_at = s->g->world.now,
                                     .salt = {++s->draws}};
    r.commitment = sim_commit(o, s->g, o->seq);
    memcpy(r.seal_public, s->g->config.seal_key.public, ESEP_KEY_BYTES);
    esep_buf_clear(&s->file);
    assert_int_equal(agent_bundle_begin(&bundle, &r, &s->file), ESEP_OK);
    for (uint64_t n = first; n <= o->seq; n++) {
        const struct agent_entry entry = {n, o->chain[n], o->entries[n]};
        assert_int_equal(agent_bundle_add(&bundle, &entry, 1, &s->file), ESEP_OK);
    }
    assert_true(agent_bundle_complete(&bundle));
    agent_bundle_done(&bundle);
}

static void hear(void *context, struct esep_slice frame)
{
    struct stick *s = context;
    uint8_t length[4];
    esep_be32_put(length, (uint32_t)frame.len);
    assert_int_equal(esep_buf_put(&s->reply, length, sizeof length), ESEP_OK);
    assert_int_equal(esep_buf_put(&s->reply, frame.data, frame.len), ESEP_OK);
}

static void bring_over(struct stick *s, uint32_t link)
{
    static const uint8_t end_mark[4];
    const size_t head = strlen(AGENT_BUNDLE_MAGIC) + AGENT_BUNDLE_SALT_BYTES;
    struct sim_office carrier = *s->office; /* no keys of the office's are needed */
    memset(carrier.curve, 0, sizeof carrier.curve);
    carrier.link = link;
    sim_connect(&carrier, s->g);
    /* Answers find their way by the connection. */
    s->office->link = link;
    s->office->conn = carrier.conn;
    s->office->hear = hear;
    s->office->hear_context = s;
    s->office->online = true;
    esep_buf_clear(&s->reply);
    assert_int_equal(esep_buf_put(&s->reply, AGENT_REPLY_MAGIC, strlen(AGENT_REPLY_MAGIC)),
                     ESEP_OK);
    assert_int_equal(
        esep_buf_put(&s->reply, s->file.data + strlen(AGENT_BUNDLE_MAGIC), AGENT_BUNDLE_SALT_BYTES),
        ESEP_OK);
    for (size_t at = head; at < s->file.len;) {
        const size_t len = esep_be32(s->file.data + at);
        sim_send(&carrier, s->g, s->file.data + at + 4, len);
        at += 4 + len;
    }
    assert_int_equal(esep_buf_put(&s->reply, end_mark, sizeof end_mark), ESEP_OK);
    s->office->hear = NULL;
}

static void bring(struct stick *s)
{
    bring_over(s, STICK);
}

static struct agent_reply_keys keys_of(const struct stick *s)
{
    struct agent_reply_keys keys = {
        .log_id = s->g->log_id, .sign_key = s->office->sign, .office = s->office->number};
    memcpy(keys.seal_public, s->g->config.seal_key.public, ESEP_KEY_BYTES);
    return keys;
}

struct told {
    size_t welcomes, receipts, mails, cosigned;
    uint64_t cosigned_size; /* of the last */
    uint64_t through, mail_last;
    struct esep_hash head;
};

/* The status that ended it: ESEP_NOT_FOUND, the end. */
static enum esep_status read_reply(const struct stick *s, struct esep_slice file, struct told *ret)
{
    const struct agent_reply_keys keys = keys_of(s);
    struct agent_reply_reader reader;
    struct agent_reply_item item;
    struct esep_reason reason = {""};
    *ret = (struct told){0};
    enum esep_status status = agent_reply_open(&reader, file, &keys, &reason);
    if (status != ESEP_OK)
        return status;
    while ((status = agent_reply_next(&reader, &item, &reason)) == ESEP_OK) {
        ret->welcomes += item.kind == AGENT_REPLY_WELCOME;
        ret->receipts += item.kind == AGENT_REPLY_RECEIPT;
        if (item.kind == AGENT_REPLY_COSIGNED) {
            ret->cosigned++;
            ret->cosigned_size = item.cosigned->growth->size;
            assert_string_equal(item.cosigned->lines, LINES);
        }
        if (item.kind == AGENT_REPLY_RECEIPT &&
            item.receipt.kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES) {
            ret->through = item.receipt.through_seq;
            ret->head = item.receipt.head;
        }
        if (item.kind == AGENT_REPLY_MAIL) {
            assert_int_equal(item.mail.number, ret->mail_last + 1);
            ret->mail_last = item.mail.number;
            ret->mails++;
        }
    }
    assert_true(status == ESEP_NOT_FOUND || reason.text[0] != '\0');
    agent_reply_close(&reader);
    return status;
}

static void test_there_and_back(void **state)
{
    (void)state;
    static struct ingest g;
    struct stick s;
    struct told told;
    start(&s, &g);
    for (int i = 0; i < 2500; i++) /* more than one frame */
        sim_write(s.office, &g, KEY);
    write_bundle(&s, 1);
    for (int times = 0; times < 3; times++) {
        bring(&s);
        assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 2505);
        assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
        assert_int_equal(read_reply(&s, esep_buf_slice(&s.reply), &told), ESEP_NOT_FOUND);
        assert_int_equal(told.welcomes, 1);
        assert_int_equal(told.through, 2505);
        assert_true(esep_hash_equal(&told.head, &s.office->chain[2505]));
        assert_true(told.mails > 0); /* the plan */
    }
    /* The network delivers the same later. */
    s.office->link = 0;
    sim_forget(s.office);
    sim_hello(s.office, &g);
    assert_int_equal(sim_last(s.office, KIND(WELCOME))->welcome.seq, 2505);
    sim_batch(s.office, &g, 1, 1000, true);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 2505);
    assert_int_equal(sim_last(s.office, KIND(RECEIPT))->receipt.through_seq, 2505);
    end(&s);
}

/* The log's newest head, as witnesses have signed it. */
static uint64_t cosign(struct ingest *g)
{
    struct esep_growth head;
    struct collector_cosigned c;
    memset(&c, 0, sizeof c);
    collector_checkpoint(g->core, &head);
    c.generation = head.generation;
    c.size = head.size;
    c.root = head.root;
    memcpy(c.signature, head.signature, sizeof c.signature);
    memcpy(c.lines, LINES, sizeof LINES);
    collector_set_cosigned(g->core, &c);
    return c.size;
}

/* What the import does while it waits: the frames join the reply before its end. */
static void ask_for_witnessed(struct stick *s)
{
    static const uint8_t end_mark[4];
    s->reply.len -= sizeof end_mark;
    s->office->hear = hear;
    collector_bundle_cosign(s->g->core, s->office->conn, s->g->world.now);
    ingest_pump(s->g);
    s->office->hear = NULL;
    assert_int_equal(esep_buf_put(&s->reply, end_mark, sizeof end_mark), ESEP_OK);
}

/* It is waited for where a receipt lacks it, comes when there is one, and once. */
static void test_what_witnesses_signed_goes_back(void **state)
{
    (void)state;
    static struct ingest g;
    struct stick s;
    struct told told;
    struct collector_bundle standing;
    start(&s, &g);
    write_bundle(&s, 1);
    bring(&s);
    assert_int_equal(collector_bundle_get(g.core, s.office->conn, &standing), ESEP_OK);
    assert_true(standing.awaits_witness);
    assert_false(standing.witnessed);
    ask_for_witnessed(&s);
    assert_int_equal(read_reply(&s, esep_buf_slice(&s.reply), &told), ESEP_NOT_FOUND);
    assert_int_equal(told.cosigned, 0);
    const uint64_t size = cosign(&g);
    collector_bundle_cosign(g.core, s.office->conn + 1, g.world.now); /* nobody's */
    for (int times = 0; times < 2; times++)
        ask_for_witnessed(&s);
    assert_int_equal(read_reply(&s, esep_buf_slice(&s.reply), &told), ESEP_NOT_FOUND);
    assert_int_equal(told.cosigned, 1);
    assert_int_equal(told.cosigned_size, size);
    assert_int_equal(told.through, 5);
    assert_int_equal(collector_bundle_get(g.core, s.office->conn, &standing), ESEP_OK);
    assert_false(standing.awaits_witness);
    assert_true(standing.witnessed);
    end(&s);
}

/* Nothing in the reply can be changed, taken from its end, or read by another office. */
static void test_a_reply_that_was_tampered_with(void **state)
{
    (void)state;
    static struct ingest g;
    struct stick s;
    struct told whole, told;
    start(&s, &g);
    write_bundle(&s, 1);
    bring(&s);
    assert_int_equal(read_reply(&s, esep_buf_slice(&s.reply), &whole), ESEP_NOT_FOUND);
    for (size_t len = 0; len < s.reply.len; len++) {
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, s.reply.data, len);
        assert_int_equal(read_reply(&s, esep_slice(copy, len), &told), ESEP_INVALID);
        free(copy);
    }
    for (size_t at = 0; at < s.reply.len; at += 7) {
        s.reply.data[at] ^= 4;
        assert_int_equal(read_reply(&s, esep_buf_slice(&s.reply), &told), ESEP_INVALID);
        s.reply.data[at] ^= 4;
    }
    /* WELCOME taken out, then put behind what follows it. */
    const size_t head = strlen(AGENT_REPLY_MAGIC) + AGENT_BUNDLE_SALT_BYTES;
    const size_t first = 4 + esep_be32(s.reply.data + head);
    const size_t second = 4 + esep_be32(s.reply.data + head + first);
    struct esep_buf moved;
    esep_buf_init(&moved, 16u << 20);
    assert_int_equal(esep_buf_put(&moved, s.reply.data, head), ESEP_OK);
    assert_int_equal(esep_buf_put(&moved, s.reply.data + head + first, second), ESEP_OK);
    assert_int_equal(esep_buf_put(&moved, s.reply.data + head, first), ESEP_OK);
    assert_int_equal(esep_buf_put(&moved, s.reply.data + head + first + second,
                                  s.reply.len - head - first - second),
                     ESEP_OK);
    assert_int_equal(read_reply(&s, esep_buf_slice(&moved), &told), ESEP_INVALID);
    assert_int_equal(told.welcomes + told.receipts + told.mails, 0);
    esep_buf_done(&moved);
    s.office->sign.secret[3] ^= 1;
    assert_int_equal(read_reply(&s, esep_buf_slice(&s.reply), &told), ESEP_INVALID);
    s.office->sign.secret[3] ^= 1;
    end(&s);
}

static void test_the_network_was_faster(void **state)
{
    (void)state;
    static struct ingest g;
    struct stick s;
    struct told told;
    start(&s, &g);
    write_bundle(&s, 1); /* entries 1 to 5 */
    for (int i = 0; i < 3; i++)
        sim_write(s.office, &g, KEY);
    s.office->link = 0;
    sim_hello(s.office, &g);
    sim_batch(s.office, &g, 1, 8, true);
    bring(&s);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 8);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
    assert_int_equal(read_reply(&s, esep_buf_slice(&s.reply), &told), ESEP_NOT_FOUND);
    assert_int_equal(told.through, 8);
    end(&s);
}

/* The refusal, if there was one: it travels in the clear, and no reply file begins with it. */
static bool refused_with(const struct stick *s, Esep__V1__RefusalReason reason)
{
    const size_t head = strlen(AGENT_REPLY_MAGIC) + AGENT_BUNDLE_SALT_BYTES;
    for (size_t at = head; at + 4 < s->reply.len;) {
        const size_t len = esep_be32(s->reply.data + at);
        struct esep_envelope envelope;
        assert_int_equal(
            esep_envelope_read(esep_slice(s->reply.data + at + 4, len), &envelope, NULL), ESEP_OK);
        if (envelope.kind == KIND(REFUSAL)) {
            Esep__V1__Refusal *refusal =
                esep__v1__refusal__unpack(NULL, envelope.sealed.len, envelope.sealed.data);
            assert_non_null(refusal);
            const bool same = refusal->reason == reason;
            esep__v1__refusal__free_unpacked(refusal, NULL);
            return same;
        }
        at += 4 + len;
    }
    return false;
}

static void test_bundles_that_are_refused(void **state)
{
    (void)state;
    static struct ingest g;
    struct stick s;
    start(&s, &g);
    write_bundle(&s, 1);
    bring_over(&s, 0); /* as if from a connection, which has a key */
    assert_true(refused_with(&s, REASON(MALFORMED)));
    write_bundle(&s, 3);
    bring(&s);
    assert_true(refused_with(&s, REASON(GAP)));
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 0);
    struct sim_office *other = sim_new(&g); /* signs with a key that is not this office's */
    const struct esep_sign_key own = s.office->sign;
    s.office->sign = other->sign;
    write_bundle(&s, 1);
    s.office->sign = own;
    bring(&s);
    assert_true(refused_with(&s, REASON(BAD_SIGNATURE)));
    write_bundle(&s, 1);
    const size_t head = strlen(AGENT_BUNDLE_MAGIC) + AGENT_BUNDLE_SALT_BYTES;
    struct esep_envelope envelope;
    assert_int_equal(
        esep_envelope_read(esep_slice(s.file.data + head + 4, esep_be32(s.file.data + head)),
                           &envelope, NULL),
        ESEP_OK);
    s.file.data[envelope.log_id.data - s.file.data] ^= 1;
    bring(&s);
    assert_true(refused_with(&s, REASON(WRONG_LOG)));
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 0);
    end(&s);
}

static void test_a_bundle_of_before_a_recovery(void **state)
{
    (void)state;
    static struct ingest g;
    struct stick s;
    struct told told;
    start(&s, &g);
    write_bundle(&s, 1);
    struct esep_buf old = s.file;
    esep_buf_init(&s.file, 16u << 20);
    sim_new_epoch(s.office, &g);
    sim_write(s.office, &g, KEY);
    write_bundle(&s, 1);
    bring(&s);
    assert_int_equal(read_reply(&s, esep_buf_slice(&s.reply), &told), ESEP_NOT_FOUND);
    assert_int_equal(told.through, 1);
    esep_buf_done(&s.file);
    s.file = old;
    bring(&s);
    assert_true(refused_with(&s, REASON(BEHIND)));
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1);
    end(&s);
}

static void test_a_fork_on_a_stick(void **state)
{
    (void)state;
    static struct ingest g;
    struct stick s;
    start(&s, &g);
    struct sim_office *copy = sim_copy(&g, s.office);
    sim_write(s.office, &g, KEY);
    sim_write(copy, &g, KEY);
    copy->link = 0;
    sim_hello(copy, &g);
    sim_batch(copy, &g, 1, 6, true);
    write_bundle(&s, 1);
    bring(&s);
    assert_true(refused_with(&s, REASON(FORK)));
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 6);
    end(&s);
}

static void test_a_revoked_office(void **state)
{
    (void)state;
    static struct ingest g;
    struct stick s;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__RevokeOrder revoke = ESEP__V1__REVOKE_ORDER__INIT;
    start(&s, &g);
    write_bundle(&s, 1);
    revoke.office = s.office->number;
    revoke.reason = (char[]){"lost"};
    order.what_case = ESEP__V1__ORDER__WHAT_REVOKE;
    order.revoke = &revoke;
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    bring(&s);
    assert_true(refused_with(&s, REASON(REVOKED)));
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 0);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_what_witnesses_signed_goes_back),
        cmocka_unit_test(test_a_reply_that_was_tampered_with),
        cmocka_unit_test(test_the_network_was_faster),
        cmocka_unit_test(test_bundles_that_are_refused),
        cmocka_unit_test(test_a_bundle_of_before_a_recovery),
        cmocka_unit_test(test_a_fork_on_a_stick),
        cmocka_unit_test(test_a_revoked_office),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
