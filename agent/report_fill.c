/* agent/report_fill.c - fields of a report from words; see report_fill.h. */
#include "agent/report_fill.h"

#include "agent/entry_name.h"
#include "domain/report.h"
#include "wire/unpack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    {"obligation", offsetof(Esep__V1__Report, obligation)},
    {"narrative", offsetof(Esep__V1__Report, narrative)},
    {"obstacles", offsetof(Esep__V1__Report, obstacles)},
    {"delay_reasons", offsetof(Esep__V1__Report, delay_reasons)},
    {"next_steps", offsetof(Esep__V1__Report, next_steps)},
    {"nil_reason", offsetof(Esep__V1__Report, nil_reason)},
    {"outgoing_number", offsetof(Esep__V1__Report, outgoing_number)},
};

void agent_report_init(struct agent_report *ret, struct esep_arena *arena)
{
    *ret = (struct agent_report){.arena = arena};
    esep__v1__report__init(&ret->message);
    esep__v1__person__init(&ret->preparer);
    esep__v1__person__init(&ret->signatory);
    ret->message.indicators = ret->indicators;
    ret->message.money = ret->money;
    ret->message.settles = ret->settles;
    ret->message.cites = ret->cites;
    ret->message.attachments = ret->attachments;
}

static enum esep_status copy(struct agent_report *r, const char *text, size_t len, char **ret,
                             struct esep_reason *reason)
{
    char *made = esep_arena_str(r->arena, esep_slice(text, len));
    if (made == NULL)
        return esep_because(reason, ESEP_INVALID, "the report is too long");
    *ret = made;
    return ESEP_OK;
}

enum esep_status agent_report_text(struct agent_report *r, const char *name, const char *value,
                                   struct esep_reason *reason)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(texts[i].name, name) != 0)
            continue;
        char *made = NULL;
        enum esep_status status = copy(r, value, strlen(value), &made, reason);
        if (status == ESEP_OK)
            memcpy((char *)&r->message + texts[i].offset, &made, sizeof made);
        return status;
    }
    return ESEP_NOT_FOUND;
}

enum esep_status agent_report_fulfilment(struct agent_report *r, const char *value,
                                         struct esep_reason *reason)
{
    if (esep_fulfilment_parse(value, &r->message.fulfilment) == ESEP_OK)
        return ESEP_OK;
    return esep_because(reason, ESEP_INVALID,
                        "fulfilment '%.40s': not_started, in_progress, partly, executed, "
                        "not_executed or not_applicable",
                        value);
}

static bool parse_u64(const char *text, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != 0 || errno != 0)
        return false;
    *ret = value;
    return true;
}

enum esep_status agent_report_percent(struct agent_report *r, const char *value,
                                      struct esep_reason *reason)
{
    uint64_t percent = 0;
    if (!parse_u64(value, &percent) || percent > 100)
        return esep_because(reason, ESEP_INVALID, "percent '%.40s': a whole number from 0 to 100",
                            value);
    r->message.progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
    r->message.percent = (uint32_t)percent;
    return ESEP_OK;
}

enum esep_status agent_report_access(struct agent_report *r, const char *value,
                                     struct esep_reason *reason)
{
    if (strcmp(value, "open") == 0)
        r->message.access = ESEP__V1__ACCESS__ACCESS_OPEN;
    else if (strcmp(value, "official_use") == 0)
        r->message.access = ESEP__V1__ACCESS__ACCESS_OFFICIAL_USE;
    else
        return esep_because(reason, ESEP_INVALID, "access '%.40s': open or official_use", value);
    return ESEP_OK;
}

enum esep_status agent_report_entry(struct agent_report *r, const char *name, const char *value,
                                    struct esep_reason *reason)
{
    struct agent_named *n = &r->named;
    const bool settles = strcmp(name, "settles") == 0;
    struct esep_reason why = {""};
    char *made = NULL;
    enum esep_status status = agent_entry_name_check(value, &why);
    if (status != ESEP_OK)
        return esep_because(reason, status, "%s %s", name, why.text);
    status = copy(r, value, strlen(value), &made, reason);
    if (status != ESEP_OK)
        return status;
    if (strcmp(name, "builds_on") == 0)
        n->builds_on = made;
    else if (settles && n->settles_count < AGENT_SETTLES_MAX)
        n->settles[n->settles_count++] = made;
    else if (!settles && n->cites_count < AGENT_CITES_MAX)
        n->cites[n->cites_count++] = made;
    else
        return esep_because(reason, ESEP_INVALID, "%s: given too often", name);
    return ESEP_OK;
}

