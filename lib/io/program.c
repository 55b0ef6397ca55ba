/* lib/io/program.c - see program.h. */
#include "io/program.h"

#include "base/crypto.h"
#include "io/json.h"
#include "io/table.h"

#include <locale.h>
#include <string.h>
#include <sysexits.h>

static int width(const char *text)
{
    return (int)esep_text_width(text);
}

/* The columns are as wide as what stands in them. */
static void overview(const struct esep_program *program, FILE *out)
{
    int name = 0;
    int words = 0;
    (void)fprintf(out, "usage: %s COMMAND [--config FILE] [OPTION...]\n\nCommands:\n",
                  program->name);
    for (const struct esep_command *c = program->commands; c->name != NULL; c++) {
        name = width(c->name) > name ? width(c->name) : name;
        words = width(c->words) > words ? width(c->words) : words;
    }
    for (const struct esep_command *c = program->commands; c->name != NULL; c++)
        (void)fprintf(out, "  %s%*s %s%*s %s\n", c->name, name - width(c->name), "", c->words,
                      words - width(c->words), "", c->help);
    (void)fprintf(out, "\n'%s COMMAND --help' says more", program->name);
    if (program->help_config != NULL)
        (void)fprintf(out, "; '%s --help-config' lists the keys of the configuration",
                      program->name);
    (void)fprintf(out, ".\n");
}

/* argp speaks of the program by its first word. */
static int run(const struct esep_program *program, const struct esep_command *command, int argc,
               char **argv)
{
    static char name[64];
    if (command->run == NULL)
        return program->elsewhere(argc, argv);
    (void)snprintf(name, sizeof name, "%s %s", program->name, command->name);
    argv[1] = name;
    return esep_output_end(command->run(argc - 1, argv + 1));
}

int esep_program_main(const struct esep_program *program, int argc, char **argv)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    if (esep_crypto_init() != ESEP_OK) {
        (void)fprintf(stderr, "%s: libsodium does not start\n", program->name);
        return EX_UNAVAILABLE;
    }
    if (argc < 2) {
        overview(program, stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        overview(program, stdout);
        return esep_output_end(0);
    }
    if (program->help_config != NULL && strcmp(argv[1], "--help-config") == 0) {
        program->help_config(stdout);
        return esep_output_end(0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("%s " ESEP_VERSION "\n", program->name);
        return esep_output_end(0);
    }
    for (const struct esep_command *c = program->commands; c->name != NULL; c++)
        if (strcmp(c->name, argv[1]) == 0)
            return run(program, c, argc, argv);
    (void)fprintf(stderr, "%s: no command '%.80s'; %s --help lists them\n", program->name, argv[1],
                  program->name);
    return EX_USAGE;
}
