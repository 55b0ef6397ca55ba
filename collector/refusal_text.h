/* collector/refusal_text.h - what the page's server refuses with, in Kazakh, Russian and English.
 *
 * Refusals are made where they are found out, ingest's too, and in English: the commands print them
 * so. One table has each sentence in the other two languages, by its English form with {1}, {2} for
 * what stands in it; the server looks up what it is about to answer. What the table lacks is
 * answered as it is, and tests/style/refusals_test.py holds the table against the sources, so that
 * it lacks nothing that a person can meet. Statuses, types and keys are never translated.
 */
#ifndef COLLECTOR_REFUSAL_TEXT_H
#define COLLECTOR_REFUSAL_TEXT_H

#include "collector/export_text.h"

#define REFUSAL_BYTES_MAX 1024

/* The best of Accept-Language (RFC 9110, 12.5.4); English where it names none of the three. */
enum export_language refusal_language(const char *accept);
/* Of an HTTP status; never NULL. */
const char *refusal_title(unsigned status, enum export_language language);
/* `out` has REFUSAL_BYTES_MAX. */
void refusal_say(enum export_language language, const char *english, char *out);

#endif
