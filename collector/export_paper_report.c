/* collector/export_paper_report.c - what one report says, and how it stands; see export_paper.h. */
#include "collector/export_paper.h"

#include <stdio.h>

#define FACTS_MAX 16
struct facts {
    size_t count;
    struct paper_fact list[FACTS_MAX];
};

static void add(struct facts *facts, const char *label, const char *value)
{
    if (value[0] != 0 && facts->count < FACTS_MAX)
        facts->list[facts->count++] = (struct paper_fact){label, value};
}

static const char *say(const struct export_maker *m, enum export_word word)
{
    return export_word(m->language, word);
}

static void put_clocks(const struct export_maker *m, const struct consolidated_duty *d,
                       char out[EXPORT_BODY_MAX])
{
    char came[EXPORT_SHORT];
    char received[EXPORT_SHORT];
    char written[EXPORT_SHORT] = "";
    out[0] = 0;
    if (!consolidated_clocks_matter(m->c, d))
        return;
    const esep_time first = d->state->first_received_at;
    (void)export_instant(m->language, first, d->zone, received);
    if (d->filed_count > 0)
        (void)export_instant(m->language, m->c->filed[d->first_filed].written_at, d->zone, written);
    if (d->came != first)
        (void)export_say(m->language, out, EXPORT_BODY_MAX, WORD_CLOCKS_COMMITTED,
                         export_instant(m->language, d->came, d->zone, came), received, written);
    else
        (void)export_say(m->language, out, EXPORT_BODY_MAX, WORD_CLOCKS_RECEIVED, received,
                         written);
}

static const char *due_text(const struct export_maker *m, const struct consolidated_duty *d,
                            char out[2 * EXPORT_SHORT])
{
    char due[EXPORT_SHORT];
    char original[EXPORT_SHORT];
    (void)export_instant(m->language, d->state->due, d->zone, due);
    if (d->state->extended_to != ESEP_DAY_NONE)
        return export_say(m->language, out, 2 * EXPORT_SHORT, WORD_DUE_EXTENDED, due,
                          export_instant(m->language, d->state->made.due, d->zone, original));
    (void)snprintf(out, 2 * EXPORT_SHORT, "%s", due);
    return out;
}

/* How it stands: known from the log alone, whatever the report says. */
static void put_standing(struct export_maker *m, const struct consolidated_duty *d)
{
    const enum export_language l = m->language;
    struct facts facts = {0};
    char window[EXPORT_SHORT];
    char due[2 * EXPORT_SHORT];
    char percent[EXPORT_SHORT];
    char received[EXPORT_SHORT];
    char report[EXPORT_BODY_MAX];
    char clocks[EXPORT_BODY_MAX];
    add(&facts, say(m, WORD_WINDOW), export_window(l, &d->state->made.window, window));
    add(&facts, say(m, WORD_DUE), due_text(m, d, due));
    add(&facts, say(m, WORD_TIMELINESS), export_timeliness(l, d->timeliness));
    put_clocks(m, d, clocks);
    add(&facts, say(m, WORD_CLOCKS), clocks);
    if (d->chosen != NULL) {
        add(&facts, say(m, WORD_FULFILMENT), export_fulfilment(l, d->chosen->fulfilment));
        add(&facts, say(m, WORD_PERCENT), export_percent(l, d, percent));
        (void)export_say(l, report, sizeof report, WORD_REPORT_VALUE,
                         export_submission(l, d->basis), d->chosen->revision,
                         (unsigned long long)d->chosen->index,
                         export_instant(l, d->chosen->received_at, d->zone, received));
        add(&facts, say(m, WORD_REPORT), report);
    } else if (d->state->submission != ESEP_SUBMISSION_NONE) {
        add(&facts, say(m, WORD_REPORT), export_submission(l, d->state->submission));
    }
    add(&facts, say(m, WORD_CONTROL), export_control(l, d->state->control));
    paper_facts(m->paper, facts.list, facts.count);
}

static void put_marks(struct export_maker *m, const struct consolidated_duty *d)
{
    char text[EXPORT_BODY_MAX];
    char piece[EXPORT_SHORT];
    if (d->newer)
        paper_note(m->paper, say(m, WORD_NEWER));
    if (d->state->head_count > 1)
        paper_note(m->paper, export_say(m->language, text, sizeof text, WORD_CONFLICT,
                                        export_counted(m->language, NOUN_REPORT,
                                                       d->state->head_count, piece)));
    if (d->state->again_by != ESEP_DAY_NONE)
        paper_note(m->paper, export_say(m->language, text, sizeof text, WORD_AGAIN_BY,
                                        export_day(m->language, d->state->again_by, piece)));
}

