/* agent/rules_say.h - windows and budget as people and programs are told of them: lines of the
 * daemon's state file, JSON, and the lines of `status`.
 *
 * It says what agent_rules_view holds and decides nothing.
 */
#ifndef AGENT_RULES_SAY_H
#define AGENT_RULES_SAY_H

#include "agent/agent.h"

#include <jansson.h>
#include <stdio.h>

void agent_rules_write(FILE *out, const struct agent_rules_view *rules);
/* One line "key value" of it, parted; false: none of its keys. */
bool agent_rules_take(struct agent_rules_view *rules, const char *key, const char *value);
/* Null where the office has no windows; where its bytes are not metered. */
json_t *agent_window_json(const struct agent_rules_view *rules, const struct esep_zone *zone);
json_t *agent_budget_json(const struct agent_rules_view *rules, const struct esep_zone *zone);
/* To stdout; nothing where there are no rules. */
void agent_rules_print(const struct agent_rules_view *rules, const struct esep_zone *zone,
                       const char *language);

#endif
