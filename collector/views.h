/* collector/views.h - what follows from the log: offices, plans, obligations, mail, accounts.
 *
 * views_apply takes one log entry and changes the state in memory; views_flush hands out the rows
 * that changed, to be stored in the same transaction as the entries. Rows depend on the log alone,
 * not on where batches were cut: deleting all rows and applying the log again gives the same rows,
 * byte for byte (law 4). At start views_load takes the rows back.
 *
 * It decides what an entry means (verdict, conflict, timeliness, alerts); it never decides whether
 * an entry may enter the log: that is ingest (collector.h). No clock, no I/O, no randomness.
 *
 * Tables (first byte of a row's key; integers big-endian; values are fixed layouts, views_rows.c):
 *   'T'                          tree frontier, log size, counters
 *   'P' plan number u32          plan: log index of its PLAN entry, effective day
 *   'F' office u32               office: body, keys, state, high-water mark, seen, mail numbers
 *   'K' code hash 32             enrolment codes
 *   'L'                          the keys of the log itself (lib/wire/log_keys.h)
 *   'O' obligation number u32    obligation: key, dates, heads, axes, alert step
 *   'R' log index u64            report: obligation, revision, fulfilment, percent, office, seq ...
 *   'S' office, epoch, seq       closing commitment: its log index
 *   'C' office, epoch, seq       open commitment (accepted, its entries not yet all here)
 *   'M' office u32, number u64   mailbox: log index
 *   'D' alert index u64, target  deliveries not yet done
 *   'N' office, SHA-256, size    a file that a taken report names: the newest such report's index
 *   'E' office, SHA-256, size    that file is here: its EVIDENCE entry's index and hour
 *   'A' account number u32       account: name, role, body, state, for whom it stands in;
 *                                what it is let in by
 */
#ifndef COLLECTOR_VIEWS_H
#define COLLECTOR_VIEWS_H

#include "collector/log.h"
#include "domain/obligation.h"
#include "domain/report.h"
#include "domain/timeliness.h"
#include "wire/log_keys.h"

struct views;

struct views_limits {
    uint32_t plans_max;
    uint32_t offices_max;
    uint32_t obligations_max;
    uint32_t codes_max;
    uint32_t deliveries_max;
    uint32_t accounts_max;
    uint32_t open_commitments_max; /* of one office */
    size_t plan_bytes_max;         /* memory for all plans together, unpacked */
    size_t scratch_bytes;          /* for one entry, unpacked */
};
/* Zones by name, loaded by the shell before; NULL: unknown. */
typedef const struct esep_zone *views_zone_fn(void *context, const char *name);

ESEP_MUST_USE enum esep_status views_new(struct views **ret, const struct views_limits *limits,
                                         views_zone_fn *zone, void *zone_context);
void views_free(struct views *views);

/* Start: every row of T, P, F, K, O, C, D, A, G, L (others are ignored), each table in key order;
 * then the PLAN entries they name; then views_load_end, which looks whether all is there. */
ESEP_MUST_USE enum esep_status views_load_row(struct views *views, struct esep_slice key,
                                              struct esep_slice value, struct esep_reason *reason);
uint64_t views_plan_index(const struct views *views, uint32_t plan_no); /* log index of its entry */
ESEP_MUST_USE enum esep_status views_load_plan(struct views *views, uint64_t index,
                                               struct esep_slice body, struct esep_reason *reason);
ESEP_MUST_USE enum esep_status views_load_end(struct views *views, struct esep_reason *reason);

/* What an office's entry would be, decided before it is logged; goes into its leaf, beside `at`,
 * the hour it is accepted: who answers for an obligation may have changed since the entry before.
 * `message` is the unpacked body or NULL where it is malformed. Whether what it names is here plays
 * no part. */
Esep__V1__Verdict views_judge(const struct views *views, uint32_t office, esep_time at,
                              struct esep_slice body, const Esep__V1__JournalEntry *message);

/* One log entry, in order of index. The body gives the leaf's content hash, by the caller's word:
 * it is not hashed again. message: the unpacked body where the caller has it already
 * (JournalEntry), else NULL; it changes nothing but the time taken. A call that fails has changed
 * nothing: an order that does not fit can be tried and refused. ESEP_CORRUPT: the log contradicts
 * itself; ESEP_INVALID: it speaks of what is not there, do not log it; ESEP_LIMIT: a bound. */
ESEP_MUST_USE enum esep_status views_apply(struct views *views, uint64_t index,
                                           struct esep_slice leaf, struct esep_slice body,
                                           const ProtobufCMessage *message,
                                           struct esep_reason *reason);

