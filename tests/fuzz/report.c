/* tests/fuzz/report.c - a report as a clerk, a script or somebody's spreadsheet wrote it.
 *
 * The first byte: 0 a file of YAML or JSON, 1 lines of `report --many`, else words of the command
 * line. Properties: complaints have a place; what is packed is a JournalEntry that unpacks and that
 * the collector's check accepts; names of other entries become the hash of one that is known, or
 * the hash that was said; money that is read says what was written.
 */
#include "domain/report.h"

#include "agent/entry_name.h"
#include "agent/report_fill.h"
#include "agent/report_write.h"
#include "fuzz.h"
#include "wire/unpack.h"

static struct esep_complaints complaints;

#define KEY "kz-1347-2012/fulfilment/13/moj/2013-01-01..2013-12-31"

/* Two own reports and three that came by mail, of which two bear one number. */
static struct agent_known known[5] = {
    {.epoch = 1, .seq = 4, .in_log = true, .log_index = 1, .hash = {{1}}, .obligation = KEY},
    {.epoch = 2, .seq = 4, .hash = {{2}}, .obligation = KEY},
    {.in_log = true, .log_index = 7, .hash = {{3}}, .obligation = KEY},
    {.in_log = true, .log_index = 300, .hash = {{4}}, .obligation = KEY},
    {.in_log = true, .log_index = 300, .hash = {{5}}, .obligation = "p/annual/-/moj/2013"},
};

static void check_name(const struct agent_duties *d, const char *name)
{
    struct esep_hash hash;
    struct esep_reason reason = {""};
    bool held = strlen(name) == 2 * (size_t)ESEP_HASH_BYTES;
    if (agent_entry_find(d, name, KEY, &hash, &reason) != ESEP_OK) {
        FUZZ_CHECK(reason.text[0] != '\0');
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        held = held ||
               (strcmp(known[i].obligation, KEY) == 0 && esep_hash_equal(&known[i].hash, &hash));
    FUZZ_CHECK(held);
}

static void place(struct agent_report *r)
{
    const struct agent_named *n = &r->named;
    struct agent_duties duties = {.known = known,
                                  .known_count = sizeof known / sizeof *known,
                                  .head = {.epoch = 2, .seq = 4}};
    struct esep_reason reason = {""};
    for (size_t i = 0; i < n->settles_count; i++)
        check_name(&duties, n->settles[i]);
    for (size_t i = 0; i < n->cites_count; i++)
        check_name(&duties, n->cites[i]);
    if (agent_report_place(&duties, r, &reason) == ESEP_OK)
        FUZZ_CHECK(r->message.n_settles <= n->settles_count && r->message.revision == 1);
    else
        FUZZ_CHECK(reason.text[0] != '\0');
}

static void pack(struct agent_report *r)
{
    struct esep_buf bytes;
    struct esep_arena arena;
    struct esep_reason reason = {""};
    const ProtobufCMessage *message = NULL;
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    place(r);
    if (agent_report_pack(r, ESEP_DAY, &bytes, &reason) == ESEP_OK) {
        FUZZ_CHECK(esep_arena_init(&arena, (size_t)4 << 20) == ESEP_OK);
        FUZZ_CHECK(esep_unpack(&esep__v1__journal_entry__descriptor, esep_buf_slice(&bytes), &arena,
                               &message) == ESEP_OK);
        FUZZ_CHECK(esep_entry_check((const Esep__V1__JournalEntry *)message, NULL) == ESEP_OK);
        esep_arena_done(&arena);
    } else {
        FUZZ_CHECK(reason.text[0] != '\0');
    }
    esep_buf_done(&bytes);
}

static void one(struct esep_slice text, size_t number, struct esep_arena *arena)
{
    static struct agent_report report;
    struct esep_yaml *yaml = NULL;
    const size_t before = complaints.count;
    char name[32];
    (void)snprintf(name, sizeof name, "line %zu", number); /* the same complaint counts once */
    esep_arena_reset(arena);
    agent_report_init(&report, arena);
    const enum esep_status status = esep_yaml_parse(&yaml, name, text, &complaints);
    if (status == ESEP_OK)
        agent_report_from_node(&report, NULL, esep_yaml_root(yaml), &complaints);
    FUZZ_CHECK(status != ESEP_INVALID || complaints.count > before);
    esep_yaml_free(yaml);
    if (status == ESEP_OK && complaints.count == before)
        pack(&report);
}

static void check_complaints(void)
{
    for (size_t i = 0; i < complaints.count && i < ESEP_COMPLAINTS_MAX; i++) {
        FUZZ_CHECK(complaints.items[i].line >= 1 && complaints.items[i].column >= 1);
        FUZZ_CHECK(esep_utf8_valid(esep_slice_str(complaints.items[i].text)));
    }
}

static void lines(struct esep_slice text, struct esep_arena *arena)
{
    for (size_t number = 1; text.len > 0; number++) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        const size_t len = end != NULL ? (size_t)(end - text.data) : text.len;
        one(esep_slice(text.data, len), number, arena);
        const size_t step = end != NULL ? len + 1 : len;
        text = esep_slice(text.data + step, text.len - step);
    }
}

