/* collector/signer/signer.c - see signer.h. */
#include "collector/signer/signer.h"

enum { HEAD = 4, NUMBERS = 16, ROTATION = 3 * 8 + ESEP_HASH_BYTES };

void signer_request_head(const char *origin, const struct esep_growth *growth,
                         struct signer_request *ret)
{
    *ret = (struct signer_request){.op = SIGNER_HEAD,
                                   .from = growth->from_size,
                                   .size = growth->size,
                                   .count = growth->span_count};
    memcpy(ret->origin, origin, strlen(origin) + 1);
    memcpy(ret->span, growth->span, growth->span_count * sizeof *growth->span);
}

size_t signer_request_write(const struct signer_request *request, uint8_t out[SIGNER_REQUEST_MAX])
{
    const size_t origin = strlen(request->origin);
    uint8_t *at = out + HEAD;
    memset(out, 0, HEAD);
    out[0] = (uint8_t)request->op;
    if (request->op == SIGNER_STATEMENT) {
        ESEP_ASSERT(request->statement.len <= SIGNER_STATEMENT_MAX);
        memcpy(at, request->statement.data, request->statement.len);
        return HEAD + request->statement.len;
    }
    if (request->op == SIGNER_CHAIN) {
        esep_be64_put(at, request->size);
        return HEAD + 8;
    }
    if (request->op == SIGNER_NEXT || request->op == SIGNER_SWITCH) {
        esep_be64_put(at, request->generation);
        esep_be64_put(at + 8, request->size);
        esep_be64_put(at + 16, (uint64_t)request->at);
        memcpy(at + 24, request->log_id.bytes, ESEP_HASH_BYTES);
        return HEAD + ROTATION;
    }
    out[3] = (uint8_t)origin;
    if (request->op == SIGNER_HEAD) {
        esep_be64_put(at, request->from);
        esep_be64_put(at + 8, request->size);
        at += NUMBERS;
    }
    memcpy(at, request->origin, origin);
    at += origin;
    for (size_t i = 0; request->op == SIGNER_HEAD && i < request->count; i++, at += ESEP_HASH_BYTES)
        memcpy(at, request->span[i].bytes, ESEP_HASH_BYTES);
    return (size_t)(at - out);
}

/* A name that a note's key could have, so that the text has three lines. */
static bool take_origin(struct esep_slice name, struct signer_request *ret)
{
    static const uint8_t any[ESEP_KEY_BYTES];
    struct esep_note_key key;
    if (name.len == 0 || name.len > ESEP_ORIGIN_MAX || memchr(name.data, 0, name.len) != NULL)
        return false;
    memcpy(ret->origin, name.data, name.len);
    ret->origin[name.len] = '\0';
    return esep_note_key(&key, ret->origin, ESEP_NOTE_ED25519, any, NULL) == ESEP_OK;
}

static bool take_head(struct esep_slice rest, size_t origin_len, struct signer_request *ret)
{
    if (rest.len < NUMBERS + origin_len)
        return false;
    ret->from = esep_be64(rest.data);
    ret->size = esep_be64(rest.data + 8);
    const struct esep_slice hashes =
        esep_slice(rest.data + NUMBERS + origin_len, rest.len - NUMBERS - origin_len);
    ret->count = hashes.len / ESEP_HASH_BYTES;
    if (hashes.len % ESEP_HASH_BYTES != 0 || ret->count > ESEP_MERKLE_SPAN_MAX ||
        ret->from > ret->size)
        return false;
    for (size_t i = 0; i < ret->count; i++)
        memcpy(ret->span[i].bytes, hashes.data + i * ESEP_HASH_BYTES, ESEP_HASH_BYTES);
    return take_origin(esep_slice(rest.data + NUMBERS, origin_len), ret);
}

static bool take_rotation(struct esep_slice rest, struct signer_request *ret)
{
    if (rest.len != ROTATION)
        return false;
    ret->generation = esep_be64(rest.data);
    ret->size = esep_be64(rest.data + 8);
    ret->at = (esep_time)esep_be64(rest.data + 16);
    memcpy(ret->log_id.bytes, rest.data + 24, ESEP_HASH_BYTES);
    esep_log_origin(&ret->log_id, ret->generation, ret->origin);
    return true;
}

