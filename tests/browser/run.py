#!/usr/bin/python3
"""The country of scripts/demo with its page, for a browser: run.py BIN COMMAND…

Plays the demonstration's story with real processes, all of which must have arrived as scripts/demo wants it, adds a reviewer of a body of its own and a second
office whose report conflicts with the first one's, and runs
COMMAND with what a test must know as JSON in $ESEP_COUNTRY: the page's address, an invitation for
each account, the programs with their configurations, and what the offices conflict about. The exit
status is COMMAND's. The daemons end with this program, however it ends.
"""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "tests" / "verify"))
import demo_year  # noqa: E402 (its folder had to be named first)
os.environ.setdefault("ESEP_PATIENCE", "300")  # a machine with other work is no fault


def load_demo():
    loader = importlib.machinery.SourceFileLoader("demo_play", str(SOURCE / "scripts" / "demo-play"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("demo_play", loader))
    loader.exec_module(module)
    return module


def second_office(demo, play):
    """A second office of mia: off the network it reports what the first one reports too. What they conflict about."""
    name, body, action, window = "mia-2", "mia", "31", "2012"
    demo.configure_agent(name)
    code = demo.run("broker", "keys", "enrol", body, "--accept", "--config", demo.folder / "operator.yaml").strip()
    demo.agent(name, "enrol", "--code", code)
    demo.start_agents([name])
    play.wait(lambda: json.loads(demo.agent(name, "duties", "--json"))["plan_known"], "the plan in the second office")
    demo.stop(name)
    demo.report(name, "fulfilment", "partly", action=action, window=window, percent=50, text="work")
    demo.report(body, "fulfilment", "executed", action=action, window=window, percent=100, text="work")
    demo.wait_received([body])
    demo.start_agents([name])
    demo.wait_received([name])
    return {"office": name, "body": body, "action": action, "window": window}


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    play = load_demo()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="esep-board-"))
    demo = play.Demo(sys.argv[1], folder)
    code = 1
    try:
        if demo.page is None:
            sys.exit("this build has no page: scripts/packages build, then -DESEP_PAGE=ON")
        demo.play()
        demo.check()
        print(f"{demo_year.prove(demo)} proofs of the year, taken by both verifiers", flush=True)
        demo.show()
        demo.collector("account", "add", "dana", "--role", "reviewer", "--body", "mia",
                       "--display", "Дана Ахметова")
        second = second_office(demo, play)
        country = {
            "address": demo.address, "agent": str(demo.bin / "esep-agent"),
            "collector": [str(demo.bin / "esep-collector"), str(folder / "collector.yaml")],
            "offices": str(folder / "offices"), "plan": play.PLAN_ID,
            "conflict": second, "invitations": {name: demo.invite(name) for name in ("aigul", "berik", "dana")},
        }
        code = subprocess.run(sys.argv[2:], check=False, env=dict(
            os.environ, ESEP_COUNTRY=json.dumps(country))).returncode
    finally:
        demo.kill_all()
        if code == 0 or not os.environ.get("ESEP_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
