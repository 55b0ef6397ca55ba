#!/usr/bin/python3
"""Bad input to the programs: each ends with the right status and says what is wrong and where.

Exit statuses are those of sysexits(3): 64 usage, 65 data, 69 unavailable, 73 cannot create, 75 try
later, 77 not permitted, 78 config.
"""

import os
import re
import shutil
import subprocess
import unittest

import zmq

import esep

BROKEN = {
    # what is done to a good config: (old, new), and what must be said of it
    "unknown key": (("\nkeys:", "\nkyes: x\nkeys:"), r"yaml:\d+:\d+: .*kyes"),
    "no YAML": (("\nkeys:", "\n  - [ :\nkeys:"), r"yaml:\d+:\d+: "),
    "wrong number": (("\nlimits:", "\nlimits:\n  frame_bytes: many"), r"yaml:\d+:\d+: .*frame_bytes"),
    "out of range": (("\nlimits:", "\nlimits:\n  frame_bytes: 1"), r"yaml:\d+:\d+: .*frame_bytes"),
    "bad clock": (("\nlog:", '\nclock: "noon"\nlog:'), r"noon|unknown key"),
    "bad level": (('"info"', '"loud"'), r"yaml:\d+:\d+: .*loud"),
    "short key": ((r'"[0-9a-f]{64}"', '"abc"'), r"yaml:\d+:\d+: .*64 hex"),
    "missing": ((r"\nkeys: .*", ""), r"yaml:\d+:\d+: .*keys"),
}


def break_config(path, change):
    """Applies one change to a config; a key that is there already gives way to the new one."""
    with open(path, encoding="utf-8") as file:
        text = "\n" + file.read()
    old, new = change
    for key in ("  frame_bytes", "clock"):
        if f"{key}: " in new:
            text = re.sub(rf"\n{key}: .*", "", text)
    changed, count = re.subn(old, new, text, count=1)
    assert count == 1, f"{old!r} is not in {path}"
    esep.write(path, changed.lstrip("\n"))


