/* tests/sim/sim_office.c - the agent's shell: as agent/run.c, over the simulated line and journal;
 * see sim.h. READ and STORE take their time here, which the core's contract allows. People come
 * when the uplink has stopped: where it says `recover`, they do.
 */
#include "sim_real.h"
#include "sim_witness.h"

#define READ_ENTRIES_MAX 64

static esep_time now_of(const struct sim *sim, const struct sim_office *o)
{
    return sim_wall(sim, &o->node);
}

static void on_wake(struct sim *sim, struct sim_event *event)
{
    struct sim_office *o = &sim->offices[event->node->number];
    sim_office_look(sim, event->node->number);
    agent_on_time(o->core, now_of(sim, o));
    sim_office_pump(sim, event->node->number);
}

void sim_office_look(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    struct agent_status s;
    agent_status_get(o->core, &s);
    if (!o->broken && s.epoch == o->journal.epoch && s.last_seq < o->journal.marks.last_seq)
        agent_on_appended(o->core, o->journal.marks.last_seq, &o->journal.marks.head,
                          now_of(sim, o));
}

static struct agent *make_core(struct sim *sim, struct sim_office *o)
{
    struct esep_reason reason = {""};
    struct agent *core = NULL;
    sim_seed_bytes(sim, o->config.seed);
    o->journal.marks.epoch = o->journal.epoch;
    if (sim_real != NULL)
        sim_real->journal_check(sim, o->node.number);
    struct agent_journal start = sim_older_start(o);
    start.spent = o->spent;
    if (o->core != NULL) { /* HUP: the old one counts to the byte */
        struct agent_status s;
        agent_status_get(o->core, &s);
        start.spent = s.rules.spent;
    }
    if (agent_new(&core, &o->config, &start, now_of(sim, o), &reason) != ESEP_OK)
        sim_fail(sim, "%s does not start: %s", o->node.name, reason.text);
    if (o->draining)
        agent_drain(core, now_of(sim, o));
    return core;
}

void sim_office_start(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    struct agent_config *c = &o->config;
    if (o->villain)
        return;
    c->log_id = sim->log_id;
    memcpy(c->log_public, sim->log_key.public, ESEP_KEY_BYTES);
    memcpy(c->seal_public, sim->seal_key.public, ESEP_KEY_BYTES);
    c->office = o->number;
    sim_keys_config(o);
    c->broker_count = (uint32_t)sim->broker_count;
    for (int i = 0; i < sim->broker_count; i++)
        memcpy(c->broker_sign[i], sim_broker_key(&sim->brokers[i]).public, ESEP_KEY_BYTES);
    c->check_chain = true;
    sim_witness_config(c);
    o->node.up = true;
    o->node.generation++;
    o->node.paused_until = 0;
    o->node.on_wake = on_wake;
    o->broken = o->reopening = false;
    o->person_coming = false;
    o->core = make_core(sim, o);
    o->files_due = true;
    sim_trace(sim, &o->node, "starts: epoch %u, %llu entries, %llu receipted", o->journal.epoch,
              (unsigned long long)o->journal.marks.last_seq,
              (unsigned long long)o->journal.marks.receipted_seq);
    sim_office_pump(sim, office);
}

static void close_line(struct sim *sim, struct sim_office *o)
{
    sim_rules_hangs_up(o);
    sim_conn_close(sim, o->conn);
    o->conn = 0;
    o->blocked_until = 0;
    o->inbox_count = 0;
}

static void gone(struct sim *sim, struct sim_office *o)
{
    close_line(sim, o);
    sim_rules_crash(o);
    agent_free(o->core);
    o->core = NULL;
    o->draining = false;
    o->older.epoch = o->older.passed = 0;
    o->node.up = false;
    o->node.generation++;
    o->node.paused_until = 0;
}

/* The power goes. A transaction under way is on the disk, or it is not. */
void sim_office_crash(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    bool stored = o->storing != NULL && sim_pick(sim, 2) == 0;
    struct agent_status s;
    agent_status_get(o->core, &s);
    if (o->draining)
        sim_count(sim, SIM_TALLY_DRAIN_CRASHED);
    if (sim_real != NULL)
        stored = sim_real->journal_crash(sim, office, s.epoch, o->storing);
    sim_trace(sim, &o->node, "crashes%s", stored ? ", with a transaction just done" : "");
    if (stored)
        sim_journal_store(sim, office, s.epoch, o->storing);
    o->storing = NULL;
    gone(sim, o);
}

void sim_office_drain(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    sim_trace(sim, &o->node, "is to end in good order");
    o->draining = true;
    agent_drain(o->core, now_of(sim, o));
    sim_office_pump(sim, office);
}

