/* tests/unit/collector_shell/archive_test.c - is an archive refused that is not, to the last bit,
 * what the log key signed? Does it hold no more than its head announces, open with no other key,
 * and leave nothing behind where it is not finished? */
#include "../io/unit.h"
#include "collector/archive_internal.h"
#include "collector/backup.h"

#include <fcntl.h>
#include <sys/stat.h>

#define STORE_BYTES 40
#define SMALL_BYTES (ARCHIVE_HEAD_BYTES + 3 * ARCHIVE_RECORD_BYTES + STORE_BYTES + 5 + 17 + 64)

struct world {
    struct esep_sign_key log;
    struct esep_box_key recipient;
    struct archive_head head;
    struct archive_signer signer;
    size_t signed_statements;
    char path[300];
};

static enum esep_status sign(void *context, struct esep_slice statement,
                             uint8_t ret_signature[ESEP_SIGNATURE_BYTES],
                             struct esep_reason *reason)
{
    struct world *w = context;
    (void)reason;
    w->signed_statements++;
    esep_sign(&w->log, statement, ret_signature);
    return ESEP_OK;
}

static void begin(struct world *w, void **state)
{
    static const uint8_t seed[2][32] = {{1}, {2}};
    *w = (struct world){.signer = {.sign = sign, .context = w}};
    assert_int_equal(esep_crypto_init(), ESEP_OK);
    esep_sign_key_from_seed(&w->log, seed[0]);
    esep_box_key_from_seed(&w->recipient, seed[1]);
    w->head = (struct archive_head){.log_id = {{3}},
                                    .entries = 12,
                                    .root = {{4}},
                                    .made_at = 5,
                                    .store_bytes = STORE_BYTES,
                                    .files_bytes = 5,
                                    .files = 1};
    memcpy(w->head.log_key, w->log.public, ESEP_KEY_BYTES);
    memcpy(w->head.recipient, w->recipient.public, ESEP_KEY_BYTES);
    (void)snprintf(w->path, sizeof w->path, "%s/archive", (const char *)*state);
}

static void put(struct archive_writer *writer, enum archive_kind kind, const void *data, size_t len)
{
    const struct archive_record record = {.kind = kind,
                                          .size = len,
                                          .sha256 = kind == ARCHIVE_FILE
                                                        ? esep_sha256(esep_slice(data, len))
                                                        : (struct esep_hash){{0}}};
    assert_int_equal(archive_begin(writer, &record, NULL), ESEP_OK);
    assert_int_equal(archive_put(writer, esep_slice(data, len), NULL), ESEP_OK);
}

static void write_small(struct world *w)
{
    uint8_t store[STORE_BYTES];
    struct archive_writer *writer = NULL;
    memset(store, 7, sizeof store);
    assert_int_equal(archive_create(&writer, w->path, &w->head, &w->signer, NULL), ESEP_OK);
    put(writer, ARCHIVE_STORE, store, sizeof store);
    put(writer, ARCHIVE_FILE, "hello", 5);
    assert_int_equal(archive_finish(writer, NULL), ESEP_OK);
    archive_writer_free(writer);
}

/* Reads it all; what was read is added to `hash`. */
static enum esep_status read_all(const struct world *w, const struct esep_box_key *key,
                                 struct esep_hash *ret_hash, struct esep_reason *reason)
{
    static uint8_t piece[5000];
    struct archive_reader *reader = NULL;
    struct archive_record record = {.kind = ARCHIVE_STORE};
    struct esep_hashing hashing;
    esep_hashing_init(&hashing);
    enum esep_status status = archive_open(&reader, w->path, w->log.public, reason);
    if (status == ESEP_OK)
        status = archive_unlock(reader, key, reason);
    while (status == ESEP_OK && record.kind != ARCHIVE_END) {
        size_t len = 1;
        status = archive_next(reader, &record, reason);
        while (status == ESEP_OK && len > 0) {
            status = archive_get(reader, piece, sizeof piece, &len, reason);
            esep_hashing_add(&hashing, esep_slice(piece, len));
        }
    }
    archive_reader_free(reader);
    *ret_hash = esep_hashing_done(&hashing);
    return status;
}

