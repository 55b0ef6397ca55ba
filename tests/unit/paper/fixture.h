/* tests/unit/paper/fixture.h - cmocka, and the insides of a document. */
#ifndef TESTS_UNIT_PAPER_FIXTURE_H
#define TESTS_UNIT_PAPER_FIXTURE_H

#include "base/crypto.h"
#include "paper/paper_model.h"
#include "paper/paper_sheet_name.h"
#include "paper/paper_widths.h"
#include "wire/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

#endif
