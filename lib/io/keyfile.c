/* lib/io/keyfile.c - secret keys as a small text file that nobody else may read.
 *
 * A new file is written under a temporary name, synced, and then takes its name in one step that
 * fails where the name is taken: a crash leaves no half key file, and no key is ever overwritten.
 * A crash does leave the temporary name with the keys under it: the next that makes keys, or finds
 * that they are made, removes it.
 * Buffers that held secrets are wiped.
 */
#include "io/keyfile.h"

#include "io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 4096
#define PASSING_NAME ".keys."
#define DRAWN "XXXXXX"

static const char *const kinds_known[] = {"sign", "box", "curve"};

void esep_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}

static bool kind_known(const char *kind)
{
    for (size_t i = 0; i < sizeof(kinds_known) / sizeof(kinds_known[0]); i++)
        if (strcmp(kinds_known[i], kind) == 0)
            return true;
    return false;
}

/* Opens the file only where it is ours alone. */
static enum esep_status open_private(const char *path, int *ret_fd, struct esep_reason *reason)
{
    struct stat info;
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ELOOP)
            return esep_because(reason, ESEP_DENIED,
                                "%.160s is a symbolic link: give the key file itself", path);
        const enum esep_status status = errno == ENOENT   ? ESEP_NOT_FOUND
                                        : errno == EACCES ? ESEP_DENIED
                                                          : ESEP_IO;
        return esep_because(reason, status, "cannot open the key file %.140s: %s", path,
                            strerror(errno));
    }
    enum esep_status status = ESEP_OK;
    if (fstat(fd, &info) != 0)
        status = esep_because(reason, ESEP_IO, "cannot look at %.160s: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        status = esep_because(reason, ESEP_INVALID, "%.160s is not a file", path);
    else if (info.st_uid != geteuid())
        status = esep_because(reason, ESEP_DENIED,
                              "the key file %.120s belongs to user %u, not to us (%u): chown it",
                              path, (unsigned)info.st_uid, (unsigned)geteuid());
    else if ((info.st_mode & 077) != 0)
        status =
            esep_because(reason, ESEP_DENIED,
                         "the key file %.120s is open to others (mode %04o): chmod 600 it, and "
                         "make new keys if anyone else may have read it",
                         path, (unsigned)(info.st_mode & 07777));
    if (status != ESEP_OK) {
        (void)close(fd);
        return status;
    }
    *ret_fd = fd;
    return ESEP_OK;
}

/* One line: NULL, or what is wrong with it. Blank lines and comments are no keys. */
static const char *parse_line(char *line, struct esep_keyfile *keys)
{
    static const char blanks[] = " \t\r";
    char *save = NULL;
    const char *kind = strtok_r(line, blanks, &save);
    if (kind == NULL || kind[0] == '#')
        return NULL;
    const char *hex = strtok_r(NULL, blanks, &save);
    const char *rest = strtok_r(NULL, blanks, &save);
    if (!kind_known(kind))
        return "the kind is none of sign, box, curve";
    if (hex == NULL || rest != NULL)
        return "a line is a kind and 64 hex digits";
    if (keys->count == ESEP_KEYFILE_KEYS_MAX)
        return "too many keys";
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->keys[i].kind, kind) == 0)
            return "this kind is there twice";
    (void)snprintf(keys->keys[keys->count].kind, sizeof(keys->keys[0].kind), "%s", kind);
    if (esep_unhex(hex, keys->keys[keys->count].secret, 32) != ESEP_OK)
        return "the key is not 64 hex digits";
    keys->count++;
    return NULL;
}

static enum esep_status parse(const char *path, char *text, struct esep_keyfile *keys,
                              struct esep_reason *reason)
{
    int number = 1;
    for (char *line = text; line != NULL; number++) {
        char *next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        const char *wrong = parse_line(line, keys);
        if (wrong != NULL)
            return esep_because(reason, ESEP_INVALID, "%.160s:%d: %s", path, number, wrong);
        line = next;
    }
    if (keys->count == 0)
        return esep_because(reason, ESEP_INVALID, "%.160s holds no key", path);
    return ESEP_OK;
}

