/* What may not stand in the log, and what the store may not say: is each refused with the right
 * word, and are the views as they were? */
#include "esep/v1/wire.pb-c.h"
#include "views_world.h"

#include <stdio.h>
#include <stdlib.h>

#define LOG(name) ESEP__V1__LOG_TYPE__LOG_TYPE_##name

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

/* A plan, two offices, a report, an open promise, a code, an account, an alert with a delivery that
 * is owed. */
static void begin(struct world *w)
{
    world_start(w, "2013-01-15T09:00:00+06:00");
    world_plan(w, NULL, NULL);
    world_office(w, "moh");
    world_office(w, "akmola");
    Esep__V1__CodeMade code = ESEP__V1__CODE_MADE__INIT;
    uint8_t hash[32] = {1};
    code.code_hash = (ProtobufCBinaryData){32, hash};
    code.body = text("moj");
    world_log(w, LOG(CODE), &code.base);
    const struct views_account account = {.name = "aigul",
                                          .role = ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_REVIEWER,
                                          .state = ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE};
    assert_int_equal(world_account(w, &account), ESEP_OK);
    world_plain_report(w, 1, KEY_1_MOH);
    world_close(w, 1);
    world_promise(w, 2, 5);
    w->now = world_time("2013-06-25T10:00:00+06:00");
    assert_true(world_alerts(w, true, NULL) > 0);
    world_cut(w);
}

static enum esep_status try_type(struct world *w, Esep__V1__LogType type,
                                 const ProtobufCMessage *body)
{
    const struct esep_leaf leaf = {.type = type, .accepted_at = w->now};
    return world_try(w, &leaf, body);
}

/* Nothing was changed: the rows are those of before. */
static void assert_untouched(struct world *w, uint64_t size)
{
    assert_int_equal(views_log_size(w->views), size);
    struct world_table before = {0};
    for (size_t i = 0; i < w->table.count; i++)
        world_table_put(&before, esep_slice(w->table.rows[i].key, w->table.rows[i].key_len),
                        esep_slice(w->table.rows[i].value, w->table.rows[i].value_len));
    world_cut(w);
    assert_same_tables(&before, &w->table);
    world_table_free(&before);
}

static void bodies_that_are_none(void **state)
{
    (void)state;
    static const Esep__V1__LogType types[] = {
        LOG(CODE),    LOG(KEY),     LOG(PLAN),     LOG(REVIEW),   LOG(EXTENSION),
        LOG(CONTROL), LOG(ALERT),   LOG(DELIVERY), LOG(MAIL_ACK), LOG(PRESENCE),
        LOG(ALARM),   LOG(GENESIS), LOG(ACCOUNT),
    };
    struct world w;
    begin(&w);
    uint64_t size = views_log_size(w.views);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_int_equal(try_type(&w, types[i], NULL), ESEP_CORRUPT);
    struct esep_leaf leaf = {.type = LOG(ENTRY),
                             .office = 1,
                             .epoch = 1,
                             .seq = 2,
                             .verdict = ESEP__V1__VERDICT__VERDICT_TAKEN};
    assert_int_equal(world_try(&w, &leaf, NULL), ESEP_CORRUPT);
    assert_untouched(&w, size);
    world_end(&w);
}

static void places_that_are_none(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    uint64_t size = views_log_size(w.views);
    uint8_t leaf[ESEP_LEAF_BYTES];
    struct esep_leaf says = {.type = LOG(PRESENCE), .accepted_at = w.now};
    Esep__V1__Presence presence = ESEP__V1__PRESENCE__INIT;
    presence.office = 1;
    uint8_t body[16];
    size_t len = protobuf_c_message_pack(&presence.base, body);
    esep_leaf_pack(&says, leaf);
    struct esep_slice slice = esep_slice(leaf, sizeof leaf);
    struct esep_slice bytes = esep_slice(body, len);
    assert_int_equal(views_apply(w.views, size + 1, slice, bytes, NULL, NULL), ESEP_CORRUPT);
    assert_int_equal(views_apply(w.views, size - 1, slice, bytes, NULL, NULL), ESEP_CORRUPT);
    assert_int_equal(
        views_apply(w.views, size, esep_slice(leaf, sizeof leaf - 1), bytes, NULL, NULL),
        ESEP_CORRUPT);
    assert_untouched(&w, size);
    /* Another message than the leaf says is not believed: the bytes are. */
    Esep__V1__MailAck other = ESEP__V1__MAIL_ACK__INIT;
    assert_int_equal(views_apply(w.views, size, slice, bytes, &other.base, NULL), ESEP_OK);
    struct views *empty = NULL;
    assert_int_equal(views_new(&empty, &world_limits, world_zone, NULL), ESEP_OK);
    assert_int_equal(views_apply(empty, 0, slice, bytes, NULL, NULL), ESEP_CORRUPT);
    assert_int_equal(views_log_size(empty), 0);
    views_free(empty);
    world_end(&w);
}

