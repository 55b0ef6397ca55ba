/* collector/export_paper.h - the consolidated report as a document (paper/paper.h): what its files
 * share; nobody else includes it.
 *
 * In reading order: facts, totals, the actions at a glance, each action with its reports, the other
 * kinds, money by source, who was late and what is missing. One report's body is in memory at a
 * time; what was said of it is in the paper.
 */
#ifndef COLLECTOR_EXPORT_PAPER_H
#define COLLECTOR_EXPORT_PAPER_H

#include "collector/export_text.h"
#include "paper/paper.h"

#define EXPORT_ARENA_BYTES ((size_t)8 << 20) /* the largest report, unpacked */
#define EXPORT_SOURCES_MAX 64

struct export_money { /* of one source: what the leads' reports add up to */
    char source[40];
    int64_t planned, allocated, spent; /* tiyn */
    size_t within;                     /* "within allotted funds" instead of figures */
};
struct export_maker {
    const struct consolidated *c;
    enum export_language language;
    struct paper *paper;
    struct esep_arena arena; /* reset for each report */
    struct esep_buf text;    /* of a list that is being put together */
    struct export_money money[EXPORT_SOURCES_MAX];
    size_t money_count;
    struct esep_reason *reason;
};

/* export_paper_cells.c: cells and words. A cell's text must live until its row is put. */
struct paper_cell export_cell(const char *text);
struct paper_cell export_cell_day(esep_day day);
struct paper_cell export_cell_instant(esep_time at); /* empty for 0 and NEVER */
struct paper_cell export_cell_count(uint64_t count);
struct paper_cell export_cell_money(int64_t tiyn);
struct paper_cell export_cell_percent(enum export_language language,
                                      const struct consolidated_duty *duty);
struct paper_cell export_cell_fulfilment(enum export_language language,
                                         const struct consolidated_duty *duty);
struct paper_cell export_cell_timeliness(enum export_language language,
                                         const struct consolidated_duty *duty);
struct paper_cell export_cell_basis(enum export_language language,
                                    const struct consolidated_duty *duty);
/* "MIA", "PGO (upon agreement)", "MIA (now MIA2014)". */
#define EXPORT_BODY_MAX 1024
const char *export_body(enum export_language language, const struct consolidated_duty *duty,
                        bool full, char out[EXPORT_BODY_MAX]);
/* What it is about: the action's number and title, or the kind. */
const char *export_matter(enum export_language language, const struct consolidated_duty *duty,
                          char out[EXPORT_BODY_MAX]);

/* A text put together in maker->text; export_text_of ends it. A text over its limit is cut. */
void export_text_begin(struct export_maker *m);
void export_text_add(struct export_maker *m, const char *text);
const char *export_text_of(struct export_maker *m);

/* export_paper_action.c, export_paper_report.c, export_paper_lists.c: the parts. */
enum esep_status export_paper_action(struct export_maker *m,
                                     const struct consolidated_action *action);
/* What one report says; ret_cites: where not NULL, marks what the report cites, by place in filed.
 */
enum esep_status export_paper_report(struct export_maker *m, const struct consolidated_duty *duty,
                                     bool *ret_cites);
void export_paper_summary(struct export_maker *m);
void export_paper_overview(struct export_maker *m);
void export_paper_lists(struct export_maker *m);
void export_paper_money(struct export_maker *m);
enum esep_status export_paper_kind(struct export_maker *m, enum esep_obligation_kind kind);

#endif
