/* collector/cmd_keys.c - `keys`: whose key was it, when? Answered by the log alone.
 *
 * Every CODE and KEY entry is read, in order, and each pair of keys becomes one item: from which
 * entry and hour it was an office's, by whom it came (a code and who made it, or the keys before),
 * who accepted it, until when it was good, and what ended it. The views are not asked: they know
 * the present keys and the last ones, and are themselves made of this log.
 */
#include "base/arena.h"
#include "collector/commands.h"
#include "collector/log_lmdb.h"
#include "io/table.h"
#include "wire/office_keys.h"
#include "wire/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { STEP = 1024, MESSAGE_BYTES = 1 << 20, ACTOR_MAX = 160, REASON_MAX_SHOWN = 200 };

struct words {
    struct command_common common;
    const char *at;
    uint32_t office; /* 0: all */
    bool log;        /* the log's own keys */
};

/* One thing that the log says of a key. */
struct event {
    uint64_t index;
    esep_time at; /* 0: it has not happened */
    char actor[ACTOR_MAX];
};
struct item {
    uint32_t office;
    char body[ESEP_BODY_CODE_MAX];
    char label[65];
    struct esep_key_pair_public keys;
    uint32_t epoch; /* the first it may sign */
    bool rotated;   /* it came in a rotation; else by a code */
    struct event came, code, accepted, ended;
    const char *how; /* it ended: "rotated", "revoked" */
    char reason[REASON_MAX_SHOWN];
};
struct code {
    struct esep_hash hash;
    struct event made;
};
struct history {
    struct esep_arena arena;
    struct item *items;
    size_t count, cap;
    struct code *codes;
    size_t code_count, code_cap;
    bool failed;
};

static void *room(void *items, size_t *cap, size_t count, size_t size)
{
    if (count < *cap)
        return items;
    const size_t wanted = *cap > 0 ? 2 * *cap : 64;
    void *bigger = realloc(items, wanted * size);
    if (bigger != NULL)
        *cap = wanted;
    return bigger;
}

static struct event event_at(uint64_t index, const struct esep_leaf *leaf, const char *actor)
{
    struct event e = {.index = index, .at = leaf->accepted_at};
    (void)snprintf(e.actor, sizeof e.actor, "%s", actor);
    return e;
}

static void on_code(struct history *h, uint64_t index, const struct esep_leaf *leaf,
                    const Esep__V1__CodeMade *m)
{
    struct code *codes = room(h->codes, &h->code_cap, h->code_count, sizeof *codes);
    if (codes != NULL)
        h->codes = codes;
    if (codes == NULL || m->code_hash.len != ESEP_HASH_BYTES) {
        h->failed = true;
        return;
    }
    struct code *code = &codes[h->code_count++];
    memcpy(code->hash.bytes, m->code_hash.data, ESEP_HASH_BYTES);
    code->made = event_at(index, leaf, m->actor);
}

static struct event made_of(const struct history *h, ProtobufCBinaryData hash)
{
    for (size_t i = 0; hash.len == ESEP_HASH_BYTES && i < h->code_count; i++)
        if (memcmp(h->codes[i].hash.bytes, hash.data, ESEP_HASH_BYTES) == 0)
            return h->codes[i].made;
    return (struct event){0};
}

/* The office's newest keys; NULL: none. */
static struct item *newest(const struct history *h, uint32_t office)
{
    for (size_t i = h->count; i > 0; i--)
        if (h->items[i - 1].office == office)
            return &h->items[i - 1];
    return NULL;
}

static void add(struct history *h, uint64_t index, const struct esep_leaf *leaf,
                const Esep__V1__KeyChange *m)
{
    struct item *items = room(h->items, &h->cap, h->count, sizeof *items);
    if (items != NULL)
        h->items = items;
    if (items == NULL || m->sign_key.len != ESEP_KEY_BYTES || m->curve_key.len != ESEP_KEY_BYTES) {
        h->failed = true;
        return;
    }
    struct item *item = &items[h->count++];
    *item = (struct item){.office = m->office,
                          .epoch = m->epoch > 0 ? m->epoch : 1,
                          .rotated = m->epoch > 0 && m->code_hash.len == 0,
                          .came = event_at(index, leaf, m->actor),
                          .code = made_of(h, m->code_hash)};
    memcpy(item->keys.sign, m->sign_key.data, ESEP_KEY_BYTES);
    memcpy(item->keys.curve, m->curve_key.data, ESEP_KEY_BYTES);
    (void)snprintf(item->body, sizeof item->body, "%s", m->body);
    (void)snprintf(item->label, sizeof item->label, "%s", m->label);
    if (m->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE)
        item->accepted = item->came;
    if (m->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE && item->code.at != 0)
        memcpy(item->accepted.actor, item->code.actor, ACTOR_MAX); /* who made it said so */
}

