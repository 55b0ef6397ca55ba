/* collector/collector_receipt.c - after the commit: what it owes to whom.
 *
 * First, in collector_results_durable, ingest itself learns that the batch is on disk: offices'
 * marks, credit, admission. Then, one step at a time as the shell takes effects, come welcomes,
 * receipts (one signature for each office and batch, to every session of that office), replies,
 * refusals, roster changes, mail. Any event that comes in between first finishes them all.
 *
 * A receipt carries the checkpoint of the tree as it stood after its own batch.
 */
#include "collector/collector_orders.h"
#include "collector/collector_rotate.h"

static void mail_durable(struct collector *c, uint32_t number, uint64_t serial)
{
    struct collector_office *office = collector_office(c, number);
    uint64_t *newest = &office->batch_mail[serial & 1];
    ESEP_ASSERT(*newest > office->durable_mail);
    office->durable_mail = *newest;
    *newest = 0;
}

void collector_results_durable(struct collector *c, struct collector_results *results,
                               const uint8_t *signature)
{
    c->committed_serial = results->serial;
    collector_tree_durable(c, results->checkpoint_size, &results->checkpoint_root, signature);
    for (size_t i = 0; i < results->run_count; i++) {
        const struct esep_receipt *receipt = &results->runs[i].receipt;
        struct collector_office *office = collector_office(c, receipt->office);
        office->durable_epoch = receipt->epoch;
        office->durable_seq = receipt->through_seq;
        office->durable_head = receipt->head;
        for (uint32_t at = office->first_session; at != COLLECTOR_NONE;
             at = c->sessions[at].office_next)
            c->sessions[at].batch_frame_bytes[results->serial & 1] = 0;
    }
    for (size_t i = 0; i < results->after_count; i++) {
        const struct collector_after *after = &results->after[i];
        if (after->kind != COLLECTOR_AFTER_ROSTER)
            continue;
        /* As of that entry; a later one in the next batch waits for its own commit. */
        collector_office(c, after->office)->durable_state = (uint8_t)after->index;
    }
    for (size_t i = 0; i < results->mail_count; i++)
        mail_durable(c, results->mail[i], results->serial);
}

static bool sign_receipt(struct collector *c, struct esep_receipt *receipt)
{
    uint8_t statement[ESEP_RECEIPT_BYTES];
    esep_receipt_statement(&c->config.log_id, receipt, statement);
    return collector_sign(c, esep_slice(statement, sizeof statement), receipt->signature);
}

/* Where nobody signs it the office asks again, with its next HELLO. */
static bool finish_receipt(struct collector *c, struct esep_receipt *receipt,
                           uint64_t checkpoint_size, const struct esep_hash *root)
{
    receipt->checkpoint_size = checkpoint_size;
    receipt->checkpoint_root = *root;
    return sign_receipt(c, receipt);
}

void collector_receipt_send(struct collector *c, struct collector_session *session,
                            const struct esep_receipt *receipt,
                            const struct collector_promise_entry *promise)
{
    Esep__V1__Receipt message = ESEP__V1__RECEIPT__INIT;
    Esep__V1__Checkpoint checkpoint = ESEP__V1__CHECKPOINT__INIT;
    struct collector_proof proof;
    if (!collector_prove(c, session, promise->index, promise->accepted_at, &proof))
        return;
    esep_receipt_write(receipt, &message, &checkpoint);
    esep_commitment_write(&promise->commitment, &proof.commitment);
    proof.message.commitment = &proof.commitment;
    message.proof = &proof.message;
    message.credit_bytes = collector_credit(c, session);
    collector_out_to_conn(c, session->link, session->conn, &session->seal,
                          ESEP__V1__KIND__KIND_RECEIPT, false, collector_pack(c, &message.base));
    collector_count(c, COLLECTOR_RECEIPTS, 1);
}

