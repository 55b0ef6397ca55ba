/* collector/web/web_accounts.c - accounts, for an administrator: who there is, orders about them,
 * invitations.
 *
 * What an account is and may, ingest logs, and checks the order's right to it. So it does with an
 * invitation: who drew it for whom and when it ends is logged, with its hash; then it is kept with
 * the passwords, and shown once. Another one makes it void. Nobody draws one for the own account,
 * nor for that of whom he stands in for: a password that is chosen with it opens the account.
 */
#include "collector/commands.h"
#include "collector/web/credentials.h"
#include "collector/web/web_order.h"
#include "io/log.h"
#include "wire/unpack.h"

#include <stdio.h>

static json_t *account_json(const struct web *web, const struct views_account *account)
{
    struct web_credential credential = {0};
    struct esep_reason reason = {""};
    const enum esep_status status =
        web_credential_get(web->credentials, account->name, &credential, &reason);
    const bool known = status == ESEP_OK;
    const bool invited = known && credential.invited_until > web_now(web);
    json_t *value = collector_account_json(account);
    if (!known && status != ESEP_NOT_FOUND)
        esep_log(ESEP_LOG_ERROR, "credentials", "%s", reason.text);
    (void)json_object_set_new(value, "password",
                              json_boolean(known && credential.password[0] != '\0'));
    (void)json_object_set_new(value, "second_factor",
                              json_boolean(known && credential.second_factor));
    (void)json_object_set_new(value, "invited_until",
                              invited ? esep_json_time(credential.invited_until, NULL)
                                      : json_null());
    esep_wipe(&credential, sizeof credential);
    return value;
}

void web_account_list(const struct web_call *call)
{
    const struct views *views = call->web->state.views;
    json_t *list = json_array();
    for (uint32_t i = 0; i < views_account_count(views); i++)
        (void)json_array_append_new(list, account_json(call->web, views_account(views, i)));
    web_answer_json(call->web, call->request, 200, NULL, 0, json_pack("{s:o}", "accounts", list));
}

static bool read_role(struct web_order *order, const char *text)
{
    Esep__V1__AccountRole role = ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_UNSPECIFIED;
    if (collector_role_parse(text, &role) != ESEP_OK)
        return false;
    order->account.role = role;
    return true;
}

void web_account_add(const struct web_call *call)
{
    const char *name = NULL;
    const char *display = "";
    const char *role = NULL;
    const char *body = "";
    struct web_order *order = web_order_begin(call, ESEP__V1__ORDER__WHAT_ACCOUNT);
    if (order == NULL)
        return;
    if (json_unpack(order->said, "{s:s, s:s, s?s, s?s !}", "name", &name, "role", &role, "display",
                    &display, "body", &body) != 0 ||
        !read_role(order, role)) {
        web_order_bad(call, order,
                      "an account is {\"name\", \"role\", \"display\", \"body\"}; role is viewer, "
                      "reviewer, secretary or administrator");
        return;
    }
    order->account.act = ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ADD;
    order->account.name = web_order_text(name);
    order->account.display = web_order_text(display);
    order->account.body = web_order_text(body);
    web_order_pass_on(order);
}

/* What is said of an account that is there. NULL: it could be read; else what it looks like. */
typedef const char *change_fn(struct web_order *order);

static const char *read_new_role(struct web_order *order)
{
    const char *role = NULL;
    const char *body = "";
    int no_body = 0;
    order->account.act = ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_ROLE;
    if (json_unpack(order->said, "{s:s, s?s, s?b !}", "role", &role, "body", &body, "no_body",
                    &no_body) != 0 ||
        !read_role(order, role))
        return "a role is {\"role\"}, with \"body\", or \"no_body\": true; role is viewer, "
               "reviewer, secretary or administrator";
    order->account.body = web_order_text(body);
    order->account.no_body = no_body != 0;
    return NULL;
}

static const char *read_close(struct web_order *order)
{
    order->account.act = ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_CLOSE;
    return json_unpack(order->said, "{!}") != 0 ? "closing takes {}: it is for good" : NULL;
}

