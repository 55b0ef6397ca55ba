#!/usr/bin/python3
"""Disks that fill up and are freed, a file system that is read-only, descriptors and memory that run
out: loud, nothing lost, and what waited goes on by itself.

The disks are small file systems in memory, which only root may mount; for anyone else those tests are
skipped, and say so.
"""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

import esep

KEY = "small/fulfilment/1/moj/2013-01-01..2013-12-31"
DOCUMENTED = (0, 65, 69, 73, 75, 77, 78)


class Disk:
    """A small file system of our own."""

    def __init__(self, test, folder, size):
        self.folder = folder
        os.makedirs(folder, mode=0o700, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", folder],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"SKIPPED: no disk was filled: mount: {done.stderr.strip()}", file=sys.stderr)
            test.skipTest("needs root, to mount a small file system")
        test.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        self.filler = os.path.join(folder, "filler")

    def fill(self, leave=0):
        """Somebody else's file takes all of it."""
        with open(self.filler, "wb") as file:
            left = os.statvfs(self.folder)
            count = left.f_bavail * left.f_frsize - leave
            while count > 0:
                try:
                    count -= file.write(b"x" * min(count, 65536))
                    file.flush()
                except OSError:
                    break

    def free(self):
        os.unlink(self.filler)

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.folder], check=True)


class Base(unittest.TestCase):
    def setUp(self):
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00")
        self.enterContext(self.field)

    def begin(self):
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"),
                                             actions={1: ("During 2013", ["moj", "mia"])}))
        return self.field

    def many(self, office, count, size=2000, **more):
        path = self.field.path("many")
        with open(path, "w", encoding="utf-8") as file:
            for number in range(count):
                file.write(f'{{"obligation": "{KEY}", "percent": {number % 101}, "fulfilment": '
                           f'"in_progress", "narrative": "{"x" * size}"}}\n')
        return office.report("--many", path, "--unlisted", timeout=120, **more)

    def entries(self, office):
        return office.command("status", "--json").json()["entries"]

    def all_received(self, office, timeout=120):
        def done():
            entries = self.entries(office)
            return entries["received"] == entries["written"] and entries
        return esep.wait(done, f"receipts of {office.name}", timeout)


class Full(Base):
    def test_the_disk_of_the_store(self):
        field = self.field
        disk = Disk(self, field.path("disk"), "24m")
        field.collector_changes = {"store": disk.folder + "/store"}
        self.begin()
        office = field.enrol("moj", start=True)
        office.report(KEY, "--fulfilment", "executed", "--wait")
        disk.fill(leave=600_000)
        self.many(office, 1000)
        field.collector.wait_log("store-full")
        office.daemon.wait_log("uplink: .*full")
        entries = self.entries(office)
        self.assertLess(entries["received"], entries["written"])
        self.assertLessEqual(entries["received"], len(field.reports()))
        disk.fill()  # to the last byte
        field.check_log()
        self.assertTrue(field.collector.running() and office.daemon.running())
        disk.free()
        self.all_received(office)  # by itself
        field.collector.wait_log("store-has-room")
        self.assertEqual([r["seq"] for r in field.reports()], list(range(1, 1002)))
        field.collector.stop()
        field.check_log()

    def test_the_disk_of_the_journal(self):
        field = self.begin()
        disk = Disk(self, field.path("moj-1"), "8m")
        office = field.enrol("moj", name="moj-1", start=True)
        field.broker.daemon.stop()
        disk.fill(leave=900_000)
        written = 0
        for _ in range(60):
            result = self.many(office, 20, code=None)
            if result.code != 0:
                break
            written += 20
        self.assertEqual(result.code, 73, str(result))
        self.assertRegex(result.err, "full|room|space")
        disk.fill()
        result = office.report(KEY, "--unlisted", "--fulfilment", "partly", code=73)
        self.assertRegex(result.err, "full|room|space")
        self.assertEqual(self.entries(office)["written"], written)
        # The connection is back, but no receipt finds room; then there is room.
        field.broker.daemon.start()
        esep.wait(lambda: len(field.reports()) == written, "the reports sent all the same", timeout=60)
        self.assertTrue(office.daemon.running())
        self.assertLessEqual(self.entries(office)["received"], written)
        disk.free()
        self.all_received(office)
        office.report(KEY, "--unlisted", "--fulfilment", "executed", "--wait")
        self.assertEqual(len(field.reports()), written + 1)
        field.check_log()

    def test_the_disk_of_a_backup(self):
        field = self.begin()
        office = field.enrol("moj", start=True)
        self.many(office, 1000)
        self.all_received(office)
        disk = Disk(self, field.path("disk"), "16m")
        disk.fill(leave=500_000)
        copy = disk.folder + "/copy"
        result = field.command("backup", copy, code=73)
        self.assertRegex(result.err, "full|room|space")
        self.assertEqual(os.listdir(disk.folder), ["filler"])  # no half copy is in the way
        disk.free()
        field.command("backup", copy)
        self.assertFalse(os.path.exists(copy + ".part"))
        # Restored onto a disk without room: refused, nothing left; with room it is done.
        disk.fill(leave=500_000)
        field.collector.stop()
        field.configure(store=disk.folder + "/store")
        self.assertRegex(field.command("restore", copy, code=73).err, "full|room|space")
        self.assertEqual(sorted(os.listdir(disk.folder)), ["copy", "filler"])
        disk.free()
        field.command("restore", copy)
        self.assertTrue(field.check_log()["ok"])


