/* collector/views_state.h - what the files of the views share; nobody else includes it.
 *
 * The state is a few arrays, taken at views_new and indexed by number: plans, offices,
 * obligations, codes, accounts, deliveries. Four hash tables lead from names to numbers. What an
 * entry changes is marked (offices, obligations: a list of numbers, each once) or, where a row is
 * written once or twice in its life, put at once into `rows`, a buffer that grows to the size of
 * the largest batch.
 *
 * Life of an entry: views_apply decodes the leaf, and a handler checks everything that can fail
 * BEFORE it changes anything; then the leaf joins the tree. views_flush packs what is marked.
 *
 * Invariants: offices are numbered 1, 2, 3 ... without a gap. Promises of an office ascend in
 * (epoch, seq) and lie above what is held. An obligation with an unproved first_committed_at is in
 * the list of the promise it names. Deliveries ascend.
 */
#ifndef COLLECTOR_VIEWS_STATE_H
#define COLLECTOR_VIEWS_STATE_H

#include "base/arena.h"
#include "base/merkle_recent.h"
#include "collector/views.h"
#include "wire/unpack.h"

#define VIEWS_PAST_MAX 4   /* superseded revisions that a withdrawal can bring back */
#define VIEWS_LINKS_MAX 16 /* what reports and withdrawals of one obligation name */
#define VIEWS_ALERT_DAYS_MAX 16
#define VIEWS_NONE UINT32_MAX
#define VIEWS_ROW_MAX 4096 /* the longest value of a row */
#define VIEWS_ROW_FORMAT 4 /* of the layouts in views_rows.c; the store has one of its own */
#define VIEWS_ROW_FORMAT_ACCOUNTS 5 /* from the first account on: T counts them, too */

/* Number + 1 by hash; open addressing, never more than half full, nothing is ever taken out. */
struct views_index_slot {
    uint32_t hash;
    uint32_t number1;
};
struct views_index {
    struct views_index_slot *slots;
    uint32_t mask;
};

/* A set of numbers in the order they were marked. */
struct views_marks {
    uint32_t *list;
    uint8_t *marked;
    uint32_t count;
};

struct views_plan_slot {
    uint64_t index; /* of its log entry */
    esep_day effective;
    const Esep__V1__Plan *plan; /* NULL until loaded */
    const struct esep_zone *zone;
    uint32_t latest; /* newest entry of the same plan id; itself, if current */
    uint32_t alert_days[VIEWS_ALERT_DAYS_MAX]; /* descending */
    size_t alert_day_count;
};

struct views_promise {
    uint32_t epoch;
    uint64_t from; /* what was held when it was made: it says nothing of that */
    uint64_t seq;
    esep_time at;
    struct esep_hash head;
    uint64_t index;
    uint32_t first_dependent; /* obligation number + 1 */
};

struct views_office_slot {
    struct views_office pub;
    struct views_promise *promises;
    uint32_t promise_count;
    /* the last promise that was kept */
    uint32_t kept_epoch;
    uint64_t kept_from;
    struct views_promised kept;
};

enum views_link_kind { VIEWS_LINK_NAMES = 1, VIEWS_LINK_WITHDRAWS = 2 };
struct views_link { /* from one entry to another, which may not be here (yet) */
    enum views_link_kind kind;
    uint32_t office;     /* NAMES: of the naming report */
    struct esep_hash by; /* NAMES: the naming report's content hash; goes when that is withdrawn */
    struct esep_hash to;
};

struct views_duty { /* an obligation and what only the views need of it */
    struct views_obligation pub;
    uint32_t past_count;
    uint32_t link_count;
    struct views_head past[VIEWS_PAST_MAX];   /* superseded, in order of index */
    struct views_link links[VIEWS_LINKS_MAX]; /* oldest first */
    uint32_t next_dependent;                  /* of the same promise; obligation number + 1 */
    uint32_t stamp; /* plan number + 1 that last spoke of it; not stored */
};

struct views_delivery {
    uint64_t alert;
    uint32_t target;
    bool done;
};

struct views_loaded {
    uint32_t plans, offices, duties, codes, accounts;
};
struct views {
    struct views_limits limits;
    views_zone_fn *zone;
    void *zone_context;
    struct esep_merkle tree;
    struct esep_merkle_recent recent;
    struct views_generation generation;
    struct esep_log_keys log_keys;
    esep_time last_at;          /* of the newest entry; in the totals, so that a store tells it */
    struct views_loaded loaded; /* what the totals said there is */

