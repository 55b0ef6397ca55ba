/* collector/web/index.c - see index.h. */
#include "collector/web/index.h"

#include "esep/v1/report.pb-c.h"
#include "wire/unpack.h"

#include <stdlib.h>

enum { NONE = 0, STEP = 1024, MESSAGE_BYTES = 8 << 20 };

struct link {
    uint32_t low, high; /* the log index: halves, so that a link has 12 bytes and no hole */
    uint32_t older;     /* place + 1 of the next; 0: none */
};
struct web_index {
    uint64_t size;
    uint32_t obligations_max;
    uint32_t *newest; /* of each obligation, place + 1 */
    struct link *links;
    uint32_t link_count, link_cap;
    uint64_t recent[WEB_INDEX_RECENT];
    uint64_t recent_count; /* ever */
    struct esep_arena arena;
};

enum esep_status web_index_new(struct web_index **ret, uint32_t obligations_max)
{
    struct web_index *index = calloc(1, sizeof *index);
    if (index == NULL)
        return ESEP_NOMEM;
    index->obligations_max = obligations_max;
    index->newest = calloc((size_t)obligations_max + 1, sizeof *index->newest);
    if (index->newest == NULL || esep_arena_init(&index->arena, MESSAGE_BYTES) != ESEP_OK) {
        web_index_free(index);
        return ESEP_NOMEM;
    }
    *ret = index;
    return ESEP_OK;
}

void web_index_free(struct web_index *index)
{
    if (index == NULL)
        return;
    esep_arena_done(&index->arena);
    free(index->newest);
    free(index->links);
    free(index);
}

uint64_t web_index_size(const struct web_index *index)
{
    return index->size;
}

struct follow {
    struct web_index *index;
    const struct views *views;
    enum esep_status status;
    struct esep_reason *reason;
};

/* Room for as many links as one entry can make, before the first of them is made. */
static enum esep_status room(struct follow *f, size_t more)
{
    struct web_index *index = f->index;
    if (index->link_cap - index->link_count >= more)
        return ESEP_OK;
    size_t cap = (size_t)index->link_cap * 2 + more + STEP;
    if (index->link_count + more > WEB_INDEX_LINKS_MAX)
        return esep_because(f->reason, ESEP_LIMIT,
                            "the page's index is full: %u entries speak of obligations",
                            index->link_count);
    if (cap > WEB_INDEX_LINKS_MAX)
        cap = WEB_INDEX_LINKS_MAX;
    struct link *links = realloc(index->links, cap * sizeof *links);
    if (links == NULL)
        return esep_because(f->reason, ESEP_NOMEM, "no memory for the page's index");
    index->links = links;
    index->link_cap = (uint32_t)cap;
    return ESEP_OK;
}

static void add(struct follow *f, const char *key, uint64_t at)
{
    struct web_index *index = f->index;
    const struct views_obligation *o = views_obligation_by_key(f->views, key);
    if (o == NULL || o->number >= index->obligations_max)
        return;
    uint32_t *newest = &index->newest[o->number];
    const struct link *last = *newest != NONE ? &index->links[*newest - 1] : NULL;
    if (last != NULL && ((uint64_t)last->high << 32 | last->low) == at)
        return; /* an alert may name it twice */
    index->links[index->link_count] =
        (struct link){.low = (uint32_t)at, .high = (uint32_t)(at >> 32), .older = *newest};
    *newest = ++index->link_count;
}

static const char *key_of_entry(const ProtobufCMessage *message)
{
    const Esep__V1__JournalEntry *e = (const Esep__V1__JournalEntry *)message;
    switch (e->body_case) {
    case ESEP__V1__JOURNAL_ENTRY__BODY_REPORT:
        return e->report->obligation;
    case ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL:
        return e->withdrawal->obligation;
    case ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST:
        return e->extension_request->obligation;
    default:
        return NULL;
    }
}

static const char *key_of_review(const ProtobufCMessage *message)
{
    return ((const Esep__V1__Review *)message)->obligation;
}

static const char *key_of_extension(const ProtobufCMessage *message)
{
    return ((const Esep__V1__Extension *)message)->obligation;
}

static const char *key_of_control(const ProtobufCMessage *message)
{
    return ((const Esep__V1__Control *)message)->obligation;
}

