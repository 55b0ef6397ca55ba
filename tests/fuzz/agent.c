/* tests/fuzz/agent.c - an office's uplink under any order of events, with a collector gone mad.
 *
 * The input is a list of records: what happens, length (be16), bytes. Under 32 the first byte is a
 * frame: 0 the bytes as they are; 1 an envelope in the clear, of kind REFUSAL; 2 time; else the
 * bytes are sealed in the session as a message of that kind, so that what only the collector could
 * send is tried as well. From 32 on, events whose bytes are choices: receipts that the log holds,
 * refusals that its key signed, mail, WELCOMEs, a journal that grows, shrinks, fails, sockets that
 * come, go and block, restarts, jumps of the clock. What must hold is in agent_watch.c.
 */
#include "agent_world.h"

static void in_the_clear(struct world *w, struct esep_slice bytes)
{
    const struct esep_envelope head = {
        .version = ESEP_WIRE_VERSION,
        .kind = ESEP__V1__KIND__KIND_REFUSAL,
        .session = esep_slice(w->collector.id, sizeof w->collector.id),
    };
    if (bytes.len == 0)
        return;
    esep_buf_clear(&w->last);
    FUZZ_CHECK(esep_envelope_write_head(&head, bytes.len, &w->last) == ESEP_OK);
    FUZZ_CHECK(esep_buf_put(&w->last, bytes.data, bytes.len) == ESEP_OK);
    world_hear(w, esep_buf_slice(&w->last));
}

/* What joins it to the tree; some with a bit flipped, some of another generation, some from
 * nothing. promise: its commitment is logged before, and proven under the same growth. */
static void prove(struct world *w, const struct esep_receipt *r, struct fuzz_input *in,
                  struct fake_proof *proof, struct fake_proof *promise)
{
    const uint8_t how = fuzz_byte(in);
    struct esep_commitment c = {
        .office = r->office, .epoch = r->epoch, .seq = r->through_seq, .head = r->head};
    const bool closes = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    const uint64_t from = how & 8 ? 0 : w->journal.tree.frontier.size;
    const uint8_t *key = w->config.sign_key.public;
    esep_commitment_sign(&w->config.log_id, &c, &w->config.sign_key);
    if (w->log.tree.size > ESEP_MERKLE_RECENT_LEAVES / 2 || (how & 64))
        fake_log_begin(&w->log, &w->config.log_id, &w->log_key, w->log.generation + 1);
    if (promise != NULL) {
        struct esep_commitment p = c;
        p.seq = fuzz_number(in);
        if (p.seq <= w->journal.last_seq)
            p.head = w->entries[p.seq].chain;
        esep_commitment_sign(&w->config.log_id, &p, &w->config.sign_key);
        fake_prove_commitment(&w->log, &p, key, how & 1 ? ESEP_LEAF_CLOSES : 0, from,
                              r->accepted_at, promise);
    }
    fake_log_fill(&w->log, w->log.tree.size + (how & 7));
    fake_prove_commitment(&w->log, &c, key, closes ? ESEP_LEAF_CLOSES : 0, from, r->accepted_at,
                          proof);
    if (promise != NULL) {
        fake_prove(&w->log, from, promise->place.index, r->accepted_at, promise);
        promise->message.commitment = &promise->commitment_message;
        promise->message.growth = NULL;
    }
    if (how & 16)
        proof->growth.span[0].bytes[how & 15] ^= how;
    if (how & 32)
        proof->message.index += fuzz_number(in);
}

/* how: 1 another office, 2 another hash, 4 and 8 places that may be none, 16 COMMITMENT, 32 without
 * a proof, 64 with a promise. */
static void receipt(struct world *w, struct fuzz_input in)
{
    const uint8_t how = fuzz_byte(&in);
    struct esep_receipt r = {
        .kind = how & 16 ? ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT
                         : ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
        .office = how & 1 ? 2 : w->config.office,
        .epoch = w->journal.epoch,
    };
    r.through_seq = fuzz_number(&in);
    r.first_seq = how & 4 ? fuzz_number(&in) : r.through_seq > 0;
    if (r.through_seq <= w->journal.last_seq && !(how & 2))
        r.head = w->entries[r.through_seq].chain;
    r.first_index = how & 8 ? fuzz_number(&in) : 0;
    r.accepted_at = (esep_time)fuzz_number(&in);
    Esep__V1__Receipt message;
    struct fake_proof proof, promise;
    esep_receipt_write(&r, &message);
    prove(w, &r, &in, &proof, how & 64 ? &promise : NULL);
    if (!(how & 32))
        message.proof = &proof.message;
    if (how & 64)
        message.promise = &promise.message;
    message.credit_bytes = 64 * fuzz_number(&in);
    if (message.credit_bytes > w->credit_bytes)
        w->credit_bytes = message.credit_bytes;
    world_say_message(w, ESEP__V1__KIND__KIND_RECEIPT, &message.base);
}

static void signed_refusal(struct world *w, struct fuzz_input in)
{
    uint8_t statement[ESEP_REFUSAL_BYTES];
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    char text[256];
    Esep__V1__Refusal r = ESEP__V1__REFUSAL__INIT;
    r.reason = (Esep__V1__RefusalReason)fuzz_byte(&in);
    r.retry_after_ms = (uint32_t)fuzz_number(&in);
    r.epoch = (uint32_t)fuzz_number(&in);
    r.seq = fuzz_number(&in);
    r.session = esep_pb(w->collector.id, sizeof w->collector.id);
    fuzz_text(&in, text, sizeof text);
    r.text = text;
    esep_refusal_statement(&r, statement);
    esep_sign(&w->log_key, esep_slice(statement, sizeof statement), signature);
    r.signature = esep_pb(signature, sizeof signature);
    esep_buf_clear(&w->plain);
    FUZZ_CHECK(esep_pack(&r.base, &w->plain) == ESEP_OK);
    in_the_clear(w, esep_buf_slice(&w->plain));
}

