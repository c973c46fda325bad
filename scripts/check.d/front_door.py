"""Checks that each published package shows the items that docs/public-items.txt lists, each in one place.

Usage: front_door.py [--write] FOLDER, with FOLDER holding rustdoc's JSON of every published package
"""
import difflib
import json
import pathlib
import sys

PAGE = pathlib.Path("docs/public-items.txt")
FACADE = "switchwire"
# The application of the kit shows the kit, to be the one dev-dependency of a backend.
KIT = "switchwire_conformance_app::*"
KINDS = {"struct", "enum", "trait", "function", "type_alias", "constant", "static", "macro", "union", "trait_alias"}

write = "--write" in sys.argv
folder = pathlib.Path(sys.argv[-1])


def walk(docs, module, path, seen):
    """The public items of a module and of those below it: pairs of a path and what is there."""
    for id in docs["index"][str(module)]["inner"]["module"]["items"]:
        item = docs["index"][str(id)]
        if item["visibility"] != "public":
            continue
        kind, inner = next(iter(item["inner"].items()))
        name = item["name"] or inner.get("name")
        if kind == "module":
            yield from walk(docs, id, [*path, name], seen)
        elif kind == "use":
            yield from used(docs, inner, path, seen)
        elif kind in KINDS:
            yield "::".join([*path, name]), kind, str(id)


def used(docs, use, path, seen):
    target = docs["index"].get(str(use["id"]))
    if use["is_glob"]:
        if target and next(iter(target["inner"])) == "module":
            yield from walk(docs, use["id"], path, seen)
        else:
            yield "::".join([*path, "*"]), f"all of {use['source']}", None
        return
    place = "::".join([*path, use["name"]])
    if target is None:
        origin = docs["paths"].get(str(use["id"]))
        yield place, f"is {origin['path'][0] if origin else use['source']}'s", None
    elif next(iter(target["inner"])) == "module":
        yield from walk(docs, use["id"], [*path, use["name"]], seen)
    else:
        yield place, next(iter(target["inner"])), str(use["id"])


lines, troubles = [], []
for file in sorted(folder.glob("switchwire*.json")):
    docs = json.loads(file.read_text())
    package = docs["index"][str(docs["root"])]["name"]
    items = sorted(set(walk(docs, docs["root"], [package], set())))
    if not items:
        troubles.append(f"{package}: no items found; the format of rustdoc's JSON is {docs['format_version']}")
    places = {}
    for place, kind, id in items:
        lines.append(f"{place} {kind}")
        if id is not None:
            places.setdefault(id, []).append(place)
        if kind.startswith(("is switchwire", "all of switchwire")) and package != FACADE and place != KIT:
            troubles.append(f"{place} {kind}: only a facade shows items of our other packages")
    troubles += [f"one item in two places: {', '.join(twice)}" for twice in places.values() if len(twice) > 1]

page = "".join(f"{line}\n" for line in lines)
if write:
    PAGE.write_text(page)
elif page != PAGE.read_text():
    old = PAGE.read_text().splitlines()
    troubles.append("\n".join(difflib.unified_diff(old, lines, "listed", "shown", lineterm="", n=0)))
    troubles.append(f"{PAGE} is stale: when the change is meant, run scripts/check --write api")
for trouble in troubles:
    print(trouble, file=sys.stderr)
sys.exit(bool(troubles))
