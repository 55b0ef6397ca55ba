/* agent/page/page.c - the page's start and end; see page.h.
 *
 * The uplink comes first: where the page cannot be served (its port is taken, its files are not
 * there) the daemon says so and goes on without it.
 */
#include "agent/page/page.h"

#include "io/keyfile.h"
#include "io/log.h"

#include <stdlib.h>

#define CONNECTIONS_MAX 32
#define HEAD_BYTES_MAX ((size_t)16 << 10)
#define BODY_BYTES_MAX ((size_t)256 << 10)
#define STREAM_BYTES_MAX ((size_t)8 << 10)
#define TIMEOUT_MS 20000

static enum esep_status serve(struct page *page, struct esep_reason *reason)
{
    const uint16_t wanted = (uint16_t)page->run->settings->page_port;
    const uint16_t last = wanted == 0 ? page_port_last(page->journal) : 0;
    struct esep_http_options options = {.address = "127.0.0.1",
                                        .port = wanted != 0 ? wanted : last,
                                        .connections_max = CONNECTIONS_MAX,
                                        .head_bytes_max = HEAD_BYTES_MAX,
                                        .body_bytes_max = BODY_BYTES_MAX,
                                        .timeout_ms = TIMEOUT_MS,
                                        .stream_bytes_max = STREAM_BYTES_MAX,
                                        .fields = esep_http_page_heads,
                                        .field_count = ESEP_HTTP_PAGE_HEADS,
                                        .on_request = page_on_request,
                                        .on_head = page_on_head,
                                        .context = page};
    uint8_t token[PAGE_SECRET_BYTES];
    enum esep_status status = esep_http_new(&page->http, page->run->loop, &options, reason);
    if (status == ESEP_IO && last != 0) { /* somebody else's now */
        options.port = 0;
        status = esep_http_new(&page->http, page->run->loop, &options, reason);
    }
    if (status != ESEP_OK)
        return status;
    const uint16_t port = esep_http_port(page->http);
    if (wanted == 0)
        page_port_keep(page->journal, port);
    esep_random(token, sizeof token);
    page_gate_init(&page->gate, token, port);
    (void)snprintf(page->cookie_name, sizeof page->cookie_name, "esep-office-%u", (unsigned)port);
    status = page_runtime_write(page->journal, port, token, reason);
    esep_wipe(token, sizeof token);
    return status;
}

enum esep_status agent_page_start(struct page **ret, struct agent_run *run,
                                  struct esep_reason *reason)
{
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the page");
    page->run = run;
    (void)snprintf(page->journal, sizeof page->journal, "%s", run->settings->journal);
    enum esep_status status = page_files_new(&page->files, run->settings->page_files, reason);
    if (status == ESEP_OK)
        status = page_desk_new(&page->desk, page);
    if (status == ESEP_OK)
        status = page_orders_new(&page->orders);
    if (status == ESEP_OK)
        status = page_events_new(&page->events, page);
    if (status == ESEP_OK)
        status = serve(page, reason);
    if (status != ESEP_OK) {
        agent_page_free(page);
        return status;
    }
    page_desk_tidy(page->desk); /* what the start, and the first connection, took */
    *ret = page;
    return ESEP_OK;
}

void agent_page_free(struct page *page)
{
    if (page == NULL)
        return;
    if (page->http != NULL)
        page_runtime_gone(page->journal);
    page_uploads_end(page);
    esep_http_free(page->http);
    page_events_free(page->events);
    page_desk_free(page->desk);
    page_orders_free(page->orders);
    page_files_free(page->files);
    esep_wipe(page, sizeof *page);
    free(page);
}

void agent_page_changed(struct page *page)
{
    if (page == NULL)
        return;
    page->number++;
    page_events_say(page->events);
}

uint16_t agent_page_port(const struct page *page)
{
    return page->gate.port;
}

#define PACE_EVERY ESEP_SECOND
#define PACE_OLD 8 /* how many parts of what was known before stay in it */

void agent_page_tick(struct page *page)
{
    if (page == NULL || page->run->core == NULL)
        return;
    struct page_pace *pace = &page->pace;
    const esep_time now = esep_monotonic();
    const uint64_t sent = agent_counter(page->run->core, AGENT_BYTES_SENT);
    const esep_time passed = now - pace->at;
    struct agent_status uplink;
    agent_status_get(page->run->core, &uplink);
    if (uplink.state != AGENT_ONLINE ||
        (uplink.receipted_seq == uplink.last_seq && uplink.file_held_bytes == uplink.file_bytes)) {
        pace->at = 0; /* nothing is under way: signs of life say nothing of the pace */
        return;
    }
    if (pace->at != 0 && passed < PACE_EVERY)
        return;
    if (pace->at != 0 && sent > pace->sent_bytes) {
        const uint64_t rate = (sent - pace->sent_bytes) * (uint64_t)ESEP_SECOND / (uint64_t)passed;
        pace->per_second =
            pace->per_second == 0 ? rate : (pace->per_second * PACE_OLD + rate) / (PACE_OLD + 1);
        agent_page_changed(page);
    }
    pace->at = now;
    pace->sent_bytes = sent;
}
