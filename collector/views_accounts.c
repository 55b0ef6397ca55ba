/* collector/views_accounts.c - accounts of the commission, as the log says who they are.
 *
 * An ACCOUNT entry holds the whole account but for what it is let in by, of which CREDENTIAL
 * entries say who changed it and when. A name is given once and never again, even when its account
 * is closed: whoever reads years later who accepted a report finds one person. What an account may
 * do is rights.h; who may order a change is ingest.
 */
#include "collector/views_state.h"

static bool name_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool views_account_name_valid(const char *name)
{
    size_t len = 0;
    while (name[len] != '\0' && name_letter(name[len]))
        len++;
    return name[len] == '\0' && len > 0 && len < VIEWS_ACCOUNT_NAME_MAX;
}

static bool well_formed(const Esep__V1__Account *account)
{
    return views_account_name_valid(account->name) &&
           strlen(account->display) < VIEWS_ACCOUNT_DISPLAY_MAX &&
           strlen(account->body) < ESEP_BODY_CODE_MAX &&
           account->role >= ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_VIEWER &&
           account->role <= ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_ADMINISTRATOR &&
           (account->state == ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE ||
            account->state == ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_CLOSED);
}

static enum esep_status check_substitute(const struct views *v, const struct views_entry *entry,
                                         const Esep__V1__Account *account)
{
    if (account->substitute_for[0] == '\0')
        return account->from_day == 0 && account->until_day == 0
                   ? ESEP_OK
                   : esep_because(entry->reason, ESEP_INVALID, "days, but nobody to stand in for");
    if (strcmp(account->substitute_for, account->name) == 0)
        return esep_because(entry->reason, ESEP_INVALID, "nobody stands in for himself");
    if (views_account_named(v, account->substitute_for) == NULL)
        return esep_because(entry->reason, ESEP_INVALID, "there is no account \"%.64s\"",
                            account->substitute_for);
    if (account->until_day < account->from_day)
        return esep_because(entry->reason, ESEP_INVALID, "the last day is before the first");
    return ESEP_OK;
}

static enum esep_status check_known(const struct views *v, const struct views_entry *entry,
                                    const struct views_account *known,
                                    const Esep__V1__Account *account)
{
    if (known != NULL && known->state == ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_CLOSED)
        return esep_because(entry->reason, ESEP_INVALID,
                            "account %s is closed, and its name is not given again", known->name);
    if (known == NULL && account->state != ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE)
        return esep_because(entry->reason, ESEP_INVALID, "there is no account \"%.64s\"",
                            account->name);
    if (known == NULL && v->account_count == v->limits.accounts_max)
        return esep_because(entry->reason, ESEP_LIMIT, "no room for more than %lu accounts",
                            (unsigned long)v->limits.accounts_max);
    return ESEP_OK;
}

/* well_formed and check_substitute have measured them. */
static void take_text(char *out, const char *text)
{
    memcpy(out, text, strlen(text) + 1);
}

enum esep_status views_apply_account(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    enum esep_status status = views_message(v, entry, &esep__v1__account__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Account *account = (const Esep__V1__Account *)message;
    if (!well_formed(account))
        return esep_because(entry->reason, ESEP_INVALID,
                            "an account's name, display name, body, role or state is malformed");
    const struct views_account *known = views_account_named(v, account->name);
    status = check_known(v, entry, known, account);
    if (status == ESEP_OK)
        status = check_substitute(v, entry, account);
    if (status != ESEP_OK)
        return status;
    const uint32_t number = known != NULL ? known->number : v->account_count;
    struct views_account *slot = &v->accounts[number];
    /* Nothing of an older, longer name. */
    memset(slot, 0, offsetof(struct views_account, proofs));
    slot->number = number;
    take_text(slot->name, account->name);
    take_text(slot->display, account->display);
    take_text(slot->body, account->body);
    take_text(slot->substitute_for, account->substitute_for);
    slot->from_day = account->from_day;
    slot->until_day = account->until_day;
    slot->role = account->role;
    slot->state = account->state;
    slot->index = entry->index;
    if (known == NULL) {
        v->account_count++;
        views_index_account(v, number);
    }
    views_put_account(v, number);
    return ESEP_OK;
}

/* What each act says of which proof, and what it carries. */
static const struct {
    enum views_proof_kind kind;
    bool stands, hash, until;
} credential_acts[] = {
    [ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_INVITED] = {VIEWS_PROOF_INVITATION, true, true, true},
    [ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_PASSWORD] = {.kind = VIEWS_PROOF_PASSWORD,
                                                           .stands = true},
    [ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_SECOND_FACTOR] = {.kind = VIEWS_PROOF_SECOND_FACTOR,
                                                                .stands = true},
    [ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_NO_SECOND_FACTOR] = {.kind =
                                                                       VIEWS_PROOF_SECOND_FACTOR},
    [ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_CALENDAR] = {.kind = VIEWS_PROOF_CALENDAR,
                                                           .stands = true,
                                                           .hash = true},
    [ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_NO_CALENDAR] = {.kind = VIEWS_PROOF_CALENDAR},
};

static bool credential_well_formed(const Esep__V1__Credential *m)
{
    const size_t act = (size_t)m->act;
    return act != 0 && act < sizeof(credential_acts) / sizeof(credential_acts[0]) &&
           m->hash.len == (credential_acts[act].hash ? ESEP_HASH_BYTES : 0) &&
           (m->until_us != 0) == credential_acts[act].until && strlen(m->actor) < VIEWS_ACTOR_MAX;
}

enum esep_status views_apply_credential(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__credential__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Credential *m = (const Esep__V1__Credential *)message;
    const struct views_account *known = views_account_named(v, m->account);
    if (known == NULL || known->state != ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE)
        return esep_because(entry->reason, ESEP_INVALID, "there is no open account \"%.64s\"",
                            m->account);
    if (!credential_well_formed(m))
        return esep_because(entry->reason, ESEP_INVALID,
                            "what an account is let in by: act, hash or instant is malformed");
    struct views_account *account = &v->accounts[known->number];
    struct views_proof *proof = &account->proofs[credential_acts[m->act].kind];
    memset(proof, 0, sizeof(*proof));
    proof->index = entry->index;
    proof->at = entry->leaf.accepted_at;
    proof->stands = credential_acts[m->act].stands;
    proof->until = m->until_us;
    if (m->hash.len > 0)
        memcpy(proof->hash.bytes, m->hash.data, ESEP_HASH_BYTES);
    take_text(proof->actor, m->actor);
    if (m->act == ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_PASSWORD)
        account->proofs[VIEWS_PROOF_INVITATION].stands = false; /* used, or no longer needed */
    views_put_account(v, known->number);
    return ESEP_OK;
}
