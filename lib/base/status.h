/* lib/base/status.h - what a call came to, split by what the caller does about it.
 *
 * A status says what to DO next, not what went wrong in detail. The detail is for people: it
 * travels beside the status in a struct esep_reason, and never decides anything.
 *
 * Invariant: ESEP_OK is 0 and the only success.
 */
#ifndef ESEP_BASE_STATUS_H
#define ESEP_BASE_STATUS_H

#include <stdarg.h>
#include <stddef.h>

#define ESEP_MUST_USE __attribute__((warn_unused_result))
#define ESEP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum esep_status {
    ESEP_OK = 0,
    ESEP_AGAIN,     /* not now: try later, nothing is wrong */
    ESEP_NOT_FOUND, /* it is not there */
    ESEP_INVALID,   /* the peer's or the user's fault: refuse, tell them, go on */
    ESEP_CONFLICT,  /* contradicts what is already held: refuse, raise an alarm */
    ESEP_CORRUPT,   /* our own disk lies: stop using it */
    ESEP_LIMIT,     /* a configured bound is reached: refuse loudly */
    ESEP_NOMEM,     /* no memory */
    ESEP_IO,        /* the system failed: stop, reopen, check */
    ESEP_DENIED,    /* not permitted */
};

/* Name of a status for logs: "ok", "again", ... Never NULL. */
const char *esep_status_name(enum esep_status status);

/* sysexits code of a program that ends for this status: 0, 64..78. */
int esep_status_exit(enum esep_status status);

/* A reason for people: what is wrong, where, what to do next. One line, no newline. */
struct esep_reason {
    char text[256];
};

/* Writes the reason (reason may be NULL), truncating. Returns status, so that
 * `return esep_because(reason, ESEP_INVALID, "...")` reads as one sentence. */
enum esep_status esep_because(struct esep_reason *reason, enum esep_status status,
                              const char *format, ...) ESEP_PRINTF(3, 4);
/* An analyzer does not look into another file: tell it that what goes in comes out. */
#if defined(__clang_analyzer__) || defined(ESEP_ANALYZER)
#define esep_because(reason, status, ...)                                                          \
    (esep_because((reason), (status), __VA_ARGS__), (enum esep_status)(status))
#endif

/* An assertion for our own bugs, on in release too. Never for what came from outside. */
#define ESEP_ASSERT(condition)                                                                     \
    ((condition) ? (void)0 : esep_assert_failed(#condition, __FILE__, __LINE__, __func__))
_Noreturn void esep_assert_failed(const char *condition, const char *file, int line,
                                  const char *function);

#endif