enum esep_status signer_request_parse(struct esep_slice bytes, struct signer_request *ret)
{
    ret->count = 0;
    if (bytes.len < HEAD || bytes.len > SIGNER_REQUEST_MAX || bytes.data[1] != 0)
        return ESEP_INVALID;
    const size_t origin_len = (size_t)bytes.data[2] << 8 | bytes.data[3];
    const struct esep_slice rest = esep_slice(bytes.data + HEAD, bytes.len - HEAD);
    bool good = false;
    switch (bytes.data[0]) {
    case SIGNER_HEAD:
        good = take_head(rest, origin_len, ret);
        break;
    case SIGNER_SIZE:
        good = rest.len == origin_len && take_origin(rest, ret);
        break;
    case SIGNER_KEY:
        good = rest.len == 0 && origin_len == 0;
        ret->origin[0] = '\0';
        break;
    case SIGNER_STATEMENT:
        good = origin_len == 0 && rest.len <= SIGNER_STATEMENT_MAX;
        ret->origin[0] = '\0';
        ret->statement = rest;
        break;
    case SIGNER_NEXT:
    case SIGNER_SWITCH:
        good = origin_len == 0 && take_rotation(rest, ret);
        break;
    case SIGNER_CHAIN:
        good = origin_len == 0 && rest.len == 8;
        ret->origin[0] = '\0';
        ret->size = good ? esep_be64(rest.data) : 0;
        break;
    default:
        break;
    }
    if (!good)
        return ESEP_INVALID;
    ret->op = (enum signer_op)bytes.data[0];
    return ESEP_OK;
}

void signer_reply_write(const struct signer_reply *reply, uint8_t out[SIGNER_REPLY_BYTES])
{
    memset(out, 0, SIGNER_REPLY_BYTES);
    out[0] = (uint8_t)reply->status;
    esep_be64_put(out + 8, reply->size);
    memcpy(out + 16, reply->root.bytes, ESEP_HASH_BYTES);
    memcpy(out + 48, reply->signature, ESEP_SIGNATURE_BYTES);
    memcpy(out + 112, reply->by_new, ESEP_SIGNATURE_BYTES);
    esep_be64_put(out + 176, reply->generation);
    esep_be64_put(out + 184, (uint64_t)reply->at);
}

enum esep_status signer_reply_parse(struct esep_slice bytes, struct signer_reply *ret)
{
    if (bytes.len != SIGNER_REPLY_BYTES || bytes.data[0] > ESEP_DENIED)
        return ESEP_INVALID;
    ret->status = (enum esep_status)bytes.data[0];
    ret->size = esep_be64(bytes.data + 8);
    memcpy(ret->root.bytes, bytes.data + 16, ESEP_HASH_BYTES);
    memcpy(ret->signature, bytes.data + 48, ESEP_SIGNATURE_BYTES);
    memcpy(ret->by_new, bytes.data + 112, ESEP_SIGNATURE_BYTES);
    ret->generation = esep_be64(bytes.data + 176);
    ret->at = (esep_time)esep_be64(bytes.data + 184);
    return ESEP_OK;
}

enum esep_status signer_extend(const struct esep_merkle *tree, const struct signer_request *request,
                               struct esep_merkle *ret)
{
    *ret = *tree;
    if (request->size == tree->size)
        return ESEP_OK; /* it was signed, and is again */
    if (request->from != tree->size)
        return ESEP_CONFLICT;
    return esep_merkle_append_span(ret, request->size, request->span, request->count);
}

void signer_sign_head(const struct esep_sign_key *key, const char *origin,
                      const struct esep_merkle *tree, struct signer_reply *ret)
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    ret->size = tree->size;
    ret->root = esep_merkle_root(tree);
    const size_t len = esep_checkpoint_text(origin, ret->size, &ret->root, text);
    esep_sign(key, esep_slice(text, len), ret->signature);
}

/* The statements of the log's key (wire/statement.h); a tag ends with a zero byte. */
static const struct {
    char tag[16];
    size_t bytes;
    bool hashed; /* the key signs the SHA-256 */
} statements[] = {
    {"esep/refusal/v1", 72, false},
    {"esep/join/v1", 128, true},
    {"esep/backup/v1", 80, false},
    {"esep/bkhead/v1", 80, false},
};

enum esep_status signer_sign_statement(const struct esep_sign_key *key, struct esep_slice statement,
                                       uint8_t ret[ESEP_SIGNATURE_BYTES])
{
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (statement.len != statements[i].bytes ||
            memcmp(statement.data, statements[i].tag, 16) != 0)
            continue;
        const struct esep_hash hash = esep_sha256(statement);
        esep_sign(key, statements[i].hashed ? esep_slice(hash.bytes, sizeof hash.bytes) : statement,
                  ret);
        return ESEP_OK;
    }
    return ESEP_DENIED;
}

static void say_key(const struct esep_log_key *key, struct signer_reply *ret)
{
    ret->size = key->size;
    memcpy(ret->root.bytes, key->public, ESEP_KEY_BYTES);
    ret->generation = key->generation;
    ret->at = key->at;
    memcpy(ret->signature, key->by_old, ESEP_SIGNATURE_BYTES);
    memcpy(ret->by_new, key->by_new, ESEP_SIGNATURE_BYTES);
}

