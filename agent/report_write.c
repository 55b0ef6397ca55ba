/* agent/report_write.c - see report_write.h. */
#include "agent/report_write.h"

#include "agent/daemon_state.h"
#include "agent/entry_name.h"
#include "agent/wake.h"
#include "io/loop.h"
#include "wire/unpack.h"

#include <stdlib.h>
#include <time.h>

#define TRIES 20
#define LISTED_MAX 12

/* "2013-01-01..2013-06-30", or a year. */
static bool parse_window(const char *text, struct esep_window *ret)
{
    char whole[24];
    char start[11] = "";
    if (strlen(text) == 4) {
        (void)snprintf(whole, sizeof whole, "%s-01-01..%s-12-31", text, text);
        text = whole;
    }
    if (strlen(text) != 22 || strncmp(text + 10, "..", 2) != 0)
        return false;
    memcpy(start, text, 10);
    return esep_day_parse(start, &ret->start) == ESEP_OK &&
           esep_day_parse(text + 12, &ret->end) == ESEP_OK && ret->start <= ret->end;
}

static bool matches(const struct agent_duty *duty, const struct agent_choice *c,
                    const struct esep_window *window)
{
    const char *kind = c->kind != NULL ? c->kind : "fulfilment";
    return agent_duty_open(duty) &&
           (c->action == NULL || strcmp(c->action, agent_duty_action(duty)) == 0) &&
           strcmp(kind, esep_obligation_kind_name(duty->made.kind)) == 0 &&
           (c->plan == NULL || strcmp(c->plan, duty->plan->plan->id) == 0) &&
           (c->body == NULL ||
            strcmp(c->body, duty->plan->plan->bodies[duty->made.body]->code) == 0) &&
           (window == NULL ||
            (duty->made.window.start >= window->start && duty->made.window.end <= window->end));
}

/* No duty of this office: why. */
static enum esep_status not_ours(const struct agent_duties *d, const char *key,
                                 struct esep_reason *reason)
{
    char body[ESEP_BODY_CODE_MAX];
    char rights[AGENT_RIGHTS_TEXT_MAX];
    agent_rights_text(&d->rights, rights);
    for (size_t i = 0; agent_key_body(key, body) && i < d->plan_count; i++) {
        const Esep__V1__Plan *plan = d->plans[i].plan;
        const size_t id = strlen(plan->id);
        if (strncmp(key, plan->id, id) != 0 || key[id] != '/' || esep_body_find(plan, body) < 0)
            continue;
        if (!agent_rights_on_plan(&d->rights, plan->id) || !agent_rights_carry(&d->rights, body))
            return esep_because(reason, ESEP_DENIED,
                                "%.128s: this office may not report for %s there; it may for "
                                "%.120s. The operator gives such rights (--unlisted sends it all "
                                "the same)",
                                key, body, rights);
    }
    return esep_because(reason, ESEP_NOT_FOUND,
                        "%.128s: %.60s owes no such thing; esep-agent duties --all lists what it "
                        "owes (--unlisted sends it all the same)",
                        key, rights);
}

static enum esep_status choose_key(struct agent_duties *d, const struct agent_choice *c, char *ret,
                                   struct esep_reason *reason)
{
    const struct agent_duty *duty = agent_duty_find(d, c->obligation);
    if (strlen(c->obligation) >= ESEP_OBLIGATION_KEY_MAX)
        return esep_because(reason, ESEP_INVALID, "'%.60s…' is too long for an obligation",
                            c->obligation);
    /* Before the first mail nobody here can tell: the collector judges. */
    if (d->plan_count > 0 && !c->unlisted) {
        if (duty == NULL || duty->plan == NULL)
            return not_ours(d, c->obligation, reason);
        if (!agent_duty_open(duty))
            return esep_because(reason, ESEP_DENIED,
                                "%.128s: %s (--unlisted sends it all the same)", c->obligation,
                                duty->dropped ? "dropped from the plan" : "removed from control");
    }
    memcpy(ret, c->obligation, strlen(c->obligation) + 1);
    return ESEP_OK;
}

