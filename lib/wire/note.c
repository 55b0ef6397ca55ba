/* lib/wire/note.c - notes read and written.
 *
 * The text ends at the last empty line, so that text may hold empty lines itself; everything behind
 * must be signature lines.
 */
#include "wire/note.h"

#include "base/text.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define DASH "\xe2\x80\x94 " /* U+2014 and a space */
#define DASH_BYTES 4
#define ID_BYTES 4
#define SIGNATURE_MAX 8192 /* of foreign algorithms; post-quantum ones take some 5 KB */

static size_t signature_bytes(enum esep_note_algorithm algorithm)
{
    return algorithm == ESEP_NOTE_COSIGNATURE ? ESEP_COSIGNATURE_BYTES : ESEP_SIGNATURE_BYTES;
}

/* The spaces that Unicode has outside ASCII: what a key's name may not hold. */
static bool has_unicode_space(struct esep_slice name)
{
    static const char *const spaces[] = {
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
    };
    for (size_t i = 0; i + 1 < name.len; i++) {
        const uint8_t *at = name.data + i;
        size_t left = name.len - i;
        if (left >= 3 && at[0] == 0xe2 && at[1] == 0x80 && at[2] >= 0x80 && at[2] <= 0x8a)
            return true; /* U+2000 to U+200A */
        for (size_t k = 0; k < sizeof spaces / sizeof *spaces; k++) {
            size_t len = strlen(spaces[k]);
            if (left >= len && memcmp(at, spaces[k], len) == 0)
                return true;
        }
    }
    return false;
}

static bool name_is_good(struct esep_slice name)
{
    if (name.len == 0 || !esep_utf8_valid(name) || has_unicode_space(name))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] <= ' ' || name.data[i] == '+' || name.data[i] == 0x7f)
            return false;
    return true;
}

enum esep_status esep_note_key(struct esep_note_key *ret, const char *name,
                               enum esep_note_algorithm algorithm,
                               const uint8_t public_key[ESEP_KEY_BYTES], struct esep_reason *reason)
{
    size_t len = strlen(name);
    if (len > ESEP_NOTE_NAME_MAX)
        return esep_because(reason, ESEP_INVALID, "a key's name has at most %d bytes, not %zu",
                            ESEP_NOTE_NAME_MAX, len);
    if (!name_is_good(esep_slice(name, len)))
        return esep_because(reason, ESEP_INVALID,
                            "a key's name is UTF-8 without spaces and plus signs, as in "
                            "'reports.example/log'");
    memcpy(ret->name, name, len + 1);
    ret->algorithm = algorithm;
    memcpy(ret->public, public_key, ESEP_KEY_BYTES);
    const uint8_t between[2] = {'\n', (uint8_t)algorithm};
    const struct esep_slice parts[] = {
        {(const uint8_t *)name, len}, {between, sizeof between}, {public_key, ESEP_KEY_BYTES}};
    ret->id = esep_be32(esep_sha256_parts(parts, 3).bytes);
    return ESEP_OK;
}

enum esep_status esep_note_key_parse(struct esep_note_key *ret, const char *vkey,
                                     struct esep_reason *reason)
{
    char name[ESEP_NOTE_NAME_MAX + 1];
    uint8_t id[ID_BYTES];
    char hex[2 * ID_BYTES + 1];
    uint8_t key[1 + ESEP_KEY_BYTES];
    size_t key_bytes = 0;
    const char *first = strchr(vkey, '+');
    const char *second = first != NULL ? strchr(first + 1, '+') : NULL;
    if (second == NULL || (size_t)(first - vkey) >= sizeof name ||
        second - first - 1 != 2 * ID_BYTES)
        return esep_because(reason, ESEP_INVALID,
                            "a key is written as name+1234abcd+base64, in one piece");
    memcpy(name, vkey, (size_t)(first - vkey));
    name[first - vkey] = '\0';
    memcpy(hex, first + 1, 2 * ID_BYTES);
    hex[2 * ID_BYTES] = '\0';
    if (esep_unhex(hex, id, ID_BYTES) != ESEP_OK ||
        !esep_base64_parse(esep_slice_str(second + 1), key, sizeof key, &key_bytes) ||
        key_bytes != sizeof key)
        return esep_because(reason, ESEP_INVALID,
                            "a key is written as name+1234abcd+base64 of 33 bytes; copy it whole");
    if (key[0] != ESEP_NOTE_ED25519 && key[0] != ESEP_NOTE_COSIGNATURE)
        return esep_because(reason, ESEP_INVALID,
                            "keys of algorithm %u are not known here, only Ed25519 (1) and "
                            "witnesses' Ed25519 (4)",
                            key[0]);
    enum esep_status status =
        esep_note_key(ret, name, (enum esep_note_algorithm)key[0], key + 1, reason);
    if (status == ESEP_OK && ret->id != esep_be32(id))
        return esep_because(reason, ESEP_INVALID,
                            "the key's id is %08" PRIx32 ", not %s as written: name or key was "
                            "changed on the way",
                            ret->id, hex);
    return status;
}

