/* collector/web/web_login.c - logging in and out.
 *
 * A login is one request: a name, a password, a code where the account has a second factor; or an
 * invitation in place of the old password, and the new one. Whatever is wrong with it, the answer
 * is the same, and takes as long: nobody learns which names there are. Failures are counted before
 * the answer goes out (throttle.h). A login draws a new token whatever cookie came along.
 *
 * A password is hashed beside the loop, so a record may change meanwhile, by another login or by
 * the command: what was proved is proved of the record that is kept when the hash is there. That a
 * password was chosen is an entry of the log, made before it holds.
 *
 * An administrator without a second factor is let in nowhere: who makes accounts could make one.
 */
#include "collector/web/web_order.h"
#include "io/keyfile.h"
#include "io/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { CODE_MAX = 16 };

/* A login whose password is being hashed. It holds the request until it is answered. */
struct login {
    struct web *web;
    struct esep_http_request *request;
    char name[WEB_ACCOUNT_MAX];
    char code[CODE_MAX];
    char peer[INET6_ADDRSTRLEN];
    struct web_credential credential;
    char chosen[WEB_PASSWORD_HASH_MAX]; /* the hash of a new password */
    bool known;                         /* an open account that has a credential */
};

static const char *cookie_name(const struct web *web)
{
    return web->settings->web_insecure ? "esep" : "__Host-esep";
}

bool web_cookie_token(const struct web *web, const struct esep_http_request *request,
                      uint8_t ret_token[WEB_TOKEN_BYTES])
{
    const char *text = esep_http_cookie(request, cookie_name(web));
    return text != NULL && esep_unhex(text, ret_token, WEB_TOKEN_BYTES) == ESEP_OK;
}

static const struct views_account *open_account(const struct web *web, const char *name)
{
    const struct views_account *account = views_account_named(web->state.views, name);
    return account != NULL && account->state == ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE
               ? account
               : NULL;
}

static json_t *who_json(const struct views_account *account, const struct web_session *session)
{
    char csrf[2 * WEB_TOKEN_BYTES + 1];
    json_t *rights = json_array();
    esep_hex(session->csrf, WEB_TOKEN_BYTES, csrf);
    for (int act = 0; act < COLLECTOR_ACTS; act++) {
        if (collector_role_may(account->role, (enum collector_act)act))
            (void)json_array_append_new(rights,
                                        json_string(collector_act_name((enum collector_act)act)));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "name", account->name, "display",
                     account->display, "role", collector_role_name(account->role), "body",
                     account->body, "substitute_for", account->substitute_for, "rights", rights,
                     "csrf", csrf);
}

static void login_free(struct login *login)
{
    esep_wipe(login, sizeof *login);
    free(login);
}

static void refuse(struct login *login)
{
    struct web *web = login->web;
    web_throttle_failed(web->throttle, login->name, login->peer, web_now(web));
    esep_log(ESEP_LOG_WARNING, "login-failed", "account '%s' from %s", login->name, login->peer);
    web_problem(web, login->request, 401, "name, password or code are not right");
    login_free(login);
}

static void set_cookie(const struct web *web, const char *token, char *out, size_t len)
{
    (void)snprintf(out, len, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name(web),
                   token, web->settings->web_insecure ? "" : "; Secure",
                   token[0] == '\0' ? "; Max-Age=0" : "");
}

static void let_in(struct login *login)
{
    struct web *web = login->web;
    const struct views_account *account = open_account(web, login->name);
    const struct web_session *session = NULL;
    uint8_t token[WEB_TOKEN_BYTES];
    uint8_t csrf[WEB_TOKEN_BYTES];
    char text[2 * WEB_TOKEN_BYTES + 1];
    char cookie[256];

    if (account == NULL) { /* closed meanwhile */
        refuse(login);
        return;
    }
    web_throttle_passed(web->throttle, login->name, login->peer);
    esep_random(token, sizeof token);
    esep_random(csrf, sizeof csrf);
    if (web_session_open(web->sessions, login->name, login->credential.second_factor, token, csrf,
                         web_now(web), &session) != ESEP_OK) {
        web_problem(web, login->request, 503,
                    "as many people are logged in as this server takes: try again later");
    } else {
        esep_hex(token, sizeof token, text);
        set_cookie(web, text, cookie, sizeof cookie);
        const struct esep_http_field field = {"Set-Cookie", cookie};
        esep_log(ESEP_LOG_INFO, "login", "account '%s' from %s", login->name, login->peer);
        web_answer_json(web, login->request, 201, &field, 1, who_json(account, session));
    }
    esep_wipe(token, sizeof token);
    esep_wipe(text, sizeof text);
    esep_wipe(cookie, sizeof cookie);
    login_free(login);
}

