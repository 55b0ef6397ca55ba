/* collector/collector_lacking.c - files that taken reports name and that are not here: offices are
 * asked for them; see collector.h.
 *
 * An office offers by itself what it has no receipt for. What it has one for, and what a disk or a
 * backup that was put back has taken from here, it cannot know of: so the shell looks, and each
 * office is told some of what it may offer again, with its first proven frame and as those come.
 * It answers with an offer, or with "gone": then nobody has it any more, and the shell says so.
 *
 * Nothing is kept here: what is lacking is the shell's to know, and what is under way has its place
 * in the table of files.
 */
#include "collector/collector_internal.h"

#define ASKED_AT_ONCE 4u

void collector_lacking_ask(struct collector *c, struct collector_session *session)
{
    struct views_file files[ASKED_AT_ONCE];
    if (!collector_takes_files(c) || c->file_lacking == NULL || session->seal.bundle ||
        (session->features & COLLECTOR_EVIDENCE) == 0)
        return;
    const size_t count =
        c->file_lacking(c->file_lookup_context, session->office, files, ASKED_AT_ONCE);
    for (size_t i = 0; i < count; i++) {
        Esep__V1__FileState state = ESEP__V1__FILE_STATE__INIT;
        state.lacking = true;
        if (!collector_file_under_way(c, &files[i]))
            collector_file_state_send(c, session, &files[i], &state);
    }
}

void collector_lacking_gone(struct collector *c, const struct views_file *file)
{
    struct collector_file_known known = {.named = false};
    struct collector_effect effect = {.kind = COLLECTOR_EFFECT_FILE_GONE, .file = *file};
    if (c->file_lookup(c->file_lookup_context, file, &known) != ESEP_OK || !known.named ||
        (known.here && !known.lost) || c->effect_count >= c->effect_cap - 1)
        return; /* of nobody's concern; or it is said again */
    collector_file_drop(c, file);
    collector_out_effect(c, &effect);
}

void collector_lacking_ask_all(struct collector *c)
{
    for (uint32_t i = 0; i < c->config.sessions_max; i++)
        if (c->sessions[i].used && c->sessions[i].confirmed)
            collector_lacking_ask(c, &c->sessions[i]);
}
