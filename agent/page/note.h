/* agent/page/note.h - the broker's word on a report, where the collector has not given its own.
 *
 * The weakest of three proofs (docs/adr/0024): whoever shows it says whose clock it is by. It stays
 * when the receipt has come, since that may name a later hour.
 *
 * Invariant: what no longer holds is not shown; nothing here changes what the office owes.
 */
#ifndef AGENT_PAGE_NOTE_H
#define AGENT_PAGE_NOTE_H

#include "agent/page/page.h"

/* The one of the request's `epoch` and `seq`, else the duty's newest. NULL: there is none such. */
const struct agent_event *page_event_asked(const struct page_call *call,
                                           const struct agent_duties *d,
                                           const struct agent_duty *duty);

/* #/components/schemas/Ingress, or null: no broker has noted that entry. Borrows nothing. */
json_t *page_note_json(struct agent_desk *desk, const struct agent_duties *d, uint32_t epoch,
                       uint64_t seq, const struct esep_zone *zone);

#endif
