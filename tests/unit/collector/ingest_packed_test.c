/* Sessions with a dictionary (wire/compress.h): is what comes packed the same to ingest, and does a
 * frame that claims too much cost no more than its refusal? */
#define ZSTD_STATIC_LINKING_ONLY
#include "ingest_world.h"
#include "wire/compress.h"
#include "wire/unpack.h"

#include <stdlib.h>
#include <zstd.h>

struct line {
    struct ingest *g;
    struct sim_office *office;
    struct esep_compressor *compressor;
    struct esep_buf plain, form, frame, text;
    struct esep_arena arena;
    uint32_t granted; /* by WELCOME */
    uint64_t credit;
    size_t receipts;
    uint64_t receipted;
    Esep__V1__RefusalReason refusal; /* the last one */
    size_t refusals;
};

static const ProtobufCMessage *unpacked(struct line *l, const ProtobufCMessageDescriptor *as,
                                        struct esep_slice bytes)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&l->arena);
    assert_int_equal(esep_unpack(as, bytes, &l->arena, &message), ESEP_OK);
    return message;
}

static void hear(void *context, struct esep_slice frame)
{
    struct line *l = context;
    struct esep_envelope envelope;
    assert_int_equal(esep_envelope_read(frame, &envelope, NULL), ESEP_OK);
    if (envelope.kind == KIND(REFUSAL)) {
        l->refusal = ((const Esep__V1__Refusal *)unpacked(l, &esep__v1__refusal__descriptor,
                                                          envelope.sealed))
                         ->reason;
        l->refusals++;
        return;
    }
    assert_int_equal(esep_session_open(&l->office->session, &envelope, &l->text), ESEP_OK);
    if (envelope.kind == KIND(WELCOME)) {
        const Esep__V1__Welcome *w = (const Esep__V1__Welcome *)unpacked(
            l, &esep__v1__welcome__descriptor, esep_buf_slice(&l->text));
        l->granted = w->dictionary;
        l->credit = w->credit_bytes;
        return;
    }
    if (l->granted != 0) {
        assert_int_equal(
            esep_decompress(l->compressor, esep_buf_slice(&l->text), 1u << 20, &l->plain), ESEP_OK);
    } else {
        esep_buf_clear(&l->plain);
        assert_int_equal(esep_buf_put(&l->plain, l->text.data, l->text.len), ESEP_OK);
    }
    if (envelope.kind == KIND(RECEIPT)) {
        const Esep__V1__Receipt *r = (const Esep__V1__Receipt *)unpacked(
            l, &esep__v1__receipt__descriptor, esep_buf_slice(&l->plain));
        l->receipts++;
        if (r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES)
            l->receipted = r->proof->commitment->seq;
    }
}

static void line_start(struct line *l, struct ingest *g)
{
    memset(l, 0, sizeof *l);
    l->g = g;
    l->office = sim_active(g, "moh");
    l->office->hear = hear;
    l->office->hear_context = l;
    assert_int_equal(esep_compressor_new(&l->compressor), ESEP_OK);
    assert_int_equal(esep_arena_init(&l->arena, 1u << 20), ESEP_OK);
    struct esep_buf *bufs[] = {&l->plain, &l->form, &l->frame, &l->text};
    for (size_t i = 0; i < 4; i++)
        esep_buf_init(bufs[i], 4u << 20);
}

static void line_end(struct line *l)
{
    esep_compressor_free(l->compressor);
    esep_arena_done(&l->arena);
    struct esep_buf *bufs[] = {&l->plain, &l->form, &l->frame, &l->text};
    for (size_t i = 0; i < 4; i++)
        esep_buf_done(bufs[i]);
}

