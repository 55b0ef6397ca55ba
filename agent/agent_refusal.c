/* agent/agent_refusal.c - who says no, whether it may, and what follows.
 *
 * A refusal in the clear is the broker's word: it can make us wait, at most backoff_cap and our own
 * jitter, and nothing else, whatever reason it names. One that is signed by the log key over this
 * very session is the collector's, and the table says what follows. One whose signature fails, or
 * which answers another session, is nobody's.
 */
#include "agent/agent_core.h"
#include "base/text.h"
#include "wire/unpack.h"

#include <stdio.h>

enum act {
    ACT_SLOW = 0,  /* people must mend it: refused_retry, then the next broker */
    ACT_RECONNECT, /* wait, then the next broker */
    ACT_GREET,     /* wait, then HELLO on the same socket: the session is out of step */
    ACT_GREET_NOW, /* HELLO at once, the first time */
    ACT_STOP,      /* only `recover` helps */
    ACT_ROTATE,    /* the office's new keys are its keys already */
};

#define REASON(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name
#define REASONS (REASON(ROTATED) + 1)

static const struct rule {
    enum act act;
    enum agent_why why; /* NONE: collector */
    const char *what;   /* for people, before the collector's own text */
} rules[REASONS] = {
    [REASON(UNSPECIFIED)] = {ACT_SLOW, AGENT_WHY_NONE, "refused"},
    [REASON(WAIT)] = {ACT_RECONNECT, AGENT_WHY_NONE, "told to wait"},
    [REASON(LIMIT)] = {ACT_GREET, AGENT_WHY_NONE, "told to slow down"},
    [REASON(TOO_LARGE)] = {ACT_RECONNECT, AGENT_WHY_NONE,
                           "a frame was too large, shorter ones follow"},
    [REASON(NOT_ENROLLED)] = {ACT_SLOW, AGENT_WHY_NONE, "this office is not enrolled"},
    [REASON(REVOKED)] = {ACT_SLOW, AGENT_WHY_NONE,
                         "this office's key was revoked: ask the "
                         "operator for a new enrolment code"},
    [REASON(PENDING)] = {ACT_SLOW, AGENT_WHY_NONE,
                         "enrolled; the operator has not accepted the "
                         "key yet"},
    [REASON(MALFORMED)] = {ACT_SLOW, AGENT_WHY_NONE, "a frame was not understood"},
    [REASON(VERSION)] = {ACT_SLOW, AGENT_WHY_NONE, "another version is spoken there: upgrade"},
    [REASON(NO_SESSION)] = {ACT_GREET_NOW, AGENT_WHY_NONE, "the session had ended"},
    [REASON(BAD_SIGNATURE)] = {ACT_SLOW, AGENT_WHY_NONE,
                               "the signature does not fit the key "
                               "registered for this office"},
    [REASON(FORK)] = {ACT_STOP, AGENT_WHY_FORK,
                      "the collector holds other entries of this office; "
                      "run `esep-agent recover`"},
    [REASON(BEHIND)] = {ACT_STOP, AGENT_WHY_BEHIND,
                        "the collector holds more of this office than "
                        "the journal; run `esep-agent recover`"},
    [REASON(GAP)] = {ACT_GREET, AGENT_WHY_NONE, "entries were missing between"},
    [REASON(WRONG_LOG)] = {ACT_SLOW, AGENT_WHY_NONE, "another log is served there: check log_id"},
    [REASON(CREDIT)] = {ACT_GREET, AGENT_WHY_NONE, "more was sent than granted"},
    [REASON(FULL)] = {ACT_RECONNECT, AGENT_WHY_NONE,
                      "the collector's store is full: the operator "
                      "is told"},
    [REASON(CODE)] = {ACT_SLOW, AGENT_WHY_NONE, "the enrolment code will not do"},
    [REASON(DENIED)] = {ACT_SLOW, AGENT_WHY_NONE, "not permitted"},
    [REASON(ROTATED)] = {ACT_ROTATE, AGENT_WHY_NONE,
                         "this office has newer keys than these: the key file was put back from a "
                         "copy"},
};

/* What BEHIND means where this journal holds all that it names. */
static const struct rule not_behind = {ACT_GREET_NOW, AGENT_WHY_NONE,
                                       "an older greeting of ours was answered"};

/* A broker can keep a greeting and hand it on later, to a collector that has forgotten the session:
 * the refusal is then truly signed and of our session, and speaks of our past. It says itself what
 * the collector holds. Where more is held that is not ours, the next greeting brings FORK. */
static bool is_behind(const struct agent *a, const Esep__V1__Refusal *r)
{
    return r->epoch > a->journal.epoch ||
           (r->epoch == a->journal.epoch && r->seq > a->journal.last_seq);
}

static esep_time asked_wait(const Esep__V1__Refusal *r, esep_time most)
{
    esep_time wait = (esep_time)r->retry_after_ms * 1000;
    return wait < most ? wait : most;
}

