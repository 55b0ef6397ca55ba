/* agent/cmd_report.c - `report`: a report, a draft, a withdrawal, a request for more time, a
 * backlog.
 *
 * Ends with 0 once the journal holds it durably; whether it was sent is another matter, and --wait
 * waits for that.
 */
#include "agent/attach.h"
#include "agent/report_say.h"
#include "agent/report_write.h"
#include "wire/unpack.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <sysexits.h>

#define REPORT_ARENA_BYTES (1u << 20)
#define WAIT_SECONDS 60

enum act {
    ACT_REPORT = 0,
    ACT_DRAFT,
    ACT_SEND_DRAFT,
    ACT_DROP_DRAFT,
    ACT_DRAFTS,
    ACT_WITHDRAW,
    ACT_REQUEST,
    ACT_MANY
};

/* Options that fill a field of the report are kept as they came, and applied when the report is
 * made: over what the file, or the draft, says. */
#define FIELDS_MAX 256
struct field {
    int option;
    const char *value;
};
struct words {
    struct agent_common common;
    struct agent_choice choice;
    enum act act;
    const char *act_value; /* reason, day, file */
    const char *why;
    const char *from;
    const char *narrative_file;
    bool wait;
    unsigned wait_seconds;
    size_t field_count;
    struct field fields[FIELDS_MAX];
};

enum {
    OPTION_FULFILMENT = 256,
    OPTION_PERCENT,
    OPTION_NARRATIVE,
    OPTION_NARRATIVE_FILE,
    OPTION_INDICATOR,
    OPTION_MONEY,
    OPTION_OBSTACLES,
    OPTION_NEXT,
    OPTION_DELAY,
    OPTION_NIL,
    OPTION_NIL_REASON,
    OPTION_PREPARER,
    OPTION_SIGNATORY,
    OPTION_OUTGOING,
    OPTION_ACCESS,
    OPTION_CITES,
    OPTION_SETTLES,
    OPTION_BUILDS,
    OPTION_ATTACH,
    OPTION_DETACH,
    OPTION_FROM,
    OPTION_ACTION,
    OPTION_WINDOW,
    OPTION_KIND,
    OPTION_PLAN,
    OPTION_BODY,
    OPTION_UNLISTED,
    OPTION_DRAFT,
    OPTION_SEND_DRAFT,
    OPTION_DROP_DRAFT,
    OPTION_DRAFTS,
    OPTION_WITHDRAW,
    OPTION_ASK,
    OPTION_REASON,
    OPTION_MANY,
    OPTION_WAIT,
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "Which duty (or its whole key as the first word):", 1},
    {"action", OPTION_ACTION, "NUMBER", 0, "the action's number", 1},
    {"window", OPTION_WINDOW, "YEAR|DAY..DAY", 0, "where an action has several", 1},
    {"kind", OPTION_KIND, "KIND", 0, "fulfilment, annual, consolidated or regional-plan", 1},
    {"plan", OPTION_PLAN, "ID", 0, "where several plans run", 1},
    {"body", OPTION_BODY, "CODE", 0, "where the office reports for several", 1},
    {"unlisted", OPTION_UNLISTED, NULL, 0, "also what the plan here does not know", 1},
    {NULL, 0, NULL, 0, "What it says:", 2},
    {"fulfilment", OPTION_FULFILMENT, "F", 0,
     "not_started, in_progress, partly, executed, not_executed or not_applicable", 2},
    {"percent", OPTION_PERCENT, "N", 0, "0 to 100; left out: no data", 2},
    {"narrative", OPTION_NARRATIVE, "TEXT", 0, "what was done (name no victim, ever)", 2},
    {"narrative-file", OPTION_NARRATIVE_FILE, "FILE", 0, "the same from a file, or - ", 2},
    {"indicator", OPTION_INDICATOR, "NAME=VALUE,UNIT,TARGET,BREAKDOWN", 0, "may be repeated", 2},
    {"money", OPTION_MONEY, "SOURCE:PROGRAMME:PLANNED:ALLOCATED:SPENT", 0,
     "tenge, '1 234,50'; PLANNED 'within': within allotted funds; may be repeated", 2},
    {"obstacles", OPTION_OBSTACLES, "TEXT", 0, NULL, 2},
    {"delay-reasons", OPTION_DELAY, "TEXT", 0, NULL, 2},
    {"next-steps", OPTION_NEXT, "TEXT", 0, NULL, 2},
    {"nil", OPTION_NIL, NULL, 0, "a nil report: there is nothing to report", 2},
    {"nil-reason", OPTION_NIL_REASON, "TEXT", 0, "why", 2},
    {"preparer", OPTION_PREPARER, "NAME, POSITION", 0, NULL, 2},
    {"signatory", OPTION_SIGNATORY, "NAME, POSITION", 0, NULL, 2},
    {"outgoing", OPTION_OUTGOING, "NUMBER", 0, "the letter's outgoing number", 2},
    {"access", OPTION_ACCESS, "MARKING", 0, "open or official_use", 2},
    {"attach", OPTION_ATTACH, "FILE", 0,
     "PDF, JPEG, PNG, TIFF, DOCX, XLSX, ODT, ODS or text, of 20 MiB at most; may be repeated", 2},
    {"detach", OPTION_DETACH, "NAME", 0, "take a draft's file off again; may be repeated", 2},
    {"cites", OPTION_CITES, "ENTRY", 0, "a co-executor's accepted report; may be repeated", 2},
    {"settles", OPTION_SETTLES, "ENTRY", 0, "a conflicting report that this one settles", 2},
    {"builds-on", OPTION_BUILDS, "ENTRY", 0,
     "instead of the revision found here; ENTRY: the number of a log entry, EPOCH/NUMBER of an own "
     "one, or a content hash",
     2},
    {"from", OPTION_FROM, "FILE", 0, "fields from a YAML or JSON file; options go above it", 2},
    {NULL, 0, NULL, 0, "What to do:", 3},
    {"draft", OPTION_DRAFT, NULL, 0, "keep as a draft, send nothing", 3},
    {"send-draft", OPTION_SEND_DRAFT, NULL, 0, "report what the draft says", 3},
    {"discard-draft", OPTION_DROP_DRAFT, NULL, 0, "forget the draft", 3},
    {"drafts", OPTION_DRAFTS, NULL, 0, "list the drafts", 3},
    {"withdraw", OPTION_WITHDRAW, "REASON", 0, "withdraw the last report", 3},
    {"ask-extension", OPTION_ASK, "DAY", 0, "ask for more time, with --reason", 3},
    {"reason", OPTION_REASON, "TEXT", 0, NULL, 3},
    {"many", OPTION_MANY, "FILE", 0, "many reports: one JSON object a line", 3},
    {"wait", OPTION_WAIT, "SECONDS", OPTION_ARG_OPTIONAL, "wait for the receipt (60)", 3},
    {0},
};

