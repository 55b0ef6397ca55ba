/* agent/cmd_open.c - `open`: the office's page in a browser of this user.
 *
 * The words of a running program can be read by everybody on the machine, and so the token is not
 * among them: the browser is given a file that this user alone can read, which leads on.
 */
#include "agent/commands.h"
#include "agent/page/page.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

struct words {
    struct agent_common common;
    bool print;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    (void)value;
    if (key == ARGP_KEY_INIT)
        state->child_inputs[0] = &words->common;
    else if (key == 'p')
        words->print = true;
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static enum esep_status write_leader(const char *path, const char *url, struct esep_reason *reason)
{
    char text[512];
    const int len = snprintf(text, sizeof text,
                             "<!doctype html><meta charset=\"utf-8\"><title>Esep</title>"
                             "<meta http-equiv=\"refresh\" content=\"0;url=%s\">"
                             "<p><a href=\"%s\">Esep</a>\n",
                             url, url);
    (void)unlink(path); /* O_EXCL: never into a file whose mode is another's */
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return esep_because(reason, ESEP_IO, "%.180s: %s", path, strerror(errno));
    const bool written = write(fd, text, (size_t)len) == len;
    if (close(fd) != 0 || !written)
        return esep_because(reason, ESEP_IO, "%.180s: cannot be written", path);
    return ESEP_OK;
}

/* Waits for the one that starts the browser, not for the browser. */
static enum esep_status start_browser(const char *path, struct esep_reason *reason)
{
    char program[] = "xdg-open";
    char file[300];
    char *words[] = {program, file, NULL};
    pid_t child = 0;
    int ended = 0;
    (void)snprintf(file, sizeof file, "%s", path);
    const int failed = posix_spawnp(&child, program, NULL, NULL, words, environ);
    if (failed == 0 && waitpid(child, &ended, 0) == child && WIFEXITED(ended) &&
        WEXITSTATUS(ended) == 0)
        return ESEP_OK;
    return esep_because(reason, ESEP_NOT_FOUND,
                        "no browser could be started (xdg-open%s%s): esep-agent open --print says "
                        "the address to load",
                        failed != 0 ? ": " : "", failed != 0 ? strerror(failed) : "");
}

int agent_cmd_open(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"print", 'p', NULL, 0, "say the address, which lets in whoever has it, and no more", 0},
        {0}};
    static const struct argp_child children[] = {{&agent_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Opens the page that esep-agent run serves on this machine, for the user that it "
               "runs as.",
        .children = children};
    struct words words = {0};
    struct agent_settings *settings = NULL;
    struct esep_clock clock;
    struct esep_reason reason = {""};
    struct page_address address = {0};
    char url[128];
    char path[256];
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    enum esep_status status = agent_command_settings(
        words.common.config != NULL ? words.common.config : AGENT_DEFAULT_CONFIG, &settings, &clock,
        &reason);
    if (status == ESEP_OK)
        status = page_runtime_read(settings->journal, &address, &reason);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/open?token=%s", (unsigned)address.port,
                   address.token);
    if (status == ESEP_OK && words.common.json) {
        agent_settings_free(settings);
        return esep_json_print(json_pack("{s:s, s:s}", "format", "esep-open/1", "url", url));
    }
    if (status == ESEP_OK && words.print) {
        (void)printf("%s\n", url);
    } else if (status == ESEP_OK) {
        (void)snprintf(path, sizeof path, "%s/page.html", settings->journal);
        status = write_leader(path, url, &reason);
        if (status == ESEP_OK)
            status = start_browser(path, &reason);
    }
    agent_settings_free(settings);
    return status == ESEP_OK ? 0 : agent_fail(status, &reason);
}
