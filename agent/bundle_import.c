/* agent/bundle_import.c - see bundle_import.h. */
#include "agent/bundle_import.h"

#include "agent/bundle_reply.h"

struct taking {
    struct agent_desk *desk;
    struct agent_journal held;
    struct agent_imported *counts;
    struct esep_log_keys log_keys;
    struct agent_tree_keys keys;
    struct agent_lesson lesson; /* of the receipt at hand */
    struct esep_reason *reason;
};

static struct agent_store marks(const struct taking *t)
{
    return (struct agent_store){.receipted_seq = t->held.receipted_seq,
                                .promised_seq = t->held.promised_seq,
                                .checkpoint_size = t->held.checkpoint_size,
                                .checkpoint_root = t->held.checkpoint_root,
                                .mail_through = t->held.mail_through};
}

static enum esep_status store(struct taking *t, const struct agent_store *what)
{
    return journal_store(&t->desk->journal, t->held.epoch, what, t->reason);
}

/* Another log than this office has seen, and signed: kept, and said. */
static enum esep_status split(struct taking *t)
{
    struct agent_store what = marks(t);
    what.split = &t->lesson.checkpoint;
    const enum esep_status status = store(t, &what);
    return status != ESEP_OK
               ? status
               : esep_because(t->reason, ESEP_CONFLICT,
                              "reply: the collector has signed a log that does not begin with the "
                              "one that this office has seen. Both signed heads are kept: tell the "
                              "operator and the commission, and run esep-agent receipt --split");
}

/* What the proof teaches, into `what`, whatever becomes of the receipt. ESEP_AGAIN: it goes on from
 * elsewhere. */
static enum esep_status learn(struct taking *t, enum esep_status judged, struct agent_store *what)
{
    const struct agent_lesson *lesson = &t->lesson;
    if (judged == ESEP_CONFLICT)
        return split(t);
    if (judged == ESEP_DENIED)
        return esep_because(t->reason, ESEP_INVALID,
                            "reply: a receipt whose proof is not signed as it should be: check "
                            "log_key");
    if (judged != ESEP_OK) {
        t->counts->unproved++;
        return ESEP_AGAIN;
    }
    t->held.tree = lesson->tree;
    *what = marks(t);
    what->nodes = lesson->nodes;
    what->node_count = lesson->node_count;
    what->checkpoints = &lesson->checkpoint;
    what->checkpoint_count = lesson->grown ? 1 : 0;
    what->tree = &lesson->tree;
    return store(t, what);
}

/* Whether this journal's chain has that head there; ESEP_NOT_FOUND: it was let go of long ago. */
static enum esep_status same_chain(struct taking *t, const struct esep_receipt *r)
{
    struct esep_hash chain;
    struct esep_buf bytes;
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    const enum esep_status status =
        journal_entry(&t->desk->journal, r->epoch, r->through_seq, &chain, &bytes, t->reason);
    esep_buf_done(&bytes);
    if (status != ESEP_OK || esep_hash_equal(&chain, &r->head))
        return status;
    return esep_because(t->reason, ESEP_CONFLICT,
                        "the collector signed another hash at number %llu than this journal "
                        "holds. Keep this journal and run esep-agent recover",
                        (unsigned long long)r->through_seq);
}

/* One that came along with a receipt; of another life of this journal it proves nothing here. */
static enum esep_status take_promise(struct taking *t)
{
    struct esep_receipt r = t->lesson.promise;
    struct agent_store what;
    if (r.epoch != t->held.epoch || r.through_seq > t->held.last_seq ||
        same_chain(t, &r) == ESEP_CONFLICT)
        return ESEP_OK;
    if (r.through_seq > t->held.promised_seq)
        t->held.promised_seq = r.through_seq;
    if (r.through_seq > t->held.receipted_seq)
        r.first_seq = t->held.receipted_seq + 1;
    r.checkpoint_root = esep_merkle_root(&t->lesson.tree.frontier);
    what = marks(t);
    what.receipts = &r;
    what.receipt_count = 1;
    what.proofs = &t->lesson.promise_proof;
    return store(t, &what);
}

