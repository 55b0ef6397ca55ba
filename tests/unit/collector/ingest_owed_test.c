/* Much is owed at once: answers behind a commit, groups that wait for room, readings of a mailbox
 * that outlive their session. Is each told what holds for it, once, and nobody else's? */
#include "ingest_world.h"

#include <stdlib.h>

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void write_many(struct sim_office *o, struct ingest *g, int count)
{
    for (int i = 0; i < count; i++)
        sim_write(o, g, KEY_1_MOH);
}

static void write_large(struct sim_office *o, struct ingest *g, size_t len)
{
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    memset(bytes, 0xff, len);
    sim_write_bytes(o, g, bytes, len);
    free(bytes);
}

/* A head of what is written through `seq`, without entries. */
static void head_alone(struct sim_office *o, struct ingest *g, uint64_t seq)
{
    const struct esep_commitment c = sim_commit(o, g, seq);
    sim_batch_with(o, g, 2, 1, &c);
}

static void commit_all(struct ingest *g)
{
    while (g->pending != NULL)
        ingest_commit(g, ESEP_OK);
}

static uint64_t receipted(const struct sim_office *o)
{
    return sim_last(o, KIND(RECEIPT))->receipt.through_seq;
}

static void conn_gone(struct ingest *g, const struct sim_office *o)
{
    Esep__V1__Gone gone = ESEP__V1__GONE__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    gone.conn = o->conn;
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_GONE;
    down.gone = &gone;
    ingest_link_down(g, o->link, &down);
}

static void few_sessions(struct collector_config *config)
{
    config->sessions_max = 8; /* 1032 answers may wait for one commit */
}

/* Orders an extension by one day more, over and over, until there is no room for their answers. */
static int order_until_busy(struct ingest *g)
{
    for (int n = 0; n < 2000; n++) {
        char until[11];
        Esep__V1__ExtendOrder m = ESEP__V1__EXTEND_ORDER__INIT;
        Esep__V1__Order order = ESEP__V1__ORDER__INIT;
        esep_day_format(world_day("2013-07-01") + n, until);
        m.obligation = text(KEY_1_MOH);
        m.until = until;
        m.reason = text("floods");
        m.document = text("No. 7");
        order.what_case = ESEP__V1__ORDER__WHAT_EXTEND;
        order.extend = &m;
        const size_t replies = g->replies;
        ingest_order(g, &order);
        if (g->replies > replies) {
            assert_non_null(strstr(g->reply.order.text, "busy: order again"));
            return n;
        }
    }
    fail_msg("never busy");
    return 0;
}

static void more_answers_than_there_is_room_for(void **state)
{
    (void)state;
    struct ingest g;
    const uint8_t code[16] = {0x77};
    ingest_start(&g, few_sessions);
    ingest_code(&g, "akmola", code, true, g.world.now + 365 * ESEP_DAY);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *mid = sim_active(&g, "moj");
    struct sim_office *late = sim_active(&g, "akmola");
    struct sim_office *fresh = sim_new(&g);
    struct sim_office *twin = sim_copy(&g, o);
    sim_hello(o, &g);
    sim_hello(mid, &g);
    sim_hello(twin, &g);
    write_many(o, &g, 130);
    write_many(twin, &g, 1); /* another first entry than the office's */
    sim_write(mid, &g, KEY_1_MOJ);
    g.world.now = world_time("2013-06-25T10:00:00+06:00");
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true);   /* under way */
    sim_batch(mid, &g, 1, 1, true); /* joins the batch behind it */
    assert_int_equal(order_until_busy(&g), 1031);
    head_alone(o, &g, 90);  /* the last place of all */
    head_alone(o, &g, 130); /* not taken: HELLO will say it again */
    sim_forget(twin);
    sim_batch(twin, &g, 1, 1, true);
    assert_true(sim_refused(twin, REASON(FORK))); /* at once, it cannot be logged */
    sim_hello(late, &g);
    assert_true(sim_refused(late, REASON(LIMIT)));
    sim_connect(fresh, &g);
    sim_enrol(fresh, &g, code);
    assert_true(sim_refused(fresh, REASON(LIMIT)));
    collector_on_time(g.core, g.world.now); /* alerts are due, and wait */
    ingest_pump(&g);
    assert_true(collector_deadline(g.core) <= g.world.now + ESEP_SECOND);
    ingest_commit(&g, ESEP_OK); /* now all those answers wait for the next commit */
    assert_non_null(g.pending);
    /* Its entry is in there, and its WELCOME has no place behind it: it says hello again. */
    sim_forget(mid);
    sim_hello(mid, &g);
    assert_int_equal(mid->heard_count, 0);
    const size_t replies = g.replies;
    commit_all(&g);
    assert_int_equal(g.replies, replies + 1031);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 0);
    assert_int_equal(ingest_log_count(&g, LOG(ALERT)), 0);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.kind,
                     ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT);
    assert_int_equal(receipted(o), 90);
    g.auto_commit = true;
    sim_hello(mid, &g);
    assert_int_equal(sim_last(mid, KIND(WELCOME))->welcome.seq, 1);
    sim_hello(o, &g);
    assert_int_equal(receipted(o), 130); /* promised */
    sim_hello(late, &g);
    assert_int_equal(sim_count(late, KIND(WELCOME)), 1);
    sim_enrol(fresh, &g, code);
    assert_int_equal(sim_count(fresh, KIND(ENROL_REPLY)), 1);
    g.world.now += ESEP_SECOND;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_true(ingest_log_count(&g, LOG(ALERT)) > 0);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void narrow_batches(struct collector_config *config)
{
    config->batch_bytes_max = 2 * config->frame_bytes_max;
}

