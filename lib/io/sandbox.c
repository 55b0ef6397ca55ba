/* lib/io/sandbox.c - the folders: Landlock. See sandbox.h.
 *
 * The kernel's interface is declared here by hand, since the headers of Debian 12 know less of it
 * than the kernels that it runs on.
 */
#include "io/sandbox.h"

#include "io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RULESET_VERSION 1u /* flag of landlock_create_ruleset: say the interface's number */
#define RULE_BENEATH 1
#define VERSION_MIN 2 /* before it no file may be renamed from one folder into another */
#define VERSION_TRUNCATE 3
#define VERSION_SCOPED 6
#define SCOPE_SIGNAL 2u

#define RIGHT(n) (UINT64_C(1) << (n))
enum {
    EXECUTE = 0,
    WRITE_FILE = 1,
    READ_FILE = 2,
    READ_DIR = 3,
    REMOVE_DIR = 4,
    REMOVE_FILE = 5,
    MAKE_DIR = 7,
    MAKE_REG = 8,
    MAKE_SOCK = 9,
    REFER = 13,
    TRUNCATE = 14,
};
#define ALL_RIGHTS (RIGHT(REFER + 1) - 1)
#define READING (RIGHT(READ_FILE) | RIGHT(READ_DIR))
#define WRITING                                                                                    \
    (READING | RIGHT(WRITE_FILE) | RIGHT(REMOVE_DIR) | RIGHT(REMOVE_FILE) | RIGHT(MAKE_DIR) |      \
     RIGHT(MAKE_REG) | RIGHT(MAKE_SOCK) | RIGHT(REFER) | RIGHT(TRUNCATE))
#define OF_A_FILE (RIGHT(EXECUTE) | RIGHT(WRITE_FILE) | RIGHT(READ_FILE) | RIGHT(TRUNCATE))

struct ruleset_attr {
    uint64_t handled_fs;
    uint64_t handled_net;
    uint64_t scoped;
};
struct beneath_attr {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

/* What the C library, the resolver, TLS and the zones read. */
static const char *const everybody_reads[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/etc",
    "/proc",
    "/sys/devices/system/cpu",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/var/cache/fontconfig",
    "/dev/urandom",
};

struct ruleset {
    int fd;
    uint64_t handled;
};

static enum esep_status failed(const char *doing, const char *path, struct esep_reason *reason)
{
    return esep_because(reason, ESEP_IO,
                        "the sandbox: cannot %s %.120s: %s; `sandbox: false` runs "
                        "without one",
                        doing, path, strerror(errno));
}

/* NOT_FOUND: it is not there; DENIED: nor could the daemon open it without a sandbox. */
static enum esep_status allow(const struct ruleset *rules, const char *path, uint64_t rights,
                              struct esep_reason *reason)
{
    struct stat info;
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT   ? ESEP_NOT_FOUND
               : errno == EACCES ? esep_because(reason, ESEP_DENIED, "the sandbox: %.150s: %s",
                                                path, strerror(errno))
                                 : failed("look at", path, reason);
    enum esep_status status = ESEP_OK;
    if (fstat(fd, &info) != 0)
        status = failed("look at", path, reason);
    if (!S_ISDIR(info.st_mode))
        rights &= OF_A_FILE;
    const struct beneath_attr attr = {.allowed = rights & rules->handled, .parent = fd};
    if (status == ESEP_OK && syscall(SYS_landlock_add_rule, rules->fd, RULE_BENEATH, &attr, 0) != 0)
        status = failed("open", path, reason);
    (void)close(fd);
    return status;
}

/* The path, or where it is not there yet the nearest folder above it that is. */
static enum esep_status allow_nearest(const struct ruleset *rules, const char *path,
                                      uint64_t rights, struct esep_reason *reason)
{
    char place[PATH_MAX];
    (void)snprintf(place, sizeof place, "%s", path);
    for (;;) {
        const enum esep_status status = allow(rules, place, rights, reason);
        if (status != ESEP_NOT_FOUND)
            return status;
        char above[PATH_MAX];
        (void)snprintf(above, sizeof above, "%s", place);
        const char *folder = dirname(above);
        if (strcmp(folder, "/") == 0)
            return esep_because(
                reason, ESEP_INVALID,
                "the sandbox: no folder of %.150s is there: make the one that it is "
                "to lie in",
                path);
        (void)snprintf(place, sizeof place, "%s", folder);
    }
}

static enum esep_status allow_one(const struct ruleset *rules,
                                  const struct esep_sandbox_folder *folder,
                                  struct esep_reason *reason)
{
    char copy[PATH_MAX];
    const char *path = folder->path;
    if (path[0] == '\0')
        return ESEP_OK;
    if (folder->access == ESEP_SANDBOX_READ_BESIDE || folder->access == ESEP_SANDBOX_WRITE_BESIDE) {
        (void)snprintf(copy, sizeof copy, "%s", path);
        path = dirname(copy);
    }
    if (folder->access == ESEP_SANDBOX_WRITE || folder->access == ESEP_SANDBOX_WRITE_BESIDE)
        return allow_nearest(rules, path, WRITING, reason);
    const enum esep_status status = allow(rules, path, READING, reason);
    return status == ESEP_NOT_FOUND || status == ESEP_DENIED ? ESEP_OK : status;
}

/* The first object is the program itself; it names its loader. */
static int loader_of(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *head = &info->dlpi_phdr[i];
        union { /* the loader says where it is as a number */
            ElfW(Addr) number;
            const char *text;
        } at = {.number = info->dlpi_addr + head->p_vaddr};
        if (head->p_type == PT_INTERP)
            (void)snprintf(context, PATH_MAX, "%s", at.text);
    }
    return 1;
}

