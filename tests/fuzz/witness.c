/* tests/fuzz/witness.c - texts of the transparency community by strangers, and a log that lies to a
 * witness.
 *
 * The first byte says what the rest is: a request to a witness, a note, a proof, a key; or a story,
 * records of four bytes: whose history, from which size, to which, and what of the proof is changed
 * on the way. Histories 0 and 1 share their first 20 leaves.
 * Properties: a text that is taken is the same when it is written again, and what a note's parser
 * says of it lies inside of it; nothing verifies under a key that has signed nothing; a witness
 * signs sizes that never fall, times that never fall, and never both histories.
 */
#include "collector/witness/witness.h"

#include "fuzz.h"

enum { LEAVES = 64, SHARED = 20 };
#define ORIGIN "log.example"

struct world {
    bool made;
    struct esep_hash leaves[2][LEAVES];
    struct esep_sign_key secret;
    struct witness_log log;
    struct esep_note_key own;
};

static const struct world *world(void)
{
    static struct world w;
    const uint8_t seed[2][32] = {{1}, {2}};
    struct esep_sign_key witness;
    if (w.made)
        return &w;
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    esep_sign_key_from_seed(&w.secret, seed[0]);
    esep_sign_key_from_seed(&witness, seed[1]);
    w.log = (struct witness_log){.origin = ORIGIN, .key_count = 1};
    FUZZ_CHECK(esep_note_key(&w.log.keys[0], ORIGIN, ESEP_NOTE_ED25519, w.secret.public, NULL) ==
               ESEP_OK);
    FUZZ_CHECK(esep_note_key(&w.own, "witness", ESEP_NOTE_COSIGNATURE, witness.public, NULL) ==
               ESEP_OK);
    for (uint8_t h = 0; h < 2; h++)
        for (unsigned i = 0; i < LEAVES; i++) {
            const uint8_t leaf[2] = {i < SHARED ? 0 : h, (uint8_t)i};
            w.leaves[h][i] = esep_merkle_leaf(esep_slice(leaf, sizeof leaf));
        }
    w.made = true;
    return &w;
}

static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct esep_hash *leaves = context;
    struct esep_hash row[LEAVES];
    size_t count = (size_t)1 << place.level;
    const size_t first = (size_t)(place.index << place.level);
    FUZZ_CHECK(first + count <= LEAVES);
    memcpy(row, leaves + first, count * sizeof *row);
    for (; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++)
            row[i] = esep_merkle_node(&row[2 * i], &row[2 * i + 1]);
    *ret = row[0];
    return true;
}

static size_t note_of(const struct world *w, uint64_t size, const struct esep_hash *root,
                      char out[1024])
{
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    size_t len = esep_checkpoint_text(ORIGIN, size, root, out);
    esep_sign(&w->secret, esep_slice(out, len), signature);
    out[len++] = '\n';
    return len + esep_note_line(&w->log.keys[0], signature, out + len);
}

struct memory {
    struct witness_head head;
    int64_t last_s;
    bool of[2]; /* signed more of this history than both have */
};

static void step(struct fuzz_input *in, struct memory *memory)
{
    const struct world *w = world();
    char note[1024];
    struct esep_buf body;
    struct esep_add_checkpoint asked;
    struct esep_hash root;
    struct esep_hash leaves[LEAVES];
    struct esep_merkle_path proof = {0};
    const uint8_t how = fuzz_byte(in);
    const unsigned history = how & 1;
    const uint64_t old = fuzz_byte(in) % (LEAVES + 1);
    const uint64_t size = fuzz_byte(in) % (LEAVES + 1);
    const uint8_t damage = fuzz_byte(in);
    memcpy(leaves, w->leaves[history], sizeof leaves);
    const struct esep_merkle_source source = {.node = node, .context = leaves};
    FUZZ_CHECK(esep_merkle_root_from(&source, size, &root) == ESEP_OK);
    if (old <= size)
        FUZZ_CHECK(esep_merkle_consistency(&source, old, size, &proof) == ESEP_OK);
    if (damage != 0 && proof.count > 0)
        proof.hashes[damage % proof.count].bytes[damage & 31] ^= damage;
    const size_t len = note_of(w, size, &root, note);
    esep_buf_init(&body, ESEP_ADD_CHECKPOINT_BYTES_MAX);
    FUZZ_CHECK(esep_add_checkpoint_write(old, &proof, esep_slice(note, len), &body) == ESEP_OK);
    FUZZ_CHECK(esep_add_checkpoint_parse(esep_buf_slice(&body), &asked, NULL) == ESEP_OK);
    const struct witness_verdict verdict =
        witness_judge(&w->log, &w->own, &asked, &memory->head, 1000 + (int64_t)(how >> 1) * 8,
                      memory->last_s, NULL);
    esep_buf_done(&body);
    if (verdict.answer != WITNESS_COSIGN)
        return;
    FUZZ_CHECK(damage == 0 || proof.count == 0);
    FUZZ_CHECK(old == memory->head.size && verdict.next.size == size && size >= old);
    FUZZ_CHECK(esep_hash_equal(&verdict.next.root, &root));
    FUZZ_CHECK(verdict.next.time_s >= memory->last_s);
    memory->of[history] = memory->of[history] || size > SHARED;
    FUZZ_CHECK(!memory->of[0] || !memory->of[1]);
    memory->head = verdict.next;
    memory->last_s = verdict.next.time_s;
}

