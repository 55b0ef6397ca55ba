/* collector/collector_cosigned.c - what witnesses have signed, to the offices whose receipts it
 * makes strong.
 *
 * An office pays for each byte, and its link may be up for a minute. So a cosigned head goes out
 * only behind a frame that goes anyway (WELCOME, PONG), only where some receipt of the office is
 * under none yet, and in one session not again for config.cosigned_every. It is a growth like a
 * receipt's: 32 bytes for each doubling of what others wrote, the root, the log's signature, and
 * some 130 bytes for each witness.
 *
 * Where the office has seen more than that head it waits for the next one: going back would take
 * other hashes, and the next is seconds away. What is sent is taken for received; an office that
 * lost it says HELLO again, and what it has. On a stick it goes behind WELCOME too, and then
 * whenever the import asks, which waits for it a little.
 */
#include "collector/collector_proof.h"

void collector_set_cosigned(struct collector *c, const struct collector_cosigned *cosigned)
{
    c->cosigned = *cosigned;
}

static bool is_due(const struct collector *c, const struct collector_session *session)
{
    const struct collector_cosigned *head = &c->cosigned;
    return session->cosigned_wanted && (session->features & COLLECTOR_COSIGNED) != 0 &&
           head->size > 0 && head->generation == c->generation.number &&
           head->size <= c->durable_size && head->size >= session->tree_size &&
           (session->cosigned_at == 0 || session->seal.bundle ||
            c->now - session->cosigned_at >= c->config.cosigned_every);
}

/* From the office's tree to the head. A bit that the disk has lost must not look to the office like
 * another log: what came from there leads to the signed root, or does not leave. */
static bool make(struct collector *c, const struct collector_session *session)
{
    struct collector_nodes nodes = {.c = c};
    const struct esep_merkle_source source = {.node = collector_node, .context = &nodes};
    const struct collector_cosigned *head = &c->cosigned;
    struct esep_growth *growth = &c->growth;
    struct esep_growth before;
    struct esep_merkle tree;
    if (esep_growth_make(&source, session->tree_size, head->size, growth) != ESEP_OK)
        return false;
    growth->generation = head->generation;
    growth->from_generation = session->tree_generation;
    growth->root = head->root;
    memcpy(growth->signature, head->signature, sizeof growth->signature);
    if (!nodes.stored)
        return true;
    esep_merkle_init(&tree);
    if (esep_growth_make(&source, 0, growth->from_size, &before) != ESEP_OK ||
        esep_merkle_append_span(&tree, before.size, before.span, before.span_count) != ESEP_OK ||
        esep_merkle_append_span(&tree, growth->size, growth->span, growth->span_count) != ESEP_OK)
        return false;
    const struct esep_hash root = esep_merkle_root(&tree);
    return esep_hash_equal(&root, &head->root);
}

void collector_cosigned_push(struct collector *c, struct collector_session *session)
{
    Esep__V1__Growth growth;
    Esep__V1__Cosigned message = ESEP__V1__COSIGNED__INIT;
    if (!is_due(c, session))
        return;
    if (!make(c, session)) {
        collector_count(c, COLLECTOR_UNPROVEN, 1);
        return;
    }
    esep__v1__growth__init(&growth);
    esep_growth_write(&c->growth, &growth);
    message.growth = &growth;
    message.lines = c->cosigned.lines;
    collector_out_to_conn(c, session->link, session->conn, &session->seal,
                          ESEP__V1__KIND__KIND_COSIGNED, false, collector_pack(c, &message.base));
    session->tree_size = c->cosigned.size;
    session->tree_generation = c->generation.number;
    session->cosigned_size = c->cosigned.size;
    session->cosigned_wanted = false;
    session->cosigned_at = c->now;
    collector_count(c, COLLECTOR_COSIGNED_SENT, 1);
}

void collector_cosigned_stick(struct collector *c, uint64_t conn)
{
    for (uint32_t i = 0; i < c->config.sessions_max; i++) {
        struct collector_session *session = &c->sessions[i];
        if (session->used && session->seal.bundle && session->conn == conn && session->welcomed)
            collector_cosigned_push(c, session);
    }
}
