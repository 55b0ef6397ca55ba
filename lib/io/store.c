/* lib/io/store.c - opening an LMDB environment, and saying in words why one cannot be opened.
 *
 * What is checked before LMDB sees the folder: that it is there, that it is a folder, that it is
 * ours and writable. LMDB would say "Permission denied" for half of these. What is checked after:
 * the kind and the format in "meta", in the same transaction that writes them into a new store.
 */
#include "io/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define READERS_MAX 256
#define FILE_NAME "data.mdb" /* LMDB's own */
#define DRAFT_NAME "data.new"
#define LOCK_NAME "writer.lock"

enum esep_status esep_store_status(int lmdb_code, struct esep_reason *reason, const char *doing)
{
    static const struct {
        int code;
        enum esep_status status;
        const char *advice;
    } rows[] = {
        {MDB_NOTFOUND, ESEP_NOT_FOUND, NULL},
        {MDB_KEYEXIST, ESEP_CONFLICT, NULL},
        {MDB_MAP_FULL, ESEP_LIMIT, "the store's map is full: raise its limit and start again"},
        {MDB_TXN_FULL, ESEP_LIMIT, NULL},
        {MDB_DBS_FULL, ESEP_LIMIT, NULL},
        {MDB_READERS_FULL, ESEP_LIMIT, "too many programs read at once"},
        {ENOSPC, ESEP_LIMIT, "the disk is full: make room"},
        {EDQUOT, ESEP_LIMIT, "the disk quota is used up: make room"},
        {EFBIG, ESEP_LIMIT, NULL},
        {MDB_MAP_RESIZED, ESEP_AGAIN, "another program made the map larger: open it again"},
        {MDB_CORRUPTED, ESEP_CORRUPT, "restore the last backup"},
        {MDB_PAGE_NOTFOUND, ESEP_CORRUPT, "restore the last backup"},
        {MDB_INVALID, ESEP_CORRUPT, "the file is not a store, or was overwritten"},
        {MDB_VERSION_MISMATCH, ESEP_CORRUPT, "another LMDB made this file"},
        {ENOMEM, ESEP_NOMEM, NULL},
        {EACCES, ESEP_DENIED, NULL},
        {EPERM, ESEP_DENIED, NULL},
        {EROFS, ESEP_DENIED, "the file system is read-only"},
        {ENOENT, ESEP_NOT_FOUND, NULL},
    };
    if (lmdb_code == MDB_SUCCESS)
        return ESEP_OK;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].code == lmdb_code)
            return esep_because(reason, rows[i].status, "%.120s: %s", doing,
                                rows[i].advice != NULL ? rows[i].advice : mdb_strerror(lmdb_code));
    /* MDB_PANIC, MDB_BAD_TXN, EIO and whatever else: stop, reopen, check. */
    return esep_because(reason, ESEP_IO, "%.120s: %s", doing, mdb_strerror(lmdb_code));
}

enum esep_status esep_store_errno(int code)
{
    switch (code) {
    case EACCES:
    case EROFS:
    case EPERM:
        return ESEP_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ESEP_LIMIT;
    case ENOENT:
        return ESEP_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY:
        return ESEP_CONFLICT;
    default:
        return ESEP_IO;
    }
}