static void put_indicators(struct export_maker *m, const Esep__V1__Report *r)
{
    const struct paper_column columns[] = {
        {say(m, WORD_INDICATOR), 6, PAPER_LEFT}, {say(m, WORD_BREAKDOWN), 3, PAPER_LEFT},
        {say(m, WORD_VALUE), 2, PAPER_RIGHT},    {say(m, WORD_UNIT), 2, PAPER_LEFT},
        {say(m, WORD_TARGET), 2, PAPER_RIGHT},
    };
    if (r->n_indicators == 0)
        return;
    paper_table(m->paper, NULL, say(m, WORD_INDICATORS), columns, 5);
    for (size_t i = 0; i < r->n_indicators; i++) {
        const Esep__V1__Indicator *n = r->indicators[i];
        struct paper_cell cells[] = {export_cell(n->name), export_cell(n->breakdown),
                                     export_cell(n->value), export_cell(n->unit),
                                     export_cell(n->target)};
        if (cells[2].kind == PAPER_TEXT)
            cells[2].kind = PAPER_DECIMAL;
        if (cells[4].kind == PAPER_TEXT)
            cells[4].kind = PAPER_DECIMAL;
        paper_row(m->paper, cells);
    }
}

static int64_t sum(int64_t a, int64_t b)
{
    int64_t total = 0;
    return __builtin_add_overflow(a, b, &total) ? INT64_MAX : total; /* money is not negative */
}

static void total_money(struct export_maker *m, const Esep__V1__Money *money)
{
    struct export_money *total = NULL;
    for (size_t i = 0; i < m->money_count && total == NULL; i++)
        if (strcmp(m->money[i].source, money->source) == 0)
            total = &m->money[i];
    if (total == NULL && m->money_count < EXPORT_SOURCES_MAX) {
        total = &m->money[m->money_count++];
        *total = (struct export_money){0};
        (void)snprintf(total->source, sizeof total->source, "%s", money->source);
    }
    if (total == NULL)
        return; /* more sources than a plan can have: report.h bounds each report alone */
    total->planned = sum(total->planned, money->planned_tiyn);
    total->allocated = sum(total->allocated, money->allocated_tiyn);
    total->spent = sum(total->spent, money->spent_tiyn);
    total->within += money->within_allotted ? 1 : 0;
}

static void put_money(struct export_maker *m, const struct consolidated_duty *d,
                      const Esep__V1__Report *r)
{
    const struct paper_column columns[] = {
        {say(m, WORD_SOURCE), 5, PAPER_LEFT},   {say(m, WORD_PROGRAMME), 3, PAPER_LEFT},
        {say(m, WORD_PLANNED), 3, PAPER_RIGHT}, {say(m, WORD_ALLOCATED), 3, PAPER_RIGHT},
        {say(m, WORD_SPENT), 3, PAPER_RIGHT},
    };
    if (r->n_money == 0)
        return;
    paper_table(m->paper, NULL, say(m, WORD_MONEY), columns, 5);
    for (size_t i = 0; i < r->n_money; i++) {
        const Esep__V1__Money *money = r->money[i];
        struct paper_cell cells[] = {
            export_cell(export_source(m->language, money->source)), export_cell(money->programme),
            money->within_allotted ? export_cell(say(m, WORD_WITHIN_ALLOTTED))
                                   : export_cell_money(money->planned_tiyn),
            money->within_allotted && money->allocated_tiyn == 0
                ? export_cell("")
                : export_cell_money(money->allocated_tiyn),
            money->within_allotted && money->spent_tiyn == 0
                ? export_cell("")
                : export_cell_money(money->spent_tiyn)};
        paper_row(m->paper, cells);
        if (d->action != NULL && d->state->made.role == ESEP__V1__ROLE__ROLE_LEAD)
            total_money(m, money);
    }
}

