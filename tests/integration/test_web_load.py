#!/usr/bin/python3
"""A plan's whole export, made of 10,000 reports beside the page: while its process stands at work, the
page answers, a decision is logged, and an office's report is taken and receipted; and the file that
comes of it is of the moment it was begun. Orders of things are asserted here, never how long they take.
"""

import base64
import glob
import hashlib
import http.client
import json
import os
import shutil
import signal
import unittest

import esep
import exporting
import page

OFFICES, EACH = 31, 330
OWN = exporting.PLAN + "/fulfilment/12/moj/2013-01-01..2013-06-30"
SAID = "What came while the file was made."
ASKED = 200


class Load(exporting.Exporting, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.field = esep.Field(clock=esep.shift_to("2013-01-15T10:00:00+06:00"),
                               collector=page.changes(exports="files"))
        cls.enterClassContext(cls.field)
        os.mkdir(cls.field.path("files"))
        cls.fill()
        cls.field.begin()
        cls.office = cls.field.enrol("moj", start=True)
        esep.wait(lambda: cls.office.command("duties", "--json").json()["plan_known"], "the plan")
        cls.office.daemon.stop()  # until its report
        for name, role in (("vera", "viewer"), ("sabira", "secretary")):
            page.add_account(cls.field, name, role)
        cls.daemon, cls.port = page.start(cls.field)

    @classmethod
    def fill(cls):
        """The store that esep-bench leaves, with its log's keys, where this field's would be made."""
        folder = cls.field.path("filled")
        os.mkdir(folder)
        esep.run(esep.program("bench"), "--modes", "backlog", "--peers", "none", "--rounds", "1", "--keep", "--entries",
                 EACH, "--programs", esep.BIN, "--plan", esep.PLAN, timeout=600, env={"TMPDIR": folder})
        made = glob.glob(os.path.join(folder, "esep-bench-*"))[0]
        shutil.move(os.path.join(made, "store"), cls.field.path("store"))
        shutil.move(os.path.join(made, "collector.keys"), cls.field.path("collector.keys"))

    def summary(self, browser):
        answer = browser.ask("GET", "/api/v1/summary")
        self.assertEqual(answer.status, 200, answer.text)
        return json.loads(answer.text)

    def at_work(self, browser):
        """An export that has opened the log and not ended, and its process, which stands still. One that was
        quicker than we are is asked for again."""
        for _ in range(40):
            before = self.children()
            number = self.order(browser)["id"]

            def opened(number=number):
                said = self.look(browser, number)
                return said if "log_size" in said or said["state"] == "failed" else None
            said = esep.wait(opened, "it to open the log", exporting.PATIENCE, every=0.001)
            for child in (self.children() - before) if said["state"] == "running" else ():
                self.addCleanup(self.go_on, child)
                try:
                    os.kill(child, signal.SIGSTOP)
                except ProcessLookupError:
                    continue
                said = self.look(browser, number)
                if said["state"] == "running":
                    return said, child
            browser.ask("DELETE", f"/api/v1/exports/{number}")
        self.fail("every export was done before it could be held")

    def test_page_and_ingest_go_on_while_ten_thousand_reports_are_exported(self):
        vera, sabira = page.login(self.port, "vera"), page.login(self.port, "sabira")
        for _ in range(20):  # ingest may have had something to say meanwhile
            wanted = self.field.command("export", "--format", "json", "--year", "2013", "--plan", exporting.PLAN).json()
            begun, child = self.at_work(sabira)
            size = begun["log_size"]
            if wanted["log"]["size"] == size:
                break
            self.assertEqual(sabira.ask("DELETE", f"/api/v1/exports/{begun['id']}").status, 204)
        self.assertEqual(wanted["log"]["size"], size)
        self.assertGreater(size, OFFICES * EACH)
        for _ in range(ASKED):
            self.assertGreaterEqual(self.summary(vera)["log_size"], size)
        self.office.daemon.start()
        self.office.report(OWN, "--fulfilment", "in_progress", "--percent", "80", "--narrative", SAID, "--wait")
        report = self.field.reports("--body", "moj")[-1]  # receipted: it stands in the log
        self.assertGreaterEqual(report["log_index"], size)
        esep.wait(lambda: self.summary(vera)["log_size"] > report["log_index"], "the page to see it")
        decided = sabira.ask("POST", "/api/v1/reviews", {"report_index": report["log_index"], "accept": True},
                             Idempotency_Key="meanwhile")
        self.assertEqual(decided.status, 200, decided.text)
        still = self.look(sabira, begun["id"])
        self.assertEqual((still["state"], still["done"]), ("running", begun["done"]))

        self.go_on(child)
        said = self.ended(sabira, begun["id"])
        self.assertEqual((said["state"], said["done"], said["log_size"]), ("done", 100, size), said)
        made = json.loads(self.fetch(sabira, begun["id"])[1])
        for part in ("log", "plan", "year", "totals", "actions", "others"):
            self.assertEqual(made[part], wanted[part], part)
        self.assertNotIn(SAID, json.dumps(made))

        later = self.ended(sabira, self.order(sabira)["id"])
        self.assertGreater(later["log_size"], json.loads(decided.text)["log_index"])
        self.assertIn(SAID, json.dumps(json.loads(self.fetch(sabira, later["id"])[1])))
        self.field.check_log()

    def mirror(self, path, folder, want=200):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=esep.PATIENCE)
        line.request("GET", path, headers={"Host": f"localhost:{self.port}"})
        answer = line.getresponse()
        body = answer.read()
        self.assertEqual(answer.status, want, path)
        if want == 200 and path != "/checkpoint":
            self.assertIn("immutable", answer.headers["Cache-Control"])
        if want == 200:
            name = folder + path
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "wb") as file:
                file.write(body)
        line.close()
        return body

    def test_a_stranger_has_the_whole_log_from_its_tiles(self):
        def number(n):
            groups = [f"{n % 1000:03}"]
            while n := n // 1000:
                groups.insert(0, f"x{n % 1000:03}")
            return "/".join(groups)

        folder = self.field.path("mirror")
        size = self.field.listing("status")["log"]["size"]
        esep.wait(lambda: int(self.mirror("/checkpoint", folder).split(b"\n")[1]) >= size, "the checkpoint")
        with open(os.path.join(folder, "checkpoint"), "rb") as file:
            origin, size = file.read().split(b"\n")[:2]
        size = int(size)
        self.assertGreater(size, 10000)
        level, nodes = 0, size
        while nodes:
            for kind in (str(level), "entries") if level == 0 else (str(level),):
                for n in range(nodes // 256):
                    self.mirror(f"/tile/{kind}/{number(n)}", folder)
                if nodes % 256:
                    self.mirror(f"/tile/{kind}/{number(nodes // 256)}.p/{nodes % 256}", folder)
            level, nodes = level + 1, nodes // 256
        key = b"\x01" + bytes.fromhex(self.field.ids["log_key"])
        keyed = hashlib.sha256(origin + b"\n" + key).hexdigest()[:8]
        words = ("log", "--log", f"{origin.decode()}+{keyed}+{base64.b64encode(key).decode()}", folder)
        esep.run(esep.program("verify"), *words)
        some = os.path.join(folder, "tile", "0", "007")
        with open(some, "r+b") as file:
            file.seek(1000)
            file.write(b"x")
        esep.run(esep.program("verify"), *words, code=65)
        for wrong in ("0/x000/001", "0/1", "0/x001/0001", "8/000", "0/000.p/256", "0/000.p/0", "0/000.p/07", "0/999",
                      f"1/000.p/{size // 256 + 1}", "entries", "entries/", "0/x001", "0/-01", "data/000"):
            self.mirror("/tile/" + wrong, folder, 404)


if __name__ == "__main__":
    unittest.main()
