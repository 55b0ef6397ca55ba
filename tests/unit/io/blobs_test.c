/* tests/unit/io/blobs_test.c - is a file under its name always whole, is what a partial calls
 * durable on the disk after any crash, and is everything that cannot be kept refused in words?
 */
#include "io/blobs.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)
static const struct esep_blobs_options ample = {.quota_bytes = 64 * MIB, .file_bytes_max = 8 * MIB};
static struct esep_reason reason;

/* The linker puts these in front of libc's: a sync can be made to fail. */
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
static int syncs_until_failure; /* 0: none fails */
static bool sync_fails(void)
{
    if (syncs_until_failure == 0 || --syncs_until_failure > 0)
        return false;
    errno = EIO;
    return true;
}
int __wrap_fsync(int fd)
{
    return sync_fails() ? -1 : __real_fsync(fd);
}
int __wrap_fdatasync(int fd)
{
    return sync_fails() ? -1 : __real_fdatasync(fd);
}

int __real_linkat(int from, const char *name, int to, const char *other, int flags);
int __wrap_linkat(int from, const char *name, int to, const char *other, int flags);
static bool two_disks;
int __wrap_linkat(int from, const char *name, int to, const char *other, int flags)
{
    if (!two_disks)
        return __real_linkat(from, name, to, other, flags);
    errno = EXDEV;
    return -1;
}

static struct esep_blobs *opened(void **state, const struct esep_blobs_options *options)
{
    char folder[512];
    struct esep_blobs *blobs = NULL;
    (void)snprintf(folder, sizeof(folder), "%s/files", (const char *)*state);
    assert_int_equal(esep_blobs_open(folder, options, &blobs, &reason), ESEP_OK);
    return blobs;
}

static void path_of(void **state, const char *name, char out[512])
{
    (void)snprintf(out, 512, "%s/%s", (const char *)*state, name);
}

/* The path of a whole file. */
static void path_of_hash(void **state, const struct esep_hash *hash, char out[512])
{
    char hex[65];
    esep_hex(hash->bytes, 32, hex);
    (void)snprintf(out, 512, "%s/files/%.2s/%s", (const char *)*state, hex, hex);
}

static void path_of_part(void **state, const struct esep_blob_key *key, char out[512])
{
    char hex[65];
    esep_hex(key->hash.bytes, 32, hex);
    (void)snprintf(out, 512, "%s/files/part/%u-%s-%llu", (const char *)*state, key->owner, hex,
                   (unsigned long long)key->size);
}

static void write_file(const char *path, const void *data, size_t len)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

static void flip(const char *path, off_t at)
{
    uint8_t byte = 0;
    assert_int_equal(chmod(path, 0600), 0);
    const int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    assert_int_equal(close(fd), 0);
}

static void make_old(const char *path, time_t seconds)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    const struct timespec times[2] = {{.tv_sec = info.st_mtim.tv_sec - seconds},
                                      {.tv_sec = info.st_mtim.tv_sec - seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void fill(uint8_t *out, size_t len, uint64_t seed)
{
    struct esep_prng prng = {.state = seed};
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)esep_prng_next(&prng);
}

static bool count_one(void *context, const struct esep_blob *blob)
{
    (void)blob;
    ++*(int *)context;
    return true;
}

static int listed(struct esep_blobs *blobs)
{
    int count = 0;
    assert_int_equal(esep_blobs_list(blobs, count_one, &count, &reason), ESEP_OK);
    return count;
}

static void test_what_is_put_is_there(void **state)
{
    static uint8_t bytes[150000], back[sizeof(bytes) + 8];
    char path[512], whole[512];
    struct stat info, again;
    struct esep_blob blob, other;
    uint64_t size = 0;
    size_t len = 0;
    struct esep_blobs *blobs = opened(state, &ample);
    fill(bytes, sizeof(bytes), 1);
    path_of(state, "scan.pdf", path);
    write_file(path, bytes, sizeof(bytes));
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_OK);
    const struct esep_hash hash = esep_sha256(esep_slice(bytes, sizeof(bytes)));
    assert_memory_equal(&blob.hash, &hash, sizeof(hash));
    assert_int_equal(blob.size, sizeof(bytes));
    path_of_hash(state, &hash, whole);
    assert_int_equal(stat(whole, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0400);
    assert_int_equal(esep_blobs_have(blobs, &hash, &size), ESEP_OK);
    assert_int_equal(size, sizeof(bytes));
    assert_int_equal(esep_blobs_check(blobs, &hash, &reason), ESEP_OK);
    assert_int_equal(esep_blobs_read(blobs, &hash, 0, back, sizeof(back), &len, &reason), ESEP_OK);
    assert_int_equal(len, sizeof(bytes));
    assert_memory_equal(back, bytes, len);
    assert_int_equal(esep_blobs_read(blobs, &hash, 149990, back, 100, &len, &reason), ESEP_OK);
    assert_int_equal(len, 10);
    assert_memory_equal(back, bytes + 149990, len);
    assert_int_equal(esep_blobs_read(blobs, &hash, 150001, back, 1, &len, &reason), ESEP_INVALID);
    assert_int_equal(esep_blobs_used(blobs), sizeof(bytes));
    /* The same once more: not written again, but touched. */
    make_old(whole, 1000);
    assert_int_equal(esep_blobs_remove(blobs, &hash, 2000 * ESEP_SECOND, &reason), ESEP_AGAIN);
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &other, &reason), ESEP_OK);
    assert_int_equal(stat(whole, &again), 0);
    assert_int_equal(again.st_ino, info.st_ino);
    assert_int_equal(esep_blobs_remove(blobs, &hash, 500 * ESEP_SECOND, &reason), ESEP_AGAIN);
    assert_int_equal(listed(blobs), 1);
    assert_int_equal(esep_blobs_used(blobs), sizeof(bytes));
    make_old(whole, 1000);
    assert_int_equal(esep_blobs_remove(blobs, &hash, 500 * ESEP_SECOND, &reason), ESEP_OK);
    assert_int_equal(esep_blobs_have(blobs, &hash, &size), ESEP_NOT_FOUND);
    assert_int_equal(esep_blobs_remove(blobs, &hash, 0, &reason), ESEP_NOT_FOUND);
    assert_int_equal(esep_blobs_used(blobs), 0);
    esep_blobs_close(blobs);
}

