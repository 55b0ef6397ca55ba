/* tests/unit/collector/ingest_world.c - see ingest_world.h: the disk, the broker, effects. */
#include "ingest_world.h"

#include "esep/v1/link.pb-c.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>

static const uint8_t broker_key[32] = {0xb0};

enum esep_status ingest_lookup(void *context, uint32_t office, uint32_t epoch, uint64_t seq,
                               uint64_t *ret_index, struct esep_leaf *ret_leaf)
{
    const struct ingest *g = context;
    for (size_t i = 0; i < g->world.log_count; i++) {
        struct esep_leaf leaf;
        assert_int_equal(esep_leaf_unpack(esep_slice(g->world.log[i].leaf, ESEP_LEAF_BYTES), &leaf),
                         ESEP_OK);
        if (leaf.type == LOG(ENTRY) && leaf.office == office && leaf.epoch == epoch &&
            leaf.seq == seq) {
            *ret_index = i;
            *ret_leaf = leaf;
            return ESEP_OK;
        }
    }
    return ESEP_NOT_FOUND;
}

/* A node by its definition, from the leaves. */
static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct ingest *g = context;
    struct esep_merkle tree;
    const uint64_t first = place.index << place.level;
    const uint64_t count = UINT64_C(1) << place.level;
    esep_merkle_init(&tree);
    if (first + count > g->world.log_count)
        return false;
    for (uint64_t i = first; i < first + count; i++)
        esep_merkle_append(&tree, esep_slice(g->world.log[i].leaf, ESEP_LEAF_BYTES));
    *ret = esep_merkle_root(&tree);
    return true;
}

static enum esep_status leaf_at(void *context, uint64_t index, struct esep_leaf *ret_leaf)
{
    const struct ingest *g = context;
    if (index >= g->world.log_count)
        return ESEP_NOT_FOUND;
    return esep_leaf_unpack(esep_slice(g->world.log[index].leaf, ESEP_LEAF_BYTES), ret_leaf);
}

static enum esep_status nonce_at(void *context, uint64_t index, uint8_t ret_nonce[ESEP_NONCE_BYTES])
{
    const struct ingest *g = context;
    if (index >= g->world.log_count)
        return ESEP_NOT_FOUND;
    const struct world_entry *entry = &g->world.log[index];
    return esep_nonce_of(esep_slice(entry->body, entry->len), ret_nonce) ? ESEP_OK : ESEP_NOT_FOUND;
}

static enum esep_status commitment_at(void *context, uint64_t index, struct esep_commitment *ret)
{
    const struct ingest *g = context;
    if (index >= g->world.log_count)
        return ESEP_NOT_FOUND;
    return esep_commitment_unpack(
        &g->log_id, esep_slice(g->world.log[index].body, g->world.log[index].len), ret);
}

static const struct world_row *file_row(const struct ingest *g, char table,
                                        const struct views_file *file)
{
    uint8_t key[VIEWS_FILE_KEY_BYTES];
    views_file_key(table, file, key);
    for (size_t i = 0; i < g->world.table.count; i++) {
        const struct world_row *row = &g->world.table.rows[i];
        if (row->key_len == sizeof key && memcmp(row->key, key, sizeof key) == 0)
            return row;
    }
    return NULL;
}

enum esep_status ingest_file_lookup(void *context, const struct views_file *file,
                                    struct collector_file_known *ret)
{
    const struct ingest *g = context;
    const struct world_row *here = file_row(g, VIEWS_TABLE_EVIDENCE, file);
    if (g->lookup_fails)
        return ESEP_IO;
    ret->named = file_row(g, VIEWS_TABLE_NAMED, file) != NULL;
    ret->here = here != NULL &&
                views_evidence_read(esep_slice(here->value, here->value_len), &ret->evidence);
    ret->lost = ret->here && g->file_there != NULL && !g->file_there(g->file_context, file);
    return ESEP_OK;
}

/* By looking at every row. */
static size_t file_lacking(void *context, uint32_t office, struct views_file *ret, size_t room)
{
    const struct ingest *g = context;
    size_t count = 0;
    for (size_t i = 0; g->lacking && i < g->world.table.count && count < room; i++) {
        const struct world_row *row = &g->world.table.rows[i];
        struct collector_file_known known = {0};
        if (row->key_len != VIEWS_FILE_KEY_BYTES || row->key[0] != VIEWS_TABLE_NAMED ||
            esep_be32(row->key + 1) != office)
            continue;
        struct views_file file = {.office = office,
                                  .size_bytes = esep_be64(row->key + 5 + ESEP_HASH_BYTES)};
        memcpy(file.sha256.bytes, row->key + 5, ESEP_HASH_BYTES);
        if (ingest_file_lookup(context, &file, &known) == ESEP_OK && (!known.here || known.lost))
            ret[count++] = file;
    }
    return count;
}

