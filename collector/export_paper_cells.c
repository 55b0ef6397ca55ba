/* collector/export_paper_cells.c - cells, names and lists of the documents; see export_paper.h. */
#include "base/text.h"
#include "collector/export_paper.h"

#include <stdio.h>

struct paper_cell export_cell(const char *text)
{
    return (struct paper_cell){.kind = text[0] != 0 ? PAPER_TEXT : PAPER_EMPTY, .text = text};
}

struct paper_cell export_cell_day(esep_day day)
{
    if (day == ESEP_DAY_NONE)
        return (struct paper_cell){.kind = PAPER_EMPTY};
    return (struct paper_cell){.kind = PAPER_DAY, .value = day};
}

struct paper_cell export_cell_instant(esep_time at)
{
    if (at == 0 || at == ESEP_TIME_NEVER)
        return (struct paper_cell){.kind = PAPER_EMPTY};
    return (struct paper_cell){.kind = PAPER_INSTANT, .value = at};
}

struct paper_cell export_cell_count(uint64_t count)
{
    return (struct paper_cell){.kind = PAPER_COUNT, .value = (int64_t)count};
}

struct paper_cell export_cell_money(int64_t tiyn)
{
    return (struct paper_cell){.kind = PAPER_MONEY, .value = tiyn};
}

struct paper_cell export_cell_percent(enum export_language language,
                                      const struct consolidated_duty *duty)
{
    const struct consolidated_filed *filed = duty->chosen;
    if (filed != NULL && filed->fulfilment == ESEP__V1__FULFILMENT__FULFILMENT_NOT_APPLICABLE)
        return export_cell(export_fulfilment(language, filed->fulfilment));
    if (filed != NULL && filed->percent >= 0)
        return (struct paper_cell){.kind = PAPER_PERCENT, .value = filed->percent};
    struct paper_cell cell = export_cell(export_word(language, WORD_NO_DATA));
    cell.tone = PAPER_FAINT;
    return cell;
}

struct paper_cell export_cell_fulfilment(enum export_language language,
                                         const struct consolidated_duty *duty)
{
    static const enum paper_tone tones[CONSOLIDATED_FULFILMENTS] = {
        PAPER_FAINT, PAPER_WARNING, PAPER_PLAIN, PAPER_WARNING, PAPER_GOOD, PAPER_BAD, PAPER_FAINT};
    Esep__V1__Fulfilment value = duty->chosen != NULL
                                     ? duty->chosen->fulfilment
                                     : ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED;
    struct paper_cell cell = export_cell(export_fulfilment(language, value));
    cell.tone = (size_t)value < CONSOLIDATED_FULFILMENTS ? tones[value] : PAPER_PLAIN;
    return cell;
}

struct paper_cell export_cell_timeliness(enum export_language language,
                                         const struct consolidated_duty *duty)
{
    static const enum paper_tone tones[] = {PAPER_FAINT, PAPER_FAINT,   PAPER_WARNING,
                                            PAPER_GOOD,  PAPER_WARNING, PAPER_BAD};
    struct paper_cell cell = export_cell(export_timeliness(language, duty->timeliness));
    cell.tone = tones[duty->timeliness];
    if (duty->state->made.upon_agreement && cell.tone == PAPER_BAD)
        cell.tone = PAPER_FAINT; /* their silence is no violation */
    return cell;
}

struct paper_cell export_cell_basis(enum export_language language,
                                    const struct consolidated_duty *duty)
{
    static const enum paper_tone tones[] = {
        [ESEP_SUBMISSION_NONE] = PAPER_FAINT,
        [ESEP_SUBMISSION_RETURNED] = PAPER_WARNING,
        [ESEP_SUBMISSION_ACCEPTED] = PAPER_GOOD,
        [ESEP_SUBMISSION_WITHDRAWN] = PAPER_FAINT,
    };
    enum esep_submission state = duty->chosen != NULL ? duty->basis : duty->state->submission;
    struct paper_cell cell = export_cell(export_submission(language, state));
    cell.tone = (size_t)state < sizeof tones / sizeof *tones ? tones[state] : PAPER_PLAIN;
    return cell;
}

static const char *name_of(enum export_language language, const Esep__V1__Body *body, bool full)
{
    const char *code = export_language_code(language);
    const char *name = esep_text(full ? body->name : body->short_name, code);
    if (name[0] == 0)
        name = esep_text(full ? body->short_name : body->name, code);
    return name[0] != 0 ? name : body->code;
}

const char *export_body(enum export_language language, const struct consolidated_duty *duty,
                        bool full, char out[EXPORT_BODY_MAX])
{
    const char *name = name_of(language, duty->body, full);
    if (duty->owner != duty->body)
        (void)export_say(language, out, EXPORT_BODY_MAX / 2, WORD_SUCCEEDED, name,
                         name_of(language, duty->owner, full));
    else
        esep_text_line(out, EXPORT_BODY_MAX / 2, name);
    if (duty->state->made.upon_agreement) {
        size_t len = strlen(out);
        (void)snprintf(out + len, EXPORT_BODY_MAX - len, " (%s)",
                       export_word(language, WORD_UPON_AGREEMENT));
    }
    return out;
}

const char *export_matter(enum export_language language, const struct consolidated_duty *duty,
                          char out[EXPORT_BODY_MAX])
{
    if (duty->action != NULL)
        return export_say(language, out, EXPORT_BODY_MAX, WORD_ACTION_HEADING, duty->action->number,
                          esep_text(duty->action->title, export_language_code(language)));
    (void)snprintf(out, EXPORT_BODY_MAX, "%s", export_kind(language, duty->state->made.kind));
    return out;
}

void export_text_begin(struct export_maker *m)
{
    esep_buf_clear(&m->text);
}

void export_text_add(struct export_maker *m, const char *text)
{
    /* Room for the end is kept: a list that is too long ends early, it is never half a letter. */
    if (m->text.len + strlen(text) + 1 < m->text.max)
        (void)!esep_buf_put(&m->text, text, strlen(text));
}

const char *export_text_of(struct export_maker *m)
{
    if (esep_buf_put(&m->text, "", 1) != ESEP_OK)
        return "";
    m->text.len--;
    return (const char *)m->text.data;
}
