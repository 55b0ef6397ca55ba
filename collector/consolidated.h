/* collector/consolidated.h - what the consolidated report of a plan's year says, before anybody
 * writes it down.
 *
 * From the views and the log: which obligations belong to the year, in which order they are told,
 * which report speaks for each, what a lead's report cites, and what it all adds up to. The
 * documents, tables and JSON (export.h) are made from this one picture, and so cannot disagree.
 *
 * An obligation belongs to the year that its window touches. The totals count those whose window
 * ends in it: what runs on into a later year is told, but not yet weighed. Bodies upon agreement
 * are counted apart: their silence is no violation.
 *
 * For an obligation speaks its newest report that was accepted, unless it was withdrawn since;
 * where none was, its newest standing one, whatever its review says. `basis` tells which, and
 * `newer` that a report stands which came after the accepted one.
 *
 * The log is read once, in pieces, for who filed what and what reviews and withdrawals did to it:
 * the views keep the standing revisions alone. Bodies are read when they are told, one at a time.
 *
 * Invariant: everything points into the views or the plans in them, which must not change.
 */
#ifndef COLLECTOR_CONSOLIDATED_H
#define COLLECTOR_CONSOLIDATED_H

#include "base/arena.h"
#include "collector/views.h"

/* Where it is made from. */
struct consolidated_source {
    const struct views *views; /* as of then; the log is read up to their size */
    struct collector_log *log;
    /* One entry's leaf and body, appended, held against its hash (state.h). */
    enum esep_status (*entry)(struct collector_log *log, uint64_t index, struct esep_buf *ret_entry,
                              struct esep_reason *reason);
};
struct consolidated_options {
    const char *plan; /* its id; NULL: the only one that has this year */
    int year;
    esep_time as_of;
    size_t bytes_max; /* memory for what was filed */
    /* done of all entries are read; false: stop with ESEP_AGAIN. NULL: quiet. */
    bool (*progress)(void *context, uint64_t done, uint64_t all);
    void *progress_context;
};

/* A report that was taken, of whichever revision. */
struct consolidated_filed {
    uint64_t index;
    uint32_t obligation;
    uint32_t office;
    uint32_t revision;
    esep_time received_at;
    esep_time written_at; /* the office's clock */
    struct esep_hash content;
    Esep__V1__Fulfilment fulfilment;
    int percent; /* -1: no data */
    bool accepted, withdrawn;
};

struct consolidated_duty {
    const struct views_obligation *state;
    const Esep__V1__Plan *plan; /* that made it */
    const struct esep_zone *zone;
    const Esep__V1__Body *body;
    const Esep__V1__Body *owner;    /* who answers for it now: the body, or its successor */
    const Esep__V1__Action *action; /* NULL: the plan's own kinds */
    size_t place;                   /* of its action in consolidated.actions; SIZE_MAX */
    esep_time came;                 /* the instant it counts from; ESEP_TIME_NEVER */
    enum esep_timeliness timeliness;
    bool counted;                            /* its window ends in the year */
    size_t first_filed, filed_count;         /* of consolidated.filed, by place in the log */
    const struct consolidated_filed *chosen; /* NULL: nothing stands */
    enum esep_submission basis;              /* of the chosen one */
    bool newer;                              /* stands beside it, and came later */
};

/* An action of the year; one with parts has no duties itself. */
struct consolidated_action {
    const Esep__V1__Plan *plan; /* the newest revision that has it */
    const Esep__V1__Action *action;
    size_t first_duty, duty_count; /* by window, leads first, then as in the plan */
};

struct consolidated_tally {
    size_t all;
    size_t timely[ESEP_TIMELINESS_OVERDUE + 1];
    size_t accepted, returned, to_review, removed;
};
/* Came by the due instant, of those that were due; 0 of 0 where nothing was. */
struct consolidated_rate {
    size_t part, whole;
};
struct consolidated_rate consolidated_on_time(const struct consolidated_tally *tally);
struct consolidated_rate consolidated_complete(const struct consolidated_tally *tally);

#define CONSOLIDATED_KINDS 5       /* by enum esep_obligation_kind; 0: all together */
#define CONSOLIDATED_FULFILMENTS 7 /* by Fulfilment; 0: no data */
struct consolidated {
    struct consolidated_source source;
    const Esep__V1__Plan *plan; /* newest revision */
    const struct esep_zone *zone;
    int year;
    esep_time as_of;
    uint64_t log_size;
    struct esep_hash log_root;

    struct consolidated_action *actions; /* as in the plan */
    size_t action_count;
    struct consolidated_duty *duties; /* actions' first, in their order; then the other kinds */
    size_t duty_count;
    size_t fulfilment_count;          /* the duties that belong to actions */
    struct consolidated_filed *filed; /* by obligation, then place in the log */
    size_t filed_count;
    uint32_t *by_content; /* places in filed, by content hash */

    struct consolidated_tally bound[CONSOLIDATED_KINDS], agreed[CONSOLIDATED_KINDS];
    size_t leads[CONSOLIDATED_FULFILMENTS]; /* leads' counted duties by what they say */
    size_t running_on;                      /* duties whose window goes on after the year */
};

/* ESEP_NOT_FOUND: no such plan or year, with what there is; ESEP_LIMIT; ESEP_AGAIN: was stopped. */
ESEP_MUST_USE enum esep_status consolidated_make(struct consolidated **ret,
                                                 const struct consolidated_source *source,
                                                 const struct consolidated_options *options,
                                                 struct esep_reason *reason);
void consolidated_free(struct consolidated *c);

/* A filed report's body, in the arena. */
ESEP_MUST_USE enum esep_status consolidated_report(const struct consolidated *c,
                                                   const struct consolidated_filed *filed,
                                                   struct esep_arena *arena,
                                                   const Esep__V1__Report **ret,
                                                   struct esep_reason *reason);
/* The report of that name; NULL: the year has none. */
const struct consolidated_filed *consolidated_named(const struct consolidated *c,
                                                    struct esep_slice content);
/* Of the year's duties; NULL: of another year. */
const struct consolidated_duty *consolidated_duty_of(const struct consolidated *c,
                                                     const struct consolidated_filed *filed);
/* The first report's clocks tell something: it counts from another instant than its receipt, or the
 * office's clock and the collector's stand on different sides of the due instant. */
bool consolidated_clocks_matter(const struct consolidated *c, const struct consolidated_duty *duty);

/* consolidated_scan.c: fills filed and by_content for the obligations that `wanted` marks. */
ESEP_MUST_USE enum esep_status consolidated_scan(struct consolidated *c, const bool *wanted,
                                                 const struct consolidated_options *options,
                                                 struct esep_reason *reason);

/* Place in by_content of the first report with this name or a later one. */
size_t consolidated_first_named(const struct consolidated *c, const uint8_t content[32]);

#endif
