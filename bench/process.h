/* bench/process.h - child processes, and what the system says of their cost.
 *
 * Every child is ended with the bench, by its own number; nothing is found by name.
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_PATH 256

/* What a process has cost so far. */
struct bench_usage {
    double cpu_s;     /* user and system */
    uint64_t rss_kib; /* the most it ever had resident */
};

/* Starts argv[0] (a path, or a name looked up in PATH); output goes to the file. */
ESEP_MUST_USE enum esep_status bench_spawn(const char *const *argv, const char *output,
                                           pid_t *ret_pid, struct esep_reason *reason);
/* Runs it to its end; ESEP_INVALID with the output's last line where it fails. */
ESEP_MUST_USE enum esep_status bench_run(const char *const *argv, const char *output,
                                         struct esep_reason *reason);
/* TERM, then waits; KILL after ten seconds. 0: nothing. */
void bench_stop(pid_t pid);
struct bench_usage bench_usage_of(pid_t pid); /* 0: this process */

/* Waits until the file holds `text`; the process must live on. line: the rest of the line behind
 * it, may be NULL. */
ESEP_MUST_USE enum esep_status bench_await(const char *file, const char *text, pid_t pid,
                                           char *line, size_t size, struct esep_reason *reason);
/* The value behind "name: " in the file. */
ESEP_MUST_USE enum esep_status bench_value(const char *file, const char *name, char *ret,
                                           size_t size, struct esep_reason *reason);
ESEP_MUST_USE enum esep_status bench_write_file(const char *path, const char *text,
                                                struct esep_reason *reason);
void bench_remove_folder(const char *path); /* with all in it */
double bench_seconds(void);                 /* monotonic */

#endif
