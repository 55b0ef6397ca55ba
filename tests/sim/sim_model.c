/* tests/sim/sim_model.c - the log, told entry by entry to a model that knows nothing of the views;
 * see sim_model.h. What it makes of them is compared with the views at every replay.
 */
#include "sim_model.h"

#include <stdlib.h>

#define LOG(name) ESEP__V1__LOG_TYPE__LOG_TYPE_##name
#define ACTIVE ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE

const ProtobufCMessage *model_read(const struct model_entry *e,
                                   const ProtobufCMessageDescriptor *type)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&e->m->arena);
    if (esep_unpack(type, e->body, &e->m->arena, &message) != ESEP_OK)
        sim_fail(e->sim, "entry %llu: its body cannot be read", (unsigned long long)e->index);
    return message;
}

struct model_duty *model_duty(struct sim_model *m, const char *key)
{
    for (size_t i = 0; i < m->duty_count; i++)
        if (strcmp(m->duties[i].key, key) == 0)
            return &m->duties[i];
    return NULL;
}

esep_time model_instant(const struct model_plan *plan, esep_day day, esep_time second)
{
    return day * ESEP_DAY + (second - plan->offset_s) * ESEP_SECOND;
}

esep_day model_day(const struct model_plan *plan, esep_time at)
{
    esep_time local = at + plan->offset_s * ESEP_SECOND;
    return (esep_day)((local - (local < 0 ? ESEP_DAY - 1 : 0)) / ESEP_DAY);
}

/* The last second of its day; an extension never shortens. */
esep_time model_due(const struct sim_model *m, const struct model_duty *d)
{
    esep_day day = d->extended != ESEP_DAY_NONE && d->extended > d->day ? d->extended : d->day;
    return model_instant(&m->plans[d->plan], day, ESEP_DAY / ESEP_SECOND - 1);
}

const struct model_report *model_newest(const struct model_duty *d)
{
    const struct model_heads heads = model_heads(d);
    return heads.count > 0 ? &d->reports[heads.at[heads.count - 1]] : NULL;
}

enum esep_submission model_submission(const struct model_duty *d)
{
    const struct model_report *newest = model_newest(d);
    if (newest != NULL)
        return newest->review;
    return d->count > 0 ? ESEP_SUBMISSION_WITHDRAWN : ESEP_SUBMISSION_NONE;
}

esep_day model_again(const struct model_duty *d)
{
    const struct model_report *newest = model_newest(d);
    return newest != NULL && newest->review == ESEP_SUBMISSION_RETURNED ? newest->again
                                                                        : ESEP_DAY_NONE;
}

/* The hour it counts from: the promise's, where that was kept in grace. */
esep_time model_came(const struct model_duty *d)
{
    if (d->first_at == 0)
        return ESEP_TIME_NEVER;
    return d->proved && d->promised < d->first_at ? d->promised : d->first_at;
}

bool model_current(const struct sim_model *m, int plan)
{
    for (int i = plan + 1; i < m->plan_count; i++)
        if (strcmp(m->plans[i].id, m->plans[plan].id) == 0)
            return false;
    return true;
}

void model_mail(const struct model_entry *e, uint32_t office, uint64_t index)
{
    struct model_office *o = &e->m->offices[office];
    if (o->mail_count + 2 > o->mail_cap) {
        o->mail_cap = o->mail_cap * 2 + 64;
        o->mail = realloc(o->mail, o->mail_cap * sizeof *o->mail);
        if (o->mail == NULL)
            abort();
    }
    o->mail[++o->mail_count] = index;
}

void model_mail_body(const struct model_entry *e, const char *plan, const char *body,
                     uint64_t index)
{
    for (uint32_t i = 1; i <= e->m->office_count; i++) {
        const struct model_office *o = &e->m->offices[i];
        if (o->state == ACTIVE && model_carries(o, body) && model_on_plan(o, plan))
            model_mail(e, i, index);
    }
}

void model_mail_duty(const struct model_entry *e, const struct model_duty *d)
{
    for (uint32_t i = 1; i <= e->m->office_count; i++)
        if (e->m->offices[i].state == ACTIVE && model_concerns(e, &e->m->offices[i], d))
            model_mail(e, i, e->index);
}