static void describe(const char *who, const struct rule *rule, const Esep__V1__Refusal *r,
                     char out[256])
{
    char own[121]; /* a stranger's words: they go into a file of lines, and into JSON */
    esep_text_line(own, sizeof own, r->text);
    snprintf(out, 256, "the %s refused: %s%s%s", who, rule->what, own[0] != '\0' ? ": " : "", own);
}

/* The broker's: wait, no more than we would have waited for a dead one, and say so. */
static void obey_broker(struct agent *a, const Esep__V1__Refusal *r, const struct rule *rule)
{
    char text[256];
    agent_count(a, AGENT_REFUSALS_CLEAR, 1);
    if (r->reason == REASON(DENIED))
        agent_files_denied(a);
    describe("broker", rule, r, text);
    esep_time wait = asked_wait(r, a->config.backoff_cap) + agent_backoff(a);
    if (r->reason == REASON(LIMIT))
        agent_greet_again(a, AGENT_WHY_BROKER, r->reason, text, wait);
    else if (r->reason != REASON(WAIT) || !agent_ingress_parts(a, text, wait))
        agent_link_wait(a, AGENT_WHY_BROKER, r->reason, text, wait);
}

static void obey_collector(struct agent *a, const Esep__V1__Refusal *r, const struct rule *rule)
{
    char text[256];
    enum agent_why why = rule->why != AGENT_WHY_NONE ? rule->why : AGENT_WHY_COLLECTOR;
    agent_count(a, AGENT_REFUSALS_SIGNED, 1);
    describe("collector", rule, r, text);
    esep_time slow = a->config.refused_retry;
    esep_time wait = asked_wait(r, slow);
    /* A session that ends as soon as it begins is not to be begun again at once; nor is a second
     * that came to nothing. */
    bool lasted = a->status.state == AGENT_ONLINE && a->fruitless == 0 &&
                  a->now - a->status.welcomed_at >= a->config.backoff_base;
    switch (rule->act) {
    case ACT_ROTATE:
        if (a->config.rotate)
            agent_rotated(a);
        else
            agent_link_wait(a, why, r->reason, text, slow / 2 + agent_backoff(a));
        break;
    case ACT_STOP:
        agent_link_stop(a, why, r->reason, text);
        a->status.held_epoch = r->epoch;
        a->status.held_seq = r->seq;
        break;
    case ACT_GREET_NOW:
        wait += agent_backoff(a);
        agent_greet_again(a, why, r->reason, text, lasted ? 0 : wait);
        break;
    case ACT_GREET:
        agent_greet_again(a, why, r->reason, text, wait + agent_backoff(a));
        break;
    case ACT_RECONNECT:
        agent_link_wait(a, why, r->reason, text, wait + agent_backoff(a));
        break;
    default: /* ACT_SLOW */
        if (wait == 0)
            wait = slow / 2 + (esep_time)esep_prng_below(&a->prng, (uint64_t)(slow / 2) + 1);
        agent_link_wait(a, why, r->reason, text, wait + agent_backoff(a));
        break;
    }
}

/* The broker names no session where it could not read the frame. */
static bool names_session(const Esep__V1__Refusal *r)
{
    for (size_t i = 0; i < r->session.len; i++)
        if (r->session.data[i] != 0)
            return true;
    return false;
}

/* Shorter frames are a kindness that costs nothing, whoever asks for them. */
static void shorten_frames(struct agent *a)
{
    size_t half = a->config.frame_bytes / 2;
    a->config.frame_bytes = half > AGENT_FRAME_BYTES_MIN ? half : AGENT_FRAME_BYTES_MIN;
}

void agent_on_refusal(struct agent *a, const struct esep_envelope *envelope)
{
    const ProtobufCMessage *message = NULL;
    const struct agent_uplink *u = &a->uplink;
    bool talking =
        (a->status.state == AGENT_GREETING && u->hello_sent) || a->status.state == AGENT_ONLINE;
    esep_arena_reset(&a->arena);
    enum esep_status status =
        esep_unpack(&esep__v1__refusal__descriptor, envelope->sealed, &a->arena, &message);
    const Esep__V1__Refusal *r = (const Esep__V1__Refusal *)message;
    if (status == ESEP_OK && agent_ingress_refused(a, r))
        return;
    if (status != ESEP_OK || !talking) {
        agent_count(a, AGENT_FRAMES_DROPPED, 1);
        return;
    }
    bool ours = r->session.len == ESEP_SESSION_ID_BYTES &&
                memcmp(r->session.data, u->session.id, ESEP_SESSION_ID_BYTES) == 0;
    bool is_signed = r->signature.len > 0;
    if ((is_signed && (!ours || !agent_log_keys_refusal(a, r))) ||
        (!is_signed && names_session(r) && !ours)) {
        agent_count(a, AGENT_FRAMES_DROPPED, 1);
        return;
    }
    const struct rule *rule =
        (size_t)r->reason < REASONS ? &rules[r->reason] : &rules[REASON(UNSPECIFIED)];
    if (r->reason == REASON(BEHIND) && !is_behind(a, r))
        rule = &not_behind;
    if (r->reason == REASON(TOO_LARGE))
        shorten_frames(a);
    if (is_signed)
        obey_collector(a, r, rule);
    else
        obey_broker(a, r, rule);
}
