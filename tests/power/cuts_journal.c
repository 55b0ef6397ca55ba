/* tests/power/cuts_journal.c - an office's journal as a world of cuts.h: reports of many sizes,
 * receipts and mail, drafts, pruning, and the beginning of new epochs, each a step. */
#include "agent/journal.h"
#include "cuts.h"

#include <stdio.h>
#include <stdlib.h>

#define MAP ((size_t)64 << 20)
#define START ((esep_time)1359687600 * ESEP_SECOND)

struct office {
    struct journal journal;
    struct esep_sign_key key, log_key;
    struct journal_identity identity;
    uint64_t seed;
};

static void *open_journal(const char *folder, uint64_t seed, struct esep_reason *reason)
{
    struct office *o = calloc(1, sizeof *o);
    uint8_t secret[32] = {1};
    char path[600];
    if (o == NULL)
        abort();
    esep_sign_key_from_seed(&o->key, secret);
    secret[0] = 2;
    esep_sign_key_from_seed(&o->log_key, secret);
    o->seed = seed;
    o->identity = (struct journal_identity){.office = 7, .body = "moj"};
    memset(o->identity.log_id.bytes, 3, ESEP_HASH_BYTES);
    memcpy(o->identity.sign_public, o->key.public, ESEP_KEY_BYTES);
    (void)snprintf(path, sizeof path, "%s/journal", folder);
    const struct journal_options options = {.path = path, .map_bytes = MAP, .create = true};
    if (journal_open(&o->journal, &options, reason) != ESEP_OK) {
        free(o);
        return NULL;
    }
    return o;
}

static void close_journal(void *store)
{
    struct office *o = store;
    journal_close(&o->journal);
    free(o);
}

static MDB_env *env_of(void *store)
{
    return ((struct office *)store)->journal.store.env;
}

static void pack(uint64_t number, size_t len, esep_time now, struct esep_buf *out)
{
    uint8_t nonce[AGENT_NONCE_BYTES] = {0};
    char key[64];
    struct esep_reason reason = {""};
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    char *text = malloc(len + 1);
    if (text == NULL)
        abort();
    memset(text, 'a' + (int)(number % 26), len);
    text[len] = 0;
    esep_be64_put(nonce, number);
    (void)snprintf(key, sizeof key, "p/annual/-/moj/%llu", (unsigned long long)number);
    entry.nonce = (ProtobufCBinaryData){.len = sizeof nonce, .data = nonce};
    entry.written_at_us = now;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    report.obligation = key;
    report.revision = 1;
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED;
    report.narrative = text;
    if (agent_entry_pack(&entry, out, &reason) != ESEP_OK) {
        (void)fprintf(stderr, "%s\n", reason.text);
        abort();
    }
    free(text);
}

static enum esep_status append(struct office *o, struct esep_prng *prng, esep_time now,
                               struct esep_reason *reason)
{
    struct esep_buf bytes[12];
    struct esep_slice entries[12];
    struct agent_head head;
    size_t count = 1 + (size_t)esep_prng_below(prng, 12);
    for (size_t i = 0; i < count; i++) {
        size_t len = esep_prng_below(prng, 6) == 0 ? (size_t)esep_prng_below(prng, 16000)
                                                   : (size_t)esep_prng_below(prng, 600);
        esep_buf_init(&bytes[i], AGENT_ENTRY_BYTES_MAX);
        pack(esep_prng_below(prng, 1u << 30), len, now, &bytes[i]);
        entries[i] = esep_buf_slice(&bytes[i]);
    }
    enum esep_status status =
        journal_append(&o->journal, &o->key, entries, count, now, &head, reason);
    for (size_t i = 0; i < count; i++)
        esep_buf_done(&bytes[i]);
    return status;
}

/* What the uplink's core stores: a receipt through the head, some mail, the marks. */
static enum esep_status store(struct office *o, struct esep_prng *prng, esep_time now,
                              struct esep_reason *reason)
{
    struct agent_journal held;
    uint8_t text[900];
    struct agent_mail mails[4];
    enum esep_status status = journal_load(&o->journal, &held, reason);
    if (status != ESEP_OK)
        return status;
    memset(text, 0x5a, sizeof text);
    struct esep_receipt receipt = {.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
                                   .office = 7,
                                   .epoch = held.epoch,
                                   .first_seq = held.receipted_seq + 1,
                                   .through_seq = held.last_seq,
                                   .head = held.head,
                                   .first_index = 10 + held.receipted_seq,
                                   .last_index = 10 + held.last_seq,
                                   .accepted_at = now,
                                   .checkpoint_size = 20 + held.last_seq};
    struct agent_store what = {.receipts = &receipt,
                               .receipt_count = held.last_seq > held.receipted_seq,
                               .receipted_seq = held.last_seq,
                               .promised_seq = held.last_seq,
                               .checkpoint_size = receipt.checkpoint_size,
                               .mails = mails,
                               .mail_count = (size_t)esep_prng_below(prng, 4),
                               .mail_through = held.mail_through};
    for (size_t i = 0; i < what.mail_count; i++)
        mails[i] = (struct agent_mail){.number = ++what.mail_through,
                                       .log_index = 30 + i,
                                       .type = 3,
                                       .office = 7,
                                       .accepted_at = now,
                                       .bytes = esep_slice(text, esep_prng_below(prng, 900))};
    return journal_store(&o->journal, held.epoch, &what, reason);
}

static enum esep_status draft(struct office *o, struct esep_prng *prng, struct esep_reason *reason)
{
    char key[64];
    uint8_t text[3000];
    uint64_t number = esep_prng_below(prng, 5);
    memset(text, (int)esep_prng_below(prng, 256), sizeof text);
    (void)snprintf(key, sizeof key, "p/annual/-/moj/%llu", (unsigned long long)number);
    if (esep_prng_below(prng, 3) > 0)
        return journal_draft_put(&o->journal, key,
                                 esep_slice(text, esep_prng_below(prng, sizeof text)), reason);
    enum esep_status status = journal_draft_delete(&o->journal, key, reason);
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

/* Everything a step draws comes from its number, so that the twin and a step done again do the same
 * thing. */
static enum esep_status step(void *context, size_t number, struct esep_reason *reason)
{
    struct office *o = context;
    struct esep_prng prng = {.state = o->seed * 1000003u + number};
    esep_time now = START + (esep_time)number * ESEP_HOUR;
    uint64_t requeued = 0;
    uint64_t oldest = 0;
    struct esep_hash base;
    if (number == 0)
        return journal_enrol(&o->journal, &o->identity, reason);
    switch (esep_prng_below(&prng, 12)) {
    case 0:
        return draft(o, &prng, reason);
    case 1:
        return journal_recover(&o->journal, &o->key, now, 0, &requeued, reason);
    case 2:
        return journal_prune(&o->journal, now - 3 * ESEP_HOUR, &oldest, &base, reason);
    case 3:
    case 4:
    case 5:
        return store(o, &prng, now, reason);
    default:
        return append(o, &prng, now, reason);
    }
}

static enum esep_status disturb(void *context, bool put, struct esep_reason *reason)
{
    struct office *o = context;
    uint8_t text[15000];
    memset(text, 0xd1, sizeof text);
    return put ? journal_draft_put(&o->journal, "other", esep_slice(text, sizeof text), reason)
               : journal_draft_delete(&o->journal, "other", reason);
}

const struct cuts_world cuts_journal = {.name = "journal",
                                        .steps = 24,
                                        .open = open_journal,
                                        .close = close_journal,
                                        .step = step,
                                        .disturb = disturb,
                                        .env = env_of};
