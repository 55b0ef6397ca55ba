/* collector/web/credentials.c - one row a name, of a fixed layout, in an LMDB store of its own:
 *
 *   version u8 (1) | flags u8 | 0 0 | invited_until i64 | totp_step u64 | invitation 32 | totp 20 |
 *   password 128, padded with NUL
 */
#include "collector/web/credentials.h"

#include "io/keyfile.h"
#include "io/store.h"

#include <sodium.h>
#include <stdlib.h>

enum { FORMAT = 1, ROW_VERSION = 1, FLAG_SECOND_FACTOR = 1 };
enum {
    AT_FLAGS = 1,
    AT_UNTIL = 4,
    AT_STEP = 12,
    AT_INVITATION = 20,
    AT_TOTP = AT_INVITATION + ESEP_HASH_BYTES,
    AT_PASSWORD = AT_TOTP + WEB_TOTP_SECRET_BYTES,
    ROW_BYTES = AT_PASSWORD + WEB_PASSWORD_HASH_MAX
};
#define MAP_BYTES ((size_t)64 << 20)

struct web_credentials {
    struct esep_store store;
    MDB_dbi dbi;
};

enum esep_status web_credentials_open(struct web_credentials **ret, const char *path,
                                      struct esep_reason *reason)
{
    const struct esep_store_options options = {.map_bytes = MAP_BYTES,
                                               .dbs_max = 2,
                                               .kind = "credentials",
                                               .format = FORMAT,
                                               .create = true};
    struct web_credentials *c = calloc(1, sizeof *c);
    MDB_txn *txn = NULL;
    if (c == NULL)
        return esep_because(reason, ESEP_NOMEM, "%s: no memory", path);
    enum esep_status status = esep_store_open(&c->store, path, &options, reason);
    if (status != ESEP_OK) {
        free(c);
        return status;
    }
    int rc = mdb_txn_begin(c->store.env, NULL, 0, &txn);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "accounts", MDB_CREATE, &c->dbi);
    if (rc == 0) {
        status = esep_store_commit(txn, reason);
    } else {
        mdb_txn_abort(txn);
        status = esep_store_status(rc, reason, "opening the credentials");
    }
    if (status != ESEP_OK) {
        web_credentials_close(c);
        return status;
    }
    *ret = c;
    return ESEP_OK;
}

void web_credentials_close(struct web_credentials *credentials)
{
    if (credentials == NULL)
        return;
    esep_store_close(&credentials->store);
    free(credentials);
}

static MDB_val key_of(const char *name)
{
    /* LMDB asks for a pointer to what may change, and reads it only. */
    union {
        const char *in;
        void *out;
    } key = {.in = name};
    return (MDB_val){.mv_size = strlen(name), .mv_data = key.out};
}

static enum esep_status unpack(const MDB_val *row, const char *name, struct web_credential *ret,
                               struct esep_reason *reason)
{
    const uint8_t *in = row->mv_data;
    if (row->mv_size != ROW_BYTES || in[0] != ROW_VERSION || in[ROW_BYTES - 1] != '\0')
        return esep_because(reason, ESEP_CORRUPT,
                            "the credential of %.64s is damaged: invite the account anew", name);
    *ret = (struct web_credential){.second_factor = (in[AT_FLAGS] & FLAG_SECOND_FACTOR) != 0,
                                   .invited_until = (esep_time)esep_be64(in + AT_UNTIL),
                                   .totp_step = esep_be64(in + AT_STEP)};
    memcpy(ret->invitation.bytes, in + AT_INVITATION, ESEP_HASH_BYTES);
    memcpy(ret->totp, in + AT_TOTP, WEB_TOTP_SECRET_BYTES);
    memcpy(ret->password, in + AT_PASSWORD, WEB_PASSWORD_HASH_MAX);
    return ESEP_OK;
}

