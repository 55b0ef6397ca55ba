/* lib/io/json.c - what the programs' listings for machines have in common; see json.h. */
#include "io/json.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

int esep_json_print(json_t *value)
{
    if (value == NULL) {
        (void)fprintf(stderr, "%s: no memory for the JSON\n", program_invocation_short_name);
        return EX_UNAVAILABLE;
    }
    int rc = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
    json_decref(value);
    if (rc != 0 || fputc('\n', stdout) == EOF || fflush(stdout) != 0)
        return EX_IOERR;
    return 0;
}

json_t *esep_json_time(esep_time at, const struct esep_zone *zone)
{
    if (at == 0 || at == ESEP_TIME_NEVER)
        return json_null();
    char text[32];
    esep_time_format(at, zone, text);
    return json_string(text);
}
