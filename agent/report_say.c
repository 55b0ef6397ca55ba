/* agent/report_say.c - see report_say.h. */
#include "agent/report_say.h"

#include "agent/holds.h"

json_t *agent_receipt_json(struct agent_desk *desk, const struct esep_receipt *r,
                           const struct esep_receipt *promise, const struct esep_zone *zone)
{
    const bool entries = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    const struct esep_receipt *said = entries ? promise : r;
    const esep_time committed_at = said != NULL ? said->accepted_at : 0;
    struct agent_proof proof;
    const bool proven = journal_proof(&desk->journal, r, &proof, NULL) == ESEP_OK;
    json_t *value = json_pack(
        "{s:s, s:s, s:i, s:i, s:I, s:I, s:o, s:I, s:I, s:o, s:o, s:I, s:I, s:o}", "format",
        "esep-receipt/2", "kind", entries ? "entries" : "commitment", "office", (int)r->office,
        "epoch", (int)r->epoch, "first_seq", (json_int_t)r->first_seq, "through_seq",
        (json_int_t)r->through_seq, "head", agent_json_hex(r->head.bytes, ESEP_HASH_BYTES),
        "first_index", (json_int_t)r->first_index, "last_index", (json_int_t)r->last_index,
        "accepted_at", esep_json_time(r->accepted_at, zone), "committed_at",
        esep_json_time(committed_at, zone), "commitment_seq",
        (json_int_t)(said != NULL ? said->through_seq : 0), "checkpoint_size",
        (json_int_t)r->checkpoint_size, "checkpoint_root",
        agent_json_hex(r->checkpoint_root.bytes, ESEP_HASH_BYTES));
    if (value == NULL)
        return NULL;
    uint8_t key[ESEP_KEY_BYTES];
    agent_receipt_key(desk, r, key);
    /* To the microsecond, as they stand in leaves. */
    (void)json_object_set_new(value, "accepted_at_us", json_integer((json_int_t)r->accepted_at));
    (void)json_object_set_new(value, "committed_at_us", json_integer((json_int_t)committed_at));
    (void)json_object_set_new(value, "log_id",
                              agent_json_hex(desk->identity.log_id.bytes, ESEP_HASH_BYTES));
    (void)json_object_set_new(value, "log_key", agent_json_hex(key, ESEP_KEY_BYTES));
    (void)json_object_set_new(value, "leaf",
                              proven ? agent_json_hex(proof.leaf, ESEP_LEAF_BYTES) : json_null());
    (void)json_object_set_new(value, "leaf_index",
                              proven ? json_integer((json_int_t)proof.index) : json_null());
    return value;
}

int agent_say_written(struct agent_desk *desk, const struct agent_written *w, uint64_t count,
                      const struct esep_receipt *receipt, bool json)
{
    struct esep_receipt found;
    const bool promised = receipt != NULL && journal_promise(&desk->journal, w->epoch, w->seq,
                                                             receipt, &found, NULL) == ESEP_OK;
    const struct esep_receipt *promise = promised ? &found : NULL;
    if (json) {
        json_t *value = json_pack(
            "{s:s, s:i, s:i, s:I, s:I, s:I, s:o, s:o}", "format", "esep-entry/1", "office",
            (int)desk->identity.office, "epoch", (int)w->epoch, "first_seq",
            (json_int_t)w->first_seq, "seq", (json_int_t)w->seq, "count", (json_int_t)count,
            "chain_hash", agent_json_hex(w->chain.bytes, ESEP_HASH_BYTES), "receipt",
            receipt != NULL ? agent_receipt_json(desk, receipt, promise, NULL) : json_null());
        if (w->obligation[0] != 0) {
            (void)json_object_set_new(value, "content_hash",
                                      agent_json_hex(w->content.bytes, ESEP_HASH_BYTES));
            (void)json_object_set_new(value, "obligation", json_string(w->obligation));
            (void)json_object_set_new(value, "revision", json_integer((json_int_t)w->revision));
        }
        return esep_json_print(value);
    }
    if (count == 1 && w->obligation[0] != 0 && w->revision == 0)
        (void)printf("saved: entry %llu, on %s\n", (unsigned long long)w->seq, w->obligation);
    else if (count == 1 && w->obligation[0] != 0)
        (void)printf("saved: entry %llu, revision %u of %s\n", (unsigned long long)w->seq,
                     w->revision, w->obligation);
    else
        (void)printf("saved: %llu reports, entries %llu to %llu\n", (unsigned long long)count,
                     (unsigned long long)w->first_seq, (unsigned long long)w->seq);
    if (receipt == NULL)
        return 0;
    char at[32];
    esep_time_format(promised ? promise->accepted_at : receipt->accepted_at, NULL, at);
    (void)printf("received: log entry %llu, counts from %s\n",
                 (unsigned long long)receipt->last_index, at);
    return 0;
}

int agent_say_draft(const char *obligation, bool json)
{
    if (json)
        return esep_json_print(
            json_pack("{s:s, s:s}", "format", "esep-draft/1", "obligation", obligation));
    (void)printf("draft kept: %s\n", obligation);
    return 0;
}

static bool list_draft(void *context, const char *obligation, struct esep_slice report)
{
    (void)report;
    return json_array_append_new(context, json_string(obligation)) == 0;
}

int agent_say_drafts(struct agent_desk *desk, bool json)
{
    struct esep_reason reason = {""};
    json_t *list = json_array();
    enum esep_status status = journal_drafts(&desk->journal, list_draft, list, &reason);
    if (status != ESEP_OK) {
        json_decref(list);
        return agent_fail(status, &reason);
    }
    if (json)
        return esep_json_print(json_pack("{s:s, s:o}", "format", "esep-drafts/1", "drafts", list));
    for (size_t i = 0; i < json_array_size(list); i++)
        (void)printf("%s\n", json_string_value(json_array_get(list, i)));
    json_decref(list);
    return 0;
}
