/* tests/fuzz/tzif.c - a time zone file from a disk that lies.
 *
 * Properties of a zone that was accepted: its transitions ascend, and the instant of a local time
 * either reads as that time or is the transition that jumped over it.
 */
#include "base/time.h"
#include "fuzz.h"

static void check_instant(const struct esep_zone *zone, esep_day day, int hour)
{
    esep_time at = esep_zone_instant(zone, day, hour, 59, 59);
    int64_t asked = day * INT64_C(86400) + hour * 3600 + 3599;
    int64_t at_s = at / ESEP_SECOND - (at % ESEP_SECOND < 0);
    int64_t reads = at_s + esep_zone_offset(zone, at);
    if (reads == asked)
        return;
    FUZZ_CHECK(reads > asked);
    for (int i = 0; i < zone->count; i++) {
        if (zone->at_s[i] == at_s)
            return;
    }
    FUZZ_CHECK(false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct esep_zone zone;
    struct esep_reason reason = {.text = ""};
    if (esep_zone_parse(&zone, "Fuzz/Zone", esep_slice(data, size), &reason) != ESEP_OK) {
        FUZZ_CHECK(reason.text[0] != '\0');
        return 0;
    }
    FUZZ_CHECK(zone.count >= 0 && zone.count <= ESEP_ZONE_TRANSITIONS_MAX);
    for (int i = 1; i < zone.count; i++)
        FUZZ_CHECK(zone.at_s[i - 1] < zone.at_s[i]);
    for (int i = 0; i < zone.count; i++) {
        /* The days around each transition that an instant can name at all. */
        int64_t day = zone.at_s[i] / 86400;
        if (day < -1000000 || day > 1000000)
            continue;
        for (int hour = 0; hour < 24; hour += 5) {
            check_instant(&zone, (esep_day)day, hour);
            check_instant(&zone, (esep_day)(day - 1), hour);
        }
    }
    char text[32];
    esep_time_format(0, &zone, text);
    (void)esep_zone_day(&zone, INT64_MIN);
    (void)esep_zone_day(&zone, INT64_MAX);
    return 0;
}