static void test_what_is_no_file_is_refused(void **state)
{
    char path[512], link[512];
    struct esep_blob blob;
    struct esep_blobs *blobs = opened(state, &ample);
    path_of(state, "a", path);
    path_of(state, "b", link);
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_NOT_FOUND);
    write_file(path, "text", 4);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(esep_blobs_put(blobs, link, NULL, &blob, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "symbolic link"));
    assert_int_equal(esep_blobs_put(blobs, *state, NULL, &blob, &reason), ESEP_INVALID);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(mkfifo(link, 0600), 0); /* nobody writes to it: must not be waited for */
    assert_int_equal(esep_blobs_put(blobs, link, NULL, &blob, &reason), ESEP_INVALID);
    write_file(path, "", 0);
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "empty"));
    /* Its length was not what was read: so is a file that grows meanwhile. */
    assert_int_equal(esep_blobs_put(blobs, "/proc/self/status", NULL, &blob, &reason), ESEP_AGAIN);
    esep_blobs_close(blobs);
}

static enum esep_status only_text(void *context, struct esep_slice content, struct esep_reason *why)
{
    ++*(int *)context;
    if (esep_slice_equal(content, esep_slice_str("text")))
        return ESEP_OK;
    return esep_because(why, ESEP_INVALID, "not wanted");
}

static void test_what_the_judge_refuses_is_nowhere(void **state)
{
    char path[512];
    struct esep_blob blob;
    int asked = 0;
    const struct esep_blobs_judge judge = {.judge = only_text, .context = &asked};
    struct esep_blobs *blobs = opened(state, &ample);
    path_of(state, "a", path);
    write_file(path, "verse", 5);
    assert_int_equal(esep_blobs_put(blobs, path, &judge, &blob, &reason), ESEP_INVALID);
    assert_string_equal(reason.text, "not wanted");
    assert_int_equal(listed(blobs), 0);
    assert_int_equal(esep_blobs_used(blobs), 0);
    write_file(path, "text", 4);
    assert_int_equal(esep_blobs_put(blobs, path, &judge, &blob, &reason), ESEP_OK);
    assert_int_equal(listed(blobs), 1);
    assert_int_equal(asked, 2);
    esep_blobs_close(blobs);
}

