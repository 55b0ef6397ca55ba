/* collector/signer/signer_place.c - see signer_place.h. */
#include "collector/signer/signer_place.h"

#include "io/folder.h"
#include "io/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 300

static void beside(const char *path, const char *ending, char out[PATH_ROOM])
{
    (void)snprintf(out, PATH_ROOM, "%.280s%s", path, ending);
}

static enum esep_status read_sign(const char *path, struct esep_sign_key *ret,
                                  struct esep_reason *reason)
{
    struct esep_keyfile file;
    enum esep_status status = esep_keyfile_read(path, &file, reason);
    if (status == ESEP_OK)
        status = esep_keyfile_sign(&file, ret);
    esep_wipe(&file, sizeof file);
    return status;
}

static enum esep_status make_sign(const char *path, struct esep_sign_key *ret,
                                  struct esep_reason *reason)
{
    static const char *const kinds[] = {"sign"};
    struct esep_keyfile file;
    esep_keyfile_generate(&file, kinds, 1);
    enum esep_status status = esep_keyfile_create(path, &file, reason);
    if (status == ESEP_OK)
        status = esep_keyfile_sign(&file, ret);
    esep_wipe(&file, sizeof file);
    return status;
}

enum esep_status signer_place_read(const char *path, bool make, struct signer_keys *ret,
                                   bool *ret_made, struct esep_reason *reason)
{
    *ret_made = false;
    esep_keyfile_tidy(path);
    enum esep_status status = read_sign(path, &ret->present, reason);
    if (status == ESEP_NOT_FOUND && make) {
        *ret_made = true;
        status = make_sign(path, &ret->present, reason);
    }
    return status;
}

void signer_place_look(const char *path, struct signer_keys *keys)
{
    char next[PATH_ROOM];
    if (path == NULL || keys->has_next)
        return;
    beside(path, ".next", next);
    keys->has_next = read_sign(next, &keys->next, NULL) == ESEP_OK;
}

/* Its bytes, then its name. */
static bool destroy(const char *path)
{
    static const uint8_t zeros[4096];
    struct stat info;
    const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT;
    bool good = fstat(fd, &info) == 0 && info.st_size <= (off_t)sizeof zeros &&
                pwrite(fd, zeros, (size_t)info.st_size, 0) == (ssize_t)info.st_size &&
                fsync(fd) == 0;
    good = close(fd) == 0 && good;
    return unlink(path) == 0 && esep_folder_sync_above(path) && good;
}

bool signer_place_switch(const char *path)
{
    char next[PATH_ROOM];
    char old[PATH_ROOM];
    if (path == NULL)
        return true;
    beside(path, ".next", next);
    beside(path, ".old", old);
    /* The old one keeps a name, so that what was cut off here is found and overwritten. */
    return (link(path, old) == 0 || errno == EEXIST) && rename(next, path) == 0 &&
           esep_folder_sync_above(path) && destroy(old);
}

enum esep_status signer_place_settle(const char *path, struct signer_keys *keys,
                                     struct esep_reason *reason)
{
    char old[PATH_ROOM];
    const uint8_t *newest = esep_log_keys_newest(&keys->known);
    beside(path, ".old", old);
    signer_place_look(path, keys);
    if (memcmp(newest, keys->present.public, ESEP_KEY_BYTES) == 0)
        return destroy(old) ? ESEP_OK
                            : esep_because(reason, ESEP_IO, "cannot remove %.150s: %s", old,
                                           strerror(errno));
    if (!keys->has_next || memcmp(newest, keys->next.public, ESEP_KEY_BYTES) != 0)
        return esep_because(reason, ESEP_INVALID,
                            "another key has taken the place of the one in %.150s, and is not "
                            "there: the key file was put back from a copy",
                            path);
    keys->present = keys->next;
    esep_wipe(&keys->next, sizeof keys->next);
    keys->has_next = false;
    return signer_place_switch(path)
               ? ESEP_OK
               : esep_because(reason, ESEP_IO, "cannot put the next key in the place of %.120s: %s",
                              path, strerror(errno));
}

enum esep_status signer_place_next(const char *path, uint8_t ret_public[ESEP_KEY_BYTES],
                                   bool *ret_pending, struct esep_reason *reason)
{
    char name[PATH_ROOM];
    struct esep_sign_key key;
    enum esep_status status = read_sign(path, &key, reason); /* beside a key, or nowhere */
    if (status == ESEP_NOT_FOUND)
        return esep_because(reason, status,
                            "%.200s: there is no key yet, which another could follow: "
                            "`signer keygen` makes the first",
                            path);
    if (status != ESEP_OK)
        return status;
    beside(path, ".next", name);
    status = make_sign(name, &key, reason);
    *ret_pending = status == ESEP_CONFLICT;
    if (*ret_pending)
        status = read_sign(name, &key, reason);
    if (status == ESEP_OK)
        memcpy(ret_public, key.public, ESEP_KEY_BYTES);
    esep_wipe(&key, sizeof key);
    return status;
}