/* The new core first, then the old one goes; its sockets with it. */
void sim_office_reload(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    if (o->broken || o->reopening || o->storing != NULL)
        return;
    struct agent *core = make_core(sim, o);
    sim_trace(sim, &o->node, "reads its configuration again");
    close_line(sim, o);
    agent_free(o->core);
    o->core = core;
    o->files_due = true;
    o->node.generation++;
    o->person_coming = false;
    sim_office_pump(sim, office);
}

void sim_office_restore(struct sim *sim, int office, size_t backup)
{
    struct sim_office *o = &sim->offices[office];
    if (o->core != NULL)
        sim_office_crash(sim, office);
    sim_journal_copy(&o->journal, &o->backups[backup]);
    o->rotten = esep_slice(NULL, 0);
    o->restores++;
    sim_trace(sim, &o->node, "its journal is an old copy: epoch %u, %llu entries", o->journal.epoch,
              (unsigned long long)o->journal.marks.last_seq);
}

void sim_office_hang_up(struct sim *sim, int office, bool tell)
{
    struct sim_office *o = &sim->offices[office];
    bool had = o->conn != 0;
    if (sim_paused(sim, &o->node))
        return; /* it notices when it runs again: nothing comes any more */
    close_line(sim, o);
    if (had && tell && o->core != NULL) {
        agent_on_disconnected(o->core, now_of(sim, o));
        sim_office_pump(sim, office);
    }
}

static void on_connected(struct sim *sim, struct sim_event *event)
{
    int office = event->node->number;
    struct sim_office *o = &sim->offices[office];
    if (o->conn != event->a)
        return;
    const struct sim_conn *c = sim_conn(sim, o->conn);
    struct sim_broker *b = &sim->brokers[c->broker];
    if (sim_cut(sim, office, c->broker, true) || sim_cut(sim, office, c->broker, false) ||
        sim_paused(sim, &b->node))
        return; /* nothing is heard; the core gives up by itself */
    if (b->core == NULL || b->node.generation != c->broker_generation ||
        (b->lies == 0 && !broker_admits(b->core, BROKER_DOMAIN_OFFICES, o->curve))) {
        sim_office_hang_up(sim, office, true);
        return;
    }
    sim_trace(sim, &o->node, "connected to %s", b->node.name);
    agent_on_connected(o->core, now_of(sim, o));
    sim_office_pump(sim, office);
}

static void dial(struct sim *sim, int office, uint32_t broker)
{
    struct sim_office *o = &sim->offices[office];
    close_line(sim, o);
    sim_rules_connects(sim, office);
    o->conn = sim_conn_open(sim, office, (int)broker);
    sim_after(sim, &o->node, 2 * sim->latency, on_connected)->a = o->conn;
}

static void on_read(struct sim *sim, struct sim_event *event)
{
    int office = event->node->number;
    struct sim_office *o = &sim->offices[office];
    const struct sim_journal *j = &o->journal;
    const struct sim_epoch *e = &j->epochs[o->older.epoch != 0 ? o->older.epoch : j->epoch];
    static struct agent_entry entries[READ_ENTRIES_MAX];
    size_t count = 0;
    size_t bytes = 0;
    size_t most = (size_t)event->durable;
    uint64_t from = event->b;
    uint64_t oldest = o->older.epoch != 0 ? e->gone + 1 : j->marks.oldest_seq;
    if (sim->now < o->disk_bad_until && sim_pick(sim, 2) == 0) {
        sim_count(sim, SIM_TALLY_READ_EIO);
        agent_on_entries(o->core, event->a, ESEP_IO, NULL, 0, now_of(sim, o));
    } else {
        for (uint64_t seq = from; seq >= oldest && seq <= e->last && count < READ_ENTRIES_MAX;
             seq++) {
            if (count > 0 && bytes + e->entries[seq].entry.bytes.len > most)
                break;
            bytes += e->entries[seq].entry.bytes.len;
            entries[count++] = e->entries[seq].entry;
        }
        agent_on_entries(o->core, event->a, count > 0 ? ESEP_OK : ESEP_NOT_FOUND, entries, count,
                         now_of(sim, o));
    }
    sim_office_pump(sim, office);
}

/* What became of a transaction: the write may fail, then nothing of it is there; or the sync, then
 * the disk may have it all the same. ENOSPC is met by the write; a map that a command made larger
 * is told at the beginning. */
static enum esep_status outcome(struct sim *sim, const struct sim_office *o, bool *ret_stored)
{
    uint64_t draw = sim_pick(sim, 4);
    *ret_stored = false;
    if (sim->now < o->disk_bad_until) {
        bool sync = draw > 0;
        sim_count(sim, sync ? SIM_TALLY_SYNC_EIO : SIM_TALLY_WRITE_EIO);
        *ret_stored = sync && sim_pick(sim, 2) == 0;
        return ESEP_IO;
    }
    if (sim->now < o->disk_full_until) {
        sim_count(sim, draw > 0 ? SIM_TALLY_WRITE_FULL : SIM_TALLY_SYNC_FULL);
        *ret_stored = draw == 0 && sim_pick(sim, 2) == 0;
        return draw == 3 ? ESEP_AGAIN : ESEP_LIMIT;
    }
    *ret_stored = true;
    return ESEP_OK;
}

