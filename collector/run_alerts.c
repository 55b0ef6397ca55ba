/* collector/run_alerts.c - from an alert, or an alarm for operators, in the log to its recipients;
 * see run.h.
 *
 * Who is told is fixed when the alert is raised and stands in the log. What is still owed stands in
 * the views; the queue of tries is deliver.h.
 *
 * What came of a delivery is told to the core, which logs it. Until that entry is durable the core
 * may end, or the store be full, and the views go on listing the delivery as owed: so the ends are
 * remembered here, the newest TOLD_MAX of them, and what is owed but remembered is told again
 * instead of sent again. A scan looks at some thousand owed deliveries and goes on there next time.
 */
#include "collector/alert_text.h"
#include "collector/run.h"
#include "io/log.h"
#include "wire/unpack.h"

#include <jansson.h>
#include <stdlib.h>

#define TOLD_MAX 2048
#define SCAN_MAX 4096
#define SCAN_EVERY (10 * ESEP_SECOND)

struct told {
    uint64_t alert_index;
    uint32_t target;
    uint32_t attempts;
    bool delivered;
    bool open; /* the views may still list it as owed */
    bool owed; /* the scan under way has seen that they do */
    char detail[120];
};
struct run_alerts {
    struct esep_arena arena;
    struct esep_buf entry;
    struct esep_buf subject;
    struct esep_buf text;
    bool rescan;       /* some did not fit into the queue, or into a scan */
    bool untold;       /* some could not be told to the core */
    esep_time scan_at; /* monotonic: not before */
    struct {           /* where the next scan begins */
        uint64_t alert_index;
        uint32_t target;
    } from;
    size_t seen;    /* by the scan under way */
    bool narrow[2]; /* mail, webhooks: the queue was full in this scan */
    size_t told_next;
    size_t told_open;
    struct told told[TOLD_MAX];
};

/* What is to be told, read from the log. */
struct notice {
    uint64_t index;
    esep_time raised_at;
    const Esep__V1__Alert *alert; /* or ... */
    const Esep__V1__Alarm *alarm;
    Esep__V1__Target *const *targets;
    size_t target_count;
};

static struct told *find_told(struct run_alerts *a, uint64_t alert_index, uint32_t target)
{
    for (size_t i = 0; a->told_open > 0 && i < TOLD_MAX; i++)
        if (a->told[i].open && a->told[i].alert_index == alert_index && a->told[i].target == target)
            return &a->told[i];
    return NULL;
}

static struct told *remember(struct run_alerts *a, uint64_t alert_index, uint32_t target,
                             bool delivered, uint32_t attempts, const char *detail)
{
    struct told *told = &a->told[a->told_next++ % TOLD_MAX];
    a->told_open += !told->open;
    *told = (struct told){.alert_index = alert_index,
                          .target = target,
                          .attempts = attempts,
                          .delivered = delivered,
                          .open = true,
                          .owed = true};
    (void)snprintf(told->detail, sizeof told->detail, "%s", detail);
    esep_log(delivered ? ESEP_LOG_INFO : ESEP_LOG_ERROR,
             delivered ? "alert-delivered" : "alert-given-up",
             "alert %llu, target %u, after %u tries: %s", (unsigned long long)alert_index, target,
             attempts, detail);
    return told;
}

/* The core logs it if it can; the views then list it no more, which the next scan sees. */
static void tell(struct run *run, const struct told *told)
{
    if (run->core == NULL || run->ended || run->full) {
        run->alerts->untold = true;
        return;
    }
    uint64_t before = views_log_size(run->state.views);
    collector_on_delivery(run->core, told->alert_index, told->target, told->delivered,
                          told->attempts, told->detail, run_now(run));
    if (views_log_size(run->state.views) == before)
        run->alerts->untold = true; /* no room in the batch */
}

