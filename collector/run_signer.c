/* collector/run_signer.c - what ingest has signed by the log's key, in this process or in another;
 * see run.h and docs/adr/0022.
 *
 * A head is signed after the commit that it is of, by the writer's thread, which waits for a signer
 * that is away: nothing is receipted meanwhile, and once it is back ingest goes on. At its start
 * ingest asks what was signed last, holds it against the store, and has the rest signed: a commit
 * whose head was never signed is made up for there (collector_signer_first).
 */
#include "collector/run.h"
#include "io/log.h"

#define PAUSE_FIRST (100 * (ESEP_SECOND / 1000))
#define PAUSE ESEP_SECOND
#define STATEMENT_PAUSE (2 * ESEP_SECOND)

bool run_signer_statement(void *context, struct esep_slice statement,
                          uint8_t ret_signature[ESEP_SIGNATURE_BYTES])
{
    struct run *run = context;
    struct esep_reason reason = {""};
    if (esep_monotonic() < run->signer_again)
        return false;
    if (collector_signer_statement(&run->signer.ask, statement, ret_signature, &reason) == ESEP_OK)
        return true;
    run->signer_again = esep_monotonic() + STATEMENT_PAUSE;
    esep_log(ESEP_LOG_ERROR, "signer-away", "%s: an answer to an office or a broker is not sent",
             reason.text);
    return false;
}

struct waiting {
    struct run *run;
    struct collector_writer *writer;
    uint64_t size;
    bool said;
};

static bool wait_more(void *context, unsigned tries, const struct esep_reason *why)
{
    struct waiting *waiting = context;
    if (tries > 1) { /* one try may find a signer that is being started anew */
        esep_log(
            ESEP_LOG_ERROR, "signer-away",
            "%s: the log is stored up to %llu entries, and nothing is receipted until its head "
            "is signed",
            why->text, (unsigned long long)waiting->size);
        waiting->said = true;
        atomic_store(&waiting->run->signer_away, true);
    }
    return collector_writer_wait(waiting->writer, tries > 1 ? PAUSE : PAUSE_FIRST);
}

static enum esep_status check_signature(const struct run *run, const struct esep_growth *head,
                                        struct esep_reason *reason)
{
    if (run->signer.heads.local != NULL || /* the key is ours */
        esep_growth_signed(&run->state.log->log_id, run->log_public, head))
        return ESEP_OK;
    return esep_because(reason, ESEP_CORRUPT, "the signer signs with another key than the log's");
}

enum esep_status run_signer_head(void *context, struct collector_writer *writer,
                                 const struct esep_growth *growth,
                                 uint8_t ret_signature[ESEP_SIGNATURE_BYTES],
                                 struct esep_reason *reason)
{
    struct run *run = context;
    struct waiting waiting = {.run = run, .writer = writer, .size = growth->size};
    struct signer_request request;
    struct signer_reply reply;
    struct esep_growth head = *growth;
    char origin[ESEP_ORIGIN_MAX + 1];
    esep_log_origin(&run->state.log->log_id, growth->generation, origin);
    signer_request_head(origin, growth, &request);
    enum esep_status status =
        collector_signer_head(&run->signer.heads, &request, wait_more, &waiting, &reply, reason);
    if (status == ESEP_OK)
        status = collector_signer_took(&reply, &head, reason);
    if (status == ESEP_OK)
        status = check_signature(run, &head, reason);
    if (status == ESEP_LIMIT) /* the store is not full */
        status = ESEP_DENIED;
    atomic_store(&run->signer_away, false);
    if (status == ESEP_OK && waiting.said)
        esep_log(ESEP_LOG_INFO, "signer-back", "the head of %llu entries is signed",
                 (unsigned long long)growth->size);
    if (status == ESEP_OK)
        memcpy(ret_signature, head.signature, ESEP_SIGNATURE_BYTES);
    return status;
}

static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct run *run = context;
    return views_node(run->state.views, place, ret) ||
           collector_state_node(run->state.log, place, ret);
}

enum esep_status run_signer_begin(struct run *run, struct collector_config *config,
                                  struct esep_reason *reason)
{
    const struct esep_merkle *tree = views_tree(run->state.views);
    const struct esep_merkle_source source = {.node = node, .context = run};
    struct esep_growth growth = {.generation = views_generation(run->state.views).number};
    char origin[ESEP_ORIGIN_MAX + 1];
    if (config->generation > growth.generation)
        growth.generation = config->generation;
    esep_log_origin(&run->state.log->log_id, growth.generation, origin);
    if (run->signer.ask.local != NULL) /* nobody but this store says what was signed */
        signer_memory_begin(&run->signer.memory, origin, tree);
    enum esep_status status = collector_signer_key(&run->signer.ask, run->log_public, reason);
    if (status == ESEP_OK)
        status = collector_state_own_keys(run->state.log, run->log_public, config->seal_key.public,
                                          reason);
    if (status == ESEP_OK)
        status = collector_signer_first(&run->signer.ask, origin, tree, &source, &growth, reason);
    if (status == ESEP_OK)
        status = check_signature(run, &growth, reason);
    memcpy(config->log_public, run->log_public, sizeof config->log_public);
    memcpy(config->head_signature, growth.signature, sizeof config->head_signature);
    return status;
}
