/* tests/unit/collector/ingest_file_world.c - see ingest_file_world.h. */
#include "ingest_file_world.h"

static struct part *part_of(struct folder *f, const struct views_file *file)
{
    for (size_t i = 0; i < f->part_count; i++)
        if (f->parts[i].file.office == file->office &&
            esep_hash_equal(&f->parts[i].file.sha256, &file->sha256))
            return &f->parts[i];
    assert_true(f->part_count < 32);
    f->parts[f->part_count] = (struct part){.file = *file};
    return &f->parts[f->part_count++];
}

static bool is_whole(const struct folder *f, const struct esep_hash *hash)
{
    for (size_t i = 0; i < f->whole_count; i++)
        if (esep_hash_equal(&f->whole[i], hash))
            return true;
    return false;
}

static bool is_there(void *context, const struct views_file *file)
{
    return is_whole(context, &file->sha256);
}

/* As an operator who cleans up where he should not, or a disk. */
void field_lose(struct field *f, const struct views_file *file)
{
    struct folder *folder = &f->folder;
    for (size_t i = 0; i < folder->whole_count; i++)
        if (esep_hash_equal(&folder->whole[i], &file->sha256))
            folder->whole[i] = folder->whole[--folder->whole_count];
    for (size_t i = 0; i < folder->part_count; i++)
        if (esep_hash_equal(&folder->parts[i].file.sha256, &file->sha256))
            folder->parts[i].held = 0;
}

static enum esep_status write_piece(struct folder *f, struct part *part,
                                    const struct collector_effect *e)
{
    assert_int_equal(e->part_count, 1);
    assert_int_equal(e->offset, part->held);
    for (size_t i = 0; i < e->parts[0].len; i++)
        assert_int_equal(e->parts[0].data[i], (uint8_t)((e->offset + i) % 251));
    part->held += e->parts[0].len;
    f->written += e->parts[0].len;
    return ESEP_OK;
}

static enum esep_status on_file(void *context, const struct collector_effect *e, uint64_t *ret_held,
                                bool *answered)
{
    struct folder *f = context;
    const uint32_t place = COLLECTOR_FILE_PLACE(e->token);
    assert_true(place < PLACES);
    f->asked[e->kind]++;
    enum esep_status status = ESEP_OK;
    if (e->kind == COLLECTOR_EFFECT_FILE_GONE)
        return ESEP_OK;
    if (e->kind == COLLECTOR_EFFECT_FILE_CLOSE) {
        f->open[place] = NULL;
        return ESEP_OK;
    }
    if (e->kind == COLLECTOR_EFFECT_FILE_OPEN) {
        status = is_whole(f, &e->file.sha256) ? ESEP_CONFLICT : ESEP_OK;
        f->open[place] = status == ESEP_OK ? part_of(f, &e->file) : NULL;
    }
    struct part *part = f->open[place];
    if (f->times > 0 && f->fails == e->kind) {
        f->times--;
        *ret_held = f->held;
        if (part != NULL && f->with == ESEP_CORRUPT)
            part->held = f->held;
        return f->with;
    }
    if (e->kind == COLLECTOR_EFFECT_FILE_WRITE) {
        status = write_piece(f, part, e);
        *answered = !f->hold;
    }
    if (e->kind == COLLECTOR_EFFECT_FILE_FINISH) {
        assert_int_equal(part->held, e->file.size_bytes);
        f->whole[f->whole_count++] = e->file.sha256;
    }
    *ret_held = part != NULL ? part->held : 0;
    return status;
}

void field_limits(struct collector_config *config)
{
    config->files_max = PLACES;
    config->frame_bytes_max = 128u << 10;
    config->file_bytes_max = SIZE;
    config->office_files_bytes = 5 * SIZE;
    config->file_window_bytes = WINDOW;
}

void field_start_with(struct field *f, void (*change)(struct collector_config *config))
{
    memset(f, 0, sizeof *f);
    ingest_start(&f->g, change);
    f->g.on_file = on_file;
    f->g.file_context = &f->folder;
    f->g.file_there = is_there;
    ingest_set_files(&f->g);
    f->o = sim_active(&f->g, "moh");
}

void field_start(struct field *f)
{
    field_start_with(f, field_limits);
}

void field_end(struct field *f)
{
    while (f->g.pending != NULL)
        ingest_commit(&f->g, ESEP_OK);
    ingest_assert_replay(&f->g);
    ingest_end(&f->g);
}

struct views_file field_file(const struct sim_office *o, uint8_t first, uint64_t size)
{
    struct views_file file = {.office = o->number, .size_bytes = size};
    memset(file.sha256.bytes, first, ESEP_HASH_BYTES);
    return file;
}

