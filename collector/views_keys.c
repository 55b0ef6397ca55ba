/* collector/views_keys.c - enrolment codes, and whose keys are whose.
 *
 * An office is made by its first KEY entry, and keeps its number. Later ones change what it may do,
 * or its keys, from the epoch that the entry names on: in a rotation, or by a code for an office
 * that was revoked, whose number, mailbox and reports the new keys take over. The keys before the
 * last rotation are kept, so that who still uses them can be told from a stranger; all those before
 * are in the log (`esep-collector keys`).
 */
#include "collector/views_state.h"

enum esep_status views_apply_code(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__code_made__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__CodeMade *made = (const Esep__V1__CodeMade *)message;
    if (made->code_hash.len != ESEP_HASH_BYTES || made->body[0] == '\0' ||
        strlen(made->body) >= ESEP_BODY_CODE_MAX)
        return esep_because(entry->reason, ESEP_INVALID, "a code's hash or body is malformed");
    if (views_code(v, made->code_hash.data) != NULL)
        return esep_because(entry->reason, ESEP_INVALID, "this code was made before");
    if (v->code_count == v->limits.codes_max)
        return esep_because(entry->reason, ESEP_LIMIT, "no room for more than %lu codes",
                            (unsigned long)v->limits.codes_max);
    struct views_code *code = &v->codes[v->code_count];
    memcpy(code->hash.bytes, made->code_hash.data, ESEP_HASH_BYTES);
    memcpy(code->body, made->body, strlen(made->body) + 1);
    code->expires_at = made->expires_at_us;
    code->accept_on_use = made->accept_on_use;
    code->office = made->office;
    views_index_code(v, v->code_count);
    views_put_code(v, v->code_count++);
    return ESEP_OK;
}

/* Also one that another has taken the place of: a key is one office's for ever. */
static bool curve_known(const struct views *v, const uint8_t key[ESEP_KEY_BYTES])
{
    if (views_office_by_curve(v, key) != NULL)
        return true;
    for (uint32_t i = 0; i < v->office_count; i++) {
        const struct views_office *o = &v->offices[i].pub;
        if (o->key_epoch != 0 && memcmp(o->old_curve_key, key, ESEP_KEY_BYTES) == 0)
            return true;
    }
    return false;
}

/* One that is for this office, or for a new one (0); where the entry names none, none is wanted. */
static enum esep_status check_code(const struct views *v, const struct views_entry *entry,
                                   const Esep__V1__KeyChange *change, uint32_t office)
{
    if (change->code_hash.len == 0)
        return ESEP_OK;
    const struct views_code *code =
        change->code_hash.len == ESEP_HASH_BYTES ? views_code(v, change->code_hash.data) : NULL;
    if (code == NULL || code->used || code->office != office)
        return esep_because(entry->reason, ESEP_INVALID,
                            "the code is unknown or used, or for another office");
    return ESEP_OK;
}

static void use_code(struct views *v, const Esep__V1__KeyChange *change)
{
    if (change->code_hash.len != ESEP_HASH_BYTES)
        return;
    const uint32_t code = (uint32_t)(views_code(v, change->code_hash.data) - v->codes);
    v->codes[code].used = true;
    views_put_code(v, code);
}

static enum esep_status check_new_office(const struct views *v, const struct views_entry *entry,
                                         const Esep__V1__KeyChange *change)
{
    if (change->office != v->office_count + 1)
        return views_no_office(entry, change->office);
    if (v->office_count == v->limits.offices_max)
        return esep_because(entry->reason, ESEP_LIMIT, "no room for more than %lu offices",
                            (unsigned long)v->limits.offices_max);
    if (change->sign_key.len != ESEP_KEY_BYTES || change->curve_key.len != ESEP_KEY_BYTES ||
        change->body[0] == '\0' || strlen(change->body) >= ESEP_BODY_CODE_MAX ||
        strlen(change->label) >= sizeof(v->offices[0].pub.label))
        return esep_because(entry->reason, ESEP_INVALID, "an office needs keys, body and label");
    if (curve_known(v, change->curve_key.data))
        return esep_because(entry->reason, ESEP_INVALID, "this key is enrolled already");
    return check_code(v, entry, change, 0);
}

static void add_office(struct views *v, const struct views_entry *entry,
                       const Esep__V1__KeyChange *change)
{
    struct views_office_slot *slot = &v->offices[v->office_count++];
    slot->pub.office = change->office;
    memcpy(slot->pub.body, change->body, strlen(change->body) + 1); /* check_new_office measured */
    memcpy(slot->pub.label, change->label, strlen(change->label) + 1);
    memcpy(slot->pub.sign_key, change->sign_key.data, ESEP_KEY_BYTES);
    memcpy(slot->pub.curve_key, change->curve_key.data, ESEP_KEY_BYTES);
    slot->pub.enrolled_at = entry->leaf.accepted_at;
    views_index_office(v, change->office);
    use_code(v, change);
}

/* Which state may follow which; a revoked key never comes back. */
static bool may_become(Esep__V1__OfficeState from, Esep__V1__OfficeState to)
{
    static const bool may[4][4] = {
        [ESEP__V1__OFFICE_STATE__OFFICE_STATE_UNSPECIFIED] = {false, true, true, false},
        [ESEP__V1__OFFICE_STATE__OFFICE_STATE_PENDING] = {false, false, true, true},
        [ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE] = {false, false, false, true},
    };
    return (unsigned)to < 4 && may[from][to];
}

