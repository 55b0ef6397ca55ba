/* collector/views_deliveries.c - an alert, or an alarm, in the log: said once, and owed to its
 * targets.
 *
 * Applying an Alert remembers what it said of each obligation and office, puts it into the body's
 * mailboxes, and owes one delivery for each target until a Delivery entry says done or given up.
 * Deliveries ascend by (alert, target); those done are taken out when half of them are.
 */
#include "collector/views_state.h"

size_t views_deliveries_room(const struct views *v)
{
    return v->limits.deliveries_max - (v->delivery_count - v->delivery_done);
}

enum esep_status views_may_owe(const struct views *v, const struct views_entry *entry, size_t count)
{
    if (count > views_deliveries_room(v))
        return esep_because(entry->reason, ESEP_LIMIT, "%lu deliveries are owed already",
                            (unsigned long)(v->delivery_count - v->delivery_done));
    return ESEP_OK;
}

static enum esep_status check_alert(const struct views *v, const struct views_entry *entry,
                                    const Esep__V1__Alert *alert)
{
    for (size_t i = 0; i < alert->n_items; i++) {
        const Esep__V1__AlertItem *item = alert->items[i];
        const bool known = item->kind == ESEP__V1__ALERT_KIND__ALERT_KIND_SILENT
                               ? views_office_slot(v, item->office) != NULL
                               : views_duty_by_key(v, item->obligation) != NULL;
        if (!known)
            return esep_because(entry->reason, ESEP_INVALID, "an alert about what is not there");
    }
    return views_may_owe(v, entry, alert->n_targets);
}

static void compact(struct views *v)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < v->delivery_count; i++) {
        if (!v->deliveries[i].done)
            v->deliveries[kept++] = v->deliveries[i];
    }
    v->delivery_count = kept;
    v->delivery_done = 0;
}

static void owe(struct views *v, uint64_t alert, uint32_t target)
{
    if (v->delivery_count == v->limits.deliveries_max)
        compact(v);
    struct views_delivery *delivery = &v->deliveries[v->delivery_count++];
    *delivery = (struct views_delivery){.alert = alert, .target = target};
    views_put_delivery(v, delivery);
}

void views_owe(struct views *v, const struct views_entry *entry, size_t count)
{
    for (size_t i = 0; i < count; i++)
        owe(v, entry->index, (uint32_t)i);
}

enum esep_status views_apply_alert(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    enum esep_status status = views_message(v, entry, &esep__v1__alert__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Alert *alert = (const Esep__V1__Alert *)message;
    status = check_alert(v, entry, alert);
    if (status != ESEP_OK)
        return status;
    for (size_t i = 0; i < alert->n_items; i++) {
        const Esep__V1__AlertItem *item = alert->items[i];
        if (item->kind == ESEP__V1__ALERT_KIND__ALERT_KIND_SILENT) {
            struct views_office_slot *slot = views_office_slot(v, item->office);
            slot->pub.silent = slot->pub.seen_at == item->seen_at_us;
            views_mark_office(v, slot);
            continue;
        }
        struct views_duty *duty = views_duty_by_key(v, item->obligation);
        duty->pub.alert_due = item->due_us;
        duty->pub.alert_step = views_alert_rank(item->kind, item->days_left, item->weeks);
        views_mark_duty(v, duty);
    }
    views_mail_body(v, alert->plan, alert->body, entry->index);
    views_owe(v, entry, alert->n_targets);
    return ESEP_OK;
}

static struct views_delivery *find_delivery(const struct views *v, uint64_t alert, uint32_t target)
{
    uint32_t low = 0;
    uint32_t high = v->delivery_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const struct views_delivery *d = &v->deliveries[middle];
        if (d->alert < alert || (d->alert == alert && d->target < target))
            low = middle + 1;
        else
            high = middle;
    }
    struct views_delivery *found = &v->deliveries[low];
    return low < v->delivery_count && found->alert == alert && found->target == target &&
                   !found->done
               ? found
               : NULL;
}

enum esep_status views_apply_delivery(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__delivery__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Delivery *done = (const Esep__V1__Delivery *)message;
    struct views_delivery *delivery = find_delivery(v, done->alert_index, done->target);
    if (delivery == NULL)
        return esep_because(entry->reason, ESEP_INVALID,
                            "target %lu of alert %llu is not owed a delivery",
                            (unsigned long)done->target, (unsigned long long)done->alert_index);
    delivery->done = true;
    views_put_delivery(v, delivery);
    if (++v->delivery_done > v->delivery_count / 2)
        compact(v);
    return ESEP_OK;
}

void views_deliveries(const struct views *v,
                      bool (*visit)(void *context, uint64_t alert_index, uint32_t target),
                      void *context)
{
    for (uint32_t i = 0; i < v->delivery_count; i++) {
        if (!v->deliveries[i].done &&
            !visit(context, v->deliveries[i].alert, v->deliveries[i].target))
            return;
    }
}