static enum esep_status allow_itself(const struct ruleset *rules, struct esep_reason *reason)
{
    char loader[PATH_MAX] = "";
    const uint64_t rights = RIGHT(EXECUTE) | RIGHT(READ_FILE);
    (void)dl_iterate_phdr(loader_of, loader);
    enum esep_status status = allow(rules, "/proc/self/exe", rights, reason);
    if (status == ESEP_OK && loader[0] != '\0')
        status = allow(rules, loader, rights, reason);
    return status;
}

static enum esep_status allow_all(const struct ruleset *rules,
                                  const struct esep_sandbox_folder *folders, size_t count,
                                  bool itself, struct esep_reason *reason)
{
    enum esep_status status =
        allow(rules, "/dev/null", RIGHT(READ_FILE) | RIGHT(WRITE_FILE), reason);
    if (status == ESEP_NOT_FOUND)
        status = ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && i < sizeof everybody_reads / sizeof *everybody_reads;
         i++) {
        status = allow(rules, everybody_reads[i], READING, reason);
        if (status == ESEP_NOT_FOUND || status == ESEP_DENIED)
            status = ESEP_OK;
    }
    for (size_t i = 0; status == ESEP_OK && i < count; i++)
        status = allow_one(rules, &folders[i], reason);
    return status == ESEP_OK && itself ? allow_itself(rules, reason) : status;
}

enum esep_status esep_sandbox_folders(const struct esep_sandbox_folder *folders, size_t count,
                                      bool itself, struct esep_reason *reason)
{
    const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION);
    if (version < VERSION_MIN)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "this kernel has no Landlock (or an early one): files outside of the "
                            "daemon's folders are kept from it by their modes alone");
    struct ruleset_attr attr = {.handled_fs = ALL_RIGHTS};
    size_t size = sizeof attr.handled_fs;
    if (version >= VERSION_TRUNCATE)
        attr.handled_fs |= RIGHT(TRUNCATE);
    if (version >= VERSION_SCOPED) {
        attr.scoped = SCOPE_SIGNAL;
        size = sizeof attr;
    }
    const struct ruleset rules = {.fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0),
                                  .handled = attr.handled_fs};
    if (rules.fd < 0)
        return failed("begin", "its rules", reason);
    enum esep_status status = allow_all(&rules, folders, count, itself, reason);
    if (status == ESEP_OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        status = failed("give up", "new rights", reason);
    if (status == ESEP_OK && syscall(SYS_landlock_restrict_self, rules.fd, 0) != 0)
        status = failed("keep to", "its folders", reason);
    (void)close(rules.fd);
    return status;
}

static enum esep_status said(enum esep_status status, const struct esep_reason *reason)
{
    if (status != ESEP_NOT_FOUND)
        return status;
    esep_log(ESEP_LOG_WARNING, "sandbox-partly", "%s", reason->text);
    return ESEP_OK;
}

enum esep_status esep_sandbox_keep_to_folders(bool wanted,
                                              const struct esep_sandbox_folder *folders,
                                              size_t count, bool itself, struct esep_reason *reason)
{
    return wanted ? said(esep_sandbox_folders(folders, count, itself, reason), reason) : ESEP_OK;
}

enum esep_status esep_sandbox_keep_to_calls(bool wanted, const struct esep_sandbox_calls *calls,
                                            struct esep_reason *reason)
{
    if (wanted)
        return said(esep_sandbox_calls(calls, reason), reason);
    esep_log(ESEP_LOG_WARNING, "sandbox-off", "the configuration says so");
    return ESEP_OK;
}
