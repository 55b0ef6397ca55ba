/* collector/export_paper_action.c - one action: who, by when, and each report on it; see
 * export_paper.h. */
#include "collector/export_paper.h"

#include <stdio.h>
#include <stdlib.h>

static const char *say(const struct export_maker *m, enum export_word word)
{
    return export_word(m->language, word);
}

static const char *plan_text(const struct export_maker *m, const Esep__V1__Text *text)
{
    return esep_text(text, export_language_code(m->language));
}

static const char *executor_name(const struct export_maker *m, const Esep__V1__Plan *plan,
                                 const Esep__V1__Executor *e)
{
    for (size_t i = 0; i < plan->n_groups && e->group[0] != 0; i++)
        if (strcmp(plan->groups[i]->code, e->group) == 0)
            return plan_text(m, plan->groups[i]->name);
    int place = e->group[0] == 0 ? esep_body_find(plan, e->body) : -1;
    if (place < 0)
        return e->group[0] != 0 ? e->group : e->body;
    const char *name = plan_text(m, plan->bodies[place]->short_name);
    if (name[0] == 0)
        name = plan_text(m, plan->bodies[place]->name);
    return name[0] != 0 ? name : e->body;
}

static bool by_agreement(const Esep__V1__Plan *plan, const Esep__V1__Executor *e)
{
    int place = e->body[0] != 0 ? esep_body_find(plan, e->body) : -1;
    return e->upon_agreement || (place >= 0 && plan->bodies[place]->upon_agreement);
}

/* Where nobody is marked as the lead, the first one is (domain/obligation.h). */
static bool leads(const Esep__V1__Action *action, size_t i)
{
    for (size_t k = 0; k < action->n_executors; k++)
        if (action->executors[k]->role == ESEP__V1__ROLE__ROLE_LEAD)
            return action->executors[i]->role == ESEP__V1__ROLE__ROLE_LEAD;
    return i == 0;
}

static const char *executors(struct export_maker *m, const struct consolidated_action *a, bool lead)
{
    size_t count = 0;
    export_text_begin(m);
    for (size_t i = 0; i < a->action->n_executors; i++) {
        const Esep__V1__Executor *e = a->action->executors[i];
        if (leads(a->action, i) != lead)
            continue;
        export_text_add(m, count++ > 0 ? ", " : "");
        export_text_add(m, executor_name(m, a->plan, e));
        if (by_agreement(a->plan, e)) {
            export_text_add(m, " (");
            export_text_add(m, say(m, WORD_UPON_AGREEMENT));
            export_text_add(m, ")");
        }
    }
    return export_text_of(m);
}

static const char *period(struct export_maker *m, const struct consolidated_action *a)
{
    char window[EXPORT_SHORT];
    char text[EXPORT_BODY_MAX];
    export_text_begin(m);
    for (size_t i = 0; i < a->action->n_windows; i++) {
        const struct esep_window w = {a->action->windows[i]->start_day,
                                      a->action->windows[i]->end_day};
        export_text_add(m, i > 0 ? "; " : "");
        export_text_add(m, export_window(m->language, &w, window));
    }
    (void)snprintf(text, sizeof text, "%s", export_text_of(m));
    if (a->action->period[0] == 0 || strcmp(a->action->period, text) == 0)
        return export_text_of(m);
    char written[2 * EXPORT_BODY_MAX];
    (void)export_say(m->language, written, sizeof written, WORD_PERIOD_WRITTEN, text,
                     a->action->period);
    export_text_begin(m);
    export_text_add(m, written);
    return export_text_of(m);
}

static const char *approved(struct export_maker *m, const struct consolidated_action *a)
{
    export_text_begin(m);
    for (size_t i = 0; i < a->action->n_money; i++) {
        const Esep__V1__PlannedMoney *money = a->action->money[i];
        char amount[EXPORT_SHORT];
        char year[EXPORT_SHORT];
        if (money->year != 0 && money->year != m->c->year)
            continue;
        paper_money_text(export_language_code(m->language), money->amount_tiyn, amount,
                         sizeof amount);
        export_text_add(m, m->text.len > 0 ? "; " : "");
        export_text_add(m, export_source(m->language, money->source));
        if (money->programme[0] != 0) {
            export_text_add(m, " ");
            export_text_add(m, money->programme);
        }
        export_text_add(m, ": ");
        export_text_add(m, money->within_allotted ? say(m, WORD_WITHIN_ALLOTTED) : amount);
        export_text_add(m, money->within_allotted ? " (" : " ₸ (");
        export_text_add(m, money->year == 0 ? say(m, WORD_WHOLE_PLAN)
                                            : export_say(m->language, year, sizeof year, WORD_YEAR,
                                                         money->year));
        export_text_add(m, ")");
    }
    return export_text_of(m);
}

#define FACTS_MAX 6
struct facts {
    size_t count;
    struct paper_fact list[FACTS_MAX];
};

/* The value is kept in the arena: the next one is put together where it stood. */
static void add(struct export_maker *m, struct facts *facts, enum export_word label,
                const char *value)
{
    const char *kept = value[0] != 0 ? esep_arena_str(&m->arena, esep_slice_str(value)) : NULL;
    if (kept != NULL)
        facts->list[facts->count++] = (struct paper_fact){say(m, label), kept};
}

