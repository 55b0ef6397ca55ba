/* collector/cmd_account.c - `account`: add, role, close, substitute, list.
 *
 * The first four are orders to ingest over the operators' socket; the list is read from the store.
 * An account's password is no matter of the log: the web process keeps it. Who changed it is. */
#include "collector/commands.h"
#include "collector/rights.h"
#include "io/table.h"

#include <sysexits.h>

struct words {
    struct command_common common;
    const char *verb;
    char *name;
    char *role;
    char *body;
    char *display;
    char *other;
    char *from;
    char *until;
    bool no_body;
    bool nobody;
};

enum { ROLE = 256, BODY, NO_BODY, DISPLAY, FOR, FOR_NOBODY, FROM, UNTIL };

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case ROLE:
        words->role = value;
        return 0;
    case BODY:
        words->body = value;
        return 0;
    case NO_BODY:
        words->no_body = true;
        return 0;
    case DISPLAY:
        words->display = value;
        return 0;
    case FOR:
        words->other = value;
        return 0;
    case FOR_NOBODY:
        words->nobody = true;
        return 0;
    case FROM:
        words->from = value;
        return 0;
    case UNTIL:
        words->until = value;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "'%s' is one word too many", value);
        else if (state->arg_num == 1)
            words->name = value;
        else
            words->verb = value;
        return 0;
    case ARGP_KEY_END:
        if (words->verb == NULL)
            argp_error(state, "say add, role, close, substitute or list");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int usage(const char *text)
{
    (void)fprintf(stderr, "esep-collector account: %s\n", text);
    return EX_USAGE;
}

static char *or_empty(char *text)
{
    static char empty[1];
    return text != NULL ? text : empty;
}

/* What each verb needs; NULL: it is all there. */
static const char *lacks(const struct words *w, Esep__V1__AccountAct act)
{
    const bool roles = act == ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ADD ||
                       act == ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ROLE;
    const bool days = w->other != NULL || w->from != NULL || w->until != NULL;
    if (w->name == NULL)
        return "name the account";
    if (roles != (w->role != NULL))
        return roles ? "say --role viewer, reviewer, secretary or administrator"
                     : "--role goes with add and role";
    if ((w->body != NULL || w->no_body) && !roles)
        return "--body goes with add and role";
    if (w->body != NULL && w->no_body)
        return "say --body or --no-body";
    if (w->display != NULL && act != ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ADD)
        return "--display goes with add";
    if (act != ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_SUBSTITUTE)
        return days || w->nobody ? "--for, --from and --until go with substitute" : NULL;
    if (w->nobody ? days : w->other == NULL || w->from == NULL || w->until == NULL)
        return "say --for OTHER --from DAY --until DAY, or --for-nobody";
    return NULL;
}

static int order(const struct words *words, Esep__V1__AccountAct act)
{
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    Esep__V1__AccountRole role = ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_UNSPECIFIED;
    const char *lack = lacks(words, act);
    if (lack == NULL && words->role != NULL && collector_role_parse(words->role, &role) != ESEP_OK)
        lack = "a role is viewer, reviewer, secretary or administrator";
    if (lack != NULL)
        return usage(lack);
    Esep__V1__Order what = ESEP__V1__ORDER__INIT;
    Esep__V1__AccountOrder account = ESEP__V1__ACCOUNT_ORDER__INIT;
    account.act = act;
    account.name = words->name;
    account.display = or_empty(words->display);
    account.role = role;
    account.body = or_empty(words->body);
    account.no_body = words->no_body;
    account.substitute_for = or_empty(words->other);
    account.from = or_empty(words->from);
    account.until = or_empty(words->until);
    what.what_case = ESEP__V1__ORDER__WHAT_ACCOUNT;
    what.account = &account;
    enum esep_status status = collector_command_settings(&words->common, &settings, &reason);
    int rc = status == ESEP_OK ? collector_order(settings, &what, words->common.json)
                               : collector_fail(status, &reason);
    collector_settings_free(settings);
    return rc;
}

static const char *state_name(const struct views_account *a)
{
    return a->state == ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE ? "active" : "closed";
}

static void list_text(const struct views *views)
{
    static const char *const heads[] = {"name",  "role",      "state",          "body",
                                        "shown", "stands in", "from and until", NULL};
    struct esep_table table;
    esep_table_init(&table, heads);
    for (uint32_t i = 0; i < views_account_count(views); i++) {
        const struct views_account *a = views_account(views, i);
        char from[11] = "";
        char until[11] = "";
        const bool stands_in = a->substitute_for[0] != '\0';
        if (stands_in) {
            esep_day_format(a->from_day, from);
            esep_day_format(a->until_day, until);
        }
        esep_table_cell(&table, "%s", a->name);
        esep_table_cell(&table, "%s", collector_role_name(a->role));
        esep_table_cell(&table, "%s", state_name(a));
        esep_table_cell(&table, "%s", a->body[0] != '\0' ? a->body : "-");
        esep_table_cell(&table, "%s", a->display);
        esep_table_cell(&table, "%s", stands_in ? a->substitute_for : "-");
        esep_table_cell(&table, "%s%s%s", from, stands_in ? " " : "-", until);
    }
    if (esep_table_print(&table, stdout) != ESEP_OK)
        (void)fprintf(stderr, "esep-collector: no memory for the table\n");
    esep_table_done(&table);
}

