/* lib/io/plan_yaml_executors.c - who carries out an action: each body once, and one lead.
 *
 * The lead is decided here and written into the plan, so that nobody who reads the packed plan has
 * to know the rule: the item that says so, or the first where none does.
 */
#include "io/plan_reader.h"

static const struct esep_plan_word roles[] = {
    {"lead", ESEP__V1__ROLE__ROLE_LEAD},
    {"co_executor", ESEP__V1__ROLE__ROLE_CO_EXECUTOR},
    {NULL, 0},
};

#define EXECUTOR(member) offsetof(Esep__V1__Executor, member)
#define CODE_MAX (ESEP_BODY_CODE_MAX - 1)
static const struct esep_plan_field executor_fields[] = {
    {"body", false, esep_plan_read_code, EXECUTOR(body), 1, CODE_MAX, NULL},
    {"group", false, esep_plan_read_code, EXECUTOR(group), 1, CODE_MAX, NULL},
    {"role", false, esep_plan_read_word, EXECUTOR(role), 0, 0, roles},
    {"upon_agreement", false, esep_plan_read_bool, EXECUTOR(upon_agreement), 0, 0, NULL},
};

/* The body at `place` is named by the item at `node`; it may be named once. */
static void name_body(struct esep_plan_reader *reader, int place, const struct esep_yaml_node *node)
{
    const struct esep_yaml_node *before = reader->named[place];
    reader->named[place] = node;
    if (before != NULL)
        esep_complain(reader->complaints, node, "\"%s\" is an executor twice: also in line %d",
                      reader->body_codes[place], esep_yaml_line(before));
}

static void name_group(struct esep_plan_reader *reader, const Esep__V1__Executor *executor,
                       const struct esep_yaml_node *item)
{
    const struct esep_yaml_node *at = esep_plan_at(item, "group");
    int place = esep_plan_find(reader->group_codes, executor->group);
    if (place < 0 && esep_plan_find(reader->body_codes, executor->group) >= 0) {
        esep_complain(reader->complaints, at, "\"%s\" is a body: write body: %s", executor->group,
                      executor->group);
        return;
    }
    if (place < 0) {
        esep_plan_unknown(reader, "group", executor->group, reader->group_codes, at);
        return;
    }
    const Esep__V1__Group *group = reader->plan->groups[place];
    for (size_t i = 0; i < group->n_bodies; i++) {
        int body = esep_plan_find(reader->body_codes, group->bodies[i]);
        if (body >= 0)
            name_body(reader, body, at);
    }
}

/* One item: whom it names, and whether that is someone. */
static void check_executor(struct esep_plan_reader *reader, const Esep__V1__Executor *executor,
                           const struct esep_yaml_node *item)
{
    const struct esep_yaml_node *body = esep_yaml_get(item, "body");
    const struct esep_yaml_node *group = esep_yaml_get(item, "group");
    if ((body == NULL) == (group == NULL)) {
        esep_complain(reader->complaints, item,
                      body == NULL ? "an executor needs a \"body\" or a \"group\""
                                   : "an executor is a \"body\" or a \"group\", "
                                     "not both: make two items of it");
        return;
    }
    if (executor->group[0] != '\0') {
        name_group(reader, executor, item);
        return;
    }
    if (executor->body[0] == '\0')
        return;
    int place = esep_plan_find(reader->body_codes, executor->body);
    if (place >= 0)
        name_body(reader, place, body);
    else if (esep_plan_find(reader->group_codes, executor->body) >= 0)
        esep_complain(reader->complaints, body, "\"%s\" is a group: write group: %s",
                      executor->body, executor->body);
    else
        esep_plan_unknown(reader, "body", executor->body, reader->body_codes, body);
}

static bool is_open_group(const struct esep_plan_reader *reader, const Esep__V1__Executor *executor)
{
    int place = esep_plan_find(reader->group_codes, executor->group);
    return executor->group[0] != '\0' && place >= 0 && reader->plan->groups[place]->open;
}

/* Nobody but the lead leads; an unread role (its complaint is made) leads nothing. */
static void settle_lead(struct esep_plan_reader *reader, Esep__V1__Action *action,
                        const struct esep_yaml_node *list)
{
    size_t lead = action->n_executors;
    for (size_t i = 0; i < action->n_executors; i++) {
        Esep__V1__Executor *executor = action->executors[i];
        const struct esep_yaml_node *item = esep_yaml_item(list, i);
        if (executor->role != ESEP__V1__ROLE__ROLE_LEAD)
            continue;
        if (lead < action->n_executors)
            esep_complain(reader->complaints, esep_plan_at(item, "role"),
                          "a second lead: one leads, the others are co-executors");
        else
            lead = i;
    }
    bool said = lead < action->n_executors;
    if (!said)
        lead = 0;
    Esep__V1__Executor *leader = action->executors[lead];
    const struct esep_yaml_node *at = esep_yaml_item(list, lead);
    if (!said && leader->role == ESEP__V1__ROLE__ROLE_CO_EXECUTOR)
        esep_complain(reader->complaints, at,
                      "nobody leads: the first is a co-executor, so say role: lead at another");
    else if (is_open_group(reader, leader))
        esep_complain(reader->complaints, at,
                      "an open group owes nothing and cannot lead: say role: lead at another");
    for (size_t i = 0; i < action->n_executors; i++)
        action->executors[i]->role =
            i == lead ? ESEP__V1__ROLE__ROLE_LEAD : ESEP__V1__ROLE__ROLE_CO_EXECUTOR;
}

void esep_plan_read_executors(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                              const struct esep_yaml_node *node, void *at)
{
    Esep__V1__Action *action = at;
    size_t count = esep_plan_list(reader, field->key, node, ESEP_PLAN_EXECUTORS_MAX, false);
    action->executors = esep_plan_room(reader, (count + 1) * sizeof *action->executors);
    if (action->executors == NULL || count == 0)
        return;
    memset(reader->named, 0, sizeof reader->named);
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        Esep__V1__Executor *executor = esep_plan_room(reader, sizeof *executor);
        if (executor == NULL)
            return;
        esep__v1__executor__init(executor);
        action->executors[action->n_executors++] = executor;
        if (ESEP_PLAN_FIELDS(reader, "an executor", item, executor_fields, executor))
            check_executor(reader, executor, item);
    }
    settle_lead(reader, action, node);
}
