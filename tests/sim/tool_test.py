#!/usr/bin/env python3
"""tool_test PROGRAM: what esep-sim says of seeds that fail, and that it says the same each time.

The failures are planted (--planted crash:2 fails once two crashes have happened), so that it is known
beforehand what the tool must find: the seed, the line that repeats it, and the small run in it.
"""
import re
import shlex
import subprocess
import sys
import unittest

PROGRAM = ""


def run(*args, expect=0):
    """Standard output and error of a run that ends with status `expect`."""
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, check=False)
    if done.returncode != expect:
        raise AssertionError(f"{args}: status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr}")
    return done.stdout, done.stderr


def again(told):
    """The arguments of the last line that a failure names to repeat it."""
    line = re.findall(r"again: (.*)$", told, re.MULTILINE)[-1]
    return shlex.split(line)[1:]


def find(planted, *args):
    """The arguments that repeat the first seed in which the planted failure comes up."""
    _, err = run("--seeds", "1..5000", "--planted", planted, "--failures", "1", "--quiet", *args,
                 expect=1)
    return again(err)[:-1]


def traced(out):
    """The lines of a trace."""
    return [line for line in out.splitlines() if re.match(r" *\d+\+\d\d:\d\d:\d\d\.\d{6} ", line)]


class Runs(unittest.TestCase):
    """One seed, one trace."""

    def test_the_trace_is_the_same_in_every_process(self):
        one, _ = run("--seeds", "301..307")
        other, _ = run("--seeds", "301..307", "--jobs", "3", "--twice")
        seeds = [sorted(re.findall(r"^seed .*$", out, re.MULTILINE)) for out in (one, other)]
        self.assertEqual(len(seeds[0]), 7)
        self.assertEqual(seeds[0], seeds[1])

    def test_printing_changes_nothing(self):
        quiet, _ = run("--seed", "302")
        loud, _ = run("--seed", "302", "--trace")
        self.assertGreater(len(traced(loud)), 100)
        self.assertIn(re.search(r"^seed .*$", quiet, re.MULTILINE)[0], loud)

    def test_the_budget_ends_it(self):
        out, _ = run("--seeds", "1..100000000", "--for", "1", "--jobs", "2", "--quiet")
        self.assertRegex(out, r"(?m)^all well$")
        seeds = int(re.match(r"(\d+) seeds", out)[1])
        self.assertTrue(0 < seeds < 100000000)

    def test_what_it_cannot_read_it_refuses(self):
        for args in (["--seeds", "9..3"], ["--seed", "0"], ["--without", "rain"],
                     ["--only", "crash:0"], ["--profile", "monday"], ["--jobs", "x"],
                     ["--seeds", "1..3", "--shrink"]):
            with self.subTest(args):
                run(*args, expect=64)


class Happens(unittest.TestCase):
    """What the summary counts does come up: a fault that never strikes tests nothing."""

    seeds = {"calm": 10, "clocks": 40, "crashes": 60, "disk": 40, "enrol": 60, "versions": 20}
    kinds = {
        "calm": ["executors named by a group"],
        "clocks": ["entries pruned", "entries of older epochs pruned", "stores restored"],
        "crashes": ["orderly stops broken off by a crash"],
        "disk": ["journals restored to before their first entry"],
        "enrol": ["stolen codes refused", "stolen codes that came first",
                  "stores restored to before an enrolment",
                  "offices told that they are not enrolled there"],
        "versions": ["machines of another version", "offices told of their version",
                     "welcomes to offices of several versions"]}

    def test_each_of_them(self):
        for profile, seeds in self.seeds.items():
            out, _ = run("--profile", profile, "--seeds", f"1..{seeds}", "--jobs", "2", "--quiet")
            detail = re.search(r"^in detail:(.*)$", out, re.MULTILINE)[1]
            counts = {what: int(n) for what, n in re.findall(r" ([^,]+) (\d+)(?:,|$)", detail)}
            for kind in self.kinds[profile]:
                with self.subTest(kind):
                    self.assertGreater(counts[kind], 0)


class Failures(unittest.TestCase):
    """What fails is told, and does not end the rest."""

    def test_each_failure_is_told_and_the_campaign_goes_on(self):
        out, err = run("--profile", "crashes", "--seeds", "1..12", "--planted", "crash:9",
                       "--jobs", "2", "--quiet", expect=1)
        failed = set(re.findall(r"^seed (\d+) \(crashes\) failed", err, re.MULTILINE))
        self.assertTrue(0 < len(failed) < 12, failed)
        self.assertRegex(err, r"commit \S+; again: \S+ --profile crashes --seed ")
        self.assertRegex(out, rf"(?m)^12 seeds .*\n(.*\n)*{len(failed)} FAILED:")
        self.assertNotRegex(out, "all well")

    def test_so_many_failures_are_enough(self):
        out, _ = run("--profile", "crashes", "--seeds", "1..100000", "--planted", "crash:1",
                     "--failures", "3", "--quiet", expect=1)
        self.assertRegex(out, "3 FAILED, and no more were tried")

    def test_a_core_that_dies_is_told_with_its_seed_and_its_trace(self):
        line = find("crash:1", "--planted-abort", "--profile", "crashes")
        out, err = run(*line, "--trace", expect=1)
        self.assertRegex(err, r"^seed \d+ \(crashes\) failed .* killed by signal 6")
        self.assertGreater(len(traced(out)), 5)
        _, repeated = run(*again(err), expect=1)
        self.assertEqual(err, repeated)


class Masks(unittest.TestCase):
    """What a run is told to do without does not happen."""

    seed = "1"

    def happened(self, *args):
        """The summary's counts, kind by kind."""
        out, _ = run("--profile", "everything", "--seed", self.seed, "--quiet", *args)
        counts = re.search(r"^happened:(.*)$", out, re.MULTILINE)[1]
        return {kind: int(n) for kind, n in re.findall(r"(\w+) (\d+)", counts)}

    def test_kinds_and_numbers(self):
        line = find("crash:4,loss:9", "--profile", "everything")
        self.seed = line[line.index("--seed") + 1]
        everything = self.happened()
        self.assertGreater(everything["crash"], 2)
        self.assertGreater(everything["loss"], 0)
        less = self.happened("--without", "loss,crash:2")
        self.assertEqual(less["loss"], 0)
        self.assertEqual(less["crash"], everything["crash"] - 1)
        self.assertEqual(self.happened("--only", "crash:1,crash:3-3")["crash"], 2)
        self.assertEqual(self.happened("--without", "write")["write"], 0)


class Shrinking(unittest.TestCase):
    """The small run fails as the large one does, by the line that was printed."""

    def shrink(self, *planted):
        args = find(*planted, "--profile", "everything")
        large, _ = run(*args, "--trace", expect=1)
        out, told = run(*args, "--shrink", expect=1)
        small, told_again = run(*again(told), expect=1)
        self.assertIn(told_again, told)
        lines = len(traced(small))
        self.assertLess(3 * lines, len(traced(large)))
        self.assertRegex(out, rf"lines of trace to {lines}, \d+ faults and doings to \d+")
        return int(re.search(r"doings to (\d+)", out)[1]), again(told)

    def test_no_more_is_left_than_was_needed(self):
        left, line = self.shrink("crash:2,line:2,write:1")
        self.assertEqual(left, 5, line)

    def test_a_core_that_dies(self):
        left, line = self.shrink("link:3", "--planted-abort")
        self.assertEqual(left, 3, line)

    def test_a_seed_that_does_not_fail(self):
        out, _ = run("--seed", "1", "--shrink")
        self.assertRegex(out, "does not fail")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
