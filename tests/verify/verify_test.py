#!/usr/bin/env python3
"""Do two verifiers that share nothing say the same of thousands of receipts, and is it true?

esep-verify (C, libsodium) and second.py (Python, OpenSSL; written from docs/verify.md alone) get the same lists:
genuine receipts and forged ones, whose verdict is known from how they were made (make_receipts.c), every single bit
of a sample turned over, and texts cut, swapped and mixed. They must agree on each, to the number of the step.
The worked example of docs/verify.md is a receipt like the others.
"""
import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ESEP_SOURCE"])
VERIFY = os.environ["ESEP_VERIFY"]
MAKE = os.environ["ESEP_MAKE_RECEIPTS"]
JUDGE = os.environ["ESEP_JUDGE_FRAMES"]
SECOND = [sys.executable, "-B", str(SOURCE / "tests/verify/second.py")]
PAGE = SOURCE / "docs/verify.md"
SEED = int(os.environ.get("ESEP_SEED", "1"))
GENUINE = int(os.environ.get("ESEP_RECEIPTS", "2000"))

sys.path.insert(0, str(SOURCE / "tests/verify"))
import second  # noqa: E402 (its folder had to be named first)


def log_vkey(name, key):
    """A log's key as it is handed on."""
    algorithm = b"\1" + key
    key_id = hashlib.sha256(name.encode() + b"\n" + algorithm).hexdigest()[:8]
    return f"{name}+{key_id}+{base64.b64encode(algorithm).decode()}"


def answers(command, lines):
    """What a verifier says of each line of the list, and how it ends."""
    done = subprocess.run([*command, "--batch"], input="".join(line + "\n" for line in lines), text=True,
                          capture_output=True, timeout=600, check=False)
    if done.stderr:
        raise AssertionError(f"{command[0]}: {done.stderr[:2000]}")
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


def same_answer(case, one, two):
    one.pop("detail", None)
    two.pop("detail", None)
    assert one == two, f"{case}\nesep-verify: {one}\nsecond.py:   {two}"


def both(lines):
    """The common answers to a list; both verifiers at the same time."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(answers, command, lines) for command in ([VERIFY], SECOND)]
        (first, first_end), (other, other_end) = (run.result() for run in runs)
    assert len(first) == len(other) == len(lines), (len(first), len(other), len(lines))
    for line, one, two in zip(lines, first, other):
        same_answer(line, one, two)
    assert first_end == other_end == max((one["exit"] for one in first), default=0)
    return first


class Receipt:
    """A line of make_receipts' list, and its files."""

    def __init__(self, line, expected):
        *self.options, proof, data = line.split("\t")
        self.proof = pathlib.Path(proof).read_bytes()
        self.data = pathlib.Path(data).read_bytes()
        self.line, self.expected = line, expected

    def value(self, option):
        return self.options[self.options.index(option) + 1]

    def is_sample(self, kind):
        """Genuine, small, and every line of its note is asked for."""
        lines = self.proof.count("\u2014 ".encode())
        return (self.expected[1] != "refused" and self.expected[3] == kind and len(self.proof) < 2000 and
                lines >= 2 and int(self.value("--quorum")) == lines - 1 and b"someone" not in self.proof)


class Damage:
    """Damaged copies of a receipt, and what both verifiers say of them."""

    def __init__(self, receipt):
        self.receipt, self.cases = receipt, []

    def proof(self, data):
        if data != self.receipt.proof:
            self.cases.append((data, self.receipt.data))

    def data(self, data):
        if data != self.receipt.data:
            self.cases.append((self.receipt.proof, data))

    def answers(self):
        """The common answer to each case."""
        frames = b"".join(len(part).to_bytes(4, "big") + part for case in self.cases for part in case)
        options = second.parser().parse_args(self.receipt.options)
        with tempfile.TemporaryFile() as file:
            file.write(frames)
            file.seek(0)
            with subprocess.Popen([JUDGE, *self.receipt.options], stdin=file, stdout=subprocess.PIPE, text=True) as first:
                others = [second.answer_to(options, *case) for case in self.cases]
                firsts = [json.loads(line) for line in first.communicate()[0].splitlines()]
        assert first.returncode == 0 and len(firsts) == len(others)
        for case, one, two in zip(self.cases, firsts, others):
            same_answer(case, one, two)
        return firsts


def flips(data):
    for at in range(len(data)):
        for bit in range(8):
            yield data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:]


def encoded(proof):
    """(where, bytes) of each base64 in a proof: extra, path, root, signatures."""
    for found in re.finditer(rb"(?:^|(?<= ))[A-Za-z0-9+/]{40,}={0,2}$", proof, re.MULTILINE):
        yield found.span(), base64.b64decode(found.group())


