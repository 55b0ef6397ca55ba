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

struct verify {
    struct esep_hash log_id;
    struct esep_merkle tree;
    struct office *offices;
    uint64_t offices_max;
    struct esep_arena arena;
    struct collector_verdict verdict;
    enum esep_status status;
    struct esep_reason *reason;
};

static bool wrong(struct verify *v, uint64_t index, const char *what)
{
    v->status = esep_because(v->reason, ESEP_CORRUPT, "log entry %llu: %s",
                             (unsigned long long)index, what);
    return false;
}

static struct office *office_of(struct verify *v, uint32_t number)
{
    return number < v->offices_max ? &v->offices[number] : NULL;
}

static const ProtobufCMessage *open_body(struct verify *v, const ProtobufCMessageDescriptor *type,
                                         struct esep_slice body)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&v->arena);
    return esep_unpack(type, body, &v->arena, &message) == ESEP_OK ? message : NULL;
}

/* New keys of an office that a rotation brings: the keys of before and the new ones signed it. */
static bool check_rotation(struct verify *v, uint64_t index, const struct office *office,
                           const Esep__V1__KeyChange *key)
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

static bool check_key(struct verify *v, uint64_t index, struct esep_slice body)
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

static bool check_signer(struct verify *v, uint64_t index, const struct office *office,
                         const struct esep_leaf *leaf)
{
    struct esep_hash key = esep_sha256(esep_slice(office->sign_key, ESEP_KEY_BYTES));
    return esep_hash_equal(&key, &leaf->key) ||
           wrong(v, index, "it names another key than the office's of that time");
}

static bool check_entry(struct verify *v, uint64_t index, const struct esep_leaf *leaf)
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

static bool check_commitment(struct verify *v, uint64_t index, const struct esep_leaf *leaf,
                             struct esep_slice body)
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

static bool check_evidence(struct verify *v, uint64_t index, const struct esep_leaf *leaf,
                           struct esep_slice body)
{
    const Esep__V1__Evidence *e =
        (const Esep__V1__Evidence *)open_body(v, &esep__v1__evidence__descriptor, body);
    if (e == NULL || e->office != leaf->office || e->size_bytes != leaf->seq ||
        e->sha256.len != ESEP_HASH_BYTES ||
        memcmp(e->sha256.data, leaf->head.bytes, ESEP_HASH_BYTES) != 0)
        return wrong(v, index, "leaf and body speak of different files");
    return true;
}

/* What an entry of the collector's own has no use for is zero: there is one leaf for it, not many.
 */
static bool check_bare(struct verify *v, uint64_t index, const struct esep_leaf *leaf)
{
    static const struct esep_hash none;
    const bool file = leaf->type == ESEP__V1__LOG_TYPE__LOG_TYPE_EVIDENCE;
    return (esep_hash_equal(&leaf->signature, &none) && esep_hash_equal(&leaf->key, &none) &&
            (file || esep_hash_equal(&leaf->head, &none))) ||
           wrong(v, index, "the leaf holds hashes that say nothing");
}

static bool check_one(void *context, uint64_t index, struct esep_slice leaf_bytes,
                      struct esep_slice body)
{
    struct verify *v = context;
    struct esep_leaf leaf;
    if (esep_leaf_unpack(leaf_bytes, &leaf) != ESEP_OK)
        return wrong(v, index, "not a leaf");
    esep_merkle_append(&v->tree, leaf_bytes);
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
    if (leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_KEY)
        return check_key(v, index, body);
    if (leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_EVIDENCE)
        return check_evidence(v, index, &leaf, body);
    return true;
}

/* The last entries, too, are closed by a signed head: both came in one commit. */
static enum esep_status check_closed(const struct verify *v)
{
    for (uint64_t i = 0; i < v->offices_max; i++)
        if (v->offices[i].closed_seq != v->offices[i].seq)
            return esep_because(v->reason, ESEP_CORRUPT,
                                "the entries of office %llu end without a signed head",
                                (unsigned long long)i);
    return ESEP_OK;
}

enum esep_status collector_verify(struct collector_log *log, uint64_t offices_max,
                                  collector_progress_fn *progress, void *context,
                                  struct collector_verdict *ret, struct esep_reason *reason)
{
    const uint64_t step = 4096;
    struct verify v = {.log_id = log->log_id, .offices_max = offices_max + 1, .reason = reason};
    uint64_t size = 0;
    esep_merkle_init(&v.tree);
    v.offices = calloc(v.offices_max, sizeof *v.offices);
    enum esep_status status = esep_arena_init(&v.arena, 1u << 20);
    if (status == ESEP_OK && v.offices == NULL)
        status = esep_because(reason, ESEP_NOMEM, "no memory for %llu offices",
                              (unsigned long long)offices_max);
    if (status == ESEP_OK)
        status = log->ops->size(log, &size);
    for (uint64_t at = 0; status == ESEP_OK && at < size; at += step) {
        uint64_t count = size - at < step ? size - at : step;
        uint64_t before = v.verdict.entries;
        status = log->ops->read(log, at, count, check_one, &v, reason);
        if (status == ESEP_OK)
            status = v.status;
        if (status == ESEP_OK && v.verdict.entries - before != count)
            status = esep_because(reason, ESEP_CORRUPT, "log entry %llu is missing",
                                  (unsigned long long)v.verdict.entries);
        if (progress != NULL)
            progress(context, at + count, size);
    }
    if (status == ESEP_OK)
        status = check_closed(&v);
    v.verdict.root = esep_merkle_root(&v.tree);
    *ret = v.verdict;
    esep_arena_done(&v.arena);
    free(v.offices);
    return status;
}

struct totals {
    struct views *views;
    enum esep_status status;
    struct esep_reason *reason;
};

static bool load_totals(void *context, struct esep_slice key, struct esep_slice value)
{
    struct totals *t = context;
    t->status = views_load_row(t->views, key, value, t->reason);
    return false;
}

enum esep_status collector_verify_root(struct collector_log *log,
                                       const struct collector_settings *settings,
                                       const struct collector_verdict *verdict,
                                       struct esep_reason *reason)
{
    const struct views_limits limits = collector_settings_limits(settings);
    struct totals t = {.status = ESEP_CORRUPT, .reason = reason};
    (void)esep_because(
        reason, ESEP_CORRUPT,
        "the root of the tree is not stored: run esep-collector log replay --repair");
    enum esep_status status = views_new(&t.views, &limits, collector_zones_get, NULL);
    if (status == ESEP_OK)
        status =
            log->ops->rows(log, esep_slice("T", 1), esep_slice(NULL, 0), load_totals, &t, reason);
    if (status == ESEP_OK)
        status = t.status;
    if (status == ESEP_OK) {
        struct esep_hash stored = esep_merkle_root(views_tree(t.views));
        if (views_log_size(t.views) == verdict->entries &&
            !esep_hash_equal(&stored, &verdict->root))
            status = esep_because(
                reason, ESEP_CORRUPT,
                "the tree of the entries has another root than the one stored with them: the time, "
                "the verdict or the flags of a leaf were changed; compare with a backup or with an "
                "office's receipts");
        else if (reason != NULL)
            reason->text[0] = 0;
    }
    views_free(t.views);
    return status;
}
