/* tests/unit/agent/journal_world.h - a journal in a folder of its own, an office, a log that signs.
 */
#ifndef ESEP_TESTS_AGENT_JOURNAL_WORLD_H
#define ESEP_TESTS_AGENT_JOURNAL_WORLD_H

#include "agent/journal.h"
#include "tests/unit/io/unit.h"

#define MIB ((size_t)1 << 20)
#define WORLD_OFFICE 7u

struct journal_world {
    char path[512];
    struct esep_sign_key office_key;
    struct esep_sign_key log_key;
    struct journal_identity identity;
    struct journal journal;
};

static inline void world_keys(struct journal_world *w, const char *folder)
{
    uint8_t seed[32] = {1};
    assert_int_equal(esep_crypto_init(), ESEP_OK);
    *w = (struct journal_world){.identity = {.office = WORLD_OFFICE, .body = "moj"}};
    (void)snprintf(w->path, sizeof w->path, "%s/journal", folder);
    esep_sign_key_from_seed(&w->office_key, seed);
    seed[0] = 2;
    esep_sign_key_from_seed(&w->log_key, seed);
    memset(w->identity.log_id.bytes, 3, ESEP_HASH_BYTES);
    memcpy(w->identity.sign_public, w->office_key.public, ESEP_KEY_BYTES);
}

static inline void world_open(struct journal_world *w, size_t map, uint64_t entries_max)
{
    struct esep_reason reason = {""};
    const struct journal_options options = {
        .path = w->path, .map_bytes = map, .entries_max = entries_max, .create = true};
    if (journal_open(&w->journal, &options, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
}

static inline void world_begin(struct journal_world *w, void **state, size_t map,
                               uint64_t entries_max)
{
    struct esep_reason reason = {""};
    world_keys(w, *state);
    world_open(w, map, entries_max);
    assert_int_equal(journal_enrol(&w->journal, &w->identity, &reason), ESEP_OK);
}

/* A report whose narrative has `len` letters. */
static inline void world_pack(uint64_t number, esep_time written_at, size_t len,
                              struct esep_buf *out)
{
    uint8_t nonce[16] = {0};
    char key[64];
    char *text = malloc(len + 1);
    struct esep_reason reason = {""};
    assert_non_null(text);
    memset(text, 'a', len);
    text[len] = 0;
    esep_be64_put(nonce, number);
    (void)snprintf(key, sizeof key, "p/annual/-/moj/%llu", (unsigned long long)number);
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    entry.nonce = (ProtobufCBinaryData){.len = sizeof nonce, .data = nonce};
    entry.written_at_us = written_at;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    report.obligation = key;
    report.revision = 1;
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED;
    report.narrative = text;
    if (agent_entry_pack(&entry, out, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    free(text);
}

static inline enum esep_status world_append(struct journal_world *w, uint64_t number,
                                            esep_time written_at, size_t len,
                                            struct esep_reason *reason)
{
    struct esep_buf bytes;
    struct agent_head head;
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    world_pack(number, written_at, len, &bytes);
    struct esep_slice entry = esep_buf_slice(&bytes);
    enum esep_status status =
        journal_append(&w->journal, &w->office_key, &entry, 1, written_at, &head, reason);
    esep_buf_done(&bytes);
    return status;
}

static inline struct esep_receipt world_receipt(const struct journal_world *w, uint32_t epoch,
                                                uint64_t first, uint64_t through,
                                                uint64_t first_index, uint64_t checkpoint)
{
    (void)w;
    return (struct esep_receipt){.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
                                 .office = WORLD_OFFICE,
                                 .epoch = epoch,
                                 .first_seq = first,
                                 .through_seq = through,
                                 .first_index = first_index,
                                 .last_index = first_index + through - first,
                                 .accepted_at = 15,
                                 .checkpoint_size = checkpoint};
}

static inline enum esep_status world_store(struct journal_world *w, uint32_t epoch,
                                           const struct esep_receipt *receipts, size_t count,
                                           struct esep_reason *reason)
{
    struct agent_store store = {.receipts = receipts, .receipt_count = count};
    for (size_t i = 0; i < count; i++) {
        if (receipts[i].kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES)
            store.receipted_seq = receipts[i].through_seq;
        store.checkpoint_size = receipts[i].checkpoint_size;
        store.checkpoint_root = receipts[i].checkpoint_root;
    }
    return journal_store(&w->journal, epoch, &store, reason);
}

/* Hashes the present epoch again from its base; returns how many entries there were. */
struct world_chain {
    struct esep_hash hash;
    uint64_t next, count;
};
static inline bool world_step(void *context, const struct agent_entry *entry)
{
    struct world_chain *chain = context;
    assert_int_equal(entry->seq, chain->next);
    chain->hash = esep_chain_step(&chain->hash, entry->seq, entry->bytes);
    assert_memory_equal(chain->hash.bytes, entry->chain.bytes, ESEP_HASH_BYTES);
    chain->next++;
    chain->count++;
    return true;
}
static inline uint64_t world_check_chain(struct journal_world *w)
{
    struct agent_journal held;
    struct esep_reason reason = {""};
    assert_int_equal(journal_load(&w->journal, &held, &reason), ESEP_OK);
    struct world_chain chain = {.hash = held.base, .next = held.oldest_seq};
    assert_int_equal(journal_entries(&w->journal, 0, held.oldest_seq, world_step, &chain, &reason),
                     ESEP_OK);
    assert_int_equal(chain.next, held.last_seq + 1);
    assert_memory_equal(chain.hash.bytes, held.head.bytes, ESEP_HASH_BYTES);
    return chain.count;
}

#endif