void model_saw(const struct model_entry *e, uint32_t office)
{
    struct model_office *o = &e->m->offices[office];
    o->seen = e->leaf.accepted_at;
    o->silent = false;
    o->changed = e->sim->now;
}

static struct model_office *active(const struct model_entry *e, uint32_t office, const char *what)
{
    if (office == 0 || office > e->m->office_count || e->m->offices[office].state != ACTIVE)
        sim_fail(e->sim, "entry %llu: %s of office %u, which is not active",
                 (unsigned long long)e->index, what, office);
    return &e->m->offices[office];
}

static void key_entry(const struct model_entry *e)
{
    struct sim_model *m = e->m;
    const Esep__V1__KeyChange *k =
        (const Esep__V1__KeyChange *)model_read(e, &esep__v1__key_change__descriptor);
    if (k->office == 0 || k->office > m->office_count + 1 || k->office >= MODEL_OFFICES)
        sim_fail(e->sim, "entry %llu: the key of office %u", (unsigned long long)e->index,
                 k->office);
    struct model_office *o = &m->offices[k->office];
    if (k->office > m->office_count) {
        m->office_count = k->office;
        (void)snprintf(o->body, sizeof o->body, "%s", k->body);
        o->enrolled = e->leaf.accepted_at;
    }
    if (o->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED)
        sim_fail(e->sim, "entry %llu: a revoked key comes back", (unsigned long long)e->index);
    if (k->epoch > 0 && (o->state != ACTIVE || k->state != ACTIVE))
        sim_fail(e->sim, "entry %llu: new keys of an office that is not active",
                 (unsigned long long)e->index);
    o->state = k->state;
    o->changed = e->sim->now;
    if (k->epoch > 0) { /* a rotation tells nobody anything, but that the office lives */
        model_saw(e, k->office);
        return;
    }
    if (k->state == ACTIVE && o->rights != 0)
        model_mail(e, k->office, o->rights);
    for (int i = 0; k->state == ACTIVE && i < m->plan_count; i++)
        if (model_current(m, i) && model_body_there(&m->plans[i], o) != NULL)
            model_mail(e, k->office, m->plans[i].index);
    if (k->state == ACTIVE)
        model_mail_accepted(e, k->office, NULL);
}

static struct model_duty *named(const struct model_entry *e, const char *key)
{
    struct model_duty *d = model_duty(e->m, key);
    if (d == NULL)
        sim_fail(e->sim, "entry %llu speaks of %s, which nobody owes", (unsigned long long)e->index,
                 key);
    d->changed = e->sim->now;
    model_mail_duty(e, d);
    return d;
}

static void extension_entry(const struct model_entry *e)
{
    const Esep__V1__Extension *x =
        (const Esep__V1__Extension *)model_read(e, &esep__v1__extension__descriptor);
    struct model_duty *d = named(e, x->obligation);
    d->extension_index = e->index;
    d->control = x->granted ? ESEP_CONTROL_EXTENDED : ESEP_CONTROL_EXTENSION_REFUSED;
    if (x->granted)
        d->extended = x->until_day;
}

static void control_entry(const struct model_entry *e)
{
    const Esep__V1__Control *x =
        (const Esep__V1__Control *)model_read(e, &esep__v1__control__descriptor);
    struct model_duty *d = named(e, x->obligation);
    d->control_index = e->index;
    d->control = x->removed ? ESEP_CONTROL_REMOVED : ESEP_CONTROL_RESTORED;
}

static void ack_entry(const struct model_entry *e)
{
    const Esep__V1__MailAck *a =
        (const Esep__V1__MailAck *)model_read(e, &esep__v1__mail_ack__descriptor);
    struct model_office *o = active(e, a->office, "an acknowledgement");
    if (a->office != e->leaf.office || a->through > o->mail_count || a->through <= o->acked)
        sim_fail(e->sim, "entry %llu: office %u acknowledges mail %llu of %llu, after %llu",
                 (unsigned long long)e->index, a->office, (unsigned long long)a->through,
                 (unsigned long long)o->mail_count, (unsigned long long)o->acked);
    if (a->office <= (uint32_t)e->sim->office_count && !e->sim->offices[a->office - 1].villain &&
        a->through > e->sim->truth.mail_stored[a->office - 1])
        sim_fail(e->sim, "entry %llu: office %u acknowledges mail %llu and never stored it",
                 (unsigned long long)e->index, a->office, (unsigned long long)a->through);
    o->acked = a->through;
    model_saw(e, a->office);
}

