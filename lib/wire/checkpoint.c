/* lib/wire/checkpoint.c - heads and proofs, line by line. */
#include "wire/checkpoint.h"

#include "base/text.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define PROOF_HEAD "c2sp.org/tlog-proof@v1"

bool esep_decimal_parse(struct esep_slice text, uint64_t *ret)
{
    uint64_t value = 0;
    if (text.len == 0 || (text.len > 1 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}

bool esep_hash_parse_base64(struct esep_slice text, struct esep_hash *ret)
{
    struct esep_hash hash = {{0}};
    size_t len = 0;
    if (text.len != ESEP_HASH_BASE64_MAX - 1 ||
        !esep_base64_parse(text, hash.bytes, sizeof hash.bytes, &len) || len != sizeof hash.bytes)
        return false;
    *ret = hash;
    return true;
}

void esep_hash_base64(const struct esep_hash *hash, char out[ESEP_HASH_BASE64_MAX])
{
    (void)sodium_bin2base64(out, ESEP_HASH_BASE64_MAX, hash->bytes, sizeof hash->bytes,
                            sodium_base64_VARIANT_ORIGINAL);
}

bool esep_line_next(struct esep_slice text, size_t *at, struct esep_slice *ret)
{
    if (*at >= text.len)
        return false;
    const uint8_t *from = text.data + *at;
    const uint8_t *end = memchr(from, '\n', text.len - *at);
    if (end == NULL)
        return false;
    *ret = esep_slice(from, (size_t)(end - from));
    *at += ret->len + 1;
    return true;
}

size_t esep_checkpoint_text(const char *origin, uint64_t size, const struct esep_hash *root,
                            char out[ESEP_CHECKPOINT_TEXT_MAX])
{
    char base64[ESEP_HASH_BASE64_MAX];
    esep_hash_base64(root, base64);
    int len =
        snprintf(out, ESEP_CHECKPOINT_TEXT_MAX, "%s\n%" PRIu64 "\n%s\n", origin, size, base64);
    ESEP_ASSERT(len > 0 && len < ESEP_CHECKPOINT_TEXT_MAX);
    return (size_t)len;
}

enum esep_status esep_checkpoint_parse(struct esep_slice text, struct esep_checkpoint *ret,
                                       struct esep_reason *reason)
{
    struct esep_slice line;
    size_t at = 0;
    if (!esep_line_next(text, &at, &line) || line.len == 0 || line.len > ESEP_ORIGIN_MAX)
        return esep_because(reason, ESEP_INVALID,
                            "line 1 of a checkpoint is the log's name, 1 to %d bytes",
                            ESEP_ORIGIN_MAX);
    memcpy(ret->origin, line.data, line.len);
    ret->origin[line.len] = '\0';
    if (memchr(ret->origin, '\0', line.len) != NULL)
        return esep_because(reason, ESEP_INVALID, "the log's name has a zero byte");
    if (!esep_line_next(text, &at, &line) || !esep_decimal_parse(line, &ret->size))
        return esep_because(reason, ESEP_INVALID,
                            "line 2 of a checkpoint is the number of entries, in decimal");
    if (!esep_line_next(text, &at, &line) || !esep_hash_parse_base64(line, &ret->root))
        return esep_because(reason, ESEP_INVALID,
                            "line 3 of a checkpoint is the root hash, 32 bytes in base64");
    while (at < text.len)
        if (!esep_line_next(text, &at, &line) || line.len == 0)
            return esep_because(reason, ESEP_INVALID, "a checkpoint has no empty lines");
    return ESEP_OK;
}

static bool starts_with(struct esep_slice line, const char *word, struct esep_slice *ret_rest)
{
    size_t len = strlen(word);
    if (line.len < len || memcmp(line.data, word, len) != 0)
        return false;
    *ret_rest = esep_slice(line.data + len, line.len - len);
    return true;
}

static enum esep_status read_extra(struct esep_slice base64, struct esep_buf *extra,
                                   struct esep_reason *reason)
{
    size_t bytes = base64.len / 4 * 3;
    for (size_t i = base64.len; i > 0 && bytes > 0 && base64.data[i - 1] == '='; i--)
        bytes--;
    if (bytes > 0 && bytes <= ESEP_PROOF_EXTRA_MAX) {
        enum esep_status status = esep_buf_reserve(extra, bytes);
        if (status == ESEP_NOMEM)
            return status;
        if (status == ESEP_OK && esep_base64_parse(base64, extra->data, extra->cap, &extra->len))
            return ESEP_OK;
    }
    return esep_because(reason, ESEP_INVALID,
                        "line 2: behind 'extra' stands base64 of 1 to %d bytes",
                        ESEP_PROOF_EXTRA_MAX);
}

enum esep_status esep_proof_parse(struct esep_slice bytes, struct esep_buf *extra,
                                  struct esep_proof *ret, struct esep_reason *reason)
{
    struct esep_slice line;
    struct esep_slice rest;
    size_t at = 0;
    unsigned number = 2;
    esep_buf_clear(extra);
    *ret = (struct esep_proof){0};
    if (bytes.len > ESEP_PROOF_BYTES_MAX)
        return esep_because(reason, ESEP_INVALID, "a proof has at most %d bytes, this has %zu",
                            ESEP_PROOF_BYTES_MAX, bytes.len);
    if (!esep_line_next(bytes, &at, &line) || !esep_slice_equal(line, esep_slice_str(PROOF_HEAD)))
        return esep_because(reason, ESEP_INVALID, "not a proof: line 1 must be '%s'", PROOF_HEAD);
    bool has_line = esep_line_next(bytes, &at, &line);
    if (has_line && starts_with(line, "extra ", &rest)) {
        enum esep_status status = read_extra(rest, extra, reason);
        if (status != ESEP_OK)
            return status;
        has_line = esep_line_next(bytes, &at, &line);
        number++;
    }
    if (!has_line || !starts_with(line, "index ", &rest) || !esep_decimal_parse(rest, &ret->index))
        return esep_because(reason, ESEP_INVALID, "line %u must be 'index' and a number", number);
    while (esep_line_next(bytes, &at, &line) && line.len > 0) {
        number++;
        if (ret->path.count == ESEP_MERKLE_PATH_MAX)
            return esep_because(reason, ESEP_INVALID, "line %u: no path has more than %d hashes",
                                number, ESEP_MERKLE_PATH_MAX);
        if (!esep_hash_parse_base64(line, &ret->path.hashes[ret->path.count]))
            return esep_because(reason, ESEP_INVALID,
                                "line %u must be a hash, 32 bytes in base64, or empty", number);
        ret->path.count++;
    }
    if (at < 2 || at >= bytes.len || bytes.data[at - 1] != '\n' || bytes.data[at - 2] != '\n')
        return esep_because(reason, ESEP_INVALID,
                            "behind the path stand an empty line and the checkpoint");
    ret->extra = esep_buf_slice(extra);
    ret->note = esep_slice(bytes.data + at, bytes.len - at);
    return ESEP_OK;
}

static enum esep_status put(struct esep_buf *out, const char *text)
{
    return esep_buf_put(out, text, strlen(text));
}

/* The line, with its line feed where base64's end has its NUL. */
enum esep_status esep_extra_write(struct esep_slice extra, struct esep_buf *out)
{
    size_t room = sodium_base64_ENCODED_LEN(extra.len, sodium_base64_VARIANT_ORIGINAL);
    enum esep_status status = put(out, "extra ");
    if (status == ESEP_OK)
        status = esep_buf_reserve(out, room);
    if (status != ESEP_OK)
        return status;
    (void)sodium_bin2base64((char *)out->data + out->len, room, extra.data, extra.len,
                            sodium_base64_VARIANT_ORIGINAL);
    out->len += room;
    out->data[out->len - 1] = '\n';
    return ESEP_OK;
}

enum esep_status esep_proof_write(const struct esep_proof *proof, struct esep_buf *out)
{
    char line[ESEP_HASH_BASE64_MAX + 1];
    char index[40];
    if (proof->extra.len > ESEP_PROOF_EXTRA_MAX)
        return ESEP_LIMIT;
    enum esep_status status = put(out, PROOF_HEAD "\n");
    if (status == ESEP_OK && proof->extra.len > 0)
        status = esep_extra_write(proof->extra, out);
    snprintf(index, sizeof index, "index %" PRIu64 "\n", proof->index);
    if (status == ESEP_OK)
        status = put(out, index);
    for (size_t i = 0; status == ESEP_OK && i < proof->path.count; i++) {
        esep_hash_base64(&proof->path.hashes[i], line);
        line[ESEP_HASH_BASE64_MAX - 1] = '\n';
        status = esep_buf_put(out, line, ESEP_HASH_BASE64_MAX);
    }
    if (status == ESEP_OK)
        status = put(out, "\n");
    return status == ESEP_OK ? esep_buf_put(out, proof->note.data, proof->note.len) : status;
}
