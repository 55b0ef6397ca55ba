/* tests/sim/sim_broker.c - a broker's shell, and what a broker that lies does with what it passes
 * on; see sim.h.
 *
 * The core under it stays the real one: the lies are told between its effects and the sockets, as a
 * broker in the wrong hands would tell them.
 */
#include "esep/v1/link.pb-c.h"
#include "sim.h"
#include "wire/envelope.h"

/* As the shipped configuration has it, or as a careful operator's: less of everything. */
static void set_limits(struct sim *sim, struct broker_config *config, bool tight)
{
    config->strangers_max = tight ? 1 : 4;
    config->conns_per_key_max = tight ? 2 : 8;
    config->frame_bytes_max = tight ? 40000 : 65536;
    config->frames = tight ? (struct broker_rate){5, 20} : (struct broker_rate){2000, 4000};
    config->bytes = tight ? (struct broker_rate){16 << 10, 128 << 10}
                          : (struct broker_rate){16 << 20, 32 << 20};
    config->refusals = tight ? (struct broker_rate){1, 2} : (struct broker_rate){4, 16};
    config->stranger_every = tight ? 30 * ESEP_SECOND : 5 * ESEP_SECOND;
    config->strangers = tight ? (struct broker_rate){1, 4} : (struct broker_rate){20, 64};
    config->heartbeat = sim->heartbeat;
    config->idle = tight ? 9 * ESEP_MINUTE : 10 * ESEP_MINUTE;
    config->wait = tight ? 30 * ESEP_SECOND : 5 * ESEP_SECOND;
    config->ingress_every = tight ? 20 * ESEP_SECOND : 10 * ESEP_SECOND;
    config->drain = tight ? 5 * ESEP_SECOND : ESEP_SECOND;
}

void sim_broker_start(struct sim *sim, int number)
{
    struct sim_broker *b = &sim->brokers[number];
    struct broker_config *config = &b->config;
    *config = (struct broker_config){.enrolment = true, .collector_key_count = 1};
    sim_seed_bytes(sim, config->seed);
    memcpy(config->name, b->node.name, sizeof b->node.name);
    config->log_id = sim->log_id;
    memcpy(config->log_key, sim->log_key.public, ESEP_KEY_BYTES);
    memcpy(config->curve_public, b->curve, ESEP_KEY_BYTES);
    config->collector_keys[0][0] = 0xc0;
    config->keys_max = 32;
    config->signs_ingress = true;
    config->sign_key = sim_broker_key(b);
    config->conns_max = 64;
    set_limits(sim, config, false);
    b->node.up = true;
    b->node.generation++;
    b->node.paused_until = 0;
    if (broker_new(&b->core, config, sim_monotonic(sim, &b->node)) != ESEP_OK)
        sim_fail(sim, "%s does not start", b->node.name);
    sim_trace(sim, &b->node, "starts");
    sim_broker_pump(sim, number);
}

static void gone(struct sim_broker *b)
{
    broker_free(b->core);
    b->core = NULL;
    b->draining = false;
    b->node.up = false;
    b->node.generation++;
    b->node.paused_until = 0;
}

void sim_broker_drain(struct sim *sim, int number)
{
    struct sim_broker *b = &sim->brokers[number];
    sim_trace(sim, &b->node, "is to end in good order");
    b->draining = true;
    broker_drain(b->core, sim_monotonic(sim, &b->node));
    sim_broker_pump(sim, number);
}

void sim_broker_reload(struct sim *sim, int number, bool tight)
{
    struct sim_broker *b = &sim->brokers[number];
    struct esep_reason reason = {""};
    set_limits(sim, &b->config, tight);
    sim_trace(sim, &b->node, "reads its configuration again: %s limits", tight ? "tight" : "wide");
    if (broker_reconfigure(b->core, &b->config, &reason) != ESEP_OK)
        sim_fail(sim, "%s refuses other limits: %s", b->node.name, reason.text);
    broker_on_time(b->core, sim_monotonic(sim, &b->node));
    sim_broker_pump(sim, number);
}

