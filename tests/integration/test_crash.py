#!/usr/bin/python3
"""kill -9, at any moment, of the collector, the broker, an agent, or a command: nothing is lost and
nothing is doubled.

    test_crash.py [--cycles N] [--seed N]

A command that ended with 0 has filed all its reports, one that was killed all or none. At the end the
log holds, for each office, those reports and no others, each once, in order, numbered 1, 2, 3 …; each
has its receipt; the log verifies and replays. Reports are told apart by their percentage, which
counts on from report to report, and some of them by their words. The seed is printed; with the same
seed the same things are killed in the same order.
"""

import argparse
import collections
import json

import random
import signal
import subprocess
import sys
import time
import unittest

import esep

BODIES = ["moj", "mia", "akmola"]
ACTIONS = {number: ("During 2013", BODIES) for number in range(1, 9)}
OPTIONS = argparse.Namespace(cycles=40, seed=None)


class Crash(unittest.TestCase):
    def setUp(self):
        seed = OPTIONS.seed if OPTIONS.seed is not None else random.randrange(1 << 32)
        print(f"seed {seed}, {OPTIONS.cycles} cycles", file=sys.stderr)
        self.random = random.Random(seed)
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00")
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"), bodies=BODIES,
                                             actions=ACTIONS))
        for body in BODIES:
            self.field.enrol(body, start=True)
        for office in self.field.offices:
            esep.wait(lambda o=office: o.command("duties", "--json").json()["plan_known"],
                      "the plan in each office's mailbox")
        self.filed = collections.defaultdict(list)  # office's name -> (tags of a command, is sure)
        self.kills = collections.Counter()
        self.tag = 0

    def lines(self, office, count):
        """A file of count reports, each with a tag of its own."""
        path = self.field.path(f"{office.name}.many")
        tags = []
        with open(path, "w", encoding="utf-8") as file:
            for _ in range(count):
                self.tag += 1
                tags.append(self.tag)
                action = self.random.randrange(1, len(ACTIONS) + 1)
                file.write(json.dumps({
                    "obligation": f"small/fulfilment/{action}/{office.body}/2013-01-01..2013-12-31",
                    "fulfilment": "in_progress", "percent": self.tag % 101,
                    "narrative": f"tag-{self.tag} " + "ұ" * self.random.randrange(600),
                }) + "\n")
        return path, tags

    def file_reports(self, office, kill_command):
        path, tags = self.lines(office, self.random.randrange(1, 40))
        words = [esep.program("agent"), "report", "--config", office.config, "--many", path]
        # pylint: disable=consider-using-with
        command = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if kill_command:
            time.sleep(self.random.random() * 0.15)
            command.kill()
        _, err = command.communicate(timeout=esep.PATIENCE)
        self.filed[office.name].append((tags, command.returncode == 0))
        if command.returncode not in (0, -signal.SIGKILL):
            self.fail(f"report ended with {command.returncode}: {err.decode()}")

    def cycle(self):
        choice = [self.field.collector, self.field.broker.daemon,
                  self.random.choice(self.field.offices).daemon]
        victims = self.random.sample(choice, self.random.choice((1, 1, 1, 2, 3)))
        kill_command = self.random.random() < 0.2
        for office in self.random.sample(self.field.offices, self.random.randrange(1, 3)):
            self.file_reports(office, kill_command)
        time.sleep(self.random.random() ** 2 * 0.4)  # when: anywhere in the work that it started
        for victim in victims:
            self.kills[victim.name.split("-")[0]] += 1
            victim.kill()
        time.sleep(self.random.random() ** 3 * 0.3)
        for victim in victims:
            victim.start()

    def test_nothing_lost_nothing_doubled(self):
        began = time.monotonic()
        for _ in range(OPTIONS.cycles):
            self.cycle()
        print(f"{self.tag} reports, killed: {dict(self.kills)}, "
              f"{time.monotonic() - began:.0f} s", file=sys.stderr)
        journals = {}
        for office in self.field.offices:
            journals[office.name] = esep.wait(lambda o=office: self.all_received(o),
                                              f"receipts for all of {office.name}", timeout=120)
        for daemon in self.field.daemons:
            daemon.stop()
        self.check_the_log(journals)
        verdict = self.field.check_log()
        self.assertEqual(verdict["office_entries"], sum(journals.values()))

    def all_received(self, office):
        entries = office.command("status", "--json").json()["entries"]
        return entries["written"] if entries["received"] == entries["written"] else None

    def check_the_log(self, journals):
        held = collections.defaultdict(list)
        for row in self.field.reports():
            held[row["office"]].append(row)
        for number, office in enumerate(self.field.offices, 1):
            rows = sorted(held[number], key=lambda row: row["log_index"])
            self.assertEqual([row["seq"] for row in rows],
                             list(range(1, journals[office.name] + 1)), office.name)
            self.assertEqual({row["epoch"] for row in rows}, {1})
            self.assertNotIn("refused", {row["state"] for row in rows})
            tags = self.tags_of(office, [row["percent"] for row in rows])
            for place in self.random.sample(range(len(rows)), min(8, len(rows))):
                index = str(rows[place]["log_index"])
                words = self.field.command("reports", index).json()["report"]["narrative"]
                self.assertTrue(words.startswith(f"tag-{tags[place]} "), words[:40])

    def tags_of(self, office, percents):
        """Which reports these are: every command's that is sure, and of the killed ones all or
        none."""
        tags = []
        for block, sure in self.filed[office.name]:
            there = percents[len(tags) : len(tags) + len(block)] == [tag % 101 for tag in block]
            self.assertTrue(there or not sure, f"{office.name}: lost or out of order at {block[0]}")
            tags += block if there else []
        self.assertEqual(len(tags), len(percents), f"{office.name}: more than was filed")
        return tags


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=40)
    parser.add_argument("--seed", type=int, default=None)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
