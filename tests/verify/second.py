#!/usr/bin/env python3
"""A second verifier of Esep's receipts, written from docs/verify.md alone.

  second.py --log VKEY... [--witness VKEY]... [--quorum N] [--office-key HEX] [--due INSTANT] [--file] PROOF REPORT
  second.py --broker HEX [OPTION...] INGRESS-PROOF REPORT
  second.py [OPTION...] --batch < LIST

It answers one line of JSON for each receipt, as the page says. Ed25519 is OpenSSL's (python3-cryptography),
SHA-256 Python's own. It is for tests: what it says in words is the number of the step that failed.
"""
import argparse
import base64
import binascii
import datetime
import functools
import hashlib
import json
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LAST_SECOND = 253402300799
SPACES = {0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}


class Refused(Exception):
    """The step that failed, and why."""

    def __init__(self, step, why):
        super().__init__(why)
        self.step = step


class Step:
    """A step's number, and what must hold in it."""

    def __init__(self, number):
        self.number = number

    def must(self, holds, why):
        if not holds:
            raise Refused(self.number, why)

    def base64(self, text, most):
        data = unbase64(text, most)
        self.must(data is not None, "no base64, or too long")
        return data

    def decimal(self, text):
        self.must(re.fullmatch(rb"0|[1-9][0-9]{0,19}", text) and int(text) < 1 << 64, "no decimal number")
        return int(text)


def unbase64(text, most):
    """Bytes of the one spelling; None if it is none, is empty, or has too many."""
    if not text or len(text) > (most + 2) // 3 * 4:
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if len(data) <= most and base64.b64encode(data) == text else None


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tag(text):
    return text.encode("ascii").ljust(16, b"\0")


def number(data, at, size):
    return int.from_bytes(data[at:at + size], "big")


def is_name(name):
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return text != "" and all(ord(c) > 0x20 and ord(c) != 0x7F and c != "+" and ord(c) not in SPACES
                              for c in text)


@functools.lru_cache(maxsize=4096)
def public_key(key):
    return Ed25519PublicKey.from_public_bytes(key)


