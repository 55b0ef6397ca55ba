/* tests/sim/sim_model.h - what the log means, said a second time and simply; see sim_model.c.
 *
 * Written from DESIGN.md, docs/protocol.md, the protos' comments and docs/adr/0003 and 0007, not
 * from the views: an entry at a time, every list searched from end to end, days counted by hand.
 */
#ifndef TESTS_SIM_MODEL_H
#define TESTS_SIM_MODEL_H

#include "sim.h"

#define MODEL_NAME 64
#define MODEL_PROMISES 32
#define MODEL_NAMED 9 /* what it builds on, and what it settles */
#define MODEL_DUTIES 600
#define MODEL_PLANS 64
#define MODEL_ALERT_DAYS 16
#define MODEL_OFFICES 32
#define MODEL_RIGHTS 8

struct model_report {
    uint64_t index; /* of the log entry */
    uint32_t office;
    struct esep_hash name; /* of its content: what others call it */
    bool withdrawn, repeat;
    bool known; /* the views know it still, as one that stands */
    enum esep_submission review;
    uint64_t review_index; /* of what said so */
    esep_day again;        /* with RETURNED; ESEP_DAY_NONE */
    Esep__V1__Fulfilment fulfilment;
    int percent; /* -1: no data */
};

struct model_link { /* one report names another, or a withdrawal does; whatever is here */
    bool withdraws;
    uint32_t office;     /* whose report it is that names */
    struct esep_hash by; /* ... and which */
    struct esep_hash to;
    bool known; /* by the views, still */
};

struct model_duty {
    char key[ESEP_OBLIGATION_KEY_MAX];
    char body[MODEL_NAME], action[MODEL_NAME], kind[MODEL_NAME];
    esep_day start, end, day; /* window; the day it is due by the plan */
    int plan;                 /* which made it */
    bool lead, agreed, dropped;
    esep_day extended;                       /* ESEP_DAY_NONE */
    uint64_t extension_index, control_index; /* of the newest such entry */
    enum esep_control control;
    struct model_report *reports; /* all that were taken, for ever, as the log has them */
    size_t count, cap;
    struct model_link *links;
    size_t link_count, link_cap;
    bool forgot; /* the views know less than there was */
    /* when it came */
    esep_time first_at; /* 0: nothing */
    esep_time promised; /* 0: by no promise */
    bool proved;
    uint32_t promise_office, promise_epoch;
    uint64_t promise_seq;
    /* the highest stair said, for the due instant it was said for */
    int said;
    esep_time said_due;
    unsigned said_turns; /* how often that instant was another one than before */
    esep_time changed;   /* true time */
};

struct model_promise {
    bool open;
    uint32_t epoch;
    uint64_t from, seq;
    esep_time at;
    struct esep_hash head;
};

struct model_office {
    char body[MODEL_NAME];
    uint64_t rights; /* index of the entry that says what else it may report for; 0: none does */
    char bodies[MODEL_RIGHTS][MODEL_NAME], plans[MODEL_RIGHTS][MODEL_NAME];
    size_t body_count, plan_count; /* no plan: all */
    Esep__V1__OfficeState state;
    esep_time seen, enrolled, changed;
    bool silent;
    uint32_t epoch;
    uint64_t seq;
    struct model_promise promises[MODEL_PROMISES];
    size_t promise_count;
    uint64_t *mail; /* [1] is the first: log indexes */
    uint64_t mail_count;
    size_t mail_cap;
    uint64_t acked;
};

struct model_body {
    char code[MODEL_NAME], successor[MODEL_NAME];
    esep_day first, last; /* 0: not said */
};

struct model_executor { /* an action names a body, by itself or through a group */
    char action[MODEL_NAME], body[MODEL_NAME];
};

#define MODEL_BODIES 32
#define MODEL_EXECUTORS 128
struct model_plan {
    char id[MODEL_NAME];
    uint64_t index;
    uint32_t revision;
    esep_day effective;
    int offset_s; /* of its zone, east of UTC */
    int alert_days[MODEL_ALERT_DAYS];
    size_t alert_day_count;
    int repeat_days, silent_days, grace_days;
    struct model_body bodies[MODEL_BODIES];
    size_t body_count;
    struct model_executor executors[MODEL_EXECUTORS];
    size_t executor_count;
};

