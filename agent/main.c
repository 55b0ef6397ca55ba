/* agent/main.c - esep-agent: finds the command and hands over. */
#include "agent/commands.h"
#include "io/json.h"

#include <locale.h>
#include <string.h>
#include <sysexits.h>

const struct agent_command agent_commands[] = {
    {"enrol", "--code CODE", "make the office's keys and enrol with the operator's one-time code",
     agent_cmd_enrol},
    {"run", "", "send reports, bring receipts and mail (the daemon)", agent_cmd_run},
    {"duties", "[--all] [--as-of INSTANT]", "what this office owes and by when", agent_cmd_duties},
    {"report", "OBLIGATION --fulfilment F …", "write a report; it is saved before this ends",
     agent_cmd_report},
    {"status", "", "saved, sent and received; the uplink; the journal", agent_cmd_status},
    {"receipt", "[SEQ | OBLIGATION | --all]", "the signed proof of when a report was received",
     agent_cmd_receipt},
    {"mail", "[--since NUMBER]", "reviews, extensions and alerts that came", agent_cmd_mail},
    {"open", "[--print]", "open the office's page in a browser", agent_cmd_open},
    {"keys", "[rotate]", "the office's keys: their fingerprint and age; new ones in their place",
     agent_cmd_keys},
    {"recover", "", "go on after a fork or a restored disk, in a new epoch", agent_cmd_recover},
    {"bundle", "export FILE [--all]", "entries in a sealed file, for an office without a link",
     agent_cmd_bundle},
    {NULL, NULL, NULL, NULL},
};

static void overview(FILE *out)
{
    (void)fprintf(out, "usage: esep-agent COMMAND [--config FILE] [OPTION...]\n\nCommands:\n");
    for (const struct agent_command *c = agent_commands; c->name != NULL; c++)
        (void)fprintf(out, "  %-8s %-30s %s\n", c->name, c->words, c->help);
    (void)fprintf(out, "\n'esep-agent COMMAND --help' says more; 'esep-agent --help-config' lists "
                       "the keys of the configuration.\n");
}

/* argp speaks of the program by its first word. */
static int run(const struct agent_command *command, int argc, char **argv)
{
    static char name[64];
    (void)snprintf(name, sizeof name, "esep-agent %s", command->name);
    argv[0] = name;
    return command->run(argc, argv);
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    if (esep_crypto_init() != ESEP_OK) {
        (void)fprintf(stderr, "esep-agent: libsodium does not start\n");
        return EX_UNAVAILABLE;
    }
    if (argc < 2) {
        overview(stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        overview(stdout);
        return esep_output_end(0);
    }
    if (strcmp(argv[1], "--help-config") == 0) {
        agent_settings_help(stdout);
        return esep_output_end(0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("esep-agent " ESEP_VERSION "\n");
        return 0;
    }
    for (const struct agent_command *c = agent_commands; c->name != NULL; c++)
        if (strcmp(c->name, argv[1]) == 0)
            return esep_output_end(run(c, argc - 1, argv + 1));
    (void)fprintf(stderr, "esep-agent: no command '%s'; esep-agent --help lists them\n", argv[1]);
    return EX_USAGE;
}