static void presence_entry(const struct model_entry *e)
{
    const Esep__V1__Presence *p =
        (const Esep__V1__Presence *)model_read(e, &esep__v1__presence__descriptor);
    (void)active(e, p->office, "a sign of life");
    if (p->office != e->leaf.office)
        sim_fail(e->sim, "entry %llu: leaf and sign of life differ", (unsigned long long)e->index);
    model_saw(e, p->office);
}

static void evidence_entry(const struct model_entry *e)
{
    const Esep__V1__Evidence *p =
        (const Esep__V1__Evidence *)model_read(e, &esep__v1__evidence__descriptor);
    (void)active(e, p->office, "a sign of life");
    if (p->office != e->leaf.office)
        sim_fail(e->sim, "entry %llu: leaf and sign of life differ", (unsigned long long)e->index);
    model_saw(e, p->office);
}

static void alarm_entry(const struct model_entry *e)
{
    const Esep__V1__Alarm *a = (const Esep__V1__Alarm *)model_read(e, &esep__v1__alarm__descriptor);
    if (a->kind != ESEP__V1__ALARM_KIND__ALARM_KIND_BAD_SIGNATURE &&
        a->kind != ESEP__V1__ALARM_KIND__ALARM_KIND_OLD_KEY && a->office != 0)
        model_saw(e, a->office);
}

static void keys_asked_entry(const struct model_entry *e)
{
    const Esep__V1__KeysAsked *k =
        (const Esep__V1__KeysAsked *)model_read(e, &esep__v1__keys_asked__descriptor);
    (void)active(e, k->office, "a request for new keys");
    model_mail(e, k->office, e->index);
}

static void office_entry(const struct model_entry *e)
{
    (void)active(e, e->leaf.office, "an entry");
    model_office_entry(e);
}

static void commitment_entry(const struct model_entry *e)
{
    (void)active(e, e->leaf.office, "a commitment");
    model_commitment_entry(e);
}

void sim_model_entry(struct sim *sim, uint64_t index, const struct esep_leaf *leaf,
                     struct esep_slice body)
{
    static void (*const told[])(const struct model_entry *) = {
        [LOG(ENTRY)] = office_entry,        [LOG(COMMITMENT)] = commitment_entry,
        [LOG(PLAN)] = model_plan_entry,     [LOG(KEY)] = key_entry,
        [LOG(REVIEW)] = model_review_entry, [LOG(EXTENSION)] = extension_entry,
        [LOG(CONTROL)] = control_entry,     [LOG(ALERT)] = model_alert_entry,
        [LOG(MAIL_ACK)] = ack_entry,        [LOG(PRESENCE)] = presence_entry,
        [LOG(ALARM)] = alarm_entry,         [LOG(EVIDENCE)] = evidence_entry,
        [LOG(RIGHTS)] = model_rights_entry, [LOG(KEYS_ASKED)] = keys_asked_entry,
    };
    const struct model_entry e = {
        .sim = sim, .m = sim->truth.model, .index = index, .leaf = *leaf, .body = body};
    if (index != e.m->size++)
        sim_fail(sim, "the model was not told entry %llu", (unsigned long long)e.m->size - 1);
    if ((size_t)leaf->type < sizeof told / sizeof told[0] && told[leaf->type] != NULL)
        told[leaf->type](&e);
}

void sim_model_start(struct sim *sim)
{
    struct sim_model *m = calloc(1, sizeof *m);
    if (m == NULL)
        abort();
    m->duties = calloc(MODEL_DUTIES, sizeof *m->duties);
    if (m->duties == NULL || esep_arena_init(&m->arena, 1 << 20) != ESEP_OK)
        abort();
    m->free_since = sim->now;
    sim->truth.model = m;
}

void sim_model_done(struct sim *sim)
{
    struct sim_model *m = sim->truth.model;
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->duty_count; i++)
        model_heads_done(&m->duties[i]);
    for (size_t i = 0; i < MODEL_OFFICES; i++)
        free(m->offices[i].mail);
    free(m->duties);
    esep_arena_done(&m->arena);
    free(m);
    sim->truth.model = NULL;
}

/* Comparing: the views over the same entries. */