def is_signed(key, message, signature):
    try:
        public_key(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class Key:
    """A public key of a log or a witness, from its text."""

    def __init__(self, text, algorithm):
        name, _, rest = text.partition("+")
        key_id, _, key = rest.partition("+")
        data = unbase64(key.encode(), 33)
        self.name = name.encode("utf-8", "surrogateescape")
        if data is None or len(data) != 33 or data[0] != algorithm or len(self.name) > 127 or not is_name(self.name):
            raise ValueError(f"no key of algorithm {algorithm}: {text}")
        self.public = data[1:]
        self.id = sha256(self.name, b"\n", data)[:4]
        if not re.fullmatch("[0-9a-fA-F]{8}", key_id) or bytes.fromhex(key_id) != self.id:
            raise ValueError(f"not the id of this key: {text}")


def read_file(data):
    """Step 1: index, path, extra, note."""
    step = Step(1)
    step.must(len(data) <= 262144, "too long")
    lines = data.split(b"\n", 3 + 65 + 1)
    step.must(len(lines) > 4, "too few lines")
    step.must(lines[0] == b"c2sp.org/tlog-proof@v1", "line 1")
    step.must(lines[1].startswith(b"extra "), "line 2")
    extra = step.base64(lines[1][6:], 139264)
    step.must(lines[2].startswith(b"index "), "line 3")
    index = step.decimal(lines[2][6:])
    path = []
    at = sum(len(line) + 1 for line in lines[:3])
    for line in lines[3:-1]:
        at += len(line) + 1
        if not line:
            return index, path, extra, data[at:]
        path.append(step.base64(line, 32))
        step.must(len(path[-1]) == 32 and len(path) <= 65, "path")
    raise Refused(1, "no note behind the path")


def read_note(note):
    """Step 2: text, signatures (name, id, bytes), origin, size, root."""
    step = Step(2)
    step.must(4 <= len(note) <= 65536 and note.endswith(b"\n"), "length")
    try:
        note.decode("utf-8")
    except UnicodeDecodeError:
        step.must(False, "not UTF-8")
    step.must(all(byte >= 0x20 or byte == 0x0A for byte in note), "control characters")
    blank = note.rfind(b"\n\n")
    step.must(blank >= 0, "no signatures")
    text, rest = note[:blank + 1], note[blank + 2:]
    signatures = []
    lines = rest.split(b"\n")[:-1]
    step.must(1 <= len(lines) <= 64, "how many signatures")
    for line in lines:
        step.must(line.startswith("\u2014 ".encode()), "signature line")
        name, _, signature = line[4:].partition(b" ")
        step.must(is_name(name), "name in a signature line")
        data = step.base64(signature, 4 + 8192)
        step.must(len(data) > 4, "short signature")
        signatures.append((name, data[:4], data[4:]))
    lines = text.split(b"\n")[:-1]
    step.must(len(lines) >= 3 and 1 <= len(lines[0]) <= 127, "origin")
    size = step.decimal(lines[1])
    root = step.base64(lines[2], 32)
    step.must(len(root) == 32 and all(lines[3:]), "root, or an empty line")
    return text, signatures, lines[0], size, root


def read_parts(extra):
    """Step 3: leaf, statement, key, before, after; of a file leaf and nonce."""
    step = Step(3)
    step.must(extra[:16] == tag("esep/proof/v1"), "tag")
    parts = []
    at = 16
    is_nonce = False
    while at < len(extra):
        is_nonce = len(parts) == 1 and len(extra) - at >= 1 and extra[at] == 6
        step.must(len(extra) - at >= 5 and (is_nonce or extra[at] == len(parts) + 1), "kind")
        size = number(extra, at + 1, 4)
        step.must(size <= len(extra) - at - 5, "length")
        parts.append(extra[at + 5:at + 5 + size])
        at += 5 + size
        if is_nonce:
            step.must(at == len(extra) and [len(part) for part in parts] == [160, 16], "a file's parts")
            return parts[0], None, None, None, parts[1]
    lengths = [len(part) for part in parts]
    step.must(lengths[:4] == [160, 208, 32, 32] and len(parts) == 5, "parts")
    return (*parts[:4], hashes(parts[4]))


def hashes(data):
    Step(3).must(len(data) % 32 == 0 and len(data) <= 32 * 4096, "after")
    return [data[i:i + 32] for i in range(0, len(data), 32)]


def read_ingress(data):
    """Steps 1 and 3 of a broker's note: statement, key, before, after, note."""
    step = Step(1)
    step.must(len(data) <= 262144, "too long")
    lines = data.split(b"\n")
    step.must(len(lines) == 3 and lines[2] == b"", "two lines")
    step.must(lines[0] == b"esep-ingress-proof@v1", "line 1")
    step.must(lines[1].startswith(b"extra "), "line 2")
    extra = step.base64(lines[1][6:], 139264)
    step = Step(3)
    step.must(extra[:16] == tag("esep/proof/v1"), "tag")
    parts, at = [], 16
    for kind in (2, 3, 4, 5, 7):
        step.must(len(extra) - at >= 5 and extra[at] == kind, "kind")
        size = number(extra, at + 1, 4)
        step.must(size <= len(extra) - at - 5, "length")
        parts.append(extra[at + 5:at + 5 + size])
        at += 5 + size
    lengths = [len(part) for part in parts]
    step.must(at == len(extra) and lengths[:3] == [208, 32, 32] and lengths[4] == 216, "parts")
    return (*parts[:3], hashes(parts[3]), parts[4])


def check_leaf(leaf, is_file, wants_file):
    step = Step(4)
    step.must(is_file == wants_file, "of the other kind")
    step.must(leaf[0] == 2 and leaf[1] == (17 if is_file else 3) and leaf[3] == 0, "version or type")
    step.must(leaf[2] == 0 or (leaf[2] == 1 and not is_file), "flags")
    step.must(number(leaf, 4, 4) != 0 and number(leaf, 20, 4) == 0, "office")
    step.must(number(leaf, 8, 8) <= LAST_SECOND * 1000000, "accepted_at")
    if is_file:
        step.must(leaf[16:32] == bytes(16) and leaf[64:160] == bytes(96), "a file's leaf")


def root_from(leaf, index, size, path):
    """Step 5: the root to which the path leads."""
    step = Step(5)
    step.must(index < size, "index")
    value, fn, sn = sha256(b"\0", leaf), index, size - 1
    for p in path:
        step.must(sn != 0, "path too long")
        if fn % 2 == 1 or fn == sn:
            value = sha256(b"\1", p, value)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn // 2, sn // 2
        else:
            value = sha256(b"\1", value, p)
        fn, sn = fn // 2, sn // 2
    step.must(sn == 0, "path too short")
    return value


def check_statement(leaf, statement, key, origin):
    step = Step(6)
    step.must(statement[:16] == tag("esep/head/v1"), "tag")
    step.must(statement[48:52] == leaf[4:8], "office")
    step.must(statement[52:56] == leaf[16:20], "epoch")
    step.must(statement[56:64] == leaf[24:32], "seq")
    step.must(statement[64:96] == leaf[64:96], "head")
    step.must(sha256(tag("esep/content/v1"), statement) == leaf[32:64], "content")
    step.must(sha256(statement[144:]) == leaf[96:128], "signature's hash")
    step.must(sha256(key) == leaf[128:160], "key's hash")
    check_log_id(statement, origin)


def check_log_id(statement, origin):
    if origin.startswith(b"esep.log/"):
        digits = origin[9:73]
        Step(6).must(re.fullmatch(rb"[0-9a-fA-F]{64}", digits) and bytes.fromhex(digits.decode()) == statement[16:48],
                     "log_id")


def chain(before, first, contents):
    head = before
    for i, content in enumerate(contents):
        head = sha256(tag("esep/entry/v2"), head, (first + i).to_bytes(8, "big"), content)
    return head


def check_report(statement, before, after, data):
    """Step 7. The report's number in its journal."""
    step = Step(7)
    seq = number(statement, 56, 8)
    step.must(len(after) < seq, "more entries than the statement counts")
    first = seq - len(after)
    content = sha256(tag("esep/content/v1"), data)
    step.must(chain(before, first, [content, *after]) == statement[64:96], "report")
    return first


def varint(value):
    coded = bytearray()
    while value > 0x7F:
        coded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*coded, value])


