/* agent/meter_file.c - see meter_file.h. */
#include "agent/meter_file.h"

#include "io/folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
    char draft[256];
    path_of(journal, "meter", path);
    path_of(journal, "meter.new", draft);
    FILE *file = fopen(draft, "we");
    if (file == NULL)
        return esep_because(reason, ESEP_IO, "%s: %s", draft, strerror(errno));
    bool ok = fprintf(file, LINE, spent->day, spent->out, spent->in) > 0 && fflush(file) == 0 &&
              fsync(fileno(file)) == 0;
    ok = fclose(file) == 0 && ok;
    if (ok && rename(draft, path) == 0 && esep_folder_sync(journal))
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