void ingest_set_files(struct ingest *g)
{
    collector_set_files(g->core, ingest_file_lookup, file_lacking, g);
}

static size_t one_target(void *context, const char *plan, const char *body,
                         enum views_audience whom, Esep__V1__Target *ret, size_t max)
{
    (void)context;
    (void)plan;
    (void)body;
    static char mail[] = "a@example.org";
    static char language[] = "ru";
    if (max == 0 || whom == VIEWS_SECRETARIAT)
        return 0;
    esep__v1__target__init(&ret[0]);
    ret[0].channel = ESEP__V1__CHANNEL__CHANNEL_MAIL;
    ret[0].address = mail;
    ret[0].language = language;
    return 1;
}

static void make_config(struct ingest *g)
{
    struct collector_config *config = &g->config;
    uint8_t seed[32] = {7};
    esep_sign_key_from_seed(&g->signing.memory.keys.present, seed);
    seed[0] = 8;
    esep_box_key_from_seed(&config->seal_key, seed);
    memset(config->seed, 9, sizeof config->seed);
    config->log_id = g->log_id;
    memcpy(config->name, "test", sizeof "test");
    for (uint8_t i = 0; i < 2; i++) {
        struct esep_sign_key key;
        seed[0] = (uint8_t)(0x40 + i);
        esep_sign_key_from_seed(&key, seed);
        memcpy(config->operators[i].sign_key, key.public, 32);
        memset(config->operators[i].curve_key, 0x40 + i, 32);
        snprintf(config->operators[i].name, sizeof config->operators[i].name, "operator %d", i);
    }
    config->operator_count = 2;
    config->targets = one_target;
    config->links_max = 2;
    config->sessions_max = 64;
    config->frame_bytes_max = 65536;
    config->session_credit_bytes = 1 << 18;
    config->ingest_bytes_max = 1 << 22;
    config->batch_bytes_max = 1 << 20;
    config->batch_records_max = 8192;
    config->session_idle = 10 * ESEP_MINUTE;
    config->presence_every = 6 * ESEP_HOUR;
    config->link_heartbeat = 2 * ESEP_SECOND;
}

static void start_core(struct ingest *g)
{
    signing_begin(&g->signing, &g->config, g->world.views);
    assert_int_equal(collector_new(&g->core, &g->config, g->world.views, g->world.now), ESEP_OK);
    const struct collector_history history = {.node = node,
                                              .leaf = leaf_at,
                                              .nonce = nonce_at,
                                              .commitment = commitment_at,
                                              .context = g};
    collector_set_lookup(g->core, ingest_lookup, g);
    collector_set_history(g->core, &history);
    if (g->on_file != NULL)
        ingest_set_files(g);
    ingest_pump(g);
    ingest_join(g, 0);
}

void ingest_start(struct ingest *g, void (*change)(struct collector_config *config))
{
    memset(g, 0, sizeof *g);
    assert_int_equal(esep_crypto_init(), ESEP_OK);
    world_start(&g->world, "2013-01-15T09:00:00+06:00");
    g->log_id = esep_log_id(esep_slice(g->world.log[0].body, g->world.log[0].len));
    world_plan(&g->world, NULL, NULL);
    world_cut(&g->world);
    make_config(g);
    if (change != NULL)
        change(&g->config);
    g->auto_commit = true;
    start_core(g);
}

void ingest_restart(struct ingest *g)
{
    struct views *views = world_load(&g->world);
    collector_free(g->core);
    views_free(g->world.views);
    g->world.views = views;
    g->pending = NULL;
    for (struct sim_office *o = g->offices; o != NULL; o = o->next)
        o->online = false;
    g->config.seed[0]++;
    start_core(g);
}

void ingest_end(struct ingest *g)
{
    while (g->offices != NULL) {
        struct sim_office *o = g->offices;
        g->offices = o->next;
        for (uint64_t i = 1; i <= o->seq; i++)
            free((void *)(uintptr_t)o->entries[i].data);
        free(o->entries);
        free(o->chain);
        free(o->heard);
        esep_buf_done(&o->last_frame);
        free(o);
    }
    collector_free(g->core);
    world_end(&g->world);
}

static void append_record(struct world *w, const struct collector_record *record)
{
    if (w->log_count == w->log_cap) {
        w->log_cap = w->log_cap * 2 + 64;
        w->log = realloc(w->log, w->log_cap * sizeof *w->log);
        assert_non_null(w->log);
    }
    struct world_entry *entry = &w->log[w->log_count++];
    memcpy(entry->leaf, record->leaf, sizeof entry->leaf);
    entry->len = record->body.len;
    entry->body = malloc(entry->len + 1);
    assert_non_null(entry->body);
    if (entry->len > 0)
        memcpy(entry->body, record->body.data, entry->len);
}

