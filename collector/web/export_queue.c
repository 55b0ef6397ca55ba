/* collector/web/export_queue.c - see export_queue.h: a table of few places, looked through whole.
 */
#include "collector/web/export_queue.h"

#include <stdlib.h>

struct web_export_queue {
    struct web_export_limits limits;
    void (*on_drop)(void *context, const struct web_export *e);
    void *context;
    uint64_t last_number;
    struct web_export places[];
};

enum esep_status web_export_queue_new(struct web_export_queue **ret,
                                      const struct web_export_limits *limits,
                                      void (*on_drop)(void *context, const struct web_export *e),
                                      void *context)
{
    struct web_export_queue *queue =
        calloc(1, sizeof *queue + limits->places * sizeof queue->places[0]);
    if (queue == NULL)
        return ESEP_NOMEM;
    queue->limits = *limits;
    queue->on_drop = on_drop;
    queue->context = context;
    for (size_t i = 0; i < limits->places; i++)
        queue->places[i].place = i;
    *ret = queue;
    return ESEP_OK;
}

void web_export_drop(struct web_export_queue *queue, struct web_export *e)
{
    queue->on_drop(queue->context, e);
    *e = (struct web_export){.place = e->place};
}

void web_export_queue_free(struct web_export_queue *queue)
{
    if (queue == NULL)
        return;
    for (size_t i = 0; i < queue->limits.places; i++) {
        if (queue->places[i].state != WEB_EXPORT_NONE)
            web_export_drop(queue, &queue->places[i]);
    }
    free(queue);
}

static bool is_ended(const struct web_export *e)
{
    return e->state == WEB_EXPORT_DONE || e->state == WEB_EXPORT_FAILED;
}

/* owner NULL: anybody's. */
static struct web_export *oldest_ended(struct web_export_queue *queue, const char *owner)
{
    struct web_export *oldest = NULL;
    for (size_t i = 0; i < queue->limits.places; i++) {
        struct web_export *e = &queue->places[i];
        if (is_ended(e) && (owner == NULL || strcmp(e->owner, owner) == 0) &&
            (oldest == NULL || e->number < oldest->number))
            oldest = e;
    }
    return oldest;
}

static struct web_export *free_place(struct web_export_queue *queue)
{
    for (size_t i = 0; i < queue->limits.places; i++) {
        if (queue->places[i].state == WEB_EXPORT_NONE)
            return &queue->places[i];
    }
    return NULL;
}

enum esep_status web_export_ask(struct web_export_queue *queue, const char *owner,
                                const uint8_t id[WEB_EXPORT_ID_BYTES],
                                const struct web_export_wish *wish, esep_time now,
                                struct web_export **ret)
{
    size_t own = 0;
    for (size_t i = 0; i < queue->limits.places; i++)
        own +=
            queue->places[i].state != WEB_EXPORT_NONE && strcmp(queue->places[i].owner, owner) == 0;
    const bool share_taken = own >= queue->limits.of_one_owner_max;
    struct web_export *e = share_taken ? NULL : free_place(queue);
    if (e == NULL) {
        e = oldest_ended(queue, share_taken ? owner : NULL);
        if (e == NULL)
            return share_taken ? ESEP_LIMIT : ESEP_AGAIN;
        web_export_drop(queue, e);
    }
    ESEP_ASSERT(strlen(owner) < sizeof e->owner);
    e->state = WEB_EXPORT_QUEUED;
    e->number = ++queue->last_number;
    e->wish = *wish;
    e->asked_at = now;
    memcpy(e->id, id, sizeof e->id);
    memcpy(e->owner, owner, strlen(owner) + 1);
    *ret = e;
    return ESEP_OK;
}

struct web_export *web_export_start(struct web_export_queue *queue, esep_time now)
{
    struct web_export *next = NULL;
    if (web_export_count(queue, WEB_EXPORT_RUNNING) >= queue->limits.running_max)
        return NULL;
    for (size_t i = 0; i < queue->limits.places; i++) {
        struct web_export *e = &queue->places[i];
        if (e->state == WEB_EXPORT_QUEUED && (next == NULL || e->number < next->number))
            next = e;
    }
    if (next != NULL) {
        next->state = WEB_EXPORT_RUNNING;
        next->started_at = now;
    }
    return next;
}

