/* collector/export_sheets.c - the flat tables of the workbook and of CSV; see export.h.
 *
 * A table is a list of columns and a function that fills a row's cells for a duty, so that head and
 * cells cannot part. Rows with a report's words are made while its body is in the arena.
 */
#include "collector/export.h"
#include "collector/export_paper.h"

#include <stdio.h>

#define COLUMNS_MAX 28

struct sheets {
    const struct consolidated *c;
    enum export_language language;
    const struct export_sink *sink;
    const char *only;
    struct esep_arena arena;
    struct esep_reason *reason;
};
struct sheet_column {
    enum export_word title;
    unsigned share;
    int align;
};

const char *const export_sheet_ids[] = {"reports", "actions", "indicators", "money",
                                        "totals",  "late",    "missing",    NULL};

static const char *say(const struct sheets *s, enum export_word word)
{
    return export_word(s->language, word);
}

static bool begin(const struct sheets *s, const char *id, enum export_word title,
                  const struct sheet_column *columns, size_t count)
{
    struct paper_column made[COLUMNS_MAX];
    if (s->only != NULL && strcmp(s->only, id) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        made[i] =
            (struct paper_column){.title = say(s, columns[i].title), .share = columns[i].share};
        made[i].align = columns[i].align == PAPER_RIGHT ? PAPER_RIGHT : PAPER_LEFT;
    }
    s->sink->table(s->sink->context, id, say(s, title), made, count);
    return true;
}

/* What every row about a duty begins with. */
#define WHO_COLUMNS 7
#define WHO                                                                                        \
    {WORD_NUMBER, 1, PAPER_LEFT}, {WORD_ACTION, 50, PAPER_LEFT}, {WORD_BODY, 40, PAPER_LEFT},      \
        {WORD_ROLE, 10, PAPER_LEFT}, {WORD_UPON_AGREEMENT, 5, PAPER_LEFT},                         \
        {WORD_WINDOW_START, 1, PAPER_LEFT},                                                        \
    {                                                                                              \
        WORD_WINDOW_END, 1, PAPER_LEFT                                                             \
    }

static void put_who(const struct sheets *s, const struct consolidated_duty *d,
                    struct paper_cell cells[WHO_COLUMNS], char body[EXPORT_BODY_MAX])
{
    const struct esep_obligation *made = &d->state->made;
    const char *language = export_language_code(s->language);
    cells[0] = export_cell(d->action != NULL ? d->action->number : "");
    cells[1] = export_cell(d->action != NULL ? esep_text(d->action->title, language)
                                             : export_kind(s->language, made->kind));
    cells[2] = export_cell(export_body(s->language, d, true, body));
    cells[3] =
        export_cell(say(s, made->role == ESEP__V1__ROLE__ROLE_LEAD ? WORD_LEAD : WORD_COEXECUTOR));
    cells[4] = export_cell(say(s, made->upon_agreement ? WORD_YES : WORD_NO));
    cells[5] = export_cell_day(made->window.start);
    cells[6] = export_cell_day(made->window.end);
}

static enum esep_status read(struct sheets *s, const struct consolidated_duty *d,
                             const Esep__V1__Report **ret)
{
    *ret = NULL;
    esep_arena_reset(&s->arena);
    return d->chosen != NULL ? consolidated_report(s->c, d->chosen, &s->arena, ret, s->reason)
                             : ESEP_OK;
}

static struct paper_cell report_text(const Esep__V1__Report *report, const char *text)
{
    return report != NULL ? export_cell(text) : (struct paper_cell){.kind = PAPER_EMPTY};
}

static void put_standing(const struct sheets *s, const struct consolidated_duty *d,
                         struct paper_cell *cells)
{
    const struct consolidated_filed *first =
        d->filed_count > 0 ? &s->c->filed[d->first_filed] : NULL;
    cells[0] = export_cell_instant(d->state->due);
    cells[1] = export_cell_instant(d->state->made.due);
    cells[2] = export_cell_instant(d->came);
    cells[3] = export_cell_instant(d->state->first_received_at);
    cells[4] = export_cell_instant(first != NULL ? first->written_at : 0);
    cells[5] = export_cell_timeliness(s->language, d);
    cells[6] = export_cell_fulfilment(s->language, d);
    cells[7] = export_cell_percent(s->language, d);
    cells[8] = export_cell_basis(s->language, d);
    cells[9] = d->chosen != NULL ? export_cell_count(d->chosen->revision) : export_cell("");
    cells[10] = d->chosen != NULL ? export_cell_count(d->chosen->index) : export_cell("");
    cells[11] = export_cell(export_control(s->language, d->state->control));
}