static void disk_append(struct ingest *g, const struct collector_batch *batch)
{
    assert_int_equal(batch->first_index, g->world.log_count);
    assert_true(batch->record_count > 0);
    for (size_t i = 0; i < batch->record_count; i++)
        append_record(&g->world, &batch->records[i]);
    for (size_t i = 0; i < batch->row_count; i++)
        world_table_put(&g->world.table, batch->rows[i].key, batch->rows[i].value);
}

void ingest_commit(struct ingest *g, enum esep_status status)
{
    uint8_t signature[ESEP_SIGNATURE_BYTES] = {0};
    assert_non_null(g->pending);
    if (status == ESEP_OK) {
        disk_append(g, g->pending);
        signing_head(&g->signing, &g->log_id, g->pending->growth, signature);
    }
    g->pending = NULL;
    collector_on_stored(g->core, g->pending_token, status, signature, g->world.now);
    ingest_pump(g);
}

void ingest_store_silently(struct ingest *g)
{
    disk_append(g, g->pending);
    g->pending = NULL;
}

static void answer_mail(struct ingest *g, const struct collector_effect *effect)
{
    struct collector_mail items[64];
    size_t count = 0;
    size_t bytes = 0;
    bool more = false;
    for (size_t i = 0; i < g->world.table.count; i++) {
        const struct world_row *row = &g->world.table.rows[i];
        if (row->key[0] != 'M' || esep_be32(row->key + 1) != effect->office ||
            esep_be64(row->key + 5) <= effect->after)
            continue;
        uint64_t index = esep_be64(row->value);
        const struct world_entry *entry = &g->world.log[index];
        if (count > 0 && (bytes + entry->len > effect->bytes_max || count == 64)) {
            more = true;
            break;
        }
        bytes += entry->len;
        items[count++] = (struct collector_mail){
            .number = esep_be64(row->key + 5),
            .log_index = index,
            .leaf = esep_slice(entry->leaf, ESEP_LEAF_BYTES),
            .body = esep_slice(entry->body, entry->len),
        };
    }
    collector_on_mail(g->core, effect->token, items, count, more, g->world.now);
}

/* sim_heard.c */
void sim_hear(struct ingest *g, struct sim_office *o, struct esep_slice frame);
void sim_read_order_reply(struct esep_slice bytes, struct sim_heard *ret);

static struct sim_office *at_conn(struct ingest *g, uint32_t link, uint64_t conn)
{
    for (struct sim_office *o = g->offices; o != NULL; o = o->next) {
        if (o->online && o->conn == conn && o->link == link)
            return o;
    }
    return NULL;
}

static void hear_roster(struct ingest *g, const Esep__V1__Roster *roster)
{
    g->roster_parts++;
    g->roster_entries += roster->n_entries;
    g->roster_last = roster->last;
    g->roster_whole = roster->whole;
    assert_true(roster->version <= g->world.log_count);
    for (size_t i = 0; i < roster->n_entries; i++) {
        const Esep__V1__RosterEntry *entry = roster->entries[i];
        assert_int_equal(entry->curve_key.len, 32);
        g->roster_key[entry->curve_key.data[0]] = entry->admission;
        if (entry->office < 64 && entry->office > 0)
            g->roster_admission[entry->office] = entry->admission;
        else
            g->operators_told++;
    }
}

static void hear_join(struct ingest *g, const Esep__V1__Join *join)
{
    const uint8_t nonce[32] = {5};
    struct esep_hash statement =
        esep_join_statement(nonce, &g->log_id, g->config.engine_id, broker_key);
    assert_true(
        esep_verify(join->log_key.data, esep_slice(statement.bytes, 32), join->signature.data));
}

static void send_up(struct ingest *g, const struct collector_effect *effect)
{
    struct esep_arena arena;
    const ProtobufCMessage *message = NULL;
    assert_int_equal(esep_arena_init(&arena, INGEST_UNPACKED_BYTES(effect->parts[0])), ESEP_OK);
    assert_int_equal(
        esep_unpack(&esep__v1__link_up__descriptor, effect->parts[0], &arena, &message), ESEP_OK);
    const Esep__V1__LinkUp *up = (const Esep__V1__LinkUp *)message;
    g->link_messages[up->what_case]++;
    if (up->what_case == ESEP__V1__LINK_UP__WHAT_TO) {
        assert_int_equal(effect->part_count, 2);
        struct sim_office *o = at_conn(g, effect->link, up->to->conn);
        if (o != NULL && o->hear != NULL)
            o->hear(o->hear_context, effect->parts[1]);
        else if (o != NULL)
            sim_hear(g, o, effect->parts[1]);
    } else {
        assert_int_equal(effect->part_count, 1);
    }
    if (up->what_case == ESEP__V1__LINK_UP__WHAT_ROSTER)
        hear_roster(g, up->roster);
    if (up->what_case == ESEP__V1__LINK_UP__WHAT_JOIN)
        hear_join(g, up->join);
    esep_arena_done(&arena);
}

