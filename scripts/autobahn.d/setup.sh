#!/bin/bash
# Installs the official Autobahn Testsuite (wstest, Python 2 only) privately under PREFIX.
#
#   setup.sh PREFIX        afterwards: PREFIX/bin/wstest --help
#
# Nothing outside PREFIX is changed. CPython 2.7 comes from Debian bullseye (by the mirror
# this machine already uses) and is unpacked, not installed; the Python packages come from PyPI through pip.
# Every file is pinned by version and SHA-256. Needs Debian 12 amd64 with apt-get, dpkg, gcc and a
# python3 that has pip. When PREFIX is current, nothing is done.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: $0 PREFIX" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
build=$prefix/build root=$prefix/root site=$prefix/site
started=$SECONDS
say() { echo "setup.sh: $*" >&2; }

exec 9>"$prefix/.lock"
flock 9
want=$(cat "$here/setup.sh" "$here/requirements.txt" "$here/launcher.py" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$prefix/.stamp" 2>/dev/null)" = "$want" ] && "$prefix/bin/wstest" -a >/dev/null 2>&1; then
  say "$prefix is current"
  exit 0
fi
rm -rf "${prefix:?}/.stamp" "${prefix:?}/bin" "${prefix:?}/lib" "$build" "$root" "$site"
mkdir -p "$prefix/bin" "$prefix/lib" "$build" "$root" "$site"

# --- 1. CPython 2.7 and the libraries its modules need, from bullseye, unpacked into $root --------
debs="
python2.7-minimal=2.7.18-8+deb11u1     44f0cdc1a343303d31c55fcb3a6402cfe326adf749ec30e375e6e0c0c5f7c1f7
libpython2.7-minimal=2.7.18-8+deb11u1  85833c92314011b89bbead6f9a5a7a360b5ee4f9b95e001225afead4ebf9f7d3
libpython2.7-stdlib=2.7.18-8+deb11u1   3e627d6d8992b853e000b8a4c09dda613fb767cdb711a2eac20ebc9f867b593c
libpython2.7-dev=2.7.18-8+deb11u1      887034beb360069df8b519ad93893454ef3402415775a0466940fb73d6a8b8ca
libssl1.1=1.1.1w-0+deb11u1             aadf8b4b197335645b230c2839b4517aa444fd2e8f434e5438c48a18857988f7
libffi7=3.3-6                          30ca89bfddae5fa6e0a2a044f22b6e50cd17c4bc6bc850c579819aeab7101f0f
"
mirror=$(awk '$1 == "URIs:" { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
[ -n "$mirror" ] || { say "no URIs: line in /etc/apt/sources.list.d/debian.sources"; exit 1; }
mkdir -p "$build/lists/partial" "$build/cache/archives/partial" "$build/debs"
echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bullseye main" > "$build/sources.list"
apt=(apt-get -q
  -o "Dir::Etc::SourceList=$build/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o "Dir::State::Lists=$build/lists" -o "Dir::Cache=$build/cache"
  -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
  -o Acquire::Retries=3 -o APT::Sandbox::User=root)
say "Python 2.7 from bullseye"
"${apt[@]}" update > "$build/apt.log" 2>&1 || { cat "$build/apt.log" >&2; exit 1; }
mapfile -t packages < <(awk 'NF { print $1 }' <<< "$debs")
(cd "$build/debs" && "${apt[@]}" download "${packages[@]}") >> "$build/apt.log" 2>&1 || { cat "$build/apt.log" >&2; exit 1; }
for deb in "$build"/debs/*.deb; do
  sum=$(sha256sum "$deb" | cut -d' ' -f1)
  grep -q "$sum" <<< "$debs" || { say "$deb has an unexpected SHA-256"; exit 1; }
  dpkg -x "$deb" "$root"
done
python2=$root/usr/bin/python2.7
libs=$root/usr/lib/x86_64-linux-gnu

# --- 2. pip 20.3.4 (the last for Python 2) and what the setup.py scripts import --------------------
say "pip for Python 2.7"
cat > "$build/boot.txt" <<'REQ'
pip==20.3.4 --hash=sha256:217ae5161a0e08c0fb873858806e3478c9775caffce5168b50ec885e358c199d
setuptools==44.0.0 --hash=sha256:180081a244d0888b0065e18206950d603f6550721bd6f8c0a10221ed467dd78e
wheel==0.37.1 --hash=sha256:4bdcd7d840138086126cd09254dc6195fb4fc6f01c050a1d7236f2630db1d22a
REQ
env -u PIP_FIND_LINKS python3 -m pip download -q --disable-pip-version-check --no-deps --require-hashes \
  --only-binary=:all: --python-version 2.7 --implementation py --abi none --platform any \
  -d "$build/wheels" -r "$build/boot.txt"
mkdir -p "$build/boot"
for wheel in "$build"/wheels/*.whl; do python3 -m zipfile -e "$wheel" "$build/boot"; done

# --- 3. the testsuite ------------------------------------------------------------------------------
# --no-build-isolation: setup_requires would otherwise fetch the newest versions, which are Python 3.
say "autobahntestsuite from PyPI (compiles wsaccel)"
env -u PYTHONDONTWRITEBYTECODE -u PYTHONHOME -u PIP_FIND_LINKS -u LDFLAGS \
  PYTHONPATH="$build/boot" LD_LIBRARY_PATH="$libs" \
  PIP_CERT="${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" \
  CFLAGS="-O2 -w -I$root/usr/include/python2.7 -I$root/usr/include" \
  "$python2" -m pip install --disable-pip-version-check --no-cache-dir --no-input --retries 5 \
  --no-deps --require-hashes --no-build-isolation \
  --target "$site" -r "$here/requirements.txt" > "$build/pip.log" 2>&1 || { tail -40 "$build/pip.log" >&2; exit 1; }

# --- 4. the launcher -------------------------------------------------------------------------------
cp "$here/launcher.py" "$prefix/lib/launcher.py"
cat > "$prefix/bin/wstest" <<'SH'
#!/bin/sh
here=$(dirname "$(dirname "$(readlink -f "$0")")")
export LD_LIBRARY_PATH="$here/root/usr/lib/x86_64-linux-gnu"
unset PYTHONHOME PYTHONPATH
exec "$here/root/usr/bin/python2.7" -u "$here/lib/launcher.py" "$@"
SH
chmod +x "$prefix/bin/wstest"
started_text=$("$prefix/bin/wstest" -a 2>&1) || true
[ "$started_text" = "$(printf 'Autobahn 0.10.9\nAutobahnTestSuite 25.10.1')" ] || { say "wstest does not start: $started_text"; exit 1; }
rm -rf "$build" "${root:?}/usr/include" "${root:?}/usr/share" "${root:?}"/usr/lib/python2.7/config-*
echo "$want" > "$prefix/.stamp"
say "done in $((SECONDS - started)) s: $prefix/bin/wstest"
