/* agent/duties_dispute.c - two reports on one duty that do not know each other: what the mail says
 * of it, and what this office's own reports do to it. See duties_load.h.
 */
#include "agent/duties_load.h"

static void add_other(struct agent_duty *duty, const struct agent_mail *mail,
                      const struct esep_hash *hash)
{
    for (uint32_t i = 0; i < duty->other_count; i++)
        if (esep_hash_equal(&duty->others[i].hash, hash)) {
            duty->others[i].log_index = mail->log_index; /* it came again, to another place */
            return;
        }
    if (duty->other_count < AGENT_OTHERS_MAX)
        duty->others[duty->other_count++] = (struct agent_other){
            .log_index = mail->log_index, .office = mail->office, .hash = *hash};
}

/* The duty of a body that this office reports for; NULL: a co-executor's matter. */
static struct agent_duty *ours(struct agent_load *l, const char *key, bool make)
{
    char body[ESEP_BODY_CODE_MAX];
    struct agent_duty *duty = agent_duty_find(l->d, key);
    if (duty != NULL || !make || !agent_key_body(key, body) ||
        !agent_rights_carry(&l->d->rights, body))
        return duty;
    return agent_load_slot(l, key);
}

/* A conflict of this body begins with an entry that conflicts, and ends with one of the same
 * obligation that was taken: it settled it, or withdrew the other. A co-executor's accepted report
 * is none of these, though the office should report for that body, too: it comes right behind the
 * review that accepts it. */
void agent_load_dispute(struct agent_load *l, const struct agent_mail *mail,
                        const struct esep_hash *hash, const Esep__V1__JournalEntry *e)
{
    const bool begins = mail->verdict == ESEP__V1__VERDICT__VERDICT_CONFLICT;
    const bool is_report = e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    const char *key = is_report ? e->report->obligation
                      : e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL
                          ? e->withdrawal->obligation
                          : "";
    struct agent_duty *duty = ours(l, key, begins);
    if (duty == NULL || (is_report && esep_hash_equal(hash, &l->accepted)))
        return;
    const bool own = mail->office == l->d->identity.office;
    if (!begins && duty->conflict)
        duty->other_count = 0;
    else if (is_report && !own)
        add_other(duty, mail, hash);
    duty->conflict = begins;
    duty->conflict_own = begins && own;
    duty->conflict_met = false;
    duty->conflict_hash = *hash;
}

static bool names(const Esep__V1__Report *report, const struct esep_hash *hash)
{
    bool found = agent_load_called(hash, report->builds_on);
    for (size_t i = 0; !found && i < report->n_settles; i++)
        found = agent_load_called(hash, report->settles[i]);
    return found;
}

/* Ours settles what it names, or, where the mail did not say what ours conflicts with, what there
 * was before it; not what came after it. */
void agent_load_settle(struct agent_duty *duty, const struct agent_event *event,
                       const Esep__V1__Report *report)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < duty->other_count; i++)
        if (!names(report, &duty->others[i].hash))
            duty->others[kept++] = duty->others[i];
    const bool settles = kept < duty->other_count || report->n_settles > 0;
    duty->other_count = kept;
    if (settles && kept == 0 && (!duty->conflict_own || duty->conflict_met))
        duty->conflict = false;
    if (duty->conflict_own && esep_hash_equal(&event->hash, &duty->conflict_hash))
        duty->conflict_met = true;
}