static enum esep_status take_receipt(struct taking *t, const struct esep_receipt *read,
                                     const Esep__V1__Receipt *message)
{
    struct agent_store what;
    struct esep_receipt shown = *read;
    const struct esep_receipt *r = &shown;
    const bool entries = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    uint64_t *mark = entries ? &t->held.receipted_seq : &t->held.promised_seq;
    const enum esep_status learned =
        learn(t, agent_tree_receipt(&t->keys, &t->held.tree, r, message, &t->lesson), &what);
    if (learned != ESEP_OK)
        return learned == ESEP_AGAIN ? ESEP_OK : learned;
    shown.checkpoint_root = esep_merkle_root(&t->lesson.tree.frontier);
    if (!entries && r->through_seq > t->held.receipted_seq)
        shown.first_seq = t->held.receipted_seq + 1;
    if (r->epoch != t->held.epoch)
        return ESEP_OK; /* of before a recovery: nothing here to hold it against */
    if (r->through_seq > t->held.last_seq)
        return esep_because(
            t->reason, ESEP_CONFLICT,
            "the collector holds entries up to %llu, this journal ends at %llu: was it "
            "restored? Run esep-agent recover",
            (unsigned long long)r->through_seq, (unsigned long long)t->held.last_seq);
    enum esep_status status = t->lesson.promised ? take_promise(t) : ESEP_OK;
    if (status == ESEP_OK)
        status = same_chain(t, r);
    if (status != ESEP_OK)
        return status == ESEP_NOT_FOUND ? ESEP_OK : status; /* let go of long ago, receipted */
    if (r->through_seq <= *mark)
        return ESEP_OK;
    *mark = r->through_seq;
    if (r->checkpoint_size > t->held.checkpoint_size) {
        t->held.checkpoint_size = r->checkpoint_size;
        t->held.checkpoint_root = r->checkpoint_root;
    }
    what = marks(t);
    what.receipts = r;
    what.receipt_count = 1;
    what.proofs = &t->lesson.proof;
    status = store(t, &what);
    t->counts->receipts += status == ESEP_OK;
    return status;
}

static enum esep_status take_mail(struct taking *t, const struct agent_mail *mail)
{
    if (mail->number <= t->held.mail_through)
        return ESEP_OK;
    if (mail->number != t->held.mail_through + 1)
        return esep_because(t->reason, ESEP_INVALID,
                            "reply: mail %llu lacks: the next bundle brings it",
                            (unsigned long long)t->held.mail_through + 1);
    t->held.mail_through = mail->number;
    struct agent_store what = marks(t);
    what.mails = mail;
    what.mail_count = 1;
    const enum esep_status status = store(t, &what);
    t->counts->mails += status == ESEP_OK;
    return status;
}

/* Of a file that no entry of this journal names there is nothing to keep. */
static enum esep_status take_evidence(struct taking *t, const struct esep_evidence *evidence,
                                      const Esep__V1__Proof *proof)
{
    struct agent_store what;
    struct esep_evidence shown = *evidence;
    const struct agent_file name = {evidence->sha256, evidence->size_bytes};
    struct journal_file file;
    enum esep_status status =
        learn(t, agent_tree_evidence(&t->keys, &t->held.tree, evidence, proof, &t->lesson), &what);
    if (status != ESEP_OK)
        return status == ESEP_AGAIN ? ESEP_OK : status;
    status = journal_file(&t->desk->journal, &name, &file, t->reason);
    if (status == ESEP_NOT_FOUND || (status == ESEP_OK && file.here))
        return ESEP_OK;
    if (status == ESEP_OK) {
        what = marks(t);
        shown.checkpoint_root = esep_merkle_root(&t->lesson.tree.frontier);
        what.evidence = &shown;
        what.evidence_count = 1;
        what.evidence_proofs = &t->lesson.proof;
        status = store(t, &what);
    }
    t->counts->files += status == ESEP_OK;
    return status;
}