enum esep_status esep_store_folder(const char *path, bool create, bool read_only,
                                   struct esep_reason *reason)
{
    struct stat info;
    if (create && !read_only && mkdir(path, 0700) != 0 && errno != EEXIST)
        return esep_because(reason, esep_store_errno(errno), "cannot make the folder %.150s: %s",
                            path, strerror(errno));
    if (stat(path, &info) != 0)
        return esep_because(reason, esep_store_errno(errno), "the store %.150s: %s", path,
                            strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return esep_because(reason, ESEP_INVALID, "the store %.150s is not a folder", path);
    if (read_only)
        return ESEP_OK;
    if (info.st_uid != geteuid())
        return esep_because(reason, ESEP_DENIED,
                            "the folder %.110s belongs to user %u, we are user %u: run this as its "
                            "owner",
                            path, (unsigned)info.st_uid, (unsigned)geteuid());
    /* Root may write anywhere but on a read-only file system; a mode of 0500 is a wish all the
     * same. */
    if (access(path, W_OK | X_OK) != 0 || (info.st_mode & S_IWUSR) == 0)
        return esep_because(reason, ESEP_DENIED,
                            "the folder %.130s is read-only: give its owner the right to write, "
                            "or mount it for writing",
                            path);
    return ESEP_OK;
}

static int put_text(MDB_txn *txn, MDB_dbi dbi, char *key, char *value)
{
    MDB_val k = {.mv_size = strlen(key), .mv_data = key};
    MDB_val v = {.mv_size = strlen(value), .mv_data = value};
    return mdb_put(txn, dbi, &k, &v, MDB_NOOVERWRITE);
}

/* "": not there. */
static void get_text(MDB_txn *txn, MDB_dbi dbi, char *key, char *out, size_t room)
{
    MDB_val k = {.mv_size = strlen(key), .mv_data = key};
    MDB_val v = {0};
    out[0] = '\0';
    if (mdb_get(txn, dbi, &k, &v) == MDB_SUCCESS && v.mv_size < room) {
        memcpy(out, v.mv_data, v.mv_size);
        out[v.mv_size] = '\0';
    }
}

static enum esep_status check_meta(MDB_txn *txn, MDB_dbi meta, const char *path,
                                   const struct esep_store_options *options,
                                   struct esep_reason *reason)
{
    char kind[32], format[16], build[32], wanted[16];
    (void)snprintf(wanted, sizeof(wanted), "%u", options->format);
    get_text(txn, meta, (char[]){"kind"}, kind, sizeof(kind));
    get_text(txn, meta, (char[]){"format"}, format, sizeof(format));
    get_text(txn, meta, (char[]){"build"}, build, sizeof(build));
    if (kind[0] == '\0')
        return esep_because(reason, ESEP_INVALID, "%.150s is not a store of Esep", path);
    if (strcmp(kind, options->kind) != 0)
        return esep_because(reason, ESEP_INVALID,
                            "%.130s holds a %s, not a %s: give another folder", path, kind,
                            options->kind);
    if (strcmp(format, wanted) != 0)
        return esep_because(reason, ESEP_INVALID,
                            "%.100s has format %s, made by version %s; this is version "
                            "%s, which uses format %s: use that version; nothing converts it, "
                            "a new one wants an empty folder",
                            path, format, build, ESEP_VERSION, wanted);
    return ESEP_OK;
}

/* The kind and format are written by whoever finds the store empty, and checked by all others;
 * one transaction, so two that start at once agree. */
static enum esep_status open_meta(struct esep_store *store,
                                  const struct esep_store_options *options,
                                  struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_stat root = {0};
    int code = mdb_txn_begin(store->env, NULL, options->read_only ? MDB_RDONLY : 0, &txn);
    if (code != MDB_SUCCESS)
        return esep_store_status(code, reason, store->path);
    code = mdb_dbi_open(txn, "meta", 0, &store->meta);
    bool fresh = false;
    if (code == MDB_NOTFOUND && mdb_stat(txn, 1, &root) == MDB_SUCCESS && root.ms_entries == 0 &&
        options->create && !options->read_only) {
        code = mdb_dbi_open(txn, "meta", MDB_CREATE, &store->meta);
        fresh = true;
    }
    enum esep_status status;
    if (code == MDB_NOTFOUND) {
        status = esep_because(reason, ESEP_INVALID, "%.150s is not a store of Esep", store->path);
        goto end;
    }
    if (fresh && code == MDB_SUCCESS) {
        char kind[32], format[16], build[32];
        (void)snprintf(kind, sizeof(kind), "%s", options->kind);
        (void)snprintf(format, sizeof(format), "%u", options->format);
        (void)snprintf(build, sizeof(build), "%s", ESEP_VERSION);
        code = put_text(txn, store->meta, (char[]){"kind"}, kind);
        if (code == MDB_SUCCESS)
            code = put_text(txn, store->meta, (char[]){"format"}, format);
        if (code == MDB_SUCCESS)
            code = put_text(txn, store->meta, (char[]){"build"}, build);
    }
    if (code != MDB_SUCCESS) {
        status = esep_store_status(code, reason, store->path);
        goto end;
    }
    status = check_meta(txn, store->meta, store->path, options, reason);
    if (status == ESEP_OK) {
        /* A read-only commit too: it is what keeps the handle of the database. */
        status = esep_store_commit(txn, reason);
        txn = NULL;
    }
end:
    if (txn != NULL)
        mdb_txn_abort(txn);
    return status;
}

static enum esep_status open_env(struct esep_store *store, const char *path, unsigned flags,
                                 const struct esep_store_options *options,
                                 struct esep_reason *reason)
{
    int code = mdb_env_create(&store->env);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_mapsize(store->env, options->map_bytes);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxdbs(store->env, options->dbs_max + 1); /* and "meta" */
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxreaders(store->env, READERS_MAX);
    if (code == MDB_SUCCESS)
        code = mdb_env_open(store->env, path, flags, 0600);
    /* What another process wrote, or began to write before it was killed, can be seen before it is
     * on the disk. Nothing is built on it until it is: a power cut must not take it back. */
    if (code == MDB_SUCCESS && (flags & MDB_RDONLY) == 0)
        code = mdb_env_sync(store->env, 1);
    if (code == MDB_SUCCESS)
        return ESEP_OK;
    char doing[300];
    (void)snprintf(doing, sizeof(doing), "opening the store %s", path);
    return esep_store_status(code, reason, doing);
}

/* A new store is made under another name, synced, and takes its own in one step: a file that a
 * power cut left half made would be one that nothing opens any more. */
static enum esep_status make_file(const char *path, const struct esep_store_options *options,
                                  struct esep_reason *reason)
{
    struct esep_store draft = {.lock_fd = -1};
    char file[sizeof(draft.path) + sizeof(FILE_NAME) + 1];
    char made[sizeof(draft.path) + sizeof(DRAFT_NAME) + 1];
    (void)snprintf(file, sizeof(file), "%s/" FILE_NAME, path);
    (void)snprintf(made, sizeof(made), "%s/" DRAFT_NAME, path);
    (void)snprintf(draft.path, sizeof(draft.path), "%s", path);
    if (access(file, F_OK) == 0)
        return ESEP_OK;
    (void)unlink(made);
    enum esep_status status = open_env(&draft, made, MDB_NOSUBDIR | MDB_NOLOCK, options, reason);
    if (status == ESEP_OK)
        status = open_meta(&draft, options, reason);
    if (draft.env != NULL)
        mdb_env_close(draft.env);
    if (status == ESEP_OK && rename(made, file) != 0)
        status = esep_because(reason, esep_store_errno(errno), "cannot name %.150s: %s", file,
                              strerror(errno));
    if (status != ESEP_OK)
        (void)unlink(made);
    return status;
}

/* The names of the file and of its folder are on the disk before anything is promised. Who creates
 * at the same time waits. */
static enum esep_status create(const char *path, const struct esep_store_options *options,
                               struct esep_reason *reason)
{
    char above[300];
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(above, sizeof(above), "%s/..", path);
    const int parent = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum esep_status status = ESEP_OK;
    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        status = esep_because(reason, esep_store_errno(errno), "cannot open the folder %.150s: %s",
                              path, strerror(errno));
    if (status == ESEP_OK)
        status = make_file(path, options, reason);
    /* Who may not read the folder above has only the long way. */
    if (status == ESEP_OK && (fsync(fd) != 0 || (parent < 0 ? syncfs(fd) : fsync(parent)) != 0))
        status = esep_because(reason, esep_store_errno(errno), "cannot sync the folder %.150s: %s",
                              path, strerror(errno));
    if (parent >= 0)
        (void)close(parent);
    if (fd >= 0)
        (void)close(fd);
    return status;
}

enum esep_status esep_store_open(struct esep_store *ret, const char *path,
                                 const struct esep_store_options *options,
                                 struct esep_reason *reason)
{
    struct esep_store store = {.map_bytes = options->map_bytes, .lock_fd = -1};
    if (strlen(path) >= sizeof(store.path))
        return esep_because(reason, ESEP_INVALID, "the store's path is longer than %zu bytes",
                            sizeof(store.path) - 1);
    (void)snprintf(store.path, sizeof(store.path), "%s", path);
    enum esep_status status = esep_store_folder(path, options->create, options->read_only, reason);
    if (status == ESEP_OK && options->create && !options->read_only)
        status = create(path, options, reason);
    if (status != ESEP_OK)
        return status;
    status =
        open_env(&store, path, options->read_only ? MDB_RDONLY | MDB_NOTLS : 0, options, reason);
    if (status != ESEP_OK)
        goto fail;
    esep_store_forget_dead(&store);
    status = open_meta(&store, options, reason);
    if (status != ESEP_OK)
        goto fail;
    *ret = store;
    return ESEP_OK;
fail:
    if (store.env != NULL)
        mdb_env_close(store.env);
    return status;
}

void esep_store_close(struct esep_store *store)
{
    if (store == NULL || store->env == NULL)
        return;
    mdb_env_close(store->env);
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd); /* after the environment: whoever waits finds it closed */
    store->env = NULL;
    store->lock_fd = -1;
}

