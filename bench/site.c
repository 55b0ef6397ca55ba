/* bench/site.c - see site.h. */
#include "bench/site.h"

#include "agent/agent.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void path_in(const struct bench_site *site, const char *name, char out[BENCH_PATH])
{
    (void)snprintf(out, BENCH_PATH, "%.200s/%s", site->folder, name);
}

static void program_of(const struct bench_site *site, const char *name, char out[BENCH_PATH])
{
    (void)snprintf(out, BENCH_PATH, "%.200s/%s", site->programs, name);
}

/* Runs one command of a program on its config; what it prints goes to output_name. */
static enum esep_status command(const struct bench_site *site, const char *program,
                                const char *const *words, const char *config_name,
                                const char *output_name, struct esep_reason *reason)
{
    char path[BENCH_PATH];
    char config[BENCH_PATH];
    char output[BENCH_PATH];
    const char *argv[12];
    size_t count = 0;
    program_of(site, program, path);
    path_in(site, config_name, config);
    path_in(site, output_name, output);
    argv[count++] = path;
    while (*words != NULL)
        argv[count++] = *words++;
    argv[count++] = "--config";
    argv[count++] = config;
    argv[count] = NULL;
    return bench_run(argv, output, reason);
}

static enum esep_status start(const struct bench_site *site, const char *program, const char *word,
                              const char *config_name, const char *output_name, pid_t *ret_pid,
                              char *line, size_t size, struct esep_reason *reason)
{
    char path[BENCH_PATH];
    char config[BENCH_PATH];
    char output[BENCH_PATH];
    program_of(site, program, path);
    path_in(site, config_name, config);
    path_in(site, output_name, output);
    const char *const argv[] = {path, word, "--config", config, NULL};
    enum esep_status status = bench_spawn(argv, output, ret_pid, reason);
    return status == ESEP_OK ? bench_await(output, "ready", *ret_pid, line, size, reason) : status;
}

static enum esep_status write_config(const struct bench_site *site, const char *name,
                                     struct esep_reason *reason, const char *format, ...)
    ESEP_PRINTF(4, 5);
static enum esep_status write_config(const struct bench_site *site, const char *name,
                                     struct esep_reason *reason, const char *format, ...)
{
    char path[BENCH_PATH];
    char text[4096];
    va_list values;
    path_in(site, name, path);
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    return bench_write_file(path, text, reason);
}

static enum esep_status hex_value(const struct bench_site *site, const char *file_name,
                                  const char *name, uint8_t ret[32], char hex[65],
                                  struct esep_reason *reason)
{
    char file[BENCH_PATH];
    path_in(site, file_name, file);
    enum esep_status status = bench_value(file, name, hex, 65, reason);
    if (status == ESEP_OK && esep_unhex(hex, ret, 32) != ESEP_OK)
        status = esep_because(reason, ESEP_INVALID, "%s: '%s' is no key", file, name);
    return status;
}

#define COLLECTOR_CONFIG                                                                           \
    "name: bench\nstore: store\nkeys: collector.keys\ncontrol: run/collector.sock\n"               \
    "clock: \"" BENCH_CLOCK "\"\n"

static const char *signer_of(const struct bench_site *site)
{
    return site->with_signer ? "signer: {socket: signing/signer.sock}\n" : "";
}

/* Its key is made before the log, which names it. */
static enum esep_status start_signer(struct bench_site *site, struct esep_reason *reason)
{
    static const char *const words[] = {"signer", "keygen", NULL};
    char line[256];
    enum esep_status status =
        write_config(site, "signer.yaml", reason,
                     "name: bench\nkeys: log.keys\nheads: heads\nsocket: signing/signer.sock\n");
    if (status == ESEP_OK)
        status = command(site, "esep-collector", words, "signer.yaml", "signer.init", reason);
    return status == ESEP_OK ? start(site, "esep-collector", "signer", "signer.yaml", "signer.log",
                                     &site->signer, line, sizeof line, reason)
                             : status;
}