/* Hands out the rows changed since the last flush; their bytes live until the next views_apply.
 * Rows of 'R' ascend. A row may be deleted that was never stored; a key may come twice, the later
 * one counts. */
typedef enum esep_status views_row_fn(void *context, struct esep_slice key,
                                      struct esep_slice value);
ESEP_MUST_USE enum esep_status views_flush(struct views *views, views_row_fn *put, void *context);

/* The tables' letters, in the order of the sorted rows; and those that a start loads, in the order
 * that they need. */
#define VIEWS_TABLES "ACDEFGHKLMNOPRST"
#define VIEWS_TABLES_LOADED "TPFKOCDAGL"

uint64_t views_log_size(const struct views *views);
const struct esep_merkle *views_tree(const struct views *views);
/* The same from the row that keeps it ('T'). False: the row is damaged. */
ESEP_MUST_USE bool views_stored_tree(struct esep_slice row_value, struct esep_merkle *ret_tree);
/* A node of the tree, if it is one of the newest. Older ones are in the store (state_tree.c). */
bool views_node(const struct views *views, struct esep_merkle_place place, struct esep_hash *ret);
/* The 'H' row of a node on every eighth level, for readers of the store. */
#define VIEWS_NODE_KEY_BYTES 10
#define VIEWS_NODE_LEVELS 8
void views_node_key(struct esep_merkle_place place, uint8_t out[VIEWS_NODE_KEY_BYTES]);
/* Which generation of the log this is: after a restore it goes on from a shorter log than was
 * signed, as another one to whoever checks. */
struct views_generation {
    uint64_t number;   /* 0: never restored; else the second of the restore */
    uint64_t previous; /* the number before it ... */
    uint64_t begins;   /* ... with which it shares its first entries, so many */
};
struct views_generation views_generation(const struct views *views);
/* Who signs the log's heads, from where on: GENESIS's key and those that LOG_KEY entries brought.
 */
const struct esep_log_keys *views_log_keys(const struct views *views);

/* What an office may report for; the rule is views_office_may. */
#define VIEWS_RIGHT_BODIES_MAX 32
#define VIEWS_RIGHT_PLANS_MAX 8
#define VIEWS_PLAN_ID_MAX 64 /* with the NUL */
struct views_rights {
    uint64_t index; /* of the entry that says so; 0: none does */
    esep_time since;
    uint32_t body_count; /* besides its own */
    uint32_t plan_count; /* 0: all */
    char bodies[VIEWS_RIGHT_BODIES_MAX][ESEP_BODY_CODE_MAX];
    char plans[VIEWS_RIGHT_PLANS_MAX][VIEWS_PLAN_ID_MAX];
};
struct views_office {
    uint32_t office;
    char body[ESEP_BODY_CODE_MAX];
    char label[65];
    Esep__V1__OfficeState state;
    uint8_t sign_key[ESEP_KEY_BYTES];
    uint8_t curve_key[ESEP_KEY_BYTES];
    uint8_t old_sign_key[ESEP_KEY_BYTES]; /* before the last rotation; zero: there was none */
    uint8_t old_curve_key[ESEP_KEY_BYTES];
    uint32_t key_epoch;   /* the first of the present key; 0: it is the one enrolled */
    uint64_t key_index;   /* of the entry that rotated to it; 0 likewise */
    esep_time key_since;  /* likewise */
    uint64_t asked_index; /* of the entry that wants these keys renewed; 0: none does */
    esep_time asked_at;
    esep_time enrolled_at;
    esep_time seen_at;     /* last log entry that shows it alive; 0: never */
    uint32_t epoch;        /* 0: no entry yet */
    uint64_t seq;          /* high-water mark */
    struct esep_hash head; /* chain hash at seq */
    uint64_t mail_last;    /* newest number */
    uint64_t mail_acked;
    bool silent;              /* alerted, not seen since */
    uint64_t refused_entries; /* verdicts other than TAKEN and CONFLICT */
    uint32_t forks;
    uint64_t evidence_bytes; /* of its files that are here */
    uint32_t evidence_files;
    struct views_rights rights;
};
uint32_t views_office_count(const struct views *views);
const struct views_office *views_office(const struct views *views, uint32_t office); /* NULL */
const struct views_office *views_office_by_curve(const struct views *views, const uint8_t key[32]);
uint32_t views_next_office(const struct views *views);
uint32_t views_offices_max(const struct views *views); /* no number is above it */
/* views_rights.c: whether it may report for the body, in plans that it may report on; on the plan;
 * both. A body's own office always carries it. */