    struct views_plan_slot *plans;
    uint32_t plan_count;
    struct views_office_slot *offices; /* office n at n - 1 */
    uint32_t office_count;
    struct views_promise *promises;
    struct views_duty *duties;
    uint32_t duty_count;
    struct views_code *codes;
    uint32_t code_count;
    struct views_account *accounts;
    uint32_t account_count;
    struct views_delivery *deliveries;
    uint32_t delivery_count;
    uint32_t delivery_done;

    struct views_index duty_by_key;
    struct views_index office_by_curve;
    struct views_index code_by_hash;
    struct views_index account_by_name;
    struct views_marks dirty_offices;
    struct views_marks dirty_duties;

    struct esep_arena plan_arena;
    struct esep_arena scratch;
    struct esep_obligation *made;       /* scratch for plans */
    struct views_candidate *candidates; /* scratch for alerts */
    struct esep_buf rows;
    bool rows_flushed;
    bool changed;            /* since the last flush */
    enum esep_status failed; /* of a row that found no memory */
};

/* views.c */
uint32_t views_hash(struct esep_slice bytes);
void views_index_put(struct views_index *index, uint32_t hash, uint32_t number);
void views_mark(struct views_marks *marks, uint32_t number);
struct views_duty *views_duty_by_key(const struct views *views, const char *key);
struct views_office_slot *views_office_slot(const struct views *views, uint32_t office);
void views_index_duty(struct views *views, uint32_t number);
void views_index_office(struct views *views, uint32_t office);
void views_index_offices(struct views *views); /* all anew: a key has changed */
void views_index_code(struct views *views, uint32_t number);
void views_index_account(struct views *views, uint32_t number);
void views_mark_office(struct views *views, const struct views_office_slot *slot);
void views_mark_duty(struct views *views, const struct views_duty *duty);

/* views_apply.c. What a handler gets: the entry, decoded once. */
struct views_entry {
    uint64_t index;
    struct esep_leaf leaf;
    struct esep_slice body;
    const ProtobufCMessage *message;
    struct esep_reason *reason;
};
typedef enum esep_status views_handler(struct views *views, const struct views_entry *entry);
/* The body as a message of this kind, in the scratch arena if the caller had it not. */
enum esep_status views_message(struct views *views, const struct views_entry *entry,
                               const ProtobufCMessageDescriptor *kind,
                               const ProtobufCMessage **ret);
enum esep_status views_no_office(const struct views_entry *entry, uint32_t office);
void views_saw(struct views *views, struct views_office_slot *slot, esep_time at);

/* handlers */
views_handler views_apply_code, views_apply_key, views_apply_entry, views_apply_commitment,
    views_apply_plan, views_apply_review, views_apply_extension, views_apply_control,
    views_apply_alert, views_apply_delivery, views_apply_account, views_apply_credential,
    views_apply_evidence, views_apply_generation, views_apply_genesis, views_apply_log_key,
    views_apply_rights, views_apply_keys_asked;

/* views_promise.c */
const struct views_promise *views_promise_for(const struct views_office_slot *slot, uint32_t epoch,
                                              uint64_t seq);
void views_promise_first(struct views *views, struct views_duty *duty,
                         struct views_office_slot *slot, const struct esep_leaf *leaf);
void views_promise_forget(struct views *views, struct views_duty *duty);
void views_promises_keep(struct views *views, struct views_office_slot *slot,
                         const struct esep_leaf *leaf);
void views_promises_void(struct views *views, struct views_office_slot *slot, uint32_t epoch);
void views_promise_link(struct views *views, struct views_duty *duty); /* after loading */

/* views_heads.c: revisions of one obligation. */
/* Whether the report, of these bytes, would stand beside another one that it does not know. */
bool views_conflicts(const struct views_duty *duty, uint32_t office, struct esep_slice body,
                     const Esep__V1__Report *report);
bool views_head_add(struct views_duty *duty, const struct views_head *head,
                    const Esep__V1__Report *report);
bool views_head_withdraw(struct views_duty *duty, ProtobufCBinaryData name);
struct views_head *views_head_at(struct views_duty *duty, uint64_t index);
void views_heads_sum(struct views_duty *duty); /* the obligation's axes from its heads */

/* views_plan.c */
void views_plan_relate(struct views *views); /* `latest` of every plan */
const struct views_plan_slot *views_current_plan(const struct views *views, uint32_t plan_no);
void views_duty_due(const struct views *views, struct views_duty *duty);
const char *views_duty_body(const struct views *views, const struct views_duty *duty);

/* views_mail.c: mailbox items. */
void views_mail(struct views *views, struct views_office_slot *slot, uint64_t index);
void views_mail_body(struct views *views, const char *plan_id, const char *body, uint64_t index);
void views_mail_duty(struct views *views, const struct views_duty *duty, uint64_t index,
                     esep_time at);
void views_mail_leads(struct views *views, const struct views_duty *duty, uint64_t index,
                      esep_time at);
