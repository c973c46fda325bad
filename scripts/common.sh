# shellcheck shell=bash
# Sourced by the scripts beside it: where things are, which servers there are,
# and an example run as a server that ends with the script.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
work=$(mktemp -d)
server_pid=

# The comment at the head of the script is its --help.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

fail() { echo "${0##*/}: $*" >&2; exit 1; }

# Exit status 2: called wrongly.
misused() { echo "${0##*/}: $*" >&2; usage >&2; exit 2; }

# Sets `servers` from --server NAME..., all that have a backend when there is none.
# Other options go to `option NAME VALUE`, which says how many words it took.
servers=()
parse_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      --server) [ $# -gt 1 ] || misused "--server needs a name"; servers+=("$2"); shift 2 ;;
      *) taken=0; option "$@"; [ "$taken" -gt 0 ] || misused "unknown option $1"; shift "$taken" ;;
    esac
  done
  [ ${#servers[@]} -gt 0 ] || mapfile -t servers < <(known_servers)
}

# As parse_options, for scripts that test our clients too: sets `clients` from --client NAME..., the engines. Naming only one
# kind leaves the other out.
clients=()
parse_both() {
  local named=" $* "
  parse_options "$@"
  [ ${#clients[@]} -gt 0 ] || clients=(tokio hyper)
  case $named in
    *' --server '*' --client '* | *' --client '*' --server '*) ;;
    *' --server '*) clients=() ;;
    *' --client '*) servers=() ;;
  esac
}

# For `option`: takes --client NAME.
client_option() {
  [ "$1" != --client ] || { [ $# -gt 1 ] || misused "--client needs a name"; clients+=("$2") taken=2; }
}

known_servers() { known_backends | grep -vx tower; }

known_backends() {
  local folder
  for folder in "$root"/backend-*/; do
    folder=${folder%/}
    echo "${folder##*/backend-}"
  done
}

# The workspace as a whole, so that nothing is built twice for other sets of features.
build_example() { (cd "$root" && cargo build --quiet --workspace --all-features --bin "$1"); }

# build_client_example NAME: a program of the client's own, at target/debug/examples/NAME
build_client_example() { (cd "$root" && cargo build --quiet --workspace --all-features --example "$1"); }

# start_server COMMAND...: sets `url` to the ws:// address that COMMAND prints on its first line, without a path behind the /.
start_server() {
  local line=
  mkfifo "$work/stdout"
  "$@" > "$work/stdout" &
  server_pid=$!
  exec 8< "$work/stdout"
  rm "$work/stdout"
  read -r -t 30 line <&8 || true
  # shellcheck disable=SC2034 # read by the scripts
  url=$(grep -oE 'wss?://[^/ ]*/?' <<< "$line") || fail "no ws:// address on the first line of: $*"
}

stop_server() {
  [ -n "$server_pid" ] || return 0
  kill "$server_pid" 2>/dev/null || true
  wait "$server_pid" 2>/dev/null || true
  server_pid=
  exec 8<&-
}

# installed FOLDER COMMAND...: prints the path of FOLDER under the target directory, made once by
# COMMAND... PATH. Its name carries the version, so a new pin is a new folder.
installed() {
  local folder=$target/scripts/$1
  shift
  if [ ! -d "$folder" ]; then
    mkdir -p "${folder%/*}"
    "$@" "$work/install" > "$work/install.log" 2>&1 || { cat "$work/install.log" >&2; fail "cannot install ${folder##*/}"; }
    mv "$work/install" "$folder"
  fi
  echo "$folder"
}

pip_install() { python3 -m pip install --quiet --disable-pip-version-check --target "$2" "$1"; }

npm_install() {
  local folder=${!#}
  mkdir -p "$folder" && npm install --silent --no-save --prefix "$folder" "${@:1:$#-1}"
}

# Not optimised: it runs for a second, and compiles for a minute.
cargo_install() {
  local folder=${!#}
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
    cargo install --quiet --locked --root "$folder" --target-dir "$work/cargo-install" "${@:1:$#-1}"
}

apt_install() {
  local apt=(apt-get)
  [ "$(id -u)" -eq 0 ] || apt=(sudo apt-get)
  {
    "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends "$@"
  } > "$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; fail "cannot install $*"; }
}

finish() {
  stop_server
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