bool views_office_carries(const struct views_office *office, const char *body);
bool views_office_on_plan(const struct views_office *office, const char *plan_id);
bool views_office_may(const struct views_office *office, const char *plan_id, const char *body);
/* Its bodies one by one, its own first; NULL: there are no more. */
const char *views_office_body(const struct views_office *office, uint32_t number);

/* A file as reports of an office name it, and what an EVIDENCE entry said of it. */
struct views_file {
    uint32_t office;
    struct esep_hash sha256;
    uint64_t size_bytes;
};
struct views_evidence {
    uint64_t index; /* of the entry */
    esep_time accepted_at;
};
#define VIEWS_TABLE_NAMED 'N'
#define VIEWS_TABLE_EVIDENCE 'E'
#define VIEWS_FILE_KEY_BYTES (1 + 4 + ESEP_HASH_BYTES + 8)
/* The key of its row in either table, for readers of the store. */
void views_file_key(char table, const struct views_file *file, uint8_t out[VIEWS_FILE_KEY_BYTES]);
/* The value of an 'E' row. */
bool views_evidence_read(struct esep_slice value, struct views_evidence *ret);

struct views_code {
    struct esep_hash hash;
    char body[ESEP_BODY_CODE_MAX];
    uint32_t office; /* whose new keys it lets in; 0: it makes a new one */
    esep_time expires_at;
    bool accept_on_use;
    bool used;
};
const struct views_code *views_code(const struct views *views, const uint8_t hash[32]);

#define VIEWS_ACCOUNT_NAME_MAX 65 /* with the NUL */
#define VIEWS_ACCOUNT_DISPLAY_MAX 129
#define VIEWS_ACTOR_MAX 160 /* with the NUL */
/* What an account is let in by: the newest entry about each, as far as the log knows. What opens it
 * lies with the web process, but for the calendar's address, which is found by its hash here. */
enum views_proof_kind {
    VIEWS_PROOF_INVITATION,
    VIEWS_PROOF_PASSWORD,
    VIEWS_PROOF_SECOND_FACTOR,
    VIEWS_PROOF_CALENDAR,
    VIEWS_PROOFS
};
struct views_proof {
    uint64_t index; /* of the entry; 0: none ever said anything of it */
    esep_time at;
    bool stands;           /* not taken back, nor used up */
    esep_time until;       /* of an invitation */
    struct esep_hash hash; /* of an invitation, a calendar's address */
    char actor[VIEWS_ACTOR_MAX];
};
struct views_account { /* as its newest entry says; numbered 0, 1, 2 ... as they were made */
    uint32_t number;
    char name[VIEWS_ACCOUNT_NAME_MAX];
    char display[VIEWS_ACCOUNT_DISPLAY_MAX];
    char body[ESEP_BODY_CODE_MAX];               /* "": of no body */
    char substitute_for[VIEWS_ACCOUNT_NAME_MAX]; /* "": stands in for nobody */
    esep_day from_day, until_day;                /* of that; 0 with nobody */
    Esep__V1__AccountRole role;
    Esep__V1__AccountState state;
    uint64_t index; /* of the entry */
    struct views_proof proofs[VIEWS_PROOFS];
};
uint32_t views_account_count(const struct views *views);
const struct views_account *views_account(const struct views *views, uint32_t number); /* NULL */
const struct views_account *views_account_named(const struct views *views, const char *name);
/* 1 to 64 of a-z 0-9 . _ - */
bool views_account_name_valid(const char *name);

/* The earliest commitment of the office's epoch that promises `seq` or more and whose entries are
 * still awaited or just complete; false: none. */
struct views_promised {
    uint64_t index; /* of its COMMITMENT entry */
    esep_time at;
    uint64_t seq; /* that it promises */
    struct esep_hash head;
};
bool views_commitment(const struct views *views, uint32_t office, uint32_t epoch, uint64_t seq,
                      struct views_promised *ret);

