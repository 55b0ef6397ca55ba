/* tests/sim/sim_lmdb_journal.c - the offices' real journals under the simulated ones; see
 * sim_lmdb.h. A journal is known by the simulated one that it stands under. */
#include "agent/journal.h"
#include "sim_lmdb.h"
#include "tests/power/rows.h"

#include <stdlib.h>
#include <sys/stat.h>

#define JOURNALS (SIM_OFFICES * (1 + SIM_BACKUPS))

struct real {
    const struct sim_journal *under;
    char folder[256];
    struct lmdb_disk disk; /* while it is an office's, not a backup */
    struct journal journal;
    bool open;
};
static struct real journals[JOURNALS];
static size_t journal_count;

static struct real *find(const struct sim_journal *under)
{
    for (size_t i = 0; i < journal_count; i++)
        if (journals[i].under == under)
            return &journals[i];
    return NULL;
}

static void open_it(struct sim *sim, struct real *r)
{
    struct esep_reason reason = {""};
    if (r->open)
        return;
    if (r->disk.disk == NULL)
        lmdb_disk_begin(&r->disk, r->folder);
    const struct journal_options options = {
        .path = r->folder, .map_bytes = SIM_LMDB_MAP, .create = true};
    if (journal_open(&r->journal, &options, &reason) != ESEP_OK)
        sim_fail(sim, "a journal does not open: %s", reason.text);
    r->open = true;
}

static void close_it(struct real *r)
{
    if (r->open)
        journal_close(&r->journal);
    r->open = false;
}

static struct real *of_office(struct sim *sim, int office)
{
    struct real *r = find(&sim->offices[office].journal);
    if (r == NULL)
        sim_fail(sim, "office %d has no journal", office + 1);
    open_it(sim, r);
    return r;
}

static struct real *make(const struct sim_journal *under)
{
    struct real *r = find(under);
    if (r == NULL) {
        if (journal_count == JOURNALS)
            abort();
        r = &journals[journal_count++];
        *r = (struct real){.under = under};
    }
    return r;
}

void lmdb_journal_start(struct sim *sim, int office)
{
    const struct sim_office *o = &sim->offices[office];
    struct journal_identity identity = {.log_id = sim->log_id, .office = o->number};
    struct esep_reason reason = {""};
    struct real *r = make(&o->journal);
    (void)snprintf(r->folder, sizeof r->folder, "%s/office-%d", lmdb_scratch(sim), office + 1);
    (void)snprintf(identity.body, sizeof identity.body, "%s", o->body);
    memcpy(identity.sign_public, o->sign.public, ESEP_KEY_BYTES);
    open_it(sim, r);
    if (journal_enrol(&r->journal, &identity, &reason) != ESEP_OK)
        sim_fail(sim, "%s cannot be enrolled: %s", o->node.name, reason.text);
    lmdb_journal_check(sim, office);
}

/* The files as they are; nothing is under way then. */
void lmdb_journal_copy(struct sim_journal *to, const struct sim_journal *from)
{
    struct real *source = find(from);
    char old[300], new[300];
    if (source == NULL)
        return;
    struct real *r = make(to);
    close_it(r);
    if (r->disk.disk != NULL)
        lmdb_disk_done(&r->disk);
    if (r->folder[0] == 0)
        (void)snprintf(r->folder, sizeof r->folder, "%s/copy-%zu", lmdb_scratch(NULL),
                       (size_t)(r - journals));
    close_it(source);
    power_remove(r->folder);
    if (mkdir(r->folder, 0700) != 0)
        abort();
    (void)snprintf(old, sizeof old, "%s/data.mdb", source->folder);
    (void)snprintf(new, sizeof new, "%s/data.mdb", r->folder);
    lmdb_copy_file(old, new);
}

void lmdb_journals_done(void)
{
    for (size_t i = 0; i < journal_count; i++) {
        close_it(&journals[i]);
        if (journals[i].disk.disk != NULL)
            lmdb_disk_done(&journals[i].disk);
    }
    memset(journals, 0, sizeof journals);
    journal_count = 0;
}

/* Whatever failed: close, perhaps out of memory with it, open, look. */
static bool is_there(struct sim *sim, struct real *r, const struct esep_hash *before)
{
    close_it(r);
    lmdb_evict(sim, &r->disk);
    open_it(sim, r);
    struct esep_hash now = power_rows_hash(r->journal.store.env);
    return !esep_hash_equal(&now, before);
}

static void arm(struct sim *sim, const struct sim_office *o, const struct real *r)
{
    if (sim->now < o->disk_bad_until)
        lmdb_arm(sim, &r->disk, false);
    else if (sim->now < o->disk_full_until)
        lmdb_arm(sim, &r->disk, true);
}

