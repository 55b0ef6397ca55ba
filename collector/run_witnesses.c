/* collector/run_witnesses.c - the log's heads, cosigned; see run.h and cosigners.h.
 *
 * The loop decides, and makes each request, since it has the tree's nodes; asker.h carries it. What
 * came of it is laid beside the store (cosigners_file.h). Nothing of ingest waits for any of it:
 * where the core is away, or no room is in the batch for an alarm, it is done later.
 */
#include "collector/asker.h"
#include "collector/cosigners_file.h"
#include "collector/figures.h"
#include "collector/run.h"
#include "io/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LATER ESEP_SECOND /* what the core could not be told */

enum { FILE_WITNESSES, FILE_COSIGNED };

struct run_witnesses {
    struct run *run;
    struct cosigners set;
    struct asker *asker;
    struct esep_buf body;
    struct esep_buf text;
};

/* With the key that verifies it. */
static void newest_head(const struct run *run, struct cosigners_head *ret)
{
    struct esep_growth growth;
    collector_checkpoint(run->core, &growth);
    *ret = (struct cosigners_head){.generation = growth.generation};
    memcpy(ret->log_key, run->log_public, sizeof ret->log_key);
    esep_log_origin(&run->state.log->log_id, growth.generation, ret->checkpoint.origin);
    ret->checkpoint.size = growth.size;
    ret->checkpoint.root = growth.root;
    memcpy(ret->signature, growth.signature, sizeof ret->signature);
}

static void keep(struct run_witnesses *w, size_t which, const char *name, enum esep_status made)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", w->run->settings->store, name);
    if (made == ESEP_OK)
        made = asker_keep(w->asker, which, path, esep_buf_slice(&w->text));
    const int error = asker_unkept(w->asker);
    if (made != ESEP_OK || error != 0)
        esep_log(ESEP_LOG_WARNING, "cosigned-unwritten", "%s: %s: readers see an older one", path,
                 error != 0 ? strerror(error) : esep_status_name(made));
}

static void keep_all(struct run_witnesses *w, bool is_cosigned)
{
    struct cosigners_head best;
    keep(w, FILE_WITNESSES, RUN_WITNESSES, cosigners_file_write(&w->set, &w->text));
    if (is_cosigned && cosigners_best(&w->set, &best) == ESEP_OK)
        keep(w, FILE_COSIGNED, RUN_COSIGNED, cosigners_note(&w->set, &best, &w->text));
}

/* As much of the lines as an office is sent: whole ones. */
static void put_lines(const struct cosigners *set, const struct cosigners_head *head,
                      char out[ESEP_COSIGNED_LINES_MAX + 1])
{
    size_t len = 0;
    for (size_t i = 0; i < set->count; i++) {
        const size_t more = strlen(set->list[i].line);
        if (!cosigner_signed(&set->list[i], head) || more > ESEP_COSIGNED_LINES_MAX - len)
            continue;
        memcpy(out + len, set->list[i].line, more);
        len += more;
    }
    out[len] = '\0';
}

/* What another key of the log has signed is for no office: it knows the present one. */
void run_witnesses_tell(struct run *run)
{
    const struct run_witnesses *w = run->witnesses;
    struct cosigners_head newest;
    struct cosigners_head best;
    if (w == NULL || run->core == NULL || cosigners_best(&w->set, &best) != ESEP_OK)
        return;
    newest_head(run, &newest);
    if (memcmp(newest.log_key, best.log_key, sizeof best.log_key) != 0)
        return;
    struct collector_cosigned cosigned = {
        .generation = best.generation, .size = best.checkpoint.size, .root = best.checkpoint.root};
    memcpy(cosigned.signature, best.signature, sizeof cosigned.signature);
    put_lines(&w->set, &best, cosigned.lines);
    collector_set_cosigned(run->core, &cosigned);
}

