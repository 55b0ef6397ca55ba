/* agent/cmd_mail.c - `mail`: what came from the commission, one item a line. */
#include "agent/duties.h"
#include "base/text.h"
#include "wire/unpack.h"

#include <stdlib.h>
#include <sysexits.h>

#define SCRATCH_BYTES (16u << 20)

struct words {
    struct agent_common common;
    uint64_t since;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    char *end = NULL;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 's':
        words->since = strtoull(value, &end, 10);
        if (value[0] < '0' || value[0] > '9' || *end != 0)
            argp_error(state, "--since %s: the number of an item", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

struct reading {
    struct esep_arena arena;
    const struct esep_zone *zone;
    json_t *list; /* NULL: as text */
    size_t count;
    bool failed;
};

/* What an item says, beside what every item has; `subject` is for the line of text. */
struct item {
    json_t *fields;
    char line[400];
};

static void say_review(struct item *item, const ProtobufCMessage *message)
{
    const Esep__V1__Review *r = (const Esep__V1__Review *)message;
    esep_day again = r->again_by_day != 0 ? r->again_by_day : ESEP_DAY_NONE;
    item->fields =
        json_pack("{s:s, s:I, s:o, s:b, s:s, s:s, s:o, s:s}", "obligation", r->obligation,
                  "report_index", (json_int_t)r->report_index, "report_hash",
                  r->report.len == ESEP_HASH_BYTES ? agent_json_hex(r->report.data, r->report.len)
                                                   : json_null(),
                  "accepted", (int)r->accept, "reason_code", r->reason_code, "comment", r->comment,
                  "again_by", agent_json_day(again), "actor", r->actor);
    (void)snprintf(item->line, sizeof item->line, "%s %s%s%s%s%.120s",
                   r->accept ? "accepted:" : "returned:", r->obligation,
                   r->reason_code[0] != 0 ? ": " : "", r->reason_code,
                   r->comment[0] != 0 ? ": " : "", r->comment);
}

static void say_extension(struct item *item, const ProtobufCMessage *message)
{
    const Esep__V1__Extension *e = (const Esep__V1__Extension *)message;
    char until[11] = "";
    if (e->until_day != 0)
        esep_day_format(e->until_day, until);
    item->fields = json_pack("{s:s, s:b, s:o, s:s, s:s, s:s}", "obligation", e->obligation,
                             "granted", (int)e->granted, "until",
                             agent_json_day(e->until_day != 0 ? e->until_day : ESEP_DAY_NONE),
                             "document", e->document, "reason", e->reason, "actor", e->actor);
    (void)snprintf(item->line, sizeof item->line, "extension %s%s: %s%s%.120s",
                   e->granted ? "until " : "refused", until, e->obligation,
                   e->reason[0] != 0 ? ": " : "", e->reason);
}

static void say_control(struct item *item, const ProtobufCMessage *message)
{
    const Esep__V1__Control *c = (const Esep__V1__Control *)message;
    item->fields = json_pack("{s:s, s:b, s:s, s:s}", "obligation", c->obligation, "removed",
                             (int)c->removed, "reason", c->reason, "actor", c->actor);
    (void)snprintf(item->line, sizeof item->line, "%s control: %s%s%.120s",
                   c->removed ? "off" : "back on", c->obligation, c->reason[0] != 0 ? ": " : "",
                   c->reason);
}

static void say_alert(struct item *item, const ProtobufCMessage *message)
{
    static const char *const kinds[] = {"unspecified", "due_soon",      "due_today",
                                        "overdue",     "still_overdue", "silent"};
    const Esep__V1__Alert *a = (const Esep__V1__Alert *)message;
    json_t *items = json_array();
    for (size_t i = 0; i < a->n_items; i++) {
        const Esep__V1__AlertItem *one = a->items[i];
        (void)json_array_append_new(
            items, json_pack("{s:s, s:s, s:i, s:i}", "obligation", one->obligation, "kind",
                             (size_t)one->kind < 6 ? kinds[one->kind] : "unknown", "days_left",
                             (int)one->days_left, "weeks", (int)one->weeks));
    }
    item->fields = json_pack("{s:s, s:s, s:o}", "plan", a->plan, "body", a->body, "items", items);
    (void)snprintf(item->line, sizeof item->line, "%s, %s: %zu alerts, the first: %s %s", a->plan,
                   a->body, a->n_items,
                   a->n_items > 0 && (size_t)a->items[0]->kind < 6 ? kinds[a->items[0]->kind] : "-",
                   a->n_items > 0 ? a->items[0]->obligation : "");
}

static void say_plan(struct item *item, const ProtobufCMessage *message)
{
    const Esep__V1__PlanChange *c = (const Esep__V1__PlanChange *)message;
    item->fields =
        json_pack("{s:o, s:s}", "effective",
                  agent_json_day(c->effective_day != 0 ? c->effective_day : ESEP_DAY_NONE), "actor",
                  c->actor);
    (void)snprintf(item->line, sizeof item->line, "a plan, or a change of one (%zu bytes)",
                   c->plan.len);
}

static void say_entry(struct item *item, const ProtobufCMessage *message)
{
    const Esep__V1__JournalEntry *e = (const Esep__V1__JournalEntry *)message;
    const Esep__V1__Report *r =
        e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT ? e->report : NULL;
    item->fields = r != NULL
                       ? json_pack("{s:s, s:i, s:s, s:s}", "obligation", r->obligation, "revision",
                                   (int)r->revision, "fulfilment",
                                   esep_fulfilment_name(r->fulfilment), "narrative", r->narrative)
                       : json_object();
    (void)snprintf(item->line, sizeof item->line, "report: %s", r != NULL ? r->obligation : "-");
}

static json_t *names_json(char *const *names, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, json_string(names[i]));
    return list;
}

static void say_rights(struct item *item, const ProtobufCMessage *message)
{
    const Esep__V1__OfficeRights *r = (const Esep__V1__OfficeRights *)message;
    item->fields =
        json_pack("{s:o, s:o, s:s, s:s}", "bodies", names_json(r->bodies, r->n_bodies), "plans",
                  names_json(r->plans, r->n_plans), "reason", r->reason, "actor", r->actor);
    (void)snprintf(item->line, sizeof item->line,
                   "this office may report for %zu bodies beside its own, in %s%s%.120s",
                   r->n_bodies, r->n_plans > 0 ? "some plans" : "all plans",
                   r->reason[0] != 0 ? ": " : "", r->reason);
}

static void say_keys_asked(struct item *item, const ProtobufCMessage *message)
{
    const Esep__V1__KeysAsked *k = (const Esep__V1__KeysAsked *)message;
    item->fields = json_pack("{s:s, s:s}", "reason", k->reason, "actor", k->actor);
    (void)snprintf(item->line, sizeof item->line, "%.60s asks for new keys%s%.120s", k->actor,
                   k->reason[0] != 0 ? ": " : "", k->reason);
}

static const struct {
    uint32_t type;
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
    void (*say)(struct item *item, const ProtobufCMessage *message);
} kinds[] = {
    {ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN, "plan", &esep__v1__plan_change__descriptor, say_plan},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW, "review", &esep__v1__review__descriptor, say_review},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION, "extension", &esep__v1__extension__descriptor,
     say_extension},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL, "control", &esep__v1__control__descriptor, say_control},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT, "alert", &esep__v1__alert__descriptor, say_alert},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY, "entry", &esep__v1__journal_entry__descriptor, say_entry},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS, "rights", &esep__v1__office_rights__descriptor,
     say_rights},
    {ESEP__V1__LOG_TYPE__LOG_TYPE_KEYS_ASKED, "keys_asked", &esep__v1__keys_asked__descriptor,
     say_keys_asked},
};

