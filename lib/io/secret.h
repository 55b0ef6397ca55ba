/* lib/io/secret.h - a secret that stands in a file: a password, a token.
 *
 * It is read when the configuration is, so that a secret open to others is an error at the start;
 * what the file holds is checked by who needs it.
 */
#ifndef ESEP_IO_SECRET_H
#define ESEP_IO_SECRET_H

#include "base/status.h"

/* The first line of a file that nobody but its owner may read, without its line end. ret is wiped
 * by the caller. ESEP_NOT_FOUND; ESEP_DENIED: open to others; ESEP_INVALID: empty, or a line that
 * does not fit. */
ESEP_MUST_USE enum esep_status esep_secret_read(const char *path, char *ret, size_t size,
                                                struct esep_reason *reason);

#endif