/* The bytes of a FILE_WRITE live until it is popped, and its answer is another event. */
static void do_file(struct ingest *g, const struct collector_effect *effect)
{
    uint64_t held = 0;
    bool answered = effect->kind < COLLECTOR_EFFECT_FILE_CLOSE;
    assert_non_null(g->on_file);
    const enum esep_status status = g->on_file(g->file_context, effect, &held, &answered);
    collector_pop(g->core);
    if (answered)
        collector_on_file(g->core, effect->token, status, held, g->world.now);
}

void ingest_pump(struct ingest *g)
{
    const struct collector_effect *next;
    while ((next = collector_peek(g->core)) != NULL) {
        const struct collector_effect effect = *next;
        if (effect.kind >= COLLECTOR_EFFECT_FILE_OPEN) {
            do_file(g, &effect);
            continue;
        }
        bool pop_first =
            effect.kind != COLLECTOR_EFFECT_SEND && effect.kind != COLLECTOR_EFFECT_REPLY;
        if (pop_first)
            collector_pop(g->core);
        switch (effect.kind) {
        case COLLECTOR_EFFECT_SEND:
            send_up(g, &effect);
            break;
        case COLLECTOR_EFFECT_STORE:
            assert_null(g->pending); /* one at most */
            g->pending = effect.batch;
            g->pending_token = effect.token;
            break;
        case COLLECTOR_EFFECT_MAIL:
            if (g->hold_mail)
                g->mail_token = effect.token;
            else
                answer_mail(g, &effect);
            break;
        case COLLECTOR_EFFECT_REPLY:
            memset(&g->reply, 0, sizeof g->reply);
            sim_read_order_reply(effect.parts[0], &g->reply);
            g->replies++;
            break;
        case COLLECTOR_EFFECT_DELIVER:
            assert_true(g->deliver_count < 64);
            assert_true(effect.alert_index < g->world.log_count); /* durable */
            g->delivers[g->deliver_count++] = effect.alert_index;
            break;
        default: /* FILE_: above */
            break;
        }
        if (!pop_first)
            collector_pop(g->core);
        if (g->auto_commit && g->pending != NULL && collector_peek(g->core) == NULL)
            ingest_commit(g, ESEP_OK);
    }
}

void ingest_link_down(struct ingest *g, uint32_t link, const Esep__V1__LinkDown *message)
{
    uint8_t packed[1024];
    assert_true(protobuf_c_message_get_packed_size(&message->base) <= sizeof packed);
    struct esep_slice part = esep_slice(packed, protobuf_c_message_pack(&message->base, packed));
    collector_on_frame(g->core, link, &part, 1, g->world.now);
    ingest_pump(g);
}

void ingest_join(struct ingest *g, uint32_t link)
{
    uint8_t nonce[32] = {5};
    Esep__V1__Challenge challenge = ESEP__V1__CHALLENGE__INIT;
    Esep__V1__Joined joined = ESEP__V1__JOINED__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    collector_on_link(g->core, link, broker_key, true, g->world.now);
    ingest_pump(g);
    challenge.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_CHALLENGE;
    down.challenge = &challenge;
    ingest_link_down(g, link, &down);
    joined.heartbeat_ms = 2000;
    joined.primary = true;
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_JOINED;
    down.joined = &joined;
    ingest_link_down(g, link, &down);
    assert_int_equal(collector_link(g->core, link, NULL), COLLECTOR_LINK_JOINED);
}

static bool every_entry(void *context)
{
    (void)context;
    return true;
}

void ingest_assert_replay(struct ingest *g)
{
    struct world_table table = {0};
    struct views *views = world_replay(&g->world, &table, every_entry, NULL);
    assert_same_tables(&g->world.table, &table);
    views_free(views);
    world_table_free(&table);
}

size_t ingest_log_count(const struct ingest *g, Esep__V1__LogType type)
{
    size_t count = 0;
    for (size_t i = 0; i < g->world.log_count; i++)
        count += g->world.log[i].leaf[1] == (uint8_t)type;
    return count;
}
