#!/usr/bin/env python3
"""read_back: do other programs find in the files what was put into the documents?

  read_back.py PAPER_WRITE [TEST ...]

PAPER_WRITE makes the samples (sample.c) in each language; DOCX and XLSX are read as ZIP and XML and
by openpyxl, PDF by poppler's tools. The class Office has LibreOffice open them, and ends with 77
("skipped") where there is none.
"""
import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET
import zipfile

import openpyxl

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
ROWS = 160
WORDS = {
    "kk": ("Іс-шаралар жоспарының орындалуы туралы жиынтық есеп", "Орындаушылар", "kk-KZ", "Өскемен, Үржар, Һ"),
    "ru": ("Сводный отчёт о выполнении плана мероприятий", "Исполнители", "ru-RU", "съёмка, объявление"),
    "en": ("Consolidated report on the action plan", "Executors", "en-GB", "special social services"),
}
MONEY = {"kk": "1\u202f244\u202f567,53\u00a0₸", "ru": "1\u202f244\u202f567,53\u00a0₸",
         "en": "1\u202f244\u202f567.53\u00a0₸"}
WRITE = None
FOLDER = None


def run(*command, **more):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **more).stdout


def sample(language, name):
    """The folder of a language's samples, made once."""
    folder = FOLDER / language
    if not folder.exists():
        folder.mkdir()
        run(WRITE, folder, language, ROWS)
    return folder / name


def squeezed(text):
    return re.sub(r"\s+", " ", text)


def numbers(stem, text):
    return [int(n) for n in re.findall(rf"\b{stem}(\d+)\b", text)]


class Docx(unittest.TestCase):
    def parts(self, path):
        with zipfile.ZipFile(path) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(archive.namelist()[0], "[Content_Types].xml")
            for info in archive.infolist():
                self.assertEqual(info.date_time, (2014, 2, 10, 9, 0, 0))
            texts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
        for name, text in texts.items():
            self.assertIsNone(NOT_XML.search(text), name)
        return texts, {name: ET.fromstring(text) for name, text in texts.items()}

    def test_parts_are_declared_and_there(self):
        _, trees = self.parts(sample("kk", "all.docx"))
        declared = {e.get("PartName")[1:] for e in trees["[Content_Types].xml"] if e.get("PartName")}
        there = {n for n in trees if not n.endswith(".rels") and n != "[Content_Types].xml"}
        self.assertEqual(declared, there)
        for rels, base in (("_rels/.rels", ""), ("word/_rels/document.xml.rels", "word/")):
            for relation in trees[rels]:
                self.assertIn(base + relation.get("Target"), trees)

    def test_styles_headings_bullets(self):
        for language, (title, _, locale, body) in WORDS.items():
            _, trees = self.parts(sample(language, "all.docx"))
            document, styles = trees["word/document.xml"], trees["word/styles.xml"]
            known = {s.get(W + "styleId") for s in styles.iter(W + "style")}
            used = {e.get(W + "val") for tag in ("pStyle", "rStyle", "tblStyle")
                    for e in document.iter(W + tag)}
            self.assertLessEqual(used, known)
            self.assertLessEqual({"Title", "Heading1", "Heading2", "Heading3", "ListBullet", "Note",
                                  "Caption", "Good", "Warning", "Bad", "Faint"}, used)
            by_style = {}
            for paragraph in document.iter(W + "p"):
                style = paragraph.find(f"{W}pPr/{W}pStyle").get(W + "val")
                by_style.setdefault(style, []).append("".join(paragraph.itertext()))
            self.assertEqual(by_style["Title"], [title])
            self.assertEqual(len(by_style["Heading1"]), 2)
            self.assertIn(body, " ".join(by_style["Normal"]))
            self.assertEqual([t for t in by_style["Normal"] if t in ("one", "two", "three")],
                             ["one", "two", "three"])
            self.assertEqual(len(by_style["ListBullet"]), 2)
            self.assertIn(MONEY[language], by_style["TableText"])
            self.assertEqual(next(styles.iter(W + "lang")).get(W + "val"), locale)
            self.assertIsNotNone(trees["word/numbering.xml"].find(f".//{W}numFmt[@{W}val='bullet']"))

    def test_tables(self):
        _, trees = self.parts(sample("ru", "all.docx"))
        tables = list(trees["word/document.xml"].iter(W + "tbl"))
        self.assertEqual(len(tables), 6)
        for table in tables:
            grid = [int(c.get(W + "w")) for c in table.iter(W + "gridCol")]
            self.assertTrue(9800 <= sum(grid) <= 11906 - 1134 - 851, grid)
            for row in table.iter(W + "tr"):
                cells = row.findall(W + "tc")
                self.assertEqual(len(cells), len(grid))
                self.assertTrue(all(c.findall(W + "p") for c in cells))
            heads = table.findall(f".//{W}tblHeader")
            facts = table.find(f"{W}tblPr/{W}tblStyle").get(W + "val") == "FactsTable"
            self.assertEqual(len(heads), 0 if facts else 1)
        body = list(trees["word/document.xml"].find(W + "body"))
        for one, next_one in zip(body, body[1:]):
            self.assertFalse(one.tag == next_one.tag == W + "tbl", "two tables that touch are one")
        self.assertEqual(body[-1].tag, W + "sectPr")
        self.assertEqual(body[-2].tag, W + "p")

    def test_every_row_of_a_long_table(self):
        _, trees = self.parts(sample("kk", "rows.docx"))
        document = trees["word/document.xml"]
        text = " ".join("".join(p.itertext()) for p in document.iter(W + "p"))
        rows = set(range(1, ROWS + 1)) - {11} - set(range(50, ROWS + 1, 50))
        self.assertEqual(numbers("row", text), sorted(rows))
        self.assertEqual(numbers("giant", text), list(range(1500)))
        size = next(document.iter(W + "pgSz"))
        self.assertEqual(size.get(W + "orient"), "landscape")
        self.assertGreater(int(size.get(W + "w")), int(size.get(W + "h")))

    def test_foot_and_properties(self):
        texts, trees = self.parts(sample("en", "all.docx"))
        foot = trees["word/footer1.xml"]
        self.assertEqual([f.get(W + "instr").strip() for f in foot.iter(W + "fldSimple")],
                         ["PAGE", "NUMPAGES"])
        self.assertIn("3f786850e387550fdab836ed7e6dc881de23001b", "".join(foot.itertext()))
        core = texts["docProps/core.xml"]
        for words in ("<dc:title>Consolidated report", "2014-02-10T03:00:00Z", "<dc:creator>Esep<"):
            self.assertIn(words, core)

    def test_hostile_texts_are_texts(self):
        _, trees = self.parts(sample("en", "all.docx"))
        texts = ["".join(p.itertext()) for p in trees["word/document.xml"].iter(W + "p")]
        for words in ("]]> <w:p> &amp; \"quoted\" & 'single'", '<&> "hostile"', "control .",
                      "emoji 😀", "turned desrever and \u200fשלום", "fifth end", "12,5 or so"):
            self.assertIn(words, texts)


