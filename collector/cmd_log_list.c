/* collector/cmd_log_list.c - `log list`: what was done, when, and by whom, entry by entry.
 *
 * One line for each entry: its number, its hour, its kind, who, about what. What an office wrote is
 * told by its head; `reports` tells the rest. An entry that cannot be read is told as such: nothing
 * is left out. Without --after it is the last ones, with it those that follow.
 */
#include "base/arena.h"
#include "collector/commands.h"
#include "collector/rights.h"
#include "esep/v1/report.pb-c.h"
#include "io/table.h"
#include "wire/unpack.h"

#include <stdlib.h>
#include <sysexits.h>

enum { STEP = 1024, MESSAGE_BYTES = 8 << 20, WHAT_MAX = 400 };

/* Of one entry, for people; who points into the message. */
struct said {
    const char *who;
    char what[WHAT_MAX];
};

#define SAY(s, ...) (void)snprintf((s)->what, sizeof(s)->what, __VA_ARGS__)

static void say_entry(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__JournalEntry *m = (const Esep__V1__JournalEntry *)message;
    if (m->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        SAY(s, "report, revision %u of %s", m->report->revision, m->report->obligation);
    else if (m->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL)
        SAY(s, "withdrawal of %s", m->withdrawal->obligation);
    else if (m->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST)
        SAY(s, "asks for time until %s: %s", m->extension_request->until,
            m->extension_request->obligation);
}

static void say_plan(const ProtobufCMessage *message, struct said *s)
{
    char day[11];
    const Esep__V1__PlanChange *m = (const Esep__V1__PlanChange *)message;
    esep_day_format(m->effective_day, day);
    s->who = m->actor;
    SAY(s, "a plan, from %s", day);
}

static void say_code(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__CodeMade *m = (const Esep__V1__CodeMade *)message;
    s->who = m->actor;
    SAY(s, "a code for an office of %s", m->body);
}

static void say_key(const ProtobufCMessage *message, struct said *s)
{
    static const char *const states[] = {"", "pending", "active", "revoked"};
    const Esep__V1__KeyChange *m = (const Esep__V1__KeyChange *)message;
    s->who = m->actor;
    SAY(s, "office %u of %s: %s%s%s", m->office, m->body,
        m->epoch != 0                                         ? "new keys"
        : (size_t)m->state < sizeof states / sizeof states[0] ? states[m->state]
                                                              : "?",
        m->reason[0] != '\0' ? ": " : "", m->reason);
}

static void say_review(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__Review *m = (const Esep__V1__Review *)message;
    s->who = m->actor;
    SAY(s, "%s entry %llu: %s", m->accept ? "accepted" : "returned",
        (unsigned long long)m->report_index, m->obligation);
}

static void say_extension(const ProtobufCMessage *message, struct said *s)
{
    char day[11] = "";
    const Esep__V1__Extension *m = (const Esep__V1__Extension *)message;
    s->who = m->actor;
    if (m->granted)
        esep_day_format(m->until_day, day);
    SAY(s, "%s%s: %s", m->granted ? "extended until " : "no extension", day, m->obligation);
}

static void say_control(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__Control *m = (const Esep__V1__Control *)message;
    s->who = m->actor;
    SAY(s, "%s control: %s", m->removed ? "taken off" : "back on", m->obligation);
}

static void say_alert(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__Alert *m = (const Esep__V1__Alert *)message;
    SAY(s, "%zu things to %s", m->n_items, m->body);
}

static void say_delivery(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__Delivery *m = (const Esep__V1__Delivery *)message;
    SAY(s, "entry %llu %s", (unsigned long long)m->alert_index,
        m->delivered ? "delivered" : "given up");
}

static void say_alarm(const ProtobufCMessage *message, struct said *s)
{
    SAY(s, "%s", ((const Esep__V1__Alarm *)message)->text);
}

static void say_account(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__Account *m = (const Esep__V1__Account *)message;
    const bool stands_in = m->substitute_for[0] != '\0';
    s->who = m->actor;
    SAY(s, "%s: %s%s%s%s", m->name, collector_role_name(m->role),
        m->state == ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_CLOSED ? ", closed" : "",
        stands_in ? ", stands in for " : "", m->substitute_for);
}

static void say_credential(const ProtobufCMessage *message, struct said *s)
{
    static const char *const acts[] = {"",
                                       "invited",
                                       "a password",
                                       "a second factor",
                                       "no second factor any more",
                                       "a calendar's address",
                                       "no calendar's address any more"};
    char until[32] = "";
    const Esep__V1__Credential *m = (const Esep__V1__Credential *)message;
    s->who = m->actor;
    if (m->until_us != 0)
        esep_time_format(m->until_us, NULL, until);
    SAY(s, "%s: %s%s%s", m->account,
        (size_t)m->act < sizeof acts / sizeof acts[0] ? acts[m->act] : "?",
        until[0] != '\0' ? " until " : "", until);
}

static void say_evidence(const ProtobufCMessage *message, struct said *s)
{
    char hex[2 * ESEP_HASH_BYTES + 1] = "";
    const Esep__V1__Evidence *m = (const Esep__V1__Evidence *)message;
    for (size_t i = 0; i < m->sha256.len && i < ESEP_HASH_BYTES; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", m->sha256.data[i]);
    SAY(s, "file %s of %llu bytes is here", hex, (unsigned long long)m->size_bytes);
}

static void say_generation(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__Generation *m = (const Esep__V1__Generation *)message;
    SAY(s, "put back from a backup: generation %llu goes on from the first %llu entries of %llu",
        (unsigned long long)m->number, (unsigned long long)m->begins,
        (unsigned long long)m->previous);
}

static void say_rights(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__OfficeRights *m = (const Esep__V1__OfficeRights *)message;
    char bodies[WHAT_MAX / 3] = "";
    char plans[WHAT_MAX / 3] = "";
    s->who = m->actor;
    for (size_t i = 0; i < m->n_bodies; i++)
        (void)snprintf(bodies + strlen(bodies), sizeof bodies - strlen(bodies), ", %s",
                       m->bodies[i]);
    for (size_t i = 0; i < m->n_plans; i++)
        (void)snprintf(plans + strlen(plans), sizeof plans - strlen(plans), "%s%s",
                       i > 0 ? ", " : " in ", m->plans[i]);
    SAY(s, "office %u reports for its own body%.150s%.150s%s%s", m->office, bodies,
        m->n_plans > 0 ? plans : " in all plans", m->reason[0] != '\0' ? ": " : "", m->reason);
}

static void say_keys_asked(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__KeysAsked *m = (const Esep__V1__KeysAsked *)message;
    s->who = m->actor;
    SAY(s, "office %u is to renew its keys%s%s", m->office, m->reason[0] != '\0' ? ": " : "",
        m->reason);
}

static void say_log_key(const ProtobufCMessage *message, struct said *s)
{
    const Esep__V1__LogKey *m = (const Esep__V1__LogKey *)message;
    char hex[2 * ESEP_KEY_BYTES + 1] = "?";
    if (m->new_key.len == ESEP_KEY_BYTES)
        esep_hex(m->new_key.data, ESEP_KEY_BYTES, hex);
    SAY(s, "from the head of %llu entries on the log is signed by %s", (unsigned long long)m->size,
        hex);
}

static const struct kind {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
    void (*say)(const ProtobufCMessage *message, struct said *said);
} kinds[] = {
    [ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS] = {"genesis", NULL, NULL},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY] = {"entry", &esep__v1__journal_entry__descriptor,
                                            say_entry},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT] = {"commitment", NULL, NULL},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN] = {"plan", &esep__v1__plan_change__descriptor, say_plan},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_CODE] = {"code", &esep__v1__code_made__descriptor, say_code},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_KEY] = {"key", &esep__v1__key_change__descriptor, say_key},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW] = {"review", &esep__v1__review__descriptor, say_review},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION] = {"extension", &esep__v1__extension__descriptor,
                                                say_extension},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL] = {"control", &esep__v1__control__descriptor,
                                              say_control},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT] = {"alert", &esep__v1__alert__descriptor, say_alert},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_DELIVERY] = {"delivery", &esep__v1__delivery__descriptor,
                                               say_delivery},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_MAIL_ACK] = {"mail_ack", NULL, NULL},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_PRESENCE] = {"presence", NULL, NULL},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_ALARM] = {"alarm", &esep__v1__alarm__descriptor, say_alarm},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_ACCOUNT] = {"account", &esep__v1__account__descriptor,
                                              say_account},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_CREDENTIAL] = {"credential", &esep__v1__credential__descriptor,
                                                 say_credential},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_EVIDENCE] = {"evidence", &esep__v1__evidence__descriptor,
                                               say_evidence},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_GENERATION] = {"generation", &esep__v1__generation__descriptor,
                                                 say_generation},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_LOG_KEY] = {"log_key", &esep__v1__log_key__descriptor,
                                              say_log_key},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS] = {"rights", &esep__v1__office_rights__descriptor,
                                             say_rights},
    [ESEP__V1__LOG_TYPE__LOG_TYPE_KEYS_ASKED] = {"keys_asked", &esep__v1__keys_asked__descriptor,
                                                 say_keys_asked},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };
