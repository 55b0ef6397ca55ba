/* agent/daemon_state.h - what the daemon last said of its uplink, for `status`.
 *
 * A small text file beside the journal, replaced by rename and never synced: it tells nothing that
 * matters after a crash. Whether the daemon runs is told by its lock, not by this file.
 */
#ifndef AGENT_DAEMON_STATE_H
#define AGENT_DAEMON_STATE_H

#include "agent/agent.h"

ESEP_MUST_USE enum esep_status agent_daemon_state_write(const char *journal,
                                                        const struct agent_status *status,
                                                        struct esep_reason *reason);
void agent_daemon_state_gone(const char *journal);

struct agent_daemon_state {
    bool running; /* a daemon holds the journal's lock */
    bool known;   /* the rest is filled in */
    char state[16];
    char why[16];
    char text[256];
    esep_time since;
    esep_time next_try_at; /* ESEP_TIME_NEVER */
    uint32_t failures;
    uint32_t epoch;
    uint32_t held_epoch; /* with fork and behind: the collector's */
    uint64_t sent_seq;   /* of this epoch: on its way, or there */
    uint64_t sent_bytes; /* frames, since the daemon's start */
    uint64_t received_bytes;
    uint64_t file_held_bytes; /* of files without their receipt: at the collector already */
    uint32_t files_refused;
    struct agent_rules_view rules;
};
void agent_daemon_state_read(const char *journal, struct agent_daemon_state *ret);

#endif
