/* collector/collector_alert.c - alerts, and alarms for operators, become log entries, and are
 * delivered once durable.
 *
 * The views say which alerts are due and not in the log yet. They are logged first; applying them
 * is what makes the views not say them again, so each is raised once, also across restarts and long
 * downtimes. The commit lets them out as DELIVER effects, and what became of each delivery comes
 * back and is logged too. What is still owed at start stands in the views (views_deliveries); the
 * shell asks for it there.
 *
 * What a witness has seen is an alarm with targets of its own, and goes the same way. Where so much
 * is owed already that they do not fit, it stands in the log without them: it is an alarm first.
 *
 * After a start nothing is said for a while (alerts_settle): what offices wrote while the collector
 * was away comes in first, and none of them is called silent for our own absence.
 */
#include "collector/collector_internal.h"

#define LOOK_AGAIN (5 * ESEP_MINUTE)
#define LENGTH_BYTES 4u /* before each alert that was kept */

static enum esep_status keep_alert(void *context, struct esep_slice body)
{
    struct collector *c = context;
    struct esep_buf *kept = &c->alert_bytes;
    enum esep_status status = esep_buf_reserve(kept, LENGTH_BYTES + body.len);
    if (status != ESEP_OK)
        return status; /* whole or not at all */
    esep_be32_put(kept->data + kept->len, (uint32_t)body.len);
    kept->len += LENGTH_BYTES;
    return esep_buf_put(kept, body.data, body.len);
}

/* false: no room for all of them; the views will say the rest again. */
static bool log_alerts(struct collector *c, esep_time now)
{
    struct esep_reason reason = {{0}};
    size_t at = 0;
    while (at < c->alert_bytes.len) {
        size_t len = esep_be32(c->alert_bytes.data + at);
        struct esep_slice body = esep_slice(c->alert_bytes.data + at + LENGTH_BYTES, len);
        uint64_t index = 0;
        if (!collector_after_room(c, 1) ||
            collector_log_own(c, ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT, 0, body, now, &index,
                              &reason) != ESEP_OK)
            return false;
        collector_after_add(c, c->serial, COLLECTOR_AFTER_DELIVER)->index = index;
        at += LENGTH_BYTES + len;
    }
    return true;
}

void collector_alerts_on_time(struct collector *c, esep_time now)
{
    if (now < c->alerts_at || now < c->alerts_from || c->full || c->draining)
        return;
    esep_time next = ESEP_TIME_NEVER;
    esep_buf_clear(&c->alert_bytes);
    enum esep_status status = views_alerts(c->views, now, c->config.targets,
                                           c->config.targets_context, keep_alert, c, &next);
    bool all = log_alerts(c, now);
    c->alerts_at = now + LOOK_AGAIN;
    if (status == ESEP_OK && next < c->alerts_at)
        c->alerts_at = next > now ? next : now + ESEP_SECOND;
    if (!all || status != ESEP_OK)
        c->alerts_at = now + ESEP_SECOND;
}

bool collector_sighted(struct collector *c, const struct collector_sight *sight, esep_time now)
{
    char text[256];
    char witness[ESEP_NOTE_NAME_MAX + 1];
    struct esep_reason reason = {{0}};
    uint64_t index = 0;
    struct views_recipients told = {.count = 0};
    ESEP_ASSERT(strlen(sight->text) < sizeof text && strlen(sight->witness) < sizeof witness);
    (void)memcpy(text, sight->text, strlen(sight->text) + 1);
    (void)memcpy(witness, sight->witness, strlen(sight->witness) + 1);
    if (!collector_after_room(c, 1))
        return false;
    views_recipients_add(&told, c->config.targets, c->config.targets_context, "", "",
                         VIEWS_OPERATORS);
    Esep__V1__Alarm message = ESEP__V1__ALARM__INIT;
    message.kind = sight->kind;
    message.seq = sight->size;
    message.text = text;
    message.witness = witness;
    message.targets = told.list;
    message.n_targets = told.count <= views_deliveries_room(c->views) ? told.count : 0;
    const enum esep_status status =
        collector_log_own(c, ESEP__V1__LOG_TYPE__LOG_TYPE_ALARM, 0,
                          collector_pack(c, &message.base), now, &index, &reason);
    if (status == ESEP_LIMIT)
        collector_count(c, COLLECTOR_UNWRITTEN, 1);
    if (status == ESEP_OK && message.n_targets > 0)
        collector_after_add(c, c->serial, COLLECTOR_AFTER_DELIVER)->index = index;
    return status == ESEP_OK;
}

void collector_delivered(struct collector *c, uint64_t alert_index, uint32_t target, bool delivered,
                         uint32_t attempts, const char *detail, esep_time now)
{
    char text[256];
    size_t len = detail != NULL ? strnlen(detail, sizeof text - 1) : 0;
    if (len > 0)
        memcpy(text, detail, len);
    text[len] = '\0';
    if (!esep_utf8_valid(esep_slice(text, len)))
        text[0] = '\0'; /* a foreign server's words, cut or not text at all */
    Esep__V1__Delivery delivery = ESEP__V1__DELIVERY__INIT;
    delivery.alert_index = alert_index;
    delivery.target = target;
    delivery.delivered = delivered;
    delivery.attempts = attempts;
    delivery.detail = text;
    (void)collector_log_aside(c, ESEP__V1__LOG_TYPE__LOG_TYPE_DELIVERY, 0,
                              collector_pack(c, &delivery.base), now);
}
