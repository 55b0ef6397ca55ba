/* collector/views_orders.c - what the secretariat decides: reviews, extensions, control.
 *
 * A decision speaks of what stands now; one that speaks of something else (a report superseded
 * since, an obligation nobody made) is refused and never logged. A return keeps the first
 * receipt's hour and gives a day of its own to come back; an extension keeps the original date.
 */
#include "collector/views_state.h"

static enum esep_status no_duty(const struct views_entry *entry, const char *key)
{
    return esep_because(entry->reason, ESEP_INVALID, "no plan asks for \"%.160s\"", key);
}

enum esep_status views_apply_review(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__review__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Review *review = (const Esep__V1__Review *)message;
    struct views_duty *duty = views_duty_by_key(v, review->obligation);
    if (duty == NULL)
        return no_duty(entry, review->obligation);
    struct views_head *head = views_head_at(duty, review->report_index);
    if (head == NULL)
        return esep_because(entry->reason, ESEP_INVALID,
                            "report %llu does not stand: superseded, withdrawn or never taken",
                            (unsigned long long)review->report_index);
    if (!esep_slice_equal(esep_slice_pb(review->report),
                          esep_slice(head->content.bytes, ESEP_HASH_BYTES)))
        return esep_because(entry->reason, ESEP_INVALID,
                            "the report at log index %llu has another content hash than the review "
                            "names",
                            (unsigned long long)review->report_index);
    const esep_time at = entry->leaf.accepted_at;
    const bool was_accepted = head->submission == ESEP_SUBMISSION_ACCEPTED;
    const uint64_t report_index = head->index;
    struct views_office_slot *author = views_office_slot(v, head->office);
    head->review_index = entry->index;
    head->submission = review->accept ? ESEP_SUBMISSION_ACCEPTED : ESEP_SUBMISSION_RETURNED;
    head->again_by =
        !review->accept && review->again_by_day != 0 ? review->again_by_day : ESEP_DAY_NONE;
    views_heads_sum(duty);
    views_mark_duty(v, duty);
    views_mail_duty(v, duty, entry->index, at);
    if (author != NULL && views_duty_body(v, duty) != NULL &&
        !views_duty_concerns(v, duty, &author->pub, at))
        views_mail(v, author, entry->index);
    if (review->accept && !was_accepted)
        views_mail_leads(v, duty, report_index, at);
    return ESEP_OK;
}

enum esep_status views_apply_extension(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__extension__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Extension *extension = (const Esep__V1__Extension *)message;
    struct views_duty *duty = views_duty_by_key(v, extension->obligation);
    if (duty == NULL)
        return no_duty(entry, extension->obligation);
    if (duty->pub.dropped || duty->pub.control == ESEP_CONTROL_REMOVED)
        return esep_because(entry->reason, ESEP_INVALID, "%s is no longer on control",
                            duty->pub.made.key);
    if (extension->granted && extension->until_day < duty->pub.made.due_day)
        return esep_because(entry->reason, ESEP_INVALID, "an extension never shortens: %s",
                            duty->pub.made.key);
    duty->pub.extension_index = entry->index;
    duty->pub.control = extension->granted ? ESEP_CONTROL_EXTENDED : ESEP_CONTROL_EXTENSION_REFUSED;
    if (extension->granted) {
        duty->pub.extended_to = extension->until_day;
        views_duty_due(v, duty);
    }
    views_mark_duty(v, duty);
    views_mail_duty(v, duty, entry->index, entry->leaf.accepted_at);
    return ESEP_OK;
}

enum esep_status views_apply_control(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__control__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Control *control = (const Esep__V1__Control *)message;
    struct views_duty *duty = views_duty_by_key(v, control->obligation);
    if (duty == NULL)
        return no_duty(entry, control->obligation);
    if (control->removed == (duty->pub.control == ESEP_CONTROL_REMOVED))
        return esep_because(entry->reason, ESEP_INVALID, "%s is %s control already",
                            duty->pub.made.key, control->removed ? "removed from" : "on");
    duty->pub.control_index = entry->index;
    duty->pub.control = control->removed ? ESEP_CONTROL_REMOVED : ESEP_CONTROL_RESTORED;
    views_mark_duty(v, duty);
    views_mail_duty(v, duty, entry->index, entry->leaf.accepted_at);
    return ESEP_OK;
}
