"""A field of real Esep daemons in one folder, for tests and drills.

    with esep.Field() as field:
        field.begin()                     # keys, configs, collector init; broker and collector run
        field.load_plan(PLAN)
        office = field.enrol("moj")       # an agent, enrolled by a real code
        office.daemon.start()

A field picks ports below the kernel's own (ephemeral) range, so that a daemon killed and started
again finds its port free. Daemons die with this program (PR_SET_PDEATHSIG), and a field fails at its
end if one of its daemons died by itself or a sanitizer spoke. Nothing here sleeps to let something
happen: `wait` asks again and again, with a generous deadline.

ESEP_BIN names the folder of the programs, ESEP_SOURCE the source tree; ESEP_KEEP=1 keeps folders.
"""

import collections
import contextlib
import ctypes
import datetime
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ.get(
    "ESEP_SOURCE", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
)
BIN = os.environ.get("ESEP_BIN", os.path.join(SOURCE, "build", "dev", "bin"))
PLAN = os.path.join(SOURCE, "config", "plans", "kz-1347-2012.yaml")
PATIENCE = float(os.environ.get("ESEP_PATIENCE", "120"))  # for what hangs: nothing is measured by it
ALMATY = datetime.timezone(datetime.timedelta(hours=6))  # from 2004 to 2024
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
PORTS = []  # sockets that say which ports are this program's
ASKED = collections.Counter()  # kinds of commands: see leaks_asked
TROUBLE = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|assertion|Assertion")


def program(name):
    return os.path.join(BIN, "esep-" + name)


def wait(condition, what, timeout=PATIENCE, every=0.05):
    """Until condition() is true; returns what it returned. Errors that mean 'not yet' may pass. Who looks by starting a
    program leaves the processor twice as long to what is waited for."""
    deadline = time.monotonic() + timeout
    while True:
        looked = time.monotonic()
        value = condition()
        if value:
            return value
        now = time.monotonic()
        if now > deadline:
            raise AssertionError(f"waited {timeout:.0f} s for: {what}")
        time.sleep(max(every, 2 * (now - looked)))


def free_port():
    """A port that nobody holds now, that the kernel does not give away by itself, and that no other
    test draws while this one runs: whose daemon is down, or not up yet, finds it free all the same. A
    name in the kernel (abstract, gone with this process) says that it is taken."""
    for _ in range(1000):
        port = random.SystemRandom().randrange(15000, 32000)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0esep-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        PORTS.append(claim)
        return port
    raise AssertionError("no free port")


def shift_to(instant):
    """The clock that makes now look like instant: 'shift:-123s'."""
    wanted = datetime.datetime.fromisoformat(instant)
    delta = wanted - datetime.datetime.now(datetime.timezone.utc)
    return f"shift:{round(delta.total_seconds())}s"


def yaml_text(value, depth=0):
    """Enough YAML for configs; strings are quoted, so that nothing is read as something else."""
    pad = "  " * depth
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            if isinstance(item, (dict, list)) and item:
                lines.append(f"{pad}{key}:\n{yaml_text(item, depth + 1)}")
            else:
                lines.append(f"{pad}{key}: {yaml_text(item)}")
        return "\n".join(lines)
    if isinstance(value, list):
        if not value:
            return "[]"
        return "\n".join(
            f"{pad}- " + yaml_text(item, depth + 1).lstrip() if isinstance(item, dict)
            else f"{pad}- {yaml_text(item)}"
            for item in value
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False)


def merged(base, changes):
    result = dict(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


class Result:
    def __init__(self, done, words):
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        self.words = words

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{' '.join(self.words)}\nexit {self.code}\n{self.out}{self.err}"


def leaks_asked(words, code):
    """To look for leaks takes half of a command's time under the sanitizers: each kind of command, by its name, its options
    and how it is to end, is asked once in a test, and goes on without."""
    kind = (*words[:2], *sorted(word for word in words if word.startswith("--")), code)
    ASKED[kind] += 1
    return ASKED[kind] == 1


def run(*words, code=0, timeout=PATIENCE, stdin=None, env=None):
    """Runs a command; code: the exit status it must end with (None: any)."""
    words = [str(word) for word in words]
    variables = dict(os.environ, **(env or {}))
    if not leaks_asked(words, code):
        variables["ASAN_OPTIONS"] = variables.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=timeout, input=stdin, check=False, env=variables,
    )
    result = Result(done, words)
    if TROUBLE.search(result.err):
        raise AssertionError(f"a sanitizer or an assertion spoke:\n{result}")
    if code is not None and result.code != code:
        raise AssertionError(f"wanted exit {code}:\n{result}")
    return result


