/* Entries and bundles: are the bytes those of the contract, and is a damaged file found out? */
#include "agent/batch_text.h"
#include "agent/bundle.h"
#include "core_world.h"

#include <stdlib.h>

#define TEST(name) static void name(void **state)

static struct agent_bundle_request request_of(const struct world *w, uint64_t first)
{
    struct agent_bundle_request r = {
        .log_id = w->model.log_id,
        .sign_key = w->office_key,
        .first_seq = first,
        .made_at = w->now,
        .salt = {7},
    };
    memcpy(r.seal_public, w->model.seal_key.public, ESEP_KEY_BYTES);
    const struct agent_head head = {WORLD_OFFICE, 1, w->last, w->disk.head};
    agent_head_commit(&head, &w->model.log_id, &w->office_key, w->now, 0, NULL, &r.commitment);
    return r;
}

static struct esep_buf write_bundle(const struct world *w, uint64_t first)
{
    struct agent_bundle b;
    struct esep_buf out;
    struct agent_bundle_request r = request_of(w, first);
    esep_buf_init(&out, 16u << 20);
    assert_int_equal(agent_bundle_begin(&b, &r, &out), ESEP_OK);
    for (uint64_t n = first; n <= w->last; n++) {
        const struct agent_entry e = {n, w->entries[n].chain,
                                      esep_slice(w->entries[n].data, w->entries[n].len)};
        assert_false(agent_bundle_complete(&b));
        assert_int_equal(agent_bundle_add(&b, &e, 1, &out), ESEP_OK);
        assert_int_equal(agent_bundle_add(&b, &e, 1, &out), ESEP_INVALID); /* not the next */
    }
    assert_true(agent_bundle_complete(&b));
    agent_bundle_done(&b);
    return out;
}

/* Reads to the end; the status that ended it. */
static enum esep_status read_all(const struct world *w, struct esep_slice file, uint64_t first)
{
    struct agent_bundle_reader r;
    const Esep__V1__Batch *batch = NULL;
    enum esep_status status =
        agent_bundle_open(&r, file, &w->model.seal_key, &w->model.log_id, NULL);
    if (status != ESEP_OK)
        return status;
    if (!agent_bundle_verify(&r, &w->model.log_id, w->office_key.public))
        status = ESEP_DENIED;
    uint64_t next = first;
    while (status == ESEP_OK && (status = agent_bundle_next(&r, &batch, NULL)) == ESEP_OK) {
        assert_int_equal(batch->first_seq, next);
        for (size_t i = 0; i < batch->n_entries; i++, next++)
            assert_true(esep_slice_equal(esep_slice_pb(batch->entries[i]),
                                         esep_slice(w->entries[next].data, w->entries[next].len)));
    }
    if (status == ESEP_NOT_FOUND)
        assert_int_equal(next, w->last + 1);
    agent_bundle_close(&r);
    return status;
}

TEST(a_bundle_comes_back_as_it_was_written)
{
    (void)state;
    struct world *w = world_new(3);
    for (int i = 0; i < 400; i++)
        office_write(w, (size_t)(i * 3));
    struct esep_buf file = write_bundle(w, 101);
    assert_memory_equal(file.data, AGENT_BUNDLE_MAGIC, strlen(AGENT_BUNDLE_MAGIC));
    assert_int_equal(read_all(w, esep_buf_slice(&file), 101), ESEP_NOT_FOUND);
    struct world other = {.model = w->model};
    other.model.log_id.bytes[0] ^= 1;
    assert_int_equal(read_all(&other, esep_buf_slice(&file), 101), ESEP_DENIED);
    esep_buf_done(&file);
    world_free(w);
}

TEST(a_cut_or_changed_bundle_is_found_out)
{
    (void)state;
    struct world *w = world_new(4);
    for (int i = 0; i < 3; i++)
        office_write(w, 50);
    struct esep_buf file = write_bundle(w, 1);
    for (size_t len = 0; len < file.len; len++) {
        uint8_t *copy = malloc(len + 1); /* exact size: a read past the end is seen */
        assert_non_null(copy);
        memcpy(copy, file.data, len);
        assert_int_equal(read_all(w, esep_slice(copy, len), 1), ESEP_INVALID);
        free(copy);
    }
    for (size_t at = 0; at < file.len; at += 3) {
        file.data[at] ^= 4;
        enum esep_status status = read_all(w, esep_buf_slice(&file), 1);
        assert_true(status == ESEP_INVALID || status == ESEP_DENIED);
        file.data[at] ^= 4;
    }
    assert_int_equal(esep_buf_put(&file, "x", 1), ESEP_OK);
    assert_int_equal(read_all(w, esep_buf_slice(&file), 1), ESEP_INVALID);
    esep_buf_done(&file);
    world_free(w);
}

