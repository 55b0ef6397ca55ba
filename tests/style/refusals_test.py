#!/usr/bin/python3
"""Has everything that the page's server can refuse with words in Kazakh, Russian and English?

    refusals_test.py --root FOLDER

Reads the sentences out of the sources: what is passed to web_problem and its like, what ingest denies an account's
orders with, what the readers say of a question. Each must stand in the table of collector/refusal_text.c, and each
row of it must be whole. What only operators meet, at the command line, is named here.
"""

import argparse
import os
import re
import sys

CALLS = {  # a function, and which of its arguments is said
    "web_problem": 3, "web_problem_with": 5, "web_order_bad": 2, "collector_order_deny": 1, "esep_because": 2,
}
SOURCES = [  # of which all that they pass on may be answered
    "collector_order.c", "collector_order_account.c", "collector_order_credential.c", "collector_order_plan.c",
    "views_orders.c", "web/json_bodies.c", "web/json_feed.c", "web/json_indicators.c", "web/json_matrix.c",
    "web/json_money.c", "web/json_obligation.c", "web/json_obligations.c", "web/json_parts.c", "web/json_summary.c",
    "web/json_timeline.c", "web/search.c", "web/standing.c", "web/web_accounts.c", "web/web_attachments.c", "web/web_calendar.c",
    "web/web_decisions.c", "web/web_events.c", "web/web_exports.c", "web/web_files.c", "web/web_login.c",
    "web/web_orders.c", "web/web_read.c", "web/web_route.c",
]
ALSO = {  # functions whose every literal is said, or those that match
    "web/web_accounts.c": r'return(?:[^;"]*\?)?\s*((?:"(?:[^"\\]|\\.)*"\s*)+)',
    "web/web_exports.c": r'(?:return|fail\(making,|reason\[WEB_EXPORT_REASON_MAX\] =)\s*((?:"(?:[^"\\]|\\.)*"\s*)+)',
    "web/credentials.c": r'(?:ESEP_INVALID,)\s*((?:"the password(?:[^"\\]|\\.)*"\s*)+)',
}
NOT_SAID = {  # to operators alone, to the process log, or of the disk (500 says no more than that)
    "the plan cannot be read: run `plan check` on it",
    "the plan has no id, no bodies or no rules: run `plan check`",
    "plan {1} is held at revision {2}: a change needs a higher revision",
    "a plan cannot hold from before its approval",
    "no room for more than {1} obligations",
    "{1}: no file can be made there: {2}: see web.exports",
    "no memory for exports", "no memory for orders", "no file: {1}", "no memory for a search",
    "no memory for a search, or no C.UTF-8 locale",
    "{1}: {2}: see web.files", "{1}: {2}", "log entry {1} should be a report",
    "{1}: too large for a page's file, or unreadable", "{1}: more files than a page has", "{1}: more bytes than a page has",
}
SPLIT = {  # one format, and the sentences that it makes
    "{1} is {2} control already": ["{1} is on control already", "{1} is removed from control already"],
}
LITERALS = r'"((?:[^"\\]|\\.)*)"'
ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}


def text_of(code):
    """The string that adjacent literals make; None where it is not all literals."""
    code = re.sub(r"/\*.*?\*/", "", code, flags=re.S).strip()
    if not re.fullmatch(rf"(?:{LITERALS}\s*)+", code):
        return None
    return re.sub(r"\\.", lambda m: ESCAPES.get(m[0], m[0]), "".join(re.findall(LITERALS, code)))


def arguments(code, start):
    """Of a call whose bracket stands before start: each argument's code."""
    out, depth, at, begin = [], 0, start, start
    while True:
        if code[at] == '"':
            at = re.compile(r'"(?:[^"\\]|\\.)*"').match(code, at).end()
            continue
        if code[at] in "([{":
            depth += 1
        elif code[at] in ")]}":
            if depth == 0:
                return out + [code[begin:at]]
            depth -= 1
        elif code[at] == "," and depth == 0:
            out.append(code[begin:at])
            begin = at + 1
        at += 1