def die_with_parent():
    os.setsid()
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Daemon:
    """One program that serves. Its log goes on in one file across starts."""

    def __init__(self, name, words, log):
        self.name = name
        self.words = [str(word) for word in words]
        self.log = log
        self.process = None
        self.mark = 0  # where the log of the present run begins

    def start(self, ready=True):
        assert self.process is None, f"{self.name} runs already"
        with open(self.log, "ab") as out:
            self.mark = out.tell()
            self.process = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn
                self.words, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                preexec_fn=die_with_parent,
            )
        if ready:
            self.wait_log(r" ready: ")
        return self

    def text(self, from_start=False):
        with open(self.log, "rb") as file:
            file.seek(0 if from_start else self.mark)
            return file.read().decode("utf-8", "replace")

    def wait_log(self, pattern, timeout=PATIENCE):
        """A line of the present run that matches."""

        def look():
            found = re.search(pattern, self.text())
            if found is None and self.process is not None and self.process.poll() is not None:
                raise AssertionError(
                    f"{self.name} ended with {self.process.returncode}, no {pattern!r}:\n"
                    + self.text()[-3000:]
                )
            return found

        try:
            return wait(look, f"{self.name} to log {pattern!r}", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()[-3000:]}") from None

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self, timeout=PATIENCE):
        """Waits for its end; returns the exit status."""
        code = self.process.wait(timeout)
        self.process = None
        return code

    def stop(self, code=0):
        """TERM, and it must drain and end well."""
        self.signal(signal.SIGTERM)
        try:
            ended = self.ended()
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end:\n{self.text()[-3000:]}") from None
        if ended != code:
            raise AssertionError(f"{self.name} ended with {ended}:\n{self.text()[-3000:]}")

    def kill(self):
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self, hard=False):
        if hard:
            self.kill()
        else:
            self.stop()
        return self.start()


class Office:
    """An agent: its folder, its config, its daemon, its commands."""

    def __init__(self, field, name, body, changes=None):
        self.field = field
        self.name = name
        self.body = body
        self.folder = field.path(name)
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self.config = os.path.join(self.folder, "agent.yaml")
        self.changes = changes or {}
        self.daemon = Daemon(
            name, [program("agent"), "run", "--config", self.config],
            os.path.join(self.folder, "agent.log"),
        )
        field.daemons.append(self.daemon)
        self.configure()

    def configure(self, **changes):
        self.changes = merged(self.changes, changes)
        config = {
            "journal": "journal",
            "keys": "agent.keys",
            "label": f"{self.body} / {self.name}",
            "log_id": self.field.ids["log_id"],
            "log_key": self.field.ids["log_key"],
            "seal_key": self.field.ids["seal_key"],
            "brokers": [
                {"address": broker.address, "key": broker.key} for broker in self.field.brokers
            ],
            "clock": self.field.clock,
            "language": "ru",
            "page": {"enabled": False},
            "log": {"level": "info"},
            "limits": {
                "journal_bytes": "256M", "connect_timeout": "5s", "hello_timeout": "10s",
                "reply_timeout": "20s", "keep_alive": "5s", "backoff": "50ms",
                "backoff_max": "500ms", "poll": "100ms",
            },
        }
        write(self.config, yaml_text(merged(config, self.changes)))

    def command(self, *words, code=0, **more):
        return run(program("agent"), words[0], "--config", self.config, *words[1:], code=code, **more)

    def enrol(self, once, **more):
        return self.command("enrol", "--code", once, **more)

    def report(self, *words, code=0, **more):
        return self.command("report", *words, code=code, **more)