static void on_key(struct history *h, uint64_t index, const struct esep_leaf *leaf,
                   const Esep__V1__KeyChange *m)
{
    struct item *last = newest(h, m->office);
    const bool renewal = last != NULL && m->epoch > 0;
    if (last != NULL && m->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED) {
        last->ended = event_at(index, leaf, m->actor);
        last->how = "revoked";
        (void)snprintf(last->reason, sizeof last->reason, "%s", m->reason);
    } else if (renewal && last->ended.at == 0) {
        last->ended = event_at(index, leaf, m->actor);
        last->how = "rotated";
    }
    if (last == NULL || renewal)
        add(h, index, leaf, m);
    else if (m->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE)
        last->accepted = event_at(index, leaf, m->actor);
}

static bool take(void *context, uint64_t index, struct esep_slice leaf_bytes,
                 struct esep_slice body)
{
    struct history *h = context;
    struct esep_leaf leaf;
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&h->arena);
    h->failed = esep_leaf_unpack(leaf_bytes, &leaf) != ESEP_OK;
    if (h->failed)
        return false;
    if (leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_CODE &&
        esep_unpack(&esep__v1__code_made__descriptor, body, &h->arena, &message) == ESEP_OK)
        on_code(h, index, &leaf, (const Esep__V1__CodeMade *)message);
    else if (leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_KEY &&
             esep_unpack(&esep__v1__key_change__descriptor, body, &h->arena, &message) == ESEP_OK)
        on_key(h, index, &leaf, (const Esep__V1__KeyChange *)message);
    else if (leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_CODE ||
             leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_KEY)
        h->failed = true;
    return !h->failed;
}

static enum esep_status read_history(struct collector_log *log, struct history *h,
                                     struct esep_reason *reason)
{
    uint64_t size = 0;
    enum esep_status status = esep_arena_init(&h->arena, MESSAGE_BYTES);
    if (status == ESEP_OK)
        status = log->ops->size(log, &size);
    for (uint64_t at = 0; status == ESEP_OK && at < size && !h->failed; at += STEP)
        status = log->ops->read(log, at, size - at < STEP ? size - at : STEP, take, h, reason);
    if (status == ESEP_OK && h->failed)
        status = esep_because(reason, ESEP_CORRUPT,
                              "an entry about keys cannot be read: see log verify");
    return status;
}

/* Good at that hour: accepted before, and not ended. */
static bool good_at(const struct item *item, esep_time at)
{
    return item->accepted.at != 0 && item->accepted.at <= at &&
           (item->ended.at == 0 || item->ended.at > at);
}

static json_t *event_json(const struct event *e)
{
    if (e->at == 0)
        return json_null();
    return json_pack("{s:o, s:o, s:s}", "log_index", collector_json_u64(e->index), "at",
                     esep_json_time(e->at, NULL), "by", e->actor);
}

static json_t *hex_json(const uint8_t key[ESEP_KEY_BYTES])
{
    char hex[2 * ESEP_KEY_BYTES + 1];
    esep_hex(key, ESEP_KEY_BYTES, hex);
    return json_string(hex);
}

static json_t *item_json(const struct item *item)
{
    char fingerprint[ESEP_FINGERPRINT_TEXT_BYTES];
    esep_fingerprint(item->keys.sign, item->keys.curve, fingerprint);
    return json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "office", (json_int_t)item->office, "body", item->body, "label", item->label,
                     "fingerprint", fingerprint, "sign_key", hex_json(item->keys.sign), "curve_key",
                     hex_json(item->keys.curve), "first_epoch", (json_int_t)item->epoch, "came_by",
                     item->rotated ? "rotation" : "code", "came", event_json(&item->came), "code",
                     event_json(&item->code), "accepted", event_json(&item->accepted), "ended",
                     event_json(&item->ended), "ended_by",
                     item->how != NULL ? json_string(item->how) : json_null(), "reason",
                     item->reason[0] != '\0' ? json_string(item->reason) : json_null());
}

