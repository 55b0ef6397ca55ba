/* tests/unit/collector_shell/export_world.c - see export_world.h. */
#include "export_world.h"

#include <stdio.h>
#include <stdlib.h>

/* protobuf-c's strings are not const, and packing does not write. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static struct export_world *here; /* the log's functions get no context */

static enum esep_status read_log(struct collector_log *log, uint64_t index, uint64_t count,
                                 bool (*visit)(void *context, uint64_t index,
                                               struct esep_slice leaf, struct esep_slice body),
                                 void *context, struct esep_reason *reason)
{
    (void)log;
    (void)reason;
    const struct world *w = &here->world;
    for (uint64_t i = index; i < index + count && i < w->log_count; i++)
        if (!visit(context, i, esep_slice(w->log[i].leaf, ESEP_LEAF_BYTES),
                   esep_slice(w->log[i].body, w->log[i].len)))
            break;
    return ESEP_OK;
}

static enum esep_status read_entry(struct collector_log *log, uint64_t index,
                                   struct esep_buf *ret_entry, struct esep_reason *reason)
{
    (void)log;
    (void)reason;
    const struct world_entry *entry = &here->world.log[index];
    assert_true(index < here->world.log_count);
    enum esep_status status = esep_buf_put(ret_entry, entry->leaf, ESEP_LEAF_BYTES);
    return status == ESEP_OK ? esep_buf_put(ret_entry, entry->body, entry->len) : status;
}

void export_world_names(Esep__V1__Plan *plan)
{
    static Esep__V1__Text titles[3], names[4], completion;
    static Esep__V1__PlannedMoney money[2], *money_list[] = {&money[0], &money[1]};
    static const char *const words[][3] = {
        {"Шағын жоспар", "Малый план", "Small plan"},
        {"Жедел желі", "Горячая линия", "Hotline"},
        {"Баспана", "Приют", "Shelter"},
    };
    static const char *const bodies[][3] = {{"ӘМ", "МЮ", "MoJ"},
                                            {"ДСМ", "МЗ", "MoH"},
                                            {"Ақмола", "Акмола", "Akmola"},
                                            {"Сот", "Суд", "Court"}};
    for (size_t i = 0; i < 3; i++) {
        esep__v1__text__init(&titles[i]);
        titles[i].kk = text(words[i][0]);
        titles[i].ru = text(words[i][1]);
        titles[i].en = text(words[i][2]);
    }
    for (size_t i = 0; i < 4; i++) {
        esep__v1__text__init(&names[i]);
        names[i].kk = text(bodies[i][0]);
        names[i].ru = text(bodies[i][1]);
        names[i].en = text(bodies[i][2]);
        plan->bodies[i]->name = plan->bodies[i]->short_name = &names[i];
    }
    esep__v1__text__init(&completion);
    completion.kk = text("Ақпарат");
    completion.ru = text("Информация");
    completion.en = text("Information");
    plan->title = &titles[0];
    for (size_t i = 0; i < 2; i++) {
        plan->actions[i]->title = &titles[i + 1];
        plan->actions[i]->completion = &completion;
        esep__v1__planned_money__init(&money[i]);
    }
    plan->actions[0]->period = text("1st half of 2013");
    plan->actions[0]->financing = ESEP__V1__FINANCING__FINANCING_BUDGET;
    money[0].year = 2013;
    money[0].source = text("rb");
    money[0].programme = text("001");
    money[0].amount_tiyn = 96000000;
    money[1].source = text("lb");
    money[1].programme = text("");
    money[1].within_allotted = true;
    plan->actions[0]->money = money_list;
    plan->actions[0]->n_money = 2;
    plan->actions[1]->executors[1]->upon_agreement = true;
}

struct filing {
    const char *key;
    uint32_t revision;
    Esep__V1__Fulfilment fulfilment;
    int percent;
    const char *narrative;
    uint64_t base, cites; /* log indexes, 0: none */
    bool rich;            /* with indicators, money and all texts */
};