static void entries_that_do_not_follow(void **state)
{
    (void)state;
    static const struct {
        uint32_t office, epoch;
        uint64_t seq;
        Esep__V1__Verdict verdict;
    } cases[] = {
        {9, 1, 1, ESEP__V1__VERDICT__VERDICT_MALFORMED},
        {1, 1, 2, ESEP__V1__VERDICT__VERDICT_UNSPECIFIED},
        {1, 1, 1, ESEP__V1__VERDICT__VERDICT_MALFORMED},
        {1, 1, 3, ESEP__V1__VERDICT__VERDICT_MALFORMED},
        {1, 2, 2, ESEP__V1__VERDICT__VERDICT_MALFORMED},
        {1, 0, 2, ESEP__V1__VERDICT__VERDICT_MALFORMED},
        {2, 0, 1, ESEP__V1__VERDICT__VERDICT_MALFORMED},
    };
    struct world w;
    begin(&w);
    uint64_t size = views_log_size(w.views);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct esep_leaf leaf = {.type = LOG(ENTRY),
                                       .office = cases[i].office,
                                       .epoch = cases[i].epoch,
                                       .seq = cases[i].seq,
                                       .verdict = cases[i].verdict};
        assert_int_equal(world_try(&w, &leaf, NULL), ESEP_CORRUPT);
    }
    /* Taken, but nobody owes it. */
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    report.obligation = text("p/nothing");
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    struct esep_leaf leaf = {.type = LOG(ENTRY),
                             .office = 1,
                             .epoch = 1,
                             .seq = 2,
                             .verdict = ESEP__V1__VERDICT__VERDICT_TAKEN};
    assert_int_equal(world_try(&w, &leaf, &entry.base), ESEP_CORRUPT);
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY__NOT_SET;
    assert_int_equal(world_try(&w, &leaf, &entry.base), ESEP_CORRUPT);
    assert_untouched(&w, size);
    world_end(&w);
}

/* Their leaf says it all; that the signed statement says the same is for `log verify`. */
static void commitments_of_nobody_and_of_nothing(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    uint64_t size = views_log_size(w.views);
    struct esep_leaf nobody = {.type = LOG(COMMITMENT), .office = 9, .epoch = 1, .seq = 9};
    assert_int_equal(world_try(&w, &nobody, NULL), ESEP_CORRUPT);
    /* One that closes must stand right behind its entries. */
    struct esep_leaf leaf = {
        .type = LOG(COMMITMENT), .flags = ESEP_LEAF_CLOSES, .office = 1, .epoch = 1, .seq = 2};
    assert_int_equal(world_try(&w, &leaf, NULL), ESEP_CORRUPT);
    leaf.seq = 1;
    leaf.epoch = 2;
    assert_int_equal(world_try(&w, &leaf, NULL), ESEP_CORRUPT);
    assert_untouched(&w, size);
    world_end(&w);
}

