#!/usr/bin/python3
"""A report's file comes to the collector: over a link that is slow, and through kill -9 of either side
midway. It goes on where it broke off, it gets a receipt of its own, and its bytes are the same."""

import hashlib
import json
import os
import random
import unittest

import esep
import page

KEY = "small/fulfilment/1/moj/2013-01-01..2013-12-31"
OTHER = "small/fulfilment/2/moj/2013-01-01..2013-12-31"
BYTES = 300_000
RATE = 24_000  # bytes a second that the broker lets pass: there is a midway, however fast the machine


class Evidence(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        limits = {"limits": {"bytes_per_second": RATE, "bytes_burst": 65536}}
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00", broker=limits, collector=page.changes())
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan(esep.small_plan(
            self.field.path("small.yaml"), bodies=("moj", "mia"),
            actions={number: ("During 2013", ("moj", "mia")) for number in (1, 2)}))
        self.office = self.field.enrol("moj", limits={"chunk_bytes": 4096})
        self.scan = self.field.path("Ск 1.pdf")
        with open(self.scan, "wb") as file:
            file.write(b"%PDF-1.7\n" + random.Random(7).randbytes(BYTES - 15) + b"%%EOF\n")
        with open(self.scan, "rb") as file:
            self.sha256 = hashlib.sha256(file.read()).hexdigest()

    def files(self):
        return self.office.command("status", "--json").json()["files"]

    def beyond(self, share):
        """Bytes at the collector, once they are more than this share of the file."""
        def look():
            sent = self.files()["sent_bytes"]
            return sent > share * BYTES and sent
        return esep.wait(look, f"{share} of the file to be at the collector", timeout=180)

    def stored(self):
        """The collector's whole files, by name."""
        folder = self.field.path("store-files")
        return {name for top in os.listdir(folder) if top not in ("part", "lock")
                for name in os.listdir(os.path.join(folder, top))}

    def log(self, kind):
        return self.field.command("log", "list", "--type", kind, "--json").json()["entries"]

    def handed_out(self):
        """The commission gets the file as a download that no browser runs, and only as it came."""
        self.field.command("account", "add", "vera", "--role", "viewer")
        self.field.command("password", "vera", stdin=page.PASSWORD + "\n")
        _, port = page.start(self.field)
        browser = page.login(port, "vera")
        index = self.field.reports()[0]["log_index"]
        path = f"/api/v1/attachments/{index}/"
        report = json.loads(browser.ask("GET", f"/api/v1/reports/{index}").text)["report"]
        self.assertEqual([a["complete"] for a in report["attachments"]], [True])
        line = browser.send("GET", path + self.sha256)
        answer = line.getresponse()
        self.assertEqual(hashlib.sha256(answer.read()).hexdigest(), self.sha256)
        line.close()
        heads = answer.headers
        self.assertEqual((answer.status, heads["Content-Type"], heads["X-Content-Type-Options"]),
                         (200, "application/pdf", "nosniff"))
        self.assertEqual(heads["Content-Disposition"],
                         "attachment; filename=\"____ 1.pdf\"; filename*=UTF-8''%D0%A1%D0%BA%201.pdf")
        self.assertIn("sandbox; default-src 'none'", heads.get_all("Content-Security-Policy"))
        for rest, status in (("0" * 64, 404), (self.sha256[:-1], 400), (self.sha256 + "0", 400)):
            self.assertEqual(browser.ask("GET", path + rest).status, status, rest)
        self.assertEqual(browser.ask("GET", f"/api/v1/attachments/0/{self.sha256}").status, 404)
        stored = os.path.join(self.field.path("store-files"), self.sha256[:2], self.sha256)
        os.chmod(stored, 0o600)
        with open(stored, "r+b") as file:
            file.seek(1000)
            byte = file.read(1)
            file.seek(1000)
            file.write(bytes([byte[0] ^ 1]))
            file.flush()
            self.assertEqual(browser.ask("GET", path + self.sha256).status, 500)
            file.seek(1000)
            file.write(byte)

    def test_a_file_comes_through_crashes_and_once(self):
        self.office.report(KEY, "--fulfilment", "executed", "--attach", self.scan)
        self.office.daemon.start()
        self.beyond(0.05)
        self.field.collector.kill()
        self.field.collector.start()
        half = self.beyond(0.4)
        self.office.daemon.kill()
        self.office.daemon.start()
        # It goes on from there: what the collector says it holds is never less by much more than what
        # was on its way.
        self.assertGreater(self.beyond(0.4), half - 65536)
        esep.wait(lambda: self.files()["complete"] == 1, "the evidence's receipt", timeout=180)
        self.assertEqual(self.stored(), {self.sha256})
        with open(os.path.join(self.field.path("store-files"), self.sha256[:2], self.sha256),
                  "rb") as file:
            self.assertEqual(hashlib.sha256(file.read()).hexdigest(), self.sha256)
        proof = self.office.command("receipt", KEY, "--json").json()
        self.assertEqual([(f["sha256"], f["size_bytes"], f["receipt"]["valid"])
                          for f in proof["files"]], [(self.sha256, BYTES, True)])
        self.assertEqual(len(self.log("evidence")), 1)
        stranger = self.field.path("stranger")
        done = self.office.command("receipt", KEY, "--proof", stranger, "--json").json()
        said = esep.run(esep.program("verify"), "--log", done["log_vkey"], "--json", "--file",
                        stranger + ".file-1.tlog-proof", self.scan).json()
        self.assertEqual((said["verdict"], said["kind"], said["sha256"], said["seq"]),
                         ("proven", "file", self.sha256, 0))

        # The same scan under another report: not a byte of it, and its receipt is there at once.
        self.office.report(OTHER, "--fulfilment", "executed", "--attach", self.scan)
        esep.wait(lambda: self.office.command("receipt", OTHER, "--json", code=None).json()["receipt"],
                  "the other report's receipt", timeout=90)
        again = self.office.command("receipt", OTHER, "--json").json()
        self.assertTrue(again["files"][0]["receipt"]["valid"])
        self.assertEqual((self.files()["named"], self.files()["complete"]), (1, 1))
        self.handed_out()
        self.assertEqual(len(self.log("evidence")), 1)
        self.field.check_log()
        self.backup_and_loss()

    def backup_and_loss(self):
        """An encrypted backup of a running collector brings all of it back, or is refused; what came behind it the
        office sends again, and a file that is lost all the same, too."""
        field, store = self.field, self.field.path("store")
        archive, secret = field.path("backup.esep"), field.path("elsewhere.keys")
        made = esep.run(esep.program("collector"), "backup", "keygen", secret, "--json").json()
        words = ("--encrypt-to", made["recipient"], archive, "--json")
        made = field.command("backup", *words).json()
        self.assertEqual((made["encrypted"], made["files"], made["files_missing"], made["files_damaged"]),
                         (True, 1, 0, 0))
        self.assertRegex(field.command("backup", *words, code=65).err, "exists")
        self.office.report(OTHER, "--fulfilment", "executed", "--narrative", "behind the backup", "--wait")
        self.office.daemon.stop()
        field.collector.kill()
        self.refused(archive, secret)
        os.rename(store, field.path("old-store"))
        os.rename(store + "-files", field.path("old-files"))
        put = field.command("restore", archive, "--key", secret, "--json").json()
        self.assertEqual((put["files"], put["files_missing"], put["root"]), (1, 0, made["root"]))
        self.assertEqual(self.stored(), {self.sha256})
        os.unlink(os.path.join(store + "-files", self.sha256[:2], self.sha256))
        found = field.command("log", "verify", "--json", code=65).json()
        self.assertEqual((found["ok"], found["files_missing"]), (False, 1))
        field.collector.start()
        field.collector.wait_log("files-lost")
        field.broker.configure(limits={"bytes_per_second": 10_000_000, "bytes_burst": 10_000_000})
        field.broker.daemon.restart()
        self.office.daemon.start()
        esep.wait(lambda: self.stored() == {self.sha256}, "the file to come again", timeout=300)
        field.check_log("--files")
        self.assertEqual(len(self.log("evidence")), 1)
        esep.wait(lambda: len(field.reports()) == 3, "the report behind the backup to come again", timeout=300)

    def refused(self, archive, secret):
        """What is not what the log key signed, or is for another's key, puts nothing in place."""
        field = self.field
        os.rename(field.path("store"), field.path("aside"))
        before = sorted(os.listdir(field.folder))
        with open(archive, "rb") as file:
            whole = file.read()
        self.assertNotIn(b"behind the backup", whole)
        self.assertNotIn(b"%PDF-1.7", whole)
        for name, content, code, said in (
                ("flipped", whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], 65, "not as it was signed"),
                ("cut", whole[:-100], 65, "not as it was signed"),
                ("longer", whole + b"x", 65, "not as it was signed"),
                ("another", b"esep" + whole, 65, "not an encrypted backup")):
            with open(field.path("damaged"), "wb") as file:
                file.write(content)
            got = field.command("restore", field.path("damaged"), "--key", secret, code=code)
            self.assertRegex(got.err, said, name)
            self.assertRegex(field.command("backup", "check", field.path("damaged"), code=code).err, said, name)
            os.unlink(field.path("damaged"))
        esep.run(esep.program("collector"), "backup", "keygen", field.path("other.keys"))
        self.assertRegex(field.command("restore", archive, "--key", field.path("other.keys"), code=77).err, "encrypted to")
        self.assertRegex(field.command("restore", archive, "--key", secret, "--log-key", "ab" * 32, code=77).err, "log key")
        self.assertRegex(field.command("restore", archive, code=65).err, "--key FILE")
        os.unlink(field.path("other.keys"))
        self.assertEqual(sorted(os.listdir(field.folder)), before)
        os.rename(field.path("aside"), field.path("store"))
        looked = esep.run(esep.program("collector"), "backup", "check", archive, "--key", secret, "--log-key",
                          self.field.ids["log_key"], "--json").json()
        self.assertEqual((looked["opened"], looked["files"]), (True, 1))


if __name__ == "__main__":
    unittest.main(argv=[__file__, "-v"])
