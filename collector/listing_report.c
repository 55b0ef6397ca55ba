/* collector/listing_report.c - a report as listings and the page show it: see listing.h. */
#include "collector/listing.h"

const char *listing_report_state(const struct views_obligation *o, const struct views_report *r)
{
    if (r->verdict != ESEP__V1__VERDICT__VERDICT_TAKEN &&
        r->verdict != ESEP__V1__VERDICT__VERDICT_CONFLICT)
        return "refused";
    for (size_t i = 0; i < o->listed; i++)
        if (o->heads[i].index == r->index)
            return o->head_count > 1 ? "conflict" : esep_submission_name(o->heads[i].submission);
    return esep_submission_name(o->head_count == 0 ? ESEP_SUBMISSION_WITHDRAWN
                                                   : ESEP_SUBMISSION_SUPERSEDED);
}

static json_t *money_json(const Esep__V1__Report *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_money; i++) {
        const Esep__V1__Money *m = r->money[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:b}", "source", m->source, "programme",
                            m->programme, "planned_tiyn", (json_int_t)m->planned_tiyn,
                            "allocated_tiyn", (json_int_t)m->allocated_tiyn, "spent_tiyn",
                            (json_int_t)m->spent_tiyn, "within_allotted", (int)m->within_allotted));
    }
    return list;
}

static json_t *indicators_json(const Esep__V1__Report *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_indicators; i++) {
        const Esep__V1__Indicator *n = r->indicators[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", n->name,
                                                    "value", n->value, "unit", n->unit, "target",
                                                    n->target, "breakdown", n->breakdown));
    }
    return list;
}

/* What other entries are named by; of another length only where the entry was refused for it. */
static json_t *name_json(ProtobufCBinaryData name)
{
    char hex[2 * ESEP_HASH_BYTES + 1];
    if (name.len != ESEP_HASH_BYTES)
        return json_null();
    esep_hex(name.data, name.len, hex);
    return json_string(hex);
}

static json_t *names_json(const ProtobufCBinaryData *names, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, name_json(names[i]));
    return list;
}

static json_t *attachments_json(const Esep__V1__Report *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_attachments; i++) {
        const Esep__V1__AttachmentRef *a = r->attachments[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:o}", "name", a->name,
                                                    "media_type", a->media_type, "size_bytes",
                                                    (json_int_t)a->size_bytes, "sha256",
                                                    name_json(a->sha256)));
    }
    return list;
}

json_t *listing_report_json(const Esep__V1__Report *r)
{
    json_t *value =
        json_pack("{s:s, s:i, s:s, s:o, s:s, s:o, s:o, s:s, s:s, s:s, s:b, s:s, s:s}", "obligation",
                  r->obligation, "revision", (int)r->revision, "fulfilment",
                  esep_fulfilment_name(r->fulfilment), "percent",
                  r->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT ? json_integer(r->percent)
                                                                         : json_null(),
                  "narrative", r->narrative, "indicators", indicators_json(r), "money",
                  money_json(r), "obstacles", r->obstacles, "delay_reasons", r->delay_reasons,
                  "next_steps", r->next_steps, "nil_report", (int)r->nil_report, "nil_reason",
                  r->nil_reason, "outgoing_number", r->outgoing_number);
    (void)json_object_set_new(value, "builds_on", name_json(r->builds_on));
    (void)json_object_set_new(value, "settles", names_json(r->settles, r->n_settles));
    (void)json_object_set_new(value, "cites", names_json(r->cites, r->n_cites));
    (void)json_object_set_new(value, "attachments", attachments_json(r));
    if (r->preparer != NULL)
        (void)json_object_set_new(
            value, "preparer",
            json_pack("{s:s, s:s}", "name", r->preparer->name, "position", r->preparer->position));
    if (r->signatory != NULL)
        (void)json_object_set_new(value, "signatory",
                                  json_pack("{s:s, s:s}", "name", r->signatory->name, "position",
                                            r->signatory->position));
    return value;
}
