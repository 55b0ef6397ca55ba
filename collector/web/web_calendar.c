/* collector/web/web_calendar.c - the deadlines for calendar programs: with a session, or by an
 * address that is its own key.
 *
 * A calendar program cannot log in. So an account may have one address with 24 random bytes in it,
 * drawn on its owner's order and shown once. The log knows the SHA-256 of these (CREDENTIAL), the
 * views find the account by it: nothing else keeps it, and what the log says is what holds. Another
 * address, its end, or the account's makes it void from the next request on; and each request asks
 * anew what the account may. Whatever is wrong with an address, the answer is 404.
 *
 * It is a secret in an URL, so this process never logs the path, and the shipped proxies do not.
 * Guesses are counted by where they come from, beside failed logins and apart from them; a good
 * address is answered a dozen times at once and then once in ten seconds.
 */
#include "collector/export.h"
#include "collector/web/web_order.h"
#include "io/json.h"
#include "io/keyfile.h"
#include "io/log.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>

enum { ADDRESS_BYTES = 24, ADDRESS_CHARS = 2 * ADDRESS_BYTES };
#define FOLDER "/calendar/"
#define SUFFIX ".ics"
#define EVERY (10 * ESEP_SECOND)
#define AT_ONCE 12

/* When each account's address would have been asked for, had it been asked evenly. */
struct web_calendars {
    uint32_t count;
    esep_time even[];
};

enum esep_status web_calendars_new(struct web_calendars **ret, uint32_t accounts_max)
{
    struct web_calendars *calendars =
        calloc(1, sizeof *calendars + (size_t)accounts_max * sizeof calendars->even[0]);
    if (calendars == NULL)
        return ESEP_NOMEM;
    calendars->count = accounts_max;
    *ret = calendars;
    return ESEP_OK;
}

void web_calendars_free(struct web_calendars *calendars)
{
    free(calendars);
}

static enum esep_status make(const struct web_call *call, char **ret, size_t *ret_len,
                             struct esep_reason *reason)
{
    const struct collector_state *state = &call->web->state;
    const struct consolidated_source source = {state->views, state->log, collector_state_entry};
    const char *language = esep_http_query(call->request, "lang");
    struct export_request request = {.format = EXPORT_ICS,
                                     .language = EXPORT_RU,
                                     .plan = esep_http_query(call->request, "plan"),
                                     .body = esep_http_query(call->request, "body"),
                                     .as_of = call->now};
    if (language != NULL && !export_language_parse(language, &request.language))
        return esep_because(reason, ESEP_INVALID, "lang: kk, ru or en");
    FILE *out = open_memstream(ret, ret_len);
    if (out == NULL)
        return ESEP_NOMEM;
    const enum esep_status status = export_write(&source, &request, out, reason);
    if (fclose(out) != 0 && status == ESEP_OK)
        return ESEP_NOMEM;
    return status;
}

/* All of them, or a plan's, or a body's. */
void web_calendar(const struct web_call *call)
{
    char etag[WEB_ETAG_CHARS];
    char *text = NULL;
    size_t len = 0;
    struct esep_reason reason = {""};
    web_etag(call, etag);
    const struct esep_http_field fields[] = {
        {"ETag", etag},
        {"Cache-Control", "private, no-cache"},
        {"Content-Type", export_formats[EXPORT_ICS].media_type},
        {"Content-Disposition", "attachment; filename=\"esep.ics\""}};
    if (web_is_seen(call, etag)) {
        web_answer(call->web, call->request, 304, fields, 2, esep_slice(NULL, 0));
        return;
    }
    const enum esep_status status = make(call, &text, &len, &reason);
    if (status == ESEP_OK)
        web_answer(call->web, call->request, 200, fields, 4, esep_slice(text, len));
    else
        web_read_failed(call, "calendar", status, &reason);
    free(text);
}

/* HEX.ics, of an open account that may look now; NULL: none. */
static const struct views_account *account_of(const struct web_call *call)
{
    const struct views *views = call->web->state.views;
    uint8_t bytes[ADDRESS_BYTES];
    char hex[ADDRESS_CHARS + 1];
    if (strlen(call->rest) != ADDRESS_CHARS + strlen(SUFFIX) ||
        strcmp(call->rest + ADDRESS_CHARS, SUFFIX) != 0)
        return NULL;
    memcpy(hex, call->rest, ADDRESS_CHARS);
    hex[ADDRESS_CHARS] = '\0';
    if (esep_unhex(hex, bytes, sizeof bytes) != ESEP_OK)
        return NULL;
    const struct esep_hash hash = esep_sha256(esep_slice(bytes, sizeof bytes));
    for (uint32_t i = 0; i < views_account_count(views); i++) {
        const struct views_account *account = views_account(views, i);
        const struct views_proof *proof = &account->proofs[VIEWS_PROOF_CALENDAR];
        if (!proof->stands || !esep_hash_equal(&proof->hash, &hash))
            continue;
        return collector_right_is(
                   collector_right_in(views, account, COLLECTOR_ACT_LOOK, NULL, 0, call->now))
                   ? account
                   : NULL;
    }
    return NULL;
}

