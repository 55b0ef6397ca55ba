/* collector/log_rotate.c - see log_rotate.h. */
#include "collector/log_rotate.h"

#include "wire/unpack.h"

#define BODY_MAX 512
#define ROWS_MAX 8

static enum esep_status not_ours(struct esep_reason *reason)
{
    return esep_because(reason, ESEP_DENIED,
                        "the key file, or the signer's, is not the one that this log is signed by: "
                        "put the right one back; offices and auditors trust its keys alone");
}

/* What the signer has taken since this log's newest entry about it: only a log that was put back
 * lacks any. The generation that it begins is behind all of them, as heads belong to keys by it:
 * also where the clock that numbers it has been set back since, and the copy is older than the
 * generations in which the keys changed. */
static enum esep_status take_chain(struct log_start *s, uint64_t count, struct esep_reason *reason)
{
    for (uint64_t i = s->keys.count; i < count; i++) {
        const struct signer_request request = {.op = SIGNER_CHAIN, .size = i};
        const uint8_t *old = esep_log_keys_newest(&s->keys);
        struct esep_log_key key;
        const enum esep_status status = collector_signer_change(s->signer, &request, &key, reason);
        if (status != ESEP_OK)
            return status;
        if (s->generation == views_generation(s->views).number || key.generation == UINT64_MAX ||
            !esep_log_key_verify(&s->log->log_id, old, &key) ||
            esep_log_keys_push(&s->keys, old, &key) != ESEP_OK)
            return not_ours(reason);
        if (key.generation >= s->generation)
            s->generation = key.generation + 1;
    }
    return ESEP_OK;
}

static enum esep_status head(struct log_start *s, const uint8_t public_key[ESEP_KEY_BYTES],
                             struct esep_reason *reason)
{
    struct esep_growth growth = {.generation = s->generation};
    char origin[ESEP_ORIGIN_MAX + 1];
    esep_log_origin(&s->log->log_id, s->generation, origin);
    const enum esep_status status =
        collector_signer_first(s->signer, origin, views_tree(s->views), s->source, &growth, reason);
    if (status != ESEP_OK)
        return status;
    memcpy(s->signature, growth.signature, sizeof s->signature);
    return esep_growth_signed(&s->log->log_id, public_key, &growth)
               ? ESEP_OK
               : esep_because(reason, ESEP_CORRUPT,
                              "the signer signs with another key than the log's");
}

static bool cut_off(const struct log_start *s, unsigned step)
{
    return s->steps != 0 && s->steps == step;
}

/* Steps 4 to 6. */
static enum esep_status switch_over(struct log_start *s, struct esep_reason *reason)
{
    const struct esep_log_key *key = &s->keys.at[s->keys.count - 1];
    const struct signer_request request = {.op = SIGNER_SWITCH,
                                           .generation = key->generation,
                                           .size = key->size,
                                           .at = key->at,
                                           .log_id = s->log->log_id};
    struct esep_log_key made;
    if (cut_off(s, 3))
        return ESEP_AGAIN;
    enum esep_status status = head(s, s->keys.at[s->keys.count - 2].public, reason);
    if (status == ESEP_OK && cut_off(s, 4))
        status = ESEP_AGAIN;
    if (status == ESEP_OK)
        status = collector_signer_change(s->signer, &request, &made, reason);
    if (status == ESEP_OK && memcmp(made.public, key->public, ESEP_KEY_BYTES) != 0)
        status = not_ours(reason);
    if (status == ESEP_OK && cut_off(s, 5))
        status = ESEP_AGAIN;
    if (status == ESEP_OK)
        status = head(s, key->public, reason);
    s->rotated = status == ESEP_OK;
    return status;
}

struct row_list {
    size_t count;
    struct collector_row rows[ROWS_MAX];
};

static enum esep_status keep_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct row_list *list = context;
    if (list->count == ROWS_MAX)
        return ESEP_LIMIT;
    list->rows[list->count++] = (struct collector_row){.key = key, .value = value};
    return ESEP_OK;
}

