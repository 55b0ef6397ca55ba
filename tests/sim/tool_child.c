/* tests/sim/tool_child.c - a run in a process of its own, and what is said when it ends badly; see
 * tool.h.
 */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

const struct sim_profile *tool_profile(const struct tool_options *o, uint64_t seed)
{
    return o->profile != NULL ? o->profile : &sim_profiles[seed % sim_profile_count];
}

void *tool_shared(size_t len)
{
    void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        perror("esep-sim: memory shared with its children");
        exit(EXIT_FAILURE);
    }
    return at;
}

int tool_err_file(void)
{
    int err = memfd_create("esep-sim-stderr", 0);
    if (err < 0) {
        perror("esep-sim: a file for its children's words");
        exit(EXIT_FAILURE);
    }
    return err;
}

pid_t tool_fork(int err, unsigned patience, void (*fn)(void *context), void *context)
{
    pid_t parent = getpid();
    (void)fflush(stdout);
    if (ftruncate(err, 0) != 0 || lseek(err, 0, SEEK_SET) != 0)
        return -1;
    pid_t child = fork();
    if (child != 0)
        return child;
    /* With the parent; Ctrl-C is the parent's to answer. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || dup2(err, 2) < 0)
        _exit(EXIT_FAILURE);
    (void)signal(SIGINT, SIG_IGN);
    (void)setvbuf(stdout, NULL, _IOLBF, 1 << 16); /* a trace up to the line where it died */
    (void)alarm(patience);
    fn(context);
    exit(EXIT_SUCCESS);
}

/* The end of what it said, on one line: an assertion, or the sanitizer's summary. */
static void last_words(int err, char *out, size_t len)
{
    char text[4096];
    off_t size = lseek(err, 0, SEEK_END);
    off_t from = size > (off_t)sizeof text ? size - (off_t)sizeof text : 0;
    ssize_t got = pread(err, text, sizeof text - 1, from);
    text[got > 0 ? got : 0] = '\0';
    char *line = strstr(text, "SUMMARY: ");
    if (line == NULL)
        line = text;
    line[strcspn(line, "\n")] = '\0';
    (void)snprintf(out, len, "%.500s", line);
}

void tool_end_of(const struct sim *sim, int status, int err, struct tool_end *ret)
{
    char said[600];
    *ret = (struct tool_end){.failed = true};
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        ret->failed = false;
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == SIM_EXIT_FAILED && sim->failed_check != NULL) {
        ret->check = sim->failed_check;
        (void)snprintf(ret->text, sizeof ret->text, "%s", sim->failure);
        return;
    }
    last_words(err, said, sizeof said);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        (void)snprintf(ret->text, sizeof ret->text, "it does not end (--patience)");
    else if (WIFSIGNALED(status))
        (void)snprintf(ret->text, sizeof ret->text, "killed by signal %d, %s: %s", WTERMSIG(status),
                       strsignal(WTERMSIG(status)), said);
    else
        (void)snprintf(ret->text, sizeof ret->text, "ended with status %d: %s", WEXITSTATUS(status),
                       said);
}

size_t tool_again(const struct sim_recipe *recipe, char *out, size_t len)
{
    char mask[16384] = "";
    char bounds[512] = "";
    size_t at = 0;
    for (size_t i = 0; i < SIM_DEEDS; i++)
        if (recipe->planted[i] > 0)
            at += (size_t)snprintf(bounds + at, sizeof bounds - at, "%s%s:%llu",
                                   at == 0 ? " --planted " : ",", sim_deed_names[i],
                                   (unsigned long long)recipe->planted[i]);
    if (recipe->planted_aborts)
        at += (size_t)snprintf(bounds + at, sizeof bounds - at, " --planted-abort");
    if (recipe->mask != NULL && sim_mask_print(recipe->mask, mask, sizeof mask) >= sizeof mask)
        (void)snprintf(mask, sizeof mask, " (and a mask too long to print)");
    if (recipe->offices_max > 0)
        at +=
            (size_t)snprintf(bounds + at, sizeof bounds - at, " --offices %d", recipe->offices_max);
    if (recipe->brokers_max > 0)
        at +=
            (size_t)snprintf(bounds + at, sizeof bounds - at, " --brokers %d", recipe->brokers_max);
    if (recipe->until > 0)
        (void)snprintf(bounds + at, sizeof bounds - at, " --until %lld",
                       (long long)(recipe->until / ESEP_SECOND));
    return (size_t)snprintf(out, len, "%s --profile %s --seed %llu%s%s",
                            program_invocation_short_name, recipe->profile->name,
                            (unsigned long long)recipe->seed, bounds, mask);
}

/* Of the tree that it was built from, as it stands now. */
static const char *commit(void)
{
    static const char *const arguments[] = {
        "git", "-C", ESEP_SOURCE_DIR, "describe", "--always", "--dirty", NULL};
    static char line[80];
    posix_spawn_file_actions_t files;
    pid_t git;
    if (line[0] != '\0')
        return line;
    int out = tool_err_file();
    bool ready = posix_spawn_file_actions_init(&files) == 0;
    if (ready && posix_spawn_file_actions_adddup2(&files, out, 1) == 0 &&
        posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0) == 0 &&
        posix_spawnp(&git, "git", &files, NULL, (char *const *)(uintptr_t)arguments, environ) == 0)
        (void)waitpid(git, NULL, 0);
    if (ready)
        (void)posix_spawn_file_actions_destroy(&files);
    ssize_t got = pread(out, line, sizeof line - 1, 0);
    (void)close(out);
    line[got > 0 ? got : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '\0')
        (void)snprintf(line, sizeof line, "unknown");
    return line;
}

void tool_tell_failure(const struct sim *sim, const struct sim_recipe *recipe,
                       const struct tool_end *end)
{
    static char again[20000];
    (void)tool_again(recipe, again, sizeof again);
    (void)fflush(stdout);
    (void)fprintf(stderr,
                  "seed %llu (%s) failed after %llu events, %.3f simulated days: %s\n"
                  "  commit %s; again: %s --trace\n",
                  (unsigned long long)recipe->seed, recipe->profile->name,
                  (unsigned long long)sim->steps,
                  (double)(sim->now - sim->start) / (double)ESEP_DAY, end->text, commit(), again);
}
