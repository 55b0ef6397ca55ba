/* tests/sim/sim_clerk.c - what clerks write; see sim.h.
 *
 * Reports mostly build on the office's own last one. Some build on another office's, settle others,
 * or name what is not in the log yet, never will be, or is of another obligation: what a body's
 * offices tell each other by telephone arrives in any order. Withdrawals take back own reports and
 * others', once and again.
 */
#include "sim_real.h"

#define SETTLES_MAX 3
#define CITES_MAX 3

/* The office's own report of that obligation, the nth from the newest; NULL: none. */
static const struct sim_entry *own(const struct sim_journal *j, int key, uint64_t nth)
{
    const struct sim_entry *oldest = NULL;
    for (uint32_t epoch = j->epoch; epoch > 0; epoch--) {
        const struct sim_epoch *e = &j->epochs[epoch];
        for (uint64_t seq = e->last; seq > 0; seq--) {
            if (e->entries[seq].key != key)
                continue;
            oldest = &e->entries[seq];
            if (nth-- == 0)
                return oldest;
        }
    }
    return oldest;
}

/* A report that another office wrote, lately, wherever it is now. key -1: of any obligation. */
static const struct sim_written *others(struct sim *sim, int office, int key)
{
    for (int tries = 0; tries < 40; tries++) {
        int other = (int)sim_pick(sim, (uint64_t)sim->office_count);
        uint64_t back = 1 + sim_pick(sim, 40);
        if (other == sim_identity(sim, office) || back > sim->truth.written_count[other])
            continue;
        const struct sim_written *w =
            &sim->truth.written[other][sim->truth.written_count[other] - back];
        if (w->key >= 0 && (key < 0 || w->key == key))
            return w;
    }
    return NULL;
}

static int pick_key(struct sim *sim, const struct sim_office *o)
{
    for (int tries = 0; tries < 200; tries++) {
        int key = (int)sim_pick(sim, (uint64_t)sim->key_count);
        if (strcmp(sim->key_bodies[key], o->body) == 0 ||
            sim_akin(sim, sim->key_bodies[key], o->body) ||
            (sim->ruled && sim_model_carries(sim, o->number, sim->key_bodies[key])) ||
            sim_pick(sim, 40) == 0)
            return key;
    }
    return 0;
}

/* What an entry may name: mostly a report of this obligation. false: it names nothing. */
static bool pick_name(struct sim *sim, int office, int key, struct esep_hash *ret)
{
    const struct sim_journal *j = &sim->offices[office].journal;
    const struct sim_entry *mine = own(j, key, 0);
    const struct sim_written *theirs = NULL;
    uint64_t draw = sim_pick(sim, 40);
    if (draw < 10)
        theirs = others(sim, office, key);
    else if (draw < 13)
        mine = own(j, key, 1 + sim_pick(sim, 6));
    else if (draw < 14)
        theirs = others(sim, office, -1);
    if (draw == 14)
        sim_seed_bytes(sim, ret->bytes);
    else if (theirs != NULL)
        *ret = theirs->name;
    else if (mine != NULL)
        *ret = mine->name;
    return draw == 14 || theirs != NULL || mine != NULL;
}

struct names {
    struct esep_hash base, settles[SETTLES_MAX], cites[CITES_MAX];
    ProtobufCBinaryData settle_list[SETTLES_MAX], cite_list[CITES_MAX];
};

static ProtobufCBinaryData pb_name(const struct esep_hash *name)
{
    return esep_pb(name->bytes, sizeof name->bytes);
}