enum esep_status agent_choose(struct agent_duties *d, const struct agent_choice *c,
                              char ret_key[ESEP_OBLIGATION_KEY_MAX], struct esep_reason *reason)
{
    struct esep_window window;
    size_t found = 0;
    if (c->obligation != NULL)
        return choose_key(d, c, ret_key, reason);
    if (c->window != NULL && !parse_window(c->window, &window))
        return esep_because(reason, ESEP_INVALID,
                            "--window %.40s: a year (2013) or days (2013-01-01..2013-06-30)",
                            c->window);
    if (d->plan_count == 0)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "the plan has not arrived here yet: run esep-agent run until it has a "
                            "connection, or name the obligation by its whole key");
    for (size_t i = 0; i < d->count; i++) {
        if (!matches(&d->duties[i], c, c->window != NULL ? &window : NULL))
            continue;
        if (found++ == 1)
            (void)fprintf(stderr, "  %s\n", ret_key);
        if (found > 1 && found <= LISTED_MAX)
            (void)fprintf(stderr, "  %s\n", d->duties[i].made.key);
        if (found == 1)
            memcpy(ret_key, d->duties[i].made.key, ESEP_OBLIGATION_KEY_MAX);
    }
    if (found > 1)
        return esep_because(
            reason, ESEP_CONFLICT,
            "%zu duties fit: say which, with --window, --kind, --body or the whole key", found);
    if (found == 0 && c->body != NULL && !agent_rights_carry(&d->rights, c->body))
        return esep_because(reason, ESEP_DENIED,
                            "this office may not report for %.40s: the operator gives such rights",
                            c->body);
    if (found == 0)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "%s owes nothing like it; esep-agent duties --all lists what it owes",
                            d->identity.body);
    return ESEP_OK;
}

static enum esep_status name_all(const struct agent_duties *d, struct agent_report *r,
                                 struct esep_reason *reason)
{
    const struct agent_named *n = &r->named;
    const char *key = r->message.obligation;
    enum esep_status status = ESEP_OK;
    struct esep_hash hash;
    for (size_t i = 0; status == ESEP_OK && i < n->settles_count; i++) {
        status = agent_entry_find(d, n->settles[i], key, &hash, reason);
        if (status == ESEP_OK)
            status = agent_report_settle(r, &hash, reason);
    }
    for (size_t i = 0; status == ESEP_OK && i < n->cites_count; i++) {
        status = agent_entry_find(d, n->cites[i], NULL, &hash, reason);
        if (status == ESEP_OK)
            status = agent_report_cite(r, &hash, reason);
    }
    return status;
}

static enum esep_status build_on(struct agent_report *r, const struct esep_hash *hash,
                                 struct esep_reason *reason)
{
    uint8_t *made = esep_arena_alloc(r->arena, ESEP_HASH_BYTES);
    if (made == NULL)
        return esep_because(reason, ESEP_INVALID, "the report is too long");
    memcpy(made, hash->bytes, ESEP_HASH_BYTES);
    r->message.builds_on = esep_pb(made, ESEP_HASH_BYTES);
    return ESEP_OK;
}

enum esep_status agent_report_resolve(const struct agent_duties *d, struct agent_report *r,
                                      struct esep_reason *reason)
{
    /* Another command may have written meanwhile: all is looked up again. */
    r->message.n_settles = r->drafted.settles;
    r->message.n_cites = r->drafted.cites;
    enum esep_status status = name_all(d, r, reason);
    struct esep_hash hash;
    if (status != ESEP_OK || r->named.builds_on == NULL)
        return status;
    status = agent_entry_find(d, r->named.builds_on, r->message.obligation, &hash, reason);
    return status == ESEP_OK ? build_on(r, &hash, reason) : status;
}

