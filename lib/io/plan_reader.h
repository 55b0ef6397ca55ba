/* lib/io/plan_reader.h - the tools a plan's maps are read with, shared by lib/io/plan_yaml*.c.
 *
 * A map is a table of fields: key, whether it must be there, the function that reads its value into
 * a member. esep_plan_fields goes through the table, complains of keys that are not in it, of
 * missing and of empty ones, and lets each function complain of its own value. Nothing stops at the
 * first mistake; a value that could not be read stays zero, and whoever looks at it later (a check
 * between values) keeps silent about it, so that one mistake is one complaint.
 *
 * Everything that is kept lives in the caller's arena. When that is full, `full` is set, the rest
 * is read into nothing, and the load ends with ESEP_LIMIT.
 */
#ifndef ESEP_IO_PLAN_READER_H
#define ESEP_IO_PLAN_READER_H

#include "base/arena.h"
#include "domain/obligation.h"
#include "esep/v1/plan.pb-c.h"
#include "io/yaml.h"

#define ESEP_PLAN_BODIES_MAX 1000
#define ESEP_PLAN_GROUPS_MAX 100
#define ESEP_PLAN_ACTIONS_MAX 1000
#define ESEP_PLAN_EXECUTORS_MAX 200
#define ESEP_PLAN_MONEY_MAX 100
#define ESEP_PLAN_YEARS_MAX 30
#define ESEP_PLAN_DAYS_MAX 2000
#define ESEP_PLAN_ID_MAX 63
#define ESEP_PLAN_LINE_MAX 500
#define ESEP_PLAN_TEXT_MAX 16384
#define ESEP_PLAN_KEYS_MAX 24

struct esep_plan_reader {
    const char *path; /* of the plan, for the calendar's place */
    struct esep_arena *arena;
    struct esep_complaints *complaints;
    Esep__V1__Plan *plan;
    bool full;
    bool years_known;
    const struct esep_yaml_node *root;
    /* Codes that were read, each list ended by NULL, and where each stood. */
    const char *body_codes[ESEP_PLAN_BODIES_MAX + 1];
    const struct esep_yaml_node *body_nodes[ESEP_PLAN_BODIES_MAX];
    const char *group_codes[ESEP_PLAN_GROUPS_MAX + 1];
    const struct esep_yaml_node *action_nodes[ESEP_PLAN_ACTIONS_MAX];
    /* For each body: the executor that names it in the action at hand. */
    const struct esep_yaml_node *named[ESEP_PLAN_BODIES_MAX];
};

struct esep_plan_field;
typedef void esep_plan_read_fn(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                               const struct esep_yaml_node *node, void *at);
struct esep_plan_field {
    const char *key;
    bool required;
    esep_plan_read_fn *read;
    size_t offset;
    int64_t min, max;                   /* of numbers; of texts, max bytes */
    const struct esep_plan_word *words; /* of enums; ends with NULL */
};
struct esep_plan_word {
    const char *word;
    int value;
};

/* false: not a map. `what` names it ("an action"). */
bool esep_plan_fields(struct esep_plan_reader *reader, const char *what,
                      const struct esep_yaml_node *node, const struct esep_plan_field *fields,
                      size_t count, void *target);
#define ESEP_PLAN_FIELDS(reader, what, node, table, target)                                        \
    esep_plan_fields(reader, what, node, table, sizeof(table) / sizeof(table)[0], target)

/* Readers of single values. Members: char *, Text *, int32_t, uint32_t, bool, an enum (int). */
esep_plan_read_fn esep_plan_read_code;
esep_plan_read_fn esep_plan_read_line;  /* one line of text, max bytes */
esep_plan_read_fn esep_plan_read_prose; /* several lines, max bytes */
esep_plan_read_fn esep_plan_read_text;  /* {kk, ru, en} */
esep_plan_read_fn esep_plan_read_day;
esep_plan_read_fn esep_plan_read_bool;
esep_plan_read_fn esep_plan_read_uint;
esep_plan_read_fn esep_plan_read_word;
/* Readers of a plan's parts. */
esep_plan_read_fn esep_plan_read_bodies;
esep_plan_read_fn esep_plan_read_groups;
esep_plan_read_fn esep_plan_read_actions;
esep_plan_read_fn esep_plan_read_executors; /* at: the Action */
esep_plan_read_fn esep_plan_read_money;     /* at: the Action */
esep_plan_read_fn esep_plan_read_rules;
esep_plan_read_fn esep_plan_read_calendar;

/* The scalar's text, or NULL after complaining that it is no single, non-empty value. */
const char *esep_plan_scalar(struct esep_plan_reader *reader, const char *key,
                             const struct esep_yaml_node *node);
/* How many items the list has; 0 after complaining that it is no list, empty or longer than max. */
size_t esep_plan_list(struct esep_plan_reader *reader, const char *key,
                      const struct esep_yaml_node *node, size_t max, bool may_be_empty);
/* Room in the arena, zeroed; NULL (and full) where there is none. */
void *esep_plan_room(struct esep_plan_reader *reader, size_t bytes);
char *esep_plan_keep(struct esep_plan_reader *reader, const char *text);
/* Whether text is a code of at most max letters. */
bool esep_plan_is_code(const char *text, size_t max);
/* Place in a list of codes, or -1. */
int esep_plan_find(const char *const *codes, const char *code);
/* Complains that nobody declared the code, and offers the nearest. */
void esep_plan_unknown(struct esep_plan_reader *reader, const char *what, const char *code,
                       const char *const *codes, const struct esep_yaml_node *node);
/* Where a value of this key stands: the value's node, else the map's. */
const struct esep_yaml_node *esep_plan_at(const struct esep_yaml_node *map, const char *key);

/* Complains, and returns false, where the key of such an obligation would be too long. */
bool esep_plan_check_key(struct esep_plan_reader *reader, enum esep_obligation_kind kind,
                         const char *number, const char *code, const struct esep_yaml_node *node);
/* Checks between values, after all is read. */
void esep_plan_check_bodies(struct esep_plan_reader *reader);

#endif