static void pack(const struct web_credential *credential, uint8_t out[ROW_BYTES])
{
    memset(out, 0, ROW_BYTES);
    out[0] = ROW_VERSION;
    out[AT_FLAGS] = credential->second_factor ? FLAG_SECOND_FACTOR : 0;
    esep_be64_put(out + AT_UNTIL, (uint64_t)credential->invited_until);
    esep_be64_put(out + AT_STEP, credential->totp_step);
    memcpy(out + AT_INVITATION, credential->invitation.bytes, ESEP_HASH_BYTES);
    memcpy(out + AT_TOTP, credential->totp, WEB_TOTP_SECRET_BYTES);
    memcpy(out + AT_PASSWORD, credential->password, strlen(credential->password));
}

enum esep_status web_credential_get(struct web_credentials *credentials, const char *name,
                                    struct web_credential *ret, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_val key = key_of(name);
    MDB_val row;
    if (name[0] == '\0' || strlen(name) >= WEB_ACCOUNT_MAX)
        return ESEP_NOT_FOUND;
    int rc = mdb_txn_begin(credentials->store.env, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        rc = mdb_get(txn, credentials->dbi, &key, &row);
    enum esep_status status = rc == 0 ? unpack(&row, name, ret, reason)
                              : rc == MDB_NOTFOUND
                                  ? ESEP_NOT_FOUND
                                  : esep_store_status(rc, reason, "reading a credential");
    mdb_txn_abort(txn);
    return status;
}

enum esep_status web_credential_put(struct web_credentials *credentials, const char *name,
                                    const struct web_credential *credential,
                                    struct esep_reason *reason)
{
    uint8_t bytes[ROW_BYTES];
    MDB_txn *txn = NULL;
    MDB_val key = key_of(name);
    MDB_val row = {.mv_size = sizeof bytes, .mv_data = bytes};
    ESEP_ASSERT(name[0] != '\0' && strlen(name) < WEB_ACCOUNT_MAX);
    pack(credential, bytes);
    int rc = mdb_txn_begin(credentials->store.env, NULL, 0, &txn);
    if (rc == 0)
        rc = mdb_put(txn, credentials->dbi, &key, &row, 0);
    esep_wipe(bytes, sizeof bytes);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return esep_store_status(rc, reason, "writing a credential");
    }
    return esep_store_commit(txn, reason);
}

void web_invitation_make(struct web_credential *credential, esep_time until,
                         char ret_text[WEB_INVITATION_CHARS])
{
    uint8_t bytes[WEB_INVITATION_BYTES];
    esep_random(bytes, sizeof bytes);
    esep_hex(bytes, sizeof bytes, ret_text);
    credential->invitation = esep_sha256(esep_slice(bytes, sizeof bytes));
    credential->invited_until = until;
    esep_wipe(bytes, sizeof bytes);
}

bool web_invitation_is(const struct web_credential *credential, const char *text, esep_time now)
{
    static const struct esep_hash none;
    uint8_t bytes[WEB_INVITATION_BYTES];
    if (esep_hash_equal(&credential->invitation, &none) || now > credential->invited_until ||
        esep_unhex(text, bytes, sizeof bytes) != ESEP_OK)
        return false;
    const struct esep_hash hash = esep_sha256(esep_slice(bytes, sizeof bytes));
    return sodium_memcmp(hash.bytes, credential->invitation.bytes, ESEP_HASH_BYTES) == 0;
}

enum esep_status web_password_check(const char *name, const char *password,
                                    struct esep_reason *reason)
{
    const size_t len = strlen(password);
    if (len < WEB_PASSWORD_BYTES_MIN)
        return esep_because(reason, ESEP_INVALID, "the password is too short: at least %d letters",
                            WEB_PASSWORD_BYTES_MIN);
    if (len > WEB_PASSWORD_BYTES_MAX)
        return esep_because(reason, ESEP_INVALID, "the password is too long: at most %d bytes",
                            WEB_PASSWORD_BYTES_MAX);
    if (strstr(password, name) != NULL && len < strlen(name) + WEB_PASSWORD_BYTES_MIN)
        return esep_because(reason, ESEP_INVALID,
                            "the password is little more than the account's name");
    return ESEP_OK;
}
