/* lib/domain/report.c - the checks of an office's entry, as tables of fields and their bounds.
 *
 * Runs for every report that a collector takes in, so it reads each byte at most once and
 * allocates nothing. The reason names the field as in report.proto, so that it can be found.
 */
#include "domain/report.h"

#include "base/crypto.h"
#include "base/time.h"

enum {
    KEY_MAX = 127,
    LONG_MAX_BYTES = 4096,
    NARRATIVE_MAX = 16384,
    SHORT_MAX = 32,
    NONCE_BYTES = 16,
    SHA256_BYTES = 32,
};

struct text_field {
    const char *name;
    size_t offset; /* of the char * in the message */
    size_t max;
    bool required;
};

#define FIELD(type, member, max, required)                                                         \
    {                                                                                              \
#member, offsetof(type, member), max, required                                             \
    }

static const struct text_field report_fields[] = {
    FIELD(Esep__V1__Report, obligation, KEY_MAX, true),
    FIELD(Esep__V1__Report, narrative, NARRATIVE_MAX, false),
    FIELD(Esep__V1__Report, obstacles, LONG_MAX_BYTES, false),
    FIELD(Esep__V1__Report, delay_reasons, LONG_MAX_BYTES, false),
    FIELD(Esep__V1__Report, next_steps, LONG_MAX_BYTES, false),
    FIELD(Esep__V1__Report, nil_reason, LONG_MAX_BYTES, false),
    FIELD(Esep__V1__Report, outgoing_number, 64, false),
};
static const struct text_field person_fields[] = {
    FIELD(Esep__V1__Person, name, 128, false),
    FIELD(Esep__V1__Person, position, 128, false),
    FIELD(Esep__V1__Person, phone, SHORT_MAX, false),
};
static const struct text_field money_fields[] = {
    FIELD(Esep__V1__Money, source, SHORT_MAX, true),
    FIELD(Esep__V1__Money, programme, SHORT_MAX, false),
};
static const struct text_field indicator_fields[] = {
    FIELD(Esep__V1__Indicator, name, 256, true),
    FIELD(Esep__V1__Indicator, value, SHORT_MAX, true),
    FIELD(Esep__V1__Indicator, unit, SHORT_MAX, false),
    FIELD(Esep__V1__Indicator, target, SHORT_MAX, false),
    FIELD(Esep__V1__Indicator, breakdown, 128, false),
};
static const struct text_field attachment_fields[] = {
    FIELD(Esep__V1__AttachmentRef, name, 255, true),
    FIELD(Esep__V1__AttachmentRef, media_type, 127, false),
};
static const struct text_field withdrawal_fields[] = {
    FIELD(Esep__V1__Withdrawal, obligation, KEY_MAX, true),
    FIELD(Esep__V1__Withdrawal, reason, LONG_MAX_BYTES, true),
};
static const struct text_field extension_fields[] = {
    FIELD(Esep__V1__ExtensionRequest, obligation, KEY_MAX, true),
    FIELD(Esep__V1__ExtensionRequest, until, 10, true),
    FIELD(Esep__V1__ExtensionRequest, reason, LONG_MAX_BYTES, true),
};

#define CHECK_TEXTS(message, fields, reason)                                                       \
    check_texts(message, fields, sizeof(fields) / sizeof *(fields), reason)

static enum esep_status check_texts(const void *message, const struct text_field *fields,
                                    size_t count, struct esep_reason *reason)
{
    for (size_t i = 0; i < count; i++) {
        const char *text;
        memcpy(&text, (const char *)message + fields[i].offset, sizeof text);
        if (text[0] == '\0') {
            if (fields[i].required) {
                return esep_because(reason, ESEP_INVALID, "%s: must be given", fields[i].name);
            }
        } else if (memchr(text, '\0', fields[i].max + 1) == NULL) {
            return esep_because(reason, ESEP_INVALID, "%s: longer than %zu bytes: shorten it",
                                fields[i].name, fields[i].max);
        }
    }
    return ESEP_OK;
}

static enum esep_status check_count(const char *name, size_t count, size_t max,
                                    struct esep_reason *reason)
{
    return count <= max ? ESEP_OK
                        : esep_because(reason, ESEP_INVALID, "%s: %zu given, at most %zu may be",
                                       name, count, max);
}

