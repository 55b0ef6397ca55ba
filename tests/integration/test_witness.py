#!/usr/bin/python3
"""`esep-collector witness` as a log meets it: over HTTP, with requests made from the specification, and killed after each
answer. What it signed it still knows, whatever happened behind the answer. Then the collector as its witnesses meet it: what
they cosign is shown, one that does not answer delays nobody, and what one has seen that the log has not is an alarm."""

import datetime
import http.client
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
import unittest

import esep
import proxying
import sinks
import tlog

ORIGIN = "reports.example/log"
LOG = tlog.Key(ORIGIN, b"log")
LEAVES = [tlog.leaf_hash(b"%d" % i) for i in range(300)]
FORK = LEAVES[:40] + [tlog.leaf_hash(b"fork %d" % i) for i in range(260)]


class Post:
    """A witness's daemon: its folder, its key, its configuration."""

    def __init__(self, folder, name, logs):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.config = os.path.join(folder, "witness.yaml")
        self.port = esep.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(esep.yaml_text({
                "name": f"witness.example/{name}", "keys": "witness.keys", "store": "store",
                "listen": f"127.0.0.1:{self.port}", "logs": [{"key": key} for key in logs]}))
        self.key = tlog.Vkey(self.command("keygen").out.strip())
        self.daemon = esep.Daemon(name, [esep.program("collector"), "witness", "--config", self.config],
                                  os.path.join(folder, "log"))

    def command(self, *words):
        return esep.run(esep.program("collector"), "witness", *words, "--config", self.config)

    def status(self):
        """What it has signed, of each log."""
        return esep.run(esep.program("collector"), "witness", "status", "--json", "--config", self.config).json()["logs"]

    def ask(self, body, method="POST", path="/add-checkpoint"):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=esep.PATIENCE)
        link.request(method, path, body.encode() if body is not None else None)
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        return answer.status, answer.getheader("Content-Type"), text


class Witness(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.post = Post(self.folder.name, "w1", [LOG.vkey.text])
        self.key, self.daemon, self.command, self.ask = self.post.key, self.post.daemon, self.post.command, self.post.ask
        self.assertEqual(self.command("keygen").out.strip(), self.key.text)  # and makes no other
        self.daemon.start()
        self.addCleanup(lambda: self.daemon.process and self.daemon.stop())

    def shown(self, old, leaves, key=LOG):
        note = key.sign(tlog.checkpoint(ORIGIN, leaves))
        return note, self.ask(tlog.add_checkpoint(old, leaves, note))

    def cosigned(self, old, leaves):
        before = int(time.time())
        note, (status, _, line) = self.shown(old, leaves)
        self.assertEqual(status, 200, line)
        at = self.key.verify(note + line)
        self.assertTrue(before <= at <= int(time.time()))

    def killed(self):
        self.daemon.signal(signal.SIGKILL)
        self.daemon.ended()
        self.daemon.start()

    def test_it_binds_itself(self):
        """It gives up the system calls that are none of its work, or says that it cannot, and cosigns all the same."""
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="ascii") as file:
            said = dict(re.findall(r"^(\w+):\s+(\S+)", file.read(), re.M))
        if "sandbox-partly" not in self.daemon.text():
            self.assertEqual((said["NoNewPrivs"], said["Seccomp"]), ("1", "2"))
        self.assertNotIn("sandbox-off", self.daemon.text())
        self.cosigned(0, LEAVES[:7])

    def test_a_log_whose_key_has_changed(self):
        """Several keys of one origin are one log: what the next key signs has to extend what the old one did."""
        following = tlog.Key(ORIGIN, b"the next key")
        self.cosigned(0, LEAVES[:64])
        self.assertEqual(self.shown(64, LEAVES[:200], following)[1][0], 403)  # nobody gave it that one yet
        self.daemon.stop()
        post = Post(self.folder.name, "w1", [LOG.vkey.text, following.vkey.text])
        self.daemon, self.ask = post.daemon, post.ask
        self.daemon.start()
        self.assertEqual(self.shown(64, FORK[:200], following)[1][0], 422)
        note, (status, _, line) = self.shown(64, LEAVES[:200], following)
        self.assertEqual(status, 200, line)
        self.assertGreater(post.key.verify(note + line), 0)
        self.assertEqual(self.shown(64, LEAVES[:65])[1], (409, "text/x.tlog.size", "200\n"))

    def test_a_log_grows_and_then_lies(self):
        old = 0
        for size in (1, 2, 7, 64, 65, 200):
            self.cosigned(old, LEAVES[:size])
            self.killed()
            old = size
        self.cosigned(200, LEAVES[:200])
        # What the log signed is refused if it does not extend that; and what it says of us is not believed.
        self.assertEqual(self.shown(64, LEAVES[:250])[1], (409, "text/x.tlog.size", "200\n"))
        self.assertEqual(self.shown(0, LEAVES[:64])[1], (409, "text/x.tlog.size", "200\n"))
        self.assertEqual(self.shown(200, FORK[:250])[1][0], 422)
        self.assertEqual(self.shown(200, FORK[:200])[1], (409, "text/x.tlog.size", "200\n"))
        self.assertEqual(self.shown(200, LEAVES[:64])[1][0], 400)
        self.assertEqual(self.shown(200, LEAVES, tlog.Key(ORIGIN, b"thief"))[1][0], 403)
        other = tlog.Key("other.example", b"log").sign(tlog.checkpoint("other.example", LEAVES))
        self.assertEqual(self.ask(tlog.add_checkpoint(0, LEAVES, other))[0], 404)
        for body in ("", "old 1\n", "old 200\n\n" + "x" * 5000):
            self.assertEqual(self.ask(body)[0], 400, body)
        self.assertEqual(self.ask("x" * 80000)[0], 413)
        self.assertEqual(self.ask(None, "GET")[0], 405)
        self.assertEqual(self.ask("", path="/")[0], 404)
        self.cosigned(200, LEAVES)
        # Two heads of one size stay here as proof against the log.
        status = self.command("status", "--json").json()
        (log,) = status["logs"]
        self.assertEqual((log["origin"], log["size"], log["root"]), (ORIGIN, 300, tlog.b64(tlog.root(LEAVES))))
        (fork,) = status["forks"]
        self.assertTrue(LOG.vkey.verify(fork))
        self.assertIn(tlog.b64(tlog.root(FORK[:200])), fork)


