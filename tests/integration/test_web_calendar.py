#!/usr/bin/python3
"""Deadlines for calendar programs, which cannot log in: an account's one address, drawn and taken back
by its owner, that opens the deadlines to whoever has it, for as long as the account may look. What is
wrong with an address is never said, and the address itself is in no log.
"""

import json
import re
import unittest

import icalendar

import esep
import page


class Calendar(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.field = esep.Field(collector=page.changes())
        cls.enterClassContext(cls.field)
        cls.field.begin()
        cls.field.load_plan(esep.small_plan(cls.field.path("small.yaml"), actions={
            1: ("1st half of 2013", ["mia"]), 2: ("2nd half of 2013", ["moj"])}))
        for name in ("vera", "aigul", "leaver", "eager", "mover", "guest"):
            page.add_account(cls.field, name, "viewer")
        cls.daemon, cls.port = page.start(cls.field)
        cls.stranger = page.Browser(cls.port)

    def draw(self, browser):
        answer = browser.ask("POST", "/api/v1/calendar", {})
        self.assertEqual(answer.status, 201, answer.text)
        said = json.loads(answer.text)
        self.assertRegex(said["path"], r"^/calendar/[0-9a-f]{48}\.ics$")
        return said["path"]

    def feed(self, path, status=200, **heads):
        answer = self.stranger.ask("GET", path, **heads)
        self.assertEqual(answer.status, status, (path, answer.text[:300]))
        self.assertNotIn("Set-Cookie", answer.headers)
        return answer

    def state(self, browser):
        return json.loads(browser.ask("GET", "/api/v1/calendar").text)["address"]

    def test_an_address_opens_the_deadlines_until_it_is_taken_back(self):
        vera = page.login(self.port, "vera")
        self.assertIsNone(self.state(vera))
        self.assertEqual(vera.ask("DELETE", "/api/v1/calendar").status, 404)
        for body in (None, b"?", [], {"name": "aigul"}):
            self.assertEqual(vera.ask("POST", "/api/v1/calendar", body).status, 400, body)
        path = self.draw(vera)
        answer = self.feed(path)
        self.assertEqual(answer.headers["Content-Type"], "text/calendar; charset=utf-8")
        self.assertEqual(answer.headers["Cache-Control"], "private, no-cache")
        events = icalendar.Calendar.from_ical(answer.text).walk("VEVENT")
        self.assertTrue(events)
        mine = icalendar.Calendar.from_ical(self.feed(path + "?body=moj&lang=kk").text).walk("VEVENT")
        self.assertTrue(0 < len(mine) < len(events))
        self.feed(path + "?lang=xx", 400)
        self.feed(path + "?body=mars", 404)
        self.assertEqual(self.state(vera)["log_index"], self.log()[-1]["log_index"])
        second = self.draw(vera)  # one address at a time
        self.feed(path, 404)
        self.feed(second)
        self.assertEqual(vera.ask("DELETE", "/api/v1/calendar").status, 204)
        self.feed(second, 404)
        self.assertIsNone(self.state(vera))
        told = [(entry["who"], entry["what"]) for entry in self.log() if entry["what"].startswith("vera: ") and
                "calendar" in entry["what"]]
        self.assertEqual(told, [("vera", "vera: a calendar's address")] * 2 +
                         [("vera", "vera: no calendar's address any more")])
        where = [self.daemon.text(), self.field.collector.text(from_start=True),
                 self.field.command("log", "list", "--count", "1000", "--json").out]
        for address in (path, second):
            secret = re.search("[0-9a-f]{48}", address)[0]
            for text in where:
                self.assertNotIn(secret, text)
        self.field.check_log()

    def log(self):
        return self.field.listing("log", "list", "--type", "credential", "--count", "1000")["entries"]

    def test_the_same_is_not_sent_again(self):
        path = self.draw(page.login(self.port, "aigul"))

        def twice():  # within one minute, since the ETag is of one
            etag = self.feed(path).headers["ETag"]
            answer = self.stranger.ask("GET", path, If_None_Match=etag)
            return answer if answer.status == 304 else None
        answer = twice() or twice()
        self.assertEqual((answer.status, answer.text), (304, ""))

    def test_an_account_that_is_closed_has_no_calendar(self):
        path = self.draw(page.login(self.port, "leaver"))
        self.feed(path)
        self.field.command("account", "close", "leaver")
        size = self.field.listing("status")["log"]["size"]
        viewer = page.login(self.port, "guest")
        esep.wait(lambda: json.loads(viewer.ask("GET", "/api/v1/summary").text)["log_size"] >= size,
                  "the page to have followed")
        self.feed(path, 404)

    def test_it_outlives_the_page_and_a_new_role(self):
        path = self.draw(page.login(self.port, "mover"))
        self.field.command("account", "role", "mover", "--role", "reviewer")
        self.daemon.stop()
        type(self).daemon, type(self).port = page.start(self.field)
        type(self).stranger = page.Browser(self.port)
        self.feed(path)

    def test_nobody_draws_one_for_another(self):
        size = self.field.listing("status")["log"]["size"]
        for method, body in (("POST", {}), ("DELETE", None), ("GET", None)):
            self.assertEqual(self.stranger.ask(method, "/api/v1/calendar", body).status, 401)
        browser = page.login(self.port, "guest")
        for heads in ({"Origin": "https://evil.example"}, {"X_CSRF_Token": None}):
            self.assertEqual(browser.ask("POST", "/api/v1/calendar", {}, **heads).status, 403)
        self.assertEqual(self.field.listing("status")["log"]["size"], size)

    def test_who_asks_without_a_pause_waits_and_nobody_else_does(self):
        eager, other = self.draw(page.login(self.port, "eager")), self.draw(page.login(self.port, "guest"))
        answers = [self.stranger.ask("GET", eager) for _ in range(40)]
        self.assertEqual({answer.status for answer in answers[:10]}, {200})
        late = next(answer for answer in answers if answer.status == 429)
        self.assertTrue(1 <= int(late.headers["Retry-After"]) <= 11)
        self.assertEqual(late.headers["Content-Type"], "application/problem+json")
        self.feed(other)

    def test_who_guesses_waits_where_he_guesses_from(self):
        path = self.draw(page.login(self.port, "guest"))
        here = {"X_Forwarded_For": "203.0.113.7"}
        wrong = path.replace(path[10:14], "0000" if path[10:14] != "0000" else "1111", 1)
        for address in (wrong, path[:-4], path[:-1], path + "/", path.upper(), "/calendar/", "/calendar/x.ics",
                        path.replace(".ics", ".ics.ics")):
            answer = self.stranger.ask("GET", address, X_Forwarded_For="203.0.113.8")
            self.assertIn(answer.status, (404, 429), address)
        self.assertEqual(self.stranger.ask("GET", wrong, **here).status, 404)

        def waits():  # each guess doubles it; nor is a good address told from a bad one meanwhile
            return all(self.stranger.ask("GET", address, **here).status == 429 for address in (wrong, path))
        esep.wait(waits, "who guesses to wait", every=0)
        self.feed(path)  # from elsewhere it is as before
        browser = page.Browser(self.port)  # and logins are counted apart
        self.assertEqual(browser.ask("POST", "/api/v1/session", {"name": "vera", "password": page.PASSWORD},
                                     **here).status, 201)


if __name__ == "__main__":
    unittest.main()