static void put_cite(struct export_maker *m, struct esep_slice name)
{
    char body[EXPORT_BODY_MAX];
    char matter[EXPORT_BODY_MAX];
    char text[2 * EXPORT_BODY_MAX];
    const struct consolidated_filed *filed = consolidated_named(m->c, name);
    const struct consolidated_duty *duty = filed != NULL ? consolidated_duty_of(m->c, filed) : NULL;
    if (duty == NULL) {
        paper_bullet(m->paper, say(m, WORD_CITE_UNKNOWN));
        return;
    }
    paper_bullet(m->paper, export_say(m->language, text, sizeof text, WORD_CITE,
                                      export_body(m->language, duty, false, body),
                                      export_matter(m->language, duty, matter), filed->revision,
                                      (unsigned long long)filed->index));
}

static void put_cites(struct export_maker *m, const Esep__V1__Report *r, bool *ret_cites)
{
    if (r->n_cites == 0)
        return;
    paper_paragraph(m->paper, say(m, WORD_CITES));
    for (size_t i = 0; i < r->n_cites; i++) {
        struct esep_slice name = esep_slice(r->cites[i].data, r->cites[i].len);
        const struct consolidated_filed *filed = consolidated_named(m->c, name);
        if (filed != NULL && ret_cites != NULL)
            ret_cites[filed - m->c->filed] = true;
        put_cite(m, name);
    }
}

static void put_signed(struct export_maker *m, const Esep__V1__Report *r, struct facts *facts,
                       char out[EXPORT_BODY_MAX])
{
    const Esep__V1__Person *person = r->signatory != NULL ? r->signatory : r->preparer;
    char number[EXPORT_SHORT] = "";
    if (r->outgoing_number[0] != 0)
        (void)export_say(m->language, number, sizeof number, WORD_OUTGOING, r->outgoing_number);
    (void)snprintf(out, EXPORT_BODY_MAX, "%.400s%s%.400s%s%s", person != NULL ? person->name : "",
                   person != NULL && person->position[0] != 0 ? ", " : "",
                   person != NULL ? person->position : "",
                   person != NULL && person->name[0] != 0 && number[0] != 0 ? "; " : "", number);
    add(facts, say(m, WORD_SIGNED), out);
}

static void put_attachments(struct export_maker *m, const Esep__V1__Report *r)
{
    export_text_begin(m);
    for (size_t i = 0; i < r->n_attachments; i++) {
        export_text_add(m, i > 0 ? ", " : "");
        export_text_add(m, r->attachments[i]->name);
    }
}

static void put_body(struct export_maker *m, const struct consolidated_duty *d,
                     const Esep__V1__Report *r, bool *ret_cites)
{
    struct facts facts = {0};
    char nil[EXPORT_BODY_MAX * 8];
    char person[EXPORT_BODY_MAX];
    if (r->nil_report)
        paper_paragraph(m->paper,
                        export_say(m->language, nil, sizeof nil, WORD_NIL_REPORT, r->nil_reason));
    if (r->narrative[0] != 0) {
        paper_note(m->paper, say(m, WORD_DONE));
        paper_paragraph(m->paper, r->narrative);
    }
    put_indicators(m, r);
    put_money(m, d, r);
    put_cites(m, r, ret_cites);
    add(&facts, say(m, WORD_OBSTACLES), r->obstacles);
    add(&facts, say(m, WORD_DELAY_REASONS), r->delay_reasons);
    add(&facts, say(m, WORD_NEXT_STEPS), r->next_steps);
    put_signed(m, r, &facts, person);
    put_attachments(m, r);
    add(&facts, say(m, WORD_ATTACHMENTS), export_text_of(m));
    if (r->access == ESEP__V1__ACCESS__ACCESS_OFFICIAL_USE)
        add(&facts, say(m, WORD_ACCESS), say(m, WORD_OFFICIAL_USE));
    if (facts.count > 0)
        paper_facts(m->paper, facts.list, facts.count);
}

enum esep_status export_paper_report(struct export_maker *m, const struct consolidated_duty *duty,
                                     bool *ret_cites)
{
    const Esep__V1__Report *report = NULL;
    if (duty->chosen == NULL && duty->state->submission == ESEP_SUBMISSION_NONE)
        paper_paragraph(m->paper, say(m, WORD_NO_REPORT));
    put_standing(m, duty);
    put_marks(m, duty);
    if (duty->chosen == NULL)
        return ESEP_OK;
    esep_arena_reset(&m->arena);
    enum esep_status status =
        consolidated_report(m->c, duty->chosen, &m->arena, &report, m->reason);
    if (status == ESEP_OK)
        put_body(m, duty, report, ret_cites);
    return status;
}
