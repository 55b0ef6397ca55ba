/* collector/verify.c - see verify.h. */
#include "collector/verify.h"

#include "wire/office_keys.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <stdlib.h>

struct office {
    uint8_t sign_key[ESEP_KEY_BYTES];
    bool known;
    uint32_t epoch;
    uint64_t seq;        /* of the last entry seen */
    uint64_t closed_seq; /* of the last closing commitment */
    struct esep_hash head;
    /* of the group that is not yet closed: which signature its entries name, and which of them is
     * the first to name another one than the first */
    struct esep_hash signature;
    uint64_t group_index;
    uint64_t odd_index;
};

/* Nodes that the rows keep, and that one step makes at the most: one for each 256 entries, and now
 * and then one of a level above. */
#define STEP_MAX 4096u
#define NODES_MAX (STEP_MAX / 256 + 16)
struct node {
    struct esep_merkle_place place;
    struct esep_hash hash;
};

struct collector_verifier {
    struct collector_log *log;
    struct esep_hash log_id;
    uint64_t size; /* where it ends */
    struct esep_hash root;
    struct esep_merkle tree;
    struct node nodes[NODES_MAX]; /* of this step */
    size_t node_count;
    struct esep_log_keys keys; /* of the log */
    uint64_t generation;
    struct office *offices;
    uint64_t offices_max;
    struct esep_arena arena;
    struct collector_verdict verdict;
    enum esep_status status;
    struct esep_reason *reason;
};

static bool wrong(struct collector_verifier *v, uint64_t index, const char *what)
{
    v->status = esep_because(v->reason, ESEP_CORRUPT, "log entry %llu: %s",
                             (unsigned long long)index, what);
    return false;
}

static struct office *office_of(struct collector_verifier *v, uint32_t number)
{
    return number < v->offices_max ? &v->offices[number] : NULL;
}

static const ProtobufCMessage *open_body(struct collector_verifier *v,
                                         const ProtobufCMessageDescriptor *type,
                                         struct esep_slice body)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&v->arena);
    return esep_unpack(type, body, &v->arena, &message) == ESEP_OK ? message : NULL;
}

/* New keys of an office that a rotation brings: the keys of before and the new ones signed it. */
static bool check_rotation(struct collector_verifier *v, uint64_t index,
                           const struct office *office, const Esep__V1__KeyChange *key)
{
    struct esep_rotation r = {.office = key->office, .epoch = key->epoch};
    if (key->epoch == 0 || key->code_hash.len != 0)
        return true;
    if (key->sign_key.len != ESEP_KEY_BYTES || key->curve_key.len != ESEP_KEY_BYTES ||
        key->old_sign_key.len != ESEP_KEY_BYTES || key->old_curve_key.len != ESEP_KEY_BYTES ||
        key->by_old.len != ESEP_SIGNATURE_BYTES || key->by_new.len != ESEP_SIGNATURE_BYTES ||
        !office->known || memcmp(key->old_sign_key.data, office->sign_key, ESEP_KEY_BYTES) != 0)
        return wrong(v, index, "new keys that do not follow the office's");
    memcpy(r.old.sign, key->old_sign_key.data, ESEP_KEY_BYTES);
    memcpy(r.old.curve, key->old_curve_key.data, ESEP_KEY_BYTES);
    memcpy(r.fresh.sign, key->sign_key.data, ESEP_KEY_BYTES);
    memcpy(r.fresh.curve, key->curve_key.data, ESEP_KEY_BYTES);
    memcpy(r.by_old, key->by_old.data, ESEP_SIGNATURE_BYTES);
    memcpy(r.by_new, key->by_new.data, ESEP_SIGNATURE_BYTES);
    v->verdict.signatures += 2;
    return esep_rotation_verify(&v->log_id, &r) ||
           wrong(v, index, "a rotation that both keys did not sign");
}

static bool check_key(struct collector_verifier *v, uint64_t index, struct esep_slice body)
{
    const Esep__V1__KeyChange *key =
        (const Esep__V1__KeyChange *)open_body(v, &esep__v1__key_change__descriptor, body);
    if (key == NULL)
        return wrong(v, index, "the body is no KeyChange");
    struct office *office = office_of(v, key->office);
    if (office == NULL)
        return wrong(v, index, "an office number beyond limits.offices");
    if (!check_rotation(v, index, office, key))
        return false;
    if (key->sign_key.len == ESEP_KEY_BYTES) {
        memcpy(office->sign_key, key->sign_key.data, ESEP_KEY_BYTES);
        office->known = true;
    }
    return true;
}

