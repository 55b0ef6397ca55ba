/* agent/page/form.c - a form's members into a report; see form.h. */
#include "agent/page/form.h"

#include "base/text.h"
#include "domain/report.h"

#include <stdio.h>
#include <string.h>

#define PLACE_BYTES 64

struct reading {
    struct page_form *form;
    json_t *finds;
    enum esep_status status;
    struct esep_reason *reason;
};

void page_form_init(struct page_form *ret, struct esep_arena *arena)
{
    agent_report_init(&ret->report, arena);
    ret->report.message.attachments = ret->attachments;
}

static void wrong_kind(struct reading *r, const char *field)
{
    if (r->status == ESEP_OK)
        r->status = esep_because(r->reason, ESEP_INVALID, "%.60s: of the wrong kind", field);
}

static char *copy(struct reading *r, const char *text)
{
    char *made = esep_arena_str(r->form->report.arena, esep_slice_str(text));
    if (made == NULL && r->status == ESEP_OK)
        r->status = esep_because(r->reason, ESEP_LIMIT, "the form is too long");
    return made;
}

/* A text of a member; NULL: not there, of the wrong kind, or no text that a report may hold. */
static const char *text_of(struct reading *r, const json_t *value, const char *field)
{
    if (value == NULL)
        return NULL;
    if (!json_is_string(value)) {
        wrong_kind(r, field);
        return NULL;
    }
    if (!esep_utf8_valid(esep_slice_str(json_string_value(value)))) {
        page_find(r->finds, field, "not_text", NULL, 0, false);
        return NULL;
    }
    return json_string_value(value);
}

static void take_text(struct reading *r, const json_t *value, const char *field, char **ret)
{
    const char *text = text_of(r, value, field);
    char *made = text != NULL ? copy(r, text) : NULL;
    if (made != NULL)
        *ret = made;
}

/* "12,5" and "1 234.5" as the wire has them; what is no number stays as it was typed. */
static void take_decimal(struct reading *r, const json_t *value, const char *field, char **ret)
{
    const char *text = text_of(r, value, field);
    char *made = text != NULL ? copy(r, text) : NULL;
    if (made == NULL)
        return;
    char *to = made;
    for (const char *p = made; *p != 0; p++)
        if (*p != ' ')
            *to++ = (char)(*p == ',' ? '.' : *p);
    *to = 0;
    if (made[0] == 0 || made[strspn(made, "-0123456789.")] != 0)
        made = copy(r, text);
    if (made != NULL)
        *ret = made;
}

static void take_fulfilment(struct reading *r, const json_t *value)
{
    Esep__V1__Report *m = &r->form->report.message;
    const char *text = json_is_null(value) ? "" : text_of(r, value, "fulfilment");
    if (text == NULL)
        return;
    if (text[0] == 0)
        m->fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED;
    else if (esep_fulfilment_parse(text, &m->fulfilment) != ESEP_OK)
        page_find(r->finds, "fulfilment", "unknown_value", text, 0, false);
}

static void set_percent(struct reading *r, json_int_t percent, const char *typed)
{
    Esep__V1__Report *m = &r->form->report.message;
    if (percent < 0 || percent > 100) {
        page_find(r->finds, "percent", "out_of_range", typed, 100, false);
        return;
    }
    m->progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
    m->percent = (uint32_t)percent;
}

/* null and "" are no data, which is not 0 %. */
static void take_percent(struct reading *r, const json_t *value)
{
    Esep__V1__Report *m = &r->form->report.message;
    char typed[24];
    if (json_is_integer(value)) {
        (void)snprintf(typed, sizeof typed, "%lld", (long long)json_integer_value(value));
        set_percent(r, json_integer_value(value), typed);
        return;
    }
    const char *text = json_is_null(value) ? "" : text_of(r, value, "percent");
    if (text == NULL)
        return;
    const size_t digits = strspn(text, "0123456789");
    const char *behind = text + digits + strspn(text + digits, " %");
    if (text[0] == 0)
        m->progress_case = ESEP__V1__REPORT__PROGRESS__NOT_SET;
    else if (digits == 0 || *behind != 0)
        page_find(r->finds, "percent", "unreadable", text, 100, false);
    else
        set_percent(r, digits > 3 ? 1000 : (json_int_t)strtoul(text, NULL, 10), text);
}

static void take_access(struct reading *r, const json_t *value)
{
    Esep__V1__Report *m = &r->form->report.message;
    struct esep_reason none = {""};
    const char *text = json_is_null(value) ? "" : text_of(r, value, "access");
    if (text == NULL)
        return;
    if (text[0] == 0)
        m->access = ESEP__V1__ACCESS__ACCESS_UNSPECIFIED;
    else if (agent_report_access(&r->form->report, text, &none) != ESEP_OK)
        page_find(r->finds, "access", "unknown_value", text, 0, false);
}

static void take_nil(struct reading *r, const json_t *value)
{
    if (json_is_boolean(value))
        r->form->report.message.nil_report = json_is_true(value);
    else
        wrong_kind(r, "nil_report");
}

