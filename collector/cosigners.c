/* collector/cosigners.c - see cosigners.h. */
#include "collector/cosigners.h"

#include <inttypes.h>
#include <stdio.h>

const char *cosigner_alarm_name(enum cosigner_alarm alarm)
{
    static const char *const names[] = {
        [COSIGNER_QUIET] = "",      [COSIGNER_AHEAD] = "ahead", [COSIGNER_BACK] = "back",
        [COSIGNER_SPLIT] = "split", [COSIGNER_FALSE] = "false", [COSIGNER_CLOCK] = "clock"};
    return names[alarm];
}

size_t cosigners_text(const struct cosigners_head *head, char out[ESEP_CHECKPOINT_TEXT_MAX])
{
    return esep_checkpoint_text(head->checkpoint.origin, head->checkpoint.size,
                                &head->checkpoint.root, out);
}

static bool same_head(const struct cosigners_head *a, const struct cosigners_head *b)
{
    return a->checkpoint.size == b->checkpoint.size &&
           strcmp(a->checkpoint.origin, b->checkpoint.origin) == 0 &&
           esep_hash_equal(&a->checkpoint.root, &b->checkpoint.root);
}

void cosigners_init(struct cosigners *set, const struct esep_note_key *keys, size_t count,
                    size_t quorum, int64_t every, uint64_t seed)
{
    ESEP_ASSERT(count <= COSIGNERS_MAX);
    *set = (struct cosigners){.count = count, .quorum = quorum, .every = every};
    set->jitter.state = seed;
    for (size_t i = 0; i < count; i++)
        set->list[i].key = keys[i];
}

/* One that answers is waited for a little, so that its line stands under the same head as the
 * others'. */
static int64_t next_target_at(const struct cosigners *set)
{
    int64_t at = set->target_at + set->every;
    for (size_t i = 0; i < set->count; i++)
        if (set->list[i].asking && set->list[i].failures == 0)
            return at + COSIGNER_PATIENCE;
    return at;
}

/* To a witness another generation is another log. */
static void begin_log(struct cosigners *set, const char *origin)
{
    for (size_t i = 0; i < set->count; i++) {
        struct cosigner *c = &set->list[i];
        if (c->head.checkpoint.size > 0 && strcmp(c->head.checkpoint.origin, origin) == 0)
            continue; /* it was recalled */
        c->head = (struct cosigners_head){0};
        c->known = 0;
        c->time_s = 0;
        c->line[0] = '\0';
    }
}

bool cosigners_turn(struct cosigners *set, const struct cosigners_head *newest, int64_t now)
{
    const struct cosigners_head *target = &set->target;
    const bool first = target->checkpoint.size == 0;
    const bool other = first || newest->generation != target->generation;
    if (set->count == 0 || newest->checkpoint.size == 0 ||
        (!other && newest->checkpoint.size <= target->checkpoint.size) ||
        (!first && now < next_target_at(set)))
        return false;
    if (other)
        begin_log(set, newest->checkpoint.origin);
    set->target = *newest;
    set->target_at = now;
    return true;
}

bool cosigner_signed(const struct cosigner *c, const struct cosigners_head *head)
{
    return c->head.checkpoint.size > 0 && same_head(&c->head, head);
}

static bool is_wanting(const struct cosigners *set, const struct cosigner *c)
{
    return !c->asking && set->target.checkpoint.size > 0 &&
           set->target.checkpoint.size >= c->known && !cosigner_signed(c, &set->target);
}

struct cosigner *cosigners_next(struct cosigners *set, int64_t now)
{
    for (size_t i = 0; i < set->count; i++)
        if (is_wanting(set, &set->list[i]) && now >= set->list[i].not_before)
            return &set->list[i];
    return NULL;
}

int64_t cosigners_deadline(const struct cosigners *set, const struct cosigners_head *newest)
{
    int64_t next = INT64_MAX;
    if (set->count > 0 && (newest->checkpoint.size > set->target.checkpoint.size ||
                           newest->generation != set->target.generation))
        next = set->target.checkpoint.size > 0 ? next_target_at(set) : 0;
    for (size_t i = 0; i < set->count; i++)
        if (is_wanting(set, &set->list[i]) && set->list[i].not_before < next)
            next = set->list[i].not_before;
    return next;
}