static bool same_key(ProtobufCBinaryData said, const uint8_t key[ESEP_KEY_BYTES])
{
    return said.len == ESEP_KEY_BYTES && memcmp(said.data, key, ESEP_KEY_BYTES) == 0;
}

static bool is_renewal(const Esep__V1__KeyChange *change)
{
    return change->epoch != 0;
}

/* By a rotation an active office stays so; by a code, a revoked one comes back. */
static enum esep_status check_states(const struct views *v, const struct views_entry *entry,
                                     const struct views_office *office,
                                     const Esep__V1__KeyChange *change)
{
    const bool active = change->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
    if (change->code_hash.len == 0 && active &&
        office->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE)
        return ESEP_OK;
    if (change->code_hash.len != 0 &&
        (active || change->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_PENDING) &&
        office->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED)
        return strlen(change->label) < sizeof office->label
                   ? check_code(v, entry, change, office->office)
                   : esep_because(entry->reason, ESEP_INVALID, "the label is too long");
    return esep_because(entry->reason, ESEP_INVALID,
                        "office %lu is not in the state for it: its keys stay as they are",
                        (unsigned long)office->office);
}

static enum esep_status check_renewal(const struct views *v, const struct views_entry *entry,
                                      const struct views_office *office,
                                      const Esep__V1__KeyChange *change)
{
    const enum esep_status status = check_states(v, entry, office, change);
    if (status != ESEP_OK)
        return status;
    if (!same_key(change->old_sign_key, office->sign_key) ||
        !same_key(change->old_curve_key, office->curve_key) ||
        change->sign_key.len != ESEP_KEY_BYTES || change->curve_key.len != ESEP_KEY_BYTES ||
        same_key(change->sign_key, office->sign_key))
        return esep_because(entry->reason, ESEP_INVALID,
                            "new keys lead from the keys that an office has to other ones");
    if (curve_known(v, change->curve_key.data))
        return esep_because(entry->reason, ESEP_INVALID, "this key is enrolled already");
    if (change->epoch <= office->epoch || change->epoch <= office->key_epoch)
        return esep_because(entry->reason, ESEP_INVALID, "a new key begins an epoch above %lu",
                            (unsigned long)office->epoch);
    return ESEP_OK;
}

static void renew(struct views *v, const struct views_entry *entry, struct views_office_slot *slot,
                  const Esep__V1__KeyChange *change)
{
    struct views_office *o = &slot->pub;
    memcpy(o->old_sign_key, o->sign_key, ESEP_KEY_BYTES);
    memcpy(o->old_curve_key, o->curve_key, ESEP_KEY_BYTES);
    memcpy(o->sign_key, change->sign_key.data, ESEP_KEY_BYTES);
    memcpy(o->curve_key, change->curve_key.data, ESEP_KEY_BYTES);
    o->key_epoch = change->epoch;
    o->key_index = entry->index;
    o->key_since = entry->leaf.accepted_at;
    o->asked_index = 0;
    o->asked_at = 0;
    views_index_offices(v);
    views_saw(v, slot, entry->leaf.accepted_at);
    if (change->code_hash.len == 0)
        return;
    memcpy(o->label, change->label, strlen(change->label) + 1); /* check_states measured */
    use_code(v, change);
}

enum esep_status views_apply_key(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    enum esep_status status = views_message(v, entry, &esep__v1__key_change__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__KeyChange *change = (const Esep__V1__KeyChange *)message;
    struct views_office_slot *slot = views_office_slot(v, change->office);
    const Esep__V1__OfficeState from =
        slot == NULL ? ESEP__V1__OFFICE_STATE__OFFICE_STATE_UNSPECIFIED : slot->pub.state;
    if (slot == NULL)
        status = check_new_office(v, entry, change);
    else if (is_renewal(change))
        status = check_renewal(v, entry, &slot->pub, change);
    if (status != ESEP_OK)
        return status;
    const bool renewal = slot != NULL && is_renewal(change);
    if (renewal)
        renew(v, entry, slot, change);
    if (renewal && change->code_hash.len == 0)
        return ESEP_OK;
    if (!renewal && !may_become(from, change->state))
        return esep_because(entry->reason, ESEP_INVALID, "office %lu cannot go from state %d to %d",
                            (unsigned long)change->office, (int)from, (int)change->state);
    if (slot == NULL)
        add_office(v, entry, change);
    slot = views_office_slot(v, change->office);
    slot->pub.state = change->state;
    views_mark_office(v, slot);
    if (change->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE) {
        if (slot->pub.rights.index != 0)
            views_mail(v, slot, slot->pub.rights.index);
        views_mail_plans_to(v, slot);
        views_mail_accepted_to(v, slot, entry->leaf.accepted_at);
        if (slot->pub.key_epoch != 0)
            views_mail_own_to(v, slot);
    }
    return ESEP_OK;
}

enum esep_status views_apply_keys_asked(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__keys_asked__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__KeysAsked *asked = (const Esep__V1__KeysAsked *)message;
    struct views_office_slot *slot = views_office_slot(v, asked->office);
    if (slot == NULL)
        return views_no_office(entry, asked->office);
    if (slot->pub.state != ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE ||
        !same_key(asked->sign_key, slot->pub.sign_key))
        return esep_because(entry->reason, ESEP_INVALID,
                            "office %lu is not active under these keys",
                            (unsigned long)asked->office);
    slot->pub.asked_index = entry->index;
    slot->pub.asked_at = entry->leaf.accepted_at;
    views_mail(v, slot, entry->index);
    return ESEP_OK;
}