class Pdf(unittest.TestCase):
    def pages(self, path):
        pages = run("pdftotext", "-layout", path, "-").split("\f")
        self.assertEqual(pages.pop(), "")
        return pages

    def test_texts_and_pages(self):
        labels = {"kk": "{}-бет, барлығы {}", "ru": "стр. {} из {}", "en": "page {} of {}"}
        for language, (title, _, _, body) in WORDS.items():
            for name in ("all.pdf", "rows.pdf"):
                pages = self.pages(sample(language, name))
                info = run("pdfinfo", sample(language, name))
                self.assertIn(f"Pages:           {len(pages)}\n", info)
                self.assertIn(title, info)
                self.assertIn("Author:          Esep", info)
                self.assertIn(title, squeezed(pages[0]))
                self.assertIn(body, squeezed(" ".join(pages)))
                for number, page in enumerate(pages, 1):
                    self.assertIn(labels[language].format(number, len(pages)), squeezed(page))
                    self.assertIn("3f786850e387550fdab836ed7e6dc881de23001b", page)
            text = squeezed(" ".join(self.pages(sample(language, "all.pdf"))))
            self.assertIn(squeezed(MONEY[language]), text)

    def test_fonts_are_embedded(self):
        for language in WORDS:
            for line in run("pdffonts", sample(language, "all.pdf")).splitlines()[2:]:
                self.assertRegex(line, r" yes yes yes +\d+ +\d+$")

    def test_no_row_is_lost_and_heads_repeat(self):
        pages = self.pages(sample("ru", "rows.pdf"))
        text = " ".join(pages)
        rows = set(range(1, ROWS + 1)) - {11} - set(range(50, ROWS + 1, 50))
        self.assertEqual(numbers("row", text), sorted(rows))
        self.assertEqual(numbers("giant", text), list(range(1500)))
        self.assertEqual(sorted(numbers("middling", text)), sorted(list(range(120)) * (ROWS // 50)))
        for page in pages[:-1]:
            self.assertEqual(page.count("Исполнитель"), 1)
        self.assertGreater(len(pages), 10)

    def boxes(self, path):
        """The words of each page, with their boxes."""
        tree = ET.fromstring(re.sub(r'<!DOCTYPE[^>]*>| xmlns="[^"]*"', "", run("pdftotext", "-bbox", path, "-")))
        for page in tree.iter("page"):
            words = [(float(w.get("xMin")), float(w.get("yMin")), float(w.get("xMax")), float(w.get("yMax")),
                      w.text) for w in page.iter("word")]
            yield float(page.get("width")), float(page.get("height")), words

    def test_nothing_overlaps_or_leaves_the_page(self):
        for name in ("kk/rows.pdf", "en/rows.pdf", "ru/all.pdf"):
            language, file = name.split("/")
            for width, height, words in self.boxes(sample(language, file)):
                foot = max(w[3] for w in words)
                self.assertLess(foot, height - 15)
                for x0, y0, x1, y1, text in words:
                    self.assertTrue(x0 >= 50 and x1 <= width - 36 and y0 >= 30, (name, text))
                words.sort(key=lambda w: w[1])
                for i, one in enumerate(words):
                    for other in words[i + 1:i + 60]:
                        across = min(one[2], other[2]) - max(one[0], other[0])
                        down = min(one[3], other[3]) - max(one[1], other[1])
                        self.assertFalse(across > 0.5 and down > 0.45 * (one[3] - one[1]), (name, one, other))

    def test_outline(self):
        raw = sample("en", "all.pdf").read_bytes()
        titles = re.findall(rb"<< /Title \(([^)]*)\)", raw)
        self.assertEqual(titles[:4], [b"Consolidated report on the action plan", b"1. Overview",
                                      b"1.1. Form of completion", b"Obstacles"])
        self.assertEqual(len(re.findall(rb"/Dest \[\d+ 0 R /XYZ", raw)), 5)


class Xlsx(unittest.TestCase):
    def book(self, language, name):
        return openpyxl.load_workbook(sample(language, name))

    def test_types(self):
        for language, (title, name, _, _) in WORDS.items():
            book = self.book(language, "all.xlsx")
            self.assertEqual(book.sheetnames[0], name)
            sheet = book[name]
            self.assertEqual(sheet.freeze_panes, "A2")
            self.assertEqual(sheet.auto_filter.ref, "A1:G7")
            self.assertEqual(sheet.print_title_rows, "$1:$1")
            number, _, money, percent, day, instant, decimal = sheet[2]
            self.assertEqual((number.value, number.data_type), ("1", "s"))
            self.assertEqual((money.value, money.data_type), (1244567.53, "n"))
            self.assertIn("₸", money.number_format)
            self.assertIn("#,##0.00", money.number_format)
            self.assertEqual((percent.value, percent.number_format), (0.01, "0%"))
            self.assertEqual(day.value, datetime.datetime(2013, 2, 1))
            self.assertEqual(instant.value.replace(microsecond=0), datetime.datetime(2013, 2, 1, 14, 0))
            self.assertEqual(decimal.value, 1037.1)
            self.assertTrue(all(cell.font.b for cell in sheet[1]))
            self.assertEqual(book.properties.title, title)
            self.assertEqual(book.properties.created, datetime.datetime(2014, 2, 10, 3, 0))
            self.assertIn("3f786850e387550fdab836ed", sheet.oddFooter.left.text)
            self.assertIn("&P", sheet.oddFooter.right.text)

    def test_no_formula_no_lost_digit(self):
        book = self.book("en", "all.xlsx")
        self.assertEqual(book.sheetnames[1:], ["A B   x   'q' - a name that is",
                                               "a b   x   'Q' - A NAME THAT (2)", "History (2)"])
        texts = [row[1] for row in book.worksheets[1].iter_rows(min_row=2)]
        self.assertEqual({cell.data_type for cell in texts}, {"s"})
        self.assertEqual([c.value for c in texts][:4], ['=HYPERLINK("http://x.invalid","x")', "+1+1", "-1", "@SUM(A1)"])
        # As ECMA-376 has it; openpyxl leaves the code in texts that stand in their cells.
        self.assertIn("_x005F_x0041_ stays", [c.value for c in texts])
        extremes = book.worksheets[2]
        self.assertEqual(extremes["A2"].value, "−92\u202f233\u202f720\u202f368\u202f547\u202f758.08\u00a0₸")
        self.assertEqual(extremes["B2"].value, "9\u202f223\u202f372\u202f036\u202f854\u202f775\u202f807")
        self.assertEqual(extremes["C3"].value, "12,5 or so")
        self.assertEqual(extremes["A4"].value, -0.05)
        self.assertEqual(extremes["B4"].value, "12\u00a0Nov\u00a01887")
        self.assertEqual(extremes["C4"].value, -0.5)

    def test_every_row_of_a_long_table(self):
        sheet = self.book("ru", "rows.xlsx").worksheets[0]
        self.assertEqual(sheet.max_row, ROWS + 1)
        self.assertEqual([sheet.cell(i + 1, 1).value for i in range(1, ROWS + 1)],
                         [str(i) for i in range(1, ROWS + 1)])
        self.assertEqual(numbers("giant", sheet["B12"].value), list(range(1500)))
        self.assertGreater(sheet.row_dimensions[12].height, 300)
        self.assertTrue(all(sheet.column_dimensions[c].width >= 8 for c in "ABCDEFG"))
        self.assertEqual(sheet.page_setup.orientation, "landscape")


class Noise(unittest.TestCase):
    """Random bytes in every text: each file is whole all the same."""

    def test_xml_is_xml(self):
        for ending in ("docx", "xlsx"):
            with zipfile.ZipFile(sample("ru", f"noise.{ending}")) as archive:
                self.assertIsNone(archive.testzip())
                for name in archive.namelist():
                    text = archive.read(name).decode("utf-8")
                    ET.fromstring(text)
                    self.assertIsNone(NOT_XML.search(text), name)

    def test_programs_read_them(self):
        book = openpyxl.load_workbook(sample("ru", "noise.xlsx"))
        self.assertEqual(len(book.sheetnames), 12)
        self.assertNotIn("f", {c.data_type for s in book for row in s.iter_rows() for c in row})
        text = run("pdftotext", sample("ru", "noise.pdf"), "-")
        self.assertGreater(text.count("word"), 50)
        self.assertEqual(run("pdfinfo", sample("ru", "noise.pdf")).count("Pages:"), 1)


class Same(unittest.TestCase):
    def test_the_same_document_gives_the_same_bytes(self):
        elsewhere = FOLDER / "elsewhere"
        elsewhere.mkdir()
        environment = dict(os.environ, TZ="Pacific/Kiritimati", LANG="de_DE.UTF-8", LC_ALL="C", LANGUAGE="ar")
        run(WRITE, elsewhere, "kk", ROWS, env=environment)
        for stem in ("all", "rows"):
            for ending in ("docx", "pdf", "xlsx"):
                first = sample("kk", f"{stem}.{ending}").read_bytes()
                self.assertEqual(first, sample("kk", f"{stem}-again.{ending}").read_bytes())
                self.assertEqual(first, (elsewhere / f"{stem}.{ending}").read_bytes(), ending)


class Office(unittest.TestCase):
    def convert(self, path, ending):
        out = FOLDER / "office"
        run("soffice", f"-env:UserInstallation=file://{FOLDER}/profile", "--headless", "--convert-to", ending,
            "--outdir", out, path)
        return out / f"{path.stem}.{ending}"

    def test_docx_becomes_pages(self):
        title, _, _, body = WORDS["kk"]
        text = squeezed(run("pdftotext", self.convert(sample("kk", "all.docx"), "pdf"), "-"))
        for words in (title, body, squeezed(MONEY["kk"]), "emoji 😀"):
            self.assertIn(words, text)
        pages = run("pdftotext", "-layout", self.convert(sample("ru", "rows.docx"), "pdf"), "-").split("\f")[:-1]
        rows = set(range(1, ROWS + 1)) - {11} - set(range(50, ROWS + 1, 50))
        self.assertEqual(numbers("row", " ".join(pages)), sorted(rows))
        self.assertEqual(numbers("giant", " ".join(pages)), list(range(1500)))
        for number, page in enumerate(pages, 1):
            self.assertIn(f"стр. {number} из {len(pages)}", squeezed(page))
        for page in pages[:-1]:
            self.assertEqual(page.count("Исполнитель"), 1)

    def test_xlsx_becomes_pages(self):
        pages = run("pdftotext", "-layout", self.convert(sample("en", "all.xlsx"), "pdf"), "-").split("\f")[:-1]
        for words in ("Executor", "Ministry of Internal Affairs", "1,244,567.53 ₸", "1%", "1 Feb 2013 14:00",
                      "1037.1", "page 1 of 4", "Data as of 10 Feb 2014"):
            self.assertIn(words, squeezed(pages[0]))
        # A row is as high as its text; what looks like a formula, or a code, is a text.
        for words in ("fifth end", '=HYPERLINK("http://x.invalid","x")', "_x0041_ stays"):
            self.assertIn(words, squeezed(pages[1]))
        self.assertNotIn("###", " ".join(pages))


def main():
    global WRITE, FOLDER
    WRITE = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    if "Office" in wanted and shutil.which("soffice") is None:
        print("skipped: LibreOffice is not here; scripts/packages test installs it")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        FOLDER = pathlib.Path(folder)
        unittest.main(argv=[sys.argv[0], *(wanted or ["Docx", "Pdf", "Xlsx", "Noise", "Same"])])


if __name__ == "__main__":
    main()