static void put_report_row(struct sheets *s, const struct consolidated_duty *d,
                           const Esep__V1__Report *r, size_t count)
{
    struct paper_cell cells[COLUMNS_MAX];
    char body[EXPORT_BODY_MAX];
    struct paper_cell *at = cells;
    put_who(s, d, at, body);
    put_standing(s, d, at += WHO_COLUMNS);
    at += 12;
    at[0] = report_text(r, r != NULL ? r->narrative : "");
    at[1] = report_text(r, r != NULL ? r->obstacles : "");
    at[2] = report_text(r, r != NULL ? r->delay_reasons : "");
    at[3] = report_text(r, r != NULL ? r->next_steps : "");
    at[4] = report_text(r, r != NULL && r->nil_report ? r->nil_reason : "");
    at[5] = report_text(r, r != NULL ? r->outgoing_number : "");
    at[6] = export_cell(export_kind(s->language, d->state->made.kind));
    at[7] = export_cell(d->state->made.key);
    s->sink->row(s->sink->context, cells, count);
}

static enum esep_status put_reports(struct sheets *s)
{
    static const struct sheet_column columns[] = {
        WHO,
        {WORD_DUE, 3, PAPER_LEFT},
        {WORD_ORIGINAL_DUE, 3, PAPER_LEFT},
        {WORD_CAME, 3, PAPER_LEFT},
        {WORD_RECEIVED, 3, PAPER_LEFT},
        {WORD_WRITTEN, 3, PAPER_LEFT},
        {WORD_TIMELINESS, 8, PAPER_LEFT},
        {WORD_FULFILMENT, 8, PAPER_LEFT},
        {WORD_PERCENT, 5, PAPER_RIGHT},
        {WORD_REPORT, 8, PAPER_LEFT},
        {WORD_REVISION, 2, PAPER_RIGHT},
        {WORD_LOG_ENTRY, 2, PAPER_RIGHT},
        {WORD_CONTROL, 8, PAPER_LEFT},
        {WORD_DONE, 100, PAPER_LEFT},
        {WORD_OBSTACLES, 40, PAPER_LEFT},
        {WORD_DELAY_REASONS, 40, PAPER_LEFT},
        {WORD_NEXT_STEPS, 40, PAPER_LEFT},
        {WORD_NIL, 20, PAPER_LEFT},
        {WORD_OUTGOING_NUMBER, 10, PAPER_LEFT},
        {WORD_KIND, 20, PAPER_LEFT},
        {WORD_KEY, 40, PAPER_LEFT},
    };
    const size_t count = sizeof columns / sizeof *columns;
    enum esep_status status = ESEP_OK;
    if (!begin(s, "reports", WORD_OBLIGATIONS, columns, count))
        return ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && i < s->c->duty_count; i++) {
        const Esep__V1__Report *report = NULL;
        status = read(s, &s->c->duties[i], &report);
        if (status == ESEP_OK)
            put_report_row(s, &s->c->duties[i], report, count);
    }
    return status;
}

/* The leads' rows alone: one for each action, body that leads it, and window. */
static void put_actions(struct sheets *s)
{
    static const struct sheet_column columns[] = {
        WHO,
        {WORD_COMPLETION, 30, PAPER_LEFT},
        {WORD_PERIOD, 20, PAPER_LEFT},
        {WORD_FINANCING, 20, PAPER_LEFT},
        {WORD_DUE, 3, PAPER_LEFT},
        {WORD_FULFILMENT, 8, PAPER_LEFT},
        {WORD_PERCENT, 5, PAPER_RIGHT},
        {WORD_REPORT, 8, PAPER_LEFT},
        {WORD_TIMELINESS, 8, PAPER_LEFT},
        {WORD_CONTROL, 8, PAPER_LEFT},
    };
    const size_t count = sizeof columns / sizeof *columns;
    if (!begin(s, "actions", WORD_OVERVIEW, columns, count))
        return;
    for (size_t i = 0; i < s->c->fulfilment_count; i++) {
        const struct consolidated_duty *d = &s->c->duties[i];
        struct paper_cell cells[COLUMNS_MAX];
        char body[EXPORT_BODY_MAX];
        char window[EXPORT_SHORT];
        if (d->state->made.role != ESEP__V1__ROLE__ROLE_LEAD)
            continue;
        put_who(s, d, cells, body);
        struct paper_cell *at = cells + WHO_COLUMNS;
        at[0] = export_cell(esep_text(d->action->completion, export_language_code(s->language)));
        at[1] = export_cell(export_window(s->language, &d->state->made.window, window));
        at[2] = export_cell(export_financing(s->language, d->action->financing));
        at[3] = export_cell_instant(d->state->due);
        at[4] = export_cell_fulfilment(s->language, d);
        at[5] = export_cell_percent(s->language, d);
        at[6] = export_cell_basis(s->language, d);
        at[7] = export_cell_timeliness(s->language, d);
        at[8] = export_cell(export_control(s->language, d->state->control));
        s->sink->row(s->sink->context, cells, count);
    }
}

