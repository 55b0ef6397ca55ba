#!/usr/bin/env python3
"""Does `esep-verify log` find one entry taken out, put in, changed or moved, and a head of another history?

The logs are made here, as C2SP tlog-tiles lays them out, and signed with a key of the test's own.
"""
import base64
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VERIFY = os.environ["ESEP_VERIFY"]
NAME = "reports.example/log"


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


class Signer:
    def __init__(self, seed):
        self.secret = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        raw = self.secret.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.id = sha256(NAME.encode(), b"\n\1", raw)[:4]
        self.vkey = f"{NAME}+{self.id.hex()}+{base64.b64encode(bytes([1]) + raw).decode()}"

    def head(self, size, root):
        text = f"{NAME}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        line = base64.b64encode(self.id + self.secret.sign(text)).decode()
        return text + f"\n\u2014 {NAME} {line}\n".encode()


SIGNER = Signer(1)


def root_of(hashes):
    """By RFC 6962's recursion, level by level: an odd one goes up as it is."""
    if not hashes:
        return sha256()
    while len(hashes) > 1:
        odd = hashes[len(hashes) & ~1:]
        hashes = [sha256(b"\1", a, b) for a, b in zip(hashes[::2], hashes[1::2])] + odd
    return hashes[0]


def tile_path(number):
    parts = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        parts.insert(0, f"x{number % 1000:03}")
    return "/".join(parts)


def write_tiles(folder, kind, items, grown=False):
    """grown: the last tile is of a larger log, and stands there whole."""
    for number in range((len(items) + 255) // 256):
        part = items[256 * number:256 * number + 256]
        name = tile_path(number) + ("" if len(part) == 256 or grown else f".p/{len(part)}")
        path = folder / "tile" / kind / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(part))


class Log:
    """A served log in a folder; without entries only their hashes are given out."""

    def __init__(self, entries, signer=SIGNER):
        self.entries = list(entries)
        self.hashes = [sha256(b"\0", entry) for entry in self.entries]
        self.signer = signer

    def head(self, size=None):
        size = len(self.hashes) if size is None else size
        return self.signer.head(size, root_of(self.hashes[:size]))

    def serve(self, folder, head=None, bundles=True):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "checkpoint").write_bytes(head or self.head())
        write_tiles(folder, "0", self.hashes)
        if bundles:
            write_tiles(folder, "entries", [len(e).to_bytes(2, "big") + e for e in self.entries])
        return folder


