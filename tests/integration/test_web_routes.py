#!/usr/bin/python3
"""Deny by default: every route of the page, as the server's own table and docs/openapi.json name it,
is asked by nobody, by each role that is too small, from another site, without the session's token,
and under another name. A route that is added is swept without a line here; one that is open, or that
takes a login alone, must be named here.
"""

import json
import os
import unittest
import urllib.parse

import esep
import page

OPEN = {("GET", "/"), ("GET", "/healthz"), ("GET", "/readyz"), ("POST", "/api/v1/session"),
        ("GET", "/calendar/"), ("GET", "/checkpoint"), ("GET", "/checkpoint/cosigned"), ("GET", "/checkpoint/keys"),
        ("GET", "/tile/")}
LOGIN = {("GET", "/api/v1/session"), ("DELETE", "/api/v1/session")}
GRANTS = {  # written down a second time: collector/rights.c has the first
    "viewer": {"look"},
    "reviewer": {"look", "review"},
    "secretary": {"look", "review", "extend", "control", "export"},
    "administrator": {"look", "accounts"},
}
TOKEN = "f" * 64  # a monitoring system's: it opens /metrics and nothing else
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


class Call:
    """One operation of the document, with a path and a body that mean something in the field."""

    def __init__(self, method, pattern, operation, field):
        self.method = method.upper()
        self.pattern = pattern
        self.needs = operation["x-needs"]
        self.security = operation.get("security")
        self.path = pattern
        for name, value in field.values.items():
            self.path = self.path.replace("{" + name + "}", urllib.parse.quote(str(value), safe=""))
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        self.body = None
        if content:
            self.body = dict(next(iter(content["examples"].values()))["value"])
            for name in ("report_index", "obligation"):
                if name in self.body:
                    self.body[name] = field.values[name]

    @property
    def writes(self):
        return self.method in WRITES

    def __str__(self):
        return f"{self.method} {self.path} ({self.needs})"


