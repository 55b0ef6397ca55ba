#!/usr/bin/python3
"""Links that fail, keys that are wrong, strangers who knock: what the office sees, and that nothing
is lost by it."""

import contextlib
import json
import os
import random
import signal
import socket
import struct
import threading
import unittest

import esep

BODIES = ("moj", "mia", "akmola")
KEY = "small/fulfilment/1/{}/2013-01-01..2013-12-31"


class Links(unittest.TestCase):
    brokers = 1

    def setUp(self):
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00", brokers=self.brokers)
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"), bodies=BODIES,
                                             actions={1: ("During 2013", BODIES)}))

    def report(self, office, *words, **more):
        return office.report(KEY.format(office.body), "--unlisted", "--fulfilment", "in_progress",
                             *words, **more)

    def status(self, office):
        return office.command("status", "--json").json()

    def received(self, office, count=None):
        def done():
            entries = self.status(office)["entries"]
            return entries["received"] == entries["written"] and count in (None, entries["written"])
        esep.wait(done, f"receipts of {office.name}", timeout=120)

    def many(self, office, count):
        path = self.field.path("many")
        with open(path, "w", encoding="utf-8") as file:
            for number in range(count):
                file.write(json.dumps({"obligation": KEY.format(office.body), "percent": number % 101,
                                       "fulfilment": "in_progress", "narrative": "x" * 200}) + "\n")
        office.report("--many", path, "--unlisted", timeout=240)


class Backlog(Links):
    def test_a_long_time_without_a_link_lets_go_of_nothing(self):
        """keep_days pass by the office's clock alone: the collector may have come back from a backup
        meanwhile, and will ask for what it lacks."""
        field = self.field
        office = field.enrol("moj", start=True, limits={"keep_days": 1})
        for number in range(1, 4):  # the last one's receipt covers the others
            self.report(office)
            self.received(office, number)
        office.daemon.stop()
        field.broker.daemon.stop()
        office.configure(clock="at:2013-06-01T09:00:00+06:00")
        office.daemon.start()
        esep.wait(lambda: self.status(office)["uplink"]["failures"] >= 2, "it to look at the hour")
        self.assertEqual(self.status(office)["entries"]["oldest_held"], 1)

    def test_ten_thousand_reports_after_a_long_time_offline(self):
        """The promise arrives with the first packet; the receipts name its hour, for all of them."""
        field = self.field
        office = field.enrol("moj")
        field.broker.daemon.stop()
        self.many(office, 10000)
        office.daemon.start()
        office.daemon.wait_log("uplink: offline")
        self.assertEqual(self.status(office)["entries"]["waiting"], 10000)
        field.broker.daemon.start()
        self.received(office, 10000)
        reports = field.reports()
        self.assertEqual(sorted(r["seq"] for r in reports), list(range(1, 10001)))
        receipts = {}
        for seq in (1, 4096, 4097, 9999, 10000):
            receipts[seq] = office.command("receipt", str(seq), "--json").json()
            entries = receipts[seq]["receipt"]
            self.assertEqual(entries["commitment_seq"], 10000)
            self.assertGreater(entries["committed_at_us"], 0)
            self.assertLessEqual(entries["committed_at_us"], entries["accepted_at_us"])
        promise = receipts[1]["commitment_receipt"]
        self.assertEqual((promise["kind"], promise["through_seq"]), ("commitment", 10000))
        self.assertEqual({r["receipt"]["committed_at_us"] for r in receipts.values()},
                         {promise["accepted_at_us"]})
        (obligation,) = field.obligations("--body", "moj")
        self.assertEqual(obligation["came_at"], obligation["first_committed_at"])
        self.assertEqual(field.check_log()["office_entries"], 10000)


