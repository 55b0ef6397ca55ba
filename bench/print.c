/* bench/print.c - see print.h. */
#include "bench/print.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const inside[BENCH_MODES] = {
    ("inside the timed part: connecting, HELLO, group heads signed, sealing, CURVE on both hops, "
     "every check, commit, receipts made, proven and held against the chain; before it: "
     "reports packed and chained, as the offices did when they wrote them"),
    ("inside: sealing, CURVE on both hops, every check, commit, receipts made, opened and held "
     "against the chain; before: reports packed, chained and their heads signed, HELLO; after: "
     "the receipts' proofs followed"),
    ("from the report in the journal to its receipt proven: head signed, sealed, both hops, "
     "commit with sync, the log's head signed, receipt back"),
};

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What a quantity was in each round in which it was measured. */
struct series {
    double values[BENCH_ROUNDS_MAX];
    uint32_t count;
};

static double median(const struct series *s)
{
    struct series sorted = *s;
    if (s->count == 0)
        return 0;
    qsort(sorted.values, sorted.count, sizeof sorted.values[0], ascending);
    return s->count % 2 != 0 ? sorted.values[s->count / 2]
                             : (sorted.values[s->count / 2 - 1] + sorted.values[s->count / 2]) / 2;
}

static double best(const struct series *s)
{
    double most = 0;
    for (uint32_t i = 0; i < s->count; i++)
        most = s->values[i] > most ? s->values[i] : most;
    return most;
}

static struct series rates(const struct bench_report *report, enum bench_mode mode)
{
    struct series s = {.count = 0};
    for (uint32_t i = 0; i < report->round_count; i++)
        if (report->rounds[i].ran[mode])
            s.values[s.count++] = report->rounds[i].modes[mode].rate;
    return s;
}

static struct series ratios(const struct bench_report *report, unsigned peer)
{
    struct series s = {.count = 0};
    for (uint32_t i = 0; i < report->round_count; i++) {
        const struct bench_round *round = &report->rounds[i];
        if (round->ran[BENCH_BACKLOG] && round->peers[peer] > 0)
            s.values[s.count++] = round->modes[BENCH_BACKLOG].rate / round->peers[peer];
    }
    return s;
}

static void print_usage(FILE *out, const char *name, struct bench_usage usage, double seconds)
{
    (void)fprintf(out, "  %-10s %6.2f CPU s (%3.0f %% of a core), %4llu MiB at most\n", name,
                  usage.cpu_s, 100 * usage.cpu_s / seconds,
                  (unsigned long long)usage.rss_kib / 1024);
}

void bench_print_outcome(FILE *out, const struct bench_outcome *o)
{
    (void)fprintf(out, "%s: %.0f durable receipts/s: %llu reports of %u offices in %.2f s\n",
                  bench_mode_names[o->load.mode], o->rate, (unsigned long long)o->reports,
                  o->load.offices, o->seconds);
    (void)fprintf(out, "  (%s)\n", inside[o->load.mode]);
    (void)fprintf(out, "  receipt latency p50 %.2f ms, p99 %.2f ms\n", o->p50_ms, o->p99_ms);
    (void)fprintf(
        out, "  %llu frames, %llu commits (%.0f/s), %.1f log entries each, %llu receipts\n",
        (unsigned long long)o->frames, (unsigned long long)o->commits,
        (double)o->commits / o->seconds, o->entries_a_commit, (unsigned long long)o->receipts);
    print_usage(out, "broker", o->broker, o->seconds);
    print_usage(out, "collector", o->collector, o->seconds);
    print_usage(out, "generator", o->generator, o->seconds);
    (void)fprintf(out, "  %.2f us of CPU a report; journals prepared before in %.1f s\n", o->cpu_us,
                  o->prepare_s);
    (void)fprintf(out, "  checked: each entry is in the log once, in order, taken; marks agree\n");
}

static void print_limits(FILE *out, const struct bench_limits *l)
{
    (void)fprintf(out,
                  "limits, each alone:\n"
                  "  LMDB, synced, two appended tables, %.0f a commit: %.0f records/s\n"
                  "  LMDB, one record a commit: %.2f ms\n"
                  "  ZeroMQ, CURVE, two hops, 32 reports a frame: %.0f reports/s\n"
                  "  ZeroMQ, CURVE, two hops, one report a frame: %.0f frames/s\n",
                  l->lmdb_a_commit, l->lmdb, l->commit_ms, l->zmq_batched, l->zmq_frames);
    (void)fprintf(
        out,
        "  one core: Ed25519 %.0f verified/s, %.0f signed/s; chain %.0f steps/s; "
        "sealing %.0f reports/s; unpacking %.0f entries/s\n"
        "  one core: tree %.0f leaves/s; %.0f heads signed/s; proofs of %.0f receipts/s\n",
        l->verify, l->sign, l->sha256, l->seal, l->unpack, l->leaves, l->heads, l->proofs);
}

