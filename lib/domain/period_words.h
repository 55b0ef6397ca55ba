/* lib/domain/period_words.h - private to the period reader: from text to tokens.
 *
 * Knows every word of a period in English, Russian and Kazakh, and nothing about how they combine:
 * that is period.c. A token's kind is one character, so that a form of a period can be written
 * down as a short string of kinds.
 *
 *   n numeral   r Roman or spelt numeral   q quarter   h half-year   Q, H "Q4", "H1"   m month
 *   y four-digit year   D full date   w "year"   x "month"   o "of", "in"   t "the"
 *   u "during" before   i "during" after   a "every year"   f "from"   T "to"   -  ,  $ the end
 *
 * Words of two languages in one phrase are refused: nobody writes so on purpose.
 */
#ifndef ESEP_DOMAIN_PERIOD_WORDS_H
#define ESEP_DOMAIN_PERIOD_WORDS_H

#include "base/time.h"

enum { PERIOD_ENGLISH = 1, PERIOD_RUSSIAN = 2, PERIOD_KAZAKH = 4, PERIOD_ANY = 7 };

/* period_lexicon.c */
struct period_word {
    const char *text; /* in lower case; a space stands for any white space */
    char kind;
    int value;
    unsigned languages;
};
extern const struct period_word esep_period_words[];
extern const size_t esep_period_word_count;
/* What may follow a numeral to make it an ordinal: "4-й", "4-ші". */
extern const struct period_word esep_period_suffixes[];
extern const size_t esep_period_suffix_count;

#define ESEP_PERIOD_TEXT_MAX 256
#define ESEP_PERIOD_TOKENS_MAX 32

struct period_token {
    char kind;
    int value;      /* numeral, month or year; with D the year */
    int month, day; /* with D */
    size_t offset;  /* its first byte in the text */
};
struct period_tokens {
    struct period_token items[ESEP_PERIOD_TOKENS_MAX + 1]; /* the last one is '$' */
    size_t count;                                          /* without '$' */
};

/* ESEP_INVALID with a reason and *ret_offset at the first byte that is not understood. */
ESEP_MUST_USE enum esep_status esep_period_tokens(const char *text,
                                                  struct period_tokens *ret_tokens,
                                                  size_t *ret_offset, struct esep_reason *reason);
#endif
