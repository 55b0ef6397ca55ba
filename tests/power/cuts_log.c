/* tests/power/cuts_log.c - the collector's store as worlds of cuts.h. "log": batches of entries and
 * rows of the views, and all rows dropped and made anew. "files": backups and key files as well,
 * which are there whole once they were promised, and before that whole or not at all. */
#include "collector/log_lmdb.h"
#include "cuts.h"
#include "io/keyfile.h"
#include "wire/statement.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MAP ((size_t)64 << 20)
#define RECORDS 24
#define ROWS 40

struct store {
    struct collector_log *log;
    char folder[512];
    uint64_t seed;
};

static struct collector_log *open_log(const char *path, bool read_only, struct esep_reason *reason)
{
    struct collector_log *log = NULL;
    const struct collector_log_options options = {
        .path = path, .map_bytes = MAP, .read_only = read_only, .create = !read_only};
    return collector_log_open(&log, &options, reason) == ESEP_OK ? log : NULL;
}

static void *open_store(const char *folder, uint64_t seed, struct esep_reason *reason)
{
    struct store *s = calloc(1, sizeof *s);
    char path[600];
    if (s == NULL)
        abort();
    s->seed = seed;
    (void)snprintf(s->folder, sizeof s->folder, "%s", folder);
    (void)snprintf(path, sizeof path, "%s/store", folder);
    s->log = open_log(path, false, reason);
    if (s->log == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

static void close_store(void *context)
{
    struct store *s = context;
    s->log->ops->close(s->log);
    free(s);
}

static MDB_env *env_of(void *context)
{
    return collector_log_store(((struct store *)context)->log)->env;
}

struct batch {
    struct collector_batch batch;
    struct collector_record records[RECORDS];
    struct collector_row rows[ROWS];
    uint8_t keys[ROWS][12];
    uint8_t text[16384];
};

/* Rows of many tables: some keys only rise, some come again, some go. */
static void fill_rows(struct batch *b, struct esep_prng *prng)
{
    static const char letters[] = "PFKORSCMDANE";
    b->batch.row_count = 1 + (size_t)esep_prng_below(prng, ROWS);
    for (size_t i = 0; i < b->batch.row_count; i++) {
        uint8_t *key = b->keys[i];
        size_t table = (size_t)esep_prng_below(prng, sizeof letters - 1);
        key[0] = (uint8_t)letters[table];
        bool rises = table % 2 == 0;
        esep_be32_put(key + 1, rises ? (uint32_t)(b->batch.first_index + i)
                                     : (uint32_t)esep_prng_below(prng, 60));
        b->rows[i].key = esep_slice(key, 5);
        b->rows[i].value = esep_prng_below(prng, 5) == 0
                               ? esep_slice(NULL, 0)
                               : esep_slice(b->text, 1 + (size_t)esep_prng_below(prng, 300));
    }
}

static enum esep_status append(struct store *s, struct esep_prng *prng, struct esep_reason *reason)
{
    struct batch *b = calloc(1, sizeof *b);
    if (b == NULL)
        abort();
    enum esep_status status = s->log->ops->size(s->log, &b->batch.first_index);
    memset(b->text, (int)esep_prng_below(prng, 256), sizeof b->text);
    b->batch.records = b->records;
    b->batch.rows = b->rows;
    b->batch.record_count = 1 + (size_t)esep_prng_below(prng, RECORDS);
    for (size_t i = 0; i < b->batch.record_count; i++) {
        size_t len = esep_prng_below(prng, 5) == 0 ? (size_t)esep_prng_below(prng, sizeof b->text)
                                                   : (size_t)esep_prng_below(prng, 500);
        struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_PRESENCE,
                                 .accepted_at = (esep_time)(b->batch.first_index + i)};
        b->records[i].body = esep_slice(b->text, len);
        leaf.content = esep_content_hash(b->records[i].body);
        esep_leaf_pack(&leaf, b->records[i].leaf);
    }
    fill_rows(b, prng);
    if (status == ESEP_OK)
        status = s->log->ops->append(s->log, &b->batch, reason);
    free(b);
    return status;
}

static enum esep_status step_log(void *context, size_t number, struct esep_reason *reason)
{
    struct store *s = context;
    struct esep_prng prng = {.state = s->seed * 1000003u + number};
    if (number > 3 && esep_prng_below(&prng, 10) == 0)
        return s->log->ops->drop_rows(s->log, reason);
    if (number > 3 && esep_prng_below(&prng, 14) == 0)
        return collector_log_new_engine(s->log, (esep_time)number * ESEP_SECOND, reason);
    return append(s, &prng, reason);
}

static enum esep_status disturb(void *context, bool put, struct esep_reason *reason)
{
    struct store *s = context;
    static const uint8_t text[15000] = {0xd1};
    const struct collector_row row = {.key = esep_slice("Dother", 6),
                                      .value = put ? esep_slice(text, sizeof text)
                                                   : esep_slice(NULL, 0)};
    struct collector_batch batch = {.rows = &row, .row_count = 1};
    enum esep_status status = s->log->ops->size(s->log, &batch.first_index);
    return status == ESEP_OK ? s->log->ops->append(s->log, &batch, reason) : status;
}

const struct cuts_world cuts_log = {.name = "log",
                                    .steps = 24,
                                    .open = open_store,
                                    .close = close_store,
                                    .step = step_log,
                                    .disturb = disturb,
                                    .env = env_of};

/* Files. */

static void keys_of(size_t number, struct esep_keyfile *ret)
{
    *ret = (struct esep_keyfile){.count = 2};
    (void)snprintf(ret->keys[0].kind, sizeof ret->keys[0].kind, "sign");
    (void)snprintf(ret->keys[1].kind, sizeof ret->keys[1].kind, "curve");
    memset(ret->keys[0].secret, (int)number + 1, 32);
    memset(ret->keys[1].secret, (int)number + 101, 32);
}

static void path_of(const char *folder, size_t number, char out[700])
{
    (void)snprintf(out, 700, number % 3 == 1 ? "%s/keys-%zu/agent.keys" : "%s/backup-%zu", folder,
                   number);
}

static bool key_file_is(const char *path, size_t number, struct esep_reason *reason)
{
    struct esep_keyfile wanted, read;
    keys_of(number, &wanted);
    return esep_keyfile_read(path, &read, reason) == ESEP_OK && read.count == wanted.count &&
           memcmp(read.keys[0].secret, wanted.keys[0].secret, 32) == 0 &&
           memcmp(read.keys[1].secret, wanted.keys[1].secret, 32) == 0;
}

static bool backup_is_whole(const char *path, struct esep_reason *reason)
{
    uint64_t size = 0;
    struct collector_log *log = open_log(path, true, reason);
    if (log == NULL)
        return false;
    bool fine = log->ops->size(log, &size) == ESEP_OK && size > 0;
    (void)power_rows_hash(collector_log_store(log)->env);
    log->ops->close(log);
    return fine;
}

/* Done again after a failure, it may find its own work done: then it must be whole. */
static enum esep_status step_files(void *context, size_t number, struct esep_reason *reason)
{
    struct store *s = context;
    struct esep_prng prng = {.state = s->seed * 1000003u + number};
    struct esep_keyfile keys;
    char path[700];
    path_of(s->folder, number, path);
    if (number % 3 == 0)
        return append(s, &prng, reason);
    if (number % 3 == 1) {
        keys_of(number, &keys);
        enum esep_status status = esep_keyfile_create(path, &keys, reason);
        return status == ESEP_CONFLICT && key_file_is(path, number, reason) ? ESEP_OK : status;
    }
    enum esep_status status = esep_store_backup(collector_log_store(s->log), path, reason);
    return status == ESEP_CONFLICT && backup_is_whole(path, reason) ? ESEP_OK : status;
}

static bool look(const char *folder, uint64_t seed, size_t done, struct esep_reason *reason)
{
    (void)seed;
    for (size_t number = 0; number <= done; number++) {
        char path[700];
        struct stat info;
        if (number % 3 == 0)
            continue;
        path_of(folder, number, path);
        bool there = lstat(path, &info) == 0;
        bool whole = there && (number % 3 == 1 ? key_file_is(path, number, reason)
                                               : backup_is_whole(path, reason));
        if ((there && !whole) || (number < done && !there)) {
            if (reason->text[0] == 0)
                (void)esep_because(reason, ESEP_NOT_FOUND, "%s is %s", path,
                                   there ? "there, but not whole" : "gone");
            return false;
        }
    }
    return true;
}

const struct cuts_world cuts_files = {.name = "files",
                                      .steps = 12,
                                      .open = open_store,
                                      .close = close_store,
                                      .step = step_files,
                                      .disturb = disturb,
                                      .env = env_of,
                                      .look = look};
