/* agent/run_keys.c - new keys for the office, where `keys rotate` has made them; see run.h.
 *
 * The core offers them and stops once they are in the collector's log (AGENT_WHY_ROTATED). Then the
 * journal takes them, in one transaction; the key file follows; a new core goes on. Whatever is cut
 * off in between, office_keys_current finds the right ones at the next start.
 */
#include "agent/commands.h"
#include "agent/keys_asked.h"
#include "agent/office_keys.h"
#include "agent/run.h"
#include "io/log.h"

/* An operator wants other keys than these: they are made, and go up as those that a clerk made. */
static void meet_request(struct agent_run *run, const struct agent_settings *s)
{
    struct agent_keys_asked asked = {.asked = false};
    struct journal_keys keys;
    struct esep_reason reason = {""};
    enum esep_status status = journal_keys(&run->journal, &keys, &reason);
    if (status == ESEP_OK && !keys.wanted)
        status = agent_keys_asked(&run->journal, run->sign_key.public, &asked, &reason);
    if (status == ESEP_OK && !keys.wanted && asked.asked) {
        status = agent_keys_make(&run->journal, s->keys, agent_run_now(run), &reason);
        if (status == ESEP_OK)
            esep_log(ESEP_LOG_INFO, "new-keys-asked", "%s asks for new keys%s%s: they are made",
                     asked.actor, asked.reason[0] != 0 ? ": " : "", asked.reason);
    }
    if (status != ESEP_OK)
        esep_log(ESEP_LOG_ERROR, "new-keys-not-made", "%s", reason.text);
}

enum esep_status agent_run_keys(struct agent_run *run, const struct agent_settings *s,
                                const struct journal_identity *identity,
                                struct agent_config *config, struct esep_reason *reason)
{
    struct journal_keys keys = {.wanted = false};
    struct office_keys next;
    enum esep_status status =
        agent_keys_follow(s->keys, identity, &run->sign_key, &run->curve, reason);
    config->sign_key = run->sign_key;
    memcpy(config->curve_public, run->curve.public, ESEP_KEY_BYTES);
    run->rotating = false;
    if (status == ESEP_OK && run->older.epoch == 0)
        meet_request(run, s);
    if (status == ESEP_OK)
        status = journal_keys(&run->journal, &keys, reason);
    if (status != ESEP_OK || !keys.wanted || run->older.epoch != 0)
        return status;
    run->rotating = true;
    status = office_keys_next(s->keys, &next, reason);
    if (status != ESEP_OK || memcmp(next.sign.public, keys.next_public, ESEP_KEY_BYTES) != 0) {
        /* The office's present keys are as good as they were. */
        esep_log(ESEP_LOG_ERROR, "new-keys-missing", "%s",
                 status != ESEP_OK ? reason->text : "the new key file is not the one made last");
        esep_wipe(&next, sizeof next);
        return ESEP_OK;
    }
    config->rotate = true;
    config->next_sign_key = next.sign;
    memcpy(config->next_curve_public, next.curve.public, ESEP_KEY_BYTES);
    esep_wipe(&next, sizeof next);
    return ESEP_OK;
}

void agent_run_look_at_wanted_keys(struct agent_run *run)
{
    struct journal_keys keys;
    if (run->broken || run->core == NULL || run->rotating || run->older.epoch != 0 ||
        journal_keys(&run->journal, &keys, NULL) != ESEP_OK || !keys.wanted)
        return;
    esep_log(ESEP_LOG_INFO, "new-keys", "they go up once all has its receipt");
    agent_run_give_up_core(run, 0);
}

void agent_run_look_at_request(struct agent_run *run)
{
    if (!run->keys_asked || run->core == NULL)
        return;
    run->keys_asked = false;
    if (run->broken || run->rotating || run->older.epoch != 0)
        return; /* the next core looks, too */
    meet_request(run, run->settings);
    agent_run_look_at_wanted_keys(run);
}

static enum esep_status take_over(struct agent_run *run, uint64_t *ret_requeued,
                                  struct esep_reason *reason)
{
    struct office_keys next;
    enum esep_status status = office_keys_next(run->settings->keys, &next, reason);
    if (status == ESEP_OK)
        status = journal_rekey(&run->journal, &next.sign, agent_run_now(run), ret_requeued, reason);
    if (status == ESEP_OK) {
        run->sign_key = next.sign;
        run->curve = next.curve;
        status = office_keys_take_next(run->settings->keys, reason);
    }
    esep_wipe(&next, sizeof next);
    return status;
}

void agent_run_look_at_rotation(struct agent_run *run)
{
    struct agent_status s;
    uint64_t requeued = 0;
    struct esep_reason reason = {""};
    agent_status_get(run->core, &s);
    if (run->broken || s.state != AGENT_STOPPED || s.why != AGENT_WHY_ROTATED)
        return;
    enum esep_status status = take_over(run, &requeued, &reason);
    if (status == ESEP_OK)
        esep_log(ESEP_LOG_INFO, "keys-rotated",
                 "the office has new keys; %llu entries are queued again under them",
                 (unsigned long long)requeued);
    else
        esep_log(ESEP_LOG_ERROR, "keys-not-rotated", "%s", reason.text);
    agent_run_give_up_core(run, status == ESEP_OK ? 0 : AGENT_RUN_REOPEN_AFTER);
}