static struct paper_cell decimal(const char *text)
{
    struct paper_cell cell = export_cell(text);
    if (cell.kind == PAPER_TEXT)
        cell.kind = PAPER_DECIMAL;
    return cell;
}

static enum esep_status put_indicators(struct sheets *s)
{
    static const struct sheet_column columns[] = {
        WHO,
        {WORD_REPORT, 8, PAPER_LEFT},
        {WORD_INDICATOR, 50, PAPER_LEFT},
        {WORD_BREAKDOWN, 20, PAPER_LEFT},
        {WORD_VALUE, 2, PAPER_RIGHT},
        {WORD_UNIT, 10, PAPER_LEFT},
        {WORD_TARGET, 2, PAPER_RIGHT},
    };
    const size_t count = sizeof columns / sizeof *columns;
    enum esep_status status = ESEP_OK;
    if (!begin(s, "indicators", WORD_INDICATORS, columns, count))
        return ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && i < s->c->duty_count; i++) {
        const struct consolidated_duty *d = &s->c->duties[i];
        const Esep__V1__Report *r = NULL;
        struct paper_cell cells[COLUMNS_MAX];
        char body[EXPORT_BODY_MAX];
        status = read(s, d, &r);
        for (size_t k = 0; status == ESEP_OK && r != NULL && k < r->n_indicators; k++) {
            const Esep__V1__Indicator *n = r->indicators[k];
            struct paper_cell *at = cells + WHO_COLUMNS;
            put_who(s, d, cells, body);
            at[0] = export_cell_basis(s->language, d);
            at[1] = export_cell(n->name);
            at[2] = export_cell(n->breakdown);
            at[3] = decimal(n->value);
            at[4] = export_cell(n->unit);
            at[5] = decimal(n->target);
            s->sink->row(s->sink->context, cells, count);
        }
    }
    return status;
}

static void put_money_row(struct sheets *s, const struct consolidated_duty *d,
                          const Esep__V1__Money *money, size_t count)
{
    struct paper_cell cells[COLUMNS_MAX];
    char body[EXPORT_BODY_MAX];
    struct paper_cell *at = cells + WHO_COLUMNS;
    bool figures = !money->within_allotted || money->planned_tiyn != 0 ||
                   money->allocated_tiyn != 0 || money->spent_tiyn != 0;
    put_who(s, d, cells, body);
    at[0] = export_cell_basis(s->language, d);
    at[1] = export_cell(export_source(s->language, money->source));
    at[2] = export_cell(money->programme);
    at[3] = figures ? export_cell_money(money->planned_tiyn) : export_cell("");
    at[4] = figures ? export_cell_money(money->allocated_tiyn) : export_cell("");
    at[5] = figures ? export_cell_money(money->spent_tiyn) : export_cell("");
    at[6] = export_cell(say(s, money->within_allotted ? WORD_YES : WORD_NO));
    s->sink->row(s->sink->context, cells, count);
}

static enum esep_status put_money(struct sheets *s)
{
    static const struct sheet_column columns[] = {
        WHO,
        {WORD_REPORT, 8, PAPER_LEFT},
        {WORD_SOURCE, 30, PAPER_LEFT},
        {WORD_PROGRAMME, 10, PAPER_LEFT},
        {WORD_PLANNED, 3, PAPER_RIGHT},
        {WORD_ALLOCATED, 3, PAPER_RIGHT},
        {WORD_SPENT, 3, PAPER_RIGHT},
        {WORD_WITHIN_ALLOTTED, 5, PAPER_LEFT},
    };
    const size_t count = sizeof columns / sizeof *columns;
    enum esep_status status = ESEP_OK;
    if (!begin(s, "money", WORD_MONEY, columns, count))
        return ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && i < s->c->duty_count; i++) {
        const Esep__V1__Report *r = NULL;
        status = read(s, &s->c->duties[i], &r);
        for (size_t k = 0; status == ESEP_OK && r != NULL && k < r->n_money; k++)
            put_money_row(s, &s->c->duties[i], r->money[k], count);
    }
    return status;
}

