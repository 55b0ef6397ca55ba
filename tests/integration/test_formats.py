#!/usr/bin/python3
"""A store and a journal of another format: refused with a clear word, and not a byte is touched; made
what they were again, they work. The old format is made by hand: the number stands in the first
database of the file, beside the name of the build.
"""

import glob
import hashlib
import os
import tarfile
import unittest

import esep

KEY = "small/fulfilment/1/moj/2013-01-01..2013-12-31"
TODAY, OTHER = b"format3", b"format9"  # key and value lie side by side in the page


def turned(path, old, new):
    """Every place of the file that says one format says the other."""
    with open(path, "rb") as file:
        data = file.read()
    assert data.count(old) > 0, f"{path}: no {old!r} in it"
    with open(path, "wb") as file:
        file.write(data.replace(old, new))


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Kept(unittest.TestCase):
    """What older builds made, as it was checked in: this build reads it, or says that it does not."""

    def test_a_store_and_a_journal_of_then(self):
        kept = glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures", "*.xz"))
        today = f"format-{TODAY[-1:].decode()}.tar.xz"
        self.assertIn(today, [os.path.basename(archive) for archive in kept])
        self.assertGreater(len(kept), 1)  # and what is refused
        for archive in kept:
            with self.subTest(archive=os.path.basename(archive)):
                self.open(archive)

    def open(self, archive):
        with esep.Field(clock="at:2013-02-01T09:00:00+06:00") as field:
            with tarfile.open(archive) as file:
                file.extractall(field.folder)
            field.configure()
            config = ["--config", field.path("moj-1", "agent.yaml"), "--json"]
            agent = esep.program("agent")
            if f"format-{TODAY[-1:].decode()}." not in archive:
                self.refused(field, [agent, "status", *config])
                return
            self.assertEqual(field.check_log()["office_entries"], 3)
            self.assertEqual([row["fulfilment"] for row in field.reports()],
                             ["not_started", "in_progress", "executed"])
            (office,) = field.listing("status")["offices"]
            self.assertEqual((office["body"], office["seq"]), ("moj", 3))
            entries = esep.run(agent, "status", *config).json()["entries"]
            self.assertEqual((entries["written"], entries["received"]), (3, 3))
            proof = esep.run(agent, "receipt", "2", *config).json()  # its signature verifies
            row = field.command("reports", field.reports()[1]["log_index"]).json()
            self.assertEqual(proof["chain_hash"], row["chain_hash"])
            mail = esep.run(agent, "mail", *config).json()["mail"]
            self.assertIn("extension", {item["type"] for item in mail})


    def refused(self, field, agent):
        """Both say what it is, where, and what to do; neither writes a byte."""
        files = [field.path("store", "data.mdb"), field.path("moj-1", "journal", "data.mdb")]
        before = [digest(path) for path in files]
        for err in (field.command("status", code=65).err, esep.run(*agent, code=65).err):
            self.assertRegex(err, r"(store|journal) has format \d+, made by version \S+; this is "
                                  r"version \S+, which uses format 3: use that version; nothing "
                                  r"converts it")
        self.assertEqual([digest(path) for path in files], before)


class Formats(unittest.TestCase):
    def setUp(self):
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00")
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"),
                                             actions={1: ("During 2013", ["moj"])}))
        self.office = self.field.enrol("moj", start=True)
        self.office.report(KEY, "--fulfilment", "executed", "--wait")
        self.office.daemon.stop()
        self.field.collector.stop()

    def refused(self, path, commands):
        """Each of the commands, by its words; the file stays as it is."""
        turned(path, TODAY, OTHER)
        before = digest(path)
        for words in commands:
            with self.subTest(words=words):
                result = esep.run(*words, code=65)
                self.assertRegex(result.err, "has format 9.*uses format 3.*use that version")
                self.assertEqual(digest(path), before, "it was written to")
        turned(path, OTHER, TODAY)

    def test_a_store_of_another_format(self):
        config = ["--config", self.field.config]
        program = esep.program("collector")
        self.refused(os.path.join(self.field.path("store"), "data.mdb"), [
            self.field.collector.words, [program, "status", *config], [program, "reports", *config],
            [program, "log", "verify", *config], [program, "log", "replay", "--repair", *config],
            [program, "backup", self.field.path("copy"), *config], [program, "init", *config],
        ])
        self.assertFalse(os.path.exists(self.field.path("copy")))
        self.field.collector.start()
        self.assertEqual(len(self.field.reports()), 1)
        self.field.check_log()

    def test_a_journal_of_another_format(self):
        config = ["--config", self.office.config]
        program = esep.program("agent")
        self.refused(os.path.join(self.office.folder, "journal", "data.mdb"), [
            self.office.daemon.words, [program, "status", *config], [program, "duties", *config],
            [program, "report", KEY, "--fulfilment", "partly", *config],
            [program, "recover", "--yes", *config],
        ])
        self.field.collector.start()
        self.office.daemon.start()
        self.office.report(KEY, "--fulfilment", "partly", "--wait")
        self.assertEqual(len(self.field.reports()), 2)

    def test_one_in_place_of_the_other(self):
        os.rename(self.field.path("store"), self.field.path("aside"))
        os.rename(os.path.join(self.office.folder, "journal"), self.field.path("store"))
        self.assertRegex(self.field.command("status", code=65).err, "holds a journal, not a log")
        os.rename(self.field.path("store"), os.path.join(self.office.folder, "journal"))
        os.rename(self.field.path("aside"), self.field.path("store"))
        self.field.check_log()


if __name__ == "__main__":
    unittest.main(verbosity=2)
