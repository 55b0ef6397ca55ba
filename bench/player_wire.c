/* bench/player_wire.c - an office that sends each report in a frame of its own, with the head that
 * was signed when it was written. See fleet.h. */
#include "agent/batch_text.h"
#include "bench/fleet.h"
#include "io/keyfile.h"
#include "io/loop.h"
#include "wire/unpack.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#define FRAME_MAX 4096u
#define ARENA_BYTES ((size_t)1 << 16)
#define KEPT_BYTES ((size_t)1 << 30)

/* false: the socket does not take it yet. */
static bool flush(struct bench_player *player)
{
    if (!player->frame_due)
        return true;
    if (player->blocked)
        return false;
    const struct esep_slice frame = esep_buf_slice(&player->frame);
    enum esep_status status = esep_zsock_send(player->socket, &frame, 1);
    if (status == ESEP_AGAIN) {
        player->blocked = true;
        return false;
    }
    if (status != ESEP_OK)
        bench_fleet_fail(player->fleet, "a frame could not be sent: %s", esep_status_name(status));
    player->frame_due = false;
    player->fleet->frames++;
    return true;
}

static void make_report(struct bench_player *player)
{
    const struct agent_entry *entry = &player->journal.entries[player->sent];
    esep_buf_clear(&player->plain);
    esep_buf_clear(&player->frame);
    agent_batch_put_first(&player->plain, entry->seq);
    agent_batch_put_entry(&player->plain, entry->bytes);
    agent_batch_put_commitment(&player->plain, &player->journal.heads[player->sent]);
    if (esep_session_seal(&player->session, ESEP__V1__KIND__KIND_BATCH,
                          esep_buf_slice(&player->plain), &player->frame) != ESEP_OK)
        bench_fleet_fail(player->fleet, "a frame could not be sealed");
    player->frame_due = true;
    player->used += player->frame.len;
    player->sent++;
}

static void go_on(struct bench_player *player)
{
    while (!player->fleet->failed && flush(player)) {
        if (!player->fleet->running || player->sent == player->journal.count ||
            player->sent - player->receipted >= player->window ||
            player->used + BENCH_REPORT_BYTES + 512 > player->credit)
            return;
        make_report(player);
        const esep_time now = esep_monotonic();
        bench_sent(player, player->sent, now);
    }
}

static void greet(struct bench_player *player)
{
    const struct bench_site *site = player->fleet->site;
    uint8_t seed[32];
    uint8_t auth[ESEP_SIGNATURE_BYTES];
    struct agent_head head = {
        .office = player->who->office, .epoch = 1, .hash = player->journal.base};
    struct esep_commitment c;
    esep_random(seed, sizeof seed);
    enum esep_status status =
        esep_session_begin(&player->session, seed, site->seal_key, &site->log_id);
    agent_head_commit(&head, &site->log_id, &player->who->sign, esep_clock_now(&site->clock), 0,
                      NULL, &c);
    struct esep_hash joined =
        esep_auth_statement(player->session.office_ephemeral, player->session.collector_public,
                            &site->log_id, esep_slice(c.signature, sizeof c.signature));
    esep_sign(&player->who->sign, esep_slice(joined.bytes, sizeof joined.bytes), auth);
    Esep__V1__Commitment commitment = ESEP__V1__COMMITMENT__INIT;
    esep_commitment_write(&c, &commitment);
    Esep__V1__Hello hello = ESEP__V1__HELLO__INIT;
    hello.commitment = &commitment;
    hello.auth = esep_pb(auth, sizeof auth);
    hello.version_min = hello.version_max = ESEP_WIRE_VERSION;
    hello.journal_first_seq = 1;
    esep_buf_clear(&player->plain);
    esep_buf_clear(&player->frame);
    if (status == ESEP_OK)
        status = esep_pack(&hello.base, &player->plain);
    if (status == ESEP_OK)
        status = esep_session_seal_first(&player->session, ESEP__V1__KIND__KIND_HELLO,
                                         esep_buf_slice(&player->plain), &player->frame);
    if (status != ESEP_OK)
        bench_fleet_fail(player->fleet, "HELLO could not be made");
    player->frame_due = status == ESEP_OK;
    (void)flush(player);
}

static void on_welcome(struct bench_player *player, const ProtobufCMessage *message)
{
    const Esep__V1__Welcome *welcome = (const Esep__V1__Welcome *)message;
    player->credit = welcome->credit_bytes;
    if (!player->welcomed)
        player->fleet->welcomed++;
    player->welcomed = true;
    if (player->fleet->welcomed == player->fleet->count)
        (void)event_base_loopbreak(player->fleet->base);
}

/* What was opened last. */
static void keep(struct bench_player *player)
{
    uint8_t len[4];
    esep_be32_put(len, (uint32_t)player->plain.len);
    if (esep_buf_put(&player->kept, len, sizeof len) != ESEP_OK ||
        esep_buf_put(&player->kept, player->plain.data, player->plain.len) != ESEP_OK)
        bench_fleet_fail(player->fleet, "no memory for a receipt");
}

