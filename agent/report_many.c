/* agent/report_many.c - `report --many`: a backlog, one JSON object a line; see report_write.h.
 *
 * Two passes over the file: the first finds every fault, so that nothing is written of a file that
 * has one; the second packs and appends, some thousand entries a transaction. Reports of one file
 * on the same obligation build on each other.
 */
#include "agent/attach.h"
#include "agent/report_write.h"
#include "agent/wake.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>

#define FILE_BYTES_MAX ((size_t)1 << 30)
#define AT_ONCE 2048
#define CHUNK_BYTES (16u << 20)
#define REPORT_BYTES (512u << 10)
#define TRIES 20

struct many {
    struct agent_desk *desk;
    const char *file;
    const char *folder; /* of the file: relative paths of attachments begin there */
    bool unlisted;
    struct agent_duties duties;
    struct esep_arena arena;
    struct esep_complaints *complaints;
    struct esep_buf bytes; /* of the entries that are appended next */
    size_t lengths[AT_ONCE];
    size_t count;
    esep_time now;
};

/* The next line that says something. */
static bool next_line(struct esep_slice *rest, size_t *number, struct esep_slice *ret)
{
    while (rest->len > 0) {
        const uint8_t *end = memchr(rest->data, '\n', rest->len);
        size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
        *ret = esep_slice(rest->data, len);
        rest->data += end != NULL ? len + 1 : len;
        rest->len -= end != NULL ? len + 1 : len;
        ++*number;
        while (ret->len > 0 && strchr(" \t\r", ret->data[ret->len - 1]) != NULL)
            ret->len--;
        if (ret->len > 0)
            return true;
    }
    return false;
}

/* One line as a report in its place; the bytes are appended to `bytes`. */
static enum esep_status take_line(struct many *m, struct esep_slice line, size_t number,
                                  struct agent_report *report, struct esep_reason *reason)
{
    char name[160];
    char key[ESEP_OBLIGATION_KEY_MAX];
    struct esep_yaml *yaml = NULL;
    struct esep_reason why = {""};
    size_t before = m->complaints->count;
    (void)snprintf(name, sizeof name, "%.120s line %zu", m->file, number);
    esep_arena_reset(&m->arena);
    agent_report_init(report, &m->arena);
    enum esep_status status = esep_yaml_parse(&yaml, name, line, m->complaints);
    if (status == ESEP_OK)
        agent_report_from_node(report, m->folder, esep_yaml_root(yaml), m->complaints);
    esep_yaml_free(yaml);
    if (m->complaints->count > before)
        return esep_because(reason, ESEP_INVALID, "%s: see above", name);
    const struct agent_choice choice = {.obligation = report->message.obligation,
                                        .unlisted = m->unlisted};
    if (status == ESEP_OK)
        status = agent_choose(&m->duties, &choice, key, &why);
    if (status == ESEP_OK && agent_report_has_files(report))
        status = agent_desk_files(m->desk, &why);
    if (status == ESEP_OK && agent_report_has_files(report))
        status = agent_report_take_files(m->desk->files, report, &why);
    if (status == ESEP_OK)
        status = agent_report_place(&m->duties, report, &why);
    if (status == ESEP_OK)
        status = agent_report_pack(report, m->now, &m->bytes, &why);
    if (status == ESEP_OK)
        return ESEP_OK;
    (void)fprintf(stderr, "%s: %s\n", name, why.text);
    return esep_because(reason, status == ESEP_NOT_FOUND ? ESEP_INVALID : status, "%s: %.120s",
                        name, why.text);
}

