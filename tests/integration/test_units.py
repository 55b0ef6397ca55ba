#!/usr/bin/python3
"""The daemons do their work under the system call rules of the units that are shipped, with their own sandbox within: a report with
its file, its receipt, the page and a PDF, a new configuration, an orderly end."""

import os
import re
import shutil
import signal
import subprocess
import unittest

import esep
import exporting
import page
import test_witness

KEY = "small/fulfilment/1/moj/2013-01-01..2013-12-31"
# Debian's fontconfig keeps what it found until the process ends (tests/unit/paper/lsan.txt).
os.environ["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=" + os.path.join(esep.SOURCE, "tests", "unit", "paper", "lsan.txt")


def under(daemon, unit):
    daemon.words = ["/usr/bin/python3", "-B", os.path.join(esep.SOURCE, "tests", "integration", "under_unit.py"),
                    os.path.join(esep.SOURCE, "config", "systemd", unit), *daemon.words]
    return daemon


def kernel_says(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(re.findall(r"^(\w+):\s+(\S+)", file.read(), re.M))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def filters_load():
    """Not in every container."""
    unit = os.path.join(esep.SOURCE, "config", "systemd", "esep-broker.service")
    tool = os.path.join(esep.SOURCE, "tests", "integration", "under_unit.py")
    return subprocess.run(["/usr/bin/python3", "-B", tool, unit, "/bin/true"], check=False).returncode == 0


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze says what the units' sets of calls are, and is not installed")
class Units(exporting.Exporting, unittest.TestCase):
    def bound(self, pid, filters, name):
        said = kernel_says(pid)
        self.assertEqual((said["NoNewPrivs"], said["Seccomp"]), ("1", "2"), name)
        self.assertEqual(int(said.get("Seccomp_filters", filters)), filters, name)

    def test_they_work_as_their_units_let_them(self):
        if not filters_load():
            self.skipTest("a filter of system calls cannot be loaded here")
        self.field = field = esep.Field(clock="at:2013-02-01T09:00:00+06:00", collector=page.changes())
        self.enterContext(field)
        field.begin(start=False)
        under(field.broker.daemon, "esep-broker.service").start()
        under(field.collector, "esep-collector.service").start()
        field.load_plan(esep.small_plan(field.path("small.yaml"), bodies=("moj", "mia"), actions={1: ("During 2013", ("moj", "mia"))}))
        office = field.enrol("moj")
        under(office.daemon, "esep-agent.service").start()
        scan = field.path("scan.pdf")
        with open(scan, "wb") as file:
            file.write(b"%PDF-1.7\n" + bytes(100_000) + b"%%EOF\n")
        esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plan")
        office.report(KEY, "--fulfilment", "executed", "--narrative", "Done.", "--attach", scan, "--wait")
        esep.wait(lambda: office.command("status", "--json").json()["files"]["complete"] == 1, "the evidence's receipt", timeout=180)
        secret = page.add_account(field, "sabira", "secretary")
        daemon, port = page.start(field, prepare=lambda daemon: under(daemon, "esep-collector-web.service"))
        browser = page.login(port, "sabira", secret)
        number = self.order(browser, "pdf", plan="small")["id"]
        self.assertEqual(self.ended(browser, number)["state"], "done", daemon.text())
        self.assertEqual(self.fetch(browser, number)[1][:5], b"%PDF-")
        own = int(kernel_says("self").get("Seccomp_filters", 0))  # a container has some of its own
        for one in (field.broker.daemon, field.collector, office.daemon, daemon):
            self.bound(one.process.pid, own + 2, one.name)  # the unit's, and the daemon's
            self.assertNotRegex(one.text(), "sandbox-off")
        keeper, = children(field.collector.process.pid)
        self.bound(keeper, own + 2, "the keeper of rounds")
        self.assertEqual(os.sched_getscheduler(keeper), os.SCHED_IDLE)
        field.collector.wait_log("log-verified")
        for one in (field.broker.daemon, field.collector, office.daemon):
            one.signal(signal.SIGHUP)
            one.wait_log("config-reloaded")
        office.report(KEY, "--fulfilment", "executed", "--narrative", "Done, and said again.", "--wait")
        for one in (daemon, office.daemon, field.collector, field.broker.daemon):
            one.stop()
        field.check_log("--files")

    def test_a_signer_and_a_witness_do_as_well(self):
        if not filters_load():
            self.skipTest("a filter of system calls cannot be loaded here")
        self.field = field = esep.Field(clock="at:2013-02-01T09:00:00+06:00", collector={"signer": {"socket": "signing/signer.sock"}})
        self.enterContext(field)
        config = field.path("signer.yaml")
        esep.write(config, esep.yaml_text({"name": "reports.example/log", "keys": "log.keys", "heads": "heads", "socket": "signing/signer.sock"}))
        words = [esep.program("collector"), "signer", "--config", config]
        esep.run(*words, "keygen")
        signer = under(esep.Daemon("signer", words, field.path("signer.log")), "esep-signer.service").start()
        field.daemons.append(signer)
        field.begin(start=False)
        post = test_witness.Post(field.path("w1"), "w1", [field.ids["log_vkey"]])
        field.daemons.append(post.daemon)
        under(post.daemon, "esep-witness.service").start()
        field.configure(witnesses=[{"url": post.url, "key": post.key.text}], witness={"every": "100ms"})
        field.broker.daemon.start()
        under(field.collector, "esep-collector.service").start()
        field.load_plan(esep.small_plan(field.path("small.yaml"), bodies=("moj",), actions={1: ("During 2013", ("moj",))}))
        office = field.enrol("moj", start=True)
        esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plan")
        office.report(KEY, "--fulfilment", "executed", "--narrative", "Done.", "--wait")
        size = field.listing("status")["log"]["size"]
        esep.wait(lambda: any(log["size"] >= size for log in post.status()), "the witness to have signed that head")
        own = int(kernel_says("self").get("Seccomp_filters", 0))
        for one in (signer, post.daemon, field.collector):
            self.bound(one.process.pid, own + 2, one.name)
            self.assertNotRegex(one.text(), "sandbox-(off|partly)")
            one.stop()
        field.check_log()


if __name__ == "__main__":
    unittest.main(argv=[__file__, "-v"])