class Broker:
    def __init__(self, field, name, changes=None):
        self.field = field
        self.name = name
        self.folder = field.path(name)
        os.makedirs(self.folder, mode=0o700)
        self.config = os.path.join(self.folder, "broker.yaml")
        self.port = free_port()
        self.inner = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.inner_address = f"tcp://127.0.0.1:{self.inner}"
        self.changes = changes or {}
        self.key = self.sign_key = ""
        self.configure()
        made = keys_of(run(program("broker"), "init", "--config", self.config).out)
        self.key, self.sign_key = made["curve_key"], made["sign_key"]
        self.daemon = Daemon(
            name, [program("broker"), "run", "--config", self.config],
            os.path.join(self.folder, "broker.log"),
        )
        field.daemons.append(self.daemon)

    def configure(self, **changes):
        self.changes = merged(self.changes, changes)
        zero = "0" * 64
        config = {
            "name": self.name,
            "keys": "broker.keys",
            "agents": [self.address],
            "collectors": [self.inner_address],
            "log_id": self.field.ids.get("log_id", zero),
            "log_key": self.field.ids.get("log_key", zero),
            "collector_keys": [self.field.ids.get("curve_key", zero)],
            "enrolment": True,
            "control": "run/broker.sock",
            "log": {"level": "info"},
            "limits": {"heartbeat": "500ms", "wait": "200ms", "drain": "200ms",
                       "stranger_every": "20ms", "strangers_per_second": 1000,
                       "strangers_burst": 1000},
        }
        write(self.config, yaml_text(merged(config, self.changes)))

    def status(self):
        return run(program("broker"), "status", "--config", self.config, "--json").json()


class Field:
    """Everything of one test."""

    def __init__(self, clock="real", brokers=1, collector=None, broker=None):
        self.folder = tempfile.mkdtemp(prefix="esep-")
        self.clock = clock
        self.broker_count = brokers
        self.collector_changes = collector or {}
        self.broker_changes = broker or {}
        self.ids = {}
        self.daemons = []
        self.brokers = []
        self.offices = []
        self.operators = []
        self.config = self.path("collector.yaml")
        self.collector = Daemon(
            "collector", [program("collector"), "run", "--config", self.config],
            self.path("collector.log"),
        )
        self.daemons.append(self.collector)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        sick = []
        for daemon in self.daemons:
            if daemon.process is not None and daemon.process.poll() is not None:
                sick.append(f"{daemon.name} ended by itself with {daemon.process.returncode}")
            daemon.kill()
            if os.path.exists(daemon.log) and TROUBLE.search(daemon.text(from_start=True)):
                sick.append(f"{daemon.name}: a sanitizer or an assertion spoke")
        if sick or kind is not None:
            for daemon in self.daemons:
                if os.path.exists(daemon.log):
                    text = daemon.text(from_start=True)
                    found = TROUBLE.search(text)
                    part = text[found.start() - 200:][:4000] if found else text[-1500:]
                    print(f"--- {daemon.name}\n{part}", file=sys.stderr)
        if os.environ.get("ESEP_KEEP"):
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if sick and kind is None:
            raise AssertionError("; ".join(sick))

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def configure(self, **changes):
        """Writes the collector's config: the base, then what this field changes."""
        self.collector_changes = merged(self.collector_changes, changes)
        config = {
            "name": "collector-1",
            "store": "store",
            "keys": "collector.keys",
            "control": "run/ingest.sock",
            "clock": self.clock,
            "brokers": [{"address": b.inner_address, "key": b.key} for b in self.brokers],
            "operators": self.operators,
            "log": {"level": "info"},
            "alerts": {"settle": "0ms"},
            "limits": {"store_bytes": "1G", "offices": 64, "obligations": 4096, "plans": 16,
                       "codes": 256, "sessions": 64, "ingest_bytes": "16M", "batch_bytes": "4M",
                       "link_heartbeat": "500ms"},
        }
        write(self.config, yaml_text(merged(config, self.collector_changes)))

    def begin(self, start=True):
        for number in range(self.broker_count):
            self.brokers.append(Broker(self, f"broker-{number + 1}", self.broker_changes))
        self.configure()
        self.ids = keys_of(self.command("init").out)
        for broker in self.brokers:
            broker.configure()
        if start:
            for broker in self.brokers:
                broker.daemon.start()
            self.collector.start()
        return self

    @property
    def broker(self):
        return self.brokers[0]

    def signing_brokers(self):
        """As an office's configuration names them that takes their notes of ingress."""
        return [{"address": b.address, "key": b.key, "sign_key": b.sign_key} for b in self.brokers]

    @property
    def control(self):
        return self.path("run", "ingest.sock")

    def command(self, name, *words, code=0, **more):
        return run(program("collector"), name, "--config", self.config, *words, code=code, **more)

    def listing(self, name, *words):
        return self.command(name, *words, "--json").json()

    def load_plan(self, path=PLAN, *words):
        return self.command("plan", "load", path, *words)

    def keys(self, *words, code=0):
        """An order over ingest's local socket."""
        return run(program("broker"), "keys", *words, "--control", self.control, "--clock",
                   self.clock, code=code)

    def code(self, body, *words):
        return self.keys("enrol", body, *words).out.strip()

    def enrol(self, body, name=None, start=False, **changes):
        """An office with its keys, enrolled and accepted."""
        if name is None:
            name = f"{body}-{sum(o.body == body for o in self.offices) + 1}"
        office = Office(self, name, body, changes)
        office.enrol(self.code(body, "--accept"))
        self.offices.append(office)
        if start:
            office.daemon.start()
        return office

    def reports(self, *words):
        return self.listing("reports", *words)["reports"]

    def obligations(self, *words):
        return self.listing("obligations", *words)["obligations"]

    def office_status(self, number):
        return next(o for o in self.listing("status")["offices"] if o["office"] == number)

    def check_log(self, *words):
        """The log verifies, and its views are what it says."""
        verdict = self.listing("log", "verify", *words)
        assert verdict["ok"], verdict
        replay = self.listing("log", "replay")
        assert replay["same"], replay
        return verdict

    def operator(self, name="operator-1"):
        """Makes an operator; the collector must be restarted (or not yet run) to know it."""
        item = run(program("broker"), "keys", "operator", "--out", self.path(name + ".keys"),
                   "--name", name).out
        self.operators.append({
            key: re.search(rf"{key}: (\S+)", item).group(1)
            for key in ("name", "sign_key", "curve_key")
        })
        write(self.path(name + ".yaml"), yaml_text({
            "name": name, "keys": name + ".keys", "log_id": self.ids["log_id"],
            "log_key": self.ids["log_key"], "seal_key": self.ids["seal_key"],
            "brokers": [{"address": b.address, "key": b.key} for b in self.brokers],
            "clock": self.clock, "timeout": "20s",
        }))
        self.configure()
        return self.path(name + ".yaml")


