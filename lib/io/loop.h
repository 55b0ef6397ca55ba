/* lib/io/loop.h - what every daemon of ours shares: one event loop and its few signals.
 *
 * TERM and INT ask to drain (a second one ends at once), HUP asks to read the config again, one
 * deadline says when the core wants to be told the time. A thread that works beside the loop (the
 * collector's writer) hands its result back through a wakeup: the only thing here that another
 * thread may touch. Time in the loop is the monotonic clock, so that a clock set back delays
 * nothing.
 *
 * Making a loop also does once for the process what each daemon needs: SIGPIPE is ignored, and the
 * limit of open files is raised as far as it goes.
 */
#ifndef ESEP_IO_LOOP_H
#define ESEP_IO_LOOP_H

#include "base/time.h"

#include <pthread.h>

struct event_base;
struct esep_loop;
struct esep_wakeup;

struct esep_loop_options {
    void (*on_drain)(void *context);    /* TERM, INT; NULL: the loop ends */
    void (*on_reload)(void *context);   /* HUP; NULL: ignored */
    void (*on_deadline)(void *context); /* the deadline has come; it is then unset */
    void *context;
};
ESEP_MUST_USE enum esep_status esep_loop_new(struct esep_loop **ret,
                                             const struct esep_loop_options *options,
                                             struct esep_reason *reason);
void esep_loop_free(struct esep_loop *loop);
struct event_base *esep_loop_base(struct esep_loop *loop);

/* Until esep_loop_stop, a second TERM, or a drain without a callback. ESEP_IO: the loop broke. */
ESEP_MUST_USE enum esep_status esep_loop_run(struct esep_loop *loop);
void esep_loop_stop(struct esep_loop *loop);

/* Calls on_deadline once after `wait` (0 or less: at the next turn), instead of any earlier
 * wish; ESEP_TIME_NEVER takes the wish back. Cheap where nothing changes. */
void esep_loop_deadline(struct esep_loop *loop, esep_time wait);

/* Microseconds on the monotonic clock, for intervals. */
esep_time esep_monotonic(void);

/* A bell for other threads: any number of rings before the loop looks are one call. */
ESEP_MUST_USE enum esep_status esep_wakeup_new(struct esep_wakeup **ret, struct esep_loop *loop,
                                               void (*on_wake)(void *context), void *context,
                                               struct esep_reason *reason);
void esep_wakeup_ring(struct esep_wakeup *wakeup); /* from any thread, or a signal handler */
void esep_wakeup_free(struct esep_wakeup *wakeup); /* after the last thread that rings is joined */

/* A thread beside the loop. It takes no signals: they are the loop's, and must not break off a sync
 * of its. false: there is none to be had. */
ESEP_MUST_USE bool esep_thread_start(pthread_t *ret, void *(*work)(void *context), void *context);
/* The monotonic clock in so long, as pthread_cond_clockwait has it. */
struct timespec esep_monotonic_in(esep_time wait);

/* Open files allowed to this process, after raising. */
uint64_t esep_files_max(void);
/* In use now; all of them where there is none left to look with. */
uint64_t esep_files_open(void);
/* ESEP_AGAIN where fewer descriptors are allowed than a loop, a store and ZeroMQ need at the least:
 * the libraries end the program, each in its own way, when they get none. */
ESEP_MUST_USE enum esep_status esep_files_check(struct esep_reason *reason);

/* Tells systemd ("READY=1", "STOPPING=1", "STATUS=..."). No NOTIFY_SOCKET, no effect. */
void esep_notify(const char *state);
#endif
