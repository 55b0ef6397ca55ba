/* collector/alert_text.h - an alert, or an alarm, in words: subject and text in Kazakh, Russian or
 * English, and the JSON of the webhooks.
 *
 * Made from the alert as it stands in the log and from the plan's names; the same alert gives the
 * same words for ever. It decides nothing.
 */
#ifndef COLLECTOR_ALERT_TEXT_H
#define COLLECTOR_ALERT_TEXT_H

#include "collector/views.h"

/* language: "kk", "ru" or "en" (others: "en"). Appends; both are NUL-free UTF-8 with LF. ESEP_LIMIT
 * or ESEP_NOMEM from the bufs. */
ESEP_MUST_USE enum esep_status
collector_alert_text(const struct views *views, const Esep__V1__Alert *alert, const char *language,
                     struct esep_buf *ret_subject, struct esep_buf *ret_text);
/* Likewise of an alarm for operators, raised at that hour. */
ESEP_MUST_USE enum esep_status collector_alarm_text(const Esep__V1__Alarm *alarm,
                                                    esep_time raised_at, const char *language,
                                                    struct esep_buf *ret_subject,
                                                    struct esep_buf *ret_text);
/* "fork", "behind", "bad_signature", "old_key", "witness_ahead", ... */
const char *collector_alarm_kind_name(Esep__V1__AlarmKind kind);
/* "due_soon", "due_today", "overdue", "still_overdue", "silent". */
const char *collector_alert_kind_name(Esep__V1__AlertKind kind);

#endif
