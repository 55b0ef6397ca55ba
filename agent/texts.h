/* agent/texts.h - the words that people read in listings, in Kazakh, Russian and English.
 *
 * One table, one row for each text, so that none can be missing in one language alone. Names of
 * values (submission, timeliness …) are looked up by the stable English word that JSON carries too;
 * what has no row is shown by that word.
 */
#ifndef AGENT_TEXTS_H
#define AGENT_TEXTS_H

enum agent_text {
    TEXT_DUE = 0,
    TEXT_TIMELINESS,
    TEXT_STATE,
    TEXT_KIND,
    TEXT_ACTION,
    TEXT_TITLE,
    TEXT_ROLE,
    TEXT_OBLIGATION,
    TEXT_BODY,
    TEXT_REPORTS_FOR,
    TEXT_NEW_KEYS_ASKED,
    TEXT_AS_OF,
    TEXT_NO_PLAN,
    TEXT_RETURNED,
    TEXT_AGAIN_BY,
    TEXT_CONFLICT,
    TEXT_PROMISED,
    TEXT_REFUSED,
    TEXT_OFFICE,
    TEXT_UPLINK,
    TEXT_ENTRIES,
    TEXT_WRITTEN,
    TEXT_QUEUED,
    TEXT_RECEIVED,
    TEXT_EPOCH,
    TEXT_LAST_RECEIPT,
    TEXT_WITNESSED,
    TEXT_NOT_WITNESSED,
    TEXT_LOG_KEY,
    TEXT_NONE,
    TEXT_SKEW,
    TEXT_MAILBOX,
    TEXT_NEWEST,
    TEXT_JOURNAL,
    TEXT_FILES,
    TEXT_NO_DAEMON,
    TEXT_NEXT_TRY,
    TEXT_RECEIPT,
    TEXT_RECEIPT_OF,
    TEXT_ACCEPTED_AT,
    TEXT_ON_TIME_BY,
    TEXT_COMMITTED_BUT_LATE,
    TEXT_LOG_ENTRY,
    TEXT_SIGNED_BY,
    TEXT_VALID,
    TEXT_WAITING,
    TEXT_PROMISE_STANDS,
    TEXT_NOTED,
    TEXT_WINDOW,
    TEXT_OPEN_UNTIL,
    TEXT_NEXT_WINDOW,
    TEXT_DUE_BEFORE,
    TEXT_GOES_ANYWAY,
    TEXT_WOULD_BE_LATE,
    TEXT_BUDGET,
    TEXT_FILES_WAIT,
    TEXT_ALL_WAITS,
    AGENT_TEXTS
};
/* language: kk, ru, en. */
const char *agent_text(enum agent_text which, const char *language);
const char *agent_word(const char *word, const char *language);

#endif
