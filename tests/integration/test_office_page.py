#!/usr/bin/python3
"""The office's page over HTTP, served by a real daemon: who is let in and who never is, and what a
clerk does there, from the first look to the receipt. docs/office-openapi.json is held against every
answer.
"""

import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import unittest
import urllib.parse

import jsonschema

import esep

NOBODY = 65534
NOW = "2013-06-20T10:00:00+06:00"


def contract():
    with open(os.path.join(esep.SOURCE, "docs", "office-openapi.json"), encoding="utf-8") as file:
        return json.load(file)


class Page:
    """A browser of the office, as far as HTTP goes."""

    document = contract()
    resolver = jsonschema.RefResolver.from_schema(document)

    def __init__(self, office):
        self.office = office
        self.cookie = self.key = None
        self.url = office.command("open", "--print").out.strip()
        self.port = int(re.search(r":(\d+)/open\?token=[0-9a-f]{32}$", self.url)[1])

    def open(self):
        status, headers, body = self.ask("GET", self.url[self.url.index("/open"):])
        assert status == 200, body
        self.cookie = headers["Set-Cookie"].split(";")[0]
        self.key = re.search(r"/#key=([0-9a-f]{32})", body)[1]
        return self

    def headers(self, **changes):
        """Those of the page's own requests; None takes one away."""
        ours = {"Cookie": self.cookie, "X-Esep-Key": self.key,
                "Origin": f"http://127.0.0.1:{self.port}"}
        ours.update({name.replace("_", "-"): value for name, value in changes.items()})
        return {name: value for name, value in ours.items() if value is not None}

    def ask(self, method, path, body=None, **headers):
        """Status, headers, and the body: JSON where it is."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=esep.PATIENCE)
        headers = self.headers(**headers)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            text = answer.read().decode()
        finally:
            line.close()
        fields = dict(answer.getheaders())
        kind = fields.get("Content-Type", "")
        value = json.loads(text) if "json" in kind and text else text
        self.check(method, path, answer.status, kind, value)
        return answer.status, fields, value

    def bytes(self, path):
        """Status, headers and the bytes of a file that is to be saved."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=esep.PATIENCE)
        try:
            line.request("GET", path, None, self.headers())
            answer = line.getresponse()
            body = answer.read()
        finally:
            line.close()
        fields = dict(answer.getheaders())
        self.check("GET", path, answer.status, fields.get("Content-Type", ""), body.hex())
        return answer.status, fields, body

    def check(self, method, path, status, kind, value):
        """The answer is one of those that the document names."""
        path = path.split("?")[0]
        if path != "/open" and not path.startswith("/api/"):
            path = "/"
        for name, operations in self.document["paths"].items():
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(name))
            if method.lower() not in operations or not re.fullmatch(pattern, path):
                continue
            named = operations[method.lower()]["responses"].get(str(status))
            assert named is not None, f"{method} {path}: {status} is not in the document: {value}"
            if "$ref" in named:
                named = self.resolver.resolve(named["$ref"])[1]
            content = named.get("content", {})
            media = kind.split(";")[0]
            if path == "/" and status == 200:
                return  # any file of the page
            if status != 304 and (content or value):
                assert media in content, f"{method} {path}: {status} {kind}"
            if media.endswith("json"):
                jsonschema.Draft202012Validator(
                    content[media]["schema"], resolver=self.resolver).validate(value)
            return
        assert status in (400, 401, 404, 405, 421), f"{method} {path}: {status}"

    def get(self, path, wanted=200):
        status, _, value = self.ask("GET", path)
        assert status == wanted, f"{path}: {status} {value}"
        return value

    def duty(self, key):
        return next(d for d in self.get("/api/v1/duties")["duties"] if d["key"] == key)


def quoted(key):
    return urllib.parse.quote(key, safe="")


