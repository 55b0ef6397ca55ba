/* lib/io/plan_yaml_actions.c - actions and their parts, in one list, each with its windows.
 *
 * A part is read like an action, then takes from its action what it does not say itself. What it
 * took was checked at the action, so a mistake there is said once.
 */
#include "io/plan_reader.h"

#include <stdio.h>

static const struct esep_plan_word financings[] = {
    {"none_required", ESEP__V1__FINANCING__FINANCING_NONE_REQUIRED},
    {"within_allotted", ESEP__V1__FINANCING__FINANCING_WITHIN_ALLOTTED},
    {"budget", ESEP__V1__FINANCING__FINANCING_BUDGET},
    {"external", ESEP__V1__FINANCING__FINANCING_EXTERNAL},
    {NULL, 0},
};

static esep_plan_read_fn read_number;
static esep_plan_read_fn read_period;

#define ACTION(member) offsetof(Esep__V1__Action, member)
/* "parts" is last and read by hand: a part's table is this one without it. */
static const struct esep_plan_field action_fields[] = {
    {"number", true, read_number, ACTION(number), 0, 0, NULL},
    {"title", true, esep_plan_read_text, ACTION(title), 0, 0, NULL},
    {"text", false, esep_plan_read_prose, ACTION(text), 0, ESEP_PLAN_TEXT_MAX, NULL},
    {"completion", false, esep_plan_read_text, ACTION(completion), 0, 0, NULL},
    {"period", false, read_period, 0, 0, ESEP_PLAN_LINE_MAX, NULL},
    {"executors", false, esep_plan_read_executors, 0, 0, 0, NULL},
    {"financing", false, esep_plan_read_word, ACTION(financing), 0, 0, financings},
    {"money", false, esep_plan_read_money, 0, 0, 0, NULL},
    {"parts", false, NULL, 0, 0, 0, NULL},
};
#define ACTION_FIELDS (sizeof action_fields / sizeof action_fields[0])

/* The length of a number from 1 to 9999 without leading zeros at text, or 0. */
static size_t number_length(const char *text)
{
    size_t len = strspn(text, "0123456789");
    return len >= 1 && len <= 4 && text[0] != '0' ? len : 0;
}

static bool is_number(const char *text)
{
    size_t len = number_length(text);
    if (len == 0 || text[len] == '\0')
        return len != 0;
    size_t part = text[len] == '.' ? number_length(text + len + 1) : 0;
    return part != 0 && text[len + 1 + part] == '\0';
}

static void read_number(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                        const struct esep_yaml_node *node, void *at)
{
    const char *text = esep_plan_scalar(reader, field->key, node);
    if (text == NULL)
        return;
    if (!is_number(text)) {
        esep_complain(reader->complaints, node,
                      "\"number\" is \"%.40s\": an action's is 1, 2, 3 …, a part's 37.1, 37.2 …",
                      text);
        return;
    }
    const Esep__V1__Plan *plan = reader->plan;
    for (size_t i = 0; i < plan->n_actions; i++) {
        if (strcmp(plan->actions[i]->number, text) != 0)
            continue;
        esep_complain(reader->complaints, node, "the number %s was used before, in line %d", text,
                      esep_yaml_line(reader->action_nodes[i]));
        return;
    }
    char *copy = esep_plan_keep(reader, text);
    if (copy != NULL)
        memcpy(at, &copy, sizeof copy);
}