static void on_done(void *context, uint64_t alert_index, uint32_t target, bool delivered,
                    uint32_t attempts, const char *detail)
{
    struct run *run = context;
    struct run_alerts *a = run->alerts;
    tell(run, remember(a, alert_index, target, delivered, attempts, detail));
    if (a->rescan && deliver_roomy(run->deliver))
        a->scan_at = 0;
    run_pump(run);
}

enum esep_status run_alerts_new(struct run *run, struct esep_reason *reason)
{
    struct run_alerts *a = calloc(1, sizeof *a);
    if (a == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for alerts");
    run->alerts = a;
    esep_buf_init(&a->entry, 1u << 20);
    esep_buf_init(&a->subject, 4096);
    esep_buf_init(&a->text, 1u << 20);
    enum esep_status status = esep_arena_init(&a->arena, 4u << 20);
    if (status == ESEP_OK)
        status = deliver_new(&run->deliver, run->loop, run->settings, &run->state.log->log_id,
                             on_done, run, reason);
    return status;
}

void run_alerts_free(struct run *run)
{
    struct run_alerts *a = run->alerts;
    deliver_free(run->deliver);
    run->deliver = NULL;
    if (a == NULL)
        return;
    esep_arena_done(&a->arena);
    esep_buf_done(&a->entry);
    esep_buf_done(&a->subject);
    esep_buf_done(&a->text);
    free(a);
    run->alerts = NULL;
}

static json_t *items_json(const Esep__V1__Alert *alert)
{
    json_t *list = json_array();
    for (size_t i = 0; i < alert->n_items; i++) {
        const Esep__V1__AlertItem *item = alert->items[i];
        char due[32] = "";
        if (item->due_us != 0)
            esep_time_format(item->due_us, NULL, due);
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i, s:s, s:i}", "kind",
                                                    collector_alert_kind_name(item->kind),
                                                    "obligation", item->obligation, "days_left",
                                                    (int)item->days_left, "weeks", (int)item->weeks,
                                                    "due", due, "office", (int)item->office));
    }
    return list;
}

/* The webhook's body: what the letter says, for machines, and the letter beside it. */
static enum esep_status webhook_text(struct run_alerts *a, const struct notice *n)
{
    char at[32];
    esep_time_format(n->raised_at, NULL, at);
    json_t *data =
        n->alert != NULL
            ? json_pack("{s:s, s:s, s:o}", "plan", n->alert->plan, "body", n->alert->body, "items",
                        items_json(n->alert))
            : json_pack("{s:s, s:s, s:I}", "kind", collector_alarm_kind_name(n->alarm->kind),
                        "witness", n->alarm->witness, "size", (json_int_t)n->alarm->seq);
    json_t *words = json_pack("{s:I, s:s%, s:s%}", "log_index", (json_int_t)n->index, "subject",
                              (const char *)a->subject.data, a->subject.len, "text",
                              (const char *)a->text.data, a->text.len);
    if (json_object_update(data, words) != 0) {
        json_decref(data);
        data = NULL;
    }
    json_decref(words);
    json_t *value = data != NULL ? json_pack("{s:s, s:s, s:o}", "type",
                                             n->alert != NULL ? "esep.alert" : "esep.alarm",
                                             "timestamp", at, "data", data)
                                 : NULL;
    char *packed = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (packed == NULL)
        return ESEP_INVALID; /* what is no UTF-8 is no JSON */
    esep_buf_clear(&a->text);
    enum esep_status status = esep_buf_put(&a->text, packed, strlen(packed));
    free(packed);
    return status;
}

