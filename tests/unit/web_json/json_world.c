/* tests/unit/web_json/json_world.c - see json_world.h. */
#include "json_world.h"

#include <stdio.h>
#include <stdlib.h>

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static void give_names(Esep__V1__Plan *plan)
{
    static Esep__V1__Text titles[2], names[4];
    static Esep__V1__PlannedMoney money[2], *lines[2];
    static const char *const words[][3] = {
        {"Құқықтық сауат", "Правовое просвещение", "Legal literacy"},
        {"Ұлттық тетік", "Национальный механизм", "National mechanism"},
        {"Әділет министрлігі", "Министерство юстиции", "Ministry of Justice"},
        {"Денсаулық сақтау министрлігі", "Министерство здравоохранения", "Ministry of Health"},
        {"Ақмола облысы", "Акмолинская область", "Akmola region"},
        {"Жоғарғы Сот", "Верховный Суд", "Supreme Court"}};
    for (size_t i = 0; i < 6; i++) {
        Esep__V1__Text *t = i < 2 ? &titles[i] : &names[i - 2];
        esep__v1__text__init(t);
        t->kk = text(words[i][0]);
        t->ru = text(words[i][1]);
        t->en = text(words[i][2]);
        if (i < 2)
            plan->actions[i]->title = t;
        else
            plan->bodies[i - 2]->name = t;
    }
    for (size_t i = 0; i < 2; i++) {
        esep__v1__planned_money__init(&money[i]);
        money[i].source = text("rb");
        money[i].year = 2013;
        lines[i] = &money[i];
    }
    money[0].amount_tiyn = 700;
    money[1].within_allotted = true;
    plan->actions[0]->money = lines;
    plan->actions[0]->n_money = 2;
}

/* A report with money and an indicator, from moh. */
static void report_with_figures(struct world *w, uint32_t office)
{
    Esep__V1__JournalEntry entry;
    Esep__V1__Report report;
    Esep__V1__Money money[3], *lines[3];
    Esep__V1__Indicator indicator, *indicators[] = {&indicator};
    Esep__V1__AttachmentRef paper, *papers[] = {&paper};
    uint8_t nonce[16] = {9};
    uint8_t hash[32] = {7};
    esep__v1__journal_entry__init(&entry);
    esep__v1__report__init(&report);
    entry.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    entry.written_at_us = w->now - 90 * ESEP_SECOND;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    report.obligation = text(KEY_1_MOH);
    report.revision = 1;
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS;
    report.progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT; /* 0 %, which is not "no data" */
    for (size_t i = 0; i < 3; i++) {
        esep__v1__money__init(&money[i]);
        money[i].source = text(i == 1 ? "lb" : "rb");
        lines[i] = &money[i];
    }
    money[0].allocated_tiyn = 500;
    money[0].spent_tiyn = 300;
    money[1].within_allotted = true;
    money[2].allocated_tiyn = 20;
    report.money = lines;
    report.n_money = 3;
    esep__v1__indicator__init(&indicator);
    indicator.name = text("judges trained");
    indicator.value = text("12.5");
    indicator.unit = text("persons");
    report.indicators = indicators;
    report.n_indicators = 1;
    esep__v1__attachment_ref__init(&paper);
    paper.name = text("order.pdf");
    paper.media_type = text("application/pdf");
    paper.size_bytes = 4711;
    paper.sha256 = (ProtobufCBinaryData){sizeof hash, hash};
    report.attachments = papers;
    report.n_attachments = 1;
    assert_int_equal(world_entry(w, office, &entry), ESEP__V1__VERDICT__VERDICT_TAKEN);
}