/* Whether the record is still the one that this login began with. A code that another login took
 * meanwhile is none of that, and shows in the record from here on. */
static bool is_unchanged(struct login *login)
{
    struct web_credential now;
    struct esep_reason reason = {""};
    const enum esep_status status =
        web_credential_get(login->web->credentials, login->name, &now, &reason);
    const struct web_credential *then = &login->credential;
    const bool same = status == ESEP_OK && strcmp(now.password, then->password) == 0 &&
                      esep_hash_equal(&now.invitation, &then->invitation);
    if (same)
        login->credential = now;
    else if (status != ESEP_OK)
        esep_log(ESEP_LOG_ERROR, "credentials", "%s", reason.text);
    esep_wipe(&now, sizeof now);
    return same;
}

/* A code that was taken is remembered on the disk before it opens anything. */
static bool second_factor_holds(struct login *login)
{
    struct esep_reason reason = {""};
    struct web_credential *c = &login->credential;
    if (!c->second_factor)
        return true;
    if (!web_totp_check(c->totp, login->code, web_now(login->web), &c->totp_step))
        return false;
    if (web_credential_put(login->web->credentials, login->name, c, &reason) == ESEP_OK)
        return true;
    esep_log(ESEP_LOG_ERROR, "credentials", "%s", reason.text);
    return false;
}

static void on_verified(void *context, bool right, const char *hash)
{
    struct login *login = context;
    const struct views_account *account = open_account(login->web, login->name);
    (void)hash;
    if (!right || !login->known || account == NULL || !is_unchanged(login) ||
        !second_factor_holds(login)) {
        refuse(login);
        return;
    }
    if (account->role == ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_ADMINISTRATOR &&
        !login->credential.second_factor) {
        web_problem(login->web, login->request, 403,
                    "an administrator logs in with a second factor: ask the operator for one");
        login_free(login);
        return;
    }
    let_in(login);
}

/* The log has it: now it holds. */
static void keep_chosen(struct web_order *order, bool worked)
{
    struct login *login = order->context;
    struct web_credential *credential = &login->credential;
    struct esep_reason reason = {""};
    if (!web_order_logged(order, worked)) {
        login_free(login);
        return;
    }
    if (!is_unchanged(login)) { /* the invitation was used, or another was made */
        refuse(login);
        return;
    }
    memcpy(credential->password, login->chosen, sizeof credential->password);
    credential->invitation = (struct esep_hash){{0}};
    credential->invited_until = 0;
    if (web_credential_put(login->web->credentials, login->name, credential, &reason) != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "credentials", "%s", reason.text);
        web_problem(login->web, login->request, 500,
                    "the password could not be kept: the old one holds");
        login_free(login);
        return;
    }
    /* Whoever was in with the old one is out. */
    (void)web_session_close_account(login->web->sessions, login->name);
    on_verified(login, true, "");
}

static void on_chosen(void *context, bool right, const char *hash)
{
    struct login *login = context;
    (void)right;
    if (hash[0] == '\0') {
        web_problem(login->web, login->request, 503, "no memory: try again");
        login_free(login);
        return;
    }
    if (!is_unchanged(login)) {
        refuse(login);
        return;
    }
    (void)snprintf(login->chosen, sizeof login->chosen, "%s", hash);
    struct web_order *order =
        web_order_new(login->web, login->request, login->name, ESEP__V1__ORDER__WHAT_CREDENTIAL);
    if (order == NULL) {
        login_free(login);
        return;
    }
    (void)snprintf(order->name, sizeof order->name, "%s", login->name);
    order->credential.account = order->name;
    order->credential.act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_PASSWORD;
    order->settle = keep_chosen;
    order->context = login;
    web_order_pass_on(order);
}