static void judge(struct sim *sim, const struct sim_office *o, enum esep_status status,
                  const struct esep_reason *reason)
{
    bool fired = lmdb_disarm();
    if (status != ESEP_OK && !fired)
        sim_fail(sim, "the journal of %s fails by itself: %s", o->node.name, reason->text);
    if (fired)
        sim_count(sim, sim->now < o->disk_bad_until ? SIM_TALLY_SYNC_EIO : SIM_TALLY_WRITE_FULL);
}

bool lmdb_journal_append(struct sim *sim, int office, struct esep_slice bytes)
{
    const struct sim_office *o = &sim->offices[office];
    struct real *r = of_office(sim, office);
    struct esep_reason reason = {""};
    struct agent_head head;
    struct esep_hash before = {{0}};
    bool spoilt = sim->now < o->disk_bad_until || sim->now < o->disk_full_until;
    if (spoilt)
        before = power_rows_hash(r->journal.store.env);
    arm(sim, o, r);
    enum esep_status status =
        journal_append(&r->journal, &o->sign, &bytes, 1, sim_wall(sim, &o->node), &head, &reason);
    judge(sim, o, status, &reason);
    bool there = status == ESEP_OK || is_there(sim, r, &before);
    if (status != ESEP_OK)
        sim_trace(sim, &o->node, "cannot write: %s%s", esep_status_name(status),
                  there ? ", but it is there" : "");
    return there;
}

enum esep_status lmdb_journal_store(struct sim *sim, int office, uint32_t epoch,
                                    const struct agent_store *store, bool *ret_stored)
{
    const struct sim_office *o = &sim->offices[office];
    struct real *r = of_office(sim, office);
    struct esep_reason reason = {""};
    struct esep_hash before = {{0}};
    bool spoilt = sim->now < o->disk_bad_until || sim->now < o->disk_full_until;
    if (spoilt)
        before = power_rows_hash(r->journal.store.env);
    arm(sim, o, r);
    enum esep_status status = journal_store(&r->journal, epoch, store, &reason);
    judge(sim, o, status, &reason);
    *ret_stored = status == ESEP_OK || is_there(sim, r, &before);
    return status;
}

bool lmdb_journal_crash(struct sim *sim, int office, uint32_t epoch,
                        const struct agent_store *store)
{
    struct real *r = of_office(sim, office);
    struct esep_reason reason = {""};
    struct esep_hash before = power_rows_hash(r->journal.store.env);
    struct esep_hash after = before;
    if (store != NULL) {
        lmdb_hold(&r->disk);
        if (journal_store(&r->journal, epoch, store, &reason) != ESEP_OK)
            sim_fail(sim, "the last transaction fails: %s", reason.text);
        after = power_rows_hash(r->journal.store.env);
    }
    lmdb_unwatch(&r->disk);
    close_it(r);
    lmdb_cut(sim, &r->disk);
    open_it(sim, r);
    struct esep_hash now = power_rows_hash(r->journal.store.env);
    bool old = esep_hash_equal(&now, &before);
    if (!old && !esep_hash_equal(&now, &after))
        sim_fail(sim, "after the cut the journal of %s is neither the old one nor the new one",
                 sim->offices[office].node.name);
    return !old;
}

struct queued {
    struct sim *sim;
    int office;
    const struct sim_epoch *old;
    uint64_t from, count;
};

static bool take_queued(void *context, const struct agent_entry *entry)
{
    struct queued *q = context;
    uint64_t seq = q->from + q->count++;
    const struct sim_entry *same =
        q->old != NULL && seq <= q->old->last ? &q->old->entries[seq] : NULL;
    int key = same != NULL ? same->key : -1;
    if (same != NULL && !esep_slice_equal(same->entry.bytes, entry->bytes))
        sim_fail(q->sim, "entry %llu is queued again with other bytes", (unsigned long long)seq);
    sim_journal_append(q->sim, q->office, entry->bytes, key);
    return true;
}

