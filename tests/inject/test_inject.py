#!/usr/bin/python3
"""EIO, ENOSPC and SIGKILL put into each write, sync, rename and open of each daemon and command.

    test_inject.py [--seed N] [--places N] [--only WORD] [--list]
    test_inject.py --all [--progress FILE]    every place: what scripts/campaign inject runs

First each program runs with nothing injected, under strace, and its calls on our files are counted;
then one call at a time is made to fail (tracing.py), and what came of it is judged (sweep.py,
daemons.py). Without --all a sample, drawn by the seed that is printed. Exit status: 0 nothing found,
1 something, 77 where strace cannot be used: said loudly, and then a ctest is skipped.

With --progress, a sweep that was broken off goes on where it was, and its summary tells all of it.
"""

import argparse
import collections
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

# pylint: disable=wrong-import-position
import commands  # noqa: E402
import daemons  # noqa: E402
import esep  # noqa: E402
import progress  # noqa: E402
import sweep  # noqa: E402
import tracing  # noqa: E402

SKIPPED = 77
TRIES = 3


class Tally:
    """What was tried, and what was found."""

    def __init__(self, kept):
        self.kept = kept  # Progress
        self.began = time.monotonic()
        self.before = 0  # cases whose outcome an earlier run found
        self.hit = collections.Counter()  # by error
        self.calls = collections.Counter()  # by call
        self.missed = 0
        self.finds = []

    def add(self, hit, place, error):
        if not hit:
            self.missed += 1
            return
        self.hit[error] += 1
        self.calls[place.call] += 1

    def find(self, found):
        self.finds.append(str(found))
        print(f"FOUND {found}\n", flush=True)

    def known(self, name, place, error, case):
        """An earlier run tried it: its outcome counts here, too."""
        outcome = self.kept.outcome(name, case)
        if outcome is None:
            return False
        self.before += 1
        self.add(outcome != "missed", place, error)
        if outcome.startswith("found"):
            self.find(outcome)
        return True

    def summary(self):
        earlier = f" ({self.before} of the cases in an earlier run)" if self.before else ""
        return (f"{sum(self.hit.values())} faults injected ({dict(self.hit)}; {dict(self.calls)}), "
                f"{self.missed} places not reached again, {len(self.finds)} finds, "
                f"{time.monotonic() - self.began:.0f} s{earlier}")


def chosen(rng, found, count):
    """All (place, error), or as many as count drawn from them."""
    pairs = [(place, error) for place in found for error in place.errors()]
    return pairs if count is None or count >= len(pairs) else rng.sample(pairs, count)


def try_all(tally, name, folder, pairs, attempt):
    for place, error in pairs:
        case = progress.case_of(place, error, folder)
        if tally.known(name, place, error, case):
            continue
        try:
            # A daemon makes one commit of two things or two: another time it may come that far.
            hit = any(attempt(place, error) for _ in range(TRIES))
            tally.add(hit, place, error)
            tally.kept.note(name, case, "hit" if hit else "missed")
        except sweep.Found as found:
            tally.add(True, place, error)
            tally.find(found)
            tally.kept.note(name, case, f"found {found}")
    print(f"{name}: {len(pairs)} tried; {tally.summary()}", flush=True)


def run_commands(options, rng, tally):
    with esep.Field() as field:
        world = commands.World(field)
        for work in commands.TABLE:
            if options.only and options.only not in work.name:
                continue
            if not options.all and rng.random() > options.share:
                continue
            found, watched = sweep.survey(world, work)
            if options.list:
                print(work.name, *map(str, found), sep="\n  ")
                continue
            try_all(tally, work.name, field.folder,
                    chosen(rng, found, None if options.all else options.places),
                    lambda p, e, w=work, s=watched: sweep.try_place(world, w, p, e, s))


def run_daemons(options, rng, tally):
    for name in ("collector", "agent", "broker"):
        if options.only and options.only not in name + " run":
            continue
        with esep.Field() as field:
            served = daemons.Served(commands.World(field), name)
            found, watched = daemons.survey(served)
            # Failed commits first: a sweep that is broken off has tried what matters most.
            found.sort(key=lambda place: (place.call != "pwrite64", -place.number))
            if options.list:
                print(name + " run", *map(str, found), sep="\n  ")
                continue
            pairs = chosen(rng, found, None if options.all else options.places)
            if name == "collector" and not options.all:
                pairs.insert(0, (found[0], "EIO"))  # always: the daemon must serve on
            try_all(tally, name + " run", field.folder, pairs,
                    lambda p, e, v=served, s=watched: daemons.try_place(v, p, e, s))
            field.check_log()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true", help="every call of every program")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--places", type=int, default=3, help="of each program that is drawn (3)")
    parser.add_argument("--share", type=float, default=0.5, help="of the commands that are drawn (0.5)")
    parser.add_argument("--only", help="programs whose name holds this")
    parser.add_argument("--progress", metavar="FILE", help="what was tried, to go on from")
    parser.add_argument("--anew", action="store_true", help="forget what FILE says was tried")
    parser.add_argument("--list", action="store_true", help="the places, nothing injected")
    options = parser.parse_args()
    why = tracing.works()
    if why is not None:
        print(f"SKIPPED: no error was injected anywhere: {why}", file=sys.stderr)
        return SKIPPED
    print(f"seed {options.seed}")
    os.environ.update(tracing.LEAKS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and the field ends, too
    rng, tally = random.Random(options.seed), Tally(
        progress.Progress(options.progress, progress.digest(esep.BIN), options.anew))
    run_commands(options, rng, tally)
    run_daemons(options, rng, tally)
    print(tally.summary())
    return 1 if tally.finds or (not options.list and not tally.hit) else 0


if __name__ == "__main__":
    sys.exit(main())
