/* tests/fuzz/collector.c - ingest under any order of events: brokers, offices, operators, the disk.
 *
 * The input is a list of records: what happens, length (be16), bytes. Frames of a broker and of an
 * office as they are; HELLOs, BATCHes, ENROLs and orders that are true but for the choices in the
 * bytes; commits that succeed and fail; links that come and go; time both ways; restarts from the
 * disk. What must hold is in ingest_watch.c: no receipt but for what is on the disk, no entry but
 * in sequence and by a key that counts, and a core that ends for nothing but a failed commit.
 */
#include "esep/v1/report.pb-c.h"
#include "ingest.h"

static struct ingest_office *office(struct ingest *g, uint8_t which)
{
    return &g->offices[1 + (which & 3)];
}

static void raw_link(struct ingest *g, struct fuzz_input in)
{
    const uint8_t how = fuzz_byte(&in);
    const struct esep_slice parts[2] = {fuzz_bytes(&in, how & 1 ? 20 : SIZE_MAX), fuzz_rest(&in)};
    collector_on_frame(g->core, how >> 1 & 1, parts, how & 1 ? 2 : 1, g->now);
}

static void raw_frame(struct ingest *g, struct fuzz_input in)
{
    const struct ingest_office *o = office(g, fuzz_byte(&in));
    ingest_frame(g, o, fuzz_rest(&in));
}

