/* collector/collector_order_plan.c - orders of the secretariat: plans, reviews, extensions,
 * control.
 *
 * The same way as orders about keys: checked here for what the person can mend, logged, applied by
 * the views or refused with their reason. Days are days in the plan's zone, as people write them.
 */
#include "collector/collector_orders.h"

#define TEXT_MAX 4096u
#define CODE_MAX 64u

static bool text_fits(struct collector_order_result *result, const char *name, const char *text,
                      bool wanted, size_t max)
{
    size_t len = strlen(text);
    if (len <= max && (len > 0 || !wanted))
        return true;
    if (len > max)
        collector_order_deny(result, "%s is longer than %zu bytes", name, max);
    else
        collector_order_deny(result, "%s is missing: say it", name);
    return false;
}

bool collector_order_day(struct collector_order_result *result, const char *name, const char *text,
                         esep_day *ret_day)
{
    if (esep_day_parse(text, ret_day) == ESEP_OK)
        return true;
    collector_order_deny(result, "%s: \"%.20s\" is no day such as 2013-07-31", name, text);
    return false;
}

/* The newest entry of a plan id in the log; NULL: none. */
static const Esep__V1__Plan *newest_plan(const struct collector *c, const char *id)
{
    for (uint32_t i = views_plan_count(c->views); i-- > 0;) {
        const Esep__V1__Plan *plan = views_plan(c->views, i);
        if (plan != NULL && strcmp(plan->id, id) == 0)
            return plan;
    }
    return NULL;
}

void collector_order_plan(struct collector *c, const Esep__V1__Order *order, char *actor,
                          esep_time now, struct collector_order_result *result)
{
    const Esep__V1__PlanOrder *m = order->plan;
    const ProtobufCMessage *message = NULL;
    if (esep_unpack(&esep__v1__plan__descriptor, esep_slice_pb(m->plan), &c->arena, &message) !=
        ESEP_OK) {
        collector_order_deny(result, "the plan cannot be read: run `plan check` on it");
        return;
    }
    const Esep__V1__Plan *plan = (const Esep__V1__Plan *)message;
    const Esep__V1__Plan *before = newest_plan(c, plan->id);
    esep_day effective = plan->approved_day;
    if (m->effective[0] != '\0' &&
        !collector_order_day(result, "effective", m->effective, &effective))
        return;
    if (plan->id[0] == '\0' || plan->n_bodies == 0 || plan->rules == NULL) {
        collector_order_deny(result, "the plan has no id, no bodies or no rules: run `plan check`");
        return;
    }
    if (before != NULL && plan->revision <= before->revision) {
        collector_order_deny(result,
                             "plan %.60s is held at revision %u: a change needs a higher revision",
                             plan->id, before->revision);
        return;
    }
    if (effective < plan->approved_day) {
        collector_order_deny(result, "a plan cannot hold from before its approval");
        return;
    }
    Esep__V1__PlanChange change = ESEP__V1__PLAN_CHANGE__INIT;
    change.plan = m->plan;
    change.effective_day = effective;
    change.actor = actor;
    collector_order_log(c, ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN, 0, &change.base, now, result);
}

/* What other entries call the head at this log index. */
static struct esep_hash content_of(const struct views_obligation *o, uint64_t index)
{
    struct esep_hash content = {{0}};
    for (uint32_t i = 0; i < o->listed; i++) {
        if (o->heads[i].index == index)
            content = o->heads[i].content;
    }
    return content;
}

