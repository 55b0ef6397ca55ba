/* collector/collector_order_do.c - orders about keys: codes, acceptance, revocation, listing.
 *
 * Each order is checked in words that say what to do next, becomes one log entry, and is answered
 * after its commit. The views have the last word: what they cannot apply is refused with their
 * reason, and nothing is logged.
 */
#include "base/text.h"
#include "collector/collector_orders.h"
#include "collector/rights.h"
#include "wire/office_keys.h"

#include <stdio.h>

#define CODE_LIFE_MAX (366 * ESEP_DAY)
#define LIST_PAGE 64u
#define LIST_NAMES 256u
#define REASON_MAX 1024u

void collector_order_deny(struct collector_order_result *result, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(result->text.text, sizeof result->text.text, format, args);
    va_end(args);
    /* It may quote the order, half a letter at the end: OrderReply and a terminal want a whole
     * line.
     */
    esep_text_line(result->text.text, sizeof result->text.text, result->text.text);
    result->ok = false;
}

void collector_order_log(struct collector *c, Esep__V1__LogType type, uint32_t office,
                         const ProtobufCMessage *message, esep_time now,
                         struct collector_order_result *result)
{
    struct esep_slice body = collector_pack(c, message);
    if (body.data == NULL) {
        collector_order_deny(result, "the order is too large");
        return;
    }
    enum esep_status status =
        collector_log_own(c, type, office, body, now, &result->index, &result->text);
    result->ok = result->logged = status == ESEP_OK;
}

bool collector_order_known_body(const struct collector *c, const char *code)
{
    for (uint32_t i = 0; i < views_plan_count(c->views); i++) {
        const Esep__V1__Plan *plan = views_plan(c->views, i);
        if (plan != NULL && esep_body_find(plan, code) >= 0)
            return true;
    }
    return false;
}

/* A code for an office that has lost its keys. */
static bool may_come_back(struct collector *c, const Esep__V1__CodeOrder *m,
                          struct collector_order_result *result)
{
    const struct views_office *office = views_office(c->views, m->office);
    if (office == NULL)
        collector_order_deny(result, "there is no office %u: see `keys list`", m->office);
    else if (strcmp(office->body, m->body) != 0)
        collector_order_deny(result, "office %u is one of %.40s, not of %.40s", m->office,
                             office->body, m->body);
    else if (office->state != ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED)
        collector_order_deny(
            result, "office %u still has its keys: revoke them first (`keys revoke`)", m->office);
    else
        return true;
    return false;
}

static void do_code(struct collector *c, const Esep__V1__Order *order, char *actor, esep_time now,
                    struct collector_order_result *result)
{
    const Esep__V1__CodeOrder *m = order->code;
    if (m->code_hash.len != ESEP_HASH_BYTES) {
        collector_order_deny(result, "the code's hash must be 32 bytes");
    } else if (!collector_order_known_body(c, m->body)) {
        collector_order_deny(result,
                             "no plan has a body \"%.40s\": load the plan first, or check the code "
                             "of the body",
                             m->body);
    } else if (m->expires_at_us <= now || m->expires_at_us > now + CODE_LIFE_MAX) {
        collector_order_deny(result, "the code must expire in the future, within a year");
    } else if (views_code(c->views, m->code_hash.data) != NULL) {
        collector_order_deny(result, "this code exists already: make another one");
    } else if (m->office != 0 && !may_come_back(c, m, result)) {
        return;
    } else {
        Esep__V1__CodeMade made = ESEP__V1__CODE_MADE__INIT;
        made.code_hash = m->code_hash;
        made.body = m->body;
        made.expires_at_us = m->expires_at_us;
        made.accept_on_use = m->accept_on_use;
        made.office = m->office;
        made.actor = actor;
        collector_order_log(c, ESEP__V1__LOG_TYPE__LOG_TYPE_CODE, 0, &made.base, now, result);
    }
}

static void change_key(struct collector *c, const struct views_office *office,
                       Esep__V1__OfficeState state, char *actor, char *reason, esep_time now,
                       struct collector_order_result *result)
{
    char body[ESEP_BODY_CODE_MAX];
    char label[sizeof office->label];
    memcpy(body, office->body, sizeof body);
    memcpy(label, office->label, sizeof label);
    Esep__V1__KeyChange change = ESEP__V1__KEY_CHANGE__INIT;
    change.office = office->office;
    change.state = state;
    change.body = body;
    change.sign_key = esep_pb(office->sign_key, ESEP_KEY_BYTES);
    change.curve_key = esep_pb(office->curve_key, ESEP_KEY_BYTES);
    change.label = label;
    change.actor = actor;
    change.reason = reason;
    result->roster_office = office->office;
    collector_order_log(c, ESEP__V1__LOG_TYPE__LOG_TYPE_KEY, change.office, &change.base, now,
                        result);
}