class Sweep(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.field = esep.Field(collector=page.changes(metrics_token_file="metrics.token"))
        cls.field.__enter__()
        cls.addClassCleanup(cls.field.__exit__, None, None, None)
        esep.write(cls.field.path("metrics.token"), TOKEN, 0o600)
        cls.field.begin()
        cls.field.load_plan(esep.small_plan(cls.field.path("small.yaml")))
        office, report = page.report_of_mia(cls.field)
        office.daemon.stop()  # nothing but the page adds to the log from here on
        cls.field.values = {"key": report["obligation"], "obligation": report["obligation"],
                            "log_index": report["log_index"], "report_index": report["log_index"],
                            "code": "mia", "number": "1", "id": "0" * 32, "name": "nobody", "sha256": "0" * 64,
                            "address": "0" * 48 + ".ics"}
        secrets = {role: page.add_account(cls.field, role, role) for role in GRANTS}
        page.add_account(cls.field, "leaver", "secretary")
        cls.daemon, cls.port = page.start(cls.field)
        cls.browsers = {role: page.login(cls.port, role, secrets[role]) for role in GRANTS}
        cls.leaver = page.login(cls.port, "leaver")
        cls.field.command("account", "close", "leaver")
        said = cls.field.command("web", "--routes", "--json").json()
        cls.routes = [(r["method"], r["path"], r["needs"]) for r in said["routes"]]
        with open(os.path.join(esep.SOURCE, "docs", "openapi.json"), encoding="utf-8") as file:
            cls.document = json.load(file)
        cls.calls = [Call(method, pattern, operation, cls.field)
                     for pattern, methods in cls.document["paths"].items()
                     for method, operation in methods.items() if method != "parameters"]
        esep.wait(lambda: cls.leaver.ask("GET", "/api/v1/session").status == 401, "the leaver to be out")
        esep.wait(lambda: cls.effects()[1] == cls.field.listing("status")["log"]["size"],
                  "the page to have followed")

    @classmethod
    def effects(cls):
        """What a request could have changed: the log, logins, files beside them."""
        metrics = cls.browsers["viewer"].ask("GET", "/metrics").text
        counts = dict(line.split() for line in metrics.splitlines() if line[0] != "#")
        files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(cls.field.folder)
                       for name in names)
        return (cls.field.listing("status")["log"]["size"], int(counts["esep_web_log_entries"]),
                counts["esep_web_sessions"], files)

    def setUp(self):
        self.before = self.effects()

    def tearDown(self):
        self.assertEqual(self.effects(), self.before)

    def refused(self, answer, status, what):
        self.assertEqual(answer.status, status, (what, answer.text))
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json", what)
        self.assertEqual(json.loads(answer.text)["status"], status, what)
        self.assertNotIn("Set-Cookie", answer.headers, what)

    def ask(self, browser, call, **heads):
        if call.writes:
            heads.setdefault("Idempotency_Key", "sweep")
        return browser.ask(call.method, call.path, call.body, **heads)

    def route_of(self, call):
        """As the server looks: the first of its table whose path and method fit."""
        path = call.pattern
        for method, route, needs in self.routes:
            fits = path.startswith(route) if route.endswith("/") and route != "/" else path == route
            if fits and method == call.method:
                return method, route, needs
        return None

    def test_the_document_and_the_server_name_the_same_routes(self):
        named = {str(call): self.route_of(call) for call in self.calls}
        self.assertEqual([call for call, route in named.items() if route is None], [])
        self.assertEqual(set(self.routes) - set(named.values()), set(), "not in docs/openapi.json")
        for call in self.calls:
            self.assertEqual(call.needs, named[str(call)][2], str(call))
            wanted = ([] if call.needs == "nothing" else [{"session": [], "csrf": []}] if call.writes
                      else [{"session": []}, {"metrics": []}] if call.path == "/metrics" else None)
            self.assertEqual(call.security, wanted, str(call))

    def test_what_is_open_and_what_takes_a_login_alone_is_named_here(self):
        self.assertEqual({route[:2] for route in self.routes if route[2] == "nothing"}, OPEN)
        self.assertEqual({route[:2] for route in self.routes if route[2] == "login"}, LOGIN)
        acts = {needs for _, _, needs in self.routes} - {"nothing", "login"}
        self.assertLessEqual(acts, set().union(*GRANTS.values()), "a right that no role has")
        self.assertEqual(len(set(route[:2] for route in self.routes)), len(self.routes))

    def test_nobody_is_let_in_without_a_session_that_holds(self):
        out = page.Browser(self.port)
        out.cookie, out.csrf = "esep=" + "0" * 64, "0" * 64
        lame = page.Browser(self.port)
        lame.cookie = "esep=" + "x" * 64
        other = page.Browser(self.port)
        other.cookie = self.browsers["secretary"].cookie.replace("esep=", "__Host-esep=")
        for browser in (page.Browser(self.port), out, lame, other, self.leaver):
            for call in self.calls:
                if call.needs != "nothing":
                    self.refused(self.ask(browser, call), 401, str(call))

    def test_what_other_servers_take_for_a_login_is_none_here(self):
        stranger = page.Browser(self.port)
        for call in self.calls:
            if call.needs == "nothing":
                continue
            for words in (f"Bearer {TOKEN}", f"Bearer {TOKEN[:-1]}", f"bearer {TOKEN} ", "Bearer", "Basic dmVyYTp4"):
                answer = self.ask(stranger, call, Authorization=words, X_Forwarded_User="secretary",
                                  X_Remote_User="secretary", X_HTTP_Method_Override="GET")
                if call.pattern == "/metrics" and TOKEN in words:
                    self.assertIn(answer.status, (200, 401))
                else:
                    self.refused(answer, 401, (str(call), words))
        self.assertEqual(stranger.ask("GET", "/metrics", Authorization=f"Bearer {TOKEN}").status, 200)

    def test_a_head_alone_takes_the_same_right(self):
        stranger = page.Browser(self.port)
        for call in self.calls:
            if call.method == "GET" and call.needs != "nothing":
                answer = stranger.ask("HEAD", call.path)
                self.assertEqual((answer.status, answer.text), (401, ""), str(call))

    def test_a_role_that_is_too_small_is_refused(self):
        for role, acts in GRANTS.items():
            for call in self.calls:
                if call.needs not in ("nothing", "login") and call.needs not in acts:
                    self.refused(self.ask(self.browsers[role], call), 403, (role, str(call)))

    def test_a_role_that_is_large_enough_is_not(self):
        for role, acts in GRANTS.items():
            for call in self.calls:
                if call.needs in acts:
                    body = b"?" if call.body else None  # past the door, and then no order
                    answer = self.browsers[role].ask(call.method, call.path, body,
                                                     Idempotency_Key="sweep")
                    wanted = (400, 404) if call.writes else (200, 404)
                    self.assertIn(answer.status, wanted, (role, str(call), answer.text))

    def test_another_site_changes_nothing_in_the_name_of_who_may(self):
        other = self.browsers["viewer"].csrf
        for call in self.calls:
            if not call.writes:
                continue
            able = [role for role, acts in GRANTS.items() if call.needs in acts | {"login", "nothing"}]
            browser = self.browsers[able[-1]]
            here = f"http://localhost:{self.port}"
            for origin in (None, "", "null", "https://evil.example", here + ".evil.example", here + "/",
                           "http://localhost", here.replace("http:", "https:"), here + ", " + here):
                self.refused(self.ask(browser, call, Origin=origin), 403, (str(call), origin))
            for token in (None, "", "0" * 64, browser.csrf[:-1], browser.csrf + "0", other):
                if call.needs != "nothing" and token != browser.csrf:
                    self.refused(self.ask(browser, call, X_CSRF_Token=token), 403, (str(call), token))

    def test_under_another_name_nothing_is_answered(self):
        for call in self.calls:
            able = [role for role, acts in GRANTS.items() if call.needs in acts]
            browser = self.browsers[able[0]] if able else page.Browser(self.port)
            for host in ("evil.example", f"evil.example:{self.port}", "localhost.evil.example",
                         "localhost@evil.example", "[::1]"):
                answer = self.ask(browser, call, Host=host, Origin=f"http://{host}")
                self.refused(answer, 421, (str(call), host))

    def test_methods_and_names_that_are_not_in_the_table_are_refused(self):
        secretary = self.browsers["secretary"]
        table = {route[:2] for route in self.routes}
        for call in self.calls:
            for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "POST", "DELETE"):
                if (method, self.route_of(call)[1]) in table:
                    continue
                answer = secretary.ask(method, call.path)
                self.assertEqual(answer.status, 405, (method, str(call)))
                self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
        for path in ("/api/", "/api/v1/", "/api/v1/sessions", "/api/v2/summary", "/api/v1/session/x"):
            self.assertEqual(secretary.ask("GET", path).status, 404, path)

    def test_no_other_spelling_of_a_path_goes_round_its_right(self):
        stranger = page.Browser(self.port)
        front = stranger.ask("GET", "/").text
        for call in self.calls:
            if call.method != "GET" or call.needs == "nothing":
                continue
            for path in ("/" + call.path, "/." + call.path, "/x/.." + call.path, call.path + "/",
                         call.path + ";x", call.path + "%00", call.path + "?x=/healthz", call.path.upper(),
                         call.path.replace("/api", "/%61pi"), call.path.replace("/v1/", "/v1%2f"),
                         "http://localhost" + call.path, call.path + "#/healthz"):
                answer = stranger.ask("GET", path)
                self.assertTrue(answer.status in (400, 401, 404, 405) or answer.text == front,
                                (path, answer.status, answer.text))


if __name__ == "__main__":
    unittest.main()