void collector_order_review(struct collector *c, const Esep__V1__Order *order, char *actor,
                            esep_time now, struct collector_order_result *result)
{
    const Esep__V1__ReviewOrder *m = order->review;
    const struct views_obligation *o = views_obligation_by_head(c->views, m->report_index);
    char key[ESEP_OBLIGATION_KEY_MAX];
    esep_day again_by = 0;
    if (o == NULL) {
        collector_order_deny(result,
                             "no report at log index %llu waits for a review: it was superseded or "
                             "withdrawn, or is no report; see `reports`",
                             (unsigned long long)m->report_index);
        return;
    }
    if (!text_fits(result, "the comment", m->comment, !m->accept && m->reason_code[0] == '\0',
                   TEXT_MAX) ||
        !text_fits(result, "the reason code", m->reason_code, false, CODE_MAX))
        return;
    if (m->again_by[0] != '\0') {
        if (m->accept) {
            collector_order_deny(result,
                                 "an accepted report does not come back: leave out again_by");
            return;
        }
        if (!collector_order_day(result, "again_by", m->again_by, &again_by))
            return;
        if (again_by < esep_zone_day(views_plan_zone(c->views, o->plan_no), now)) {
            collector_order_deny(result, "again_by %.20s has passed", m->again_by);
            return;
        }
    }
    memcpy(key, o->made.key, sizeof key);
    struct esep_hash content = content_of(o, m->report_index);
    Esep__V1__Review review = ESEP__V1__REVIEW__INIT;
    review.report_index = m->report_index;
    review.report = (ProtobufCBinaryData){.len = sizeof content.bytes, .data = content.bytes};
    review.obligation = key;
    review.accept = m->accept;
    review.reason_code = m->reason_code;
    review.comment = m->comment;
    review.again_by_day = again_by;
    review.actor = actor;
    collector_order_log(c, ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW, 0, &review.base, now, result);
}

static const struct views_obligation *ordered(const struct collector *c, const char *key,
                                              struct collector_order_result *result)
{
    const struct views_obligation *o = views_obligation_by_key(c->views, key);
    if (o == NULL)
        collector_order_deny(result, "there is no obligation \"%.127s\": see `obligations`", key);
    else if (o->dropped)
        collector_order_deny(result, "%.127s is no longer part of the plan", key);
    return o != NULL && !o->dropped ? o : NULL;
}

void collector_order_extend(struct collector *c, const Esep__V1__Order *order, char *actor,
                            esep_time now, struct collector_order_result *result)
{
    const Esep__V1__ExtendOrder *m = order->extend;
    const struct views_obligation *o = ordered(c, m->obligation, result);
    esep_day until = 0;
    if (o == NULL || !text_fits(result, "the reason", m->reason, true, TEXT_MAX) ||
        !text_fits(result, "the document", m->document, !m->refuse, 256))
        return;
    if (!m->refuse) {
        char due[11];
        if (!collector_order_day(result, "until", m->until, &until))
            return;
        esep_day now_due = esep_zone_day(views_plan_zone(c->views, o->plan_no), o->due);
        esep_day_format(now_due, due);
        if (until <= now_due) {
            collector_order_deny(result, "it is due on %s: an extension must be later", due);
            return;
        }
    }
    Esep__V1__Extension extension = ESEP__V1__EXTENSION__INIT;
    extension.obligation = m->obligation;
    extension.until_day = until;
    extension.granted = !m->refuse;
    extension.document = m->document;
    extension.reason = m->reason;
    extension.actor = actor;
    collector_order_log(c, ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION, 0, &extension.base, now, result);
}

void collector_order_control(struct collector *c, const Esep__V1__Order *order, char *actor,
                             esep_time now, struct collector_order_result *result)
{
    const Esep__V1__ControlOrder *m = order->control;
    const struct views_obligation *o = ordered(c, m->obligation, result);
    bool remove = m->act == ESEP__V1__CONTROL_ACT__CONTROL_ACT_REMOVE;
    if (o == NULL || !text_fits(result, "the reason", m->reason, true, TEXT_MAX))
        return;
    if (!remove && m->act != ESEP__V1__CONTROL_ACT__CONTROL_ACT_RESTORE) {
        collector_order_deny(result, "control knows remove and restore");
        return;
    }
    if (remove == (o->control == ESEP_CONTROL_REMOVED)) {
        collector_order_deny(result, "%.127s is %s control already", m->obligation,
                             remove ? "removed from" : "on");
        return;
    }
    Esep__V1__Control control = ESEP__V1__CONTROL__INIT;
    control.obligation = m->obligation;
    control.removed = remove;
    control.reason = m->reason;
    control.actor = actor;
    collector_order_log(c, ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL, 0, &control.base, now, result);
}
