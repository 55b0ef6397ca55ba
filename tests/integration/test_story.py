#!/usr/bin/python3
"""What people do, from the office's report to the commission's table and back, on the real plan."""

import hashlib
import json
import os
import unittest

import esep

SEMINARS = "kz-1347-2012/fulfilment/3/moj/2012-10-01..2013-12-31"
GROUP = "kz-1347-2012/fulfilment/12/moj/2013-01-01..2013-06-30"


class Story(unittest.TestCase):
    def setUp(self):
        self.field = esep.Field(clock=esep.shift_to("2013-01-15T10:00:00+06:00"))
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan()

    def office(self, body="moj", **more):
        office = self.field.enrol(body, start=True, **more)
        esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plan there")
        return office

    def duty(self, office, key):
        duties = office.command("duties", "--all", "--json").json()["duties"]
        return next(duty for duty in duties if duty["key"] == key)

    def obligation(self, key):
        return next(o for o in self.field.obligations() if o["key"] == key)

    def now(self):
        return self.field.listing("status")["as_of"]

    def received(self, office):
        def done():
            entries = office.command("status", "--json").json()["entries"]
            return entries["written"] == entries["received"]
        esep.wait(done, f"receipts of {office.name}")

    def test_written_offline_received_reviewed(self):
        field = self.field
        office = self.office()
        office.daemon.stop()
        office.report(SEMINARS, "--fulfilment", "in_progress", "--percent", "40", "--narrative",
                      "Проведены два семинара", "--indicator", "Обучено=57,чел.,60,женщины",
                      "--money", "rb:005:1 200 000:1 200 000:980 450,25",
                      "--preparer", "Иванова А. Б., главный специалист")
        late = office.report(SEMINARS, "--fulfilment", "executed", "--wait=0", code=75)
        self.assertIn("saved: entry 2", late.out)
        self.assertEqual(office.command("status", "--json").json()["entries"]["waiting"], 2)
        self.assertEqual(field.reports(), [])
        office.daemon.start()
        self.received(office)

        # The collector's three views of it agree.
        rows = {row["seq"]: row for row in field.reports("--body", "moj", "--action", "3")}
        self.assertEqual([rows[1]["state"], rows[2]["state"]], ["superseded", "received"])
        self.assertEqual((rows[2]["revision"], rows[2]["percent"]), (2, None))
        whole = field.command("reports", str(rows[1]["log_index"])).json()["report"]
        self.assertEqual(whole["money"][0]["spent_tiyn"], 98045025)
        self.assertEqual(whole["indicators"][0]["value"], "57")
        self.assertEqual(whole["narrative"], "Проведены два семинара")
        obligation = self.obligation(SEMINARS)
        self.assertEqual((obligation["timeliness"], obligation["submission"], obligation["reports"]),
                         ("on_time", "received", 2))
        (plan,) = field.listing("status")["plans"]
        self.assertEqual(plan["bound"]["to_review"], 1)

        # The receipt that the office holds is the log's.
        proof = office.command("receipt", "2", "--json").json()
        self.assertEqual(proof["chain_hash"],
                         field.command("reports", str(rows[2]["log_index"])).json()["chain_hash"])
        self.assertLessEqual(proof["receipt"]["last_index"], field.listing("status")["log"]["size"])

        # A stranger's program takes it with the log's public key alone, and not with another byte.
        stranger = field.path("stranger")
        done = office.command("receipt", "2", "--proof", stranger, "--json").json()
        words = [esep.program("verify"), "--log", done["log_vkey"], "--json"]
        said = esep.run(*words, stranger + ".tlog-proof", stranger + ".report").json()
        self.assertEqual((said["verdict"], said["kind"], said["clock"], said["report_seq"]),
                         ("proven", "received", "collector", 2))
        self.assertEqual(said["sha256"], proof["entry_sha256"])
        with open(stranger + ".report", "ab") as file:
            file.write(b"x")
        esep.run(*words, stranger + ".tlog-proof", stranger + ".report", code=65)

        # Returned: it comes back to the clerk, and the first receipt's hour stays.
        first = obligation["first_received_at"]
        field.command("review", str(rows[2]["log_index"]), "--return", "incomplete", "--comment",
                      "Укажите города", "--again-by", "2013-02-01")
        esep.wait(lambda: self.duty(office, SEMINARS)["submission"] == "returned", "the return")
        self.assertEqual(self.duty(office, SEMINARS)["return_comment"], "Укажите города")
        self.assertIn("Укажите города", office.command("duties").out)
        office.report(SEMINARS, "--fulfilment", "executed", "--percent", "100", "--narrative",
                      "Алматы, Астана", "--wait")
        (row,) = [r for r in field.reports() if r["seq"] == 3]
        field.command("review", str(row["log_index"]), "--accept")
        esep.wait(lambda: self.duty(office, SEMINARS)["submission"] == "accepted", "the acceptance")
        obligation = self.obligation(SEMINARS)
        self.assertEqual((obligation["submission"], obligation["assessment"], obligation["percent"],
                          obligation["first_received_at"]), ("accepted", "verified", 100, first))
        field.collector.stop()
        self.assertEqual(field.check_log()["office_entries"], 3)

    def test_where_the_collector_is_away_the_broker_says_when_it_came(self):
        field = self.field
        office = self.office()
        office.daemon.stop()
        office.configure(brokers=field.signing_brokers())
        office.daemon.start()
        self.received(office)
        field.collector.stop()
        office.report(SEMINARS, "--fulfilment", "executed", "--percent", "100", "--narrative", "Астана")
        note = esep.wait(lambda: office.command("status", "--json").json()["ingress"], "the broker's note")
        self.assertEqual((note["through_seq"], note["broker_key"]), (1, field.broker.sign_key))
        stranger = field.path("noted")
        done = office.command("receipt", "1", "--proof", stranger, "--json").json()
        self.assertIsNone(done["log_vkey"])
        key = done["broker_key"]
        files = [stranger + ".ingress-proof", stranger + ".report"]
        second = ["/usr/bin/python3", "-B", os.path.join(esep.SOURCE, "tests/verify/second.py")]
        for words in ([esep.program("verify"), "--json"], second):
            said = esep.run(*words, "--broker", key, *files).json()
            self.assertEqual((said["verdict"], said["kind"], said["clock"], said["report_seq"], said["broker"]),
                             ("proven", "ingress", "broker", 1, key))
            late = esep.run(*words, "--broker", key, "--due", "2012-01-01T00:00:00+06:00", *files, code=1).json()
            self.assertEqual(late["verdict"], "late")
            esep.run(*words, "--broker", "ab" * 32, *files, code=65)
        # It is a word of the broker's, and no receipt; that comes as ever.
        self.assertIsNone(office.command("receipt", "1", "--json", code=None).json()["receipt"])
        field.collector.start()
        self.received(office)
        self.assertEqual([r["seq"] for r in field.reports()], [1])
        self.assertIsNotNone(office.command("receipt", "1", "--json").json()["receipt"])

    def test_more_time_is_asked_and_given(self):
        field = self.field
        office = self.office()
        office.report(GROUP, "--ask-extension", "2013-09-30", "--reason", "Нет кворума", "--wait")
        esep.wait(lambda: self.obligation(GROUP)["control"] == "extension_asked", "the request")
        field.command("extend", GROUP, "--until", "2013-09-30", "--document", "№ 17-3/112",
                      "--reason", "обоснованно")
        esep.wait(lambda: self.duty(office, GROUP)["extended_to"] == "2013-09-30", "the extension")
        obligation = self.obligation(GROUP)
        self.assertEqual(obligation["due"][:10], "2013-09-30")
        self.assertEqual(obligation["original_due"][:10], "2013-06-30")
        field.command("control", GROUP, "--remove", "--reason", "исполнено")
        esep.wait(lambda: self.duty(office, GROUP)["control"] == "removed", "off control")
        field.command("control", GROUP, "--restore", "--reason", "поспешили")
        esep.wait(lambda: self.duty(office, GROUP)["control"] == "restored", "on control again")
        field.check_log()

    def test_two_offices_of_a_body_conflict_and_settle(self):
        field = self.field
        one = self.office()
        two = self.office()
        one.daemon.stop()
        two.daemon.stop()
        one.report(SEMINARS, "--fulfilment", "executed", "--narrative", "из первой комнаты")
        two.report(SEMINARS, "--fulfilment", "partly", "--narrative", "из второй комнаты")
        one.daemon.start()
        self.received(one)
        two.daemon.start()
        self.received(two)
        obligation = self.obligation(SEMINARS)
        self.assertTrue(obligation["conflict"])
        self.assertEqual({head["office"] for head in obligation["heads"]}, {1, 2})
        self.assertEqual({row["state"] for row in field.reports()}, {"conflict"})
        for office in (one, two):  # the body sees it, in each of its offices
            esep.wait(lambda o=office: self.duty(o, SEMINARS)["conflict"], "the conflict there")
        # Each calls the other's report what it knows it by; what is known nowhere is not sent.
        other = next(h["log_index"] for h in obligation["heads"] if h["office"] == 2)
        (known,) = self.duty(one, SEMINARS)["conflicts_with"]
        self.assertEqual((known["log_index"], known["office"]), (other, 2))
        self.assertIn(f"--settles {other}", one.command("duties", "--all").out)
        self.assertIn(f"(log entry {other})", one.command("mail").out)
        first = next(h["log_index"] for h in obligation["heads"] if h["office"] == 1)
        settle = [SEMINARS, "--fulfilment", "executed", "--narrative", "обе вместе", "--settles"]
        self.assertIn("no mail here speaks of", two.report(*settle, str(first), code=65).err)
        self.assertIn("names no entry", two.report(*settle, "первый", code=65).err)
        self.assertEqual(len(field.reports()), 2)
        one.report(*settle, str(other), "--wait")
        obligation = self.obligation(SEMINARS)
        self.assertFalse(obligation["conflict"])
        self.assertEqual(len(field.reports()), 3)  # nothing was overwritten
        for office in (one, two):
            esep.wait(lambda o=office: not self.duty(o, SEMINARS)["conflict"], "peace there, too")
        field.check_log()

    def test_a_conflict_settled_by_whose_report_came_second(self):
        """The mail does not bring it the first one: it is told the hash, or reads it elsewhere."""
        field = self.field
        one = self.office()
        two = self.office()
        one.report(SEMINARS, "--fulfilment", "executed", "--wait")
        two.report(SEMINARS, "--fulfilment", "partly", "--wait")
        esep.wait(lambda: self.duty(two, SEMINARS)["conflict"], "the conflict there")
        told = self.duty(one, SEMINARS)["content_hash"]
        self.assertEqual(one.command("receipt", "1", "--json").json()["content_hash"], told)
        two.report(SEMINARS, "--fulfilment", "executed", "--settles", told, "--draft")
        two.report(SEMINARS, "--send-draft", "--wait")
        self.assertFalse(self.duty(two, SEMINARS)["conflict"])
        obligation = self.obligation(SEMINARS)
        self.assertFalse(obligation["conflict"])
        self.assertEqual([(h["office"], h["seq"]) for h in obligation["heads"]], [(2, 2)])
        field.check_log()

    def test_withdrawn(self):
        office = self.office()
        office.report(SEMINARS, "--fulfilment", "executed", "--wait")
        office.report(SEMINARS, "--withdraw", "по ошибке", "--wait")
        obligation = self.obligation(SEMINARS)
        self.assertEqual(obligation["submission"], "withdrawn")
        self.assertEqual([row["state"] for row in self.field.reports()], ["withdrawn"])
        office.report(SEMINARS, "--fulfilment", "in_progress", "--wait")
        self.assertEqual(self.obligation(SEMINARS)["submission"], "received")
        self.field.check_log()

    def test_as_of_an_instant(self):
        field = self.field
        office = self.office()
        before = esep.wait(lambda: field.obligations("--as-of", self.now()) and self.now(),
                           "a second after the plan's own")
        office.report(SEMINARS, "--fulfilment", "executed", "--wait")
        def state(as_of):
            rows = field.obligations("--as-of", as_of, "--body", "moj", "--action", "3")
            return rows[0]["submission"]
        self.assertEqual(state("2014-01-15T00:00:00+06:00"), "received")
        self.assertEqual(state(before), "none")

    def test_what_the_secretariat_takes_away(self):
        office = self.office()
        office.report(SEMINARS, "--fulfilment", "executed", "--narrative", "=1+1", "--wait")
        office.daemon.stop()  # the log stays as it is: an office acknowledges its mail when it likes
        self.field.collector.stop()
        csv = self.field.command("export", "--format", "csv").out
        self.assertTrue(csv.startswith("\ufeff\"key\""))
        self.assertIn(SEMINARS, csv)
        export = json.loads(self.field.command("export", "--format", "json").out)
        status = self.field.listing("status")
        self.assertEqual((export["log_root"], export["log_size"]),
                         (status["log"]["root"], status["log"]["size"]), export["as_of"])
        self.assertEqual(len(export["obligations"]), len(self.field.obligations()))

    def test_pending_until_accepted(self):
        field = self.field
        office = esep.Office(field, "moj-pending", "moj")
        office.enrol(field.code("moj"))
        office.daemon.start()
        office.report(SEMINARS, "--fulfilment", "executed", "--unlisted")
        office.daemon.wait_log("uplink: .*(pending|accept)")
        self.assertEqual(field.reports(), [])
        field.keys("accept", "1")
        self.received(office)
        self.assertEqual(len(field.reports()), 1)

    def test_drafts_stay_here(self):
        office = self.office()
        office.report(SEMINARS, "--draft", "--narrative", "набросок", "--fulfilment", "partly")
        self.assertIn(SEMINARS, office.report("--drafts").out)
        self.assertTrue(self.duty(office, SEMINARS)["draft"])
        office.report(SEMINARS, "--send-draft", "--percent", "70", "--wait")
        (row,) = self.field.reports()
        self.assertEqual((row["fulfilment"], row["percent"]), ("partly", 70))
        self.assertFalse(self.duty(office, SEMINARS)["draft"])

    def test_a_stick_for_an_office_without_a_link(self):
        office = self.office()
        office.daemon.stop()
        scans = []
        for percent in (10, 20, 30):
            scans.append(self.field.path(f"{percent}.pdf"))
            with open(scans[-1], "wb") as file:
                file.write(b"%PDF-1.7\n" + os.urandom(percent * 5000) + b"%%EOF\n")
            office.report(SEMINARS, "--fulfilment", "partly", "--percent", percent, "--narrative", "на флешке",
                          "--attach", scans[-1])
        there, back = self.field.path("stick.esep"), self.field.path("stick.reply")
        first = office.command("bundle", "export", there, "--files-bytes", "250k", "--json").json()
        self.assertEqual((first["files"] + first["files_left"], first["files_damaged"]), (3, 0))
        self.assertGreater(first["files_left"], 0)
        with open(there, "rb") as file:
            data = file.read()
        self.assertNotIn("на флешке".encode(), data)
        self.assertNotIn(b"%PDF", data)
        cut = self.field.path("cut.esep")
        with open(cut, "wb") as file:
            file.write(data[:-1])
        refused = self.field.command("bundle", "import", cut, "--reply", back, code=65).err
        self.assertIn(f"{cut}: bundle: cut off", refused)
        self.assertFalse(os.path.exists(back))
        for _ in range(2):  # any number of times
            done = self.field.command("bundle", "import", there, "--reply", back, "--json").json()
            self.assertEqual((done["office"], done["first_seq"], done["through_seq"]), (1, 1, 3))
            self.assertEqual((done["files"], done["files_refused"]), (first["files"], 0), done)
            self.assertEqual([row["percent"] for row in self.field.reports()], [10, 20, 30])
        done = office.command("bundle", "import", back, "--json").json()
        self.assertEqual((done["received"], done["receipts"], done["files"]), (3, 1, first["files"]))
        # What did not fit goes with the next one, though every entry has its receipt by now.
        rest = office.command("bundle", "export", there, "--json").json()
        self.assertEqual((rest["files"], rest["files_left"]), (first["files_left"], 0))
        self.field.command("bundle", "import", there, "--reply", back)
        self.assertEqual(office.command("bundle", "import", back, "--json").json()["files"], rest["files"])
        self.assertEqual(office.command("status", "--json").json()["files"]["complete"], 3)
        for scan in scans:
            with open(scan, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
            with open(self.field.path("store-files", digest[:2], digest), "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), digest)
        self.assertEqual(office.command("bundle", "import", back, "--json").json()["receipts"], 0)
        self.assertEqual(self.duty(office, SEMINARS)["submission"], "received")
        proof = office.command("receipt", SEMINARS, "--json").json()
        self.assertIn("receipt already", office.command("bundle", "export", there, code=65).err)
        self.field.command("review", self.field.reports()[-1]["log_index"], "--return", "incomplete",
                           "--again-by", "2013-06-01")
        office.command("bundle", "export", there, "--all")  # nothing new, but mail has come since
        self.field.command("bundle", "import", there, "--reply", back)
        self.assertGreater(office.command("bundle", "import", back, "--json").json()["mails"], 0)
        self.assertEqual(self.duty(office, SEMINARS)["submission"], "returned")
        office.daemon.start()  # the network comes back, and brings nothing twice
        office.report(SEMINARS, "--fulfilment", "executed", "--percent", "100", "--wait=60")
        self.assertEqual([row["percent"] for row in self.field.reports()], [10, 20, 30, 100])
        self.assertEqual(office.command("receipt", "3", "--json").json()["receipt"], proof["receipt"])
        self.field.check_log()


if __name__ == "__main__":
    unittest.main(verbosity=2)
