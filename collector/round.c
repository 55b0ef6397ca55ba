/* collector/round.c - the lines, and what ingest makes of them; see round.h. */
#include "collector/round.h"

#include "base/text.h"
#include "io/folder.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_DIGITS_MAX 19 /* fits 64 bits whatever they are */
#define FILE_NAME "round"
#define FILE_HEAD "esep-round/1"

static const struct {
    const char *word;
    unsigned numbers;
    bool text;
} kinds[] = {
    [ROUND_AT_ENTRIES] = {"at entries", 2, false},
    [ROUND_AT_FILES] = {"at files", 1, false},
    [ROUND_OK] = {"ok", 2, false},
    [ROUND_DAMAGED] = {"damaged", 2, true},
    [ROUND_UNREAD] = {"unread", 2, true},
    [ROUND_SIGNAL] = {"signal", 1, false},
    [ROUND_EXIT] = {"exit", 1, false},
};
#define KINDS (sizeof kinds / sizeof *kinds)

size_t round_line_write(const struct round_line *line, char ret[ROUND_LINE_BYTES])
{
    struct esep_reason text = {""};
    int len = snprintf(ret, ROUND_LINE_BYTES, "%s %" PRIu64, kinds[line->kind].word, line->first);
    if (kinds[line->kind].numbers == 2)
        len += snprintf(ret + len, ROUND_LINE_BYTES - (size_t)len, " %" PRIu64, line->second);
    esep_text_line(text.text, sizeof text.text, line->text.text);
    if (kinds[line->kind].text)
        len += snprintf(ret + len, ROUND_LINE_BYTES - (size_t)len, " %s", text.text);
    ret[len++] = '\n';
    ret[len] = '\0';
    return (size_t)len;
}

static bool take_word(struct esep_slice *line, const char *word)
{
    const size_t len = strlen(word);
    if (line->len < len || memcmp(line->data, word, len) != 0)
        return false;
    *line = esep_slice(line->data + len, line->len - len);
    return true;
}

/* A space, and digits as they are written here: no sign, and no zero before them. */
static bool take_number(struct esep_slice *line, uint64_t *ret)
{
    size_t len = 0;
    uint64_t value = 0;
    if (!take_word(line, " "))
        return false;
    for (; len < line->len && line->data[len] >= '0' && line->data[len] <= '9'; len++) {
        if (len == NUMBER_DIGITS_MAX || (len == 1 && value == 0))
            return false;
        value = value * 10 + (uint64_t)(line->data[len] - '0');
    }
    *line = esep_slice(line->data + len, line->len - len);
    *ret = value;
    return len > 0;
}

static bool take_text(struct esep_slice *line, struct esep_reason *ret)
{
    char raw[ROUND_LINE_BYTES];
    if (!take_word(line, " ") || line->len >= sizeof raw)
        return false;
    memcpy(raw, line->data, line->len);
    raw[line->len] = '\0';
    if (strlen(raw) != line->len)
        return false;
    esep_text_line(ret->text, sizeof ret->text, raw);
    line->len = 0;
    return true;
}

enum esep_status round_line_parse(struct esep_slice line, struct round_line *ret)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct round_line found = {.kind = (enum round_kind)i};
        struct esep_slice rest = line;
        if (!take_word(&rest, kinds[i].word))
            continue;
        if (!take_number(&rest, &found.first) ||
            (kinds[i].numbers == 2 && !take_number(&rest, &found.second)) ||
            (kinds[i].text && !take_text(&rest, &found.text)) || rest.len != 0)
            return ESEP_INVALID;
        *ret = found;
        return ESEP_OK;
    }
    return ESEP_INVALID;
}

/* A whole line in it: parsed, and the ear is empty again. */
static bool end_line(struct round_ear *ear, struct round_line *ret)
{
    const bool ours =
        !ear->deaf && round_line_parse(esep_slice(ear->line, ear->len), ret) == ESEP_OK;
    ear->len = 0;
    ear->deaf = false;
    return ours;
}

bool round_ear_hear(struct round_ear *ear, struct esep_slice *bytes, struct round_line *ret)
{
    while (bytes->len > 0) {
        const char c = (char)bytes->data[0];
        *bytes = esep_slice(bytes->data + 1, bytes->len - 1);
        if (c == '\n') {
            if (end_line(ear, ret))
                return true;
        } else if (ear->len + 1 < sizeof ear->line) {
            ear->line[ear->len++] = c;
        } else {
            ear->deaf = true;
        }
    }
    return false;
}

/* What a page that lies makes of its reader; other signals are sent by people and by the kernel. */
static bool of_a_page(uint64_t number)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGSYS, SIGXCPU};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        if ((uint64_t)fatal[i] == number)
            return true;
    return false;
}

