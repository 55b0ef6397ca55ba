/* collector/views_apply.c - one log entry into the views: a table of handlers, and the small ones.
 *
 * A handler checks all that can fail before it changes anything, so a failed apply leaves the
 * views as they were. What it may look at is the entry and the state: never where a batch began,
 * and of the limits only whether there is room (law 4). The body is unpacked only where a handler
 * needs it and the caller has it not: a closing commitment, by far the most frequent entry of its
 * kind, needs no more than its leaf.
 */
#include "collector/views_state.h"

enum esep_status views_message(struct views *v, const struct views_entry *entry,
                               const ProtobufCMessageDescriptor *kind, const ProtobufCMessage **ret)
{
    if (entry->message != NULL && entry->message->descriptor == kind) {
        *ret = entry->message;
        return ESEP_OK;
    }
    esep_arena_reset(&v->scratch);
    const enum esep_status status = esep_unpack(kind, entry->body, &v->scratch, ret);
    if (status == ESEP_OK)
        return ESEP_OK;
    return esep_because(entry->reason, status == ESEP_INVALID ? ESEP_CORRUPT : status,
                        "log entry %llu is no %s", (unsigned long long)entry->index,
                        kind->short_name);
}

/* The hour of the newest sign of life in the log, not the greatest hour ever written there: a clock
 * that once ran ahead would else keep an office from being called silent until it is caught up. */
void views_saw(struct views *v, struct views_office_slot *slot, esep_time at)
{
    slot->pub.seen_at = at;
    slot->pub.silent = false;
    views_mark_office(v, slot);
}

enum esep_status views_no_office(const struct views_entry *entry, uint32_t office)
{
    return esep_because(entry->reason, ESEP_INVALID, "no office %lu is enrolled",
                        (unsigned long)office);
}

static enum esep_status apply_mail_ack(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__mail_ack__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__MailAck *ack = (const Esep__V1__MailAck *)message;
    struct views_office_slot *slot = views_office_slot(v, ack->office);
    if (slot == NULL)
        return views_no_office(entry, ack->office);
    if (ack->through > slot->pub.mail_last)
        return esep_because(entry->reason, ESEP_INVALID, "office %lu has no mail number %llu",
                            (unsigned long)ack->office, (unsigned long long)ack->through);
    if (ack->through > slot->pub.mail_acked)
        slot->pub.mail_acked = ack->through;
    views_saw(v, slot, entry->leaf.accepted_at);
    return ESEP_OK;
}

static enum esep_status apply_presence(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__presence__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const uint32_t office = ((const Esep__V1__Presence *)message)->office;
    struct views_office_slot *slot = views_office_slot(v, office);
    if (slot == NULL)
        return views_no_office(entry, office);
    views_saw(v, slot, entry->leaf.accepted_at);
    return ESEP_OK;
}

/* A fork or a restored backup is shown by the office's own signature: it lives. A bad signature
 * shows nothing, and who has an old key may be a thief. What a witness has seen is owed to the
 * operators. */
static enum esep_status apply_alarm(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    enum esep_status status = views_message(v, entry, &esep__v1__alarm__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Alarm *alarm = (const Esep__V1__Alarm *)message;
    struct views_office_slot *slot = views_office_slot(v, alarm->office);
    if (slot == NULL && alarm->office != 0)
        return views_no_office(entry, alarm->office);
    status = views_may_owe(v, entry, alarm->n_targets);
    if (status != ESEP_OK)
        return status;
    views_owe(v, entry, alarm->n_targets);
    if (slot == NULL)
        return ESEP_OK;
    if (alarm->kind == ESEP__V1__ALARM_KIND__ALARM_KIND_FORK)
        slot->pub.forks++;
    if (alarm->kind == ESEP__V1__ALARM_KIND__ALARM_KIND_FORK ||
        alarm->kind == ESEP__V1__ALARM_KIND__ALARM_KIND_BEHIND)
        views_saw(v, slot, entry->leaf.accepted_at);
    views_mark_office(v, slot);
    return ESEP_OK;
}

static views_handler *const handlers[] = {
    [ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS] = views_apply_genesis,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY] = views_apply_entry,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT] = views_apply_commitment,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN] = views_apply_plan,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_CODE] = views_apply_code,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_KEY] = views_apply_key,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW] = views_apply_review,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION] = views_apply_extension,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL] = views_apply_control,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT] = views_apply_alert,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_DELIVERY] = views_apply_delivery,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_MAIL_ACK] = apply_mail_ack,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_PRESENCE] = apply_presence,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_ALARM] = apply_alarm,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_ACCOUNT] = views_apply_account,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_CREDENTIAL] = views_apply_credential,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_EVIDENCE] = views_apply_evidence,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_GENERATION] = views_apply_generation,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_LOG_KEY] = views_apply_log_key,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS] = views_apply_rights,
    [ESEP__V1__LOG_TYPE__LOG_TYPE_KEYS_ASKED] = views_apply_keys_asked,
};

_Static_assert(sizeof handlers / sizeof *handlers == ESEP_LEAF_TYPE_LAST + 1,
               "each type of entry has its handler");

static void node_complete(void *context, struct esep_merkle_place place,
                          const struct esep_hash *hash)
{
    struct views *v = context;
    esep_merkle_recent_put(&v->recent, place, hash);
    if (place.level > 0 && place.level % VIEWS_NODE_LEVELS == 0)
        views_put_node(v, place, hash);
}

enum esep_status views_apply(struct views *v, uint64_t index, struct esep_slice leaf,
                             struct esep_slice body, const ProtobufCMessage *message,
                             struct esep_reason *reason)
{
    struct views_entry entry = {.index = index, .body = body, .message = message, .reason = reason};

    if (v->failed != ESEP_OK)
        return v->failed;
    if (index != v->tree.size)
        return esep_because(reason, ESEP_CORRUPT, "log index %llu where %llu is next",
                            (unsigned long long)index, (unsigned long long)v->tree.size);
    if (esep_leaf_unpack(leaf, &entry.leaf) != ESEP_OK ||
        (index == 0 && entry.leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS))
        return esep_because(reason, ESEP_CORRUPT, "log index %llu: no leaf that may stand here",
                            (unsigned long long)index);
    if (v->rows_flushed) {
        esep_buf_clear(&v->rows);
        v->rows_flushed = false;
    }
    const enum esep_status status = handlers[entry.leaf.type](v, &entry);
    if (status != ESEP_OK)
        return status;
    esep_merkle_append_seen(&v->tree, leaf, node_complete, v);
    v->last_at = entry.leaf.accepted_at;
    v->changed = true;
    return v->failed;
}