static void set_act(struct words *words, enum act act, const char *value, struct argp_state *state)
{
    if (words->act != ACT_REPORT && words->act != act)
        argp_error(state, "one thing at a time: draft, withdrawal, request or many");
    words->act = act;
    words->act_value = value;
}

/* The options that say what to do; false: another one. */
static bool take_act(int key, const char *value, struct words *words, struct argp_state *state)
{
    static const struct {
        int option;
        enum act act;
    } acts[] = {
        {OPTION_DRAFT, ACT_DRAFT},
        {OPTION_SEND_DRAFT, ACT_SEND_DRAFT},
        {OPTION_DROP_DRAFT, ACT_DROP_DRAFT},
        {OPTION_DRAFTS, ACT_DRAFTS},
        {OPTION_WITHDRAW, ACT_WITHDRAW},
        {OPTION_ASK, ACT_REQUEST},
        {OPTION_MANY, ACT_MANY},
    };
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (acts[i].option == key) {
            set_act(words, acts[i].act, value, state);
            return true;
        }
    return false;
}

static bool take_place(int key, const char *value, struct words *words)
{
    const struct {
        int option;
        const char **text;
    } places[] = {
        {OPTION_ACTION, &words->choice.action},
        {OPTION_WINDOW, &words->choice.window},
        {OPTION_KIND, &words->choice.kind},
        {OPTION_PLAN, &words->choice.plan},
        {OPTION_BODY, &words->choice.body},
        {OPTION_FROM, &words->from},
        {OPTION_NARRATIVE_FILE, &words->narrative_file},
        {OPTION_REASON, &words->why},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (places[i].option == key) {
            *places[i].text = value;
            return true;
        }
    return false;
}

static void take_wait(const char *value, struct words *words, struct argp_state *state)
{
    words->wait = true;
    words->wait_seconds = WAIT_SECONDS;
    if (value == NULL)
        return;
    char *end = NULL;
    unsigned long seconds = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != 0 || seconds > 86400)
        argp_error(state, "--wait=%s: 0 to 86400 seconds", value);
    words->wait_seconds = (unsigned)seconds;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &words->common;
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        if (state->arg_num > 0)
            argp_error(state, "'%s' is one word too many", value);
        words->choice.obligation = value;
        return 0;
    }
    if (key == OPTION_WAIT) {
        take_wait(value, words, state);
        return 0;
    }
    if (key == OPTION_UNLISTED) {
        words->choice.unlisted = true;
        return 0;
    }
    if (take_act(key, value, words, state) || take_place(key, value, words))
        return 0;
    if (key < OPTION_FULFILMENT || key > OPTION_DETACH)
        return ARGP_ERR_UNKNOWN;
    if (words->field_count == FIELDS_MAX)
        argp_error(state, "too many options");
    words->fields[words->field_count++] = (struct field){.option = key, .value = value};
    return 0;
}