TEST(an_empty_bundle_is_refused)
{
    (void)state;
    struct world *w = world_new(5);
    struct agent_bundle b;
    struct esep_buf out;
    struct agent_bundle_request r = request_of(w, 1);
    esep_buf_init(&out, 4096);
    assert_int_equal(agent_bundle_begin(&b, &r, &out), ESEP_INVALID);
    assert_int_equal(out.len, 0);
    world_free(w);
}

/* A bundle of the test's own: a head and one record behind it. */
struct forged {
    struct esep_buf file;
    struct esep_session session;
    Esep__V1__BundleHead head;
    Esep__V1__Commitment commitment;
    uint8_t auth[ESEP_SIGNATURE_BYTES];
    struct agent_bundle_request request;
};
static void forge(struct forged *f, const struct world *w)
{
    memset(f, 0, sizeof *f);
    f->request = request_of(w, 1);
    uint8_t seed[32];
    esep_buf_init(&f->file, 1u << 20);
    agent_bundle_seed(&w->office_key, f->request.salt, seed);
    assert_int_equal(
        esep_session_begin(&f->session, seed, f->request.seal_public, &w->model.log_id), ESEP_OK);
    const struct esep_commitment *c = &f->request.commitment;
    struct esep_hash joined =
        esep_auth_statement(f->session.office_ephemeral, f->session.collector_public,
                            &w->model.log_id, esep_slice(c->signature, sizeof c->signature));
    esep_sign(&w->office_key, esep_slice(joined.bytes, sizeof joined.bytes), f->auth);
    esep__v1__bundle_head__init(&f->head);
    esep_commitment_write(c, &f->commitment);
    f->head.commitment = &f->commitment;
    f->head.auth = esep_pb(f->auth, sizeof f->auth);
    f->head.first_seq = 1;
    f->head.count = w->last;
    f->head.salt = esep_pb(f->request.salt, sizeof f->request.salt);
}
static void put_forged(struct forged *f, Esep__V1__Kind kind, const ProtobufCMessage *message)
{
    uint8_t plain[4096], length[4] = {0};
    assert_true(protobuf_c_message_get_packed_size(message) <= sizeof plain);
    struct esep_slice text = esep_slice(plain, protobuf_c_message_pack(message, plain));
    if (f->file.len == 0) {
        assert_int_equal(esep_buf_put(&f->file, AGENT_BUNDLE_MAGIC, strlen(AGENT_BUNDLE_MAGIC)),
                         ESEP_OK);
        assert_int_equal(esep_buf_put(&f->file, f->request.salt, sizeof f->request.salt), ESEP_OK);
    }
    size_t at = f->file.len;
    assert_int_equal(esep_buf_put(&f->file, length, sizeof length), ESEP_OK);
    assert_int_equal(at == strlen(AGENT_BUNDLE_MAGIC) + AGENT_BUNDLE_SALT_BYTES
                         ? esep_session_seal_first(&f->session, kind, text, &f->file)
                         : esep_session_seal_bundle(&f->session, kind, text, &f->file),
                     ESEP_OK);
    esep_be32_put(f->file.data + at, (uint32_t)(f->file.len - at - 4));
}

TEST(heads_that_contradict_themselves)
{
    (void)state;
    struct world *w = world_new(8);
    office_write(w, 30);
    office_write(w, 30);
    for (int i = 0; i < 9; i++) {
        struct forged f;
        forge(&f, w);
        if (i == 8)
            f.head.salt.len = 15;
        if (i == 1)
            f.head.commitment = NULL;
        if (i == 2)
            f.commitment.head.len = 31;
        if (i == 3)
            f.head.auth.len = 63;
        if (i == 4)
            f.head.first_seq = 0;
        if (i == 5)
            f.head.count = 0;
        if (i == 6)
            f.head.first_seq = 3;
        if (i == 7)
            f.head.count = 1;
        put_forged(&f, ESEP__V1__KIND__KIND_BUNDLE, &f.head.base);
        struct agent_bundle_reader r;
        struct esep_reason reason = {{0}};
        enum esep_status status = agent_bundle_open(&r, esep_buf_slice(&f.file), &w->model.seal_key,
                                                    &w->model.log_id, &reason);
        assert_int_equal(status, i == 0 ? ESEP_OK : ESEP_INVALID);
        if (status == ESEP_OK) {
            assert_true(agent_bundle_verify(&r, &w->model.log_id, w->office_key.public));
            r.auth[5] ^= 1; /* the session's proof counts beside the head's signature */
            assert_false(agent_bundle_verify(&r, &w->model.log_id, w->office_key.public));
            r.auth[5] ^= 1;
            r.commitment.seq++;
            assert_false(agent_bundle_verify(&r, &w->model.log_id, w->office_key.public));
            agent_bundle_close(&r);
        } else {
            assert_non_null(strstr(reason.text, "contradicts"));
        }
        esep_buf_done(&f.file);
    }
    agent_bundle_close(NULL);
    agent_bundle_done(NULL);
    world_free(w);
}

