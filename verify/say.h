/* verify/say.h - a verdict in plain words, in three languages, and as JSON.
 *
 * Words say whose clock an hour is by, each time, and never more than was proven. Hours are written
 * in the offset that the deadline was given in, or in UTC.
 */
#ifndef VERIFY_SAY_H
#define VERIFY_SAY_H

#include "verify/receipt.h"

#include <stdio.h>

enum verify_language { VERIFY_KK, VERIFY_RU, VERIFY_EN };

/* "kk", "ru" or "en" at the head of the text. */
bool verify_language(const char *text, enum verify_language *ret);
/* RFC 3339; ret_offset_s is the offset that it was written with. */
bool verify_time(const char *text, int64_t *ret_us, int *ret_offset_s);

void verify_say(FILE *out, const struct verify_request *request,
                const struct verify_verdict *verdict, enum verify_language language, int offset_s);
/* One object, on one line. */
void verify_say_json(FILE *out, const struct verify_request *request,
                     const struct verify_verdict *verdict);

#endif