static bool same_fingerprint(const struct views_office *office, ProtobufCBinaryData said)
{
    struct esep_hash keys = esep_keys_hash(office->sign_key, office->curve_key);
    return said.len == 0 ||
           (said.len == ESEP_CODE_BYTES && memcmp(said.data, keys.bytes, said.len) == 0);
}

static void do_accept(struct collector *c, const Esep__V1__Order *order, char *actor, esep_time now,
                      struct collector_order_result *result)
{
    const struct views_office *office = views_office(c->views, order->accept->office);
    char none[] = "";
    if (office == NULL)
        collector_order_deny(result, "there is no office %u: see `keys list`",
                             order->accept->office);
    else if (office->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED)
        collector_order_deny(result,
                             "office %u is revoked: a revoked key does not come back, "
                             "enrol the office anew",
                             office->office);
    else if (office->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE)
        collector_order_deny(result, "office %u is active already", office->office);
    else if (!same_fingerprint(office, order->accept->fingerprint))
        collector_order_deny(result,
                             "office %u has other keys: its fingerprint is not the one given. "
                             "Revoke it and enrol the office anew, unless this was a slip",
                             office->office);
    else
        change_key(c, office, ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE, actor, none, now,
                   result);
}

static void do_revoke(struct collector *c, const Esep__V1__Order *order, char *actor, esep_time now,
                      struct collector_order_result *result)
{
    const Esep__V1__RevokeOrder *m = order->revoke;
    const struct views_office *office = views_office(c->views, m->office);
    if (office == NULL)
        collector_order_deny(result, "there is no office %u: see `keys list`", m->office);
    else if (office->state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED)
        collector_order_deny(result, "office %u is revoked already", office->office);
    else if (m->reason[0] == '\0' || strlen(m->reason) > REASON_MAX)
        collector_order_deny(result, "say why the key is revoked, in at most %u bytes", REASON_MAX);
    else
        change_key(c, office, ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED, actor, m->reason, now,
                   result);
}

static void do_renew(struct collector *c, const Esep__V1__Order *order, char *actor, esep_time now,
                     struct collector_order_result *result)
{
    const Esep__V1__RenewOrder *m = order->renew;
    const struct views_office *office = views_office(c->views, m->office);
    Esep__V1__KeysAsked asked = ESEP__V1__KEYS_ASKED__INIT;
    if (office == NULL) {
        collector_order_deny(result, "there is no office %u: see `keys list`", m->office);
    } else if (office->state != ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE) {
        collector_order_deny(result, "office %u is not active: it has no keys to renew",
                             office->office);
    } else if (office->asked_index != 0) {
        collector_order_deny(result, "office %u is asked already, and has not renewed them yet",
                             office->office);
    } else if (strlen(m->reason) > REASON_MAX) {
        collector_order_deny(result, "the reason is longer than %u bytes", REASON_MAX);
    } else {
        uint8_t key[ESEP_KEY_BYTES];
        memcpy(key, office->sign_key, sizeof key);
        asked.office = office->office;
        asked.sign_key = esep_pb(key, sizeof key);
        asked.actor = actor;
        asked.reason = m->reason;
        collector_order_log(c, ESEP__V1__LOG_TYPE__LOG_TYPE_KEYS_ASKED, asked.office, &asked.base,
                            now, result);
    }
}

/* count names, each so many bytes behind the one before; NULL: no memory. */
static char **list_names(struct collector *c, const char *first, size_t stride, size_t count)
{
    char **names = esep_arena_alloc(&c->arena, (count + 1) * sizeof *names);
    for (size_t i = 0; names != NULL && i < count; i++) {
        names[i] = esep_arena_str(&c->arena, esep_slice_str(first + i * stride));
        if (names[i] == NULL)
            return NULL;
    }
    return names;
}

