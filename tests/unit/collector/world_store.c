/* tests/unit/collector/world_store.c - see world_store.h. */
#include "world_store.h"

#include "collector/log_lmdb.h"
#include "wire/statement.h"

#include <stdlib.h>

void world_chain(struct world *w)
{
    struct esep_hash log_id = esep_log_id(esep_slice(w->log[0].body, w->log[0].len));
    struct esep_hash head = {.bytes = ""};
    for (size_t i = 0; i < w->log_count; i++) {
        struct esep_leaf leaf;
        assert_int_equal(esep_leaf_unpack(esep_slice(w->log[i].leaf, ESEP_LEAF_BYTES), &leaf),
                         ESEP_OK);
        struct esep_slice body = esep_slice(w->log[i].body, w->log[i].len);
        bool entry = leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY;
        if (entry && leaf.seq == 1)
            head = esep_chain_start(&log_id, leaf.office, leaf.epoch,
                                    views_office(w->views, leaf.office)->sign_key);
        if (entry)
            head = esep_chain_step(&head, leaf.seq, body);
        if (entry)
            leaf.head = head;
        esep_leaf_pack(&leaf, w->log[i].leaf);
    }
}

void world_store(struct world *w, const char *path, size_t map_bytes)
{
    world_chain(w);
    const struct collector_log_options options = {
        .path = path, .map_bytes = map_bytes, .create = true};
    struct collector_log *log = NULL;
    struct collector_record *records = calloc(w->log_count, sizeof *records);
    struct collector_row *rows = calloc(w->table.count, sizeof *rows);
    assert_true(records != NULL && rows != NULL);
    for (size_t i = 0; i < w->log_count; i++) {
        memcpy(records[i].leaf, w->log[i].leaf, ESEP_LEAF_BYTES);
        records[i].body = esep_slice(w->log[i].body, w->log[i].len);
    }
    for (size_t i = 0; i < w->table.count; i++) {
        const struct world_row *row = &w->table.rows[i];
        rows[i] = (struct collector_row){.key = esep_slice(row->key, row->key_len),
                                         .value = esep_slice(row->value, row->value_len)};
    }
    const struct collector_batch batch = {.records = records,
                                          .record_count = w->log_count,
                                          .rows = rows,
                                          .row_count = w->table.count};
    assert_int_equal(collector_log_open(&log, &options, NULL), ESEP_OK);
    assert_int_equal(log->ops->append(log, &batch, NULL), ESEP_OK);
    log->ops->close(log);
    free(records);
    free(rows);
}
