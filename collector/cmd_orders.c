/* collector/cmd_orders.c - `review`, `extend`, `control`: the secretariat's decisions, as orders to
 * ingest over its local socket. Ingest judges them; the answer is its own. */
#include "collector/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

/* One set of words for the three commands: each uses what its options offer. */
struct words {
    struct command_common common;
    const char *what; /* log entry or obligation */
    bool accept;
    bool refuse;
    bool remove;
    bool restore;
    char *code;
    char *comment;
    char *until;
    char *document;
    char *reason;
};

enum { ACCEPT = 256, RETURN, COMMENT, AGAIN_BY, UNTIL, REFUSE, DOCUMENT, REASON, REMOVE, RESTORE };

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case ACCEPT:
        words->accept = true;
        return 0;
    case RETURN:
        words->code = value;
        return 0;
    case COMMENT:
        words->comment = value;
        return 0;
    case AGAIN_BY:
    case UNTIL:
        words->until = value;
        return 0;
    case REFUSE:
        words->refuse = true;
        return 0;
    case DOCUMENT:
        words->document = value;
        return 0;
    case REASON:
        words->reason = value;
        return 0;
    case REMOVE:
        words->remove = true;
        return 0;
    case RESTORE:
        words->restore = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "'%s' is one word too many", value);
        words->what = value;
        return 0;
    case ARGP_KEY_END:
        if (words->what == NULL)
            argp_error(state, "say which");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static char *or_empty(char *text)
{
    static char empty[1];
    return text != NULL ? text : empty;
}

static int send(const struct words *words, Esep__V1__Order *order)
{
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    enum esep_status status = collector_command_settings(&words->common, &settings, &reason);
    int rc = status == ESEP_OK ? collector_order(settings, order, words->common.json)
                               : collector_fail(status, &reason);
    collector_settings_free(settings);
    return rc;
}

static void parse_words(struct words *words, int argc, char **argv,
                        const struct argp_option *options, const char *args, const char *doc)
{
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {
        .options = options, .parser = parse, .args_doc = args, .doc = doc, .children = children};
    *words = (struct words){0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, words);
}

static int usage(const char *text)
{
    (void)fprintf(stderr, "esep-collector: %s\n", text);
    return EX_USAGE;
}

int collector_cmd_review(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"accept", ACCEPT, NULL, 0, "the report is accepted", 0},
        {"return", RETURN, "CODE", 0, "the report is returned; CODE says why in a word", 0},
        {"comment", COMMENT, "TEXT", 0, "to the office", 0},
        {"again-by", AGAIN_BY, "DAY", 0, "with --return: when it must come back", 0},
        {0},
    };
    struct words words;
    parse_words(&words, argc, argv, options, "LOG-ENTRY",
                "Accepts a report, or returns it with a reason and a new date.");
    if (words.accept == (words.code != NULL))
        return usage("review: say --accept, or --return CODE");
    char *end = NULL;
    errno = 0;
    unsigned long long index = strtoull(words.what, &end, 10);
    if (errno != 0 || end == words.what || *end != 0)
        return usage("review: name the report by its log entry's number (esep-collector reports)");
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__ReviewOrder review = ESEP__V1__REVIEW_ORDER__INIT;
    review.report_index = index;
    review.accept = words.accept;
    review.reason_code = or_empty(words.code);
    review.comment = or_empty(words.comment);
    review.again_by = or_empty(words.until);
    order.what_case = ESEP__V1__ORDER__WHAT_REVIEW;
    order.review = &review;
    return send(&words, &order);
}

int collector_cmd_extend(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"until", UNTIL, "DAY", 0, "the new last day", 0},
        {"document", DOCUMENT, "TEXT", 0, "the document that grants it", 0},
        {"reason", REASON, "TEXT", 0, "why", 0},
        {"refuse", REFUSE, NULL, 0, "refuse what the office asked for", 0},
        {0},
    };
    struct words words;
    parse_words(&words, argc, argv, options, "OBLIGATION",
                "Extends a deadline by a document, or refuses to. The original date stays.");
    if (words.refuse == (words.until != NULL))
        return usage("extend: say --until DAY --document TEXT, or --refuse --reason TEXT");
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__ExtendOrder extend = ESEP__V1__EXTEND_ORDER__INIT;
    extend.obligation = (char *)(uintptr_t)words.what;
    extend.until = or_empty(words.until);
    extend.document = or_empty(words.document);
    extend.reason = or_empty(words.reason);
    extend.refuse = words.refuse;
    order.what_case = ESEP__V1__ORDER__WHAT_EXTEND;
    order.extend = &extend;
    return send(&words, &order);
}

int collector_cmd_control(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"remove", REMOVE, NULL, 0, "take it off control: nothing is due any more", 0},
        {"restore", RESTORE, NULL, 0, "put it back on control", 0},
        {"reason", REASON, "TEXT", 0, "why", 0},
        {0},
    };
    struct words words;
    parse_words(&words, argc, argv, options, "OBLIGATION",
                "Takes an obligation off control, or puts it back.");
    if (words.remove == words.restore)
        return usage("control: say --remove or --restore");
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__ControlOrder control = ESEP__V1__CONTROL_ORDER__INIT;
    control.obligation = (char *)(uintptr_t)words.what;
    control.act = words.remove ? ESEP__V1__CONTROL_ACT__CONTROL_ACT_REMOVE
                               : ESEP__V1__CONTROL_ACT__CONTROL_ACT_RESTORE;
    control.reason = or_empty(words.reason);
    order.what_case = ESEP__V1__ORDER__WHAT_CONTROL;
    order.control = &control;
    return send(&words, &order);
}