static enum esep_status try_all(const struct world *w)
{
    struct esep_hash hash;
    struct esep_reason reason = {""};
    const enum esep_status status = read_all(w, &w->recipient, &hash, &reason);
    if (status != ESEP_OK) /* and it says why, in whole words */
        assert_true(strlen(reason.text) > 20);
    return status;
}

static size_t load(const char *path, uint8_t *out, size_t room)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t len = fread(out, 1, room, file);
    assert_int_equal(fclose(file), 0);
    return len;
}

static void save(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void what_goes_in_comes_out(void **state)
{
    struct world w;
    uint8_t bytes[SMALL_BYTES + 1];
    uint8_t whole[STORE_BYTES + 6];
    struct esep_hash hash;
    begin(&w, state);
    write_small(&w);
    memset(whole, 7, STORE_BYTES);
    (void)snprintf((char *)whole + STORE_BYTES, 6, "hello");
    const struct esep_hash expected = esep_sha256(esep_slice(whole, sizeof whole - 1));
    assert_int_equal(read_all(&w, &w.recipient, &hash, NULL), ESEP_OK);
    assert_true(esep_hash_equal(&hash, &expected));
    assert_int_equal(load(w.path, bytes, sizeof bytes), SMALL_BYTES);
    assert_int_equal(w.signed_statements, 2);
    struct stat info;
    assert_int_equal(stat(w.path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void chunks_join_at_every_length(void **state)
{
    /* Around the places where a chunk is full: the record's head stands in it, too. */
    static const size_t sizes[] = {ARCHIVE_CHUNK_BYTES - 2 * ARCHIVE_RECORD_BYTES - 1,
                                   ARCHIVE_CHUNK_BYTES - 2 * ARCHIVE_RECORD_BYTES,
                                   ARCHIVE_CHUNK_BYTES - 2 * ARCHIVE_RECORD_BYTES + 1,
                                   ARCHIVE_CHUNK_BYTES - ARCHIVE_RECORD_BYTES,
                                   ARCHIVE_CHUNK_BYTES,
                                   3 * ARCHIVE_CHUNK_BYTES - ARCHIVE_RECORD_BYTES};
    struct world w;
    uint8_t *store = malloc(3 * ARCHIVE_CHUNK_BYTES);
    assert_non_null(store);
    for (size_t i = 0; i < 3 * ARCHIVE_CHUNK_BYTES; i++)
        store[i] = (uint8_t)(i * 31 >> 3);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct archive_writer *writer = NULL;
        struct esep_hash hash;
        const struct esep_hash expected = esep_sha256(esep_slice(store, sizes[i]));
        begin(&w, state);
        w.head.store_bytes = sizes[i];
        (void)snprintf(w.path, sizeof w.path, "%s/%zu", (const char *)*state, i);
        assert_int_equal(archive_create(&writer, w.path, &w.head, &w.signer, NULL), ESEP_OK);
        put(writer, ARCHIVE_STORE, store, sizes[i]);
        assert_int_equal(archive_finish(writer, NULL), ESEP_OK);
        archive_writer_free(writer);
        assert_int_equal(read_all(&w, &w.recipient, &hash, NULL), ESEP_OK);
        assert_true(esep_hash_equal(&hash, &expected));
    }
    free(store);
}

static void every_flipped_bit_is_refused(void **state)
{
    struct world w;
    uint8_t bytes[SMALL_BYTES];
    begin(&w, state);
    write_small(&w);
    assert_int_equal(load(w.path, bytes, sizeof bytes), sizeof bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        const uint8_t mask = (uint8_t)(1u << bit % 8);
        bytes[bit / 8] ^= mask;
        save(w.path, bytes, sizeof bytes);
        bytes[bit / 8] ^= mask;
        struct archive_reader *reader = NULL; /* before anything looks into it */
        if (archive_open(&reader, w.path, w.log.public, NULL) == ESEP_OK)
            fail_msg("bit %zu of byte %zu is not covered", bit % 8, bit / 8);
        assert_int_not_equal(try_all(&w), ESEP_OK);
    }
    save(w.path, bytes, sizeof bytes);
    assert_int_equal(try_all(&w), ESEP_OK);
}

static void every_truncation_and_every_tail_is_refused(void **state)
{
    struct world w;
    uint8_t bytes[SMALL_BYTES + 64] = {0};
    begin(&w, state);
    write_small(&w);
    assert_int_equal(load(w.path, bytes, sizeof bytes), SMALL_BYTES);
    for (size_t len = 0; len < sizeof bytes; len++) {
        save(w.path, bytes, len);
        const enum esep_status status = try_all(&w);
        if ((status == ESEP_OK) != (len == SMALL_BYTES))
            fail_msg("%zu bytes of %d: %s", len, SMALL_BYTES, esep_status_name(status));
    }
}

static void chunks_in_another_order_are_refused(void **state)
{
    struct world w;
    const size_t len = 3 * ARCHIVE_CHUNK_BYTES;
    const size_t chunk = ARCHIVE_CHUNK_SEALED;
    uint8_t *bytes = calloc(2, 4 * ARCHIVE_CHUNK_BYTES);
    struct archive_writer *writer = NULL;
    assert_non_null(bytes);
    begin(&w, state);
    w.head.store_bytes = len;
    assert_int_equal(archive_create(&writer, w.path, &w.head, &w.signer, NULL), ESEP_OK);
    put(writer, ARCHIVE_STORE, bytes, len);
    assert_int_equal(archive_finish(writer, NULL), ESEP_OK);
    archive_writer_free(writer);
    assert_int_equal(try_all(&w), ESEP_OK);
    const size_t whole = load(w.path, bytes, 8 * ARCHIVE_CHUNK_BYTES);
    uint8_t *first = bytes + ARCHIVE_HEAD_BYTES;
    uint8_t *kept = malloc(chunk);
    assert_non_null(kept);
    memcpy(kept, first, chunk);
    memmove(first, first + chunk, chunk);
    memcpy(first + chunk, kept, chunk);
    save(w.path, bytes, whole);
    assert_int_equal(try_all(&w), ESEP_INVALID);
    free(kept);
    free(bytes);
}

static void another_key_opens_nothing(void **state)
{
    struct world w;
    struct world other;
    struct esep_hash hash;
    struct archive_reader *reader = NULL;
    struct esep_box_key key;
    static const uint8_t seed[32] = {9};
    begin(&w, state);
    begin(&other, state);
    write_small(&w);
    esep_box_key_from_seed(&key, seed);
    assert_int_equal(read_all(&w, &key, &hash, NULL), ESEP_DENIED);
    esep_sign_key_from_seed(&other.log, seed);
    assert_int_equal(archive_open(&reader, w.path, other.log.public, NULL), ESEP_DENIED);
    assert_null(reader);
    /* Who has the recipient's key alone can make an archive, and cannot sign it. */
    assert_int_equal(remove(w.path), 0);
    memcpy(other.head.log_key, w.log.public, ESEP_KEY_BYTES);
    write_small(&other);
    assert_int_equal(archive_open(&reader, w.path, w.log.public, NULL), ESEP_INVALID);
}

/* An archive that is signed, and lies all the same: more than its head announces is not unpacked.
 */
static void a_head_bounds_its_records(void **state)
{
    static const struct {
        uint64_t store_bytes, files_bytes, files;
    } lies[] = {
        {STORE_BYTES - 1, 5, 1}, {STORE_BYTES + 1, 5, 1}, {STORE_BYTES, 4, 1}, {STORE_BYTES, 5, 0}};
    struct world w;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        begin(&w, state);
        w.head.store_bytes = lies[i].store_bytes;
        w.head.files_bytes = lies[i].files_bytes;
        w.head.files = lies[i].files;
        write_small(&w);
        assert_int_equal(try_all(&w), ESEP_INVALID);
        assert_int_equal(remove(w.path), 0);
    }
}

static void records_out_of_order_are_refused(void **state)
{
    static const enum archive_kind orders[][3] = {
        {ARCHIVE_FILE, ARCHIVE_STORE, ARCHIVE_FILE},
        {ARCHIVE_STORE, ARCHIVE_STORE, ARCHIVE_FILE},
        {ARCHIVE_END, ARCHIVE_STORE, ARCHIVE_FILE},
        {ARCHIVE_STORE, ARCHIVE_END, ARCHIVE_FILE},
        {ARCHIVE_STORE, (enum archive_kind)7, ARCHIVE_FILE},
    };
    struct world w;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct archive_writer *writer = NULL;
        begin(&w, state);
        w.head.store_bytes = 5;
        w.head.files_bytes = 10;
        w.head.files = 2;
        assert_int_equal(archive_create(&writer, w.path, &w.head, &w.signer, NULL), ESEP_OK);
        for (size_t k = 0; k < 3; k++)
            put(writer, orders[i][k], "hello", orders[i][k] == ARCHIVE_END ? 0 : 5);
        assert_int_equal(archive_finish(writer, NULL), ESEP_OK);
        archive_writer_free(writer);
        assert_int_equal(try_all(&w), ESEP_INVALID);
        assert_int_equal(remove(w.path), 0);
    }
}

static enum esep_status do_not_sign(void *context, struct esep_slice statement,
                                    uint8_t ret_signature[ESEP_SIGNATURE_BYTES],
                                    struct esep_reason *reason)
{
    (void)context, (void)statement, (void)ret_signature;
    return esep_because(reason, ESEP_DENIED, "not this one");
}

static void what_is_not_finished_leaves_nothing(void **state)
{
    struct world w;
    struct archive_writer *writer = NULL;
    char part[320];
    begin(&w, state);
    (void)snprintf(part, sizeof part, "%s.part", w.path);
    assert_int_equal(archive_create(&writer, w.path, &w.head, &w.signer, NULL), ESEP_OK);
    assert_int_equal(access(part, F_OK), 0);
    assert_int_not_equal(access(w.path, F_OK), 0);
    archive_writer_free(writer);
    assert_int_not_equal(access(part, F_OK), 0);
    const struct archive_signer none = {.sign = do_not_sign};
    assert_int_equal(archive_create(&writer, w.path, &w.head, &none, NULL), ESEP_DENIED);
    assert_int_not_equal(access(part, F_OK), 0);
    write_small(&w);
    assert_int_equal(archive_create(&writer, w.path, &w.head, &w.signer, NULL), ESEP_CONFLICT);
    assert_int_equal(try_all(&w), ESEP_OK);
    archive_writer_free(NULL);
    archive_reader_free(NULL);
}

/* What its head announces must fit before anything is unpacked, whoever signed it. */
static void a_backup_larger_than_the_disk_is_refused(void **state)
{
    static const struct {
        uint64_t store_bytes, files_bytes;
        enum esep_status expected;
    } cases[] = {{4096, 4096, ESEP_OK},
                 {1u << 30, 0, ESEP_LIMIT}, /* than the store's map */
                 {4096, UINT64_C(1) << 60, ESEP_LIMIT},
                 {4096, UINT64_MAX, ESEP_LIMIT},
                 {UINT64_MAX, UINT64_MAX, ESEP_LIMIT}};
    char store[300];
    char files[300];
    (void)snprintf(store, sizeof store, "%s/store", (const char *)*state);
    (void)snprintf(files, sizeof files, "%s/files", (const char *)*state);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct archive_head head = {.store_bytes = cases[i].store_bytes,
                                          .files_bytes = cases[i].files_bytes};
        struct esep_reason reason = {""};
        assert_int_equal(backup_room(&head, 1u << 20, store, files, &reason), cases[i].expected);
        assert_int_equal(reason.text[0] != '\0', cases[i].expected != ESEP_OK);
    }
}

