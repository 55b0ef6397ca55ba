/* tests/sim/sim_files.c - the files that reports name: the offices' copies, the collector's folder;
 * see sim.h.
 *
 * A file is a number of the pool: its hash is drawn, each of its bytes follows from number and
 * place. The folder does what lib/io/blobs.h promises: partial files by office, in pieces with a
 * record of what came, true after a power cut as far as they were synced; whole ones for ever.
 * Disks that fail change bytes on either side, and now and then a folder loses files: so does one
 * that is put back from a backup. What is true: an evidence receipt that an office stores is of a
 * file that was whole here; no byte is asked for that was synced; and in the end every file that a
 * taken report names has its receipt, an EVIDENCE entry, and is in the folder.
 */
#include "sim_real.h"

#include <stdlib.h>

#define FILE_BYTES_MAX 24000u
#define PIECES_MAX 64u
#define PLACES 8u
#define NUMBERS (SIM_OFFICES + 4)
#define SYNC_BYTES 4096u

struct part {
    uint64_t held, durable;
    uint64_t ends[PIECES_MAX];
    size_t pieces;
    uint8_t came[FILE_BYTES_MAX], disk[FILE_BYTES_MAX];
};
struct sim_files {
    struct esep_prng prng; /* apart, so that a story without files stays the same */
    struct {
        struct esep_hash sha256;
        uint64_t size;
        bool whole;
        bool was_whole; /* some time */
    } pool[SIM_FILES];
    struct part *parts[NUMBERS][SIM_FILES];
    uint64_t losses; /* of whole files, from the folder */
    int at[PLACES];  /* which file is open there; -1: none */
    uint32_t owner[PLACES];
};

static uint64_t draw(struct sim *sim, uint64_t bound)
{
    return esep_prng_below(&sim->files->prng, bound);
}

/* A bit here and there, where disks are bad at all. */
static bool flips(struct sim *sim, uint64_t one_in)
{
    return sim->profile->disks > 0 && !sim->calm && draw(sim, one_in) == 0;
}

static uint8_t byte_of(int file, uint64_t at)
{
    return (uint8_t)((uint64_t)file * 37 + at * 7 + (at >> 8));
}

void sim_files_start(struct sim *sim)
{
    sim->files = sim_alloc(sim, sizeof *sim->files);
    memset(sim->files, 0, sizeof *sim->files);
    sim->files->prng.state = sim->seed ^ UINT64_C(0xf11e5f11e5);
    for (int i = 0; i < SIM_FILES; i++) {
        for (size_t k = 0; k < ESEP_HASH_BYTES; k++)
            sim->files->pool[i].sha256.bytes[k] = (uint8_t)draw(sim, 256);
        sim->files->pool[i].size = 1 + draw(sim, FILE_BYTES_MAX);
    }
    for (size_t i = 0; i < PLACES; i++)
        sim->files->at[i] = -1;
}

void sim_files_config(struct collector_config *config)
{
    config->files_max = PLACES;
    config->file_bytes_max = FILE_BYTES_MAX;
    config->office_files_bytes = (uint64_t)SIM_FILES * FILE_BYTES_MAX;
    config->file_window_bytes = 8192;
}

static int number_of(struct sim *sim, const struct esep_hash *sha256, uint64_t size)
{
    for (int i = 0; i < SIM_FILES; i++)
        if (esep_hash_equal(&sim->files->pool[i].sha256, sha256) &&
            sim->files->pool[i].size == size)
            return i;
    sim_fail(sim, "a file that nobody has");
}

/* One report in four names one or two. Returns how many. */
size_t sim_files_attach(struct sim *sim, struct sim_attached *ret)
{
    size_t count = draw(sim, 4) == 0 ? 1 + draw(sim, SIM_ATTACHED_MAX) : 0;
    for (size_t i = 0; i < count; i++) {
        ret->files[i] = (int)draw(sim, SIM_FILES);
        esep__v1__attachment_ref__init(&ret->refs[i]);
        ret->refs[i].name = ret->name;
        ret->refs[i].size_bytes = sim->files->pool[ret->files[i]].size;
        ret->refs[i].sha256 =
            esep_pb(sim->files->pool[ret->files[i]].sha256.bytes, ESEP_HASH_BYTES);
        ret->list[i] = &ret->refs[i];
    }
    memcpy(ret->name, "scan.pdf", sizeof "scan.pdf");
    ret->count = count;
    return count;
}

