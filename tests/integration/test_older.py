#!/usr/bin/python3
"""Two restores: of an office's journal, so that it begins a second epoch, and then of the collector's
store, from before the end of the first. Whatever has a receipt comes back: see docs/adr/0006.

The office's own restore forks its chain, so the entry that forked is lost to it (its journal holds it no
more, though the log did, until the log was restored too). Everything else that any receipt in the
journal covers must be in the log again: same number, same bytes, once.
"""

import os
import shutil
import unittest

import esep

BODIES = ("moj", "mia", "akmola")
KEY = "small/fulfilment/{}/{}/2013-01-01..2013-12-31"
ACTIONS = {number: ("During 2013", BODIES) for number in range(1, 8)}


class Older(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00")
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"), bodies=BODIES,
                                             actions=ACTIONS))
        self.office = self.field.enrol("moj", start=True)
        self.other = self.field.enrol("mia", start=True)
        esep.wait(lambda: self.office.command("duties", "--json").json()["plan_known"], "the plan")

    def report(self, action, percent, *words, office=None, **more):
        office = office or self.office
        return office.report(KEY.format(action, office.body), "--fulfilment", "in_progress",
                             "--percent", percent, *words, **more)

    def status(self, office=None):
        return (office or self.office).command("status", "--json").json()

    def received(self, office=None):
        def done():
            entries = self.status(office)["entries"]
            return entries["received"] == entries["written"] and entries
        return esep.wait(done, "receipts", timeout=90)

    def journal_copy(self, name):
        """A backup of the journal, as a copy of the folder while nobody writes."""
        self.office.daemon.stop()
        shutil.copytree(os.path.join(self.office.folder, "journal"), self.field.path(name))
        self.office.daemon.start()

    def journal_back(self, name):
        """The daemon stays down: only what is written before it starts makes a fork."""
        self.office.daemon.stop()
        journal = os.path.join(self.office.folder, "journal")
        shutil.rmtree(journal)
        shutil.copytree(self.field.path(name), journal)

    def recover(self, why):
        """The daemon stands and says why; a person recovers."""
        self.office.daemon.wait_log(f"uplink: stopped: {why}: .*esep-agent recover")
        uplink = self.status()["uplink"]
        self.assertEqual((uplink["state"], uplink["why"]), ("stopped", why))
        self.assertIn("esep-agent recover", uplink["text"])
        return self.office.command("recover", "--json").json()

    def collector_back(self, name):
        self.field.collector.kill()
        os.rename(self.field.path("store"), self.field.path("lost-" + name))
        self.field.command("restore", self.field.path(name))
        self.field.collector.start()

    def rows(self, office=1):
        """{(epoch, seq): the report's chain hash, percent, state, place, content hash}; each once."""
        result = {}
        for row in self.field.reports():
            if row["office"] != office:
                continue
            place = (row["epoch"], row["seq"])
            self.assertNotIn(place, result)
            whole = self.field.command("reports", str(row["log_index"])).json()
            result[place] = (whole["chain_hash"], row["percent"], row["state"], row["log_index"],
                             whole["content_hash"])
        return result

    def receipted(self):
        """{(epoch, seq): chain hash} of all that the journal has a receipt for."""
        proofs = {}
        for receipt in self.office.command("receipt", "--all", "--json").json()["receipts"]:
            if receipt["kind"] != "entries":
                continue
            for seq in range(receipt["first_seq"], receipt["through_seq"] + 1):
                proof = self.office.command("receipt", str(seq), "--epoch", str(receipt["epoch"]),
                                            "--json").json()
                proofs[receipt["epoch"], seq] = proof["chain_hash"]
        return proofs

    def first_epoch(self):
        """Four entries with their receipts, of which the collector's copy holds two; a fork at the
        fifth; two entries of epoch 2, the second of which builds on the fourth of epoch 1."""
        self.report(1, 10, "--wait")
        self.report(2, 20, "--wait")
        self.received(self.other)
        self.field.command("backup", self.field.path("copy"))
        self.report(1, 11, "--wait")  # builds on what the copy holds
        self.report(3, 30, "--wait")
        self.report(3, 31, office=self.other)
        self.received(self.other)
        self.journal_copy("journal-old")
        self.report(4, 40, "--wait")
        self.journal_back("journal-old")
        self.report(4, 41)
        self.office.daemon.start()
        self.assertEqual(self.recover("fork"), {"format": "esep-recovery/1", "epoch": 2,
                                                "requeued": 1})
        self.office.daemon.wait_log("recovered: epoch 2 begins")
        self.assertEqual(self.received()["epoch"], 2)
        self.report(3, 32, "--wait")  # builds on 1/4, which the copy lacks

    def numbers_moved(self, before, after):
        """Every place in the log above the copy is another entry's now: what a review, and a clerk,
        speak of is found all the same."""
        (where,) = [row[3] for place, row in after.items() if place == (2, 2)]
        self.assertNotEqual(where, before[2, 2][3])
        key = KEY.format(3, self.office.body)
        self.field.command("review", str(where), "--return", "incomplete", "--again-by", "2013-03-01")

        def duty():
            duties = self.office.command("duties", "--all", "--json").json()["duties"]
            return next(one for one in duties if one["key"] == key)
        esep.wait(lambda: duty()["submission"] == "returned", "the return")
        self.assertEqual((duty()["review_of"], duty()["epoch"], duty()["seq"]), (where, 2, 2))
        self.assertIn("1/9: this journal holds no report",
                      self.report(3, 33, "--builds-on", "1/9", code=65).err)
        self.assertIn("is a report on", self.report(3, 33, "--builds-on", "1/1", code=65).err)
        self.report(3, 33, "--builds-on", "2/2", "--wait")
        row = self.rows()[2, 3]
        self.assertEqual(row[1:3], (33, "received"))
        self.assertEqual([h["seq"] for o in self.field.obligations() if o["key"] == key
                          for h in o["heads"]], [3])

    def test_receipted_entries_of_epoch_1_come_back(self):
        field = self.field
        self.first_epoch()
        before = self.rows()
        self.assertEqual(sorted(before), [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (2, 1), (2, 2)])
        proofs = self.receipted()
        self.assertEqual(sorted(proofs), [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2)])
        duties = {o["key"]: o for o in field.obligations()}

        self.collector_back("copy")
        self.office.daemon.wait_log("older-epoch-held: epoch 1 is whole again")
        esep.wait(lambda: len(self.rows()) == 6, "what the restored store lacks", timeout=90)
        self.received()
        self.received(self.other)
        after = self.rows()
        self.assertEqual({place: row[0] for place, row in after.items()}, proofs)
        self.assertEqual({place: row[:3] for place, row in after.items()},
                         {place: row[:3] for place, row in before.items() if place != (1, 5)})
        self.assertRegex(self.office.daemon.text(),
                         r"older-epoch: .*epoch 1 goes first, from entry 3 through 4")

        # What people see: nothing waits, and the first receipt, with its hour, is still the proof.
        esep.wait(lambda: self.status()["uplink"]["state"] == "online", "the office at work again")
        said = self.status()
        self.assertEqual(said["uplink"]["why"], "none")
        self.assertEqual((said["entries"]["epoch"], said["entries"]["received"],
                          said["entries"]["waiting"]), (2, 2, 0))
        for (epoch, seq), row in after.items():
            proof = self.office.command("receipt", f"{epoch}/{seq}", "--json").json()
            self.assertEqual((proof["chain_hash"], proof["content_hash"]), (row[0], row[4]))
        # The views are what they were: same heads, same axes.
        for key, duty in {o["key"]: o for o in field.obligations()}.items():
            was = duties[key]
            for name in ("percent", "fulfilment", "submission", "conflict"):
                self.assertEqual(duty[name], was[name], f"{name} of {key}")
            self.assertEqual([(h["epoch"], h["seq"]) for h in duty["heads"]],
                             [(h["epoch"], h["seq"]) for h in was["heads"]], key)
        self.assertEqual(field.office_status(1)["refused_entries"], 0)
        self.numbers_moved(before, after)
        self.report(5, 50, "--wait")  # and it goes on
        field.collector.restart()
        self.office.daemon.restart()
        self.received()
        self.assertEqual(len(self.rows()), 8)
        field.collector.stop()
        field.check_log()

    def test_what_was_logged_before_the_restore_counts_once(self):
        """The journal's copy was made before the receipt of its last entry came, so `recover` queues
        again what the log holds already: the same bytes, a repeat. It gets its receipt, and changes
        nothing: not the report that stands, not its review, not its hour."""
        field = self.field
        self.report(1, 10, "--wait")
        self.office.daemon.stop()
        self.report(1, 11)
        shutil.copytree(os.path.join(self.office.folder, "journal"), field.path("journal-old"))
        self.office.daemon.start()
        self.received()
        field.command("review", str(self.rows()[1, 2][3]), "--accept")
        self.report(2, 20, "--wait")
        key = KEY.format(1, self.office.body)
        (before,) = [o for o in field.obligations() if o["key"] == key]
        self.assertEqual((before["submission"], before["percent"]), ("accepted", 11))

        self.journal_back("journal-old")
        self.office.daemon.start()
        self.assertEqual(self.recover("behind")["requeued"], 1)
        self.assertEqual(self.received()["epoch"], 2)
        self.assertEqual(sorted(self.rows()), [(1, 1), (1, 2), (1, 3), (2, 1)])
        (after,) = [o for o in field.obligations() if o["key"] == key]
        self.assertEqual(after, before | {"reports": 3})  # it came, and is counted

        def proof(epoch, seq):
            return self.office.command("receipt", str(seq), "--epoch", str(epoch), "--json",
                                       code=75 if epoch == 1 else 0).json()
        self.assertEqual(proof(2, 1)["content_hash"], proof(1, 2)["content_hash"])
        esep.wait(lambda: any(duty["key"] == key and duty["submission"] == "accepted" for duty in
                              self.office.command("duties", "--all", "--json").json()["duties"]),
                  "the acceptance, known to the office")
        self.report(1, 12, "--wait")  # builds on it, by whichever number
        (after,) = [o for o in field.obligations() if o["key"] == key]
        self.assertEqual([(h["epoch"], h["seq"]) for h in after["heads"]], [(2, 2)])
        field.collector.stop()
        field.check_log()


if __name__ == "__main__":
    unittest.main(verbosity=2)
