/* tests/sim/sim_truth.c - what must hold, looked at when it happens; see sim.h.
 *
 * Every entry that reaches the disk is held against what its office wrote, and its chain is hashed
 * again from the beginning of the epoch, by the page of wire/statement.h and nothing else. Every
 * receipt that an office stores is held against the disk as it stands at that instant.
 */
#include "sim.h"

#include <stdlib.h>

#define LOG(name) ESEP__V1__LOG_TYPE__LOG_TYPE_##name

void sim_truth_start(struct sim *sim)
{
    if (esep_arena_init(&sim->truth.arena, 1 << 20) != ESEP_OK)
        abort();
    esep_buf_init(&sim->truth.plain, 1 << 20);
    sim_model_start(sim);
}

static void forget_disk(struct sim *sim)
{
    struct sim_truth *t = &sim->truth;
    sim_model_done(sim);
    sim_enrol_forget(sim);
    for (size_t i = 0; i < SIM_OFFICES; i++) {
        for (size_t e = 0; e < SIM_EPOCHS; e++) {
            free(t->chains[i][e].hashes);
            free(t->chains[i][e].indexes);
        }
        t->epoch[i] = 0;
        t->revoked[i] = false;
    }
    memset(t->chains, 0, sizeof t->chains);
    memset(t->alerts, 0, sizeof t->alerts);
    t->alert_count = 0;
}

void sim_truth_done(struct sim *sim)
{
    forget_disk(sim);
    for (size_t i = 0; i < SIM_OFFICES; i++)
        free(sim->truth.written[i]);
    esep_arena_done(&sim->truth.arena);
    esep_buf_done(&sim->truth.plain);
}

void sim_truth_written(struct sim *sim, int office, uint32_t epoch, const struct sim_entry *e)
{
    const struct agent_entry *entry = &e->entry;
    struct sim_truth *t = &sim->truth;
    if (t->written_count[office] == t->written_cap[office]) {
        t->written_cap[office] = t->written_cap[office] * 2 + 64;
        t->written[office] =
            realloc(t->written[office], t->written_cap[office] * sizeof(struct sim_written));
        if (t->written[office] == NULL)
            abort();
    }
    t->written[office][t->written_count[office]++] = (struct sim_written){.epoch = epoch,
                                                                          .seq = entry->seq,
                                                                          .chain = entry->chain,
                                                                          .bytes = entry->bytes,
                                                                          .name = e->name,
                                                                          .key = e->key};
}

static struct sim_written *find_written(const struct sim_truth *t, int office, uint32_t epoch,
                                        uint64_t seq, const struct esep_hash *chain)
{
    for (size_t i = t->written_count[office]; i > 0; i--) {
        struct sim_written *w = &t->written[office][i - 1];
        if (w->epoch == epoch && w->seq == seq && esep_hash_equal(&w->chain, chain))
            return w;
    }
    return NULL;
}

static int office_of(struct sim *sim, const struct esep_leaf *leaf)
{
    if (leaf->office == 0 || leaf->office > (uint32_t)sim->office_count)
        sim_fail(sim, "the log holds an entry of office %u, which does not exist", leaf->office);
    if (leaf->epoch == 0 || (leaf->epoch >= SIM_EPOCHS && !sim->offices[leaf->office - 1].villain))
        sim_fail(sim, "the log holds an entry of epoch %u", leaf->epoch);
    return (int)leaf->office - 1;
}

static struct esep_hash chain_at(const struct sim *sim, int office, uint32_t epoch, uint64_t seq)
{
    return seq > 0 ? sim->truth.chains[office][epoch].hashes[seq]
                   : esep_chain_start(&sim->log_id, sim->offices[office].number, epoch,
                                      sim_key_of(&sim->offices[office], epoch));
}

static bool counts(Esep__V1__Verdict verdict)
{
    return verdict == ESEP__V1__VERDICT__VERDICT_TAKEN ||
           verdict == ESEP__V1__VERDICT__VERDICT_CONFLICT;
}

