/* collector/views_load.c - the rows taken back at start.
 *
 * Rows are our own, but a disk can lie: lengths, numbers and places are checked before they are
 * used, and a row that says something impossible is ESEP_CORRUPT, not a crash. The tables may come
 * in any order, the rows of one table in order of key. Reports, mail and closing commitments are
 * read from the store when asked for, and take no memory here.
 */
#include "collector/views_state.h"

typedef bool load_fn(struct views *v, struct views_reader *key, struct views_reader *value);

static bool load_plan(struct views *v, struct views_reader *key, struct views_reader *value)
{
    const uint32_t number = views_r32(key);
    if (number != v->plan_count || number >= v->limits.plans_max)
        return false;
    struct views_plan_slot *slot = &v->plans[v->plan_count++];
    slot->index = views_r64(value);
    slot->effective = (esep_day)views_r32(value);
    slot->latest = number;
    return true;
}

static bool load_code(struct views *v, struct views_reader *key, struct views_reader *value)
{
    struct views_code code;
    memset(&code, 0, sizeof(code));
    views_rbytes(key, code.hash.bytes, ESEP_HASH_BYTES);
    views_rtext(value, code.body, sizeof(code.body));
    code.expires_at = (esep_time)views_r64(value);
    const unsigned flags = views_r8(value);
    code.accept_on_use = (flags & 1) != 0;
    code.used = (flags & 2) != 0;
    const uint32_t number = views_r32(value);
    code.office = views_r32(value);
    if (key->bad || value->bad || number >= v->limits.codes_max || v->codes[number].body[0] != '\0')
        return false;
    v->codes[number] = code;
    if (number >= v->code_count)
        v->code_count = number + 1;
    views_index_code(v, number);
    return true;
}

static bool load_promise(struct views *v, struct views_reader *key, struct views_reader *value)
{
    const uint32_t office = views_r32(key);
    if (office == 0 || office > v->limits.offices_max)
        return false;
    struct views_office_slot *slot = &v->offices[office - 1];
    if (slot->promise_count == v->limits.open_commitments_max)
        return false;
    struct views_promise *p = &slot->promises[slot->promise_count++];
    memset(p, 0, sizeof(*p));
    p->epoch = views_r32(key);
    p->seq = views_r64(key);
    p->at = (esep_time)views_r64(value);
    p->index = views_r64(value);
    p->from = views_r64(value);
    views_rbytes(value, p->head.bytes, ESEP_HASH_BYTES);
    for (uint32_t i = 0; i < v->duty_count; i++) {
        const struct views_obligation *o = &v->duties[i].pub;
        if (o->first_office == office && o->first_epoch == p->epoch &&
            o->first_commitment_seq == p->seq)
            views_promise_link(v, &v->duties[i]);
    }
    return true;
}

static bool read_rights(struct views_reader *r, struct views_rights *rights)
{
    rights->index = views_r64(r);
    rights->since = (esep_time)views_r64(r);
    rights->body_count = views_r8(r);
    rights->plan_count = views_r8(r);
    if ((rights->index == 0 && rights->body_count + rights->plan_count > 0) ||
        rights->body_count > VIEWS_RIGHT_BODIES_MAX || rights->plan_count > VIEWS_RIGHT_PLANS_MAX)
        return false;
    for (uint32_t i = 0; i < rights->body_count; i++)
        views_rtext(r, rights->bodies[i], sizeof rights->bodies[i]);
    for (uint32_t i = 0; i < rights->plan_count; i++)
        views_rtext(r, rights->plans[i], sizeof rights->plans[i]);
    return true;
}

