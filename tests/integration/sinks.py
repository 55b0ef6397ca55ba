"""Where alerts arrive in a test: an SMTP server (aiosmtpd, somebody else's) and a webhook receiver.

The webhook receiver knows Standard Webhooks 1.0 by its text, not by our code: it refuses a wrong
signature with 401 and a timestamp off by more than five minutes with 400, and both fail the test.
"""

import asyncio
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import secrets
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

import esep


class Letter:
    def __init__(self, envelope):
        self.sender = envelope.mail_from
        self.recipients = list(envelope.rcpt_tos)
        self.message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.subject = self.message["Subject"]
        self.id = self.message["Message-ID"]
        (part,) = [p for p in self.message.walk() if p.get_content_type() == "text/plain"]
        self.text = part.get_content()


class MailSink:
    """refuse: answer 451 to so many letters first; answers cleared: a letter is taken, and the
    answer waits until they are set."""

    def __init__(self, port=None, refuse=0):
        self.port = port or esep.free_port()
        self.refuse = refuse
        self.refused = 0
        self.letters = []
        self.lock = threading.Lock()
        self.answers = threading.Event()
        self.answers.set()
        self.controller = None

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server, session, envelope):  # pylint: disable=invalid-name
        with self.lock:
            if self.refuse > 0:
                self.refuse -= 1
                self.refused += 1
                return "451 come again"
            self.letters.append(Letter(envelope))
        while not self.answers.is_set():
            await asyncio.sleep(0.01)
        return "250 taken"

    def start(self):
        class Sink(Controller):
            def factory(self):
                return SMTP(self.handler, enable_SMTPUTF8=True)

        self.controller = Sink(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()
        return self

    def stop(self):
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    def taken(self):
        with self.lock:
            return list(self.letters)


class HookSink:
    """refuse: answer 503 to so many requests first."""

    def __init__(self, folder, refuse=0):
        self.secret = secrets.token_bytes(32)
        self.secret_file = f"{folder}/hook.secret"
        esep.write(self.secret_file, "whsec_" + base64.b64encode(self.secret).decode(), 0o600)
        self.refuse = refuse
        self.refused = 0
        self.requests = []  # (webhook-id, body as JSON)
        self.faults = []
        self.lock = threading.Lock()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(sink.judge(self.headers, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/esep"

    def judge(self, headers, body):
        with self.lock:
            if self.refuse > 0:
                self.refuse -= 1
                self.refused += 1
                return 503
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            wanted = "v1," + base64.b64encode(
                hmac.new(self.secret, signed, hashlib.sha256).digest()
            ).decode()
            given = headers["webhook-signature"].split(" ")
            if not any(hmac.compare_digest(wanted, one) for one in given):
                self.faults.append(f"wrong signature: {dict(headers)}")
                return 401
            if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
                self.faults.append(f"timestamp is off: {dict(headers)}")
                return 400
            self.requests.append((headers["webhook-id"], json.loads(body)))
            return 204

    def taken(self):
        with self.lock:
            assert not self.faults, self.faults
            return list(self.requests)

    def items(self):
        """Every transition that arrived: (kind, obligation or office, days_left, weeks). As
        Standard Webhooks wants of a receiver, an id that came before is the same message."""
        return [
            (item["kind"], item["obligation"] or item["office"], item["days_left"], item["weeks"])
            for body in dict(self.taken()).values()
            for item in body["data"]["items"]
        ]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
