/* verify/note.h - signed notes: the log's head, its signature, the witnesses' cosignatures.
 *
 * A note (C2SP signed-note) is text, an empty line and signature lines. A key is known by its name
 * and an id of 4 bytes; lines of keys that nobody named are passed over. A log signs the text; a
 * witness (C2SP tlog-cosignature) signs it behind two lines that say when. docs/verify.md, "The
 * note", is the specification of this file.
 */
#ifndef VERIFY_NOTE_H
#define VERIFY_NOTE_H

#include "verify/bytes.h"

#define VERIFY_NAME_MAX 127
#define VERIFY_NOTE_MAX 65536
#define VERIFY_NOTE_LINES_MAX 64
#define VERIFY_TIME_MAX_S INT64_C(253402300799) /* the end of the year 9999 */

enum verify_algorithm { VERIFY_ED25519 = 1, VERIFY_COSIGNATURE = 4 };

struct verify_key {
    char name[VERIFY_NAME_MAX + 1];
    uint8_t algorithm;
    uint8_t id[4];
    uint8_t public[32];
};
/* "name+1234abcd+base64". NULL, or what is wrong with it. */
const char *verify_key_parse(const char *text, struct verify_key *ret);

struct verify_note {
    struct verify_bytes text;
    struct verify_bytes lines;
    /* of the text: */
    struct verify_bytes origin;
    uint64_t size;
    struct verify_hash root;
};
/* A note whose text is a checkpoint. NULL, or what is wrong with it. */
const char *verify_note_parse(struct verify_bytes bytes, struct verify_note *ret);

enum verify_signed { VERIFY_ABSENT, VERIFY_BAD, VERIFY_GOOD };
/* What this key has to do with the note. One bad line of it makes all BAD. ret_time_s: the earliest
 * time of a witness's good lines; otherwise 0. */
enum verify_signed verify_note_signed(const struct verify_note *note, const struct verify_key *key,
                                      int64_t *ret_time_s);

#endif
