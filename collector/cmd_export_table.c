/* collector/cmd_export_table.c - `export` without a year: every obligation of the store with its
 * state, as CSV or JSON, on stdout. */
#include "collector/commands.h"
#include "collector/export.h"
#include "collector/listing.h"

static void put_row(FILE *out, const struct listing_obligation *o, char d)
{
    char due[32];
    char came[32] = "";
    char percent[16] = "";
    esep_time_format(o->due, o->zone, due);
    if (o->came != ESEP_TIME_NEVER)
        esep_time_format(o->came, o->zone, came);
    if (o->state->percent >= 0)
        (void)snprintf(percent, sizeof percent, "%d", o->state->percent);
    export_csv_field(out, o->made->key, 0);
    export_csv_field(out, esep_obligation_kind_name(o->made->kind), d);
    export_csv_field(out, o->action, d);
    export_csv_field(out, o->body, d);
    export_csv_field(out, listing_role(o->made->role), d);
    export_csv_field(out, o->made->upon_agreement ? "yes" : "no", d);
    export_csv_field(out, due, d);
    export_csv_field(out, came, d);
    export_csv_field(out, esep_timeliness_name(o->timeliness), d);
    export_csv_field(out, o->state->reports > 0 ? esep_fulfilment_name(o->state->fulfilment) : "",
                     d);
    export_csv_field(out, percent, d);
    export_csv_field(out, esep_submission_name(o->state->submission), d);
    export_csv_field(out, esep_control_name(o->state->control), d);
    (void)fputs("\r\n", out);
}

static void put_heads(FILE *out, char d)
{
    static const char *const heads[] = {
        "key",     "kind",       "action",     "body",    "role",       "upon_agreement", "due",
        "came_at", "timeliness", "fulfilment", "percent", "submission", "control"};
    (void)fputs("\xEF\xBB\xBF", out);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        export_csv_field(out, heads[i], i > 0 ? d : 0);
    (void)fputs("\r\n", out);
}

static bool put_json(FILE *out, const struct views *views, esep_time now, json_t *list)
{
    char root[65];
    struct esep_hash hash = esep_merkle_root(views_tree(views));
    esep_hex(hash.bytes, sizeof hash.bytes, root);
    json_t *value = json_pack(
        "{s:s, s:o, s:I, s:s, s:o}", "format", "esep-export/1", "as_of", esep_json_time(now, NULL),
        "log_size", (json_int_t)views_log_size(views), "log_root", root, "obligations", list);
    bool put = value != NULL && json_dumpf(value, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) == 0 &&
               fputc('\n', out) != EOF;
    json_decref(value);
    return put;
}

enum esep_status collector_export_table(const struct views *views,
                                        const struct export_request *request, FILE *out,
                                        struct esep_reason *reason)
{
    bool csv = request->format == EXPORT_CSV;
    json_t *list = csv ? NULL : json_array();
    if (csv)
        put_heads(out, request->delimiter);
    for (uint32_t i = 0; i < views_obligation_count(views); i++) {
        struct listing_obligation o;
        if (!listing_from_views(&o, views, views_obligation(views, i), request->as_of))
            continue;
        if (csv)
            put_row(out, &o, request->delimiter);
        else
            (void)json_array_append_new(list, listing_json(&o));
    }
    if ((!csv && !put_json(out, views, request->as_of, list)) || ferror(out))
        return esep_because(reason, ESEP_IO,
                            "not all of the output could be written: is the disk full?");
    return ESEP_OK;
}