void sim_broker_crash(struct sim *sim, int number)
{
    struct sim_broker *b = &sim->brokers[number];
    if (b->draining)
        sim_count(sim, SIM_TALLY_DRAIN_CRASHED);
    sim_trace(sim, &b->node, "crashes");
    gone(b);
}

static void keep(struct sim *sim, struct esep_slice *ring, size_t *count, struct esep_slice frame)
{
    ring[(*count)++ % SIM_KEPT_FRAMES] = sim_keep(sim, frame);
}

static struct esep_slice kept(struct sim *sim, const struct esep_slice *ring, size_t count)
{
    return ring[sim_pick(sim, count < SIM_KEPT_FRAMES ? count : SIM_KEPT_FRAMES)];
}

static struct esep_slice spoiled(struct sim *sim, struct esep_slice frame)
{
    struct esep_slice copy = sim_keep(sim, frame);
    if (copy.len > 0)
        ((uint8_t *)(uintptr_t)copy.data)[sim_pick(sim, copy.len)] ^= 0x40;
    return copy;
}

static struct esep_slice from_of(struct sim *sim, const struct sim_office *o, uint64_t conn)
{
    uint8_t packed[256];
    Esep__V1__From from = ESEP__V1__FROM__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    from.conn = conn;
    from.office = o->number;
    from.curve_key = esep_pb(o->curve, ESEP_KEY_BYTES);
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_FROM;
    down.from = &from;
    return sim_keep(sim, esep_slice(packed, protobuf_c_message_pack(&down.base, packed)));
}

/* Somebody else's place: another connection, office and key, all of them real. */
static struct esep_slice swapped_from(struct sim *sim)
{
    const struct sim_office *o = &sim->offices[sim_pick(sim, (uint64_t)sim->office_count)];
    return from_of(sim, o, o->conn);
}

bool sim_broker_smuggles(struct sim *sim, int number, uint64_t conn, struct esep_slice frame)
{
    const struct sim_broker *b = &sim->brokers[number];
    const struct sim_link *link = &sim->collector.links[number];
    const struct sim_office *o = &sim->offices[sim_conn(sim, conn)->office];
    if (b->lies == 0 || link->conn == 0 || !sim_conn(sim, link->conn)->open ||
        sim_pick(sim, 3) > 0 || !sim_does(sim, SIM_SMUGGLE))
        return false;
    struct esep_slice parts[2] = {from_of(sim, o, conn), frame};
    sim_trace(sim, &b->node, "smuggles a frame of %s", o->node.name);
    (void)sim_send_link(sim, number, false, parts, 2, 0);
    return true;
}

static void on_late(struct sim *sim, struct sim_event *event)
{
    int number = event->node->number;
    if (sim->collector.links[number].conn == event->a && sim->collector.core != NULL)
        (void)sim_send_link(sim, number, false, event->parts, event->part_count, 0);
}

bool sim_broker_smuggles_down(struct sim *sim, int number, const struct sim_event *event)
{
    const struct sim_broker *b = &sim->brokers[number];
    const ProtobufCMessage *message = NULL;
    if (b->lies == 0 || event->part_count != 2 || sim_pick(sim, 2) == 0)
        return false;
    esep_arena_reset(&sim->truth.arena);
    if (esep_unpack(&esep__v1__link_up__descriptor, event->parts[0], &sim->truth.arena, &message) !=
        ESEP_OK)
        sim_fail(sim, "ingest sent what is no LinkUp");
    const Esep__V1__LinkUp *up = (const Esep__V1__LinkUp *)message;
    if (up->what_case != ESEP__V1__LINK_UP__WHAT_TO || !sim_does(sim, SIM_SMUGGLE))
        return false;
    (void)sim_send_down(sim, up->to->conn, event->parts[1], event->durable);
    return true;
}

static enum esep_status send_collector(struct sim *sim, int number, struct esep_slice *parts,
                                       size_t count, esep_time late)
{
    struct sim_broker *b = &sim->brokers[number];
    if (late == 0)
        return sim_send_link(sim, number, false, parts, count, 0);
    struct sim_event *event = sim_after(sim, &b->node, late, on_late);
    event->a = sim->collector.links[number].conn;
    for (size_t i = 0; i < count; i++)
        sim_event_part(event, parts[i]);
    return ESEP_OK;
}

