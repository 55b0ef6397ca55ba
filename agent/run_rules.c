/* agent/run_rules.c - what windows and budgets need to know of the world: what the day was spent on
 * before this start, what is due, and what the zone's clock does; see run.h and agent_gate.c.
 */
#include "agent/duties.h"
#include "agent/meter_file.h"
#include "agent/run.h"
#include "io/log.h"
#include "io/memory.h"

#define ZONE_EVERY ESEP_HOUR

/* Of the core that is there, to the byte; else of the disk, which knows a step more. */
void agent_run_spent(const struct agent_run *run, struct agent_meter *ret)
{
    struct esep_reason reason = {""};
    *ret = (struct agent_meter){0};
    if (run->core != NULL) {
        struct agent_status status;
        agent_status_get(run->core, &status);
        *ret = status.rules.spent;
        if (status.rules.metered)
            return;
    }
    enum esep_status status = agent_meter_file_read(run->settings->journal, ret, &reason);
    if (status != ESEP_OK && status != ESEP_NOT_FOUND)
        esep_log(ESEP_LOG_WARNING, "budget-unknown", "%s: what was spent today counts from now on",
                 reason.text);
}

/* A disk that does not take it takes no receipts either, and that is told louder. */
void agent_run_keep(struct agent_run *run, const struct agent_meter *spent)
{
    struct esep_reason reason = {""};
    if (agent_meter_file_write(run->settings->journal, spent, &reason) != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "budget-unwritten", "%s", reason.text);
}

/* Saved here, and nothing yet proves when. */
static bool unproved(const struct agent_duty *duty)
{
    return duty->seq != 0 && duty->came == ESEP_TIME_NEVER && duty->promised_at == 0 &&
           (duty->submission == ESEP_SUBMISSION_QUEUED || duty->submission == ESEP_SUBMISSION_SENT);
}

static enum esep_status first_due(struct agent_run *run, esep_time now, esep_time *ret,
                                  struct esep_reason *reason)
{
    struct agent_duties duties = {0};
    struct agent_desk desk = {
        .settings = run->settings, .clock = run->clock, .journal = run->journal};
    *ret = ESEP_TIME_NEVER;
    enum esep_status status = journal_identity(&desk.journal, &desk.identity, reason);
    if (status == ESEP_OK)
        status = agent_duties_load(&duties, &desk, reason);
    for (size_t i = 0; status == ESEP_OK && i < duties.count; i++) {
        const struct agent_duty *duty = &duties.duties[i];
        if (agent_duty_open(duty) && unproved(duty) && duty->due > now && duty->due < *ret)
            *ret = duty->due;
    }
    agent_duties_free(&duties);
    esep_memory_give_back();
    return status;
}

static void look_at_due(struct agent_run *run)
{
    const esep_time now = agent_run_now(run);
    struct esep_reason reason = {""};
    struct agent_status status;
    esep_time due = ESEP_TIME_NEVER;
    run->due_again = false;
    agent_status_get(run->core, &status);
    if (run->older.epoch == 0 && status.receipted_seq < run->seen.seq &&
        first_due(run, now, &due, &reason) != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "duties-unreadable", "%s: what is due is not known",
                 reason.text);
    agent_on_due(run->core, due, now);
}

static bool same_rules(const struct esep_zone *a, const struct esep_zone *b)
{
    const size_t count = (size_t)a->count;
    return a->count == b->count && a->first_offset_s == b->first_offset_s &&
           a->tail_offset_s == b->tail_offset_s &&
           memcmp(a->at_s, b->at_s, count * sizeof a->at_s[0]) == 0 &&
           memcmp(a->offset_s, b->offset_s, count * sizeof a->offset_s[0]) == 0;
}

/* tzdata is upgraded while we run: a decree may move a whole country's clock. */
static void look_at_zone(struct agent_run *run)
{
    struct agent_settings *s = run->settings;
    struct esep_zone fresh;
    run->zone_at = agent_run_now(run) + ZONE_EVERY;
    if (esep_zone_load(&fresh, s->zone, NULL) != ESEP_OK || same_rules(&fresh, &s->rules.zone))
        return;
    esep_log(ESEP_LOG_INFO, "zone-changed", "%s", s->zone);
    s->rules.zone = fresh;
    agent_on_zone(run->core, &fresh, agent_run_now(run));
}

void agent_run_rules_look(struct agent_run *run)
{
    const struct agent_rules *rules = &run->settings->rules;
    const esep_time now = agent_run_now(run);
    if (run->core == NULL || run->broken)
        return;
    if (rules->schedule.count > 0 && run->due_again)
        look_at_due(run);
    if ((rules->schedule.count > 0 || rules->metered) &&
        (now >= run->zone_at || run->zone_at > now + ZONE_EVERY))
        look_at_zone(run);
}