char *field_text(const char *s)
{
    return (char *)(uintptr_t)s;
}

/* Writes and sends a report that names files `first` and the `count` - 1 behind it. */
void field_report(struct field *f, struct sim_office *o, uint8_t first, size_t count, uint64_t size)
{
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report m = ESEP__V1__REPORT__INIT;
    Esep__V1__AttachmentRef refs[32];
    Esep__V1__AttachmentRef *all[32];
    struct views_file files[32];
    uint8_t nonce[16] = {(uint8_t)o->number, (uint8_t)o->seq};
    uint8_t packed[4096];
    for (size_t i = 0; i < count; i++) {
        files[i] = field_file(o, (uint8_t)(first + i), size);
        esep__v1__attachment_ref__init(&refs[i]);
        refs[i].name = field_text("scan.pdf");
        refs[i].size_bytes = size;
        refs[i].sha256 = (ProtobufCBinaryData){ESEP_HASH_BYTES, files[i].sha256.bytes};
        all[i] = &refs[i];
    }
    m.obligation = field_text(strcmp(views_office(f->g.world.views, o->number)->body, "moh") == 0
                                  ? KEY_1_MOH
                                  : KEY_1_AKMOLA);
    m.revision = 1;
    m.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED;
    m.narrative = field_text("done");
    m.attachments = all;
    m.n_attachments = count;
    entry.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &m;
    assert_true(protobuf_c_message_get_packed_size(&entry.base) <= sizeof packed);
    sim_write_bytes(o, &f->g, packed, protobuf_c_message_pack(&entry.base, packed));
    if (!o->session.established)
        sim_hello(o, &f->g);
    sim_batch(o, &f->g, o->seq, o->seq, true);
    while (f->g.pending != NULL)
        ingest_commit(&f->g, ESEP_OK);
}

void field_offer_of(struct field *f, struct sim_office *o, const struct views_file *files,
                    size_t count)
{
    Esep__V1__Offer offer = ESEP__V1__OFFER__INIT;
    Esep__V1__FileName names[32];
    Esep__V1__FileName *all[32];
    for (size_t i = 0; i < count; i++) {
        esep_file_name_write(&files[i].sha256, files[i].size_bytes, &names[i]);
        all[i] = &names[i];
    }
    offer.files = all;
    offer.n_files = count;
    sim_seal(o, &f->g, KIND(OFFER), false, &offer.base);
}

void field_gone(struct field *f, const struct views_file *file)
{
    Esep__V1__Offer offer = ESEP__V1__OFFER__INIT;
    Esep__V1__FileName name;
    Esep__V1__FileName *one = &name;
    esep_file_name_write(&file->sha256, file->size_bytes, &name);
    offer.gone = &one;
    offer.n_gone = 1;
    sim_seal(f->o, &f->g, KIND(OFFER), false, &offer.base);
}

void field_offer(struct field *f, const struct views_file *file)
{
    field_offer_of(f, f->o, file, 1);
}

void field_chunk(struct field *f, const struct views_file *file, uint64_t offset, size_t len)
{
    static uint8_t data[70000];
    Esep__V1__Chunk m = ESEP__V1__CHUNK__INIT;
    Esep__V1__FileName name;
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)((offset + i) % 251);
    esep_file_name_write(&file->sha256, file->size_bytes, &name);
    m.file = &name;
    m.offset = offset;
    m.data = (ProtobufCBinaryData){len, data};
    sim_seal(f->o, &f->g, KIND(CHUNK), false, &m.base);
}

const struct sim_heard *field_state_of(const struct field *f)
{
    return sim_last(f->o, KIND(FILE_STATE));
}

/* From where the collector says, piece by piece, up to `until`. */
void field_send_to(struct field *f, const struct views_file *file, uint64_t until)
{
    for (uint64_t at = field_state_of(f)->file.offset; at < until;) {
        uint64_t left = file->size_bytes - at;
        size_t len = left < PIECE ? (size_t)left : PIECE;
        field_chunk(f, file, at, len);
        at += len;
    }
}

void field_assert_state(const struct field *f, uint64_t offset, uint64_t through, bool again)
{
    const struct sim_heard *h = field_state_of(f);
    assert_int_equal(h->file.refusal, REASON(UNSPECIFIED));
    assert_int_equal(h->file.offset, offset);
    assert_int_equal(h->file.through, through);
    assert_int_equal(h->file.again, again);
}

void field_assert_refused(const struct field *f, Esep__V1__RefusalReason reason)
{
    assert_int_equal(field_state_of(f)->file.refusal, reason);
}
