/* lib/base/text.h - a text by others, made fit for one line: a log, a terminal, a state file, JSON.
 *
 * What a stranger wrote may hold line feeds that forge a second line, and what a printf precision
 * cut off may end in half a letter, which JSON and protobuf refuse. Both are mended in one place.
 */
#ifndef ESEP_BASE_TEXT_H
#define ESEP_BASE_TEXT_H

#include "base/slice.h"

/* Into out (size bytes, NUL included), which may be raw itself: a control character becomes a
 * space, a broken letter vanishes, and what does not fit is cut behind a whole letter. */
void esep_text_line(char *out, size_t size, const char *raw);
/* UTF-8 throughout, and no control character but tab, CR and LF. */
bool esep_utf8_valid(struct esep_slice text);
/* Bytes from base64 (RFC 4648, section 4, padded); false: not that, or more than size bytes. Each
 * string of bytes has one spelling, and no other is taken. */
ESEP_MUST_USE bool esep_base64_parse(struct esep_slice text, void *ret, size_t size,
                                     size_t *ret_len);

#endif
