#!/usr/bin/python3
"""A collector that rewrites its log, with the log's own key: an entry taken out, changed, put elsewhere, put in, and one
history shown to one and another to the next. Each time the witness does not cosign, and the office that saw the log of before
stops. Everything else agrees: `log verify` finds nothing wrong with such a log."""

import os
import shutil
import unittest

import esep
from test_witness import Post

KINDS = ("removed", "changed", "reordered", "added")
BODIES = ("moj", "mia", "akmola", "moh", "moe", "mof")
KEY = "small/fulfilment/1/{}/2013-01-01..2013-12-31"


class Tamper(unittest.TestCase):
    def setUp(self):
        self.field = field = esep.Field()
        self.enterContext(field)
        field.begin(start=False)
        self.post = Post(field.path("witness"), "w", [field.ids["log_vkey"]])
        field.daemons.append(self.post.daemon)
        self.post.daemon.start()
        # Each sign of life is logged: entries on which nothing else depends.
        field.configure(witnesses=[{"url": self.post.url, "key": self.post.key.text}], witness={"every": "100ms"},
                        limits={"presence_every": "1s"})
        for daemon in (field.broker.daemon, field.collector):
            daemon.start()
        field.load_plan(esep.small_plan(field.path("small.yaml"), bodies=BODIES, actions={1: ("During 2013", BODIES)}))
        self.offices = {kind: field.enrol(body, start=True) for kind, body in zip((*KINDS, "one", "other"), BODIES)}

    def report(self, kind, *words, **more):
        office = self.offices[kind]
        office.report(KEY.format(office.body), "--unlisted", "--fulfilment", "in_progress", *words, **more)

    def size(self):
        return self.field.listing("status")["log"]["size"]

    def cosigned(self):
        """The size of the newest head that the witness has signed, as the witness says it."""
        return max((log["size"] for log in self.post.status()), default=0)

    def split(self, kind):
        return self.offices[kind].command("receipt", "--split", "--json", code=None).json()["split"]

    def put(self, store, forget=True):
        """The collector goes on from a copy of its store, as if nothing had been."""
        if self.field.collector.process is not None:
            self.field.collector.stop()
        shutil.rmtree(self.field.path("store"))
        shutil.copytree(store, self.field.path("store"))
        for name in ("cosigned", "witnesses"):  # by these it would know itself that the log is another
            if forget and os.path.exists(self.field.path("store", name)):
                os.unlink(self.field.path("store", name))

    def alarm(self):
        return next(iter(self.field.listing("status")["witnesses"]))["alarm"]

    def known_to_itself(self, honest, size):
        """Whoever changes the log but for what its witnesses have signed is told on by the collector."""
        self.put(honest, forget=False)
        self.rewrite("changed", size)
        self.field.collector.start()
        self.field.command("account", "add", "mallory", "--role", "viewer")
        esep.wait(lambda: self.alarm() == "split", "the collector to find its own log changed")
        self.assertRegex(next(iter(self.field.listing("status")["witnesses"]))["said"], "how our own log begins")

    def rewrite(self, kind, size):
        esep.run(esep.program("tamper"), kind, self.field.path("store"), str(size))
        self.field.command("log", "replay", "--repair")
        head = self.field.path("store", "checkpoint")  # of the log that was; whoever lies lets it go
        if os.path.exists(head):
            os.unlink(head)
        self.field.check_log()

    def caught(self, kind, cosigned):
        """The office that comes next has seen the log of before; so has the witness."""
        office = self.offices[kind]
        office.daemon.start()
        self.report(kind, "--narrative", "After it.")
        esep.wait(lambda: self.split(kind), f"{kind}: the office to stop")
        self.assertFalse(office.command("receipt", "--json", code=None).json().get("receipt"), kind)
        # Nothing came of it: the office stopped before it sent anything. What the commission does lets the log grow.
        self.field.command("account", "add", f"of-{kind}", "--role", "viewer")
        self.post.daemon.wait_log("head-not-proven|fork")
        esep.wait(lambda: self.alarm() == "split", f"{kind}: the alarm")
        self.assertEqual(self.cosigned(), cosigned, kind)
        office.daemon.stop()
        self.post.daemon.restart()

    def test_each_is_caught_by_the_witness_and_by_an_office(self):
        field = self.field
        for kind in self.offices:
            self.report(kind, "--wait")
        size = self.size()  # what each of them has seen, once it has the next receipt
        for kind in self.offices:
            self.report(kind, "--narrative", "Before it.", "--wait")
            self.offices[kind].daemon.stop()
        esep.wait(lambda: self.cosigned() >= size, "all of it cosigned")
        field.collector.stop()
        field.check_log()
        honest = shutil.copytree(field.path("store"), field.path("honest"))
        seen = field.listing("status")["log"]["size"]
        esep.wait(lambda: self.cosigned() <= seen, "no more cosigned than there is")
        cosigned = self.cosigned()
        for kind in KINDS:
            with self.subTest(kind):
                self.put(honest)
                self.rewrite(kind, size)
                field.collector.start()
                self.caught(kind, cosigned)
        self.known_to_itself(honest, size)
        # Two histories: one office and the witness are shown the one, another office the other.
        self.put(honest)
        field.collector.start()
        self.offices["one"].daemon.start()
        self.report("one", "--narrative", "Of one history.", "--wait")
        self.offices["one"].daemon.stop()
        esep.wait(lambda: self.cosigned() >= self.size() > cosigned, "the one history cosigned")
        field.collector.stop()
        cosigned = self.cosigned()
        self.put(honest)
        field.collector.start()
        self.offices["other"].daemon.start()
        for _ in range(3):
            self.report("other", "--narrative", "Of the other.", "--wait")
        self.offices["other"].daemon.stop()
        self.caught("one", cosigned)
        self.assertFalse(self.split("other"))  # its view is whole: the witness alone has seen both


if __name__ == "__main__":
    unittest.main(argv=[__file__, "-v"])
