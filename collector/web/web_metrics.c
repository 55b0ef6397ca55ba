/* collector/web/web_metrics.c - /metrics in Prometheus' text format: this process's own figures,
 * and behind them ingest's, which it lays beside the store (collector/figures.h). */
#include "collector/figures.h"
#include "collector/web/web.h"

#include <stdio.h>
#include <stdlib.h>

/* Ingest's own, as it laid them down, and how old they are: what stands still is no sign of life.
 */
static enum esep_status put_ingest(struct esep_buf *out, const struct figures *ingest)
{
    char age[256];
    const int len = snprintf(age, sizeof age,
                             "# TYPE esep_ingest_figures_age_seconds gauge\n"
                             "esep_ingest_figures_age_seconds %llu\n",
                             (unsigned long long)(ingest->age / ESEP_SECOND));
    enum esep_status status = esep_buf_put(out, age, (size_t)len);
    return status == ESEP_OK ? esep_buf_put(out, ingest->text, ingest->len) : status;
}

void web_metrics(const struct web_call *call)
{
    const struct web *web = call->web;
    const struct esep_http_field type = {"Content-Type", "text/plain; version=0.0.4"};
    const struct esep_http_counts counts = esep_http_counts(web->http);
    char text[2048];
    struct esep_buf out;
    struct figures *ingest = calloc(1, sizeof *ingest);
    if (ingest == NULL) {
        web_problem(call->web, call->request, 503, "no memory");
        return;
    }
    figures_read(web->settings->store, ingest);
    const int len =
        snprintf(text, sizeof text,
                 "# TYPE esep_web_log_entries gauge\nesep_web_log_entries %llu\n"
                 "# TYPE esep_web_live gauge\nesep_web_live %d\n"
                 "# TYPE esep_web_connections gauge\nesep_web_connections %u\n"
                 "# TYPE esep_web_viewers gauge\nesep_web_viewers %u\n"
                 "# TYPE esep_web_sessions gauge\nesep_web_sessions %u\n"
                 "# TYPE esep_web_exports_running gauge\nesep_web_exports_running %zu\n"
                 "# TYPE esep_web_exports_queued gauge\nesep_web_exports_queued %zu\n"
                 "# TYPE esep_web_requests_total counter\nesep_web_requests_total %llu\n"
                 "# TYPE esep_web_timeouts_total counter\nesep_web_timeouts_total %llu\n"
                 "# TYPE esep_web_too_large_total counter\nesep_web_too_large_total %llu\n",
                 (unsigned long long)views_log_size(web->state.views), web->live ? 1 : 0,
                 counts.connections, web_events_count(web->events),
                 web_sessions_open(web->sessions, call->now), web_exports_count(web->exports, true),
                 web_exports_count(web->exports, false), (unsigned long long)counts.requests,
                 (unsigned long long)counts.timeouts, (unsigned long long)counts.too_large);
    esep_buf_init(&out, sizeof text + 256 + FIGURES_BYTES_MAX);
    enum esep_status status = esep_buf_put(&out, text, (size_t)len);
    if (status == ESEP_OK && ingest->len > 0)
        status = put_ingest(&out, ingest);
    if (status == ESEP_OK)
        web_answer(call->web, call->request, 200, &type, 1, esep_buf_slice(&out));
    else
        web_problem(call->web, call->request, 503, "no memory");
    esep_buf_done(&out);
    free(ingest);
}
