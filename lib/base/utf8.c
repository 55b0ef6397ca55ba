/* lib/base/utf8.c - is this text? Valid UTF-8 without control characters but tab, CR and LF.
 *
 * Runs over every string of every entry, most of it Russian or Kazakh: so eight bytes at a time,
 * where they are all ASCII or all two-byte letters of U+0400..U+07FF (Cyrillic among them), and one
 * character at a time elsewhere. Refused besides: overlong forms, surrogates, above U+10FFFF, and
 * the control characters of both ranges (U+0000..1F, U+007F..9F). A NUL inside a text is refused
 * with them: C would not see what stands behind it, and an auditor's program would.
 */
#include "base/text.h"

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes of 0x20..0x7e. */
static bool plain_ascii(uint64_t word)
{
    if ((word & EACH(0x80)) != 0)
        return false;
    /* No byte has its top bit, so neither sum carries into the next byte. */
    uint64_t at_least_space = word + EACH(0x80 - 0x20);
    uint64_t above_tilde = word + EACH(0x80 - 0x7f);
    return (at_least_space & ~above_tilde & EACH(0x80)) == EACH(0x80);
}

/* Four two-byte characters with lead bytes D0..DF, in memory order. */
static bool four_letters(const uint8_t *p)
{
    static const uint8_t mask_bytes[8] = {0xf0, 0xc0, 0xf0, 0xc0, 0xf0, 0xc0, 0xf0, 0xc0};
    static const uint8_t want_bytes[8] = {0xd0, 0x80, 0xd0, 0x80, 0xd0, 0x80, 0xd0, 0x80};
    uint64_t word = 0;
    uint64_t mask = 0;
    uint64_t want = 0;
    memcpy(&word, p, 8);
    memcpy(&mask, mask_bytes, 8);
    memcpy(&want, want_bytes, 8);
    return (word & mask) == want;
}

static bool continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The length of the character at p, 0 where there is none that may stand there. */
static size_t character(const uint8_t *p, size_t left)
{
    uint8_t lead = p[0];
    if (lead < 0x80)
        return (lead >= 0x20 && lead != 0x7f) || lead == '\t' || lead == '\n' || lead == '\r';
    if (lead < 0xc2 || left < 2 || !continuation(p[1]))
        return 0;
    if (lead < 0xe0)
        return lead == 0xc2 && p[1] < 0xa0 ? 0 : 2;
    if (left < 3 || !continuation(p[2]))
        return 0;
    if (lead < 0xf0) {
        bool overlong = lead == 0xe0 && p[1] < 0xa0;
        bool surrogate = lead == 0xed && p[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (lead > 0xf4 || left < 4 || !continuation(p[3]))
        return 0;
    bool overlong = lead == 0xf0 && p[1] < 0x90;
    bool too_high = lead == 0xf4 && p[1] >= 0x90;
    return overlong || too_high ? 0 : 4;
}

bool esep_utf8_valid(struct esep_slice text)
{
    const uint8_t *p = text.data;
    size_t left = text.len;
    while (left > 0) {
        if (left >= 8) {
            uint64_t word = 0;
            memcpy(&word, p, 8);
            if (plain_ascii(word) || four_letters(p)) {
                p += 8;
                left -= 8;
                continue;
            }
        }
        size_t len = character(p, left);
        if (len == 0)
            return false;
        p += len;
        left -= len;
    }
    return true;
}