static void test_full_is_told_with_figures(void **state)
{
    static uint8_t bytes[5000];
    char path[512];
    struct esep_blob blob;
    struct esep_blob_part *part = NULL;
    const struct esep_blobs_options tight = {.quota_bytes = 9000, .file_bytes_max = 5000};
    struct esep_blobs *blobs = opened(state, &tight);
    path_of(state, "a", path);
    write_file(path, bytes, sizeof(bytes));
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_OK);
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_OK); /* adds nothing */
    bytes[0] = 1;
    write_file(path, bytes, sizeof(bytes));
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_LIMIT);
    assert_non_null(strstr(reason.text, "5000 of 9000"));
    struct esep_blob_key key = {.hash = esep_sha256(esep_slice(bytes, sizeof(bytes))),
                                .size = sizeof(bytes)};
    assert_int_equal(esep_blob_part_open(blobs, &key, &part, &reason), ESEP_LIMIT);
    key.size = 5001;
    assert_int_equal(esep_blob_part_open(blobs, &key, &part, &reason), ESEP_LIMIT);
    assert_non_null(strstr(reason.text, "too large"));
    key.size = 4000; /* announced, so it counts, though nothing of it is there */
    assert_int_equal(esep_blob_part_open(blobs, &key, &part, &reason), ESEP_OK);
    esep_blob_part_close(part);
    assert_int_equal(esep_blobs_used(blobs), 9000);
    esep_blobs_limit(blobs, 20000, 4999);
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_LIMIT);
    assert_non_null(strstr(reason.text, "5000"));
    const int fd = open(path, O_RDONLY);
    assert_int_equal(esep_blobs_put_fd(blobs, fd, NULL, &blob, &reason), ESEP_LIMIT);
    assert_int_equal(close(fd), 0);
    esep_blobs_close(blobs);
    blobs = opened(state, &tight); /* no copy was left, and the announced is counted again */
    assert_int_equal(esep_blobs_used(blobs), 9000);
    esep_blobs_close(blobs);
}

static void test_a_full_disk_is_told(void **state)
{
    static uint8_t bytes[200000];
    char path[512];
    struct esep_blob blob;
    struct rlimit old;
    struct esep_blobs *blobs = opened(state, &ample);
    struct esep_blob_key key = {.hash = esep_sha256(esep_slice(bytes, sizeof(bytes))),
                                .size = sizeof(bytes)};
    struct esep_blob_part *part = NULL;
    path_of(state, "a", path);
    write_file(path, bytes, sizeof(bytes));
    assert_int_equal(esep_blob_part_open(blobs, &key, &part, &reason), ESEP_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    const struct rlimit tight = {.rlim_cur = 100000, .rlim_max = old.rlim_max};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const enum esep_status put = esep_blobs_put(blobs, path, NULL, &blob, &reason);
    const enum esep_status append =
        esep_blob_part_append(part, 0, esep_slice(bytes, 4096), &reason);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(put, ESEP_LIMIT);
    assert_int_equal(append, ESEP_LIMIT); /* its record lies behind the file's end */
    assert_non_null(strstr(reason.text, "make room"));
    esep_blob_part_close(part);
    assert_int_equal(esep_blob_part_open(blobs, &key, &part, &reason), ESEP_OK);
    assert_int_equal(esep_blob_part_durable(part), 0);
    esep_blob_part_close(part);
    assert_int_equal(listed(blobs), 0);
    esep_blobs_close(blobs);
}

/* A bit flipped on the disk is found by looking, and the next put of the same mends it. */
static void test_a_flipped_bit_is_found_and_mended(void **state)
{
    static uint8_t bytes[70000];
    char path[512], whole[512];
    struct esep_blob blob;
    struct esep_blobs *blobs = opened(state, &ample);
    fill(bytes, sizeof(bytes), 2);
    path_of(state, "a", path);
    write_file(path, bytes, sizeof(bytes));
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_OK);
    path_of_hash(state, &blob.hash, whole);
    flip(whole, 66000);
    assert_int_equal(esep_blobs_check(blobs, &blob.hash, &reason), ESEP_CORRUPT);
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_OK);
    assert_int_equal(esep_blobs_check(blobs, &blob.hash, &reason), ESEP_OK);
    assert_int_equal(esep_blobs_used(blobs), sizeof(bytes));
    esep_blobs_close(blobs);
}