enum esep_status esep_keyfile_read(const char *path, struct esep_keyfile *ret,
                                   struct esep_reason *reason)
{
    char text[FILE_BYTES_MAX + 1];
    struct esep_keyfile keys = {.count = 0};
    int fd = -1;
    enum esep_status status = open_private(path, &fd, reason);
    if (status != ESEP_OK)
        return status;
    size_t len = 0;
    ssize_t got = 0;
    while (len < sizeof(text) && (got = read(fd, text + len, sizeof(text) - len)) > 0)
        len += (size_t)got;
    (void)close(fd);
    if (got < 0) {
        status = esep_because(reason, ESEP_IO, "cannot read %.160s: %s", path, strerror(errno));
    } else if (len > FILE_BYTES_MAX || memchr(text, '\0', len) != NULL) {
        status = esep_because(reason, ESEP_INVALID, "%.160s is not a key file", path);
    } else {
        text[len] = '\0';
        status = parse(path, text, &keys, reason);
    }
    if (status == ESEP_OK)
        *ret = keys;
    esep_wipe(&keys, sizeof(keys));
    esep_wipe(text, sizeof(text));
    return status;
}

static enum esep_status cannot(const char *what, const char *path, struct esep_reason *reason)
{
    switch (errno) {
    case EEXIST:
        return esep_because(reason, ESEP_CONFLICT,
                            "the key file %.140s is there already, and is kept as it is", path);
    case EACCES:
    case EPERM:
    case EROFS:
        return esep_because(reason, ESEP_DENIED, "cannot %s %.140s: %s", what, path,
                            strerror(errno));
    case ENOSPC:
    case EDQUOT:
        return esep_because(reason, ESEP_LIMIT, "cannot %s %.140s: %s: make room", what, path,
                            strerror(errno));
    default:
        return esep_because(reason, ESEP_IO, "cannot %s %.140s: %s", what, path, strerror(errno));
    }
}

/* A folder that is made here has its own name in the one above: that is synced, too, or a power cut
 * takes the folder with the keys in it. */
static enum esep_status make_folder(const char *folder, struct esep_reason *reason)
{
    char above[PATH_MAX + 4];
    const bool made = mkdir(folder, 0700) == 0;
    if (!made && errno != EEXIST)
        return cannot("make the folder", folder, reason);
    (void)snprintf(above, sizeof(above), "%s/..", folder);
    if (!esep_folder_sync(above) && made)
        return cannot("sync the folder above", folder, reason);
    return ESEP_OK;
}

static size_t format(const struct esep_keyfile *keys, char *out, size_t room)
{
    size_t len = (size_t)snprintf(out, room,
                                  "# Secret keys of Esep. Nobody else may read this file, and it "
                                  "travels nowhere.\n");
    for (size_t i = 0; i < keys->count; i++) {
        char hex[65];
        esep_hex(keys->keys[i].secret, 32, hex);
        len += (size_t)snprintf(out + len, room - len, "%s %s\n", keys->keys[i].kind, hex);
        esep_wipe(hex, sizeof(hex));
    }
    return len;
}

/* The whole text on disk under the temporary name. */
static bool write_synced(int fd, const char *text, size_t len)
{
    size_t done = 0;
    while (done < len) {
        const ssize_t wrote = write(fd, text + done, len - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        done += (size_t)wrote;
    }
    return fsync(fd) == 0;
}

/* Whoever writes the file under its passing name holds a lock on it; one without is a wreck. */
static void remove_wreck(int folder, const char *name)
{
    const int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)unlinkat(folder, name, 0);
    (void)close(fd);
}

