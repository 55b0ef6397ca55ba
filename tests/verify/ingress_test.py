#!/usr/bin/env python3
"""Do two verifiers that share nothing say the same of brokers' notes of ingress, and is it true?

As verify_test.py, of files that make_ingress.c made: genuine and forged ones, whose verdict is known, every single
bit of one turned over, texts cut and mixed with receipts of the log, and the example of docs/verify.md.
"""
import base64
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(os.environ["ESEP_SOURCE"]) / "tests/verify"))
import second  # noqa: E402 (its folder had to be named first)
import verify_test as common  # noqa: E402

MAKE_INGRESS = os.environ["ESEP_MAKE_INGRESS"]
GENUINE = int(os.environ.get("ESEP_NOTES", "300"))


def receipts(make, folder, count):
    """What make has made of these: common.Receipt for each."""
    folder.mkdir()
    subprocess.run([make, folder, str(common.SEED), str(count)], check=True, timeout=600)
    expected = [line.split() for line in (folder / "expected").read_text().splitlines()]
    lines = (folder / "list").read_text().splitlines()
    return [common.Receipt(line, want) for line, want in zip(lines, expected)]


class Notes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory(prefix="esep-ingress-")
        cls.folder = pathlib.Path(cls.kept.name)
        cls.notes = receipts(MAKE_INGRESS, cls.folder / "notes", GENUINE)
        cls.log = receipts(common.MAKE, cls.folder / "log", 20)

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def sample(self):
        return next(r for r in self.notes if r.expected[1] != "refused" and len(r.proof) < 1000)

    def test_genuine_and_forged(self):
        said = common.both([r.line for r in self.notes])
        for receipt, answer in zip(self.notes, said):
            words = [answer["exit"], answer["verdict"], answer["step"], answer.get("kind", "-"),
                     answer.get("clock", "-") or "none", answer.get("office", 0), answer.get("report_seq", 0)]
            self.assertEqual([str(w) for w in words], receipt.expected, receipt.line)
        self.assertEqual({(a["verdict"], a.get("clock")) for a in said},
                         {("proven", "broker"), ("in_time", "broker"), ("late", None), ("refused", None)})
        self.assertEqual({a["step"] for a in said}, {0, 4, 6, 7, 9, 10, 11})

    def test_every_bit(self):
        """Of the file, of what stands in it in base64, and of the report: nothing is accepted any more."""
        receipt = self.sample()
        damage = common.Damage(receipt)
        for data in common.flips(receipt.proof):
            damage.proof(data)
        for data in common.flips(receipt.data):
            damage.data(data)
        head, extra, rest = receipt.proof.split(b"\n")
        for flipped in common.flips(base64.b64decode(extra[6:])):
            damage.proof(b"\n".join([head, b"extra " + base64.b64encode(flipped), rest]))
        steps = set()
        for case, answer in zip(damage.cases, damage.answers()):
            self.assertEqual(answer["exit"], 65, case)
            steps.add(answer["step"])
        self.assertEqual(steps, {1, 3, 6, 7, 10, 11})

    def test_cut_and_mixed(self):
        """Parts lacking, doubled, longer or of a receipt; texts cut, and behind them something more."""
        draw = random.Random(common.SEED)
        receipt = self.sample()
        damage = common.Damage(receipt)
        parts = common.split_parts(receipt.proof)
        others = common.split_parts(next(r for r in self.log if "received" in r.expected).proof)
        for i, (kind, data) in enumerate(parts):
            for changed in ([], [(kind, data)] * 2, [(kind, data + b"\0")], [(kind, data[:-1])], [(kind + 1, data)],
                            [(kind, data + bytes(32))], [(kind, data + bytes(32 * 4097))], [others[i]]):
                damage.proof(with_parts(parts[:i] + changed + parts[i + 1:]))
            damage.proof(with_parts(parts[:i]))
        damage.proof(with_parts([others[0], *parts]))
        for _ in range(60):
            damage.proof(receipt.proof[:draw.randrange(len(receipt.proof))])
        for more in (b"\n", b"\0", b"x\n", receipt.proof):
            damage.proof(receipt.proof + more)
            damage.proof(more + receipt.proof)
        for case, answer in zip(damage.cases, damage.answers()):
            self.assertEqual(answer["exit"], 65, case)

    def test_neither_for_the_other(self):
        """A broker's note is no receipt of the log, nor the other way round, whatever key is given."""
        note = self.sample()
        log = next(r for r in self.log if r.expected[1] != "refused")
        for receipt, options in ((note, ["--log", log.value("--log")]), (log, ["--broker", note.value("--broker")])):
            *_, proof, data = receipt.line.split("\t")
            (said,) = common.both(["\t".join([*options, proof, data])])
            self.assertEqual((said["exit"], said["step"]), (65, 1))

    def test_words(self):
        """In three languages the first line says that it is the weakest, and a later one who says so."""
        for verdict, heads in {
                "proven": ("ДӘЛЕЛДЕНДІ. Уақытын тек брокердің", "ДОКАЗАНО. Время — только по часам брокера",
                           "PROVEN. The hour is by a broker's clock alone: the weakest"),
                "in_time": ("МЕРЗІМІНДЕ ЕКЕНІ ДӘЛЕЛДЕНДІ. Ең әлсіз", "ДОКАЗАНО: В СРОК. Самое слабое",
                            "PROVEN IN TIME. Weakest"),
                "late": ("ДӘЛЕЛДЕНДІ, БІРАҚ", "ДОКАЗАНО, НО ПОСЛЕ", "PROVEN, BUT AFTER")}.items():
            receipt = next(r for r in self.notes if r.expected[1] == verdict)
            for language, head in zip(("kk", "ru", "en"), heads):
                done = self.run_verify("--lang", language, *receipt.line.split("\t"))
                self.assertEqual(str(done.returncode), receipt.expected[0])
                self.assertTrue(done.stdout.startswith(head), done.stdout)
                self.assertIn(receipt.value("--broker"), done.stdout)
        broken = next(r for r in self.notes if r.expected[2] == "11")
        self.assertIn("(11: ", self.run_verify(*broken.line.split("\t")).stdout)
        done = self.run_verify("--broker", "ab", "a", "b")
        self.assertEqual((done.returncode, done.stdout), (64, ""))

    def run_verify(self, *arguments):
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        return subprocess.run([common.VERIFY, *arguments], env=environment, text=True, capture_output=True,
                              timeout=600, check=False)

    def test_page(self):
        """The example of the page is what it says, in both verifiers."""
        page = common.PAGE.read_text(encoding="utf-8")
        block = dict(re.findall(r"^```([a-z-]+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
        values = dict(line.split(" = ", 1) for line in block["ingress-values"].splitlines())
        (self.folder / "example.ingress-proof").write_text(block["ingress-proof"])
        (self.folder / "example").write_bytes(bytes.fromhex(block["report-hex"]))
        line = "\t".join(["--broker", values["broker"], "--due", "2013-01-20T23:59:59+06:00",
                          str(self.folder / "example.ingress-proof"), str(self.folder / "example")])
        self.assertEqual(common.both([line]), [json.loads(block["ingress-answer"])])
        note = second.read_ingress(block["ingress-proof"].encode())[4]
        self.assertEqual(values["note"], note.hex())


def with_parts(parts):
    extra = second.tag("esep/proof/v1") + b"".join(
        bytes([kind]) + len(data).to_bytes(4, "big") + data for kind, data in parts)
    return b"esep-ingress-proof@v1\nextra " + base64.b64encode(extra) + b"\n"


if __name__ == "__main__":
    unittest.main()
