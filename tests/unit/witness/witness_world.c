/* tests/unit/witness/witness_world.c - see witness_world.h. */
#include "witness_world.h"

void world_history(struct world_history *ret, unsigned number, size_t from)
{
    char text[32];
    ret->from = from;
    for (size_t i = 0; i < WORLD_LEAVES; i++) {
        (void)snprintf(text, sizeof text, "%u:%zu", i < from ? 0 : number, i);
        ret->leaves[i] = esep_merkle_leaf(esep_slice_str(text));
    }
}

static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct world_history *history = context;
    struct esep_hash row[WORLD_LEAVES];
    const size_t first = (size_t)(place.index << place.level);
    size_t count = (size_t)1 << place.level;
    assert_true(first + count <= WORLD_LEAVES);
    memcpy(row, history->leaves + first, count * sizeof *row);
    for (; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++)
            row[i] = esep_merkle_node(&row[2 * i], &row[2 * i + 1]);
    *ret = row[0];
    return true;
}

static struct esep_merkle_source source_of(const struct world_history *history)
{
    union {
        const struct world_history *in;
        void *out;
    } context = {.in = history};
    return (struct esep_merkle_source){.node = node, .context = context.out};
}

struct esep_hash world_root(const struct world_history *history, uint64_t size)
{
    struct esep_hash root;
    const struct esep_merkle_source source = source_of(history);
    assert_int_equal(esep_merkle_root_from(&source, size, &root), ESEP_OK);
    return root;
}

struct esep_sign_key world_secret(uint8_t number)
{
    const uint8_t seed[32] = {number};
    struct esep_sign_key key;
    esep_sign_key_from_seed(&key, seed);
    return key;
}

struct esep_note_key world_key(uint8_t number)
{
    struct esep_note_key key;
    const struct esep_sign_key secret = world_secret(number);
    assert_int_equal(esep_note_key(&key, WORLD_ORIGIN, ESEP_NOTE_ED25519, secret.public, NULL),
                     ESEP_OK);
    return key;
}

struct witness_log world_log(void)
{
    struct witness_log log = {.origin = WORLD_ORIGIN, .key_count = 1};
    log.keys[0] = world_key(1);
    return log;
}

struct esep_sign_key world_witness_secret(void)
{
    return world_secret(200);
}

struct esep_note_key world_witness_key(void)
{
    struct esep_note_key key;
    const struct esep_sign_key secret = world_witness_secret();
    assert_int_equal(
        esep_note_key(&key, "witness.example/w1", ESEP_NOTE_COSIGNATURE, secret.public, NULL),
        ESEP_OK);
    return key;
}

size_t world_note(const struct world_history *history, uint64_t size, uint8_t key, bool cosigned,
                  char out[WORLD_NOTE_MAX])
{
    const struct esep_sign_key secret = world_secret(key);
    const struct esep_note_key name = world_key(key);
    const struct esep_hash root = world_root(history, size);
    uint8_t signature[ESEP_COSIGNATURE_BYTES];
    size_t len = esep_checkpoint_text(WORLD_ORIGIN, size, &root, out);
    const struct esep_slice text = esep_slice(out, len);
    esep_sign(&secret, text, signature);
    out[len++] = '\n';
    len += esep_note_line(&name, signature, out + len);
    if (cosigned) {
        const struct esep_sign_key witness = world_witness_secret();
        const struct esep_note_key own = world_witness_key();
        assert_int_equal(esep_note_cosign(esep_slice(out, text.len), &witness, 1000, signature),
                         ESEP_OK);
        len += esep_note_line(&own, signature, out + len);
    }
    return len;
}

void world_parse(struct world_request *request)
{
    struct esep_reason reason = {""};
    if (esep_add_checkpoint_parse(esep_slice(request->bytes, request->len), &request->parsed,
                                  &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
}

void world_request(struct world_request *ret, const struct world_history *history,
                   uint64_t old_size, uint64_t size)
{
    char note[WORLD_NOTE_MAX];
    struct esep_merkle_path proof = {0};
    struct esep_buf out;
    const struct esep_merkle_source source = source_of(history);
    const size_t len = world_note(history, size, 1, false, note);
    if (old_size <= size)
        assert_int_equal(esep_merkle_consistency(&source, old_size, size, &proof), ESEP_OK);
    esep_buf_init(&out, WORLD_REQUEST_MAX);
    assert_int_equal(esep_add_checkpoint_write(old_size, &proof, esep_slice(note, len), &out),
                     ESEP_OK);
    memcpy(ret->bytes, out.data, out.len);
    ret->len = out.len;
    esep_buf_done(&out);
    world_parse(ret);
}
