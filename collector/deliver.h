/* collector/deliver.h - alerts on their way out: mail by SMTP, webhooks by HTTP, tried until done.
 *
 * What is owed stands in the log's views; this is the queue of tries. Each channel has its own few
 * connections, so a dead mail server delays no webhook, and each delivery its own backoff. The end
 * of a delivery (done, or given up after the configured tries) is told once; a crash before that is
 * logged means one more try after the restart: the Message-ID and webhook-id stay the same, by
 * which a receiver knows a repeat. A log restored from a backup may use an index again, so the id
 * holds the hour of the alert, too.
 *
 * It decides when to try again, never who is told what. Called from the loop's thread alone. The
 * tries themselves run in threads of their own, a few for each channel: libcurl waits for a mail
 * server's last answer, and for its farewell, in whatever thread it is called from.
 *
 * Invariant: an (alert, target) is in the queue at most once.
 */
#ifndef COLLECTOR_DELIVER_H
#define COLLECTOR_DELIVER_H

#include "collector/settings.h"

struct esep_loop;
struct deliver;

#define DELIVER_QUEUE_MAX 1024 /* of one channel: a dead mail server takes no webhook's place */

typedef void deliver_done_fn(void *context, uint64_t alert_index, uint32_t target, bool delivered,
                             uint32_t attempts, const char *detail);

struct deliver_item {
    uint64_t alert_index;
    uint32_t target;
    const Esep__V1__Target *to;
    struct esep_slice subject; /* mail */
    struct esep_slice text;    /* mail: UTF-8 text; webhook: JSON */
    esep_time raised_at;       /* the letter's Date */
};

/* settings are borrowed, and may change between two calls: each try looks at them anew. done is
 * called from the loop, never from within a call of ours. */
ESEP_MUST_USE enum esep_status deliver_new(struct deliver **ret, struct esep_loop *loop,
                                           const struct collector_settings *settings,
                                           const struct esep_hash *log_id, deliver_done_fn *done,
                                           void *context, struct esep_reason *reason);
/* Breaks off the tries under way: a second or two. What a receiver had taken by then, and was not
 * told, comes to it again: drain first. */
void deliver_free(struct deliver *deliver);
/* Begins no try from now on; those under way go on, and their ends are told. */
void deliver_drain(struct deliver *deliver);
/* No try is under way. */
bool deliver_idle(const struct deliver *deliver);
/* Copies the item. ESEP_LIMIT: the channel's queue is full, offer it again later; ESEP_CONFLICT: it
 * is in the queue; ESEP_INVALID: no such webhook, no mail server, or no address that could be put
 * into a letter: it will never go out, give it up. Calls nobody back. */
ESEP_MUST_USE enum esep_status deliver_add(struct deliver *deliver,
                                           const struct deliver_item *item);
bool deliver_knows(const struct deliver *deliver, uint64_t alert_index, uint32_t target);
/* Whether some channel has room for a good number more. */
bool deliver_roomy(const struct deliver *deliver);

#endif
