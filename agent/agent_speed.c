/* agent/agent_speed.c - see agent_speed.h. */
#include "agent/agent_speed.h"

#include "base/status.h"

#define WINDOW_FOR (2 * ESEP_SECOND)
#define WINDOW_MOST ((size_t)64 * 1024 * 1024)
#define PATIENCE_LEAST (90 * ESEP_SECOND) /* a connection outlives a short outage */
#define PROBE_LEAST (2 * ESEP_SECOND)
#define PROBE_LONG_EVERY 4u

static size_t between(uint64_t value, size_t least, size_t most)
{
    if (value < least)
        value = least;
    return value > most ? most : (size_t)value;
}

/* bytes_per_s over that time. */
static uint64_t worth(const struct agent_speed *s, esep_time time)
{
    const uint64_t limit = UINT64_MAX / (uint64_t)(time > 0 ? time : 1);
    return s->bytes_per_s > limit ? UINT64_MAX / 1000000u
                                  : s->bytes_per_s * (uint64_t)time / 1000000u;
}

void agent_speed_session(struct agent_speed *s)
{
    s->sent = s->answered = 0;
}

struct agent_flight agent_speed_sent(struct agent_speed *s, uint64_t bytes, esep_time now)
{
    s->sent += bytes;
    return (struct agent_flight){.at = now,
                                 .sent = s->sent,
                                 .answered = s->answered,
                                 .full = agent_speed_flying(s) >= agent_speed_window(s) / 2};
}

void agent_speed_sample(struct agent_speed *s, uint64_t bytes, esep_time took, bool full)
{
    if (took <= 0)
        return; /* the clock was set */
    const uint64_t rate = bytes * 1000000u / (uint64_t)took;
    if (rate > s->bytes_per_s)
        s->bytes_per_s = rate;
    else if (full)
        s->bytes_per_s -= (s->bytes_per_s - rate) / 4;
}

void agent_speed_answered(struct agent_speed *s, const struct agent_flight *flight, esep_time now)
{
    ESEP_ASSERT(flight->sent <= s->sent);
    if (flight->sent <= s->answered)
        return; /* with a later one, already */
    s->answered = flight->sent;
    const esep_time took = now - flight->at;
    agent_speed_round_trip(s, took);
    agent_speed_sample(s, s->answered - flight->answered, took, flight->full);
}

void agent_speed_round_trip(struct agent_speed *s, esep_time took)
{
    if (took > 0 && (s->round_trip == 0 || took < s->round_trip))
        s->round_trip = took;
}

size_t agent_speed_chunk(const struct agent_speed *s, size_t most)
{
    if (s->bytes_per_s == 0)
        return between(2 * AGENT_CHUNK_LEAST, AGENT_CHUNK_LEAST, most);
    return between(s->bytes_per_s, AGENT_CHUNK_LEAST, most);
}

size_t agent_speed_window(const struct agent_speed *s)
{
    if (s->bytes_per_s == 0)
        return AGENT_WINDOW_FIRST;
    return between(worth(s, s->round_trip + WINDOW_FOR), 2 * AGENT_CHUNK_LEAST, WINDOW_MOST);
}

esep_time agent_speed_patience(const struct agent_speed *s, esep_time most)
{
    if (s->bytes_per_s == 0)
        return most;
    const uint64_t flying_us = agent_speed_flying(s) * 1000000u / s->bytes_per_s;
    if (flying_us > (uint64_t)most)
        return most;
    const esep_time enough = PATIENCE_LEAST + 4 * ((esep_time)flying_us + s->round_trip);
    return enough < most ? enough : most;
}

esep_time agent_speed_probe(const struct agent_speed *s, uint32_t tries, esep_time most)
{
    const esep_time probe = 3 * s->round_trip > PROBE_LEAST ? 3 * s->round_trip : PROBE_LEAST;
    const bool longer = tries % PROBE_LONG_EVERY == PROBE_LONG_EVERY - 1;
    return probe > most || (longer && s->round_trip == 0) ? most : probe;
}
