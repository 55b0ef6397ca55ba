/* collector/collector_order_account.c - orders of accounts, and orders about accounts.
 *
 * What comes over the accounts' socket was passed on by the web process. Its word is taken for who
 * is logged in, for nothing else: the account must be open, and its right to the act is looked up
 * here (rights.h), at the hour of the order. So whoever takes that process over can do what
 * accounts may, and is in the log with it.
 *
 * Accounts are made by operators, and by administrators. Nobody changes the own account, nor that
 * of whom he stands in for; but what the own account is let in by is its own matter
 * (collector_order_credential.c).
 */
#include "collector/collector_orders.h"
#include "collector/rights.h"

static enum collector_act act_of(const Esep__V1__Order *order)
{
    static const struct {
        Esep__V1__Order__WhatCase what;
        enum collector_act act;
    } acts[] = {
        {ESEP__V1__ORDER__WHAT_REVIEW, COLLECTOR_ACT_REVIEW},
        {ESEP__V1__ORDER__WHAT_EXTEND, COLLECTOR_ACT_EXTEND},
        {ESEP__V1__ORDER__WHAT_CONTROL, COLLECTOR_ACT_CONTROL},
        {ESEP__V1__ORDER__WHAT_ACCOUNT, COLLECTOR_ACT_ACCOUNTS},
    };
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (acts[i].what == order->what_case)
            return acts[i].act;
    }
    if (order->what_case == ESEP__V1__ORDER__WHAT_CREDENTIAL)
        return collector_credential_act(order->credential);
    return COLLECTOR_ACT_OPERATE; /* all others, and those to come */
}

/* What the order is about, where it is about something that is there. */
static const struct views_obligation *about(const struct collector *c, const Esep__V1__Order *order,
                                            uint32_t *ret_office)
{
    const struct views_obligation *o = NULL;
    *ret_office = 0;
    if (order->what_case == ESEP__V1__ORDER__WHAT_EXTEND)
        return views_obligation_by_key(c->views, order->extend->obligation);
    if (order->what_case == ESEP__V1__ORDER__WHAT_CONTROL)
        return views_obligation_by_key(c->views, order->control->obligation);
    if (order->what_case == ESEP__V1__ORDER__WHAT_REVIEW)
        o = views_obligation_by_head(c->views, order->review->report_index);
    for (uint32_t i = 0; o != NULL && i < o->listed; i++) {
        if (o->heads[i].index == order->review->report_index)
            *ret_office = o->heads[i].office;
    }
    return o;
}

static bool own_account(const struct views_account *who, enum collector_right right,
                        const Esep__V1__Order *order)
{
    const char *name = order->what_case == ESEP__V1__ORDER__WHAT_ACCOUNT ? order->account->name
                       : order->what_case == ESEP__V1__ORDER__WHAT_CREDENTIAL
                           ? order->credential->account
                           : "";
    return act_of(order) == COLLECTOR_ACT_ACCOUNTS &&
           (strcmp(name, who->name) == 0 ||
            (right == COLLECTOR_RIGHT_SUBSTITUTE && strcmp(name, who->substitute_for) == 0));
}

/* What only the account itself may change: its password, its calendar's address. */
static bool others_own(const struct views_account *who, const Esep__V1__Order *order)
{
    return order->what_case == ESEP__V1__ORDER__WHAT_CREDENTIAL &&
           act_of(order) == COLLECTOR_ACT_LOOK &&
           strcmp(order->credential->account, who->name) != 0;
}

/* The right to it; else COLLECTOR_RIGHT_NONE, and why. */
static enum collector_right permitted(const struct collector *c, const Esep__V1__Order *order,
                                      const struct views_account *who, esep_time now,
                                      struct collector_order_result *result)
{
    uint32_t office = 0;
    const struct views_obligation *o = about(c, order, &office);
    const enum collector_act act = act_of(order);
    const enum collector_right right = collector_right_in(c->views, who, act, o, office, now);
    if (who->state != ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE)
        collector_order_deny(result, "account %s is closed", who->name);
    else if (right == COLLECTOR_RIGHT_OWN_BODY)
        collector_order_deny(result,
                             "nobody reviews a report of the own body, nor for one whose body it "
                             "is: account %s leaves this one to another",
                             who->name);
    else if (act == COLLECTOR_ACT_OPERATE)
        collector_order_deny(result, "plans, offices, their keys and second factors are the "
                                     "operators': no account orders them");
    else if (!collector_right_is(right))
        collector_order_deny(result, "account %s (%s) has not the right: %s", who->name,
                             collector_role_name(who->role), collector_act_name(act));
    else if (others_own(who, order))
        collector_order_deny(result, "that is for account %.64s itself",
                             order->credential->account);
    else if (own_account(who, right, order))
        collector_order_deny(result, "nobody changes the own account: ask another administrator");
    else
        return right;
    return COLLECTOR_RIGHT_NONE;
}

