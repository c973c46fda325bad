"""Checks whose types a package shows in its public API: those that its Cargo.toml allows, and no others.

Usage: api.py PACKAGE ALLOWED RUSTDOC_JSON, with ALLOWED a JSON list of crate::* as cargo-check-external-types has it
"""
import json
import sys

package, allowed, path = sys.argv[1:]
allowed = {name.removesuffix("::*") for name in json.loads(allowed)} | {"core", "alloc", "std"}
with open(path) as file:
    docs = json.load(file)


def shown(value):
    """The ids of all types and traits in a part of the API."""
    if isinstance(value, dict):
        if "id" in value and "args" in value:
            yield str(value["id"])
        for name, part in value.items():
            if name not in ("links", "docs", "attrs"):
                yield from shown(part)
    elif isinstance(value, list):
        for part in value:
            yield from shown(part)


found = {}
for item in docs["index"].values():
    implementation = item["inner"].get("impl", {})
    if implementation.get("blanket_impl") or implementation.get("is_synthetic"):
        continue
    for id in shown(item["inner"]):
        path = docs["paths"].get(id)
        if path and path["crate_id"] != 0:
            crate = docs["external_crates"][str(path["crate_id"])]["name"]
            found.setdefault(crate, set()).add(f"{'::'.join(path['path'])} in {item['name'] or 'an impl'}")

if not found:
    sys.exit(f"{package}: no types found at all; the format of rustdoc's JSON is {docs['format_version']}")
foreign = sorted(found.keys() - allowed)
for crate in foreign:
    print(f"{package} shows {', '.join(sorted(found[crate]))}", file=sys.stderr)
unused = sorted(allowed - found.keys() - {"core", "alloc", "std"})
for crate in unused:
    print(f"{package} may show types of {crate} and does not", file=sys.stderr)
sys.exit(1 if foreign or unused else 0)
