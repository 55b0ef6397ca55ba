/* collector/export_ical.c - the deadlines as a calendar (RFC 5545): an event for each obligation,
 * at the very instant it is due; see export.h.
 *
 * An event's name is the obligation's key and the log's id, so that a calendar that comes again
 * moves what was extended instead of doubling it. The zone's rule is written out from the plan's
 * own zone: a calendar program's table may be older than the law. Events are written one by one.
 */
#include "collector/export.h"
#include "collector/export_paper.h"

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>

#define ZONES_MAX 16

struct calendar {
    const struct consolidated_source *source;
    const struct export_request *request;
    FILE *out;
    bool failed;
};

static void put_property(struct calendar *cal, icalproperty *property)
{
    char *text = property != NULL ? icalproperty_as_ical_string_r(property) : NULL;
    if (text == NULL || fputs(text, cal->out) < 0)
        cal->failed = true;
    free(text);
    if (property != NULL)
        icalproperty_free(property);
}

static void put_component(struct calendar *cal, icalcomponent *component)
{
    char *text = component != NULL ? icalcomponent_as_ical_string_r(component) : NULL;
    if (text == NULL || fputs(text, cal->out) < 0)
        cal->failed = true;
    free(text);
    if (component != NULL)
        icalcomponent_free(component);
}

/* The hour on a wall clock that is so many seconds ahead of UTC. */
static struct icaltimetype wall(esep_time at, int32_t offset_s, bool utc)
{
    const esep_time local = at + offset_s * ESEP_SECOND;
    const esep_time day_start = local - ((local % ESEP_DAY) + ESEP_DAY) % ESEP_DAY;
    const struct esep_civil civil = esep_civil_from_day((esep_day)(day_start / ESEP_DAY));
    const int second = (int)((local - day_start) / ESEP_SECOND);
    struct icaltimetype made = icaltime_null_time();
    made.year = civil.year;
    made.month = civil.month;
    made.day = civil.day;
    made.hour = second / 3600;
    made.minute = second / 60 % 60;
    made.second = second % 60;
    made.zone = utc ? icaltimezone_get_utc_timezone() : NULL;
    return made;
}

static void add_observance(icalcomponent *zone, esep_time from, int32_t before_s, int32_t after_s)
{
    char name[16];
    icalcomponent *standard = icalcomponent_new(ICAL_XSTANDARD_COMPONENT);
    (void)snprintf(name, sizeof name, after_s % 3600 != 0 ? "%c%02d%02d" : "%c%02d",
                   after_s < 0 ? '-' : '+', abs(after_s) / 3600, abs(after_s) / 60 % 60);
    icalcomponent_add_property(standard, icalproperty_new_dtstart(wall(from, before_s, false)));
    icalcomponent_add_property(standard, icalproperty_new_tzoffsetfrom(before_s));
    icalcomponent_add_property(standard, icalproperty_new_tzoffsetto(after_s));
    icalcomponent_add_property(standard, icalproperty_new_tzname(name));
    icalcomponent_add_component(zone, standard);
}

/* From 1970 on: no plan is older. */
static void put_zone(struct calendar *cal, const char *name, const struct esep_zone *zone)
{
    icalcomponent *made = icalcomponent_new(ICAL_VTIMEZONE_COMPONENT);
    int32_t before = esep_zone_offset(zone, 0);
    icalcomponent_add_property(made, icalproperty_new_tzid(name));
    add_observance(made, 0, before, before);
    for (int i = 0; i < zone->count; i++) {
        if (zone->at_s[i] <= 0)
            continue;
        add_observance(made, zone->at_s[i] * ESEP_SECOND, before, zone->offset_s[i]);
        before = zone->offset_s[i];
    }
    put_component(cal, made);
}

