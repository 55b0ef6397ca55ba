/* agent/page/form_lists.c - the lists of a form: indicators, money, files, other reports. */
#include "agent/page/form_internal.h"

#include <stdio.h>
#include <string.h>

/* A list of objects, as far as a report may have them. */
static size_t count_of(struct form_reading *r, const json_t *list, const char *field, size_t max)
{
    if (!json_is_array(list)) {
        form_wrong_kind(r, field);
        return 0;
    }
    if (json_array_size(list) > max) {
        page_find(r->finds, field, "too_many", NULL, max, false);
        return max;
    }
    return json_array_size(list);
}

static void *item_of(struct form_reading *r, const json_t *value, const char *field, size_t size)
{
    void *made = esep_arena_alloc(r->form->report.arena, size);
    if (made == NULL && r->status == ESEP_OK)
        r->status = esep_because(r->reason, ESEP_LIMIT, "the form is too long");
    if (!json_is_object(value))
        form_wrong_kind(r, field);
    return made;
}

static void take_indicators(struct form_reading *r, const json_t *list)
{
    struct agent_report *report = &r->form->report;
    char at[FORM_PLACE_BYTES];
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
            (texts[j].decimal ? form_take_decimal : form_take_text)(r, member, at, texts[j].text);
        }
        report->indicators[report->message.n_indicators++] = made;
    }
}

static void take_amount(struct form_reading *r, const json_t *value, const char *field,
                        int64_t *ret)
{
    struct esep_reason none = {""};
    const char *text = json_is_null(value) ? NULL : form_text_of(r, value, field);
    if (text == NULL || text[strspn(text, " ")] == 0)
        return;
    if (agent_tenge_parse(text, ret, &none) != ESEP_OK)
        page_find(r->finds, field, text[0] == '-' ? "negative" : "unreadable", text, 0, false);
}

static void take_money(struct form_reading *r, const json_t *list)
{
    struct agent_report *report = &r->form->report;
    char at[FORM_PLACE_BYTES];
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
        form_take_text(r, json_object_get(value, "source"), at, &made->source);
        (void)snprintf(at, sizeof at, "money/%zu/programme", i);
        form_take_text(r, json_object_get(value, "programme"), at, &made->programme);
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

/* Two of one name would be one at the reader's; all of them together have a bound. */
static void attach(struct form_reading *r, const json_t *value, size_t number,
                   const struct esep_hash *hash)
{
    struct agent_report *report = &r->form->report;
    struct esep_reason none = {""};
    char at[FORM_PLACE_BYTES];
    const char *name = form_text_of(r, json_object_get(value, "name"), "attachments");
    const char *type = form_text_of(r, json_object_get(value, "media_type"), "attachments");
    const json_int_t size = json_integer_value(json_object_get(value, "size_bytes"));
    if (name == NULL || type == NULL || size < 0)
        return;
    bool twice = false;
    for (size_t i = 0; i < report->message.n_attachments; i++)
        twice = twice || strcmp(report->attachments[i]->name, name) == 0;
    if (agent_report_attached(report, name, type, (uint64_t)size, hash, &none) == ESEP_OK)
        return;
    (void)snprintf(at, sizeof at, "attachments/%zu", number);
    page_find(r->finds, at, twice ? "bad_name" : "too_long", name,
              twice ? 0 : ESEP_MEDIA_REPORT_BYTES_MAX, false);
}

static void take_attachments(struct form_reading *r, const json_t *list)
{
    struct agent_report *report = &r->form->report;
    const size_t count = count_of(r, list, "attachments", ESEP_MEDIA_REPORT_FILES_MAX);
    report->message.n_attachments = 0;
    for (size_t i = 0; i < count && r->status == ESEP_OK; i++) {
        const json_t *value = json_array_get(list, i);
        const char *text = json_string_value(json_object_get(value, "sha256"));
        struct esep_hash hash;
        if (!json_is_integer(json_object_get(value, "size_bytes")) || text == NULL ||
            esep_unhex(text, hash.bytes, ESEP_HASH_BYTES) != ESEP_OK ||
            !json_is_string(json_object_get(value, "name")) ||
            !json_is_string(json_object_get(value, "media_type"))) {
            form_wrong_kind(r, "attachments");
            return;
        }
        attach(r, value, i, &hash);
    }
}

static void take_hashes(struct form_reading *r, const json_t *list, const char *field, size_t max,
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
            form_wrong_kind(r, field);
            return;
        }
        r->status = settles ? agent_report_settle(report, &hash, r->reason)
                            : agent_report_cite(report, &hash, r->reason);
    }
    *(settles ? &report->drafted.settles : &report->drafted.cites) = *count;
}

bool form_take_list(struct form_reading *r, const char *name, const json_t *value)
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
