/* lib/io/clock.c - the system's clock, moved where a drill asks for it, and the system's zones.
 *
 * A drill is a shift, fixed at start: the clock runs on at its own speed, and a process that
 * starts later with the same "at:" begins there anew. No zone's name leaves the folder of zones.
 */
#include "io/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TZIF_BYTES_MAX 65536
static const char zoneinfo[] = "/usr/share/zoneinfo";

static esep_time real_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (esep_time)now.tv_sec * ESEP_SECOND + now.tv_nsec / 1000;
}

/* "-365d", "+90m": a signed count and a unit. */
static enum esep_status parse_shift(const char *text, esep_time *ret)
{
    static const struct {
        char unit;
        esep_time size;
    } units[] = {{'s', ESEP_SECOND}, {'m', ESEP_MINUTE}, {'h', ESEP_HOUR}, {'d', ESEP_DAY}};
    char *end = NULL;
    if (isspace((unsigned char)text[0])) /* strtoll would pass it over */
        return ESEP_INVALID;
    errno = 0;
    long long count = strtoll(text, &end, 10);
    if (errno != 0 || end == text || end[0] == 0 || end[1] != 0 || count > 4000000000LL ||
        count < -4000000000LL)
        return ESEP_INVALID;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].unit != *end)
            continue;
        if (llabs(count) > 200000LL * ESEP_DAY / units[i].size)
            return ESEP_INVALID; /* over five hundred years */
        *ret = count * units[i].size;
        return ESEP_OK;
    }
    return ESEP_INVALID;
}

enum esep_status esep_clock_init(struct esep_clock *ret_clock, const char *spec,
                                 struct esep_reason *reason)
{
    struct esep_clock clock = {0};
    esep_time at = 0;
    if (spec == NULL || *spec == 0 || strcmp(spec, "real") == 0) {
        *ret_clock = clock;
        return ESEP_OK;
    }
    if (strncmp(spec, "at:", 3) == 0 && esep_time_parse(spec + 3, NULL, &at) == ESEP_OK)
        clock.shift = at - real_now();
    else if (strncmp(spec, "shift:", 6) != 0 || parse_shift(spec + 6, &clock.shift) != ESEP_OK)
        return esep_because(reason, ESEP_INVALID,
                            "clock '%.80s': say real, at:2013-01-15T09:00:00+06:00 or shift:-365d "
                            "(s, m, h, d)",
                            spec);
    *ret_clock = clock;
    return ESEP_OK;
}

esep_time esep_clock_now(const struct esep_clock *clock)
{
    return real_now() + clock->shift;
}

/* A zone's name becomes part of a path. */
static bool name_is_sane(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len >= 64 || name[0] == '/' || strstr(name, "..") != NULL)
        return false;
    for (const char *p = name; *p != 0; p++)
        if (!isalnum((unsigned char)*p) && strchr("/_-+", *p) == NULL)
            return false;
    return true;
}

enum esep_status esep_zone_load(struct esep_zone *ret_zone, const char *name,
                                struct esep_reason *reason)
{
    if (!name_is_sane(name))
        return esep_because(reason, ESEP_NOT_FOUND, "'%.80s' is no time zone's name", name);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", zoneinfo, name);
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return esep_because(reason, ESEP_NOT_FOUND, "no time zone '%s' in %s: is tzdata installed?",
                            name, zoneinfo);
    static const size_t max = TZIF_BYTES_MAX;
    uint8_t *bytes = malloc(max);
    size_t len = bytes != NULL ? fread(bytes, 1, max, file) : 0;
    bool broken = ferror(file) != 0;
    (void)fclose(file);
    enum esep_status status = ESEP_NOMEM;
    if (bytes != NULL && broken)
        status = esep_because(reason, ESEP_NOT_FOUND, "%s cannot be read", path);
    else if (bytes != NULL)
        status = esep_zone_parse(ret_zone, name, esep_slice(bytes, len), reason);
    free(bytes);
    return status;
}
