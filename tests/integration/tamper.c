/* tests/integration/tamper.c - what a dishonest collector does to its own log.
 *
 *   esep-tamper KIND STORE BELOW
 *
 * KIND is removed, changed, reordered or added: so is an entry of the collector's own or the hour
 * of an office's signed head, the last such below entry BELOW. The log that results is one that the
 * collector could have written: chains, signatures and hashes agree, and `log replay --repair`
 * makes views for it. Only who has seen the tree of before can tell. Nobody runs this but a test.
 */
#include "collector/log_lmdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct entry {
    size_t len;
    uint8_t *bytes; /* leaf and body */
};
struct entries {
    size_t count;
    struct entry items[65536];
};

static struct entries all;

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "esep-tamper: %s\n", what);
    exit(EX_DATAERR);
}

static bool keep(void *context, uint64_t index, struct esep_slice leaf, struct esep_slice body)
{
    struct entries *to = context;
    (void)index;
    if (to->count == sizeof to->items / sizeof *to->items)
        fail("too long a log");
    struct entry *e = &to->items[to->count++];
    e->len = leaf.len + body.len;
    e->bytes = malloc(e->len);
    if (e->bytes == NULL)
        fail("no memory");
    memcpy(e->bytes, leaf.data, leaf.len);
    if (body.len > 0)
        memcpy(e->bytes + leaf.len, body.data, body.len);
    return true;
}

static unsigned type_of(size_t i)
{
    return all.items[i].bytes[1];
}

/* What stands alone: nothing names it, and nothing is missed without it. */
static bool stands_alone(size_t i)
{
    return type_of(i) == ESEP__V1__LOG_TYPE__LOG_TYPE_PRESENCE ||
           type_of(i) == ESEP__V1__LOG_TYPE__LOG_TYPE_MAIL_ACK;
}

static size_t last_below(size_t below, bool (*suits)(size_t i))
{
    for (size_t i = below; i-- > 1;)
        if (suits(i))
            return i;
    fail("no entry that suits");
}

static bool is_head(size_t i)
{
    return type_of(i) == ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT;
}

static bool is_first_of_two(size_t i)
{
    return stands_alone(i) && i + 1 < all.count && stands_alone(i + 1);
}

static void take_out(size_t i)
{
    free(all.items[i].bytes);
    memmove(&all.items[i], &all.items[i + 1], (all.count - i - 1) * sizeof *all.items);
    all.count--;
}

static void put_in(size_t i)
{
    memmove(&all.items[i + 1], &all.items[i], (all.count - i) * sizeof *all.items);
    all.count++;
}

/* They change places, and their hours stay in order. */
static void swap(size_t i)
{
    uint8_t hour[8];
    struct entry first = all.items[i];
    all.items[i] = all.items[i + 1];
    all.items[i + 1] = first;
    memcpy(hour, all.items[i].bytes + 8, sizeof hour);
    memcpy(all.items[i].bytes + 8, all.items[i + 1].bytes + 8, sizeof hour);
    memcpy(all.items[i + 1].bytes + 8, hour, sizeof hour);
}

static size_t tamper(const char *kind, size_t below)
{
    size_t at = 0;
    if (strcmp(kind, "changed") == 0) {
        at = last_below(below, is_head);
        all.items[at].bytes[15] ^= 1; /* a microsecond of its hour */
        return at;
    }
    if (strcmp(kind, "reordered") == 0) {
        at = last_below(below - 1, is_first_of_two);
        swap(at);
        return at;
    }
    at = last_below(below, stands_alone);
    if (strcmp(kind, "removed") == 0)
        take_out(at);
    else if (strcmp(kind, "added") == 0)
        put_in(at); /* the same once more */
    else
        fail("KIND is removed, changed, reordered or added");
    return at;
}

static int write_all(struct esep_store *store)
{
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "entries", MDB_INTEGERKEY, &dbi);
    if (rc == 0)
        rc = mdb_drop(txn, dbi, 0);
    for (size_t i = 0; rc == 0 && i < all.count; i++) {
        MDB_val key = {.mv_size = sizeof i, .mv_data = &i};
        MDB_val data = {.mv_size = all.items[i].len, .mv_data = all.items[i].bytes};
        rc = mdb_put(txn, dbi, &key, &data, MDB_APPEND);
    }
    return rc == 0 ? mdb_txn_commit(txn) : rc;
}

int main(int argc, char **argv)
{
    struct collector_log *log = NULL;
    struct esep_reason reason = {""};
    if (argc != 4)
        fail("KIND STORE BELOW");
    const struct collector_log_options options = {.path = argv[2], .map_bytes = 1u << 30};
    if (collector_log_open(&log, &options, &reason) != ESEP_OK ||
        log->ops->read(log, 0, UINT64_MAX, keep, &all, &reason) != ESEP_OK)
        fail(reason.text);
    const size_t below = strtoul(argv[3], NULL, 10);
    if (below == 0 || below > all.count)
        fail("BELOW is not in the log");
    const size_t at = tamper(argv[1], below);
    const int rc = write_all(collector_log_store(log));
    if (rc != 0)
        fail(mdb_strerror(rc));
    log->ops->close(log);
    (void)printf("%zu\n", at);
    return 0;
}
