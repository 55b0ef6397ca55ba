/* tests/sim/sim_enrol.c - new offices: a code from the operator, ENROL through a broker,
 * acceptance; see sim.h.
 *
 * One candidate at a time sits at the place behind the last office. Its person types the code and
 * waits, types it again, asks the operator for another one when the collector knows it no more; the
 * operator accepts who is pending. Frames of it are lost, repeated and lied about like any. Now and
 * then somebody tries a code that was never given. With an office's answer old backups of the store
 * are thrown away but for the first: a store from before an enrolment does not know the office, see
 * sim_amnesia.c.
 *
 * A thief, with keys and a line of his own, reads codes over people's shoulders: one that was used,
 * or the candidate's at the very moment that it is used. A code is worth one office, and who comes
 * first has it. If that is the thief, the log says so (sim_enrol_logged): he gets the place, the
 * candidate is refused, asks for another code and moves on by one, and the operator, who hears of
 * it, revokes the thief.
 */
#include "agent/enrol.h"
#include "sim.h"

#define PATIENCE ESEP_MINUTE
#define THEFTS_MAX 2 /* that succeed */

struct asker {
    int place; /* in sim->offices */
    uint8_t code[16];
    bool has_code;
    bool asking;
    bool guesses; /* the exchange under way is with a code that never was */
    uint64_t try;
    struct agent_enrol_request request;
    struct agent_enrol exchange;
};
struct sim_candidate {
    struct asker self, thief;
    int most;    /* offices, in the end, without thieves */
    bool logged; /* the candidate's key is on the disk, and it may not know */
    uint8_t used[16];
    bool has_used; /* the code of the office before */
    int thefts;
    bool armed; /* the thief has keys that made no office yet */
    int robber; /* place of one whom the operator is to revoke; 0: none */
};

static void end_exchange(struct sim *sim, struct asker *a)
{
    struct sim_office *o = &sim->offices[a->place];
    if (!a->asking)
        return;
    agent_enrol_done(&a->exchange);
    a->asking = false;
    sim_conn_close(sim, o->conn);
    o->conn = 0;
}

static void draw_keys(struct sim *sim, struct sim_office *o)
{
    uint8_t seed[32];
    sim_seed_bytes(sim, seed);
    esep_sign_key_from_seed(&o->sign, seed);
    sim_seed_bytes(sim, o->curve);
}

static void new_candidate(struct sim *sim, struct sim_candidate *c)
{
    struct sim_office *o = &sim->offices[sim->office_count];
    static const char *const bodies[] = {"moj", "moh", "akmola", "court"};
    c->self.place = sim->office_count;
    c->self.has_code = false;
    c->logged = false;
    o->number = (uint32_t)c->self.place + 1; /* as it will be */
    o->body = bodies[sim_pick(sim, 4)];
    draw_keys(sim, o);
    sim_draw_agent(sim, c->self.place);
}

static void ask_for_code(struct sim *sim, struct asker *a)
{
    uint8_t seed[32];
    sim_seed_bytes(sim, seed);
    memcpy(a->code, seed, sizeof a->code);
    struct esep_hash hash = esep_sha256(esep_slice(a->code, sizeof a->code));
    a->has_code = true; /* the person believes so */
    sim_order_code(sim, sim->offices[a->place].body, &hash, sim_pick(sim, 2) == 0);
}

static struct asker *asker_of(struct sim *sim, const struct sim_event *event)
{
    struct sim_candidate *c = sim->candidate;
    struct asker *a = event->b != 0 ? &c->thief : &c->self;
    return a->asking && event->a == a->try ? a : NULL;
}

static void on_patience(struct sim *sim, struct sim_event *event)
{
    struct asker *a = asker_of(sim, event);
    if (a != NULL)
        end_exchange(sim, a);
}

/* The first frame after the handshake; a broker that is not there is noticed by the person. */
static void on_dialled(struct sim *sim, struct sim_event *event)
{
    struct asker *a = asker_of(sim, event);
    if (a == NULL || !sim_conn(sim, sim->offices[a->place].conn)->open)
        return;
    const struct sim_office *o = &sim->offices[a->place];
    const struct sim_broker *b = &sim->brokers[sim_conn(sim, o->conn)->broker];
    if (b->core == NULL ||
        (b->lies == 0 && !broker_admits(b->core, BROKER_DOMAIN_OFFICES, o->curve))) {
        end_exchange(sim, a);
        return;
    }
    (void)sim_send_up(sim, o->conn, event->parts[0]);
}

