/* tests/sim/sim_witness.h - a witness beside the simulated collector; sim_witness.c says more. */
#ifndef ESEP_SIM_WITNESS_H
#define ESEP_SIM_WITNESS_H

#include "sim.h"

void sim_witness_signs(struct sim *sim); /* after a commit */
void sim_truth_cosigned(struct sim *sim, int office, const struct agent_cosigned *cosigned);
void sim_witness_config(struct agent_config *config); /* whom an office knows */

#endif
