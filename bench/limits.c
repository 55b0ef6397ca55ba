/* bench/limits.c - see limits.h. */
#include "bench/limits.h"

#include "bench/journal.h"
#include "io/keyfile.h"
#include "wire/unpack.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SECONDS 1.0
#define RECORD_BYTES (ESEP_LEAF_BYTES + BENCH_REPORT_BYTES)
#define ROW_BYTES 60 /* of a report's row in the views */
#define REPORTS_A_FRAME 32u
#define FRAME_BYTES 65536u

struct tables {
    MDB_env *env;
    MDB_dbi entries, rows, totals;
    uint64_t next;
};

static int open_tables(struct tables *t, const char *folder)
{
    MDB_txn *txn = NULL;
    int rc = mdb_env_create(&t->env);
    if (rc == 0)
        rc = mdb_env_set_mapsize(t->env, (size_t)16 << 30);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(t->env, 4);
    if (rc == 0)
        rc = mdb_env_open(t->env, folder, 0, 0600);
    if (rc == 0)
        rc = mdb_txn_begin(t->env, NULL, 0, &txn);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "entries", MDB_CREATE | MDB_INTEGERKEY, &t->entries);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "R", MDB_CREATE, &t->rows);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "T", MDB_CREATE, &t->totals);
    return rc == 0 ? mdb_txn_commit(txn) : rc;
}

static int append(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, size_t size, uint64_t fill)
{
    MDB_val value = {.mv_size = size};
    int rc = mdb_put(txn, dbi, key, &value, MDB_APPEND | MDB_RESERVE);
    if (rc == 0)
        memset(value.mv_data, (int)(fill & 0xff), size);
    return rc;
}

