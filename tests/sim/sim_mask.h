/* tests/sim/sim_mask.h - the kinds of what goes wrong and of what people do, and how they are
 * counted.
 *
 * The first part of sim.h, which includes it.
 */
#ifndef TESTS_SIM_MASK_H
#define TESTS_SIM_MASK_H

#include "base/crypto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;

/* sim_mask.c: what goes wrong and what people do, kind by kind and counted, so that a run can be
 * told to do without some of it. Whoever adds a fault adds its kind here and its name there, draws
 * everything about it first, and then asks sim_does: what was drawn is the same either way. */
enum sim_deed {
    SIM_LOSS,
    SIM_REPEAT,
    SIM_REORDER,
    SIM_CORRUPT,
    SIM_STALL,
    SIM_BLOCK,
    SIM_LINE,
    SIM_LINK,
    SIM_WINDOW,
    SIM_CRASH,
    SIM_STEP,
    SIM_LIE,
    SIM_SMUGGLE,
    SIM_DISK,
    SIM_CLOCK,
    SIM_RESTORE,
    SIM_REVOKE,
    SIM_PARTITION,
    SIM_LIAR,
    SIM_WITHHOLD,
    SIM_PAUSE,
    SIM_STOP,
    SIM_BREAK_OFF,
    SIM_RELOAD,
    SIM_MALICE,
    SIM_TWIN,
    SIM_ENROL,
    SIM_STEAL,
    SIM_ROT,
    SIM_PRUNE,
    SIM_VERSION,
    SIM_ROTATE,
    SIM_SILENCE,
    SIM_WRITE,
    SIM_ORDER,
    SIM_DEEDS
};
struct sim_range {
    uint64_t first, last;
};
#define SIM_RANGES_MAX 512
/* Which numbers of a deed may happen: all, or those in the ranges, which are sorted and apart. */
struct sim_allowed {
    bool some;
    size_t count;
    struct sim_range ranges[SIM_RANGES_MAX];
};
struct sim_mask {
    struct sim_allowed deeds[SIM_DEEDS];
};
extern const char *const sim_deed_names[SIM_DEEDS];
/* "loss,cut:3,write:7-12": without these, or of the deeds named with these alone. */
bool sim_mask_without(struct sim_mask *mask, const char *text);
bool sim_mask_only(struct sim_mask *mask, const char *text);
/* "crash:3,clock:2": as many of each. */
bool sim_mask_planted(uint64_t planted[SIM_DEEDS], const char *text);
/* The options that say the same; the length, as snprintf. */
size_t sim_mask_print(const struct sim_mask *mask, char *out, size_t len);
/* It is to happen now: counts it, and says whether it may. */
bool sim_does(struct sim *sim, enum sim_deed deed);
bool sim_strikes(struct sim *sim, uint32_t per_million, enum sim_deed deed);
/* From here on every draw comes from a stream of (seed, deed, number) alone, so that what is left
 * out before changes nothing of it. Returns the stream to go back to: sim->prng = outer. */
struct esep_prng sim_stream(struct sim *sim, enum sim_deed deed, uint64_t number);
/* How it went wrong, where a deed has several ways: counted, so that a summary can show each. */
enum sim_tally {
    SIM_TALLY_STALL_DAYS,
    SIM_TALLY_QUEUE_FULL,
    SIM_TALLY_WITHHELD,
    SIM_TALLY_RECEIPT_KEPT,
    SIM_TALLY_NOTE_SIGNED,
    SIM_TALLY_NOTE_STORED,
    SIM_TALLY_DRAIN_LATE,
    SIM_TALLY_DRAIN_CRASHED,
    SIM_TALLY_WRITE_EIO,
    SIM_TALLY_SYNC_EIO,
    SIM_TALLY_WRITE_FULL,
    SIM_TALLY_SYNC_FULL,
    SIM_TALLY_READ_EIO,
    SIM_TALLY_DISK_SLOW,
    SIM_TALLY_SIGNER_AWAY,
    SIM_TALLY_LOG_KEY,
    SIM_TALLY_RESTORE_OFFICE,
    SIM_TALLY_RESTORE_COLLECTOR,
    SIM_TALLY_RESTORE_BOTH,
    SIM_TALLY_RESTORE_EMPTY,
    SIM_TALLY_AMNESIA,
    SIM_TALLY_AMNESIA_TOLD,
    SIM_TALLY_CLOCK_YEARS,
    SIM_TALLY_VERSION,
    SIM_TALLY_VERSION_OTHER,
    SIM_TALLY_VERSION_REFUSED,
    SIM_TALLY_VERSION_WELCOME,
    SIM_TALLY_CLONE,
    SIM_TALLY_ROTATED,
    SIM_TALLY_FORK,
    SIM_TALLY_ROT_FOUND,
    SIM_TALLY_ROT_REFUSED,
    SIM_TALLY_PRUNED,
    SIM_TALLY_PRUNED_OLDER,
    SIM_TALLY_OLDER_WHOLE,
    SIM_TALLY_OLDER_GONE,
    SIM_TALLY_PLAN_GROUPS,
    SIM_TALLY_HEIR_DUTY,
    SIM_TALLY_HEIR_KEPT,
    SIM_TALLY_HEIR_TAKEN,
    SIM_TALLY_HEIR_ALERT,
    SIM_TALLY_GOING_TAKEN,
    SIM_TALLY_RIGHTS,
    SIM_TALLY_CARRIED,
    SIM_TALLY_ENROLLED,
    SIM_TALLY_ENROL_REFUSED,
    SIM_TALLY_CODE_STOLEN,
    SIM_TALLY_CODE_LOST,
    SIM_TALLY_NAMED_BEFORE,
    SIM_TALLY_WITHDRAWN_BEFORE,
    SIM_TALLY_STANDS_AGAIN,
    SIM_TALLY_SENT_AGAIN,
    SIM_TALLY_STANDING,
    SIM_TALLY_FORGOTTEN_MORE,
    SIM_TALLY_FORGOTTEN_LESS,
    SIM_TALLY_FILES_LOST,
    SIM_TALLY_FILES_BACK,
    SIM_TALLY_COSIGNED,
    SIM_TALLIES
};
extern const char *const sim_tally_names[SIM_TALLIES];

#endif