/* Into folders, and into nothing: the same store, the same files, each once. */
static void what_is_unpacked_is_what_was_packed(void **state)
{
    struct world w;
    struct archive_writer *writer = NULL;
    struct esep_blobs *blobs = NULL;
    uint8_t *store = malloc(200000);
    uint8_t bytes[16];
    char path[400];
    const struct esep_blobs_options read_only = {.read_only = true};
    assert_non_null(store);
    memset(store, 9, 200000);
    begin(&w, state);
    w.head.store_bytes = 200000;
    w.head.files_bytes = 15;
    w.head.files = 3;
    assert_int_equal(archive_create(&writer, w.path, &w.head, &w.signer, NULL), ESEP_OK);
    put(writer, ARCHIVE_STORE, store, 200000);
    put(writer, ARCHIVE_FILE, "hello", 5);
    put(writer, ARCHIVE_FILE, "world", 5);
    put(writer, ARCHIVE_FILE, "hello", 5); /* of another office */
    assert_int_equal(archive_finish(writer, NULL), ESEP_OK);
    archive_writer_free(writer);
    for (int into = 0; into < 2; into++) {
        struct archive_reader *reader = NULL;
        uint64_t files = 0;
        char folder[300];
        (void)snprintf(folder, sizeof folder, "%s/unpacked", (const char *)*state);
        (void)snprintf(path, sizeof path, "%s/files", (const char *)*state);
        assert_int_equal(archive_open(&reader, w.path, w.log.public, NULL), ESEP_OK);
        assert_int_equal(archive_unlock(reader, &w.recipient, NULL), ESEP_OK);
        assert_int_equal(
            backup_unpack(reader, into ? folder : NULL, into ? path : NULL, &files, NULL), ESEP_OK);
        assert_int_equal(files, 3);
        assert_int_equal(access(folder, F_OK) == 0, into);
        archive_reader_free(reader);
    }
    const struct esep_hash world = esep_sha256(esep_slice("world", 5));
    size_t got = 0;
    assert_int_equal(esep_blobs_open(path, &read_only, &blobs, NULL), ESEP_OK);
    assert_int_equal(esep_blobs_read(blobs, &world, 0, bytes, sizeof bytes, &got, NULL), ESEP_OK);
    assert_int_equal(got, 5);
    assert_memory_equal(bytes, "world", 5);
    esep_blobs_close(blobs);
    (void)snprintf(path, sizeof path, "%s/unpacked/data.mdb", (const char *)*state);
    uint8_t *back = malloc(200001);
    assert_non_null(back);
    assert_int_equal(load(path, back, 200001), 200000);
    assert_memory_equal(back, store, 200000);
    free(back);
    free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(what_goes_in_comes_out),
        unit_test_in_folder(chunks_join_at_every_length),
        unit_test_in_folder(every_flipped_bit_is_refused),
        unit_test_in_folder(every_truncation_and_every_tail_is_refused),
        unit_test_in_folder(chunks_in_another_order_are_refused),
        unit_test_in_folder(another_key_opens_nothing),
        unit_test_in_folder(a_head_bounds_its_records),
        unit_test_in_folder(records_out_of_order_are_refused),
        unit_test_in_folder(what_is_not_finished_leaves_nothing),
        unit_test_in_folder(a_backup_larger_than_the_disk_is_refused),
        unit_test_in_folder(what_is_unpacked_is_what_was_packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
