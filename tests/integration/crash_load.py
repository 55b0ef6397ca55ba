"""What goes on while test_crash.py kills: people at work in several offices and at the secretariat.

Work is commands of the real programs, started and left to run: reports by the dozen, reviews and
longer deadlines, enrolments with one-time codes, backups. Each command that ended with 0 is a promise
that is kept count of; one that was killed, or got no answer in time, may have been carried out or
not, but never by half. What it came to is looked at in crash_check.py.
"""

import collections
import json
import os
import signal
import subprocess
import time

import esep

ACTIONS = range(1, 61)
BODIES = [f"b{number:02}" for number in range(1, 13)]
KEY = "small/fulfilment/{}/{}/2013-01-01..2013-12-31"
DECIDED = {0: "decisions", 65: "decisions refused"}
UNSURE = (69, 75)  # unavailable, no answer in time: it may have been done


class Job:
    """A command under way."""

    def __init__(self, words, done):
        self.done = done  # done(job), once it has ended
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, text=True, preexec_fn=esep.die_with_parent,
        )
        self.killed = False
        self.code = self.out = self.err = None

    def kill(self):
        if self.process.poll() is None:
            self.killed = True
            self.process.kill()

    def reap(self, wait=False):
        """True once it is over; then done() has been called."""
        if not wait and self.process.poll() is None:
            return False
        self.out, self.err = self.process.communicate(timeout=esep.PATIENCE)
        self.code = self.process.returncode
        if esep.TROUBLE.search(self.err):
            raise AssertionError(f"{self.process.args}: a sanitizer or an assertion spoke\n{self.err}")
        if self.code == -signal.SIGKILL and self.killed:
            self.code = None
        self.done(self)
        return True

    def must(self, *codes):
        """It ended with one of these, or was killed by us (None)."""
        if self.code is not None and self.code not in codes:
            raise AssertionError(f"{self.process.args} ended with {self.code}:\n{self.out}{self.err}")


