/* broker/status.c - what `esep-broker status` is told, as JSON of a stated version. */
#include "broker/shell_internal.h"

#include <jansson.h>

#define STATUS_VERSION 1

static const char *const admission_names[] = {"unspecified", "active", "pending", "revoked",
                                              "operator"};

static json_t *hex_json(const uint8_t *data, size_t len)
{
    char hex[65];
    esep_hex(data, len, hex);
    return json_string(hex);
}

static json_t *ago(esep_time now, esep_time at)
{
    return at != 0 ? json_integer((now - at) / 1000) : json_null();
}

static json_t *collectors_json(const struct broker_shell *shell, esep_time now)
{
    json_t *list = json_array();
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        struct broker_collector_info info;
        if (!broker_collector_at(shell->core, i, &info)) {
            continue;
        }
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:o, s:b, s:b, s:b, s:b, s:o}", "name",
                                        info.name, "key", hex_json(info.key, sizeof info.key),
                                        "engine", hex_json(info.engine_id, sizeof info.engine_id),
                                        "joined", (int)info.joined, "primary", (int)info.primary,
                                        "ready", (int)info.ready, "draining", (int)info.draining,
                                        "heard_ms_ago", ago(now, info.heard_at)));
    }
    return list;
}

static json_t *offices_json(const struct broker_shell *shell, esep_time now, json_int_t *ret_online)
{
    json_t *list = json_array();
    *ret_online = 0;
    for (uint32_t i = 0; i < broker_office_count(shell->core); i++) {
        struct broker_office_info info;
        broker_office_at(shell->core, i, now, &info);
        *ret_online += info.online && info.office != 0 ? 1 : 0;
        json_array_append_new(
            list,
            json_pack("{s:I, s:s, s:s, s:o, s:b, s:o, s:I, s:I, s:I}", "office",
                      (json_int_t)info.office, "body", info.body, "admission",
                      admission_names[info.admission], "key", hex_json(info.key, sizeof info.key),
                      "online", (int)info.online, "seen_ms_ago", ago(now, info.seen_at), "frames",
                      (json_int_t)info.frames, "bytes", (json_int_t)info.bytes, "refused",
                      (json_int_t)info.refused));
    }
    return list;
}

static json_t *counters_json(const struct broker_shell *shell)
{
    json_t *map = json_object();
    for (unsigned i = 0; i < BROKER_COUNTERS; i++) {
        const enum broker_counter which = (enum broker_counter)i;
        json_object_set_new(map, broker_counter_name(which),
                            json_integer((json_int_t)broker_counter(shell->core, which)));
    }
    json_object_set_new(map, "dropped", json_integer((json_int_t)shell->dropped));
    return map;
}

char *broker_status_json(const struct broker_shell *shell, bool offices)
{
    const esep_time now = esep_monotonic();
    json_int_t online = 0;
    json_t *office_list = offices_json(shell, now, &online);
    json_t *root =
        json_pack("{s:i, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:o, s:o}",
                  "version", STATUS_VERSION, "name", shell->settings->name, "curve_key",
                  hex_json(shell->curve.public, sizeof shell->curve.public), "sign_key",
                  shell->signs_ingress ? hex_json(shell->sign_public, sizeof shell->sign_public)
                                       : json_null(),
                  "log_id", hex_json(shell->settings->log_id, sizeof shell->settings->log_id),
                  "up_ms", (json_int_t)((now - shell->started_at) / 1000), "connections",
                  (json_int_t)broker_conn_count(shell->core), "strangers",
                  (json_int_t)broker_stranger_count(shell->core), "roster_version",
                  (json_int_t)broker_roster_version(shell->core), "offices_online", online,
                  "accepting", (int)shell->accepting, "descriptors", (json_int_t)esep_files_open(),
                  "descriptors_max", (json_int_t)shell->descriptors_max, "collectors",
                  collectors_json(shell, now), "counters", counters_json(shell));
    if (root == NULL) {
        json_decref(office_list);
        return NULL;
    }
    if (offices) {
        json_object_set_new(root, "offices", office_list);
    } else {
        json_decref(office_list);
    }
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}
