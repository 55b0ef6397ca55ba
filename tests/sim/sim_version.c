/* tests/sim/sim_version.c - old and new versions of the programs side by side; see sim.h.
 *
 * A machine's software is changed for some hours and changed back. Two ways in which a build may
 * differ from ours are told apart, as the wire does:
 *
 * Its envelopes bear another version. Such a build is ours with another number for
 * ESEP_WIRE_VERSION, so that is what the world makes of it: on the machine's edge its own number
 * and ours change places, in all that it sends and hears. Offices, brokers and the collector can be
 * so.
 *
 * Its HELLO names another range, in an envelope of ours. Offices alone; the collector's key, which
 * the world has, opens and seals such a HELLO again. A range with our version in it is spoken to as
 * ever. One without it must never be welcomed.
 *
 * Nothing may get lost by it, and once all machines speak one version again everything arrives:
 * for that the other checks are there. Here: whoever cannot be understood is told so by name.
 */
#include "sim.h"
#include "wire/envelope.h"
#include "wire/session.h"

#define TOLD_WITHIN (2 * ESEP_HOUR) /* a refused office tries again each quarter of an hour */

struct sim_tongue {
    const char *name;
    uint32_t envelope;
    uint32_t least, most; /* in HELLO */
};
static const struct sim_tongue tongues[] = {
    {"the version before", 0, 0, 0},
    {"the version after", 2, 2, 2},
    {"the version before, in envelopes of ours", 1, 0, 0},
    {"versions after, in envelopes of ours", 1, 2, 9},
    {"the version before and ours", 1, 0, 1},
    {"ours and the one after", 1, 1, 2},
};
#define TONGUES (sizeof tongues / sizeof tongues[0])
#define OF_ANYBODY 2 /* the first of them, which brokers and collector may have */

static uint32_t envelope_of(const struct sim_node *node)
{
    return node->tongue != NULL ? node->tongue->envelope : ESEP_WIRE_VERSION;
}

static bool range_has_ours(const struct sim_node *node)
{
    const struct sim_tongue *t = node->tongue;
    return t == NULL || t->envelope != ESEP_WIRE_VERSION ||
           (t->least <= ESEP_WIRE_VERSION && t->most >= ESEP_WIRE_VERSION);
}

/* HELLO once more, with the range of this office in it. */
static struct esep_slice hello_of(struct sim *sim, const struct sim_tongue *tongue,
                                  const struct esep_envelope *envelope)
{
    struct esep_session s;
    struct esep_buf plain, out;
    const ProtobufCMessage *message = NULL;
    esep_buf_init(&plain, 1u << 16);
    esep_buf_init(&out, 1u << 16);
    memset(&s, 0, sizeof s);
    esep_arena_reset(&sim->truth.arena);
    if (esep_session_accept(&s, envelope, &sim->seal_key, &sim->log_id) != ESEP_OK ||
        esep_session_open(&s, envelope, &plain) != ESEP_OK ||
        esep_unpack(&esep__v1__hello__descriptor, esep_buf_slice(&plain), &sim->truth.arena,
                    &message) != ESEP_OK)
        sim_fail(sim, "an office's HELLO does not open");
    Esep__V1__Hello *hello = (Esep__V1__Hello *)(uintptr_t)message;
    hello->version_min = tongue->least;
    hello->version_max = tongue->most;
    esep_buf_clear(&plain);
    s.side = ESEP_SIDE_OFFICE;
    if (esep_pack(&hello->base, &plain) != ESEP_OK ||
        esep_session_seal_first(&s, ESEP__V1__KIND__KIND_HELLO, esep_buf_slice(&plain), &out) !=
            ESEP_OK)
        sim_fail(sim, "an office's HELLO cannot be sealed again");
    struct esep_slice frame = sim_keep(sim, esep_buf_slice(&out));
    esep_session_done(&s);
    esep_buf_done(&plain);
    esep_buf_done(&out);
    return frame;
}

struct esep_slice sim_version_edge(struct sim *sim, const struct sim_node *node,
                                   struct esep_slice frame)
{
    struct esep_envelope envelope;
    struct esep_buf out;
    uint32_t own = envelope_of(node);
    if (own == ESEP_WIRE_VERSION || esep_envelope_read(frame, &envelope, NULL) != ESEP_OK ||
        (envelope.version != own && envelope.version != ESEP_WIRE_VERSION))
        return frame;
    envelope.version = envelope.version == own ? ESEP_WIRE_VERSION : own;
    esep_buf_init(&out, 1u << 20);
    if (esep_envelope_write_head(&envelope, envelope.sealed.len, &out) != ESEP_OK ||
        esep_buf_put(&out, envelope.sealed.data, envelope.sealed.len) != ESEP_OK)
        sim_fail(sim, "no memory");
    frame = sim_keep(sim, esep_buf_slice(&out));
    esep_buf_done(&out);
    return frame;
}

