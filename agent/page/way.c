/* agent/page/way.c - see way.h. */
#include "agent/page/way.h"

void page_way(const struct page_facts *f, struct page_step ret[PAGE_STEPS])
{
    const bool decided = f->decision != PAGE_UNDECIDED;
    const bool received = f->received || decided;
    const bool whole = received && f->files_left == 0;
    const struct page_step steps[PAGE_STEPS] = {
        {.name = "saved", .reached = true, .at = f->saved_at, .our_time = true, .number = f->seq},
        {.name = "committed",
         .reached = f->promised || received,
         .at = f->promised_at,
         .number = f->promise_index},
        {.name = "sent", .reached = f->sent || received},
        {.name = "received", .reached = received, .at = f->received_at, .number = f->report_index},
        {.name = "evidence_complete",
         .reached = whole,
         .files = true,
         .at = f->files_at,
         .number = f->files_index},
        {.name = "under_review", .reached = whole || decided},
        {.name = f->decision == PAGE_RETURNED ? "returned" : "accepted",
         .reached = decided,
         .at = f->decided_at},
    };
    /* Two sweeps: what is reached, then what is ahead. */
    size_t count = 0;
    for (int ahead = 0; ahead < 2; ahead++)
        for (size_t i = 0; i < PAGE_STEPS; i++)
            if (steps[i].reached == (ahead == 0)) {
                ret[count] = steps[i];
                if (ahead != 0)
                    ret[count].at = 0, ret[count].number = 0;
                count++;
            }
}
