/* broker/keys_commands.c - keys operator, enrol, list, accept, rights, renew, revoke. */
#include "base/code.h"
#include "broker/commands.h"
#include "broker/operator.h"
#include "io/clock.h"
#include "io/table.h"
#include "wire/office_keys.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#define LISTING_VERSION 1
#define REPLY_ARENA_BYTES ((size_t)16 << 20)

static const char *const state_names[] = {"unspecified", "pending", "active", "revoked"};

/* What every order needs: a way, the hour, room for the reply. */
struct desk {
    struct operator_settings settings;
    struct operator_way way;
    esep_time now;
    struct esep_arena arena;
};

static enum esep_status open_way(struct desk *desk, const struct invocation *in,
                                 struct esep_reason *reason)
{
    if (in->control != NULL) {
        desk->way.control = in->control;
        return ESEP_OK;
    }
    enum esep_status status = operator_settings_read(in->config, &desk->settings, reason);
    struct esep_keyfile keys;
    if (status == ESEP_OK) {
        status = esep_keyfile_read(desk->settings.keys, &keys, reason);
    }
    if (status != ESEP_OK) {
        return status;
    }
    desk->way.settings = &desk->settings;
    if (esep_keyfile_sign(&keys, &desk->way.sign) != ESEP_OK ||
        esep_keyfile_curve(&keys, &desk->way.curve) != ESEP_OK) {
        status = esep_because(reason, ESEP_INVALID,
                              "%s: needs a sign and a curve key; make it with 'keys operator'",
                              desk->settings.keys);
    }
    esep_wipe(&keys, sizeof keys);
    return status;
}

static enum esep_status desk_open(struct desk *desk, const struct invocation *in,
                                  struct esep_reason *reason)
{
    memset(desk, 0, sizeof *desk);
    enum esep_status status = open_way(desk, in, reason);
    struct esep_clock clock;
    if (status == ESEP_OK) {
        const char *spec = in->clock != NULL ? in->clock : desk->settings.clock;
        status = esep_clock_init(&clock, spec, reason);
    }
    if (status == ESEP_OK) {
        desk->now = esep_clock_now(&clock);
        status = esep_arena_init(&desk->arena, REPLY_ARENA_BYTES);
    }
    return status;
}

static void desk_close(struct desk *desk)
{
    esep_arena_done(&desk->arena);
    esep_wipe(&desk->way, sizeof desk->way);
}

static enum esep_status office_number(const struct invocation *in, uint32_t *ret_office,
                                      struct esep_reason *reason)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long number = strtoull(in->argument, &end, 10);
    if (errno != 0 || *end != '\0' || in->argument[0] < '0' || in->argument[0] > '9' ||
        number < 1 || number > UINT32_MAX) {
        return esep_because(reason, ESEP_INVALID,
                            "'%s' is no office number; 'keys list' shows them", in->argument);
    }
    *ret_office = (uint32_t)number;
    return ESEP_OK;
}

static enum esep_status print_json(json_t *root)
{
    char *text = root != NULL ? json_dumps(root, JSON_INDENT(2)) : NULL;
    json_decref(root);
    if (text == NULL) {
        return ESEP_NOMEM;
    }
    (void)puts(text);
    free(text);
    return ESEP_OK;
}

/* keys operator */

