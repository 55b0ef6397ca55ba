/* collector/commands.h - esep-collector's commands, and what they share.
 *
 * main.c finds the command and calls it with its own words; each command parses them with argp, so
 * `esep-collector COMMAND --help` says everything. A command returns an exit status of sysexits(3).
 */
#ifndef COLLECTOR_COMMANDS_H
#define COLLECTOR_COMMANDS_H

#include "collector/settings.h"
#include "collector/state.h"
#include "io/json.h"

#include <argp.h>
#include <jansson.h>
#include <stdio.h>

/* The options that many commands share: one argp child, one struct. */
struct command_common {
    const char *config;
    bool json;
};
extern const struct argp collector_common_argp; /* input: struct command_common * */

/* What failed is what the configuration says, whatever status that travels as: collector_fail
 * returns EX_CONFIG for it. Returns the status. */
ESEP_MUST_USE enum esep_status collector_config_check(enum esep_status status);
/* Prints "esep-collector: reason" on stderr and returns the exit status. */
int collector_fail(enum esep_status status, const struct esep_reason *reason);
/* Reads the settings named by --config, or says why not. */
ESEP_MUST_USE enum esep_status collector_command_settings(const struct command_common *common,
                                                          struct collector_settings **ret,
                                                          struct esep_reason *reason);
/* A number no double can hold, as JSON writes it. */
json_t *collector_json_u64(uint64_t value);

/* An account as `account list` and the page show it. */
json_t *collector_account_json(const struct views_account *account);

/* Sends one order to ingest over its local socket, as the user of this machine; ret: what it said.
 */
struct collector_answer {
    bool ok;
    uint64_t log_index;
    struct esep_reason text;
};
ESEP_MUST_USE enum esep_status collector_order_ask(const struct collector_settings *settings,
                                                   Esep__V1__Order *order,
                                                   struct collector_answer *ret,
                                                   struct esep_reason *reason);
/* The same, and prints what came of it. */
int collector_order(const struct collector_settings *settings, Esep__V1__Order *order, bool json);

/* cmd_export_table.c: every obligation with its state, CSV or JSON. */
struct export_request;
ESEP_MUST_USE enum esep_status collector_export_table(const struct views *views,
                                                      const struct export_request *request,
                                                      FILE *out, struct esep_reason *reason);

/* cmd_log_list.c: what was done, when, and by whom. */
struct log_list {
    bool from_start; /* the first `count` behind `after`; else the last ones */
    uint64_t after;
    uint64_t count;
    const char *kind; /* NULL: any */
};
int collector_log_list(struct collector_log *log, const struct log_list *how, bool json);

int collector_cmd_init(int argc, char **argv);
int collector_cmd_run(int argc, char **argv);
int collector_cmd_plan(int argc, char **argv);
int collector_cmd_bundle(int argc, char **argv);
int collector_cmd_obligations(int argc, char **argv);
int collector_cmd_status(int argc, char **argv);
int collector_cmd_reports(int argc, char **argv);
int collector_cmd_review(int argc, char **argv);
int collector_cmd_extend(int argc, char **argv);
int collector_cmd_control(int argc, char **argv);
int collector_cmd_account(int argc, char **argv);
int collector_cmd_keys(int argc, char **argv);
/* cmd_keys_log.c: the log's own. */
int collector_keys_log(struct collector_log *log, bool json, struct esep_reason *reason);
int collector_cmd_log(int argc, char **argv);
int collector_cmd_export(int argc, char **argv);
int collector_cmd_signer(int argc, char **argv);
int collector_cmd_backup(int argc, char **argv);
int collector_cmd_restore(int argc, char **argv);

#endif