static void ask(struct sim *sim, struct asker *a, bool guesses)
{
    struct sim_office *o = &sim->offices[a->place];
    struct agent_enrol_request *r = &a->request;
    struct esep_reason reason = {""};
    struct esep_buf frame;
    uint8_t seed[32];
    bool thief = a == &sim->candidate->thief;
    *r = (struct agent_enrol_request){.log_id = sim->log_id, .sign_key = o->sign};
    memcpy(r->log_public, sim->log_key.public, ESEP_KEY_BYTES);
    memcpy(r->seal_public, sim->seal_key.public, ESEP_KEY_BYTES);
    memcpy(r->curve_public, o->curve, ESEP_KEY_BYTES);
    memcpy(r->code, a->code, sizeof r->code);
    memcpy(r->label, "a new machine", sizeof "a new machine");
    sim_seed_bytes(sim, seed);
    if (guesses) {
        esep_sign_key_from_seed(&r->sign_key, seed);
        memcpy(r->code, seed, sizeof r->code);
    }
    sim_seed_bytes(sim, r->seed);
    esep_buf_init(&frame, 1u << 14);
    if (agent_enrol_begin(&a->exchange, r, &frame, &reason) != ESEP_OK)
        sim_fail(sim, "no ENROL can be made: %s", reason.text);
    a->asking = true;
    a->guesses = guesses;
    a->try++;
    o->conn = sim_conn_open(sim, a->place, (int)sim_pick(sim, (uint64_t)sim->broker_count));
    struct sim_event *event = sim_after(sim, NULL, 2 * sim->latency, on_dialled);
    event->a = a->try;
    event->b = thief;
    sim_event_part(event, esep_buf_slice(&frame));
    esep_buf_done(&frame);
    event = sim_after(sim, NULL, PATIENCE, on_patience);
    event->a = a->try;
    event->b = thief;
    sim_trace(sim, &o->node, "asks to be enrolled%s",
              guesses ? " with a code that is a guess"
              : thief ? " with a code that was stolen"
                      : "");
}

static void on_begin(struct sim *sim, struct sim_event *event)
{
    if (sim->offices[event->a].core == NULL)
        sim_office_start(sim, (int)event->a);
}

/* It is an office from now on. Its core starts in a moment: this may be called at a commit. */
static void come_in(struct sim *sim, int place)
{
    if (sim->collector.backup_count > 1)
        sim->collector.backup_count = 1;
    sim_journal_start(sim, place);
    sim_amnesia_copy(sim, place);
    sim->office_count++;
    sim_after(sim, NULL, 0, on_begin)->a = (uint64_t)place;
    sim_writes_start(sim, place);
}

static void candidate_is_in(struct sim *sim, struct sim_candidate *c)
{
    sim_count(sim, SIM_TALLY_ENROLLED);
    sim_trace(sim, &sim->offices[c->self.place].node, "is enrolled");
    end_exchange(sim, &c->self);
    memcpy(c->used, c->self.code, sizeof c->used);
    c->has_used = true;
    c->logged = false;
    come_in(sim, c->self.place);
}

/* What a machine is to the others, at another place. */
static void move(struct sim *sim, int to, const struct sim_office *from)
{
    struct sim_office *o = &sim->offices[to];
    o->body = from->body;
    o->sign = from->sign;
    memcpy(o->curve, from->curve, sizeof o->curve);
    o->number = (uint32_t)to + 1;
    sim_draw_agent(sim, to);
}

static void thief_is_in(struct sim *sim, struct sim_candidate *c, const char *body)
{
    struct sim_office *thief = &sim->offices[SIM_THIEF];
    int place = sim->office_count;
    end_exchange(sim, &c->thief);
    end_exchange(sim, &c->self);
    thief->body = sim->offices[place].body;
    if (strcmp(body, thief->body) != 0)
        sim_fail(sim, "the thief is enrolled for %s", body);
    if (c->self.place == place) {
        c->self.place++;
        move(sim, c->self.place, &sim->offices[place]);
    }
    move(sim, place, thief);
    sim_count(sim, SIM_TALLY_CODE_LOST);
    sim_trace(sim, &sim->offices[place].node, "is the thief's");
    c->thefts++;
    c->thief.has_code = c->armed = false;
    c->robber = place;
    come_in(sim, place);
}