static void raw_plain(struct ingest *g, struct fuzz_input in)
{
    struct ingest_office *o = office(g, fuzz_byte(&in));
    const Esep__V1__Kind kind = (Esep__V1__Kind)(fuzz_byte(&in) % 24);
    ingest_sealed(g, o, kind, fuzz_rest(&in));
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

static struct esep_commitment head_of(struct ingest *g, const struct ingest_office *o, uint64_t seq,
                                      uint8_t lies)
{
    struct esep_commitment c = {
        .office = o->number, .epoch = o->epoch, .seq = seq, .office_clock = g->now};
    c.head = o->chain[at_most(seq, INGEST_ENTRIES)];
    if (lies & 1)
        c.head.bytes[0] ^= 1;
    if (lies & 2)
        c.office = 1 + c.office % INGEST_OFFICES;
    if (lies & 4)
        c.epoch += 1;
    esep_commitment_sign(&g->config.log_id, &c, &o->sign);
    if (lies & 8)
        c.signature[3] ^= 1;
    return c;
}

/* how: 1..15 lies about the head, 16 another connection, 32 another link, 64 an older version. */
static void hello(struct ingest *g, struct fuzz_input in)
{
    uint8_t auth[ESEP_SIGNATURE_BYTES];
    struct ingest_office *o = office(g, fuzz_byte(&in));
    const uint8_t how = fuzz_byte(&in);
    const uint64_t seq = at_most(fuzz_number(&in), o->seq);
    const struct esep_commitment c = head_of(g, o, seq, how & 15);
    Esep__V1__Commitment commitment;
    Esep__V1__Hello message = ESEP__V1__HELLO__INIT;
    esep_commitment_write(&c, &commitment);
    o->conn += how & 16;
    o->link = how >> 5 & 1;
    ingest_begin(g, &o->session);
    const struct esep_hash statement =
        esep_auth_statement(o->session.office_ephemeral, o->session.collector_public,
                            &g->config.log_id, esep_slice(c.signature, sizeof c.signature));
    esep_sign(&o->sign, esep_slice(statement.bytes, sizeof statement.bytes), auth);
    message.commitment = &commitment;
    message.auth = esep_pb(auth, sizeof auth);
    message.version_min = message.version_max = how & 64 ? 2 : 1;
    message.journal_first_seq = fuzz_number(&in);
    message.mail_through = fuzz_number(&in);
    ingest_first(g, o, &o->session, ESEP__V1__KIND__KIND_HELLO, &message.base);
}

/* Entries first .. first + count - 1 of the journal, and a signed head where how says so. */
static void batch(struct ingest *g, struct fuzz_input in)
{
    struct ingest_office *o = office(g, fuzz_byte(&in));
    const uint8_t how = fuzz_byte(&in);
    ProtobufCBinaryData entries[INGEST_ENTRIES];
    Esep__V1__Batch message = ESEP__V1__BATCH__INIT;
    Esep__V1__Commitment commitment;
    message.first_seq = fuzz_number(&in);
    message.entries = entries;
    uint64_t count = fuzz_byte(&in) & 15;
    uint64_t last = o->seq;
    for (uint64_t seq = message.first_seq; count > 0 && seq >= 1 && seq <= o->seq; seq++, count--) {
        entries[message.n_entries++] = esep_pb(o->entries[seq].data, o->entries[seq].len);
        last = seq;
    }
    if (how & 64)
        last = at_most(fuzz_number(&in), INGEST_ENTRIES);
    const struct esep_commitment c = head_of(g, o, last, how & 15);
    esep_commitment_write(&c, &commitment);
    if (how & 128)
        message.commitment = &commitment;
    ingest_message(g, o, ESEP__V1__KIND__KIND_BATCH, &message.base);
}

/* Reports on what the plan asks for, or any bytes at all. */
static void write_entry(struct ingest *g, struct fuzz_input in)
{
    uint8_t packed[256], nonce[16] = {0};
    char key[ESEP_OBLIGATION_KEY_MAX];
    struct ingest_office *o = office(g, fuzz_byte(&in));
    const uint8_t how = fuzz_byte(&in);
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report r = ESEP__V1__REPORT__INIT;
    if (how & 1) {
        ingest_write(g, o, fuzz_rest(&in));
        return;
    }
    const uint32_t duties = views_obligation_count(g->disk.views);
    (void)snprintf(key, sizeof key, "%s",
                   views_obligation(g->disk.views, fuzz_byte(&in) % duties)->made.key);
    entry.nonce = esep_pb(nonce, sizeof nonce);
    entry.written_at_us = g->now;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &r;
    r.obligation = key;
    r.revision = 1 + (uint32_t)fuzz_byte(&in);
    r.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED;
    const uint64_t base = how & 6 ? fuzz_number(&in) : 0;
    struct esep_hash name = esep_content_hash(o->entries[base <= o->seq ? base : 0]);
    if (how & 2)
        r.builds_on = esep_pb(name.bytes, sizeof name.bytes);
    if (how & 4)
        name.bytes[0] ^= fuzz_byte(&in); /* perhaps of what is not there */
    FUZZ_CHECK(protobuf_c_message_get_packed_size(&entry.base) <= sizeof packed);
    ingest_write(g, o, esep_slice(packed, protobuf_c_message_pack(&entry.base, packed)));
}

static void pull(struct ingest *g, struct fuzz_input in)
{
    struct ingest_office *o = office(g, fuzz_byte(&in));
    Esep__V1__Pull message = ESEP__V1__PULL__INIT;
    Esep__V1__Ping ping = ESEP__V1__PING__INIT;
    const uint8_t how = fuzz_byte(&in);
    message.through = fuzz_number(&in);
    ping.office_clock_us = (esep_time)fuzz_number(&in);
    if (how & 1)
        ingest_message(g, o, ESEP__V1__KIND__KIND_PING, &ping.base);
    else
        ingest_message(g, o, ESEP__V1__KIND__KIND_PULL, &message.base);
}

static void commit(struct ingest *g, struct fuzz_input in)
{
    const uint8_t status = fuzz_byte(&in);
    ingest_commit(g, status < 0xf0 ? ESEP_OK : (enum esep_status)(1 + status % ESEP_DENIED));
}

static void time_moves(struct ingest *g, struct fuzz_input in)
{
    static const esep_time units[] = {ESEP_SECOND / 10, ESEP_MINUTE, ESEP_DAY, 100 * ESEP_DAY};
    const uint8_t how = fuzz_byte(&in);
    const esep_time by = (esep_time)fuzz_byte(&in) * units[how & 3];
    g->now += how & 4 ? -by : by;
    if (g->now < ESEP_DAY)
        g->now = ESEP_DAY;
    collector_on_time(g->core, g->now);
}

static void fill_order(struct ingest *g, struct fuzz_input *in, Esep__V1__Order *order)
{
    static char text[5][64];
    static Esep__V1__CodeOrder code;
    static Esep__V1__AcceptOrder accept;
    static Esep__V1__RevokeOrder revoke;
    static Esep__V1__ListOrder list;
    static Esep__V1__PlanOrder plan;
    static Esep__V1__ReviewOrder review;
    static Esep__V1__ExtendOrder extend;
    static Esep__V1__ControlOrder control;
    static Esep__V1__AccountOrder account;
    static uint8_t hash[ESEP_HASH_BYTES];
    static char key[ESEP_OBLIGATION_KEY_MAX], until[] = "2014-07-31";
    const uint8_t what = fuzz_byte(in);
    const uint32_t number = (uint32_t)fuzz_number(in);
    const uint32_t duties = views_obligation_count(g->disk.views);
    const struct esep_slice revision = story_plan(number);
    esep__v1__code_order__init(&code);
    esep__v1__accept_order__init(&accept);
    esep__v1__revoke_order__init(&revoke);
    esep__v1__list_order__init(&list);
    esep__v1__plan_order__init(&plan);
    esep__v1__review_order__init(&review);
    esep__v1__extend_order__init(&extend);
    esep__v1__control_order__init(&control);
    for (size_t i = 0; i < 5; i++)
        fuzz_text(in, text[i], sizeof text[i]);
    (void)snprintf(key, sizeof key, "%s",
                   views_obligation(g->disk.views, number % duties)->made.key);
    const struct esep_hash code_hash = esep_sha256(esep_slice(&what, 1));
    memcpy(hash, code_hash.bytes, sizeof hash);
    code.body = number & 1 ? text[0] : until;
    (void)snprintf(text[4], sizeof text[4], "moh");
    code.body = number & 2 ? text[4] : text[0];
    code.code_hash = esep_pb(hash, sizeof hash);
    code.expires_at_us = g->now + ESEP_DAY;
    code.accept_on_use = (number & 4) != 0;
    accept.office = revoke.office = number;
    list.after_office = number;
    revoke.reason = review.comment = extend.reason = control.reason = text[1];
    plan.plan = esep_pb(revision.data, revision.len);
    plan.effective = review.again_by = text[2];
    review.report_index = number;
    review.accept = (what & 128) != 0;
    review.reason_code = extend.document = text[3];
    extend.obligation = control.obligation = key;
    extend.until = until;
    extend.refuse = (what & 128) != 0;
    control.act = (Esep__V1__ControlAct)(1 + (what >> 7));
    order->what_case = (Esep__V1__Order__WhatCase)(ESEP__V1__ORDER__WHAT_CODE + (what & 7));
    void *const members[] = {&code, &accept, &revoke, &list, &plan, &review, &extend, &control};
    order->code = members[what & 7]; /* all members of the union are pointers */
    if ((what & 0x70) != 0x70)
        return;
    esep__v1__account_order__init(&account);
    account.act = (Esep__V1__AccountAct)(what & 7);
    account.name = text[0];
    account.display = text[1];
    account.role = number;
    account.substitute_for = text[3];
    account.from = text[2];
    account.until = until;
    order->what_case = ESEP__V1__ORDER__WHAT_ACCOUNT;
    order->account = &account;
}

/* how: 1 any bytes, 2 over the accounts' socket, by the account that the last text names. */
static void local_order(struct ingest *g, struct fuzz_input in)
{
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    char actor[80];
    const uint8_t how = fuzz_byte(&in);
    void (*const take)(struct collector *, uint64_t, struct esep_slice, esep_time) =
        how & 2 ? collector_on_account_order : collector_on_order;
    if (how & 1) {
        take(g->core, 7, fuzz_rest(&in), g->now);
        return;
    }
    fill_order(g, &in, &order);
    order.actor = (char *)(uintptr_t)fuzz_text(&in, actor, sizeof actor);
    esep_buf_clear(&g->packed);
    FUZZ_CHECK(esep_pack(&order.base, &g->packed) == ESEP_OK);
    take(g->core, 7, esep_buf_slice(&g->packed), g->now);
}

/* how: 1 signed badly, 2 another connection's key, 4 long ago, 8 a nonce of two bytes. */
static void signed_order(struct ingest *g, struct fuzz_input in)
{
    uint8_t nonce[16] = {0}, signature[ESEP_SIGNATURE_BYTES];
    struct esep_buf bytes;
    struct esep_session session;
    struct ingest_office caller = {.conn = 900, .number = 0};
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__SignedOrder message = ESEP__V1__SIGNED_ORDER__INIT;
    const uint8_t how = fuzz_byte(&in);
    nonce[0] = fuzz_byte(&in);
    fill_order(g, &in, &order);
    order.nonce = esep_pb(nonce, how & 8 ? 2 : sizeof nonce);
    order.issued_at_us = how & 4 ? g->now - ESEP_HOUR : g->now;
    esep_buf_init(&bytes, 1u << 20);
    FUZZ_CHECK(esep_pack(&order.base, &bytes) == ESEP_OK);
    const struct esep_hash statement =
        esep_order_statement(&g->config.log_id, esep_buf_slice(&bytes));
    esep_sign(&g->operator_key, esep_slice(statement.bytes, sizeof statement.bytes), signature);
    signature[5] ^= how & 1;
    message.order = esep_pb(bytes.data, bytes.len);
    message.operator_key = esep_pb(g->operator_key.public, ESEP_KEY_BYTES);
    message.signature = esep_pb(signature, sizeof signature);
    memset(caller.curve, how & 2 ? 0x70 : 0x6f, sizeof caller.curve);
    ingest_begin(g, &session);
    ingest_first(g, &caller, &session, ESEP__V1__KIND__KIND_ORDER, &message.base);
    esep_session_done(&session);
    esep_buf_done(&bytes);
}

/* The code's hash is one that a CODE order made (or the story's): the code itself is its first
 * byte's. how: 1 signed badly, 2 another connection. */
static void enrol(struct ingest *g, struct fuzz_input in)
{
    uint8_t bound[16 + 2 * ESEP_KEY_BYTES], auth[ESEP_SIGNATURE_BYTES];
    char label[80];
    struct esep_session session;
    struct ingest_office *o = office(g, fuzz_byte(&in));
    const uint8_t how = fuzz_byte(&in);
    Esep__V1__Enrol message = ESEP__V1__ENROL__INIT;
    memset(bound, fuzz_byte(&in), 16);
    memcpy(bound + 16, o->sign.public, ESEP_KEY_BYTES);
    memcpy(bound + 16 + ESEP_KEY_BYTES, o->curve, ESEP_KEY_BYTES);
    ingest_begin(g, &session);
    const struct esep_hash statement =
        esep_auth_statement(session.office_ephemeral, session.collector_public, &g->config.log_id,
                            esep_slice(bound, sizeof bound));
    esep_sign(&o->sign, esep_slice(statement.bytes, sizeof statement.bytes), auth);
    auth[1] ^= how & 1;
    message.code = esep_pb(bound, 16);
    message.sign_key = esep_pb(o->sign.public, ESEP_KEY_BYTES);
    message.curve_key = esep_pb(o->curve, ESEP_KEY_BYTES);
    message.auth = esep_pb(auth, sizeof auth);
    message.label = (char *)(uintptr_t)(how & 4 ? fuzz_text(&in, label, sizeof label) : "");
    struct ingest_office as = {.conn = o->conn, .link = o->link};
    memcpy(as.curve, how & 2 ? g->offices[1].curve : o->curve, sizeof as.curve);
    ingest_first(g, &as, &session, ESEP__V1__KIND__KIND_ENROL, &message.base);
    esep_session_done(&session);
}

static void links(struct ingest *g, struct fuzz_input in)
{
    const uint8_t how = fuzz_byte(&in);
    const uint32_t link = how & 1;
    const uint8_t key[32] = {(uint8_t)(1 + link)};
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    Esep__V1__Gone gone = ESEP__V1__GONE__INIT;
    Esep__V1__Beat beat = ESEP__V1__BEAT__INIT;
    char words[64];
    Esep__V1__JoinRefused refused = ESEP__V1__JOIN_REFUSED__INIT;
    switch (how >> 1 & 7) {
    case 0:
        collector_on_link(g->core, link, key, false, g->now);
        return;
    case 1:
        ingest_join(g, link, (how & 128) != 0);
        return;
    case 2:
        gone.conn = fuzz_number(&in);
        down.what_case = ESEP__V1__LINK_DOWN__WHAT_GONE;
        down.gone = &gone;
        break;
    case 3:
        refused.text = (char *)(uintptr_t)fuzz_text(&in, words, sizeof words);
        down.what_case = ESEP__V1__LINK_DOWN__WHAT_REFUSED;
        down.refused = &refused;
        break;
    default:
        beat.draining = (how & 128) != 0;
        down.what_case = ESEP__V1__LINK_DOWN__WHAT_BEAT;
        down.beat = &beat;
        break;
    }
    ingest_link_down(g, link, &down);
}

static void shell(struct ingest *g, struct fuzz_input in)
{
    const uint8_t how = fuzz_byte(&in);
    char detail[128];
    switch (how & 7) {
    case 0:
        collector_set_full(g->core, (how & 128) != 0);
        break;
    case 1:
        g->hold_mail = (how & 128) != 0;
        break;
    case 2:
        ingest_mail_answer(g);
        break;
    case 3: {
        const uint64_t index = fuzz_number(&in);
        const uint32_t target = (uint32_t)fuzz_number(&in);
        const uint32_t tries = fuzz_byte(&in);
        collector_on_delivery(g->core, index, target, (how & 128) != 0, tries,
                              fuzz_text(&in, detail, sizeof detail), g->now);
        break;
    }
    case 4:
        if (how & 128) /* it ends in restart alone: seldom */
            collector_drain(g->core, g->now);
        break;
    case 5:
        (void)collector_drained(g->core);
        collector_on_time(g->core, collector_deadline(g->core) < g->now + 400 * ESEP_DAY
                                       ? (g->now = collector_deadline(g->core))
                                       : g->now);
        break;
    default:
        ingest_restart(g);
        break;
    }
}

/* The last frame once more, one byte of it changed (by zero: a repeat). */
static void again(struct ingest *g, struct fuzz_input in)
{
    const struct ingest_office *o = office(g, fuzz_byte(&in));
    if (g->frame.len == 0)
        return;
    g->frame.data[(size_t)fuzz_be(&in, 2) % g->frame.len] ^= fuzz_byte(&in);
    ingest_frame(g, o, esep_buf_slice(&g->frame));
}

static void new_epoch(struct ingest *g, struct fuzz_input in)
{
    struct ingest_office *o = office(g, fuzz_byte(&in));
    o->epoch += 1 + (fuzz_byte(&in) & 1);
    o->seq = 0;
    o->chain[0] = esep_chain_start(&g->config.log_id, o->number, o->epoch, o->sign.public);
}

/* Append only: a seed's first byte is a place in this list. */
static void (*const events[])(struct ingest *, struct fuzz_input) = {
    raw_link,   raw_frame,   raw_plain,    hello, batch, write_entry, pull,  commit,
    time_moves, local_order, signed_order, enrol, links, shell,       again, new_epoch,
};
#define EVENTS (sizeof events / sizeof events[0])

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ingest g;
    struct fuzz_input in = {data, size};
    struct esep_slice bytes;
    uint8_t what;
    ingest_start(&g);
    for (int i = 0; i < 200 && g.disk.count < STORY_ENTRIES_MAX - 130; i++) {
        if (!fuzz_record(&in, &what, &bytes))
            break;
        events[what % EVENTS](&g, fuzz_input(bytes));
        ingest_pump(&g);
    }
    for (int i = 0; i < 4 && g.pending != NULL; i++)
        ingest_commit(&g, ESEP_OK);
    ingest_check_disk(&g);
    ingest_end(&g);
    return 0;
}