static enum esep_status apply(struct agent_report *r, const struct field *f,
                              struct esep_reason *reason)
{
    static const struct {
        int option;
        const char *name;
    } texts[] = {
        {OPTION_NARRATIVE, "narrative"},   {OPTION_OBSTACLES, "obstacles"},
        {OPTION_DELAY, "delay_reasons"},   {OPTION_NEXT, "next_steps"},
        {OPTION_NIL_REASON, "nil_reason"}, {OPTION_OUTGOING, "outgoing_number"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].option == f->option)
            return agent_report_text(r, texts[i].name, f->value, reason);
    switch (f->option) {
    case OPTION_FULFILMENT:
        return agent_report_fulfilment(r, f->value, reason);
    case OPTION_PERCENT:
        return agent_report_percent(r, f->value, reason);
    case OPTION_INDICATOR:
        return agent_report_indicator(r, f->value, reason);
    case OPTION_MONEY:
        return agent_report_money(r, f->value, reason);
    case OPTION_PREPARER:
    case OPTION_SIGNATORY:
        return agent_report_person(r, f->option == OPTION_SIGNATORY, f->value, reason);
    case OPTION_ACCESS:
        return agent_report_access(r, f->value, reason);
    case OPTION_CITES:
        return agent_report_entry(r, "cites", f->value, reason);
    case OPTION_SETTLES:
        return agent_report_entry(r, "settles", f->value, reason);
    case OPTION_BUILDS:
        return agent_report_entry(r, "builds_on", f->value, reason);
    case OPTION_ATTACH:
        return agent_report_file(r, NULL, f->value, reason);
    case OPTION_DETACH:
        return agent_report_detach(r, f->value, reason);
    default:
        r->message.nil_report = true;
        return ESEP_OK;
    }
}