/* The proof from what it has seen, and the head as the log signed it. False: not now. */
static bool make_request(struct run_witnesses *w, struct cosigner *c, int64_t now)
{
    const struct cosigners_head *target = &w->set.target;
    const struct esep_checkpoint *to = &target->checkpoint;
    struct esep_merkle_path proof;
    struct esep_hash old_root;
    struct cosigners none = {.count = 0};
    enum esep_status status =
        collector_consistency(w->run->core, c->known, to->size, &to->root, &proof, &old_root);
    if (status == ESEP_OK && c->known > 0 && c->head.checkpoint.size == c->known &&
        !esep_hash_equal(&old_root, &c->head.checkpoint.root)) {
        cosigner_differs(&w->set, c, now);
        return false;
    }
    if (status != ESEP_OK) {
        cosigner_unasked(&w->set, c, "our own tree cannot be read: run log verify", now);
        return false;
    }
    esep_buf_clear(&w->body);
    status = cosigners_note(&none, target, &w->text);
    if (status == ESEP_OK)
        status = esep_add_checkpoint_write(c->known, &proof, esep_buf_slice(&w->text), &w->body);
    if (status != ESEP_OK)
        cosigner_unasked(&w->set, c, "no memory for a request", now);
    return status == ESEP_OK;
}

static void ask(struct run_witnesses *w, struct cosigner *c, int64_t now)
{
    const size_t number = (size_t)(c - w->set.list);
    const struct collector_witness *witness = &w->run->settings->witnesses[number];
    if (!make_request(w, c, now)) {
        keep_all(w, false); /* why not is in `status` */
        return;
    }
    if (asker_ask(w->asker, number, witness->url, witness->ca_file, esep_buf_slice(&w->body)) ==
        ESEP_OK) {
        cosigner_asked(c, &w->set.target);
    } else {
        cosigner_unasked(&w->set, c, "no memory for a request", now);
        keep_all(w, false);
    }
}

static const struct {
    Esep__V1__AlarmKind kind;
    const char *text;
} alarms[] = {
    [COSIGNER_AHEAD] = {ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_AHEAD,
                        "has seen more of this log than there is: this log went back, or somebody "
                        "else signs with its key"},
    [COSIGNER_BACK] = {ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_BACK,
                       "has seen less than it cosigned: it lost its store"},
    [COSIGNER_SPLIT] = {ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_SPLIT,
                        "has seen another history of this log"},
    [COSIGNER_FALSE] = {ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_FALSE,
                        "signed something else than it was shown"},
    [COSIGNER_CLOCK] = {ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_CLOCK,
                        "signs with an hour that is far from ours"},
};

static bool is_untold(const struct cosigner *c)
{
    return c->alarm_new && c->alarm != COSIGNER_QUIET;
}

void run_witnesses_on_time(struct run *run)
{
    struct run_witnesses *w = run->witnesses;
    for (size_t i = 0; w != NULL && run->core != NULL && !run->ended && i < w->set.count; i++) {
        struct cosigner *c = &w->set.list[i];
        char text[256];
        if (!is_untold(c))
            continue;
        (void)snprintf(text, sizeof text, "witness %.80s %s (%" PRIu64 ")", c->key.name,
                       alarms[c->alarm].text, c->alarm_size);
        const struct collector_sight sight = {
            .kind = alarms[c->alarm].kind,
            .witness = c->key.name,
            .size = c->alarm_size,
            .text = text,
        };
        c->alarm_new = !collector_on_witness(run->core, &sight, run_now(run));
        if (!c->alarm_new)
            esep_log(ESEP_LOG_ERROR, "witness-alarm", "%s: %s", text, c->said);
    }
}

