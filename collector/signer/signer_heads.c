/* collector/signer/signer_heads.c - see signer_heads.h. A place, 4096 bytes, integers big-endian:
 *
 *   tag "esep/signed/v1" 16 | count u64 | frontier_len u32 | 0 x 4 | frontier | zeros | check 32
 *
 * check: SHA-256(origin || 0 || all before it). The place with the higher count is the newer.
 */
#include "collector/signer/signer_heads.h"

#include "io/folder.h"
#include "io/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACE = 4096, AT_COUNT = 16, AT_LEN = 24, AT_TREE = 32, AT_CHECK = PLACE - 32 };
static const uint8_t tag[16] = "esep/signed/v1";

static struct esep_hash check(const char *origin, const uint8_t *place)
{
    const struct esep_slice parts[] = {esep_slice(origin, strlen(origin) + 1),
                                       esep_slice(place, AT_CHECK)};
    return esep_sha256_parts(parts, 2);
}

static bool read_whole(int fd, uint8_t *out, size_t len, off_t at)
{
    size_t done = 0;
    while (done < len) {
        const ssize_t got = pread(fd, out + done, len - done, at + (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static bool write_whole(int fd, const uint8_t *in, size_t len, off_t at)
{
    size_t done = 0;
    while (done < len) {
        const ssize_t put = pwrite(fd, in + done, len - done, at + (off_t)done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

static void look_at(struct signer_places *places, const char *origin, const uint8_t *place)
{
    struct esep_merkle tree;
    const struct esep_hash hash = check(origin, place);
    const size_t len = esep_be32(place + AT_LEN);
    if (memcmp(place, tag, sizeof tag) != 0 || len > ESEP_MERKLE_BYTES_MAX ||
        memcmp(place + AT_CHECK, hash.bytes, sizeof hash.bytes) != 0 ||
        esep_merkle_load(&tree, esep_slice(place + AT_TREE, len)) != ESEP_OK)
        return;
    if (esep_be64(place + AT_COUNT) > places->count) {
        places->count = esep_be64(place + AT_COUNT);
        places->tree = tree;
    }
}

static void file_name(const char *origin, char out[80])
{
    char hex[2 * ESEP_HASH_BYTES + 1];
    const struct esep_hash hash = esep_sha256(esep_slice_str(origin));
    esep_hex(hash.bytes, sizeof hash.bytes, hex);
    (void)snprintf(out, 80, "%s.head", hex);
}

static void close_places(struct signer_heads *heads)
{
    if (heads->open.is_open)
        (void)close(heads->open.fd);
    heads->open.is_open = false;
}

/* What is open is the log's file as long as it has its name. */
static bool is_open(const struct signer_places *places, const char *origin)
{
    struct stat info;
    return places->is_open && strcmp(places->origin, origin) == 0 &&
           fstat(places->fd, &info) == 0 && info.st_nlink == 1;
}

/* heads->open becomes this log's. ESEP_NOT_FOUND: no file of it. */
static enum esep_status open_places(struct signer_heads *heads, const char *origin)
{
    char name[80];
    uint8_t place[PLACE];
    struct signer_places *places = &heads->open;
    if (is_open(places, origin))
        return ESEP_OK;
    close_places(heads);
    file_name(origin, name);
    *places =
        (struct signer_places){.fd = openat(heads->folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW)};
    (void)snprintf(places->origin, sizeof places->origin, "%s", origin);
    esep_merkle_init(&places->tree);
    places->is_open = places->fd >= 0;
    if (!places->is_open)
        return errno == ENOENT ? ESEP_NOT_FOUND : ESEP_IO;
    for (off_t at = 0; at < 2 * PLACE; at += PLACE)
        if (read_whole(places->fd, place, PLACE, at))
            look_at(places, origin, place);
    /* A file takes its name when it holds a head: without one it was damaged. */
    if (places->count > 0)
        return ESEP_OK;
    close_places(heads);
    return ESEP_CORRUPT;
}

enum esep_status signer_heads_get(struct signer_heads *heads, const char *origin,
                                  struct esep_merkle *ret)
{
    const enum esep_status status = open_places(heads, origin);
    if (status == ESEP_NOT_FOUND)
        esep_merkle_init(ret);
    else if (status == ESEP_OK)
        *ret = heads->open.tree;
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

static void fill(const char *origin, uint64_t count, const struct esep_merkle *tree,
                 uint8_t out[PLACE])
{
    memset(out, 0, PLACE);
    memcpy(out, tag, sizeof tag);
    esep_be64_put(out + AT_COUNT, count);
    esep_be32_put(out + AT_LEN, (uint32_t)esep_merkle_save(tree, out + AT_TREE));
    const struct esep_hash hash = check(origin, out);
    memcpy(out + AT_CHECK, hash.bytes, sizeof hash.bytes);
}

static bool room_for_more(const struct signer_heads *heads)
{
    const int fd = openat(heads->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    size_t count = 0;
    if (list == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    while (readdir(list) != NULL)
        count++;
    (void)closedir(list);
    return count < SIGNER_ORIGINS_MAX;
}

/* The first head of a log: the whole file, then its name. */
static enum esep_status begin(const struct signer_heads *heads, const char *origin,
                              const struct esep_merkle *tree)
{
    char name[80];
    uint8_t both[2 * PLACE] = {0};
    file_name(origin, name);
    if (!room_for_more(heads))
        return ESEP_LIMIT;
    fill(origin, 1, tree, both + PLACE);
    const int fd =
        openat(heads->folder, "new", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return esep_store_errno(errno);
    bool good = write_whole(fd, both, sizeof both, 0) && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    good = good && renameat(heads->folder, "new", heads->folder, name) == 0 &&
           fsync(heads->folder) == 0;
    return good ? ESEP_OK : ESEP_IO;
}

enum esep_status signer_heads_put(struct signer_heads *heads, const char *origin,
                                  const struct esep_merkle *tree)
{
    struct signer_places *places = &heads->open;
    uint8_t place[PLACE];
    const enum esep_status status = open_places(heads, origin);
    if (status == ESEP_NOT_FOUND)
        return begin(heads, origin, tree);
    if (status != ESEP_OK)
        return status;
    ESEP_ASSERT(tree->size >= places->tree.size);
    const uint64_t count = places->count + 1;
    fill(origin, count, tree, place);
    /* Both places are always there: nothing can be full. */
    if (!write_whole(places->fd, place, PLACE, count % 2 == 0 ? 0 : PLACE) ||
        fdatasync(places->fd) != 0) {
        close_places(heads);
        return ESEP_IO;
    }
    places->count = count;
    places->tree = *tree;
    return ESEP_OK;
}

/* The keys as they are packed, and SHA-256 over that. */
enum { KEYS_MAX = ESEP_LOG_KEYS_BYTES_MAX + ESEP_HASH_BYTES };

enum esep_status signer_heads_keys(struct signer_heads *heads, const struct esep_log_keys *known)
{
    uint8_t bytes[KEYS_MAX];
    const size_t len = esep_log_keys_pack(known, bytes);
    const struct esep_hash hash = esep_sha256(esep_slice(bytes, len));
    memcpy(bytes + len, hash.bytes, sizeof hash.bytes);
    const int fd =
        openat(heads->folder, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && write_whole(fd, bytes, len + sizeof hash.bytes, 0) && fsync(fd) == 0;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    good = good && renameat(heads->folder, "new", heads->folder, "key") == 0 &&
           fsync(heads->folder) == 0;
    if (good)
        heads->known = *known;
    return good ? ESEP_OK : ESEP_IO;
}

static enum esep_status read_keys(int fd, struct esep_log_keys *ret)
{
    uint8_t bytes[KEYS_MAX];
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_size < ESEP_HASH_BYTES || info.st_size > KEYS_MAX ||
        !read_whole(fd, bytes, (size_t)info.st_size, 0))
        return ESEP_CORRUPT;
    const struct esep_slice keys = esep_slice(bytes, (size_t)info.st_size - ESEP_HASH_BYTES);
    const struct esep_hash hash = esep_sha256(keys);
    if (memcmp(hash.bytes, bytes + keys.len, sizeof hash.bytes) != 0)
        return ESEP_CORRUPT;
    return esep_log_keys_unpack(keys, ret) == ESEP_OK ? ESEP_OK : ESEP_CORRUPT;
}

static enum esep_status check_key(struct signer_heads *heads, const char *path,
                                  const uint8_t public_key[ESEP_KEY_BYTES], bool create,
                                  struct esep_reason *reason)
{
    const int fd = openat(heads->folder, "key", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && (errno != ENOENT || !create))
        return esep_because(reason, ESEP_NOT_FOUND, "%.160s is no folder of signed heads", path);
    if (fd < 0) {
        struct esep_log_keys first;
        esep_log_keys_begin(&first, public_key);
        return signer_heads_keys(heads, &first) == ESEP_OK
                   ? ESEP_OK
                   : esep_because(reason, ESEP_IO, "cannot write in %.120s: %s", path,
                                  strerror(errno));
    }
    const enum esep_status status = read_keys(fd, &heads->known);
    (void)close(fd);
    if (status != ESEP_OK)
        return esep_because(reason, status,
                            "%.160s/key is damaged: whose folder it is cannot be told", path);
    const size_t place = esep_log_keys_find(&heads->known, public_key);
    if (place + 1 == heads->known.count || place + 2 == heads->known.count)
        return ESEP_OK;
    return esep_because(reason, ESEP_INVALID,
                        place < heads->known.count
                            ? "%.120s knows two newer keys than this: the key file was put back "
                              "from a copy"
                            : "%.120s belongs to another key: what that one signed says nothing "
                              "of this one",
                        path);
}

enum esep_status signer_heads_open(struct signer_heads *ret, const char *path,
                                   const uint8_t public_key[ESEP_KEY_BYTES], bool create,
                                   struct esep_reason *reason)
{
    ret->folder = -1;
    ret->open.is_open = false;
    if (create && mkdir(path, 0700) == 0 && !esep_folder_sync_above(path))
        return esep_because(reason, ESEP_IO, "cannot sync the folder above %.120s", path);
    ret->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (ret->folder < 0)
        return esep_because(reason, errno == ENOENT ? ESEP_NOT_FOUND : ESEP_IO,
                            "%.120s: %s: what the log's key signed is kept there, and without it "
                            "nothing more is signed",
                            path, strerror(errno));
    struct stat info;
    enum esep_status status = ESEP_OK;
    if (fstat(ret->folder, &info) != 0 || info.st_uid != geteuid() || (info.st_mode & 077) != 0)
        status = esep_because(reason, ESEP_DENIED,
                              "%.120s must be ours and closed to others (0700)", path);
    else if (flock(ret->folder, LOCK_EX | LOCK_NB) != 0)
        status = esep_because(reason, ESEP_CONFLICT, "another process signs with %.120s", path);
    else
        status = check_key(ret, path, public_key, create, reason);
    if (status != ESEP_OK)
        signer_heads_close(ret);
    return status;
}

void signer_heads_close(struct signer_heads *heads)
{
    close_places(heads);
    if (heads->folder >= 0)
        (void)close(heads->folder);
    heads->folder = -1;
}