enum esep_status esep_store_lock_writer(struct esep_store *store, struct esep_reason *reason)
{
    char path[sizeof(store->path) + sizeof(LOCK_NAME) + 1];
    char holder[24] = "";
    if (store->lock_fd >= 0)
        return ESEP_OK;
    (void)snprintf(path, sizeof(path), "%s/%s", store->path, LOCK_NAME);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return esep_because(reason, esep_store_errno(errno), "cannot open %.150s: %s", path,
                            strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const bool taken = errno == EWOULDBLOCK;
        const int code = errno;
        (void)!read(fd, holder, sizeof(holder) - 1);
        (void)close(fd);
        if (!taken)
            return esep_because(reason, ESEP_IO, "cannot lock %.150s: %s", path, strerror(code));
        return esep_because(reason, ESEP_CONFLICT,
                            "another process (%ld) writes in %.130s: stop it first; one log has "
                            "one writer",
                            strtol(holder, NULL, 10), store->path);
    }
    /* Only for the other's message: the lock is what counts. */
    const int len = snprintf(holder, sizeof(holder), "%-20ld\n", (long)getpid());
    (void)!pwrite(fd, holder, (size_t)len, 0);
    store->lock_fd = fd;
    return ESEP_OK;
}

void esep_store_forget_dead(const struct esep_store *store)
{
    int dead = 0;
    (void)mdb_reader_check(store->env, &dead);
}

