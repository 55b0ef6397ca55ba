/* agent/duties.h - what this office owes, and how each duty stands, from what the office itself
 * holds: the plans, reviews and extensions in its mailbox, and its own journal. No connection is
 * needed.
 *
 * Plans change as the collector changes them (docs/protocol.md): a change holds from its day, what
 * was due before stays as it was. A duty belongs to the body's office where the body owes it, or
 * stands today for the body that owed it, or reports for either (agent_rights). Entries that speak
 * of an obligation no plan in the mailbox knows are duties too, with `plan` NULL.
 *
 * What a receipt proves is counted; what was only written is not: a report in the queue does not
 * make a duty "on time".
 *
 * Invariant: a key stands once; duties of one plan are in the plan's order.
 */
#ifndef AGENT_DUTIES_H
#define AGENT_DUTIES_H

#include "agent/commands.h"
#include "base/arena.h"
#include "domain/obligation.h"
#include "domain/report.h"
#include "domain/timeliness.h"
#include "esep/v1/log.pb-c.h"

#define AGENT_RIGHT_BODIES_MAX 33 /* its own first */
#define AGENT_RIGHT_PLANS_MAX 8
#define AGENT_PLAN_ID_MAX 64 /* with the NUL */
/* What the office may report for, as the newest item of the mailbox says (OfficeRights); without
 * one its own body in all plans. The collector judges; this is so that nobody writes in vain. */
struct agent_rights {
    char bodies[AGENT_RIGHT_BODIES_MAX][ESEP_BODY_CODE_MAX];
    size_t body_count;
    char plans[AGENT_RIGHT_PLANS_MAX][AGENT_PLAN_ID_MAX];
    size_t plan_count; /* 0: all */
};

#define AGENT_PLANS_MAX 64
#define AGENT_OTHERS_MAX 8

struct agent_plan {
    const Esep__V1__Plan *plan;
    const struct esep_zone *zone;
    const char *zone_fault; /* NULL; else why zone is a stand-in: see agent_duties_say_zones */
    uint64_t log_index;
    esep_day effective;
    bool newest; /* of its id */
};
/* Another office's report that conflicts with ours. */
struct agent_other {
    uint64_t log_index;
    uint32_t office;
    struct esep_hash hash;
};
struct agent_duty {
    struct esep_obligation made; /* without a plan the key alone */
    const struct agent_plan *plan;
    bool dropped;
    esep_time due; /* with its extension */
    esep_day extended_to;
    enum esep_control control;
    enum esep_submission submission;
    bool draft;
    bool conflict;
    bool conflict_own;              /* this office's own entry began it ... */
    bool conflict_met;              /* ... and has been met in the journal */
    struct esep_hash conflict_hash; /* of the entry that began it */
    uint32_t other_count;           /* what it is with, as far as the mail says */
    struct agent_other others[AGENT_OTHERS_MAX];
    /* the office's newest report that was not refused; seq 0: none */
    uint32_t epoch;
    uint64_t seq;
    uint32_t revision;
    uint64_t log_index;    /* of it; 0: not known (yet) */
    struct esep_hash hash; /* its content hash */
    esep_time written_at;
    Esep__V1__Fulfilment fulfilment;
    int percent;           /* -1: no data */
    esep_time came;        /* from when its first standing report counts; ESEP_TIME_NEVER */
    bool by_commitment;    /* `came` is a commitment's hour */
    esep_time promised_at; /* no receipt yet, but its commitment is in the log since then; or 0 */
    uint64_t review_of;    /* log index of the report last reviewed; 0: none */
    struct esep_hash reviewed; /* and its content hash */
    char reason_code[64];      /* of a return */
    char comment[256];
    esep_day again_by;
    Esep__V1__Verdict refused; /* of the newest entry, where the collector refused it */
    uint64_t decided_index;    /* log index of the last extension or control */
    uint32_t newest_event;     /* place + 1 in events; 0: none */
    uint32_t stamp;
};
/* One report of this office's journal. */
struct agent_event {
    uint32_t epoch;
    uint64_t seq;
    struct esep_hash hash; /* of its content: what others call it by */
    uint32_t revision;
    uint64_t first_index, last_index; /* of the receipt; equal: its own index; 0: no receipt */
    esep_time came;                   /* with a receipt */
    bool by_commitment;
    esep_time promised_at;
    esep_time written_at;
    Esep__V1__Fulfilment fulfilment;
    int percent;
    bool withdrawn;
    const struct esep_hash *files; /* that it names */
    size_t file_count;
    uint32_t before; /* the duty's one before it, place + 1 */
};
struct agent_refusal {
    struct esep_hash hash;
    Esep__V1__Verdict verdict;
};
/* A report that people may speak of: an own one, or one that came by mail; see entry_name.h. */
struct agent_known {
    uint32_t epoch; /* of an own one, as the journal has it; else 0 */
    uint64_t seq;
    bool in_log;
    uint64_t log_index;
    struct esep_hash hash;
    uint32_t duty;          /* place + 1; 0: not ours, then */
    const char *obligation; /* this */
};
struct agent_duties {
    struct esep_arena arena;
    struct agent_plan plans[AGENT_PLANS_MAX];
    size_t plan_count;
    struct agent_duty *duties;
    size_t count, cap;
    uint32_t *index; /* hash of the key -> place + 1 */
    size_t index_cap;
    struct agent_event *events;
    size_t event_count, event_cap;
    struct esep_receipt *receipts; /* both kinds, by epoch and sequence */
    size_t receipt_count, receipt_cap;
    struct agent_refusal *refusals;
    size_t refusal_count, refusal_cap;
    struct agent_known *known;
    size_t known_count, known_cap;
    struct agent_head head; /* of the journal when it was read */
    struct journal_identity identity;
    struct agent_rights rights;
    const struct esep_zone *zone; /* the newest plan's, else Asia/Almaty; NULL: no tzdata */
    uint64_t mail_through;
};

