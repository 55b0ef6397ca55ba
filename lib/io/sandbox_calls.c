/* lib/io/sandbox_calls.c - the system calls: seccomp, by libseccomp. See sandbox.h.
 *
 * The list is what the C library, libevent, ZeroMQ, LMDB, libcurl and libmicrohttpd do in a daemon
 * that is open already; a name that an architecture does not have is passed over. What is not on it
 * fails, so a library that learns a new call must be met here: run the integration tests.
 */
#include "io/sandbox.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

static const char *const always[] = {
    /* memory */
    "brk",
    "munmap",
    "mremap",
    "madvise",
    "mlock",
    "munlock",
    "mincore",
    "membarrier",
    "msync",
    /* files that are open, or may be (Landlock says which) */
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "preadv",
    "pwritev",
    "preadv2",
    "pwritev2",
    "lseek",
    "_llseek",
    "open",
    "openat",
    "openat2",
    "close",
    "close_range",
    "stat",
    "lstat",
    "fstat",
    "stat64",
    "lstat64",
    "fstat64",
    "fstatat64",
    "newfstatat",
    "statx",
    "statfs",
    "fstatfs",
    "statfs64",
    "fstatfs64",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents",
    "getdents64",
    "getcwd",
    "fcntl",
    "fcntl64",
    "flock",
    "ftruncate",
    "ftruncate64",
    "fallocate",
    "fadvise64",
    "fadvise64_64",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "syncfs",
    "sendfile",
    "sendfile64",
    "copy_file_range",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "umask",
    "chmod",
    "fchmod",
    "fchmodat",
    "utimensat",
    "dup",
    "dup2",
    "dup3",
    "pipe",
    "pipe2",
    "memfd_create",
    /* sockets; socket itself is below */
    "bind",
    "listen",
    "accept",
    "accept4",
    "connect",
    "getsockname",
    "getpeername",
    "sendto",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "sendmmsg",
    "recvmmsg",
    "shutdown",
    "setsockopt",
    "getsockopt",
    "send",
    "recv",
    /* waiting */
    "poll",
    "ppoll",
    "ppoll_time64",
    "select",
    "_newselect",
    "pselect6",
    "pselect6_time64",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_settime64",
    "timerfd_gettime",
    "signalfd",
    "signalfd4",
    /* time */
    "clock_gettime",
    "clock_gettime64",
    "clock_getres",
    "clock_getres_time64",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "nanosleep",
    "gettimeofday",
    "time",
    "times",
    /* threads and signals of this process */
    "futex",
    "futex_time64",
    "futex_waitv",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "set_tid_address",
    "sched_getparam",
    "sched_getscheduler",
    "sched_get_priority_min",
    "sched_get_priority_max",
    "sched_yield",
    "sched_getaffinity",
    "getcpu",
    "arch_prctl",
    "exit",
    "exit_group",
    "restart_syscall",
    "tgkill",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigpending",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "rt_sigtimedwait_time64",
    "sigaltstack",
    "sigreturn",
    /* who and what this is */
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "getgroups",
    "getpgrp",
    "getpgid",
    "getsid",
    "getrlimit",
    "ugetrlimit",
    "getrusage",
    "sysinfo",
    "uname",
    "getrandom",
};
static const char *const with_children[] = {
    "execve",     "fork",        "vfork",     "wait4",       "waitid",           "kill",
    "pidfd_open", "setpriority", "setrlimit", "getpriority", "pidfd_send_signal"};
static const char *const when_traced[] = {"ptrace", "process_vm_readv", "personality", "wait4",
                                          "kill"};

#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)

static int allow_names(scmp_filter_ctx filter, const char *const *names, size_t count)
{
    int failed = 0;
    for (size_t i = 0; failed == 0 && i < count; i++) {
        const int number = seccomp_syscall_resolve_name(names[i]);
        if (number == __NR_SCMP_ERROR)
            continue; /* a name of a newer libseccomp */
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    }
    return failed;
}

static struct scmp_arg_cmp masked(unsigned argument, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){
        .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static struct scmp_arg_cmp equal(unsigned argument, uint64_t value)
{
    return (struct scmp_arg_cmp){.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value};
}

static int allow_when(scmp_filter_ctx filter, int number, struct scmp_arg_cmp first)
{
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &first);
}