static void read_period(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                        const struct esep_yaml_node *node, void *at)
{
    Esep__V1__Action *action = at;
    struct esep_plan_field text_field = *field;
    char *text = NULL;
    esep_plan_read_line(reader, &text_field, node, &text);
    if (text == NULL)
        return;
    action->period = text;
    /* Without years "On an annual basis" means nothing; the years' own complaint is enough. */
    if (!reader->years_known)
        return;
    struct esep_window windows[ESEP_PERIOD_WINDOWS_MAX];
    size_t count = 0, offset = 0;
    struct esep_reason reason = {""};
    enum esep_status status =
        esep_period_parse(text, (int)reader->plan->first_year, (int)reader->plan->last_year,
                          windows, ESEP_PERIOD_WINDOWS_MAX, &count, &offset, &reason);
    if (status != ESEP_OK) {
        esep_complain_at(reader->complaints, esep_yaml_line(node),
                         esep_yaml_column_at(node, status == ESEP_INVALID ? offset : 0),
                         "period \"%.60s\": %s", text, reason.text);
        return;
    }
    action->windows = esep_plan_room(reader, (count + 1) * sizeof *action->windows);
    Esep__V1__Window *all = esep_plan_room(reader, (count + 1) * sizeof *all);
    if (action->windows == NULL || all == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        esep__v1__window__init(&all[i]);
        all[i].start_day = windows[i].start;
        all[i].end_day = windows[i].end;
        action->windows[i] = &all[i];
    }
    action->n_windows = count;
}

bool esep_plan_check_key(struct esep_plan_reader *reader, enum esep_obligation_kind kind,
                         const char *number, const char *code, const struct esep_yaml_node *node)
{
    int len = snprintf(NULL, 0, "%s/%s/%s/%s/2013-01-01..2013-12-31", reader->plan->id,
                       esep_obligation_kind_name(kind), number, code);
    if (len < ESEP_OBLIGATION_KEY_MAX)
        return true;
    esep_complain(reader->complaints, node,
                  "the key of %s obligation of \"%s\" would have %d bytes, at most %d: shorten the "
                  "plan's id or the body's code",
                  esep_obligation_kind_name(kind), code, len, ESEP_OBLIGATION_KEY_MAX - 1);
    return false;
}

/* What stands on the day each window ends: somebody must, and the key must fit. */
static bool check_owner(struct esep_plan_reader *reader, const Esep__V1__Action *action,
                        const char *code, const struct esep_yaml_node *at, bool named)
{
    int place = esep_plan_find(reader->body_codes, code);
    bool anybody = false;
    for (size_t w = 0; place >= 0 && w < action->n_windows; w++) {
        int on = esep_body_on(reader->plan, code, action->windows[w]->end_day);
        anybody = anybody || on >= 0;
        if (on >= 0 && !esep_plan_check_key(reader, ESEP_OBLIGATION_FULFILMENT, action->number,
                                            reader->plan->bodies[on]->code, at))
            return false;
    }
    if (named && place >= 0 && action->n_windows > 0 && !anybody)
        esep_complain(reader->complaints, at,
                      "\"%s\" does not exist when \"%.60s\" ends, and has no successor", code,
                      action->period);
    return true;
}

static void check_owners(struct esep_plan_reader *reader, const Esep__V1__Action *action,
                         const struct esep_yaml_node *node)
{
    const struct esep_yaml_node *list = esep_yaml_get(node, "executors");
    for (size_t i = 0; i < action->n_executors; i++) {
        const Esep__V1__Executor *executor = action->executors[i];
        const struct esep_yaml_node *at = esep_yaml_item(list, i);
        int group = esep_plan_find(reader->group_codes, executor->group);
        if (group < 0 && !check_owner(reader, action, executor->body, at, true))
            return;
        for (size_t b = 0; group >= 0 && b < reader->plan->groups[group]->n_bodies; b++)
            if (!check_owner(reader, action, reader->plan->groups[group]->bodies[b], at, false))
                return;
    }
}

static void check_action(struct esep_plan_reader *reader, const Esep__V1__Action *action,
                         const struct esep_yaml_node *node)
{
    const struct esep_yaml_node *executors = esep_yaml_get(node, "executors");
    char name[32] = "this action";
    if (action->number[0] != '\0')
        snprintf(name, sizeof name, "action %s", action->number);
    if (action->has_parts && executors != NULL)
        esep_complain(reader->complaints, executors,
                      "an action with parts has no executors: name them at the parts");
    if (!action->has_parts && executors == NULL)
        esep_complain(reader->complaints, node, "%s has no \"executors\"", name);
    if (!action->has_parts && action->period[0] == '\0' && esep_yaml_get(node, "period") == NULL)
        esep_complain(reader->complaints, node, "%s has no \"period\"", name);
    if (action->financing == ESEP__V1__FINANCING__FINANCING_NONE_REQUIRED && action->n_money > 0)
        esep_complain(reader->complaints, esep_plan_at(node, "money"),
                      "%s needs no financing, and has money: one of them is wrong", name);
    if (!action->has_parts && executors != NULL)
        check_owners(reader, action, node);
}

