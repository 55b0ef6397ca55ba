/* tests/unit/collector/ingest_pair.h - the agent's core and ingest, face to face.
 *
 * Both sides have tests against scripts of the other. Here they talk to each other: what one means
 * and the other reads must be the same. The journal is an array, the broker a pair of queues that
 * can be cut.
 */
#ifndef TESTS_INGEST_PAIR_H
#define TESTS_INGEST_PAIR_H

#include "agent/agent.h"
#include "ingest_world.h"

#define PAIR_QUEUE 512

struct pair {
    struct ingest *g;
    struct sim_office *office; /* its keys and its journal */
    struct agent *agent;
    struct agent_journal journal;
    struct agent_entry *entries;
    struct esep_slice down[PAIR_QUEUE]; /* to the agent */
    size_t down_count;
    size_t receipts, promises, mails;
    esep_time committed_at;         /* of the newest promise */
    struct agent_cosigned cosigned; /* the newest that was stored */
    size_t cosigned_count;
    struct esep_note_key witness; /* that the office knows; id 0: none */
    bool cut;                     /* the link takes frames and loses them */
    bool plain;                   /* the office does not pack */
    struct esep_sign_key next;    /* with rotate: the keys that are to follow */
    uint8_t next_curve[32];
    bool rotate;
};

void pair_start(struct pair *p, struct ingest *g, const char *body);
void pair_end(struct pair *p);
/* The agent anew, from what the journal has. */
void pair_agent_start(struct pair *p);
void pair_hear(void *context, struct esep_slice frame);
void pair_write(struct pair *p, const char *key);
/* Until neither has anything to do at this instant. */
void pair_settle(struct pair *p);
void pair_pass_time(struct pair *p, esep_time by);
struct agent_status pair_status(const struct pair *p);

#endif