static void deny(struct collector *c, struct collector_asker *asker, char *text)
{
    Esep__V1__OrderReply reply = ESEP__V1__ORDER_REPLY__INIT;
    collector_count(c, COLLECTOR_ORDERS_DENIED, 1);
    reply.text = text;
    reply.denied = true;
    collector_order_send(c, asker, &reply);
}

void collector_account_order(struct collector *c, uint64_t token, struct esep_slice bytes,
                             esep_time now)
{
    struct collector_asker asker = {.local = true, .token = token};
    struct collector_order_result result = {0};
    char actor[COLLECTOR_ACTOR_MAX];
    esep_arena_reset(&c->arena);
    const Esep__V1__Order *order = collector_order_unpack(c, bytes);
    if (order == NULL) {
        collector_order_reply(c, &asker, false, "the order cannot be read", 0);
        return;
    }
    const struct views_account *who = views_account_named(c->views, order->actor);
    if (who == NULL) {
        collector_order_deny(&result, "there is no account \"%.64s\"", order->actor);
        deny(c, &asker, result.text.text);
        return;
    }
    const enum collector_right right = permitted(c, order, who, now, &result);
    if (right == COLLECTOR_RIGHT_NONE) {
        deny(c, &asker, result.text.text);
        return;
    }
    collector_right_actor(who, right, actor);
    collector_order_carry_out(c, &asker, order, actor, now);
}

bool collector_order_says_account(const struct collector *c, const char *actor)
{
    char name[COLLECTOR_ACTOR_MAX] = "";
    const char *substitute = strstr(actor, " for ");
    size_t len = substitute != NULL ? (size_t)(substitute - actor) : strlen(actor);
    ESEP_ASSERT(len < sizeof name); /* longer actors were refused */
    memcpy(name, actor, len);
    name[len] = '\0';
    return views_account_named(c->views, name) != NULL;
}

/* Orders about accounts. */

static void log_account(struct collector *c, struct views_account *next, char *actor, esep_time now,
                        struct collector_order_result *result)
{
    Esep__V1__Account account = ESEP__V1__ACCOUNT__INIT;
    account.name = next->name;
    account.display = next->display;
    account.role = next->role;
    account.body = next->body;
    account.state = next->state;
    account.substitute_for = next->substitute_for;
    account.from_day = next->from_day;
    account.until_day = next->until_day;
    account.actor = actor;
    collector_order_log(c, ESEP__V1__LOG_TYPE__LOG_TYPE_ACCOUNT, 0, &account.base, now, result);
}

static bool role_given(struct collector_order_result *result, const Esep__V1__AccountOrder *m,
                       struct views_account *next)
{
    if (m->role < ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_VIEWER ||
        m->role > ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_ADMINISTRATOR) {
        collector_order_deny(result, "an account needs a role: viewer, reviewer, secretary or "
                                     "administrator");
        return false;
    }
    next->role = (Esep__V1__AccountRole)m->role;
    return true;
}

static bool body_given(const struct collector *c, struct collector_order_result *result,
                       const Esep__V1__AccountOrder *m, struct views_account *next)
{
    if (m->no_body)
        next->body[0] = '\0';
    if (m->body[0] == '\0')
        return true;
    if (m->no_body || strlen(m->body) >= sizeof next->body ||
        !collector_order_known_body(c, m->body)) {
        collector_order_deny(result,
                             "no plan has a body \"%.40s\": load the plan first, or check the code "
                             "of the body",
                             m->body);
        return false;
    }
    memcpy(next->body, m->body, strlen(m->body) + 1);
    return true;
}

static bool is_operator(const struct collector *c, const char *name)
{
    for (size_t i = 0; i < c->config.operator_count; i++) {
        if (strcmp(c->config.operators[i].name, name) == 0)
            return true;
    }
    return false;
}

