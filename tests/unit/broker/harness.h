/* tests/unit/broker/harness.h - cmocka and what it wants included before it. */
#ifndef TEST_BROKER_HARNESS_H
#define TEST_BROKER_HARNESS_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#endif
