/* agent/page/open.c - how a browser of the office comes in; see page.h and gate.h.
 *
 * The token stands in a file beside the journal, mode 0600, as long as the daemon runs. `esep-agent
 * open` has the browser load /open?token=…, which answers with a page that goes on to the page
 * itself: not with a redirect, since a browser that was sent here from elsewhere (a file, another
 * program) would not send a SameSite=Strict cookie along with it. The key travels behind the '#',
 * which no browser sends to anybody.
 */
#include "agent/page/page.h"
#include "io/folder.h"
#include "io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_NAME "page"
#define PORT_NAME "page.port" /* stays when the daemon ends */
#define HTML "text/html; charset=utf-8"

static const char go_on[] =
    "<!doctype html><html lang=\"ru\"><meta charset=\"utf-8\"><title>Esep</title>"
    "<link rel=\"icon\" href=\"data:,\"><meta http-equiv=\"refresh\" content=\"0;url=/#key=%s\">"
    "<p><a href=\"/#key=%s\">Esep</a></p></html>\n";

static const char plain[] =
    "<!doctype html><html lang=\"ru\"><meta charset=\"utf-8\"><title>Esep</title>"
    "<link rel=\"icon\" href=\"data:,\">"
    "<div lang=\"kk\"><h1>Бетті қайта ашыңыз</h1><p>Бұл бет тек осы компьютерде, есеп беруші "
    "адамға ашылады. Оны бағдарламалар мәзіріндегі <b>Esep</b> белгішесімен немесе мына "
    "пәрменмен ашыңыз: <code>esep-agent open</code>. Жазғаныңыз сақталған.</p></div>"
    "<div lang=\"ru\"><h1>Откройте страницу заново</h1><p>Эта страница открывается только на этом "
    "компьютере и только тому, кто отчитывается. Откройте её значком <b>Esep</b> в меню программ "
    "или командой <code>esep-agent open</code>. Всё, что вы написали, сохранено.</p></div>"
    "<div lang=\"en\"><h1>Open the page again</h1><p>This page opens on this computer alone, for "
    "whoever reports. Open it by <b>Esep</b> in the menu of programs, or by the command "
    "<code>esep-agent open</code>. What you wrote is kept.</p></div></html>\n";

static void answer_plain(const struct page_call *call, unsigned status)
{
    const struct esep_http_field type = {"Content-Type", HTML};
    page_answer(call, status, &type, 1, esep_slice_str(plain));
}

void page_no_session(const struct page_call *call)
{
    answer_plain(call, 401);
}

static void let_in(const struct page_call *call)
{
    struct page *page = call->page;
    uint8_t secrets[2][PAGE_SECRET_BYTES];
    char cookie[2 * PAGE_SECRET_BYTES + 1];
    char key[2 * PAGE_SECRET_BYTES + 1];
    char set[160];
    char body[sizeof go_on + 2 * sizeof key];
    esep_random(secrets, sizeof secrets);
    page_gate_open(&page->gate, secrets[0], secrets[1], esep_monotonic());
    esep_hex(secrets[0], PAGE_SECRET_BYTES, cookie);
    esep_hex(secrets[1], PAGE_SECRET_BYTES, key);
    (void)snprintf(set, sizeof set, "%s=%s; Path=/; HttpOnly; SameSite=Strict", page->cookie_name,
                   cookie);
    int len = snprintf(body, sizeof body, go_on, key, key);
    const struct esep_http_field fields[] = {{"Content-Type", HTML}, {"Set-Cookie", set}};
    esep_log(ESEP_LOG_INFO, "page-opened", "a browser came in with the token");
    page_answer(call, 200, fields, 2, esep_slice(body, (size_t)len));
    esep_wipe(secrets, sizeof secrets);
    esep_wipe(cookie, sizeof cookie);
    esep_wipe(key, sizeof key);
    esep_wipe(set, sizeof set);
    esep_wipe(body, sizeof body);
}

