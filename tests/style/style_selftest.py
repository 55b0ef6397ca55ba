#!/usr/bin/env python3
"""style_selftest: does each rule find what it forbids, and nothing else?

Plants one violation of every rule of style_test.py and of scripts/check-pure. For check-pure small
libraries are compiled ($CC) with what a core must not do: read the clock, draw randomness, print,
open a file, call into a shell's library.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import style_test  # noqa: E402

GOOD_C = "/* what it is\n */\nint f(int a)\n{\n    return a;\n}\n"
GOOD_H = "/* x/good.h - what it is.\n *\n * What it decides.\n */\n#ifndef X_GOOD_H\n#define X_GOOD_H\n\n#endif\n"


def finds(name, text):
    return list(style_test.check_text(pathlib.PurePath(name), text))


class Files(unittest.TestCase):
    def one(self, name, text, words):
        found = finds(name, text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_good_files(self):
        self.assertEqual(finds("x/good.c", GOOD_C), [])
        self.assertEqual(finds("x/good.h", GOOD_H), [])

    def test_length(self):
        self.one("x/long.c", GOOD_C + "\n" * 600, "600 at most")
        self.one("x/long.py", "\n" * 601, "600 at most")
        self.assertEqual(finds("x/long.yaml", "a: 1\n" * 5000), [])

    def test_function_length(self):
        body = "    g();\n" * 71
        self.one("x/f.c", f"/* f */\nvoid f(void)\n{{\n{body}}}\n", "71 lines")
        self.assertEqual(finds("x/f.c", f"/* f */\nvoid f(void)\n{{\n{body[9:]}}}\n"), [])

    def test_essay(self):
        self.one("x/f.c", "#include <stddef.h>\n", "no comment at the head")
        guard = GOOD_H[GOOD_H.index("#ifndef"):]
        self.one("x/good.h", "/* x/good.h - short */\n" + guard, "essay")
        self.one("x/good.h", "/* good.h - what it is.\n *\n * More.\n */\n" + guard, "opens with its name")
        short = "/* tests/good.h - short */\n" + guard
        self.assertEqual(finds("tests/good.h", short), [])

    def test_guard(self):
        self.one("x/good.h", GOOD_H.replace("#ifndef X_GOOD_H\n", ""), "X_GOOD_H"[2:])
        self.one("x/good.h", GOOD_H.replace("#define X_GOOD_H", "#define X_GOD_H"), "guard")
        self.one("x/other.h", GOOD_H.replace("x/good.h", "x/other.h"), "OTHER_H")

    def test_every_banned_function(self):
        for name, instead in style_test.BANNED.items():
            self.one("x/f.c", f"/* f */\nint x = {name}(a, b);\n", instead)

    def test_banned_names_that_are_no_calls(self):
        for text in ("/* strcpy(a, b) */", '"system(1)"', "// rand()", "log->system(1);",
                     "esep_gets(1);", "struct system system;", "snprintf(a);", "strtok_r(a);"):
            self.assertEqual(finds("x/f.c", f"/* f */\n{text}\n"), [], text)

    def test_line_numbers(self):
        found = finds("x/f.c", '/* f\n */\nchar *s = "a\\"";\nint i = atoi(s);\n')
        self.assertTrue(found[0].startswith("x/f.c:4:"), found)

    def test_markers(self):
        self.one("x/a.md", "later: " + "TO" + "DO\n", "do it now")
        self.one("x/f.c", "/* FIX" + "ME */\n", "do it now")

    def test_machine_paths(self):
        for path in ("/wo" + "rk/main", "/ho" + "me/me", "/ro" + "ot/.ssh"):
            self.one("x/a.md", f"see {path}\n", "one machine")
        self.assertEqual(finds("x/a.md", "lib/work/x and $HOME/home/x and /var/lib/esep\n"), [])

    def test_what_a_tool_left_lying_is_a_find(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "a.md").write_text("a page\n", encoding="utf-8")
            self.assertEqual(list(style_test.check_files(root)), [])
            (root / "clock.c##0f.gcov").write_text("Source: somewhere\n", encoding="utf-8")
            found = list(style_test.check_files(root))
            self.assertEqual(len(found), 1)
            self.assertIn("delete it", found[0])

    def test_an_empty_tree_is_a_find(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(len(list(style_test.check_files(pathlib.Path(folder)))), 1)


class Pure(unittest.TestCase):
    def build(self, folder, name, code):
        source = pathlib.Path(folder, name + ".c")
        source.write_text(code, encoding="utf-8")
        subprocess.run([os.environ.get("CC", "cc"), "-O1", "-c", "-w", str(source), "-o",
                        str(source.with_suffix(".o"))], check=True)
        archive = pathlib.Path(folder, f"lib{name}.a")
        subprocess.run(["ar", "qc", str(archive), str(source.with_suffix(".o"))], check=True)
        return str(archive), str(source)

    def check(self, code, name="planted"):
        with tempfile.TemporaryDirectory() as folder:
            archive, source = self.build(folder, name, code)
            ran = subprocess.run([str(ROOT / "scripts/check-pure"), "--archive", archive,
                                  "--sources", source], capture_output=True, text=True, check=False)
            return ran.returncode, ran.stderr

    def test_a_pure_library_passes(self):
        code = "#include <string.h>\n#include <stdlib.h>\nvoid *f(const char *a)" \
               "{ return memcpy(malloc(strlen(a)), a, strlen(a)); }\n"
        self.assertEqual(self.check(code), (0, ""))

    def test_planted_calls(self):
        for symbol in ("time", "clock_gettime", "gettimeofday", "open", "read", "write", "printf",
                       "puts", "fopen", "getenv", "getrandom", "rand", "random", "socket", "pthread_create",
                       "zmq_send", "mdb_put", "event_add", "syslog", "fprintf", "abort",
                       "randombytes_buf", "esep_log_event", "esep_store_put", "esep_clock_now"):
            code = f"extern int {symbol}();\nint f(void) {{ return {symbol}(1); }}\n"
            status, said = self.check(code)
            self.assertEqual(status, 1, symbol)
            self.assertIn(f": {symbol}: ", said)

    def test_only_the_assertion_may_speak(self):
        code = "#include <stdio.h>\n#include <stdlib.h>\n" \
               "void f(int i) { fprintf(stderr, \"%d\", i); abort(); }\n"
        self.assertEqual(self.check(code, "status"), (0, ""))
        self.assertEqual(self.check(code)[0], 1)

    def test_planted_includes(self):
        for header in ("<time.h>", "<sys/stat.h>", "<unistd.h>", "<zmq.h>", "<lmdb.h>", "<pthread.h>",
                       "<event2/event.h>", '"io/log.h"', "<errno.h>", "<signal.h>"):
            with tempfile.TemporaryDirectory() as folder:
                source = pathlib.Path(folder, "f.h")
                source.write_text(f"/* f */\n#  include {header}\n", encoding="utf-8")
                ran = subprocess.run([str(ROOT / "scripts/check-pure"), "--sources", str(source)],
                                     capture_output=True, text=True, check=False)
                self.assertEqual(ran.returncode, 1, header)
                self.assertIn("f.h:2: includes", ran.stderr)

    def test_a_header_behind_a_header_is_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            (root / "lib/base").mkdir(parents=True)
            (root / "a.c").write_text('#include "base/b.h"\n', encoding="utf-8")
            (root / "lib/base/b.h").write_text('#include "c.h"\n', encoding="utf-8")
            (root / "lib/base/c.h").write_text("#include <time.h>\n", encoding="utf-8")
            names = [p.name for p in style_test.included(root, [str(root / "a.c")])]
            self.assertEqual(sorted(names), ["a.c", "b.h", "c.h"])

    def test_the_pure_libraries_are_closed(self):
        with tempfile.TemporaryDirectory() as folder:
            a, _ = self.build(folder, "a", "int esep_b(void);\nint esep_a(void) { return esep_b(); }\n")
            b, _ = self.build(folder, "b", "int esep_b(void) { return 1; }\n")
            self.assertEqual(list(style_test.check_closed([a, b], [])), [])
            found = list(style_test.check_closed([a], []))
            self.assertEqual(len(found), 1)
            self.assertIn("esep_b", found[0])

    def test_what_is_not_built_is_a_find(self):
        self.assertEqual(len(list(style_test.check_pure(ROOT, ["no.a"], [], []))), 1)
        self.assertEqual(len(list(style_test.check_pure(ROOT, [], [], []))), 1)


if __name__ == "__main__":
    unittest.main()
