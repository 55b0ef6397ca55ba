/* tests/sim/sim_malice.c - an office that is enrolled, has keys of its own, and means harm; sim.h.
 *
 * In place of the agent's core a script sits on the line. Much of what it sends is well-formed, so
 * that it gets as far in as an office can; then it forges, repeats, skips, floods, contradicts
 * itself and speaks versions that nobody knows. What it signs is its own doing and may be logged as
 * its own: sim_truth.c is told of it. Nothing of it may be credited to another office, stop anybody
 * or use up what the others need; it alone is not asked to converge. A few of these offices are not
 * wicked, only newer or older than the collector: for that the versions in HELLO are drawn, and a
 * WELCOME to one that does not speak version 1 is a failure.
 */
#include "sim.h"
#include "wire/envelope.h"
#include "wire/session.h"

#define KIND(name) ESEP__V1__KIND__KIND_##name
#define OWN_FRAMES 16
#define PLAIN_MAX 65000

struct sim_villain {
    struct sim_office *office;
    struct esep_session session;
    bool begun;    /* a HELLO went out under it */
    bool speaks;   /* ... that named version 1 */
    uint64_t held; /* as WELCOME said */
    struct esep_slice kept[OWN_FRAMES];
    size_t kept_count;
    struct esep_buf plain, frame, opened;
};

static void put(struct sim *sim, struct esep_buf *buf, const void *bytes, size_t len)
{
    if (esep_buf_put(buf, bytes, len) != ESEP_OK)
        sim_fail(sim, "the malicious office has no memory");
}

static void keep(struct sim *sim, struct sim_villain *v, struct esep_slice frame)
{
    v->kept[v->kept_count++ % OWN_FRAMES] = sim_keep(sim, frame);
}

static void send(struct sim *sim, struct sim_villain *v, struct esep_slice frame)
{
    if (v->office->conn != 0 && sim_conn(sim, v->office->conn)->open)
        (void)sim_send_up(sim, v->office->conn, frame);
}

/* Seals v->plain under the session and sends it, and remembers it for a later session. */
static void send_sealed(struct sim *sim, struct sim_villain *v, Esep__V1__Kind kind)
{
    esep_buf_clear(&v->frame);
    if (!v->begun ||
        esep_session_seal(&v->session, kind, esep_buf_slice(&v->plain), &v->frame) != ESEP_OK)
        return;
    keep(sim, v, esep_buf_slice(&v->frame));
    send(sim, v, esep_buf_slice(&v->frame));
}

static void put_message(struct sim *sim, struct sim_villain *v, const ProtobufCMessage *message)
{
    esep_buf_clear(&v->plain);
    if (esep_pack(message, &v->plain) != ESEP_OK)
        sim_fail(sim, "the malicious office cannot pack a message");
}

static struct esep_commitment commitment_of(const struct sim *sim, const struct sim_villain *v)
{
    const struct sim_journal *j = &v->office->journal;
    return (struct esep_commitment){.office = v->office->number,
                                    .epoch = j->epoch,
                                    .seq = j->marks.last_seq,
                                    .head = j->marks.head,
                                    .office_clock = sim_wall(sim, &v->office->node)};
}

/* HELLO with this commitment, signed if it is not yet; the versions as they say. */
static void hello(struct sim *sim, struct sim_villain *v, struct esep_commitment *c, uint32_t least,
                  uint32_t most)
{
    uint8_t seed[32];
    Esep__V1__Hello message = ESEP__V1__HELLO__INIT;
    Esep__V1__Commitment carrier = ESEP__V1__COMMITMENT__INIT;
    uint8_t auth[ESEP_SIGNATURE_BYTES];
    sim_seed_bytes(sim, seed);
    esep_session_done(&v->session);
    if (esep_session_begin(&v->session, seed, sim->seal_key.public, &sim->log_id) != ESEP_OK)
        sim_fail(sim, "the malicious office cannot begin a session");
    esep_commitment_sign(&sim->log_id, c, &v->office->sign);
    struct esep_hash joined =
        esep_auth_statement(v->session.office_ephemeral, v->session.collector_public, &sim->log_id,
                            esep_slice(c->signature, sizeof c->signature));
    esep_sign(&v->office->sign, esep_slice(joined.bytes, sizeof joined.bytes), auth);
    esep_commitment_write(c, &carrier);
    message.commitment = &carrier;
    message.auth = esep_pb(auth, sizeof auth);
    message.version_min = least;
    message.version_max = most;
    message.journal_first_seq = 1;
    message.mail_through = sim_pick(sim, 6) == 0 ? esep_prng_next(&sim->prng) : 0;
    put_message(sim, v, &message.base);
    esep_buf_clear(&v->frame);
    if (esep_session_seal_first(&v->session, KIND(HELLO), esep_buf_slice(&v->plain), &v->frame) !=
        ESEP_OK)
        sim_fail(sim, "the malicious office cannot seal HELLO");
    v->begun = true;
    v->speaks = least <= ESEP_WIRE_VERSION && most >= ESEP_WIRE_VERSION;
    keep(sim, v, esep_buf_slice(&v->frame));
    send(sim, v, esep_buf_slice(&v->frame));
}