static bool wanted(const struct calendar *cal, const struct consolidated_duty *d)
{
    const struct export_request *r = cal->request;
    const struct esep_window *window = &d->state->made.window;
    if (r->plan != NULL && strcmp(r->plan, d->plan->id) != 0)
        return false;
    if (r->body != NULL && strcmp(r->body, d->body->code) != 0 &&
        strcmp(r->body, d->owner->code) != 0)
        return false;
    return r->year == 0 || (window->start <= esep_day_from_civil(r->year, 12, 31) &&
                            window->end >= esep_day_from_civil(r->year, 1, 1));
}

static bool duty_at(const struct calendar *cal, uint32_t number, struct consolidated_duty *ret)
{
    const struct views *views = cal->source->views;
    const struct views_obligation *o = views_obligation(views, number);
    const Esep__V1__Plan *plan = views_plan(views, o->plan_no);
    if (plan == NULL || o->dropped)
        return false;
    *ret = (struct consolidated_duty){
        .state = o,
        .plan = plan,
        .zone = views_plan_zone(views, o->plan_no),
        .body = plan->bodies[o->made.body],
        .action = o->made.action >= 0 ? plan->actions[o->made.action] : NULL,
        .came = views_came(views, o),
        .timeliness = views_timeliness(views, o, cal->request->as_of)};
    int owner = esep_body_find(plan, views_owner(views, o, cal->request->as_of));
    ret->owner = owner >= 0 ? plan->bodies[owner] : ret->body;
    return wanted(cal, ret);
}

static const char *describe(const struct calendar *cal, const struct consolidated_duty *d,
                            char out[4 * EXPORT_BODY_MAX])
{
    const enum export_language l = cal->request->language;
    const struct esep_obligation *made = &d->state->made;
    char window[EXPORT_SHORT];
    char body[EXPORT_BODY_MAX];
    (void)snprintf(
        out, 4 * EXPORT_BODY_MAX, "%s: %s\n%s: %s\n%s: %s\n%s: %s\n%s: %s\n%s: %s\n%s",
        export_word(l, WORD_PLAN), esep_text(d->plan->title, export_language_code(l)),
        export_word(l, made->role == ESEP__V1__ROLE__ROLE_LEAD ? WORD_LEAD : WORD_COEXECUTOR),
        export_body(l, d, true, body), export_word(l, WORD_WINDOW),
        export_window(l, &made->window, window), export_word(l, WORD_TIMELINESS),
        export_timeliness(l, d->timeliness), export_word(l, WORD_REPORT),
        export_submission(l, d->state->submission), export_word(l, WORD_CONTROL),
        export_control(l, d->state->control), made->key);
    return out;
}

static void put_event(struct calendar *cal, const struct consolidated_duty *d)
{
    const enum export_language l = cal->request->language;
    const struct views_obligation *o = d->state;
    char uid[ESEP_OBLIGATION_KEY_MAX + 32];
    char id[65];
    char matter[EXPORT_BODY_MAX];
    char body[EXPORT_BODY_MAX];
    char text[4 * EXPORT_BODY_MAX];
    icalcomponent *event = icalcomponent_new(ICAL_VEVENT_COMPONENT);
    esep_hex(cal->source->log->log_id.bytes, ESEP_HASH_BYTES, id);
    (void)snprintf(uid, sizeof uid, "%s@%.16s.esep", o->made.key, id);
    icalproperty *start =
        icalproperty_new_dtstart(wall(o->due, esep_zone_offset(d->zone, o->due), false));
    icalproperty_add_parameter(start, icalparameter_new_tzid(d->plan->zone));
    const esep_day moved = o->extended_to != ESEP_DAY_NONE ? o->extended_to - o->made.due_day : 0;
    icalcomponent_add_property(event, icalproperty_new_uid(uid));
    icalcomponent_add_property(event, icalproperty_new_dtstamp(wall(cal->request->as_of, 0, true)));
    icalcomponent_add_property(event, start);
    icalcomponent_add_property(
        event, icalproperty_new_summary(export_say(l, text, sizeof text, WORD_CALENDAR_SUMMARY,
                                                   export_matter(l, d, matter),
                                                   export_body(l, d, false, body))));
    icalcomponent_add_property(event, icalproperty_new_description(describe(cal, d, text)));
    icalcomponent_add_property(event, icalproperty_new_sequence(moved > 0 ? moved : 0));
    icalcomponent_add_property(event, icalproperty_new_status(o->control == ESEP_CONTROL_REMOVED
                                                                  ? ICAL_STATUS_CANCELLED
                                                                  : ICAL_STATUS_CONFIRMED));
    icalcomponent_add_property(event, icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT));
    icalcomponent_add_property(event,
                               icalproperty_new_categories(export_timeliness(l, d->timeliness)));
    put_component(cal, event);
}

