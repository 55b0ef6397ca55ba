/* agent/bundle_export.c - see bundle_export.h. */
#include "agent/bundle_export.h"

#include "agent/attach.h"
#include "agent/bundle.h"
#include "io/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FILES_MAX 65536u
#define PROGRESS_BYTES ((uint64_t)16 << 20)

/* The bundle is written as it grows, into a draft that takes its name only when it is whole. */
struct export
{
    struct agent_desk *desk;
    const struct agent_export *how;
    struct agent_exported *done;
    struct agent_bundle bundle;
    struct esep_buf out;
    struct esep_blobs *blobs; /* NULL: there are none */
    struct agent_file *files; /* that go along */
    size_t room;
    int fd;
    enum esep_status status;
    struct esep_reason *reason;
};

static enum esep_status drain(struct export *x)
{
    size_t at = 0;
    while (at < x->out.len) {
        ssize_t put = write(x->fd, x->out.data + at, x->out.len - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return esep_because(x->reason, errno == ENOSPC ? ESEP_LIMIT : ESEP_IO,
                                "the bundle cannot be written: %s", strerror(errno));
        at += (size_t)put;
    }
    esep_buf_clear(&x->out);
    return ESEP_OK;
}

static bool add_entry(void *context, const struct agent_entry *entry)
{
    struct export *x = context;
    if (entry->seq > x->bundle.commitment.seq)
        return false; /* written after the head was signed */
    x->status = agent_bundle_add(&x->bundle, entry, 1, &x->out);
    if (x->status == ESEP_OK)
        x->status = drain(x);
    return x->status == ESEP_OK;
}

/* Which files go along. They are counted in one go, and read afterwards: no transaction of the
 * journal stays open meanwhile. */
struct choice {
    struct export *x;
    const struct agent_journal *held;
    uint64_t seen;
    bool full;
};

static bool choose(void *context, const struct journal_file *file)
{
    struct choice *c = context;
    struct export *x = c->x;
    struct agent_exported *done = x->done;
    const bool named =
        file->epoch != c->held->epoch || file->seq <= c->held->last_seq; /* by what goes along */
    if (file->here || !named || c->seen++ < x->how->files_skip)
        return true;
    c->full = c->full || file->file.size_bytes > x->how->files_bytes - done->file_bytes ||
              done->files == FILES_MAX;
    if (c->full) {
        done->files_left++;
        done->bytes_left += file->file.size_bytes;
        return true;
    }
    if (done->files == x->room) {
        const size_t room = x->room == 0 ? 64 : 2 * x->room;
        struct agent_file *more = realloc(x->files, room * sizeof *more);
        if (more == NULL) {
            x->status = esep_because(x->reason, ESEP_NOMEM, "no memory for the list of files");
            return false;
        }
        x->files = more;
        x->room = room;
    }
    x->files[done->files++] = file->file;
    done->file_bytes += file->file.size_bytes;
    return true;
}

/* What is damaged, or not there, stays at home. */
static void leave_out_damaged(struct export *x)
{
    struct agent_exported *done = x->done;
    uint64_t kept = 0;
    for (uint64_t i = 0; i < done->files; i++) {
        uint64_t size = 0;
        const struct agent_file *f = &x->files[i];
        if (esep_blobs_look(x->blobs, &f->sha256, &size) == ESEP_OK && size == f->size_bytes &&
            esep_blobs_check(x->blobs, &f->sha256, NULL) == ESEP_OK) {
            x->files[kept++] = *f;
            continue;
        }
        done->files_damaged++;
        done->file_bytes -= f->size_bytes;
    }
    done->files = kept;
}

static enum esep_status choose_files(struct export *x, const struct agent_journal *held)
{
    struct choice c = {.x = x, .held = held};
    if (x->how->files_bytes == 0)
        return ESEP_OK;
    enum esep_status status = agent_files_open(x->desk->settings, true, &x->blobs, x->reason);
    if (status == ESEP_NOT_FOUND)
        return ESEP_OK;
    if (status == ESEP_OK)
        status = journal_files(&x->desk->journal, choose, &c, x->reason);
    if (status == ESEP_OK)
        status = x->status;
    if (status != ESEP_OK)
        return status;
    x->done->files_next = x->how->files_skip + x->done->files;
    leave_out_damaged(x);
    return ESEP_OK;
}

/* Files go under a head of entries: where none waits, the last one goes once more. */
static uint64_t first_entry(const struct export *x, const struct agent_journal *held)
{
    if (x->how->all)
        return held->oldest_seq;
    return held->receipted_seq == held->last_seq && x->done->files > 0 ? held->last_seq
                                                                       : held->receipted_seq + 1;
}

static enum esep_status begin(struct export *x)
{
    struct agent_desk *desk = x->desk;
    struct agent_journal held;
    struct esep_log_keys keys;
    struct agent_bundle_request request = {.log_id = desk->identity.log_id,
                                           .sign_key = desk->sign_key,
                                           .made_at = agent_desk_now(desk)};
    esep_random(request.salt, sizeof request.salt);
    enum esep_status status = journal_load(&desk->journal, &held, x->reason);
    if (status == ESEP_OK)
        status = choose_files(x, &held);
    if (status != ESEP_OK)
        return status;
    request.first_seq = first_entry(x, &held);
    if (request.first_seq > held.last_seq || request.first_seq < held.oldest_seq)
        return esep_because(x->reason, ESEP_NOT_FOUND,
                            x->how->all ? "the journal holds no entries"
                                        : "every entry has its receipt already; --all takes them "
                                          "all the same");
    const struct agent_head head = {.office = desk->identity.office,
                                    .epoch = held.epoch,
                                    .seq = held.last_seq,
                                    .hash = held.head};
    agent_head_commit(&head, &desk->identity.log_id, &desk->sign_key, request.made_at,
                      held.checkpoint_size, &held.checkpoint_root, &request.commitment);
    memcpy(request.seal_public, desk->settings->seal_key, ESEP_KEY_BYTES);
    request.mail_through = held.mail_through;
    request.tree_generation = held.tree.generation;
    request.tree_size = held.tree.frontier.size;
    if (held.cosigned_generation == held.tree.generation)
        request.cosigned_size = held.cosigned_size;
    if (held.proven_generation == held.tree.generation)
        request.proven_size = held.proven_size;
    esep_log_keys_hold(&keys, desk->settings->log_key, &held.log_keys);
    request.log_key = esep_log_key_hint(esep_log_keys_newest(&keys));
    request.files = x->done->files;
    request.file_bytes = x->done->file_bytes;
    x->done->first_seq = request.first_seq;
    x->done->through_seq = held.last_seq;
    status = agent_bundle_begin(&x->bundle, &request, &x->out);
    esep_wipe(&request, sizeof request);
    return status == ESEP_OK ? drain(x)
                             : esep_because(x->reason, status, "the bundle cannot be made");
}

static enum esep_status add_file(struct export *x, const struct agent_file *file)
{
    static uint8_t piece[AGENT_BUNDLE_PIECE_BYTES];
    enum esep_status status = ESEP_OK;
    for (uint64_t at = 0; status == ESEP_OK && at < file->size_bytes;) {
        size_t len = 0;
        status = esep_blobs_read(x->blobs, &file->sha256, at, piece, sizeof piece, &len, x->reason);
        if (status == ESEP_OK)
            status = agent_bundle_add_piece(&x->bundle, file, esep_slice(piece, len), &x->out);
        if (status == ESEP_INVALID)
            (void)esep_because(x->reason, status, "a file changed while it was read");
        if (status == ESEP_OK)
            status = drain(x);
        at += len;
        if (isatty(STDERR_FILENO) && (at % PROGRESS_BYTES < sizeof piece || at == file->size_bytes))
            (void)fprintf(stderr, "\rfiles: %llu MB to go ",
                          (unsigned long long)(x->bundle.file_bytes >> 20));
    }
    return status;
}

static enum esep_status add_files(struct export *x)
{
    enum esep_status status = ESEP_OK;
    for (uint64_t i = 0; status == ESEP_OK && i < x->done->files; i++)
        status = add_file(x, &x->files[i]);
    if (x->done->files > 0 && isatty(STDERR_FILENO))
        (void)fputc('\n', stderr);
    return status;
}

static enum esep_status write_all(struct export *x)
{
    enum esep_status status = begin(x);
    if (status == ESEP_OK)
        status = journal_entries(&x->desk->journal, 0, x->done->first_seq, add_entry, x, x->reason);
    if (status == ESEP_OK)
        status = x->status;
    if (status == ESEP_OK)
        status = add_files(x);
    if (status == ESEP_OK && !agent_bundle_complete(&x->bundle))
        status =
            esep_because(x->reason, ESEP_CORRUPT, "the journal lacks entries of its own chain");
    return status;
}

static enum esep_status export_to(struct export *x, const char *file)
{
    char draft[512];
    int len = snprintf(draft, sizeof draft, "%s.new", file);
    if (len < 0 || len >= (int)sizeof draft)
        return esep_because(x->reason, ESEP_INVALID, "the file's name is too long");
    x->fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (x->fd < 0)
        return esep_because(x->reason, ESEP_LIMIT, "cannot create %.150s: %s", draft,
                            strerror(errno));
    enum esep_status status = write_all(x);
    if (status == ESEP_OK && fsync(x->fd) != 0)
        status = esep_because(x->reason, ESEP_IO, "%.150s: %s", draft, strerror(errno));
    if (close(x->fd) != 0 && status == ESEP_OK)
        status = esep_because(x->reason, ESEP_IO, "%.150s: %s", draft, strerror(errno));
    if (status == ESEP_OK && rename(draft, file) != 0)
        status = esep_because(x->reason, ESEP_IO, "%.150s: %s", file, strerror(errno));
    if (status != ESEP_OK)
        (void)unlink(draft);
    else if (!esep_folder_sync_above(file))
        status = esep_because(x->reason, ESEP_IO, "%.150s: its folder could not be synced: %s",
                              file, strerror(errno));
    return status;
}

enum esep_status agent_bundle_export(struct agent_desk *desk, const struct agent_export *how,
                                     struct agent_exported *ret, struct esep_reason *reason)
{
    struct export x = {.desk = desk, .how = how, .done = ret, .fd = -1, .reason = reason};
    *ret = (struct agent_exported){0};
    esep_buf_init(&x.out, (size_t)4 << 20);
    const enum esep_status status = export_to(&x, how->file);
    agent_bundle_done(&x.bundle);
    esep_blobs_close(x.blobs);
    free(x.files);
    esep_buf_done(&x.out);
    return status;
}
