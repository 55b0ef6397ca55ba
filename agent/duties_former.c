/* agent/duties_former.c - the office's own reports that only the mailbox has.
 *
 * An office that lost its journal comes back with new keys, a new epoch and the mailbox that it
 * had, into which the collector puts what stands of its reports once more (docs/adr/0018). They are
 * its own: it can correct and withdraw them by their content hash. In a journal that lost nothing
 * the same may come, where a conflict began or ended with it; then the journal's own word counts.
 */
#include "agent/duties_load.h"

#include <stdlib.h>

void agent_load_former(struct agent_load *l, const struct agent_mail *mail,
                       const struct esep_hash *hash)
{
    if (mail->office != l->d->identity.office)
        return;
    if (!agent_load_more((void **)&l->former, &l->former_cap, l->former_count, sizeof *l->former)) {
        (void)agent_load_no_memory(l);
        return;
    }
    struct agent_former *former = &l->former[l->former_count++];
    *former = (struct agent_former){.mail = *mail, .hash = *hash};
    former->mail.bytes = esep_arena_copy(&l->d->arena, mail->bytes);
    if (former->mail.bytes.data == NULL)
        (void)agent_load_no_memory(l);
}

static void on_former(struct agent_load *l, struct agent_event *event,
                      const Esep__V1__Report *report)
{
    struct agent_duty *duty = agent_load_slot(l, report->obligation);
    if (duty != NULL)
        agent_load_event(l, duty, event, report);
}

static bool find_former(void *context, uint32_t epoch, const struct agent_entry *entry)
{
    struct agent_load *l = context;
    const struct esep_hash hash = esep_content_hash(entry->bytes);
    (void)epoch;
    for (size_t i = 0; i < l->former_count; i++)
        l->former[i].here = l->former[i].here || esep_hash_equal(&l->former[i].hash, &hash);
    return true;
}

static int by_index(const void *left, const void *right)
{
    const uint64_t a = ((const struct agent_former *)left)->mail.log_index;
    const uint64_t b = ((const struct agent_former *)right)->mail.log_index;
    return a < b ? -1 : a > b;
}

/* What the mail has of a lost journal comes before anything of this one. The log's hour of each is
 * known; the promise that went before it is in the log alone. */
enum esep_status agent_load_take_former(struct agent_load *l, struct agent_desk *desk,
                                        struct esep_reason *reason)
{
    enum esep_status status = ESEP_OK;
    if (l->former_count > 0)
        status = journal_walk(&desk->journal, find_former, l, reason);
    if (l->former_count > 0)
        qsort(l->former, l->former_count, sizeof *l->former, by_index);
    for (size_t i = 0; status == ESEP_OK && l->status == ESEP_OK && i < l->former_count; i++) {
        const struct agent_mail *mail = &l->former[i].mail;
        const bool again = i > 0 && mail->log_index == l->former[i - 1].mail.log_index;
        const Esep__V1__JournalEntry *e = (const Esep__V1__JournalEntry *)agent_load_unpack(
            l, &esep__v1__journal_entry__descriptor, mail->bytes);
        if (l->former[i].here || again || e == NULL)
            continue;
        struct agent_event event = {.seq = mail->seq,
                                    .hash = l->former[i].hash,
                                    .first_index = mail->log_index,
                                    .last_index = mail->log_index,
                                    .came = mail->accepted_at,
                                    .written_at = e->written_at_us};
        on_former(l, &event, e->report);
    }
    return status == ESEP_OK ? l->status : status;
}
