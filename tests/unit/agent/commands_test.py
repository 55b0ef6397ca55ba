#!/usr/bin/python3
"""The office's commands against a real broker and collector: do they end with the right status, say
the right thing, and lose nothing on the unlucky paths (a lost answer, a copied journal, a bad config)?
"""

import json
import os
import shutil
import signal
import sys
import unittest

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "integration")
)

import esep  # pylint: disable=wrong-import-position

ANNUAL = "kz-1347-2012/annual/-/moj/2012-01-01..2012-12-31"
CONSOLIDATED = "kz-1347-2012/consolidated/-/moj/2012-01-01..2012-12-31"


class Commands(unittest.TestCase):
    def setUp(self):
        self.field = esep.Field(clock=esep.shift_to("2013-01-15T09:00:00+06:00"))
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan()

    def duty(self, office, key):
        duties = office.command("duties", "--all", "--json").json()["duties"]
        return next(d for d in duties if d["key"] == key)

    def test_enrolment_may_be_repeated(self):
        office = esep.Office(self.field, "moj-1", "moj")
        code = self.field.code("moj", "--accept")
        office.enrol(code)
        self.assertIn("already", office.command("enrol", "--code", code, code=65).err)
        shutil.rmtree(os.path.join(office.folder, "journal"))  # the answer was never stored
        self.assertIn("office 1 of moj", office.enrol(code).out)
        other = esep.Office(self.field, "moj-2", "moj")
        self.assertIn("used already", other.command("enrol", "--code", code, code=77).err)
        other.configure(brokers=[{"address": "tcp://127.0.0.1:1", "key": "ab" * 32}])
        self.assertIn("tcp://127.0.0.1:1", other.command("enrol", "--code", code, code=75).err)

    def test_a_report_returned_and_sent_again(self):
        office = self.field.enrol("moj")
        self.assertFalse(office.command("duties", "--json").json()["plan_known"])
        office.daemon.start()
        office.report(ANNUAL, "--fulfilment", "partly", "--percent", "40", "--wait")
        esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plan")
        self.assertIn("owes no such thing",
                      office.report("p/x", "--fulfilment", "partly", code=65).err)
        index = self.field.reports()[0]["log_index"]
        self.field.command("review", index, "--return", "incomplete", "--again-by", "2013-02-01")
        esep.wait(lambda: self.duty(office, ANNUAL)["submission"] == "returned", "the return")
        self.assertEqual(self.duty(office, ANNUAL)["again_by"], "2013-02-01")
        office.report(ANNUAL, "--fulfilment", "executed", "--draft")
        office.report(ANNUAL, "--send-draft", "--percent", "100", "--wait")
        self.assertEqual(office.report("--drafts").out, "")
        last = self.field.reports()[-1]
        self.assertEqual((last["revision"], last["percent"], last["state"]), (2, 100, "received"))
        proof = office.command("receipt", ANNUAL, "--json").json()
        self.assertEqual(len(proof["receipt"]["leaf"]), 2 * 160)
        self.assertEqual(proof["receipt"]["leaf_index"], proof["receipt"]["last_index"] + 1)
        self.by_another_key(office)
        superseded = office.command("receipt", "1", "--json").json()
        self.assertEqual((superseded["seq"], superseded["obligation"]), (1, ANNUAL))
        self.assertEqual(self.duty(office, ANNUAL)["timeliness"], "on_time")
        self.field.check_log()

    def by_another_key(self, office):
        """Each receipt's place in the log is followed again, to a head that log_key signed."""
        other = office.config + ".other"
        with open(office.config, encoding="utf-8") as file:
            esep.write(other, file.read().replace(self.field.ids["log_key"], "ab" * 32))
        for words in ([], ["1"], ["--all"]):
            err = esep.run(esep.program("agent"), "receipt", *words, "--config", other, code=65).err
            self.assertRegex(err, r"receipt through 1/\d+ does not hold by the config's log_key")

    def test_evidence_is_attached(self):
        office = self.field.enrol("moj", start=True)
        scan, prize = (os.path.join(office.folder, name) for name in ("Скан 1.pdf", "prize.pdf"))
        esep.write(scan, "%PDF-1.7\nscanned\n%%EOF\n")
        esep.write(prize, "#!/bin/sh\n")
        for path, words, code in ((prize, "prize.pdf cannot be attached: it is a script", 65),
                                  (scan + "x", "No such file", 65)):
            done = office.report(ANNUAL, "--fulfilment", "executed", "--attach", path, code=code)
            self.assertIn(words, done.err)
        self.assertEqual(office.command("status", "--json").json()["files"]["used_bytes"], 0)
        esep.write(os.path.join(office.folder, "form.yaml"), "fulfilment: partly\nattachments: ['Скан 1.pdf']\n")
        office.report(ANNUAL, "--from", os.path.join(office.folder, "form.yaml"), "--draft")
        os.remove(scan)  # it is the store's now
        office.report(ANNUAL, "--send-draft", "--wait=60")
        report = self.field.command("reports", self.field.reports()[0]["log_index"], "--json").json()["report"]
        kept = os.path.join(office.folder, "journal-files", report["attachments"][0]["sha256"][:2],
                            report["attachments"][0]["sha256"])
        self.assertEqual([(a["name"], a["media_type"], a["size_bytes"]) for a in report["attachments"]],
                         [("Скан 1.pdf", "application/pdf", os.stat(kept).st_size)])

    def test_a_copied_journal_goes_on_in_a_new_epoch(self):
        office = self.field.enrol("moj", start=True)
        journal = os.path.join(office.folder, "journal")
        office.report(ANNUAL, "--fulfilment", "partly", "--wait")
        office.daemon.stop()
        shutil.copytree(journal, journal + ".copy")
        office.daemon.start()
        office.report(ANNUAL, "--fulfilment", "partly", "--percent", "90", "--wait")
        office.daemon.stop()
        shutil.rmtree(journal)
        shutil.move(journal + ".copy", journal)
        office.report(CONSOLIDATED, "--fulfilment", "executed")
        office.daemon.start()
        office.daemon.wait_log("uplink: stopped: fork")
        self.assertIn("1 entries", office.command("recover").out)
        # The daemon takes up the new epoch by itself, while it is looked at all the time.
        office.report(ANNUAL, "--fulfilment", "executed", "--percent", "92", "--wait")
        self.assertEqual(self.duty(office, CONSOLIDATED)["submission"], "received")
        self.assertEqual([r["percent"] for r in self.field.reports() if r["epoch"] == 2], [None, 92])
        self.field.check_log()

    def test_a_daemon_survives_a_bad_config(self):
        deep = "j" * 90  # too long for the address of a socket
        office = self.field.enrol("moj", start=True, journal=deep)
        self.assertIn("another", esep.run(*office.daemon.words, code=69).err)
        with open(office.config, encoding="utf-8") as file:
            good = file.read().rstrip("\n")
        for old, new in ((self.field.ids["log_id"], "00" * 32), ('clock: "', 'clock: "noon')):
            self.assertIn(old, good)
            esep.write(office.config, good.replace(old, new))
            before = office.daemon.text().count("config-refused")
            office.daemon.signal(signal.SIGHUP)
            esep.wait(lambda count=before: office.daemon.text().count("config-refused") > count,
                      "a refusal")
        esep.write(office.config, good)
        office.daemon.signal(signal.SIGHUP)
        office.daemon.wait_log("config-reloaded")
        office.report(ANNUAL, "--fulfilment", "partly", "--wait")

    def test_many_at_once_or_none(self):
        office = self.field.enrol("moj", start=True)
        path = os.path.join(office.folder, "many.jsonl")
        lines = [json.dumps({"obligation": ANNUAL, "fulfilment": "partly", "percent": i % 101})
                 for i in range(3000)]
        esep.write(path, "\n".join(lines + ['{"obligation": "x", "fulfilment": "done"}']))
        refused = office.report("--many", path, code=65)
        self.assertIn("line 3001", refused.err)
        self.assertEqual(office.command("status", "--json").json()["entries"]["written"], 0)
        esep.write(path, "\n".join(lines))
        office.report("--many", path, "--wait")
        self.assertEqual(self.duty(office, ANNUAL)["revision"], 3000)
        self.assertEqual(office.command("status", "--json").json()["entries"]["waiting"], 0)
        bundle = os.path.join(office.folder, "bundle.esep")
        self.assertIn("receipt already", office.command("bundle", "export", bundle, code=65).err)
        office.command("bundle", "export", bundle, "--all")
        with open(bundle, "rb") as file:
            self.assertTrue(file.read().startswith(b"esep-bundle 2\n"))
        self.field.check_log()


if __name__ == "__main__":
    unittest.main(verbosity=2)