/* Orders and plans are the log's own, and may be lost with it. */
static bool closed(Esep__V1__Verdict verdict)
{
    return verdict == ESEP__V1__VERDICT__VERDICT_CLOSED ||
           verdict == ESEP__V1__VERDICT__VERDICT_UNKNOWN_OBLIGATION;
}

/* Whether another body may answer now than did then: the plans in the log are others, or what the
 * office may report for; or it is a later day; or, for what was taken, the clock says an earlier
 * one. */
static bool passed_on(const struct sim *sim, const struct sim_written *w,
                      const struct esep_leaf *leaf)
{
    return w->rules != sim_model_rules(sim, leaf->office) ||
           (sim->hands_over && counts(leaf->verdict) == (leaf->accepted_at > w->judged_at));
}

/* What comes back after a restore counts as it did, whatever it names and whatever is here. */
static void check_verdict(struct sim *sim, uint64_t index, struct sim_written *w,
                          const struct esep_leaf *leaf)
{
    const Esep__V1__Verdict verdict = leaf->verdict;
    if (w->verdict == 0) {
        w->verdict = verdict;
        w->rules = sim_model_rules(sim, leaf->office);
        w->judged_at = leaf->accepted_at;
    }
    if (counts(w->verdict) != counts(verdict) && !closed(w->verdict) && !closed(verdict) &&
        !passed_on(sim, w, leaf))
        sim_fail(sim, "entry %llu had the verdict %d once and has %d now",
                 (unsigned long long)index, (int)w->verdict, (int)verdict);
}

static void check_entry(struct sim *sim, uint64_t index, const struct esep_leaf *leaf,
                        struct esep_slice body)
{
    struct sim_truth *t = &sim->truth;
    int office = office_of(sim, leaf);
    struct sim_chain *chain = &t->chains[office][leaf->epoch];
    if (t->revoked[office])
        sim_fail(sim, "entry %llu: office %u wrote after its key was revoked in entry %llu",
                 (unsigned long long)index, leaf->office,
                 (unsigned long long)t->revoked_at[office]);
    if (leaf->epoch < t->epoch[office])
        sim_fail(sim, "entry %llu: office %u goes back to epoch %u", (unsigned long long)index,
                 leaf->office, leaf->epoch);
    if (leaf->seq != chain->count + 1)
        sim_fail(sim, "entry %llu: office %u, epoch %u: sequence %llu after %llu",
                 (unsigned long long)index, leaf->office, leaf->epoch,
                 (unsigned long long)leaf->seq, (unsigned long long)chain->count);
    struct esep_hash before = chain_at(sim, office, leaf->epoch, chain->count);
    struct esep_hash hash = esep_chain_step(&before, leaf->seq, body);
    struct sim_written *w = find_written(t, office, leaf->epoch, leaf->seq, &hash);
    if (!esep_hash_equal(&hash, &leaf->head))
        sim_fail(sim, "entry %llu: its chain hash is wrong", (unsigned long long)index);
    if (w == NULL || !esep_slice_equal(w->bytes, body))
        sim_fail(sim, "entry %llu: office %u never wrote it", (unsigned long long)index,
                 leaf->office);
    check_verdict(sim, index, w, leaf);
    if (chain->count + 2 > chain->cap) {
        chain->cap = chain->cap * 2 + 64;
        chain->hashes = realloc(chain->hashes, chain->cap * sizeof *chain->hashes);
        chain->indexes = realloc(chain->indexes, chain->cap * sizeof *chain->indexes);
        if (chain->hashes == NULL || chain->indexes == NULL)
            abort();
    }
    chain->hashes[++chain->count] = hash;
    chain->indexes[chain->count] = index;
    t->epoch[office] = leaf->epoch;
    t->entries++;
}

static const ProtobufCMessage *read_body(struct sim *sim, uint64_t index, struct esep_slice body,
                                         const ProtobufCMessageDescriptor *type)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&sim->truth.arena);
    if (esep_unpack(type, body, &sim->truth.arena, &message) != ESEP_OK)
        sim_fail(sim, "entry %llu: its body cannot be read", (unsigned long long)index);
    return message;
}