static bool load_office(struct views *v, struct views_reader *key, struct views_reader *r)
{
    const uint32_t office = views_r32(key);
    if (office != v->office_count + 1 || office > v->limits.offices_max)
        return false;
    struct views_office_slot *slot = &v->offices[v->office_count++];
    struct views_office *o = &slot->pub;
    o->office = office;
    views_rtext(r, o->body, sizeof(o->body));
    views_rtext(r, o->label, sizeof(o->label));
    const unsigned state = views_r8(r);
    o->state = (Esep__V1__OfficeState)(state & 3);
    views_rbytes(r, o->sign_key, ESEP_KEY_BYTES);
    views_rbytes(r, o->curve_key, ESEP_KEY_BYTES);
    o->enrolled_at = (esep_time)views_r64(r);
    o->seen_at = (esep_time)views_r64(r);
    o->epoch = views_r32(r);
    o->seq = views_r64(r);
    views_rbytes(r, o->head.bytes, ESEP_HASH_BYTES);
    o->mail_last = views_r64(r);
    o->mail_acked = views_r64(r);
    o->silent = views_r8(r) != 0;
    o->refused_entries = views_r64(r);
    o->forks = views_r32(r);
    slot->kept_epoch = views_r32(r);
    slot->kept_from = views_r64(r);
    slot->kept.index = views_r64(r);
    slot->kept.seq = views_r64(r);
    slot->kept.at = (esep_time)views_r64(r);
    views_rbytes(r, slot->kept.head.bytes, ESEP_HASH_BYTES);
    if (r->left > 0) {
        o->evidence_bytes = views_r64(r);
        o->evidence_files = views_r32(r);
        if (o->evidence_files == 0 && r->left == 0)
            return false; /* nothing is said of none */
    }
    if (r->left > 0) {
        views_rbytes(r, o->old_sign_key, ESEP_KEY_BYTES);
        views_rbytes(r, o->old_curve_key, ESEP_KEY_BYTES);
        o->key_epoch = views_r32(r);
        o->key_index = views_r64(r);
        o->key_since = (esep_time)views_r64(r);
        if (o->key_epoch == 0 && r->left == 0)
            return false; /* likewise */
    }
    if (r->left > 0 && (!read_rights(r, &o->rights) || (o->rights.index == 0 && r->left == 0)))
        return false;
    if (r->left > 0) {
        o->asked_index = views_r64(r);
        o->asked_at = (esep_time)views_r64(r);
        if (o->asked_index == 0)
            return false;
    }
    views_index_office(v, office);
    return state <= ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED;
}

static void read_head(struct views_reader *r, struct views_head *head)
{
    head->index = views_r64(r);
    head->office = views_r32(r);
    head->epoch = views_r32(r);
    head->seq = views_r64(r);
    head->revision = views_r32(r);
    head->received_at = (esep_time)views_r64(r);
    views_rbytes(r, head->content.bytes, ESEP_HASH_BYTES);
    head->fulfilment = (Esep__V1__Fulfilment)(views_r8(r) & 0xf);
    const unsigned percent = views_r8(r);
    head->percent = percent == 0xff ? -1 : (int)percent;
    head->submission = (enum esep_submission)(views_r8(r) & 0xf);
    head->again_by = (esep_day)views_r32(r);
    head->review_index = views_r64(r);
}

static bool read_link(struct views_reader *r, struct views_link *link)
{
    const unsigned kind = views_r8(r);
    views_rbytes(r, link->to.bytes, ESEP_HASH_BYTES);
    if (kind == VIEWS_LINK_NAMES) {
        link->office = views_r32(r);
        views_rbytes(r, link->by.bytes, ESEP_HASH_BYTES);
    }
    link->kind = (enum views_link_kind)kind;
    return kind == VIEWS_LINK_NAMES || kind == VIEWS_LINK_WITHDRAWS;
}

static void read_made(struct views_reader *r, struct esep_obligation *made)
{
    views_rtext(r, made->key, sizeof(made->key));
    made->kind = (enum esep_obligation_kind)views_r8(r);
    made->role = (Esep__V1__Role)views_r8(r);
    made->upon_agreement = views_r8(r) != 0;
    made->action = (int)views_r32(r);
    made->body = (int)views_r32(r);
    made->window.start = (esep_day)views_r32(r);
    made->window.end = (esep_day)views_r32(r);
    made->due_day = (esep_day)views_r32(r);
    made->due = (esep_time)views_r64(r);
}

static bool read_heads(struct views_reader *r, struct views_duty *duty)
{
    duty->pub.listed = views_r8(r);
    duty->past_count = views_r8(r);
    duty->link_count = views_r8(r);
    if (duty->pub.listed > VIEWS_HEADS_MAX || duty->past_count > VIEWS_PAST_MAX ||
        duty->link_count > VIEWS_LINKS_MAX || duty->pub.listed > duty->pub.head_count)
        return false;
    for (uint32_t i = 0; i < duty->pub.listed; i++)
        read_head(r, &duty->pub.heads[i]);
    for (uint32_t i = 0; i < duty->past_count; i++)
        read_head(r, &duty->past[i]);
    bool well = true;
    for (uint32_t i = 0; well && i < duty->link_count; i++)
        well = read_link(r, &duty->links[i]);
    return well;
}

