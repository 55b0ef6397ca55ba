/* lib/io/plan_yaml_rules.c - what is reported by when beside the actions, and how it is reminded
 * of. */
#include "io/plan_reader.h"

static const uint32_t default_alert_days[] = {30, 14, 7, 3, 1};
#define ALERT_DAYS_MAX 32

static const struct esep_plan_word working_days[] = {
    {"none", ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NONE},
    {"next", ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NEXT},
    {"preceding", ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_PRECEDING},
    {NULL, 0},
};

#define RULES(member) offsetof(Esep__V1__Rules, member)

/* The groups of a rule: codes, or the word "all", which is "*" in the packed plan. */
static char **read_group_list(struct esep_plan_reader *reader, const struct esep_yaml_node *node,
                              size_t *ret_count)
{
    *ret_count = 0;
    bool all = strcmp(esep_yaml_scalar(node), "all") == 0;
    if (!all && esep_yaml_kind(node) != ESEP_YAML_LIST) {
        esep_complain(reader->complaints, node,
                      "\"groups\" is a list of groups' codes, or the word all");
        return NULL;
    }
    size_t count = all ? 1 : esep_plan_list(reader, "groups", node, ESEP_PLAN_GROUPS_MAX, false);
    char **groups = esep_plan_room(reader, (count + 1) * sizeof *groups);
    if (groups == NULL)
        return NULL;
    if (all) {
        groups[0] = esep_plan_keep(reader, "*");
        *ret_count = groups[0] != NULL;
        return groups;
    }
    for (size_t i = 0; i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        const char *code = esep_plan_scalar(reader, "groups", item);
        if (code == NULL)
            continue;
        int place = esep_plan_find(reader->group_codes, code);
        if (place < 0) {
            esep_plan_unknown(reader, "group", code, reader->group_codes, item);
            continue;
        }
        Esep__V1__Group *group = reader->plan->groups[place];
        if (group->open)
            esep_complain(reader->complaints, item, "\"%s\" is an open group: it owes nothing",
                          code);
        for (size_t j = 0; j < *ret_count; j++)
            if (strcmp(groups[j], code) == 0)
                esep_complain(reader->complaints, item, "\"%s\" is twice in this list", code);
        groups[(*ret_count)++] = group->code;
    }
    return groups;
}

static void read_annual_groups(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                               const struct esep_yaml_node *node, void *at)
{
    (void)field;
    Esep__V1__Rules *rules = at;
    rules->annual_groups = read_group_list(reader, node, &rules->n_annual_groups);
}

static void read_regional_groups(struct esep_plan_reader *reader,
                                 const struct esep_plan_field *field,
                                 const struct esep_yaml_node *node, void *at)
{
    (void)field;
    Esep__V1__Rules *rules = at;
    rules->regional_plan_groups = read_group_list(reader, node, &rules->n_regional_plan_groups);
}

/* 2013 stands for any year that is no leap year: the day must exist in each. */
static void check_day(struct esep_plan_reader *reader, uint32_t month, uint32_t day,
                      const struct esep_yaml_node *node)
{
    if (month != 0 && day != 0 && !esep_civil_valid(2013, (int)month, (int)day))
        esep_complain(reader->complaints, esep_plan_at(node, "day"),
                      "day %u of month %u does not exist in every year", day, month);
}

static void read_annual(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                        const struct esep_yaml_node *node, void *at)
{
    static const struct esep_plan_field fields[] = {
        {"month", true, esep_plan_read_uint, RULES(annual_month), 1, 12, NULL},
        {"day", true, esep_plan_read_uint, RULES(annual_day), 1, 31, NULL},
        {"groups", true, read_annual_groups, 0, 0, 0, NULL},
    };
    Esep__V1__Rules *rules = at;
    if (ESEP_PLAN_FIELDS(reader, field->key, node, fields, rules))
        check_day(reader, rules->annual_month, rules->annual_day, node);
}

static void read_consolidated(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                              const struct esep_yaml_node *node, void *at)
{
    static const struct esep_plan_field fields[] = {
        {"month", true, esep_plan_read_uint, RULES(consolidated_month), 1, 12, NULL},
        {"day", true, esep_plan_read_uint, RULES(consolidated_day), 1, 31, NULL},
    };
    Esep__V1__Rules *rules = at;
    if (ESEP_PLAN_FIELDS(reader, field->key, node, fields, rules))
        check_day(reader, rules->consolidated_month, rules->consolidated_day, node);
}