void page_open(const struct page_call *call)
{
    esep_time wait = 0;
    switch (page_gate_token(&call->page->gate, esep_http_query(call->request, "token"),
                            esep_monotonic(), &wait)) {
    case PAGE_TOKEN_RIGHT:
        let_in(call);
        return;
    case PAGE_TOKEN_WRONG:
        esep_log(ESEP_LOG_WARNING, "page-token-wrong", "somebody came with a wrong token");
        answer_plain(call, 401);
        return;
    case PAGE_TOKEN_WAIT:
    default:
        break;
    }
    char seconds[16];
    (void)snprintf(seconds, sizeof seconds, "%lld", (long long)(wait / ESEP_SECOND) + 1);
    const struct esep_http_field fields[] = {{"Content-Type", HTML}, {"Retry-After", seconds}};
    page_answer(call, 429, fields, 2, esep_slice_str(plain));
}

void page_leave(const struct page_call *call)
{
    char set[96];
    (void)snprintf(set, sizeof set, "%s=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
                   call->page->cookie_name);
    const struct esep_http_field field = {"Set-Cookie", set};
    *call->session = (struct page_session){0};
    page_answer(call, 204, &field, 1, esep_slice(NULL, 0));
}

enum esep_status page_runtime_write(const char *journal, uint16_t port,
                                    const uint8_t token[PAGE_SECRET_BYTES],
                                    struct esep_reason *reason)
{
    char path[256];
    char hex[2 * PAGE_SECRET_BYTES + 1];
    char text[128];
    (void)snprintf(path, sizeof path, "%s/" FILE_NAME, journal);
    esep_hex(token, PAGE_SECRET_BYTES, hex);
    const int len = snprintf(text, sizeof text, "%u %s\n", (unsigned)port, hex);
    const bool written = esep_file_replace(path, 0600, ESEP_REPLACE_UNSYNCED, text, (size_t)len);
    esep_wipe(hex, sizeof hex);
    esep_wipe(text, sizeof text);
    if (!written)
        return esep_because(reason, ESEP_IO, "%s: %s", path, strerror(errno));
    return ESEP_OK;
}

uint16_t page_port_last(const char *journal)
{
    char path[256];
    char text[16] = "";
    (void)snprintf(path, sizeof path, "%s/" PORT_NAME, journal);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return 0;
    const ssize_t got = read(fd, text, sizeof text - 1);
    (void)close(fd);
    const unsigned long port = got > 0 ? strtoul(text, NULL, 10) : 0;
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* Where it cannot be kept, the next start has another. */
void page_port_keep(const char *journal, uint16_t port)
{
    char path[256];
    char text[16];
    if (port == page_port_last(journal))
        return;
    (void)snprintf(path, sizeof path, "%s/" PORT_NAME, journal);
    const int len = snprintf(text, sizeof text, "%u\n", (unsigned)port);
    if (!esep_file_replace(path, 0600, ESEP_REPLACE_UNSYNCED, text, (size_t)len))
        esep_log(ESEP_LOG_WARNING, "page-port-not-kept", "%s: %s", path, strerror(errno));
}

void page_runtime_gone(const char *journal)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/" FILE_NAME, journal);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/" FILE_NAME ".html", journal);
    (void)unlink(path);
}

enum esep_status page_runtime_read(const char *journal, struct page_address *ret,
                                   struct esep_reason *reason)
{
    char path[256];
    char line[128] = "";
    uint8_t token[PAGE_SECRET_BYTES];
    (void)snprintf(path, sizeof path, "%s/" FILE_NAME, journal);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "no page is served for %.150s: esep-agent run serves it, with "
                            "page.enabled",
                            journal);
    if (fd < 0)
        return esep_because(reason, errno == EACCES ? ESEP_DENIED : ESEP_IO,
                            "%.150s: %s: the page opens for the user that the agent runs as", path,
                            strerror(errno));
    const ssize_t got = read(fd, line, sizeof line - 1);
    (void)close(fd);
    char *end = line;
    const unsigned long port = got > 0 ? strtoul(line, &end, 10) : 0;
    line[strcspn(line, "\n")] = 0;
    if (port == 0 || port > UINT16_MAX || *end != ' ' ||
        esep_unhex(end + 1, token, sizeof token) != ESEP_OK)
        return esep_because(reason, ESEP_INVALID, "%.150s: not the file that esep-agent run makes",
                            path);
    *ret = (struct page_address){.port = (uint16_t)port};
    esep_hex(token, sizeof token, ret->token);
    esep_wipe(line, sizeof line);
    return ESEP_OK;
}
