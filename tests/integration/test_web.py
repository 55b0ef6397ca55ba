#!/usr/bin/python3
"""The page's process over a real store that a real ingest writes: who is let in, by what, and what
each answer carries. Browsers are played by plain HTTP, so that every head can be wrong at will.
"""

import base64
import concurrent.futures
import http.client
import json
import os
import re
import time
import unittest
import urllib.parse

import esep
import page
from page import Browser, PASSWORD, totp

TOKEN = "d41d8cd98f00b204e9800998ecf8427e-metrics"


class Web(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.field = esep.Field(collector=page.changes(metrics_token_file="metrics.token"))
        cls.field.__enter__()
        cls.addClassCleanup(cls.field.__exit__, None, None, None)
        esep.write(cls.field.path("metrics.token"), TOKEN + "\n", 0o600)
        cls.field.begin()
        cls.field.load_plan(esep.small_plan(cls.field.path("small.yaml")))
        for name, role in (("vera", "viewer"), ("aigul", "reviewer"), ("saule", "secretary")):
            page.add_account(cls.field, name, role)
        cls.field.command("account", "add", "adil", "--role", "administrator")
        cls.field.command("password", "adil", stdin=PASSWORD + "\n")
        cls.daemon, cls.port = page.start(cls.field)

    def browser(self, name=None):
        browser = Browser(self.port)
        if name:
            self.assertEqual(browser.login(name).status, 201)
        return browser

    def test_nobody_sees_anything_without_a_login(self):
        browser = self.browser()
        for method, path in (("GET", "/api/v1/session"), ("DELETE", "/api/v1/session"),
                             ("GET", "/api/v1/events"), ("GET", "/metrics")):
            answer = browser.ask(method, path)
            self.assertEqual(answer.status, 401, (method, path))
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual(browser.ask("GET", "/api/v1/nothing").status, 404)
        self.assertEqual(browser.ask("PUT", "/api/v1/session").status, 405)

    def test_the_page_and_its_files_are_open_and_nothing_beside(self):
        browser = self.browser()
        first = browser.ask("GET", "/")
        self.assertEqual((first.status, "Esep" in first.text), (200, True))
        self.assertEqual(browser.ask("GET", "/actions/13").text, first.text)
        script = browser.ask("GET", "/app.js")
        self.assertIn("text/javascript", script.headers["Content-Type"])
        self.assertEqual(browser.ask("GET", "/app.js", If_None_Match=script.headers["ETag"]).status, 304)
        for path in ("/missing.js", "/../collector.keys", "/..%2fcollector.keys", "//etc/passwd.txt",
                     "/%2e%2e/collector.yaml"):
            self.assertEqual(browser.ask("GET", path).status, 404, path)

    def test_every_answer_carries_the_heads_that_keep_a_browser_safe(self):
        browser = self.browser("vera")
        for path in ("/", "/api/v1/session", "/api/v1/nothing", "/healthz", "/metrics"):
            answer = browser.ask("GET", path)
            policy = answer.headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertIn(answer.headers["Cache-Control"], ("no-store", "no-cache"))

    def test_a_login_gives_a_new_token_and_logging_out_ends_it(self):
        browser = self.browser("vera")
        cookie = browser.cookie
        who = json.loads(browser.ask("GET", "/api/v1/session").text)
        self.assertEqual((who["name"], who["role"]), ("vera", "viewer"))
        self.assertEqual(browser.login("vera").status, 201)
        self.assertNotEqual(browser.cookie, cookie)
        answer = browser.ask("DELETE", "/api/v1/session")
        self.assertEqual(answer.status, 204)
        self.assertIn("Max-Age=0", answer.headers["Set-Cookie"])
        self.assertEqual(browser.ask("GET", "/api/v1/session").status, 401)

    def test_the_cookie_is_for_this_page_alone(self):
        answer = self.browser().login("vera")
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, answer.headers["Set-Cookie"])

    def test_a_wrong_name_and_a_wrong_password_are_one_answer(self):
        answers = [self.browser().login(*words) for words in
                   (("vera", "not her password"), ("nobody", PASSWORD), ("vera", ""))]
        self.assertEqual({(a.status, a.text) for a in answers},
                         {(401, answers[0].text)})

    def test_whoever_guesses_waits_and_the_others_do_not(self):
        guesser = self.browser()

        def refused(password):
            answer = guesser.ask("POST", "/api/v1/session", {"name": "aigul", "password": password},
                                 X_Forwarded_For="203.0.113.9")
            return answer.status == 429 and int(answer.headers["Retry-After"])

        def waits():  # each guess doubles it, however slow we are; nor is it told which word was right
            return refused("guess") and refused(PASSWORD)
        self.assertGreaterEqual(esep.wait(waits, "who guesses to wait", every=0), 1)
        self.assertEqual(self.browser().login("aigul").status, 201)

    def test_another_site_can_change_nothing(self):
        browser = self.browser("vera")
        for heads in ({"Origin": None}, {"Origin": "https://evil.example"}, {"Origin": "null"},
                      {"X_CSRF_Token": None}, {"X_CSRF_Token": "00" * 32}):
            self.assertEqual(browser.ask("DELETE", "/api/v1/session", **heads).status, 403, heads)
        self.assertEqual(browser.ask("GET", "/api/v1/session").status, 200)

    def test_a_name_that_is_not_ours_is_not_answered(self):
        for host in ("evil.example", "localhost.evil.example", "evil.example:80", ""):
            self.assertIn(self.browser().ask("GET", "/", Host=host).status, (400, 421), host)

    def test_what_is_no_login_says_what_is(self):
        for body in (b"", b"{", b"[]", b'{"name":"vera"}', b'{"name":1,"password":"x"}',
                     b'{"name":"vera","name":"aigul","password":"x"}', b"\xff\xfe"):
            answer = self.browser().ask("POST", "/api/v1/session", body)
            self.assertEqual(answer.status, 400, body)
            self.assertIn("password", json.loads(answer.text)["detail"])

    def test_an_invitation_chooses_the_password_once(self):
        self.field.command("account", "add", "new", "--role", "viewer")
        self.daemon_sees("new")
        said = self.field.command("password", "new", "--invite").out
        invitation = re.search(r"invitation: ([0-9a-f]{32})", said)[1]
        browser = self.browser()
        self.assertEqual(browser.login("new", PASSWORD).status, 401)
        short = browser.login("new", "short", invitation=invitation)
        self.assertEqual((short.status, "12" in short.text), (422, True))
        self.assertEqual(browser.login("new", PASSWORD, invitation="0" * 32).status, 401)
        self.assertEqual(browser.login("new", PASSWORD, invitation=invitation).status, 201)
        self.assertEqual(self.browser().login("new", PASSWORD).status, 201)
        self.assertEqual(self.browser().login("new", "another long one",
                                              invitation=invitation).status, 401)

    def at_once(self, *calls):
        """All of them at a time, each in a thread; what they answered."""
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            return [future.result() for future in [pool.submit(call) for call in calls]]

    def test_an_invitation_used_twice_at_once_chooses_one_password(self):
        self.field.command("account", "add", "twice", "--role", "viewer")
        self.daemon_sees("twice")
        said = self.field.command("password", "twice", "--invite").out
        invitation = re.search(r"invitation: ([0-9a-f]{32})", said)[1]
        passwords = [f"{PASSWORD} {number}" for number in range(3)]
        answers = self.at_once(*[lambda word=word: self.browser().login("twice", word, invitation=invitation)
                                 for word in passwords])
        self.assertEqual(sorted(answer.status for answer in answers), [201, 401, 401])
        good = [answer.status for answer in answers].index(201)
        self.assertEqual(self.browser().login("twice", passwords[good]).status, 201)

    def test_a_code_used_twice_at_once_lets_one_in(self):
        self.field.command("account", "add", "coded", "--role", "viewer")
        self.field.command("password", "coded", stdin=PASSWORD + "\n")
        uri = self.field.command("password", "coded", "--second-factor").out.strip()
        secret = base64.b32decode(urllib.parse.parse_qs(urllib.parse.urlparse(uri).query)["secret"][0])
        self.daemon_sees("coded")
        code = totp(secret, time.time())
        answers = self.at_once(*[lambda: self.browser().login("coded", code=code)] * 3)
        self.assertEqual(sorted(answer.status for answer in answers), [201, 401, 401])

    def daemon_sees(self, name):
        """Follows the log: a name that it does not know yet is refused, as any other."""
        def look():
            size = re.search(r"esep_web_log_entries (\d+)",
                             self.browser("vera").ask("GET", "/metrics").text)
            return int(size[1]) >= self.field.listing("status")["log"]["size"]
        esep.wait(look, f"the page to know {name}")

    def test_an_administrator_needs_a_second_factor(self):
        answer = self.browser().login("adil")
        self.assertEqual((answer.status, "second factor" in answer.text), (403, True))
        uri = self.field.command("password", "adil", "--second-factor").out.strip()
        secret = base64.b32decode(urllib.parse.parse_qs(urllib.parse.urlparse(uri).query)["secret"][0])
        self.assertEqual(self.browser().login("adil").status, 401)
        self.assertEqual(self.browser().login("adil", code="000000").status, 401)
        code = totp(secret, time.time())
        self.assertEqual(self.browser().login("adil", code=code).status, 201)
        self.assertEqual(self.browser().login("adil", code=code).status, 401)

    def test_a_closed_account_is_out_at_once(self):
        self.field.command("account", "add", "leaver", "--role", "viewer")
        self.field.command("password", "leaver", stdin=PASSWORD + "\n")
        self.daemon_sees("leaver")
        browser = self.browser("leaver")
        self.field.command("account", "close", "leaver")
        esep.wait(lambda: browser.ask("GET", "/api/v1/session").status == 401, "the end of it")
        self.assertEqual(self.browser().login("leaver").status, 401)

    def test_a_viewer_hears_that_the_log_has_grown(self):
        browser = self.browser("vera")
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request("GET", "/api/v1/events", headers={"Host": f"localhost:{self.port}",
                                                       "Cookie": browser.cookie})
        answer = line.getresponse()
        self.assertEqual(answer.headers["Content-Type"], "text/event-stream")

        def size():
            while True:
                text = answer.readline().decode()
                if text.startswith("data:"):
                    return json.loads(text[5:])["log_size"]
        first = size()
        self.field.command("account", "add", "grown", "--role", "viewer")
        self.assertGreater(size(), first)
        line.close()

    READS = ("summary", "matrix", "obligations", "bodies", "bodies/moj", "actions", "actions/1",
             "offices", "feed", "timeline", "money", "indicators")

    def read(self, browser, path):
        answer = browser.ask("GET", f"/api/v1/{path}")
        self.assertEqual(answer.status, 200, (path, answer.text))
        return json.loads(answer.text)

    def test_whoever_looks_reads_everything_and_others_nothing(self):
        browser, stranger = self.browser("vera"), self.browser()
        for path in self.READS:
            self.read(browser, path)
            self.assertEqual(stranger.ask("GET", f"/api/v1/{path}").status, 401, path)
        for path in ("bodies/nobody", "actions/99", "obligations/no-such-key", "reports/999999"):
            self.assertEqual(browser.ask("GET", f"/api/v1/{path}").status, 404, path)
        self.assertEqual(browser.ask("GET", "/api/v1/obligations?state=nonsense").status, 400)

    def test_what_did_not_change_is_not_sent_again(self):
        browser = self.browser("vera")
        for _ in range(3):  # a minute may end in between
            first = browser.ask("GET", "/api/v1/matrix")
            again = browser.ask("GET", "/api/v1/matrix", If_None_Match=first.headers["ETag"])
            if again.headers["ETag"] == first.headers["ETag"]:
                break
        self.assertEqual((again.status, again.text), (304, ""))

    def reviews(self):
        return self.field.listing("log", "list", "--type", "review")["entries"]

    def test_a_report_is_reviewed_through_the_page_by_who_may(self):
        office, report = page.report_of_mia(self.field)
        index = report["log_index"]
        esep.wait(lambda: self.read(self.browser("vera"), "summary")["tiles"]["to_review"] == 1,
                  "the page to know the report")
        review = {"report_index": index, "accept": False, "reason_code": "incomplete",
                  "comment": "figures are missing", "again_by": "2030-01-31"}
        viewer = self.browser("vera").ask("POST", "/api/v1/reviews", review, Idempotency_Key="a")
        self.assertEqual(viewer.status, 403)
        reviewer = self.browser("aigul")
        self.assertEqual(reviewer.ask("POST", "/api/v1/reviews", review).status, 400)
        self.assertEqual(reviewer.ask("POST", "/api/v1/reviews", {"accept": True},
                                      Idempotency_Key="b").status, 400)
        done = reviewer.ask("POST", "/api/v1/reviews", review, Idempotency_Key="c")
        self.assertEqual(done.status, 200, done.text)
        reviews = self.reviews()
        again = reviewer.ask("POST", "/api/v1/reviews", review, Idempotency_Key="c")
        self.assertEqual(again.text, done.text)
        other = reviewer.ask("POST", "/api/v1/reviews", {**review, "comment": "others"}, Idempotency_Key="c")
        self.assertEqual((other.status, "another request" in other.text), (422, True))
        self.assertEqual(self.reviews(), reviews)
        # Two clicks are one decision: the second hears that the first is under way, or its answer.
        extend = {"obligation": self.field.reports()[0]["obligation"], "until": "2031-01-31", "document": "No. 4",
                  "reason": "floods"}
        secretary = self.browser("saule")
        answers = self.at_once(*[lambda: secretary.ask("POST", "/api/v1/extensions", extend,
                                                       Idempotency_Key="two")] * 4)
        self.assertEqual({answer.status for answer in answers} - {409}, {200}, [a.text for a in answers])
        where = "obligations/" + urllib.parse.quote(extend["obligation"], safe="")
        esep.wait(lambda: len(self.read(secretary, where)["extensions"]) == 1, "the one extension")
        esep.wait(lambda: self.read(reviewer, "summary")["tiles"]["returned"] == 1, "the return")
        esep.wait(lambda: "incomplete" in office.command("duties", "--all").out +
                  office.command("mail").out, "the office to have the return")
        extend = {"obligation": self.field.reports()[0]["obligation"], "until": "2031-01-31",
                  "document": "No. 5"}
        self.assertEqual(reviewer.ask("POST", "/api/v1/extensions", extend,
                                      Idempotency_Key="d").status, 403)

    def test_a_monitoring_system_reads_counters_and_nothing_else(self):
        scraper = self.browser()
        good = {"Authorization": "Bearer " + TOKEN}
        answer = scraper.ask("GET", "/metrics", **good)
        self.assertEqual((answer.status, "esep_web_live" in answer.text), (200, True))
        for name in ("ingest_figures_age_seconds", "ingest_log_entries", "ingest_receipts_total", "log_verify_entries_done"):
            self.assertRegex(answer.text, rf"(?m)^esep_{name} \d+$")
        joined = re.search(r'(?m)^esep_ingest_broker_joined\{name="tcp://[^"]*"\} (\d)$', answer.text)
        self.assertIsNotNone(joined, answer.text)
        for path in ("/api/v1/summary", "/api/v1/session"):
            self.assertEqual(scraper.ask("GET", path, **good).status, 401, path)
        for wrong in (TOKEN, "Bearer", "Bearer ", "Bearer " + TOKEN[:-1], "Bearer " + TOKEN + "x", "Basic " + TOKEN):
            self.assertEqual(scraper.ask("GET", "/metrics", Authorization=wrong).status, 401, wrong)

    def test_a_metrics_token_that_is_short_or_open_to_others_is_said(self):
        path = self.field.path("other.token")
        config = self.field.path("other.yaml")
        with open(self.field.config, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("metrics.token", text)
        esep.write(config, text.replace("metrics.token", "other.token"))
        for token, mode, words, code in (("short", 0o600, "32 letters", 78), (TOKEN, 0o644, "chmod 600", 78)):
            esep.write(path, token + "\n")
            os.chmod(path, mode)
            said = esep.run(esep.program("collector"), "web", "--config", config, code=code)
            self.assertIn(words, said.err)

    def test_refusals_are_in_the_language_asked_for(self):
        browser = self.browser("saule")
        extend = {"obligation": "no/such", "until": "2031-01-31", "document": "No. 4", "reason": "floods"}

        def refused(language, key, body=extend):
            answer = browser.ask("POST", "/api/v1/extensions", body, Accept_Language=language, Idempotency_Key=key)
            said = json.loads(answer.text)
            self.assertEqual((answer.status, said["status"], said["type"]), (422, 422, "about:blank"))
            return answer.headers["Content-Language"], said["title"], said["detail"]
        for language, wanted in (
                ("kk", ("kk", "Орындауға болмайды", "«no/such» міндеттемесі жоқ")),
                ("ru-RU,ru;q=0.9,en;q=0.8", ("ru", "Выполнить нельзя", "обязательства «no/such» нет")),
                ("de, en;q=0.3, kk;q=0.5", ("kk", "Орындауға болмайды", "«no/such» міндеттемесі жоқ"))):
            self.assertEqual(refused(language, language[:9]), wanted)
        for language in (None, "de", "*", "", ";;q=,", "q" * 3000):
            self.assertEqual(refused(language, "none" + str(language)[:9])[:2], ("en", "Unprocessable Content"))
        stranger = self.browser()
        for path, title in (("/api/v1/summary", "Требуется вход"), ("/api/v1/none", "Не найдено")):
            self.assertEqual(json.loads(stranger.ask("GET", path, Accept_Language="ru").text)["title"], title)
        answer = browser.ask("GET", "/api/v1/obligations?state=x", Accept_Language="kk")
        self.assertRegex(json.loads(answer.text)["detail"], "^state: рұқсат етілгені: ")

    def test_it_is_alive_and_ready(self):
        self.assertEqual(self.browser().ask("GET", "/healthz").status, 200)
        esep.wait(lambda: self.browser().ask("GET", "/readyz").status == 200, "readiness")


class Start(unittest.TestCase):
    def test_what_is_missing_is_said(self):
        with esep.Field(brokers=0) as field:
            field.begin(start=False)
            field.command("account", "list")
            for words in (("web",), ("password", "nobody"), ("password", "nobody", "--invite")):
                said = field.command(*words, stdin=PASSWORD + "\n", code=78)
                self.assertIn("web.credentials", said.err)
            os.mkdir(field.path("board"))
            for wrong in ({"files": "nowhere"}, {"files": "board", "exports": "nowhere"},
                          {"exports": "board", "listen": "here"}):
                field.configure(web={"credentials": "credentials", **wrong})
                said = field.command("web", code=78)
                self.assertIn("web." + list(wrong)[-1], said.err)
            field.configure(control="collector.yaml/ingest.sock")
            said = field.command("run", code=78)
            self.assertIn("not a folder", said.err)
            field.configure(control="run/ingest.sock")
            said = field.command("password", "nobody", code=None)
            self.assertIn("no account 'nobody'", said.err)


if __name__ == "__main__":
    unittest.main()