static json_t *day_or_null(const struct views_account *a, esep_day day)
{
    char text[11];
    if (a->substitute_for[0] == '\0')
        return json_null();
    esep_day_format(day, text);
    return json_string(text);
}

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *proofs_json(const struct views_account *a)
{
    static const char *const names[VIEWS_PROOFS] = {[VIEWS_PROOF_INVITATION] = "invitation",
                                                    [VIEWS_PROOF_PASSWORD] = "password",
                                                    [VIEWS_PROOF_SECOND_FACTOR] = "second_factor",
                                                    [VIEWS_PROOF_CALENDAR] = "calendar"};
    json_t *value = json_object();
    for (size_t i = 0; i < VIEWS_PROOFS; i++) {
        const struct views_proof *proof = &a->proofs[i];
        json_t *said = proof->index == 0 ? json_null()
                                         : json_pack("{s:o, s:o, s:s, s:b}", "log_index",
                                                     collector_json_u64(proof->index), "at",
                                                     esep_json_time(proof->at, NULL), "who",
                                                     proof->actor, "stands", (int)proof->stands);
        if (proof->until != 0)
            (void)json_object_set_new(said, "until", esep_json_time(proof->until, NULL));
        (void)json_object_set_new(value, names[i], said);
    }
    return value;
}

json_t *collector_account_json(const struct views_account *a)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", a->name,
                     "display", a->display, "role", collector_role_name(a->role), "state",
                     state_name(a), "body", text_or_null(a->body), "substitute_for",
                     text_or_null(a->substitute_for), "from", day_or_null(a, a->from_day), "until",
                     day_or_null(a, a->until_day), "log_index", collector_json_u64(a->index),
                     "let_in_by", proofs_json(a));
}

static json_t *list_json(const struct views *views)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < views_account_count(views); i++)
        (void)json_array_append_new(list, collector_account_json(views_account(views, i)));
    return json_pack("{s:s, s:o}", "format", "esep-accounts/1", "accounts", list);
}

static int list(const struct words *words)
{
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_state state = {0};
    if (words->name != NULL)
        return usage("list takes no name");
    enum esep_status status = collector_command_settings(&words->common, &settings, &reason);
    if (status == ESEP_OK)
        status = collector_state_open(&state, settings, true, &reason);
    int rc = 0;
    if (status != ESEP_OK)
        rc = collector_fail(status, &reason);
    else if (words->common.json)
        rc = esep_json_print(list_json(state.views));
    else
        list_text(state.views);
    collector_state_close(&state);
    collector_settings_free(settings);
    return rc;
}

int collector_cmd_account(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"role", ROLE, "ROLE", 0, "viewer, reviewer, secretary or administrator", 0},
        {"body", BODY, "CODE", 0, "the body whose reports it never reviews", 0},
        {"no-body", NO_BODY, NULL, 0, "with role: it is of no body from now on", 0},
        {"display", DISPLAY, "TEXT", 0, "with add: the name that people see", 0},
        {"for", FOR, "OTHER", 0, "with substitute: whose rights it has, too", 0},
        {"from", FROM, "DAY", 0, "the first day of that", 0},
        {"until", UNTIL, "DAY", 0, "the last", 0},
        {"for-nobody", FOR_NOBODY, NULL, 0, "with substitute: it stands in for nobody any more", 0},
        {0},
    };
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc =
            "add NAME --role ROLE\nrole NAME --role ROLE\nclose NAME\nsubstitute NAME\nlist",
        .doc = "Makes accounts of the commission, changes and closes them, names substitutes for "
               "an absence; lists them. A name is given once.",
        .children = children};
    static const struct {
        const char *verb;
        Esep__V1__AccountAct act;
    } verbs[] = {
        {"add", ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ADD},
        {"role", ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ROLE},
        {"close", ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_CLOSE},
        {"substitute", ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_SUBSTITUTE},
    };
    struct words words = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(words.verb, verbs[i].verb) == 0)
            return order(&words, verbs[i].act);
    }
    return strcmp(words.verb, "list") == 0 ? list(&words)
                                           : usage("say add, role, close, substitute or list");
}
