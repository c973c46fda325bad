"""Checks that our packages depend on each other as the table in CONTRIBUTING.md says, and on nothing that they must not know.
Tests and examples may depend on anything. Run in the root of the repository."""
import json
import re
import subprocess
import sys

FAMILIES = {
    "servers": "hyper|h2|h3|actix|warp|axum|tower|rocket|salvo|poem|tide|async-h1",
    "runtimes": "tokio|async-std|async-io|async-global-executor|smol|mio|compio|monoio|glommio|futures-executor",
    "engines": "tungstenite|tokio-tungstenite|async-tungstenite|fastwebsockets|soketto|websocket|yawc|actix-ws",
}
# These features ask for an engine by its name.
OF_ENGINES = {"actix-ws", "tokio-tungstenite", "full", "default"}
ROW = re.compile(r"^\| `(switchwire[a-z-]*)` \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)


def names(cell):
    return set() if cell == "nothing" else set(cell.split(", "))


def short(package):
    return package.removeprefix("switchwire-")


def known_to(package):
    """The packages that this one is built with, on any platform, with all features but those of engines."""
    features = ",".join(sorted(set(published[package]["features"]) - OF_ENGINES))
    tree = ["cargo", "tree", "--package", package, "--edges", "normal", "--no-default-features", "--features", features,
            "--target", "all", "--prefix", "none"]
    lines = subprocess.check_output([*tree, "--format", "{p}"], text=True).splitlines()
    return {line.split()[0] for line in lines if line}


rows = {package: (names(ours), names(families)) for package, ours, families in ROW.findall(open("CONTRIBUTING.md").read())}
metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--no-deps", "--format-version", "1"]))
published = {package["name"]: package for package in metadata["packages"] if package["publish"] != []}
troubles = [f"CONTRIBUTING.md has no row for {name}" for name in published.keys() - rows.keys()]
troubles += [f"CONTRIBUTING.md has a row for {name}, which is not published" for name in rows.keys() - published.keys()]
for name, (allowed, families) in rows.items():
    if name not in published:
        continue
    direct = {short(it["name"]) for it in published[name]["dependencies"] if it["kind"] is None and it["name"].startswith("switchwire")}
    if direct != allowed:
        troubles.append(f"{name} depends on {sorted(direct)} of ours, and CONTRIBUTING.md says {sorted(allowed)}")
    for family in sorted(families):
        never = re.compile(rf"({FAMILIES[family]})(-.*)?$")
        found = sorted(filter(never.match, known_to(name)))
        if found:
            troubles.append(f"{name} must know no {family}, but is built with {', '.join(found)}")

for trouble in troubles:
    print(trouble, file=sys.stderr)
sys.exit(bool(troubles))
