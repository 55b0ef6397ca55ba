/* tests/sim/sim_rot.c - a bit flips on a disk, and nobody is told; see sim.h.
 *
 * In the collector's log: in a copy of it first, where what ships must find the bit (`log verify`
 * by hashes and by the tree's root; the read path wherever a hash covers it), then in the log that
 * the daemon has open, for hours: it may refuse that entry, loudly, and must not give it out. Then
 * an operator puts the good copy back. In an office's journal: the core hashes what it reads, stops
 * and says so, and a person puts the journal back; `recover` refuses what is damaged.
 *
 * The rows of the views have no checksum of their own. A bit there that still reads as a row is
 * found by `log verify`, which makes them anew, and by nothing before it.
 */
#include "collector/verify.h"
#include "sim_real.h"

static struct esep_slice flipped(struct sim *sim, struct esep_slice bytes)
{
    struct esep_slice copy = sim_keep(sim, bytes);
    size_t at = sim_pick(sim, copy.len);
    ((uint8_t *)(uintptr_t)copy.data)[at] ^= (uint8_t)(1u << sim_pick(sim, 8));
    return copy;
}

static struct esep_hash verified(struct sim *sim, struct sim_disk *disk, enum esep_status *ret)
{
    struct collector_verdict verdict;
    struct esep_reason reason = {""};
    *ret = collector_verify(&disk->log, sim_limits.offices_max, NULL, NULL, &verdict, &reason);
    if (*ret != ESEP_OK && *ret != ESEP_CORRUPT)
        sim_fail(sim, "the log cannot be verified: %s", reason.text);
    return verdict.root;
}

/* Every bit of a leaf or a body is found by hash or by root; and what no hash of its own covers,
 * the first half of a leaf, is covered by the root. */
static void try_on_a_copy(struct sim *sim, uint64_t index)
{
    struct sim_disk copy = {0};
    struct sim_disk *disk = &sim->collector.disk;
    struct esep_buf entry;
    struct esep_reason reason = {""};
    enum esep_status status;
    sim_disk_copy(&copy, disk);
    struct sim_record *r = &copy.records[index];
    size_t bit = (size_t)sim_pick(sim, 8 * (sizeof r->leaf + r->body.len));
    size_t byte = bit / 8;
    if (byte < sizeof r->leaf) {
        r->leaf[byte] ^= (uint8_t)(1u << bit % 8);
    } else {
        r->body = sim_keep(sim, r->body);
        ((uint8_t *)(uintptr_t)r->body.data)[byte - sizeof r->leaf] ^= (uint8_t)(1u << bit % 8);
    }
    struct esep_hash honest = verified(sim, disk, &status);
    if (status != ESEP_OK)
        sim_fail(sim, "the log does not verify");
    struct esep_hash root = verified(sim, &copy, &status);
    if (status == ESEP_OK && esep_hash_equal(&root, &honest))
        sim_fail(sim, "a flipped bit is not found: entry %llu, byte %zu", (unsigned long long)index,
                 byte);
    esep_buf_init(&entry, 1u << 20);
    status = collector_state_entry(&copy.log, index, &entry, &reason);
    /* What is handed out is the content; the rest of the leaf is covered by the tree alone. */
    if (status == ESEP_OK && (byte >= sizeof r->leaf || (byte >= 32 && byte < 64)))
        sim_fail(sim, "entry %llu is given out with a flipped bit in byte %zu",
                 (unsigned long long)index, byte);
    esep_buf_done(&entry);
    sim_disk_done(&copy);
}

static void on_store_mended(struct sim *sim, struct sim_event *event)
{
    (void)event;
    sim_rot_end(sim);
}

static void rot_store(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    uint64_t back = sim_pick(sim, sim_pick(sim, 3) == 0 ? c->disk.count : 12);
    uint64_t index = c->disk.count - 1 - (back < c->disk.count ? back : 0);
    esep_time lasts = sim_between(sim, 5 * ESEP_MINUTE, 3 * ESEP_HOUR);
    struct sim_record *r = &c->disk.records[index];
    struct esep_leaf leaf;
    if (c->rotten.data != NULL || r->body.len == 0)
        return;
    try_on_a_copy(sim, index);
    if (esep_leaf_unpack(esep_slice(r->leaf, sizeof r->leaf), &leaf) != ESEP_OK ||
        leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN || index == 0)
        return; /* a store with a damaged plan or beginning does not open: the operator is there */
    c->good = r->body;
    c->rotten_index = index;
    r->body = c->rotten = flipped(sim, r->body);
    sim_trace(sim, &c->node, "a bit of entry %llu flips", (unsigned long long)index);
    sim_after(sim, NULL, lasts, on_store_mended);
}

static void rot_journal(struct sim *sim)
{
    struct sim_office *o = &sim->offices[sim_pick(sim, (uint64_t)sim->office_count)];
    struct sim_epoch *e = &o->journal.epochs[o->journal.epoch];
    uint64_t back = sim_pick(sim, 2) == 0 ? sim_pick(sim, e->last + 1) : sim_pick(sim, 4);
    if (o->villain || o->rotten.data != NULL || back >= e->last)
        return;
    struct agent_entry *entry = &e->entries[e->last - back].entry;
    if (entry->bytes.len == 0)
        return;
    o->good = entry->bytes;
    entry->bytes = o->rotten = flipped(sim, entry->bytes);
    sim_trace(sim, &o->node, "a bit of entry %u/%llu flips", o->journal.epoch,
              (unsigned long long)entry->seq);
}

void sim_rot_somewhere(struct sim *sim)
{
    if (sim_real != NULL)
        return; /* real files rot in a copy (sim_lmdb_compare.c) */
    if (sim_pick(sim, 3) > 0)
        rot_journal(sim);
    else
        rot_store(sim);
}

bool sim_rot_mend(struct sim *sim, struct sim_office *o)
{
    bool was = o->rotten.data != NULL;
    for (uint32_t i = 0; was && i < SIM_EPOCHS; i++) {
        struct sim_epoch *e = &o->journal.epochs[i];
        for (uint64_t seq = 1; seq <= e->last; seq++)
            if (e->entries[seq].entry.bytes.data == o->rotten.data)
                e->entries[seq].entry.bytes = o->good;
    }
    if (was)
        sim_trace(sim, &o->node, "has its journal whole again");
    o->rotten = esep_slice(NULL, 0);
    return was;
}

void sim_rot_end(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    if (c->rotten.data == NULL)
        return;
    if (c->rotten_index < c->disk.count &&
        c->disk.records[c->rotten_index].body.data == c->rotten.data)
        c->disk.records[c->rotten_index].body = c->good;
    c->rotten = esep_slice(NULL, 0);
    sim_trace(sim, &c->node, "has its log whole again");
}