enum esep_status cosigners_best(const struct cosigners *set, struct cosigners_head *ret)
{
    const struct cosigners_head *best = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct cosigners_head *head = &set->list[i].head;
        size_t lines = 0;
        for (size_t k = 0; k < set->count; k++)
            lines += cosigner_signed(&set->list[k], head);
        if (lines >= set->quorum && head->checkpoint.size > 0 &&
            (best == NULL || head->checkpoint.size > best->checkpoint.size))
            best = head;
    }
    if (best == NULL)
        return ESEP_NOT_FOUND;
    *ret = *best;
    return ESEP_OK;
}

void cosigner_asked(struct cosigner *c, const struct cosigners_head *target)
{
    ESEP_ASSERT(!c->asking);
    c->asking = true;
    c->asked_old = c->known;
    c->asked = *target;
    c->asked_count++;
}

static enum cosigner_outcome fail(struct cosigners *set, struct cosigner *c, int64_t now)
{
    int64_t wait = COSIGNER_BACKOFF;
    c->conflicts = 0;
    c->failed_count++;
    for (uint32_t i = 0; i < c->failures && wait < COSIGNER_BACKOFF_MAX; i++)
        wait *= 2;
    c->failures++;
    if (wait > COSIGNER_BACKOFF_MAX)
        wait = COSIGNER_BACKOFF_MAX;
    const uint64_t half = (uint64_t)wait / 2;
    c->not_before = now + (int64_t)(half + esep_prng_below(&set->jitter, half + 1));
    return COSIGNER_FAILED;
}

static enum cosigner_outcome raise(struct cosigners *set, struct cosigner *c,
                                   enum cosigner_alarm alarm, uint64_t size, int64_t now)
{
    const uint32_t bit = UINT32_C(1) << alarm;
    if (now - c->alarms_since >= COSIGNER_ALARM_EVERY) {
        c->alarms_told = 0;
        c->alarms_since = now;
    }
    c->alarm = alarm;
    c->alarm_size = size;
    c->alarm_new = c->alarm_new || (c->alarms_told & bit) == 0;
    c->alarms_told |= bit;
    return fail(set, c, now);
}

void cosigner_unasked(struct cosigners *set, struct cosigner *c, const char *why, int64_t now)
{
    (void)snprintf(c->said, sizeof c->said, "%s", why);
    (void)fail(set, c, now);
}

static bool read_size(const struct cosigner_answer *answer, uint64_t *ret)
{
    struct esep_slice text = answer->body;
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    return answer->is_size && esep_decimal_parse(text, ret);
}

static enum cosigner_outcome on_conflict(struct cosigners *set, struct cosigner *c,
                                         const struct cosigner_answer *answer,
                                         uint64_t durable_size, int64_t now)
{
    uint64_t size = 0;
    if (!read_size(answer, &size)) {
        (void)snprintf(c->said, sizeof c->said, "409 without the size that it has seen");
        return fail(set, c, now);
    }
    (void)snprintf(c->said, sizeof c->said,
                   "it has seen %" PRIu64 " entries; it was asked about %" PRIu64 " from %" PRIu64
                   " on",
                   size, c->asked.checkpoint.size, c->asked_old);
    if (size > durable_size)
        return raise(set, c, COSIGNER_AHEAD, size, now);
    if (size == c->asked_old)
        return size == c->asked.checkpoint.size ? raise(set, c, COSIGNER_SPLIT, size, now)
                                                : fail(set, c, now);
    const bool back = c->head.checkpoint.size > size;
    c->known = size;
    if (back)
        return raise(set, c, COSIGNER_BACK, size, now);
    if (++c->conflicts >= COSIGNER_CONFLICTS_MAX)
        return fail(set, c, now);
    return COSIGNER_AGAIN;
}

/* The line of its key among those that came, if it verifies over the text.
 * ESEP_NOT_FOUND: it has none; ESEP_INVALID: one that does not. */