static bool check_genesis(struct collector_verifier *v, uint64_t index, struct esep_slice body)
{
    const Esep__V1__Genesis *genesis =
        (const Esep__V1__Genesis *)open_body(v, &esep__v1__genesis__descriptor, body);
    if (index != 0 || genesis == NULL || genesis->log_key.len != ESEP_KEY_BYTES)
        return wrong(v, index, "no GENESIS that could begin a log");
    esep_log_keys_begin(&v->keys, genesis->log_key.data);
    return true;
}

static bool check_generation(struct collector_verifier *v, uint64_t index, struct esep_slice body)
{
    const Esep__V1__Generation *generation =
        (const Esep__V1__Generation *)open_body(v, &esep__v1__generation__descriptor, body);
    if (generation == NULL || generation->number <= v->generation)
        return wrong(v, index, "the body is no Generation that follows the one before");
    v->generation = generation->number;
    return true;
}

/* Another key for the log: by the one before it and by itself, from right here on, or where an
 * older generation said so. */
static bool check_log_key(struct collector_verifier *v, uint64_t index, struct esep_slice body)
{
    const Esep__V1__LogKey *message =
        (const Esep__V1__LogKey *)open_body(v, &esep__v1__log_key__descriptor, body);
    struct esep_log_key key;
    uint8_t old[ESEP_KEY_BYTES];
    if (message == NULL || esep_log_key_read(message, old, &key) != ESEP_OK)
        return wrong(v, index, "the body is no LogKey");
    if (key.generation == v->generation ? key.size != index + 1 : key.generation > v->generation)
        return wrong(v, index, "the log's next key is said to sign from elsewhere on");
    v->verdict.signatures += 2;
    if (!esep_log_key_verify(&v->log_id, old, &key))
        return wrong(v, index, "a key of the log that the old one and itself did not sign");
    return esep_log_keys_push(&v->keys, old, &key) == ESEP_OK ||
           wrong(v, index, "a key of the log that does not follow the one before");
}

static bool check_signer(struct collector_verifier *v, uint64_t index, const struct office *office,
                         const struct esep_leaf *leaf)
{
    struct esep_hash key = esep_sha256(esep_slice(office->sign_key, ESEP_KEY_BYTES));
    return esep_hash_equal(&key, &leaf->key) ||
           wrong(v, index, "it names another key than the office's of that time");
}

static bool check_entry(struct collector_verifier *v, uint64_t index, const struct esep_leaf *leaf)
{
    struct office *office = office_of(v, leaf->office);
    if (office == NULL || !office->known)
        return wrong(v, index, "an entry of an office that the log did not enrol");
    if (leaf->epoch != office->epoch) {
        if (leaf->epoch <= office->epoch || leaf->seq != 1)
            return wrong(v, index, "the epoch does not follow");
        if (office->closed_seq != office->seq)
            return wrong(v, index, "the epoch before it ends without a signed head");
        office->epoch = leaf->epoch;
        office->seq = 0;
        office->closed_seq = 0;
        office->head = esep_chain_start(&v->log_id, leaf->office, leaf->epoch, office->sign_key);
    }
    if (leaf->seq != office->seq + 1)
        return wrong(v, index, "the sequence does not follow");
    office->head = esep_chain_link(&office->head, leaf->seq, &leaf->content);
    office->seq = leaf->seq;
    v->verdict.office_entries++;
    if (!esep_hash_equal(&office->head, &leaf->head))
        return wrong(v, index, "its content does not give the chain hash in the leaf");
    if (office->seq - office->closed_seq == 1) {
        office->signature = leaf->signature;
        office->group_index = index;
        office->odd_index = 0;
    } else if (office->odd_index == 0 && !esep_hash_equal(&office->signature, &leaf->signature)) {
        office->odd_index = index;
    }
    return check_signer(v, index, office, leaf);
}

static bool check_commitment(struct collector_verifier *v, uint64_t index,
                             const struct esep_leaf *leaf, struct esep_slice body)
{
    struct esep_commitment c;
    struct office *office = office_of(v, leaf->office);
    if (esep_commitment_unpack(&v->log_id, body, &c) != ESEP_OK)
        return wrong(v, index, "the body is no commitment for this log");
    if (office == NULL || !office->known || c.office != leaf->office || c.epoch != leaf->epoch ||
        c.seq != leaf->seq || !esep_hash_equal(&c.head, &leaf->head))
        return wrong(v, index, "the commitment is not the one that the leaf names");
    struct esep_hash signature = esep_sha256(esep_slice(c.signature, sizeof c.signature));
    if (!esep_hash_equal(&signature, &leaf->signature))
        return wrong(v, index, "the leaf names another signature");
    if (!check_signer(v, index, office, leaf))
        return false;
    if (!esep_commitment_verify(&v->log_id, &c, office->sign_key))
        return wrong(v, index, "the office's signature does not hold");
    v->verdict.signatures++;
    if ((leaf->flags & ESEP_LEAF_CLOSES) == 0)
        return true;
    if (c.epoch != office->epoch || c.seq != office->seq ||
        !esep_hash_equal(&c.head, &office->head))
        return wrong(v, index, "the signed head is not that of the entries it closes");
    if (office->seq > office->closed_seq &&
        (office->odd_index != 0 || !esep_hash_equal(&office->signature, &leaf->signature)))
        return wrong(v,
                     esep_hash_equal(&office->signature, &leaf->signature) ? office->odd_index
                                                                           : office->group_index,
                     "it names another signature than the one that closes its group");
    office->closed_seq = c.seq;
    return true;
}