/* A head that witnesses have signed. One that goes on from elsewhere comes again, as a receipt
 * does; so does one that none of the office's witnesses has signed. */
static enum esep_status take_cosigned(struct taking *t, const Esep__V1__Cosigned *message)
{
    const struct agent_settings *s = t->desk->settings;
    struct agent_store what;
    struct agent_cosigned cosigned;
    enum esep_status status =
        learn(t, agent_tree_head(&t->keys, &t->held.tree, message->growth, &t->lesson), &what);
    if (status != ESEP_OK)
        return status == ESEP_AGAIN ? ESEP_OK : status;
    if (!agent_cosigned_take(&t->keys.log_id, &t->lesson.checkpoint, esep_slice_str(message->lines),
                             s->witnesses, s->witness_count, &cosigned))
        return ESEP_OK;
    what = marks(t);
    what.cosigned = &cosigned;
    status = store(t, &what);
    t->counts->witnessed += status == ESEP_OK;
    return status;
}

/* Another key of the log, by the word of one that is held. */
static enum esep_status take_log_keys(struct taking *t, const Esep__V1__Welcome *welcome)
{
    const size_t before = t->log_keys.count;
    struct agent_store what = marks(t);
    if (esep_log_keys_take(&t->log_keys, &t->keys.log_id, welcome->log_keys, welcome->n_log_keys) !=
        ESEP_OK)
        return esep_because(t->reason, ESEP_INVALID,
                            "reply: it names a key of the log that no key which this office holds "
                            "has signed: ask the operator for the log's keys, and check log_key");
    if (t->log_keys.count == before)
        return ESEP_OK;
    what.log_keys = &t->log_keys;
    return store(t, &what);
}

enum esep_status agent_bundle_import(struct agent_desk *desk, struct esep_slice file,
                                     struct agent_imported *ret, struct esep_reason *reason)
{
    struct taking t = {.desk = desk, .counts = ret, .reason = reason};
    struct agent_reply_keys keys = {.log_id = desk->identity.log_id,
                                    .sign_key = desk->sign_key,
                                    .office = desk->identity.office};
    struct agent_reply_reader reader;
    struct agent_reply_item item;
    *ret = (struct agent_imported){0};
    memcpy(keys.seal_public, desk->settings->seal_key, ESEP_KEY_BYTES);
    t.keys =
        (struct agent_tree_keys){.log_id = keys.log_id, .log = &t.log_keys, .office = keys.office};
    memcpy(t.keys.sign_public, keys.sign_key.public, ESEP_KEY_BYTES);
    enum esep_status status = journal_load(&desk->journal, &t.held, reason);
    if (status == ESEP_OK)
        esep_log_keys_hold(&t.log_keys, desk->settings->log_key, &t.held.log_keys);
    if (status == ESEP_OK)
        status = agent_reply_open(&reader, file, &keys, reason);
    esep_wipe(&keys, sizeof keys);
    if (status != ESEP_OK)
        return status;
    while (status == ESEP_OK) {
        status = agent_reply_next(&reader, &item, reason);
        if (status == ESEP_OK && item.kind == AGENT_REPLY_WELCOME)
            status = take_log_keys(&t, item.welcome);
        else if (status == ESEP_OK && item.kind == AGENT_REPLY_RECEIPT)
            status = take_receipt(&t, &item.receipt, item.message);
        else if (status == ESEP_OK && item.kind == AGENT_REPLY_MAIL)
            status = take_mail(&t, &item.mail);
        else if (status == ESEP_OK && item.kind == AGENT_REPLY_EVIDENCE)
            status = take_evidence(&t, &item.evidence, item.proof);
        else if (status == ESEP_OK && item.kind == AGENT_REPLY_COSIGNED)
            status = take_cosigned(&t, item.cosigned);
    }
    agent_reply_close(&reader);
    ret->receipted_seq = t.held.receipted_seq;
    ret->mail_through = t.held.mail_through;
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}
