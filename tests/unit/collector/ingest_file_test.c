/* tests/unit/collector/ingest_file_test.c - files: is what is taken what a taken report names, is
 * it receipted only when it is whole, synced and in the log, and is no byte of it asked for twice?
 */
#include "ingest_world.h"

#include <stdlib.h>

#define PIECE 1024u
#define WINDOW (4 * PIECE)
#define SIZE (10 * PIECE + 100)
#define PLACES 6u

/* A folder of files in memory: partial ones by office, whole ones by hash. */
struct part {
    struct views_file file;
    uint64_t held;
};
struct folder {
    struct part parts[32];
    size_t part_count;
    struct esep_hash whole[32];
    size_t whole_count;
    struct part *open[PLACES];
    enum collector_effect_kind fails; /* the next effect of this kind ... */
    enum esep_status with;            /* ... is answered so, */
    uint64_t held;                    /* with so many bytes, */
    unsigned times;                   /* so often */
    bool hold;                        /* answers to WRITE wait */
    size_t asked[COLLECTOR_EFFECT_FILE_CLOSE + 1];
    uint64_t written; /* bytes, however often */
};
struct field {
    struct ingest g;
    struct folder folder;
    struct sim_office *o;
};

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

static void limits(struct collector_config *config)
{
    config->files_max = PLACES;
    config->frame_bytes_max = 128u << 10;
    config->file_bytes_max = SIZE;
    config->office_files_bytes = 5 * SIZE;
    config->file_window_bytes = WINDOW;
}

static void start_with(struct field *f, void (*change)(struct collector_config *config))
{
    memset(f, 0, sizeof *f);
    ingest_start(&f->g, change);
    f->g.on_file = on_file;
    f->g.file_context = &f->folder;
    collector_set_files(f->g.core, ingest_file_lookup, &f->g);
    f->o = sim_active(&f->g, "moh");
}

static void start(struct field *f)
{
    start_with(f, limits);
}

static void end(struct field *f)
{
    while (f->g.pending != NULL)
        ingest_commit(&f->g, ESEP_OK);
    ingest_assert_replay(&f->g);
    ingest_end(&f->g);
}

static struct views_file file_of(const struct sim_office *o, uint8_t first, uint64_t size)
{
    struct views_file file = {.office = o->number, .size_bytes = size};
    memset(file.sha256.bytes, first, ESEP_HASH_BYTES);
    return file;
}

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

