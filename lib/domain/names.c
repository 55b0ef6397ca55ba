/* lib/domain/names.c - the words for the values of the axes, in JSON, tables and commands.
 *
 * They are part of the documented output: a name is never changed, only added.
 */
#include "domain/obligation.h"
#include "domain/report.h"

static const char *const fulfilment_names[] = {
    [ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED] = "unspecified",
    [ESEP__V1__FULFILMENT__FULFILMENT_NOT_STARTED] = "not_started",
    [ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS] = "in_progress",
    [ESEP__V1__FULFILMENT__FULFILMENT_PARTLY] = "partly",
    [ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED] = "executed",
    [ESEP__V1__FULFILMENT__FULFILMENT_NOT_EXECUTED] = "not_executed",
    [ESEP__V1__FULFILMENT__FULFILMENT_NOT_APPLICABLE] = "not_applicable",
};
static const char *const submission_names[] = {
    [ESEP_SUBMISSION_NONE] = "none",
    [ESEP_SUBMISSION_DRAFT] = "draft",
    [ESEP_SUBMISSION_QUEUED] = "queued",
    [ESEP_SUBMISSION_SENT] = "sent",
    [ESEP_SUBMISSION_RECEIVED] = "received",
    [ESEP_SUBMISSION_UNDER_REVIEW] = "under_review",
    [ESEP_SUBMISSION_RETURNED] = "returned",
    [ESEP_SUBMISSION_ACCEPTED] = "accepted",
    [ESEP_SUBMISSION_SUPERSEDED] = "superseded",
    [ESEP_SUBMISSION_WITHDRAWN] = "withdrawn",
};
static const char *const control_names[] = {
    [ESEP_CONTROL_ON] = "on",
    [ESEP_CONTROL_EXTENSION_ASKED] = "extension_asked",
    [ESEP_CONTROL_EXTENDED] = "extended",
    [ESEP_CONTROL_EXTENSION_REFUSED] = "extension_refused",
    [ESEP_CONTROL_REMOVED] = "removed",
    [ESEP_CONTROL_RESTORED] = "restored",
};
static const char *const kind_names[] = {
    [0] = "unknown",
    [ESEP_OBLIGATION_FULFILMENT] = "fulfilment",
    [ESEP_OBLIGATION_ANNUAL] = "annual",
    [ESEP_OBLIGATION_CONSOLIDATED] = "consolidated",
    [ESEP_OBLIGATION_REGIONAL_PLAN] = "regional-plan",
};

#define COUNT(names) (sizeof(names) / sizeof *(names))

static const char *name_of(const char *const *names, size_t count, long value)
{
    return value >= 0 && (size_t)value < count ? names[value] : "unknown";
}

const char *esep_fulfilment_name(Esep__V1__Fulfilment value)
{
    return name_of(fulfilment_names, COUNT(fulfilment_names), (long)value);
}

enum esep_status esep_fulfilment_parse(const char *name, Esep__V1__Fulfilment *ret)
{
    /* "unspecified" is no answer that a person may give. */
    for (size_t i = 1; i < COUNT(fulfilment_names); i++) {
        if (strcmp(name, fulfilment_names[i]) == 0) {
            *ret = (Esep__V1__Fulfilment)i;
            return ESEP_OK;
        }
    }
    return ESEP_INVALID;
}

const char *esep_submission_name(enum esep_submission value)
{
    return name_of(submission_names, COUNT(submission_names), (long)value);
}

const char *esep_control_name(enum esep_control value)
{
    return name_of(control_names, COUNT(control_names), (long)value);
}

const char *esep_obligation_kind_name(enum esep_obligation_kind kind)
{
    return name_of(kind_names, COUNT(kind_names), (long)kind);
}
