#!/usr/bin/python3
"""The life of an office's keys on real daemons: new ones while reports queue and daemons are killed, an old copy that is
refused and seen, and a revocation amid a session. See docs/adr/0018."""

import os
import shutil
import unittest

import esep

BODIES = ("moj", "mia")
KEY = "small/fulfilment/{}/{}/2013-01-01..2013-12-31"
ACTIONS = {number: ("During 2013", BODIES) for number in range(1, 8)}


class Keys(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00")
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"), bodies=BODIES, actions=ACTIONS))

    def report(self, office, action, *words, **more):
        return office.report(KEY.format(action, office.body), "--fulfilment", "in_progress", "--percent", 5 + action,
                             *words, **more)

    def received(self, office):
        def done():
            entries = office.command("status", "--json").json()["entries"]
            return entries["received"] == entries["written"] and entries
        return esep.wait(done, "receipts")

    def plan_comes(self, office):
        esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plan")

    def shown(self, office):
        return office.command("keys", "--json").json()

    def listed(self, number):
        return next(o for o in esep.run(esep.program("broker"), "keys", "list", "--control", self.field.control,
                                        "--json").json()["offices"] if o["office"] == number)

    def entries(self, kind):
        return self.field.listing("log", "list", "--type", kind)["entries"]

    def proven(self, office, *place):
        name = self.field.path("proof" + "".join(place).replace("/", "-"))
        done = office.command("receipt", *place, "--proof", name, "--json").json()
        return esep.run(esep.program("verify"), "--log", done["log_vkey"], "--json", name + ".tlog-proof",
                        name + ".report").json()

    def test_life(self):
        once = self.field.code("moj")
        office = esep.Office(self.field, "moj-1", "moj")
        enrolled = office.command("enrol", "--code", once, "--json").json()
        self.assertEqual(enrolled["state"], "pending")
        # Both screens show the same, and what differs is not accepted.
        self.assertEqual(self.listed(1)["fingerprint"], enrolled["fingerprint"])
        self.assertEqual(self.shown(office)["fingerprint"], enrolled["fingerprint"])
        self.field.keys("accept", "1", "--fingerprint", once, code=None)
        self.assertEqual(self.listed(1)["state"], "pending")
        self.field.keys("accept", "1", "--fingerprint", enrolled["fingerprint"].lower())
        office.daemon.start()
        self.plan_comes(office)
        self.report(office, 1)
        self.received(office)

        # Away from the line: reports queue, new keys are made, and the same command again makes no others.
        office.daemon.kill()
        thief = esep.Office(self.field, "thief", "moj")
        shutil.copytree(os.path.join(office.folder, "journal"), os.path.join(thief.folder, "journal"),
                        ignore=shutil.ignore_patterns("wake"))
        shutil.copy(os.path.join(office.folder, "agent.keys"), os.path.join(thief.folder, "agent.keys"))
        self.report(office, 2)
        wanted = office.command("keys", "rotate", "--json").json()
        self.assertEqual(office.command("keys", "rotate", "--json").json(), wanted)
        self.assertEqual(wanted["fingerprint"], enrolled["fingerprint"])
        self.report(office, 3)
        fresh = wanted["next_fingerprint"]
        office.daemon.start()
        for _ in range(5):  # whatever it is at, it dies
            self.report(office, 4, code=None)
            office.daemon.restart(hard=True)
        self.field.collector.restart(hard=True)
        esep.wait(lambda: self.listed(1)["fingerprint"] == fresh, "the new keys in the log")
        esep.wait(lambda: self.shown(office)["fingerprint"] == fresh, "the new keys at the office")
        self.assertIsNone(self.shown(office)["next_fingerprint"])
        self.assertFalse(os.path.exists(os.path.join(office.folder, "agent.keys.next")))
        self.report(office, 5)
        self.received(office)
        # A stranger is shown both: what the old key signed, and what the new one did.
        proven = [self.proven(office, *place) for place in (("1/1",), ())]
        self.assertNotEqual(proven[0]["key"], proven[1]["key"])
        told = [entry["what"] for entry in self.entries("key")]
        self.assertEqual(told, ["office 1 of moj: pending", "office 1 of moj: active", "office 1 of moj: new keys"])
        self.assertEqual({r["obligation"] for r in self.field.reports()}, {KEY.format(n, "moj") for n in range(1, 6)})
        alarms = len(self.entries("alarm"))

        # A copy of the office as it was before: refused, in words, and seen.
        thief.daemon.start()
        thief.daemon.wait_log("this office has newer keys than these")
        self.assertEqual(len(self.entries("alarm")), alarms + 1)
        thief.daemon.stop()

        # Revoked amid its session, with the reason in the log.
        esep.wait(lambda: office.command("status", "--json").json()["uplink"]["state"] == "online", "the line")
        self.field.keys("revoke", "1", "--reason", "the laptop is gone")
        office.daemon.wait_log("revoked")
        self.report(office, 6)
        self.assertEqual(self.entries("key")[-1]["what"], "office 1 of moj: revoked: the laptop is gone")
        self.assertEqual(len(self.entries("alarm")), alarms + 1)
        self.assertEqual(len(self.field.reports()), len({r["log_index"] for r in self.field.reports()}))
        self.recovered(office, fresh)
        self.field.check_log()

    def recovered(self, lost, lost_fingerprint):
        """Another PC takes the lost one's place: the clerk finds what was reported, and how it stands, and corrects it;
        the log says whose key it was when."""
        newest = {r["obligation"]: r["log_index"] for r in self.field.reports()}  # in the log's order
        self.field.command("review", newest[KEY.format(1, "moj")], "--accept")
        self.field.command("review", newest[KEY.format(2, "moj")], "--return", "incomplete", "--comment", "the annex")
        self.field.keys("enrol", "mia", "--office", "1", code=None)  # another body's: refused
        once = self.field.code("moj", "--office", "1", "--accept")
        office = esep.Office(self.field, "moj-again", "moj")
        office.enrol(once)
        office.daemon.start()
        self.plan_comes(office)

        def duties():
            return {d["key"]: d for d in office.command("duties", "--all", "--json").json()["duties"]}
        states = {1: "accepted", 2: "returned", 3: "received", 4: "received", 5: "received"}
        esep.wait(lambda: all(duties()[KEY.format(n, "moj")]["submission"] == s for n, s in states.items()), "the reports")
        self.report(office, 2)
        self.report(office, 7)
        self.received(office)
        corrected = [o for o in self.field.obligations() if o["key"] == KEY.format(2, "moj")]
        self.assertEqual([(o["submission"], o["conflict"]) for o in corrected], [("received", False)])
        places = [(r["office"], r["epoch"], r["seq"]) for r in self.field.reports()]
        self.assertEqual(len(places), len(set(places)))
        self.assertEqual({r["office"] for r in self.field.reports()}, {1})
        # The lost one is still refused, and is an alarm now.
        alarms = len(self.entries("alarm"))
        lost.daemon.restart(hard=True)
        lost.daemon.wait_log("this office has newer keys than these")
        self.assertEqual(len(self.entries("alarm")), alarms + 1)

        keys = self.field.listing("keys", "--office", "1")["keys"]
        self.assertEqual([(k["came_by"], k["ended_by"]) for k in keys],
                         [("code", "rotated"), ("rotation", "revoked"), ("code", None)])
        self.assertEqual(keys[1]["fingerprint"], lost_fingerprint)
        self.assertEqual(keys[1]["reason"], "the laptop is gone")
        self.assertEqual(keys[2]["fingerprint"], self.shown(office)["fingerprint"])
        self.assertEqual(self.field.listing("keys", "--at", "2012-01-01T00:00:00Z")["keys"], [])

    def test_renewal(self):
        """An operator asks for new keys, and the office's daemon makes them."""
        office = self.field.enrol("moj", start=True)
        self.plan_comes(office)
        self.report(office, 1)
        first = self.shown(office)["fingerprint"]
        self.field.keys("renew", "1", "--reason", "a new year")
        esep.wait(lambda: self.listed(1)["fingerprint"] != first, "new keys in the log")
        fresh = self.listed(1)["fingerprint"]
        esep.wait(lambda: self.shown(office)["fingerprint"] == fresh, "the new keys at the office")
        self.assertIsNone(self.listed(1)["renewal_asked_at"])
        self.assertIsNone(office.command("status", "--json").json()["renewal"])
        self.report(office, 2)
        self.received(office)
        self.assertEqual([e["what"] for e in self.entries("keys_asked")], ["office 1 is to renew its keys: a new year"])
        self.field.check_log()

    def test_rights(self):
        """An office reports for a second body while it may, and is judged by its rights of that moment; see docs/adr/0025."""
        office = self.field.enrol("moj", start=True)
        self.plan_comes(office)
        words = ("--fulfilment", "in_progress", "--percent", 5)

        def reports_for(*bodies):
            def there():
                listed = office.command("duties", "--json").json()
                return listed["bodies"] == list(bodies) and {d["body"] for d in listed["duties"]} == set(bodies)
            esep.wait(there, "rights: " + ", ".join(bodies))
        office.report(KEY.format(1, "mia"), *words, code=77)
        self.field.keys("rights", "1", "--body", "mia", "--reason", "no line there")
        self.assertEqual(self.listed(1)["bodies"], ["mia"])
        reports_for("moj", "mia")
        either = office.report("--action", "1", *words, code=None)
        self.assertIn("2 duties fit: say which, with --window, --kind, --body", either.err)
        self.assertNotEqual(either.code, 0)
        office.report("--action", "1", "--body", "mia", *words)
        office.report("--action", "1", "--body", "moj", *words)
        self.received(office)
        self.field.keys("rights", "1", "--default")
        reports_for("moj")
        office.report("--action", "2", "--body", "mia", *words, code=77)
        office.report(KEY.format(2, "mia"), "--unlisted", *words)  # the collector judges
        self.received(office)
        for state, places in (("received", [(1, "mia"), (1, "moj")]), ("refused", [(2, "mia")])):
            self.assertEqual(sorted(r["obligation"] for r in self.field.reports("--state", state)),
                             [KEY.format(*place) for place in places])
        self.assertEqual([m["verdict"] for m in office.command("mail", "--json").json()["mail"] if m["type"] == "entry"],
                         ["not_yours"])
        self.assertEqual([e["what"] for e in self.entries("rights")],
                         ["office 1 reports for its own body, mia in all plans: no line there",
                          "office 1 reports for its own body in all plans"])
        self.field.check_log()


if __name__ == "__main__":
    unittest.main()
