#!/usr/bin/python3
"""The log's key gives its place to another, twice: by a signer, a broker, offices that are there and one that is away. What was
receipted before is proven by the key of its time, what comes behind by the next; nobody is told anything by hand."""

import json
import os
import sys
import unittest

import esep
import test_signer

SECOND = [sys.executable, "-B", os.path.join(esep.SOURCE, "tests", "verify", "second.py")]


class LogKey(unittest.TestCase):
    def setUp(self):
        self.field, self.signer, _ = test_signer.signed_by_another()
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"), actions={1: ("During 2013", ("moj", "mia", "akmola"))}))
        self.there, self.away, self.alone = (self.field.enrol(body, start=True) for body in ("moj", "mia", "akmola"))
        for office in (self.there, self.away, self.alone):
            esep.wait(lambda office=office: office.command("duties", "--json").json()["plan_known"], "the plan")

    def report(self, office, number):
        """The office's report of this number, received."""
        key = f"small/fulfilment/1/{office.body}/2013-01-01..2013-12-31"
        office.report(key, "--fulfilment", "in_progress", "--percent", str(number), "--narrative", f"Part {number}.")
        esep.wait(lambda: office.command("status", "--json").json()["entries"]["received"] >= number,
                  f"the receipt through {number}", timeout=180)

    def status(self, office):
        return office.command("status", "--json").json()

    def next_key(self):
        """Made while the signer serves, and found again where it is asked for twice."""
        done = esep.run(*self.signer.words, "rotate")
        said = dict(line.split(": ") for line in done.out.splitlines())
        self.assertEqual(esep.run(*self.signer.words, "rotate").out, done.out)
        self.assertEqual(os.stat(self.field.path("log.keys.next")).st_mode & 0o777, 0o600)
        return said

    def proof(self, office, number, name):
        """Files, and the key that they verify with."""
        path = self.field.path(name)
        return path, office.command("receipt", str(number), "--proof", path, "--json").json()["log_vkey"]

    def judge(self, path, keys):
        """What both verifiers say."""
        words = [word for key in keys for word in ("--log", key)] + [path + ".tlog-proof", path + ".report"]
        one = esep.run(esep.program("verify"), "--json", *words, code=None)
        other = esep.run(*SECOND, *words, code=None)
        first, second = json.loads(one.out), json.loads(other.out)
        self.assertEqual({key: first[key] for key in ("exit", "step")}, {key: second[key] for key in ("exit", "step")})
        return first["exit"], first["step"]

    def listed(self):
        return self.field.command("keys", "--log", "--json").json()["keys"]

    def test_two_others(self):
        self.report(self.there, 1)
        for office in (self.away, self.alone):
            self.report(office, 1)
            office.daemon.stop()
        old_path, first = self.proof(self.there, 1, "old")
        with open(self.field.path("log.keys"), encoding="ascii") as file:
            old_secret = file.read().split("sign ")[1].split()[0]
        secret = self.field.path("backup.keys")
        public = esep.run(esep.program("collector"), "backup", "keygen", secret, "--json").json()["recipient"]
        self.field.command("backup", self.field.path("old.backup"), "--encrypt-to", public)
        made = self.next_key()
        self.report(self.there, 2)  # it waits for ingest's next start
        self.assertEqual(len(self.listed()), 1)
        self.field.collector.restart()
        self.field.collector.wait_log(r" log-key-rotated: .*" + made["log_key"])
        self.report(self.there, 3)
        self.field.broker.daemon.wait_log(r" log-key-changed")
        self.assertFalse(os.path.exists(self.field.path("log.keys.next")) or os.path.exists(self.field.path("log.keys.old")))
        with open(self.field.path("log.keys"), encoding="ascii") as file:
            self.assertNotIn(old_secret, file.read())
        again = self.next_key()
        self.signer.restart(hard=True)
        self.field.collector.restart(hard=True)
        self.field.collector.wait_log(r" log-key-rotated: .*" + again["log_key"])
        self.field.broker.daemon.restart()  # it knows its configuration's key alone, and follows anew
        self.report(self.there, 4)
        self.away.daemon.start()
        self.report(self.away, 2)
        for office in (self.there, self.away):
            told = self.status(office)["log_keys"]
            self.assertEqual([key["log_key"] for key in told], [made["log_key"], again["log_key"]])
            self.assertIn(again["fingerprint"], office.command("status").out)
        self.check_keys([made, again])
        self.check_proofs(old_path, [first, made["log_vkey"], again["log_vkey"]])
        self.check_stick()
        late = self.field.enrol("moj", name="late", start=True)  # its configuration has the first key
        esep.wait(lambda: len(self.status(late)["log_keys"]) == 2, "the keys of the log at a late office")
        # Who comes now is given the newest one, as init says it, and holds no other.
        self.assertIn("log_key: " + again["log_key"], self.field.command("init").out)
        new = self.field.enrol("mia", name="new", start=True, log_key=again["log_key"])
        esep.wait(lambda: new.command("duties", "--json").json()["plan_known"], "the plan at a new office")
        self.report(new, 1)
        self.assertEqual(self.status(new)["log_keys"], [])
        archive = self.field.path("new.backup")
        self.field.command("backup", archive, "--encrypt-to", public)
        for path in (self.field.path("old.backup"), archive):
            self.field.command("backup", "check", path, "--key", secret)
        self.field.collector.stop()
        self.field.check_log()
        # The head beside the store is held to the key of its time: with another's line it is none.
        head = self.field.path("store", "checkpoint")
        with open(head, encoding="utf-8") as file:
            note = file.read()
        esep.write(head, note[:-20] + ("A" if note[-20] != "A" else "B") + note[-19:].rstrip("\n"))
        self.assertIn("checkpoint", self.field.command("log", "verify", code=65).err)

    def check_stick(self):
        """An office whose daemon has not run since before both: a bundle's reply brings it the keys."""
        there, back = self.field.path("there.bundle"), self.field.path("back.bundle")
        self.alone.report("small/fulfilment/1/akmola/2013-01-01..2013-12-31", "--fulfilment", "in_progress", "--percent", "2",
                          "--narrative", "Part 2.")
        self.alone.command("bundle", "export", there)
        self.field.command("bundle", "import", there, "--reply", back)
        self.assertGreater(self.alone.command("bundle", "import", back, "--json").json()["receipts"], 0)
        self.assertEqual(len(self.status(self.alone)["log_keys"]), 2)

    def check_keys(self, made):
        keys = self.listed()
        self.assertEqual([key["log_key"] for key in keys[1:]], [said["log_key"] for said in made])
        self.assertEqual([key["log_vkey"].split("+")[2] for key in keys[1:]], [said["log_vkey"].split("+")[2] for said in made])
        self.assertEqual([key["through_size"] for key in keys], [keys[1]["from_size"], keys[2]["from_size"], None])
        entries = self.field.command("log", "list", "--type", "log_key", "--json").json()["entries"]
        self.assertEqual([entry["log_index"] + 1 for entry in entries], [key["from_size"] for key in keys[1:]])

    def check_proofs(self, old_path, _):
        first, *rest = [key["log_vkey"] for key in self.listed()]
        new_path, new_key = self.proof(self.there, 4, "new")
        renewed_path, renewed = self.proof(self.there, 1, "renewed")
        self.assertEqual((new_key, renewed), (rest[1], rest[1]))
        for path, keys, wanted in ((old_path, [first], (0, 0)), (old_path, rest, (65, 8)), (old_path, [*rest, first], (0, 0)),
                                   (new_path, [first], (65, 8)), (new_path, [first, *rest], (0, 0)), (renewed_path, rest, (0, 0))):
            self.assertEqual(self.judge(path, keys), wanted, (path, keys))


if __name__ == "__main__":
    unittest.main()
