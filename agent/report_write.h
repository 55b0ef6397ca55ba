/* agent/report_write.h - from a filled report to an entry in the journal.
 *
 * Finds which duty is meant, which revision this is and what it builds on, packs the entry once and
 * appends it. Other commands may write meanwhile: what was looked up holds for one head of the
 * journal, and where that moved on, it is looked up again.
 */
#ifndef AGENT_REPORT_WRITE_H
#define AGENT_REPORT_WRITE_H

#include "agent/duties.h"
#include "agent/report_fill.h"

/* What names a duty on the command line. */
struct agent_choice {
    const char *obligation; /* its key; else by the rest */
    const char *action;
    const char *kind;
    const char *window; /* a year or "2013-01-01..2013-06-30" */
    const char *plan;
    const char *body; /* of several that the office reports for */
    bool unlisted;    /* take a key that no plan in the mailbox knows */
    bool drafted;     /* its draft is sent with it, and is gone then */
};
/* ESEP_NOT_FOUND: nothing like it; ESEP_CONFLICT: several, which are listed on stderr. */
ESEP_MUST_USE enum esep_status agent_choose(struct agent_duties *duties,
                                            const struct agent_choice *choice,
                                            char ret_key[ESEP_OBLIGATION_KEY_MAX],
                                            struct esep_reason *reason);

struct agent_written {
    char obligation[ESEP_OBLIGATION_KEY_MAX];
    uint32_t epoch;
    uint64_t first_seq, seq; /* one and the same but with many */
    uint32_t revision;
    struct esep_hash chain;
    struct esep_hash content; /* of the entry; of many, not set */
};
/* Each appends one entry. ESEP_LIMIT: full, nothing was taken. */
ESEP_MUST_USE enum esep_status agent_write_report(struct agent_desk *desk,
                                                  const struct agent_choice *choice,
                                                  struct agent_report *report,
                                                  struct agent_written *ret,
                                                  struct esep_reason *reason);
ESEP_MUST_USE enum esep_status agent_write_withdrawal(struct agent_desk *desk,
                                                      const struct agent_choice *choice,
                                                      const char *why, struct agent_written *ret,
                                                      struct esep_reason *reason);
ESEP_MUST_USE enum esep_status
agent_write_request(struct agent_desk *desk, const struct agent_choice *choice, const char *until,
                    const char *why, struct agent_written *ret, struct esep_reason *reason);
/* report_many.c: a file of one JSON object a line. All lines are checked before the first entry is
 * written; ret_count: how many were. */
ESEP_MUST_USE enum esep_status agent_write_many(struct agent_desk *desk, const char *file,
                                                bool unlisted, struct agent_written *ret,
                                                uint64_t *ret_count, struct esep_reason *reason);

/* For the two: which revision this is, what it builds on, and which entries are meant by the names
 * in it; the entry's bytes. ESEP_NOT_FOUND, ESEP_INVALID, ESEP_CONFLICT: see entry_name.h. */
ESEP_MUST_USE enum esep_status agent_report_place(struct agent_duties *duties,
                                                  struct agent_report *report,
                                                  struct esep_reason *reason);
/* The names alone: what a draft keeps. */
ESEP_MUST_USE enum esep_status agent_report_resolve(const struct agent_duties *duties,
                                                    struct agent_report *report,
                                                    struct esep_reason *reason);
ESEP_MUST_USE enum esep_status agent_report_pack(struct agent_report *report, esep_time now,
                                                 struct esep_buf *out, struct esep_reason *reason);
/* Waits until the receipt of the entry is stored. ESEP_AGAIN: not in time. */
ESEP_MUST_USE enum esep_status agent_wait_receipt(struct agent_desk *desk, uint32_t epoch,
                                                  uint64_t seq, unsigned seconds,
                                                  struct esep_receipt *ret,
                                                  struct esep_reason *reason);

#endif