_Static_assert(KINDS == ESEP_LEAF_TYPE_LAST + 1, "each type of entry has its words");

struct listing {
    const struct log_list *how;
    struct esep_arena arena;
    json_t *items; /* the oldest first */
    bool full;
};

static size_t kind_named(const char *name)
{
    size_t i = 1;
    while (i < KINDS && (kinds[i].name == NULL || strcmp(kinds[i].name, name) != 0))
        i++;
    return i;
}

static bool take(void *context, uint64_t index, struct esep_slice leaf_bytes,
                 struct esep_slice body)
{
    struct listing *l = context;
    struct said said = {.who = NULL};
    struct esep_leaf leaf;
    const ProtobufCMessage *message = NULL;
    const bool readable = esep_leaf_unpack(leaf_bytes, &leaf) == ESEP_OK;
    if (l->how->kind != NULL && (!readable || strcmp(kinds[leaf.type].name, l->how->kind) != 0))
        return true;
    const struct kind *kind = readable ? &kinds[leaf.type] : NULL;
    esep_arena_reset(&l->arena);
    if (kind == NULL)
        SAY(&said, "cannot be read: see log verify");
    else if (kind->descriptor != NULL &&
             esep_unpack(kind->descriptor, body, &l->arena, &message) == ESEP_OK)
        kind->say(message, &said);
    else if (kind->descriptor != NULL)
        SAY(&said, "cannot be read");
    const bool named = said.who != NULL && said.who[0] != '\0';
    json_t *item = json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:s}", "log_index", collector_json_u64(index), "at",
        readable ? esep_json_time(leaf.accepted_at, NULL) : json_null(), "type",
        kind != NULL ? kind->name : "?", "who", named ? json_string(said.who) : json_null(),
        "office", readable && leaf.office != 0 ? json_integer(leaf.office) : json_null(), "what",
        said.what);
    if (json_array_size(l->items) == l->how->count && !l->how->from_start)
        (void)json_array_remove(l->items, 0);
    (void)json_array_append_new(l->items, item);
    l->full = l->how->from_start && json_array_size(l->items) == l->how->count;
    return !l->full;
}

