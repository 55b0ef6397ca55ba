/* agent/cmd_duties.c - `duties`: what this office owes and by when, without asking anybody. */
#include "agent/daemon_state.h"
#include "agent/duties.h"
#include "agent/texts.h"
#include "io/table.h"

#include <stdlib.h>
#include <sysexits.h>

struct words {
    struct agent_common common;
    bool all;
    const char *as_of;
    const char *action;
    const char *body;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'a':
        words->all = true;
        return 0;
    case 'n':
        words->action = value;
        return 0;
    case 'b':
        words->body = value;
        return 0;
    case 't':
        words->as_of = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What a listing needs to know beside the duties. */
struct listing {
    const struct words *words;
    const struct agent_duties *d;
    const char *language;
    esep_time as_of;
    uint64_t sent_seq; /* of the running daemon's session */
};

static const char *body_code(const struct agent_duty *duty)
{
    return duty->plan != NULL ? duty->plan->plan->bodies[duty->made.body]->code : "-";
}

static const char *role_name(const struct agent_duty *duty)
{
    return duty->made.role == ESEP__V1__ROLE__ROLE_LEAD ? "lead" : "co_executor";
}

static const char *state_name(const struct listing *l, const struct agent_duty *duty)
{
    if (duty->submission == ESEP_SUBMISSION_QUEUED && duty->epoch == l->d->head.epoch &&
        duty->seq <= l->sent_seq)
        return esep_submission_name(ESEP_SUBMISSION_SENT);
    return esep_submission_name(duty->submission);
}

static int by_due(const void *left, const void *right)
{
    const struct agent_duty *a = *(const struct agent_duty *const *)left;
    const struct agent_duty *b = *(const struct agent_duty *const *)right;
    if (a->due != b->due)
        return a->due < b->due ? -1 : 1;
    return a < b ? -1 : a > b; /* as in the plan */
}

/* What waits for the clerk: not yet accepted, or to come again. */
static bool is_shown(const struct listing *l, const struct agent_duty *duty)
{
    if (l->words->action != NULL && strcmp(l->words->action, agent_duty_action(duty)) != 0)
        return false;
    if (l->words->body != NULL && strcmp(l->words->body, body_code(duty)) != 0)
        return false;
    if (l->words->all)
        return true;
    return agent_duty_open(duty) && duty->submission != ESEP_SUBMISSION_ACCEPTED;
}

/* What a conflict is with; what --settles takes. */
static json_t *others_json(const struct agent_duty *duty)
{
    json_t *list = json_array();
    for (uint32_t i = 0; duty->conflict && i < duty->other_count; i++) {
        const struct agent_other *o = &duty->others[i];
        (void)json_array_append_new(
            list, json_pack("{s:I, s:i, s:o}", "log_index", (json_int_t)o->log_index, "office",
                            (int)o->office, "content_hash",
                            agent_json_hex(o->hash.bytes, ESEP_HASH_BYTES)));
    }
    return list;
}

static json_t *duty_json(const struct listing *l, const struct agent_duty *duty)
{
    const struct esep_zone *zone = duty->plan != NULL ? duty->plan->zone : l->d->zone;
    bool planned = duty->plan != NULL;
    json_t *v =
        json_pack("{s:s, s:b, s:o, s:o, s:o, s:s, s:s, s:b, s:b, s:I, s:I, s:i, s:o}", "key",
                  duty->made.key, "open", (int)agent_duty_open(duty), "due",
                  planned ? esep_json_time(duty->due, zone) : json_null(), "extended_to",
                  agent_json_day(duty->extended_to), "timeliness",
                  planned ? json_string(esep_timeliness_name(agent_duty_timeliness(duty, l->as_of)))
                          : json_null(),
                  "submission", state_name(l, duty), "control", esep_control_name(duty->control),
                  "conflict", (int)duty->conflict, "draft", (int)duty->draft, "seq",
                  (json_int_t)duty->seq, "log_index", (json_int_t)duty->log_index, "revision",
                  (int)duty->revision, "again_by", agent_json_day(duty->again_by));
    if (v == NULL)
        return NULL;
    if (planned) {
        (void)json_object_set_new(v, "plan", json_string(duty->plan->plan->id));
        (void)json_object_set_new(v, "kind",
                                  json_string(esep_obligation_kind_name(duty->made.kind)));
        (void)json_object_set_new(v, "action",
                                  duty->made.action >= 0 ? json_string(agent_duty_action(duty))
                                                         : json_null());
        (void)json_object_set_new(v, "body", json_string(body_code(duty)));
        (void)json_object_set_new(v, "title", json_string(agent_duty_title(duty, l->language)));
        (void)json_object_set_new(v, "role", json_string(role_name(duty)));
        (void)json_object_set_new(v, "upon_agreement", json_boolean(duty->made.upon_agreement));
        (void)json_object_set_new(v, "window_start", agent_json_day(duty->made.window.start));
        (void)json_object_set_new(v, "window_end", agent_json_day(duty->made.window.end));
    }
    (void)json_object_set_new(v, "came", esep_json_time(duty->came, zone));
    (void)json_object_set_new(v, "by_commitment", json_boolean(duty->by_commitment));
    (void)json_object_set_new(v, "promised_at", esep_json_time(duty->promised_at, zone));
    (void)json_object_set_new(v, "fulfilment",
                              duty->seq != 0 ? json_string(esep_fulfilment_name(duty->fulfilment))
                                             : json_null());
    (void)json_object_set_new(v, "percent",
                              duty->percent >= 0 ? json_integer(duty->percent) : json_null());
    (void)json_object_set_new(v, "review_of", json_integer((json_int_t)duty->review_of));
    (void)json_object_set_new(v, "return_reason", json_string(duty->reason_code));
    (void)json_object_set_new(v, "return_comment", json_string(duty->comment));
    (void)json_object_set_new(v, "epoch", json_integer(duty->epoch));
    (void)json_object_set_new(v, "conflicts_with", others_json(duty));
    (void)json_object_set_new(v, "content_hash",
                              duty->seq != 0 ? agent_json_hex(duty->hash.bytes, ESEP_HASH_BYTES)
                                             : json_null());
    (void)json_object_set_new(v, "refused", json_string(agent_verdict_name(duty->refused)));
    return v;
}

/* State and whatever the clerk must do about it, in one cell. */
static void state_cell(const struct listing *l, const struct agent_duty *duty, char out[400])
{
    const char *lang = l->language;
    size_t at = (size_t)snprintf(out, 400, "%s", agent_word(state_name(l, duty), lang));
    char day[32];
    if (duty->promised_at != 0) {
        esep_time_format(duty->promised_at, l->d->zone, day);
        at += (size_t)snprintf(out + at, 400 - at, ", %s %.10s %.5s",
                               agent_text(TEXT_PROMISED, lang), day, day + 11);
    }
    if (duty->submission == ESEP_SUBMISSION_RETURNED && at < 300)
        at += (size_t)snprintf(out + at, 400 - at, " (%.40s: %.80s)", duty->reason_code,
                               duty->comment);
    if (duty->again_by != ESEP_DAY_NONE && at < 360) {
        esep_day_format(duty->again_by, day);
        at += (size_t)snprintf(out + at, 400 - at, ", %s %.10s", agent_text(TEXT_AGAIN_BY, lang),
                               day);
    }
    if (duty->conflict && at < 200) {
        at += (size_t)snprintf(out + at, 400 - at, "; %s", agent_text(TEXT_CONFLICT, lang));
        for (uint32_t i = 0; i < duty->other_count && at < 340; i++)
            at += (size_t)snprintf(out + at, 400 - at, "%s %llu", i > 0 ? " --settles" : "",
                                   (unsigned long long)duty->others[i].log_index);
    }
    if (duty->refused != ESEP__V1__VERDICT__VERDICT_UNSPECIFIED && at < 360)
        (void)snprintf(out + at, 400 - at, "; %s: %s", agent_text(TEXT_REFUSED, lang),
                       agent_verdict_name(duty->refused));
}

static void add_row(const struct listing *l, struct esep_table *table,
                    const struct agent_duty *duty)
{
    char due[32] = "-";
    char state[400];
    bool planned = duty->plan != NULL;
    if (planned)
        esep_time_format(duty->due, duty->plan->zone, due);
    state_cell(l, duty, state);
    esep_table_cell(table, "%.10s", due);
    esep_table_cell(
        table, "%s",
        planned
            ? agent_word(esep_timeliness_name(agent_duty_timeliness(duty, l->as_of)), l->language)
            : "-");
    esep_table_cell(table, "%s", state);
    esep_table_cell(table, "%s",
                    planned ? agent_word(esep_obligation_kind_name(duty->made.kind), l->language)
                            : "-");
    if (l->d->rights.body_count > 1)
        esep_table_cell(table, "%s", body_code(duty));
    esep_table_cell(table, "%s", agent_duty_action(duty));
    esep_table_cell(table, "%s", planned ? agent_word(role_name(duty), l->language) : "-");
    esep_table_cell(table, "%s", duty->made.key);
    esep_table_cell(table, "%s", agent_duty_title(duty, l->language));
}

static json_t *zones_unknown(const struct agent_duties *d)
{
    json_t *plans = json_object();
    for (size_t i = 0; i < d->plan_count; i++)
        if (d->plans[i].newest && d->plans[i].zone_fault != NULL)
            (void)json_object_set_new(plans, d->plans[i].plan->id,
                                      json_string(d->plans[i].plan->zone));
    return plans;
}

static int print_json(const struct listing *l, struct agent_duty *const *sorted, size_t count)
{
    char as_of[32];
    json_t *list = json_array();
    esep_time_format(l->as_of, l->d->zone, as_of);
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, duty_json(l, sorted[i]));
    return esep_json_print(json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:i, s:b, s:o, s:o}", "format", "esep-duties/1", "as_of", as_of,
        "body", l->d->identity.body, "bodies", agent_json_bodies(&l->d->rights), "plans",
        agent_json_plans(&l->d->rights), "office", (int)l->d->identity.office, "plan_known",
        (int)(l->d->plan_count > 0), "zones_unknown", zones_unknown(l->d), "duties", list));
}

