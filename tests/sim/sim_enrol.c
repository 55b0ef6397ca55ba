/* tests/sim/sim_enrol.c - new offices: a code from the operator, ENROL through a broker,
 * acceptance; see sim.h.
 *
 * One candidate at a time sits at the place behind the last office. Its person types the code and
 * waits, types it again, asks the operator for another one when the collector knows it no more; the
 * operator accepts who is pending. Frames of it are lost, repeated and lied about like any. Now and
 * then somebody tries a code that was never given, or one that was used, with keys of his own: he
 * must not come in. With an office's first answer old backups of the store are thrown away, as the
 * manual asks: a store from before an enrolment does not know the office.
 */
#include "agent/enrol.h"
#include "sim.h"

#define PATIENCE ESEP_MINUTE

struct sim_candidate {
    int place; /* in sim->offices */
    int most;  /* offices, in the end */
    bool has_code;
    uint8_t code[16];
    struct agent_enrol_request request;
    struct agent_enrol exchange;
    bool asking;
    bool intruder; /* the exchange under way is somebody else's */
    uint64_t try;
};

static void end_exchange(struct sim *sim, struct sim_candidate *c)
{
    struct sim_office *o = &sim->offices[c->place];
    if (!c->asking)
        return;
    agent_enrol_done(&c->exchange);
    c->asking = false;
    sim_conn_close(sim, o->conn);
    o->conn = 0;
}

static void new_candidate(struct sim *sim, struct sim_candidate *c)
{
    struct sim_office *o = &sim->offices[sim->office_count];
    static const char *const bodies[] = {"moj", "moh", "akmola", "court"};
    uint8_t seed[32];
    c->place = sim->office_count;
    c->has_code = false;
    o->number = (uint32_t)c->place + 1; /* as it will be */
    o->body = bodies[sim_pick(sim, 4)];
    sim_seed_bytes(sim, seed);
    esep_sign_key_from_seed(&o->sign, seed);
    sim_seed_bytes(sim, o->curve);
    sim_draw_agent(sim, c->place);
}

static void ask_for_code(struct sim *sim, struct sim_candidate *c)
{
    uint8_t seed[32];
    sim_seed_bytes(sim, seed);
    memcpy(c->code, seed, sizeof c->code);
    struct esep_hash hash = esep_sha256(esep_slice(c->code, sizeof c->code));
    c->has_code = true; /* the person believes so */
    sim_order_code(sim, sim->offices[c->place].body, &hash, sim_pick(sim, 2) == 0);
}

static void on_patience(struct sim *sim, struct sim_event *event)
{
    if (event->a == sim->candidate->try)
        end_exchange(sim, sim->candidate);
}

/* The first frame after the handshake; a broker that is not there is noticed by the person. */
static void on_dialled(struct sim *sim, struct sim_event *event)
{
    struct sim_candidate *c = sim->candidate;
    const struct sim_office *o = &sim->offices[c->place];
    if (event->a != c->try || !c->asking || !sim_conn(sim, o->conn)->open)
        return;
    const struct sim_broker *b = &sim->brokers[sim_conn(sim, o->conn)->broker];
    if (b->core == NULL ||
        (b->lies == 0 && !broker_admits(b->core, BROKER_DOMAIN_OFFICES, o->curve))) {
        end_exchange(sim, c);
        return;
    }
    (void)sim_send_up(sim, o->conn, event->parts[0]);
}

