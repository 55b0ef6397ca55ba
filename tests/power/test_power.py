#!/usr/bin/python3
"""The real programs with the recorder preloaded, and the power cut at their flushes.

    test_power.py [--seed N] [--images N] [--reborn N] [--full]

A field of broker, collector and two agents is set up, files reports, makes backups and a bundle,
with every write and sync of every program recorded in one order. Writes of LMDB's meta page are made
slow, and some commands are killed in the middle of one: what they wrote is seen by the others and is
not on the disk. Then the power of all
machines is cut, at flushes drawn by the seed and between them. On each image the real commands run:
what had been promised by then is there, and nothing is half. From some images everything is started
again, and must come to rest with every report received.

Law 1 as well: a sync of the running daemons fails once, and they close, open, look, and go on.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "integration"))
import esep  # pylint: disable=wrong-import-position,import-error

BODIES = ["moj", "mia"]
ACTIONS = {number: ("During 2013", BODIES) for number in range(1, 5)}
OPTIONS = argparse.Namespace(seed=None, images=14, reborn=1, full=False)
FAILURES = ["sync 5", "write 5", "sync 28"]  # EIO, EIO, ENOSPC
FAILED = (69, 73, 75)  # what a command says then
STYLES = ["nothing", "everything", "first", "some", "pages", "sectors", "but-one", "only-one"]
# Files that tests write by hand, or that are no part of what the disk must hold.
BY_HAND = (".yaml", ".many", ".log")


def tool(*words):
    return subprocess.run([os.path.join(esep.BIN, "esep-power-cut"), *map(str, words)],
                          capture_output=True, text=True, check=True).stdout


class Recorder:
    """Programs started inside `with recorder.on():` are recorded."""

    def __init__(self, folder, slow_ms):
        self.outside = tempfile.mkdtemp(prefix="esep-power-")
        self.record = os.path.join(self.outside, "record")
        self.trigger = os.path.join(self.outside, "trigger")
        self.base = os.path.join(self.outside, "base")
        shutil.copytree(folder, self.base)
        self.variables = {
            "LD_PRELOAD": os.path.join(esep.BIN, "libesep-power.so"),
            "ESEP_POWER_ROOT": folder,
            "ESEP_POWER_RECORD": self.record,
            "ESEP_POWER_TRIGGER": self.trigger,
            "ESEP_POWER_SLOW": str(slow_ms),
            "ASAN_OPTIONS": "verify_asan_link_order=0",
        }

    @contextlib.contextmanager
    def on(self):
        before = {name: os.environ.get(name) for name in self.variables}
        os.environ.update(self.variables)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def now(self):
        return os.path.getsize(self.record)

    def operations(self):
        """(number, length of the record after it, kind, number of the file)"""
        rows = (line.split() for line in tool("--record", self.record, "--list").splitlines())
        return [(int(row[0]), int(row[1]), row[2], int(row[3])) for row in rows]

    def image(self, number, data, names, seed, out):
        tool("--base", self.base, "--record", self.record, "--at", number, "--data", data,
             "--names", names, "--seed", seed, "--out", out)

    def fail_once(self, what):
        """The next one, in whichever process, fails."""
        draft = self.trigger + ".new"
        with open(draft, "w", encoding="ascii") as file:
            file.write(what)
        os.rename(draft, self.trigger)


class Power(unittest.TestCase):
    def setUp(self):
        self.seed = OPTIONS.seed if OPTIONS.seed is not None else random.randrange(1 << 32)
        print(f"seed {self.seed}", file=sys.stderr)
        self.random = random.Random(self.seed)
        off = {"sandbox": "false"}  # the recorder's files lie outside of the daemons' folders
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00", collector=off, broker=off)
        self.enterContext(self.field)
        self.recorder = Recorder(self.field.folder, 5)
        self.addCleanup(shutil.rmtree, self.recorder.outside, ignore_errors=True)
        self.windows = []  # (office, lengths of the record): a commit is seen, and not on the disk
        self.journals = {}  # numbers of their files
        self.promises = []  # (length of the record, what, more)
        self.tag = 0

    def promise(self, what, *more):
        self.promises.append((self.recorder.now(), what, *more))

    def file_reports(self, office, count, may_fail=()):
        path = self.field.path(f"{office.name}.many")
        with open(path, "w", encoding="utf-8") as file:
            for _ in range(count):
                self.tag += 1
                action = self.random.randrange(1, len(ACTIONS) + 1)
                file.write(json.dumps({
                    "obligation": f"small/fulfilment/{action}/{office.body}/2013-01-01..2013-12-31",
                    "fulfilment": "in_progress", "percent": self.tag % 101,
                    "narrative": f"tag-{self.tag} " + "ұ" * self.random.randrange(900),
                }) + "\n")
        self.report(office, path, count, (0, *may_fail))

    def report(self, office, path, count, codes):
        """All of them are in the journal or none; with exit 0 all."""
        before = getattr(office, "filed", 0)
        done = office.command("report", "--many", path, code=None)
        self.assertIn(done.code, codes, str(done))
        office.filed = before + count
        if done.code != 0:
            office.filed = office.command("status", "--json").json()["entries"]["written"]
            self.assertIn(office.filed, (before, before + count))
        self.promise("filed", office, office.filed)

    def flushes_of(self, office, since, until=1 << 62):
        """What was done last before each sync of the office's journal."""
        journal = self.journals[office.name]
        operations = self.recorder.operations()
        return [before[0] for before, op in zip(operations, operations[1:])
                if since < op[1] <= until and op[2:] == ("sync", journal)]

    def beside(self, office, name, *words, **variables):
        """A report that goes on meanwhile."""
        words = [esep.program("agent"), "report", "--config", office.config, *words]
        with open(os.path.join(self.recorder.outside, name), "wb") as log:
            return subprocess.Popen(words, stdout=log, stderr=log, env={**os.environ, **variables})

    def seen_unflushed(self, office):
        """A command dies of its commit: its entry is in the journal, and only the memory of a machine
        with power holds it. Another one, which had opened the journal before, takes over the writer's
        lock, so that all see the entry, and commits nothing: what it wants to report is not owed."""
        before = self.recorder.now()
        journal = os.path.join(office.folder, "journal", "data.mdb")
        self.journals[office.name] = os.stat(journal).st_ino
        gate = os.path.join(self.recorder.outside, "gate")
        dying = self.beside(office, "dying.log", "--many", self.one(office), ESEP_POWER_GATE=gate)
        esep.wait(lambda: os.path.exists(gate + ".here"), "its commit")
        held = self.recorder.now()  # from here on nobody else commits
        other = self.beside(office, "other.log", "p/x", "--fulfilment", "partly")
        esep.wait(lambda: self.flushes_of(office, held), "the other one's look at the journal")
        esep.write(gate, "")
        self.assertEqual(dying.wait(esep.PATIENCE), -signal.SIGKILL)
        self.assertEqual(other.wait(esep.PATIENCE), 65)
        os.remove(gate)
        os.remove(gate + ".here")
        office.filed += 1
        return before

    def never_told_unflushed(self, office):
        """The daemon sees such an entry when it looks, and when it begins anew: the collector must not
        hear of it while a cut would take it back."""
        before = self.seen_unflushed(office)
        esep.wait(lambda: self.all_received(office), f"receipts of {office.name}")
        self.windows.append((office, before, self.recorder.now()))
        office.configure(limits={"poll": "60s"})
        office.daemon.restart()
        before = self.seen_unflushed(office)
        office.daemon.signal(signal.SIGHUP)
        esep.wait(lambda: self.all_received(office), f"receipts of {office.name}")
        self.windows.append((office, before, self.recorder.now()))

    def all_received(self, office):
        entries = office.command("status", "--json").json()["entries"]
        return entries["received"] == entries["written"] == office.filed

    def work(self):
        """What is recorded."""
        field = self.field
        field.begin(start=False)
        self.promise("init")
        field.brokers[0].daemon.start()
        field.collector.start()
        field.load_plan(esep.small_plan(field.path("small.yaml"), bodies=BODIES, actions=ACTIONS))
        self.promise("plan")
        for body in BODIES:
            office = field.enrol(body, start=True, sandbox="false")
            self.promise("enrolled", office)
        for office in field.offices:
            esep.wait(lambda o=office: o.command("duties", "--json").json()["plan_known"],
                      "the plan in each office's mailbox")
        for count in (1, 7, 30, 2, 12):
            for office in field.offices:
                self.file_reports(office, count)
        for office in field.offices:
            esep.wait(lambda o=office: self.all_received(o), f"receipts of {office.name}")
        self.never_told_unflushed(field.offices[0])
        field.command("backup", field.path("backup-1"))
        self.promise("backup", "backup-1")
        self.law_one()
        for office in field.offices:
            office.command("bundle", "export", "--all", field.path(office.name, "bundle"))
            self.promise("bundle", office)
            self.file_reports(office, 3)
            esep.wait(lambda o=office: self.all_received(o), f"receipts of {office.name}")
        for daemon in field.daemons:
            daemon.stop()

    def law_one(self):
        """A sync that fails: no receipt, stop, reopen, check; and all is received in the end."""
        field = self.field
        for round_number in range(3):
            for office in field.offices:
                self.file_reports(office, 2, FAILED)  # the failure may meet this command
                self.recorder.fail_once(self.random.choice(FAILURES[:3 if OPTIONS.full else 2]))
            for office in field.offices:
                esep.wait(lambda o=office: self.settled(o),
                          f"receipts of {office.name}, after failure {round_number + 1}",
                          timeout=300 if OPTIONS.full else esep.PATIENCE)
        esep.wait(lambda: not os.path.exists(self.recorder.trigger), "the failure to be met")

    def settled(self, office):
        if os.path.exists(self.recorder.trigger):
            # Nothing is written any more: one more command meets it, or is told no.
            self.report(office, self.one(office), 1, (0, *FAILED))
        return self.all_received(office)

    def one(self, office):
        path = self.field.path("one.many")
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps({
                "obligation": f"small/fulfilment/1/{office.body}/2013-01-01..2013-12-31",
                "fulfilment": "in_progress", "percent": 5, "narrative": "one more"}) + "\n")
        return path

    # The cuts.

    def make_image(self, number, data, names, seed, out):
        self.recorder.image(number, data, names, seed, out)
        for root, _, files in os.walk(self.live):
            for name in files:
                if name.endswith(BY_HAND):
                    to = os.path.join(out, os.path.relpath(root, self.live))
                    os.makedirs(to, mode=0o700, exist_ok=True)
                    shutil.copy(os.path.join(root, name), to)

    def known(self, length):
        """Of each promise, the last one before the cut."""
        last = {}
        for at, what, *more in self.promises:
            if at <= length:
                key = more[0].name if more and isinstance(more[0], esep.Office) else "".join(more)
                last[what, key] = more
        return last

    def status_of(self, image, office):
        """entries of an office's journal in an image; None: not enrolled there."""
        result = esep.run(esep.program("agent"), "status", "--config",
                          os.path.join(image, office.name, "agent.yaml"), "--json", code=None)
        if result.code != 0:
            self.assertIn(result.code, (66, 69, 75, 77, 78, 73, 65, 64), str(result))
            self.assertTrue(result.err.strip(), "an error without a word")
            return None
        return result.json()["entries"]

    def check_agents(self, image, known):
        for office in self.field.offices:
            entries = self.status_of(image, office)
            if ("enrolled", office.name) in known:
                self.assertIsNotNone(entries, f"{office.name} is not enrolled any more")
            filed = known.get(("filed", office.name))
            if filed is not None:
                self.assertGreaterEqual(entries["written"], filed[1], f"{office.name} lost reports")
            if ("bundle", office.name) in known:
                self.assertGreater(os.path.getsize(os.path.join(image, office.name, "bundle")), 99)

    def collector(self, image, *words, code=0):
        return esep.run(esep.program("collector"), words[0], "--config",
                        os.path.join(image, "collector.yaml"), *words[1:], code=code)

    def check_collector(self, image, known, received, heard):
        """received: what offices have receipts for; heard: gets what the collector knows."""
        again = self.collector(image, "init")  # goes on where it stopped, or prints
        if ("init", "") in known:
            self.assertEqual(esep.keys_of(again.out), self.field.ids, "another log")
        verdict = self.collector(image, "log", "verify", "--json").json()
        self.assertTrue(verdict["ok"], verdict)
        self.assertTrue(self.collector(image, "log", "replay", "--json").json()["same"])
        status = self.collector(image, "status", "--json").json()
        self.assertTrue(("plan", "") not in known or status["plans"], "the plan is lost")
        numbers = {o["office"]: o for o in status["offices"]}
        rows = self.collector(image, "reports", "--json").json()["reports"]
        for number, office in enumerate(self.field.offices, 1):
            seqs = sorted(row["seq"] for row in rows if row["office"] == number)
            self.assertEqual(seqs, list(range(1, len(seqs) + 1)), f"{office.name}: doubled or lost")
            self.assertGreaterEqual(len(seqs), received.get(office.name, 0),
                                    f"{office.name} has receipts for more")
            if number in numbers:
                heard[office.name] = numbers[number]

    def cut(self, number, length, seed):
        draw = random.Random(seed)
        known = self.known(length)
        data, names = draw.choice(STYLES), draw.choice(STYLES)
        image = os.path.join(self.recorder.outside, "image")
        most = os.path.join(self.recorder.outside, "most")
        with self.subTest(cut=number, seed=self.seed, data=data, names=names):
            self.make_image(number, "everything", "everything", seed, most)
            received = {}
            for office in self.field.offices:
                entries = self.status_of(most, office)
                received[office.name] = entries["received"] if entries else 0
            self.make_image(number, data, names, seed, image)
            self.check_agents(image, known)
            self.check_collector(image, known, received, {})
            self.check_backup(image, known)
            self.check_promised(number, seed, most)
        shutil.rmtree(image, ignore_errors=True)
        shutil.rmtree(most, ignore_errors=True)

    def check_backup(self, image, known):
        folder = os.path.join(image, "backup-1")
        there = os.path.isdir(folder)
        self.assertTrue(there or ("backup", "backup-1") not in known, "the backup is gone")
        if there:
            shutil.rmtree(os.path.join(image, "store"))
            self.collector(image, "restore", folder)
            self.assertTrue(self.collector(image, "log", "verify", "--json").json()["ok"])

    def check_promised(self, number, seed, most):
        """What a collector may have heard of an office is on the office's disk, whatever is lost."""
        if not os.path.isdir(os.path.join(most, "store")):
            return
        heard = {}
        self.check_collector(most, {}, {}, heard)
        self.check_heard(number, seed, heard)

    def check_heard(self, number, seed, heard):
        least = os.path.join(self.recorder.outside, "least")
        shutil.rmtree(least, ignore_errors=True)
        self.make_image(number, "nothing", "nothing", seed, least)
        for office in self.field.offices:
            row = heard.get(office.name)
            if row is None:
                continue
            entries = self.status_of(least, office)
            written = entries["written"] if entries else 0
            self.assertGreaterEqual(written, row["promised"] if row["epoch"] else 0,
                                    f"{office.name}: the collector knows more than its own disk")
        shutil.rmtree(least, ignore_errors=True)

    def seen(self, number):
        """What check_promised asks, and no more: there are many flushes in a window."""
        most = os.path.join(self.recorder.outside, "most")
        shutil.rmtree(most, ignore_errors=True)
        self.make_image(number, "everything", "everything", 0, most)
        self.collector(most, "init")  # goes on where it stopped
        offices = self.collector(most, "status", "--json").json()["offices"]
        names = {i: office.name for i, office in enumerate(self.field.offices, 1)}
        self.check_heard(number, 0, {names[row["office"]]: row for row in offices})
        shutil.rmtree(most)

    def reborn(self, number, length, seed):
        """The image in the field's place: everything starts, and comes to rest."""
        draw = random.Random(seed)
        known = self.known(length)
        data, names = draw.choice(STYLES), draw.choice(STYLES)
        with self.subTest(reborn=number, seed=self.seed, data=data, names=names):
            self.make_image(number, data, names, seed, self.field.folder)
            for daemon in self.field.daemons:
                daemon.start()
            for office in self.field.offices:
                least = known["filed", office.name][1]
                esep.wait(lambda o=office, n=least: self.at_rest(o, n), f"{office.name} at rest")
            for daemon in self.field.daemons:
                daemon.stop()
            self.field.check_log()
        for daemon in self.field.daemons:
            daemon.kill()
        shutil.rmtree(self.field.folder)

    def at_rest(self, office, least):
        entries = office.command("status", "--json").json()["entries"]
        return entries["received"] == entries["written"] >= least

    def test_cuts(self):
        with self.recorder.on():
            self.work()
        operations = self.recorder.operations()
        flushes = [op for op in operations if op[2] in ("sync", "sync-folder", "lost")]
        print(f"{len(operations)} operations, {len(flushes)} flushes, {self.tag} reports",
              file=sys.stderr)
        self.assertGreater(len(flushes), 50)  # how many depends on what one commit takes up
        self.live = self.field.folder + ".live"
        os.rename(self.field.folder, self.live)
        self.addCleanup(shutil.rmtree, self.live, ignore_errors=True)
        try:
            for _ in range(OPTIONS.images):
                number, length, *_ = self.random.choice(
                    flushes if self.random.random() < 0.7 else operations)
                self.cut(number, length, self.random.randrange(1 << 32))
            for office, first, last in self.windows:
                # What the collector knows grows, and this disk's share with its flushes alone.
                for number in self.flushes_of(office, first, last):
                    with self.subTest(seen=number, seed=self.seed):
                        self.seen(number)
            ready = [at for at, what, *_ in self.promises if what == "filed"][1]
            late = [op for op in operations if op[1] >= ready]
            for _ in range(OPTIONS.reborn):
                number, length, *_ = self.random.choice(late)
                self.reborn(number, length, self.random.randrange(1 << 32))
        finally:
            shutil.rmtree(self.field.folder, ignore_errors=True)
            os.rename(self.live, self.field.folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--images", type=int, default=OPTIONS.images)
    parser.add_argument("--reborn", type=int, default=OPTIONS.reborn)
    parser.add_argument("--full", action="store_true",
                        help="disks are full for a moment, too: offices then wait for minutes")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