/* Writes and sends a report that names files `first` and the `count` - 1 behind it. */
static void report(struct field *f, struct sim_office *o, uint8_t first, size_t count,
                   uint64_t size)
{
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report m = ESEP__V1__REPORT__INIT;
    Esep__V1__AttachmentRef refs[32];
    Esep__V1__AttachmentRef *all[32];
    struct views_file files[32];
    uint8_t nonce[16] = {(uint8_t)o->number, (uint8_t)o->seq};
    uint8_t packed[4096];
    for (size_t i = 0; i < count; i++) {
        files[i] = file_of(o, (uint8_t)(first + i), size);
        esep__v1__attachment_ref__init(&refs[i]);
        refs[i].name = text("scan.pdf");
        refs[i].size_bytes = size;
        refs[i].sha256 = (ProtobufCBinaryData){ESEP_HASH_BYTES, files[i].sha256.bytes};
        all[i] = &refs[i];
    }
    m.obligation =
        text(strcmp(views_office(f->g.world.views, o->number)->body, "moh") == 0 ? KEY_1_MOH
                                                                                 : KEY_1_AKMOLA);
    m.revision = 1;
    m.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED;
    m.narrative = text("done");
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

static void offer_of(struct field *f, struct sim_office *o, const struct views_file *files,
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

static void offer(struct field *f, const struct views_file *file)
{
    offer_of(f, f->o, file, 1);
}

static void chunk(struct field *f, const struct views_file *file, uint64_t offset, size_t len)
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

static const struct sim_heard *state_of(const struct field *f)
{
    return sim_last(f->o, KIND(FILE_STATE));
}

/* From where the collector says, piece by piece, up to `until`. */
static void send_to(struct field *f, const struct views_file *file, uint64_t until)
{
    for (uint64_t at = state_of(f)->file.offset; at < until;) {
        uint64_t left = file->size_bytes - at;
        size_t len = left < PIECE ? (size_t)left : PIECE;
        chunk(f, file, at, len);
        at += len;
    }
}

static void assert_state(const struct field *f, uint64_t offset, uint64_t through, bool again)
{
    const struct sim_heard *h = state_of(f);
    assert_int_equal(h->file.refusal, REASON(UNSPECIFIED));
    assert_int_equal(h->file.offset, offset);
    assert_int_equal(h->file.through, through);
    assert_int_equal(h->file.again, again);
}

static void assert_refused(const struct field *f, Esep__V1__RefusalReason reason)
{
    assert_int_equal(state_of(f)->file.refusal, reason);
}

static void a_file_comes_is_logged_and_then_receipted(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, SIZE);
    report(&f, f.o, 1, 1, SIZE);
    assert_true((sim_last(f.o, KIND(WELCOME))->features & 1u << 1) != 0);
    offer(&f, &scan);
    assert_state(&f, 0, WINDOW, false);
    f.g.auto_commit = false;
    send_to(&f, &scan, SIZE - 100);
    assert_state(&f, SIZE - 100, SIZE, false);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_FINISH], 0);
    chunk(&f, &scan, SIZE - 100, 100);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_FINISH], 1);
    /* Whole and on the disk: not said before the log says so on its own. */
    assert_non_null(f.g.pending);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 0);
    offer(&f, &scan); /* the answer is on its way */
    chunk(&f, &scan, 0, PIECE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 0);
    ingest_commit(&f.g, ESEP_OK);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    const struct esep_evidence *e = &sim_last(f.o, KIND(EVIDENCE))->evidence;
    assert_int_equal(e->office, f.o->number);
    assert_true(esep_hash_equal(&e->sha256, &scan.sha256));
    assert_int_equal(e->size_bytes, SIZE);
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 1);
    assert_int_equal(views_office(f.g.world.views, f.o->number)->evidence_bytes, SIZE);
    /* Its receipt was lost: the same again, and not a byte. */
    const uint64_t index = e->log_index;
    sim_forget(f.o);
    offer(&f, &scan);
    assert_int_equal(sim_last(f.o, KIND(EVIDENCE))->evidence.log_index, index);
    assert_int_equal(f.folder.written, SIZE);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_OPEN], 1);
    assert_int_equal(collector_counter(f.g.core, COLLECTOR_FILE_BYTES), SIZE);
    assert_int_equal(collector_counter(f.g.core, COLLECTOR_FILES), 1);
    end(&f);
}

static void only_what_a_taken_report_names(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    sim_hello(f.o, &f.g);
    struct views_file scan = file_of(f.o, 1, SIZE);
    offer(&f, &scan);
    assert_refused(&f, REASON(DENIED));
    assert_true(state_of(&f)->file.retry_after_ms > 0);
    /* Another office's names are not this one's. */
    struct sim_office *other = sim_active(&f.g, "akmola");
    report(&f, other, 1, 1, SIZE);
    offer(&f, &scan);
    assert_refused(&f, REASON(DENIED));
    report(&f, f.o, 1, 1, SIZE);
    offer(&f, &scan);
    assert_state(&f, 0, WINDOW, false);
    scan.size_bytes--; /* nor another size */
    offer(&f, &scan);
    assert_refused(&f, REASON(DENIED));
    f.g.lookup_fails = true;
    offer(&f, &scan);
    assert_refused(&f, REASON(WAIT));
    assert_int_equal(collector_counter(f.g.core, COLLECTOR_FILES_REFUSED), 3);
    end(&f);
}

