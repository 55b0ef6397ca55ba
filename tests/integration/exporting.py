"""Exports asked for over HTTP, as several tests have them made: what they share. A process is held
(SIGSTOP) where a test needs it running.
"""

import contextlib
import json
import os
import signal

import esep

PLAN = "kz-1347-2012"
PATIENCE = 4 * esep.PATIENCE  # a document takes seconds, with sanitizers on a busy machine many


class Exporting:
    """Beside unittest.TestCase, of which self.daemon is the page's process."""

    def order(self, browser, form="json", status=202, **more):
        answer = browser.ask("POST", "/api/v1/exports",
                             {"format": form, "language": "kk", "year": 2013, "plan": PLAN, **more})
        self.assertEqual(answer.status, status, answer.text)
        said = json.loads(answer.text)
        if status == 202:
            self.assertEqual(answer.headers["Location"], f"/api/v1/exports/{said['id']}")
            self.assertIn(said["state"], ("running", "queued"))
        return said

    def look(self, browser, number):
        answer = browser.ask("GET", f"/api/v1/exports/{number}")
        self.assertEqual(answer.status, 200, answer.text)
        return json.loads(answer.text)

    def ended(self, browser, number):
        seen = []

        def look():
            said = self.look(browser, number)
            seen.append(said["done"])
            return said if said["state"] in ("done", "failed") else None
        said = esep.wait(look, "the export to end", PATIENCE)
        self.assertEqual(seen, sorted(seen), "progress never goes back")
        return said

    def fetch(self, browser, number):
        """The bytes; Browser reads texts."""
        line = browser.send("GET", f"/api/v1/exports/{number}/file")
        answer = line.getresponse()
        data = answer.read()
        line.close()
        self.assertEqual(answer.status, 200, data[:500])
        return answer.headers, data

    def children(self):
        with open(f"/proc/{self.daemon.process.pid}/task/{self.daemon.process.pid}/children",
                  encoding="ascii") as file:
            return {int(word) for word in file.read().split()}

    @staticmethod
    def is_exporting(child):
        """Whether it has become the command; None: it has ended."""
        try:
            with open(f"/proc/{child}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return None
        return b"export" in words if words != [b""] else None

    def held(self, browser, form="pdf"):
        """An export whose process stands still: its id, and the process. One that was quicker than
        we are is asked for again."""
        for _ in range(20):
            before = self.children()
            number = self.order(browser, form)["id"]
            esep.wait(lambda n=number: self.look(browser, n)["state"] != "queued", "its turn", PATIENCE)
            for child in self.children() - before:
                while self.is_exporting(child) is False:
                    pass
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGSTOP)
                if self.look(browser, number)["state"] == "running":
                    self.addCleanup(self.go_on, child)
                    return number, child
            browser.ask("DELETE", f"/api/v1/exports/{number}")
        self.fail("every export was done before it could be held")

    @staticmethod
    def go_on(child):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGCONT)

    @staticmethod
    def is_gone(child):
        """Or a zombie that nobody has taken yet."""
        try:
            with open(f"/proc/{child}/status", encoding="ascii") as file:
                return "\nState:\tZ" in file.read()
        except FileNotFoundError:
            return True