static bool add(struct collector *c, const Esep__V1__AccountOrder *m, esep_time now,
                struct views_account *next, struct collector_order_result *result)
{
    const char *display = m->display[0] != '\0' ? m->display : m->name;
    (void)now;
    if (!views_account_name_valid(m->name))
        collector_order_deny(result, "an account's name is 1 to %u of a-z 0-9 . _ -",
                             VIEWS_ACCOUNT_NAME_MAX - 1);
    else if (is_operator(c, m->name))
        collector_order_deny(result, "%s is the name of an operator: take another", m->name);
    else if (strlen(display) >= sizeof next->display || display[strcspn(display, "\t\r\n")] != '\0')
        collector_order_deny(result, "a display name is one line of at most %u bytes",
                             VIEWS_ACCOUNT_DISPLAY_MAX - 1);
    else if (role_given(result, m, next) && body_given(c, result, m, next)) {
        memcpy(next->name, m->name, strlen(m->name) + 1);
        memcpy(next->display, display, strlen(display) + 1);
        next->state = ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE;
        return true;
    }
    return false;
}

static bool change_role(struct collector *c, const Esep__V1__AccountOrder *m, esep_time now,
                        struct views_account *next, struct collector_order_result *result)
{
    (void)now;
    return role_given(result, m, next) && body_given(c, result, m, next);
}

static bool close_account(struct collector *c, const Esep__V1__AccountOrder *m, esep_time now,
                          struct views_account *next, struct collector_order_result *result)
{
    (void)c;
    (void)m;
    (void)now;
    (void)result;
    next->state = ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_CLOSED;
    next->substitute_for[0] = '\0';
    next->from_day = next->until_day = 0;
    return true;
}

static bool substitute(struct collector *c, const Esep__V1__AccountOrder *m, esep_time now,
                       struct views_account *next, struct collector_order_result *result)
{
    const struct views_account *other = views_account_named(c->views, m->substitute_for);
    const struct esep_zone *zone = views_plan_zone(c->views, 0);
    if (m->substitute_for[0] == '\0' && m->from[0] == '\0' && m->until[0] == '\0') {
        next->substitute_for[0] = '\0';
        next->from_day = next->until_day = 0;
        return true;
    }
    if (other == NULL || other->state != ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE)
        collector_order_deny(result, "there is no open account \"%.64s\" to stand in for",
                             m->substitute_for);
    else if (strcmp(other->name, next->name) == 0)
        collector_order_deny(result, "nobody stands in for himself");
    else if (collector_order_day(result, "from", m->from, &next->from_day) &&
             collector_order_day(result, "until", m->until, &next->until_day)) {
        if (next->until_day < next->from_day)
            collector_order_deny(result, "the last day, %.20s, is before the first", m->until);
        else if (zone != NULL && next->until_day < esep_zone_day(zone, now))
            collector_order_deny(result, "until %.20s has passed", m->until);
        else {
            memcpy(next->substitute_for, other->name, sizeof next->substitute_for);
            return true;
        }
    }
    return false;
}

typedef bool account_fn(struct collector *c, const Esep__V1__AccountOrder *m, esep_time now,
                        struct views_account *next, struct collector_order_result *result);

void collector_order_account(struct collector *c, const Esep__V1__Order *order, char *actor,
                             esep_time now, struct collector_order_result *result)
{
    static account_fn *const table[] = {
        [ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ADD] = add,
        [ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ROLE] = change_role,
        [ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_CLOSE] = close_account,
        [ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_SUBSTITUTE] = substitute,
    };
    const Esep__V1__AccountOrder *m = order->account;
    const size_t act = (size_t)m->act;
    const bool makes = m->act == ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ADD;
    const struct views_account *known = views_account_named(c->views, m->name);
    struct views_account next = {.number = 0}; /* a copy: the views change what is theirs */
    if (act >= sizeof table / sizeof table[0] || table[act] == NULL) {
        collector_order_deny(result, "an account is added, given a role, closed, or a substitute");
        return;
    }
    if (makes != (known == NULL)) {
        collector_order_deny(result,
                             makes ? "there is an account \"%.64s\" already, or was: a name is "
                                     "given once"
                                   : "there is no account \"%.64s\": see `account list`",
                             m->name);
        return;
    }
    if (known != NULL) {
        next = *known;
        if (known->state != ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE) {
            collector_order_deny(result, "account %s is closed, and stays so", known->name);
            return;
        }
    }
    if (table[act](c, m, now, &next, result))
        log_account(c, &next, actor, now, result);
}
