#!/usr/bin/python3
"""A page of the store is damaged in its structure, so that whoever reads it dies of it or is told nonsense: the reader of a round in
the background dies, ingest goes on, says so everywhere, and does not send the next one at once, not even after a start."""

import contextlib
import json
import os
import re
import signal
import struct
import unittest

import esep
import page

BODIES = ("moj", "mia")
KEY = "small/fulfilment/1/{}/2013-01-01..2013-12-31"
NEEDLE = b"needle in the haystack"
PAGE = 4096
LEAF, HEAD = 2, 16  # LMDB: a leaf's flag, and the bytes of a page's head
TOKEN = "t" * 40


def leaves(image):
    """Where the pages begin that are leaves with an entry that holds the needle, and where the entry's node does."""
    at = image.find(NEEDLE)
    while at >= 0:
        start = at // PAGE * PAGE
        flags, lower, _ = struct.unpack_from("<HHH", image, start + 10)
        if flags == LEAF and HEAD <= lower <= PAGE:
            for offset in struct.unpack_from(f"<{(lower - HEAD) // 2}H", image, start + HEAD):
                low, high, _, key = struct.unpack_from("<HHHH", image, start + offset)
                if start + offset + 8 + key <= at < start + offset + 8 + key + low + (high << 16):
                    yield start, start + offset
        at = image.find(NEEDLE, at + 1)