static void differs(struct sim *sim, const struct model_duty *d, const char *what, int64_t views,
                    int64_t model)
{
    if (views != model)
        sim_fail(sim, "%s: %s is %lld in the views, %lld in the model (log of %llu)", d->key, what,
                 (long long)views, (long long)model, (unsigned long long)sim->truth.model->size);
}

static void compare_heads(struct sim *sim, const struct views_obligation *o,
                          const struct model_duty *d)
{
    const struct model_heads heads = model_heads(d);
    differs(sim, d, "reports that stand", (int64_t)o->head_count, (int64_t)heads.count);
    for (size_t i = 0; i < heads.count && i < VIEWS_HEADS_MAX; i++) {
        const struct model_report *r = &d->reports[heads.at[i]];
        const struct views_head *h = &o->heads[i];
        differs(sim, d, "a report that stands", (int64_t)h->index, (int64_t)r->index);
        differs(sim, d, "its office", h->office, r->office);
        differs(sim, d, "its review", h->submission, r->review);
        differs(sim, d, "its day to come back", h->again_by, r->again);
        differs(sim, d, "its fulfilment", h->fulfilment, r->fulfilment);
        differs(sim, d, "its percent", h->percent, r->percent);
        if (!esep_hash_equal(&h->content, &r->name))
            sim_fail(sim, "%s: entry %llu goes by another name in the views", d->key,
                     (unsigned long long)r->index);
    }
}

/* How many stand that must not (what), or the other way. */
static size_t missing(const struct model_heads *in, const struct model_heads *what)
{
    size_t count = 0;
    for (size_t i = 0; i < what->count; i++)
        count += !model_heads_have(in, what->at[i]);
    return count;
}

/* What the views show and what the rule says, where they have forgotten nothing, is the same. */
static void compare_rule(struct sim *sim, const struct model_duty *d)
{
    const struct model_heads shown = model_heads(d);
    const struct model_heads must = model_heads_by_rule(d);
    if (!d->forgot && missing(&shown, &must) + missing(&must, &shown) > 0)
        sim_fail(sim, "%s: %zu reports stand and %zu should, nothing being forgotten", d->key,
                 shown.count, must.count);
}

void sim_model_end(struct sim *sim)
{
    const struct sim_model *m = sim->truth.model;
    for (size_t i = 0; i < m->duty_count; i++) {
        const struct model_heads shown = model_heads(&m->duties[i]);
        const struct model_heads must = model_heads_by_rule(&m->duties[i]);
        sim->tallies[SIM_TALLY_STANDING] += must.count;
        sim->tallies[SIM_TALLY_FORGOTTEN_MORE] += missing(&must, &shown);
        sim->tallies[SIM_TALLY_FORGOTTEN_LESS] += missing(&shown, &must);
    }
}

static void compare_timeliness(struct sim *sim, const struct views *views,
                               const struct views_obligation *o, const struct model_duty *d)
{
    const struct model_plan *plan = &sim->truth.model->plans[d->plan];
    esep_time now = sim_wall(sim, &sim->collector.node);
    esep_time due = model_due(sim->truth.model, d);
    bool came = d->first_at != 0;
    int soon = 7;
    for (size_t i = 0; i < plan->alert_day_count; i++)
        if (i == 0 || plan->alert_days[i] > soon)
            soon = plan->alert_days[i];
    enum esep_timeliness expect = came && model_came(d) <= due  ? ESEP_TIMELINESS_ON_TIME
                                  : came                        ? ESEP_TIMELINESS_LATE
                                  : now > due                   ? ESEP_TIMELINESS_OVERDUE
                                  : now > due - soon * ESEP_DAY ? ESEP_TIMELINESS_DUE_SOON
                                                                : ESEP_TIMELINESS_NOT_DUE;
    if (views_timeliness(views, o, now) != expect)
        sim_fail(sim, "%s is %s in the views, %s in the model", d->key,
                 esep_timeliness_name(views_timeliness(views, o, now)),
                 esep_timeliness_name(expect));
}