static void codes_and_keys(void **state)
{
    (void)state;
    static char long_text[200];
    memset(long_text, 'x', sizeof long_text - 1);
    struct world w;
    begin(&w);
    uint64_t size = views_log_size(w.views);
    uint8_t hash[32] = {1}, fresh[32] = {2}, sign[32] = {3}, curve[32] = {4};
    for (int i = 0; i < 4; i++) {
        Esep__V1__CodeMade code = ESEP__V1__CODE_MADE__INIT;
        code.code_hash = (ProtobufCBinaryData){i == 0 ? 31 : 32, i == 3 ? hash : fresh};
        code.body = i == 1 ? text("") : i == 2 ? long_text : text("moj");
        assert_int_equal(try_type(&w, LOG(CODE), &code.base), ESEP_INVALID);
    }
    const struct views_office known = *views_office(w.views, 1);
    for (int i = 0; i < 12; i++) {
        Esep__V1__KeyChange key = ESEP__V1__KEY_CHANGE__INIT;
        key.office = i == 0 ? 4 : 3;
        key.state = ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
        key.body = i == 1 ? text("") : i == 2 ? long_text : text("moj");
        key.label = i == 3 ? long_text : text("desk");
        key.sign_key = (ProtobufCBinaryData){i == 4 ? 31 : 32, sign};
        key.curve_key = (ProtobufCBinaryData){i == 5 ? 31 : 32, curve};
        if (i == 6)
            memcpy(curve, known.curve_key, 32);
        else
            curve[0] = 4;
        if (i == 7)
            key.code_hash = (ProtobufCBinaryData){5, hash};
        if (i == 8)
            key.code_hash = (ProtobufCBinaryData){32, fresh};
        if (i == 9)
            key.state = ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED; /* before it ever was */
        if (i == 10)
            key.state = ESEP__V1__OFFICE_STATE__OFFICE_STATE_UNSPECIFIED;
        if (i == 11)
            key.state = (Esep__V1__OfficeState)7;
        assert_int_equal(try_type(&w, LOG(KEY), &key.base), ESEP_INVALID);
    }
    assert_untouched(&w, size);
    /* The room for offices is bounded, and says so. */
    while (views_office_count(w.views) < world_limits.offices_max)
        world_office(&w, "moj");
    Esep__V1__KeyChange key = ESEP__V1__KEY_CHANGE__INIT;
    key.office = world_limits.offices_max + 1;
    key.state = ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
    key.body = text("moj");
    curve[0] = 0xee;
    key.sign_key = (ProtobufCBinaryData){32, sign};
    key.curve_key = (ProtobufCBinaryData){32, curve};
    assert_int_equal(try_type(&w, LOG(KEY), &key.base), ESEP_LIMIT);
    world_end(&w);
}

static void offices_that_are_none(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    uint64_t size = views_log_size(w.views);
    Esep__V1__MailAck ack = ESEP__V1__MAIL_ACK__INIT;
    Esep__V1__Presence presence = ESEP__V1__PRESENCE__INIT;
    Esep__V1__Alarm alarm = ESEP__V1__ALARM__INIT;
    ack.office = presence.office = alarm.office = 3;
    assert_int_equal(try_type(&w, LOG(MAIL_ACK), &ack.base), ESEP_INVALID);
    assert_int_equal(try_type(&w, LOG(PRESENCE), &presence.base), ESEP_INVALID);
    assert_int_equal(try_type(&w, LOG(ALARM), &alarm.base), ESEP_INVALID);
    assert_untouched(&w, size);
    alarm.office = 0; /* of nobody in particular */
    assert_int_equal(try_type(&w, LOG(ALARM), &alarm.base), ESEP_OK);
    assert_null(views_office(w.views, 3));
    assert_null(views_obligation(w.views, views_obligation_count(w.views)));
    assert_null(views_plan(w.views, 1));
    assert_null(views_plan_zone(w.views, 1));
    assert_int_equal(views_plan_index(w.views, 1), 0);
    world_end(&w);
}

