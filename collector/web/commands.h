/* collector/web/commands.h - the commands of the page's process; see collector/commands.h. */
#ifndef COLLECTOR_WEB_COMMANDS_H
#define COLLECTOR_WEB_COMMANDS_H

int collector_cmd_web(int argc, char **argv);
int collector_cmd_password(int argc, char **argv);

#endif
