/* lib/base/text.c - see text.h. */
#include "base/text.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

/* Overlong forms, surrogates and what lies above U+10FFFF show in the second byte. */
static bool second_fits(const unsigned char *p)
{
    switch (p[0]) {
    case 0xc2: /* C1 controls are as unwelcome on a terminal as C0 */
    case 0xe0:
        return p[1] >= 0xa0;
    case 0xed:
        return p[1] < 0xa0;
    case 0xf0:
        return p[1] >= 0x90;
    case 0xf4:
        return p[1] < 0x90;
    default:
        return true;
    }
}

/* The length of the whole, printable UTF-8 letter at p (n bytes are there), or 0. */
static size_t letter_length(const unsigned char *p, size_t n)
{
    const size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
    if (len == 0 || len > n || p[0] > 0xf4)
        return 0;
    if (len == 1)
        return p[0] >= 0x20 && p[0] != 0x7f ? 1 : 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return second_fits(p) ? len : 0;
}

void esep_text_line(char *out, size_t size, const char *raw)
{
    const size_t have = strlen(raw);
    size_t used = 0;
    for (size_t i = 0; i < have;) {
        const unsigned char *p = (const unsigned char *)raw + i;
        const size_t len = letter_length(p, have - i);
        if (len == 0) {
            if (p[0] < 0x80 && used + 1 < size)
                out[used++] = ' ';
            i++;
            continue;
        }
        if (used + len + 1 > size)
            break;
        memmove(out + used, p, len); /* never ahead of what is still to be read */
        used += len;
        i += len;
    }
    out[used] = '\0';
}

/* libsodium 1.0.18 takes every byte above 0x7f for a '/': its comparisons are of unsigned numbers,
 * and a char is signed. */
bool esep_base64_parse(struct esep_slice text, void *ret, size_t size, size_t *ret_len)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] > 0x7f)
            return false;
    return sodium_base642bin(ret, size, (const char *)text.data, text.len, NULL, ret_len, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}
