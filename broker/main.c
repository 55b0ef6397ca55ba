/* broker/main.c - esep-broker: the command line.
 *
 * One table of commands; help comes from the same table. Options mean the same in every command,
 * and a command takes only those it lists.
 */
#include "base/crypto.h"
#include "broker/commands.h"
#include "broker/operator.h"
#include "broker/settings.h"
#include "io/json.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

enum option_key {
    OPTION_HELP_CONFIG = 256,
    OPTION_CONTROL,
    OPTION_CLOCK,
    OPTION_OUT,
    OPTION_NAME,
    OPTION_REASON,
    OPTION_FINGERPRINT,
    OPTION_OFFICE,
    OPTION_BODY,
    OPTION_PLAN,
    OPTION_DISTRICTS,
    OPTION_DEFAULT,
    OPTION_HOURS,
    OPTION_ACCEPT,
    OPTION_JSON,
};

#define CONFIG                                                                                     \
    {                                                                                              \
        "config", 'c', "FILE", 0, "the configuration", 0                                           \
    }
#define HELP_CONFIG                                                                                \
    {                                                                                              \
        "help-config", OPTION_HELP_CONFIG, NULL, 0, "print every key of the configuration", 0      \
    }
#define CONTROL                                                                                    \
    {                                                                                              \
        "control", OPTION_CONTROL, "PATH", 0, "order over ingest's local socket, not a broker", 0  \
    }
#define CLOCK                                                                                      \
    {                                                                                              \
        "clock", OPTION_CLOCK, "SPEC", 0, "real, at:INSTANT or shift:-365d (drills)", 0            \
    }
#define JSON                                                                                       \
    {                                                                                              \
        "json", OPTION_JSON, NULL, 0, "for machines", 0                                            \
    }
#define END                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }

static const struct argp_option run_options[] = {CONFIG, HELP_CONFIG, END};
static const struct argp_option status_options[] = {CONFIG, HELP_CONFIG, JSON, END};
static const struct argp_option operator_options[] = {
    {"out", OPTION_OUT, "FILE", 0, "the key file to make (never overwritten)", 0},
    {"name", OPTION_NAME, "NAME", 0, "the operator's name, as it will stand in the log", 0},
    END};
static const struct argp_option enrol_options[] = {
    CONFIG,
    HELP_CONFIG,
    CONTROL,
    CLOCK,
    JSON,
    {"accept", OPTION_ACCEPT, NULL, 0, "accept the key that uses the code at once", 0},
    {"office", OPTION_OFFICE, "N", 0,
     "for this office, which was revoked: it goes on with new keys", 0},
    {"hours", OPTION_HOURS, "N", 0, "the code expires after so many hours (72)", 0},
    END};
static const struct argp_option order_options[] = {CONFIG, HELP_CONFIG, CONTROL, CLOCK, JSON, END};
static const struct argp_option accept_options[] = {
    CONFIG,
    HELP_CONFIG,
    CONTROL,
    CLOCK,
    JSON,
    {"fingerprint", OPTION_FINGERPRINT, "TEXT", 0,
     "of its keys, as the office's screen shows it: others are refused", 0},
    END};
static const struct argp_option revoke_options[] = {
    CONFIG, HELP_CONFIG, CONTROL,
    CLOCK,  JSON,        {"reason", OPTION_REASON, "TEXT", 0, "why, for the log", 0},
    END};

static const struct argp_option rights_options[] = {
    CONFIG,
    HELP_CONFIG,
    CONTROL,
    CLOCK,
    JSON,
    {"body", OPTION_BODY, "CODE", 0, "this body, too, beside its own; as often as need be", 0},
    {"districts", OPTION_DISTRICTS, NULL, 0, "every body below its own in the plan, as of now", 0},
    {"plan", OPTION_PLAN, "ID", 0, "in this plan alone; as often as need be", 0},
    {"default", OPTION_DEFAULT, NULL, 0, "its own body in all plans, as at first", 0},
    {"reason", OPTION_REASON, "TEXT", 0, "why, for the log", 0},
    END};

