/* agent/agent_cosigned.c - a head of the log that witnesses have signed: a stranger need not
 * believe the collector's clock any more.
 *
 * It is taken as every head is: it goes on from what this office has seen, or it is refused, and
 * one that the log key has signed beside that is a split. Of the lines under it those are kept that
 * could stand in a note. A witness that this office knows (config.witnesses) must have signed what
 * its line says, or the line is dropped; of others the office cannot tell, and keeps what comes,
 * since a stranger may know them.
 *
 * Where the office knows witnesses, a head counts once one of them has signed it: what does not
 * count is not kept, and the next HELLO still says that receipts lack it.
 *
 * What comes back on a stick is judged by the same (agent_cosigned_take).
 */
#include "agent/agent_core.h"

#define LINES_MAX 16u

/* How many known witnesses have signed; false: the line is none, or not over this text. */
static bool is_good(const struct esep_note_key *witnesses, size_t count, struct esep_slice text,
                    struct esep_slice line, size_t *known)
{
    uint8_t bytes[ESEP_CHECKPOINT_TEXT_MAX + ESEP_NOTE_LINE_MAX];
    struct esep_note note;
    if (line.len >= ESEP_NOTE_LINE_MAX)
        return false;
    memcpy(bytes, text.data, text.len);
    bytes[text.len] = '\n';
    memcpy(bytes + text.len + 1, line.data, line.len);
    if (esep_note_parse(esep_slice(bytes, text.len + 1 + line.len), &note, NULL) != ESEP_OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        const enum esep_status status = esep_note_verify(&note, &witnesses[i], NULL, NULL);
        if (status == ESEP_INVALID)
            return false;
        *known += status == ESEP_OK;
    }
    return true;
}

bool agent_cosigned_take(const struct esep_hash *log_id, const struct agent_checkpoint *head,
                         struct esep_slice lines, const struct esep_note_key *witnesses,
                         size_t witness_count, struct agent_cosigned *ret)
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    size_t known = 0;
    size_t at = 0;
    struct esep_slice line;
    ret->len = 0;
    ret->checkpoint = *head;
    if (lines.len > ESEP_COSIGNED_LINES_MAX)
        return false;
    const size_t len = esep_growth_text(log_id, head->generation, head->size, &head->root, text);
    for (size_t count = 0; count < LINES_MAX && esep_line_next(lines, &at, &line); count++) {
        line.len++; /* its line feed */
        if (!is_good(witnesses, witness_count, esep_slice(text, len), line, &known))
            continue;
        memcpy(ret->lines + ret->len, line.data, line.len);
        ret->len += line.len;
    }
    return ret->len > 0 && (known > 0 || witness_count == 0);
}

void agent_proven(struct agent *a, const struct agent_proof *proof)
{
    struct agent_ahead *ahead = &a->ahead;
    if (proof->generation != ahead->proven_generation)
        ahead->proven_size = 0;
    ahead->proven_generation = proof->generation;
    if (proof->index >= ahead->proven_size)
        ahead->proven_size = proof->index + 1;
}

void agent_on_cosigned(struct agent *a, const struct esep_envelope *envelope)
{
    const Esep__V1__Cosigned *message =
        (const Esep__V1__Cosigned *)agent_open(a, envelope, &esep__v1__cosigned__descriptor);
    if (message == NULL)
        return;
    const struct esep_slice lines = esep_slice_str(message->lines);
    const struct agent_tree_keys keys = agent_tree_keys(a);
    struct agent_gather *g = agent_filling(a);
    if (lines.len > ESEP_COSIGNED_LINES_MAX) {
        agent_count(a, AGENT_FRAMES_DROPPED, 1);
        return;
    }
    if (!agent_learn(a, agent_tree_head(&keys, &a->ahead.tree, message->growth, &a->lesson)))
        return;
    const struct agent_checkpoint *head = &a->lesson.checkpoint;
    if (!agent_cosigned_take(&a->config.log_id, head, lines, a->config.witnesses,
                             a->config.witness_count, &g->cosigned))
        return;
    g->cosigned_new = true;
    a->ahead.cosigned_generation = head->generation;
    a->ahead.cosigned_size = head->size;
    agent_count(a, AGENT_COSIGNED_HEADS, 1);
}
