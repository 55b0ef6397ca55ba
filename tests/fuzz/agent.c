/* tests/fuzz/agent.c - frames to an office's uplink: a broker's, and those of a collector gone mad.
 *
 * The input is a list of records: kind, length (be16), bytes. Kind 0 is a frame as it is; 1 an
 * envelope in the clear, of kind REFUSAL; 2 lets time pass; else the bytes are sealed in the
 * session as a message of that kind, so that what only the collector could send is tried as well.
 * Properties: nothing is sent to be stored as a receipt that the log key did not sign over the
 * office's own hash; the marks never pass what is written, and never go back; effects end.
 */
#include "agent/agent.h"

#include "fuzz.h"
#include "wire/session.h"
#include "wire/unpack.h"

#define ENTRIES 3

struct play {
    struct agent_config config;
    struct esep_box_key seal_key;
    struct esep_sign_key log_key;
    struct agent_journal journal;
    struct agent_entry entries[ENTRIES];
    struct agent *agent;
    struct esep_session collector;
    struct esep_buf plain, frame;
    esep_time now;
};

static void prepare(struct play *p)
{
    uint8_t seed[32] = {1};
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    *p = (struct play){.now = ESEP_DAY};
    esep_box_key_from_seed(&p->seal_key, seed);
    seed[0] = 2;
    esep_sign_key_from_seed(&p->log_key, seed);
    seed[0] = 3;
    esep_sign_key_from_seed(&p->config.sign_key, seed);
    memcpy(p->config.log_public, p->log_key.public, ESEP_KEY_BYTES);
    memcpy(p->config.seal_public, p->seal_key.public, ESEP_KEY_BYTES);
    p->config.office = 1;
    p->config.broker_count = 1;
    p->config.check_chain = true;
    p->config.mail_bytes_max = 5000;
    struct agent_journal *j = &p->journal;
    j->epoch = 1;
    j->oldest_seq = 1;
    j->base = esep_chain_start(&p->config.log_id, 1, 1, p->config.sign_key.public);
    j->head = j->base;
    for (uint64_t n = 1; n <= ENTRIES; n++) {
        j->head = esep_chain_step(&j->head, n, esep_slice_str("an entry"));
        p->entries[n - 1] = (struct agent_entry){n, j->head, esep_slice_str("an entry")};
    }
    j->last_seq = ENTRIES;
    esep_buf_init(&p->plain, 1u << 20);
    esep_buf_init(&p->frame, 1u << 20);
}

static void check_store(struct play *p, const struct agent_store *s)
{
    for (size_t i = 0; i < s->receipt_count; i++) {
        const struct esep_receipt *r = &s->receipts[i];
        FUZZ_CHECK(esep_receipt_verify(&p->config.log_id, r, p->log_key.public));
        FUZZ_CHECK(r->through_seq >= 1 && r->through_seq <= ENTRIES);
        FUZZ_CHECK(esep_hash_equal(&r->head, &p->entries[r->through_seq - 1].chain));
    }
    FUZZ_CHECK(s->receipted_seq >= p->journal.receipted_seq && s->receipted_seq <= ENTRIES);
    FUZZ_CHECK(s->promised_seq >= p->journal.promised_seq && s->promised_seq <= ENTRIES);
    FUZZ_CHECK(s->receipt_count > 0 || (s->receipted_seq == p->journal.receipted_seq &&
                                        s->promised_seq == p->journal.promised_seq));
    p->journal.receipted_seq = s->receipted_seq;
    p->journal.promised_seq = s->promised_seq;
    for (size_t i = 0; i < s->mail_count; i++)
        FUZZ_CHECK(s->mails[i].bytes.len <= 5000);
}

