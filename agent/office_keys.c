/* agent/office_keys.c - see office_keys.h. */
#include "agent/office_keys.h"

#include "io/folder.h"
#include "io/keyfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 512

static enum esep_status next_path(const char *path, char ret[PATH_BYTES],
                                  struct esep_reason *reason)
{
    int len = snprintf(ret, PATH_BYTES, "%s.next", path);
    return len > 0 && len < PATH_BYTES
               ? ESEP_OK
               : esep_because(reason, ESEP_INVALID, "%.120s: this name is too long", path);
}

enum esep_status office_keys_read(const char *path, struct office_keys *ret,
                                  struct esep_reason *reason)
{
    struct esep_keyfile keys;
    enum esep_status status = esep_keyfile_read(path, &keys, reason);
    if (status == ESEP_OK && (esep_keyfile_sign(&keys, &ret->sign) != ESEP_OK ||
                              esep_keyfile_curve(&keys, &ret->curve) != ESEP_OK))
        status = esep_because(reason, ESEP_INVALID, "%s: lacks a sign or a curve key", path);
    esep_wipe(&keys, sizeof keys);
    return status;
}

enum esep_status office_keys_next(const char *path, struct office_keys *ret,
                                  struct esep_reason *reason)
{
    char next[PATH_BYTES];
    enum esep_status status = next_path(path, next, reason);
    return status == ESEP_OK ? office_keys_read(next, ret, reason) : status;
}

enum esep_status office_keys_take_next(const char *path, struct esep_reason *reason)
{
    char next[PATH_BYTES];
    enum esep_status status = next_path(path, next, reason);
    if (status != ESEP_OK)
        return status;
    /* Where the name is gone another process has done it meanwhile. */
    if ((rename(next, path) != 0 && errno != ENOENT) || !esep_folder_sync_above(path))
        return esep_because(reason, ESEP_IO, "%.120s: the new keys cannot take its place: %s", path,
                            strerror(errno));
    return ESEP_OK;
}

enum esep_status office_keys_current(const char *path, const uint8_t sign_public[ESEP_KEY_BYTES],
                                     struct office_keys *ret, struct esep_reason *reason)
{
    struct office_keys next;
    enum esep_status status = office_keys_read(path, ret, reason);
    if (status == ESEP_OK && memcmp(ret->sign.public, sign_public, ESEP_KEY_BYTES) == 0)
        return ESEP_OK;
    if (office_keys_next(path, &next, NULL) == ESEP_OK &&
        memcmp(next.sign.public, sign_public, ESEP_KEY_BYTES) == 0) {
        *ret = next;
        status = office_keys_take_next(path, reason);
    }
    esep_wipe(&next, sizeof next);
    return status;
}

enum esep_status office_keys_make_next(const char *path, struct office_keys *ret,
                                       struct esep_reason *reason)
{
    static const char *const kinds[] = {"sign", "curve"};
    struct esep_keyfile keys;
    char next[PATH_BYTES];
    enum esep_status status = next_path(path, next, reason);
    if (status == ESEP_OK && access(next, F_OK) != 0) {
        esep_keyfile_tidy(next);
        esep_keyfile_generate(&keys, kinds, 2);
        status = esep_keyfile_create(next, &keys, reason);
        esep_wipe(&keys, sizeof keys);
        if (status == ESEP_CONFLICT) /* made by another command meanwhile */
            status = ESEP_OK;
    }
    return status == ESEP_OK ? office_keys_read(next, ret, reason) : status;
}
