"""One work under one injected error, judged; and the sweep over all of them.

What is asked of a program to which a call failed: it ends with a documented exit status and says what
is wrong, or lives on as designed; it never dies of a signal of its own, never says 0 with the work
undone; and the same command, the error gone, does the work: no wreck is in its way.
"""

import os
import re
import signal
import subprocess

import esep
import tracing

STATUSES = (0, 64, 65, 69, 73, 75, 77, 78)
SAYS = re.compile(r"esep-\w+[^:]*: \S.{12,}|:\d+:\d+: ")


class Found(Exception):
    """Something that must not be."""


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit {self.code}\n{self.out[-600:]}{self.err[-1500:]}"


def run(world, front, words):
    """A command with its output in a file that is ours, too: a full disk may be under it."""
    path = world.out("stdout")
    try:
        return ended(path, front, words)
    except subprocess.TimeoutExpired:
        raise Found(f"it does not end: {' '.join(map(str, words))}") from None


def ended(path, front, words):
    with open(path, "wb") as out:
        done = subprocess.run(front + [str(word) for word in words], stdout=out, timeout=esep.PATIENCE,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False,
                              env=dict(os.environ, **tracing.LEAKS))
    with open(path, encoding="utf-8", errors="replace") as file:
        return Result(done.returncode, file.read(), done.stderr.decode("utf-8", "replace"))


def survey(world, work):
    """The places of a work, from a run in which nothing fails."""
    work.before(world)
    trace = world.out("trace")
    result = run(world, tracing.words(trace), work.words(world))
    if result.code not in (0, *work.again) or (result.code == 0 and not work.done(world, result)):
        raise Found(f"{work.name} does not work at all: {result}")
    return tracing.places(trace, world.field.folder)


def judge_end(place, error, result):
    """How a program may end to which this call failed."""
    if error == "SIGKILL":
        return
    if result.code < 0 or result.code > 128:
        raise Found("it died of a signal")
    if esep.TROUBLE.search(result.err):
        raise Found("a sanitizer or an assertion spoke")
    if result.code not in STATUSES:
        raise Found("an exit status that no page documents")
    if result.code != 0 and not SAYS.search(result.err):
        raise Found("it does not say what is wrong")
    if error == "ENOSPC" and result.code in (64, 65, 77, 78) and place.call != "openat":
        raise Found("a full disk passes for another's fault")


def try_place(world, work, place, error, watched):
    """True: the call was hit. Raises Found."""
    work.before(world)
    trace = world.out("trace")
    # The paths hold for this run's folders, too, but for numbers that count on.
    renamed = world.renamed(watched)
    result = run(world, tracing.words(trace, place, error, renamed), work.words(world))
    killed = error == "SIGKILL" and result.code in (-signal.SIGKILL, 128 + signal.SIGKILL)
    if not killed and not tracing.injected(trace):
        return False
    try:
        judge_end(place, error, result)
        if result.code == 0 and not work.done(world, result):
            raise Found("it ended with 0 and the work is not done")
        if not work.safe(world):
            raise Found("what was there before is not as it was")
        after = run(world, [], work.words(world))
        if after.code not in work.again:
            raise Found(f"done again, nothing injected, it fails:\n{after}")
        if (after.code == 0 or not work.lists) and not work.done(world, after):
            raise Found(f"done again, nothing injected, the work is not done:\n{after}")
    except (Found, AssertionError) as found:
        hit = "\n".join(tracing.injected(trace))
        raise Found(f"{work.name}: {error} at {place}: {found}\n{result}\n{hit}") from None
    return True
