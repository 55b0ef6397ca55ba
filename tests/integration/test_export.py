#!/usr/bin/python3
"""The consolidated report of a year as the secretariat hands it in: reports filed through agents,
reviewed, exported in each format and language, and read back by programs of another make.
"""

import csv
import datetime
import io
import json
import os
import pty
import subprocess
import time
import unittest
import xml.etree.ElementTree as xml
import zipfile

import icalendar
import openpyxl

import esep

# Debian's fontconfig keeps what it found until the process ends (tests/unit/paper/lsan.txt).
os.environ["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=" + os.path.join(
    esep.SOURCE, "tests", "unit", "paper", "lsan.txt")

PLAN = "kz-1347-2012"
GROUP = PLAN + "/fulfilment/12/{}/2013-01-01..2013-06-30"
HOUSEHOLD = PLAN + "/fulfilment/6/mlspp/2013-01-01..2013-03-31"
AS_OF = "2013-07-05T12:00:00+06:00"
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
TITLE = {"kk": "2013 жылғы жиынтық ақпарат", "ru": "Сводная информация за 2013 год",
         "en": "Consolidated report for 2013"}
LONG = "Рабочая группа собралась трижды; проект стандартов разослан.\nІс-шара жалғасуда: «ә, ғ, қ, ң, ө, ұ, ү, һ, і»."


def story(field):
    """moj leads action 12; mlspp helped and is cited, pgo (upon agreement) says not applicable;
    mlspp's own action 6 comes late and is returned."""
    offices = {body: field.enrol(body, start=True) for body in ("moj", "mlspp", "pgo")}
    for office in offices.values():
        esep.wait(lambda o=office: o.command("duties", "--json").json()["plan_known"], "the plan")
    offices["mlspp"].report(GROUP.format("mlspp"), "--fulfilment", "executed", "--percent", "100",
                            "--narrative", "Предложения переданы", "--wait")
    offices["pgo"].report(GROUP.format("pgo"), "--fulfilment", "not_applicable", "--nil",
                          "--nil-reason", "-", "--wait")
    offices["mlspp"].report(HOUSEHOLD, "--fulfilment", "not_started", "--percent", "0",
                            "--narrative", "=1+1", "--delay-reasons", "Нет данных МОТ", "--wait")
    rows = {row["obligation"]: row["log_index"] for row in field.reports()}
    # An instant (told to the second) that is after all this, and before what follows.
    newest = max(datetime.datetime.fromisoformat(r["accepted_at"]) for r in field.reports())
    between = (newest + datetime.timedelta(seconds=1)).isoformat()
    mark = time.monotonic()
    esep.wait(lambda: time.monotonic() > mark + 2, "the next second")
    helped = str(rows[GROUP.format("mlspp")])
    field.command("review", helped, "--accept")
    field.command("review", str(rows[HOUSEHOLD]), "--return", "incomplete", "--comment", "x",
                  "--again-by", "2013-07-20")
    moj = offices["moj"]
    esep.wait(lambda: any(item["log_index"] == int(helped) for item in
                          moj.command("mail", "--json").json()["mail"]), "the report to cite")
    moj.report(GROUP.format("moj"), "--fulfilment", "in_progress", "--percent", "80", "--cites",
               helped, "--narrative", LONG, "--indicator", "Заседания=3,шт.,4,",
               "--indicator", "Доля=12.5,%,,женщины", "--money",
               "rb:005:1 200 000:1 200 000:980 450,25", "--money", "iom::within::", "--obstacles",
               "Нет кворума", "--next-steps", "Собрать группу в июле", "--signatory",
               "Иванова А. Б., вице-министр", "--outgoing", "12-3/45", "--wait")
    (row,) = [r for r in field.reports() if r["obligation"] == GROUP.format("moj")]
    field.command("review", str(row["log_index"]), "--accept")
    return between


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.field = esep.Field(clock=esep.shift_to("2013-06-25T10:00:00+06:00"))
        cls.enterClassContext(cls.field)
        cls.field.begin()
        cls.field.load_plan()
        cls.between = story(cls.field)
        for office in cls.field.offices:
            office.daemon.stop()
        cls.field.collector.stop()  # the log stays as it is: an office acknowledges its mail when it likes
        cls.status = cls.field.listing("status")

    def export(self, form, *words, language="ru", year="2013", as_of=AS_OF):
        path = self.field.path(f"out-{language}.{form}")
        self.field.command("export", "--format", form, "--language", language, "-o", path,
                           *(["--year", year] if year else []),
                           *(["--as-of", as_of] if as_of else []), *words, timeout=240)
        with open(path, "rb") as file:
            return path, file.read()

    def root(self):
        return self.status["log"]["root"]

    def test_json_holds_it_all(self):
        _, data = self.export("json")
        report = json.loads(data)
        self.assertEqual(report["format"], "esep-consolidated/1")
        self.assertEqual(report["log"], {"id": self.status["log"]["id"], "root": self.root(),
                                         "size": self.status["log"]["size"]})
        self.assertEqual(report["as_of"], AS_OF)
        actions = {action["number"]: action for action in report["actions"]}
        duties = {d["key"]: d for d in actions["12"]["obligations"]}
        moj = duties[GROUP.format("moj")]
        self.assertEqual((moj["report_state"], moj["percent"], moj["timeliness"]),
                         ("accepted", 80, "on_time"))
        self.assertEqual([cite["obligation"] for cite in moj["cited"]], [GROUP.format("mlspp")])
        self.assertEqual(moj["report"]["money"][0]["spent_tiyn"], 98045025)
        late = actions["6"]["obligations"][0]
        self.assertEqual((late["timeliness"], late["report_state"], late["percent"]),
                         ("late", "returned", 0))
        self.assertIsNone(duties[GROUP.format("pgo")]["percent"])
        self.assertNotIn("1", actions)  # of 2012 alone
        self.assertEqual([a["number"] for a in report["actions"] if a["parent"] == "37"],
                         ["37.1", "37.2", "37.3", "37.4", "37.5"])
        # The same rates as everywhere: what is counted adds up to what is listed.
        listed = [d for a in report["actions"] for d in a["obligations"]] + report["others"]
        bound, agreed = report["totals"]["bound"]["all"], report["totals"]["upon_agreement"]["all"]
        for which, totals in ((False, bound), (True, agreed)):
            mine = [d for d in listed if d["counted"] and d["upon_agreement"] is which]
            self.assertEqual(totals["obligations"], len(mine))
            self.assertEqual(totals["late"], sum(d["timeliness"] == "late" for d in mine))
            self.assertEqual(totals["overdue"], sum(d["timeliness"] == "overdue" for d in mine))
        self.assertEqual(report["totals"]["running_on"], sum(not d["counted"] for d in listed))

    def test_an_earlier_instant_knows_less(self):
        _, data = self.export("json", as_of=self.between)
        report = json.loads(data)
        self.assertLess(report["log"]["size"], self.status["log"]["size"])
        known = {d["key"] for a in report["actions"] for d in a["obligations"] if d["report"]}
        self.assertIn(GROUP.format("mlspp"), known)
        self.assertNotIn(GROUP.format("moj"), known)

    def test_csv_for_a_spreadsheet(self):
        _, data = self.export("csv", "--semicolon")
        self.assertTrue(data.startswith(b"\xef\xbb\xbf"))
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""),
                                   delimiter=";"))
        mine = {row["Ключ"]: row for row in rows}
        moj = mine[GROUP.format("moj")]
        self.assertEqual(moj["Что сделано"], LONG)
        self.assertEqual((moj["Процент"], moj["Отчёт"]), ("80", "принят"))
        late = mine[HOUSEHOLD]
        self.assertEqual((late["Процент"], late["Своевременность"]), ("0", "с опозданием"))
        self.assertEqual(late["Что сделано"], "'=1+1")
        self.assertEqual(mine[GROUP.format("pgo")]["Процент"], "не применимо")
        self.assertEqual(mine[GROUP.format("mia")]["Процент"], "нет данных")
        _, data = self.export("csv", "--table", "money", "--semicolon")
        (rb, iom) = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""),
                                   delimiter=";")
        self.assertEqual((rb["Израсходовано"], iom["Запланировано"]), ("980450,25", ""))

    def test_docx_for_the_editor(self):
        for language, title in TITLE.items():
            path, data = self.export("docx", language=language)
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                self.assertIsNone(archive.testzip())
                for name in archive.namelist():
                    if name.endswith((".xml", ".rels")):
                        xml.fromstring(archive.read(name))
                body = xml.fromstring(archive.read("word/document.xml"))
                texts = ["".join(t.text or "" for t in p.iter(WORD + "t"))
                         for p in body.iter(WORD + "p")]
                footers = "".join(archive.read(name).decode() for name in archive.namelist()
                                  if "footer" in name)
            self.assertIn(title, texts)
            self.assertIn("Іс-шара жалғасуда: «ә, ғ, қ, ң, ө, ұ, ү, һ, і».", texts)
            self.assertIn(self.root(), footers)
            self.assertGreater(len(list(body.iter(WORD + "tbl"))), 10)
            self.assertGreater(os.path.getsize(path), 0)
        _, again = self.export("docx", language=language)
        self.assertEqual(data, again, "the same log and instant give the same bytes")

    def test_pdf_for_the_shelf(self):
        for language, title in TITLE.items():
            path, data = self.export("pdf", language=language)
            self.assertTrue(data.startswith(b"%PDF-"))
            text = subprocess.run(["pdftotext", "-layout", path, "-"], check=True,
                                  capture_output=True, text=True).stdout
            self.assertIn(title, text)
            self.assertIn("ә, ғ, қ, ң, ө, ұ, ү, һ, і", text)
            self.assertGreaterEqual(text.replace("\n", "").count(self.root()[:16]), 2)

    def test_xlsx_for_figures(self):
        path, _ = self.export("xlsx")
        book = openpyxl.load_workbook(path)
        sheet = book["Отчёты"]
        rows = list(sheet.iter_rows(values_only=True))
        self.assertIsNotNone(sheet.freeze_panes)
        heads = list(rows[0])
        mine = {row[heads.index("Ключ")]: dict(zip(heads, row)) for row in rows[1:]}
        moj = mine[GROUP.format("moj")]
        self.assertIsInstance(moj["Срок представления"], datetime.datetime)
        self.assertIn(moj["Процент"], (80, 0.8))
        self.assertEqual(mine[HOUSEHOLD]["Что сделано"], "=1+1")
        self.assertEqual([cell.data_type for row in sheet.iter_rows() for cell in row
                          if cell.value == "=1+1"], ["s"])  # a text, no formula
        money = list(book["Средства, тенге"].iter_rows(values_only=True))
        self.assertIn(980450.25, money[1])

    def test_deadlines_for_a_calendar(self):
        _, data = self.export("ics", "--body", "mlspp", year=None)
        calendar = icalendar.Calendar.from_ical(data)
        events = {str(e["uid"]).split("@")[0]: e for e in calendar.walk("VEVENT")}
        wanted = {o["key"] for o in self.field.obligations("--body", "mlspp")}
        self.assertEqual(set(events), wanted)
        event = events[GROUP.format("mlspp")]
        self.assertEqual(event["dtstart"].params["TZID"], "Asia/Almaty")
        start = event.decoded("dtstart")
        self.assertEqual(start.astimezone(datetime.timezone.utc).isoformat(),
                         "2013-06-30T17:59:59+00:00")
        self.assertIn("Рабочая группа", str(event["summary"]))
        for line in data.split(b"\r\n"):
            self.assertLessEqual(len(line), 75)
        (zone,) = calendar.walk("VTIMEZONE")
        offsets = {part.decoded("dtstart").replace(tzinfo=None):
                   part.decoded("tzoffsetto") for part in zone.subcomponents}
        self.assertEqual(offsets[datetime.datetime(2024, 3, 1)], datetime.timedelta(hours=5))

    def test_a_file_is_whole_or_not_at_all(self):
        path = self.field.path("kept.docx")
        with open(path, "w", encoding="utf-8") as file:
            file.write("what stood here")
        base = ["export", "--format", "docx", "-o"]
        self.assertIn("has the years 2012 to 2014",
                      self.field.command(*base, path, "--year", "2031", "--plan", PLAN, code=65).err)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "what stood here")
        self.assertEqual([n for n in os.listdir(self.field.folder) if n.startswith("kept")],
                         ["kept.docx"])
        self.field.command(*base, self.field.path("no", "folder.docx"), "--year", "2013", code=73)
        self.field.command(*base, "/dev/full/x", "--year", "2013", code=73)
        self.assertIn("--year", self.field.command(*base, path, code=64).err)
        self.field.command("export", "--format", "csv", "--table", "x", "--year", "2013", code=65)
        self.field.command("export", "--format", "ics", "--body", "nobody", code=65)
        self.field.command("export", "--format", "pdf", "--year", "2013", "--language", "de",
                           code=64)
        self.field.command("export", "--format", "json", "--year", "2013", "--as-of", "soon",
                           code=65)

    def test_nothing_binary_for_a_terminal(self):
        main, other = pty.openpty()
        words = [esep.program("collector"), "export", "--config", self.field.config, "--format",
                 "pdf", "--year", "2013"]
        done = subprocess.run(words, stdout=other, stderr=subprocess.PIPE, text=True, check=False)
        os.close(other)
        os.close(main)
        self.assertEqual(done.returncode, 64, done.stderr)
        self.assertIn("say -o FILE", done.stderr)
        piped = subprocess.run(words, capture_output=True, check=True)
        self.assertTrue(piped.stdout.startswith(b"%PDF-"))

    def test_progress_on_a_terminal(self):
        main, other = pty.openpty()
        subprocess.run([esep.program("collector"), "export", "--config", self.field.config,
                        "--format", "docx", "--year", "2013", "-o", self.field.path("shown.docx")],
                       stderr=other, check=True)
        os.close(other)
        shown = b""
        while True:
            try:
                piece = os.read(main, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        os.close(main)
        self.assertIn(b"reading the log: 100 %", shown)
        self.assertIn(b"writing: 100 %", shown)

    def test_the_whole_table_is_still_there(self):
        keys = {o["key"] for o in self.field.obligations()}
        table = self.field.command("export").out
        rows = list(csv.DictReader(io.StringIO(table.lstrip("\ufeff"), newline="")))
        self.assertEqual({row["key"] for row in rows}, keys)
        self.assertEqual(len(self.field.command("export", "--json").json()["obligations"]),
                         len(keys))


if __name__ == "__main__":
    unittest.main(verbosity=2)