static void good_hello(struct sim *sim, struct sim_villain *v)
{
    struct esep_commitment c = commitment_of(sim, v);
    hello(sim, v, &c, 1, 1);
}

/* A BATCH of the journal's entries, or of one that is not in it, with a signed head or without. */
static void batch(struct sim *sim, struct sim_villain *v, uint64_t first,
                  struct esep_slice *entries, size_t count, struct esep_commitment *c)
{
    static ProtobufCBinaryData list[64];
    Esep__V1__Batch message = ESEP__V1__BATCH__INIT;
    Esep__V1__Commitment carrier = ESEP__V1__COMMITMENT__INIT;
    for (size_t i = 0; i < count; i++)
        list[i] = esep_pb(entries[i].data, entries[i].len);
    message.first_seq = first;
    message.entries = list;
    message.n_entries = count;
    if (c != NULL) {
        esep_commitment_write(c, &carrier);
        message.commitment = &carrier;
    }
    put_message(sim, v, &message.base);
    send_sealed(sim, v, KIND(BATCH));
}

static size_t own_entries(const struct sim_villain *v, uint64_t from, struct esep_slice ret[64])
{
    const struct sim_epoch *e = &v->office->journal.epochs[v->office->journal.epoch];
    size_t count = 0;
    size_t bytes = 0;
    for (uint64_t seq = from; seq >= 1 && seq <= e->last && count < 64; seq++) {
        bytes += e->entries[seq].entry.bytes.len;
        if (bytes > 40000)
            break;
        ret[count++] = e->entries[seq].entry.bytes;
    }
    return count;
}

/* The entries that follow what is held, as an honest office would, under a head that `twist` may
 * have bent; what is bent after signing has a signature that does not hold. */
static void group(struct sim *sim, struct sim_villain *v, uint64_t twist)
{
    struct esep_slice entries[64];
    size_t count = own_entries(v, v->held + 1, entries);
    if (count == 0)
        return;
    const struct sim_epoch *e = &v->office->journal.epochs[v->office->journal.epoch];
    struct esep_commitment c = commitment_of(sim, v);
    uint64_t first = v->held + 1;
    c.seq = v->held + count;
    c.head = e->entries[c.seq].entry.chain;
    if (twist == 1)
        c.head.bytes[sim_pick(sim, 32)] ^= 1;
    else if (twist == 2)
        c.office = sim->offices[sim_pick(sim, (uint64_t)sim->office_count)].number;
    else if (twist == 3)
        c.epoch += 1 + (uint32_t)sim_pick(sim, 3);
    else if (twist == 4)
        first += 1 + sim_pick(sim, 9);
    else if (twist == 5)
        c.seq += 1 + sim_pick(sim, 9);
    esep_commitment_sign(&sim->log_id, &c, &v->office->sign);
    if (twist == 6)
        c.signature[sim_pick(sim, sizeof c.signature)] ^= 0x10;
    batch(sim, v, first, entries, count, twist == 7 ? NULL : &c);
    if (twist == 0)
        v->held += count; /* it hopes */
}

static void follow(struct sim *sim, struct sim_villain *v)
{
    group(sim, v, 0);
}

static void bend(struct sim *sim, struct sim_villain *v)
{
    group(sim, v, 1 + sim_pick(sim, 7));
}