static enum esep_status init_collector(struct bench_site *site, char log_id[65], char log_key[65],
                                       char curve[65], struct esep_reason *reason)
{
    static const char *const words[] = {"init", NULL};
    char seal[65];
    uint8_t unused[32];
    enum esep_status status =
        write_config(site, "collector.yaml", reason, "%s%s", COLLECTOR_CONFIG, signer_of(site));
    if (status == ESEP_OK)
        status = command(site, "esep-collector", words, "collector.yaml", "collector.init", reason);
    if (status == ESEP_OK)
        status = hex_value(site, "collector.init", "log_id", site->log_id.bytes, log_id, reason);
    if (status == ESEP_OK)
        status = hex_value(site, "collector.init", "log_key", site->log_key, log_key, reason);
    if (status == ESEP_OK)
        status = hex_value(site, "collector.init", "seal_key", site->seal_key, seal, reason);
    if (status == ESEP_OK)
        status = hex_value(site, "collector.init", "curve_key", unused, curve, reason);
    return status;
}

/* "agents=tcp://127.0.0.1:1234 collectors=..." */
static void endpoint(const char *line, const char *name, char *out, size_t size)
{
    const char *at = strstr(line, name);
    out[0] = '\0';
    if (at != NULL)
        (void)snprintf(out, size, "%.*s", (int)strcspn(at + strlen(name), " "), at + strlen(name));
}

static enum esep_status start_broker(struct bench_site *site, const char *log_id,
                                     const char *log_key, const char *collector_key,
                                     struct esep_reason *reason)
{
    static const char *const words[] = {"init", NULL};
    char line[1024];
    enum esep_status status = write_config(
        site, "broker.yaml", reason,
        "keys: broker.keys\nagents: [\"tcp://127.0.0.1:*\"]\ncollectors: [\"tcp://127.0.0.1:*\"]\n"
        "log_id: \"%s\"\nlog_key: \"%s\"\ncollector_keys: [\"%s\"]\nenrolment: true\n"
        "limits:\n  strangers: 1024\n  strangers_per_second: 100000\n  strangers_burst: 100000\n"
        "  stranger_every: 1ms\n  frames_per_second: 1000000\n  frames_burst: 1000000\n"
        "  bytes_per_second: 900M\n  bytes_burst: 900M\n",
        log_id, log_key, collector_key);
    if (status == ESEP_OK)
        status = command(site, "esep-broker", words, "broker.yaml", "broker.init", reason);
    if (status == ESEP_OK)
        status =
            hex_value(site, "broker.init", "curve_key", site->broker_key, site->broker_hex, reason);
    if (status == ESEP_OK)
        status = start(site, "esep-broker", "run", "broker.yaml", "broker.log", &site->broker, line,
                       sizeof line, reason);
    if (status != ESEP_OK)
        return status;
    endpoint(line, "agents=", site->agents, sizeof site->agents);
    endpoint(line, "collectors=", site->collectors, sizeof site->collectors);
    return ESEP_OK;
}

static enum esep_status start_collector(struct bench_site *site, struct esep_reason *reason)
{
    const char *const words[] = {"plan", "load", site->plan, NULL};
    char line[256];
    char log[BENCH_PATH];
    enum esep_status status = write_config(
        site, "collector.yaml", reason, "%s%sbrokers:\n  - {address: \"%s\", key: \"%s\"}\n",
        COLLECTOR_CONFIG, signer_of(site), site->collectors, site->broker_hex);
    if (status == ESEP_OK)
        status = start(site, "esep-collector", "run", "collector.yaml", "collector.log",
                       &site->collector, line, sizeof line, reason);
    if (status == ESEP_OK)
        status = command(site, "esep-collector", words, "collector.yaml", "plan.load", reason);
    path_in(site, "broker.log", log);
    return status == ESEP_OK ? bench_await(log, "roster-ready", site->broker, NULL, 0, reason)
                             : status;
}

static enum esep_status settings_of(const struct bench_site *site, struct collector_settings **ret,
                                    struct esep_reason *reason)
{
    char config[BENCH_PATH];
    path_in(site, "collector.yaml", config);
    return collector_settings_read(config, ret, reason);
}

/* Real obligations of each office's body; offices of one body share them out, so that no two
 * report on the same one: conflicts are not what is measured. */