static void on_late_down(struct sim *sim, struct sim_event *event)
{
    (void)sim_send_down(sim, event->a, event->parts[0], event->durable);
}

/* Kept back: for good, or until it has had enough. true: the frame goes nowhere now. */
static bool withholds(struct sim *sim, int number, int office, struct esep_slice frame,
                      esep_time *ret_until)
{
    const struct sim_broker *b = &sim->brokers[number];
    struct esep_envelope envelope;
    if (sim->now >= b->withholds_until ||
        (b->withholds_office >= 0 && b->withholds_office != office) ||
        esep_envelope_read(frame, &envelope, NULL) != ESEP_OK || (unsigned)envelope.kind > 31 ||
        (b->withholds_kinds >> envelope.kind & 1) == 0)
        return false;
    sim_count(sim, SIM_TALLY_WITHHELD);
    *ret_until = sim_pick(sim, 2) == 0 ? 0 : b->withholds_until - sim->now;
    return true;
}

static bool withholds_up(struct sim *sim, int number, struct esep_slice parts[2])
{
    esep_time until = 0;
    if (!withholds(sim, number, sim->brokers[number].in_hand, parts[1], &until))
        return false;
    if (until > 0)
        (void)send_collector(sim, number, parts, 2, until);
    return true;
}

static bool withholds_down(struct sim *sim, int number, uint64_t conn, struct esep_slice frame)
{
    struct sim_broker *b = &sim->brokers[number];
    esep_time until = 0;
    if (conn == 0 || conn > sim->conn_count ||
        !withholds(sim, number, sim_conn(sim, conn)->office, frame, &until))
        return false;
    if (until > 0) {
        struct sim_event *event = sim_after(sim, &b->node, until, on_late_down);
        event->a = conn;
        event->durable = b->durable;
        sim_event_part(event, frame);
    }
    return true;
}

/* A frame of an office on its way to the collector. */
static void lie_up(struct sim *sim, int number, struct esep_slice parts[2])
{
    struct sim_broker *b = &sim->brokers[number];
    uint64_t lie = sim_pick(sim, 6);
    sim_trace(sim, &b->node, "lies upwards: %llu", (unsigned long long)lie);
    switch (lie) {
    case 0: /* never heard of it */
        return;
    case 1:
        (void)send_collector(sim, number, parts, 2, 0);
        break;
    case 2:
        (void)send_collector(sim, number, parts, 2,
                             sim_pick(sim, 8) == 0 ? sim_between(sim, ESEP_HOUR, 3 * ESEP_DAY)
                                                   : sim_between(sim, ESEP_SECOND, 3 * ESEP_HOUR));
        return;
    case 3:
        parts[0] = swapped_from(sim);
        break;
    case 4:
        parts[1] = kept(sim, b->kept_up, b->kept_up_count);
        break;
    default:
        parts[1] = spoiled(sim, parts[1]);
        break;
    }
    (void)send_collector(sim, number, parts, 2, 0);
}

static struct esep_slice invented_refusal(struct sim *sim)
{
    static uint8_t zero[ESEP_SESSION_ID_BYTES];
    struct esep_buf out;
    uint8_t packed[128];
    Esep__V1__Refusal refusal = ESEP__V1__REFUSAL__INIT;
    esep_buf_init(&out, 1024);
    refusal.reason = (Esep__V1__RefusalReason)(1 + sim_pick(sim, 18));
    refusal.retry_after_ms = (uint32_t)sim_pick(sim, 100000000);
    size_t len = protobuf_c_message_pack(&refusal.base, packed);
    const struct esep_envelope envelope = {.version = ESEP_WIRE_VERSION,
                                           .kind = ESEP__V1__KIND__KIND_REFUSAL,
                                           .session = esep_slice(zero, sizeof zero)};
    if (esep_envelope_write_head(&envelope, len, &out) != ESEP_OK ||
        esep_buf_put(&out, packed, len) != ESEP_OK)
        sim_fail(sim, "no memory");
    struct esep_slice frame = sim_keep(sim, esep_buf_slice(&out));
    esep_buf_done(&out);
    return frame;
}

