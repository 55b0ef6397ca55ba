#!/usr/bin/python3
"""units_test.py --root FOLDER: the systemd units that are shipped expose no more than we say (systemd-analyze security, 1.5 at most),
systemd reads them without a complaint, and each sets the bounds that systemd-analyze does not ask for. Where systemd-analyze is not
installed the test says so and is skipped (77)."""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys

EXPOSURE_MAX = 1.5
BOUNDS = ("MemoryMax", "TasksMax", "LimitNOFILE", "LimitCORE", "StateDirectory", "UMask", "User", "TimeoutStopSec")
LEFT_OUT = {"esep-collector-web.service": {"TimeoutStopSec"}}  # it drains nothing


def settings(path):
    with open(path, encoding="utf-8") as file:
        return dict(re.findall(r"^(\w+)=(.*)$", file.read(), re.M))


def exposure(path):
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", path], capture_output=True, text=True,
                          check=True)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    if found is None:
        sys.exit(f"{path}: systemd-analyze says no exposure:\n{done.stdout[-500:]}")
    return float(found.group(1))


def complaints(path):
    """Lines about the unit itself: that the programs and manuals are not installed here is none."""
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", path], capture_output=True, text=True,
                          check=False)
    name = os.path.basename(path)
    return [line for line in done.stderr.splitlines() if name in line and "is not executable" not in line]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    units = sorted(glob.glob(os.path.join(parser.parse_args().root, "config/systemd/*.service")))
    finds = []
    if not units:
        sys.exit("no units found")
    if shutil.which("systemd-analyze") is None:
        print("systemd-analyze is not installed: nothing was asked")
        sys.exit(77)
    for path in units:
        name = os.path.basename(path)
        exposed = exposure(path)
        print(f"{name}: {exposed}")
        if exposed > EXPOSURE_MAX:
            finds.append(f"{name}: exposure {exposed}, at most {EXPOSURE_MAX}")
        missing = set(BOUNDS) - set(settings(path)) - LEFT_OUT.get(name, set())
        finds += [f"{name}: sets no {bound}" for bound in sorted(missing)]
        finds += complaints(path)
    print("\n".join(finds))
    sys.exit(1 if finds else 0)


if __name__ == "__main__":
    main()
