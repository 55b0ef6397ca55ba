/* lib/base/status.c - the names and exit codes of a status, and the end of a program with a bug.
 *
 * One table holds both, so that a new status cannot be added to one and forgotten in the other.
 * The failed assertion is the only place in the pure libraries that writes anywhere: the process
 * is about to die, and whoever reads the core dump should know why.
 */
#include "base/status.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    int exit_code;
} statuses[] = {
    [ESEP_OK] = {"ok", 0},
    [ESEP_AGAIN] = {"again", 75},
    [ESEP_NOT_FOUND] = {"not_found", 65},
    [ESEP_INVALID] = {"invalid", 65},
    [ESEP_CONFLICT] = {"conflict", 65},
    [ESEP_CORRUPT] = {"corrupt", 65},
    [ESEP_LIMIT] = {"limit", 73},
    [ESEP_NOMEM] = {"nomem", 75},
    [ESEP_IO] = {"io", 69},
    [ESEP_DENIED] = {"denied", 77},
};

#define STATUS_COUNT (sizeof statuses / sizeof statuses[0])

const char *esep_status_name(enum esep_status status)
{
    return (size_t)status < STATUS_COUNT ? statuses[status].name : "unknown";
}

int esep_status_exit(enum esep_status status)
{
    return (size_t)status < STATUS_COUNT ? statuses[status].exit_code : 69;
}

enum esep_status(esep_because)(struct esep_reason *reason, enum esep_status status,
                               const char *format, ...)
{
    if (reason == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
    if (written < 0)
        reason->text[0] = '\0';
    /* A reason may quote what a stranger sent: it must not forge a second line in a log,
     * nor hold half a letter, which JSON and protobuf refuse. */
    esep_text_line(reason->text, sizeof reason->text, reason->text);
    return status;
}

_Noreturn void esep_assert_failed(const char *condition, const char *file, int line,
                                  const char *function)
{
    fprintf(stderr, "%s:%d: %s: assertion failed: %s\n", file, line, function, condition);
    abort();
}