/* ESEP_OK: queued; ESEP_LIMIT: not now; ESEP_INVALID: given up, and remembered so. */
static enum esep_status offer(struct run *run, const struct notice *n, uint32_t number)
{
    struct run_alerts *a = run->alerts;
    const Esep__V1__Target *to = n->targets[number];
    size_t channel = to->channel == ESEP__V1__CHANNEL__CHANNEL_WEBHOOK ? 1 : 0;
    if (a->narrow[channel])
        return ESEP_LIMIT;
    esep_buf_clear(&a->subject);
    esep_buf_clear(&a->text);
    enum esep_status status =
        n->alert != NULL
            ? collector_alert_text(run->state.views, n->alert, to->language, &a->subject, &a->text)
            : collector_alarm_text(n->alarm, n->raised_at, to->language, &a->subject, &a->text);
    if (status == ESEP_OK && to->channel == ESEP__V1__CHANNEL__CHANNEL_WEBHOOK)
        status = webhook_text(a, n);
    if (status == ESEP_NOMEM)
        return ESEP_LIMIT;
    if (status != ESEP_OK) {
        (void)remember(a, n->index, number, false, 0, "it cannot be put into words");
        return ESEP_INVALID;
    }
    const struct deliver_item item = {.alert_index = n->index,
                                      .target = number,
                                      .to = to,
                                      .subject = esep_buf_slice(&a->subject),
                                      .text = esep_buf_slice(&a->text),
                                      .raised_at = n->raised_at};
    status = deliver_add(run->deliver, &item);
    if (status == ESEP_INVALID)
        (void)remember(a, n->index, number, false, 0,
                       "its channel is not in the collector's configuration any more");
    a->narrow[channel] = status == ESEP_LIMIT || status == ESEP_NOMEM;
    return status == ESEP_NOMEM ? ESEP_LIMIT : status;
}

/* Reads an alert or an alarm from the log; false where it is not there (not yet durable), or is
 * none. It lives until the next one is read. */
static bool read_notice(struct run *run, uint64_t index, struct notice *ret)
{
    struct run_alerts *a = run->alerts;
    struct esep_leaf leaf;
    const ProtobufCMessage *message = NULL;
    esep_buf_clear(&a->entry);
    esep_arena_reset(&a->arena);
    if (collector_state_entry(run->state.log, index, &a->entry, NULL) != ESEP_OK ||
        esep_leaf_unpack(esep_slice(a->entry.data, ESEP_LEAF_BYTES), &leaf) != ESEP_OK)
        return false;
    const bool is_alert = leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT;
    if (!is_alert && leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_ALARM)
        return false;
    struct esep_slice body =
        esep_slice(a->entry.data + ESEP_LEAF_BYTES, a->entry.len - ESEP_LEAF_BYTES);
    if (esep_unpack(is_alert ? &esep__v1__alert__descriptor : &esep__v1__alarm__descriptor, body,
                    &a->arena, &message) != ESEP_OK)
        return false;
    *ret = (struct notice){.index = index, .raised_at = leaf.accepted_at};
    if (is_alert) {
        ret->alert = (const Esep__V1__Alert *)message;
        ret->targets = ret->alert->targets;
        ret->target_count = ret->alert->n_targets;
    } else {
        ret->alarm = (const Esep__V1__Alarm *)message;
        ret->targets = ret->alarm->targets;
        ret->target_count = ret->alarm->n_targets;
    }
    return true;
}

static void say_raised(const struct notice *n)
{
    if (n->alert != NULL)
        esep_log(ESEP_LOG_INFO, "alert-raised", "%s, %s: %zu items for %zu targets", n->alert->plan,
                 n->alert->body, n->alert->n_items, n->target_count);
    else
        esep_log(ESEP_LOG_INFO, "alarm-raised", "%s of %s for %zu targets",
                 collector_alarm_kind_name(n->alarm->kind), n->alarm->witness, n->target_count);
}

void run_alerts_raised(struct run *run, uint64_t alert_index)
{
    struct notice n;
    if (!read_notice(run, alert_index, &n)) {
        esep_log(ESEP_LOG_ERROR, "alert-unreadable", "log entry %llu is no alert",
                 (unsigned long long)alert_index);
        return;
    }
    say_raised(&n);
    run->alerts->narrow[0] = run->alerts->narrow[1] = false;
    for (uint32_t i = 0; i < n.target_count; i++) {
        enum esep_status status = offer(run, &n, i);
        if (status == ESEP_LIMIT)
            run->alerts->rescan = true;
        if (status == ESEP_INVALID)
            run->alerts->untold = true; /* the core is told by the next scan */
    }
}