void sim_files_named(struct sim *sim, int office, const struct sim_attached *attached)
{
    struct sim_journal *j = &sim->offices[office].journal;
    for (size_t i = 0; i < attached->count; i++) {
        struct sim_named *n = &j->files[attached->files[i]];
        if (!n->named)
            *n = (struct sim_named){.named = true, .epoch = j->epoch, .seq = j->marks.last_seq};
    }
}

static bool receipted(const struct sim_journal *j, const struct sim_named *n)
{
    return n->named && (n->epoch != j->epoch || n->seq <= j->marks.receipted_seq);
}

/* As agent/run_files.c. */
void sim_files_look(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    if (!o->files_due || o->broken || o->older.epoch != 0 || o->core == NULL)
        return;
    o->files_due = false;
    for (int i = 0; i < SIM_FILES; i++) {
        const struct agent_file file = {sim->files->pool[i].sha256, sim->files->pool[i].size};
        if (receipted(&o->journal, &o->journal.files[i]) && !o->journal.files[i].here)
            (void)agent_on_file(o->core, &file, sim_wall(sim, &o->node));
    }
}

static void on_read(struct sim *sim, struct sim_event *event)
{
    struct sim_office *o = &sim->offices[event->node->number];
    static uint8_t bytes[FILE_BYTES_MAX];
    const int file = (int)(event->b >> 32);
    const uint64_t offset = event->b & UINT32_MAX;
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; i < event->durable; i++)
        bytes[i] = byte_of(file, offset + i);
    if (sim->now < o->disk_bad_until && draw(sim, 2) == 0)
        status = ESEP_IO;
    else if (flips(sim, 60))
        bytes[draw(sim, event->durable)] ^= 1;
    agent_on_file_bytes(o->core, event->a, status, esep_slice(bytes, event->durable),
                        sim_wall(sim, &o->node));
    sim_office_pump(sim, event->node->number);
}

void sim_files_read(struct sim *sim, int office, const struct agent_effect *effect)
{
    struct sim_office *o = &sim->offices[office];
    const int file = number_of(sim, &effect->file.sha256, effect->file.size_bytes);
    if (o->journal.files[file].here && sim->files->losses == 0 && sim->collector.restores == 0)
        sim_fail(sim, "%s reads file %d, which has its receipt", o->node.name, file);
    struct sim_event *event = sim_after(sim, &o->node, (esep_time)draw(sim, 2000), on_read);
    event->a = effect->token;
    event->b = (uint64_t)file << 32 | effect->offset;
    event->durable = effect->bytes_max;
}

/* An office stores a file's receipt: the file is whole, and on this very disk the log says so. */
void sim_files_stored(struct sim *sim, int office, const struct agent_store *store)
{
    struct sim_office *o = &sim->offices[office];
    for (size_t i = 0; i < store->evidence_count; i++) {
        const struct esep_evidence *e = &store->evidence[i];
        const int file = number_of(sim, &e->sha256, e->size_bytes);
        const struct sim_disk *disk = &sim->collector.disk;
        struct esep_leaf leaf;
        if (!sim->files->pool[file].was_whole)
            sim_fail(sim, "%s has a receipt for file %d, which never was whole", o->node.name,
                     file);
        if (e->office != o->number)
            sim_fail(sim, "%s stores another office's receipt", o->node.name);
        if (sim->collector.restores == 0 &&
            (e->log_index >= disk->count ||
             esep_leaf_unpack(esep_slice(disk->records[e->log_index].leaf, ESEP_LEAF_BYTES),
                              &leaf) != ESEP_OK ||
             leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_EVIDENCE || leaf.office != o->number))
            sim_fail(sim, "%s: the receipt of file %d names log index %llu, where it is not",
                     o->node.name, file, (unsigned long long)e->log_index);
        o->journal.files[file].here = true;
        sim_trace(sim, &o->node, "file %d of %llu bytes has its receipt", file,
                  (unsigned long long)e->size_bytes);
    }
    o->files_due = o->files_due || store->evidence_count > 0 || store->receipt_count > 0;
}

/* The collector's folder. */

