/* tests/fuzz/signer.c - whoever has taken over ingest asks the signer for what he likes.
 *
 * The input is requests, each behind its length (two bytes, and as much as there is); the signer is
 * the one in memory, whose parser and rules are the process's. Properties: what is taken is the
 * same when it is written again; a head that is signed extends the one before, root and all, or is
 * that one; what is signed as a statement verifies, and neither it nor what is hashed of it can be
 * read as a checkpoint; another key comes in by both keys' word alone; a reply is the same when it
 * is read.
 */
#include "collector/signer/signer.h"

#include "fuzz.h"

static void check_reply(const struct signer_reply *reply)
{
    uint8_t bytes[SIGNER_REPLY_BYTES];
    struct signer_reply read;
    signer_reply_write(reply, bytes);
    FUZZ_CHECK(signer_reply_parse(esep_slice(bytes, sizeof bytes), &read) == ESEP_OK);
    FUZZ_CHECK(read.status == reply->status && read.size == reply->size &&
               esep_hash_equal(&read.root, &reply->root) &&
               memcmp(read.signature, reply->signature, sizeof read.signature) == 0);
}

static void check_head(const struct signer_memory *before, const struct signer_memory *after,
                       const struct signer_request *request, const struct signer_reply *reply)
{
    const bool known = strcmp(before->origin, request->origin) == 0;
    struct esep_merkle tree = before->tree;
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    if (!known)
        esep_merkle_init(&tree);
    if (request->size > tree.size) {
        FUZZ_CHECK(request->from == tree.size);
        FUZZ_CHECK(esep_merkle_append_span(&tree, request->size, request->span, request->count) ==
                   ESEP_OK);
    }
    const struct esep_hash root = esep_merkle_root(&tree);
    FUZZ_CHECK(reply->size == tree.size && esep_hash_equal(&reply->root, &root));
    FUZZ_CHECK(after->tree.size == tree.size);
    const size_t len = esep_checkpoint_text(request->origin, reply->size, &reply->root, text);
    FUZZ_CHECK(esep_verify(after->keys.present.public, esep_slice(text, len), reply->signature));
}

static void check_statement(const struct signer_memory *signer, struct esep_slice statement,
                            const struct signer_reply *reply)
{
    struct esep_checkpoint head;
    const struct esep_hash hash = esep_sha256(statement);
    const struct esep_slice hashed = esep_slice(hash.bytes, sizeof hash.bytes);
    FUZZ_CHECK(esep_verify(signer->keys.present.public, statement, reply->signature) ||
               esep_verify(signer->keys.present.public, hashed, reply->signature));
    FUZZ_CHECK(memchr(statement.data, 0, statement.len) != NULL);
    FUZZ_CHECK(esep_checkpoint_parse(statement, &head, NULL) != ESEP_OK);
    FUZZ_CHECK(esep_checkpoint_parse(hashed, &head, NULL) != ESEP_OK);
}

/* The next key is the log's only by both keys' word, and behind the head with the entry about it;
 * no other key ever signs. */
static void check_keys(const struct signer_memory *before, const struct signer_memory *after,
                       const struct signer_request *request, const struct signer_reply *reply)
{
    struct esep_log_key key = {
        .generation = reply->generation, .size = reply->size, .at = reply->at};
    const bool switched =
        memcmp(&before->keys.present, &after->keys.present, sizeof before->keys.present) != 0;
    FUZZ_CHECK(!switched || (request->op == SIGNER_SWITCH && reply->status == ESEP_OK &&
                             !after->keys.has_next && before->keys.has_next));
    if (reply->status != ESEP_OK || (request->op != SIGNER_NEXT && request->op != SIGNER_SWITCH))
        return;
    memcpy(key.public, reply->root.bytes, ESEP_KEY_BYTES);
    memcpy(key.by_old, reply->signature, ESEP_SIGNATURE_BYTES);
    memcpy(key.by_new, reply->by_new, ESEP_SIGNATURE_BYTES);
    const uint8_t *old = before->keys.present.public;
    if (request->op == SIGNER_SWITCH && !switched)
        old = after->keys.known.at[after->keys.known.count - 2].public;
    FUZZ_CHECK(esep_log_key_verify(&request->log_id, old, &key));
    FUZZ_CHECK(strcmp(before->origin, request->origin) == 0 || !before->keys.has_next ||
               request->size == 1);
}

static bool same_tree(const struct esep_merkle *a, const struct esep_merkle *b)
{
    const struct esep_hash one = esep_merkle_root(a);
    const struct esep_hash other = esep_merkle_root(b);
    return a->size == b->size && esep_hash_equal(&one, &other);
}

static void ask(struct signer_memory *signer, struct esep_slice bytes)
{
    const struct signer_memory before = *signer;
    struct signer_request request;
    struct signer_reply reply;
    signer_memory_answer(signer, bytes, &reply);
    check_reply(&reply);
    if (signer_request_parse(bytes, &request) != ESEP_OK) {
        FUZZ_CHECK(reply.status == ESEP_INVALID);
        return;
    }
    uint8_t again[SIGNER_REQUEST_MAX];
    const size_t len = signer_request_write(&request, again);
    FUZZ_CHECK(len == bytes.len && memcmp(again, bytes.data, len) == 0);
    if (reply.status != ESEP_OK || request.op != SIGNER_HEAD)
        FUZZ_CHECK(same_tree(&before.tree, &signer->tree));
    if (reply.status == ESEP_OK && request.op == SIGNER_HEAD)
        check_head(&before, signer, &request, &reply);
    check_keys(&before, signer, &request, &reply);
    if (reply.status == ESEP_OK && request.op == SIGNER_STATEMENT)
        check_statement(signer, request.statement, &reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t seed[32] = {7};
    struct fuzz_input in = fuzz_input(esep_slice(data, size));
    struct signer_memory signer = {.origin = "log.example"};
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    const uint8_t next[32] = {8};
    esep_sign_key_from_seed(&signer.keys.present, seed);
    signer.keys.has_next = true;
    esep_sign_key_from_seed(&signer.keys.next, next);
    for (int i = 0; i < 32 && in.left > 0; i++) {
        size_t len = (size_t)fuzz_be(&in, 2);
        if (len > in.left)
            len = in.left;
        ask(&signer, esep_slice(in.data, len));
        in.data += len;
        in.left -= len;
    }
    return 0;
}