static void limits_are_told_with_words(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file large = file_of(f.o, 1, SIZE + 1);
    report(&f, f.o, 1, 1, SIZE + 1);
    offer(&f, &large);
    assert_refused(&f, REASON(LIMIT));
    /* Five files are this office's quota: what is here and what is announced count. */
    report(&f, f.o, 10, 6, SIZE);
    for (uint8_t i = 0; i < 4; i++) {
        const struct views_file file = file_of(f.o, (uint8_t)(10 + i), SIZE);
        offer(&f, &file);
        send_to(&f, &file, i < 2 ? SIZE : PIECE);
    }
    const struct views_file fifth = file_of(f.o, 14, SIZE);
    const struct views_file sixth = file_of(f.o, 15, SIZE);
    offer(&f, &fifth);
    assert_state(&f, 0, WINDOW, false);
    offer(&f, &sixth);
    assert_refused(&f, REASON(FULL));
    send_to(&f, &sixth, PIECE); /* it is not taken all the same */
    assert_refused(&f, REASON(WAIT));
    assert_int_equal(views_office(f.g.world.views, f.o->number)->evidence_files, 2);
    end(&f);
}

/* A quota made smaller than what is here, and what does not fit into what is left. */
static void less(struct collector_config *config)
{
    limits(config);
    config->office_files_bytes = SIZE + 1;
}

static void a_quota_that_was_made_smaller(void **state)
{
    (void)state;
    struct field f;
    start_with(&f, less);
    const struct views_file scan = file_of(f.o, 1, SIZE);
    const struct views_file small = file_of(f.o, 9, 2);
    report(&f, f.o, 1, 1, SIZE);
    report(&f, f.o, 9, 1, 2);
    offer(&f, &scan);
    send_to(&f, &scan, PIECE);
    offer(&f, &small);
    assert_refused(&f, REASON(FULL));
    sim_forget(f.o);
    offer(&f, &scan);
    send_to(&f, &scan, SIZE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    f.g.config.office_files_bytes = PIECE;
    ingest_restart(&f.g);
    sim_hello(f.o, &f.g);
    offer(&f, &small);
    assert_refused(&f, REASON(FULL));
    end(&f);
}

static void it_goes_on_where_it_broke_off(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, SIZE);
    report(&f, f.o, 1, 1, SIZE);
    offer(&f, &scan);
    send_to(&f, &scan, 3 * PIECE);
    sim_hello(f.o, &f.g); /* a new connection */
    offer(&f, &scan);
    assert_state(&f, 3 * PIECE, 7 * PIECE, false);
    send_to(&f, &scan, 5 * PIECE);
    ingest_restart(&f.g); /* a new collector */
    memset(f.folder.open, 0, sizeof f.folder.open);
    sim_hello(f.o, &f.g);
    offer(&f, &scan);
    assert_state(&f, 5 * PIECE, 9 * PIECE, false);
    send_to(&f, &scan, SIZE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(f.folder.written, SIZE);
    end(&f);
}

/* The file took its name, and the commit of its entry failed: it is found whole and logged then. */
static void a_crash_between_file_and_log(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, SIZE);
    report(&f, f.o, 1, 1, SIZE);
    offer(&f, &scan);
    f.g.auto_commit = false;
    send_to(&f, &scan, SIZE);
    ingest_commit(&f.g, ESEP_IO);
    assert_int_equal(collector_status(f.g.core, NULL), ESEP_IO);
    collector_on_file(f.g.core, 0, ESEP_OK, 0, f.g.world.now); /* it takes nothing more */
    f.g.auto_commit = true;
    ingest_restart(&f.g);
    sim_forget(f.o);
    sim_hello(f.o, &f.g);
    offer(&f, &scan);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(f.folder.written, SIZE);
    /* Another office that names it in a report of its own: no byte either. */
    struct sim_office *other = sim_active(&f.g, "akmola");
    const struct views_file theirs = file_of(other, 1, SIZE);
    report(&f, other, 1, 1, SIZE);
    offer_of(&f, other, &theirs, 1);
    assert_int_equal(sim_count(other, KIND(EVIDENCE)), 1);
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 2);
    assert_int_equal(f.folder.written, SIZE);
    end(&f);
}

