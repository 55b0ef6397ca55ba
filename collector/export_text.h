/* collector/export_text.h - every word of the exported documents, in Kazakh, Russian and English.
 *
 * One table: a row for each thing that can be said, a column for each language, so that a
 * translator sees them together. What offices wrote is never translated; names and titles come from
 * the plan. Numbers, days and plurals are written as each language does.
 */
#ifndef COLLECTOR_EXPORT_TEXT_H
#define COLLECTOR_EXPORT_TEXT_H

#include "collector/consolidated.h"

enum export_language { EXPORT_KK, EXPORT_RU, EXPORT_EN, EXPORT_LANGUAGES };
bool export_language_parse(const char *code, enum export_language *ret);
const char *export_language_code(enum export_language language);

enum export_word {
    /* the document */
    WORD_TITLE,   /* year */
    WORD_SUBJECT, /* plan's title */
    WORD_FOOT,    /* as of, entries, hash */
    WORD_PAGE,    /* page, of how many: filled in by the writer */
    WORD_HOW_MADE,
    WORD_HOW_CHOSEN,
    WORD_PLAN,
    WORD_PLAN_REVISION, /* id, revision */
    WORD_SECRETARIAT,
    WORD_AS_OF,
    WORD_LOG,
    WORD_LOG_VALUE, /* entries, hash */
    /* totals */
    WORD_SUMMARY,
    WORD_BOUND,
    WORD_AGREED,
    WORD_KIND,
    WORD_ALL,
    WORD_TOGETHER,
    WORD_HEAD_ON_TIME,
    WORD_HEAD_LATE,
    WORD_HEAD_OVERDUE,
    WORD_HEAD_NOT_DUE,
    WORD_ON_TIME_RATE,
    WORD_COMPLETE,
    WORD_RATE_NOTE,
    WORD_RUNNING_ON, /* obligations */
    WORD_LEADS_SAY,
    WORD_COUNT,
    /* actions */
    WORD_OVERVIEW,
    WORD_BY_ACTION,
    WORD_ACTION_HEADING, /* number, title */
    WORD_NUMBER,
    WORD_ACTION,
    WORD_COMPLETION,
    WORD_LEAD,
    WORD_COEXECUTOR,
    WORD_COEXECUTORS,
    WORD_COEXECUTORS_REPORTS,
    WORD_UPON_AGREEMENT,
    WORD_SUCCEEDED, /* body, who answers for it now */
    WORD_PERIOD,
    WORD_PERIOD_WRITTEN, /* window, as the plan writes it */
    WORD_DUE,
    WORD_DUE_EXTENDED, /* due, original due */
    WORD_FINANCING,
    WORD_APPROVED_MONEY,
    WORD_WHOLE_PLAN,
    WORD_YEAR,
    WORD_HAS_PARTS,
    WORD_NOBODY_OWES,
    WORD_NO_REPORT,
    WORD_WINDOW,
    WORD_BODY,
    WORD_ROLE,
    /* a report */
    WORD_FULFILMENT,
    WORD_PERCENT,
    WORD_REPORT,
    WORD_REPORT_VALUE, /* state, revision, log entry, received at */
    WORD_NEWER,
    WORD_CONFLICT, /* reports */
    WORD_AGAIN_BY, /* day */
    WORD_TIMELINESS,
    WORD_CLOCKS,
    WORD_CLOCKS_COMMITTED, /* counts from, received, office's clock */
    WORD_CLOCKS_RECEIVED,  /* received, office's clock */
    WORD_CONTROL,
    WORD_DONE,
    WORD_NIL_REPORT, /* reason */
    WORD_OBSTACLES,
    WORD_DELAY_REASONS,
    WORD_NEXT_STEPS,
    WORD_SIGNED,
    WORD_OUTGOING, /* number */
    WORD_ACCESS,
    WORD_OFFICIAL_USE,
    WORD_ATTACHMENTS,
    WORD_CITES,
    WORD_CITE, /* body, matter, revision, log entry */
    WORD_CITED,
    WORD_CITED_OLDER, /* revision */
    WORD_CITE_UNKNOWN,
    WORD_YES,
    WORD_NO,
    WORD_NO_DATA,
    WORD_NONE,
    /* indicators and money */
    WORD_INDICATORS,
    WORD_INDICATOR,
    WORD_BREAKDOWN,
    WORD_VALUE,
    WORD_UNIT,
    WORD_TARGET,
    WORD_MONEY,
    WORD_MONEY_TOTALS,
    WORD_SOURCE,
    WORD_PROGRAMME,
    WORD_PLANNED,
    WORD_ALLOCATED,
    WORD_SPENT,
    WORD_WITHIN_ALLOTTED,
    WORD_WITHIN_COUNT,
    /* lists */
    WORD_LATE,
    WORD_MISSING,
    WORD_LATE_BY,
    WORD_CAME,
    WORD_NOTHING_LATE,
    WORD_NOTHING_MISSING,
    /* sheets */
    WORD_KEY,
    WORD_WINDOW_START,
    WORD_WINDOW_END,
    WORD_ORIGINAL_DUE,
    WORD_RECEIVED,
    WORD_WRITTEN,
    WORD_REVISION,
    WORD_LOG_ENTRY,
    WORD_NIL,
    WORD_OUTGOING_NUMBER,
    WORD_OBLIGATIONS,
    /* calendar */
    WORD_CALENDAR,         /* plan's title */
    WORD_CALENDAR_SUMMARY, /* what, body */
    WORDS
};
const char *export_word(enum export_language language, enum export_word word);
/* The word's sentence with its arguments in it, cut behind a whole letter. Returns out. */
const char *export_say(enum export_language language, char *out, size_t len, enum export_word word,
                       ...);

const char *export_fulfilment(enum export_language language, Esep__V1__Fulfilment value);
const char *export_submission(enum export_language language, enum esep_submission value);
const char *export_control(enum export_language language, enum esep_control value);
const char *export_timeliness(enum export_language language, enum esep_timeliness value);
const char *export_kind(enum export_language language, enum esep_obligation_kind value);
const char *export_financing(enum export_language language, Esep__V1__Financing value);
/* Of a plan's codes of sources; a code that is not known stays. */
const char *export_source(enum export_language language, const char *code);

enum export_noun { NOUN_ENTRY, NOUN_REPORT, NOUN_OBLIGATION, NOUN_DAY, NOUNS };
#define EXPORT_SHORT 128
const char *export_counted(enum export_language language, enum export_noun noun, uint64_t n,
                           char out[EXPORT_SHORT]);
/* "1st half of 2013", "February 2013", "2013", or from day to day. */
const char *export_window(enum export_language language, const struct esep_window *window,
                          char out[EXPORT_SHORT]);
const char *export_day(enum export_language language, esep_day day, char out[EXPORT_SHORT]);
const char *export_instant(enum export_language language, esep_time at,
                           const struct esep_zone *zone, char out[EXPORT_SHORT]);
/* "45.3% (10 of 22)"; a dash where there is nothing to count. */
const char *export_rate(enum export_language language, struct consolidated_rate rate,
                        char out[EXPORT_SHORT]);
/* What stands behind the percent: "40 %", "no data", "not applicable". */
const char *export_percent(enum export_language language, const struct consolidated_duty *duty,
                           char out[EXPORT_SHORT]);

#endif
