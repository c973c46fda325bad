"""Checks that what ARCHITECTURE.md says is in a file is there. Run in the root of the repository."""
import glob
import pathlib
import re
import sys

ROW = re.compile(r"^\| [^|]+ \| (.*) \|$")
CODE = re.compile(r"`([^`]+)`")

troubles, checked = [], 0
for line in pathlib.Path("ARCHITECTURE.md").read_text().split("## Where to look", 1)[1].splitlines():
    row = ROW.match(line)
    files = []
    for item in CODE.findall(row[1]) if row else []:
        if "/" in item:
            choice = re.search(r"\{(.*)\}", item)
            paths = [item.replace(choice[0], name) for name in choice[1].split(",")] if choice else [item]
            files = [file for path in paths for file in glob.glob(path)]
            if not files:
                troubles.append(f"{item} does not exist")
        elif not any(re.search(rf"\b(fn|struct|enum|trait) {item}\b", pathlib.Path(file).read_text()) for file in files):
            troubles.append(f"there is no {item} in {', '.join(files)}")
        checked += 1

if checked < 20:
    troubles.append("ARCHITECTURE.md has no table of where to look")
for trouble in troubles:
    print(trouble, file=sys.stderr)
sys.exit(bool(troubles))
