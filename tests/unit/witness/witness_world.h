/* tests/unit/witness/witness_world.h - a log that one can make lie, and its requests to a witness.
 *
 * Leaf i of history h is the text "h:i", but that of a fork the leaves before the fork are those of
 * history 0. Everything follows from seeds; nothing is read or written.
 */
#ifndef ESEP_TEST_WITNESS_WORLD_H
#define ESEP_TEST_WITNESS_WORLD_H

#include "collector/witness/witness.h"
#include "tests/unit/io/unit.h"

#define WORLD_LEAVES 70
#define WORLD_ORIGIN "reports.example/log"

struct world_history {
    struct esep_hash leaves[WORLD_LEAVES];
    size_t from; /* leaves from here on are its own */
};
void world_history(struct world_history *ret, unsigned number, size_t from);
struct esep_hash world_root(const struct world_history *history, uint64_t size);

/* Key `number` of the log. */
struct esep_sign_key world_secret(uint8_t number);
struct esep_note_key world_key(uint8_t number);
struct witness_log world_log(void); /* with key 1 */
struct esep_sign_key world_witness_secret(void);
struct esep_note_key world_witness_key(void);

/* The text of a signed checkpoint, NUL-terminated; `cosigned`: also by the witness. */
#define WORLD_NOTE_MAX 1024
size_t world_note(const struct world_history *history, uint64_t size, uint8_t key, bool cosigned,
                  char out[WORLD_NOTE_MAX]);
/* A request as bytes, and parsed out of them. */
#define WORLD_REQUEST_MAX 8192
struct world_request {
    size_t len;
    uint8_t bytes[WORLD_REQUEST_MAX];
    struct esep_add_checkpoint parsed;
};
void world_request(struct world_request *ret, const struct world_history *history,
                   uint64_t old_size, uint64_t size);
void world_parse(struct world_request *request); /* the bytes anew */

#endif