static void mail(struct world *w, struct fuzz_input in)
{
    Esep__V1__Mail m = ESEP__V1__MAIL__INIT;
    struct agent_status s;
    agent_status_get(w->agent, &s);
    const uint8_t how = fuzz_byte(&in);
    m.number = how & 1 ? fuzz_number(&in) : s.mail_through + 1 + fuzz_byte(&in);
    m.total_bytes = how & 2 ? fuzz_number(&in) : in.left;
    m.offset = how & 4 ? fuzz_number(&in) : 0;
    m.log_index = fuzz_number(&in);
    m.data = esep_pb(in.data, in.left);
    if (m.number > w->mail_max)
        w->mail_max = m.number;
    world_say_message(w, ESEP__V1__KIND__KIND_MAIL, &m.base);
}

/* The last frame again, one byte of it changed (by zero: a repeat). */
static void again(struct world *w, struct fuzz_input in)
{
    if (w->last.len == 0)
        return;
    const size_t place = (size_t)fuzz_be(&in, 2) % w->last.len;
    w->last.data[place] ^= fuzz_byte(&in);
    world_hear(w, esep_buf_slice(&w->last));
}

static void prune(struct world *w, struct fuzz_input in)
{
    struct agent_journal *j = &w->journal;
    const uint64_t oldest = j->oldest_seq + fuzz_byte(&in);
    if (oldest > j->receipted_seq + 1) /* the journal keeps what has no receipt */
        return;
    j->oldest_seq = oldest;
    j->base = w->entries[oldest - 1].chain;
    agent_on_pruned(w->agent, oldest, &j->base, w->now);
}

static void clock_jump(struct world *w, struct fuzz_input in)
{
    const uint8_t how = fuzz_byte(&in);
    const esep_time units[] = {ESEP_SECOND / 1000, ESEP_SECOND, ESEP_HOUR, 30 * ESEP_DAY};
    const esep_time by = (esep_time)fuzz_byte(&in) * units[how & 3];
    w->now += how & 4 ? -by : by;
    if (w->now < 0)
        w->now = 0;
    agent_on_time(w->agent, w->now);
}

/* On to the time that the core asked for. */
static void wait_for_it(struct world *w, struct fuzz_input in)
{
    const esep_time at = agent_deadline(w->agent);
    (void)in;
    if (at != ESEP_TIME_NEVER && at > w->now)
        w->now = at;
    agent_on_time(w->agent, w->now);
}

static void append(struct world *w, struct fuzz_input in)
{
    const unsigned count = 1 + fuzz_byte(&in) % 16;
    world_append(w, fuzz_rest(&in), count);
}

static enum esep_status any_status(struct fuzz_input *in)
{
    return (enum esep_status)(fuzz_byte(in) % (ESEP_DENIED + 1));
}

static void store_fails(struct world *w, struct fuzz_input in)
{
    w->store_as = any_status(&in);
}

static void read_fails(struct world *w, struct fuzz_input in)
{
    w->read_as = any_status(&in);
}

static void answers(struct world *w, struct fuzz_input in)
{
    const uint8_t what = fuzz_byte(&in);
    w->store_later = (what & 4) != 0;
    if (what & 1)
        world_answer_store(w);
    if (what & 2)
        world_answer_read(w);
}

static void socket(struct world *w, struct fuzz_input in)
{
    const uint8_t what = fuzz_byte(&in);
    w->blocked = (what & 1) != 0;
    w->refuse_connect = (what & 2) != 0;
    w->mute = (what & 4) != 0;
    if ((what & 8) && w->connected) {
        w->connected = false;
        agent_on_disconnected(w->agent, w->now);
    }
}

static void a_welcome(struct world *w, struct fuzz_input in)
{
    w->next_welcome = fuzz_rest(&in);
    if (w->mute && w->collector.opened && !w->collector.established)
        world_welcome(w, w->next_welcome);
}

static void try_now(struct world *w, struct fuzz_input in)
{
    (void)in;
    agent_now(w->agent, w->now);
}

static void drain(struct world *w, struct fuzz_input in)
{
    (void)in;
    agent_drain(w->agent, w->now);
}

static void restart(struct world *w, struct fuzz_input in)
{
    (void)in;
    world_restart(w);
    agent_on_time(w->agent, w->now);
}

/* Append only: a seed's first byte is 32 and a place in this list. */
static void (*const events[])(struct world *, struct fuzz_input) = {
    receipt, signed_refusal, mail,       again,  prune,     clock_jump, wait_for_it, append,
    answers, store_fails,    read_fails, socket, a_welcome, try_now,    drain,       restart,
};
#define EVENTS (sizeof events / sizeof events[0])

static void take(struct world *w, uint8_t what, struct esep_slice bytes)
{
    if (what >= 32)
        events[(what - 32) % EVENTS](w, fuzz_input(bytes));
    else if (what == 0)
        agent_on_frame(w->agent, bytes, w->now);
    else if (what == 1)
        in_the_clear(w, bytes);
    else if (what == 2)
        agent_on_time(w->agent, w->now += (esep_time)bytes.len * ESEP_SECOND);
    else
        world_say(w, (Esep__V1__Kind)what, bytes);
    world_pump(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct fuzz_input in = {data, size};
    struct esep_slice bytes;
    uint8_t what;
    if (size > (1 << 16))
        return 0;
    world_start(&w);
    agent_on_time(w.agent, w.now);
    world_pump(&w);
    while (fuzz_record(&in, &what, &bytes))
        take(&w, what, bytes);
    world_end(&w);
    return 0;
}
