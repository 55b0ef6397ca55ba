/* lib/io/json.c - what the programs' listings for machines have in common; see json.h. */
#include "io/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

int esep_json_print(json_t *value)
{
    if (value == NULL) {
        (void)fprintf(stderr, "%s: no memory for the JSON\n", program_invocation_short_name);
        return EX_UNAVAILABLE;
    }
    int rc = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
    json_decref(value);
    if (rc == 0)
        (void)fputc('\n', stdout);
    else if (!ferror(stdout))
        (void)fprintf(stderr, "%s: no memory for the JSON\n", program_invocation_short_name);
    return esep_output_end(rc == 0 || ferror(stdout) ? 0 : EX_UNAVAILABLE);
}

int esep_output_end(int rc)
{
    errno = 0;
    const bool failed = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (rc != 0 || !failed)
        return rc;
    (void)fprintf(stderr,
                  "%s: not all of the output could be written%s%s; what the command did "
                  "stands\n",
                  program_invocation_short_name, errno != 0 ? ": " : "",
                  errno != 0 ? strerror(errno) : "");
    return EX_UNAVAILABLE;
}

json_t *esep_json_time(esep_time at, const struct esep_zone *zone)
{
    if (at == 0 || at == ESEP_TIME_NEVER)
        return json_null();
    char text[32];
    esep_time_format(at, zone, text);
    return json_string(text);
}
