/* verify/note.c - see note.h. */
#include "verify/note.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define ID_BYTES 4
#define SIGNATURE_MAX 8192
#define DASH "\xe2\x80\x94 "

/* Length of the white space at `at` that Unicode has outside ASCII, or 0. */
static bool is_wide_space(const uint8_t *at, size_t left)
{
    if (left >= 2 && at[0] == 0xc2)
        return at[1] == 0x85 || at[1] == 0xa0;
    if (left < 3)
        return false;
    uint32_t three = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
    return three == 0xe19a80 || (three >= 0xe28080 && three <= 0xe2808a) || three == 0xe280a8 ||
           three == 0xe280a9 || three == 0xe280af || three == 0xe2819f || three == 0xe38080;
}

static bool is_name(struct verify_bytes name)
{
    if (name.len == 0 || name.len > VERIFY_NOTE_MAX || !verify_utf8(name))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] <= ' ' || name.data[i] == 0x7f || name.data[i] == '+' ||
            is_wide_space(name.data + i, name.len - i))
            return false;
    return true;
}

const char *verify_key_parse(const char *text, struct verify_key *ret)
{
    struct verify_key key = {.name = ""};
    uint8_t bytes[1 + sizeof key.public];
    uint8_t id[ID_BYTES];
    size_t len = 0;
    const char *plus = strchr(text, '+');
    const char *second = plus != NULL ? strchr(plus + 1, '+') : NULL;
    if (second == NULL || plus - text > VERIFY_NAME_MAX ||
        !is_name(verify_bytes(text, (size_t)(plus - text))) ||
        !verify_hex(verify_bytes(plus + 1, (size_t)(second - plus - 1)), id, sizeof id) ||
        !verify_base64(verify_text(second + 1), bytes, sizeof bytes, &len) || len != sizeof bytes)
        return "a key is written as name+1234abcd+base64, all in one piece";
    memcpy(key.name, text, (size_t)(plus - text));
    key.algorithm = bytes[0];
    memcpy(key.public, bytes + 1, sizeof key.public);
    const uint8_t feed = '\n';
    const struct verify_bytes parts[] = {verify_text(key.name), {&feed, 1}, {bytes, sizeof bytes}};
    struct verify_hash hash = verify_sha256(parts, 3);
    memcpy(key.id, hash.bytes, sizeof key.id);
    if (memcmp(id, key.id, sizeof id) != 0)
        return "the key's id is not that of its name and bytes: a part of it was changed";
    *ret = key;
    return NULL;
}

struct signature {
    struct verify_bytes name;
    size_t len; /* with the id */
    uint8_t bytes[ID_BYTES + SIGNATURE_MAX];
};

static bool read_signature(struct verify_bytes line, struct signature *ret)
{
    struct verify_bytes rest;
    if (!verify_after(line, DASH, &rest) || rest.len == 0)
        return false;
    const uint8_t *space = memchr(rest.data, ' ', rest.len);
    if (space == NULL)
        return false;
    ret->name = verify_bytes(rest.data, (size_t)(space - rest.data));
    rest = verify_bytes(space + 1, rest.len - ret->name.len - 1);
    return is_name(ret->name) && verify_base64(rest, ret->bytes, sizeof ret->bytes, &ret->len) &&
           ret->len > ID_BYTES;
}

static const char *read_checkpoint(struct verify_note *note)
{
    struct verify_bytes rest = note->text;
    struct verify_bytes line;
    if (!verify_line(&rest, &note->origin) || note->origin.len == 0 ||
        note->origin.len > VERIFY_NAME_MAX)
        return "line 1 of the checkpoint must be the log's name";
    if (!verify_line(&rest, &line) || !verify_decimal(line, &note->size))
        return "line 2 of the checkpoint must be the number of entries";
    if (!verify_line(&rest, &line) || !verify_base64_hash(line, &note->root))
        return "line 3 of the checkpoint must be the root, 32 bytes in base64";
    while (rest.len > 0)
        if (!verify_line(&rest, &line) || line.len == 0)
            return "a checkpoint has no empty line";
    return NULL;
}

const char *verify_note_parse(struct verify_bytes bytes, struct verify_note *ret)
{
    struct signature signature;
    struct verify_bytes line;
    size_t blank = bytes.len;
    if (bytes.len < 4 || bytes.len > VERIFY_NOTE_MAX || bytes.data[bytes.len - 1] != '\n' ||
        !verify_utf8(bytes))
        return "the checkpoint is not UTF-8 text of at most 65536 bytes that ends in a line feed";
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] < ' ' && bytes.data[i] != '\n')
            return "the checkpoint holds a control character";
    for (size_t i = 1; i < bytes.len; i++)
        if (bytes.data[i] == '\n' && bytes.data[i - 1] == '\n')
            blank = i;
    if (blank == bytes.len)
        return "the checkpoint has no empty line before its signatures";
    ret->text = verify_bytes(bytes.data, blank);
    ret->lines = verify_bytes(bytes.data + blank + 1, bytes.len - blank - 1);
    struct verify_bytes rest = ret->lines;
    size_t count = 0;
    while (verify_line(&rest, &line))
        if (++count > VERIFY_NOTE_LINES_MAX || !read_signature(line, &signature))
            return "a line behind the checkpoint is no signature, or they are more than 64";
    if (count == 0)
        return "the checkpoint has no signature";
    return read_checkpoint(ret);
}

static bool is_good(const struct verify_note *note, const struct verify_key *key,
                    const struct signature *signature, int64_t *ret_time_s)
{
    uint8_t message[VERIFY_NOTE_MAX + 64];
    const uint8_t *bytes = signature->bytes + ID_BYTES;
    *ret_time_s = 0;
    if (key->algorithm == VERIFY_ED25519)
        return signature->len == ID_BYTES + crypto_sign_BYTES &&
               crypto_sign_verify_detached(bytes, note->text.data, note->text.len, key->public) ==
                   0;
    if (signature->len != ID_BYTES + 8 + crypto_sign_BYTES ||
        verify_be64(bytes) > (uint64_t)VERIFY_TIME_MAX_S)
        return false;
    *ret_time_s = (int64_t)verify_be64(bytes);
    int len = snprintf((char *)message, 64, "cosignature/v1\ntime %" PRId64 "\n", *ret_time_s);
    memcpy(message + len, note->text.data, note->text.len);
    return crypto_sign_verify_detached(bytes + 8, message, (size_t)len + note->text.len,
                                       key->public) == 0;
}

enum verify_signed verify_note_signed(const struct verify_note *note, const struct verify_key *key,
                                      int64_t *ret_time_s)
{
    enum verify_signed answer = VERIFY_ABSENT;
    struct verify_bytes rest = note->lines;
    struct verify_bytes line;
    struct signature signature;
    int64_t time_s = 0;
    *ret_time_s = 0;
    while (verify_line(&rest, &line)) {
        if (!read_signature(line, &signature) ||
            !verify_equal(signature.name, verify_text(key->name)) ||
            memcmp(signature.bytes, key->id, ID_BYTES) != 0)
            continue;
        if (!is_good(note, key, &signature, &time_s))
            return VERIFY_BAD;
        if (answer == VERIFY_ABSENT || time_s < *ret_time_s)
            *ret_time_s = time_s;
        answer = VERIFY_GOOD;
    }
    return answer;
}
