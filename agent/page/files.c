/* agent/page/files.c - the page's own files, opened when they are asked for; see page.h.
 *
 * What is not in the folder at the start is not there: no request ever names a path of the disk.
 * They stay on the disk and are sent from there, since this daemon is to be small; what they are
 * worth to a browser's cache is told by their inode, size and time.
 */
#include "agent/page/page.h"
#include "io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 256, PATH_BYTES = 120 };
#define FILE_BYTES_MAX ((off_t)8 << 20)

struct file {
    char path[PATH_BYTES]; /* "/app.js" */
    const char *type;
};
struct page_files {
    char folder[256];
    size_t count;
    struct file files[];
};

/* ESEP_LIMIT: more than a page has. */
static enum esep_status add(struct page_files **files, const char *path, struct esep_reason *reason)
{
    const char *type = esep_http_file_type(path);
    if (type == NULL)
        return ESEP_OK;
    if ((*files)->count == FILES_MAX || strlen(path) >= PATH_BYTES)
        return esep_because(reason, ESEP_LIMIT, "%.150s: more files than a page has", path);
    struct page_files *more =
        realloc(*files, sizeof **files + ((*files)->count + 1) * sizeof(struct file));
    if (more == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the page");
    *files = more;
    struct file *file = &more->files[more->count++];
    (void)snprintf(file->path, sizeof file->path, "%s", path);
    file->type = type;
    return ESEP_OK;
}

static const struct file *find(const struct page_files *files, const char *path)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->files[i].path, path) == 0)
            return &files->files[i];
    return NULL;
}

enum esep_status page_files_new(struct page_files **ret, const char *folder,
                                struct esep_reason *reason)
{
    struct page_files *files = calloc(1, sizeof *files);
    if (files == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the page");
    (void)snprintf(files->folder, sizeof files->folder, "%s", folder);
    char root[sizeof files->folder];
    (void)snprintf(root, sizeof root, "%s", folder);
    char *roots[] = {root, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    enum esep_status status = walk != NULL ? ESEP_OK : ESEP_NOMEM;
    for (FTSENT *entry; status == ESEP_OK && (entry = fts_read(walk)) != NULL;)
        if (entry->fts_info == FTS_F)
            status = add(&files, entry->fts_path + strlen(root), reason);
    if (walk != NULL)
        (void)fts_close(walk);
    if (status == ESEP_OK && find(files, "/index.html") == NULL)
        status =
            esep_because(reason, ESEP_NOT_FOUND, "%.180s: no page there: see page.files", folder);
    if (status != ESEP_OK) {
        page_files_free(files);
        return status;
    }
    *ret = files;
    return ESEP_OK;
}

void page_files_free(struct page_files *files)
{
    free(files);
}

/* -1: not there (any more), or no plain file. */
static int open_file(const struct page_files *files, const struct file *file, struct stat *ret)
{
    char path[sizeof files->folder + PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s%s", files->folder, file->path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 &&
        (fstat(fd, ret) != 0 || !S_ISREG(ret->st_mode) || ret->st_size > FILE_BYTES_MAX)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

void page_file(const struct page_call *call)
{
    const struct page_files *files = call->page->files;
    const char *path = esep_http_path(call->request);
    const char *seen = esep_http_header(call->request, "If-None-Match");
    const struct file *file = find(files, path);
    struct stat about;
    char etag[80];
    if (file == NULL && strchr(path, '.') == NULL) /* the page reads its own address */
        file = find(files, "/index.html");
    const int fd = file != NULL ? open_file(files, file, &about) : -1;
    if (fd < 0) {
        page_problem(call, 404, "not_found", NULL);
        return;
    }
    (void)snprintf(etag, sizeof etag, "\"%" PRIxMAX "-%" PRIxMAX "-%" PRIxMAX ".%lx\"",
                   (uintmax_t)about.st_ino, (uintmax_t)about.st_size,
                   (uintmax_t)about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
    const struct esep_http_field fields[] = {
        {"Content-Type", file->type}, {"ETag", etag}, {"Cache-Control", "no-cache"}};
    if (seen != NULL && strcmp(seen, etag) == 0) {
        (void)close(fd);
        page_answer(call, 304, fields, 3, esep_slice(NULL, 0));
        return;
    }
    esep_http_answer_file(call->request, 200, fields, 3, fd, (uint64_t)about.st_size);
}
