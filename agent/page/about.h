/* agent/page/about.h - the mail about one obligation: what was decided of it, and others' reports.
 *
 * One walk through the mailbox finds all three lists; each is bounded, and what is newest is kept.
 */
#ifndef AGENT_PAGE_ABOUT_H
#define AGENT_PAGE_ABOUT_H

#include "agent/page/page.h"
#include "agent/page/say.h"

#define PAGE_ABOUT_MAX 64

struct page_about {
    json_t *mail;          /* the newest first */
    json_t *co_executors;  /* accepted, of the same matter: of each obligation the newest */
    json_t *conflict_with; /* what ours is in conflict with */
    json_t *returned;      /* the return of the newest report, or null */
    esep_time reviewed_at; /* of the newest report; 0: not reviewed */
};
ESEP_MUST_USE enum esep_status page_about_load(struct page_about *ret, struct agent_desk *desk,
                                               struct agent_duties *d,
                                               const struct agent_duty *duty,
                                               struct esep_reason *reason);
void page_about_done(struct page_about *about); /* what was not taken over */

/* Another office's report as JSON; the body's code stands in the key. */
json_t *page_others_json(const struct agent_duties *d, const struct agent_mail *mail,
                         const struct esep_hash *hash, const Esep__V1__Report *report);

#endif