/* HELLO at the collector's mark: what the office wrote since is unknown to it. */
static void hello(struct line *l, uint32_t *dictionaries, size_t count, uint64_t seq)
{
    struct sim_office *o = l->office;
    const struct esep_commitment c = sim_commit(o, l->g, seq);
    Esep__V1__Commitment commitment = ESEP__V1__COMMITMENT__INIT;
    Esep__V1__Hello message = ESEP__V1__HELLO__INIT;
    uint8_t auth[64];
    sim_connect(o, l->g);
    sim_begin(o, l->g);
    const struct esep_hash statement =
        esep_auth_statement(o->session.office_ephemeral, o->session.collector_public, &l->g->log_id,
                            esep_slice(c.signature, sizeof c.signature));
    esep_sign(&o->sign, esep_slice(statement.bytes, 32), auth);
    esep_commitment_write(&c, &commitment);
    message.commitment = &commitment;
    message.auth = (ProtobufCBinaryData){sizeof auth, auth};
    message.version_min = message.version_max = 1;
    message.journal_first_seq = 1;
    message.dictionaries = dictionaries;
    message.n_dictionaries = count;
    sim_seal(o, l->g, KIND(HELLO), true, &message.base);
}

static void send_text(struct line *l, Esep__V1__Kind kind, struct esep_slice text)
{
    esep_buf_clear(&l->frame);
    assert_int_equal(esep_session_seal(&l->office->session, kind, text, &l->frame), ESEP_OK);
    l->g->world.now += ESEP_SECOND; /* the same refusal is not said twice at once */
    sim_send(l->office, l->g, l->frame.data, l->frame.len);
}

/* A whole BATCH of first .. last under a head, as a message. */
static struct esep_slice batch(struct line *l, uint64_t first, uint64_t last)
{
    struct sim_office *o = l->office;
    const struct esep_commitment c = sim_commit(o, l->g, last);
    Esep__V1__Commitment commitment = ESEP__V1__COMMITMENT__INIT;
    Esep__V1__Batch message = ESEP__V1__BATCH__INIT;
    ProtobufCBinaryData entries[64];
    assert_true(last - first < 64);
    for (uint64_t seq = first; seq <= last; seq++)
        entries[seq - first] = esep_pb(o->entries[seq].data, o->entries[seq].len);
    esep_commitment_write(&c, &commitment);
    message.first_seq = first;
    message.entries = entries;
    message.n_entries = (size_t)(last - first + 1);
    message.commitment = &commitment;
    esep_buf_clear(&l->plain);
    assert_int_equal(esep_pack(&message.base, &l->plain), ESEP_OK);
    return esep_buf_slice(&l->plain);
}

static void write_many(struct line *l, int count)
{
    for (int i = 0; i < count; i++)
        sim_write(l->office, l->g, KEY_1_MOH);
}

static uint32_t known[] = {9, ESEP_DICTIONARY};

static void both_forms_are_taken(void **state)
{
    (void)state;
    struct ingest g;
    struct line l;
    ingest_start(&g, NULL);
    line_start(&l, &g);
    hello(&l, known, 2, 0);
    assert_int_equal(l.granted, ESEP_DICTIONARY);
    write_many(&l, 40);
    const struct esep_slice many = batch(&l, 1, 30);
    esep_buf_clear(&l.form);
    assert_int_equal(esep_compress(l.compressor, many, &l.form), ESEP_OK);
    assert_true(l.form.data[0] == 1 && l.form.len < many.len / 2);
    send_text(&l, KIND(BATCH), esep_buf_slice(&l.form));
    assert_int_equal(l.receipted, 30);
    esep_buf_clear(&l.form);
    assert_int_equal(esep_compress_not(batch(&l, 31, 40), &l.form), ESEP_OK);
    send_text(&l, KIND(BATCH), esep_buf_slice(&l.form));
    assert_int_equal(l.receipted, 40);
    assert_int_equal(l.refusals, 0);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 40);
    ingest_assert_replay(&g);
    line_end(&l);
    ingest_end(&g);
}