enum esep_status agent_report_place(struct agent_duties *d, struct agent_report *r,
                                    struct esep_reason *reason)
{
    const struct agent_duty *duty = agent_duty_find(d, r->message.obligation);
    r->message.revision = duty != NULL ? duty->revision + 1 : 1;
    const enum esep_status status = agent_report_resolve(d, r, reason);
    if (status != ESEP_OK || r->named.builds_on != NULL || r->drafted.builds_on)
        return status;
    r->message.builds_on = esep_pb(NULL, 0);
    if (duty == NULL || (duty->review_of == 0 && duty->seq == 0))
        return ESEP_OK;
    return build_on(r, duty->review_of != 0 ? &duty->reviewed : &duty->hash, reason);
}

static enum esep_status pack(Esep__V1__JournalEntry *entry, esep_time now, struct esep_buf *out,
                             struct esep_reason *reason)
{
    uint8_t nonce[AGENT_NONCE_BYTES];
    esep_random(nonce, sizeof nonce);
    entry->nonce = esep_pb(nonce, sizeof nonce);
    entry->written_at_us = now;
    return agent_entry_pack(entry, out, reason);
}

enum esep_status agent_report_pack(struct agent_report *report, esep_time now, struct esep_buf *out,
                                   struct esep_reason *reason)
{
    Esep__V1__JournalEntry entry;
    esep__v1__journal_entry__init(&entry);
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report->message;
    return pack(&entry, now, out, reason);
}

/* What the three kinds of entry have in common: look up, make, append; again where the journal
 * moved on meanwhile. */
struct job {
    const struct agent_choice *choice;
    struct agent_report *report;
    const char *why;
    const char *until;
    enum esep_status (*make)(struct job *job, struct agent_duties *d, esep_time now,
                             struct agent_written *ret, struct esep_buf *out,
                             struct esep_reason *reason);
};

static enum esep_status once(struct agent_desk *desk, struct job *job, struct agent_written *ret,
                             struct esep_reason *reason)
{
    struct agent_duties duties;
    struct agent_head head;
    struct esep_buf bytes;
    esep_time now = agent_desk_now(desk);
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    enum esep_status status = agent_duties_load(&duties, desk, reason);
    if (status == ESEP_OK)
        status = agent_choose(&duties, job->choice, ret->obligation, reason);
    if (status == ESEP_OK)
        status = job->make(job, &duties, now, ret, &bytes, reason);
    if (status == ESEP_OK) {
        const struct esep_slice entry = esep_buf_slice(&bytes);
        const struct journal_append what = {.entries = &entry,
                                            .count = 1,
                                            .after = &duties.head,
                                            .draft = job->choice->drafted ? ret->obligation : NULL};
        status = journal_append_after(&desk->journal, &desk->sign_key, &what, now, &head, reason);
    }
    if (status == ESEP_OK) {
        ret->epoch = head.epoch;
        ret->first_seq = ret->seq = head.seq;
        ret->chain = head.hash;
        ret->content = esep_content_hash(esep_buf_slice(&bytes));
    }
    esep_buf_done(&bytes);
    agent_duties_free(&duties);
    return status;
}

static enum esep_status write_entry(struct agent_desk *desk, struct job *job,
                                    struct agent_written *ret, struct esep_reason *reason)
{
    enum esep_status status = ESEP_AGAIN;
    for (int i = 0; status == ESEP_AGAIN && i < TRIES; i++)
        status = once(desk, job, ret, reason);
    if (status == ESEP_OK)
        (void)agent_wake_ring(desk->settings->journal, false);
    return status;
}

static enum esep_status make_report(struct job *job, struct agent_duties *d, esep_time now,
                                    struct agent_written *ret, struct esep_buf *out,
                                    struct esep_reason *reason)
{
    job->report->message.obligation = ret->obligation;
    enum esep_status status = agent_report_place(d, job->report, reason);
    if (status != ESEP_OK)
        return status;
    ret->revision = job->report->message.revision;
    return agent_report_pack(job->report, now, out, reason);
}