struct sim_model {
    struct esep_arena arena;
    uint64_t size; /* entries told */
    struct model_duty *duties;
    size_t duty_count;
    struct model_plan plans[MODEL_PLANS];
    int plan_count;
    struct model_office offices[MODEL_OFFICES]; /* office n at n */
    uint32_t office_count;
    /* since when nothing has kept the collector from raising alerts */
    esep_time free_since, offset;
    uint64_t opened;
    uint64_t alerts, verdicts, compared, looked;
};

/* An entry as it came to the disk. */
struct model_entry {
    struct sim *sim;
    struct sim_model *m;
    uint64_t index;
    struct esep_leaf leaf;
    struct esep_slice body;
};

/* sim_model_heads.c: which of an obligation's reports stand on top. */
#define MODEL_HEADS 16 /* one of an office at most */
struct model_heads {
    size_t at[MODEL_HEADS]; /* places in `reports`, in the log's order */
    size_t count;
};
/* false: it was withdrawn before it came. */
bool model_heads_add(struct model_duty *d, const struct model_report *report,
                     const struct esep_hash *names, size_t name_count);
void model_heads_take_back(struct model_duty *d, const struct esep_hash *name);
struct model_heads model_heads(const struct model_duty *d); /* with what the views know */
struct model_heads model_heads_by_rule(const struct model_duty *d);
bool model_heads_have(const struct model_heads *heads, size_t at);
void model_heads_done(struct model_duty *d);

/* sim_model.c */
const ProtobufCMessage *model_read(const struct model_entry *e,
                                   const ProtobufCMessageDescriptor *type);
struct model_duty *model_duty(struct sim_model *m, const char *key);
esep_time model_due(const struct sim_model *m, const struct model_duty *d);
const struct model_report *model_newest(const struct model_duty *d);
enum esep_submission model_submission(const struct model_duty *d);
esep_day model_again(const struct model_duty *d); /* the day a returned one is to come back */
esep_time model_came(const struct model_duty *d);
esep_time model_instant(const struct model_plan *plan, esep_day day, esep_time second);
esep_day model_day(const struct model_plan *plan, esep_time at);
void model_mail(const struct model_entry *e, uint32_t office, uint64_t index);
void model_mail_body(const struct model_entry *e, const char *plan, const char *body,
                     uint64_t index);
/* To who owes it, and to who answers for it by now. */
void model_mail_duty(const struct model_entry *e, const struct model_duty *d);
bool model_current(const struct sim_model *m, int plan);
/* sim_model_rights.c: what an office may report for. */
bool model_carries(const struct model_office *o, const char *body);
bool model_on_plan(const struct model_office *o, const char *plan);
/* It is the matter of a body of the office, or of who took over. */
bool model_concerns(const struct model_entry *e, const struct model_office *o,
                    const struct model_duty *d);
/* The first body of the office that the plan has; NULL: the plan is nothing to it. */
const char *model_body_there(const struct model_plan *plan, const struct model_office *o);
void model_rights_entry(const struct model_entry *e);
void model_saw(const struct model_entry *e, uint32_t office);

/* sim_model_plan.c, sim_model_report.c, sim_model_alert.c */
/* Who stands for the body on that day: itself, its successor, or that one's; NULL: nobody. */
const char *model_stands(const struct model_plan *plan, const char *body, esep_day day);
/* Who answers for it at an instant, as the newest revision of its plan says. */
const char *model_owner(const struct sim_model *m, const struct model_duty *d, esep_time at);
/* Whether the body took over from who owes it, at once or through others, by that instant. */
bool model_passed(const struct sim_model *m, const struct model_duty *d, const char *body,
                  esep_time at);
bool model_executes(const struct model_plan *plan, const char *action, const char *body);
void model_plan_entry(const struct model_entry *e);
void model_office_entry(const struct model_entry *e);
void model_commitment_entry(const struct model_entry *e);
void model_review_entry(const struct model_entry *e);
/* Not what it had with the rights that it had before; NULL: it had nothing. */
void model_mail_accepted(const struct model_entry *e, uint32_t office,
                         const struct model_office *before);
void model_alert_entry(const struct model_entry *e);

#endif