static void check_commitment(struct sim *sim, uint64_t index, const struct esep_leaf *leaf,
                             struct esep_slice body)
{
    struct sim_truth *t = &sim->truth;
    struct esep_commitment c;
    int office = office_of(sim, leaf);
    if (t->revoked[office])
        sim_fail(sim, "entry %llu: office %u promised after its key was revoked",
                 (unsigned long long)index, leaf->office);
    if (esep_commitment_unpack(&sim->log_id, body, &c) != ESEP_OK ||
        !esep_commitment_verify(&sim->log_id, &c, sim_key_of(&sim->offices[office], c.epoch)))
        sim_fail(sim, "entry %llu: a commitment that office %u did not sign",
                 (unsigned long long)index, leaf->office);
    if (c.office != leaf->office || c.epoch != leaf->epoch || c.seq != leaf->seq)
        sim_fail(sim, "entry %llu: leaf and commitment differ", (unsigned long long)index);
    bool villain = sim->offices[office].villain; /* it may promise what it likes */
    if (!villain && find_written(t, office, c.epoch, c.seq, &c.head) == NULL)
        sim_fail(sim, "entry %llu: a promise of what office %u never wrote",
                 (unsigned long long)index, leaf->office);
    if ((leaf->flags & ESEP_LEAF_CLOSES) != 0 &&
        (t->chains[office][c.epoch].count != c.seq ||
         !esep_hash_equal(&t->chains[office][c.epoch].hashes[c.seq], &c.head)))
        sim_fail(sim, "entry %llu closes what does not end there", (unsigned long long)index);
    t->promises++;
}

static void alert_once(struct sim *sim, uint64_t index, const char *what, size_t len)
{
    struct sim_truth *t = &sim->truth;
    struct esep_hash hash = esep_sha256(esep_slice(what, len));
    uint64_t tag = esep_be64(hash.bytes) | 1;
    size_t at = tag % SIM_ALERT_SLOTS;
    for (; t->alerts[at] != 0; at = (at + 1) % SIM_ALERT_SLOTS)
        if (t->alerts[at] == tag)
            sim_fail(sim, "entry %llu: this was in the log before: %s", (unsigned long long)index,
                     what);
    if (++t->alert_count == SIM_ALERT_SLOTS / 2)
        sim_fail(sim, "more alerts than this model holds");
    t->alerts[at] = tag;
}

static void check_alert(struct sim *sim, uint64_t index, struct esep_slice body)
{
    const Esep__V1__Alert *alert =
        (const Esep__V1__Alert *)read_body(sim, index, body, &esep__v1__alert__descriptor);
    for (size_t i = 0; i < alert->n_items; i++) {
        const Esep__V1__AlertItem *item = alert->items[i];
        char what[400];
        int len =
            snprintf(what, sizeof what, "%s kind %d days %u weeks %u due %lld/%u office %u %lld",
                     item->obligation, (int)item->kind, item->days_left, item->weeks,
                     (long long)item->due_us, sim_model_turn(sim, item->obligation, item->due_us),
                     item->office, (long long)item->seen_at_us);
        alert_once(sim, index, what, (size_t)len);
    }
}

static void check_delivery(struct sim *sim, uint64_t index, struct esep_slice body)
{
    const Esep__V1__Delivery *done =
        (const Esep__V1__Delivery *)read_body(sim, index, body, &esep__v1__delivery__descriptor);
    char what[100];
    int len = snprintf(what, sizeof what, "delivery of alert %llu to target %u",
                       (unsigned long long)done->alert_index, done->target);
    alert_once(sim, index, what, (size_t)len);
}

static void check_key(struct sim *sim, uint64_t index, struct esep_slice body)
{
    const Esep__V1__KeyChange *change =
        (const Esep__V1__KeyChange *)read_body(sim, index, body, &esep__v1__key_change__descriptor);
    sim_enrol_logged(sim, index, change);
    if (change->state != ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED || change->office == 0 ||
        change->office > (uint32_t)sim->office_count)
        return;
    sim->truth.revoked[change->office - 1] = true;
    sim->truth.revoked_at[change->office - 1] = index;
}