/* What the real one has queued again: the same bytes. */
void lmdb_journal_recover(struct sim *sim, int office, uint32_t collector_epoch)
{
    const struct sim_office *o = &sim->offices[office];
    struct real *r = of_office(sim, office);
    struct esep_reason reason = {""};
    struct agent_journal before, after;
    uint64_t requeued = 0;
    if (journal_load(&r->journal, &before, &reason) != ESEP_OK ||
        journal_recover(&r->journal, &o->sign, sim_wall(sim, &o->node), collector_epoch, &requeued,
                        &reason) != ESEP_OK ||
        journal_load(&r->journal, &after, &reason) != ESEP_OK)
        sim_fail(sim, "the journal of %s does not recover: %s", o->node.name, reason.text);
    struct queued q = {.sim = sim,
                       .office = office,
                       .old = &o->journal.epochs[before.epoch],
                       .from = before.receipted_seq + 1};
    if (after.epoch != o->journal.epoch || after.last_seq != requeued)
        sim_fail(sim, "%s recovers into epoch %u with %llu entries, not %u", o->node.name,
                 after.epoch, (unsigned long long)after.last_seq, o->journal.epoch);
    if (requeued + q.from != q.old->last + 1)
        q.old = NULL;
    if (journal_entries(&r->journal, after.epoch, 1, take_queued, &q, &reason) != ESEP_OK)
        sim_fail(sim, "what %s has queued again cannot be read: %s", o->node.name, reason.text);
}

void lmdb_journal_prune(struct sim *sim, int office, esep_time before)
{
    struct agent_journal *marks = &sim->offices[office].journal.marks;
    struct real *r = of_office(sim, office);
    struct esep_reason reason = {""};
    if (sim->offices[office].villain)
        return;
    if (journal_prune(&r->journal, before, &marks->oldest_seq, &marks->base, &reason) != ESEP_OK)
        sim_fail(sim, "the journal of %s cannot be pruned: %s", sim->offices[office].node.name,
                 reason.text);
}

struct check {
    const struct sim_epoch *epoch;
    uint64_t seen;
    bool differs;
};

static bool see_entry(void *context, const struct agent_entry *entry)
{
    struct check *c = context;
    const struct agent_entry *must =
        c->seen < c->epoch->last ? &c->epoch->entries[c->seen + 1].entry : NULL;
    c->differs = must == NULL || entry->seq != must->seq ||
                 !esep_hash_equal(&entry->chain, &must->chain) ||
                 !esep_slice_equal(entry->bytes, must->bytes);
    c->seen++;
    return !c->differs;
}

void lmdb_journal_check(struct sim *sim, int office)
{
    const struct sim_office *o = &sim->offices[office];
    const struct sim_journal *j = &o->journal;
    struct real *r = of_office(sim, office);
    struct esep_reason reason = {""};
    struct agent_journal held;
    struct check c = {.epoch = &j->epochs[j->epoch]};
    if (journal_load(&r->journal, &held, &reason) != ESEP_OK)
        sim_fail(sim, "the journal of %s cannot be loaded: %s", o->node.name, reason.text);
    c.seen = held.oldest_seq - 1;
    if (held.epoch != j->epoch || held.last_seq != j->marks.last_seq ||
        held.oldest_seq != j->marks.oldest_seq || !esep_hash_equal(&held.base, &j->marks.base) ||
        !esep_hash_equal(&held.head, &j->marks.head) ||
        held.receipted_seq != j->marks.receipted_seq ||
        held.promised_seq != j->marks.promised_seq || held.noted_seq != j->marks.noted_seq ||
        held.mail_through != j->marks.mail_through ||
        held.checkpoint_size != j->marks.checkpoint_size ||
        held.cosigned_size != j->marks.cosigned_size ||
        held.proven_generation != j->marks.proven_generation ||
        held.proven_size != j->marks.proven_size)
        sim_fail(sim,
                 "the journal of %s is not what was stored: epoch %u, %llu entries, %llu "
                 "receipted, mail %llu, checkpoint %llu; it must be %u, %llu, %llu, %llu, %llu",
                 o->node.name, held.epoch, (unsigned long long)held.last_seq,
                 (unsigned long long)held.receipted_seq, (unsigned long long)held.mail_through,
                 (unsigned long long)held.checkpoint_size, j->epoch,
                 (unsigned long long)j->marks.last_seq, (unsigned long long)j->marks.receipted_seq,
                 (unsigned long long)j->marks.mail_through,
                 (unsigned long long)j->marks.checkpoint_size);
    if (journal_entries(&r->journal, held.epoch, held.oldest_seq, see_entry, &c, &reason) !=
            ESEP_OK ||
        c.differs || c.seen != j->marks.last_seq)
        sim_fail(sim, "the journal of %s: entry %llu is another", o->node.name,
                 (unsigned long long)c.seen);
    for (size_t i = j->receipt_count; i > 0 && i + 8 > j->receipt_count; i--) {
        const struct esep_receipt *receipt = &j->receipts[i - 1];
        struct esep_receipt found;
        if (journal_receipt(&r->journal, receipt->epoch, receipt->through_seq, receipt->kind,
                            &found, &reason) != ESEP_OK)
            sim_fail(sim, "%s has lost a receipt: %s", o->node.name, reason.text);
    }
}
