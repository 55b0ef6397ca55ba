/* agent/agent_speed.h - how fast the link is, from what was answered; and what follows from it.
 *
 * A sample is made where something is answered: so many bytes became answered since that frame was
 * handed to the socket, in so long (a delivery rate, as BBR counts it). It includes the way there
 * and back, the commit, and what else the line did meanwhile, and so is what an office can count
 * on, not what the line is sold as. A better sample counts at once. A worse one counts a quarter,
 * and only where enough was under way to fill the line: an office that says little is not slow.
 *
 * From it follow, within the config's bounds:
 *   chunk    what one frame may take on the way: a second's worth, so that nothing urgent waits
 * longer behind it window   what may be under way unanswered: the way there and back and two
 * seconds; a break costs no more, and what is urgent waits no longer in queues that are not ours
 *   patience how long no answer is no reason to leave: what is under way, four times, and some
 *   probe    how long one try to connect waits for TCP's first answer
 *
 * Pure: no clock, no memory. Invariant: answered <= sent.
 */
#ifndef AGENT_AGENT_SPEED_H
#define AGENT_AGENT_SPEED_H

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENT_CHUNK_LEAST ((size_t)4 * 1024)
#define AGENT_CHUNK_MOST ((size_t)16 * 1024)   /* of a file */
#define AGENT_WINDOW_FIRST ((size_t)16 * 1024) /* nothing is known yet */

struct agent_speed {
    uint64_t bytes_per_s; /* 0: not known */
    esep_time round_trip; /* the shortest seen; 0: not known */
    uint64_t sent;        /* of what is answered one day; both since the session's start */
    uint64_t answered;
};
/* What a frame remembers until it is answered. */
struct agent_flight {
    esep_time at;
    uint64_t sent;     /* with it */
    uint64_t answered; /* by then */
    bool full;         /* the line was */
};

/* A new session: nothing is under way; the speed stays, as the line does. */
void agent_speed_session(struct agent_speed *s);
/* So many bytes are handed to the socket. */
struct agent_flight agent_speed_sent(struct agent_speed *s, uint64_t bytes, esep_time now);
/* That flight, and all before it, is answered. */
void agent_speed_answered(struct agent_speed *s, const struct agent_flight *flight, esep_time now);
/* So many bytes became answered in so long, as told by who counts for itself. */
void agent_speed_sample(struct agent_speed *s, uint64_t bytes, esep_time took, bool full);
/* A question of no length was answered after so long: HELLO, PING, or a connection. */
void agent_speed_round_trip(struct agent_speed *s, esep_time took);

static inline uint64_t agent_speed_flying(const struct agent_speed *s)
{
    return s->sent - s->answered;
}
size_t agent_speed_chunk(const struct agent_speed *s, size_t most);
size_t agent_speed_window(const struct agent_speed *s);
esep_time agent_speed_patience(const struct agent_speed *s, esep_time most);
/* tries: in a row, without an answer. Now and then one waits for `most`: the line may have got
 * slow. */
esep_time agent_speed_probe(const struct agent_speed *s, uint32_t tries, esep_time most);

#endif
