/* Does a log's key sign one history of each log, also after a crash, by whichever way it is asked,
 * and nothing that could be read as something else?
 */
#include "collector/signer/signer_service.h"
#include "tests/unit/io/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define ORIGIN "reports.example/log"

static struct esep_hash leaf(unsigned history, uint64_t i)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%u:%llu", history, (unsigned long long)i);
    return esep_merkle_leaf(esep_slice_str(text));
}

static struct esep_hash subtree(unsigned history, struct esep_merkle_place place)
{
    struct esep_hash left;
    struct esep_hash right;
    if (place.level == 0)
        return leaf(history, place.index);
    left = subtree(history, (struct esep_merkle_place){place.level - 1, 2 * place.index});
    right = subtree(history, (struct esep_merkle_place){place.level - 1, 2 * place.index + 1});
    return esep_merkle_node(&left, &right);
}

static struct signer_request head(unsigned history, uint64_t from, uint64_t size)
{
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    struct signer_request request = {
        .op = SIGNER_HEAD, .origin = ORIGIN, .from = from, .size = size};
    request.count = from < size ? esep_merkle_span(from, size, places) : 0;
    for (size_t i = 0; i < request.count; i++)
        request.span[i] = subtree(history, places[i]);
    return request;
}

static struct esep_hash root_of(unsigned history, uint64_t size)
{
    struct esep_merkle tree;
    esep_merkle_init(&tree);
    for (uint64_t i = 0; i < size; i++) {
        const struct esep_hash hash = leaf(history, i);
        assert_int_equal(esep_merkle_append_node(&tree, 0, &hash), ESEP_OK);
    }
    return esep_merkle_root(&tree);
}

static struct signer opened(void **state, bool create)
{
    const uint8_t seed[32] = {7};
    char path[300];
    struct signer signer = {.broken = false};
    struct esep_reason reason = {""};
    esep_sign_key_from_seed(&signer.keys.present, seed);
    (void)snprintf(path, sizeof path, "%s/heads", (const char *)*state);
    if (signer_heads_open(&signer.heads, path, signer.keys.present.public, create, &reason) !=
        ESEP_OK)
        fail_msg("%s", reason.text);
    return signer;
}

/* As after a crash. */
static void reopen(void **state, struct signer *signer)
{
    signer_heads_close(&signer->heads);
    *signer = opened(state, false);
}

static struct signer_reply asked(struct signer *signer, const struct signer_request *request)
{
    uint8_t bytes[SIGNER_REQUEST_MAX];
    struct signer_reply reply;
    signer_answer(signer, esep_slice(bytes, signer_request_write(request, bytes)), &reply);
    return reply;
}

static void assert_signed(const struct signer *signer, const struct signer_reply *reply,
                          unsigned history, uint64_t size)
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    const struct esep_hash root = root_of(history, size);
    assert_int_equal(reply->status, ESEP_OK);
    assert_int_equal(reply->size, size);
    assert_true(esep_hash_equal(&reply->root, &root));
    const size_t len = esep_checkpoint_text(ORIGIN, size, &root, text);
    assert_true(esep_verify(signer->keys.present.public, esep_slice(text, len), reply->signature));
}

static const uint64_t sizes[] = {1, 2, 3, 7, 8, 64, 65, 100};
#define SIZES (sizeof sizes / sizeof *sizes)

