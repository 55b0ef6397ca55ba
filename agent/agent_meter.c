/* agent/agent_meter.c - see agent_meter.h. */
#include "agent/agent_meter.h"

#define FRAMING 42u /* ZMTP's flags and length, CURVE's MESSAGE, nonce and MAC */
#define SEGMENT 1400u
#define HEADERS 52u  /* IPv4 and TCP with timestamps */
#define TRY_OUT 120u /* a SYN, and half of the times another */
#define CALL_OUT 850u
#define CALL_IN 680u
/* HELLO, WELCOME, the first PULL and the receipt of a promise, with all that is around them. */
#define GREETING 2400u
#define STEPS 64u
#define STEP_LEAST 4096u
#define PROMISES_MOST (16u * 1024u)
#define PROMISES_PART 8u

static uint64_t segments(size_t frame_len)
{
    return (frame_len + FRAMING + SEGMENT - 1) / SEGMENT;
}

static uint64_t there(size_t frame_len)
{
    return frame_len + FRAMING + segments(frame_len) * HEADERS;
}

/* One acknowledgement for two segments. */
static uint64_t back(size_t frame_len)
{
    return (segments(frame_len) + 1) / 2 * HEADERS;
}

uint64_t agent_meter_frame(size_t frame_len)
{
    return there(frame_len) + back(frame_len);
}

void agent_meter_sent(struct agent_meter *m, size_t frame_len)
{
    m->out += there(frame_len);
    m->in += back(frame_len);
}

void agent_meter_came(struct agent_meter *m, size_t frame_len)
{
    m->in += there(frame_len);
    m->out += back(frame_len);
}

void agent_meter_try(struct agent_meter *m)
{
    m->out += TRY_OUT;
}

void agent_meter_call(struct agent_meter *m)
{
    m->out += CALL_OUT;
    m->in += CALL_IN;
}

uint64_t agent_meter_call_bytes(void)
{
    return TRY_OUT + CALL_OUT + CALL_IN + GREETING;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t promises(uint64_t bound)
{
    return least(bound / PROMISES_PART, PROMISES_MOST);
}

/* What that tier must leave of a bound. */
static uint64_t kept_back(const struct agent_budget *b, uint64_t bound, enum agent_tier tier)
{
    const uint64_t text = bound / 100 * b->text_percent;
    if (tier == AGENT_TIER_PROMISE)
        return 0;
    return tier == AGENT_TIER_FILES && text > promises(bound) ? text : promises(bound);
}

static uint64_t left(const struct agent_budget *b, uint64_t bound, uint64_t used,
                     enum agent_tier tier)
{
    if (bound == 0)
        return UINT64_MAX;
    const uint64_t most = bound - kept_back(b, bound, tier);
    return used < most ? most - used : 0;
}

uint64_t agent_meter_room(const struct agent_meter *m, const struct agent_budget *b,
                          enum agent_tier tier)
{
    const uint64_t both = left(b, b->both, m->out + m->in, tier);
    return least(both, least(left(b, b->out, m->out, tier), left(b, b->in, m->in, tier)));
}

bool agent_meter_turn(struct agent_meter *m, esep_day today)
{
    if (today > m->day) {
        *m = (struct agent_meter){.day = today};
        return true;
    }
    if (today < m->day - 1)
        m->day = today;
    return false;
}

uint64_t agent_meter_step(const struct agent_budget *b)
{
    const uint64_t both = b->both != 0 ? b->both : UINT64_MAX;
    const uint64_t out = b->out != 0 ? b->out : UINT64_MAX;
    const uint64_t step = least(both, least(out, b->in != 0 ? b->in : UINT64_MAX)) / STEPS;
    return step > STEP_LEAST ? step : STEP_LEAST;
}