static enum esep_status add_hash(struct agent_report *r, ProtobufCBinaryData *list, size_t *count,
                                 size_t max, const struct esep_hash *hash,
                                 struct esep_reason *reason)
{
    for (size_t i = 0; i < *count; i++)
        if (memcmp(list[i].data, hash->bytes, ESEP_HASH_BYTES) == 0)
            return ESEP_OK;
    uint8_t *made = esep_arena_alloc(r->arena, ESEP_HASH_BYTES);
    if (*count == max || made == NULL)
        return esep_because(reason, ESEP_INVALID, "%zu other reports at most can be named so", max);
    memcpy(made, hash->bytes, ESEP_HASH_BYTES);
    list[(*count)++] = esep_pb(made, ESEP_HASH_BYTES);
    return ESEP_OK;
}

enum esep_status agent_report_settle(struct agent_report *r, const struct esep_hash *hash,
                                     struct esep_reason *reason)
{
    return add_hash(r, r->settles, &r->message.n_settles, AGENT_SETTLES_MAX, hash, reason);
}

enum esep_status agent_report_cite(struct agent_report *r, const struct esep_hash *hash,
                                   struct esep_reason *reason)
{
    return add_hash(r, r->cites, &r->message.n_cites, AGENT_CITES_MAX, hash, reason);
}

enum esep_status agent_report_file(struct agent_report *r, const char *folder, const char *path,
                                   struct esep_reason *reason)
{
    struct agent_named *n = &r->named;
    const bool joined = folder != NULL && path[0] != '/';
    const size_t room = strlen(path) + (joined ? strlen(folder) : 0) + 2;
    char *made = esep_arena_alloc(r->arena, room);
    if (n->files_count == AGENT_ATTACHED_MAX)
        return esep_because(reason, ESEP_INVALID, "attachments: at most %d", AGENT_ATTACHED_MAX);
    if (made == NULL)
        return esep_because(reason, ESEP_INVALID, "the report is too long");
    (void)snprintf(made, room, "%s%s%s", joined ? folder : "", joined ? "/" : "", path);
    n->files[n->files_count++] = made;
    return ESEP_OK;
}

enum esep_status agent_report_attached(struct agent_report *r, const char *name,
                                       const char *media_type, uint64_t size_bytes,
                                       const struct esep_hash *sha256, struct esep_reason *reason)
{
    Esep__V1__Report *m = &r->message;
    uint64_t sum = size_bytes;
    for (size_t i = 0; i < m->n_attachments; i++) {
        const Esep__V1__AttachmentRef *old = r->attachments[i];
        const bool same = old->sha256.len == ESEP_HASH_BYTES &&
                          memcmp(old->sha256.data, sha256->bytes, ESEP_HASH_BYTES) == 0;
        if (strcmp(old->name, name) == 0 && same)
            return ESEP_OK;
        if (strcmp(old->name, name) == 0)
            return esep_because(
                reason, ESEP_INVALID,
                "another file of this name is attached: name one of them otherwise, "
                "or take the old one off (--detach)");
        sum += old->size_bytes;
    }
    if (m->n_attachments == AGENT_ATTACHED_MAX)
        return esep_because(reason, ESEP_INVALID, "attachments: at most %d", AGENT_ATTACHED_MAX);
    if (sum > ESEP_MEDIA_REPORT_BYTES_MAX)
        return esep_because(
            reason, ESEP_INVALID,
            "the report's files would have %llu bytes, and may have %llu: leave one "
            "out, or scan with fewer dots",
            (unsigned long long)sum, (unsigned long long)ESEP_MEDIA_REPORT_BYTES_MAX);
    Esep__V1__AttachmentRef *made = esep_arena_alloc(r->arena, sizeof *made);
    uint8_t *hash = esep_arena_alloc(r->arena, ESEP_HASH_BYTES);
    if (made == NULL || hash == NULL)
        return esep_because(reason, ESEP_INVALID, "the report is too long");
    esep__v1__attachment_ref__init(made);
    enum esep_status status = copy(r, name, strlen(name), &made->name, reason);
    if (status == ESEP_OK)
        status = copy(r, media_type, strlen(media_type), &made->media_type, reason);
    if (status != ESEP_OK)
        return status;
    memcpy(hash, sha256->bytes, ESEP_HASH_BYTES);
    made->size_bytes = size_bytes;
    made->sha256 = esep_pb(hash, ESEP_HASH_BYTES);
    r->attachments[m->n_attachments++] = made;
    return ESEP_OK;
}

enum esep_status agent_report_detach(struct agent_report *r, const char *name,
                                     struct esep_reason *reason)
{
    Esep__V1__Report *m = &r->message;
    for (size_t i = 0; i < m->n_attachments; i++)
        if (strcmp(r->attachments[i]->name, name) == 0) {
            for (m->n_attachments--; i < m->n_attachments; i++)
                r->attachments[i] = r->attachments[i + 1];
            return ESEP_OK;
        }
    return esep_because(reason, ESEP_NOT_FOUND, "no file %.100s is attached", name);
}