static void make_rich(Esep__V1__Report *r)
{
    static Esep__V1__Indicator indicator, *indicators[] = {&indicator};
    static Esep__V1__Money money[2], *moneys[] = {&money[0], &money[1]};
    static Esep__V1__Person person;
    esep__v1__indicator__init(&indicator);
    indicator.name = text("calls");
    indicator.value = text("1250.5");
    indicator.unit = text("pcs");
    indicator.target = text("1000");
    indicator.breakdown = text("women");
    esep__v1__money__init(&money[0]);
    money[0].source = text("rb");
    money[0].programme = text("001");
    money[0].planned_tiyn = 96000000;
    money[0].allocated_tiyn = 90000050;
    money[0].spent_tiyn = 1;
    esep__v1__money__init(&money[1]);
    money[1].source = text("lb");
    money[1].programme = text("");
    money[1].within_allotted = true;
    esep__v1__person__init(&person);
    person.name = text("A. Signer");
    person.position = text("deputy");
    person.phone = text("");
    r->indicators = indicators;
    r->n_indicators = 1;
    r->money = moneys;
    r->n_money = 2;
    r->obstacles = text("=HYPERLINK(\"x\")");
    r->delay_reasons = text("none so far");
    r->next_steps = text("a second line");
    r->signatory = &person;
    r->outgoing_number = text("12-3/45");
    r->access = ESEP__V1__ACCESS__ACCESS_OFFICIAL_USE;
}

static uint64_t file(struct world *w, uint32_t office, const struct filing *f)
{
    uint8_t nonce[16] = {0};
    Esep__V1__JournalEntry entry;
    Esep__V1__Report report;
    struct esep_hash base = world_content(w, f->base);
    struct esep_hash cited = world_content(w, f->cites);
    ProtobufCBinaryData cites = {sizeof cited.bytes, cited.bytes};
    esep_be64_put(nonce, w->log_count);
    esep__v1__journal_entry__init(&entry);
    esep__v1__report__init(&report);
    entry.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    entry.written_at_us = w->now - 90 * ESEP_MINUTE;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    report.obligation = text(f->key);
    report.revision = f->revision;
    report.fulfilment = f->fulfilment;
    report.narrative = text(f->narrative);
    report.access = ESEP__V1__ACCESS__ACCESS_OPEN;
    if (f->rich)
        make_rich(&report);
    if (f->base != 0)
        report.builds_on = (ProtobufCBinaryData){sizeof base.bytes, base.bytes};
    if (f->cites != 0) {
        report.cites = &cites;
        report.n_cites = 1;
    }
    if (f->percent >= 0) {
        report.progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
        report.percent = (uint32_t)f->percent;
    }
    assert_int_equal(world_entry(w, office, &entry), ESEP__V1__VERDICT__VERDICT_TAKEN);
    uint64_t index = w->last_index;
    world_close(w, office);
    return index;
}

#define EXECUTED ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED
#define IN_PROGRESS ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS
#define NOT_STARTED ESEP__V1__FULFILMENT__FULFILMENT_NOT_STARTED
#define NOT_APPLICABLE ESEP__V1__FULFILMENT__FULFILMENT_NOT_APPLICABLE

