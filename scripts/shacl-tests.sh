#!/usr/bin/env bash
# Fetches W3C's tests of SHACL Core for vocab/tests/shacl_core.rs. Others' files: they stay outside of the checkout.
#
# They come with the sources of pyshacl, a validator in Python, which is only downloaded and unpacked. Needs pip.
set -euo pipefail

version=0.40.1
to=${XDG_CACHE_HOME:-$HOME/.cache}/harvestd-peers/shacl-core

say() { printf 'shacl-tests: %s\n' "$*" >&2; }

[ ! -f "$to/manifest.ttl" ] || { say "already in $to"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! pip download --quiet --no-binary :all: --no-deps --dest "$folder" "pyshacl==$version" >"$folder/log" 2>&1; then
  tail -3 "$folder/log" >&2
  say "pip could not fetch the sources of pyshacl $version"
  exit 1
fi
tar -xzf "$folder/pyshacl-$version.tar.gz" -C "$folder"
from=$folder/pyshacl-$version/test/resources/sht_tests/core
[ -f "$from/manifest.ttl" ] || { say "found no tests in pyshacl $version, expected $from"; exit 1; }
mkdir -p "$to"
cp -R "$from/." "$to/"
say "$(find "$to" -name '*.ttl' | wc -l | tr -d ' ') files in $to"
