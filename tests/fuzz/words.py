#!/usr/bin/env -S python3 -B
"""words.py TARGET: the dictionary of a fuzz target, as libFuzzer reads it, on stdout; --check makes all.

Made from what the programs themselves go by, so that no dictionary is older than its code: the tags
and enums of proto/, the words that a reader's source compares with, and by hand only what no source
spells (the heads of a target's own records, TZif, ZAP). campaign makes them anew; see TABLE.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VARINTS = ("uint32", "uint64", "sint32", "sint64", "int32", "int64", "bool")
FIELD = re.compile(r"(?:repeated |optional )?([\w.]+) \w+ = (\d+)\s*[;\[]")
BLOCK = re.compile(r"\b(message|enum) (\w+) \{")
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
WORD = re.compile(r"[\w.+:/<>?=&-][\w.+:/<>?=& -]{0,39}\Z")


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def source(pattern):
    paths = sorted(ROOT.glob(pattern))
    if not paths:
        raise FileNotFoundError(pattern)
    for path in paths:
        yield re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def blocks():
    """(message or enum, name, its text) of the contract."""
    for text in source("proto/esep/v1/*.proto"):
        for start in BLOCK.finditer(text):
            depth, end = 1, start.end()
            while depth > 0:
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            yield start[1], start[2], text[start.end():end - 1]


def tags(*messages):
    """The tags of these messages, or of all; of an enum with its values, of bytes with the lengths that mean
    something."""
    enums = {name: [int(n) for n in re.findall(r"= (\d+)", text)]
             for kind, name, text in blocks() if kind == "enum"}
    for kind, name, text in blocks():
        if kind != "message" or (messages and name not in messages):
            continue
        for of, number in FIELD.findall(text):
            if of in enums:
                yield from (varint(int(number) << 3) + varint(value) for value in enums[of])
            elif of in VARINTS:
                yield from (varint(int(number) << 3) + value
                            for value in (b"", b"\x01", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
            else:
                lengths = (0, 16, 32, 64) if of == "bytes" else (0,) if of == "string" else (2,)
                yield varint(int(number) << 3 | 2)
                yield from (varint(int(number) << 3 | 2) + varint(n) for n in lengths)


def literals(*patterns):
    """The words among a source's literals: no formats, no messages, no names of headers."""
    for pattern in patterns:
        for text in source(pattern):
            text = re.sub(r"#include [^\n]*", "", text)
            for word in LITERAL.findall(text):
                if WORD.match(word) and word.count(" ") < 5 and "%" not in word:
                    yield from (part.encode("utf-8") for part in {word: 1, **dict.fromkeys(word.split("."))} if part)


def records(kinds, lengths=(0, 1, 2, 4, 8, 24)):
    """Heads of fuzz_record: kind, length (be16)."""
    return [bytes([kind, 0, length]) for kind in kinds for length in lengths]


def short_records(kinds, arguments=(0, 1, 0x11, 0x24), lengths=(0, 1, 8)):
    """Heads of broker.c: operation, argument, length."""
    return [bytes([kind, argument, length]) for kind in kinds for argument in arguments for length in lengths]


def signs(*texts):
    return [text.encode("utf-8") if isinstance(text, str) else text for text in texts]


NUMBERS = [bytes([first]) for first in (0xe0, 0xef, 0xf0, 0xf3)] + [b"\xf4\xff\xff", b"\xf8\xff\xff\xff\xff"]
YAML = signs("- {", "}", ": [", "]", ": |\n  ", ": >\n", "&a ", "*a", "!!str ", "---\n", "\n  - ", "<<: ", '"\\x00"',
             "'", "# ", "? ", "\r\n", "\t", "\N{ZERO WIDTH NO-BREAK SPACE}", "~", "null", "true", "false", "-1",
             "18446744073709551616", "0x10", "1e3", "2013-12-31", "2013-02-30", "2012-02-29", "0000-01-01")