static void clear_wrecks(const char *folder)
{
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strncmp(entry->d_name, PASSING_NAME, sizeof(PASSING_NAME) - 1) == 0 &&
            strlen(entry->d_name) == sizeof(PASSING_NAME DRAWN) - 1)
            remove_wreck(dirfd(entries), entry->d_name);
    (void)closedir(entries);
}

void esep_keyfile_tidy(const char *path)
{
    char copy[PATH_MAX];
    if (snprintf(copy, sizeof(copy), "%s", path) < (int)sizeof(copy))
        clear_wrecks(dirname(copy));
}

enum esep_status esep_keyfile_create(const char *path, const struct esep_keyfile *keys,
                                     struct esep_reason *reason)
{
    char copy[PATH_MAX];
    char temporary[PATH_MAX + 16];
    char text[FILE_BYTES_MAX];
    if (strlen(path) >= sizeof(copy))
        return esep_because(reason, ESEP_INVALID, "the key file's path is too long");
    ESEP_ASSERT(keys->count > 0 && keys->count <= ESEP_KEYFILE_KEYS_MAX);
    (void)snprintf(copy, sizeof(copy), "%s", path);
    const char *folder = dirname(copy);
    enum esep_status status = make_folder(folder, reason);
    if (status != ESEP_OK)
        return status;
    clear_wrecks(folder);
    (void)snprintf(temporary, sizeof(temporary), "%s/" PASSING_NAME DRAWN, folder);
    const int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return cannot("write in the folder", folder, reason);
    (void)flock(fd, LOCK_EX | LOCK_NB);
    const size_t len = format(keys, text, sizeof(text));
    if (!write_synced(fd, text, len))
        status = cannot("write the key file", path, reason);
    else if (link(temporary, path) != 0)
        status = cannot("make the key file", path, reason);
    esep_wipe(text, sizeof(text));
    if (unlink(temporary) != 0 && status == ESEP_OK)
        status = cannot("remove the copy of the keys", temporary, reason);
    (void)close(fd);
    if (status == ESEP_OK && !esep_folder_sync(folder))
        status = cannot("sync the folder", folder, reason);
    return status;
}

void esep_keyfile_generate(struct esep_keyfile *ret, const char *const *kinds, size_t count)
{
    ESEP_ASSERT(count > 0 && count <= ESEP_KEYFILE_KEYS_MAX);
    *ret = (struct esep_keyfile){.count = count};
    for (size_t i = 0; i < count; i++) {
        ESEP_ASSERT(kind_known(kinds[i]));
        (void)snprintf(ret->keys[i].kind, sizeof(ret->keys[i].kind), "%s", kinds[i]);
        esep_random(ret->keys[i].secret, sizeof(ret->keys[i].secret));
    }
}

static const uint8_t *find(const struct esep_keyfile *keys, const char *kind)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->keys[i].kind, kind) == 0)
            return keys->keys[i].secret;
    return NULL;
}

enum esep_status esep_keyfile_sign(const struct esep_keyfile *keys, struct esep_sign_key *ret)
{
    const uint8_t *seed = find(keys, "sign");
    if (seed == NULL)
        return ESEP_NOT_FOUND;
    esep_sign_key_from_seed(ret, seed);
    return ESEP_OK;
}

enum esep_status esep_keyfile_box(const struct esep_keyfile *keys, struct esep_box_key *ret)
{
    const uint8_t *seed = find(keys, "box");
    if (seed == NULL)
        return ESEP_NOT_FOUND;
    esep_box_key_from_seed(ret, seed);
    return ESEP_OK;
}

enum esep_status esep_keyfile_curve(const struct esep_keyfile *keys, struct esep_curve_key *ret)
{
    const uint8_t *secret = find(keys, "curve");
    if (secret == NULL)
        return ESEP_NOT_FOUND;
    memcpy(ret->secret, secret, sizeof(ret->secret));
    ESEP_ASSERT(crypto_scalarmult_base(ret->public, ret->secret) == 0);
    return ESEP_OK;
}