#define VIEWS_HEADS_MAX 8
struct views_head { /* a latest revision; more than one is a conflict */
    uint64_t index;
    uint32_t office;
    uint32_t epoch;
    uint64_t seq;
    uint32_t revision;
    esep_time received_at;
    struct esep_hash content; /* its content hash: what other entries call it */
    Esep__V1__Fulfilment fulfilment;
    int percent;                     /* -1: no data */
    enum esep_submission submission; /* of this very report */
    esep_day again_by;               /* with RETURNED; else ESEP_DAY_NONE */
    uint64_t review_index;           /* of the newest review of it; 0: none */
};
struct views_obligation {
    uint32_t number;
    struct esep_obligation made; /* as the plan that made it says */
    uint32_t plan_no;
    bool dropped;         /* a later plan no longer asks for it */
    esep_time due;        /* with extension */
    esep_day extended_to; /* ESEP_DAY_NONE */
    enum esep_submission submission;
    enum esep_control control;
    Esep__V1__Fulfilment fulfilment;
    int percent;                             /* -1: no data */
    bool verified;                           /* an accepted review stands behind it */
    uint64_t extension_index, control_index; /* of the newest such entry; 0: none */
    esep_day again_by;                       /* of the newest head, with RETURNED */
    uint32_t reports;                        /* entries taken, all revisions */
    uint32_t head_count; /* may exceed what is listed: the rest is only counted */
    uint32_t listed;
    struct views_head heads[VIEWS_HEADS_MAX];
    esep_time first_received_at;  /* 0: nothing came */
    esep_time first_committed_at; /* 0: no commitment before it, or one that did not hold */
    bool first_proved;            /* its chain was completed to that commitment, in grace */
    uint32_t first_office, first_epoch;
    uint64_t first_commitment_seq;
    uint32_t alert_step; /* highest rank logged for `alert_due` (views_alerts.c) */
    esep_time alert_due;
};
uint32_t views_obligation_count(const struct views *views);
const struct views_obligation *views_obligation(const struct views *views, uint32_t number);
const struct views_obligation *views_obligation_by_key(const struct views *views, const char *key);
/* The one of which the report at this log index is a listed head; NULL. */
const struct views_obligation *views_obligation_by_head(const struct views *views,
                                                        uint64_t report_index);
/* Code of the body that answers for it at an instant: its own, or its successor's. */
const char *views_owner(const struct views *views, const struct views_obligation *obligation,
                        esep_time at);
/* The instant the first report counts from: its commitment's, where that is proved and in grace,
 * else its own; ESEP_TIME_NEVER: nothing came. */
esep_time views_came(const struct views *views, const struct views_obligation *obligation);
enum esep_timeliness views_timeliness(const struct views *views,
                                      const struct views_obligation *obligation, esep_time now);
const Esep__V1__Plan *views_plan(const struct views *views, uint32_t plan_no); /* NULL */
uint32_t views_plan_count(const struct views *views);
const struct esep_zone *views_plan_zone(const struct views *views, uint32_t plan_no);

/* Alerts due at `now` that the log does not have yet: one Alert a body (a second one for what it
 * owes upon agreement only), packed, to be logged. Calls emit for each; nothing changes until the
 * entries are applied, which emit may do. ret_next: when to look again. targets is asked for the
 * body's own recipients and, where something is overdue or silent, for the secretariat's.
 * ESEP_LIMIT: too many deliveries are owed; what did not fit stays due. */
#define VIEWS_TARGETS_MAX 16 /* of one alert, body and secretariat together; of one alarm */
enum views_audience {
    VIEWS_BODY = 0,
    VIEWS_SECRETARIAT,
    VIEWS_OPERATORS, /* of an alarm: plan and body are "" */
};
typedef size_t views_targets_fn(void *context, const char *plan, const char *body,
                                enum views_audience whom, Esep__V1__Target *ret, size_t max);
/* Who is told, each once. */
struct views_recipients {
    Esep__V1__Target targets[VIEWS_TARGETS_MAX]; /* as asked for, the same one twice maybe */
    size_t used;
    Esep__V1__Target *list[VIEWS_TARGETS_MAX]; /* into targets, each once */
    size_t count;
};
/* Adds fn's; NULL: nobody. ret begins as zeroes. */
void views_recipients_add(struct views_recipients *ret, views_targets_fn *fn, void *context,
                          const char *plan, const char *body, enum views_audience whom);
/* So many more deliveries may be owed. */
size_t views_deliveries_room(const struct views *views);
ESEP_MUST_USE enum esep_status
views_alerts(const struct views *views, esep_time now, views_targets_fn *targets,
             void *targets_context, enum esep_status (*emit)(void *, struct esep_slice body),
             void *context, esep_time *ret_next);
/* Deliveries still owed, in order: calls visit until it returns false. */
void views_deliveries(const struct views *views,
                      bool (*visit)(void *context, uint64_t alert_index, uint32_t target),
                      void *context);

/* One 'R' row, for readers of the store. */
struct views_report {
    uint64_t index;
    uint32_t obligation;
    uint32_t office;
    uint32_t epoch;
    uint64_t seq;
    uint32_t revision;
    Esep__V1__Fulfilment fulfilment;
    int percent;
    Esep__V1__Verdict verdict;
    bool nil_report;
    esep_time accepted_at;
    esep_time written_at;
};
ESEP_MUST_USE enum esep_status views_report_read(struct esep_slice key, struct esep_slice value,
                                                 struct views_report *ret);
#endif
