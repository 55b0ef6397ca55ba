/* broker/commands.h - what the command line asked for, and who carries it out.
 *
 * main.c reads the words and options into one struct invocation and looks the command up in its
 * table; the commands themselves know nothing of argp. A command decides what to print and where:
 * results on stdout, so that a script can take them, what to do next on stderr. What its failure
 * means to the shell that called it (the exit code) is decided by main.c alone.
 *
 * Invariant: what a command needs (argument, --config or --control) is there when it is called.
 */
#ifndef BROKER_COMMANDS_H
#define BROKER_COMMANDS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct invocation_names {
    const char *text[33];
    size_t count;
};
struct invocation {
    const char *config;
    const char *control;
    const char *clock;
    const char *out;
    const char *name;
    const char *reason;
    const char *fingerprint;
    const char *argument; /* BODY or OFFICE */
    uint64_t hours;
    uint32_t office; /* with enrol; 0: a new one */
    bool json;
    bool accept;
    /* of rights */
    struct invocation_names bodies, plans;
    bool districts, by_default;
};

/* Each prints its result on stdout; on failure the reason says what is wrong and what to do. */
ESEP_MUST_USE enum esep_status command_run(const struct invocation *in, struct esep_reason *reason);
ESEP_MUST_USE enum esep_status command_init(const struct invocation *in,
                                            struct esep_reason *reason);
ESEP_MUST_USE enum esep_status command_status(const struct invocation *in,
                                              struct esep_reason *reason);
ESEP_MUST_USE enum esep_status command_operator(const struct invocation *in,
                                                struct esep_reason *reason);
ESEP_MUST_USE enum esep_status command_enrol(const struct invocation *in,
                                             struct esep_reason *reason);
ESEP_MUST_USE enum esep_status command_list(const struct invocation *in,
                                            struct esep_reason *reason);
ESEP_MUST_USE enum esep_status command_accept(const struct invocation *in,
                                              struct esep_reason *reason);
ESEP_MUST_USE enum esep_status command_revoke(const struct invocation *in,
                                              struct esep_reason *reason);
ESEP_MUST_USE enum esep_status command_renew(const struct invocation *in,
                                             struct esep_reason *reason);
ESEP_MUST_USE enum esep_status command_rights(const struct invocation *in,
                                              struct esep_reason *reason);

#endif
