/* tests/fuzz/ingest.c - see ingest.h. */
#include "ingest.h"

static size_t a_target(void *context, const char *plan, const char *body, enum views_audience whom,
                       Esep__V1__Target *ret, size_t max)
{
    static char address[] = "a@b", language[] = "kk";
    (void)context;
    if (plan == NULL || body == NULL || whom == VIEWS_SECRETARIAT || max == 0)
        return 0;
    esep__v1__target__init(ret);
    ret->channel = ESEP__V1__CHANNEL__CHANNEL_MAIL;
    ret->address = address;
    ret->language = language;
    return 1;
}

static void configure(struct ingest *g)
{
    uint8_t seed[32] = {2};
    struct collector_config *c = &g->config;
    esep_sign_key_from_seed(&g->signing.memory.keys.present, seed);
    esep_box_key_from_seed(&c->seal_key, seed);
    seed[0] = 3;
    esep_sign_key_from_seed(&g->operator_key, seed);
    c->log_id = esep_log_id(g->disk.entries[0].body);
    c->operator_count = 1;
    memcpy(c->operators[0].name, "operator", 9);
    memcpy(c->operators[0].sign_key, g->operator_key.public, ESEP_KEY_BYTES);
    memset(c->operators[0].curve_key, 0x6f, ESEP_KEY_BYTES);
    c->targets = a_target;
    c->links_max = INGEST_LINKS;
    c->sessions_max = 4;
    c->frame_bytes_max = INGEST_FRAME_MAX;
    c->session_credit_bytes = INGEST_FRAME_MAX;
    c->ingest_bytes_max = 2 * INGEST_FRAME_MAX;
    c->batch_bytes_max = 4 * INGEST_FRAME_MAX;
    c->batch_records_max = 64;
    c->session_idle = ESEP_HOUR;
    c->presence_every = ESEP_DAY;
    c->link_heartbeat = ESEP_SECOND;
}

/* The entry as the store finds it. */
static enum esep_status look_up(void *context, uint32_t office, uint32_t epoch, uint64_t seq,
                                uint64_t *ret_index, struct esep_leaf *ret_leaf)
{
    const struct ingest *g = context;
    for (size_t i = 0; i < g->disk.count; i++) {
        struct esep_leaf leaf;
        FUZZ_CHECK(esep_leaf_unpack(esep_slice(g->disk.entries[i].leaf, ESEP_LEAF_BYTES), &leaf) ==
                   ESEP_OK);
        if (leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY || leaf.office != office ||
            leaf.epoch != epoch || leaf.seq != seq)
            continue;
        *ret_index = i;
        *ret_leaf = leaf;
        return ESEP_OK;
    }
    return ESEP_NOT_FOUND;
}

static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct ingest *g = context;
    const uint64_t first = place.index << place.level;
    struct esep_merkle tree;
    esep_merkle_init(&tree);
    for (uint64_t i = 0; i < UINT64_C(1) << place.level; i++) {
        if (first + i >= g->disk.count)
            return false;
        esep_merkle_append(&tree, esep_slice(g->disk.entries[first + i].leaf, ESEP_LEAF_BYTES));
    }
    *ret = esep_merkle_root(&tree);
    return true;
}

static enum esep_status leaf_at(void *context, uint64_t index, struct esep_leaf *ret_leaf)
{
    const struct ingest *g = context;
    FUZZ_CHECK(index < g->disk.count);
    return esep_leaf_unpack(esep_slice(g->disk.entries[index].leaf, ESEP_LEAF_BYTES), ret_leaf);
}

static enum esep_status commitment_at(void *context, uint64_t index, struct esep_commitment *ret)
{
    const struct ingest *g = context;
    FUZZ_CHECK(index < g->disk.count);
    return esep_commitment_unpack(&g->config.log_id, g->disk.entries[index].body, ret);
}

static void make_core(struct ingest *g)
{
    esep_be64_put(g->config.seed, ++g->seeds); /* fresh at every start */
    signing_begin(&g->signing, &g->config, g->disk.views);
    FUZZ_CHECK(collector_new(&g->core, &g->config, g->disk.views, g->now) == ESEP_OK);
    const struct collector_history history = {
        .node = node, .leaf = leaf_at, .commitment = commitment_at, .context = g};
    collector_set_lookup(g->core, look_up, g);
    collector_set_history(g->core, &history);
    for (uint32_t i = 0; i < INGEST_LINKS; i++)
        ingest_join(g, i, i == 0);
}