def files(folder):
    """A page to be served: what it says is web/office's, and of no matter here."""
    os.makedirs(folder)
    esep.write(os.path.join(folder, "index.html"), "<!doctype html><title>Esep</title>\n")
    esep.write(os.path.join(folder, "app.js"), "export const one = 1;\n")
    esep.write(os.path.join(folder, "secret.key"), "of no kind that is served\n")
    return folder


class OfficePage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        clock = esep.shift_to(NOW)
        cls.field = esep.Field(clock=clock, broker={"clock": clock})
        cls.field.__enter__()
        cls.addClassCleanup(cls.field.__exit__, None, None, None)
        cls.field.begin()
        cls.field.load_plan()
        folder = files(cls.field.path("page"))
        cls.office = cls.field.enrol("akmola", start=True, page={"enabled": True, "files": folder},
                                     brokers=cls.field.signing_brokers())
        esep.wait(lambda: cls.office.command("duties", "--json").json()["plan_known"], "the plan")
        cls.page = Page(cls.office).open()
        cls.orders = 0

    def refused(self, wanted, method, path, code=None, body=None, **headers):
        status, _, value = self.page.ask(method, path, body, **headers)
        self.assertEqual(status, wanted, value)
        if code is not None:
            self.assertEqual(value["code"], code)
        return value

    def test_nobody_without_the_session(self):
        for path in ("/", "/app.js", "/anything"):
            status, headers, body = self.page.ask("GET", path, Cookie=None)
            self.assertEqual(status, 401)
            self.assertEqual(body.count("esep-agent open"), 3)
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        for path in ("/api/v1/duties", "/api/v1/status", "/api/v1/events", "/api/v1/none"):
            self.refused(401, "GET", path, "no_session", Cookie=None)
        name = self.page.cookie.split("=")[0]
        self.refused(401, "GET", "/api/v1/duties", "no_session", Cookie=f"{name}={'0' * 32}")
        self.refused(401, "GET", "/api/v1/duties", "no_session", X_Esep_Key=None)
        self.refused(401, "GET", "/api/v1/duties", "no_session", X_Esep_Key="0" * 32)

    def test_no_other_name_and_no_other_page(self):
        port = self.page.port
        for host in (f"evil.example:{port}", "127.0.0.1", f"[::1]:{port}", f"127.0.0.1:{port + 1}"):
            self.refused(421, "GET", "/api/v1/duties", "host", Host=host)
            status, _, _ = self.page.ask("GET", self.page.url[self.page.url.index("/open"):], Host=host)
            self.assertEqual(status, 421)
        self.assertEqual(self.page.ask("GET", "/api/v1/duties", Host=f"localhost:{port}")[0], 200)
        for origin in (None, "null", f"http://evil.example:{port}", f"https://127.0.0.1:{port}",
                       f"http://127.0.0.1:{port + 1}"):
            self.refused(403, "POST", "/api/v1/try", "origin", b"", Origin=origin)
        self.assertEqual(self.page.ask("POST", "/api/v1/try", b"")[0], 202)

    def test_a_token_that_is_not_this_start_s(self):
        for token in ("", "0" * 32, "x" * 32, "0" * 31):
            status, headers, _ = self.page.ask("GET", f"/open?token={token}")
            self.assertIn(status, (401, 429))
            self.assertNotIn("Set-Cookie", headers)
        self.assertEqual(Page(self.office).open().ask("GET", "/api/v1/status")[0], 200)

    def test_another_user_of_the_machine(self):
        journal = os.path.join(self.office.folder, "journal")
        runtime = os.path.join(journal, "page")
        self.assertEqual(os.stat(runtime).st_mode & 0o777, 0o600)
        if os.getuid() != 0:
            return  # only root can become another user
        # Nothing but the file's own mode is to keep it.
        for folder in (self.field.path(), self.office.folder, journal):
            os.chmod(folder, 0o755)
        for name, code in ((runtime, 1), (os.path.join(self.office.folder, "agent.yaml"), 0)):
            seen = subprocess.run(["/bin/cat", name], user=NOBODY, group=NOBODY, extra_groups=[],
                                  capture_output=True, text=True, check=False)
            self.assertEqual((seen.returncode, bool(seen.stdout)), (code, code == 0), seen)

    def test_methods_and_sizes(self):
        self.refused(405, "PUT", "/api/v1/status", "method", b"")
        self.refused(405, "POST", "/api/v1/duties", "method", b"")
        self.refused(404, "GET", "/api/v1/none", "not_found")
        self.refused(404, "GET", "/secret.key", "not_found")
        self.refused(404, "GET", "/../agent.yaml", "not_found")
        status, _, _ = self.page.ask("GET", "/nothing/..%2f..%2fagent.keys")
        self.assertEqual(status, 404)
        line = http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=esep.PATIENCE)
        line.request("POST", "/api/v1/try", b"x" * (300 << 10), self.page.headers())
        self.assertEqual(line.getresponse().status, 413)
        line.close()

    def test_its_files(self):
        status, headers, body = self.page.ask("GET", "/")
        self.assertEqual((status, "Esep" in body), (200, True))
        self.assertEqual(self.page.ask("GET", "/", If_None_Match=headers["ETag"])[0], 304)
        self.assertEqual(self.page.ask("GET", "/duty/13")[2], body)
        status, headers, _ = self.page.ask("GET", "/app.js")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/javascript; charset=utf-8"))
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    def test_many_clients_that_say_nothing(self):
        """They have their places and no more; who lets go makes room."""
        lines = [socket.create_connection(("127.0.0.1", self.page.port)) for _ in range(60)]
        for line in lines[::2]:
            try:
                line.sendall(b"GET / HTTP/1.1\r\nHost: 127.0")
            except OSError:
                pass  # the daemon had no place for it
        self.office.command("status")
        for line in lines:
            line.close()

        def is_served():
            try:
                return self.page.ask("GET", "/api/v1/status")[0] == 200
            except (OSError, http.client.HTTPException):
                return False

        esep.wait(is_served, "a place")

    def test_what_is_owed(self):
        duties = self.page.get("/api/v1/duties")
        office = self.page.get("/api/v1/office")
        self.assertEqual((duties["body"], office["body"]), ("akmola", "akmola"))
        self.assertEqual(office["body_name"]["en"], "Akimat of Akmola oblast")
        listed = self.office.command("duties", "--all", "--json").json()["duties"]
        self.assertEqual({d["key"] for d in listed}, {d["key"] for d in duties["duties"]})
        due = {d["key"]: (d["due"], d["timeliness"]) for d in listed}
        for duty in duties["duties"]:
            self.assertEqual(due[duty["key"]], (duty["due"], duty["deadline"]))
            self.assertEqual(duty["group"] == "not_due", duty["deadline"] == "not_due")
        soon = self.page.duty("kz-1347-2012/regional-plan/-/akmola/2012-10-24..2012-11-24")
        self.assertEqual(soon["reminder"], {"kind": "still_overdue", "days_left": 0, "weeks": 29})
        self.assertEqual(soon["days_left"], -208)
        self.assertEqual(sum(duties["counts"].values()), len(duties["duties"]))

    def test_the_connection(self):
        esep.wait(lambda: self.page.get("/api/v1/status")["connection"]["state"] == "online", "a link")
        self.assertIsNotNone(self.page.get("/api/v1/status")["connection"]["last_word_at"])
        self.assertEqual(self.page.get("/api/v1/status")["body"], "akmola")

    def test_open_starts_a_browser_without_saying_the_token(self):
        """xdg-open is given a file, which only this user can read."""
        folder = self.field.path("browser")
        os.makedirs(folder, exist_ok=True)
        esep.write(os.path.join(folder, "xdg-open"),
                   f"#!/bin/sh\necho \"$*\" >{folder}/words\ncat \"$1\" >{folder}/text\n", 0o755)
        self.office.command("open", env={"PATH": f"{folder}:{os.environ['PATH']}"})
        with open(os.path.join(folder, "words"), encoding="utf-8") as file:
            words = file.read().strip()
        with open(os.path.join(folder, "text"), encoding="utf-8") as file:
            self.assertIn(self.page.url, file.read())
        self.assertNotIn("token", words)
        self.assertEqual(os.stat(words).st_mode & 0o777, 0o600)

    def order(self, what, key, body, **headers):
        type(self).orders += 1
        return self.page.ask("POST", f"/api/v1/{what}/{quoted(key)}", body,
                             **{"Idempotency_Key": f"order-{self.orders:06}", **headers})

    def until(self, key, delivery):
        return esep.wait(lambda: self.page.duty(key)["delivery"] == delivery, f"{key}: {delivery}")

    def whole(self, key):
        return self.page.get("/api/v1/obligations/" + quoted(key))

    def test_a_clerk_s_day(self):
        """Draft, two tabs, report, return, corrected report, acceptance, receipt: as in one life."""
        key = "kz-1347-2012/fulfilment/24/akmola/2013-01-01..2013-12-31"
        draft = "/api/v1/drafts/" + quoted(key)
        first = self.whole(key)
        self.assertEqual((first["form_of"], first["draft"]["etag"], first["way"]), ("empty", None, []))
        self.assertEqual(first["action"]["number"], "24")

        # A draft, typed in two tabs.
        self.refused(428, "PUT", draft, "precondition_required", {"narrative": "x"})
        status, headers, saved = self.page.ask(
            "PUT", draft, {"narrative": "Seminars.", "money": [
                {"source": "lb", "planned": "1 234,5", "spent": "12o"}]}, If_None_Match="*")
        self.assertEqual(status, 200)
        self.assertEqual(saved["form"]["money"][0]["planned"], "1 234,50")
        self.assertEqual([(e["field"], e["code"], e["saved"]) for e in saved["errors"]],
                         [("money/0/spent", "unreadable", False), ("fulfilment", "required", True)])
        stale = self.refused(412, "PUT", draft, "stale", {"narrative": "y"}, If_None_Match="*")
        self.assertEqual(stale["draft"]["form"]["narrative"], "Seminars.")
        self.refused(412, "PUT", draft, "stale", {"narrative": "y"}, If_Match='"0"')
        self.assertEqual(self.page.duty(key)["delivery"], "draft")

        # What was answered is durable: kill -9, and the page of another start. Its port is
        # another only where somebody else has taken it meanwhile.
        port = self.page.port
        self.office.daemon.kill()
        with socket.create_server(("127.0.0.1", port)):
            self.office.daemon.start()
            self.refused_everywhere()
        self.assertNotEqual(self.page.port, port)
        esep.wait(self.keeps_its_port, "a start at the port of the last one")
        type(self).page = Page(self.office).open()
        self.assertEqual(self.whole(key)["draft"]["form"], saved["form"])

        # Sent as a whole or not at all, and once.
        form = {**saved["form"], "fulfilment": "in_progress", "percent": 40}
        match = {"If_Match": headers["ETag"]}
        status, _, value = self.order("reports", key, {**form, "percent": "4o"}, **match)
        self.assertEqual((status, value["errors"][0]["field"]), (422, "percent"))
        self.assertEqual(self.whole(key)["revisions"], [])
        same = {"Idempotency_Key": "the-same-order", **match}
        status, _, written = self.order("reports", key, form, **same)
        self.assertEqual((status, written["revision"]), (201, 1))
        self.assertEqual(self.order("reports", key, form, **same)[2], written)
        self.assertEqual(self.order("reports", key, {**form, "percent": 1}, **same)[2]["code"],
                         "idempotency")
        self.until(key, "under_review")
        whole = self.whole(key)
        self.assertEqual(len(whole["revisions"]), 1)
        self.assertEqual([s["step"] for s in whole["way"] if s["reached"]],
                         ["saved", "committed", "sent", "received", "evidence_complete", "under_review"])
        self.assertIsNone(whole["draft"]["etag"])

        # Returned: it opens filled in, with the reason.
        index = next(r["log_index"] for r in self.field.reports() if r["obligation"] == key)
        self.field.command("review", str(index), "--return", "incomplete", "--comment", "figures",
                           "--again-by", "2013-07-01")
        self.until(key, "returned")
        whole = self.whole(key)
        self.assertEqual((whole["form_of"], whole["draft"]["form"]["percent"]), ("revision", 40))
        self.assertEqual((whole["returned"]["reason_code"], whole["returned"]["comment"],
                          whole["returned"]["again_by"]), ("incomplete", "figures", "2013-07-01"))
        self.assertEqual((whole["duty"]["group"], whole["duty"]["days_left"]), ("needs_you", 11))

        # Corrected, without a draft of its own, and accepted.
        status, _, written = self.order("reports", key, {"percent": 60}, If_None_Match="*")
        self.assertEqual((status, written["revision"]), (201, 2))
        self.until(key, "under_review")
        index = max(r["log_index"] for r in self.field.reports() if r["obligation"] == key)
        self.field.command("review", str(index), "--accept")
        self.until(key, "accepted")
        whole = self.whole(key)
        self.assertEqual(whole["duty"]["group"], "done")
        self.assertEqual([i["outcome"] for i in whole["mail"] if i["type"] == "review"],
                         ["accepted", "returned"])
        self.assertEqual(whole["way"][-1]["step"], "accepted")
        self.assertIsNotNone(whole["way"][-1]["at"])

        # The proof: the newest, and the first, which is what counts.
        newest = self.page.get("/api/v1/receipts/" + quoted(key))
        self.assertEqual((newest["revision"], newest["verified"]), (2, True))
        first = self.page.get(f"/api/v1/receipts/{quoted(key)}?epoch=1&seq={whole['revisions'][-1]['seq']}")
        printed = self.office.command("receipt", str(first["seq"]), "--json").json()
        leaf = hashlib.sha256(b"\0" + bytes.fromhex(printed["receipt"]["leaf"])).hexdigest()
        self.assertEqual(first["receipt"]["leaf_hash"], leaf)
        entry = self.page.get("/api/v1/entries/" + first["content_hash"])
        self.assertEqual(entry["form"]["percent"], 40)

    def test_a_broker_s_note(self):
        """The collector is away: the page says what the broker saw, and gives the files of it to check."""
        key = "kz-1347-2012/fulfilment/40/akmola/2013-01-01..2013-12-31"
        note = "/api/v1/notes/" + quoted(key)
        self.field.collector.stop()
        try:
            self.assertEqual(self.page.get(note, 404)["code"], "not_found")
            status, _, written = self.order("reports", key, {"fulfilment": "in_progress", "percent": 5,
                                                             "narrative": "Begun."}, If_None_Match="*")
            self.assertEqual(status, 201, written)
            said = esep.wait(lambda: self.whole(key)["ingress"], "the broker's note")
            self.assertEqual((said["broker"], said["broker_key"], said["says_more"]),
                             (self.field.broker.address, self.field.broker.sign_key, True))
            self.assertGreaterEqual(said["through_seq"], written["seq"])
            printed = self.page.get("/api/v1/receipts/" + quoted(key))
            self.assertEqual((printed["receipt"], printed["ingress"]), (None, said))
            self.assertFalse(any(s["step"] == "received" and s["reached"] for s in self.whole(key)["way"]))
            folder = self.field.path("noted")
            os.makedirs(folder)
            names = []
            for part in ("proof", "report"):
                status, headers, body = self.page.bytes(f"{note}?part={part}&seq={written['seq']}")
                self.assertEqual(status, 200)
                names.append(os.path.join(folder, re.search(r'filename="(.+)"', headers["Content-Disposition"])[1]))
                with open(names[-1], "wb") as file:
                    file.write(body)
            self.assertEqual([os.path.splitext(name)[1] for name in names], [".ingress-proof", ".report"])
            for verifier in ([esep.program("verify"), "--json"],
                             ["/usr/bin/python3", "-B", os.path.join(esep.SOURCE, "tests/verify/second.py")]):
                verdict = esep.run(*verifier, "--broker", self.field.broker.sign_key, *names).json()
                self.assertEqual((verdict["verdict"], verdict["kind"], verdict["report_seq"]),
                                 ("proven", "ingress", written["seq"]))
            self.refused(400, "GET", f"{note}?part=other", "invalid")
            self.refused(401, "GET", note, "no_session", X_Esep_Key=None)
        finally:
            self.field.collector.start()
        # The receipt names a later hour, and the note stays.
        self.until(key, "under_review")
        printed = self.page.get("/api/v1/receipts/" + quoted(key))
        self.assertIsNotNone(printed["receipt"])
        self.assertEqual((printed["ingress"]["received_at"], printed["ingress"]["broker_key"]),
                         (said["received_at"], said["broker_key"]))

    def keeps_its_port(self):
        """Not so where another program has taken it for a moment: then the next start tells."""
        port = Page(self.office).port
        self.office.daemon.restart(hard=True)
        return Page(self.office).port == port

    def refused_everywhere(self):
        """Nothing of the start before is believed: the port may be another, the token is."""
        old = self.page
        url = esep.wait(lambda: self.office.command("open", "--print", code=None).out.strip(), "a page")
        old.port = int(re.search(r":(\d+)/", url)[1])
        self.assertEqual(old.ask("GET", "/")[0], 401)
        self.assertEqual(old.ask("GET", "/api/v1/duties")[0], 401)
        self.assertEqual(old.ask("GET", old.url[old.url.index("/open"):])[0], 401)

    def test_withdrawal_and_more_time(self):
        key = "kz-1347-2012/annual/-/akmola/2013-01-01..2013-12-31"
        nil = {"fulfilment": "not_started", "nil_report": True}
        status, _, value = self.order("reports", key, nil, If_None_Match="*")
        self.assertEqual((status, [e["field"] for e in value["errors"]]), (422, ["nil_reason"]))
        nil["nil_reason"] = "nothing yet"
        self.assertEqual(self.order("reports", key, nil, If_None_Match="*")[0], 201)
        self.assertEqual(self.order("withdrawals", key, {"reason": " "})[2]["errors"][0]["code"], "required")
        self.assertEqual(self.order("withdrawals", key, {"reason": "by mistake"})[0], 201)
        self.assertEqual(self.page.duty(key)["delivery"], "withdrawn")
        status, _, value = self.order("extensions", key, {"until": "2014-02-30", "reason": "floods"})
        self.assertEqual((status, value["errors"][0]["field"]), (422, "until"))
        self.assertEqual(self.order("extensions", key, {"until": "2014-02-28", "reason": "floods"})[0], 201)
        self.assertEqual(self.page.duty(key)["control"], "extension_asked")
        self.assertEqual(self.order("reports", key + "x", nil, If_None_Match="*")[0], 404)
        self.assertEqual(self.order("withdrawals", "x/y", {"reason": "z"})[0], 404)

    def test_a_command_and_the_page_share_a_draft(self):
        key = "kz-1347-2012/fulfilment/24/akmola/2012-01-01..2012-12-31"
        draft = "/api/v1/drafts/" + quoted(key)
        self.office.report(key, "--draft", "--narrative", "By a command.")
        whole = self.whole(key)
        self.assertEqual((whole["form_of"], whole["draft"]["form"]["narrative"]), ("draft", "By a command."))
        self.office.report(key, "--draft", "--percent", "7")
        self.refused(412, "PUT", draft, "stale", {"percent": 8}, If_Match=whole["draft"]["etag"])
        self.refused(412, "DELETE", draft, "stale", If_Match=whole["draft"]["etag"])
        self.assertEqual(self.page.ask("DELETE", draft, If_Match=self.whole(key)["draft"]["etag"])[0], 204)
        self.refused(404, "DELETE", draft, "not_found", If_Match='"x"')
        self.assertEqual(self.whole(key)["form_of"], "empty")

    def upload(self, name, content, **headers):
        return self.page.ask("POST", "/api/v1/files?name=" + quoted(name), content, **headers)

    def test_evidence(self):
        """Files come in as they are, are judged by what is in them, and a report names them."""
        content = "Хаттама.\n".encode() * 100000
        self.assertEqual(self.upload("a.txt", content[:1000], Cookie=None)[0], 401)
        self.assertEqual(self.upload("a.txt", content[:1000], Origin="http://evil.example")[0], 403)
        self.assertEqual(self.upload("run.txt", b"#!/bin/sh\necho\n")[2]["code"], "refused_type")
        self.assertEqual(self.upload("a.pdf", content[:1000])[0], 415)
        self.assertEqual(self.upload("empty.txt", b"")[0], 415)
        self.assertEqual(self.upload("", content)[0], 400)
        status, _, file = self.upload("../хаттама.txt", content)
        self.assertEqual((status, file["name"], file["size_bytes"], file["media_type"]),
                         (201, "хаттама.txt", len(content), "text/plain"))
        self.assertEqual(file["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(self.upload("хаттама.txt", content)[2], file)

        key = "kz-1347-2012/annual/-/akmola/2014-01-01..2014-12-31"
        form = {"fulfilment": "in_progress", "narrative": "x", "attachments": [file]}
        status, headers, draft = self.page.ask("PUT", "/api/v1/drafts/" + quoted(key), form,
                                               If_None_Match="*")
        self.assertEqual((status, draft["form"]["attachments"], draft["errors"]), (200, [file], []))
        twice = [file, {**file, "sha256": "0" * 64}]
        status, _, value = self.order("reports", key, {**form, "attachments": twice},
                                      If_Match=headers["ETag"])
        self.assertEqual((status, value["errors"][0]["code"]), (422, "bad_name"))
        gone = [{**file, "sha256": "0" * 64}]
        status, _, value = self.order("reports", key, {**form, "attachments": gone},
                                      If_Match=headers["ETag"])
        self.assertEqual((status, value["errors"][0]["code"]), (422, "gone"))
        status, _, _ = self.order("reports", key, form, If_Match=headers["ETag"])
        self.assertEqual(status, 201)

        def complete():
            step = next(s for s in self.whole(key)["way"] if s["step"] == "evidence_complete")
            self.assertEqual(step["files_total"], 1)
            return step["reached"] and step

        step = esep.wait(complete, "the evidence's receipt")
        self.assertEqual((step["files_left"], step["clock"]), (0, "collector"))
        self.assertEqual(self.page.duty(key)["delivery"], "under_review")
        esep.wait(lambda: self.page.get("/api/v1/status")["evidence"] is None, "nothing left to send")

    def test_a_file_that_is_too_large_is_refused_before_it_comes(self):
        limit = self.page.get("/api/v1/office")["limits"]["file_bytes"]
        line = http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=esep.PATIENCE)
        line.putrequest("POST", "/api/v1/files?name=a.txt")
        for name, value in {**self.page.headers(), "Content-Length": str(limit + 1)}.items():
            line.putheader(name, value)
        line.endheaders()
        self.assertEqual(line.getresponse().status, 413)
        line.close()

    def test_the_page_is_told(self):
        """A word comes when something has changed, whoever changed it."""
        line = http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=esep.PATIENCE)
        line.request("GET", "/api/v1/events", headers=self.page.headers())
        stream = line.getresponse()
        self.assertEqual((stream.status, stream.getheader("Content-Type")), (200, "text/event-stream"))

        def number():
            while True:
                text = stream.readline().decode()
                self.assertNotEqual(text, "", "the stream has ended")
                if text.startswith("data: "):
                    return json.loads(text[6:])["n"]

        before = number()
        self.office.report("kz-1347-2012/annual/-/akmola/2012-01-01..2012-12-31", "--fulfilment",
                           "in_progress", "--narrative", "x")
        self.assertGreater(number(), before)
        line.close()


if __name__ == "__main__":
    unittest.main()