void views_mail_plan(struct views *views, uint32_t plan_no);
void views_mail_plans_to(struct views *views, struct views_office_slot *slot);
/* Whether mail that concerns the obligation goes to the office. */
bool views_duty_concerns(const struct views *views, const struct views_duty *duty,
                         const struct views_office *office, esep_time at);
/* What it has not had, now that it may report for more than before. */
void views_mail_rights_to(struct views *views, struct views_office_slot *slot,
                          const struct views_office *before, esep_time at);
/* To an office that comes back with new keys: what of its own stands, and what was decided. */
void views_mail_own_to(struct views *views, struct views_office_slot *slot);
void views_mail_accepted_to(struct views *views, struct views_office_slot *slot, esep_time at);

/* views_evidence.c: what a taken report names. */
void views_put_named(struct views *views, const struct views_entry *entry,
                     const Esep__V1__Report *report);

/* views_alerts.c */
uint32_t views_alert_rank(Esep__V1__AlertKind kind, uint32_t days_left, uint32_t weeks);
struct views_candidate {
    uint32_t plan_no;
    uint32_t body; /* place in the plan */
    bool agreed;   /* only upon agreement: no matter for the secretariat */
    uint32_t duty; /* VIEWS_NONE: an office */
    uint32_t office;
    struct esep_alert_step step;
    esep_time due;
};

/* views_deliveries.c: of an entry that names targets, before it changes anything, and after.
 * ESEP_LIMIT. */
enum esep_status views_may_owe(const struct views *v, const struct views_entry *entry,
                               size_t count);
void views_owe(struct views *v, const struct views_entry *entry, size_t count);

/* views_rows.c: the fixed layouts. `value` NULL deletes. */
void views_put(struct views *views, struct esep_slice key, struct esep_slice value);
void views_put_plan(struct views *views, uint32_t plan_no);
void views_put_code(struct views *views, uint32_t number);
void views_put_mail(struct views *views, uint32_t office, uint64_t number, uint64_t index);
void views_put_report(struct views *views, const struct views_report *report);
void views_put_closing(struct views *views, const struct views_entry *entry);
void views_put_promise(struct views *views, uint32_t office, const struct views_promise *promise);
void views_drop_promise(struct views *views, uint32_t office, const struct views_promise *promise);
void views_put_delivery(struct views *views, const struct views_delivery *delivery);
/* A subtree that has become complete; of every eighth level the store keeps them. */
void views_put_node(struct views *views, struct esep_merkle_place place,
                    const struct esep_hash *hash);
void views_put_generation(struct views *views);
void views_put_log_keys(struct views *views);
void views_put_account(struct views *views, uint32_t number);
void views_put_marked(struct views *views); /* offices, obligations, totals */

/* Fixed layouts, integers big-endian. A reader that runs short says so once, at the end. */
struct views_writer {
    uint8_t *at;
};
static inline void views_w8(struct views_writer *w, unsigned v)
{
    *w->at++ = (uint8_t)v;
}
static inline void views_w32(struct views_writer *w, uint32_t v)
{
    esep_be32_put(w->at, v);
    w->at += 4;
}
static inline void views_w64(struct views_writer *w, uint64_t v)
{
    esep_be64_put(w->at, v);
    w->at += 8;
}
static inline void views_wbytes(struct views_writer *w, const void *data, size_t len)
{
    memcpy(w->at, data, len);
    w->at += len;
}
static inline void views_wtext(struct views_writer *w, const char *text)
{
    const size_t len = strlen(text);
    views_w8(w, (unsigned)len);
    views_wbytes(w, text, len);
}
struct views_reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};
static inline const uint8_t *views_take(struct views_reader *r, size_t len)
{
    static const uint8_t zero[256];
    if (r->left < len || len > sizeof(zero)) {
        r->bad = true;
        r->left = 0;
        return zero;
    }
    r->at += len;
    r->left -= len;
    return r->at - len;
}
static inline unsigned views_r8(struct views_reader *r)
{
    return *views_take(r, 1);
}
static inline uint32_t views_r32(struct views_reader *r)
{
    return esep_be32(views_take(r, 4));
}
static inline uint64_t views_r64(struct views_reader *r)
{
    return esep_be64(views_take(r, 8));
}
static inline void views_rbytes(struct views_reader *r, void *out, size_t len)
{
    memcpy(out, views_take(r, len), len);
}
static inline void views_rtext(struct views_reader *r, char *out, size_t size)
{
    const size_t len = views_r8(r);
    if (len >= size) {
        r->bad = true;
        out[0] = '\0';
        return;
    }
    views_rbytes(r, out, len);
    out[len] = '\0';
}

#endif
