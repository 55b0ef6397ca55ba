/* lib/base/code.h - a one-time code as people read it aloud, write it down and type it in.
 *
 * 16 random bytes become 26 letters of Crockford's base32 (no I, L, O, U) and one check letter, in
 * groups of four: "7ZWA-0MKJ-…-3QX". Reading forgives case, spaces, hyphens, and O for 0, I or L
 * for
 * 1. The check letter is a sum over GF(32) with another power of a primitive element for each
 * place, so every single wrong letter and every swap of two letters is found before anything is
 * sent. It guards against slips, not against guessing: that is what the 128 bits are for.
 *
 * Invariant: esep_code_parse(esep_code_format(code)) == code.
 */
#ifndef ESEP_BASE_CODE_H
#define ESEP_BASE_CODE_H

#include "base/slice.h"

#define ESEP_CODE_BYTES 16
#define ESEP_CODE_TEXT_BYTES 34 /* 27 letters, 6 hyphens, NUL */

void esep_code_format(const uint8_t code[ESEP_CODE_BYTES], char out[ESEP_CODE_TEXT_BYTES]);
/* ESEP_INVALID: a letter that no code has, too few or many, or the check letter does not fit. */
ESEP_MUST_USE enum esep_status esep_code_parse(const char *text, uint8_t ret_code[ESEP_CODE_BYTES],
                                               struct esep_reason *reason);

#endif