enum esep_status agent_report_person(struct agent_report *r, bool signatory, const char *value,
                                     struct esep_reason *reason)
{
    Esep__V1__Person *person = signatory ? &r->signatory : &r->preparer;
    const char *comma = strchr(value, ',');
    size_t name = comma != NULL ? (size_t)(comma - value) : strlen(value);
    const char *position = comma != NULL ? comma + 1 + strspn(comma + 1, " ") : "";
    enum esep_status status = copy(r, value, name, &person->name, reason);
    if (status == ESEP_OK)
        status = copy(r, position, strlen(position), &person->position, reason);
    if (signatory)
        r->message.signatory = person;
    else
        r->message.preparer = person;
    return status;
}

/* The part of a list up to `separator`; moves *at behind it. */
static size_t part(const char **at, char separator, const char **ret)
{
    size_t len = strcspn(*at, (char[]){separator, 0});
    *ret = *at;
    *at += len;
    if (**at != 0)
        (*at)++;
    return len;
}

static bool all_digits(const char *text)
{
    return text[0] != 0 && text[strspn(text, "0123456789")] == 0;
}

enum esep_status agent_report_indicator(struct agent_report *r, const char *value,
                                        struct esep_reason *reason)
{
    Esep__V1__Report *m = &r->message;
    const char *sign = strrchr(value, '=');
    Esep__V1__Indicator *made = esep_arena_alloc(r->arena, sizeof *made);
    if (m->n_indicators == AGENT_INDICATORS_MAX || made == NULL)
        return esep_because(reason, ESEP_INVALID, "indicators: at most %d", AGENT_INDICATORS_MAX);
    if (sign == NULL || sign == value)
        return esep_because(reason, ESEP_INVALID,
                            "indicator '%.60s': write name=value,unit,target,breakdown", value);
    esep__v1__indicator__init(made);
    char **const fields[] = {&made->value, &made->unit, &made->target, &made->breakdown};
    enum esep_status status = copy(r, value, (size_t)(sign - value), &made->name, reason);
    const char *at = sign + 1;
    for (size_t i = 0; status == ESEP_OK && i < 4; i++) {
        const char *text;
        size_t len = i == 3 ? strlen(at) : part(&at, ',', &text);
        if (i == 3)
            text = at;
        status = copy(r, text, len, fields[i], reason);
    }
    if (status == ESEP_OK && all_digits(made->unit))
        status = esep_because(reason, ESEP_INVALID,
                              "indicator '%.60s': a unit is no number; write decimals with a point "
                              "(12.5), since commas part the fields",
                              value);
    if (status == ESEP_OK)
        r->indicators[m->n_indicators++] = made;
    return status;
}

