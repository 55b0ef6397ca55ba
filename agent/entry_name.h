/* agent/entry_name.h - what people call another entry, and its content hash, by which entries name
 * each other.
 *
 *   1/4      entry 4 of this office's epoch 1, as receipts and `report` print it
 *   seq:4    entry 4 of its present epoch
 *   1207     log entry 1207, as mail, duties and receipts print it
 *   9f…      the content hash itself, 64 digits, as the forms of --json have it
 *
 * They are looked up in what the office itself holds: its journal, its receipts, its mail. A number
 * is worth what it was on the day it was written down: a log that came back from a backup gives it
 * to another entry. So a number that means two entries here is refused, and never guessed.
 */
#ifndef AGENT_ENTRY_NAME_H
#define AGENT_ENTRY_NAME_H

#include "agent/duties.h"

/* Whether it is a name at all. ESEP_INVALID, with what a name looks like. */
ESEP_MUST_USE enum esep_status agent_entry_name_check(const char *name, struct esep_reason *reason);
/* The report of that name. obligation: it must be on that one (NULL: on any; a hash that nobody
 * here knows is believed). ESEP_NOT_FOUND: no such report here; ESEP_INVALID: another obligation's;
 * ESEP_CONFLICT: it means several. */
ESEP_MUST_USE enum esep_status agent_entry_find(const struct agent_duties *duties, const char *name,
                                                const char *obligation, struct esep_hash *ret,
                                                struct esep_reason *reason);

#endif
