/* collector/run_signer.c - what ingest has signed by the log's key, in this process or in another;
 * see run.h and docs/adr/0022.
 *
 * A head is signed after the commit that it is of, by the writer's thread, which waits for a signer
 * that is away: nothing is receipted meanwhile, and once it is back ingest goes on. At its start
 * ingest asks what was signed last, holds it against the store, and has the rest signed: a commit
 * whose head was never signed is made up for there (collector_signer_first).
 */
#include "collector/log_rotate.h"
#include "collector/run.h"
#include "io/log.h"

#define PAUSE_FIRST (100 * (ESEP_SECOND / 1000))
#define PAUSE ESEP_SECOND
#define STATEMENT_PAUSE (2 * ESEP_SECOND)
#define ROTATION_ROOM (1u << 20)

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

/* Where the store is nearly full an entry about keys has to wait, or ingest would not start. */
static bool has_no_room(const struct run *run)
{
    uint64_t used = 0;
    uint64_t quota = 0;
    return esep_store_usage(collector_log_store(run->state.log), &used, &quota) != ESEP_OK ||
           used >= quota || quota - used < ROTATION_ROOM;
}

static void say_keys(const struct log_start *start)
{
    char hex[2 * ESEP_KEY_BYTES + 1];
    esep_hex(esep_log_keys_newest(&start->keys), ESEP_KEY_BYTES, hex);
    if (start->rotated)
        esep_log(ESEP_LOG_INFO, "log-key-rotated",
                 "from the head of %llu entries on the log is signed by %s; the key before it is "
                 "destroyed. Give witnesses and verifiers the new one; offices and brokers take it "
                 "by the old one's word",
                 (unsigned long long)start->keys.at[start->keys.count - 1].size, hex);
    if (start->waits)
        esep_log(ESEP_LOG_WARNING, "log-key-waits", "the signer's next key is not taken up yet: %s",
                 start->stay ? "the store has no room; make some, and restart"
                             : "the log begins another generation first; restart once more");
}

enum esep_status run_signer_begin(struct run *run, struct collector_config *config,
                                  struct esep_reason *reason)
{
    const struct esep_merkle_source source = {.node = node, .context = run};
    struct log_start start = {.signer = &run->signer.ask,
                              .log = run->state.log,
                              .views = run->state.views,
                              .source = &source,
                              .generation = views_generation(run->state.views).number,
                              .now = run_now(run),
                              .stay = has_no_room(run)};
    char origin[ESEP_ORIGIN_MAX + 1];
    if (config->generation > start.generation)
        start.generation = config->generation;
    esep_random(start.nonce, sizeof start.nonce);
    esep_log_origin(&run->state.log->log_id, start.generation, origin);
    if (run->signer.ask.local != NULL) /* nobody but this store says what was signed */
        signer_memory_begin(&run->signer.memory, origin, views_tree(run->state.views));
    enum esep_status status = log_start(&start, reason);
    if (status == ESEP_OK && start.generation > config->generation &&
        start.generation != views_generation(run->state.views).number)
        status = collector_log_raise_generation(run->state.log, start.generation, reason);
    if (status == ESEP_OK)
        status = collector_state_own_keys(run->state.log, NULL, config->seal_key.public, reason);
    if (status != ESEP_OK)
        return status;
    config->generation = run->state.log->generation;
    say_keys(&start);
    memcpy(run->log_public, esep_log_keys_newest(&start.keys), sizeof run->log_public);
    memcpy(config->log_public, run->log_public, sizeof config->log_public);
    memcpy(config->head_signature, start.signature, sizeof config->head_signature);
    config->log_keys = start.keys;
    return ESEP_OK;
}