enum esep_status command_operator(const struct invocation *in, struct esep_reason *reason)
{
    static const char *const kinds[] = {"sign", "curve"};
    if (in->name[0] == '\0' || strlen(in->name) > 32 ||
        strspn(in->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-") !=
            strlen(in->name)) {
        return esep_because(reason, ESEP_INVALID,
                            "--name: 1 to 32 of Latin letters, digits and . _ @ -");
    }
    struct esep_keyfile keys;
    struct esep_sign_key sign;
    struct esep_curve_key curve;
    esep_keyfile_generate(&keys, kinds, 2);
    enum esep_status status = esep_keyfile_create(in->out, &keys, reason);
    if (status == ESEP_OK && (esep_keyfile_sign(&keys, &sign) != ESEP_OK ||
                              esep_keyfile_curve(&keys, &curve) != ESEP_OK)) {
        status = esep_because(reason, ESEP_IO, "%s: the keys made are not whole", in->out);
    }
    esep_wipe(&keys, sizeof keys);
    if (status != ESEP_OK) {
        return status;
    }
    char sign_hex[2 * ESEP_KEY_BYTES + 1];
    char curve_hex[2 * ESEP_KEY_BYTES + 1];
    esep_hex(sign.public, ESEP_KEY_BYTES, sign_hex);
    esep_hex(curve.public, ESEP_KEY_BYTES, curve_hex);
    esep_wipe(&sign, sizeof sign);
    esep_wipe(&curve, sizeof curve);
    printf("- name: %s\n  sign_key: %s\n  curve_key: %s\n", in->name, sign_hex, curve_hex);
    fputs("Put this item under 'operators:' in the collector's configuration, then reload it.\n",
          stderr);
    return ESEP_OK;
}

/* keys enrol */

static enum esep_status print_code(const struct invocation *in, const uint8_t code[ESEP_CODE_BYTES],
                                   esep_time expires, uint64_t log_index)
{
    char text[ESEP_CODE_TEXT_BYTES];
    char when[32];
    esep_code_format(code, text);
    esep_time_format(expires, NULL, when);
    if (in->json) {
        const enum esep_status status = print_json(
            json_pack("{s:i, s:s, s:s, s:s, s:b, s:I}", "version", LISTING_VERSION, "body",
                      in->argument, "code", text, "expires", when, "accept_on_use", (int)in->accept,
                      "log_index", (json_int_t)log_index));
        esep_wipe(text, sizeof text);
        return status;
    }
    printf("%s\n", text);
    fprintf(stderr,
            "For one office of %s, once, until %s. %s\n"
            "There: esep-agent enrol --config FILE --code CODE\n",
            in->argument, when,
            in->accept ? "Its key is accepted with the code."
                       : "Then accept its key with 'keys accept'.");
    esep_wipe(text, sizeof text);
    return ESEP_OK;
}

enum esep_status command_enrol(const struct invocation *in, struct esep_reason *reason)
{
    struct desk desk;
    enum esep_status status = desk_open(&desk, in, reason);
    if (status == ESEP_OK) {
        uint8_t code[ESEP_CODE_BYTES];
        esep_random(code, sizeof code);
        struct esep_hash hash = esep_sha256(esep_slice(code, sizeof code));
        char body[64];
        (void)snprintf(body, sizeof body, "%s", in->argument);
        const esep_time expires = desk.now + (esep_time)in->hours * ESEP_HOUR;

        Esep__V1__CodeOrder code_order;
        esep__v1__code_order__init(&code_order);
        code_order.body = body;
        code_order.code_hash = (ProtobufCBinaryData){sizeof hash.bytes, hash.bytes};
        code_order.expires_at_us = expires;
        code_order.accept_on_use = in->accept;
        code_order.office = in->office;
        Esep__V1__Order order;
        esep__v1__order__init(&order);
        order.what_case = ESEP__V1__ORDER__WHAT_CODE;
        order.code = &code_order;
        const Esep__V1__OrderReply *reply = NULL;
        status = operator_order(&desk.way, &order, desk.now, &desk.arena, &reply, reason);
        if (status == ESEP_OK) {
            status = print_code(in, code, expires, reply->log_index);
        }
        esep_wipe(code, sizeof code);
    }
    desk_close(&desk);
    return status;
}

/* keys list */

static json_t *hex_json(ProtobufCBinaryData data)
{
    char hex[2 * ESEP_KEY_BYTES + 1] = "";
    if (data.len <= ESEP_KEY_BYTES) {
        esep_hex(data.data, data.len, hex);
    }
    return json_string(hex);
}

static json_t *time_json(int64_t at)
{
    char text[32];
    if (at == 0) {
        return json_null();
    }
    esep_time_format(at, NULL, text);
    return json_string(text);
}

static const char *state_name(uint32_t state)
{
    return state < sizeof state_names / sizeof state_names[0] ? state_names[state] : "unknown";
}

static void fingerprint_of(const Esep__V1__OfficeInfo *info, char ret[ESEP_FINGERPRINT_TEXT_BYTES])
{
    ret[0] = '\0';
    if (info->sign_key.len == ESEP_KEY_BYTES && info->curve_key.len == ESEP_KEY_BYTES) {
        esep_fingerprint(info->sign_key.data, info->curve_key.data, ret);
    }
}

static json_t *names_json(char *const *names, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_string(names[i]));
    }
    return list;
}

/* "akmola, akmola-1 in kz-1347-2012": what it may report for. */
static void rights_cell(struct esep_table *table, const Esep__V1__OfficeInfo *info)
{
    char text[1024];
    int used = snprintf(text, sizeof text, "%s", info->body);
    for (size_t i = 0; i < info->n_bodies + info->n_plans; i++) {
        const bool plan = i >= info->n_bodies;
        const char *name = plan ? info->plans[i - info->n_bodies] : info->bodies[i];
        const char *mark = i == info->n_bodies ? " in " : ", ";
        if (used >= 0 && (size_t)used < sizeof text) {
            used += snprintf(text + used, sizeof text - (size_t)used, "%s%s", mark, name);
        }
    }
    esep_table_cell(table, "%s", text);
}