static void chunks_out_of_place(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, SIZE);
    report(&f, f.o, 1, 1, SIZE);
    chunk(&f, &scan, 0, PIECE); /* nobody asked for it */
    assert_refused(&f, REASON(WAIT));
    assert_int_equal(state_of(&f)->file.retry_after_ms, 0);
    offer(&f, &scan);
    chunk(&f, &scan, 0, PIECE);
    chunk(&f, &scan, 2 * PIECE, PIECE); /* one was lost */
    assert_state(&f, PIECE, 5 * PIECE, true);
    chunk(&f, &scan, PIECE, PIECE);
    chunk(&f, &scan, 0, PIECE); /* a repeat */
    assert_state(&f, 2 * PIECE, 6 * PIECE, false);
    chunk(&f, &scan, PIECE, 2 * PIECE); /* half a repeat */
    assert_state(&f, 2 * PIECE, 6 * PIECE, true);
    assert_int_equal(f.folder.written, 2 * PIECE);
    /* More than was granted. */
    sim_forget(f.o);
    chunk(&f, &scan, 2 * PIECE, 4 * PIECE + 1);
    assert_true(sim_refused(f.o, REASON(CREDIT)));
    end(&f);
}

static void what_is_no_chunk_and_no_offer(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, SIZE);
    const struct views_file small = file_of(f.o, 2, PIECE);
    report(&f, f.o, 1, 1, SIZE);
    report(&f, f.o, 2, 1, PIECE);
    offer(&f, &scan);
    offer(&f, &small);
    const struct {
        const struct views_file *file;
        uint64_t offset;
        size_t len;
    } bad[] = {
        {&scan, 0, 0},         {&scan, 0, 65537},      {&scan, SIZE + 1, PIECE},
        {&scan, 0, PIECE - 1}, {&small, 0, PIECE + 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sim_forget(f.o);
        chunk(&f, bad[i].file, bad[i].offset, bad[i].len);
        assert_true(sim_refused(f.o, REASON(MALFORMED)));
        /* Not more than the core says of the same thing at once: wait until it speaks again. */
        f.g.world.now += ESEP_SECOND;
    }
    /* Neither a name without a hash, nor one without a size, nor more than there may be. */
    struct views_file many[17];
    for (size_t i = 0; i < 17; i++)
        many[i] = file_of(f.o, 1, i == 16 ? 0 : SIZE);
    for (size_t count = 1; count <= 17; count += 16) {
        sim_forget(f.o);
        offer_of(&f, f.o, count == 1 ? &many[16] : many, count);
        assert_true(sim_refused(f.o, REASON(MALFORMED)));
        f.g.world.now += ESEP_SECOND;
    }
    Esep__V1__Ping ping = ESEP__V1__PING__INIT; /* of other fields than either has */
    Esep__V1__Chunk nameless = ESEP__V1__CHUNK__INIT;
    ping.office_clock_us = 1;
    ping.mail_through = 1;
    sim_forget(f.o);
    sim_seal(f.o, &f.g, KIND(OFFER), false, &ping.base);
    f.g.world.now += ESEP_SECOND;
    sim_seal(f.o, &f.g, KIND(CHUNK), false, &ping.base);
    f.g.world.now += ESEP_SECOND;
    sim_seal(f.o, &f.g, KIND(CHUNK), false, &nameless.base);
    assert_int_equal(sim_count(f.o, KIND(REFUSAL)), 3);
    assert_int_equal(f.folder.written, 0);
    end(&f);
}

/* Our disk changed a piece: from there on again. It does so for ever: later. */
static void a_piece_that_the_disk_changed(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, SIZE);
    report(&f, f.o, 1, 1, SIZE);
    offer(&f, &scan);
    f.folder.fails = COLLECTOR_EFFECT_FILE_FINISH;
    f.folder.with = ESEP_CORRUPT;
    f.folder.held = 7 * PIECE;
    f.folder.times = 1;
    send_to(&f, &scan, SIZE);
    assert_state(&f, 7 * PIECE, SIZE, true);
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 0);
    send_to(&f, &scan, SIZE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(f.folder.written, SIZE + 3 * PIECE + 100);

    const struct views_file cursed = file_of(f.o, 2, SIZE);
    report(&f, f.o, 2, 1, SIZE);
    offer(&f, &cursed);
    f.folder.held = SIZE - 100;
    f.folder.times = 9;
    send_to(&f, &cursed, SIZE);
    for (int i = 0; i < 8; i++) {
        assert_state(&f, SIZE - 100, SIZE, true);
        send_to(&f, &cursed, SIZE);
    }
    assert_refused(&f, REASON(WAIT));
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 1);
    end(&f);
}