static struct part *part_of(struct sim *sim, uint32_t owner, int file)
{
    if (owner >= NUMBERS)
        sim_fail(sim, "office %u has a file", owner);
    struct part **part = &sim->files->parts[owner][file];
    if (*part == NULL) {
        *part = sim_alloc(sim, sizeof **part);
        memset(*part, 0, sizeof **part);
    }
    return *part;
}

static void cut(struct part *p, size_t pieces)
{
    p->pieces = pieces;
    p->held = pieces > 0 ? p->ends[pieces - 1] : 0;
    if (p->durable > p->held)
        p->durable = p->held;
}

/* The first piece that the disk has changed; p->pieces: none. */
static size_t damaged(const struct part *p)
{
    uint64_t from = 0;
    for (size_t i = 0; i < p->pieces; i++) {
        if (memcmp(p->came + from, p->disk + from, (size_t)(p->ends[i] - from)) != 0)
            return i;
        from = p->ends[i];
    }
    return p->pieces;
}

static void lose(struct sim *sim, int file)
{
    if (!sim->files->pool[file].whole)
        return;
    sim->files->pool[file].whole = false;
    sim->files->losses++;
    sim_count(sim, SIM_TALLY_FILES_LOST);
    sim_trace(sim, &sim->collector.node, "file %d is gone from the folder", file);
    for (size_t n = 0; n < NUMBERS; n++)
        if (sim->files->parts[n][file] != NULL)
            cut(sim->files->parts[n][file], 0);
}

/* One time in three the folder came back without some of what the offices have receipts for. */
void sim_files_restored(struct sim *sim)
{
    const bool less = draw(sim, 3) == 0;
    for (int i = 0; less && i < SIM_FILES; i++)
        if (draw(sim, 2) == 0)
            lose(sim, i);
}

/* What was synced stays; of the rest nobody knows. */
void sim_files_crash(struct sim *sim)
{
    if (flips(sim, 40))
        lose(sim, (int)draw(sim, SIM_FILES));
    for (size_t i = 0; i < PLACES; i++)
        sim->files->at[i] = -1;
    for (size_t n = 0; n < NUMBERS; n++)
        for (size_t k = 0; k < SIM_FILES; k++) {
            struct part *p = sim->files->parts[n][k];
            while (p != NULL && p->held > p->durable && draw(sim, 2) == 0)
                cut(p, p->pieces - 1);
        }
}

static enum esep_status write_piece(struct sim *sim, struct part *p, int file,
                                    const struct collector_effect *effect)
{
    const struct esep_slice piece = effect->parts[0];
    if (effect->offset < p->durable)
        sim_fail(sim, "a byte of file %d is written that was synced", file);
    if (effect->offset != p->held || piece.len > sim->files->pool[file].size - p->held ||
        p->pieces == PIECES_MAX)
        return ESEP_INVALID;
    memcpy(p->came + p->held, piece.data, piece.len);
    memcpy(p->disk + p->held, piece.data, piece.len);
    if (flips(sim, 20))
        p->disk[p->held + draw(sim, piece.len)] ^= 1;
    p->held += piece.len;
    p->ends[p->pieces++] = p->held;
    if (p->held - p->durable >= SYNC_BYTES)
        p->durable = p->held;
    return ESEP_OK;
}

static enum esep_status finish(struct sim *sim, struct part *p, int file)
{
    const size_t wrong = damaged(p);
    const uint64_t size = sim->files->pool[file].size;
    if (p->held != size)
        return ESEP_INVALID;
    if (wrong < p->pieces) {
        cut(p, wrong);
        return ESEP_CORRUPT;
    }
    for (uint64_t i = 0; i < size; i++)
        if (p->came[i] != byte_of(file, i)) {
            cut(p, 0);
            return ESEP_INVALID;
        }
    if (sim->files->pool[file].was_whole)
        sim_count(sim, SIM_TALLY_FILES_BACK);
    sim->files->pool[file].whole = sim->files->pool[file].was_whole = true;
    return ESEP_OK;
}

enum esep_status sim_files_lookup(void *context, const struct views_file *file,
                                  struct collector_file_known *ret)
{
    struct sim *sim = context;
    const enum esep_status status = collector_state_file(sim_log(sim), file, ret);
    ret->lost =
        ret->here && !sim->files->pool[number_of(sim, &file->sha256, file->size_bytes)].whole;
    return status;
}