static void test_one_history(void **state)
{
    struct signer signer = opened(state, true);
    uint64_t from = 0;
    for (size_t i = 0; i < SIZES; i++) {
        struct signer_request request = head(0, from, sizes[i]);
        struct signer_reply reply = asked(&signer, &request);
        assert_signed(&signer, &reply, 0, sizes[i]);
        reply = asked(&signer, &request); /* the answer was lost */
        assert_signed(&signer, &reply, 0, sizes[i]);
        from = sizes[i];
        reopen(state, &signer);
        /* The same size of another history is the head that was signed; back is refused. */
        request = head(1, from, from);
        reply = asked(&signer, &request);
        assert_signed(&signer, &reply, 0, from);
        request = head(1, 0, from + 5);
        reply = asked(&signer, &request);
        assert_int_equal(reply.status, ESEP_CONFLICT);
        assert_int_equal(reply.size, from);
        if (from > 1) {
            request = head(0, 0, from - 1);
            assert_int_equal(asked(&signer, &request).status, ESEP_CONFLICT);
        }
    }
    struct signer_request request = {.op = SIGNER_SIZE, .origin = ORIGIN};
    assert_int_equal(asked(&signer, &request).size, 100);
    request = (struct signer_request){.op = SIGNER_SIZE, .origin = ORIGIN "/2"};
    assert_int_equal(asked(&signer, &request).size, 0);
    /* A span that is none, and bytes that are no request. */
    request = head(0, 100, 120);
    request.count--;
    assert_int_equal(asked(&signer, &request).status, ESEP_INVALID);
    uint8_t bytes[SIGNER_REQUEST_MAX];
    struct signer_reply reply;
    request = head(0, 100, 120);
    const size_t len = signer_request_write(&request, bytes);
    for (size_t cut = 0; cut < len; cut++) {
        signer_answer(&signer, esep_slice(bytes, cut), &reply);
        assert_int_equal(reply.status, ESEP_INVALID);
    }
    signer_answer(&signer, esep_slice(bytes, len), &reply);
    assert_signed(&signer, &reply, 0, 120);
    signer_heads_close(&signer.heads);
}

/* A name that would give the text another shape. */
static void test_names(void **state)
{
    struct signer signer = opened(state, true);
    static const char *const bad[] = {"a b", "a\nb", "a+b", "\x01", "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct signer_request request = head(0, 0, 3);
        (void)snprintf(request.origin, sizeof request.origin, "%s", bad[i]);
        assert_int_equal(asked(&signer, &request).status, ESEP_INVALID);
    }
    signer_heads_close(&signer.heads);
}

static enum esep_status statement(struct signer *signer, const void *bytes, size_t len,
                                  struct signer_reply *ret)
{
    const struct signer_request request = {.op = SIGNER_STATEMENT,
                                           .statement = esep_slice(bytes, len)};
    *ret = asked(signer, &request);
    return ret->status;
}

