"""How far a sweep came, in a file: one that was broken off goes on with the next case.

A line is `program<TAB>call number path error<TAB>outcome`, the outcome hit, missed or found and what. The
first line names the programs by their bytes: other programs begin anew. A case's path is told from
the field's folder on, which has another name in each run.
"""

import hashlib
import os
import re

PROGRAMS = ("esep-agent", "esep-broker", "esep-collector", "esep-collector-web")


def digest(folder):
    """The programs as they are: what held of others says nothing of these."""
    state = hashlib.sha256()
    for name in PROGRAMS:
        with open(os.path.join(folder, name), "rb") as file:
            state.update(hashlib.sha256(file.read()).digest())
    return state.hexdigest()


class Progress:
    """The outcomes of earlier runs, and where this run's go. Without a path: nothing is kept."""

    def __init__(self, path, programs, anew=False):
        self.path = path
        self.done = {}  # (program, case) -> outcome
        if path is None:
            return
        title = f"programs {programs}"
        lines = []
        if os.path.exists(path) and not anew:
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
        if lines and lines[0] == title:
            for line in lines[1:]:
                program, case, outcome = (line + "\t\t").split("\t")[:3]
                if outcome:  # the last line may be torn
                    self.done[program, case] = outcome
        self.rewrite(title)

    def rewrite(self, title):
        draft = self.path + ".new"
        with open(draft, "w", encoding="utf-8") as file:
            file.write(title + "\n")
            for (program, case), outcome in self.done.items():
                file.write(f"{program}\t{case}\t{outcome}\n")
        os.rename(draft, self.path)

    def outcome(self, program, case):
        """What came of it in an earlier run; None: it was not tried."""
        return self.done.get((program, case))

    def note(self, program, case, outcome):
        if self.path is not None:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(f"{program}\t{case}\t{' '.join(outcome.split())}\n")


def case_of(place, error, folder):
    path = re.sub(r"\b(new|fresh)-\d+", r"\1-N", os.path.relpath(place.path, folder))  # they count on
    return f"{place.call} {place.number} {path} {error}"