class Verifiers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory(prefix="esep-verify-")
        cls.folder = pathlib.Path(cls.kept.name)
        subprocess.run([MAKE, cls.folder, str(SEED), str(GENUINE)], check=True, timeout=600)
        expected = [line.split() for line in (cls.folder / "expected").read_text().splitlines()]
        lines = (cls.folder / "list").read_text().splitlines()
        cls.receipts = [Receipt(line, want) for line, want in zip(lines, expected)]

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def test_genuine_and_forged(self):
        said = both([r.line for r in self.receipts])
        for receipt, answer in zip(self.receipts, said):
            words = [answer["exit"], answer["verdict"], answer["step"], answer.get("kind", "-"),
                     answer.get("clock", "-") or "none", answer.get("office", 0), answer.get("report_seq", 0)]
            self.assertEqual([str(w) for w in words], receipt.expected, receipt.line)
        verdicts = {(a["verdict"], a.get("kind"), a.get("clock")) for a in said}
        for verdict, clock in (("proven", "witness"), ("proven", "collector"), ("in_time", "witness"),
                               ("in_time", "collector"), ("late", None)):
            for kind in ("received", "promised", "file"):
                self.assertIn((verdict, kind, clock), verdicts)
        self.assertEqual({a["step"] for a in said} | {1, 2, 3}, set(range(11)))

    def sample(self, kind):
        return next(r for r in self.receipts if r.is_sample(kind))

    def test_every_bit(self):
        """A bit of the files, and a bit of what stands in them in base64: nothing is accepted any more."""
        seen = set()
        for kind in ("received", "file"):
            receipt = self.sample(kind)
            damage = Damage(receipt)
            for data in flips(receipt.proof):
                damage.proof(data)
            for data in flips(receipt.data):
                damage.data(data)
            for (start, end), data in encoded(receipt.proof):
                for flipped in flips(data):
                    damage.proof(receipt.proof[:start] + base64.b64encode(flipped) + receipt.proof[end:])
            self.assertGreater(len(damage.cases), 8 * len(receipt.proof))
            for case, answer in zip(damage.cases, damage.answers()):
                self.assertEqual(answer["exit"], 65, case)
                seen.add(answer["step"])
        self.assertEqual(seen, set(range(1, 10)))

    def test_cut_swapped_mixed(self):
        """Whatever else is done to the texts: the two agree, and a proof that was cut is refused."""
        draw = random.Random(SEED)
        genuine = [r for r in self.receipts if r.expected[1] != "refused" and len(r.proof) < 4000]
        steps = []
        for receipt in draw.sample(genuine, 20):
            damage = Damage(receipt)
            damage.data(receipt.data + b"\0")
            for _ in range(15):
                # At the end of a line the rest may be a proof with fewer witnesses.
                damage.proof(receipt.proof[:draw.randrange(len(receipt.proof))].rstrip(b"\n"))
            cuts = len(damage.cases)
            rows = receipt.proof.split(b"\n")
            other = draw.choice(genuine).proof.split(b"\n")
            for _ in range(30):
                at, to = draw.randrange(len(rows)), draw.randrange(len(rows))
                mixed = list(rows)
                mixed[at], mixed[to] = rows[to], rows[at]
                damage.proof(b"\n".join(mixed))
                damage.proof(b"\n".join(rows[:at] + rows[at + 1:]))
                damage.proof(b"\n".join(rows[:at] + [rows[at]] + rows[at:]))
                damage.proof(b"\n".join(rows[:at] + other[at:at + 1] + rows[at + 1:]))
                byte = draw.randrange(len(receipt.proof))
                damage.proof(receipt.proof[:byte] + draw.choice([b"", b"=", b"\n", b"\r", b" ", b"\xc2\x85", b"A"]) +
                             receipt.proof[byte + draw.randrange(2):])
            answers = damage.answers()
            self.assertTrue(all(answer["exit"] == 65 for answer in answers[:cuts]))
            steps += [answer["step"] for answer in answers]
        self.assertGreater(len(steps), 2000)
        self.assertGreater(len(set(steps)), 5)

    def test_parts(self):
        """Behind extra: each part lacking, doubled, longer, out of order, or another receipt's."""
        receipt, other = self.sample("received"), self.sample("promised")
        damage = Damage(receipt)
        parts, others = (split_parts(r.proof) for r in (receipt, other))
        for i, (kind, data) in enumerate(parts):
            for changed in ([], [(kind, data)] * 2, [(kind, data + b"\0")], [(kind, data[:-1])], [(kind + 1, data)],
                            [(kind, data + bytes(32))], [(kind, data + bytes(32 * 4097))], [others[i]]):
                damage.proof(with_parts(receipt.proof, parts[:i] + changed + parts[i + 1:]))
            damage.proof(with_parts(receipt.proof, parts[i:] + parts[:i]))
            damage.proof(with_parts(receipt.proof, parts[:i]))
        damage.proof(with_parts(receipt.proof, parts, tag=b"esep/proof/v2"))
        damage.proof(with_parts(receipt.proof, parts[:4] + [(5, bytes(32 * 4096))]))
        seq = int.from_bytes(parts[0][1][24:32], "big")
        for count in (seq - 1, seq, seq + 1):
            damage.proof(with_parts(receipt.proof, parts[:4] + [(5, bytes(32 * min(count, 4096)))]))
        for case, answer in zip(damage.cases, damage.answers()):
            self.assertEqual(answer["exit"], 65, case)

    def test_page(self):
        """The example of the page is what it says, in both verifiers and in each of the page's figures."""
        page = PAGE.read_text(encoding="utf-8")
        block = dict(re.findall(r"^```([a-z-]+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
        values = dict(line.split(" = ", 1) for line in block["values"].splitlines())
        proof, data = block["proof"].encode(), bytes.fromhex(block["report-hex"])
        (self.folder / "example.tlog-proof").write_bytes(proof)
        (self.folder / "example").write_bytes(data)
        options = ["--log", values["log"], "--witness", values["witness"], "--office-key", values["key"],
                   "--due", values["due"]]
        line = "\t".join([*options, str(self.folder / "example.tlog-proof"), str(self.folder / "example")])
        self.assertEqual(both([line]), [json.loads(block["answer"])])
        index, path, extra, note = second.read_file(proof)
        text, _, _, size, root = second.read_note(note)
        leaf, statement, key, before, after = second.read_parts(extra)
        content = second.sha256(second.tag("esep/content/v1"), data)
        figures = {
            "leaf": leaf, "statement": statement, "key": key, "before": before, "after 1": after[0],
            "leaf hash": second.sha256(b"\0", leaf), "root": root, "path 1": path[0], "path 2": path[1],
            "content of the statement": second.sha256(second.tag("esep/content/v1"), statement),
            "hash of the signature": second.sha256(statement[144:]), "hash of the key": second.sha256(key),
            "content of the report": content,
            "head after the report": second.chain(before, 2, [content]),
            "head": second.chain(before, 2, [content, *after]),
        }
        for name, value in figures.items():
            self.assertEqual(values.pop(name), value.hex(), name)
        self.assertEqual((values.pop("index"), values.pop("size")), (str(index), str(size)))
        self.assertEqual(set(values), {"log", "witness", "due"}, "figures that nothing is compared with")
        self.assertEqual(second.root_from(leaf, index, size, path), root)
        self.assertTrue(text.startswith(b"esep.log/" + statement[16:48].hex().encode() + b"\n"))

    def test_words(self):
        """The first line of each verdict, in three languages, never says strong of what is weak."""
        first = {
            "proven/witness": ("ДӘЛЕЛДЕНДІ. Уақытын куәгер", "ДОКАЗАНО. Время подтверждает и свидетель", "PROVEN. A"),
            "proven/collector": ("ДӘЛЕЛДЕНДІ. Уақытын тек", "ДОКАЗАНО. Время — только", "PROVEN. The hour is by the"),
            "in_time/witness": ("МЕРЗІМІНДЕ ЕКЕНІ ДӘЛЕЛДЕНДІ. Күшті", "ДОКАЗАНО: В СРОК. Сильное",
                                "PROVEN IN TIME. Strong"),
            "in_time/collector": ("МЕРЗІМІНДЕ ЕКЕНІ ДӘЛЕЛДЕНДІ. Әлсіз", "ДОКАЗАНО: В СРОК. Слабое",
                                  "PROVEN IN TIME. Weak"),
            "late/none": ("ДӘЛЕЛДЕНДІ, БІРАҚ", "ДОКАЗАНО, НО ПОСЛЕ", "PROVEN, BUT AFTER"),
            "refused/-": ("ҚАБЫЛДАНБАДЫ", "ОТКЛОНЕНО", "REFUSED"),
        }
        for what, heads in first.items():
            receipt = next(r for r in self.receipts if f"{r.expected[1]}/{r.expected[4]}" == what)
            for language, head in zip(("kk", "ru", "en"), heads):
                done = self.run_verify("--lang", language, *receipt.line.split("\t"))
                self.assertEqual(str(done.returncode), receipt.expected[0])
                self.assertTrue(done.stdout.startswith(head), done.stdout)
                self.assertGreaterEqual(done.stdout.count("\n"), 3)
        steps = {r.expected[2]: r for r in self.receipts if r.expected[2] != "0"}
        said = [self.run_verify("--lang", language, *receipt.line.split("\t")).stdout
                for receipt, language in zip(steps.values(), ("kk", "ru", "en") * 4)]
        self.assertEqual(len({text.split("\n")[1] for text in said}), len(steps))
        for step, text in zip(steps, said):
            self.assertIn(f"({step}: ", text)

    def run_verify(self, *arguments):
        # It allocates nothing of its own, and the sanitizer's look for leaks takes longer than all the rest.
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        return subprocess.run([VERIFY, *arguments], env=environment, text=True, capture_output=True, timeout=600,
                              check=False)

    def test_shares_nothing(self):
        """Nothing of the other folders is included, and no name of theirs is in the library."""
        sources = sorted((SOURCE / "verify").glob("*.[ch]"))
        self.assertGreater(len(sources), 10)
        for source in sources:
            for name in re.findall(r'^#include "([^"]+)"', source.read_text(encoding="utf-8"), re.MULTILINE):
                self.assertTrue(name.startswith("verify/"), f"{source.name}: {name}")
        names = subprocess.run(["nm", VERIFY], text=True, capture_output=True, check=True, timeout=600).stdout
        self.assertRegex(names, r" T verify_receipt\b")
        self.assertNotRegex(names, r" [TtDdBbU] (esep|agent|broker|collector|nettle)_")

    def test_keys_of_one_log(self):
        """A receipt of before or behind a change of the log's key: one of the keys given has signed it."""
        lines, alone = [], []
        for receipt in [r for r in self.receipts if r.expected[1] != "refused"][:64]:
            *words, proof, data = receipt.line.split("\t")
            log = receipt.value("--log")
            other = ["--log", log_vkey(log.split("+")[0], hashlib.sha256(receipt.line.encode()).digest())]
            words = [word for at, word in enumerate(words) if word != "--log" and words[at - 1] != "--log"]
            own = ["--log", log]
            alone.append("\t".join([*own, *words, proof, data]))
            lines += ["\t".join([*keys, *words, proof, data]) for keys in (own + other, other + own, own + own, other)]
        wanted = both(alone)
        for at, answer in enumerate(both(lines)):
            if at % 4 < 3:
                self.assertEqual(answer, wanted[at // 4])
            else:
                self.assertEqual((answer["exit"], answer["step"]), (65, 8))

    def test_usage(self):
        receipt = self.receipts[0]
        *_, proof, data = receipt.line.split("\t")
        log, witness = receipt.value("--log"), receipt.value("--witness")
        slip = log.replace("esep.log", "esep-log")
        another = log_vkey("other.example/log", bytes(32))
        for arguments, code, word in (
                ([], 64, "--log"), ([proof, data], 64, "--log"), (["--log", log, proof], 64, "two files"),
                (["--log", slip, proof, data], 64, "id"), (["--log", witness, proof, data], 64, "--witness"),
                (["--log", log, "--witness", log, proof, data], 64, "--log"),
                (["--log", log, "--log", another, proof, data], 64, "another log"),
                (["--log", log, "--witness", witness, "--witness", witness, proof, data], 64, "once"),
                (["--log", log, "--quorum", "1", proof, data], 64, "--quorum"),
                (["--log", log, "--due", "2013-02-29T00:00:00Z", proof, data], 64, "--due"),
                (["--log", log, "--due", "2013-01-20T23:59:59", proof, data], 64, "offset"),
                (["--log", log, "--office-key", "ab", proof, data], 64, "64"),
                (["--log", log, "--lang", "de", proof, data], 64, "kk, ru or en"),
                (["--log", log, proof + "-none", data], 69, "none"), (["--log", log, proof, data + "-none"], 69, "none"),
                (["--log", log, proof, str(self.folder)], 69, "directory"), (["--nothing"], 64, "nothing")):
            done = self.run_verify(*arguments)
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            self.assertIn(word, done.stderr)
            self.assertEqual(done.stdout, "")
        self.assertIn("usage:", self.run_verify("--help").stdout)
        self.assertIn("esep-verify ", self.run_verify("--version").stdout)


def split_parts(proof):
    extra = base64.b64decode(proof.split(b"\n")[1][6:])
    parts, at = [], 16
    while at < len(extra):
        size = int.from_bytes(extra[at + 1:at + 5], "big")
        parts.append((extra[at], extra[at + 5:at + 5 + size]))
        at += 5 + size
    return parts


def with_parts(proof, parts, tag=b"esep/proof/v1"):
    extra = tag.ljust(16, b"\0")
    for kind, data in parts:
        extra += bytes([kind]) + len(data).to_bytes(4, "big") + data
    lines = proof.split(b"\n")
    lines[1] = b"extra " + base64.b64encode(extra)
    return b"\n".join(lines)


if __name__ == "__main__":
    unittest.main()
