/* bench/journal.c - see journal.h. The reports are what an office might write: figures, money, a
 * name, and a narrative that fills up to the size. */
#include "bench/journal.h"

#include "io/keyfile.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>

#define NARRATIVE_MAX 384

struct writer {
    const struct bench_identity *who;
    struct esep_prng prng;
    char narrative[NARRATIVE_MAX + 1];
    size_t narrative_len;
    struct esep_buf out;
};

/* Packs one report with the narrative as long as it is now. */
static enum esep_status pack(struct writer *w, uint64_t seq, esep_time now,
                             struct esep_reason *reason)
{
    static char value[] = "17.5", unit[] = "%", name[] = "share of settlements covered";
    static char source[] = "rb", programme[] = "001", preparer[] = "A. Serikova";
    static char position[] = "chief specialist";
    const struct bench_identity *who = w->who;
    uint8_t nonce[AGENT_NONCE_BYTES];
    struct esep_hash base;
    char number[32];
    const char saved = w->narrative[w->narrative_len];
    esep_be64_put(nonce, esep_prng_next(&w->prng));
    esep_be64_put(nonce + 8, esep_prng_next(&w->prng));
    (void)snprintf(number, sizeof number, "15-02/%08llu", (unsigned long long)seq);
    Esep__V1__Indicator indicator = ESEP__V1__INDICATOR__INIT;
    indicator.name = name;
    indicator.value = value;
    indicator.unit = unit;
    Esep__V1__Money money = ESEP__V1__MONEY__INIT;
    money.source = source;
    money.programme = programme;
    money.planned_tiyn = 1200000000;
    money.spent_tiyn = 350000000;
    Esep__V1__Person person = ESEP__V1__PERSON__INIT;
    person.name = preparer;
    person.position = position;
    Esep__V1__Indicator *indicators[] = {&indicator};
    Esep__V1__Money *moneys[] = {&money};
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    report.obligation = (char *)(uintptr_t)who->keys[(seq - 1) % who->key_count];
    report.revision = (uint32_t)((seq - 1) / who->key_count + 1);
    if (seq > who->key_count) {
        const uint64_t place = seq - who->key_count - 1; /* the one before on this obligation */
        base = esep_content_hash(
            esep_slice(w->out.data + place * BENCH_REPORT_BYTES, BENCH_REPORT_BYTES));
        report.builds_on = esep_pb(base.bytes, sizeof base.bytes);
    }
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS;
    report.progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
    report.percent = (uint32_t)(seq % 100);
    w->narrative[w->narrative_len] = '\0';
    report.narrative = w->narrative;
    report.n_indicators = report.n_money = 1;
    report.indicators = indicators;
    report.money = moneys;
    report.preparer = &person;
    report.outgoing_number = number;
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    entry.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    entry.written_at_us = now;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    enum esep_status status = agent_entry_pack(&entry, &w->out, reason);
    w->narrative[w->narrative_len] = saved;
    return status;
}

/* The narrative grows or shrinks until the entry has its size: keys and numbers vary in length. */
static enum esep_status write_one(struct writer *w, uint64_t seq, esep_time now,
                                  struct esep_reason *reason)
{
    const size_t before = w->out.len;
    for (int i = 0; i < 4; i++) {
        enum esep_status status = pack(w, seq, now, reason);
        const size_t size = w->out.len - before;
        if (status != ESEP_OK || size == BENCH_REPORT_BYTES)
            return status;
        const size_t wanted = w->narrative_len + BENCH_REPORT_BYTES - size;
        w->out.len = before;
        if (wanted < 1 || wanted > NARRATIVE_MAX)
            break;
        w->narrative_len = wanted;
    }
    return esep_because(reason, ESEP_INVALID, "a report cannot be made %u bytes long",
                        BENCH_REPORT_BYTES);
}

static void fill_narrative(struct writer *w)
{
    static const char words[] = "Work goes on as planned: seminars were held, materials printed, "
                                "and the monitoring group met with the districts. ";
    for (size_t i = 0; i < NARRATIVE_MAX; i++)
        w->narrative[i] = words[i % (sizeof words - 1)];
    w->narrative[NARRATIVE_MAX] = '\0';
    w->narrative_len = 100;
}

static enum esep_status take_memory(struct bench_journal *journal, uint64_t count, bool sign_each)
{
    journal->entries = calloc(count, sizeof *journal->entries);
    journal->heads = sign_each ? calloc(count, sizeof *journal->heads) : NULL;
    return journal->entries != NULL && (!sign_each || journal->heads != NULL) ? ESEP_OK
                                                                              : ESEP_NOMEM;
}

enum esep_status bench_journal_write(struct bench_journal *ret, const struct bench_site *site,
                                     const struct bench_identity *who, uint64_t count,
                                     bool sign_each, struct esep_reason *reason)
{
    struct writer w = {.who = who};
    struct agent_head head;
    *ret = (struct bench_journal){.count = count};
    esep_random(&w.prng.state, sizeof w.prng.state);
    fill_narrative(&w);
    /* A try that came out too long needs a little more before it is taken back. */
    esep_buf_init(&w.out, (count + 2) * BENCH_REPORT_BYTES);
    enum esep_status status = take_memory(ret, count, sign_each);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&w.out, (count + 2) * BENCH_REPORT_BYTES);
    agent_head_start(&head, &site->log_id, who->office, 1, who->sign.public);
    ret->base = head.hash;
    for (uint64_t i = 0; status == ESEP_OK && i < count; i++) {
        const esep_time now = esep_clock_now(&site->clock);
        status = write_one(&w, i + 1, now, reason);
        if (status != ESEP_OK)
            break;
        struct esep_slice bytes =
            esep_slice(w.out.data + i * BENCH_REPORT_BYTES, BENCH_REPORT_BYTES);
        agent_head_step(&head, bytes);
        ret->entries[i] = (struct agent_entry){.seq = i + 1, .chain = head.hash, .bytes = bytes};
        if (sign_each)
            agent_head_commit(&head, &site->log_id, &who->sign, now, 0, NULL, &ret->heads[i]);
    }
    ret->bytes = w.out.data;
    return status;
}

void bench_journal_free(struct bench_journal *journal)
{
    free(journal->entries);
    free(journal->heads);
    free(journal->bytes);
    *journal = (struct bench_journal){0};
}
