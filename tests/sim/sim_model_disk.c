/* tests/sim/sim_model_disk.c - no real stores: what stands in memory is the disk; see struct
 * sim_real in sim_real.h. A program that has sim_lmdb.c before this library takes that in its
 * place. */
#include "sim_real.h"

const struct sim_real *const sim_real = NULL;
