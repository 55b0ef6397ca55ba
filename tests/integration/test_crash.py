#!/usr/bin/python3
"""kill -9, at any moment, of the collector, a broker, an agent, or a command: nothing is lost and
nothing is doubled.

    test_crash.py [--cycles N] [--seed N] [--round N] [--field N]

Offices report, the secretariat decides, offices enrol and the operator backs up (crash_load.py) while
one, two or three daemons are killed in each cycle, some of them again while they start, some of them
while they drain. After every cycle: no receipt for what is not in the store, and store and journal
open (crash_check.py). Every round of some dozen cycles the work is let come to rest, and everything
that was acknowledged must be there once, in order, with its receipt; the log verifies and replays;
every confirmed decision is in its office's mailbox; every backup that ended well is whole. A long
campaign begins a new field after some hundred cycles.

The seed is printed; with the same seed the same things are killed in the same order, at moments that
the machine's load shifts.
"""

import argparse
import collections
import contextlib
import os
import random
import signal
import sys
import time
import unittest

import crash_check
import crash_load
import esep

OPTIONS = argparse.Namespace(cycles=40, seed=None, round=20, field=400)
ACTIONS = {number: ("During 2013", crash_load.BODIES) for number in crash_load.ACTIONS}


class Country:
    """One field, killed again and again."""

    def __init__(self, field, rng):
        self.field = field
        self.random = rng
        self.kills = collections.Counter()
        field.begin()
        field.load_plan(esep.small_plan(field.path("small.yaml"), bodies=crash_load.BODIES,
                                        actions=ACTIONS))
        self.work = crash_load.Work(field, rng)
        self.check = crash_check.Check(field, self.work, rng)
        for body in crash_load.BODIES[:3]:
            office = field.enrol(body, start=True)
            self.work.numbers[office.name] = office.command("status", "--json").json()["office"]
        for office in field.offices:
            esep.wait(lambda o=office: o.command("duties", "--json").json()["plan_known"],
                      "the plan in each office's mailbox")
        self.work.draw_codes(2)

    def victims(self):
        choice = [self.field.collector, self.random.choice(self.field.brokers).daemon,
                  self.random.choice(self.work.offices()).daemon]
        return self.random.sample(choice, self.random.choice((1, 1, 1, 2, 3)))

    def kill(self, victim):
        code = victim.process.poll()
        if code not in (None, 0):
            raise AssertionError(f"{victim.name} ended by itself with {code}:\n"
                                 + victim.text()[-3000:])
        victim.kill()
        self.kills[victim.name.rstrip("-0123456789")
                   if victim.name[0] != "b" or victim.name.startswith("broker") else "agent"] += 1

    def cycle(self):
        """Half a second of work, with kills in it."""
        draw = self.random.random
        events = []
        for _ in range(self.random.randrange(2, 7)):
            job = self.work.begin_something()
            if job is not None and draw() < 0.2:
                events.append((draw() * 0.15, job.kill))
                self.kills["command"] += 1
        for victim in self.victims():
            at = draw() ** 2 * 0.3  # anywhere in the work that was just begun
            if draw() < 0.15:
                events.append((at * draw(), lambda v=victim: v.signal(signal.SIGTERM)))
            events.append((at, lambda v=victim: self.kill(v)))
            at += draw() ** 3 * 0.2
            events.append((at, lambda v=victim: v.start(ready=False)))
            if draw() < 0.2:  # while it starts
                at += draw() * 0.08
                events.append((at, lambda v=victim: self.kill(v)))
                events.append((at, lambda v=victim: v.start(ready=False)))
        crash_load.timeline(events)
        self.work.reap()
        self.check.spot()

    def rest(self):
        """Nobody is killed; all must come right."""
        for daemon in self.field.daemons:
            if daemon.process is not None:
                daemon.wait_log(r" ready: ")
        self.work.reap(wait=True)
        self.work.settle_enrolments()
        self.work.settle_backups()
        verdict = self.check.whole()
        self.work.draw_codes(2)
        seen = sum(self.check.seen.values())
        assert verdict["office_entries"] == seen, f"{seen} reports in {verdict}"
        for name in os.listdir(self.field.folder):
            if name.startswith("backup-"):
                esep.shutil.rmtree(self.field.path(name), ignore_errors=True)

    def end(self):
        self.rest()
        for daemon in self.field.daemons:
            if daemon.process is not None:
                daemon.stop()
        self.field.check_log()


class Crash(unittest.TestCase):
    def test_nothing_lost_nothing_doubled(self):
        seed = OPTIONS.seed if OPTIONS.seed is not None else random.randrange(1 << 32)
        print(f"seed {seed}, {OPTIONS.cycles} cycles", file=sys.stderr)
        rng = random.Random(seed)
        began = time.monotonic()
        kills, counts = collections.Counter(), collections.Counter()
        done = 0
        while done < OPTIONS.cycles:
            with contextlib.ExitStack() as stack:
                field = stack.enter_context(
                    esep.Field(clock="at:2013-02-01T09:00:00+06:00", brokers=2))
                country = Country(field, rng)
                for number in range(1, min(OPTIONS.field, OPTIONS.cycles - done) + 1):
                    country.cycle()
                    done += 1
                    if number % OPTIONS.round == 0:
                        country.rest()
                        self.say(done, began, kills + country.kills, counts + country.work.counts)
                country.end()
                kills += country.kills
                counts += country.work.counts
        self.say(done, began, kills, counts)
        self.assertEqual(done, OPTIONS.cycles)
        self.assertGreater(counts["reports"], 0)

    def test_killed_before_it_wrote(self):
        """An office whose only command was killed at once has nothing to wait for."""
        with esep.Field(clock="at:2013-02-01T09:00:00+06:00", brokers=2) as field:
            country = Country(field, random.Random(1))
            job = None
            while job is None:
                job = country.work.file_reports()
            job.kill()
            country.end()

    def say(self, done, began, kills, counts):
        print(f"cycle {done} of {OPTIONS.cycles}, {time.monotonic() - began:.0f} s; "
              f"done {dict(counts)}; killed {dict(kills)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=40)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--round", type=int, default=20, help="cycles between two whole checks")
    parser.add_argument("--field", type=int, default=400, help="cycles before all begins anew")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
