/* agent/page/way.h - a report's way from this computer to the commission's decision, step by step.
 *
 *   saved -> committed -> sent -> received -> evidence complete -> under review -> decided
 *
 * What is reached comes first, so that a reader sees at a glance how far it is. Files follow the
 * text (docs/adr/0010) and the commission need not wait for them: where it has decided before it
 * had every file, the evidence is still ahead and so stands last. A step that cannot have been left
 * out counts as reached though no clock has told its hour (a receipt that was lost with a disk,
 * say).
 *
 * Invariant: no step that is reached comes after one that is not. No clock, no I/O.
 */
#ifndef AGENT_PAGE_WAY_H
#define AGENT_PAGE_WAY_H

#include "base/time.h"

enum page_decision { PAGE_UNDECIDED = 0, PAGE_RETURNED, PAGE_ACCEPTED };

/* What is known of the newest report; an hour or a number of 0: not known. */
struct page_facts {
    esep_time saved_at; /* by the office's clock; all others by the collector's */
    uint64_t seq;
    bool promised, sent, received; /* as receipts and the uplink say */
    esep_time promised_at, received_at, files_at, decided_at;
    uint64_t promise_index, report_index, files_index; /* in the collector's log */
    size_t files_total, files_left;
    enum page_decision decision;
};

struct page_step {
    const char *name; /* "saved" …: docs/office-openapi.json */
    bool reached;
    bool files;    /* the step that counts files */
    esep_time at;  /* 0: no clock has told, or not reached */
    bool our_time; /* by the office's clock */
    uint64_t number;
};
enum { PAGE_STEPS = 7 };
void page_way(const struct page_facts *facts, struct page_step ret[PAGE_STEPS]);

#endif