static enum esep_status make_withdrawal(struct job *job, struct agent_duties *d, esep_time now,
                                        struct agent_written *ret, struct esep_buf *out,
                                        struct esep_reason *reason)
{
    char why[4096 + 2];
    const struct agent_duty *duty = agent_duty_find(d, ret->obligation);
    Esep__V1__JournalEntry entry;
    Esep__V1__Withdrawal body;
    if (duty == NULL || duty->seq == 0)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "%.128s: this office has no report on it that could be withdrawn",
                            ret->obligation);
    (void)snprintf(why, sizeof why, "%s", job->why);
    esep__v1__journal_entry__init(&entry);
    esep__v1__withdrawal__init(&body);
    body.obligation = ret->obligation;
    body.reason = why;
    struct esep_hash hash = duty->hash;
    body.report = esep_pb(hash.bytes, ESEP_HASH_BYTES);
    ret->revision = duty->revision;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL;
    entry.withdrawal = &body;
    return pack(&entry, now, out, reason);
}

static enum esep_status make_request(struct job *job, struct agent_duties *d, esep_time now,
                                     struct agent_written *ret, struct esep_buf *out,
                                     struct esep_reason *reason)
{
    (void)d;
    char why[4096 + 2];
    char until[16];
    Esep__V1__JournalEntry entry;
    Esep__V1__ExtensionRequest body;
    (void)snprintf(why, sizeof why, "%s", job->why);
    (void)snprintf(until, sizeof until, "%s", job->until);
    esep__v1__journal_entry__init(&entry);
    esep__v1__extension_request__init(&body);
    body.obligation = ret->obligation;
    body.until = until;
    body.reason = why;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST;
    entry.extension_request = &body;
    return pack(&entry, now, out, reason);
}

enum esep_status agent_write_report(struct agent_desk *desk, const struct agent_choice *choice,
                                    struct agent_report *report, struct agent_written *ret,
                                    struct esep_reason *reason)
{
    struct job job = {.choice = choice, .report = report, .make = make_report};
    return write_entry(desk, &job, ret, reason);
}

enum esep_status agent_write_withdrawal(struct agent_desk *desk, const struct agent_choice *choice,
                                        const char *why, struct agent_written *ret,
                                        struct esep_reason *reason)
{
    struct job job = {.choice = choice, .why = why, .make = make_withdrawal};
    return write_entry(desk, &job, ret, reason);
}

enum esep_status agent_write_request(struct agent_desk *desk, const struct agent_choice *choice,
                                     const char *until, const char *why, struct agent_written *ret,
                                     struct esep_reason *reason)
{
    struct job job = {.choice = choice, .why = why, .until = until, .make = make_request};
    return write_entry(desk, &job, ret, reason);
}

enum esep_status agent_wait_receipt(struct agent_desk *desk, uint32_t epoch, uint64_t seq,
                                    unsigned seconds, struct esep_receipt *ret,
                                    struct esep_reason *reason)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    esep_time end = esep_monotonic() + (esep_time)seconds * ESEP_SECOND;
    (void)agent_wake_ring(desk->settings->journal, true);
    for (;;) {
        enum esep_status status = journal_receipt(
            &desk->journal, epoch, seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES, ret, reason);
        if (status != ESEP_NOT_FOUND)
            return status;
        if (esep_monotonic() >= end)
            break;
        (void)nanosleep(&pause, NULL);
    }
    struct agent_daemon_state daemon;
    agent_daemon_state_read(desk->settings->journal, &daemon);
    return esep_because(reason, ESEP_AGAIN, "saved, and kept: no receipt within %u seconds; %s",
                        seconds,
                        daemon.running ? "it is sent when the link is there (esep-agent status)"
                                       : "nothing sends it: start esep-agent run");
}
