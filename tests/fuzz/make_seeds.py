#!/usr/bin/env python3
"""make_seeds: the first seeds of each corpus, from the golden frames and by hand.

Run once from this folder and kept in the tree; inputs that a fuzzer found are added beside them
as found-*. Names say what an input is.
"""
import io
import pathlib
import struct
import zipfile

HERE = pathlib.Path(__file__).parent
UNIT = HERE.parent / "unit"


def save(corpus, name, data):
    folder = HERE / "corpus" / corpus
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def archive(*parts):
    """A ZIP of stored parts, its list at the end."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as out:
        for name, content in parts:
            out.writestr(zipfile.ZipInfo(name), content)
    return whole.getvalue()


def media_seeds():
    docx = ("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<document/>")
    odt = ("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<x/>")
    save("media", "pdf", "Скан 1.pdf\n".encode() + b"%PDF-1.7\n%%EOF\n")
    save("media", "png", b"a.png\n\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(20))
    save("media", "tiff", b"C:\\a.TIF\nMM\0*\0\0\0\x08\0\0")
    save("media", "docx", b"a.docx\n" + archive(*docx))
    save("media", "docx-with-macros", b"a.docx\n" + archive(*docx, ("word/vbaProject.bin", b"x")))
    save("media", "odt", b"a.odt\n" + archive(*odt))
    save("media", "text", "a\u202ef.txt\nесеп <b".encode())
    save("media", "markup", b"con.txt\n\n <svg onload=1>")


def tzif(footer, types=((18000, 0),), times=(), indexes=b""):
    empty = b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, 0, 0, 0)
    head = b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, len(times), len(types), 4)
    return empty + head + struct.pack(f">{len(times)}q", *times) + indexes \
        + b"".join(struct.pack(">iBB", offset, dst, 0) for offset, dst in types) + b"TST\0" + footer


def agent_seeds():
    """Records of agent.c: kind, length, bytes."""
    def record(kind, content=b""):
        return bytes([kind]) + struct.pack(">H", len(content)) + content
    receipt = number(1, 2) + number(2, 1) + number(3, 1) + number(4, 1) + number(5, 3) \
        + data(6, bytes(32)) + data(12, number(1, 5) + data(2, bytes(32))) + data(13, bytes(64)) \
        + number(14, 1 << 20)
    mail = number(1, 1) + number(2, 9) + number(6, 4)
    refusal = number(1, 1) + data(2, "wait") + number(3, 1000)
    seeds = {
        "nothing": b"", "frame": record(0, number(1, 1) + number(2, 17)),
        "receipt": record(17, receipt), "pong": record(19, number(1, 5) + number(2, 9)) + record(2, bytes(70)),
        "mail-in-parts": record(18, mail + data(8, b"ab")) + record(18, mail + number(7, 2) + data(8, b"cd")),
        "mail-gap": record(18, number(1, 2) + number(6, 2) + data(8, b"ab")) + record(2, bytes(3)),
        "mail-too-long": record(18, number(1, 1) + number(6, 9999) + data(8, b"ab")),
        "mail-beyond-its-end": record(18, number(1, 1) + number(6, 1) + data(8, b"ab")),
        "told-to-wait": record(1, refusal) + record(2, bytes(400)) + record(1, number(1, 2)),
        "refusal-signed-badly": record(1, refusal + data(4, bytes(16)) + data(9, bytes(64))),
        "silence": record(2, bytes(65)) + record(2, bytes(130)),
    }
    for name, content in seeds.items():
        save("agent", name, content)


def broker_seeds():
    """Records of broker.c: operation, argument, length, bytes."""
    def record(operation, argument, content=b""):
        return bytes([operation, argument, len(content)]) + content
    beat = record(2, 0, data(4, b""))
    joined = beat + record(4, 0)
    roster = record(5, 16 + 32, bytes([1, 1, 2, 2, 3, 3, 4, 4]))
    hello, batch, enrol, order = (record(1, key << 4 | conn, bytes([kind])) for key, conn, kind in
                                  ((1, 1, 1), (1, 1, 2), (7, 2, 5), (4, 3, 6)))
    save("broker", "wait", hello + beat + hello)
    save("broker", "served", joined + roster + hello + batch + enrol + order)
    save("broker", "revoked", joined + roster + hello + record(5, 64, bytes([1, 3])) + batch)
    save("broker", "reply", joined + roster + hello
         + record(3, 0, bytes([4]) + data(3, number(1, 1))[:3] + b"receipt"))
    save("broker", "standby", joined + roster + record(2, 5, data(4, b"")) + record(4, 5)
         + record(7, 2) + hello + hello)
    save("broker", "other-engine", joined + record(2, 5, data(4, b"")) + record(4, 5 + 16))
    save("broker", "lost-and-idle", joined + roster + hello + record(6, 60) + record(6, 200))
    save("broker", "queues-full", joined + roster + record(7, 1) + hello + record(7, 2) + enrol)
    save("broker", "roster-too-long", joined + record(5, 48, bytes([1, 1, 2, 1, 3, 1, 4, 1, 5, 1])))
    save("broker", "reconfigured", joined + roster + record(8, 0) + enrol + hello)
    save("broker", "rubbish", record(0, 0x11, b"rubbish") + record(2, 0, b"\xff\xff\x01") + hello * 30)


def witness_seeds():
    """What kind (witness.c), then the text or the steps."""
    sofa = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" \
        "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    path = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    save("witness", "request", b"\0" + f"old 20852014\n{path}\n{sofa}".encode())
    save("witness", "first-request", b"\0" + f"old 0\n\n{sofa}".encode())
    save("witness", "request-of-our-log", b"\0" + f"old 0\n\n{sofa}".replace("example.com/behind-the-sofa", "log.example").encode())
    save("witness", "note", b"\1" + sofa.encode())
    save("witness", "proof", b"\2" + f"c2sp.org/tlog-proof@v1\nextra YQ==\nindex 3\n{path}\n{sofa}".encode())
    save("witness", "key", b"\3PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    save("witness", "honest", b"\4" + bytes([0, 0, 1, 0, 2, 1, 8, 0, 4, 8, 21, 0, 6, 21, 64, 0, 6, 64, 64, 0]))
    save("witness", "fork", b"\4" + bytes([0, 0, 30, 0, 1, 30, 40, 0, 1, 30, 30, 0, 1, 0, 40, 0, 0, 30, 31, 0]))
    save("witness", "rollback", b"\4" + bytes([8, 0, 30, 0, 0, 30, 20, 0, 0, 0, 20, 0, 0, 20, 30, 0, 0, 30, 33, 5]))


def signer_seeds():
    """Requests, each behind its length (signer.h)."""
    def asked(*requests):
        return b"".join(struct.pack(">H", len(r)) + r for r in requests)

    def head(start, end, count, origin=b"log.example"):
        return struct.pack(">BBHQQ", 1, 0, len(origin), start, end) + origin + bytes([end]) * 32 * count

    statements = [tag.ljust(length, b"\0") for tag, length in (
        (b"esep/refusal/v1", 72), (b"esep/join/v1", 128), (b"esep/backup/v1", 80))]
    save("signer", "heads", asked(head(0, 1, 1), head(1, 4, 2), head(4, 4, 0), head(4, 8, 1)))
    save("signer", "other-histories", asked(head(0, 4, 1), head(0, 5, 2), head(3, 5, 2), head(4, 2, 0), head(0, 4, 1, b"log.example/2")))
    save("signer", "statements", asked(*(b"\3\0\0\0" + s for s in statements)))
    save("signer", "no-statement", asked(b"\3\0\0\0" + b"log.example\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"))
    save("signer", "key-and-size", asked(b"\4\0\0\0", b"\2\0\0\x0blog.example", b"\2\0\0\0", b"\5\0\0\0"))


def log_seeds():
    """Entries of the collector's own: of each kind one that is taken, and some that are not."""
    def record(event, choices):
        return bytes([16 + event]) + struct.pack(">H", len(choices)) + choices

    account = record(12, b"\x0b\5aigul\0")
    save("log", "code", record(14, b"\0\1") + record(14, b"\2\2") + record(14, b"\4\1\1") + record(14, b"\1\1\5"))
    save("log", "signs-of-life", record(15, b"\0\0\1") + record(15, b"\1\1") + record(15, b"\2\0\5\1\4fork")
         + record(15, b"\6\0\7\5") + record(15, b"\0\0\xe0") + record(15, b"\1\6"))
    save("log", "rights", record(16, b"\2\0") + record(0, b"\0\4") + record(16, b"\5\0") + record(16, b"\0\0")
         + record(16, b"\x11\0\3mia") + record(16, b"\2\1"))
    save("log", "keys-asked", record(17, b"\0\0") + record(17, b"\0\1") + record(17, b"\1\0\1") + record(17, b"\0\7"))
    save("log", "credentials", account + record(18, b"\x19\0\5") + record(18, b"\2\0") + record(18, b"\3\0")
         + record(18, b"\4\0") + record(18, b"\x0d\0") + record(18, b"\6\0") + record(18, b"\2\0\5berik"))
    save("log", "evidence", record(19, b"\0\1") + record(19, b"\1\1\2") + record(19, b"\4\1\xe0") + record(19, b"\0\1"))
    save("log", "generations-and-keys", record(21, b"\0\1") + record(20, b"\0\5") + record(21, b"\0\2") + record(20, b"\2\xe0")
         + record(21, b"\0\1") + record(21, b"\1\3\1") + record(20, b"\1\0") + record(21, b"\4\4\0"))
    save("log", "typed-of-any", record(13, bytes([22, 1]) + number(1, 1)) + record(13, bytes([17, 1])) + record(13, b"\x14"))


