/* lib/io/program.h - a program of several commands: its overview, the choice of one, and what must
 * be so before any of them runs.
 *
 * The commands stand in one table, from which the help is made. Each parses its own words with argp
 * and returns an exit status of sysexits(3). Here are --help, --help-config and --version, and the
 * errors of who names no command, or none of these. Texts are read as UTF-8 whatever the machine's
 * locale is, libsodium is up, and what could not be written to standard output is an error.
 */
#ifndef ESEP_IO_PROGRAM_H
#define ESEP_IO_PROGRAM_H

#include <stdio.h>

struct esep_command {
    const char *name;
    const char *words;                 /* of the rest, for the overview */
    const char *help;                  /* one sentence */
    int (*run)(int argc, char **argv); /* argv[0] is "PROGRAM NAME"; NULL: elsewhere has it */
};
struct esep_program {
    const char *name;
    const struct esep_command *commands;     /* ends with name NULL */
    void (*help_config)(FILE *out);          /* the keys of its configuration; NULL: it has none */
    int (*elsewhere)(int argc, char **argv); /* all words, the program's first; NULL: nothing is */
};

/* What main returns. */
int esep_program_main(const struct esep_program *program, int argc, char **argv);

#endif
