/* tests/unit/io/blobs_part_test.c - does a file that comes in pieces go on where it broke off,
 * after any crash, and is one that comes wrong found, with the piece that is wrong?
 */
#include "io/blobs.h"
#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 4096
#define SIZE (10 * PIECE + 100) /* eleven pieces, the last one short */
#define PIECES 11
static const struct esep_blobs_options ample = {.quota_bytes = 1 << 24, .file_bytes_max = 1 << 22};
static struct esep_reason reason;
static uint8_t bytes[SIZE];
static struct esep_blob_key key;

static struct esep_blobs *opened(void **state)
{
    char folder[512];
    struct esep_blobs *blobs = NULL;
    struct esep_prng prng = {.state = 7};
    (void)snprintf(folder, sizeof(folder), "%s/files", (const char *)*state);
    assert_int_equal(esep_blobs_open(folder, &ample, &blobs, &reason), ESEP_OK);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)esep_prng_next(&prng);
    key = (struct esep_blob_key){
        .owner = 7, .hash = esep_sha256(esep_slice(bytes, SIZE)), .size = SIZE};
    return blobs;
}

static void path_of_part(void **state, char out[512])
{
    char hex[65];
    esep_hex(key.hash.bytes, 32, hex);
    (void)snprintf(out, 512, "%s/files/part/%u-%s-%llu", (const char *)*state, key.owner, hex,
                   (unsigned long long)key.size);
}

static struct esep_blob_part *part_of(struct esep_blobs *blobs)
{
    struct esep_blob_part *part = NULL;
    assert_int_equal(esep_blob_part_open(blobs, &key, &part, &reason), ESEP_OK);
    return part;
}

/* Pieces from where the part stands up to before number `end`. */
static void grow(struct esep_blob_part *part, const uint8_t *from, size_t end)
{
    for (size_t at = esep_blob_part_length(part); at < SIZE && at < end * PIECE; at += PIECE) {
        const size_t len = SIZE - at < PIECE ? SIZE - at : PIECE;
        assert_int_equal(esep_blob_part_append(part, at, esep_slice(from + at, len), &reason),
                         ESEP_OK);
    }
}

static size_t load(const char *path, uint8_t *out, size_t room)
{
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    const ssize_t len = read(fd, out, room);
    assert_true(len >= 0 && (size_t)len < room);
    assert_int_equal(close(fd), 0);
    return (size_t)len;
}