static bool load_duty(struct views *v, struct views_reader *key, struct views_reader *r)
{
    const uint32_t number = views_r32(key);
    if (number != v->duty_count || number >= v->limits.obligations_max)
        return false;
    struct views_duty *duty = &v->duties[v->duty_count++];
    struct views_obligation *o = &duty->pub;
    o->number = number;
    read_made(r, &o->made);
    o->plan_no = views_r32(r);
    const unsigned flags = views_r8(r);
    o->dropped = (flags & 1) != 0;
    o->first_proved = (flags & 2) != 0;
    o->control = (enum esep_control)views_r8(r);
    o->extended_to = (esep_day)views_r32(r);
    o->due = (esep_time)views_r64(r);
    o->reports = views_r32(r);
    o->head_count = views_r32(r);
    o->first_received_at = (esep_time)views_r64(r);
    o->first_committed_at = (esep_time)views_r64(r);
    o->first_office = views_r32(r);
    o->first_epoch = views_r32(r);
    o->first_commitment_seq = views_r64(r);
    o->alert_step = views_r32(r);
    o->alert_due = (esep_time)views_r64(r);
    o->extension_index = views_r64(r);
    o->control_index = views_r64(r);
    if (o->control > ESEP_CONTROL_RESTORED || o->plan_no >= v->limits.plans_max ||
        !read_heads(r, duty))
        return false;
    views_heads_sum(duty);
    views_index_duty(v, number);
    views_promise_link(v, duty);
    return true;
}

static bool load_delivery(struct views *v, struct views_reader *key, struct views_reader *value)
{
    (void)views_r8(value);
    if (v->delivery_count == v->limits.deliveries_max)
        return false;
    struct views_delivery *delivery = &v->deliveries[v->delivery_count++];
    delivery->alert = views_r64(key);
    delivery->target = views_r32(key);
    delivery->done = false;
    return true;
}

static bool read_proofs(struct views_reader *r, struct views_proof proofs[VIEWS_PROOFS])
{
    if (r->left == 0) /* none, or a row of before there were any */
        return true;
    const unsigned kinds = views_r8(r);
    for (unsigned i = 0; i < VIEWS_PROOFS; i++) {
        struct views_proof *proof = &proofs[i];
        if ((kinds & 1u << i) == 0)
            continue;
        proof->index = views_r64(r);
        proof->at = (esep_time)views_r64(r);
        const unsigned stands = views_r8(r);
        proof->stands = stands == 1;
        proof->until = (esep_time)views_r64(r);
        views_rbytes(r, proof->hash.bytes, ESEP_HASH_BYTES);
        views_rtext(r, proof->actor, sizeof(proof->actor));
        if (proof->index == 0 || stands > 1)
            return false;
    }
    return kinds != 0 && kinds < 1u << VIEWS_PROOFS;
}

static bool load_account(struct views *v, struct views_reader *key, struct views_reader *r)
{
    const uint32_t number = views_r32(key);
    if (number != v->account_count || number >= v->limits.accounts_max)
        return false;
    struct views_account *account = &v->accounts[number];
    memset(account, 0, sizeof(*account));
    account->number = number;
    views_rtext(r, account->name, sizeof(account->name));
    views_rtext(r, account->display, sizeof(account->display));
    views_rtext(r, account->body, sizeof(account->body));
    views_rtext(r, account->substitute_for, sizeof(account->substitute_for));
    account->from_day = (esep_day)views_r32(r);
    account->until_day = (esep_day)views_r32(r);
    account->role = (Esep__V1__AccountRole)views_r8(r);
    account->state = (Esep__V1__AccountState)views_r8(r);
    account->index = views_r64(r);
    if (!read_proofs(r, account->proofs) || r->bad || !views_account_name_valid(account->name) ||
        views_account_named(v, account->name) != NULL)
        return false;
    v->account_count++;
    views_index_account(v, number);
    return true;
}

struct totals {
    esep_time last_at;
    struct views_loaded loaded;
    struct esep_merkle tree;
};