void web_export_progress(struct web_export *e, unsigned percent)
{
    ESEP_ASSERT(e->state == WEB_EXPORT_RUNNING);
    if (percent > e->percent)
        e->percent = percent < 100 ? percent : 100;
}

static uint64_t bytes_of_all(const struct web_export_queue *queue)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < queue->limits.places; i++)
        bytes += queue->places[i].size_bytes;
    return bytes;
}

void web_export_end(struct web_export_queue *queue, struct web_export *e, const char *reason,
                    uint64_t size_bytes, esep_time now)
{
    ESEP_ASSERT(e->state == WEB_EXPORT_RUNNING);
    e->ended_at = now;
    e->state = reason == NULL ? WEB_EXPORT_DONE : WEB_EXPORT_FAILED;
    if (reason != NULL) {
        const size_t len = strnlen(reason, sizeof e->reason - 1);
        memcpy(e->reason, reason, len);
        e->reason[len] = '\0';
        return;
    }
    e->percent = 100;
    e->size_bytes = size_bytes;
    while (bytes_of_all(queue) > queue->limits.bytes_max) {
        struct web_export *oldest = oldest_ended(queue, NULL);
        if (oldest == NULL || oldest == e)
            return; /* alone it is as large as it may be: the shell bounds each */
        web_export_drop(queue, oldest);
    }
}

struct web_export *web_export_tick(struct web_export_queue *queue, esep_time now)
{
    struct web_export *late = NULL;
    for (size_t i = 0; i < queue->limits.places; i++) {
        struct web_export *e = &queue->places[i];
        if (is_ended(e) && now - e->ended_at >= queue->limits.kept)
            web_export_drop(queue, e);
        else if (e->state == WEB_EXPORT_RUNNING && now - e->started_at >= queue->limits.patience)
            late = e;
    }
    return late;
}

struct web_export *web_export_find(struct web_export_queue *queue, const char *owner,
                                   const uint8_t id[WEB_EXPORT_ID_BYTES])
{
    for (size_t i = 0; i < queue->limits.places; i++) {
        struct web_export *e = &queue->places[i];
        if (e->state != WEB_EXPORT_NONE && memcmp(e->id, id, sizeof e->id) == 0 &&
            strcmp(e->owner, owner) == 0)
            return e;
    }
    return NULL;
}

struct web_export *web_export_keyed(struct web_export_queue *queue, const char *owner,
                                    const struct esep_hash *key)
{
    for (size_t i = 0; i < queue->limits.places; i++) {
        struct web_export *e = &queue->places[i];
        if (e->state != WEB_EXPORT_NONE && strcmp(e->owner, owner) == 0 &&
            esep_hash_equal(&e->key, key))
            return e;
    }
    return NULL;
}

struct web_export *web_export_next(struct web_export_queue *queue, const char *owner,
                                   const struct web_export *before)
{
    struct web_export *next = NULL;
    for (size_t i = 0; i < queue->limits.places; i++) {
        struct web_export *e = &queue->places[i];
        if (e->state != WEB_EXPORT_NONE && strcmp(e->owner, owner) == 0 &&
            (before == NULL || e->number < before->number) &&
            (next == NULL || e->number > next->number))
            next = e;
    }
    return next;
}

size_t web_export_before(const struct web_export_queue *queue, const struct web_export *e)
{
    size_t count = 0;
    for (size_t i = 0; i < queue->limits.places; i++)
        count += queue->places[i].state == WEB_EXPORT_QUEUED && queue->places[i].number < e->number;
    return count;
}

size_t web_export_count(const struct web_export_queue *queue, enum web_export_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < queue->limits.places; i++)
        count += queue->places[i].state == state;
    return count;
}

struct web_export *web_export_at(struct web_export_queue *queue, size_t place)
{
    ESEP_ASSERT(place < queue->limits.places);
    return queue->places[place].state != WEB_EXPORT_NONE ? &queue->places[place] : NULL;
}