static void say_wait(const struct web_call *call, esep_time wait)
{
    const long long wait_s = wait / ESEP_SECOND + 1;
    char seconds[24];
    (void)snprintf(seconds, sizeof seconds, "%lld", wait_s);
    const struct esep_http_field field = {"Retry-After", seconds};
    web_problem_with(call->web, call->request, 429, &field, 1,
                     "this calendar is asked for too often: wait");
}

void web_calendar_feed(const struct web_call *call)
{
    struct web *web = call->web;
    char peer[INET6_ADDRSTRLEN + 16];
    (void)snprintf(peer, sizeof peer, "calendar %s", call->peer);
    const esep_time wait = web_throttle_wait(web->throttle, "", peer, call->now);
    if (wait > 0) {
        say_wait(call, wait);
        return;
    }
    const struct views_account *account = account_of(call);
    if (account == NULL) {
        /* By where it comes from alone: whoever guesses keeps nobody else's calendar away. */
        web_throttle_failed(web->throttle, peer, peer, call->now);
        esep_log(ESEP_LOG_WARNING, "calendar-refused", "an address that is none, from %s",
                 call->peer);
        web_problem(web, call->request, 404, NULL);
        return;
    }
    ESEP_ASSERT(account->number < web->calendars->count);
    esep_time *even = &web->calendars->even[account->number];
    const esep_time pause = web_pace(even, EVERY, AT_ONCE, call->now);
    if (pause > 0)
        say_wait(call, pause);
    else
        web_calendar(call);
}

void web_calendar_show(const struct web_call *call)
{
    const struct views_proof *proof = &call->account->proofs[VIEWS_PROOF_CALENDAR];
    json_t *said = !proof->stands ? json_null()
                                  : json_pack("{s:I, s:o}", "log_index", (json_int_t)proof->index,
                                              "at", esep_json_time(proof->at, NULL));
    web_answer_json(call->web, call->request, 200, NULL, 0, json_pack("{s:o}", "address", said));
}

static struct web_order *begin(const struct web_call *call, Esep__V1__CredentialAct act)
{
    struct web_order *order = web_order_new(call->web, call->request, call->session->account,
                                            ESEP__V1__ORDER__WHAT_CREDENTIAL);
    if (order == NULL)
        return NULL;
    (void)snprintf(order->name, sizeof order->name, "%s", call->session->account);
    order->credential.account = order->name;
    order->credential.act = act;
    return order;
}

static void show_address(struct web_order *order, bool worked)
{
    char path[sizeof FOLDER + ADDRESS_CHARS + sizeof SUFFIX];
    if (!web_order_logged(order, worked))
        return;
    (void)snprintf(path, sizeof path, FOLDER "%.*s" SUFFIX, ADDRESS_CHARS, order->secret);
    web_answer_json(
        order->web, order->request, 201, NULL, 0,
        json_pack("{s:s, s:I}", "path", path, "log_index", (json_int_t)order->items[0].log_index));
    esep_wipe(path, sizeof path);
}

void web_calendar_draw(const struct web_call *call)
{
    uint8_t bytes[ADDRESS_BYTES];
    json_t *said = esep_http_body_object(call->request);
    const bool formed = said != NULL && json_object_size(said) == 0;
    json_decref(said);
    if (!formed) {
        web_problem(call->web, call->request, 400,
                    "a calendar's address takes {}: it is drawn here, and the one before is void");
        return;
    }
    struct web_order *order = begin(call, ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_CALENDAR);
    if (order == NULL)
        return;
    static_assert(sizeof order->secret > ADDRESS_CHARS, "an address fits");
    esep_random(bytes, sizeof bytes);
    esep_hex(bytes, sizeof bytes, order->secret);
    const struct esep_hash hash = esep_sha256(esep_slice(bytes, sizeof bytes));
    esep_wipe(bytes, sizeof bytes);
    memcpy(order->hash, hash.bytes, sizeof order->hash);
    order->credential.hash = esep_pb(order->hash, sizeof order->hash);
    order->settle = show_address;
    web_order_pass_on(order);
}

static void say_gone(struct web_order *order, bool worked)
{
    if (web_order_logged(order, worked))
        web_answer(order->web, order->request, 204, NULL, 0, esep_slice(NULL, 0));
}

void web_calendar_end(const struct web_call *call)
{
    if (!call->account->proofs[VIEWS_PROOF_CALENDAR].stands) {
        web_problem(call->web, call->request, 404, "this account has no calendar's address");
        return;
    }
    struct web_order *order = begin(call, ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_NO_CALENDAR);
    if (order == NULL)
        return;
    order->settle = say_gone;
    web_order_pass_on(order);
}