void bench_print_text(FILE *out, const struct bench_report *report)
{
    for (int mode = 0; mode < BENCH_MODES; mode++) {
        const struct series s = rates(report, (enum bench_mode)mode);
        if (s.count > 0)
            (void)fprintf(out, "%s over %u rounds: best %.0f/s, median %.0f/s\n",
                          bench_mode_names[mode], s.count, best(&s), median(&s));
    }
    for (unsigned p = 0; p < bench_peer_count; p++) {
        const struct series s = ratios(report, p);
        if (s.count == 0)
            continue;
        (void)fprintf(out, "backlog / %s, round by round:", bench_peers[p].name);
        for (uint32_t i = 0; i < s.count; i++)
            (void)fprintf(out, " %.2f", s.values[i]);
        (void)fprintf(out, "; median %.2f\n", median(&s));
    }
    if (report->limits_ran)
        print_limits(out, &report->limits);
}

static json_t *usage_json(struct bench_usage usage)
{
    return json_pack("{s:f, s:I}", "cpu_s", usage.cpu_s, "rss_kib", (json_int_t)usage.rss_kib);
}

static json_t *outcome_json(const struct bench_outcome *o)
{
    return json_pack(
        "{s:s, s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:f, s:I, s:I, s:f, s:o, s:o, s:o}", "mode",
        bench_mode_names[o->load.mode], "timed", inside[o->load.mode], "offices",
        (json_int_t)o->load.offices, "reports", (json_int_t)o->reports, "seconds", o->seconds,
        "receipts_per_second", o->rate, "latency_p50_ms", o->p50_ms, "latency_p99_ms", o->p99_ms,
        "commits", (json_int_t)o->commits, "entries_per_commit", o->entries_a_commit, "frames",
        (json_int_t)o->frames, "receipts", (json_int_t)o->receipts, "cpu_us_per_report", o->cpu_us,
        "broker", usage_json(o->broker), "collector", usage_json(o->collector), "generator",
        usage_json(o->generator));
}

static json_t *round_json(const struct bench_round *round)
{
    json_t *json = json_object();
    for (int mode = 0; mode < BENCH_MODES; mode++)
        if (round->ran[mode])
            (void)json_object_set_new(json, bench_mode_names[mode],
                                      outcome_json(&round->modes[mode]));
    for (unsigned p = 0; p < bench_peer_count; p++)
        if (round->peers[p] > 0)
            (void)json_object_set_new(json, bench_peers[p].name,
                                      json_pack("{s:f}", "records_per_second", round->peers[p]));
    return json;
}

enum esep_status bench_print_json(FILE *out, const struct bench_report *report)
{
    const struct bench_limits *l = &report->limits;
    json_t *rounds = json_array();
    json_t *ratio = json_object();
    for (uint32_t i = 0; i < report->round_count; i++)
        (void)json_array_append_new(rounds, round_json(&report->rounds[i]));
    for (unsigned p = 0; p < bench_peer_count; p++) {
        const struct series s = ratios(report, p);
        if (s.count > 0)
            (void)json_object_set_new(ratio, bench_peers[p].name, json_real(median(&s)));
    }
    json_t *json = json_pack("{s:s, s:o, s:o}", "format", "esep-bench/1", "rounds", rounds,
                             "ratio_median", ratio);
    if (report->limits_ran)
        (void)json_object_set_new(
            json, "limits",
            json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}",
                      "lmdb_records_s", l->lmdb, "lmdb_records_per_commit", l->lmdb_a_commit,
                      "lmdb_commit_ms", l->commit_ms, "zmq_reports_s", l->zmq_batched,
                      "zmq_frames_s", l->zmq_frames, "ed25519_verify_s", l->verify,
                      "ed25519_sign_s", l->sign, "chain_steps_s", l->sha256, "sealed_reports_s",
                      l->seal, "unpacked_entries_s", l->unpack, "tree_leaves_s", l->leaves,
                      "heads_signed_s", l->heads, "proofs_s", l->proofs));
    const int rc = json_dumpf(json, out, JSON_INDENT(2));
    (void)fputc('\n', out);
    json_decref(json);
    return rc == 0 ? ESEP_OK : ESEP_IO;
}