/* The switch that was asked for has been made: its answer was lost. */
static bool is_done(const struct signer_keys *keys, const struct signer_request *request)
{
    const struct esep_log_key *last = &keys->known.at[keys->known.count - 1];
    return request->op == SIGNER_SWITCH && keys->known.count > 1 &&
           last->generation == request->generation && last->size == request->size &&
           last->at == request->at;
}

void signer_rotate(struct signer_keys *keys, const struct signer_request *request,
                   const struct esep_merkle *tree, struct signer_reply *ret)
{
    struct esep_log_key key = {
        .generation = request->generation, .size = request->size, .at = request->at};
    const uint64_t signed_size = request->size - (request->op == SIGNER_NEXT ? 1 : 0);
    if (keys->known.count == 0)
        esep_log_keys_begin(&keys->known, keys->present.public);
    if (is_done(keys, request)) {
        say_key(&keys->known.at[keys->known.count - 1], ret);
        return;
    }
    ret->status = keys->has_next ? ESEP_OK : ESEP_NOT_FOUND;
    if (ret->status == ESEP_OK && (request->size == 0 || tree->size != signed_size))
        ret->status = ESEP_CONFLICT;
    if (ret->status != ESEP_OK)
        return;
    esep_log_key_sign(&request->log_id, &keys->present, &keys->next, &key);
    struct esep_log_keys grown = keys->known;
    ret->status = esep_log_keys_push(&grown, keys->present.public, &key);
    if (ret->status != ESEP_OK)
        return;
    say_key(&key, ret);
    if (request->op == SIGNER_NEXT)
        return;
    keys->known = grown;
    keys->present = keys->next;
    esep_wipe(&keys->next, sizeof keys->next);
    keys->has_next = false;
}

static void answer_key(const struct signer_keys *keys, struct signer_reply *ret)
{
    ret->size = keys->known.count > 0 ? keys->known.count : 1;
    memcpy(ret->root.bytes, keys->present.public, ESEP_KEY_BYTES);
    if (keys->has_next)
        memcpy(ret->by_new, keys->next.public, ESEP_KEY_BYTES);
}

bool signer_answer_by_key(const struct signer_keys *keys, struct esep_slice request,
                          struct signer_request *ret_asked, struct signer_reply *ret)
{
    *ret_asked = (struct signer_request){.op = SIGNER_SIZE};
    *ret = (struct signer_reply){.status = signer_request_parse(request, ret_asked)};
    if (ret->status != ESEP_OK)
        return true;
    if (ret_asked->op == SIGNER_STATEMENT)
        ret->status = signer_sign_statement(&keys->present, ret_asked->statement, ret->signature);
    else if (ret_asked->op == SIGNER_KEY)
        answer_key(keys, ret);
    else if (ret_asked->op != SIGNER_CHAIN)
        return false;
    else if (ret_asked->size < keys->known.count)
        say_key(&keys->known.at[ret_asked->size], ret);
    else
        ret->status = ESEP_NOT_FOUND;
    return true;
}

void signer_memory_begin(struct signer_memory *signer, const char *origin,
                         const struct esep_merkle *tree)
{
    const size_t len = strlen(origin);
    ESEP_ASSERT(len <= ESEP_ORIGIN_MAX);
    memcpy(signer->origin, origin, len + 1);
    signer->tree = *tree;
}

static void memory_head(struct signer_memory *signer, const struct signer_request *request,
                        struct signer_reply *ret)
{
    struct esep_merkle none;
    struct esep_merkle next;
    esep_merkle_init(&none);
    const bool known = strcmp(signer->origin, request->origin) == 0;
    const struct esep_merkle *tree = known ? &signer->tree : &none;
    ret->size = tree->size;
    ret->root = esep_merkle_root(tree);
    if (request->op == SIGNER_NEXT || request->op == SIGNER_SWITCH)
        signer_rotate(&signer->keys, request, tree, ret);
    if (request->op != SIGNER_HEAD)
        return;
    ret->status = signer_extend(tree, request, &next);
    if (ret->status != ESEP_OK)
        return;
    signer_memory_begin(signer, request->origin, &next);
    signer_sign_head(&signer->keys.present, request->origin, &next, ret);
}

void signer_memory_answer(struct signer_memory *signer, struct esep_slice request,
                          struct signer_reply *ret)
{
    struct signer_request asked;
    if (!signer_answer_by_key(&signer->keys, request, &asked, ret))
        memory_head(signer, &asked, ret);
}
