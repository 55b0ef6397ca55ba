/* collector/web/totp.c - RFC 6238 over nettle's HMAC. */
#include "collector/web/totp.h"

#include <nettle/hmac.h>

#define STEP (30 * ESEP_SECOND)
#define DIGITS 6

uint32_t web_totp_code(const uint8_t secret[WEB_TOTP_SECRET_BYTES], uint64_t step)
{
    uint8_t counter[8];
    uint8_t mac[SHA1_DIGEST_SIZE];
    struct hmac_sha1_ctx hmac;

    esep_be64_put(counter, step);
    hmac_sha1_set_key(&hmac, WEB_TOTP_SECRET_BYTES, secret);
    hmac_sha1_update(&hmac, sizeof counter, counter);
    hmac_sha1_digest(&hmac, sizeof mac, mac);
    /* RFC 4226, 5.3: the last half byte says where the four bytes are. */
    const uint8_t *at = mac + (mac[SHA1_DIGEST_SIZE - 1] & 0xf);
    return (esep_be32(at) & 0x7fffffff) % 1000000;
}

static bool read_digits(const char *text, uint32_t *ret)
{
    uint32_t value = 0;
    unsigned digits = 0;
    for (; *text != '\0'; text++) {
        if (*text == ' ')
            continue;
        if (*text < '0' || *text > '9' || ++digits > DIGITS)
            return false;
        value = value * 10 + (uint32_t)(*text - '0');
    }
    *ret = value;
    return digits == DIGITS;
}

bool web_totp_check(const uint8_t secret[WEB_TOTP_SECRET_BYTES], const char *text, esep_time now,
                    uint64_t *last_step)
{
    uint32_t code;
    if (now < STEP || !read_digits(text, &code))
        return false;
    const uint64_t step = (uint64_t)(now / STEP);
    for (uint64_t s = step - 1; s <= step + 1; s++) {
        if (s > *last_step && web_totp_code(secret, s) == code) {
            *last_step = s;
            return true;
        }
    }
    return false;
}

void web_totp_base32(const uint8_t secret[WEB_TOTP_SECRET_BYTES], char ret[WEB_TOTP_BASE32_CHARS])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (unsigned i = 0; i < WEB_TOTP_BASE32_CHARS - 1; i++) {
        const unsigned bit = i * 5;
        const unsigned high = secret[bit / 8];
        const unsigned low = bit / 8 + 1 < WEB_TOTP_SECRET_BYTES ? secret[bit / 8 + 1] : 0;
        ret[i] = letters[(high << 8 | low) >> (11 - bit % 8) & 31];
    }
    ret[WEB_TOTP_BASE32_CHARS - 1] = '\0';
}
