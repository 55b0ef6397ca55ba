/* lib/base/slice.c - growing a buf, comparing slices, hexadecimal.
 *
 * A buf doubles, so that appending n bytes one at a time costs O(n), but never past its limit:
 * the last step goes to exactly max. On any failure the buf is as it was.
 */
#include "base/slice.h"

#include <stdlib.h>

#define BUF_FIRST_BYTES 256u

bool esep_slice_equal(struct esep_slice a, struct esep_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void esep_buf_init(struct esep_buf *buf, size_t max)
{
    *buf = (struct esep_buf){.max = max};
}

void esep_buf_done(struct esep_buf *buf)
{
    if (buf == NULL)
        return;
    free(buf->data);
    *buf = (struct esep_buf){.max = buf->max};
}

enum esep_status esep_buf_reserve(struct esep_buf *buf, size_t more)
{
    if (more <= buf->cap - buf->len)
        return ESEP_OK;
    if (more > buf->max - buf->len)
        return ESEP_LIMIT;
    size_t need = buf->len + more;
    size_t cap = buf->cap > 0 ? buf->cap : BUF_FIRST_BYTES;
    while (cap < need && cap <= buf->max / 2)
        cap *= 2;
    if (cap < need || cap > buf->max)
        cap = buf->max;
    uint8_t *data = realloc(buf->data, cap);
    if (data == NULL)
        return ESEP_NOMEM;
    buf->data = data;
    buf->cap = cap;
    return ESEP_OK;
}

enum esep_status esep_buf_put(struct esep_buf *buf, const void *data, size_t len)
{
    enum esep_status status = esep_buf_reserve(buf, len);
    if (status != ESEP_OK || len == 0)
        return status;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    return ESEP_OK;
}

void esep_hex(const void *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum esep_status esep_unhex(const char *text, void *ret_data, size_t len)
{
    if (text == NULL || strnlen(text, 2 * len + 1) != 2 * len)
        return ESEP_INVALID;
    /* Looked at in full first: the output stays untouched on failure. */
    for (size_t i = 0; i < 2 * len; i++) {
        if (hex_digit(text[i]) < 0)
            return ESEP_INVALID;
    }
    uint8_t *out = ret_data;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(hex_digit(text[2 * i]) * 16 + hex_digit(text[2 * i + 1]));
    return ESEP_OK;
}