static void save(const char *path, const uint8_t *data, size_t len)
{
    const int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

static void test_it_goes_on_where_it_broke_off(void **state)
{
    struct esep_blobs *blobs = opened(state);
    struct esep_blob_part *part = part_of(blobs), *second = NULL;
    uint64_t size = 0;
    assert_int_equal(esep_blob_part_open(blobs, &key, &second, &reason), ESEP_AGAIN);
    const struct esep_slice piece = esep_slice(bytes, PIECE);
    assert_int_equal(esep_blob_part_append(part, 1, piece, &reason), ESEP_INVALID);
    assert_int_equal(esep_blob_part_append(part, 0, esep_slice(bytes, 1023), &reason),
                     ESEP_INVALID);
    assert_int_equal(esep_blob_part_append(part, 0, esep_slice(bytes, 0), &reason), ESEP_INVALID);
    grow(part, bytes, 4);
    assert_int_equal(esep_blob_part_durable(part), 0);
    assert_int_equal(esep_blob_part_sync(part, &reason), ESEP_OK);
    assert_int_equal(esep_blob_part_durable(part), 4 * PIECE);
    assert_int_equal(esep_blob_part_append(part, 0, piece, &reason), ESEP_INVALID);
    esep_blob_part_close(part);
    esep_blobs_close(blobs); /* and another process */
    blobs = opened(state);
    assert_int_equal(esep_blobs_used(blobs), SIZE);
    part = part_of(blobs);
    assert_int_equal(esep_blob_part_durable(part), 4 * PIECE);
    assert_int_equal(esep_blob_part_length(part), 4 * PIECE);
    grow(part, bytes, PIECES);
    assert_int_equal(esep_blob_part_append(part, SIZE, piece, &reason), ESEP_INVALID);
    assert_int_equal(esep_blobs_have(blobs, &key.hash, &size), ESEP_NOT_FOUND);
    assert_int_equal(esep_blob_part_finish(part, NULL, NULL, &reason), ESEP_OK);
    esep_blob_part_close(part);
    assert_int_equal(esep_blobs_have(blobs, &key.hash, &size), ESEP_OK);
    assert_int_equal(size, SIZE);
    assert_int_equal(esep_blobs_check(blobs, &key.hash, &reason), ESEP_OK);
    assert_int_equal(esep_blob_part_open(blobs, &key, &part, &reason), ESEP_CONFLICT);
    assert_int_equal(esep_blobs_used(blobs), SIZE);
    esep_blobs_close(blobs);
}

/* Any part of what was written since the last sync may be on the disk, sector by sector, and the
 * file's length may be the old or the new one. */
static void test_a_power_cut_takes_nothing_durable(void **state)
{
    static uint8_t before[2 * SIZE], after[2 * SIZE], image[2 * SIZE];
    char path[512];
    struct esep_blobs *blobs = opened(state);
    struct esep_blob_part *part = part_of(blobs);
    struct esep_prng prng = {.state = 11};
    path_of_part(state, path);
    grow(part, bytes, 3);
    assert_int_equal(esep_blob_part_sync(part, &reason), ESEP_OK);
    const size_t old_len = load(path, before, sizeof(before));
    grow(part, bytes, 8);
    const size_t new_len = load(path, after, sizeof(after));
    esep_blob_part_close(part);
    memset(before + old_len, 0, sizeof(before) - old_len);
    assert_true(new_len > old_len);
    for (int round = 0; round < 200; round++) {
        const size_t len = esep_prng_below(&prng, 2) == 0 ? new_len : old_len;
        const uint64_t part_of_all = esep_prng_below(&prng, 5); /* none, some, all sectors */
        for (size_t at = 0; at < len; at += 512)
            memcpy(image + at, esep_prng_below(&prng, 4) < part_of_all ? after + at : before + at,
                   512);
        save(path, image, len);
        part = part_of(blobs);
        const uint64_t durable = esep_blob_part_durable(part);
        assert_true(durable >= 3 * PIECE && durable <= 8 * PIECE && durable % PIECE == 0);
        assert_int_equal(esep_blob_part_length(part), durable);
        load(path, image, sizeof(image));
        assert_memory_equal(image, bytes, durable);
        grow(part, bytes, 9);
        esep_blob_part_close(part);
    }
    part = part_of(blobs);
    grow(part, bytes, PIECES);
    assert_int_equal(esep_blob_part_finish(part, NULL, NULL, &reason), ESEP_OK);
    esep_blob_part_close(part);
    esep_blobs_close(blobs);
}

/* Cut off anywhere, or with one bit flipped anywhere: what is before it is kept, nothing else. */
static void test_a_torn_partial_keeps_what_is_sound(void **state)
{
    static uint8_t sound[2 * SIZE], image[2 * SIZE];
    char path[512];
    struct esep_blobs *blobs = opened(state);
    struct esep_blob_part *part = part_of(blobs);
    struct esep_prng prng = {.state = 13};
    path_of_part(state, path);
    grow(part, bytes, 9);
    assert_int_equal(esep_blob_part_sync(part, &reason), ESEP_OK);
    esep_blob_part_close(part);
    const size_t len = load(path, sound, sizeof(sound));
    const size_t records = len - (size_t)9 * 40; /* 8 bytes of end, 32 of hash */
    for (int round = 0; round < 300; round++) {
        const size_t at = esep_prng_below(&prng, len);
        size_t most = 9;
        memcpy(image, sound, len);
        if (round % 3 == 0) {
            most = at < records ? 0 : (at - records) / 40;
            save(path, image, at);
        } else {
            image[at] ^= (uint8_t)(1 << esep_prng_below(&prng, 8));
            if (at < (size_t)9 * PIECE)
                most = at / PIECE;
            else if (at >= records)
                most = (at - records) / 40;
            save(path, image, len);
        }
        part = part_of(blobs);
        assert_int_equal(esep_blob_part_durable(part), most * PIECE);
        esep_blob_part_close(part);
    }
    save(path, sound, len);
    esep_blobs_close(blobs);
}

static void test_a_crash_before_the_name(void **state)
{
    char path[512];
    struct esep_blobs *blobs = opened(state);
    struct esep_blob_part *part = part_of(blobs);
    path_of_part(state, path);
    esep_blob_part_close(part);
    save(path, bytes, SIZE); /* the records are off, the name is not given */
    part = part_of(blobs);
    assert_int_equal(esep_blob_part_durable(part), SIZE);
    assert_int_equal(esep_blob_part_finish(part, NULL, NULL, &reason), ESEP_OK);
    esep_blob_part_close(part);
    assert_int_equal(esep_blobs_check(blobs, &key.hash, &reason), ESEP_OK);
    assert_int_equal(esep_blobs_remove(blobs, &key.hash, 0, &reason), ESEP_OK);
    part = part_of(blobs);
    esep_blob_part_close(part);
    bytes[77] ^= 1;
    save(path, bytes, SIZE); /* as long, but not the file */
    part = part_of(blobs);
    assert_int_equal(esep_blob_part_durable(part), 0);
    esep_blob_part_close(part);
    esep_blobs_close(blobs);
}

static void test_another_file_than_announced(void **state)
{
    static uint8_t wrong[SIZE];
    struct esep_hash hashes[PIECES];
    struct esep_blob_pieces pieces = {.bytes = PIECE, .count = PIECES, .hashes = hashes};
    size_t piece = 0;
    uint64_t size = 0;
    struct esep_blobs *blobs = opened(state);
    struct esep_blob_part *part = part_of(blobs);
    for (size_t i = 0; i < PIECES; i++)
        hashes[i] =
            esep_sha256(esep_slice(bytes + i * PIECE, i + 1 < PIECES ? PIECE : SIZE - i * PIECE));
    memcpy(wrong, bytes, SIZE);
    wrong[6 * PIECE + 5] ^= 1;
    wrong[8 * PIECE + 5] ^= 1;
    grow(part, wrong, PIECES);
    assert_int_equal(esep_blob_part_finish(part, &pieces, &piece, &reason), ESEP_INVALID);
    assert_int_equal(piece, 6);
    assert_non_null(strstr(reason.text, "24576"));
    assert_int_equal(esep_blob_part_length(part), 6 * PIECE);
    assert_int_equal(esep_blob_part_durable(part), 6 * PIECE);
    grow(part, wrong, 6);
    assert_int_equal(esep_blob_part_append(part, (uint64_t)6 * PIECE,
                                           esep_slice(bytes + (size_t)6 * PIECE, PIECE), &reason),
                     ESEP_OK);
    grow(part, wrong, PIECES);
    assert_int_equal(esep_blob_part_finish(part, &pieces, &piece, &reason), ESEP_INVALID);
    assert_int_equal(piece, 8);
    grow(part, wrong, PIECES); /* nobody says which: it comes again from the start */
    assert_int_equal(esep_blob_part_finish(part, NULL, &piece, &reason), ESEP_INVALID);
    assert_true(piece == ESEP_BLOB_PIECE_NONE);
    assert_int_equal(esep_blob_part_durable(part), 0);
    hashes[8] = esep_sha256(esep_slice(wrong + (size_t)8 * PIECE, PIECE));
    hashes[6] = esep_sha256(esep_slice(wrong + (size_t)6 * PIECE, PIECE));
    grow(part, wrong, PIECES); /* the pieces are as their list says, but it lists another file */
    assert_int_equal(esep_blob_part_finish(part, &pieces, &piece, &reason), ESEP_INVALID);
    assert_true(piece == ESEP_BLOB_PIECE_NONE);
    assert_int_equal(esep_blob_part_durable(part), 0);
    assert_int_equal(esep_blobs_have(blobs, &key.hash, &size), ESEP_NOT_FOUND);
    grow(part, bytes, PIECES);
    assert_int_equal(esep_blob_part_finish(part, NULL, NULL, &reason), ESEP_OK);
    esep_blob_part_close(part);
    esep_blobs_close(blobs);
}

static void test_our_own_disk_is_blamed(void **state)
{
    char path[512];
    struct esep_hash hashes[6];
    const struct esep_blob_pieces pieces = {.bytes = 2 * PIECE, .count = 6, .hashes = hashes};
    size_t piece = 0;
    struct esep_blobs *blobs = opened(state);
    struct esep_blob_part *part = part_of(blobs);
    for (size_t i = 0; i < 6; i++)
        hashes[i] = esep_sha256(
            esep_slice(bytes + i * 2 * PIECE, i < 5 ? (size_t)2 * PIECE : SIZE - 10 * PIECE));
    grow(part, bytes, PIECES);
    assert_int_equal(esep_blob_part_sync(part, &reason), ESEP_OK);
    path_of_part(state, path);
    const int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "\1\2\3", 3, (off_t)5 * PIECE + 8), 3);
    assert_int_equal(close(fd), 0);
    assert_int_equal(esep_blob_part_finish(part, &pieces, &piece, &reason), ESEP_CORRUPT);
    assert_int_equal(piece, 2);
    assert_int_equal(esep_blob_part_durable(part), 5 * PIECE);
    grow(part, bytes, PIECES);
    assert_int_equal(esep_blob_part_finish(part, &pieces, &piece, &reason), ESEP_OK);
    esep_blob_part_close(part);
    assert_int_equal(esep_blobs_check(blobs, &key.hash, &reason), ESEP_OK);
    esep_blobs_close(blobs);
}