static void put_about(struct export_maker *m, const struct consolidated_action *a)
{
    char heading[EXPORT_BODY_MAX];
    struct facts facts = {0};
    esep_arena_reset(&m->arena);
    paper_heading(m->paper, 3,
                  export_say(m->language, heading, sizeof heading, WORD_ACTION_HEADING,
                             a->action->number, plan_text(m, a->action->title)));
    add(m, &facts, WORD_COMPLETION, plan_text(m, a->action->completion));
    if (!a->action->has_parts) {
        add(m, &facts, WORD_LEAD, executors(m, a, true));
        add(m, &facts, WORD_COEXECUTORS, executors(m, a, false));
    }
    add(m, &facts, WORD_PERIOD, period(m, a));
    if (a->action->financing != ESEP__V1__FINANCING__FINANCING_UNSPECIFIED)
        add(m, &facts, WORD_FINANCING, export_financing(m->language, a->action->financing));
    add(m, &facts, WORD_APPROVED_MONEY, approved(m, a));
    paper_facts(m->paper, facts.list, facts.count);
}

/* Which revision of the duty's reports the lead cites: the newest of them. */
static const char *cited(const struct export_maker *m, const struct consolidated_duty *d,
                         const bool *cites, char out[EXPORT_SHORT])
{
    for (size_t i = d->filed_count; i > 0; i--) {
        size_t place = d->first_filed + i - 1;
        const struct consolidated_filed *filed = &m->c->filed[place];
        if (!cites[place])
            continue;
        if (filed == d->chosen)
            return say(m, WORD_YES);
        return export_say(m->language, out, EXPORT_SHORT, WORD_CITED_OLDER, filed->revision);
    }
    return d->chosen != NULL ? say(m, WORD_NO) : say(m, WORD_NONE);
}

static void put_coexecutors_table(struct export_maker *m, const struct consolidated_duty *duties,
                                  size_t count, const bool *cites)
{
    const struct paper_column columns[] = {
        {say(m, WORD_BODY), 5, PAPER_LEFT},       {say(m, WORD_FULFILMENT), 3, PAPER_LEFT},
        {say(m, WORD_PERCENT), 2, PAPER_RIGHT},   {say(m, WORD_REPORT), 3, PAPER_LEFT},
        {say(m, WORD_TIMELINESS), 3, PAPER_LEFT}, {say(m, WORD_CONTROL), 3, PAPER_LEFT},
        {say(m, WORD_CITED), 2, PAPER_LEFT},
    };
    paper_table(m->paper, NULL, say(m, WORD_COEXECUTORS_REPORTS), columns, 7);
    for (size_t i = 0; i < count; i++) {
        const struct consolidated_duty *d = &duties[i];
        char body[EXPORT_BODY_MAX];
        char older[EXPORT_SHORT];
        const struct paper_cell cells[] = {
            export_cell(export_body(m->language, d, false, body)),
            export_cell_fulfilment(m->language, d),
            export_cell_percent(m->language, d),
            export_cell_basis(m->language, d),
            export_cell_timeliness(m->language, d),
            export_cell(export_control(m->language, d->state->control)),
            export_cell(cited(m, d, cites, older))};
        paper_row(m->paper, cells);
    }
}

static enum esep_status put_reports(struct export_maker *m, const struct consolidated_duty *duties,
                                    size_t count, enum export_word role, bool *cites)
{
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && i < count; i++) {
        char body[EXPORT_BODY_MAX];
        char heading[EXPORT_BODY_MAX + EXPORT_SHORT];
        if (cites == NULL && duties[i].chosen == NULL)
            continue; /* the table has said that nothing came */
        (void)snprintf(heading, sizeof heading, "%s: %s", say(m, role),
                       export_body(m->language, &duties[i], true, body));
        paper_heading(m->paper, 4, heading);
        status = export_paper_report(m, &duties[i], cites);
    }
    return status;
}

/* The duties of one window: leads first, then who helped. */
static enum esep_status put_window(struct export_maker *m, const struct consolidated_duty *duties,
                                   size_t count)
{
    size_t lead_count = 0;
    while (lead_count < count && duties[lead_count].state->made.role == ESEP__V1__ROLE__ROLE_LEAD)
        lead_count++;
    bool *cites = calloc(m->c->filed_count + 1, sizeof *cites);
    if (cites == NULL)
        return ESEP_NOMEM;
    enum esep_status status = put_reports(m, duties, lead_count, WORD_LEAD, cites);
    if (status == ESEP_OK && lead_count < count) {
        put_coexecutors_table(m, duties + lead_count, count - lead_count, cites);
        status = put_reports(m, duties + lead_count, count - lead_count, WORD_COEXECUTOR, NULL);
    }
    free(cites);
    return status;
}

static bool same_window(const struct consolidated_duty *a, const struct consolidated_duty *b)
{
    return a->state->made.window.start == b->state->made.window.start &&
           a->state->made.window.end == b->state->made.window.end;
}

enum esep_status export_paper_action(struct export_maker *m, const struct consolidated_action *a)
{
    const struct consolidated_duty *duties = m->c->duties + a->first_duty;
    enum esep_status status = ESEP_OK;
    put_about(m, a);
    if (a->action->has_parts)
        paper_note(m->paper, say(m, WORD_HAS_PARTS));
    else if (a->duty_count == 0)
        paper_note(m->paper, say(m, WORD_NOBODY_OWES));
    for (size_t i = 0, n = 0; status == ESEP_OK && i < a->duty_count; i += n) {
        for (n = 1; i + n < a->duty_count && same_window(&duties[i], &duties[i + n]);)
            n++;
        status = put_window(m, duties + i, n);
    }
    return status;
}
