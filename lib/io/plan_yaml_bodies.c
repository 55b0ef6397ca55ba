/* lib/io/plan_yaml_bodies.c - the bodies of a plan, their tree and successions, and the groups. */
#include "domain/obligation.h"
#include "io/plan_reader.h"

#include <stdio.h>

static const struct esep_plan_word kinds[] = {
    {"ministry", ESEP__V1__BODY_KIND__BODY_KIND_MINISTRY},
    {"agency", ESEP__V1__BODY_KIND__BODY_KIND_AGENCY},
    {"court", ESEP__V1__BODY_KIND__BODY_KIND_COURT},
    {"prosecutor", ESEP__V1__BODY_KIND__BODY_KIND_PROSECUTOR},
    {"committee", ESEP__V1__BODY_KIND__BODY_KIND_COMMITTEE},
    {"akimat", ESEP__V1__BODY_KIND__BODY_KIND_AKIMAT},
    {"district", ESEP__V1__BODY_KIND__BODY_KIND_DISTRICT},
    {NULL, 0},
};

#define CODE_MAX (ESEP_BODY_CODE_MAX - 1)
#define BODY(member) offsetof(Esep__V1__Body, member)
static const struct esep_plan_field body_fields[] = {
    {"code", true, esep_plan_read_code, BODY(code), 1, CODE_MAX, NULL},
    {"name", true, esep_plan_read_text, BODY(name), 0, 0, NULL},
    {"short", false, esep_plan_read_text, BODY(short_name), 0, 0, NULL},
    {"kind", true, esep_plan_read_word, BODY(kind), 0, 0, kinds},
    {"parent", false, esep_plan_read_code, BODY(parent), 1, CODE_MAX, NULL},
    {"valid_from", false, esep_plan_read_day, BODY(valid_from_day), 0, 0, NULL},
    {"valid_to", false, esep_plan_read_day, BODY(valid_to_day), 0, 0, NULL},
    {"successor", false, esep_plan_read_code, BODY(successor), 1, CODE_MAX, NULL},
    {"upon_agreement", false, esep_plan_read_bool, BODY(upon_agreement), 0, 0, NULL},
};

void esep_plan_read_bodies(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                           const struct esep_yaml_node *node, void *at)
{
    (void)at;
    Esep__V1__Plan *plan = reader->plan;
    size_t count = esep_plan_list(reader, field->key, node, ESEP_PLAN_BODIES_MAX, false);
    plan->bodies = esep_plan_room(reader, (count + 1) * sizeof *plan->bodies);
    for (size_t i = 0; plan->bodies != NULL && i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        Esep__V1__Body *body = esep_plan_room(reader, sizeof *body);
        if (body == NULL)
            return;
        esep__v1__body__init(body);
        /* Without a code nobody can refer to it, so the checks between bodies need not see it. */
        if (!ESEP_PLAN_FIELDS(reader, "a body", item, body_fields, body) || body->code[0] == '\0')
            continue;
        int before = esep_plan_find(reader->body_codes, body->code);
        if (before >= 0) {
            esep_complain(reader->complaints, esep_plan_at(item, "code"),
                          "the body \"%s\" was declared before, in line %d", body->code,
                          esep_yaml_line(reader->body_nodes[before]));
            continue;
        }
        reader->body_codes[plan->n_bodies] = body->code;
        reader->body_nodes[plan->n_bodies] = item;
        plan->bodies[plan->n_bodies++] = body;
    }
}

/* The next body on the way: the parent, or the successor. */
static const char *step(const Esep__V1__Body *body, bool successors)
{
    return successors ? body->successor : body->parent;
}

/* Says a circle once, at its first body in the file's order. */
static void check_circle(struct esep_plan_reader *reader, size_t from, bool successors)
{
    const Esep__V1__Plan *plan = reader->plan;
    char way[160];
    int used = snprintf(way, sizeof way, "%s", plan->bodies[from]->code);
    int place = (int)from;
    for (size_t steps = 0; steps <= plan->n_bodies; steps++) {
        place = esep_plan_find(reader->body_codes, step(plan->bodies[place], successors));
        if (place < 0 || place < (int)from)
            return;
        if (used > 0 && (size_t)used < sizeof way)
            used +=
                snprintf(way + used, sizeof way - (size_t)used, " > %s", plan->bodies[place]->code);
        if (place != (int)from)
            continue;
        esep_complain(reader->complaints,
                      esep_plan_at(reader->body_nodes[from], successors ? "successor" : "parent"),
                      "the %s lead in a circle: %s", successors ? "successors" : "parents", way);
        return;
    }
}

static void check_succession(struct esep_plan_reader *reader, size_t i)
{
    const Esep__V1__Plan *plan = reader->plan;
    const Esep__V1__Body *body = plan->bodies[i];
    const struct esep_yaml_node *at = esep_plan_at(reader->body_nodes[i], "successor");
    if (body->successor[0] == '\0')
        return;
    int next = esep_plan_find(reader->body_codes, body->successor);
    if (next < 0) {
        esep_plan_unknown(reader, "body", body->successor, reader->body_codes, at);
        return;
    }
    const Esep__V1__Body *successor = plan->bodies[next];
    if (esep_yaml_get(reader->body_nodes[i], "valid_to") == NULL)
        esep_complain(reader->complaints, at,
                      "\"%s\" has a successor but no last day: add \"valid_to\"", body->code);
    else if (body->valid_to_day == 0)
        return; /* a day that could not be read was complained of */
    else if (successor->valid_to_day != 0 && successor->valid_to_day <= body->valid_to_day)
        esep_complain(reader->complaints, at, "\"%s\" ends before it could take over from \"%s\"",
                      successor->code, body->code);
    else if (successor->valid_from_day != 0 && successor->valid_from_day > body->valid_to_day + 1)
        esep_complain(reader->complaints, at,
                      "between the end of \"%s\" and the beginning of \"%s\" nobody answers",
                      body->code, successor->code);
}

