#!/usr/bin/python3
"""security_test.py --root FOLDER: SECURITY.md names only tests that exist, and each threat names one.

In tables whose last column is headed "shown by" a cell holds `file` or `file::name`, below tests/: the file is there and is built or run
by the CMakeLists.txt of its folder, and the name is a test, or a function, defined in it.
"""

import argparse
import os
import re
import sys

REFERENCE = re.compile(r"`([^`]+)`")


def rows(text):
    """(line number, last cell) of each row of a table of threats."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[-1] == "shown by":
            inside = True
        elif inside and not set(line) <= set("|- "):
            yield number, cells[-1]


def built(tests, path):
    """The CMakeLists.txt of its folder, or of one above, names the file, with or without the parts that a loop adds."""
    stem = os.path.splitext(os.path.basename(path))[0]
    bare = re.sub(r"^test_|_test$", "", stem)
    names = "|".join(map(re.escape, {stem, bare, bare.partition("_")[2] or bare}))
    folder = os.path.dirname(path)
    while True:
        lists = os.path.join(tests, folder, "CMakeLists.txt")
        if os.path.exists(lists):
            with open(lists, encoding="utf-8") as file:
                if re.search(rf"\b({names})\b", file.read()):
                    return True
        if not folder:
            return False
        folder = os.path.dirname(folder)


def wrong(tests, reference):
    path, _, name = reference.partition("::")
    if not os.path.isfile(os.path.join(tests, path)):
        return f"there is no tests/{path}"
    if not built(tests, path):
        return f"no CMakeLists.txt has tests/{path}"
    with open(os.path.join(tests, path), encoding="utf-8") as file:
        text = file.read()
    defined = rf"^\s*def {re.escape(name)}\(" if path.endswith(".py") else rf"^(static )?void {re.escape(name)}\("
    if name and not re.search(defined, text, re.M):
        return f"tests/{path} defines no {name}"
    return None


def finds(root):
    tests = os.path.join(root, "tests")
    with open(os.path.join(root, "SECURITY.md"), encoding="utf-8") as file:
        found = list(rows(file.read()))
    if len(found) < 40:
        yield f"SECURITY.md has {len(found)} threats: is the table still one?"
    for number, cell in found:
        references = REFERENCE.findall(cell)
        if not references:
            yield f"SECURITY.md:{number}: this threat names no test"
        for reference in references:
            problem = wrong(tests, reference)
            if problem:
                yield f"SECURITY.md:{number}: {reference}: {problem}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    lines = list(finds(parser.parse_args().root))
    print("\n".join(lines))
    print(f"{len(lines)} finds")
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
