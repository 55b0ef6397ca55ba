/* collector/web/json.h - what the page asks: the read half of /api/v1, without HTTP in it.
 *
 * Each producer makes the JSON of one path from the views in memory; bodies of reports are read
 * from the store, one entry for each revision that is shown. docs/openapi.json describes every
 * form, and a test holds them against it. Nothing here writes, and nothing here reads a clock.
 *
 * Three things are never one: no data (percent null, state "no_data"), 0 % (percent 0), and not
 * applicable (a matrix cell null: nothing is owed; or state "not_applicable": the report says so).
 * Bodies upon agreement are counted apart. The axes (timeliness, fulfilment, submission, control,
 * assessment) are keys of their own everywhere.
 *
 * A producer's statuses: ESEP_OK; ESEP_NOT_FOUND (404); ESEP_INVALID with the parameter and what is
 * allowed (400); all others are the server's own trouble (500). *ret is untouched on failure.
 */
#ifndef COLLECTOR_WEB_JSON_H
#define COLLECTOR_WEB_JSON_H

#include "collector/state.h"

#include <jansson.h>

struct web_index;

struct web_ask {
    struct collector_state *state;
    const struct web_index *index; /* of the same log, followed as far as the views */
    esep_time now;
    bool live;
    const char *language; /* kk, ru, en; orders a search's titles, nothing else */
    const char *(*query)(void *context, const char *name); /* of the URL, decoded; NULL: absent */
    void *context;
};

typedef enum esep_status web_json_fn(const struct web_ask *ask, const char *rest, json_t **ret,
                                     struct esep_reason *reason);
/* `rest` is what stands in the path behind the name, decoded; NULL or "" where nothing does. */
web_json_fn web_json_summary;
web_json_fn web_json_matrix; /* ?plan= */
web_json_fn
    web_json_obligations;        /* ?plan= state= body= action= kind= agreement= q= from= to= ... */
web_json_fn web_json_obligation; /* rest: its key */
web_json_fn web_json_report;     /* rest: its log index */
web_json_fn web_json_bodies;     /* ?plan= */
web_json_fn web_json_body;       /* rest: its code */
web_json_fn web_json_actions;    /* ?plan= */
web_json_fn web_json_action;     /* rest: its number */
web_json_fn web_json_offices;    /* ?state= body= */
web_json_fn web_json_feed;       /* ?after= limit= */
web_json_fn web_json_timeline;   /* ?plan= from= to= */
web_json_fn web_json_money;      /* ?plan= action= */
web_json_fn web_json_indicators; /* ?plan= action= kind= */

#define WEB_PAGE_ITEMS 100      /* obligations on one page */
#define WEB_HISTORY_ITEMS 500   /* log entries of one obligation, the newest */
#define WEB_FEED_ITEMS 100      /* of one answer */
#define WEB_POINTS_MAX 5000     /* of all indicators together */
#define WEB_QUERY_BYTES_MAX 128 /* of q */

#endif