def write(path, text, mode=None):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    if mode is not None:
        os.chmod(path, mode)


def keys_of(text):
    """'log_id: …' lines of init."""
    return dict(re.findall(r"^(\w+): (\S+)$", text, re.M))


def small_plan(path, plan="small", revision=1, bodies=("moj", "mia", "akmola"), actions=None,
               rules=None):
    """A plan file of a few bodies. actions: {number: (period, [bodies, the lead first])}."""
    name = "{kk: Қазақша, ru: По-русски, en: In English}"  # of actions; a body's is its code
    actions = actions or {1: ("1st half of 2013", ["mia"])}
    lines = [
        f"id: {plan}", f"revision: {revision}",
        "title: {kk: Шағын жоспар, ru: Малый план, en: Small plan}", "years: [2012, 2014]",
        "approved: 2012-10-24", "zone: Asia/Almaty", f"secretariat: {bodies[0]}", "bodies:",
    ]
    lines += [
        f"  - {{code: {body}, name: {{kk: {body}, ru: {body}, en: {body}}}, kind: ministry}}"
        for body in bodies
    ]
    lines.append("actions:")
    for number, (period, executors) in actions.items():
        lines += [
            f"  - number: {number}", f"    title: {name}", f"    completion: {name}",
            f"    period: {period}", "    financing: none_required", "    executors:",
        ]
        lines += [f"      - {{body: {body}}}" for body in executors]
    lines.append("rules:")
    base = {"working_day": "none", "alert_days": [30, 14, 7, 3, 1], "overdue_repeat_days": 7,
            "silent_days": 7}
    for key, value in {**base, **(rules or {})}.items():
        lines.append(f"  {key}: {value}")
    write(path, "\n".join(lines))
    return path
