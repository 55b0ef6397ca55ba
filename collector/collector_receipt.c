/* collector/collector_receipt.c - after the commit: what it owes to whom.
 *
 * First, in collector_results_durable, ingest itself learns that the batch is on disk: offices'
 * marks, credit, admission. Then, one step at a time as the shell takes effects, come welcomes,
 * receipts (one for each office and batch, to every session of that office), replies, refusals,
 * roster changes, mail. Any event that comes in between first finishes them all.
 *
 * A receipt is not signed: its proof leads to the newest checkpoint, which was signed after the
 * commit. Where an earlier promise covers what it brings, and the session has not shown that one,
 * its entry goes along: by that the office knows the hour, though the promise's receipt may have
 * been lost. What led the office's tree further counts as shown: without it no later proof joins,
 * and the office greets anew.
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

static bool promise_along(struct collector *c, const struct collector_session *session,
                          uint64_t from, uint64_t index, struct collector_proof *proof)
{
    struct collector_promise_entry entry;
    if (session->promise_shown && session->promise_shown_at == index)
        return false;
    if (!closing_from_log(c, index, &entry) ||
        !collector_prove_promise(c, from, index, entry.accepted_at, proof)) {
        collector_count(c, COLLECTOR_UNPROVEN, 1);
        return false; /* the report is received all the same */
    }
    proof->promised = entry.commitment;
    esep_commitment_write(&proof->promised, &proof->promise_commitment);
    proof->promise.commitment = &proof->promise_commitment;
    return true;
}

void collector_receipt_send(struct collector *c, struct collector_session *session,
                            const struct collector_run *run)
{
    const struct collector_promise_entry *closing = &run->closing;
    const bool is_promise = run->receipt.kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT;
    const uint64_t from = session->tree_size;
    Esep__V1__Receipt message;
    struct collector_proof proof;
    if (!collector_prove(c, session, closing->index, closing->accepted_at, &proof))
        return;
    esep_receipt_write(&run->receipt, &message);
    esep_commitment_write(&closing->commitment, &proof.commitment);
    proof.message.commitment = &proof.commitment;
    message.proof = &proof.message;
    if (run->promised && promise_along(c, session, from, run->promise_index, &proof))
        message.promise = &proof.promise;
    if (c->growth.size > from && (is_promise || message.promise != NULL)) {
        session->promise_shown = true;
        session->promise_shown_at = is_promise ? closing->index : run->promise_index;
    }
    message.credit_bytes = collector_credit(c, session);
    collector_out_to_conn(c, session->link, session->conn, &session->seal,
                          ESEP__V1__KIND__KIND_RECEIPT, false, collector_pack(c, &message.base));
    collector_count(c, COLLECTOR_RECEIPTS, 1);
}

static void send_to_office(struct collector *c, const struct collector_run *run)
{
    const struct collector_office *office = collector_office(c, run->receipt.office);
    for (uint32_t at = office->first_session; at != COLLECTOR_NONE;
         at = c->sessions[at].office_next) {
        struct collector_session *session = &c->sessions[at];
        if (session->welcomed && session->epoch == run->receipt.epoch)
            collector_receipt_send(c, session, run);
    }
}

static void step_run(struct collector *c, struct collector_results *results)
{
    const struct collector_run *run = &results->runs[results->run_next++];
    struct collector_office *office = collector_office(c, run->receipt.office);
    send_to_office(c, run);
    office->last = *run;
    office->has_last = true;
}

/* From the committed log, where this process did not make the receipt itself: through what is held,
 * from the oldest entry that the office still has; accepted by the hour of the last. */
static bool receipt_from_log(struct collector *c, const struct collector_session *session,
                             struct collector_run *ret)
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
        !closing_from_log(c, last_index + 1, &ret->closing))
        return false;
    ret->receipt = (struct esep_receipt){
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
    struct views_promised promise;
    ret->promised = views_commitment(c->views, session->office, session->epoch, first, &promise);
    if (ret->promised)
        ret->promise_index = promise.index;
    return true;
}

void collector_receipt_again(struct collector *c, struct collector_session *session)
{
    struct collector_office *office = collector_office(c, session->office);
    if (office->durable_seq == 0 || office->durable_epoch != session->epoch)
        return;
    if (!office->has_last) {
        struct collector_run made = {.promised = false};
        if (!receipt_from_log(c, session, &made)) {
            collector_count(c, COLLECTOR_UNPROVEN, 1);
            return;
        }
        office->last = made;
        office->has_last = true;
    }
    ESEP_ASSERT(office->last.receipt.epoch == session->epoch &&
                office->last.receipt.through_seq == office->durable_seq);
    collector_receipt_send(c, session, &office->last);
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

/* Of a file: to every session of the office. */
static void send_evidence(struct collector *c, const struct collector_after *after)
{
    const struct esep_evidence *e = &after->evidence;
    const struct collector_office *office = collector_office(c, e->office);
    collector_file_durable(c, after->index);
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
    struct collector_effect effect = {.kind = COLLECTOR_EFFECT_DELIVER,
                                      .alert_index = after->index};
    switch (after->kind) {
    case COLLECTOR_AFTER_WELCOME:
        session = collector_session_named(c, after->session, after->generation);
        if (session != NULL)
            collector_welcome(c, session);
        break;
    case COLLECTOR_AFTER_PROMISE:
        send_to_office(c, &after->promise);
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
        send_evidence(c, after);
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