/* Another entry under a number of its own journal: it signs both, and one of them is a fork. */
static void contradict(struct sim *sim, struct sim_villain *v)
{
    const struct sim_office *o = v->office;
    const struct sim_epoch *e = &o->journal.epochs[o->journal.epoch];
    uint8_t *bytes = sim_alloc(sim, 64);
    struct agent_head head;
    if (v->held > e->last)
        return;
    agent_head_start(&head, &sim->log_id, o->number, o->journal.epoch, o->sign.public);
    if (v->held > 0)
        head.hash = e->entries[v->held].entry.chain;
    head.seq = v->held;
    memset(bytes, (int)sim_pick(sim, 256), 64);
    struct esep_slice entry = esep_slice(bytes, 1 + (size_t)sim_pick(sim, 64));
    agent_head_step(&head, entry);
    const struct sim_entry other = {.entry = {.seq = head.seq, .chain = head.hash, .bytes = entry},
                                    .key = -1};
    sim_truth_written(sim, (int)o->number - 1, o->journal.epoch, &other);
    struct esep_commitment c = commitment_of(sim, v);
    c.seq = head.seq;
    c.head = head.hash;
    esep_commitment_sign(&sim->log_id, &c, &o->sign);
    batch(sim, v, head.seq, &entry, 1, &c);
}

/* Numbers at the ends of their range, in heads without entries, in batches, in pulls. */
static void exaggerate(struct sim *sim, struct sim_villain *v)
{
    static const uint64_t numbers[] = {
        0, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, UINT64_MAX / 2 + 1, UINT32_MAX, 1ull << 40};
    uint64_t number = numbers[sim_pick(sim, sizeof numbers / sizeof numbers[0])];
    struct esep_commitment c = commitment_of(sim, v);
    Esep__V1__Pull pull = ESEP__V1__PULL__INIT;
    struct esep_slice entries[64];
    switch (sim_pick(sim, 4)) {
    case 0:
        c.seq = number;
        esep_commitment_sign(&sim->log_id, &c, &v->office->sign);
        batch(sim, v, 0, NULL, 0, &c);
        break;
    case 1:
        c.seq = number;
        hello(sim, v, &c, 1, 1);
        break;
    case 2:
        esep_commitment_sign(&sim->log_id, &c, &v->office->sign);
        batch(sim, v, number, entries, own_entries(v, 1, entries), &c);
        break;
    default:
        pull.through = number;
        put_message(sim, v, &pull.base);
        send_sealed(sim, v, KIND(PULL));
        break;
    }
}

/* It says to be somebody else, under its own key and over its own connection. */
static void impersonate(struct sim *sim, struct sim_villain *v)
{
    const struct sim_office *victim = &sim->offices[sim_pick(sim, (uint64_t)sim->office_count)];
    struct esep_commitment c = commitment_of(sim, v);
    c.office = sim_pick(sim, 6) == 0 ? (uint32_t)esep_prng_next(&sim->prng) : victim->number;
    c.epoch = victim->journal.epoch + (uint32_t)sim_pick(sim, 2);
    hello(sim, v, &c, 1, 1);
}

static void change_epoch(struct sim *sim, struct sim_villain *v)
{
    struct sim_journal *j = &v->office->journal;
    struct esep_commitment c = commitment_of(sim, v);
    uint64_t way = sim_pick(sim, 5);
    if (way < 2 && j->epoch + 4 < SIM_EPOCHS) {
        sim_journal_recover(sim, (int)v->office->number - 1, j->epoch + (uint32_t)way);
        v->held = 0;
        good_hello(sim, v);
        return;
    }
    c.epoch = way == 2   ? (uint32_t)sim_pick(sim, (uint64_t)j->epoch + 1)
              : way == 3 ? j->epoch + 1 + (uint32_t)sim_pick(sim, 40)
                         : UINT32_MAX;
    hello(sim, v, &c, 1, 1);
}

static void repeat_old(struct sim *sim, struct sim_villain *v)
{
    size_t have = v->kept_count < OWN_FRAMES ? v->kept_count : OWN_FRAMES;
    for (uint64_t n = 1 + sim_pick(sim, 8); n > 0 && have > 0; n--)
        send(sim, v, v->kept[sim_pick(sim, have)]);
}

