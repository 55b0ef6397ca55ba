"""The daemons under one injected error: each is at work while the call fails, and afterwards all that
was acknowledged must be there, and the rest must come about.

One field lives through all of it, as it would in a cupboard: the error, the end or the going on, a
start with nothing injected, the next error. What is asked: a daemon that ends says a documented
status and what is wrong; one that lives serves on, by itself; no office ever holds a receipt for what
the store lacks; what waited is received in the end, once.
"""

import contextlib
import os
import re
import signal
import subprocess
import time

import commands
import esep
import sweep
import tracing

PATIENCE = esep.PATIENCE


class Served:
    """A field in which one daemon runs under strace."""

    def __init__(self, world, name):
        self.world = world
        self.field = world.field
        self.office = world.office
        self.name = name
        self.victim = {"collector": self.field.collector, "broker": self.field.broker.daemon,
                       "agent": self.office.daemon}[name]
        self.others = [d for d in (self.field.broker.daemon, self.field.collector,
                                   self.office.daemon) if d is not self.victim]
        self.plain = self.victim.words
        self.trace = world.out(f"trace-{name}")

    def set_up(self):
        for daemon in self.others:
            if not daemon.running():
                daemon.start()

    def run(self, front):
        """The daemon, what it has to do, its end; returns its exit status (negative: a signal)."""
        victim = self.victim
        if victim.process is not None:
            victim.stop()
        self.set_up()
        victim.words = front + self.plain
        try:
            victim.start(ready=False)
            self.work()
            return self.end()
        finally:
            self.kill()
            victim.words = self.plain

    def kill(self):
        """The program, which would outlive strace, and strace."""
        child = self.program() if self.victim.process is not None else None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.victim.kill()

    def program(self):
        """The process of the program itself, below strace; None where it has ended."""
        pid = self.victim.process.pid
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                return next((int(child) for child in file.read().split()), None)
        except OSError:
            return None

    def alive(self):
        return self.victim.process.poll() is None

    def ready(self):
        return re.search(r" ready: ", self.victim.text()) is not None

    def received(self):
        entries = self.office.command("status", "--json").json()["entries"]
        return entries["received"] == entries["written"]

    def work(self):
        """Reports, a decision, a letter back; or as far as it comes."""
        esep.wait(lambda: self.ready() or not self.alive(), f"{self.name} to start or to end")
        for _ in range(2):
            self.office.report(commands.OBLIGATION, "--fulfilment", "in_progress")
            if not self.wait_received():
                return
        if self.name != "broker" and self.alive():
            self.decide()
        if self.name == "agent":
            self.field.command("status")
        self.victim.process.poll()

    def decide(self):
        """An order of the commission; nobody answers it where the daemon ends over it."""
        # pylint: disable=consider-using-with
        order = subprocess.Popen(
            [esep.program("collector"), "control", commands.SECOND, "--config", self.field.config,
             "--remove" if self.world.turn() else "--restore", "--reason", "r"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(AssertionError):
            esep.wait(lambda: order.poll() is not None or not self.alive(), "the order", timeout=3)
        order.kill()
        order.wait()

    def wait_received(self):
        """By itself, if the daemon lives; an office that was told to wait a while is called again."""
        deadline = time.monotonic() + PATIENCE
        patience = 1
        while True:
            # Each new thread may meet the error again: then nobody could serve on.
            try:
                esep.wait(lambda: self.received() or not self.alive() or self.again(), "receipts",
                          timeout=patience)
                return self.alive() and not self.again()
            except AssertionError:
                if time.monotonic() > deadline:
                    raise sweep.Found(f"{self.name} lives, but does not serve") from None
            if self.name != "agent":
                self.office.daemon.restart(hard=True)
            patience = min(30, 2 * patience)  # a start takes its time on a machine with other work

    def again(self):
        return len(tracing.injected(self.trace)) > 2

    def end(self):
        child = self.program()
        if child is not None:
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(child, signal.SIGTERM)
        try:
            return self.victim.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise sweep.Found(f"{self.name} does not end:\n{self.victim.text()[-2000:]}") from None

    def check(self):
        """No receipt for what is not there; started anew, all comes right."""
        entries = self.office.command("status", "--json").json()["entries"]
        held = self.field.office_status(1)
        if entries["received"] > held["seq"] or held["seq"] > entries["written"]:
            raise sweep.Found(f"the office says {entries}, the store {held}")
        self.victim.start()
        self.set_up()
        self.office.daemon.restart(hard=True)
        esep.wait(self.received, "receipts of all, nothing injected", timeout=PATIENCE)
        held = self.field.office_status(1)
        written = self.office.command("status", "--json").json()["entries"]["written"]
        if held["seq"] != written or held["refused_entries"] != 0 or held["forks"] != 0:
            raise sweep.Found(f"{written} written, the store: {held}")


def survey(served):
    code = served.run(tracing.words(served.trace))
    if code != 0:
        raise sweep.Found(f"{served.name} ended with {code}, nothing injected:\n"
                          + served.victim.text()[-2000:])
    served.check()
    return tracing.places(served.trace, served.field.folder)


def try_place(served, place, error, watched):
    """True: the call was hit. Raises Found."""
    try:
        code = served.run(tracing.words(served.trace, place, error, watched))
        killed = error == "SIGKILL" and code in (-signal.SIGKILL, 128 + signal.SIGKILL)
        hit = killed or bool(tracing.injected(served.trace))
        text = served.victim.text()
        if not killed:
            sweep.judge_end(place, error, sweep.Result(code, "", text))
        served.check()
        return hit
    except (sweep.Found, AssertionError) as found:
        lines = "\n".join(tracing.injected(served.trace)[:4])
        raise sweep.Found(f"{served.name} run: {error} at {place}: {found}\n{lines}\n"
                          + served.victim.text()[-1500:]) from None