class ReadOnly(Base):
    def test_a_disk_that_may_not_be_written(self):
        field = self.field
        disk = Disk(self, field.path("disk"), "32m")
        field.collector_changes = {"store": disk.folder + "/store"}
        self.begin()
        office = field.enrol("moj", start=True, journal=disk.folder + "/journal")
        office.report(KEY, "--fulfilment", "executed", "--wait")
        field.command("backup", disk.folder + "/copy")
        office.daemon.stop()
        field.collector.stop()
        disk.remount("ro")
        for words in (field.collector.words, office.daemon.words):
            result = esep.run(*words, code=77)
            self.assertRegex(result.err, "read-only", str(result))
        result = office.report(KEY, "--fulfilment", "partly", code=77)
        self.assertIn("read-only", result.err)
        self.assertIn("ead-only", field.command("backup", disk.folder + "/copy2", code=77).err)
        self.assertEqual(len(field.reports()), 1)  # what only reads still works
        field.check_log()
        self.assertEqual(self.entries(office)["received"], 1)
        disk.remount("rw")
        field.collector.start()
        office.daemon.start()
        office.report(KEY, "--fulfilment", "partly", "--wait")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Descriptors(Base):
    def test_a_broker_with_too_many_connections(self):
        """At 90 % it takes no more, serves those it has, and does not spin; then it takes them again."""
        self.field.broker_changes = {"limits": {"handshake": "10m"}}  # the crowd stays, however slow we are
        field = self.begin()
        office = field.enrol("moj", start=True)
        office.report(KEY, "--fulfilment", "executed", "--wait")
        broker = field.broker.daemon
        limit = field.broker.status()["descriptors"] + 60
        resource.prlimit(broker.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        broker.kill()
        broker.words = ["prlimit", f"--nofile={limit}:{limit}", *broker.words]
        broker.start()
        office.report(KEY, "--fulfilment", "partly", "--wait")
        crowd = []
        self.addCleanup(lambda: [one.close() for one in crowd])
        deadline = time.monotonic() + 30
        while "descriptors-low" not in broker.text() and time.monotonic() < deadline:
            one = socket.socket()
            one.settimeout(1)
            crowd.append(one)
            try:
                one.connect(("127.0.0.1", field.broker.port))
            except OSError:
                crowd.pop().close()
            time.sleep(0.05)
        broker.wait_log("descriptors-low: .*raise")
        before, since = cpu_seconds(broker.process.pid), time.monotonic()
        for _ in range(5):  # the one inside is served on
            office.report(KEY, "--fulfilment", "in_progress", "--wait")
        self.assertFalse(field.broker.status()["accepting"])
        time.sleep(max(0.0, since + 2 - time.monotonic()))
        spent = (cpu_seconds(broker.process.pid) - before) / (time.monotonic() - since)
        self.assertLess(spent, 0.5, "the broker spins")
        for one in crowd:
            one.close()
        broker.wait_log("descriptors-again")
        other = field.enrol("mia", start=True)
        other.report(KEY.replace("moj", "mia"), "--unlisted", "--fulfilment", "executed", "--wait")

    def test_none_left_at_the_start(self):
        """With so few that nothing can be opened, the programs end with a word."""
        field = self.begin()
        office = field.enrol("moj")
        field.collector.stop()
        field.broker.daemon.stop()
        for words in (field.collector.words, field.broker.daemon.words, office.daemon.words,
                      [esep.program("agent"), "status", "--config", office.config],
                      [esep.program("collector"), "status", "--config", field.config]):
            for limit in (5, 9, 14, 18, 30, 47):
                with self.subTest(words=words[:2], limit=limit):
                    self.ends(["prlimit", f"--nofile={limit}:{limit}", *words])
        field.broker.daemon.start()
        field.collector.start()
        office.daemon.start()
        office.report(KEY, "--unlisted", "--fulfilment", "executed", "--wait")
        field.check_log()

    def ends(self, words):
        """It ends by itself with a word, or it is ready; never of a signal without one."""
        program = esep.Daemon("starved", words, self.field.path("starved.log"))
        self.field.daemons.append(program)
        program.start(ready=False)
        esep.wait(lambda: " ready: " in program.text() or not program.running(), "ready, or the end")
        program.signal(signal.SIGTERM)
        code, said = program.ended(), program.text()
        self.field.daemons.remove(program)
        if code == 127:
            self.skipTest("the loader itself has no descriptors")
        self.assertIn(code, DOCUMENTED, said)
        if code != 0:
            self.assertRegex(said, r"esep-\w+[^:]*: \S.{12,}")


class Memory(Base):
    def setUp(self):
        super().setUp()
        with open(esep.program("agent"), "rb") as file:
            if b"__asan_init" in file.read():
                print("SKIPPED: memory is not limited: a sanitizer's shadow wants terabytes",
                      file=sys.stderr)
                self.skipTest("not with AddressSanitizer")

    # Also what libzmq says before it ends a program that it cannot serve: loud, and nothing is lost.
    # "failed to map": the loader's, before a program has begun. "bad_alloc": where libzmq asks C++ for it.
    OUT_OF_MEMORY = re.compile(r"OUT OF MEMORY|Cannot allocate memory|[Nn]o memory|cannot allocate|"
                               r"Resource temporarily unavailable|failed to map segment|bad_alloc")

    def test_too_little_memory(self):
        """From none at all to just enough: each daemon says that it has too little, or serves."""
        field = self.begin()
        office = field.enrol("moj", start=True)
        office.report(KEY, "--fulfilment", "executed", "--wait")
        for daemon in (office.daemon, field.collector, field.broker.daemon):
            daemon.stop()
            plain = daemon.words
            served = 0
            for megabytes in range(40, 1700, 110):
                daemon.words = ["prlimit", f"--as={megabytes << 20}", *plain]
                daemon.start(ready=False)
                esep.wait(lambda d=daemon: " ready: " in d.text() or not d.running(), "ready, or the end")
                daemon.signal(signal.SIGTERM)
                code = daemon.ended()
                if code == 0:
                    served += 1
                    continue
                # Also where it had just enough to be ready, and not to go on.
                self.assertRegex(daemon.text(), self.OUT_OF_MEMORY, f"{daemon.name}, {megabytes} MB")
                self.assertIn(code, (*DOCUMENTED, -6, 127), daemon.text())
            self.assertGreater(served, 0, daemon.name)
            daemon.words = plain
            daemon.start()
        office.report(KEY, "--fulfilment", "partly", "--wait")
        field.check_log()

    def test_memory_that_runs_out_at_work(self):
        """The daemon that cannot go on ends or refuses; started with enough, all is there."""
        field = self.begin()
        office = field.enrol("moj", start=True)
        self.many(office, 500)
        for daemon in (field.collector, office.daemon, field.broker.daemon):
            self.many(office, 500)
            with open(f"/proc/{daemon.process.pid}/statm", encoding="ascii") as file:
                now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
            resource.prlimit(daemon.process.pid, resource.RLIMIT_AS, (now + 65536, now + 65536))
            self.many(office, 1500)
            time.sleep(1)
            if not daemon.running():
                code = daemon.ended()
                self.assertRegex(daemon.text(), self.OUT_OF_MEMORY, daemon.name)
                self.assertIn(code, (*DOCUMENTED, -6), daemon.text())
            daemon.kill()
            daemon.start()
            written = self.all_received(office)["written"]
            self.assertEqual([r["seq"] for r in field.reports()], list(range(1, written + 1)))
        field.check_log()


if __name__ == "__main__":
    if shutil.which("prlimit") is None:
        print("SKIPPED: util-linux has no prlimit here", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