static const struct command {
    const char *group; /* NULL: a command of its own */
    const char *word;
    const char *argument;
    const char *help;
    const struct argp_option *options;
    bool operators; /* --config is an operator's */
    bool config_needed;
    enum esep_status (*run)(const struct invocation *, struct esep_reason *);
} commands[] = {
    {NULL, "run", NULL, "Serve offices and collectors until TERM.", run_options, false, true,
     command_run},
    {NULL, "init", NULL, "Make the broker's key and print its public half.", run_options, false,
     true, command_init},
    {NULL, "status", NULL, "Say what the running broker sees: collectors, offices, counters.",
     status_options, false, true, command_status},
    {"keys", "operator", NULL, "Make an operator's key file and print its item for the collector.",
     operator_options, true, false, command_operator},
    {"keys", "enrol", "BODY", "Make a one-time code for an office of BODY and print it.",
     enrol_options, true, false, command_enrol},
    {"keys", "list", NULL, "List the offices and their keys.", order_options, true, false,
     command_list},
    {"keys", "accept", "OFFICE", "Accept the key of a pending office.", accept_options, true, false,
     command_accept},
    {"keys", "rights", "OFFICE", "Say which bodies and plans an office may report for.",
     rights_options, true, false, command_rights},
    {"keys", "renew", "OFFICE", "Ask an office to make new keys.", revoke_options, true, false,
     command_renew},
    {"keys", "revoke", "OFFICE", "Revoke an office's key, at once and for good.", revoke_options,
     true, false, command_revoke},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

struct parse {
    const struct command *command;
    struct invocation in;
};

/* Where an option that is a text goes; NULL: it is another one. */
static const char **text_of(struct invocation *in, int key)
{
    switch (key) {
    case 'c':
        return &in->config;
    case OPTION_CONTROL:
        return &in->control;
    case OPTION_CLOCK:
        return &in->clock;
    case OPTION_OUT:
        return &in->out;
    case OPTION_NAME:
        return &in->name;
    case OPTION_REASON:
        return &in->reason;
    case OPTION_FINGERPRINT:
        return &in->fingerprint;
    default:
        return NULL;
    }
}

static uint32_t office_number(const char *argument, const struct argp_state *state)
{
    char *end = NULL;
    errno = 0;
    const long office = strtol(argument, &end, 10);
    if (errno != 0 || *end != '\0' || office < 1 || office > UINT32_MAX) {
        argp_error(state, "--office: 'keys list' shows the numbers");
    }
    return (uint32_t)office;
}

/* What rights are made of; false: it is another option. */
static bool parse_right(struct invocation *in, int key, const char *argument,
                        const struct argp_state *state)
{
    struct invocation_names *names = key == OPTION_BODY ? &in->bodies : &in->plans;
    if (key == OPTION_DISTRICTS) {
        in->districts = true;
        return true;
    }
    if (key == OPTION_DEFAULT) {
        in->by_default = true;
        return true;
    }
    if (key != OPTION_BODY && key != OPTION_PLAN) {
        return false;
    }
    if (names->count == sizeof names->text / sizeof names->text[0]) {
        argp_error(state, "%s: too many", argument);
    }
    names->text[names->count++] = argument;
    return true;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct parse *parse = state->input;
    struct invocation *in = &parse->in;
    const char **text = text_of(in, key);
    if (text != NULL) {
        *text = argument;
        return 0;
    }
    if (parse_right(in, key, argument, state)) {
        return 0;
    }
    switch (key) {
    case OPTION_JSON:
        in->json = true;
        return 0;
    case OPTION_ACCEPT:
        in->accept = true;
        return 0;
    case OPTION_HOURS: {
        char *end = NULL;
        errno = 0;
        const long hours = strtol(argument, &end, 10);
        if (errno != 0 || *end != '\0' || hours < 1 || hours > 24L * 366) {
            argp_error(state, "--hours must be a number from 1 to %ld", 24L * 366);
        }
        in->hours = (uint64_t)hours;
        return 0;
    }
    case OPTION_OFFICE:
        in->office = office_number(argument, state);
        return 0;
    case OPTION_HELP_CONFIG:
        if (parse->command->operators) {
            operator_settings_help(stdout);
        } else {
            broker_settings_help(stdout);
        }
        exit(EX_OK);
    case ARGP_KEY_ARG:
        if (parse->command->argument == NULL || in->argument != NULL) {
            argp_error(state, "'%s' is one word too many", argument);
        }
        in->argument = argument;
        return 0;
    case ARGP_KEY_END:
        if (parse->command->argument != NULL && in->argument == NULL) {
            argp_error(state, "%s is missing", parse->command->argument);
        }
        if (parse->command->config_needed && in->config == NULL) {
            argp_error(state, "--config FILE is missing");
        }
        if (parse->command->options == operator_options && (in->out == NULL || in->name == NULL)) {
            argp_error(state, "--out FILE and --name NAME are needed");
        }
        if (parse->command->operators && parse->command->options != operator_options &&
            in->config == NULL && in->control == NULL) {
            argp_error(state, "give --config FILE (an operator's, through a broker) or --control "
                              "PATH (ingest's socket on this machine)");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void usage(FILE *out)
{
    fprintf(out, "esep-broker %s: lets offices and collectors speak, and keeps nothing\n\n",
            ESEP_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *c = &commands[i];
        char words[48];
        (void)snprintf(words, sizeof words, "%s%s%s%s%s", c->group != NULL ? c->group : "",
                       c->group != NULL ? " " : "", c->word, c->argument != NULL ? " " : "",
                       c->argument != NULL ? c->argument : "");
        fprintf(out, "  esep-broker %-20s %s\n", words, c->help);
    }
    fputs("\n'esep-broker COMMAND --help' says more. Manual: esep-broker(1).\n", out);
}

/* Takes the command's one or two words off argv. NULL: there is no such command. */
static const struct command *find_command(int argc, char **argv, int *ret_words)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *c = &commands[i];
        const int words = c->group != NULL ? 2 : 1;
        if (argc > words && strcmp(argv[words], c->word) == 0 &&
            (c->group == NULL || strcmp(argv[1], c->group) == 0)) {
            *ret_words = words;
            return c;
        }
    }
    return NULL;
}

/* Two causes mean other things to a daemon than to a command: its own configuration is wrong (78),
 * its port is taken (69); a key file that is there already cannot be made (73). */
static int exit_code(const struct command *command, enum esep_status status)
{
    if (command->config_needed && (status == ESEP_INVALID || status == ESEP_NOT_FOUND)) {
        return EX_CONFIG;
    }
    if (status == ESEP_CONFLICT) {
        return command->config_needed ? EX_UNAVAILABLE : EX_CANTCREAT;
    }
    return esep_status_exit(status);
}

static int carry_out(const struct command *command, const struct invocation *in)
{
    struct esep_reason reason = {0};
    if (esep_crypto_init() != ESEP_OK) {
        fputs("esep-broker: libsodium does not start\n", stderr);
        return EX_UNAVAILABLE;
    }
    const enum esep_status status = command->run(in, &reason);
    if (status == ESEP_OK) {
        return EX_OK;
    }
    fprintf(stderr, "esep-broker: %s\n",
            reason.text[0] != '\0' ? reason.text : esep_status_name(status));
    return exit_code(command, status);
}

int main(int argc, char **argv)
{
    int words = 0;
    argp_err_exit_status = EX_USAGE;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        usage(stdout);
        return esep_output_end(EX_OK);
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("esep-broker %s\n", ESEP_VERSION);
        return EX_OK;
    }
    if (argc > 1 && strcmp(argv[1], "--help-config") == 0) {
        broker_settings_help(stdout);
        return esep_output_end(EX_OK);
    }
    struct parse parse = {.command = find_command(argc, argv, &words), .in = {.hours = 72}};
    if (parse.command == NULL) {
        usage(stderr);
        return EX_USAGE;
    }
    char name[64];
    (void)snprintf(name, sizeof name, "esep-broker %s%s%s",
                   parse.command->group != NULL ? parse.command->group : "",
                   parse.command->group != NULL ? " " : "", parse.command->word);
    argv[words] = name;
    const struct argp argp = {.options = parse.command->options,
                              .parser = parse_option,
                              .args_doc = parse.command->argument,
                              .doc = parse.command->help};
    const error_t failed = argp_parse(&argp, argc - words, argv + words, 0, NULL, &parse);
    return failed == 0 ? esep_output_end(carry_out(parse.command, &parse.in)) : EX_USAGE;
}
