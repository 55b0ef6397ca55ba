/* tests/unit/nomem.h - one allocation fails, and the test says which.
 *
 * A program linked with test_nomem takes memory through here (ld --wrap): from nomem_arm(n) on, the
 * n-th malloc, calloc or realloc of its objects gives NULL, once. A sweep arms 1, 2, 3 ... until an
 * operation comes through with nothing failed; at each step the operation has to say so and leave
 * no piece behind (the sanitizer build looks for those).
 *
 * Only the code under test is to run short: esep_nomem_test compiles the test's own sources with
 * allocations that never fail.
 */
#ifndef TESTS_UNIT_NOMEM_H
#define TESTS_UNIT_NOMEM_H

#include <stdbool.h>

/* The nth allocation from now on fails; 1 is the next one. */
void nomem_arm(unsigned nth);
/* The same, but what is taken outside of nomem_enter .. nomem_leave neither counts nor fails: for a
 * test whose world lives on the library that is to run short. */
void nomem_arm_inside(unsigned nth);
/* Inside again, the next one of at least so many bytes. */
void nomem_arm_large(unsigned long bytes);
void nomem_enter(void);
void nomem_leave(void);
/* Allocations no longer fail. True: one did since nomem_arm. */
bool nomem_disarm(void);

#endif