enum esep_status esep_store_commit(MDB_txn *txn, struct esep_reason *reason)
{
    return esep_store_status(mdb_txn_commit(txn), reason, "committing");
}

/* A reader that is held up as it begins is handed the meta page of a commit that its writer has not
 * yet named to others: its next transaction may be one commit older. The writer names it before it
 * lets go of its lock, so whoever has had the lock since finds what it saw. */
enum esep_status esep_store_settle(const struct esep_store *store, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (code == MDB_SUCCESS) {
        mdb_txn_abort(txn);
        code = mdb_env_sync(store->env, 1);
    }
    return esep_store_status(code, reason, "syncing");
}

/* Pages on LMDB's own list of free ones (database 0): each value opens with their count. */
static int count_free(MDB_txn *txn, uint64_t *ret_pages)
{
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    uint64_t pages = 0;
    int code = mdb_cursor_open(txn, 0, &cursor);
    if (code != MDB_SUCCESS)
        return code;
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        size_t count = 0;
        if (value.mv_size >= sizeof(count))
            memcpy(&count, value.mv_data, sizeof(count));
        pages += count;
    }
    mdb_cursor_close(cursor);
    *ret_pages = pages;
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

enum esep_status esep_store_usage(const struct esep_store *store, uint64_t *ret_used_bytes,
                                  uint64_t *ret_quota_bytes)
{
    MDB_envinfo info;
    MDB_stat stat_main;
    MDB_txn *txn = NULL;
    struct statvfs disk;
    uint64_t free_pages = 0;
    int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (code == MDB_SUCCESS)
        code = count_free(txn, &free_pages);
    if (code == MDB_SUCCESS)
        code = mdb_env_info(store->env, &info);
    if (code == MDB_SUCCESS)
        code = mdb_env_stat(store->env, &stat_main);
    if (txn != NULL)
        mdb_txn_abort(txn);
    if (code != MDB_SUCCESS)
        return esep_store_status(code, NULL, "measuring");
    if (statvfs(store->path, &disk) != 0)
        return ESEP_IO;
    const uint64_t pages = (uint64_t)info.me_last_pgno + 1;
    const uint64_t used = (pages - (free_pages < pages ? free_pages : pages)) * stat_main.ms_psize;
    const uint64_t of_map = (uint64_t)info.me_mapsize / 5 * 4;
    const uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize;
    const uint64_t of_disk = used + room / 5 * 4;
    *ret_used_bytes = used;
    *ret_quota_bytes = of_map < of_disk ? of_map : of_disk;
    return ESEP_OK;
}
