/* lib/base/zone.c - a time zone from the bytes of its TZif file (RFC 8536), and its questions.
 *
 * The first, 32-bit data block is stepped over; the second, 64-bit one is kept as a list of
 * instants and offsets. What the footer says of the time after the last transition is kept as one
 * offset: a zone that still changes its clocks every year is refused, because a plan's deadlines
 * would silently be wrong in it. Files with leap seconds are refused: their instants are not ours.
 *
 * A segment i is the time between transition i-1 and transition i; there are count+1 of them.
 */
#include "base/time.h"

#define HEADER_BYTES 44u
#define OFFSET_MIN_S (-25 * 3600 + 1) /* RFC 8536, section 3.2 */
#define OFFSET_MAX_S (26 * 3600 - 1)
#define OFFSET_SPAN_S (26 * INT64_C(3600))
#define TYPES_MAX 256u

struct header {
    uint8_t version;
    uint64_t isutcnt;
    uint64_t isstdcnt;
    uint64_t leapcnt;
    uint64_t timecnt;
    uint64_t typecnt;
    uint64_t charcnt;
};

static bool read_header(struct esep_slice bytes, struct header *ret)
{
    if (bytes.len < HEADER_BYTES || memcmp(bytes.data, "TZif", 4) != 0)
        return false;
    *ret = (struct header){
        .version = bytes.data[4],
        .isutcnt = esep_be32(bytes.data + 20),
        .isstdcnt = esep_be32(bytes.data + 24),
        .leapcnt = esep_be32(bytes.data + 28),
        .timecnt = esep_be32(bytes.data + 32),
        .typecnt = esep_be32(bytes.data + 36),
        .charcnt = esep_be32(bytes.data + 40),
    };
    return true;
}

/* Cannot overflow: each count is below 2^32. */
static uint64_t block_bytes(const struct header *h, unsigned time_bytes)
{
    return h->timecnt * time_bytes + h->timecnt + h->typecnt * 6 + h->charcnt +
           h->leapcnt * (time_bytes + 4) + h->isstdcnt + h->isutcnt;
}

static struct esep_slice skip(struct esep_slice bytes, size_t len)
{
    return esep_slice(bytes.data + len, bytes.len - len);
}

static enum esep_status read_block(struct esep_zone *zone, const struct header *h,
                                   const uint8_t *times, struct esep_reason *reason)
{
    const uint8_t *indexes = times + h->timecnt * 8;
    const uint8_t *types = indexes + h->timecnt;
    int32_t offsets[TYPES_MAX] = {0};
    for (size_t i = 0; i < h->typecnt; i++) {
        offsets[i] = (int32_t)esep_be32(types + i * 6);
        if (offsets[i] < OFFSET_MIN_S || offsets[i] > OFFSET_MAX_S)
            return esep_because(reason, ESEP_INVALID, "zone %s: an offset of %d seconds",
                                zone->name, offsets[i]);
    }
    zone->count = (int)h->timecnt;
    zone->first_offset_s = offsets[0];
    for (size_t i = 0; i < h->timecnt; i++) {
        zone->at_s[i] = (int64_t)esep_be64(times + i * 8);
        if (i > 0 && zone->at_s[i] <= zone->at_s[i - 1])
            return esep_because(reason, ESEP_INVALID, "zone %s: transitions out of order",
                                zone->name);
        if (indexes[i] >= h->typecnt)
            return esep_because(reason, ESEP_INVALID, "zone %s: transition of no known type",
                                zone->name);
        zone->offset_s[i] = offsets[indexes[i]];
    }
    return ESEP_OK;
}