static int print_table(const struct listing *l, struct agent_duty *const *sorted, size_t count)
{
    const char *lang = l->language;
    const char *heads[10] = {NULL};
    size_t n = 0;
    static const enum agent_text columns[] = {TEXT_DUE,  TEXT_TIMELINESS, TEXT_STATE,
                                              TEXT_KIND, TEXT_BODY,       TEXT_ACTION,
                                              TEXT_ROLE, TEXT_OBLIGATION, TEXT_TITLE};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (columns[i] != TEXT_BODY || l->d->rights.body_count > 1)
            heads[n++] = agent_text(columns[i], lang);
    struct esep_table table;
    char as_of[32];
    char rights[AGENT_RIGHTS_TEXT_MAX];
    if (l->d->plan_count == 0)
        (void)printf("%s\n", agent_text(TEXT_NO_PLAN, lang));
    if (count == 0 && l->d->plan_count == 0)
        return 0;
    esep_table_init(&table, heads);
    for (size_t i = 0; i < count; i++)
        add_row(l, &table, sorted[i]);
    enum esep_status status = esep_table_print(&table, stdout);
    esep_table_done(&table);
    esep_time_format(l->as_of, l->d->zone, as_of);
    agent_rights_text(&l->d->rights, rights);
    (void)printf("\n%s: %zu (%s %s)\n", rights, count, agent_text(TEXT_AS_OF, lang), as_of);
    return status == ESEP_OK ? 0 : EX_UNAVAILABLE;
}

