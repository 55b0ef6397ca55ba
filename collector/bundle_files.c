/* collector/bundle_files.c - see bundle_files.h. */
#include "collector/bundle_files.h"

#include "collector/file_walk.h"

#define STICK 0u /* the owner of its partial files */

enum esep_status bundle_files_open(struct bundle_files *ret,
                                   const struct collector_settings *settings, uint32_t office,
                                   struct esep_reason *reason)
{
    const struct esep_blobs_options options = {.quota_bytes = settings->files_bytes,
                                               .file_bytes_max = settings->file_bytes};
    *ret = (struct bundle_files){.settings = settings, .office = office};
    enum esep_status status = collector_state_open(&ret->state, settings, true, reason);
    if (status == ESEP_OK)
        status = esep_blobs_open(settings->files, &options, &ret->blobs, reason);
    const struct views_office *known =
        status == ESEP_OK ? views_office(ret->state.views, office) : NULL;
    if (known != NULL)
        ret->kept_bytes = known->evidence_bytes;
    return status;
}

void bundle_files_close(struct bundle_files *f)
{
    esep_blob_part_close(f->part);
    esep_blobs_close(f->blobs);
    collector_state_close(&f->state);
    *f = (struct bundle_files){0};
}

void bundle_files_refuse(struct bundle_files *f, const struct agent_file *file, const char *why)
{
    char name[2 * ESEP_HASH_BYTES + 1];
    esep_hex(file->sha256.bytes, ESEP_HASH_BYTES, name);
    if (f->refused++ == 0)
        (void)esep_because(&f->why, ESEP_INVALID, "%.12s... of %llu bytes: %.160s", name,
                           (unsigned long long)file->size_bytes, why);
    f->wanted = false;
}

static struct views_file name_of(const struct bundle_files *f, const struct agent_file *file)
{
    return (struct views_file){
        .office = f->office, .sha256 = file->sha256, .size_bytes = file->size_bytes};
}

/* As collector_file.c decides of an OFFER. */
static enum esep_status begin(struct bundle_files *f, const struct agent_file *file,
                              struct esep_reason *reason)
{
    const struct views_file name = name_of(f, file);
    struct collector_file_known known = {.named = false};
    struct esep_reason why = {""};
    const uint64_t quota = f->settings->office_files_bytes;
    enum esep_status status = collector_state_file(f->state.log, &name, &known);
    f->wanted = false;
    if (status != ESEP_OK)
        return esep_because(reason, status, "the store's rows about a file cannot be read");
    if (!known.named) {
        bundle_files_refuse(f, file, "no report of this office that was taken names it");
        return ESEP_OK;
    }
    f->wanted = true;
    if (collector_file_there(f->blobs, &name))
        return ESEP_OK; /* ingest reads it, and puts what is damaged away */
    if (!known.here && (f->kept_bytes > quota || file->size_bytes > quota - f->kept_bytes)) {
        bundle_files_refuse(f, file,
                            "with it this office's files would be more than are kept for "
                            "it (limits.office_files_bytes)");
        return ESEP_OK;
    }
    const struct esep_blob_key key = {
        .owner = STICK, .hash = file->sha256, .size = file->size_bytes};
    status = esep_blob_part_open(f->blobs, &key, &f->part, &why);
    if (status == ESEP_LIMIT || status == ESEP_AGAIN)
        bundle_files_refuse(f, file, why.text);
    else if (status != ESEP_OK && status != ESEP_CONFLICT)
        return esep_because(reason, status, "%.240s", why.text);
    if (status == ESEP_OK && !known.here)
        f->kept_bytes += file->size_bytes;
    return ESEP_OK;
}

enum esep_status bundle_files_piece(struct bundle_files *f, const struct agent_bundle_piece *piece,
                                    struct esep_reason *reason)
{
    enum esep_status status = ESEP_OK;
    if (piece->offset == 0)
        status = begin(f, &piece->file, reason);
    /* What an import that was broken off has brought need not be written again. */
    if (status == ESEP_OK && f->part != NULL && piece->offset >= esep_blob_part_length(f->part))
        status = esep_blob_part_append(f->part, piece->offset, piece->data, reason);
    return status;
}

enum esep_status bundle_files_end(struct bundle_files *f, const struct agent_bundle_piece *end,
                                  struct esep_reason *reason)
{
    struct esep_reason why = {""};
    enum esep_status status = ESEP_OK;
    if (f->part != NULL)
        status = esep_blob_part_finish(f->part, NULL, NULL, &why);
    esep_blob_part_close(f->part);
    f->part = NULL;
    if (status == ESEP_CORRUPT || status == ESEP_LIMIT) {
        bundle_files_refuse(f, &end->file, why.text);
        return ESEP_OK;
    }
    return status == ESEP_OK ? ESEP_OK : esep_because(reason, status, "%.240s", why.text);
}

bool bundle_files_logged(const struct bundle_files *f, const struct agent_file *file)
{
    const struct views_file name = name_of(f, file);
    struct collector_file_known known = {.named = false};
    return collector_state_file(f->state.log, &name, &known) == ESEP_OK && known.here &&
           collector_file_there(f->blobs, &name);
}