static void take_person(struct reading *r, const json_t *value, const char *field, bool signatory)
{
    struct agent_report *report = &r->form->report;
    Esep__V1__Person **place = signatory ? &report->message.signatory : &report->message.preparer;
    Esep__V1__Person *person = signatory ? &report->signatory : &report->preparer;
    char at[PLACE_BYTES];
    if (!json_is_null(value) && !json_is_object(value)) {
        wrong_kind(r, field);
        return;
    }
    if (*place != NULL && *place != person)
        *person = **place;
    else if (*place == NULL)
        esep__v1__person__init(person);
    if (json_is_null(value))
        esep__v1__person__init(person);
    const struct {
        const char *name;
        char **text;
    } texts[] = {
        {"name", &person->name}, {"position", &person->position}, {"phone", &person->phone}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        (void)snprintf(at, sizeof at, "%s/%s", field, texts[i].name);
        take_text(r, json_object_get(value, texts[i].name), at, texts[i].text);
    }
    const bool given = person->name[0] != 0 || person->position[0] != 0 || person->phone[0] != 0;
    *place = given ? person : NULL;
}

/* A list of objects, as far as a report may have them. */
static size_t count_of(struct reading *r, const json_t *list, const char *field, size_t max)
{
    if (!json_is_array(list)) {
        wrong_kind(r, field);
        return 0;
    }
    if (json_array_size(list) > max) {
        page_find(r->finds, field, "too_many", NULL, max, false);
        return max;
    }
    return json_array_size(list);
}

static void *item_of(struct reading *r, const json_t *value, const char *field, size_t size)
{
    void *made = esep_arena_alloc(r->form->report.arena, size);
    if (made == NULL && r->status == ESEP_OK)
        r->status = esep_because(r->reason, ESEP_LIMIT, "the form is too long");
    if (!json_is_object(value))
        wrong_kind(r, field);
    return made;
}

static void take_indicators(struct reading *r, const json_t *list)
{
    struct agent_report *report = &r->form->report;
    char at[PLACE_BYTES];
    const size_t count = count_of(r, list, "indicators", AGENT_INDICATORS_MAX);
    report->message.n_indicators = 0;
    for (size_t i = 0; i < count && r->status == ESEP_OK; i++) {
        const json_t *value = json_array_get(list, i);
        Esep__V1__Indicator *made = item_of(r, value, "indicators", sizeof *made);
        if (made == NULL)
            return;
        esep__v1__indicator__init(made);
        const struct {
            const char *name;
            char **text;
            bool decimal;
        } texts[] = {{"name", &made->name, false},
                     {"value", &made->value, true},
                     {"unit", &made->unit, false},
                     {"target", &made->target, true},
                     {"breakdown", &made->breakdown, false}};
        for (size_t j = 0; j < sizeof texts / sizeof *texts; j++) {
            (void)snprintf(at, sizeof at, "indicators/%zu/%s", i, texts[j].name);
            const json_t *member = json_object_get(value, texts[j].name);
            (texts[j].decimal ? take_decimal : take_text)(r, member, at, texts[j].text);
        }
        report->indicators[report->message.n_indicators++] = made;
    }
}

static void take_amount(struct reading *r, const json_t *value, const char *field, int64_t *ret)
{
    struct esep_reason none = {""};
    const char *text = json_is_null(value) ? NULL : text_of(r, value, field);
    if (text == NULL || text[strspn(text, " ")] == 0)
        return;
    if (agent_tenge_parse(text, ret, &none) != ESEP_OK)
        page_find(r->finds, field, text[0] == '-' ? "negative" : "unreadable", text, 0, false);
}

static void take_money(struct reading *r, const json_t *list)
{
    struct agent_report *report = &r->form->report;
    char at[PLACE_BYTES];
    const size_t count = count_of(r, list, "money", AGENT_MONEY_MAX);
    report->message.n_money = 0;
    for (size_t i = 0; i < count && r->status == ESEP_OK; i++) {
        const json_t *value = json_array_get(list, i);
        Esep__V1__Money *made = item_of(r, value, "money", sizeof *made);
        if (made == NULL)
            return;
        esep__v1__money__init(made);
        made->within_allotted = json_is_true(json_object_get(value, "within_allotted"));
        (void)snprintf(at, sizeof at, "money/%zu/source", i);
        take_text(r, json_object_get(value, "source"), at, &made->source);
        (void)snprintf(at, sizeof at, "money/%zu/programme", i);
        take_text(r, json_object_get(value, "programme"), at, &made->programme);
        const struct {
            const char *name;
            int64_t *tiyn;
        } amounts[] = {{"planned", &made->planned_tiyn},
                       {"allocated", &made->allocated_tiyn},
                       {"spent", &made->spent_tiyn}};
        for (size_t j = 0; j < sizeof amounts / sizeof *amounts; j++) {
            (void)snprintf(at, sizeof at, "money/%zu/%s", i, amounts[j].name);
            take_amount(r, json_object_get(value, amounts[j].name), at, amounts[j].tiyn);
        }
        report->money[report->message.n_money++] = made;
    }
}