def main():
    log_seeds()
    witness_seeds()
    signer_seeds()
    session = bytes.fromhex("30313233343536373839616263646566")
    frames = dict(line.split() for line in (UNIT / "wire/golden/session.hex").read_text().splitlines())
    for name, text in frames.items():
        save("envelope", name, bytes.fromhex(text))
        save("session", name, bytes.fromhex(text))
    save("envelope", "least", data(3, session))
    save("envelope", "clear-refusal",
         number(1, 1) + number(2, 20) + data(3, session) + data(15, number(1, 1) + number(3, 500)))
    save("envelope", "twice", number(1, 1) + number(1, 1) + data(3, session))
    save("envelope", "trailing", data(3, session) + data(15, b"x") + b"\0")
    save("envelope", "long-varint", b"\x08\x81\x00" + data(3, session))
    save("session", "untouched", b"\0\0\0" + b"a batch")
    save("session", "flip-counter", b"\0\x17\1" + b"a batch")
    save("session", "flip-last", b"\0\x30\x80" + b"a batch")

    indicator = data(1, "Сот қызметкерлері") + data(2, "12.5") + data(3, "%")
    report = data(1, "kz-1347-2012/13/moj/2013") + number(2, 1) + number(4, 2) + number(5, 40) \
        + data(6, "Сделано.\nПродолжаем.") + data(7, indicator) * 3 + data(8, data(1, "rb") + number(3, 2)) \
        + data(14, data(1, "А. Ә.") + data(2, "маман")) + data(22, bytes(32)) + data(24, bytes(32)) * 2
    entry = data(1, bytes(16)) + number(2, 2714000000000000) + data(3, report)
    commitment = number(1, 7) + number(2, 1) + number(3, 9) + data(4, bytes(32)) + data(8, bytes(64))
    text = data(1, "қ") + data(2, "р") + data(3, "e")
    action = data(1, "37.2") + data(2, text) + data(5, data(1, "moj") + number(3, 1)) + data(6, "2013") \
        + data(7, number(1, 31412) + number(2, 32140)) + data(9, number(1, 2013) + number(4, 100))
    plan = data(1, "kz-1347-2012") + number(2, 1) + data(3, text) + data(7, "Asia/Almaty") \
        + data(10, data(1, "moj") + data(2, text) + number(4, 1)) + data(11, data(1, "akimats") + data(3, "akmola")) \
        + data(12, action) * 2 + data(13, data(8, bytes([30, 14, 7, 3, 1])) + data(11, "*")) + data(14, data(1, b"\2\4"))
    seeds = {
        "entry": (0, entry), "report": (1, report), "report-control-character": (1, data(6, "a\x1b[2J")),
        "report-nul": (1, data(6, b"a\0b")), "report-bad-utf8": (1, data(6, b"\xd0")),
        "report-many-empty": (1, data(7, b"") * 3000),
        "hello": (2, data(1, commitment) + data(2, bytes(64)) + number(3, 1) + number(4, 1)),
        "welcome": (3, number(1, 1) + data(7, number(1, 5) + data(2, bytes(32))) + data(10, "moj")),
        "batch": (4, number(1, 10) + data(2, entry) * 3 + data(3, commitment)),
        "receipt": (5, number(1, 2) + data(12, number(1, 5) + data(2, bytes(32))) + data(13, bytes(64))),
        "mail": (6, number(1, 1) + data(8, b"part") + number(9, 1)), "pull": (7, number(1, 300)),
        "refusal": (10, number(1, 11) + data(2, "fork") + data(4, session)),
        "enrol": (11, data(1, bytes(16)) + data(2, bytes(32)) + data(5, "Дежурный компьютер")),
        "order": (13, data(1, bytes(16)) + data(3, "оператор") + data(6, number(1, 7) + data(2, "потерян"))),
        "order-two-members": (13, data(5, number(1, 7)) + data(6, number(1, 7))),
        "order-reply": (15, number(1, 1) + data(4, number(1, 7) + data(2, "moj")) * 2),
        "link-down": (17, data(4, number(1, 3) + number(2, 7) + data(3, bytes(32)))),
        "link-up-roster": (18, data(2, number(1, 9) + data(4, data(1, bytes(32)) + number(2, 7)))),
        "plan": (19, plan), "plan-change": (21, data(1, plan) + number(2, 31412)),
        "alert": (27, data(1, "p") + data(3, number(2, 1) + number(3, 14)) + data(4, number(1, 1) + data(2, "a@b"))),
        "account": (34, data(1, "aigul.k") + data(2, "Әйгүл К.") + number(3, 3) + data(4, "moj") + number(5, 1)
                    + data(6, "berik") + number(7, 15706) + number(8, 15720) + data(9, "root (local)")),
        "unknown-field": (8, number(100, 1) + data(101, b"kept")), "empty": (8, b""),
    }
    for name, (message, content) in seeds.items():
        save("unpack", name, bytes([message]) + content)

    agent_seeds()
    broker_seeds()
    media_seeds()

    save("tzif", "almaty", (UNIT / "base/data/almaty.tzif").read_bytes())
    save("tzif", "fixed", tzif(b"\n<+05>-5\n"))
    save("tzif", "no-footer-rule", tzif(b"\n\n"))
    save("tzif", "yearly-rule", tzif(b"\nEST5EDT,M3.2.0,M11.1.0\n", ((-18000, 0),)))
    save("tzif", "gap-and-overlap", tzif(b"\n<+05>-5\n", ((18000, 0), (93599, 1), (-89999, 0)),
                                         (1000000, 1000100, 1000200), bytes([1, 2, 0])))
    save("tzif", "out-of-order", tzif(b"\n\n", ((18000, 0),), (5, 5), bytes([0, 0])))


if __name__ == "__main__":
    main()
