/* broker/shell_descriptors.c - what is done before descriptors run out.
 *
 * libzmq's acceptor spins where there is none left, and its local sockets end the program: one
 * question of an operator would do. So at 90 % the offices' endpoints are made deaf until there is
 * room again: those inside stay. A crowd may take the last tenth between two looks; for that some
 * are held in reserve, and are let go once nobody is let in any more.
 */
#include "broker/shell_internal.h"
#include "io/log.h"

#include <fcntl.h>
#include <unistd.h>

#define STOP_PERCENT 90
#define RESUME_PERCENT 80
#define CLOSE_PERCENT 50 /* from here on the looks follow close on each other */
#define EVERY_US 1000000
#define EVERY_CLOSE_US 100000

static void hold_spare(struct broker_shell *shell)
{
    for (size_t i = 0; i < BROKER_DESCRIPTORS_SPARE; i++) {
        if (shell->descriptors_spare[i] < 0) {
            shell->descriptors_spare[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        }
    }
}

static void let_go_of_spare(struct broker_shell *shell)
{
    for (size_t i = 0; i < BROKER_DESCRIPTORS_SPARE; i++) {
        if (shell->descriptors_spare[i] >= 0) {
            (void)close(shell->descriptors_spare[i]);
        }
        shell->descriptors_spare[i] = -1;
    }
}

/* Those who had connected and were not yet accepted would get what is let go of: they are turned
 * away with the first of it. libzmq's acceptor may snatch that one; then with the next. */
static void turn_away_waiting(struct broker_shell *shell)
{
    for (size_t i = 0; i < BROKER_DESCRIPTORS_SPARE; i++) {
        bool none_left = true;
        if (shell->descriptors_spare[i] < 0) {
            continue;
        }
        (void)close(shell->descriptors_spare[i]);
        shell->descriptors_spare[i] = -1;
        for (size_t e = 0; e < shell->agents_bound.count; e++) {
            none_left = esep_zsock_turn_away(shell->agents_bound.text[e]) && none_left;
        }
        if (none_left) {
            break;
        }
    }
    let_go_of_spare(shell);
}

static void stop_accepting(struct broker_shell *shell)
{
    shell->accepting = false;
    for (size_t i = 0; i < shell->agents_bound.count; i++) {
        esep_zsock_unbind(shell->agents, shell->agents_bound.text[i]);
    }
    esep_log(ESEP_LOG_ERROR, "descriptors-low",
             "%llu of %llu descriptors in use: no new offices until there is room; raise "
             "LimitNOFILE",
             (unsigned long long)shell->descriptors_open,
             (unsigned long long)shell->descriptors_max);
}

static void accept_again(struct broker_shell *shell)
{
    struct esep_reason reason = {0};
    for (size_t i = 0; i < shell->agents_bound.count; i++) {
        if (esep_zsock_bind(shell->agents, shell->agents_bound.text[i], NULL, &reason) != ESEP_OK) {
            esep_log(ESEP_LOG_ERROR, "bind-failed", "%s", reason.text);
            return; /* the next look tries again; what is bound already says so and is passed */
        }
    }
    shell->accepting = true;
    hold_spare(shell);
    esep_log(ESEP_LOG_INFO, "descriptors-again", "offices may connect again");
}

static void look_again(const struct broker_shell *shell, uint64_t percent)
{
    const struct timeval close = {.tv_usec = EVERY_CLOSE_US};
    const struct timeval far = {.tv_sec = EVERY_US / 1000000};
    (void)event_add(shell->descriptors_timer, percent < CLOSE_PERCENT ? &far : &close);
}

static void on_descriptors(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct broker_shell *shell = context;
    shell->descriptors_open = esep_files_open();
    const uint64_t percent = shell->descriptors_open * 100 / shell->descriptors_max;
    if (shell->accepting && percent >= STOP_PERCENT) {
        stop_accepting(shell);
        turn_away_waiting(shell);
    } else if (!shell->accepting && percent < RESUME_PERCENT) {
        accept_again(shell);
    }
    look_again(shell, percent);
}

enum esep_status broker_shell_watch_descriptors(struct broker_shell *shell,
                                                struct esep_reason *reason)
{
    for (size_t i = 0; i < BROKER_DESCRIPTORS_SPARE; i++) {
        shell->descriptors_spare[i] = -1;
    }
    hold_spare(shell);
    shell->descriptors_max = esep_files_max();
    shell->descriptors_timer = event_new(esep_loop_base(shell->loop), -1, 0, on_descriptors, shell);
    if (shell->descriptors_timer == NULL) {
        return esep_because(reason, ESEP_NOMEM, "no timer");
    }
    look_again(shell, 0);
    return ESEP_OK;
}

void broker_shell_unwatch_descriptors(struct broker_shell *shell)
{
    if (shell->descriptors_timer == NULL) {
        return;
    }
    event_free(shell->descriptors_timer);
    shell->descriptors_timer = NULL;
    let_go_of_spare(shell);
}
