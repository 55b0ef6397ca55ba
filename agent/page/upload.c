/* agent/page/upload.c - a file on its way from the browser into the office's store; see page.h.
 *
 * The body goes straight to a nameless file on the disk, whatever its size, and never stands in
 * memory. Whether it is a file that is taken, its content decides (domain/media.h); judging,
 * copying and syncing it take as long as the disk, and so a thread does that, with a store of its
 * own opened, while the uplink and the page go on. What is refused leaves nothing behind; what was
 * taken and is never named by a draft or a report is cleared after a day (attach.h).
 */
#include "agent/attach.h"
#include "agent/page/page.h"
#include "io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define UPLOADS_MAX 4
#define STACK_BYTES ((size_t)256 << 10)

struct upload {
    struct page *page;
    struct upload *next;
    int fd; /* of the nameless file; -1: as many as may be are under way */
    int error;
    char name[256];
    struct page_call call; /* from when the body is whole */
    struct agent_settings settings;
    bool working; /* the thread has it: what follows is its own until it rings */
    pthread_t thread;
    struct esep_wakeup *bell;
    enum esep_status status;
    struct esep_reason reason;
    struct agent_attachment made;
};

static void put(void *context, struct esep_slice bytes)
{
    struct upload *upload = context;
    while (bytes.len > 0 && upload->fd >= 0 && upload->error == 0) {
        const ssize_t n = write(upload->fd, bytes.data, bytes.len);
        if (n < 0 && errno != EINTR)
            upload->error = errno;
        else if (n > 0)
            bytes = esep_slice(bytes.data + n, bytes.len - (size_t)n);
    }
}

static void gone(void *context)
{
    struct upload *upload = context;
    struct upload **at = &upload->page->uploads;
    ESEP_ASSERT(!upload->working);
    while (*at != upload)
        at = &(*at)->next;
    *at = upload->next;
    if (upload->fd >= 0)
        (void)close(upload->fd);
    esep_wakeup_free(upload->bell);
    free(upload);
}

static unsigned open_uploads(const struct page *page)
{
    unsigned count = 0;
    for (const struct upload *u = page->uploads; u != NULL; u = u->next)
        count += u->fd >= 0;
    return count;
}

/* Nameless: a crash leaves nothing of it. */
static int open_nameless(const struct page *page)
{
    int fd = open(page->journal, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/upload.XXXXXX", page->journal);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            (void)unlink(path);
    }
    return fd;
}

bool page_upload_head(const struct page_call *call, struct esep_http_sink *ret)
{
    struct page *page = call->page;
    struct upload *upload = calloc(1, sizeof *upload);
    if (upload == NULL)
        return false;
    const bool room = open_uploads(page) < UPLOADS_MAX;
    *upload = (struct upload){.page = page, .next = page->uploads, .fd = -1};
    if (room) {
        upload->fd = open_nameless(page);
        upload->error = upload->fd < 0 ? errno : 0;
    }
    page->uploads = upload;
    *ret = (struct esep_http_sink){
        .bytes_max = ESEP_MEDIA_FILE_BYTES_MAX, .put = put, .gone = gone, .context = upload};
    return true;
}

static void *work(void *context)
{
    struct upload *upload = context;
    struct esep_blobs *files = NULL;
    upload->status = agent_files_open(&upload->settings, false, &files, &upload->reason);
    if (upload->status == ESEP_OK && lseek(upload->fd, 0, SEEK_SET) != 0)
        upload->status = esep_because(&upload->reason, ESEP_IO, "%s", strerror(errno));
    if (upload->status == ESEP_OK)
        upload->status =
            agent_attach_fd(files, upload->fd, upload->name, &upload->made, &upload->reason);
    esep_blobs_close(files);
    esep_wakeup_ring(upload->bell);
    return NULL;
}

static void answer(const struct upload *upload)
{
    const struct page_call *call = &upload->call;
    const struct agent_attachment *made = &upload->made;
    char hex[2 * ESEP_HASH_BYTES + 1];
    switch (upload->status) {
    case ESEP_OK:
        esep_hex(made->blob.hash.bytes, ESEP_HASH_BYTES, hex);
        page_answer_json(call, 201, NULL,
                         json_pack("{s:s, s:s, s:I, s:s}", "name", made->name, "media_type",
                                   made->media_type, "size_bytes", (json_int_t)made->blob.size,
                                   "sha256", hex));
        return;
    case ESEP_INVALID:
        page_problem(call, 415, "refused_type", upload->reason.text);
        return;
    case ESEP_LIMIT:
        page_problem(call, 507, "quota", upload->reason.text);
        return;
    default:
        esep_log(ESEP_LOG_WARNING, "upload-failed", "%s", upload->reason.text);
        page_problem(call, 503, "unavailable", upload->reason.text);
    }
}

static void join(struct upload *upload)
{
    (void)pthread_join(upload->thread, NULL);
    upload->working = false;
}

static void on_bell(void *context)
{
    struct upload *upload = context;
    join(upload);
    answer(upload); /* which ends it */
}

static enum esep_status start(struct upload *upload, struct esep_reason *reason)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    enum esep_status status =
        esep_wakeup_new(&upload->bell, upload->page->run->loop, on_bell, upload, reason);
    if (status != ESEP_OK)
        return status;
    if (pthread_attr_init(&attributes) != 0)
        return esep_because(reason, ESEP_NOMEM, "no memory for a thread");
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
    upload->working = pthread_create(&upload->thread, &attributes, work, upload) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return upload->working ? ESEP_OK : esep_because(reason, ESEP_NOMEM, "no thread to be had");
}

void page_upload(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct upload *upload = esep_http_sink_context(call->request);
    const char *name = esep_http_query(call->request, "name");
    if (upload == NULL || (upload->fd < 0 && upload->error == 0)) {
        page_problem(call, 503, "busy", "as many files as this daemon takes at once");
        return;
    }
    if (upload->error != 0) {
        const bool full = upload->error == ENOSPC || upload->error == EDQUOT;
        page_problem(call, full ? 507 : 503, full ? "quota" : "unavailable",
                     strerror(upload->error));
        return;
    }
    if (name == NULL || name[0] == 0 || strlen(name) >= sizeof upload->name) {
        page_problem(call, 400, "invalid", "name: of 1 to 255 bytes");
        return;
    }
    (void)snprintf(upload->name, sizeof upload->name, "%s", name);
    upload->call = *call;
    upload->settings = *call->page->run->settings; /* a reload may take these away */
    const enum esep_status status = start(upload, &reason);
    if (status != ESEP_OK)
        page_failed(call, status, &reason);
}

void page_uploads_end(struct page *page)
{
    for (struct upload *u = page->uploads; u != NULL; u = u->next)
        if (u->working)
            join(u);
}
