/* tests/unit/collector/signing.h - who signs for the log of a test: the signer itself, in memory,
 * asked as a shell asks. What is no statement of its list, and no growth of what it signed, it
 * refuses here, too.
 */
#ifndef TESTS_UNIT_COLLECTOR_SIGNING_H
#define TESTS_UNIT_COLLECTOR_SIGNING_H

#include "collector/collector.h"
#include "collector/signer/signer.h"

struct signing {
    struct signer_memory memory;
    bool away;
};

static inline void signing_ask(struct signing *signing, const struct signer_request *request,
                               struct signer_reply *ret)
{
    uint8_t bytes[SIGNER_REQUEST_MAX];
    const size_t len = signer_request_write(request, bytes);
    signer_memory_answer(&signing->memory, esep_slice(bytes, len), ret);
}

static inline bool signing_statement(void *context, struct esep_slice statement,
                                     uint8_t ret_signature[ESEP_SIGNATURE_BYTES])
{
    struct signing *signing = context;
    const struct signer_request request = {.op = SIGNER_STATEMENT, .statement = statement};
    struct signer_reply reply;
    if (signing->away)
        return false;
    signing_ask(signing, &request, &reply);
    ESEP_ASSERT(reply.status == ESEP_OK);
    memcpy(ret_signature, reply.signature, ESEP_SIGNATURE_BYTES);
    return true;
}

/* After a commit. */
static inline void signing_head(struct signing *signing, const struct esep_hash *log_id,
                                const struct esep_growth *growth,
                                uint8_t ret_signature[ESEP_SIGNATURE_BYTES])
{
    struct signer_request request;
    struct signer_reply reply;
    char origin[ESEP_ORIGIN_MAX + 1];
    esep_log_origin(log_id, growth->generation, origin);
    signer_request_head(origin, growth, &request);
    signing_ask(signing, &request, &reply);
    ESEP_ASSERT(reply.status == ESEP_OK && reply.size == growth->size &&
                esep_hash_equal(&reply.root, &growth->root));
    memcpy(ret_signature, reply.signature, ESEP_SIGNATURE_BYTES);
}

/* Before a core is made: whatever it finds was signed. */
static inline void signing_begin(struct signing *signing, struct collector_config *config,
                                 const struct views *views)
{
    struct esep_growth growth = {.generation = views_generation(views).number};
    char origin[ESEP_ORIGIN_MAX + 1];
    if (config->generation > growth.generation)
        growth.generation = config->generation;
    growth.from_size = growth.size = views_log_size(views);
    growth.root = esep_merkle_root(views_tree(views));
    esep_log_origin(&config->log_id, growth.generation, origin);
    signer_memory_begin(&signing->memory, origin, views_tree(views));
    memcpy(config->log_public, signing->memory.keys.present.public, ESEP_KEY_BYTES);
    config->signing =
        (struct collector_signing){.statement = signing_statement, .context = signing};
    signing_head(signing, &config->log_id, &growth, config->head_signature);
}

#endif