/* With the candidate's own code and keys; or a stranger's try over the same line. */
static void ask(struct sim *sim, struct sim_candidate *c, bool intruder, bool guessed)
{
    struct sim_office *o = &sim->offices[c->place];
    struct agent_enrol_request *r = &c->request;
    struct esep_reason reason = {""};
    struct esep_buf frame;
    uint8_t seed[32];
    *r = (struct agent_enrol_request){.log_id = sim->log_id, .sign_key = o->sign};
    memcpy(r->log_public, sim->log_key.public, ESEP_KEY_BYTES);
    memcpy(r->seal_public, sim->seal_key.public, ESEP_KEY_BYTES);
    memcpy(r->curve_public, o->curve, ESEP_KEY_BYTES);
    memcpy(r->code, c->code, sizeof r->code);
    memcpy(r->label, "a new machine", sizeof "a new machine");
    sim_seed_bytes(sim, seed);
    if (intruder)
        esep_sign_key_from_seed(&r->sign_key, seed);
    if (guessed)
        memcpy(r->code, seed, sizeof r->code);
    sim_seed_bytes(sim, r->seed);
    esep_buf_init(&frame, 1u << 14);
    if (agent_enrol_begin(&c->exchange, r, &frame, &reason) != ESEP_OK)
        sim_fail(sim, "no ENROL can be made: %s", reason.text);
    c->asking = true;
    c->intruder = intruder || guessed;
    c->try++;
    o->conn = sim_conn_open(sim, c->place, (int)sim_pick(sim, (uint64_t)sim->broker_count));
    struct sim_event *event = sim_after(sim, NULL, 2 * sim->latency, on_dialled);
    event->a = c->try;
    sim_event_part(event, esep_buf_slice(&frame));
    esep_buf_done(&frame);
    sim_after(sim, NULL, PATIENCE, on_patience)->a = c->try;
    sim_trace(sim, &o->node, "asks to be enrolled%s",
              guessed    ? " with a code that is a guess"
              : intruder ? ", a stranger with its code"
                         : "");
}

static void come_in(struct sim *sim, struct sim_candidate *c,
                    const struct agent_enrol_result *result)
{
    struct sim_office *o = &sim->offices[c->place];
    if (result->office != o->number || strcmp(result->body, o->body) != 0)
        sim_fail(sim, "%s is enrolled as office %u of %s", o->node.name, result->office,
                 result->body);
    sim_count(sim, SIM_TALLY_ENROLLED);
    sim_trace(sim, &o->node, "is enrolled%s", result->accepted ? "" : ", pending");
    end_exchange(sim, c);
    sim->collector.backup_count = 0;
    sim_journal_start(sim, c->place);
    sim->office_count++;
    sim_office_start(sim, c->place);
    sim_writes_start(sim, c->place);
}

void sim_enrol_frame(struct sim *sim, int office, struct esep_slice frame)
{
    struct sim_candidate *c = sim->candidate;
    struct agent_enrol_result result;
    struct esep_reason reason = {""};
    if (c == NULL || !c->asking || office != c->place)
        return;
    enum esep_status status = agent_enrol_on_frame(&c->exchange, frame, &result, &reason);
    if (status == ESEP_AGAIN)
        return;
    sim_trace(sim, &sim->offices[office].node, "has the answer: %s", reason.text);
    if (status == ESEP_OK && c->intruder)
        sim_fail(sim, "a stranger is enrolled as office %u", result.office);
    if (status == ESEP_OK) {
        come_in(sim, c, &result);
        return;
    }
    sim_count(sim, SIM_TALLY_ENROL_REFUSED);
    if (status == ESEP_DENIED && !c->intruder &&
        result.refusal == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_CODE)
        c->has_code = false; /* lost with the order, with a store, or expired */
    end_exchange(sim, c);
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

/* What is next: the operator's part, or the person's. */
static void step(struct sim *sim, struct sim_candidate *c)
{
    bool open = c->place < sim->office_count;
    if (accept_somebody(sim))
        return;
    if (sim->calm || c->asking)
        return;
    if (open && (sim->office_count >= c->most || !sim_does(sim, SIM_ENROL)))
        return;
    if (open)
        new_candidate(sim, c);
    if (!c->has_code)
        ask_for_code(sim, c);
    else if (sim_pick(sim, 4) == 0)
        ask(sim, c, true, true);
    else
        ask(sim, c, false, false);
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
    c->place = sim->office_count - 1; /* it is in: the next one begins */
    c->most = sim->office_count + 1 + (int)sim_pick(sim, 2);
    sim->candidate = c;
    sim_after(sim, NULL, sim_between(sim, ESEP_MINUTE, ESEP_HOUR), on_turn);
}

void sim_enrol_done(struct sim *sim)
{
    if (sim->candidate != NULL)
        end_exchange(sim, sim->candidate);
}
