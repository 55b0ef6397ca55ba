/* verify/proof.c - see proof.h. */
#include "verify/proof.h"

#include <string.h>

enum {
    PART_LEAF = 1,
    PART_STATEMENT = 2,
    PART_KEY = 3,
    PART_BEFORE = 4,
    PART_AFTER = 5,
    PART_NONCE = 6,
    PART_INGRESS = 7,
};
#define ANY_LENGTH SIZE_MAX

const char *verify_proof_parse(struct verify_bytes bytes, struct verify_proof *ret)
{
    struct verify_bytes line;
    struct verify_bytes value;
    if (bytes.len > VERIFY_PROOF_MAX)
        return "a proof has at most 262144 bytes";
    if (!verify_line(&bytes, &line) || !verify_equal(line, verify_text("c2sp.org/tlog-proof@v1")))
        return "its first line is not 'c2sp.org/tlog-proof@v1'";
    if (!verify_line(&bytes, &line) || !verify_after(line, "extra ", &value) ||
        !verify_base64(value, ret->extra, sizeof ret->extra, &ret->extra_len))
        return "its second line is not 'extra' and base64";
    if (!verify_line(&bytes, &line) || !verify_after(line, "index ", &value) ||
        !verify_decimal(value, &ret->index))
        return "its third line is not 'index' and a number";
    for (ret->path_count = 0;; ret->path_count++) {
        if (!verify_line(&bytes, &line))
            return "it ends before its checkpoint: a part of it is missing";
        if (line.len == 0)
            break;
        if (ret->path_count == VERIFY_PATH_MAX ||
            !verify_base64_hash(line, &ret->path[ret->path_count]))
            return "a line of its path is no hash of 32 bytes in base64, or they are too many";
    }
    ret->note = bytes;
    return NULL;
}

const char *verify_ingress_parse(struct verify_bytes bytes, struct verify_proof *ret)
{
    struct verify_bytes line;
    struct verify_bytes value;
    *ret = (struct verify_proof){.index = 0};
    if (bytes.len > VERIFY_PROOF_MAX)
        return "it is longer than a proof can be";
    if (!verify_line(&bytes, &line) || !verify_equal(line, verify_text(VERIFY_INGRESS_HEAD)))
        return "its first line is not '" VERIFY_INGRESS_HEAD "': it is no broker's note";
    if (!verify_line(&bytes, &line) || !verify_after(line, "extra ", &value) ||
        !verify_base64(value, ret->extra, sizeof ret->extra, &ret->extra_len))
        return "its second line is not 'extra' and base64";
    return bytes.len == 0 ? NULL : "behind its second line is something else";
}

/* Takes one part off *rest. NULL: it is not of this kind and length, or is cut short. */
static const uint8_t *take(struct verify_bytes *rest, uint8_t kind, size_t wanted, size_t *ret_len)
{
    if (rest->len < 5 || rest->data[0] != kind)
        return NULL;
    size_t len = verify_be32(rest->data + 1);
    const uint8_t *at = rest->data + 5;
    if (len > rest->len - 5 || (wanted != ANY_LENGTH && len != wanted))
        return NULL;
    *rest = verify_bytes(at + len, rest->len - 5 - len);
    *ret_len = len;
    return at;
}

static const char *parse_report(struct verify_bytes *extra, struct verify_parts *ret)
{
    size_t len = 0;
    ret->statement = take(extra, PART_STATEMENT, VERIFY_STATEMENT_BYTES, &len);
    ret->key = take(extra, PART_KEY, VERIFY_HASH_BYTES, &len);
    ret->before = take(extra, PART_BEFORE, VERIFY_HASH_BYTES, &len);
    ret->after = take(extra, PART_AFTER, ANY_LENGTH, &len);
    if (ret->statement == NULL || ret->key == NULL || ret->before == NULL || ret->after == NULL)
        return "a part behind 'extra' is missing, out of order, or of another length";
    if (len % VERIFY_HASH_BYTES != 0 || len / VERIFY_HASH_BYTES > VERIFY_AFTER_MAX)
        return "the hashes of later entries are not whole, or more than 4096";
    ret->after_count = len / VERIFY_HASH_BYTES;
    return NULL;
}

/* Behind the tag. NULL, or what is wrong. */
static const char *begin_parts(struct verify_bytes *extra, struct verify_parts *ret)
{
    static const uint8_t tag[16] = "esep/proof/v1";
    *ret = (struct verify_parts){0};
    if (extra->len < sizeof tag || memcmp(extra->data, tag, sizeof tag) != 0)
        return "what stands behind 'extra' was not made by Esep, or by another version of it";
    *extra = verify_bytes(extra->data + sizeof tag, extra->len - sizeof tag);
    return NULL;
}

const char *verify_ingress_parts_parse(struct verify_bytes extra, struct verify_parts *ret)
{
    size_t len = 0;
    const char *wrong = begin_parts(&extra, ret);
    if (wrong == NULL)
        wrong = parse_report(&extra, ret);
    if (wrong != NULL)
        return wrong;
    ret->ingress = take(&extra, PART_INGRESS, VERIFY_INGRESS_BYTES, &len);
    if (ret->ingress == NULL)
        return "behind the report's parts no broker's note comes";
    return extra.len == 0 ? NULL : "behind the parts of 'extra' is something else";
}

const char *verify_parts_parse(struct verify_bytes extra, struct verify_parts *ret)
{
    size_t len = 0;
    const char *wrong = begin_parts(&extra, ret);
    if (wrong != NULL)
        return wrong;
    ret->leaf = take(&extra, PART_LEAF, VERIFY_LEAF_BYTES, &len);
    if (ret->leaf == NULL)
        return "behind 'extra' no leaf comes first";
    ret->nonce = take(&extra, PART_NONCE, VERIFY_NONCE_BYTES, &len);
    if (ret->nonce == NULL)
        wrong = parse_report(&extra, ret);
    if (wrong == NULL && extra.len > 0)
        wrong = "behind the parts of 'extra' is something else";
    return wrong;
}

static struct verify_hash node(const struct verify_hash *left, const struct verify_hash *right)
{
    const uint8_t one = 1;
    const struct verify_bytes parts[] = {
        {&one, 1}, {left->bytes, VERIFY_HASH_BYTES}, {right->bytes, VERIFY_HASH_BYTES}};
    return verify_sha256(parts, 3);
}

bool verify_in_tree(struct verify_bytes leaf, uint64_t index, uint64_t size,
                    const struct verify_hash *root, const struct verify_hash *path, size_t count)
{
    const uint8_t zero = 0;
    const struct verify_bytes parts[] = {{&zero, 1}, leaf};
    struct verify_hash hash = verify_sha256(parts, 2);
    if (index >= size)
        return false;
    uint64_t at = index;
    uint64_t last = size - 1;
    for (size_t i = 0; i < count; i++) {
        if (last == 0)
            return false;
        if (at % 2 == 1 || at == last) {
            hash = node(&path[i], &hash);
            while (at % 2 == 0 && at > 0) {
                at /= 2;
                last /= 2;
            }
        } else {
            hash = node(&hash, &path[i]);
        }
        at /= 2;
        last /= 2;
    }
    return last == 0 && verify_hash_equal(&hash, root);
}
