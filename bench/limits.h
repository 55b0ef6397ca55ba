/* bench/limits.h - what the parts reach alone, on this machine and in this hour.
 *
 * Each is the bare library with the sizes that Esep uses, so that a figure of Esep can be held
 * against what it is made of.
 */
#ifndef BENCH_LIMITS_H
#define BENCH_LIMITS_H

#include "bench/process.h"

struct bench_limits {
    double lmdb;          /* records/s: two appended tables, one hot row, synced commits */
    double lmdb_a_commit; /* records in each */
    double commit_ms;     /* one commit of one record */
    double zmq_batched;   /* reports/s: CURVE, two hops, 32 reports a frame */
    double zmq_frames;    /* frames/s of one report each */
    double verify;        /* Ed25519 verifications/s on one core, as below */
    double sign;
    double sha256; /* chain steps/s over entries of 400 bytes */
    double seal;   /* XChaCha20-Poly1305 of 64 KiB: reports of 400 bytes/s */
    double unpack; /* entries/s from bytes to message, texts checked */
    double leaves; /* entries/s into the log's tree: leaf packed and hashed, nodes kept */
    double heads;  /* checkpoints/s, signed */
    double proofs; /* receipts/s given the growth of the log and the place of their entry */
};
/* records: how many share a commit. */
ESEP_MUST_USE enum esep_status bench_limits_measure(struct bench_limits *ret, uint64_t records,
                                                    struct esep_reason *reason);
/* How often a second work does what it does; at_once: between two looks at the clock. */
double bench_rate(void (*work)(void *context), void *context, unsigned at_once);
/* limits_tree.c: leaves, heads, proofs. */
ESEP_MUST_USE enum esep_status bench_tree_measure(struct bench_limits *ret,
                                                  struct esep_reason *reason);
/* limits_zmq.c: frames a second through a broker that only passes them on. */
ESEP_MUST_USE enum esep_status bench_zmq_measure(size_t frame_bytes, uint64_t frames,
                                                 double *ret_frames_s, struct esep_reason *reason);

#endif
