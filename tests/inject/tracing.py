"""strace as a tester's hand: which calls a program makes on our files, and one of them made to fail.

A place is (call, number, path): the n-th time that a thread of the program makes this call on one of
the paths that are ours. strace counts for each thread by itself, and, given -P, only calls on those
paths; so a place found in one run is found again in the next as far as the program does the same.
Whether it was hit is seen from the second run's own trace, never assumed.
"""

import os
import re
import subprocess

CALLS = ("write", "writev", "pwrite64", "pwritev", "fsync", "fdatasync", "msync", "rename", "renameat2",
         "link", "unlink", "mkdir", "openat", "ftruncate", "flock")
# What an error of the disk can do to each call; the kernel may deliver EIO anywhere.
FULL = ("write", "writev", "pwrite64", "pwritev", "fsync", "fdatasync", "msync", "rename", "link", "mkdir",
        "openat", "ftruncate")
ENTRY = re.compile(r"^(\d+)\s+(\w+)\((.*)")
BY_FD = re.compile(r"^\d+<([^>]*)>")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
UNNAMED = re.compile(r"\.keys\.\w{6}\b")  # a file whose name is drawn at random
LEAKS = {"ASAN_OPTIONS": "detect_leaks=0"}  # LeakSanitizer and strace both want to trace


def works():
    """Why strace cannot be used here, or None."""
    try:
        done = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True,
                              check=False)
    except FileNotFoundError:
        return "strace is not installed"
    return None if done.returncode == 0 else f"strace does not work here: {done.stderr.strip()}"


class Place:
    """A call that can be made to fail."""

    def __init__(self, call, number, path, alone):
        self.call = call
        self.number = number  # among the thread's calls of this kind on our paths, or on all
        self.path = path
        self.alone = alone  # the path's name is random: counted among all paths

    def __str__(self):
        return f"{self.call} {self.number} on {self.path}"

    def errors(self):
        """What is injected here."""
        return ("EIO", "ENOSPC", "SIGKILL") if self.call in FULL else ("EIO", "SIGKILL")


def read(trace, folder):
    """The calls of a trace on paths under folder: [(thread, call, number in all, path, injected)]."""
    counts, found = {}, []
    with open(trace, encoding="utf-8", errors="replace") as file:
        for line in file:
            entry = ENTRY.match(line)
            if entry is None or entry[2] not in CALLS:
                continue
            thread, call, rest = entry.groups()
            counts[thread, call] = number = counts.get((thread, call), 0) + 1
            at = BY_FD.match(rest)
            paths = [at[1]] if at else QUOTED.findall(rest)
            path = next((p for p in paths if p.startswith(folder)), None)
            if path is not None:
                found.append((thread, call, number, path, "(INJECTED)" in rest))
    return found


def places(trace, folder):
    """Every place of a trace, once; and the paths to watch."""
    counts, found = {}, {}
    watched = set()
    for thread, call, number, path, _ in read(trace, folder):
        if path.endswith(".log"):  # a daemon's stderr: nothing hangs on it but this test's eyes
            continue
        if UNNAMED.search(path):
            found.setdefault((call, number, True), Place(call, number, UNNAMED.sub(".keys.*", path), True))
            continue
        watched.add(path)
        counts[thread, call] = nth = counts.get((thread, call), 0) + 1
        found.setdefault((call, nth, False), Place(call, nth, path, False))
    return list(found.values()), sorted(watched)


def words(trace, place=None, error=None, watched=()):
    """The front of a command line that traces, and makes one place fail."""
    line = ["strace", "-f", "-y", "-o", trace, "-e", "trace=" + ",".join(CALLS), "-e", "signal=none"]
    if place is not None:
        what = "signal=SIGKILL" if error == "SIGKILL" else f"error={error}"
        line += ["-e", f"inject={place.call}:{what}:when={place.number}"]
        if not place.alone:
            for path in watched:
                line += ["-P", path]
    return line


def injected(trace):
    """The lines of a run in which the error was put: to show what was hit."""
    with open(trace, encoding="utf-8", errors="replace") as file:
        return [line.strip()[:160] for line in file if "(INJECTED)" in line]
