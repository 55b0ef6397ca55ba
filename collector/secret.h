/* collector/secret.h - small checks of what the configuration points at: secret files, addresses.
 *
 * They are made when the configuration is read, so that a secret open to others or an address that
 * no mail server takes is an error at the start, not a letter lost at night.
 */
#ifndef COLLECTOR_SECRET_H
#define COLLECTOR_SECRET_H

#include "base/status.h"

#include <stdbool.h>

/* The first line of a file that nobody but its owner may read, without its line end. ret is wiped
 * by the caller. ESEP_NOT_FOUND; ESEP_DENIED: open to others; ESEP_INVALID: empty, or a line that
 * does not fit. */
ESEP_MUST_USE enum esep_status collector_secret_read(const char *path, char *ret, size_t size,
                                                     struct esep_reason *reason);
/* A bare mail address, "who@host": one that can stand in a letter's head and in SMTP as it is. */
bool collector_mail_address(const char *text);

#endif
