/* agent/page/draft.h - what the clerk's form shows for an obligation, and by which mark it is
 * known.
 *
 * It is the draft, where there is one; else what this office said last, so that a returned report
 * opens filled in; else nothing. The mark (ETag) is of the draft's bytes in the journal, whoever
 * wrote them: a second tab, or a command, that changed it meanwhile is not overwritten.
 */
#ifndef AGENT_PAGE_DRAFT_H
#define AGENT_PAGE_DRAFT_H

#include "agent/page/form.h"
#include "agent/page/page.h"

#define PAGE_ETAG_BYTES 24
#define PAGE_FORM_ARENA_BYTES ((size_t)512 << 10)

enum page_form_of { PAGE_FORM_EMPTY = 0, PAGE_FORM_REVISION, PAGE_FORM_DRAFT };

struct page_draft {
    struct esep_arena arena;
    struct page_form form;
    struct esep_buf packed; /* of the draft; empty: none */
    enum page_form_of of;
    char etag[PAGE_ETAG_BYTES]; /* "": no draft */
    char key[ESEP_OBLIGATION_KEY_MAX];
};
/* Free also after a failure. ESEP_NOT_FOUND: no such obligation here. */
ESEP_MUST_USE enum esep_status page_draft_open(struct page_draft *ret, struct page *page,
                                               struct agent_desk *desk, const char *key,
                                               struct esep_reason *reason);
void page_draft_free(struct page_draft *draft);
/* Whether If-Match or If-None-Match fits; false: answered. */
bool page_draft_is_meant(const struct page_call *call, const struct page_draft *draft);
/* #/components/schemas/Draft. finds are taken over, and those of the whole are added. */
json_t *page_draft_json(const struct page_draft *draft, json_t *finds, esep_time saved_at,
                        const struct esep_zone *zone);

/* The report of an own entry, unpacked into the arena. */
ESEP_MUST_USE enum esep_status page_report_load(struct agent_desk *desk, uint32_t epoch,
                                                uint64_t seq, struct esep_arena *arena,
                                                const Esep__V1__JournalEntry **ret,
                                                struct esep_reason *reason);

#endif
