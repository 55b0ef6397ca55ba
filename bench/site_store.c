/* bench/site_store.c - the store read from outside: how many commits, and is all there once. */
#include "bench/site.h"

#include <stdio.h>
#include <stdlib.h>

static enum esep_status open_state(const struct bench_site *site,
                                   struct collector_settings **settings,
                                   struct collector_state *state, struct esep_reason *reason)
{
    char config[BENCH_PATH];
    (void)snprintf(config, sizeof config, "%.200s/collector.yaml", site->folder);
    enum esep_status status = collector_settings_read(config, settings, reason);
    return status == ESEP_OK ? collector_state_open(state, *settings, true, reason) : status;
}

enum esep_status bench_site_store(const struct bench_site *site, struct bench_store *ret,
                                  struct esep_reason *reason)
{
    struct collector_log *log = NULL;
    char path[BENCH_PATH];
    MDB_envinfo info;
    (void)snprintf(path, sizeof path, "%.200s/store", site->folder);
    const struct collector_log_options options = {
        .path = path, .map_bytes = (size_t)64 << 30, .read_only = true};
    enum esep_status status = collector_log_open(&log, &options, reason);
    if (status != ESEP_OK)
        return status;
    status = log->ops->size(log, &ret->log_size);
    if (status == ESEP_OK && mdb_env_info(collector_log_store(log)->env, &info) != 0)
        status = esep_because(reason, ESEP_IO, "%s: no information", path);
    if (status == ESEP_OK)
        ret->transactions = info.me_last_txnid;
    log->ops->close(log);
    return status;
}

struct walk {
    const struct bench_site *site;
    uint64_t *next; /* by office number */
    uint64_t wrong_at;
    bool wrong;
};

static bool visit(void *context, uint64_t index, struct esep_slice leaf, struct esep_slice body)
{
    struct walk *walk = context;
    struct esep_leaf read;
    (void)body;
    walk->wrong_at = index;
    if (esep_leaf_unpack(leaf, &read) != ESEP_OK) {
        walk->wrong = true;
    } else if (read.type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY) {
        walk->wrong = read.office > walk->site->office_count ||
                      read.verdict != ESEP__V1__VERDICT__VERDICT_TAKEN ||
                      read.seq != walk->next[read.office];
        if (!walk->wrong)
            walk->next[read.office]++;
    }
    return !walk->wrong;
}

static enum esep_status compare(struct bench_site *site, const struct collector_state *state,
                                const uint64_t *counts, struct esep_reason *reason)
{
    struct walk walk = {.site = site};
    uint64_t size = views_log_size(state->views);
    walk.next = malloc((site->office_count + 1) * sizeof *walk.next);
    if (walk.next == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to check the log");
    for (uint32_t i = 0; i <= site->office_count; i++)
        walk.next[i] = 1;
    enum esep_status status = state->log->ops->read(state->log, 0, size, visit, &walk, reason);
    if (status == ESEP_OK && walk.wrong)
        status = esep_because(reason, ESEP_CORRUPT,
                              "log entry %llu is doubled, out of order, or was not taken",
                              (unsigned long long)walk.wrong_at);
    for (uint32_t i = 0; status == ESEP_OK && i < site->office_count; i++) {
        uint32_t number = site->offices[i].office;
        const struct views_office *office = views_office(state->views, number);
        if (office == NULL || office->seq != counts[i] || walk.next[number] != counts[i] + 1)
            status = esep_because(
                reason, ESEP_CORRUPT, "office %u: %llu entries in the log, %llu were sent", number,
                (unsigned long long)(walk.next[number] - 1), (unsigned long long)counts[i]);
    }
    free(walk.next);
    return status;
}

enum esep_status bench_site_check(struct bench_site *site, const uint64_t *counts,
                                  struct esep_reason *reason)
{
    struct collector_settings *settings = NULL;
    struct collector_state state = {0};
    enum esep_status status = open_state(site, &settings, &state, reason);
    if (status == ESEP_OK)
        status = compare(site, &state, counts, reason);
    collector_state_close(&state);
    collector_settings_free(settings);
    return status;
}
