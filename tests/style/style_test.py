#!/usr/bin/env python3
"""style_test: the house rules that no compiler checks, run by ctest.

  style_test.py --root DIR files
      length of files and functions, an essay at the head, guards of headers, banned functions with
      what to use instead, left-over markers, paths of somebody's machine, what a tool left lying
  style_test.py --root DIR pure --archive LIB ... --sources FILE ... --generated LIB ...
      scripts/check-pure over every pure library and each header its sources include; and that the
      pure libraries together need nothing but each other and the generated code

Each find is one line "path:line: what is wrong: what to do". Exit 1 if there is any.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
SKIPPED_FOLDERS = {"build", ".git", ".cache", "__pycache__", "node_modules", "vendor", "corpus"}
CODE = {".c", ".h", ".py", ".js", ".mjs", ".sh", ".cmake"}
LEFT_LYING = {".gcov", ".gcda", ".gcno", ".o", ".a", ".so", ".profraw", ".orig", ".rej"}
TEXT = CODE | {".md", ".txt", ".proto", ".yaml", ".yml", ".html", ".css", ".service", ".conf", ".json"}

BANNED = {
    "strcpy": "memcpy with a length that was checked, or snprintf",
    "strcat": "esep_buf_put, or snprintf",
    "strncpy": "memcpy with a length that was checked: strncpy leaves the NUL out",
    "strncat": "esep_buf_put, or snprintf",
    "stpcpy": "memcpy with a length that was checked",
    "sprintf": "snprintf",
    "vsprintf": "vsnprintf",
    "gets": "fgets, or getline",
    "strtok": "a loop with strcspn: strtok keeps hidden state",
    "atoi": "strtol with its end and range checked",
    "atol": "strtol with its end and range checked",
    "atoll": "strtoll with its end and range checked",
    "atof": "integers: money is in tiyn",
    "alloca": "an arena, or a fixed array",
    "rand": "esep_prng for simulation, the shell's random source for keys",
    "srand": "struct esep_prng with a seed of its own",
    "random": "esep_prng for simulation, the shell's random source for keys",
    "drand48": "esep_prng",
    "system": "posix_spawn with an argument list: no shell",
    "popen": "posix_spawn with an argument list: no shell",
    "tmpnam": "mkstemp",
    "tempnam": "mkstemp",
    "mktemp": "mkstemp, or mkdtemp",
    "localtime": "esep_zone: the zone is stated, not the machine's",
    "gmtime": "esep_civil_from_day",
    "ctime": "esep_time_format",
    "asctime": "esep_time_format",
    "bzero": "memset, or esep_wipe for secrets",
    "vfork": "posix_spawn",
    "assert": "ESEP_ASSERT: it stays on in release",
}
BANNED_CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
MARKER = re.compile(r"\b(" + "TO" + "DO|FIX" + "ME)\\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}/*-])/(work|home|root)/[\w.]")
# Comments, strings and characters, which are no code.
NOT_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def blank(match):
    """The same lines, without the letters."""
    return re.sub(r"[^\n]", " ", match.group())


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_length(path, text):
    lines = text.count("\n")
    if path.suffix in CODE and lines > FILE_LINES_MAX:
        yield 1, f"{lines} lines, {FILE_LINES_MAX} at most: split it along its ideas"


def check_functions(path, text):
    if path.suffix not in {".c", ".h"}:
        return
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start - 1 > FUNCTION_LINES_MAX:
                yield start, f"a function of {number - start - 1} lines, {FUNCTION_LINES_MAX} at most: " \
                             "split it, or turn branches into a table"
            start = None


def check_essay(path, text):
    if path.suffix not in {".c", ".h"}:
        return
    if not text.startswith("/*"):
        yield 1, "no comment at the head: say what it is, what it decides and does not, the invariant"
    elif path.suffix == ".h":
        private = path.stem.endswith("_internal") or path.parts[0] == "tests"
        if not text.startswith(f"/* {path.as_posix()} - "):
            yield 1, f"a header opens with its name: /* {path.as_posix()} - what it is"
        elif text[:text.find("*/")].count("\n") < 2 and not private:
            yield 1, "a header is an essay first: say what it decides and does not, and the invariant"


def check_guard(path, text):
    if path.suffix != ".h":
        return
    found = re.search(r"^#ifndef (\w+)\n#define (\w+)$", text, re.MULTILINE)
    want = path.name.upper().replace(".", "_").replace("-", "_")
    if not found or found.group(1) != found.group(2) or not found.group(1).endswith(want):
        yield 1, f"no include guard: #ifndef and #define ..._{want}"


def check_banned(path, text):
    if path.suffix not in {".c", ".h"}:
        return
    code = NOT_CODE.sub(blank, text)
    for found in BANNED_CALL.finditer(code):
        yield line_of(code, found.start()), f"{found.group(1)}: use {BANNED[found.group(1)]}"


def check_markers(_, text):
    for found in MARKER.finditer(text):
        yield line_of(text, found.start()), f"{found.group(1)}: do it now, or say in docs/ what is left out"


def check_paths(_, text):
    for found in MACHINE_PATH.finditer(text):
        yield line_of(text, found.start()), f"{found.group()}: a path of one machine"


RULES = (check_length, check_functions, check_essay, check_guard, check_banned, check_markers,
         check_paths)


def check_text(path, text):
    for rule in RULES:
        for line, what in rule(path, text):
            yield f"{path}:{line}: {what}"


def is_text(path):
    if path.suffix in TEXT:
        return True
    if path.suffix:
        return False
    with open(path, "rb") as file:
        return file.read(2) == b"#!" or path.name in {"CMakeLists.txt", "LICENSE"}


def check_files(root):
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            if path.suffix in LEFT_LYING:
                yield f"{path.relative_to(root)}:1: a tool made it: delete it, and never commit it"
            if path.is_symlink() or not is_text(path):
                continue
            count += 1
            yield from check_text(path.relative_to(root), path.read_text(encoding="utf-8"))
    if count == 0:
        yield f"{root}: no files: nothing was checked"


def symbols(archive, which):
    out = subprocess.run(["nm", which, archive], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in out.splitlines() if " " in line.strip()}


def check_closed(archives, generated):
    """No project symbol that a pure library needs may come from outside the pure libraries."""
    ours = re.compile(r"(esep|agent|broker|collector|views)_")
    defined = set().union(*(symbols(a, "--defined-only") for a in archives + generated))
    for archive in archives:
        for symbol in sorted(symbols(archive, "--undefined-only") - defined):
            if ours.match(symbol):
                yield f"{archive}: {symbol}: no pure library has it: pass it in, or move the caller"


def included(root, sources):
    """The sources, and every header of the tree that they include, directly or through another."""
    seen = set()
    todo = [pathlib.Path(s) for s in sources]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            for base in (path.parent, root, root / "lib"):
                if (base / name).is_file():
                    todo.append((base / name).resolve())
                    break
    return sorted(seen)


def check_pure(root, archives, sources, generated):
    missing = [a for a in archives + generated if not os.path.exists(a)]
    if missing or not archives:
        yield from (f"{a}: not built: build everything, then run the tests" for a in missing)
        if not archives:
            yield "no pure library was named: nothing was checked"
        return
    command = [str(root / "scripts/check-pure")]
    for archive in archives:
        command += ["--archive", archive]
    command += ["--sources"] + [str(p) for p in included(root, sources)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    yield from ran.stderr.splitlines()
    if ran.returncode != 0 and not ran.stderr:
        yield f"scripts/check-pure ended with {ran.returncode}"
    yield from check_closed(archives, generated)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("files")
    pure = commands.add_parser("pure")
    pure.add_argument("--archive", action="append", default=[])
    pure.add_argument("--sources", action="append", nargs="*", default=[])
    pure.add_argument("--generated", action="append", default=[])
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    if arguments.command == "files":
        finds = list(check_files(root))
    else:
        sources = [s for group in arguments.sources for s in group]
        finds = list(check_pure(root, arguments.archive, sources, arguments.generated))
    for find in finds:
        print(find)
    print(f"{len(finds)} finds")
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