/* As collector/run_lacking.c, but by looking at each. */
size_t sim_files_lacking(void *context, uint32_t office, struct views_file *ret, size_t room)
{
    struct sim *sim = context;
    size_t count = 0;
    for (int i = 0; i < SIM_FILES && count < room; i++) {
        const struct views_file file = {.office = office,
                                        .sha256 = sim->files->pool[i].sha256,
                                        .size_bytes = sim->files->pool[i].size};
        struct collector_file_known known = {0};
        if (sim_files_lookup(sim, &file, &known) == ESEP_OK && known.named &&
            (!known.here || known.lost))
            ret[count++] = file;
    }
    return count;
}

static enum esep_status carry_out(struct sim *sim, const struct collector_effect *effect, int file,
                                  uint64_t *ret_held)
{
    struct sim_files *f = sim->files;
    const uint32_t place = COLLECTOR_FILE_PLACE(effect->token);
    const struct sim_collector *c = &sim->collector;
    enum esep_status status = ESEP_IO;
    if (effect->kind == COLLECTOR_EFFECT_FILE_OPEN) {
        f->at[place] = -1;
        if (f->pool[file].whole)
            return ESEP_CONFLICT;
    }
    if ((sim->now < c->disk_bad_until || sim->now < c->disk_full_until) && draw(sim, 3) == 0) {
        f->at[place] = -1;
        return sim->now < c->disk_full_until ? ESEP_LIMIT : ESEP_IO;
    }
    struct part *p = part_of(sim, effect->file.office, file);
    if (effect->kind == COLLECTOR_EFFECT_FILE_OPEN) {
        f->at[place] = file;
        f->owner[place] = effect->file.office;
        cut(p, damaged(p));
        p->durable = p->held;
        status = ESEP_OK;
    } else if (f->at[place] != file || f->owner[place] != effect->file.office) {
        return ESEP_IO; /* closed after a failure */
    } else if (effect->kind == COLLECTOR_EFFECT_FILE_WRITE) {
        status = write_piece(sim, p, file, effect);
    } else {
        status = finish(sim, p, file);
    }
    *ret_held = p->held;
    return status;
}

static void on_answer(struct sim *sim, struct sim_event *event)
{
    collector_on_file(sim->collector.core, event->a, (enum esep_status)event->durable, event->b,
                      sim_wall(sim, &sim->collector.node));
    sim_collector_pump(sim);
}

void sim_files_effect(struct sim *sim, const struct collector_effect *effect)
{
    const int file = number_of(sim, &effect->file.sha256, effect->file.size_bytes);
    uint64_t held = 0;
    if (effect->kind == COLLECTOR_EFFECT_FILE_GONE)
        sim_fail(sim, "office %u is said to have lost file %d", effect->file.office, file);
    if (effect->kind == COLLECTOR_EFFECT_FILE_CLOSE) {
        sim->files->at[COLLECTOR_FILE_PLACE(effect->token)] = -1;
        return;
    }
    const enum esep_status status = carry_out(sim, effect, file, &held);
    struct sim_event *event = sim_after(sim, &sim->collector.node, 500, on_answer);
    event->a = effect->token;
    event->b = held;
    event->durable = (size_t)status;
}

/* Of a file that a taken report names. */
bool sim_files_converged(struct sim *sim, int office, char *why, size_t len)
{
    const struct sim_office *o = &sim->offices[office];
    for (int i = 0; i < SIM_FILES; i++) {
        const struct views_file file = {.office = o->number,
                                        .sha256 = sim->files->pool[i].sha256,
                                        .size_bytes = sim->files->pool[i].size};
        struct collector_file_known known = {0};
        if (sim_files_lookup(sim, &file, &known) != ESEP_OK || !known.named)
            continue;
        if (receipted(&o->journal, &o->journal.files[i]) && !o->journal.files[i].here) {
            (void)snprintf(why, len, "%s: file %d has no receipt", o->node.name, i);
            return false;
        }
        if (!known.here || known.lost) {
            (void)snprintf(why, len, "%s: file %d is named and not here", o->node.name, i);
            return false;
        }
    }
    return true;
}