static enum esep_status read_from(struct agent_report *r, const char *file,
                                  struct esep_reason *reason)
{
    struct esep_complaints *complaints = calloc(1, sizeof *complaints);
    struct esep_yaml *yaml = NULL;
    if (complaints == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for %s", file);
    enum esep_status status = esep_yaml_load(&yaml, file, complaints, reason);
    char copy[PATH_MAX];
    const bool named = snprintf(copy, sizeof copy, "%s", file) < (int)sizeof copy;
    if (status == ESEP_OK)
        agent_report_from_node(r, named ? dirname(copy) : NULL, esep_yaml_root(yaml), complaints);
    esep_yaml_free(yaml);
    if (complaints->count > 0) {
        esep_complaints_print(complaints);
        status = esep_because(reason, ESEP_INVALID, "%s: %zu errors; see above", file,
                              complaints->count);
    }
    free(complaints);
    return status;
}

static enum esep_status read_narrative(struct agent_report *r, const char *file,
                                       struct esep_reason *reason)
{
    struct esep_buf text;
    esep_buf_init(&text, 64u << 10);
    enum esep_status status = agent_read_file(file, 16u << 10, &text, reason);
    if (status == ESEP_OK)
        status = esep_buf_put(&text, "", 1);
    if (status == ESEP_OK)
        status = agent_report_text(r, "narrative", (const char *)text.data, reason);
    esep_buf_done(&text);
    return status;
}

/* Draft or file first, single options above. */
static enum esep_status fill(const struct words *words, struct agent_desk *desk, const char *draft,
                             struct agent_report *r, struct esep_reason *reason)
{
    enum esep_status status = ESEP_OK;
    if (draft != NULL) {
        struct esep_buf packed;
        esep_buf_init(&packed, AGENT_ENTRY_BYTES_MAX);
        status = journal_draft_get(&desk->journal, draft, &packed, reason);
        if (status == ESEP_OK)
            status = agent_report_from_bytes(r, esep_buf_slice(&packed), reason);
        else if (status == ESEP_NOT_FOUND && words->act == ACT_DRAFT)
            status = ESEP_OK; /* a new one */
        esep_buf_done(&packed);
    }
    if (status == ESEP_OK && words->from != NULL)
        status = read_from(r, words->from, reason);
    if (status == ESEP_OK && words->narrative_file != NULL)
        status = read_narrative(r, words->narrative_file, reason);
    for (size_t i = 0; status == ESEP_OK && i < words->field_count; i++)
        status = apply(r, &words->fields[i], reason);
    if (status == ESEP_OK && agent_report_has_files(r))
        status = agent_desk_files(desk, reason);
    if (status == ESEP_OK && agent_report_has_files(r))
        status = agent_report_take_files(desk->files, r, reason);
    return status;
}

static enum esep_status find_key(const struct agent_choice *choice, struct agent_desk *desk,
                                 char key[ESEP_OBLIGATION_KEY_MAX], struct esep_reason *reason)
{
    struct agent_duties duties;
    enum esep_status status = agent_duties_load(&duties, desk, reason);
    if (status == ESEP_OK)
        status = agent_choose(&duties, choice, key, reason);
    agent_duties_free(&duties);
    return status;
}

/* A draft keeps what the names in it mean today. */
static enum esep_status resolve(struct agent_desk *desk, struct agent_report *r,
                                struct esep_reason *reason)
{
    struct agent_duties duties;
    enum esep_status status = agent_duties_load(&duties, desk, reason);
    if (status == ESEP_OK)
        status = agent_report_resolve(&duties, r, reason);
    agent_duties_free(&duties);
    return status;
}

static int keep_draft(const struct words *words, struct agent_desk *desk, struct agent_report *r,
                      const char *key, struct esep_reason *reason)
{
    struct esep_buf packed;
    char obligation[ESEP_OBLIGATION_KEY_MAX];
    esep_buf_init(&packed, AGENT_ENTRY_BYTES_MAX);
    memcpy(obligation, key, sizeof obligation);
    r->message.obligation = obligation;
    enum esep_status status = resolve(desk, r, reason);
    if (status == ESEP_OK)
        status = esep_pack(&r->message.base, &packed);
    if (status == ESEP_LIMIT)
        status = esep_because(reason, ESEP_INVALID, "the draft is too long");
    if (status == ESEP_OK)
        status = journal_draft_put(&desk->journal, key, esep_buf_slice(&packed), reason);
    esep_buf_done(&packed);
    return status == ESEP_OK ? agent_say_draft(key, words->common.json)
                             : agent_fail(status, reason);
}

static int finish(const struct words *words, struct agent_desk *desk, enum esep_status status,
                  const struct agent_written *written, uint64_t count, struct esep_reason *reason)
{
    struct esep_receipt receipt;
    bool received = false;
    if (status != ESEP_OK && count == 0)
        return agent_fail(status, reason);
    if (status != ESEP_OK)
        (void)fprintf(stderr, "esep-agent: the first %llu reports were saved, the rest were not\n",
                      (unsigned long long)count);
    enum esep_status waited = ESEP_OK;
    if (status == ESEP_OK && words->wait) {
        waited = agent_wait_receipt(desk, written->epoch, written->seq, words->wait_seconds,
                                    &receipt, reason);
        received = waited == ESEP_OK;
    }
    int rc =
        agent_say_written(desk, written, count, received ? &receipt : NULL, words->common.json);
    if (status != ESEP_OK || waited != ESEP_OK)
        return agent_fail(status != ESEP_OK ? status : waited, reason);
    return rc;
}

static int write_report(struct words *words, struct agent_desk *desk, struct agent_report *r,
                        struct esep_reason *reason)
{
    char key[ESEP_OBLIGATION_KEY_MAX] = "";
    struct agent_written written = {0};
    bool drafting = words->act == ACT_DRAFT || words->act == ACT_SEND_DRAFT;
    enum esep_status status = ESEP_OK;
    if (words->choice.obligation != NULL || words->choice.action != NULL ||
        words->choice.kind != NULL)
        status = find_key(&words->choice, desk, key, reason);
    if (status == ESEP_OK && drafting && key[0] == 0 && words->from == NULL)
        status = esep_because(reason, ESEP_INVALID, "say which duty: its key, or --action");
    if (status == ESEP_OK)
        status = fill(words, desk, drafting && key[0] != 0 ? key : NULL, r, reason);
    if (status == ESEP_OK && key[0] == 0) { /* the file says it */
        words->choice.obligation = r->message.obligation;
        status = words->choice.obligation[0] != 0
                     ? find_key(&words->choice, desk, key, reason)
                     : esep_because(reason, ESEP_INVALID, "say which duty: its key, or --action");
    }
    if (status != ESEP_OK)
        return agent_fail(status, reason);
    if (words->act == ACT_DRAFT)
        return keep_draft(words, desk, r, key, reason);
    const struct agent_choice found = {.obligation = key,
                                       .unlisted = words->choice.unlisted,
                                       .drafted = words->act == ACT_SEND_DRAFT};
    status = agent_write_report(desk, &found, r, &written, reason);
    return finish(words, desk, status, &written, status == ESEP_OK ? 1 : 0, reason);
}

static int act(struct words *words, struct agent_desk *desk, struct agent_report *r,
               struct esep_reason *reason)
{
    char key[ESEP_OBLIGATION_KEY_MAX];
    struct agent_written written = {0};
    uint64_t count = 0;
    enum esep_status status;
    switch (words->act) {
    case ACT_DRAFTS:
        return agent_say_drafts(desk, words->common.json);
    case ACT_DROP_DRAFT:
        status = find_key(&words->choice, desk, key, reason);
        if (status == ESEP_OK)
            status = journal_draft_delete(&desk->journal, key, reason);
        return status == ESEP_OK ? 0 : agent_fail(status, reason);
    case ACT_MANY:
        status = agent_write_many(desk, words->act_value, words->choice.unlisted, &written, &count,
                                  reason);
        return finish(words, desk, status, &written, count, reason);
    case ACT_WITHDRAW:
        status = agent_write_withdrawal(desk, &words->choice, words->act_value, &written, reason);
        return finish(words, desk, status, &written, status == ESEP_OK ? 1 : 0, reason);
    case ACT_REQUEST:
        status = words->why != NULL
                     ? agent_write_request(desk, &words->choice, words->act_value, words->why,
                                           &written, reason)
                     : esep_because(reason, ESEP_INVALID, "--ask-extension needs --reason");
        return finish(words, desk, status, &written, status == ESEP_OK ? 1 : 0, reason);
    default:
        return write_report(words, desk, r, reason);
    }
}

int agent_cmd_report(int argc, char **argv)
{
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 4}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[OBLIGATION]",
        .doc = "Writes a report into the journal and ends when it is safe there; the daemon sends "
               "it. The revision, and what it builds on, are found from the journal and the mail.",
        .children = children};
    struct words *words = calloc(1, sizeof *words);
    struct agent_report *report = calloc(1, sizeof *report);
    struct agent_desk desk = {0};
    struct esep_arena arena = {0};
    struct esep_reason reason = {""};
    enum esep_status status = ESEP_NOMEM;
    int rc = 0;
    if (words == NULL || report == NULL) {
        rc = agent_fail(status, NULL);
        goto done;
    }
    (void)argp_parse(&argp, argc, argv, 0, NULL, words);
    status = esep_arena_init(&arena, REPORT_ARENA_BYTES);
    if (status == ESEP_OK)
        status =
            agent_desk_open(&desk, &words->common, AGENT_DESK_WRITE | AGENT_DESK_KEYS, &reason);
    if (status == ESEP_OK)
        agent_report_init(report, &arena);
    rc = status == ESEP_OK ? act(words, &desk, report, &reason) : agent_fail(status, &reason);
    agent_desk_close(&desk);
done:
    esep_arena_done(&arena);
    free(report);
    free(words);
    return rc;
}