void sim_truth_record(struct sim *sim, uint64_t index)
{
    const struct sim_record *record = &sim->collector.disk.records[index];
    struct esep_leaf leaf;
    if (esep_leaf_unpack(esep_slice(record->leaf, sizeof record->leaf), &leaf) != ESEP_OK)
        sim_fail(sim, "entry %llu has no leaf", (unsigned long long)index);
    switch (leaf.type) {
    case LOG(ENTRY):
        check_entry(sim, index, &leaf, record->body);
        break;
    case LOG(COMMITMENT):
        check_commitment(sim, index, &leaf, record->body);
        break;
    case LOG(ALERT):
        check_alert(sim, index, record->body);
        break;
    case LOG(DELIVERY):
        check_delivery(sim, index, record->body);
        break;
    case LOG(KEY):
        check_key(sim, index, record->body);
        break;
    case LOG(ALARM):
        sim->truth.alarms++;
        break;
    default:
        break;
    }
    sim_model_entry(sim, index, &leaf, record->body);
}

void sim_truth_rebuild(struct sim *sim)
{
    forget_disk(sim);
    sim_model_start(sim);
    for (size_t i = 0; i < sim->collector.disk.count; i++)
        sim_truth_record(sim, i);
}

/* A receipt for entries, held against the disk. */
static void check_durable(struct sim *sim, int office, const struct esep_receipt *r)
{
    const struct sim_chain *chain = &sim->truth.chains[sim_identity(sim, office)][r->epoch];
    const char *name = sim->offices[office].node.name;
    if (r->through_seq > chain->count)
        sim_fail(sim, "%s holds a receipt for entry %u/%llu; the disk has %llu of them", name,
                 r->epoch, (unsigned long long)r->through_seq, (unsigned long long)chain->count);
    if (!esep_hash_equal(&chain->hashes[r->through_seq], &r->head))
        sim_fail(sim, "%s holds a receipt for other bytes than those on the disk (%u/%llu)", name,
                 r->epoch, (unsigned long long)r->through_seq);
    if (chain->indexes[r->first_seq] < r->first_index ||
        chain->indexes[r->through_seq] > r->last_index)
        sim_fail(sim, "%s: a receipt names other places in the log than the entries have", name);
}

void sim_truth_receipt(struct sim *sim, int office, const struct esep_receipt *r)
{
    const struct sim_office *o = &sim->offices[office];
    if (r->office != o->number)
        sim_fail(sim, "%s stored another office's receipt", o->node.name);
    if (r->checkpoint_size > o->heard_durable)
        sim_fail(sim, "%s holds a receipt over %llu entries; %zu were durable when it was sent",
                 o->node.name, (unsigned long long)r->checkpoint_size, o->heard_durable);
    if (r->last_index >= r->checkpoint_size)
        sim_fail(sim, "%s: a receipt's entries are not under its checkpoint", o->node.name);
    if (r->kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES)
        return;
    sim->truth.receipts++;
    if (sim->collector.restores == 0)
        check_durable(sim, office, r);
}

/* What an office can prove is in the log, where it says: until the log is put back. */
void sim_truth_proof(struct sim *sim, int office, const struct agent_proof *proof)
{
    const struct sim_disk *disk = &sim->collector.disk;
    const char *name = sim->offices[office].node.name;
    if (proof->generation != disk->log.generation)
        return;
    if (proof->index >= disk->count ||
        memcmp(disk->records[proof->index].leaf, proof->leaf, sizeof proof->leaf) != 0)
        sim_fail(sim, "%s proves another entry %llu than the log has", name,
                 (unsigned long long)proof->index);
    sim->truth.proofs++;
}