/* "-12", "3.50": digits with at most one point between them. */
static bool is_decimal(const char *text)
{
    const char *p = text + (*text == '-' ? 1 : 0);
    const size_t whole = strspn(p, "0123456789");
    if (whole == 0 || p[whole] == '\0') {
        return whole > 0;
    }
    const size_t fraction = p[whole] == '.' ? strspn(p + whole + 1, "0123456789") : 0;
    return fraction > 0 && p[whole + 1 + fraction] == '\0';
}

static enum esep_status check_indicator(const Esep__V1__Indicator *indicator,
                                        struct esep_reason *reason)
{
    enum esep_status status = CHECK_TEXTS(indicator, indicator_fields, reason);
    if (status != ESEP_OK) {
        return status;
    }
    if (!is_decimal(indicator->value)) {
        return esep_because(reason, ESEP_INVALID,
                            "indicators.value: \"%s\" is no decimal number such as 12.5",
                            indicator->value);
    }
    if (indicator->target[0] != '\0' && !is_decimal(indicator->target)) {
        return esep_because(reason, ESEP_INVALID,
                            "indicators.target: \"%s\" is no decimal number such as 12.5",
                            indicator->target);
    }
    return ESEP_OK;
}

static enum esep_status check_money(const Esep__V1__Money *money, struct esep_reason *reason)
{
    enum esep_status status = CHECK_TEXTS(money, money_fields, reason);
    if (status != ESEP_OK) {
        return status;
    }
    if (money->planned_tiyn < 0 || money->allocated_tiyn < 0 || money->spent_tiyn < 0) {
        return esep_because(reason, ESEP_INVALID, "money of %s: an amount is below zero",
                            money->source);
    }
    if (money->within_allotted && (money->planned_tiyn != 0 || money->allocated_tiyn != 0)) {
        return esep_because(reason, ESEP_INVALID,
                            "money of %s: either planned and allocated figures or within_allotted, "
                            "not both",
                            money->source);
    }
    if (!money->within_allotted && money->planned_tiyn == 0 && money->allocated_tiyn == 0 &&
        money->spent_tiyn == 0) {
        return esep_because(reason, ESEP_INVALID,
                            "money of %s: says nothing: give a figure or within_allotted, or leave "
                            "the line out",
                            money->source);
    }
    return ESEP_OK;
}

static enum esep_status check_attachment(const Esep__V1__AttachmentRef *attachment,
                                         struct esep_reason *reason)
{
    enum esep_status status = CHECK_TEXTS(attachment, attachment_fields, reason);
    if (status != ESEP_OK) {
        return status;
    }
    const char *name = attachment->name;
    if (strchr(name, '/') != NULL || strchr(name, '\\') != NULL || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0) {
        return esep_because(reason, ESEP_INVALID,
                            "attachments.name: must be a file name without a path");
    }
    if (attachment->sha256.len != SHA256_BYTES) {
        return esep_because(reason, ESEP_INVALID, "attachments.sha256: has %zu bytes, must be 32",
                            attachment->sha256.len);
    }
    return ESEP_OK;
}

static bool is_hash(ProtobufCBinaryData bytes)
{
    return bytes.len == ESEP_HASH_BYTES;
}

static enum esep_status check_hashes(const char *name, const ProtobufCBinaryData *hashes,
                                     size_t count, struct esep_reason *reason)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_hash(hashes[i])) {
            return esep_because(reason, ESEP_INVALID,
                                "%s: item %zu has %zu bytes, a content hash has 32", name, i + 1,
                                hashes[i].len);
        }
    }
    return ESEP_OK;
}

static enum esep_status check_lists(const Esep__V1__Report *report, struct esep_reason *reason)
{
    const struct {
        const char *name;
        size_t count, max;
    } lists[] = {
        {"indicators", report->n_indicators, 64},
        {"money", report->n_money, 32},
        {"attachments", report->n_attachments, 32},
        {"settles", report->n_settles, 8},
        {"cites", report->n_cites, 64},
    };
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && i < sizeof lists / sizeof *lists; i++) {
        status = check_count(lists[i].name, lists[i].count, lists[i].max, reason);
    }
    for (size_t i = 0; status == ESEP_OK && i < report->n_indicators; i++) {
        status = check_indicator(report->indicators[i], reason);
    }
    for (size_t i = 0; status == ESEP_OK && i < report->n_money; i++) {
        status = check_money(report->money[i], reason);
    }
    for (size_t i = 0; status == ESEP_OK && i < report->n_attachments; i++) {
        status = check_attachment(report->attachments[i], reason);
    }
    if (status == ESEP_OK) {
        status = check_hashes("settles", report->settles, report->n_settles, reason);
    }
    return status == ESEP_OK ? check_hashes("cites", report->cites, report->n_cites, reason)
                             : status;
}

