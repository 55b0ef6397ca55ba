/* agent/duties_load.h - what reading the journal into duties shares: duties.c and duties_former.c.
 *
 * One pass is one struct agent_load, on the stack of agent_duties_load. Its status is the first
 * failure; every helper leaves the duties as they are then. A message that was unpacked lives until
 * the next one is.
 *
 * Not for anybody outside: include agent/duties.h.
 */
#ifndef AGENT_DUTIES_LOAD_H
#define AGENT_DUTIES_LOAD_H

#include "agent/duties.h"

/* A report of this office that came by mail. */
struct agent_former {
    struct agent_mail mail;
    struct esep_hash hash;
    bool here; /* the journal has it, too */
};
struct agent_load {
    struct agent_duties *d;
    struct esep_arena scratch;
    esep_time now;
    bool reviews;              /* the last pass over the mailbox */
    struct esep_hash accepted; /* the report that the last review accepted */
    struct agent_former *former;
    size_t former_count, former_cap;
    enum esep_status status;
    struct esep_reason *reason;
};

/* duties.c. Room for one more of *items; the failure that it is none; a message, or NULL; the duty
 * of a key; a report that stands, as far as is known. */
bool agent_load_more(void **items, size_t *cap, size_t count, size_t size);
bool agent_load_no_memory(struct agent_load *l);
const ProtobufCMessage *agent_load_unpack(struct agent_load *l,
                                          const ProtobufCMessageDescriptor *what,
                                          struct esep_slice bytes);
struct agent_duty *agent_load_slot(struct agent_load *l, const char *key);
void agent_load_event(struct agent_load *l, struct agent_duty *duty, struct agent_event *event,
                      const Esep__V1__Report *report);

bool agent_load_called(const struct esep_hash *hash, ProtobufCBinaryData name);

/* duties_dispute.c: an office's entry of the mailbox; an own report, in its order. */
void agent_load_dispute(struct agent_load *l, const struct agent_mail *mail,
                        const struct esep_hash *hash, const Esep__V1__JournalEntry *e);
void agent_load_settle(struct agent_duty *duty, const struct agent_event *event,
                       const Esep__V1__Report *report);

/* duties_former.c: kept while the mail is read, and taken before the journal is. */
void agent_load_former(struct agent_load *l, const struct agent_mail *mail,
                       const struct esep_hash *hash);
ESEP_MUST_USE enum esep_status agent_load_take_former(struct agent_load *l, struct agent_desk *desk,
                                                      struct esep_reason *reason);

#endif
