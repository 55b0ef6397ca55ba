/* lib/io/log.h - what the shells say: journald fields under systemd, plain text on a terminal.
 *
 * Cores and libraries never log. Each line has a level, an event name (stable, for machines), and
 * a sentence. A repeated event is limited: after `burst` lines in ten seconds the rest are counted
 * and the count is said.
 */
#ifndef ESEP_IO_LOG_H
#define ESEP_IO_LOG_H

#include "base/status.h"

#include <stdbool.h>

enum esep_log_level {
    ESEP_LOG_ERROR = 3,
    ESEP_LOG_WARNING = 4,
    ESEP_LOG_INFO = 6,
    ESEP_LOG_DEBUG = 7
};
/* "error", "warning", "info", "debug"; false: none of them. */
bool esep_log_level_parse(const char *text, enum esep_log_level *ret_level);
void esep_log_init(const char *program, enum esep_log_level level);
/* event: a string literal such as "store-failed"; it is the key of the rate limit. */
void esep_log(enum esep_log_level level, const char *event, const char *format, ...)
    ESEP_PRINTF(3, 4);
/* Says the counts that the limit still holds back; before the end of the program. */
void esep_log_flush(void);
#endif