static void say_end(struct round_seen *seen, const struct round_line *line)
{
    char how[64];
    char where[80] = "as it began";
    const bool signalled = line->kind == ROUND_SIGNAL;
    const char *name = signalled && line->first < NSIG ? sigdescr_np((int)line->first) : NULL;
    (void)snprintf(how, sizeof how, "%s %" PRIu64 "%s%s%s", signalled ? "signal" : "status",
                   line->first, name != NULL ? " (" : "", name != NULL ? name : "",
                   name != NULL ? ")" : "");
    if (seen->begun && seen->in_files)
        (void)snprintf(where, sizeof where, "behind file %" PRIu64 " of those that are here",
                       seen->file);
    else if (seen->begun)
        (void)snprintf(where, sizeof where,
                       "while it read the log entries from %" PRIu64 " to %" PRIu64, seen->at,
                       seen->at + ROUND_STEP_ENTRIES - 1);
    seen->status = signalled && of_a_page(line->first) ? ESEP_CORRUPT : ESEP_IO;
    (void)esep_because(&seen->reason, seen->status, "the reader ended with %s %s%s", how, where,
                       seen->status == ESEP_CORRUPT
                           ? ": a page of the store is damaged; restore the last backup"
                           : "");
}

bool round_heard(struct round_seen *seen, const struct round_line *line, esep_time now)
{
    const bool died = line->kind == ROUND_SIGNAL || line->kind == ROUND_EXIT;
    if (line->kind == ROUND_AT_ENTRIES || line->kind == ROUND_AT_FILES) {
        seen->begun = true;
        seen->in_files = line->kind == ROUND_AT_FILES;
        if (seen->in_files) {
            seen->file = line->first;
        } else {
            seen->at = line->first;
            seen->of = line->second;
        }
        return false;
    }
    if (died) {
        seen->entries = seen->at;
        seen->files = seen->file;
        say_end(seen, line);
    } else {
        seen->entries = line->first;
        seen->files = line->second;
        seen->reason = line->text;
        seen->status = line->kind == ROUND_OK        ? ESEP_OK
                       : line->kind == ROUND_DAMAGED ? ESEP_CORRUPT
                                                     : ESEP_IO;
    }
    seen->known = true;
    seen->died = died;
    seen->ended_at = now;
    seen->rounds++;
    seen->broken += died;
    seen->begun = seen->in_files = false;
    seen->at = seen->of = seen->file = 0;
    return true;
}

esep_time round_first_in(const struct round_seen *seen, esep_time every, esep_time now)
{
    if (!seen->known || !seen->died)
        return 0;
    /* A clock that was set back is no reason to wait for longer. */
    const esep_time gone = now > seen->ended_at ? now - seen->ended_at : 0;
    return gone < every ? every - gone : 0;
}

static void path_of(const char *store, char ret[512])
{
    (void)snprintf(ret, 512, "%s/" FILE_NAME, store);
}

enum esep_status round_remember(const char *store, const struct round_seen *seen)
{
    char path[512];
    char bytes[ROUND_LINE_BYTES + 64];
    struct round_line line = {.kind = seen->status == ESEP_OK        ? ROUND_OK
                                      : seen->status == ESEP_CORRUPT ? ROUND_DAMAGED
                                                                     : ROUND_UNREAD,
                              .first = seen->entries,
                              .second = seen->files,
                              .text = seen->reason};
    const int head =
        snprintf(bytes, sizeof bytes, FILE_HEAD " %" PRIu64 " %d\n",
                 (uint64_t)(seen->ended_at > 0 ? seen->ended_at / ESEP_SECOND : 0), seen->died);
    const size_t len = (size_t)head + round_line_write(&line, bytes + head);
    path_of(store, path);
    return esep_file_replace(path, 0666, ESEP_REPLACE_UNSYNCED, bytes, len) ? ESEP_OK : ESEP_IO;
}

/* "esep-round/1 SECONDS DIED\nLINE\n" */
static bool recall(struct esep_slice bytes, struct round_seen *ret)
{
    struct round_line line;
    struct round_seen seen = {0};
    uint64_t second = 0;
    uint64_t died = 0;
    if (!take_word(&bytes, FILE_HEAD) || !take_number(&bytes, &second) ||
        !take_number(&bytes, &died) || died > 1 || second > (uint64_t)(INT64_MAX / ESEP_SECOND) ||
        !take_word(&bytes, "\n") || bytes.len == 0 || bytes.data[bytes.len - 1] != '\n' ||
        round_line_parse(esep_slice(bytes.data, bytes.len - 1), &line) != ESEP_OK)
        return false;
    if (!round_heard(&seen, &line, (esep_time)second * ESEP_SECOND) || seen.died)
        return false;
    seen.died = died == 1;
    seen.rounds = seen.broken = 0;
    *ret = seen;
    return true;
}

void round_recall(const char *store, struct round_seen *ret)
{
    char path[512];
    char bytes[ROUND_LINE_BYTES + 64];
    *ret = (struct round_seen){0};
    path_of(store, path);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    const size_t len = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    (void)!recall(esep_slice(bytes, len), ret);
}