static enum esep_status find_line(const struct esep_note_key *key, const char *text,
                                  struct esep_slice lines, struct esep_slice *ret_line,
                                  int64_t *ret_time_s)
{
    size_t at = 0;
    struct esep_slice line;
    enum esep_status status = ESEP_NOT_FOUND;
    while (esep_line_next(lines, &at, &line)) {
        line.len++; /* its line feed */
        const struct esep_note note = {esep_slice_str(text), line};
        status = esep_note_verify(&note, key, ret_time_s, NULL);
        *ret_line = line;
        if (status == ESEP_INVALID || (status == ESEP_OK && line.len < ESEP_NOTE_LINE_MAX))
            return status;
    }
    return ESEP_NOT_FOUND;
}

static enum cosigner_outcome on_cosigned(struct cosigners *set, struct cosigner *c,
                                         struct esep_slice body, int64_t clock_s, int64_t now)
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    struct esep_slice line;
    int64_t time_s = 0;
    (void)cosigners_text(&c->asked, text);
    const enum esep_status status = find_line(&c->key, text, body, &line, &time_s);
    if (status == ESEP_INVALID) {
        (void)snprintf(c->said, sizeof c->said, "its cosignature is not over what it was shown");
        return raise(set, c, COSIGNER_FALSE, c->asked.checkpoint.size, now);
    }
    if (status != ESEP_OK) {
        (void)snprintf(c->said, sizeof c->said,
                       "no line of its key came: is it the one in the configuration?");
        return fail(set, c, now);
    }
    c->known = c->asked.checkpoint.size; /* it has signed that, whatever the hour */
    if (time_s > clock_s + COSIGNER_CLOCK_MAX_S || time_s < clock_s - COSIGNER_CLOCK_MAX_S) {
        (void)snprintf(c->said, sizeof c->said, "its clock and ours differ by %" PRId64 " s",
                       time_s - clock_s);
        return raise(set, c, COSIGNER_CLOCK, 0, now);
    }
    c->head = c->asked;
    c->time_s = time_s;
    memcpy(c->line, line.data, line.len);
    c->line[line.len] = '\0';
    c->failures = c->conflicts = 0;
    c->not_before = 0;
    c->alarm = COSIGNER_QUIET;
    c->alarm_size = 0;
    c->said[0] = '\0';
    c->cosigned_count++;
    return COSIGNER_COSIGNED;
}

enum cosigner_outcome cosigner_heard(struct cosigners *set, struct cosigner *c,
                                     const struct cosigner_answer *answer, uint64_t durable_size,
                                     int64_t clock_s, int64_t now)
{
    ESEP_ASSERT(c->asking);
    c->asking = false;
    switch (answer->status) {
    case 200:
        return on_cosigned(set, c, answer->body, clock_s, now);
    case 409:
        return on_conflict(set, c, answer, durable_size, now);
    case 422: /* the proof is good: what it does not lead from is another history */
        (void)snprintf(c->said, sizeof c->said,
                       "what it has seen of %" PRIu64 " entries is not this log", c->asked_old);
        return raise(set, c, COSIGNER_SPLIT, c->asked_old, now);
    case 0:
        (void)snprintf(c->said, sizeof c->said, "%.*s", (int)answer->body.len,
                       (const char *)answer->body.data);
        return fail(set, c, now);
    default:
        (void)snprintf(c->said, sizeof c->said, "it answered %u%s", answer->status,
                       answer->status == 404   ? ": it does not witness this log"
                       : answer->status == 403 ? ": it does not know this log's key"
                                               : "");
        return fail(set, c, now);
    }
}

void cosigner_differs(struct cosigners *set, struct cosigner *c, int64_t now)
{
    (void)snprintf(c->said, sizeof c->said,
                   "what it cosigned of %" PRIu64 " entries is not how our own log begins: run log "
                   "verify, and restore a backup",
                   c->known);
    (void)raise(set, c, COSIGNER_SPLIT, c->known, now);
}

enum esep_status cosigner_recall(struct cosigner *c, const struct cosigners_head *head,
                                 const char *line)
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    struct esep_slice own;
    int64_t time_s = 0;
    (void)cosigners_text(head, text);
    if (head->checkpoint.size == 0 ||
        find_line(&c->key, text, esep_slice_str(line), &own, &time_s) != ESEP_OK)
        return ESEP_INVALID;
    c->head = *head;
    c->known = head->checkpoint.size;
    c->time_s = time_s;
    memcpy(c->line, own.data, own.len);
    c->line[own.len] = '\0';
    return ESEP_OK;
}
