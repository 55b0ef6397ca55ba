/* collector/state.c - see state.h. */
#include "collector/state.h"

#include "io/clock.h"
#include "wire/unpack.h"

#include <stdlib.h>

#define ZONES_MAX 16
struct collector_zones {
    size_t count;
    struct esep_zone zones[ZONES_MAX];
};

struct collector_zones *collector_zones_new(void)
{
    return calloc(1, sizeof(struct collector_zones));
}

void collector_zones_free(struct collector_zones *zones)
{
    free(zones);
}

const struct esep_zone *collector_zones_get(void *context, const char *name)
{
    struct collector_zones *zones = context;
    for (size_t i = 0; i < zones->count; i++)
        if (strcmp(zones->zones[i].name, name) == 0)
            return &zones->zones[i];
    if (zones->count == ZONES_MAX)
        return NULL;
    struct esep_zone *zone = &zones->zones[zones->count];
    if (esep_zone_load(zone, name, NULL) != ESEP_OK)
        return NULL;
    zones->count++;
    return zone;
}

struct load {
    struct views *views;
    enum esep_status status;
    struct esep_reason *reason;
};

static bool load_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct load *load = context;
    load->status = views_load_row(load->views, key, value, load->reason);
    return load->status == ESEP_OK;
}

static bool load_plan(void *context, uint64_t index, struct esep_slice leaf, struct esep_slice body)
{
    struct load *load = context;
    struct esep_leaf known;
    struct esep_hash hash = esep_content_hash(body);
    /* Every due day follows from it: a bit that the disk has lost must not move one. */
    if (esep_leaf_unpack(leaf, &known) != ESEP_OK || !esep_hash_equal(&hash, &known.content))
        load->status = esep_because(load->reason, ESEP_CORRUPT,
                                    "log entry %llu, a plan, is damaged: restore a backup",
                                    (unsigned long long)index);
    else
        load->status = views_load_plan(load->views, index, body, load->reason);
    return false;
}

/* Tables that the views keep in memory; the rest (reports, mail, closings) are read where needed.
 */
static enum esep_status load_views(struct collector_state *state, struct esep_reason *reason)
{
    struct load load = {.views = state->views, .reason = reason};
    for (const char *table = VIEWS_TABLES_LOADED; *table != 0; table++) {
        enum esep_status status = state->log->ops->rows(
            state->log, esep_slice(table, 1), esep_slice(NULL, 0), load_row, &load, reason);
        if (status != ESEP_OK || load.status != ESEP_OK)
            return status != ESEP_OK ? status : load.status;
    }
    for (uint32_t plan = 0; plan < views_plan_count(state->views); plan++) {
        enum esep_status status = state->log->ops->read(
            state->log, views_plan_index(state->views, plan), 1, load_plan, &load, reason);
        if (status != ESEP_OK || load.status != ESEP_OK)
            return status != ESEP_OK ? status : load.status;
    }
    enum esep_status ended = views_load_end(state->views, reason);
    if (ended != ESEP_OK)
        return ended;
    uint64_t size = 0;
    enum esep_status status = state->log->ops->size(state->log, &size);
    if (status == ESEP_OK && size != views_log_size(state->views))
        return esep_because(reason, ESEP_CORRUPT,
                            "the log has %llu entries, its views know %llu: run esep-collector log "
                            "replay --repair",
                            (unsigned long long)size,
                            (unsigned long long)views_log_size(state->views));
    return status;
}

