/* collector/views_accounts.c - accounts of the commission, as the log says who they are.
 *
 * An entry holds the whole account. A name is given once and never again, even when its account is
 * closed: whoever reads years later who accepted a report finds one person. What an account may do
 * is rights.h; who may order a change is ingest.
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
    memset(slot, 0, sizeof(*slot)); /* nothing of an older, longer name */
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
