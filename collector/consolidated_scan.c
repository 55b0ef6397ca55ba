/* collector/consolidated_scan.c - one pass over the log: which reports were taken, and what reviews
 * and withdrawals did to them; see consolidated.h.
 *
 * The views keep standing revisions alone; an accepted report may have been superseded since, and
 * a lead may cite any revision. The log is read some thousand entries at a time, so that no read
 * transaction stays open for long.
 */
#include "collector/consolidated.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <stdlib.h>

#define PIECE 4096
#define SCRATCH_BYTES ((size_t)8 << 20) /* one entry, unpacked */

struct scan {
    struct consolidated *c;
    const bool *wanted;
    size_t cap, max;
    struct esep_arena scratch;
    struct esep_buf withdrawn; /* content hashes, one behind the other */
    enum esep_status status;
};

static enum esep_status keep(struct scan *scan, const struct consolidated_filed *filed)
{
    struct consolidated *c = scan->c;
    if (c->filed_count == scan->max)
        return ESEP_LIMIT;
    if (c->filed_count == scan->cap) {
        size_t cap = scan->cap > 0 ? 2 * scan->cap : 1024;
        if (cap > scan->max)
            cap = scan->max;
        struct consolidated_filed *grown = reallocarray(c->filed, cap, sizeof *grown);
        if (grown == NULL)
            return ESEP_NOMEM;
        c->filed = grown;
        scan->cap = cap;
    }
    c->filed[c->filed_count++] = *filed;
    return ESEP_OK;
}

/* While the log is read, filed ascends by index. */
static struct consolidated_filed *filed_at(struct consolidated *c, uint64_t index)
{
    size_t low = 0;
    size_t high = c->filed_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c->filed[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->filed_count && c->filed[low].index == index ? &c->filed[low] : NULL;
}

static const ProtobufCMessage *unpacked(struct scan *scan, const ProtobufCMessageDescriptor *kind,
                                        struct esep_slice body)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&scan->scratch);
    return esep_unpack(kind, body, &scan->scratch, &message) == ESEP_OK ? message : NULL;
}

static int percent_of(const Esep__V1__Report *report)
{
    return report->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT ? (int)report->percent : -1;
}

static enum esep_status take_report(struct scan *scan, uint64_t index, const struct esep_leaf *leaf,
                                    struct esep_slice body, const Esep__V1__JournalEntry *entry)
{
    const struct views *views = scan->c->source.views;
    const struct views_obligation *o = views_obligation_by_key(views, entry->report->obligation);
    if (o == NULL || !scan->wanted[o->number])
        return ESEP_OK;
    const struct consolidated_filed filed = {.index = index,
                                             .obligation = o->number,
                                             .office = leaf->office,
                                             .revision = entry->report->revision,
                                             .received_at = leaf->accepted_at,
                                             .written_at = entry->written_at_us,
                                             .content = esep_content_hash(body),
                                             .fulfilment = entry->report->fulfilment,
                                             .percent = percent_of(entry->report)};
    return keep(scan, &filed);
}

/* A withdrawal may come before what it names: the names are kept till the end. */
static enum esep_status take_withdrawal(struct scan *scan, const Esep__V1__Withdrawal *withdrawal)
{
    if (withdrawal->report.len != ESEP_HASH_BYTES)
        return ESEP_OK;
    return esep_buf_put(&scan->withdrawn, withdrawal->report.data, ESEP_HASH_BYTES);
}