static void test_owners_do_not_meet(void **state)
{
    struct esep_blobs *blobs = opened(state);
    struct esep_blob_part *mine = part_of(blobs);
    grow(mine, bytes, 2);
    key.owner = 8;
    struct esep_blob_part *theirs = part_of(blobs);
    assert_int_equal(esep_blob_part_length(theirs), 0);
    assert_int_equal(esep_blobs_used(blobs), 2 * SIZE);
    grow(theirs, bytes, PIECES);
    assert_int_equal(esep_blob_part_finish(theirs, NULL, NULL, &reason), ESEP_OK);
    grow(mine, bytes, PIECES);
    assert_int_equal(esep_blob_part_finish(mine, NULL, NULL, &reason), ESEP_OK);
    esep_blob_part_close(mine);
    esep_blob_part_close(theirs);
    assert_int_equal(esep_blobs_used(blobs), SIZE);
    esep_blobs_close(blobs);
    blobs = opened(state);
    assert_int_equal(esep_blobs_used(blobs), SIZE);
    esep_blobs_close(blobs);
}

/* Old ones go; what somebody holds, what is fresh, and what is not ours, stays. */
static void test_leftovers_are_cleared(void **state)
{
    static const struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
    char path[512], wreck[512], other[512];
    size_t removed = 9;
    struct esep_blobs *blobs = opened(state);
    struct esep_blob_part *part = part_of(blobs);
    path_of_part(state, path);
    (void)snprintf(wreck, sizeof(wreck), "%s/files/part/put.0011223344556677",
                   (const char *)*state);
    (void)snprintf(other, sizeof(other), "%s/files/part/of somebody else", (const char *)*state);
    grow(part, bytes, 2);
    const char *const made[] = {wreck, other};
    for (size_t i = 0; i < 2; i++) {
        const int fd = open(made[i], O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0);
        assert_int_equal(close(fd), 0);
    }
    const int busy = open(wreck, O_RDONLY);
    assert_int_equal(flock(busy, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    assert_int_equal(esep_blobs_clear(blobs, ESEP_HOUR, &removed, &reason), ESEP_OK);
    assert_int_equal(removed, 0);
    esep_blob_part_close(part);
    assert_int_equal(close(busy), 0);
    assert_int_equal(esep_blobs_clear(blobs, ESEP_HOUR, &removed, &reason), ESEP_OK);
    assert_int_equal(removed, 2);
    assert_int_equal(access(other, F_OK), 0);
    assert_int_equal(esep_blobs_used(blobs), 0);
    part = part_of(blobs);
    assert_int_equal(esep_blob_part_length(part), 0);
    esep_blob_part_close(part);
    assert_int_equal(esep_blobs_clear(blobs, ESEP_HOUR, &removed, &reason), ESEP_OK);
    assert_int_equal(removed, 0);
    assert_int_equal(access(path, F_OK), 0);
    esep_blobs_close(blobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_it_goes_on_where_it_broke_off),
        unit_test_in_folder(test_a_power_cut_takes_nothing_durable),
        unit_test_in_folder(test_a_torn_partial_keeps_what_is_sound),
        unit_test_in_folder(test_a_crash_before_the_name),
        unit_test_in_folder(test_another_file_than_announced),
        unit_test_in_folder(test_our_own_disk_is_blamed),
        unit_test_in_folder(test_owners_do_not_meet),
        unit_test_in_folder(test_leftovers_are_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
