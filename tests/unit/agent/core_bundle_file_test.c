/* tests/unit/agent/core_bundle_file_test.c - files on a stick: do they come back as they went, and
 * is one that is cut, changed, out of order or not what its name says found out?
 */
#include "agent/bundle.h"
#include "core_world.h"

#include <stdlib.h>

#define TEST(name) static void name(void **state)
#define PIECE ((size_t)AGENT_BUNDLE_PIECE_BYTES)
#define FILES 4

static const size_t sizes[FILES] = {1, PIECE, PIECE + 1, 3 * PIECE + 77};
static uint8_t content[FILES][3 * PIECE + 77];

static struct agent_file file_of(size_t i)
{
    for (size_t k = 0; k < sizes[i]; k++)
        content[i][k] = (uint8_t)(k * 7 + i + (k >> 8));
    return (struct agent_file){esep_sha256(esep_slice(content[i], sizes[i])), sizes[i]};
}

static struct agent_bundle_request request_of(const struct world *w)
{
    struct agent_bundle_request r = {.log_id = w->model.log_id,
                                     .sign_key = w->office_key,
                                     .first_seq = 1,
                                     .made_at = w->now,
                                     .files = FILES,
                                     .salt = {7}};
    memcpy(r.seal_public, w->model.seal_key.public, ESEP_KEY_BYTES);
    const struct agent_head head = {WORLD_OFFICE, 1, w->last, w->disk.head};
    agent_head_commit(&head, &w->model.log_id, &w->office_key, w->now, 0, NULL, &r.commitment);
    for (size_t i = 0; i < FILES; i++)
        r.file_bytes += sizes[i];
    return r;
}

static void begin(struct agent_bundle *b, const struct world *w,
                  const struct agent_bundle_request *r, struct esep_buf *out)
{
    esep_buf_init(out, 16u << 20);
    assert_int_equal(agent_bundle_begin(b, r, out), ESEP_OK);
    for (uint64_t n = 1; n <= w->last; n++) {
        const struct agent_entry e = {n, w->entries[n].chain,
                                      esep_slice(w->entries[n].data, w->entries[n].len)};
        assert_int_equal(agent_bundle_add(b, &e, 1, out), ESEP_OK);
    }
}

static enum esep_status add(struct agent_bundle *b, size_t i, size_t at, size_t len,
                            struct esep_buf *out)
{
    const struct agent_file file = file_of(i);
    return agent_bundle_add_piece(b, &file, esep_slice(content[i] + at, len), out);
}

static struct esep_buf write_bundle(const struct world *w)
{
    struct agent_bundle b;
    struct esep_buf out;
    const struct agent_bundle_request r = request_of(w);
    begin(&b, w, &r, &out);
    for (size_t i = 0; i < FILES; i++)
        for (size_t at = 0; at < sizes[i]; at += PIECE) {
            assert_false(agent_bundle_complete(&b));
            assert_int_equal(add(&b, i, at, sizes[i] - at < PIECE ? sizes[i] - at : PIECE, &out),
                             ESEP_OK);
        }
    assert_true(agent_bundle_complete(&b));
    agent_bundle_done(&b);
    return out;
}

/* The status that ended it; what came is right as far as it went. */
static enum esep_status read_all(const struct world *w, struct esep_slice file, size_t *ret_whole)
{
    struct agent_bundle_reader r;
    struct agent_bundle_piece piece;
    const Esep__V1__Batch *batch = NULL;
    struct esep_reason reason = {""};
    size_t whole = 0;
    uint64_t at = 0;
    enum esep_status status =
        agent_bundle_open(&r, file, &w->model.seal_key, &w->model.log_id, &reason);
    if (status != ESEP_OK)
        return status;
    while ((status = agent_bundle_next(&r, &batch, &reason)) == ESEP_OK)
        continue;
    status = status == ESEP_NOT_FOUND ? ESEP_OK : status;
    while (status == ESEP_OK &&
           (status = agent_bundle_next_piece(&r, &piece, &reason)) == ESEP_OK) {
        assert_true(whole < FILES);
        assert_int_equal(piece.offset, at);
        assert_int_equal(piece.file.size_bytes, sizes[whole]);
        if (piece.data.len > 0)
            assert_memory_equal(piece.data.data, content[whole] + at, piece.data.len);
        at = piece.data.len > 0 ? at + piece.data.len : 0;
        whole += piece.data.len == 0;
    }
    assert_true(status == ESEP_NOT_FOUND || reason.text[0] != '\0');
    agent_bundle_close(&r);
    *ret_whole = whole;
    return status;
}

