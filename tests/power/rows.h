/* tests/power/rows.h - what a store of ours holds, as one hash over every row of every database but
 * its own number ("engine"): two stores are equal if these are, wherever the pages lie. */
#ifndef TESTS_POWER_ROWS_H
#define TESTS_POWER_ROWS_H

#include "base/crypto.h"

#include <lmdb.h>

struct esep_hash power_rows_hash(MDB_env *env);

#endif
