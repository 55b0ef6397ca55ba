/* collector/export_json.c - the consolidated report for machines, "esep-consolidated/1"; see
 * export.h and docs/json.md. Written piece by piece: one action's reports are in memory. */
#include "collector/export.h"
#include "collector/export_paper.h"
#include "collector/listing.h"
#include "io/json.h"

struct writer {
    const struct consolidated *c;
    FILE *out;
    struct esep_arena arena;
    struct esep_reason *reason;
    bool failed; /* a piece found no memory, or out takes no more */
};

static void put(struct writer *w, const char *before, json_t *value)
{
    if (value == NULL || fputs(before, w->out) < 0 ||
        json_dumpf(value, w->out, JSON_PRESERVE_ORDER | JSON_ENCODE_ANY) != 0)
        w->failed = true;
    json_decref(value);
}

static json_t *text_json(const Esep__V1__Text *text)
{
    if (text == NULL)
        return json_null();
    return json_pack("{s:s, s:s, s:s}", "kk", text->kk, "ru", text->ru, "en", text->en);
}

static json_t *day_json(esep_day day)
{
    char text[11];
    esep_day_format(day, text);
    return json_string(text);
}

static json_t *rate_json(struct consolidated_rate rate)
{
    return rate.whole > 0 ? json_real((double)rate.part / (double)rate.whole) : json_null();
}

static json_t *tally_json(const struct consolidated_tally *t)
{
    json_t *value = json_pack("{s:I}", "obligations", (json_int_t)t->all);
    for (int i = ESEP_TIMELINESS_NOT_DUE; i <= ESEP_TIMELINESS_OVERDUE; i++)
        (void)json_object_set_new(value, esep_timeliness_name((enum esep_timeliness)i),
                                  json_integer((json_int_t)t->timely[i]));
    (void)json_object_set_new(value, "accepted", json_integer((json_int_t)t->accepted));
    (void)json_object_set_new(value, "returned", json_integer((json_int_t)t->returned));
    (void)json_object_set_new(value, "to_review", json_integer((json_int_t)t->to_review));
    (void)json_object_set_new(value, "removed", json_integer((json_int_t)t->removed));
    (void)json_object_set_new(value, "on_time_rate", rate_json(consolidated_on_time(t)));
    (void)json_object_set_new(value, "completeness", rate_json(consolidated_complete(t)));
    return value;
}

static json_t *tallies_json(const struct consolidated_tally tallies[CONSOLIDATED_KINDS])
{
    json_t *value = json_object();
    (void)json_object_set_new(value, "all", tally_json(&tallies[0]));
    for (int kind = ESEP_OBLIGATION_FULFILMENT; kind < CONSOLIDATED_KINDS; kind++)
        (void)json_object_set_new(value, esep_obligation_kind_name((enum esep_obligation_kind)kind),
                                  tally_json(&tallies[kind]));
    return value;
}

static void put_head(struct writer *w)
{
    const struct consolidated *c = w->c;
    char root[65];
    char id[65];
    esep_hex(c->log_root.bytes, ESEP_HASH_BYTES, root);
    esep_hex(c->source.log->log_id.bytes, ESEP_HASH_BYTES, id);
    put(w, "{\"format\": ", json_string("esep-consolidated/1"));
    put(w, ",\n\"as_of\": ", esep_json_time(c->as_of, c->zone));
    put(w, ",\n\"log\": ",
        json_pack("{s:s, s:I, s:s}", "id", id, "size", (json_int_t)c->log_size, "root", root));
    put(w, ",\n\"plan\": ",
        json_pack("{s:s, s:i, s:o, s:s, s:s}", "id", c->plan->id, "revision",
                  (int)c->plan->revision, "title", text_json(c->plan->title), "zone", c->plan->zone,
                  "secretariat", c->plan->secretariat));
    put(w, ",\n\"year\": ", json_integer(c->year));
    put(w, ",\n\"totals\": ",
        json_pack("{s:o, s:o, s:I}", "bound", tallies_json(c->bound), "upon_agreement",
                  tallies_json(c->agreed), "running_on", (json_int_t)c->running_on));
}

static json_t *cites_json(const struct consolidated *c, const Esep__V1__Report *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_cites; i++) {
        char hex[2 * ESEP_HASH_BYTES + 1] = "";
        const struct consolidated_filed *filed =
            consolidated_named(c, esep_slice(r->cites[i].data, r->cites[i].len));
        const struct consolidated_duty *duty =
            filed != NULL ? consolidated_duty_of(c, filed) : NULL;
        if (r->cites[i].len == ESEP_HASH_BYTES)
            esep_hex(r->cites[i].data, ESEP_HASH_BYTES, hex);
        json_t *value = json_pack("{s:s}", "content_hash", hex);
        (void)json_object_set_new(value, "obligation",
                                  duty != NULL ? json_string(duty->state->made.key) : json_null());
        (void)json_object_set_new(value, "log_index",
                                  filed != NULL ? json_integer((json_int_t)filed->index)
                                                : json_null());
        (void)json_object_set_new(value, "revision",
                                  filed != NULL ? json_integer(filed->revision) : json_null());
        (void)json_array_append_new(list, value);
    }
    return list;
}