static void alerts_and_deliveries(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    uint64_t size = views_log_size(w.views);
    Esep__V1__Alert alert = ESEP__V1__ALERT__INIT;
    Esep__V1__AlertItem item = ESEP__V1__ALERT_ITEM__INIT;
    Esep__V1__AlertItem *items[] = {&item};
    Esep__V1__Target target = ESEP__V1__TARGET__INIT;
    Esep__V1__Target *targets[257];
    for (size_t i = 0; i < 257; i++)
        targets[i] = &target;
    alert.n_items = 1;
    alert.items = items;
    item.kind = ESEP__V1__ALERT_KIND__ALERT_KIND_SILENT;
    item.office = 9;
    assert_int_equal(try_type(&w, LOG(ALERT), &alert.base), ESEP_INVALID);
    item.kind = ESEP__V1__ALERT_KIND__ALERT_KIND_OVERDUE;
    item.obligation = text("p/nothing");
    assert_int_equal(try_type(&w, LOG(ALERT), &alert.base), ESEP_INVALID);
    alert.n_items = 0;
    alert.targets = targets;
    alert.n_targets = 257;
    assert_int_equal(try_type(&w, LOG(ALERT), &alert.base), ESEP_LIMIT);
    Esep__V1__Delivery delivery = ESEP__V1__DELIVERY__INIT;
    delivery.alert_index = size + 5;
    assert_int_equal(try_type(&w, LOG(DELIVERY), &delivery.base), ESEP_INVALID);
    delivery.alert_index = size - 1;
    delivery.target = 77;
    assert_int_equal(try_type(&w, LOG(DELIVERY), &delivery.base), ESEP_INVALID);
    assert_untouched(&w, size);
    /* Done is done, and room comes back: many times what may be owed at once. */
    uint64_t alert_at = 0;
    for (int i = 0; i < 40; i++) {
        alert.n_targets = 100;
        alert_at = views_log_size(w.views);
        assert_int_equal(try_type(&w, LOG(ALERT), &alert.base), ESEP_OK);
        for (uint32_t t = 0; t < 100; t++) {
            delivery.alert_index = alert_at;
            delivery.target = (t * 7) % 100;
            assert_int_equal(try_type(&w, LOG(DELIVERY), &delivery.base), ESEP_OK);
            assert_int_equal(try_type(&w, LOG(DELIVERY), &delivery.base), ESEP_INVALID);
        }
    }
    world_end(&w);
}

/* An alarm with targets is owed as an alert is, of no office or of one; it changes nothing where
 * it cannot be. */
static void alarms_and_deliveries(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    uint64_t size = views_log_size(w.views);
    Esep__V1__Alarm alarm = ESEP__V1__ALARM__INIT;
    Esep__V1__Target target = ESEP__V1__TARGET__INIT;
    Esep__V1__Target *targets[257];
    for (size_t i = 0; i < 257; i++)
        targets[i] = &target;
    alarm.kind = ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_SPLIT;
    alarm.targets = targets;
    alarm.n_targets = 257;
    assert_int_equal(try_type(&w, LOG(ALARM), &alarm.base), ESEP_LIMIT);
    alarm.office = 9;
    alarm.n_targets = 1;
    assert_int_equal(try_type(&w, LOG(ALARM), &alarm.base), ESEP_INVALID);
    assert_untouched(&w, size);
    alarm.office = 0;
    alarm.n_targets = 2;
    assert_int_equal(try_type(&w, LOG(ALARM), &alarm.base), ESEP_OK);
    Esep__V1__Delivery delivery = ESEP__V1__DELIVERY__INIT;
    delivery.alert_index = size;
    delivery.target = 2;
    assert_int_equal(try_type(&w, LOG(DELIVERY), &delivery.base), ESEP_INVALID);
    const size_t room = views_deliveries_room(w.views);
    delivery.target = 1;
    assert_int_equal(try_type(&w, LOG(DELIVERY), &delivery.base), ESEP_OK);
    assert_int_equal(views_deliveries_room(w.views), room + 1);
    alarm.n_targets = 0;
    assert_int_equal(try_type(&w, LOG(ALARM), &alarm.base), ESEP_OK);
    assert_int_equal(views_deliveries_room(w.views), room + 1);
    world_end(&w);
}

static void no_zone(Esep__V1__Plan *plan)
{
    plan->zone = text("Mars/Olympus");
}
static void no_rules(Esep__V1__Plan *plan)
{
    plan->rules = NULL;
}

static void plans_that_cannot_be_used(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    uint64_t size = views_log_size(w.views);
    Esep__V1__PlanChange change = ESEP__V1__PLAN_CHANGE__INIT;
    change.plan = (ProtobufCBinaryData){2, (uint8_t *)(uintptr_t) "\xff\xff"};
    assert_int_equal(try_type(&w, LOG(PLAN), &change.base), ESEP_INVALID);
    static uint8_t packed[65536];
    void (*const spoils[])(Esep__V1__Plan *) = {no_zone, no_rules};
    for (size_t i = 0; i < 2; i++) {
        Esep__V1__PlanChange *held =
            esep__v1__plan_change__unpack(NULL, w.log[1].len, w.log[1].body);
        assert_non_null(held);
        Esep__V1__Plan *plan = esep__v1__plan__unpack(NULL, held->plan.len, held->plan.data);
        assert_non_null(plan);
        char *zone = plan->zone;
        Esep__V1__Rules *rules = plan->rules;
        spoils[i](plan);
        change.plan = (ProtobufCBinaryData){protobuf_c_message_pack(&plan->base, packed), packed};
        plan->zone = zone;
        plan->rules = rules;
        esep__v1__plan__free_unpacked(plan, NULL);
        esep__v1__plan_change__free_unpacked(held, NULL);
        assert_int_equal(try_type(&w, LOG(PLAN), &change.base), ESEP_INVALID);
    }
    assert_untouched(&w, size);
    world_end(&w);
}

