/* lib/io/plan_yaml.h - a plan file read and checked, every complaint at once with its place.
 *
 * Turns config/plans/NAME.yaml (its form: docs/plan-format.md) into a packed Plan, or into
 * complaints. It never guesses: a period it cannot read, a body nobody declared, a part without a
 * parent, an executor twice, a date that is no day, are all complaints, and there is no plan.
 */
#ifndef ESEP_IO_PLAN_YAML_H
#define ESEP_IO_PLAN_YAML_H

#include "base/arena.h"
#include "esep/v1/plan.pb-c.h"
#include "io/yaml.h"

/* The plan lives in the arena. Zeroes complaints first; they come back in the order of the file,
 * the calendar's after the plan's. ESEP_INVALID: see complaints. ESEP_LIMIT: the arena is too
 * small; 1 MiB and eight times the file are enough. */
ESEP_MUST_USE enum esep_status esep_plan_load(const char *path, struct esep_arena *arena,
                                              Esep__V1__Plan **ret_plan,
                                              struct esep_complaints *complaints,
                                              struct esep_reason *reason);
/* The same from memory; path stands for the file in messages, and a calendar is looked for beside
 * it. */
ESEP_MUST_USE enum esep_status esep_plan_parse(const char *path, struct esep_slice text,
                                               struct esep_arena *arena, Esep__V1__Plan **ret_plan,
                                               struct esep_complaints *complaints,
                                               struct esep_reason *reason);
#endif
