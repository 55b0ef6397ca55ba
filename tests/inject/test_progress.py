#!/usr/bin/python3
"""A sweep that was broken off: what is read back of it, and what is not."""

import os
import tempfile
import unittest

import progress
import tracing

CASE = "pwrite64 3 store/data.mdb EIO"


class Resumed(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "tried")
        first = progress.Progress(self.path, "programs-1")
        first.note("collector run", CASE, "hit")
        first.note("agent run", CASE, "found a wreck:\n\texit 1")

    def test_outcomes_come_back(self):
        again = progress.Progress(self.path, "programs-1")
        self.assertEqual(again.outcome("collector run", CASE), "hit")
        self.assertEqual(again.outcome("agent run", CASE), "found a wreck: exit 1")
        self.assertIsNone(again.outcome("broker run", CASE))

    def test_what_is_noted_after_a_torn_line_is_whole(self):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("broker run\topenat 1 broker.y")
        again = progress.Progress(self.path, "programs-1")
        again.note("broker run", CASE, "missed")
        third = progress.Progress(self.path, "programs-1")
        self.assertEqual(third.outcome("broker run", CASE), "missed")
        self.assertEqual(len(third.done), 3)

    def test_other_programs_begin_anew(self):
        self.assertEqual(progress.Progress(self.path, "programs-2").done, {})
        self.assertEqual(progress.Progress(self.path, "programs-1").done, {})

    def test_told_to_begin_anew(self):
        self.assertEqual(progress.Progress(self.path, "programs-1", anew=True).done, {})

    def test_nothing_is_kept_without_a_file(self):
        kept = progress.Progress(None, "programs-1")
        kept.note("broker run", CASE, "hit")
        self.assertIsNone(kept.outcome("broker run", CASE))

    def test_a_case_is_the_same_in_another_folder(self):
        places = [tracing.Place("write", 2, f"/tmp/{field}/fresh-{number}/broker.keys", False)
                  for field, number in (("a", 1), ("b", 7))]
        self.assertEqual(progress.case_of(places[0], "EIO", "/tmp/a"),
                         progress.case_of(places[1], "EIO", "/tmp/b"))


if __name__ == "__main__":
    unittest.main()
