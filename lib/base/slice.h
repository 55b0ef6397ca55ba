/* lib/base/slice.h - bytes: a slice borrows, a buf owns.
 *
 * A slice is a pointer and a length into memory that somebody else keeps alive; it is passed by
 * value and never freed. A buf owns heap memory, grows up to a limit given at init, and is
 * released with esep_buf_done. Two types, so that ownership is visible in a signature.
 *
 * Invariant: slice.len == 0 or slice.data != NULL. buf.len <= buf.cap <= buf.max.
 */
#ifndef ESEP_BASE_SLICE_H
#define ESEP_BASE_SLICE_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct esep_slice {
    const uint8_t *data;
    size_t len;
};

static inline struct esep_slice esep_slice(const void *data, size_t len)
{
    return (struct esep_slice){.data = (const uint8_t *)data, .len = len};
}
static inline struct esep_slice esep_slice_str(const char *text)
{
    return esep_slice(text, text != NULL ? strlen(text) : 0);
}
bool esep_slice_equal(struct esep_slice a, struct esep_slice b);

struct esep_buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max;
};

/* An empty buf that may grow to max bytes. Allocates nothing. */
void esep_buf_init(struct esep_buf *buf, size_t max);
void esep_buf_done(struct esep_buf *buf);
static inline void esep_buf_clear(struct esep_buf *buf)
{
    buf->len = 0;
}
/* Room for `more` bytes behind len. ESEP_LIMIT over max, ESEP_NOMEM; buf untouched on failure. */
ESEP_MUST_USE enum esep_status esep_buf_reserve(struct esep_buf *buf, size_t more);
ESEP_MUST_USE enum esep_status esep_buf_put(struct esep_buf *buf, const void *data, size_t len);
static inline struct esep_slice esep_buf_slice(const struct esep_buf *buf)
{
    return esep_slice(buf->data, buf->len);
}

/* Big-endian integers at p; the caller has checked the room. */
static inline void esep_be32_put(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}
static inline void esep_be64_put(uint8_t *p, uint64_t v)
{
    esep_be32_put(p, (uint32_t)(v >> 32));
    esep_be32_put(p + 4, (uint32_t)v);
}
static inline uint32_t esep_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t esep_be64(const uint8_t *p)
{
    return (uint64_t)esep_be32(p) << 32 | esep_be32(p + 4);
}

/* Lower-case hex; out has 2*len+1 bytes. */
void esep_hex(const void *data, size_t len, char *out);
/* Exactly len bytes from 2*len hex digits; ESEP_INVALID otherwise. */
ESEP_MUST_USE enum esep_status esep_unhex(const char *text, void *ret_data, size_t len);

#endif
