/* collector/collector_out.c - effects out: one block of bytes and a ring of effects over it.
 *
 * The shell takes effects after every event until none is left; then the block starts anew.
 * Results of a commit become effects only when the ring is empty (collector_pop), so a burst of
 * receipts needs no burst of memory, and signing them overlaps with the next commit.
 *
 * Where the shell does not take them, SENDs that no longer fit are not made. That equals a frame
 * lost by the network, which the protocol is made for. STORE, MAIL, REPLY and DELIVER have room of
 * their own in the ring and are never left out.
 */
#include "collector/collector_internal.h"

#include <stdlib.h>

#define OUT_BYTES ((size_t)8 << 20)
#define RESERVED 1024u /* slots that SEND may not take */

enum esep_status collector_out_init(struct collector *c)
{
    c->out_cap = OUT_BYTES + 2 * c->config.frame_bytes_max;
    c->effect_cap = 16384 + RESERVED;
    c->out = malloc(c->out_cap);
    c->effects = calloc(c->effect_cap, sizeof *c->effects);
    return c->out != NULL && c->effects != NULL ? ESEP_OK : ESEP_NOMEM;
}

void collector_out_done(struct collector *c)
{
    free(c->out);
    free(c->effects);
}

struct esep_buf collector_out_room(struct collector *c)
{
    size_t room = c->out_cap - c->out_used;
    return (struct esep_buf){.data = c->out + c->out_used, .cap = room, .max = room};
}

void collector_out_effect(struct collector *c, const struct collector_effect *effect)
{
    size_t limit = effect->kind == COLLECTOR_EFFECT_SEND ? c->effect_cap - RESERVED : c->effect_cap;
    if (c->effect_count >= limit) {
        ESEP_ASSERT(effect->kind != COLLECTOR_EFFECT_STORE);
        c->sends_dropped++;
        return;
    }
    c->effects[(c->effect_first + c->effect_count) % c->effect_cap] = *effect;
    c->effect_count++;
}

/* [LinkUp.to][what was appended behind it]. head_len bytes of room are the first part. */
static void send_parts(struct collector *c, uint32_t link, const struct esep_buf *room,
                       size_t head_len)
{
    struct collector_effect effect = {
        .kind = COLLECTOR_EFFECT_SEND,
        .link = link,
        .parts = {esep_slice(room->data, head_len),
                  esep_slice(room->data + head_len, room->len - head_len)},
        .part_count = room->len > head_len ? 2 : 1,
    };
    c->out_used += room->len;
    collector_out_effect(c, &effect);
}

static enum esep_status put_to(struct esep_buf *room, uint64_t conn)
{
    Esep__V1__To to = ESEP__V1__TO__INIT;
    Esep__V1__LinkUp up = ESEP__V1__LINK_UP__INIT;
    to.conn = conn;
    up.what_case = ESEP__V1__LINK_UP__WHAT_TO;
    up.to = &to;
    return esep_pack(&up.base, room);
}

/* Mail has texts; the rest is hashes, signatures and a few numbers. */
static enum esep_status put_form(struct collector *c, Esep__V1__Kind kind, struct esep_slice *plain)
{
    esep_buf_clear(&c->form);
    enum esep_status status = kind == ESEP__V1__KIND__KIND_MAIL
                                  ? esep_compress(c->compressor, *plain, &c->form)
                                  : esep_compress_not(*plain, &c->form);
    *plain = esep_buf_slice(&c->form);
    return status;
}

void collector_out_to_conn(struct collector *c, uint32_t link, uint64_t conn,
                           struct esep_session *seal, Esep__V1__Kind kind, bool first,
                           struct esep_slice plain)
{
    struct esep_buf room = collector_out_room(c);
    enum esep_status status = put_to(&room, conn);
    size_t head = room.len;
    if (status == ESEP_OK && !first && seal->dictionary != 0)
        status = put_form(c, kind, &plain);
    if (status == ESEP_OK)
        status = first ? esep_session_seal_first(seal, kind, plain, &room)
                       : esep_session_seal(seal, kind, plain, &room);
    if (status != ESEP_OK) {
        c->sends_dropped++;
        return;
    }
    send_parts(c, link, &room, head);
}

void collector_out_clear(struct collector *c, const struct collector_route *route,
                         Esep__V1__Kind kind, struct esep_slice plain)
{
    struct esep_buf room = collector_out_room(c);
    const struct esep_envelope envelope = {
        .version = ESEP_WIRE_VERSION,
        .kind = kind,
        .session = esep_slice(route->session, sizeof route->session),
    };
    enum esep_status status = put_to(&room, route->conn);
    size_t head = room.len;
    if (status == ESEP_OK)
        status = esep_envelope_write_head(&envelope, plain.len, &room);
    if (status == ESEP_OK)
        status = esep_buf_put(&room, plain.data, plain.len);
    if (status != ESEP_OK) {
        c->sends_dropped++;
        return;
    }
    send_parts(c, route->link, &room, head);
}

void collector_out_link(struct collector *c, uint32_t link, const Esep__V1__LinkUp *message)
{
    struct esep_buf room = collector_out_room(c);
    if (esep_pack(&message->base, &room) != ESEP_OK) {
        c->sends_dropped++;
        return;
    }
    send_parts(c, link, &room, room.len);
}

void collector_out_reply(struct collector *c, uint64_t token, struct esep_slice reply)
{
    struct esep_buf room = collector_out_room(c);
    if (esep_buf_put(&room, reply.data, reply.len) != ESEP_OK)
        room.len = 0; /* an empty OrderReply: not ok, no text */
    const struct collector_effect effect = {
        .kind = COLLECTOR_EFFECT_REPLY,
        .token = token,
        .parts = {esep_buf_slice(&room)},
        .part_count = 1,
    };
    c->out_used += room.len;
    collector_out_effect(c, &effect);
}

struct esep_slice collector_pack(struct collector *c, const ProtobufCMessage *message)
{
    esep_buf_clear(&c->packed);
    if (esep_pack(message, &c->packed) != ESEP_OK)
        return esep_slice(NULL, 0);
    return esep_buf_slice(&c->packed);
}

const struct collector_effect *collector_peek(const struct collector *c)
{
    return c->effect_count > 0 ? &c->effects[c->effect_first] : NULL;
}

void collector_pop(struct collector *c)
{
    ESEP_ASSERT(c->effect_count > 0);
    c->effect_first = (c->effect_first + 1) % c->effect_cap;
    c->effect_count--;
    while (c->effect_count == 0) {
        c->out_used = 0;
        if (!collector_results_step(c))
            break;
    }
}