static enum esep_status lie_down(struct sim *sim, int number, uint64_t conn,
                                 struct esep_slice frame)
{
    struct sim_broker *b = &sim->brokers[number];
    uint64_t lie = sim_pick(sim, 6);
    sim_trace(sim, &b->node, "lies downwards: %llu", (unsigned long long)lie);
    switch (lie) {
    case 0:
        return ESEP_OK;
    case 1:
        (void)sim_send_down(sim, conn, frame, b->durable);
        break;
    case 2:
        conn = sim->offices[sim_pick(sim, (uint64_t)sim->office_count)].conn;
        break;
    case 3:
        frame = kept(sim, b->kept_down, b->kept_down_count);
        break;
    case 4:
        frame = invented_refusal(sim);
        break;
    default:
        frame = spoiled(sim, frame);
        break;
    }
    return sim_send_down(sim, conn, frame, b->durable);
}

static enum esep_status carry_out(struct sim *sim, int number, const struct broker_effect *effect)
{
    struct sim_broker *b = &sim->brokers[number];
    struct esep_slice parts[2] = {effect->parts[0], effect->parts[1]};
    if (effect->kind == BROKER_EFFECT_NOTE) {
        sim_trace(sim, &b->node, "note: %s", effect->text);
        return ESEP_OK;
    }
    if (effect->part_count > 0) { /* the envelope is the last part */
        struct esep_slice *last = &parts[effect->part_count - 1];
        *last = sim_version_edge(sim, &b->node, *last);
    }
    if (effect->kind == BROKER_EFFECT_SEND_OFFICE) {
        bool lies = b->lies > 0 && effect->part_count == 1;
        sim_ingress_said(sim, number, effect->conn, effect->parts[0]);
        if (lies)
            keep(sim, b->kept_down, &b->kept_down_count, parts[0]);
        if (withholds_down(sim, number, effect->conn, parts[0]))
            return ESEP_OK;
        return lies && sim_strikes(sim, b->lies, SIM_LIE)
                   ? lie_down(sim, number, effect->conn, parts[0])
                   : sim_send_down(sim, effect->conn, parts[0], b->durable);
    }
    const struct sim_link *link = &sim->collector.links[number];
    if (link->conn != effect->conn || !sim_conn(sim, link->conn)->open)
        return ESEP_NOT_FOUND;
    if (effect->part_count == 2 && b->lies > 0) {
        keep(sim, b->kept_up, &b->kept_up_count, parts[1]);
        if (sim_strikes(sim, b->lies, SIM_LIE)) {
            lie_up(sim, number, parts);
            return ESEP_OK;
        }
    }
    if (effect->part_count == 2 && withholds_up(sim, number, parts))
        return ESEP_OK;
    return send_collector(sim, number, parts, effect->part_count, 0);
}

static void on_wake(struct sim *sim, struct sim_event *event)
{
    struct sim_broker *b = &sim->brokers[event->node->number];
    broker_on_time(b->core, sim_monotonic(sim, &b->node));
    sim_broker_pump(sim, event->node->number);
}

void sim_broker_pump(struct sim *sim, int number)
{
    struct sim_broker *b = &sim->brokers[number];
    const struct broker_effect *effect;
    esep_time now = sim_monotonic(sim, &b->node);
    sim_bounds_broker(sim, number);
    for (int turns = 0; (effect = broker_peek(b->core)) != NULL; turns++) {
        if (turns > 10000)
            sim_fail(sim, "%s never comes to rest", b->node.name);
        if (turns == 0 && sim_crashes_here(sim)) {
            sim_broker_crash(sim, number);
            return;
        }
        enum esep_status status = carry_out(sim, number, effect);
        if (status == ESEP_OK)
            broker_pop(b->core);
        else
            broker_failed(b->core, status, now);
        if (sim_crashes_here(sim)) {
            sim_broker_crash(sim, number);
            return;
        }
    }
    if (broker_drained(b->core, now)) {
        sim_trace(sim, &b->node, "has ended in good order");
        gone(b);
        return;
    }
    b->node.on_wake = on_wake;
    sim_wake_at(sim, &b->node, broker_deadline(b->core), now);
}
