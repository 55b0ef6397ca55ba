/* tests/link/line.c - see line.h. */
#include "line.h"

#include <stdlib.h>
#include <string.h>

void line_init(struct line *line, const struct line_config *config, int64_t now)
{
    memset(line, 0, sizeof *line);
    line->config = *config;
    line->random = config->seed * 2654435761u + 1;
    line_restart(line, now);
}

void line_restart(struct line *line, int64_t now)
{
    line->began = now;
    line->counters = (struct line_counters){0};
}

void line_done(struct line *line)
{
    for (size_t i = 0; i < LINE_PACKETS_MAX; i++)
        free(line->ring[i].data);
    memset(line, 0, sizeof *line);
}

static int64_t into_period(const struct line *line, int64_t now)
{
    return (now - line->began) % (line->config.up_us + line->config.down_us);
}

bool line_up(const struct line *line, int64_t now)
{
    return line->config.down_us == 0 || into_period(line, now) < line->config.up_us;
}

int64_t line_changes(const struct line *line, int64_t now)
{
    if (line->config.down_us == 0)
        return LINE_NEVER;
    const int64_t at = into_period(line, now);
    const int64_t up = line->config.up_us;
    return now + (at < up ? up - at : up + line->config.down_us - at);
}

uint64_t line_could_bits(const struct line *line, int64_t now)
{
    int64_t up = now - line->began;
    if (line->config.down_us > 0) {
        const int64_t at = into_period(line, now);
        const int64_t whole = (up - at) / (line->config.up_us + line->config.down_us);
        up = whole * line->config.up_us + (at < line->config.up_us ? at : line->config.up_us);
    }
    return (uint64_t)up * line->config.bits_per_s / 1000000u;
}

/* splitmix64 */
static bool draw_loss(struct line *line)
{
    uint64_t z = line->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % 1000000u < line->config.loss_ppm;
}

static int64_t time_of(const struct line *line, size_t bytes)
{
    return (int64_t)((uint64_t)bytes * 8u * 1000000u / line->config.bits_per_s);
}

void line_put(struct line *line, const uint8_t *data, size_t len, int64_t now)
{
    struct line_counters *c = &line->counters;
    const uint64_t bits = 8u * (uint64_t)len;
    c->packets++;
    if (!line_up(line, now)) {
        c->away_bits += bits;
        return;
    }
    const int64_t from = line->busy_until > now ? line->busy_until : now;
    if (from - now > time_of(line, line->config.queue_bytes) || line->count == LINE_PACKETS_MAX) {
        c->overflow_bits += bits;
        return;
    }
    const int64_t through = from + time_of(line, len);
    if (through > line_changes(line, now)) {
        c->broken_bits += bits; /* and so will all be that come before the break */
        return;
    }
    line->busy_until = through;
    if (draw_loss(line)) {
        c->lost_bits += bits;
        return;
    }
    struct line_packet *packet = &line->ring[(line->first + line->count) % LINE_PACKETS_MAX];
    uint8_t *copy = realloc(packet->data, len + 1);
    if (copy == NULL) {
        c->overflow_bits += bits;
        return;
    }
    memcpy(copy, data, len);
    packet->data = copy;
    packet->len = len;
    packet->out_at = through + line->config.delay_us;
    line->count++;
}

int64_t line_next(const struct line *line)
{
    return line->count > 0 ? line->ring[line->first].out_at : LINE_NEVER;
}

bool line_take(struct line *line, int64_t now, const uint8_t **ret_data, size_t *ret_len)
{
    if (line_next(line) > now)
        return false;
    const struct line_packet *packet = &line->ring[line->first];
    line->first = (line->first + 1) % LINE_PACKETS_MAX;
    line->count--;
    line->counters.carried_bits += 8u * (uint64_t)packet->len;
    *ret_data = packet->data;
    *ret_len = packet->len;
    return true;
}
