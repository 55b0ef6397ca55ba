/* lib/wire/add_checkpoint.c - the request, line by line. */
#include "wire/add_checkpoint.h"

#include <inttypes.h>
#include <stdio.h>

#define OLD "old "

enum esep_status esep_add_checkpoint_parse(struct esep_slice body, struct esep_add_checkpoint *ret,
                                           struct esep_reason *reason)
{
    struct esep_slice line;
    size_t at = 0;
    const size_t word = sizeof OLD - 1;
    if (body.len > ESEP_ADD_CHECKPOINT_BYTES_MAX)
        return esep_because(reason, ESEP_INVALID, "a request has at most %d bytes, this has %zu",
                            ESEP_ADD_CHECKPOINT_BYTES_MAX, body.len);
    if (!esep_line_next(body, &at, &line) || line.len < word || memcmp(line.data, OLD, word) != 0 ||
        !esep_decimal_parse(esep_slice(line.data + word, line.len - word), &ret->old_size))
        return esep_because(reason, ESEP_INVALID, "line 1 must be 'old' and a number");
    ret->proof.count = 0;
    for (;;) {
        const size_t number = ret->proof.count + 2;
        if (!esep_line_next(body, &at, &line))
            return esep_because(reason, ESEP_INVALID, "line %zu is missing", number);
        if (line.len == 0)
            break;
        if (ret->proof.count == ESEP_ADD_CHECKPOINT_HASHES_MAX)
            return esep_because(reason, ESEP_INVALID, "line %zu: no proof has more than %d hashes",
                                number, ESEP_ADD_CHECKPOINT_HASHES_MAX);
        if (!esep_hash_parse_base64(line, &ret->proof.hashes[ret->proof.count]))
            return esep_because(reason, ESEP_INVALID,
                                "line %zu must be a hash, 32 bytes in base64, or empty", number);
        ret->proof.count++;
    }
    ret->note_bytes = esep_slice(body.data + at, body.len - at);
    const enum esep_status status = esep_note_parse(ret->note_bytes, &ret->note, reason);
    return status == ESEP_OK ? esep_checkpoint_parse(ret->note.text, &ret->checkpoint, reason)
                             : status;
}

enum esep_status esep_add_checkpoint_write(uint64_t old_size, const struct esep_merkle_path *proof,
                                           struct esep_slice note_bytes, struct esep_buf *out)
{
    char line[ESEP_HASH_BASE64_MAX];
    char first[32];
    if (proof->count > ESEP_ADD_CHECKPOINT_HASHES_MAX)
        return ESEP_LIMIT;
    const int len = snprintf(first, sizeof first, OLD "%" PRIu64 "\n", old_size);
    ESEP_ASSERT(len > 0 && (size_t)len < sizeof first);
    enum esep_status status = esep_buf_put(out, first, (size_t)len);
    for (size_t i = 0; status == ESEP_OK && i < proof->count; i++) {
        esep_hash_base64(&proof->hashes[i], line);
        line[sizeof line - 1] = '\n';
        status = esep_buf_put(out, line, sizeof line);
    }
    if (status == ESEP_OK)
        status = esep_buf_put(out, "\n", 1);
    return status == ESEP_OK ? esep_buf_put(out, note_bytes.data, note_bytes.len) : status;
}
