/* agent/page/say.h - things of the office as JSON, in the forms of docs/office-openapi.json.
 *
 * Each returns a new value, or NULL without memory (jansson then passes it on: a set of NULL fails,
 * and the whole answer is none).
 */
#ifndef AGENT_PAGE_SAY_H
#define AGENT_PAGE_SAY_H

#include "agent/page/duty.h"

#include <jansson.h>

json_t *page_json_text(const Esep__V1__Text *text);   /* null for NULL */
json_t *page_json_string(const char *text);           /* null for NULL and "" */
json_t *page_json_number(uint64_t number);            /* null for 0 */
json_t *page_json_day(esep_day day);                  /* null for NONE and 0: none is given */
json_t *page_json_percent(int percent);               /* null below 0 */
json_t *page_json_hash(const struct esep_hash *hash); /* null for NULL */
json_t *page_json_fulfilment(Esep__V1__Fulfilment fulfilment);
/* The body of that code, in the newest plan that knows it; null. */
json_t *page_json_body(const struct agent_duties *d, const char *code);

struct page_say {
    struct agent_duties *d;
    struct page_sent sent;
    esep_time now;
};
/* #/components/schemas/Duty */
json_t *page_json_duty(const struct page_say *say, const struct agent_duty *duty);
/* #/components/schemas/Action; null */
json_t *page_json_action(const struct page_say *say, const struct agent_duty *duty);
const struct esep_zone *page_zone_of(const struct agent_duties *d, const struct agent_duty *duty);

#endif