void esep_plan_check_bodies(struct esep_plan_reader *reader)
{
    const Esep__V1__Plan *plan = reader->plan;
    for (size_t i = 0; i < plan->n_bodies; i++) {
        const Esep__V1__Body *body = plan->bodies[i];
        const struct esep_yaml_node *node = reader->body_nodes[i];
        if (body->parent[0] != '\0' && esep_plan_find(reader->body_codes, body->parent) < 0)
            esep_plan_unknown(reader, "body", body->parent, reader->body_codes,
                              esep_plan_at(node, "parent"));
        if (body->kind == ESEP__V1__BODY_KIND__BODY_KIND_DISTRICT &&
            esep_yaml_get(node, "parent") == NULL)
            esep_complain(reader->complaints, node,
                          "the district \"%s\" has no \"parent\": the akimat it stands under",
                          body->code);
        if (body->valid_from_day != 0 && body->valid_to_day != 0 &&
            body->valid_to_day < body->valid_from_day)
            esep_complain(reader->complaints, esep_plan_at(node, "valid_to"),
                          "\"%s\" ends before it begins", body->code);
        check_succession(reader, i);
        check_circle(reader, i, false);
        check_circle(reader, i, true);
    }
}

static void read_members(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                         const struct esep_yaml_node *node, void *at)
{
    Esep__V1__Group *group = at;
    size_t count = esep_plan_list(reader, field->key, node, ESEP_PLAN_BODIES_MAX, true);
    group->bodies = esep_plan_room(reader, (count + 1) * sizeof *group->bodies);
    for (size_t i = 0; group->bodies != NULL && i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        const char *code = esep_plan_scalar(reader, field->key, item);
        if (code == NULL)
            continue;
        int place = esep_plan_find(reader->body_codes, code);
        if (place < 0) {
            esep_plan_unknown(reader, "body", code, reader->body_codes, item);
            continue;
        }
        bool twice = false;
        for (size_t j = 0; j < group->n_bodies && !twice; j++)
            twice = strcmp(group->bodies[j], code) == 0;
        if (twice)
            esep_complain(reader->complaints, item, "\"%s\" is twice in this group", code);
        else
            group->bodies[group->n_bodies++] = reader->plan->bodies[place]->code;
    }
}

#define GROUP(member) offsetof(Esep__V1__Group, member)
static const struct esep_plan_field group_fields[] = {
    {"code", true, esep_plan_read_code, GROUP(code), 1, CODE_MAX, NULL},
    {"name", true, esep_plan_read_text, GROUP(name), 0, 0, NULL},
    {"open", false, esep_plan_read_bool, GROUP(open), 0, 0, NULL},
    {"bodies", false, read_members, 0, 0, 0, NULL},
};

static void check_group(struct esep_plan_reader *reader, const Esep__V1__Group *group,
                        const struct esep_yaml_node *item)
{
    const struct esep_yaml_node *members = esep_yaml_get(item, "bodies");
    const struct esep_yaml_node *at = esep_plan_at(item, "code");
    if (group->open && group->n_bodies > 0)
        esep_complain(reader->complaints, members,
                      "an open group has no bodies: whoever is interested belongs to it");
    if (!group->open && (members == NULL || (esep_yaml_kind(members) == ESEP_YAML_LIST &&
                                             esep_yaml_count(members) == 0)))
        esep_complain(reader->complaints, item,
                      "the group \"%s\" has no bodies: name them, or say open: true", group->code);
    if (strcmp(group->code, "all") == 0)
        esep_complain(reader->complaints, at,
                      "no group may be called \"all\": it means every body");
    if (esep_plan_find(reader->body_codes, group->code) >= 0)
        esep_complain(reader->complaints, at, "\"%s\" is a body's code too: choose another",
                      group->code);
    if (esep_plan_find(reader->group_codes, group->code) >= 0)
        esep_complain(reader->complaints, at, "the group \"%s\" was declared before", group->code);
}

void esep_plan_read_groups(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                           const struct esep_yaml_node *node, void *at)
{
    (void)at;
    Esep__V1__Plan *plan = reader->plan;
    size_t count = esep_plan_list(reader, field->key, node, ESEP_PLAN_GROUPS_MAX, true);
    plan->groups = esep_plan_room(reader, (count + 1) * sizeof *plan->groups);
    for (size_t i = 0; plan->groups != NULL && i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        Esep__V1__Group *group = esep_plan_room(reader, sizeof *group);
        if (group == NULL)
            return;
        esep__v1__group__init(group);
        if (!ESEP_PLAN_FIELDS(reader, "a group", item, group_fields, group) ||
            group->code[0] == '\0')
            continue;
        check_group(reader, group, item);
        if (esep_plan_find(reader->group_codes, group->code) >= 0)
            continue;
        reader->group_codes[plan->n_groups] = group->code;
        plan->groups[plan->n_groups++] = group;
    }
}