def stored_of_file(office, data, nonce):
    """What the log stored of a file (step 7)."""
    return (b"\x08" + varint(office) + b"\x12\x20" + hashlib.sha256(data).digest() +
            b"\x18" + varint(len(data)) + b"\x7a\x10" + nonce)


def check_file(leaf, data, nonce):
    stored = stored_of_file(number(leaf, 4, 4), data, nonce)
    Step(7).must(sha256(tag("esep/content/v1"), stored) == leaf[32:64], "file")
    return 0


def check_log(text, signatures, origin, logs):
    step = Step(8)
    step.must(origin == logs[0].name, "origin")
    found = [(log, s) for log in logs for name, key_id, s in signatures if name == log.name and key_id == log.id]
    step.must(found, "not signed")
    for log, signature in found:
        step.must(len(signature) == 64 and is_signed(log.public, text, signature), "signature")


def witness_times(text, signatures, witnesses, quorum):
    step = Step(9)
    times = []
    for witness in witnesses:
        seen = []
        for name, key_id, signature in signatures:
            if name != witness.name or key_id != witness.id:
                continue
            step.must(len(signature) == 72, "length of a cosignature")
            seconds = number(signature, 0, 8)
            step.must(seconds <= LAST_SECOND, "time")
            message = b"cosignature/v1\ntime %d\n" % seconds + text
            step.must(is_signed(witness.public, message, signature[8:]), "cosignature")
            seen.append(seconds)
        times.append(min(seen) if seen else None)
    step.must(sum(t is not None for t in times) >= quorum, "quorum")
    return times


def check_office(options, statement, key):
    step = Step(10)
    step.must(is_signed(key, statement[:144], statement[144:]), "office's signature")
    step.must(options.office_key in (None, key), "another office's key")


