/* tests/fuzz/files.c - the files that a person writes for a program: four configs, keys, a
 * calendar.
 *
 * The first byte says which. Properties: all of it or nothing comes out; a refusal has a reason,
 * one line of text; what was accepted is within the bounds that the program relies on.
 */
#include "agent/settings.h"
#include "broker/operator.h"
#include "broker/settings.h"
#include "collector/settings.h"
#include "fuzz_file.h"
#include "io/keyfile.h"
#include "io/plan_yaml.h"
#include "wire/unpack.h"

static char path[256];
static struct esep_reason reason;

static void agent_config(struct esep_slice bytes)
{
    struct agent_settings *s = NULL;
    fuzz_file("agent.yaml", bytes, path);
    if (agent_settings_read(path, &s, &reason) != ESEP_OK) {
        FUZZ_CHECK(s == NULL);
        return;
    }
    FUZZ_CHECK(s->broker_count >= 1 && s->broker_count <= AGENT_BROKERS_MAX);
    FUZZ_CHECK(s->journal[0] != '\0' && s->keys[0] != '\0');
    FUZZ_CHECK(s->backoff <= s->backoff_max);
    agent_settings_free(s);
}

static void broker_config(struct esep_slice bytes)
{
    struct broker_settings *s = NULL;
    struct broker *core = NULL;
    char keys[256];
    fuzz_file("broker.yaml", bytes, path);
    (void)!broker_settings_keys_path(path, keys, &reason);
    if (broker_settings_read(path, &s, &reason) != ESEP_OK) {
        FUZZ_CHECK(s == NULL);
        return;
    }
    FUZZ_CHECK(s->core.collector_key_count <= BROKER_COLLECTORS_MAX);
    FUZZ_CHECK(broker_settings_fixed(s, s) == NULL);
    /* What a config may say, a core takes; memory is the one excuse. */
    s->core.keys_max = s->core.keys_max < 4096 ? s->core.keys_max : 4096;
    s->core.conns_max = s->core.conns_max < 4096 ? s->core.conns_max : 4096;
    FUZZ_CHECK(broker_new(&core, &s->core, 0) == ESEP_OK);
    broker_free(core);
    broker_settings_free(s);
}

static void collector_config(struct esep_slice bytes)
{
    struct collector_settings *s = NULL;
    fuzz_file("collector.yaml", bytes, path);
    if (collector_settings_read(path, &s, &reason) != ESEP_OK) {
        FUZZ_CHECK(s == NULL);
        return;
    }
    FUZZ_CHECK(s->broker_count <= SETTINGS_BROKERS_MAX);
    FUZZ_CHECK(s->operator_count <= COLLECTOR_OPERATORS_MAX);
    FUZZ_CHECK(s->webhook_count <= SETTINGS_WEBHOOKS_MAX);
    for (size_t i = 0; i < s->recipient_count; i++) {
        const struct collector_recipient *r = &s->recipients[i];
        FUZZ_CHECK((r->mail[0] != '\0') != (r->webhook[0] != '\0'));
        FUZZ_CHECK(r->mail[0] == '\0' || strpbrk(r->mail, "\r\n \t<>,") == NULL);
    }
    collector_settings_free(s);
}

static void operator_config(struct esep_slice bytes)
{
    static struct operator_settings s;
    fuzz_file("operator.yaml", bytes, path);
    if (operator_settings_read(path, &s, &reason) == ESEP_OK)
        FUZZ_CHECK(s.broker_count <= OPERATOR_BROKERS_MAX);
}

static void key_file(struct esep_slice bytes)
{
    struct esep_keyfile keys = {.count = 0};
    fuzz_file("keys", bytes, path);
    if (esep_keyfile_read(path, &keys, &reason) != ESEP_OK) {
        FUZZ_CHECK(keys.count == 0);
        return;
    }
    FUZZ_CHECK(keys.count >= 1 && keys.count <= 3); /* each kind once */
    struct esep_sign_key sign;
    struct esep_box_key box;
    struct esep_curve_key curve;
    size_t found = 0;
    found += esep_keyfile_sign(&keys, &sign) == ESEP_OK;
    found += esep_keyfile_box(&keys, &box) == ESEP_OK;
    found += esep_keyfile_curve(&keys, &curve) == ESEP_OK;
    FUZZ_CHECK(found == keys.count);
}

/* A plan of nothing but what must be, which names the calendar. */
static const char plan_text[] =
    "id: fuzz\nrevision: 1\ntitle: {kk: a, ru: b, en: c}\nyears: [2013, 2014]\n"
    "approved: 2012-10-24\nzone: Asia/Almaty\nsecretariat: moj\n"
    "bodies:\n  - {code: moj, kind: ministry, name: {kk: a, ru: b, en: c}, "
    "short: {kk: a, ru: b, en: c}}\n"
    "actions:\n  - number: 1\n    title: {kk: a, ru: b, en: c}\n"
    "    completion: {kk: a, ru: b, en: c}\n    executors: [{body: moj, role: lead}]\n"
    "    period: During 2013\n    financing: none_required\n"
    "rules: {annual: {month: 1, day: 20, groups: all}, working_day: next, commitment_grace_days: "
    "3, "
    "alert_days: [7, 1], overdue_repeat_days: 7, silent_days: 5}\n"
    "calendar:\n  file: calendar.yaml\n";

static void calendar(struct esep_slice bytes)
{
    static struct esep_complaints complaints;
    static struct esep_arena arena;
    Esep__V1__Plan *plan = NULL;
    char plan_path[256];
    fuzz_file("calendar.yaml", bytes, path);
    fuzz_path("plan.yaml", plan_path);
    fuzz_arena(&arena, (size_t)1 << 20);
    const enum esep_status status =
        esep_plan_parse(plan_path, esep_slice_str(plan_text), &arena, &plan, &complaints, &reason);
    FUZZ_CHECK((status == ESEP_OK) == (plan != NULL));
    FUZZ_CHECK(status == ESEP_OK || complaints.count > 0);
    for (size_t i = 0; i < complaints.count && i < ESEP_COMPLAINTS_MAX; i++)
        FUZZ_CHECK(strstr(complaints.items[i].file, "plan.yaml") == NULL); /* the plan is good */
    if (plan != NULL && plan->calendar != NULL) {
        const Esep__V1__Calendar *c = plan->calendar;
        for (size_t i = 1; i < c->n_holiday_days; i++)
            FUZZ_CHECK(c->holiday_days[i - 1] < c->holiday_days[i]);
        for (size_t i = 1; i < c->n_working_days; i++)
            FUZZ_CHECK(c->working_days[i - 1] < c->working_days[i]);
    }
}

/* Append only: a seed's first byte is a place in this list. */
static void (*const readers[])(struct esep_slice) = {
    agent_config, broker_config, collector_config, operator_config, key_file, calendar,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    fuzz_hush();
    reason.text[0] = '\0';
    readers[data[0] % (sizeof readers / sizeof readers[0])](esep_slice(data + 1, size - 1));
    FUZZ_CHECK(esep_utf8_valid(esep_slice_str(reason.text)));
    FUZZ_CHECK(strpbrk(reason.text, "\r\n") == NULL);
    return 0;
}
