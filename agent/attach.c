/* agent/attach.c - see attach.h. */
#include "agent/attach.h"

#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>

#define ENTRY_ARENA_BYTES (1u << 20)

enum esep_status agent_files_open(const struct agent_settings *settings, bool read_only,
                                  struct esep_blobs **ret, struct esep_reason *reason)
{
    const struct esep_blobs_options options = {.quota_bytes = settings->files_bytes,
                                               .file_bytes_max = ESEP_MEDIA_FILE_BYTES_MAX,
                                               .read_only = read_only};
    return esep_blobs_open(settings->files, &options, ret, reason);
}

static enum esep_status judge(void *context, struct esep_slice content, struct esep_reason *reason)
{
    struct agent_attachment *attachment = context;
    const struct esep_media *media = NULL;
    const enum esep_status status = esep_media_check(content, attachment->name, &media, reason);
    if (status == ESEP_OK)
        attachment->media_type = media->type;
    return status;
}

/* fd < 0: from the path. */
static enum esep_status attach(struct esep_blobs *files, const char *path, int fd,
                               struct agent_attachment *ret, struct esep_reason *reason)
{
    struct agent_attachment made = {.media_type = NULL};
    const struct esep_blobs_judge judging = {.judge = judge, .context = &made};
    struct esep_reason why = {""};
    esep_media_name(path, made.name);
    const enum esep_status status = fd < 0
                                        ? esep_blobs_put(files, path, &judging, &made.blob, &why)
                                        : esep_blobs_put_fd(files, fd, &judging, &made.blob, &why);
    if (status != ESEP_OK)
        return esep_because(reason, status, "%.60s cannot be attached: %.170s", made.name,
                            why.text[0] != '\0' ? why.text : esep_status_name(status));
    *ret = made;
    return ESEP_OK;
}

enum esep_status agent_attach(struct esep_blobs *files, const char *path,
                              struct agent_attachment *ret, struct esep_reason *reason)
{
    return attach(files, path, -1, ret, reason);
}

enum esep_status agent_attach_fd(struct esep_blobs *files, int fd, const char *name,
                                 struct agent_attachment *ret, struct esep_reason *reason)
{
    return attach(files, name, fd, ret, reason);
}

static enum esep_status take_one(struct esep_blobs *files, const char *path,
                                 struct agent_report *report, struct esep_reason *reason)
{
    struct agent_attachment made;
    struct esep_reason why = {""};
    enum esep_status status = agent_attach(files, path, &made, reason);
    if (status != ESEP_OK)
        return status;
    status = agent_report_attached(report, made.name, made.media_type, made.blob.size,
                                   &made.blob.hash, &why);
    return status == ESEP_OK ? ESEP_OK
                             : esep_because(reason, status, "%.60s cannot be attached: %.170s",
                                            made.name, why.text);
}

/* A draft is as old as it likes, and disks are restored. */
static enum esep_status still_there(struct esep_blobs *files, const Esep__V1__AttachmentRef *ref,
                                    struct esep_reason *reason)
{
    struct esep_hash hash;
    uint64_t size = 0;
    if (ref->sha256.len == ESEP_HASH_BYTES) {
        memcpy(hash.bytes, ref->sha256.data, ESEP_HASH_BYTES);
        if (esep_blobs_have(files, &hash, &size) == ESEP_OK && size == ref->size_bytes)
            return ESEP_OK;
    }
    return esep_because(reason, ESEP_NOT_FOUND,
                        "%.100s is not among this office's files any more: take it off (--detach) "
                        "and attach it again",
                        ref->name);
}

bool agent_report_has_files(const struct agent_report *report)
{
    return report->named.files_count > 0 || report->message.n_attachments > 0;
}

enum esep_status agent_report_take_files(struct esep_blobs *files, struct agent_report *report,
                                         struct esep_reason *reason)
{
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && i < report->message.n_attachments; i++)
        status = still_there(files, report->attachments[i], reason);
    for (size_t i = 0; status == ESEP_OK && i < report->named.files_count; i++)
        status = take_one(files, report->named.files[i], report, reason);
    return status;
}

/* What the journal names, by hash. */
struct named {
    struct esep_arena arena;
    struct esep_hash *hashes;
    size_t count, room;
    enum esep_status status;
};

