/* lib/io/sandbox.h - what a daemon may still do once it runs: open its own folders, and make the
 * system calls that its work takes.
 *
 * Whoever makes a daemon run code of his own finds a process that starts no program, watches no
 * other, opens no file but its own, maps no memory that is both written and run, and leaves no core
 * behind in which keys stand. Two steps, since Landlock binds one thread and what it starts from
 * then on, and seccomp can bind all that are there:
 *
 *   esep_sandbox_folders   after the configuration and the keys are read, before the first thread
 *   esep_sandbox_calls     when all is open, before the loop
 *
 * A folder that is not there yet is made later, so the nearest one above it that is there counts.
 * What the system's libraries read (/usr, /etc, zones, resolver, certificates) is readable for all.
 * A call that is not on the list fails with EPERM, except clone3, which fails with ENOSYS so that
 * the C library takes clone, whose flags can be looked at.
 *
 * It decides nothing about when: the daemons have a switch in their configuration. The systemd
 * units ask for much of the same from outside; neither needs the other.
 */
#ifndef ESEP_IO_SANDBOX_H
#define ESEP_IO_SANDBOX_H

#include "base/status.h"

#include <stdbool.h>

enum esep_sandbox_access {
    ESEP_SANDBOX_READ,        /* what is at the path */
    ESEP_SANDBOX_READ_BESIDE, /* the folder that holds the path */
    ESEP_SANDBOX_WRITE,
    ESEP_SANDBOX_WRITE_BESIDE,
};
struct esep_sandbox_folder {
    const char *path; /* "": none */
    enum esep_sandbox_access access;
};
/* itself: may execute its own program (and the loader, which that takes), and nothing else.
 * ESEP_NOT_FOUND: this kernel has no Landlock, or too old a one; nothing is bound, the reason says
 * so. Another failure: the daemon must not go on. */
ESEP_MUST_USE enum esep_status esep_sandbox_folders(const struct esep_sandbox_folder *folders,
                                                    size_t count, bool itself,
                                                    struct esep_reason *reason);

/* LeakSanitizer stops its own process's threads by ptrace when it ends. */
#if defined(__SANITIZE_ADDRESS__)
#define ESEP_SANDBOX_TRACED true
#else
#define ESEP_SANDBOX_TRACED false
#endif

enum esep_sandbox_sockets {
    ESEP_SANDBOX_SOCKETS_ANY,   /* of the internet and of this machine: streams and datagrams */
    ESEP_SANDBOX_SOCKETS_LOCAL, /* of this machine */
    ESEP_SANDBOX_SOCKETS_NONE,  /* what is open stays so */
};
struct esep_sandbox_calls {
    enum esep_sandbox_sockets sockets;
    bool packets;  /* sockets of whole messages to this machine's processes: a signer's */
    bool children; /* fork, execute, wait for and end them */
    bool further;  /* they, or this process later, bind themselves further */
    bool traced;   /* ESEP_SANDBOX_TRACED: what a sanitizer's own end takes */
};
/* All threads, for good; core dumps are off, too. ESEP_NOT_FOUND: this kernel has no
 * seccomp, or what the process runs in does not let it; nothing is bound. */
ESEP_MUST_USE enum esep_status esep_sandbox_calls(const struct esep_sandbox_calls *calls,
                                                  struct esep_reason *reason);

/* The same, as a daemon does it where its configuration wants it: what the kernel lacks is logged
 * (sandbox-partly) and is no failure. That it is not wanted is logged once, with the calls
 * (sandbox-off). */
ESEP_MUST_USE enum esep_status
esep_sandbox_keep_to_folders(bool wanted, const struct esep_sandbox_folder *folders, size_t count,
                             bool itself, struct esep_reason *reason);
ESEP_MUST_USE enum esep_status esep_sandbox_keep_to_calls(bool wanted,
                                                          const struct esep_sandbox_calls *calls,
                                                          struct esep_reason *reason);

#endif
