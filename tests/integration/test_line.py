#!/usr/bin/python3
"""A backlog of reports and a scan over a bad line (tests/link) that breaks again and again, with real daemons: the
reports first, and the scan goes on where it broke off. As root, with TUN, below real TCP; else through a proxy, and
it says so. How fast is bench/link's question."""

import hashlib
import os
import random
import sys
import time

import esep

SCAN = 600_000
REPORTS = 20
# The scan takes three times as long as the line is ever up: who began it anew at each return would never be done.
LINE = {"rate": 320_000, "delay": 20, "loss": 10_000, "up": 5, "down": 3}
KEY = "small/fulfilment/1/moj/2013-01-01..2013-12-31"


class Line:
    """What esep-link offers (tests/link/main.c)."""

    def __init__(self):
        self.tun = os.environ["ESEP_LINK_KIND"] == "tun"
        self.office = os.environ["ESEP_LINK_OFFICE"].split()
        self.control = os.fdopen(int(os.environ["ESEP_LINK_CONTROL"]), "r+b", buffering=0)

    def ask(self, words):
        self.control.write(words.encode() + b"\n")
        return self.control.readline().decode().strip()


def look(office):
    told = office.command("status", "--json").json()
    return told["entries"]["received"], told["files"], told["uplink"]["sent_bytes"]


def over(line):
    with esep.Field(clock="at:2013-02-01T09:00:00+06:00") as field:
        field.begin(start=False)
        port = field.broker.port
        if line.tun:
            field.broker.configure(agents=[field.broker.address, f"tcp://10.99.0.2:{port}"])
        field.broker.daemon.start()
        field.collector.start()
        field.load_plan(esep.small_plan(field.path("small.yaml"), bodies=("moj", "mia"),
                                        actions={1: ("During 2013", ("moj", "mia"))}))
        office = field.enrol("moj")
        scan = field.path("scan.pdf")
        with open(scan, "wb") as file:
            file.write(b"%PDF-1.7\n" + random.Random(7).randbytes(SCAN - 15) + b"%%EOF\n")
        office.report(KEY, "--fulfilment", "in_progress", "--percent", 1, "--attach", scan)
        for number in range(REPORTS - 1):
            office.report(KEY, "--fulfilment", "in_progress", "--percent", number, "--narrative", "Сделано. " * 40)
        office.configure(brokers=[{"address": line.ask(f"forward {port}"), "key": field.broker.key}])
        office.daemon.words = [*line.office, *office.daemon.words]
        line.ask("restart")
        office.daemon.start(ready=False)
        seen, deadline = [], time.monotonic() + 600
        while not seen or seen[-1][1]["complete"] == 0:
            assert time.monotonic() < deadline, f"the scan does not get through: {seen[-5:]}"
            seen.append(look(office))
            time.sleep(0.2)
        held = [files["sent_bytes"] for _, files, _ in seen]
        assert held == sorted(held), f"something of the scan was given up again: {held}"
        late = [entries for entries, files, _ in seen if files["sent_bytes"] >= SCAN / 2]
        assert late and min(late) == REPORTS, f"reports waited behind the scan: {seen}"
        assert len(field.listing("log", "list", "--type", "evidence")["entries"]) == 1
        with open(scan, "rb") as file:
            sha256 = hashlib.sha256(file.read()).hexdigest()
        assert os.path.getsize(field.path("store-files", sha256[:2], sha256)) == SCAN
        field.check_log()


def main():
    if "ESEP_LINK_CONTROL" in os.environ:
        over(Line())
        return
    words = [esep.program("link")]
    for name, value in LINE.items():
        words += ["--" + name, str(value)]
    os.execv(words[0], [*words, "--", sys.executable, "-B", __file__])


if __name__ == "__main__":
    main()
