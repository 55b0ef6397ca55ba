#!/usr/bin/python3
"""The page among clients that are slow, many, or deaf: they are closed by their deadline, the bounds hold,
and whoever asks properly is answered meanwhile. Counted, not timed: each test goes on until the server has
done what it must.
"""

import http.client
import json
import re
import resource
import selectors
import socket
import unittest

import esep
import page

CONNECTIONS, STREAMS, VIEWERS = 240, 220, 200


def raise_descriptors():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))


class Crowd:
    """Connections that each do their worst, in one loop of this thread."""

    def __init__(self, port, count, room=None):
        self.selector = selectors.DefaultSelector()
        self.open = set()
        for _ in range(count):
            line = socket.socket()
            if room:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
                line.connect(("127.0.0.1", port))  # these are few, and each is to be heard
            line.setblocking(False)
            if not room:
                line.connect_ex(("127.0.0.1", port))
            self.open.add(line)
            self.selector.register(line, selectors.EVENT_READ)

    def say(self, data):
        """To each that takes it; how many did."""
        said = 0
        for line in list(self.open):
            try:
                line.send(data)
                said += 1
            except BlockingIOError:
                pass
            except OSError:
                self.lose(line)
        return said

    def lose(self, line):
        self.selector.unregister(line)
        self.open.discard(line)
        line.close()

    def hear(self):
        """Reads what came, and notes who was closed."""
        for key, _ in self.selector.select(0.05):
            try:
                if not key.fileobj.recv(65536):
                    self.lose(key.fileobj)
            except OSError:
                self.lose(key.fileobj)

    def close(self):
        for line in list(self.open):
            self.lose(line)
        self.selector.close()


class Hostile(unittest.TestCase):
    def setUp(self):
        raise_descriptors()
        self.field = esep.Field(brokers=0, collector=page.changes(
            timeout="3s", connections=CONNECTIONS, streams=STREAMS))
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan()
        page.add_account(self.field, "vera", "viewer")
        self.daemon, self.port = page.start(self.field)
        self.vera = page.login(self.port, "vera")
        self.held = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(self.held.close)

    def ask(self, path="/api/v1/summary"):
        """On a connection that is open already, as a proxy's is; and on a new one, where this machine was so
        busy that the old one has met its own deadline."""
        heads = {"Host": f"localhost:{self.port}", "Cookie": self.vera.cookie}
        try:
            self.held.request("GET", path, headers=heads)
            answer = self.held.getresponse()
        except ConnectionError:
            self.held.close()
            self.held.request("GET", path, headers=heads)
            answer = self.held.getresponse()
        text = answer.read().decode()
        self.assertEqual(answer.status, 200, text)
        return text

    def count(self, name):
        return int(re.search(rf"^esep_web_{name} (\d+)", self.ask("/metrics"), re.M)[1])

    def crowd(self, count, room=None):
        crowd = Crowd(self.port, count, room)
        self.addCleanup(crowd.close)
        return crowd

    def until_closed(self, crowd, drip):
        """Goes on dripping, and asks properly beside it, until the server has closed all of them."""
        for _ in range(20):
            crowd.say(drip)
            self.ask()

        def round_of():
            crowd.say(drip)
            crowd.hear()
            self.ask()
            return not crowd.open
        esep.wait(round_of, "the slow ones to be closed", timeout=2 * esep.PATIENCE)

    def test_heads_that_never_end(self):
        crowd = self.crowd(150)
        crowd.say(f"GET / HTTP/1.1\r\nHost: localhost:{self.port}\r\nX-Slow: ".encode())
        self.until_closed(crowd, b"x")
        self.assertGreaterEqual(self.count("timeouts_total"), 150)

    def test_bodies_that_never_end(self):
        crowd = self.crowd(150)
        crowd.say(f"POST /api/v1/session HTTP/1.1\r\nHost: localhost:{self.port}\r\n"
                  "Content-Length: 60000\r\n\r\n".encode())
        self.until_closed(crowd, b"x")
        self.assertGreaterEqual(self.count("timeouts_total"), 150)

    def test_answers_that_nobody_reads(self):
        crowd = self.crowd(40, room=4096)
        wish = f"GET /api/v1/matrix HTTP/1.1\r\nHost: localhost:{self.port}\r\nCookie: {self.vera.cookie}\r\n\r\n"
        said = crowd.say(wish.encode() * 3)
        self.assertEqual(said, len(crowd.open))  # the others have met their deadline before we came to speak
        self.assertGreater(said, 0)
        esep.wait(lambda: self.ask() and self.count("timeouts_total") >= 40, "the deaf to be closed",
                  timeout=3 * esep.PATIENCE)

    def test_thousands_of_connections(self):
        self.ask()
        crowd = self.crowd(3000)
        esep.wait(lambda: self.count("connections") >= CONNECTIONS * 3 // 4, "the crowd to be in")
        for _ in range(50):  # who is in is answered; the bound holds meanwhile
            self.assertLessEqual(self.count("connections"), CONNECTIONS)
        # Who comes last waits behind them, and is let in as the idle ones are closed.
        late = page.Browser(self.port)
        line = late.send("GET", "/healthz")

        def answered():
            crowd.hear()
            self.assertLessEqual(self.count("connections"), CONNECTIONS)
            return self.count("timeouts_total") >= CONNECTIONS - 2
        esep.wait(answered, "a bound's worth of idle ones to be closed", timeout=3 * esep.PATIENCE)
        crowd.close()
        self.assertEqual(line.getresponse().status, 200)
        line.close()
        esep.wait(lambda: self.count("connections") <= 2, "all to be gone")

    def test_two_hundred_live_viewers(self):
        head = {"Host": f"localhost:{self.port}", "Cookie": self.vera.cookie}

        def join():
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            line.request("GET", "/api/v1/events", headers=head)
            self.addCleanup(line.close)
            return line, line.getresponse()

        def size(answer):
            while True:
                text = answer.readline().decode()
                self.assertNotEqual(text, "", "a viewer was closed")
                if text.startswith("data:"):
                    return json.loads(text[5:])["log_size"]
        viewers = [join() for _ in range(VIEWERS)]
        before = [size(answer) for _, answer in viewers]
        self.assertEqual(self.count("viewers"), VIEWERS)
        self.field.command("account", "add", "grown", "--role", "viewer")
        for (_, answer), old in zip(viewers, before):
            self.assertGreater(size(answer), old)
        for _ in range(50):
            self.ask()
        more = [join() for _ in range(STREAMS - VIEWERS + 1)]
        self.assertEqual([answer.status for _, answer in more], [200] * (STREAMS - VIEWERS) + [503])
        self.assertEqual(self.count("viewers"), STREAMS)
        for line, answer in viewers + more:
            answer.close()
            line.close()
        # Noticed by the next word that goes to them.
        self.field.command("account", "add", "again", "--role", "viewer")
        esep.wait(lambda: self.count("viewers") == 0, "the viewers to be gone", timeout=3 * esep.PATIENCE)


if __name__ == "__main__":
    unittest.main()