void esep_note_key_format(const struct esep_note_key *key, char out[ESEP_NOTE_VKEY_MAX])
{
    uint8_t bytes[1 + ESEP_KEY_BYTES];
    char base64[sodium_base64_ENCODED_LEN(sizeof bytes, sodium_base64_VARIANT_ORIGINAL)];
    bytes[0] = (uint8_t)key->algorithm;
    memcpy(bytes + 1, key->public, ESEP_KEY_BYTES);
    (void)sodium_bin2base64(base64, sizeof base64, bytes, sizeof bytes,
                            sodium_base64_VARIANT_ORIGINAL);
    snprintf(out, ESEP_NOTE_VKEY_MAX, "%s+%08" PRIx32 "+%s", key->name, key->id, base64);
}

struct line {
    struct esep_slice name;
    uint32_t id;
    size_t signature_bytes;
    uint8_t signature[ESEP_COSIGNATURE_BYTES]; /* as much of it as fits */
};

/* The line at *at, which ends in a line feed, taken apart. */
static bool read_line(struct esep_slice lines, size_t *at, struct line *ret)
{
    uint8_t bytes[ID_BYTES + SIGNATURE_MAX];
    const uint8_t *from = lines.data + *at;
    const uint8_t *end = memchr(from, '\n', lines.len - *at);
    if (end == NULL || end - from < DASH_BYTES || memcmp(from, DASH, DASH_BYTES) != 0)
        return false;
    from += DASH_BYTES;
    const uint8_t *space = memchr(from, ' ', (size_t)(end - from));
    if (space == NULL)
        return false;
    size_t len = 0;
    ret->name = esep_slice(from, (size_t)(space - from));
    if (!name_is_good(ret->name) ||
        !esep_base64_parse(esep_slice(space + 1, (size_t)(end - space - 1)), bytes, sizeof bytes,
                           &len) ||
        len <= ID_BYTES)
        return false;
    ret->id = esep_be32(bytes);
    ret->signature_bytes = len - ID_BYTES;
    size_t kept =
        ret->signature_bytes < sizeof ret->signature ? ret->signature_bytes : sizeof ret->signature;
    memcpy(ret->signature, bytes + ID_BYTES, kept);
    *at = (size_t)(end + 1 - lines.data);
    return true;
}

static bool text_is_good(struct esep_slice bytes)
{
    if (!esep_utf8_valid(bytes))
        return false;
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] < ' ' && bytes.data[i] != '\n')
            return false;
    return true;
}

enum esep_status esep_note_parse(struct esep_slice bytes, struct esep_note *ret,
                                 struct esep_reason *reason)
{
    if (bytes.len > ESEP_NOTE_BYTES_MAX)
        return esep_because(reason, ESEP_INVALID, "a note has at most %d bytes, this has %zu",
                            ESEP_NOTE_BYTES_MAX, bytes.len);
    if (bytes.len < 4 || bytes.data[bytes.len - 1] != '\n' || !text_is_good(bytes))
        return esep_because(reason, ESEP_INVALID,
                            "a note is UTF-8 text without control characters that ends in a line "
                            "feed");
    size_t blank = bytes.len - 1;
    while (blank > 0 && !(bytes.data[blank] == '\n' && bytes.data[blank - 1] == '\n'))
        blank--;
    if (blank == 0)
        return esep_because(reason, ESEP_INVALID, "a note has an empty line before its signatures");
    ret->text = esep_slice(bytes.data, blank);
    ret->signatures = esep_slice(bytes.data + blank + 1, bytes.len - blank - 1);
    size_t count = 0;
    size_t at = 0;
    struct line line;
    while (at < ret->signatures.len) {
        if (!read_line(ret->signatures, &at, &line))
            return esep_because(reason, ESEP_INVALID, "signature line %zu of the note is not one",
                                count + 1);
        count++;
        if (count > ESEP_NOTE_LINES_MAX)
            return esep_because(reason, ESEP_INVALID, "a note has at most %d signatures",
                                ESEP_NOTE_LINES_MAX);
    }
    return count > 0 ? ESEP_OK : esep_because(reason, ESEP_INVALID, "the note is not signed");
}