enum esep_status collector_state_open(struct collector_state *ret,
                                      const struct collector_settings *settings, bool read_only,
                                      struct esep_reason *reason)
{
    struct collector_state state = {0};
    const struct collector_log_options options = {
        .path = settings->store, .map_bytes = settings->store_bytes, .read_only = read_only};
    enum esep_status status = collector_log_open(&state.log, &options, reason);
    if (status == ESEP_NOT_FOUND)
        return esep_because(reason, status, "%.180s: no store there: run esep-collector init first",
                            settings->store);
    if (status != ESEP_OK)
        return status;
    uint64_t size = 0;
    status = state.log->ops->size(state.log, &size);
    if (status == ESEP_OK && size == 0)
        status =
            esep_because(reason, ESEP_NOT_FOUND,
                         "%s: the log is empty: run esep-collector init first", settings->store);
    const struct views_limits limits = collector_settings_limits(settings);
    state.zones = collector_zones_new();
    if (status == ESEP_OK && state.zones == NULL)
        status = esep_because(reason, ESEP_NOMEM, "no memory for time zones");
    if (status == ESEP_OK)
        status = views_new(&state.views, &limits, collector_zones_get, state.zones);
    if (status == ESEP_NOMEM && state.zones != NULL)
        status =
            esep_because(reason, status, "no memory for the views: see the configuration's limits");
    /* The daemon may be writing: tables of different moments would contradict each other. */
    if (status == ESEP_OK && read_only)
        status = collector_log_hold(state.log, reason);
    if (status == ESEP_OK)
        status = load_views(&state, reason);
    if (read_only)
        collector_log_let_go(state.log);
    if (status != ESEP_OK) {
        collector_state_close(&state);
        return status;
    }
    *ret = state;
    return ESEP_OK;
}

void collector_state_close(struct collector_state *state)
{
    views_free(state->views);
    if (state->log != NULL)
        state->log->ops->close(state->log);
    collector_zones_free(state->zones);
    *state = (struct collector_state){0};
}

struct replay {
    struct views *views;
    esep_time until;
    bool reached;
    enum esep_status status;
    struct esep_reason *reason;
};

static bool replay_entry(void *context, uint64_t index, struct esep_slice leaf,
                         struct esep_slice body)
{
    struct replay *replay = context;
    struct esep_leaf read;
    const struct esep_hash content = esep_content_hash(body);
    if (esep_leaf_unpack(leaf, &read) != ESEP_OK || !esep_hash_equal(&content, &read.content)) {
        replay->status =
            esep_because(replay->reason, ESEP_CORRUPT,
                         "log entry %llu is damaged: it does not give the hash in its leaf",
                         (unsigned long long)index);
        return false;
    }
    if (read.accepted_at > replay->until) {
        replay->reached = true;
        return false;
    }
    replay->status = views_apply(replay->views, index, leaf, body, NULL, replay->reason);
    return replay->status == ESEP_OK;
}

static enum esep_status put_nowhere(void *context, struct esep_slice key, struct esep_slice value)
{
    (void)context;
    (void)key;
    (void)value;
    return ESEP_OK;
}

enum esep_status collector_state_replay(struct collector_log *log,
                                        const struct collector_settings *settings,
                                        struct collector_zones *zones,
                                        const struct collector_replay *how,
                                        struct views **ret_views, struct esep_reason *reason)
{
    const uint64_t step = 4096; /* a read transaction stays short */
    const struct views_limits limits = collector_settings_limits(settings);
    struct replay replay = {.until = how->until, .reason = reason};
    uint64_t size = 0;
    enum esep_status status = views_new(&replay.views, &limits, collector_zones_get, zones);
    if (status == ESEP_OK)
        status = log->ops->size(log, &size);
    for (uint64_t at = 0; status == ESEP_OK && at < size && !replay.reached; at += step) {
        uint64_t count = size - at < step ? size - at : step;
        status = log->ops->read(log, at, count, replay_entry, &replay, reason);
        if (status == ESEP_OK)
            status = replay.status;
        if (status == ESEP_OK)
            status = views_flush(replay.views, how->put != NULL ? how->put : put_nowhere,
                                 how->put_context);
        if (how->progress != NULL)
            how->progress(how->progress_context, at + count, size);
    }
    if (status != ESEP_OK) {
        views_free(replay.views);
        return status;
    }
    *ret_views = replay.views;
    return ESEP_OK;
}