static void on_store(struct sim *sim, struct sim_event *event)
{
    int office = event->node->number;
    struct sim_office *o = &sim->offices[office];
    struct agent_status s;
    bool stored = false;
    agent_status_get(o->core, &s);
    const struct agent_store *what = o->storing;
    enum esep_status status = sim_real != NULL
                                  ? sim_real->journal_store(sim, office, s.epoch, what, &stored)
                                  : outcome(sim, o, &stored);
    sim_trace(sim, &o->node, "stores %zu receipts, %zu mails, through %llu: %s%s",
              what->receipt_count, what->mail_count, (unsigned long long)what->receipted_seq,
              esep_status_name(status), stored && status != ESEP_OK ? ", but it is there" : "");
    if (stored)
        sim_journal_store(sim, office, s.epoch, what);
    if (stored && !o->villain)
        sim_keys_mail(sim, office, what);
    o->storing = NULL;
    if (status != ESEP_OK && status != ESEP_LIMIT)
        o->broken = true;
    agent_on_stored(o->core, event->a, status, now_of(sim, o));
    sim_office_pump(sim, office);
}

void sim_office_reopen(struct sim *sim, struct sim_event *event)
{
    int office = event->node->number;
    struct sim_office *o = &sim->offices[office];
    o->storing = NULL;
    close_line(sim, o);
    sim_rules_crash(o);
    agent_free(o->core);
    o->core = NULL;
    sim_office_start(sim, office);
}

static void on_person(struct sim *sim, struct sim_event *event)
{
    int office = event->node->number;
    struct sim_office *o = &sim->offices[office];
    struct agent_status s;
    agent_status_get(o->core, &s);
    o->person_coming = false;
    if (s.state != AGENT_STOPPED || o->older.epoch != 0 || s.why == AGENT_WHY_OLDER ||
        s.why == AGENT_WHY_ROTATED)
        return;
    if (s.why == AGENT_WHY_SPLIT)
        sim_fail(sim, "%s takes an honest log for a split one", o->node.name);
    if (s.why == AGENT_WHY_FORK || s.why == AGENT_WHY_BEHIND) {
        sim_truth_stopped(sim, office, &s);
        uint32_t there =
            s.held_epoch > o->journal.seen_epoch ? s.held_epoch : o->journal.seen_epoch;
        sim_keep_leave(&o->journal);
        sim_journal_recover(sim, office, there);
        o->recoveries++;
        sim_count(sim, SIM_TALLY_FORK);
        sim_trace(sim, &o->node, "recovers: epoch %u, %llu entries queued again", o->journal.epoch,
                  (unsigned long long)o->journal.marks.last_seq);
        sim_office_reopen(sim, event);
        return;
    }
    if (s.why == AGENT_WHY_JOURNAL) {
        if (sim_rot_mend(sim, o))
            sim_count(sim, SIM_TALLY_ROT_FOUND);
        sim_office_reopen(sim, event);
        return;
    }
    sim_rules_pushed(sim, office);
    agent_now(o->core, now_of(sim, o));
    sim_office_pump(sim, office);
}

static void on_notify(struct sim *sim, struct sim_office *o)
{
    struct agent_status s;
    agent_status_get(o->core, &s);
    sim_version_said(sim, o, &s);
    sim_amnesia_said(sim, o, &s);
    if (s.state == o->said && s.why == AGENT_WHY_NONE)
        return;
    o->said = s.state;
    sim_trace(sim, &o->node, "is %s (%s) %s", agent_state_name(s.state), agent_why_name(s.why),
              s.text);
    if (s.state != AGENT_STOPPED || o->person_coming || s.why == AGENT_WHY_OLDER ||
        s.why == AGENT_WHY_ROTATED ||
        (o->older.epoch != 0 && s.why != AGENT_WHY_JOURNAL && s.why != AGENT_WHY_PROTOCOL))
        return;
    if (s.why == AGENT_WHY_GAP || s.why == AGENT_WHY_PROTOCOL || s.why == AGENT_WHY_TOO_LARGE)
        sim_fail(sim, "%s stopped: %s", o->node.name, s.text);
    o->person_coming = true;
    sim_after(sim, &o->node, sim_between(sim, ESEP_MINUTE, 40 * ESEP_MINUTE), on_person);
}