/* What a cosignature signs, into out; 0 if it does not fit. */
static size_t cosigned(struct esep_slice text, uint64_t time_s, uint8_t *out, size_t size)
{
    char head[64];
    int len = snprintf(head, sizeof head, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
    if (len < 0 || text.len > size || (size_t)len > size - text.len)
        return 0;
    memcpy(out, head, (size_t)len);
    memcpy(out + len, text.data, text.len);
    return (size_t)len + text.len;
}

static bool line_verifies(const struct esep_note *note, const struct esep_note_key *key,
                          const struct line *line, int64_t *ret_time_s)
{
    uint8_t message[ESEP_NOTE_BYTES_MAX + 64];
    *ret_time_s = 0;
    if (line->signature_bytes != signature_bytes(key->algorithm))
        return false;
    if (key->algorithm == ESEP_NOTE_ED25519)
        return esep_verify(key->public, note->text, line->signature);
    uint64_t time_s = esep_be64(line->signature);
    if (time_s > INT64_MAX)
        return false;
    *ret_time_s = (int64_t)time_s;
    size_t len = cosigned(note->text, time_s, message, sizeof message);
    return len > 0 && esep_verify(key->public, esep_slice(message, len), line->signature + 8);
}

enum esep_status esep_note_verify(const struct esep_note *note, const struct esep_note_key *key,
                                  int64_t *ret_time_s, struct esep_reason *reason)
{
    bool is_signed = false;
    int64_t earliest = 0;
    size_t at = 0;
    struct line line;
    while (at < note->signatures.len && read_line(note->signatures, &at, &line)) {
        int64_t time_s = 0;
        if (line.id != key->id || !esep_slice_equal(line.name, esep_slice_str(key->name)))
            continue;
        if (!line_verifies(note, key, &line, &time_s))
            return esep_because(reason, ESEP_INVALID,
                                "the signature of '%s' does not fit the text: one of them was "
                                "changed",
                                key->name);
        earliest = !is_signed || time_s < earliest ? time_s : earliest;
        is_signed = true;
    }
    if (!is_signed)
        return esep_because(reason, ESEP_NOT_FOUND, "'%s' (%08" PRIx32 ") has not signed this",
                            key->name, key->id);
    if (ret_time_s != NULL)
        *ret_time_s = earliest;
    return ESEP_OK;
}

enum esep_status esep_note_cosign(struct esep_slice text, const struct esep_sign_key *key,
                                  int64_t time_s, uint8_t ret[ESEP_COSIGNATURE_BYTES])
{
    uint8_t message[ESEP_NOTE_BYTES_MAX + 64];
    ESEP_ASSERT(time_s >= 0);
    if (text.len > ESEP_NOTE_BYTES_MAX)
        return ESEP_LIMIT;
    size_t len = cosigned(text, (uint64_t)time_s, message, sizeof message);
    ESEP_ASSERT(len > 0);
    esep_be64_put(ret, (uint64_t)time_s);
    esep_sign(key, esep_slice(message, len), ret + 8);
    return ESEP_OK;
}

size_t esep_note_line(const struct esep_note_key *key, const uint8_t *signature,
                      char out[ESEP_NOTE_LINE_MAX])
{
    uint8_t bytes[ID_BYTES + ESEP_COSIGNATURE_BYTES];
    char base64[sodium_base64_ENCODED_LEN(sizeof bytes, sodium_base64_VARIANT_ORIGINAL)];
    size_t len = signature_bytes(key->algorithm);
    esep_be32_put(bytes, key->id);
    memcpy(bytes + ID_BYTES, signature, len);
    (void)sodium_bin2base64(base64, sizeof base64, bytes, ID_BYTES + len,
                            sodium_base64_VARIANT_ORIGINAL);
    int written = snprintf(out, ESEP_NOTE_LINE_MAX, DASH "%s %s\n", key->name, base64);
    ESEP_ASSERT(written > 0 && written < ESEP_NOTE_LINE_MAX);
    return (size_t)written;
}
