"""The commission's page in a field: esep-collector web with a folder of files, accounts with their
passwords, and browsers played by plain HTTP, so that every head can be wrong at will.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import struct
import time
import urllib.parse

import esep

PASSWORD = "correct horse battery"
SAFE = {  # what every answer tells a browser
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                               "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
                               "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FILES = {"index.html": "<!doctype html><title>Esep</title>", "app.js": "export {};"}


def totp(secret, at):
    mac = hmac.new(secret, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    offset = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[offset:offset + 4])[0] & 0x7fffffff) % 1000000:06d}"


class Browser:
    """One that keeps a cookie, and says what a browser says, unless told otherwise."""

    def __init__(self, port):
        self.port = port
        self.cookie = None
        self.csrf = None

    def send(self, method, path, body=None, **heads):
        """Sends a request and returns its connection: what comes of it is the caller's."""
        given = {"Host": f"localhost:{self.port}"}
        if self.cookie:
            given["Cookie"] = self.cookie
        if method not in ("GET", "HEAD"):
            given["Origin"] = f"http://localhost:{self.port}"
            if self.csrf:
                given["X-CSRF-Token"] = self.csrf
        given.update({name.replace("_", "-"): value for name, value in heads.items()})
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        for name, value in given.items():
            if value is not None:
                line.putheader(name, value)
        if data is not None:
            line.putheader("Content-Length", str(len(data)))
        line.endheaders(data)
        return line

    def ask(self, method, path, body=None, **heads):
        line = self.send(method, path, body, **heads)
        answer = line.getresponse()
        # A stream has no end: its head is the answer.
        streams = answer.headers.get_content_type() == "text/event-stream"
        answer.text = "" if streams else answer.read().decode()
        line.close()
        for name, value in SAFE.items():
            assert answer.headers.get_all(name) == [value], (method, path, answer.status, name, answer.headers[name])
        assert answer.headers["Cache-Control"] in ("no-store", "no-cache", "private, no-cache"), path
        return answer

    def login(self, name, password=PASSWORD, **more):
        answer = self.ask("POST", "/api/v1/session", {"name": name, "password": password, **more})
        if answer.status == 201:
            self.cookie = answer.headers["Set-Cookie"].split(";")[0]
            self.csrf = json.loads(answer.text)["csrf"]
        return answer


def changes(**web):
    """What a field's collector.yaml needs for a page."""
    return {"web": {"control": "run-web/accounts.sock", "credentials": "credentials",
                    "insecure": "true", "listen": "127.0.0.1:0", "files": "board",
                    "session_idle": "10m", **web}}


def add_account(field, name, role):
    """An account with the password; returns the secret of its second factor, where it needs one."""
    field.command("account", "add", name, "--role", role)
    field.command("password", name, stdin=PASSWORD + "\n")
    if role != "administrator":
        return None
    uri = field.command("password", name, "--second-factor").out.strip()
    return base64.b32decode(urllib.parse.parse_qs(urllib.parse.urlparse(uri).query)["secret"][0])


def report_of_mia(field):
    """An office of mia, and its first report, that waits for a decision: (office, as listed)."""
    office = field.enrol("mia", start=True)
    esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plan")
    office.report("--action", "1", "--fulfilment", "in_progress", "--percent", "40", "--narrative", "Begun.", "--wait")
    return office, field.reports()[0]


def login(port, name, secret=None):
    """A browser that is in. A code is good once: the next one is a new one."""
    browser = Browser(port)
    if secret is None:
        answer = browser.login(name)
    else:
        answer = browser.login(name, code=totp(secret, time.time()))
    if answer.status != 201:
        raise AssertionError(f"{name} is not let in: {answer.status} {answer.text}")
    return browser


def start(field, files=None, prepare=lambda daemon: daemon):
    """The daemon and its port. It is killed with the field."""
    os.makedirs(field.path("board"), exist_ok=True)
    for name, text in (files or FILES).items():
        esep.write(field.path("board", name), text)
    daemon = esep.Daemon("web", [esep.program("collector"), "web", "--config", field.config],
                         field.path("web.log"))
    field.daemons.append(daemon)
    prepare(daemon).start()
    return daemon, int(re.search(r"http on port (\d+)", daemon.text())[1])
