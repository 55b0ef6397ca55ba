/* tests/unit/agent/core_file_world.c - see core_file_world.h. */
#include "core_file_world.h"

struct depot depot;

struct kept *depot_kept_of(const struct agent_file *file)
{
    for (size_t i = 0; i < depot.count; i++)
        if (esep_hash_equal(&depot.kept[i].file.sha256, &file->sha256))
            return &depot.kept[i];
    assert_true(depot.count < 64);
    depot.kept[depot.count] = (struct kept){.file = *file};
    return &depot.kept[depot.count++];
}

void depot_say_state(struct world *w, const struct agent_file *file, uint64_t offset,
                     uint64_t through, bool again)
{
    Esep__V1__FileState m = ESEP__V1__FILE_STATE__INIT;
    Esep__V1__FileName name;
    esep_file_name_write(&file->sha256, file->size_bytes, &name);
    m.file = &name;
    m.offset = offset;
    m.through = through;
    m.again = again;
    if (!depot.mute)
        model_send(w, ESEP__V1__KIND__KIND_FILE_STATE, &m.base);
}

void depot_say_no(struct world *w, const struct agent_file *file, Esep__V1__RefusalReason reason,
                  uint32_t retry_after_ms)
{
    Esep__V1__FileState m = ESEP__V1__FILE_STATE__INIT;
    Esep__V1__FileName name;
    esep_file_name_write(&file->sha256, file->size_bytes, &name);
    m.file = &name;
    m.refusal = reason;
    m.retry_after_ms = retry_after_ms;
    m.text = (char *)(uintptr_t) "not now\nnor ever";
    model_send(w, ESEP__V1__KIND__KIND_FILE_STATE, &m.base);
}

void depot_say_lacking(struct world *w, const struct agent_file *file)
{
    Esep__V1__FileState m = ESEP__V1__FILE_STATE__INIT;
    Esep__V1__FileName name;
    esep_file_name_write(&file->sha256, file->size_bytes, &name);
    m.file = &name;
    m.lacking = true;
    model_send(w, ESEP__V1__KIND__KIND_FILE_STATE, &m.base);
}

void depot_say_receipt(struct world *w, const struct agent_file *file)
{
    struct model *m = &w->model;
    struct fake_proof proof;
    fake_log_fill(&m->log, m->log_size);
    struct esep_evidence e = {.office = WORLD_OFFICE + depot.wrong_office,
                              .sha256 = file->sha256,
                              .size_bytes = file->size_bytes,
                              .log_index = m->log.tree.size,
                              .accepted_at = w->now,
                              .checkpoint_size = m->log.tree.size + 1};
    Esep__V1__EvidenceReceipt message;
    Esep__V1__FileName name;
    esep_evidence_write(&e, &message, &name);
    depot_kept_of(file)->receipted = true;
    if (depot.mute_receipts)
        return;
    fake_prove_evidence(&m->log, &e, m->tree_seen, &proof);
    if (depot.wrong_key) {
        struct esep_sign_key other;
        esep_sign_key_from_seed(&other, (const uint8_t *)"another key, not that of the log");
        esep_growth_sign(&m->log_id, &proof.growth, &other);
    }
    m->log_size = m->log.tree.size;
    m->tree_seen = m->log_size;
    message.proof = depot.no_proof ? NULL : &proof.message;
    model_send(w, ESEP__V1__KIND__KIND_EVIDENCE, &message.base);
}

void depot_answer(struct world *w, const struct kept *k, bool again)
{
    uint64_t through = k->have + depot.window;
    if (k->have == k->file.size_bytes)
        depot_say_receipt(w, &k->file);
    else
        depot_say_state(w, &k->file, k->have,
                        through < k->file.size_bytes ? through : k->file.size_bytes, again);
}

static void on_chunk(struct world *w, const Esep__V1__Chunk *c)
{
    struct agent_file file;
    assert_int_equal(esep_file_name_read(c->file, &file.sha256, &file.size_bytes), ESEP_OK);
    struct kept *k = depot_kept_of(&file);
    depot.chunks++;
    depot.bytes += c->data.len;
    if (c->data.len > depot.longest)
        depot.longest = c->data.len;
    for (size_t i = 0; i < c->data.len; i++)
        assert_int_equal(c->data.data[i], office_file_byte(&file, c->offset + i));
    if (depot.forgets > 0) {
        depot.forgets--;
        depot_say_no(w, &file, REASON(WAIT), 0);
    } else if (c->offset != k->have) {
        depot_answer(w, k, c->offset > k->have);
    } else {
        k->have += c->data.len;
        assert_true(k->have <= file.size_bytes);
        assert_true(c->data.len >= KIB || k->have == file.size_bytes);
        depot_answer(w, k, false);
    }
}

void depot_on_file(struct world *w, Esep__V1__Kind kind, const ProtobufCMessage *message)
{
    if (kind == ESEP__V1__KIND__KIND_CHUNK) {
        on_chunk(w, (const Esep__V1__Chunk *)message);
        return;
    }
    const Esep__V1__Offer *offer = (const Esep__V1__Offer *)message;
    assert_in_range(offer->n_files + offer->n_gone, 1, 32);
    assert_in_range(offer->n_files, 0, 16);
    depot.gone += offer->n_gone;
    depot.offers += offer->n_files > 0;
    depot.offered += offer->n_files;
    for (size_t i = 0; i < offer->n_files; i++) {
        struct agent_file file;
        assert_int_equal(esep_file_name_read(offer->files[i], &file.sha256, &file.size_bytes),
                         ESEP_OK);
        if (depot.refuses != 0)
            depot_say_no(w, &file, depot.refuses, depot.retry_after_ms);
        else
            depot_answer(w, depot_kept_of(&file), false);
    }
}

struct agent_file depot_file_of(uint8_t first, uint64_t size)
{
    struct agent_file file = {.size_bytes = size};
    memset(file.sha256.bytes, first, ESEP_HASH_BYTES);
    return file;
}

struct agent_file_view depot_view_of(const struct world *w, size_t i)
{
    struct agent_file_view view;
    assert_true(agent_file_get(w->agent, i, &view));
    return view;
}

void depot_start_with(struct world *w, const struct agent_file *file)
{
    office_start(w);
    assert_true(agent_on_file(w->agent, file, w->now));
    world_run(w);
}
