/* collector/collector_order_credential.c - what an account is let in by has changed: who did it.
 *
 * The change itself is the web process's, or the command's, which order this entry first and
 * change nothing where it is refused: so nothing stands that the log does not know. (Where a change
 * fails after its entry, the log tells of one that opens nothing.) What opens an account is never
 * here, but for the hash of what is random: see Credential in log.proto.
 */
#include "collector/collector_orders.h"
#include "collector/rights.h"

#define INVITATION_LIFE_MAX (31 * ESEP_DAY)
#define ACT(name) ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_##name

enum collector_act collector_credential_act(const Esep__V1__CredentialOrder *order)
{
    switch (order->act) {
    case ACT(INVITED):
        return COLLECTOR_ACT_ACCOUNTS;
    case ACT(PASSWORD):
    case ACT(CALENDAR):
    case ACT(NO_CALENDAR):
        return COLLECTOR_ACT_LOOK; /* every account's own */
    default:
        return COLLECTOR_ACT_OPERATE;
    }
}

static bool is_calendar(const Esep__V1__CredentialOrder *m)
{
    return m->act == ACT(CALENDAR) || m->act == ACT(NO_CALENDAR);
}

static bool is_well_formed(const Esep__V1__CredentialOrder *m, esep_time now,
                           struct collector_order_result *result)
{
    const bool invites = m->act == ACT(INVITED);
    if (m->act < ACT(INVITED) || m->act > ACT(NO_CALENDAR))
        collector_order_deny(result, "that is nothing an account is let in by");
    else if (m->hash.len != (invites || m->act == ACT(CALENDAR) ? ESEP_HASH_BYTES : 0))
        collector_order_deny(result, "a hash of 32 bytes goes with an invitation and a calendar's "
                                     "address, and with nothing else");
    else if (invites ? m->until_us <= now || m->until_us > now + INVITATION_LIFE_MAX
                     : m->until_us != 0)
        collector_order_deny(result, "an invitation, and nothing else, ends in the future, within "
                                     "31 days");
    else
        return true;
    return false;
}

void collector_order_credential(struct collector *c, const Esep__V1__Order *order, char *actor,
                                esep_time now, struct collector_order_result *result)
{
    const Esep__V1__CredentialOrder *m = order->credential;
    const struct views_account *known = views_account_named(c->views, m->account);
    if (known == NULL || known->state != ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE) {
        collector_order_deny(result, "there is no open account \"%.64s\": see `account list`",
                             m->account);
    } else if (is_calendar(m) && strcmp(actor, m->account) != 0) {
        collector_order_deny(result, "a calendar's address is for account %s itself", known->name);
    } else if (m->act == ACT(NO_CALENDAR) && !known->proofs[VIEWS_PROOF_CALENDAR].stands) {
        collector_order_deny(result, "account %s has no calendar's address", known->name);
    } else if (is_well_formed(m, now, result)) {
        Esep__V1__Credential entry = ESEP__V1__CREDENTIAL__INIT;
        entry.account = m->account;
        entry.act = (Esep__V1__CredentialAct)m->act;
        entry.hash = m->hash;
        entry.until_us = m->until_us;
        entry.actor = actor;
        collector_order_log(c, ESEP__V1__LOG_TYPE__LOG_TYPE_CREDENTIAL, 0, &entry.base, now,
                            result);
    }
}