static int one_commit(struct tables *t, uint64_t records)
{
    static char total[] = "T";
    uint8_t root[200] = {0};
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(t->env, NULL, 0, &txn);
    for (uint64_t i = 0; rc == 0 && i < records; i++) {
        size_t index = t->next++;
        uint8_t row[8];
        esep_be64_put(row, index);
        MDB_val key = {sizeof index, &index};
        MDB_val row_key = {sizeof row, row};
        rc = append(txn, t->entries, &key, RECORD_BYTES, index);
        if (rc == 0)
            rc = append(txn, t->rows, &row_key, ROW_BYTES, index);
    }
    MDB_val key = {1, total};
    MDB_val value = {sizeof root, root};
    if (rc == 0)
        rc = mdb_put(txn, t->totals, &key, &value, 0);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

static int commits_for(struct tables *t, uint64_t records, double *ret_commits_s)
{
    const double from = bench_seconds();
    uint64_t done = 0;
    int rc = 0;
    for (; rc == 0 && bench_seconds() - from < SECONDS; done++)
        rc = one_commit(t, records);
    *ret_commits_s = (double)done / (bench_seconds() - from);
    return rc;
}

static enum esep_status measure_lmdb(struct bench_limits *ret, uint64_t records,
                                     struct esep_reason *reason)
{
    char folder[BENCH_PATH];
    const char *tmp = getenv("TMPDIR");
    struct tables t = {0};
    double lone = 0;
    double full = 0;
    (void)snprintf(folder, sizeof folder, "%.200s/esep-bench-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(folder) == NULL)
        return esep_because(reason, ESEP_IO, "no temporary folder: set TMPDIR");
    int rc = open_tables(&t, folder);
    if (rc == 0)
        rc = commits_for(&t, records, &full);
    if (rc == 0)
        rc = commits_for(&t, 1, &lone);
    mdb_env_close(t.env);
    bench_remove_folder(folder);
    if (rc != 0)
        return esep_because(reason, ESEP_IO, "LMDB: %s", mdb_strerror(rc));
    ret->lmdb = full * (double)records;
    ret->lmdb_a_commit = (double)records;
    ret->commit_ms = 1000.0 / lone;
    return ESEP_OK;
}

/* Calls work for about a second; returns calls a second. */
double bench_rate(void (*work)(void *context), void *context, unsigned at_once)
{
    const double from = bench_seconds();
    uint64_t done = 0;
    while (bench_seconds() - from < SECONDS / 2) {
        for (unsigned i = 0; i < at_once; i++)
            work(context);
        done += at_once;
    }
    return (double)done / (bench_seconds() - from);
}

struct crypto_work {
    struct esep_sign_key key;
    struct esep_hash log_id;
    struct esep_commitment commitment;
    struct esep_hash chain;
    struct bench_journal journal;
    struct esep_arena arena;
    uint64_t counter;
    uint8_t plain[FRAME_BYTES];
    uint8_t sealed[FRAME_BYTES + ESEP_SEAL_BYTES];
};

static void do_verify(void *context)
{
    struct crypto_work *w = context;
    ESEP_ASSERT(esep_commitment_verify(&w->log_id, &w->commitment, w->key.public));
}

static void do_sign(void *context)
{
    struct crypto_work *w = context;
    esep_commitment_sign(&w->log_id, &w->commitment, &w->key);
}

static void do_chain(void *context)
{
    struct crypto_work *w = context;
    w->chain = esep_chain_step(&w->chain, ++w->counter, w->journal.entries[0].bytes);
}

static void do_seal(void *context)
{
    struct crypto_work *w = context;
    esep_seal(w->key.public, 1, ++w->counter, esep_slice(NULL, 0),
              esep_slice(w->plain, sizeof w->plain), w->sealed);
}

static void do_unpack(void *context)
{
    struct crypto_work *w = context;
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&w->arena);
    ESEP_ASSERT(esep_unpack(&esep__v1__journal_entry__descriptor, w->journal.entries[0].bytes,
                            &w->arena, &message) == ESEP_OK);
}

static enum esep_status measure_crypto(struct bench_limits *ret, struct esep_reason *reason)
{
    struct crypto_work *w = calloc(1, sizeof *w);
    struct bench_site site = {0};
    struct bench_identity *who = calloc(1, sizeof *who);
    uint8_t seed[32] = {1};
    enum esep_status status = w != NULL && who != NULL ? ESEP_OK : ESEP_NOMEM;
    if (status == ESEP_OK) {
        esep_sign_key_from_seed(&w->key, seed);
        who->key_count = 1;
        (void)snprintf(who->keys[0], sizeof who->keys[0],
                       "kz-1347-2012/fulfilment/13/akmola/2013-01-01..2013-06-30");
        status = esep_arena_init(&w->arena, (size_t)1 << 20);
    }
    if (status == ESEP_OK)
        status = bench_journal_write(&w->journal, &site, who, 1, false, reason);
    if (status == ESEP_OK) {
        ret->sign = bench_rate(do_sign, w, 16);
        ret->verify = bench_rate(do_verify, w, 16);
        ret->sha256 = bench_rate(do_chain, w, 256);
        ret->seal = bench_rate(do_seal, w, 4) * FRAME_BYTES / BENCH_REPORT_BYTES;
        ret->unpack = bench_rate(do_unpack, w, 256);
    }
    if (w != NULL) {
        bench_journal_free(&w->journal);
        esep_arena_done(&w->arena);
    }
    free(w);
    free(who);
    return status;
}

enum esep_status bench_limits_measure(struct bench_limits *ret, uint64_t records,
                                      struct esep_reason *reason)
{
    *ret = (struct bench_limits){0};
    enum esep_status status = measure_lmdb(ret, records > 0 ? records : 1, reason);
    if (status == ESEP_OK)
        status = measure_crypto(ret, reason);
    if (status == ESEP_OK)
        status = bench_tree_measure(ret, reason);
    if (status == ESEP_OK)
        status = bench_zmq_measure((size_t)REPORTS_A_FRAME * BENCH_REPORT_BYTES, 20000,
                                   &ret->zmq_batched, reason);
    ret->zmq_batched *= REPORTS_A_FRAME;
    if (status == ESEP_OK)
        status = bench_zmq_measure(BENCH_REPORT_BYTES, 200000, &ret->zmq_frames, reason);
    return status;
}
