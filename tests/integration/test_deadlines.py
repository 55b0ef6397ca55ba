#!/usr/bin/python3
"""Alerts: each transition once, in every channel and language, whatever is restarted or dead.

The clock of the collector stands in its config ("at:" an instant); a step is a restart under another
clock. That nothing more is said is seen at the end of each life: TERM drains, and what had been due
was said before.
"""

import collections
import signal
import socket
import unittest

import esep
import sinks

LANGUAGES = {
    "kk": ("Есеп: small, mia", "Мерзімі"),
    "ru": ("Есеп: small, mia", "срок"),
    "en": ("Esep: small, mia", "due"),
}
HALF = "small/fulfilment/1/mia/2013-01-01..2013-06-30"


def at(day, hour="12:00:00"):
    return f"at:{day}T{hour}+06:00"


class Deadlines(unittest.TestCase):
    def setUp(self):
        self.field = esep.Field(clock=at("2013-05-01"))
        self.enterContext(self.field)
        self.mail = sinks.MailSink()
        self.hook = sinks.HookSink(self.field.folder)
        self.addCleanup(self.mail.stop)
        self.addCleanup(self.hook.stop)

    def begin(self, **alerts):
        people = [{"mail": f"{code}@example.kz", "language": code} for code in LANGUAGES]
        people.append({"mail": "secretariat@example.kz", "secretariat": True, "language": "ru"})
        people.append({"webhook": "hook"})
        self.field.collector_changes = {"alerts": esep.merged({
            "mail": {"url": self.mail.url, "from": "esep@example.kz", "tls": False},
            "webhooks": [{"name": "hook", "url": self.hook.url,
                          "secret_file": self.hook.secret_file}],
            "recipients": people, "settle": "0", "backoff": "20ms", "backoff_max": "200ms", "tries": 1000,
        }, alerts)}
        self.field.begin()
        self.field.load_plan(esep.small_plan(self.field.path("small.yaml")))

    def turn_clock(self, clock, hard=False):
        if hard:
            self.field.collector.kill()
        else:
            self.field.collector.stop()
        self.field.clock = clock
        self.field.configure()
        self.field.collector.start()

    def wait_items(self, wanted):
        esep.wait(lambda: collections.Counter(self.hook.items()) == collections.Counter(wanted),
                  f"{wanted}; there are {self.hook.items()}")

    def test_each_transition_once(self):
        self.mail.start()
        self.begin()
        steps = [
            ("2013-05-31", ("due_soon", 30, 0)),
            ("2013-06-16", ("due_soon", 14, 0)),
            ("2013-06-23", ("due_soon", 7, 0)),
            ("2013-06-27", ("due_soon", 3, 0)),
            ("2013-06-29", ("due_soon", 1, 0)),
            ("2013-06-30", ("due_today", 0, 0)),
            ("2013-07-01", ("overdue", 0, 0)),
            ("2013-07-08", ("still_overdue", 0, 1)),
            # A month away: the present state once, not the three weeks before it.
            ("2013-08-06", ("still_overdue", 0, 5)),
        ]
        wanted = []
        for day, (kind, days_left, weeks) in steps:
            self.turn_clock(at(day), hard=len(wanted) % 2 == 0)
            wanted.append((kind, HALF, days_left, weeks))
            self.wait_items(wanted)
            letters = 3 * len(wanted) + sum(kind.endswith("overdue") for kind, *_ in wanted)
            esep.wait(lambda: len(self.mail.taken()) >= letters, f"{letters} letters")
            # What was delivered is in the log before another life begins, else it comes again.
            self.wait_settled()
            self.turn_clock(at(day, "13:00:00"))  # the same day again: nothing new
        self.field.collector.stop()
        self.wait_items(wanted)
        self.assertEqual(len(self.hook.taken()), len(wanted))
        self.check_letters(wanted)
        self.field.check_log()

    def wait_settled(self, owed=0):
        """Every delivery is in the log, but those owed. Killed before that, it would be delivered
        again, under the same id: nobody can do better."""
        esep.wait(lambda: self.field.listing("status")["deliveries_owed"] == owed, "deliveries logged")

    def check_letters(self, wanted):
        by_address = collections.defaultdict(list)
        for letter in self.mail.taken():
            self.assertEqual(letter.sender, "esep@example.kz")
            (address,) = letter.recipients
            by_address[address].append(letter)
        for code, (subject, word) in LANGUAGES.items():
            letters = by_address[f"{code}@example.kz"]
            self.assertEqual(len(letters), len(wanted))
            self.assertEqual(len({letter.id for letter in letters}), len(wanted))
            for letter in letters:
                self.assertIn(subject, letter.subject)
                self.assertIn(word.lower(), letter.text.lower())
                self.assertIn(HALF, letter.text)
        overdue = [one for one in wanted if one[0].endswith("overdue")]
        self.assertEqual(len(by_address["secretariat@example.kz"]), len(overdue))

    def test_a_dead_mail_server_delays_nothing_else(self):
        self.begin()  # nobody listens on the mail port
        self.turn_clock(at("2013-07-01"))
        self.wait_items([("overdue", HALF, 0, 0)])
        self.assertEqual(self.mail.taken(), [])
        self.field.collector.wait_log("delivery-failed")
        self.wait_settled(owed=4)
        self.turn_clock(at("2013-07-01", "13:00:00"), hard=True)  # what is owed outlives a crash
        self.mail.start()
        esep.wait(lambda: len(self.mail.taken()) == 4, "the four letters once the server is back")
        self.wait_items([("overdue", HALF, 0, 0)])

    def test_a_mail_server_that_says_nothing(self):
        self.begin(timeout="1s")
        with socket.create_server(("127.0.0.1", self.mail.port), backlog=64):
            self.turn_clock(at("2013-07-01"))
            self.wait_items([("overdue", HALF, 0, 0)])
            self.field.collector.wait_log("delivery-failed.*[Tt]imed? ?out")
        self.mail.start()
        esep.wait(lambda: len(self.mail.taken()) >= 4, "the letters after all")

    def test_refusals_are_tried_again_and_given_up_loudly(self):
        self.mail.refuse = 3
        self.hook.refuse = 2
        self.mail.start()
        self.begin()
        self.turn_clock(at("2013-07-01"))
        self.wait_items([("overdue", HALF, 0, 0)])
        esep.wait(lambda: len(self.mail.taken()) == 4, "letters after refusals")
        self.wait_settled()
        self.assertEqual((self.mail.refused, self.hook.refused), (3, 2))
        self.hook.refuse = 1000
        self.field.collector_changes["alerts"]["tries"] = 3
        self.turn_clock(at("2013-07-08"))
        self.field.collector.wait_log("alert-given-up.*after 3 tries: answered 503")
        esep.wait(lambda: len(self.mail.taken()) == 8, "the letters are not held up by it")
        self.field.collector.stop()
        self.assertEqual(self.hook.refused, 5)
        self.field.check_log()

    def test_what_was_taken_before_the_end_is_not_sent_again(self):
        self.mail.answers.clear()
        self.mail.start()
        self.begin()
        self.turn_clock(at("2013-07-01"))
        esep.wait(lambda: len(self.mail.taken()) == 4, "the letters to be taken")
        self.field.collector.signal(signal.SIGTERM)
        self.field.collector.wait_log("draining")
        self.mail.answers.set()
        self.assertEqual(self.field.collector.ended(), 0)
        self.field.collector.start()
        self.wait_settled()
        self.assertEqual(len(self.mail.taken()), 4)
        self.field.check_log()

    def test_a_silent_office(self):
        self.begin()
        self.mail.start()
        self.field.enrol("akmola")
        self.field.enrol("mia")
        self.turn_clock(at("2013-05-09"))
        self.wait_items([("silent", 1, 0, 0), ("silent", 2, 0, 0)])
        # Two offices of two bodies: two letters to each of three people and the secretariat.
        esep.wait(lambda: len(self.mail.taken()) == 8, "letters about silence")
        self.wait_settled()
        for state in ("silent", "silent"):
            self.assertEqual(self.field.office_status(1)["state"], state)
        self.turn_clock(at("2013-05-12"))  # said once, not each day
        # It comes back, and is silent again: another transition.
        office = self.field.offices[0]
        office.configure(clock=at("2013-05-12"))
        office.daemon.start()
        esep.wait(lambda: self.field.office_status(1)["state"] == "active", "office 1 seen again")
        office.daemon.stop()
        self.turn_clock(at("2013-05-21"))
        self.wait_items([("silent", 1, 0, 0), ("silent", 2, 0, 0), ("silent", 1, 0, 0)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