/* Which code made which office: none made two. */
static void check_code(struct sim *sim, uint64_t index, const Esep__V1__KeyChange *change)
{
    const struct sim_disk *disk = &sim->collector.disk;
    for (uint64_t i = 0; change->code_hash.len > 0 && i < index; i++) {
        struct esep_leaf leaf;
        const ProtobufCMessage *message = NULL;
        if (esep_leaf_unpack(esep_slice(disk->records[i].leaf, ESEP_LEAF_BYTES), &leaf) !=
                ESEP_OK ||
            leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_KEY)
            continue;
        if (esep_unpack(&esep__v1__key_change__descriptor, disk->records[i].body, &sim->truth.arena,
                        &message) != ESEP_OK)
            sim_fail(sim, "entry %llu: its body cannot be read", (unsigned long long)i);
        const Esep__V1__KeyChange *old = (const Esep__V1__KeyChange *)message;
        if (old->office != change->office &&
            esep_slice_equal(esep_slice_pb(old->code_hash), esep_slice_pb(change->code_hash)))
            sim_fail(sim, "entry %llu: the code that made office %u makes office %u",
                     (unsigned long long)index, old->office, change->office);
    }
}

static bool has_key(const struct sim_office *o, const Esep__V1__KeyChange *change)
{
    return esep_slice_equal(esep_slice_pb(change->sign_key),
                            esep_slice(o->sign.public, ESEP_KEY_BYTES));
}

void sim_enrol_logged(struct sim *sim, uint64_t index, const Esep__V1__KeyChange *change)
{
    struct sim_candidate *c = sim->candidate;
    check_code(sim, index, change);
    if (c == NULL || change->office <= (uint32_t)sim->office_count)
        return;
    const struct sim_office *o = &sim->offices[c->self.place];
    if (c->self.place == sim->office_count && has_key(o, change)) {
        if (change->office != o->number)
            sim_fail(sim, "%s is logged as office %u", o->node.name, change->office);
        c->logged = true;
        return;
    }
    if (has_key(&sim->offices[SIM_THIEF], change)) {
        if (c->logged) /* the operator tells it what the lost answer would have */
            candidate_is_in(sim, c);
        if (change->office != (uint32_t)sim->office_count + 1)
            sim_fail(sim, "the thief is logged as office %u", change->office);
        thief_is_in(sim, c, change->body);
    } else if (change->code_hash.len > 0) {
        sim_fail(sim, "office %u is logged, and nobody asked", change->office);
    }
}

void sim_enrol_forget(struct sim *sim)
{
    if (sim->candidate != NULL)
        sim->candidate->logged = false;
}

void sim_enrol_frame(struct sim *sim, int office, struct esep_slice frame)
{
    struct sim_candidate *c = sim->candidate;
    struct agent_enrol_result result;
    struct esep_reason reason = {""};
    struct asker *a = c == NULL ? NULL : office == SIM_THIEF ? &c->thief : &c->self;
    if (a == NULL || !a->asking || office != a->place)
        return;
    const struct sim_office *o = &sim->offices[office];
    enum esep_status status = agent_enrol_on_frame(&a->exchange, frame, &result, &reason);
    if (status == ESEP_AGAIN)
        return;
    sim_trace(sim, &o->node, "has the answer: %s", reason.text);
    if (status == ESEP_OK && (a == &c->thief || a->guesses))
        sim_fail(sim, "a stranger is enrolled as office %u", result.office);
    if (status == ESEP_OK) {
        if (result.office != o->number || strcmp(result.body, o->body) != 0)
            sim_fail(sim, "%s is enrolled as office %u of %s", o->node.name, result.office,
                     result.body);
        candidate_is_in(sim, c);
        return;
    }
    bool bad_code =
        status == ESEP_DENIED && result.refusal == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_CODE;
    if (a != &c->thief)
        sim_count(sim, SIM_TALLY_ENROL_REFUSED);
    else if (bad_code)
        sim_count(sim, SIM_TALLY_CODE_STOLEN);
    if (bad_code && !a->guesses)
        a->has_code = false; /* lost with the order, with a store, expired, or used by another */
    end_exchange(sim, a);
}