static enum esep_status deal_obligations(struct bench_site *site, struct esep_reason *reason)
{
    struct collector_settings *settings = NULL;
    struct collector_state state = {0};
    enum esep_status status = settings_of(site, &settings, reason);
    if (status == ESEP_OK)
        status = collector_state_open(&state, settings, true, reason);
    for (uint32_t i = 0; status == ESEP_OK && i < views_obligation_count(state.views); i++) {
        const struct views_obligation *o = views_obligation(state.views, i);
        struct bench_identity *least = NULL;
        const char *body = views_plan(state.views, o->plan_no)->bodies[o->made.body]->code;
        for (uint32_t k = 0; k < site->office_count; k++) {
            struct bench_identity *office = &site->offices[k];
            if (strcmp(office->body, body) == 0 &&
                (least == NULL || office->key_count < least->key_count))
                least = office;
        }
        if (least != NULL && least->key_count < BENCH_KEYS_MAX)
            (void)snprintf(least->keys[least->key_count++], ESEP_OBLIGATION_KEY_MAX, "%s",
                           o->made.key);
    }
    for (uint32_t k = 0; status == ESEP_OK && k < site->office_count; k++) {
        if (site->offices[k].key_count == 0)
            status = esep_because(reason, ESEP_LIMIT,
                                  "%s has too few obligations for so many "
                                  "offices",
                                  site->offices[k].body);
    }
    collector_state_close(&state);
    collector_settings_free(settings);
    return status;
}

/* The bodies of the plan in turn. */
static enum esep_status name_bodies(struct bench_site *site, struct esep_reason *reason)
{
    struct collector_settings *settings = NULL;
    struct collector_state state = {0};
    enum esep_status status = settings_of(site, &settings, reason);
    if (status == ESEP_OK)
        status = collector_state_open(&state, settings, true, reason);
    if (status == ESEP_OK) {
        const Esep__V1__Plan *plan = views_plan(state.views, 0);
        for (uint32_t k = 0; k < site->office_count; k++)
            (void)snprintf(site->offices[k].body, sizeof site->offices[k].body, "%s",
                           plan->bodies[k % plan->n_bodies]->code);
    }
    collector_state_close(&state);
    collector_settings_free(settings);
    return status;
}

enum esep_status bench_site_open(struct bench_site *ret, const char *programs, const char *plan,
                                 uint32_t offices, bool with_signer, struct esep_reason *reason)
{
    const char *tmp = getenv("TMPDIR");
    char log_id[65];
    char log_key[65];
    char curve[65];
    *ret = (struct bench_site){
        .programs = programs, .plan = plan, .with_signer = with_signer, .office_count = offices};
    (void)snprintf(ret->folder, sizeof ret->folder, "%.200s/esep-bench-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    ret->offices = calloc(offices, sizeof *ret->offices);
    if (ret->offices == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for offices");
    if (mkdtemp(ret->folder) == NULL)
        return esep_because(reason, ESEP_IO, "no temporary folder: set TMPDIR");
    enum esep_status status = esep_clock_init(&ret->clock, BENCH_CLOCK, reason);
    if (status == ESEP_OK && with_signer)
        status = start_signer(ret, reason);
    if (status == ESEP_OK)
        status = init_collector(ret, log_id, log_key, curve, reason);
    if (status == ESEP_OK)
        status = start_broker(ret, log_id, log_key, curve, reason);
    if (status == ESEP_OK)
        status = start_collector(ret, reason);
    if (status == ESEP_OK)
        status = name_bodies(ret, reason);
    if (status == ESEP_OK)
        status = bench_site_enrol(ret, reason);
    return status == ESEP_OK ? deal_obligations(ret, reason) : status;
}

void bench_site_stop(struct bench_site *site)
{
    bench_stop(site->collector);
    bench_stop(site->broker);
    if (site->signer != 0)
        bench_stop(site->signer);
    site->collector = site->broker = site->signer = 0;
}

void bench_site_close(struct bench_site *site, bool keep)
{
    bench_site_stop(site);
    if (site->offices != NULL)
        esep_wipe(site->offices, site->office_count * sizeof *site->offices);
    free(site->offices);
    site->offices = NULL;
    if (!keep && site->folder[0] != '\0')
        bench_remove_folder(site->folder);
}
