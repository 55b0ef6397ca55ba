/* bench/site.h - one whole Esep in a temporary folder: broker, collector, plan 1347, offices.
 *
 * Real programs, set up with their own commands: init, run, plan load, keys enrol; the offices'
 * keys are enrolled with real ENROL frames through the broker. Each measured run has a site of its
 * own, so that it begins with an empty store. The configuration is the shipped defaults but for
 * the broker's limits for one office, which the generator would exceed on purpose.
 */
#ifndef BENCH_SITE_H
#define BENCH_SITE_H

#include "base/crypto.h"
#include "base/time.h"
#include "bench/process.h"
#include "collector/state.h"
#include "io/clock.h"
#include "io/zsock.h"

#define BENCH_OFFICES_MAX 512
#define BENCH_KEYS_MAX 128
/* Inside the plan's years: most obligations are not due yet, and no alert is raised in the run. */
#define BENCH_CLOCK "at:2013-01-15T09:00:00+06:00"

struct bench_identity {
    uint32_t office;
    char body[33];
    struct esep_sign_key sign;
    struct esep_curve_key curve;
    size_t key_count; /* obligations that this office reports on */
    char keys[BENCH_KEYS_MAX][ESEP_OBLIGATION_KEY_MAX];
};
struct bench_site {
    char folder[BENCH_PATH];
    const char *programs; /* folder of esep-broker and esep-collector */
    const char *plan;
    pid_t broker;
    pid_t collector;
    bool with_signer; /* the log's key is in a process of its own */
    pid_t signer;
    char agents[128]; /* endpoints */
    char collectors[128];
    char broker_hex[65];
    struct esep_hash log_id;
    uint8_t log_key[ESEP_KEY_BYTES];
    uint8_t seal_key[ESEP_KEY_BYTES];
    uint8_t broker_key[ESEP_KEY_BYTES];
    struct esep_clock clock;
    uint32_t office_count;
    struct bench_identity *offices;
};
/* What the store says of itself. */
struct bench_store {
    uint64_t log_size;
    uint64_t transactions; /* LMDB's number of the last one */
};

ESEP_MUST_USE enum esep_status bench_site_open(struct bench_site *ret, const char *programs,
                                               const char *plan, uint32_t offices, bool with_signer,
                                               struct esep_reason *reason);
void bench_site_close(struct bench_site *site, bool keep);
ESEP_MUST_USE enum esep_status bench_site_store(const struct bench_site *site,
                                                struct bench_store *ret,
                                                struct esep_reason *reason);
/* Walks the log of the stopped collector: every office has exactly the entries 1 .. counts[i], in
 * order, each once and TAKEN; its high-water mark in the views says the same. */
ESEP_MUST_USE enum esep_status bench_site_check(struct bench_site *site, const uint64_t *counts,
                                                struct esep_reason *reason);
void bench_site_stop(struct bench_site *site); /* the daemons */
/* site_enrol.c */
ESEP_MUST_USE enum esep_status bench_site_enrol(struct bench_site *site,
                                                struct esep_reason *reason);

#endif
