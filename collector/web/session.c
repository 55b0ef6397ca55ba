/* collector/web/session.c - the table of sessions. A few hundred at most: it is searched in order,
 * by hash, so that the time taken says nothing of a token.
 */
#include "collector/web/session.h"

#include <stdlib.h>

struct slot {
    bool used;
    struct esep_hash token;
    struct web_session session;
};
struct web_sessions {
    struct web_sessions_limits limits;
    struct slot slots[];
};

enum esep_status web_sessions_new(struct web_sessions **ret,
                                  const struct web_sessions_limits *limits)
{
    struct web_sessions *s = calloc(1, sizeof *s + limits->sessions_max * sizeof(struct slot));
    if (s == NULL)
        return ESEP_NOMEM;
    s->limits = *limits;
    *ret = s;
    return ESEP_OK;
}

static void wipe(struct slot *slot)
{
    esep_wipe(slot, sizeof *slot);
}

void web_sessions_free(struct web_sessions *sessions)
{
    if (sessions == NULL)
        return;
    for (uint32_t i = 0; i < sessions->limits.sessions_max; i++)
        wipe(&sessions->slots[i]);
    free(sessions);
}

/* A clock that was set back ends nothing early and keeps nothing for ever: what lies in the future
 * counts as of now. */
static bool is_over(const struct web_sessions *s, const struct web_session *session, esep_time now)
{
    return now - session->seen_at > s->limits.idle || now - session->opened_at > s->limits.lifetime;
}

static struct esep_hash hash_of(const uint8_t token[WEB_TOKEN_BYTES])
{
    return esep_sha256(esep_slice(token, WEB_TOKEN_BYTES));
}

static struct slot *slot_of(struct web_sessions *s, const uint8_t token[WEB_TOKEN_BYTES])
{
    const struct esep_hash hash = hash_of(token);
    for (uint32_t i = 0; i < s->limits.sessions_max; i++) {
        if (s->slots[i].used && esep_hash_equal(&s->slots[i].token, &hash))
            return &s->slots[i];
    }
    return NULL;
}

static void make_room_for(struct web_sessions *s, const char *account, esep_time now)
{
    struct slot *oldest = NULL;
    uint32_t count = 0;

    for (uint32_t i = 0; i < s->limits.sessions_max; i++) {
        struct slot *slot = &s->slots[i];
        if (slot->used && is_over(s, &slot->session, now))
            wipe(slot);
        if (!slot->used || strcmp(slot->session.account, account) != 0)
            continue;
        count++;
        if (oldest == NULL || slot->session.opened_at < oldest->session.opened_at)
            oldest = slot;
    }
    if (oldest != NULL && count >= s->limits.of_one_account_max)
        wipe(oldest);
}

enum esep_status web_session_open(struct web_sessions *sessions, const char *account,
                                  bool second_factor, const uint8_t token[WEB_TOKEN_BYTES],
                                  const uint8_t csrf[WEB_TOKEN_BYTES], esep_time now,
                                  const struct web_session **ret)
{
    ESEP_ASSERT(strlen(account) < WEB_ACCOUNT_MAX);
    make_room_for(sessions, account, now);
    for (uint32_t i = 0; i < sessions->limits.sessions_max; i++) {
        struct slot *slot = &sessions->slots[i];
        if (slot->used)
            continue;
        slot->used = true;
        slot->token = hash_of(token);
        slot->session =
            (struct web_session){.opened_at = now, .seen_at = now, .second_factor = second_factor};
        memcpy(slot->session.account, account, strlen(account) + 1);
        memcpy(slot->session.csrf, csrf, WEB_TOKEN_BYTES);
        *ret = &slot->session;
        return ESEP_OK;
    }
    return ESEP_LIMIT;
}

const struct web_session *web_session_find(struct web_sessions *sessions,
                                           const uint8_t token[WEB_TOKEN_BYTES], esep_time now)
{
    struct slot *slot = slot_of(sessions, token);
    if (slot == NULL)
        return NULL;
    if (is_over(sessions, &slot->session, now)) {
        wipe(slot);
        return NULL;
    }
    slot->session.seen_at = now;
    return &slot->session;
}

bool web_session_holds(struct web_sessions *sessions, const uint8_t token[WEB_TOKEN_BYTES],
                       esep_time now)
{
    const struct slot *slot = slot_of(sessions, token);
    return slot != NULL && !is_over(sessions, &slot->session, now);
}

void web_session_close(struct web_sessions *sessions, const uint8_t token[WEB_TOKEN_BYTES])
{
    struct slot *slot = slot_of(sessions, token);
    if (slot != NULL)
        wipe(slot);
}

uint32_t web_session_close_account(struct web_sessions *sessions, const char *account)
{
    uint32_t closed = 0;
    for (uint32_t i = 0; i < sessions->limits.sessions_max; i++) {
        struct slot *slot = &sessions->slots[i];
        if (!slot->used || strcmp(slot->session.account, account) != 0)
            continue;
        wipe(slot);
        closed++;
    }
    return closed;
}

uint32_t web_sessions_open(const struct web_sessions *sessions, esep_time now)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < sessions->limits.sessions_max; i++) {
        const struct slot *slot = &sessions->slots[i];
        open += slot->used && !is_over(sessions, &slot->session, now);
    }
    return open;
}