/* What people care about, and where its obligation stands. Without descriptor: told, not linked. */
static const struct kind {
    Esep__V1__LogType type;
    const ProtobufCMessageDescriptor *descriptor;
    const char *(*key)(const ProtobufCMessage *message);
} kinds[] = {
    {ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY, &esep__v1__journal_entry__descriptor, key_of_entry},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW, &esep__v1__review__descriptor, key_of_review},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION, &esep__v1__extension__descriptor, key_of_extension},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL, &esep__v1__control__descriptor, key_of_control},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT, &esep__v1__alert__descriptor, NULL},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN, NULL, NULL},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_KEY, NULL, NULL},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS, NULL, NULL},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_ALARM, NULL, NULL},
};

static const struct kind *kind_of(const struct esep_leaf *leaf)
{
    bool unread = leaf->verdict == ESEP__V1__VERDICT__VERDICT_MALFORMED ||
                  leaf->verdict == ESEP__V1__VERDICT__VERDICT_UNKNOWN_OBLIGATION;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == leaf->type)
            return unread ? NULL : &kinds[i];
    return NULL;
}

static enum esep_status link_entry(struct follow *f, const struct kind *kind, uint64_t at,
                                   struct esep_slice body)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&f->index->arena);
    enum esep_status status = esep_unpack(kind->descriptor, body, &f->index->arena, &message);
    if (status != ESEP_OK)
        return esep_because(f->reason, ESEP_CORRUPT, "log entry %llu cannot be read",
                            (unsigned long long)at);
    if (kind->key != NULL) {
        const char *key = kind->key(message);
        status = room(f, 1);
        if (status == ESEP_OK && key != NULL)
            add(f, key, at);
        return status;
    }
    const Esep__V1__Alert *alert = (const Esep__V1__Alert *)message;
    status = room(f, alert->n_items);
    for (size_t i = 0; status == ESEP_OK && i < alert->n_items; i++)
        add(f, alert->items[i]->obligation, at);
    return status;
}

static bool follow_entry(void *context, uint64_t at, struct esep_slice leaf_bytes,
                         struct esep_slice body)
{
    struct follow *f = context;
    struct esep_leaf leaf;
    f->status = esep_leaf_unpack(leaf_bytes, &leaf);
    if (f->status != ESEP_OK)
        return false;
    const struct kind *kind = kind_of(&leaf);
    if (kind != NULL && kind->descriptor != NULL)
        f->status = link_entry(f, kind, at, body);
    if (f->status != ESEP_OK)
        return false;
    if (kind != NULL)
        f->index->recent[f->index->recent_count++ % WEB_INDEX_RECENT] = at;
    f->index->size = at + 1;
    return true;
}

enum esep_status web_index_follow(struct web_index *index, struct collector_log *log,
                                  const struct views *views, struct esep_reason *reason)
{
    struct follow f = {.index = index, .views = views, .reason = reason};
    const uint64_t size = views_log_size(views);
    while (index->size < size) {
        const uint64_t before = index->size;
        const uint64_t count = size - before < STEP ? size - before : STEP;
        enum esep_status status = log->ops->read(log, before, count, follow_entry, &f, reason);
        if (status != ESEP_OK || f.status != ESEP_OK)
            return status != ESEP_OK ? status : f.status;
        if (index->size == before)
            return esep_because(reason, ESEP_CORRUPT, "the log has no entry %llu",
                                (unsigned long long)before);
    }
    return ESEP_OK;
}

size_t web_index_entries(const struct web_index *index, uint32_t obligation, uint64_t *ret_indexes,
                         size_t max)
{
    size_t count = 0;
    if (obligation >= index->obligations_max)
        return 0;
    for (uint32_t at = index->newest[obligation]; at != NONE && count < max;) {
        const struct link *link = &index->links[at - 1];
        ret_indexes[count++] = (uint64_t)link->high << 32 | link->low;
        at = link->older;
    }
    return count;
}

size_t web_index_recent(const struct web_index *index, bool all, uint64_t after,
                        uint64_t *ret_indexes, size_t max, bool *ret_gone)
{
    const uint64_t kept =
        index->recent_count < WEB_INDEX_RECENT ? index->recent_count : WEB_INDEX_RECENT;
    size_t count = 0;
    uint64_t back = 1;
    for (; back <= kept; back++) {
        const uint64_t at = index->recent[(index->recent_count - back) % WEB_INDEX_RECENT];
        if ((!all && at <= after) || count == max)
            break;
        ret_indexes[count++] = at;
    }
    const bool reached = back <= kept && !all &&
                         index->recent[(index->recent_count - back) % WEB_INDEX_RECENT] <= after;
    *ret_gone = !reached && (back <= kept || index->recent_count > kept);
    return count;
}
