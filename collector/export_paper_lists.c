/* collector/export_paper_lists.c - totals, the actions at a glance, other kinds, money, and who was
 * late or silent; see export_paper.h. */
#include "collector/export_paper.h"

#include <stdio.h>

static const char *say(const struct export_maker *m, enum export_word word)
{
    return export_word(m->language, word);
}

static void put_tally(struct export_maker *m, const char *name,
                      const struct consolidated_tally *tally, bool strong)
{
    char on_time[EXPORT_SHORT];
    char complete[EXPORT_SHORT];
    struct paper_cell cells[] = {
        export_cell(name),
        export_cell_count(tally->all),
        export_cell_count(tally->timely[ESEP_TIMELINESS_ON_TIME]),
        export_cell_count(tally->timely[ESEP_TIMELINESS_LATE]),
        export_cell_count(tally->timely[ESEP_TIMELINESS_OVERDUE]),
        export_cell_count(tally->timely[ESEP_TIMELINESS_NOT_DUE] +
                          tally->timely[ESEP_TIMELINESS_DUE_SOON]),
        export_cell(export_rate(m->language, consolidated_on_time(tally), on_time)),
        export_cell(export_rate(m->language, consolidated_complete(tally), complete))};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        cells[i].strong = strong;
    paper_row(m->paper, cells);
}

static void put_totals(struct export_maker *m, const char *caption,
                       const struct consolidated_tally tallies[CONSOLIDATED_KINDS])
{
    const enum export_language l = m->language;
    const struct paper_column columns[] = {
        {say(m, WORD_KIND), 5, PAPER_LEFT},          {say(m, WORD_ALL), 2, PAPER_RIGHT},
        {say(m, WORD_HEAD_ON_TIME), 2, PAPER_RIGHT}, {say(m, WORD_HEAD_LATE), 2, PAPER_RIGHT},
        {say(m, WORD_HEAD_OVERDUE), 2, PAPER_RIGHT}, {say(m, WORD_HEAD_NOT_DUE), 2, PAPER_RIGHT},
        {say(m, WORD_ON_TIME_RATE), 4, PAPER_RIGHT}, {say(m, WORD_COMPLETE), 4, PAPER_RIGHT},
    };
    if (tallies[0].all == 0)
        return;
    paper_table(m->paper, NULL, caption, columns, 8);
    for (int kind = ESEP_OBLIGATION_FULFILMENT; kind < CONSOLIDATED_KINDS; kind++)
        if (tallies[kind].all > 0)
            put_tally(m, export_kind(l, (enum esep_obligation_kind)kind), &tallies[kind], false);
    put_tally(m, say(m, WORD_TOGETHER), &tallies[0], true);
}

static void put_leads(struct export_maker *m)
{
    const struct paper_column columns[] = {{say(m, WORD_FULFILMENT), 4, PAPER_LEFT},
                                           {say(m, WORD_COUNT), 1, PAPER_RIGHT}};
    /* As a reader asks: done first, silence last. */
    static const int order[CONSOLIDATED_FULFILMENTS] = {4, 3, 2, 1, 5, 6, 0};
    paper_table(m->paper, NULL, say(m, WORD_LEADS_SAY), columns, 2);
    for (size_t i = 0; i < CONSOLIDATED_FULFILMENTS; i++) {
        const struct paper_cell cells[] = {
            export_cell(export_fulfilment(m->language, (Esep__V1__Fulfilment)order[i])),
            export_cell_count(m->c->leads[order[i]])};
        paper_row(m->paper, cells);
    }
}

void export_paper_summary(struct export_maker *m)
{
    char count[EXPORT_SHORT];
    char text[EXPORT_BODY_MAX];
    paper_heading(m->paper, 2, say(m, WORD_SUMMARY));
    put_totals(m, say(m, WORD_BOUND), m->c->bound);
    put_totals(m, say(m, WORD_AGREED), m->c->agreed);
    paper_note(m->paper, say(m, WORD_RATE_NOTE));
    if (m->c->running_on > 0)
        paper_note(m->paper, export_say(m->language, text, sizeof text, WORD_RUNNING_ON,
                                        export_counted(m->language, NOUN_OBLIGATION,
                                                       m->c->running_on, count)));
    put_leads(m);
}

