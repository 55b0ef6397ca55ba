/* tests/sim/sim_world.h - what goes wrong in the simulated country; the second half of sim.h, which
 * includes it. Each of these draws all about a fault, lets it happen, and sees to its end. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "sim.h"

/* sim_faults.c: which, when, and that it ends. */
void sim_faults_start(struct sim *sim);
void sim_faults_end(struct sim *sim);

/* What they do: sim_strike.c to lines and processes, sim_ruin.c to disks, clocks and memory. */
void sim_cut_line(struct sim *sim);
void sim_cut_link(struct sim *sim);
void sim_partition(struct sim *sim);
void sim_withhold(struct sim *sim);
void sim_turn_liar(struct sim *sim);
void sim_fall_silent(struct sim *sim);  /* the collector: sim_silence.c */
void sim_open_windows(struct sim *sim); /* an office whose line is up for seconds, now and then */
void sim_crash_somebody(struct sim *sim);
void sim_pause_somebody(struct sim *sim);
void sim_stop_somebody(struct sim *sim);
void sim_reload_somebody(struct sim *sim);
void sim_start_the_fallen(struct sim *sim); /* in a while */
void sim_spoil_disk(struct sim *sim);
void sim_jump_clock(struct sim *sim);
void sim_take_backups(struct sim *sim);
void sim_prune_somewhere(struct sim *sim);
void sim_restore_something(struct sim *sim);
void sim_revoke_somebody(struct sim *sim);

/* sim_silence.c: receipts that are kept back, and what brokers sign instead. */
struct esep_sign_key sim_broker_key(const struct sim_broker *broker);
bool sim_keeps_back(struct sim *sim, struct esep_slice frame); /* the collector does */
void sim_ingress_said(struct sim *sim, int broker, uint64_t conn, struct esep_slice frame);
void sim_ingress_stored(struct sim *sim, int office, const struct agent_ingress *kept);

/* sim_malice.c: an enrolled office that means harm. */
void sim_malice_start(struct sim *sim, int office);
void sim_malice_frame(struct sim *sim, struct esep_slice frame);
void sim_malice_done(struct sim *sim);

/* sim_enrol.c: offices that come later. */
void sim_enrol_start(struct sim *sim);
void sim_enrol_frame(struct sim *sim, int office, struct esep_slice frame);
/* A key just reached the disk; the disk was put back. */
void sim_enrol_logged(struct sim *sim, uint64_t index, const Esep__V1__KeyChange *change);
void sim_enrol_forget(struct sim *sim);
void sim_enrol_stop(struct sim *sim); /* what is under way */
void sim_enrol_done(struct sim *sim);

/* sim_rot.c: flipped bits. */
void sim_rot_somewhere(struct sim *sim);
bool sim_rot_mend(struct sim *sim, struct sim_office *office); /* false: nothing was wrong */
void sim_rot_end(struct sim *sim);                             /* in the store */

/* sim_amnesia.c: stores and journals of before an enrolment. */
void sim_store_backup(struct sim *sim, size_t slot); /* in sim_ruin.c */
bool sim_amnesia_restore(struct sim *sim, size_t backup,
                         esep_time lasts); /* false: it is younger */
void sim_amnesia_said(struct sim *sim, struct sim_office *office,
                      const struct agent_status *status);
void sim_amnesia_copy(struct sim *sim, int office);
void sim_amnesia_end(struct sim *sim);

/* sim_version.c: old and new software side by side. */
void sim_change_version(struct sim *sim);
void sim_version_end(struct sim *sim);
void sim_version_look(struct sim *sim);
/* What a frame is on the other side of the machine's edge, either way; and an office's way out. */
struct esep_slice sim_version_edge(struct sim *sim, const struct sim_node *node,
                                   struct esep_slice frame);
struct esep_slice sim_version_sent(struct sim *sim, const struct sim_node *office,
                                   struct esep_slice frame);
void sim_version_said(struct sim *sim, struct sim_office *office,
                      const struct agent_status *status);

/* sim_plan.c, sim_model_rights.c: offices that report for several bodies. */
extern const char *const sim_bodies[SIM_BODIES];
void sim_draw_rights(struct sim *sim);
bool sim_model_carries(const struct sim *sim, uint32_t office, const char *body);

/* sim_clone.c: one office, two machines. */
void sim_clone_somebody(struct sim *sim);

/* sim_keys.c: offices renew their keys. Which key begins the epochs from this one on. */
const uint8_t *sim_key_of(const struct sim_office *office, uint32_t epoch);
void sim_keys_config(struct sim_office *office);
void sim_rotate_somebody(struct sim *sim);
void sim_keys_look(struct sim *sim, int office);
void sim_keys_mail(struct sim *sim, int office, const struct agent_store *store);
bool sim_keys_converged(const struct sim *sim, int office);
void sim_clone_end(struct sim *sim);

#endif