static void test_planted_links_lead_nowhere(void **state)
{
    char path[512], place[512], target[512], folder[512];
    char text[8] = "";
    struct esep_blob blob;
    struct esep_blob_part *part = NULL;
    uint64_t size = 0;
    size_t len = 0;
    int fd = -1;
    struct stat info;
    struct esep_blobs *blobs = opened(state, &ample);
    path_of(state, "a", path);
    path_of(state, "victim", target);
    write_file(path, "evidence", 8);
    write_file(target, "secret", 6);
    const struct esep_hash hash = esep_sha256(esep_slice("evidence", 8));
    path_of_hash(state, &hash, place);
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(place, '/') - place), place);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(symlink(target, place), 0);
    assert_int_equal(esep_blobs_have(blobs, &hash, &size), ESEP_CORRUPT);
    assert_int_equal(esep_blobs_fd(blobs, &hash, &fd, &size, &reason), ESEP_CORRUPT);
    assert_int_equal(esep_blobs_read(blobs, &hash, 0, text, 8, &len, &reason), ESEP_CORRUPT);
    assert_int_equal(listed(blobs), 0);
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason),
                     ESEP_OK); /* takes its place */
    assert_int_equal(lstat(place, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_int_equal(esep_blobs_remove(blobs, &hash, 0, &reason), ESEP_OK);
    /* In place of the folder. */
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(symlink((const char *)*state, folder), 0);
    assert_int_equal(esep_blobs_have(blobs, &hash, &size), ESEP_CORRUPT);
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_CORRUPT);
    assert_int_equal(listed(blobs), 0);
    assert_int_equal(unlink(folder), 0);
    /* In place of a partial file. */
    const struct esep_blob_key key = {.owner = 7, .hash = hash, .size = 8};
    path_of_part(state, &key, place);
    assert_int_equal(symlink(target, place), 0);
    assert_int_equal(esep_blob_part_open(blobs, &key, &part, &reason), ESEP_CORRUPT);
    assert_int_equal(listed(blobs), 0);
    assert_int_equal(esep_blobs_used(blobs), 0);
    fd = open(target, O_RDONLY);
    assert_int_equal(read(fd, text, sizeof(text)), 6);
    assert_memory_equal(text, "secret", 6);
    assert_int_equal(close(fd), 0);
    esep_blobs_close(blobs);
}

static void test_who_may_open_it(void **state)
{
    static const struct esep_blobs_options looking = {
        .quota_bytes = MIB, .file_bytes_max = MIB, .read_only = true};
    char folder[512], path[512];
    struct esep_blob blob;
    struct esep_blobs *blobs = NULL, *reader = NULL;
    uint64_t size = 0;
    path_of(state, "files", folder);
    assert_int_equal(esep_blobs_open(folder, &looking, &reader, &reason), ESEP_NOT_FOUND);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(esep_blobs_open(folder, &looking, &reader, &reason), ESEP_OK);
    blobs = opened(state, &ample);
    path_of(state, "a", path);
    write_file(path, "evidence", 8);
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_OK);
    assert_int_equal(esep_blobs_have(reader, &blob.hash, &size), ESEP_OK);
    esep_blobs_close(reader);
    esep_blobs_close(blobs);
    assert_int_equal(chmod(folder, 0500), 0);
    assert_int_equal(esep_blobs_open(folder, &ample, &blobs, &reason), ESEP_DENIED);
    assert_non_null(strstr(reason.text, "read-only"));
    assert_int_equal(esep_blobs_open(folder, &looking, &reader, &reason), ESEP_OK);
    esep_blobs_close(reader);
    assert_int_equal(chmod(folder, 0700), 0);
    char deep[512];
    path_of(state, "no/such/folder", deep);
    assert_int_equal(esep_blobs_open(deep, &ample, &blobs, &reason), ESEP_NOT_FOUND);
    assert_int_equal(esep_blobs_open(path, &ample, &blobs, &reason), ESEP_INVALID);
}

static void test_a_failed_sync_promises_nothing(void **state)
{
    static uint8_t bytes[3000];
    char path[512], place[512];
    struct esep_blob blob;
    struct esep_blob_part *part = NULL;
    uint64_t size = 0;
    size_t removed = 0;
    struct esep_blobs *blobs = opened(state, &ample);
    path_of(state, "a", path);
    fill(bytes, sizeof(bytes), 3);
    write_file(path, bytes, sizeof(bytes));
    const struct esep_blob_key key = {.hash = esep_sha256(esep_slice(bytes, sizeof(bytes))),
                                      .size = sizeof(bytes)};
    syncs_until_failure = 1; /* of the copy itself */
    assert_int_equal(esep_blobs_put(blobs, path, NULL, &blob, &reason), ESEP_IO);
    assert_int_equal(esep_blobs_have(blobs, &key.hash, &size), ESEP_NOT_FOUND);
    path_of_part(state, &key, place);
    for (int number = 1; number <= 6; number++) {
        /* Of the new name, of the pieces, of the whole without records, of the three folders. */
        enum esep_status status = ESEP_OK;
        syncs_until_failure = number;
        status = esep_blob_part_open(blobs, &key, &part, &reason);
        if (status == ESEP_OK) {
            assert_int_equal(esep_blob_part_append(part, 0, esep_slice(bytes, 3000), &reason),
                             ESEP_OK);
            status = esep_blob_part_sync(part, &reason);
            assert_int_equal(esep_blob_part_durable(part), status == ESEP_OK ? 3000 : 0);
            if (status == ESEP_OK)
                status = esep_blob_part_finish(part, NULL, NULL, &reason);
            esep_blob_part_close(part);
        }
        assert_int_equal(syncs_until_failure, 0);
        assert_int_equal(status, ESEP_IO);
        assert_int_equal(access(place, F_OK), number == 4 ? 0 : -1);
        if (number == 4) /* it goes on from there */
            assert_int_equal(esep_blobs_clear(blobs, 0, &removed, &reason), ESEP_OK);
        if (number >= 5) /* it had its name already, which may not be on the disk */
            assert_int_equal(esep_blobs_remove(blobs, &key.hash, 0, &reason), ESEP_OK);
        assert_int_equal(esep_blobs_used(blobs), 0);
    }
    esep_blobs_close(blobs);
}