static void what_the_shell_may_answer(void **state)
{
    (void)state;
    static const struct {
        enum collector_effect_kind kind;
        enum esep_status status;
        Esep__V1__RefusalReason told;
    } rows[] = {
        {COLLECTOR_EFFECT_FILE_OPEN, ESEP_LIMIT, REASON(FULL)},
        {COLLECTOR_EFFECT_FILE_OPEN, ESEP_IO, REASON(WAIT)},
        {COLLECTOR_EFFECT_FILE_WRITE, ESEP_LIMIT, REASON(FULL)},
        {COLLECTOR_EFFECT_FILE_WRITE, ESEP_CONFLICT, REASON(WAIT)},
        {COLLECTOR_EFFECT_FILE_FINISH, ESEP_INVALID, REASON(MALFORMED)},
        {COLLECTOR_EFFECT_FILE_FINISH, ESEP_LIMIT, REASON(FULL)},
        {COLLECTOR_EFFECT_FILE_FINISH, ESEP_IO, REASON(WAIT)},
    };
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, PIECE);
    report(&f, f.o, 1, 1, PIECE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        f.folder.part_count = 0;
        f.folder.fails = rows[i].kind;
        f.folder.with = rows[i].status;
        f.folder.times = 1;
        offer(&f, &scan);
        if (rows[i].kind != COLLECTOR_EFFECT_FILE_OPEN)
            chunk(&f, &scan, 0, PIECE);
        assert_refused(&f, rows[i].told);
        assert_true(state_of(&f)->file.retry_after_ms > 0);
        assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], i + 1);
    }
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 0);
    /* An answer to what is let go, and to what never was. */
    collector_on_file(f.g.core, 0, ESEP_OK, PIECE, f.g.world.now);
    collector_on_file(f.g.core, PLACES, ESEP_OK, PIECE, f.g.world.now);
    f.folder.part_count = 0;
    offer(&f, &scan);
    send_to(&f, &scan, PIECE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    end(&f);
}

/* Several chunks come before the shell has written the first. */
static void a_shell_that_takes_its_time(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, SIZE);
    report(&f, f.o, 1, 1, SIZE);
    offer(&f, &scan);
    f.folder.hold = true;
    send_to(&f, &scan, 3 * PIECE);
    assert_state(&f, 0, WINDOW, false); /* not a word before it is written */
    chunk(&f, &scan, 0, PIECE);         /* a repeat says nothing more than is written */
    assert_state(&f, 0, WINDOW, false);
    const uint64_t token = (uint64_t)0 << 32;
    collector_on_file(f.g.core, token, ESEP_OK, PIECE, f.g.world.now);
    ingest_pump(&f.g);
    assert_state(&f, PIECE, 5 * PIECE, false);
    collector_on_file(f.g.core, token, ESEP_OK, 2 * PIECE, f.g.world.now);
    collector_on_file(f.g.core, token, ESEP_OK, 3 * PIECE, f.g.world.now);
    ingest_pump(&f.g);
    assert_state(&f, 3 * PIECE, 7 * PIECE, false);
    f.folder.hold = false;
    send_to(&f, &scan, SIZE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    end(&f);
}

static void an_office_has_its_share_of_places(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    struct views_file files[8];
    report(&f, f.o, 1, 8, PIECE);
    for (size_t i = 0; i < 8; i++)
        files[i] = file_of(f.o, (uint8_t)(1 + i), PIECE);
    offer_of(&f, f.o, files, 4);
    offer(&f, &files[4]);
    assert_refused(&f, REASON(WAIT)); /* four at once */
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_OPEN], 4);
    /* Who comes back on a new connection with other files does not wait for its old ones. */
    sim_hello(f.o, &f.g);
    offer(&f, &files[4]);
    assert_state(&f, 0, PIECE, false);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 1);
    /* Nor for those that it lets lie. */
    offer_of(&f, f.o, files + 1, 3);
    sim_forget(f.o);
    offer(&f, &files[5]);
    assert_refused(&f, REASON(WAIT));
    f.g.world.now += 61 * ESEP_SECOND;
    offer(&f, &files[4]);
    offer(&f, &files[5]);
    assert_state(&f, 0, PIECE, false);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 2);
    end(&f);
}

