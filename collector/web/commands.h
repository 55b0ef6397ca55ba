/* collector/web/commands.h - the commands of the page's process, as collector/commands.h has the
 * others: each parses its own words and returns an exit status of sysexits(3).
 *
 * They stand apart because they alone link to the HTTP server and to the credentials: `web` serves
 * the page, `password` says what an account logs in with. Neither writes to the log: what they
 * change there, they order.
 */
#ifndef COLLECTOR_WEB_COMMANDS_H
#define COLLECTOR_WEB_COMMANDS_H

#include "collector/settings.h"

/* Whether web.credentials names a folder: without one neither has anything to do. */
ESEP_MUST_USE enum esep_status web_credentials_folder(const struct collector_settings *settings,
                                                      struct esep_reason *reason);

int collector_cmd_web(int argc, char **argv);
int collector_cmd_password(int argc, char **argv);

#endif
