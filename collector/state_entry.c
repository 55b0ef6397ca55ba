/* collector/state_entry.c - one entry out of the committed log, held against its hash; see state.h.
 *
 * LMDB has no checksums of pages: a bit that the disk has lost is found here before it is mailed,
 * delivered or shown. A body must give the hash in its leaf. The leaves stand under the Merkle
 * tree, which `log verify` makes anew.
 */
#include "collector/state.h"
#include "wire/statement.h"

struct found {
    struct esep_buf *buf;
    bool entry_known;
    size_t at; /* of the entry in buf */
};

static bool take_entry(void *context, uint64_t index, struct esep_slice leaf,
                       struct esep_slice body)
{
    struct found *f = context;
    (void)index;
    enum esep_status status = esep_buf_put(f->buf, leaf.data, leaf.len);
    if (status == ESEP_OK)
        status = esep_buf_put(f->buf, body.data, body.len);
    f->entry_known = status == ESEP_OK;
    return false;
}

static bool holds(const struct found *f)
{
    struct esep_slice entry = esep_slice(f->buf->data + f->at, f->buf->len - f->at);
    struct esep_hash content =
        esep_content_hash(esep_slice(entry.data + ESEP_LEAF_BYTES, entry.len - ESEP_LEAF_BYTES));
    struct esep_leaf leaf;
    return esep_leaf_unpack(esep_slice(entry.data, ESEP_LEAF_BYTES), &leaf) == ESEP_OK &&
           esep_hash_equal(&content, &leaf.content);
}

enum esep_status collector_state_entry(struct collector_log *log, uint64_t index,
                                       struct esep_buf *ret_entry, struct esep_reason *reason)
{
    struct found f = {.buf = ret_entry, .at = ret_entry->len};
    enum esep_status status = log->ops->read(log, index, 1, take_entry, &f, reason);
    if (status == ESEP_OK && !f.entry_known)
        status =
            esep_because(reason, ESEP_NOT_FOUND, "the log has no entry %llu, or it is too large",
                         (unsigned long long)index);
    else if (status == ESEP_OK && !holds(&f))
        status = esep_because(reason, ESEP_CORRUPT,
                              "log entry %llu is damaged: it does not give the hash in its leaf; "
                              "run `esep-collector log verify` and restore a backup",
                              (unsigned long long)index);
    if (status != ESEP_OK)
        ret_entry->len = f.at; /* all or nothing */
    return status;
}
