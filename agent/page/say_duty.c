/* agent/page/say_duty.c - see say.h. */
#include "agent/page/say.h"

json_t *page_json_text(const Esep__V1__Text *text)
{
    if (text == NULL)
        return json_null();
    return json_pack("{s:s, s:s, s:s}", "kk", esep_text(text, "kk"), "ru", esep_text(text, "ru"),
                     "en", esep_text(text, "en"));
}

json_t *page_json_string(const char *text)
{
    return text == NULL || text[0] == 0 ? json_null() : json_string(text);
}

json_t *page_json_number(uint64_t number)
{
    return number == 0 ? json_null() : json_integer((json_int_t)number);
}

json_t *page_json_day(esep_day day)
{
    return day == 0 ? json_null() : agent_json_day(day);
}

json_t *page_json_percent(int percent)
{
    return percent < 0 ? json_null() : json_integer(percent);
}

json_t *page_json_hash(const struct esep_hash *hash)
{
    return hash == NULL ? json_null() : agent_json_hex(hash->bytes, ESEP_HASH_BYTES);
}

json_t *page_json_fulfilment(Esep__V1__Fulfilment fulfilment)
{
    return fulfilment == ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED
               ? json_null()
               : json_string(esep_fulfilment_name(fulfilment));
}

json_t *page_json_body(const struct agent_duties *d, const char *code)
{
    for (size_t i = d->plan_count; i > 0; i--) {
        const Esep__V1__Plan *plan = d->plans[i - 1].plan;
        const int body = esep_body_find(plan, code);
        if (body >= 0)
            return page_json_text(plan->bodies[body]->name);
    }
    return json_null();
}

const struct esep_zone *page_zone_of(const struct agent_duties *d, const struct agent_duty *duty)
{
    return duty->plan != NULL ? duty->plan->zone : d->zone;
}

/* What the plan says of it. */
static void add_planned(const struct page_say *say, const struct agent_duty *duty, json_t *v)
{
    const Esep__V1__Plan *plan = duty->plan->plan;
    const struct esep_zone *zone = duty->plan->zone;
    const Esep__V1__Text *title =
        duty->made.action >= 0 ? plan->actions[duty->made.action]->title : NULL;
    const esep_day counts = page_day_that_counts(duty);
    json_t *more = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "plan", plan->id,
        "kind", esep_obligation_kind_name(duty->made.kind), "action",
        duty->made.action >= 0 ? json_string(agent_duty_action(duty)) : json_null(), "title",
        page_json_text(title), "role",
        duty->made.role == ESEP__V1__ROLE__ROLE_LEAD ? "lead" : "co_executor", "upon_agreement",
        (int)duty->made.upon_agreement, "window_start", page_json_day(duty->made.window.start),
        "window_end", page_json_day(duty->made.window.end), "due", esep_json_time(duty->due, zone),
        "due_day", page_json_day(esep_zone_day(zone, duty->due)), "original_due_day",
        page_json_day(duty->made.due_day), "days_left",
        json_integer(counts - esep_zone_day(zone, say->now)), "deadline",
        esep_timeliness_name(agent_duty_timeliness(duty, say->now)));
    if (more == NULL || json_object_update(v, more) != 0)
        json_object_clear(v);
    json_decref(more);
}

/* A key says what it is of even where no plan here knows it. */
static void add_unplanned(json_t *v)
{
    static const char *const unknown[] = {"action",     "title",    "window_start",
                                          "window_end", "due",      "due_day",
                                          "days_left",  "deadline", "original_due_day"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        (void)json_object_set_new(v, unknown[i], json_null());
    (void)json_object_set_new(v, "plan", json_string(""));
    (void)json_object_set_new(v, "kind", json_string("fulfilment"));
    (void)json_object_set_new(v, "role", json_string("co_executor"));
    (void)json_object_set_new(v, "upon_agreement", json_false());
}

static json_t *reminder_json(const struct page_say *say, const struct agent_duty *duty)
{
    const struct esep_alert_step step = page_reminder(duty, say->now);
    if (step.kind == ESEP__V1__ALERT_KIND__ALERT_KIND_UNSPECIFIED)
        return json_null();
    return json_pack("{s:s, s:i, s:i}", "kind", page_alert_name(step.kind), "days_left",
                     (int)step.days_left, "weeks", (int)step.weeks);
}

/* Of one co-executor the newest alone counts. */
static int cited_ready(const struct agent_duties *d, const struct agent_duty *duty)
{
    int count = 0;
    if (duty->plan == NULL || duty->made.role != ESEP__V1__ROLE__ROLE_LEAD)
        return 0;
    for (size_t i = 0; i < d->known_count; i++) {
        const struct agent_known *known = &d->known[i];
        bool again = known->obligation == NULL;
        for (size_t j = i + 1; !again && j < d->known_count; j++)
            again = d->known[j].obligation != NULL &&
                    strcmp(d->known[j].obligation, known->obligation) == 0;
        if (!again && page_same_matter(duty->made.key, known->obligation))
            count++;
    }
    return count;
}

json_t *page_json_duty(const struct page_say *say, const struct agent_duty *duty)
{
    const struct esep_zone *zone = page_zone_of(say->d, duty);
    const bool returned = duty->submission == ESEP_SUBMISSION_RETURNED;
    json_t *v =
        json_pack("{s:s, s:s, s:s, s:o, s:b, s:s, s:b, s:b, s:o, s:o, s:o, s:o}", "key",
                  duty->made.key, "delivery", page_delivery(say->d, duty, &say->sent), "group",
                  page_group_name(page_group(duty, say->now)), "reminder", reminder_json(say, duty),
                  "open", (int)agent_duty_open(duty), "control", esep_control_name(duty->control),
                  "conflict", (int)duty->conflict, "draft", (int)duty->draft, "refused",
                  page_json_string(agent_verdict_name(duty->refused)), "extended_to",
                  page_json_day(duty->extended_to), "again_by",
                  returned ? page_json_day(duty->again_by) : json_null(), "reason_code",
                  returned ? page_json_string(duty->reason_code) : json_null());
    json_t *report = json_pack(
        "{s:i, s:i, s:I, s:o, s:o, s:o, s:o, s:o, s:b, s:i}", "revision", (int)duty->revision,
        "epoch", (int)duty->epoch, "seq", (json_int_t)duty->seq, "fulfilment",
        duty->seq != 0 ? page_json_fulfilment(duty->fulfilment) : json_null(), "percent",
        duty->seq != 0 ? page_json_percent(duty->percent) : json_null(), "saved_at",
        duty->seq != 0 ? esep_json_time(duty->written_at, zone) : json_null(), "committed_at",
        esep_json_time(duty->promised_at, zone), "came", esep_json_time(duty->came, zone),
        "by_commitment", (int)duty->by_commitment, "cited_ready", cited_ready(say->d, duty));
    char body[ESEP_BODY_CODE_MAX] = "";
    (void)agent_key_body(duty->made.key, body);
    (void)json_object_set_new(report, "body", page_json_string(body));
    (void)json_object_set_new(report, "body_name", page_json_body(say->d, body));
    if (v == NULL || report == NULL || json_object_update(v, report) != 0) {
        json_decref(v);
        json_decref(report);
        return NULL;
    }
    json_decref(report);
    if (duty->plan != NULL)
        add_planned(say, duty, v);
    else
        add_unplanned(v);
    return v;
}