enum esep_status collector_state_follow(struct collector_state *state, uint64_t max,
                                        uint64_t *ret_applied, struct esep_reason *reason)
{
    struct replay replay = {.views = state->views, .until = ESEP_TIME_NEVER, .reason = reason};
    const uint64_t seen = views_log_size(state->views);
    uint64_t size = 0;

    *ret_applied = 0;
    enum esep_status status = state->log->ops->size(state->log, &size);
    if (status != ESEP_OK || size == seen)
        return status;
    if (size < seen)
        return esep_because(
            reason, ESEP_CONFLICT,
            "the log has %llu entries where it had %llu: another store stands there",
            (unsigned long long)size, (unsigned long long)seen);
    status = state->log->ops->read(state->log, seen, size - seen < max ? size - seen : max,
                                   replay_entry, &replay, reason);
    if (status == ESEP_OK)
        status = replay.status;
    /* The rows are the writer's to store. */
    if (status == ESEP_OK)
        status = views_flush(state->views, put_nowhere, NULL);
    *ret_applied = views_log_size(state->views) - seen;
    return status;
}

enum esep_status collector_state_as_of(struct collector_state *state,
                                       const struct collector_settings *settings, esep_time as_of,
                                       struct esep_reason *reason)
{
    const struct collector_replay how = {.until = as_of};
    struct views *then = NULL;
    enum esep_status status =
        collector_state_replay(state->log, settings, state->zones, &how, &then, reason);
    if (status != ESEP_OK)
        return status;
    views_free(state->views);
    state->views = then;
    return ESEP_OK;
}

struct closing {
    bool found;
    uint64_t seq;
    uint64_t index;
};

static bool first_closing(void *context, struct esep_slice key, struct esep_slice value)
{
    struct closing *closing = context;
    if (key.len == 17 && value.len == 8) {
        closing->found = true;
        closing->seq = esep_be64(key.data + 9);
        closing->index = esep_be64(value.data);
    }
    return false;
}

struct found_leaf {
    struct esep_leaf leaf;
    enum esep_status status;
};

static bool keep_leaf(void *context, uint64_t index, struct esep_slice leaf, struct esep_slice body)
{
    (void)index;
    (void)body;
    struct found_leaf *found = context;
    found->status = esep_leaf_unpack(leaf, &found->leaf);
    return false;
}

enum esep_status collector_state_find(void *context, uint32_t office, uint32_t epoch, uint64_t seq,
                                      uint64_t *ret_index, struct esep_leaf *ret_leaf)
{
    struct collector_log *log = context;
    uint8_t from[17] = {'S'};
    esep_be32_put(from + 1, office);
    esep_be32_put(from + 5, epoch);
    esep_be64_put(from + 9, seq);
    struct closing closing = {0};
    enum esep_status status = log->ops->rows(
        log, esep_slice(from, 9), esep_slice(from, sizeof from), first_closing, &closing, NULL);
    if (status != ESEP_OK)
        return status;
    if (!closing.found || closing.index < 1 + (closing.seq - seq))
        return ESEP_NOT_FOUND;
    uint64_t index = closing.index - 1 - (closing.seq - seq);
    struct found_leaf found = {.status = ESEP_NOT_FOUND};
    status = log->ops->read(log, index, 1, keep_leaf, &found, NULL);
    if (status == ESEP_OK)
        status = found.status;
    if (status != ESEP_OK)
        return status;
    if (found.leaf.office != office || found.leaf.epoch != epoch || found.leaf.seq != seq)
        return ESEP_NOT_FOUND; /* before the group that this commitment closed */
    *ret_index = index;
    *ret_leaf = found.leaf;
    return ESEP_OK;
}

struct mail_index {
    size_t count;
    uint64_t number[COLLECTOR_MAIL_ITEMS_MAX + 1];
    uint64_t index[COLLECTOR_MAIL_ITEMS_MAX + 1];
};

static bool keep_number(void *context, struct esep_slice key, struct esep_slice value)
{
    struct mail_index *mail = context;
    if (key.len != 13 || value.len < 8)
        return true;
    mail->number[mail->count] = esep_be64(key.data + 5);
    mail->index[mail->count] = esep_be64(value.data);
    mail->count++;
    return mail->count <= COLLECTOR_MAIL_ITEMS_MAX;
}

static bool read_log_keys(void *context, struct esep_slice key, struct esep_slice value)
{
    (void)key;
    if (esep_log_keys_unpack(value, context) != ESEP_OK)
        ((struct esep_log_keys *)context)->count = 0;
    return false;
}