/* false: the effect must wait. */
static bool carry_out(struct sim *sim, int office, const struct agent_effect *effect)
{
    struct sim_office *o = &sim->offices[office];
    const struct agent_effect copy = *effect;
    struct sim_event *event;
    bool slow = sim->now < o->disk_slow_until;
    if (copy.kind == AGENT_EFFECT_SEND) {
        if (sim->now < o->blocked_until)
            return false;
        if (!sim->calm && sim_strikes(sim, 5000, SIM_BLOCK)) {
            o->blocked_until = sim->now + sim_between(sim, 1, ESEP_SECOND);
            return false;
        }
        if (o->conn != 0 &&
            sim_send_up(sim, o->conn, sim_version_sent(sim, &o->node, copy.frame)) != ESEP_OK) {
            o->blocked_until = sim->now + ESEP_SECOND;
            return false;
        }
        sim_rules_sent(sim, office, copy.frame);
        agent_pop(o->core);
        return true;
    }
    agent_pop(o->core);
    switch (copy.kind) {
    case AGENT_EFFECT_CONNECT:
        dial(sim, office, copy.broker);
        break;
    case AGENT_EFFECT_DISCONNECT:
        close_line(sim, o);
        break;
    case AGENT_EFFECT_READ:
        event =
            sim_after(sim, &o->node, sim_between(sim, 0, slow ? 5 * ESEP_SECOND : 2000), on_read);
        event->a = copy.token;
        event->b = copy.from_seq;
        event->durable = copy.bytes_max;
        break;
    case AGENT_EFFECT_STORE:
        if (o->storing != NULL)
            sim_fail(sim, "%s: two STOREs at once", o->node.name);
        o->storing = copy.store;
        event = sim_after(sim, &o->node, sim_between(sim, 0, slow ? 30 * ESEP_SECOND : 30000),
                          on_store);
        event->a = copy.token;
        break;
    case AGENT_EFFECT_READ_FILE:
        sim_files_read(sim, office, &copy);
        break;
    case AGENT_EFFECT_KEEP:
        sim_rules_keep(o, &copy.spent);
        break;
    case AGENT_EFFECT_NOTIFY:
        on_notify(sim, o);
        break;
    default:
        sim_fail(sim, "an effect of kind %d", (int)copy.kind);
    }
    return true;
}

/* true: it crashed. */
static bool drain_effects(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    const struct agent_effect *effect;
    sim_bounds_office(sim, office);
    sim_rules_look(sim, office);
    sim_files_look(sim, office);
    for (int turns = 0; (effect = agent_peek(o->core)) != NULL; turns++) {
        if (turns > 10000)
            sim_fail(sim, "%s never comes to rest", o->node.name);
        /* Between the event and what follows from it, and after each effect. */
        if (turns == 0 && sim_crashes_here(sim)) {
            sim_office_crash(sim, office);
            return true;
        }
        if (!carry_out(sim, office, effect))
            break;
        if (sim_crashes_here(sim)) {
            sim_office_crash(sim, office);
            return true;
        }
    }
    return false;
}

void sim_office_pump(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    if (drain_effects(sim, office))
        return;
    while (o->inbox_count > 0 && agent_ready(o->core)) {
        struct esep_slice frame = o->inbox[0];
        memmove(o->inbox, o->inbox + 1, --o->inbox_count * sizeof o->inbox[0]);
        sim_rules_came(sim, office, frame);
        agent_on_frame(o->core, frame, now_of(sim, o));
        if (drain_effects(sim, office))
            return;
    }
    if (o->draining && agent_drained(o->core) && o->storing == NULL) {
        sim_trace(sim, &o->node, "has ended in good order");
        gone(sim, o);
        return;
    }
    sim_older_look(sim, o);
    sim_keys_look(sim, office);
    if (o->broken && !o->reopening) {
        sim_after(sim, &o->node, 10 * ESEP_SECOND, sim_office_reopen);
        o->reopening = true;
    }
    sim_truth_marks(sim, office);
    sim_rules_looked(sim, office);
    esep_time now = now_of(sim, o);
    esep_time at = agent_deadline(o->core);
    if (o->blocked_until > sim->now && at > now + (o->blocked_until - sim->now))
        at = now + (o->blocked_until - sim->now);
    sim_wake_at(sim, &o->node, at, now);
}

void sim_office_frame(struct sim *sim, int office, struct esep_slice frame, size_t durable)
{
    struct sim_office *o = &sim->offices[office];
    if (durable > o->heard_durable)
        o->heard_durable = durable;
    sim_trace(sim, &o->node, "hears %zu bytes %08x", frame.len, sim_print(frame));
    if (o->inbox_count == sizeof o->inbox / sizeof o->inbox[0]) {
        sim_office_hang_up(sim, office, true); /* cannot be: the mark is below */
        return;
    }
    o->inbox[o->inbox_count++] = sim_keep(sim, sim_version_edge(sim, &o->node, frame));
    sim_office_pump(sim, office);
}
