/* collector/collector_settle.c - a group of entries under a verified head joins the log.
 *
 * Each entry is judged by the views with all earlier ones in place, gets its leaf, and is applied;
 * the COMMITMENT entry closes the group, so that a reader finds the signature behind its entries.
 * An entry that cannot be read is kept all the same: it is part of a signed chain, and the office
 * is told by its verdict.
 *
 * What the later receipt says is gathered here, in a run: consecutive groups of one office in one
 * batch share a run, as long as the same promise (or none) stands behind them.
 */
#include "collector/collector_internal.h"

bool collector_group_room(const struct collector *c, const struct collector_group *group)
{
    return collector_batch_room(c, group->count + 1, group->bytes + ESEP_SIGNED_COMMITMENT_BYTES);
}

/* The next entry's bytes, and its place in the chain. */
static struct esep_slice next_entry(struct collector *c, struct collector_session *session,
                                    const struct collector_group *group, size_t i,
                                    struct collector_link *ret_link)
{
    if (group->entries != NULL) {
        *ret_link = group->chain[i];
        return group->entries[i];
    }
    uint8_t len[4];
    uint8_t *body = collector_batch_tail(c);
    collector_queue_get(c, &session->waiting, len, sizeof len);
    collector_queue_get(c, &session->waiting, ret_link, sizeof *ret_link);
    collector_queue_get(c, &session->waiting, body, esep_be32(len));
    return esep_slice(body, esep_be32(len));
}

/* What the views were asked about beforehand: that they do not take it ends the core. */
static void log_must(struct collector *c, const struct esep_leaf *leaf, struct esep_slice body,
                     const ProtobufCMessage *message)
{
    struct esep_reason reason = {{0}};
    enum esep_status status = collector_log_put(c, leaf, body, message, &reason);
    if (status != ESEP_OK)
        collector_end(c, status, &reason);
}

/* What is the same in the leaf of everything that one signature of an office covers. */
static struct esep_leaf signed_leaf(const struct collector *c,
                                    const struct esep_commitment *commitment, esep_time now)
{
    const struct views_office *office = views_office(c->views, commitment->office);
    return (struct esep_leaf){
        .office = commitment->office,
        .accepted_at = now,
        .epoch = commitment->epoch,
        .signature = esep_sha256(esep_slice(commitment->signature, ESEP_SIGNATURE_BYTES)),
        .key = esep_sha256(esep_slice(office->sign_key, ESEP_KEY_BYTES)),
    };
}

static void log_entry(struct collector *c, struct esep_leaf leaf, const struct collector_link *link,
                      struct esep_slice body)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&c->arena);
    if (esep_unpack(&esep__v1__journal_entry__descriptor, body, &c->arena, &message) != ESEP_OK)
        message = NULL;
    leaf.type = ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY;
    leaf.content = link->content;
    leaf.head = link->head;
    leaf.verdict = views_judge(c->views, leaf.office, leaf.accepted_at, body,
                               (const Esep__V1__JournalEntry *)message);
    log_must(c, &leaf, body, message);
}

enum esep_status collector_log_commitment(struct collector *c,
                                          const struct esep_commitment *commitment, uint8_t flags,
                                          esep_time now, struct esep_reason *reason)
{
    uint8_t body[ESEP_SIGNED_COMMITMENT_BYTES];
    const struct views_office *office = views_office(c->views, commitment->office);
    const struct esep_leaf leaf =
        esep_leaf_of_commitment(&c->config.log_id, commitment, office->sign_key, flags, now);
    esep_commitment_pack(&c->config.log_id, commitment, body);
    return collector_log_put(c, &leaf, esep_slice(body, sizeof body), NULL, reason);
}

static void extend_run(struct collector *c, const struct collector_run *made)
{
    struct collector_results *results = collector_open_batch(c)->results;
    struct collector_office *office = collector_office(c, made->receipt.office);
    if (office->run_serial == c->serial) {
        struct collector_run *run = &results->runs[office->run];
        if (run->receipt.epoch == made->receipt.epoch && run->promised == made->promised &&
            run->promise_index == made->promise_index) {
            const uint64_t first_seq = run->receipt.first_seq;
            const uint64_t first_index = run->receipt.first_index;
            *run = *made;
            run->receipt.first_seq = first_seq;
            run->receipt.first_index = first_index;
            return;
        }
    }
    office->run_serial = c->serial;
    office->run = (uint32_t)results->run_count;
    ESEP_ASSERT(results->run_count < c->run_max); /* each has two records at least */
    results->runs[results->run_count++] = *made;
}

void collector_group_log(struct collector *c, struct collector_session *session,
                         const struct collector_group *group, esep_time now)
{
    struct collector_run made = {.closing = {.commitment = *group->commitment, .accepted_at = now}};
    struct views_promised promise;
    made.receipt = (struct esep_receipt){
        .kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
        .office = session->office,
        .epoch = session->epoch,
        .first_seq = group->first_seq,
        .through_seq = group->first_seq + group->count - 1,
        .head = group->commitment->head,
        .first_index = views_log_size(c->views),
        .accepted_at = now,
    };
    made.receipt.last_index = made.receipt.first_index + group->count - 1;
    made.closing.index = made.receipt.last_index + 1;
    made.promised =
        views_commitment(c->views, session->office, session->epoch, group->first_seq, &promise);
    if (made.promised)
        made.promise_index = promise.index;
    struct esep_leaf leaf = signed_leaf(c, group->commitment, now);
    for (size_t i = 0; i < group->count; i++) {
        struct collector_link link;
        struct esep_slice body = next_entry(c, session, group, i, &link);
        leaf.seq = group->first_seq + i;
        log_entry(c, leaf, &link, body);
        if (c->ended != ESEP_OK)
            return;
    }
    struct esep_reason reason = {{0}};
    enum esep_status status =
        collector_log_commitment(c, group->commitment, ESEP_LEAF_CLOSES, now, &reason);
    if (status != ESEP_OK) {
        collector_end(c, status, &reason);
        return;
    }
    extend_run(c, &made);
    collector_office(c, session->office)->entries_serial = c->serial;
    session->batch_frame_bytes[c->serial & 1] += group->frame_bytes;
    collector_count(c, COLLECTOR_ENTRIES, group->count);
}
