#!/usr/bin/python3
"""An enrolled office gone bad, inside its own CURVE session: frames truncated, damaged, too large,
replayed, in many parts; and a crowd of strangers that shake hands. Broker and collector refuse, count
and stay up, and an honest office does not notice.

The bad office has its real keys, and a real HELLO of its own agent, caught by a broker of ours that
the agent was pointed at.
"""

import contextlib
import os
import re
import unittest

import zmq
from zmq.utils import z85

import esep

KEY = "small/fulfilment/1/{}/2013-01-01..2013-12-31"


def curve_of(office):
    """The office's CURVE pair, from its key file, as libzmq takes it."""
    with open(os.path.join(office.folder, "agent.keys"), encoding="ascii") as file:
        secret = z85.encode(bytes.fromhex(re.search(r"^curve (\w+)$", file.read(), re.M)[1]))
    return zmq.curve_public(secret), secret


class Hostile(unittest.TestCase):
    def setUp(self):
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00")
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"),
                                             actions={1: ("During 2013", ["moj", "mia"])}))
        self.bad = self.field.enrol("moj")
        self.honest = self.field.enrol("mia", start=True)
        self.honest_reports()
        self.zmq = self.enterContext(zmq.Context())
        self.zmq.linger = 0

    def honest_reports(self):
        self.honest.report(KEY.format("mia"), "--unlisted", "--fulfilment", "executed", "--wait")

    def counters(self):
        return self.field.broker.status()["counters"]

    def caught_hello(self):
        """The first frame of the bad office's own agent."""
        public, secret = zmq.curve_keypair()
        with self.zmq.socket(zmq.ROUTER) as trap:
            trap.curve_server, trap.curve_secretkey, trap.curve_publickey = True, secret, public
            port = trap.bind_to_random_port("tcp://127.0.0.1")
            self.bad.configure(brokers=[{"address": f"tcp://127.0.0.1:{port}",
                                         "key": z85.decode(public).hex()}])
            self.bad.daemon.start()
            self.assertTrue(trap.poll(1000 * esep.PATIENCE), "the agent says hello")
            frame = trap.recv_multipart()[1]
            self.bad.daemon.kill()
        self.bad.configure(brokers=[{"address": self.field.broker.address,
                                     "key": self.field.broker.key}])
        return frame

    def dial(self, keys=None):
        """A connection of the bad office (or of keys) to the broker."""
        socket = self.zmq.socket(zmq.DEALER)
        socket.curve_publickey, socket.curve_secretkey = keys or curve_of(self.bad)
        socket.curve_serverkey = z85.encode(bytes.fromhex(self.field.broker.key))
        socket.sndtimeo, socket.sndhwm = 10000, 4
        socket.connect(self.field.broker.address)
        return socket

    def shoot(self, frames):
        """Sends what it can; the broker may hang up at any moment."""
        with self.dial() as socket:
            for parts in frames:
                with contextlib.suppress(zmq.Again):
                    socket.send_multipart(parts)
            while socket.poll(300):
                socket.recv_multipart()

    def unharmed(self, size):
        """The daemons run, the log grew by what the honest office did, and it does more."""
        for daemon in (self.field.broker.daemon, self.field.collector, self.honest.daemon):
            self.assertTrue(daemon.running(), daemon.name)
        reports = len(self.field.reports())
        self.honest_reports()
        self.assertEqual(len(self.field.reports()), reports + 1)
        self.assertEqual(reports, size)
        self.assertEqual(self.field.office_status(1)["seq"], 0)

    def test_frames_that_no_agent_sends(self):
        hello = self.caught_hello()
        before = self.counters()
        cut = [[hello[:length]] for length in range(0, len(hello), 7)]
        self.shoot(cut)
        flipped = [[hello[:at] + bytes([hello[at] ^ 0x41]) + hello[at + 1:]]
                   for at in range(0, len(hello), 5)]
        self.shoot(flipped)
        self.shoot([[b"part", hello], [hello] * 20, [b""], [os.urandom(900)]])
        esep.wait(lambda: self.counters()["refused_malformed"] > before["refused_malformed"],
                  "the malformed counted")
        self.unharmed(1)

    def test_frames_that_are_too_large(self):
        hello = self.caught_hello()
        for size in (1 << 20, 4 << 20, 32 << 20):
            self.shoot([[hello + b"x" * size]])
        self.unharmed(1)

    def test_a_hello_again_and_again(self):
        """Replayed it opens no door: the session's key is not known to who replays."""
        hello = self.caught_hello()
        before = self.counters()["frames"]
        for _ in range(10):
            self.shoot([[hello]] * 20)
        esep.wait(lambda: self.counters()["frames"] > before, "the frames counted")
        self.unharmed(1)
        # The office itself, back in good hands, is served.
        self.bad.daemon.start()
        self.bad.report(KEY.format("moj"), "--unlisted", "--fulfilment", "executed", "--wait")
        self.field.check_log()

    def test_a_crowd_that_shakes_hands(self):
        """300 strangers, one after the other: let in to enrol at most, and not more than the limit."""
        for _ in range(6):
            with contextlib.ExitStack() as crowd:
                for _ in range(50):
                    socket = crowd.enter_context(self.dial(zmq.curve_keypair()))
                    with contextlib.suppress(zmq.Again):
                        socket.send(b"\x08\x01\x10\x01", zmq.DONTWAIT)
        self.assertLessEqual(self.field.broker.status()["strangers"], 32)
        self.unharmed(1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