static enum esep_status check_people(const Esep__V1__Report *report, struct esep_reason *reason)
{
    const Esep__V1__Person *people[] = {report->preparer, report->signatory};
    for (size_t i = 0; i < 2; i++) {
        if (people[i] != NULL) {
            const enum esep_status status = CHECK_TEXTS(people[i], person_fields, reason);
            if (status != ESEP_OK) {
                return status;
            }
        }
    }
    return ESEP_OK;
}

/* What a report must say in one word or number. */
static enum esep_status check_statement(const Esep__V1__Report *report, struct esep_reason *reason)
{
    if (report->revision == 0) {
        return esep_because(reason, ESEP_INVALID, "revision: counts from 1");
    }
    if (report->builds_on.len != 0 && !is_hash(report->builds_on)) {
        return esep_because(reason, ESEP_INVALID, "builds_on: %zu bytes, a content hash has 32",
                            report->builds_on.len);
    }
    if (report->fulfilment <= ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED ||
        report->fulfilment > ESEP__V1__FULFILMENT__FULFILMENT_NOT_APPLICABLE) {
        return esep_because(reason, ESEP_INVALID, "fulfilment: must be given");
    }
    if (report->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT && report->percent > 100) {
        return esep_because(reason, ESEP_INVALID, "percent: %u is not 0 to 100",
                            (unsigned)report->percent);
    }
    if (report->nil_report && report->nil_reason[0] == '\0') {
        return esep_because(reason, ESEP_INVALID, "nil_reason: a nil report must say why");
    }
    if (!report->nil_report && report->nil_reason[0] != '\0') {
        return esep_because(reason, ESEP_INVALID, "nil_reason: given, but this is no nil report");
    }
    if (report->access < ESEP__V1__ACCESS__ACCESS_UNSPECIFIED ||
        report->access > ESEP__V1__ACCESS__ACCESS_OFFICIAL_USE) {
        return esep_because(reason, ESEP_INVALID, "access: unknown marking %d",
                            (int)report->access);
    }
    return ESEP_OK;
}

enum esep_status esep_report_check(const Esep__V1__Report *report, struct esep_reason *reason)
{
    enum esep_status status = CHECK_TEXTS(report, report_fields, reason);
    if (status == ESEP_OK) {
        status = check_statement(report, reason);
    }
    if (status == ESEP_OK) {
        status = check_people(report, reason);
    }
    return status == ESEP_OK ? check_lists(report, reason) : status;
}

static enum esep_status check_withdrawal(const Esep__V1__Withdrawal *withdrawal,
                                         struct esep_reason *reason)
{
    const enum esep_status status = CHECK_TEXTS(withdrawal, withdrawal_fields, reason);
    if (status != ESEP_OK) {
        return status;
    }
    if (!is_hash(withdrawal->report)) {
        return esep_because(reason, ESEP_INVALID,
                            "withdrawal: names the report by its content hash, 32 bytes");
    }
    return ESEP_OK;
}

static enum esep_status check_extension(const Esep__V1__ExtensionRequest *request,
                                        struct esep_reason *reason)
{
    const enum esep_status status = CHECK_TEXTS(request, extension_fields, reason);
    if (status != ESEP_OK) {
        return status;
    }
    esep_day until;
    if (esep_day_parse(request->until, &until) != ESEP_OK) {
        return esep_because(reason, ESEP_INVALID, "until: \"%s\" is no day such as 2013-07-31",
                            request->until);
    }
    return ESEP_OK;
}

enum esep_status esep_entry_check(const Esep__V1__JournalEntry *entry, struct esep_reason *reason)
{
    if (entry->nonce.len != NONCE_BYTES) {
        return esep_because(reason, ESEP_INVALID, "nonce: has %zu bytes, must be 16",
                            entry->nonce.len);
    }
    switch (entry->body_case) {
    case ESEP__V1__JOURNAL_ENTRY__BODY_REPORT:
        return esep_report_check(entry->report, reason);
    case ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL:
        return check_withdrawal(entry->withdrawal, reason);
    case ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST:
        return check_extension(entry->extension_request, reason);
    case ESEP__V1__JOURNAL_ENTRY__BODY__NOT_SET:
    default:
        return esep_because(reason, ESEP_INVALID,
                            "entry: holds neither a report, a withdrawal nor an extension request");
    }
}
