#!/usr/bin/python3
"""`esep-collector signer`: asked by its socket, killed after each answer. It signs what extends what it signed, by its own
computation, and nothing else; what it signs a stranger's reader of notes takes."""

import os
import re
import shutil
import signal
import socket
import stat
import struct
import tempfile
import unittest

import esep
import tlog

ORIGIN = "reports.example/log"
KEY = "small/fulfilment/1/moj/2013-01-01..2013-12-31"
LEAVES = [tlog.leaf_hash(b"%d" % i) for i in range(100)]
OK, INVALID, CONFLICT, DENIED = 0, 3, 4, 9


def span(start, end):
    """The fewest complete subtrees between two sizes."""
    found = []
    while start < end:
        level = 0
        while start % (2 << level) == 0 and start + (2 << level) <= end:
            level += 1
        found.append(tlog.root(LEAVES[start:start + (1 << level)]))
        start += 1 << level
    return b"".join(found)


class Signer(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.socket = os.path.join(self.folder.name, "run", "signer.sock")
        config = os.path.join(self.folder.name, "signer.yaml")
        self.settings = {"name": ORIGIN, "keys": "log.keys", "heads": "heads", "socket": "run/signer.sock"}
        esep.write(config, esep.yaml_text(self.settings))
        words = [esep.program("collector"), "signer", "--config", config]
        self.key = tlog.Vkey(esep.run(*words, "keygen").out.strip())
        self.daemon = esep.Daemon("signer", words, os.path.join(self.folder.name, "log")).start()
        self.addCleanup(lambda: self.daemon.process and self.daemon.stop())

    def ask(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
            link.settimeout(esep.PATIENCE)
            link.connect(self.socket)
            link.send(request)
            reply = link.recv(200)
        status, size = reply[0], struct.unpack(">Q", reply[8:16])[0]
        return status, size, reply[16:48], reply[48:112]

    def head(self, start, end, hashes):
        return self.ask(struct.pack(">BBHQQ", 1, 0, len(ORIGIN), start, end) + ORIGIN.encode() + hashes)

    def test_it_binds_itself(self):
        """It gives up the system calls that are none of its work, or says that it cannot; without the switch it says so."""
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as file:
            said = dict(re.findall(r"^(\w+):\s+(\S+)", file.read(), re.M))
        if "sandbox-partly" not in self.daemon.text():
            self.assertEqual((said["NoNewPrivs"], said["Seccomp"]), ("1", "2"))
        self.assertNotIn("sandbox-off", self.daemon.text())
        self.assertEqual(self.head(0, 3, span(0, 3))[0], OK)
        self.daemon.stop()
        self.assertFalse(os.path.exists(self.socket))
        esep.write(self.daemon.words[-1], esep.yaml_text({**self.settings, "sandbox": "false"}))
        self.daemon.start()
        self.daemon.wait_log("sandbox-off")

    def test_it_signs_one_history(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode), 0o660)
        start = 0
        for end in (3, 64, 100):
            status, size, root, signature = self.head(start, end, span(start, end))
            self.assertEqual((status, size, root), (OK, end, tlog.root(LEAVES[:end])))
            line = f"\N{EM DASH} {ORIGIN} {tlog.b64(self.key.id + signature)}\n"
            self.assertTrue(self.key.verify(tlog.checkpoint(ORIGIN, LEAVES[:end]) + "\n" + line))
            self.daemon.signal(signal.SIGKILL)
            self.daemon.ended()
            self.daemon.start()
            start = end
        self.assertEqual(self.head(64, 99, span(64, 99))[:2], (CONFLICT, 100))
        self.assertEqual(self.head(0, 120, bytes(32))[:2], (CONFLICT, 100))
        self.assertEqual(self.head(100, 120, bytes(31))[0], INVALID)
        text = tlog.checkpoint(ORIGIN, LEAVES[:7]).encode()
        self.assertEqual(self.ask(struct.pack(">BBH", 3, 0, 0) + text)[0], DENIED)


def signed_by_another(**changes):
    """A field whose log's key is with a signer, and the signer's daemon, which runs."""
    field = esep.Field(clock="at:2013-02-01T09:00:00+06:00", collector={"signer": {"socket": "signing/signer.sock"}, **changes})
    config = field.path("signer.yaml")
    esep.write(config, esep.yaml_text({"name": ORIGIN, "keys": "log.keys", "heads": "heads", "socket": "signing/signer.sock"}))
    words = [esep.program("collector"), "signer", "--config", config]
    key = tlog.Vkey(esep.run(*words, "keygen").out.strip())
    daemon = esep.Daemon("signer", words, field.path("signer.log")).start()
    field.daemons.append(daemon)
    return field, daemon, key


class Ingest(unittest.TestCase):
    """Ingest has no key of the log: what it may say is what the signer signs."""

    def setUp(self):
        self.field, self.signer, self.key = signed_by_another()
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"), bodies=("moj", "mia"), actions={1: ("During 2013", ("moj", "mia"))}))
        self.office = self.field.enrol("moj", start=True)
        esep.wait(lambda: self.office.command("duties", "--json").json()["plan_known"], "the plan")

    def write(self, number):
        self.office.report(KEY, "--fulfilment", "in_progress", "--percent", str(number), "--narrative", f"Part {number}.")

    def receipted(self):
        return self.office.command("status", "--json").json()["entries"]["received"]

    def received(self, through):
        esep.wait(lambda: self.receipted() >= through, f"the receipt through {through}", timeout=180)

    def head(self):
        """Of the note beside the store, which the signer's key must have signed."""
        with open(self.field.path("store", "checkpoint"), encoding="utf-8") as file:
            note = file.read()
        lines = note.splitlines()
        self.assertTrue(tlog.Vkey.of(lines[0], tlog.LOG, self.key.public).verify(note))
        return int(lines[1])

    def test_reports_while_the_signer_and_ingest_come_and_go(self):
        with open(self.field.path("collector.keys"), encoding="ascii") as file:
            self.assertNotIn("sign", file.read())
        self.write(1)
        self.received(1)
        before = self.head()
        # Nobody signs: what comes is stored, and nobody is told that it is.
        self.signer.kill()
        self.write(2)
        self.field.collector.wait_log(r" signer-away: .*stored up to")
        esep.wait(lambda: self.field.listing("status")["log"]["size"] > before, "the entry in the store")
        esep.wait(lambda: self.field.listing("status")["ingest"].get("signer_away"), "the status to say it")
        self.assertEqual(self.receipted(), 1)
        self.signer.start()
        self.received(2)
        self.assertGreater(self.head(), before)
        # Between commit and head ingest dies: its start makes up for the head. It waits for the signer there, too.
        self.signer.kill()
        self.write(3)
        self.field.collector.wait_log(r" signer-away: .*stored up to (?!%d )" % self.head())
        self.field.collector.restart(hard=True)
        self.field.collector.wait_log(r" signer-away: .*ingest waits")
        self.field.collector.stop()
        self.field.collector.start()
        self.signer.start()
        self.received(3)
        self.field.collector.stop()
        self.field.check_log()
        # An older copy of the store, put there by hand: what it lacks has receipts. A backup, which the signer signed, goes on as
        # another generation of the log.
        shutil.copytree(self.field.path("store"), self.field.path("older"))
        secret, archive = self.field.path("backup.keys"), self.field.path("older.backup")
        public = esep.run(esep.program("collector"), "backup", "keygen", secret, "--json").json()["recipient"]
        self.field.command("backup", archive, "--encrypt-to", public)
        self.field.collector.start()
        self.write(4)
        self.received(4)
        self.field.collector.stop()
        shutil.rmtree(self.field.path("store"))
        os.rename(self.field.path("older"), self.field.path("store"))
        self.field.collector.start(ready=False)
        self.assertEqual(self.field.collector.ended(), 65)
        self.assertRegex(self.field.collector.text(), "older copy.*esep-collector restore")
        shutil.rmtree(self.field.path("store"))
        shutil.rmtree(self.field.path("store-files"), ignore_errors=True)
        self.field.command("restore", archive, "--key", secret)
        self.field.collector.start()
        esep.wait(lambda: len(self.field.reports()) == 4, "what the backup lacks", timeout=180)
        self.field.collector.stop()
        # A taken-over signer's place: another key signs nothing for this log.
        self.signer.stop()
        os.rename(self.field.path("log.keys"), self.field.path("true.keys"))
        os.rename(self.field.path("heads"), self.field.path("true.heads"))
        esep.run(*self.signer.words, "keygen")
        self.signer.start()
        self.field.collector.start(ready=False)
        self.assertEqual(self.field.collector.ended(), 77)
        self.signer.stop()


if __name__ == "__main__":
    unittest.main()