/* A batch has room for two of these groups: the others are first in line for the next. */
static void a_batch_without_room_for_more_bytes(void **state)
{
    (void)state;
    struct ingest g;
    struct sim_office *offices[5];
    ingest_start(&g, narrow_batches);
    for (int i = 0; i < 5; i++) {
        offices[i] = sim_active(&g, "moh");
        sim_hello(offices[i], &g);
        write_large(offices[i], &g, 60000);
    }
    g.auto_commit = false;
    for (int i = 0; i < 5; i++)
        sim_batch(offices[i], &g, 1, 1, true);
    for (int i = 0; i < 5; i++) { /* 1, 2 and 2 of them */
        if (i == 0 || i == 1 || i == 3) {
            assert_int_equal(sim_count(offices[i], KIND(RECEIPT)), 0);
            ingest_commit(&g, ESEP_OK);
        }
        assert_int_equal(receipted(offices[i]), 1);
    }
    assert_null(g.pending);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* What is repeated is neither on the disk nor on its way there yet. */
static void a_repeat_of_what_is_in_the_open_batch(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 100);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true);
    sim_batch(o, &g, 2, 100, true);
    sim_forget(o);
    sim_batch(o, &g, 2, 5, false);
    sim_batch(o, &g, 50, 60, true);
    assert_int_equal(o->heard_count, 0); /* no refusal, and no receipt before its time */
    assert_int_equal(collector_counter(g.core, COLLECTOR_REPEATS), 4 + 11);
    commit_all(&g);
    assert_int_equal(receipted(o), 100);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 100);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* The one receipt of entries through this number. */
static const struct sim_heard *entries_receipt(const struct sim_office *o, uint64_t through)
{
    const struct sim_heard *found = NULL;
    for (size_t i = 0; i < o->heard_count; i++) {
        const struct esep_receipt *r = &o->heard[i].receipt;
        if (o->heard[i].kind == KIND(RECEIPT) && r->through_seq == through &&
            r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES) {
            assert_null(found);
            found = &o->heard[i];
        }
    }
    assert_non_null(found);
    return found;
}

/* In one batch: what a promise covers, what none does. Each has a receipt that says which. */
static void two_receipts_of_one_batch(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 140);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true);
    const esep_time promised = g.world.now;
    head_alone(o, &g, 70);
    g.world.now += ESEP_MINUTE;
    sim_batch(o, &g, 2, 70, true);
    sim_batch(o, &g, 71, 140, true);
    commit_all(&g);
    const struct sim_heard *before = entries_receipt(o, 70);
    assert_int_equal(before->receipt.first_seq, 2);
    assert_true(before->promised);
    assert_int_equal(before->promise.through_seq, 70);
    assert_int_equal(before->promise.accepted_at, promised);
    const struct sim_heard *after = entries_receipt(o, 140);
    assert_int_equal(after->receipt.first_seq, 71);
    assert_false(after->promised);
    assert_int_equal(after->receipt.accepted_at, promised + ESEP_MINUTE);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* A promise's receipt that led the office's tree no further may be lost without anybody's noticing:
 * the same session shows it once more with the entries. */
