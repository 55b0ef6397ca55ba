/* agent/report_file.c - a report from a map of a YAML or JSON file (JSON is YAML too). */
#include "agent/report_fill.h"

#include <stdio.h>

/* One key of the map: how its node is read. */
struct key_row {
    const char *name;
    void (*read)(struct agent_report *r, const char *name, const struct esep_yaml_node *node,
                 struct esep_complaints *complaints);
};

static void complain(struct esep_complaints *complaints, const struct esep_yaml_node *node,
                     enum esep_status status, const struct esep_reason *reason)
{
    if (status != ESEP_OK)
        esep_complain(complaints, node, "%s",
                      reason->text[0] != 0 ? reason->text : esep_status_name(status));
}

static bool is_kind(const struct esep_yaml_node *node, enum esep_yaml_kind kind, const char *name,
                    const char *what, struct esep_complaints *complaints)
{
    if (esep_yaml_kind(node) == kind)
        return true;
    esep_complain(complaints, node, "%s: must be %s", name, what);
    return false;
}

/* JSON's null comes as the word. */
static bool is_null(const struct esep_yaml_node *node)
{
    return esep_yaml_kind(node) == ESEP_YAML_SCALAR && strcmp(esep_yaml_scalar(node), "null") == 0;
}

static void read_text(struct agent_report *r, const char *name, const struct esep_yaml_node *node,
                      struct esep_complaints *complaints)
{
    struct esep_reason reason = {""};
    if (is_kind(node, ESEP_YAML_SCALAR, name, "text", complaints))
        complain(complaints, node, agent_report_text(r, name, esep_yaml_scalar(node), &reason),
                 &reason);
}

static void read_word(struct agent_report *r, const char *name, const struct esep_yaml_node *node,
                      struct esep_complaints *complaints)
{
    struct esep_reason reason = {""};
    const char *value = esep_yaml_scalar(node);
    if (!is_kind(node, ESEP_YAML_SCALAR, name, "one word", complaints))
        return;
    enum esep_status status =
        strcmp(name, "fulfilment") == 0 ? agent_report_fulfilment(r, value, &reason)
        : strcmp(name, "percent") == 0  ? agent_report_percent(r, value, &reason)
        : strcmp(name, "access") == 0   ? agent_report_access(r, value, &reason)
                                        : agent_report_entry(r, name, value, &reason);
    complain(complaints, node, status, &reason);
}

static bool read_bool(const char *name, const struct esep_yaml_node *node,
                      struct esep_complaints *complaints)
{
    const char *value = esep_yaml_scalar(node);
    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        esep_complain(complaints, node, "%s: true or false", name);
    return strcmp(value, "true") == 0;
}

static void read_nil(struct agent_report *r, const char *name, const struct esep_yaml_node *node,
                     struct esep_complaints *complaints)
{
    r->message.nil_report = read_bool(name, node, complaints);
}

static void read_entries(struct agent_report *r, const char *name,
                         const struct esep_yaml_node *node, struct esep_complaints *complaints)
{
    if (!is_kind(node, ESEP_YAML_LIST, name, "a list of other entries' numbers", complaints))
        return;
    for (size_t i = 0; i < esep_yaml_count(node); i++)
        read_word(r, name, esep_yaml_item(node, i), complaints);
}

/* Texts of a map by a table of names; others are complained of. */
static bool read_fields(struct agent_report *r, const struct esep_yaml_node *map, const char *what,
                        const char *const *names, char **const *fields,
                        struct esep_complaints *complaints)
{
    if (!is_kind(map, ESEP_YAML_MAP, what, "a map", complaints))
        return false;
    esep_yaml_known(map, names, complaints);
    for (size_t i = 0; names[i] != NULL; i++) {
        const struct esep_yaml_node *node = esep_yaml_get(map, names[i]);
        if (node == NULL || fields[i] == NULL)
            continue;
        char *made = esep_arena_str(r->arena, esep_slice_str(esep_yaml_scalar(node)));
        if (made == NULL)
            esep_complain(complaints, node, "the report is too long");
        else
            *fields[i] = made;
    }
    return true;
}

static void read_person(struct agent_report *r, const char *name, const struct esep_yaml_node *node,
                        struct esep_complaints *complaints)
{
    static const char *const names[] = {"name", "position", "phone", NULL};
    bool signatory = strcmp(name, "signatory") == 0;
    Esep__V1__Person *person = signatory ? &r->signatory : &r->preparer;
    char **const fields[] = {&person->name, &person->position, &person->phone};
    if (!read_fields(r, node, name, names, fields, complaints))
        return;
    if (signatory)
        r->message.signatory = person;
    else
        r->message.preparer = person;
}

static void read_indicators(struct agent_report *r, const char *name,
                            const struct esep_yaml_node *list, struct esep_complaints *complaints)
{
    static const char *const names[] = {"name", "value", "unit", "target", "breakdown", NULL};
    if (!is_kind(list, ESEP_YAML_LIST, name, "a list", complaints))
        return;
    for (size_t i = 0; i < esep_yaml_count(list); i++) {
        Esep__V1__Indicator *made = esep_arena_alloc(r->arena, sizeof *made);
        if (made == NULL || r->message.n_indicators == AGENT_INDICATORS_MAX) {
            esep_complain(complaints, list, "%s: at most %d", name, AGENT_INDICATORS_MAX);
            return;
        }
        esep__v1__indicator__init(made);
        char **const fields[] = {&made->name, &made->value, &made->unit, &made->target,
                                 &made->breakdown};
        if (read_fields(r, esep_yaml_item(list, i), name, names, fields, complaints))
            r->indicators[r->message.n_indicators++] = made;
    }
}