static void read_regional(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                          const struct esep_yaml_node *node, void *at)
{
    static const struct esep_plan_field fields[] = {
        {"months", true, esep_plan_read_uint, RULES(regional_plan_months), 1, 120, NULL},
        {"groups", true, read_regional_groups, 0, 0, 0, NULL},
    };
    (void)ESEP_PLAN_FIELDS(reader, field->key, node, fields, at);
}

static void read_alert_days(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                            const struct esep_yaml_node *node, void *at)
{
    Esep__V1__Rules *rules = at;
    size_t count = esep_plan_list(reader, field->key, node, ALERT_DAYS_MAX, true);
    rules->alert_days = esep_plan_room(reader, (count + 1) * sizeof *rules->alert_days);
    for (size_t i = 0; rules->alert_days != NULL && i < count; i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        uint32_t days = 0;
        esep_plan_read_uint(reader, field, item, &days);
        if (days == 0)
            continue;
        if (rules->n_alert_days > 0 && days >= rules->alert_days[rules->n_alert_days - 1])
            esep_complain(reader->complaints, item,
                          "the days before a deadline must fall: %u does not come after %u", days,
                          rules->alert_days[rules->n_alert_days - 1]);
        rules->alert_days[rules->n_alert_days++] = days;
    }
}

static const struct esep_plan_field rule_fields[] = {
    {"annual", false, read_annual, 0, 0, 0, NULL},
    {"consolidated", false, read_consolidated, 0, 0, 0, NULL},
    {"regional_plan", false, read_regional, 0, 0, 0, NULL},
    {"working_day", true, esep_plan_read_word, RULES(working_day), 0, 0, working_days},
    {"commitment_grace_days", false, esep_plan_read_uint, RULES(commitment_grace_days), 0, 366,
     NULL},
    {"alert_days", false, read_alert_days, 0, 1, 366, NULL},
    {"overdue_repeat_days", false, esep_plan_read_uint, RULES(overdue_repeat_days), 0, 366, NULL},
    {"silent_days", false, esep_plan_read_uint, RULES(silent_days), 1, 366, NULL},
};

/* The keys of what the rules make: each group's bodies, or all. */
static void check_keys(struct esep_plan_reader *reader, enum esep_obligation_kind kind,
                       char **groups, size_t count)
{
    const Esep__V1__Plan *plan = reader->plan;
    for (size_t i = 0; i < count; i++) {
        int group = esep_plan_find(reader->group_codes, groups[i]);
        size_t bodies = group < 0 ? plan->n_bodies : plan->groups[group]->n_bodies;
        for (size_t b = 0; b < bodies; b++) {
            const char *code = group < 0 ? plan->bodies[b]->code : plan->groups[group]->bodies[b];
            int place = esep_plan_find(reader->body_codes, code);
            if (place >= 0 && !esep_plan_check_key(reader, kind, "-", code,
                                                   esep_plan_at(reader->body_nodes[place], "code")))
                return;
        }
    }
}

void esep_plan_read_rules(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                          const struct esep_yaml_node *node, void *at)
{
    Esep__V1__Rules *rules = esep_plan_room(reader, sizeof *rules);
    if (rules == NULL)
        return;
    esep__v1__rules__init(rules);
    rules->commitment_grace_days = 14;
    rules->overdue_repeat_days = 7;
    rules->silent_days = 10;
    if (!ESEP_PLAN_FIELDS(reader, field->key, node, rule_fields, rules))
        return;
    if (esep_yaml_get(node, "alert_days") == NULL) {
        rules->alert_days = esep_plan_room(reader, sizeof default_alert_days);
        if (rules->alert_days == NULL)
            return;
        memcpy(rules->alert_days, default_alert_days, sizeof default_alert_days);
        rules->n_alert_days = sizeof default_alert_days / sizeof default_alert_days[0];
    }
    check_keys(reader, ESEP_OBLIGATION_ANNUAL, rules->annual_groups, rules->n_annual_groups);
    check_keys(reader, ESEP_OBLIGATION_REGIONAL_PLAN, rules->regional_plan_groups,
               rules->n_regional_plan_groups);
    if (rules->consolidated_month != 0)
        (void)esep_plan_check_key(reader, ESEP_OBLIGATION_CONSOLIDATED, "-",
                                  reader->plan->secretariat,
                                  esep_plan_at(reader->root, "secretariat"));
    memcpy(at, &rules, sizeof rules);
}