def alive(pid):
    """And no zombie that nobody asks for."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def kernel_says(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(re.findall(r"^(\w+):\s+(\S+)", file.read(), re.M))


def longer_than_the_file(image, start, node):
    """The entry says that it has four gigabytes."""
    del start
    image[node:node + 4] = b"\xff\xff\xff\xff"


def no_page_at_all(image, start, node):
    del node
    image[start + 8:start + HEAD] = os.urandom(HEAD - 8)


def nodes_elsewhere(image, start, node):
    """A leaf of as many nodes as a page can say, at places that nobody wrote."""
    del node
    image[start + 12:start + 14] = struct.pack("<H", 0xFFF0)
    image[start + HEAD:start + PAGE] = b"\xee" * (PAGE - HEAD)


class Rounds(unittest.TestCase):
    def setUp(self):
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00", collector=page.changes(metrics_token_file="metrics.token"))
        self.enterContext(self.field)
        self.every("1s")
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"), bodies=BODIES, actions={1: ("During 2013", BODIES)}))

    def every(self, span):
        self.field.collector_changes = {**self.field.collector_changes, "verify": {"every": span, "share_percent": 50}}

    def report(self, office, text):
        office.report(KEY.format("moj"), "--unlisted", "--fulfilment", "in_progress", "--narrative", text, "--wait")

    def figure(self, name):
        with open(self.field.path("store", "figures"), encoding="utf-8") as file:
            found = re.search(rf"(?m)^esep_{name} (\d+)$", file.read())
        return int(found[1]) if found else None

    def damage(self, how):
        """Every leaf that ever held the needle; returns (start, as it was, as it is) of each."""
        with open(self.field.path("store", "data.mdb"), "r+b") as file:
            whole = file.read()
            image = bytearray(whole)
            for start, node in leaves(whole):
                how(image, start, node)
            file.seek(0)
            file.write(image)
        places = [(start, whole[start:start + PAGE], bytes(image[start:start + PAGE])) for start, _ in leaves(whole)]
        self.assertTrue(places)
        return places

    def mend(self, places):
        """Those of them on which nothing was written since."""
        with open(self.field.path("store", "data.mdb"), "r+b") as file:
            for start, was, became in places:
                file.seek(start)
                if file.read(PAGE) == became:
                    file.seek(start)
                    file.write(was)

    def forget_assertions(self):
        """LMDB's own, over what it finds in such a page: they were asked for here."""
        path = self.field.collector.log
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        esep.write(path, re.sub(r"(?m)^mdb\.c:\d+: Assertion .* failed in mdb_\w+\(\)$", "", text))

    def readers(self):
        """Keeper and reader, below ingest."""
        def children(pid):
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                return [int(child) for child in file.read().split()]
        keepers = children(self.field.collector.process.pid)
        return keepers, [reader for keeper in keepers for reader in children(keeper)]

    def haystack(self):
        office = self.field.enrol("moj", start=True)
        # Ingest reads the first page at its start, writes on the last, and looks up what proofs take among the last 256 entries.
        rows = [{"obligation": KEY.format("moj"), "fulfilment": "in_progress", "narrative": NEEDLE.decode() if number == 20 else "hay " * 30}
                for number in range(600)]
        esep.write(self.field.path("many"), "".join(json.dumps(row) + "\n" for row in rows))
        office.report("--many", self.field.path("many"), "--unlisted")
        self.report(office, "the last one")
        size = self.field.listing("status")["log"]["size"]
        esep.wait(lambda: (self.figure("log_verified_entries") or 0) >= size, "a round over all of it", timeout=90)
        self.assertEqual(self.figure("log_verified_ok"), 1)
        return office

    def test_a_page_that_kills_its_reader(self):
        field, collector = self.field, self.field.collector
        office = self.haystack()
        esep.write(field.path("metrics.token"), TOKEN + "\n")
        os.chmod(field.path("metrics.token"), 0o600)
        self.port = page.start(field)[1]
        for number, how in enumerate((longer_than_the_file, no_page_at_all, nodes_elsewhere)):
            with self.subTest(how=how.__name__):
                collector.stop()
                places = self.damage(how)
                collector.start()
                said = collector.wait_log(r"log-(damaged|unverified): .*", timeout=90)[0]
                self.assertTrue(collector.running())
                self.report(office, f"received all the same, {number}")  # ingest serves on
                if how is longer_than_the_file:  # surely ends by a signal
                    self.assertRegex(said, r"log-damaged: the reader ended with signal \d+ \(.+\) while it read the log entries from \d+ to \d+: ")
                    self.the_finding(said.split(": ", 1)[1])
                collector.stop()
                self.mend(places)
                self.forget_assertions()
                collector.start()
        # It is said until a round finds all right again.
        collector.wait_log("log-verified", timeout=90)
        self.report(office, "mended")
        esep.wait(lambda: self.figure("log_verified_ok") == 1, "the figures to say it", timeout=90)
        self.assertNotIn("damaged", field.command("status").out)
        collector.stop()
        field.check_log()

    def the_finding(self, text):
        """In `status`, in the page's figures, and over a start, which sends no reader there again before it is time."""
        field, collector = self.field, self.field.collector
        esep.wait(lambda: self.figure("log_verified_ok") == 0, "the figures to say it", timeout=90)
        self.assertGreaterEqual(self.figure("log_verify_readers_died_total"), 1)
        verified = field.listing("status")["ingest"]["verified"]
        self.assertEqual((verified["ok"], verified["text"]), (False, text))
        self.assertIn(f"log-damaged: {text}", field.command("status").out)
        answer = page.Browser(self.port).ask("GET", "/metrics", Authorization="Bearer " + TOKEN)
        self.assertRegex(answer.text, r"(?m)^esep_log_verified_ok 0$")
        self.assertRegex(answer.text, r"(?m)^esep_log_verify_readers_died_total [1-9]")
        collector.stop()
        self.every("1h")
        field.configure()
        collector.start()
        esep.wait(lambda: self.figure("log_verified_ok") == 0, "the figures to remember it", timeout=90)
        self.assertIn(f"log-damaged: {text}", field.command("status").out)
        keepers, readers = self.readers()
        self.assertEqual((len(keepers), readers), (1, []))
        self.assertEqual(self.figure("log_verified_rounds_total"), 0)
        self.every("1s")
        collector.stop()
        field.configure()
        collector.start()

    def test_what_they_may_do(self):
        """Keeper and reader come last, give up the system calls that ingest gives up, and the reader some more."""
        def reader():
            with contextlib.suppress(OSError):
                for pid in self.readers()[1]:
                    said = kernel_says(pid)
                    if int(said.get("Seccomp_filters", 0)) > own + 1:
                        return said, os.sched_getscheduler(pid)
            return None
        own = int(kernel_says("self").get("Seccomp_filters", 0))  # a container has some of its own
        collector = self.field.collector
        self.assertNotRegex(collector.text(), "sandbox-off")
        keeper = self.readers()[0][0]
        self.assertEqual(os.sched_getscheduler(keeper), os.SCHED_IDLE)
        if "sandbox-partly" in collector.text() or "Seccomp_filters" not in kernel_says("self"):
            self.skipTest("the system calls of a process cannot be limited here, or not be looked at")
        self.field.collector_changes["verify"]["share_percent"] = 1  # so that readers are there for a while
        collector.stop()
        self.field.configure()
        collector.start()
        esep.wait(lambda: int(kernel_says(self.readers()[0][0])["Seccomp_filters"]) == own + 1, "the keeper to bind itself")
        said, policy = esep.wait(reader, "a reader", timeout=90)
        self.assertEqual((said["NoNewPrivs"], said["Seccomp"], policy), ("1", "2", os.SCHED_IDLE))

    def test_the_keeper_is_gone(self):
        """It is said, nothing stops, and the next start has one again; none outlives ingest."""
        collector = self.field.collector
        keeper = self.readers()[0][0]
        os.kill(keeper, signal.SIGKILL)
        collector.wait_log("log-unverified: the process that verifies")
        self.report(self.field.enrol("moj", start=True), "received all the same")
        collector.restart()
        collector.wait_log("log-verified", timeout=90)
        keepers, readers = self.readers()
        self.assertEqual(len(keepers), 1)
        collector.kill()
        esep.wait(lambda: not any(alive(pid) for pid in keepers + readers), "nobody to be left")

    def test_signals_that_end_daemons_are_not_the_keepers(self):
        """As where a terminal or systemd sends them to all: the keeper goes with ingest, and that is no finding."""
        collector = self.field.collector
        collector.wait_log("log-verified", timeout=90)
        keeper = self.readers()[0][0]
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(keeper, number)
        before = collector.text().count("log-verified")
        esep.wait(lambda: collector.text().count("log-verified") > before + 1, "rounds to go on", timeout=90)
        collector.stop()
        self.assertFalse(alive(keeper))
        self.assertNotRegex(collector.text(), "log-(damaged|unverified)")


if __name__ == "__main__":
    unittest.main(argv=[__file__, "-v"])