static void fill_names(struct sim *sim, int office, Esep__V1__Report *report, int key,
                       struct names *n)
{
    if (sim_pick(sim, 10) > 0 && pick_name(sim, office, key, &n->base))
        report->builds_on = pb_name(&n->base);
    uint64_t settles = sim_pick(sim, 6) == 0 ? 1 + sim_pick(sim, SETTLES_MAX) : 0;
    for (uint64_t i = 0; i < settles; i++) {
        const struct sim_written *theirs = others(sim, office, key);
        if (theirs == NULL)
            break;
        n->settles[i] = theirs->name;
        n->settle_list[report->n_settles++] = pb_name(&n->settles[i]);
    }
    report->settles = n->settle_list;
    uint64_t cites = sim_pick(sim, 12) == 0 ? 1 + sim_pick(sim, CITES_MAX) : 0;
    for (uint64_t i = 0; i < cites; i++) {
        const struct sim_written *theirs = others(sim, office, -1);
        if (theirs == NULL)
            break;
        n->cites[i] = theirs->name;
        n->cite_list[report->n_cites++] = pb_name(&n->cites[i]);
    }
    report->cites = n->cite_list;
}

static void fill_report(struct sim *sim, int office, Esep__V1__Report *report, int key)
{
    const struct sim_entry *last = own(&sim->offices[office].journal, key, 0);
    report->revision = last != NULL ? (uint32_t)last->entry.seq + 1 : 1;
    report->fulfilment = sim_pick(sim, 2) == 0 ? ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS
                                               : ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED;
    if (sim_pick(sim, 3) > 0) {
        report->progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
        report->percent = (uint32_t)sim_pick(sim, 101);
    }
}

void sim_journal_write(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    Esep__V1__Withdrawal withdrawal = ESEP__V1__WITHDRAWAL__INIT;
    Esep__V1__ExtensionRequest request = ESEP__V1__EXTENSION_REQUEST__INIT;
    struct esep_reason reason = {""};
    struct esep_buf packed;
    struct names names;
    struct sim_attached attached = {0};
    uint8_t nonce[32];
    char until[] = "2013-04-20", reason_text[] = "it takes longer";
    size_t len = sim_pick(sim, 20) == 0 ? sim_pick(sim, 9000) : sim_pick(sim, 300);
    char *story = sim_alloc(sim, len + 1);
    int key = pick_key(sim, o);
    uint64_t kind = sim_pick(sim, 30);
    memset(story, 'a' + (int)sim_pick(sim, 26), len);
    story[len] = '\0';
    esep_buf_init(&packed, AGENT_ENTRY_BYTES_MAX);
    sim_seed_bytes(sim, nonce);
    entry.nonce = esep_pb(nonce, AGENT_NONCE_BYTES);
    entry.written_at_us = sim_wall(sim, &o->node) > 0 ? sim_wall(sim, &o->node) : 1;
    if (kind < 3 && pick_name(sim, office, key, &names.base)) {
        entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL;
        entry.withdrawal = &withdrawal;
        withdrawal.obligation = sim->keys[key];
        withdrawal.report = pb_name(&names.base);
        withdrawal.reason = reason_text;
        key = -1;
    } else if (kind == 3) {
        entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST;
        entry.extension_request = &request;
        request.obligation = sim->keys[key];
        request.until = until;
        request.reason = reason_text;
        key = -1;
    } else {
        entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
        entry.report = &report;
        report.obligation = sim->keys[key];
        report.narrative = story;
        fill_report(sim, office, &report, key);
        fill_names(sim, office, &report, key, &names);
        report.n_attachments = sim_files_attach(sim, &attached);
        report.attachments = attached.list;
    }
    if (agent_entry_pack(&entry, &packed, &reason) != ESEP_OK)
        sim_fail(sim, "an entry cannot be packed: %s", reason.text);
    if (kind == 4) { /* an office whose software is broken: bytes that say nothing */
        memset(packed.data, 0xff, packed.len < 8 ? packed.len : 8);
        key = -1;
        attached.count = 0;
    }
    if (sim_real == NULL || o->villain ||
        sim_real->journal_append(sim, office, esep_buf_slice(&packed))) {
        sim_journal_append(sim, office, esep_buf_slice(&packed), key);
        sim_files_named(sim, office, &attached);
    }
    o->written++;
    sim_trace(sim, &o->node, "wrote entry %u/%llu, %zu bytes", o->journal.epoch,
              (unsigned long long)o->journal.marks.last_seq, packed.len);
    esep_buf_done(&packed);
}