TEST(records_that_are_out_of_order)
{
    (void)state;
    struct world *w = world_new(9);
    office_write(w, 30);
    office_write(w, 30);
    for (int i = 0; i < 6; i++) {
        struct forged f;
        ProtobufCBinaryData entries[3];
        Esep__V1__Batch batch = ESEP__V1__BATCH__INIT;
        for (size_t k = 0; k < 3; k++)
            entries[k] = esep_pb(w->entries[1].data, w->entries[1].len);
        batch.first_seq = i == 1 ? 2 : 1;
        batch.entries = entries;
        batch.n_entries = i == 2 ? 0 : i == 3 ? 3 : 2;
        forge(&f, w);
        put_forged(&f, ESEP__V1__KIND__KIND_BUNDLE, &f.head.base);
        put_forged(&f, i == 4 ? ESEP__V1__KIND__KIND_PING : ESEP__V1__KIND__KIND_BATCH,
                   i == 5 ? &f.head.base : &batch.base);
        struct agent_bundle_reader r;
        const Esep__V1__Batch *read = NULL;
        struct esep_reason reason = {{0}};
        assert_int_equal(agent_bundle_open(&r, esep_buf_slice(&f.file), &w->model.seal_key,
                                           &w->model.log_id, NULL),
                         ESEP_OK);
        enum esep_status status = agent_bundle_next(&r, &read, &reason);
        assert_int_equal(status, i == 0 ? ESEP_OK : ESEP_INVALID);
        assert_int_equal(read != NULL, i == 0);
        if (i == 0)
            assert_int_equal(agent_bundle_next(&r, &read, &reason), ESEP_NOT_FOUND);
        agent_bundle_close(&r);
        esep_buf_done(&f.file);
    }
    world_free(w);
}

TEST(bundles_that_cannot_be_begun_or_gone_on_with)
{
    (void)state;
    struct world *w = world_new(10);
    office_write(w, 30);
    office_write(w, 30);
    struct agent_bundle b;
    struct esep_buf out;
    struct agent_bundle_request r = request_of(w, 0);
    esep_buf_init(&out, 1u << 20);
    assert_int_equal(agent_bundle_begin(&b, &r, &out), ESEP_INVALID);
    r = request_of(w, 3);
    assert_int_equal(agent_bundle_begin(&b, &r, &out), ESEP_INVALID);
    r = request_of(w, 1);
    memset(r.seal_public, 0, sizeof r.seal_public);
    assert_int_not_equal(agent_bundle_begin(&b, &r, &out), ESEP_OK);
    assert_int_equal(out.len, 0);
    r = request_of(w, 1);
    assert_int_equal(agent_bundle_begin(&b, &r, &out), ESEP_OK);
    const struct agent_entry entries[] = {
        {1, w->entries[1].chain, esep_slice(w->entries[1].data, w->entries[1].len)},
        {2, w->entries[2].chain, esep_slice(w->entries[2].data, w->entries[2].len)},
        {3, w->entries[2].chain, esep_slice(w->entries[2].data, w->entries[2].len)},
    };
    assert_int_equal(agent_bundle_add(&b, entries, 2, &out), ESEP_OK);
    assert_true(agent_bundle_complete(&b));
    size_t len = out.len;
    assert_int_equal(agent_bundle_add(&b, entries + 2, 1, &out),
                     ESEP_INVALID); /* beyond the head */
    assert_int_equal(out.len, len);
    agent_bundle_done(&b);
    esep_buf_done(&out);
    world_free(w);
}

TEST(a_batch_is_what_protobuf_c_would_pack)
{
    (void)state;
    struct world *w = world_new(6);
    const size_t lengths[] = {1, 127, 128, 300, 20000};
    const uint64_t firsts[] = {1, 127, 128, 1u << 20, UINT64_MAX / 2};
    struct esep_buf ours;
    uint8_t *bytes = calloc(1, 20000);
    esep_buf_init(&ours, 1u << 20);
    assert_non_null(bytes);
    for (size_t i = 0; i < 5; i++) {
        struct agent_bundle_request r = request_of(w, 1);
        ProtobufCBinaryData entries[5];
        Esep__V1__Commitment commitment = ESEP__V1__COMMITMENT__INIT;
        Esep__V1__Batch batch = ESEP__V1__BATCH__INIT;
        esep_commitment_write(&r.commitment, &commitment);
        batch.first_seq = firsts[i];
        batch.entries = entries;
        batch.n_entries = i + 1;
        batch.commitment = i % 2 == 0 ? &commitment : NULL;
        esep_buf_clear(&ours);
        esep_buf_clear(&w->plain);
        assert_int_equal(esep_buf_reserve(&ours, 100000), ESEP_OK);
        agent_batch_put_first(&ours, firsts[i]);
        for (size_t k = 0; k <= i; k++) {
            entries[k] = esep_pb(bytes, lengths[k]);
            size_t before = ours.len;
            agent_batch_put_entry(&ours, esep_slice(bytes, lengths[k]));
            assert_int_equal(ours.len - before, agent_batch_cost(esep_slice(bytes, lengths[k])));
        }
        if (batch.commitment != NULL)
            agent_batch_put_commitment(&ours, &r.commitment);
        assert_int_equal(esep_pack(&batch.base, &w->plain), ESEP_OK);
        assert_true(esep_slice_equal(esep_buf_slice(&ours), esep_buf_slice(&w->plain)));
    }
    free(bytes);
    esep_buf_done(&ours);
    world_free(w);
}

