"""Checks that no link of a Markdown file leads nowhere inside the repository, that the book has every page of docs,
and that the code of every guide is compiled. Run in the root of the repository."""
import pathlib
import re
import subprocess
import sys

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)|(?:src|href)=\"([^\"]+)\"", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} (.*)$", re.MULTILINE)

troubles = []


def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    text = FENCE.sub("", path.read_text())
    plain = (heading.replace("`", "") for heading in HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def check(path):
    text = CODE.sub("", FENCE.sub("", path.read_text()))
    for match in LINK.finditer(text):
        link = next(group for group in match.groups() if group)
        if re.match(r"[a-z]+:", link) or "::" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path.resolve()
        if not target.exists():
            # In the documentation of a crate, a link may be to an item of it.
            if not re.fullmatch(r"(mod@)?[A-Za-z_]+(\(\))?", name):
                troubles.append(f"{path}: {link} is not there")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            troubles.append(f"{path}: {link} is not a heading")


files = subprocess.check_output(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], text=True)
pages = [pathlib.Path(name) for name in files.splitlines()]
for page in pages:
    check(page)

summary = pathlib.Path("docs/SUMMARY.md").read_text()
compiled = pathlib.Path("docs/lib.rs").read_text()
for page in pages:
    if page.parts[0] == "docs" and page.name != "SUMMARY.md":
        name = str(page.relative_to("docs"))
        if f"({name})" not in summary:
            troubles.append(f"docs/SUMMARY.md does not have {name}")
        if page.parts[1] == "guide" and f'"{name}"' not in compiled:
            troubles.append(f"docs/lib.rs does not compile {name}")

print("\n".join(troubles), end="\n" if troubles else "", file=sys.stderr)
sys.exit(1 if troubles else 0)
