/* broker/commands.h - what the command line asked for, and who carries it out. */
#ifndef BROKER_COMMANDS_H
#define BROKER_COMMANDS_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct invocation {
    const char *config;
    const char *control;
    const char *clock;
    const char *out;
    const char *name;
    const char *reason;
    const char *argument; /* BODY or OFFICE */
    uint64_t hours;
    bool json;
    bool accept;
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

#endif
