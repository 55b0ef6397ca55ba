#!/usr/bin/python3
"""Exports through the page: asked for, made by processes beside it, fetched by who asked. Each file
is opened by a program of another make. A process is held (SIGSTOP) where a test needs it running.
"""

import csv
import io
import json
import os
import re
import signal
import subprocess
import unittest
import zipfile

import icalendar
import openpyxl

import esep
import exporting
import page
from exporting import PATIENCE, PLAN
from page import Browser

# Debian's fontconfig keeps what it found until the process ends (tests/unit/paper/lsan.txt).
os.environ["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=" + os.path.join(
    esep.SOURCE, "tests", "unit", "paper", "lsan.txt")

GROUP = PLAN + "/fulfilment/12/moj/2013-01-01..2013-06-30"
SAID = "Іс-шара жалғасуда: «ә, ғ, қ, ң, ө, ұ, ү, һ, і»."


class Exports(exporting.Exporting, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.field = esep.Field(clock=esep.shift_to("2013-06-25T10:00:00+06:00"),
                               collector=page.changes(exports="files"))
        cls.enterClassContext(cls.field)
        os.mkdir(cls.field.path("files"))
        cls.field.begin()
        cls.field.load_plan()
        office = cls.field.enrol("moj", start=True)
        esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plan")
        office.report(GROUP, "--fulfilment", "in_progress", "--percent", "80", "--narrative", SAID,
                      "--wait")
        office.daemon.stop()
        for name, role in (("vera", "viewer"), ("aigul", "reviewer"), ("sabira", "secretary"),
                           ("serik", "secretary")):
            page.add_account(cls.field, name, role)
        cls.field.collector.stop()  # the log stays as it is
        cls.status = cls.field.listing("status")
        cls.daemon, cls.port = page.start(cls.field)

    @classmethod
    def begin(cls):
        cls.daemon.start()
        cls.port = int(re.search(r"http on port (\d+)", cls.daemon.text())[1])

    def setUp(self):
        if self.daemon.process is None:
            self.begin()

    def again(self, **web):
        """The page anew, with other settings; after the test as before."""
        before = self.field.collector_changes

        def back():
            self.daemon.stop()
            self.field.collector_changes = before
            self.field.configure()
        self.daemon.stop()
        self.field.configure(web=web)
        self.begin()
        self.addCleanup(back)

    def browser(self, name):
        return page.login(self.port, name)

    def made(self, form, **more):
        browser = self.browser("sabira")
        number = self.order(browser, form, **more)["id"]
        said = self.ended(browser, number)
        self.assertEqual((said["state"], said["done"], said["total"]), ("done", 100, 100), said)
        heads, data = self.fetch(browser, number)
        self.assertEqual(len(data), said["size_bytes"])
        self.assertEqual(int(heads["Content-Length"]), len(data))
        self.assertEqual(said["log_size"], self.status["log"]["size"])
        self.assertEqual(heads["Content-Disposition"], f'attachment; filename="{said["name"]}"')
        self.assertEqual(heads["X-Content-Type-Options"], "nosniff")
        self.assertIn("default-src 'none'", heads["Content-Security-Policy"])
        self.assertEqual(heads["Cache-Control"], "no-store")
        self.assertTrue(said["name"].endswith("." + form))
        self.assertEqual(browser.ask("DELETE", f"/api/v1/exports/{number}/file").status, 405)
        self.assertEqual(browser.ask("DELETE", f"/api/v1/exports/{number}").status, 204)
        self.assertEqual(browser.ask("GET", f"/api/v1/exports/{number}").status, 404)
        return heads["Content-Type"], data

    def free(self, browser):
        """Nothing of this account stays."""
        for item in json.loads(browser.ask("GET", "/api/v1/exports").text)["exports"]:
            browser.ask("DELETE", f"/api/v1/exports/{item['id']}")

    def test_the_same_key_is_the_same_export(self):
        browser = self.browser("sabira")
        body = {"format": "json", "language": "kk", "year": 2013, "plan": PLAN}

        def ask(said, key, by=browser):
            answer = by.ask("POST", "/api/v1/exports", said, Idempotency_Key=key)
            return answer.status, answer.headers["Location"], json.loads(answer.text)
        first = ask(body, "once")
        self.assertEqual(first[0], 202)
        again = ask(body, "once")  # it may be further by now
        self.assertEqual((again[0], again[1], again[2]["id"]), (202, first[1], first[2]["id"]))
        self.ended(browser, first[2]["id"])
        again = ask(body, "once")
        self.assertEqual((again[1], again[2]["state"]), (first[1], "done"))
        other = ask({**body, "language": "ru"}, "once")
        self.assertEqual((other[0], "another request" in other[2]["detail"]), (422, True))
        self.assertNotEqual(ask(body, "twice")[1], first[1])
        self.assertEqual(ask(body, "")[0], 400)
        self.assertEqual(ask(body, "x" * 65)[0], 400)
        self.assertEqual(ask({**body, "format": "doc"}, "bad")[0], 400)
        self.assertEqual(ask(body, "bad")[0], 202)  # what was not understood was no export
        browser.ask("DELETE", first[1])
        self.assertNotEqual(ask(body, "once")[1], first[1])
        for item in json.loads(browser.ask("GET", "/api/v1/exports").text)["exports"]:
            browser.ask("DELETE", f"/api/v1/exports/{item['id']}")

    def test_docx(self):
        kind, data = self.made("docx", language="kk")
        self.assertIn("wordprocessingml", kind)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            self.assertIsNone(archive.testzip())
            text = archive.read("word/document.xml").decode()
        self.assertIn("2013 жылғы жиынтық ақпарат", text)
        self.assertIn(SAID, text)

    def test_pdf(self):
        kind, data = self.made("pdf", language="ru")
        self.assertEqual(kind, "application/pdf")
        path = self.field.path("out.pdf")
        with open(path, "wb") as file:
            file.write(data)
        text = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True,
                              text=True).stdout
        self.assertIn("Сводная информация за 2013 год", text)
        self.assertIn("ә, ғ, қ, ң, ө, ұ, ү, һ, і", text)

    def test_xlsx(self):
        kind, data = self.made("xlsx", language="ru")
        self.assertIn("spreadsheetml", kind)
        sheet = openpyxl.load_workbook(io.BytesIO(data))["Отчёты"]
        heads, *rows = sheet.iter_rows(values_only=True)
        mine = {row[heads.index("Ключ")]: dict(zip(heads, row)) for row in rows}
        self.assertEqual(mine[GROUP]["Что сделано"], SAID)

    def test_csv(self):
        kind, data = self.made("csv", language="ru", semicolon=True, table="totals")
        self.assertEqual(kind, "text/csv; charset=utf-8")
        self.assertTrue(data.startswith(b"\xef\xbb\xbf"))
        self.assertIn(b";", data)
        kind, data = self.made("csv", language="ru")
        rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        self.assertEqual({r["Ключ"]: r for r in rows}[GROUP]["Что сделано"], SAID)

    def test_json(self):
        kind, data = self.made("json")
        self.assertEqual(kind, "application/json")
        report = json.loads(data)
        self.assertEqual(report["format"], "esep-consolidated/1")
        self.assertEqual(report["log"], {key: self.status["log"][key] for key in ("id", "root", "size")})

    def test_ics(self):
        browser = self.browser("sabira")
        kind, data = self.made("ics", body="moj")
        self.assertEqual(kind, "text/calendar; charset=utf-8")
        events = icalendar.Calendar.from_ical(data).walk("VEVENT")
        self.assertGreater(len(events), 1)
        feed = browser.ask("GET", "/api/v1/calendar.ics?lang=kk&body=moj")
        self.assertEqual((feed.status, feed.headers["Content-Type"]), (200, kind))
        told = icalendar.Calendar.from_ical(feed.text).walk("VEVENT")
        self.assertGreaterEqual(len(told), len(events))  # of all years
        self.assertEqual(browser.ask("GET", "/api/v1/calendar.ics?body=mars").status, 404)
        self.assertEqual(browser.ask("GET", "/api/v1/calendar.ics?lang=xx").status, 400)
        self.assertEqual(Browser(self.port).ask("GET", "/api/v1/calendar.ics").status, 401)
        self.assertEqual(self.browser("vera").ask("GET", "/api/v1/calendar.ics").status, 200)

    def test_two_are_made_at_once_and_the_third_waits(self):
        browser, other = self.browser("sabira"), self.browser("serik")
        first, one = self.held(browser)
        second, two = self.held(other)
        self.assertEqual([os.getpriority(os.PRIO_PROCESS, child) for child in (one, two)], [10, 10])
        third = self.order(browser, "json")
        self.assertEqual((third["state"], third["before"]), ("queued", 0))
        self.assertEqual(self.order(other, "csv")["before"], 1)
        self.assertEqual(browser.ask("GET", f"/api/v1/exports/{third['id']}/file").status, 409)
        metrics = browser.ask("GET", "/metrics").text
        self.assertIn("esep_web_exports_running 2\n", metrics)
        self.assertIn("esep_web_exports_queued 2\n", metrics)
        # The page goes on as if nothing were: it is another process.
        for path in ("/healthz", "/readyz", "/api/v1/summary", "/api/v1/matrix"):
            self.assertEqual(browser.ask("GET", path).status, 200, path)
        os.kill(two, signal.SIGCONT)
        self.assertEqual(self.ended(other, second)["state"], "done")
        self.assertEqual(self.ended(browser, third["id"])["state"], "done")
        self.assertEqual(self.look(browser, first)["state"], "running")
        os.kill(one, signal.SIGCONT)
        self.assertEqual(self.ended(browser, first)["state"], "done")
        names = [item["id"] for item in
                 json.loads(browser.ask("GET", "/api/v1/exports").text)["exports"]]
        self.assertEqual(names[:2], [third["id"], first])
        self.free(browser)
        self.free(other)

    def test_the_queue_is_bounded_for_each_account(self):
        browser, other = self.browser("sabira"), self.browser("serik")
        _, one = self.held(browser)
        _, two = self.held(browser)
        asked = [self.order(browser)["id"] for _ in range(6)]
        refused = self.order(browser, status=429)
        self.assertEqual(refused["status"], 429)
        self.assertIn("your exports", refused["detail"])
        waits = self.order(other)["id"]  # another account still may
        self.assertEqual(browser.ask("DELETE", f"/api/v1/exports/{asked[0]}").status, 204)
        self.order(browser)
        for child in (one, two):
            os.kill(child, signal.SIGCONT)
        self.assertEqual(self.ended(other, waits)["state"], "done")
        self.free(browser)
        self.free(other)

    def test_whoever_may_not_is_refused_and_nobody_sees_anothers(self):
        body = {"format": "json", "language": "ru", "year": 2013}
        for name in ("vera", "aigul"):
            browser = self.browser(name)
            self.assertEqual(browser.ask("POST", "/api/v1/exports", body).status, 403, name)
            self.assertEqual(browser.ask("GET", "/api/v1/exports").status, 403, name)
        stranger = Browser(self.port)
        for method, path in (("POST", "exports"), ("GET", "exports"), ("GET", "exports/" + "0" * 32),
                             ("DELETE", "exports/" + "0" * 32)):
            self.assertEqual(stranger.ask(method, f"/api/v1/{path}", body).status, 401, path)
        owner, other = self.browser("sabira"), self.browser("serik")
        self.assertEqual(owner.ask("POST", "/api/v1/exports", body, X_CSRF_Token=None).status, 403)
        self.assertEqual(owner.ask("POST", "/api/v1/exports", body,
                                   Origin="https://evil.example").status, 403)
        number = self.order(owner)["id"]
        self.assertEqual(self.ended(owner, number)["state"], "done")
        for path in (number, number + "/file", "0" * 32, number[:-1], number + "/file/x", "x", "",
                     "../session", number + "00"):
            self.assertEqual(other.ask("GET", f"/api/v1/exports/{path}").status, 404, path)
        self.assertEqual(other.ask("DELETE", f"/api/v1/exports/{number}").status, 404)
        self.assertEqual(json.loads(other.ask("GET", "/api/v1/exports").text), {"exports": []})
        self.assertEqual(self.look(owner, number)["state"], "done")
        self.free(owner)

    def test_what_is_no_export_says_what_is(self):
        browser = self.browser("sabira")
        for change, said in (({"format": "doc"}, "docx"), ({"language": "de"}, "kk, ru or en"),
                             ({"year": 13}, "year"), ({"year": None}, "an export is"),
                             ({"plan": "no-such"}, "no such plan"), ({"table": "money"}, "csv"),
                             ({"semicolon": True}, "csv"), ({"body": "moj"}, "ics"),
                             ({"more": 1}, "an export is"), ({"plan": "x" * 65}, "an export is")):
            problem = self.order(browser, status=400, **change)
            self.assertIn(said, problem["detail"], change)
        for body in (b"", b"{", b"[]", b"\xff", b'{"format":"csv","language":"ru"}'):
            answer = browser.ask("POST", "/api/v1/exports", body)
            self.assertEqual((answer.status, answer.headers["Content-Type"]),
                             (400, "application/problem+json"), body)

    def test_a_failure_says_why_and_nothing_of_the_machine(self):
        browser = self.browser("sabira")
        for more, said in (({"year": 2031}, "2031"),
                           ({"form": "csv", "table": "nothing"}, "nothing"),
                           ({"form": "ics", "body": "mars"}, "mars")):
            failed = self.ended(browser, self.order(browser, **more)["id"])
            self.assertEqual(failed["state"], "failed")
            self.assertIn(said, failed["reason"])
            self.assertNotIn("/", failed["reason"])
        number, child = self.held(browser)
        os.kill(child, signal.SIGKILL)
        failed = self.ended(browser, number)
        self.assertEqual(failed["state"], "failed")
        self.assertIn("ended it (9)", failed["reason"])
        answer = browser.ask("GET", f"/api/v1/exports/{number}/file")
        self.assertEqual((answer.status, json.loads(answer.text)["detail"]),
                         (409, failed["reason"]))
        self.assertIn("export-failed", self.daemon.text())
        # A store that cannot be read is our own trouble: the log says which.
        store = self.field.path("store")
        os.rename(store, store + ".away")
        try:
            failed = self.ended(browser, self.order(browser)["id"])
        finally:
            os.rename(store + ".away", store)
        self.assertEqual(failed["reason"], "it could not be made: the server's log says why")
        self.assertIn("no store there", self.daemon.text())
        self.free(browser)

    def test_whoever_takes_it_back_ends_its_process(self):
        browser = self.browser("sabira")
        number, child = self.held(browser)
        self.assertEqual(browser.ask("DELETE", f"/api/v1/exports/{number}").status, 204)
        self.assertNotIn(child, self.children())
        self.assertFalse(os.path.exists(f"/proc/{child}"))

    def test_no_process_outlives_the_page(self):
        for end in (self.daemon.stop, self.daemon.kill):
            _, child = self.held(self.browser("sabira"))
            end()
            esep.wait(lambda c=child: self.is_gone(c), "the export's end")
            self.assertEqual(os.listdir(self.field.path("files")), [])
            self.begin()

    def test_files_are_bounded(self):
        self.again(exports_bytes=65536)
        browser = self.browser("sabira")
        failed = self.ended(browser, self.order(browser, "json")["id"])
        self.assertEqual(failed["state"], "failed", failed)
        self.assertIn("larger than the 16 KiB", failed["reason"])
        self.assertEqual(os.listdir(self.field.path("files")), [])

    def test_files_are_kept_for_a_time(self):
        self.again(exports_kept="1s")
        browser = self.browser("sabira")
        number = self.order(browser, "csv", table="money")["id"]
        esep.wait(lambda: browser.ask("GET", f"/api/v1/exports/{number}").status == 404,
                  "the file to be gone", PATIENCE)
        self.assertEqual(os.listdir(self.field.path("files")), [])

    def test_a_folder_that_takes_no_file_is_said_at_the_start(self):
        self.daemon.stop()
        before = self.field.collector_changes
        self.field.configure(web={"exports": "nowhere"})
        try:
            said = self.field.command("web", code=78)
        finally:
            self.field.collector_changes = before
            self.field.configure()
        self.assertIn("web.exports", said.err)


if __name__ == "__main__":
    unittest.main()