static void send_to_office(struct collector *c, struct esep_receipt *receipt,
                           const struct collector_promise_entry *promise, bool *is_signed,
                           const struct collector_results *results)
{
    const struct collector_office *office = collector_office(c, receipt->office);
    for (uint32_t at = office->first_session; at != COLLECTOR_NONE;
         at = c->sessions[at].office_next) {
        struct collector_session *session = &c->sessions[at];
        if (!session->welcomed || session->epoch != receipt->epoch)
            continue;
        if (!*is_signed &&
            !finish_receipt(c, receipt, results->checkpoint_size, &results->checkpoint_root))
            return;
        *is_signed = true;
        collector_receipt_send(c, session, receipt, promise);
    }
}

static void step_run(struct collector *c, struct collector_results *results)
{
    struct collector_run *run = &results->runs[results->run_next++];
    bool is_signed = false;
    send_to_office(c, &run->receipt, &run->closing, &is_signed, results);
    struct collector_office *office = collector_office(c, run->receipt.office);
    if (!is_signed) {
        run->receipt.checkpoint_size = results->checkpoint_size;
        run->receipt.checkpoint_root = results->checkpoint_root;
    }
    office->last = run->receipt;
    office->last_closing = run->closing;
    office->has_last = true;
    office->last_signed = is_signed;
}

static bool closing_from_log(struct collector *c, uint64_t index,
                             struct collector_promise_entry *ret)
{
    const struct collector_history *h = &c->history;
    struct esep_leaf leaf;
    if (h->leaf == NULL || h->leaf(h->context, index, &leaf) != ESEP_OK ||
        h->commitment(h->context, index, &ret->commitment) != ESEP_OK)
        return false;
    ret->index = index;
    ret->accepted_at = leaf.accepted_at;
    return true;
}

/* From the committed log, where this process did not make the receipt itself: through what is held,
 * from the oldest entry that the office still has; accepted by the hour of the last. */
static bool receipt_from_log(struct collector *c, const struct collector_session *session,
                             struct esep_receipt *ret, struct collector_promise_entry *ret_closing)
{
    const struct collector_office *office = collector_office(c, session->office);
    uint64_t through = office->durable_seq;
    uint64_t first =
        session->first_held > 0 && session->first_held <= through ? session->first_held : through;
    struct esep_leaf first_leaf;
    struct esep_leaf last_leaf;
    uint64_t first_index = 0;
    uint64_t last_index = 0;
    if (c->lookup == NULL ||
        c->lookup(c->lookup_context, session->office, session->epoch, first, &first_index,
                  &first_leaf) != ESEP_OK ||
        c->lookup(c->lookup_context, session->office, session->epoch, through, &last_index,
                  &last_leaf) != ESEP_OK ||
        !closing_from_log(c, last_index + 1, ret_closing))
        return false;
    *ret = (struct esep_receipt){
        .kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
        .office = session->office,
        .epoch = session->epoch,
        .first_seq = first,
        .through_seq = through,
        .head = last_leaf.head,
        .first_index = first_index,
        .last_index = last_index,
        .accepted_at = last_leaf.accepted_at,
    };
    esep_time at = 0;
    uint64_t seq = 0;
    struct esep_hash head;
    if (views_commitment(c->views, session->office, session->epoch, first, &at, &seq, &head)) {
        ret->committed_at = at;
        ret->commitment_seq = seq;
    }
    ret->checkpoint_size = c->durable_size;
    ret->checkpoint_root = c->durable_root;
    return true;
}

void collector_receipt_again(struct collector *c, struct collector_session *session)
{
    struct collector_office *office = collector_office(c, session->office);
    if (office->durable_seq == 0 || office->durable_epoch != session->epoch)
        return;
    if (!office->has_last) {
        struct esep_receipt made;
        if (!receipt_from_log(c, session, &made, &office->last_closing)) {
            collector_count(c, COLLECTOR_UNPROVEN, 1);
            return;
        }
        office->last = made;
        office->has_last = true;
        office->last_signed = false;
    }
    ESEP_ASSERT(office->last.epoch == session->epoch &&
                office->last.through_seq == office->durable_seq);
    if (!office->last_signed && !sign_receipt(c, &office->last))
        return;
    office->last_signed = true;
    collector_receipt_send(c, session, &office->last, &office->last_closing);
}

