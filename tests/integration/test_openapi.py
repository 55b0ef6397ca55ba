#!/usr/bin/python3
"""docs/openapi.json against the running server: each answer has a status, a media type and a form
that the document names, over a field in which everything that has a form has happened. Objects are
closed in the document, so that what is added to an answer has to be added there.
"""

import itertools
import json
import os
import unittest
import urllib.parse

import jsonschema

import esep
import page

REPORT = ("--narrative", "Begun.", "--obstacles", "None.",
          "--indicator", "seminars=3,events,10,", "--money", "republican:001:1000:900:800",
          "--preparer", "A. B., clerk", "--signatory", "C. D., head", "--outgoing", "12-3", "--wait")


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(esep.SOURCE, "docs", "openapi.json"), encoding="utf-8") as file:
            cls.document = json.load(file)
        cls.resolver = jsonschema.RefResolver.from_schema(cls.document)
        cls.field = esep.Field(collector=page.changes())
        cls.field.__enter__()
        cls.addClassCleanup(cls.field.__exit__, None, None, None)
        cls.field.begin()
        cls.field.load_plan(esep.small_plan(cls.field.path("small.yaml"), actions={
            1: ("1st half of 2013", ["mia"]), 2: ("2013", ["mia", "moj"]), 3: ("2014", ["moj"])}))
        cls.field.load_plan(esep.PLAN)
        cls.secrets = {role: page.add_account(cls.field, role, role)
                       for role in ("viewer", "reviewer", "secretary", "administrator")}
        cls.daemon, cls.port = page.start(cls.field)
        cls.administrator = page.login(cls.port, "administrator", cls.secrets["administrator"])
        cls.seen = set()
        cls.play()

    @classmethod
    def play(cls):
        """Offices and the secretariat, until every list has something in it."""
        office = cls.office = cls.field.enrol("mia", start=True)
        esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plan")
        one, two = ("--plan", "small", "--action", "1"), ("--plan", "small", "--action", "2")
        office.report(*one, *REPORT, "--fulfilment", "in_progress", "--percent", "40")
        first = cls.field.reports()[0]
        cls.key = first["obligation"]
        cls.field.command("review", str(first["log_index"]), "--return", "incomplete", "--comment", "figures",
                   "--again-by", "2030-01-31")
        esep.wait(lambda: "incomplete" in office.command("mail").out, "the return")
        office.report(*one, "--ask-extension", "2031-01-31", "--reason", "floods", "--wait")
        office.report(*one, *REPORT, "--fulfilment", "executed", "--percent", "100")
        office.report(*two, "--nil", "--nil-reason", "nothing yet", "--fulfilment", "not_started",
                      "--narrative", "-", "--wait")
        office.report(*two, "--withdraw", "by mistake", "--wait")
        cls.field.command("extend", cls.key, "--until", "2031-06-30", "--document", "No. 5", "--reason", "floods")
        cls.field.command("extend", cls.key, "--refuse", "--document", "No. 6", "--reason", "twice")
        cls.field.command("control", cls.key, "--remove", "--reason", "done")
        cls.field.command("control", cls.key, "--restore", "--reason", "not yet")
        cls.field.enrol("moj")
        number = max(o["office"] for o in cls.field.listing("status")["offices"])
        cls.field.keys("revoke", str(number), "--reason", "lost")
        size = cls.field.listing("status")["log"]["size"]
        viewer = page.login(cls.port, "viewer")
        esep.wait(lambda: json.loads(viewer.ask("GET", "/api/v1/summary").text)["log_size"] >= size,
                  "the page to have followed")

    def operation(self, method, pattern):
        return self.document["paths"][pattern][method.lower()]

    def whole(self, part):
        """What a "$ref" means; a part without one is itself."""
        return self.resolver.resolve(part["$ref"])[1] if "$ref" in part else part

    def hold(self, method, pattern, answer):
        """The answer against the document; what it says, where that is JSON."""
        responses = self.operation(method, pattern)["responses"]
        what = f"{method} {pattern}: {answer.status} {answer.text[:300]}"
        self.assertIn(str(answer.status), responses, what)
        response = self.whole(responses[str(answer.status)])
        for name in response.get("headers", {}):
            self.assertIn(name, answer.headers, what)
        self.seen.add((method, pattern, answer.status))
        if "content" not in response:
            self.assertEqual(answer.text, "", what)
            return None
        media = answer.headers.get_content_type()
        self.assertIn(media, response["content"], what)
        if not media.endswith("json"):
            return answer.text
        value = json.loads(answer.text)
        schema = response["content"][media]["schema"]
        validator = jsonschema.Draft202012Validator(
            schema, resolver=self.resolver, format_checker=jsonschema.FormatChecker())
        errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in validator.iter_errors(value)]
        self.assertEqual(errors, [], what)
        return value

    def get(self, pattern, browser=None, query="", **values):
        path = pattern
        for name, value in values.items():
            path = path.replace("{" + name + "}", urllib.parse.quote(str(value), safe=""))
        answer = (browser or self.viewer).ask("GET", path + query)
        return answer.status, self.hold("GET", pattern, answer)

    def good(self, pattern, query="", **values):
        status, value = self.get(pattern, query=query, **values)
        self.assertEqual(status, 200, value)
        return value

    keys = itertools.count()

    def setUp(self):
        self.viewer = page.login(self.port, "viewer")

    def test_what_is_read(self):
        for pattern in ("/", "/healthz", "/readyz", "/metrics", "/api/v1/session", "/api/v1/events"):
            self.good(pattern)
        for plan in ("?plan=small", "?plan=kz-1347-2012"):
            self.assertTrue(self.good("/api/v1/summary", plan)["plans"])
            self.assertTrue(self.good("/api/v1/matrix", plan)["cells"])
            self.assertTrue(self.good("/api/v1/obligations", plan)["items"])
            self.assertTrue(self.good("/api/v1/timeline", plan)["days"])
            for body in self.good("/api/v1/bodies", plan)["bodies"]:
                self.good("/api/v1/bodies/{code}", plan, code=body["code"])
            for action in self.good("/api/v1/actions", plan)["actions"]:
                self.good("/api/v1/actions/{number}", plan, number=action["number"])
        offices = self.good("/api/v1/offices")["offices"]
        self.assertEqual({office["state"] for office in offices}, {"active", "revoked"})
        self.assertTrue(self.good("/api/v1/money", "?plan=small")["rows"])
        self.assertTrue(self.good("/api/v1/money", "?plan=kz-1347-2012")["rows"])
        self.assertTrue(self.good("/api/v1/indicators", "?plan=small")["series"])

    def test_a_plan_s_every_obligation(self):
        query = "?plan=small&agreement=any"
        for item in self.good("/api/v1/obligations", query)["items"]:
            whole = self.good("/api/v1/obligations/{key}", key=item["key"])
            for revision in whole["revisions"]:
                self.good("/api/v1/reports/{log_index}", log_index=revision["log_index"])
        whole = self.good("/api/v1/obligations/{key}", key=self.key)
        for name in ("revisions", "extension_requests", "reviews", "extensions", "controls", "heads"):
            self.assertTrue(whole[name], name)
        self.assertTrue(whole["revisions"][0]["report"]["signatory"])

    def test_the_feed(self):
        kinds, after = set(), 0
        while items := self.good("/api/v1/feed", f"?after={after}&limit=100")["items"]:
            kinds |= {item["kind"] for item in items}
            after = max(item["log_index"] for item in items)
        self.assertLessEqual({"report", "withdrawal", "extension_request", "returned", "extension_granted",
                              "extension_refused", "removed_from_control", "restored_to_control",
                              "office", "plan"}, kinds)
        esep.wait(lambda: any(item["kind"] == "alert" for item in self.good("/api/v1/feed")["items"]),
                  "an alert: what was due is overdue")

    def test_what_is_asked_wrongly(self):
        for pattern, query in (("/api/v1/obligations", "?state=x"), ("/api/v1/offices", "?state=x"),
                               ("/api/v1/feed", "?limit=0"), ("/api/v1/timeline", "?from=x")):
            self.assertEqual(self.get(pattern, query=query)[0], 400, pattern)
        self.assertEqual(self.get("/api/v1/reports/{log_index}", log_index="x")[0], 400)
        for pattern, values in (("/api/v1/bodies/{code}", {"code": "x"}),
                                ("/api/v1/actions/{number}", {"number": "x"}),
                                ("/api/v1/obligations/{key}", {"key": "x"}),
                                ("/api/v1/attachments/{log_index}/{sha256}", {"log_index": 1, "sha256": "0" * 64}),
                                ("/api/v1/reports/{log_index}", {"log_index": 10**9})):
            self.assertEqual(self.get(pattern, **values)[0], 404, pattern)

    def test_everything_refuses_in_the_same_form(self):
        stranger = page.Browser(self.port)
        for pattern, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if method == "parameters":
                    continue
                browser = stranger if operation["x-needs"] != "nothing" else None
                heads = {"Host": "evil.example"}
                self.hold(method.upper(), pattern, stranger.ask(method.upper(), pattern, **heads))
                if browser:
                    self.hold(method.upper(), pattern, stranger.ask(method.upper(), pattern))

    def test_the_same_is_not_sent_again(self):
        for pattern in ("/", "/api/v1/summary", "/api/v1/matrix"):
            etag = self.viewer.ask("GET", pattern).headers["ETag"]
            self.hold("GET", pattern, self.viewer.ask("GET", pattern, If_None_Match=etag))

    def write(self, browser, method, pattern, body, status, key=None):
        answer = browser.ask(method, pattern, body, Idempotency_Key=key or str(next(self.keys)))
        value = self.hold(method, pattern, answer)
        self.assertEqual(answer.status, status, value)
        return value

    def test_what_is_written(self):
        secretary, reviewer = page.login(self.port, "secretary"), page.login(self.port, "reviewer")
        office = self.office
        office.report("--plan", "kz-1347-2012", "--kind", "annual", "--fulfilment", "executed",
                      "--narrative", "All.", "--window", "2013", "--wait")
        report = self.field.reports()[-1]
        index, key = report["log_index"], report["obligation"]
        esep.wait(lambda: self.viewer.ask("GET", f"/api/v1/reports/{index}").status == 200, "the report")
        self.write(reviewer, "POST", "/api/v1/reviews", b"?", 400)
        self.write(reviewer, "POST", "/api/v1/reviews", {"report_index": index, "accept": True}, 200, "once")
        self.write(reviewer, "POST", "/api/v1/reviews", {"report_index": index, "accept": True}, 200, "once")
        self.write(reviewer, "POST", "/api/v1/reviews", {"report_index": 1, "accept": True}, 422, "once")
        many = self.write(reviewer, "POST", "/api/v1/reviews",
                          {"report_indexes": [index, index + 10**6], "accept": True}, 200)
        self.assertFalse(many["results"][1]["ok"])
        self.write(reviewer, "POST", "/api/v1/reviews", {"report_index": 10**6, "accept": True}, 422)
        grant = {"obligation": key, "until": "2032-01-31", "document": "No. 9", "reason": "floods"}
        self.write(secretary, "POST", "/api/v1/extensions", grant, 200)
        self.write(secretary, "POST", "/api/v1/extensions", {"obligation": "x"}, 422)
        self.write(reviewer, "POST", "/api/v1/extensions", grant, 403)
        for act in ("remove", "restore"):
            self.write(secretary, "POST", "/api/v1/controls",
                       {"obligation": key, "act": act, "reason": "done"}, 200)
        self.write(secretary, "POST", "/api/v1/controls", {"obligation": key, "act": "x"}, 400)
        self.write(secretary, "POST", "/api/v1/controls", b"x" * 70000, 413)

    def test_exports(self):
        secretary, pattern = page.login(self.port, "secretary"), "/api/v1/exports"

        def order(body, status):
            answer = secretary.ask("POST", pattern, body)
            value = self.hold("POST", pattern, answer)
            self.assertEqual(answer.status, status, value)
            return value and value.get("id")

        def get(number, below=""):
            return self.get(pattern + "/{id}" + below, secretary, id=number)

        def ended(number):
            return esep.wait(lambda: (said := get(number)[1])["state"] in ("done", "failed") and said["state"],
                             "the export", 4 * esep.PATIENCE)
        wanted = {"format": "json", "language": "en", "year": 2013, "plan": "small"}
        number = order(wanted, 202)
        self.assertEqual(ended(number), "done")
        self.assertEqual(get(number, "/file")[1]["format"], "esep-consolidated/1")
        bad = order({**wanted, "year": 2040}, 202)
        self.assertEqual(ended(bad), "failed")
        self.assertEqual(get(bad, "/file")[0], 409)
        order({**wanted, "format": "doc"}, 400)
        self.assertEqual(len(self.get(pattern, secretary)[1]["exports"]), 2)
        answer = secretary.ask("DELETE", f"{pattern}/{bad}")
        self.hold("DELETE", pattern + "/{id}", answer)
        self.assertEqual((answer.status, get(bad)[0], get("x", "/file")[0]), (204, 404, 404))
        self.assertIn("BEGIN:VEVENT", self.good("/api/v1/calendar.ics", "?plan=small&lang=kk"))
        self.assertEqual(self.get("/api/v1/calendar.ics", query="?body=mars")[0], 404)

    def test_what_whole_years_count(self):
        """Action 1 is told of each year, action 2 of half a year, and annual information of no action."""
        self.field.load_plan(esep.small_plan(self.field.path("yearly.yaml"), plan="yearly", actions={
            1: ("On an annual basis", ["mia"]), 2: ("1st half of 2013", ["mia"])},
            rules={"annual": "{month: 1, day: 20, groups: all}"}))
        esep.wait(lambda: any(duty["plan"] == "yearly" for duty in
                              self.office.command("duties", "--all", "--json").json()["duties"]), "the plan")

        def report(indicator, *which):
            self.office.report("--plan", "yearly", *which, "--fulfilment", "executed", "--narrative", "All.",
                               "--indicator", indicator, "--wait")
        report("seminars=4,events,10,men", "--action", "1", "--window", "2014")
        report("seminars=3,events,10,men", "--action", "1", "--window", "2012")
        report("seminars=9,events,,", "--action", "2")
        report("seminars=7.5,events,,", "--kind", "annual", "--window", "2013")
        series = esep.wait(lambda: len(found := self.good("/api/v1/indicators", "?plan=yearly&kind=annual")["series"])
                           == 2 and found, "the reports")
        self.assertEqual(
            {one["action"]: (one["name"], one["unit"], one["breakdown"],
                             [(p["year"], p["body"], p["value"], p["target"]) for p in one["points"]])
             for one in series},
            {"1": ("seminars", "events", "men", [(2012, "mia", "3", "10"), (2014, "mia", "4", "10")]),
             None: ("seminars", "events", "", [(2013, "mia", "7.5", None)])})
        one = self.good("/api/v1/indicators", "?plan=yearly&kind=annual&action=1")["series"]
        self.assertEqual([line["action"] for line in one], ["1"])
        for query in ("?plan=yearly", "?plan=yearly&kind=fulfilment"):
            series = self.good("/api/v1/indicators", query)["series"]
            self.assertEqual(sorted(line["action"] for line in series), ["1", "2"])
            self.assertFalse(any("year" in point for line in series for point in line["points"]))
        self.assertEqual(self.get("/api/v1/indicators", query="?kind=weekly")[0], 400)

    def test_a_calendar_s_address(self):
        pattern = "/api/v1/calendar"
        self.assertIsNone(self.good(pattern)["address"])
        self.write(self.viewer, "POST", pattern, {"x": 1}, 400)
        address = self.write(self.viewer, "POST", pattern, {}, 201)["path"].removeprefix("/calendar/")
        self.assertTrue(self.good(pattern)["address"])
        self.assertIn("BEGIN:VEVENT", self.good("/calendar/{address}", "?plan=small&lang=kk", address=address))
        self.assertEqual(self.get("/calendar/{address}", query="?lang=x", address=address)[0], 400)
        self.assertIn(429, [self.get("/calendar/{address}", address=address)[0] for _ in range(30)])
        self.write(self.viewer, "DELETE", pattern, None, 204)
        self.write(self.viewer, "DELETE", pattern, None, 404)
        self.assertEqual(self.get("/calendar/{address}", address=address)[0], 404)

    def test_the_log_itself(self):
        esep.wait(lambda: self.get("/checkpoint")[0] == 200, "the checkpoint")
        self.assertEqual(self.get("/checkpoint/cosigned")[0], 404)  # nobody is asked to
        note = self.good("/checkpoint")
        self.assertEqual([key["from_size"] for key in self.good("/checkpoint/keys")["keys"]], [0])
        esep.write(self.field.path("store", "cosigned"), note[:-1])  # where ingest lays it, for a quorum of witnesses
        self.assertEqual(self.good("/checkpoint/cosigned"), note)
        size = int(note.split("\n")[1])
        for name, status in ((f"0/000.p/{min(size, 255)}", 200), (f"entries/000.p/{min(size, 255)}", 200), ("7/000", 404)):
            line = self.viewer.send("GET", "/tile/" + name)
            answer = line.getresponse()
            answer.text = answer.read().decode("latin-1")
            line.close()
            self.hold("GET", "/tile/{name}", answer)
            self.assertEqual(answer.status, status, name)

    def test_accounts(self):
        browser, pattern, keys = self.administrator, "/api/v1/accounts", []

        def order(below, body, status, name="guest"):
            answer = browser.ask("POST", (pattern + below).replace("{name}", name), body,
                                 Idempotency_Key=str(len(keys)))
            keys.append(below)
            value = self.hold("POST", pattern + below, answer)
            self.assertEqual(answer.status, status, value)
        order("", {"name": "guest", "role": "reviewer", "body": "mia"}, 200)
        order("", {"name": "guest", "role": "reviewer", "body": "moj"}, 422)
        order("", {"name": "guest"}, 400)
        order("/{name}/role", {"role": "viewer", "no_body": True}, 200)
        order("/{name}/substitute", {"for": "secretary", "from": "2013-01-01", "until": "2099-01-01"}, 200)
        order("/{name}/invitation", None, 201)
        self.get(pattern, browser)
        order("/{name}/substitute", {"nobody": True}, 200)
        order("/{name}/close", {}, 200)
        order("/{name}/close", {}, 403, "administrator")
        order("/{name}/invitation", None, 404)
        self.get(pattern, browser)

    def test_logging_in_and_out(self):
        def login(body, **heads):
            answer = page.Browser(self.port).ask("POST", "/api/v1/session", body, **heads)
            self.hold("POST", "/api/v1/session", answer)
            return answer.status
        self.assertEqual(login({"name": "viewer", "password": page.PASSWORD}), 201)
        self.assertEqual(login(b""), 400)
        self.assertEqual(login(b"x" * 70000), 413)
        wrong = {"name": "guessed", "password": "no"}
        self.assertEqual(login(wrong, X_Forwarded_For="203.0.113.9"), 401)
        esep.wait(lambda: login(wrong, X_Forwarded_For="203.0.113.9") == 429, "who guesses to wait", every=0)
        answer = self.viewer.ask("DELETE", "/api/v1/session")
        self.hold("DELETE", "/api/v1/session", answer)
        self.assertEqual(answer.status, 204)

    @classmethod
    def tearDownClass(cls):
        """Every operation was answered well at least once; a file is, where one travels: test_evidence.py."""
        cls.seen.add(("GET", "/api/v1/attachments/{log_index}/{sha256}", 200))
        missing = [(method.upper(), pattern) for pattern, methods in cls.document["paths"].items()
                   for method in methods if method != "parameters" and not any(
                       seen[:2] == (method.upper(), pattern) and seen[2] < 300 for seen in cls.seen)]
        assert not missing, missing


if __name__ == "__main__":
    unittest.main()
