/* collector/web/web_attachments.c - a report's file, handed out so that no browser runs it.
 *
 * /api/v1/attachments/LOG_INDEX/SHA256: a file is named by the report that names it, so nothing of
 * the folder is reached but what a report in the log has. It is compared with its hash before it
 * goes, so that nobody is shown what the disk has changed; it goes from the disk, not through
 * memory. Always a download (RFC 6266), never guessed at, and sandboxed should a browser open it
 * all the same.
 */
#include "collector/web/web.h"
#include "domain/media.h"
#include "io/blobs.h"
#include "io/log.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ENTRY_BYTES_MAX ((size_t)4 << 20)
#define ARENA_BYTES ((size_t)1 << 20)
#define DISPOSITION_BYTES (64 + 256 + 3 * 256)

struct wanted {
    uint64_t index;
    struct esep_hash sha256;
    uint64_t size_bytes;
    char name[ESEP_MEDIA_NAME_BYTES];
    char media_type[128];
};

/* "17/0123...". */
static bool parse(const char *rest, struct wanted *ret)
{
    char *end = NULL;
    const bool digits = rest != NULL && *rest >= '0' && *rest <= '9';
    ret->index = digits ? strtoull(rest, &end, 10) : 0;
    return digits && *end == '/' &&
           esep_unhex(end + 1, ret->sha256.bytes, ESEP_HASH_BYTES) == ESEP_OK;
}

/* What the report calls it. */
static bool named_by(const Esep__V1__JournalEntry *entry, struct wanted *ret)
{
    if (entry->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return false;
    for (size_t i = 0; i < entry->report->n_attachments; i++) {
        const Esep__V1__AttachmentRef *a = entry->report->attachments[i];
        if (a->sha256.len != ESEP_HASH_BYTES ||
            memcmp(a->sha256.data, ret->sha256.bytes, ESEP_HASH_BYTES) != 0)
            continue;
        ret->size_bytes = a->size_bytes;
        esep_media_name(a->name, ret->name);
        (void)snprintf(ret->media_type, sizeof ret->media_type, "%s", a->media_type);
        return true;
    }
    return false;
}

static enum esep_status look_up(const struct web *web, struct wanted *w, bool *ret_named,
                                struct esep_reason *reason)
{
    struct esep_leaf leaf;
    struct esep_buf bytes;
    struct esep_arena arena = {0};
    const ProtobufCMessage *message = NULL;
    *ret_named = false;
    if (w->index >= views_log_size(web->state.views))
        return ESEP_OK;
    esep_buf_init(&bytes, ENTRY_BYTES_MAX);
    enum esep_status status = collector_state_entry(web->state.log, w->index, &bytes, reason);
    if (status == ESEP_OK)
        status = esep_leaf_unpack(esep_slice(bytes.data, ESEP_LEAF_BYTES), &leaf);
    if (status == ESEP_OK && leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY) {
        status = esep_arena_init(&arena, ARENA_BYTES);
        if (status == ESEP_OK &&
            esep_unpack(&esep__v1__journal_entry__descriptor,
                        esep_slice(bytes.data + ESEP_LEAF_BYTES, bytes.len - ESEP_LEAF_BYTES),
                        &arena, &message) == ESEP_OK)
            *ret_named = named_by((const Esep__V1__JournalEntry *)message, w);
    }
    esep_arena_done(&arena);
    esep_buf_done(&bytes);
    return status;
}

/* Both forms of the name (RFC 6266, RFC 8187): ASCII for who knows no better, UTF-8 for the rest.
 */
static void disposition(const char *name, char out[DISPOSITION_BYTES])
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&+-.^_`|~";
    size_t at = (size_t)snprintf(out, DISPOSITION_BYTES, "attachment; filename=\"");
    for (const char *p = name; *p != '\0'; p++)
        out[at++] = (unsigned char)*p < 0x80 && *p != '%' && *p != '\\' ? *p : '_';
    at += (size_t)snprintf(out + at, DISPOSITION_BYTES - at, "\"; filename*=UTF-8''");
    for (const char *p = name; *p != '\0'; p++) {
        if (strchr(plain, *p) != NULL)
            out[at++] = *p;
        else
            at += (size_t)snprintf(out + at, DISPOSITION_BYTES - at, "%%%02X", (unsigned char)*p);
    }
    out[at] = '\0';
}

static void hand_out(const struct web_call *call, const struct wanted *w, int fd)
{
    char head[DISPOSITION_BYTES];
    const struct esep_media *media = esep_media_find(w->media_type);
    const char *type = media == NULL ? "application/octet-stream" : media->type;
    disposition(w->name, head);
    const struct esep_http_field fields[] = {
        {"Content-Type", strcmp(type, "text/plain") == 0 ? "text/plain; charset=utf-8" : type},
        {"Content-Disposition", head},
        {"Content-Security-Policy", "sandbox; default-src 'none'"},
    };
    web_answer_file(call->web, call->request, 200, fields, 3, fd, w->size_bytes);
}

static enum esep_status open_file(const struct web_call *call, const struct wanted *w, int *ret_fd,
                                  struct esep_reason *reason)
{
    const struct collector_settings *s = call->web->settings;
    const struct esep_blobs_options options = {
        .quota_bytes = s->files_bytes, .file_bytes_max = s->file_bytes, .read_only = true};
    struct esep_blobs *blobs = NULL;
    uint64_t size = 0;
    enum esep_status status = esep_blobs_open(s->files, &options, &blobs, reason);
    if (status == ESEP_OK)
        status = esep_blobs_check(blobs, &w->sha256, reason);
    if (status == ESEP_OK)
        status = esep_blobs_fd(blobs, &w->sha256, ret_fd, &size, reason);
    esep_blobs_close(blobs);
    if (status == ESEP_OK && size != w->size_bytes) {
        (void)close(*ret_fd);
        status = ESEP_NOT_FOUND; /* the office named another length: that file has not come */
    }
    return status;
}

void web_attachment(const struct web_call *call)
{
    struct wanted w = {.index = 0};
    struct esep_reason reason = {""};
    bool named = false;
    int fd = -1;
    if (!parse(call->rest, &w)) {
        web_problem(call->web, call->request, 400,
                    "a file is named by a report's log index and its SHA-256");
        return;
    }
    enum esep_status status = look_up(call->web, &w, &named, &reason);
    if (status == ESEP_OK && !named) {
        web_problem(call->web, call->request, 404, "no report of this number names such a file");
        return;
    }
    if (status == ESEP_OK)
        status = open_file(call, &w, &fd, &reason);
    if (status == ESEP_OK) {
        hand_out(call, &w, fd);
    } else if (status == ESEP_NOT_FOUND) {
        web_problem(call->web, call->request, 404,
                    "the file has not come yet: its office sends it when it has a link");
    } else {
        esep_log(ESEP_LOG_ERROR, "attachment-failed", "%s: %s", esep_status_name(status),
                 reason.text);
        web_problem(call->web, call->request, 500, "the server's log says why");
    }
}
