/* tests/sim/sim_signer.h - the log's signer, as ingest's shell asks it. */
#ifndef TESTS_SIM_SIGNER_H
#define TESTS_SIM_SIGNER_H

#include "sim.h"

/* The head that ingest begins with, signed, into its configuration. */
void sim_signer_begin(struct sim *sim);
/* Of a commit that is on the disk: its head has to wait for the signer. */
bool sim_signer_away(struct sim *sim, uint64_t token);

#endif
