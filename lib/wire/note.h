/* lib/wire/note.h - signed notes: how the log's words are signed, so that anybody's tools read
 * them.
 *
 * A note (C2SP signed-note) is text, an empty line, and signature lines, each an em dash, the name
 * of a key and base64(key id || signature). A key's id is the first four bytes of
 * SHA-256(name || 0x0A || algorithm || public key), so a line names key and algorithm at once.
 * Two algorithms are known here: Ed25519 over the text, as logs sign, and a witness's cosignature
 * (C2SP tlog-cosignature): 8 bytes of time, seconds since 1970, and Ed25519 over
 * "cosignature/v1\ntime <seconds>\n" || text. Lines of other keys are passed over, whatever they
 * hold.
 *
 * A note is a stranger's until one of its lines verified. Parsing borrows from the bytes given and
 * allocates nothing; the bytes are bounded before anything is looked for in them.
 */
#ifndef ESEP_WIRE_NOTE_H
#define ESEP_WIRE_NOTE_H

#include "base/crypto.h"

#define ESEP_NOTE_BYTES_MAX 65536
#define ESEP_NOTE_LINES_MAX 64    /* of signatures; the format demands that 16 be accepted */
#define ESEP_NOTE_NAME_MAX 127    /* bytes of a key's name here; the format has no limit */
#define ESEP_NOTE_LINE_MAX 300    /* of a signature line that we write, with NUL */
#define ESEP_NOTE_VKEY_MAX 200    /* of a key's text, with NUL */
#define ESEP_COSIGNATURE_BYTES 72 /* time and signature */

enum esep_note_algorithm {
    ESEP_NOTE_ED25519 = 0x01,
    ESEP_NOTE_COSIGNATURE = 0x04,
};

struct esep_note_key {
    char name[ESEP_NOTE_NAME_MAX + 1];
    enum esep_note_algorithm algorithm;
    uint32_t id;
    uint8_t public[ESEP_KEY_BYTES];
};
/* ESEP_INVALID: a name that is empty, too long, not UTF-8, or has a space, a control character or
 * a plus sign. */
ESEP_MUST_USE enum esep_status esep_note_key(struct esep_note_key *ret, const char *name,
                                             enum esep_note_algorithm algorithm,
                                             const uint8_t public_key[ESEP_KEY_BYTES],
                                             struct esep_reason *reason);
/* "name+1234abcd+base64(algorithm || public key)": a key as people hand it on. ESEP_INVALID, also
 * where the id is not that of name and key: a slip of the hand. */
ESEP_MUST_USE enum esep_status esep_note_key_parse(struct esep_note_key *ret, const char *vkey,
                                                   struct esep_reason *reason);
void esep_note_key_format(const struct esep_note_key *key, char out[ESEP_NOTE_VKEY_MAX]);

struct esep_note {
    struct esep_slice text;       /* with its last line feed: what is signed */
    struct esep_slice signatures; /* the lines */
};
/* ESEP_INVALID, with what is wrong: not a note. */
ESEP_MUST_USE enum esep_status esep_note_parse(struct esep_slice bytes, struct esep_note *ret,
                                               struct esep_reason *reason);

/* Whether this key signed the text. ESEP_NOT_FOUND: no line of this key. ESEP_INVALID: a line of
 * it that does not verify, which condemns the note. ret_time_s: a cosignature's time (the earliest
 * of several); may be NULL. */
ESEP_MUST_USE enum esep_status esep_note_verify(const struct esep_note *note,
                                                const struct esep_note_key *key,
                                                int64_t *ret_time_s, struct esep_reason *reason);

/* A log's signature of a text is esep_sign over it; a witness's is this.
 * ESEP_LIMIT: text is longer than a note may be. */
ESEP_MUST_USE enum esep_status esep_note_cosign(struct esep_slice text,
                                                const struct esep_sign_key *key, int64_t time_s,
                                                uint8_t ret[ESEP_COSIGNATURE_BYTES]);
/* One signature line, with its line feed and a NUL behind it; returns its length. signature: 64
 * bytes or 72, as the key's algorithm has them. */
size_t esep_note_line(const struct esep_note_key *key, const uint8_t *signature,
                      char out[ESEP_NOTE_LINE_MAX]);

#endif