static enum esep_status check_all(struct many *m, struct esep_slice text, uint64_t *ret_lines,
                                  struct esep_reason *reason)
{
    struct agent_report *report = malloc(sizeof *report);
    struct esep_slice line;
    size_t number = 0;
    size_t bad = 0;
    *ret_lines = 0;
    if (report == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the reports");
    while (next_line(&text, &number, &line) && bad < ESEP_COMPLAINTS_MAX) {
        esep_buf_clear(&m->bytes);
        enum esep_status status = take_line(m, line, number, report, reason);
        bad += status != ESEP_OK;
        ++*ret_lines;
    }
    free(report);
    esep_complaints_print(m->complaints);
    if (bad > 0)
        return esep_because(reason, ESEP_INVALID,
                            "%.120s: %zu of %llu reports cannot be taken; nothing was written",
                            m->file, bad, (unsigned long long)*ret_lines);
    return *ret_lines > 0 ? ESEP_OK
                          : esep_because(reason, ESEP_INVALID, "%.120s: no reports in it", m->file);
}

/* In the memory of this command the report is written: the next one on its obligation builds on it.
 */
static enum esep_status remember(struct many *m, const struct agent_report *report, uint64_t seq,
                                 struct esep_slice entry)
{
    struct agent_duty *duty = NULL;
    enum esep_status status = agent_duties_slot(&m->duties, report->message.obligation, &duty);
    if (status != ESEP_OK)
        return status;
    duty->epoch = m->duties.head.epoch;
    duty->seq = seq;
    duty->hash = esep_content_hash(entry);
    duty->revision = report->message.revision;
    duty->review_of = 0;
    return ESEP_OK;
}

/* Packs as many as go into one transaction; the text moves behind them. */
static enum esep_status fill(struct many *m, struct esep_slice *text, size_t *number,
                             struct esep_reason *reason)
{
    struct agent_report *report = malloc(sizeof *report);
    struct esep_slice line;
    enum esep_status status = report != NULL ? ESEP_OK : ESEP_NOMEM;
    esep_buf_clear(&m->bytes);
    m->count = 0;
    while (status == ESEP_OK && m->count < AT_ONCE &&
           m->bytes.len + AGENT_ENTRY_BYTES_MAX < CHUNK_BYTES && next_line(text, number, &line)) {
        size_t before = m->bytes.len;
        status = take_line(m, line, *number, report, reason);
        if (status == ESEP_OK)
            status = remember(m, report, m->duties.head.seq + m->count + 1,
                              esep_slice(m->bytes.data + before, m->bytes.len - before));
        if (status == ESEP_OK)
            m->lengths[m->count++] = m->bytes.len - before;
    }
    free(report);
    return status;
}

static enum esep_status append(struct many *m, struct agent_head *ret, struct esep_reason *reason)
{
    struct esep_slice *entries = calloc(AT_ONCE, sizeof *entries);
    const uint8_t *at = m->bytes.data;
    if (entries == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the reports");
    for (size_t i = 0; i < m->count; i++) {
        entries[i] = esep_slice(at, m->lengths[i]);
        at += m->lengths[i];
    }
    const struct journal_append what = {
        .entries = entries, .count = m->count, .after = &m->duties.head};
    enum esep_status status =
        journal_append_after(&m->desk->journal, &m->desk->sign_key, &what, m->now, ret, reason);
    free(entries);
    return status;
}

static enum esep_status write_all(struct many *m, struct esep_slice text, struct agent_written *ret,
                                  uint64_t *ret_count, struct esep_reason *reason)
{
    enum esep_status status = ESEP_OK;
    size_t number = 0;
    int tries = 0;
    while (status == ESEP_OK && text.len > 0) {
        struct esep_slice from = text;
        size_t from_number = number;
        struct agent_head head = {0};
        m->now = agent_desk_now(m->desk);
        status = fill(m, &text, &number, reason);
        if (status != ESEP_OK || m->count == 0)
            break;
        status = append(m, &head, reason);
        if (status == ESEP_AGAIN && ++tries < TRIES) {
            text = from;
            number = from_number;
            agent_duties_free(&m->duties);
            status = agent_duties_load(&m->duties, m->desk, reason);
            continue;
        }
        if (status != ESEP_OK)
            break;
        if (*ret_count == 0)
            ret->first_seq = head.seq - m->count + 1;
        *ret_count += m->count;
        ret->epoch = head.epoch;
        ret->seq = head.seq;
        ret->chain = head.hash;
        m->duties.head = head;
        (void)agent_wake_ring(m->desk->settings->journal, false);
    }
    return status;
}

enum esep_status agent_write_many(struct agent_desk *desk, const char *file, bool unlisted,
                                  struct agent_written *ret, uint64_t *ret_count,
                                  struct esep_reason *reason)
{
    struct many *m = calloc(1, sizeof *m);
    struct esep_buf text;
    uint64_t lines = 0;
    if (m == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the reports");
    char copy[PATH_MAX];
    const bool named = snprintf(copy, sizeof copy, "%s", file) < (int)sizeof copy;
    *m = (struct many){
        .desk = desk, .file = file, .folder = named ? dirname(copy) : NULL, .unlisted = unlisted};
    esep_buf_init(&text, FILE_BYTES_MAX);
    esep_buf_init(&m->bytes, CHUNK_BYTES);
    m->complaints = calloc(1, sizeof *m->complaints);
    *ret = (struct agent_written){0};
    *ret_count = 0;
    enum esep_status status = m->complaints != NULL ? ESEP_OK : ESEP_NOMEM;
    if (status == ESEP_OK)
        status = esep_arena_init(&m->arena, REPORT_BYTES);
    if (status == ESEP_OK)
        status = agent_read_file(file, FILE_BYTES_MAX, &text, reason);
    if (status == ESEP_OK)
        status = agent_duties_load(&m->duties, desk, reason);
    m->now = agent_desk_now(desk);
    if (status == ESEP_OK)
        status = check_all(m, esep_buf_slice(&text), &lines, reason);
    if (status == ESEP_OK)
        status = write_all(m, esep_buf_slice(&text), ret, ret_count, reason);
    agent_duties_free(&m->duties);
    esep_arena_done(&m->arena);
    esep_buf_done(&m->bytes);
    esep_buf_done(&text);
    free(m->complaints);
    free(m);
    return status;
}