void export_paper_overview(struct export_maker *m)
{
    const struct paper_column columns[] = {
        {say(m, WORD_NUMBER), 1, PAPER_LEFT},     {say(m, WORD_ACTION), 8, PAPER_LEFT},
        {say(m, WORD_LEAD), 3, PAPER_LEFT},       {say(m, WORD_DUE), 2, PAPER_LEFT},
        {say(m, WORD_FULFILMENT), 3, PAPER_LEFT}, {say(m, WORD_PERCENT), 2, PAPER_RIGHT},
        {say(m, WORD_REPORT), 3, PAPER_LEFT},     {say(m, WORD_TIMELINESS), 3, PAPER_LEFT},
    };
    paper_heading(m->paper, 2, say(m, WORD_OVERVIEW));
    paper_table(m->paper, NULL, NULL, columns, 8);
    for (size_t i = 0; i < m->c->fulfilment_count; i++) {
        const struct consolidated_duty *d = &m->c->duties[i];
        char body[EXPORT_BODY_MAX];
        if (d->state->made.role != ESEP__V1__ROLE__ROLE_LEAD)
            continue;
        const struct paper_cell cells[] = {
            export_cell(d->action->number),
            export_cell(esep_text(d->action->title, export_language_code(m->language))),
            export_cell(export_body(m->language, d, false, body)),
            export_cell_day(esep_zone_day(d->zone, d->state->due)),
            export_cell_fulfilment(m->language, d),
            export_cell_percent(m->language, d),
            export_cell_basis(m->language, d),
            export_cell_timeliness(m->language, d)};
        paper_row(m->paper, cells);
    }
}

void export_paper_money(struct export_maker *m)
{
    const struct paper_column columns[] = {
        {say(m, WORD_SOURCE), 5, PAPER_LEFT},        {say(m, WORD_PLANNED), 3, PAPER_RIGHT},
        {say(m, WORD_ALLOCATED), 3, PAPER_RIGHT},    {say(m, WORD_SPENT), 3, PAPER_RIGHT},
        {say(m, WORD_WITHIN_COUNT), 3, PAPER_RIGHT},
    };
    if (m->money_count == 0)
        return;
    paper_heading(m->paper, 2, say(m, WORD_MONEY));
    paper_table(m->paper, NULL, say(m, WORD_MONEY_TOTALS), columns, 5);
    for (size_t i = 0; i < m->money_count; i++) {
        const struct export_money *money = &m->money[i];
        const struct paper_cell cells[] = {
            export_cell(export_source(m->language, money->source)),
            export_cell_money(money->planned), export_cell_money(money->allocated),
            export_cell_money(money->spent), export_cell_count(money->within)};
        paper_row(m->paper, cells);
    }
}

enum esep_status export_paper_kind(struct export_maker *m, enum esep_obligation_kind kind)
{
    const struct paper_column columns[] = {
        {say(m, WORD_BODY), 5, PAPER_LEFT},       {say(m, WORD_DUE), 2, PAPER_LEFT},
        {say(m, WORD_CAME), 3, PAPER_LEFT},       {say(m, WORD_TIMELINESS), 3, PAPER_LEFT},
        {say(m, WORD_FULFILMENT), 3, PAPER_LEFT}, {say(m, WORD_REPORT), 3, PAPER_LEFT},
        {say(m, WORD_CONTROL), 3, PAPER_LEFT},
    };
    const struct consolidated *c = m->c;
    enum esep_status status = ESEP_OK;
    bool begun = false;
    for (size_t i = c->fulfilment_count; i < c->duty_count; i++) {
        const struct consolidated_duty *d = &c->duties[i];
        char body[EXPORT_BODY_MAX];
        if (d->state->made.kind != kind)
            continue;
        if (!begun) {
            paper_heading(m->paper, 2, export_kind(m->language, kind));
            paper_table(m->paper, NULL, NULL, columns, 7);
        }
        begun = true;
        const struct paper_cell cells[] = {
            export_cell(export_body(m->language, d, false, body)),
            export_cell_day(esep_zone_day(d->zone, d->state->due)),
            export_cell_instant(d->came),
            export_cell_timeliness(m->language, d),
            export_cell_fulfilment(m->language, d),
            export_cell_basis(m->language, d),
            export_cell(export_control(m->language, d->state->control))};
        paper_row(m->paper, cells);
    }
    for (size_t i = c->fulfilment_count; status == ESEP_OK && i < c->duty_count; i++) {
        char body[EXPORT_BODY_MAX];
        if (c->duties[i].state->made.kind != kind || c->duties[i].chosen == NULL)
            continue;
        paper_heading(m->paper, 3, export_body(m->language, &c->duties[i], true, body));
        status = export_paper_report(m, &c->duties[i], NULL);
    }
    return status;
}