static Esep__V1__OfficeInfo *list_office(struct collector *c, const struct views_office *office,
                                         uint8_t state)
{
    Esep__V1__OfficeInfo *info = esep_arena_alloc(&c->arena, sizeof *info);
    char *body = esep_arena_str(&c->arena, esep_slice_str(office->body));
    char *label = esep_arena_str(&c->arena, esep_slice_str(office->label));
    if (info == NULL || body == NULL || label == NULL)
        return NULL;
    esep__v1__office_info__init(info);
    info->office = office->office;
    info->body = body;
    info->label = label;
    info->state = state;
    info->sign_key = esep_pb(office->sign_key, ESEP_KEY_BYTES);
    info->curve_key = esep_pb(office->curve_key, ESEP_KEY_BYTES);
    info->enrolled_at_us = office->enrolled_at;
    info->seen_at_us = office->seen_at;
    info->key_since_us = office->key_since;
    info->renewal_asked_us = office->asked_at;
    info->epoch = collector_office(c, office->office)->durable_epoch;
    info->seq = collector_office(c, office->office)->durable_seq;
    const struct views_rights *rights = &office->rights;
    info->bodies = list_names(c, rights->bodies[0], sizeof rights->bodies[0], rights->body_count);
    info->plans = list_names(c, rights->plans[0], sizeof rights->plans[0], rights->plan_count);
    info->n_bodies = rights->body_count;
    info->n_plans = rights->plan_count;
    return info->bodies != NULL && info->plans != NULL ? info : NULL;
}

/* What is durable, LIST_PAGE offices at a time. */
static void do_list(struct collector *c, const Esep__V1__Order *order, char *actor, esep_time now,
                    struct collector_order_result *result)
{
    (void)actor;
    (void)now;
    Esep__V1__OrderReply *reply = esep_arena_alloc(&c->arena, sizeof *reply);
    Esep__V1__OfficeInfo **infos = esep_arena_alloc(&c->arena, LIST_PAGE * sizeof(void *));
    uint32_t next = views_next_office(c->views);
    if (reply == NULL || infos == NULL) {
        collector_order_deny(result, "busy: order again");
        return;
    }
    esep__v1__order_reply__init(reply);
    reply->ok = true;
    reply->offices = infos;
    uint32_t i = order->list->after_office < next ? order->list->after_office + 1 : next;
    size_t names = 0; /* of bodies and plans: they are what may make a page too large */
    for (; i < next && reply->n_offices < LIST_PAGE && names < LIST_NAMES; i++) {
        uint8_t state = collector_office(c, i)->durable_state;
        if (state == 0)
            continue;
        infos[reply->n_offices] = list_office(c, views_office(c->views, i), state);
        if (infos[reply->n_offices++] == NULL) {
            collector_order_deny(result, "busy: order again");
            return; /* none is left out of a list */
        }
        names += infos[reply->n_offices - 1]->n_bodies + infos[reply->n_offices - 1]->n_plans;
    }
    reply->more = i < next;
    result->ok = true;
    result->reply = reply;
}

typedef void order_fn(struct collector *c, const Esep__V1__Order *order, char *actor, esep_time now,
                      struct collector_order_result *result);

void collector_order_do(struct collector *c, const Esep__V1__Order *order, const char *actor,
                        esep_time now, struct collector_order_result *result)
{
    static order_fn *const table[] = {
        [ESEP__V1__ORDER__WHAT_CODE] = do_code,
        [ESEP__V1__ORDER__WHAT_ACCEPT] = do_accept,
        [ESEP__V1__ORDER__WHAT_REVOKE] = do_revoke,
        [ESEP__V1__ORDER__WHAT_LIST] = do_list,
        [ESEP__V1__ORDER__WHAT_PLAN] = collector_order_plan,
        [ESEP__V1__ORDER__WHAT_REVIEW] = collector_order_review,
        [ESEP__V1__ORDER__WHAT_EXTEND] = collector_order_extend,
        [ESEP__V1__ORDER__WHAT_CONTROL] = collector_order_control,
        [ESEP__V1__ORDER__WHAT_ACCOUNT] = collector_order_account,
        [ESEP__V1__ORDER__WHAT_CREDENTIAL] = collector_order_credential,
        [ESEP__V1__ORDER__WHAT_BUNDLE] = NULL, /* the shell takes it apart; run_bundle.c */
        [ESEP__V1__ORDER__WHAT_RIGHTS] = collector_order_rights,
        [ESEP__V1__ORDER__WHAT_RENEW] = do_renew,
    };
    char name[COLLECTOR_ACTOR_MAX]; /* a local user's is shorter, an operator's too */
    size_t which = (size_t)order->what_case;
    size_t len = strlen(actor);
    ESEP_ASSERT(len < sizeof name && which < sizeof table / sizeof table[0]);
    if (table[which] == NULL)
        collector_order_deny(result, "the order says nothing that this collector knows");
    else {
        memcpy(name, actor, len + 1);
        table[which](c, order, name, now, result);
    }
}