/* "1 234,50" is 123450 tiyn: the digits, and nothing else, decide. */
static void tenge(const char *text)
{
    struct esep_reason reason = {""};
    int64_t tiyn = -1;
    if (agent_tenge_parse(text, &tiyn, &reason) != ESEP_OK) {
        FUZZ_CHECK(reason.text[0] != '\0');
        return;
    }
    FUZZ_CHECK(tiyn >= 0);
    const char *mark = strrchr(text, ',');
    if (mark == NULL)
        mark = strrchr(text, '.');
    int64_t value = 0;
    int behind = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            continue;
        value = value * 10 + (*p - '0');
        behind += mark != NULL && p > mark;
    }
    FUZZ_CHECK(behind <= 2);
    for (; behind < 2; behind++)
        value *= 10;
    FUZZ_CHECK(value == tiyn);
}

static void words(struct fuzz_input in, struct esep_arena *arena)
{
    static const char *const texts[] = {"narrative", "obstacles", "obligation", "nil_reason", "x"};
    static const char *const entries[] = {"settles", "cites", "builds_on", "y"};
    static struct agent_report report;
    struct esep_reason reason = {""};
    esep_arena_reset(arena);
    agent_report_init(&report, arena);
    while (in.left > 0) {
        char text[256];
        const uint8_t what = fuzz_byte(&in);
        const uint8_t which = fuzz_byte(&in);
        fuzz_text(&in, text, sizeof text);
        enum esep_status status = ESEP_OK;
        switch (what % 8) {
        case 0:
            status = agent_report_text(&report, texts[which % 5], text, &reason);
            break;
        case 1:
            status = agent_report_fulfilment(&report, text, &reason);
            break;
        case 2:
            status = agent_report_percent(&report, text, &reason);
            break;
        case 3:
            status = agent_report_indicator(&report, text, &reason);
            break;
        case 4:
            status = agent_report_money(&report, text, &reason);
            break;
        case 5:
            status = agent_report_person(&report, which & 1, text, &reason);
            break;
        case 6:
            status = agent_report_entry(&report, entries[which % 4], text, &reason);
            break;
        default:
            tenge(text);
            break;
        }
        FUZZ_CHECK(status == ESEP_OK || status == ESEP_NOT_FOUND || reason.text[0] != '\0');
    }
    pack(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct esep_arena arena;
    struct fuzz_input in = {data, size};
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    FUZZ_CHECK(esep_arena_init(&arena, (size_t)512 << 10) == ESEP_OK);
    complaints = (struct esep_complaints){.count = 0};
    const uint8_t how = fuzz_byte(&in);
    if (how == 0)
        one(fuzz_rest(&in), 0, &arena);
    else if (how == 1)
        lines(fuzz_rest(&in), &arena);
    else
        words(in, &arena);
    check_complaints();
    esep_arena_done(&arena);
    return 0;
}
