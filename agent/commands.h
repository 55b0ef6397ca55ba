/* agent/commands.h - esep-agent's commands, and what they share.
 *
 * main.c finds the command and calls it with its own words; each parses them with argp. A command
 * returns an exit status of sysexits(3). All of them work while the daemon runs and while it does
 * not: the journal is theirs as much as the daemon's.
 */
#ifndef AGENT_COMMANDS_H
#define AGENT_COMMANDS_H

#include "agent/journal.h"
#include "agent/settings.h"
#include "io/clock.h"
#include "io/json.h"
#include "io/keyfile.h"

#include <argp.h>
#include <jansson.h>

#define AGENT_DEFAULT_CONFIG "/etc/esep/agent.yaml"

struct agent_common {
    const char *config;
    bool json;
};
extern const struct argp agent_common_argp; /* input: struct agent_common * */

/* Prints "esep-agent: reason" on stderr and returns the exit status. */
int agent_fail(enum esep_status status, const struct esep_reason *reason);
/* Settings and clock; where they cannot be used agent_fail returns the status for a wrong config.
 */
ESEP_MUST_USE enum esep_status agent_command_settings(const char *file, struct agent_settings **ret,
                                                      struct esep_clock *ret_clock,
                                                      struct esep_reason *reason);
/* Parses a command that has --config alone; returns the file. */
const char *agent_parse_config_only(int argc, char **argv, const char *doc);
/* The journal, the config and the key file must be of one office and one log. */
ESEP_MUST_USE enum esep_status agent_check_identity(const struct agent_settings *settings,
                                                    const struct journal_identity *identity,
                                                    const struct esep_sign_key *key,
                                                    struct esep_reason *reason);

/* What nearly every command stands at: the config, the hour, the journal, and whose it is. */
enum agent_desk_need {
    AGENT_DESK_READ = 0,  /* looks, and changes nothing */
    AGENT_DESK_WRITE = 1, /* the journal will change */
    AGENT_DESK_KEYS = 2,  /* the office signs */
};
struct agent_desk {
    struct agent_settings *settings;
    struct esep_clock clock;
    struct journal journal;
    struct journal_identity identity;
    struct esep_sign_key sign_key; /* with AGENT_DESK_KEYS */
    struct esep_curve_key curve;
    struct esep_blobs *files; /* NULL until asked for */
};
/* need: AGENT_DESK_… together. On failure nothing is open. */
ESEP_MUST_USE enum esep_status agent_desk_open(struct agent_desk *ret,
                                               const struct agent_common *common, unsigned need,
                                               struct esep_reason *reason);
void agent_desk_close(struct agent_desk *desk); /* wipes */
esep_time agent_desk_now(const struct agent_desk *desk);
/* The office's store of files, opened when it is first asked for; what nobody names any more is
 * cleared then. desk->files: the desk closes it. */
ESEP_MUST_USE enum esep_status agent_desk_files(struct agent_desk *desk,
                                                struct esep_reason *reason);
/* Both keys of the office from its key file. */
ESEP_MUST_USE enum esep_status agent_keys_read(const char *path, struct esep_sign_key *ret_sign,
                                               struct esep_curve_key *ret_curve,
                                               struct esep_reason *reason);

/* After a rotation that was cut off: those that the journal has by now. */
ESEP_MUST_USE enum esep_status agent_keys_follow(const char *path,
                                                 const struct journal_identity *identity,
                                                 struct esep_sign_key *sign,
                                                 struct esep_curve_key *curve,
                                                 struct esep_reason *reason);

json_t *agent_json_day(esep_day day); /* null for NONE */
json_t *agent_json_hex(const void *data, size_t len);
/* A whole file of at most max bytes, or standard input for "-". */
ESEP_MUST_USE enum esep_status agent_read_file(const char *path, size_t max, struct esep_buf *ret,
                                               struct esep_reason *reason);

int agent_cmd_run(int argc, char **argv);
int agent_cmd_enrol(int argc, char **argv);
int agent_cmd_report(int argc, char **argv);
int agent_cmd_status(int argc, char **argv);
int agent_cmd_duties(int argc, char **argv);
int agent_cmd_receipt(int argc, char **argv);
int agent_cmd_recover(int argc, char **argv);
int agent_cmd_bundle(int argc, char **argv);
int agent_cmd_mail(int argc, char **argv);
int agent_cmd_open(int argc, char **argv);
int agent_cmd_keys(int argc, char **argv);

#endif
