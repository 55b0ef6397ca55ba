/* broker/shell.h - the broker's daemon: sockets, timer and signals around the core.
 *
 * One thread, one loop. Its life: limits raised, keys read, core made, ZAP bound, then the sockets;
 * one line `ready` with the endpoints bound. Each message is handed to the core as it came, and
 * the core's effects are carried out before the message is let go, since they borrow its bytes.
 * HUP reads the config anew, checks it whole, and swaps it or keeps the old. TERM drains. Nothing
 * is written to disk; the control socket is the one name in the file system.
 *
 * Running out of descriptors makes libzmq's acceptor spin, so at 90 % the offices' endpoints are
 * unbound until there is room again: those inside stay, collectors come and go as ever.
 */
#ifndef BROKER_SHELL_H
#define BROKER_SHELL_H

#include "broker/settings.h"

#define BROKER_STATUS_BYTES_MAX ((size_t)64 << 20) /* the longest answer of the control socket */

struct broker_shell;

/* settings: taken over, also on failure. config_file: read again on HUP; NULL: HUP does nothing. */
ESEP_MUST_USE enum esep_status broker_shell_new(struct broker_shell **ret,
                                                struct broker_settings *settings,
                                                const char *config_file,
                                                struct esep_reason *reason);
/* Until drained, or broker_shell_stop. */
ESEP_MUST_USE enum esep_status broker_shell_run(struct broker_shell *shell);
void broker_shell_free(struct broker_shell *shell);

/* For tests: the loop's base, the endpoints bound, what TERM and HUP do. */
struct event_base *broker_shell_base(struct broker_shell *shell);
const char *broker_shell_endpoint(const struct broker_shell *shell, enum broker_domain domain,
                                  size_t i);
const uint8_t *broker_shell_public(const struct broker_shell *shell);
void broker_shell_term(struct broker_shell *shell);
void broker_shell_hup(struct broker_shell *shell);
/* false: too few descriptors left, no new offices now. */
bool broker_shell_accepting(const struct broker_shell *shell);
const struct broker *broker_shell_core(const struct broker_shell *shell);

/* sandbox.c, of the daemon's process: before the shell is made; before it runs. A kernel that
 * cannot is said, and does not matter. */
ESEP_MUST_USE enum esep_status broker_keep_to_folders(const struct broker_settings *settings,
                                                      const char *config_file,
                                                      struct esep_reason *reason);
ESEP_MUST_USE enum esep_status broker_keep_to_calls(bool sandbox, struct esep_reason *reason);

#endif