static void story(struct fuzz_input *in)
{
    struct memory memory = {.head = witness_head_none()};
    for (int i = 0; i < 24 && in->left >= 4; i++)
        step(in, &memory);
}

static bool inside(struct esep_slice part, struct esep_slice whole)
{
    return part.data >= whole.data && part.len <= whole.len &&
           (size_t)(part.data - whole.data) <= whole.len - part.len;
}

static void request(struct esep_slice bytes)
{
    struct esep_add_checkpoint asked;
    struct esep_buf out;
    const struct witness_head none = witness_head_none();
    const struct world *w = world();
    if (esep_add_checkpoint_parse(bytes, &asked, NULL) != ESEP_OK)
        return;
    FUZZ_CHECK(inside(asked.note_bytes, bytes) && inside(asked.note.text, asked.note_bytes));
    esep_buf_init(&out, ESEP_ADD_CHECKPOINT_BYTES_MAX);
    FUZZ_CHECK(esep_add_checkpoint_write(asked.old_size, &asked.proof, asked.note_bytes, &out) ==
               ESEP_OK);
    FUZZ_CHECK(esep_slice_equal(esep_buf_slice(&out), bytes));
    esep_buf_done(&out);
    if (witness_log_find(&w->log, 1, asked.checkpoint.origin) != NULL)
        (void)witness_judge(&w->log, &w->own, &asked, &none, 1000, 0, NULL);
}

static void a_note(struct esep_slice bytes)
{
    const struct world *w = world();
    struct esep_note note;
    struct esep_checkpoint checkpoint;
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    if (esep_note_parse(bytes, &note, NULL) != ESEP_OK)
        return;
    FUZZ_CHECK(inside(note.text, bytes) && inside(note.signatures, bytes));
    FUZZ_CHECK(note.text.len + 1 + note.signatures.len == bytes.len);
    FUZZ_CHECK(esep_note_verify(&note, &w->own, NULL, NULL) != ESEP_OK);
    if (esep_checkpoint_parse(note.text, &checkpoint, NULL) != ESEP_OK)
        return;
    const size_t len =
        esep_checkpoint_text(checkpoint.origin, checkpoint.size, &checkpoint.root, text);
    FUZZ_CHECK(len <= note.text.len && memcmp(text, note.text.data, len) == 0);
}

static void proof(struct esep_slice bytes)
{
    struct esep_proof parsed;
    struct esep_buf extra;
    struct esep_buf out;
    esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX);
    if (esep_proof_parse(bytes, &extra, &parsed, NULL) != ESEP_OK) {
        esep_buf_done(&extra);
        return;
    }
    FUZZ_CHECK(inside(parsed.note, bytes));
    esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
    FUZZ_CHECK(esep_proof_write(&parsed, &out) == ESEP_OK);
    FUZZ_CHECK(esep_slice_equal(esep_buf_slice(&out), bytes));
    esep_buf_done(&out);
    esep_buf_done(&extra);
}

static void key(struct fuzz_input *in)
{
    char text[300];
    char again[ESEP_NOTE_VKEY_MAX];
    struct esep_note_key parsed;
    if (in->left >= sizeof text)
        return;
    const struct esep_slice bytes = fuzz_rest(in);
    memcpy(text, bytes.data, bytes.len);
    text[bytes.len] = '\0';
    if (esep_note_key_parse(&parsed, text, NULL) != ESEP_OK)
        return;
    esep_note_key_format(&parsed, again);
    for (char *p = text; *p != '\0'; p++) /* the id may be written in either case */
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    for (char *p = again; *p != '\0'; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    FUZZ_CHECK(strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    switch (fuzz_byte(&in) % 5) {
    case 0:
        request(fuzz_rest(&in));
        break;
    case 1:
        a_note(fuzz_rest(&in));
        break;
    case 2:
        proof(fuzz_rest(&in));
        break;
    case 3:
        key(&in);
        break;
    default:
        story(&in);
    }
    return 0;
}