class LogTest(unittest.TestCase):
    def setUp(self):
        self.kept = tempfile.TemporaryDirectory(prefix="esep-log-")
        self.folder = pathlib.Path(self.kept.name)
        self.addCleanup(self.kept.cleanup)
        self.draw = random.Random(4)

    def entries(self, count):
        return [self.draw.randbytes(160) for _ in range(count)]

    def ask(self, folder, *heads):
        names = []
        for i, head in enumerate(heads):
            names.append(self.folder / f"head-{i}")
            names[-1].write_bytes(head)
        done = subprocess.run([VERIFY, "log", "--json", "--log", SIGNER.vkey, str(folder), *map(str, names)], text=True,
                              capture_output=True, timeout=600, check=False,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        self.assertEqual(done.stderr, "")
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode, answer["exit"])
        return answer

    def whole(self, folder, *heads):
        answer = self.ask(folder, *heads)
        self.assertEqual((answer["exit"], answer["fault"]), (0, None), answer)
        return answer

    def broken(self, word, folder, *heads):
        answer = self.ask(folder, *heads)
        self.assertEqual(answer["exit"], 65, answer)
        self.assertIn(word, answer["fault"])

    def test_sizes(self):
        for count in (0, 1, 2, 255, 256, 257, 700):
            log = Log(self.entries(count))
            served = log.serve(self.folder / "log")
            answer = self.whole(served, *(log.head(size) for size in {0, 1, count // 2, count} if size <= count))
            self.assertEqual((answer["size"], answer["entries"]), (count, count > 0))
        self.assertFalse(self.whole(log.serve(self.folder / "log", bundles=False))["entries"])

    def test_thousands_of_tiles(self):
        log = Log([])
        log.hashes = [self.draw.randbytes(32) for _ in range(256 * 1000 + 5)]
        served = log.serve(self.folder / "log", bundles=False)
        self.whole(served, log.head(256 * 999))
        (served / "tile/0/x001/000.p/5").unlink()
        self.broken("hashes are missing", served)
        write_tiles(served, "0", [*log.hashes, self.draw.randbytes(32)], grown=True)  # the log went on meanwhile
        self.whole(served)

    def test_taken_out_put_in_changed_moved(self):
        entries = self.entries(600)
        head = Log(entries).head()
        old = Log(entries).head(300)
        spare = self.entries(1)
        for what in (entries[:77] + entries[78:] + spare, entries[:77] + spare + entries[77:-1],
                     entries[:77] + spare + entries[78:], entries[:77] + [entries[78], entries[77]] + entries[79:]):
            other = Log(what)
            served = other.serve(self.folder / "log", head)
            self.broken("do not lead to this head", served)
            served = other.serve(self.folder / "log")  # signed anew, with the log's own key
            self.whole(served)
            self.broken("do not lead to this head", served, old)
            # Hashes as they were, entries as somebody wants them.
            Log(entries).serve(self.folder / "log")
            write_tiles(self.folder / "log", "entries", [len(e).to_bytes(2, "big") + e for e in what])
            self.broken("not the one of its hash", self.folder / "log")

    def test_short(self):
        log = Log(self.entries(300))
        served = log.serve(self.folder / "log")
        self.broken("newer", served, Log(log.entries + self.entries(1)).head())
        bundle = served / "tile/entries/001.p/44"
        bundle.write_bytes(bundle.read_bytes()[:-1])
        self.broken("cut short", served)
        bundle.unlink()
        self.broken("entries are missing", served)
        shutil.rmtree(served / "tile/entries")
        self.whole(served)
        tile = served / "tile/0/000"
        tile.write_bytes(tile.read_bytes()[:-1])
        self.broken("hashes are missing", served)
        self.broken("not signed", Log(log.entries, Signer(2)).serve(self.folder / "log"))
        self.broken("not signed", log.serve(self.folder / "log"), Log(log.entries, Signer(2)).head(5))
        self.broken("", log.serve(self.folder / "log"), b"c2sp.org/tlog-proof@v1\n")

    def test_receipts(self):
        """A receipt's head is compared, and its leaf with what stands at its place."""
        log = Log(self.entries(20))
        served = log.serve(self.folder / "log")
        for index, leaf, word in ((3, log.entries[3], None), (4, log.entries[3], "another entry"),
                                  (25, log.entries[3], "its own tree")):
            extra = b"esep/proof/v1".ljust(16, b"\0") + b"\1\0\0\0\xa0" + leaf + b"\6\0\0\0\x10" + bytes(16)
            proof = b"c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n\n" % (base64.b64encode(extra), index) + log.head(10)
            if word is None:
                self.whole(served, proof)
            else:
                self.broken(word, served, proof)

    def test_words_and_usage(self):
        served = Log(self.entries(3)).serve(self.folder / "log")

        def said(*words):
            done = subprocess.run([VERIFY, "log", *words], text=True, capture_output=True, timeout=600, check=False,
                                  env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
            return done.returncode, done.stdout + done.stderr

        log = ("--log", SIGNER.vkey)
        for language, word in (("kk", "ТОЛЫҚ"), ("ru", "ЦЕЛ"), ("en", "WHOLE")):
            code, text = said(*log, "--lang", language, str(served))
            self.assertEqual(code, 0)
            self.assertIn(word, text)
        for words, wanted in (((str(served),), 64), (log, 64), ((*log, str(self.folder / "none")), 69)):
            code, text = said(*words)
            self.assertEqual(code, wanted)
            self.assertIn("esep-verify: ", text)


if __name__ == "__main__":
    unittest.main()