static json_t *office_json(const Esep__V1__OfficeInfo *info)
{
    char fingerprint[ESEP_FINGERPRINT_TEXT_BYTES];
    fingerprint_of(info, fingerprint);
    return json_pack(
        "{s:I, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "office",
        (json_int_t)info->office, "body", info->body, "label", info->label, "state",
        state_name(info->state), "sign_key", hex_json(info->sign_key), "curve_key",
        hex_json(info->curve_key), "fingerprint", fingerprint, "key_since",
        time_json(info->key_since_us != 0 ? info->key_since_us : info->enrolled_at_us),
        "enrolled_at", time_json(info->enrolled_at_us), "seen_at", time_json(info->seen_at_us),
        "epoch", (json_int_t)info->epoch, "seq", (json_int_t)info->seq, "bodies",
        names_json(info->bodies, info->n_bodies), "plans", names_json(info->plans, info->n_plans),
        "renewal_asked_at", time_json(info->renewal_asked_us));
}

static void office_row(struct esep_table *table, const Esep__V1__OfficeInfo *info)
{
    char seen[32] = "never";
    char since[32];
    char fingerprint[ESEP_FINGERPRINT_TEXT_BYTES];
    fingerprint_of(info, fingerprint);
    if (info->seen_at_us != 0) {
        esep_time_format(info->seen_at_us, NULL, seen);
    }
    esep_time_format(info->key_since_us != 0 ? info->key_since_us : info->enrolled_at_us, NULL,
                     since);
    esep_table_cell(table, "%u", info->office);
    rights_cell(table, info);
    esep_table_cell(table, "%s", state_name(info->state));
    esep_table_cell(table, "%s", seen);
    esep_table_cell(table, "%u/%llu", info->epoch, (unsigned long long)info->seq);
    esep_table_cell(table, "%s", fingerprint);
    esep_table_cell(table, "%.10s%s", since, info->renewal_asked_us != 0 ? ", to be renewed" : "");
    esep_table_cell(table, "%s", info->label);
}

/* Page by page: the reply of each call is in the arena until the next. */
static enum esep_status list_pages(struct desk *desk, json_t *list, struct esep_table *table,
                                   struct esep_reason *reason)
{
    uint32_t after = 0;
    for (;;) {
        Esep__V1__ListOrder list_order;
        esep__v1__list_order__init(&list_order);
        list_order.after_office = after;
        Esep__V1__Order order;
        esep__v1__order__init(&order);
        order.what_case = ESEP__V1__ORDER__WHAT_LIST;
        order.list = &list_order;
        const Esep__V1__OrderReply *reply = NULL;
        const enum esep_status status =
            operator_order(&desk->way, &order, desk->now, &desk->arena, &reply, reason);
        if (status != ESEP_OK) {
            return status;
        }
        for (size_t i = 0; i < reply->n_offices; i++) {
            const Esep__V1__OfficeInfo *info = reply->offices[i];
            (void)json_array_append_new(list, office_json(info));
            office_row(table, info);
            after = info->office > after ? info->office : after;
        }
        if (!reply->more || reply->n_offices == 0) {
            return ESEP_OK;
        }
    }
}

enum esep_status command_list(const struct invocation *in, struct esep_reason *reason)
{
    static const char *const heads[] = {"office",      "reports for", "state", "seen", "epoch/seq",
                                        "fingerprint", "keys of",     "label", NULL};
    struct desk desk;
    struct esep_table table;
    esep_table_init(&table, heads);
    json_t *list = json_array();
    enum esep_status status = desk_open(&desk, in, reason);
    if (status == ESEP_OK) {
        status = list_pages(&desk, list, &table, reason);
    }
    if (status == ESEP_OK && in->json) {
        status = print_json(json_pack("{s:i, s:O}", "version", LISTING_VERSION, "offices", list));
    } else if (status == ESEP_OK) {
        status = esep_table_print(&table, stdout);
    }
    json_decref(list);
    esep_table_done(&table);
    desk_close(&desk);
    return status;
}

/* keys accept, keys revoke */

static enum esep_status office_order(const struct invocation *in, Esep__V1__Order *order,
                                     const char *done, struct esep_reason *reason)
{
    struct desk desk;
    const Esep__V1__OrderReply *reply = NULL;
    enum esep_status status = desk_open(&desk, in, reason);
    if (status == ESEP_OK) {
        status = operator_order(&desk.way, order, desk.now, &desk.arena, &reply, reason);
    }
    if (status == ESEP_OK && in->json) {
        status = print_json(json_pack("{s:i, s:s, s:s, s:I}", "version", LISTING_VERSION, "office",
                                      in->argument, "done", done, "log_index",
                                      (json_int_t)reply->log_index));
    } else if (status == ESEP_OK) {
        printf("office %s %s (log entry %llu)\n", in->argument, done,
               (unsigned long long)reply->log_index);
    }
    desk_close(&desk);
    return status;
}