static void inherit(Esep__V1__Action *part, const Esep__V1__Action *parent,
                    const struct esep_yaml_node *node)
{
    part->parent = parent->number;
    if (part->completion == NULL)
        part->completion = parent->completion;
    if (esep_yaml_get(node, "period") == NULL) {
        part->period = parent->period;
        part->windows = parent->windows;
        part->n_windows = parent->n_windows;
    }
    if (esep_yaml_get(node, "financing") == NULL)
        part->financing = parent->financing;
}

static void check_part_number(struct esep_plan_reader *reader, const Esep__V1__Action *part,
                              const Esep__V1__Action *parent, const struct esep_yaml_node *node)
{
    size_t len = strlen(parent->number);
    if (part->number[0] == '\0' || len == 0)
        return;
    if (strncmp(part->number, parent->number, len) != 0 || part->number[len] != '.')
        esep_complain(reader->complaints, esep_plan_at(node, "number"),
                      "a part of action %s is numbered %s.1, %s.2 …, not %s", parent->number,
                      parent->number, parent->number, part->number);
}

/* Reads an action (parent NULL) or a part into the plan's list. NULL: no map, or no room. */
static Esep__V1__Action *read_action(struct esep_plan_reader *reader,
                                     const struct esep_yaml_node *node,
                                     const Esep__V1__Action *parent)
{
    Esep__V1__Plan *plan = reader->plan;
    if (plan->n_actions == ESEP_PLAN_ACTIONS_MAX) {
        esep_complain(reader->complaints, node, "too many actions and parts: %d at most",
                      ESEP_PLAN_ACTIONS_MAX);
        return NULL;
    }
    Esep__V1__Action *action = esep_plan_room(reader, sizeof *action);
    if (action == NULL)
        return NULL;
    esep__v1__action__init(action);
    if (!esep_plan_fields(reader, parent == NULL ? "an action" : "a part", node, action_fields,
                          parent == NULL ? ACTION_FIELDS : ACTION_FIELDS - 1, action))
        return NULL;
    if (parent != NULL) {
        check_part_number(reader, action, parent, node);
        inherit(action, parent, node);
    } else if (strchr(action->number, '.') != NULL) {
        esep_complain(reader->complaints, esep_plan_at(node, "number"),
                      "%s is the number of a part: put it under \"parts\" of its action",
                      action->number);
    }
    action->has_parts = parent == NULL && esep_yaml_get(node, "parts") != NULL;
    reader->action_nodes[plan->n_actions] = node;
    plan->actions[plan->n_actions++] = action;
    check_action(reader, action, node);
    return action;
}

void esep_plan_read_actions(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                            const struct esep_yaml_node *node, void *at)
{
    (void)at;
    Esep__V1__Plan *plan = reader->plan;
    size_t count = esep_plan_list(reader, field->key, node, ESEP_PLAN_ACTIONS_MAX, false);
    plan->actions = esep_plan_room(reader, ESEP_PLAN_ACTIONS_MAX * sizeof *plan->actions);
    for (size_t i = 0; plan->actions != NULL && i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        const Esep__V1__Action *action = read_action(reader, item, NULL);
        if (action == NULL || !action->has_parts)
            continue;
        const struct esep_yaml_node *parts = esep_yaml_get(item, "parts");
        size_t part_count = esep_plan_list(reader, "parts", parts, ESEP_PLAN_ACTIONS_MAX, false);
        for (size_t p = 0; p < part_count; p++)
            (void)read_action(reader, esep_yaml_item(parts, p), action);
    }
}