void ingest_start(struct ingest *g)
{
    *g = (struct ingest){.seeds = 0};
    story_start(&g->disk);
    story_open(&g->disk);
    story_flush(&g->disk);
    g->now = g->disk.now + ESEP_DAY;
    configure(g);
    esep_buf_init(&g->plain, 1u << 20);
    esep_buf_init(&g->frame, 1u << 20);
    esep_buf_init(&g->packed, 1u << 20);
    FUZZ_CHECK(esep_arena_init(&g->arena, 1u << 20) == ESEP_OK);
    for (uint32_t i = 1; i <= INGEST_OFFICES; i++) {
        struct ingest_office *o = &g->offices[i];
        uint8_t seed[32] = {0x70, (uint8_t)i};
        esep_sign_key_from_seed(&o->sign, seed);
        memset(o->curve, 0x80 + (int)i, sizeof o->curve);
        o->number = i;
        o->epoch = 1;
        o->conn = 100 + i;
        o->chain[0] = esep_chain_start(&g->config.log_id, i, 1, o->sign.public);
    }
    make_core(g);
}

void ingest_end(struct ingest *g)
{
    collector_free(g->core);
    story_end(&g->disk);
    esep_arena_done(&g->arena);
    esep_buf_done(&g->plain);
    esep_buf_done(&g->frame);
    esep_buf_done(&g->packed);
}

void ingest_restart(struct ingest *g)
{
    collector_free(g->core);
    views_free(g->disk.views);
    g->pending = NULL;
    g->mail_asked = false;
    g->disk.views = story_load(&g->disk);
    FUZZ_CHECK(g->disk.views != NULL); /* what was committed can be started on */
    for (uint32_t i = 1; i <= INGEST_OFFICES; i++)
        g->offices[i].session = (struct esep_session){.established = false};
    make_core(g);
}

void ingest_pump(struct ingest *g)
{
    const struct collector_effect *next;
    for (int i = 0; (next = collector_peek(g->core)) != NULL; i++) {
        const struct collector_effect e = *next;
        FUZZ_CHECK(i < 10000);
        if (e.kind == COLLECTOR_EFFECT_SEND && e.part_count == 2)
            ingest_heard(g, e.parts[0], e.parts[1]);
        if (e.kind == COLLECTOR_EFFECT_STORE) {
            FUZZ_CHECK(g->pending == NULL);
            ingest_check_batch(g, e.batch);
            g->pending = e.batch;
            g->token = e.token;
        }
        if (e.kind == COLLECTOR_EFFECT_REPLY)
            FUZZ_CHECK(e.parts[0].len > 0);
        if (e.kind == COLLECTOR_EFFECT_DELIVER)
            FUZZ_CHECK(e.alert_index < g->disk.count);
        if (e.kind == COLLECTOR_EFFECT_MAIL) {
            FUZZ_CHECK(e.bytes_max > 0);
            g->mail_asked = true;
            g->mail_token = e.token;
            g->mail_office = e.office;
            g->mail_after = e.after;
        }
        collector_pop(g->core);
        if (!g->hold_mail)
            ingest_mail_answer(g);
    }
    FUZZ_CHECK(collector_status(g->core, NULL) == ESEP_OK);
    FUZZ_CHECK(collector_deadline(g->core) != 0);
}

static void keep(struct ingest *g, const struct collector_record *r)
{
    FUZZ_CHECK(story_keep(&g->disk, r->leaf, r->body));
}

void ingest_commit(struct ingest *g, enum esep_status status)
{
    const struct collector_batch *batch = g->pending;
    if (batch == NULL)
        return;
    uint8_t signature[ESEP_SIGNATURE_BYTES] = {0};
    g->pending = NULL;
    if (status == ESEP_OK) {
        signing_head(&g->signing, &g->config.log_id, batch->growth, signature);
        FUZZ_CHECK(batch->first_index == g->disk.count);
        for (size_t i = 0; i < batch->record_count; i++)
            keep(g, &batch->records[i]);
        for (size_t i = 0; i < batch->row_count; i++)
            FUZZ_CHECK(story_put_row(&g->disk, batch->rows[i].key, batch->rows[i].value) ==
                       ESEP_OK);
    }
    collector_on_stored(g->core, g->token, status, signature, g->now);
    if (status == ESEP_OK) {
        ingest_pump(g);
        return;
    }
    /* Whatever it still says is a refusal; nothing is promised of what is not on the disk. */
    const struct collector_effect *next;
    FUZZ_CHECK(collector_status(g->core, NULL) != ESEP_OK);
    while ((next = collector_peek(g->core)) != NULL) {
        FUZZ_CHECK(next->kind == COLLECTOR_EFFECT_SEND || next->kind == COLLECTOR_EFFECT_REPLY);
        if (next->kind == COLLECTOR_EFFECT_SEND && next->part_count == 2)
            ingest_heard(g, next->parts[0], next->parts[1]);
        collector_pop(g->core);
    }
    ingest_restart(g);
}

void ingest_link_down(struct ingest *g, uint32_t link, const Esep__V1__LinkDown *message)
{
    uint8_t packed[256];
    FUZZ_CHECK(protobuf_c_message_get_packed_size(&message->base) <= sizeof packed);
    struct esep_slice part = esep_slice(packed, protobuf_c_message_pack(&message->base, packed));
    collector_on_frame(g->core, link, &part, 1, g->now);
    ingest_pump(g);
}