/* The name in a POSIX TZ string, which is not empty: letters, or anything printable in <>. */
static bool skip_name(const char **p, const char *end)
{
    const char *start = *p;
    if (*start == '<') {
        while (*p < end && **p != '>')
            (*p)++;
        if (*p == end)
            return false;
        (*p)++;
        return *p - start >= 5;
    }
    while (*p < end && ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z')))
        (*p)++;
    return *p - start >= 3;
}

/* [+-]h[h][:mm[:ss]], west of UTC positive, as POSIX has it. */
static bool take_posix_offset(const char **p, const char *end, int32_t *ret_east_s)
{
    int32_t sign = -1;
    if (*p < end && (**p == '+' || **p == '-'))
        sign = *(*p)++ == '-' ? 1 : -1;
    int32_t seconds = 0;
    int32_t unit = 3600;
    for (int part = 0;; part++) {
        int32_t value = 0;
        int digits = 0;
        while (*p < end && **p >= '0' && **p <= '9' && digits < 3) {
            value = value * 10 + (*(*p)++ - '0');
            digits++;
        }
        if (digits == 0 || value > (part == 0 ? 25 : 59))
            return false;
        seconds += value * unit;
        unit /= 60;
        if (part == 2 || *p == end || **p != ':') {
            *ret_east_s = sign * seconds;
            return true;
        }
        (*p)++;
    }
}

static enum esep_status read_footer(struct esep_zone *zone, struct esep_slice footer,
                                    struct esep_reason *reason)
{
    if (footer.len < 2 || footer.data[0] != '\n' || footer.data[footer.len - 1] != '\n')
        return esep_because(reason, ESEP_INVALID, "zone %s: the footer is missing", zone->name);
    const char *p = (const char *)footer.data + 1;
    const char *end = (const char *)footer.data + footer.len - 1;
    int32_t last = zone->count > 0 ? zone->offset_s[zone->count - 1] : zone->first_offset_s;
    zone->tail_offset_s = last;
    if (p == end)
        return ESEP_OK;
    if (!skip_name(&p, end) || !take_posix_offset(&p, end, &zone->tail_offset_s))
        return esep_because(reason, ESEP_INVALID, "zone %s: the footer cannot be read", zone->name);
    if (p != end)
        return esep_because(reason, ESEP_INVALID,
                            "zone %s changes its clocks every year: choose a zone without "
                            "daylight saving time",
                            zone->name);
    if (zone->tail_offset_s != last)
        return esep_because(reason, ESEP_INVALID,
                            "zone %s: the footer contradicts the last transition", zone->name);
    return ESEP_OK;
}

enum esep_status esep_zone_parse(struct esep_zone *ret_zone, const char *name,
                                 struct esep_slice tzif, struct esep_reason *reason)
{
    struct esep_zone zone = {0};
    size_t name_len = name != NULL ? strnlen(name, sizeof zone.name) : 0;
    if (name_len == 0 || name_len >= sizeof zone.name)
        return esep_because(reason, ESEP_INVALID, "a zone's name has 1 to %zu bytes",
                            sizeof zone.name - 1);
    memcpy(zone.name, name, name_len);

    struct header h;
    if (!read_header(tzif, &h))
        return esep_because(reason, ESEP_INVALID, "zone %s: not a TZif file", zone.name);
    if (h.version < '2')
        return esep_because(reason, ESEP_INVALID, "zone %s: TZif version 2 or later is needed",
                            zone.name);
    if (block_bytes(&h, 4) > tzif.len - HEADER_BYTES)
        return esep_because(reason, ESEP_INVALID, "zone %s: the file is cut short", zone.name);
    struct esep_slice rest = skip(tzif, HEADER_BYTES + (size_t)block_bytes(&h, 4));
    if (!read_header(rest, &h) || block_bytes(&h, 8) > rest.len - HEADER_BYTES)
        return esep_because(reason, ESEP_INVALID, "zone %s: the file is cut short", zone.name);
    if (h.typecnt == 0 || h.typecnt > TYPES_MAX || h.timecnt > ESEP_ZONE_TRANSITIONS_MAX)
        return esep_because(reason, ESEP_INVALID, "zone %s: %u types, %u transitions are too many",
                            zone.name, (unsigned)h.typecnt, (unsigned)h.timecnt);
    if (h.leapcnt != 0)
        return esep_because(reason, ESEP_INVALID,
                            "zone %s counts leap seconds: use the file outside right/", zone.name);
    enum esep_status status = read_block(&zone, &h, rest.data + HEADER_BYTES, reason);
    if (status == ESEP_OK)
        status = read_footer(&zone, skip(rest, HEADER_BYTES + (size_t)block_bytes(&h, 8)), reason);
    if (status == ESEP_OK)
        *ret_zone = zone;
    return status;
}

/* The number of transitions at or before at_s, which is also the segment's number. */
static int segment_of(const struct esep_zone *zone, int64_t at_s)
{
    int low = 0;
    int high = zone->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int32_t segment_offset(const struct esep_zone *zone, int segment)
{
    return segment == 0 ? zone->first_offset_s : zone->offset_s[segment - 1];
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int32_t esep_zone_offset(const struct esep_zone *zone, esep_time at)
{
    return segment_offset(zone, segment_of(zone, floor_div(at, ESEP_SECOND)));
}

static esep_time time_of_seconds(int64_t seconds)
{
    if (seconds > INT64_MAX / ESEP_SECOND)
        return ESEP_TIME_NEVER;
    if (seconds < INT64_MIN / ESEP_SECOND)
        return INT64_MIN;
    return seconds * ESEP_SECOND;
}

esep_time esep_zone_instant(const struct esep_zone *zone, esep_day day, int hour, int minute,
                            int second)
{
    int64_t local_s = day * INT64_C(86400) + hour * INT64_C(3600) + minute * INT64_C(60) + second;
    /* No offset is wider than the span, so only these segments can hold the answer. From the
     * latest on: the first that contains its own reading of the local time is the later one of
     * an overlap. */
    int first = segment_of(zone, local_s - OFFSET_SPAN_S);
    int last = segment_of(zone, local_s + OFFSET_SPAN_S);
    for (int i = last; i >= first; i--) {
        int64_t at_s = local_s - segment_offset(zone, i);
        if (segment_of(zone, at_s) == i)
            return time_of_seconds(at_s);
    }
    /* A gap: the clock jumped over this reading. The first segment's reading lies behind its end,
     * since no offset is wider than the span, the last one's before its beginning; so there is a
     * first transition before which the reading is still to come and after which it has passed. */
    for (int i = first;; i++) {
        ESEP_ASSERT(i < last);
        if (local_s - zone->offset_s[i] < zone->at_s[i])
            return time_of_seconds(zone->at_s[i]);
    }
}

esep_day esep_zone_day(const struct esep_zone *zone, esep_time at)
{
    return (esep_day)floor_div(floor_div(at, ESEP_SECOND) + esep_zone_offset(zone, at), 86400);
}