def said(argument):
    """What it may be: itself, or the branches of a choice."""
    whole = text_of(argument)
    if whole is not None:
        return [whole]
    parts = re.findall(rf"[?:]\s*((?:{LITERALS}\s*)+)", argument)
    return [text for part in parts if (text := text_of(part[0])) is not None]


def pattern_of(text):
    """A format of printf as the table writes it."""
    count = 0

    def argument(match):
        nonlocal count
        if match[0] == "%%":
            return "%"
        count += 1
        return f"{{{count}}}"
    text = text.replace("{", "{{").replace("}", "}}")
    return re.sub(r"%(?:%|[-0-9.*]*(?:l|ll|z|j)?[sduxc])", argument, text)


def sentences(root):
    for name in SOURCES:
        with open(os.path.join(root, "collector", name), encoding="utf-8") as file:
            code = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
        for match in re.finditer(r"\b(" + "|".join(CALLS) + r")\(", code):
            given = arguments(code, match.end())
            for text in said(given[CALLS[match[1]]]) if len(given) > CALLS[match[1]] else []:
                yield name, pattern_of(text)
    for name, pattern in ALSO.items():
        with open(os.path.join(root, "collector", name), encoding="utf-8") as file:
            for match in re.finditer(pattern, file.read()):
                if text := text_of(match[1]):
                    yield name, pattern_of(text)


def table(root):
    with open(os.path.join(root, "collector", "refusal_text.c"), encoding="utf-8") as file:
        code = file.read()
    code = re.sub(r"/\*.*?\*/", "", code, flags=re.S)
    start = code.index("} sentences[] = {") + len("} sentences[] = {")
    for row in re.finditer(r"\{((?:\s*(?:\"(?:[^\"\\]|\\.)*\"\s*)+,?)+)\}", code[start:code.index("\n};", start)]):
        yield [text_of(one) for one in arguments(row[1] + ")", 0)]


def statuses(root):
    """Of each call that answers one, as a number."""
    for name in SOURCES:
        with open(os.path.join(root, "collector", name), encoding="utf-8") as file:
            for status in re.findall(r"\b(?:web_problem|web_problem_with)\([^;]*?,\s*(\d{3})\b", file.read()):
                yield status
    with open(os.path.join(root, "collector", "web", "web_orders.c"), encoding="utf-8") as file:
        yield from re.findall(r"(?:return|\?|:)\s*(4\d\d|5\d\d)\b", file.read())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    root = parser.parse_args().root
    finds = []
    rows = list(table(root))
    for row in rows:
        if len(row) != 3 or None in row or not all(row):
            finds.append(f"not three sentences: {row}")
            continue
        english, kazakh, russian = row
        marks = [set(re.findall(r"(?<!\{)\{(\d)\}", text)) for text in row]
        if not marks[1] <= marks[0] or not marks[2] <= marks[0]:
            finds.append(f"a mark that the English sentence has not: {row}")
        for text in (kazakh, russian):
            if text == english or not re.search("[А-Яа-яӘәҒғҚқҢңӨөҰұҮүҺһІі]|:", text):
                finds.append(f"not translated: {english}")
    known = [row[0] for row in rows if row]
    finds += [f"twice in the table: {one}" for one in sorted(set(known)) if known.count(one) > 1]
    found = sorted(set(sentences(root)))
    if len(found) < 60:
        finds.append(f"only {len(found)} sentences found in the sources: this test reads them no more")
    for name, pattern in found:
        for one in SPLIT.get(pattern, [pattern]):
            if one not in known and one not in NOT_SAID:
                finds.append(f"collector/{name}: not in collector/refusal_text.c: {one}")
    with open(os.path.join(root, "collector", "refusal_text.c"), encoding="utf-8") as file:
        titles = set(re.findall(r"\{(\d{3}),", file.read()))
    finds += [f"no title for {status}" for status in sorted(set(statuses(root)) - titles)]
    for find in finds:
        print(find)
    print(f"{len(rows)} sentences, {len(found)} in the sources, {len(finds)} finds")
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
