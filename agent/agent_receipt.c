/* agent/agent_receipt.c - what a receipt must be before it counts, and how it becomes durable.
 *
 * It must be for this office and epoch, its leaf, which we make ourselves, must stand under a
 * checkpoint that the log key signed (tree.h), and it must name the very chain hash that we signed
 * at its sequence: one of the marks of this session, the head HELLO promised, or what WELCOME held
 * and we verified. A leaf of ours with another hash is a fork, proved.
 *
 * An earlier promise that came along is a receipt of its own, whatever becomes of the one it came
 * with: the hour that it proves would else be lost with the frame that first brought it. So is one
 * that was made in a session before this, whose HELLO was late: our signature under it says that it
 * is ours, and the collector, which has shown it, brings it along no more.
 *
 * What is verified gathers on one side while the other side is being stored: one transaction takes
 * all that came during the one before. Only the answer to STORE moves the journal's marks.
 */
#include "agent/agent_core.h"

#include <stdio.h>

#define NO_REFUSAL ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED

static const struct agent_mark *mark_at(const struct agent_uplink *u, uint32_t i)
{
    return &u->marks[(u->mark_first + i) % AGENT_MARKS];
}

/* Marks ascend: a search by halves. */
static const struct agent_mark *find_mark(const struct agent_uplink *u, uint64_t seq)
{
    uint32_t low = 0;
    uint32_t high = u->mark_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mark_at(u, middle)->seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < u->mark_count && mark_at(u, low)->seq == seq)
        return mark_at(u, low);
    if (u->hello.seq == seq)
        return &u->hello;
    if (u->promise.seq == seq)
        return &u->promise;
    return u->verified && u->held.seq == seq ? &u->held : NULL;
}

static void forget_marks(struct agent *a, uint64_t through)
{
    struct agent_uplink *u = &a->uplink;
    const struct agent_flight *newest = NULL;
    while (u->mark_count > 0 && mark_at(u, 0)->seq <= through) {
        newest = &u->flights[u->mark_first];
        u->mark_first = (u->mark_first + 1) % AGENT_MARKS;
        u->mark_count--;
    }
    if (newest != NULL)
        agent_speed_answered(&a->speed, newest, a->now);
}

/* What it moves, or NULL where it tells nothing new. */
static uint64_t *moves(struct agent *a, const struct esep_receipt *r)
{
    bool entries = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    uint64_t *mark = entries ? &a->ahead.receipted_seq : &a->ahead.promised_seq;
    /* After a collector came back from a backup, sequences are receipted a second time, with other
     * log indexes: a mark of this session makes that news as well. */
    bool resent =
        entries && a->uplink.mark_count > 0 && r->through_seq >= mark_at(&a->uplink, 0)->seq;
    return r->through_seq > *mark || resent ? mark : NULL;
}

/* To be stored with what proves it. A promise says through where; from where on it was news we
 * know. */
static void gather(struct agent *a, const struct esep_receipt *r, const struct agent_proof *proof)
{
    struct agent_gather *g = agent_filling(a);
    ESEP_ASSERT(g->receipt_count < AGENT_RECEIPTS_MAX);
    struct esep_receipt *kept = &g->receipts[g->receipt_count];
    agent_proven(a, proof);
    g->proofs[g->receipt_count++] = *proof;
    *kept = *r;
    if (r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT &&
        a->ahead.receipted_seq < r->through_seq)
        kept->first_seq = a->ahead.receipted_seq + 1;
}

/* False: a promise of another life of this journal, which proves nothing of this one. */
static bool take_promise(struct agent *a, const struct esep_receipt *r,
                         const struct agent_proof *proof)
{
    const struct agent_mark *mark = find_mark(&a->uplink, r->through_seq);
    if (r->through_seq > a->journal.last_seq ||
        (mark != NULL && !esep_hash_equal(&mark->hash, &r->head))) {
        agent_count(a, AGENT_RECEIPTS_REFUSED, 1);
        return false;
    }
    gather(a, r, proof);
    if (r->through_seq > a->ahead.promised_seq)
        a->ahead.promised_seq = r->through_seq;
    return true;
}

static void see_log(struct agent *a, const struct esep_receipt *r)
{
    if (r->checkpoint_size > a->ahead.checkpoint_size) {
        a->ahead.checkpoint_size = r->checkpoint_size;
        a->ahead.checkpoint_root = r->checkpoint_root;
    }
    agent_see_checkpoint(a, r->checkpoint_size, &r->checkpoint_root);
    agent_count(a, AGENT_RECEIPTS, 1);
}

