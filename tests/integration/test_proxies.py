#!/usr/bin/python3
"""The page behind the shipped nginx and Caddy configurations, with the real programs: nothing in them
is changed but names, ports and where the certificate lies. Clients come from addresses of their own
on loopback (127.0.0.2 ...), as browsers come from theirs.
"""

import concurrent.futures
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import unittest
import warnings

import esep
import page
import proxying


class Proxies:
    """What both must do. `proxy` of a subclass writes the configuration and returns the daemon."""

    @classmethod
    def setUpClass(cls):
        cls.field = esep.Field(collector=page.changes(insecure="false", hosts=["localhost"]))
        cls.field.__enter__()
        cls.addClassCleanup(cls.field.__exit__, None, None, None)
        cls.field.begin()
        cls.field.load_plan()
        page.add_account(cls.field, "vera", "viewer")
        page.add_account(cls.field, "saule", "secretary")
        cls.web, cls.upstream = page.start(cls.field)
        cls.certificate, key = cls.field.path("cert.pem"), cls.field.path("key.pem")
        esep.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2",
                 "-keyout", key, "-out", cls.certificate)
        cls.https, cls.plain = esep.free_port(), esep.free_port()
        cls.daemon = cls.proxy(key)
        cls.daemon.start(ready=False)
        esep.wait(cls.listens, f"{cls.daemon.name} to listen")

    @classmethod
    def listens(cls):
        assert cls.daemon.running(), cls.daemon.text()
        return proxying.answers(cls.https)

    def context(self):
        return ssl.create_default_context(cafile=self.certificate)

    def line(self, source="127.0.0.1", context=None, name="localhost"):
        """A connection over TLS to the proxy, from that address."""
        raw = socket.create_connection(("127.0.0.1", self.https), 60, (source, 0))
        line = http.client.HTTPSConnection("localhost", self.https)
        line.sock = (context or self.context()).wrap_socket(raw, server_hostname=name)
        return line

    def ask(self, method, path, body=None, source="127.0.0.1", **heads):
        given = {"Host": f"localhost:{self.https}"}
        if method != "GET":
            given["Origin"] = f"https://localhost:{self.https}"
        given.update({name.replace("_", "-"): value for name, value in heads.items()})
        line = self.line(source)
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        line.request(method, path, data, given)
        answer = line.getresponse()
        answer.text = answer.read().decode()
        line.close()
        return answer

    def login(self, source="127.0.0.1", password=page.PASSWORD, name="vera", **heads):
        return self.ask("POST", "/api/v1/session", {"name": name, "password": password}, source, **heads)

    def test_a_login_with_the_cookie_that_only_https_carries(self):
        answer = self.login()
        self.assertEqual(answer.status, 201, answer.text)
        cookie = answer.headers["Set-Cookie"]
        self.assertTrue(cookie.startswith("__Host-esep="), cookie)
        for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, cookie)
        csrf = json.loads(answer.text)["csrf"]
        heads = {"Cookie": cookie.split(";")[0]}
        self.assertEqual(self.ask("GET", "/api/v1/summary", **heads).status, 200)
        self.assertEqual(self.ask("DELETE", "/api/v1/session", **heads).status, 403)
        self.assertEqual(self.ask("DELETE", "/api/v1/session", X_CSRF_Token=csrf, **heads,
                                  Origin="https://evil.example").status, 403)
        self.assertEqual(self.ask("DELETE", "/api/v1/session", X_CSRF_Token=csrf, **heads).status, 204)

    def test_a_file_that_the_page_had_made_comes_whole(self):
        answer = self.login(name="saule")
        heads = {"Cookie": answer.headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": json.loads(answer.text)["csrf"]}
        path = "/api/v1/exports"
        ordered = self.ask("POST", path, {"format": "json", "language": "kk", "year": 2013, "plan": "kz-1347-2012"},
                           **heads)
        self.assertEqual(ordered.status, 202, ordered.text)
        path += "/" + json.loads(ordered.text)["id"]

        def done():
            said = json.loads(self.ask("GET", path, **heads).text)
            self.assertNotEqual(said["state"], "failed", said)
            return said["state"] == "done" and said
        size = esep.wait(done, "the export", 3 * esep.PATIENCE)["size_bytes"]
        file = self.ask("GET", path + "/file", **heads)
        self.assertEqual((file.status, len(file.text.encode())), (200, size))
        self.assertGreater(size, 65536)
        self.assertIn("attachment", file.headers["Content-Disposition"])
        json.loads(file.text)

    def test_what_the_page_says_to_browsers_comes_through_once(self):
        for path in ("/", "/api/v1/session", "/healthz"):
            answer = self.ask("GET", path)
            self.assertEqual(answer.headers["Strict-Transport-Security"], "max-age=63072000", path)
            for name in ("Content-Security-Policy", "X-Content-Type-Options", "Cache-Control"):
                self.assertEqual(len(answer.headers.get_all(name)), 1, (path, name))
            self.assertNotRegex(answer.headers.get("Server", ""), r"\d")
        etag = self.ask("GET", "/app.js").headers["ETag"]
        self.assertEqual(self.ask("GET", "/app.js", If_None_Match=etag).status, 304)

    def test_live_news_comes_at_once(self):
        cookie = self.login().headers["Set-Cookie"].split(";")[0]
        line = self.line()
        line.request("GET", "/api/v1/events", headers={"Host": f"localhost:{self.https}", "Cookie": cookie})
        answer = line.getresponse()
        self.assertEqual(answer.headers["Content-Type"], "text/event-stream")

        def size():
            while True:
                text = answer.readline().decode()
                self.assertNotEqual(text, "", "the stream has ended")
                if text.startswith("data:"):
                    return json.loads(text[5:])["log_size"]
        seen = size()
        for name in ("one", "two", "three"):  # a few hundred bytes: no buffer fills
            self.field.command("account", "add", name, "--role", "viewer")
            grown = size()
            self.assertGreater(grown, seen)
            seen = grown
        line.close()

    def test_who_guesses_is_known_by_the_address_that_the_proxy_sees(self):
        lies = {"X_Forwarded_For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X_Real_IP": "203.0.113.9"}
        # All at once: one after the other, on a slow machine, each might have been forgiven before the next.
        with concurrent.futures.ThreadPoolExecutor(8) as guesses:
            answers = list(guesses.map(lambda _: self.login("127.0.0.2", "guess", **lies).status, range(24)))
        self.assertIn(401, answers)
        self.assertIn(429, answers)
        said = self.web.text()
        self.assertIn("login-failed", said)
        self.assertIn("from 127.0.0.2", said)
        self.assertNotIn("203.0.113.9", said)
        self.assertEqual(self.login("127.0.0.3").status, 201)

    def test_what_is_too_large_is_refused(self):
        for size_bytes in (70000, 999999):
            self.assertEqual(self.ask("POST", "/api/v1/session", b"x" * size_bytes).status, 413, size_bytes)
        line = self.line()
        line.putrequest("POST", "/api/v1/session")
        line.putheader("Content-Length", "1000000")
        line.endheaders()  # refused before a byte of it is sent
        self.assertEqual(line.getresponse().status, 413)
        line.close()
        pieces = (b"x" * 7000 for _ in range(12))
        self.assertEqual(self.ask("POST", "/api/v1/session", pieces).status, 413)
        self.assertIn(self.ask("GET", "/", X_Large="x" * 40000).status, (400, 431))
        self.assertEqual(self.ask("GET", "/").status, 200)

    def test_another_name_is_not_answered(self):
        for host in ("evil.example", f"evil.example:{self.https}", "localhost.evil.example"):
            answer = self.ask("GET", "/healthz", Host=host)
            self.assertEqual((answer.status, "alive" in answer.text), (421, False), host)

    def test_no_request_hides_in_another_one(self):
        hidden = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for heads in ("Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6",
                      f"Content-Length: {len(hidden)}\r\nTransfer-Encoding: chunked", "Transfer-Encoding: xchunked"):
            line = self.line()
            line.sock.sendall(f"POST /api/v1/session HTTP/1.1\r\nHost: localhost:{self.https}\r\n{heads}\r\n\r\n"
                              .encode() + hidden)
            said = line.sock.recv(4096)
            line.sock.settimeout(1)  # an answer more, or the end; a proxy may also wait
            with contextlib.suppress(TimeoutError):
                while piece := line.sock.recv(4096):
                    said += piece
            line.close()
            self.assertRegex(said, rb"^HTTP/1.1 (4\d\d|501)", heads)
            # An answer that the proxy did not ask for would be given to whoever asks next.
            for _ in range(4):
                self.assertEqual(self.ask("GET", "/app.js").text.strip(), page.FILES["app.js"], heads)

    def test_old_tls_is_refused(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context()
            context.minimum_version = context.maximum_version = version
            self.line(context=context).close()
        context = self.context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that is what is looked at
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaisesRegex(ssl.SSLError, "ALERT_PROTOCOL_VERSION"):
            self.line(context=context)

    def test_plain_http_is_sent_to_https(self):
        line = http.client.HTTPConnection("127.0.0.1", self.plain, timeout=60)
        line.request("GET", "/actions/13?x=1", headers={"Host": "localhost"})
        answer = line.getresponse()
        self.assertIn(answer.status, (301, 308))
        self.assertRegex(answer.headers["Location"], r"^https://localhost(:\d+)?/actions/13\?x=1$")
        line.close()

    def test_a_calendar_s_address_is_in_no_log(self):
        address = "c0ffee" * 8
        self.assertEqual(self.ask("GET", f"/calendar/{address}.ics").status, 404)
        self.assertEqual(self.ask("GET", "/healthz?seen").status, 200)
        line = http.client.HTTPConnection("127.0.0.1", self.plain, timeout=60)
        line.request("GET", f"/calendar/{address}.ics", headers={"Host": "localhost"})
        line.getresponse().read()
        line.close()
        self.assertNotIn(address, self.daemon.text(from_start=True) + self.web.text(from_start=True))
        if self.access:
            def seen():
                with open(self.field.path(*self.access), encoding="utf-8") as file:
                    return (text := file.read()) and "/healthz?seen" in text and text
            self.assertNotIn(address, esep.wait(seen, "the other request in the log"))

    def test_browsers_speak_http_2(self):
        said = esep.run("curl", "--silent", "--http2", "--cacert", self.certificate, "--write-out", "%{http_version}",
                        f"https://localhost:{self.https}/healthz", "--resolve", f"localhost:{self.https}:127.0.0.1")
        self.assertEqual(said.out, "alive\n2")


class Nginx(Proxies, unittest.TestCase):
    access = ("nginx", "access.log")

    @classmethod
    def proxy(cls, key):
        with open(os.path.join(esep.SOURCE, "config", "nginx", "esep.conf"), encoding="utf-8") as file:
            text = file.read()
        text = proxying.changed(
            text, (r"listen 443", f"listen 127.0.0.1:{cls.https}", 2), (r"^ *listen \[::\].*\n", "", 3),
            (r"listen 80", f"listen 127.0.0.1:{cls.plain}", 1), (r"esep\.example\.kz(?=;)", "localhost", 2),
            (r"/etc/esep/tls/fullchain.pem", cls.certificate, 1), (r"/etc/esep/tls/key.pem", key, 1),
            (r"server 127.0.0.1:8080", f"server 127.0.0.1:{cls.upstream}", 1))
        return proxying.nginx(cls.field, text)


class Caddy(Proxies, unittest.TestCase):
    access = None  # it keeps none, as it is shipped

    @classmethod
    def proxy(cls, key):
        with open(os.path.join(esep.SOURCE, "config", "caddy", "Caddyfile"), encoding="utf-8") as file:
            text = file.read()
        text = proxying.changed(
            text, (r"^\tservers \{", f"\tadmin off\n\thttp_port {cls.plain}\n\thttps_port {cls.https}\n\tservers {{", 1),
            (r"^https://esep\.example\.kz \{", "https://localhost {", 1),
            (r"/etc/esep/tls/fullchain.pem", cls.certificate, 1), (r"/etc/esep/tls/key.pem", key, 1),
            (r"reverse_proxy 127.0.0.1:8080", f"reverse_proxy 127.0.0.1:{cls.upstream}", 1))
        esep.write(cls.field.path("Caddyfile"), text)
        daemon = esep.Daemon("caddy", ["env", f"HOME={cls.field.folder}", "caddy", "run", "--adapter", "caddyfile",
                                       "--config", cls.field.path("Caddyfile")], cls.field.path("caddy.log"))
        cls.field.daemons.append(daemon)
        return daemon


if __name__ == "__main__":
    unittest.main()