static void put_tally(const struct sheets *s, const struct consolidated_tally *t, int kind,
                      bool agreed, size_t count)
{
    char on_time[EXPORT_SHORT];
    char complete[EXPORT_SHORT];
    const struct paper_cell cells[] = {
        export_cell(kind == 0 ? say(s, WORD_TOGETHER)
                              : export_kind(s->language, (enum esep_obligation_kind)kind)),
        export_cell(say(s, agreed ? WORD_YES : WORD_NO)),
        export_cell_count(t->all),
        export_cell_count(t->timely[ESEP_TIMELINESS_ON_TIME]),
        export_cell_count(t->timely[ESEP_TIMELINESS_LATE]),
        export_cell_count(t->timely[ESEP_TIMELINESS_OVERDUE]),
        export_cell_count(t->timely[ESEP_TIMELINESS_NOT_DUE] + t->timely[ESEP_TIMELINESS_DUE_SOON]),
        export_cell(export_rate(s->language, consolidated_on_time(t), on_time)),
        export_cell(export_rate(s->language, consolidated_complete(t), complete)),
        export_cell_instant(s->c->as_of),
        export_cell_count(s->c->log_size)};
    s->sink->row(s->sink->context, cells, count);
}

static void put_totals(struct sheets *s)
{
    const struct paper_column columns[] = {
        {say(s, WORD_KIND), 4, PAPER_LEFT},          {say(s, WORD_UPON_AGREEMENT), 2, PAPER_LEFT},
        {say(s, WORD_ALL), 2, PAPER_RIGHT},          {say(s, WORD_HEAD_ON_TIME), 2, PAPER_RIGHT},
        {say(s, WORD_HEAD_LATE), 2, PAPER_RIGHT},    {say(s, WORD_HEAD_OVERDUE), 2, PAPER_RIGHT},
        {say(s, WORD_HEAD_NOT_DUE), 2, PAPER_RIGHT}, {say(s, WORD_ON_TIME_RATE), 4, PAPER_RIGHT},
        {say(s, WORD_COMPLETE), 4, PAPER_RIGHT},     {say(s, WORD_AS_OF), 3, PAPER_LEFT},
        {say(s, WORD_LOG), 2, PAPER_RIGHT},
    };
    const size_t count = sizeof columns / sizeof *columns;
    if (s->only != NULL && strcmp(s->only, "totals") != 0)
        return;
    s->sink->table(s->sink->context, "totals", say(s, WORD_SUMMARY), columns, count);
    for (int agreed = 0; agreed < 2; agreed++) {
        const struct consolidated_tally *tallies = agreed ? s->c->agreed : s->c->bound;
        for (int kind = CONSOLIDATED_KINDS - 1; kind >= 0; kind--)
            if (tallies[kind].all > 0)
                put_tally(s, &tallies[kind], kind, agreed, count);
    }
}

static void put_list(struct sheets *s, const char *id, enum export_word title,
                     enum esep_timeliness which)
{
    static const struct sheet_column columns[] = {
        WHO,
        {WORD_DUE, 3, PAPER_LEFT},
        {WORD_CAME, 3, PAPER_LEFT},
        {WORD_CONTROL, 8, PAPER_LEFT},
        {WORD_KEY, 40, PAPER_LEFT},
    };
    const size_t count = sizeof columns / sizeof *columns;
    if (!begin(s, id, title, columns, count))
        return;
    for (size_t i = 0; i < s->c->duty_count; i++) {
        const struct consolidated_duty *d = &s->c->duties[i];
        struct paper_cell cells[COLUMNS_MAX];
        char body[EXPORT_BODY_MAX];
        if (d->timeliness != which)
            continue;
        put_who(s, d, cells, body);
        struct paper_cell *at = cells + WHO_COLUMNS;
        at[0] = export_cell_instant(d->state->due);
        at[1] = export_cell_instant(d->came);
        at[2] = export_cell(export_control(s->language, d->state->control));
        at[3] = export_cell(d->state->made.key);
        s->sink->row(s->sink->context, cells, count);
    }
}

enum esep_status export_sheets(const struct consolidated *c, enum export_language language,
                               const char *only, const struct export_sink *sink,
                               struct esep_reason *reason)
{
    struct sheets s = {.c = c, .language = language, .sink = sink, .only = only, .reason = reason};
    enum esep_status status = esep_arena_init(&s.arena, EXPORT_ARENA_BYTES);
    if (status == ESEP_OK) {
        put_totals(&s);
        put_actions(&s);
        status = put_reports(&s);
    }
    if (status == ESEP_OK)
        status = put_indicators(&s);
    if (status == ESEP_OK)
        status = put_money(&s);
    if (status == ESEP_OK) {
        put_list(&s, "late", WORD_LATE, ESEP_TIMELINESS_LATE);
        put_list(&s, "missing", WORD_MISSING, ESEP_TIMELINESS_OVERDUE);
    }
    esep_arena_done(&s.arena);
    return status;
}
