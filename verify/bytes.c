/* verify/bytes.c - see bytes.h. */
#include "verify/bytes.h"

#include <sodium.h>
#include <string.h>

struct verify_bytes verify_bytes(const void *data, size_t len)
{
    return (struct verify_bytes){data, len};
}

struct verify_bytes verify_text(const char *text)
{
    return verify_bytes(text, strlen(text));
}

bool verify_equal(struct verify_bytes a, struct verify_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool verify_hash_equal(const struct verify_hash *a, const struct verify_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

struct verify_hash verify_sha256(const struct verify_bytes *parts, size_t count)
{
    crypto_hash_sha256_state state;
    struct verify_hash hash;
    (void)crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < count; i++)
        if (parts[i].len > 0)
            (void)crypto_hash_sha256_update(&state, parts[i].data, parts[i].len);
    (void)crypto_hash_sha256_final(&state, hash.bytes);
    return hash;
}

uint32_t verify_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t verify_be64(const uint8_t *at)
{
    return (uint64_t)verify_be32(at) << 32 | verify_be32(at + 4);
}

void verify_be64_put(uint8_t *at, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (56 - 8 * i));
}

bool verify_line(struct verify_bytes *rest, struct verify_bytes *ret)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    if (end == NULL)
        return false;
    *ret = verify_bytes(rest->data, (size_t)(end - rest->data));
    *rest = verify_bytes(end + 1, rest->len - ret->len - 1);
    return true;
}

bool verify_after(struct verify_bytes line, const char *word, struct verify_bytes *ret)
{
    size_t len = strlen(word);
    if (line.len < len || memcmp(line.data, word, len) != 0)
        return false;
    *ret = verify_bytes(line.data + len, line.len - len);
    return true;
}

bool verify_decimal(struct verify_bytes text, uint64_t *ret)
{
    uint64_t value = 0;
    if (text.len == 0 || text.len > 20 || (text.len > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value))
            return false;
    }
    *ret = value;
    return true;
}

/* libsodium 1.0.18 reads a byte above 0x7f as if it were a letter. */
bool verify_base64(struct verify_bytes text, uint8_t *out, size_t room, size_t *ret_len)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] > 0x7f)
            return false;
    return text.len > 0 && sodium_base642bin(out, room, (const char *)text.data, text.len, NULL,
                                             ret_len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
}

bool verify_base64_hash(struct verify_bytes text, struct verify_hash *ret)
{
    struct verify_hash hash = {{0}};
    size_t len = 0;
    if (!verify_base64(text, hash.bytes, sizeof hash.bytes, &len) || len != sizeof hash.bytes)
        return false;
    *ret = hash;
    return true;
}

bool verify_hex(struct verify_bytes text, uint8_t *out, size_t len)
{
    size_t got = 0;
    return text.len == 2 * len &&
           sodium_hex2bin(out, len, (const char *)text.data, text.len, NULL, &got, NULL) == 0 &&
           got == len;
}

/* The bytes of the sequence at `at`, 0 where there is none: too short, overlong, a surrogate, past
 * U+10FFFF. */
static size_t sequence(const uint8_t *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (at[0] < 0x80)
        return 1;
    size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < len)
        return 0;
    uint32_t point = at[0] & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3fU);
    }
    bool is_good = point >= least[len] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return is_good ? len : 0;
}

bool verify_utf8(struct verify_bytes text)
{
    for (size_t at = 0; at < text.len;) {
        size_t len = sequence(text.data + at, text.len - at);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}