static void a_promise_whose_loss_nothing_shows(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 9);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true); /* takes the disk */
    head_alone(o, &g, 5);         /* the receipt of this promise leads to the head ... */
    head_alone(o, &g, 8);         /* ... under which this one stands, too */
    commit_all(&g);
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 3);
    sim_forget(o);
    sim_batch(o, &g, 2, 5, true);
    commit_all(&g);
    assert_false(entries_receipt(o, 5)->promised);
    sim_batch(o, &g, 6, 7, true);
    commit_all(&g);
    assert_true(entries_receipt(o, 7)->promised);
    assert_int_equal(entries_receipt(o, 7)->promise.through_seq, 8);
    sim_batch(o, &g, 8, 8, true); /* it has come with a receipt that led further */
    commit_all(&g);
    assert_false(entries_receipt(o, 8)->promised);
    ingest_end(&g);
}

/* The end of one epoch and the beginning of the next in one batch, by two lives of one office. */
static void two_epochs_in_one_batch(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *busy = sim_active(&g, "moj");
    struct sim_office *old = sim_active(&g, "moh");
    struct sim_office *young = sim_copy(&g, old);
    sim_write(busy, &g, KEY_1_MOJ);
    sim_hello(busy, &g);
    sim_hello(old, &g);
    sim_new_epoch(young, &g);
    sim_hello(young, &g);
    write_many(old, &g, 64);
    write_many(young, &g, 65);
    g.auto_commit = false;
    sim_batch(busy, &g, 1, 1, true);
    sim_batch(old, &g, 1, 64, true);
    sim_batch(young, &g, 1, 65, true);
    commit_all(&g);
    assert_int_equal(receipted(old), 64);
    assert_int_equal(sim_last(old, KIND(RECEIPT))->receipt.epoch, 1);
    assert_int_equal(receipted(young), 65);
    assert_int_equal(sim_last(young, KIND(RECEIPT))->receipt.epoch, 2);
    g.auto_commit = true;
    sim_hello(young, &g);
    assert_int_equal(sim_last(young, KIND(WELCOME))->welcome.seq, 65);
    assert_int_equal(receipted(young), 65); /* the newest one, once more */
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* Groups stand in line for the next batch, and one of them loses its connection: the first, one in
 * the midst, the last. The others come in; its own comes in when it is back. */
static void one_in_line_goes(void **state)
{
    (void)state;
    for (int gone = 0; gone < 3; gone++) {
        struct ingest g;
        struct sim_office *in_line[3];
        ingest_start(&g, NULL);
        struct sim_office *busy = sim_active(&g, "moj");
        sim_write(busy, &g, KEY_1_MOJ);
        sim_hello(busy, &g);
        for (int i = 0; i < 3; i++) {
            in_line[i] = sim_active(&g, "moh");
            sim_hello(in_line[i], &g);
            write_many(in_line[i], &g, 2);
        }
        g.auto_commit = false;
        sim_batch(busy, &g, 1, 1, true);
        for (int i = 0; i < 3; i++)
            sim_batch(in_line[i], &g, 1, 2, true);
        conn_gone(&g, in_line[gone]);
        commit_all(&g);
        for (int i = 0; i < 3; i++) {
            if (i != gone)
                assert_int_equal(receipted(in_line[i]), 2);
        }
        assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 5);
        g.auto_commit = true;
        sim_forget(in_line[gone]);
        sim_hello(in_line[gone], &g);
        assert_int_equal(sim_last(in_line[gone], KIND(WELCOME))->welcome.seq, 0);
        sim_batch(in_line[gone], &g, 1, 2, true);
        assert_int_equal(receipted(in_line[gone]), 2);
        ingest_assert_replay(&g);
        ingest_end(&g);
    }
}

/* Mail that was read for a session which is no more goes to nobody, least of all to the office
 * whose session has its place; and of what is read only that goes out which was asked for. */
static void mail_read_for_a_session_that_is_gone(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *first = sim_active(&g, "moh");
    struct sim_office *second = sim_active(&g, "akmola");
    g.hold_mail = true;
    sim_hello(first, &g);
    sim_pull(first, &g, 0);
    const uint64_t stale = g.mail_token;
    conn_gone(&g, first);
    sim_hello(second, &g);
    sim_pull(second, &g, 0);
    assert_int_equal(g.mail_token >> 32, stale >> 32); /* in the same place */
    assert_int_not_equal(g.mail_token, stale);
    const struct world_entry *entry = &g.world.log[1];
    const struct collector_mail good = {.number = 1,
                                        .log_index = 1,
                                        .leaf = esep_slice(entry->leaf, ESEP_LEAF_BYTES),
                                        .body = esep_slice(entry->body, entry->len)};
    sim_forget(first);
    sim_forget(second);
    collector_on_mail(g.core, stale, &good, 1, false, g.world.now);
    collector_on_mail(g.core, (uint64_t)UINT32_MAX << 32, &good, 1, false, g.world.now);
    ingest_pump(&g);
    assert_int_equal(first->heard_count + second->heard_count, 0);
    struct collector_mail items[4] = {good, good, good, good};
    items[0].number = 0;    /* it has that */
    items[1].number = 77;   /* it has not come into being */
    items[2].leaf.len = 63; /* the store lies */
    collector_on_mail(g.core, g.mail_token, items, 4, false, g.world.now);
    ingest_pump(&g);
    assert_int_equal(sim_count(second, KIND(MAIL)), 1);
    assert_int_equal(sim_last(second, KIND(MAIL))->mail.number, 1);
    collector_on_mail(g.core, g.mail_token, &good, 1, false, g.world.now); /* asked for once */
    ingest_pump(&g);
    assert_int_equal(second->heard_count, 1);
    ingest_end(&g);
}

