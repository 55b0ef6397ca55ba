/* lib/wire/socks.c - see socks.h. */
#include "wire/socks.h"

#include "base/crypto.h"

#include <string.h>

#define VERSION 5
#define LOGIN_VERSION 1
#define METHOD_NONE 0
#define METHOD_LOGIN 2
#define METHOD_REFUSED 0xff
#define COMMAND_CONNECT 1

const char *esep_socks_reply_text(uint8_t reply)
{
    static const char *const texts[] = {
        [0] = "the way is open",
        [1] = "it failed, and does not say why",
        [2] = "its rules do not allow this connection; its operator can",
        [3] = "it cannot reach the broker's network",
        [4] = "it cannot reach the broker's host",
        [5] = "the broker's host refuses the connection: is the broker running?",
        [6] = "the broker is too far away (TTL expired)",
        [7] = "it does not know the command CONNECT",
        [8] = "it does not take this kind of address",
    };
    return reply < sizeof texts / sizeof *texts ? texts[reply] : "for a reason that has no name";
}

static void say(struct esep_socks_said *said, const void *bytes, size_t len)
{
    ESEP_ASSERT(len <= sizeof said->bytes - said->len);
    memcpy(said->bytes + said->len, bytes, len);
    said->len += len;
}

static void say_byte(struct esep_socks_said *said, uint8_t byte)
{
    say(said, &byte, 1);
}

void esep_socks_begin(struct esep_socks *s, const struct esep_socks_target *target,
                      const struct esep_socks_login *login, struct esep_socks_said *ret)
{
    *s = (struct esep_socks){.stage = ESEP_SOCKS_METHOD, .target = *target};
    ret->len = 0;
    if (login != NULL) {
        s->has_login = true;
        s->login = *login;
    }
    say_byte(ret, VERSION);
    say_byte(ret, s->has_login ? 2 : 1);
    say_byte(ret, METHOD_NONE);
    if (s->has_login)
        say_byte(ret, METHOD_LOGIN);
}

static void say_login(struct esep_socks *s, struct esep_socks_said *said)
{
    say_byte(said, LOGIN_VERSION);
    say_byte(said, s->login.user_len);
    say(said, s->login.user, s->login.user_len);
    say_byte(said, s->login.password_len);
    say(said, s->login.password, s->login.password_len);
    s->stage = ESEP_SOCKS_LOGIN;
}

static void say_connect(struct esep_socks *s, struct esep_socks_said *said)
{
    const uint8_t port[2] = {(uint8_t)(s->target.port >> 8), (uint8_t)s->target.port};
    say_byte(said, VERSION);
    say_byte(said, COMMAND_CONNECT);
    say_byte(said, 0);
    say_byte(said, (uint8_t)s->target.kind);
    if (s->target.kind == ESEP_SOCKS_NAME)
        say_byte(said, s->target.len);
    say(said, s->target.bytes, s->target.len);
    say(said, port, sizeof port);
    s->stage = ESEP_SOCKS_CONNECT;
}

/* How long the proxy's present word is, as far as what was heard tells; 0: it cannot be one. */
static size_t word_len(const struct esep_socks *s)
{
    if (s->stage != ESEP_SOCKS_CONNECT)
        return 2;
    /* Where it refuses, the four bytes are all that some proxies say. */
    if (s->heard_len < 4 || s->heard[1] != 0)
        return 4;
    switch (s->heard[3]) {
    case ESEP_SOCKS_IPV4:
        return 4 + 4 + 2;
    case ESEP_SOCKS_IPV6:
        return 4 + 16 + 2;
    case ESEP_SOCKS_NAME:
        return s->heard_len < 5 ? 5 : 5 + (size_t)s->heard[4] + 2;
    default:
        return 0;
    }
}

static enum esep_status no_socks(struct esep_reason *reason)
{
    return esep_because(reason, ESEP_INVALID,
                        "what answers there is no SOCKS5 proxy: check socks_proxy");
}

static enum esep_status on_method(struct esep_socks *s, struct esep_socks_said *said,
                                  struct esep_reason *reason)
{
    if (s->heard[0] != VERSION)
        return no_socks(reason);
    if (s->heard[1] == METHOD_NONE) {
        say_connect(s, said);
        return ESEP_AGAIN;
    }
    if (s->heard[1] == METHOD_LOGIN && s->has_login) {
        say_login(s, said);
        return ESEP_AGAIN;
    }
    if (s->heard[1] == METHOD_REFUSED)
        return esep_because(
            reason, ESEP_DENIED, "the proxy refuses: %s",
            s->has_login ? "it takes neither a login nor to go without"
                         : "it wants a login: put user:password into a file (mode 0600) and name "
                           "it as socks_login");
    return no_socks(reason); /* what we did not offer */
}

static enum esep_status on_login(struct esep_socks *s, struct esep_socks_said *said,
                                 struct esep_reason *reason)
{
    if (s->heard[0] != LOGIN_VERSION)
        return no_socks(reason);
    if (s->heard[1] != 0)
        return esep_because(reason, ESEP_DENIED,
                            "the proxy refuses: user or password is wrong (the file socks_login)");
    say_connect(s, said);
    return ESEP_AGAIN;
}

static enum esep_status on_connect(struct esep_socks *s, struct esep_reason *reason)
{
    if (s->heard[0] != VERSION)
        return no_socks(reason);
    if (s->heard[1] != 0)
        return esep_because(reason, ESEP_DENIED, "the proxy refuses: %s (%u)",
                            esep_socks_reply_text(s->heard[1]), s->heard[1]);
    s->stage = ESEP_SOCKS_OPEN;
    return ESEP_OK;
}

/* The proxy's present word is whole. */
static enum esep_status on_word(struct esep_socks *s, struct esep_socks_said *said,
                                struct esep_reason *reason)
{
    enum esep_status status = s->stage == ESEP_SOCKS_METHOD  ? on_method(s, said, reason)
                              : s->stage == ESEP_SOCKS_LOGIN ? on_login(s, said, reason)
                                                             : on_connect(s, reason);
    s->heard_len = 0;
    return status;
}

enum esep_status esep_socks_hear(struct esep_socks *s, struct esep_slice bytes, size_t *ret_taken,
                                 struct esep_socks_said *ret, struct esep_reason *reason)
{
    enum esep_status status = ESEP_AGAIN;
    *ret_taken = 0;
    ret->len = 0;
    ESEP_ASSERT(s->stage < ESEP_SOCKS_OPEN);
    /* One word at a time: nothing of the next may be there before it was asked for. */
    while (status == ESEP_AGAIN && ret->len == 0 && *ret_taken < bytes.len) {
        s->heard[s->heard_len++] = bytes.data[(*ret_taken)++];
        const size_t len = word_len(s);
        if (len == 0)
            status = no_socks(reason);
        else if (s->heard_len == len)
            status = on_word(s, ret, reason);
    }
    if (status == ESEP_AGAIN && ret->len > 0 && *ret_taken < bytes.len)
        status = no_socks(reason);
    if (status != ESEP_AGAIN) {
        esep_wipe(&s->login, sizeof s->login);
        s->has_login = false;
    }
    if (status != ESEP_AGAIN && status != ESEP_OK) {
        s->stage = ESEP_SOCKS_FAILED;
        ret->len = 0;
    }
    return status;
}

void esep_socks_done(struct esep_socks *s)
{
    esep_wipe(&s->login, sizeof s->login);
}