static void few(struct collector_config *config)
{
    limits(config);
    config->files_max = 2;
}

static void when_all_places_are_taken(void **state)
{
    (void)state;
    struct field f;
    start_with(&f, few);
    const struct views_file scan = file_of(f.o, 1, PIECE);
    const struct views_file photo = file_of(f.o, 2, PIECE);
    struct sim_office *other = sim_active(&f.g, "akmola");
    const struct views_file theirs = file_of(other, 3, PIECE);
    report(&f, f.o, 1, 2, PIECE);
    report(&f, other, 3, 1, PIECE);
    offer(&f, &scan);
    offer(&f, &photo);
    offer_of(&f, other, &theirs, 1);
    assert_int_equal(sim_last(other, KIND(FILE_STATE))->file.refusal, REASON(WAIT));
    f.g.world.now += 30 * ESEP_SECOND;
    offer(&f, &photo);
    f.g.world.now += ESEP_SECOND;
    offer(&f, &scan);
    f.g.world.now += ESEP_MINUTE; /* both were let lie for a minute, the photo for longer */
    offer_of(&f, other, &theirs, 1);
    assert_int_equal(sim_last(other, KIND(FILE_STATE))->file.refusal, REASON(UNSPECIFIED));
    chunk(&f, &scan, 0, PIECE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    chunk(&f, &photo, 0, PIECE);
    assert_refused(&f, REASON(WAIT));
    end(&f);
}

/* Nobody sends: the file is closed when its session would be, also after the clock went back. */
static void what_lies_is_closed(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, SIZE);
    report(&f, f.o, 1, 1, SIZE);
    offer(&f, &scan);
    f.g.world.now -= ESEP_HOUR;
    collector_on_time(f.g.core, f.g.world.now);
    ingest_pump(&f.g);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 0);
    assert_true(collector_deadline(f.g.core) <= f.g.world.now + f.g.config.session_idle);
    f.g.world.now += f.g.config.session_idle;
    collector_on_time(f.g.core, f.g.world.now);
    ingest_pump(&f.g);
    assert_int_equal(f.folder.asked[COLLECTOR_EFFECT_FILE_CLOSE], 1);
    end(&f);
}

/* It is whole, and the log has no room for its entry: what is on the disk is not sent again. */
static void a_store_that_is_full_when_it_is_whole(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, PIECE);
    report(&f, f.o, 1, 1, PIECE);
    offer(&f, &scan);
    f.folder.hold = true;
    chunk(&f, &scan, 0, PIECE);
    collector_set_full(f.g.core, true);
    collector_on_file(f.g.core, 0, ESEP_OK, PIECE, f.g.world.now);
    ingest_pump(&f.g);
    assert_refused(&f, REASON(WAIT));
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 0);
    collector_set_full(f.g.core, false);
    offer(&f, &scan);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(f.folder.written, PIECE);
    end(&f);
}

/* The receipt goes to each session of the office that knows the word, and to no other. */
static void an_office_of_the_old_make(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file scan = file_of(f.o, 1, PIECE);
    report(&f, f.o, 1, 1, PIECE);
    struct sim_office *copy = sim_copy(&f.g, f.o);
    sim_hello(copy, &f.g);
    offer(&f, &scan);
    chunk(&f, &scan, 0, PIECE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 1);
    assert_int_equal(sim_count(copy, KIND(EVIDENCE)), 1);
    f.o->no_features = true;
    sim_hello(f.o, &f.g);
    report(&f, f.o, 2, 1, PIECE);
    const struct views_file photo = file_of(f.o, 2, PIECE);
    sim_forget(f.o);
    sim_forget(copy);
    offer(&f, &photo);
    chunk(&f, &photo, 0, PIECE);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 0);
    assert_int_equal(sim_count(copy, KIND(EVIDENCE)), 1);
    end(&f);
}