class Socks:
    """A SOCKS5 proxy (RFC 1928: CONNECT by address or name; RFC 1929 where `login` is set), and what it was asked for.

    It starts bound but deaf, which is as good as not there, and nobody else can take its port; `listen` starts it."""

    def __init__(self):
        self.asked = []
        self.lines = []
        self.login = None  # (user, password) that it wants
        self.reply = 0     # what it answers to CONNECT
        self.server = socket.socket()
        self.server.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.server.getsockname()[1]}"

    def listen(self):
        self.server.listen()
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def serve(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                line, _ = self.server.accept()
                self.lines.append(line)
                threading.Thread(target=self.lead, args=(line,), daemon=True).start()

    def greet(self, line, take):
        methods = take(take(2)[1])
        wanted = 2 if self.login else 0
        if wanted not in methods:
            line.sendall(b"\x05\xff")
            return False
        line.sendall(bytes([5, wanted]))
        if self.login is None:
            return True
        user = take(take(2)[1])
        password = take(take(1)[0])
        right = (user.decode(), password.decode()) == self.login
        line.sendall(b"\x01\x00" if right else b"\x01\x01")
        return right

    def lead(self, line):
        def take(count):
            return line.recv(count, socket.MSG_WAITALL)

        with contextlib.suppress(OSError, IndexError):
            if not self.greet(line, take):
                line.close()
                return
            kind = take(4)[3]
            host = socket.inet_ntoa(take(4)) if kind == 1 else take(take(1)[0]).decode()
            (port,) = struct.unpack("!H", take(2))
            self.asked.append((host, port))
            if self.reply:
                line.sendall(bytes([5, self.reply, 0, 1]) + bytes(6))
                line.close()
                return
            far = socket.create_connection(("127.0.0.1", port))
            self.lines.append(far)
            line.sendall(b"\x05\x00\x00\x01" + bytes(6))
            threading.Thread(target=self.carry, args=(far, line), daemon=True).start()
            self.carry(line, far)

    def carry(self, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for line in (one, other):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Every line that it leads now breaks."""
        for line in self.lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self):
        for line in (self.server, *self.lines):
            line.close()


class Proxy(Links):
    def login(self, office, text):
        path = os.path.join(office.folder, "proxy.login")
        with open(path, "w", encoding="utf-8") as file:
            os.chmod(path, 0o600)
            file.write(text)

    def says(self, office, words):
        esep.wait(lambda: words in (self.status(office)["uplink"]["text"] or ""), f"status to say '{words}'", timeout=300)

    def test_a_proxy_and_all_that_it_may_do(self):
        """Nothing goes past it; whatever it does, the daemon lives, says why, and gets through in the end."""
        proxy = Socks()
        self.addCleanup(proxy.close)
        office = self.field.enrol("moj", socks_proxy=proxy.listen().address)  # enrolment goes that way, too
        port = self.field.broker.port
        self.assertEqual(set(proxy.asked), {("127.0.0.1", port)})
        office.configure(brokers=[{"address": f"tcp://localhost:{port}", "key": self.field.broker.key}])
        office.daemon.start()
        pid = office.daemon.process.pid
        self.report(office, "--wait")
        self.assertIn(("localhost", port), proxy.asked)  # the name, for the proxy to look up
        # It dies midway; then it refuses; then it wants a login, of which we have a wrong one.
        proxy.reply = 5
        proxy.cut()
        self.says(office, "the proxy refuses: the broker's host refuses the connection")
        proxy.login = ("moj", "right")
        self.says(office, "the proxy refuses: it wants a login")
        self.login(office, "moj:wrong\n")
        office.configure(socks_login="proxy.login")
        office.daemon.signal(signal.SIGHUP)
        self.says(office, "the proxy refuses: user or password is wrong")
        self.report(office)
        self.login(office, "moj:right\n")  # read anew each time it dials
        proxy.reply = 0
        self.received(office, 2)
        # It is not there at all; then it is.
        away = Socks()
        self.addCleanup(away.close)
        office.configure(socks_proxy=away.address)
        office.daemon.signal(signal.SIGHUP)
        self.says(office, f"the proxy {away.address}: Connection refused")
        self.report(office)
        away.listen()
        self.received(office, 3)
        self.assertEqual(office.daemon.process.pid, pid)
        self.assertTrue(office.daemon.running())
        self.assertEqual(len(self.field.reports()), 3)


class TwoBrokers(Links):
    brokers = 2

    def test_one_dies_and_then_the_other(self):
        field = self.field
        office = field.enrol("moj", start=True)
        count = 0
        for dead in (0, 1, 0):
            field.brokers[dead].daemon.kill()
            for _ in range(5):
                self.report(office)
                count += 1
            self.received(office, count)
            field.brokers[dead].daemon.start()
            other = field.brokers[dead]
            esep.wait(lambda b=other: any(c["ready"] for c in b.status()["collectors"]),
                      "the collector at the broker that came back")
        self.assertEqual([r["seq"] for r in field.reports()], list(range(1, count + 1)))
        field.check_log()


class Keys(Links):
    def test_revoked_on_an_open_connection(self):
        field = self.field
        office = field.enrol("moj", start=True)
        other = field.enrol("mia", start=True)
        self.report(office, "--wait")
        field.keys("revoke", "1", "--reason", "украден")
        self.report(office)
        office.daemon.wait_log("uplink: .*(revoked|key is refused)")
        self.report(other, "--wait")
        self.assertEqual([(r["office"], r["seq"]) for r in field.reports()], [(1, 1), (2, 1)])
        office.daemon.restart()
        office.daemon.wait_log("uplink: .*(revoked|key is refused)")
        self.assertEqual(self.status(office)["entries"]["waiting"], 1)  # kept, and said
        self.assertEqual(field.office_status(1)["state"], "revoked")
        field.collector.restart()
        self.report(other, "--wait")
        self.assertEqual(len(field.reports()), 3)

    def other_code(self):
        """A good code, of another collector."""
        with esep.Field() as other:
            other.begin()
            other.load_plan(esep.small_plan(other.path("small.yaml")))
            return other.code("moj")

    def test_codes(self):
        field = self.field
        code = field.code("moj", "--accept")
        first = esep.Office(field, "one", "moj")
        first.enrol(code)
        again = first.command("enrol", "--code", code, code=None)
        self.assertNotEqual(again.code, 0)
        self.assertRegex(again.err, "office 1 of moj already")
        second = esep.Office(field, "two", "moj")
        refused = second.command("enrol", "--code", code, code=77)
        self.assertRegex(refused.err, "used|code")
        spoilt = code[:-1] + ("A" if code[-1] != "A" else "B")
        self.assertRegex(second.command("enrol", "--code", spoilt, code=65).err, "code")
        self.assertRegex(second.command("enrol", "--code", self.other_code(), code=77).err, "code")
        # An expired one: the collector's clock goes on by four days.
        old = field.code("mia", "--accept")
        field.collector.stop()
        field.clock = "at:2013-02-05T09:00:00+06:00"
        field.configure()
        field.collector.start()
        late = esep.Office(field, "late", "mia")
        self.assertRegex(late.command("enrol", "--code", old, code=77).err, "expired|code")
        self.assertEqual(len(field.listing("status")["offices"]), 1)

    def test_a_broker_with_another_key(self):
        office = self.field.enrol("moj")
        office.configure(brokers=[{"address": self.field.broker.address, "key": "ab" * 32}])
        self.report(office)
        office.daemon.start()
        office.daemon.wait_log("uplink: offline: unreachable")
        self.assertEqual(self.field.reports(), [])
        self.assertRegex(office.command("status").out, "unreachable.*key")
        office.configure(brokers=[{"address": self.field.broker.address,
                                   "key": self.field.broker.key}])
        office.daemon.restart()
        self.received(office, 1)

    def test_another_log(self):
        """The config names a log that is not the journal's: nothing is sent to strangers."""
        office = self.field.enrol("moj")
        office.configure(log_id="cd" * 32)
        result = esep.run(*office.daemon.words, code=None)
        self.assertIn(result.code, (65, 77, 78), str(result))
        self.assertRegex(result.err, "another log")

    def test_another_seal_key(self):
        office = self.field.enrol("moj")
        self.report(office)
        office.configure(seal_key="ef" * 32)
        office.daemon.start()
        office.daemon.wait_log("uplink: offline")
        self.assertEqual(self.field.reports(), [])

    def test_an_unknown_key(self):
        """Keys that nobody enrolled, put under a journal that is enrolled."""
        field = self.field
        office = field.enrol("moj")
        os.rename(os.path.join(office.folder, "agent.keys"), field.path("kept.keys"))
        stranger = field.operator("stranger")
        os.rename(field.path("stranger.keys"), os.path.join(office.folder, "agent.keys"))
        self.assertTrue(stranger)
        result = esep.run(*office.daemon.words, code=None)
        self.assertIn(result.code, (65, 77, 78), str(result))
        self.assertRegex(result.err, "key")


class Strangers(Links):
    """Raw bytes at both of the broker's doors while an office works."""

    GREETING = b"\xff" + b"\0" * 8 + b"\x7f" + b"\x03\x00"

    def blows(self, dice):
        curve = self.GREETING + b"CURVE".ljust(20, b"\0") + b"\0" * 32
        null = self.GREETING + b"NULL".ljust(20, b"\0") + b"\0" * 32
        yield b""
        yield b"GET / HTTP/1.1\r\nHost: esep\r\n\r\n"
        yield bytes(dice.randrange(256) for _ in range(3000))
        yield b"\xff" * 65536
        yield self.GREETING[:5]
        yield null + b"\x04\x26\x05READY\x0bSocket-Type\0\0\0\x06DEALER\x08Identity\0\0\0\0"
        yield null + b"\0\x05hello" * 50
        yield curve + b"\x04\xc8\x05HELLO" + bytes(dice.randrange(256) for _ in range(194))
        yield curve + b"\x06" + struct.pack(">Q", 1 << 62)  # a frame of four exabytes
        yield curve + b"\x02" + struct.pack(">Q", 1 << 31) + b"x" * 4096
        for _ in range(40):
            yield curve + bytes(dice.randrange(256) for _ in range(dice.randrange(1, 600)))

    def test_raw_bytes(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        dice = random.Random(seed)
        office = self.field.enrol("moj", start=True)
        self.report(office, "--wait")
        before = self.field.broker.status()["connections"]
        for port in (self.field.broker.port, self.field.broker.inner):
            held = []
            for blow in self.blows(dice):
                client = socket.create_connection(("127.0.0.1", port), timeout=esep.PATIENCE)
                with contextlib.suppress(ConnectionError):  # it may hang up in the middle of it
                    client.sendall(blow)
                if dice.random() < 0.5:
                    client.close()
                else:
                    held.append(client)
            self.report(office, "--wait")
            for client in held:
                client.close()
        self.report(office, "--wait")
        self.assertTrue(self.field.broker.daemon.running())
        self.assertEqual(len(self.field.reports()), 4)
        # An office that has dialled anew meanwhile is counted twice until the old line is known to be dead.
        esep.wait(lambda: self.field.broker.status()["connections"] <= before, "nothing of them to stay")


if __name__ == "__main__":
    unittest.main(verbosity=2)
