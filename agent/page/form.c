/* agent/page/form.c - a form's members into a report; see form.h. */
#include "agent/page/form_internal.h"
#include "base/text.h"
#include "domain/report.h"

#include <stdio.h>
#include <string.h>

void page_form_init(struct page_form *ret, struct esep_arena *arena)
{
    agent_report_init(&ret->report, arena);
}

void form_wrong_kind(struct form_reading *r, const char *field)
{
    if (r->status == ESEP_OK)
        r->status = esep_because(r->reason, ESEP_INVALID, "%.60s: of the wrong kind", field);
}

static char *copy(struct form_reading *r, const char *text)
{
    char *made = esep_arena_str(r->form->report.arena, esep_slice_str(text));
    if (made == NULL && r->status == ESEP_OK)
        r->status = esep_because(r->reason, ESEP_LIMIT, "the form is too long");
    return made;
}

const char *form_text_of(struct form_reading *r, const json_t *value, const char *field)
{
    if (value == NULL)
        return NULL;
    if (!json_is_string(value)) {
        form_wrong_kind(r, field);
        return NULL;
    }
    if (!esep_utf8_valid(esep_slice_str(json_string_value(value)))) {
        page_find(r->finds, field, "not_text", NULL, 0, false);
        return NULL;
    }
    return json_string_value(value);
}

void form_take_text(struct form_reading *r, const json_t *value, const char *field, char **ret)
{
    const char *text = form_text_of(r, value, field);
    char *made = text != NULL ? copy(r, text) : NULL;
    if (made != NULL)
        *ret = made;
}

void form_take_decimal(struct form_reading *r, const json_t *value, const char *field, char **ret)
{
    const char *text = form_text_of(r, value, field);
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

static void take_fulfilment(struct form_reading *r, const json_t *value)
{
    Esep__V1__Report *m = &r->form->report.message;
    const char *text = json_is_null(value) ? "" : form_text_of(r, value, "fulfilment");
    if (text == NULL)
        return;
    if (text[0] == 0)
        m->fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED;
    else if (esep_fulfilment_parse(text, &m->fulfilment) != ESEP_OK)
        page_find(r->finds, "fulfilment", "unknown_value", text, 0, false);
}

static void set_percent(struct form_reading *r, json_int_t percent, const char *typed)
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
static void take_percent(struct form_reading *r, const json_t *value)
{
    Esep__V1__Report *m = &r->form->report.message;
    char typed[24];
    if (json_is_integer(value)) {
        (void)snprintf(typed, sizeof typed, "%lld", (long long)json_integer_value(value));
        set_percent(r, json_integer_value(value), typed);
        return;
    }
    const char *text = json_is_null(value) ? "" : form_text_of(r, value, "percent");
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

static void take_access(struct form_reading *r, const json_t *value)
{
    Esep__V1__Report *m = &r->form->report.message;
    struct esep_reason none = {""};
    const char *text = json_is_null(value) ? "" : form_text_of(r, value, "access");
    if (text == NULL)
        return;
    if (text[0] == 0)
        m->access = ESEP__V1__ACCESS__ACCESS_UNSPECIFIED;
    else if (agent_report_access(&r->form->report, text, &none) != ESEP_OK)
        page_find(r->finds, "access", "unknown_value", text, 0, false);
}

static void take_nil(struct form_reading *r, const json_t *value)
{
    if (json_is_boolean(value))
        r->form->report.message.nil_report = json_is_true(value);
    else
        form_wrong_kind(r, "nil_report");
}

static void take_person(struct form_reading *r, const json_t *value, const char *field,
                        bool signatory)
{
    struct agent_report *report = &r->form->report;
    Esep__V1__Person **place = signatory ? &report->message.signatory : &report->message.preparer;
    Esep__V1__Person *person = signatory ? &report->signatory : &report->preparer;
    char at[FORM_PLACE_BYTES];
    if (!json_is_null(value) && !json_is_object(value)) {
        form_wrong_kind(r, field);
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
        form_take_text(r, json_object_get(value, texts[i].name), at, texts[i].text);
    }
    const bool given = person->name[0] != 0 || person->position[0] != 0 || person->phone[0] != 0;
    *place = given ? person : NULL;
}

static bool take_plain(struct form_reading *r, const char *name, const json_t *value)
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
            form_take_text(r, value, name, texts[i].text);
            return true;
        }
    return false;
}

static bool take_chosen(struct form_reading *r, const char *name, const json_t *value)
{
    static const struct {
        const char *name;
        void (*take)(struct form_reading *r, const json_t *value);
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
    struct form_reading r = {.form = form, .finds = finds, .status = ESEP_OK, .reason = reason};
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
                           form_take_list(&r, order[i], value);
        ESEP_ASSERT(taken);
    }
    if (r.status == ESEP_OK && known != json_object_size(members))
        r.status = esep_because(reason, ESEP_INVALID, "a member that no form has");
    return r.status;
}