/* Whose office has gone by the time that there is something to say: it is said to nobody, and the
 * file is as it is. */
static void nobody_is_there_to_be_told(void **state)
{
    (void)state;
    struct field f;
    start(&f);
    const struct views_file files[] = {file_of(f.o, 1, PIECE), file_of(f.o, 2, PIECE),
                                       file_of(f.o, 3, 2 * PIECE), file_of(f.o, 4, 2 * PIECE)};
    report(&f, f.o, 1, 2, PIECE);
    report(&f, f.o, 3, 2, 2 * PIECE);
    offer_of(&f, f.o, files, 4);
    f.folder.hold = true;
    for (size_t i = 0; i < 4; i++)
        chunk(&f, &files[i], 0, PIECE);
    f.g.auto_commit = false;
    f.g.world.now += f.g.config.session_idle - ESEP_SECOND;
    for (size_t i = 0; i < 4; i++)
        chunk(&f, &files[i], 0, PIECE); /* repeats: the files are heard of */
    sim_forget(f.o);
    /* The office's key is revoked: its sessions end. */
    Esep__V1__RevokeOrder revoke = ESEP__V1__REVOKE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    revoke.office = f.o->number;
    revoke.reason = text("gone");
    order.what_case = ESEP__V1__ORDER__WHAT_REVOKE;
    order.revoke = &revoke;
    ingest_order(&f.g, &order);
    ingest_commit(&f.g, ESEP_OK);
    f.folder.fails = COLLECTOR_EFFECT_FILE_FINISH;
    f.folder.with = ESEP_IO;
    f.folder.times = 1;
    for (uint64_t place = 0; place < 4; place++) {
        collector_on_file(f.g.core, place, ESEP_OK, PIECE, f.g.world.now);
        ingest_pump(&f.g);
    }
    while (f.g.pending != NULL)
        ingest_commit(&f.g, ESEP_OK);
    assert_int_equal(sim_count(f.o, KIND(FILE_STATE)), 0);
    assert_int_equal(sim_count(f.o, KIND(EVIDENCE)), 0);
    assert_int_equal(ingest_log_count(&f.g, LOG(EVIDENCE)), 1); /* one failed, two are half there */
    end(&f);
}

static void without_places_no_word_of_files(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    Esep__V1__Offer offer = ESEP__V1__OFFER__INIT;
    sim_hello(o, &g);
    assert_int_equal(sim_last(o, KIND(WELCOME))->features, 0);
    sim_seal(o, &g, KIND(OFFER), false, &offer.base);
    assert_true(sim_refused(o, REASON(MALFORMED)));
    collector_set_files(g.core, ingest_file_lookup, &g); /* still none */
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    sim_seal(o, &g, KIND(CHUNK), false, &offer.base);
    assert_true(sim_refused(o, REASON(MALFORMED)));
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_comes_is_logged_and_then_receipted),
        cmocka_unit_test(only_what_a_taken_report_names),
        cmocka_unit_test(limits_are_told_with_words),
        cmocka_unit_test(a_quota_that_was_made_smaller),
        cmocka_unit_test(it_goes_on_where_it_broke_off),
        cmocka_unit_test(a_crash_between_file_and_log),
        cmocka_unit_test(chunks_out_of_place),
        cmocka_unit_test(what_is_no_chunk_and_no_offer),
        cmocka_unit_test(a_piece_that_the_disk_changed),
        cmocka_unit_test(what_the_shell_may_answer),
        cmocka_unit_test(a_shell_that_takes_its_time),
        cmocka_unit_test(an_office_has_its_share_of_places),
        cmocka_unit_test(when_all_places_are_taken),
        cmocka_unit_test(what_lies_is_closed),
        cmocka_unit_test(a_store_that_is_full_when_it_is_whole),
        cmocka_unit_test(an_office_of_the_old_make),
        cmocka_unit_test(nobody_is_there_to_be_told),
        cmocka_unit_test(without_places_no_word_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
