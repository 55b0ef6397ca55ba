/* tests/unit/io/sandbox_test.c - does what came under a sandbox do its work, and fail at what it
 * may not: files outside of its folders, other programs, other processes, code in written memory?
 * Each test looks from a child of its own, since there is no way back. */
#include "io/sandbox.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* What the child finds wrong, by its line: its exit status. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            report(__LINE__, errno);                                                               \
    } while (0)

static int wire = -1;

static _Noreturn void report(int line, int code)
{
    const int said[2] = {line, code};
    (void)!write(wire, said, sizeof said);
    _exit(1);
}

/* Runs look in a child and passes on what it found. No exit handlers: a sanitizer's would ask for
 * what the sandbox forbids. */
static void in_child(void (*look)(const char *folder), const char *folder)
{
    int ends[2];
    int said[2] = {0, 0};
    int status = 0;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        wire = ends[1];
        look(folder);
        _exit(0);
    }
    (void)close(ends[1]);
    const ssize_t got = read(ends[0], said, sizeof said);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (got == (ssize_t)sizeof said)
        fail_msg("line %d: errno %d (%s)", said[0], said[1], strerror(said[1]));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int make(const char *folder, const char *name, int flags)
{
    char path[320];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return open(path, flags, 0600);
}

static void only_these(const char *folder)
{
    char own[300];
    char later[320];
    char from[320];
    char to[330];
    (void)snprintf(own, sizeof own, "%s/own", folder);
    (void)snprintf(later, sizeof later, "%s/own/later", folder);
    const struct esep_sandbox_folder folders[] = {
        {own, ESEP_SANDBOX_WRITE}, {later, ESEP_SANDBOX_WRITE}, {"", ESEP_SANDBOX_WRITE}};
    struct esep_reason reason = {""};
    const enum esep_status status = esep_sandbox_folders(folders, 3, false, &reason);
    if (status == ESEP_NOT_FOUND) { /* a kernel without: it says so, and binds nothing */
        CHECK(reason.text[0] != '\0' && make(folder, "seen", O_RDONLY) >= 0);
        _exit(0);
    }
    CHECK(status == ESEP_OK);
    CHECK(make(own, "a", O_WRONLY | O_CREAT) >= 0);
    CHECK(mkdir(later, 0700) == 0);
    (void)snprintf(from, sizeof from, "%s/a", own);
    (void)snprintf(to, sizeof to, "%s/a", later);
    CHECK(rename(from, to) == 0 && truncate(to, 5) == 0 && unlink(to) == 0);
    CHECK(make(folder, "seen", O_RDONLY) < 0 && errno == EACCES);
    CHECK(make(folder, "new", O_WRONLY | O_CREAT) < 0 && errno == EACCES);
    (void)snprintf(from, sizeof from, "%s/seen", folder);
    CHECK(rename(from, to) != 0 && unlink(from) != 0);
    CHECK(open("/etc/passwd", O_RDONLY) >= 0);
    CHECK(open("/etc/passwd", O_WRONLY) < 0 && errno == EACCES);
    char *const words[] = {(char *)(uintptr_t) "true", NULL};
    CHECK(execv("/bin/true", words) != 0 && errno == EACCES);
}

static void files_outside_are_out_of_reach(void **state)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/own", (const char *)*state);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true(make(*state, "seen", O_WRONLY | O_CREAT) >= 0);
    in_child(only_these, *state);
}

/* Where a container keeps the calls from being limited there is nothing more to see. */
static void limit_calls(bool children)
{
    const struct esep_sandbox_calls calls = {.children = children};
    struct esep_reason reason = {""};
    const enum esep_status status = esep_sandbox_calls(&calls, &reason);
    if (status == ESEP_NOT_FOUND && reason.text[0] != '\0')
        _exit(0);
    CHECK(status == ESEP_OK);
}

static void itself_alone(const char *folder)
{
    (void)folder;
    struct esep_reason reason = {""};
    char *const words[] = {(char *)(uintptr_t) "sandbox_test", (char *)(uintptr_t) "again", NULL};
    const enum esep_status status = esep_sandbox_folders(NULL, 0, true, &reason);
    CHECK(status == ESEP_OK || status == ESEP_NOT_FOUND);
    limit_calls(true);
    if (status == ESEP_OK)
        CHECK(execv("/bin/true", words) != 0 && errno == EACCES);
    (void)execv("/proc/self/exe", words);
    CHECK(false);
}

static void a_program_may_start_itself_where_that_is_asked(void **state)
{
    in_child(itself_alone, *state);
}

static void *in_thread(void *context)
{
    int *pipe_ends = context;
    char byte = 0;
    (void)!read(pipe_ends[0], &byte, 1);
    return (void *)(intptr_t)(syscall(SYS_setuid, getuid()) != 0 && errno == EPERM);
}