class Cosigned(unittest.TestCase):
    """A collector with four witnesses: two that are well, one that has seen more of this log than there is, and a socket
    that takes every request and answers none, for longer than this test takes."""

    def setUp(self):
        self.field = esep.Field()
        self.field.__enter__()
        self.addCleanup(self.field.__exit__, None, None, None)
        field = self.field.begin(start=False)
        with open(field.path("collector.keys"), encoding="utf-8") as file:
            seed = next(line.split()[1] for line in file if line.startswith("sign "))
        self.log = tlog.Key(f"esep.log/{field.ids['log_id']}", b"", raw=bytes.fromhex(seed))
        self.assertEqual(self.log.vkey.text, field.ids["log_vkey"])
        self.posts = [Post(field.path(name), name, [self.log.vkey.text]) for name in ("w1", "w2", "w3")]
        for post in self.posts:
            field.daemons.append(post.daemon)
            post.daemon.start()
        hole = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(hole.close)
        deaf = tlog.Key("witness.example/deaf", b"deaf", tlog.WITNESS).vkey
        witnesses = [{"url": post.url + "/", "key": post.key.text} for post in self.posts]
        witnesses.append({"url": f"http://127.0.0.1:{hole.getsockname()[1]}", "key": deaf.text})
        self.mail, self.hook = sinks.MailSink(), sinks.HookSink(field.folder)
        self.addCleanup(self.mail.stop)
        self.addCleanup(self.hook.stop)
        field.configure(witnesses=witnesses, witness={"every": "100ms", "timeout": "10m", "offices_every": "100ms"}, alerts={
            "mail": {"url": self.mail.url, "from": "esep@example.kz", "tls": False},
            "webhooks": [{"name": "hook", "url": self.hook.url, "secret_file": self.hook.secret_file}],
            "recipients": [{"mail": f"ops-{code}@example.kz", "operators": True, "language": code} for code in ("kk", "ru", "en")]
            + [{"webhook": "hook", "operators": True, "language": "en"},
               {"mail": "body@example.kz"}, {"mail": "secretariat@example.kz", "secretariat": True}],
            "backoff": "20ms", "backoff_max": "500ms", "tries": 1000})

    def cosigned(self):
        """The newest cosigned head: its size, and the time of each of the two that are well (None: it has not signed)."""
        try:
            with open(self.field.path("store", "cosigned"), encoding="utf-8") as file:
                note = file.read()
        except FileNotFoundError:
            return 0, [None, None]
        self.assertTrue(self.log.vkey.verify(note))
        return int(note.split("\n")[1]), [post.key.verify(note) for post in self.posts[:2]]

    def await_cosigned(self, size, *who):
        esep.wait(lambda: self.cosigned()[0] >= size and all(self.cosigned()[1][i] for i in who),
                  f"{size} entries cosigned by {who}")

    def witness(self, name):
        return next(row for row in self.field.listing("status")["witnesses"] if row["name"] == f"witness.example/{name}")

    def figures(self):
        with open(self.field.path("store", "figures"), encoding="utf-8") as file:
            return file.read()

    def log_size(self):
        return self.field.listing("status")["log"]["size"]

    def alarms(self):
        return [row["what"] for row in self.field.listing("log", "list", "--type", "alarm")["entries"]]

    def proof(self, office, number, deadline):
        """What the two verifiers say of an office's report, if they knew the witnesses. The deadline is an instant."""
        name = self.field.path(f"proof-{number}-{deadline}")
        told = office.command("receipt", str(number), "--proof", name, "--json").json()
        words = ["--log", told["log_vkey"], "--json", "--due", deadline]
        for post in self.posts[:2]:
            words += ["--witness", post.key.text]
        words += [name + ".tlog-proof", name + ".report"]
        first = esep.run(esep.program("verify"), *words).json()
        words.remove("--json")
        second = esep.run(sys.executable, "-B", os.path.join(esep.SOURCE, "tests", "verify", "second.py"), *words).json()
        self.assertEqual(second["verdict"], first["verdict"])
        self.assertEqual(second["witnesses_s"], first["witnesses_s"])
        return first

    def await_strong(self, office, number):
        """The office has a head that a witness signed, and its proof is strong by that."""
        at = esep.wait(lambda: office.command("receipt", str(number), "--json").json()["witnessed_at"],
                       f"report {number} to be witnessed")
        strong = self.proof(office, number, "2100-01-01T00:00:00Z")
        self.assertEqual((strong["verdict"], strong["clock"]), ("in_time", "witness"), strong)
        times = [time for time in strong["witnesses_s"] if time is not None]
        self.assertEqual(datetime.datetime.fromisoformat(at).timestamp(), min(times))
        self.assertEqual(office.command("status", "--json").json()["last_receipt"]["witnessed_at"], at)
        # The command that the office is told to hand on says the same.
        told = office.command("receipt", str(number), "--proof", self.field.path(f"told-{number}")).out.splitlines()[1].split()
        self.assertEqual(esep.run(esep.program("verify"), "--json", *told[1:]).json()["clock"], "witness")

    def test_receipts_and_alarms(self):
        field = self.field
        ahead = [tlog.leaf_hash(b"other %d" % i) for i in range(5000)]
        note = self.log.sign(tlog.checkpoint(self.log.name, ahead))
        self.assertEqual(self.posts[2].ask(tlog.add_checkpoint(0, ahead, note))[0], 200)
        for broker in field.brokers:
            broker.daemon.start()
        field.collector.start()
        field.load_plan(esep.small_plan(field.path("plan.yaml")))
        office = field.enrol("mia", start=True, witnesses=[post.key.text for post in self.posts[:2]],
                             limits={"keep_alive": "1s"})
        esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plan in the office")
        # Who does not answer, and who is away, delays nobody.
        office.report("--action", "1", "--fulfilment", "in_progress", "--percent", "40", "--narrative", "One.", "--wait")
        self.await_cosigned(self.log_size(), 0, 1)
        self.await_strong(office, 1)
        self.posts[1].daemon.kill()
        office.report("--action", "1", "--fulfilment", "in_progress", "--percent", "50", "--narrative", "Two.", "--wait")
        self.await_strong(office, 2)
        esep.wait(lambda: self.witness("w2")["failures"] > 0, "the collector to miss a witness")
        self.posts[1].daemon.start()
        esep.wait(lambda: self.witness("w2")["size"] >= self.log_size(), "a witness that is back to be asked")
        # What one has seen that is not here is in the log, once.
        esep.wait(self.alarms, "an alarm in the log")
        self.assertEqual(self.witness("w3")["alarm"], "ahead")
        (alarm,) = self.alarms()
        self.assertRegex(alarm, r"w3 has seen more of this log than there is.*\(5000\)")
        esep.wait(lambda: 'esep_witness_alarm{name="witness.example/w3"} 1\n' in self.figures(), "the alarm in the metrics")
        # The operators are owed a letter each; nobody listens on the mail port. The webhook has it.
        ((_, told),) = esep.wait(self.hook.taken, "the alarm by webhook")
        self.assertEqual((told["type"], told["data"]["kind"], told["data"]["witness"], told["data"]["size"]),
                         ("esep.alarm", "witness_ahead", "witness.example/w3", 5000))
        self.assertIn("more entries of this log than there are: 5000", told["data"]["text"])
        esep.wait(lambda: field.listing("status")["deliveries_owed"] >= 3, "the letters to be owed")
        # What they cosigned is known after a crash, without asking.
        before = self.witness("w1")["size"]
        field.collector.restart(hard=True)
        self.assertGreaterEqual(self.witness("w1")["size"], before)
        esep.wait(lambda: self.witness("w1")["asked"] > 0, "the witnesses to be asked again")
        self.mail.start()
        esep.wait(lambda: field.listing("status")["deliveries_owed"] == 0, "the letters to be delivered")
        letters = [letter for letter in self.mail.taken() if "witness.example/w3" in letter.subject]
        words = {"kk": "жазба саны: 5000", "ru": "чем есть: 5000", "en": "than there are: 5000"}
        self.assertEqual({letter.recipients[0] for letter in letters}, {f"ops-{code}@example.kz" for code in words})
        for letter in letters:
            self.assertIn(words[letter.recipients[0][4:6]], letter.text)
        field.collector.stop()  # while the deaf one holds a request
        field.check_log()


