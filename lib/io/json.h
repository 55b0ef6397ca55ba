/* lib/io/json.h - what the programs' listings for machines have in common.
 *
 * It decides how a value is put (indented, in the order in which it was packed, one newline at the
 * end), how an hour that is unknown is put (null), and what is said where the output cannot be
 * written, so that the three programs agree. What a listing holds is each command's own.
 */
#ifndef ESEP_IO_JSON_H
#define ESEP_IO_JSON_H

#include "base/time.h"

#include <jansson.h>

/* Prints the value on stdout and releases it; an exit status. NULL: there was no memory. */
int esep_json_print(json_t *value);
/* What a command ends with: rc, unless what it printed did not all reach its file (a full disk);
 * then that is said, and is no success, though what the command did stands. */
int esep_output_end(int rc);
json_t *esep_json_time(esep_time at, const struct esep_zone *zone); /* null for 0 and NEVER */

#endif
