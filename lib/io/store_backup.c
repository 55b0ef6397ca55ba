/* lib/io/store_backup.c - a copy of a store that is known to be whole before it gets its name.
 *
 * LMDB's copy does not sync, and a copy nobody has read is a hope. So: copy into "NAME.part", sync
 * the file, open the copy, walk every page of every database, and only then rename. A backup that
 * bears its name is complete; a ".part" is what a crash left, and the next run clears it away.
 *
 * The walk finds broken pages, not flipped bits in values: LMDB has no checksums. The log's own
 * hashes find those.
 */
#include "io/store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_ROOM 300
#define DBS_MAX 64

static enum esep_status sync_path(const char *path, int flags, struct esep_reason *reason)
{
    const int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        const int code = errno;
        if (fd >= 0)
            (void)close(fd);
        return esep_because(reason, esep_store_errno(code), "cannot sync %.160s: %s", path,
                            strerror(code));
    }
    (void)close(fd);
    return ESEP_OK;
}

/* Only what a copy of ours can have left. */
static void clear_part(const char *part)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    char path[NAME_ROOM + 16];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", part, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(part);
}

/* Every key and every byte of every value, so that every page is read. */
static int walk(MDB_txn *txn, MDB_dbi dbi, uint64_t *ret_entries)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    uint64_t entries = 0;
    volatile uint8_t sum = 0;
    int code = mdb_cursor_open(txn, dbi, &cursor);
    if (code != MDB_SUCCESS)
        return code;
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        const uint8_t *bytes = (const uint8_t *)value.mv_data;
        uint8_t mixed = 0;
        for (size_t i = 0; i < value.mv_size; i++)
            mixed ^= bytes[i];
        sum = (uint8_t)(sum ^ mixed);
        entries++;
    }
    mdb_cursor_close(cursor);
    *ret_entries = entries;
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

static int walk_named(MDB_txn *txn, const MDB_val *name)
{
    char text[128];
    MDB_dbi dbi;
    MDB_stat stat;
    uint64_t entries = 0;
    if (name->mv_size >= sizeof(text))
        return MDB_SUCCESS; /* no database of ours: a plain key */
    memcpy(text, name->mv_data, name->mv_size);
    text[name->mv_size] = '\0';
    int code = mdb_dbi_open(txn, text, 0, &dbi);
    if (code == MDB_INCOMPATIBLE || code == MDB_NOTFOUND)
        return MDB_SUCCESS; /* likewise */
    if (code == MDB_SUCCESS)
        code = mdb_stat(txn, dbi, &stat);
    if (code == MDB_SUCCESS)
        code = walk(txn, dbi, &entries);
    if (code == MDB_SUCCESS && entries != stat.ms_entries)
        code = MDB_CORRUPTED;
    return code;
}

static int walk_all(MDB_env *env)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_dbi root;
    MDB_val key, value;
    uint64_t free_lists = 0;
    int code = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (code != MDB_SUCCESS)
        return code;
    code = mdb_dbi_open(txn, NULL, 0, &root);
    if (code == MDB_SUCCESS)
        code = walk(txn, 0, &free_lists); /* LMDB's own list of free pages */
    if (code == MDB_SUCCESS)
        code = mdb_cursor_open(txn, root, &cursor);
    while (code == MDB_SUCCESS) {
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        if (code == MDB_SUCCESS)
            code = walk_named(txn, &key);
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

static enum esep_status check_copy(const char *part, size_t map_bytes, struct esep_reason *reason)
{
    MDB_env *env = NULL;
    int code = mdb_env_create(&env);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_mapsize(env, map_bytes);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxdbs(env, DBS_MAX);
    if (code == MDB_SUCCESS)
        code = mdb_env_open(env, part, MDB_RDONLY | MDB_NOLOCK, 0600);
    if (code == MDB_SUCCESS)
        code = walk_all(env);
    if (env != NULL)
        mdb_env_close(env);
    return esep_store_status(code, reason, "reading the copy back");
}

enum esep_status esep_store_backup(const struct esep_store *store, const char *to_path,
                                   struct esep_reason *reason)
{
    char part[NAME_ROOM], file[NAME_ROOM + 16], copy[NAME_ROOM];
    struct stat info;
    if (strlen(to_path) + sizeof(".part") > sizeof(part))
        return esep_because(reason, ESEP_INVALID, "the backup's path is too long");
    if (lstat(to_path, &info) == 0)
        return esep_because(reason, ESEP_CONFLICT, "%.150s is there already: give a new name",
                            to_path);
    (void)snprintf(part, sizeof(part), "%s.part", to_path);
    (void)snprintf(file, sizeof(file), "%s/data.mdb", part);
    (void)snprintf(copy, sizeof(copy), "%s", to_path);
    const char *parent = dirname(copy);
    clear_part(part);
    if (mkdir(part, 0700) != 0)
        return esep_because(reason, esep_store_errno(errno), "cannot make the folder %.150s: %s",
                            part, strerror(errno));
    enum esep_status status =
        esep_store_status(mdb_env_copy(store->env, part), reason, "copying the store");
    if (status == ESEP_OK)
        status = sync_path(file, O_RDWR, reason);
    if (status == ESEP_OK)
        status = check_copy(part, store->map_bytes, reason);
    if (status == ESEP_OK)
        status = sync_path(part, O_RDONLY | O_DIRECTORY, reason);
    /* Onto a folder with files in it rename fails: nothing is overwritten. */
    if (status == ESEP_OK && rename(part, to_path) != 0)
        status = esep_because(reason, esep_store_errno(errno), "cannot name the backup %.150s: %s",
                              to_path, strerror(errno));
    if (status == ESEP_OK)
        return sync_path(parent, O_RDONLY | O_DIRECTORY, reason);
    clear_part(part);
    return status;
}