static bool add_report(struct named *named, const Esep__V1__Report *report)
{
    for (size_t i = 0; i < report->n_attachments; i++) {
        const ProtobufCBinaryData sha256 = report->attachments[i]->sha256;
        if (sha256.len != ESEP_HASH_BYTES)
            continue;
        if (named->count == named->room) {
            const size_t room = named->room == 0 ? 64 : 2 * named->room;
            struct esep_hash *more = realloc(named->hashes, room * sizeof *more);
            if (more == NULL) {
                named->status = ESEP_NOMEM;
                return false;
            }
            named->hashes = more;
            named->room = room;
        }
        memcpy(named->hashes[named->count++].bytes, sha256.data, ESEP_HASH_BYTES);
    }
    return true;
}

/* What cannot be read here may name anything: nothing is removed then. */
static const ProtobufCMessage *
unpacked(struct named *named, const ProtobufCMessageDescriptor *descriptor, struct esep_slice bytes)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&named->arena);
    named->status = esep_unpack(descriptor, bytes, &named->arena, &message);
    return named->status == ESEP_OK ? message : NULL;
}

static bool add_entry(void *context, uint32_t epoch, const struct agent_entry *entry)
{
    (void)epoch;
    struct named *named = context;
    const Esep__V1__JournalEntry *message = (const Esep__V1__JournalEntry *)unpacked(
        named, &esep__v1__journal_entry__descriptor, entry->bytes);
    if (message == NULL)
        return false;
    return message->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT ||
           add_report(named, message->report);
}

static bool add_draft(void *context, const char *obligation, struct esep_slice bytes)
{
    (void)obligation;
    struct named *named = context;
    const ProtobufCMessage *message = unpacked(named, &esep__v1__report__descriptor, bytes);
    return message != NULL && add_report(named, (const Esep__V1__Report *)message);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, ESEP_HASH_BYTES);
}

/* What was not sent yet stays, also where its entry has been let go of. */
static bool add_unsent(void *context, const struct journal_file *file)
{
    struct named *named = context;
    Esep__V1__AttachmentRef ref = ESEP__V1__ATTACHMENT_REF__INIT;
    Esep__V1__AttachmentRef *refs[] = {&ref};
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    ref.sha256 = esep_pb(file->file.sha256.bytes, ESEP_HASH_BYTES);
    report.attachments = refs;
    report.n_attachments = 1;
    return file->here || add_report(named, &report);
}

struct clearing {
    struct esep_blobs *files;
    const struct named *named;
    esep_time age;
    size_t removed;
};

static bool clear_one(void *context, const struct esep_blob *blob)
{
    struct clearing *c = context;
    if (c->named->count > 0 && bsearch(&blob->hash, c->named->hashes, c->named->count,
                                       sizeof *c->named->hashes, by_bytes) != NULL)
        return true;
    if (esep_blobs_remove(c->files, &blob->hash, c->age, NULL) == ESEP_OK)
        c->removed++;
    return true;
}

enum esep_status agent_files_clear(struct esep_blobs *files, struct journal *journal, esep_time age,
                                   size_t *ret_removed, struct esep_reason *reason)
{
    struct named named = {.status = ESEP_OK};
    struct clearing clearing = {.files = files, .named = &named, .age = age};
    size_t copies = 0;
    enum esep_status status = esep_arena_init(&named.arena, ENTRY_ARENA_BYTES);
    if (status == ESEP_OK)
        status = journal_walk(journal, add_entry, &named, reason);
    if (status == ESEP_OK && named.status == ESEP_OK)
        status = journal_drafts(journal, add_draft, &named, reason);
    if (status == ESEP_OK && named.status == ESEP_OK)
        status = journal_files(journal, add_unsent, &named, reason);
    if (status == ESEP_OK && named.status != ESEP_OK)
        status = esep_because(reason, named.status,
                              "the journal cannot be read through, so no old file is removed");
    if (status == ESEP_OK) {
        if (named.count > 0)
            qsort(named.hashes, named.count, sizeof *named.hashes, by_bytes);
        status = esep_blobs_list(files, clear_one, &clearing, reason);
    }
    if (status == ESEP_OK)
        status = esep_blobs_clear(files, age, &copies, reason);
    free(named.hashes);
    esep_arena_done(&named.arena);
    if (status == ESEP_OK)
        *ret_removed = clearing.removed + copies;
    return status;
}