/* More than the credit, and more frames than the broker's bucket. */
static void flood(struct sim *sim, struct sim_villain *v)
{
    uint64_t frames = 10 + sim_pick(sim, 80);
    bool large = sim_pick(sim, 2) == 0;
    for (uint64_t n = 0; n < frames; n++) {
        esep_buf_clear(&v->plain);
        for (size_t i = 0; i < (large ? 60000u : 40u); i += 40)
            put(sim, &v->plain, "\x12\x26 one entry after another, without a head", 40);
        send_sealed(sim, v, KIND(BATCH));
    }
}

/* Bytes that are no message, or part of one, under a seal that holds. */
static void babble(struct sim *sim, struct sim_villain *v)
{
    static const Esep__V1__Kind kinds[] = {KIND(BATCH), KIND(PULL),    KIND(PING), KIND(HELLO),
                                           KIND(ORDER), KIND(WELCOME), KIND(MAIL), KIND(BUNDLE)};
    size_t len = (size_t)sim_pick(sim, 400);
    if (sim_pick(sim, 2) == 0 || v->plain.len < 2) {
        esep_buf_clear(&v->plain);
        for (size_t i = 0; i < len; i++) {
            uint8_t byte = (uint8_t)sim_pick(sim, 256);
            put(sim, &v->plain, &byte, 1);
        }
    } else {
        v->plain.len = 1 + (size_t)sim_pick(sim, v->plain.len - 1);
    }
    send_sealed(sim, v, kinds[sim_pick(sim, sizeof kinds / sizeof kinds[0])]);
}

/* A frame in the clear that the broker has to judge: too large, another version, no envelope. */
static void break_envelope(struct sim *sim, struct sim_villain *v)
{
    struct esep_envelope envelope;
    size_t have = v->kept_count < OWN_FRAMES ? v->kept_count : OWN_FRAMES;
    if (have == 0 || esep_envelope_read(v->kept[sim_pick(sim, have)], &envelope, NULL) != ESEP_OK)
        return;
    static const uint8_t zeros[256];
    static const uint32_t versions[] = {0, 2, 3, UINT32_MAX};
    size_t more = sim_pick(sim, 3) == 0 ? 70000 + (size_t)sim_pick(sim, 100000) : 0;
    if (sim_pick(sim, 2) == 0)
        envelope.version = versions[sim_pick(sim, 4)];
    if (sim_pick(sim, 3) == 0)
        envelope.kind = (Esep__V1__Kind)sim_pick(sim, 40);
    esep_buf_clear(&v->frame);
    if (esep_envelope_write_head(&envelope, envelope.sealed.len + more, &v->frame) != ESEP_OK)
        return;
    put(sim, &v->frame, envelope.sealed.data, envelope.sealed.len);
    for (size_t i = 0; i < more; i += sizeof zeros)
        put(sim, &v->frame, zeros, sizeof zeros);
    if (sim_pick(sim, 3) == 0)
        v->frame.len = (size_t)sim_pick(sim, v->frame.len);
    send(sim, v, esep_buf_slice(&v->frame));
}

/* Two and more on one connection; sometimes so many that the table of sessions would be full. */
static void greet_again(struct sim *sim, struct sim_villain *v)
{
    for (uint64_t n = sim_pick(sim, 6) == 0 ? 80 : 2 + sim_pick(sim, 3); n > 0; n--)
        good_hello(sim, v);
}

static void greet_in_tongues(struct sim *sim, struct sim_villain *v)
{
    static const struct {
        uint32_t least, most;
    } ranges[] = {{2, 2}, {2, 9}, {0, 0}, {1, 9}, {0, 1}, {9, 1}, {UINT32_MAX, UINT32_MAX}};
    size_t i = (size_t)sim_pick(sim, sizeof ranges / sizeof ranges[0]);
    struct esep_commitment c = commitment_of(sim, v);
    sim_count(sim, SIM_TALLY_VERSION);
    hello(sim, v, &c, ranges[i].least, ranges[i].most);
}

/* On a line that has not said HELLO yet: frames of a session that is nobody's. */
static void begin_in_the_middle(struct sim *sim, struct sim_villain *v)
{
    uint8_t seed[32];
    sim_seed_bytes(sim, seed);
    esep_session_done(&v->session);
    v->begun = esep_session_begin(&v->session, seed, sim->seal_key.public, &sim->log_id) == ESEP_OK;
    v->session.established = true; /* with a key of zeros */
    v->session.first_sealed = true;
    follow(sim, v);
    v->begun = false;
}