/* What may stand between groups of three digits: a space, or one that does not break. */
static size_t space_at(const char *text)
{
    static const char *const spaces[] = {" ", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89"};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (strncmp(text, spaces[i], strlen(spaces[i])) == 0)
            return strlen(spaces[i]);
    return 0;
}

static enum esep_status bad_money(const char *text, const char *why, struct esep_reason *reason)
{
    return esep_because(reason, ESEP_INVALID,
                        "'%.40s' is no sum in tenge: %s; write 1234567,50 or 1 234 567,50", text,
                        why);
}

/* A sum as far as it has been read. */
struct tenge {
    int64_t tiyn;
    int digits;
    int fraction; /* digits behind the comma; -1: none seen */
    int group;    /* digits since the last space */
    bool grouped;
};

/* Each takes one sign and says what is wrong with it there, or NULL. */
static const char *take_space(struct tenge *sum)
{
    if (sum->digits == 0 || sum->fraction >= 0 || sum->group > 3 ||
        (sum->grouped && sum->group != 3))
        return "spaces part groups of three digits";
    sum->grouped = true;
    sum->group = 0;
    return NULL;
}

static const char *take_comma(struct tenge *sum)
{
    if (sum->fraction >= 0 || sum->digits == 0)
        return "one comma, behind the tenge";
    sum->fraction = 0;
    return NULL;
}

static const char *take_digit(struct tenge *sum, int digit)
{
    if (sum->fraction == 2)
        return "two digits of tiyn at most";
    if (__builtin_mul_overflow(sum->tiyn, 10, &sum->tiyn) ||
        __builtin_add_overflow(sum->tiyn, digit, &sum->tiyn))
        return "too large";
    sum->digits++;
    if (sum->fraction >= 0)
        sum->fraction++;
    else
        sum->group++;
    return NULL;
}

static const char *take_end(struct tenge *sum)
{
    if (sum->digits == 0)
        return "no digits";
    if (sum->fraction == 0 || (sum->grouped && sum->group != 3))
        return "it is not whole";
    for (int i = sum->fraction < 0 ? 0 : sum->fraction; i < 2; i++)
        if (__builtin_mul_overflow(sum->tiyn, 10, &sum->tiyn))
            return "too large";
    return NULL;
}

enum esep_status agent_tenge_parse(const char *text, int64_t *ret_tiyn, struct esep_reason *reason)
{
    struct tenge sum = {.fraction = -1};
    const char *wrong = NULL;
    for (const char *p = text; *p != 0 && wrong == NULL;) {
        const size_t space = space_at(p);
        if (space > 0)
            wrong = take_space(&sum);
        else if (*p == ',' || *p == '.')
            wrong = take_comma(&sum);
        else if (*p >= '0' && *p <= '9')
            wrong = take_digit(&sum, *p - '0');
        else
            wrong = "digits only";
        p += space > 0 ? space : 1;
    }
    if (wrong == NULL)
        wrong = take_end(&sum);
    if (wrong != NULL)
        return bad_money(text, wrong, reason);
    *ret_tiyn = sum.tiyn;
    return ESEP_OK;
}

static enum esep_status amount(const char *text, int64_t *ret, struct esep_reason *reason)
{
    *ret = 0;
    return text[0] == 0 ? ESEP_OK : agent_tenge_parse(text, ret, reason);
}

enum esep_status agent_report_money(struct agent_report *r, const char *value,
                                    struct esep_reason *reason)
{
    Esep__V1__Report *m = &r->message;
    Esep__V1__Money *made = esep_arena_alloc(r->arena, sizeof *made);
    char *fields[5] = {NULL};
    const char *at = value;
    if (m->n_money == AGENT_MONEY_MAX || made == NULL)
        return esep_because(reason, ESEP_INVALID, "money: at most %d lines", AGENT_MONEY_MAX);
    esep__v1__money__init(made);
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && i < 5; i++) {
        const char *text;
        size_t len = part(&at, ':', &text);
        status = copy(r, text, len, &fields[i], reason);
    }
    if (status == ESEP_OK && (*at != 0 || fields[0][0] == 0))
        status =
            esep_because(reason, ESEP_INVALID,
                         "money '%.60s': write source:programme:planned:allocated:spent", value);
    if (status != ESEP_OK)
        return status;
    made->source = fields[0];
    made->programme = fields[1];
    made->within_allotted = strcmp(fields[2], "within") == 0;
    status = made->within_allotted ? ESEP_OK : amount(fields[2], &made->planned_tiyn, reason);
    if (status == ESEP_OK)
        status = amount(fields[3], &made->allocated_tiyn, reason);
    if (status == ESEP_OK)
        status = amount(fields[4], &made->spent_tiyn, reason);
    if (status == ESEP_OK)
        r->money[m->n_money++] = made;
    return status;
}

static bool are_hashes(const ProtobufCBinaryData *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].len != ESEP_HASH_BYTES)
            return false;
    return true;
}

enum esep_status agent_report_from_bytes(struct agent_report *r, struct esep_slice packed,
                                         struct esep_reason *reason)
{
    const ProtobufCMessage *message = NULL;
    enum esep_status status =
        esep_unpack(&esep__v1__report__descriptor, packed, r->arena, &message);
    if (status != ESEP_OK)
        return esep_because(reason, status, "the draft cannot be read");
    const Esep__V1__Report *old = (const Esep__V1__Report *)message;
    if (old->n_indicators > AGENT_INDICATORS_MAX || old->n_money > AGENT_MONEY_MAX ||
        old->n_settles > AGENT_SETTLES_MAX || old->n_cites > AGENT_CITES_MAX ||
        old->n_attachments > AGENT_ATTACHED_MAX || !are_hashes(old->settles, old->n_settles) ||
        !are_hashes(old->cites, old->n_cites))
        return esep_because(reason, ESEP_INVALID, "the draft holds what a report may not");
    r->message = *old;
    for (size_t i = 0; i < old->n_indicators; i++)
        r->indicators[i] = old->indicators[i];
    for (size_t i = 0; i < old->n_money; i++)
        r->money[i] = old->money[i];
    for (size_t i = 0; i < old->n_settles; i++)
        r->settles[i] = old->settles[i];
    for (size_t i = 0; i < old->n_cites; i++)
        r->cites[i] = old->cites[i];
    for (size_t i = 0; i < old->n_attachments; i++)
        r->attachments[i] = old->attachments[i];
    r->message.attachments = r->attachments;
    r->message.indicators = r->indicators;
    r->message.money = r->money;
    r->message.settles = r->settles;
    r->message.cites = r->cites;
    r->drafted = (struct agent_drafted){.builds_on = old->builds_on.len == ESEP_HASH_BYTES,
                                        .settles = old->n_settles,
                                        .cites = old->n_cites};
    return ESEP_OK;
}