TEST(files_come_back_as_they_went)
{
    (void)state;
    struct world *w = world_new(3);
    size_t whole = 0;
    office_write(w, 50);
    struct esep_buf file = write_bundle(w);
    assert_int_equal(read_all(w, esep_buf_slice(&file), &whole), ESEP_NOT_FOUND);
    assert_int_equal(whole, FILES);
    assert_int_equal(esep_buf_put(&file, "x", 1), ESEP_OK);
    assert_int_equal(read_all(w, esep_buf_slice(&file), &whole), ESEP_INVALID);
    esep_buf_done(&file);
    world_free(w);
}

TEST(cut_and_changed)
{
    (void)state;
    struct world *w = world_new(4);
    size_t whole = 0;
    office_write(w, 50);
    struct esep_buf file = write_bundle(w);
    for (size_t len = 0; len < file.len; len += len < 1000 ? 1 : 4999) {
        uint8_t *copy = malloc(len + 1); /* exact size: a read past the end is seen */
        assert_non_null(copy);
        memcpy(copy, file.data, len);
        assert_int_equal(read_all(w, esep_slice(copy, len), &whole), ESEP_INVALID);
        free(copy);
    }
    assert_int_equal(read_all(w, esep_slice(file.data, file.len - 1), &whole), ESEP_INVALID);
    for (size_t at = 0; at < file.len; at += 7919) {
        file.data[at] ^= 4;
        const enum esep_status status = read_all(w, esep_buf_slice(&file), &whole);
        assert_true(status == ESEP_INVALID || status == ESEP_DENIED);
        file.data[at] ^= 4;
    }
    /* A record taken out: what its file lacks is seen at once. */
    size_t at = strlen(AGENT_BUNDLE_MAGIC) + AGENT_BUNDLE_SALT_BYTES;
    for (size_t n = 0; at < file.len; n++) {
        const size_t len = 4 + esep_be32(file.data + at);
        struct esep_buf less;
        esep_buf_init(&less, file.len);
        assert_int_equal(esep_buf_put(&less, file.data, at), ESEP_OK);
        if (at + len < file.len)
            assert_int_equal(esep_buf_put(&less, file.data + at + len, file.len - at - len),
                             ESEP_OK);
        assert_int_equal(read_all(w, esep_buf_slice(&less), &whole), ESEP_INVALID);
        esep_buf_done(&less);
        at += len;
    }
    esep_buf_done(&file);
    world_free(w);
}

