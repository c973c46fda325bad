"""Makes a project of each program in the README: its Cargo.toml as the block before it says, but with this folder's switchwire.

Usage: projects.py README FOLDER PORT; prints the server and the folder of each
"""
import pathlib
import re
import sys

readme, folder, port = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
PROGRAM = re.compile(r"```toml\n(\[dependencies\]\n.*?)```\n+```rust[^\n]*\n(.*?)```", re.DOTALL)
VERSION = re.compile(r"(switchwire = \{ )version = \"[^\"]+\"")

programs = PROGRAM.findall(readme.read_text())
for dependencies, source in programs:
    server = re.search(r'switchwire = .*features = \["(\w+)"\]', dependencies)[1]
    project = folder / server
    (project / "src" / "bin").mkdir(parents=True)
    dependencies = VERSION.sub(rf'\1path = "{readme.resolve().parent}"', dependencies)
    package = f'[package]\nname = "my-{server}"\nversion = "0.1.0"\nedition = "2024"\n\n[workspace]\n\n'
    (project / "Cargo.toml").write_text(package + dependencies)
    (project / "src" / "main.rs").write_text(source.replace("9001", port))
    print(server, project)