/* Only looks and queues: telling the core would change the list under the scan. */
static bool visit_owed(void *context, uint64_t alert_index, uint32_t target)
{
    struct run *run = context;
    struct run_alerts *a = run->alerts;
    if (alert_index < a->from.alert_index ||
        (alert_index == a->from.alert_index && target < a->from.target))
        return true;
    if (a->seen++ == SCAN_MAX) {
        a->from.alert_index = alert_index;
        a->from.target = target;
        a->rescan = true;
        return false;
    }
    struct told *told = find_told(a, alert_index, target);
    if (told != NULL) {
        told->owed = true;
        return true;
    }
    if (deliver_knows(run->deliver, alert_index, target))
        return true;
    struct notice n;
    if (!read_notice(run, alert_index, &n) || target >= n.target_count)
        return true; /* not durable yet: DELIVER brings it */
    if (offer(run, &n, target) == ESEP_LIMIT)
        a->rescan = true;
    return true;
}

static void scan(struct run *run)
{
    struct run_alerts *a = run->alerts;
    bool from_start = a->from.alert_index == 0 && a->from.target == 0;
    a->rescan = false;
    a->untold = false;
    a->seen = 0;
    a->narrow[0] = a->narrow[1] = false;
    a->scan_at = esep_monotonic() + SCAN_EVERY;
    for (size_t i = 0; i < TOLD_MAX; i++)
        a->told[i].owed = false;
    views_deliveries(run->state.views, visit_owed, run);
    bool to_end = a->seen <= SCAN_MAX;
    if (to_end)
        a->from.alert_index = a->from.target = 0;
    if (!from_start || !to_end)
        a->rescan = true; /* what a part of a scan did not see is not known to be done */
    for (size_t i = 0; i < TOLD_MAX; i++) {
        struct told *told = &a->told[i];
        if (told->open && told->owed)
            tell(run, told);
        else if (told->open && from_start && to_end) {
            told->open = false;
            a->told_open--;
        }
    }
}

void run_alerts_opened(struct run *run)
{
    struct run_alerts *a = run->alerts;
    a->from.alert_index = a->from.target = 0;
    a->told_open = 0;
    for (size_t i = 0; i < TOLD_MAX; i++) {
        a->told[i].open = i < a->told_next;
        a->told_open += a->told[i].open;
    }
    scan(run);
}

bool run_alerts_waiting(const struct run *run)
{
    return run->alerts != NULL && (run->alerts->rescan || run->alerts->untold);
}

void run_alerts_on_time(struct run *run)
{
    struct run_alerts *a = run->alerts;
    bool fits = a->rescan && deliver_roomy(run->deliver);
    bool tells = a->untold && !run->full && !run->draining;
    if ((fits || tells) && esep_monotonic() >= a->scan_at)
        scan(run);
}

size_t run_alerts_targets(void *context, const char *plan, const char *body,
                          enum views_audience whom, Esep__V1__Target *ret, size_t max)
{
    struct run *run = context;
    struct collector_settings *s = run->settings;
    size_t count = 0;
    for (size_t i = 0; i < s->recipient_count && count < max; i++) {
        struct collector_recipient *r = &s->recipients[i];
        bool of_body = strcmp(r->body, "*") == 0 || strcmp(r->body, body) == 0;
        if (r->audience != whom || !of_body ||
            (strcmp(r->plan, "*") != 0 && strcmp(r->plan, plan) != 0))
            continue;
        esep__v1__target__init(&ret[count]);
        ret[count].channel =
            r->mail[0] != 0 ? ESEP__V1__CHANNEL__CHANNEL_MAIL : ESEP__V1__CHANNEL__CHANNEL_WEBHOOK;
        ret[count].address = r->mail[0] != 0 ? r->mail : r->webhook;
        ret[count].language = r->language;
        count++;
    }
    return count;
}