/* Only the list, each at its length; no checkpoint of any size or name by this way. */
static void test_statements(void **state)
{
    struct signer signer = opened(state, true);
    struct signer_reply reply;
    static const struct {
        const char *tag;
        size_t len;
        bool good, hashed;
    } cases[] = {
        {"esep/refusal/v1", 72, true, false},    {"esep/join/v1", 128, true, true},
        {"esep/receipt/v1", 192, false, false}, /* a receipt is not signed */
        {"esep/evidence/v1", 152, false, false}, {"esep/backup/v1", 80, true, false},
        {"esep/bkhead/v1", 80, true, false},     {"esep/backup/v1", 79, false, false},
        {"esep/refusal/v1", 73, false, false},   {"esep/refusal/v1", 71, false, false},
        {"esep/join/v1", 32, false, false},      {"esep/head/v1", 144, false, false},
        {"esep/order/v1", 72, false, false},     {"", 72, false, false},
        {"esep/refusal/v2", 72, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[256] = {0};
        memcpy(bytes, cases[i].tag, strlen(cases[i].tag));
        assert_int_equal(statement(&signer, bytes, cases[i].len, &reply),
                         cases[i].good ? ESEP_OK : ESEP_DENIED);
        if (!cases[i].good)
            continue;
        const struct esep_slice said = esep_slice(bytes, cases[i].len);
        const struct esep_hash hash = esep_sha256(said);
        assert_true(esep_verify(signer.keys.present.public,
                                cases[i].hashed ? esep_slice(hash.bytes, 32) : said,
                                reply.signature));
        /* Text in every place that the signer does not look at is no checkpoint yet. */
        memset(bytes + 16, '\n', cases[i].len - 16);
        struct esep_note note;
        if (statement(&signer, bytes, cases[i].len, &reply) == ESEP_OK) {
            assert_non_null(memchr(bytes, 0, cases[i].len));
            bytes[cases[i].len] = '\n';
            assert_int_equal(esep_note_parse(esep_slice(bytes, cases[i].len + 1), &note, NULL),
                             ESEP_INVALID);
        }
    }
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    const struct esep_hash root = root_of(0, 3);
    const size_t len = esep_checkpoint_text("esep/evidence/v1", 3, &root, text);
    assert_int_equal(statement(&signer, text, len, &reply), ESEP_DENIED);
    signer_heads_close(&signer.heads);
}

static void path_of_head(void **state, char *out, size_t room)
{
    char hex[65];
    const struct esep_hash hash = esep_sha256(esep_slice_str(ORIGIN));
    esep_hex(hash.bytes, 32, hex);
    (void)snprintf(out, room, "%s/heads/%s.head", (const char *)*state, hex);
}

static void flip(const char *path, long at)
{
    uint8_t byte = 0;
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    (void)close(fd);
}

/* The place that was being written is torn: the one before holds. Both: nothing is signed. */
static void test_a_torn_write(void **state)
{
    char path[400];
    struct signer signer = opened(state, true);
    struct signer_request request = head(0, 0, 5);
    assert_int_equal(asked(&signer, &request).status, ESEP_OK);
    request = head(0, 5, 9);
    assert_int_equal(asked(&signer, &request).status, ESEP_OK);
    path_of_head(state, path, sizeof path);
    flip(path, 100); /* count 2 lies in the first place */
    reopen(state, &signer);
    request = (struct signer_request){.op = SIGNER_SIZE, .origin = ORIGIN};
    assert_int_equal(asked(&signer, &request).size, 5);
    request = head(0, 5, 12);
    struct signer_reply reply = asked(&signer, &request);
    assert_signed(&signer, &reply, 0, 12);
    flip(path, 0);
    flip(path, 4096 + 8000 % 4096);
    reopen(state, &signer);
    assert_int_equal(asked(&signer, &request).status, ESEP_CORRUPT);
    signer_heads_close(&signer.heads);
}

/* What is kept in memory is what stands on the disk: after each head, and whichever of the two
 * places it went into, another process that reads the folder finds it, and the one before. */
static void test_what_is_kept_is_what_is_written(void **state)
{
    char path[400], aside[500];
    struct signer signer = opened(state, true);
    for (uint64_t i = 0; i < SIZES; i++) {
        struct signer_request request = head(0, i == 0 ? 0 : sizes[i - 1], sizes[i]);
        struct signer_reply reply = asked(&signer, &request);
        assert_signed(&signer, &reply, 0, sizes[i]);
        struct signer_heads fresh = {.folder = signer.heads.folder};
        struct esep_merkle tree;
        assert_int_equal(signer_heads_get(&fresh, ORIGIN, &tree), ESEP_OK);
        assert_int_equal(tree.size, sizes[i]);
        assert_int_equal(fresh.open.count, i + 1);
        assert_true(i == 0 || signer.heads.open.count == fresh.open.count);
        fresh.folder = -1; /* the lock is the signer's */
        signer_heads_close(&fresh);
        if (i % 3 == 1) { /* another log in between */
            request = (struct signer_request){.op = SIGNER_SIZE, .origin = ORIGIN "/2"};
            assert_int_equal(asked(&signer, &request).size, 0);
        }
    }
    /* The file is taken away beneath it: nothing of it is believed any more. */
    path_of_head(state, path, sizeof path);
    (void)snprintf(aside, sizeof aside, "%s.aside", path);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(unlink(aside), 0);
    struct signer_request request = head(0, 100, 110);
    assert_int_equal(asked(&signer, &request).status, ESEP_CONFLICT);
    signer_heads_close(&signer.heads);
}

static void test_the_folder_belongs_to_the_key(void **state)
{
    char path[300];
    const uint8_t other[ESEP_KEY_BYTES] = {1};
    struct signer_heads heads;
    struct esep_reason reason = {""};
    (void)snprintf(path, sizeof path, "%s/heads", (const char *)*state);
    struct signer signer = opened(state, true);
    assert_int_equal(signer_heads_open(&heads, path, signer.keys.present.public, false, &reason),
                     ESEP_CONFLICT);
    signer_heads_close(&signer.heads);
    assert_int_equal(signer_heads_open(&heads, path, other, true, &reason), ESEP_INVALID);
    assert_int_equal(chmod(path, 0750), 0);
    assert_int_equal(signer_heads_open(&heads, path, signer.keys.present.public, false, &reason),
                     ESEP_DENIED);
    (void)snprintf(path, sizeof path, "%s/lost", (const char *)*state);
    assert_int_equal(signer_heads_open(&heads, path, signer.keys.present.public, false, &reason),
                     ESEP_NOT_FOUND);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(signer_heads_open(&heads, path, signer.keys.present.public, false, &reason),
                     ESEP_NOT_FOUND);
}

struct server {
    int listener;
    struct signer *signer;
    unsigned callers;
};

/* Answers each caller once; the first it hangs up on unanswered. */
static void *serve(void *context)
{
    struct server *s = context;
    for (unsigned i = 0; i < s->callers; i++) {
        uint8_t request[SIGNER_REQUEST_MAX];
        uint8_t bytes[SIGNER_REPLY_BYTES];
        struct signer_reply reply;
        const int fd = accept(s->listener, NULL, NULL);
        const ssize_t len = recv(fd, request, sizeof request, 0);
        if (i > 0 && len > 0) {
            signer_answer(s->signer, esep_slice(request, (size_t)len), &reply);
            signer_reply_write(&reply, bytes);
            (void)send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
        }
        (void)close(fd);
    }
    return NULL;
}

struct patience {
    struct server *server;
    pthread_t thread;
    bool started;
    unsigned waits, most;
};

/* The signer comes only once somebody waits for it. */
static bool wait_for_it(void *context, unsigned tries, const struct esep_reason *why)
{
    struct patience *p = context;
    p->waits++;
    assert_int_equal(p->waits, tries);
    assert_true(why->text[0] != '\0');
    if (p->waits == p->most)
        return false;
    if (!p->started && p->server != NULL) {
        assert_int_equal(listen(p->server->listener, 4), 0);
        assert_int_equal(pthread_create(&p->thread, NULL, serve, p->server), 0);
        p->started = true;
    }
    return true;
}

static void test_by_a_socket(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct signer signer = opened(state, true);
    struct server server = {.signer = &signer, .callers = 2};
    struct patience patience = {.server = &server};
    struct patience none = {.most = 3};
    struct collector_signer remote;
    struct signer_reply reply;
    struct esep_reason reason = {""};
    const struct signer_request request = head(0, 0, 10);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/s", (const char *)*state);
    collector_signer_remote(&remote, address.sun_path);
    assert_int_equal(collector_signer_head(&remote, &request, wait_for_it, &none, &reply, &reason),
                     ESEP_AGAIN);
    assert_int_equal(none.waits, 3);
    server.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.listener, (const struct sockaddr *)&address, sizeof address), 0);
    /* Away, then it hangs up unanswered, then it answers. */
    assert_int_equal(
        collector_signer_head(&remote, &request, wait_for_it, &patience, &reply, &reason), ESEP_OK);
    assert_int_equal(patience.waits, 2);
    assert_int_equal(pthread_join(patience.thread, NULL), 0);
    assert_signed(&signer, &reply, 0, 10);
    (void)close(server.listener);
    collector_signer_done(&remote);
    /* In our own process it is the same. */
    struct signer_memory memory = {.keys = signer.keys};
    struct collector_signer local;
    uint8_t public[ESEP_KEY_BYTES];
    collector_signer_local(&local, &memory);
    assert_int_equal(collector_signer_key(&local, public, &reason), ESEP_OK);
    assert_memory_equal(public, signer.keys.present.public, sizeof public);
    assert_int_equal(collector_signer_head(&local, &request, wait_for_it, &none, &reply, &reason),
                     ESEP_OK);
    assert_signed(&signer, &reply, 0, 10);
    const struct signer_request stale = head(1, 3, 12);
    assert_int_equal(collector_signer_head(&local, &stale, wait_for_it, &none, &reply, &reason),
                     ESEP_CONFLICT);
    assert_int_equal(reply.size, 10);
    collector_signer_done(&local);
    signer_heads_close(&signer.heads);
}