/* The operator looks at the list, also after a restore, and accepts who is pending. */
static bool accept_somebody(struct sim *sim)
{
    const struct views *views = sim->collector.views;
    for (int i = 0; views != NULL && i < sim->office_count; i++) {
        const struct views_office *known = views_office(views, sim->offices[i].number);
        if (known != NULL && known->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_PENDING) {
            sim_order_accept(sim, known->office);
            return true;
        }
    }
    return false;
}

/* ... and revokes whom a candidate that was refused complains of. */
static bool revoke_robber(struct sim *sim, struct sim_candidate *c)
{
    const struct sim_collector *col = &sim->collector;
    if (c->robber == 0 || col->core == NULL || sim_paused(sim, &col->node) ||
        collector_status(col->core, NULL) != ESEP_OK)
        return false;
    const struct views_office *known = views_office(col->views, sim->offices[c->robber].number);
    if (known->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED)
        c->robber = 0;
    else
        sim_collector_revoke(sim, c->robber);
    return c->robber != 0;
}

/* A code that was used, or the candidate's own, which it may be typing just now. */
static void steal(struct sim *sim, struct sim_candidate *c, bool fresh)
{
    const struct asker *from = &c->self;
    bool pending = from->place == sim->office_count && from->has_code;
    if (c->thief.asking || c->thefts == THEFTS_MAX || (fresh ? !pending : !c->has_used))
        return;
    struct esep_prng outer = sim_stream(sim, SIM_STEAL, sim->enrol_turns);
    if (!c->armed) /* a frame of an earlier try may still be under way: the keys stay */
        draw_keys(sim, &sim->offices[SIM_THIEF]);
    c->armed = true;
    memcpy(c->thief.code, fresh ? from->code : c->used, sizeof c->thief.code);
    c->thief.has_code = true;
    ask(sim, &c->thief, false);
    sim->prng = outer;
}

static void try_to_enter(struct sim *sim, struct sim_candidate *c)
{
    if (!c->self.has_code)
        ask_for_code(sim, &c->self);
    else
        ask(sim, &c->self, sim_pick(sim, 4) == 0);
}

/* What is next: the operator's part, or the person's, or the thief's. */
static void step(struct sim *sim, struct sim_candidate *c)
{
    uint64_t theft = sim_pick(sim, 4);
    bool first = sim_pick(sim, 2) == 0;
    bool steals = theft < 2 && !sim->calm && sim_does(sim, SIM_STEAL);
    bool open = c->self.place < sim->office_count;
    if (sim->collector.aside) /* nobody can come in before the mistake is seen */
        return;
    if (accept_somebody(sim) || (!sim->calm && revoke_robber(sim, c)))
        return;
    if (sim->calm || c->self.asking)
        return;
    if (steals && first)
        steal(sim, c, theft == 0);
    if (open && sim->office_count < c->most + c->thefts && sim_does(sim, SIM_ENROL)) {
        new_candidate(sim, c);
        open = false;
    }
    if (!open && !c->self.asking)
        try_to_enter(sim, c);
    if (steals && !first)
        steal(sim, c, theft == 0);
}

static void on_turn(struct sim *sim, struct sim_event *event)
{
    struct sim_candidate *c = sim->candidate;
    (void)event;
    struct esep_prng outer = sim_stream(sim, SIM_ENROL, ++sim->enrol_turns);
    sim_after(sim, NULL, sim_between(sim, 2 * ESEP_MINUTE, 20 * ESEP_MINUTE), on_turn);
    step(sim, c);
    sim->prng = outer;
}

void sim_enrol_start(struct sim *sim)
{
    struct sim_candidate *c = sim_alloc(sim, sizeof *c);
    memset(c, 0, sizeof *c);
    c->self.place = sim->office_count - 1; /* it is in: the next one begins */
    c->thief.place = SIM_THIEF;
    (void)snprintf(sim->offices[SIM_THIEF].node.name, sizeof sim->offices[0].node.name, "thief");
    c->most = sim->office_count + 1 + (int)sim_pick(sim, 2);
    sim->candidate = c;
    sim_after(sim, NULL, sim_between(sim, ESEP_MINUTE, ESEP_HOUR), on_turn);
}

void sim_enrol_stop(struct sim *sim)
{
    if (sim->candidate == NULL)
        return;
    end_exchange(sim, &sim->candidate->self);
    end_exchange(sim, &sim->candidate->thief);
}

void sim_enrol_done(struct sim *sim)
{
    sim_enrol_stop(sim);
}
