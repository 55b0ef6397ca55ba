/* tests/link/line.h - one direction of an emulated line: rate, delay, loss, a queue, outages.
 *
 * Packets are put in as they come; since the schedule of outages is known, what becomes of each is
 * decided at once: it waits behind those before it, takes its length at the line's rate, is lost by
 * a draw or because the line breaks before its last bit is through, or it is taken out again after
 * the delay. A packet that finds the line down or the queue full is dropped. What had left before
 * the break arrives: it is in the air.
 *
 * Pure: time comes in, nothing is drawn but from the seed. Invariant: packets come out in order.
 */
#ifndef TESTS_LINK_LINE_H
#define TESTS_LINK_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_PACKET_MAX 65536u
#define LINE_PACKETS_MAX 1024u
#define LINE_NEVER INT64_MAX

struct line_config {
    uint64_t bits_per_s;
    int64_t delay_us;
    uint32_t loss_ppm; /* of packets */
    size_t queue_bytes;
    int64_t up_us; /* the line is up so long, then down so long; down 0: always up */
    int64_t down_us;
    uint64_t seed;
};
struct line_counters {
    uint64_t packets;
    uint64_t carried_bits;  /* through, and given out */
    uint64_t lost_bits;     /* by the draw: they took their time on the line */
    uint64_t broken_bits;   /* queued, or half through, when it broke */
    uint64_t away_bits;     /* came while it was down */
    uint64_t overflow_bits; /* the queue was full */
};
struct line_packet {
    uint8_t *data;
    size_t len;
    int64_t out_at;
};
struct line {
    struct line_config config;
    struct line_counters counters;
    uint64_t random;
    int64_t began; /* of the schedule */
    int64_t busy_until;
    size_t first, count;
    struct line_packet ring[LINE_PACKETS_MAX];
};

void line_init(struct line *line, const struct line_config *config, int64_t now);
void line_done(struct line *line);
/* The schedule and the counters begin anew; what is under way stays. */
void line_restart(struct line *line, int64_t now);
void line_put(struct line *line, const uint8_t *data, size_t len, int64_t now);
/* When line_take will have one; LINE_NEVER. */
int64_t line_next(const struct line *line);
/* The packet that is due, until the next call of anything; false: none is. */
bool line_take(struct line *line, int64_t now, const uint8_t **ret_data, size_t *ret_len);
bool line_up(const struct line *line, int64_t now);
/* The next change between up and down; LINE_NEVER. */
int64_t line_changes(const struct line *line, int64_t now);
/* What it could have carried since the restart: its rate for as long as it was up. */
uint64_t line_could_bits(const struct line *line, int64_t now);

#endif
