/* verify/options.h - what is asked, from the words of a command line.
 *
 * The words of one line of a batch are read in the same way, on top of those of the command line.
 * What is wrong with them is said on standard error at once; the codes are those of sysexits.h.
 */
#ifndef VERIFY_OPTIONS_H
#define VERIFY_OPTIONS_H

#include "verify/say.h"

struct verify_options {
    struct verify_request request;
    bool is_json;
    bool is_batch;
    enum verify_language language;
    int offset_s; /* in which hours are written */
};
/* 0, and *ret_first is the first word that is no option; -1: all was said (--help), end with 0;
 * otherwise the code to end with. argv[0] is the program's name. */
int verify_options_read(struct verify_options *options, int argc, char **argv, int *ret_first);

/* Say it, and the code to end with. */
int verify_wrong(const char *what, const char *why); /* 64 */
int verify_cannot_read(const char *name);            /* 69, with errno's words */

#endif
