"""Every receipt of the demonstration's year, exported by its office and shown to both verifiers.

prove(demo): demo is the story of scripts/demo-play, played and checked. Raises where a verifier refuses, or
where the two say different things; returns how many proofs there were.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SECOND = [sys.executable, "-B", str(SOURCE / "tests/verify/second.py")]


def export(demo, body, folder):
    """Lines of a list for --batch: of each entry of this office what proves it."""
    lines = []
    written = json.loads(demo.agent(body, "status", "--json"))["entries"]["written"]
    for seq in range(1, written + 1):
        name = folder / f"{body}-{seq}"
        done = json.loads(demo.agent(body, "receipt", str(seq), "--proof", name, "--json"))
        for proof in sorted(folder.glob(f"{body}-{seq}.*tlog-proof")):
            if ".file-" not in proof.name:
                lines.append("\t".join(["--log", done["log_vkey"], str(proof), f"{name}.report"]))
        assert lines and done["proofs"] >= 1, (body, seq, done)
    return lines


def answers(command, lines):
    done = subprocess.run([*command, "--batch"], input="".join(line + "\n" for line in lines), text=True,
                          capture_output=True, timeout=600, check=False)
    assert done.returncode == 0 and not done.stderr, f"{command[0]}: {done.returncode}: {done.stdout}{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def prove(demo):
    with tempfile.TemporaryDirectory(prefix="esep-proofs-") as folder:
        folder = pathlib.Path(folder)
        bodies = sorted(path.name for path in (demo.folder / "offices").iterdir() if path.is_dir())
        lines = [line for body in bodies for line in export(demo, body, folder)]
        first = answers([str(demo.bin / "esep-verify")], lines)
        assert first == answers(SECOND, lines), "the two verifiers differ"
        assert len(first) == len(lines) and {answer["verdict"] for answer in first} == {"proven"}
        assert {answer["kind"] for answer in first} >= {"received"}
        return len(lines)
