#!/usr/bin/python3
"""Accounts of the commission with real processes: made over the operators' socket, ordering over
their own (web.control). What an account may not is denied by ingest itself and is not in the log;
what it may is in the log with its name. The bytes of an Order are written by hand here, as a web
process that was taken over would.
"""

import os
import stat
import unittest

import zmq

import esep

KEY = "small/fulfilment/1/moj/2013-01-01..2013-12-31"
REVIEW, EXTEND, CONTROL, ACCOUNT, LIST = 9, 10, 11, 12, 7  # fields of Order
ROLES = ("viewer", "reviewer", "secretary", "administrator")


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def message(**fields):
    """f3="text", f1=5: field numbers and their values."""
    out = b""
    for name, value in fields.items():
        number = int(name[1:])
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def read(data):
    """{field number: value} of a message without repeated fields."""
    fields, at = {}, 0

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            fields[tag >> 3] = number()
        else:
            length = number()
            fields[tag >> 3] = data[at:at + length]
            at += length
    return fields


class Accounts(unittest.TestCase):
    def setUp(self):
        self.field = esep.Field(clock="at:2013-02-01T09:00:00+06:00",
                                collector={"web": {"control": "web/ingest.sock"}})
        self.enterContext(self.field)
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml"),
                                             actions={1: ("During 2013", ["moj"])}))
        self.socket = self.field.path("web", "ingest.sock")
        for role in ROLES:
            self.account("add", role, "--role", role)

    def account(self, verb, name, *words, code=0):
        return self.field.command("account", verb, name, *words, code=code)

    def accounts(self):
        form = self.field.listing("account", "list")
        self.assertEqual(form["format"], "esep-accounts/1")
        return {item["name"]: item for item in form["accounts"]}

    def ask(self, path, order):
        with zmq.Context() as context, context.socket(zmq.REQ) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            socket.connect(f"ipc://{path}")
            socket.send(order)
            self.assertTrue(socket.poll(1000 * esep.PATIENCE), "no answer")
            reply = read(socket.recv())
        return {"ok": reply.get(1, 0) == 1, "denied": reply.get(6, 0) == 1,
                "text": reply.get(2, b"").decode(), "log_index": reply.get(3)}

    def order(self, actor, what, path=None, **fields):
        order = message(f3=actor, **{f"f{what}": message(**fields)})
        return self.ask(path or self.socket, order)

    def denied(self, reply, words):
        self.assertTrue(reply["denied"], reply)
        self.assertFalse(reply["ok"])
        self.assertIn(words, reply["text"])

    def size(self):
        return self.field.listing("status")["log"]["size"]

    def extend(self, actor, until):
        return self.order(actor, EXTEND, f1=KEY, f2=until, f3="order 5", f4="floods")

    def test_each_role_over_the_accounts_socket(self):
        reviewed = self.report()
        size = self.size()
        for role in ROLES:
            with self.subTest(role=role):
                if role not in ("reviewer", "secretary"):
                    self.denied(self.order(role, REVIEW, f1=reviewed, f2=1), "not the right: review")
                if role != "secretary":
                    self.denied(self.extend(role, "2014-03-01"), "not the right: extend")
                    self.denied(self.order(role, CONTROL, f1=KEY, f2=1, f3="done"),
                                "not the right: control")
                if role != "administrator":
                    self.denied(self.order(role, ACCOUNT, f1=1, f2="new", f4=3),
                                "not the right: accounts")
                self.denied(self.order(role, LIST), "operators")
        self.denied(self.order("nobody", REVIEW, f1=reviewed, f2=1), "there is no account")
        self.denied(self.order("", REVIEW, f1=reviewed, f2=1), "there is no account")
        self.assertEqual(self.size(), size)
        self.assertTrue(self.order("reviewer", REVIEW, f1=reviewed, f2=1)["ok"])
        self.assertTrue(self.extend("secretary", "2014-03-01")["ok"])
        self.assertTrue(self.order("secretary", CONTROL, f1=KEY, f2=1, f3="done")["ok"])
        self.assertTrue(self.order("administrator", ACCOUNT, f1=1, f2="new", f4=1)["ok"])
        self.assertEqual(self.size(), size + 4)
        self.assertEqual(self.accounts()["new"]["role"], "viewer")
        self.told({"review": "reviewer", "extension": "secretary", "control": "secretary"})
        self.field.check_log()

    def report(self):
        self.office = self.field.enrol("moj", start=True)
        self.office.report(KEY, "--fulfilment", "in_progress", "--percent", "40", "--wait")
        self.office.daemon.stop()  # what it acknowledges is in the log, too, and would be counted
        return self.field.reports()[0]["log_index"]

    def told(self, actors):
        """What the office's mailbox says of who decided."""
        self.office.daemon.start()

        def look():
            mail = self.office.command("mail", "--json").json()["mail"]
            got = {item["type"]: item["item"]["actor"] for item in mail
                   if item["type"] in actors}
            return got if set(got) == set(actors) else None

        self.assertEqual(esep.wait(look, "decisions in the mailbox"), actors)

    def test_the_own_body_and_a_substitute(self):
        reviewed = self.report()
        self.account("role", "reviewer", "--role", "reviewer", "--body", "moj")
        self.account("substitute", "reviewer", "--for", "secretary", "--from", "2013-01-01", "--until",
                     "2013-12-31")
        self.account("substitute", "viewer", "--for", "reviewer", "--from", "2013-01-01", "--until",
                     "2013-12-31")
        size = self.size()
        for name in ("reviewer", "viewer"):
            self.denied(self.order(name, REVIEW, f1=reviewed, f2=1), "own body")
        self.assertEqual(self.size(), size)
        self.account("substitute", "viewer", "--for", "secretary", "--from", "2013-02-01", "--until",
                     "2013-02-01")
        self.assertTrue(self.order("viewer", REVIEW, f1=reviewed, f2=1)["ok"])
        self.told({"review": "viewer for secretary"})
        self.account("substitute", "viewer", "--for-nobody")
        self.denied(self.extend("viewer", "2014-03-01"), "not the right")
        self.account("substitute", "viewer", "--for", "secretary", "--from", "2013-02-02", "--until",
                     "2013-02-20")
        self.denied(self.extend("viewer", "2014-03-01"), "not the right")  # from tomorrow on
        self.field.check_log()

    def test_accounts_outlive_a_restart_and_both_sockets_stand(self):
        self.account("add", "aigul.k", "--role", "secretary", "--body", "mia", "--display", "Әйгүл К.")
        self.account("close", "viewer")
        before = self.accounts()
        nothing = dict.fromkeys(("invitation", "password", "second_factor", "calendar"))
        self.assertEqual(before["aigul.k"] | {"log_index": 0}, {
            "let_in_by": nothing,
            "name": "aigul.k", "display": "Әйгүл К.", "role": "secretary", "state": "active",
            "body": "mia", "substitute_for": None, "from": None, "until": None, "log_index": 0})
        self.assertEqual(before["viewer"]["state"], "closed")
        for hard in (False, True):
            self.field.collector.restart(hard=hard)
            self.assertEqual(self.accounts(), before)
            self.denied(self.extend("viewer", "2014-03-01"), "closed")
            self.denied(self.extend("reviewer", "2014-03-01"), "not the right")
        self.assertTrue(self.extend("aigul.k", "2014-03-01")["ok"])
        self.assertIn("Әйгүл К.", self.field.command("account", "list").out)
        # The operators' socket knows no accounts, and an account's name is none of a user.
        own = self.order("aigul.k", EXTEND, path=self.field.control, f1=KEY, f2="2014-04-01", f3="x",
                         f4="y")
        self.assertFalse(own["ok"])
        self.assertIn("name of an account", own["text"])
        for path, folder, mode in ((self.socket, 0o750, 0o660), (self.field.control, 0o700, 0o600)):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), folder)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode)
        self.assertFalse(self.ask(self.socket, b"\xff\xff")["ok"])
        self.field.check_log()

    def test_a_folder_that_others_may_enter(self):
        self.field.collector.stop()
        os.chmod(os.path.dirname(self.socket), 0o755)
        result = esep.run(*self.field.collector.words, code=77)
        self.assertIn("chmod 750", result.err)
        os.chmod(os.path.dirname(self.socket), 0o750)
        self.field.collector.start()
        self.assertTrue(self.extend("secretary", "2014-03-01")["ok"])

    def test_words_of_the_command(self):
        for words, code, said in (
                (["add", "x"], 64, "--role"), (["add", "x", "--role", "root"], 64, "a role is"),
                (["role", "viewer"], 64, "--role"), (["close"], 64, "name the account"),
                (["close", "viewer", "--role", "viewer"], 64, "goes with add and role"),
                (["close", "viewer", "--body", "moj"], 64, "--body goes"),
                (["role", "viewer", "--role", "viewer", "--display", "V"], 64, "--display goes"),
                (["role", "viewer", "--role", "viewer", "--body", "moj", "--no-body"], 64, "--no-body"),
                (["close", "viewer", "--until", "2013-01-01"], 64, "go with substitute"),
                (["substitute", "viewer", "--for", "secretary"], 64, "--from"),
                (["substitute", "viewer", "--for-nobody", "--until", "2013-03-01"], 64, "--for-nobody"),
                (["list", "viewer"], 64, "list takes no name"), (["fly", "x"], 64, "say add"),
                (["close", "one", "two"], 64, "one word too many"), ([], 64, "say add"),
                (["add", "Viewer", "--role", "viewer"], 65, "a-z 0-9"),
                (["add", "viewer", "--role", "viewer"], 65, "already, or was"),
                (["add", "x", "--role", "viewer", "--body", "mars"], 65, "no plan has a body"),
                (["close", "nobody"], 65, "no account"),
                (["substitute", "viewer", "--for", "viewer", "--from", "2013-03-01", "--until",
                  "2013-03-02"], 65, "himself"),
                (["substitute", "viewer", "--for", "secretary", "--from", "2013-03-02", "--until",
                  "2013-03-01"], 65, "before the first")):
            with self.subTest(words=words):
                self.assertIn(said, self.field.command("account", *words, code=code).err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
