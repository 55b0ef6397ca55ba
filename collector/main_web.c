/* collector/main_web.c - esep-collector-web: the commands that need fonts, spreadsheets or a web
 * server. esep-collector becomes it; nobody calls it by its own name. */
#include "collector/commands.h"
#include "collector/web/commands.h"
#include "collector/witness/witness_run.h"
#include "io/json.h"

#include <locale.h>
#include <string.h>
#include <sysexits.h>

static const struct {
    const char *name;
    char *shown; /* argp speaks of the program by its first word */
    int (*run)(int argc, char **argv);
} commands[] = {
    {"web", (char[]){"esep-collector web"}, collector_cmd_web},
    {"password", (char[]){"esep-collector password"}, collector_cmd_password},
    {"witness", (char[]){"esep-collector witness"}, collector_cmd_witness},
    {"export", (char[]){"esep-collector export"}, collector_cmd_export},
};

int main(int argc, char **argv)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    if (esep_crypto_init() != ESEP_OK) {
        (void)fprintf(stderr, "esep-collector: libsodium does not start\n");
        return EX_UNAVAILABLE;
    }
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[1]) != 0)
            continue;
        argv[1] = commands[i].shown;
        return esep_output_end(commands[i].run(argc - 1, argv + 1));
    }
    (void)fprintf(stderr, "esep-collector-web: esep-collector --help lists the commands\n");
    return EX_USAGE;
}
