/* Does a signer give its log another key once, from the right head on, whenever it is cut off? Is
 * the old key gone then, and does no other key ever come in?
 */
#include "collector/signer/signer_service.h"
#include "io/keyfile.h"
#include "tests/unit/io/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const struct esep_hash log_id = {.bytes = {5}};

static void path_of(void **state, const char *name, char out[300])
{
    (void)snprintf(out, 300, "%s/%s", (const char *)*state, name);
}

static struct signer opened(void **state, bool make)
{
    static char keys[300]; /* the signer borrows it */
    char heads[300];
    struct signer signer;
    struct esep_reason reason = {""};
    path_of(state, "keys", keys);
    path_of(state, "heads", heads);
    if (signer_open(&signer, keys, heads, make, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    return signer;
}

static bool refused(void **state)
{
    char keys[300];
    char heads[300];
    struct signer signer;
    struct esep_reason reason = {""};
    path_of(state, "keys", keys);
    path_of(state, "heads", heads);
    const bool is = signer_open(&signer, keys, heads, false, &reason) != ESEP_OK;
    signer_close(&signer);
    return is;
}

static struct signer_reply asked(struct signer *signer, const struct signer_request *request)
{
    uint8_t bytes[SIGNER_REQUEST_MAX];
    struct signer_reply reply;
    signer_answer(signer, esep_slice(bytes, signer_request_write(request, bytes)), &reply);
    return reply;
}

static struct signer_reply rotation(struct signer *signer, enum signer_op op, uint64_t size)
{
    const struct signer_request request = {
        .op = op, .generation = 0, .size = size, .at = 77, .log_id = log_id};
    return asked(signer, &request);
}

/* The log's head of so many entries, all the same. */
static struct signer_reply grown(struct signer *signer, uint64_t from, uint64_t size)
{
    struct signer_request request = {.op = SIGNER_HEAD, .from = from, .size = size};
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    const struct esep_hash leaf = esep_merkle_leaf(esep_slice_str("entry"));
    esep_log_origin(&log_id, 0, request.origin);
    request.count = esep_merkle_span(from, size, places);
    for (size_t i = 0; i < request.count; i++) {
        request.span[i] = leaf;
        for (unsigned level = 0; level < places[i].level; level++)
            request.span[i] = esep_merkle_node(&request.span[i], &request.span[i]);
    }
    return asked(signer, &request);
}

static void assert_head_by(const struct signer_reply *reply, const uint8_t key[ESEP_KEY_BYTES])
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    char origin[ESEP_ORIGIN_MAX + 1];
    assert_int_equal(reply->status, ESEP_OK);
    esep_log_origin(&log_id, 0, origin);
    const size_t len = esep_checkpoint_text(origin, reply->size, &reply->root, text);
    assert_true(esep_verify(key, esep_slice(text, len), reply->signature));
}

static void next_key(void **state, uint8_t ret[ESEP_KEY_BYTES], bool pending_is)
{
    char keys[300];
    bool pending = false;
    struct esep_reason reason = {""};
    path_of(state, "keys", keys);
    assert_int_equal(signer_place_next(keys, ret, &pending, &reason), ESEP_OK);
    assert_int_equal(pending, pending_is);
}

static void test_from_the_one_to_the_other(void **state)
{
    uint8_t old[ESEP_KEY_BYTES];
    uint8_t next[ESEP_KEY_BYTES];
    uint8_t again[ESEP_KEY_BYTES];
    struct esep_log_key key = {.generation = 0};
    const struct signer_request ask_key = {.op = SIGNER_KEY};
    const struct signer_request ask_first = {.op = SIGNER_CHAIN, .size = 1};
    struct signer signer = opened(state, true);
    memcpy(old, signer.keys.present.public, sizeof old);
    struct signer_reply reply = grown(&signer, 0, 4);
    assert_head_by(&reply, old);
    assert_int_equal(rotation(&signer, SIGNER_NEXT, 5).status, ESEP_NOT_FOUND);
    assert_int_equal(rotation(&signer, SIGNER_SWITCH, 4).status, ESEP_NOT_FOUND);
    next_key(state, next, false); /* while the signer serves */
    next_key(state, again, true);
    assert_memory_equal(next, again, sizeof next);
    reply = asked(&signer, &ask_key);
    assert_memory_equal(reply.root.bytes, old, sizeof old);
    assert_memory_equal(reply.by_new, next, sizeof next);
    assert_int_equal(reply.size, 1);
    /* The statement is about the very next entry, and not to be had otherwise. */
    for (uint64_t size = 0; size < 9; size++)
        if (size != 5)
            assert_int_equal(rotation(&signer, SIGNER_NEXT, size).status, ESEP_CONFLICT);
    reply = rotation(&signer, SIGNER_NEXT, 5);
    assert_int_equal(reply.status, ESEP_OK);
    assert_int_equal(reply.size, 5);
    memcpy(key.public, reply.root.bytes, ESEP_KEY_BYTES);
    key.size = reply.size;
    key.at = reply.at;
    memcpy(key.by_old, reply.signature, ESEP_SIGNATURE_BYTES);
    memcpy(key.by_new, reply.by_new, ESEP_SIGNATURE_BYTES);
    assert_true(esep_log_key_verify(&log_id, old, &key));
    /* Not before the head with that entry is signed. */
    assert_int_equal(rotation(&signer, SIGNER_SWITCH, 5).status, ESEP_CONFLICT);
    reply = grown(&signer, 4, 5);
    assert_head_by(&reply, old);
    assert_int_equal(rotation(&signer, SIGNER_SWITCH, 4).status, ESEP_CONFLICT);
    assert_int_equal(rotation(&signer, SIGNER_SWITCH, 5).status, ESEP_OK);
    assert_int_equal(rotation(&signer, SIGNER_SWITCH, 5).status, ESEP_OK); /* it was lost */
    assert_int_equal(rotation(&signer, SIGNER_NEXT, 6).status, ESEP_NOT_FOUND);
    reply = grown(&signer, 5, 5);
    assert_head_by(&reply, next);
    reply = asked(&signer, &ask_first);
    assert_memory_equal(reply.root.bytes, next, sizeof next);
    assert_memory_equal(reply.by_new, key.by_new, ESEP_SIGNATURE_BYTES);
    signer_close(&signer);
    signer = opened(state, false);
    assert_memory_equal(signer.keys.present.public, next, sizeof next);
    assert_int_equal(signer.keys.known.count, 2);
    reply = grown(&signer, 5, 9);
    assert_head_by(&reply, next);
    signer_close(&signer);
}

/* A statement of this kind is signed for no next key of a stranger's. */
static void test_nobody_elses_statement(void **state)
{
    uint8_t statement[ESEP_LOG_KEY_BYTES];
    const struct esep_log_key key = {.size = 1};
    struct signer signer = opened(state, true);
    esep_log_key_statement(&log_id, signer.keys.present.public, &key, statement);
    const struct signer_request request = {.op = SIGNER_STATEMENT,
                                           .statement = esep_slice(statement, sizeof statement)};
    assert_int_equal(asked(&signer, &request).status, ESEP_DENIED);
    signer_close(&signer);
}

static void copy(const char *from, const char *to)
{
    uint8_t bytes[4096];
    const int in = open(from, O_RDONLY);
    const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const ssize_t len = read(in, bytes, sizeof bytes);
    assert_true(in >= 0 && out >= 0 && len > 0);
    assert_int_equal(write(out, bytes, (size_t)len), len);
    assert_int_equal(close(in) + close(out), 0);
}

/* Up to the switch, with copies of the files of before. */
static void switched(void **state, uint8_t next[ESEP_KEY_BYTES])
{
    char keys[300];
    char before[300];
    char beside[300];
    char kept[300];
    path_of(state, "keys", keys);
    path_of(state, "before", before);
    path_of(state, "keys.next", beside);
    path_of(state, "kept", kept);
    struct signer signer = opened(state, true);
    assert_int_equal(grown(&signer, 0, 4).status, ESEP_OK);
    next_key(state, next, false);
    signer_close(&signer);
    signer = opened(state, false);
    assert_int_equal(grown(&signer, 4, 5).status, ESEP_OK);
    copy(keys, before);
    copy(beside, kept);
    assert_int_equal(rotation(&signer, SIGNER_SWITCH, 5).status, ESEP_OK);
    signer_close(&signer);
    path_of(state, "keys.old", beside);
    assert_int_equal(access(beside, F_OK), -1);
}

static void test_cut_off_anywhere(void **state)
{
    char keys[300];
    char before[300];
    char beside[300];
    char kept[300];
    char old[300];
    uint8_t next[ESEP_KEY_BYTES];
    switched(state, next);
    path_of(state, "keys", keys);
    path_of(state, "before", before);
    path_of(state, "keys.next", beside);
    path_of(state, "kept", kept);
    path_of(state, "keys.old", old);
    for (int step = 0; step < 3; step++) {
        copy(step < 2 ? before : kept, keys); /* 0: the folder knows; 1: linked; 2: renamed */
        if (step < 2)
            copy(kept, beside);
        if (step == 1)
            assert_int_equal(link(keys, old), 0);
        if (step == 2)
            copy(before, old);
        struct signer signer = opened(state, false);
        assert_memory_equal(signer.keys.present.public, next, sizeof next);
        assert_false(signer.keys.has_next);
        struct signer_reply reply = grown(&signer, 5, 5);
        assert_head_by(&reply, next);
        signer_close(&signer);
        assert_int_equal(access(old, F_OK), -1);
        assert_int_equal(access(beside, F_OK), -1);
    }
}

static void test_a_copy_put_back(void **state)
{
    char keys[300];
    char before[300];
    char folder[300];
    uint8_t next[ESEP_KEY_BYTES];
    switched(state, next);
    path_of(state, "keys", keys);
    path_of(state, "before", before);
    path_of(state, "heads/key", folder);
    copy(before, keys);
    assert_true(refused(state));
    const int fd = open(folder, O_RDWR);
    assert_int_equal(pwrite(fd, "x", 1, 40), 1);
    assert_int_equal(close(fd), 0);
    assert_true(refused(state)); /* whose folder it is cannot be told */
}

static void test_a_disk_that_fails(void **state)
{
    char folder[300];
    uint8_t next[ESEP_KEY_BYTES];
    uint8_t old[ESEP_KEY_BYTES];
    const struct signer_request ask_key = {.op = SIGNER_KEY};
    struct signer signer = opened(state, true);
    memcpy(old, signer.keys.present.public, sizeof old);
    assert_int_equal(grown(&signer, 0, 4).status, ESEP_OK);
    next_key(state, next, false);
    assert_int_equal(asked(&signer, &ask_key).status, ESEP_OK);
    path_of(state, "heads/new", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(rotation(&signer, SIGNER_SWITCH, 4).status, ESEP_IO);
    assert_true(signer.broken);
    assert_memory_equal(signer.keys.present.public, old, sizeof old);
    assert_int_equal(grown(&signer, 4, 5).status, ESEP_IO);
    signer_close(&signer);
    assert_int_equal(rmdir(folder), 0);
    signer = opened(state, false);
    assert_memory_equal(signer.keys.present.public, old, sizeof old);
    signer_close(&signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_from_the_one_to_the_other),
        unit_test_in_folder(test_nobody_elses_statement),
        unit_test_in_folder(test_cut_off_anywhere),
        unit_test_in_folder(test_a_copy_put_back),
        unit_test_in_folder(test_a_disk_that_fails),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