static enum esep_status take_entry(struct scan *scan, uint64_t index, const struct esep_leaf *leaf,
                                   struct esep_slice body)
{
    if (leaf->verdict != ESEP__V1__VERDICT__VERDICT_TAKEN &&
        leaf->verdict != ESEP__V1__VERDICT__VERDICT_CONFLICT)
        return ESEP_OK;
    const Esep__V1__JournalEntry *entry =
        (const Esep__V1__JournalEntry *)unpacked(scan, &esep__v1__journal_entry__descriptor, body);
    if (entry == NULL)
        return ESEP_CORRUPT; /* it was read when it was taken */
    if (entry->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return take_report(scan, index, leaf, body, entry);
    if (entry->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL)
        return take_withdrawal(scan, entry->withdrawal);
    return ESEP_OK;
}

static enum esep_status take_review(struct scan *scan, struct esep_slice body)
{
    const Esep__V1__Review *review =
        (const Esep__V1__Review *)unpacked(scan, &esep__v1__review__descriptor, body);
    if (review == NULL)
        return ESEP_CORRUPT;
    struct consolidated_filed *filed = filed_at(scan->c, review->report_index);
    if (filed != NULL)
        filed->accepted = review->accept; /* the latest word on it counts */
    return ESEP_OK;
}

static bool visit(void *context, uint64_t index, struct esep_slice bytes, struct esep_slice body)
{
    struct scan *scan = context;
    struct esep_leaf leaf;
    scan->status = esep_leaf_unpack(bytes, &leaf);
    if (scan->status == ESEP_OK && leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY)
        scan->status = take_entry(scan, index, &leaf, body);
    else if (scan->status == ESEP_OK && leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW)
        scan->status = take_review(scan, body);
    return scan->status == ESEP_OK;
}

static int by_obligation(const void *left, const void *right)
{
    const struct consolidated_filed *a = left;
    const struct consolidated_filed *b = right;
    if (a->obligation != b->obligation)
        return a->obligation < b->obligation ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static int by_content(const void *left, const void *right, void *context)
{
    const struct consolidated *c = context;
    const struct consolidated_filed *a = &c->filed[*(const uint32_t *)left];
    const struct consolidated_filed *b = &c->filed[*(const uint32_t *)right];
    int order = memcmp(a->content.bytes, b->content.bytes, ESEP_HASH_BYTES);
    return order != 0 ? order : a->index < b->index ? -1 : a->index > b->index;
}

size_t consolidated_first_named(const struct consolidated *c, const uint8_t content[32])
{
    size_t low = 0;
    size_t high = c->filed_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(c->filed[c->by_content[middle]].content.bytes, content, ESEP_HASH_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum esep_status sort(struct consolidated *c)
{
    if (c->filed_count == 0)
        return ESEP_OK;
    c->by_content = calloc(c->filed_count, sizeof *c->by_content);
    if (c->by_content == NULL)
        return ESEP_NOMEM;
    qsort(c->filed, c->filed_count, sizeof *c->filed, by_obligation);
    for (size_t i = 0; i < c->filed_count; i++)
        c->by_content[i] = (uint32_t)i;
    qsort_r(c->by_content, c->filed_count, sizeof *c->by_content, by_content, c);
    return ESEP_OK;
}

static void mark_withdrawn(struct consolidated *c, struct esep_slice names)
{
    for (size_t at = 0; at < names.len; at += ESEP_HASH_BYTES) {
        const uint8_t *name = names.data + at;
        size_t low = consolidated_first_named(c, name);
        for (; low < c->filed_count; low++) {
            struct consolidated_filed *filed = &c->filed[c->by_content[low]];
            if (memcmp(filed->content.bytes, name, ESEP_HASH_BYTES) != 0)
                break;
            filed->withdrawn = true;
        }
    }
}

enum esep_status consolidated_scan(struct consolidated *c, const bool *wanted,
                                   const struct consolidated_options *options,
                                   struct esep_reason *reason)
{
    struct scan scan = {.c = c, .wanted = wanted, .max = options->bytes_max / sizeof *c->filed};
    if (scan.max > UINT32_MAX)
        scan.max = UINT32_MAX;
    enum esep_status status = esep_arena_init(&scan.scratch, SCRATCH_BYTES);
    esep_buf_init(&scan.withdrawn, options->bytes_max);
    for (uint64_t at = 0; status == ESEP_OK && at < c->log_size; at += PIECE) {
        uint64_t count = c->log_size - at < PIECE ? c->log_size - at : PIECE;
        status = c->source.log->ops->read(c->source.log, at, count, visit, &scan, reason);
        if (status == ESEP_OK)
            status = scan.status;
        if (status == ESEP_OK && options->progress != NULL &&
            !options->progress(options->progress_context, at + count, c->log_size))
            status = esep_because(reason, ESEP_AGAIN, "stopped while the log was read");
    }
    if (status == ESEP_LIMIT)
        (void)esep_because(reason, status, "more than %zu reports: too many for one export",
                           scan.max);
    else if (status == ESEP_CORRUPT)
        (void)esep_because(reason, status,
                           "the log holds an entry that cannot be read: run `esep-collector log "
                           "verify`");
    if (status == ESEP_OK)
        status = sort(c);
    if (status == ESEP_OK)
        mark_withdrawn(c, esep_buf_slice(&scan.withdrawn));
    esep_buf_done(&scan.withdrawn);
    esep_arena_done(&scan.scratch);
    return status;
}