/* From store to store: by a second name or as a copy, read whole either way, and nothing twice. */
static void copy_round(void **state, bool apart)
{
    static uint8_t content[200000];
    char folder[512], path[512], other_path[1100];
    struct esep_blobs *from = opened(state, &ample), *to = NULL;
    struct esep_blob blob;
    struct stat one, other;
    bool fresh = false;
    two_disks = apart;
    fill(content, sizeof(content), apart);
    path_of(state, "original", path);
    write_file(path, content, sizeof(content));
    assert_int_equal(esep_blobs_put(from, path, NULL, &blob, &reason), ESEP_OK);
    path_of(state, apart ? "apart" : "beside", folder);
    assert_int_equal(esep_blobs_open(folder, &ample, &to, &reason), ESEP_OK);
    assert_int_equal(esep_blobs_copy(to, from, &blob.hash, &fresh, &reason), ESEP_OK);
    assert_true(fresh);
    assert_int_equal(esep_blobs_check(to, &blob.hash, &reason), ESEP_OK);
    path_of_hash(state, &blob.hash, path);
    (void)snprintf(other_path, sizeof(other_path), "%s%s", folder, strstr(path, "/files/") + 6);
    assert_int_equal(stat(path, &one), 0);
    assert_int_equal(stat(other_path, &other), 0);
    assert_int_equal(one.st_ino == other.st_ino, !apart);
    assert_int_equal(other.st_mode & 07777, 0400);
    assert_int_equal(esep_blobs_copy(to, from, &blob.hash, &fresh, &reason), ESEP_OK);
    assert_false(fresh);
    if (apart) { /* damaged there, it is replaced; with one name for both there is nothing to mend
                  */
        flip(other_path, 100000);
        assert_int_equal(esep_blobs_copy(to, from, &blob.hash, &fresh, &reason), ESEP_OK);
        assert_true(fresh);
        assert_int_equal(esep_blobs_check(to, &blob.hash, &reason), ESEP_OK);
    }
    assert_int_equal(esep_blobs_remove(to, &blob.hash, 0, &reason), ESEP_OK);
    flip(path, 100000);
    assert_int_equal(esep_blobs_copy(to, from, &blob.hash, &fresh, &reason), ESEP_CORRUPT);
    assert_int_equal(esep_blobs_remove(from, &blob.hash, 0, &reason), ESEP_OK);
    assert_int_equal(esep_blobs_copy(to, from, &blob.hash, &fresh, &reason), ESEP_NOT_FOUND);
    uint64_t size = 0;
    assert_int_equal(esep_blobs_look(to, &blob.hash, &size), ESEP_NOT_FOUND);
    /* Nothing is left under a passing name. */
    (void)snprintf(other_path, sizeof(other_path), "%s/part", folder);
    assert_int_equal(rmdir(other_path), 0);
    esep_blobs_close(from);
    esep_blobs_close(to);
    two_disks = false;
}

static void test_from_store_to_store(void **state)
{
    copy_round(state, false);
    copy_round(state, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_what_is_put_is_there),
        unit_test_in_folder(test_what_is_no_file_is_refused),
        unit_test_in_folder(test_what_the_judge_refuses_is_nowhere),
        unit_test_in_folder(test_full_is_told_with_figures),
        unit_test_in_folder(test_a_full_disk_is_told),
        unit_test_in_folder(test_a_flipped_bit_is_found_and_mended),
        unit_test_in_folder(test_planted_links_lead_nowhere),
        unit_test_in_folder(test_who_may_open_it),
        unit_test_in_folder(test_a_failed_sync_promises_nothing),
        unit_test_in_folder(test_from_store_to_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