static void compare_duty(struct sim *sim, const struct views *views,
                         const struct views_obligation *o)
{
    struct sim_model *m = sim->truth.model;
    const struct model_duty *d = model_duty(m, o->made.key);
    if (d == NULL)
        sim_fail(sim, "the views have %s, the model has not", o->made.key);
    differs(sim, d, "due", o->due, model_due(m, d));
    differs(sim, d, "dropped", o->dropped, d->dropped);
    differs(sim, d, "leads", o->made.role == ESEP__V1__ROLE__ROLE_LEAD, d->lead);
    differs(sim, d, "upon agreement", o->made.upon_agreement, d->agreed);
    differs(sim, d, "submission", (int64_t)o->submission, (int64_t)model_submission(d));
    differs(sim, d, "control", (int64_t)o->control, (int64_t)d->control);
    differs(sim, d, "reports", (int64_t)o->reports, (int64_t)d->count);
    differs(sim, d, "day to come back", o->again_by, model_again(d));
    differs(sim, d, "hour of the first receipt", o->first_received_at, d->first_at);
    differs(sim, d, "hour it counts from", views_came(views, o), model_came(d));
    compare_heads(sim, o, d);
    compare_rule(sim, d);
    compare_timeliness(sim, views, o, d);
    m->compared++;
}

static void compare_office(struct sim *sim, const struct views *views, uint32_t number)
{
    const struct sim_model *m = sim->truth.model;
    const struct model_office *o = &m->offices[number];
    const struct views_office *v = views_office(views, number);
    if (v->rights.index != o->rights)
        sim_fail(sim, "office %u: rights of entry %llu; the model says %llu", number,
                 (unsigned long long)v->rights.index, (unsigned long long)o->rights);
    if (v->state != o->state || v->epoch != o->epoch || v->seq != o->seq || v->seen_at != o->seen ||
        v->silent != o->silent || v->mail_last != o->mail_count || v->mail_acked != o->acked)
        sim_fail(sim,
                 "office %u: views: state %d, %u/%llu, seen %lld%s, mail %llu/%llu; model: state "
                 "%d, %u/%llu, seen %lld%s, mail %llu/%llu",
                 number, (int)v->state, v->epoch, (unsigned long long)v->seq, (long long)v->seen_at,
                 v->silent ? " silent" : "", (unsigned long long)v->mail_acked,
                 (unsigned long long)v->mail_last, (int)o->state, o->epoch,
                 (unsigned long long)o->seq, (long long)o->seen, o->silent ? " silent" : "",
                 (unsigned long long)o->acked, (unsigned long long)o->mail_count);
}

struct letters {
    struct sim *sim;
    uint32_t office;
    uint64_t next;
};

static bool compare_letter(void *context, struct esep_slice key, struct esep_slice value)
{
    struct letters *l = context;
    const struct model_office *o = &l->sim->truth.model->offices[l->office];
    uint64_t number = esep_be64(key.data + 5);
    if (number != l->next++ || number > o->mail_count || value.len < 8 ||
        esep_be64(value.data) != o->mail[number])
        sim_fail(l->sim, "office %u: letter %llu is entry %llu; the model says %llu (of %llu)",
                 l->office, (unsigned long long)number,
                 (unsigned long long)(value.len >= 8 ? esep_be64(value.data) : 0),
                 (unsigned long long)(number <= o->mail_count ? o->mail[number] : 0),
                 (unsigned long long)o->mail_count);
    return true;
}

void sim_model_compare(struct sim *sim, const struct views *views)
{
    const struct sim_model *m = sim->truth.model;
    if (views_obligation_count(views) != m->duty_count ||
        views_office_count(views) != m->office_count || views_log_size(views) != m->size)
        sim_fail(sim, "the views have %u obligations, the model %zu", views_obligation_count(views),
                 m->duty_count);
    for (uint32_t i = 0; i < views_obligation_count(views); i++)
        compare_duty(sim, views, views_obligation(views, i));
    for (uint32_t i = 1; i <= m->office_count; i++) {
        struct letters l = {.sim = sim, .office = i, .next = 1};
        uint8_t prefix[5] = {'M'};
        esep_be32_put(prefix + 1, i);
        compare_office(sim, views, i);
        (void)sim_disk_ops.rows(&sim->collector.disk.log, esep_slice(prefix, 5),
                                esep_slice(NULL, 0), compare_letter, &l, NULL);
        if (l.next != m->offices[i].mail_count + 1)
            sim_fail(sim, "office %u: %llu letters, the model says %llu", i,
                     (unsigned long long)l.next - 1, (unsigned long long)m->offices[i].mail_count);
    }
}