static void ask_hasher(struct login *login, enum web_hashing what, const char *password)
{
    const char *hash = login->known ? login->credential.password : "";
    if (web_hasher_ask(login->web->hasher, what, password, hash,
                       what == WEB_HASH_MAKE ? on_chosen : on_verified, login) == ESEP_OK)
        return;
    const struct esep_http_field field = {"Retry-After", "2"};
    web_problem_with(login->web, login->request, 503, &field, 1, "many log in just now: try again");
    login_free(login);
}

/* With an invitation the password is the one to be. */
static void choose(struct login *login, const char *invitation, const char *password)
{
    struct esep_reason reason = {""};
    if (!login->known || !web_invitation_is(&login->credential, invitation, web_now(login->web))) {
        refuse(login);
        return;
    }
    if (web_password_check(login->name, password, &reason) != ESEP_OK) {
        web_problem(login->web, login->request, 422, reason.text);
        login_free(login);
        return;
    }
    ask_hasher(login, WEB_HASH_MAKE, password);
}

static bool must_wait(const struct web_call *call, const char *name)
{
    const esep_time wait = web_throttle_wait(call->web->throttle, name, call->peer, call->now);
    const long long wait_s = wait / ESEP_SECOND + 1;
    char seconds[24];
    if (wait == 0)
        return false;
    (void)snprintf(seconds, sizeof seconds, "%lld", wait_s);
    const struct esep_http_field field = {"Retry-After", seconds};
    web_problem_with(call->web, call->request, 429, &field, 1, "too many logins that failed: wait");
    return true;
}

static void begin(const struct web_call *call, const char *name, const char *password,
                  const char *code, const char *invitation)
{
    struct esep_reason reason = {""};
    if (must_wait(call, name))
        return;
    struct login *login = calloc(1, sizeof *login);
    if (login == NULL) {
        web_problem(call->web, call->request, 500, "no memory");
        return;
    }
    login->web = call->web;
    login->request = call->request;
    (void)snprintf(login->name, sizeof login->name, "%s", name);
    (void)snprintf(login->code, sizeof login->code, "%s", code);
    (void)snprintf(login->peer, sizeof login->peer, "%s", call->peer);
    const enum esep_status status =
        web_credential_get(call->web->credentials, login->name, &login->credential, &reason);
    if (status != ESEP_OK && status != ESEP_NOT_FOUND)
        esep_log(ESEP_LOG_ERROR, "credentials", "%s", reason.text);
    login->known = status == ESEP_OK && open_account(call->web, login->name) != NULL;
    if (invitation[0] != '\0')
        choose(login, invitation, password);
    else
        ask_hasher(login, WEB_HASH_VERIFY, password);
}

void web_login(const struct web_call *call)
{
    const char *name = NULL;
    const char *password = NULL;
    const char *code = "";
    const char *invitation = "";
    json_t *said = esep_http_body_object(call->request);

    if (json_unpack(said, "{s:s, s:s, s?s, s?s}", "name", &name, "password", &password, "code",
                    &code, "invitation", &invitation) != 0 ||
        strlen(name) >= WEB_ACCOUNT_MAX || strlen(code) >= CODE_MAX)
        web_problem(call->web, call->request, 400,
                    "a login is {\"name\", \"password\"} as JSON, with \"code\" or "
                    "\"invitation\" where they are needed");
    else
        begin(call, name, password, code, invitation);
    json_decref(said);
}

void web_who(const struct web_call *call)
{
    web_answer_json(call->web, call->request, 200, NULL, 0, who_json(call->account, call->session));
}

void web_logout(const struct web_call *call)
{
    uint8_t token[WEB_TOKEN_BYTES];
    char cookie[256];
    if (web_cookie_token(call->web, call->request, token))
        web_session_close(call->web->sessions, token);
    set_cookie(call->web, "", cookie, sizeof cookie);
    const struct esep_http_field field = {"Set-Cookie", cookie};
    web_answer(call->web, call->request, 204, &field, 1, esep_slice(NULL, 0));
}
