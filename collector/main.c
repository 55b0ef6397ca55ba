/* collector/main.c - esep-collector: finds the command and hands over; some commands are another
 * program's, which lies beside this one (main_web.c). */
#include "collector/commands.h"
#include "io/program.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct esep_command commands[] = {
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
    {"keys", "[--at INSTANT] [--office N] | --log", "whose key was it, when; the log's own",
     collector_cmd_keys},
    {"log", "list | verify | replay",
     "what was done, by whom; check the whole log; make views anew", collector_cmd_log},
    {"export", "[--format FORMAT] …",
     "a year's report as a document, or its data for other programs", NULL},
    {"bundle", "import FILE --reply FILE", "take in what an office sent on a stick",
     collector_cmd_bundle},
    {"witness", "[keygen | status]", "witness logs, of others too (a daemon)", NULL},
    {"signer", "[keygen | rotate]",
     "hold a log's key apart, and sign only what extends it (a daemon)", collector_cmd_signer},
    {"backup", "FILE | FOLDER | keygen FILE | check FILE",
     "copy the store while it runs, check the copy, encrypt and sign it", collector_cmd_backup},
    {"restore", "FILE | FOLDER", "put a backup in place of a lost store", collector_cmd_restore},
    {NULL, NULL, NULL, NULL},
};

/* Becomes esep-collector-web, with the same words. Returns where that one is not there. */
static int become_web(int argc, char **argv)
{
    (void)argc;
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

int main(int argc, char **argv)
{
    static const struct esep_program program = {.name = "esep-collector",
                                                .commands = commands,
                                                .help_config = collector_settings_help,
                                                .elsewhere = become_web};
    return esep_program_main(&program, argc, argv);
}