/* Loads the rows with one of them changed: `at` has this key and value instead; NULL: it lacks. */
static enum esep_status load(const struct world *w, const struct views_limits *limits, size_t at,
                             const struct esep_slice *key, const struct esep_slice *value)
{
    struct views *views = NULL;
    assert_int_equal(views_new(&views, limits, world_zone, NULL), ESEP_OK);
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; i < w->table.count && status == ESEP_OK; i++) {
        const struct world_row *row = &w->table.rows[i];
        struct esep_slice k = esep_slice(row->key, row->key_len);
        struct esep_slice v = esep_slice(row->value, row->value_len);
        if (i == at && key == NULL)
            continue;
        status = views_load_row(views, i == at ? *key : k, i == at ? *value : v, NULL);
    }
    for (uint32_t i = 0; i < views_plan_count(views) && status == ESEP_OK; i++) {
        const uint64_t index = views_plan_index(views, i);
        status = index < w->log_count
                     ? views_load_plan(views, index,
                                       esep_slice(w->log[index].body, w->log[index].len), NULL)
                     : ESEP_CORRUPT;
    }
    if (status == ESEP_OK)
        status = views_load_end(views, NULL);
    views_free(views);
    return status;
}

static bool is_loaded(const struct world_row *row)
{
    return strchr("ACDFKOPT", row->key[0]) != NULL;
}

static void rows_that_a_disk_has_changed(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    assert_int_equal(load(&w, &world_limits, SIZE_MAX, NULL, NULL), ESEP_OK);
    char seen[9] = "";
    for (size_t i = 0; i < w.table.count; i++) {
        const struct world_row *row = &w.table.rows[i];
        if (!is_loaded(row))
            continue;
        uint8_t longer[4096];
        assert_true(row->value_len < sizeof longer);
        memcpy(longer, row->value, row->value_len);
        longer[row->value_len] = 0;
        const struct esep_slice key = esep_slice(row->key, row->key_len);
        const struct esep_slice cut = esep_slice(row->value, row->value_len - 1);
        const struct esep_slice grown = esep_slice(longer, row->value_len + 1);
        const struct esep_slice none = esep_slice(longer, 0);
        assert_int_equal(load(&w, &world_limits, i, &key, &cut), ESEP_CORRUPT);
        assert_int_equal(load(&w, &world_limits, i, &key, &grown), ESEP_CORRUPT);
        assert_int_equal(load(&w, &world_limits, i, &key, &none), ESEP_CORRUPT);
        const struct esep_slice value = esep_slice(row->value, row->value_len);
        const struct esep_slice short_key = esep_slice(row->key, row->key_len - 1);
        assert_int_equal(load(&w, &world_limits, i, &short_key, &value), ESEP_CORRUPT);
        if (strchr("CD", row->key[0]) == NULL) /* of those no number says how many there are */
            assert_int_equal(load(&w, &world_limits, i, NULL, NULL), ESEP_CORRUPT);
        if (strchr(seen, row->key[0]) != NULL)
            continue; /* bits of one row of each table: a word, or the same views, never a crash */
        seen[strlen(seen)] = (char)row->key[0];
        for (size_t at = 0; at < row->value_len; at++) {
            static const uint8_t masks[] = {0x01, 0x80, 0xff};
            for (size_t m = 0; m < sizeof masks; m++) {
                memcpy(longer, row->value, row->value_len);
                longer[at] ^= masks[m];
                const struct esep_slice flipped = esep_slice(longer, row->value_len);
                enum esep_status status = load(&w, &world_limits, i, &key, &flipped);
                assert_true(status == ESEP_OK || status == ESEP_CORRUPT || status == ESEP_INVALID);
            }
        }
        uint8_t other[64];
        for (size_t at = 1; at < row->key_len; at++) {
            memcpy(other, row->key, row->key_len);
            other[at] ^= 0xff;
            const struct esep_slice flipped = esep_slice(other, row->key_len);
            enum esep_status status = load(&w, &world_limits, i, &flipped, &value);
            assert_true(status == ESEP_CORRUPT || (status == ESEP_OK && strchr("CDK", other[0])));
        }
    }
    assert_int_equal(strlen(seen), 8);
    struct views *views = NULL;
    assert_int_equal(views_new(&views, &world_limits, world_zone, NULL), ESEP_OK);
    const struct esep_slice nothing = esep_slice("", 0);
    const char *const letters[] = {"Z", "\x01", "\x7f", ""};
    for (size_t i = 0; i < 4; i++) {
        struct esep_reason reason = {{0}};
        assert_int_equal(views_load_row(views, esep_slice_str(letters[i]), nothing, &reason),
                         ESEP_CORRUPT);
        assert_non_null(strstr(reason.text, i == 0 ? "'Z'" : "'?'"));
    }
    views_free(views);
    world_end(&w);
}