struct esep_slice sim_version_sent(struct sim *sim, const struct sim_node *office,
                                   struct esep_slice frame)
{
    struct esep_envelope envelope;
    if (office->tongue == NULL)
        return frame;
    if (envelope_of(office) != ESEP_WIRE_VERSION)
        return sim_version_edge(sim, office, frame);
    if (esep_envelope_read(frame, &envelope, NULL) != ESEP_OK ||
        envelope.kind != ESEP__V1__KIND__KIND_HELLO)
        return frame;
    return hello_of(sim, office->tongue, &envelope);
}

void sim_version_said(struct sim *sim, struct sim_office *o, const struct agent_status *s)
{
    bool refused = s->refusal == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_VERSION;
    if (refused && !o->refused_version)
        sim_count(sim, SIM_TALLY_VERSION_REFUSED);
    o->refused_version = refused;
    o->told_version = o->told_version || refused;
    if (s->state != AGENT_ONLINE || o->node.tongue == NULL)
        return;
    if (!range_has_ours(&o->node))
        sim_fail(sim, "%s is welcome and speaks %s", o->node.name, o->node.tongue->name);
    sim_count(sim, SIM_TALLY_VERSION_WELCOME);
}

/* Wherever it goes, somebody does not understand it: the brokers, or behind all of them the
 * collector. */
static bool foreign_everywhere(const struct sim *sim, const struct sim_office *o)
{
    uint32_t own = envelope_of(&o->node);
    int brokers = 0;
    for (int i = 0; i < sim->broker_count; i++)
        brokers += envelope_of(&sim->brokers[i].node) == own;
    bool at_the_end = envelope_of(&sim->collector.node) != own || !range_has_ours(&o->node);
    return brokers == 0 || (brokers == sim->broker_count && at_the_end);
}

/* Where nothing else goes wrong but crashes: has it been told? */
void sim_version_look(struct sim *sim)
{
    const struct sim_profile *p = sim->profile;
    if (p->versions == 0 ||
        p->loss + p->cuts + p->lies + p->pauses + p->disks + p->clocks + p->stall > 0)
        return;
    for (int i = 0; i < sim->office_count; i++) {
        struct sim_office *o = &sim->offices[i];
        if (o->villain || o->revoked || !foreign_everywhere(sim, o)) {
            o->foreign_since = 0;
            o->told_version = false;
            continue;
        }
        if (o->foreign_since == 0)
            o->foreign_since = sim->now;
        if (!o->told_version && sim->now - o->foreign_since > TOLD_WITHIN)
            sim_fail(sim, "%s has been of a version that nobody speaks for hours, and is not told",
                     o->node.name);
    }
}

static struct sim_node *node_at(struct sim *sim, uint64_t place)
{
    if (place < SIM_OFFICES)
        return &sim->offices[place].node;
    return place == SIM_OFFICES ? &sim->collector.node
                                : &sim->brokers[place - SIM_OFFICES - 1].node;
}

/* The program ends, whichever way; sim_start_the_fallen starts what is installed then. */
static void install(struct sim *sim, uint64_t place, const struct sim_tongue *tongue)
{
    struct sim_node *node = node_at(sim, place);
    if (place < SIM_OFFICES && sim->offices[place].core != NULL)
        sim_office_crash(sim, (int)place);
    else if (place == SIM_OFFICES && sim->collector.core != NULL)
        sim_collector_crash(sim);
    else if (place > SIM_OFFICES && sim->brokers[place - SIM_OFFICES - 1].core != NULL)
        sim_broker_crash(sim, (int)(place - SIM_OFFICES - 1));
    node->tongue = tongue;
    node->installed++;
    sim_trace(sim, node, "speaks %s", tongue != NULL ? tongue->name : "our version again");
}

static void on_upgrade(struct sim *sim, struct sim_event *event)
{
    const struct sim_node *node = node_at(sim, event->a);
    if (node->installed == event->b && node->tongue != NULL)
        install(sim, event->a, NULL);
}

void sim_change_version(struct sim *sim)
{
    uint64_t who = sim_pick(sim, (uint64_t)sim->office_count + 3);
    uint64_t broker = sim_pick(sim, (uint64_t)sim->broker_count);
    uint64_t any = sim_pick(sim, OF_ANYBODY);
    uint64_t of_office = sim_pick(sim, TONGUES);
    esep_time lasts = sim_between(sim, 10 * ESEP_MINUTE, 8 * ESEP_HOUR);
    bool office = who < (uint64_t)sim->office_count;
    uint64_t place = office                               ? who
                     : who == (uint64_t)sim->office_count ? SIM_OFFICES
                                                          : SIM_OFFICES + 1 + broker;
    if (office && sim->offices[who].villain)
        return;
    sim_count(sim, SIM_TALLY_VERSION_OTHER);
    install(sim, place, &tongues[office ? of_office : any]);
    struct sim_event *event = sim_after(sim, NULL, lasts, on_upgrade);
    event->a = place;
    event->b = node_at(sim, place)->installed;
}

void sim_version_end(struct sim *sim)
{
    for (uint64_t place = 0; place <= SIM_OFFICES + SIM_BROKERS; place++)
        if (node_at(sim, place)->tongue != NULL)
            install(sim, place, NULL);
}
