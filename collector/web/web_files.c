/* collector/web/web_files.c - the page's files: read once at the start, and answered from memory.
 *
 * What is not in the folder at the start is not there: no request ever names a path of the disk. A
 * file whose kind is not in the table is not served. A path that is no file's is the page itself,
 * which then reads its own address: so a link into the page can be kept and sent.
 */
#include "collector/web/web.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILES_MAX = 512 };
#define FILE_BYTES_MAX ((size_t)4 << 20)
#define ALL_BYTES_MAX ((size_t)32 << 20)

struct file {
    char path[200]; /* "/app.js" */
    char etag[20];
    const char *type;
    struct esep_buf bytes;
};
struct web_files {
    size_t count;
    size_t bytes;
    struct file files[FILES_MAX];
};

static enum esep_status read_file(struct file *file, const char *from, struct esep_reason *reason)
{
    uint8_t block[65536];
    size_t got;
    FILE *in = fopen(from, "rbe");
    if (in == NULL)
        return esep_because(reason, ESEP_IO, "%.180s: %s", from, strerror(errno));
    enum esep_status status = ESEP_OK;
    esep_buf_init(&file->bytes, FILE_BYTES_MAX);
    while (status == ESEP_OK && (got = fread(block, 1, sizeof block, in)) > 0)
        status = esep_buf_put(&file->bytes, block, got);
    if (status == ESEP_OK && ferror(in) != 0)
        status = ESEP_IO;
    (void)fclose(in);
    if (status != ESEP_OK)
        return esep_because(reason, status, "%.180s: too large for a page's file, or unreadable",
                            from);
    const struct esep_hash hash = esep_sha256(esep_buf_slice(&file->bytes));
    char hex[17];
    esep_hex(hash.bytes, 8, hex);
    (void)snprintf(file->etag, sizeof file->etag, "\"%s\"", hex);
    return ESEP_OK;
}

static enum esep_status add(struct web_files *files, const char *from, const char *path,
                            struct esep_reason *reason)
{
    const char *type = esep_http_file_type(path);
    struct file *file = &files->files[files->count];
    if (type == NULL)
        return ESEP_OK;
    if (files->count == FILES_MAX || strlen(path) >= sizeof file->path)
        return esep_because(reason, ESEP_LIMIT, "%.180s: more files than a page has", from);
    (void)snprintf(file->path, sizeof file->path, "%s", path);
    file->type = type;
    const enum esep_status status = read_file(file, from, reason);
    files->count++;
    files->bytes += file->bytes.len;
    if (status == ESEP_OK && files->bytes > ALL_BYTES_MAX)
        return esep_because(reason, ESEP_LIMIT, "%.180s: more bytes than a page has", from);
    return status;
}

enum esep_status web_files_load(struct web_files **ret, const char *folder,
                                struct esep_reason *reason)
{
    char root[260];
    char *roots[] = {root, NULL};
    (void)snprintf(root, sizeof root, "%s", folder);
    struct web_files *files = calloc(1, sizeof *files);
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    enum esep_status status = files != NULL && walk != NULL ? ESEP_OK : ESEP_NOMEM;
    for (FTSENT *entry; status == ESEP_OK && (entry = fts_read(walk)) != NULL;) {
        if (entry->fts_info == FTS_F)
            status = add(files, entry->fts_path, entry->fts_path + strlen(root), reason);
        else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR ||
                 entry->fts_info == FTS_ERR)
            status = esep_because(reason, ESEP_NOT_FOUND, "%.180s: %s: see web.files",
                                  entry->fts_path, strerror(entry->fts_errno));
    }
    if (walk != NULL)
        (void)fts_close(walk);
    if (status != ESEP_OK) {
        web_files_free(files);
        return status;
    }
    *ret = files;
    return ESEP_OK;
}

void web_files_free(struct web_files *files)
{
    if (files == NULL)
        return;
    for (size_t i = 0; i < files->count; i++)
        esep_buf_done(&files->files[i].bytes);
    free(files);
}

static const struct file *find(const struct web_files *files, const char *path)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->files[i].path, path) == 0)
            return &files->files[i];
    }
    return NULL;
}

void web_file(const struct web_call *call)
{
    const char *path = esep_http_path(call->request);
    const char *seen = esep_http_header(call->request, "If-None-Match");
    const struct file *file = find(call->web->files, path);

    if (file == NULL && strchr(path, '.') == NULL)
        file = find(call->web->files, "/index.html");
    if (file == NULL) {
        web_problem(call->web, call->request, 404, NULL);
        return;
    }
    const struct esep_http_field fields[] = {
        {"Content-Type", file->type}, {"ETag", file->etag}, {"Cache-Control", "no-cache"}};
    if (seen != NULL && strcmp(seen, file->etag) == 0)
        web_answer(call->web, call->request, 304, fields, 3, esep_slice(NULL, 0));
    else
        web_answer(call->web, call->request, 200, fields, 3, esep_buf_slice(&file->bytes));
}