static enum esep_status duty_json(struct writer *w, const struct consolidated_duty *d, json_t **ret)
{
    struct listing_obligation o;
    const Esep__V1__Report *report = NULL;
    if (!listing_from_views(&o, w->c->source.views, d->state, w->c->as_of))
        return ESEP_OK; /* dropped ones were left out before */
    esep_arena_reset(&w->arena);
    if (d->chosen != NULL) {
        enum esep_status status =
            consolidated_report(w->c, d->chosen, &w->arena, &report, w->reason);
        if (status != ESEP_OK)
            return status;
    }
    json_t *value = listing_json(&o);
    (void)json_object_set_new(value, "owner", json_string(d->owner->code));
    (void)json_object_set_new(value, "counted", json_boolean(d->counted));
    (void)json_object_set_new(value, "report_state",
                              d->chosen != NULL ? json_string(esep_submission_name(d->basis))
                                                : json_null());
    (void)json_object_set_new(value, "newer_report", json_boolean(d->newer));
    (void)json_object_set_new(value, "report_log_index",
                              d->chosen != NULL ? json_integer((json_int_t)d->chosen->index)
                                                : json_null());
    (void)json_object_set_new(value, "first_written_at",
                              d->filed_count > 0
                                  ? esep_json_time(w->c->filed[d->first_filed].written_at, d->zone)
                                  : json_null());
    (void)json_object_set_new(value, "report",
                              report != NULL ? listing_report_json(report) : json_null());
    (void)json_object_set_new(value, "cited",
                              report != NULL ? cites_json(w->c, report) : json_array());
    *ret = value;
    return ESEP_OK;
}

static enum esep_status put_duties(struct writer *w, const char *name, size_t first, size_t count)
{
    enum esep_status status = ESEP_OK;
    (void)fprintf(w->out, "\"%s\": [", name);
    for (size_t i = 0; status == ESEP_OK && i < count; i++) {
        json_t *value = NULL;
        status = duty_json(w, &w->c->duties[first + i], &value);
        if (status == ESEP_OK)
            put(w, i > 0 ? ",\n  " : "\n  ", value);
    }
    (void)fputs("]", w->out);
    return status;
}

static json_t *executors_json(const Esep__V1__Action *action)
{
    json_t *list = json_array();
    for (size_t i = 0; i < action->n_executors; i++) {
        const Esep__V1__Executor *e = action->executors[i];
        (void)json_array_append_new(
            list, json_pack("{s:o, s:o, s:s, s:b}", "body",
                            e->body[0] != 0 ? json_string(e->body) : json_null(), "group",
                            e->group[0] != 0 ? json_string(e->group) : json_null(), "role",
                            listing_role(e->role), "upon_agreement", (int)e->upon_agreement));
    }
    return list;
}

static json_t *approved_json(const Esep__V1__Action *action)
{
    json_t *list = json_array();
    for (size_t i = 0; i < action->n_money; i++) {
        const Esep__V1__PlannedMoney *m = action->money[i];
        (void)json_array_append_new(
            list, json_pack("{s:o, s:s, s:s, s:I, s:b}", "year",
                            m->year != 0 ? json_integer(m->year) : json_null(), "source", m->source,
                            "programme", m->programme, "amount_tiyn", (json_int_t)m->amount_tiyn,
                            "within_allotted", (int)m->within_allotted));
    }
    return list;
}

static json_t *windows_json(const Esep__V1__Action *action)
{
    json_t *list = json_array();
    for (size_t i = 0; i < action->n_windows; i++)
        (void)json_array_append_new(list,
                                    json_pack("[o, o]", day_json(action->windows[i]->start_day),
                                              day_json(action->windows[i]->end_day)));
    return list;
}

static const char *financing_name(Esep__V1__Financing value)
{
    static const char *const names[] = {"", "none_required", "within_allotted", "budget",
                                        "external"};
    return (size_t)value < sizeof names / sizeof *names ? names[value] : "";
}

static enum esep_status put_action(struct writer *w, const struct consolidated_action *a, bool more)
{
    const Esep__V1__Action *action = a->action;
    put(w, more ? ",\n{\"number\": " : "\n{\"number\": ", json_string(action->number));
    put(w, ", \"parent\": ", action->parent[0] != 0 ? json_string(action->parent) : json_null());
    put(w, ", \"title\": ", text_json(action->title));
    put(w, ",\n \"completion\": ", text_json(action->completion));
    put(w, ", \"executors\": ", executors_json(action));
    put(w, ",\n \"period\": ", json_string(action->period));
    put(w, ", \"windows\": ", windows_json(action));
    put(w, ", \"financing\": ", json_string(financing_name(action->financing)));
    put(w, ", \"approved_money\": ", approved_json(action));
    (void)fputs(",\n ", w->out);
    enum esep_status status = put_duties(w, "obligations", a->first_duty, a->duty_count);
    (void)fputs("}", w->out);
    return status;
}

enum esep_status export_json(const struct consolidated *c, FILE *out, struct esep_reason *reason)
{
    struct writer w = {.c = c, .out = out, .reason = reason};
    enum esep_status status = esep_arena_init(&w.arena, EXPORT_ARENA_BYTES);
    if (status == ESEP_OK) {
        put_head(&w);
        (void)fputs(",\n\"actions\": [", out);
    }
    for (size_t i = 0; status == ESEP_OK && !w.failed && i < c->action_count; i++)
        status = put_action(&w, &c->actions[i], i > 0);
    if (status == ESEP_OK) {
        (void)fputs("],\n", out);
        status = put_duties(&w, "others", c->fulfilment_count, c->duty_count - c->fulfilment_count);
        (void)fputs("}\n", out);
    }
    esep_arena_done(&w.arena);
    if (status == ESEP_OK && (w.failed || ferror(out)))
        status = esep_because(reason, ESEP_IO,
                              "the report could not be written: is the disk or memory full?");
    return status;
}
