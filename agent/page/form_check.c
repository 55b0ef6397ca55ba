/* agent/page/form_check.c - all that keeps a form from being sent; see form.h. The bounds are
 * report.proto's; that they and the rules are those of lib/domain/report.c, a test says. */
#include "agent/page/form.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define NARRATIVE_MAX 16384
#define LONG_TEXT_MAX 4096
#define SHORT_MAX 32
#define PLACE_BYTES 64

void page_find(json_t *finds, const char *field, const char *code, const char *value, size_t max,
               bool saved)
{
    json_t *params = json_object();
    if (value != NULL) {
        char cut[128];
        esep_text_line(cut, sizeof cut, value);
        (void)json_object_set_new(params, "value", json_string(cut));
    }
    if (max != 0)
        (void)json_object_set_new(params, "max", json_integer((json_int_t)max));
    (void)json_array_append_new(finds, json_pack("{s:s, s:s, s:o, s:b}", "field", field, "code",
                                                 code, "params", params, "saved", (int)saved));
}

struct check {
    json_t *finds;
    const char *list; /* "money": the place of a field is list/number/name; NULL: the name alone */
    size_t number;
};

static void find(const struct check *c, const char *name, const char *code, const char *value,
                 size_t max)
{
    char at[PLACE_BYTES];
    if (c->list != NULL)
        (void)snprintf(at, sizeof at, "%s/%zu/%s", c->list, c->number, name);
    else
        (void)snprintf(at, sizeof at, "%s", name);
    page_find(c->finds, at, code, value, max, true);
}

static void text(const struct check *c, const char *name, const char *value, size_t max,
                 bool required)
{
    if (required && value[0] == 0)
        find(c, name, "required", NULL, 0);
    else if (strlen(value) > max)
        find(c, name, "too_long", NULL, max);
}

/* "-12", "3.50". */
static bool is_decimal(const char *value)
{
    const char *p = value + (*value == '-' ? 1 : 0);
    const size_t whole = strspn(p, "0123456789");
    if (whole == 0 || p[whole] == 0)
        return whole > 0;
    const size_t fraction = p[whole] == '.' ? strspn(p + whole + 1, "0123456789") : 0;
    return fraction > 0 && p[whole + 1 + fraction] == 0;
}

static void decimal(const struct check *c, const char *name, const char *value, bool required)
{
    text(c, name, value, SHORT_MAX, required);
    if (value[0] != 0 && strlen(value) <= SHORT_MAX && !is_decimal(value))
        find(c, name, "unreadable", value, 0);
}

static void check_indicators(struct check *c, const Esep__V1__Report *m)
{
    c->list = "indicators";
    for (c->number = 0; c->number < m->n_indicators; c->number++) {
        const Esep__V1__Indicator *one = m->indicators[c->number];
        text(c, "name", one->name, 256, true);
        decimal(c, "value", one->value, true);
        text(c, "unit", one->unit, SHORT_MAX, false);
        decimal(c, "target", one->target, false);
        text(c, "breakdown", one->breakdown, 128, false);
    }
}

static void check_money(struct check *c, const Esep__V1__Report *m)
{
    c->list = "money";
    for (c->number = 0; c->number < m->n_money; c->number++) {
        const Esep__V1__Money *one = m->money[c->number];
        text(c, "source", one->source, SHORT_MAX, true);
        text(c, "programme", one->programme, SHORT_MAX, false);
        if (one->planned_tiyn < 0)
            find(c, "planned", "negative", NULL, 0);
        if (one->allocated_tiyn < 0)
            find(c, "allocated", "negative", NULL, 0);
        if (one->spent_tiyn < 0)
            find(c, "spent", "negative", NULL, 0);
        if (one->within_allotted && (one->planned_tiyn != 0 || one->allocated_tiyn != 0))
            find(c, "within_allotted", "both_given", NULL, 0);
        if (!one->within_allotted && one->planned_tiyn == 0 && one->allocated_tiyn == 0 &&
            one->spent_tiyn == 0)
            find(c, "planned", "says_nothing", NULL, 0);
    }
}

static void check_person(struct check *c, const char *who, const Esep__V1__Person *person)
{
    char at[3][PLACE_BYTES];
    static const char *const names[] = {"name", "position", "phone"};
    c->list = NULL;
    if (person == NULL)
        return;
    for (size_t i = 0; i < 3; i++)
        (void)snprintf(at[i], sizeof at[i], "%s/%s", who, names[i]);
    text(c, at[0], person->name, 128, false);
    text(c, at[1], person->position, 128, false);
    text(c, at[2], person->phone, SHORT_MAX, false);
}

static void check_attachments(struct check *c, const Esep__V1__Report *m)
{
    c->list = "attachments";
    for (c->number = 0; c->number < m->n_attachments; c->number++) {
        const Esep__V1__AttachmentRef *one = m->attachments[c->number];
        const char *name = one->name;
        text(c, "name", name, 255, true);
        text(c, "media_type", one->media_type, 127, false);
        if (strchr(name, '/') != NULL || strchr(name, '\\') != NULL || strcmp(name, ".") == 0 ||
            strcmp(name, "..") == 0)
            find(c, "name", "bad_name", name, 0);
        if (one->sha256.len != ESEP_HASH_BYTES)
            find(c, "sha256", "unreadable", NULL, 0);
    }
}

void page_form_check(const Esep__V1__Report *m, json_t *finds)
{
    struct check c = {.finds = finds};
    if (m->fulfilment <= ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED ||
        m->fulfilment > ESEP__V1__FULFILMENT__FULFILMENT_NOT_APPLICABLE)
        find(&c, "fulfilment", "required", NULL, 0);
    if (m->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT && m->percent > 100)
        find(&c, "percent", "out_of_range", NULL, 100);
    text(&c, "narrative", m->narrative, NARRATIVE_MAX, false);
    check_indicators(&c, m);
    check_money(&c, m);
    c.list = NULL;
    text(&c, "obstacles", m->obstacles, LONG_TEXT_MAX, false);
    text(&c, "delay_reasons", m->delay_reasons, LONG_TEXT_MAX, false);
    text(&c, "next_steps", m->next_steps, LONG_TEXT_MAX, false);
    text(&c, "nil_reason", m->nil_reason, LONG_TEXT_MAX, m->nil_report);
    if (!m->nil_report && m->nil_reason[0] != 0)
        find(&c, "nil_reason", "no_nil_report", NULL, 0);
    check_person(&c, "preparer", m->preparer);
    check_person(&c, "signatory", m->signatory);
    c.list = NULL;
    text(&c, "outgoing_number", m->outgoing_number, 64, false);
    check_attachments(&c, m);
}
