/* agent/page/form_say.c - a report as a form; see form.h. */
#include "agent/commands.h"
#include "agent/page/form.h"
#include "domain/report.h"

#include <inttypes.h>
#include <stdio.h>

/* "1 234,50"; "" for no figure. */
static json_t *tenge_json(int64_t tiyn)
{
    char digits[24];
    char text[40] = "";
    size_t at = 0;
    if (tiyn <= 0)
        return json_string("");
    const int len = snprintf(digits, sizeof digits, "%" PRId64, tiyn / 100);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            text[at++] = ' ';
        text[at++] = digits[i];
    }
    (void)snprintf(text + at, sizeof text - at, ",%02d", (int)(tiyn % 100));
    return json_string(text);
}

static json_t *indicators_json(const Esep__V1__Report *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->n_indicators; i++) {
        const Esep__V1__Indicator *one = m->indicators[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", one->name, "value", one->value,
                            "unit", one->unit, "target", one->target, "breakdown", one->breakdown));
    }
    return list;
}

static json_t *money_json(const Esep__V1__Report *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->n_money; i++) {
        const Esep__V1__Money *one = m->money[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "source", one->source, "programme",
                            one->programme, "planned", tenge_json(one->planned_tiyn), "allocated",
                            tenge_json(one->allocated_tiyn), "spent", tenge_json(one->spent_tiyn),
                            "within_allotted", (int)one->within_allotted));
    }
    return list;
}

static json_t *attachments_json(const Esep__V1__Report *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->n_attachments; i++) {
        const Esep__V1__AttachmentRef *one = m->attachments[i];
        if (one->sha256.len == ESEP_HASH_BYTES)
            (void)json_array_append_new(
                list, json_pack("{s:s, s:s, s:I, s:o}", "name", one->name, "media_type",
                                one->media_type, "size_bytes", (json_int_t)one->size_bytes,
                                "sha256", agent_json_hex(one->sha256.data, one->sha256.len)));
    }
    return list;
}

static json_t *person_json(const Esep__V1__Person *person)
{
    return person == NULL ? json_null()
                          : json_pack("{s:s, s:s, s:s}", "name", person->name, "position",
                                      person->position, "phone", person->phone);
}

static json_t *hashes_json(const ProtobufCBinaryData *hashes, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (hashes[i].len == ESEP_HASH_BYTES)
            (void)json_array_append_new(list, agent_json_hex(hashes[i].data, hashes[i].len));
    return list;
}

static json_t *access_json(Esep__V1__Access access)
{
    switch (access) {
    case ESEP__V1__ACCESS__ACCESS_OPEN:
        return json_string("open");
    case ESEP__V1__ACCESS__ACCESS_OFFICIAL_USE:
        return json_string("official_use");
    case ESEP__V1__ACCESS__ACCESS_UNSPECIFIED:
    case _ESEP__V1__ACCESS_IS_INT_SIZE:
    default:
        return json_null();
    }
}

json_t *page_form_json(const Esep__V1__Report *m)
{
    json_t *percent = m->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT
                          ? json_integer((json_int_t)m->percent)
                          : json_null();
    json_t *fulfilment = m->fulfilment == ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED
                             ? json_null()
                             : json_string(esep_fulfilment_name(m->fulfilment));
    return json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:s, s:s, s:s, s:b, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o}",
        "fulfilment", fulfilment, "percent", percent, "narrative", m->narrative, "indicators",
        indicators_json(m), "money", money_json(m), "obstacles", m->obstacles, "delay_reasons",
        m->delay_reasons, "next_steps", m->next_steps, "nil_report", (int)m->nil_report,
        "nil_reason", m->nil_reason, "preparer", person_json(m->preparer), "signatory",
        person_json(m->signatory), "outgoing_number", m->outgoing_number, "access",
        access_json(m->access), "attachments", attachments_json(m), "settles",
        hashes_json(m->settles, m->n_settles), "cites", hashes_json(m->cites, m->n_cites));
}