struct store {
    unsigned history;
    bool damaged;
};

static bool stored_node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct store *store = context;
    *ret = subtree(store->history, place);
    ret->bytes[7] ^= store->damaged ? 1 : 0;
    return true;
}

/* What a collector finds: a beginning was signed; more than it holds; another history. */
static void test_the_first_head(void **state)
{
    const uint8_t seed[32] = {7};
    static const struct {
        unsigned history;
        uint64_t before, size;
        bool damaged;
        enum esep_status status;
    } cases[] = {
        {0, 0, 10, false, ESEP_OK},      {0, 3, 10, false, ESEP_OK},
        {0, 10, 10, false, ESEP_OK},     {0, 11, 10, false, ESEP_CORRUPT},
        {1, 3, 10, false, ESEP_CORRUPT}, {1, 10, 10, false, ESEP_CORRUPT},
        {0, 3, 10, true, ESEP_CORRUPT},  {0, 0, 10, true, ESEP_CORRUPT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct signer_memory memory = {.origin = ""};
        struct collector_signer signer;
        struct signer_reply reply;
        struct esep_reason reason = {""};
        struct esep_growth growth = {.generation = 0};
        struct store store = {.damaged = cases[i].damaged};
        const struct esep_merkle_source source = {.node = stored_node, .context = &store};
        struct esep_merkle tree;
        esep_sign_key_from_seed(&memory.keys.present, seed);
        collector_signer_local(&signer, &memory);
        const struct signer_request before = head(cases[i].history, 0, cases[i].before);
        assert_int_equal(collector_signer_ask(&signer, &before, &reply, &reason), ESEP_OK);
        assert_int_equal(reply.status, ESEP_OK);
        esep_merkle_init(&tree);
        for (uint64_t at = 0; at < cases[i].size; at++) {
            const struct esep_hash hash = leaf(0, at);
            assert_int_equal(esep_merkle_append_node(&tree, 0, &hash), ESEP_OK);
        }
        assert_int_equal(collector_signer_first(&signer, ORIGIN, &tree, &source, &growth, &reason),
                         cases[i].status);
        assert_int_equal(memory.tree.size,
                         cases[i].status == ESEP_OK ? cases[i].size : cases[i].before);
        if (cases[i].status != ESEP_OK)
            continue;
        char text[ESEP_CHECKPOINT_TEXT_MAX];
        const size_t len = esep_checkpoint_text(ORIGIN, growth.size, &growth.root, text);
        assert_true(
            esep_verify(memory.keys.present.public, esep_slice(text, len), growth.signature));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_one_history),
        cmocka_unit_test(test_the_first_head),
        unit_test_in_folder(test_names),
        unit_test_in_folder(test_statements),
        unit_test_in_folder(test_a_torn_write),
        unit_test_in_folder(test_what_is_kept_is_what_is_written),
        unit_test_in_folder(test_the_folder_belongs_to_the_key),
        unit_test_in_folder(test_by_a_socket),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