/* What each office has seen of the log is how the log begins. */
void sim_truth_trees(struct sim *sim)
{
    const struct sim_disk *disk = &sim->collector.disk;
    struct esep_merkle tree;
    esep_merkle_init(&tree);
    for (uint64_t size = 1; size <= disk->count; size++) {
        esep_merkle_append(&tree, esep_slice(disk->records[size - 1].leaf, ESEP_LEAF_BYTES));
        for (int i = 0; i < SIM_OFFICES; i++) {
            const struct agent_tree *seen = &sim->offices[i].journal.marks.tree;
            if (seen->generation == disk->log.generation && seen->frontier.size == size) {
                const struct esep_hash root = esep_merkle_root(&tree);
                const struct esep_hash theirs = esep_merkle_root(&seen->frontier);
                if (!esep_hash_equal(&root, &theirs))
                    sim_fail(sim, "%s has seen another log of %llu entries",
                             sim->offices[i].node.name, (unsigned long long)size);
            }
        }
    }
}

static enum esep_status put_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct sim *sim = *(struct sim **)context;
    sim_table_put(sim, ((struct sim_table **)context)[1], key, value);
    return ESEP_OK;
}

void sim_truth_replay(struct sim *sim)
{
    sim_rot_end(sim); /* what is damaged does not replay; the good copy does */
    const struct sim_disk *disk = &sim->collector.disk;
    struct sim_table table = {0};
    void *context[2] = {sim, &table};
    struct views *views = NULL;
    struct esep_reason reason = {""};
    char which = '?';
    if (views_new(&views, &sim_limits, sim_zone, NULL) != ESEP_OK)
        abort();
    uint64_t step = 1 + sim->seed % 97;
    for (size_t i = 0; i < disk->count; i++) {
        if (views_apply(views, i, esep_slice(disk->records[i].leaf, ESEP_LEAF_BYTES),
                        disk->records[i].body, NULL, &reason) != ESEP_OK)
            sim_fail(sim, "entry %zu does not replay: %s", i, reason.text);
        if ((i % step == 0 || i + 1 == disk->count) &&
            views_flush(views, put_row, context) != ESEP_OK)
            sim_fail(sim, "rows cannot be flushed");
    }
    if (!sim_table_equal(&disk->table, &table, &which))
        sim_fail(sim, "the log of %zu entries, replayed, gives other rows in table %c", disk->count,
                 which);
    sim_model_compare(sim, views);
    views_free(views);
    sim_table_done(&table);
}

void sim_truth_bounds(struct sim *sim)
{
    const struct sim_collector *c = &sim->collector;
    sim_model_look(sim);
    sim_bounds_look(sim);
    for (int i = 0; i < sim->office_count; i++) {
        const struct sim_office *o = &sim->offices[i];
        struct agent_status s;
        if (o->core == NULL)
            continue;
        agent_status_get(o->core, &s);
        if (s.receipted_seq > s.sent_seq && s.state == AGENT_ONLINE && c->restores == 0)
            sim_fail(sim, "%s: receipted %llu, sent %llu", o->node.name,
                     (unsigned long long)s.receipted_seq, (unsigned long long)s.sent_seq);
        if (s.last_seq > o->journal.marks.last_seq && s.epoch == o->journal.epoch)
            sim_fail(sim, "%s: the core knows entries that the journal has not", o->node.name);
    }
}