/* Every zone that an event will name, once. */
static void put_zones(struct calendar *cal)
{
    const struct views *views = cal->source->views;
    const char *done[ZONES_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < views_obligation_count(views); i++) {
        struct consolidated_duty d;
        bool known = false;
        if (!duty_at(cal, i, &d))
            continue;
        for (size_t k = 0; k < count; k++)
            known |= strcmp(done[k], d.plan->zone) == 0;
        if (known || count == ZONES_MAX)
            continue;
        done[count++] = d.plan->zone;
        put_zone(cal, d.plan->zone, d.zone);
    }
}

/* Who asks for a body or plan that is not there has mistyped it. */
static enum esep_status look(const struct calendar *cal, const char **ret_title,
                             struct esep_reason *reason)
{
    const struct views *views = cal->source->views;
    const struct export_request *r = cal->request;
    bool body = r->body == NULL;
    *ret_title = NULL;
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        const Esep__V1__Plan *plan = views_plan(views, i);
        if (plan == NULL || (r->plan != NULL && strcmp(plan->id, r->plan) != 0))
            continue;
        body |= r->body != NULL && esep_body_find(plan, r->body) >= 0;
        *ret_title = esep_text(plan->title, export_language_code(r->language));
    }
    if (*ret_title == NULL)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "no plan '%.64s' here: see `esep-collector plan list`",
                            r->plan != NULL ? r->plan : "");
    return body ? ESEP_OK
                : esep_because(reason, ESEP_NOT_FOUND, "no body '%.64s' in any plan", r->body);
}

enum esep_status export_ical(const struct consolidated_source *source,
                             const struct export_request *request, FILE *out,
                             struct esep_reason *reason)
{
    struct calendar cal = {.source = source, .request = request, .out = out};
    const char *title = NULL;
    char name[EXPORT_BODY_MAX];
    enum esep_status status = look(&cal, &title, reason);
    if (status != ESEP_OK)
        return status;
    (void)fputs("BEGIN:VCALENDAR\r\n", out);
    put_property(&cal, icalproperty_new_version("2.0"));
    put_property(&cal, icalproperty_new_prodid("-//Esep//" ESEP_VERSION "//"));
    put_property(&cal, icalproperty_new_calscale("GREGORIAN"));
    put_property(&cal, icalproperty_new_method(ICAL_METHOD_PUBLISH));
    icalproperty *shown =
        icalproperty_new_x(export_say(request->language, name, sizeof name, WORD_CALENDAR, title));
    icalproperty_set_x_name(shown, "X-WR-CALNAME");
    put_property(&cal, shown);
    put_zones(&cal);
    for (uint32_t i = 0; i < views_obligation_count(source->views) && !cal.failed; i++) {
        struct consolidated_duty d;
        if (duty_at(&cal, i, &d))
            put_event(&cal, &d);
    }
    (void)fputs("END:VCALENDAR\r\n", out);
    if (cal.failed || ferror(out))
        return esep_because(reason, ESEP_IO,
                            "the calendar could not be written: is the disk or memory full?");
    return ESEP_OK;
}
