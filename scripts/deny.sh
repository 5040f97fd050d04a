#!/usr/bin/env bash
# Licences, sources and bans of all dependencies (deny.toml), and known advisories against them where they can be fetched.
#
# cargo-deny is taken from the machine, or built once into a folder that outlives the checkout. Where neither works, the
# check is skipped and says so: it needs the network, the build does not.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

version=0.20.2
tools=${XDG_CACHE_HOME:-$HOME/.cache}/harvestd/tools
export PATH="$PATH:$tools/bin"

say() { printf 'deny: %s\n' "$*" >&2; }

if ! command -v cargo-deny >/dev/null 2>&1; then
  say "building cargo-deny $version into $tools, once (some minutes)"
  log=$(mktemp)
  if ! cargo install "cargo-deny@$version" --locked --quiet --root "$tools" --target-dir "$tools/build" >"$log" 2>&1; then
    tail -3 "$log" >&2
    rm -f "$log"
    say "NOTICE: cargo-deny could not be built; licences, sources, bans and advisories were NOT CHECKED"
    exit 0
  fi
  rm -rf "$log" "$tools/build"
fi

cargo deny check bans licenses sources || exit 1
if ! cargo deny fetch db >/dev/null 2>&1; then
  say "NOTICE: the database of advisories could not be fetched; advisories were NOT CHECKED"
  exit 0
fi
cargo deny check advisories
