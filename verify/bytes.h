/* verify/bytes.h - the few things that a verifier does with bytes.
 *
 * esep-verify shares no code with the rest of Esep, so that one mistake cannot be in both: what is
 * needed of integers, base64, lines and SHA-256 is here, over libsodium. Nothing allocates; all
 * slices borrow.
 *
 * base64 has one spelling only (padding, no other bits set), a decimal has no leading zeroes.
 */
#ifndef VERIFY_BYTES_H
#define VERIFY_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_HASH_BYTES 32

struct verify_bytes {
    const uint8_t *data;
    size_t len;
};
struct verify_hash {
    uint8_t bytes[VERIFY_HASH_BYTES];
};

struct verify_bytes verify_bytes(const void *data, size_t len);
struct verify_bytes verify_text(const char *text);
bool verify_equal(struct verify_bytes a, struct verify_bytes b);
bool verify_hash_equal(const struct verify_hash *a, const struct verify_hash *b);
/* SHA-256 of the parts, one after another. */
struct verify_hash verify_sha256(const struct verify_bytes *parts, size_t count);
uint32_t verify_be32(const uint8_t *at);
uint64_t verify_be64(const uint8_t *at);
void verify_be64_put(uint8_t *at, uint64_t value);

/* The next line, without its line feed, taken off *rest; false where no line feed is left. */
bool verify_line(struct verify_bytes *rest, struct verify_bytes *ret);
/* What is behind the word, if the line begins with it. */
bool verify_after(struct verify_bytes line, const char *word, struct verify_bytes *ret);
bool verify_decimal(struct verify_bytes text, uint64_t *ret);
/* At most `room` bytes, into out. */
bool verify_base64(struct verify_bytes text, uint8_t *out, size_t room, size_t *ret_len);
bool verify_base64_hash(struct verify_bytes text, struct verify_hash *ret);
bool verify_hex(struct verify_bytes text, uint8_t *out, size_t len); /* exactly len bytes */
bool verify_utf8(struct verify_bytes text);

#endif