static void event_cell(struct esep_table *table, const struct event *e, const char *how)
{
    char when[32];
    esep_time_format(e->at, NULL, when);
    if (e->at == 0)
        esep_table_cell(table, "-");
    else
        esep_table_cell(table, "%.16s, entry %llu%s%s: %s", when, (unsigned long long)e->index,
                        how[0] != '\0' ? ", " : "", how, e->actor);
}

static void item_row(struct esep_table *table, const struct item *item)
{
    char fingerprint[ESEP_FINGERPRINT_TEXT_BYTES];
    esep_fingerprint(item->keys.sign, item->keys.curve, fingerprint);
    esep_table_cell(table, "%u", item->office);
    esep_table_cell(table, "%s", item->body);
    esep_table_cell(table, "%s", fingerprint);
    event_cell(table, item->rotated ? &item->came : &item->code, item->rotated ? "" : "code");
    event_cell(table, &item->accepted, "");
    event_cell(table, &item->ended, item->how != NULL ? item->how : "");
    esep_table_cell(table, "%s", item->reason);
}

static int print(const struct words *words, const struct history *h, esep_time at)
{
    static const char *const heads[] = {"office",   "body",  "fingerprint", "came",
                                        "accepted", "ended", "why",         NULL};
    struct esep_table table;
    json_t *list = json_array();
    esep_table_init(&table, heads);
    for (size_t i = 0; i < h->count; i++) {
        const struct item *item = &h->items[i];
        if ((words->office != 0 && item->office != words->office) ||
            (words->at != NULL && !good_at(item, at)))
            continue;
        item_row(&table, item);
        (void)json_array_append_new(list, item_json(item));
    }
    int rc = 0;
    if (words->common.json)
        rc = esep_json_print(json_pack("{s:s, s:o, s:O}", "format", "esep-keys/1", "at",
                                       words->at != NULL ? esep_json_time(at, NULL) : json_null(),
                                       "keys", list));
    else if (esep_table_print(&table, stdout) != ESEP_OK)
        (void)fprintf(stderr, "esep-collector: no memory for the table\n");
    json_decref(list);
    esep_table_done(&table);
    return rc;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    char *end = NULL;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'l':
        words->log = true;
        return 0;
    case 'a':
        words->at = value;
        return 0;
    case 'o': {
        errno = 0;
        const unsigned long long office = strtoull(value, &end, 10);
        if (errno != 0 || *end != '\0' || value[0] < '0' || value[0] > '9' || office == 0 ||
            office > UINT32_MAX)
            argp_error(state, "--office %s: no office has this number", value);
        words->office = (uint32_t)office;
        return 0;
    }
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int collector_cmd_keys(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"at", 'a', "INSTANT", 0, "those alone that were good then", 0},
        {"office", 'o', "N", 0, "of this office alone", 0},
        {"log", 'l', NULL, 0, "the keys of the log itself, and from where on each has signed it",
         0},
        {0},
    };
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Whose key was it, when: every key that an office ever had, by which entry of the "
               "log it came, who made the code and who accepted it, and what ended it.",
        .children = children};
    struct words words = {0};
    struct history history = {0};
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_log *log = NULL;
    esep_time at = 0;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    if (status == ESEP_OK && words.at != NULL && esep_time_parse(words.at, NULL, &at) != ESEP_OK)
        status = esep_because(&reason, ESEP_INVALID,
                              "--at %.60s: no instant such as 2013-03-01T12:00:00+06:00", words.at);
    if (status == ESEP_OK) {
        const struct collector_log_options how = {
            .path = settings->store, .map_bytes = settings->store_bytes, .read_only = true};
        status = collector_log_open(&log, &how, &reason);
    }
    if (status == ESEP_OK && !words.log)
        status = read_history(log, &history, &reason);
    const int rc = status != ESEP_OK ? collector_fail(status, &reason)
                   : words.log       ? collector_keys_log(log, words.common.json, &reason)
                                     : print(&words, &history, at);
    if (log != NULL)
        log->ops->close(log);
    esep_arena_done(&history.arena);
    free(history.items);
    free(history.codes);
    collector_settings_free(settings);
    return rc;
}
