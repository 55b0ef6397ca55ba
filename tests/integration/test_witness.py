#!/usr/bin/python3
"""`esep-collector witness` as a log meets it: over HTTP, with requests made from the specification, and killed after each
answer. What it signed it still knows, whatever happened behind the answer."""

import http.client
import os
import signal
import tempfile
import time
import unittest

import esep
import tlog

ORIGIN = "reports.example/log"
LOG = tlog.Key(ORIGIN, b"log")
LEAVES = [tlog.leaf_hash(b"%d" % i) for i in range(300)]
FORK = LEAVES[:40] + [tlog.leaf_hash(b"fork %d" % i) for i in range(260)]


class Witness(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.config = os.path.join(self.folder.name, "witness.yaml")
        self.port = esep.free_port()
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(esep.yaml_text({
                "name": "witness.example/w1", "keys": "witness.keys", "store": "store",
                "listen": f"127.0.0.1:{self.port}", "logs": [{"key": LOG.vkey.text}]}))
        self.key = tlog.Vkey(self.command("keygen").out.strip())
        self.assertEqual(self.command("keygen").out.strip(), self.key.text)  # and makes no other
        self.daemon = esep.Daemon("witness", [esep.program("collector"), "witness", "--config", self.config],
                                  os.path.join(self.folder.name, "log"))
        self.daemon.start()
        self.addCleanup(lambda: self.daemon.process and self.daemon.stop())

    def command(self, *words):
        return esep.run(esep.program("collector"), "witness", *words, "--config", self.config)

    def ask(self, body, method="POST", path="/add-checkpoint"):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=esep.PATIENCE)
        link.request(method, path, body.encode() if body is not None else None)
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        return answer.status, answer.getheader("Content-Type"), text

    def shown(self, old, leaves, key=LOG):
        note = key.sign(tlog.checkpoint(ORIGIN, leaves))
        return note, self.ask(tlog.add_checkpoint(old, leaves, note))

    def cosigned(self, old, leaves):
        before = int(time.time())
        note, (status, _, line) = self.shown(old, leaves)
        self.assertEqual(status, 200, line)
        at = self.key.verify(note + line)
        self.assertTrue(before <= at <= int(time.time()))

    def killed(self):
        self.daemon.signal(signal.SIGKILL)
        self.daemon.ended()
        self.daemon.start()

    def test_a_log_grows_and_then_lies(self):
        old = 0
        for size in (1, 2, 7, 64, 65, 200):
            self.cosigned(old, LEAVES[:size])
            self.killed()
            old = size
        self.cosigned(200, LEAVES[:200])
        # What the log signed is refused if it does not extend that; and what it says of us is not believed.
        self.assertEqual(self.shown(64, LEAVES[:250])[1], (409, "text/x.tlog.size", "200\n"))
        self.assertEqual(self.shown(0, LEAVES[:64])[1], (409, "text/x.tlog.size", "200\n"))
        self.assertEqual(self.shown(200, FORK[:250])[1][0], 422)
        self.assertEqual(self.shown(200, FORK[:200])[1], (409, "text/x.tlog.size", "200\n"))
        self.assertEqual(self.shown(200, LEAVES[:64])[1][0], 400)
        self.assertEqual(self.shown(200, LEAVES, tlog.Key(ORIGIN, b"thief"))[1][0], 403)
        other = tlog.Key("other.example", b"log").sign(tlog.checkpoint("other.example", LEAVES))
        self.assertEqual(self.ask(tlog.add_checkpoint(0, LEAVES, other))[0], 404)
        for body in ("", "old 1\n", "old 200\n\n" + "x" * 5000):
            self.assertEqual(self.ask(body)[0], 400, body)
        self.assertEqual(self.ask("x" * 80000)[0], 413)
        self.assertEqual(self.ask(None, "GET")[0], 405)
        self.assertEqual(self.ask("", path="/")[0], 404)
        self.cosigned(200, LEAVES)
        # Two heads of one size stay here as proof against the log.
        status = self.command("status", "--json").json()
        (log,) = status["logs"]
        self.assertEqual((log["origin"], log["size"], log["root"]), (ORIGIN, 300, tlog.b64(tlog.root(LEAVES))))
        (fork,) = status["forks"]
        self.assertTrue(LOG.vkey.verify(fork))
        self.assertIn(tlog.b64(tlog.root(FORK[:200])), fork)


if __name__ == "__main__":
    unittest.main()