static bool take(void *context, const struct agent_mail *mail)
{
    struct reading *reading = context;
    struct item item = {.line = "cannot be read by this program"};
    const char *name = "other";
    const char *verdict = mail->type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY
                              ? agent_verdict_name((Esep__V1__Verdict)mail->verdict)
                              : "";
    char at[32];
    esep_arena_reset(&reading->arena);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const ProtobufCMessage *message = NULL;
        if (kinds[i].type != mail->type)
            continue;
        name = kinds[i].name;
        if (esep_unpack(kinds[i].descriptor, mail->bytes, &reading->arena, &message) == ESEP_OK)
            kinds[i].say(&item, message);
    }
    reading->count++;
    if (reading->list == NULL) {
        json_decref(item.fields);
        esep_time_format(mail->accepted_at, reading->zone, at);
        esep_text_line(item.line, sizeof item.line, item.line);
        (void)printf("%llu  %.10s %.5s  %s%s%s  %s", (unsigned long long)mail->number, at, at + 11,
                     name, verdict[0] != 0 ? " " : "", verdict, item.line);
        if (mail->type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY)
            (void)printf(" (log entry %llu)", (unsigned long long)mail->log_index);
        (void)printf("\n");
        return true;
    }
    json_t *value =
        json_pack("{s:I, s:I, s:s, s:o, s:s, s:i, s:I, s:o}", "number", (json_int_t)mail->number,
                  "log_index", (json_int_t)mail->log_index, "type", name, "at",
                  esep_json_time(mail->accepted_at, reading->zone), "verdict", verdict, "office",
                  (int)mail->office, "seq", (json_int_t)mail->seq, "item",
                  item.fields != NULL ? item.fields : json_null());
    if (mail->type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY) {
        const struct esep_hash hash = esep_content_hash(mail->bytes);
        (void)json_object_set_new(value, "content_hash",
                                  agent_json_hex(hash.bytes, ESEP_HASH_BYTES));
    }
    reading->failed = json_array_append_new(reading->list, value) != 0;
    return !reading->failed;
}

int agent_cmd_mail(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"since", 's', "NUMBER", 0, "only items from this number on", 0}, {0}};
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {.options = options,
                                     .parser = parse,
                                     .doc = "Lists what came: plans, reviews, extensions, alerts, "
                                            "verdicts, co-executors' reports.",
                                     .children = children};
    struct words words = {0};
    struct agent_desk desk = {0};
    struct agent_duties duties = {0};
    struct reading reading = {0};
    struct esep_reason reason = {""};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    enum esep_status status = agent_desk_open(&desk, &words.common, AGENT_DESK_READ, &reason);
    if (status == ESEP_OK)
        status = agent_duties_load(&duties, &desk, &reason); /* for the plan's zone */
    agent_duties_say_zones(&duties);
    if (status == ESEP_OK)
        status = esep_arena_init(&reading.arena, SCRATCH_BYTES);
    reading.zone = duties.zone;
    reading.list = words.common.json ? json_array() : NULL;
    if (status == ESEP_OK)
        status = journal_mail(&desk.journal, words.since, take, &reading, &reason);
    int rc = 0;
    if (status != ESEP_OK || reading.failed) {
        json_decref(reading.list);
        rc = agent_fail(status != ESEP_OK ? status : ESEP_NOMEM, &reason);
    } else if (words.common.json) {
        rc =
            esep_json_print(json_pack("{s:s, s:o}", "format", "esep-mail/1", "mail", reading.list));
    }
    esep_arena_done(&reading.arena);
    agent_duties_free(&duties);
    agent_desk_close(&desk);
    return rc;
}