static const char *read_substitute(struct web_order *order)
{
    const char *other = "";
    const char *from = "";
    const char *until = "";
    int nobody = 0;
    order->account.act = ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_SUBSTITUTE;
    if (json_unpack(order->said, "{s?s, s?s, s?s, s?b !}", "for", &other, "from", &from, "until",
                    &until, "nobody", &nobody) != 0 ||
        (nobody != 0) != (other[0] == '\0') ||
        (nobody != 0 && (from[0] != '\0' || until[0] != '\0')))
        return "a substitute is {\"for\", \"from\", \"until\"}, both days included, or "
               "{\"nobody\": true}";
    order->account.substitute_for = web_order_text(other);
    order->account.from = web_order_text(from);
    order->account.until = web_order_text(until);
    return NULL;
}

static void order_change(const struct web_call *call, const char *name, change_fn *read)
{
    struct web_order *order = web_order_begin(call, ESEP__V1__ORDER__WHAT_ACCOUNT);
    if (order == NULL)
        return;
    (void)snprintf(order->name, sizeof order->name, "%s", name);
    order->account.name = order->name;
    const char *form = read(order);
    if (form != NULL)
        web_order_bad(call, order, form);
    else
        web_order_pass_on(order);
}

/* It is in the log: now it may open the account. */
static void keep_invitation(struct web_order *order, bool worked)
{
    struct web *web = order->web;
    struct web_credential credential = {0};
    struct esep_reason reason = {""};
    if (!web_order_logged(order, worked))
        return;
    enum esep_status status =
        web_credential_get(web->credentials, order->name, &credential, &reason);
    if (status == ESEP_NOT_FOUND)
        status = ESEP_OK;
    memcpy(credential.invitation.bytes, order->hash, sizeof order->hash);
    credential.invited_until = order->credential.until_us;
    if (status == ESEP_OK)
        status = web_credential_put(web->credentials, order->name, &credential, &reason);
    if (status == ESEP_OK) {
        web_answer_json(web, order->request, 201, NULL, 0,
                        json_pack("{s:s, s:s, s:o, s:I}", "name", order->name, "invitation",
                                  order->secret, "good_until",
                                  esep_json_time(credential.invited_until, NULL), "log_index",
                                  (json_int_t)order->items[0].log_index));
    } else {
        esep_log(ESEP_LOG_ERROR, "credentials", "%s", reason.text);
        web_problem(web, order->request, 500,
                    "the invitation could not be kept: the server's log says why");
    }
    esep_wipe(&credential, sizeof credential);
}

static void invite(const struct web_call *call, const char *name)
{
    struct web *web = call->web;
    const struct views_account *account = views_account_named(web->state.views, name);
    struct web_credential next = {0};

    if (account == NULL || account->state != ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE) {
        web_problem(web, call->request, 404, "there is no open account of that name");
        return;
    }
    struct web_order *order =
        web_order_new(web, call->request, call->session->account, ESEP__V1__ORDER__WHAT_CREDENTIAL);
    if (order == NULL)
        return;
    static_assert(sizeof order->secret >= WEB_INVITATION_CHARS, "an invitation fits");
    web_invitation_make(&next, call->now + WEB_INVITED_FOR, order->secret);
    memcpy(order->hash, next.invitation.bytes, sizeof order->hash);
    (void)snprintf(order->name, sizeof order->name, "%s", name);
    order->credential.account = order->name;
    order->credential.act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_INVITED;
    order->credential.hash = esep_pb(order->hash, sizeof order->hash);
    order->credential.until_us = next.invited_until;
    order->settle = keep_invitation;
    web_order_pass_on(order);
}

/* NAME/what */
void web_account_change(const struct web_call *call)
{
    static const struct {
        const char *word;
        change_fn *read; /* NULL: an invitation */
    } changes[] = {{"/role", read_new_role},
                   {"/close", read_close},
                   {"/substitute", read_substitute},
                   {"/invitation", NULL}};
    char name[WEB_ACCOUNT_MAX];
    const size_t len = strcspn(call->rest, "/");
    (void)snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : 0), call->rest);
    for (size_t i = 0; name[0] != '\0' && i < sizeof changes / sizeof changes[0]; i++) {
        if (strcmp(call->rest + len, changes[i].word) != 0)
            continue;
        if (changes[i].read != NULL)
            order_change(call, name, changes[i].read);
        else
            invite(call, name);
        return;
    }
    web_problem(call->web, call->request, 404,
                "of an account: its role, close, substitute, invitation");
}
