#!/usr/bin/python3
"""The disk and the signals: full, read-only, backed up, restored; HUP and TERM; plans that change."""

import json
import os
import signal
import unittest

import esep

BODIES = ("moj", "mia", "akmola")
KEY = "small/fulfilment/1/{}/2013-01-01..2013-12-31"
DURING = {1: ("During 2013", BODIES)}


class Base(unittest.TestCase):
    def setUp(self):
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00")
        self.enterContext(self.field)

    def begin(self, **limits):
        if limits:
            self.field.collector_changes = {"limits": limits}
        self.field.begin()
        self.field.load_plan(self.plan())
        return self.field

    def plan(self, **more):
        more.setdefault("actions", DURING)
        return esep.small_plan(self.field.path("small.yaml"), bodies=BODIES, **more)

    def report(self, office, *words, **more):
        return office.report(KEY.format(office.body), "--unlisted", "--fulfilment", "in_progress",
                             *words, **more)

    def entries(self, office):
        return office.command("status", "--json").json()["entries"]

    def received(self, office):
        def done():
            entries = self.entries(office)
            return entries["received"] == entries["written"] and entries
        return esep.wait(done, f"receipts of {office.name}", timeout=90)

    def many(self, office, count, size=2000, **more):
        path = self.field.path("many")
        with open(path, "w", encoding="utf-8") as file:
            for number in range(count):
                file.write(json.dumps({"obligation": KEY.format(office.body), "percent": number % 101,
                                       "fulfilment": "in_progress", "narrative": "x" * size}) + "\n")
        return office.report("--many", path, "--unlisted", timeout=240, **more)


class Full(Base):
    def test_the_collectors_store(self):
        """Full is loud, refuses, and loses nothing: with more room all of it gets through."""
        field = self.begin(store_bytes="4M")
        office = field.enrol("moj", start=True)
        self.report(office, "--wait")
        self.many(office, 3000)
        field.collector.wait_log("store-full")
        office.daemon.wait_log("uplink: .*full")
        entries = self.entries(office)
        self.assertLess(entries["received"], 3001)
        self.assertLessEqual(entries["received"], len(field.reports()))
        self.assertEqual(field.command("extend", KEY.format("mia"), "--until", "2014-02-01",
                                       "--document", "d", code=None).code, 65)  # refused: full
        field.check_log()
        field.collector.stop()
        field.configure(limits={"store_bytes": "256M"})
        field.collector.start()
        office.daemon.restart()  # it was told to wait a minute; nobody has to, here
        self.assertEqual(self.received(office)["written"], 3001)
        self.assertEqual(sorted(r["seq"] for r in field.reports()), list(range(1, 3002)))
        field.collector.stop()
        field.check_log()

    def test_the_offices_journal(self):
        """It refuses the new report, keeps the old, and goes on when there is room again."""
        field = self.begin()
        office = field.enrol("moj", limits={"journal_bytes": "1M"})
        field.broker.daemon.stop()
        written = 0
        for _ in range(50):
            result = self.many(office, 20, code=None)
            if result.code != 0:
                break
            written += 20
        self.assertEqual(result.code, 73, str(result))
        self.assertRegex(result.err, "full|room|quota")
        self.assertEqual(self.entries(office)["written"], written)
        field.broker.daemon.start()
        office.daemon.start()  # receipts find room, all the same
        self.received(office)
        self.assertEqual(len(field.reports()), written)
        office.daemon.stop()
        office.configure(limits={"journal_bytes": "8M"})
        office.daemon.start()
        self.report(office, "--wait")
        self.assertEqual(len(field.reports()), written + 1)

    def test_too_many_entries_wait(self):
        field = self.begin()
        office = field.enrol("moj", limits={"entries": 3})
        for _ in range(3):
            self.report(office)
        result = self.report(office, code=None)
        self.assertIn(result.code, (73, 75), str(result))
        self.assertRegex(result.err, "full|wait|limit")
        office.daemon.start()
        self.received(office)
        self.report(office, "--wait")