class Work:
    """All that was asked for in one field, and what became of it."""

    def __init__(self, field, rng):
        self.field = field
        self.random = rng
        self.jobs = {}  # who works -> Job: each does one thing at a time
        self.tag = 0
        self.filed = collections.defaultdict(list)  # office's name -> (tags of a command, sure)
        self.orders = []  # (log index, body) of decisions that were confirmed
        self.codes = []  # (body, code): one-time codes that nobody has used
        self.started = []  # (office, code): whose enrolment may have broken off
        self.reports = []  # log indexes to decide on
        self.backups = {}  # folder -> True (it ended with 0) or False
        self.counts = collections.Counter()
        self.numbers = {}  # office's name -> its number

    def start(self, who, words, done):
        job = self.jobs[who] = Job(words, done)
        self.counts["commands"] += 1
        return job

    def reap(self, wait=False):
        for who, job in list(self.jobs.items()):
            if job.reap(wait):
                del self.jobs[who]

    def offices(self):
        """Those that report."""
        return [office for office in self.field.offices if office.name in self.numbers]

    # One of these is begun in each cycle; each returns its Job, or None where it has to wait.

    def file_reports(self):
        office = self.random.choice(self.offices())
        if office.name in self.jobs:
            return None
        path, tags = self.lines(office)

        def done(job):
            job.must(0)
            self.filed[office.name].append((tags, job.code == 0))
            self.counts["reports"] += len(tags)

        return self.start(office.name, [esep.program("agent"), "report", "--config", office.config,
                                        "--many", path], done)

    def lines(self, office):
        """A file of reports, each with a tag of its own."""
        path = self.field.path(f"{office.name}.many")
        tags = []
        with open(path, "w", encoding="utf-8") as file:
            for _ in range(self.random.randrange(1, 40)):
                self.tag += 1
                tags.append(self.tag)
                file.write(json.dumps({
                    "obligation": KEY.format(self.random.choice(ACTIONS), office.body),
                    "fulfilment": "in_progress", "percent": self.tag % 101,
                    "narrative": f"tag-{self.tag} " + "ұ" * self.random.randrange(600),
                }) + "\n")
        return path, tags

    def decide(self):
        """A review or a new deadline, by the secretariat."""
        if "secretariat" in self.jobs or not self.reports:
            return None
        if self.random.random() < 0.6:
            place = self.random.randrange(len(self.reports))
            index, body = self.reports.pop(place)
            words = ["review", str(index)]
            words += (["--accept"] if self.random.random() < 0.5
                      else ["--return", "incomplete", "--again-by", "2013-03-01"])
        else:
            body = self.random.choice(self.offices()).body
            words = ["extend", KEY.format(self.random.choice(ACTIONS), body), "--until",
                     f"2014-{self.random.randrange(1, 13):02}-15", "--document", "№ 1", "--reason", "asked for"]

        def done(job):
            job.must(*DECIDED, *UNSURE)  # 65: a later report has superseded it meanwhile
            if job.code == 0:
                self.orders.append((json.loads(job.out)["log_index"], body))
            self.counts[DECIDED.get(job.code, "decisions unsure")] += 1

        return self.start("secretariat", [esep.program("collector"), words[0], "--config",
                                          self.field.config, *words[1:], "--json"], done)

    def enrol(self):
        if "enrolment" in self.jobs or not self.codes:
            return None
        body, code = self.codes.pop()
        office = esep.Office(self.field, f"{body}-1", body)

        def done(job):
            job.must(0, 65, *UNSURE)  # 65: no such code on a roster that is not yet there
            self.started.append((office, code))

        return self.start("enrolment", [esep.program("agent"), "enrol", "--config", office.config,
                                        "--code", code], done)

    def back_up(self):
        if "operator" in self.jobs:
            return None
        folder = self.field.path(f"backup-{len(self.backups)}")

        def done(job):
            job.must(0)
            self.backups[folder] = job.code == 0
            self.counts["backups"] += job.code == 0

        return self.start("operator", [esep.program("collector"), "backup", "--config",
                                       self.field.config, folder], done)

    def begin_something(self):
        kinds = (self.file_reports, self.decide, self.enrol, self.back_up)
        return self.random.choices(kinds, (12, 3, 1, 1))[0]()

    def settle_enrolments(self):
        """With all daemons up: the same command with the same code ends well, however it broke off."""
        for office, code in self.started:
            again = office.enrol(code, code=None)
            if again.code == 65 and "the code was not used" in again.err:
                again.code = 0  # it had been done before the first command was killed
            assert again.code == 0, str(again)
            status = office.command("status", "--json").json()
            assert status["body"] == office.body, status
            self.field.offices.append(office)
            self.numbers[office.name] = status["office"]
            self.counts["enrolments"] += 1
            office.daemon.start()
        self.started = []

    def draw_codes(self, count):
        taken = {office.body for office in self.field.offices} | {body for body, _ in self.codes}
        for body in [body for body in BODIES if body not in taken][:count]:
            self.codes.append((body, self.field.code(body, "--accept")))

    def settle_backups(self):
        """A backup that ended with 0 is whole; one that was killed may be made again."""
        for folder, sure in self.backups.items():
            if not sure and not os.path.exists(folder):
                self.field.command("backup", folder)
            aside = folder + ".yaml"
            with open(self.field.config, encoding="utf-8") as file:
                esep.write(aside, file.read().replace('store: "store"', f'store: "{folder}"'))
            verdict = esep.run(esep.program("collector"), "log", "verify", "--config", aside,
                               "--json").json()
            assert verdict["ok"], verdict
        self.backups = {}


def timeline(events):
    """Does each thing at its time: [(seconds from now, function)]."""
    began = time.monotonic()
    for at, action in sorted(events, key=lambda event: event[0]):
        time.sleep(max(0.0, began + at - time.monotonic()))
        action()
