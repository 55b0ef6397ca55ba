#!/usr/bin/python3
"""under_unit.py UNIT PROGRAM …: becomes the program under the system call rules of a systemd unit, as systemd would make them:
SystemCallFilter, SystemCallErrorNumber, RestrictAddressFamilies, RestrictNamespaces, RestrictRealtime, MemoryDenyWriteExecute,
NoNewPrivileges and the Limit*. What the names of sets mean is systemd's to say (systemd-analyze syscall-filter). No systemd runs
here, so what it does by mounts (ProtectSystem and its kin) is not played; the daemons' own Landlock rules are.
"""

import ctypes
import errno
import os
import re
import resource
import socket
import subprocess
import sys

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
EQ, MASKED_EQ = 4, 7
NAMESPACES = 0x7E020000
FAMILIES = {"AF_UNIX": socket.AF_UNIX, "AF_INET": socket.AF_INET, "AF_INET6": socket.AF_INET6, "AF_NETLINK": socket.AF_NETLINK}
LIMITS = {"LimitNOFILE": resource.RLIMIT_NOFILE, "LimitCORE": resource.RLIMIT_CORE}


class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def settings(path):
    """Every line of [Service] as (name, value), in order."""
    with open(path, encoding="utf-8") as file:
        return re.findall(r"^(\w+)=(.*)$", file.read(), re.M)


def members(name):
    """The calls of a set, and of the sets in it."""
    if not name.startswith("@"):
        return {name}
    done = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True)
    words = [line.strip() for line in done.stdout.splitlines()[1:]]
    found = set()
    for word in words:
        if word and not word.startswith("#"):
            found |= members(word)
    return found


def allowed(lines):
    """An allow list, which the first line begins: what follows adds, or with ~ takes away."""
    calls = members("@default")
    for name, value in lines:
        if name == "SystemCallFilter":
            named = set().union(*(members(word) for word in value.lstrip("~").split()))
            calls = calls - named if value.startswith("~") else calls | named
    return calls


class Filter:
    def __init__(self, default):
        self.lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.lib.seccomp_init.restype = ctypes.c_void_p
        self.lib.seccomp_init.argtypes = [ctypes.c_uint32]
        self.lib.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
        self.lib.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
                                                    ctypes.POINTER(Compare)]
        self.lib.seccomp_load.argtypes = [ctypes.c_void_p]
        self.context = self.lib.seccomp_init(ERRNO | default)

    def rule(self, name, *compare, action=ALLOW):
        number = self.lib.seccomp_syscall_resolve_name(name.encode())
        if number == -1:  # of no architecture that libseccomp knows
            return
        how = (Compare * max(1, len(compare)))(*compare)
        if self.lib.seccomp_rule_add_array(self.context, action, number, len(compare), how) != 0:
            sys.exit(f"under_unit: no rule for {name}")

    def load(self):
        if self.lib.seccomp_load(self.context) != 0:
            sys.exit("under_unit: the filter does not load")


def bind(lines):
    last = dict(lines)
    calls = allowed(lines)
    for name, limit in LIMITS.items():
        if name in last:
            wanted = min(int(last[name]), resource.getrlimit(limit)[1])  # systemd is root, and may raise it
            resource.setrlimit(limit, (wanted, wanted))
    rules = Filter(getattr(errno, last["SystemCallErrorNumber"]))
    assert all(last[name] == "yes" for name in ("NoNewPrivileges", "MemoryDenyWriteExecute", "RestrictNamespaces", "RestrictRealtime"))
    for name in sorted(calls - {"mmap", "mmap2", "mprotect", "pkey_mprotect", "socket", "clone", "clone3", "unshare", "setns",
                                "sched_setscheduler"}):
        rules.rule(name)
    for name in ("mmap", "mmap2"):
        for fine in (0, 2, 4):  # written, or run, never both
            rules.rule(name, Compare(2, MASKED_EQ, 6, fine))
    rules.rule("mprotect", Compare(2, MASKED_EQ, 4, 0))
    for family in last["RestrictAddressFamilies"].split():
        rules.rule("socket", Compare(0, EQ, FAMILIES[family], 0))
    rules.rule("clone", Compare(0, MASKED_EQ, NAMESPACES, 0))
    rules.rule("clone3", action=ERRNO | errno.ENOSYS)
    if "sched_setscheduler" in calls:
        for policy in (os.SCHED_OTHER, os.SCHED_BATCH, os.SCHED_IDLE):
            rules.rule("sched_setscheduler", Compare(1, EQ, policy, 0))
    rules.load()


def main():
    unit, words = sys.argv[1], sys.argv[2:]
    bind(settings(unit))
    os.execv(words[0], words)


if __name__ == "__main__":
    main()