class Stick(unittest.TestCase):
    """An office that has no line but a stick, and a collector with a witness: what it has signed comes back, too."""

    def setUp(self):
        self.field = esep.Field()
        self.field.__enter__()
        self.addCleanup(self.field.__exit__, None, None, None)
        field = self.field.begin(start=False)
        self.post = Post(field.path("w1"), "w1", [field.ids["log_vkey"]])
        field.daemons.append(self.post.daemon)
        field.configure(witnesses=[{"url": self.post.url, "key": self.post.key.text}], witness={"every": "100ms"})
        for broker in field.brokers:
            broker.daemon.start()
        field.collector.start()
        field.load_plan(esep.small_plan(field.path("plan.yaml")))
        self.office = field.enrol("mia", witnesses=[self.post.key.text])

    def journey(self, number, *words):
        """A report, there and back; what the two imports say."""
        there, back = self.field.path(f"there-{number}"), self.field.path(f"back-{number}")
        self.office.report("small/fulfilment/1/mia/2013-01-01..2013-06-30", "--fulfilment", "in_progress", "--percent",
                           str(number), "--narrative", "On a stick.")
        self.office.command("bundle", "export", there)
        here = self.field.command("bundle", "import", there, "--reply", back, "--json", *words).json()
        return here, self.office.command("bundle", "import", back, "--json").json()

    def witnessed_at(self, number):
        return self.office.command("receipt", str(number), "--json").json()["witnessed_at"]

    def strong(self, number):
        name = self.field.path(f"proof-{number}")
        told = self.office.command("receipt", str(number), "--proof", name, "--json").json()
        words = ["--log", told["log_vkey"], "--witness", self.post.key.text, "--due", "2100-01-01T00:00:00Z",
                 name + ".tlog-proof", name + ".report"]
        first = esep.run(esep.program("verify"), "--json", *words).json()
        second = esep.run(sys.executable, "-B", os.path.join(esep.SOURCE, "tests", "verify", "second.py"), *words).json()
        self.assertEqual((first["verdict"], first["clock"]), ("in_time", "witness"))
        self.assertEqual((second["verdict"], second["witnesses_s"]), (first["verdict"], first["witnesses_s"]))

    def test_what_a_witness_signed_comes_back(self):
        # The witness is away, and nobody waits for it: the receipt comes, and is weak.
        here, home = self.journey(1, "--wait", "0")
        self.assertEqual((here["witnessed"], home["receipts"] > 0, home["witnessed"]), (False, True, 0))
        self.assertIsNone(self.witnessed_at(1))
        # It is back: the import waits for what it signs of this very bundle, which makes the older one strong, too.
        self.post.daemon.start()
        here, home = self.journey(2, "--wait", str(int(esep.PATIENCE)))
        self.assertTrue(here["witnessed"])
        self.assertGreater(home["witnessed"], 0)
        for number in (1, 2):
            self.assertIsNotNone(self.witnessed_at(number))
            self.strong(number)
        # The same answer again changes nothing.
        again = self.office.command("bundle", "import", self.field.path("back-2"), "--json").json()
        self.assertEqual((again["receipts"], again["mails"]), (0, 0))
        self.field.collector.stop()
        self.field.check_log()


