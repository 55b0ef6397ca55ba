/* lib/io/plan_yaml.c - a plan file from its first key to a plan that makes obligations.
 *
 * The order of the table below is the order of reading, not of the file: what others refer to comes
 * first (years before periods, bodies before groups before actions before rules). At the end, where
 * nobody complained, the obligations are made once: whatever a later program would refuse, the
 * person who writes the plan hears now.
 */
#include "io/plan_yaml.h"

#include "io/clock.h"
#include "io/plan_reader.h"

#include <stdlib.h>

#define OBLIGATIONS_MAX 100000

static esep_plan_read_fn read_years;
static esep_plan_read_fn read_zone;

#define PLAN(member) offsetof(Esep__V1__Plan, member)
#define CODE_MAX (ESEP_BODY_CODE_MAX - 1)
static const struct esep_plan_field plan_fields[] = {
    {"id", true, esep_plan_read_code, PLAN(id), 1, ESEP_PLAN_ID_MAX, NULL},
    {"revision", true, esep_plan_read_uint, PLAN(revision), 1, 999999, NULL},
    {"title", true, esep_plan_read_text, PLAN(title), 0, 0, NULL},
    {"years", true, read_years, 0, 1, 9997, NULL},
    {"approved", true, esep_plan_read_day, PLAN(approved_day), 0, 0, NULL},
    {"zone", true, read_zone, PLAN(zone), 0, 63, NULL},
    {"secretariat", true, esep_plan_read_code, PLAN(secretariat), 1, CODE_MAX, NULL},
    {"parent", false, esep_plan_read_code, PLAN(parent), 1, ESEP_PLAN_ID_MAX, NULL},
    {"bodies", true, esep_plan_read_bodies, 0, 0, 0, NULL},
    {"groups", false, esep_plan_read_groups, 0, 0, 0, NULL},
    {"actions", true, esep_plan_read_actions, 0, 0, 0, NULL},
    {"rules", true, esep_plan_read_rules, PLAN(rules), 0, 0, NULL},
    {"calendar", false, esep_plan_read_calendar, 0, 0, 0, NULL},
};

static void read_years(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                       const struct esep_yaml_node *node, void *at)
{
    Esep__V1__Plan *plan = at;
    if (esep_yaml_kind(node) != ESEP_YAML_LIST || esep_yaml_count(node) < 1 ||
        esep_yaml_count(node) > 2) {
        esep_complain(reader->complaints, node,
                      "\"years\" is a list of the first and the last: [2012, 2014], or [2013]");
        return;
    }
    uint32_t first = 0, last = 0;
    esep_plan_read_uint(reader, field, esep_yaml_item(node, 0), &first);
    esep_plan_read_uint(reader, field, esep_yaml_item(node, esep_yaml_count(node) - 1), &last);
    if (first == 0 || last == 0)
        return;
    if (first > last || last - first >= ESEP_PLAN_YEARS_MAX) {
        esep_complain(reader->complaints, node,
                      "\"years\" must rise, and be %d at most: not %u to %u", ESEP_PLAN_YEARS_MAX,
                      first, last);
        return;
    }
    plan->first_year = first;
    plan->last_year = last;
    reader->years_known = true;
}

static void read_zone(struct esep_plan_reader *reader, const struct esep_plan_field *field,
                      const struct esep_yaml_node *node, void *at)
{
    char *name = NULL;
    esep_plan_read_line(reader, field, node, &name);
    if (name == NULL)
        return;
    struct esep_zone *zone = malloc(sizeof *zone);
    struct esep_reason reason = {""};
    if (zone == NULL)
        reader->full = true;
    else if (esep_zone_load(zone, name, &reason) != ESEP_OK)
        esep_complain(reader->complaints, node, "\"zone\": %s", reason.text);
    else
        memcpy(at, &name, sizeof name);
    free(zone);
}

static void check_plan(struct esep_plan_reader *reader)
{
    const Esep__V1__Plan *plan = reader->plan;
    esep_plan_check_bodies(reader);
    if (plan->secretariat[0] != '\0' && esep_plan_find(reader->body_codes, plan->secretariat) < 0)
        esep_plan_unknown(reader, "body", plan->secretariat, reader->body_codes,
                          esep_plan_at(reader->root, "secretariat"));
    if (plan->parent[0] != '\0' && strcmp(plan->parent, plan->id) == 0)
        esep_complain(reader->complaints, esep_plan_at(reader->root, "parent"),
                      "a plan cannot be made under itself");
    if (reader->years_known && plan->approved_day != 0 &&
        esep_civil_from_day(plan->approved_day).year > (int)plan->last_year)
        esep_complain(reader->complaints, esep_plan_at(reader->root, "approved"),
                      "the plan was approved after its last year, %u", plan->last_year);
}