static void take_attachments(struct reading *r, const json_t *list)
{
    struct page_form *form = r->form;
    const size_t count = count_of(r, list, "attachments", PAGE_ATTACHMENTS_MAX);
    form->report.message.attachments = form->attachments;
    form->report.message.n_attachments = 0;
    for (size_t i = 0; i < count && r->status == ESEP_OK; i++) {
        const json_t *value = json_array_get(list, i);
        const json_t *size = json_object_get(value, "size_bytes");
        const char *hash = json_string_value(json_object_get(value, "sha256"));
        Esep__V1__AttachmentRef *made = item_of(r, value, "attachments", sizeof *made);
        uint8_t *bytes = esep_arena_alloc(form->report.arena, ESEP_HASH_BYTES);
        if (made == NULL || bytes == NULL)
            return;
        esep__v1__attachment_ref__init(made);
        take_text(r, json_object_get(value, "name"), "attachments", &made->name);
        take_text(r, json_object_get(value, "media_type"), "attachments", &made->media_type);
        if (!json_is_integer(size) || json_integer_value(size) < 0 || hash == NULL ||
            esep_unhex(hash, bytes, ESEP_HASH_BYTES) != ESEP_OK) {
            wrong_kind(r, "attachments");
            return;
        }
        made->size_bytes = (uint64_t)json_integer_value(size);
        made->sha256 = (ProtobufCBinaryData){.len = ESEP_HASH_BYTES, .data = bytes};
        form->attachments[form->report.message.n_attachments++] = made;
    }
}

static void take_hashes(struct reading *r, const json_t *list, const char *field, size_t max,
                        bool settles)
{
    struct agent_report *report = &r->form->report;
    size_t *count = settles ? &report->message.n_settles : &report->message.n_cites;
    const size_t given = count_of(r, list, field, max);
    *count = 0;
    for (size_t i = 0; i < given && r->status == ESEP_OK; i++) {
        struct esep_hash hash;
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL || esep_unhex(text, hash.bytes, sizeof hash.bytes) != ESEP_OK) {
            wrong_kind(r, field);
            return;
        }
        r->status = settles ? agent_report_settle(report, &hash, r->reason)
                            : agent_report_cite(report, &hash, r->reason);
    }
    *(settles ? &report->drafted.settles : &report->drafted.cites) = *count;
}

static bool take_plain(struct reading *r, const char *name, const json_t *value)
{
    Esep__V1__Report *m = &r->form->report.message;
    const struct {
        const char *name;
        char **text;
    } texts[] = {{"narrative", &m->narrative},         {"obstacles", &m->obstacles},
                 {"delay_reasons", &m->delay_reasons}, {"next_steps", &m->next_steps},
                 {"nil_reason", &m->nil_reason},       {"outgoing_number", &m->outgoing_number}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0) {
            take_text(r, value, name, texts[i].text);
            return true;
        }
    return false;
}

static bool take_list(struct reading *r, const char *name, const json_t *value)
{
    if (strcmp(name, "indicators") == 0)
        take_indicators(r, value);
    else if (strcmp(name, "money") == 0)
        take_money(r, value);
    else if (strcmp(name, "attachments") == 0)
        take_attachments(r, value);
    else if (strcmp(name, "settles") == 0)
        take_hashes(r, value, name, AGENT_SETTLES_MAX, true);
    else if (strcmp(name, "cites") == 0)
        take_hashes(r, value, name, AGENT_CITES_MAX, false);
    else
        return false;
    return true;
}

static bool take_chosen(struct reading *r, const char *name, const json_t *value)
{
    static const struct {
        const char *name;
        void (*take)(struct reading *r, const json_t *value);
    } chosen[] = {{"fulfilment", take_fulfilment},
                  {"percent", take_percent},
                  {"access", take_access},
                  {"nil_report", take_nil}};
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++)
        if (strcmp(name, chosen[i].name) == 0) {
            chosen[i].take(r, value);
            return true;
        }
    const bool signatory = strcmp(name, "signatory") == 0;
    if (signatory || strcmp(name, "preparer") == 0)
        take_person(r, value, name, signatory);
    return signatory || strcmp(name, "preparer") == 0;
}

enum esep_status page_form_read(struct page_form *form, const json_t *members, json_t *finds,
                                struct esep_reason *reason)
{
    struct reading r = {.form = form, .finds = finds, .status = ESEP_OK, .reason = reason};
    static const char *const order[] = {
        "fulfilment",      "percent",    "narrative",   "indicators", "money",    "obstacles",
        "delay_reasons",   "next_steps", "nil_report",  "nil_reason", "preparer", "signatory",
        "outgoing_number", "access",     "attachments", "settles",    "cites"};
    size_t known = 0;
    for (size_t i = 0; r.status == ESEP_OK && i < sizeof order / sizeof *order; i++) {
        const json_t *value = json_object_get(members, order[i]);
        if (value == NULL)
            continue;
        known++;
        const bool taken = take_chosen(&r, order[i], value) || take_plain(&r, order[i], value) ||
                           take_list(&r, order[i], value);
        ESEP_ASSERT(taken);
    }
    if (r.status == ESEP_OK && known != json_object_size(members))
        r.status = esep_because(reason, ESEP_INVALID, "a member that no form has");
    return r.status;
}