static void take(struct agent *a, const struct esep_receipt *r, const struct agent_proof *proof)
{
    uint64_t *mark = moves(a, r);
    if (mark != NULL) {
        agent_progressed(a);
        gather(a, r, proof);
        if (r->through_seq > *mark)
            *mark = r->through_seq;
    }
    see_log(a, r);
    if (r->kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES)
        return;
    forget_marks(a, r->through_seq);
    if (r->through_seq > a->uplink.taken_seq)
        a->uplink.taken_seq = r->through_seq;
}

static void refuse(struct agent *a, const char *text)
{
    agent_count(a, AGENT_RECEIPTS_REFUSED, 1);
    agent_link_fail(a, AGENT_WHY_PROTOCOL, text);
}

static void judge(struct agent *a, const struct esep_receipt *r, const struct agent_proof *proof)
{
    struct agent_uplink *u = &a->uplink;
    const struct agent_mark *mark = find_mark(u, r->through_seq);
    if (mark == NULL && !u->verified && r->through_seq == u->held.seq) {
        u->early = *r;
        u->early_proof = *proof;
        u->early_kept = true;
        return;
    }
    if (mark == NULL && r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT) {
        if (take_promise(a, r, proof))
            see_log(a, r);
        return;
    }
    if (mark == NULL) {
        agent_count(a, AGENT_RECEIPTS_REFUSED, 1);
        return; /* nothing to hold it against; a later one covers it */
    }
    if (!esep_hash_equal(&mark->hash, &r->head)) {
        char text[256];
        snprintf(text, sizeof text,
                 "the collector signed another hash at number %llu than this journal holds. Keep "
                 "this journal and run `esep-agent recover`",
                 (unsigned long long)r->through_seq);
        agent_count(a, AGENT_RECEIPTS_REFUSED, 1);
        agent_link_stop(a, AGENT_WHY_FORK, NO_REFUSAL, text);
        return;
    }
    take(a, r, proof);
}

void agent_receipt_early(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    if (u->early_kept && agent_ready(a)) {
        const struct esep_receipt early = u->early;
        const struct agent_proof proof = u->early_proof;
        u->early_kept = false;
        judge(a, &early, &proof);
    }
}

void agent_on_receipt(struct agent *a, const struct esep_envelope *envelope)
{
    struct agent_uplink *u = &a->uplink;
    const Esep__V1__Receipt *message =
        (const Esep__V1__Receipt *)agent_open(a, envelope, &esep__v1__receipt__descriptor);
    if (message == NULL)
        return;
    struct esep_receipt r;
    if (esep_receipt_read(message, &r) != ESEP_OK) {
        refuse(a, "a receipt that cannot be read, or has no proof, came: refused");
        return;
    }
    if (message->credit_bytes > u->credit_bytes)
        u->credit_bytes = message->credit_bytes;
    a->status.server_time = r.accepted_at;
    if (r.office != a->config.office || r.epoch != a->journal.epoch) {
        refuse(a, "a receipt for another office or epoch came: refused");
        return;
    }
    const struct agent_tree_keys keys = agent_tree_keys(a);
    const struct agent_lesson *lesson = &a->lesson;
    if (!agent_learn(a, agent_tree_receipt(&keys, &a->ahead.tree, &r, message, &a->lesson)))
        return;
    r.checkpoint_root = esep_merkle_root(&lesson->tree.frontier);
    if (lesson->promised) {
        struct esep_receipt promise = lesson->promise;
        promise.checkpoint_root = r.checkpoint_root;
        (void)take_promise(a, &promise, &lesson->promise_proof);
    }
    judge(a, &r, &lesson->proof);
    if (a->status.state == AGENT_ONLINE)
        u->awaiting_since = agent_in_flight(a) ? a->now : ESEP_TIME_NEVER;
}

static bool gathered(const struct agent_gather *g)
{
    return g->receipt_count > 0 || g->mail_count > 0 || g->evidence_count > 0 || g->view_new ||
           g->tree_new || g->cosigned_new || g->split_new || g->ingress_new || g->log_keys_new;
}

bool agent_vault_idle(const struct agent *a)
{
    return !a->vault.full_side && !gathered(&a->vault.sides[a->vault.filling]);
}