static void dial(struct sim *sim, struct sim_villain *v)
{
    sim_conn_close(sim, v->office->conn);
    v->office->conn = sim_conn_open(sim, (int)v->office->number - 1,
                                    (int)sim_pick(sim, (uint64_t)sim->broker_count));
    v->begun = false;
}

static void on_turn(struct sim *sim, struct sim_event *event)
{
    static void (*const doings[])(struct sim *, struct sim_villain *) = {good_hello,
                                                                         good_hello,
                                                                         good_hello,
                                                                         follow,
                                                                         follow,
                                                                         follow,
                                                                         bend,
                                                                         bend,
                                                                         contradict,
                                                                         exaggerate,
                                                                         exaggerate,
                                                                         impersonate,
                                                                         change_epoch,
                                                                         repeat_old,
                                                                         repeat_old,
                                                                         flood,
                                                                         babble,
                                                                         babble,
                                                                         break_envelope,
                                                                         greet_again,
                                                                         greet_in_tongues,
                                                                         begin_in_the_middle,
                                                                         dial};
    struct sim_villain *v = sim->villain;
    (void)event;
    if (sim->calm)
        return;
    struct esep_prng outer = sim_stream(sim, SIM_MALICE, ++sim->turns);
    sim_after(sim, NULL, sim_between(sim, ESEP_SECOND, 16 * ESEP_MINUTE), on_turn);
    for (uint64_t n = 1 + sim_pick(sim, 4); n > 0; n--) {
        size_t i = (size_t)sim_pick(sim, sizeof doings / sizeof doings[0]);
        if (v->office->conn == 0 || !sim_conn(sim, v->office->conn)->open)
            dial(sim, v);
        if (sim_does(sim, SIM_MALICE)) {
            sim_trace(sim, &v->office->node, "does harm of kind %zu", i);
            doings[i](sim, v);
        }
    }
    sim->prng = outer;
}

void sim_malice_frame(struct sim *sim, struct esep_slice frame)
{
    struct sim_villain *v = sim->villain;
    struct esep_envelope envelope;
    const ProtobufCMessage *message = NULL;
    if (!v->begun || esep_envelope_read(frame, &envelope, NULL) != ESEP_OK ||
        envelope.kind != KIND(WELCOME) ||
        esep_session_open(&v->session, &envelope, &v->opened) != ESEP_OK)
        return;
    if (!v->speaks)
        sim_fail(sim, "WELCOME to an office that does not speak version 1");
    esep_arena_reset(&sim->truth.arena);
    if (esep_unpack(&esep__v1__welcome__descriptor, esep_buf_slice(&v->opened), &sim->truth.arena,
                    &message) != ESEP_OK)
        sim_fail(sim, "WELCOME cannot be read");
    const Esep__V1__Welcome *welcome = (const Esep__V1__Welcome *)message;
    if (welcome->version != ESEP_WIRE_VERSION)
        sim_fail(sim, "WELCOME speaks version %u", welcome->version);
    if (welcome->epoch == v->office->journal.epoch)
        v->held = welcome->seq;
    sim_trace(sim, &v->office->node, "is welcomed: epoch %u, %llu held", welcome->epoch,
              (unsigned long long)welcome->seq);
}

void sim_malice_start(struct sim *sim, int office)
{
    struct sim_villain *v = sim_alloc(sim, sizeof *v);
    memset(v, 0, sizeof *v);
    v->office = &sim->offices[office];
    if (v->office->core != NULL)
        sim_office_crash(sim, office);
    v->office->villain = true;
    esep_buf_init(&v->plain, PLAIN_MAX);
    esep_buf_init(&v->frame, 1u << 18);
    esep_buf_init(&v->opened, 1u << 18);
    sim->villain = v;
    sim_trace(sim, &v->office->node, "means harm");
    sim_after(sim, NULL, ESEP_MINUTE, on_turn);
}

void sim_malice_done(struct sim *sim)
{
    struct sim_villain *v = sim->villain;
    if (v == NULL)
        return;
    esep_session_done(&v->session);
    esep_buf_done(&v->plain);
    esep_buf_done(&v->frame);
    esep_buf_done(&v->opened);
}
