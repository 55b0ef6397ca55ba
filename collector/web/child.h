/* collector/web/child.h - a command of our own program, run beside the page: what takes seconds is
 * made there.
 *
 * The child is this program's file again (an upgrade under a running page changes nothing), at a
 * lower priority. Its stdout is a file that is given, its stderr ours, and on a third descriptor it
 * tells how far it is, a line at a time. It cannot write more than it may, and does not outlive us,
 * whatever ends us.
 *
 * Invariant: on_end is called once for each child that was started and not dropped.
 */
#ifndef COLLECTOR_WEB_CHILD_H
#define COLLECTOR_WEB_CHILD_H

#include "base/status.h"

#include <stdint.h>

#define WEB_CHILD_LINES_FD 3 /* where the child finds it */

struct esep_loop;
struct web_child;

struct web_child_options {
    char *const *argv; /* NULL ends */
    int out;           /* becomes its stdout; stays the caller's */
    uint64_t file_bytes_max;
    void (*on_line)(void *context, const char *line); /* without its end */
    void (*on_end)(void *context, int wait_status);   /* as waitpid has it; the child is gone */
    void *context;
};
ESEP_MUST_USE enum esep_status web_child_start(struct web_child **ret, struct esep_loop *loop,
                                               const struct web_child_options *options,
                                               struct esep_reason *reason);
/* Ends it at once; nothing is called any more. */
void web_child_drop(struct web_child *child);

#endif