static bool office_converged(struct sim *sim, int i, char *why, size_t len)
{
    const struct sim_office *o = &sim->offices[i];
    const struct sim_truth *t = &sim->truth;
    struct agent_status s;
    if (o->villain)
        return true;
    if (o->core == NULL || sim->collector.core == NULL) {
        (void)snprintf(why, len, "%s or the collector is down", o->node.name);
        return false;
    }
    agent_status_get(o->core, &s);
    /* Refused by the collector, or not even let in by a broker that knows. */
    if (t->revoked[i] && s.state != AGENT_ONLINE)
        return true;
    const struct views_office *known = views_office(sim->collector.views, o->number);
    /* A PULL that was lost is made good by the next one; on a quiet day there is none. */
    bool lossy = sim->profile->loss + sim->profile->lies > 0;
    /* By its own rules it may rest meanwhile. */
    const bool rests =
        s.state == AGENT_OFFLINE && (s.why == AGENT_WHY_WINDOW || s.why == AGENT_WHY_BUDGET);
    bool done = (s.state == AGENT_ONLINE || rests) && sim_keys_converged(sim, i) &&
                s.receipted_seq == o->journal.marks.last_seq &&
                o->journal.marks.receipted_seq == s.receipted_seq &&
                (s.last_seq == 0 || t->chains[i][o->journal.epoch].count == s.last_seq) &&
                o->journal.marks.mail_through == known->mail_last &&
                (known->mail_acked == known->mail_last || lossy);
    if (!done)
        (void)snprintf(why, len,
                       "%s: %s/%s: %s; epoch %u: written %llu, receipted %llu, on the collector's "
                       "disk %llu; mail %llu of %llu, acknowledged %llu",
                       o->node.name, agent_state_name(s.state), agent_why_name(s.why), s.text,
                       o->journal.epoch, (unsigned long long)o->journal.marks.last_seq,
                       (unsigned long long)s.receipted_seq,
                       (unsigned long long)t->chains[i][o->journal.epoch].count,
                       (unsigned long long)o->journal.marks.mail_through,
                       (unsigned long long)known->mail_last, (unsigned long long)known->mail_acked);
    return done;
}

bool sim_truth_converged(struct sim *sim, char *why, size_t len)
{
    for (int i = 0; i < sim->office_count; i++)
        if (!office_converged(sim, i, why, len) ||
            (!sim->truth.revoked[i] && !sim->offices[i].villain &&
             !sim_files_converged(sim, i, why, len)))
            return false;
    return true;
}

/* Office and collector came back from backups of different days (docs/adr/0006): the log holds
 * another chain of this very epoch, so that its numbers are taken; or a later epoch that another
 * life of this office wrote, behind which no older one can go on. */
static bool another_life(const struct sim *sim, int office, const struct esep_receipt *r)
{
    const struct sim_journal *j = &sim->offices[office].journal;
    for (uint32_t e = r->epoch; e < SIM_EPOCHS; e++) {
        const struct sim_chain *chain = &sim->truth.chains[office][e];
        const struct sim_epoch *own = &j->epochs[e];
        uint64_t both =
            e == r->epoch && chain->count > r->through_seq ? r->through_seq : chain->count;
        if (both > own->last ||
            (both > 0 && !esep_hash_equal(&chain->hashes[both], &own->entries[both].entry.chain)))
            return true;
    }
    return false;
}

/* After convergence also the receipts that a restored collector's disk did not have for a while,
 * of every epoch: the office still holds them. */
void sim_truth_end(struct sim *sim)
{
    for (int i = 0; i < sim->office_count; i++) {
        const struct sim_journal *j = &sim->offices[i].journal;
        for (size_t k = 0; k < j->receipt_count; k++) {
            const struct esep_receipt *r = &j->receipts[k];
            bool entries = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
            bool same_disk = sim->collector.restores == 0;
            const struct sim_chain *chain = &sim->truth.chains[i][r->epoch];
            if (!entries || (!same_disk && sim->truth.revoked[i]))
                continue;
            if (same_disk) {
                check_durable(sim, i, r);
            } else if ((r->through_seq > chain->count ||
                        !esep_hash_equal(&chain->hashes[r->through_seq], &r->head)) &&
                       (r->epoch == j->epoch || !another_life(sim, i, r))) {
                sim_fail(sim, "%s: entry %u/%llu has a receipt and is not on the restored disk",
                         sim->offices[i].node.name, r->epoch, (unsigned long long)r->through_seq);
            }
        }
    }
    if (sim->truth.receipts > 0 && sim->truth.receipts_sent == 0)
        sim_fail(sim, "no receipt was looked at on its way");
    sim_truth_trees(sim);
    sim_truth_replay(sim);
    sim_model_end(sim);
}
