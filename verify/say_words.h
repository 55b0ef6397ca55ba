/* verify/say_words.h - the words of a verdict.
 *
 * One row for each thing that may be said, in Kazakh, Russian and English. Numbers and names stand
 * behind a colon, so that no suffix has to follow them.
 */
#ifndef VERIFY_SAY_WORDS_H
#define VERIFY_SAY_WORDS_H

#include "verify/say.h"

enum verify_word {
    WORD_PROVEN_STRONG,
    WORD_PROVEN_WEAK,
    WORD_IN_TIME_STRONG,
    WORD_IN_TIME_WEAK,
    WORD_PROVEN_BROKER,
    WORD_IN_TIME_BROKER,
    WORD_LATE,
    WORD_REFUSED,
    WORD_RECEIVED,
    WORD_PROMISED,
    WORD_FILE,
    WORD_INGRESS,
    WORD_BYTES,
    WORD_OFFICE,
    WORD_KEY,
    WORD_KEY_GIVEN,
    WORD_KEY_UNKNOWN,
    WORD_ENTRY,
    WORD_COLLECTOR_CLOCK,
    WORD_WITNESS_CLOCK,
    WORD_WITNESS_ABSENT,
    WORD_OFFICE_CLOCK,
    WORD_BROKER_CLOCK,
    WORD_BROKER,
    WORD_DUE,
    WORD_LOG,
    WORD_LOG_ENTRY,
    WORD_LOG_WHOLE,
    WORD_LOG_BROKEN,
    WORD_LOG_ENTRIES,
    WORD_LOG_HEADS,
    WORD_LOG_READ,
    WORD_LOG_HASHES,
    WORD_STEP, /* the eleven steps follow, as they are numbered */
    WORD_COUNT = WORD_STEP + 12,
};
const char *verify_word(unsigned word, enum verify_language language);

#endif