static Esep__V1__JournalEntry an_entry(Esep__V1__Report *report, uint8_t nonce[16])
{
    static char key[] = "kz-1347-2012/annual/-/moj/2012-01-01..2012-12-31";
    static char person[] = "A. Clerk";
    static Esep__V1__Person preparer;
    Esep__V1__JournalEntry e;
    esep__v1__journal_entry__init(&e);
    esep__v1__report__init(report);
    esep__v1__person__init(&preparer);
    preparer.name = person;
    report->obligation = key;
    report->revision = 1;
    report->fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS;
    report->preparer = &preparer;
    report->signatory = &preparer;
    memset(nonce, 3, 16);
    e.nonce = esep_pb(nonce, 16);
    e.written_at_us = 1;
    e.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    e.report = report;
    return e;
}

TEST(an_entry_is_checked_packed_and_chained)
{
    (void)state;
    struct world *w = world_new(7);
    Esep__V1__Report report;
    uint8_t nonce[16];
    struct esep_reason reason = {{0}};
    struct esep_buf out;
    esep_buf_init(&out, 1u << 20);
    Esep__V1__JournalEntry e = an_entry(&report, nonce);
    if (agent_entry_pack(&e, &out, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    struct agent_head head;
    agent_head_start(&head, &w->model.log_id, WORLD_OFFICE, 1, w->office_key.public);
    struct esep_hash before = head.hash;
    assert_true(esep_hash_equal(&before, &w->entries[0].chain));
    agent_head_step(&head, esep_buf_slice(&out));
    struct esep_hash step = esep_chain_step(&before, 1, esep_buf_slice(&out));
    assert_int_equal(head.seq, 1);
    assert_true(esep_hash_equal(&head.hash, &step));
    struct esep_commitment c;
    agent_head_commit(&head, &w->model.log_id, &w->office_key, 5, 0, NULL, &c);
    assert_true(esep_commitment_verify(&w->model.log_id, &c, w->office_key.public));
    e.nonce.len = 15;
    assert_int_equal(agent_entry_pack(&e, &out, &reason), ESEP_INVALID);
    e = an_entry(&report, nonce);
    e.written_at_us = 0;
    assert_int_equal(agent_entry_pack(&e, &out, &reason), ESEP_INVALID);
    e = an_entry(&report, nonce);
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED;
    assert_int_equal(agent_entry_pack(&e, &out, &reason), ESEP_INVALID);
    /* What a collector would never take is not saved as if it would. */
    char name[] = "\xd1\xf3\xe4", value[] = "1"; /* CP1251 */
    Esep__V1__Indicator indicator = ESEP__V1__INDICATOR__INIT;
    Esep__V1__Indicator *indicators[] = {&indicator};
    indicator.name = name;
    indicator.value = value;
    e = an_entry(&report, nonce);
    report.indicators = indicators;
    report.n_indicators = 1;
    assert_int_equal(agent_entry_pack(&e, &out, &reason), ESEP_INVALID);
    assert_string_equal(esep_text_fault(&e.base), "name");
    name[0] = name[1] = name[2] = 'x';
    assert_int_equal(agent_entry_pack(&e, &out, &reason), ESEP_OK);
    esep_buf_done(&out);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_comes_back_as_it_was_written),
        cmocka_unit_test(a_cut_or_changed_bundle_is_found_out),
        cmocka_unit_test(an_empty_bundle_is_refused),
        cmocka_unit_test(heads_that_contradict_themselves),
        cmocka_unit_test(records_that_are_out_of_order),
        cmocka_unit_test(bundles_that_cannot_be_begun_or_gone_on_with),
        cmocka_unit_test(a_batch_is_what_protobuf_c_would_pack),
        cmocka_unit_test(an_entry_is_checked_packed_and_chained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