class Backup(Base):
    def test_restored_it_asks_for_what_it_lacks(self):
        field = self.begin()
        office = field.enrol("moj", start=True)
        other = field.enrol("mia", start=True)
        self.many(office, 200, size=300)
        self.received(office)
        field.command("backup", field.path("copy"))  # while it runs
        self.assertRegex(field.command("backup", field.path("copy"), code=None).err, "copy")
        self.many(office, 100, size=300)
        self.report(other, "--wait")
        self.received(office)
        after = field.listing("status")["log"]["size"]
        field.collector.kill()
        os.rename(field.path("store"), field.path("lost"))
        self.assertRegex(field.command("run", code=None).err, "store")
        field.command("restore", field.path("copy"))
        self.assertRegex(field.command("restore", field.path("copy"), code=None).err, "is there")
        restored = field.listing("status")["log"]["size"]
        self.assertLess(restored, after)
        field.collector.start()
        esep.wait(lambda: len(field.reports()) == 301, "what the restored store lacks", timeout=90)
        self.received(office)
        self.received(other)
        seqs = sorted((r["office"], r["seq"]) for r in field.reports())
        self.assertEqual(seqs, [(1, n) for n in range(1, 301)] + [(2, 1)])
        field.collector.stop()
        field.check_log()

    def verified(self):
        """What the daemon's rounds in the background have said last."""
        return (self.field.listing("status")["ingest"] or {}).get("verified") or {}

    def test_a_flipped_byte_is_found(self):
        self.field.collector_changes = {"verify": {"every": "1s", "share_percent": 50}}
        field = self.begin()
        office = field.enrol("moj", start=True)
        self.report(office, "--narrative", "needle in the haystack", "--wait")
        size = field.listing("status")["log"]["size"]
        esep.wait(lambda: self.verified().get("entries", 0) >= size, "a round over all of it", timeout=90)
        self.assertTrue(self.verified()["ok"])
        self.assertRegex(field.command("status").out, r"verified in the background .*: every hash")
        field.collector.stop()
        data = next(os.path.join(field.path("store"), name) for name in os.listdir(field.path("store"))
                    if name.endswith("data.mdb"))
        with open(data, "r+b") as file:
            image = file.read()
            place = image.find(b"needle in the haystack")
            self.assertGreater(place, 0)
            while place >= 0:  # in every page that ever held it
                file.seek(place)
                file.write(b"N")
                place = image.find(b"needle in the haystack", place + 1)
        result = field.command("log", "verify", code=None)
        self.assertNotEqual(result.code, 0)
        self.assertRegex(result.err, r"entry \d+")
        result = field.command("backup", field.path("copy"), code=None)
        self.assertNotEqual(result.code, 0, "a backup of a broken log must not pass for good")
        # The daemon takes reports all the same, and says it until somebody has mended it.
        field.collector.start()
        field.collector.wait_log("log-damaged")
        esep.wait(lambda: self.verified().get("ok") is False, "the figures to say it", timeout=90)
        self.assertRegex(self.verified()["text"], r"log entry \d+: ")
        self.assertRegex(field.command("status").out, r"log-damaged: log entry \d+: ")
        self.report(office, "--wait")


class Plans(Base):
    def test_changed_in_the_middle_of_the_year(self):
        """It holds from its day on; what was due before stays due as it was, with its reports."""
        field = self.begin()
        field.load_plan(self.plan(revision=1, plan="other", actions={7: ("1st half of 2013", ["mia"])}))
        self.assertEqual({p["plan"] for p in field.listing("plan", "list")["plans"]},
                         {"small", "other"})
        office = field.enrol("moj", start=True)
        esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plans there")
        self.report(office, "--wait")
        before = {o["key"]: o for o in field.obligations()}
        changed = self.plan(revision=2, actions={1: ("During 2013", ["moj"]),
                                                 2: ("2nd half of 2013", ["akmola"])})
        self.assertRegex(field.command("plan", "load", changed, "--effective", "2013-31-01",
                                       code=65).err, "day|effective")
        field.load_plan(changed, "--effective", "2013-07-01")
        after = {o["key"]: o for o in field.obligations()}
        self.assertIn("small/fulfilment/2/akmola/2013-07-01..2013-12-31", after)
        self.assertEqual(after[KEY.format("moj")]["reports"], 1)
        self.assertEqual(after["other/fulfilment/7/mia/2013-01-01..2013-06-30"],
                         before["other/fulfilment/7/mia/2013-01-01..2013-06-30"])
        esep.wait(lambda: "2013-07-01" in office.command("mail", "--json").out, "the change there")
        # Both plans and both revisions survive a restart and a replay.
        field.collector.restart()
        self.assertEqual({o["key"]: o["due"] for o in field.obligations()},
                         {key: o["due"] for key, o in after.items()})
        field.check_log()


class Signals(Base):
    def test_hup(self):
        field = self.begin()
        office = field.enrol("moj", start=True)
        for daemon, config in ((field.collector, field.config),
                               (field.broker.daemon, field.broker.config),
                               (office.daemon, office.config)):
            with self.subTest(daemon=daemon.name):
                with open(config, encoding="utf-8") as file:
                    good = file.read()
                esep.write(config, good + "nonsense: true\n")
                daemon.signal(signal.SIGHUP)
                daemon.wait_log("config-refused")
                esep.write(config, good.replace('"info"', '"debug"'))
                daemon.signal(signal.SIGHUP)
                daemon.wait_log("config-reloaded")
                self.assertTrue(daemon.running())
        self.report(office, "--wait")

    def test_term_drains(self):
        field = self.begin()
        offices = [field.enrol(body, start=True) for body in BODIES]
        for office in offices:
            self.many(office, 300)
        for daemon in (offices[0].daemon, field.collector, field.broker.daemon):
            daemon.stop()  # exit status 0, in the middle of the work
            self.assertRegex(daemon.text(), "draining")
        for daemon in (field.broker.daemon, field.collector, offices[0].daemon):
            daemon.start()
        for office in offices:
            self.received(office)
        self.assertEqual(len(field.reports()), 900)
        field.check_log()

    def test_two_agents_on_one_journal(self):
        field = self.begin()
        office = field.enrol("moj", start=True)
        result = esep.run(*office.daemon.words, code=None)
        self.assertIn(result.code, (65, 69, 75), str(result))
        self.assertRegex(result.err, "another|runs|already")
        self.report(office, "--wait")


if __name__ == "__main__":
    unittest.main(verbosity=2)
