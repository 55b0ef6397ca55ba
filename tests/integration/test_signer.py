#!/usr/bin/python3
"""`esep-collector signer`: asked by its socket, killed after each answer. It signs what extends what it signed, by its own
computation, and nothing else; what it signs a stranger's reader of notes takes."""

import os
import signal
import socket
import stat
import struct
import tempfile
import unittest

import esep
import tlog

ORIGIN = "reports.example/log"
LEAVES = [tlog.leaf_hash(b"%d" % i) for i in range(100)]
OK, INVALID, CONFLICT, DENIED = 0, 3, 4, 9


def span(start, end):
    """The fewest complete subtrees between two sizes."""
    found = []
    while start < end:
        level = 0
        while start % (2 << level) == 0 and start + (2 << level) <= end:
            level += 1
        found.append(tlog.root(LEAVES[start:start + (1 << level)]))
        start += 1 << level
    return b"".join(found)


class Signer(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.socket = os.path.join(self.folder.name, "run", "signer.sock")
        config = os.path.join(self.folder.name, "signer.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(esep.yaml_text({"name": ORIGIN, "keys": "log.keys", "heads": "heads", "socket": "run/signer.sock"}))
        words = [esep.program("collector"), "signer", "--config", config]
        self.key = tlog.Vkey(esep.run(*words, "keygen").out.strip())
        self.daemon = esep.Daemon("signer", words, os.path.join(self.folder.name, "log")).start()
        self.addCleanup(lambda: self.daemon.process and self.daemon.stop())

    def ask(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
            link.settimeout(esep.PATIENCE)
            link.connect(self.socket)
            link.send(request)
            reply = link.recv(200)
        status, size = reply[0], struct.unpack(">Q", reply[8:16])[0]
        return status, size, reply[16:48], reply[48:]

    def head(self, start, end, hashes):
        return self.ask(struct.pack(">BBHQQ", 1, 0, len(ORIGIN), start, end) + ORIGIN.encode() + hashes)

    def test_it_signs_one_history(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode), 0o660)
        start = 0
        for end in (3, 64, 100):
            status, size, root, signature = self.head(start, end, span(start, end))
            self.assertEqual((status, size, root), (OK, end, tlog.root(LEAVES[:end])))
            line = f"\N{EM DASH} {ORIGIN} {tlog.b64(self.key.id + signature)}\n"
            self.assertTrue(self.key.verify(tlog.checkpoint(ORIGIN, LEAVES[:end]) + "\n" + line))
            self.daemon.signal(signal.SIGKILL)
            self.daemon.ended()
            self.daemon.start()
            start = end
        self.assertEqual(self.head(64, 99, span(64, 99))[:2], (CONFLICT, 100))
        self.assertEqual(self.head(0, 120, bytes(32))[:2], (CONFLICT, 100))
        self.assertEqual(self.head(100, 120, bytes(31))[0], INVALID)
        text = tlog.checkpoint(ORIGIN, LEAVES[:7]).encode()
        self.assertEqual(self.ask(struct.pack(">BBH", 3, 0, 0) + text)[0], DENIED)


if __name__ == "__main__":
    unittest.main()
