/* collector/state_entry.c - one entry out of the committed log, held against its hash; see state.h.
 *
 * LMDB has no checksums of pages: a bit that the disk has lost is found here before it is mailed,
 * delivered or shown. A body must give the hash in its leaf: by itself, or, where an office wrote
 * it, as the next step of that office's chain. The leaves stand under the Merkle tree, which
 * `log verify` makes anew.
 */
#include "collector/state.h"
#include "collector/views_state.h"

struct found {
    struct esep_buf *buf;
    uint64_t index;
    bool before_known, entry_known;
    struct collector_leaf before, leaf;
    size_t at; /* of the entry in buf */
};

static bool take_entry(void *context, uint64_t index, struct esep_slice leaf,
                       struct esep_slice body)
{
    struct found *f = context;
    if (index < f->index) {
        f->before_known = collector_leaf_unpack(leaf, &f->before) == ESEP_OK;
        return true;
    }
    enum esep_status status = esep_buf_put(f->buf, leaf.data, leaf.len);
    if (status == ESEP_OK)
        status = esep_buf_put(f->buf, body.data, body.len);
    f->entry_known = status == ESEP_OK;
    return false;
}

static bool take_key(void *context, struct esep_slice key, struct esep_slice value)
{
    uint8_t *sign_key = context;
    char body[ESEP_BODY_CODE_MAX];
    char label[sizeof((struct views_office *)NULL)->label];
    struct views_reader r = {value.data, value.len, false};
    (void)key;
    views_rtext(&r, body, sizeof body);
    views_rtext(&r, label, sizeof label);
    (void)views_r8(&r);
    views_rbytes(&r, sign_key, ESEP_KEY_BYTES);
    return false;
}

/* The office's chain before this entry. */
static bool head_before(struct collector_log *log, const struct found *f, struct esep_hash *ret)
{
    const struct collector_leaf *leaf = &f->leaf;
    const struct collector_leaf *before = &f->before;
    uint64_t index = 0;
    struct collector_leaf earlier;
    uint8_t key[5] = {'F'};
    uint8_t sign_key[ESEP_KEY_BYTES] = {0};
    if (f->before_known && before->type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY &&
        before->office == leaf->office && before->epoch == leaf->epoch &&
        before->seq + 1 == leaf->seq) {
        *ret = before->hash;
        return true;
    }
    if (leaf->seq > 1) {
        if (collector_state_find(log, leaf->office, leaf->epoch, leaf->seq - 1, &index, &earlier) !=
            ESEP_OK)
            return false;
        *ret = earlier.hash;
        return true;
    }
    esep_be32_put(key + 1, leaf->office);
    struct esep_slice prefix = esep_slice(key, sizeof key);
    if (log->ops->rows(log, prefix, esep_slice(NULL, 0), take_key, sign_key, NULL) != ESEP_OK)
        return false;
    *ret = esep_chain_start(&log->log_id, leaf->office, leaf->epoch, sign_key);
    return true;
}

static bool holds(struct collector_log *log, struct found *f)
{
    struct esep_slice entry = esep_slice(f->buf->data + f->at, f->buf->len - f->at);
    struct esep_slice body =
        esep_slice(entry.data + COLLECTOR_LEAF_BYTES, entry.len - COLLECTOR_LEAF_BYTES);
    struct esep_hash hash;
    if (collector_leaf_unpack(esep_slice(entry.data, COLLECTOR_LEAF_BYTES), &f->leaf) != ESEP_OK)
        return false;
    if (f->leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY) {
        hash = esep_sha256(body);
    } else {
        if (!head_before(log, f, &hash))
            return false;
        hash = esep_chain_step(&hash, f->leaf.seq, body);
    }
    return esep_hash_equal(&hash, &f->leaf.hash);
}

enum esep_status collector_state_entry(struct collector_log *log, uint64_t index,
                                       struct esep_buf *ret_entry, struct esep_reason *reason)
{
    struct found f = {.buf = ret_entry, .index = index, .at = ret_entry->len};
    uint64_t from = index > 0 ? index - 1 : index;
    enum esep_status status = log->ops->read(log, from, index - from + 1, take_entry, &f, reason);
    if (status == ESEP_OK && !f.entry_known)
        status =
            esep_because(reason, ESEP_NOT_FOUND, "the log has no entry %llu, or it is too large",
                         (unsigned long long)index);
    else if (status == ESEP_OK && !holds(log, &f))
        status = esep_because(reason, ESEP_CORRUPT,
                              "log entry %llu is damaged: it does not give the hash in its leaf; "
                              "run `esep-collector log verify` and restore a backup",
                              (unsigned long long)index);
    if (status != ESEP_OK)
        ret_entry->len = f.at; /* all or nothing */
    return status;
}
