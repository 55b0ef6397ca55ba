/* collector/main_web.c - esep-collector-web: the commands that need fonts, spreadsheets or a web
 * server. esep-collector becomes it, and has the words for its overview; nobody calls it by its own
 * name. */
#include "collector/commands.h"
#include "collector/web/commands.h"
#include "collector/witness/witness_run.h"
#include "io/program.h"

static const struct esep_command commands[] = {
    {"web", "", "the commission's page", collector_cmd_web},
    {"password", "", "what an account logs in with", collector_cmd_password},
    {"witness", "", "witness logs", collector_cmd_witness},
    {"export", "", "obligations and reports, for other programs", collector_cmd_export},
    {NULL, NULL, NULL, NULL},
};

int main(int argc, char **argv)
{
    static const struct esep_program program = {.name = "esep-collector", .commands = commands};
    return esep_program_main(&program, argc, argv);
}