void ingest_join(struct ingest *g, uint32_t link, bool primary)
{
    const uint8_t nonce[32] = {(uint8_t)(1 + link)};
    Esep__V1__Challenge challenge = ESEP__V1__CHALLENGE__INIT;
    Esep__V1__Joined joined = ESEP__V1__JOINED__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    collector_on_link(g->core, link, nonce, true, g->now);
    challenge.nonce = esep_pb(nonce, sizeof nonce);
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_CHALLENGE;
    down.challenge = &challenge;
    ingest_link_down(g, link, &down);
    joined.primary = primary;
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_JOINED;
    down.joined = &joined;
    ingest_link_down(g, link, &down);
}

/* As the broker hands it on: stamped with the key of the connection. */
void ingest_frame(struct ingest *g, const struct ingest_office *o, struct esep_slice frame)
{
    uint8_t head[128];
    Esep__V1__From from = ESEP__V1__FROM__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    from.conn = o->conn;
    from.office = o->number;
    from.curve_key = esep_pb(o->curve, ESEP_KEY_BYTES);
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_FROM;
    down.from = &from;
    const struct esep_slice parts[2] = {esep_slice(head, protobuf_c_message_pack(&down.base, head)),
                                        frame};
    collector_on_frame(g->core, o->link, parts, 2, g->now);
    ingest_pump(g);
}

void ingest_sealed(struct ingest *g, struct ingest_office *o, Esep__V1__Kind kind,
                   struct esep_slice plain)
{
    esep_buf_clear(&g->frame);
    if (!o->session.established ||
        esep_session_seal(&o->session, kind, plain, &g->frame) != ESEP_OK)
        return;
    o->sent_bytes += g->frame.len;
    ingest_frame(g, o, esep_buf_slice(&g->frame));
}

void ingest_message(struct ingest *g, struct ingest_office *o, Esep__V1__Kind kind,
                    const ProtobufCMessage *message)
{
    esep_buf_clear(&g->packed);
    FUZZ_CHECK(esep_pack(message, &g->packed) == ESEP_OK);
    ingest_sealed(g, o, kind, esep_buf_slice(&g->packed));
}

void ingest_begin(struct ingest *g, struct esep_session *ret)
{
    uint8_t seed[32] = {0x33};
    esep_be64_put(seed + 8, ++g->seeds);
    FUZZ_CHECK(esep_session_begin(ret, seed, g->config.seal_key.public, &g->config.log_id) ==
               ESEP_OK);
}

void ingest_first(struct ingest *g, const struct ingest_office *o, struct esep_session *session,
                  Esep__V1__Kind kind, const ProtobufCMessage *message)
{
    esep_buf_clear(&g->packed);
    esep_buf_clear(&g->frame);
    FUZZ_CHECK(esep_pack(message, &g->packed) == ESEP_OK);
    FUZZ_CHECK(esep_session_seal_first(session, kind, esep_buf_slice(&g->packed), &g->frame) ==
               ESEP_OK);
    ingest_frame(g, o, esep_buf_slice(&g->frame));
}

void ingest_write(struct ingest *g, struct ingest_office *o, struct esep_slice bytes)
{
    (void)g;
    if (o->seq == INGEST_ENTRIES)
        return;
    const size_t len = bytes.len < sizeof o->bytes[0] ? bytes.len : sizeof o->bytes[0];
    const uint64_t seq = ++o->seq;
    if (len > 0)
        memcpy(o->bytes[seq], bytes.data, len);
    o->entries[seq] = esep_slice(o->bytes[seq], len);
    o->chain[seq] = esep_chain_step(&o->chain[seq - 1], seq, o->entries[seq]);
}

/* What the mailbox rows on the disk say. */
void ingest_mail_answer(struct ingest *g)
{
    struct collector_mail items[8];
    size_t count = 0;
    bool more = false;
    if (!g->mail_asked)
        return;
    g->mail_asked = false;
    for (size_t i = 0; i < g->disk.row_count; i++) {
        const struct story_row *row = &g->disk.rows[i];
        if (row->key[0] != 'M' || row->key_len != 13 || esep_be32(row->key + 1) != g->mail_office ||
            esep_be64(row->key + 5) <= g->mail_after)
            continue;
        if (count == 8) {
            more = true;
            break;
        }
        const uint64_t index = esep_be64(row->value);
        FUZZ_CHECK(row->value_len == 8 && index < g->disk.count);
        items[count++] = (struct collector_mail){
            .number = esep_be64(row->key + 5),
            .log_index = index,
            .leaf = esep_slice(g->disk.entries[index].leaf, ESEP_LEAF_BYTES),
            .body = g->disk.entries[index].body,
        };
    }
    collector_on_mail(g->core, g->mail_token, items, count, more, g->now);
}
