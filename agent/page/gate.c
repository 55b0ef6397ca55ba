/* agent/page/gate.c - see gate.h. */
#include "agent/page/gate.h"

#include <stdio.h>
#include <string.h>

#define WRONG_EVERY (6 * ESEP_SECOND)
#define WRONG_AT_ONCE 10

static bool hash_of(const char *text, struct esep_hash *ret)
{
    uint8_t secret[PAGE_SECRET_BYTES];
    if (text == NULL || esep_unhex(text, secret, sizeof secret) != ESEP_OK)
        return false;
    *ret = esep_sha256(esep_slice(secret, sizeof secret));
    esep_wipe(secret, sizeof secret);
    return true;
}

/* Compared by hash, so that how long it takes says nothing of how much was right. */
static bool is_secret(const char *text, const struct esep_hash *wanted)
{
    struct esep_hash given;
    return hash_of(text, &given) && esep_hash_equal(&given, wanted);
}

void page_gate_init(struct page_gate *ret, const uint8_t token[PAGE_SECRET_BYTES], uint16_t port)
{
    *ret = (struct page_gate){.token = esep_sha256(esep_slice(token, PAGE_SECRET_BYTES)),
                              .port = port};
}

bool page_gate_host(const struct page_gate *gate, const char *host)
{
    static const char *const names[] = {"127.0.0.1", "localhost"};
    char ours[32];
    for (size_t i = 0; host != NULL && i < sizeof names / sizeof *names; i++) {
        (void)snprintf(ours, sizeof ours, "%s:%u", names[i], (unsigned)gate->port);
        if (strcmp(host, ours) == 0)
            return true;
    }
    return false;
}

bool page_gate_origin(const struct page_gate *gate, const char *origin)
{
    static const char scheme[] = "http://";
    return origin != NULL && strncmp(origin, scheme, sizeof scheme - 1) == 0 &&
           page_gate_host(gate, origin + sizeof scheme - 1);
}

enum page_token page_gate_token(struct page_gate *gate, const char *text, esep_time now,
                                esep_time *ret_wait)
{
    if (is_secret(text, &gate->token))
        return PAGE_TOKEN_RIGHT;
    const esep_time from = gate->wrong_until > now ? gate->wrong_until : now;
    if (from - now > (WRONG_AT_ONCE - 1) * WRONG_EVERY) {
        *ret_wait = from - now - (WRONG_AT_ONCE - 1) * WRONG_EVERY;
        return PAGE_TOKEN_WAIT;
    }
    gate->wrong_until = from + WRONG_EVERY;
    return PAGE_TOKEN_WRONG;
}

static bool is_open(const struct page_session *s, esep_time now)
{
    return s->open && now - s->used_at <= PAGE_SESSION_IDLE &&
           now - s->opened_at <= PAGE_SESSION_LIFETIME;
}

void page_gate_open(struct page_gate *gate, const uint8_t cookie[PAGE_SECRET_BYTES],
                    const uint8_t key[PAGE_SECRET_BYTES], esep_time now)
{
    struct page_session *place = &gate->sessions[0];
    for (size_t i = 0; i < PAGE_SESSIONS_MAX && is_open(place, now); i++) {
        struct page_session *s = &gate->sessions[i];
        if (!is_open(s, now) || s->used_at < place->used_at)
            place = s;
    }
    *place = (struct page_session){.cookie = esep_sha256(esep_slice(cookie, PAGE_SECRET_BYTES)),
                                   .key = esep_sha256(esep_slice(key, PAGE_SECRET_BYTES)),
                                   .opened_at = now,
                                   .used_at = now,
                                   .open = true};
}

static const struct page_session *find(const struct page_gate *gate, const struct esep_hash *cookie,
                                       esep_time now)
{
    for (size_t i = 0; i < PAGE_SESSIONS_MAX; i++)
        if (is_open(&gate->sessions[i], now) && esep_hash_equal(&gate->sessions[i].cookie, cookie))
            return &gate->sessions[i];
    return NULL;
}

struct page_session *page_gate_session(struct page_gate *gate, const char *cookie, esep_time now)
{
    struct esep_hash hash;
    if (!hash_of(cookie, &hash))
        return NULL;
    const struct page_session *found = find(gate, &hash, now);
    if (found == NULL)
        return NULL;
    struct page_session *session = &gate->sessions[found - gate->sessions];
    session->used_at = now;
    return session;
}

bool page_gate_key(const struct page_session *session, const char *key)
{
    return is_secret(key, &session->key);
}

bool page_gate_holds(const struct page_gate *gate, const struct esep_hash *cookie, esep_time now)
{
    return find(gate, cookie, now) != NULL;
}