enum esep_status command_accept(const struct invocation *in, struct esep_reason *reason)
{
    Esep__V1__AcceptOrder accept_order;
    esep__v1__accept_order__init(&accept_order);
    uint8_t fingerprint[ESEP_CODE_BYTES];
    enum esep_status status = office_number(in, &accept_order.office, reason);
    if (status == ESEP_OK && in->fingerprint != NULL) {
        status = esep_code_parse(in->fingerprint, fingerprint, reason);
        accept_order.fingerprint = (ProtobufCBinaryData){sizeof fingerprint, fingerprint};
    }
    if (status != ESEP_OK) {
        return status;
    }
    Esep__V1__Order order;
    esep__v1__order__init(&order);
    order.what_case = ESEP__V1__ORDER__WHAT_ACCEPT;
    order.accept = &accept_order;
    return office_order(in, &order, "accepted", reason);
}

enum esep_status command_revoke(const struct invocation *in, struct esep_reason *reason)
{
    char why[200];
    Esep__V1__RevokeOrder revoke_order;
    esep__v1__revoke_order__init(&revoke_order);
    const enum esep_status status = office_number(in, &revoke_order.office, reason);
    if (status != ESEP_OK) {
        return status;
    }
    (void)snprintf(why, sizeof why, "%s", in->reason != NULL ? in->reason : "");
    revoke_order.reason = why;
    Esep__V1__Order order;
    esep__v1__order__init(&order);
    order.what_case = ESEP__V1__ORDER__WHAT_REVOKE;
    order.revoke = &revoke_order;
    return office_order(in, &order, "revoked", reason);
}

/* keys renew */

enum esep_status command_renew(const struct invocation *in, struct esep_reason *reason)
{
    char why[200];
    Esep__V1__RenewOrder renew;
    esep__v1__renew_order__init(&renew);
    const enum esep_status status = office_number(in, &renew.office, reason);
    if (status != ESEP_OK) {
        return status;
    }
    (void)snprintf(why, sizeof why, "%s", in->reason != NULL ? in->reason : "");
    renew.reason = why;
    Esep__V1__Order order;
    esep__v1__order__init(&order);
    order.what_case = ESEP__V1__ORDER__WHAT_RENEW;
    order.renew = &renew;
    return office_order(in, &order, "is asked for new keys", reason);
}

/* keys rights */

struct names {
    char text[33][64]; /* one too many of either is the collector's to refuse */
    char *list[33];
};

/* A copy: what an order holds is not const. */
static enum esep_status copy_names(const struct invocation_names *from, struct names *ret,
                                   struct esep_reason *reason)
{
    for (size_t i = 0; i < from->count; i++) {
        if (strlen(from->text[i]) >= sizeof ret->text[i]) {
            return esep_because(reason, ESEP_INVALID, "'%.80s' is too long for a code",
                                from->text[i]);
        }
        memcpy(ret->text[i], from->text[i], strlen(from->text[i]) + 1);
        ret->list[i] = ret->text[i];
    }
    return ESEP_OK;
}

enum esep_status command_rights(const struct invocation *in, struct esep_reason *reason)
{
    char why[200];
    struct names bodies;
    struct names plans;
    Esep__V1__RightsOrder rights;
    esep__v1__rights_order__init(&rights);
    const bool some = in->bodies.count > 0 || in->plans.count > 0 || in->districts;
    enum esep_status status = office_number(in, &rights.office, reason);
    if (status == ESEP_OK && some == in->by_default) {
        status = esep_because(reason, ESEP_INVALID,
                              some ? "--default is its own body in all plans: without others"
                                   : "say what it may report for: --body, --districts, --plan, or "
                                     "--default");
    }
    if (status == ESEP_OK) {
        status = copy_names(&in->bodies, &bodies, reason);
    }
    if (status == ESEP_OK) {
        status = copy_names(&in->plans, &plans, reason);
    }
    if (status != ESEP_OK) {
        return status;
    }
    (void)snprintf(why, sizeof why, "%s", in->reason != NULL ? in->reason : "");
    rights.bodies = bodies.list;
    rights.n_bodies = in->bodies.count;
    rights.plans = plans.list;
    rights.n_plans = in->plans.count;
    rights.districts = in->districts;
    rights.reason = why;
    Esep__V1__Order order;
    esep__v1__order__init(&order);
    order.what_case = ESEP__V1__ORDER__WHAT_RIGHTS;
    order.rights = &rights;
    return office_order(in, &order, "has these rights", reason);
}