/* The last question: would the programs that run this plan take it? */
static enum esep_status make_obligations(struct esep_plan_reader *reader,
                                         struct esep_reason *reason)
{
    struct esep_zone *zone = malloc(sizeof *zone);
    struct esep_obligation *all = calloc(OBLIGATIONS_MAX, sizeof *all);
    enum esep_status status = ESEP_NOMEM;
    size_t count = 0;
    if (zone != NULL && all != NULL)
        status = esep_zone_load(zone, reader->plan->zone, reason);
    if (status == ESEP_OK)
        status = esep_obligations_make(reader->plan, zone, all, OBLIGATIONS_MAX, &count, reason);
    if (status == ESEP_INVALID || status == ESEP_LIMIT) {
        esep_complain(reader->complaints, reader->root, "%s", reason->text);
        status = ESEP_INVALID;
    }
    free(all);
    free(zone);
    return status;
}

static enum esep_status read_plan(struct esep_plan_reader *reader, struct esep_reason *reason)
{
    Esep__V1__Plan *plan = esep_plan_room(reader, sizeof *plan);
    Esep__V1__Calendar *calendar = esep_plan_room(reader, sizeof *calendar);
    if (plan != NULL && calendar != NULL) {
        esep__v1__plan__init(plan);
        esep__v1__calendar__init(calendar);
        plan->calendar = calendar;
        reader->plan = plan;
        if (ESEP_PLAN_FIELDS(reader, "a plan", reader->root, plan_fields, plan))
            check_plan(reader);
    }
    if (reader->full)
        return esep_because(reason, ESEP_LIMIT, "%s is larger than the room for plans: %zu bytes",
                            reader->path, reader->arena->size_bytes);
    if (reader->complaints->count == 0)
        return make_obligations(reader, reason);
    return ESEP_INVALID;
}

/* Takes the document, and gives it back to nobody. */
static enum esep_status read_document(struct esep_yaml *yaml, const char *path,
                                      struct esep_arena *arena, Esep__V1__Plan **ret_plan,
                                      struct esep_complaints *complaints,
                                      struct esep_reason *reason)
{
    struct esep_plan_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        esep_yaml_free(yaml);
        return esep_because(reason, ESEP_NOMEM, "%s: no memory to read it", path);
    }
    reader->path = path;
    reader->arena = arena;
    reader->complaints = complaints;
    reader->root = esep_yaml_root(yaml);
    enum esep_status status = read_plan(reader, reason);
    if (status == ESEP_OK)
        *ret_plan = reader->plan;
    esep_complaints_sort(complaints);
    if (status == ESEP_INVALID)
        status =
            esep_because(reason, status, "%s: %zu mistakes in the plan", path, complaints->count);
    free(reader);
    esep_yaml_free(yaml);
    return status;
}

enum esep_status esep_plan_load(const char *path, struct esep_arena *arena,
                                Esep__V1__Plan **ret_plan, struct esep_complaints *complaints,
                                struct esep_reason *reason)
{
    struct esep_reason own = {""};
    struct esep_yaml *yaml = NULL;
    memset(complaints, 0, sizeof *complaints);
    if (reason == NULL)
        reason = &own;
    enum esep_status status = esep_yaml_load(&yaml, path, complaints, reason);
    if (status == ESEP_INVALID)
        return esep_because(reason, status, "%s is not a plan", path);
    if (status != ESEP_OK)
        return status;
    return read_document(yaml, path, arena, ret_plan, complaints, reason);
}

enum esep_status esep_plan_parse(const char *path, struct esep_slice text, struct esep_arena *arena,
                                 Esep__V1__Plan **ret_plan, struct esep_complaints *complaints,
                                 struct esep_reason *reason)
{
    struct esep_reason own = {""};
    struct esep_yaml *yaml = NULL;
    memset(complaints, 0, sizeof *complaints);
    if (reason == NULL)
        reason = &own;
    enum esep_status status = esep_yaml_parse(&yaml, path, text, complaints);
    if (status != ESEP_OK)
        return esep_because(reason, status, "%s is not a plan", path);
    return read_document(yaml, path, arena, ret_plan, complaints, reason);
}