/* A store that was written under wider limits is not half loaded. */
static void limits_below_what_is_stored(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    for (int i = 0; i < 7; i++) {
        struct views_limits limits = world_limits;
        uint32_t *const least[] = {&limits.plans_max,       &limits.offices_max,
                                   &limits.obligations_max, &limits.codes_max,
                                   &limits.deliveries_max,  &limits.open_commitments_max,
                                   &limits.accounts_max};
        *least[i] = 0;
        assert_int_equal(load(&w, &limits, SIZE_MAX, NULL, NULL), ESEP_CORRUPT);
    }
    struct views_limits limits = world_limits;
    struct views *views = NULL;
    limits.offices_max = UINT32_MAX;
    assert_int_equal(views_new(&views, &limits, world_zone, NULL), ESEP_LIMIT);
    limits = world_limits;
    limits.obligations_max = UINT32_MAX;
    assert_int_equal(views_new(&views, &limits, world_zone, NULL), ESEP_LIMIT);
    limits = world_limits;
    limits.codes_max = UINT32_MAX;
    assert_int_equal(views_new(&views, &limits, world_zone, NULL), ESEP_LIMIT);
    limits = world_limits;
    limits.accounts_max = UINT32_MAX;
    assert_int_equal(views_new(&views, &limits, world_zone, NULL), ESEP_LIMIT);
    assert_null(views);
    world_end(&w);
}

static void reports_as_the_store_has_them(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    size_t read = 0;
    for (size_t i = 0; i < w.table.count; i++) {
        const struct world_row *row = &w.table.rows[i];
        struct views_report report;
        struct esep_slice key = esep_slice(row->key, row->key_len);
        struct esep_slice value = esep_slice(row->value, row->value_len);
        enum esep_status status = views_report_read(key, value, &report);
        if (row->key[0] != 'R') {
            assert_int_equal(status, ESEP_INVALID);
            continue;
        }
        read++;
        assert_int_equal(status, ESEP_OK);
        assert_int_equal(report.office, 1);
        assert_int_equal(report.seq, 1);
        assert_int_equal(report.verdict, ESEP__V1__VERDICT__VERDICT_TAKEN);
        assert_int_equal(
            views_report_read(key, esep_slice(row->value, row->value_len - 1), &report),
            ESEP_CORRUPT);
        assert_int_equal(views_report_read(esep_slice(row->key, row->key_len - 1), value, &report),
                         ESEP_INVALID);
    }
    assert_int_equal(read, 1);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_that_are_none),
        cmocka_unit_test(places_that_are_none),
        cmocka_unit_test(entries_that_do_not_follow),
        cmocka_unit_test(commitments_of_nobody_and_of_nothing),
        cmocka_unit_test(codes_and_keys),
        cmocka_unit_test(offices_that_are_none),
        cmocka_unit_test(alerts_and_deliveries),
        cmocka_unit_test(alarms_and_deliveries),
        cmocka_unit_test(plans_that_cannot_be_used),
        cmocka_unit_test(rows_that_a_disk_has_changed),
        cmocka_unit_test(limits_below_what_is_stored),
        cmocka_unit_test(reports_as_the_store_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
