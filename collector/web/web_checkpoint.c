/* collector/web/web_checkpoint.c - the log's signed heads for everybody.
 *
 * C2SP tlog-tiles: /checkpoint is the newest head, and bears what witnesses signed of this very
 * one; /checkpoint/cosigned is the newest that a quorum of them has cosigned, which is seconds
 * behind where they answer. Both are notes that ingest has laid beside the store. /checkpoint/keys
 * says which keys the log has had, each by the word of the one before it.
 */
#include "collector/cosigners_file.h"
#include "collector/log_keys_json.h"
#include "collector/run.h"
#include "collector/web/web.h"

#include <stdio.h>

/* 0: there is none. */
static size_t read_note(const struct web *web, const char *name, char ret[ESEP_NOTE_BYTES_MAX])
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", web->settings->store, name);
    FILE *file = fopen(path, "re");
    const size_t len = file != NULL ? fread(ret, 1, ESEP_NOTE_BYTES_MAX, file) : 0;
    if (file != NULL)
        (void)fclose(file);
    return len;
}

static void answer_note(const struct web_call *call, const char *note, size_t len, const char *none)
{
    static const struct esep_http_field fields[] = {{"Content-Type", "text/plain; charset=utf-8"},
                                                    {"Cache-Control", "no-cache"}};
    if (len == 0)
        web_problem(call->web, call->request, 404, none);
    else
        web_answer(call->web, call->request, 200, fields, 2, esep_slice(note, len));
}

void web_checkpoint(const struct web_call *call)
{
    char newest[ESEP_NOTE_BYTES_MAX];
    char cosigned[ESEP_NOTE_BYTES_MAX];
    const size_t newest_len = read_note(call->web, RUN_CHECKPOINT, newest);
    const size_t cosigned_len = read_note(call->web, RUN_COSIGNED, cosigned);
    struct esep_note a;
    struct esep_note b;
    const bool same = esep_note_parse(esep_slice(newest, newest_len), &a, NULL) == ESEP_OK &&
                      esep_note_parse(esep_slice(cosigned, cosigned_len), &b, NULL) == ESEP_OK &&
                      esep_slice_equal(a.text, b.text);
    answer_note(call, same ? cosigned : newest, same ? cosigned_len : newest_len,
                "no checkpoint is signed yet");
}

void web_checkpoint_cosigned(const struct web_call *call)
{
    char note[ESEP_NOTE_BYTES_MAX];
    answer_note(call, note, read_note(call->web, RUN_COSIGNED, note),
                "no checkpoint is cosigned yet");
}

void web_checkpoint_keys(const struct web_call *call)
{
    const struct collector_state *state = &call->web->state;
    web_answer_json(call->web, call->request, 200, NULL, 0,
                    log_keys_json(state->log, views_log_keys(state->views)));
}