/* What an entry of the collector's own has no use for is zero: there is one leaf for it, not many.
 */
static bool check_bare(struct collector_verifier *v, uint64_t index, const struct esep_leaf *leaf)
{
    static const struct esep_hash none;
    return (leaf->epoch == 0 && leaf->seq == 0 && esep_hash_equal(&leaf->signature, &none) &&
            esep_hash_equal(&leaf->key, &none) && esep_hash_equal(&leaf->head, &none)) ||
           wrong(v, index, "the leaf holds what says nothing of it");
}

static void see_node(void *context, struct esep_merkle_place place, const struct esep_hash *hash)
{
    struct collector_verifier *v = context;
    if (place.level == 0 || place.level % VIEWS_NODE_LEVELS != 0)
        return;
    ESEP_ASSERT(v->node_count < NODES_MAX);
    v->nodes[v->node_count++] = (struct node){place, *hash};
}

static bool check_one(void *context, uint64_t index, struct esep_slice leaf_bytes,
                      struct esep_slice body)
{
    struct collector_verifier *v = context;
    struct esep_leaf leaf;
    if (esep_leaf_unpack(leaf_bytes, &leaf) != ESEP_OK)
        return wrong(v, index, "not a leaf");
    esep_merkle_append_seen(&v->tree, leaf_bytes, see_node, v);
    v->verdict.entries++;
    struct esep_hash content = esep_content_hash(body);
    if (!esep_hash_equal(&content, &leaf.content))
        return wrong(v, index, "the body does not give the hash in the leaf");
    if (leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY)
        return check_entry(v, index, &leaf);
    if (leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT)
        return check_commitment(v, index, &leaf, body);
    if (!check_bare(v, index, &leaf))
        return false;
    switch (leaf.type) {
    case ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS:
        return check_genesis(v, index, body);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_GENERATION:
        return check_generation(v, index, body);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_LOG_KEY:
        return check_log_key(v, index, body);
    case ESEP__V1__LOG_TYPE__LOG_TYPE_KEY:
        return check_key(v, index, body);
    default:
        return true;
    }
}

/* The last entries, too, are closed by a signed head: both came in one commit. */
static enum esep_status check_closed(const struct collector_verifier *v)
{
    for (uint64_t i = 0; i < v->offices_max; i++)
        if (v->offices[i].closed_seq != v->offices[i].seq)
            return esep_because(v->reason, ESEP_CORRUPT,
                                "the entries of office %llu end without a signed head",
                                (unsigned long long)i);
    return ESEP_OK;
}

struct compare {
    const struct node *node;
    bool same;
};

static bool compare_node(void *context, struct esep_slice key, struct esep_slice value)
{
    struct compare *c = context;
    uint8_t expected[VIEWS_NODE_KEY_BYTES];
    views_node_key(c->node->place, expected);
    c->same = esep_slice_equal(key, esep_slice(expected, sizeof expected)) &&
              esep_slice_equal(value, esep_slice(c->node->hash.bytes, ESEP_HASH_BYTES));
    return false;
}

/* The nodes that lie with the views: proofs are made from them. One that differs tells of a leaf
 * that was changed, or of a row; which, the root at the end tells. */
static enum esep_status check_nodes(struct collector_verifier *v)
{
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && i < v->node_count; i++) {
        const struct node *node = &v->nodes[i];
        struct compare c = {.node = node};
        uint8_t key[VIEWS_NODE_KEY_BYTES];
        views_node_key(node->place, key);
        status = v->log->ops->rows(v->log, esep_slice(key, 2), esep_slice(key, sizeof key),
                                   compare_node, &c, v->reason);
        if (status == ESEP_OK && !c.same)
            status = esep_because(
                v->reason, ESEP_CORRUPT,
                "log entries %llu to %llu do not have the tree hash that is stored for them: the "
                "time, the verdict or the flags of a leaf among them were changed, or that row; "
                "compare with a backup or with an office's receipts",
                (unsigned long long)(node->place.index << node->place.level),
                (unsigned long long)((node->place.index + 1) << node->place.level) - 1);
    }
    v->node_count = 0;
    return status;
}

struct stored {
    struct esep_merkle tree;
    bool found;
    bool sound;
};

