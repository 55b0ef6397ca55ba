/* collector/web/session.h - who is logged in: a bounded table of sessions.
 *
 * A session is what a cookie's token stands for. The table holds the token's SHA-256 and never the
 * token, so that a core dump or a debugger gives nobody a way in. A session ends when nobody used
 * it for a while, at its absolute end, at logout, or with its account; a login makes a new one and
 * never takes over an old token (session fixation). A token that is not found, or found too late,
 * is the same answer.
 *
 * Full is loud: of expired sessions the places are taken again, of living ones never.
 *
 * No clock, no randomness, no allocation after start. Invariant: a token stands for one session.
 */
#ifndef COLLECTOR_WEB_SESSION_H
#define COLLECTOR_WEB_SESSION_H

#include "base/crypto.h"
#include "base/time.h"

#define WEB_ACCOUNT_MAX 65 /* a name, with the NUL */
#define WEB_TOKEN_BYTES 32

struct web_sessions;

struct web_session {
    char account[WEB_ACCOUNT_MAX];
    uint8_t csrf[WEB_TOKEN_BYTES]; /* what each write must bring along, beside the cookie */
    esep_time opened_at, seen_at;
    bool second_factor; /* given at this login */
};

struct web_sessions_limits {
    uint32_t sessions_max;
    uint32_t of_one_account_max;
    esep_time idle;     /* unused for longer: ended */
    esep_time lifetime; /* since it was opened */
};
ESEP_MUST_USE enum esep_status web_sessions_new(struct web_sessions **ret,
                                                const struct web_sessions_limits *limits);
void web_sessions_free(struct web_sessions *sessions);

/* token and csrf: drawn by the caller. Where the account has as many as it may, its oldest ends.
 * ESEP_LIMIT: the table is full of living sessions. The pointer is good until the next call. */
ESEP_MUST_USE enum esep_status web_session_open(struct web_sessions *sessions, const char *account,
                                                bool second_factor,
                                                const uint8_t token[WEB_TOKEN_BYTES],
                                                const uint8_t csrf[WEB_TOKEN_BYTES], esep_time now,
                                                const struct web_session **ret);
/* NULL: none. Finding it is using it. */
const struct web_session *web_session_find(struct web_sessions *sessions,
                                           const uint8_t token[WEB_TOKEN_BYTES], esep_time now);
/* Whether it stands for a session; no use of it, which would keep it from ending. */
bool web_session_holds(struct web_sessions *sessions, const uint8_t token[WEB_TOKEN_BYTES],
                       esep_time now);
void web_session_close(struct web_sessions *sessions, const uint8_t token[WEB_TOKEN_BYTES]);
/* All of an account: it was closed, or its password was changed. Returns how many. */
uint32_t web_session_close_account(struct web_sessions *sessions, const char *account);
uint32_t web_sessions_open(const struct web_sessions *sessions, esep_time now);

#endif