static void play(struct export_world *x)
{
    struct world *w = &x->world;
    uint32_t moj = world_office(w, "moj");
    uint32_t moh = world_office(w, "moh");
    uint32_t akmola = world_office(w, "akmola");
    uint32_t court = world_office(w, "court");
    const struct filing court_says = {KEY_2_COURT, 1, NOT_APPLICABLE, -1, "no such cases",
                                      0,           0, false};
    w->now = world_time("2013-03-20T10:00:00+06:00");
    (void)file(w, court, &court_says);
    w->now = world_time("2013-04-05T09:30:00+06:00");
    const struct filing late = {KEY_2_AKMOLA, 1, NOT_STARTED, 0, "no building yet", 0, 0, false};
    x->akmola_late = file(w, akmola, &late);
    assert_int_equal(world_review(w, KEY_2_AKMOLA, x->akmola_late, false, "2013-04-20"), ESEP_OK);
    w->now = world_time("2013-06-10T10:00:00+06:00");
    const struct filing first = {KEY_1_MOH, 1, IN_PROGRESS, 60, "posters", 0, 0, false};
    x->moh_first = file(w, moh, &first);
    const struct filing lead = {
        KEY_1_MOJ, 1, IN_PROGRESS, 80, "The line\nworks day and night", 0, x->moh_first, true};
    x->moj_first = file(w, moj, &lead);
    assert_int_equal(world_review(w, KEY_1_MOJ, x->moj_first, true, NULL), ESEP_OK);
    w->now = world_time("2013-06-20T10:00:00+06:00");
    const struct filing second = {KEY_1_MOH,    2, EXECUTED, 100, "posters hang",
                                  x->moh_first, 0, false};
    (void)file(w, moh, &second);
    const struct filing newer = {KEY_1_MOJ, 2, EXECUTED, 100, "all done", x->moj_first, 0, false};
    x->moj_second = file(w, moj, &newer);
    assert_int_equal(world_extend(w, KEY_1_AKMOLA, "2013-09-30"), ESEP_OK);
    w->now = world_time("2013-09-29T10:00:00+06:00");
    const struct filing slow = {KEY_1_AKMOLA, 1, IN_PROGRESS, -1, "half the villages", 0, 0, false};
    (void)file(w, akmola, &slow);
    /* Promised on the last day, brought two days later. */
    w->now = world_time("2014-01-20T20:00:00+06:00");
    world_promise(w, moj, w->office[moj].seq + 1);
    w->now = world_time("2014-01-22T08:00:00+06:00");
    const struct filing annual = {KEY_ANNUAL_MOJ, 1, IN_PROGRESS, 50, "the year", 0, 0, false};
    (void)file(w, moj, &annual);
    assert_int_equal(world_control(w, KEY_ANNUAL_AKMOLA, true), ESEP_OK);
}

void export_world_empty(struct export_world *x, void (*change)(Esep__V1__Plan *plan))
{
    static const struct collector_log_ops ops = {.read = read_log};
    memset(x, 0, sizeof *x);
    here = x;
    world_start(&x->world, "2013-01-01");
    world_plan(&x->world, "2013-01-01", change);
    x->log.ops = &ops;
    x->source = (struct consolidated_source){x->world.views, &x->log, read_entry};
}

void export_world_begin(struct export_world *x)
{
    export_world_empty(x, export_world_names);
    play(x);
}

void export_world_end(struct export_world *x)
{
    world_end(&x->world);
    here = NULL;
}

struct export_request export_world_request(enum export_format format, enum export_language language)
{
    return (struct export_request){.format = format,
                                   .language = language,
                                   .year = 2013,
                                   .delimiter = ',',
                                   .as_of = world_time("2014-02-01T12:00:00+06:00"),
                                   .bytes_max = 1u << 20};
}

char *export_world_text(const struct export_world *x, const struct export_request *request)
{
    char *made = NULL;
    size_t len = 0;
    struct esep_reason reason = {""};
    FILE *out = open_memstream(&made, &len);
    assert_non_null(out);
    enum esep_status status = export_write(&x->source, request, out, &reason);
    if (status != ESEP_OK)
        print_error("%s\n", reason.text);
    assert_int_equal(status, ESEP_OK);
    assert_int_equal(fclose(out), 0);
    return made;
}

void assert_says(const char *made, const char *wanted)
{
    if (strstr(made, wanted) == NULL)
        fail_msg("no '%s' in:\n%s", wanted, made);
}

void assert_says_not(const char *made, const char *unwanted)
{
    if (strstr(made, unwanted) != NULL)
        fail_msg("'%s' in:\n%s", unwanted, made);
}