static void a_dictionary_is_not_forced_on_anybody(void **state)
{
    (void)state;
    struct ingest g;
    struct line l;
    ingest_start(&g, NULL);
    line_start(&l, &g);
    hello(&l, known, 1, 0); /* another one than ours */
    assert_int_equal(l.granted, 0);
    write_many(&l, 3);
    send_text(&l, KIND(BATCH), batch(&l, 1, 3));
    assert_int_equal(l.receipted, 3);
    hello(&l, NULL, 0, 3);
    assert_int_equal(l.granted, 0);
    assert_int_equal(l.refusals, 0);
    line_end(&l);
    ingest_end(&g);
}

/* The form of so many zeros. */
static void put_bomb(struct line *l, size_t zeros)
{
    uint8_t *plain = calloc(1, zeros);
    assert_non_null(plain);
    esep_buf_clear(&l->form);
    assert_int_equal(esep_buf_reserve(&l->form, 65536), ESEP_OK);
    l->form.data[0] = 1;
    const size_t len = ZSTD_compress(l->form.data + 1, 65535, plain, zeros, 19);
    assert_false(ZSTD_isError(len));
    l->form.len = 1 + len;
    free(plain);
}

static void a_bomb_is_refused_and_the_session_lives(void **state)
{
    (void)state;
    struct ingest g;
    struct line l;
    ingest_start(&g, NULL);
    line_start(&l, &g);
    hello(&l, known, 2, 0);
    put_bomb(&l, 64u << 20);
    assert_true(l.form.len < 8192);
    const Esep__V1__Kind kinds[] = {KIND(BATCH), KIND(PULL), KIND(PING)};
    for (size_t i = 0; i < 3; i++) {
        send_text(&l, kinds[i], esep_buf_slice(&l.form));
        assert_int_equal(l.refusals, i + 1);
        assert_int_equal(l.refusal, REASON(TOO_LARGE));
    }
    const uint8_t nonsense[] = {1, 2, 3};
    send_text(&l, KIND(BATCH), esep_slice(nonsense, sizeof nonsense));
    assert_int_equal(l.refusal, REASON(MALFORMED));
    send_text(&l, KIND(BATCH), esep_slice(NULL, 0));
    assert_int_equal(l.refusals, 5);
    write_many(&l, 1);
    esep_buf_clear(&l.form);
    assert_int_equal(esep_compress(l.compressor, batch(&l, 1, 1), &l.form), ESEP_OK);
    send_text(&l, KIND(BATCH), esep_buf_slice(&l.form));
    assert_int_equal(l.receipted, 1);
    line_end(&l);
    ingest_end(&g);
}

static void one_frame_of_credit(struct collector_config *c)
{
    c->session_credit_bytes = c->frame_bytes_max;
}

/* Packed or not, a frame takes as much credit as ingest will have to hold. */
static void credit_counts_what_it_unpacks_to(void **state)
{
    (void)state;
    struct ingest g;
    struct line l;
    ingest_start(&g, one_frame_of_credit);
    line_start(&l, &g);
    hello(&l, known, 2, 0);
    const size_t most = g.config.frame_bytes_max;
    assert_true(l.credit <= most);
    put_bomb(&l, most - 8); /* within a frame; with its envelope beyond the credit */
    send_text(&l, KIND(BATCH), esep_buf_slice(&l.form));
    assert_int_equal(l.refusals, 1);
    assert_int_equal(l.refusal, REASON(CREDIT));
    put_bomb(&l, most - 256); /* within both: a BATCH of nothing but fields that nobody knows */
    send_text(&l, KIND(BATCH), esep_buf_slice(&l.form));
    assert_int_equal(l.refusals, 1);
    put_bomb(&l, 4096); /* that one used it up */
    send_text(&l, KIND(BATCH), esep_buf_slice(&l.form));
    assert_int_equal(l.refusals, 2);
    assert_int_equal(l.refusal, REASON(CREDIT));
    line_end(&l);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_are_taken),
        cmocka_unit_test(a_dictionary_is_not_forced_on_anybody),
        cmocka_unit_test(a_bomb_is_refused_and_the_session_lives),
        cmocka_unit_test(credit_counts_what_it_unpacks_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
