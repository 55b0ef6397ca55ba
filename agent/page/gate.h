/* agent/page/gate.h - who may use the office's page: the token of this start, and sessions.
 *
 * Loopback is not private: every program and every user of the machine can connect, and any web
 * site can have a browser of this machine do so. What lets in is a token of 128 bits, drawn at
 * start, in a file that its owner alone can read. It is exchanged for a session, whose cookie the
 * browser keeps; beside it stands a key that the page sends as a header. Both are asked for: a
 * cookie alone goes to every port of 127.0.0.1, thus to any other user's server there, and a header
 * alone would not be sent by the browser for the page's own files.
 *
 * Kept are SHA-256 hashes alone. There are PAGE_SESSIONS_MAX sessions; one more ends that which was
 * used longest ago: whoever may read the file may do so. A wrong token is answered slowly after the
 * first few; a right one always is, so that nobody can lock the clerk out by guessing.
 *
 * No clock, no randomness, no I/O; `now` is monotonic. Invariant: a cookie stands for one session.
 */
#ifndef AGENT_PAGE_GATE_H
#define AGENT_PAGE_GATE_H

#include "base/crypto.h"
#include "base/time.h"

#define PAGE_SECRET_BYTES 16
#define PAGE_SESSIONS_MAX 8
#define PAGE_SESSION_IDLE (24 * ESEP_HOUR)
#define PAGE_SESSION_LIFETIME (7 * ESEP_DAY)

struct page_session {
    struct esep_hash cookie, key;
    esep_time opened_at, used_at;
    bool open;
};
struct page_gate {
    struct esep_hash token;
    uint16_t port;
    struct page_session sessions[PAGE_SESSIONS_MAX];
    esep_time wrong_until; /* a wrong token counts at the earliest then: a leaky bucket */
};

void page_gate_init(struct page_gate *ret, const uint8_t token[PAGE_SECRET_BYTES], uint16_t port);

/* Exactly "127.0.0.1:PORT" or "localhost:PORT". NULL is none. */
bool page_gate_host(const struct page_gate *gate, const char *host);
/* Exactly "http://" and such a host. */
bool page_gate_origin(const struct page_gate *gate, const char *origin);

enum page_token {
    PAGE_TOKEN_RIGHT,
    PAGE_TOKEN_WRONG,
    PAGE_TOKEN_WAIT, /* wrong, and one of many */
};
/* text: hex, NULL is wrong. ret_wait: with WAIT, until when the next one is heard. */
enum page_token page_gate_token(struct page_gate *gate, const char *text, esep_time now,
                                esep_time *ret_wait);
/* A new session of these secrets. */
void page_gate_open(struct page_gate *gate, const uint8_t cookie[PAGE_SECRET_BYTES],
                    const uint8_t key[PAGE_SECRET_BYTES], esep_time now);
/* The session of a cookie (hex), or NULL. Finding it is using it. */
struct page_session *page_gate_session(struct page_gate *gate, const char *cookie, esep_time now);
/* Whether the key (hex) is this session's. */
bool page_gate_key(const struct page_session *session, const char *key);
/* Whether a session of that cookie is open still; no use of it. */
bool page_gate_holds(const struct page_gate *gate, const struct esep_hash *cookie, esep_time now);

#endif