TABLE = {
    "agent": lambda: [*records((*range(3), *range(16, 23), *range(32, 48))), *NUMBERS,
                      *tags("Envelope", "Receipt", "Welcome", "HeldChain", "Mail", "Pong", "Refusal", "Checkpoint")],
    "broker": lambda: [*short_records(range(12)), *tags("Envelope", "LinkDown", "LinkUp", "Join", "From", "To",
                                                        "Roster", "Access", "Beat", "Gone")],
    "bundle": lambda: [*literals("agent/bundle.h", "agent/bundle_reply.h"), b"esep-bundle 2\n", b"esep-bundle-reply 1\n", *NUMBERS,
                       *tags("Envelope", "BundleHead", "Batch", "Commitment", "Welcome", "Receipt", "Mail", "Chunk", "Offer", "EvidenceReceipt")],
    "collector": lambda: [*records(range(16)), *NUMBERS, *tags()],
    "compress": lambda: signs(b"\1\x28\xb5\x2f\xfd", b"\1\x28\xb5\x2f\xfd\x21\1", b"\x50\x2a\x4d\x18", b"\x22\xb5\x2f\xfd", b"\xfd\x61",
                              b"\xfd\xa1\1", b"\xfd\0\x48", b"\xfd\x20", b"\xff\xff\xff\xff\xff\xff\xff\xff", "есеп", "отчет",
                              "іс-шара", "мероприятий по вопросам", "kz-1347-2012/fulfilment/"),
    "enrol": lambda: [*NUMBERS, *tags("Envelope", "EnrolReply", "Refusal")],
    "entry": lambda: [*tags("JournalEntry", "Report", "Withdrawal", "Indicator", "Money", "Person", "Citation",
                            "ExtensionRequest", "Commitment", "Receipt", "Checkpoint", "Refusal"),
                      *signs("kz-1347-2012/13/moj/2013", "2013-01-01..2013-12-31", "\u0085", "\u202e", "\u2028")],
    "envelope": lambda: tags("Envelope"),
    "files": lambda: [*literals("agent/settings.c", "broker/settings.c", "broker/operator.c", "collector/settings.c",
                                "lib/io/config.c", "lib/io/keyfile.c", "lib/io/plan_yaml_calendar.c"), *YAML,
                      *signs("tcp://127.0.0.1:1", "tcp://[::1]:1", "tcp://*:1", "ipc://", "smtp://", "https://",
                             "socks5h://", "64M", "1T", "0ms", "5s", "1h", "365d", "shift:-1s", "at:", "@", "a" * 64)],
    "journal": lambda: [*NUMBERS, *tags("JournalEntry", "Report", "Receipt", "Mail", "MailItem", "Plan", "Person")],
    "letter": lambda: [*NUMBERS, *(bytes([n]) for n in (4, 8, 12, 28, 0x44, 0x84, 0xc4)),
                       *signs("p/fulfilment/1/moh/2013-01-01..2013-06-30", "p/annual/-/moh/2013", "akmola", "moj",
                              "\r\n", "\n.\n", "\r", "\n", "=?UTF-8?B?", "?=", "Bcc: a@b", ", ", "<", ">",
                              "@", "\\", '"', "\u202e", "\u2028", "\N{OLD PERSIAN SIGN A}", "a@b.kz", "hook")],
    "log": lambda: [*records(range(38)), *NUMBERS, *tags()],
    "media": lambda: [*literals("lib/domain/media*.c"), b"PK\3\4", b"PK\1\2", b"PK\5\6", b"%PDF-", b"%%EOF", b"II*\0", b"MM\0*",
                      b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", *signs("\u202e", "\u200b", "\ufeff", "<svg", ".pdf", ".docx", ".odt")],
    "period": lambda: [*literals("lib/domain/period_lexicon.c", "lib/domain/period_words.c"),
                       *signs("2012", "2016", "-", "\N{EN DASH}", "\N{EM DASH}", ",", ";", ".", "/", "I", "II", "III", "IV",
                              "1st", "2nd", "-й", "-ші", "31.12.2013", "2013-12-31", "\N{NO-BREAK SPACE}", "29")],
    "plan": lambda: [*literals("lib/io/plan_yaml*.c", "lib/domain/names.c", "lib/domain/period_lexicon.c"), *YAML,
                     *signs("kk: ", "ru: ", "en: ", "Asia/Almaty", "moj", "all", "12.5", "1 000,50")],
    "report": lambda: [*literals("agent/report_*.c", "lib/domain/names.c"), *YAML,
                       *signs('{"', '":', ',"', "}\n{", "\\u0000", "\\ud800", "%", "KZT", "12,50", "0.005")],
    "rows": lambda: [*NUMBERS, *(bytes([how]) for how in range(8)), *tags()],
    "session": lambda: [*tags("Envelope"), *(bytes([0, place, 1 << bit]) for place in (1, 3, 20, 22, 40) for bit in (0, 7))],
    "sockets": lambda: [*literals("lib/io/zap.c", "lib/io/control.c", "broker/shell.c"),
                        *signs("1.0", "CURVE", "NULL", "PLAIN", "offices", "collectors", "status", "200", "400", "::1",
                               "127.0.0.1", bytes(32), b"\xa1\1\2\3" + bytes(28))],
    "socks": lambda: [b"\5\0", b"\5\2", b"\5\xff", b"\1\0", b"\1\1", *(bytes([5, 0, 0, kind]) for kind in (1, 3, 4)), *(bytes([5, n, 0, 1]) for n in range(1, 10))],
    "tzif": lambda: [*signs("TZif", "TZif2", "TZif3", "TZif4", "\n<+05>-5\n", "EST5EDT,M3.2.0,M11.1.0", ",J60/2", ",0/-167",
                            "M12.5.6/24:59:59", "<-00>0", "\n\n"),
                     *(bytes(3) + bytes([n]) for n in (0, 1, 2, 6)), b"\xff" * 8, b"\x80" + bytes(7), b"\x7f" + b"\xff" * 7],
    "signer": lambda: [*(bytes([n, 0, 0, m]) for n in range(1, 5) for m in (0, 11)), *literals("collector/signer/signer.c"), b"log.example"],
    "witness": lambda: [*literals("lib/wire/checkpoint.c", "lib/wire/add_checkpoint.c"), *(bytes([n]) for n in range(5)),
                        *signs("old 0\n\n", "log.example", "\n\n\u2014 ", "\u2014 witness ", "+0000abcd+", "A" * 43 + "=", "\nextra ", "index 0\n", "\n1\n")],
    "unpack": lambda: [*(bytes([n]) for n in range(35)), *tags()],
    "verify": lambda: [b"c2sp.org/tlog-proof@v1\n", b"extra ", b"index ", b"\n\n", "\u2014 ".encode(),
                       b"\n\n\xe2\x80\x94 ", b"=\n", b"==\n", b"ZXNlcC9wcm9vZi92MQAAAA", b"esep.log/",
                       b"witness.example MXa9RQ", b"index 0\n", b"index 3\n", b"\n18446744073709551615\n"],
}


def dictionary(target):
    """The text of the file; each word once, at most 64 bytes."""
    found = {word: None for word in TABLE[target]() if 0 < len(word) <= 64}
    lines = ("".join(chr(b) if chr(b).isalnum() and b < 0x80 else f"\\x{b:02x}" for b in word) for word in found)
    return "".join(f'"{line}"\n' for line in lines)


def check():
    """A dictionary for each target, none for a target that is gone, and words in each."""
    targets = {path.name for path in (ROOT / "tests" / "fuzz" / "corpus").iterdir() if path.is_dir()}
    wrong = [f"{name}: no dictionary, or no target" for name in sorted(targets ^ set(TABLE))]
    wrong += [f"{name}: few words" for name in TABLE if dictionary(name).count("\n") < 10]
    return "; ".join(wrong)


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(check() or 0)
    if len(sys.argv) != 2 or sys.argv[1] not in TABLE:
        sys.exit(f"usage: words.py TARGET, of: {' '.join(TABLE)}")
    sys.stdout.write(dictionary(sys.argv[1]))
