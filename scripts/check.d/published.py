"""Copies what the packages that are published would hold to a workspace of their own, without what only their tests need.

Usage: published.py FOLDER [WITHOUT], in the root of the repository; WITHOUT is a package to leave out
"""
import json
import pathlib
import re
import subprocess
import sys

root = pathlib.Path.cwd()
target = pathlib.Path(sys.argv[1])
without = sys.argv[2] if len(sys.argv) > 2 else None
metadata = subprocess.check_output(["cargo", "metadata", "--no-deps", "--format-version", "1"])
packages = [package for package in json.loads(metadata)["packages"] if package["publish"] != [] and package["name"] != without]
folders = [pathlib.Path(package["manifest_path"]).parent.relative_to(root) for package in packages]
members = [str(folder) for folder in folders if folder != pathlib.Path()]
tests = re.compile(r"^\[(?:dev-dependencies[^\]]*|\[test\])\]\n(?:[^\[].*\n|\n)*", re.MULTILINE)

for package, folder in zip(packages, folders):
    listed = ["cargo", "package", "--list", "--allow-dirty", "--package", package["name"]]
    for name in subprocess.check_output(listed, text=True).splitlines():
        path, copy = root / folder / name, target / folder / name
        if path.is_file() and not name.startswith("tests/") and name != "Cargo.lock":
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    manifest = tests.sub("", (root / folder / "Cargo.toml").read_text())
    manifest = re.sub(r"^(default-)?members = \[[^\]]*\]\n", "", manifest, flags=re.MULTILINE)
    manifest = manifest.replace("[workspace]\n", f"[workspace]\nmembers = {members}\n")
    if without:
        manifest = re.sub(rf"^.*{re.escape(without)}\b.*\n", "", manifest, flags=re.MULTILINE)
    (target / folder / "Cargo.toml").write_text(manifest)
