/* collector/web/export_queue.h - exports that were asked for: which wait, which is made next, which
 * may still be fetched.
 *
 * Few are made at a time, the others wait in the order in which they were asked for. What is made
 * stays to be fetched by who asked for it, for a while, and is nobody else's: for any other account
 * it is not there. Places are few; an account that takes more than its share loses its own oldest
 * file first, and is refused while all that it asked for is still to be made. Files are bounded all
 * together, too: the oldest make room.
 *
 * It decides when, never how: the shell makes the files, and is told by on_drop when one of them is
 * not needed any more. No clock, no allocation after start.
 *
 * Invariant: at most running_max are WEB_EXPORT_RUNNING; an id stands for one export.
 */
#ifndef COLLECTOR_WEB_EXPORT_QUEUE_H
#define COLLECTOR_WEB_EXPORT_QUEUE_H

#include "base/time.h"
#include "collector/web/session.h"

#define WEB_EXPORT_ID_BYTES 16
#define WEB_EXPORT_REASON_MAX 256
#define WEB_EXPORT_WORD_MAX 65

enum web_export_state {
    WEB_EXPORT_NONE,
    WEB_EXPORT_QUEUED,
    WEB_EXPORT_RUNNING,
    WEB_EXPORT_DONE,
    WEB_EXPORT_FAILED,
};

/* What is wanted. The queue only keeps it. */
struct web_export_wish {
    int format, language, year; /* year 0: all */
    bool semicolon;
    char plan[WEB_EXPORT_WORD_MAX]; /* "": the only one */
    char table[WEB_EXPORT_WORD_MAX];
    char body[WEB_EXPORT_WORD_MAX];
};

struct web_export {
    enum web_export_state state;
    uint8_t id[WEB_EXPORT_ID_BYTES];
    uint64_t number; /* they are made in this order */
    char owner[WEB_ACCOUNT_MAX];
    struct web_export_wish wish;
    struct esep_hash key, wanted; /* of the request, the asker's own; zero: it has no key */
    esep_time asked_at, started_at, ended_at;
    unsigned percent;  /* never goes back */
    uint64_t log_size; /* that it is made of; 0: not known yet */
    uint64_t size_bytes;
    char reason[WEB_EXPORT_REASON_MAX]; /* of a failure */
    size_t place;                       /* for the shell's own table */
};

struct web_export_limits {
    size_t places;
    size_t of_one_owner_max;
    size_t running_max;
    esep_time kept;     /* after its end */
    esep_time patience; /* a run that takes longer has failed */
    uint64_t bytes_max; /* of all files */
};

struct web_export_queue;
/* on_drop: this one's file goes, and whoever makes it stops. Called before the place is free. */
ESEP_MUST_USE enum esep_status
web_export_queue_new(struct web_export_queue **ret, const struct web_export_limits *limits,
                     void (*on_drop)(void *context, const struct web_export *e), void *context);
void web_export_queue_free(struct web_export_queue *queue); /* drops all */

/* id: drawn by the caller. ESEP_LIMIT: this account has its share of unmade ones. ESEP_AGAIN: so
 * have all together. */
ESEP_MUST_USE enum esep_status web_export_ask(struct web_export_queue *queue, const char *owner,
                                              const uint8_t id[WEB_EXPORT_ID_BYTES],
                                              const struct web_export_wish *wish, esep_time now,
                                              struct web_export **ret);
/* The next one to be made; it is running from now on. NULL: none, or enough are. */
struct web_export *web_export_start(struct web_export_queue *queue, esep_time now);
void web_export_progress(struct web_export *e, unsigned percent);
/* reason NULL: it is done. Older files may go for it. */
void web_export_end(struct web_export_queue *queue, struct web_export *e, const char *reason,
                    uint64_t size_bytes, esep_time now);
/* Forgets what was kept long enough. Returns one that runs for too long, or NULL. */
struct web_export *web_export_tick(struct web_export_queue *queue, esep_time now);

/* NULL: there is none, or it is another account's. */
struct web_export *web_export_find(struct web_export_queue *queue, const char *owner,
                                   const uint8_t id[WEB_EXPORT_ID_BYTES]);
/* The account's that was asked for under the key, which is not zero; NULL: none is here. */
struct web_export *web_export_keyed(struct web_export_queue *queue, const char *owner,
                                    const struct esep_hash *key);
/* The account's, newest first: with `before` NULL the newest, then the next. NULL: no more. */
struct web_export *web_export_next(struct web_export_queue *queue, const char *owner,
                                   const struct web_export *before);
void web_export_drop(struct web_export_queue *queue, struct web_export *e);
/* How many wait before it. */
size_t web_export_before(const struct web_export_queue *queue, const struct web_export *e);
size_t web_export_count(const struct web_export_queue *queue, enum web_export_state state);
/* By place; NULL: free. */
struct web_export *web_export_at(struct web_export_queue *queue, size_t place);

#endif