static void describe_store(struct agent *a, const struct agent_gather *g)
{
    struct agent_vault *v = &a->vault;
    for (size_t i = 0; i < g->mail_count; i++) {
        v->mails[i] = g->metas[i].mail;
        v->mails[i].bytes = g->metas[i].len > 0
                                ? esep_slice(g->bytes.data + g->metas[i].offset, g->metas[i].len)
                                : esep_slice(NULL, 0);
    }
    v->store = (struct agent_store){
        .receipts = g->receipts,
        .receipt_count = g->receipt_count,
        .receipted_seq = a->ahead.receipted_seq,
        .promised_seq = a->ahead.promised_seq,
        .checkpoint_size = a->ahead.checkpoint_size,
        .checkpoint_root = a->ahead.checkpoint_root,
        .mails = v->mails,
        .mail_count = g->mail_count,
        .mail_through = a->ahead.mail_through,
        .view = g->view_new ? &g->view : NULL,
        .evidence = g->evidence,
        .evidence_count = g->evidence_count,
        .proofs = g->proofs,
        .evidence_proofs = g->evidence_proofs,
        .checkpoints = g->checkpoints,
        .checkpoint_count = g->checkpoint_count,
        .nodes = g->nodes,
        .node_count = g->node_count,
        .tree = g->tree_new ? &g->tree : NULL,
        .cosigned = g->cosigned_new ? &g->cosigned : NULL,
        .split = g->split_new ? &g->split : NULL,
        .ingress = g->ingress_new ? &g->ingress : NULL,
        .log_keys = g->log_keys_new ? &g->log_keys : NULL,
    };
}

bool agent_vault_offer(struct agent *a)
{
    struct agent_vault *v = &a->vault;
    if (v->busy)
        return false;
    if (v->full_side) { /* it was not stored: the same again, after a while */
        if (a->now < v->retry_at)
            return false;
    } else {
        struct agent_gather *full = agent_filling(a);
        struct agent_gather *other = &v->sides[1 - v->filling];
        if (!gathered(full))
            return false;
        agent_part_move(a, other);
        v->filling = 1 - v->filling;
        v->full_side = true;
        describe_store(a, full);
    }
    v->busy = true;
    v->retry_at = ESEP_TIME_NEVER;
    v->token = ++a->token_last;
    agent_count(a, AGENT_STORES, 1);
    return true;
}

static void clear_side(struct agent_gather *g)
{
    g->receipt_count = 0;
    g->mail_count = 0;
    g->evidence_count = 0;
    g->view_new = false;
    g->node_count = 0;
    g->checkpoint_count = 0;
    g->tree_new = false;
    g->cosigned_new = false;
    g->split_new = false;
    g->ingress_new = false;
    g->log_keys_new = false;
    esep_buf_clear(&g->bytes);
}

void agent_vault_stored(struct agent *a, enum esep_status status)
{
    struct agent_vault *v = &a->vault;
    v->busy = false;
    if (status == ESEP_AGAIN || status == ESEP_LIMIT) {
        /* What is proved stays gathered; agent_ready stops more from coming. */
        v->retry_at = agent_later(a, a->config.backoff_base);
        agent_tell(a, AGENT_WHY_JOURNAL,
                   "the journal takes no receipts now: is it, or the disk, full?");
        return;
    }
    if (status != ESEP_OK) {
        agent_link_stop(a, AGENT_WHY_JOURNAL, NO_REFUSAL,
                        "the journal could not be written: it must be reopened and checked");
        return;
    }
    struct agent_journal *j = &a->journal;
    j->receipted_seq = v->store.receipted_seq;
    j->promised_seq = v->store.promised_seq;
    j->checkpoint_size = v->store.checkpoint_size;
    j->checkpoint_root = v->store.checkpoint_root;
    if (v->store.tree != NULL)
        j->tree = *v->store.tree;
    if (v->store.log_keys != NULL)
        j->log_keys = *v->store.log_keys;
    if (v->store.ingress != NULL)
        j->noted_seq = v->store.ingress->seq;
    if (v->store.mail_count > 0) {
        /* Less where a WELCOME since then said that the mailbox went back. */
        j->mail_through = v->store.mail_through < a->ahead.mail_through ? v->store.mail_through
                                                                        : a->ahead.mail_through;
        a->uplink.pull_wanted = true;
    }
    agent_files_stored(a, v->store.evidence, v->store.evidence_count);
    clear_side(&v->sides[1 - v->filling]);
    v->full_side = false;
    if (a->status.why == AGENT_WHY_JOURNAL && a->status.state == AGENT_ONLINE)
        agent_tell(a, AGENT_WHY_NONE, "");
}