static void on_receipt(struct bench_player *player, const ProtobufCMessage *message)
{
    const Esep__V1__Receipt *receipt = (const Esep__V1__Receipt *)message;
    struct esep_receipt r;
    if (receipt->credit_bytes > player->credit)
        player->credit = receipt->credit_bytes;
    if (esep_receipt_read(receipt, &r) != ESEP_OK || r.office != player->who->office) {
        bench_fleet_fail(player->fleet, "a receipt cannot be read");
        return;
    }
    keep(player);
    if (r.kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES)
        return;
    if (r.through_seq > player->sent ||
        !esep_hash_equal(&r.head, &player->journal.entries[r.through_seq - 1].chain)) {
        bench_fleet_fail(player->fleet, "a receipt names another hash than the journal");
        return;
    }
    player->fleet->receipts++;
    bench_receipted(player, r.through_seq);
}

static void take(struct bench_player *player, struct esep_slice frame)
{
    static const struct {
        Esep__V1__Kind kind;
        const ProtobufCMessageDescriptor *descriptor;
        void (*take)(struct bench_player *, const ProtobufCMessage *);
    } takers[] = {
        {ESEP__V1__KIND__KIND_WELCOME, &esep__v1__welcome__descriptor, on_welcome},
        {ESEP__V1__KIND__KIND_RECEIPT, &esep__v1__receipt__descriptor, on_receipt},
    };
    struct esep_envelope envelope;
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&player->arena);
    if (esep_envelope_read(frame, &envelope, NULL) != ESEP_OK)
        return;
    if (envelope.kind == ESEP__V1__KIND__KIND_REFUSAL) {
        bench_fleet_fail(player->fleet, "office %u was refused", player->who->office);
        return;
    }
    for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++) {
        if (takers[i].kind == envelope.kind &&
            esep_session_open(&player->session, &envelope, &player->plain) == ESEP_OK &&
            esep_unpack(takers[i].descriptor, esep_buf_slice(&player->plain), &player->arena,
                        &message) == ESEP_OK)
            takers[i].take(player, message);
    }
}

static void on_readable(struct esep_zsock *socket, void *context)
{
    struct bench_player *player = context;
    struct esep_zmessage message;
    while (!player->fleet->failed && esep_zsock_recv(socket, &message) == ESEP_OK) {
        if (message.count == 1)
            take(player, message.parts[0]);
        esep_zmessage_close(&message);
    }
    go_on(player);
}

static void on_writable(struct esep_zsock *socket, void *context)
{
    struct bench_player *player = context;
    (void)socket;
    player->blocked = false;
    go_on(player);
}

static void on_event(struct esep_zsock *socket, enum esep_zsock_event event, const char *detail,
                     void *context)
{
    struct bench_player *player = context;
    (void)socket;
    if (event == ESEP_ZSOCK_UP)
        greet(player);
    else if (event == ESEP_ZSOCK_GONE)
        bench_fleet_fail(player->fleet, "office %u lost its connection: %s", player->who->office,
                         detail);
}

enum esep_status bench_wire_new(struct bench_player *player, struct esep_reason *reason)
{
    esep_buf_init(&player->kept, KEPT_BYTES);
    esep_buf_init(&player->plain, FRAME_MAX);
    esep_buf_init(&player->frame, FRAME_MAX);
    enum esep_status status = esep_arena_init(&player->arena, ARENA_BYTES);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&player->plain, FRAME_MAX);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&player->frame, FRAME_MAX);
    return status == ESEP_OK ? status : esep_because(reason, status, "no memory for an office");
}

enum esep_status bench_wire_connect(struct bench_player *player)
{
    return bench_dial(player, on_readable, on_writable, on_event);
}

void bench_wire_start(struct bench_player *player)
{
    go_on(player);
}

/* As an office does: each goes on from what the one before has shown of the log. */
enum esep_status bench_wire_verify(struct bench_player *player, struct esep_reason *reason)
{
    const struct bench_site *site = player->fleet->site;
    struct esep_log_keys log_keys;
    struct agent_tree_keys keys = {
        .log_id = site->log_id, .log = &log_keys, .office = player->who->office};
    struct agent_tree tree = {.generation = 0};
    struct agent_lesson *lesson = calloc(1, sizeof *lesson);
    enum esep_status status = lesson != NULL ? ESEP_OK : ESEP_NOMEM;
    esep_log_keys_begin(&log_keys, site->log_key);
    memcpy(keys.sign_public, player->who->sign.public, ESEP_KEY_BYTES);
    for (size_t at = 0; status == ESEP_OK && at < player->kept.len;) {
        const ProtobufCMessage *message = NULL;
        struct esep_receipt r;
        const uint32_t len = esep_be32(player->kept.data + at);
        esep_arena_reset(&player->arena);
        status = esep_unpack(&esep__v1__receipt__descriptor,
                             esep_slice(player->kept.data + at + 4, len), &player->arena, &message);
        const Esep__V1__Receipt *receipt = (const Esep__V1__Receipt *)message;
        if (status == ESEP_OK)
            status = esep_receipt_read(receipt, &r);
        if (status == ESEP_OK)
            status = agent_tree_receipt(&keys, &tree, &r, receipt, lesson);
        if (status == ESEP_OK)
            tree = lesson->tree;
        at += 4 + len;
    }
    free(lesson);
    return status == ESEP_OK
               ? status
               : esep_because(reason, ESEP_CORRUPT, "a receipt's proof does not hold");
}

void bench_wire_free(struct bench_player *player)
{
    esep_session_done(&player->session);
    esep_buf_done(&player->plain);
    esep_buf_done(&player->frame);
    esep_buf_done(&player->kept);
    esep_arena_done(&player->arena);
}
