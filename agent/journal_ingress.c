/* agent/journal_ingress.c - brokers' notes of ingress; see journal.h.
 *
 * They stand among the proofs under keys of their own length, which begin with an epoch that there
 * is not. The first note on a head stays: no later hour is better. Where there are as many as are
 * kept, one on entries that have their receipt gives way, the oldest; else the newest does, since
 * what it covers is covered by the one that comes.
 */
#include "agent/journal_internal.h"

enum {
    NOTE_KEY_BYTES = 4 + 4 + 8,
    AT_KEY = ESEP_SIGNED_COMMITMENT_BYTES,
    AT_NOTE = AT_KEY + ESEP_KEY_BYTES,
    NOTE_ROW_BYTES = AT_NOTE + ESEP_SIGNED_INGRESS_BYTES,
};

static void note_key(uint32_t epoch, uint64_t seq, uint8_t out[NOTE_KEY_BYTES])
{
    esep_be32_put(out, 0);
    esep_be32_put(out + 4, epoch);
    esep_be64_put(out + 8, seq);
}

static void note_row(const struct agent_ingress *note, uint8_t out[NOTE_ROW_BYTES])
{
    memcpy(out, note->statement, sizeof note->statement);
    memcpy(out + AT_KEY, note->key, sizeof note->key);
    memcpy(out + AT_NOTE, note->note, sizeof note->note);
}

/* False: behind the last note. Other keys may stand between: a file's hash may begin with zeroes.
 */
static bool is_note(const MDB_val *key, const MDB_val *data)
{
    return key->mv_size == NOTE_KEY_BYTES && data->mv_size == NOTE_ROW_BYTES;
}

static bool is_past(const MDB_val *key)
{
    return key->mv_size < 4 || esep_be32(key->mv_data) != 0;
}

static void read_note(const MDB_val *key, const MDB_val *data, struct agent_ingress *ret)
{
    const uint8_t *at = key->mv_data;
    const uint8_t *row = data->mv_data;
    ret->epoch = esep_be32(at + 4);
    ret->seq = esep_be64(at + 8);
    memcpy(ret->statement, row, sizeof ret->statement);
    memcpy(ret->key, row + AT_KEY, sizeof ret->key);
    memcpy(ret->note, row + AT_NOTE, sizeof ret->note);
}

/* Every note from a place on, until visit says false. */
static enum esep_status walk(MDB_txn *txn, const struct journal *journal, uint32_t epoch,
                             uint64_t seq,
                             bool (*visit)(void *context, const struct agent_ingress *note),
                             void *context, struct esep_reason *reason)
{
    uint8_t place[NOTE_KEY_BYTES];
    MDB_cursor *cursor = NULL;
    MDB_val data;
    note_key(epoch, seq, place);
    MDB_val key = journal_val(place, sizeof place);
    int rc = mdb_cursor_open(txn, journal->proofs, &cursor);
    if (rc != 0)
        return esep_store_status(rc, reason, "read the journal");
    for (MDB_cursor_op step = MDB_SET_RANGE; rc == 0; step = MDB_NEXT) {
        struct agent_ingress note;
        rc = mdb_cursor_get(cursor, &key, &data, step);
        if (rc != 0 || is_past(&key))
            break;
        if (!is_note(&key, &data))
            continue;
        read_note(&key, &data, &note);
        if (!visit(context, &note))
            break;
    }
    mdb_cursor_close(cursor);
    return rc == 0 || rc == MDB_NOTFOUND ? ESEP_OK
                                         : esep_store_status(rc, reason, "read the journal");
}

struct counted {
    uint64_t count;
    struct agent_ingress first, last;
};

static bool count_note(void *context, const struct agent_ingress *note)
{
    struct counted *c = context;
    if (c->count++ == 0)
        c->first = *note;
    c->last = *note;
    return true;
}

static enum esep_status make_room(MDB_txn *txn, const struct journal *journal, uint32_t epoch,
                                  uint64_t receipted_seq, struct esep_reason *reason)
{
    struct counted c = {0};
    uint8_t place[NOTE_KEY_BYTES];
    enum esep_status status = walk(txn, journal, 0, 0, count_note, &c, reason);
    if (status != ESEP_OK || c.count < JOURNAL_INGRESS_MAX)
        return status;
    const bool received =
        c.first.epoch < epoch || (c.first.epoch == epoch && c.first.seq <= receipted_seq);
    const struct agent_ingress *goes = received ? &c.first : &c.last;
    note_key(goes->epoch, goes->seq, place);
    MDB_val key = journal_val(place, sizeof place);
    const int rc = mdb_del(txn, journal->proofs, &key, NULL);
    return rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "let go of a note of ingress");
}

enum esep_status journal_put_ingress(MDB_txn *txn, const struct journal *journal,
                                     const struct agent_store *store, struct esep_reason *reason)
{
    const struct agent_ingress *note = store->ingress;
    uint8_t place[NOTE_KEY_BYTES];
    uint8_t row[NOTE_ROW_BYTES];
    if (note == NULL)
        return ESEP_OK;
    enum esep_status status = make_room(txn, journal, note->epoch, store->receipted_seq, reason);
    if (status != ESEP_OK)
        return status;
    note_key(note->epoch, note->seq, place);
    note_row(note, row);
    MDB_val key = journal_val(place, sizeof place);
    MDB_val data = journal_val(row, sizeof row);
    const int rc = mdb_put(txn, journal->proofs, &key, &data, MDB_NOOVERWRITE);
    return rc == 0 || rc == MDB_KEYEXIST ? ESEP_OK
                                         : esep_store_status(rc, reason, "keep a note of ingress");
}

struct sought {
    uint32_t epoch;
    bool found;
    struct agent_ingress *ret;
};

static bool first_of_epoch(void *context, const struct agent_ingress *note)
{
    struct sought *s = context;
    s->found = note->epoch == s->epoch;
    if (s->found)
        *s->ret = *note;
    return false;
}

static bool last_of_epoch(void *context, const struct agent_ingress *note)
{
    struct sought *s = context;
    if (note->epoch != s->epoch)
        return false;
    s->found = true;
    *s->ret = *note;
    return true;
}

static enum esep_status seek(MDB_txn *txn, const struct journal *journal, uint32_t epoch,
                             uint64_t seq,
                             bool (*visit)(void *context, const struct agent_ingress *note),
                             struct agent_ingress *ret, struct esep_reason *reason)
{
    struct sought s = {.epoch = epoch, .ret = ret};
    const enum esep_status status = walk(txn, journal, epoch, seq, visit, &s, reason);
    return status == ESEP_OK && !s.found
               ? esep_because(reason, ESEP_NOT_FOUND, "no broker has noted entry %u/%llu", epoch,
                              (unsigned long long)seq)
               : status;
}

enum esep_status journal_noted_get(MDB_txn *txn, const struct journal *journal, uint32_t epoch,
                                   uint64_t *ret_seq, struct esep_reason *reason)
{
    struct agent_ingress note = {.seq = 0};
    const enum esep_status status = seek(txn, journal, epoch, 0, last_of_epoch, &note, reason);
    *ret_seq = note.seq;
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

enum esep_status journal_ingress(struct journal *journal, uint32_t epoch, uint64_t seq,
                                 struct agent_ingress *ret, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status == ESEP_OK)
        status = seek(txn, journal, epoch, seq, first_of_epoch, ret, reason);
    if (txn != NULL)
        mdb_txn_abort(txn);
    return status;
}