/* The last column of the late ones says when they came. */
#define LIST_COLUMNS 6
static void put_list_row(struct export_maker *m, const struct consolidated_duty *d)
{
    char matter[EXPORT_BODY_MAX];
    char body[EXPORT_BODY_MAX];
    char days[EXPORT_SHORT];
    const esep_time end = d->came != ESEP_TIME_NEVER ? d->came : m->c->as_of;
    const esep_day late = esep_zone_day(d->zone, end) - esep_zone_day(d->zone, d->state->due);
    const struct paper_cell cells[LIST_COLUMNS] = {
        export_cell(export_matter(m->language, d, matter)),
        export_cell(export_body(m->language, d, false, body)),
        export_cell_day(esep_zone_day(d->zone, d->state->due)),
        export_cell(export_counted(m->language, NOUN_DAY, late > 0 ? (uint64_t)late : 0, days)),
        export_cell(export_control(m->language, d->state->control)),
        export_cell_instant(d->came)};
    paper_row(m->paper, cells);
}

static void put_list(struct export_maker *m, enum esep_timeliness which, bool agreed, bool *begun,
                     enum export_word heading)
{
    const struct paper_column columns[LIST_COLUMNS] = {
        {say(m, WORD_ACTION), 7, PAPER_LEFT},  {say(m, WORD_BODY), 4, PAPER_LEFT},
        {say(m, WORD_DUE), 2, PAPER_LEFT},     {say(m, WORD_LATE_BY), 2, PAPER_LEFT},
        {say(m, WORD_CONTROL), 3, PAPER_LEFT}, {say(m, WORD_CAME), 3, PAPER_LEFT},
    };
    bool table = false;
    for (size_t i = 0; i < m->c->duty_count; i++) {
        const struct consolidated_duty *d = &m->c->duties[i];
        if (d->timeliness != which || d->state->made.upon_agreement != agreed)
            continue;
        if (!*begun)
            paper_heading(m->paper, 2, say(m, heading));
        if (!table)
            paper_table(m->paper, NULL, say(m, agreed ? WORD_AGREED : WORD_BOUND), columns,
                        which == ESEP_TIMELINESS_LATE ? LIST_COLUMNS : LIST_COLUMNS - 1);
        *begun = table = true;
        put_list_row(m, d);
    }
}

void export_paper_lists(struct export_maker *m)
{
    bool late = false;
    bool missing = false;
    put_list(m, ESEP_TIMELINESS_LATE, false, &late, WORD_LATE);
    put_list(m, ESEP_TIMELINESS_LATE, true, &late, WORD_LATE);
    if (!late) {
        paper_heading(m->paper, 2, say(m, WORD_LATE));
        paper_paragraph(m->paper, say(m, WORD_NOTHING_LATE));
    }
    put_list(m, ESEP_TIMELINESS_OVERDUE, false, &missing, WORD_MISSING);
    put_list(m, ESEP_TIMELINESS_OVERDUE, true, &missing, WORD_MISSING);
    if (!missing) {
        paper_heading(m->paper, 2, say(m, WORD_MISSING));
        paper_paragraph(m->paper, say(m, WORD_NOTHING_MISSING));
    }
}