/* Nothing is mapped that is written and run. */
static int allow_memory(scmp_filter_ctx filter)
{
    static const uint64_t fine[] = {0, PROT_WRITE, PROT_EXEC};
    int failed = allow_when(filter, SCMP_SYS(mprotect), masked(2, PROT_EXEC, 0));
    for (size_t i = 0; failed == 0 && i < sizeof fine / sizeof *fine; i++) {
        const struct scmp_arg_cmp how = masked(2, PROT_WRITE | PROT_EXEC, fine[i]);
        failed = allow_when(filter, SCMP_SYS(mmap), how);
        if (failed == 0)
            failed = allow_when(filter, SCMP_SYS(mmap2), how);
    }
    return failed;
}

/* Streams and datagrams of the internet and of this machine, and the kernel's answer to which
 * addresses there are. */
static int allow_sockets(scmp_filter_ctx filter, enum esep_sandbox_sockets sockets)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6};
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    const bool any = sockets == ESEP_SANDBOX_SOCKETS_ANY;
    int failed = 0;
    if (sockets == ESEP_SANDBOX_SOCKETS_NONE)
        return 0;
    for (size_t f = 0; f < (any ? sizeof families / sizeof *families : 1); f++)
        for (size_t t = 0; failed == 0 && t < sizeof types / sizeof *types; t++) {
            const struct scmp_arg_cmp how[] = {equal(0, (uint64_t)families[f]),
                                               masked(1, 0xf, (uint64_t)types[t])};
            failed = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, how);
        }
    const struct scmp_arg_cmp routes[] = {equal(0, AF_NETLINK), equal(2, NETLINK_ROUTE)};
    if (failed == 0 && any)
        failed = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, routes);
    return failed == 0 ? allow_when(filter, SCMP_SYS(socketpair), equal(0, AF_UNIX)) : failed;
}

static int allow_packets(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp how[] = {equal(0, AF_UNIX), masked(1, 0xf, SOCK_SEQPACKET)};
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, how);
}

static int allow_devices(scmp_filter_ctx filter)
{
    static const uint64_t requests[] = {FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ};
    int failed = 0;
    for (size_t i = 0; failed == 0 && i < sizeof requests / sizeof *requests; i++)
        failed = allow_when(filter, SCMP_SYS(ioctl), equal(1, requests[i]));
    return failed;
}

/* Threads; processes only where there are children. Never a namespace. */
static int allow_threads(scmp_filter_ctx filter, bool processes)
{
    const uint64_t wanted = processes ? 0 : CLONE_THREAD;
    const int failed = allow_when(filter, SCMP_SYS(clone), masked(0, NAMESPACES | wanted, wanted));
    return failed == 0 ? seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0)
                       : failed;
}

/* Of this process alone, whatever libc calls it: getrlimit is prlimit, and libzmq gives each of its
 * threads the policy that it has, and ends the process where that fails. */
static int allow_own(scmp_filter_ctx filter)
{
    int failed = allow_when(filter, SCMP_SYS(prlimit64), equal(0, 0));
    if (failed == 0)
        failed = allow_when(filter, SCMP_SYS(sched_setscheduler), equal(1, SCHED_OTHER));
    return failed == 0 ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0) : failed;
}

static int fill(scmp_filter_ctx filter, const struct esep_sandbox_calls *calls)
{
    int failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (failed == 0)
        failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (failed == 0)
        failed = allow_names(filter, always, sizeof always / sizeof *always);
    if (failed == 0)
        failed = allow_memory(filter);
    if (failed == 0)
        failed = allow_sockets(filter, calls->sockets);
    if (failed == 0 && calls->packets)
        failed = allow_packets(filter);
    if (failed == 0)
        failed = allow_devices(filter);
    if (failed == 0)
        failed = allow_threads(filter, calls->children || calls->traced);
    if (failed == 0)
        failed = allow_own(filter);
    if (failed == 0 && calls->children)
        failed = allow_names(filter, with_children, sizeof with_children / sizeof *with_children);
    if (failed == 0 && calls->further)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 0);
    if (failed == 0 && calls->traced)
        failed = allow_names(filter, when_traced, sizeof when_traced / sizeof *when_traced);
    return failed;
}

/* Memory with keys in it is nobody's to read, before or after this process. */
static void no_cores(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

enum esep_status esep_sandbox_calls(const struct esep_sandbox_calls *calls,
                                    struct esep_reason *reason)
{
    no_cores();
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the sandbox");
    int failed = fill(filter, calls);
    if (failed == 0)
        failed = seccomp_load(filter);
    seccomp_release(filter);
    if (failed == 0)
        return ESEP_OK;
    return esep_because(reason, failed == -ENOMEM ? ESEP_NOMEM : ESEP_NOT_FOUND,
                        "this kernel, or what the daemon runs in, does not let it limit its system "
                        "calls (%s): taken over it may make any",
                        strerror(-failed));
}