static int list(const struct listing *l)
{
    struct agent_duty **sorted = calloc(l->d->count + 1, sizeof *sorted);
    size_t count = 0;
    if (sorted == NULL)
        return agent_fail(ESEP_NOMEM, NULL);
    for (size_t i = 0; i < l->d->count; i++)
        if (is_shown(l, &l->d->duties[i]))
            sorted[count++] = &l->d->duties[i];
    qsort(sorted, count, sizeof *sorted, by_due);
    int rc = l->words->common.json ? print_json(l, sorted, count) : print_table(l, sorted, count);
    free(sorted);
    return rc;
}

static enum esep_status parse_as_of(const struct words *words, const struct agent_desk *desk,
                                    const struct esep_zone *zone, esep_time *ret,
                                    struct esep_reason *reason)
{
    *ret = agent_desk_now(desk);
    if (words->as_of != NULL && esep_time_parse(words->as_of, zone, ret) != ESEP_OK)
        return esep_because(reason, ESEP_INVALID,
                            "--as-of %.60s: neither a day (2013-03-01) nor an instant "
                            "(2013-03-01T12:00:00+06:00)",
                            words->as_of);
    return ESEP_OK;
}

int agent_cmd_duties(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"all", 'a', NULL, 0, "also what is accepted, dropped or off control", 0},
        {"action", 'n', "NUMBER", 0, "only this action", 0},
        {"body", 'b', "CODE", 0, "only of this body, where the office reports for several", 0},
        {"as-of", 't', "INSTANT", 0, "timeliness as of a day or an RFC 3339 instant (now)", 0},
        {0},
    };
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Lists what this office owes and by when, and how each duty stands, from the plan, "
               "the mail and the journal at hand; no connection is needed.",
        .children = children};
    struct words words = {0};
    struct agent_desk desk = {0};
    struct agent_duties duties = {0};
    struct agent_daemon_state daemon;
    struct esep_reason reason = {""};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    struct listing l = {.words = &words, .d = &duties};
    enum esep_status status = agent_desk_open(&desk, &words.common, AGENT_DESK_READ, &reason);
    if (status == ESEP_OK)
        status = agent_duties_load(&duties, &desk, &reason);
    agent_duties_say_zones(&duties);
    if (status == ESEP_OK)
        status = parse_as_of(&words, &desk, duties.zone, &l.as_of, &reason);
    int rc = 0;
    if (status == ESEP_OK) {
        agent_daemon_state_read(desk.settings->journal, &daemon);
        l.sent_seq = daemon.epoch == duties.head.epoch ? daemon.sent_seq : 0;
        l.language = desk.settings->language;
        rc = list(&l);
    } else {
        rc = agent_fail(status, &reason);
    }
    agent_duties_free(&duties);
    agent_desk_close(&desk);
    return rc;
}
