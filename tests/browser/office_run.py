#!/usr/bin/python3
"""An office with its page, for a browser: office_run.py BIN COMMAND…

Real daemons (tests/integration/esep.py): a broker, a collector with decree 1347, and the agent of
an akimat that serves its page, at one port through every start.
COMMAND gets on file descriptor 3 a socket, on which it asks for what only a hand at the machine can
do, a JSON array a line, and is answered a JSON line: the link down or up (the broker), or the
collector alone, the agent killed or started, the address that `esep-agent open` would open, a
review by the collector's command, what the log has, an office of the lead body of what the akimat
helps with. The exit status is COMMAND's. The daemons end with this program, however it ends.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "integration"))
sys.dont_write_bytecode = True
os.environ.setdefault("ESEP_PATIENCE", "120")
os.environ["ESEP_BIN"] = str(pathlib.Path(sys.argv[1]).resolve()) if len(sys.argv) > 2 else ""

import esep  # pylint: disable=wrong-import-position

NOW = "2013-06-20T10:00:00+06:00"
BODY = "akmola"
LEAD = "mia"
CHILD_FD = 3


class Hands:
    """What the test may ask for; each name is a line's first word."""

    def __init__(self, field, page):
        self.field = field
        self.page = page
        self.office = self.enrol(BODY)

    def enrol(self, body):
        """An office that serves its page, and knows the plan."""
        office = self.field.enrol(body, start=True, page={
            "enabled": True, "files": str(self.page), "port": esep.free_port()},
            brokers=self.field.signing_brokers())
        esep.wait(lambda: office.command("duties", "--json").json()["plan_known"], "the plan")
        return office

    def link_down(self):
        self.field.broker.daemon.kill()

    def link_up(self):
        self.field.broker.daemon.start()

    def collector_down(self):
        self.field.collector.stop()

    def collector_up(self):
        self.field.collector.start()

    def kill(self):
        self.office.daemon.kill()

    def start(self):
        self.office.daemon.start()

    def url(self):
        return self.office.command("open", "--print").out.strip()

    def lead(self):
        return self.enrol(LEAD).command("open", "--print").out.strip()

    def reports(self):
        return self.field.reports()

    def read(self, index):
        return self.field.command("reports", str(index), "--json").json()

    def review(self, index, *words):
        self.field.command("review", str(index), *words)

    def report(self, *words):
        self.office.report(*words)


def serve(line, hands):
    """Until the command hangs up. What goes wrong is its answer."""
    with line, line.makefile("rw", encoding="utf-8") as file:
        for request in file:
            name, *words = json.loads(request)
            try:
                answer = {"value": getattr(hands, name)(*words)}
            except AssertionError as error:
                answer = {"error": str(error)}
            file.write(json.dumps(answer) + "\n")
            file.flush()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    page = pathlib.Path(sys.argv[1]).resolve().parent / "web" / "office"
    if not (page / "index.html").is_file():
        sys.exit("this build has no page: scripts/packages build, then -DESEP_PAGE=ON")
    clock = esep.shift_to(NOW)
    with esep.Field(clock=clock, broker={"clock": clock}) as field:
        field.begin()
        field.load_plan()
        hands = Hands(field, page)
        ours, its = socket.socketpair()

        def hand_over():
            os.dup2(its.fileno(), CHILD_FD)

        with subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn
                sys.argv[2:], preexec_fn=hand_over, pass_fds=(CHILD_FD,)) as command:
            its.close()
            serve(ours, hands)
            return command.wait()


if __name__ == "__main__":
    sys.exit(main())
