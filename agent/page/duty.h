/* agent/page/duty.h - where a duty stands, in the words of the page: two axes that are never mixed,
 * the group that follows from both, and the reminder that the plan's rules give today.
 *
 * What is decided of a report comes from agent/duties.h; here it is only put together. Reminders
 * are made at the office, from the plan and its own clock, so that they come without a connection.
 *
 * No clock, no I/O.
 */
#ifndef AGENT_PAGE_DUTY_H
#define AGENT_PAGE_DUTY_H

#include "agent/duties.h"

/* How far the uplink is: what is of this epoch and through this sequence has left. */
struct page_sent {
    uint32_t epoch;
    uint64_t seq;
    const struct esep_hash *missing; /* files that the collector has not whole, in order */
    size_t missing_count;
};
/* How many of the files that a report names are among those. */
size_t page_files_left(const struct agent_event *event, const struct page_sent *sent);

/* "none", "draft", "saved", "committed", "sent", "received" …: docs/office-openapi.json. */
const char *page_delivery(const struct agent_duties *d, const struct agent_duty *duty,
                          const struct page_sent *sent);

enum page_group {
    PAGE_NEEDS_YOU = 0,
    PAGE_WAITING,
    PAGE_DONE,
    PAGE_NOT_DUE,
    PAGE_GROUPS,
};
const char *page_group_name(enum page_group group);
enum page_group page_group(const struct agent_duty *duty, esep_time now);

/* The day that counts: that of a return, where it gives one; ESEP_DAY_NONE: no plan says. */
esep_day page_day_that_counts(const struct agent_duty *duty);
/* kind UNSPECIFIED: none. */
struct esep_alert_step page_reminder(const struct agent_duty *duty, esep_time now);
/* "due_soon" … */
const char *page_alert_name(Esep__V1__AlertKind kind);

/* Whether another body's obligation is about the same action, kind and plan, in a period that
 * overlaps. */
bool page_same_matter(const char *key, const char *other);

#endif