static void small_pool(struct collector_config *config)
{
    config->session_credit_bytes = 512 * 1024;
    config->ingest_bytes_max = 2 * config->frame_bytes_max; /* 16 blocks */
}

/* Entries that wait for a head are sent again from the second on, over and over: what is replaced
 * gives its room back. */
static void what_is_sent_anew_gives_its_room_back(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, small_pool);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *other = sim_active(&g, "moh");
    sim_hello(o, &g);
    for (int i = 0; i < 30; i++)
        write_large(o, &g, 1000);
    for (int round = 0; round < 8; round++)
        sim_batch(o, &g, round == 0 ? 1 : 2, 30, false);
    assert_int_equal(sim_count(o, KIND(REFUSAL)), 0);
    for (int i = 0; i < 40; i++)
        write_large(o, &g, 1000);
    sim_batch(o, &g, 31, 70, false); /* now more than half of the pool is full */
    sim_hello(other, &g);
    assert_int_equal(sim_last(other, KIND(WELCOME))->credit, 512 * 1024 / 8);
    head_alone(o, &g, 70);
    assert_int_equal(receipted(o), 70);
    sim_hello(other, &g);
    assert_int_equal(sim_last(other, KIND(WELCOME))->credit, 512 * 1024);
    assert_int_equal(views_office(g.world.views, o->number)->refused_entries, 70);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void count_frame(void *context, struct esep_slice frame)
{
    assert_true(frame.len > 0);
    ++*(size_t *)context;
}

/* Nobody takes what goes out, for long: what finds no room is not sent, as if the network had lost
 * it, and each goes on from there. */
static void what_finds_no_room_is_not_sent(void **state)
{
    (void)state;
    static uint8_t large[9 << 20];
    static const uint8_t stranger[ESEP_SESSION_ID_BYTES] = {7};
    struct ingest g;
    size_t frames = 0;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    g.hold_mail = true;
    sim_pull(o, &g, 0);
    const struct collector_mail item = {.number = 1,
                                        .log_index = 1,
                                        .leaf = esep_slice(g.world.log[1].leaf, ESEP_LEAF_BYTES),
                                        .body = esep_slice(large, sizeof large)};
    o->hear = count_frame;
    o->hear_context = &frames;
    collector_on_mail(g.core, g.mail_token, &item, 1, false, g.world.now);
    for (int i = 0; i < 1000; i++) /* what is left is less than one more part of that mail */
        collector_on_order(g.core, 5, esep_slice("\xff", 1), g.world.now);
    uint8_t packed[128];
    Esep__V1__From from = ESEP__V1__FROM__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    from.conn = o->conn;
    from.curve_key = (ProtobufCBinaryData){sizeof o->curve, o->curve};
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_FROM;
    down.from = &from;
    const struct esep_envelope lost = {.version = ESEP_WIRE_VERSION,
                                       .kind = KIND(PING),
                                       .session = esep_slice(stranger, sizeof stranger)};
    struct esep_buf frame;
    esep_buf_init(&frame, 256);
    assert_int_equal(esep_envelope_write_head(&lost, 0, &frame), ESEP_OK);
    const struct esep_slice parts[2] = {
        esep_slice(packed, protobuf_c_message_pack(&down.base, packed)), esep_buf_slice(&frame)};
    collector_on_frame(g.core, 0, parts, 2, g.world.now); /* a refusal */
    const size_t replies = g.replies;
    ingest_pump(&g);
    assert_true(frames > 500 && frames < sizeof large / (16 << 10));
    assert_false(g.reply.order.ok);
    assert_string_equal(g.reply.order.text, ""); /* each is answered, the last without words */
    assert_int_equal(g.replies, replies + 1000);
    o->hear = NULL;
    g.hold_mail = false;
    sim_forget(o);
    sim_pull(o, &g, 0); /* it has not come: once more */
    assert_int_equal(o->heard[0].kind, KIND(MAIL));
    assert_int_equal(o->heard[0].mail.number, 1);
    collector_on_frame(g.core, 0, parts, 2, g.world.now + ESEP_SECOND);
    ingest_pump(&g);
    assert_true(sim_refused(o, REASON(NO_SESSION)));
    esep_buf_done(&frame);
    ingest_end(&g);
}

