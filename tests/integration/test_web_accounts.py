#!/usr/bin/python3
"""Accounts through the page: an administrator makes, changes and closes them, names substitutes and
draws invitations. What is ordered is refused by ingest where it is not the account's to order; what
a second factor protects is protected of who came to the right after the login, too.
"""

import base64
import concurrent.futures
import datetime
import json
import unittest
import urllib.parse

import esep
import page


class Accounts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.field = esep.Field(collector=page.changes())
        cls.enterClassContext(cls.field)
        cls.field.begin()
        cls.field.load_plan(esep.small_plan(cls.field.path("small.yaml")))
        secret = page.add_account(cls.field, "adil", "administrator")
        for name, role in (("vera", "viewer"), ("aigul", "reviewer"), ("sabira", "secretary")):
            page.add_account(cls.field, name, role)
        cls.daemon, cls.port = page.start(cls.field)
        cls.adil = page.login(cls.port, "adil", secret)
        cls.keys = 0

    def post(self, path, body, status, browser=None, key=None):
        type(self).keys += 1
        answer = (browser or self.adil).ask("POST", f"/api/v1/accounts{path}", body,
                                            Idempotency_Key=key or str(self.keys))
        self.assertEqual(answer.status, status, (path, body, answer.text))
        return json.loads(answer.text)

    def accounts(self, browser=None):
        answer = (browser or self.adil).ask("GET", "/api/v1/accounts")
        self.assertEqual(answer.status, 200, answer.text)
        return {item["name"]: item for item in json.loads(answer.text)["accounts"]}

    def size(self):
        return self.field.listing("status")["log"]["size"]

    def log(self, kind):
        return self.field.listing("log", "list", "--type", kind, "--count", "1000")["entries"]

    def days(self, first=0, last=30):
        """From and until of days around today; by the plan's zone it may be tomorrow."""
        today = datetime.datetime.now(datetime.timezone.utc).date()
        return {"from": str(today + datetime.timedelta(first - 1)),
                "until": str(today + datetime.timedelta(last))}

    def test_an_account_s_life(self):
        made = self.post("", {"name": "new", "role": "reviewer", "display": "Новый", "body": "mia"}, 200)
        new = self.accounts()["new"]  # at once: who has decided sees it
        self.assertEqual(new, {
            "name": "new", "display": "Новый", "role": "reviewer", "state": "active", "body": "mia",
            "substitute_for": None, "from": None, "until": None, "log_index": made["log_index"],
            "password": False, "second_factor": False, "invited_until": None,
            "let_in_by": {"invitation": None, "password": None, "second_factor": None, "calendar": None}})
        self.post("/new/role", {"role": "secretary", "no_body": True}, 200)
        self.post("/new/substitute", {"for": "aigul", **self.days()}, 200)
        new = self.accounts()["new"]
        self.assertEqual((new["role"], new["body"], new["substitute_for"]), ("secretary", None, "aigul"))
        self.assertEqual({key: new[key] for key in ("from", "until")}, self.days())
        self.post("/new/substitute", {"nobody": True}, 200)
        self.post("/new/close", {}, 200)
        new = self.accounts()["new"]
        self.assertEqual((new["state"], new["substitute_for"]), ("closed", None))
        self.assertIn("stays so", self.post("/new/role", {"role": "viewer"}, 422)["detail"])
        self.assertIn("given once", self.post("", {"name": "new", "role": "viewer"}, 422)["detail"])
        self.field.check_log()

    def test_the_same_key_is_the_same_order(self):
        first = self.post("", {"name": "once", "role": "viewer"}, 200, key="once")
        size = self.size()
        self.assertEqual(self.post("", {"name": "once", "role": "viewer"}, 200, key="once"), first)
        self.assertEqual(self.size(), size)
        answer = self.adil.ask("POST", "/api/v1/accounts", {"name": "twice", "role": "viewer"})
        self.assertEqual((answer.status, "Idempotency-Key" in answer.text), (400, True))

    def test_what_is_no_order_says_what_is(self):
        size = self.size()
        for path, body, said in (
                ("", {"name": "x"}, "an account is"), ("", {"name": "x", "role": "root"}, "role is"),
                ("", {"name": "x", "role": "viewer", "more": 1}, "an account is"), ("", b"[]", "an account"),
                ("/vera/role", {}, "a role is"), ("/vera/role", {"role": 1}, "a role is"),
                ("/vera/close", {"really": True}, "closing"), ("/vera/close", b"", "closing"),
                ("/vera/substitute", {}, "a substitute is"),
                ("/vera/substitute", {"for": "aigul", "nobody": True}, "a substitute is"),
                ("/vera/substitute", {"nobody": True, "until": "2030-01-01"}, "a substitute is")):
            self.assertIn(said, self.post(path, body, 400)["detail"], (path, body))
        for path, body, said in (
                ("", {"name": "X", "role": "viewer"}, "a-z 0-9"),
                ("", {"name": "x", "role": "viewer", "body": "mars"}, "no plan has a body"),
                ("/nobody/close", {}, "no account"),
                ("/vera/substitute", {"for": "vera", **self.days()}, "himself"),
                ("/vera/substitute", {"for": "aigul", "from": "x", "until": "y"}, "from"),
                ("/vera/substitute", {"for": "aigul", **self.days(2, 0)}, "before the first"),
                ("/vera/substitute", {"for": "aigul", **self.days(-9, -5)}, "has passed")):
            self.assertIn(said, self.post(path, body, 422)["detail"], (path, body))
        for path in ("/vera", "/vera/", "/vera/password", "//close", "/vera/close/x", "/" + "x" * 80 + "/close"):
            self.post(path, {}, 404)
        self.assertEqual(self.size(), size)

    def test_nobody_changes_the_own_account(self):
        size = self.size()
        for path, body in (("/adil/role", {"role": "secretary"}), ("/adil/close", {}),
                           ("/adil/substitute", {"for": "sabira", **self.days()}), ("/adil/invitation", {})):
            self.assertIn("own account", self.post(path, body, 403)["detail"])
        self.assertEqual(self.size(), size)

    def test_an_invitation_is_shown_once_and_opens_once(self):
        self.post("", {"name": "guest", "role": "viewer"}, 200)
        first = self.post("/guest/invitation", {}, 201)
        second = self.post("/guest/invitation", {}, 201)
        self.assertNotEqual(first["invitation"], second["invitation"])
        guest = self.accounts()["guest"]
        self.assertEqual((guest["password"], guest["invited_until"]), (False, second["good_until"]))
        browser = page.Browser(self.port)
        self.assertEqual(browser.login("guest", invitation=first["invitation"]).status, 401)
        self.assertEqual(browser.login("guest", invitation=second["invitation"]).status, 201)
        self.assertEqual(page.Browser(self.port).login("guest", invitation=second["invitation"]).status, 401)
        guest = self.accounts()["guest"]
        self.assertEqual((guest["password"], guest["invited_until"]), (True, None))
        told = [entry for entry in self.log("credential") if entry["what"].startswith("guest: ")]
        self.assertEqual([(entry["log_index"], entry["who"]) for entry in told[:2]],
                         [(first["log_index"], "adil"), (second["log_index"], "adil")])
        self.assertEqual([entry["what"] for entry in told], [
            f"guest: invited until {first['good_until']}", f"guest: invited until {second['good_until']}",
            "guest: a password"])
        self.assertEqual(told[2]["who"], "guest")
        by = guest["let_in_by"]
        self.assertEqual((by["invitation"]["who"], by["invitation"]["log_index"], by["invitation"]["until"],
                          by["invitation"]["stands"]), ("adil", second["log_index"], second["good_until"], False))
        self.assertEqual((by["password"]["who"], by["password"]["stands"], by["second_factor"]), ("guest", True, None))
        self.assertEqual(self.field.listing("account", "list")["accounts"][-1].keys(),
                         {key for key in guest if key not in ("password", "second_factor", "invited_until")})
        for code in (first["invitation"], second["invitation"]):
            for where in [self.daemon.text()] + [self.field.command("log", "list", "--count", "1000", *how).out
                                                 for how in ((), ("--json",))]:
                self.assertNotIn(code, where)
        self.post("/guest/close", {}, 200)
        for name in ("guest", "nobody"):
            self.post(f"/{name}/invitation", {}, 404)
        self.assertEqual(browser.ask("GET", "/api/v1/session").status, 401)

    def test_while_ingest_is_away_nobody_is_let_in_anew(self):
        """What the log cannot tell is not done: no invitation, no password, no second factor."""
        self.post("", {"name": "late", "role": "viewer"}, 200)
        open_one = self.post("/late/invitation", {}, 201)
        before, size = self.accounts()["late"], self.size()
        self.field.collector.stop()
        try:
            with concurrent.futures.ThreadPoolExecutor() as pool:  # each waits as long as an order may take
                browser = page.Browser(self.port)
                entered = pool.submit(browser.login, "late", invitation=open_one["invitation"])
                told = [pool.submit(self.field.command, "password", "late", *how, stdin=page.PASSWORD + "\n", code=75)
                        for how in ((), ("--invite",), ("--second-factor",))]
            self.assertEqual((entered.result().status, browser.cookie), (503, None))
            self.assertEqual([answer.result().out for answer in told], [""] * 3)
            self.assertEqual((self.accounts()["late"], self.size()), (before, size))
        finally:
            self.field.collector.start()
        self.assertEqual(page.Browser(self.port).login("late", invitation=open_one["invitation"]).status, 201)

    def second_factor(self, name):
        uri = self.field.command("password", name, "--second-factor").out.strip()
        return base64.b32decode(urllib.parse.parse_qs(urllib.parse.urlparse(uri).query)["secret"][0])

    def test_a_right_that_came_after_the_login_takes_the_second_factor(self):
        for name in ("riser", "deputy"):
            self.post("", {"name": name, "role": "viewer"}, 200)
            self.field.command("password", name, stdin=page.PASSWORD + "\n")
        riser, deputy = page.login(self.port, "riser"), page.login(self.port, "deputy")
        for browser in (riser, deputy):
            self.assertEqual(browser.ask("GET", "/api/v1/accounts").status, 403)
        self.post("/riser/role", {"role": "administrator"}, 200)
        self.post("/deputy/substitute", {"for": "adil", **self.days()}, 200)
        size = self.size()
        for browser in (riser, deputy):
            answer = browser.ask("GET", "/api/v1/accounts")
            self.assertEqual((answer.status, "second factor" in answer.text), (403, True))
            self.assertIn("second factor", self.post("/vera/close", {}, 403, browser)["detail"])
            self.assertIn("second factor", self.post("/vera/invitation", {}, 403, browser)["detail"])
        self.assertEqual(self.size(), size)
        browser = page.login(self.port, "deputy", self.second_factor("deputy"))
        self.assertIn("deputy", self.accounts(browser))
        for path in ("/adil/close", "/deputy/close", "/adil/invitation", "/deputy/invitation"):
            self.assertIn("own account", self.post(path, {}, 403, browser)["detail"])
        self.post("", {"name": "by-deputy", "role": "viewer"}, 200, browser)
        self.post("/deputy/substitute", {"nobody": True}, 200)
        self.assertEqual(browser.ask("GET", "/api/v1/accounts").status, 403)

    def test_a_substitute_decides_for_both_but_not_of_the_own_body(self):
        office, report = page.report_of_mia(self.field)
        office.daemon.stop()  # nothing but the page adds to the log
        index = report["log_index"]
        for name, body in (("mine", "mia"), ("theirs", "moj")):
            self.post("", {"name": name, "role": "viewer", "body": body}, 200)
            self.field.command("password", name, stdin=page.PASSWORD + "\n")
            self.post(f"/{name}/substitute", {"for": "aigul", **self.days()}, 200)
        mine, theirs = page.login(self.port, "mine"), page.login(self.port, "theirs")
        review = {"report_index": index, "accept": True}

        def decide(browser, key):
            return browser.ask("POST", "/api/v1/reviews", review, Idempotency_Key=key)
        size = self.size()
        answer = decide(mine, "mine")
        self.assertEqual((answer.status, "own body" in answer.text), (403, True))
        self.post("/theirs/substitute", {"for": "aigul", **self.days(3)}, 200)  # tomorrow, at the earliest
        self.assertEqual(decide(theirs, "early").status, 403)
        self.post("/theirs/substitute", {"for": "aigul", **self.days()}, 200)
        self.assertEqual(self.size(), size + 2)
        self.assertEqual(decide(theirs, "now").status, 200)

        office.daemon.start()

        def told():
            mail = office.command("mail", "--json").json()["mail"]
            return [item["item"]["actor"] for item in mail if item["type"] == "review"]
        self.assertEqual(esep.wait(told, "the decision at the office"), ["theirs for aigul"])
        office.daemon.stop()
        self.field.check_log()


if __name__ == "__main__":
    unittest.main()