class Refusals(unittest.TestCase):
    def setUp(self):
        self.field = esep.Field()
        self.enterContext(self.field)

    def refused(self, result, pattern):
        self.assertRegex(result.err, pattern, str(result))
        return result

    def check_broken(self, name, config, command):
        with open(config, encoding="utf-8") as file:
            good = file.read()
        for what, (change, said) in BROKEN.items():
            with self.subTest(program=name, what=what):
                esep.write(config, good.rstrip("\n"))
                break_config(config, change)
                self.refused(esep.run(*command, code=78), said)
        esep.write(config, good.rstrip("\n"))

    def test_broken_configs(self):
        field = self.field.begin()
        field.load_plan()
        office = field.enrol("moj")
        self.check_broken("broker", field.broker.config, field.broker.daemon.words)
        self.check_broken("collector", field.config, field.collector.words)
        self.check_broken("agent", office.config, office.daemon.words)
        for words in (field.broker.daemon.words, field.collector.words, office.daemon.words):
            missing = words[:-1] + [field.path("none.yaml")]
            self.refused(esep.run(*missing, code=78), r"none\.yaml: .*No such file")

    def test_usage(self):
        for name in ("agent", "broker", "collector"):
            with self.subTest(program=name):
                self.refused(esep.run(esep.program(name), code=64), "usage|Commands|esep-broker")
                esep.run(esep.program(name), "fly", code=64)
                esep.run(esep.program(name), "run", "--fly", code=64)
                esep.run(esep.program(name), "run", "one", "too", "many", code=64)
                self.assertIn("keys", esep.run(esep.program(name), "--help-config").out)

    def test_key_files_that_others_may_read(self):
        field = self.field.begin(start=False)
        os.chmod(field.path("collector.keys"), 0o644)
        self.refused(field.command("run", code=77), r"collector\.keys.*0?644.*chmod|chmod.*collector\.keys")
        os.chmod(field.path("collector.keys"), 0o600)
        os.chmod(os.path.join(field.broker.folder, "broker.keys"), 0o640)
        self.refused(esep.run(*field.broker.daemon.words, code=77), r"broker\.keys")

    def test_a_port_in_use(self):
        field = self.field.begin()
        second = esep.Broker(field, "broker-2")
        second.address = field.broker.address
        second.configure()
        self.refused(esep.run(*second.daemon.words, code=69),
                     rf"{re.escape(field.broker.address)}.*in use")

    def test_a_control_socket_that_was_asked_nonsense(self):
        """It goes on answering, also when there is much to say: a line for each of 60 offices, which
        enrol one after the other over a broker that lets in 32 strangers."""
        field = self.field.begin()
        field.load_plan()
        path = os.path.join(field.broker.folder, "run", "broker.sock")
        for nonsense in ([b"status", b"twice"], [b"x" * 100000], [b""], [b"status"] * 20):
            for address in (path, field.control):
                with zmq.Context() as context, context.socket(zmq.REQ) as socket:
                    socket.setsockopt(zmq.LINGER, 0)
                    socket.connect(f"ipc://{address}")
                    socket.send_multipart(nonsense)
                    self.assertTrue(socket.poll(1000 * esep.PATIENCE), f"no answer to {nonsense[0][:9]!r} at {address}")
        for number in range(60):
            office = esep.Office(field, f"moj-{number}", "moj")
            office.enrol(field.code("moj", "--accept"))
        esep.wait(lambda: len(field.broker.status()["offices"]) == 60, "60 offices in the status")
        self.assertEqual(field.broker.status()["strangers"], 0)

    def test_output_that_does_not_reach_its_file(self):
        """A listing on a full disk is no success, and the reason is said."""
        field = self.field.begin()
        field.load_plan()
        office = field.enrol("moj")
        config = ["--config", field.config]
        for words in (
            [esep.program("agent"), "status", "--config", office.config],
            [esep.program("agent"), "status", "--config", office.config, "--json"],
            [esep.program("agent"), "mail", "--config", office.config, "--json"],
            [esep.program("broker"), "status", "--config", field.broker.config],
            [esep.program("broker"), "keys", "list", "--control", field.control],
            [esep.program("collector"), "status", *config],
            [esep.program("collector"), "export", "--format", "csv", *config],
            [esep.program("collector"), "obligations", "--json", *config],
            [esep.program("agent"), "--help-config"],
        ):
            with self.subTest(words=words[:2]), open("/dev/full", "wb") as full:
                done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, 69, words)
                self.assertIn(b"not all of the output could be written", done.stderr)

    def test_one_writer(self):
        field = self.field.begin()
        self.refused(esep.run(*field.collector.words, code=69), "another process .* writes")
        # The same store under another config: the lock is the store's, not the config's.
        esep.run("cp", field.config, field.path("other.yaml"))
        words = field.collector.words[:-1] + [field.path("other.yaml")]
        esep.run(*words, code=69)
        field.keys("list")  # the first goes on

    def test_a_collector_of_another_log(self):
        field = self.field.begin()
        other = esep.Field()
        self.enterContext(other)
        other.begin(start=False)
        # It dials our broker, and our broker's config even lets its link key in.
        other.configure(brokers=[{"address": field.broker.inner_address, "key": field.broker.key}])
        field.broker.configure(collector_keys=[field.ids["curve_key"], other.ids["curve_key"]])
        field.broker.daemon.signal(1)
        field.broker.daemon.wait_log("config-reloaded")
        other.collector.start()
        esep.wait(lambda: field.broker.status()["counters"]["collectors_refused"] > 0, "a refusal")
        field.broker.daemon.wait_log("collector-refused")
        other.collector.wait_log("broker-refused")
        joined = self.joined(field)
        self.assertEqual([c["key"] for c in joined], [field.ids["curve_key"]])

    def joined(self, field):
        """The collectors that the broker has let in, one at least."""
        return esep.wait(lambda: [c for c in field.broker.status()["collectors"] if c["joined"]],
                         "a collector to join")

    def test_a_copied_store(self):
        """A copy with the same log and keys has an engine of its own: let in only once the first is
        gone for good, never beside it."""
        field = self.field.begin()
        field.load_plan()
        field.command("backup", field.path("copy"))
        field.configure(store="restored")
        field.command("restore", field.path("copy"))
        twin = esep.Daemon("twin", field.collector.words[:-1] + [field.path("twin.yaml")],
                           field.path("twin.log"))
        field.daemons.append(twin)
        field.configure(store="restored", control="run/twin.sock")
        os.rename(field.config, field.path("twin.yaml"))
        field.configure(store="store", control="run/ingest.sock")
        self.joined(field)  # the first
        twin.start()
        field.broker.daemon.wait_log("collector-refused")
        self.assertEqual(len(self.joined(field)), 1)
        field.collector.kill()
        self.joined(field)  # the copy takes over once the first is gone

    def test_not_initialised(self):
        field = self.field
        field.brokers.append(esep.Broker(field, "broker-1"))
        field.configure()
        for command in (["run"], ["status"], ["obligations"], ["log", "verify"]):
            with self.subTest(command=command):
                result = field.command(*command, code=None)
                self.assertIn(result.code, (65, 66, 69, 78), str(result))
                self.assertRegex(result.err, "init|No such file", str(result))

    def test_init_again_only_prints(self):
        field = self.field.begin(start=False)
        self.assertEqual(esep.keys_of(field.command("init").out), field.ids)
        broker = esep.run(esep.program("broker"), "init", "--config", field.broker.config)
        self.assertEqual(esep.keys_of(broker.out)["curve_key"], field.broker.key)

    @unittest.skipIf(shutil.which("setpriv") is None, "setpriv is in util-linux")
    def test_a_folder_without_write_permission(self):
        """As nobody, who owns the keys but may not write where the store should come."""
        field = self.field.begin(start=False)
        if os.getuid() != 0:
            self.skipTest("root alone can become somebody else")
        os.chmod(field.folder, 0o755)
        bare = field.path("bare")
        os.mkdir(bare, 0o755)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        field.configure(store=os.path.join(bare, "store"), keys=os.path.join(bare, "keys"),
                        control=os.path.join(bare, "run", "sock"))
        os.chmod(field.config, 0o644)
        result = esep.run(*nobody, *field.collector.words[:1], "init", "--config", field.config, code=None)
        self.assertIn(result.code, (73, 77), str(result))
        self.assertRegex(result.err, "bare.*Permission denied")

    def test_wrong_plans(self):
        field = self.field.begin()
        path = esep.small_plan(field.path("bad.yaml"))
        with open(path, encoding="utf-8") as file:
            text = file.read()
        esep.write(path, text.replace("1st half of 2013", "3rd half of 2013").replace(
            "body: mia", "body: mai"))
        for verb in ("check", "load"):
            result = field.command("plan", verb, path, code=65)
            self.assertRegex(result.err, r"bad\.yaml:\d+:\d+: .*half")
            self.assertRegex(result.err, r"bad\.yaml:\d+:\d+: .*mai")
        field.command("plan", "check", field.path("none.yaml"), code=None)
        self.assertEqual(field.listing("plan", "list")["plans"], [])
        # The same revision again, with other words: a plan never changes without a new number.
        esep.small_plan(path)
        field.load_plan(path)
        esep.small_plan(path, actions={1: ("During 2013", ["mia"])})
        self.refused(field.command("plan", "load", path, code=65), "revision")

    def test_orders_that_cannot_be(self):
        field = self.field.begin()
        field.load_plan(esep.small_plan(field.path("small.yaml")))
        for words in (["review", "0", "--accept"], ["review", "99", "--accept"],
                      ["extend", "small/none", "--until", "2014-01-01", "--document", "d"],
                      ["extend", "small/fulfilment/1/mia/2013-01-01..2013-06-30", "--until",
                       "2014-02-31", "--document", "d"],
                      ["control", "small/none", "--remove", "--reason", "r"]):
            with self.subTest(words=words):
                self.refused(field.command(*words, code=65), "refused: .+")
        self.refused(field.keys("revoke", "7", code=65), "7")
        self.refused(field.keys("enrol", "nobody", code=65), "nobody")
        for words in (["review", "x", "--accept"], ["review", "1"], ["extend", "x"],
                      ["control", "x"], ["reports", "--window", "13"], ["export", "-f", "pdf"]):
            with self.subTest(words=words):
                result = field.command(*words, code=None)
                self.assertIn(result.code, (64, 65), str(result))
        field.collector.stop()
        self.refused(field.command("control", "small/none", "--remove", code=75), "daemon|running|answer")

    def test_strangers_orders(self):
        """An operator whom the collector does not list; one whose clock is off; a replay is in the
        unit tests of ingest."""
        field = self.field.begin()
        config = field.operator()
        self.refused(
            esep.run(esep.program("broker"), "keys", "list", "--config", config, code=None), ".+")
        field.collector.restart()
        esep.wait(lambda: esep.run(esep.program("broker"), "keys", "list", "--config", config,
                                   code=None).code == 0, "a listed operator's order")
        self.refused(esep.run(esep.program("broker"), "keys", "enrol", "moj", "--config", config,
                              "--clock", "shift:-1h", code=65), "minutes|old|clock|hour")


if __name__ == "__main__":
    unittest.main(verbosity=2)