class Tls(unittest.TestCase):
    """A collector and its witnesses behind TLS: nginx as it is shipped for them, with certificates of two authorities
    that no machine knows. Who asks finds `ca_file` in a folder that the configuration's is not."""

    def setUp(self):
        self.field = esep.Field()
        self.field.__enter__()
        self.addCleanup(self.field.__exit__, None, None, None)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.field.begin(start=False)
        self.post = Post(self.field.path("w1"), "w1", [self.field.ids["log_vkey"]])
        self.field.daemons.append(self.post.daemon)
        self.post.daemon.start()
        for authority in ("ours", "theirs"):
            self.openssl(authority, "ca", "-addext", "basicConstraints=critical,CA:TRUE")

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def openssl(self, name, subject, *more):
        """A key and a certificate, of itself or of who is named."""
        esep.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", f"/CN={subject}", "-keyout", self.path(name + ".key"), "-out", self.path(name + ".pem"), *more)

    def certificate(self, name, host, authority):
        self.openssl(name, host, "-addext", f"subjectAltName=DNS:{host}", "-addext", "basicConstraints=critical,CA:FALSE",
                     "-CA", self.path(authority + ".pem"), "-CAkey", self.path(authority + ".key"))

    def nginx(self, certificates):
        """The shipped site once for each certificate; their ports."""
        with open(os.path.join(esep.SOURCE, "config", "nginx", "witness.conf"), encoding="utf-8") as file:
            text = file.read()
        sites, ports = [], []
        for number, certificate in enumerate(certificates):
            ports.append(esep.free_port())
            sites.append(proxying.changed(
                text, (r"listen 443", f"listen 127.0.0.1:{ports[-1]}", 1), (r"^ *listen \[::\].*\n", "", 1),
                (r"zone=esep_witness", f"zone=esep_witness_{number}", 2), (r"witness\.example\.kz(?=;)", "localhost", 1),
                (r"/etc/esep/tls/fullchain.pem", self.path(certificate + ".pem"), 1),
                (r"/etc/esep/tls/key.pem", self.path(certificate + ".key"), 1),
                (r"http://127.0.0.1:7090", self.post.url, 1)))
        daemon = proxying.nginx(self.field, "\n".join(sites))
        daemon.start(ready=False)
        esep.wait(lambda: all(proxying.answers(port) for port in ports), "nginx to listen")
        return ports

    def row(self, name):
        """How much it has cosigned, and why its last answer is none; before it was asked, nothing."""
        rows = {row["name"].rsplit("/", 1)[1]: row for row in self.field.listing("status")["witnesses"]}
        return rows.get(name, {"size": 0, "said": "", "failures": 0, "alarm": "", "asked": 0})

    def test_whose_certificate_is_believed(self):
        for name, host, authority in (("good", "localhost", "ours"), ("stranger", "localhost", "theirs"),
                                      ("misnamed", "witness.example", "ours")):
            self.certificate(name, host, authority)
        good, stranger, misnamed = self.nginx(["good", "stranger", "misnamed"])
        # All but the first are the same post behind another door: what stands under each key must come from there.
        keys = {name: tlog.Key(f"witness.example/{name}", name.encode(), tlog.WITNESS).vkey.text
                for name in ("stranger", "misnamed", "unnamed")}
        ca = shutil.copy(self.path("ours.pem"), self.path("ca.pem"))
        self.field.configure(witness={"every": "100ms", "timeout": "20s"}, witnesses=[
            {"url": f"https://localhost:{good}", "key": self.post.key.text, "ca_file": ca},
            {"url": f"https://localhost:{stranger}", "key": keys["stranger"], "ca_file": ca},
            {"url": f"https://localhost:{misnamed}", "key": keys["misnamed"], "ca_file": ca},
            {"url": f"https://localhost:{good}/unnamed", "key": keys["unnamed"]}])
        for broker in self.field.brokers:
            broker.daemon.start()
        self.field.collector.start()
        self.field.load_plan(esep.small_plan(self.field.path("plan.yaml")))
        size = self.field.listing("status")["log"]["size"]
        esep.wait(lambda: self.row("w1")["size"] >= size, "the witness behind TLS to cosign")
        for name in keys:
            said = esep.wait(lambda name=name: self.row(name)["said"], f"{name} to be refused")
            self.assertRegex(said, r"(?i)certificate|ssl")
            self.assertEqual((self.row(name)["size"], self.row(name)["alarm"]), (0, ""))
        with open(self.field.path("nginx", "access.log"), encoding="utf-8") as file:
            self.assertNotIn("/unnamed", file.read())  # refused before anything was said

        # The authority is another one from now on, by a file that took the name of the old one: nobody starts anew.
        os.replace(shutil.copy(self.path("theirs.pem"), self.path("new.pem")), ca)
        self.field.enrol("mia")
        esep.wait(lambda: self.row("w1")["failures"], "the old certificate to be refused")
        self.assertRegex(self.row("w1")["said"], r"(?i)certificate|ssl")


if __name__ == "__main__":
    unittest.main()