static void read_amount(const struct esep_yaml_node *map, const char *key, int64_t *ret,
                        struct esep_complaints *complaints)
{
    char in_tiyn[32];
    struct esep_reason reason = {""};
    const struct esep_yaml_node *tenge = esep_yaml_get(map, key);
    (void)snprintf(in_tiyn, sizeof in_tiyn, "%s_tiyn", key);
    const struct esep_yaml_node *tiyn = esep_yaml_get(map, in_tiyn);
    if (tenge != NULL && tiyn != NULL)
        esep_complain(complaints, tiyn, "either %s or %s", key, in_tiyn);
    if (tenge != NULL)
        complain(complaints, tenge, agent_tenge_parse(esep_yaml_scalar(tenge), ret, &reason),
                 &reason);
    if (tiyn == NULL)
        return;
    const char *digits = esep_yaml_scalar(tiyn);
    int64_t value = 0;
    bool good = digits[0] != 0;
    for (; good && *digits != 0; digits++)
        good = *digits >= '0' && *digits <= '9' && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_add_overflow(value, *digits - '0', &value);
    if (good)
        *ret = value;
    else
        esep_complain(complaints, tiyn, "%s: a whole number of tiyn", in_tiyn);
}

static void read_money(struct agent_report *r, const char *name, const struct esep_yaml_node *list,
                       struct esep_complaints *complaints)
{
    static const char *const names[] = {
        "source",       "programme",      "planned",    "allocated",       "spent",
        "planned_tiyn", "allocated_tiyn", "spent_tiyn", "within_allotted", NULL};
    if (!is_kind(list, ESEP_YAML_LIST, name, "a list", complaints))
        return;
    for (size_t i = 0; i < esep_yaml_count(list); i++) {
        const struct esep_yaml_node *map = esep_yaml_item(list, i);
        Esep__V1__Money *made = esep_arena_alloc(r->arena, sizeof *made);
        if (made == NULL || r->message.n_money == AGENT_MONEY_MAX) {
            esep_complain(complaints, list, "%s: at most %d", name, AGENT_MONEY_MAX);
            return;
        }
        esep__v1__money__init(made);
        char **const fields[9] = {&made->source, &made->programme};
        if (!read_fields(r, map, name, names, fields, complaints))
            continue;
        read_amount(map, "planned", &made->planned_tiyn, complaints);
        read_amount(map, "allocated", &made->allocated_tiyn, complaints);
        read_amount(map, "spent", &made->spent_tiyn, complaints);
        const struct esep_yaml_node *within = esep_yaml_get(map, "within_allotted");
        if (within != NULL)
            made->within_allotted = read_bool("within_allotted", within, complaints);
        r->money[r->message.n_money++] = made;
    }
}

/* Paths: what they lead to is taken in when the report is written. */
static void read_files(struct agent_report *r, const char *name, const struct esep_yaml_node *node,
                       struct esep_complaints *complaints)
{
    if (!is_kind(node, ESEP_YAML_LIST, name, "a list of files", complaints))
        return;
    for (size_t i = 0; i < esep_yaml_count(node); i++) {
        const struct esep_yaml_node *item = esep_yaml_item(node, i);
        struct esep_reason reason = {""};
        if (is_kind(item, ESEP_YAML_SCALAR, name, "a list of files", complaints))
            complain(complaints, item,
                     agent_report_file(r, r->folder, esep_yaml_scalar(item), &reason), &reason);
    }
}

static const struct key_row keys[] = {
    {"obligation", read_text},   {"fulfilment", read_word},       {"percent", read_word},
    {"narrative", read_text},    {"indicators", read_indicators}, {"money", read_money},
    {"obstacles", read_text},    {"delay_reasons", read_text},    {"next_steps", read_text},
    {"nil_report", read_nil},    {"nil_reason", read_text},       {"preparer", read_person},
    {"signatory", read_person},  {"outgoing_number", read_text},  {"access", read_word},
    {"builds_on", read_word},    {"settles", read_entries},       {"cites", read_entries},
    {"attachments", read_files},
};
#define KEY_COUNT (sizeof keys / sizeof *keys)

void agent_report_from_node(struct agent_report *r, const char *folder,
                            const struct esep_yaml_node *map, struct esep_complaints *complaints)
{
    const char *names[KEY_COUNT + 1] = {NULL};
    if (!is_kind(map, ESEP_YAML_MAP, "a report", "a map of its fields", complaints))
        return;
    for (size_t i = 0; i < KEY_COUNT; i++)
        names[i] = keys[i].name;
    esep_yaml_known(map, names, complaints);
    r->folder = folder;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct esep_yaml_node *node = esep_yaml_get(map, keys[i].name);
        if (node != NULL && !is_null(node))
            keys[i].read(r, keys[i].name, node, complaints);
    }
}
