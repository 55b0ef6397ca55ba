/* agent/meter_file.c - see meter_file.h. */
#include "agent/meter_file.h"

#include "io/folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE "day %" PRId32 " out %" PRIu64 " in %" PRIu64 "\n"
#define SCAN "day %" SCNd32 " out %" SCNu64 " in %" SCNu64

static void path_of(const char *journal, const char *name, char out[256])
{
    (void)snprintf(out, 256, "%s/%s", journal, name);
}

enum esep_status agent_meter_file_write(const char *journal, const struct agent_meter *spent,
                                        struct esep_reason *reason)
{
    char path[256];
    char line[128];
    path_of(journal, "meter", path);
    const int len = snprintf(line, sizeof line, LINE, spent->day, spent->out, spent->in);
    if (esep_file_replace(path, 0666, ESEP_REPLACE_SYNCED, line, (size_t)len))
        return ESEP_OK;
    return esep_because(reason, ESEP_IO, "%s: %s", path, strerror(errno));
}

enum esep_status agent_meter_file_read(const char *journal, struct agent_meter *ret_spent,
                                       struct esep_reason *reason)
{
    char path[256];
    char line[128] = "";
    struct agent_meter m = {0};
    path_of(journal, "meter", path);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno == ENOENT ? ESEP_NOT_FOUND
                               : esep_because(reason, ESEP_IO, "%s: %s", path, strerror(errno));
    const bool ok =
        fgets(line, sizeof line, file) != NULL && sscanf(line, SCAN, &m.day, &m.out, &m.in) == 3;
    (void)fclose(file);
    if (!ok)
        return esep_because(reason, ESEP_CORRUPT, "%s: not a line of the budget", path);
    *ret_spent = m;
    return ESEP_OK;
}
