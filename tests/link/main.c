/* tests/link/main.c - esep-link [OPTION...] -- COMMAND...: runs a command with a bad line beside
 * it.
 *
 * COMMAND runs in the centre's namespace, and finds in its environment
 *   ESEP_LINK_KIND     tun or proxy (carrier.h); it says so on stderr where it is proxy
 *   ESEP_LINK_OFFICE   words before a command that is to run at the office's end; may be empty
 *   ESEP_LINK_CONTROL  a descriptor: a line in, a line back:
 *       forward PORT   the address at which the office reaches this port of the centre
 *       restart        the schedule of outages and the counters begin now
 *       stats          the counters, as JSON
 * It ends with the command, and with its status.
 */
#include "carrier.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

struct choice {
    struct line_config line;
    unsigned mtu;
    bool proxy;
    char **command;
};

static const struct argp_option options[] = {
    {"rate", 'r', "BIT/S", 0, "each way (64000)", 0},
    {"delay", 'd', "MS", 0, "each way (300)", 0},
    {"loss", 'l', "PPM", 0, "of packets, each way (50000)", 0},
    {"seed", 's', "N", 0, "of the losses (1)", 0},
    {"up", 'u', "S", 0, "the line is up so long ... (30)", 0},
    {"down", 'w', "S", 0, "... then down so long; 0: always up (30)", 0},
    {"queue", 'q', "BYTES", 0, "in front of the line, each way (16384)", 0},
    {"mtu", 'm', "BYTES", 0, "of the interfaces (1500)", 0},
    {"proxy", 'p', NULL, 0, "a TCP proxy, also where a TUN line could be had", 0},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct choice *c = state->input;
    char *end = NULL;
    const unsigned long long n = value != NULL && key > 0 ? strtoull(value, &end, 10) : 0;
    if (value != NULL && key > 0 && (*value == 0 || *end != 0 || n > 1000000000))
        argp_error(state, "'%s' is no number", value);
    switch (key) {
    case 'r':
        c->line.bits_per_s = n > 0 ? n : 1;
        return 0;
    case 'd':
        c->line.delay_us = (int64_t)n * 1000;
        return 0;
    case 'l':
        c->line.loss_ppm = (uint32_t)n;
        return 0;
    case 's':
        c->line.seed = n;
        return 0;
    case 'u':
        c->line.up_us = (int64_t)(n > 0 ? n : 1) * 1000000;
        return 0;
    case 'w':
        c->line.down_us = (int64_t)n * 1000000;
        return 0;
    case 'q':
        c->line.queue_bytes = (size_t)n;
        return 0;
    case 'm':
        c->mtu = (unsigned)n;
        return 0;
    case 'p':
        c->proxy = true;
        return 0;
    case ARGP_KEY_ARGS:
        c->command = state->argv + state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no command");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int64_t carrier_now(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static struct line lines[2];

static void put_stats(FILE *out, int64_t now)
{
    static const char *const names[] = {"up", "down"};
    (void)fprintf(out, "{\"seconds\": %.3f, \"could_bits\": %llu",
                  (double)(now - lines[0].began) / 1e6,
                  (unsigned long long)line_could_bits(&lines[0], now));
    for (size_t i = 0; i < 2; i++) {
        const struct line_counters *c = &lines[i].counters;
        (void)fprintf(out,
                      ", \"%s\": {\"packets\": %llu, \"carried_bits\": %llu, \"lost_bits\": %llu, "
                      "\"broken_bits\": %llu, \"away_bits\": %llu, \"overflow_bits\": %llu}",
                      names[i], (unsigned long long)c->packets, (unsigned long long)c->carried_bits,
                      (unsigned long long)c->lost_bits, (unsigned long long)c->broken_bits,
                      (unsigned long long)c->away_bits, (unsigned long long)c->overflow_bits);
    }
    (void)fputs("}\n", out);
}

static void answer(FILE *control, const char *line, bool proxy, int64_t now)
{
    const char *const port = strncmp(line, "forward ", 8) == 0 ? line + 8 : NULL;
    if (port != NULL && proxy)
        (void)fprintf(control, "tcp://127.0.0.1:%u\n",
                      proxy_forward((unsigned)strtoul(port, NULL, 10)));
    else if (port != NULL)
        (void)fprintf(control, "tcp://" CARRIER_CENTRE ":%lu\n", strtoul(port, NULL, 10));
    else if (strncmp(line, "restart", 7) == 0) {
        line_restart(&lines[0], now);
        line_restart(&lines[1], now);
        (void)fputs("ok\n", control);
    } else if (strncmp(line, "stats", 5) == 0)
        put_stats(control, now);
    else
        (void)fputs("what?\n", control);
    (void)fflush(control);
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Until the command's end of the control socket closes. */
static void serve(FILE *control, bool proxy)
{
    struct pollfd polls[CARRIER_POLLS_MAX];
    char line[128];
    for (;;) {
        int64_t now = carrier_now();
        polls[0] = (struct pollfd){.fd = fileno(control), .events = POLLIN};
        const size_t count =
            1 + (proxy ? proxy_polls(lines, polls + 1, now) : tun_polls(polls + 1));
        int64_t at = earliest(line_next(&lines[0]), line_next(&lines[1]));
        at = earliest(at, now + (proxy ? 20000 : 1000000));
        const int64_t wait = at > now ? at - now : 0;
        const struct timespec in = {.tv_sec = wait / 1000000, .tv_nsec = wait % 1000000 * 1000};
        if (ppoll(polls, (nfds_t)count, &in, NULL) < 0 && errno != EINTR)
            return;
        now = carrier_now();
        if (proxy)
            proxy_carry(lines, now);
        else
            tun_carry(lines, now);
        if (polls[0].revents != 0) {
            if (fgets(line, sizeof line, control) == NULL)
                return;
            answer(control, line, proxy, now);
        }
    }
}

static pid_t start(char **command, int control, bool proxy)
{
    char path[64], words[96], fd[16];
    tun_office(path, sizeof path);
    (void)snprintf(words, sizeof words, proxy ? "%s" : "nsenter --net=%s", proxy ? "" : path);
    (void)snprintf(fd, sizeof fd, "%d", control);
    const pid_t child = fork();
    if (child != 0)
        return child;
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (setenv("ESEP_LINK_KIND", proxy ? "proxy" : "tun", 1) == 0 &&
        setenv("ESEP_LINK_OFFICE", words, 1) == 0 && setenv("ESEP_LINK_CONTROL", fd, 1) == 0)
        (void)execvp(command[0], command);
    (void)fprintf(stderr, "esep-link: %s: %s\n", command[0], strerror(errno));
    _exit(127);
}

int main(int argc, char **argv)
{
    struct choice c = {.line = {.bits_per_s = 64000,
                                .delay_us = 300000,
                                .loss_ppm = 50000,
                                .queue_bytes = 16384,
                                .up_us = 30000000,
                                .down_us = 30000000,
                                .seed = 1},
                       .mtu = 1500};
    const struct argp argp = {options, parse, "COMMAND...", "A bad line beside a command.",
                              NULL,    NULL,  NULL};
    if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &c) != 0)
        return EX_USAGE;
    const char *why = c.proxy ? "as asked" : tun_open(c.mtu);
    if (why != NULL)
        (void)fprintf(stderr, "esep-link: a TCP proxy takes the line's place, without loss (%s)\n",
                      why);
    for (uint64_t i = 0; i < 2; i++) {
        struct line_config config = c.line;
        config.seed = 2 * config.seed + i;
        config.loss_ppm = why != NULL ? 0 : config.loss_ppm;
        line_init(&lines[i], &config, carrier_now());
    }
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return EX_OSERR;
    const pid_t child = start(c.command, pair[1], why != NULL);
    (void)close(pair[1]);
    FILE *control = fdopen(pair[0], "r+");
    int status = EX_OSERR << 8;
    if (child < 0 || control == NULL)
        return EX_OSERR;
    serve(control, why != NULL);
    (void)waitpid(child, &status, 0);
    (void)fclose(control);
    line_done(&lines[0]);
    line_done(&lines[1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}