static bool read_totals(struct views_reader *r, struct totals *ret)
{
    const unsigned format = views_r8(r);
    ret->last_at = (esep_time)views_r64(r);
    ret->loaded.plans = views_r32(r);
    ret->loaded.offices = views_r32(r);
    ret->loaded.duties = views_r32(r);
    ret->loaded.codes = views_r32(r);
    const bool counted = format == VIEWS_ROW_FORMAT_ACCOUNTS;
    ret->loaded.accounts = counted ? views_r32(r) : 0;
    if ((format != VIEWS_ROW_FORMAT && ret->loaded.accounts == 0) || r->bad ||
        esep_merkle_load(&ret->tree, esep_slice(r->at, r->left)) != ESEP_OK)
        return false;
    r->left = 0;
    return true;
}

bool views_stored_tree(struct esep_slice value, struct esep_merkle *ret)
{
    struct views_reader r = {value.data, value.len, false};
    struct totals totals;
    if (!read_totals(&r, &totals))
        return false;
    *ret = totals.tree;
    return true;
}

static bool load_totals(struct views *v, struct views_reader *key, struct views_reader *r)
{
    struct totals totals;
    (void)key;
    if (!read_totals(r, &totals))
        return false;
    v->last_at = totals.last_at;
    v->loaded = totals.loaded;
    v->tree = totals.tree;
    esep_merkle_recent_init(&v->recent, v->tree.size);
    return true;
}

/* In order of their numbers: the last is the one that counts. */
static bool load_generation(struct views *v, struct views_reader *key, struct views_reader *r)
{
    v->generation.number = views_r64(key);
    v->generation.previous = views_r64(r);
    v->generation.begins = views_r64(r);
    return true;
}

static bool load_log_keys(struct views *v, struct views_reader *key, struct views_reader *r)
{
    (void)key;
    const bool good = esep_log_keys_unpack(esep_slice(r->at, r->left), &v->log_keys) == ESEP_OK;
    r->left = 0;
    return good;
}

enum esep_status views_load_end(struct views *v, struct esep_reason *reason)
{
    bool whole = v->loaded.plans == v->plan_count && v->loaded.offices == v->office_count &&
                 v->loaded.duties == v->duty_count && v->loaded.codes == v->code_count &&
                 v->loaded.accounts == v->account_count && v->log_keys.count > 0;
    for (uint32_t i = 0; i < v->plan_count; i++)
        whole = whole && v->plans[i].plan != NULL;
    for (uint32_t i = 0; i < v->code_count; i++)
        whole = whole && v->codes[i].body[0] != '\0';
    for (uint32_t i = 0; i < v->duty_count; i++) {
        const struct views_obligation *o = &v->duties[i].pub;
        whole = whole && o->plan_no < v->plan_count && o->first_office <= v->office_count;
    }
    return whole ? ESEP_OK
                 : esep_because(reason, ESEP_CORRUPT,
                                "rows of the views are missing: rebuild them with log replay");
}

static load_fn *const loaders[256] = {
    ['A'] = load_account,    ['C'] = load_promise, ['D'] = load_delivery, ['F'] = load_office,
    ['G'] = load_generation, ['K'] = load_code,    ['L'] = load_log_keys, ['O'] = load_duty,
    ['P'] = load_plan,       ['T'] = load_totals,
};

enum esep_status views_load_row(struct views *v, struct esep_slice key, struct esep_slice value,
                                struct esep_reason *reason)
{
    static const uint8_t elsewhere[] = {'R', 'M', 'S',
                                        'N', 'E', 'H'}; /* read where they are needed */
    if (key.len > 0 && memchr(elsewhere, key.data[0], sizeof elsewhere) != NULL)
        return ESEP_OK;
    struct views_reader k = {key.data, key.len, false};
    struct views_reader r = {value.data, value.len, false};
    load_fn *load = loaders[views_r8(&k)];
    if (load == NULL || !load(v, &k, &r) || k.bad || r.bad || k.left != 0 || r.left != 0)
        return esep_because(reason, ESEP_CORRUPT,
                            "a row of view '%c' is damaged: rebuild the views with log replay",
                            key.len > 0 && key.data[0] > ' ' && key.data[0] < 127 ? key.data[0]
                                                                                  : '?');
    return ESEP_OK;
}