enum esep_status collector_state_log_keys(struct collector_log *log, struct esep_log_keys *ret,
                                          struct esep_reason *reason)
{
    ret->count = 0;
    const enum esep_status status =
        log->ops->rows(log, esep_slice_str("L"), esep_slice(NULL, 0), read_log_keys, ret, reason);
    if (status == ESEP_OK && ret->count == 0)
        return esep_because(reason, ESEP_CORRUPT,
                            "the log's keys are not where they belong: run esep-collector log "
                            "replay --repair");
    return status;
}

enum esep_status collector_state_own_keys(struct collector_log *log, const uint8_t *log_key,
                                          const uint8_t seal_key[ESEP_KEY_BYTES],
                                          struct esep_reason *reason)
{
    struct esep_arena arena = {0};
    struct esep_buf entry;
    struct esep_log_keys keys;
    const ProtobufCMessage *message = NULL;
    esep_buf_init(&entry, 1u << 16);
    enum esep_status status = esep_arena_init(&arena, 1u << 16);
    if (status == ESEP_OK)
        status = collector_state_log_keys(log, &keys, reason);
    if (status == ESEP_OK)
        status = collector_state_entry(log, 0, &entry, reason);
    if (status == ESEP_OK &&
        esep_unpack(&esep__v1__genesis__descriptor,
                    esep_slice(entry.data + ESEP_LEAF_BYTES, entry.len - ESEP_LEAF_BYTES), &arena,
                    &message) != ESEP_OK)
        status = esep_because(reason, ESEP_CORRUPT, "log entry 0 is no GENESIS");
    if (status == ESEP_OK) {
        const Esep__V1__Genesis *genesis = (const Esep__V1__Genesis *)message;
        if ((log_key != NULL && esep_log_keys_find(&keys, log_key) == keys.count) ||
            !esep_slice_equal(esep_slice_pb(genesis->seal_key),
                              esep_slice(seal_key, ESEP_KEY_BYTES)))
            status = esep_because(reason, ESEP_DENIED,
                                  "the key file, or the signer's, is not the one that this log has "
                                  "begun with: put the old one back; offices and auditors trust "
                                  "its keys alone");
    }
    esep_arena_done(&arena);
    esep_buf_done(&entry);
    return status;
}

enum esep_status collector_state_mail(struct collector_log *log, uint32_t office, uint64_t after,
                                      size_t bytes_max, struct collector_mailbox *mailbox,
                                      struct esep_reason *reason)
{
    uint8_t from[13] = {'M'};
    esep_be32_put(from + 1, office);
    esep_be64_put(from + 5, after + 1);
    struct mail_index found = {0};
    enum esep_status status = log->ops->rows(
        log, esep_slice(from, 5), esep_slice(from, sizeof from), keep_number, &found, reason);
    size_t offsets[COLLECTOR_MAIL_ITEMS_MAX + 1] = {0};
    size_t count = 0;
    esep_buf_clear(&mailbox->bytes);
    while (status == ESEP_OK && count < found.count && count < COLLECTOR_MAIL_ITEMS_MAX &&
           (count == 0 || mailbox->bytes.len < bytes_max)) {
        offsets[count] = mailbox->bytes.len;
        status = collector_state_entry(log, found.index[count], &mailbox->bytes, reason);
        count++;
    }
    if (status != ESEP_OK)
        return status;
    offsets[count] = mailbox->bytes.len;
    /* Slices only now: the buf may have moved while it grew. */
    for (size_t i = 0; i < count; i++) {
        const uint8_t *entry = mailbox->bytes.data + offsets[i];
        size_t len = offsets[i + 1] - offsets[i];
        mailbox->items[i] = (struct collector_mail){
            .number = found.number[i],
            .log_index = found.index[i],
            .leaf = esep_slice(entry, ESEP_LEAF_BYTES),
            .body = esep_slice(entry + ESEP_LEAF_BYTES, len - ESEP_LEAF_BYTES)};
    }
    mailbox->count = count;
    mailbox->more = found.count > count;
    return ESEP_OK;
}
