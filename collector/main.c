/* collector/main.c - esep-collector: finds the command and hands over; some commands are another
 * program's, which lies beside this one (main_web.c). */
#include "collector/commands.h"
#include "io/json.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

const struct collector_command collector_commands[] = {
    {"init", "--config FILE", "make the keys, the store and the log's first entry",
     collector_cmd_init},
    {"run", "--config FILE", "take in reports (the daemon)", collector_cmd_run},
    {"plan", "check FILE | load FILE | list", "check a plan file, load it into the log, list plans",
     collector_cmd_plan},
    {"obligations", "[--plan FILE] [--as-of INSTANT]", "who owes what by when, and its state",
     collector_cmd_obligations},
    {"status", "", "the plans at a glance, the offices, the log", collector_cmd_status},
    {"reports", "[--body B] [--action A] …", "the reports that came in", collector_cmd_reports},
    {"review", "INDEX --accept | --return CODE", "accept a report, or return it with a reason",
     collector_cmd_review},
    {"extend", "OBLIGATION --until DAY | --refuse", "extend a deadline, or refuse to",
     collector_cmd_extend},
    {"control", "OBLIGATION --remove | --restore", "take an obligation off control, or back on",
     collector_cmd_control},
    {"web", "--config FILE", "serve the commission's page (a daemon that only reads)", NULL},
    {"password", "NAME [--invite] [--second-factor]", "what an account logs in with", NULL},
    {"account", "add|role|close|substitute|list", "who of the commission may look and decide",
     collector_cmd_account},
    {"keys", "[--at INSTANT] [--office N]", "whose key was it, when", collector_cmd_keys},
    {"log", "list | verify | replay",
     "what was done, by whom; check the whole log; make views anew", collector_cmd_log},
    {"export", "[--format json|csv]", "obligations and reports, for other programs", NULL},
    {"bundle", "import FILE --reply FILE", "take in what an office sent on a stick",
     collector_cmd_bundle},
    {"witness", "[keygen | status]", "witness logs, of others too (a daemon)", NULL},
    {"signer", "[keygen]", "hold a log's key apart, and sign only what extends it (a daemon)",
     collector_cmd_signer},
    {"backup", "FILE | FOLDER | keygen FILE | check FILE",
     "copy the store while it runs, check the copy, encrypt and sign it", collector_cmd_backup},
    {"restore", "FILE | FOLDER", "put a backup in place of a lost store", collector_cmd_restore},
    {NULL, NULL, NULL, NULL},
};

static void overview(FILE *out)
{
    (void)fprintf(out, "usage: esep-collector COMMAND [OPTION...]\n\nCommands:\n");
    for (const struct collector_command *c = collector_commands; c->name != NULL; c++)
        (void)fprintf(out, "  %-12s %-34s %s\n", c->name, c->words, c->help);
    (void)fprintf(out,
                  "\n'esep-collector COMMAND --help' says more; 'esep-collector --help-config' "
                  "lists the keys of the configuration.\n");
}

/* Becomes esep-collector-web, with the same words. Returns where that one is not there. */
static int become_web(char **argv)
{
    static const char name[] = "esep-collector-web";
    char path[4096];
    const ssize_t len = readlink("/proc/self/exe", path, sizeof path - sizeof name);
    char *end = NULL;
    if (len > 0) {
        path[len] = '\0';
        end = strrchr(path, '/');
    }
    if (end != NULL) {
        memcpy(end + 1, name, sizeof name);
        (void)execv(path, argv);
    }
    (void)fprintf(stderr, "esep-collector: %s, which has this command, does not start: %s\n",
                  end != NULL ? path : name, strerror(errno));
    return EX_UNAVAILABLE;
}

/* argp speaks of the program by its first word. */
static int run(const struct collector_command *command, int argc, char **argv)
{
    static char name[64];
    (void)snprintf(name, sizeof name, "esep-collector %s", command->name);
    argv[0] = name;
    return command->run(argc, argv);
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    if (esep_crypto_init() != ESEP_OK) {
        (void)fprintf(stderr, "esep-collector: libsodium does not start\n");
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
        collector_settings_help(stdout);
        return esep_output_end(0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("esep-collector " ESEP_VERSION "\n");
        return 0;
    }
    for (const struct collector_command *c = collector_commands; c->name != NULL; c++)
        if (strcmp(c->name, argv[1]) == 0)
            return c->run == NULL ? become_web(argv) : esep_output_end(run(c, argc - 1, argv + 1));
    (void)fprintf(stderr, "esep-collector: no command '%s'; esep-collector --help lists them\n",
                  argv[1]);
    return EX_USAGE;
}