static void on_answer(void *context, size_t number, const struct cosigner_answer *answer)
{
    struct run_witnesses *w = context;
    struct run *run = w->run;
    struct cosigner *c = &w->set.list[number];
    struct esep_growth durable = {.size = c->asked.checkpoint.size};
    if (run->core != NULL)
        collector_checkpoint(run->core, &durable);
    const bool was_away = c->failures > 0;
    const enum cosigner_outcome outcome = cosigner_heard(
        &w->set, c, answer, durable.size, run_now(run) / ESEP_SECOND, esep_monotonic());
    if (outcome == COSIGNER_COSIGNED && was_away)
        esep_log(ESEP_LOG_INFO, "witness-back", "%s cosigned %" PRIu64 " entries", c->key.name,
                 c->head.checkpoint.size);
    if (outcome == COSIGNER_FAILED && c->failures == 1)
        esep_log(ESEP_LOG_WARNING, "witness-failed", "%s: %s", c->key.name, c->said);
    if (outcome == COSIGNER_COSIGNED)
        run_witnesses_tell(run);
    if (outcome != COSIGNER_AGAIN)
        keep_all(w, outcome == COSIGNER_COSIGNED);
    run_witnesses_on_time(run);
    run_pump(run);
}

enum esep_status run_witnesses_open(struct run *run, struct esep_reason *reason)
{
    const struct collector_settings *s = run->settings;
    struct esep_note_key keys[SETTINGS_WITNESSES_MAX];
    uint64_t seed = 0;
    if (s->witness_count == 0)
        return ESEP_OK;
    struct run_witnesses *w = calloc(1, sizeof *w);
    if (w == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for witnesses");
    run->witnesses = w;
    w->run = run;
    esep_buf_init(&w->body, ESEP_ADD_CHECKPOINT_BYTES_MAX);
    esep_buf_init(&w->text, COSIGNERS_FILE_BYTES_MAX);
    for (size_t i = 0; i < s->witness_count; i++)
        keys[i] = s->witnesses[i].key;
    esep_random(&seed, sizeof seed);
    cosigners_init(&w->set, keys, s->witness_count, (size_t)s->witness_quorum, s->witness_every,
                   seed);
    json_t *kept = cosigners_file_read(s->store);
    cosigners_file_recall(&w->set, kept);
    json_decref(kept);
    run_witnesses_tell(run);
    return asker_new(&w->asker, run->loop, s->witness_timeout, on_answer, w, reason);
}

void run_witnesses_close(struct run *run)
{
    struct run_witnesses *w = run->witnesses;
    if (w == NULL)
        return;
    asker_free(w->asker);
    esep_buf_done(&w->body);
    esep_buf_done(&w->text);
    free(w);
    run->witnesses = NULL;
}

void run_witnesses_figures(const struct run *run, struct esep_buf *figures)
{
    static const char *const names[] = {
        "esep_witness_size",         "esep_witness_cosigned_timestamp_seconds",
        "esep_witness_asked_total",  "esep_witness_cosigned_total",
        "esep_witness_failed_total", "esep_witness_failures_in_a_row",
        "esep_witness_alarm",
    };
    const struct run_witnesses *w = run->witnesses;
    for (size_t k = 0; w != NULL && k < sizeof names / sizeof *names; k++)
        for (size_t i = 0; i < w->set.count; i++) {
            const struct cosigner *c = &w->set.list[i];
            const uint64_t values[] = {
                c->head.checkpoint.size,   (uint64_t)c->time_s, c->asked_count,
                c->cosigned_count,         c->failed_count,     c->failures,
                c->alarm != COSIGNER_QUIET};
            figures_put(figures, names[k], c->key.name, values[k]);
        }
}

esep_time run_witnesses_turn(struct run *run)
{
    struct run_witnesses *w = run->witnesses;
    struct cosigners_head newest;
    struct cosigner *next = NULL;
    if (w == NULL || run->core == NULL || run->ended || run->draining)
        return ESEP_TIME_NEVER;
    newest_head(run, &newest);
    int64_t now = esep_monotonic();
    (void)cosigners_turn(&w->set, &newest, now);
    while ((next = cosigners_next(&w->set, now)) != NULL)
        ask(w, next, now);
    const int64_t at = cosigners_deadline(&w->set, &newest);
    for (size_t i = 0; i < w->set.count; i++)
        if (is_untold(&w->set.list[i]))
            return LATER;
    return at == INT64_MAX ? ESEP_TIME_NEVER : at > now ? at - now : 0;
}
