/* tests/fuzz/fuzz.h - what every fuzz target shares: its one function, and a way to eat the input.
 *
 * A target calls the code under test on the input and traps (FUZZ_CHECK) where a property does not
 * hold. It has no state that outlives a call, so that one input alone reproduces what it finds.
 *
 * Targets that need more than one string of bytes read choices from the input (fuzz_byte,
 * fuzz_number, fuzz_bytes). An input that has run out gives zeros: every prefix of an input is an
 * input, so that the fuzzer's cuts and joins stay meaningful.
 */
#ifndef ESEP_FUZZ_H
#define ESEP_FUZZ_H

#include "base/arena.h"
#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A target may say, once all inputs of a folder were replayed, whether they saw what they are to
 * see; and what not, on stderr. */
bool fuzz_corpus_whole(void);

#define FUZZ_CHECK(condition) ((condition) ? (void)0 : __builtin_trap())

struct fuzz_input {
    const uint8_t *data;
    size_t left;
};

static inline struct fuzz_input fuzz_input(struct esep_slice bytes)
{
    return (struct fuzz_input){bytes.data, bytes.len};
}

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->data++;
}

static inline uint64_t fuzz_be(struct fuzz_input *in, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | fuzz_byte(in);
    return value;
}

/* Small numbers mostly, as sequences and indexes are; the ends of the range; any number at all. */
static inline uint64_t fuzz_number(struct fuzz_input *in)
{
    const uint8_t first = fuzz_byte(in);
    if (first < 0xe0)
        return first;
    if (first < 0xf0)
        return UINT64_MAX - (first & 0xf);
    if (first < 0xf4)
        return (UINT64_C(1) << 63) - 1 + (first & 3);
    if (first < 0xf8)
        return fuzz_be(in, 2);
    return first < 0xfc ? fuzz_be(in, 4) : fuzz_be(in, 8);
}

/* At most `len` bytes, as many as are left. */
static inline struct esep_slice fuzz_bytes(struct fuzz_input *in, size_t len)
{
    const struct esep_slice bytes = esep_slice(in->data, len < in->left ? len : in->left);
    in->data += bytes.len;
    in->left -= bytes.len;
    return bytes;
}

static inline struct esep_slice fuzz_rest(struct fuzz_input *in)
{
    return fuzz_bytes(in, in->left);
}

/* A text of at most size - 1 bytes without a NUL inside; the first byte says how long. */
static inline const char *fuzz_text(struct fuzz_input *in, char *out, size_t size)
{
    size_t len = fuzz_byte(in);
    len = len < size - 1 ? len : size - 1;
    const struct esep_slice bytes = fuzz_bytes(in, len);
    if (bytes.len > 0)
        memcpy(out, bytes.data, bytes.len);
    out[bytes.len] = '\0';
    return out;
}

/* Records of many targets: kind, length (be16), bytes. False: no more. */
static inline bool fuzz_record(struct fuzz_input *in, uint8_t *ret_kind, struct esep_slice *ret)
{
    if (in->left < 3)
        return false;
    *ret_kind = fuzz_byte(in);
    *ret = fuzz_bytes(in, (size_t)fuzz_be(in, 2));
    return true;
}

/* The target's arena, empty: made once, for a block of this size from the heap costs more than most
 * inputs. What the last input left in it is wiped, so that nothing hangs on it. */
static inline void fuzz_arena(struct esep_arena *arena, size_t size_bytes)
{
    if (arena->block == NULL)
        FUZZ_CHECK(esep_arena_init(arena, size_bytes) == ESEP_OK);
    memset(arena->block, 0xbe, arena->used_bytes);
    esep_arena_reset(arena);
}

/* Readers of files print complaints for people: not here. The fuzzer's own words have a stream of
 * their own. */
static inline void fuzz_hush(void)
{
    static FILE *nowhere;
    if (nowhere == NULL)
        nowhere = fopen("/dev/null", "w");
    if (nowhere != NULL)
        stderr = nowhere;
}

#endif