/* However much of the memory for answers the order itself takes: it is refused, or the list is
 * whole. */
static void a_list_is_whole_or_refused(void **state)
{
    (void)state;
    enum { MEMORY = 4 << 20 };
    struct ingest g;
    ingest_start(&g, NULL);
    for (int i = 0; i < 12; i++)
        (void)sim_active(&g, "moh");
    g.auto_commit = false; /* one more, not durable yet: in no list */
    const uint8_t code[16] = {0x77};
    ingest_code(&g, "akmola", code, true, g.world.now + ESEP_DAY);
    commit_all(&g);
    struct sim_office *fresh = sim_new(&g);
    sim_connect(fresh, &g);
    sim_enrol(fresh, &g, code);
    uint8_t *nonce = calloc(1, MEMORY);
    uint8_t *packed = malloc(MEMORY + 64);
    assert_true(nonce != NULL && packed != NULL);
    size_t whole = 0;
    size_t busy = 0;
    for (size_t len = MEMORY - 8192; len < MEMORY; len += 64) {
        Esep__V1__Order order = ESEP__V1__ORDER__INIT;
        Esep__V1__ListOrder list = ESEP__V1__LIST_ORDER__INIT;
        order.nonce = (ProtobufCBinaryData){len, nonce};
        order.what_case = ESEP__V1__ORDER__WHAT_LIST;
        order.list = &list;
        const struct esep_slice bytes =
            esep_slice(packed, protobuf_c_message_pack(&order.base, packed));
        collector_on_order(g.core, 5, bytes, g.world.now);
        ingest_pump(&g);
        if (g.reply.order.ok) {
            assert_int_equal(g.reply.order.offices, 12);
            whole++;
        } else {
            busy += strcmp(g.reply.order.text, "busy: order again") == 0;
        }
    }
    assert_true(whole > 3 && busy > 10);
    free(nonce);
    free(packed);
    commit_all(&g);
    ingest_end(&g);
}

/* The views' reason quotes the plan, and is cut within a letter: the reply is text all the same. */
static void a_reply_that_quotes_half_a_letter(void **state)
{
    (void)state;
    for (int shift = 0; shift < 2; shift++) {
        struct ingest g;
        static uint8_t packed[16384];
        char zone[400] = "";
        ingest_start(&g, NULL);
        for (size_t at = (size_t)shift; at + 2 < sizeof zone; at += 2)
            memcpy(zone + at, "\xd0\x96", 2);
        if (shift == 1)
            zone[0] = 'x';
        zone[(sizeof zone - 2) / 2 * 2 - (size_t)shift] = '\0';
        Esep__V1__Order order = ESEP__V1__ORDER__INIT;
        Esep__V1__PlanOrder m = ESEP__V1__PLAN_ORDER__INIT;
        Esep__V1__Plan plan = *views_plan(g.world.views, 0);
        plan.revision++;
        plan.zone = zone;
        m.plan = (ProtobufCBinaryData){protobuf_c_message_pack(&plan.base, packed), packed};
        order.what_case = ESEP__V1__ORDER__WHAT_PLAN;
        order.plan = &m;
        ingest_order(&g, &order);
        assert_false(g.reply.order.ok);
        assert_non_null(strstr(g.reply.order.text, "its zone"));
        assert_true(strlen(g.reply.order.text) > 200);
        ingest_end(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_answers_than_there_is_room_for),
        cmocka_unit_test(a_batch_without_room_for_more_bytes),
        cmocka_unit_test(a_repeat_of_what_is_in_the_open_batch),
        cmocka_unit_test(two_receipts_of_one_batch),
        cmocka_unit_test(a_promise_whose_loss_nothing_shows),
        cmocka_unit_test(two_epochs_in_one_batch),
        cmocka_unit_test(one_in_line_goes),
        cmocka_unit_test(mail_read_for_a_session_that_is_gone),
        cmocka_unit_test(what_is_sent_anew_gives_its_room_back),
        cmocka_unit_test(what_finds_no_room_is_not_sent),
        cmocka_unit_test(a_list_is_whole_or_refused),
        cmocka_unit_test(a_reply_that_quotes_half_a_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
