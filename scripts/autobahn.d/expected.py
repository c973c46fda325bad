#!/usr/bin/env python3
"""Compares Autobahn results with the expected ones, and renders them as docs/autobahn.md.

  expected.py compare SERVER SUMMARY [--update]   SUMMARY is the summary.json of autobahn.py
  expected.py render [--update]

Exit status 1 on any difference. With --update the files are written instead; a case that is
not OK and has no reason yet still fails until somebody writes one into expected/SERVER.json.
"""
import json
import sys
from collections import Counter
from pathlib import Path

EXPECTED = Path(__file__).resolve().parent / "expected"
PAGE = EXPECTED.parents[2] / "docs" / "autobahn.md"
CHAPTERS = {
    "1": "Framing", "2": "Pings and pongs", "3": "Reserved bits", "4": "Opcodes", "5": "Fragmentation",
    "6": "UTF-8 handling", "7": "Close handling", "9": "Limits and performance", "10": "Auto-fragmentation",
}
INTRODUCTION = """\
# The Autobahn testsuite

What the official [Autobahn testsuite](https://github.com/crossbario/autobahn-testsuite) {version} says of the `echo` example
on each server, and of the clients over tokio and over hyper. Chapters 12 and 13 test compression, which is not offered. A case also counts as failed
when the connection was closed uncleanly, with the wrong code or by the wrong side.

Rendered by `scripts/autobahn --update` from the expected results in `scripts/autobahn.d/expected`;
`scripts/autobahn` fails when a result differs from them.
"""


def number(case):
    return [int(part) for part in case.split(".")]


def results(summary):
    """What one run showed, in the form of expected/SERVER.json but for the reasons."""
    not_ok = {case: result for result, cases in summary["not_ok"].items() for case in cases}
    return {
        "testsuite": summary["testsuite"],
        "cases": dict(Counter(case.split(".")[0] for case in summary["cases"])),
        "not_ok": {case: {"result": not_ok[case], "reason": ""} for case in sorted(not_ok, key=number)},
    }


def read(server):
    try:
        return json.loads((EXPECTED / f"{server}.json").read_text())
    except FileNotFoundError:
        return {"testsuite": None, "cases": {}, "not_ok": {}}


def differences(seen, expected):
    for what in ("testsuite", "cases"):
        if seen[what] != expected[what]:
            yield f"{what}: {seen[what]}, not {expected[what]}"
    for case in sorted(seen["not_ok"] | expected["not_ok"], key=number):
        now = seen["not_ok"].get(case, {"result": "OK"})["result"]
        before = expected["not_ok"].get(case, {"result": "OK", "reason": "-"})
        if now != before["result"]:
            yield f"{case}: {now}, not {before['result']}"
        elif not before["reason"]:
            yield f"{case}: {now} without a reason"


def compare(server, summary, update):
    seen, expected = results(summary), read(server)
    if update:
        for case, entry in seen["not_ok"].items():
            before = expected["not_ok"].get(case)
            if before and before["result"] == entry["result"]:
                entry["reason"] = before["reason"]
        EXPECTED.mkdir(exist_ok=True)
        (EXPECTED / f"{server}.json").write_text(json.dumps(seen, indent=1, ensure_ascii=False) + "\n")
        expected = seen
    counts = Counter(entry["result"] for entry in seen["not_ok"].values())
    total = sum(seen["cases"].values())
    counted = [f"{total - counts.total()} OK"] + [f"{n} {result}" for result, n in counts.items()]
    print(f"{server}: {total} cases in {summary['seconds']} s: {', '.join(counted)}")
    for case, entry in seen["not_ok"].items():
        why = summary["failing"].get(case, "")
        reason = expected["not_ok"].get(case, entry)["reason"]
        print(f"  {case} {entry['result']}: {why if entry['result'] == 'FAILED' else reason}")
    found = list(differences(seen, expected))
    for difference in found:
        print(f"  UNEXPECTED {difference}")
    return not found


def render():
    servers = {path.stem: read(path.stem) for path in sorted(EXPECTED.glob("*.json"))}
    versions = sorted({expected["testsuite"] for expected in servers.values()})
    chapters = sorted({chapter for expected in servers.values() for chapter in expected["cases"]}, key=int)
    lines = [INTRODUCTION.format(version=", ".join(versions))]
    lines += table(["Chapter", *servers], (
        [f"{chapter} {CHAPTERS.get(chapter, '')}", *(cell(expected, chapter) for expected in servers.values())]
        for chapter in chapters
    ))
    notes = {}
    for server, expected in servers.items():
        for case, entry in expected["not_ok"].items():
            notes.setdefault((case, entry["result"], entry["reason"]), []).append(server)
    lines += ["", "## Cases that are not OK", ""]
    lines += table(["Case", "Result", "Of", "Reason"], (
        [case, result, "all" if len(where) == len(servers) else ", ".join(where), reason]
        for (case, result, reason), where in sorted(notes.items(), key=lambda note: number(note[0][0]))
    ))
    return "\n".join(lines) + "\n"


def cell(expected, chapter):
    total = expected["cases"].get(chapter, 0)
    results = Counter(e["result"] for case, e in expected["not_ok"].items() if case.split(".")[0] == chapter)
    return ", ".join([f"{total - results.total()} OK"] + [f"{n} {result}" for result, n in sorted(results.items())])


def table(head, rows):
    return ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]


def main(arguments):
    update = "--update" in arguments
    arguments = [argument for argument in arguments if argument != "--update"]
    match arguments:
        case ["compare", server, summary]:
            return compare(server, json.loads(Path(summary).read_text()), update)
        case ["render"]:
            page = render()
            if update:
                PAGE.parent.mkdir(exist_ok=True)
                PAGE.write_text(page)
            elif not PAGE.exists() or PAGE.read_text() != page:
                print(f"{PAGE.relative_to(PAGE.parents[1])} is stale: run scripts/autobahn --update")
                return False
            return True
        case _:
            sys.exit(__doc__)


sys.exit(0 if main(sys.argv[1:]) else 1)