static bool load_tree(void *context, struct esep_slice key, struct esep_slice value)
{
    struct stored *stored = context;
    stored->found = key.len == 1;
    stored->sound = views_stored_tree(value, &stored->tree);
    return false;
}

/* What the rows say of the tree; they were written with the entries, in one transaction. */
static enum esep_status stored_root(struct collector_verifier *v)
{
    struct stored stored = {.found = false};
    uint64_t size = 0;
    enum esep_status status = v->log->ops->size(v->log, &size);
    if (status == ESEP_OK)
        status = v->log->ops->rows(v->log, esep_slice("T", 1), esep_slice(NULL, 0), load_tree,
                                   &stored, v->reason);
    if (status != ESEP_OK)
        return status;
    if (!stored.found || !stored.sound || stored.tree.size < size)
        return esep_because(v->reason, ESEP_CORRUPT,
                            "the root of the tree is %s: run esep-collector log replay --repair",
                            !stored.found  ? "not stored"
                            : stored.sound ? "stored for fewer entries than there are"
                                           : "damaged");
    v->size = stored.tree.size;
    v->root = esep_merkle_root(&stored.tree);
    return ESEP_OK;
}

enum esep_status collector_verifier_new(struct collector_verifier **ret, struct collector_log *log,
                                        uint64_t offices_max, struct esep_reason *reason)
{
    struct collector_verifier *v = calloc(1, sizeof *v);
    if (v == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to verify the log");
    *v = (struct collector_verifier){
        .log = log, .log_id = log->log_id, .offices_max = offices_max + 1};
    v->reason = reason;
    esep_merkle_init(&v->tree);
    v->offices = calloc(v->offices_max, sizeof *v->offices);
    enum esep_status status = esep_arena_init(&v->arena, 1u << 20);
    if (status == ESEP_OK && v->offices == NULL)
        status = esep_because(reason, ESEP_NOMEM, "no memory for %llu offices",
                              (unsigned long long)offices_max);
    if (status == ESEP_OK)
        status = stored_root(v);
    if (status != ESEP_OK) {
        collector_verifier_free(v);
        return status;
    }
    *ret = v;
    return ESEP_OK;
}

static enum esep_status check_end(struct collector_verifier *v)
{
    enum esep_status status = check_closed(v);
    v->verdict.root = esep_merkle_root(&v->tree);
    if (status == ESEP_OK && !esep_hash_equal(&v->root, &v->verdict.root))
        status = esep_because(
            v->reason, ESEP_CORRUPT,
            "the tree of the entries has another root than the one stored with them, and the "
            "change lies in entry %llu or behind it: the time, the verdict or the flags of a leaf "
            "were changed; compare with a backup or with an office's receipts",
            (unsigned long long)(v->size - v->size % (1u << VIEWS_NODE_LEVELS)));
    return status;
}

enum esep_status collector_verifier_step(struct collector_verifier *v, uint64_t count,
                                         bool *ret_over, struct esep_reason *reason)
{
    const uint64_t at = v->verdict.entries;
    count = count < STEP_MAX ? count : STEP_MAX;
    count = count < v->size - at ? count : v->size - at;
    v->reason = reason;
    enum esep_status status = v->log->ops->read(v->log, at, count, check_one, v, reason);
    if (status == ESEP_OK)
        status = v->status;
    if (status == ESEP_OK && v->verdict.entries - at != count)
        status = esep_because(reason, ESEP_CORRUPT, "log entry %llu is missing",
                              (unsigned long long)v->verdict.entries);
    if (status == ESEP_OK)
        status = check_nodes(v);
    *ret_over = v->verdict.entries == v->size;
    return status == ESEP_OK && *ret_over ? check_end(v) : status;
}

const struct collector_verdict *collector_verifier_verdict(const struct collector_verifier *v,
                                                           uint64_t *ret_size)
{
    *ret_size = v->size;
    return &v->verdict;
}

const struct esep_log_keys *collector_verifier_keys(const struct collector_verifier *v)
{
    return &v->keys;
}

void collector_verifier_free(struct collector_verifier *v)
{
    if (v == NULL)
        return;
    esep_arena_done(&v->arena);
    free(v->offices);
    free(v);
}

enum esep_status collector_verify(struct collector_log *log, uint64_t offices_max,
                                  collector_progress_fn *progress, void *context,
                                  struct collector_verdict *ret, struct esep_reason *reason)
{
    struct collector_verifier *v = NULL;
    bool over = false;
    *ret = (struct collector_verdict){0};
    enum esep_status status = collector_verifier_new(&v, log, offices_max, reason);
    while (status == ESEP_OK && !over) {
        status = collector_verifier_step(v, STEP_MAX, &over, reason);
        if (progress != NULL)
            progress(context, v->verdict.entries, v->size);
    }
    if (v != NULL)
        *ret = v->verdict;
    collector_verifier_free(v);
    return status;
}
