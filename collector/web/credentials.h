/* collector/web/credentials.h - what proves that somebody is who an account names.
 *
 * Passwords (as Argon2id hashes), invitations to choose one, and the second factor's secret. They
 * lie in a store of the web process's own, never in the log: a log is kept for ever and shown to
 * auditors, a credential is neither. Who has an account, and what it may do, says the log alone; a
 * credential without an account opens nothing.
 *
 * Every put is durable when it returns. One process at a time writes a given name: the daemon and
 * the command may both be at work, each put is a whole record in one transaction.
 *
 * Source: RFC 9106 (Argon2id), through libsodium.
 */
#ifndef COLLECTOR_WEB_CREDENTIALS_H
#define COLLECTOR_WEB_CREDENTIALS_H

#include "base/crypto.h"
#include "base/time.h"
#include "collector/web/session.h"
#include "collector/web/totp.h"

#define WEB_PASSWORD_HASH_MAX 128
#define WEB_PASSWORD_BYTES_MIN 12
#define WEB_PASSWORD_BYTES_MAX 256
#define WEB_INVITATION_BYTES 16
#define WEB_INVITATION_CHARS 33 /* as hex, with the NUL */
#define WEB_INVITED_FOR (72 * ESEP_HOUR)

struct web_credential {
    char password[WEB_PASSWORD_HASH_MAX]; /* "": none was chosen yet */
    struct esep_hash invitation;          /* SHA-256 of the open invitation; zero: none */
    esep_time invited_until;
    bool second_factor; /* demanded at each login */
    uint8_t totp[WEB_TOTP_SECRET_BYTES];
    uint64_t totp_step; /* of the last code taken */
};

struct web_credentials;
/* Makes the folder (0700) and the store where they are missing. */
ESEP_MUST_USE enum esep_status web_credentials_open(struct web_credentials **ret, const char *path,
                                                    struct esep_reason *reason);
void web_credentials_close(struct web_credentials *credentials);
/* ESEP_NOT_FOUND: the name has none. */
ESEP_MUST_USE enum esep_status web_credential_get(struct web_credentials *credentials,
                                                  const char *name, struct web_credential *ret,
                                                  struct esep_reason *reason);
ESEP_MUST_USE enum esep_status web_credential_put(struct web_credentials *credentials,
                                                  const char *name,
                                                  const struct web_credential *credential,
                                                  struct esep_reason *reason);

/* Draws an invitation that is good until the instant; the text is shown once and kept nowhere. */
void web_invitation_make(struct web_credential *credential, esep_time until,
                         char ret_text[WEB_INVITATION_CHARS]);
ESEP_MUST_USE bool web_invitation_is(const struct web_credential *credential, const char *text,
                                     esep_time now);
/* ESEP_INVALID: too short, too long, or the account's own name. Nothing else is asked of it: rules
 * about kinds of letters make passwords worse (NIST SP 800-63B, 5.1.1). */
ESEP_MUST_USE enum esep_status web_password_check(const char *name, const char *password,
                                                  struct esep_reason *reason);

#endif