static void print_table(const json_t *items)
{
    static const char *const heads[] = {"entry", "at", "type", "who", "what", NULL};
    struct esep_table table;
    esep_table_init(&table, heads);
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const char *who = json_string_value(json_object_get(item, "who"));
        const char *at = json_string_value(json_object_get(item, "at"));
        const json_int_t office = json_integer_value(json_object_get(item, "office"));
        esep_table_cell(&table, "%lld",
                        (long long)json_integer_value(json_object_get(item, "log_index")));
        esep_table_cell(&table, "%s", at != NULL ? at : "-");
        esep_table_cell(&table, "%s", json_string_value(json_object_get(item, "type")));
        if (who == NULL && office != 0)
            esep_table_cell(&table, "office %lld", (long long)office);
        else
            esep_table_cell(&table, "%s", who != NULL ? who : "-");
        esep_table_cell(&table, "%s", json_string_value(json_object_get(item, "what")));
    }
    if (esep_table_print(&table, stdout) != ESEP_OK)
        (void)fprintf(stderr, "esep-collector: no memory for the table\n");
    esep_table_done(&table);
}

int collector_log_list(struct collector_log *log, const struct log_list *how, bool json)
{
    struct listing l = {.how = how, .items = json_array()};
    struct esep_reason reason = {""};
    uint64_t size = 0;
    if (how->kind != NULL && kind_named(how->kind) == KINDS) {
        (void)fprintf(
            stderr, "esep-collector log list: no entry is of type '%.40s'; there are:", how->kind);
        for (size_t i = 1; i < KINDS; i++)
            if (kinds[i].name != NULL)
                (void)fprintf(stderr, " %s", kinds[i].name);
        (void)fputc('\n', stderr);
        json_decref(l.items);
        return EX_USAGE;
    }
    enum esep_status status = esep_arena_init(&l.arena, MESSAGE_BYTES);
    if (status == ESEP_OK)
        status = log->ops->size(log, &size);
    /* All of one type may lie anywhere; else only the last can be wanted. */
    uint64_t at = how->from_start                          ? how->after + 1
                  : how->kind == NULL && size > how->count ? size - how->count
                                                           : 0;
    for (; status == ESEP_OK && at < size && !l.full; at += STEP)
        status = log->ops->read(log, at, size - at < STEP ? size - at : STEP, take, &l, &reason);
    int rc = 0;
    if (status != ESEP_OK)
        rc = collector_fail(status, &reason);
    else if (json)
        rc = esep_json_print(json_pack("{s:s, s:o, s:O}", "format", "esep-log/1", "size",
                                       collector_json_u64(size), "entries", l.items));
    else
        print_table(l.items);
    json_decref(l.items);
    esep_arena_done(&l.arena);
    return rc;
}
