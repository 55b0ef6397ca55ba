/* collector/export_doc.c - the consolidated report as a document, from its title to its last list;
 * see export.h and export_paper.h. */
#include "collector/export.h"
#include "collector/export_paper.h"

#include <stdio.h>

#define TEXT_BYTES_MAX ((size_t)1 << 16)

static void root_hex(const struct consolidated *c, char out[65])
{
    esep_hex(c->log_root.bytes, sizeof c->log_root.bytes, out);
}

static const char *secretariat(const struct export_maker *m)
{
    const Esep__V1__Plan *plan = m->c->plan;
    int place = esep_body_find(plan, plan->secretariat);
    if (place < 0)
        return plan->secretariat;
    const char *name = esep_text(plan->bodies[place]->name, export_language_code(m->language));
    return name[0] != 0 ? name : plan->secretariat;
}

static void put_front(struct export_maker *m)
{
    const struct consolidated *c = m->c;
    const enum export_language l = m->language;
    char title[EXPORT_SHORT];
    char revision[EXPORT_BODY_MAX];
    char as_of[EXPORT_SHORT];
    char entries[EXPORT_SHORT];
    char hex[65];
    char log[2 * EXPORT_SHORT];
    root_hex(c, hex);
    (void)export_say(l, revision, sizeof revision, WORD_PLAN_REVISION, c->plan->id,
                     c->plan->revision);
    (void)export_say(l, log, sizeof log, WORD_LOG_VALUE,
                     export_counted(l, NOUN_ENTRY, c->log_size, entries), hex);
    const struct paper_fact facts[] = {
        {export_word(l, WORD_PLAN), revision},
        {export_word(l, WORD_SECRETARIAT), secretariat(m)},
        {export_word(l, WORD_AS_OF), export_instant(l, c->as_of, c->zone, as_of)},
        {export_word(l, WORD_LOG), log},
    };
    paper_heading(m->paper, 1, export_say(l, title, sizeof title, WORD_TITLE, c->year));
    paper_paragraph(m->paper, esep_text(c->plan->title, export_language_code(l)));
    paper_facts(m->paper, facts, sizeof facts / sizeof *facts);
    paper_note(m->paper, export_word(l, WORD_HOW_MADE));
    paper_note(m->paper, export_word(l, WORD_HOW_CHOSEN));
}

static enum esep_status put_all(struct export_maker *m)
{
    static const enum esep_obligation_kind others[] = {
        ESEP_OBLIGATION_ANNUAL, ESEP_OBLIGATION_REGIONAL_PLAN, ESEP_OBLIGATION_CONSOLIDATED};
    enum esep_status status = ESEP_OK;
    put_front(m);
    export_paper_summary(m);
    export_paper_overview(m);
    paper_page_break(m->paper);
    paper_heading(m->paper, 2, export_word(m->language, WORD_BY_ACTION));
    for (size_t i = 0; status == ESEP_OK && i < m->c->action_count; i++) {
        /* A document over its limit stays so: no need to read on. */
        status = paper_status(m->paper);
        if (status == ESEP_OK)
            status = export_paper_action(m, &m->c->actions[i]);
    }
    export_paper_money(m);
    for (size_t i = 0; status == ESEP_OK && i < sizeof others / sizeof *others; i++)
        status = export_paper_kind(m, others[i]);
    export_paper_lists(m);
    return status;
}

static struct paper *begin(const struct consolidated *c, const struct export_request *request,
                           char foot[2 * EXPORT_BODY_MAX])
{
    const enum export_language l = request->language;
    char title[EXPORT_SHORT];
    char subject[EXPORT_BODY_MAX];
    char as_of[EXPORT_SHORT];
    char entries[EXPORT_SHORT];
    char hex[65];
    root_hex(c, hex);
    (void)export_say(l, foot, 2 * EXPORT_BODY_MAX, WORD_FOOT,
                     export_instant(l, c->as_of, c->zone, as_of),
                     export_counted(l, NOUN_ENTRY, c->log_size, entries), hex);
    const struct paper_about about = {
        .language = export_language_code(l),
        .title = export_say(l, title, sizeof title, WORD_TITLE, c->year),
        .subject = export_say(l, subject, sizeof subject, WORD_SUBJECT,
                              esep_text(c->plan->title, export_language_code(l))),
        .author = "Esep",
        .foot = foot,
        .page = export_word(l, WORD_PAGE),
        .zone = c->zone,
        .made_at = c->as_of,
        .landscape = true,
        .bytes_max = request->bytes_max};
    return paper_new(&about);
}

enum esep_status export_doc(const struct consolidated *c, const struct export_request *request,
                            struct paper **ret, struct esep_reason *reason)
{
    char foot[2 * EXPORT_BODY_MAX];
    struct export_maker m = {.c = c, .language = request->language, .reason = reason};
    esep_buf_init(&m.text, TEXT_BYTES_MAX);
    enum esep_status status = esep_arena_init(&m.arena, EXPORT_ARENA_BYTES);
    if (status == ESEP_OK)
        m.paper = begin(c, request, foot);
    if (status == ESEP_OK && m.paper == NULL)
        status = ESEP_NOMEM;
    if (status == ESEP_OK)
        status = put_all(&m);
    if (status == ESEP_LIMIT && paper_status(m.paper) == ESEP_LIMIT)
        status = ESEP_OK; /* the writer says it */
    esep_arena_done(&m.arena);
    esep_buf_done(&m.text);
    if (status != ESEP_OK) {
        paper_free(m.paper);
        return status;
    }
    *ret = m.paper;
    return ESEP_OK;
}