TEST(the_writer_holds_to_what_it_announced)
{
    (void)state;
    struct world *w = world_new(5);
    struct agent_bundle b;
    struct esep_buf out;
    office_write(w, 50);
    struct agent_bundle_request r = request_of(w);
    esep_buf_init(&out, 16u << 20);
    assert_int_equal(agent_bundle_begin(&b, &r, &out), ESEP_OK);
    assert_int_equal(add(&b, 0, 0, 1, &out), ESEP_INVALID); /* the entries first */
    agent_bundle_done(&b);
    esep_buf_done(&out);
    r.files = 2;
    r.file_bytes = sizes[3];
    begin(&b, w, &r, &out);
    assert_int_equal(add(&b, 3, 0, 0, &out), ESEP_INVALID);
    assert_int_equal(add(&b, 3, 0, PIECE - 1, &out), ESEP_INVALID); /* short, and not its last */
    assert_int_equal(add(&b, 3, 0, PIECE + 1, &out), ESEP_INVALID);
    assert_int_equal(add(&b, 3, 0, PIECE, &out), ESEP_OK);
    assert_int_equal(add(&b, 2, 0, PIECE, &out), ESEP_INVALID); /* another in its midst */
    assert_int_equal(add(&b, 3, PIECE, PIECE, &out), ESEP_OK);
    assert_int_equal(add(&b, 3, 2 * PIECE, PIECE, &out), ESEP_OK);
    assert_int_equal(add(&b, 3, 3 * PIECE, 77, &out), ESEP_OK);
    assert_false(agent_bundle_complete(&b));                /* two were announced */
    assert_int_equal(add(&b, 0, 0, 1, &out), ESEP_INVALID); /* and no more bytes */
    agent_bundle_done(&b);
    esep_buf_done(&out);
    world_free(w);
}

/* The office itself writes what is not so: sealed and signed, and refused all the same. */
static void read_forged(const struct world *w, const struct agent_bundle_request *r, size_t named,
                        size_t written, const char *words)
{
    struct agent_bundle b;
    struct agent_bundle_reader reader;
    struct agent_bundle_piece piece;
    const Esep__V1__Batch *batch = NULL;
    struct esep_reason reason = {""};
    struct esep_buf out;
    begin(&b, w, r, &out);
    const struct agent_file file = file_of(named);
    (void)file_of(written);
    assert_int_equal(
        agent_bundle_add_piece(&b, &file, esep_slice(content[written], sizes[named]), &out),
        ESEP_OK);
    assert_int_equal(agent_bundle_open(&reader, esep_buf_slice(&out), &w->model.seal_key,
                                       &w->model.log_id, &reason),
                     ESEP_OK);
    assert_int_equal(agent_bundle_next(&reader, &batch, &reason), ESEP_OK);
    assert_int_equal(agent_bundle_next(&reader, &batch, &reason), ESEP_NOT_FOUND);
    enum esep_status status = ESEP_OK;
    while (status == ESEP_OK)
        status = agent_bundle_next_piece(&reader, &piece, &reason);
    assert_int_equal(status, ESEP_INVALID);
    if (strstr(reason.text, words) == NULL)
        fail_msg("'%s' does not say '%s'", reason.text, words);
    agent_bundle_close(&reader);
    agent_bundle_done(&b);
    esep_buf_done(&out);
}

TEST(what_an_office_writes_and_is_not_so)
{
    (void)state;
    struct world *w = world_new(6);
    office_write(w, 50);
    struct agent_bundle_request r = request_of(w);
    r.files = 1;
    r.file_bytes = PIECE;
    read_forged(w, &r, 1, 3, "not those of its name");
    r.file_bytes = PIECE + 1; /* more bytes than its files have */
    read_forged(w, &r, 1, 1, "out of order");
    r.files = 2; /* more files than come */
    read_forged(w, &r, 1, 1, "cut off");
    world_free(w);
}

TEST(a_head_with_files_and_no_bytes)
{
    (void)state;
    struct world *w = world_new(7);
    size_t whole = 0;
    struct agent_bundle b;
    struct esep_buf out;
    office_write(w, 50);
    struct agent_bundle_request r = request_of(w);
    r.file_bytes = 0;
    begin(&b, w, &r, &out);
    assert_int_equal(read_all(w, esep_buf_slice(&out), &whole), ESEP_INVALID);
    agent_bundle_done(&b);
    esep_buf_done(&out);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_back_as_they_went),
        cmocka_unit_test(cut_and_changed),
        cmocka_unit_test(the_writer_holds_to_what_it_announced),
        cmocka_unit_test(what_an_office_writes_and_is_not_so),
        cmocka_unit_test(a_head_with_files_and_no_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