static void the_forbidden(const char *folder)
{
    char *const words[] = {(char *)(uintptr_t) "true", NULL};
    pthread_t thread;
    void *bound = NULL;
    int ends[2];
    (void)folder;
    CHECK(pipe(ends) == 0 && pthread_create(&thread, NULL, in_thread, ends) == 0);
    limit_calls(false);
    CHECK(execv("/bin/true", words) != 0 && errno == EPERM);
    CHECK(syscall(SYS_execveat, AT_FDCWD, "/bin/true", words, NULL, 0) != 0 && errno == EPERM);
    CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 && errno == EPERM);
    CHECK(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0) != 0 && errno == EPERM);
    CHECK(fork() < 0 && errno == EPERM);
    CHECK(unshare(CLONE_NEWUSER) != 0 && errno == EPERM);
    CHECK(syscall(SYS_bpf, 0, NULL, 0) != 0 && errno == EPERM);
    CHECK(syscall(SYS_io_uring_setup, 1, NULL) != 0 && errno == EPERM);
    CHECK(syscall(SYS_keyctl, 0, 0) != 0 && errno == EPERM);
    CHECK(kill(getppid(), 0) != 0 && errno == EPERM);
    CHECK(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
    CHECK(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 && errno == EPERM);
    CHECK(socket(AF_VSOCK, SOCK_STREAM, 0) < 0 && errno == EPERM);
    CHECK(socket(AF_UNIX, SOCK_SEQPACKET, 0) < 0 && errno == EPERM);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
               0) == MAP_FAILED &&
          errno == EPERM);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0);
    struct rlimit core;
    CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
    CHECK(prctl(PR_GET_DUMPABLE) == 0);
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    /* A thread that was there before is bound as well. */
    CHECK(write(ends[1], "x", 1) == 1 && pthread_join(thread, &bound) == 0 && bound != NULL);
}

static void the_calls_that_attackers_need_fail(void **state)
{
    in_child(the_forbidden, *state);
}

static void with_packets(const char *folder)
{
    const struct esep_sandbox_calls calls = {.packets = true};
    (void)folder;
    const enum esep_status status = esep_sandbox_calls(&calls, NULL);
    CHECK(status == ESEP_OK || status == ESEP_NOT_FOUND);
    CHECK(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0) >= 0);
}

static void who_asks_a_signer_may_make_its_socket(void **state)
{
    in_child(with_packets, *state);
}

/* As the keeper of rounds does: it binds itself, and what it forks some more. */
static void narrower(const char *folder)
{
    const struct esep_sandbox_calls keeper = {
        .sockets = ESEP_SANDBOX_SOCKETS_NONE, .children = true, .further = true};
    const struct esep_sandbox_calls reader = {.sockets = ESEP_SANDBOX_SOCKETS_NONE};
    int ends[2];
    int status = 0;
    (void)folder;
    enum esep_status bound = esep_sandbox_calls(&keeper, NULL);
    if (bound == ESEP_NOT_FOUND)
        _exit(0);
    CHECK(bound == ESEP_OK);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child > 0) {
        CHECK(waitpid(child, &status, 0) == child);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    CHECK(esep_sandbox_calls(&reader, NULL) == ESEP_OK);
    CHECK(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
    CHECK(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 && errno == EPERM);
    CHECK(fork() < 0 && errno == EPERM);
    CHECK(kill(getppid(), 0) != 0 && errno == EPERM);
}

static void a_reader_makes_no_socket_and_no_process(void **state)
{
    in_child(narrower, *state);
}

static void local_alone(const char *folder)
{
    const struct esep_sandbox_calls calls = {.sockets = ESEP_SANDBOX_SOCKETS_LOCAL};
    int ends[2];
    (void)folder;
    const enum esep_status status = esep_sandbox_calls(&calls, NULL);
    if (status == ESEP_NOT_FOUND)
        _exit(0);
    CHECK(status == ESEP_OK);
    CHECK(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
    CHECK(socket(AF_INET6, SOCK_DGRAM, 0) < 0 && errno == EPERM);
    CHECK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) < 0 && errno == EPERM);
}

static void who_serves_this_machine_makes_no_other_socket(void **state)
{
    in_child(local_alone, *state);
}

static void *nothing(void *context)
{
    return context;
}

static void the_work(const char *folder)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pthread_t thread;
    limit_calls(false);
    CHECK(pthread_create(&thread, NULL, nothing, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    const int fd = make(folder, "work", O_RDWR | O_CREAT);
    CHECK(fd >= 0 && write(fd, "x", 1) == 1 && fdatasync(fd) == 0);
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
    const int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(door >= 0 && bind(door, (struct sockaddr *)&here, sizeof here) == 0);
    CHECK(listen(door, 4) == 0);
    CHECK(socket(AF_UNIX, SOCK_DGRAM, 0) >= 0);
    uint8_t drawn[8];
    CHECK(getrandom(drawn, sizeof drawn, 0) == (ssize_t)sizeof drawn);
}

static void the_daemons_work_goes_on(void **state)
{
    in_child(the_work, *state);
}

/* Where no folder of a path is there, it is said, and not the root that is opened. */
static void too_far(const char *folder)
{
    const struct esep_sandbox_folder folders[] = {{"/no-such-folder/a/b", ESEP_SANDBOX_WRITE}};
    struct esep_reason reason = {""};
    (void)folder;
    const enum esep_status status = esep_sandbox_folders(folders, 1, false, &reason);
    CHECK(status == ESEP_INVALID || status == ESEP_NOT_FOUND);
    CHECK(reason.text[0] != '\0' && open("/etc/passwd", O_RDONLY) >= 0);
}

static void the_root_is_never_opened_for_a_folder_to_come(void **state)
{
    in_child(too_far, *state);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "again") == 0)
        _exit(0);
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(files_outside_are_out_of_reach),
        unit_test_in_folder(a_program_may_start_itself_where_that_is_asked),
        unit_test_in_folder(the_calls_that_attackers_need_fail),
        unit_test_in_folder(who_asks_a_signer_may_make_its_socket),
        unit_test_in_folder(a_reader_makes_no_socket_and_no_process),
        unit_test_in_folder(who_serves_this_machine_makes_no_other_socket),
        unit_test_in_folder(the_daemons_work_goes_on),
        unit_test_in_folder(the_root_is_never_opened_for_a_folder_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
