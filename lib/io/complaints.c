/* lib/io/complaints.c - what is wrong with a file, collected, put in order, said.
 *
 * What is complained of was written by others: it may hold control characters, letters cut in two
 * by a printf precision, or megabytes. So each text is cleaned and cut at a whole letter before it
 * is kept, and a terminal can show it as it is.
 */
#include "base/text.h"
#include "io/config.h"
#include "io/yaml.h"

#include <stdio.h>

#define COMPLAINT_WORD_MAX 48 /* longer words are not mistyped, they are something else */

static bool said_already(const struct esep_complaints *complaints,
                         const struct esep_complaint *complaint)
{
    for (size_t i = 0; i < complaints->count && i < ESEP_COMPLAINTS_MAX; i++) {
        const struct esep_complaint *other = &complaints->items[i];
        if (other->line == complaint->line && other->column == complaint->column &&
            strcmp(other->text, complaint->text) == 0 && strcmp(other->file, complaint->file) == 0)
            return true;
    }
    return false;
}

static void ESEP_PRINTF(4, 0) complain(struct esep_complaints *complaints, int line, int column,
                                       const char *format, va_list args)
{
    char raw[1024];
    struct esep_complaint complaint = {.line = line, .column = column};
    vsnprintf(raw, sizeof raw, format, args);
    esep_text_line(complaint.text, sizeof complaint.text, raw);
    memcpy(complaint.file, complaints->file, sizeof complaint.file);
    /* An alias used twice complains twice of the one place. */
    if (said_already(complaints, &complaint))
        return;
    if (complaints->count < ESEP_COMPLAINTS_MAX)
        complaints->items[complaints->count] = complaint;
    complaints->count++;
}

void esep_complain_at(struct esep_complaints *complaints, int line, int column, const char *format,
                      ...)
{
    va_list args;
    va_start(args, format);
    complain(complaints, line, column, format, args);
    va_end(args);
}

void esep_complain(struct esep_complaints *complaints, const struct esep_yaml_node *node,
                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain(complaints, node != NULL ? esep_yaml_line(node) : 1,
             node != NULL ? esep_yaml_column(node) : 1, format, args);
    va_end(args);
}

/* How many items of the list come from a file that complained earlier than `file` did. */
static size_t file_rank(const struct esep_complaints *complaints, size_t kept, const char *file)
{
    size_t rank = 0;
    while (rank < kept && strcmp(complaints->items[rank].file, file) != 0)
        rank++;
    return rank;
}

void esep_complaints_sort(struct esep_complaints *complaints)
{
    size_t kept = complaints->count < ESEP_COMPLAINTS_MAX ? complaints->count : ESEP_COMPLAINTS_MAX;
    size_t ranks[ESEP_COMPLAINTS_MAX];
    for (size_t i = 0; i < kept; i++)
        ranks[i] = file_rank(complaints, kept, complaints->items[i].file);
    /* Insertion keeps the order of equal places, and 200 is few. */
    for (size_t i = 1; i < kept; i++) {
        struct esep_complaint moving = complaints->items[i];
        size_t rank = ranks[i];
        size_t at = i;
        for (; at > 0; at--) {
            const struct esep_complaint *before = &complaints->items[at - 1];
            if (ranks[at - 1] < rank)
                break;
            if (ranks[at - 1] == rank &&
                (before->line < moving.line ||
                 (before->line == moving.line && before->column <= moving.column)))
                break;
            complaints->items[at] = *before;
            ranks[at] = ranks[at - 1];
        }
        complaints->items[at] = moving;
        ranks[at] = rank;
    }
}

void esep_complaints_print(const struct esep_complaints *complaints)
{
    size_t kept = complaints->count < ESEP_COMPLAINTS_MAX ? complaints->count : ESEP_COMPLAINTS_MAX;
    for (size_t i = 0; i < kept; i++) {
        const struct esep_complaint *item = &complaints->items[i];
        fprintf(stderr, "%s:%d:%d: %s\n", item->file, item->line, item->column, item->text);
    }
    if (complaints->count > kept)
        fprintf(stderr, "%s: and %zu more\n", complaints->file, complaints->count - kept);
}

/* Letters to insert, drop, change or swap (neighbours) to get from a to b. Bytes, not letters: keys
 * and codes are ASCII. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][COMPLAINT_WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_len];
}

const char *esep_nearest(const char *word, const char *const *known)
{
    size_t len = strlen(word);
    if (len == 0 || len > COMPLAINT_WORD_MAX)
        return NULL;
    /* A third of the word may be wrong: more, and the offer would be a guess. */
    size_t best = len < 3 ? 1 : len / 3;
    const char *nearest = NULL;
    for (; *known != NULL; known++) {
        size_t known_len = strlen(*known);
        if (known_len == 0 || known_len > COMPLAINT_WORD_MAX)
            continue;
        size_t d = distance(word, len, *known, known_len);
        if (d < len && (d < best || (d == best && nearest == NULL))) {
            best = d;
            nearest = *known;
        }
    }
    return nearest;
}