/* Reads everything. Free also after a failure. */
ESEP_MUST_USE enum esep_status agent_duties_load(struct agent_duties *ret, struct agent_desk *desk,
                                                 struct esep_reason *reason);
void agent_duties_free(struct agent_duties *duties);
struct agent_duty *agent_duty_find(struct agent_duties *duties, const char *key);
enum esep_timeliness agent_duty_timeliness(const struct agent_duty *duty, esep_time now);
/* Whether it is owed: of a plan, not dropped, on control. */
bool agent_duty_open(const struct agent_duty *duty);
const char *agent_duty_action(const struct agent_duty *duty); /* number, "-" */
const char *agent_duty_title(const struct agent_duty *duty, const char *language);

/* "", "conflict", "malformed", "not_yours" … */
const char *agent_verdict_name(Esep__V1__Verdict verdict);
/* The receipt of that kind that proves the entry: the first whose sequence is not before it, since
 * its head has all before it in its chain; NULL: none yet. */
const struct esep_receipt *agent_duties_receipt(const struct agent_duties *duties, uint32_t epoch,
                                                uint64_t seq, Esep__V1__ReceiptKind kind);
/* The promise that proves an earlier hour of the entry than its receipt (NULL: none yet) does;
 * NULL: none. */
const struct esep_receipt *agent_duties_promise(const struct agent_duties *duties, uint32_t epoch,
                                                uint64_t seq, const struct esep_receipt *receipt);
void agent_duty_set_due(struct agent_duty *duty);

/* duties_rights.c */
ESEP_MUST_USE enum esep_status agent_rights_load(struct agent_rights *ret, struct agent_desk *desk,
                                                 struct esep_arena *scratch,
                                                 struct esep_reason *reason);
bool agent_rights_carry(const struct agent_rights *rights, const char *body);
bool agent_rights_on_plan(const struct agent_rights *rights, const char *plan_id);
/* The body that a key names; false: it names none. */
bool agent_key_body(const char *key, char ret[ESEP_BODY_CODE_MAX]);
/* "akmola, akmola-1 (kz-1347-2012)": bodies, and plans where not all are meant. */
#define AGENT_RIGHTS_TEXT_MAX 1600
json_t *agent_json_bodies(const struct agent_rights *rights);
json_t *agent_json_plans(const struct agent_rights *rights);
void agent_rights_text(const struct agent_rights *rights, char ret[AGENT_RIGHTS_TEXT_MAX]);

/* duties_plan.c: one PLAN item of the mailbox, in order. */
ESEP_MUST_USE enum esep_status agent_duties_add_plan(struct agent_duties *duties,
                                                     uint64_t log_index,
                                                     struct esep_slice plan_change, esep_time now,
                                                     struct esep_reason *reason);
/* Says on stderr which plans' zones this machine does not know. Their days are right; their hours
 * are those of UTC+14, where each day ends first: no deadline is shown later than it is. */
void agent_duties_say_zones(const struct agent_duties *duties);
/* The duty of the key, made without a plan where there is none. ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status agent_duties_slot(struct agent_duties *duties, const char *key,
                                                 struct agent_duty **ret);

#endif
