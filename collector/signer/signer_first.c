/* collector/signer/signer_first.c - the head that a collector begins with; see signer_service.h. */
#include "collector/signer/signer_service.h"

static enum esep_status damaged(struct esep_reason *reason)
{
    return esep_because(reason, ESEP_CORRUPT,
                        "the log's tree does not come out of the store as it went in: run "
                        "esep-collector log verify, and restore a backup; nothing was signed");
}

/* What the store grew by since a size that was signed, and its tree then. */
static enum esep_status grow(const struct esep_merkle *now, const struct esep_merkle_source *source,
                             uint64_t from, struct esep_growth *ret, struct esep_merkle *ret_before)
{
    struct esep_growth before;
    struct esep_merkle tree;
    esep_merkle_init(&tree);
    if (from == now->size)
        tree = *now; /* nothing need be read */
    else if (esep_growth_make(source, 0, from, &before) != ESEP_OK ||
             esep_merkle_append_span(&tree, from, before.span, before.span_count) != ESEP_OK)
        return ESEP_CORRUPT;
    *ret_before = tree;
    ret->root = esep_merkle_root(now);
    if (esep_growth_make(source, from, now->size, ret) != ESEP_OK ||
        esep_merkle_append_span(&tree, now->size, ret->span, ret->span_count) != ESEP_OK)
        return ESEP_CORRUPT;
    const struct esep_hash root = esep_merkle_root(&tree);
    return esep_hash_equal(&ret->root, &root) ? ESEP_OK : ESEP_CORRUPT;
}

static enum esep_status ask(struct collector_signer *signer, const struct signer_request *request,
                            struct signer_reply *ret, struct esep_reason *reason)
{
    const enum esep_status status = collector_signer_ask(signer, request, ret, reason);
    if (status != ESEP_OK || ret->status == ESEP_OK)
        return status;
    const bool never = ret->status == ESEP_CORRUPT || ret->status == ESEP_CONFLICT;
    return esep_because(reason, never ? ESEP_CORRUPT : ESEP_AGAIN, "the signer signs nothing: %s",
                        esep_status_name(ret->status));
}

enum esep_status collector_signer_took(const struct signer_reply *reply, struct esep_growth *growth,
                                       struct esep_reason *reason)
{
    memcpy(growth->signature, reply->signature, sizeof growth->signature);
    if (reply->size == growth->size && esep_hash_equal(&reply->root, &growth->root))
        return ESEP_OK;
    return esep_because(reason, ESEP_CORRUPT,
                        "the signer has signed another history of this log than the store's");
}

enum esep_status collector_signer_first(struct collector_signer *signer, const char *origin,
                                        const struct esep_merkle *tree,
                                        const struct esep_merkle_source *source,
                                        struct esep_growth *growth, struct esep_reason *reason)
{
    struct signer_request request = {.op = SIGNER_SIZE};
    struct signer_reply reply;
    struct esep_merkle before;
    memcpy(request.origin, origin, strlen(origin) + 1);
    enum esep_status status = ask(signer, &request, &reply, reason);
    if (status != ESEP_OK)
        return status;
    if (reply.size > tree->size)
        return esep_because(
            reason, ESEP_CORRUPT,
            "the signer has signed %llu entries of this log, and the store holds %llu: it is an "
            "older copy, and what it lacks has receipts. Put the newest backup in its place with "
            "`esep-collector restore`, which begins another generation of the log",
            (unsigned long long)reply.size, (unsigned long long)tree->size);
    if (grow(tree, source, reply.size, growth, &before) != ESEP_OK)
        return damaged(reason);
    const struct esep_hash root = esep_merkle_root(&before);
    if (reply.size > 0 && !esep_hash_equal(&root, &reply.root))
        return esep_because(reason, ESEP_CORRUPT,
                            "the signer has signed another history of this log than the store's: "
                            "`esep-collector log verify` says whether the store is damaged; a copy "
                            "is put back with `esep-collector restore`, never by hand");
    signer_request_head(origin, growth, &request);
    status = ask(signer, &request, &reply, reason);
    return status == ESEP_OK ? collector_signer_took(&reply, growth, reason) : status;
}