static enum esep_status pack_body(const struct log_start *s, struct esep_buf *body)
{
    Esep__V1__LogKey message;
    uint8_t nonce[ESEP_NONCE_FIELD_BYTES];
    esep_log_key_write(&s->keys, s->keys.count - 1, &message);
    esep_nonce_field(s->nonce, nonce);
    const enum esep_status status = esep_pack(&message.base, body);
    return status == ESEP_OK ? esep_buf_put(body, nonce, sizeof nonce) : status;
}

/* Step 3. */
static enum esep_status log_key(const struct log_start *s, struct esep_reason *reason)
{
    struct row_list rows = {0};
    struct esep_buf body;
    struct collector_record record;
    const uint64_t index = views_log_size(s->views);
    esep_buf_init(&body, BODY_MAX);
    enum esep_status status = pack_body(s, &body);
    record.body = esep_buf_slice(&body);
    const struct esep_leaf leaf =
        esep_leaf_of_own(ESEP__V1__LOG_TYPE__LOG_TYPE_LOG_KEY, 0, record.body, s->now);
    esep_leaf_pack(&leaf, record.leaf);
    if (status == ESEP_OK)
        status = views_apply(s->views, index, esep_slice(record.leaf, sizeof record.leaf),
                             record.body, NULL, reason);
    if (status == ESEP_OK)
        status = views_flush(s->views, keep_row, &rows);
    const struct collector_batch batch = {.first_index = index,
                                          .records = &record,
                                          .record_count = 1,
                                          .rows = rows.rows,
                                          .row_count = rows.count};
    if (status == ESEP_OK)
        status = s->log->ops->append(s->log, &batch, reason);
    esep_buf_done(&body);
    return status;
}

/* Steps 2 to 6. */
static enum esep_status rotate(struct log_start *s, const struct collector_signer_keys *signer,
                               struct esep_reason *reason)
{
    const uint8_t *old = esep_log_keys_newest(&s->keys);
    const struct signer_request request = {.op = SIGNER_NEXT,
                                           .generation = s->generation,
                                           .size = views_log_size(s->views) + 1,
                                           .at = s->now,
                                           .log_id = s->log->log_id};
    struct esep_log_key key;
    enum esep_status status = collector_signer_change(s->signer, &request, &key, reason);
    if (status != ESEP_OK)
        return status;
    if (memcmp(key.public, signer->next, ESEP_KEY_BYTES) != 0 || key.size != request.size ||
        key.generation != request.generation || key.at != request.at ||
        !esep_log_key_verify(&s->log->log_id, old, &key))
        return esep_because(reason, ESEP_CORRUPT,
                            "the signer's statement about the log's next key "
                            "does not hold");
    status = esep_log_keys_push(&s->keys, old, &key);
    if (status != ESEP_OK)
        return esep_because(reason, ESEP_DENIED,
                            "the signer's next key was the log's before, or the log has had %u "
                            "keys: take it away, and make another",
                            ESEP_LOG_KEYS_MAX);
    status = log_key(s, reason);
    return status == ESEP_OK ? switch_over(s, reason) : status;
}

enum esep_status log_start(struct log_start *s, struct esep_reason *reason)
{
    struct collector_signer_keys signer;
    enum esep_status status = collector_signer_keys(s->signer, &signer, reason);
    if (status != ESEP_OK)
        return status;
    s->keys = *views_log_keys(s->views);
    s->rotated = s->waits = false;
    const size_t count = s->keys.count;
    const size_t place = esep_log_keys_find(&s->keys, signer.present);
    /* The log says so already, and the signer was not told. */
    if (signer.has_next && count > 1 && place == count - 2 &&
        memcmp(s->keys.at[count - 1].public, signer.next, ESEP_KEY_BYTES) == 0)
        return switch_over(s, reason);
    if (place == count)
        status = take_chain(s, signer.count, reason);
    if (status == ESEP_OK &&
        memcmp(esep_log_keys_newest(&s->keys), signer.present, ESEP_KEY_BYTES) != 0)
        status = not_ours(reason);
    if (status == ESEP_OK)
        status = head(s, signer.present, reason); /* step 1 */
    if (status != ESEP_OK || !signer.has_next)
        return status;
    /* A generation that is to begin comes first, and so do the keys that it says again. */
    s->waits =
        s->stay || s->generation != views_generation(s->views).number || s->keys.count != count;
    return s->waits ? ESEP_OK : rotate(s, &signer, reason);
}