static void live_a_year(struct json_world *j)
{
    struct world *w = &j->world;
    world_start(w, "2013-01-01");
    world_plan(w, NULL, give_names);
    const uint32_t moj = world_office(w, "moj");
    const uint32_t moh = world_office(w, "moh");
    const uint32_t akmola = world_office(w, "akmola");
    w->now = world_time("2013-03-01");
    const struct world_report first = {.key = KEY_1_MOJ,
                                       .fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS,
                                       .percent = 40};
    (void)world_report(w, moj, &first);
    j->first = w->last_index;
    world_close(w, moj);
    assert_int_equal(world_review(w, KEY_1_MOJ, j->first, false, "2013-03-20"), ESEP_OK);
    w->now = world_time("2013-03-10");
    const struct world_report second = {.key = KEY_1_MOJ,
                                        .base_index = j->first,
                                        .fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED,
                                        .percent = -1};
    (void)world_report(w, moj, &second);
    j->second = w->last_index;
    world_close(w, moj);
    report_with_figures(w, moh);
    j->other = w->last_index;
    world_close(w, moh);
    (void)world_ask(w, akmola, KEY_2_AKMOLA);
    world_close(w, akmola);
    assert_int_equal(world_extend(w, KEY_2_AKMOLA, "2013-05-31"), ESEP_OK);
    (void)world_garbage(w, akmola);
    world_close(w, akmola);
    w->now = world_time("2013-06-01");
    (void)world_alerts(w, false, NULL);
    world_cut(w);
}

static const char *parameter(void *context, const char *name)
{
    const struct json_world *j = context;
    for (size_t i = 0; i < j->parameters; i++)
        if (strcmp(j->names[i], name) == 0)
            return j->values[i];
    return NULL;
}

static void open_store(struct json_world *j, const char *folder)
{
    struct collector_settings *s = calloc(1, sizeof *s);
    struct esep_reason reason = {""};
    assert_non_null(s);
    (void)snprintf(s->store, sizeof s->store, "%s/store", folder);
    s->store_bytes = 1u << 24;
    s->offices = 16;
    s->obligations = 64;
    s->plans = 4;
    s->codes = 16;
    j->settings = s;
    world_store(&j->world, s->store, s->store_bytes);
    const struct collector_log_options options = {
        .path = s->store, .map_bytes = s->store_bytes, .read_only = true};
    assert_int_equal(collector_log_open(&j->state.log, &options, &reason), ESEP_OK);
    j->state.views = world_load(&j->world); /* its zone is the test's own */
}

void json_world_start(struct json_world *j, const char *folder)
{
    struct esep_reason reason = {""};
    memset(j, 0, sizeof *j);
    live_a_year(j);
    open_store(j, folder);
    assert_int_equal(web_index_new(&j->index, 64), ESEP_OK);
    assert_int_equal(web_index_follow(j->index, j->state.log, j->state.views, &reason), ESEP_OK);
    assert_int_equal(web_index_size(j->index), j->world.log_count);
    j->ask = (struct web_ask){.state = &j->state,
                              .index = j->index,
                              .now = world_time("2013-06-25"),
                              .live = true,
                              .language = "ru",
                              .query = parameter,
                              .context = j};
}

void json_world_end(struct json_world *j)
{
    web_index_free(j->index);
    collector_state_close(&j->state);
    free(j->settings);
    world_end(&j->world);
}

void json_world_asks(struct json_world *j, const char *name, const char *value)
{
    assert_true(j->parameters < sizeof j->names / sizeof *j->names);
    j->names[j->parameters] = name;
    j->values[j->parameters++] = value;
}

json_t *json_world_get(struct json_world *j, web_json_fn *producer, const char *rest)
{
    json_t *value = NULL;
    struct esep_reason reason = {""};
    const enum esep_status status = producer(&j->ask, rest, &value, &reason);
    if (status != ESEP_OK)
        print_error("%s: %s\n", esep_status_name(status), reason.text);
    assert_int_equal(status, ESEP_OK);
    assert_non_null(value);
    j->parameters = 0;
    return value;
}

const char *json_world_refused(struct json_world *j, web_json_fn *producer, const char *rest,
                               enum esep_status status)
{
    static struct esep_reason reason;
    json_t *value = NULL;
    reason.text[0] = 0;
    assert_int_equal(producer(&j->ask, rest, &value, &reason), status);
    assert_null(value);
    j->parameters = 0;
    return reason.text;
}