/* The collector's half of the handshake; a WELCOME made of nothing but what is needed. */
static void welcome(struct play *p, struct esep_slice hello)
{
    struct esep_envelope envelope;
    static const uint8_t seed[32] = {9};
    if (esep_envelope_read(hello, &envelope, NULL) != ESEP_OK ||
        envelope.kind != ESEP__V1__KIND__KIND_HELLO || p->collector.established)
        return;
    FUZZ_CHECK(esep_session_accept(&p->collector, &envelope, &p->seal_key, &p->config.log_id) ==
               ESEP_OK);
    FUZZ_CHECK(esep_session_open(&p->collector, &envelope, &p->plain) == ESEP_OK);
    FUZZ_CHECK(esep_session_establish(&p->collector, seed) == ESEP_OK);
    Esep__V1__Welcome w;
    esep__v1__welcome__init(&w);
    w.version = ESEP_WIRE_VERSION;
    w.credit_bytes = 1u << 20;
    w.frame_bytes_max = 65536;
    esep_buf_clear(&p->plain);
    FUZZ_CHECK(esep_pack(&w.base, &p->plain) == ESEP_OK);
    esep_buf_clear(&p->frame);
    FUZZ_CHECK(esep_session_seal_first(&p->collector, ESEP__V1__KIND__KIND_WELCOME,
                                       esep_buf_slice(&p->plain), &p->frame) == ESEP_OK);
}

static void effects(struct play *p)
{
    const struct agent_effect *e;
    for (int i = 0; (e = agent_peek(p->agent)) != NULL; i++) {
        const struct agent_effect now = *e;
        FUZZ_CHECK(i < 1000);
        esep_buf_clear(&p->frame);
        if (now.kind == AGENT_EFFECT_SEND)
            welcome(p, now.frame);
        if (now.kind == AGENT_EFFECT_STORE)
            check_store(p, now.store);
        agent_pop(p->agent);
        if (now.kind == AGENT_EFFECT_CONNECT)
            agent_on_connected(p->agent, p->now);
        if (now.kind == AGENT_EFFECT_STORE)
            agent_on_stored(p->agent, now.token, ESEP_OK, p->now);
        if (now.kind == AGENT_EFFECT_READ)
            agent_on_entries(p->agent, now.token, ESEP_OK, &p->entries[now.from_seq - 1],
                             ENTRIES - (size_t)(now.from_seq - 1), p->now);
        if (p->frame.len > 0)
            agent_on_frame(p->agent, esep_buf_slice(&p->frame), p->now);
    }
}

static void in_the_clear(struct play *p, struct esep_slice bytes)
{
    const struct esep_envelope head = {
        .version = ESEP_WIRE_VERSION,
        .kind = ESEP__V1__KIND__KIND_REFUSAL,
        .session = esep_slice(p->collector.id, sizeof p->collector.id),
    };
    FUZZ_CHECK(esep_envelope_write_head(&head, bytes.len, &p->frame) == ESEP_OK);
    FUZZ_CHECK(esep_buf_put(&p->frame, bytes.data, bytes.len) == ESEP_OK);
    agent_on_frame(p->agent, esep_buf_slice(&p->frame), p->now);
}

static void record(struct play *p, uint8_t kind, struct esep_slice bytes)
{
    esep_buf_clear(&p->frame);
    if (kind == 0) {
        agent_on_frame(p->agent, bytes, p->now);
    } else if (kind == 1) {
        if (bytes.len > 0)
            in_the_clear(p, bytes);
    } else if (kind == 2) {
        p->now += (esep_time)bytes.len * ESEP_SECOND;
        agent_on_time(p->agent, p->now);
    } else if (p->collector.established && esep_session_seal(&p->collector, (Esep__V1__Kind)kind,
                                                             bytes, &p->frame) == ESEP_OK) {
        agent_on_frame(p->agent, esep_buf_slice(&p->frame), p->now);
    }
    effects(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play p;
    if (size > (1 << 16))
        return 0;
    prepare(&p);
    FUZZ_CHECK(agent_new(&p.agent, &p.config, &p.journal, p.now, NULL) == ESEP_OK);
    agent_on_time(p.agent, p.now);
    effects(&p);
    while (size >= 3) {
        size_t len = (size_t)data[1] << 8 | data[2];
        len = len < size - 3 ? len : size - 3;
        record(&p, data[0], esep_slice(data + 3, len));
        data += 3 + len;
        size -= 3 + len;
    }
    struct agent_status s;
    agent_status_get(p.agent, &s);
    FUZZ_CHECK(s.receipted_seq <= ENTRIES && s.promised_seq <= ENTRIES);
    agent_free(p.agent);
    esep_buf_done(&p.plain);
    esep_buf_done(&p.frame);
    return 0;
}
