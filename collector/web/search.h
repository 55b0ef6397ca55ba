/* collector/web/search.h - finding words in texts of three languages, whatever their case.
 *
 * Letters are folded by glibc's towlower_l in the C.UTF-8 locale, which knows Cyrillic and the
 * Kazakh letters beside it, and depends on no setting of the machine. A question is up to eight
 * words; each must stand somewhere, as part of a word or whole.
 */
#ifndef COLLECTOR_WEB_SEARCH_H
#define COLLECTOR_WEB_SEARCH_H

#include "collector/listing.h"

#define WEB_SEARCH_WORDS_MAX 8
struct web_search;
/* ESEP_INVALID: not UTF-8, too long, too many words. *ret NULL: nothing is asked for. */
ESEP_MUST_USE enum esep_status web_search_new(struct web_search **ret, const char *question,
                                              const struct views *views,
                                              struct esep_reason *reason);
void web_search_free(struct web_search *search);
/* Whether the obligation's key, its action's title or its body's names have every word. NULL as
 * search: yes. */
bool web_search_matches(struct web_search *search, const struct listing_obligation *o);

#endif
