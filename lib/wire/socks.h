/* lib/wire/socks.h - what a client says to a SOCKS5 proxy until the way through is open.
 *
 * RFC 1928 (sections 3 to 6) and, where the proxy wants a login, RFC 1929. The broker is named to
 * the proxy as the configuration names it: a name goes there as a name, so that only the proxy asks
 * the DNS (section 4, ATYP 3). GSSAPI is not offered, though the RFC wants it: nobody has asked.
 *
 * Pure: bytes in, bytes out. What comes may come in any pieces; what follows the proxy's last word
 * is not the proxy's but the other end's, and is left alone. Whatever a proxy says that the RFCs do
 * not let it say ends the conversation.
 *
 * Invariant: heard_len < ESEP_SOCKS_HEARD_MAX, whatever the proxy sends.
 */
#ifndef ESEP_WIRE_SOCKS_H
#define ESEP_WIRE_SOCKS_H

#include "base/slice.h"

#include <stdbool.h>

#define ESEP_SOCKS_SAID_MAX 513  /* RFC 1929: two bytes, user, a byte, password */
#define ESEP_SOCKS_HEARD_MAX 262 /* RFC 1928, 6: five bytes, a name, a port */

enum esep_socks_kind { ESEP_SOCKS_IPV4 = 1, ESEP_SOCKS_NAME = 3, ESEP_SOCKS_IPV6 = 4 };
struct esep_socks_target {
    enum esep_socks_kind kind;
    uint8_t len; /* 4, 16, or the name's */
    uint8_t bytes[255];
    uint16_t port;
};
struct esep_socks_login { /* each 1 to 255 bytes */
    uint8_t user_len, password_len;
    uint8_t user[255], password[255];
};
/* What is to be said now. */
struct esep_socks_said {
    size_t len;
    uint8_t bytes[ESEP_SOCKS_SAID_MAX];
};

enum esep_socks_stage {
    ESEP_SOCKS_METHOD = 1, /* it chooses how we say who we are */
    ESEP_SOCKS_LOGIN,
    ESEP_SOCKS_CONNECT, /* it dials */
    ESEP_SOCKS_OPEN,
    ESEP_SOCKS_FAILED,
};
struct esep_socks {
    enum esep_socks_stage stage;
    struct esep_socks_target target;
    bool has_login;
    struct esep_socks_login login; /* wiped once it was said */
    size_t heard_len;
    uint8_t heard[ESEP_SOCKS_HEARD_MAX];
};

/* login: NULL where there is none. */
void esep_socks_begin(struct esep_socks *s, const struct esep_socks_target *target,
                      const struct esep_socks_login *login, struct esep_socks_said *ret);
/* ret_taken: of bytes, never more than is the proxy's. ESEP_OK: the way is open, what is left is
 * the other end's. ESEP_AGAIN: the proxy has not said all; ret (often empty) goes to it first.
 * ESEP_DENIED: it refuses; ESEP_INVALID: it does not speak SOCKS5. Then nothing more is taken. */
ESEP_MUST_USE enum esep_status esep_socks_hear(struct esep_socks *s, struct esep_slice bytes,
                                               size_t *ret_taken, struct esep_socks_said *ret,
                                               struct esep_reason *reason);
/* A reply of section 6 in words; never NULL. */
const char *esep_socks_reply_text(uint8_t reply);
void esep_socks_done(struct esep_socks *s);

#endif