def check_ingress(options, proof, data):
    """A broker's note: the steps of the page's own chapter."""
    statement, key, before, after, note = read_ingress(proof)
    Step(4).must(not options.file, "of a report alone")
    step = Step(6)
    step.must(statement[:16] == tag("esep/head/v1") and number(statement, 48, 4) != 0, "statement")
    step.must(note[:16] == tag("esep/ingress/v1"), "note")
    step.must(note[112:144] == sha256(tag("esep/content/v1"), statement), "another statement")
    step.must(note[16:48] == statement[16:48], "another log")
    hour = number(note, 144, 8)
    step.must(hour <= LAST_SECOND * 1000000, "hour")
    if options.log:
        check_log_id(statement, options.log[0].name)
    first = check_report(statement, before, after, data)
    Step(9).must(options.quorum == 0, "no witness signs it")
    check_office(options, statement, key)
    Step(11).must(note[48:80] == options.broker and is_signed(options.broker, note[:152], note[152:]), "broker")
    late = options.due is not None and hour > options.due
    return {
        "esep_verify": 1, "exit": 1 if late else 0, "step": 0, "kind": "ingress",
        "verdict": "proven" if options.due is None else "late" if late else "in_time", "clock": None if late else "broker",
        "office": number(statement, 48, 4), "epoch": number(statement, 52, 4), "report_seq": first,
        "seq": number(statement, 56, 8), "index": 0, "size": 0, "accepted_at_us": 0, "received_at_us": hour,
        "office_clock_us": int.from_bytes(statement[96:104], "big", signed=True), "broker": options.broker.hex(),
        "witnesses_s": [None for _ in options.witness], "key": key.hex(), "log_id": statement[16:48].hex(),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def judge(answer, options, accepted, times):
    needed = max(options.quorum, 1)
    signed = sorted(t for t in times if t is not None)
    strong = len(signed) >= needed
    answer["verdict"] = "proven"
    if options.due is not None:
        strong = strong and signed[needed - 1] * 1000000 + 999999 <= options.due
        answer["verdict"] = "in_time" if strong or accepted <= options.due else "late"
    answer["clock"] = None if answer["verdict"] == "late" else "witness" if strong else "collector"
    answer["exit"] = 1 if answer["verdict"] == "late" else 0


def check(options, proof, data):
    if options.broker is not None:
        return check_ingress(options, proof, data)
    index, path, extra, note = read_file(proof)
    text, signatures, origin, size, root = read_note(note)
    leaf, statement, key, before, after = read_parts(extra)
    is_file = statement is None
    check_leaf(leaf, is_file, options.file)
    Step(5).must(root_from(leaf, index, size, path) == root, "another root")
    if not is_file:
        check_statement(leaf, statement, key, origin)
    first = check_file(leaf, data, after) if is_file else check_report(statement, before, after, data)
    check_log(text, signatures, origin, options.log)
    times = witness_times(text, signatures, options.witness, options.quorum)
    if not is_file:
        check_office(options, statement, key)
    clock = 0 if is_file else int.from_bytes(statement[96:104], "big", signed=True)
    answer = {
        "esep_verify": 1, "step": 0, "kind": "file" if is_file else "received" if leaf[2] == 1 else "promised",
        "office": number(leaf, 4, 4), "epoch": number(leaf, 16, 4), "report_seq": first,
        "seq": number(leaf, 24, 8), "index": index, "size": size, "accepted_at_us": number(leaf, 8, 8),
        "office_clock_us": clock, "witnesses_s": times, "key": bytes(32).hex() if is_file else key.hex(),
        "log_id": bytes(32).hex() if is_file else statement[16:48].hex(), "sha256": hashlib.sha256(data).hexdigest(),
    }
    judge(answer, options, answer["accepted_at_us"], times)
    return answer


def answer_to(options, proof, data):
    """What the page's "What is answered" says, as a dictionary."""
    try:
        return check(options, proof, data)
    except Refused as refused:
        return {"esep_verify": 1, "exit": 65, "verdict": "refused", "step": refused.step, "detail": str(refused)}


def instant(text):
    when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if when.tzinfo is None:
        raise ValueError("an instant has an offset")
    since = when - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (since.days * 86400 + since.seconds) * 1000000 + since.microseconds


@functools.lru_cache(maxsize=4096)
def log_key(text):
    return Key(text, 1)


@functools.lru_cache(maxsize=4096)
def witness_key(text):
    return Key(text, 4)


def office_key(text):
    key = bytes.fromhex(text)
    if len(key) != 32:
        raise ValueError("a public key has 32 bytes")
    return key


def parser():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("--log", type=log_key, action="append", default=[])
    p.add_argument("--witness", type=witness_key, action="append", default=[])
    p.add_argument("--quorum", type=int, default=0)
    p.add_argument("--office-key", type=office_key)
    p.add_argument("--broker", type=office_key)
    p.add_argument("--due", type=instant)
    p.add_argument("--file", action="store_true")
    p.add_argument("--batch", action="store_true")
    p.add_argument("files", nargs="*")
    return p


def judge_files(options):
    proof, data = options.files
    with open(proof, "rb") as file:
        proof = file.read(262145)
    with open(data, "rb") as file:
        data = file.read()
    answer = answer_to(options, proof, data)
    print(json.dumps(answer, ensure_ascii=False))
    return answer["exit"]


def main():
    read = parser()
    options = read.parse_args()
    if not options.batch:
        return judge_files(options)
    common = sys.argv[1:]
    worst = 0
    for line in sys.stdin:
        worst = max(worst, judge_files(read.parse_args(common + line.rstrip("\n").split("\t"))))
    return worst


if __name__ == "__main__":
    sys.exit(main())