static void after_roster(struct collector *c, const struct collector_after *after)
{
    collector_roster_change(c, after->office);
    if (after->index != ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED)
        return;
    struct collector_office *office = collector_office(c, after->office);
    while (office->first_session != COLLECTOR_NONE) {
        struct collector_session *session = &c->sessions[office->first_session];
        struct collector_route route = {.link = session->link, .conn = session->conn};
        memcpy(route.session, session->seal.id, sizeof route.session);
        route.counter = session->seal.rx_counter;
        const struct collector_refusal refusal = {
            .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_REVOKED,
            .text = "this office's key was revoked: ask the operator",
            .office = after->office,
        };
        collector_refuse(c, &route, &refusal);
        collector_link_close(c, route.link, route.conn);
        collector_session_end(c, session);
    }
}

/* Of a file: to every session of the office, signed once, if there is any. */
static void send_evidence(struct collector *c, struct collector_after *after,
                          const struct collector_results *results)
{
    struct esep_evidence *e = &after->evidence;
    const struct collector_office *office = collector_office(c, e->office);
    e->checkpoint_size = results->checkpoint_size;
    e->checkpoint_root = results->checkpoint_root;
    collector_file_durable(c, after->index);
    if (office->first_session == COLLECTOR_NONE || !collector_evidence_sign(c, e))
        return;
    for (uint32_t at = office->first_session; at != COLLECTOR_NONE;
         at = c->sessions[at].office_next)
        if (c->sessions[at].welcomed && (c->sessions[at].features & COLLECTOR_EVIDENCE) != 0) {
            collector_evidence_send(c, &c->sessions[at], e, after->nonce);
            collector_lacking_ask(c, &c->sessions[at]);
        }
}

static void step_after(struct collector *c, struct collector_results *results)
{
    struct collector_after *after = &results->after[results->after_next++];
    struct collector_session *session = NULL;
    bool is_signed = false;
    struct collector_effect effect = {.kind = COLLECTOR_EFFECT_DELIVER,
                                      .alert_index = after->index};
    switch (after->kind) {
    case COLLECTOR_AFTER_WELCOME:
        session = collector_session_named(c, after->session, after->generation);
        if (session != NULL)
            collector_welcome(c, session);
        break;
    case COLLECTOR_AFTER_PROMISE:
        send_to_office(c, &after->receipt, &after->promise, &is_signed, results);
        break;
    case COLLECTOR_AFTER_REFUSE:
        collector_refuse(c, &after->route, &after->refusal);
        break;
    case COLLECTOR_AFTER_ENROLLED:
        collector_enrol_reply(c, &after->asker, after->office, after->accepted);
        break;
    case COLLECTOR_AFTER_ORDER:
        collector_order_reply(c, &after->asker, true, "", after->index);
        break;
    case COLLECTOR_AFTER_ROSTER:
        after_roster(c, after);
        break;
    case COLLECTOR_AFTER_EVIDENCE:
        send_evidence(c, after, results);
        break;
    case COLLECTOR_AFTER_ROTATED:
        collector_rotated_reply(c, &after->asker, after->office, after->index);
        break;
    default: /* COLLECTOR_AFTER_DELIVER */
        collector_out_effect(c, &effect);
        break;
    }
    esep_session_done(&after->asker.seal);
}

static void step_mail(struct collector *c, struct collector_results *results)
{
    uint32_t number = results->mail[results->mail_next++];
    for (uint32_t at = collector_office(c, number)->first_session; at != COLLECTOR_NONE;
         at = c->sessions[at].office_next)
        collector_mail_push(c, &c->sessions[at]);
}

bool collector_results_step(struct collector *c)
{
    struct collector_results *results = c->done;
    if (results->run_next < results->run_count)
        step_run(c, results);
    else if (results->after_next < results->after_count)
        step_after(c, results);
    else if (results->mail_next < results->mail_count)
        step_mail(c, results);
    else
        return false;
    return true;
}

void collector_results_finish(struct collector *c)
{
    while (collector_results_step(c)) {}
}
